"""Writes lessons as source notebooks of nbgrader's: solutions between its markers, checks as its test cells, hidden ones hidden.

    export_nbgrader(course, slugs, to) -> Export        to/source/<assignment>/<slug>.ipynb, and what there is to tell

What was a test cell of nbgrader's becomes that cell again. A check that was written for hornbook becomes a cell that brings what the check
needs of its grader, and a few lines in which `submission` is the notebook itself: there, as with all of nbgrader's tests, the learner's
kernel decides.
"""

from __future__ import annotations

import ast
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

from hornbook.errors import HornbookError, printable
from hornbook.exchange.cells import Code
from hornbook.exchange.material import Note
from hornbook.exchange.nbgrader import SCHEMA
from hornbook.lesson import check_name, read_solution

if TYPE_CHECKING:
    from pathlib import Path

    from hornbook.course import Course
    from hornbook.lesson import Lesson

STANDS_FOR: Final = '''\
import pytest


class _Notebook:
    """What hornbook's checks ask: here, the notebook itself."""

    raises = staticmethod(pytest.raises)

    def __getattr__(self, name):
        if name in globals():
            return globals()[name]
        raise AttributeError(f"the notebook has no {name}")


submission = _Notebook()
'''
WITHOUT_DEADLINES: Final = """\
import hypothesis

hypothesis.settings.register_profile("notebook", deadline=None, database=None)
hypothesis.settings.load_profile("notebook")
"""

ASKED_OTHERWISE: Final = frozenset({"cell", "figure", "figures", "stdin", "stdout", "with_parameters", "equal", "evaluate", "run"})
"""What the `submission` of a check can do and a notebook cannot."""

