"""The record: every verdict that was handed out, and where each learner stands, in SQL.

    record = Record.open(default_path())
    record.grade("ada", "course", verdict)                 a notebook was handed in
    record.practise("ada", "course", "mean", verdict)      one exercise was checked on the way
    record.standing("ada", "course", "moving_average")     what came of both so far
    record.hinted("ada", "course", "moving_average", {"test_mean": 2})    two hints of a check were shown
    record.regrade(handed_in, verdict, ...)                found again, beside what was found first
    record.forget("ada")                                   no byte of it is left

What was acknowledged is on the disk: a process that is killed at any moment loses nothing of it, and any number may write at a time.

SQLAlchemy speaks to the database: SQLite in a file of its own by default, another by its URL. A record on a learner's machine is that
learner's own; it proves nothing to others, and no grade is ever made of it.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import importlib
import os
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hornbook.database import connected
from hornbook.errors import HornbookError, printable
from hornbook.model import Status, Verdict
from hornbook.record.steps import STEPS

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine, Table

FORMAT = len(STEPS) + 1

_KEPT = ("verdict", "submission", "exercise", "hint")
"""The tables with something of learners."""

OWNER = "me"
"""The name of the learner to whom this machine belongs, where nobody signs in."""


@dataclass(frozen=True, slots=True)
class Day:
    """A day, by UTC, on which a lesson was handed in: when last, how many hand-ins fell short before one passed, and whether one did."""

    at: datetime
    missed: int
    passed: bool


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one learner stands in one lesson.

    `exercises` tells of each exercise that was checked whether its last check passed, `attempts` how often the lesson was handed in,
    `passed_at` when it was last passed, and `days` on which days it was handed in, in their order.
    """

    exercises: Mapping[str, bool] = field(default_factory=dict)
    attempts: int = 0
    passed_at: datetime | None = None
    days: tuple[Day, ...] = ()


@dataclass(frozen=True, slots=True)
class Learner:
    """One learner in one lesson: how often it was handed in, whether it was ever passed, and when it was last tried."""

    learner: str
    course: str
    lesson: str
    attempts: int
    passed: bool
    last: datetime


