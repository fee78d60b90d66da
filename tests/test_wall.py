"""`hornbook.publish.wall`: one page of what several learners have handed over, for all to read, and a ranking of nobody."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext
from typer.testing import CliRunner

from hornbook.cli import app
from hornbook.errors import HornbookError
from hornbook.lesson import Skill
from hornbook.publish import Artifact, Signer, accept, endorse, page
from hornbook.publish.artifact import SEALED, read_files
from hornbook.publish.keys import Key, Keyring
from hornbook.publish.wall import put_up

if TYPE_CHECKING:
    from conftest import Course101, Passed

pytestmark = pytest.mark.xdist_group("browser")

GRACE = Key(bytes([7] * 32))
SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Class:
    """What learners have handed over: `spring` and `autumn` are the folders of two cohorts, `keys` the learners' keys by name."""

    spring: Path
    autumn: Path
    keys: dict[str, Keyring]
    ada: Artifact
    alan: Artifact


@pytest.fixture(scope="module")
def handed(passed: Passed, tmp_path_factory: pytest.TempPathFactory) -> Class:
    """Give works of three learners in two cohorts; two of them have passed the same lesson."""
    place = tmp_path_factory.mktemp("handed")
    keys = {name: Keyring.open(place / "keys" / name) for name in ("Ada", "Alan", "Mary")}
    spring, autumn = place / "spring", place / "autumn <b>"
    ada = passed.publish(spring, learner="Ada", keys=keys["Ada"], now=passed.verdict.started, address="https://ada.example/shown")
    alan = passed.publish(spring, learner="Alan & Co", keys=keys["Alan"], now=passed.verdict.started)
    accept(endorse(read_files(ada.folder), "Clear <i>names</i>.", Signer(GRACE, GRACE.did, "Grace")), ada.folder)
    passed.publish(autumn, learner=None, keys=keys["Mary"], now=passed.verdict.started)
    # A zip alone, as it is handed over.
    (mary,) = (one for one in autumn.iterdir() if one.is_dir())
    shutil.rmtree(mary)
    return Class(spring, autumn, keys, ada, alan)


@pytest.fixture(scope="module")
def browser(handed: Class, browser: Browser) -> Browser:  # noqa: ARG001 - all is graded before Playwright takes this thread's event loop
    """Give the browser, after what it is to show."""
    return browser


def wall(works: Sequence[Path], tmp_path: Path, **options: Any) -> str:
    """Return the text of the page over *works*."""
    return put_up(works, tmp_path / "wall.html", **options).page.read_text("utf-8")


def names(text: str) -> list[str]:
    """Return who is on a page, in its order."""
    return re.findall(r'<p class="who">(.*?)</p>', text)


def test_a_wall_shows_what_was_handed_over(handed: Class, tmp_path: Path) -> None:
    """Folders, zips and a page, by cohort and lesson, with the names that the works have, and with what others say."""
    made = put_up([handed.spring, handed.autumn], tmp_path / "wall.html", title="Class of <2026>")
    text = made.page.read_text("utf-8")

    assert (made.works, made.learners, made.left_out) == (3, 3, {})
    assert sorted(names(text)) == ["<bdi>Ada</bdi>", "<bdi>Alan &amp; Co</bdi>", "A learner"]
    assert re.findall(r'<h2 id="g\d"><bdi>(.*?)</bdi>', text) == ["autumn &lt;b&gt;", "spring"]
    assert '<h1 dir="auto">Class of &lt;2026&gt;</h1>' in text
    assert "1 lesson passed by 3 learners" in text
    assert "Endorsed by <bdi>Grace</bdi>" in text
    assert "Clear &lt;i&gt;names&lt;/i&gt;." in text
    assert names(wall([handed.ada.page], tmp_path)) == ["<bdi>Ada</bdi>"]
    assert '<h2 id="g0-0"><bdi>Counting vowels</bdi>' in wall([handed.ada.zip, handed.alan.folder], tmp_path)


