"""Adds an earlier copy of each exercise cell, of the same id and name, that answers nothing."""

from __future__ import annotations

from typing import Any

ANSWER = """
def total(xs):
    return -1
"""


def tamper(notebook: dict[str, Any]) -> None:
    """Put a copy before each cell that is an exercise."""
    for place in reversed(range(len(notebook["cells"]))):
        cell = notebook["cells"][place]
        if "nbgrader" in cell["metadata"]:
            notebook["cells"].insert(place, {**cell, "source": "pass"})
