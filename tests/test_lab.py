"""A learner's Lab: checks below the cells, and the hand-in above them, in a real JupyterLab, with its server, and in a real browser.

The server checks; a kernel is only there to run cells. Nothing leaves 127.0.0.1.
"""

from __future__ import annotations

import json
import re
import secrets
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, Route, expect
from test_following import drawing

from hornbook.lesson import read_solution
from hornbook.variants import Seed, hand_out

if TYPE_CHECKING:
    from conftest import Lab

ROOT = Path(__file__).parent.parent
pytestmark = pytest.mark.xdist_group("browser")

THEMES = ("JupyterLab Light", "JupyterLab Dark", "JupyterLab Dark High Contrast")
SECONDS = 40.0
"""How long a condition is waited for; a busy machine takes its time, and what never comes must not hang."""

LESSON = "secret_messages"
FIRST = "shift_letter"
SOLUTION = {name: "\n".join(cells) for name, cells in read_solution(next((ROOT / "graders").rglob(f"{LESSON}.solution.py"))).items()}
MISTAKE = "def shift_letter(letter, places):\n    return chr(ord(letter) + places)\n"
LOOP = "def shift_letter(letter, places):\n    while True:\n        places = hash(places)\n"
RESTORED = "() => { window.restoring ??= window.jupyterapp?.restored.then(() => { window.isRestored = true; }); return window.isRestored; }"
"""Whether the Lab has put everything where it was. The page itself keeps the promise: one that is only awaited from here can be lost."""


@dataclass(slots=True)
class Desk:
    """A page of the Lab. `errors` is what its console has complained of."""

    page: Page
    lab: Lab
    errors: list[str] = field(default_factory=list)

    def enter(self, path: str = "lab") -> None:
        """Open the Lab, or another front end, with nothing open in it."""
        self.page.goto(f"{self.lab.url}{path}?token={self.lab.token}&reset")
        self.page.wait_for_function(RESTORED)

    def command(self, name: str, arguments: dict[str, Any] | None = None) -> None:
        """Execute a command, without waiting for it."""
        self.page.evaluate("([name, args]) => { window.jupyterapp.commands.execute(name, args) }", [name, arguments or {}])

    def start(self, slug: str = LESSON) -> str:
        """Make a fresh copy of a lesson, open it, and return its path."""
        copy = self.lab.folder / "my-work" / "hornbook" / f"{slug}-{secrets.token_hex(3)}.ipynb"
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(next((self.lab.folder / "lessons").rglob(f"{slug}.ipynb")), copy)
        path = copy.relative_to(self.lab.folder).as_posix()
        self.open(path)
        expect(self.footers.first).to_be_attached()
        return path

    def open(self, path: str, **arguments: Any) -> None:
        """Open a notebook, and wait for its kernel."""
        self.command("docmanager:open", {"path": path, **arguments})
        self.page.wait_for_function(
            """path => { const now = window.jupyterapp.shell.currentWidget;
                return now && now.context && now.context.path === path && now.context.isReady
                    && now.sessionContext.isReady && now.sessionContext.session?.kernel?.status === 'idle' }""",
            arg=path,
        )

    @property
    def footers(self) -> Locator:
        """What stands below exercises, in the notebook that is in front."""
        return self.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-hb-footer")

    def footer(self, exercise: str = FIRST) -> Locator:
        """Return what stands below one exercise."""
        return self.page.locator(f'.jp-NotebookPanel:not(.lm-mod-hidden) .jp-hb-footer[data-exercise="{exercise}"]').first

    def headline(self, exercise: str = FIRST) -> Locator:
        """Return what the card of an exercise comes to."""
        return self.footer(exercise).locator(".hb-headline")

    def write(self, source: str, exercise: str = FIRST) -> None:
        """Make the cell of an exercise the active one, and give it a source, as an editor does."""
        self.page.evaluate(
            """([source, exercise]) => { const notebook = window.jupyterapp.shell.currentWidget.content;
                const place = notebook.widgets.findIndex(cell => (cell.model.getMetadata('hornbook') || {}).exercise === exercise);
                notebook.activeCellIndex = place;
                notebook.activeCell.model.sharedModel.setSource(source) }""",
            [source, exercise],
        )

    def check(self, source: str, exercise: str = FIRST) -> None:
        """Write an answer and have it checked, and wait for what comes of it."""
        self.write(source, exercise)
        self.command("hornbook:check")
        expect(self.footer(exercise).locator(".jp-hb-status")).to_have_text("")
        expect(self.footer(exercise).locator(".hornbook-card")).not_to_have_class(re.compile("hb-is-running"))

    def theme(self, name: str) -> None:
        """Show everything in another theme."""
        self.command("apputils:change-theme", {"theme": name})
        self.page.wait_for_function("name => document.body.dataset.jpThemeName === name", arg=name)

    def axe(self) -> list[tuple[str, str]]:
        """Return what axe has against our part of the page, each with where it is."""
        # JupyterLab's body has no height: to axe no text on it would be on the screen, and no contrast be measured.
        self.page.add_style_tag(content="body { min-height: 100vh; }")
        self.page.evaluate(Axe().axe_script)
        there = [name for name in (".jp-hb-footer", ".jp-hb-bars") if self.page.locator(name).count()]
        found = self.page.evaluate("(there) => axe.run({ include: there })", there)
        return [(one["id"], node["html"]) for one in found["violations"] for node in one["nodes"]]

    def picture(self, name: str) -> None:
        """Take a picture, for whoever wants to look."""
        folder = ROOT / "test-output" / "screenshots"
        folder.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=folder / f"lab-{name}.png")


