"""The card as data, and its twins in HTML and plain text: what a learner reads, and that nothing else gets onto it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any

import pytest

from hornbook import card as card_module
from hornbook.card import (
    BEFORE,
    MAX_CHECKS,
    MAX_OPEN,
    MAX_PASSED,
    MAX_PRINTED_LINES,
    MAX_TRACEBACK_LINES,
    MAX_VALUE,
    Card,
    Progress,
    checking,
    hints_shown,
    words,
)
from hornbook.model import Assurance, CellRun, Hint, LessonRef, Outcome, Repair, Runtime, SandboxReport, Status, SubmissionRef, Verdict
from hornbook.show import MARKS

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
    hints=(Hint("How many numbers are there?", 1, 2), Hint("Use `len`.", 2, 2)),
)
HIDDEN = Outcome("test_c", "mean", "Any list has a mean", Status.FAILED, 3, 0, hidden=True, message="A hidden check does not pass yet.")
OTHER = Outcome("test_d", "median", "The median of three", Status.PASSED, 1, 1)


def verdict(*outcomes: Outcome, **more: Any) -> Verdict:
    """Return the verdict that *outcomes* add up to."""
    return Verdict.of(
        lesson=LessonRef("averages", "Averages", "1.0.0", "a" * 64, "b" * 64),
        submission=SubmissionRef("ada.ipynb", "c" * 64),
        outcomes=outcomes,
        sandbox=SandboxReport(4, "walls of some kind"),
        runtime=Runtime("3.11.7", "d" * 64, "0.1.0"),
        started=datetime(2026, 1, 1, tzinfo=UTC),
        seconds=1.25,
        seed=7,
        **more,
    )


def row_of(outcome: Outcome, **fields: Any) -> card_module.Row:
    """Return the one row of the card for *outcome* with other *fields*."""
    (row,) = Card.of(verdict(replace(outcome, **fields)), exercise="mean").rows()
    return row


def differing(came: str, expected: str) -> tuple[str, str] | None:
    """Return what is marked in the two values."""
    row = row_of(FAILED, came=came, expected=expected)
    if row.differs is None:
        return None
    assert row.came is not None
    assert row.expected is not None
    (a, b), (c, d) = row.differs
    return row.came[a:b], row.expected[c:d]


# --- What stands on it -----------------------------------------------------------------------------------------------


def test_a_card_reads_like_a_page() -> None:
    """What it is about, what it comes to, the check to look at first with its evidence and one next step, then the others."""
    drawn = Card.of(verdict(PASSED, FAILED, HIDDEN, OTHER), exercise="mean", progress=Progress(1, 2)).text()

    assert drawn == (
        """\
Averages · mean · 2 of 6 points · 1 of 2 exercises done
1 of 3 checks pass.

  ✗ not yet       The mean of 4 alone is 4
    asked         mean([4])
    came          0
    expected      4
    because       0 came, 4 was expected.
    next step     How many numbers are there? (Hint 1 of 2)
  ✗ not yet       Hidden checks: 0 of 1 pass
    because       A hidden check does not pass yet.
  ✓ passed        The mean of 1, 2 and 3 is 2
