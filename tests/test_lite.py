"""The Lab of a site for practice: JupyterLite in a real browser, on a phone's screen and a large one, with its server dead."""

from __future__ import annotations

import contextlib
import hashlib
import http.server
import json
import os
import re
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, expect
from test_offline import PHONE, ROOT, SECONDS, Visitor, offline, served, small_course
from typer.testing import CliRunner

from hornbook import Course, grade
from hornbook.cli import app
from hornbook.errors import HornbookError
from hornbook.feedback import Bank
from hornbook.lesson import read_lesson, read_solution, write_lesson
from hornbook.offline import lite
from hornbook.offline.building import Built, build
from hornbook.offline.packages import Lock, fetch
from hornbook.words import say, speaking

pytestmark = pytest.mark.xdist_group("browser")

DESKTOP: dict[str, Any] = {"viewport": {"width": 1280, "height": 800}}


@pytest.fixture(scope="session")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder with what a site with a Lab is made of; where npm or PyPI cannot be reached, a test that needs it is skipped."""
    folder = tmp_path_factory.mktemp("parts")
    try:
        fetch(Lock.read(lab=True), folder)
    except HornbookError as error:
        if os.environ.get("CI") == "true":
            raise
        # A site is made of what npm and PyPI have; a pipeline has to reach them, a laptop on a train cannot.
        pytest.skip(str(error))
    return folder


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory, parts: Path) -> tuple[Course, Built]:
    """Give the small course, and its site with a Lab."""
    root = tmp_path_factory.mktemp("small")
    course = small_course(root / "course")
    return course, build(course, root / "www" / "some" / "where", parts, lab=True)


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory, parts: Path) -> tuple[Course, Built]:
    """Give our own course, and its site with a Lab."""
    course = Course.open(ROOT)
    return course, build(course, tmp_path_factory.mktemp("ours") / "www" / "some" / "where", parts, lab=True)


@contextlib.contextmanager
def elsewhere() -> Iterator[tuple[int, list[str]]]:
    """Give the port of a server that is a proxy to everywhere, and what it was asked for; it answers nothing."""
    asked: list[str] = []

    class Elsewhere(http.server.BaseHTTPRequestHandler):
        def refuse(self) -> None:
            asked.append(self.path)
            self.send_error(502)

        do_GET = do_POST = do_CONNECT = do_OPTIONS = refuse  # noqa: N815 - the library's names

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1], asked
        server.shutdown()


class Notebook(Visitor):
    """A learner's browser with a notebook open in it."""

    def open(self, address: str, slug: str, *, application: str = "notebooks") -> None:
        """Open a lesson's notebook, and wait for its kernel."""
        self.page.goto(f"{address}lab/{application}/index.html?path={slug}/{slug}.ipynb")
        self.ready()

    def ready(self) -> None:
        """Wait for the notebook's kernel."""
        # On a phone it stands where it is not seen.
        self.page.locator(".jp-Toolbar-kernelName", has_text="Pyodide").first.wait_for(state="attached", timeout=SECONDS)

    def kept(self) -> None:
        """Wait until all of it is on the device."""
        expect(self.page.locator("#hornbook-standing")).to_have_text(say("offline.lab-kept"), timeout=SECONDS)

    def cell(self, number: int) -> Locator:
        """Return the code cell with this number."""
        return self.page.locator(".jp-Notebook .jp-CodeCell").nth(number)

    def write(self, number: int, source: str) -> None:
        """Write into a cell."""
        self.cell(number).locator(".cm-content").click()
        self.page.keyboard.press("Control+a")
        self.page.keyboard.insert_text(source)

    def start(self, number: int) -> Locator:
        """Begin to run a cell, and return it."""
        self.cell(number).locator(".cm-content").click()
        self.page.keyboard.press("Control+Enter")
        return self.cell(number)

    def run(self, number: int, source: str | None = None) -> Locator:
        """Run a cell, with *source* in it if there is one, and return what it shows once it has ended."""
        prompt = self.cell(number).locator(".jp-InputPrompt")
        if source is not None:
            self.write(number, source)
        # A new kernel counts from 1 again, as the last one did.
        prompt.evaluate("node => { node.textContent = ''; }")
        self.start(number)
        expect(prompt).to_have_text(re.compile(r"\[\d+\]"), timeout=SECONDS)
        return self.cell(number).locator(".jp-OutputArea").first

    def choose(self, menu: str, *names: str) -> None:
        """Choose from a menu."""
        self.page.locator(".lm-MenuBar-itemLabel", has_text=re.compile(f"^{menu}$")).click()
        for name in names:
            self.page.locator(".lm-Menu-itemLabel", has_text=re.compile(f"^{name}$")).last.click()

    def picture(self, name: str) -> None:
        """Take a picture, for whoever wants to look."""
        folder = Path(os.environ.get("HORNBOOK_SCREENSHOTS", ROOT / "test-output" / "screenshots"))
        folder.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=folder / f"lite-{name}.png")


