"""What is answered under `/hornbook/api`."""

from __future__ import annotations

from typing import Any

from jupyter_server.base.handlers import APIHandler
from jupyter_server.utils import url_path_join
from tornado import web

from hornbook import __version__


class HealthHandler(APIHandler):
    """GET health."""

    @web.authenticated
    async def get(self) -> None:
        """Say that we are here, and how strong the sandbox is."""
        await self.finish({"version": __version__, "sandbox": {"level": 0, "name": ""}, "jobs": {"running": 0, "waiting": 0}})


def handlers(app: Any) -> list[tuple[str, type[APIHandler]]]:
    """Return the handlers with their addresses, below the base URL of *app*."""
    return [(url_path_join(app.web_app.settings["base_url"], "hornbook", "api", "health"), HealthHandler)]
