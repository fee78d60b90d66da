"""Asks a lesson's visible checks inside a page: the same grader, the same words and hints as everywhere, about a run from top to bottom.

    desk = Desk(course, home, tell)
    desk.check(question)                 JSON in, JSON out: a question of the page's, and the card that answers it

There is no second process, so nothing here is proof of anything: it is practice, in a browser that is the learner's own. What hangs
is ended by the page, which ends this whole Python with it, begins another, and asks again with a list of what not to wait for.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import math
import os
import random
import shutil
import sys
import time
import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, Literal, cast

from hornbook.card import Card, Progress
from hornbook.course import Course
from hornbook.errors import HornbookError
from hornbook.grading import preparation, run_checks
from hornbook.grading.sitting import Sitting
from hornbook.lesson import Lesson, ProgramCell, SubmissionFile
from hornbook.model import CellRun, SandboxReport, Status, Verdict
from hornbook.offline.cells import Asked, Loop, Shell
from hornbook.sandbox import CheckProcess
from hornbook.sandbox.canary import Strength
from hornbook.sandbox.execute import Executor, Finished, Job
from hornbook.sandbox.line import Gone, Line
from hornbook.sandbox.probe import Cell
from hornbook.words import nearest, say, speaking

BROWSER: Final = Strength("limits", SandboxReport(0, "browser"))
"""The sandbox of a check in a learner's browser: none."""

SPARE: Final = 2.0
"""How many seconds more than it may take a cell or check is waited for, before the whole of Python is ended."""

Ending = Literal["timed out", "died"]
Tell = Callable[[dict[str, Any]], object]


@dataclass(slots=True)
class Watch:
    """What the page is told before anything that could hang, so that it knows what did, and what it has found out so.

    Each such thing has a number, the same in every run of the same question.
    """

    tell: Tell
    ended: Mapping[int, Ending] = field(default_factory=dict)
    number: int = -1

    def begin(self, seconds: float) -> Ending | None:
        """Tell that the next thing begins and may take *seconds*; return how it ended before, if it has ended Python then."""
        self.number += 1
        how = self.ended.get(self.number)
        if how is None:
            self.tell({"type": "step", "step": self.number, "seconds": seconds + SPARE})
        return how


