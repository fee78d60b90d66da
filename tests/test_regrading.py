"""What was handed in is graded again: beside what came of it first, once, resumed, and never to anybody's silent loss."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from test_following import drawing
from typer.testing import CliRunner, Result

from hornbook.cli import app
from hornbook.course import Course
from hornbook.errors import CourseError, HornbookError
from hornbook.grading import grade
from hornbook.lesson import SubmissionFile, fill, read_solution
from hornbook.record.store import Record
from hornbook.regrading import Change, regrade, unearned
from hornbook.release.versions import keep
from hornbook.scaffold import FIRST_LESSON, new_course
from hornbook.variants import Seed, hand_out

GRADER = "graders/test_counting_vowels.py"
CAPITALS_FORGOTTEN = "def count_vowels(word):\n    return sum(map(word.count, 'aeiou'))\n"


@pytest.fixture(params=["sqlite", "postgresql"])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Give a place for a record: a file, and an empty database of a real PostgreSQL."""
    return str(tmp_path / "record.sqlite") if request.param == "sqlite" else str(request.getfixturevalue("empty_postgresql"))


@pytest.fixture
def course(tmp_path: Path) -> Course:
    """Give a course with one lesson, whose version is kept, and a folder in which two have handed it in."""
    new_course(tmp_path / "singers")
    course = Course.open(tmp_path / "singers")
    lesson = course.lesson(FIRST_LESSON)
    answers: dict[str, Any] = {"ada": read_solution(course.solution(FIRST_LESSON)), "ben": {"count_vowels": CAPITALS_FORGOTTEN}}
    for learner, sources in answers.items():
        path = tmp_path / "handed_in" / learner / "work.ipynb"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(lesson.to_notebook(sources)), "utf-8")
    keep(course, lesson)
    return course


def hornbook(*words: str | Path) -> Result:
    """Run a command in this process."""
    return CliRunner().invoke(app, list(map(str, words)))


def handed_in(course: Course, where: str) -> None:
    """Grade what both have handed in, into the record."""
    ended = hornbook("grade", course.root.parent / "handed_in", "--course", course.root, "--record", where, "--quiet")
    assert ended.exit_code == 1, ended.output


def stricter(course: Course) -> Course:
    """Return *course* with a check that the solution does not pass any more: lower letters alone count."""
    return _rewritten(course, 'count_vowels("Anna") == 2', 'count_vowels("Anna") == 1')


def kinder(course: Course) -> Course:
    """Return *course* with checks that ask for small letters only."""
    return _rewritten(_rewritten(course, '"Anna"', '"anna"'), "abcdeiouxyzABEIOUXYZ", "abcdeiouxyz")


def _rewritten(course: Course, old: str, new: str) -> Course:
    path = course.root / GRADER
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")
    return Course.open(course.root)


def rows(where: str) -> list[tuple[str, str | None]]:
    """Return whose each verdict in the record is, and why it is there."""
    record = Record.open(where if "://" in where else Path(where))
    exported = [json.loads(line) for line in record.export()]
    record.close()
    return [(row["learner"], row["why"]) for row in exported if row.get("table") == "verdict"]


def test_what_would_change_is_shown_first(course: Course, where: str) -> None:
    """A dry run shows each change and what they come to, and leaves the record as it is."""
    handed_in(course, where)
    before = rows(where)
    ended = hornbook("regrade", "--course", kinder(course).root, "--record", where, "--dry-run")

    assert ended.exit_code == 0, ended.output
    assert "rises ben counting_vowels 2 of 5 points -> 5 of 5 points passes now" in " ".join(ended.stdout.split())
    assert "Would be regraded: 2 handed in; 1 rise, 1 stay the same." in ended.stdout
    assert rows(where) == before


