"""A drawn verdict: what a person reads on a terminal and in a log."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from hornbook.model import (
    Assurance,
    CellRun,
    Hint,
    LessonRef,
    Manual,
    Outcome,
    Repair,
    Runtime,
    SandboxReport,
    Status,
    SubmissionRef,
    Verdict,
)
from hornbook.show import LEVELS, MARKS, MAX_PRINTED_LINES, WIDTH, as_text, headline, plain, points, render, safe
from hornbook.words import say

PASSED = Outcome("test_a", "mean", "The mean of 1, 2 and 3 is 2", Status.PASSED, 2, 2, message="You added and divided.")
FAILED = Outcome(
    "test_b",
    "mean",
    "The mean of 4 alone is 4",
    Status.FAILED,
    1,
    0,
    message="0 came, 4 was expected.",
    asked="mean([4])",
    came="0",
    expected="4",
    hints=(Hint("How many numbers are there?", 1, 2), Hint("Use len.", 2, 2)),
)
HIDDEN = Outcome("test_c", "mean", "Any list has a mean", Status.FAILED, 3, 0, hidden=True, message="A hidden check does not pass yet.")
UNTOUCHED = Outcome(
    "test_d",
    "median",
    "The median of three",
    Status.NOT_ATTEMPTED,
    1,
    0,
    message="This exercise is still as it was given.",
    hints=(Hint("Sort them first.", 1, 1),),
)


def verdict(*outcomes: Outcome, name: str = "ada.ipynb", level: int = 4, **more: Any) -> Verdict:
    """Return the verdict that *outcomes* add up to."""
    return Verdict.of(
        lesson=LessonRef("averages", "Averages", "1.0.0", "a" * 64, "b" * 64),
        submission=SubmissionRef(name, "c" * 64),
        outcomes=outcomes,
        sandbox=SandboxReport(level, "walls of some kind"),
        runtime=Runtime("3.11.7", "d" * 64, "0.1.0"),
        started=datetime(2026, 1, 1, tzinfo=UTC),
        seconds=1.25,
        seed=7,
        **more,
    )


def changed(outcome: Outcome, **fields: Any) -> Outcome:
    """Return *outcome* with other *fields*."""
    return replace(outcome, **fields)


# --- The whole -------------------------------------------------------------------------------------------------------


def test_a_verdict_reads_like_a_page() -> None:
    """Header, standing, exercises with evidence and one next step, repairs, and what it comes to."""
    drawn = plain(verdict(PASSED, FAILED, HIDDEN, UNTOUCHED, repairs=(Repair("moved", "Cell 3 was moved."),)), width=80)

    assert drawn == (
        """\
Averages  ada.ipynb                                                2 of 7 points
────────────────────────────────────────────────────────────────────────────────
sandbox            level 4 of 4: nothing of this machine in reach
assurance          self-checked: graded where it was run, the course has not
                   confirmed it

mean                                                               2 of 6 points
  ✓ passed         The mean of 1, 2 and 3 is 2
  ✗ not yet        The mean of 4 alone is 4
    asked          mean([4])
    came           0
    expected       4
    because        0 came, 4 was expected.
    next step      How many numbers are there? (1 of 2)
  ✗ not yet        hidden: 0 of 1
    about          Any list has a mean
    because        A hidden check does not pass yet.

median                                                              0 of 1 point
  · not attempted  The median of three
    because        This exercise is still as it was given.
    next step      Sort them first. (1 of 1)

In the file
  - Cell 3 was moved.

1 of 4 checks pass. Carry on with mean.
"""
    )


def test_verbose_adds_what_instructors_want() -> None:
    """Hidden checks one by one, times, seed and digests."""
    drawn = plain(verdict(changed(PASSED, printed="hello"), HIDDEN), verbose=True)

    assert all(words in drawn for words in ("Any list has a mean (hidden) 0.00 s", "--seed 7", "a" * 64, "c" * 64, "1.25 s", "hello"))


@pytest.mark.parametrize("status", list(Status))
def test_every_status_has_a_symbol_and_a_word(status: Status) -> None:
    """No status is told by colour alone, and none is called wrong."""
    drawn = plain(verdict(changed(FAILED, status=status)))

    assert f"  {MARKS[status].symbol} {MARKS[status].word}" in drawn
    assert "wrong" not in drawn.lower()


@pytest.mark.parametrize("level", list(LEVELS))
def test_every_level_has_plain_words(level: int) -> None:
    """The sandbox's level is told with what it means."""
    assert f"level {level} of 4: {say(LEVELS[level])}" in plain(verdict(PASSED, level=level))


