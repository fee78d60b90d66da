"""What of a course learners must not get, as things to look for: solutions, what hidden checks ask and expect, wrong programs.

A line that learners are given anyway, in an exercise as shipped, in a hint, or in a visible check, is no secret. What is looked for is
told by its meaning, not by its layout: white space, quotation marks, brackets and capitals do not count, and neither do the names of a
function's own variables.
"""

from __future__ import annotations

import ast
import builtins
import hashlib
import os
import re
import sys
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from hornbook.course import Course
from hornbook.doctor import MIN_ASKED, MIN_TELLING, asked_by, squeeze, telling
from hornbook.feedback import Bank
from hornbook.lesson import Lesson, read_solution

MIN_SHAPE: Final = 2
"""How many statements a function or a program needs for its shape alone to tell something."""
MIN_WORD: Final = 8
"""How many characters a text of a hidden check needs to be nobody else's."""
MIN_DIGITS: Final = 5
"""How many digits a number of a hidden check needs to be nobody else's."""


@dataclass(frozen=True, slots=True)
class Withheld:
    """What to look for, each with what it is: squeezed `lines`, `words` as they are, and the `shapes` of functions and programs."""

    lines: Mapping[str, str] = field(default_factory=dict)
    words: Mapping[str, str] = field(default_factory=dict)
    shapes: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, course: Course, hidden: Mapping[str, Collection[str]], cut: Mapping[Path, str]) -> Withheld:
        """Return what is withheld of *course*, whose *hidden* checks are named by lesson; *cut* are its graders without them, by path.

        Raises `CourseError` for what cannot be read.
        """
        gathered = [_OfLesson.of(course, lesson, hidden[lesson.slug], cut[course.grader(lesson.slug)]) for lesson in course.lessons]
        given = "\n".join(one.given for one in gathered)
        visible = {name for one in gathered for name in one.visible}
        lines = {text: what for one in gathered for text, what in one.lines.items() if text not in given}
        # What another lesson's cells or visible checks say as well is a way to say it, and tells nothing of this one's hidden checks.
        said = {text for one in gathered for text in one.said}
        lines |= {text: what for one in gathered for text, what in one.asked.items() if text not in said and text not in given}
        words = {text: what for one in gathered for text, what in one.words.items() if text not in visible and squeeze(text) not in given}
        own_shapes = {shape for one in gathered for shape in one.given_shapes}
        shapes = {shape: what for one in gathered for shape, what in one.shapes.items() if shape not in own_shapes}
        return cls(lines, {**words, **_machine(course)}, shapes)

    def __len__(self) -> int:
        """Return how many things are looked for."""
        return len(self.lines) + len(self.words) + len(self.shapes)


@dataclass(frozen=True, slots=True)
class _OfLesson:
    """What is withheld of one lesson, and what is *given*, squeezed; `visible` are the names of its visible checks.

    `lines` are those of its solutions, `asked` those of its hidden checks; `said` are those of its own cells and visible checks.
    """

    lines: Mapping[str, str]
    asked: Mapping[str, str]
    said: frozenset[str]
    words: Mapping[str, str]
    shapes: Mapping[str, str]
    given: str
    given_shapes: frozenset[str]
    visible: frozenset[str]

    @classmethod
    def of(cls, course: Course, lesson: Lesson, hidden: Collection[str], cut: str) -> _OfLesson:
        slug = lesson.slug
        shipped = [source for exercise in lesson.exercises.values() for source in exercise.sources]
        bank = Bank.read(course.feedback(slug)) if course.has_feedback(slug) else Bank.empty()
        hints = [hint for ladder in bank.exercises.values() for hint in (*ladder.hints, ladder.success or "")]
        hints += [hint for one in bank.misconceptions for hint in (*one.hints, one.when.source or "")]
        solutions = {f"the solution of {slug}": answers(course.solution(slug))} if course.has_solution(slug) else {}
        solutions |= {f'the alternative "{word}" of {slug}': answers(path) for word, path in course.alternatives(slug).items()}
        programs = {f'the program of "{one.name}" in {slug}': [one.program] for one in bank.misconceptions}
        grader = course.grader(slug).read_text("utf-8")
        tests = list(_checks(tree_of(grader)))
        secret, shown = [one for one in tests if one[0] in hidden], [one for one in tests if one[0] not in hidden]
        lines = {text: f"{what}: {said}" for what, sources in solutions.items() for one in sources for text, said in telling(one).items()}
        # A constant of the lesson's own may stand in its grader as well.
        known = {*telling(cut), *(text for cell in lesson.cells if cell.exercise is None for text in telling(cell.source))}
        helping = {text: said for text, said in telling(grader).items() if text not in known}
        asked = {text: f"what only hidden checks of {slug} use: {said}" for text, said in helping.items()}
        asked |= {text: f"the hidden check {name} of {slug}: {said}" for name, test in secret for text, said in _told(test).items()}
        words = {name.rpartition("::")[2]: f"the name of a hidden check of {slug}" for name in hidden}
        # A value that visible checks use as well, or the lesson's own cells, is nobody's secret; neither is a word of Python's own.
        texts = [node.value for node in ast.walk(tree_of(cut)) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
        seen = "\n".join([cut, *texts, *(cell.source for cell in lesson.cells if cell.exercise is None)])
        values = [(text, name) for name, test in secret for text in _values(test) if text not in seen and not hasattr(builtins, text)]
        words |= {text: f"the hidden check {name} of {slug}: {text}" for text, name in values}
        shapes = {
            shape: f"{what}, with other words"
            for what, sources in {**solutions, **programs}.items()
            for source in sources
            for shape in shapes_of(source)
        }
        given = [squeeze(text) for text in hints]
        given += [text for source in shipped for text in telling(source)]
        given += [squeeze(ast.unparse(test)) for _, test in shown]
        return cls(
            lines,
            asked,
            frozenset(known),
            words,
            shapes,
            "\n".join(given),
            frozenset(shape for source in shipped for shape in shapes_of(source)),
            frozenset(name.rpartition("::")[2] for name, _ in shown),
        )


def answers(path: Path) -> list[str]:
    """Return the sources of the solution at *path*, one for each cell."""
    return [source for sources in read_solution(path).values() for source in sources]


def shapes_of(source: str) -> Iterator[str]:
    """Yield the shape of *source* as a whole and of each function in it: its syntax without docstrings, and its variables without names."""
    tree = tree_of(source)
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    for node in (*functions, tree):
        body = [one for one in node.body if not (isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant))]
        size = sum(isinstance(inner, ast.stmt) for one in body for inner in ast.walk(one))
        if size >= MIN_SHAPE and len(squeeze(ast.unparse(ast.Module(body, [])))) >= MIN_TELLING:
            yield _shape(node, body)


