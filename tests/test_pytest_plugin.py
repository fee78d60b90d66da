"""`hornbook.grading.pytest_plugin`: the plugin as pytest finds it, by its entry point, in processes of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from hornbook import Course
from hornbook.lesson import Cell, Lesson, write_lesson

ROOT = Path(__file__).parents[1]
SCHEMA = json.loads((ROOT / "docs" / "schemas" / "verdict-1.json").read_text("utf-8"))

GRADER = '''
import pytest
from hypothesis import given, settings, strategies as st

@pytest.mark.exercise("double", points=2)
def test_two(submission):
    """Two doubled is four"""
    assert submission.double(2) == 4

@pytest.mark.exercise("double", points=3, hidden=True)
@settings(max_examples=5)
@given(st.integers(0, 10**9))
def test_any(submission, number):
    """Any number is doubled"""
    assert submission.double(number) == 2 * number
'''


OTHERS = ("schemathesis", "xdist", "xdist.looponfail", "pytest_cov", "anyio", "platformdirs")
"""Plugins of this environment that pytest would find as it finds ours; importing them takes a third of each run."""


def run(*arguments: str, cwd: Path, others: bool = False, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run pytest with *arguments*, in a process of its own, as somebody in *cwd* would who has hypothesis, and *others* as well or not."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    without = [f"-pno:{name}" for name in ("cacheprovider", *(() if others else OTHERS))]
    command = [sys.executable, "-m", "pytest", *without, *arguments]
    return subprocess.run(command, cwd=cwd, env={**inherited, **environment}, capture_output=True, text=True, check=False, timeout=300)  # noqa: S603 - our own arguments


@pytest.fixture
def course(tmp_path: Path) -> Course:
    """Return a course with two lessons, `doubles` and `others`, and the grader above for both."""
    root = tmp_path / "course"
    for folder in ("lessons", "graders", "feedback", "tests"):
        (root / folder).mkdir(parents=True)
    for slug in ("doubles", "others"):
        (root / "graders" / f"test_{slug}.py").write_text(GRADER, "utf-8")
        (root / "graders" / f"{slug}.solution.py").write_text("# %% double\ndef double(number):\n    return number * 2\n", "utf-8")
        write_lesson(
            Lesson(
                path=root / "lessons" / f"{slug}.ipynb",
                slug=slug,
                title="Doubles",
                version="1.0.0",
                summary="Twice as much.",
                objectives=("Double",),
                level="beginner",
                minutes=5,
                authors=("hornbook maintainers",),
                licence="CC-BY-4.0",
                cells=(Cell("code", "def double(number):\n    ...\n", exercise="double", id=f"{slug}-double"),),
            )
        )
    return Course.open(root)


@pytest.fixture
def work(course: Course, tmp_path: Path) -> Path:
    """Return the path of a mistaken submission to `doubles`."""
    path = tmp_path / "work.ipynb"
    notebook = course.lesson("doubles").to_notebook({"double": "def double(number):\n    return number + 2\n"})
    path.write_text(json.dumps(notebook), "utf-8")
    return path


def verdict_in(path: Path) -> dict[str, Any]:
    """Return the verdict written to *path*, which the published schema describes."""
    verdict: dict[str, Any] = json.loads(path.read_text("utf-8"))
    jsonschema.Draft202012Validator(SCHEMA).validate(verdict)
    return verdict


def test_graders_are_proven_against_their_solutions(course: Course) -> None:
    """`pytest graders` asks the reference solutions, and says what each earned, beside whatever plugins are installed here."""
    done = run("graders", "-v", cwd=course.root, others=True)

    assert done.returncode == 0, done.stdout
    assert "4 passed" in done.stdout
    assert "doubles: 5 of 5 points (solution; sandbox level" in done.stdout
    assert "others: 5 of 5 points (solution; sandbox level" in done.stdout


def test_a_solution_that_does_not_pass_fails_the_run(course: Course) -> None:
    """The author sees pytest's own report of it."""
    course.solution("doubles").write_text("# %% double\ndef double(number):\n    return number + 2\n", "utf-8")
    done = run("graders", cwd=course.root)

    assert done.returncode == 1
    assert "1 failed, 3 passed" in done.stdout


def test_a_submission_is_graded(course: Course, work: Path, tmp_path: Path) -> None:
    """`--submission` asks the one grader that it belongs to; `--verdict` writes what `grade` would return."""
    target = tmp_path / "out.json"
    done = run("graders", "--submission", str(work), "--verdict", str(target), "-v", cwd=course.root)
    verdict = verdict_in(target)

    assert done.returncode == 1, done.stdout
    assert "1 failed, 1 passed, 2 deselected" in done.stdout
    assert "doubles: 2 of 5 points (work.ipynb; sandbox level" in done.stdout
    assert {outcome["check"]: outcome["status"] for outcome in verdict["outcomes"]} == {"test_two": "passed", "test_any": "failed"}
    assert (verdict["points"], verdict["passed"]) == ({"earned": 2.0, "possible": 5.0}, False)