_AT_THE_TOP = re.compile(r"^# (from\s+[\w.]+\s+import\s+\*)  \(it stands at the top\)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Export:
    """What was written, and what there is to tell of it."""

    files: tuple[str, ...]
    notes: tuple[Note, ...]
    format: Literal[1] = field(default=1)


def export_nbgrader(course: Course, slugs: Sequence[str], to: Path) -> Export:
    """Write the lessons *slugs* of *course*, all if there is none, as nbgrader's source notebooks below *to*.

    Nothing is ever overwritten, and nothing is written where one of them cannot be. Raises HornbookError for that, and CourseError for a
    lesson without grader or solution.
    """
    notes: list[Note] = []
    files: dict[Path, bytes] = {}
    for slug in slugs or course.slugs:
        lesson = course.lesson(slug)
        within = lesson.path.relative_to(course.root / "lessons").parent
        assignment = "_".join(within.parts) or slug
        exporting = _Exporting(lesson, course.grader(slug), read_solution(course.solution(slug)), notes)
        notebook = exporting.notebook()
        files[to / "source" / assignment / f"{slug}.ipynb"] = (json.dumps(notebook, ensure_ascii=False, indent=1) + "\n").encode()
    taken = next((path for path in files if os.path.lexists(path)), None)
    if taken is not None:
        raise HornbookError(
            f"{printable(taken)}: is there already, and nothing is ever overwritten. Move it away, or export --to elsewhere."
        )
    try:
        for path, data in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
    except OSError as error:
        where = printable(error.filename or to)
        raise HornbookError(f"{where}: cannot be made ({error.strerror}). Choose a folder that you may write to.") from error
    return Export(tuple(printable(path) for path in files), tuple(notes))


class _Exporting:
    """One lesson on its way out."""

    def __init__(self, lesson: Lesson, grader: Path, solution: Mapping[str, tuple[str, ...]], notes: list[Note]) -> None:
        self.lesson = lesson
        self.grader = grader
        self.solution = solution
        self.notes = notes
        self.text = grader.read_text("utf-8")
        self.lines = self.text.split("\n")
        self.tree = ast.parse(self.text)
        self.checks = {node.name: node for node in self.tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")}
        self.given = {node.name for node in self.tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("given_")}

    def note(self, place: str, what: str) -> None:
        self.notes.append(Note("left out", self.lesson.path.name, 0, f"{place}: {what}"))

    def notebook(self) -> dict[str, Any]:
        """Return the source notebook."""
        made = self.lesson.to_notebook()
        shown = {check_name(grade_id): grade_id for grade_id in self.lesson.test_cells}
        cells: list[dict[str, Any]] = []
        seen: dict[str, int] = {}
        last = {exercise.cells[-1]: exercise.id for exercise in self.lesson.exercises.values()}
        for position, cell in enumerate(made["cells"]):
            exercise = self.lesson.cells[position].exercise
            said = cell["metadata"].get("nbgrader", {})
            cell["metadata"].pop("hornbook", None)
            if exercise is not None:
                cell["source"] = self.answered(exercise, position, seen.get(exercise, 0))
                seen[exercise] = seen.get(exercise, 0) + 1
            elif said.get("grade") is True and check_name(str(said.get("grade_id"))) in self.checks:
                cell["source"] = self.cell_again(self.checks[check_name(said["grade_id"])])
                cell["metadata"]["tags"] = [tag for tag in cell["metadata"].get("tags", []) if tag != "show"]
            elif cell["cell_type"] == "code" and re.fullmatch(r"(?:\s*#.*\n)*\s*%load_ext hornbook\s*", cell["source"]):
                continue
            cells.append(cell)
            if position in last:
                cells += self.tests(last[position], shown)
        made["metadata"].pop("hornbook", None)
        return {**made, "cells": cells}

    def answered(self, exercise: str, position: int, number: int) -> str:
        """Return the solution of one cell of *exercise*, between nbgrader's markers where it differs from what is shipped."""
        cell = self.lesson.cells[position]
        solved = self.solution.get(exercise, ())
        if number >= len(solved):
            self.note(exercise, "has no solution, so its cell is as learners get it.")
            return cell.source
        if cell.manual is not None:
            return solved[number]
        ours, theirs = solved[number].split("\n"), cell.source.rstrip("\n").split("\n")
        before = 0
        while before < min(len(ours), len(theirs)) and ours[before] == theirs[before]:
            before += 1
        after = 0
        while after < min(len(ours), len(theirs)) - before and ours[-1 - after] == theirs[-1 - after]:
            after += 1
        region = ours[before : len(ours) - after]
        if not any(line.strip() for line in region):
            before, after, region = 0, 0, ours
        first = next(line for line in region if line.strip())
        indent = first[: len(first) - len(first.lstrip())]
        end = ours[len(ours) - after :] if after else []
        return "\n".join([*ours[:before], f"{indent}### BEGIN SOLUTION", *region, f"{indent}### END SOLUTION", *end])

    def cell_again(self, check: ast.FunctionDef) -> str:
        """Return the test cell that the function *check* was."""
        docstring, *rest = check.body
        statements = [node for node in rest if not isinstance(node, ast.Global)]
        head = [node for node in check.body if node is docstring or isinstance(node, ast.Global)]
        begin = max((node.end_lineno or 0) for node in head)
        inside = _inside_texts(check)
        end = check.end_lineno or 0
        while end < len(self.lines) and self.lines[end].startswith("    #"):
            end += 1  # what is said after the last statement is the cell's, too: a marker
        lines = [line if number in inside else line.removeprefix("    ") for number, line in enumerate(self.lines[begin:end], begin + 1)]
        if statements and isinstance(statements[-1], ast.Return):
            at = statements[-1].lineno - begin - 1
            lines[at] = lines[at].replace("return ", "", 1)
        sentence = "\n".join(self.lines[docstring.lineno - 1 : docstring.end_lineno]).strip()
        return _AT_THE_TOP.sub(r"\1", "\n".join([sentence, *lines]))

    def tests(self, exercise: str, shown: Mapping[str, str]) -> Iterator[dict[str, Any]]:
        """Yield a test cell for each check of *exercise* that no cell of the notebook is."""
        for check in self.checks.values():
            marks = _marks(check)
            said = marks.get("exercise")
            if said is None or not said.args or ast.unparse(said.args[0]).strip("'\"") != exercise or check.name in shown:
                continue
            points, hidden = _worth(marks)
            if "assert_cell" in marks or not points:
                # The part that learners see of a cell that is there, or something that is worth nothing.
                continue
            why = self._cannot(check, marks)
            if why:
                self.note(check.name, why)
                continue
            source = self.for_a_notebook(check)
            if hidden:
                source = f"### BEGIN HIDDEN TESTS\n{source}\n### END HIDDEN TESTS"
            nbgrader = {
                "schema_version": SCHEMA,
                "grade": True,
                "grade_id": check.name,
                "locked": True,
                "solution": False,
                "task": False,
                "points": points,
            }
            yield {
                "cell_type": "code",
                "id": f"check-{check.name.replace('_', '-')}"[:64],
                "metadata": {"nbgrader": nbgrader},
                "source": source,
                "outputs": [],
                "execution_count": None,
            }

    def _cannot(self, check: ast.FunctionDef, marks: Mapping[str, ast.Call]) -> str:
        """Return why *check* cannot stand in a notebook, or ""."""
        if "parametrize" in marks or "parameters" in marks:
            return "is asked with one set of values after the other; nbgrader has no such cell, so it was left out. Write a loop."
        arguments = [argument.arg for argument in check.args.args]
        others = set(arguments) - {"submission", "rng"} if not _draws(check) else set()
        if others or "submission" not in arguments:
            return f"takes {', '.join(sorted(others)) or 'no submission'}, which only pytest can give it, so it was left out."
        for node in ast.walk(check):
            if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "submission" and node.attr in ASKED_OTHERWISE:
                return f"asks for submission.{node.attr}, which a notebook cannot answer, so it was left out."
        return ""

    def for_a_notebook(self, check: ast.FunctionDef) -> str:
        """Return a cell that asks *check*: what it needs of its grader, the check, and a call of it."""
        wanted = {node.id for node in ast.walk(check) if isinstance(node, ast.Name)}
        needed: list[ast.stmt] = []
        for node in reversed(self.tree.body):
            if node is check or (isinstance(node, ast.FunctionDef) and (node.name in self.checks or node.name in self.given)):
                continue
            code = Code.of(ast.unparse(node))
            if code.binds & wanted and not code.binds <= {"pytest"}:
                needed.append(node)
                wanted |= code.loads
        parts = [STANDS_FOR, *([WITHOUT_DEADLINES] if _draws(check) else [])]
        parts += [self._lines(node) for node in reversed(needed)]
        decorators = [one for one in check.decorator_list if not ast.unparse(one).startswith("pytest.mark.")]
        begin = min((one.lineno for one in decorators), default=check.lineno)
        parts.append("\n".join(line for line in self.lines[begin - 1 : check.end_lineno] if not line.startswith("@pytest.mark.")))
        arguments = [argument.arg for argument in check.args.args]
        rng = ", rng=__import__('random').Random(0)" if "rng" in arguments else ""
        parts.append(f"{check.name}(submission=submission{rng})")
        return "\n\n".join(part.strip("\n") for part in parts)

    def _lines(self, node: ast.stmt) -> str:
        first = min([node.lineno, *(one.lineno for one in getattr(node, "decorator_list", ()))])
        return "\n".join(self.lines[first - 1 : node.end_lineno])


def _marks(check: ast.FunctionDef) -> dict[str, ast.Call]:
    """Return the markers of *check* by name, each as a call."""
    marks = {}
    for one in check.decorator_list:
        call = one if isinstance(one, ast.Call) else ast.Call(one, [], [])
        name = ast.unparse(call.func)
        if name.startswith("pytest.mark."):
            marks[name.removeprefix("pytest.mark.")] = call
    return marks


def _worth(marks: Mapping[str, ast.Call]) -> tuple[float, bool]:
    """Return how many points a check with *marks* is worth, and whether it is hidden."""
    said = {word.arg: ast.literal_eval(word.value) for word in marks["exercise"].keywords}
    points = ast.literal_eval(marks["points"].args[0]) if "points" in marks else 1
    return float(said.get("points", points)), bool(said.get("hidden", False)) or "hidden" in marks


def _draws(check: ast.FunctionDef) -> bool:
    """Whether hypothesis makes up what *check* asks."""
    return any(ast.unparse(one).partition("(")[0].rpartition(".")[2] == "given" for one in check.decorator_list)


def _inside_texts(check: ast.FunctionDef) -> set[int]:
    """Return the lines of *check* that begin inside a text: they were never indented."""
    inside: set[int] = set()
    for node in ast.walk(check):
        if isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str | bytes)):
            inside.update(range(node.lineno + 1, (node.end_lineno or node.lineno) + 1))
    return inside
