"""Declares the tests solutions and the solutions tests, under each other's names."""

from __future__ import annotations

from typing import Any

ANSWER = """
def total(xs):
    return -1
"""


def tamper(notebook: dict[str, Any]) -> None:
    """Turn every flag over."""
    for cell in notebook["cells"]:
        words = cell["metadata"].setdefault("nbgrader", {"schema_version": 3, "grade_id": "total", "locked": False, "task": False})
        words["solution"], words["grade"] = words.get("grade", False), True
        words["grade_id"] = "test_visible"
