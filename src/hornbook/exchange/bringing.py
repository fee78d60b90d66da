"""Brings over what was made for another grader: lessons, graders, reference solutions, and a report of all that is not as it was.

    import_nbgrader(path, into) -> Report      of nbgrader's: a course's folder, an assignment's, or one notebook
    bring(path, findings, into) -> Report      of notebooks that were found, by whoever knows how they are read

Nothing of the notebooks is run before all files are written. Then the reference solution of each lesson is graded, and a check that
it does not pass on the trusted side, but in the learner's kernel, is asked there, and says so.
"""

from __future__ import annotations

import functools
import json
import os
import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from hornbook import scaffold
from hornbook.course import Course
from hornbook.errors import CourseError, HornbookError, printable
from hornbook.exchange import cells as tests
from hornbook.exchange.material import Cell, Note, Notebook
from hornbook.exchange.nbgrader import read, settings_of
from hornbook.exchange.plain_tests import Plan as PlainPlan
from hornbook.exchange.plain_tests import Suite
from hornbook.exchange.plain_tests import plan as plan_tests
from hornbook.grading.preparation import FILES_BYTES
from hornbook.grading.vacuous import vacuous
from hornbook.lesson import EXERCISE_ID, SLUG, Lesson, fill, read_solution, write_lesson
from hornbook.lesson import Cell as LessonCell
from hornbook.model import Status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from hornbook.exchange.cells import Plan
    from hornbook.model import Outcome, Verdict

KERNEL: Final = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
LARGEST: Final = 20 << 20
"""Up to how many bytes a file beside the notebooks is taken along."""


@dataclass(frozen=True, slots=True)
class Made:
    """One lesson that was made: its points, those that a person gives, and how many of its checks are asked where."""

    slug: str
    origin: str
    points: float
    manual: float
    checks: int
    claimed: int
    solution: Literal["passes", "does not pass", "is missing", "was not run"]


@dataclass(frozen=True, slots=True)
class Report:
    """What came of an import."""

    course: str
    lessons: tuple[Made, ...]
    notes: tuple[Note, ...]
    files: tuple[str, ...]
    format: Literal[1] = field(default=1)

    @property
    def complete(self) -> bool:
        """Whether everything came over, and works."""
        return bool(self.lessons) and not any(note.kind == "left out" for note in self.notes)


def import_nbgrader(
    path: Path,
    into: Path,
    *,
    authors: Sequence[str] = (),
    licence: str = "",
    run: bool = True,
    tell: Callable[[str], None] = lambda _: None,
) -> Report:
    """Make lessons of what lies at *path* in the course at *into*, which is made if it is not there; return what came of it.

    *path* is a course of nbgrader's (its source/, or else its release/), an assignment's folder, or one notebook. Nothing is ever
    overwritten. Without *run* no solution is graded. Raises HornbookError where nothing can be brought over at all, and
    SandboxError where solutions cannot be run.
    """
    notebooks = tuple(_notebooks(path))
    if not notebooks:
        raise HornbookError(f"{printable(path)}: has no notebook of nbgrader's. Give a course with source/, an assignment, or a notebook.")
    settings, unread = settings_of(path if path.is_dir() else path.parent)
    notes = [Note("changed", "nbgrader_config.py", 0, f"{sentence}.") for sentence in unread]
    found = [Found(notebook, assignment, functools.partial(read, notebook, settings)) for assignment, notebook in notebooks]
    files = [] if path.is_file() else list(beside((one.assignment, one.path.parent) for one in found))
    return bring(path, Findings(found, files, notes), into, authors=authors, licence=licence, run=run, tell=tell)


@dataclass(frozen=True, slots=True)
class Found:
    """A notebook that was found, the assignment that it belongs to, and how it is read by whoever says what it is called."""

    path: Path
    assignment: str
    read: Callable[[str], Notebook]

    @property
    def name(self) -> str:
        """What it is called in notes."""
        return printable(f"{self.assignment}/{self.path.name}" if self.assignment else self.path.name)