def test_a_wall_is_no_ranking(handed: Class, passed: Passed, tmp_path: Path) -> None:
    """Neither points nor dates, and an order that does not depend on who was first or how they were handed over."""
    late = passed.publish(tmp_path / "late", learner="Mary", keys=handed.keys["Mary"], now=passed.verdict.started + timedelta(days=9))
    early = passed.publish(tmp_path / "early", learner="Mary", keys=handed.keys["Mary"], now=passed.verdict.started)
    works = [handed.ada.folder, handed.alan.folder]
    one = wall([*works, late.folder], tmp_path, now=passed.verdict.started + timedelta(days=10))
    other = wall([early.folder, *reversed(works)], tmp_path, now=passed.verdict.started + timedelta(days=10))

    assert one == other
    cards = "".join(re.findall(r'<p class="facts">.*?</p>', one))
    assert not re.search(r"points|\d{4}-\d\d|\d of \d", cards)


def test_the_same_work_is_on_it_once(handed: Class, passed: Passed, course101: Course101, tmp_path: Path) -> None:
    """Handed over twice or passed twice; what the course has checked as well stands beside the learner's own word."""
    started = passed.verdict.started
    again = passed.publish(tmp_path / "again", keys=handed.keys["Ada"], learner="Ada L.", now=started + timedelta(seconds=5))
    for given in ([handed.ada.folder, handed.ada.zip, again.folder], [again.folder, handed.ada.zip, handed.ada.folder]):
        made = put_up(given, tmp_path / "wall.html", now=started + timedelta(days=1))
        assert names(made.page.read_text("utf-8")) == ["<bdi>Ada L.</bdi>"]
        assert (made.works, sorted(made.replaced)) == (1, sorted([handed.ada.folder, handed.ada.zip]))
    assert put_up([again.folder, again.folder], tmp_path / "wall.html", now=started + timedelta(days=1)).replaced == []
    work = replace(course101.work, subject=handed.keys["Ada"].newest.did)
    issued = course101.issuer.issue(work, into=tmp_path / "issued")
    text = wall([handed.ada.folder, issued.folder], tmp_path, now=started + timedelta(days=1))
    assert len(names(text)) == 2
    assert "1 lesson passed by 1 learner," in text
    assert "course-checked by <bdi>Statistics 101</bdi> · as the course calls them" in text


def test_nobody_speaks_for_somebody_else(handed: Class, passed: Passed, tmp_path: Path) -> None:
    """What Mallory has signed about Ada is not taken for Ada's own, and what Mallory calls the lesson is a section of its own."""
    files = read_files(handed.ada.folder)
    files = {name: files[name] for name in SEALED}
    mallory = Key(bytes([9] * 32))
    signer = Signer(mallory, mallory.did, "Mallory")
    later = passed.verdict.started + timedelta(hours=1)
    subject, lesson = handed.keys["Ada"].newest.did, replace(passed.lesson, title="Easy")
    forged = passed.sealed(tmp_path / "forged", files, signer=signer, subject=subject, now=later)
    own = passed.sealed(tmp_path / "own", files, signer=signer, subject=mallory.did, lesson=lesson, now=later)
    made = put_up([forged, handed.ada.folder, own], tmp_path / "wall.html", now=later + timedelta(days=1))
    text = made.page.read_text("utf-8")

    assert made.left_out == {forged: "It is self-checked, and was not signed by the learner whose it is said to be."}
    assert re.findall(r'<h2 id="g0-\d"><bdi>(.*?)</bdi>', text) == ["Counting vowels", "Easy"]


def test_a_name_can_be_left_out(handed: Class, passed: Passed, tmp_path: Path) -> None:
    """That of one learner, on all of their works, or everybody's; a slip of the pen is told before a name is shown."""
    again = passed.publish(tmp_path / "again", keys=handed.keys["Ada"], learner="Ada", now=passed.verdict.started + timedelta(seconds=5))
    text = wall([handed.spring, again.folder], tmp_path, nameless=[handed.ada.folder], now=passed.verdict.started + timedelta(days=1))
    assert sorted(names(text)) == ["<bdi>Alan &amp; Co</bdi>", "A learner", "A learner"]
    assert "Ada" not in text
    assert "ada.example" not in text
    assert set(names(wall([handed.spring], tmp_path, names=False))) == {"A learner"}
    with pytest.raises(HornbookError, match="none of the works on the wall"):
        wall([handed.spring], tmp_path, nameless=[handed.spring / "counting_vowels-00000000"])


