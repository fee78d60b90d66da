"""`hornbook.files`: what somebody has already is never replaced."""

from __future__ import annotations

import stat
import threading
from pathlib import Path

import pytest

from hornbook.errors import HornbookError
from hornbook.files import write_beside, write_secret


def test_a_file_is_written_once(tmp_path: Path) -> None:
    """With the folders above it; what says just so stays, and is no error."""
    path = tmp_path / "a" / "b.yml"

    assert write_beside(path, "ü\n", "Add it.") == path
    assert write_beside(path, "ü\n", "Add it.").read_bytes() == "ü\n".encode()


@pytest.mark.parametrize("there", ["file", "folder", "link"])
def test_what_is_there_already_is_left_alone(tmp_path: Path, there: str) -> None:
    """A file that says something else, a folder, a link that leads nowhere: the sentence says what to do instead."""
    path = tmp_path / "b.yml"
    if there == "file":
        path.write_text("mine", "utf-8")
    elif there == "folder":
        path.mkdir()
    else:
        path.symlink_to("nowhere")

    with pytest.raises(HornbookError, match=r"b\.yml: is there already, and says something else\. Add it\."):
        write_beside(path, "ours", "Add it.")
    assert (path.is_dir(), path.is_symlink(), path.is_file() and path.read_text("utf-8")) == (
        there == "folder", there == "link", "mine" if there == "file" else False,
    )  # fmt: skip


def test_where_nothing_can_be_written_that_is_said(tmp_path: Path) -> None:
    """Where a file stands for the folder, and with the machine's own reason."""
    (tmp_path / "file").write_text("", "utf-8")

    with pytest.raises(HornbookError, match=r"b.yml: cannot be written \(its folder is a file\)"):
        write_beside(tmp_path / "file" / "b.yml", "ours", "Add it.")
    with pytest.raises(HornbookError, match=r"b.yml: cannot be written \(Not a directory\)"):
        write_beside(tmp_path / "file" / "a" / "b.yml", "ours", "Add it.")


def test_a_secret_is_its_owners_and_the_first_one_stays(tmp_path: Path) -> None:
    """Nobody else may read it, who comes second changes nothing, and nothing unfinished is left."""
    path = tmp_path / "a.key"
    write_secret(path, "first")
    write_secret(path, "second")

    assert path.read_text("ascii") == "first"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_of_many_secrets_at_a_time_one_is_written_whole(tmp_path: Path) -> None:
    """Whoever writes at the same moment, the file is one of theirs, and all of it."""
    path, texts = tmp_path / "a.key", [letter * 10_000 for letter in "abcdefgh"]
    writing = [threading.Thread(target=write_secret, args=(path, text)) for text in texts]
    for one in writing:
        one.start()
    for one in writing:
        one.join()

    assert path.read_text("ascii") in texts
    assert list(tmp_path.iterdir()) == [path]