"""
    )


def test_a_card_of_the_whole_lesson_has_a_section_for_each_exercise() -> None:
    """Exercises stand in the order of the lesson, each with its points; why it worked stands where all has passed."""
    card = Card.of(verdict(PASSED, OTHER, replace(OTHER, check="test_e", exercise=None)))

    assert [(section.name, section.points, section.why) for section in card.sections] == [
        ("mean", "2 of 2 points", ("You added and divided.",)),
        ("median", "1 of 1 point", ()),
        ("The whole notebook", "1 of 1 point", ()),
    ]
    assert card.title == "Averages"
    assert card.headline == "All 3 checks pass."


@pytest.mark.parametrize("exercise", ["mean", None])
@pytest.mark.parametrize("pending", [1, 3])
def test_while_hidden_checks_are_to_come_nothing_says_that_all_is_passed(exercise: str | None, pending: int) -> None:
    """The headline counts visible checks, so do the points, and no exercise is called done for good."""
    card = Card.of(verdict(PASSED, hidden_pending=pending), exercise=exercise, progress=Progress(2, 2))
    everything = card.text() + card.html()

    end = "s when you hand in." if pending == 1 else " when you hand in."
    # They are counted for the lesson: on the card of one of its exercises the number would be taken for that exercise's.
    end = end.replace("in.", "in the lesson.") if exercise else end

    assert card.headline == f"1 of 1 visible checks pass; {pending} more run{end}"
    assert card.points == "2 of 2 visible points"
    assert not re.search(r"\b(all|every)\b", everything.lower())


@pytest.mark.parametrize("status", list(Status))
def test_every_status_has_its_symbol_and_its_word(status: Status) -> None:
    """They are those of the terminal, and none says wrong."""
    card = Card.of(verdict(replace(FAILED, status=status)), exercise="mean")

    assert f"  {MARKS[status].symbol} {MARKS[status].word}" in card.text()
    assert f"{MARKS[status].symbol} {MARKS[status].word}</span>" in card.html()
    assert "wrong" not in card.text().lower()


@pytest.mark.parametrize(
    ("outcomes", "state", "headline"),
    [
        ((PASSED,), "passed", "The check passes."),
        ((PASSED, FAILED), "open", "1 of 2 checks pass."),
        ((replace(FAILED, status=Status.SKIPPED),), "note", "No check was asked."),
        ((), "note", "No check was asked."),
        (
            (replace(FAILED, status=Status.BROKEN),),
            "broken",
            "1 check could not be asked: that is the course's fault, and costs no points.",
        ),
    ],
)
def test_what_it_comes_to(outcomes: tuple[Outcome, ...], state: str, headline: str) -> None:
    """One sentence and one state, whatever the checks said; an exercise that is not there has a card as well."""
    card = Card.of(verdict(*outcomes), exercise="mean")

    assert (card.state, card.headline) == (state, headline)


def test_the_first_check_that_does_not_pass_gets_the_one_next_step() -> None:
    """Its first hint is open; the others wait, and a hint or a sentence that stands there already is not said again."""
    other = replace(FAILED, check="test_e", hints=(*FAILED.hints, Hint("Draw it.", 1, 1)))
    card = Card.of(verdict(PASSED, FAILED, other), exercise="mean")
    first, second, third = card.rows()

    assert card.focus == first.id == "test_b"
    assert (first.open, second.open, third.open) == (1, 0, 0)
    assert (second.message, second.hints) == ("", ("Draw it.",))
    assert third.status == Status.PASSED


def test_a_known_mistake_is_named_once() -> None:
    """Where the hint that is open names the mistake, nothing is said before it; a hint that still waits leaves the sentence in place."""
    known = replace(FAILED, hints=(Hint("You counted from 1.", 1, 1, misconception="from-one"),))
    later = replace(known, check="test_e", message="1 came, 3 was expected.", hints=(Hint("You forgot one.", 1, 1, misconception="one"),))
    first, second = Card.of(verdict(known, later), exercise="mean").rows()

    assert (first.message, first.hints, first.open) == ("", ("You counted from 1.",), 1)
    assert (second.message, second.open) == ("1 came, 3 was expected.", 0)


def test_what_cannot_be_answered_is_never_the_next_step() -> None:
    """A broken check asks nothing of the learner, so the card looks at the next one."""
    card = Card.of(verdict(replace(FAILED, status=Status.BROKEN, hints=()), replace(FAILED, check="test_e")), exercise="mean")

    assert card.focus == "test_e"


@pytest.mark.parametrize(
    ("progress", "pending", "said"),
    [
        (Progress(1, 3, "median"), 0, "Carry on with median."),
        (Progress(1, 3, "median"), 2, "Carry on with median."),
        (Progress(3, 3), 0, "Every exercise of this lesson passes its checks."),
        (Progress(3, 3), 1, ""),
        (Progress(2, 3), 0, ""),
        (Progress(0, 0), 0, ""),
        (None, 0, ""),
    ],
)
def test_what_comes_next(progress: Progress | None, pending: int, said: str) -> None:
    """When an exercise passes the card leads on to the next one; that the lesson is through it says only when nothing is hidden."""
    assert Card.of(verdict(PASSED, hidden_pending=pending), exercise="mean", progress=progress).next == said


def test_while_something_is_left_to_do_here_nothing_leads_on() -> None:
    """One next step is enough."""
    assert Card.of(verdict(FAILED), exercise="mean", progress=Progress(0, 2, "median")).next == ""


@pytest.mark.parametrize(("progress", "ring"), [(Progress(9, 4), (4, 4)), (Progress(-1, 4), (0, 4)), (Progress(0, 0), None)])
def test_a_ring_is_never_fuller_than_full(progress: Progress, ring: tuple[int, int] | None) -> None:
    """Numbers that cannot be are not drawn."""
    found = Card.of(verdict(PASSED), progress=progress).progress

    assert (found and (found.done, found.of)) == ring


def test_what_the_cell_and_the_file_had_to_say() -> None:
    """A cell's error stands on the card of its exercise, unless a check has told it; so does what was put right in the file."""
    cells = (CellRun("mean", 0, error="NameError: name 'x' is not defined"), CellRun("median", 1, error="KeyError: 1"))
    repairs = (Repair("moved", "Cell 3 was moved."), Repair("split", "Two cells were joined.", "median"))
    notes = Card.of(verdict(PASSED, cells=cells, repairs=repairs), exercise="mean").notes
    told = Card.of(verdict(replace(FAILED, message="It stopped with KeyError: 1."), cells=cells), exercise=None).notes
    raised = Card.of(verdict(replace(FAILED, raised="NameError"), cells=cells[:1]), exercise=None).notes

    assert [(note.label, note.text) for note in notes] == [
        ("the cell", "stopped with NameError: name 'x' is not defined"),
        ("in the file", "Cell 3 was moved."),
    ]
    assert raised == ()
    assert [note.text for note in told] == ["stopped with NameError: name 'x' is not defined"]
    assert "the cell: stopped with" in Card.of(verdict(PASSED, cells=cells), exercise="mean").html()