@pytest.fixture
def desk(browser: Browser, lab: Lab) -> Iterator[Desk]:
    """Give a page of the Lab. At the end nothing on its console may have been an error of ours."""
    context = browser.new_context(viewport={"width": 1440, "height": 950}, reduced_motion="reduce", locale="en-US")
    context.set_default_timeout(SECONDS * 1000)
    desk = Desk(context.new_page(), lab)
    desk.page.on("console", lambda message: desk.errors.append(message.text) if message.type == "error" else None)
    desk.page.on("pageerror", lambda error: desk.errors.append(str(error)))
    desk.enter()
    yield desk
    for session in desk.page.evaluate("() => [...window.jupyterapp.serviceManager.sessions.running()].map(one => one.id)"):
        desk.page.evaluate("id => window.jupyterapp.serviceManager.sessions.shutdown(id).catch(() => undefined)", session)
    context.close()

    assert [error for error in desk.errors if "hornbook" in error.lower() or "jp-hb" in error] == []


# --- The main path ----------------------------------------------------------------------------------------------------


def test_from_a_mistake_by_its_hint_to_a_pass(desk: Desk) -> None:
    """A mistake is named below its cell, a hint helps on, the right answers are handed in, and the pass card says what is next."""
    desk.start()
    desk.check(MISTAKE)

    expect(desk.headline()).to_contain_text("visible checks pass")
    expect(desk.footer().locator(".hb-hint")).to_have_count(1)
    desk.picture("mistake")

    with desk.page.expect_response(lambda response: response.url.partition("?")[0].endswith("/hornbook/api/hints")) as recorded:
        desk.command("hornbook:hint")
    expect(desk.footer().locator(".hb-hint")).to_have_count(2)
    assert (recorded.value.status, recorded.value.json()["shown"]) == (200, 2)

    for exercise, source in SOLUTION.items():
        desk.check(source, exercise)
        expect(desk.footer(exercise).locator(".hornbook-card")).to_have_class(re.compile("hb-is-passed"))
    desk.command("hornbook:hand-in")
    expect(desk.page.locator(".jp-hb-handin .jp-hb-passed-title")).to_have_text("Secret messages")
    expect(desk.page.locator(".jp-hb-handin .jp-hb-said")).to_have_text("Passed with 10 of 10 points")
    expect(desk.page.locator(".jp-hb-next")).to_contain_text("It builds on Secret messages.")
    desk.picture("passed")

    with desk.page.context.expect_page() as opened:
        desk.page.locator(".jp-hb-links a").first.click()
    expect(opened.value.get_by_role("heading", name="Secret messages").first).to_be_visible()
    opened.value.screenshot(path=ROOT / "test-output" / "screenshots" / "lab-page.png")

    desk.command("hornbook:open-portfolio")
    expect(desk.page.locator(".hb-page").get_by_role("heading", name="Secret messages")).to_be_visible()
    desk.picture("portfolio")


