"""Scores as other systems take them: tables for Canvas and Moodle, documents for Gradescope, exercism and whoever posts them by LTI.

scores = Scores.of(entries)                   the best of each learner in each lesson
canvas(scores, Roster.read(path))             a table for the gradebook's import
gradescope(entry), exercism(entry)            one document for one notebook
lti(scores)                                   line items with their scores, in the shapes of LTI Assignment and Grade Services 2.0
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from hornbook.errors import HornbookError, printable
from hornbook.grading.journal import Entry
from hornbook.model import Outcome, Status
from hornbook.reports import number, said, short
from hornbook.reports.tables import rows

CANVAS: Final = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")
"""What Canvas tells people by, in its own order; its export of a gradebook has them all."""

MOODLE: Final = ("Username", "ID number", "Email address", "First name", "Last name", "Full name", "Identifier")
"""What Moodle may tell people by; its import asks which column to take."""

PACKED: Final = (
    # Moodle's "download all submissions" makes folders of this name,
    re.compile(r"(?P<name>.+)_(?P<number>\d+)_assignsubmission_\w*"),
    # and Canvas's files of this one.
    re.compile(r"(?P<name>[^_]+)(?:_LATE)?_(?P<id>\d+)_\d+_.*", re.DOTALL),
)


@dataclass(slots=True)
class Lesson:
    """A lesson's column: its title, and how many points it has."""

    slug: str
    title: str
    possible: float = 0.0


@dataclass(frozen=True, slots=True)
class Score:
    """One learner's points in one lesson, what there is to say of them, and whether some are `pending`: held up, or for a person."""

    earned: float
    possible: float
    remark: str
    at: datetime
    pending: bool


@dataclass(slots=True)
class Scores:
    """The best score of each learner in each lesson, by learner and slug. A refused file belongs to no lesson, and has none."""

    lessons: dict[str, Lesson] = field(default_factory=dict)
    best: dict[str, dict[str, Score]] = field(default_factory=dict)

    @classmethod
    def of(cls, entries: Iterable[Entry]) -> Scores:
        """Return the scores in *entries*."""
        scores = cls()
        for entry in entries:
            scores.add(entry)
        return scores

    def add(self, entry: Entry) -> None:
        """Count one more; of several of one learner in one lesson that with most points counts."""
        verdict = entry.verdict
        if verdict is None:
            return
        lesson = self.lessons.setdefault(verdict.lesson.slug, Lesson(verdict.lesson.slug, verdict.lesson.title))
        # Checks that are broken, or do not apply, are in no sum; whoever has all of them says what the lesson has.
        lesson.possible = max(lesson.possible, verdict.points.possible)
        of_learner = self.best.setdefault(entry.learner, {})
        before = of_learner.get(verdict.lesson.slug)
        if before is None or verdict.points.earned > before.earned:
            points = verdict.points
            pending = bool(verdict.broken or verdict.manual)
            of_learner[verdict.lesson.slug] = Score(points.earned, points.possible, said(entry), verdict.started, pending)


# --- Tables ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Roster:
    """Who there is, as the other system has exported it: the columns that tell people apart, and a row of them for each."""

    name: str
    header: tuple[str, ...]
    people: tuple[dict[str, str], ...]

    @classmethod
    def read(cls, path: Path) -> Roster:
        """Return the roster in the CSV file at *path*; raise HornbookError where it is none."""
        try:
            text = path.read_text("utf-8-sig")
            table = csv.DictReader(io.StringIO(text, newline=""), strict=True)
            people = tuple({key: value or "" for key, value in row.items() if isinstance(key, str)} for row in table)
        except OSError as error:
            raise HornbookError(f"{printable(path)}: cannot be read ({error.strerror}).") from error
        except (UnicodeDecodeError, csv.Error) as error:
            raise HornbookError(f"{printable(path)}: is no CSV in UTF-8 ({printable(str(error))}). Export it again.") from error
        header = tuple(table.fieldnames or ())
        if not set(header) & {*CANVAS, *MOODLE}:
            raise HornbookError(f"{printable(path)}: has no column that tells people apart, such as {CANVAS[3]} or {MOODLE[0]}.")
        return cls(printable(path), header, people)

    def find(self, learner: str, columns: Sequence[str]) -> dict[str, str] | None:
        """Return the person whom one of *columns* calls *learner*, or None; raise HornbookError where that may be several."""
        # Nobody is called nothing, though many a cell is empty.
        wanted = {_folded(name) for name in _names(learner)} - {""}
        found = [person for person in self.people if any(_folded(person.get(column, "")) in wanted for column in columns)]
        if len(found) > 1:
            raise HornbookError(f"{self.name}: {len(found)} rows may be {printable(learner)}. Leave those out that are not.")
        return found[0] if found else None