@dataclass(frozen=True, slots=True)
class HandedIn:
    """What a learner has handed in, and what came of it: the *verdict*, bound to that version of the lesson, if the record knows it.

    `source` is what was read of the notebook; None where it was handed in before that was kept.
    """

    learner: str
    course: str
    lesson: str
    bound: str | None
    verdict: Verdict
    source: bytes | None

    def again(self, bound: str) -> str:
        """Return the digest of grading this again against the version *bound*: done twice, it is the same."""
        parts = (self.learner, self.course, self.lesson, self.verdict.submission.digest, "again", bound)
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()


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
        # What is deleted is overwritten.
        engine, name = connected(where, "record", ("secure_delete=ON",))
        if isinstance(where, Path):
            # What learners did is their owner's to read, wherever the file is; what is in the way is said below.
            with contextlib.suppress(OSError):
                where.touch(0o600)
        record = cls(engine, name)
        record._make()
        return record

    def close(self) -> None:
        """Let go of the database."""
        self.engine.dispose()

    def grade(
        self,
        learner: str,
        course: str,
        verdict: Verdict,
        *,
        at: datetime | None = None,
        work: str | None = None,
        bound: str | None = None,
        source: bytes | None = None,
    ) -> bool:
        """Note what came of handing a notebook in: the verdict as it is, and where each of its exercises stands.

        *work* is the digest of the submission and of all that it was asked with, where the course grades it: what was graded twice was
        handed in once, and the first verdict stands. *bound* is the version of the lesson that it was graded against, *source* what is
        read of the notebook: with it, it can be graded again. Returns whether this one was new. When it returns, it is on the disk.
        """
        at = _utc(at)
        with self._writing() as connection:
            new = _inserted(connection, "verdict", _row(learner, course, verdict, at=at, work=work, bound=bound, why=None))
            if source is not None:
                handed_in = {"digest": verdict.submission.digest, "name": verdict.submission.name[:200], "source": source.decode()}
                _inserted(connection, "submission", {"learner": learner, **handed_in})
            if new:
                self._note(connection, learner, course, verdict, at)
        return new

    def handed_in(self, course: str, lessons: Sequence[str] = (), learners: Sequence[str] = ()) -> Iterator[HandedIn]:
        """Yield what was handed in to *course*, in the order of its coming; only of these *lessons* and *learners*, if any are named."""
        from sqlalchemy import select  # noqa: PLC0415 - slow to import

        table = _tables()["verdict"]
        wanted = select(table.c.id).where((table.c.course == course) & table.c.why.is_(None)).order_by(table.c.id)
        if lessons:
            wanted = wanted.where(table.c.lesson.in_(lessons))
        if learners:
            wanted = wanted.where(table.c.learner.in_(learners))
        with self._reading() as connection:
            places = list(connection.execute(wanted).scalars())
        # What is done with each takes its time: nobody who writes meanwhile, or wants to be forgotten, must wait for that.
        yield from (found for place in places if (found := self._handed_in(place)) is not None)

    def _handed_in(self, place: int) -> HandedIn | None:
        """Return what was handed in at that place; None where it was forgotten meanwhile."""
        from sqlalchemy import select  # noqa: PLC0415 - slow to import

        table, sources = _tables()["verdict"], _tables()["submission"]
        with self._reading() as connection:
            row = connection.execute(table.select().where(table.c.id == place)).mappings().first()
            if row is None:
                return None
            verdict = Verdict.from_json(row["verdict"].encode())
            of_it = (sources.c.learner == row["learner"]) & (sources.c.digest == verdict.submission.digest)
            source = connection.execute(select(sources.c.source).where(of_it)).scalar_one_or_none()
        return HandedIn(row["learner"], row["course"], row["lesson"], row["bound"], verdict, None if source is None else source.encode())

    def regraded(self, handed_in: HandedIn, bound: str) -> Verdict | None:
        """Return what came of grading *handed_in* again against the version *bound*; None if nobody has."""
        from sqlalchemy import select  # noqa: PLC0415 - slow to import

        table = _tables()["verdict"]
        with self._reading() as connection:
            found = connection.execute(select(table.c.verdict).where(table.c.work == handed_in.again(bound))).scalar_one_or_none()
        return None if found is None else Verdict.from_json(found.encode())

    def regrade(self, handed_in: HandedIn, verdict: Verdict, *, bound: str, why: str, at: datetime | None = None) -> bool:
        """Note what came of grading *handed_in* again against the version *bound*, beside what came of it first, and *why*.

        What was passed stays passed: of the exercises only those are noted that pass now. Returns whether this one was new.
        """
        at, learner, course = _utc(at), handed_in.learner, handed_in.course
        sources = _tables()["submission"]
        with self._writing() as connection:
            of_it = {"learner": learner, "digest": handed_in.verdict.submission.digest}
            if connection.execute(sources.select().where(_where(sources, of_it))).first() is None:
                # Whoever was forgotten meanwhile stays so.
                return False
            new = _inserted(
                connection, "verdict", _row(learner, course, verdict, at=at, work=handed_in.again(bound), bound=bound, why=why[:200])
            )
            if new:
                self._note(connection, learner, course, verdict, at, passed_only=True)
        return new

    def practise(self, learner: str, course: str, verdict: Verdict, *, at: datetime | None = None) -> None:
        """Note where the exercises stand that were checked on the way."""
        with self._writing() as connection:
            self._note(connection, learner, course, verdict, _utc(at))

    def hinted(self, learner: str, course: str, lesson: str, shown: Mapping[str, int], *, at: datetime | None = None) -> int:
        """Note that of each check in *shown* so many hints were shown, the first ones of its ladder; return how many of these were new.

        Each is noted once, with the time at which it was first seen.
        """
        at = _utc(at)
        place = {"learner": learner, "course": course, "lesson": lesson}
        with self._writing() as connection:
            return sum(
                _inserted(connection, "hint", {**place, "check_name": check, "level": level, "at": at})
                for check, number in sorted(shown.items())
                for level in range(1, number + 1)
            )

    def hints(self, course: str | None = None) -> Iterator[tuple[str, str, str, str, int]]:
        """Yield every hint that was shown, or those of *course*: to whom, the course, the lesson, the check, and which hint, from 1."""
        from sqlalchemy import select  # noqa: PLC0415 - slow to import

        table = _tables()["hint"]
        wanted = select(table.c.learner, table.c.course, table.c.lesson, table.c.check_name, table.c.level).order_by(*table.primary_key)
        if course is not None:
            wanted = wanted.where(table.c.course == course)
        with self._reading(snapshot=True) as connection:
            yield from map(tuple, connection.execution_options(yield_per=1000).execute(wanted))

    def standing(self, learner: str, course: str, lesson: str) -> Standing:
        """Return where *learner* stands in *lesson*."""
        return self.standings(learner, course).get(lesson, Standing())

    def standings(self, learner: str, course: str) -> dict[str, Standing]:
        """Return where *learner* stands in every lesson of *course* that was begun."""
        from sqlalchemy import select  # noqa: PLC0415 - slow to import

        verdicts, exercises = _tables()["verdict"], _tables()["exercise"]
        handed_in: dict[str, list[tuple[datetime, bool]]] = {}
        attempts: Counter[str] = Counter()
        last_checks: dict[str, dict[str, bool]] = {}
        with self._reading() as connection:
            mine = (verdicts.c.learner == learner) & (verdicts.c.course == course)
            for lesson, passed, at, why in connection.execute(
                select(verdicts.c.lesson, verdicts.c.passed, verdicts.c.at, verdicts.c.why).where(mine).order_by(verdicts.c.id)
            ):
                # Grading anew is no attempt of the learner's, and turns no pass back.
                if passed or why is None:
                    handed_in.setdefault(lesson, []).append((at.replace(tzinfo=UTC), passed))
                attempts[lesson] += why is None
            begun = (exercises.c.learner == learner) & (exercises.c.course == course)
            for lesson, exercise, passed in connection.execute(
                select(exercises.c.lesson, exercises.c.exercise, exercises.c.passed).where(begun)
            ):
                last_checks.setdefault(lesson, {})[exercise] = passed
        return {
            lesson: _standing(last_checks.get(lesson, {}), attempts[lesson], handed_in.get(lesson, []))
            for lesson in {**attempts, **last_checks}
        }

    def learners(self) -> Iterator[Learner]:
        """Yield who is remembered, with each lesson that was begun, in the order of their names."""
        from sqlalchemy import func, select  # noqa: PLC0415 - slow to import

        table = _tables()["verdict"]
        verdicts = (
            select(
                table.c.learner,
                table.c.course,
                table.c.lesson,
                func.sum(_number(table.c.why.is_(None))),
                func.max(_number(table.c.passed)),
                func.max(table.c.at),
            )
            .group_by(table.c.learner, table.c.course, table.c.lesson)
            .order_by(table.c.learner, table.c.course, table.c.lesson)
        )
        begun = _tables()["exercise"]
        others = select(begun.c.learner, begun.c.course, begun.c.lesson, func.max(begun.c.at)).group_by(
            begun.c.learner, begun.c.course, begun.c.lesson
        )
        with self._reading() as connection:
            found = {
                (learner, course, lesson): Learner(learner, course, lesson, attempts, passed=bool(passed), last=last)
                for learner, course, lesson, attempts, passed, last in connection.execute(verdicts)
            }
            for learner, course, lesson, last in connection.execute(others):
                found.setdefault((learner, course, lesson), Learner(learner, course, lesson, 0, passed=False, last=last))
        yield from (found[key] for key in sorted(found))

    def forget(self, learner: str) -> int:
        """Delete everything that is remembered of *learner*, so that no file holds a byte of it; return how many rows that were.

        Raises HornbookError where it is deleted, but another program keeps traces from being wiped. Backups are not ours to change.
        """
        with self._writing() as connection:
            tables = [_tables()[name] for name in _KEPT]
            rows = sum(connection.execute(table.delete().where(table.c.learner == learner)).rowcount for table in tables)
        self._wipe()
        return rows

    def _wipe(self) -> None:
        """Write the database anew without what was deleted, and empty the log that it was written to first."""
        with self._said(), self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            if self.engine.dialect.name == "sqlite":
                # Pages that were freed before there was secure_delete may hold anything.
                connection.exec_driver_sql("VACUUM")
                if connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()[0]:
                    raise HornbookError(
                        f"{self.name}: it is deleted, but another program is reading the record, so that traces are left in its -wal file. "
                        "Close that program, and run this again."
                    )
            else:
                connection.exec_driver_sql(f"VACUUM (FULL) {', '.join(_KEPT)}")

    def backup(self, path: Path) -> None:
        """Copy the whole record into a new file at *path*, while others go on writing: a database where ours is SQLite, or else an export.

        Raises HornbookError where there is a file, or none can be written.
        """
        with _new_file(path) as beside:
            if self.engine.dialect.name != "sqlite":
                _write(beside, self.export())
                return
            with (
                self._said(),
                contextlib.closing(self.engine.raw_connection()) as ours,
                contextlib.closing(sqlite3.connect(beside)) as copy,
            ):
                driver: Any = ours.driver_connection
                driver.backup(copy)
                # One file, that can be moved anywhere.
                copy.execute("PRAGMA journal_mode=DELETE")

    def verdicts(self, course: str | None = None) -> Iterator[tuple[str, str, Verdict]]:
        """Yield every verdict on what was handed in, or those of *course*: whose it is, the course, and the verdict, in their order.

        What a regrade has found is not among them: nobody has handed in anything for it.
        """
        from sqlalchemy import select  # noqa: PLC0415 - slow to import

        table = _tables()["verdict"]
        wanted = select(table.c.learner, table.c.course, table.c.verdict).where(table.c.why.is_(None)).order_by(table.c.id)
        if course is not None:
            wanted = wanted.where(table.c.course == course)
        with self._reading(snapshot=True) as connection:
            for learner, name, verdict in connection.execution_options(yield_per=100).execute(wanted):
                yield learner, name, Verdict.from_json(verdict.encode())

    def export(self, learner: str | None = None) -> Iterator[bytes]:
        """Yield everything that is remembered, or all of it that is *learner*'s, as lines of JSON that `restore` reads."""
        import msgspec  # noqa: PLC0415 - kept out of `import hornbook`
        from sqlalchemy import select  # noqa: PLC0415 - slow to import

        with self._reading(snapshot=True) as connection:
            yield msgspec.json.encode({"record": "hornbook", "format": FORMAT}) + b"\n"
            for name in _KEPT:
                table = _tables()[name]
                wanted = select(*(column for column in table.c if column.name != "id")).order_by(*table.primary_key)
                if learner is not None:
                    wanted = wanted.where(table.c.learner == learner)
                for row in connection.execution_options(yield_per=100).execute(wanted).mappings():
                    yield msgspec.json.encode({"table": name, **row}) + b"\n"

    def write_export(self, path: Path, learner: str | None = None) -> int:
        """Write `export` into a new file at *path*; return how many rows that were. Raises HornbookError as `backup` does."""
        with _new_file(path) as beside:
            return _write(beside, self.export(learner)) - 1

    def restore(self, lines: Iterable[bytes]) -> int:
        """Read what `export` has written, all of it or nothing; what is there already stays as it is. Return how many rows were new.

        Raises HornbookError for what is no export.
        """
        new = 0
        with self._writing() as connection:
            for number, line in enumerate(lines, 1):
                name, row = _exported(line, number)
                if name is None:
                    continue
                table = _tables()[name]
                # A verdict that a learner has asked for has no mark of its own.
                same = _where(
                    table, {key: row[key] for key in ("learner", "course", "lesson", "at", "verdict")} if name == "verdict" else row
                )
                if connection.execute(table.select().where(same)).first() is None:
                    new += _inserted(connection, name, row)
        return new

    def _note(
        self, connection: Connection, learner: str, course: str, verdict: Verdict, at: datetime, *, passed_only: bool = False
    ) -> None:
        # In one order, so that of two writers none waits for the other while that waits for it.
        for exercise, passed in sorted(passed_exercises(verdict).items()):
            if passed_only and not passed:
                continue
            place = {"learner": learner, "course": course, "lesson": verdict.lesson.slug, "exercise": exercise}
            connection.execute(_insertion(connection.dialect.name, "exercise", tuple(place)), {**place, "passed": passed, "at": at})

    def _make(self) -> None:
        """Make the tables that are not there, bring those of an earlier format up to ours; refuse a record of a later one."""
        from sqlalchemy import inspect, select  # noqa: PLC0415 - slow to import

        form = _tables()["format"]
        with self._writing() as connection:
            if self.engine.dialect.name == "postgresql":
                # Of several that make it at the same time, one does, and the others wait for it.
                connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7239846121)")
            if not inspect(connection).has_table("format"):
                form.metadata.create_all(connection)
                connection.execute(form.insert().values(number=FORMAT))
                return
            number = connection.execute(select(form.c.number)).scalar_one()
            if number > FORMAT:
                raise HornbookError(
                    f"{self.name}: this record has format {number}, which a later hornbook has made; this one knows {FORMAT}."
                )
            for step in STEPS[number - 1 :]:
                for statement in step:
                    connection.exec_driver_sql(statement)
            if number < FORMAT:
                connection.execute(form.update().values(number=FORMAT))

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        """Give a transaction that is written when the block ends, whole or not at all."""
        with self._said(), self.engine.begin() as connection:
            if self.engine.dialect.name == "sqlite":
                # Who reads first and writes later is refused at once if somebody wrote between (https://sqlite.org/lang_transaction.html).
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            yield connection

    @contextmanager
    def _reading(self, *, snapshot: bool = False) -> Iterator[Connection]:
        """Give a connection that reads; as a *snapshot* it sees one moment, whoever writes meanwhile."""
        sqlite = self.engine.dialect.name == "sqlite"
        options: dict[str, Any] = {"isolation_level": "REPEATABLE READ"} if snapshot and not sqlite else {}
        with self._said(), self.engine.connect().execution_options(**options) as connection:
            if snapshot and sqlite:
                connection.exec_driver_sql("BEGIN")
            yield connection

    @contextmanager
    def _said(self) -> Iterator[None]:
        """Say in one sentence what a database says in many."""
        from sqlalchemy.exc import DBAPIError  # noqa: PLC0415 - slow to import

        try:
            yield
        except DBAPIError as error:
            raise HornbookError(f"{self.name}: the record cannot be used: {printable(str(error.orig))}.") from error