@dataclass(slots=True)
class Findings:
    """All that was found: the notebooks, the files beside them (see `beside`), and what there is to tell of them already."""

    found: list[Found] = field(default_factory=list)
    files: list[tuple[str, Path, Path]] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)


def bring(
    path: Path,
    findings: Findings,
    into: Path,
    *,
    authors: Sequence[str] = (),
    licence: str = "",
    run: bool = True,
    tell: Callable[[str], None] = lambda _: None,
) -> Report:
    """Make lessons of what was found at *path*; see `import_nbgrader`."""
    found, notes = findings.found, list(findings.notes)
    course = Course.open(into) if (into / "lessons").is_dir() else None
    taken = set(course.slugs) if course else set()
    lessons: list[_Lesson] = []
    repeated = Counter(one.path.stem for one in found)
    for one in found:
        name = one.name
        tell(name)
        try:
            made = _Lesson.of(one.read(name), name, one.assignment, _slug(one.assignment, one.path, repeated, taken))
        except HornbookError as error:
            notes.append(Note("left out", name, 0, str(error).removeprefix(f"{name}: ")))
            continue
        notes += made.notes
        if made.exercises:
            lessons.append(made)
    if not lessons:
        raise HornbookError(f"{printable(path)}: nothing could be brought over. " + " ".join(str(note) for note in notes))
    texts = {} if course else {into / name: text for name, text in scaffold.course_files(scaffold.title_of(into.absolute().name)).items()}
    along = dict(_along(findings.files, into, notes))
    for lesson in lessons:
        texts |= lesson.files(into)
    _write(texts, along, [lesson.lesson(into, authors, licence) for lesson in lessons])
    course = Course.open(into)
    reports = [_tried(course, lesson, notes, run=run, tell=tell) for lesson in lessons]
    written = [*texts, *along, *(course.path(lesson.slug) for lesson in lessons)]
    names = tuple(sorted(printable(file.relative_to(into).as_posix() if file.is_relative_to(into) else file) for file in written))
    return Report(course.name, tuple(reports), tuple(notes), names)


# --- What is there ---------------------------------------------------------------------------------------------------


def _notebooks(path: Path) -> Iterator[tuple[str, Path]]:
    """Yield each notebook at *path* with the name of its assignment."""
    if path.is_file():
        yield "", path
        return
    for name in ("source", "release"):
        folder = path / name
        if folder.is_dir():
            for assignment in sorted(folder.iterdir()):
                if assignment.is_dir() and not assignment.name.startswith("."):
                    yield from ((assignment.name, notebook) for notebook in sorted(assignment.glob("*.ipynb")))
            return
    yield from ((path.absolute().name, notebook) for notebook in sorted(path.glob("*.ipynb")))


def _slug(assignment: str, notebook: Path, repeated: Mapping[str, int], taken: set[str]) -> str:
    """Return a slug for *notebook* that is nobody's yet: its name, with its assignment's before it where several have that name."""
    name = _snake(notebook.stem)
    wanted = f"{_snake(assignment)}_{name}" if repeated[notebook.stem] > 1 and assignment else name
    found, times = wanted, 1
    if found in taken and assignment:
        found = wanted = f"{_snake(assignment)}_{name}"
    while found in taken:
        times += 1
        found = f"{wanted}_{times}"
    taken.add(found)
    return found


def _snake(name: str) -> str:
    made = re.sub("[^a-z0-9]+", "_", name.lower()).strip("_")
    made = (made if made[:1].isalpha() else f"n_{made}")[:70].rstrip("_")
    return made if SLUG.fullmatch(made) else "lesson"


def beside(folders: Iterable[tuple[str, Path]]) -> Iterator[tuple[str, Path, Path]]:
    """Yield the files in the folders of assignments, pictures and data: the assignment, the file, and its path in that folder."""
    for assignment, folder in dict.fromkeys(folders):
        for file in sorted(folder.rglob("*")):
            inside = file.relative_to(folder)
            hidden = any(part.startswith((".", "__")) for part in inside.parts)
            if not hidden and file.suffix != ".ipynb" and file.is_file() and not file.is_symlink():
                yield assignment, file, inside


