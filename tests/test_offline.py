"""The site for practice: built of a course, proven, and used in a real browser, on a phone's screen, with its server dead."""

from __future__ import annotations

import contextlib
import http.server
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect
from typer.testing import CliRunner, Result

from hornbook import Course, check, grade
from hornbook.card import Card
from hornbook.cli import app
from hornbook.errors import CourseError, HornbookError, LeakError
from hornbook.feedback import Bank
from hornbook.lesson import Cell, Lesson, fill, read_lesson, read_solution, write_lesson
from hornbook.model import Status
from hornbook.offline.building import Built, build
from hornbook.offline.desk import Desk
from hornbook.offline.packages import Lock, fetch
from hornbook.words import say, speaking

ROOT = Path(__file__).parent.parent
pytestmark = pytest.mark.xdist_group("browser")

PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
SECONDS = 180_000
"""How long a browser may take to begin Python twice on a machine that does much else, in milliseconds: a guard."""

GRADER = '''"""Small steps."""

import pytest


@pytest.mark.exercise("double")
def test_double_of_three(submission):
    """Twice 3 is 6"""
    assert submission.double(3) == 6


@pytest.mark.exercise("double", hidden=True)
def test_double_of_the_secret_number(submission):
    """Twice a number that nobody knows"""
    assert submission.double(48151623) == 96303246


@pytest.mark.exercise("lines")
def test_lines_of_the_file(submission):
    """The file beside the lesson has 2 lines"""
    assert submission.lines == 2


@pytest.mark.exercise("lines")
@pytest.mark.needs("double")
def test_double_once_more(submission):
    """Twice 5 is 10"""
    assert submission.double(5) == 10
'''

SOLUTION = '''"""Small steps, done."""

# %% double
def double(number):
    return number * 2


# %% lines
lines = len(open("poem.txt", encoding="utf-8").read().splitlines())
'''

FEEDBACK = """[exercise.double]
hints = ["What is `*` for?", "Give back `number * 2`."]
success = "Multiplying is adding the same again."
"""


def lesson_of(root: Path, slug: str, title: str, *cells: Cell) -> Lesson:
    """Write a lesson into the course at *root*, and return it."""
    lesson = Lesson(
        path=root / "lessons" / f"{slug}.ipynb",
        slug=slug,
        title=title,
        version="1.0.0",
        summary=f"What {title} is about.",
        objectives=("Walk",),
        level="beginner",
        minutes=5,
        authors=("hornbook maintainers",),
        licence="CC-BY-4.0",
        cells=cells,
    )
    write_lesson(lesson)
    return lesson


def small_course(root: Path, *, title: str = "Steps & <stairs>") -> Course:
    """Return a course of one lesson that runs in a browser, with a file beside it, and one that needs numpy."""
    for folder in ("lessons", "graders", "feedback"):
        (root / folder).mkdir(parents=True)
    limits = "[tool.hornbook.limits]\ncell_seconds = 5\ncheck_seconds = 5\n"
    (root / "pyproject.toml").write_text(f'[tool.hornbook]\nname = "small"\ntitle = "A small course"\n\n{limits}', "utf-8")
    lesson_of(
        root,
        "steps",
        title,
        Cell("markdown", "# Steps\n\nA <script>alert(1)</script> line, and $x^2$.", id="intro"),
        Cell("code", "# Checks.\n%load_ext hornbook", id="checks"),
        Cell("code", "start = 1\nprint('begun', start)", id="start"),
        Cell("code", "def double(number):\n    ...\n", exercise="double", id="double"),
        Cell("code", "print(double(4))", tags=("show",), id="show"),
        Cell("code", "lines = ...\n", exercise="lines", id="lines"),
    )
    (root / "lessons" / "poem.txt").write_text("Tyger Tyger,\nburning bright\n", "utf-8")
    (root / "graders" / "test_steps.py").write_text(GRADER, "utf-8")
    (root / "graders" / "steps.solution.py").write_text(SOLUTION, "utf-8")
    (root / "feedback" / "steps.toml").write_text(FEEDBACK, "utf-8")
    lesson_of(root, "arrays", "Arrays", Cell("code", "import numpy as np", id="imports"), Cell("code", "a = ...\n", exercise="a", id="a"))
    grader = 'import pytest\n\n\n@pytest.mark.exercise("a")\ndef test_a(submission):\n    """a is 1"""\n    assert submission.a == 1\n'
    (root / "graders" / "test_arrays.py").write_text(grader, "utf-8")
    (root / "graders" / "arrays.solution.py").write_text("# %% a\na = 1\n", "utf-8")
    return Course.open(root)


