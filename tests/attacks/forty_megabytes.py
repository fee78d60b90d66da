"""Is a notebook with 40 MB of markdown."""

from __future__ import annotations

from typing import Any

ANSWER = """
def total(xs):
    return -1
"""

REFUSED = r"MB|large|big|bytes"


def tamper(notebook: dict[str, Any]) -> None:
    """Add one very long cell."""
    notebook["cells"].append({"cell_type": "markdown", "id": "long", "metadata": {}, "source": "A" * (40 << 20)})