def test_what_was_raised_leads_to_the_lesson_that_teaches_it(desk: Desk) -> None:
    """Below the card, and in the search, which answers the message itself; an answer that raises nothing has no such line."""
    desk.start("tidy_expenses")
    teaches = desk.footer("totals").locator(".jp-hb-teaches")
    desk.check("def totals(items):\n    return {}['price']\n", "totals")
    expect(teaches.get_by_role("button")).to_have_text("Read it from the bottom")
    expect(teaches).to_contain_text("It is about what KeyError tells.")
    desk.picture("teaches")
    desk.check("def totals(items):\n    return {}\n", "totals")
    expect(teaches).to_be_hidden()
    desk.command("hornbook:show-lessons")
    panel = desk.page.locator(".hb-panel")
    panel.get_by_role("searchbox").fill("KeyError: 'price'")
    found = panel.get_by_role("region", name="This fits")
    expect(found.get_by_role("button", name="Read it from the bottom")).to_be_visible()
    desk.picture("found")
    desk.check("def totals(items):\n    return {}['price']\n", "totals")
    teaches.get_by_role("button").click()

    expect(desk.footer("what_happened")).to_be_visible()


def test_nothing_that_an_answer_says_runs(desk: Desk, html_payloads: tuple[str, ...]) -> None:
    """What a learner's code returned, raised and printed is text below its cell."""
    desk.start()
    words = " ".join(html_payloads)
    for source in (f"return {words!r}", f"raise ValueError({words!r})", f"print({words!r})\n    return None"):
        desk.check(f"def shift_letter(letter, places):\n    {source}\n")
        expect(desk.footer().locator(".hornbook-card")).to_have_class(re.compile("hb-is-open|hb-is-failed|hb-is-not"))
        assert desk.page.evaluate("() => window.ran") is None
        assert desk.footer().locator("script, iframe, object, embed, form, base, meta, link, img").count() == 0
    desk.picture("hostile")


def test_what_was_handed_in_too_early_says_what_is_open(desk: Desk) -> None:
    """Each exercise that is open can be shown with a click, and the focus stays where it was."""
    desk.start("bike_count")
    desk.command("hornbook:hand-in")
    still = desk.page.locator(".jp-hb-open button")
    expect(still.first).to_be_visible()
    desk.page.evaluate("() => { window.before = document.activeElement }")
    still.last.click()
    expect(desk.footers.last).to_be_in_viewport()

    assert desk.page.evaluate("() => document.activeElement === window.before")
    # A ribbon that scrolls sideways would hide its end.
    assert desk.page.locator(".jp-hb-bars").evaluate("node => node.scrollWidth - node.clientWidth") == 0

    desk.picture("open")
    desk.page.locator(".jp-hb-close").click()
    expect(desk.page.locator(".jp-hb-bars")).to_be_hidden()


def test_a_pass_stands_when_its_page_cannot_be_written(desk: Desk, lab: Lab) -> None:
    """The pass card says why there is no page, and the pass counts all the same."""
    portfolio = lab.folder / "portfolio"
    aside = portfolio.rename(lab.folder / "aside") if portfolio.exists() else None
    portfolio.write_text("in the way", "utf-8")
    try:
        desk.start()
        for exercise, source in SOLUTION.items():
            desk.write(source, exercise)
        desk.command("hornbook:hand-in")
        expect(desk.page.locator(".jp-hb-handin .jp-hb-said")).to_have_text("Passed with 10 of 10 points")
        expect(desk.page.locator(".jp-hb-links")).to_contain_text("portfolio: the artifact cannot be written there")
        expect(desk.page.locator(".jp-hb-links a")).to_have_count(0)
    finally:
        portfolio.unlink()
        if aside is not None:
            aside.rename(portfolio)