@pytest.fixture
def notebook(browser: Browser) -> Iterator[Notebook]:
    """Give a learner's browser, in which at the end no page may have raised anything."""
    notebook = Notebook.of(browser)
    yield notebook
    notebook.context.close()

    assert notebook.troubles == []


CHROMIUM = "content-autofill.googleapis.com:443"
"""Whom Chromium asks by itself about the fields that it sees, whatever page they are on."""

LOAD, START, DOUBLE, SHOW, LINES = range(5)
"""The code cells of the small lesson."""

RIGHT = "def double(number):\n    return 2 * number"


# --- With the server dead ------------------------------------------------------------------------------------------------------


def test_a_notebook_is_learned_with_the_server_dead(browser: Browser, ours: tuple[Course, Built], tmp_path: Path) -> None:
    """From a lesson's page to its notebook: a grade's sentence and hint, all of it right without a server, a grade of the file, and back.

    Nothing but the site's own server is ever asked: whatever else a page, a worker or a service worker wants goes to a proxy, which
    would tell.
    """
    course, built = ours
    lesson = course.lesson("secret_messages")
    codes = [cell for cell in lesson.cells if cell.kind == "code"]
    mistaken = next(one for one in Bank.read(course.feedback(lesson.slug)).misconceptions if one.check.startswith("test_capital"))
    work = tmp_path / "mistaken.ipynb"
    work.write_text(json.dumps(lesson.to_notebook({"shift_letter": mistaken.program})), "utf-8")
    told = next(one for one in grade(work, course).outcomes if one.check == mistaken.check)
    with elsewhere() as (proxy, asked), served(built) as server:
        notebook = Notebook.of(browser, proxy={"server": f"http://127.0.0.1:{proxy}", "bypass": "127.0.0.1"}, accept_downloads=True)
        notebook.page.goto(f"{server.address}lessons/{lesson.slug}.html")
        expect(notebook.page.locator("#standing")).to_have_text(say("offline.ready"), timeout=SECONDS)
        notebook.page.get_by_role("link", name=say("offline.lab-notebook")).tap()
        notebook.ready()
        notebook.run(0)
        number = next(place for place, cell in enumerate(codes) if cell.exercise == "shift_letter")
        shown = notebook.run(number, mistaken.program)
        notebook.picture("mistake")

        expect(shown).to_contain_text(told.hints[0].text.replace("`", ""))
        expect(shown).to_contain_text(told.asked or "nothing")
        shown.get_by_text("Next hint").first.click()
        expect(shown.get_by_text(told.hints[1].text.replace("`", "")).first).to_be_visible()

        notebook.kept()
        server.kill()
        notebook.page.reload()
        notebook.ready()
        notebook.run(0)
        for exercise, sources in read_solution(course.solution(lesson.slug)).items():
            shown = notebook.run(next(place for place, cell in enumerate(codes) if cell.exercise == exercise), sources[0].strip())
            expect(shown).to_contain_text(say("status.passed"))
            expect(shown).not_to_contain_text(say("status.failed"))
        notebook.picture("passed")
        with notebook.page.expect_download() as coming:
            notebook.choose("File", "Download")
        coming.value.save_as(tmp_path / "secret_messages.ipynb")
        graded = CliRunner().invoke(app, ["grade", str(tmp_path / "secret_messages.ipynb"), "--course", str(ROOT)])

        assert graded.exit_code == 0, graded.output
        # JupyterLite puts a file's folder before its name.
        assert coming.value.suggested_filename == "secret_messages_secret_messages.ipynb"

        # The lessons' pages are still kept: JupyterLite has not ended what keeps them.
        notebook.page.get_by_role("link", name=say("offline.lab-page")).tap()
        notebook.page.locator('html[data-ready="1"]').wait_for(timeout=SECONDS)
        expect(notebook.page).to_have_title(lesson.title)
        notebook.page.reload()
        notebook.page.locator('html[data-ready="1"]').wait_for(timeout=SECONDS)

        assert set(asked) <= {CHROMIUM}
        assert notebook.troubles == []
        # The proxy would have told.
        notebook.page.goto("http://elsewhere.example/")
        assert "http://elsewhere.example/" in asked
        notebook.context.close()


