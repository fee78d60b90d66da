"""The doctor proves a healthy course, and finds what is the matter with an ill one."""

from __future__ import annotations

import ast
import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from hornbook.course import Course
from hornbook.doctor import Diagnosis, LessonReport, Proof, asked_by, diagnose, render, squeeze, summary, telling
from hornbook.errors import CourseError
from hornbook.lesson import Cell, write_lesson
from hornbook.scaffold import FIRST_LESSON, new_course, new_lesson
from hornbook.show import as_text
from hornbook.trial import Mutation, Survivor

if TYPE_CHECKING:
    from pathlib import Path

NOTEBOOK = "lessons/counting_vowels.ipynb"
GRADER = "graders/test_counting_vowels.py"
BANK = "feedback/counting_vowels.toml"

MORE_CHECKS = '''

@pytest.mark.exercise("count_vowels", points=0)
def test_y(submission):
    """In rhythm the y is a vowel"""
    assert submission.count_vowels("rhythm") == 1


@pytest.mark.exercise("count_vowels")
def test_without_a_sentence(submission):
    assert submission.count_vowels("a") == 1


@pytest.mark.exercise("count_vowels")
def test_idle():
    """The sun is up"""
    assert True


@pytest.mark.exercise("worthless", points=0)
def test_worthless(submission):
    """Anything goes"""
    assert submission.anything == 1


@pytest.mark.exercise("count_vowels")
def test_twice(submission):
    """The first of two with one name"""
    assert submission.count_vowels("o") == 1


@pytest.mark.exercise("count_vowels")
def test_twice(submission):
    """The second of two with one name"""
    assert submission.count_vowels("o") == 1


@pytest.mark.exercise("count_vowels", points=0)
def test_forgetful(submission):
    """Two and two are four"""
    assert 2 + 2 == 4
'''

MORE_HINTS = '''

[exercise.gone]
hints = ["There is no such exercise."]

[[misconception]]
name = "harmless"
check = "test_a_word"
when = { actual = "3" }
program = """
def count_vowels(word):
    return sum(letter in "aeiou" for letter in word.lower())
"""
hints = ["It is not a mistake at all."]

[[misconception]]
name = "not-recognised"
check = "test_a_word"
when = { actual = "3" }
program = """
def count_vowels(word):
    return 4
"""
hints = ["It gives 4, not 3."]

[[misconception]]
name = "taken-for-another"
check = "test_a_word"
when = { source = "return 0" }
program = """
def count_vowels(word):
    return 0
"""
hints = ["Another one is more particular."]

[[misconception]]
name = "zero"
check = "test_a_word"
when = { actual = "0", source = "return 0" }
program = """
def count_vowels(word):
    return 0
"""
hints = ["You always return 0."]

[[misconception]]
name = "nowhere"
check = "test_gone"
when = { actual = "0" }
program = "count_vowels = 1"
hints = ["No check asks this."]
'''


@pytest.fixture(scope="module")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> tuple[Diagnosis, list[str]]:
    """Give what is found about a new course, and what was told meanwhile."""
    root = tmp_path_factory.mktemp("healthy")
    new_course(root)
    told: list[str] = []
    return diagnose(Course.open(root), tell=told.append), told


@pytest.fixture(scope="module")
def ill(tmp_path_factory: pytest.TempPathFactory) -> Diagnosis:
    """Give what is found about a course in which everything is the matter that the doctor knows."""
    root = tmp_path_factory.mktemp("ill")
    new_course(root)
    course = Course.open(root)
    new_lesson(course, "uncollected")
    _spoil(course)
    (root / "graders" / "test_uncollected.py").write_text("import pytest\n\ndef test_x(submission:\n", encoding="utf-8")
    (root / "graders" / "test_orphan.py").write_text('"""No lesson has this grader."""\n', encoding="utf-8")
    (root / "lessons" / "torn.ipynb").write_text('{"cells": [', encoding="utf-8")
    return diagnose(Course.open(root))


