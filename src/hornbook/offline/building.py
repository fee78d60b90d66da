"""Builds a site for practice without a network: what learners get of a course, pages to work in, and Python itself.

    build(course, into, stock) -> Built

It is proven as a release is: nothing that learners must not get is in it, and the visible checks work without it. A lesson has a page if
everything that its cells and its visible checks import can be had for a browser; of any other it is said what it needs.
"""

from __future__ import annotations

import ast
import contextlib
import hashlib
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from hornbook.course import Course
from hornbook.errors import CourseError
from hornbook.grading.preparation import imported_by
from hornbook.lesson import Lesson, read_solution
from hornbook.offline import pages
from hornbook.offline.lite import FOLDER, Lab, lab_of, place_of
from hornbook.offline.packages import Lock, Stock, Unavailable, Wheel
from hornbook.publish.artifact import zipped
from hornbook.release import making, packing
from hornbook.released import MANIFEST
from hornbook.words import compiled, speaking

if TYPE_CHECKING:
    from hornbook.release.making import Gathered

NOT_THERE: Final = frozenset(
    [
        "_thread", "asyncio", "concurrent", "curses", "dbm", "ensurepip", "fcntl", "grp", "idlelib", "multiprocessing", "pty", "pwd",
        "readline", "resource", "socket", "socketserver", "ssl", "subprocess", "termios", "threading", "tkinter", "turtle", "venv",
        "zoneinfo",
    ]
)  # fmt: skip
"""What of the standard library does nothing useful in a browser: processes, threads, sockets, windows, and the time zones of a machine."""

ENGINE: Final = (
    "__init__", "card", "cohorts", "config", "course", "draws", "errors", "feedback", "heavy", "lesson", "model", "released", "show",
    "wire", "words", "grading/__init__", "grading/assert_cells", "grading/borrowed", "grading/compare", "grading/doctests",
    "grading/drawing", "grading/following", "grading/live", "grading/nose", "grading/outcomes", "grading/preparation",
    "grading/pytest_plugin", "grading/reading", "grading/sitting", "offline/__init__", "offline/cells", "offline/desk", "offline/inside",
    "offline/kernel", "sandbox/__init__", "sandbox/answers", "sandbox/canary", "sandbox/endless", "sandbox/execute", "sandbox/figures",
    "sandbox/footprint", "sandbox/forkserver", "sandbox/line", "sandbox/loops", "sandbox/pipe", "sandbox/policy", "sandbox/probe",
    "sandbox/tracebacks",
)  # fmt: skip
"""The modules of ours that check in a page."""

SCRIPTS: Final = ("page.js", "page.css", "asking.js", "card.js", "card.css", "worker.js", "icon-192.png", "icon-512.png")
_SHORT: Final = 16


@dataclass(frozen=True, slots=True)
class Built:
    """A site that was built: where, its lessons, how many bytes a browser fetches once, the wheels in it, and the secrets looked for."""

    path: Path
    lessons: tuple[pages.Listed, ...]
    size: int
    wheels: tuple[str, ...]
    sought: int
    lab: Lab | None = None

    @property
    def lab_size(self) -> int:
        """How many bytes more a browser fetches where the Lab is opened."""
        return 0 if self.lab is None else sum(map(len, self.lab.files.values()))