def test_a_new_verdict_stands_beside_the_old_one(course: Course, where: str) -> None:
    """Both are in the record, the new one with its reason; done twice it is there once; a standing counts no attempt more."""
    handed_in(course, where)
    words = ("regrade", FIRST_LESSON, "--course", kinder(course).root, "--record", where, "--why", "capitals do not matter")
    first, second = hornbook(*words), hornbook(*words)
    record = Record.open(where if "://" in where else Path(where))
    standing = record.standing("ben", course.name, FIRST_LESSON)
    (learner,) = [one for one in record.learners() if one.learner == "ben"]
    counted = len(list(record.verdicts()))
    record.close()

    assert (first.exit_code, second.exit_code) == (0, 0), first.output + second.output
    assert sorted(rows(where), key=str) == [
        ("ada", "capitals do not matter"), ("ada", None), ("ben", "capitals do not matter"), ("ben", None),
    ]  # fmt: skip
    assert (standing.attempts, standing.exercises, standing.passed_at is not None) == (1, {"count_vowels": True}, True)
    assert (learner.attempts, learner.passed, counted) == (1, True, 2)


def test_marks_never_fall_unseen(course: Course, where: str) -> None:
    """A fall is shown, with exit code 1, and takes away nothing: what was passed stays passed."""
    handed_in(course, where)
    ended = hornbook("regrade", "--course", stricter(course).root, "--record", where, "--learner", "ada")
    document = json.loads(hornbook("regrade", "--course", course.root, "--record", where, "--learner", "ada", "--json").stdout)
    record = Record.open(where if "://" in where else Path(where))
    standing = record.standing("ada", course.name, FIRST_LESSON)
    record.close()

    assert ended.exit_code == 1
    assert "falls ada counting_vowels 5 of 5 points -> 4 of 5 points passed before, not now" in " ".join(ended.stdout.split())
    assert "tell those whose marks fall" in ended.stdout
    assert standing.passed_at is not None
    assert standing.exercises == {"count_vowels": True}
    assert [(one["learner"], one["kind"], one["known"]) for one in document["changes"]] == [("ada", "falls", True)]


def test_it_goes_against_the_version_that_is_named(course: Course, where: str) -> None:
    """What was graded against the new version can be graded against the one that was kept; what was graded against it is left out."""
    version = keep(course, course.lesson(FIRST_LESSON))
    changed = kinder(course)
    hornbook("grade", course.root.parent / "handed_in", "--course", changed.root, "--record", where, "--quiet")
    record = Record.open(where if "://" in where else Path(where))
    now = list(regrade(record, changed))
    then = sorted((change.learner, change.kind) for change in regrade(record, changed, against=version))
    record.close()

    assert now == []
    assert then == [("ada", "same"), ("ben", "falls")]


def test_whoever_is_interrupted_goes_on(course: Course, where: str) -> None:
    """What was graded before the end is in the record, and is not graded again."""
    handed_in(course, where)
    changed = kinder(course)
    record = Record.open(where if "://" in where else Path(where))
    changes = regrade(record, changed, keep=True, workers=1)
    first = next(changes)
    changes.close()  # type: ignore[attr-defined] # it is a generator
    between = rows(where)
    rest = list(regrade(record, changed, keep=True))
    record.close()

    assert len(between) == 3
    assert {change.learner: change.known for change in rest} == {"ada": first.learner == "ada", "ben": first.learner == "ben"}
    assert len(rows(where)) == 4


def test_it_comes_to_the_same_however_many_are_graded_at_a_time(course: Course, tmp_path: Path) -> None:
    """In the order of their coming, with the draws that each had first; what is known, or cannot be graded, keeps its place."""
    where = str(tmp_path / "record.sqlite")
    source = tmp_path / "handed_in" / "ben" / "work.ipynb"
    for number in range(6):
        (tmp_path / "handed_in" / f"learner {number}").mkdir()
        shutil.copy(source, tmp_path / "handed_in" / f"learner {number}" / "work.ipynb")
    handed_in(course, where)
    changed = kinder(course)
    with contextlib.closing(Record.open(Path(where))) as record:
        list(regrade(record, changed, learners=["learner 2"], keep=True))
        with record.engine.begin() as connection:
            connection.exec_driver_sql("DELETE FROM submission WHERE learner = 'learner 4'")
        handed = [one.learner for one in record.handed_in(course.name)]
        found = [list(regrade(record, changed, workers=workers)) for workers in (1, 3)]
        kept = list(regrade(record, changed, keep=True, workers=3))
        seeds = {one.learner: one.verdict.seed for one in record.handed_in(course.name)}

    def told(changes: list[Change]) -> list[tuple[str, str, bool, object]]:
        return [(one.learner, one.kind, one.known, one.now and (one.now.points, one.now.seed, one.now.outcomes)) for one in changes]

    def timeless(changes: list[Change]) -> list[Change]:
        return [
            replace(one, now=one.now and replace(one.now, outcomes=tuple(replace(outcome, seconds=0) for outcome in one.now.outcomes)))
            for one in changes
        ]

    one_by_one, at_once, noted = (told(timeless(changes)) for changes in (*found, kept))

    assert [learner for learner, *_ in at_once] == handed
    assert one_by_one == at_once == noted
    assert {learner: kind for learner, kind, *_ in at_once} == {
        "ada": "same", "learner 4": "refused", **{name: "rises" for name in handed if name not in {"ada", "learner 4"}},
    }  # fmt: skip
    assert [learner for learner, _, known, _ in at_once if known] == ["learner 2"]
    assert all(one.now is None or one.now.seed == seeds[one.learner] for one in kept)