@pytest.fixture(scope="session")
def stock(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder with what sites are made of. It comes from npm and PyPI, which CI reaches; elsewhere a test without them is skipped."""
    folder = tmp_path_factory.mktemp("stock")
    try:
        fetch(Lock.read(), folder)
    except HornbookError as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(error))
    return folder


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory, stock: Path) -> tuple[Course, Built]:
    """Give the small course, and its site."""
    root = tmp_path_factory.mktemp("small")
    course = small_course(root / "course")
    return course, build(course, root / "www" / "some" / "where", stock)


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory, stock: Path) -> tuple[Course, Built]:
    """Give our own course, and its site."""
    course = Course.open(ROOT)
    return course, build(course, tmp_path_factory.mktemp("ours") / "www" / "some" / "where", stock)


@dataclass
class Served:
    """A web server in a process of its own, which can be killed, and the address of a site below a path of it."""

    folder: Path
    process: subprocess.Popen[bytes]
    port: int

    @property
    def address(self) -> str:
        """Where the site is."""
        return f"http://127.0.0.1:{self.port}/some/where/"

    def kill(self) -> None:
        """End it, and wait until nobody listens there."""
        self.process.kill()
        self.process.wait()
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", self.port)) != 0


@contextlib.contextmanager
def served(built: Built, port: int = 0) -> Iterator[Served]:
    """Give a server of the site's grandparent."""
    folder = built.path.parent.parent
    command = [sys.executable, "-u", "-m", "http.server", str(port), "--bind", "127.0.0.1", "--directory", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:  # noqa: S603 - Python's own server
        try:
            assert process.stdout is not None
            told = re.search(rb"port (\d+)", process.stdout.readline())
            assert told is not None
            yield Served(folder, process, int(told[1]))
        finally:
            process.kill()


@dataclass
class Visitor:
    """A learner's browser. What its console calls an error of ours is remembered."""

    context: BrowserContext
    page: Page
    troubles: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, browser: Browser, **options: Any) -> Self:
        """Return a browser without a past."""
        context = browser.new_context(**{**PHONE, **options})
        visitor = cls(context, context.new_page())
        visitor.page.on("pageerror", lambda error: visitor.troubles.append(str(error)))
        visitor.page.set_default_timeout(SECONDS)
        return visitor


class Visit(Visitor):
    """A learner's browser on a page of a site."""

    def open(self, address: str) -> None:
        """Go there, and wait until the page has found out whether it is kept."""
        self.page.goto(address)
        self.ready()

    def ready(self) -> None:
        """Wait until the page has found out whether it is kept."""
        self.page.locator('html[data-ready="1"]').wait_for(timeout=SECONDS)

    def cell(self, exercise: str) -> Locator:
        """Return the section of an exercise."""
        return self.page.locator(f'section[data-exercise="{exercise}"]').first

    def write(self, exercise: str, source: str) -> None:
        """Write into an exercise's cell."""
        self.cell(exercise).locator("textarea").fill(source)

    def check(self, exercise: str) -> Locator:
        """Press Check, and return the card once there is an answer."""
        section = self.cell(exercise)
        section.locator("button.check").tap()
        expect(section.locator(".hornbook-card:not(.hb-is-running):not(.hb-is-empty)")).to_be_visible(timeout=SECONDS)
        expect(section.locator("button.check:not([aria-disabled])")).to_be_visible(timeout=SECONDS)
        return section.locator(".hornbook-card")

    def run(self, number: int) -> str:
        """Run the cell with this number in the lesson, and return what it shows."""
        section = self.page.locator(f'section[data-cell="{number}"]')
        section.locator("button.run").tap()
        expect(section.locator("button.run")).to_have_text("Run", timeout=SECONDS)
        return section.locator(".output").inner_text().strip()

    def axe(self) -> list[tuple[str, str]]:
        """Return what axe has against the page, each with where it is."""
        self.page.evaluate(Axe().axe_script)
        found = self.page.evaluate("() => axe.run()")
        return [(one["id"], node["html"][:200]) for one in found["violations"] for node in one["nodes"]]

    def picture(self, name: str, *, whole: bool = False) -> None:
        """Take a picture, for whoever wants to look."""
        folder = Path(os.environ.get("HORNBOOK_SCREENSHOTS", ROOT / "test-output" / "screenshots"))
        folder.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=folder / f"offline-{name}.png", full_page=whole)


