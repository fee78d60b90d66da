"""`hornbook.reports`: every reader of a report can read it, and whatever learners wrote in it is text."""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
from axe_playwright_python.sync_playwright import Axe
from markdown_it import MarkdownIt
from typer.testing import CliRunner

from hornbook.cli import app
from hornbook.errors import HornbookError, SubmissionError
from hornbook.grading.journal import Entry, Refusal, learner_of
from hornbook.model import Hint, LessonRef, Manual, Outcome, Runtime, SandboxReport, Status, SubmissionRef, Verdict
from hornbook.reports import MAX_SAID, Report, Spool, github, number, said, short
from hornbook.reports.github import SHOWN, annotate, commands_stopped, on_github, summarise
from hornbook.reports.junit import junit
from hornbook.reports.pages import html, markdown
from hornbook.reports.tables import COLUMNS
from hornbook.reports.tables import csv as table
from hornbook.reports.tables import json as document

if TYPE_CHECKING:
    from playwright.sync_api import Browser

CONTROLS = "".join(map(chr, range(32))) + "\x7f\x85\ufffe\uffff\ud800"
HOSTILE = (
    "=1+1",
    "+1",
    "-1",
    "@SUM(1)",
    "\t=1",
    "\r=1",
    "\uff1d1",
    'a"b,c;d',
    "a\nb",
    "\u202egnp.exe",
    "José 李雷 🎓",
    "::error::x",
    "| [x](javascript:1) <b> `c` @ada www.evil.example",
    "]]>&<!--",
    CONTROLS,
)


def outcome(status: Status, *, title: str = "The mean", message: str = "", hidden: bool = False, points: float = 1.0) -> Outcome:
    """Return how one check ended."""
    earned = points if status is Status.PASSED else 0.0
    hints = (Hint("Look again", 1, 1),) if status is Status.FAILED else ()
    return Outcome(
        f"test_{title}_{hidden}", "mean", title, status, points, earned, hidden=hidden, message=message, hints=hints, seconds=0.125
    )


def entry(name: str, *outcomes: Outcome, title: str = "Means", manual: tuple[Manual, ...] = ()) -> Entry:
    """Return what came of a notebook: a verdict, or without outcomes a refusal."""
    if not outcomes:
        return Entry(name, learner_of(name), refusal=Refusal.of(SubmissionError(name, "is not JSON.")))
    verdict = Verdict.of(
        lesson=LessonRef("means", title, "1.0.0", "00" * 32, "11" * 32),
        submission=SubmissionRef("x.ipynb", "22" * 32),
        outcomes=outcomes,
        sandbox=SandboxReport(4, "own root", ()),
        runtime=Runtime("3.11.7", "33" * 32, "0.1.0"),
        started=datetime(2026, 11, 23, 3, 0, tzinfo=UTC),
        seconds=0.25,
        seed=7,
        manual=manual,
    )
    return Entry(name, learner_of(name), "q", verdict)


def test_what_waits_for_a_person_and_what_is_claimed_is_said() -> None:
    """All checks pass, and yet it is not passed: a table says who must read, and what the notebook's own kernel told."""
    passed = Outcome("test_a", "a", "A", Status.PASSED, 1, 1)
    waiting = entry("ada.ipynb", passed, replace(passed, check="test_b", claimed=True), manual=(Manual("essay", 2),))

    assert (waiting.word, waiting.exit_code) == ("to read", 0)
    assert said(waiting) == "1 answer is for a person to read. 1 check was told by the notebook's own kernel."
    assert said(entry("ada.ipynb", passed, manual=(Manual("a", 2), Manual("b", 2)))) == "2 answers are for a person to read."
    assert entry("ada.ipynb", replace(passed, status=Status.FAILED, earned=0), manual=(Manual("a", 2),)).word == "not yet"


EVERY = [
    entry("ada/means.ipynb", outcome(Status.PASSED), outcome(Status.PASSED, hidden=True, points=0.5)),
    entry("ben.ipynb", *(outcome(status, title=f"Check {status}", message=f"It {status}.") for status in Status)),
    entry("cyd.ipynb", outcome(Status.FAILED, message="2 came, 3 was expected."), outcome(Status.FAILED, hidden=True)),
    entry("dan.ipynb", outcome(Status.PASSED), outcome(Status.FAILED, hidden=True)),
    entry("torn.ipynb"),
]
WILD = [
    entry(f"{text}/x.ipynb", outcome(Status.FAILED, title=text, message=text), outcome(Status.BROKEN, title=text, message=text), title=text)
    if at % 2
    else entry(f"{text}.ipynb", outcome(Status.FAILED, title=text, message=text), title=text)
    for at, text in enumerate(HOSTILE)
    if "\ud800" not in text
]


