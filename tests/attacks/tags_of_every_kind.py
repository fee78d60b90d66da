"""Gives every cell every tag that some tool obeys, and adds cells that parameters would be put into."""

from __future__ import annotations

from typing import Any

ANSWER = """
def total(xs):
    return -1
"""
TAGS = [
    "skip-execution",
    "raises-exception",
    "parameters",
    "injected-parameters",
    "hide-cell",
    "remove-input",
    "show",
    "nbval-skip",
    "solution",
    "hidden",
    "given",
]


def tamper(notebook: dict[str, Any]) -> None:
    """Tag all, and add a cell before and behind that replaces the answer, in the name of papermill."""
    for cell in notebook["cells"]:
        cell["metadata"]["tags"] = list(TAGS)
    code = "total = type('T', (), {'__call__': lambda self, xs: self, '__eq__': lambda self, other: True})()"
    for place, name in ((0, "first"), (len(notebook["cells"]) + 1, "last")):
        cell = {"cell_type": "code", "id": name, "metadata": {"tags": list(TAGS)}, "source": code, "outputs": [], "execution_count": None}
        notebook["cells"].insert(place, cell)