def test_a_confirmed_verdict_says_so() -> None:
    """A course's own verdict does not look like a learner's."""
    assert "course-checked: graded again by the course itself" in plain(verdict(PASSED, assurance=Assurance.COURSE_CHECKED))


def test_colour_adds_nothing() -> None:
    """On a terminal stands the same text as in a pipe."""
    drawn = verdict(PASSED, FAILED, UNTOUCHED)
    page = StringIO()
    Console(file=page, width=WIDTH, force_terminal=True, color_system="truecolor").print(render(drawn))
    coloured = page.getvalue()

    assert "\x1b[" in coloured
    assert "".join(line.rstrip() + "\n" for line in re.sub(r"\x1b\[[0-9;]*m", "", coloured).splitlines()) == plain(drawn)


def test_anything_drawn_becomes_plain_text(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither colours nor spaces at line ends get into a pipe, even where colour is forced."""
    monkeypatch.setenv("FORCE_COLOR", "1")

    assert as_text(safe("well   ", "bold red"), width=80) == "well\n"


@pytest.mark.parametrize("width", [60, 80, 100])
def test_no_line_is_wider_than_the_page(width: int) -> None:
    """Long values are folded, not cut."""
    long = changed(FAILED, came="x" * 300, title="A very long title " * 9)
    drawn = plain(verdict(long, name="n" * 200), width=width)

    assert max(map(len, drawn.splitlines())) <= width
    assert drawn.count("x") >= 300


# --- What is said once, and what is said when --------------------------------------------------------------------------


def test_a_claim_and_what_waits_for_a_person_are_told() -> None:
    """A check that the learner's kernel decided is marked, and answers for a person stand in a list of their own."""
    drawn = plain(verdict(PASSED, changed(FAILED, claimed=True), manual=(Manual("essay", 5), Manual("plot", 1))))

    assert drawn.count("(told by the notebook's own kernel)") == 1
    assert "For a person to read:\n  - essay: at most 5 points\n  - plot: at most 1 point\n" in drawn


def test_hints_are_given_one_by_one() -> None:
    """The caller says how many hints to show."""
    texts = [plain(verdict(FAILED), hints=hints) for hints in range(3)]

    assert [text.count("How many numbers") + text.count("Use len.") for text in texts] == [0, 1, 2]
    assert "then           Use len. (2 of 2)" in texts[2]


def test_a_sentence_stands_once_in_an_exercise() -> None:
    """Two checks with the same message and hint say it once."""
    drawn = plain(verdict(FAILED, changed(FAILED, check="test_e", title="Another")))

    assert drawn.count("0 came, 4 was expected.") == drawn.count("How many numbers") == 1


def test_a_hidden_check_adds_no_second_next_step() -> None:
    """Where a visible check gave a hint, the hidden ones wait; where none did, theirs is shown."""
    hidden = changed(HIDDEN, hints=(Hint("Try an empty list.", 1, 1),))

    assert "Try an empty list." not in plain(verdict(FAILED, hidden))
    assert "Try an empty list." in plain(verdict(PASSED, hidden))


def test_a_known_mistake_is_named_before_anything_else() -> None:
    """Its hint stands in the place of the sentence about what came; without hints, or evidence, that sentence stays."""
    known = changed(FAILED, hints=(Hint("You added up and did not divide.", 1, 2, "sum-not-mean"), Hint("Divide.", 2, 2, "sum-not-mean")))

    assert known.first_sentence == "You added up and did not divide."
    assert FAILED.first_sentence == FAILED.message
    assert FAILED.message not in plain(verdict(known))
    assert FAILED.message in plain(verdict(known), hints=0)
    assert FAILED.message in plain(verdict(changed(known, came=None)))
    assert HIDDEN.message not in plain(verdict(changed(HIDDEN, hints=known.hints)))


def test_a_cells_error_is_not_told_twice() -> None:
    """Where a check has told it in plain words, the cell's own words are left out."""
    run = CellRun("mean", 2, error="SyntaxError: expected ':' (<cell>, line 2)")
    told = plain(verdict(changed(FAILED, raised="SyntaxError", message="Line 2: A colon is missing."), cells=(run,)))

    assert "the cell" not in told


def test_why_it_worked_is_told_when_all_of_an_exercise_passes() -> None:
    """The success sentence stands once below a finished exercise, and nowhere else."""
    done = plain(verdict(PASSED, changed(PASSED, check="test_e")))
    half = plain(verdict(PASSED, FAILED))

    assert done.count("why it works   You added and divided.") == 1
    assert "why it works" not in half


def test_the_learners_own_lines_and_prints_are_shown() -> None:
    """A traceback and what the code printed stand below the check, the print cut after a few lines."""
    printed = "\n".join(f"line {number}" for number in range(MAX_PRINTED_LINES + 3))
    raised = changed(FAILED, raised="ZeroDivisionError", traceback=tuple(f"frame {number}" for number in range(9)), printed=printed)
    drawn = plain(verdict(raised))

    assert "in your code   frame 3" in drawn
    assert "frame 2" not in drawn
    assert "printed        line 0" in drawn
    assert "... and 3 more lines" in drawn


def test_what_the_cell_said_is_told_where_no_check_says_it() -> None:
    """A cell's error is shown once, and the interruption of a cell that was stopped is not."""
    run = CellRun("mean", 2, error="SyntaxError: invalid syntax")
    drawn = plain(verdict(FAILED, cells=(run,)))
    told = plain(verdict(changed(FAILED, message="The cell stopped with SyntaxError: invalid syntax"), cells=(run,)))
    stopped = plain(verdict(FAILED, cells=(CellRun("mean", 2, error="KeyboardInterrupt:", stopped="timed out"),)))

    assert "the cell       stopped with SyntaxError: invalid syntax" in drawn
    assert told.count("SyntaxError") == 1
    assert "KeyboardInterrupt" not in stopped


def test_checks_without_an_exercise_have_a_heading() -> None:
    """A check of the notebook as a whole stands under its own heading."""
    assert "The whole notebook" in plain(verdict(changed(PASSED, exercise=None)))


def test_a_group_of_hidden_checks_shows_the_most_urgent() -> None:
    """One check that timed out is not hidden behind another that failed."""
    drawn = plain(verdict(PASSED, HIDDEN, changed(HIDDEN, status=Status.TIMED_OUT), changed(HIDDEN, status=Status.PASSED)))

    assert "⏱ timed out      hidden: 1 of 3" in drawn


# --- The last line -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("outcomes", "pending", "said"),
    [
        ((PASSED,), 0, "The check passes."),
        ((PASSED, PASSED), 0, "All 2 checks pass."),
        ((PASSED, PASSED), 3, "2 of 2 visible checks pass; 3 more run when you hand in."),
        ((PASSED, FAILED), 1, "1 of 2 visible checks pass; 1 more runs when you hand in. Carry on with mean."),
        ((FAILED,), 0, "0 of 1 check passes. Carry on with mean."),
        ((PASSED, UNTOUCHED), 0, "1 of 2 checks pass. Carry on with median."),
        (
            (PASSED, changed(FAILED, status=Status.BROKEN)),
            0,
            "1 of 1 check passes. 1 check could not be asked: that is the course's fault, and costs no points.",
        ),
        ((changed(PASSED, status=Status.SKIPPED),), 0, "0 of 0 checks pass."),
        ((changed(FAILED, status=Status.BROKEN),), 0, "1 check could not be asked: that is the course's fault, and costs no points."),
    ],
)
def test_the_headline_says_what_it_comes_to(outcomes: tuple[Outcome, ...], pending: int, said: str) -> None:
    """One sentence or two; never that all is passed while hidden checks are to come."""
    assert headline(verdict(*outcomes, hidden_pending=pending)) == said