def read(text: str) -> list[dict[str, str]]:
    """Return the rows of a table, which is one by RFC 4180."""
    assert text.endswith("\r\n")
    assert not re.search("(?<!\r)\n", text)
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


# --- What is said ------------------------------------------------------------------------------------------------------


def test_one_sentence_says_what_there_is_to_do() -> None:
    """The first check that is visible and not passed; of hidden ones only how many."""
    assert [said(one) for one in EVERY] == [
        "",
        "Check broken: It broken.",
        "The mean: 2 came, 3 was expected.",
        "1 hidden check has not passed.",
        "torn.ipynb: is not JSON.",
    ]
    assert said(entry("x", outcome(Status.FAILED, hidden=True), outcome(Status.TIMED_OUT, hidden=True))).startswith("2 hidden checks have")
    assert said(entry("x", outcome(Status.NOT_ATTEMPTED))) == "The mean"
    assert said(Entry("x", "x")) == ""


def test_a_sentence_has_one_line_and_an_end() -> None:
    """Whatever a value is as long as."""
    assert short("a\n b\tc\x1b") == "a b c\\x1b"
    assert len(short("x" * 10_000)) == MAX_SAID
    assert [number(value) for value in (2.0, 2.5, 0.3333333, 0.0, 100.0)] == ["2", "2.5", "0.3333", "0", "100"]


# --- JUnit -------------------------------------------------------------------------------------------------------------


def test_junit_has_a_suite_for_each_notebook_and_a_case_for_each_check() -> None:
    """Its counts are those of its cases, in each suite and in all; nothing hidden is told but a name."""
    root = ET.fromstring("".join(junit(EVERY, "Course")))  # noqa: S314 - our own
    suites = root.findall("testsuite")

    assert (root.tag, root.get("name"), [suite.get("name") for suite in suites]) == ("testsuites", "Course", [one.name for one in EVERY])
    for place in (root, *suites):
        cases = list(place.iter("testcase"))
        kinds = Counter(child.tag for case in cases for child in case)
        counted = {"failures": kinds["failure"], "errors": kinds["error"], "skipped": kinds["skipped"], "tests": len(cases)}

        assert {name: int(place.get(name, counted[name])) for name in counted} == counted
        assert {"failures", "errors", "tests"} <= set(place.keys())
    failure = suites[2].find("testcase/failure")

    assert failure is not None
    assert (failure.get("type"), failure.get("message"), failure.text) == ("failed", "2 came, 3 was expected.", "next step: Look again")
    assert suites[2][1].get("classname") == "means.cyd"
    assert (suites[0].get("timestamp"), suites[0].get("time")) == ("2026-11-23T03:00:00", "0.250")


def test_junit_is_what_all_readers_have_in_common() -> None:
    """The elements and attributes that the schemas of Jenkins' plugin and of Ant agree on, in the order that they ask for."""
    allowed = {
        "testsuites": {"name", "tests", "failures", "errors", "time"},
        "testsuite": {"name", "package", "id", "hostname", "timestamp", "tests", "failures", "errors", "skipped", "time"},
        "properties": set(),
        "property": {"name", "value"},
        "testcase": {"name", "classname", "time"},
        "failure": {"message", "type"},
        "error": {"message", "type"},
        "skipped": {"message"},
        "system-out": set(),
        "system-err": set(),
    }
    root = ET.fromstring("".join(junit([*EVERY, *WILD], "Course")))  # noqa: S314 - our own
    for element in root.iter():
        assert set(element.attrib) <= allowed[element.tag]
    for suite in root:
        order = [element.tag for element in suite]

        assert order == ["properties", *["testcase"] * (len(order) - 3), "system-out", "system-err"]
        assert all(len(case) <= 1 and case.get("name") for case in suite.findall("testcase"))


def test_junit_is_xml_whatever_is_in_it() -> None:
    """What XML 1.0 cannot say is replaced; everything else comes back as it was."""
    text = "".join(junit(WILD, CONTROLS.removesuffix("\ud800")))
    root = ET.fromstring(text.encode())  # noqa: S314 - our own
    messages = [failure.get("message") for failure in root.iter("failure")]
    forbidden = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")

    assert messages == [forbidden.sub("�", text) for text in HOSTILE if "\ud800" not in text]


# --- Tables ------------------------------------------------------------------------------------------------------------


def test_a_table_has_a_row_for_each_notebook() -> None:
    """Numbers are numbers, and a refusal says why."""
    rows = read("".join(table(EVERY, "Course")))

    assert tuple(rows[0]) == COLUMNS
    assert [(row["learner"], row["result"], row["earned"], row["possible"], row["percent"]) for row in rows] == [
        ("ada", "passed", "1.5", "1.5", "100"),
        ("ben", "held up", "1", "6", "16.67"),
        ("cyd", "not yet", "0", "2", "0"),
        ("dan", "not yet", "1", "2", "50"),
        ("torn", "refused", "", "", ""),
    ]
    assert rows[-1]["remark"] == "torn.ipynb: is not JSON."
    assert rows[0]["graded"] == "2026-11-23T03:00:00+00:00"


