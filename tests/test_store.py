"""`hornbook.record.store`: what was acknowledged is remembered, whoever writes beside us and however we end."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hornbook.errors import HornbookError
from hornbook.model import LessonRef, Outcome, Runtime, SandboxReport, Status, SubmissionRef, Verdict
from hornbook.record.store import FORMAT, Day, Record

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)

WRITER = """
import sys
from pathlib import Path
from hornbook.model import Verdict
from hornbook.record.store import Record, place_of

verdict = Verdict.from_json(Path(sys.argv[2]).read_bytes())
record = Record.open(place_of(sys.argv[1]))
for number in range(int(sys.argv[4])):
    record.grade(sys.argv[3], "course", verdict)
    print(number + 1, flush=True)
"""


def verdict(**exercises: Status) -> Verdict:
    """Return a verdict in which each exercise has one check that ended so."""
    return Verdict.of(
        lesson=LessonRef("means", "Means", "1.0.0", "00" * 32, "11" * 32),
        submission=SubmissionRef("means.ipynb", "22" * 32),
        outcomes=tuple(
            Outcome(f"test_{name}", name, f"The {name}", status, 1.0, 1.0 if status is Status.PASSED else 0.0)
            for name, status in exercises.items()
        ),
        sandbox=SandboxReport(4, "own root", ()),
        runtime=Runtime("3.11.7", "33" * 32, "0.1.0"),
        started=NOW,
        seconds=0.25,
        seed=7,
    )


RIGHT = verdict(mean=Status.PASSED, mode=Status.PASSED)


@pytest.fixture(params=["sqlite", "postgresql"])
def where(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path | str:
    """Give a place for a record: a file, and an empty database of a real PostgreSQL, whose clock is another zone's."""
    monkeypatch.setenv("PGTZ", "Asia/Tokyo")
    if request.param == "sqlite":
        return tmp_path / "record.sqlite"
    url: str = request.getfixturevalue("empty_postgresql")
    return url