def test_a_name_that_cannot_be_left_out_stops_it(handed: Class, tmp_path: Path) -> None:
    """Of a work that does not hold nobody knows whose it is; the same name may stand on one that does."""
    broken = Path(shutil.copytree(handed.ada.folder, tmp_path / "in" / handed.ada.id))
    (broken / "report.html").write_bytes(b"x")
    with pytest.raises(HornbookError, match="cannot be told whose name to leave out"):
        wall([broken, handed.spring], tmp_path, nameless=[broken])

    assert not (tmp_path / "wall.html").exists()


def test_an_address_is_shown_where_the_page_is_ours(handed: Class, tmp_path: Path) -> None:
    """Of a page that somebody has written into, no address is taken."""
    assert f'<a href="https://ada.example/shown/{handed.ada.id}/" rel="noopener noreferrer nofollow">' in wall(
        [handed.ada.folder], tmp_path
    )
    changed = Path(shutil.copytree(handed.ada.folder, tmp_path / handed.ada.id))
    index = (changed / "index.html").read_text("utf-8")
    (changed / "index.html").write_text(index.replace("<footer>", "<footer><b>x</b>"), "utf-8")

    assert "ada.example" not in wall([changed], tmp_path)


def test_what_does_not_hold_is_left_out(handed: Class, tmp_path: Path) -> None:
    """And told, while the others are shown; where nothing is left there is no wall."""
    broken = Path(shutil.copytree(handed.alan.folder, tmp_path / "in" / handed.alan.id))
    (broken / "report.html").write_bytes(b"x")
    (tmp_path / "in" / "notes.zip").write_bytes(b"PK\x03\x04nothing")
    (tmp_path / "in" / "notes.txt").write_bytes(b"x")
    made = put_up([handed.ada.folder, tmp_path / "in"], tmp_path / "wall.html")

    assert made.works == 1
    assert {path.name: reason for path, reason in made.left_out.items()} == {
        handed.alan.id: "The file report.html was changed after it was signed.",
        "notes.zip": "The zip is broken.",
    }
    with pytest.raises(HornbookError, match="nothing to put on the wall"):
        put_up([tmp_path / "in"], tmp_path / "other.html")
    assert not (tmp_path / "other.html").exists()


def test_what_was_revoked_is_left_out(course101: Course101, handed: Class, tmp_path: Path) -> None:
    """If the issuers are asked."""
    from hornbook.publish.lookup import fetch  # noqa: PLC0415 - only here

    issued = course101.issuer.issue(course101.work, into=tmp_path / "issued")
    course101.issuer.revoke(json.loads((issued.folder / "credential.json").read_bytes())["id"], "x")
    course101.show()

    assert put_up([issued.folder, handed.ada.folder], tmp_path / "wall.html").works == 2
    assert "has revoked" in put_up([issued.folder, handed.ada.folder], tmp_path / "wall.html", fetch=fetch).left_out[issued.folder]


def test_a_file_of_somebody_else_is_not_replaced(handed: Class, tmp_path: Path) -> None:
    """Nor a link or a folder; our own wall is, whole."""
    (tmp_path / "theirs.html").write_bytes(b"mine")
    (tmp_path / "link.html").symlink_to(tmp_path / "theirs.html")
    (tmp_path / "folder.html").mkdir()
    for name in ("theirs.html", "link.html", "folder.html"):
        with pytest.raises(HornbookError, match="is not replaced"):
            put_up([handed.ada.folder], tmp_path / name)
    with pytest.raises(HornbookError, match="cannot be written"):
        put_up([handed.ada.folder], tmp_path / "theirs.html" / "wall.html")
    first = wall([handed.spring], tmp_path)

    assert (tmp_path / "theirs.html").read_bytes() == b"mine"
    assert wall([handed.spring], tmp_path) == first
    assert not list(tmp_path.glob(".unfinished-*"))