def test_visible_checks_only(course: Course, work: Path, tmp_path: Path) -> None:
    """`--visible` leaves the hidden ones out, and the verdict says how many of this lesson are still to come."""
    target = tmp_path / "out.json"
    done = run("graders", "--submission", str(work), "--visible", "--verdict", str(target), cwd=course.root)
    verdict = verdict_in(target)

    assert done.returncode == 0, done.stdout
    assert ([outcome["check"] for outcome in verdict["outcomes"]], verdict["hidden_pending"]) == (["test_two"], 1)


def test_a_part_of_a_grade_is_no_verdict(course: Course, work: Path, tmp_path: Path) -> None:
    """With `-k` some checks are not asked; what is left must not pass for a grade, so none is written."""
    target = tmp_path / "out.json"
    done = run("graders", "--submission", str(work), "--verdict", str(target), "-k", "two", cwd=course.root)

    assert "doubles: 1 of 2 checks were not asked: no verdict" in done.stdout
    assert not target.exists()


def test_the_seed_can_be_given(course: Course, work: Path, tmp_path: Path) -> None:
    """`--draw-seed` decides what hypothesis draws, in CI too, and stands in the verdict."""
    course.grader("doubles").write_text(GRADER.replace("== 2 * number", "== number + (print(number) or 2)"), "utf-8")
    shown = []
    for seed, continuous in ((7, "true"), (7, ""), (8, "true")):
        target = tmp_path / "out.json"
        done = run(
            "graders", "--submission", str(work), "--verdict", str(target), "--draw-seed", str(seed), "-s", cwd=course.root, CI=continuous
        )
        assert verdict_in(target)["seed"] == seed
        shown.append([line for line in done.stdout.splitlines() if line.isdigit()])

    assert shown[0] == shown[1] != shown[2]


def test_the_seed_alone_decides_what_is_drawn(course: Course, work: Path) -> None:
    """What else was imported does not, though hypothesis looks there for constants; and nothing is left in the folder."""
    grader = GRADER.replace("max_examples=5", "max_examples=200").replace("== 2 * number", "== number + (print(number) or 2)")
    course.grader("doubles").write_text(grader, "utf-8")
    (course.root / "full_of_numbers.py").write_text(f"numbers = {list(range(10**6, 10**6 + 300))}\n", "utf-8")
    (course.root / "conftest.py").write_text("import full_of_numbers\n", "utf-8")
    drawn = []
    for options in ([], ["--noconftest"]):
        done = run("graders", "--submission", str(work), "--draw-seed", "7", "-s", *options, cwd=course.root, PYTHONPATH=str(course.root))
        drawn.append([line for line in done.stdout.splitlines() if line.isdigit()])

    assert len(drawn[0]) > 190
    assert drawn[0] == drawn[1]
    assert not (course.root / ".hypothesis").exists()


def test_the_lesson_can_be_named(course: Course, work: Path) -> None:
    """`--lesson` says which grader is meant where the file does not."""
    notebook = json.loads(work.read_text("utf-8"))
    notebook["metadata"] = {}
    for cell in notebook["cells"]:
        cell["metadata"], cell["id"] = {}, "unknown"
    work.write_text(json.dumps(notebook), "utf-8")
    unsaid = run("graders", "--submission", str(work), cwd=course.root)
    said = run("graders", "--submission", str(work), "--lesson", "others", cwd=course.root)

    assert "work.ipynb: does not say which lesson it belongs to. Name it with --lesson SLUG." in unsaid.stderr
    assert "others: " in said.stdout


REFUSALS = {
    "a file that is no notebook": (["graders", "--submission", "bad.ipynb"], "bad.ipynb: "),
    "a file that is not there": (["graders", "--submission", "none.ipynb"], "none.ipynb: "),
    "a verdict of nothing": (["graders", "--verdict", "out.json"], "--verdict needs the submission that it is about"),
    "no graders": (["tests", "--submission", "bad.ipynb"], "--submission needs the graders of a course"),
    "an unknown lesson": (["graders", "--submission", "bad.ipynb", "--lesson", "triples"], 'has no lesson "triples"'),
}


