"""The page of an artifact as a reader meets it: in a real Chromium, whole and tampered with, from a disk and from a server."""

from __future__ import annotations

import base64
import functools
import http.server
import json
import re
import shutil
import threading
import urllib.parse
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Dialog, Page, expect

from hornbook.lesson import Skill
from hornbook.model import Assurance
from hornbook.publish import Artifact, Draft, Signer, Work, accept, endorse, verify
from hornbook.publish.credential import sign
from hornbook.publish.keys import Key
from hornbook.publish.lookup import fetch
from hornbook.publish.sealing import seal
from hornbook.publish.verifying import files_of

if TYPE_CHECKING:
    from conftest import Course101, Passed

pytestmark = pytest.mark.xdist_group("browser")

SECONDS = 30.0
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVQIW2NgUPr/HwADaAIhG61j/AAAAABJRU5ErkJggg=="


@pytest.fixture(scope="module")
def artifact(passed: Passed, tmp_path_factory: pytest.TempPathFactory) -> Artifact:
    """Give an artifact that was issued in the past."""
    return passed.publish(tmp_path_factory.mktemp("page"), now=passed.verdict.started)


@pytest.fixture(scope="module")
def browser(artifact: Artifact, browser: Browser) -> Browser:  # noqa: ARG001 - all is graded before Playwright takes this thread's event loop
    """Give the browser, after what it is to show."""
    return browser


class Reader:
    """A browser in which somebody opens pages. `asked` are the addresses that were asked for, `said` what went to the console."""

    def __init__(self, context: BrowserContext) -> None:
        self.page = context.new_page()
        self.asked: list[str] = []
        self.said: list[str] = []
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("dialog", self._dismiss)

    def _dismiss(self, dialog: Dialog) -> None:
        self.said.append(dialog.message)
        dialog.dismiss()

    def open(self, where: Path | str) -> Page:
        """Open a page and wait until it has made up its mind."""
        self.page.goto(where if isinstance(where, str) else where.as_uri())
        expect(self.page.locator("#state")).to_have_text(re.compile("Intact|does not hold|Not checked|Taken back"))
        return self.page


@pytest.fixture(params=["light"])
def reader(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Reader]:
    """Give a reader on a wide page, in the light or the dark."""
    context = browser.new_context(color_scheme=request.param, viewport={"width": 1100, "height": 900})
    context.set_default_timeout(SECONDS * 1000)
    yield Reader(context)
    context.close()


def carried(page: str) -> dict[str, bytes]:
    """Return the files that the text of a page carries along."""
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert found
    return {name: base64.b64decode(data) for name, data in json.loads(found[1]).items()}


def carrying(page: str, files: dict[str, bytes]) -> str:
    """Return the text of a page with other files in it."""
    data = json.dumps({name: base64.b64encode(content).decode() for name, content in files.items()})
    return re.sub(
        r'(<script type="application/json" id="data">).*?(</script>)', lambda found: found[1] + data + found[2], page, flags=re.DOTALL
    )


# --- Endorsing -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reader", ["light", "dark"], indirect=True)
def test_a_reader_drafts_an_endorsement(reader: Reader, artifact: Artifact, tmp_path: Path) -> None:
    """With the keyboard alone, from a disk, asking nobody: words go into a file, which is signed elsewhere and then stands on the page."""
    work = Path(shutil.copytree(artifact.folder, tmp_path / artifact.id))
    shutil.copy(artifact.zip, tmp_path / artifact.zip.name)
    page = reader.open(work / "index.html")
    page.locator("#endorse summary").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_label("What you have seen, in your own words")).to_be_focused()
    page.keyboard.type("   ")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#drafted")).to_have_text("An endorsement says something. Write what you have seen, then save the draft.")
    page.keyboard.press("Control+A")
    hostile = "<img src=x onerror='window.ran = 1'> \u202eevil 好"
    page.keyboard.insert_text(hostile)
    page.keyboard.press("Tab")
    page.keyboard.insert_text("</bdi>Grace\u202e")
    page.keyboard.press("Tab")
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    expect(page.get_by_role("status").filter(has_text="Next, where hornbook is installed")).to_be_visible()
    assert download.value.suggested_filename == "endorsement-draft.json"
    assert [violation for violation in Axe().run(page).response["violations"] if violation["impact"] != "minor"] == []
    draft = Draft.read(Path(download.value.path()).read_bytes(), datetime.now(UTC))
    assert (draft.comment, draft.name) == (hostile, "</bdi>Grace\u202e")
    assert draft.credential == (work / "credential.json").read_bytes()
    key = Key(bytes([7] * 32))
    accept(endorse({"credential.json": draft.credential}, draft.comment, Signer(key, key.did, draft.name)), work)
    page = reader.open(work / "index.html")

    expect(page.locator("#others blockquote")).to_have_text(hostile)
    expect(page.locator("#others bdi")).to_have_text("</bdi>Grace\u202e")
    expect(page.locator("#limits")).to_contain_text("whether they stand by it today")
    assert page.evaluate("window.ran") is None
    assert [url for url in reader.asked if not url.startswith(("file:", "blob:", "about:"))] == []
    assert [line for line in reader.said if "Policy" in line] == []


