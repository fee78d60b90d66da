"""Is a notebook whose cells are texts."""

from __future__ import annotations

from typing import Any

ANSWER = """
def total(xs):
    return -1
"""

REFUSED = r"cells are no cells"


def tamper(notebook: dict[str, Any]) -> None:
    """Keep the sources only."""
    notebook["cells"] = [cell["source"] for cell in notebook["cells"]]