@pytest.fixture
def visit(browser: Browser) -> Iterator[Visit]:
    """Give a learner's browser, in which at the end nothing may have been an error of ours."""
    visit = Visit.of(browser)
    yield visit
    visit.context.close()

    assert visit.troubles == []


# --- With the server dead ------------------------------------------------------------------------------------------------------


def test_a_lesson_is_learned_with_the_server_dead(visit: Visit, ours: tuple[Course, Built], tmp_path: Path) -> None:
    """On a phone, without a network: a mistake, the sentence that a grade has for it, a hint, all of it right, and a grade of the file."""
    course, built = ours
    lesson = course.lesson("secret_messages")
    mistaken = next(one for one in Bank.read(course.feedback(lesson.slug)).misconceptions if one.check.startswith("test_capital"))
    work = tmp_path / "mistaken.ipynb"
    work.write_text(json.dumps(lesson.to_notebook({"shift_letter": mistaken.program})), "utf-8")
    told = next(one for one in grade(work, course).outcomes if one.check == mistaken.check)
    with served(built) as server:
        visit.open(f"{server.address}index.html")
        expect(visit.page.locator("#standing")).to_have_text(say("offline.ready"))
        server.kill()
    visit.page.reload()
    visit.ready()
    visit.picture("index")
    visit.page.get_by_role("link", name=lesson.title).tap()
    visit.ready()
    visit.write("shift_letter", mistaken.program)
    card = visit.check("shift_letter")
    visit.picture("mistake")

    assert told.hints[0].text.replace("`", "") in card.inner_text()
    assert told.asked is not None
    assert told.asked in card.inner_text()

    card.locator("button.hb-more").first.tap()
    expect(card.locator(".hb-hint").nth(1)).to_have_text(told.hints[1].text.replace("`", ""))
    for exercise, sources in read_solution(course.solution(lesson.slug)).items():
        visit.write(exercise, sources[0])
        card = visit.check(exercise)
        expect(card).to_have_class(re.compile("hb-is-passed"))
    visit.picture("passed")
    with visit.page.expect_download() as coming:
        visit.page.locator("#download").tap()
    coming.value.save_as(tmp_path / "secret_messages.ipynb")
    graded = CliRunner().invoke(app, ["grade", str(tmp_path / "secret_messages.ipynb"), "--course", str(ROOT)])

    assert coming.value.suggested_filename == "secret_messages.ipynb"
    assert graded.exit_code == 0, graded.output