def test_what_does_not_hold_cannot_be_endorsed_from_its_page(reader: Reader, artifact: Artifact, tmp_path: Path) -> None:
    """Whoever has read nothing has nothing to praise."""
    text = artifact.page.read_text("utf-8")
    changed = tmp_path / "index.html"
    changed.write_text(carrying(text, carried(text) | {"report.html": b"x"}), "utf-8")
    page = reader.open(changed)

    expect(page.locator("#state")).to_have_text("This page does not hold")
    expect(page.locator("#endorse")).to_be_hidden()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"endorsementComment": " "}, "says nothing, or too much"),
        ({"endorsementComment": "x" * 1001}, "says nothing, or too much"),
        ({"endorsementComment": "x", "id": "urn:uuid:other"}, "about another piece of work"),
    ],
)
def test_a_page_takes_for_praise_what_the_command_does(
    reader: Reader, artifact: Artifact, tmp_path: Path, change: dict[str, str], reason: str
) -> None:
    """Signed or not, what is no endorsement of this work takes the page down, and its reason is said."""
    key = Key(bytes([7] * 32))
    document = json.loads(endorse(files_of(artifact.folder), "Good.", Signer(key, key.did, "Grace")))
    document["credentialSubject"].update(change)
    text = artifact.page.read_text("utf-8")
    said = {"endorsements/00000000-0000-4000-8000-000000000000.json": json.dumps(sign(document, key, datetime.now(UTC))).encode()}
    (tmp_path / "index.html").write_text(carrying(text, carried(text) | said), "utf-8")
    page = reader.open(tmp_path / "index.html")

    expect(page.locator("#state")).to_have_text("This page does not hold")
    expect(page.locator("#detail")).to_contain_text(reason)


def test_a_name_of_a_course_that_nobody_asked_is_said_to_be_one(reader: Reader, artifact: Artifact, tmp_path: Path) -> None:
    """Anybody can sign in the name of a school; a page that asks nobody must not take their word for it."""
    key = Key(bytes([7] * 32))
    said = endorse(files_of(artifact.folder), "Good.", Signer(key, "did:web:school.example", "The School"))
    text = artifact.page.read_text("utf-8")
    named = {"endorsements/00000000-0000-4000-8000-000000000000.json": said}
    (tmp_path / "index.html").write_text(carrying(text, carried(text) | named), "utf-8")
    page = reader.open(tmp_path / "index.html")

    expect(page.locator("#others figcaption")).to_contain_text("in the name of did:web:school.example, which was not asked")