def canvas(scores: Scores, roster: Roster | None, missing: list[str]) -> Iterator[str]:
    """Yield a table for Canvas's gradebook, for those in *roster*, or for all by their login; who is not there is put into *missing*."""
    columns = {slug: _canvas_column(lesson.title, roster) for slug, lesson in scores.lessons.items()}
    yield from rows([(*CANVAS, *columns.values())])
    yield from rows([("    Points Possible", "", "", "", "", *(_points(lesson.possible) for lesson in scores.lessons.values()))])
    for person, earned in _people(scores, roster, CANVAS, missing):
        whole = person or {"Student": earned[0], "SIS Login ID": earned[0]}
        yield from rows([(*(whole.get(column, "") for column in CANVAS), *_cells(scores, earned[1]))])


def moodle(scores: Scores, roster: Roster | None, missing: list[str]) -> Iterator[str]:
    """Yield a table for Moodle's import of grades, a column for each lesson's points and one for what there is to say."""
    known = [column for column in MOODLE if roster is None or column in roster.header] if roster else [MOODLE[0]]
    titles = [title for lesson in scores.lessons.values() for title in (lesson.title, f"{lesson.title} (feedback)")]
    yield from rows([(*known, *titles)])
    for person, (learner, found) in _people(scores, roster, MOODLE, missing):
        whole = person or {MOODLE[0]: learner}
        cells: list[str | float] = []
        for slug, cell in zip(scores.lessons, _cells(scores, found), strict=True):
            cells += [cell, found[slug].remark if slug in found else ""]
        yield from rows([(*(whole.get(column, "") for column in known), *cells)])


def _people(
    scores: Scores, roster: Roster | None, columns: Sequence[str], missing: list[str]
) -> Iterator[tuple[dict[str, str] | None, tuple[str, dict[str, Score]]]]:
    for learner, found in sorted(scores.best.items()):
        person = roster.find(learner, columns) if roster else None
        if roster and person is None:
            missing.append(learner)
        else:
            yield person, (learner, found)


def _cells(scores: Scores, found: dict[str, Score]) -> Iterator[str | float]:
    for slug in scores.lessons:
        score = found.get(slug)
        # An empty cell changes nothing: neither what was not handed in, nor what was held up or waits for a person.
        yield "" if score is None or score.pending else _points(score.earned)


def _points(value: float) -> float:
    text = number(value)
    return float(text) if "." in text else int(text)


def _canvas_column(title: str, roster: Roster | None) -> str:
    """Return the column of that *title*: with Canvas's number where the roster has one, so that no second assignment is made."""
    numbered = re.compile(rf"{re.escape(title)} \(\d+\)")
    return next((column for column in roster.header if numbered.fullmatch(column)), title) if roster else title


def _names(learner: str) -> Iterator[str]:
    yield learner
    for pattern in PACKED:
        if packed := pattern.fullmatch(learner):
            groups = packed.groupdict()
            yield groups["name"]
            if "number" in groups:
                yield f"Participant {groups['number']}"
            if "id" in groups:
                yield groups["id"]


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).strip().casefold()


# --- Documents ---------------------------------------------------------------------------------------------------------