@contextmanager
def _new_file(path: Path) -> Iterator[Path]:
    """Give a file beside *path*, which becomes *path* when the block ends, whole or not at all; raise HornbookError if there is one."""
    try:
        if path.exists():
            raise FileExistsError(None, "it is there already")
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".hornbook-") as folder:
            beside = Path(folder) / "copy"
            beside.touch(0o600)
            yield beside
            with beside.open("rb") as file:
                os.fsync(file.fileno())
            # Unlike a renamed file, a link never takes another's place.
            os.link(beside, path)
    except OSError as error:
        raise HornbookError(f"{printable(path)}: cannot be written ({error.strerror}). Choose another file.") from error


def _write(path: Path, lines: Iterable[bytes]) -> int:
    """Write *lines* to *path*; return how many there were."""
    with path.open("wb") as file:
        return sum(file.write(line) > 0 for line in lines)


def _exported(line: bytes, number: int) -> tuple[str | None, dict[str, Any]]:
    """Return the table and the row in the *number*-th *line* of an export, or None for its first; raise HornbookError if it is none."""
    import msgspec  # noqa: PLC0415 - kept out of `import hornbook`

    try:
        row = msgspec.json.decode(line)
        if number == 1 and row["record"] == "hornbook" and row["format"] <= FORMAT:
            return None, {}
        table = {name: _tables()[name] for name in _KEPT}[row["table"]]
        kinds = {column.name: column.type.python_type for column in table.c if column.name != "id"}
        return table.name, {name: msgspec.convert(row.get(name), kind | None, strict=False) for name, kind in kinds.items()}
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, TypeError, KeyError, AttributeError) as error:
        raise HornbookError(f"Line {number} does not belong to the export of a record, so nothing was read.") from error


