"""The main job, shown on a course's own lessons: five submissions, graded and answered.

    examples(course)      the five, made from lessons, reference solutions and a known mistake
    show_all(course)      grade each and show what comes of it, with a line at the end for each file

A learner who has finished, one who is half-way, one who made a mistake that the lesson knows, one who cheats by taking every
`assert` out of whatever runs, and one whose code never ends.
"""

from __future__ import annotations

import ast
import contextlib
import functools
import json
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from hornbook.errors import HornbookError, printable
from hornbook.lesson import read_solution
from hornbook.model import Status

if TYPE_CHECKING:
    from rich.console import RenderableType

    from hornbook.course import Course
    from hornbook.feedback import Misconception
    from hornbook.lesson import Lesson
    from hornbook.model import Verdict

SEED = 1
"""What the hidden checks draw is the same each time, so that two demos can be compared."""

SECONDS = 3.0
"""How long a cell and a check may take here: nobody wants to watch a loop that never ends for longer."""

CHEAT = '''\
import ast


class NoMoreQuestions(ast.NodeTransformer):
    """Take every assert out of whatever runs from now on."""

    def visit_Assert(self, node):
        return ast.copy_location(ast.Pass(), node)


get_ipython().ast_transformers.append(NoMoreQuestions())


class Agreeable:
    """Equal to everything."""

    def __eq__(self, other):
        return True
'''

LOOP = """\


rounds = 1
while rounds > 0:
    rounds = rounds + 1
"""