def _shape(node: ast.AST, body: list[ast.stmt]) -> str:
    own = {inner.id for one in body for inner in ast.walk(one) if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store)}
    own |= {inner.arg for inner in ast.walk(node) if isinstance(inner, ast.arg)}
    numbers: dict[str, str] = {}
    if isinstance(node, ast.FunctionDef):
        for argument in ast.walk(node.args):
            if isinstance(argument, ast.arg):
                numbers.setdefault(argument.arg, f"_{len(numbers)}")
    told = ast.dump(ast.Module(body, []))

    def renamed(found: re.Match[str]) -> str:
        name = found[2]
        return f"{found[1]}'{numbers.setdefault(name, f'_{len(numbers)}') if name in own else name}'"

    told = re.sub(r"(id=|arg=)'(\w+)'", renamed, told)
    # Docstrings of inner functions say nothing of what is done.
    return hashlib.sha256(re.sub(r"Expr\(value=Constant\(value=('[^']*'|\"[^\"]*\")\)\),? ?", "", told).encode()).hexdigest()


def _checks(tree: ast.Module) -> Iterator[tuple[str, ast.FunctionDef]]:
    """Yield each check of a grader with its name as pytest has it."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test"):
            yield node.name, node
        elif isinstance(node, ast.ClassDef):
            methods = [inner for inner in node.body if isinstance(inner, ast.FunctionDef) and inner.name.startswith("test")]
            yield from ((f"{node.name}::{inner.name}", inner) for inner in methods)


def _told(test: ast.FunctionDef) -> dict[str, str]:
    """Return what would give the check *test* away, squeezed, and as it is shown: its sentence, its asserts, and its other lines."""
    return {text: said for text, said in {**telling(ast.unparse(test)), **asked_by(test)}.items() if len(text) >= MIN_ASKED}


def _values(test: ast.FunctionDef) -> Iterator[str]:
    """Yield the texts and numbers in the check *test* that are hardly in anything else."""
    marks = [inner for one in test.decorator_list for inner in ast.walk(one) if "pytest.mark" in ast.unparse(one)]
    for node in ast.walk(test):
        if isinstance(node, ast.Constant) and node not in marks and node.value != ast.get_docstring(test, clean=False):
            if isinstance(node.value, str) and len(node.value) >= MIN_WORD and re.search(r"\w{3}", node.value):
                yield node.value
            elif isinstance(node.value, int | float) and len(re.sub(r"\D", "", str(node.value)).strip("0")) >= MIN_DIGITS:
                yield str(node.value)


def _machine(course: Course) -> dict[str, str]:
    """Return the paths that nobody else's machine has: the course's, Python's, and those in the home."""
    paths = {course.root: "where the course is on this machine", Path(sys.prefix): "where Python is on this machine"}
    found = {str(path): what for path, what in paths.items() if len(path.parts) > 2}  # noqa: PLR2004 - /usr is everybody's
    if len(Path.home().parts) > 1:
        found[f"{Path.home()}{os.sep}"] = "somebody's home on this machine"
    return found


def tree_of(source: str) -> ast.Module:
    """Return the syntax tree of *source*, an empty one where it is not Python."""
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ast.Module([], [])