def test_a_large_screen_has_all_lessons(browser: Browser, small: tuple[Course, Built], tmp_path: Path) -> None:
    """JupyterLab lists the lessons, and takes a file; one that needs what a browser lacks says so, also where it would be checked."""
    course, built = small
    with served(built) as server:
        notebook = Notebook.of(browser, **DESKTOP)
        notebook.page.goto(f"{server.address}index.html")
        notebook.page.get_by_role("link", name=say("offline.lab-all")).click()
        notebook.page.locator(".jp-DirListing-item", has_text="arrays").dblclick()
        notebook.page.locator(".jp-DirListing-item", has_text="arrays.ipynb").dblclick()
        notebook.ready()
        said = say("offline.lab-needs", names="numpy")
        expect(notebook.page.locator(".jp-MarkdownCell").first).to_contain_text(said)
        notebook.picture("needs")
        shown = notebook.run(0, "%load_ext hornbook")
        expect(shown).to_contain_text(said)
        expect(notebook.run(1, "%check a")).to_contain_text(said)
        # Work that was carried here.
        (tmp_path / "moved.ipynb").write_text(json.dumps(course.lesson("steps").to_notebook({"double": RIGHT})), "utf-8")
        with notebook.page.expect_file_chooser() as choosing:
            notebook.page.locator('[data-command="filebrowser:upload"], [title^="Upload Files"]').first.click()
        choosing.value.set_files(tmp_path / "moved.ipynb")
        notebook.page.locator(".jp-DirListing-item", has_text="moved.ipynb").dblclick()
        expect(notebook.page.locator(".jp-CodeCell", has_text="return 2 * number").first).to_be_visible()

        assert notebook.troubles == []
        notebook.context.close()


def test_what_never_ends_costs_itself_only(notebook: Notebook, small: tuple[Course, Built]) -> None:
    """A function without an end costs its own check, and the kernel stays; a cell without an end leaves with the kernel's restart."""
    _, built = small
    with served(built) as server:
        notebook.open(server.address, "steps")
        notebook.run(LOAD)
        notebook.run(DOUBLE, "def double(number):\n    while number != 3.5:\n        pass")
        expect(notebook.cell(DOUBLE)).to_contain_text(say("status.timed-out"))
        expect(notebook.run(START)).to_contain_text("begun 1")
        notebook.write(SHOW, "while True:\n    pass")
        notebook.start(SHOW)
        expect(notebook.cell(SHOW).locator(".jp-InputPrompt")).to_have_text("[*]:")
        notebook.choose("Kernel", "Restart Kernel…")
        notebook.page.get_by_role("button", name="Confirm Kernel Restart").click()
        notebook.ready()
        notebook.run(LOAD)
        expect(notebook.run(DOUBLE, RIGHT)).to_contain_text(say("status.passed"))


def test_nothing_that_runs_there_reaches_elsewhere(notebook: Notebook, small: tuple[Course, Built]) -> None:
    """A cell, which can do what a script can, cannot call another server."""
    _, built = small
    with elsewhere() as (port, asked), served(built) as server:
        notebook.open(server.address, "steps")
        call = f"import js\nasked = js.XMLHttpRequest.new()\nasked.open('GET', 'http://127.0.0.1:{port}/secret', False)\nasked.send()"
        shown = notebook.run(START, call)

        expect(shown).to_contain_text("NetworkError")
        expect(notebook.run(SHOW, "%pip install six")).to_contain_text("PyPI fallback is disabled")
        assert asked == []


# --- What a learner has --------------------------------------------------------------------------------------------------------


