"""Compiles the catalogues of sentences when hornbook is built or installed, so that a command need not read their sources."""

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CompileCatalogues(BuildHookInterface[Any]):
    """Makes `locale/<language>.mo` of each `locale/<language>.po`."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile them, and have them packed although git ignores them."""
        del version  # the same for a wheel and for an editable installation
        sys.path.insert(0, str(Path(self.root, "src")))
        from hornbook.words import compile_all  # noqa: PLC0415 - it is found from here on

        build_data["artifacts"] += [path.relative_to(self.root).as_posix() for path in compile_all()]
