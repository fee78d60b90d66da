"""A grader on trial: what a weak one lets pass is told, with the difference that it did not see."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hornbook.course import Course
from hornbook.doctor import LessonReport, Proof
from hornbook.errors import SandboxError
from hornbook.feedback import Bank, Equivalent
from hornbook.grading.mutants import mutants
from hornbook.lesson import Cell, read_solution, write_lesson
from hornbook.sandbox.forkserver import ForkServers
from hornbook.scaffold import FIRST_LESSON, new_course
from hornbook.trial import SHORTEST, Mutation, Noticed, Program, Trial, digest, percentage, table

if TYPE_CHECKING:
    from collections.abc import Iterator

GRADER = "graders/test_counting_vowels.py"
SOLUTION = "graders/counting_vowels.solution.py"
BANK = "feedback/counting_vowels.toml"

WEAK = '''"""Everything that can be the matter with a check."""

import pytest


@pytest.mark.exercise("count_vowels")
def test_a_word(submission):
    """The word "lesson" has two vowels"""
    assert submission.count_vowels("lesson") == 2


@pytest.mark.exercise("count_vowels")
def test_tuple(submission):
    """The word "ox" has one vowel"""
    assert (submission.count_vowels("ox") == 1, "one vowel")


@pytest.mark.exercise("count_vowels")
def test_itself(submission):
    """The word "axe" has as many vowels as the word "axe\\""""
    came = submission.count_vowels("axe")
    assert came == came


@pytest.mark.exercise("count_vowels")
def test_nothing(submission):
    """The word "eye" can be counted"""
    submission.count_vowels("eye")


@pytest.mark.exercise("count_vowels")
def test_not_seven(submission):
    """The word "sky" has not seven vowels"""
    assert submission.count_vowels("sky") != 7


@pytest.mark.exercise("count_vowels")
def test_whatever(submission, rng):
    """Some vowels are two"""
    assert submission.count_vowels("aei"[: rng.randrange(1, 4)]) == 2


@pytest.mark.exercise("quiet")
def test_quiet(submission):
    """In "AIR" there are vowels"""
    assert submission.quiet is False
'''
REFERENCE = '''"""It adds a y, though no y is a vowel."""

# %% count_vowels
def count_vowels(word):
    word = word + "y"
    count = 0
    for letter in word.lower():
        if letter in "aeiou":
            count += 1
    return count


# %% quiet
quiet = count_vowels("AIR") == 0
'''


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trial]:
    """Give the trial of a weak grader of two exercises, the second of which uses the first."""
    root: Path = tmp_path_factory.mktemp("weak")
    new_course(root)
    course = Course.open(root)
    lesson = course.lesson(FIRST_LESSON)
    write_lesson(replace(lesson, cells=(*lesson.cells, Cell("code", "quiet = ...", exercise="quiet", id="quiet"))))
    (root / GRADER).write_text(WEAK, encoding="utf-8")
    (root / SOLUTION).write_text(REFERENCE, encoding="utf-8")
    course = Course.open(root)
    with ForkServers() as warm:
        bank = Bank.read(course.feedback(FIRST_LESSON))
        bank = replace(bank, misconceptions=bank.misconceptions[:2])
        yield Trial(course, course.lesson(FIRST_LESSON), read_solution(root / SOLUTION), bank, warm, lambda _: None)


@pytest.fixture(scope="module")
def told(trial: Trial) -> tuple[tuple[Proof, ...], Mutation, list[str]]:
    """Give the proofs and the mutation score of the weak grader, and what was told meanwhile."""
    words: list[str] = []
    proofs, mutation = replace(trial, tell=words.append).held()
    return proofs, mutation, words


@pytest.mark.parametrize(
    ("proof", "problem"),
    [
        ("no check is written", f"{GRADER}, line 15, test_tuple: a tuple is true whatever is in it."),
        ("no check is written", f"{GRADER}, line 22, test_itself: it compares something with itself."),
        ("no check is written", f"{GRADER}, line 26, test_nothing: it asserts nothing"),
        ("the solution is graded", f'{GRADER}, test_whatever: in 5 runs of the solution it ends 4 times "passed", 1 time "failed".'),
        ("an exercise that was touched", f"{GRADER}, test_tuple: it passes although nothing was done yet"),
        ("an exercise that was touched", f"{GRADER}, test_not_seven: it passes although nothing was done yet"),
        (
            "a program that solves nothing",
            f'{GRADER}, exercise count_vowels: a program passes every check of it that knows one trick only: "the visible examples',
        ),
        ("95 % of the solution's mutants", f"{GRADER}: of the solution's "),
        (
            "every check fails",
            f"{GRADER}, test_itself: no mutant, no known mistake and no program that solves nothing fails it but by an error.",
        ),
        ("3 known mistakes", f"{BANK}: it has 2 known mistakes; 3 are asked for."),
    ],
)
def test_a_weakness_is_found(told: tuple[tuple[Proof, ...], Mutation, list[str]], proof: str, problem: str) -> None:
    """Each weakness is told by the proof that is there for it, with file, place and what is the matter."""
    found = [str(one) for held in told[0] if held.what.startswith(proof) for one in held.problems]

    assert [one for one in found if one.startswith(problem)], found


def test_a_check_that_can_fail_is_not_told(told: tuple[tuple[Proof, ...], Mutation, list[str]]) -> None:
    """A sound check stands in no problem."""
    problems = [one.place for proof in told[0] for one in proof.problems]

    assert [place for place in problems if "test_a_word" in place or "test_quiet" in place] == []


def test_a_survivor_is_shown_with_its_difference(told: tuple[tuple[Proof, ...], Mutation, list[str]]) -> None:
    """It has file, line and diff, and asks for the input that would tell the two apart."""
    survivor = next(one for one in told[1].survivors if one.operator == "statement")

    assert (survivor.exercise, survivor.file, survivor.line) == ("count_vowels", SOLUTION, 5)
    assert survivor.diff.splitlines() == [
        f"--- {SOLUTION}",
        f"+++ {SOLUTION} (statement)",
        "@@ -4,3 +4,3 @@",
        " def count_vowels(word):",
        '-    word = word + "y"',
        "+    pass",
        "     count = 0",
    ]
    assert survivor.question == (
        "Which input would tell the two apart? Add a check of count_vowels that asks for it; "
        f"if there is none, mark it as equivalent in {BANK}."
    )


def test_the_score_counts_what_was_noticed(told: tuple[tuple[Proof, ...], Mutation, list[str]]) -> None:
    """Every mutant is either killed or shown; those live on that change the needless line, or what one example cannot tell."""
    mutation = told[1]

    assert mutation.killed + len(mutation.survivors) == mutation.mutants
    assert mutation.score == percentage(mutation.killed, mutation.mutants) < 95
    assert {one.line for one in mutation.survivors} == {5, 14}
    assert (mutation.equivalent, mutation.misconceptions) == (0, 2)
    assert mutation.wrong_programs == 20


@pytest.mark.parametrize(("part", "whole", "score"), [(1, 2, 50.0), (1899, 2000, 94.9), (1999, 2000, 99.9), (0, 3, 0.0), (0, 0, 100.0)])
def test_a_score_is_never_more_than_it_is(part: int, whole: int, score: float) -> None:
    """What is nearly enough is not rounded up to enough; a solution without mutants has nothing to miss."""
    assert percentage(part, whole) == score


def test_a_later_exercise_may_notice(trial: Trial, told: tuple[tuple[Proof, ...], Mutation, list[str]]) -> None:
    """Capitals are asked for only by the second exercise, which stands on the first."""
    forgotten = [one for one in mutants("count_vowels", trial.solution["count_vowels"]) if one.becomes == "for letter in word:"]

    assert len(forgotten) == 1
    assert not [one for one in told[1].survivors if one.exercise == "count_vowels" and one.line != 5]
    assert trial._noticed([Program("count_vowels", "capitals", forgotten[0].sources)], "mutant") == [Noticed(("test_quiet",))]


def test_somebody_who_waits_is_told_how_many_are_left(told: tuple[tuple[Proof, ...], Mutation, list[str]]) -> None:
    """Each mutant announces itself with its number."""
    words = told[2]

    assert f"counting_vowels: mutant 1 of {told[1].mutants}" in words
    assert f"counting_vowels: mutant {told[1].mutants} of {told[1].mutants}" in words


def test_a_machine_that_cannot_grade_is_no_verdict_on_the_grader(trial: Trial) -> None:
    """What stops a grading stops the trial as well: nothing is left out in silence."""
    settings = replace(trial.course.settings, require_level=5)
    elsewhere = replace(trial, course=replace(trial.course, settings=settings))

    with pytest.raises(SandboxError, match="requires 5"):
        list(elsewhere._wrong())


def test_a_program_that_never_ends_is_noticed_soon(trial: Trial) -> None:
    """Checks of wrong programs have less time than those of learners, though enough for any right one."""
    endless = Program("quiet", "endless", ("while True:\n    pass",))
    limits, hasty = trial.course.settings.limits, trial._hasty.settings.limits

    assert trial._noticed([endless], "mutant") == [Noticed(("test_quiet",))]
    assert SHORTEST <= hasty.check_seconds <= limits.check_seconds
    assert hasty.total_seconds <= 2 * hasty.check_seconds < limits.total_seconds


# --- The table ---------------------------------------------------------------------------------------------------------


def test_the_table_of_our_own_lessons_is_current() -> None:
    """docs/mutation.md is about the lessons as they are now, and all of them do as well as they should."""
    ours = Course.open(Path(__file__).parent.parent)
    page = (ours.root / "docs" / "mutation.md").read_text(encoding="utf-8")
    rows = [[cell.strip(" `%") for cell in line.split("|")[1:-1]] for line in page.splitlines() if line.startswith("| `")]

    assert {row[0]: row[-1] for row in rows} == {slug: digest(ours, slug) for slug in ours.slugs}
    assert all(float(row[1]) >= ours.settings.mutation_score for row in rows)
    assert all(int(row[5]) >= ours.settings.misconceptions for row in rows)


def test_a_table_has_a_row_for_each_lesson_that_was_tried(told: tuple[tuple[Proof, ...], Mutation, list[str]]) -> None:
    """Score, mutants and known mistakes stand beside the digest of what they depend on."""
    tried = LessonReport("vowels", "Vowels", 5, (), (), replace(told[1], score=87.5, mutants=8, killed=7, wrong_programs=12))
    untried = LessonReport("other", "Other", 5, ())

    assert table([tried, untried], {"vowels": "0123456789ab"}).splitlines() == [
        "| lesson | score | mutants | killed | solving nothing | known mistakes | digest |",
        "|---|---|---|---|---|---|---|",
        "| `vowels` | 87.5 % | 8 | 7 | 12 | 2 | `0123456789ab` |",
    ]


def test_a_digest_changes_with_everything_that_the_score_depends_on(tmp_path: Path) -> None:
    """A word in the grader, in the hint bank or in an alternative solution makes another digest; the same files make the same."""
    new_course(tmp_path)
    seen = [digest(Course.open(tmp_path), FIRST_LESSON)]
    for name in (GRADER, SOLUTION, BANK, "graders/counting_vowels.alt-loop.py"):
        with (tmp_path / name).open("a", encoding="utf-8") as file:
            file.write("# %% count_vowels\ncount_vowels = len\n" if "alt" in name else "# more\n")
        seen.append(digest(Course.open(tmp_path), FIRST_LESSON))

    assert len(set(seen)) == 5
    assert digest(Course.open(tmp_path), FIRST_LESSON) == seen[-1]


# --- Markers -----------------------------------------------------------------------------------------------------------

NEEDLESS = 'word = word + "y"'


def summed(trial: Trial, *markers: Equivalent) -> tuple[Mutation, list[str]]:
    """Return the score and the problems with *markers*, if every mutant is noticed but those of the needless line."""
    tried = mutants("count_vowels", trial.solution["count_vowels"])
    checks = [Noticed() if one.line == NEEDLESS else Noticed(("test_a_word",)) for one in tried]
    marked = replace(trial, bank=replace(trial.bank, equivalents=markers))
    mutation, problems = marked._sum_up(tried, checks, 0)
    return mutation, [str(problem) for problem in problems]


def test_a_marked_mutant_is_in_neither_number(trial: Trial) -> None:
    """What the author knows to be right as well does not count."""
    plain, _ = summed(trial)
    marked, problems = summed(trial, Equivalent("count_vowels", "statement", NEEDLESS, "no y is counted anyway"))

    assert (marked.killed, marked.mutants, marked.equivalent) == (plain.killed, plain.mutants - 1, 1)
    assert marked.score > plain.score
    assert problems == []


def test_a_marker_can_mean_one_of_several(trial: Trial) -> None:
    """With `becomes` the other mutants of the same line and operator are left as they are."""
    texts = len([one for one in summed(trial)[0].survivors if one.operator == "text"])
    one = summed(trial, Equivalent("count_vowels", "text", NEEDLESS, "as above", becomes='word = word + "Y"'))
    all_of_them = summed(trial, Equivalent("count_vowels", "text", NEEDLESS, "as above"))

    assert (one[0].equivalent, all_of_them[0].equivalent) == (1, texts)
    assert texts > 1


def test_a_marker_of_a_mutant_that_was_left_out_is_true_all_the_same(trial: Trial) -> None:
    """Where a solution has more mutants than are tried, a marker may be of one of the others."""
    marker = Equivalent("count_vowels", "statement", NEEDLESS, "no y is counted anyway")
    marked = replace(trial, bank=replace(trial.bank, equivalents=(marker,)))
    mutation, problems = marked._sum_up([], [], 0)

    assert (mutation.equivalent, problems) == (0, [])


@pytest.mark.parametrize(
    ("marker", "problem"),
    [
        (Equivalent("count_vowels", "statement", "word = word.strip()", "it was so once"), "there is no such mutant."),
        (Equivalent("count_vowels", "sign", NEEDLESS, "misspelt"), "there is no such mutant."),
        (Equivalent("quiet", "statement", NEEDLESS, "elsewhere"), "there is no such mutant."),
        (Equivalent("count_vowels", "augmented", "count += 1", "wishful"), "it is not equivalent: test_a_word fails `count = 1`."),
    ],
)
def test_a_marker_that_is_not_true_is_told(trial: Trial, marker: Equivalent, problem: str) -> None:
    """A marker for nothing, or for what a check can tell apart, is told with the file and the line that it names; it changes no score."""
    mutation, problems = summed(trial, marker)

    assert mutation == summed(trial)[0]

    assert problems[0].startswith(f"{BANK}, [[equivalent]] {marker.exercise}, {marker.operator}: {marker.line}: {problem}")