def _spoil(course: Course) -> None:
    """Spoil the first lesson of *course* in every way that does not hide another."""
    root = course.root
    lesson = course.lesson(FIRST_LESSON)
    cells = [replace(cell, source='print(count_vowels("lesson") + 1)') if cell.id == "try" else cell for cell in lesson.cells]
    cells += [
        Cell("code", "...", exercise="unasked", id="unasked"),
        Cell("code", "anything = ...", exercise="worthless", id="worthless"),
        Cell("markdown", "Whatever the word,\n*each of* the five vowels is `counted`.".replace("*", ""), id="sentence"),
        Cell("code", "def mine(word):\n    return sum( letter in 'aeiou'\n        for letter in word.lower())", id="answer"),
    ]
    write_lesson(replace(lesson, cells=tuple(cells), minutes=60))
    notebook = json.loads(lesson.path.read_text(encoding="utf-8"))
    notebook["cells"][0]["unheard_of"] = 1
    lesson.path.write_text(json.dumps(notebook), encoding="utf-8")
    (root / "lessons" / "answers.txt").write_text('return sum(letter in "aeiou" for letter in word.lower())', encoding="utf-8")
    for path, more in ((course.grader(FIRST_LESSON), MORE_CHECKS), (course.feedback(FIRST_LESSON), MORE_HINTS)):
        path.write_text(path.read_text(encoding="utf-8") + more, encoding="utf-8")
    solution = course.solution(FIRST_LESSON)
    solution.write_text(solution.read_text(encoding="utf-8") + "\n\n# %% worthless\nanything = 1\n", encoding="utf-8")
    alternative = root / "graders" / "counting_vowels.alt-lazy.py"
    alternative.write_text("# %% count_vowels\ndef count_vowels(word):\n    return 2\n", encoding="utf-8")


# --- A healthy course --------------------------------------------------------------------------------------------------


def test_a_new_course_is_healthy(healthy: tuple[Diagnosis, list[str]]) -> None:
    """What `hornbook new course` makes passes every proof at once."""
    diagnosis, _ = healthy

    assert [str(problem) for proof in diagnosis.all_proofs for problem in proof.problems] == []
    assert diagnosis.healthy
    assert summary(diagnosis) == "1 lesson: all 9 proofs hold."


def test_points_add_up(healthy: tuple[Diagnosis, list[str]]) -> None:
    """The report tells what each exercise is worth, and the lesson in all."""
    lesson = healthy[0].lessons[0]

    assert [(total.exercise, total.checks, total.hidden, total.points) for total in lesson.totals] == [("count_vowels", 4, 2, 5.0)]
    assert lesson.points == 5.0


def test_somebody_who_waits_is_told_what_is_proven(healthy: tuple[Diagnosis, list[str]]) -> None:
    """Each proof announces itself, and each known mistake."""
    _, told = healthy

    assert told[0] == "counting_vowels: reading"
    assert "counting_vowels: known mistake 2 of 3, returned-inside-the-loop" in told


def test_a_healthy_course_is_drawn_in_words(healthy: tuple[Diagnosis, list[str]]) -> None:
    """Each proof is a line with a symbol, a word and a sentence."""
    drawn = as_text(render(healthy[0]))

    assert drawn.count("✓ holds") == 9
    assert "worth          count_vowels: 4 checks, 2 of them hidden, 5 points" in drawn


def test_an_unknown_lesson_is_refused(healthy: tuple[Diagnosis, list[str]], tmp_path: Path) -> None:
    """The sentence names the lessons that there are."""
    assert healthy[0].course
    new_course(tmp_path)
    with pytest.raises(CourseError, match="counting_vowels"):
        diagnose(Course.open(tmp_path), ["counting_consonants"])


def test_a_course_without_lessons_is_not_healthy(tmp_path: Path) -> None:
    """Nothing to prove is nothing proven."""
    (tmp_path / "lessons").mkdir()
    diagnosis = diagnose(Course.open(tmp_path))

    assert not diagnosis.healthy
    assert "lessons: holds no lesson. `hornbook new lesson <slug>` makes one." in [str(one) for one in diagnosis.proofs[0].problems]


# --- The grader on trial -----------------------------------------------------------------------------------------------


