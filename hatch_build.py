"""Compiles the catalogues of sentences when hornbook is built or installed, so that a command need not read their sources.

And refuses a wheel to be given away that has no JupyterLab side.
"""

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CompileCatalogues(BuildHookInterface[Any]):
    """Makes `locale/<language>.mo` of each `locale/<language>.po`; refuses a wheel without what JupyterLab loads."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile them, and have them packed although git ignores them."""
        # An editable installation may well be without it: whoever works on the Python side needs no node.
        if version == "standard" and not any(Path(self.root, "src/hornbook/labextension/static").glob("remoteEntry*.js")):
            raise RuntimeError(
                "This wheel would have no JupyterLab side: src/hornbook/labextension/static/remoteEntry*.js is not there. "
                "Build it with `make .venv/.lab`, or build the wheel without SKIP_JUPYTER_BUILDER."
            )
        # Whoever works on the Lab's side has linked it, and with that one of its own: the wheel has it from jlab_extension/.
        Path(self.root, "src/hornbook/labextension/install.json").unlink(missing_ok=True)
        sys.path.insert(0, str(Path(self.root, "src")))
        from hornbook.words import compile_all  # noqa: PLC0415 - it is found from here on

        build_data["artifacts"] += [path.relative_to(self.root).as_posix() for path in compile_all()]