def test_every_lesson_with_a_page_can_be_passed_there(visit: Visit, ours: tuple[Course, Built]) -> None:
    """In each lesson that has a page, the reference solution passes all visible checks in the browser, and each cell runs."""
    course, built = ours
    with served(built) as server:
        visit.open(f"{server.address}index.html")
        server.kill()
    for one in built.lessons:
        if one.needs:
            continue
        visit.open(f"{server.address}lessons/{one.lesson.slug}.html")
        for exercise, sources in read_solution(course.solution(one.lesson.slug)).items():
            fields = visit.page.locator(f'section[data-exercise="{exercise}"] textarea')
            for number, source in enumerate(sources):
                fields.nth(number).fill(source)
        for exercise in one.lesson.exercises:
            expect(visit.check(exercise), f"{one.lesson.slug}: {exercise}").to_have_class(re.compile("hb-is-passed"))
        last = visit.page.locator("section[data-cell]:has(button.run)").last
        visit.run(int(last.get_attribute("data-cell") or 0))

        assert visit.page.locator(".output .trouble").count() == 0, one.lesson.slug


def test_what_never_ends_costs_itself_only(visit: Visit, small: tuple[Course, Built]) -> None:
    """A loop without an end neither holds the page up nor the other checks, and is told as a grade tells it; Stop ends a cell."""
    course, built = small
    endless = "while True:\n    pass\n"
    told = check(fill(course.lesson("steps"), {"double": endless}), course).outcomes[0]
    with served(built) as server:
        visit.open(f"{server.address}lessons/steps.html")
        server.kill()
    visit.write("double", "def double(number):\n    while number != 3.5:\n        pass\n")
    visit.write("lines", "lines = len(open('poem.txt').read().splitlines())")
    of_lines = visit.check("lines")

    # The one that asks the loop is out of time, and the other one passes.
    expect(of_lines).to_contain_text(say("probe.time"))
    assert of_lines.locator(".hb-is-passed").count() == 1
    visit.picture("timed-out")

    visit.write("double", endless)
    assert told.status is Status.TIMED_OUT
    expect(visit.check("double")).to_contain_text(told.message.replace("`", ""))
    section = visit.cell("double")
    section.locator("button.run").tap()
    expect(section.locator("button.run")).to_have_text(say("offline.stop"))
    section.locator("button.run").tap()
    expect(section.locator(".output")).to_contain_text(say("offline.stopped"))
    visit.write("double", "import os\nos._exit(1)\n")
    expect(visit.check("double")).to_contain_text(say("sitting.cell-ended"))
    visit.write("double", "def double(number):\n    return 2 * number\n")
    expect(visit.check("double")).to_have_class(re.compile("hb-is-passed"))


def test_cells_show_what_they_show(visit: Visit, small: tuple[Course, Built]) -> None:
    """A cell runs with those above it; what it prints, its value, its error and its picture stand below it, and none of it as markup."""
    _, built = small
    with served(built) as server:
        visit.open(f"{server.address}lessons/steps.html")
    picture = 'class P:\n    def _repr_svg_(self):\n        return \'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>\'\n'
    visit.write("double", f"def double(number):\n    return '<b>' + str(number)\n{picture}P()")

    assert visit.run(4) == "<b>4"
    assert visit.page.locator('section[data-cell="2"] .output').inner_text().strip() == "begun 1"
    assert visit.page.locator("script", has_text="alert").count() == 0
    visit.run(3)
    assert visit.cell("double").locator(".output img").count() == 1
    visit.write("lines", "lines = start / 0")
    assert "line 1: lines = start / 0\nZeroDivisionError: division by zero" in visit.run(5)
    visit.write("lines", "input('? ')")
    assert "EOFError" in visit.run(5)
    visit.write("lines", "!ls")
    assert say("offline.no-command", command="!ls").replace("`", "") in visit.run(5).replace("`", "")