def test_a_reload_keeps_what_was_reached(desk: Desk) -> None:
    """The server remembers which exercises passed."""
    path = desk.start("steady_pulse")
    exercise = str(desk.footers.first.get_attribute("data-exercise"))
    solution = read_solution(next((ROOT / "graders").rglob("steady_pulse.solution.py")))
    desk.check("\n".join(solution[exercise]), exercise)
    expect(desk.footer(exercise).locator(".hornbook-card")).to_have_class(re.compile("hb-is-passed"))
    desk.page.evaluate("() => window.jupyterapp.shell.currentWidget.context.save()")
    desk.enter()
    desk.open(path)

    expect(desk.footer(exercise).locator(".jp-hb-status")).to_have_text("Passed when it was last checked.")


def test_running_a_cell_checks_it_unless_a_setting_says_otherwise(desk: Desk, lab: Lab) -> None:
    """An exercise that was begun is checked when its cell runs; one that is as it was given is not."""
    desk.start()
    desk.write(SOLUTION[FIRST])
    desk.command("notebook:run-cell")
    expect(desk.footer().locator(".hornbook-card")).to_have_class(re.compile("hb-is-passed"))

    with lab.setting("hornbook:plugin", {"checkOnRun": False}):
        desk.enter()
        desk.start()
        desk.write(SOLUTION[FIRST])
        desk.command("notebook:run-cell")
        expect(desk.page.locator(".jp-NotebookPanel .jp-InputPrompt", has_text="[1]:")).to_be_visible()
        expect(desk.footer().locator(".jp-hb-card")).to_be_hidden()


def test_the_keyboard_is_enough(desk: Desk) -> None:
    """One key runs and checks; the footer's buttons are reached with Tab, and the editor keeps the focus."""
    desk.start()
    desk.write(MISTAKE)
    desk.page.evaluate("() => window.jupyterapp.commands.execute('notebook:enter-edit-mode').then(() => undefined)")
    desk.page.keyboard.press("Alt+Shift+Enter")
    expect(desk.headline()).to_contain_text("visible checks pass")

    assert desk.page.evaluate("() => document.activeElement.closest('.jp-Cell') !== null")

    desk.footer().locator(".jp-hb-main").focus()
    desk.page.keyboard.press("Tab")
    expect(desk.footer().get_by_role("button", name="Reset")).to_be_focused()
    desk.page.keyboard.press("Enter")
    expect(desk.footer().locator(".jp-hb-card")).to_be_hidden()


# --- When something is slow, dead or gone ----------------------------------------------------------------------------


def test_a_loop_is_cancelled(desk: Desk) -> None:
    """A check that does not end can be ended, and the next one is answered."""
    desk.start()
    desk.write(LOOP)
    desk.command("hornbook:check")
    cancel = desk.footer().get_by_role("button", name="Cancel")
    expect(cancel).to_be_visible()
    desk.picture("running")
    cancel.click()
    expect(desk.footer().locator(".jp-hb-status")).to_have_text("This check was cancelled.")

    desk.check(SOLUTION[FIRST])
    expect(desk.footer().locator(".hornbook-card")).to_have_class(re.compile("hb-is-passed"))


def test_a_loop_that_never_ends_is_told(desk: Desk) -> None:
    """Nobody waits for it: the card says so, with its line."""
    desk.start()
    desk.check("def shift_letter(letter, places):\n    while places:\n        places = -places\n")
    card = desk.footer().locator(".hornbook-card")

    expect(card).to_contain_text("Your code is in a loop that never ends")
    expect(card).to_contain_text("line 2, in shift_letter: while places:")
    desk.picture("endless")


def test_a_newer_check_takes_the_place_of_one_that_still_runs(desk: Desk) -> None:
    """What becomes of the older one is shown nowhere, whenever it comes."""
    desk.start()
    desk.write(LOOP)
    desk.command("hornbook:check")
    expect(desk.footer().get_by_role("button", name="Cancel")).to_be_visible()
    desk.check(SOLUTION[FIRST])
    expect(desk.footer().locator(".hornbook-card")).to_have_class(re.compile("hb-is-passed"))
    desk.check(MISTAKE)

    expect(desk.headline()).to_contain_text("visible checks pass")