def test_a_card_with_one_sentence() -> None:
    """Where there is nothing to check the card says so, without points and without a standing."""
    card = Card.saying("Check", "There is no exercise here. `%check mean` names one.")

    assert card.text() == "Check\nThere is no exercise here. `%check mean` names one.\n"
    assert "<code" in card.html()


def test_the_assurance_is_never_left_out() -> None:
    """What a learner's own machine says does not look like what the course says."""
    assert "self-checked" in Card.of(verdict(PASSED)).html()
    assert "course-checked" in Card.of(verdict(PASSED, assurance=Assurance.COURSE_CHECKED)).html()


# --- Values side by side ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("came", "expected", "marked"),
    [
        ("'fizz'", "'fizzbuzz'", ("", "buzz")),
        ("[1, 2, 3]", "[1, 2, 4]", ("3", "4")),
        ("[123, 5]", "[193, 5]", ("123", "193")),
        ("[1.25]", "[1.35]", ("1.25", "1.35")),
        ("' a'", "'a'", (" ", "")),
        ("0", "4", None),
        ("4", "4", None),
        ("12", "123", None),
    ],
)
def test_where_two_values_differ(came: str, expected: str, marked: tuple[str, str] | None) -> None:
    """The part that differs is marked, numbers as a whole; where everything differs nothing is."""
    assert differing(came, expected) == marked


def test_a_long_value_begins_where_the_difference_can_be_seen() -> None:
    """Of five thousand characters those around the first difference are shown, in both values the same ones."""
    row = row_of(FAILED, came="[" + "0 " * 2500 + "1]", expected="[" + "0 " * 2500 + "2]")
    early = row_of(FAILED, came="x" * 5000, expected="y")

    assert row.came == "… " + ("0 " * BEFORE)[-BEFORE:] + "1]"
    assert differing("[" + "0 " * 2500 + "1]", "[" + "0 " * 2500 + "2]") == ("1", "2")
    assert early.came == "x" * MAX_VALUE + " … and 4,600 more characters"


def test_a_table_keeps_its_lines() -> None:
    """A value of several lines is shown in lines; everything else that cannot be seen is written as an escape."""
    assert row_of(FAILED, came="a  b\n1\t2\u00a0").came == "a  b\n1\\t2\\xa0"