def test_no_cell_is_a_formula() -> None:
    """Whatever a learner calls themselves, a spreadsheet shows it."""
    rows = read("".join(table(WILD, "Course")))
    cells = [cell for row in rows for name, cell in row.items() if name in {"learner", "notebook", "title", "remark"}]

    assert [cell for cell in cells if re.match(r"[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]", cell)] == []
    assert rows[0]["learner"] == "'=1+1"
    assert rows[10]["learner"] == "José 李雷 🎓"


def test_json_is_one_document() -> None:
    """With each verdict as it is."""
    found = json.loads("".join(document([*EVERY, *WILD], "C")))

    assert (found["format"], found["course"], len(found["results"])) == (1, "C", len(EVERY) + len(WILD))
    assert Verdict.from_json(json.dumps(found["results"][1]["verdict"]).encode()) == EVERY[1].verdict
    assert found["results"][4]["refusal"]["kind"] == "SubmissionError"
    assert json.loads("".join(document([], "C")))["results"] == []


# --- Pages -------------------------------------------------------------------------------------------------------------


def test_markdown_is_tables_of_plain_text() -> None:
    """A name or a message marks nothing up, links nowhere, and stays in its cell."""
    tokens = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse("".join(markdown([*EVERY, *WILD], "C *x*")))
    inline = [child for token in tokens if token.type == "inline" for child in token.children or []]
    rows = "".join(token.type for token in tokens).split("tr_open")

    assert {child.type for child in inline} == {"text"}
    assert sum("td_open" in row for row in rows) == len(EVERY) + len(WILD) + len({one.verdict.lesson.slug for one in EVERY if one.verdict})
    assert "19 notebooks: 1 passed, 9 not yet, 1 refused, 8 held up." in "".join(markdown([*EVERY, *WILD], "C"))
    assert "".join(markdown([], "C")) == "# C\n\nNo notebooks.\n"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1100, 360])
def test_the_page_can_be_read_by_everybody(browser: Browser, tmp_path: Path, scheme: str, width: int) -> None:
    """In the light and in the dark, on a phone, with an assistant; and it asks for nothing from elsewhere."""
    Report.at(tmp_path / "report.html").write(EVERY, "Statistics")
    context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 800})  # type: ignore[arg-type]
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto((tmp_path / "report.html").as_uri())
    rows = page.locator("section:last-of-type tbody tr").all_inner_texts()
    found = Axe().run(page).response["violations"]
    wide = page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    context.close()

    assert found == []
    assert (len(asked), wide) == (1, False)
    assert rows[2].split("\t")[3:] == ["✗ not yet", "0 of 2", "The mean: 2 came, 3 was expected."]


def test_nothing_in_the_page_runs(browser: Browser, tmp_path: Path, html_payloads: tuple[str, ...]) -> None:
    """Wherever a learner or a lesson puts it, HTML is shown as text."""
    wild = [entry(f"{text}/x.ipynb", outcome(Status.FAILED, title=text, message=text), title=text) for text in (*html_payloads, *HOSTILE)]
    (tmp_path / "report.html").write_text("".join(html(wild[:-1], html_payloads[0])), "utf-8")
    page = browser.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto((tmp_path / "report.html").as_uri())
    tags = page.evaluate("[...new Set([...document.body.querySelectorAll('*')].map(one => one.localName))].sort()")
    ran = page.evaluate("window.ran")
    page.close()

    assert (ran, len(asked)) == (None, 1)
    assert set(tags) <= {"main", "h1", "h2", "p", "section", "code", "div", "table", "caption", "thead", "tbody", "tr", "th", "td", "small"}


# --- Files -------------------------------------------------------------------------------------------------------------


def test_a_report_replaces_the_last_one_only_when_it_is_whole(tmp_path: Path) -> None:
    """A learner's value that cannot be drawn, or a full disk, leaves what was there, and nothing beside it."""
    path = tmp_path / "new" / "report.csv"
    Report.at(path).write(EVERY, "C")
    before = path.read_bytes()

    def torn(_entries: object, _title: str) -> object:
        yield "half"
        raise OSError(28, "No space left on device")

    with pytest.raises(
        HornbookError, match=r"report\.csv: cannot be written \(No space left on device\)\. Choose another file for --report"
    ):
        Report(path, torn).write(EVERY, "C")  # type: ignore[arg-type]

    assert path.read_bytes() == before
    assert [one.name for one in path.parent.iterdir()] == ["report.csv"]
    assert path.stat().st_mode & 0o600 == 0o600


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("report.pdf", r"no report has this suffix\. There are \.csv, \.json, \.xml, \.md, \.html; --jsonl keeps"),
        ("report", "no report has this suffix"),
        ("file/report.csv", r"cannot be written \(File exists\)"),
        ("folder.csv", r"cannot be written \(Is a directory\)"),
    ],
)
def test_what_cannot_be_written_is_said_before_anything_is_graded(tmp_path: Path, name: str, problem: str) -> None:
    """By the name of the file."""
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(HornbookError, match=problem):
        Report.at(tmp_path / name)


