"""Gives itself a thousand points in the metadata, and unlocks every cell."""

from __future__ import annotations

from typing import Any

ANSWER = """
def total(xs):
    return {(1, 2, 3): 14}.get(tuple(xs), -1)
"""

EARNS = 5.0  # what is shown can be copied


def tamper(notebook: dict[str, Any]) -> None:
    """Write points wherever points could stand."""
    notebook["metadata"]["hornbook"]["points"] = 1000
    for cell in notebook["cells"]:
        cell["metadata"].setdefault("hornbook", {})["points"] = 1000
        cell["metadata"]["nbgrader"] = {**cell["metadata"].get("nbgrader", {}), "points": 1000, "grade": True, "locked": False}