def test_the_command_tells_what_is_on_it(handed: Class, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In lines or as JSON; what is left out ends with 1, nothing at all with 2."""
    monkeypatch.chdir(tmp_path)
    runner = CliRunner()
    told = runner.invoke(app, ["portfolio", "wall", str(handed.spring), str(handed.autumn), "--nameless", str(handed.ada.folder)])
    assert told.exit_code == 0, told.stderr
    assert told.stdout == "On it   3 works\npage    wall.html\n"
    assert "Ada" not in Path("wall.html").read_text("utf-8")
    Path("nothing.zip").write_bytes(b"x")
    told = runner.invoke(app, ["portfolio", "wall", "nothing.zip", str(handed.ada.zip), "--json", "--no-names", "--title", "Ours"])
    assert told.exit_code == 1
    assert json.loads(told.stdout)["works"] == 1
    assert "nothing.zip is left out" in told.stderr
    told = runner.invoke(app, ["portfolio", "wall", str(handed.ada.folder), str(handed.ada.zip), "--json"])
    assert (told.exit_code, json.loads(told.stdout)["replaced"]) == (0, [str(handed.ada.zip)])
    assert f"{handed.ada.zip} is not on it" in told.stderr
    told = runner.invoke(app, ["portfolio", "wall", "nothing.zip"])
    assert told.exit_code == 2


# --- As its readers meet it ------------------------------------------------------------------------------------------


class Reader:
    """A browser in which somebody reads a wall. `asked` are the addresses that were asked for, `said` what went to the console."""

    def __init__(self, context: BrowserContext) -> None:
        self.page = context.new_page()
        self.asked: list[str] = []
        self.said: list[str] = []
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("console", lambda message: self.said.append(message.text))


@pytest.fixture
def reader(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Reader]:
    """Give a reader with what the test asks for."""
    context = browser.new_context(**getattr(request, "param", {}))
    context.set_default_timeout(SECONDS * 1000)
    yield Reader(context)
    context.close()


@pytest.mark.parametrize(
    "reader",
    [
        {"viewport": {"width": 1100, "height": 900}, "color_scheme": "light"},
        {"viewport": {"width": 1100, "height": 900}, "color_scheme": "dark"},
        {"viewport": {"width": 320, "height": 640}, "color_scheme": "light"},
    ],
    indirect=True,
)
def test_a_wall_can_be_read_by_all(reader: Reader, handed: Class, tmp_path: Path) -> None:
    """In the light and the dark, on a phone, without scripts and without asking anybody."""
    made = put_up([handed.spring, handed.autumn], tmp_path / "wall.html").page
    page = reader.page
    page.goto(made.as_uri())
    page.locator("summary").first.click()
    found = Axe().run(page)

    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert reader.asked == [made.as_uri()]
    assert reader.said == []
    assert made.stat().st_size < 40_000


def test_a_hostile_work_runs_nothing(reader: Reader, passed: Passed, html_payloads: tuple[str, ...], tmp_path: Path) -> None:
    """Payloads in titles, skills, names, comments, the folder's name and the page's title are text."""
    files = read_files(passed.publish(tmp_path / "made", now=passed.verdict.started).folder)
    files = {
        name: data for name, data in files.items() if name not in {"manifest.json", "credential.json", "index.html"} and "badge" not in name
    }
    place = tmp_path / "a <img src=x onerror=alert(1)>"
    for number, payload in enumerate(html_payloads):
        lesson = replace(passed.lesson, slug=f"hostile_{number}", title=payload, skills=(Skill(payload),))
        report = page.report(passed.verdict, lesson, payload).encode()
        folder = passed.sealed(place, files | {"report.html": report}, lesson=lesson, now=passed.verdict.started)
        accept(endorse(read_files(folder), payload, Signer(GRACE, GRACE.did, payload[:200])), folder)
    made = put_up([place, place.parent / "made"], tmp_path / "wall.html", title="".join(html_payloads))
    text = made.page.read_text("utf-8")

    assert made.left_out == {}
    body = text.partition("<body>")[2]
    assert not re.search(r"<(script|img|svg|iframe|object|embed|base|template|math|form|style)", body)
    reader.page.goto(made.page.as_uri())
    assert reader.page.evaluate("window.ran") is None
    assert reader.asked == [made.page.as_uri()]
    assert reader.said == []