def _along(files: Iterable[tuple[str, Path, Path]], into: Path, notes: list[Note]) -> Iterator[tuple[Path, bytes]]:
    """Yield where each of *files* goes, beside the lessons, and what is in it."""
    for assignment, file, inside in files:
        name = printable(f"{assignment}/{inside.as_posix()}" if assignment else inside.as_posix())
        if file.stat().st_size > LARGEST:
            notes.append(Note("left out", name, 0, f"is larger than {LARGEST >> 20} MiB, so it was not taken along."))
            continue
        data = file.read_bytes()
        yield into / "lessons" / (_snake(assignment) if assignment else "") / inside, data
        if what := _of_use(file, data):
            notes.append(Note("changed", name, 0, what))


def _of_use(file: Path, data: bytes) -> str:
    """Return why cells cannot use *file*, with its *data*, in a grade, or ""; pictures and pages are not for cells."""
    if file.suffix.lower() in {".png", ".jpg", ".jpeg", ".gif", ".svg", ".pdf", ".html"}:
        return ""
    if file.suffix == ".py":
        return "lies beside the lesson, and a sandbox imports nothing from the learner's folder. Put its code into a cell."
    if len(data) > FILES_BYTES:
        return f"lies beside the lesson, and is more than the {FILES_BYTES >> 10} KiB of files that a sandbox is given. Make it smaller."
    try:
        data.decode()
    except UnicodeDecodeError:
        return "lies beside the lesson, and is no text: a sandbox is given texts only. Save it as CSV, say."
    return ""


