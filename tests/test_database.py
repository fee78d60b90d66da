"""`hornbook.database`: a database is opened so that nothing is lost, and what cannot be opened is said in one sentence."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import text

from hornbook.database import connected
from hornbook.errors import HornbookError


def test_a_file_is_made_whole_and_for_its_owner(tmp_path: Path) -> None:
    """SQLite writes ahead and waits for the disk, and heeds what else was asked for; the folder is nobody else's."""
    engine, name = connected(tmp_path / "new" / "x.sqlite", "record", ("secure_delete=ON",))
    with engine.connect() as connection:
        said = {
            pragma: connection.execute(text(f"PRAGMA {pragma}")).scalar() for pragma in ("journal_mode", "synchronous", "secure_delete")
        }
    engine.dispose()

    assert said == {"journal_mode": "wal", "synchronous": 2, "secure_delete": 1}
    assert name == str(tmp_path / "new" / "x.sqlite")
    assert (tmp_path / "new").stat().st_mode & 0o077 == 0


def test_several_open_a_new_one_at_once(tmp_path: Path) -> None:
    """SQLite lets one of them switch to writing ahead, and the others wait for it."""

    def opened(_number: int) -> str:
        engine, _ = connected(tmp_path / "x.sqlite", "record")
        with engine.connect() as connection:
            mode = connection.execute(text("PRAGMA journal_mode")).scalar_one()
        engine.dispose()
        return str(mode)

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(opened, range(16))) == {"wal"}


@pytest.mark.parametrize("where", ["nonsense", "oracle9://x", "sqlite+nothing:///x"])
def test_what_nobody_speaks_to_is_said(where: str) -> None:
    """Without the part of the address that may be a password."""
    with pytest.raises(HornbookError, match="is no database that can be spoken to"):
        connected(where, "record")
    with pytest.raises(HornbookError) as caught:
        connected("nothing://ada:secret@host/x", "record")
    assert "secret" not in str(caught.value)


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    """With what was to be kept there."""
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(HornbookError, match="the catalog cannot be kept there"):
        connected(tmp_path / "file" / "x.sqlite", "catalog")
