"""The site of the docs: whole, linked, without anything from elsewhere, and read in a real browser from a disk."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urldefrag, urlsplit

import pytest
import typer.main
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect

from hornbook.cli import app
from hornbook.grading.pytest_plugin import MARKERS
from hornbook.sandbox.probe import Probe
from hornbook.server.openapi import PATHS, SCHEMAS

pytestmark = pytest.mark.xdist_group("browser")

ROOT = Path(__file__).parent.parent
SECONDS = 30.0
TOO_WIDE = "document.documentElement.scrollWidth > innerWidth"


def _maker() -> Any:
    """Return docs/make_site.py as a module."""
    spec = importlib.util.spec_from_file_location("make_site", ROOT / "docs" / "make_site.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


SITE = _maker()


class Seen(HTMLParser):
    """What a page of HTML has: the `ids` that can be linked to, the `links` to other places, and what it has `loaded`."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.feed(page.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Remember what an element is called, and leads to."""
        had = {name: value or "" for name, value in attrs}
        self.ids |= {had["id"]} if "id" in had else set()
        if tag == "a" and "href" in had:
            self.links.append(had["href"])
        elif tag == "link":
            self.loaded.append(had["href"])
        elif "src" in had:
            self.loaded.append(had["src"])


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the site. Any warning of Sphinx' would have been an error."""
    into = tmp_path_factory.mktemp("docs") / "site"
    SITE.build(into)
    return into


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, Seen]:
    """Give what each of its pages has."""
    return {page: Seen(page) for page in site.rglob("*.html")}


# --- What is in it ---------------------------------------------------------------------------------------------------


def test_every_page_of_the_docs_is_in_it(site: Path) -> None:
    """Each page that docs/ has, and each that is written from the code, is a page of the site, in its navigation."""
    front = Seen(site / "index.html").links
    wanted = {SITE.place(f"docs/{path.name}") for path in (ROOT / "docs").glob("*.md")} | {*SITE.WRITTEN}
    names = {name.removesuffix(".md") for name in wanted} - {"index"}

    assert {"rest", "finding", "sandbox"} <= names
    assert {name for name in names if f"{name}.html" not in front} == set()
    assert "Finding lessons" in (site / "finding.html").read_text("utf-8")


def test_every_link_leads_somewhere(site: Path, pages: dict[Path, Seen]) -> None:
    """A link within the site leads to a file that is there, and to a place in it that is there."""
    followed = 0
    for page, seen in pages.items():
        for link in seen.links:
            if urlsplit(link).scheme:
                continue
            path, anchor = urldefrag(unquote(link))
            there = (page.parent / path).resolve() if path else page
            followed += 1

            assert there.is_file(), f"{page.name}: {link}"
            assert there.is_relative_to(site.resolve()), f"{page.name}: {link}"
            assert not anchor or anchor in pages[site / there.relative_to(site.resolve())].ids, f"{page.name}: {link}"
    assert followed > 1000


def test_nothing_is_loaded_from_elsewhere(site: Path, pages: dict[Path, Seen]) -> None:
    """Scripts, styles, pictures and fonts lie in the site itself."""
    for page, seen in pages.items():
        assert seen.loaded, page.name
        for address in seen.loaded:
            parts = urlsplit(address)

            assert (parts.scheme, parts.netloc) in {("", ""), ("data", "")}, f"{page.name}: {address}"
            assert parts.scheme or not parts.path or (page.parent / unquote(parts.path)).is_file(), f"{page.name}: {address}"
    for style in site.rglob("*.css"):
        assert re.findall(r"(?:url\(|@import)\s*[\"']?\s*(?:https?:)?//[^;]*", style.read_text("utf-8")) == [], style.name


def test_every_command_and_option_is_in_the_reference() -> None:
    """The page of commands has each command with each of its options, and says what it is for."""
    page = SITE.commands()
    todo: list[tuple[str, Any]] = [("hornbook", typer.main.get_command(app))]
    while todo:
        name, command = todo.pop()
        section = re.search(rf"^## `{re.escape(name)}`\n(.*?)(?=^## |\Z)", page, re.DOTALL | re.MULTILINE)

        assert section, name
        for option in command.params:
            assert all(word in section[1] for word in option.opts if word.startswith("-")), (name, option.opts)
        todo += [(f"{name} {inner.name}", inner) for inner in getattr(command, "commands", {}).values()]


def test_all_that_a_grader_has_at_hand_is_in_the_reference() -> None:
    """The page has each marker, each fixture, and each part of `submission`."""
    page = SITE.grader()

    for marker in MARKERS:
        assert f"| `{marker.partition(': ')[0]}` |" in page
    for fixture in ("submission", "reference", "follows", "rng"):
        assert re.search(rf"^\| `{fixture}` \| \w", page, re.MULTILINE), fixture
    for name in vars(Probe):
        assert name.startswith("_") or re.search(rf"^\| `\.{name}\b[^`]*` \| \w", page, re.MULTILINE), name
    assert "(self" not in page


