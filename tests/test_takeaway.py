"""`hornbook.server.takeaway`: all of a learner's work in one file, and nothing else."""

from __future__ import annotations

import io
import os
import zipfile
from typing import TYPE_CHECKING

import pytest

from hornbook.errors import HornbookError
from hornbook.server import takeaway
from hornbook.server.takeaway import FLEETING, fleeting, pack

if TYPE_CHECKING:
    from pathlib import Path


def packed(root: Path) -> dict[str, bytes]:
    """Return the files of the zip by name."""
    file = io.BytesIO()
    pack(root, ("my-work", "portfolio"), file)
    with zipfile.ZipFile(file) as found:
        assert found.testzip() is None
        return {name: found.read(name) for name in found.namelist()}


def test_all_work_is_packed_and_nothing_else(tmp_path: Path) -> None:
    """Copies and portfolio with their folders; neither what is hidden, nor what lies elsewhere."""
    wanted = ("my-work/data.csv", "my-work/c/ä b.ipynb", "portfolio/a-1/index.html")
    for name in (*wanted, "my-work/.ipynb_checkpoints/x.ipynb", "other.ipynb"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(name.encode())
    (tmp_path / "my-work/.hidden").write_bytes(b"")

    assert packed(tmp_path) == {name: name.encode() for name in wanted}


def test_what_is_gone_since_it_was_listed_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A notebook that is deleted at that moment costs nobody the rest."""
    (tmp_path / "my-work").mkdir()
    (tmp_path / "my-work/b").write_bytes(b"x")
    monkeypatch.setattr(takeaway, "_files", lambda folders: iter([folders[0] / "a", folders[0] / "b"]))

    assert packed(tmp_path) == {"my-work/b": b"x"}


def test_without_work_there_is_an_empty_zip(tmp_path: Path) -> None:
    """Who has not begun gets a file that can be opened."""
    assert packed(tmp_path) == {}


def test_no_link_is_followed(tmp_path: Path) -> None:
    """What somebody has linked to, a file, a folder or the whole, stays where it is; what is no file is passed over."""
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret/key").write_bytes(b"key")
    (tmp_path / "my-work").mkdir()
    (tmp_path / "my-work/file").symlink_to(tmp_path / "secret/key")
    (tmp_path / "my-work/folder").symlink_to(tmp_path / "secret")
    (tmp_path / "portfolio").symlink_to(tmp_path / "secret")
    os.mkfifo(tmp_path / "my-work/pipe")

    assert packed(tmp_path) == {}


def test_too_much_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A limit is said with a way out, and holds for all files together."""
    monkeypatch.setattr(takeaway, "MOST_BYTES", 2 << 20)
    (tmp_path / "my-work").mkdir()
    for name in "abc":
        (tmp_path / "my-work" / name).write_bytes(bytes(1 << 20))

    with pytest.raises(HornbookError, match=r"more than 2 MiB\. Download it in parts"):
        packed(tmp_path)
    (tmp_path / "my-work/c").unlink()
    assert list(packed(tmp_path)) == ["my-work/a", "my-work/b"]


@pytest.mark.parametrize("name", FLEETING)
def test_a_place_that_keeps_nothing_is_known(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Binder says so, and whoever runs such a place can."""
    for one in FLEETING:
        monkeypatch.delenv(one, raising=False)
    assert not fleeting()
    monkeypatch.setenv(name, "1")
    assert fleeting()
