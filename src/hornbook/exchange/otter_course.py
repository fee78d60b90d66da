"""Finds otter's material, in folders and in autograder zips, and brings it over.

    import_otter(path, into) -> Report      of a notebook, a folder, an autograder's zip, or a folder of such

A zip is somebody else's: names that lead out of it, links, and more than there is room for are refused before anything is written.
"""

from __future__ import annotations

import functools
import json
import re
import stat
import tempfile
import zipfile
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Final

from hornbook.errors import HornbookError, printable
from hornbook.exchange.bringing import Findings, Found, Report, beside, bring
from hornbook.exchange.material import Note
from hornbook.exchange.otter import Beside, read
from hornbook.lesson import MAX_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

MOST_FILES: Final = 2_000
MOST_UNPACKED: Final = 200 << 20
"""Up to how many bytes an autograder's zip may unpack to."""

_MACHINERY: Final = re.compile(
    r"(?:tests|\.otter|dist|autograder|student|__pycache__)/.*|otter_config\.json|run_autograder|run_otter\.py|setup\.sh|files\.R"
    r"|environment\.ya?ml|requirements\.(?:txt|R)|.*\.zip|\.OTTER_LOG|.*\.[Rr]md|.*\.ok"
)
"""Files that only otter has a use for."""


def import_otter(
    path: Path,
    into: Path,
    *,
    authors: Sequence[str] = (),
    licence: str = "",
    run: bool = True,
    tell: Callable[[str], None] = lambda _: None,
) -> Report:
    """Make lessons of otter's material at *path* in the course at *into*, which is made if it is not there; return what came of it.

    *path* is a notebook, handed out or the source of `otter assign`; a folder of notebooks with `tests/`, or what `otter assign` made
    (its autograder's part is taken); an autograder's zip; or a folder of such folders. Nothing is ever overwritten. Raises HornbookError
    where nothing can be brought over at all, and SandboxError where solutions cannot be run.
    """
    with tempfile.TemporaryDirectory(prefix="hornbook-otter-") as room:
        search = _Search(Path(room))
        if not path.exists():
            raise HornbookError(f"{printable(path)}: is not there. Give a notebook, a folder, or an autograder's zip.")
        search.at(path, path.absolute().name if path.is_dir() else "")
        if not search.found:
            more = " ".join(str(note) for note in search.notes)
            what = "has no notebook for otter. Give a notebook, a folder with tests/, or an autograder's zip that lies beside its notebook."
            raise HornbookError(f"{printable(path)}: {what} {more}".rstrip())
        options: Any = {"authors": authors, "licence": licence, "run": run, "tell": tell}
        return bring(path, search, into, **options)


