"""`hornbook.grading.following`, and variants in a grade: who reads the parameters passes, and whoever gets round them earns nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from test_sitting import course_of, exercises

from hornbook import Course, grade
from hornbook.draws import read_draws
from hornbook.grading import check
from hornbook.grading.batch import grade_all
from hornbook.grading.similar import alike
from hornbook.lesson import Cell, SubmissionFile, fill, write_lesson
from hornbook.live import LiveSubmission
from hornbook.model import Status
from hornbook.sandbox.live import Ran
from hornbook.variants import Seed, hand_out

if TYPE_CHECKING:
    from pathlib import Path

    from hornbook.model import Verdict

GRADER = """
@pytest.mark.exercise("one")
def test_one(submission, reference):
    assert submission.one == reference.one

@pytest.mark.exercise("one", points=3, hidden=True)
def test_one_follows(follows):
    follows("one")

@pytest.mark.exercise("two", points=5, hidden=True)
def test_two(submission):
    assert submission.two == 2
"""
SOLVED = "# %% one\none = n * 10 + len(word)\n# %% two\ntwo = 2\n"
CELL = 'n = 1\nword = "x"\n'
DRAWN: dict[str, Any] = {"n": {"from": 2, "to": 1_000_000}, "word": {"among": ["yy", "zzz", "wwww", "vvvvv", "x"]}}


def drawing(root: Path, grader: str = GRADER, drawn: dict[str, Any] | None = None) -> Course:
    """Return a course whose one lesson draws parameters."""
    root.mkdir()
    course = course_of(root, grader, Cell("code", CELL, tags=("parameters",), id="given"), *exercises("one", "two"))
    (root / "graders" / "steps.solution.py").write_text(SOLVED, "utf-8")
    lesson = course.lesson("steps")
    write_lesson(replace(lesson, draws=read_draws(lesson.path, DRAWN if drawn is None else drawn, [(CELL, True)])))
    return Course.open(root)


@pytest.fixture
def course(tmp_path: Path) -> Course:
    """Return such a course."""
    return drawing(tmp_path / "course")


@pytest.fixture
def seed(course: Course, tmp_path: Path) -> Seed:
    """Return the seed that it draws from."""
    return Seed.open(course, tmp_path / "seed")


def handed_in(course: Course, seed: Seed, folder: Path, one: str, change: Any = None) -> Path:
    """Return Ada's notebook with the answer *one*, and what else *change* does to its cells."""
    path = hand_out(course.lesson("steps"), "ada", seed, folder)
    notebook = json.loads(path.read_bytes())
    cells = {cell["id"]: cell for cell in notebook["cells"]}
    cells["one"]["source"], cells["two"]["source"] = one, "two = 2"
    if change is not None:
        change(notebook["cells"])
    path.write_text(json.dumps(notebook), "utf-8")
    return path


def graded(course: Course, seed: Seed, path: Path, learner: str = "ada") -> Verdict:
    """Return the verdict on the notebook at *path* as that of *learner*."""
    return grade(path, course, seed=7, variant=lambda lesson: seed.variant(lesson, learner))


def statuses(verdict: Verdict) -> dict[str, Status]:
    """Return how each check ended."""
    return {outcome.check: outcome.status for outcome in verdict.outcomes}


def test_a_notebook_that_reads_its_parameters_passes(course: Course, seed: Seed, tmp_path: Path) -> None:
    """Its own values are those of its learner, and the verdict names them; nothing is to be put right about what was handed out."""
    verdict = graded(course, seed, handed_in(course, seed, tmp_path, "one = len(word) + 10 * n"))

    assert verdict.passed
    assert verdict.parameters is not None
    assert (verdict.parameters.of, verdict.parameters.values) == ("learner", seed.variant(course.lesson("steps"), "ada"))
    assert verdict.repairs == ()


