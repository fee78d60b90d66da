"""`hornbook.grading`: a submission and a course in, a Verdict out, whatever the submission does and wherever it is asked."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
from hypothesis import core
from hypothesis import settings as hypothesis_settings

import hornbook
from hornbook import Course, check, grade
from hornbook.errors import CourseError, GraderError, SandboxError, SubmissionError
from hornbook.lesson import Cell, Lesson, fill, write_lesson
from hornbook.model import Assurance, SandboxReport, Status, Verdict
from hornbook.sandbox.canary import Strength, measure

if TYPE_CHECKING:
    from collections.abc import Iterator

SCHEMA = json.loads((Path(__file__).parents[1] / "docs" / "schemas" / "verdict-1.json").read_text("utf-8"))

GRADER = '''
"""Doubling and halving."""
import pytest

@pytest.mark.exercise("double", points=2)
def test_two(submission):
    """Two doubled is four"""
    assert submission.double(2) == 4

@pytest.mark.exercise("double", points=3, hidden=True)
def test_any(submission, rng):
    """Any number is doubled"""
    number = rng.randint(10, 10**9)
    assert submission.double(number) == 2 * number

@pytest.mark.exercise("halve")
@pytest.mark.points(4)
@pytest.mark.hidden
def test_half(submission):
    """Four halved is two"""
    assert submission.halve(4) == 2
'''
RIGHT = {"double": "def double(number):\n    return number * 2\n", "halve": "def halve(number):\n    return number / 2\n"}
WRONG = {"double": "def double(number):\n    return number + 2\n", "halve": "def halve(number):\n    return number\n"}


def course_in(root: Path, grader: str = GRADER, slug: str = "doubles", settings: str = "") -> Course:
    """Return a course in *root* with one lesson of two exercises, `double` and `halve`."""
    for folder in ("lessons", "graders", "feedback"):
        (root / folder).mkdir(parents=True)
    (root / "pyproject.toml").write_text(f"[tool.hornbook.limits]\n{settings}\n", "utf-8")
    (root / "graders" / f"test_{slug}.py").write_text(grader, "utf-8")
    cells = [Cell("code", f"def {name}(number):\n    ...\n", exercise=name, id=name) for name in RIGHT]
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
            cells=tuple(cells),
        )
    )
    return Course.open(root)


@pytest.fixture
def course(tmp_path: Path) -> Course:
    """Return the course above."""
    return course_in(tmp_path / "course")


def handed_in(course: Course, folder: Path, answers: dict[str, str], slug: str = "doubles") -> Path:
    """Return the path of a notebook with *answers*."""
    path = folder / "work.ipynb"
    path.write_text(json.dumps(course.lesson(slug).to_notebook(answers)), "utf-8")
    return path


def statuses(verdict: Verdict) -> dict[str, str]:
    """Return how each check ended."""
    return {outcome.check: outcome.status.value for outcome in verdict.outcomes}


@pytest.fixture(autouse=True)
def emitted(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Verdict]]:
    """Watch every verdict that is made in this file: each must be what the published schema describes, and survive JSON."""
    seen: list[Verdict] = []
    made = Verdict.of.__func__  # type: ignore[attr-defined]

    def of(cls: type[Verdict], /, **fields: Any) -> Verdict:
        verdict: Verdict = made(cls, **fields)
        seen.append(verdict)
        return verdict

    monkeypatch.setattr(Verdict, "of", classmethod(of))
    yield seen
    for verdict in seen:
        jsonschema.Draft202012Validator(SCHEMA).validate(json.loads(verdict.to_json()))
        assert Verdict.from_json(verdict.to_json()) == verdict


@pytest.mark.parametrize(
    ("answers", "earned", "passed", "ends"),
    [
        (RIGHT, 9.0, True, ["passed", "passed", "passed"]),
        ({"double": RIGHT["double"]}, 5.0, False, ["passed", "passed", "not attempted"]),
        (WRONG, 2.0, False, ["passed", "failed", "failed"]),
        ({}, 0.0, False, ["not attempted"] * 3),
    ],
    ids=["passing", "half-done", "mistaken", "as shipped"],
)
def test_a_notebook_is_graded(
    course: Course, tmp_path: Path, answers: dict[str, str], earned: float, passed: bool, ends: list[str]
) -> None:
    """A file in, a verdict out: points of all checks that could be asked, and the lesson and file that it is about."""
    path = handed_in(course, tmp_path, answers)
    verdict = grade(path, course)

    assert (verdict.points.earned, verdict.points.possible, verdict.passed) == (earned, 9.0, passed)
    assert list(statuses(verdict).values()) == ends
    assert (verdict.lesson.slug, verdict.submission.name, verdict.assurance) == ("doubles", "work.ipynb", Assurance.SELF_CHECKED)


def test_an_ast_transformer_earns_nothing(course: Course) -> None:
    """The cheat that strips `assert` from every later cell strips nothing: no check is ever executed where it runs."""
    cheat = """
    import ast
    class Strip(ast.NodeTransformer):
        def visit_Assert(self, node):
            return ast.copy_location(ast.Pass(), node)
    get_ipython().ast_transformers.append(Strip())
    def double(number):
        return -1
    """
    verdict = grade(fill(course.lesson("doubles"), {"double": textwrap.dedent(cheat), "halve": "def halve(number): assert False"}), course)

    assert (verdict.points.earned, verdict.passed) == (0.0, False)


def test_a_check_is_practice(course: Course) -> None:
    """`check` asks the visible checks and says how many hidden ones are still to come."""
    verdict = check(fill(course.lesson("doubles"), RIGHT), course)

    assert (statuses(verdict), verdict.hidden_pending) == ({"test_two": "passed"}, 2)


def test_where_all_checks_are_hidden_there_is_nothing_to_practise(tmp_path: Path) -> None:
    """`check` then has no outcome, is not passed, and is no error."""
    course = course_in(tmp_path / "course", GRADER.replace("points=2)", "points=2, hidden=True)"))
    verdict = check(fill(course.lesson("doubles"), RIGHT), course)

    assert (verdict.outcomes, verdict.hidden_pending, verdict.passed) == ((), 3, False)


def test_the_issuer_says_what_the_verdict_is_worth(course: Course) -> None:
    """The assurance is the caller's to give."""
    verdict = grade(fill(course.lesson("doubles"), RIGHT), course, assurance=Assurance.COURSE_CHECKED)

    assert verdict.assurance is Assurance.COURSE_CHECKED