def test_a_surviving_mutant_is_drawn() -> None:
    """The diff stands with its file, its line and the question to ask oneself, whether the score will do or not."""
    survivor = Survivor(
        "mean", "sign", "graders/mean.solution.py", 7, "-    return -x\n+    return x", "Which input would tell the two apart?"
    )
    mutation = Mutation(99.0, 100, 99, 0, 12, 3, (survivor,))
    lesson = LessonReport("mean", "The mean", 5, (Proof("95 % of the solution's mutants are noticed"),), mutation=mutation)
    drawn = as_text(render(Diagnosis("course", "A course", (), (lesson,))))

    assert "! survives       graders/mean.solution.py, line 7: sign\n" in drawn
    assert "-    return -x\n" in drawn
    assert "+    return x\n" in drawn
    assert "Which input would tell the two apart?" in drawn


def test_without_being_asked_no_grader_is_tried(healthy: tuple[Diagnosis, list[str]]) -> None:
    """A plain doctor does not make anybody wait for that."""
    assert healthy[0].lessons[0].mutation is None
    assert not [words for words in healthy[1] if "mutant" in words]


def test_a_grader_that_the_solution_does_not_pass_is_not_tried(tmp_path: Path) -> None:
    """Who cannot recognise a right program cannot tell a wrong one from it."""
    new_course(tmp_path)
    solution = tmp_path / "graders/counting_vowels.solution.py"
    solution.write_text(solution.read_text(encoding="utf-8").replace("aeiou", "aeio"), encoding="utf-8")
    report = diagnose(Course.open(tmp_path), mutants=True).lessons[0]

    assert report.mutation is None
    assert (report.proofs[-1].what, report.proofs[-1].tried) == ("the grader tells the solution from wrong programs", False)


def test_a_trial_that_cannot_be_held_says_why(tmp_path: Path) -> None:
    """An alternative that is no Python leaves nobody knowing which mutants are right as well."""
    new_course(tmp_path)
    (tmp_path / "graders/counting_vowels.alt-torn.py").write_text("# %% count_vowels\ndef count_vowels(word:\n", encoding="utf-8")
    report = diagnose(Course.open(tmp_path), mutants=True).lessons[0]

    assert report.mutation is None
    assert report.proofs[-1].problems[0].file == "graders/counting_vowels.alt-torn.py"


# --- Where the solution is at fault ------------------------------------------------------------------------------------


def test_a_hidden_check_that_the_solution_fails_tells_its_author_what_it_asked(tmp_path: Path) -> None:
    """It is kept from learners; without it an author could only guess."""
    new_course(tmp_path)
    grader = tmp_path / "graders/test_counting_vowels.py"
    grader.write_text(grader.read_text(encoding="utf-8").replace('count_vowels("rhythm") == 0', 'count_vowels("rhythms") == 1'), "utf-8")
    diagnosis = diagnose(Course.open(tmp_path))
    found = [str(one) for proof in diagnosis.all_proofs for one in proof.problems if one.place == "test_no_vowel_at_all"]

    assert found[0].startswith('graders/test_counting_vowels.py, test_no_vowel_at_all: counting_vowels.solution.py ends it as "failed"')
    assert found[0].endswith("(asked: count_vowels('rhythms'); came: 0; expected: 1)")


def test_a_solution_of_no_exercise_is_told_where_it_stands(tmp_path: Path) -> None:
    """In the solution's file, not in the notebook; and once, though every later proof needs it."""
    new_course(tmp_path)
    solution = tmp_path / "graders/counting_vowels.solution.py"
    solution.write_text(solution.read_text(encoding="utf-8").replace("%% count_vowels", "%% count_vowel"), encoding="utf-8")
    diagnosis = diagnose(Course.open(tmp_path))
    said = 'answers "count_vowel", no exercise of the lesson; did you mean "count_vowels".'

    assert [str(one) for proof in diagnosis.all_proofs for one in proof.problems] == [f"graders/counting_vowels.solution.py: {said}"]
    assert summary(diagnosis).endswith("; 1 problem to put right.")


def test_a_problem_in_the_way_of_several_proofs_is_told_once(tmp_path: Path) -> None:
    """The later ones say where it is, and it counts as one."""
    new_course(tmp_path)
    (tmp_path / "graders/counting_vowels.solution.py").unlink()
    diagnosis = diagnose(Course.open(tmp_path))
    drawn = as_text(render(diagnosis))

    assert drawn.count("has no solution") == 1
    assert "as above: lessons/counting_vowels.ipynb" in drawn
    assert summary(diagnosis).endswith("; 1 problem to put right.")