def _standing(exercises: Mapping[str, bool], attempts: int, handed_in: Sequence[tuple[datetime, bool]]) -> Standing:
    """Return the standing of whoever has *handed_in* so, in that order: when, and whether it passed."""
    days: dict[date, Day] = {}
    for at, passed in handed_in:
        before = days.get(at.date(), Day(at, 0, passed=False))
        missed = before.missed + (not passed and not before.passed)
        days[at.date()] = Day(max(at, before.at), missed, passed=before.passed or passed)
    passed_at = next((at for at, passed in reversed(handed_in) if passed), None)
    return Standing(exercises, attempts, passed_at, tuple(days[day] for day in sorted(days)))


def place_of(where: str) -> Path | str:
    """Return the place that somebody means by *where*: a database's URL, or else a file."""
    return where if "://" in where else Path(where)


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


def _row(learner: str, course: str, verdict: Verdict, **more: Any) -> dict[str, Any]:
    """Return the row that *verdict* on what *learner* has handed in to *course* becomes, with *more* of its columns."""
    return {
        "learner": learner,
        "course": course,
        "lesson": verdict.lesson.slug,
        "version": verdict.lesson.version,
        "passed": verdict.passed,
        "earned": verdict.points.earned,
        "possible": verdict.points.possible,
        "verdict": verdict.to_json().decode(),
        **more,
    }