# --- Much of everything ----------------------------------------------------------------------------------------------


def test_many_checks_are_folded_and_bounded() -> None:
    """A few are to be seen, the others behind a label, and beyond a hundred only their number."""
    many = [replace(FAILED if number % 3 else PASSED, check=f"t{number}") for number in range(150)]
    (section,) = Card.of(verdict(*many), exercise="mean").sections

    assert len(section.rows) == MAX_OPEN
    assert [fold.label for fold in section.folds] == [f"{MAX_CHECKS - MAX_OPEN} more checks"]
    assert section.more == "50 more checks"
    assert len(list(Card.of(verdict(*many), exercise="mean").rows())) == MAX_CHECKS


def test_many_passing_checks_are_one_line() -> None:
    """What passes does not push away what does not."""
    card = Card.of(verdict(FAILED, *(replace(PASSED, check=f"t{number}") for number in range(MAX_PASSED + 1))), exercise="mean")

    assert [row.id for row in card.sections[0].rows] == ["test_b"]
    assert [fold.label for fold in card.sections[0].folds] == ["6 checks passed"]
    assert "6 checks passed</summary>" in card.html()
    assert card.text().count("✓ passed") == MAX_PASSED + 1


def test_long_output_keeps_its_telling_end() -> None:
    """Of a traceback the last lines are shown, of what was printed the first, each with how many more there are."""
    row = row_of(FAILED, traceback=tuple(f"line {number}" for number in range(300)), printed="\n".join("abc" for _ in range(50)))

    assert row.traceback[0] == f"… {300 - MAX_TRACEBACK_LINES} lines above"
    assert row.traceback[-1] == "line 299"
    assert row.printed[MAX_PRINTED_LINES:] == (f"… and {50 - MAX_PRINTED_LINES} more lines",)


def test_a_card_stays_small() -> None:
    """Whatever a learner's code says, the browser gets some hundred kilobytes at most."""
    big = replace(FAILED, asked="x" * 10**5, came="\u202e" * 10**5, expected="z" * 10**5, message="m" * 10**5)
    big = replace(big, printed="p\n" * 10**5, traceback=("t" * 10**5,))
    card = Card.of(verdict(*(replace(big, check=f"t{number}") for number in range(300))), exercise="mean")

    assert len(json.dumps(card.to_json())) < 600_000


# --- Nobody is obeyed ------------------------------------------------------------------------------------------------

HOSTILE = {
    "markup": "<img src=x onerror=alert(1)>",
    "attribute": '" onmouseover="alert(1)" x="',
    "end": "</div></details><script>alert(1)</script>",
    "escape": "\x1b[31mred\x1b[2J",
    "bidi": "abc\u202edef\u2066",
    "surrogate": "\ud800",
    "null": "a\x00b",
}


class Tags(HTMLParser):
    """Notes the elements and attributes of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.seen |= {tag, *(name for name, _ in attrs)}
        self.open += [tag] if tag != "br" else []

    def handle_endtag(self, tag: str) -> None:
        """Note that it ends."""
        assert self.open.pop() == tag


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_whatever_is_written_is_shown_and_never_obeyed(text: str) -> None:
    """In every place where somebody else's text stands: no element, no attribute, no escape sequence, no change of direction."""
    outcome = replace(FAILED, check=text, exercise=text, title=text, message=text, asked=text, came=text, expected=f"{text}!")
    outcome = replace(outcome, printed=text, hints=(Hint(text, 1, 1),), traceback=(text,))
    why = replace(PASSED, check="w", exercise="w", title=text, message=f"why {text}")
    bad = verdict(outcome, why, repairs=(Repair("moved", text),), cells=(CellRun(None, 0, error=text),))
    bad = replace(bad, lesson=replace(bad.lesson, title=text))
    for card in (Card.of(bad, exercise=text, progress=Progress(1, 2, text)), Card.of(bad), Card.saying(text, text)):
        tags = Tags()
        tags.feed(card.html())

        assert tags.open == []
        assert tags.seen <= {"div", "span", "details", "summary", "code", "style", "lang", "dir", "open", "br"}
        assert all(char == "\n" or char.isprintable() for char in card.text() + card.html())
        json.dumps(card.to_json()).encode()


