"""Makes a release: gathers what learners get, proves that nothing else is in it and that it works, keeps its versions, and writes it.

    make(course, into, form=Form.ZIP) -> Made

Nothing is taken along because it was not excluded: each file is there for a reason, and is looked through as it will be found.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from hornbook.course import Course
from hornbook.errors import CourseError, GraderError, HornbookError, LeakError, printable
from hornbook.feedback import Bank, Misconception
from hornbook.grading.material import version_of
from hornbook.lesson import fill, read_solution
from hornbook.publish.artifact import zipped
from hornbook.release import cutting, packing, scan, versions
from hornbook.release.withheld import Withheld
from hornbook.released import MANIFEST, Form, Released, ReleasedLesson, Worth
from hornbook.scaffold import BINDER_PYTHON

if TYPE_CHECKING:
    from hornbook.grading.outcomes import Check
    from hornbook.lesson import Lesson

LICENCES: Final = ("LICENSE*", "LICENCE*", "COPYING*", "NOTICE*")
"""The files at the top of a course that go with it."""

_FOR_BINDER = ("apt.txt", "runtime.txt")


@dataclass(frozen=True, slots=True)
class Made:
    """A release that was made: where, in which form, what it says of itself, and how many secrets were looked for in it."""

    path: Path
    form: Form
    released: Released
    sought: int


def make(
    course: Course,
    into: Path,
    *,
    form: Form | None = None,
    graders: bool | None = None,
    version: str | None = None,
    replacing: bool = False,
    tell: Callable[[str], None] = lambda _: None,
) -> Made:
    """Write the learners' course of *course* to *into*, in the *form* that its suffix asks for if none is given; all of it or nothing.

    *graders* says whether the visible checks go along, by default as the course's settings do. *version* is a package's. Raises
    `HornbookError` for a place that is taken, `CourseError` for what cannot be released, and `LeakError` for what must not be.
    """
    by_suffix = packing.form_of(into)
    if form is not None and by_suffix not in {Form.FOLDER, form}:
        raise HornbookError(f"{printable(into)}: is a {by_suffix} by its name, and not a {form}. Choose another name, or leave --as out.")
    form = form or by_suffix
    refuse_inside(course, into)
    packing.check_place(into, course.name, replace=replacing)
    if course.released is not None:
        raise CourseError(course.root, "is a release itself. Release the course that it was made of.")
    gathered = gather_all(course, graders=course.settings.release_graders if graders is None else graders, tell=tell)
    files = {**gathered.files, **(_for_binder(course) if form is Form.BINDER else {})}
    content = _formed(course, files, gathered.released, form, into, version)
    gathered.prove(course, content if isinstance(content, dict) else {into.name: content}, tell)
    for lesson in course.lessons:
        versions.keep(course, lesson)
    tell("writing")
    packing.write(into, content, replace=replacing)
    return Made(into, form, gathered.released, len(gathered.withheld))


@dataclass(frozen=True, slots=True)
class Gathered:
    """What learners get of a course: *files* by their places, what they say of themselves, its *checks*, and what they must not have."""

    files: Mapping[str, bytes]
    released: Released
    checks: Mapping[str, Collection[Check]]
    withheld: Withheld

    def prove(self, course: Course, content: Mapping[str, bytes], tell: Callable[[str], None]) -> None:
        """Raise `LeakError` for anything in *content* that is withheld, and `CourseError` unless the graders work without it."""
        tell(f"looking for {len(self.withheld)} things that must not be in it")
        findings = (*_solved(course), *scan.find(content, self.withheld))
        if findings:
            raise LeakError([str(one) for one in findings])
        tell("asking the released graders for their checks")
        _prove(course, self.checks, self.files)


def gather_all(course: Course, *, graders: bool, tell: Callable[[str], None] = lambda _: None) -> Gathered:
    """Return what learners get of *course*; nothing is proven of it yet."""
    tell("collecting the checks")
    checks = checks_of(course)
    tell("gathering")
    files = dict(gather(course, checks, graders=graders))
    return Gathered(files, _manifest(course, checks, files), checks, withheld_of(course, checks))


def look_through(path: Path, course: Course) -> tuple[scan.Finding, ...]:
    """Return what of *course* learners must not get and is in what lies at *path*, whoever has made that."""
    return scan.find(scan.read(path), withheld_of(course, checks_of(course)))


def checks_of(course: Course) -> dict[str, tuple[Check, ...]]:
    """Return the checks of each lesson, by slug, as pytest collects them; raise `CourseError` where a lesson or grader cannot be read.

    One that compares with the reference solution is hidden, whatever it says: there is no solution where a release is.
    """
    from hornbook.grading import run_checks  # noqa: PLC0415 - brings pytest along

    if not course.slugs:
        raise CourseError(course.root, "has no lesson to release. `hornbook new lesson <slug>` makes one.")
    return {
        slug: tuple(replace(check, hidden=check.hidden or check.compares) for check in run_checks(course, course.lesson(slug), ()))
        for slug in course.slugs
    }


def withheld_of(course: Course, checks: Mapping[str, Collection[Check]]) -> Withheld:
    """Return what learners must not get of *course*, with its *checks* by lesson."""
    hidden = {slug: {base(check) for check in found if check.hidden} for slug, found in checks.items()}
    return Withheld.of(course, hidden, _graders(course, checks))


def base(check: Check) -> str:
    """Return the name of the function of *check*."""
    return check.name.partition("[")[0]


def _solved(course: Course) -> Iterator[scan.Finding]:
    """Yield the exercises of *course* that are solved in the lesson itself: what stands there would count as given."""
    for lesson in course.lessons:
        if course.has_solution(lesson.slug):
            filled = fill(lesson, read_solution(course.solution(lesson.slug)))
            for exercise in lesson.exercises.values():
                if not filled.attempted(lesson, exercise.id):
                    place = lesson.path.relative_to(course.root).as_posix()
                    what = f"as shipped, its exercise {exercise.id} is solved"
                    yield scan.Finding(place, f"cell {exercise.cells[0] + 1}", what)


# --- What learners get -----------------------------------------------------------------------------------------------


def gather(course: Course, checks: Mapping[str, Collection[Check]], *, graders: bool) -> Iterator[tuple[str, bytes]]:
    """Yield what learners get of *course*, each file by its place, with its content."""
    lessons = [course.lesson(slug) for slug in course.slugs]
    yield "README.md", _readme(course, lessons).encode()
    yield "pyproject.toml", versions.settings_text(course.settings).encode()
    for path in sorted({path for pattern in LICENCES for path in course.root.glob(pattern)}):
        if path.is_file() and not path.is_symlink():
            yield path.name, path.read_bytes()
    for path in (*(lesson.path for lesson in lessons), *course.beside()):
        if not Path(os.path.realpath(path)).is_relative_to(course.root / "lessons"):
            raise CourseError(path, "is a symbolic link out of lessons/. Put the file itself there.")
        yield path.relative_to(course.root).as_posix(), path.read_bytes()
    cut = {path: text for path, text in _graders(course, checks).items() if text} if graders else {}
    yield from ((path.relative_to(course.root).as_posix(), text.encode()) for path, text in {**cut, **_shared(course, cut)}.items())
    for lesson in lessons:
        if course.has_feedback(lesson.slug):
            visible = (
                {name for check in checks[lesson.slug] if not check.hidden for name in (check.name, base(check))} if graders else set()
            )
            path = course.feedback(lesson.slug)
            yield path.relative_to(course.root).as_posix(), bank_text(Bank.read(path), visible).encode()


def _graders(course: Course, checks: Mapping[str, Collection[Check]]) -> dict[Path, str]:
    """Return the graders without their hidden checks, by their paths."""
    texts = {}
    for slug, found in checks.items():
        path = course.grader(slug)
        visible = {base(check) for check in found if not check.hidden}
        hidden = {base(check) for check in found if check.hidden}
        try:
            texts[path] = cutting.cut(path.read_text("utf-8"), hidden - visible, hidden & visible)
        except cutting.CannotCut as error:
            raise GraderError(path, f"line {error.line}: {error.problem}.") from error
    return texts


def _shared(course: Course, graders: Mapping[Path, str]) -> dict[Path, str]:
    """Return what the released *graders* share: what of a conftest.py or a module they need, and data that they name."""
    texts: dict[Path, str] = {}
    code = [path for path in course.shared() if path.suffix == ".py"]
    before: dict[Path, str] | None = None
    # What is shared may itself need what is shared.
    while before != texts:
        before = dict(texts)
        uses = [cutting.uses_of(text) for text in (*graders.values(), *texts.values())]
        fixtures = frozenset[str]().union(*(one.fixtures for one in uses))
        for path in code:
            if path.name == "conftest.py":
                wanted: frozenset[str] | None = fixtures
                needed = any(grader.is_relative_to(path.parent) for grader in graders)
            else:
                asked = [names for one in uses for module, names in one.modules.items() if path.stem in module.split(".")]
                wanted = None if None in asked else frozenset[str]().union(*(names for names in asked if names))
                needed = bool(asked) or (path.name == "__init__.py" and any(grader.is_relative_to(path.parent) for grader in graders))
            if needed and (text := cutting.trimmed(path.read_text("utf-8"), wanted)).strip():
                texts[path] = text
    said = [text for source in (*graders.values(), *texts.values()) for text in cutting.uses_of(source).texts]
    for path in course.shared():
        if path.suffix != ".py" and any(path.name in text for text in said):
            texts[path] = path.read_text("utf-8")
    return texts


def bank_text(bank: Bank, visible: Collection[str]) -> str:
    """Return the hint *bank* as learners get it: hints, and how the mistakes in *visible* checks are recognised; no program."""
    lines = ["# Made by `hornbook release`: hints, without the programs that show the mistakes.", "released = true", ""]
    for exercise, ladder in bank.exercises.items():
        lines += [f"[exercise.{packing.quoted(exercise)}]", f"hints = {_texts(ladder.hints)}"]
        lines += [f"success = {packing.quoted(ladder.success)}"] if ladder.success else []
        lines += [""]
    for one in bank.misconceptions:
        if one.check in visible:
            lines += [*_mistake(one), ""]
    return "\n".join(lines)


def _mistake(one: Misconception) -> Iterator[str]:
    yield "[[misconception]]"
    yield f"name = {packing.quoted(one.name)}"
    yield f"check = {packing.quoted(one.check)}"
    conditions = {name: getattr(one.when, name) for name in ("raises", "message", "actual", "actual_type", "source")}
    said = ", ".join(f"{name} = {packing.quoted(value)}" for name, value in conditions.items() if value is not None)
    yield f"when = {{ {said} }}"
    yield f"hints = {_texts(one.hints)}"


def _texts(texts: Sequence[str]) -> str:
    return "[\n" + "".join(f"  {packing.quoted(text)},\n" for text in texts) + "]"


def _readme(course: Course, lessons: Sequence[Lesson]) -> str:
    rows = [
        f"| [{_cell(lesson.title)}]({lesson.path.relative_to(course.root).as_posix()}) | {_cell(lesson.summary)} | {lesson.minutes} |"
        for lesson in lessons
    ]
    from hornbook import __version__  # noqa: PLC0415 - the package is still being imported when this module is

    return "\n".join(
        [
            f"# {course.settings.title}",
            "",
            "Lessons for Jupyter that answer: copy one, fill in its exercises, and see what is right and what to try next.",
            "",
            "| lesson | what it is about | minutes |",
            "|---|---|---|",
            *rows,
            "",
            "```sh",
            f"pip install hornbook=={__version__}",
            "jupyter lab",
            "```",
            "",
            "`hornbook check work.ipynb` asks the same in a terminal. Where a lesson has hidden checks, it says how many run",
            "when the notebook is handed in.",
            "",
        ]
    )


def _cell(text: str) -> str:
    """Return *text* as it may stand in a cell of a table in Markdown."""
    return " ".join(text.split()).replace("|", "\\|")


def _for_binder(course: Course) -> dict[str, bytes]:
    from hornbook import __version__  # noqa: PLC0415 - the package is still being imported when this module is

    lines = ["# Read by repo2docker.", f"hornbook=={__version__}", *_requirements(course)]
    files = {"binder/requirements.txt": "\n".join([*lines, ""]).encode(), "binder/runtime.txt": BINDER_PYTHON.encode()}
    for name in _FOR_BINDER:
        path = course.root / "binder" / name
        if path.is_file() and not path.is_symlink():
            files[f"binder/{name}"] = path.read_bytes()
    return files


def _requirements(course: Course) -> list[str]:
    path = course.root / "binder" / "requirements.txt"
    return packing.requirements(path.read_text("utf-8")) if path.is_file() and not path.is_symlink() else []


# --- What it says, and what is proven --------------------------------------------------------------------------------


def _manifest(course: Course, checks: Mapping[str, Collection[Check]], files: Mapping[str, bytes]) -> Released:
    from hornbook import __version__  # noqa: PLC0415 - the package is still being imported when this module is

    lessons = []
    for slug, found in checks.items():
        lesson = course.lesson(slug)
        exercises = {
            exercise: Worth(
                sum(check.points for check in found if check.exercise == exercise),
                sum(check.hidden for check in found if check.exercise == exercise),
            )
            for exercise in lesson.exercises
        }
        lessons.append(ReleasedLesson(slug, lesson.version, version_of(course, lesson), exercises))
    return Released(course.name, course.settings.title, __version__, tuple(lessons), _digests(files), _epoch())


def _digests(files: Mapping[str, bytes]) -> dict[str, str]:
    return {name: hashlib.sha256(data).hexdigest() for name, data in sorted(files.items()) if name != MANIFEST}


def _epoch() -> int | None:
    """Return the time that SOURCE_DATE_EPOCH says (https://reproducible-builds.org/specs/source-date-epoch/)."""
    said = os.environ.get("SOURCE_DATE_EPOCH", "")
    if said and not re.fullmatch(r"\d{1,11}", said):
        raise HornbookError("SOURCE_DATE_EPOCH must be a number of seconds since 1970, or not be set.")
    return int(said) if said else None


def _formed(
    course: Course, files: Mapping[str, bytes], released: Released, form: Form, into: Path, version: str | None
) -> bytes | dict[str, bytes]:
    """Return the release as it will be found: the bytes of one file, or the files of a folder."""
    whole = {**files, MANIFEST: replace(released, files=_digests(files)).to_json()}
    if form is Form.ZIP:
        return zipped(course.name, whole, packing.moment(released.released))
    if form is Form.WHEEL:
        if version is not None and not re.fullmatch(
            r"\d+(\.\d+)*((a|b|rc)\d+)?(\.post\d+)?(\.dev\d+)?(\+[a-z0-9]+(\.[a-z0-9]+)*)?", version
        ):
            raise HornbookError(f'"{printable(version)}" is no version of a package. Give one such as 1.2.0.')
        package = packing.Package(released, whole, version, _requirements(course))
        if into.suffix != ".whl":
            project = package.project()
            return {**project, MANIFEST: replace(released, files=_digests(project)).to_json()}
        if into.name != package.filename:
            raise HornbookError(
                f"{printable(into)}: pip takes this wheel only by the name {package.filename}. Call it so, or give a folder."
            )
        return package.wheel()
    return whole


def _prove(course: Course, checks: Mapping[str, Collection[Check]], files: Mapping[str, bytes]) -> None:
    """Raise `CourseError` unless the released graders have the visible checks, all of them, with their points, and no other."""
    if not any(name.startswith("graders/") for name in files):
        return
    with tempfile.TemporaryDirectory() as folder:
        for name, data in files.items():
            (Path(folder) / name).parent.mkdir(parents=True, exist_ok=True)
            (Path(folder) / name).write_bytes(data)
        learners = Course.open(Path(folder))
        for slug, found in checks.items():
            wanted = [(check.name, check.points, check.exercise, check.title) for check in found if not check.hidden]
            if wanted:
                came = [(check.name, check.points, check.exercise, check.title) for check in _collected(learners, slug, course)]
                if came != wanted:
                    missing = [name for name, *_ in wanted if name not in {name for name, *_ in came}]
                    what = (
                        f"without its hidden checks it lacks {missing[0]}"
                        if missing
                        else "its visible checks are others without the hidden ones"
                    )
                    raise GraderError(course.grader(slug), f"{what}. Write each of them so that it stands alone.")


def _collected(learners: Course, slug: str, course: Course) -> tuple[Check, ...]:
    from hornbook.grading import run_checks  # noqa: PLC0415 - brings pytest along

    try:
        return run_checks(learners, learners.lesson(slug), ())
    except GraderError as error:
        raise GraderError(course.grader(slug), f"without its hidden checks, {error.problem}") from error


def refuse_inside(course: Course, into: Path) -> None:
    """Raise `HornbookError` where *into* lies among the files of *course*, or holds it."""
    place = Path(os.path.realpath(into))
    if any(place.is_relative_to(course.root / name) for name in ("lessons", "graders", "feedback", ".hornbook")):
        raise HornbookError(
            f"{printable(into)}: lies among the course's own files, and would be in its next release. Choose another place."
        )
    if course.root.is_relative_to(place):
        raise HornbookError(f"{printable(into)}: holds the course itself. Choose another place.")