def _utc(at: datetime | None) -> datetime:
    """Return that time, or now, as it is written: PostgreSQL would translate one that names its zone into the zone of the server."""
    return (at or datetime.now(UTC)).astimezone(UTC).replace(tzinfo=None)


@functools.cache
def _insertion(dialect: str, name: str, place: tuple[str, ...] = ()) -> Any:
    """Return what inserts into that table; where a row with the same *place* is there, what differs is changed, or without one nothing.

    SQL's standard has no words for that. It is made once: SQLAlchemy takes longer to make it than the database to do it.
    """
    table = _tables()[name]
    # The other one would take a tenth of a second to import.
    insertion = importlib.import_module(f"sqlalchemy.dialects.{dialect}").insert(table)
    if not place:
        # How many rows that were, PostgreSQL's driver does not say of an insertion.
        return insertion.on_conflict_do_nothing().returning(table.c.learner)
    others = {column.name: insertion.excluded[column.name] for column in table.c if column.name not in place}
    return insertion.on_conflict_do_update(index_elements=list(place), set_=others)


def _inserted(connection: Connection, name: str, row: Mapping[str, Any]) -> bool:
    """Insert *row* into that table, unless what must be unique in it is there; return whether it was new."""
    return connection.execute(_insertion(connection.dialect.name, name), dict(row)).first() is not None