def test_without_a_learner_the_lessons_own_values_hold_and_that_is_said(course: Course, seed: Seed, tmp_path: Path) -> None:
    """A grade asks no file whose it is."""
    verdict = grade(handed_in(course, seed, tmp_path, "one = len(word) + 10 * n"), course, seed=7)

    assert verdict.parameters is not None
    assert (verdict.parameters.of, verdict.parameters.values) == ("lesson", {"n": 1, "word": "x"})
    assert [repair.message.split(",")[0] for repair in verdict.repairs] == ["Nobody has said whose notebook this is"]


def test_practice_takes_the_notebooks_word_for_its_values(course: Course, seed: Seed, tmp_path: Path) -> None:
    """A learner has no seed; the visible checks, and the reference, are asked with what the notebook says."""
    own = seed.variant(course.lesson("steps"), "ada")
    path = handed_in(course, seed, tmp_path, f"one = {own['n'] * 10 + len(own['word'])}")
    verdict = check(path, course)

    assert statuses(verdict) == {"test_one": Status.PASSED}
    assert verdict.parameters is not None
    assert (verdict.parameters.of, verdict.parameters.values) == ("notebook", own)


def test_many_are_graded_with_values_of_their_own(course: Course, seed: Seed) -> None:
    """A batch asks for each learner's variant, and they cross to the process that grades."""
    lesson = course.lesson("steps")
    learners = ["ada", "ben"]
    answer = {"one": "one = len(word) + 10 * n", "two": "two = 2"}
    works = [fill(lesson, answer), fill(lesson, answer)]
    found = {
        one.place: one.verdict
        for one in grade_all(works, course, seed=7, workers=1, variant=lambda place, lesson: seed.variant(lesson, learners[place]))
    }

    for place, learner in enumerate(learners):
        verdict = found[place]
        assert verdict is not None
        assert verdict.passed
        assert verdict.parameters is not None
        assert verdict.parameters.values == seed.variant(lesson, learner)


def test_a_hidden_difference_names_what_differs_and_gives_nothing_away(course: Course, seed: Seed, tmp_path: Path) -> None:
    """The name and the parameters are told, and no value of either."""
    own = seed.variant(course.lesson("steps"), "ada")
    verdict = graded(course, seed, handed_in(course, seed, tmp_path, f"one = {own['n'] * 10 + len(own['word'])}"))
    hidden = next(outcome for outcome in verdict.outcomes if outcome.check == "test_one_follows")

    assert hidden.message == (
        "With other values of n, word, `one` does not come out as it should. Compute it from them, without writing a number down."
    )
    assert (hidden.came, hidden.expected, hidden.asked, hidden.earned) == (None, None, None, 0)


def test_a_visible_difference_is_told_with_its_values(tmp_path: Path) -> None:
    """Where the author hides nothing, the learner sees what was asked, what came and what should have."""
    course = drawing(tmp_path / "course", GRADER.replace("points=3, hidden=True", "points=3"))
    verdict = grade(fill(course.lesson("steps"), {"one": "one = 11"}), course, seed=7)
    told = next(outcome for outcome in verdict.outcomes if outcome.check == "test_one_follows")

    assert told.message.startswith("With n = ")
    assert told.message.endswith("`one` is not what it should be.")
    assert told.came == "11"


def _cell(source: str, name: str, **metadata: Any) -> dict[str, Any]:
    return {"cell_type": "code", "id": name, "metadata": metadata, "source": source, "outputs": [], "execution_count": None}


