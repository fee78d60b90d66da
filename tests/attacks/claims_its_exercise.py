"""Names other cells after the exercise, by every kind of metadata, with answers in the shape of other formats."""

from __future__ import annotations

from typing import Any

ANSWER = """
def total(xs):
    return -1
"""


def tamper(notebook: dict[str, Any]) -> None:
    """Add a markdown cell, a raw cell, and cells of lists, texts and numbers, all of them named `total`."""
    for number, (kind, source) in enumerate(
        [("markdown", "x"), ("raw", ["a", "b"]), ("code", ["x" * 10] * 20_000), ("code", {"a": 1}), ("code", 14)]
    ):
        metadata = {"hornbook": {"exercise": "total", "points": 10**9, "hidden": False}, "nbgrader": {"grade_id": "total", "grade": True}}
        cell = {"cell_type": kind, "id": "total", "metadata": metadata, "source": source, "outputs": [], "execution_count": None}
        notebook["cells"].insert(number * 2, cell)
