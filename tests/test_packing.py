"""How a release comes to its place: whole or not at all, and never instead of what is somebody else's."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from hornbook.course import Course
from hornbook.errors import HornbookError
from hornbook.release.making import make
from hornbook.release.packing import check_place, form_of, former_release, requirements, write
from hornbook.released import MANIFEST, Form, Released
from hornbook.scaffold import new_course

KILLS = int(os.environ.get("HORNBOOK_KILLS", "8"))
WRITER = """
import sys
from pathlib import Path
from hornbook.release.packing import write

files = {f"folder {number}/file": bytes([number]) * (1 << 16) for number in range(60)}
print("begun", flush=True)
write(Path(sys.argv[1]), files, replace=sys.argv[2] == "replace")
"""


def written(folder: Path) -> int:
    """Return how many folders of an unfinished release in *folder* there are; while one looks, it may come to its place."""
    with contextlib.suppress(OSError):
        return sum(len(list(path.iterdir())) for path in folder.glob(".unfinished-*"))
    return 0


@pytest.fixture
def course(tmp_path: Path) -> Course:
    """Give a course with one lesson."""
    new_course(tmp_path / "singers")
    return Course.open(tmp_path / "singers")


def test_the_suffix_says_the_form() -> None:
    """A .zip is a zip, a .whl a wheel, and anything else a folder."""
    assert [form_of(Path(name)) for name in ("a.zip", "a.whl", "a", "a.b")] == [Form.ZIP, Form.WHEEL, Form.FOLDER, Form.FOLDER]


@pytest.mark.parametrize(("form", "name"), [(Form.FOLDER, "out"), (Form.ZIP, "out.zip"), (Form.WHEEL, "package"), (Form.BINDER, "out")])
def test_a_former_release_is_replaced_when_that_is_asked_for(course: Course, tmp_path: Path, form: Form, name: str) -> None:
    """A release knows itself again, is not overwritten by itself, and makes room for the next with `--replace`."""
    make(course, tmp_path / name, form=form)
    with pytest.raises(HornbookError, match="is a release already"):
        make(course, tmp_path / name, form=form)
    (course.root / "lessons" / "words.txt").write_text("la la la", "utf-8")
    make(Course.open(course.root), tmp_path / name, form=form, replacing=True)
    former = former_release(tmp_path / name)

    assert former is not None
    assert any(place.endswith("words.txt") for place in former.files)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["singers", name])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        pytest.param(lambda out: (out / "mine.txt").write_text("mine"), "holds mine.txt", id="a file more"),
        pytest.param(lambda out: (out / "README.md").write_text("mine"), "holds README.md", id="a changed file"),
        pytest.param(lambda out: ((out / ".git").mkdir(), (out / ".git" / "HEAD").write_text("x")), "holds .git/HEAD", id="a history"),
        pytest.param(lambda out: (out / "lessons" / "a").symlink_to("/etc"), "holds lessons/a", id="a link"),
    ],
)
def test_what_somebody_has_put_there_stays(course: Course, tmp_path: Path, change: object, words: str) -> None:
    """A former release in which somebody has worked is not replaced, and the first file of theirs is named."""
    make(course, tmp_path / "out")
    assert callable(change)
    change(tmp_path / "out")
    with pytest.raises(HornbookError, match=words):
        make(course, tmp_path / "out", replacing=True)


def test_what_is_no_release_stays(course: Course, tmp_path: Path) -> None:
    """A folder or file of somebody's own, a link, and a release of another course are never replaced."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "a").touch()
    (tmp_path / "mine.zip").write_bytes(b"PK")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged" / MANIFEST).write_text('{"format": 2}', "utf-8")
    make(course, tmp_path / "out")
    for name in ("mine", "mine.zip", "link", "damaged"):
        with pytest.raises(HornbookError, match="is there already, and is no release"):
            check_place(tmp_path / name, course.name, replace=True)
    with pytest.raises(HornbookError, match="is a release of another course, singers"):
        check_place(tmp_path / "out", "dancers", replace=True)


def test_an_empty_folder_is_a_place(course: Course, tmp_path: Path) -> None:
    """A folder with nothing in it may become the release."""
    (tmp_path / "out").mkdir()
    make(course, tmp_path / "out")

    assert Released.read(tmp_path / "out" / MANIFEST).course == "singers"


@pytest.mark.parametrize("content", [b"new", {"a": b"new"}])
def test_of_two_at_once_one_is_refused(tmp_path: Path, content: bytes | dict[str, bytes]) -> None:
    """What came to the place meanwhile is not overwritten, and nothing unfinished is left behind."""
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "theirs").touch()
    with pytest.raises(HornbookError, match="cannot be written"):
        write(tmp_path / "out", content, replace=False)

    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["theirs"]


@pytest.mark.parametrize("replace", ["new", "replace"])
def test_whoever_is_killed_leaves_all_or_nothing(tmp_path: Path, replace: str) -> None:
    """However far a process was when it was killed, there is the former release, or nothing, or the whole; the next one clears up."""
    out = tmp_path / "out"
    for number in range(KILLS):
        if replace == "replace" and not out.is_dir():
            write(out, {"former": b"1"}, replace=False)
        process = subprocess.Popen([sys.executable, "-c", WRITER, str(out), replace], stdout=subprocess.PIPE)  # noqa: S603 - our own
        assert process.stdout is not None
        process.stdout.readline()
        # Killed at another moment each time: when so many of its folders are there.
        while process.poll() is None and written(tmp_path) < number * 60 // KILLS:
            os.sched_yield()
        process.kill()
        process.communicate()
        if out.is_dir():
            assert len(list(out.rglob("*"))) in {1, 120}

    write(out, {"former": b"1"}, replace=True)

    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_release_that_was_being_replaced_comes_back(tmp_path: Path) -> None:
    """Where a process ended between putting the former release aside and the new one in its place, the next finds the former one."""
    write(tmp_path / ".out.former", {"former": b"1"}, replace=False)
    with pytest.raises(HornbookError, match="cannot be written"):
        write(tmp_path / "out", {"new": b"1"}, replace=False)

    assert (tmp_path / "out" / "former").is_file()
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_where_it_cannot_be_written_is_said(tmp_path: Path) -> None:
    """A file in the place of a folder is named in one sentence."""
    (tmp_path / "file").touch()
    with pytest.raises(HornbookError, match=r"file/out: cannot be written \(Not a directory\)|file/out: cannot be written \(File exists\)"):
        write(tmp_path / "file" / "out", {"a": b""}, replace=False)


def test_requirements_are_what_is_asked_for_by_name() -> None:
    """Of a list of requirements, names with their versions are for others; options, files, links and hornbook itself are not."""
    text = "# all\nhornbook[x]>=1\nHornBook\nnumpy>=2,<3 # arrays\nscikit-learn [all] == 1.4\n-r more.txt\n./here\nx @ https://example.org/x.whl\n\n"

    assert requirements(text) == ["numpy>=2,<3", "scikit-learn[all]== 1.4"]