@pytest.mark.parametrize(("arguments", "said"), REFUSALS.values(), ids=list(REFUSALS))
def test_what_cannot_be_graded_is_a_usage_error(course: Course, arguments: list[str], said: str) -> None:
    """One sentence, and pytest's exit code for a command line that it cannot follow."""
    (course.root / "bad.ipynb").write_text("{", "utf-8")
    (course.root / "tests" / "test_other.py").write_text("def test_other(): pass\n", "utf-8")
    done = run(*arguments, cwd=course.root)

    assert (done.returncode, said in done.stderr) == (pytest.ExitCode.USAGE_ERROR, True), done.stderr


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        (
            "test_doubles.py",
            GRADER.replace('"double"', '"trouble"'),
            'graders/test_doubles.py:5: test_two: the lesson has no exercise "trouble"',
        ),
        ("test_stray.py", GRADER, 'has no lesson "stray"'),
        ("test_doubles.py", "def test_a(submission): pass\n", "graders/test_doubles.py:1: test_a does not say its exercise"),
        (
            "test_doubles.py",
            GRADER.replace("hidden=True", "hiden=True"),
            '@pytest.mark.exercise has no "hiden"; did you mean "hidden".',
        ),
        (
            "test_doubles.py",
            GRADER.replace("hidden=True", "title='Two'"),
            '@pytest.mark.exercise has no "title"; it has hidden, points.',
        ),
        ("test_doubles.py", GRADER.replace("hidden=True", "hidden='yes'"), "hidden is 'yes'; it is True or False."),
        ("test_doubles.py", GRADER.replace("points=2", "2"), "takes one exercise, and words"),
        (
            "test_doubles.py",
            GRADER.replace("@pytest.mark.exercise", "@pytest.mark.hiden\n@pytest.mark.exercise", 1),
            'there is no marker "hiden"; did you mean "hidden".',
        ),
    ],
    ids=["unknown exercise", "no lesson", "no marker", "misspelt word", "unknown word", "hidden or not", "two in one", "misspelt marker"],
)
def test_an_authors_slip_is_a_usage_error(course: Course, name: str, text: str, said: str) -> None:
    """It is found while collecting, with file and line, before anything runs."""
    (course.root / "graders" / name).write_text(text, "utf-8")
    done = run("graders", cwd=course.root)

    assert (done.returncode, said in done.stderr) == (pytest.ExitCode.USAGE_ERROR, True), done.stderr


def test_the_fixture_is_for_graders(course: Course) -> None:
    """A test elsewhere that asks for `submission` is told where it belongs."""
    (course.root / "tests" / "test_other.py").write_text("def test_other(submission): pass\n", "utf-8")
    done = run("tests", cwd=course.root)

    assert "the submission fixture is for graders of a course" in done.stdout + done.stderr
    assert done.returncode != 0


def test_other_tests_run_beside_graders(course: Course) -> None:
    """In one run with graders, tests of other folders are run as ever, in their order."""
    (course.root / "tests" / "test_other.py").write_text("def test_b(): pass\ndef test_a(): pass\n", "utf-8")
    done = run("tests", "graders", "-v", cwd=course.root)

    assert "6 passed" in done.stdout
    assert done.stdout.index("::test_b") < done.stdout.index("::test_a ")


@pytest.mark.parametrize("place", ["elsewhere", "course/tests"])
def test_where_there_are_no_graders_the_plugin_is_inert_and_cheap(course: Course, tmp_path: Path, place: str) -> None:
    """In somebody else's tests, and in a course's other tests, nothing heavy of ours is imported and no sandbox is thought of."""
    folder = tmp_path / place
    folder.mkdir(exist_ok=True)
    program = """
    import sys

    def test_other():
        ours = {"hornbook.sandbox", "hornbook.grading.sitting", "hornbook.wire"}
        heavy = {"hypothesis", "numpy", "pandas", "nbformat", "nbclient", "msgspec", "zmq", "jupyter_client"}
        assert sorted((ours | heavy) & set(sys.modules)) == []
    """
    (folder / "test_other.py").write_text(textwrap.dedent(program), "utf-8")
    # The plugins of others bring hypothesis along.
    done = run("-q", "-p", "no:hypothesispytest", str(folder), cwd=tmp_path)

    assert done.returncode == 0, done.stdout
    assert course.root.exists()


def test_the_markers_and_options_are_documented() -> None:
    """`pytest --markers` and `pytest --help` name what the plugin brings."""
    markers = run("--markers", cwd=ROOT).stdout
    options = run("--help", cwd=ROOT).stdout

    assert [
        name for name in ("exercise(", "points(", "hidden:", "needs(", "timeout(", "parameters(") if f"@pytest.mark.{name}" not in markers
    ] == []
    assert [name for name in ("--submission", "--verdict", "--visible", "--lesson", "--draw-seed") if name not in options] == []
