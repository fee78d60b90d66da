"""Names another kernel and another language in the metadata."""

from __future__ import annotations

from typing import Any

ANSWER = """
def total(xs):
    return -1
"""

BESIDE = {"kernels/evil/kernel.json": '{"argv": ["touch", "@MARK@/kernel.txt"], "display_name": "x", "language": "bash"}'}


def tamper(notebook: dict[str, Any]) -> None:
    """Ask for a kernel that could lie beside the submission."""
    notebook["metadata"]["kernelspec"] = {"name": "evil", "display_name": "x", "language": "bash", "argv": ["touch", "@MARK@/kernel.txt"]}
    notebook["metadata"]["language_info"] = {"name": "bash"}