DRAWN = '''
import pytest
from hypothesis import given, settings, strategies as st

@pytest.mark.exercise("double")
def test_drawn(submission, rng):
    """It prints what was drawn"""
    assert submission.double(rng.randint(0, 10**9)) is not None

@pytest.mark.exercise("double")
@settings(max_examples=5)
@given(st.integers(0, 10**9))
def test_found(submission, number):
    """It prints what hypothesis found"""
    assert submission.double(number) is not None
'''


@pytest.fixture
def derandomized() -> Iterator[None]:
    """Load the kind of profile that hypothesis loads by itself in CI: always the same examples."""
    before = hypothesis_settings.get_current_profile_name()
    hypothesis_settings.register_profile("always the same", derandomize=True, database=None)
    hypothesis_settings.load_profile("always the same")
    yield
    hypothesis_settings.load_profile(before)


@pytest.mark.usefixtures("derandomized")
def test_the_seed_alone_decides_what_is_drawn(tmp_path: Path) -> None:
    """The same seed draws the same, with rng and with hypothesis; another seed, and none, draw something else, in CI too."""
    course = course_in(tmp_path / "course", DRAWN)
    submission = fill(course.lesson("doubles"), {"double": "def double(number):\n    print(number)\n    return number\n"})
    verdicts = [grade(submission, course, seed=seed) for seed in (1, 1, 2, None)]
    drawn = [tuple(outcome.printed for outcome in verdict.outcomes) for verdict in verdicts]

    assert drawn[0] == drawn[1]
    assert all(len({printed[which] for printed in drawn}) == 3 for which in (0, 1))
    assert [verdict.seed for verdict in verdicts[:3]] == [1, 1, 2]