def test_a_stream_that_a_proxy_ends_is_asked_for_again(desk: Desk) -> None:
    """A proxy ends what takes long; the check goes on, and its answer comes."""
    desk.start()
    cut: list[str] = []

    def proxy(route: Route) -> None:
        """Let the first stream say that the job runs, and end it."""
        if cut:
            route.continue_()
            return
        cut.append(route.request.url)
        job = {"id": route.request.url.split("/")[-2], "kind": "check", "state": "running", "progress": None, "result": None, "error": None}
        route.fulfill(status=200, content_type="text/event-stream", body=f"event: running\ndata: {json.dumps(job)}\n\n")

    desk.page.route(re.compile(r"/hornbook/api/jobs/[^/]+/events"), proxy)
    desk.write(LOOP)
    with desk.page.expect_response(lambda response: "/events" in response.url and bool(cut) and response.request.url == cut[0]):
        desk.command("hornbook:check")
    desk.footer().get_by_role("button", name="Cancel").click()
    expect(desk.footer().locator(".jp-hb-status")).to_have_text("This check was cancelled.")

    assert cut


def test_a_stream_that_says_nothing_is_told_in_a_sentence(desk: Desk) -> None:
    """Nobody waits for ever for a server that is gone."""
    desk.start()
    events = re.compile(r"/hornbook/api/jobs/[^/]+/events")
    desk.page.route(events, lambda route: route.fulfill(status=200, content_type="text/event-stream", body=""))
    desk.write(LOOP)
    desk.command("hornbook:check")

    expect(desk.footer().locator(".jp-hb-status")).to_contain_text("cannot be reached")


def test_a_kernel_that_is_killed_costs_no_check(desk: Desk, lab: Lab) -> None:
    """The server answers without it."""
    desk.start()
    kernels = [one for one in psutil.Process(lab.process.pid).children(recursive=True) if "ipykernel_launcher" in " ".join(one.cmdline())]
    desk.write(f"import os\nos.kill(os.getpid(), 9) if 'JPY_PARENT_PID' in os.environ else None\n{SOLUTION[FIRST]}")
    desk.command("hornbook:check")

    expect(desk.footer().locator(".hornbook-card")).to_have_class(re.compile("hb-is-passed"))
    assert kernels


def test_a_server_that_cannot_be_reached_is_told_in_a_sentence(desk: Desk) -> None:
    """What was written stays, and the next check works again."""
    desk.start()
    desk.page.route("**/hornbook/api/checks*", lambda route: route.abort())
    desk.write(MISTAKE)
    desk.command("hornbook:check")
    expect(desk.footer().locator(".jp-hb-status")).to_contain_text("cannot be reached")
    desk.page.unroute("**/hornbook/api/checks*")

    desk.check(SOLUTION[FIRST])
    expect(desk.footer().locator(".hornbook-card")).to_have_class(re.compile("hb-is-passed"))


def test_without_our_server_nothing_of_this_is_there(desk: Desk) -> None:
    """A static site answers with a page: then there is no footer, no button, and no error."""
    page = "<!doctype html><title>not here</title>"
    desk.page.route("**/hornbook/api/**", lambda route: route.fulfill(status=404, content_type="text/html", body=page))
    desk.enter()
    desk.open(next((desk.lab.folder / "lessons").rglob(f"{LESSON}.ipynb")).relative_to(desk.lab.folder).as_posix())

    expect(desk.footers).to_have_count(0)
    expect(desk.page.get_by_role("button", name="Hand in")).to_have_count(0)


# --- Cells that come, go and move --------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["defer", "full", "contentVisibility", "none"])
def test_each_exercise_has_one_footer_in_every_windowing_mode(desk: Desk, lab: Lab, mode: str) -> None:
    """Whatever JupyterLab leaves out of the page, what is in it has its footer, once."""
    with lab.setting("@jupyterlab/notebook-extension:tracker", {"windowingMode": mode}):
        desk.enter()
        desk.start()
        for exercise, source in SOLUTION.items():
            desk.write(source, exercise)
            desk.page.evaluate(
                """() => { const notebook = window.jupyterapp.shell.currentWidget.content;
                    return notebook.scrollToItem(notebook.activeCellIndex, 'center') }"""
            )
            expect(desk.page.locator(f'.jp-hb-footer[data-exercise="{exercise}"]')).to_have_count(1)
            desk.check(source, exercise)
            expect(desk.footer(exercise).locator(".hornbook-card")).to_have_class(re.compile("hb-is-passed"))