def test_a_notebook_is_checked_as_it_stands(notebook: Notebook, small: tuple[Course, Built]) -> None:
    """Files lie beside it, a cell that was added counts, what was not touched is not checked, and the kernel's names stay as they are."""
    _, built = small
    with served(built) as server:
        notebook.open(server.address, "steps")
        notebook.run(LOAD)
        expect(notebook.run(DOUBLE)).not_to_contain_text("double")
        notebook.cell(START).locator(".cm-content").click()
        notebook.page.keyboard.press("Escape")
        notebook.page.keyboard.press("b")
        added = START + 1
        expect(notebook.cell(LINES + 1)).to_be_attached()
        notebook.run(added, "factor = 2\nasked = []")
        shown = notebook.run(DOUBLE + 1, "def double(number):\n    asked.append(number)\n    return factor * number")

        expect(shown).to_contain_text(say("status.passed"))
        expect(shown).to_contain_text("Multiplying is adding the same again.")
        expect(notebook.run(SHOW + 1, "print('asked', asked)")).to_contain_text("asked []")
        shown = notebook.run(LINES + 1, "lines = len(open('poem.txt', encoding='utf-8').read().splitlines())\nprint(lines)")
        expect(shown).to_contain_text("2")
        expect(shown).not_to_contain_text(say("status.failed"))
        expect(shown).to_contain_text(say("card.progress-name", done=2, of=2))
        # A cell that is gone counts no longer, whatever the kernel still knows and whatever was saved.
        notebook.cell(added).locator(".cm-content").click()
        for key in ("Escape", "d", "d"):
            notebook.page.keyboard.press(key)
        expect(notebook.cell(LINES + 1)).not_to_be_attached()
        expect(notebook.run(DOUBLE)).to_contain_text(re.compile(r"The name\s+asked\s+is not known here"))


def test_checks_and_hints_are_there_when_they_are_asked_for(notebook: Notebook, small: tuple[Course, Built]) -> None:
    """`%check`, `%hint` and the settings do what they do in any notebook; an error of a cell is shown with its card."""
    _, built = small
    with served(built) as server:
        notebook.open(server.address, "steps")
        expect(notebook.run(LOAD, "%load_ext hornbook\n%config Hornbook.check_on_run = False\n%hint")).to_contain_text(
            say("notebook.no-hint-yet").replace("`", "")
        )
        expect(notebook.run(DOUBLE, "def double(number):\n    return number")).not_to_contain_text(say("status.failed"))
        shown = notebook.run(SHOW, "%check double")
        expect(shown).to_contain_text("What is * for?")
        expect(notebook.run(SHOW, "%hint")).to_contain_text("Give back number * 2.")
        expect(notebook.run(SHOW, "%hint double")).to_contain_text(say("notebook.no-more-hints"))
        expect(notebook.run(SHOW, "%check triple")).to_contain_text(
            say("notebook.no-exercise", exercise="triple", exercises="double, lines").replace("`", "")
        )
        expect(notebook.run(SHOW, "%check")).to_contain_text("The file beside the lesson has 2 lines")
        with speaking("de"):
            german = say("offline.assurance")
        expect(notebook.run(SHOW, "%config Hornbook.language = 'de'\n%check double")).to_contain_text(german)
        # IPython keeps what was set, also for an extension that begins anew.
        again = "%reload_ext hornbook\n%config Hornbook.check_on_run = True\n%config Hornbook.language = ''\nlines = 1 / 0"
        shown = notebook.run(LINES, again)
        expect(shown).to_contain_text("ZeroDivisionError")
        expect(shown).to_contain_text(say("offline.assurance"))
        expect(notebook.run(DOUBLE, f"%unload_ext hornbook\n{RIGHT}")).not_to_contain_text(say("status.passed"))


def test_where_nothing_is_kept_it_is_said(browser: Browser, small: tuple[Course, Built]) -> None:
    """Where a browser has no service worker, that stands above; the lesson is known by its cells, and is checked all the same."""
    _, built = small
    notebook = Notebook.of(browser)
    notebook.page.add_init_script("Object.defineProperty(Navigator.prototype, 'serviceWorker', { value: undefined });")
    with served(built) as server:
        notebook.open(server.address, "steps")
        expect(notebook.page.locator("#hornbook-standing")).to_have_text(say("offline.lab-unkept"))
        notebook.run(LOAD)
        expect(notebook.run(DOUBLE, RIGHT)).to_contain_text(say("status.passed"))
    notebook.context.close()


