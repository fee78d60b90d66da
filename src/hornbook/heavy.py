"""Heavy packages, imported without a part that they never use here."""

from __future__ import annotations

import importlib
import sys
from types import ModuleType

GRAMMARS = "rfc3987_syntax"
"""What jsonschema checks IRIs with, where somebody asks it to. Its import compiles some 35 grammars: two seconds of processor time."""


def imported(name: str) -> ModuleType:
    """Return the module *name* of nbformat, or of a package that stands on it, imported without the grammars of jsonschema.

    nbformat, nbclient, papermill and nbconvert import jsonschema, and none of them asks it about IRIs. With that one package declared
    absent jsonschema does without it, as it does where the package is not installed.
    """
    if name in sys.modules or GRAMMARS in sys.modules:
        return importlib.import_module(name)
    sys.modules[GRAMMARS] = None  # type: ignore[assignment]
    try:
        return importlib.import_module(name)
    finally:
        del sys.modules[GRAMMARS]