OWN = "OWN"
"""Stands for the right answer under the learner's own values, and for no other."""
INJECTED = {"tags": ["injected-parameters"]}
FRAMES = """
import sys
frame, one = sys._getframe(), None
while frame:
    names = {**frame.f_globals, **frame.f_locals}
    one = next((names[name] for name in ("reference", "expected", "theirs") if name in names), one)
    frame = frame.f_back
"""
ATTACKS: dict[str, tuple[str, Any]] = {
    "a literal for the own variant": ("one = OWN", None),
    "another's literal": ("one = OTHERS", None),
    "the own values written over": ("n, word = MINE\none = n * 10 + len(word)", None),
    "easier values written over": ('n, word = 0, ""\none = 0', None),
    "an edited injected cell": ("one = 0", lambda cells: cells[1].update(source='n = 0\nword = ""')),
    "code in the injected cell": ("one = answer", lambda cells: cells[1].update(source="answer = OWN")),
    "a second injected cell": ("one = answer", lambda cells: cells.insert(2, _cell("answer = OWN", "more", **INJECTED))),
    "a forged tag on an own cell": ("one = n", lambda cells: cells.insert(2, _cell("n = OWN", "mine", **INJECTED))),
    "an own cell that overrides": ("one = n", lambda cells: cells.insert(2, _cell("n = OWN", "mine"))),
    "an own parameters cell": ("one = n", lambda cells: cells.insert(2, _cell("n = OWN", "mine", tags=["parameters"]))),
    "an edited parameters cell": ("one = answer", lambda cells: cells[0].update(source="answer = OWN")),
    "no parameters cell": ("one = OWN", lambda cells: cells.pop(0)),
    "no injected cell": ("one = OWN", lambda cells: cells.pop(1)),
    "neither": ("one = OWN", lambda cells: cells.__delitem__(slice(0, 2))),
    "the injected cell twice": ("one = OWN", lambda cells: cells.insert(2, {**cells[1], "id": "again"})),
    "a table by value": ("one = {N: OWN}.get(n, 0)", None),
    "looking for the answer in frames": (FRAMES, None),
    "reading the seed": ("one = open('SEED').read()", None),
    "an answer that says yes to all": (
        "class Yes(int):\n    def __eq__(self, other): return True\n    __hash__ = int.__hash__\none = Yes(OWN)",
        None,
    ),
    "another run's answer": (
        "import os\nif not os.path.exists('answer'):\n    open('answer', 'w').write('OWN')\none = int(open('answer').read())",
        None,
    ),
}


@pytest.mark.parametrize("attack", list(ATTACKS))
def test_getting_round_the_parameters_earns_nothing(course: Course, seed: Seed, tmp_path: Path, attack: str) -> None:
    """The hidden check gives nothing for it, the others are graded as they are, and no verdict is passed."""
    lesson = course.lesson("steps")
    own, others = seed.variant(lesson, "ada"), seed.variant(lesson, "ben")
    answer, change = ATTACKS[attack]
    words = {
        "OWN": str(own["n"] * 10 + len(own["word"])),
        "OTHERS": str(others["n"] * 10 + len(others["word"])),
        "MINE": f"{own['n']}, {own['word']!r}",
        "{N": f"{{{own['n']}",
        "SEED": str(tmp_path / "seed"),
    }

    def filled(source: str) -> str:
        for word, value in words.items():
            source = source.replace(word, value)
        return source

    path = handed_in(course, seed, tmp_path, filled(answer), change)
    path.write_text(path.read_text("utf-8").replace("OWN", words["OWN"]), "utf-8")
    verdict = graded(course, seed, path)
    found = statuses(verdict)

    assert found["test_one_follows"] is Status.FAILED
    assert found["test_two"] is Status.PASSED
    assert not verdict.passed
    assert verdict.parameters is not None
    assert verdict.parameters.values == own


@pytest.mark.parametrize("change", [lambda cells: cells[1].update(source="n = 3"), lambda cells: cells[1].update(source="import os")])
def test_edited_values_are_reported(course: Course, seed: Seed, tmp_path: Path, change: Any) -> None:
    """An honest learner may have tried others; their own were used, and they are told."""
    verdict = graded(course, seed, handed_in(course, seed, tmp_path, "one = n * 10 + len(word)", change))

    assert verdict.passed
    assert [repair.message for repair in verdict.repairs] == [
        "The values in this notebook are not those that you were given; yours were used."
    ]