def writing(where: Path | str, folder: Path, learner: str, times: int) -> subprocess.Popen[str]:
    """Return a process that hands the lesson in *times*, and says each time that it was acknowledged."""
    (folder / "verdict.json").write_bytes(RIGHT.to_json())
    words = [str(where), str(folder / "verdict.json"), learner, str(times)]
    return subprocess.Popen([sys.executable, "-c", WRITER, *words], stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own


def test_what_was_handed_in_is_remembered(where: Path | str) -> None:
    """A standing tells of exercises, attempts, and when the lesson was passed."""
    record = Record.open(where)
    record.grade("ada", "course", verdict(mean=Status.PASSED, mode=Status.FAILED), at=NOW)
    record.grade("ada", "course", RIGHT, at=NOW + timedelta(days=1))
    standing = record.standing("ada", "course", "means")
    others = record.standings("bob", "course")
    record.close()

    assert (standing.exercises, standing.attempts) == ({"mean": True, "mode": True}, 2)
    assert standing.passed_at == NOW + timedelta(days=1)
    assert standing.days == (Day(NOW, 1, passed=False), Day(NOW + timedelta(days=1), 0, passed=True))
    assert others == {}


def test_practice_is_no_attempt_and_a_broken_check_says_nothing(where: Path | str) -> None:
    """Only what counts for the learner changes where they stand."""
    record = Record.open(where)
    record.practise("ada", "course", verdict(mean=Status.PASSED), at=NOW)
    record.practise("ada", "course", verdict(mean=Status.BROKEN, mode=Status.FAILED), at=NOW)
    standing = record.standing("ada", "course", "means")
    record.close()

    assert (standing.exercises, standing.attempts, standing.passed_at) == ({"mean": True, "mode": False}, 0, None)


def test_a_hint_that_was_shown_is_remembered_once(where: Path | str) -> None:
    """With all that come before it; what was seen is not seen for the first time again."""
    record = Record.open(where)
    new = [record.hinted("ada", "course", "means", shown, at=NOW) for shown in ({"a": 2}, {"a": 1, "b": 1}, {"a": 3}, {})]
    record.hinted("bob", "other", "means", {"a": 1})
    found = [list(record.hints()), list(record.hints("course"))]
    record.close()
    adas = [("ada", "course", "means", *one) for one in (("a", 1), ("a", 2), ("a", 3), ("b", 1))]

    assert new == [2, 1, 1, 0]
    assert found == [[*adas, ("bob", "other", "means", "a", 1)], adas]


def test_hints_are_forgotten_and_exported_with_their_learner(where: Path | str, tmp_path: Path) -> None:
    """As everything that is remembered of somebody."""
    record = Record.open(where)
    for learner in ("ada", "bob"):
        record.hinted(learner, "course", "means", {"a": 2}, at=NOW)
    lines = list(record.export("ada"))
    rows = record.forget("ada")
    left = list(record.hints())
    other = Record.open(tmp_path / "other.sqlite")
    new = [other.restore(lines), other.restore(lines)]
    restored = list(other.hints())
    for one in (record, other):
        one.close()

    assert (rows, new) == (2, [2, 0])
    assert [json.loads(line)["at"] for line in lines[1:]] == ["2026-11-23T03:00:00"] * 2
    assert {learner for learner, *_ in left} == {"bob"}
    assert restored == [("ada", "course", "means", "a", level) for level in (1, 2)]


def test_who_is_forgotten_is_gone(where: Path | str) -> None:
    """Nothing of them stays, and everything of others does."""
    record = Record.open(where)
    for learner in ("ada", "bob"):
        record.grade(learner, "course", RIGHT)
    record.forget("ada")
    left = {learner: record.standing(learner, "course", "means").attempts for learner in ("ada", "bob")}
    record.close()

    assert left == {"ada": 0, "bob": 1}


def test_a_writer_that_is_killed_loses_nothing_that_was_acknowledged(where: Path | str, tmp_path: Path) -> None:
    """What it has said to be written is there; at most the one that was on its way comes on top. `HORNBOOK_KILLS` kills as many."""
    for kill in range(int(os.environ.get("HORNBOOK_KILLS", "5"))):
        with writing(where, tmp_path, f"ada {kill}", 10_000) as process:
            assert process.stdout is not None
            acknowledged = [next(process.stdout) for _ in range(1 + 7 * kill % 20)]
            process.kill()
            acknowledged += [line for line in process.stdout if line.endswith("\n")]
        record = Record.open(where)
        attempts = record.standing(f"ada {kill}", "course", "means").attempts
        record.close()

        assert attempts in {len(acknowledged), len(acknowledged) + 1}


def test_two_writers_lose_nothing(where: Path | str, tmp_path: Path) -> None:
    """Both make the record at the same time, and write into it at the same time."""
    with writing(where, tmp_path, "ada", 30) as one, writing(where, tmp_path, "ada", 30) as two:
        codes = one.wait(60), two.wait(60)
    record = Record.open(where)
    attempts = record.standing("ada", "course", "means").attempts
    record.close()

    assert codes == (0, 0)
    assert attempts == 60


def test_whoever_opens_a_new_record_at_the_same_time_gets_it(tmp_path: Path) -> None:
    """The Lab's server and a command may be the first together: none is refused for the others."""
    refused: list[str] = []

    def open_together(path: Path, start: threading.Barrier) -> None:
        start.wait(30)
        try:
            Record.open(path).close()
        except HornbookError as error:
            refused.append(str(error))

    for number in range(60):
        start = threading.Barrier(4)
        threads = [threading.Thread(target=open_together, args=(tmp_path / f"{number}.sqlite", start)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)

    assert refused == []


def test_who_writes_has_the_record_from_the_beginning(tmp_path: Path) -> None:
    """A second writer waits, instead of coming between what the first has read and what it writes."""
    record = Record.open(tmp_path / "record.sqlite")
    with record._writing() as connection, contextlib.closing(sqlite3.connect(tmp_path / "record.sqlite", timeout=0)) as other:
        connection.exec_driver_sql("SELECT number FROM format")
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
    record.close()


def test_a_later_format_is_refused(tmp_path: Path) -> None:
    """What a later hornbook has written is not guessed at."""
    Record.open(tmp_path / "record.sqlite").close()
    with sqlite3.connect(tmp_path / "record.sqlite") as connection:
        connection.execute("UPDATE format SET number = ?", (FORMAT + 1,))
    connection.close()

    with pytest.raises(HornbookError, match=r"this record has format 5, which a later hornbook has made; this one knows 4\."):
        Record.open(tmp_path / "record.sqlite")


@pytest.mark.parametrize("kind", ["a file in the way", "no database"])
def test_where_nothing_can_be_kept_is_said_in_one_sentence(tmp_path: Path, kind: str) -> None:
    """The sentence names the file, and quotes no statement of SQL."""
    if kind == "no database":
        at = tmp_path / "record.sqlite"
        at.write_bytes(b"this is no database" * 100)
    else:
        (tmp_path / "folder").write_text("in the way", "utf-8")
        at = tmp_path / "folder" / "record.sqlite"

    with pytest.raises(HornbookError, match=r"^\S*record\.sqlite: the record cannot be .*\.$"):
        Record.open(at)


# --- What the course grades ----------------------------------------------------------------------------------------------


def test_what_is_graded_twice_was_handed_in_once(where: Path | str) -> None:
    """The same work, asked the same: the first verdict stands; what a learner hands in themselves counts each time."""
    record = Record.open(where)
    new = [record.grade("ada", "course", one, work="w1") for one in (RIGHT, verdict(mean=Status.FAILED))]
    new += [record.grade("ada", "course", RIGHT, work="w2"), record.grade("ada", "course", RIGHT), record.grade("ada", "course", RIGHT)]
    standing = record.standing("ada", "course", "means")
    record.close()

    assert new == [True, False, True, True, True]
    assert (standing.attempts, standing.exercises) == (4, {"mean": True, "mode": True})


def test_it_says_who_is_remembered(where: Path | str) -> None:
    """Each lesson of each learner, those that were only begun, too."""
    record = Record.open(where)
    record.grade("ben", "course", verdict(mean=Status.FAILED), at=NOW)
    record.grade("ada", "course", verdict(mean=Status.FAILED), at=NOW)
    record.grade("ada", "course", RIGHT, at=NOW + timedelta(days=1))
    record.practise("cyd", "course", RIGHT, at=NOW)
    found = [(one.learner, one.lesson, one.attempts, one.passed, one.last) for one in record.learners()]
    record.close()

    naive = NOW.replace(tzinfo=None)

    assert found == [
        ("ada", "means", 2, True, naive + timedelta(days=1)),
        ("ben", "means", 1, False, naive),
        ("cyd", "means", 0, False, naive),
    ]


# --- Earlier formats -----------------------------------------------------------------------------------------------------

FORMAT_1 = """
CREATE TABLE format (number INTEGER NOT NULL, PRIMARY KEY (number));
CREATE TABLE verdict (
    id INTEGER NOT NULL, learner VARCHAR(200) NOT NULL, course VARCHAR(64) NOT NULL, lesson VARCHAR(200) NOT NULL,
    version VARCHAR(64) NOT NULL, at DATETIME NOT NULL, passed BOOLEAN NOT NULL, earned FLOAT NOT NULL, possible FLOAT NOT NULL,
    verdict TEXT NOT NULL, PRIMARY KEY (id));
CREATE INDEX verdict_of ON verdict (learner, course, lesson);
CREATE TABLE exercise (
    learner VARCHAR(200) NOT NULL, course VARCHAR(200) NOT NULL, lesson VARCHAR(200) NOT NULL, exercise VARCHAR(200) NOT NULL,
    passed BOOLEAN NOT NULL, at DATETIME NOT NULL, PRIMARY KEY (learner, course, lesson, exercise));
INSERT INTO format VALUES (1);
INSERT INTO verdict VALUES (1, 'ada', 'course', 'means', '1.0.0', '2026-11-23 03:00:00.000000', 1, 2.0, 2.0, '{}');
INSERT INTO exercise VALUES ('ada', 'course', 'means', 'mean', 1, '2026-11-23 03:00:00.000000');
"""
"""A record as version 0.1.0 has made it."""


def old_record(where: Path | str) -> None:
    """Make a record of format 1."""
    if isinstance(where, Path):
        with contextlib.closing(sqlite3.connect(where)) as connection:
            connection.executescript(FORMAT_1)
        return
    from sqlalchemy import create_engine  # noqa: PLC0415 - only here

    engine = create_engine(where)
    with engine.begin() as connection:
        # The words of PostgreSQL for the same.
        text = FORMAT_1.replace("id INTEGER", "id SERIAL").replace("DATETIME", "TIMESTAMP").replace(" 1, 2.0", " true, 2.0")
        connection.exec_driver_sql(text.replace("'mean', 1,", "'mean', true,").replace("VALUES (1, 'ada'", "VALUES (DEFAULT, 'ada'"))
    engine.dispose()


def columns(where: Path | str) -> dict[str, list[tuple[str, bool]]]:
    """Return the columns and the unique indexes of each table."""
    from sqlalchemy import inspect  # noqa: PLC0415 - only here

    record = Record.open(where)
    with record.engine.connect() as connection:
        found = inspect(connection)
        tables = {
            name: sorted((column["name"], bool(column["nullable"])) for column in found.get_columns(name))
            + sorted((str(index["name"]), bool(index["unique"])) for index in found.get_indexes(name))
            for name in found.get_table_names()
        }
    record.close()
    return tables


def test_a_record_of_an_earlier_format_is_brought_up_to_ours(where: Path | str, tmp_path: Path) -> None:
    """Nothing in it is lost, it has what a new one has, and several may open it at the same time."""
    old_record(where)
    barrier = threading.Barrier(4)
    refused: list[str] = []

    def open_together() -> None:
        barrier.wait(30)
        try:
            Record.open(where).close()
        except HornbookError as error:
            refused.append(str(error))

    threads = [threading.Thread(target=open_together) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    record = Record.open(where)
    standing = record.standing("ada", "course", "means")
    twice = [record.grade("ada", "course", RIGHT, work="w") for _ in range(2)]
    record.close()

    assert refused == []
    assert (standing.attempts, standing.exercises, standing.passed_at, twice) == (1, {"mean": True}, NOW, [True, False])
    assert columns(where) == columns(tmp_path / "new.sqlite")


# --- Copies --------------------------------------------------------------------------------------------------------------


def filled(where: Path | str) -> Record:
    """Return a record of two learners."""
    record = Record.open(where)
    record.grade("ada", "course", RIGHT, at=NOW, work="w")
    record.grade("ada", "course", RIGHT, at=NOW + timedelta(days=1))
    record.grade("José 李雷", "course", verdict(mean=Status.FAILED), at=NOW)
    record.practise("cyd", "course", RIGHT, at=NOW)
    return record


def test_an_export_can_be_read_in_again(where: Path | str, tmp_path: Path) -> None:
    """In another kind of database, too; twice changes nothing, and what is there already stays."""
    record = filled(where)
    lines = list(record.export())
    of_ada = [json.loads(line) for line in record.export("ada")]
    record.close()
    other = Record.open(tmp_path / "other.sqlite")
    other.practise("cyd", "course", verdict(mean=Status.FAILED), at=NOW + timedelta(days=9))
    new = [other.restore(lines), other.restore(lines)]
    again = sorted(other.export())
    other.close()

    assert new == [len(lines) - 2, 0]
    assert {row.get("learner") for row in of_ada} == {None, "ada"}
    assert len(of_ada) == 5
    assert [line for line in again if b'"cyd"' not in line] == sorted(line for line in lines if b'"cyd"' not in line)


def test_a_backup_is_a_whole_record(where: Path | str, tmp_path: Path) -> None:
    """Made while somebody writes: a database in one file where ours is one, or else an export; only its owner may read it."""
    record = filled(where)
    with writing(where, tmp_path, "eve", 10_000) as process:
        assert process.stdout is not None
        next(process.stdout)
        record.backup(tmp_path / "new" / "copy")
        process.kill()
    record.close()
    copy = Record.open(tmp_path / "copied.sqlite" if isinstance(where, str) else tmp_path / "new" / "copy")
    if isinstance(where, str):
        copy.restore((tmp_path / "new" / "copy").read_bytes().splitlines())
    attempts = {one.learner: one.attempts for one in copy.learners()}
    copy.close()

    assert attempts.pop("eve") >= 1
    assert attempts == {"ada": 2, "José 李雷": 1, "cyd": 0}
    assert (tmp_path / "new" / "copy").stat().st_mode & 0o077 == 0
    assert not [path.name for path in (tmp_path / "new").iterdir() if path.name.startswith(".")]


def test_a_copy_takes_nobodys_place(tmp_path: Path) -> None:
    """What is there already stays as it is."""
    record = filled(tmp_path / "record.sqlite")
    (tmp_path / "mine").write_bytes(b"mine")
    (tmp_path / "file").write_bytes(b"")
    for copy in (record.backup, record.write_export):
        with pytest.raises(HornbookError, match=r"mine: cannot be written \(it is there already\)\. Choose another file"):
            copy(tmp_path / "mine")
        with pytest.raises(HornbookError, match=r"cannot be written \(File exists|Not a directory\)"):
            copy(tmp_path / "file" / "copy")
    record.close()

    assert (tmp_path / "mine").read_bytes() == b"mine"


@pytest.mark.parametrize(
    "bad",
    [b"", b"{", b"[]", b'{"record":"hornbook","format":99}', b'{"table":"format","number":9}', b'{"table":"verdict","at":"soon"}', b"\xff"],
)
def test_what_is_no_export_is_refused_whole(tmp_path: Path, bad: bytes) -> None:
    """All of it or nothing, by the number of its line; a table that is not for restoring is none."""
    record = filled(tmp_path / "record.sqlite")
    lines = list(record.export())
    with pytest.raises(HornbookError, match=r"^Line 1 does not belong to the export of a record, so nothing was read\.$"):
        record.restore([bad])
    record.close()
    other = Record.open(tmp_path / "other.sqlite")
    with pytest.raises(HornbookError, match=r"^Line 3 does not belong"):
        other.restore([*lines[:2], bad])
    left = list(other.learners())
    other.close()

    assert left == []


# --- Erasure -------------------------------------------------------------------------------------------------------------

NAME = "unforgettable xylophonist"


def below(folder: Path) -> bytes:
    """Return the bytes of every file in *folder*."""
    return b"".join(path.read_bytes() for path in folder.iterdir())


@pytest.mark.parametrize("secure", [True, False], ids=["our own", "written without care"])
def test_who_is_forgotten_is_in_no_byte_of_any_file(tmp_path: Path, *, secure: bool) -> None:
    """Neither in the database nor in its log, even where an earlier hornbook has freed pages without wiping them."""
    folder = tmp_path / "r"
    record = Record.open(folder / "record.sqlite")
    for number in range(20):
        record.grade(f"other {number}", "course", RIGHT)
        record.grade(NAME, "course", RIGHT)
    record.hinted(NAME, "course", "means", {"a": 1})
    if not secure:
        with contextlib.closing(sqlite3.connect(folder / "record.sqlite", isolation_level=None)) as connection:
            connection.execute("PRAGMA secure_delete=OFF")
            connection.execute("DELETE FROM verdict WHERE learner = ? AND id < 30", (NAME,))
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    before = below(folder)
    rows = record.forget(NAME)
    during = below(folder)
    again = record.forget(NAME)
    left = sum(one.attempts for one in record.learners())
    record.close()

    assert NAME.encode() in before
    assert NAME.encode() not in during + below(folder)
    assert rows == (23 if secure else 9)
    assert (again, left) == (0, 20)


def test_whoever_reads_meanwhile_keeps_traces_and_that_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is deleted, and what is still to do is told; the same again does it."""
    monkeypatch.setattr("hornbook.database.BUSY_SECONDS", 0.1)
    record = filled(tmp_path / "record.sqlite")
    with contextlib.closing(sqlite3.connect(tmp_path / "record.sqlite", isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM verdict").fetchone()
        with pytest.raises(HornbookError, match=r"it is deleted, but another program is reading the record, so that traces are left"):
            record.forget("ada")
    gone = record.forget("ada")
    record.close()

    assert gone == 0
    assert b"ada" not in below(tmp_path)


def test_a_database_that_many_share_forgets_too(empty_postgresql: str) -> None:
    """PostgreSQL keeps no row of theirs, dead or alive."""
    record = Record.open(empty_postgresql)
    for learner in ("ada", NAME):
        record.grade(learner, "course", RIGHT)
    record.forget(NAME)
    with record.engine.connect() as connection:
        dead = connection.exec_driver_sql("SELECT pg_relation_size('verdict') / current_setting('block_size')::int").scalar_one()
    left = [one.learner for one in record.learners()]
    record.close()

    assert (left, dead) == (["ada"], 1)


def test_a_record_is_its_owners(tmp_path: Path) -> None:
    """Wherever its file is."""
    Record.open(tmp_path / "record.sqlite").close()

    assert (tmp_path / "record.sqlite").stat().st_mode & 0o077 == 0
