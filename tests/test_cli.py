"""The command line: what it prints where, and the exit codes that it promises."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest
from typer.main import get_command
from typer.testing import CliRunner

from hornbook import __version__
from hornbook.cli import _with_only, app
from hornbook.course import Course
from hornbook.lesson import read_solution
from hornbook.model import LessonRef, Outcome, Runtime, SandboxReport, Status, SubmissionRef, Verdict
from hornbook.record.store import OWNER, Record, default_path
from hornbook.scaffold import FIRST_LESSON, new_course
from hornbook.terminal import EXIT_CODES

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent
LESSONS = len(list((ROOT / "lessons").rglob("*.ipynb")))
SMALL_LETTERS_ONLY = "def count_vowels(word):\n    return sum(letter in 'aeiou' for letter in word)\n"
NEVER_ENDS = "while True:\n    hash('spinning')\n"
BROKEN_CHECK = '''

@pytest.mark.exercise("count_vowels")
def test_broken(submission):
    """Something that cannot be asked"""
    raise RuntimeError("the grader's own fault")
'''


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What stands on stdout, which must be one JSON document."""
        return json.loads(self.out)


def hornbook(*words: str | Path) -> Ended:
    """Run a command in this process."""
    result = CliRunner().invoke(app, [str(word) for word in words])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Ended(result.exit_code, result.stdout, result.stderr)


def command(*words: str | Path, **environment: str) -> subprocess.Popen[str]:
    """Start a command in a process of its own, as a shell would."""
    # Tests that were started in the background ignore interrupts, and so would all that they start.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-m", "hornbook", *map(str, words)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding=environment.get("PYTHONIOENCODING", "utf-8"),
            start_new_session=True,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1] / "src"), **environment},
        )
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """Give a course with one lesson."""
    root = tmp_path_factory.mktemp("course")
    new_course(root)
    return Course.open(root)