def test_a_copy_of_an_exercise_says_that_the_first_one_counts(desk: Desk) -> None:
    """Each has its own footer; the copy is told apart, and when the first is cut it is the exercise."""
    desk.start()
    desk.write(SOLUTION[FIRST])
    desk.command("notebook:copy-cell")
    desk.command("notebook:paste-cell-below")
    both = desk.page.locator(f'.jp-hb-footer[data-exercise="{FIRST}"]')
    expect(both).to_have_count(2)
    expect(both.nth(1).locator(".jp-hb-status")).to_have_text("This exercise is there twice; the first one counts.")
    expect(both.nth(0).locator(".jp-hb-status")).not_to_contain_text("twice")
    expect(both.nth(1).locator(".jp-hb-main")).to_be_hidden()
    desk.write("", FIRST)
    desk.command("notebook:delete-cell")
    expect(both).to_have_count(1)
    expect(both.locator(".jp-hb-status")).not_to_contain_text("twice")


def test_an_exercise_can_be_cut_and_pasted_and_moved(desk: Desk) -> None:
    """Wherever it stands it has one footer, which checks it."""
    desk.start()
    desk.write(SOLUTION[FIRST])
    desk.command("notebook:cut-cell")
    expect(desk.page.locator(f'.jp-hb-footer[data-exercise="{FIRST}"]')).to_have_count(0)
    desk.command("notebook:paste-cell-below")
    desk.check(SOLUTION[FIRST])
    for command in ("notebook:move-cell-up", "notebook:move-cell-down"):
        desk.command(command)
        expect(desk.page.locator(f'.jp-hb-footer[data-exercise="{FIRST}"]')).to_have_count(1)
        expect(desk.footer().locator(".hornbook-card")).to_have_class(re.compile("hb-is-passed"))
    desk.check(MISTAKE)

    expect(desk.headline()).to_contain_text("visible checks pass")


def test_two_notebooks_know_nothing_of_each_other(desk: Desk) -> None:
    """What is checked in one leaves the other of the same lesson as it was."""
    first = desk.start()
    desk.check(SOLUTION[FIRST])
    desk.start()
    expect(desk.footer().locator(".jp-hb-card")).to_be_hidden()
    desk.check(MISTAKE)
    desk.open(first)

    expect(desk.footer().locator(".hornbook-card")).to_have_class(re.compile("hb-is-passed"))


def test_a_hundred_exercises_have_their_footers(desk: Desk) -> None:
    """In a long notebook each cell that is in the page has its footer, once."""
    path = desk.start()
    file = desk.lab.folder / path
    notebook = json.loads(file.read_text("utf-8"))
    one = next(cell for cell in notebook["cells"] if cell["metadata"].get("hornbook", {}).get("exercise") == FIRST)
    notebook["cells"] += [{**one, "id": f"again-{number}"} for number in range(99)]
    long = file.with_stem(f"{LESSON}-long-{secrets.token_hex(3)}")
    long.write_text(json.dumps(notebook), "utf-8")
    desk.open(long.relative_to(desk.lab.folder).as_posix())
    desk.page.wait_for_function("() => document.querySelectorAll('.jp-hb-footer').length > 20")
    twice = "() => [...document.querySelectorAll('.jp-CodeCell')].filter(cell => cell.querySelectorAll('.jp-hb-footer').length > 1).length"

    assert desk.page.evaluate(twice) == 0


def test_an_exercise_that_was_deleted_can_be_put_back(desk: Desk) -> None:
    """It comes back at its place, with its id, and nothing else in the notebook has changed."""
    desk.start()
    order = "() => window.jupyterapp.shell.currentWidget.content.model.sharedModel.cells.map(cell => cell.getId())"
    before = desk.page.evaluate(order)
    desk.write("gone = 1")
    desk.command("notebook:delete-cell")
    notice = desk.page.locator(".jp-hb-notice")
    expect(notice).to_contain_text(FIRST)
    desk.picture("missing")
    notice.get_by_role("button", name="Put back").click()
    expect(desk.footer()).to_be_attached()

    assert desk.page.evaluate(order) == before