def lti(scores: Scores) -> list[dict[str, Any]]:
    """Return a line item for each lesson, with the scores to post to it.

    Source: LTI Assignment and Grade Services 2.0, https://www.imsglobal.org/spec/lti-ags/v2p0. `userId` is the learner as we know
    them; whoever posts them knows what the platform calls them.
    """
    return [
        {
            "lineItem": {"label": lesson.title, "resourceId": slug, "scoreMaximum": lesson.possible or 1},
            "scores": [_score(learner, found[slug]) for learner, found in sorted(scores.best.items()) if slug in found],
        }
        for slug, lesson in scores.lessons.items()
    ]


def _score(learner: str, score: Score) -> dict[str, Any]:
    document: dict[str, Any] = {
        "userId": learner,
        "timestamp": score.at.astimezone(UTC).isoformat(timespec="milliseconds"),
        "activityProgress": "Submitted",
        "gradingProgress": "PendingManual",
        "comment": score.remark,
    }
    if not score.pending:
        document |= {"activityProgress": "Completed", "gradingProgress": "FullyGraded"}
        document |= {"scoreGiven": score.earned, "scoreMaximum": score.possible or 1}
    return document


def gradescope(entry: Entry) -> dict[str, Any]:
    """Return what Gradescope reads of *entry* from /autograder/results/results.json.

    Source: https://gradescope-autograders.readthedocs.io/en/latest/specs/. Texts are text there, and what is hidden is not shown before
    grades are.
    """
    if entry.verdict is None:
        return {"score": 0, "output": said(entry), "output_format": "text", "tests": []}
    tests = [
        {
            "name": outcome.title,
            "name_format": "text",
            "score": outcome.earned,
            "max_score": outcome.points,
            "status": "passed" if outcome.passed else "failed",
            "output": "" if outcome.hidden else _told(outcome),
            "output_format": "text",
            "visibility": "after_published" if outcome.hidden else "visible",
        }
        for outcome in entry.verdict.outcomes
        if outcome.status not in {Status.BROKEN, Status.SKIPPED}
    ]
    return {
        "score": entry.verdict.points.earned,
        "execution_time": round(entry.verdict.seconds, 3),
        "output": said(entry) if entry.verdict.broken else "",
        "output_format": "text",
        "tests": tests,
    }


def exercism(entry: Entry) -> dict[str, Any]:
    """Return what exercism reads of *entry* from results.json, version 3.

    Source: https://exercism.org/docs/building/tooling/test-runners/interface.
    A task is an exercise; of hidden checks nothing is told but whether they pass.
    """
    verdict = entry.verdict
    if verdict is None or verdict.broken or not verdict.outcomes:
        return {"version": 3, "status": "error", "message": said(entry) or "No check could be asked."}
    tasks = {exercise: number for number, exercise in enumerate(dict.fromkeys(one.exercise for one in verdict.outcomes), 1)}
    tests = [
        {
            "name": outcome.title,
            "test_code": short(outcome.asked or outcome.title),
            "status": "pass" if outcome.passed else "fail",
            "task_id": tasks[outcome.exercise],
            **({} if outcome.passed else {"message": _told(outcome) or outcome.title}),
            **({"output": printable(outcome.printed[:499])} if outcome.printed else {}),
        }
        for outcome in verdict.outcomes
        if not outcome.hidden and outcome.status is not Status.SKIPPED
    ]
    for exercise in dict.fromkeys(one.exercise for one in verdict.outcomes if one.hidden):
        failed = sum(one.hidden and one.exercise == exercise and not one.passed for one in verdict.outcomes)
        test = {"name": "Hidden checks", "test_code": "What they ask is not shown.", "status": "fail" if failed else "pass"}
        tests.append({**test, "task_id": tasks[exercise], **({"message": "Not all of them have passed."} if failed else {})})
    return {"version": 3, "status": "pass" if verdict.passed_so_far else "fail", "tests": tests}


def _told(outcome: Outcome) -> str:
    """Return what is said of a check that is not hidden, line by line."""
    shown = (("asked", outcome.asked), ("came", outcome.came), ("expected", outcome.expected))
    hint = outcome.hints[0].text if outcome.hints else ""
    lines = [outcome.message, *(f"{name}: {value}" for name, value in shown if value), hint if hint != outcome.message else ""]
    return "\n".join(short(line) for line in lines if line)