def _where(table: Table, row: Mapping[str, Any]) -> Any:
    """Return the condition that a row of *table* has the values of *row*."""
    return functools.reduce(lambda all_, one: all_ & one, (table.c[name] == value for name, value in row.items()))


def _number(column: Any) -> Any:
    """Return a truth value as a number, which has a greatest."""
    from sqlalchemy import Integer, cast  # noqa: PLC0415 - slow to import

    return cast(column, Integer)


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
        Column("work", String(64)),
        Column("bound", String(64)),
        Column("why", String(200)),
    )
    Index("verdict_work", verdict.c.work, unique=True)
    Index("verdict_of", verdict.c.learner, verdict.c.course, verdict.c.lesson)
    SqlTable(
        "submission",
        metadata,
        Column("learner", String(200), primary_key=True),
        Column("digest", String(64), primary_key=True),
        Column("name", String(200), nullable=False),
        Column("source", Text, nullable=False),
    )
    SqlTable(
        "exercise",
        metadata,
        *(Column(name, String(200), primary_key=True) for name in ("learner", "course", "lesson", "exercise")),
        Column("passed", Boolean, nullable=False),
        Column("at", DateTime, nullable=False),
    )
    SqlTable(
        "hint",
        metadata,
        *(Column(name, String(200), primary_key=True) for name in ("learner", "course", "lesson", "check_name")),
        Column("level", Integer, primary_key=True, autoincrement=False),
        Column("at", DateTime, nullable=False),
    )
    return metadata.tables
