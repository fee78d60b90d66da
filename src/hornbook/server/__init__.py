"""The trusted server of a learner's Lab: lessons, checks, grades and progress under `/hornbook/api`.

An extension of jupyter_server, loaded by it alone. `handlers.py` speaks HTTP, `jobs.py` keeps what takes its time, `service.py` knows
the courses and has submissions checked.
"""

from __future__ import annotations

from typing import Any


def _load_jupyter_server_extension(app: Any) -> None:
    """Add our handlers to the Jupyter server *app*."""
    from hornbook.server.handlers import handlers  # noqa: PLC0415 - brings tornado along

    app.web_app.add_handlers(".*$", handlers(app))
