"""Heavy packages, imported without a part that they never use here."""

from __future__ import annotations

import importlib
import sys
from types import ModuleType

GRAMMARS = "rfc3987_syntax"
"""What jsonschema checks IRIs with, where somebody asks it to. Its import compiles some 35 grammars: two seconds of processor time."""


def imported(name: str) -> ModuleType:
    """Return the module *name* of a package that stands on jsonschema, imported without its grammars.

    nbformat does, with it nbclient, papermill, nbconvert and nbgrader, and so does Chroma; none of them asks about IRIs. With that one
    package declared absent jsonschema does without it, as it does where the package is not installed.
    """
    if name in sys.modules or GRAMMARS in sys.modules:
        return importlib.import_module(name)
    sys.modules[GRAMMARS] = None  # type: ignore[assignment]
    try:
        return importlib.import_module(name)
    finally:
        del sys.modules[GRAMMARS]