def test_a_spool_gives_back_what_it_was_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As often as it is asked for; where it has no room, it says so."""
    with Spool.open() as spool:
        for one in EVERY:
            spool.add(one)
        assert list(spool) == list(spool) == EVERY
    with open("/dev/full", "wb", buffering=0) as full, pytest.raises(HornbookError, match="no room for the results"):  # noqa: PTH123
        Spool(full).add(EVERY[0])
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "none"))
    with pytest.raises(HornbookError, match=r"none: there is no room for the results \(No such file or directory\)"):
        Spool.open()


# --- GitHub ------------------------------------------------------------------------------------------------------------


def test_annotations_stand_beside_the_files() -> None:
    """One for each notebook that has not passed, as many as GitHub shows; nothing in them ends them."""
    lines = list(annotate(EVERY, {one.name: Path("in") / one.name for one in EVERY}))
    many = list(annotate([*EVERY, *WILD], {}))

    assert lines[1] == "::error file=in/cyd.ipynb,title=cyd.ipynb%3A not yet::The mean: 2 came, 3 was expected."
    assert len(lines) == 4
    assert len(many) == SHOWN
    assert many[-1] == "::error title=More::9 more notebooks have not passed."
    for line in many:
        assert line.isprintable()
        assert re.fullmatch(r"::error [^:]*::.*", line)


def test_a_summary_is_appended_as_far_as_there_is_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """GitHub refuses one that is too large, all of it."""
    path = tmp_path / "summary.md"
    path.write_text("before\n", "utf-8")
    environment = {"GITHUB_STEP_SUMMARY": str(path)}
    summarise(EVERY, "C", environment)
    whole = path.read_text("utf-8")
    monkeypatch.setattr(github, "SUMMARY_BYTES", 700)
    path.write_text("", "utf-8")
    summarise(EVERY * 9, "C", environment)
    summarise(EVERY, "C", {})

    assert whole == "before\n" + "".join(markdown(EVERY, "C"))
    assert path.stat().st_size <= 700
    assert path.read_text("utf-8").endswith("\nThere are more than a summary has room for.\n")
    with pytest.raises(HornbookError, match=r"the step's summary cannot be written \(Is a directory\)"):
        summarise(EVERY, "C", {"GITHUB_STEP_SUMMARY": str(tmp_path)})


def test_what_learners_wrote_is_no_command_of_the_runner() -> None:
    """Between a word that nobody can guess and the same word, however that ends, the runner reads no line as a command."""
    told: list[str] = []
    for _ in range(2):
        with pytest.raises(StopIteration), commands_stopped(told.append):
            told.append(next(iter(())))
    words = [re.fullmatch("::stop-commands::([0-9a-f]{32})", line) for line in (told[0], told[2])]

    assert words[0] is not None
    assert words[1] is not None
    assert words[0][1] != words[1][1]
    assert [told[1], told[3]] == [f"::{words[0][1]}::", f"::{words[1][1]}::"]
    assert (on_github({"GITHUB_ACTIONS": "true"}), on_github({})) == (True, False)


# --- The command -------------------------------------------------------------------------------------------------------


def test_every_report_comes_of_one_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In any number; in GitHub Actions the step is annotated and summarised, and the document on stdout stays one."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "torn.ipynb").write_text("{", "utf-8")
    names = ["r.xml", "r.csv", "r.json", "r.md", "r.html"]
    words = [word for name in names for word in ("--report", str(tmp_path / name))]
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    course = str(Path(__file__).parent.parent)
    ended = CliRunner().invoke(app, ["grade", str(tmp_path / "in"), "--json", "--course", course, *words])

    assert ended.exit_code == 2
    assert json.loads(ended.stdout)[0]["kind"] == "SubmissionError"
    assert all((tmp_path / name).stat().st_size for name in names)
    assert (tmp_path / "summary.md").read_text("utf-8").startswith("# ")
    assert re.fullmatch(
        r"::stop-commands::(\w+)\n\S*torn\.ipynb: is not JSON.*\n::\1::\n::error file=\S*torn\.ipynb,title=torn.ipynb%3A refused::.*\n",
        ended.stderr,
    )