def test_a_page_shows_the_last_word_and_nothing_that_expired(reader: Reader, artifact: Artifact, tmp_path: Path) -> None:
    """As `hornbook verify` does: of two by one key the later, and praise for a while only while it lasts."""
    work = Path(shutil.copytree(artifact.folder, tmp_path / artifact.id))
    key, other = Key(bytes([7] * 32)), Key(bytes([8] * 32))
    now = datetime.now(UTC).replace(microsecond=0)
    files = files_of(work)
    texts = [endorse(files, said, Signer(key, key.did, "Grace"), now=now - timedelta(seconds=10 - n)) for n, said in enumerate("ab")]
    document = json.loads(endorse(files, "For a while.", Signer(other, other.did, "Alan"), now=now - timedelta(days=2)))
    document["validUntil"] = (now - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    texts.append(json.dumps(sign(document, other, now - timedelta(days=2))).encode())
    said = {f"endorsements/{json.loads(text)['id'].removeprefix('urn:uuid:')}.json": text for text in texts}
    (work / "index.html").write_text(carrying(artifact.page.read_text("utf-8"), carried(artifact.page.read_text("utf-8")) | said), "utf-8")
    page = reader.open(work / "index.html")

    expect(page.locator("#state")).to_have_text("Intact. Self-checked by the learner.")
    assert page.locator("#others blockquote").all_text_contents() == ["b"]


# --- Whole -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reader", ["light", "dark"], indirect=True)
def test_a_whole_page_holds_and_can_be_read_by_all(reader: Reader, artifact: Artifact) -> None:
    """From a disk, without asking anybody: intact, with what it does not prove beside it, and no barrier to accessibility."""
    page = reader.open(artifact.page)

    expect(page.locator("#state")).to_have_text("Intact. Self-checked by the learner.")
    expect(page.locator("#detail")).to_contain_text("does not prove who typed the code")
    expect(page.locator("#report h1")).to_have_text("Counting vowels")
    expect(page.frame_locator("#notebook").locator("body")).to_contain_text("2 vowels")
    expect(page.locator("#limits")).to_contain_text("Who typed the code")
    assert reader.said == []
    assert [url for url in reader.asked if url != artifact.page.as_uri() and not url.startswith("about:")] == []
    violations = [violation for violation in Axe().run(page).response["violations"] if violation["impact"] != "minor"]
    assert violations == []


def test_a_page_holds_from_a_server_in_a_sub_path(reader: Reader, artifact: Artifact) -> None:
    """It is the same page wherever it lies, and asks its server for nothing but itself."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's interface
            """Say nothing."""

    handler = functools.partial(Quiet, directory=str(artifact.folder.parent))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        page = reader.open(f"http://127.0.0.1:{server.server_port}/{artifact.id}/index.html")

        expect(page.locator("#state")).to_have_text("Intact. Self-checked by the learner.")
        assert [url for url in reader.asked if not url.endswith(("index.html", "favicon.ico")) and not url.startswith("about:")] == []
        server.shutdown()


def test_a_page_is_small_and_checks_itself_at_once(reader: Reader, artifact: Artifact) -> None:
    """Without what it carries a page has less than 150 kB, and it has checked itself within a second, on a busy machine, too."""
    text = artifact.page.read_text("utf-8")
    page = reader.open(artifact.page)
    timing = page.evaluate("performance.now()")

    assert len(carrying(text, {})) < 150_000
    assert timing < 5_000


def test_a_file_can_be_saved(reader: Reader, artifact: Artifact) -> None:
    """What is saved is what was checked."""
    page = reader.open(artifact.page)
    page.locator("#proof summary").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Save credential.json").click()

    assert Path(download.value.path()).read_bytes() == (artifact.folder / "credential.json").read_bytes()


def test_a_narrow_page_does_not_scroll_sideways(browser: Browser, artifact: Artifact) -> None:
    """On a phone nothing stands out to the right."""
    context = browser.new_context(viewport={"width": 360, "height": 800})
    page = Reader(context).open(artifact.page)

    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    context.close()


def test_without_scripts_a_page_can_be_read_and_claims_nothing(browser: Browser, artifact: Artifact) -> None:
    """Not checked, says the page; the report is there, and the way to the notebook."""
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(artifact.page.as_uri())

    expect(page.locator("#state")).to_have_text("Not checked")
    expect(page.locator("#report h1")).to_have_text("Counting vowels")
    expect(page.get_by_role("link", name="notebook.html")).to_be_visible()
    page.goto((artifact.folder / "notebook.html").as_uri())
    expect(page.locator("body")).to_contain_text("2 vowels")
    context.close()


# --- Tampered with ---------------------------------------------------------------------------------------------------


def in_file(name: str, old: bytes, new: bytes) -> Callable[[dict[str, bytes]], None]:
    """Return what changes a text in one of the carried files."""

    def change(files: dict[str, bytes]) -> None:
        assert old in files[name]
        files[name] = files[name].replace(old, new, 1)

    return change


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (in_file("notebook.html", b"2 vowels", b"3 vowels"), "notebook.html was changed"),
        (in_file("report.html", b"Counting vowels", b"Counting everything"), "report.html was changed"),
        (in_file("verdict.json", b'"earned"', b'"Earned"'), "verdict.json was changed"),
        (in_file("manifest.json", b'"size": 1', b'"size": 2'), "list of files is not the one"),
        (in_file("credential.json", b'"status": "Completed"', b'"status": "Excellent"'), "signature does not fit"),
        (in_file("credential.json", b'"validFrom": "2', b'"validFrom": "1'), "signature does not fit"),
        (in_file("credential.json", b"{", b'{"undefined": "x", '), "signature does not fit"),
        (in_file("credential.json", b"eddsa-jcs-2022", b"eddsa-xxx-2022"), "signature over the whole credential is missing"),
        (in_file("credential.json", b"eddsa-rdfc-2022", b"eddsa-xxxx-2022"), "two signatures is missing"),
        (in_file("credential.json", b'"id": "did:key:z6Mk', b'"id": "did:key:z6Mx'), "not the issuer"),
        (in_file("credential.json", b"{", b"x"), "credential cannot be read"),
        (lambda files: files.pop("notebook.html"), "notebook.html is missing"),
        (lambda files: files.pop("notebook.ipynb"), "notebook.ipynb is missing"),
        (lambda files: files.pop("manifest.json"), "list of files is missing"),
        (lambda files: files.pop("credential.json"), "credential is missing"),
    ],
)
def test_a_page_that_was_tampered_with_says_so_and_shows_nothing(
    reader: Reader, artifact: Artifact, tmp_path: Path, change: Callable[[dict[str, bytes]], None], reason: str
) -> None:
    """One byte of a file, a number in the credential, a file gone: the page names it, and neither report nor notebook is shown."""
    text = artifact.page.read_text("utf-8")
    files = carried(text)
    change(files)
    (tmp_path / "index.html").write_text(carrying(text, files), "utf-8")
    page = reader.open(tmp_path / "index.html")

    expect(page.locator("#state")).to_have_text("This page does not hold")
    expect(page.locator("#detail")).to_contain_text(reason)
    expect(page.locator("#report")).to_be_empty()
    expect(page.locator("#work")).to_be_hidden()


def test_what_stands_in_the_page_beside_its_data_is_not_what_is_shown(reader: Reader, artifact: Artifact, tmp_path: Path) -> None:
    """A report that was rewritten in the page itself is replaced by the one that was signed."""
    text = artifact.page.read_text("utf-8").replace("<h1>Counting vowels</h1>", "<h1>Doctor of vowels</h1>")
    (tmp_path / "index.html").write_text(text, "utf-8")

    expect(reader.open(tmp_path / "index.html").locator("#report h1")).to_have_text("Counting vowels")


def test_a_time_before_the_issue_is_told(browser: Browser, artifact: Artifact) -> None:
    """A credential that is yet to come does not hold."""
    context = browser.new_context()
    reader = Reader(context)
    reader.page.clock.set_fixed_time("2001-01-01T00:00:00Z")

    expect(reader.open(artifact.page).locator("#detail")).to_have_text("The credential does not hold yet.")
    context.close()


# --- In a course's name ----------------------------------------------------------------------------------------------


@pytest.fixture
def issued(course101: Course101, tmp_path: Path) -> Artifact:
    """Give an artifact that a course has issued."""
    return course101.issuer.issue(course101.work, into=tmp_path / "issued")


@pytest.mark.parametrize("reader", ["light", "dark"], indirect=True)
def test_a_course_is_asked_whether_it_stands_by_it(reader: Reader, issued: Artifact, course101: Course101) -> None:
    """From a disk: its document and its list, and nothing else; what they say stands at the top, and among what held."""
    page = reader.open(issued.page)

    expect(page.locator("#state")).to_have_text("Intact. Course-checked, in the name of Statistics 101.")
    expect(page.locator("#detail")).to_contain_text("lists this key as its own today. did:web:")
    expect(page.locator("#checked")).to_contain_text("has not revoked it")
    expect(page.locator("#report")).to_contain_text("in a sandbox of its own")
    expect(page.locator("#share")).to_be_hidden()
    assert course101.web.asked == ["/101/did.json", "/101/status/1.json"]
    assert reader.said == []
    assert [violation for violation in Axe().run(page).response["violations"] if violation["impact"] != "minor"] == []


def test_what_a_course_has_taken_back_is_not_shown(reader: Reader, issued: Artifact, course101: Course101) -> None:
    """The page says who has revoked it, and shows neither report nor notebook."""
    course101.issuer.revoke(json.loads((issued.folder / "credential.json").read_bytes())["id"], "")
    course101.show()
    page = reader.open(issued.page)

    expect(page.locator("#state")).to_have_text("Taken back")
    expect(page.locator("#detail")).to_contain_text("has revoked this credential.")
    expect(page.locator("#report")).to_be_empty()
    expect(page.locator("#work")).to_be_hidden()


def test_a_key_that_is_not_listed_is_not_the_courses(reader: Reader, issued: Artifact, course101: Course101) -> None:
    """Whoever writes another's address into a credential is found out."""
    path = course101.web.folder / "101/did.json"
    path.write_text(json.dumps(json.loads(path.read_bytes()) | {"assertionMethod": []}), "utf-8")
    page = reader.open(issued.page)

    expect(page.locator("#state")).to_have_text("This page does not hold")
    expect(page.locator("#detail")).to_contain_text("does not list the key")


@pytest.mark.parametrize("gone", ["did.json", "status/1.json", "everything"])
def test_what_cannot_be_asked_is_said(reader: Reader, issued: Artifact, course101: Course101, gone: str) -> None:
    """Without the web, or with a list that somebody has changed: intact, and no word that it was not revoked."""
    folder = course101.web.folder / "101"
    if gone == "everything":
        shutil.rmtree(folder)
    elif gone == "did.json":
        (folder / gone).unlink()
    else:
        (folder / gone).write_bytes((folder / gone).read_bytes().replace(b'"u', b'"uA'))
    page = reader.open(issued.page)

    expect(page.locator("#state")).to_have_text("Intact. Course-checked, in the name of Statistics 101.")
    expect(page.locator("#limits")).to_contain_text("could not be" if gone != "did.json" else "it could not be asked")
    if gone != "did.json":
        expect(page.locator("#checked")).not_to_contain_text("has not revoked")


def test_a_credential_that_has_expired_says_so(browser: Browser, issued: Artifact, course101: Course101, tmp_path: Path) -> None:
    """Until when it holds is signed along."""
    files = carried(issued.page.read_text("utf-8"))
    document = json.loads(files["credential.json"]) | {"validUntil": "2030-01-01T00:00:00Z"}
    files["credential.json"] = json.dumps(sign(document, course101.issuer.keys.newest, issued.created)).encode()
    (tmp_path / "index.html").write_text(carrying(issued.page.read_text("utf-8"), files), "utf-8")
    for year, expected in ((2029, "Intact"), (2031, "does not hold")):
        context = browser.new_context()
        reader = Reader(context)
        reader.page.clock.set_fixed_time(f"{year}-01-01T00:00:00Z")
        expect(reader.open(tmp_path / "index.html").locator("#state")).to_contain_text(expected)
        context.close()


def test_a_learners_own_word_is_never_more(reader: Reader, artifact: Artifact, passed: Passed, tmp_path: Path) -> None:
    """A verdict that says course-checked, signed by the learner whom it is about, does not hold."""
    verdict = replace(passed.verdict, assurance=Assurance.COURSE_CHECKED)
    work = Work(passed.notebook, verdict, passed.lesson, passed.keys.newest.did)
    forged = seal(work, Signer(passed.keys.newest, passed.keys.newest.did, "Statistics 101"), into=tmp_path, now=artifact.created)

    expect(reader.open(forged.page).locator("#detail")).to_contain_text("signed by the learner alone")


def test_what_others_say_is_shown_as_their_words(reader: Reader, issued: Artifact) -> None:
    """As text, whatever is in it, with a name that is a claim; a word of it changed, and the page does not hold."""
    key = Key(bytes([7] * 32))
    said = f"Clear names <img src=x onerror='{RUN}'>"
    accept(endorse(files_of(issued.folder), said, Signer(key, key.did, "<b>Grace</b>")), issued.folder)
    page = reader.open(issued.page)

    expect(page.locator("#others blockquote")).to_have_text(said)
    expect(page.locator("#others figcaption")).to_contain_text("<b>Grace</b>, as they call themselves")
    assert page.evaluate("window.ran") is None
    files = carried(issued.page.read_text("utf-8"))
    name = next(name for name in files if name.startswith("endorsements/"))
    files[name] = files[name].replace(b"Clear", b"Great")
    issued.page.write_text(carrying(issued.page.read_text("utf-8"), files), "utf-8")
    expect(reader.open(issued.page).locator("#state")).to_have_text("This page does not hold")


def test_a_page_on_the_web_can_be_handed_on(reader: Reader, issued: Artifact, course101: Course101) -> None:
    """With links and snippets that lead to where it is, and a picture whose whole address stands in it."""
    address = f"{course101.web.address}/portfolio"
    course101.issuer.issue(course101.work, into=issued.folder.parent, address=address)
    shutil.copytree(issued.folder, course101.web.folder / "portfolio" / issued.id)
    page = reader.open(f"{address}/{issued.id}/?from=somewhere")

    linked = page.locator("#linkedin").get_attribute("href") or ""
    query = dict(urllib.parse.parse_qsl(linked.partition("?")[2]))
    assert linked.startswith("https://www.linkedin.com/profile/add?")
    assert query["name"] == "Counting vowels (course-checked)"
    assert query["organizationName"] == "Statistics 101"
    assert (query["issueYear"], query["issueMonth"]) == (str(issued.created.year), str(issued.created.month))
    assert query["certUrl"] == f"{address}/{issued.id}/"
    assert page.locator("#readme").text_content() == (f"[![Counting vowels]({address}/{issued.id}/badge.svg)]({address}/{issued.id}/)")
    assert f'src="{address}/{issued.id}/"' in (page.locator("#embed").text_content() or "")
    assert (page.locator("#verifierplus").get_attribute("href") or "").endswith("%2Fcredential.json")
    page.set_viewport_size({"width": 390, "height": 800})
    page.locator("#share summary").click()
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    assert page.locator("meta[property='og:image']").get_attribute("content") == f"{address}/{issued.id}/card.png"
    assert "The page is the one that these files make." in verify(issued.folder).held
    assert verify(f"{address}/{issued.id}/", fetch=fetch).assurance is Assurance.COURSE_CHECKED


def test_answers_can_be_left_out(reader: Reader, passed: Passed, tmp_path: Path) -> None:
    """For the next learners: no code of the learner's is in any file, and the rest of the lesson is."""
    extra = {"cell_type": "code", "execution_count": 1, "source": "print('my own try')", "outputs": [
        {"output_type": "display_data", "metadata": {}, "data": {"image/png": PNG, "text/plain": "secret repr"}}]}  # fmt: skip
    artifact = passed.with_cells(extra).publish(tmp_path, now=passed.verdict.started, redact=True)
    body = reader.open(artifact.page).frame_locator("#notebook").locator("body")

    expect(body).to_contain_text("left out, so that the next learners may find their own")
    expect(body.locator("img")).to_have_count(1)
    answer = next(cell["source"] for cell in json.loads(passed.notebook)["cells"] if cell["metadata"].get("hornbook"))
    for secret in (*[line for line in answer.splitlines() if line.startswith("    ")], "my own try", "secret repr", "2 vowels"):
        for path in artifact.folder.iterdir():
            assert secret.encode() not in path.read_bytes(), (secret, path.name)


# --- Hostile ---------------------------------------------------------------------------------------------------------

RUN = "window.top.ran=(window.top.ran||0)+1"
MARKDOWN_PAYLOADS = (
    f"[press](javascript:{RUN})",
    f"[press](data:text/html;base64,{base64.b64encode(f'<script>{RUN}</script>'.encode()).decode()})",
    f'![x](x"onerror="{RUN})',
    f"$\\href{{javascript:{RUN}}}{{x}}$ and $$\\unicode{{<script>{RUN}</script>}}$$",
    f"```html\n</code></pre><script>{RUN}</script>\n```",
    f"`</code><script>{RUN}</script>`",
    f"```mermaid\ngraph TD; A[<img src=x onerror={RUN}>]\n```",
)


def hostile(passed: Passed, payloads: tuple[str, ...]) -> Passed:
    """Return a passed notebook that carries every payload in every place where text may stand."""
    outputs: list[dict[str, Any]] = []
    for payload in payloads:
        outputs += [
            {"output_type": "display_data", "data": {"text/html": payload}},
            {"output_type": "display_data", "data": {"text/markdown": payload}},
            {"output_type": "display_data", "data": {"text/latex": payload}},
            {"output_type": "display_data", "data": {"text/plain": payload}},
            {"output_type": "display_data", "data": {"image/svg+xml": f"<svg xmlns='http://www.w3.org/2000/svg'>{payload}</svg>"}},
            {"output_type": "display_data", "data": {"image/png": f'{PNG}"{payload}'}},
            {"output_type": "display_data", "data": {"application/javascript": RUN}},
            {"output_type": "stream", "name": payload, "text": payload},
            {"output_type": "error", "ename": payload, "evalue": payload, "traceback": [payload]},
        ]
    everything = "\n\n".join((*payloads, *MARKDOWN_PAYLOADS))
    attachment = {f"a'onerror='{RUN}": {"image/png": PNG}, "b": {'image/png" onerror="x': PNG}}
    return passed.with_cells(
        {"cell_type": "code", "source": everything, "execution_count": everything, "outputs": outputs, "metadata": {"tags": [everything]}},
        *({"cell_type": "markdown", "source": payload, "attachments": attachment} for payload in (*payloads, *MARKDOWN_PAYLOADS)),
        {"cell_type": "markdown", "source": "The honest end"},
    )


def test_a_hostile_notebook_runs_nothing(reader: Reader, passed: Passed, html_payloads: tuple[str, ...], tmp_path: Path) -> None:
    """Payloads in every place, in page and notebook alike: none runs, nothing is loaded, and the page holds all the same."""
    breaking = f"</script><script>{RUN}</script><img src=x onerror={RUN}>"
    lesson = replace(passed.lesson, title=breaking, summary=breaking, objectives=(breaking,), skills=(Skill(breaking),))
    artifact = hostile(passed, html_payloads).publish(tmp_path, now=passed.verdict.started, learner=breaking, lesson=lesson)

    # The policy would stop a script that breaks out; that none does is held apart from it.
    assert artifact.page.read_text("utf-8").count("<script") == 3

    for path in (artifact.page, artifact.folder / "notebook.html", artifact.folder / "badge.svg"):
        page = reader.page
        page.goto(path.as_uri())
        if path == artifact.page:
            expect(page.locator("#state")).to_have_text("Intact. Self-checked by the learner.")
            expect(page.frame_locator("#notebook").locator("body")).to_contain_text("The honest end")
            for press in page.frame_locator("#notebook").get_by_text("press", exact=True).all():
                press.click(no_wait_after=True)

        assert page.evaluate("window.ran") is None
        assert page.url == path.as_uri()
    assert [url for url in reader.asked if not url.startswith(("file:", "data:image/", "about:"))] == []


def test_payloads_would_run_without_protection(reader: Reader, html_payloads: tuple[str, ...]) -> None:
    """The test above can fail: put into a page as they are, payloads do run."""
    reader.page.set_content("".join(html_payloads[:3]))
    reader.page.wait_for_function("window.ran >= 3")