def build(
    course: Course,
    into: Path,
    folder: Path,
    *,
    language: str | None = None,
    lab: bool = False,
    replacing: bool = False,
    tell: Callable[[str], None] = lambda _: None,
) -> Built:
    """Write the site of *course* to the folder *into*, all of it or nothing, with what lies in *folder*: the runtime and wheels.

    *language* is that of the pages and of all sentences, by default the course's. With *lab* it has a JupyterLite, too.

    Raises `HornbookError` for a place that is taken and for packages that are missing, `CourseError` for what cannot be released, and
    `LeakError` for what must not be.
    """
    making.refuse_inside(course, into)
    if into.suffix in {".zip", ".whl"}:
        raise CourseError(into, "is a file by its name, and a site is a folder.")
    packing.check_place(into, course.name, replace=replacing)
    if course.released is not None:
        raise CourseError(course.root, "is a release itself. Build the site of the course that it was made of.")
    if not course.settings.release_graders:
        raise CourseError(
            course.root, "keeps its graders back ([tool.hornbook.release] graders = false), and a page that checks brings them along."
        )
    tell("reading the packages")
    stock = Stock.of(Lock.read(lab=lab), folder)
    gathered = making.gather_all(course, graders=True, tell=tell)
    listed = tuple(_listed(course, gathered, stock))
    if all(one.needs for one in listed):
        raise CourseError(course.root, f"has no lesson that runs in a browser: {listed[0].lesson.slug} needs {listed[0].needs[0]}.")
    wheels = stock.needed(
        {name for one in listed if not one.needs for name in _imports(course, one.lesson, gathered) if stock.provides(name)}
    )
    tell("writing the pages")
    language = language or course.settings.language
    made = _made(course, listed, gathered, language)
    site = {**made, **_packages(stock, wheels)}
    assets = _assets(site)
    with speaking(language):
        site |= _drawn(course, listed, assets, language, lab=lab)
        full = lab_of(course, listed, gathered.files, stock, assets, language, _engine_members()) if lab else None
    site["sw.js"] = _service_worker(site)
    size = sum(map(len, site.values()))
    if full is not None:
        site |= full.files
        site |= full.service_worker(site)
    theirs = full.theirs if full is not None else {}
    # What comes from registries is known by its digest, and none of it is the course's.
    ours = {name: data for name, data in site.items() if name not in theirs and not name.startswith(("runtime/", "packages/", "engine/"))}
    gathered.prove(course, ours, tell)
    whole = {**site, ".nojekyll": b""}
    told = replace(gathered.released, files={name: hashlib.sha256(data).hexdigest() for name, data in sorted(whole.items())})
    tell("writing")
    packing.write(into, {**whole, MANIFEST: told.to_json()}, replace=replacing)
    return Built(into, listed, size, tuple(wheel.file for wheel in wheels), len(gathered.withheld), full)


# --- Which lessons run ---------------------------------------------------------------------------------------------------------


def _listed(course: Course, gathered: Gathered, stock: Stock) -> Iterator[pages.Listed]:
    """Yield the lessons in the order in which they can be learned, each with what it needs and a browser does not have."""
    for lesson in course.in_order:
        missing: dict[str, None] = {}
        for name in sorted(_imports(course, lesson, gathered)):
            if name in NOT_THERE:
                missing[name] = None
            elif name not in sys.stdlib_module_names:
                try:
                    stock.needed([name])
                except Unavailable as error:
                    missing[name if error.name == name else f"{name} ({error.name})"] = None
        yield pages.Listed(lesson, tuple(missing))


def _imports(course: Course, lesson: Lesson, gathered: Gathered) -> set[str]:
    """Return the names of what *lesson* imports, in its cells, its visible checks, what these share, and its solution."""
    sources = [cell.source for cell in lesson.cells if cell.kind == "code"]
    if course.has_solution(lesson.slug):
        sources += [text for answer in read_solution(course.solution(lesson.slug)).values() for text in answer]
    names = {name for source in sources for name in (*imported_by([_cell(source)]), *_standard(_cell(source)))}
    names |= set(_of_graders(course, lesson, gathered))
    return {name.split(".")[0] for name in names} - {"hornbook", "pytest", "__future__"}


def _cell(source: str) -> str:
    """Return a cell's *source* without its commands, which are no Python."""
    return "\n".join("" if line.lstrip().startswith(("%", "!")) else line for line in source.splitlines())


def _standard(source: str) -> Iterator[str]:
    """Yield what *source* imports of the standard library that a browser lacks."""
    with contextlib.suppress(SyntaxError, ValueError):
        for node in ast.walk(ast.parse(source)):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) and node.module and not node.level else []
            yield from (name for name in names if name.split(".")[0] in NOT_THERE)


def _of_graders(course: Course, lesson: Lesson, gathered: Gathered) -> Iterator[str]:
    """Yield what the released grader of *lesson* imports, and the modules of the course's own that it imports."""
    own = {Path(name).stem: data.decode() for name, data in gathered.files.items() if name.startswith("graders/") and name.endswith(".py")}
    place = course.grader(lesson.slug).relative_to(course.root).as_posix()
    todo, seen = [gathered.files[place].decode()] if place in gathered.files else [], set()
    # A conftest.py stands beside all graders; what it needs, all of them need.
    todo += [own["conftest"]] if "conftest" in own else []
    while todo:
        source = todo.pop()
        for name in (*imported_by([source]), *_standard(source)):
            inside = next((part for part in name.split(".") if part in own), None)
            if inside is None:
                yield name
            elif inside not in seen:
                seen.add(inside)
                todo.append(own[inside])


# --- What it consists of -------------------------------------------------------------------------------------------------------


def _named(folder: str, name: str, data: bytes) -> str:
    """Return a file's place by what is in it: under one name there is never anything else."""
    return f"{folder}/{hashlib.sha256(data).hexdigest()[:_SHORT]}-{name}"