def test_every_address_of_the_server_is_in_the_reference() -> None:
    """The page has each operation that the description has, and each thing that is sent."""
    page = SITE.rest()

    for path, operations in PATHS.items():
        for method in operations:
            assert f"## `{method.upper()} {path}`" in page
    for name in SCHEMAS:
        assert f"### {name}\n" in page


# --- What is refused -------------------------------------------------------------------------------------------------


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the root of a small documentation, of which the site is made: an index and one page."""
    root = tmp_path / "root"
    (root / "docs").mkdir(parents=True)
    (root / "docs/index.md").write_text("# Small\n\n## Reference\n\n- [One](one.md)\n", "utf-8")
    (root / "docs/one.md").write_text("# One\n\nText.\n", "utf-8")
    monkeypatch.setattr(SITE, "ROOT", root)
    monkeypatch.setattr(SITE, "WRITTEN", {})
    return root


@pytest.mark.parametrize(
    ("page", "text", "said"),
    [
        ("two.md", "# Two\n", r"docs/index\.md: it does not list docs/two\.md\. Add a line"),
        ("one.md", "# One\n\n[there](two.md)\n", r"docs/one\.md: the link to two\.md leads nowhere"),
        ("index.md", "# Small\n\n## Reference\n\n- [One](one.md)\n- [Again](one.md)\n", r"docs/one\.md stands there more than once"),
        ("one.md", "# One\n\n[there](#nowhere)\n", "The site was not built"),
        ("one.md", "# One\n\n### Three\n", "The site was not built"),
    ],
    ids=["a page that is not listed", "a broken link", "a page that is listed twice", "a broken anchor", "a warning of Sphinx'"],
)
def test_a_mistake_in_the_docs_stops_the_build(page: str, text: str, said: str, small: Path, tmp_path: Path) -> None:
    """It is told in a sentence, and the site that was built before is as it was."""
    SITE.build(tmp_path / "site")
    before = (tmp_path / "site/one.html").read_bytes()
    (small / "docs" / page).write_text(text, "utf-8")

    with pytest.raises(SystemExit, match=said):
        SITE.build(tmp_path / "site")

    assert (tmp_path / "site/one.html").read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["root", "site"]


def test_other_files_are_never_replaced(small: Path, tmp_path: Path) -> None:
    """A folder that has something else in it is refused; a site is replaced by the next one, whole."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/letter.txt").write_text("Dear", "utf-8")

    with pytest.raises(SystemExit, match="has other files in it"):
        SITE.build(tmp_path / "mine")

    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["letter.txt"]

    SITE.build(tmp_path / "site")
    (small / "docs/index.md").write_text("# Small\n\n## Reference\n\n- [Two](two.md)\n", "utf-8")
    shutil.move(small / "docs/one.md", small / "docs/two.md")
    SITE.build(tmp_path / "site")

    assert (tmp_path / "site/two.html").is_file()
    assert not (tmp_path / "site/one.html").exists()


def test_links_lead_on_to_what_they_name(small: Path, tmp_path: Path) -> None:
    """A page elsewhere in the repository comes along, a folder is its README, a file is a download, and code is left as it is."""
    (small / "lessons").mkdir()
    (small / "lessons/README.md").write_text("# Lessons\n\nSee [one](../docs/one.md#parts).\n", "utf-8")
    (small / "LICENSE").write_text("Yes.\n", "utf-8")
    shown = "```text\n[a](nowhere.md)\n```\n"
    text = f"# One\n\n## Parts\n\n[lessons](../lessons), [licence](../LICENSE), [web](https://example.org/a.md)\n\n{shown}"
    (small / "docs/one.md").write_text(text, "utf-8")
    SITE.build(tmp_path / "site")
    seen = Seen(tmp_path / "site/one.html")

    assert "lessons-readme.html" in seen.links
    assert "https://example.org/a.md" in seen.links
    assert [(tmp_path / "site" / link).read_text("utf-8") for link in seen.links if link.endswith("LICENSE")] == ["Yes.\n"]
    assert "one.html#parts" in Seen(tmp_path / "site/lessons-readme.html").links
    assert "[a](nowhere.md)" in (tmp_path / "site/one.html").read_text("utf-8")


# --- Read ------------------------------------------------------------------------------------------------------------


class Reader:
    """A browser without a network. `said` is what went to its console, `asked` what it wanted from anywhere but the disk."""

    def __init__(self, context: BrowserContext) -> None:
        self.page = context.new_page()
        self.said: list[str] = []
        self.asked: list[str] = []
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on(
            "request", lambda request: self.asked.append(request.url) if urlsplit(request.url).scheme not in {"file", "data"} else None
        )

    def open(self, file: Path, search: str = "") -> Page:
        """Open a file of the site."""
        self.page.goto(file.as_uri() + search)
        return self.page