def test_a_parameters_cell_that_was_edited_is_reported_and_not_run(course: Course, seed: Seed, tmp_path: Path) -> None:
    """It is the lesson's, as every cell is that is no exercise."""
    path = handed_in(course, seed, tmp_path, "one = n * 10 + len(word)", lambda cells: cells[0].update(source="n = 3"))
    verdict = graded(course, seed, path)

    assert verdict.passed
    assert [repair.kind for repair in verdict.repairs] == ["added"]


def test_another_learners_notebook_is_graded_with_the_values_of_who_hands_it_in(course: Course, seed: Seed, tmp_path: Path) -> None:
    """What was copied with its literals is right for nobody else."""
    own = seed.variant(course.lesson("steps"), "ada")
    verdict = graded(course, seed, handed_in(course, seed, tmp_path, f"one = {own['n'] * 10 + len(own['word'])}"), "ben")

    assert statuses(verdict)["test_one"] is Status.FAILED
    assert [repair.kind for repair in verdict.repairs] == ["metadata"]


def test_a_hang_under_hidden_values_costs_that_check_alone(tmp_path: Path) -> None:
    """Each draw is a bounded run; the other checks are asked as if nothing had been."""
    root = drawing(tmp_path / "course").root
    (root / "pyproject.toml").write_text("[tool.hornbook.limits]\ncheck_seconds = 4\ncell_seconds = 4\n", "utf-8")
    course = Course.open(root)
    answers = {"one": "while n != 1:\n    pass\none = 11", "two": "two = 2"}
    verdict = grade(fill(course.lesson("steps"), answers), course, seed=7)

    assert statuses(verdict) == {"test_one": Status.PASSED, "test_one_follows": Status.TIMED_OUT, "test_two": Status.PASSED}


@pytest.mark.parametrize(
    ("asked", "problem"),
    [
        ('follows("one")', "the lesson draws no parameters"),
        ("follows()", "takes the names of values"),
        ('follows("n * 10")', "takes the names of values"),
        ('follows("one", draws=0)', "takes from 1 to 50 draws"),
        ('follows("len")', "is no value that can be compared"),
    ],
)
def test_what_cannot_be_compared_is_the_graders_fault(tmp_path: Path, asked: str, problem: str) -> None:
    """A check that was written so costs nobody a point, and its author reads why."""
    grader = f'@pytest.mark.exercise("one")\ndef test_one(follows):\n    {asked}\n'
    course = drawing(tmp_path / "course", grader, {} if "no parameters" in problem else None)
    outcome = grade(fill(course.lesson("steps"), {"one": "one = 11"}), course, seed=7).outcomes[0]

    assert outcome.status is Status.BROKEN
    assert problem in outcome.message


def test_papermills_own_cells_are_left_out_where_nothing_is_drawn(tmp_path: Path) -> None:
    """They are neither an answer nor something that the learner added, and that they were left out is said."""
    course = drawing(tmp_path / "course", drawn={})
    path = tmp_path / "steps.ipynb"
    notebook = json.loads(course.lesson("steps").path.read_bytes())
    notebook["cells"].insert(1, _cell("n = 5", "injected", **INJECTED))
    path.write_text(json.dumps(notebook), "utf-8")
    submission = SubmissionFile.open(path).submission(course.lesson("steps"))

    assert submission.added == ()
    assert submission.claimed is None
    assert [repair.message.split(":")[0] for repair in submission.repairs] == ["1 cell of papermill's was left out"]


@pytest.mark.parametrize("lost", ["tags", "id", "tags and id", "all ids and metadata"])
def test_papermills_cell_is_known_without_its_tag(course: Course, seed: Seed, tmp_path: Path, lost: str) -> None:
    """An editor that loses a cell's tags, its id or both costs an honest learner nothing: it is not run as one of their own."""

    def lose(cells: list[dict[str, Any]]) -> None:
        for cell in cells if lost.startswith("all") else cells[1:2]:
            cell["metadata"] = {} if "tags" in lost or lost.startswith("all") else cell["metadata"]
            if "id" in lost:
                cell.pop("id")

    path = handed_in(course, seed, tmp_path, "one = len(word) + 10 * n", lose)
    own = seed.variant(course.lesson("steps"), "ada")
    read, verdict, practice = SubmissionFile.open(path).submission(course.lesson("steps")), graded(course, seed, path), check(path, course)

    assert (read.added, read.claimed) == ((), own)
    assert verdict.passed
    assert practice.parameters is not None
    assert (practice.parameters.of, practice.parameters.values) == ("notebook", own)


