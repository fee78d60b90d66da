"""The record: every verdict that was handed out, and where each learner stands, in SQL.

    record = Record.open(default_path())
    record.grade("ada", "course", verdict)                 a notebook was handed in
    record.practise("ada", "course", "mean", verdict)      one exercise was checked on the way
    record.standing("ada", "course", "moving_average")     what came of both so far

SQLAlchemy speaks to the database: SQLite in a file of its own by default, another by its URL. A record on a learner's machine is that
learner's own; it proves nothing to others, and no grade is ever made of it.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hornbook.database import connected
from hornbook.errors import HornbookError, printable
from hornbook.model import Status, Verdict

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine, Table

FORMAT = 1

OWNER = "me"
"""The name of the learner to whom this machine belongs, where nobody signs in."""

REVIEW_AFTER = (timedelta(days=7), timedelta(days=30), timedelta(days=90))
"""When a passed lesson is worth repeating: what was repeated in time lasts longer.

Source: Cepeda et al. 2008, doi 10.1111/j.1467-9280.2008.02209.x."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one learner stands in one lesson.

    `exercises` tells of each exercise that was checked whether its last check passed, `attempts` how often the lesson was handed in,
    `passed_at` when it was last passed, and `passes` on how many days.
    """

    exercises: Mapping[str, bool] = field(default_factory=dict)
    attempts: int = 0
    passed_at: datetime | None = None
    passes: int = 0

    @property
    def review_at(self) -> datetime | None:
        """From when it is worth repeating; None where it was not passed yet."""
        if self.passed_at is None:
            return None
        return self.passed_at + REVIEW_AFTER[min(max(self.passes, 1), len(REVIEW_AFTER)) - 1]


@dataclass(frozen=True)
class Record:
    """What is remembered. Safe to share between threads, and its file between processes."""

    engine: Engine
    name: str

    @classmethod
    def open(cls, where: Path | str) -> Record:
        """Return the record in the file at, or behind the database URL *where*; it is made where there is none.

        Raises HornbookError where it cannot be read or is of a later format.
        """
        engine, name = connected(where, "record")
        record = cls(engine, name)
        record._make()
        return record

    def close(self) -> None:
        """Let go of the database."""
        self.engine.dispose()

    def grade(self, learner: str, course: str, verdict: Verdict, *, at: datetime | None = None) -> None:
        """Note what came of handing a notebook in: the verdict as it is, and where each of its exercises stands."""
        at = at or datetime.now(UTC)
        with self._writing() as connection:
            row = {
                "learner": learner,
                "course": course,
                "lesson": verdict.lesson.slug,
                "version": verdict.lesson.version,
                "at": at,
                "passed": verdict.passed,
                "earned": verdict.points.earned,
                "possible": verdict.points.possible,
                "verdict": verdict.to_json().decode(),
            }
            connection.execute(_tables()["verdict"].insert().values(row))
            self._note(connection, learner, course, verdict, at)

    def practise(self, learner: str, course: str, verdict: Verdict, *, at: datetime | None = None) -> None:
        """Note where the exercises stand that were checked on the way."""
        with self._writing() as connection:
            self._note(connection, learner, course, verdict, at or datetime.now(UTC))

    def standing(self, learner: str, course: str, lesson: str) -> Standing:
        """Return where *learner* stands in *lesson*."""
        return self.standings(learner, course).get(lesson, Standing())

    def standings(self, learner: str, course: str) -> dict[str, Standing]:
        """Return where *learner* stands in every lesson of *course* that was begun."""
        from sqlalchemy import select  # noqa: PLC0415 - slow to import

        verdicts, exercises = _tables()["verdict"], _tables()["exercise"]
        found: dict[str, dict[str, Any]] = {}
        with self._reading() as connection:
            mine = (verdicts.c.learner == learner) & (verdicts.c.course == course)
            for lesson, passed, at in connection.execute(
                select(verdicts.c.lesson, verdicts.c.passed, verdicts.c.at).where(mine).order_by(verdicts.c.id)
            ):
                one = found.setdefault(lesson, {"exercises": {}, "attempts": 0, "passed_at": None, "days": set()})
                one["attempts"] += 1
                if passed:
                    one["passed_at"] = at.replace(tzinfo=UTC)
                    one["days"].add(at.date())
            begun = (exercises.c.learner == learner) & (exercises.c.course == course)
            for lesson, exercise, passed in connection.execute(
                select(exercises.c.lesson, exercises.c.exercise, exercises.c.passed).where(begun)
            ):
                one = found.setdefault(lesson, {"exercises": {}, "attempts": 0, "passed_at": None, "days": set()})
                one["exercises"][exercise] = passed
        return {lesson: Standing(one["exercises"], one["attempts"], one["passed_at"], len(one["days"])) for lesson, one in found.items()}

    def forget(self, learner: str) -> None:
        """Delete everything that is remembered of *learner*."""
        with self._writing() as connection:
            for table in ("verdict", "exercise"):
                connection.execute(_tables()[table].delete().where(_tables()[table].c.learner == learner))

    def _note(self, connection: Connection, learner: str, course: str, verdict: Verdict, at: datetime) -> None:
        table = _tables()["exercise"]
        for exercise, passed in passed_exercises(verdict).items():
            place = {"learner": learner, "course": course, "lesson": verdict.lesson.slug, "exercise": exercise}
            where = functools.reduce(lambda all_, one: all_ & one, (table.c[name] == value for name, value in place.items()))
            if connection.execute(table.update().where(where).values(passed=passed, at=at)).rowcount == 0:
                connection.execute(table.insert().values(**place, passed=passed, at=at))

    def _make(self) -> None:
        """Make the tables that are not there; refuse a record of a later format."""
        from sqlalchemy import select  # noqa: PLC0415 - slow to import

        form = _tables()["format"]
        with self._writing() as connection:
            form.metadata.create_all(connection)
            number = connection.execute(select(form.c.number)).scalar()
            if number is None:
                connection.execute(form.insert().values(number=FORMAT))
            elif number > FORMAT:
                raise HornbookError(
                    f"{self.name}: this record has format {number}, which a later hornbook has made; this one knows {FORMAT}."
                )

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        """Give a transaction that is written when the block ends, whole or not at all."""
        with self._said(), self.engine.begin() as connection:
            if self.engine.dialect.name == "sqlite":
                # Who reads first and writes later is refused at once if somebody wrote between (https://sqlite.org/lang_transaction.html).
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            yield connection

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with self._said(), self.engine.connect() as connection:
            yield connection

    @contextmanager
    def _said(self) -> Iterator[None]:
        """Say in one sentence what a database says in many."""
        from sqlalchemy.exc import DBAPIError  # noqa: PLC0415 - slow to import

        try:
            yield
        except DBAPIError as error:
            raise HornbookError(f"{self.name}: the record cannot be used: {printable(str(error.orig))}.") from error


def passed_exercises(verdict: Verdict) -> dict[str, bool]:
    """Return for each exercise that *verdict* asked about whether all of its checks that count have passed."""
    found: dict[str, bool] = {}
    for outcome in verdict.outcomes:
        if outcome.exercise is not None and outcome.status not in {Status.BROKEN, Status.SKIPPED}:
            found[outcome.exercise] = found.get(outcome.exercise, True) and outcome.passed
    return found


def default_path() -> Path:
    """Return where a learner's own record is: among Jupyter's data."""
    from jupyter_core.paths import jupyter_data_dir  # noqa: PLC0415 - kept out of `import hornbook`

    return Path(jupyter_data_dir()) / "hornbook" / "record.sqlite"


@functools.cache
def _tables() -> Mapping[str, Table]:
    """Return the tables. `at` is UTC."""
    from sqlalchemy import Boolean, Column, DateTime, Float, Index, Integer, MetaData, String, Text  # noqa: PLC0415 - slow to import
    from sqlalchemy import Table as SqlTable  # noqa: PLC0415

    metadata = MetaData()
    SqlTable("format", metadata, Column("number", Integer, primary_key=True, autoincrement=False))
    verdict = SqlTable(
        "verdict",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("learner", String(200), nullable=False),
        Column("course", String(64), nullable=False),
        Column("lesson", String(200), nullable=False),
        Column("version", String(64), nullable=False),
        Column("at", DateTime, nullable=False),
        Column("passed", Boolean, nullable=False),
        Column("earned", Float, nullable=False),
        Column("possible", Float, nullable=False),
        Column("verdict", Text, nullable=False),
    )
    Index("verdict_of", verdict.c.learner, verdict.c.course, verdict.c.lesson)
    SqlTable(
        "exercise",
        metadata,
        *(Column(name, String(200), primary_key=True) for name in ("learner", "course", "lesson", "exercise")),
        Column("passed", Boolean, nullable=False),
        Column("at", DateTime, nullable=False),
    )
    return metadata.tables