# --- One lesson ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Lesson:
    """One notebook on its way to a lesson."""

    notebook: Notebook
    name: str
    within: str
    slug: str
    exercises: Mapping[int, str]
    plan: Plan | PlainPlan
    notes: tuple[Note, ...]

    @classmethod
    def of(cls, notebook: Notebook, name: str, assignment: str, slug: str) -> _Lesson:
        """Return the lesson that *notebook* makes."""
        notes = list(notebook.notes)
        exercises = _exercises(notebook.cells, name, notes)
        suite = notebook.suite
        plan: Plan | PlainPlan
        if isinstance(suite, Suite):
            plan = plan_tests(notebook.cells, exercises, suite)
            notes += plan.told
        else:
            plan = tests.plan(notebook.cells, exercises)
        kinds: Any = plan.notes
        notes += [Note(kind, name, notebook.place(cell), what) for kind, cell, what in kinds]
        for cell in notebook.cells:
            if cell.role in {"manual", "task"} and not cell.more:
                points = f"{cell.points:g} {'point is' if cell.points == 1 else 'points are'}"
                what = f"{points} a person's to give: hornbook shows the answer as waiting, and counts nothing for it."
                notes.append(Note("for a person", name, cell.cell, what))
        if not exercises:
            what = f"no cell has code for a learner to write, so there is nothing to grade automatically. It stays with {notebook.grader}."
            notes.append(Note("left out", name, 0, what))
        elif not plan.parts or (isinstance(plan, PlainPlan) and not plan.checks):
            notes.append(
                Note("left out", name, 0, "no cell tests what the learner writes. Mark one as autograder tests, or write a grader.")
            )
            exercises = {}
        return cls(notebook, name, _snake(assignment) if assignment else "", slug, exercises, plan, tuple(notes))

    @property
    def title(self) -> str:
        """The first heading, or the name of the notebook in words."""
        texts = [cell.shown for cell in self.notebook.cells if cell.role == "text" and cell.kind == "markdown"]
        heading = next((found[1] for text in texts[:3] if (found := re.search(r"^\s{0,3}#\s+(.+?)\s*#*$", text, re.MULTILINE))), "")
        words = re.sub(r"[_-]+", " ", self.notebook.path.stem).strip().capitalize()
        return printable(re.sub(r'[*_`"\\]', "", heading)).strip() or words or "A lesson"

    def place(self, into: Path, folder: str, file: str) -> Path:
        """Return where *file* of this lesson goes in *folder*."""
        return into / folder / self.within / file if self.within else into / folder / file

    def lesson(self, into: Path, authors: Sequence[str], licence: str) -> Lesson:
        """Return the lesson, to be written."""
        said = self.notebook.metadata
        named = [author["name"] for author in said.get("authors", []) if isinstance(author, dict) and isinstance(author.get("name"), str)]
        metadata = {
            key: value for key, value in said.items() if key not in {"hornbook", "celltoolbar", "kernelspec", "language_info", "authors"}
        }
        return Lesson(
            path=self.place(into, "lessons", f"{self.slug}.ipynb"),
            slug=self.slug,
            title=self.title,
            version="1.0.0",
            summary=f"{self.title}: {', '.join(dict.fromkeys(self.exercises.values()))}.",
            objectives=tuple(f"write {exercise}" for exercise in dict.fromkeys(self.exercises.values())),
            level="beginner",
            minutes=15,
            authors=tuple(authors) or tuple(filter(str.strip, named)) or (f"the authors of the {self.notebook.grader} course",),
            licence=licence or "not stated",
            cells=tuple(self._cells()),
            metadata=json.loads(json.dumps({**KERNEL, **metadata}, default=str)),
        )

    def _cells(self) -> Iterator[LessonCell]:
        """Yield the lesson's cells: as learners got them, each with an id of its own."""
        seen: set[str] = set()
        for cell in self.notebook.cells:
            if not cell.kept:
                continue
            wanted = cell.id if cell.id and re.fullmatch("[a-zA-Z0-9_-]{1,64}", cell.id) else f"cell-{cell.number}"
            found = wanted if wanted not in seen else f"cell-{cell.number}-{len(seen)}"
            seen.add(found)
            metadata = json.loads(json.dumps(dict(cell.metadata), default=str))
            tags = [tag for tag in metadata.pop("tags", []) or [] if isinstance(tag, str) and tag not in {"parameters", "show"}]
            exercise = self.exercises.get(cell.number)
            tags += ["show"] if cell.role == "tests" else [cell.tag] if cell.tag else []
            yield LessonCell(
                kind=cell.kind,
                source=cell.shown,
                exercise=exercise,
                tags=tuple(tags),
                id=found,
                metadata={} if exercise else metadata,
                attachments=json.loads(json.dumps(dict(cell.attachments), default=str)),
                manual=cell.points if exercise and cell.role == "manual" else None,
            )

    def files(self, into: Path) -> dict[Path, str]:
        """Return the texts of the lesson's files, its notebook aside."""
        texts = {
            self.place(into, "graders", f"test_{self.slug}.py"): self.grader({}),
            self.place(into, "graders", f"{self.slug}.solution.py"): self.solution(),
            self.place(into, "feedback", f"{self.slug}.toml"): self.feedback(),
        }
        by_hand = self.by_hand()
        return {**texts, self.place(into, "graders", f"{self.slug}.manual.md"): by_hand} if by_hand else texts

    def grader(self, reasons: Mapping[str, str]) -> str:
        """Return the grader, in which the checks named in *reasons* run in the kernel."""
        plan = self.plan.in_kernel(reasons)
        return (
            plan.grader(self.title, self.name)
            if isinstance(plan, PlainPlan)
            else tests.grader(plan, self.title, self.notebook.grader, self.name)
        )

    def note(self, kind: Literal["claimed", "left out", "vacuous"], check: str, what: str) -> Note:
        """Return a note on the check called *check*: where its author wrote it, and what."""
        found = next((one for one in self.plan.checks if one.name == check), None)
        if found is not None and found.file:
            return Note(kind, found.file, found.cell, f"line {found.line}: {what}")
        return Note(kind, self.name, self.notebook.place(found.cell) if found is not None else 0, what)

    def solution(self) -> str:
        """Return the reference solution: the instructor's cells."""
        parts = [f'"""{tests.sentence(self.title)}: reference solution. Each part replaces the exercise\'s cell."""\n']
        for cell in self.notebook.cells:
            if cell.number in self.exercises:
                try:
                    source = tests.python(cell.source)[0]
                except SyntaxError:
                    source = cell.shown
                parts.append(f"# %% {self.exercises[cell.number]}\n{source.strip(chr(10)) or 'pass'}\n")
        return "\n".join(parts)

    def feedback(self) -> str:
        """Return a hint bank to be filled."""
        lines = [f"# {tests.sentence(self.title)}: what to say when somebody is stuck.", "# Give each exercise one to four hints:"]
        for exercise in dict.fromkeys(self.exercises.values()):
            lines += ["#", f"# [exercise.{exercise}]", '# hints = ["Which line decides what comes out?"]']
        return "\n".join(lines) + "\n"

    def by_hand(self) -> str:
        """Return what whoever grades by hand should know: reference answers and mark schemes; "" where nothing is graded so."""
        parts = []
        for cell in self.notebook.cells:
            if cell.role in {"manual", "task"}:
                answer = cell.source if cell.role == "manual" and cell.source != cell.shown else ""
                fenced = f"```python\n{answer}\n```" if cell.kind == "code" and answer else answer
                said = [f"## {self.exercises.get(cell.number, cell.grade_id)} ({cell.points:g} points)", fenced, cell.scheme]
                parts.append("\n\n".join(filter(None, said)))
        return f"# {self.title}: answers that a person reads\n\n" + "\n\n".join(parts) + "\n" if parts else ""