# --- An ill course -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("proof", "problem"),
    [
        ("every lesson has its grader", "graders/test_orphan.py: belongs to no lesson"),
        ("every lesson has its grader", "lessons/torn.ipynb: is not JSON"),
        ("every lesson has its grader", "lessons/torn.ipynb: has no grader"),
        ("the notebook opens in Jupyter", f"{NOTEBOOK}: nbformat does not accept it: Additional properties are not allowed"),
        ("the notebook opens in Jupyter", f"{NOTEBOOK}, metadata.hornbook.minutes: 60 minutes; a micro-lesson takes 5 to 15."),
        ("as shipped, it runs", f"{NOTEBOOK}, cell 7: as shipped, it stops with TypeError"),
        ("as shipped, every check", f'{GRADER}, test_idle: as shipped it is "passed", not "not attempted".'),
        ("the reference solution", "graders/counting_vowels.solution.py, exercise unasked: it has no solution."),
        ("the reference solution", f'{GRADER}, test_y: counting_vowels.solution.py ends it as "failed", not "passed".'),
        ("exercises, checks and points", f"{NOTEBOOK}, exercise unasked: no check asks for it"),
        ("exercises, checks and points", f"{GRADER}, exercise worthless: its checks are worth no points at all."),
        ("exercises, checks and points", f"{GRADER}, test_twice: 2 checks have this name"),
        ("exercises, checks and points", f"{GRADER}, test_without_a_sentence: it has no sentence for the learner."),
        ("the alternative 'lazy'", f"{GRADER}, test_any_word: counting_vowels.alt-lazy.py ends it as"),
        ("exercises, checks and points", f"{GRADER}, line 74, test_forgetful: it never asks `submission`"),
        ("hints lead on", f'{BANK}: no check named "test_gone"'),
        ("hints lead on", f"{BANK}: [exercise.gone] is no exercise of the lesson"),
        ("hints lead on", f"{BANK}, [exercise.unasked]: is missing"),
        ("every known mistake", f'{BANK}, misconception "harmless": its program passes test_a_word.'),
        ("every known mistake", f'{BANK}, misconception "not-recognised": its program is not recognised: test_a_word ends it as "failed"'),
        ("every known mistake", f'{BANK}, misconception "taken-for-another": its program is taken for "zero".'),
        ("every known mistake", f'{BANK}, misconception "nowhere": the grader has no check test_gone.'),
        ("lessons/ gives nothing away", f"{NOTEBOOK}, cell 11: it shows a part of the hidden check test_any_word: Whatever the word"),
        ("lessons/ gives nothing away", f"{NOTEBOOK}, cell 12: it shows a part of the solution: return sum("),
        ("lessons/ gives nothing away", "lessons/answers.txt: it shows a part of the solution: return sum("),
        ("the notebook is a lesson", "lessons/torn.ipynb: is not JSON"),
        ("the reference solution", "graders/test_uncollected.py: "),
    ],
)
def test_a_problem_is_found(ill: Diagnosis, proof: str, problem: str) -> None:
    """Each way to spoil a lesson is found by the proof that is there for it, with file, place and what is the matter."""
    found = [str(one) for held in ill.all_proofs if held.what.startswith(proof) for one in held.problems]

    assert [one for one in found if one.startswith(problem)], found


def test_what_cannot_be_tried_is_said(ill: Diagnosis) -> None:
    """Without a grader that can be asked, the proofs that need it are not tried, and do not count as held."""
    lesson = next(lesson for lesson in ill.lessons if lesson.slug == "uncollected")
    untried = [proof for proof in lesson.proofs if not proof.tried]

    assert [proof.what for proof in untried] == [
        "exercises, checks and points add up",
        "hints lead on from every exercise",
        "lessons/ gives nothing away",
    ]
    assert not any(proof.held for proof in untried)


def test_an_ill_course_is_drawn_in_words(ill: Diagnosis) -> None:
    """What fails stands with its problems, what was not tried says why, and the last line counts."""
    drawn = as_text(render(ill))

    assert "✗ fails" in drawn
    assert "- not tried" in drawn
    assert "needs a reference solution that can be graded" in drawn
    assert "Learners get this file: say it in another way there." in drawn
    assert "proofs do not hold;" in drawn.splitlines()[-1]