class _Search(Findings):
    """What was found so far. Zips are unpacked in *room*."""

    def __init__(self, room: Path) -> None:
        super().__init__()
        self.room = room

    def at(self, path: Path, assignment: str) -> None:
        """Look at *path*, a notebook, a zip or a folder."""
        if path.suffix.lower() == ".zip":
            self.zip(path, assignment)
        elif path.is_dir():
            self.folder(path, assignment)
        else:
            self.notebook(path, assignment, self.beside(path.parent))

    def notebook(self, path: Path, assignment: str, beside: Beside) -> None:
        self.found.append(Found(path, assignment, functools.partial(read, path, beside)))

    def folder(self, folder: Path, assignment: str) -> None:
        """Look into *folder*: for notebooks, for what `otter assign` has made, for zips, or for folders of assignments."""
        for written in sorted(folder.glob("*.[Rr]md")):
            what = "is written for R; only Python can be asked from here. It stays with otter."
            self.notes.append(Note("left out", printable(written.name), 0, what))
        notebooks = sorted(folder.glob("*.ipynb"))
        zips = sorted(folder.glob("*.zip"))
        made = next((one for name in ("autograder", "dist", "student") if _has_some(one := folder / name)), None)
        if notebooks:
            own = self.beside(folder)
            for notebook in notebooks:
                self.notebook(notebook, assignment, own)
            self.files += [one for one in beside([(assignment, folder)]) if not _MACHINERY.fullmatch(one[2].as_posix())]
        elif made is not None:
            self.folder(made, assignment)
        elif zips:
            for one in zips:
                self.zip(one, assignment)
        else:
            for inside in sorted(folder.iterdir()):
                if inside.is_dir() and not inside.is_symlink() and not inside.name.startswith((".", "__")):
                    self.folder(inside, inside.name)

    def zip(self, path: Path, assignment: str) -> None:
        """Look into an autograder's zip; its notebook is in it, or beside it."""
        folder = self.room / str(len(list(self.room.iterdir())))
        unpack(path, folder)
        notebooks = sorted(folder.glob("*.ipynb")) or sorted(path.parent.glob("*.ipynb"))
        own = self.beside(folder)
        if not notebooks:
            what = "has tests, and no notebook lies in it or beside it. Put the notebook that learners get beside it."
            self.notes.append(Note("left out", printable(path.name), 0, what))
        for notebook in notebooks:
            self.notebook(notebook, assignment, own)
        inside = folder / "files"
        if notebooks and inside.is_dir():
            self.files += [one for one in beside([(assignment, inside)]) if not _MACHINERY.fullmatch(one[2].as_posix())]

    def beside(self, folder: Path) -> Beside:
        """Return the tests and the seed that lie in *folder*."""
        tests: dict[str, str] = {}
        for file in sorted((folder / "tests").glob("*")) if (folder / "tests").is_dir() else ():
            name = printable(f"tests/{file.name}")
            if file.suffix.lower() == ".r":
                self.notes.append(Note("left out", name, 0, "is a test in R; only Python can be asked from here."))
            elif file.suffix == ".py" and file.is_file() and not file.name.startswith("__"):
                try:
                    tests[file.stem] = _text(file)
                except (OSError, UnicodeDecodeError):
                    self.notes.append(Note("left out", name, 0, "cannot be read as UTF-8 text. Save it again."))
        config = self.config(folder / "otter_config.json")
        seed, variable = config.get("seed"), config.get("seed_variable")
        number = seed if isinstance(seed, int) and not isinstance(seed, bool) else None
        return Beside(tests, number, variable if isinstance(variable, str) and variable.isidentifier() else "")

    def config(self, path: Path) -> dict[str, Any]:
        """Return the configuration of an autograder, {} where there is none that can be read."""
        if not path.is_file():
            return {}
        try:
            config = json.loads(_text(path))
        except (OSError, ValueError, RecursionError):
            self.notes.append(Note("left out", path.name, 0, "is no JSON, so what it says is not done. Correct it."))
            return {}
        config = config if isinstance(config, dict) else {}
        if config.get("plugins"):
            self.notes.append(Note("changed", path.name, 0, "its plugins are left out: nothing of them is run here."))
        for word in ("points_possible", "score_threshold"):
            if config.get(word) is not None:
                what = f"its {word}, {printable(str(config[word]))}, is not kept: a verdict has the points of the questions."
                self.notes.append(Note("changed", path.name, 0, what))
        return config


def _has_some(folder: Path) -> bool:
    """Whether *folder* is one that may hold notebooks or zips, itself or one below."""
    return folder.is_dir() and any(any(folder.glob(pattern)) for pattern in ("*.ipynb", "*.zip", "*/*.ipynb"))


def _text(path: Path) -> str:
    """Return the text of *path*; raise OSError where it is larger than a notebook may be."""
    if path.stat().st_size > MAX_BYTES:
        raise OSError("is too large")
    return path.read_bytes().decode("utf-8-sig")


def unpack(path: Path, into: Path) -> None:
    """Unpack the zip at *path* in the new folder *into*; raise HornbookError where it is none, or no safe one."""
    name = printable(path.name)
    try:
        with zipfile.ZipFile(path) as archive:
            entries = [entry for entry in archive.infolist() if not entry.is_dir()]
            _must_be_safe(name, entries)
            room = MOST_UNPACKED
            for entry in entries:
                # What an entry says of its size is not believed.
                with archive.open(entry) as packed:
                    data = packed.read(room + 1)
                room -= len(data)
                if room < 0:
                    raise HornbookError(f"{name}: unpacks to more than {MOST_UNPACKED >> 20} MiB, so it is not unpacked.")
                place = into / entry.filename
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(data)
    # zipfile's own ways to refuse: damage, a compression that it does not know, encryption, and an end that comes too early.
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError, ValueError) as error:
        raise HornbookError(f"{name}: cannot be unpacked ({printable(str(error))[:200]}). Make it anew.") from error
    into.mkdir(parents=True, exist_ok=True)


def _must_be_safe(name: str, entries: Sequence[zipfile.ZipInfo]) -> None:
    """Raise HornbookError for a zip whose entries do not all stay in it, or that are too many or too much."""
    if len(entries) > MOST_FILES:
        raise HornbookError(f"{name}: has {len(entries):,} files, more than {MOST_FILES:,}, so it is not unpacked.")
    if sum(entry.file_size for entry in entries) > MOST_UNPACKED:
        raise HornbookError(f"{name}: unpacks to more than {MOST_UNPACKED >> 20} MiB, so it is not unpacked.")
    for entry in entries:
        parts = PurePosixPath(entry.filename)
        leads_out = parts.is_absolute() or ".." in parts.parts or "\\" in entry.filename or ":" in entry.filename or not parts.parts
        if leads_out or stat.S_ISLNK(entry.external_attr >> 16):
            raise HornbookError(f'{name}: its entry "{printable(entry.filename)[:100]}" leads out of it, so it is not unpacked.')