def _exercises(cells: Sequence[Cell], name: str, notes: list[Note]) -> dict[int, str]:
    """Return an id for each cell that a learner fills with code, nbgrader's own where it can be one."""
    exercises: dict[int, str] = {}
    known: dict[str, str] = {}
    for cell in cells:
        if cell.role not in {"answer", "manual"} or cell.kind != "code":
            continue
        if cell.grade_id in known:
            exercises[cell.number] = known[cell.grade_id]
            continue
        made = re.sub("[^a-z0-9_-]+", "-", cell.grade_id.lower()).strip("-")
        made = made if made[:1].isalpha() else f"exercise-{made}"
        found, times = made[:70], 1
        while found in exercises.values() or not EXERCISE_ID.fullmatch(found):
            times += 1
            found = f"{made[:60]}-{times}"
        if found != cell.grade_id:
            notes.append(Note("changed", name, cell.cell, f'the exercise "{cell.grade_id}" is called "{found}" here.'))
        exercises[cell.number] = known[cell.grade_id] = found
    return exercises


def _write(texts: Mapping[Path, str], beside: Mapping[Path, bytes], lessons: Sequence[Lesson]) -> None:
    """Write all, or nothing if any of it is there already."""
    taken = next((path for path in (*texts, *beside, *(lesson.path for lesson in lessons)) if os.path.lexists(path)), None)
    if taken is not None:
        raise HornbookError(
            f"{printable(taken)}: is there already, and nothing is ever overwritten. Move it away, or import --into elsewhere."
        )
    try:
        for path in (*texts, *beside, *(lesson.path for lesson in lessons)):
            path.parent.mkdir(parents=True, exist_ok=True)
        for path, text in texts.items():
            with path.open("x", encoding="utf-8", newline="\n") as file:
                file.write(text)
        for path, data in beside.items():
            path.write_bytes(data)
    except OSError as error:
        where = printable(error.filename or "the course")
        raise HornbookError(f"{where}: cannot be made ({error.strerror}). Choose a folder that you may write to.") from error
    for lesson in lessons:
        write_lesson(lesson)


# --- The proof -------------------------------------------------------------------------------------------------------


