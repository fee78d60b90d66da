"""Brings modules and configuration beside the notebook, named like what the grader imports."""

from __future__ import annotations

from typing import Any

ANSWER = """
def total(xs):
    return -1
"""

CODE = "open('@MARK@/imported.txt', 'w').write('x')"
BESIDE = dict.fromkeys(("numpy.py", "pytest.py", "conftest.py", "hornbook.py", "sitecustomize.py", "test_totals.py"), CODE)


def tamper(notebook: dict[str, Any]) -> None:
    """Leave the notebook as it is: the files beside it are the attack."""
