"""`hornbook.reports.classview`: figures of a class that can be checked by hand, and nothing about anybody in particular."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser
from typer.testing import CliRunner

from hornbook.cli import app
from hornbook.model import Hint, LessonRef, Outcome, Runtime, SandboxReport, Status, SubmissionRef, Verdict
from hornbook.record.store import Record
from hornbook.reports import classpages
from hornbook.reports.classview import CheckView, LessonView, class_view, shares
from hornbook.scaffold import new_course

YES, NO = True, False
BEGIN = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)


def outcome(name: str, passed: bool, *, message: str = "", **other: object) -> Outcome:
    """Return what came of one check, worth a point."""
    made = Outcome(name, "a", f"Check {name}", Status.PASSED if passed else Status.FAILED, 1, 1.0 if passed else 0.0, message=message)
    return replace(made, **other)  # type: ignore[arg-type]


def verdict(*outcomes: Outcome, hours: float = 0, slug: str = "means", title: str = "Means") -> Verdict:
    """Return a verdict with these outcomes, so many hours after the beginning."""
    return Verdict.of(
        lesson=LessonRef(slug, title, "1.0.0", "00" * 32, "11" * 32),
        submission=SubmissionRef("x.ipynb", f"{hours:064.3f}"[:64].replace(".", "0")),
        outcomes=outcomes,
        sandbox=SandboxReport(4, "own root", ()),
        runtime=Runtime("3.11.7", "33" * 32, "0.1.0"),
        started=BEGIN + timedelta(hours=hours),
        seconds=0.25,
        seed=7,
    )


def attempts(*passed: str, message: str = "") -> list[Verdict]:
    """Return attempts an hour apart: of each the names of the checks that it passes, of `x`, `y` and `z`."""
    return [
        verdict(*(outcome(name, name in those, message="" if name in those else message) for name in "xyz"), hours=number)
        for number, those in enumerate(passed)
    ]


CLASS = {
    "ada": attempts("xyz"),
    "ben": attempts("xy", "xyz", message="It gives 3, not 4."),
    "cem": attempts("x", "xy", "xyz", message="It gives 5, not 6."),
    "dan": attempts("x", "x", message="It gives 7, not 8."),
    "eve": attempts("", message="Nothing comes back."),
}


def rows(learners: dict[str, list[Verdict]]) -> Iterator[tuple[str, str, Verdict]]:
    """Yield the attempts as a record does."""
    return ((learner, "c", one) for learner, all_of in learners.items() for one in all_of)


def only(learners: dict[str, list[Verdict]], least: int = 5) -> LessonView:
    """Return what the attempts come to, which are all of one lesson."""
    (view,) = class_view(rows(learners), least=least)
    return view


def test_a_lesson_has_its_figures() -> None:
    """Learners, attempts, passes, and the middle of how many attempts and hours these took."""
    view = only(CLASS)

    assert (view.learners, view.attempts, view.passed, view.gone) == (5, 9, 3, 0)
    assert (view.attempts_to_pass, view.hours_to_pass) == (2, 1.0)
    assert view.why == "2 of 5 have not passed. Most are stopped by: Check z."


def test_a_check_has_its_figures() -> None:
    """At first, in the end, and how well it tells apart: by hand, against the points of the two others at first."""
    x, y, z = only(CLASS).checks

    assert [(check.at_first, check.in_the_end) for check in (x, y, z)] == [(0.8, 0.8), (0.4, 0.6), (0.2, 0.6)]
    # y: passed 1 1 0 0 0; the others have 1, .5, .5, .5, 0 of their points.
    assert y.discrimination == pytest.approx(0.65, abs=0.01)
    assert x.discrimination is not None
    assert x.discrimination > 0


def test_a_check_that_the_better_ones_fail_is_named() -> None:
    """It may ask for something else than it says."""
    odd = {f"l{number}": [verdict(outcome("x", number > 4), outcome("y", number > 4), outcome("z", number <= 4))] for number in range(10)}

    assert "Those who know more fail: Check z." in only(odd).why


def test_what_everybody_passes_tells_nothing_apart() -> None:
    """There is no correlation with what does not change, and nothing to look at."""
    view = only({f"l{number}": attempts("xyz") for number in range(6)})

    assert [check.discrimination for check in view.checks] == [None, None, None]
    assert view.why == ""


def test_mistakes_are_the_same_whatever_the_values_are() -> None:
    """Learners are counted, not attempts; what fewer than the least number were told is told nobody."""
    many = {f"l{number}": attempts("x", "x", message=f"It gives {number}, not 4.") for number in range(5)}
    (mistake,) = only(many).checks[2].mistakes

    assert (mistake.words, mistake.learners) == ("It gives 0, not 4.", 5)
    assert only(CLASS).checks[2].mistakes == ()
    assert [(one.words, one.learners) for one in only(CLASS, least=3).checks[2].mistakes] == [("It gives 3, not 4.", 3)]


def test_a_known_mistake_is_one_however_it_is_told() -> None:
    """By its name in the hint bank; its first hint is what learners read."""
    hint = Hint("You counted from one.", 1, 1, "off-by-one")
    many = {f"l{number}": [verdict(outcome("x", NO, message=f"anything {'ab'[number % 2]}", hints=(hint,)))] for number in range(6)}
    (mistake,) = only(many).checks[0].mistakes

    assert (mistake.words, mistake.learners) == ("You counted from one.", 6)


def test_broken_and_skipped_checks_say_nothing_of_a_learner() -> None:
    """They are in no figure."""
    many = {f"l{number}": [verdict(outcome("x", YES), outcome("y", NO, status=Status.BROKEN))] for number in range(5)}

    assert [check.name for check in only(many).checks] == ["x"]


def test_who_has_not_come_back_is_gone() -> None:
    """A week without another attempt, while others go on; whoever has passed is done, not gone."""
    later = {name: list(all_of) for name, all_of in CLASS.items()}
    later["fay"] = [verdict(*(outcome(name, NO) for name in "xyz"), hours=24 * 8)]

    assert only(later).gone == 2


def test_of_a_small_group_nothing_is_told() -> None:
    """Not how many there are, and not in any form."""
    few = {name: CLASS[name] for name in ("ada", "ben", "eve")}
    view = only(few)

    assert view == LessonView("c", "means", "Means", 0, small=True)
    page = "".join(classpages.html([view], {}, "C", 5))
    assert "Fewer than 5 learners have handed it in." in page
    assert "Check z" not in page
    assert list(csv.reader("".join(classpages.csv([view])).splitlines()))[1] == ["c", "means", "Means", *[""] * 14]


def seen(level: int, *learners: str) -> list[tuple[str, str, str, str, int]]:
    """Return that these learners have seen a hint of the check z."""
    return [(learner, "c", "means", "z", level) for learner in learners]


def test_hints_are_counted_by_learners_as_far_as_they_are_many() -> None:
    """Twice is once; who has handed nothing in is not of the class; what only a few have seen is theirs."""
    hints = [*seen(1, *CLASS, "ada", "zoe"), *seen(2, "ada", "ben", "cem"), *seen(3, "ada")]
    five, three = (class_view(rows(CLASS), hints, least=least)[0].checks[2].hints_seen for least in (5, 3))
    none = class_view(rows(CLASS), seen(1, "ada", "ben", "zoe", "yul", "xan"))[0].checks[2].hints_seen
    few = class_view(rows({name: CLASS[name] for name in ("ada", "ben", "eve")}), seen(1, *CLASS))

    assert (five, three, none) == ((5,), (5, 3), ())
    assert few == [LessonView("c", "means", "Means", 0, small=True)]


def test_what_needs_work_comes_first() -> None:
    """The lesson that most have not passed; small groups come last."""
    easy = [(f"l{number}", "c", verdict(outcome("x", YES), slug="easy", title="Easy")) for number in range(9)]
    small = [("ada", "c", verdict(outcome("x", NO), slug="a", title="A"))]
    views = class_view([*small, *easy, *rows(CLASS)])

    assert [view.slug for view in views] == ["means", "easy", "a"]


def test_passes_are_shared_by_those_who_wrote_a_lesson_together() -> None:
    """The sum over all authors is the number of passes."""
    views = class_view([*rows(CLASS), *((f"l{number}", "c", verdict(outcome("x", YES), slug="easy")) for number in range(5))])
    parts = {("c", "means"): {"Grace": 1 / 3, "Katherine": 2 / 3}, ("c", "easy"): {"Katherine": 1.0}}

    assert shares(views, parts) == {"Katherine": 7.0, "Grace": 1.0}
    assert {row[-1] for row in csv.reader("".join(classpages.csv(views, parts)).splitlines()[1:])} == {
        "Grace 1.00; Katherine 2.00",
        "Katherine 5.00",
    }


def test_of_a_small_group_no_author_has_passes() -> None:
    """A sum over two people would be about each of them."""
    few = {name: CLASS[name] for name in ("ada", "ben", "eve")}

    assert shares([only(few)], {("c", "means"): {"Grace": 1.0}}) == {}


# --- As a page, a table, and on the command line --------------------------------------------------------------------------


@pytest.fixture
def remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a record of the class, in a folder with a course of that name."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "record.sqlite"
    record = Record.open(path)
    for learner, _, one in rows(CLASS):
        record.grade(learner, "c", one)
        record.hinted(learner, "c", "means", {"z": 1})
        record.hinted("zoe", "c", "other", {"z": 2})
    record.close()
    return path


def test_the_command_names_no_learner(remembered: Path) -> None:
    """On the terminal, as data, as a page, and as a table."""
    runner = CliRunner()
    said = runner.invoke(app, ["report", "--record", str(remembered)])
    data = runner.invoke(app, ["report", "--record", str(remembered), "--json"])
    for name in ("class.html", "class.csv"):
        assert runner.invoke(app, ["report", "--record", str(remembered), "--into", name]).stdout == f"Written    {name}\n"
    everything = said.stdout + data.stdout + Path("class.html").read_text("utf-8") + Path("class.csv").read_text("utf-8")

    assert said.exit_code == 0, said.stderr
    assert "c/means  3 of 5 passed, 9 attempts, 2 to a pass\n  2 of 5 have not passed. Most are stopped by: Check z.\n" in said.stdout
    assert json.loads(data.stdout)["lessons"][0]["checks"][2]["at_first"] == 0.2
    assert json.loads(data.stdout)["lessons"][0]["checks"][2]["hints_seen"] == [5]
    assert "Check z\n        hints seen by 5\n" in said.stdout
    assert [row["hints seen"] for row in csv.DictReader(Path("class.csv").read_text("utf-8").splitlines())] == ["", "", "5"]
    assert "<td class=n>5</td>" in Path("class.html").read_text("utf-8")
    assert len(Path("class.csv").read_text("utf-8").splitlines()) == 4
    assert not re.search(r"\b(ada|ben|cem|dan|eve)\b", everything)


def test_passes_by_author_are_told_where_the_course_is(remembered: Path, tmp_path: Path) -> None:
    """A course knows who wrote its lessons; a record of another course has none of it."""
    new_course(tmp_path / "c")
    record = Record.open(remembered)
    for number in range(5):
        record.grade(f"l{number}", "c", verdict(outcome("x", YES), slug="counting_vowels"))
        record.grade(f"l{number}", "other", verdict(outcome("x", YES), slug="means"))
    record.close()
    told = CliRunner().invoke(app, ["report", "--record", str(remembered), "--course", str(tmp_path / "c"), "--json"])

    found = json.loads(told.stdout)
    assert sum(found["passes"].values()) == 5
    assert {lesson["course"] for lesson in found["lessons"]} == {"c"}


def test_what_cannot_be_reported_is_refused(tmp_path: Path) -> None:
    """An empty record, and a form that there is not."""
    runner = CliRunner()
    empty = runner.invoke(app, ["report", "--record", str(tmp_path / "none.sqlite")])
    form = runner.invoke(app, ["report", "--record", str(tmp_path / "none.sqlite"), "--into", "x.pdf"])

    assert empty.exit_code == 2
    assert "nothing was handed in that is remembered there" in empty.stderr
    assert "x.pdf: a report of a class is a page, .html, or a table, .csv." in form.stderr


@pytest.mark.xdist_group("browser")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_is_for_everybody_and_runs_nothing(
    browser: Browser, tmp_path: Path, html_payloads: tuple[str, ...], scheme: Literal["light", "dark"]
) -> None:
    """Whatever checks, lessons and messages say is text; axe finds nothing in light and in dark."""
    words = " ".join(html_payloads)
    check = CheckView("x", words, words, hidden=True, learners=9, at_first=0.2, in_the_end=0.5, discrimination=-0.1, mistakes=())
    odd = LessonView("c", "means", words, 9, attempts=12, passed=3, gone=1, attempts_to_pass=2, hours_to_pass=1, checks=(check,), why=words)
    (path := tmp_path / "class.html").write_text("".join(classpages.html([odd, *class_view(rows(CLASS))], {words: 1.5}, words, 5)), "utf-8")
    page = browser.new_page(color_scheme=scheme)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(path.as_uri())

    assert page.evaluate("() => window.ran") is None
    assert page.locator("script, iframe, img, object, embed, form").count() == 0
    assert [found["id"] for found in Axe().run(page).response["violations"]] == []
    page.screenshot(path=tmp_path / "class.png", full_page=True)
    page.close()
    assert errors == []
