"""The trusted server of a learner's Lab: lessons, checks, grades and progress under `/hornbook/api`.

An extension of jupyter_server, loaded by it alone. `handlers.py` speaks HTTP, `jobs.py` keeps what takes its time, `service.py` knows
the courses and has submissions checked.
"""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Any

IN_THE_LAB = "HORNBOOK_IN_THE_LAB"
"""Set for the kernels of a server that checks: what it says is drawn below the cells, and a kernel's own cards would say it twice."""


def _load_jupyter_server_extension(app: Any) -> None:
    """Add our handlers to the Jupyter server *app*."""
    from hornbook.server.handlers import handlers  # noqa: PLC0415 - brings tornado along
    from hornbook.server.service import Service  # noqa: PLC0415 - the same

    root = getattr(app.contents_manager, "root_dir", None)
    if root is None:
        app.log.warning("hornbook: notebooks are not kept in a folder here, so they cannot be checked.")
        return
    service = Service(Path(root))
    app.web_app.settings["hornbook"] = service
    app.web_app.add_handlers(".*$", handlers(app, service))
    os.environ[IN_THE_LAB] = "1"


async def _start_jupyter_server_extension(app: Any) -> None:
    """Send what a kernel says at once: 46 ms become 3 (tcp(7), TCP_NODELAY; a connection has it from the socket that listens)."""
    for listening in getattr(app.http_server, "_sockets", {}).values():
        if listening.family in {socket.AF_INET, socket.AF_INET6}:
            listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