def test_grading_leaves_this_process_as_it_was(course: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    """Environment, working directory, modules of graders and hypothesis' profile and seed are as before."""
    monkeypatch.setenv("PYTEST_ADDOPTS", "--no-such-option")
    monkeypatch.setenv("PYTEST_PLUGINS", "no_such_plugin")
    before = (dict(os.environ), Path.cwd(), hypothesis_settings.get_current_profile_name(), core.global_force_seed)
    verdict = grade(fill(course.lesson("doubles"), RIGHT), course, seed=5)

    assert verdict.passed
    assert (dict(os.environ), Path.cwd(), hypothesis_settings.get_current_profile_name(), core.global_force_seed) == before
    assert [name for name, module in sys.modules.items() if str(course.root) in str(getattr(module, "__file__", ""))] == []


def test_two_courses_do_not_mix(tmp_path: Path) -> None:
    """Graders of the same name in two courses, graded in turn in one process, are two."""
    courses = [course_in(tmp_path / str(number), GRADER.replace("== 4", f"== {number}")) for number in (4, 5)]
    ends = [statuses(grade(fill(course.lesson("doubles"), RIGHT), course))["test_two"] for course in (*courses, *courses)]

    assert ends == ["passed", "failed", "passed", "failed"]


def test_an_edited_grader_is_read_anew(course: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    """An edit within the same second, that leaves the file's size and time as they were, counts."""
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    ends = []
    for number in (4, 5, 4):
        course.grader("doubles").write_text(GRADER.replace("== 4", f"== {number}"), "utf-8")
        os.utime(course.grader("doubles"), (1_000_000_000, 1_000_000_000))
        ends.append(statuses(grade(fill(course.lesson("doubles"), RIGHT), course))["test_two"])

    assert ends == ["passed", "failed", "passed"]


BAD_GRADERS = {
    "cannot be parsed": ("def f(:\n", r"test_doubles\.py: pytest cannot collect it: line 1: SyntaxError"),
    "cannot be imported": ("import pytest\nimport no_such_module\n", r"test_doubles\.py: .*line 2: ModuleNotFoundError: .*no_such_module"),
    "fails while it is imported": ("x = 1\nx / 0\n", r"test_doubles\.py: .*line 2: ZeroDivisionError"),
    "skips itself": ("import pytest\npytest.skip('not today', allow_module_level=True)\n", r"test_doubles\.py: has no check"),
    "has no checks": ("x = 1\n", r"test_doubles\.py: has no check: no function whose name begins with test_\.$"),
    "has no marker": (
        "def test_a(submission): pass\n",
        r"test_doubles\.py:1: test_a does not say its exercise; put @pytest\.mark\.exercise",
    ),
    "has an empty marker": (
        "import pytest\n@pytest.mark.exercise()\ndef test_a(submission): pass\n",
        r"test_doubles\.py:2: test_a does not say",
    ),
    "names an unknown exercise": (
        'import pytest\n@pytest.mark.exercise("dubble")\ndef test_a(submission): pass\n',
        r'test_doubles\.py:2: test_a: the lesson has no exercise "dubble"; it has double, halve\.',
    ),
    "needs an unknown exercise": (
        'import pytest\n@pytest.mark.exercise("double")\n@pytest.mark.needs("trouble")\ndef test_a(submission): pass\n',
        r'test_doubles\.py:2: test_a: the lesson has no exercise "trouble"; it has double, halve\.',
    ),
    **{
        f"is worth {points}": (
            f'import pytest\n@pytest.mark.exercise("double", points={points})\ndef test_a(submission): pass\n',
            r"test_doubles\.py:2: test_a is worth .* points; give a number from 0 up\.",
        )
        for points in ("-1", "True", "'2'", "float('nan')", "float('inf')", "None")
    },
    **{
        f"has a marker {marker}": (
            f'import pytest\n@pytest.mark.exercise("double")\n@pytest.mark.{marker}\ndef test_a(submission): pass\n',
            r"test_doubles\.py:2: test_a: @pytest\.mark\.(points|timeout) takes one number",
        )
        for marker in ("points()", "points(1, 2)", "points('x')", "timeout()", "timeout(-1)", "timeout(float('inf'))", "timeout(True)")
    },
    "ends pytest": (
        'import pytest\n@pytest.mark.exercise("double")\ndef test_a(submission): pytest.exit("enough")\n',
        r"test_doubles\.py: pytest could not run it \(INTERRUPTED\)",
    ),
}


@pytest.mark.parametrize(("grader", "said"), BAD_GRADERS.values(), ids=list(BAD_GRADERS))
def test_a_grader_that_cannot_be_asked_is_refused(tmp_path: Path, capfd: pytest.CaptureFixture[str], grader: str, said: str) -> None:
    """One clear sentence with the grader's file, and the line where there is one; nothing else is written anywhere."""
    course = course_in(tmp_path / "course", grader)
    with pytest.raises(GraderError, match=said) as caught:
        grade(fill(course.lesson("doubles"), RIGHT), course)

    assert len(str(caught.value).splitlines()) == 1
    assert capfd.readouterr() == ("", "")


def test_a_lesson_without_a_grader_is_refused(course: Course) -> None:
    """The sentence says where the grader belongs."""
    course.grader("doubles").unlink()
    again = Course.open(course.root)
    with pytest.raises(GraderError, match=r"doubles\.ipynb: has no grader; it belongs at graders/test_doubles\.py\."):
        grade(fill(again.lesson("doubles"), RIGHT), again)


@pytest.mark.parametrize("text", ["", "{", "[1, 2, 3]", '{"cells": 3}', "[" * 200_000])
def test_a_file_that_is_no_notebook_is_refused(course: Course, tmp_path: Path, text: str) -> None:
    """One sentence with the file's name; nothing was executed."""
    path = tmp_path / "work.ipynb"
    path.write_text(text, "utf-8")
    with pytest.raises(SubmissionError, match=r"work\.ipynb: ") as caught:
        grade(path, course)

    assert caught.value.path == path


def test_a_notebook_of_no_lesson_is_refused(course: Course, tmp_path: Path) -> None:
    """The sentence names the way out, and the way out works."""
    path = tmp_path / "untitled.ipynb"
    path.write_text('{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}', "utf-8")
    with pytest.raises(SubmissionError, match=r"untitled\.ipynb: does not say which lesson it belongs to"):
        grade(path, course)

    assert set(statuses(grade(path, course, lesson=course.lesson("doubles"))).values()) == {"not attempted"}


def test_a_submission_to_another_course_is_refused(course: Course, tmp_path: Path) -> None:
    """A submission that was read for a lesson that this course lacks names it."""
    other = course_in(tmp_path / "other", slug="triples")
    with pytest.raises(CourseError, match='has no lesson "triples"'):
        grade(fill(other.lesson("triples"), RIGHT), course)


def test_grading_works_inside_a_running_event_loop(course: Course) -> None:
    """As in Jupyter, where each cell runs inside one."""

    async def cell() -> Verdict:
        return grade(fill(course.lesson("doubles"), RIGHT), course)

    assert asyncio.run(cell()).passed


def test_an_interrupt_is_an_interrupt(course: Course) -> None:
    """Ctrl-C while a grader runs ends the grading, and is not told as a fault of the grader's."""
    grader = 'import pytest\n@pytest.mark.exercise("double")\ndef test_a(submission): raise KeyboardInterrupt\n'
    course.grader("doubles").write_text(grader, "utf-8")
    with pytest.raises(KeyboardInterrupt):
        grade(fill(course.lesson("doubles"), RIGHT), course)


@pytest.mark.parametrize("mode", ["landlock", "limits"])
def test_a_weaker_sandbox_can_be_asked_for(course: Course, mode: Any) -> None:
    """The verdict says the level that was measured for it, not the machine's best."""
    strength = measure((mode,))
    verdict = grade(fill(course.lesson("doubles"), RIGHT), course, strength=strength)

    assert (verdict.sandbox.level, verdict.sandbox.name, verdict.passed) == (strength.report.level, strength.report.name, True)
    assert {fact.detail for fact in verdict.sandbox.facts} == {""}, "what the canary met names files of this machine"


def test_a_machine_that_cannot_run_it_is_an_error_of_the_machine(course: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no sandbox comes up there is no verdict: nobody fails for it, and the sentence says what is missing."""
    monkeypatch.setenv("PATH", "/nonexistent")
    strength = Strength("bubblewrap", SandboxReport(4, "as it was before bubblewrap went away"))
    with pytest.raises(SandboxError, match="bubblewrap is not installed"):
        grade(fill(course.lesson("doubles"), RIGHT), course, strength=strength)


LOOPING = """
import pytest
""" + "\n".join(
    f"""
@pytest.mark.exercise("{name}")
def test_{name}(submission):
    assert submission.{name}() == "{name}"
"""
    for name in ("one", "two", "three", "four")
)


@pytest.mark.parametrize("where", ["while its cell runs", "when it is called"])
def test_a_loop_without_end_costs_its_own_exercise_and_little_time(tmp_path: Path, where: str) -> None:
    """With exercise 2 of 4 looping, the verdicts for 1, 3 and 4 come within the limit of the check plus two seconds."""
    root = tmp_path / "course"
    course = course_in(root, slug="loops", settings="cell_seconds = 3\ncheck_seconds = 3")
    names = ("one", "two", "three", "four")
    lesson = dataclasses.replace(
        course.lesson("loops"), cells=tuple(Cell("code", f"def {name}():\n    ...\n", exercise=name, id=name) for name in names)
    )
    write_lesson(lesson)
    course.grader("loops").write_text(LOOPING, "utf-8")
    course = Course.open(root)
    answers = {name: f"def {name}():\n    return '{name}'\n" for name in names}
    honest = fill(course.lesson("loops"), answers)
    loop = "while True:\n    hash('on')\n" if where == "while its cell runs" else "def two():\n    while True:\n        hash('on')\n"
    looping = fill(course.lesson("loops"), answers | {"two": loop})
    started = time.perf_counter()
    assert grade(honest, course).passed
    usual = time.perf_counter() - started
    started = time.perf_counter()
    verdict = grade(looping, course)
    took = time.perf_counter() - started

    assert statuses(verdict) == {"test_one": "passed", "test_two": "timed out", "test_three": "passed", "test_four": "passed"}
    assert took - usual < 3 + 2


def test_importing_the_package_costs_next_to_nothing() -> None:
    """`import hornbook` brings none of the heavy packages, hardly anything at all, and takes less than 50 ms of a processor."""
    program = """
    import sys, time
    before = set(sys.modules)
    started = time.process_time()
    import hornbook
    took = time.process_time() - started
    print(took, *sorted(set(sys.modules) - before))
    """
    runs = [
        subprocess.run([sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, check=True).stdout.split()  # noqa: S603 - our own program
        for _ in range(5)
    ]
    heavy = {
        "nbformat",
        "chromadb",
        "nbconvert",
        "papermill",
        "nbgrader",
        "numpy",
        "pandas",
        "pytest",
        "IPython",
        "msgspec",
        "jupyter_core",
    }

    assert heavy & {name.split(".")[0] for name in runs[0][1:]} == set()
    assert [name for name in runs[0][1:] if name.startswith("hornbook.")] == []
    assert sorted(float(run[0]) for run in runs)[2] < 0.05


def test_the_public_names_are_there() -> None:
    """Each name that the package promises can be had from it, and is listed; another one is an AttributeError."""
    assert [name for name in hornbook.__all__ if not hasattr(hornbook, name)] == []
    assert set(hornbook.__all__) <= set(dir(hornbook))
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = hornbook.no_such_name


def test_a_verdict_cannot_be_changed_after_grading(course: Course) -> None:
    """Neither the verdict nor an outcome in it takes another value."""
    verdict = grade(fill(course.lesson("doubles"), WRONG), course)
    with pytest.raises(dataclasses.FrozenInstanceError):
        verdict.passed = True  # type: ignore[misc]
    with pytest.raises(dataclasses.FrozenInstanceError):
        verdict.outcomes[0].status = Status.PASSED  # type: ignore[misc]

    assert not verdict.passed
