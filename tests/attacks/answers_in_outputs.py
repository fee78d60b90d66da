"""Brings stored outputs that say that everything has passed."""

from __future__ import annotations

from typing import Any

ANSWER = """
def total(xs):
    return -1
"""


def tamper(notebook: dict[str, Any]) -> None:
    """Write the outputs that a right answer would have had."""
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            cell["execution_count"] = 1
            cell["outputs"] = [{"output_type": "execute_result", "data": {"text/plain": "14"}, "metadata": {}, "execution_count": 1}]