@pytest.fixture(scope="module")
def handed_in(course: Course, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder with what was handed in: two good notebooks, one with a mistake, one untouched, and one that is torn."""
    folder = tmp_path_factory.mktemp("handed in")
    lesson = course.lesson(FIRST_LESSON)
    solution = read_solution(course.solution(FIRST_LESSON))
    answers: dict[str, Any] = {
        "ada": solution,
        "group b/ada": solution,
        "ben [bold]": {"count_vowels": SMALL_LETTERS_ONLY},
        "cyd": {},
    }
    for name, sources in answers.items():
        path = folder / f"{name}.ipynb"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(lesson.to_notebook(sources)), encoding="utf-8")
    (folder / "torn.ipynb").write_text('{"cells": [', encoding="utf-8")
    for ignored in (".ipynb_checkpoints/ada.ipynb", "notes.txt", ".hidden.ipynb"):
        (folder / ignored).parent.mkdir(exist_ok=True)
        (folder / ignored).write_text("{}", encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def graded(course: Course, handed_in: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Ended, Path]:
    """Give how grading the whole folder ended, and the folder of its verdicts."""
    verdicts = tmp_path_factory.mktemp("out") / "verdicts"
    return hornbook("grade", handed_in, "--course", course.root, "--json", "--verdicts", verdicts, "--seed", "7"), verdicts


# --- grade -------------------------------------------------------------------------------------------------------------


def test_a_torn_notebook_does_not_stop_the_rest(graded: tuple[Ended, Path]) -> None:
    """Every other notebook is graded; the refusal is a sentence on stderr, and its code is the worst."""
    ended, _ = graded

    assert [document.get("passed", document.get("kind")) for document in ended.json] == [True, False, False, "SubmissionError", True]
    assert ended.err.count("torn.ipynb: is not JSON") == 1
    assert ended.code == 2


def test_json_is_one_document_of_verdicts(graded: tuple[Ended, Path]) -> None:
    """What stands on stdout is what `Verdict` reads, in the order of the names; a refusal says its code."""
    documents = graded[0].json
    verdicts = [Verdict.from_json(json.dumps(document).encode()) for document in documents if "error" not in document]

    assert [verdict.submission.name for verdict in verdicts] == ["ada.ipynb", "ben [bold].ipynb", "cyd.ipynb", "ada.ipynb"]
    assert {verdict.seed for verdict in verdicts} == {7}
    assert verdicts[0].points.earned == 5.0
    assert next(document for document in documents if "error" in document)["exit_code"] == 2


def test_verdicts_are_written_under_safe_names(graded: tuple[Ended, Path]) -> None:
    """Two notebooks of the same name in two folders get a file each; no name of a learner's is a path."""
    _, folder = graded
    names = sorted(path.name for path in folder.iterdir())

    assert [re.sub(r"-[0-9a-f]{12}\.json$", "", name) for name in names] == ["ada", "ben__bold_", "cyd", "group_b_ada"]
    assert all(Verdict.from_json(path.read_bytes()).seed == 7 for path in folder.iterdir())


def test_a_single_notebook_gives_a_single_object(course: Course, handed_in: Path) -> None:
    """An array stands only where several were asked for."""
    ended = hornbook("grade", handed_in / "ada.ipynb", "--course", course.root, "--json")

    assert (ended.code, ended.json["passed"], ended.err) == (0, True, "")


def test_quiet_is_a_line_for_each_and_a_sum(course: Course, handed_in: Path) -> None:
    """Names are shown as they are, never read as markup."""
    ended = hornbook("grade", handed_in / "ben [bold].ipynb", handed_in / "cyd.ipynb", "--course", course.root, "--quiet")

    assert ended.out.splitlines()[0].startswith("ben [bold].ipynb: counting_vowels, ")
    assert ended.out.splitlines()[1:] == ["cyd.ipynb: counting_vowels, 0 of 5 points, not yet", "2 notebooks: 2 not yet."]
    assert ended.code == 1


def test_a_verdict_is_drawn_for_people(course: Course, handed_in: Path) -> None:
    """What was asked, what came, what was expected, and one next step, in plain text where no terminal reads."""
    ended = hornbook("grade", handed_in / "ben [bold].ipynb", "--course", course.root, "--lesson", f"any/{FIRST_LESSON}")

    assert 'asked          count_vowels("Anna")' in ended.out.replace("'", '"')
    assert re.search(r"came +1\n +expected +2\n", ended.out)
    assert ended.out.count("next step") == 1
    assert "You looked for small vowels only" in ended.out
    assert "\x1b" not in ended.out
    assert max(map(len, ended.out.splitlines())) <= 100
    assert ended.code == 1


def test_several_verdicts_stand_apart_and_a_notebook_counts_once(course: Course, handed_in: Path) -> None:
    """Between two drawn verdicts are empty lines, behind them a sum; naming a notebook twice grades it once."""
    ada, cyd = handed_in / "ada.ipynb", handed_in / "cyd.ipynb"
    ended = hornbook("grade", ada, cyd, ada, handed_in / "group b", "--course", course.root)

    assert "\n\nCounting vowels  cyd.ipynb" in ended.out
    assert ended.out.endswith("\n\n3 notebooks: 2 passed, 1 not yet.\n")
    assert ended.code == 1


def test_a_broken_check_is_the_courses_fault(tmp_path: Path, handed_in: Path) -> None:
    """Exit code 3, whatever else passed; and what a grader prints stays out of the document."""
    new_course(tmp_path)
    grader = tmp_path / "graders" / f"test_{FIRST_LESSON}.py"
    grader.write_text(grader.read_text(encoding="utf-8") + "\nprint('loading')\n" + BROKEN_CHECK, encoding="utf-8")
    ended = hornbook("grade", handed_in / "ada.ipynb", "--course", tmp_path, "--json")
    quiet = hornbook("grade", handed_in / "ada.ipynb", "--course", tmp_path, "-q")

    assert (ended.code, [one["status"] for one in ended.json["outcomes"]].count("broken")) == (3, 1)
    assert quiet.out.endswith("5 of 5 points, broken\n")
    assert "loading" in ended.err


def test_a_grader_that_cannot_be_collected_is_the_courses_fault(tmp_path: Path, handed_in: Path) -> None:
    """One sentence with the file, and exit code 3."""
    new_course(tmp_path)
    (tmp_path / "graders" / f"test_{FIRST_LESSON}.py").write_text("import nothing_of_this_name\n", encoding="utf-8")
    ended = hornbook("grade", handed_in / "ada.ipynb", "--course", tmp_path)

    assert ended.code == 3
    assert f"test_{FIRST_LESSON}.py: " in ended.err
    assert "Traceback" not in ended.err


def test_a_weak_sandbox_is_refused_not_downgraded(course: Course, handed_in: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is graded below the level that was asked for, be it by option or by the course."""
    from hornbook.sandbox import canary  # noqa: PLC0415 - only here

    # A machine weaker than this one is not to be had in a test.
    strength = canary.strongest()
    weak = canary.Strength(strength.mode, type(strength.report)(1, canary.NAMES["seccomp"], ()))
    monkeypatch.setattr(canary, "strongest", lambda **_: weak)
    ended = hornbook("grade", handed_in / "ada.ipynb", "--course", course.root, "--require-level", "2")
    told = hornbook("sandbox", "--require-level", "2")

    assert (ended.code, ended.out) == (3, "")
    assert "reaches level 1 (seccomp, limits), and level 2 is required" in ended.err
    assert (told.code, told.err) == (3, "Level 2 is required.\n")


def test_verdicts_need_a_folder(course: Course, handed_in: Path, tmp_path: Path) -> None:
    """A file in the way is one sentence."""
    (tmp_path / "file").write_text("", encoding="utf-8")
    ended = hornbook("grade", handed_in / "ada.ipynb", "--course", course.root, "--verdicts", tmp_path / "file")

    assert ended.code == 2
    assert "cannot be made (File exists). Choose another folder for --verdicts." in ended.err


def test_a_verdict_that_cannot_be_written_is_told(course: Course, handed_in: Path, tmp_path: Path) -> None:
    """A folder in the place of a verdict's file is one sentence, with exit code 2."""
    first = hornbook("grade", handed_in / "cyd.ipynb", "--course", course.root, "--verdicts", tmp_path, "-q")
    (written,) = tmp_path.iterdir()
    written.unlink()
    written.mkdir()
    ended = hornbook("grade", handed_in / "cyd.ipynb", "--course", course.root, "--verdicts", tmp_path, "-q")

    assert first.code == 1
    assert ended.code == 2
    assert "cannot be written (Is a directory). Choose another folder for --verdicts." in ended.err


# --- check -------------------------------------------------------------------------------------------------------------


def test_a_check_never_says_that_all_is_passed(course: Course, handed_in: Path) -> None:
    """Hidden checks are announced, and neither run nor counted."""
    ended = hornbook("check", handed_in / "ada.ipynb", "--course", course.root)

    assert ended.out.splitlines()[-1] == "2 of 2 visible checks pass; 2 more run when you hand in."
    assert "2 of 2 visible points" in ended.out
    assert ended.code == 0


@pytest.mark.parametrize(("words", "shown"), [((), 1), (("--hints", "0"), 0), (("--hints", "2"), 2)])
def test_hints_come_one_by_one(course: Course, handed_in: Path, words: tuple[str, ...], shown: int) -> None:
    """The learner decides how many to see; the next step is the default."""
    ended = hornbook("check", handed_in / "ben [bold].ipynb", "--course", course.root, *words)

    assert len(re.findall(r"\(\d of \d\)", ended.out)) == shown
    assert ended.code == 1


def test_a_check_remembers_which_hints_it_has_shown(course: Course, handed_in: Path, tmp_path: Path) -> None:
    """Where a record is named; as many as are shown, and to a program all. Where two would be the same learner's, nothing is asked."""
    words = ("check", handed_in / "ben [bold].ipynb", "--course", course.root, "--record", tmp_path / "record.sqlite")
    seen = []
    for more in (("--hints", "0"), (), ("--json",)):
        code = hornbook(*words, *more).code
        with contextlib.closing(Record.open(tmp_path / "record.sqlite")) as record:
            seen.append(sorted(level for _, _, _, _, level in record.hints(course.name)))
            standing = record.standing("ben [bold]", course.name, FIRST_LESSON)
        assert (code, standing.exercises, standing.attempts) == (1, {"count_vowels": False}, 0)
    refused = hornbook("check", handed_in / "ada.ipynb", handed_in / "group b" / "ada.ipynb", "--record", tmp_path / "record.sqlite")

    assert seen[:2] == [[], [1]]
    assert len(seen[2]) > 1
    assert refused.code == 2


def test_a_check_gives_json_too(course: Course, handed_in: Path) -> None:
    """The same Verdict, with the number of checks to come."""
    ended = hornbook("check", handed_in / "cyd.ipynb", "--course", course.root, "--json")

    assert (ended.json["hidden_pending"], {one["status"] for one in ended.json["outcomes"]}) == (2, {"not attempted"})


# --- Bad input ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("grade", "{in}/nobody.ipynb"), "nobody.ipynb: "),
        (("grade", "{in}/torn.ipynb"), "torn.ipynb: is not JSON"),
        (("grade", "{empty}"), "holds no notebook (.ipynb)"),
        (("grade", "{in}/ada.ipynb", "--lesson", "gone"), 'has no lesson "gone"'),
        (("doctor", "gone"), 'has no lesson "gone"'),
        (("doctor", "{in}", "{empty}"), "one course at a time"),
        (("new", "course", "{course}"), "is there already"),
        (("new", "lesson", "Bad Name"), "cannot name a lesson"),
        (("new", "lesson", FIRST_LESSON), "already"),
    ],
)
@pytest.mark.parametrize("debug", [False, True])
def test_bad_input_is_one_sentence_and_code_2(
    course: Course, handed_in: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], sentence: str, *, debug: bool
) -> None:
    """The sentence stands on stderr, and a traceback only if it was asked for."""
    monkeypatch.chdir(course.root)
    places = {"{in}": str(handed_in), "{empty}": str(tmp_path), "{course}": str(course.root)}
    spoken = [re.sub(r"\{\w+\}", lambda found: places[found[0]], word) for word in words]
    ended = hornbook(*(["--debug"] if debug else []), *spoken)

    assert ended.code == 2
    assert sentence in ended.err.splitlines()[-1]
    assert ended.out == ""
    # What one of several files is refused for is told, not raised.
    assert ("Traceback" in ended.err) == (debug and "torn" not in ended.err and "nobody" not in ended.err)


