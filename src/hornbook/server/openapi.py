"""The description of `/hornbook/api` in OpenAPI 3.1."""

from __future__ import annotations

from typing import Any


def description(base_url: str) -> dict[str, Any]:
    """Return it, for a server whose addresses begin with *base_url*."""
    return {"openapi": "3.1.0", "info": {"title": "hornbook", "version": "1"}, "servers": [{"url": f"{base_url}hornbook/api"}], "paths": {}}