def test_what_was_graded_with_the_notebooks_word_is_graded_so_again(tmp_path: Path) -> None:
    """A Lab has recorded the values that a notebook says; a lesson that cannot draw them any more is refused for it."""
    course = drawing(tmp_path / "course")
    lesson = course.lesson("steps")
    path = hand_out(lesson, "ada", Seed.open(course, tmp_path / "seed"), tmp_path)
    path.write_text(path.read_text("utf-8").replace("one = ...", "one = n * 10 + len(word)").replace("two = ...", "two = 2"), "utf-8")
    first = grade(path, course, seed=7, believing=True)
    with contextlib.closing(Record.open(tmp_path / "record.sqlite")) as record:
        record.grade("ada", course.name, first, bound="0" * 64, source=SubmissionFile.open(path).to_json())
        (same,) = regrade(record, course)
        notebook = json.loads(lesson.path.read_bytes())
        notebook["metadata"]["hornbook"]["parameters"]["n"] = {"from": 2_000_000, "to": 2_000_001}
        lesson.path.write_text(json.dumps(notebook), "utf-8")
        (refused,) = regrade(record, Course.open(course.root))

    assert first.passed
    assert same.now is not None
    assert (same.kind, same.now.parameters) == ("same", first.parameters)
    assert "for parameters that the lesson no longer has so" in refused.error