Sources = Mapping[str, str | tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Example:
    """A submission for show: what its learner did, the answers, a piece of them worth seeing, and what must come of it."""

    name: str
    story: str
    lesson: Lesson
    sources: Sources
    as_it_should: Callable[[Verdict], bool]
    excerpt: str = ""


def examples(course: Course) -> tuple[Example, ...]:
    """Return the examples that the lessons of *course* allow, different lessons where there are enough of them.

    Raises HornbookError if there is no lesson at all.
    """
    lessons = course.lessons
    if not lessons:
        raise HornbookError(f"{printable(course.root)}: has no lesson to show. `hornbook new lesson SLUG` makes one.")
    # Four exercises show best that a loop in the second costs only the second.
    endless = next((lesson for lesson in lessons if lesson.slug == "secret_messages"), max(lessons, key=_size))
    others = [lesson for lesson in lessons if lesson is not endless] or [endless]
    passing, half, mistaken, cheating = (others[place % len(others)] for place in (0, 1, 2, -1))
    made = [_passing(course, passing)]
    if _size(half) > 1:
        made.append(_half(course, half))
    made += _mistaken(course, (mistaken, *others))
    made.append(_cheating(cheating))
    if _size(endless) > 1:
        made.append(_endless(course, endless))
    return tuple(made)


def show_all(
    course: Course,
    *,
    graded: Callable[[str, Callable[[], Verdict]], Verdict],
    show: Callable[[RenderableType], None],
    keep: Path | None = None,
) -> bool:
    """Grade the examples of *course* one after the other, *show* each verdict, and return whether all is as it should be.

    *graded* is given words and the work to do, so that it can say what takes so long. The notebooks are written into the
    folder *keep*, or else into one that is removed at the end.
    """
    from rich.text import Text  # noqa: PLC0415 - heavy

    from hornbook.grading import grade  # noqa: PLC0415 - heavy
    from hornbook.sandbox.forkserver import ForkServers  # noqa: PLC0415 - heavy
    from hornbook.show import headline, render  # noqa: PLC0415 - heavy

    limits = replace(course.settings.limits, cell_seconds=SECONDS, check_seconds=SECONDS)
    course = replace(course, settings=replace(course.settings, limits=limits))
    told: list[tuple[Example, Path, Verdict, float]] = []
    made = examples(course)
    with _folder(keep) as folder, ForkServers() as warm:
        for number, example in enumerate(made, 1):
            path = _write(example, folder)
            show(_heading(f"{number} of {len(made)}: {example.name}", example))
            begun = time.monotonic()
            verdict = graded(f"grading {path.name}", functools.partial(grade, path, course, seed=SEED, warm=warm))
            told.append((example, path, verdict, time.monotonic() - begun))
            show(render(verdict))
            show(Text("\n"))
    show(
        _ending(
            [(path if keep else Path(path.name), headline(verdict), seconds) for _, path, verdict, seconds in told], kept=keep is not None
        )
    )
    return all(example.as_it_should(verdict) for example, _, verdict, _ in told)


# --- The five --------------------------------------------------------------------------------------------------------


def _passing(course: Course, lesson: Lesson) -> Example:
    return Example("finished", "Every exercise is done.", lesson, _solution(course, lesson), lambda verdict: verdict.passed)


def _half(course: Course, lesson: Lesson) -> Example:
    solution = _solution(course, lesson)
    done = list(lesson.exercises)[: (_size(lesson) + 1) // 2]
    return Example(
        "half done",
        f"{' and '.join(done)} {'is' if len(done) == 1 else 'are'} done, the rest is as it was given.",
        lesson,
        {exercise: solution[exercise] for exercise in done},
        lambda verdict: 0 < verdict.points.earned < verdict.points.possible,
    )


def _mistaken(course: Course, lessons: Sequence[Lesson]) -> list[Example]:
    """Return a submission with a known mistake that a visible check shows, from the first of *lessons* that has one."""
    from hornbook.feedback import Bank  # noqa: PLC0415 - heavy

    for lesson in lessons:
        bank = Bank.read(course.feedback(lesson.slug)) if course.has_feedback(lesson.slug) else Bank.empty()
        visible = _visible_checks(course.grader(lesson.slug))
        known = [one for one in bank.misconceptions if one.check in visible and one.when.actual is not None]
        if known:
            # A mistake in a late exercise has no consequences in others, which would only distract.
            order = list(lesson.exercises)
            latest = max(known, key=lambda one: order.index(visible[one.check]))
            return [_with_mistake(course, lesson, visible[latest.check], latest)]
    return []


def _with_mistake(course: Course, lesson: Lesson, exercise: str, mistake: Misconception) -> Example:
    program = mistake.program.strip("\n")
    return Example(
        "mistaken",
        f"There is a slip in {exercise}, one that the lesson knows.",
        lesson,
        {**_solution(course, lesson), exercise: program},
        lambda verdict: any(hint.misconception == mistake.name for outcome in verdict.outcomes for hint in outcome.hints),
        program,
    )


def _cheating(lesson: Lesson) -> Example:
    """Return a submission that defeats `assert` in its own process, and whose every answer claims to equal everything."""
    answers = {exercise.id: _agreeable("\n".join(exercise.sources)) for exercise in lesson.exercises.values()}
    first = next(iter(answers))
    return Example(
        "cheating",
        "No exercise is done. Instead every assert is taken out of what runs, and every answer claims to equal everything.",
        lesson,
        {**answers, first: f"{CHEAT}\n\n{answers[first]}"},
        lambda verdict: not verdict.points.earned,
        f"{CHEAT}\n\n{answers[first]}",
    )


def _endless(course: Course, lesson: Lesson) -> Example:
    solution = _solution(course, lesson)
    second = list(lesson.exercises)[1]
    source = _text(solution[second]) + LOOP

    def only_the_second(verdict: Verdict) -> bool:
        return all((outcome.status is Status.TIMED_OUT) if outcome.exercise == second else outcome.passed for outcome in verdict.outcomes)

    return Example(
        "endless",
        f"The cell of exercise 2 of {_size(lesson)}, {second}, never ends.",
        lesson,
        {**solution, second: source},
        only_the_second,
        LOOP.strip("\n"),
    )


def _size(lesson: Lesson) -> int:
    return len(lesson.exercises)


def _solution(course: Course, lesson: Lesson) -> dict[str, str | tuple[str, ...]]:
    return dict(read_solution(course.solution(lesson.slug)))


def _text(source: str | tuple[str, ...]) -> str:
    return source if isinstance(source, str) else "\n\n".join(source)


def _visible_checks(grader: Path) -> dict[str, str]:
    """Return the visible checks in the file *grader* by name, each with the exercise that its marker names."""
    found = {}
    for node in ast.parse(grader.read_text("utf-8")).body:
        if not isinstance(node, ast.FunctionDef):
            continue
        for decorator in node.decorator_list:
            match decorator:
                case ast.Call(ast.Attribute(attr="exercise"), [ast.Constant(str() as exercise)], keywords) if all(
                    keyword.arg != "hidden" for keyword in keywords
                ):
                    found[node.name] = exercise
    return found


class _Agree(ast.NodeTransformer):
    """Gives every function the answer that agrees with everything."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        body = "pass" if node.name == "__init__" else "return Agreeable()"
        node.body = ast.parse(body).body
        return node


def _agreeable(source: str) -> str:
    return ast.unparse(_Agree().visit(ast.parse(source)))


# --- Files and words -------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    if keep is None:
        with tempfile.TemporaryDirectory(prefix="hornbook-demo-") as folder:
            yield Path(folder)
        return
    try:
        keep.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise HornbookError(f"{printable(keep)}: cannot be made ({error.strerror}). Choose another folder.") from error
    yield keep


def _write(example: Example, folder: Path) -> Path:
    path = folder / f"{example.name.replace(' ', '_')}.ipynb"
    notebook = json.dumps(example.lesson.to_notebook(example.sources), ensure_ascii=False, indent=1) + "\n"
    try:
        path.write_text(notebook, encoding="utf-8")
    except OSError as error:
        raise HornbookError(f"{printable(path)}: cannot be written ({error.strerror}). Choose another folder.") from error
    return path


def _heading(title: str, example: Example) -> RenderableType:
    from rich.console import Group  # noqa: PLC0415 - heavy
    from rich.constrain import Constrain  # noqa: PLC0415
    from rich.padding import Padding  # noqa: PLC0415
    from rich.rule import Rule  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    from hornbook.show import WIDTH, safe  # noqa: PLC0415

    parts: list[RenderableType] = [Rule(safe(title, "bold"), align="left", characters="━", style="dim"), safe(example.story)]
    if example.excerpt:
        parts += [Padding(Text("\n").join(safe(line, "dim") for line in example.excerpt.split("\n")), (1, 0, 0, 4))]
    return Constrain(Group(*parts, Text()), WIDTH)


def _ending(files: Sequence[tuple[Path, str, float]], *, kept: bool) -> RenderableType:
    from rich.console import Group  # noqa: PLC0415 - heavy
    from rich.constrain import Constrain  # noqa: PLC0415
    from rich.rule import Rule  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    from hornbook.show import WIDTH, safe  # noqa: PLC0415

    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    table.add_column()
    for path, words, seconds in files:
        table.add_row(safe(str(path)), Text(f"{seconds:.1f} s"), safe(words))
    where = "They are still there." if kept else "They lay in a temporary folder, which is gone; --keep DIR keeps them."
    return Constrain(Group(Rule("The files", align="left", characters="━", style="dim"), table, safe(where, "dim")), WIDTH)