def test_healthy_proofs_of_an_ill_course_still_hold(ill: Diagnosis) -> None:
    """A broken lesson leaves the proofs of the others as they are."""
    lesson = next(lesson for lesson in ill.lessons if lesson.slug == "uncollected")

    assert lesson.proofs[0].held
    assert not ill.healthy


# --- What gives something away -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("counts[letter] = counts.get(letter, 0) + 1", ["counts[letter] = counts.get(letter, 0) + 1"]),
        ('def f(x):\n    """A docstring that is long enough."""\n    return x', []),
        ("for letter in sorted(word.lower()):\n    x = 1", ["for letter in sorted(word.lower()):"]),
        ("import numpy.linalg as la", []),
        ("x = 1", []),
        ("%matplotlib inline", []),
        ("class Kitty:\n    def pay(self, name, cents):\n        self.paid[name] += cents", ["self.paid[name] += cents"]),
    ],
)
def test_only_what_tells_something_counts(source: str, told: list[str]) -> None:
    """Statements count by their first line, if they are long enough; names, imports and docstrings do not."""
    assert list(telling(source).values()) == told


def test_a_check_is_given_away_by_its_sentence_and_its_asserts() -> None:
    """An assert counts if there is a text or a number in it, without the name of the fixture; True and None are no secret."""
    source = (
        'def test_x(work):\n    """Ten times ten is a hundred"""\n    assert work.times(10, 10) == 100\n'
        "    assert work.is_something_or_other() is True\n"
    )
    test = ast.parse(source).body[0]
    assert isinstance(test, ast.FunctionDef)

    assert list(asked_by(test).values()) == ["Ten times ten is a hundred", "times(10, 10) == 100"]


def test_white_space_case_and_punctuation_hide_nothing() -> None:
    """Texts are compared without what an editor or a formatter changes."""
    assert squeeze("Return  'A'\n") == squeeze('return "a"') == squeeze("`return` ('a')")


def test_a_proof_holds_only_if_it_was_tried() -> None:
    """No problem found is not enough where nobody looked."""
    assert [Proof("x").held, Proof("x", tried=False).held] == [True, False]


def _drawing(root: Path, grader: str, solution: str) -> tuple[str, ...]:
    """Return what the doctor says about the parameters of a lesson with this *grader* and *solution*."""
    from test_following import drawing  # noqa: PLC0415 - only here

    course = drawing(root, grader)
    (root / "graders" / "steps.solution.py").write_text(solution, "utf-8")
    proofs = diagnose(course).lessons[0].proofs
    return tuple(str(problem) for proof in proofs if "whatever is drawn" in proof.what for problem in proof.problems)


FOLLOWED = '@pytest.mark.exercise("one")\ndef test_one(follows):\n    """It follows"""\n    follows("one")\n'


@pytest.mark.parametrize(
    ("grader", "solution", "problem"),
    [
        (FOLLOWED, "# %% one\none = n * len(word)\n# %% two\ntwo = 2\n", None),
        (FOLLOWED, "# %% one\none = n\n# %% two\ntwo = 2\n", 'the parameter "word" changes nothing that is asked: not one.'),
        (
            '@pytest.mark.exercise("one")\ndef test_one(submission):\n    """One"""\n    assert submission.one\n',
            "# %% one\none = n * len(word)\n# %% two\ntwo = 2\n",
            "no check asks for values under other parameters, so literals would pass.",
        ),
        (
            FOLLOWED + '\n\n@pytest.mark.exercise("two")\ndef test_two(submission):\n    """Two"""\n    assert submission.two == 1\n',
            "# %% one\none = n * len(word)\n# %% two\ntwo = n\n",
            "the solution does not pass with n = ",
        ),
    ],
    ids=["well", "without effect", "not asked", "does not stand"],
)
def test_what_is_drawn_is_tried(tmp_path: Path, grader: str, solution: str, problem: str | None) -> None:
    """The solution stands with other values, and each parameter matters to something that is asked."""
    problems = _drawing(tmp_path / "course", grader, solution)

    assert bool(problems) is (problem is not None)
    assert problem is None or problem in problems[0]