def test_the_lessons_own_cell_is_never_taken_for_papermills(tmp_path: Path) -> None:
    """Its author may have begun it with the same comment."""
    course = drawing(tmp_path / "course")
    lesson = course.lesson("steps")
    notebook = json.loads(lesson.path.read_bytes())
    notebook["cells"][0]["source"] = f"# Parameters\n{CELL}"
    lesson.path.write_text(json.dumps(notebook), "utf-8")
    lesson = Course.open(course.root).lesson("steps")
    for cell in notebook["cells"]:
        cell.pop("id")
    (tmp_path / "work.ipynb").write_text(json.dumps({**notebook, "nbformat_minor": 4}), "utf-8")
    read = SubmissionFile.open(tmp_path / "work.ipynb").submission(lesson)

    assert (read.claimed, read.added) == (None, ())


def test_a_believed_notebook_is_graded_with_what_it_says(course: Course, seed: Seed, tmp_path: Path) -> None:
    """As far as that can be drawn; a batch may be told so of each. The hidden check draws others all the same."""
    lesson = course.lesson("steps")
    own = seed.variant(lesson, "ada")
    path = handed_in(course, seed, tmp_path / "honest", "one = len(word) + 10 * n")
    literal = handed_in(course, seed, tmp_path / "literal", f"one = {own['n'] * 10 + len(own['word'])}")
    easier = handed_in(
        course, seed, tmp_path / "easier", "one = len(word) + 10 * n", lambda cells: cells[1].update(source='n = 0\nword = ""')
    )
    how = {"seed": 7, "believing": True}
    found = {one.place: one.verdict for one in grade_all([path, literal, easier], course, how=lambda _: how)}
    verdicts = [found[place] or pytest.fail("was refused") for place in range(3)]

    assert [(one.passed, one.parameters and one.parameters.of) for one in verdicts] == [
        (True, "notebook"), (False, "notebook"), (True, "lesson"),
    ]  # fmt: skip
    assert verdicts[0].parameters == grade(path, course, seed=7, believing=True).parameters
    assert statuses(verdicts[1])["test_one_follows"] is Status.FAILED
    assert [repair.message for repair in verdicts[2].repairs] == [
        "The values in this notebook are none that this lesson draws, so the lesson's own were used. Take those that you were given."
    ]


def test_injected_cells_are_in_no_comparison_of_works(course: Course, seed: Seed, tmp_path: Path) -> None:
    """What papermill has written for two learners makes their works no more alike."""
    works = {}
    for learner in ("ada", "ben"):
        path = hand_out(course.lesson("steps"), learner, seed, tmp_path)
        works[learner] = SubmissionFile.open(path).submission(course.lesson("steps")).sources

    assert all("Parameters" not in source for sources in works.values() for cells in sources.values() for source in cells)
    assert alike(works) == []


def test_a_kernel_that_ran_papermills_cell_has_its_values(course: Course) -> None:
    """`%check` knows them from what was run, also where nobody knows which file it is; they are none of the learner's own cells."""
    lesson = course.lesson("steps")
    work = LiveSubmission.of(lesson, None, [Ran(None, '# Parameters\nn = 5\nword = "yy"\n'), Ran("one", "one = n * 10 + len(word)")])

    assert work.submission.claimed == {"n": 5, "word": "yy"}
    assert work.submission.added == ()
    assert work.submission.sources["one"] == ("one = n * 10 + len(word)",)