def test_an_interrupted_regrade_says_how_to_go_on(course: Course, tmp_path: Path) -> None:
    """Ctrl-C in the middle loses nothing that was noted, and the next run ends with each graded once."""
    where = str(tmp_path / "record.sqlite")
    handed_in(course, where)
    words = ["regrade", "--course", str(kinder(course).root), "--record", where, "--jobs", "1"]
    process = subprocess.Popen(  # noqa: S603 - our own
        [sys.executable, "-m", "hornbook", *words], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    while process.poll() is None and len(rows(where)) < 3:
        os.sched_yield()
    running = process.poll() is None
    if running:
        os.killpg(process.pid, signal.SIGINT)
    _, told = process.communicate(timeout=60)
    between = len(rows(where))
    ended = hornbook(*words)

    assert process.returncode in ({130} if running and between < 4 else {0, 130})
    assert "run the same command again to go on" in told or process.returncode == 0
    assert between >= 3
    assert ended.exit_code == 0, ended.output
    assert len(rows(where)) == 4


def test_a_killed_regrade_goes_on(course: Course, tmp_path: Path) -> None:
    """A command that is killed in the middle has lost nothing that was noted, and its next run ends with each graded once."""
    where = str(tmp_path / "record.sqlite")
    handed_in(course, where)
    words = ["regrade", "--course", str(kinder(course).root), "--record", where]
    process = subprocess.Popen([sys.executable, "-m", "hornbook", *words], stdout=subprocess.DEVNULL, start_new_session=True)  # noqa: S603 - our own
    while process.poll() is None and len(rows(where)) < 3:
        os.sched_yield()
    with_one = len(rows(where))
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    ended = hornbook(*words)

    assert with_one >= 3
    assert ended.exit_code == 0, ended.output
    assert len(rows(where)) == 4


def test_whoever_is_forgotten_stays_so(course: Course, where: str) -> None:
    """What somebody has handed in is forgotten with them, is exported and restored with the rest, and is not brought back by a regrade."""
    handed_in(course, where)
    record = Record.open(where if "://" in where else Path(where))
    exported = list(record.export())
    (ada,) = record.handed_in(course.name, learners=["ada"])
    record.forget("ada")
    left = [line for line in record.export() if b'"ada"' in line]
    noted = record.regrade(ada, ada.verdict, bound="0" * 64, why="again")
    restored = record.restore(exported)
    (again,) = record.handed_in(course.name, learners=["ada"])
    record.close()

    assert (left, noted) == ([], False)
    assert restored == 3
    assert again == ada
    assert again.source is not None


def test_what_was_not_kept_is_said(course: Course, tmp_path: Path) -> None:
    """What was handed in before the record kept its source cannot be graded again, and the others are."""
    where = str(tmp_path / "record.sqlite")
    handed_in(course, where)
    record = Record.open(Path(where))
    with record.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM submission WHERE learner = 'ada'")
    record.close()
    ended = hornbook("regrade", "--course", kinder(course).root, "--record", where)

    assert ended.exit_code == 2
    assert "refused" in ended.stdout
    assert "1 rise, 1 cannot be graded" in ended.stdout


def test_what_is_not_there_is_said(course: Course, tmp_path: Path) -> None:
    """A version that nobody has kept, and one of another lesson than the one that is named, are refused."""
    record = Record.open(tmp_path / "record.sqlite")
    version = keep(course, course.lesson(FIRST_LESSON))
    with pytest.raises(CourseError, match="has no version"):
        list(regrade(record, course, against="0" * 64))
    with pytest.raises(HornbookError, match=f'is one of "{FIRST_LESSON}"'):
        list(regrade(record, course, slugs=["other"], against=version))
    record.close()


def test_credentials_that_would_not_be_earned_are_told(course: Course, tmp_path: Path) -> None:
    """An artifact of what passed and passes no more is named, and nothing of it is touched; others are not."""
    where = str(tmp_path / "record.sqlite")
    handed_in(course, where)
    record = Record.open(Path(where))
    (ada,) = record.handed_in(course.name, learners=["ada"])
    (ben,) = record.handed_in(course.name, learners=["ben"])
    record.close()
    for name, verdict in (("ada", ada.verdict), ("ben", ben.verdict)):
        (tmp_path / "issued" / name).mkdir(parents=True)
        (tmp_path / "issued" / name / "verdict.json").write_bytes(verdict.to_json())
    (tmp_path / "issued" / "other").mkdir()
    (tmp_path / "issued" / "other" / "verdict.json").write_text("{}", "utf-8")
    told = hornbook("regrade", "--course", stricter(course).root, "--record", where, "--artifacts", tmp_path / "issued")

    assert f"{tmp_path}/issued/ada: ada would no longer earn it" in told.stdout
    assert "issued/ben" not in told.stdout
    assert list(unearned([Change("ada", FIRST_LESSON, ada.verdict, ada.verdict)], tmp_path / "issued")) == []


def test_what_is_kept_of_a_notebook_reads_the_same(course: Course) -> None:
    """What is kept has nothing but what is read: outputs and a learner's metadata are gone, answers and added cells are not."""
    lesson = course.lesson(FIRST_LESSON)
    notebook = lesson.to_notebook({"count_vowels": CAPITALS_FORGOTTEN})
    notebook["metadata"]["name"] = "a secret of the learner's"
    mine = {"cell_type": "code", "id": "mine", "metadata": {"x": "secret"}, "source": ["a = 1\n", "a"], "execution_count": 1}
    notebook["cells"].append({**mine, "outputs": [{"text": "secret"}]})
    # papermill's cell with a learner's values: if it were taken for an added one, it would be run.
    notebook["cells"].append({**mine, "id": "injected", "metadata": {"tags": ["injected-parameters"]}, "outputs": []})
    file = SubmissionFile.parse(json.dumps(notebook).encode(), Path("work.ipynb"))
    again = SubmissionFile.parse(file.to_json(), Path("work.ipynb"))

    assert b"secret" not in file.to_json()
    assert again.cells == file.cells
    assert [cell.id for cell in again.cells if cell.injected] == ["injected"]
    assert again.submission(lesson).sources == file.submission(lesson).sources
    assert again.submission(lesson).added == file.submission(lesson).added
    assert file.submission(lesson).sources == fill(lesson, {"count_vowels": CAPITALS_FORGOTTEN}).sources