def test_reset_brings_the_start_back_and_undo_the_answer(desk: Desk) -> None:
    """It is one step, which can be undone."""
    desk.start()
    source = "() => window.jupyterapp.shell.currentWidget.content.activeCell.model.sharedModel.getSource()"
    desk.write(MISTAKE)
    desk.command("hornbook:reset")
    expect(desk.footer().get_by_role("button", name="Reset")).to_be_hidden()

    assert "your lines go here" in desk.page.evaluate(source)

    desk.page.evaluate("() => window.jupyterapp.shell.currentWidget.content.activeCell.model.sharedModel.undo()")

    assert desk.page.evaluate(source) == MISTAKE


def test_reading_cells_are_protected_and_nothing_is_written_into_the_notebook(desk: Desk, lab: Lab) -> None:
    """What the lesson tells cannot be edited by accident; what a learner adds can; and no metadata comes into the file."""
    path = desk.start()
    before = marks(lab.folder / path)
    desk.page.evaluate("() => { window.jupyterapp.shell.currentWidget.content.activeCellIndex = 1 }")
    desk.command("notebook:insert-cell-below")
    read_only = "() => window.jupyterapp.shell.currentWidget.content.widgets.map(cell => cell.readOnly)"
    desk.page.wait_for_function("() => window.jupyterapp.shell.currentWidget.content.widgets[0].readOnly")
    states = desk.page.evaluate(read_only)
    exercise = desk.page.evaluate(
        "() => window.jupyterapp.shell.currentWidget.content.widgets.findIndex(cell => (cell.model.getMetadata('hornbook') || {}).exercise)"
    )
    desk.page.evaluate("() => window.jupyterapp.shell.currentWidget.context.save()")
    after = marks(lab.folder / path)

    shown = desk.page.evaluate(
        "() => window.jupyterapp.shell.currentWidget.content.widgets"
        ".findIndex(cell => (cell.model.getMetadata('tags') || []).includes('show'))"
    )

    assert states[0]
    assert not states[2], "a learner's own cell"
    assert not states[exercise]
    assert not states[shown], "an exercise at work, which lessons ask to be changed"
    assert {name: after[name] for name in before} == before