def test_visible_points_are_called_visible() -> None:
    """Full marks in practice are not full marks."""
    assert "2 of 2 visible points" in plain(verdict(PASSED, hidden_pending=1))


def test_points_are_written_as_people_write_them() -> None:
    """Whole numbers without a point, others rounded to two places."""
    assert [points(1, 1), points(2.0, 4), points(1 / 3, 1.5)] == ["1 of 1 point", "2 of 4 points", "0.33 of 1.5 points"]


# --- Text that comes from others ---------------------------------------------------------------------------------------

HOSTILE = [
    "[bold red]passed[/]",
    "[link=https://example.org]x[/link]",
    ":smile:",
    "\x1b[31mred\x1b[0m",
    "\x1b]8;;https://example.org\x07click\x1b]8;;\x07",
    "right\u202eto left",
    "two\nlines",
    "back\rspace",
    "\x9b2J",
    "\ud800",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_is_obeyed(text: str) -> None:
    """Markup, escape sequences and bidirectional overrides are shown as they are, wherever they stand."""
    hostile = changed(FAILED, title=text, message=text, asked=text, came=text, expected=text, hints=(Hint(text, 1, 1),), printed=text)
    page = StringIO()
    console = Console(file=page, width=WIDTH, force_terminal=True, color_system=None)
    console.print(render(verdict(hostile, changed(HIDDEN, exercise=text), name=text, repairs=(Repair("moved", text),)), verbose=True))
    drawn = page.getvalue()

    assert not [char for char in drawn if char != "\n" and not char.isprintable()]
    if text.isprintable():
        assert text in drawn