def test_work_stays_where_a_newer_site_comes(notebook: Notebook, parts: Path, tmp_path: Path) -> None:
    """What was written is there after a newer site has taken over, and so are its new lessons."""
    course = small_course(tmp_path / "course")
    built = build(course, tmp_path / "www" / "some" / "where", parts, lab=True)
    with served(built) as server:
        notebook.open(server.address, "steps")
        notebook.kept()
        notebook.write(DOUBLE, "def double(number):\n    return number + number  # é")
        notebook.page.keyboard.press("Control+s")
        expect(notebook.page.locator("body")).to_be_visible()
        lesson = read_lesson(course.lesson("steps").path)
        write_lesson(replace(lesson, path=lesson.path.with_name("stairs.ipynb"), slug="stairs", title="Stairs"))
        for place in ("graders/test_{}.py", "graders/{}.solution.py", "feedback/{}.toml"):
            text = (course.root / place.format("steps")).read_text("utf-8")
            (course.root / place.format("stairs")).write_text(text, "utf-8")
        build(Course.open(course.root), built.path, parts, lab=True, replacing=True)
        notebook.page.reload()
        notebook.ready()
        expect(notebook.cell(DOUBLE)).to_contain_text("return number + number  # é")
        notebook.kept()
        server.kill()
    notebook.open(server.address, "stairs")

    expect(notebook.cell(DOUBLE)).to_contain_text("def double")