class Files:
    """The files beside a lesson, in the folder that its cells find themselves in, as new before each run."""

    def __init__(self, lesson: Lesson, home: Path) -> None:
        self.source = lesson.path.parent
        self.home = home
        self.paths = [path.relative_to(self.source) for path in preparation.files_beside(self.source)]

    def lay(self) -> None:
        """Lay them out, and be there."""
        if self.home.exists():
            os.chdir(self.home.parent)
            shutil.rmtree(self.home)
        self.home.mkdir(parents=True)
        for path in self.paths:
            (self.home / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(self.source / path, self.home / path)
        os.chdir(self.home)


class Here(Executor):
    """Runs cells in this very process, and again for each check: there is no fork that would keep a state."""

    def __init__(self, course: Course, lesson: Lesson, files: Files, watch: Watch) -> None:
        super().__init__(preparation.policy_for(course, lesson, BROWSER.mode))
        self.lay = files.lay
        self.watch = watch
        self.seed = random.getstate()

    def run(self, job: Job, *, resume: bool = False) -> Finished:  # noqa: ARG002 - there is nothing to go on from
        """Return *job* run to its end."""
        left_out: set[int] = set()
        runs, outputs, states = {}, {}, {}
        begun = time.monotonic()
        shell = self.fresh(job)
        for number, cell in enumerate(job.cells):
            seconds = min(job.seconds(cell), begun + job.limits.total_seconds - time.monotonic())
            if seconds <= 0:
                runs[number] = CellRun(cell.exercise, cell.index, stopped="timed out")
                continue
            ended = self.watch.begin(seconds) if cell.source.strip() else None
            if ended is not None:
                left_out.add(number)
                runs[number] = CellRun(cell.exercise, cell.index, stopped=ended, seconds=job.seconds(cell))
                continue
            started = time.monotonic()
            shown = shell.run(cell.source)
            runs[number] = CellRun(cell.exercise, cell.index, shown.error, shown.lines, None, round(time.monotonic() - started, 4))
            outputs[number] = shown.text
            if cell.exercise is not None and cell.last_of_exercise:
                states[cell.exercise] = Again(self, job, number, frozenset(left_out), time.monotonic() - begun)
        return Finished(tuple(runs.values()), _shown(job.cells, runs, outputs), states)

    def fresh(self, job: Job) -> Shell:
        """Return a shell in which nothing has run yet, with the files and the chance of the beginning."""
        self.lay()
        random.setstate(self.seed)
        return Shell(lambda _output: None, room=job.limits.output_kb << 10)

    def close(self) -> None:
        """There is nothing to end."""


@dataclass(frozen=True, slots=True)
class Again:
    """A state that is made again for each check: the cells up to *number*, which have taken *took* seconds."""

    executor: Here
    job: Job
    number: int
    left_out: frozenset[int]
    took: float

    def check(self, cpu_seconds: int) -> CheckProcess:
        """Return what answers a check in this state, or says how it ended where it has been asked before."""
        ended = self.executor.watch.begin(cpu_seconds + self.took * 2)
        if ended is not None:
            line = Loop(None, TimeoutError() if ended == "timed out" else Gone())
        else:
            shell = self.executor.fresh(self.job)
            for number, cell in enumerate(self.job.cells[: self.number + 1]):
                if number not in self.left_out and cell.source.strip():
                    shell.run(cell.source)
            line = cast("Loop", Asked(shell).line)
        return CheckProcess(cast("Line", line), lambda: None)

    def close(self) -> None:
        """There is nothing to end."""


def _shown(cells: tuple[ProgramCell, ...], runs: Mapping[int, CellRun], outputs: Mapping[int, str]) -> dict[str, Cell]:
    """Return each exercise's cells as one: its source, what it printed, how it failed."""
    shown: dict[str, Cell] = {}
    for number, cell in enumerate(cells):
        if cell.exercise is not None:
            before = shown.get(cell.exercise, Cell("", "", None))
            source = f"{before.source}\n{cell.source}".lstrip("\n")
            shown[cell.exercise] = Cell(source, before.output + outputs.get(number, ""), before.error or runs[number].error)
    return shown


class Desk:
    """The visible checks of *course*; cells find themselves in the folder *home*. `tell` takes what the page should know meanwhile."""

    def __init__(self, course: Course, home: Path, tell: Tell) -> None:
        self.course = course
        self.home = home
        self.tell = tell
        _stand_in()

    def check(self, question: str) -> str:
        """Return as JSON what the visible checks say about a notebook.

        The *question* is a JSON object: `slug`, `notebook` (the text of the file), `exercise` (or null for all), `language`, `done` (the
        exercises that were passed so far), and `ended`: how the steps that Python did not survive have ended, by their numbers. With
        `drawn` the answer has the card as HTML and as text, too, for where there is nothing that draws it.
        """
        asked = json.loads(question)
        language = nearest(asked.get("language") or self.course.settings.language)
        with speaking(language):
            try:
                return json.dumps(self._checked(asked, language))
            except HornbookError as error:
                title = asked.get("exercise") or self.course.settings.title
                card = Card.saying(title, str(error), language=language)
                drawn = {"text/plain": card.text(), "text/html": card.html()}
                return json.dumps({"card": card.to_json(), "done": asked["done"], "drawn": drawn})

    def _count(self, done: int, of: int) -> None:
        """Tell how many checks were asked."""
        self.tell({"type": "asked", "done": done, "of": of})

    def _checked(self, asked: Mapping[str, Any], language: str) -> dict[str, Any]:
        lesson = self.course.lesson(asked["slug"])
        exercise: str | None = asked["exercise"]
        submission = SubmissionFile.parse(asked["notebook"].encode(), Path(f"{lesson.slug}.ipynb")).submission(lesson)
        watch = Watch(self.tell, {int(number): how for number, how in asked["ended"].items()})
        sitting = Sitting.before(
            self.course,
            lesson,
            submission,
            visible_only=True,
            strength=BROWSER,
            exercise=exercise,
            executor=Here(self.course, lesson, Files(lesson, self.home), watch),
            language=language,
            tell=self._count,
        )
        with contextlib.closing(sitting):
            run_checks(self.course, lesson, [(sitting, random.getrandbits(32))])
            verdict = sitting.verdict(seed=0)
        done = _done(verdict, asked["done"])
        progress = Progress(len(done), len(lesson.exercises), next((one for one in lesson.exercises if one not in done), None))
        card = Card.of(verdict, exercise=exercise, progress=progress, language=language)
        card = replace(card, assurance=say("offline.assurance"))
        drawn = {"drawn": {"text/plain": card.text(), "text/html": card.html()}} if asked.get("drawn") else {}
        return {"card": card.to_json(), "done": done, **drawn}


def _done(verdict: Verdict, before: list[str]) -> list[str]:
    """Return the exercises that are passed now: those of *before*, but for what *verdict* says about its own."""
    counted = [outcome for outcome in verdict.outcomes if outcome.status not in {Status.BROKEN, Status.SKIPPED}]
    asked = dict.fromkeys(str(outcome.exercise) for outcome in counted)
    passed = {one for one in asked if all(outcome.passed for outcome in counted if outcome.exercise == one)}
    return [one for one in before if one not in asked] + [one for one in asked if one in passed]


def _stand_in() -> None:
    """Stand in for what grading asks for by name and a browser lacks: hypothesis where no visible check draws, and papermill.

    Of papermill only the translator is wanted, by a check that runs a notebook with other parameters. It gives plain data as Python
    writes it, but for numbers that have no literal.
    """
    if not _is_there("_hypothesis_pytestplugin"):
        sys.modules["_hypothesis_pytestplugin"] = types.ModuleType("_hypothesis_pytestplugin")
    if _is_there("papermill"):
        return

    class PythonTranslator:
        @classmethod
        def codify(cls, parameters: Mapping[str, Any], comment: str = "Parameters") -> str:
            lines = [f"{name} = {_literal(value)}" for name, value in parameters.items()]
            return "\n".join([f"# {comment}", *lines, ""])

    translators = types.ModuleType("papermill.translators")
    vars(translators)["PythonTranslator"] = PythonTranslator
    sys.modules["papermill"] = types.ModuleType("papermill")
    sys.modules["papermill.translators"] = translators


def _is_there(module: str) -> bool:
    return module in sys.modules or importlib.util.find_spec(module) is not None


def _literal(value: object) -> str:
    if isinstance(value, float) and not math.isfinite(value):
        return f"float({str(value)!r})"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_literal(key)}: {_literal(one)}" for key, one in value.items()) + "}"
    if type(value) in {list, tuple}:
        items = "".join(f"{_literal(one)}, " for one in cast("list[object]", value))
        return f"({items})" if type(value) is tuple else f"[{items}]"
    return repr(value)
