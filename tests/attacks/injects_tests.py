"""Brings tests of its own in the metadata, as text that a grader might execute."""

from __future__ import annotations

from typing import Any

ANSWER = """
def total(xs):
    return -1
"""


def tamper(notebook: dict[str, Any]) -> None:
    """Put code where other graders look for the names of tests."""
    code = "q1\") if False else None\nopen('@MARK@/injected.txt', 'w')\n#"
    for cell in notebook["cells"]:
        cell["metadata"]["otter"] = {"tests": [code]}
        cell["metadata"].setdefault("hornbook", {})["checks"] = code