def test_a_page_that_is_loaded_past_what_is_kept_begins_all_the_same(notebook: Notebook, small: tuple[Course, Built]) -> None:
    """Where somebody reloads and tells the browser to ask the server for everything, the notebook opens, and is checked."""
    _, built = small
    with served(built) as server:
        notebook.open(server.address, "steps")
        notebook.kept()
        notebook.context.new_cdp_session(notebook.page).send("Page.reload", {"ignoreCache": True})
        notebook.page.locator('html[data-hornbook="1"]').wait_for(state="attached")
        notebook.ready()
        notebook.run(LOAD)

        expect(notebook.run(DOUBLE, RIGHT)).to_contain_text(say("status.passed"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_bar_is_for_everybody(browser: Browser, small: tuple[Course, Built], scheme: str) -> None:
    """What stands above JupyterLite has no violation in either scheme, and cuts nothing off on a phone."""
    _, built = small
    notebook = Notebook.of(browser, color_scheme=scheme)
    with served(built) as server:
        notebook.open(server.address, "steps")
        notebook.kept()
        notebook.picture(f"bar-{scheme}")
        notebook.page.evaluate(Axe().axe_script)
        found = notebook.page.evaluate("() => axe.run('#hornbook-bar')")
        wide = notebook.page.evaluate("() => document.documentElement.scrollWidth")
        cut = notebook.page.evaluate(
            "() => { const one = document.getElementById('hornbook-standing'); return one.scrollWidth > one.clientWidth; }"
        )
    notebook.context.close()

    assert [one["id"] for one in found["violations"]] == []
    assert wide == PHONE["viewport"]["width"]
    assert not cut


# --- How it is built -----------------------------------------------------------------------------------------------------------


def test_a_lab_asks_nobody_else(small: tuple[Course, Built]) -> None:
    """Its settings name what lies in the site, each package of its kernel is one by its digest, and there is no other index."""
    _, built = small
    lab = built.path / "lab"
    settings = json.loads((lab / "jupyter-lite.json").read_text("utf-8"))["jupyter-config-data"]
    plugin = settings["litePluginSettings"]["@jupyterlite/pyodide-kernel-extension:kernel"]
    packages = json.loads((lab / "pyodide-lock.json").read_text("utf-8"))["packages"]

    assert (lab / plugin["pyodideUrl"]).is_file()
    assert plugin["disablePyPIFallback"] is True
    assert set(plugin["loadPyodideOptions"]["packages"]) <= set(packages)
    assert {"hornbook", "ipython", "pytest"} <= set(packages)
    assert all(hashlib.sha256((lab / one["file_name"]).read_bytes()).hexdigest() == one["sha256"] for one in packages.values())
    assert all(set(one["depends"]) <= set(packages) for one in packages.values())
    assert "://" not in json.dumps(settings)
    assert not list(lab.rglob("*.map"))


def test_the_lessons_are_its_files(small: tuple[Course, Built]) -> None:
    """Each lesson has a folder with what learners get of it, and the listings name just these files."""
    course, built = small
    lab = built.path / "lab"
    folders = {path.name: sorted(one.name for one in path.iterdir()) for path in (lab / "files").iterdir()}
    listed = {
        name: [one["name"] for one in json.loads((lab / "api" / "contents" / name / "all.json").read_text("utf-8"))["content"]]
        for name in ("", *folders)
    }
    notebooks = {name: json.loads((lab / "files" / name / f"{name}.ipynb").read_text("utf-8")) for name in folders}

    assert folders == {"arrays": ["arrays.ipynb"], "steps": ["poem.txt", "steps.ipynb"]}
    assert listed == {"": ["arrays", "steps"], **folders}
    assert notebooks["steps"] == course.lesson("steps").to_notebook()
    assert notebooks["arrays"]["cells"][0]["source"] == f"**{say('offline.lab-needs', names='numpy')}**"
    assert notebooks["arrays"]["cells"][1:] == course.lesson("arrays").to_notebook()["cells"]


def test_files_in_folders_beside_a_lesson_are_listed(parts: Path, tmp_path: Path) -> None:
    """A folder of data beside a lesson is one in the Lab, too; in a German site the bar and what is needed are German."""
    course = small_course(tmp_path / "course")
    (course.root / "lessons" / "data" / "deep").mkdir(parents=True)
    (course.root / "lessons" / "data" / "deep" / "numbers.txt").write_text("1\n", "utf-8")
    built = build(Course.open(course.root), tmp_path / "site", parts, lab=True, language="de")
    with speaking("de"):
        words = say("offline.lab-page"), say("offline.lab-needs", names="numpy")
    api = built.path / "lab" / "api" / "contents" / "steps"

    told = {
        place: [(one["path"], one["type"]) for one in json.loads((api / place / "all.json").read_text("utf-8"))["content"]]
        for place in (".", "data", "data/deep")
    }
    assert told == {
        ".": [("steps/data", "directory"), ("steps/poem.txt", "file"), ("steps/steps.ipynb", "notebook")],
        "data": [("steps/data/deep", "directory")],
        "data/deep": [("steps/data/deep/numbers.txt", "file")],
    }
    assert (built.path / "lab" / "files" / "steps" / "data" / "deep" / "numbers.txt").is_file()
    assert f'<a id="hornbook-page" hidden>{words[0]}</a>' in (built.path / "lab" / "notebooks" / "index.html").read_text("utf-8")
    assert words[1] in (built.path / "lab" / "files" / "arrays" / "arrays.ipynb").read_text("utf-8")


def test_a_site_is_the_same_each_time_and_without_a_lab_the_same_as_before(parts: Path, tmp_path: Path) -> None:
    """The same course gives the same bytes; where no Lab is asked for, none of it is there, and nothing leads to one."""
    course = small_course(tmp_path / "course")
    options = ("--course", course.root, "--wheels", parts)
    told = offline("build", "--into", tmp_path / "one", *options, "--lab")
    document = json.loads(offline("build", "--into", tmp_path / "other", *options, "--lab", "--json").stdout)
    plain = json.loads(offline("build", "--into", tmp_path / "plain", *options, "--json").stdout)
    files = [
        {path.relative_to(tmp_path / name): path.read_bytes() for path in (tmp_path / name).rglob("*") if path.is_file()}
        for name in ("one", "other", "plain")
    ]

    assert told.exit_code == 0, told.output
    assert "lab        2 lessons as notebooks in JupyterLite" in told.stdout
    assert document["lab"]["bytes"] > 10_000_000
    assert files[0] == files[1]
    assert plain["lab"] is None
    assert not any("lab" in path.parts for path in files[2])
    assert b"lab/" not in files[2][Path("index.html")]


def test_parts_that_are_missing_say_what_to_do(parts: Path, tmp_path: Path) -> None:
    """Without the parts of a Lab the build names the one that is missing, and the command that gets it."""
    course = small_course(tmp_path / "course")
    folder = tmp_path / "parts"
    folder.mkdir()
    for path in parts.iterdir():
        if not path.name.startswith("jupyterlite_core"):
            (folder / path.name).symlink_to(path)
    told = offline("build", "--lab", "--into", tmp_path / "site", "--course", course.root, "--wheels", folder)

    assert told.exit_code == 2
    assert "jupyterlite_core" in told.stderr
    assert f"`hornbook offline fetch {folder} --lab` puts there what is needed" in told.stderr.replace("\n", " ").replace("  ", " ")


def test_packages_that_are_not_what_they_are_known_as_are_refused(small: tuple[Course, Built], tmp_path: Path) -> None:
    """A package without JupyterLite or its kernel, and a page that is another, end the build with a sentence."""
    course, built = small
    with zipfile.ZipFile(tmp_path / "empty.whl", "w"):
        pass
    with pytest.raises(HornbookError, match="has no JupyterLite in it"):
        lite._app(tmp_path / "empty.whl")
    with pytest.raises(HornbookError, match="has no kernel for JupyterLite in it"):
        lite._extension(tmp_path / "empty.whl")
    with pytest.raises(HornbookError, match="A page of JupyterLite's is not as this hornbook knows it"):
        lite._with_bar("<html></html>", course, built.lessons, "en")
