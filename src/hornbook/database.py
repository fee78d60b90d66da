"""Databases as the record and the catalog open them: SQLite in a file of its own, or another behind its URL."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from hornbook.errors import HornbookError, printable

if TYPE_CHECKING:
    from sqlalchemy import Engine

BUSY_SECONDS: Final = 10.0
"""How long a second process that writes is waited for."""


def connected(where: Path | str, what: str, pragmas: Sequence[str] = ()) -> tuple[Engine, str]:
    """Return the engine of the database in the file at, or behind the URL *where*, and what to call it; *what* it is for is said in errors.

    SQLite lets others read while one writes, loses nothing that was acknowledged, and heeds *pragmas*, too. Raises HornbookError
    where no file can be made, or nobody here speaks to such a database.
    """
    from sqlalchemy import create_engine, event  # noqa: PLC0415 - slow to import, and not for everybody
    from sqlalchemy.exc import ArgumentError, NoSuchModuleError  # noqa: PLC0415

    if isinstance(where, Path):
        name, url = printable(where), f"sqlite:///{where}"
        try:
            where.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise HornbookError(f"{name}: the {what} cannot be kept there: {error.strerror}.") from error
    else:
        # What stands before it may be a password.
        name, url = printable(where.rpartition("@")[2]), where
    options = {"connect_args": {"timeout": BUSY_SECONDS}} if url.startswith("sqlite") else {}
    try:
        engine = create_engine(url, **options)
    except (ArgumentError, NoSuchModuleError, ImportError) as error:
        raise HornbookError(f"{name}: is no database that can be spoken to: {printable(str(error))}.") from error
    if engine.dialect.name == "sqlite":

        def prepare(connection: Any, _record: object) -> None:
            _prepare(connection, ("synchronous=FULL", *pragmas))

        event.listen(engine, "connect", prepare)
    return engine, name


def _prepare(connection: Any, pragmas: Sequence[str]) -> None:
    """Let others read while one writes (https://sqlite.org/wal.html), and set *pragmas*."""
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            break
        except sqlite3.OperationalError as error:
            # Of several that open a new one at the same time, SQLite refuses the switch to all but one, and does not wait for it.
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.005)
    for pragma in pragmas:
        connection.execute(f"PRAGMA {pragma}")
