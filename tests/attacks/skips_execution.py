"""Tags every cell so that nbclient would skip it, or forgive its errors."""

from __future__ import annotations

from typing import Any

ANSWER = """
def total(xs):
    return -1
"""


def tamper(notebook: dict[str, Any]) -> None:
    """Add the tags that nbclient obeys."""
    for cell in notebook["cells"]:
        cell["metadata"]["tags"] = ["skip-execution", "raises-exception", "parameters"]