@pytest.fixture(scope="module")
def browser(site: Path, browser: Browser) -> Browser:  # noqa: ARG001 - all is built before Playwright takes this thread's event loop
    """Give the browser, after what it is to show."""
    return browser


@pytest.fixture(params=["light-1200", "dark-1200", "light-390"])
def reader(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Reader]:
    """Give a reader at a desk, by day and by night, and one with a phone."""
    scheme, width = request.param.split("-")
    context = browser.new_context(offline=True, color_scheme=scheme, viewport={"width": int(width), "height": 844})
    context.set_default_timeout(SECONDS * 1000)
    yield Reader(context)
    context.close()


def keep(page: Page, name: str) -> None:
    """Keep what is seen, to be looked at."""
    folder = Path(os.environ.get("HORNBOOK_SCREENSHOTS") or ROOT / "test-output" / "screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=folder / f"site-{name}.png")


WIDE = pytest.mark.parametrize("reader", ["light-1200"], indirect=True)
PHONE = pytest.mark.parametrize("reader", ["light-390"], indirect=True)


@WIDE
def test_a_search_finds_from_a_disk(reader: Reader, site: Path) -> None:
    """Somebody looks for "hidden check" and comes to the part of a page that tells of them, without a network."""
    page = reader.open(site / "index.html")
    page.get_by_role("textbox", name="Search").fill("hidden check")
    page.keyboard.press("Enter")
    found = page.locator("#search-results li a", has_text="Hidden checks")
    expect(found.first).to_be_visible()
    keep(page, "search")
    found.first.click()

    expect(page.get_by_role("heading", name="Hidden checks")).to_be_in_viewport()
    assert reader.said == []
    assert reader.asked == []


@WIDE
def test_the_pages_lead_to_each_other(reader: Reader, site: Path) -> None:
    """From the front page each of the four has a tutorial one click away, and the next page is one click further."""
    for number, who in enumerate(("learner", "instructor", "CI", "portfolio")):
        page = reader.open(site / "index.html")
        page.locator("article").get_by_role("link", name=re.compile(f"^For an? {who}|^For {who}")).click()

        expect(page.get_by_role("heading", level=1)).to_contain_text(who)
        expect(page.locator(".sidebar-tree .current-page")).to_contain_text(who)
        keep(page, f"tutorial-{number}")
    page.locator("a.next-page").click()

    expect(page.get_by_role("heading", level=1)).to_contain_text("JupyterLab")
    assert reader.said == []
    assert reader.asked == []


@PHONE
def test_a_phone_shows_all_of_it(reader: Reader, site: Path) -> None:
    """No page is wider than a phone, and the list of pages opens at a touch."""
    for path in sorted(site.glob("*.html")):
        page = reader.open(path)

        assert not page.evaluate(TOO_WIDE), path.name
    page = reader.open(site / "commands.html")
    keep(page, "phone")
    page.get_by_role("button", name="Toggle site navigation sidebar").click()
    page.locator(".sidebar-tree").get_by_role("link", name="The verdict", exact=True).click()

    expect(page.get_by_role("heading", level=1)).to_contain_text("The verdict")
    assert reader.said == []
    assert reader.asked == []


@PHONE
def test_a_keyboard_reaches_all_of_it(reader: Reader, site: Path) -> None:
    """Where the list of pages is folded away, Tab passes it by, Enter opens it, and Escape closes it."""
    page = reader.open(site / "verdict.html")
    button = page.get_by_role("button", name="Toggle site navigation sidebar")
    link = page.locator(".sidebar-tree").get_by_role("link", name="Commands", exact=True)
    expect(link).to_be_hidden()
    for _ in range(10):
        page.keyboard.press("Tab")
        if button.evaluate("button => button === document.activeElement"):
            break
    page.keyboard.press("Enter")

    expect(button).to_have_attribute("aria-expanded", "true")
    expect(link).to_be_visible()

    page.keyboard.press("Escape")

    expect(button).to_have_attribute("aria-expanded", "false")
    expect(link).to_be_hidden()
    assert reader.said == []


def test_everybody_can_read_it(reader: Reader, site: Path) -> None:
    """Nothing is found by axe in a page of each kind, nor in what a search has found, by day, by night and on a phone."""
    kinds = ("index", "tutorial-ci", "authoring", "architecture", "lab", "commands", "grader-reference", "rest", "search")
    shown = [(site / f"{name}.html", "") for name in kinds] + [(site / "search.html", "?q=hidden+check")]
    found = []
    for path, search in shown:
        page = reader.open(path, search)
        if search:
            expect(page.locator("#search-results li").first).to_be_visible()
        # Without `preload`, by which axe would fetch the styles: no page may do that from a disk.
        violations = Axe().run(page, options={"resultTypes": ["violations"], "preload": False}).response["violations"]
        found += [(path.name, one["id"], one["nodes"][0]["html"]) for one in violations]

    assert found == []
    assert reader.asked == []