def _tried(course: Course, made: _Lesson, notes: list[Note], *, run: bool, tell: Callable[[str], None]) -> Made:
    """Return what became of *made*, with its reference solution graded; checks that only the kernel can run are moved there."""
    reasons = {check.name: check.reason for check in made.plan.checks if check.reason}
    solved = any(cell.solved for cell in made.notebook.cells if cell.role == "answer")
    solution: Literal["passes", "does not pass", "is missing", "was not run"] = "was not run" if solved else "is missing"
    tell(f"{made.name}: the solution is graded")
    verdict = _first_verdict(course, made, notes) if run and solved else None
    if verdict is not None:
        # Of a test with several values, all are asked at one place.
        failing = {_whole(outcome.check): outcome.message for outcome in _unpassed(verdict)}
        known = {check.name for check in made.plan.checks}
        tried = {
            name: f"on the trusted side the solution does not pass: {message[:150]}"
            for name, message in failing.items()
            if name in known and name not in reasons
        }
        if tried:
            verdict, moved = _moved(course, made, tried)
            reasons |= moved
        left = _unpassed(verdict)
        solution = "does not pass" if left else "passes"
        for outcome in left:
            what = f"{outcome.check} does not pass with the solution, here or in the kernel: {outcome.message}"
            notes.append(made.note("left out", _whole(outcome.check), what))
    elif not solved:
        where = "Import source/, or write them" if made.notebook.grader != "pytest" else "Write them"
        what = f"it has no solutions, so nothing could be tried. {where} into the .solution.py."
        notes.append(Note("changed", made.name, 0, what))
    checks = made.plan.checks
    for check in checks:
        if check.name in reasons:
            what = f"{check.name} is decided by the learner's own kernel, and says so: {reasons[check.name].rstrip('.')}."
            notes.append(made.note("claimed", check.name, what))
    text = course.grader(made.slug).read_text("utf-8")
    scored = {check.name for check in checks if check.scored}
    for found in vacuous(text):
        if found.check in scored and found.what.startswith("it asserts nothing"):
            continue
        whole = next((check.name for check in checks if check.name.rpartition("::")[2] == found.check), found.check)
        notes.append(made.note("vacuous", whole, f"{found.check}: {found.what} {found.way_out}"))
    manual = sum(cell.points for cell in made.notebook.cells if cell.role in {"manual", "task"})
    points, number = sum(check.points for check in checks), len(checks)
    if verdict is not None and isinstance(made.plan, PlainPlan):
        # What a test is worth, and with how many values it is asked, is known since it was asked.
        points, number = verdict.points.possible, len(verdict.outcomes)
    return Made(made.slug, made.name, points, manual, number, len(reasons), solution)


def _unpassed(verdict: Verdict) -> list[Outcome]:
    """Return the outcomes that are neither passed nor, because the check's author says so, skipped."""
    return [outcome for outcome in verdict.outcomes if not outcome.passed and outcome.status is not Status.SKIPPED]


def _whole(check: str) -> str:
    """Return the name of a check without the values that it was asked with."""
    return check.partition("[")[0]


def _first_verdict(course: Course, made: _Lesson, notes: list[Note]) -> Verdict | None:
    """Return the verdict on the solution of *made*; None, and a note that says why, where its grader cannot be asked as it is."""
    try:
        return _graded(course, made)
    except CourseError as error:
        notes.append(Note("left out", made.name, 0, f"what was made of it cannot be graded yet. {error}"))
        return None


def _graded(course: Course, made: _Lesson) -> Verdict:
    from hornbook.grading import grade  # noqa: PLC0415 - brings the sandbox along

    lesson = course.lesson(made.slug)
    return grade(fill(lesson, read_solution(course.solution(made.slug))), course, lesson=lesson)


def _moved(course: Course, made: _Lesson, tried: Mapping[str, str]) -> tuple[Verdict, dict[str, str]]:
    """Ask the checks in *tried* in the kernel; return the verdict of that, and which of them stay there because they pass."""
    path = course.grader(made.slug)
    path.write_text(made.grader(tried), "utf-8")
    verdict = _graded(course, made)
    failing = {_whole(outcome.check) for outcome in _unpassed(verdict)}
    moved = {name: reason for name, reason in tried.items() if name not in failing}
    if moved != tried:
        path.write_text(made.grader(moved), "utf-8")
        verdict = _graded(course, made)
    return verdict, moved