def test_what_joins_letters_is_kept_in_sentences_and_shown_in_values() -> None:
    """A Persian word and an emoji are whole in a title; in a value the sign that nobody sees may be what differs."""
    row = row_of(FAILED, title="می\u200cرویم", came="'a\u200db'")

    assert row.title == "می\u200cرویم"
    assert row.came == "'a\\u200db'"


def test_a_claim_is_told_apart() -> None:
    """A check that the learner's own kernel decided says so in a notebook, too, passed or not."""
    card = Card.of(verdict(replace(PASSED, claimed=True), FAILED), exercise="mean")

    assert [row.title.endswith("(told by the notebook's own kernel)") for row in card.rows()] == [False, True]


def test_a_hidden_check_is_not_given_away() -> None:
    """Of hidden checks a card has only their number, and the sentence that its outcome has for learners."""
    leaky = replace(HIDDEN, title="SECRET", asked="SECRET", came="SECRET", expected="SECRET", printed="SECRET", traceback=("SECRET",))
    card = Card.of(verdict(leaky, replace(leaky, check="other", status=Status.PASSED)), exercise="mean")

    assert "SECRET" not in json.dumps(card.to_json()) + card.text() + card.html()
    assert [row.title for row in card.rows()] == ["Hidden checks: 1 of 2 pass"]


# --- Twins -----------------------------------------------------------------------------------------------------------


def test_the_html_opens_one_hint_after_the_other() -> None:
    """A hint that is not revealed lies inside the one before it; what was revealed in the widget stands open in its twin."""
    card = Card.of(verdict(FAILED), exercise="mean")

    assert card.html().index("How many numbers") < card.html().index("Next hint</summary>") < card.html().index("<code")
    assert "Next hint" not in card.html({"test_b": 2})
    assert "Use `len`. (Hint 2 of 2)" in card.text({"test_b": 2})
    assert (
        "Show a hint</summary>"
        in Card.of(verdict(FAILED, replace(FAILED, check="e", hints=(Hint("Draw.", 1, 1),))), exercise="mean").html()
    )


def test_the_count_of_a_hint_is_bounded_by_its_ladder() -> None:
    """A count from elsewhere reveals what there is, and never hides what is open anyway."""
    row = row_of(FAILED)

    assert [hints_shown(row, {"test_b": count}) for count in (-1, 0, 1, 2, 99)] == [1, 1, 1, 2, 2]


def test_the_html_has_nothing_that_jupyterlab_takes_away() -> None:
    """No script, no style sheet, no variables, no headings, which would get into the table of contents."""
    drawn = Card.of(verdict(PASSED, FAILED, HIDDEN), progress=Progress(1, 2)).html()

    assert not any(word in drawn for word in ("<script", "<style", "var(", "currentColor", "<h", "<svg", "class="))


def test_the_json_is_plain() -> None:
    """What the browser gets is what comes back from JSON, with all fixed words in it."""
    data = Card.of(verdict(PASSED, FAILED), exercise="mean", progress=Progress(1, 2), language="de").to_json()

    assert json.loads(json.dumps(data)) == data
    assert data["words"] == words()
    assert data["language"] == "de"


@pytest.mark.parametrize(("done", "of", "label"), [(None, None, "Checking…"), (0, 5, "Checking… 0 of 5"), (2, None, "Checking…")])
def test_what_stands_there_while_a_check_runs(done: int | None, of: int | None, label: str) -> None:
    """A label, with a count where one is known."""
    assert checking("mean", done, of)["label"] == label


def test_the_card_is_light() -> None:
    """Importing it brings neither a widget nor a terminal along, and drawing one as HTML brings nothing more."""
    program = (
        "import sys; from hornbook.card import Card; Card.saying('Check', 'Nothing here.').html(); "
        "print([name for name in ('rich', 'anywidget', 'IPython', 'traitlets', 'pytest', 'numpy') if name in sys.modules])"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)  # noqa: S603 - our own program

    assert ended.stdout == "[]\n"