def test_nothing_that_runs_there_reaches_elsewhere(visit: Visit, small: tuple[Course, Built]) -> None:
    """A cell, which can do what a script can, cannot call another server: neither the page's policy nor its worker's lets it."""
    _, built = small
    called: list[str] = []

    class Elsewhere(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            called.append(self.path)
            self.send_response(200)
            self.send_header("Access-Control-Allow-Origin", "*")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with http.server.HTTPServer(("127.0.0.1", 0), Elsewhere) as elsewhere, served(built) as server:
        threading.Thread(target=elsewhere.serve_forever, daemon=True).start()
        visit.open(f"{server.address}lessons/steps.html")
        address = f"http://127.0.0.1:{elsewhere.server_address[1]}/secret"
        visit.write("double", f"import js\nasked = js.XMLHttpRequest.new()\nasked.open('GET', '{address}', False)\nasked.send()\n")
        shown = visit.run(3)
        elsewhere.shutdown()

    assert "NetworkError" in shown
    assert called == []


def test_a_wheel_with_compiled_parts_runs_there(visit: Visit, stock: Path, tmp_path: Path) -> None:
    """What PyPI or anybody has built for a browser is taken from the folder of wheels where a lesson imports it, and works."""
    folder = tmp_path / "stock"
    shutil.copytree(stock, folder)
    options = ["--no-deps", "--only-binary=:all:", "--implementation", "cp", "--abi", "cp314", "--python-version", "3.14"]
    options += ["--platform", Lock.read().tag.split("-")[2], "--dest", str(folder), "--quiet", "msgspec"]
    subprocess.run([sys.executable, "-m", "pip", "download", *options], check=True)  # noqa: S603 - pip, by our own words
    course = small_course(tmp_path / "course")
    solution = course.root / "graders" / "steps.solution.py"
    solution.write_text(SOLUTION.replace("lines = ", "import msgspec\n\nlines = "), "utf-8")
    built = build(Course.open(course.root), tmp_path / "www" / "some" / "where", folder)
    with served(built) as server:
        visit.open(f"{server.address}lessons/steps.html")
        server.kill()
    visit.write("double", "import msgspec\ndef double(number):\n    return msgspec.json.decode(f'[{number * 2}]')[0]\n")

    assert [name.split("-")[0] for name in built.wheels if name.endswith("wasm32.whl")] == ["msgspec"]
    card = visit.check("double")

    expect(card, card.inner_text()).to_have_class(re.compile("hb-is-passed"))


# --- What is written stays -----------------------------------------------------------------------------------------------------


def test_work_stays_and_moves(visit: Visit, small: tuple[Course, Built], tmp_path: Path) -> None:
    """What was written, and what was said of it, is there after a reload and in another tab; a file brings it to another browser."""
    _, built = small
    with served(built) as server:
        visit.open(f"{server.address}lessons/steps.html")
        visit.write("double", "def double(number):\n    return number + number  # é\n")
        visit.check("double")
        other = visit.context.new_page()
        other.goto(f"{server.address}lessons/steps.html")
        expect(other.locator('section[data-exercise="lines"] textarea')).to_have_value("lines = ...\n")
        visit.write("lines", "lines = 2")
        expect(other.locator('section[data-exercise="lines"] textarea')).to_have_value("lines = 2")
        visit.page.reload()
        visit.ready()
        expect(visit.cell("double").locator("textarea")).to_have_value("def double(number):\n    return number + number  # é\n")
        expect(visit.cell("double").locator(".hornbook-card")).to_have_class(re.compile("hb-is-passed"))
        with visit.page.expect_download() as coming:
            visit.page.locator("#download").tap()
        work = tmp_path / "steps.ipynb"
        coming.value.save_as(work)
        visit.page.goto(f"{server.address}index.html")
        expect(visit.page.locator('.progress[data-slug="steps"]')).to_have_text(say("offline.done", done=1, total=2))
        visit.page.goto(f"{server.address}lessons/steps.html")
        visit.ready()
        visit.page.once("dialog", lambda dialog: dialog.accept())
        visit.page.locator("#over").tap()
        expect(visit.cell("lines").locator("textarea")).to_have_value("lines = ...\n")
        visit.ready()
        (tmp_path / "no.ipynb").write_text("{}", "utf-8")
        visit.page.locator("#open").set_input_files(tmp_path / "no.ipynb")
        expect(visit.page.locator("#note")).to_have_text(say("offline.no-notebook"))
        visit.page.locator("#open").set_input_files(work)
        expect(visit.cell("lines").locator("textarea")).to_have_value("lines = 2")


def test_where_nothing_is_kept_it_is_said(browser: Browser, small: tuple[Course, Built]) -> None:
    """Where the browser has no room, or no worker that could keep the site, the page says so, and still works."""
    _, built = small
    visit = Visit.of(browser, service_workers="block")
    visit.page.add_init_script("Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError'); };")
    with served(built) as server:
        visit.open(f"{server.address}lessons/steps.html")
        expect(visit.page.locator("#standing")).to_have_text(say("offline.unkept"))
        visit.write("double", "def double(number):\n    return 2 * number\n")
        expect(visit.page.locator("#note")).to_have_text(say("offline.unsaved"))
        expect(visit.check("double")).to_have_class(re.compile("hb-is-passed"))
    visit.context.close()


def test_a_newer_site_takes_over_when_it_is_told_to(visit: Visit, stock: Path, tmp_path: Path) -> None:
    """The page in use stays as it is; a button brings the new version, and what was written is there in it."""
    first = small_course(tmp_path / "course")
    built = build(first, tmp_path / "www" / "some" / "where", stock)
    with served(built) as server:
        visit.open(f"{server.address}lessons/steps.html")
        visit.write("lines", "lines = 2")
        lesson = read_lesson(first.lesson("steps").path)
        write_lesson(replace(lesson, title="Steps, once more"))
        build(Course.open(first.root), built.path, stock, replacing=True)
        visit.page.reload()
        visit.ready()
        expect(visit.page).to_have_title("Steps & <stairs>")
        visit.page.locator("#update").tap()
        expect(visit.page).to_have_title("Steps, once more")
        expect(visit.cell("lines").locator("textarea")).to_have_value("lines = 2")
        server.kill()
    visit.page.reload()
    visit.ready()

    expect(visit.page).to_have_title("Steps, once more")


def test_what_is_not_the_site_is_not_kept(visit: Visit, stock: Path, tmp_path: Path) -> None:
    """A file that is another on its way, as where a login page answers for it, keeps the site from passing for whole."""
    built = build(small_course(tmp_path / "course"), tmp_path / "www" / "some" / "where", stock)
    next(built.path.glob("course/*.zip")).write_bytes(b"<html>Please log in</html>")
    with served(built) as server:
        visit.open(f"{server.address}index.html")

        expect(visit.page.locator("#standing")).to_have_text(say("offline.unkept"))


# --- For everybody -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_and_a_phone_cuts_nothing_off(browser: Browser, small: tuple[Course, Built], scheme: str) -> None:
    """Index and lesson, with an answer, have no violation in either scheme, and fit into 390 pixels."""
    _, built = small
    visit = Visit.of(browser, color_scheme=scheme)
    with served(built) as server:
        visit.open(f"{server.address}index.html")
        found = visit.axe()
        visit.picture(f"index-{scheme}", whole=True)
        visit.open(f"{server.address}lessons/steps.html")
        visit.write("double", "def double(number):\n    return number\n")
        visit.check("double")
        visit.run(4)
        visit.picture(f"lesson-{scheme}", whole=True)
        found += visit.axe()
        wide = visit.page.evaluate("() => document.documentElement.scrollWidth")
        small_ones = visit.page.evaluate(
            "() => [...document.querySelectorAll('main button, .button')].filter((one) => one.offsetParent && one.offsetHeight < 24).length"
        )
    visit.context.close()

    assert found == []
    assert wide == PHONE["viewport"]["width"]
    assert small_ones == 0


def test_a_cell_is_written_with_keys_alone(visit: Visit, small: tuple[Course, Built]) -> None:
    """Enter keeps the indentation, Tab moves in and back, Esc and Tab lead out, Shift+Enter runs, and undo undoes it."""
    _, built = small
    with served(built) as server:
        visit.open(f"{server.address}lessons/steps.html")
        cell = visit.cell("lines").locator("textarea")
        cell.fill("")
        cell.press_sequentially("if 1:\nlines = 2")
        expect(cell).to_have_value("if 1:\n    lines = 2")
        cell.press("Shift+Tab")
        expect(cell).to_have_value("if 1:\nlines = 2")
        cell.press("Control+z")
        expect(cell).to_have_value("if 1:\n    lines = 2")
        cell.press("End")
        cell.press_sequentially("\nprint(lines)")
        cell.press("Shift+Enter")
        expect(visit.cell("lines").locator(".output")).to_have_text("2")
        cell.press("Escape")
        cell.press("Tab")
        expect(visit.cell("lines").locator("button.run")).to_be_focused()


def test_a_site_speaks_german(visit: Visit, stock: Path, tmp_path: Path) -> None:
    """With a language, its pages and what the checks say are in that language."""
    built = build(small_course(tmp_path / "course"), tmp_path / "www" / "some" / "where", stock, language="de")
    with speaking("de"):
        words = say("offline.ready"), say("offline.check"), say("sitting.untouched")
    with served(built) as server:
        visit.open(f"{server.address}lessons/steps.html")
        expect(visit.page.locator("html")).to_have_attribute("lang", "de")
        expect(visit.page.locator("#standing")).to_have_text(words[0])
        expect(visit.cell("double").locator("button.check")).to_have_text(words[1])
        expect(visit.check("double")).to_contain_text(words[2])


# --- How it is built -----------------------------------------------------------------------------------------------------------


def test_a_site_holds_what_learners_get_and_nothing_else(small: tuple[Course, Built]) -> None:
    """No hidden check, no solution and no program of a mistake is in it; the course's part has only what its pages need."""
    _, built = small
    with zipfile.ZipFile(next(built.path.glob("course/*.zip"))) as packed:
        names = set(packed.namelist())
        grader = packed.read("graders/test_steps.py").decode()
    page = (built.path / "lessons" / "steps.html").read_text("utf-8")

    assert {name for name in names if "steps" in name or "poem" in name} == {
        "lessons/steps.ipynb",
        "lessons/poem.txt",
        "graders/test_steps.py",
        "feedback/steps.toml",
    }
    assert not any("arrays" in name for name in names)
    assert "test_double_of_three" in grader
    assert "secret" not in grader + page
    assert "Steps &amp; &lt;stairs&gt;" in page
    assert "<math" in page
    assert not re.search(r"(?:src|href)=\"(?:https?:)?//", page)


def test_what_cannot_run_says_why(small: tuple[Course, Built]) -> None:
    """A lesson that needs what a browser does not have stands in the index with its reason, and has no page."""
    _, built = small
    index = (built.path / "index.html").read_text("utf-8")

    assert [(one.lesson.slug, one.needs) for one in built.lessons] == [("arrays", ("numpy",)), ("steps", ())]
    assert say("offline.needs", names="numpy") in index
    assert not (built.path / "lessons" / "arrays.html").exists()


def offline(*words: str | Path) -> Result:
    """Run `hornbook offline`."""
    return CliRunner().invoke(app, ["offline", *map(str, words)])


def test_the_command_tells_what_it_made(stock: Path, tmp_path: Path) -> None:
    """A site is told in a few lines, or as JSON; the same course gives the same bytes, and a former site is replaced when asked."""
    course = small_course(tmp_path / "course")
    options = ("--course", course.root, "--wheels", stock)
    told = offline("build", "--into", tmp_path / "site", *options)
    again = offline("build", "--into", tmp_path / "site", *options)
    document = json.loads(offline("build", "--into", tmp_path / "other", *options, "--json").stdout)
    files = [
        {path.relative_to(tmp_path / name): path.read_bytes() for path in (tmp_path / name).rglob("*") if path.is_file()}
        for name in ("site", "other")
    ]

    assert told.exit_code == 0, told.output
    assert "Built      1 of 2 lessons as pages" in told.stdout
    assert "left out   arrays: needs numpy, which cannot be had for a browser" in told.stdout
    assert (again.exit_code, "`--replace` puts the new one in its place" in again.stderr) == (2, True)
    assert offline("build", "--into", tmp_path / "site", *options, "--replace").exit_code == 0
    assert document["lessons"][1] == {"slug": "steps", "runs": True, "needs": []}
    assert files[0] == files[1]


def test_a_leak_ends_it(stock: Path, tmp_path: Path) -> None:
    """A solution that lies beside a lesson is found, and nothing is written."""
    course = small_course(tmp_path / "course")
    (course.root / "lessons" / "notes.txt").write_text("assert submission.double(48151623) == 96303246\n", "utf-8")
    with pytest.raises(LeakError, match="hidden check test_double_of_the_secret_number"):
        build(Course.open(course.root), tmp_path / "site", stock)

    assert not (tmp_path / "site").exists()


def test_what_cannot_be_built_says_what_to_do(stock: Path, tmp_path: Path) -> None:
    """A course that keeps its graders back, one without a lesson for browsers, a release, a file: each in one sentence."""
    course = small_course(tmp_path / "course")
    settings = course.root / "pyproject.toml"
    before = settings.read_text("utf-8")
    settings.write_text(f"{before}\n[tool.hornbook.release]\ngraders = false\n", "utf-8")
    with pytest.raises(CourseError, match="keeps its graders back"):
        build(Course.open(course.root), tmp_path / "site", stock)
    settings.write_text(before, "utf-8")
    with pytest.raises(CourseError, match="a site is a folder"):
        build(course, tmp_path / "site.zip", stock)
    assert CliRunner().invoke(app, ["release", str(course.root), "--into", str(tmp_path / "out")]).exit_code == 0
    with pytest.raises(CourseError, match="is a release itself"):
        build(Course.open(tmp_path / "out"), tmp_path / "site", stock)
    for path in [*course.root.glob("*/*steps*")]:
        path.unlink()
    with pytest.raises(CourseError, match="no lesson that runs in a browser: arrays needs numpy"):
        build(Course.open(course.root), tmp_path / "site", stock)
    missing = offline("build", "--into", tmp_path / "site", "--course", course.root, "--wheels", tmp_path / "nowhere")

    assert "is no folder. `hornbook offline fetch" in missing.stderr


# --- The same words ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("slug", ["secret_messages", "pancakes_for_eleven", "parking_meter"])
def test_a_page_says_what_a_check_says(slug: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """For each known mistake, and an untouched and a right submission, the card of a page is that of `hornbook check`."""
    monkeypatch.chdir(tmp_path)
    course = Course.open(ROOT)
    lesson = course.lesson(slug)
    desk = Desk(course, tmp_path / "home" / "work", lambda _told: None)
    works: dict[str, dict[str, Any]] = {"as given": {}, "right": dict(read_solution(course.solution(slug)))}
    exercises = {outcome.check: outcome.exercise for outcome in check(fill(lesson, {}), course).outcomes}
    for one in Bank.read(course.feedback(slug)).misconceptions:
        if exercise := exercises.get(one.check):
            works[one.name] = {**works["right"], exercise: one.program}
    for name, sources in works.items():
        path = tmp_path / f"{slug}.ipynb"
        path.write_text(json.dumps(lesson.to_notebook(sources)), "utf-8")
        question: dict[str, Any] = {
            "slug": slug,
            "notebook": path.read_text("utf-8"),
            "exercise": None,
            "language": "en",
            "done": [],
            "ended": {},
        }
        said = json.loads(desk.check(json.dumps(question)))["card"]
        expected = Card.of(check(path, course)).to_json()

        assert said["sections"] == expected["sections"], name
    assert len(works) > 3