@pytest.fixture
def variant(lab: Lab, tmp_path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Give the path in the Lab of a notebook that was handed out, and its learner's values; its lesson is the course's meanwhile."""
    course = drawing(tmp_path / "course")
    lesson, seed = course.lesson("steps"), Seed.open(course, tmp_path / "seed")
    made = [lab.folder / path.relative_to(course.root) for path in (lesson.path, course.grader("steps"), course.solution("steps"))]
    for path in made:
        shutil.copy(course.root / path.relative_to(lab.folder), path)
    path = hand_out(lesson, "ada", seed, lab.folder / "my-work")
    # Whatever id and comment another papermill gives it: its tag says what it is.
    notebook = json.loads(path.read_bytes())
    notebook["cells"][1] |= {"id": "papermills", "source": "".join(notebook["cells"][1]["source"]).replace("# Parameters\n", "")}
    path.write_text(json.dumps(notebook), "utf-8")
    yield path.relative_to(lab.folder).as_posix(), seed.variant(lesson, "ada")
    shutil.rmtree(path.parent)
    for one in made:
        one.unlink()


def test_a_notebook_with_values_of_its_own_is_checked_and_handed_in_with_them(
    desk: Desk, lab: Lab, variant: tuple[str, dict[str, Any]]
) -> None:
    """Papermill's cell has no Check, cannot be edited, and is what its kernel and the checks go by; a page of it has no such cell."""
    path, own = variant
    desk.open(path)
    expect(desk.footers).to_have_count(2)
    protected = "() => window.jupyterapp.shell.currentWidget.content.widgets.map(cell => cell.readOnly)"
    assert desk.page.evaluate(protected)[1]
    desk.command("notebook:run-all-cells")
    desk.page.wait_for_function("() => window.jupyterapp.shell.currentWidget.content.widgets.every(cell => cell.model.executionCount > 0)")

    for number, word, passes in ((1, "x", False), (own["n"], own["word"], True)):
        desk.check(f"one = {number * 10 + len(word)}", "one")
        expect(desk.footer("one").locator(".hornbook-card")).to_have_class(
            re.compile("hb-is-passed" if passes else "hb-is-(open|failed|not)")
        )
    desk.picture("variant")

    desk.check("one = n * 10 + len(word)\nprint(one)", "one")
    desk.check("two = 2", "two")
    desk.command("notebook:run-all-cells")
    printed = f"{own['n'] * 10 + len(own['word'])}"
    expect(desk.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-OutputArea-output").filter(has_text=printed)).to_have_count(1)
    desk.command("hornbook:hand-in")
    expect(desk.page.locator(".jp-hb-handin .jp-hb-said")).to_have_text("Passed with 9 of 9 points")
    made = max((lab.folder / "portfolio").glob("steps-*/verdict.json"), key=lambda file: file.stat().st_mtime_ns)

    assert json.loads(made.read_bytes())["parameters"] == {"values": own, "of": "notebook"}
    assert "injected" not in made.with_name("notebook.ipynb").read_text("utf-8")
    assert printed in made.with_name("notebook.ipynb").read_text("utf-8")


def marks(path: Path) -> dict[str, Any]:
    """Return what a notebook's file says about each of its cells; that it is trusted JupyterLab writes itself."""
    cells = json.loads(path.read_text("utf-8"))["cells"]
    return {cell["id"]: {name: value for name, value in cell["metadata"].items() if name != "trusted"} for cell in cells}


def test_the_courses_own_copy_leads_to_ones_own(desk: Desk, lab: Lab) -> None:
    """Who opens a lesson where it lies is told so, and brought to a copy."""
    original = next((lab.folder / "lessons").rglob("tidy_expenses.ipynb")).relative_to(lab.folder).as_posix()
    desk.open(original)
    notice = desk.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-hb-notice")
    expect(notice).to_contain_text("the course's own copy")
    desk.picture("original")
    notice.get_by_role("button", name="Start working").click()
    desk.page.wait_for_function("() => window.jupyterapp.shell.currentWidget?.context?.path === 'my-work/hornbook/tidy_expenses.ipynb'")
    expect(desk.footers.first).to_be_attached()


def test_two_views_of_one_notebook_show_the_same(desk: Desk) -> None:
    """What is known belongs to the document, not to the view."""
    desk.start()
    desk.command("docmanager:clone")
    desk.page.wait_for_function("() => document.querySelectorAll('.jp-NotebookPanel').length === 2")
    desk.check(SOLUTION[FIRST])

    expect(desk.page.locator(f'.jp-hb-footer[data-exercise="{FIRST}"] .hornbook-card.hb-is-passed')).to_have_count(2)


# --- Everywhere, and for everybody -----------------------------------------------------------------------------------


def test_in_notebook_seven_it_is_the_same(desk: Desk) -> None:
    """The same build checks there, without an error."""
    path = desk.start()
    desk.enter(f"notebooks/{path}")
    expect(desk.footers.first).to_be_attached()
    desk.page.wait_for_function("() => window.jupyterapp.shell.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'")
    desk.check(SOLUTION[FIRST])
    expect(desk.footer().locator(".hornbook-card")).to_have_class(re.compile("hb-is-passed"))
    desk.picture("notebook-7")


@pytest.mark.parametrize("theme", THEMES)
def test_axe_finds_nothing(desk: Desk, theme: str) -> None:
    """In each theme the footer with a card, and what a hand-in shows, have no violation."""
    desk.start()
    desk.check(MISTAKE)
    desk.theme(theme)
    desk.command("hornbook:hand-in")
    expect(desk.page.locator(".jp-hb-open")).to_be_visible()
    desk.picture(theme.removeprefix("JupyterLab ").lower().replace(" ", "-"))

    assert desk.axe() == []


def test_on_a_phone_nothing_is_cut_off(desk: Desk) -> None:
    """At 390 pixels the footer fits into the page."""
    desk.page.set_viewport_size({"width": 390, "height": 844})
    desk.command("application:toggle-left-area")
    desk.start()
    desk.check(MISTAKE)
    desk.picture("390")
    box = desk.footer().bounding_box()

    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
