"""The card as a widget: what is kept of it in the kernel, and what hosts without widgets get."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
import traitlets
from ipywidgets import Widget

from hornbook.card import Card, checking, words
from hornbook.model import Hint, LessonRef, Outcome, Runtime, SandboxReport, Status, SubmissionRef, Verdict
from hornbook.widgets import STATIC, CheckCard

ROOT = Path(__file__).parent.parent
VIEW = "application/vnd.jupyter.widget-view+json"

FAILED = Outcome("test_b", "mean", "The mean of 4 alone is 4", Status.FAILED, 1, 0, message="0 came, 4 was expected.")


def card(*hints: str, status: Status = Status.FAILED, language: str = "en") -> Card:
    """Return a card with one check and these hints."""
    ladder = tuple(Hint(text, number, len(hints)) for number, text in enumerate(hints, start=1))
    verdict = Verdict.of(
        lesson=LessonRef("averages", "Averages", "1.0.0", "a" * 64, "b" * 64),
        submission=SubmissionRef("ada.ipynb", "c" * 64),
        outcomes=(replace(FAILED, hints=ladder, status=status),),
        sandbox=SandboxReport(4, "walls of some kind"),
        runtime=Runtime("3.11.7", "d" * 64, "0.1.0"),
        started=datetime(2026, 1, 1, tzinfo=UTC),
        seconds=1.25,
        seed=7,
    )
    return Card.of(verdict, exercise="mean", language=language)


@pytest.fixture
def widget() -> Iterator[CheckCard]:
    """Give a widget, and close what was made."""
    yield CheckCard()
    Widget.close_all()


def test_a_widget_shows_a_card_where_it_is_displayed(widget: CheckCard) -> None:
    """All that the browser needs goes with the card: the words, the language, the hints."""
    widget.show(card("One.", "Two.", language="de"))
    state = widget.get_state()

    assert state["card"] == card("One.", "Two.", language="de").to_json()
    assert state["card"]["words"] == words()
    assert (state["language"], state["running"], state["shown"]) == ("de", {}, {})


def test_a_card_may_be_given_at_once() -> None:
    """It is the same as showing it afterwards."""
    assert CheckCard(card("One.")).card == card("One.").to_json()


def test_while_a_check_runs_the_last_answer_stays(widget: CheckCard) -> None:
    """A label stands there until the next card is shown; the count goes no further than it was announced."""
    widget.show(card("One."))
    widget.begin("mean", of=3)
    widget.advance(7)

    assert widget.running == checking("mean", 3, 3)
    assert widget.card == card("One.").to_json()

    widget.show(card("One."))

    assert widget.running == {}


def test_a_count_that_was_not_announced_is_not_shown(widget: CheckCard) -> None:
    """Without a total there is nothing to count towards."""
    widget.begin("mean")
    widget.advance(1)

    assert widget.running["label"] == "Checking…"


def test_revealed_hints_outlive_another_run(widget: CheckCard) -> None:
    """As long as a check has the same ladder its hints stay revealed, even when it passed in between."""
    widget.show(card("One.", "Two.", "Three."))
    widget.shown = {"test_b": 2}
    widget.show(card("One.", "Two.", "Three."))
    widget.show(card(status=Status.PASSED))
    widget.show(card("One.", "Two.", "Three."))

    assert widget.shown == {"test_b": 2}


@pytest.mark.parametrize(
    ("before", "now", "kept"),
    [
        (("One.", "Two."), ("Another.", "Two."), {}),
        (("One.", "Two.", "Three."), ("One.", "Another.", "Three."), {"test_b": 1}),
        (("One.", "Two."), ("One.",), {"test_b": 1}),
    ],
)
def test_a_hint_that_was_not_read_is_not_given_away(
    widget: CheckCard, before: tuple[str, ...], now: tuple[str, ...], kept: dict[str, int]
) -> None:
    """Another mistake has another ladder; of that only what was read before is revealed."""
    widget.show(card(*before))
    widget.shown = {"test_b": 2}
    widget.show(card(*now))

    assert widget.shown == kept


def test_a_count_from_the_browser_must_be_one(widget: CheckCard) -> None:
    """What comes back over the comm is a claim: anything but counts is refused."""
    for claim in ({"test_b": -1}, {"test_b": "2"}, {"test_b": None}, [2]):
        with pytest.raises(traitlets.TraitError):
            widget.set_trait("shown", claim)


def test_the_bundle_has_the_twins(widget: CheckCard) -> None:
    """A host without widgets gets the same card as HTML and as plain text, with the hints that are revealed."""
    widget.show(card("One.", "Two."))
    widget.shown = {"test_b": 2}
    data = widget.mimebundle()

    assert set(data) == {VIEW, "text/html", "text/plain"}
    assert data[VIEW]["model_id"] == widget.model_id
    assert data["text/plain"] == card("One.", "Two.").text({"test_b": 2})
    assert data["text/html"] == card("One.", "Two.").html({"test_b": 2})


def test_the_bundle_of_a_running_check_says_so(widget: CheckCard) -> None:
    """Before there is a card, and while a new one is on its way, the twins say only that it is being checked."""
    widget.begin("mean")

    assert widget.mimebundle()["text/plain"] == "mean\nChecking…\n"


def test_the_script_has_no_words_and_reads_nothing_as_markup() -> None:
    """Every word comes with the card; nodes are made one by one."""
    script = (STATIC / "card.js").read_text("utf-8")
    code = "\n".join(line for line in script.splitlines() if not line.strip().startswith(("//", "/**")))

    assert not any(
        name in code for name in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "fetch(", "import(")
    )
    assert not any(f'"{words}"' in code for words in words().values() if " " in words or words[0].isupper())


def test_the_wheel_has_what_the_browser_gets(tmp_path: Path) -> None:
    """The script and the style sheet are installed with the package."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)  # noqa: S603 - our own build
    (wheel,) = tmp_path.glob("*.whl")

    assert {"hornbook/static/card.js", "hornbook/static/card.css"} <= set(zipfile.ZipFile(wheel).namelist())