def test_an_error_is_json_where_json_was_promised(course: Course, tmp_path: Path) -> None:
    """Stdout holds one document even where nothing could be graded."""
    ended = hornbook("grade", tmp_path, "--course", course.root, "--json")

    assert ended.json["exit_code"] == ended.code == 2
    assert ended.json["error"] == ended.err.rstrip("\n")


@pytest.mark.parametrize("words", [["grade"], ["check", "x.ipynb", "--hints", "-1"], ["grade", "x", "--seed", "x"], ["frobnicate"]])
def test_usage_is_code_2(words: list[str]) -> None:
    """What typer refuses ends like any other bad input."""
    assert hornbook(*words).code == 2


def test_no_course_is_bad_input(tmp_path: Path, handed_in: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Outside any course the sentence says how to name one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    nowhere = hornbook("check", handed_in / "ada.ipynb")
    named = hornbook("check", handed_in / "ada.ipynb", "--course", tmp_path)

    assert (nowhere.code, nowhere.err.startswith("You are in no course. Name one with --course DIR")) == (2, True)
    assert (named.code, "is not a course: it has no folder lessons/" in named.err) == (2, True)


def test_an_installed_course_is_found(tmp_path: Path, handed_in: Path, course: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    """By its name, and without one if it is the only one; several are named in the sentence."""
    installed = tmp_path / "hornbook" / "courses"
    installed.mkdir(parents=True)
    (installed / "vowels").symlink_to(course.root)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    alone = hornbook("check", handed_in / "cyd.ipynb", "--json")
    (installed / "more").symlink_to(course.root)
    among = hornbook("check", handed_in / "cyd.ipynb")
    named = hornbook("check", handed_in / "cyd.ipynb", "--course", "more", "--json")

    assert (alone.json["lesson"]["slug"], named.json["lesson"]["slug"]) == (FIRST_LESSON, FIRST_LESSON)
    assert (among.code, "Installed are more, vowels." in among.err) == (2, True)


def test_a_submission_in_its_course_needs_no_option(
    tmp_path: Path, course: Course, handed_in: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where we are in no course, the one that the notebook lies in is meant."""
    place = course.root / "work" / "cyd.ipynb"
    place.parent.mkdir()
    place.write_bytes((handed_in / "cyd.ipynb").read_bytes())
    monkeypatch.chdir(tmp_path)

    assert hornbook("check", place, "--json").json["lesson"]["slug"] == FIRST_LESSON


# --- The other commands ------------------------------------------------------------------------------------------------


def test_new_makes_what_doctor_proves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A new course and a new lesson in it are healthy at once, and each says what to do next."""
    made = hornbook("new", "course", tmp_path / "night school", "--title", "Night [school]")
    monkeypatch.chdir(tmp_path / "night school")
    lesson = hornbook("new", "lesson", "loops/fizz_buzz")
    (tmp_path / "night school" / "lessons" / "counting_vowels.ipynb").unlink()
    proven = hornbook("doctor", "--json", "loops/fizz_buzz")

    assert made.out.endswith(f"Next: cd '{tmp_path}/night school' && hornbook doctor\n")
    assert lesson.out.startswith("made  lessons/loops/fizz_buzz.ipynb\n")
    assert lesson.out.endswith("Next: hornbook doctor fizz_buzz\n")
    assert (made.code, lesson.code) == (0, 0)
    assert [proof["problems"] for proof in proven.json["lessons"][0]["proofs"]] == [[]] * 8
    # The lesson that was taken away has left its grader, solution and hints behind.
    assert (len(proven.json["proofs"][0]["problems"]), proven.code) == (3, 3)


def test_doctor_grades_the_graders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With --mutants what `new` makes is healthy as well, and the document has the score and whatever survives."""
    hornbook("new", "course", tmp_path)
    monkeypatch.chdir(tmp_path)
    ended = hornbook("doctor", "counting_vowels", "--mutants", "--json")
    (lesson,) = ended.json["lessons"]

    assert ended.code == 0, lesson
    assert len(lesson["proofs"]) == 16
    assert lesson["mutation"]["score"] == 100.0
    assert lesson["mutation"]["killed"] == lesson["mutation"]["mutants"] > 5
    assert lesson["mutation"]["survivors"] == []


def test_doctor_takes_a_folder_and_draws(tmp_path: Path) -> None:
    """A course without lessons fails in words, and ends with code 3."""
    (tmp_path / "lessons").mkdir()
    ended = hornbook("doctor", tmp_path)

    assert ended.code == 3
    assert "✗ fails" in ended.out
    assert "holds no lesson" in ended.out


def test_sandbox_shows_what_was_measured() -> None:
    """Level, name and facts, as a table and as JSON."""
    drawn, as_json = hornbook("sandbox"), hornbook("sandbox", "--json")
    report = as_json.json

    assert drawn.out.startswith(f"Sandbox level {report['level']} of 4: ")
    assert drawn.out.count("✓ held") == sum(fact["held"] for fact in report["facts"])
    assert (drawn.code, as_json.code) == (0, 0)


def test_help_says_the_exit_codes() -> None:
    """Every command documents how it ends."""
    commands = [["--help"], *([name, "--help"] for name in ("check", "grade", "doctor", "demo", "sandbox", "new"))]
    commands += [["new", "course", "-h"], ["new", "lesson", "-h"]]

    for words in commands:
        assert EXIT_CODES in " ".join(hornbook(*words).out.split()), words
    assert hornbook("--version").out == f"hornbook {__version__}\n"


def parts(command: Any) -> tuple[Any, ...]:
    """Return what a command is made of, and what those below it are."""
    options = [(type(one).__name__, one.name, one.opts, one.secondary_opts, one.required, one.default, one.help) for one in command.params]
    below = [parts(one) for one in getattr(command, "commands", {}).values()]
    return command.name, command.help, command.epilog, options, below


def test_a_command_is_the_same_without_the_others() -> None:
    """Only the one that is asked for is built, with its options, its help and what is below it; whatever else is said needs them all."""
    whole: Any = get_command(app)
    for name, command in whole.commands.items():
        small: Any = get_command(_with_only([name], app))

        assert list(small.commands) == [name]
        assert parts(small.commands[name]) == parts(command)
        assert (parts(small)[:-1], small.callback.__name__) == (parts(whole)[:-1], whole.callback.__name__)

    again: Any = get_command(app)
    assert len(again.commands) == len(whole.commands) > 30
    assert [_with_only(words, app) for words in ([], ["--version"], ["chekc"], [""])] == [app] * 4


def test_every_command_stands_where_somebody_looks_for_it_with_its_whole_sentence() -> None:
    """One that belongs to nobody would be listed last, under a heading that says nothing."""
    listed = hornbook("--help").out
    sentences = " ".join(listed.split())

    assert "..." not in listed.partition("Options:")[2]
    assert "Commands:" not in listed
    assert "doctor Prove a course: each lesson can be passed, gives nothing away, and recognises the mistakes that it knows." in sentences
    assert "Commands:" in hornbook("portfolio", "--help").out


# --- Real processes ----------------------------------------------------------------------------------------------------


def test_help_answers_at_once() -> None:
    """Nothing heavy is imported for it."""
    heavy = ("numpy", "pandas", "nbformat", "nbclient", "pytest", "rich.console", "msgspec", "jupyter_client")
    program = f"import sys, hornbook.cli; print([name for name in {heavy} if name in sys.modules])"
    imported = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)  # noqa: S603 - our own program
    process = command("--help")
    out, _ = process.communicate()

    assert imported.stdout == "[]\n"
    assert process.returncode == 0
    assert out.startswith("Usage: hornbook [OPTIONS] COMMAND")


def test_a_pipe_gets_plain_text_even_in_a_poor_locale(course: Course, handed_in: Path) -> None:
    """Where the encoding lacks a symbol, the word beside it is still there, and nothing fails."""
    process = command("check", handed_in / "cyd.ipynb", "--course", course.root, PYTHONIOENCODING="cp1252")
    out, err = process.communicate()

    assert (process.returncode, err) == (1, "")
    assert "????????" in out
    assert "  · not attempted  The word" in out


def test_a_terminal_gets_colour_and_is_told_what_takes_long(course: Course, tmp_path: Path) -> None:
    """On a terminal the verdict is coloured, and after half a second a line says what is being graded."""
    import pty  # noqa: PLC0415 - Unix only

    notebook = tmp_path / "dot.ipynb"
    lesson = course.lesson(FIRST_LESSON)
    slow = f"import time\ntime.sleep(1.5)\n{SMALL_LETTERS_ONLY}"
    notebook.write_text(json.dumps(lesson.to_notebook({"count_vowels": slow})), encoding="utf-8")
    parent, child = pty.openpty()
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "90", "PYTHONPATH": str(Path(__file__).parents[1] / "src")}
    environment.pop("NO_COLOR", None)
    process = subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-m", "hornbook", "check", str(notebook), "--course", str(course.root)],
        stdin=child,
        stdout=child,
        stderr=child,
        env=environment,
    )
    os.close(child)
    seen = b"".join(_until_closed(parent)).decode()
    process.wait()

    assert "grading dot.ipynb" in seen
    assert "\x1b[33m  ✗ not yet" in seen
    assert seen.rstrip().endswith("Carry on with count_vowels.\x1b[0m")


def _until_closed(descriptor: int) -> Iterator[bytes]:
    """Yield what is written to the terminal *descriptor* until its last writer has gone."""
    while True:
        try:
            data = os.read(descriptor, 65536)
        except OSError:
            break
        if not data:
            break
        yield data
    os.close(descriptor)


def test_ctrl_c_ends_cleanly(course: Course, tmp_path: Path) -> None:
    """Exit code 130, one sentence, and no process is left: neither the learner's loop nor what confines it."""
    notebook = tmp_path / "loop.ipynb"
    notebook.write_text(json.dumps(course.lesson(FIRST_LESSON).to_notebook({"count_vowels": NEVER_ENDS})), encoding="utf-8")
    process = command("grade", notebook, "--course", course.root)
    children = _descendants(process.pid, at_least=3)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    _, alive = psutil.wait_procs(children, timeout=5)

    assert (process.returncode, out, err) == (130, "", "Interrupted; nothing is left running.\n")
    assert alive == []


def _descendants(pid: int, *, at_least: int) -> list[psutil.Process]:
    """Return the processes below *pid* once there are *at_least* so many and one of them is busy."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        children = psutil.Process(pid).children(recursive=True)
        if len(children) >= at_least and any(child.cpu_percent(interval=0.1) > 30 for child in children if child.is_running()):
            return children
    pytest.fail("the submission never ran")


# --- Finding ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def catalog(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give an empty catalog and record of our own, in the repository's own course."""
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("HORNBOOK_CATALOG", str(tmp_path / "catalog.sqlite"))
    monkeypatch.chdir(ROOT)
    return tmp_path / "catalog.sqlite"


@pytest.mark.usefixtures("catalog")
def test_find_says_what_where_and_why() -> None:
    """A question in a course finds its lesson, with the reason, the cell and the file."""
    ended = hornbook("find", "moving", "averages")

    assert ended.code == 0
    assert ended.out.splitlines()[0] == "1  A steady pulse"
    assert "intermediate · 12 minutes · NumPy arrays" in ended.out
    assert "It speaks of average, moving." in ended.out
    assert re.search(r"Cell \d+: ", ended.out)
    assert "lessons/numpy/steady_pulse.ipynb" in ended.out


@pytest.mark.usefixtures("catalog")
def test_find_answers_in_json_and_narrows_down() -> None:
    """Each option leaves out what it does not hold for; what has no date is not published since."""
    found = hornbook("find", "loops", "--level", "beginner", "--skill", "dictionaries", "--minutes", "15", "--json").json
    none = hornbook("find", "loops", "--since", "2026-01-01", "--json").json

    assert {hit["slug"] for hit in found} >= {"secret_messages", "tidy_expenses"}
    assert all(hit["level"] == "beginner" and "dictionaries" in hit["skills"] and hit["minutes"] <= 15 for hit in found)
    assert none == []


@pytest.mark.usefixtures("catalog")
def test_find_says_that_nothing_fits() -> None:
    """In the language that was asked for; that is no failure."""
    ended = hornbook("find", "loops", "--kind", "artifact", "--language", "de")

    assert (ended.code, ended.out) == (0, "Dazu passt nichts. Versuche es mit anderen Wörtern, oder lass eine Option weg.\n")


@pytest.mark.usefixtures("catalog")
def test_find_refuses_a_date_that_is_none() -> None:
    """As bad input, with an example; in JSON, too."""
    ended = hornbook("find", "x", "--until", "soon", "--json")

    assert ended.code == 2
    assert ended.json["error"] == '"until" must be a date such as "2026-11-28".'


@pytest.mark.usefixtures("catalog")
def test_find_needs_no_course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Outside of any course it finds what the catalog has; a course that is named is read first."""
    monkeypatch.chdir(tmp_path)
    before = hornbook("find", "game of life", "--json").json
    named = hornbook("find", "game of life", "--course", ROOT, "--json").json
    after = hornbook("find", "game of life", "--json").json

    assert before == []
    assert named[0]["slug"] == after[0]["slug"] == "life_on_a_grid"


@pytest.mark.usefixtures("catalog")
def test_related_knows_what_is_recorded() -> None:
    """A lesson that is passed, by the record or by the option, is left out and opens the way to others."""
    before = hornbook("related", "steady_pulse", "--passed", "penguin_table", "--json").json
    with contextlib.closing(Record.open(default_path())) as record:
        course = Course.open(ROOT)
        verdict = hornbook_verdict(course)
        record.grade(OWNER, course.name, verdict)
    after = hornbook("related", "steady_pulse", "--passed", "penguin_table", "--passed", "bike_count", "--json").json

    assert {"life_on_a_grid", "bike_count"} <= {hit["slug"] for hit in before}
    assert "life_on_a_grid" not in {hit["slug"] for hit in after}
    assert "bike_count" not in {hit["slug"] for hit in after}


def hornbook_verdict(course: Course) -> Verdict:
    """Return a verdict that says that `life_on_a_grid` was passed."""
    lesson = course.lesson("life_on_a_grid")
    return Verdict.of(
        lesson=LessonRef(lesson.slug, lesson.title, lesson.version, lesson.digest, "11" * 32),
        submission=SubmissionRef("life_on_a_grid.ipynb", "22" * 32),
        outcomes=(Outcome("test_x", "x", "The x", Status.PASSED, 1.0, 1.0),),
        sandbox=SandboxReport(4, "own root", ()),
        runtime=Runtime("3.11.7", "33" * 32, "0.1.0"),
        started=datetime(2026, 11, 23, 3, 0, tzinfo=UTC),
        seconds=0.25,
        seed=7,
    )


@pytest.mark.usefixtures("catalog")
def test_related_takes_a_notebook_and_what_does_not_work() -> None:
    """A copy of a lesson stands for the lesson; an error message brings the lesson that teaches it first."""
    by_notebook = hornbook("related", ROOT / "lessons/python/secret_messages.ipynb", "--json").json
    by_slug = hornbook("related", "python/secret_messages", "--json").json
    in_trouble = hornbook("related", "secret_messages", "--trouble", "ValueError: invalid literal for int()")

    assert by_notebook == by_slug
    assert by_slug[0]["reasons"] == ["It builds on Secret messages.", "It trains dictionaries, too."]
    assert "It is about what ValueError tells." in in_trouble.out.splitlines()[2]


@pytest.mark.usefixtures("catalog")
def test_related_names_the_nearest_lesson() -> None:
    """A lesson that there is none of is the caller's mistake."""
    ended = hornbook("related", "secret_mesages")

    assert ended.code == 2
    assert 'did you mean "secret_messages"' in ended.err


def test_the_index_is_checked_and_rebuilt(catalog: Path) -> None:
    """What is the matter ends with 3 and says what to do; rebuilding mends it."""
    hornbook("find", "loops")
    whole = hornbook("index", "check")
    with contextlib.closing(sqlite3.connect(catalog)) as connection, connection:
        connection.execute("DELETE FROM words")
    lost = hornbook("index", "check", "--json")
    rebuilt = hornbook("index", "rebuild")

    assert (whole.code, whole.out.splitlines()[:2]) == (0, [f"documents  {LESSONS}", f"indexed    {LESSONS}"])
    assert lost.code == 3
    assert lost.json["problems"] == [f"0 documents can be found by their words, and there are {LESSONS}."]
    assert (rebuilt.code, rebuilt.out) == (0, whole.out)
