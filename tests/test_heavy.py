"""`hornbook.heavy`: packages are imported without what they never use, and nobody else misses it."""

from __future__ import annotations

import subprocess
import sys

import pytest

NAMES = (
    "nbformat", "nbclient", "papermill.parameterize", "papermill.translators", "nbconvert.filters.markdown_mistune", "nbgrader.api",
    "chromadb",
)  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_the_grammars_are_left_out(name: str) -> None:
    """The module comes without them, and whoever wants them afterwards can have them."""
    program = f"""
import sys
from hornbook.heavy import GRAMMARS, imported
assert imported({name!r}) is sys.modules[{name!r}] is imported({name!r})
assert "jsonschema" in sys.modules
assert GRAMMARS not in sys.modules
assert "lark" not in sys.modules
from rfc3987_syntax import is_valid_syntax
assert is_valid_syntax("iri", "https://example.org/")
"""
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)  # noqa: S603 - our own program

    assert ended.returncode == 0, ended.stderr


def test_where_they_are_there_already_they_stay() -> None:
    """Somebody else in this process, such as Jupyter's server, has imported them and uses them."""
    program = """
import sys
import rfc3987_syntax
from hornbook.heavy import GRAMMARS, imported
imported("nbformat")
assert sys.modules[GRAMMARS] is rfc3987_syntax
"""
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)  # noqa: S603 - our own program

    assert ended.returncode == 0, ended.stderr


def test_a_module_that_is_not_there_is_an_import_error() -> None:
    """And leaves nothing behind that would declare the grammars absent."""
    program = """
import sys
from hornbook.heavy import GRAMMARS, imported
try:
    imported("nbformat_of_nobody")
except ImportError:
    sys.exit(GRAMMARS in sys.modules)
"""
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)  # noqa: S603 - our own program

    assert ended.returncode == 0, ended.stderr