def _made(course: Course, listed: Sequence[pages.Listed], gathered: Gathered, language: str) -> dict[str, bytes]:
    """Return what is made of our own files and of the course's, by its place."""
    site = {_named("app", name, data): data for name in SCRIPTS if (data := pages.asset(name))}
    engine = zipped("", _engine_members(), packing.moment(None))
    site[_named("engine", "hornbook.zip", engine)] = engine
    packed = zipped("", _of_course(course, listed, gathered), packing.moment(gathered.released.released))
    site[_named("course", "course.zip", packed)] = packed
    icons = {name: place for name in SCRIPTS for place in site if place.endswith(f"-{name}")}
    with speaking(language):
        site["manifest.webmanifest"] = pages.manifest(course, icons, language)
    return site


def _of_course(course: Course, listed: Iterable[pages.Listed], gathered: Gathered) -> dict[str, bytes]:
    """Return what of a release the pages need: all but the lessons without a page, and what lies beside only those."""
    here = [one.lesson for one in listed if not one.needs]
    gone = [one.lesson for one in listed if one.needs]
    folders = {lesson.path.parent for lesson in here}
    left_out = {path for lesson in gone for path in (lesson.path, course.grader(lesson.slug))}
    left_out |= {course.feedback(lesson.slug) for lesson in gone if course.has_feedback(lesson.slug)}
    left_out |= {path for path in course.beside() if not any(path.is_relative_to(folder) for folder in folders)}
    names = {path.relative_to(course.root).as_posix() for path in left_out}
    files = {name: data for name, data in gathered.files.items() if name not in names}
    digests = {name: hashlib.sha256(data).hexdigest() for name, data in sorted(files.items())}
    return {**files, MANIFEST: replace(gathered.released, files=digests).to_json()}


def _engine_members() -> dict[str, bytes]:
    """Return our own modules that check in a browser, and the sentences of all languages."""
    home = Path(__file__).parent.parent
    members = {f"hornbook/{name}.py": (home / f"{name}.py").read_bytes() for name in ENGINE}
    for path in sorted((home / "locale").glob("*.po")):
        members[f"hornbook/locale/{path.name}"] = path.read_bytes()
        members[f"hornbook/locale/{path.stem}.mo"] = compiled(path.read_bytes())
    return members


def _packages(stock: Stock, wheels: Iterable[Wheel]) -> dict[str, bytes]:
    whole = hashlib.sha256(b"".join(hashlib.sha256(data).digest() for _, data in sorted(stock.runtime.items()))).hexdigest()[:_SHORT]
    site = {f"runtime/{whole}/{name}": data for name, data in stock.runtime.items()}
    # A wheel is known by its name, which installing wants to see.
    return site | {f"packages/{hashlib.sha256(wheel.data).hexdigest()[:_SHORT]}/{wheel.file}": wheel.data for wheel in wheels}


def _assets(site: Mapping[str, bytes]) -> pages.Assets:
    """Return where the parts of the *site* are."""

    def place(folder: str, end: str) -> str:
        return next(name for name in site if name.startswith(folder) and name.endswith(end))

    return pages.Assets(
        scripts={name: place("app/", f"-{name}") for name in SCRIPTS},
        runtime=place("runtime/", "/pyodide.mjs").removesuffix("pyodide.mjs"),
        engine=place("engine/", ".zip"),
        course=place("course/", ".zip"),
        wheels=sorted(name for name in site if name.startswith("packages/")),
    )


def _drawn(course: Course, listed: Sequence[pages.Listed], assets: pages.Assets, language: str, *, lab: bool) -> dict[str, bytes]:
    """Return the pages by their places; where there is a *lab*, they lead there."""
    drawn = {"index.html": pages.index(course, listed, assets, language, lab=f"{FOLDER}lab/index.html" if lab else None)}
    for one in listed:
        if not one.needs:
            there = f"../{place_of(one.lesson.slug)}" if lab else None
            drawn[f"lessons/{one.lesson.slug}.html"] = pages.lesson_page(course, one.lesson, assets, language, lab=there)
    return {name: text.encode() for name, text in drawn.items()}


def _service_worker(site: Mapping[str, bytes]) -> bytes:
    """Return the service worker, which knows every file of the *site* by its digest."""
    files = {name: hashlib.sha256(data).hexdigest() for name, data in sorted(site.items())}
    sizes = {name: len(data) for name, data in sorted(site.items())}
    version = hashlib.sha256(json.dumps(files).encode()).hexdigest()[:_SHORT]
    told = json.dumps({"version": version, "files": files, "sizes": sizes})
    return f"const SITE = {told};\n".encode() + pages.asset("sw.js")
