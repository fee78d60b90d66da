"""The panel of lessons, the portfolio and the instructor's Lab, in a real JupyterLab and a real browser.

What the server would have to be broken, slow or long in use to say is said in its place here (`Answers`), in the form of
`jlab_extension/src/types.ts`. Nothing leaves 127.0.0.1.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, Route, expect

if TYPE_CHECKING:
    from conftest import Lab

ROOT = Path(__file__).parent.parent
pytestmark = pytest.mark.xdist_group("browser")

THEMES = ("JupyterLab Light", "JupyterLab Dark", "JupyterLab Dark High Contrast")
SECONDS = 30.0
"""How long a condition is waited for; a busy machine takes its time, and what never comes must not hang."""
OURS = [".hb-panel", ".hb-page", ".hb-checks", ".hb-status"]
"""What of the page is ours, for axe: JupyterLab's own has violations of its own."""


# --- A Lab, a browser, and what the server says ----------------------------------------------------------------------


def lesson(path: Path, folder: Path, **parts: Any) -> dict[str, Any]:
    """Return what the server says of the lesson at *path*, where *parts* are not told otherwise."""
    notebook = json.loads(path.read_text("utf-8"))
    about = notebook["metadata"]["hornbook"]
    exercises = [cell["metadata"]["hornbook"]["exercise"] for cell in notebook["cells"] if "hornbook" in cell["metadata"]]
    progress = {"status": "new", "exercises": {}, "done": 0, "of": len(exercises), "attempts": 0, "passedAt": None, "reviewAt": None}
    checks = [
        {"name": "test_seen", "title": "What everybody sees", "points": 2, "hidden": False},
        {"name": "test_unseen", "title": "What only its author sees", "points": 3, "hidden": True},
    ]
    return {
        **{name: about[name] for name in ("slug", "title", "version", "summary", "objectives", "level", "minutes", "authors", "licence")},
        "course": "hornbook",
        "requires": about.get("requires", []),
        "skills": [{"name": skill["name"], "uri": skill.get("uri")} for skill in about.get("skills", [])],
        "exercises": [{"id": name, "points": 5, "checks": checks, "hidden": 1} for name in exercises],
        "path": f"my-work/{about['slug']}.ipynb",
        "original": path.relative_to(folder).as_posix(),
        "started": False,
        "editable": True,
        "due": [],
        "progress": progress,
        **parts,
    }


RESTORED = "() => { window.restoring ??= window.jupyterapp?.restored.then(() => { window.isRestored = true; }); return window.isRestored; }"
"""Whether the Lab has put everything where it was. The page itself keeps the promise: one that is only awaited from here can be lost."""


@dataclass(slots=True)
class Answers:
    """What the server says to each question, and what it was asked."""

    folder: Path
    lessons: list[dict[str, Any]]
    problems: list[str] = field(default_factory=list)
    fleeting: bool = False
    artifacts: list[dict[str, Any]] = field(default_factory=list)
    related: list[dict[str, Any]] = field(default_factory=list)
    found: list[dict[str, Any]] | None = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    down: bool = False
    held: list[Route] | None = None
    """Questions that wait for their answer; None where nothing waits."""
    asked: list[tuple[str, str, Any]] = field(default_factory=list)

    def __call__(self, route: Route) -> None:
        """Answer one question."""
        if self.held is not None:
            self.held.append(route)
            return
        request = route.request
        name = request.url.split("/hornbook/api/")[1].split("?")[0]
        self.asked.append((request.method, name, request.post_data_json if request.post_data else None))
        if self.down:
            route.abort()
            return
        if name.endswith("/events"):
            text = "".join(f"event: job\ndata: {json.dumps(event)}\n\n" for event in self.events)
            route.fulfill(status=200, content_type="text/event-stream", body=text)
            return
        answer = self.answer(request.method, name)
        if answer is None:
            route.fulfill(status=404, content_type="application/json", body='{"code": "not-found", "message": "There is none."}')
        else:
            route.fulfill(status=200, content_type="application/json", body=json.dumps(answer))

    def answer(self, method: str, name: str) -> Any:
        """Return what is said to a question; None where there is no such thing."""
        job = {
            "id": "1",
            "kind": "doctor",
            "state": "running",
            "progress": {"done": 1, "of": 4, "label": ""},
            "result": None,
            "error": None,
        }
        if name.endswith("/work"):
            return self.start(name.split("/")[2])
        if name.endswith("/related"):
            return self.related
        if method == "DELETE" and name.startswith("artifacts/"):
            self.artifacts = [one for one in self.artifacts if one["id"] != name.removeprefix("artifacts/")]
            return {"id": name.removeprefix("artifacts/")}
        return {
            ("GET", "health"): {
                "version": "1",
                "sandbox": {"level": 4, "name": ""},
                "jobs": {"running": 0, "waiting": 0},
                "fleeting": self.fleeting,
            },
            ("GET", "lessons"): {
                "courses": [{"name": "hornbook", "title": "The hornbook course", "problems": self.problems}],
                "lessons": self.lessons,
            },
            ("GET", "artifacts"): self.artifacts,
            ("GET", "find"): self.found,
            ("POST", "doctor"): job,
            ("DELETE", "jobs/1"): {**job, "state": "cancelled"},
            ("POST", "examples"): {"check": "def test_it(submission):\n    assert submission.f() == 1\n", "file": "graders/test_it.py"},
        }.get((method, name))

    def find(self, slug: str) -> dict[str, Any]:
        """Return one lesson."""
        return next(one for one in self.lessons if one["slug"] == slug)

    def start(self, slug: str) -> dict[str, Any]:
        """Make the learner's copy, as the server does."""
        found = self.find(slug)
        copy = self.folder / found["path"]
        if not copy.exists():
            copy.parent.mkdir(exist_ok=True)
            shutil.copyfile(self.folder / found["original"], copy)
        found["started"] = True
        if found["progress"]["status"] == "new":
            found["progress"]["status"] = "started"
        return found


@pytest.fixture
def answers(lab: Lab) -> Iterator[Answers]:
    """Give what the server says of the repository's lessons, before anybody has begun one."""
    paths = sorted((lab.folder / "lessons").rglob("*.ipynb"))
    yield Answers(lab.folder, [lesson(path, lab.folder) for path in paths if ".ipynb_checkpoints" not in path.parts])
    shutil.rmtree(lab.folder / "my-work", ignore_errors=True)


@dataclass(slots=True)
class Desk:
    """A browser before a JupyterLab."""

    page: Page
    lab: Lab
    complaints: list[str] = field(default_factory=list)

    def open(self, path: str = "lab") -> None:
        """Load the Lab, or a notebook in it, and wait until everything has been put where it was."""
        self.page.goto(f"{self.lab.url}{path}?reset&token={self.lab.token}")
        self.page.wait_for_function(RESTORED)
        self.page.wait_for_function("() => document.getElementById('jupyterlab-splash') === null")

    def command(self, name: str, arguments: dict[str, Any] | None = None) -> None:
        """Do what the menu would."""
        self.page.evaluate(
            "([name, arguments]) => window.jupyterapp.commands.execute(name, arguments).then(() => undefined)", [name, arguments or {}]
        )

    def knows(self, name: str) -> bool:
        """Return whether there is a command of that name, and one may give it."""
        return bool(
            self.page.evaluate(
                "(name) => window.jupyterapp.commands.hasCommand(name) && window.jupyterapp.commands.isVisible(name)"
                " && window.jupyterapp.commands.isEnabled(name)",
                name,
            )
        )

    def lessons(self) -> Locator:
        """Show the panel, and return it."""
        self.command("hornbook:show-lessons")
        return self.page.locator(".hb-panel")

    def theme(self, name: str) -> None:
        """Change the theme, and wait until it is there."""
        self.command("apputils:change-theme", {"theme": name})
        self.page.wait_for_function("(name) => document.body.dataset.jpThemeName === name", arg=name)

    def front(self, path: str) -> None:
        """Wait until the notebook at *path* is in front, and read."""
        self.page.wait_for_function(
            "(path) => { const one = window.jupyterapp.shell.currentWidget; return one?.context?.path === path && one.context.isReady; }",
            arg=path,
        )

    def axe(self) -> list[tuple[str, str]]:
        """Return what axe has against our part of the page, each with where it is."""
        # JupyterLab's body has no height: to axe no text on it would be on the screen, and no contrast be measured.
        self.page.evaluate("() => { document.body.style.height = '100vh'; }")
        self.page.evaluate(Axe().axe_script)
        there = [name for name in OURS if self.page.locator(name).count()]
        found = self.page.evaluate("(there) => axe.run({ include: there })", there)

        assert "color-contrast" in {one["id"] for one in found["passes"]}
        return [(one["id"], node["html"]) for one in found["violations"] for node in one["nodes"]]

    def picture(self, name: str) -> None:
        """Keep what is seen."""
        folder = Path(os.environ.get("HORNBOOK_SCREENSHOTS") or ROOT / "test-output" / "screenshots")
        folder.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=folder / f"panel-{name}.png")


@pytest.fixture
def desk(browser: Browser, lab: Lab, answers: Answers) -> Iterator[Desk]:
    """Give a desk with a new page; at the end its kernels are shut down, and the page has complained of nothing of ours."""
    context = browser.new_context(viewport={"width": 1280, "height": 1000}, reduced_motion="reduce")
    context.set_default_timeout(SECONDS * 1000)
    context.route("**/hornbook/api/**", lambda route: answers(route))  # noqa: PLW0108 - Playwright writes on what it is given
    page = context.new_page()
    desk = Desk(page, lab)
    page.on("pageerror", lambda error: desk.complaints.append(f"{error} {error.stack}"))
    yield desk
    # What the Lab says of kernels that we end under it is no complaint.
    complaints = list(desk.complaints)
    if page.url.startswith(lab.url) and page.evaluate("() => window.jupyterapp !== undefined"):
        page.evaluate("() => window.jupyterapp.serviceManager.sessions.shutdownAll()")
    context.close()

    # The Lab itself says this of a page that is left while its kernel is being asked.
    assert [one for one in complaints if "Canceled future" not in one] == []


def titles(panel: Locator) -> list[str]:
    """Return the titles of the lessons that are listed."""
    return panel.locator(".hb-lesson-title").all_inner_texts()


# --- The panel -------------------------------------------------------------------------------------------------------


def test_lessons_are_searched_and_filtered(desk: Desk, answers: Answers) -> None:
    """A search forgives a slip, a filter leaves what fits, and where nothing fits the way back is one button."""
    desk.open()
    panel = desk.lessons()
    search = panel.get_by_role("searchbox", name="Search lessons")
    expect(panel.locator(".hb-lesson")).to_have_count(len(answers.lessons))
    search.fill("SECRTE")

    expect(panel.get_by_role("status")).to_have_text("1 lesson found")
    assert titles(panel) == ["Secret messages"]
    search.press("Escape")
    panel.get_by_text("Filters").click()
    panel.get_by_label("Level").select_option("intermediate")
    expect(panel.locator(".hb-filters summary")).to_have_text("Filters: 1 chosen")
    assert titles(panel) == [one["title"] for one in answers.lessons if one["level"] == "intermediate"]
    search.fill("nothing like this")
    expect(panel).to_contain_text("No lesson fits.")
    panel.get_by_role("button", name="Show all lessons").click()

    expect(panel.locator(".hb-lesson")).to_have_count(len(answers.lessons))


def hit(title: str, **other: Any) -> dict[str, Any]:
    """Return what the server has found."""
    plain = {
        "kind": "lesson", "title": title, "reasons": ["It is about the same in other words."], "passage": "Move each letter.", "cell": 3,
        "matched": [], "skills": [], "level": "beginner", "minutes": 5, "course": "elsewhere", "slug": title.lower(), "assurance": "",
        "here": False, "artifact": None,
    }  # fmt: skip
    return plain | other


def test_what_fits_by_meaning_is_found_beside_what_has_the_words(desk: Desk, answers: Answers) -> None:
    """Lessons of the list lead to their row, artifacts to their page, and what is not here is named; nothing is told twice."""
    other = answers.find("tidy_expenses")
    here = {"course": "hornbook", "here": True}
    answers.found = [
        hit("Secret messages", slug="secret_messages", **here),
        hit(other["title"], slug=other["slug"], **here),
        hit("My cipher", kind="artifact", assurance="self-checked", artifact="secret_messages-12345678"),
        hit("Rot13"),
    ]
    desk.open()
    panel = desk.lessons()
    search = panel.get_by_role("searchbox", name="Search lessons")
    search.fill("secret")
    more = panel.get_by_role("region", name="Also fits")
    expect(more.get_by_role("listitem")).to_have_count(3)

    expect(panel.get_by_role("status")).to_have_text("1 lesson found, 3 more that fit")
    expect(more.get_by_role("link", name="My cipher")).to_have_attribute("href", re.compile("artifacts/secret_messages-12345678/page$"))
    expect(more).to_contain_text("in the course elsewhere, which is not open here")
    expect(more.locator(".hb-passage").first).to_have_text("Move each letter.")
    desk.picture("found")
    more.get_by_role("button", name=other["title"]).click()
    expect(panel.get_by_role("button", name=re.compile(f"^{other['title']}"), expanded=True)).to_be_focused()
    search.fill("zzzz")
    expect(panel.get_by_role("region", name="This fits").get_by_role("listitem")).to_have_count(4)
    expect(panel.get_by_role("status")).to_have_text("4 results")
    answers.found = None
    search.fill("secret")
    expect(panel).to_contain_text("Only titles, skills and summaries were searched: There is none.")
    assert titles(panel) == ["Secret messages"]


def test_a_traceback_is_pasted_as_what_it_says(desk: Desk, answers: Answers) -> None:
    """Its last line is what is searched for; another text of several lines is put into one."""
    answers.found = [hit("Dictionaries")]
    desk.open()
    search = desk.lessons().get_by_role("searchbox", name="Search lessons")
    paste = """(node, text) => {
        const data = new DataTransfer();
        data.setData("text/plain", text);
        node.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
    }"""
    search.evaluate(paste, "Traceback (most recent call last):\n  File x, line 1\nKeyError: 'price'\n")
    expect(search).to_have_value("KeyError: 'price'")
    search.evaluate(paste, "one\n\n two")

    expect(search).to_have_value("one two")


def test_an_artifact_is_deleted_when_its_learner_says_so_twice(desk: Desk, answers: Answers) -> None:
    """Once is a question, whose first answer is to keep it."""
    answers.artifacts = [artifact("a", "one", "2026-01-02T10:00:00+00:00"), artifact("b", "two", "2026-01-02T10:00:00+00:00")]
    desk.open()
    desk.command("hornbook:open-portfolio")
    page = desk.page.locator(".hb-page")
    expect(page.locator(".hb-artifact")).to_have_count(2)
    button = page.get_by_role("button", name="Delete: one")
    button.click()
    dialog = desk.page.get_by_role("dialog")
    expect(dialog).to_contain_text("Delete “one”?")
    desk.picture("delete")
    dialog.get_by_role("button", name="Keep").click()
    expect(page.locator(".hb-artifact")).to_have_count(2)
    button.click()
    dialog.get_by_role("button", name="Delete").click()

    expect(page.locator(".hb-artifact h2")).to_have_text([re.compile("two")])


def test_a_lesson_is_started_and_its_progress_stays(desk: Desk, answers: Answers) -> None:
    """Start makes the learner's copy and opens it; the list, the status bar and the next page know how far it is."""
    desk.open()
    panel = desk.lessons()
    panel.get_by_role("button", name=re.compile("^Secret messages")).click()
    expect(panel).to_contain_text("move a letter along the alphabet")
    panel.locator(".hb-details").get_by_role("button", name="Start: Secret messages").click()
    desk.front("my-work/secret_messages.ipynb")

    current = panel.locator(".hb-lesson[aria-current=true]")
    expect(current).to_contain_text("open now")
    expect(current).to_contain_text("0 of 4 exercises")
    expect(desk.page.locator(".hb-status")).to_have_text([f"Lessons 0/{len(answers.lessons)}", "0 of 4 exercises"])
    answers.find("secret_messages")["progress"] |= {"done": 3}
    answers.find("tidy_expenses")["progress"] |= {"status": "passed", "done": 3, "reviewAt": "2020-01-01T00:00:00+00:00"}
    desk.open()
    panel = desk.lessons()
    expect(panel).to_contain_text("3 of 4 exercises")
    expect(panel.get_by_role("region", name="Next")).to_contain_text("Secret messages")
    expect(panel.get_by_role("button", name="Continue: Secret messages")).to_have_count(1)
    expect(panel.get_by_role("region", name="To review")).to_contain_text("Tidy expenses")
    expect(desk.page.locator(".hb-status").first).to_have_text(f"Lessons 1/{len(answers.lessons)}")
    desk.picture("progress")


def test_panel_says_by_when_a_lesson_is_due(desk: Desk, answers: Answers) -> None:
    """The next date of a lesson stands beside it, by the clocks here, and no date where it was passed; of one that is over it says so."""
    here = {"cohort": "autumn", "title": "Autumn evenings"}
    answers.find("secret_messages")["due"] = [{**here, "at": "2099-09-14T18:00:00+00:00"}]
    answers.find("honest_chart")["due"] = [
        {**here, "at": "2099-09-21T18:00:00+00:00"},
        {**here, "title": "Winter", "at": "2020-01-01T18:00:00+00:00"},
    ]
    answers.find("bike_count")["due"] = [{**here, "at": "2020-01-06T18:00:00+00:00"}]
    answers.find("tidy_expenses")["due"] = [{**here, "at": "2099-10-05T18:00:00+00:00"}]
    answers.find("tidy_expenses")["progress"] |= {"status": "passed", "done": 3}
    desk.open()
    panel = desk.lessons()

    expect(panel.locator(".hb-lesson").filter(has_text="Secret messages")).to_contain_text(
        re.compile(r"15\smin · due\s\w+,\sSep\s14,\s2099")
    )
    expect(panel.locator(".hb-lesson").filter(has_text="chart")).to_contain_text(re.compile(r"due\s.*2099.*\(Autumn\sevenings\)"))
    expect(panel.locator(".hb-lesson").filter(has_text="Counting bikes")).to_contain_text(re.compile(r"was\sdue\s\w+,\sJan\s6,\s2020"))
    expect(panel.locator(".hb-lesson").filter(has_text="Tidy expenses")).not_to_contain_text("due")
    desk.picture("due")


def test_where_nothing_stays_the_panel_says_so(desk: Desk, answers: Answers) -> None:
    """On Binder it is said at the top, and everywhere all work can be downloaded."""
    desk.open()
    panel = desk.lessons()
    expect(panel.get_by_role("link", name="Download my work")).to_have_attribute("href", re.compile(r"/hornbook/api/takeaway"))
    expect(panel).not_to_contain_text("Nothing that you do here stays")
    answers.fleeting = True
    desk.open()
    notice = desk.lessons().locator(".hb-fleeting")
    expect(notice).to_contain_text("Nothing that you do here stays when this place is closed.")
    # Below all lessons it would be seen by nobody in time.
    expect(notice.get_by_role("link", name="Download my work")).to_be_visible()
    desk.picture("fleeting")


def test_the_next_lesson_is_one_command(desk: Desk, answers: Answers) -> None:
    """The command opens what is suggested, and is not there when all is passed; the launcher has a card for it."""
    desk.open()
    desk.lessons().locator(".hb-lesson").first.wait_for()
    card = desk.page.locator(".jp-LauncherCard").filter(has_text="Next lesson")
    expect(card).to_be_visible()
    desk.command("hornbook:next-lesson")
    desk.front(next(one["path"] for one in answers.lessons if not one["requires"]))

    for one in answers.lessons:
        one["progress"]["status"] = "passed"
    desk.open()
    expect(desk.lessons()).to_contain_text("You have passed every lesson there is.")
    assert not desk.knows("hornbook:next-lesson")


def test_the_panel_needs_no_mouse(desk: Desk, answers: Answers) -> None:
    """From the search box on, Tab reaches everything, Enter unfolds a lesson, and what is related is unfolded and gets the focus."""
    other = answers.find("tidy_expenses")
    answers.related = [{"course": "hornbook", "slug": other["slug"], "title": other["title"], "reason": "Both need loops."}]
    desk.open()
    # The launcher takes the focus when it comes.
    desk.page.locator(".jp-LauncherCard").first.wait_for()
    panel = desk.lessons()
    search = panel.get_by_role("searchbox")
    search.fill("pancakes")
    expect(panel.locator(".hb-lesson")).to_have_count(1)
    focused = []
    for place in (search, panel.locator(".hb-filters summary")):
        place.press("Tab")
        focused.append(desk.page.evaluate("() => document.activeElement.innerText.split('\\n')[0]"))
    assert focused == ["Filters", "○"]
    desk.page.keyboard.press("Enter")
    expect(panel.locator(".hb-lesson-button")).to_have_attribute("aria-expanded", "true")
    expect(panel).to_contain_text("Both need loops.")
    desk.page.keyboard.press("Tab")
    expect(panel.locator(".hb-details").get_by_role("button", name="Start: Pancakes for eleven")).to_be_focused()
    desk.page.keyboard.press("Tab")
    desk.page.keyboard.press("Enter")

    target = panel.get_by_role("button", name=re.compile("^Tidy expenses")).and_(panel.locator("[aria-expanded=true]"))
    expect(target).to_be_focused()


def test_what_a_lesson_requires_is_told(desk: Desk, answers: Answers) -> None:
    """A lesson says what comes before it, and whether that is passed; it is not suggested before."""
    answers.lessons = answers.lessons[:2]
    first, second = answers.lessons
    first["requires"], second["requires"] = [second["slug"]], []
    desk.open()
    panel = desk.lessons()
    expect(panel.get_by_role("region", name="Next")).to_contain_text(second["title"])
    panel.locator(".hb-lesson-button").first.click()

    expect(panel.locator(".hb-details").first).to_contain_text(f"{second['title']} not passed yet")


def test_the_panel_says_when_the_server_is_silent(desk: Desk, answers: Answers) -> None:
    """While the server is asked it says so, without an answer it says that, and asks again when told to."""
    answers.held = []
    desk.open()
    panel = desk.lessons()
    expect(panel).to_contain_text("Looking for lessons")
    answers.down = True
    waiting, answers.held = answers.held, None
    for route in waiting:
        answers(route)
    expect(panel).to_contain_text("The server did not answer, so the lessons cannot be shown.")
    answers.down = False
    panel.get_by_role("button", name="Try again").click()
    expect(panel.locator(".hb-lesson")).to_have_count(len(answers.lessons))
    answers.down = True
    panel.get_by_role("button", name="Read the lessons anew").click()

    expect(panel.get_by_role("alert")).to_have_text("The server did not answer. What you see is what was last known.")
    expect(panel.locator(".hb-lesson")).to_have_count(len(answers.lessons))


def test_without_lessons_or_without_a_server_the_panel_is_no_riddle(desk: Desk, answers: Answers) -> None:
    """An empty course says how lessons come, and a static site that there is no server."""
    answers.lessons = []
    desk.open()
    expect(desk.lessons()).to_contain_text("There are no lessons yet.")
    desk.page.context.unroute("**/hornbook/api/**")
    desk.page.context.route("**/hornbook/api/**", lambda route: route.fulfill(status=404, content_type="text/html", body="<html></html>"))
    desk.open()

    expect(desk.lessons()).to_contain_text("There is no hornbook server here")


def test_only_its_author_sees_what_is_amiss_with_a_course(desk: Desk, answers: Answers) -> None:
    """The problems of a course are shown to whoever may edit it, and to nobody else."""
    answers.problems = ['feedback/a.toml: no check named "test_b".']
    desk.open()
    panel = desk.lessons()
    panel.get_by_text("1 problem in this course").click()
    expect(panel.get_by_text("no check named")).to_be_visible()
    for one in answers.lessons:
        one["editable"] = False
    panel.get_by_role("button", name="Read the lessons anew").click()

    expect(panel.get_by_text("1 problem in this course")).to_have_count(0)


# --- The portfolio ---------------------------------------------------------------------------------------------------


def artifact(name: str, title: str, created: str, assurance: str = "self-checked") -> dict[str, Any]:
    """Return what the server says of one artifact."""
    return {
        "id": name,
        "course": "hornbook",
        "slug": "secret_messages",
        "title": title,
        "created": created,
        "points": {"earned": 11, "possible": 12},
        "assurance": assurance,
        "skills": ["loops", "dictionaries"],
        "page": f"hornbook/artifacts/{name}/index.html",
        "zip": f"hornbook/artifacts/{name}.zip",
    }


def test_the_portfolio_shows_what_was_passed(desk: Desk, answers: Answers) -> None:
    """Without anything it says how to get there; then the newest comes first, with a page, a file, and what it is worth."""
    desk.open()
    desk.lessons().get_by_role("button", name="Open portfolio").click()
    tab = desk.page.locator(".hb-page")
    expect(tab).to_contain_text("Nothing here yet.")
    tab.get_by_role("button", name="Show lessons").click()
    answers.artifacts = [
        artifact("a", "Older", "2026-01-02T10:00:00+00:00"),
        artifact("b", "Newer", "2026-03-04T10:00:00+00:00", "course-checked"),
    ]
    # Whatever happens to a lesson is told to the portfolio, too.
    desk.lessons().get_by_role("button", name="Read the lessons anew").click()
    entries = tab.locator(".hb-artifact")
    expect(entries).to_have_count(2)

    expect(entries.nth(0)).to_contain_text("Newer")
    expect(entries.nth(0)).to_contain_text("March 4, 2026 · 11 of 12 points")
    expect(entries.nth(0)).to_contain_text("Course-checked: graded again by the course")
    expect(entries.nth(1)).to_contain_text("Self-checked: graded on the machine where it was written.")
    page = tab.get_by_role("link", name="Open page: Newer")
    expect(page).to_have_attribute("href", f"{desk.lab.url}hornbook/artifacts/b/index.html")
    expect(page).to_have_attribute("target", "_blank")
    expect(tab.get_by_role("link", name="Download: Newer")).to_have_attribute("href", f"{desk.lab.url}hornbook/artifacts/b.zip")
    desk.picture("portfolio")


def test_nothing_that_is_told_runs(desk: Desk, answers: Answers, html_payloads: tuple[str, ...]) -> None:
    """Titles, summaries, skills, reasons and problems are text in panel and portfolio, whatever they say."""
    words = " ".join(html_payloads)
    other = answers.find("tidy_expenses")
    skills = [{"name": payload, "uri": None} for payload in html_payloads]
    answers.find("secret_messages").update(title=words, summary=words, skills=skills, objectives=[words])
    answers.problems = list(html_payloads)
    answers.related = [{"course": "hornbook", "slug": other["slug"], "title": words, "reason": words}]
    answers.artifacts = [artifact("a", words, "2026-01-02T10:00:00+00:00") | {"skills": list(html_payloads)}]
    answers.found = [
        hit(words, reasons=list(html_payloads), passage=words, course=words, assurance=words, **more)
        for more in ({}, {"here": True}, {"kind": "artifact", "artifact": words}, {"kind": "artifact"})
    ]
    desk.open()
    panel = desk.lessons()
    panel.get_by_role("searchbox").fill("zzzz")
    expect(panel.locator(".hb-hits li")).to_have_count(4)
    panel.get_by_role("searchbox").fill("")
    panel.locator(".hb-lesson").filter(has_text="onload").get_by_role("button").first.click()
    expect(panel.locator(".hb-details:visible")).to_contain_text("<script>")
    panel.get_by_role("button", name="Open portfolio").click()

    expect(desk.page.locator(".hb-page .hb-artifact")).to_contain_text("<script>")
    assert desk.page.evaluate("() => window.ran") is None
    assert desk.page.locator(":is(.hb-panel, .hb-page) :is(script, iframe, object, embed, form, base, meta, link)").count() == 0


# --- The instructor's Lab --------------------------------------------------------------------------------------------

AUTHORING = ("hornbook:preview-as-learner", "hornbook:doctor", "hornbook:new-check")
LESSON = "lessons/python/secret_messages.ipynb"


def on(lab: Lab) -> contextlib.AbstractContextManager[None]:
    """Have the instructor's Lab switched on."""
    return lab.setting("hornbook:plugin", {"instructor": True})


def test_learners_see_nothing_of_the_instructors_lab(desk: Desk, answers: Answers) -> None:
    """Without the setting, or in a course that may not be edited, there are no checks above cells, no commands and no forms."""
    desk.open(f"lab/tree/{LESSON}")
    desk.front(LESSON)
    desk.command("property-inspector:show-panel")
    for _ in range(2):
        expect(desk.page.locator(".hb-checks")).to_have_count(0)
        expect(desk.page.get_by_label("Objectives")).to_have_count(0)
        assert [name for name in AUTHORING if desk.knows(name)] == []
        for one in answers.lessons:
            one["editable"] = False
    with on(desk.lab):
        desk.open(f"lab/tree/{LESSON}")
        desk.front(LESSON)
        expect(desk.lessons().locator(".hb-lesson[aria-current=true]")).to_be_visible()

        expect(desk.page.locator(".hb-checks")).to_have_count(0)
        assert [name for name in AUTHORING if desk.knows(name)] == []


def test_instructors_see_the_checks_of_every_exercise(desk: Desk) -> None:
    """Above each exercise stand its points and checks, hidden ones too; the forms show the metadata and change nothing by it."""
    before = json.loads((desk.lab.folder / LESSON).read_text("utf-8"))
    with on(desk.lab):
        desk.open(f"lab/tree/{LESSON}")
        desk.front(LESSON)
        checks = desk.page.locator(".hb-checks")
        expect(checks).to_have_count(4)
        expect(checks.first).to_contain_text("shift_letter · 5 points")
        expect(checks.first.get_by_role("listitem")).to_have_text(["What everybody sees", "hidden: What only its author sees"])
        desk.command("property-inspector:show-panel")
        title = desk.page.locator("[id='jp-MetadataForm-hornbook-lesson_/hornbook/title']")
        expect(title).to_have_value("Secret messages")
        desk.picture("instructor")
        metadata = (
            "() => { const model = window.jupyterapp.shell.currentWidget.content.model; "
            "return [model.getMetadata('hornbook'), [...model.cells].map((cell) => cell.metadata.hornbook ?? null)]; }"
        )
        cells = [cell["metadata"].get("hornbook") for cell in before["cells"]]
        assert desk.page.evaluate(metadata) == [before["metadata"]["hornbook"], cells]
        title.fill("Secrets")
        desk.page.wait_for_function("() => window.jupyterapp.shell.currentWidget.content.model.getMetadata('hornbook').title === 'Secrets'")

        assert desk.page.evaluate(metadata) == [before["metadata"]["hornbook"] | {"title": "Secrets"}, cells]
        assert desk.axe() == []


def test_a_lesson_is_previewed_as_a_learner_gets_it(desk: Desk, answers: Answers) -> None:
    """The first preview is the learner's copy; the next one is another, so that nobody's work is in it."""
    with on(desk.lab):
        desk.open(f"lab/tree/{LESSON}")
        desk.front(LESSON)
        expect(desk.page.locator(".hb-checks")).to_have_count(4)
        desk.command("hornbook:preview-as-learner")
        desk.front("my-work/secret_messages.ipynb")
        assert answers.find("secret_messages")["started"]
        desk.command("hornbook:preview-as-learner")

        desk.front("my-work/secret_messages-Copy1.ipynb")


def test_the_doctor_reports_in_a_tab(desk: Desk, answers: Answers) -> None:
    """The doctor says which proofs do not hold, and which mistakes no check notices, by exercise."""
    result = {
        "proofs": [
            {"name": "solution passes", "holds": True, "problem": ""},
            {"name": "hints", "holds": False, "problem": "A hint is empty."},
        ],
        "survivors": [{"exercise": "encrypt", "line": "if a < b:", "becomes": "if a <= b:"}],
        "score": 0.953,
    }
    answers.events = [{"id": "1", "kind": "doctor", "state": "done", "progress": None, "result": result, "error": None}]
    with on(desk.lab):
        desk.open(f"lab/tree/{LESSON}")
        desk.front(LESSON)
        expect(desk.page.locator(".hb-checks")).to_have_count(4)
        desk.command("hornbook:doctor")
        tab = desk.page.locator(".hb-page")
        expect(tab).to_contain_text("1 of 2 proofs do not hold")
        expect(tab).to_contain_text("A hint is empty.")
        expect(tab).to_contain_text("The checks notice 95 % of the mistakes")
        expect(tab.locator("tbody tr")).to_have_text(["encryptif a < b:if a <= b:"])

        assert ("POST", "doctor", {"course": "hornbook", "slug": "secret_messages"}) in answers.asked
        assert desk.axe() == []
        desk.picture("doctor")


def test_a_check_is_written_from_an_example(desk: Desk, answers: Answers) -> None:
    """The last expression of a cell below an exercise becomes a check, shown with the file into which it goes."""
    with on(desk.lab):
        desk.open(f"lab/tree/{LESSON}")
        desk.front(LESSON)
        expect(desk.page.locator(".hb-checks")).to_have_count(4)
        desk.page.evaluate(
            "() => { const { content } = window.jupyterapp.shell.currentWidget; "
            "content.activeCellIndex = content.widgets.findIndex((cell) => cell.model.metadata.hornbook) + 1; "
            "content.activeCell.model.sharedModel.setSource('x = 3\\nshift_letter(\\n    \"a\", x\\n)\\n'); }"
        )
        desk.command("hornbook:new-check")
        tab = desk.page.locator(".hb-page")
        expect(tab).to_contain_text("graders/test_it.py")
        expect(tab.locator("pre")).to_contain_text("assert submission.f() == 1")

        said = {"course": "hornbook", "slug": "secret_messages", "exercise": "shift_letter", "example": 'shift_letter(\n    "a", x\n)'}
        assert ("POST", "examples", said) in answers.asked


# --- Before the server itself ----------------------------------------------------------------------------------------


@pytest.fixture
def honest(desk: Desk) -> Iterator[Desk]:
    """Give a desk before the real server, whose word nobody takes the place of."""
    desk.page.context.unroute("**/hornbook/api/**")
    yield desk
    shutil.rmtree(desk.lab.folder / "hornbook", ignore_errors=True)


def solved(path: Path) -> None:
    """Write the reference answers into the exercises of the notebook at *path*."""
    text = (ROOT / "graders" / "python" / "secret_messages.solution.py").read_text("utf-8")
    answers = {name: answer.strip() for name, answer in re.findall(r"^# %% (\w+)\n(.*?)(?=^# %% |\Z)", text, re.MULTILINE | re.DOTALL)}
    notebook = json.loads(path.read_text("utf-8"))
    for cell in notebook["cells"]:
        if "hornbook" in cell["metadata"]:
            cell["source"] = answers[cell["metadata"]["hornbook"]["exercise"]]
    path.write_text(json.dumps(notebook), "utf-8")


def test_from_the_list_to_a_passed_lesson(honest: Desk) -> None:
    """The real server lists the lessons, makes the copy that the panel opens, and its grade stands in the list and the status bar."""
    honest.open()
    panel = honest.lessons()
    expect(panel.locator(".hb-lesson")).to_have_count(len(list((ROOT / "lessons").rglob("*.ipynb"))))
    panel.get_by_role("button", name=re.compile("^Secret messages")).click()
    expect(panel.locator(".hb-related .hb-quiet").first).not_to_be_empty()
    panel.locator(".hb-details").get_by_role("button", name="Start: Secret messages").click()
    expect(panel.locator(".hb-lesson[aria-current=true]")).to_contain_text("0 of 4 exercises")
    # The Lab has read it before it is written from here.
    path = honest.page.evaluate(
        "() => { const { context } = window.jupyterapp.shell.currentWidget; return context.ready.then(() => context.path); }"
    )
    solved(honest.lab.folder / path)
    over = honest.page.evaluate(
        """async (path) => {
            const { baseUrl } = window.jupyterapp.serviceManager.serverSettings;
            const headers = { 'X-XSRFToken': /_xsrf=([^;]*)/.exec(document.cookie)[1], 'Content-Type': 'application/json' };
            const answer = await fetch(`${baseUrl}hornbook/api/grades`, { method: 'POST', headers, body: JSON.stringify({ path }) });
            const job = await answer.json();
            return await (await fetch(`${baseUrl}hornbook/api/jobs/${job.id}/events`)).text();
        }""",
        path,
    )
    assert '"state":"done"' in over.replace(" ", "")
    panel.get_by_role("button", name="Read the lessons anew").click()
    expect(panel.locator(".hb-is-passed")).to_contain_text("Secret messages")
    expect(honest.page.locator(".hb-status").first).to_have_text(re.compile(r"^Lessons 1/\d+$"))
    honest.open()

    expect(honest.lessons().locator(".hb-is-passed")).to_contain_text("Secret messages")


def test_instructors_see_what_the_grader_really_asks(honest: Desk) -> None:
    """What stands above an exercise are the docstrings of its checks, the hidden ones among them."""
    grader = (ROOT / "graders" / "python" / "test_secret_messages.py").read_text("utf-8")
    with on(honest.lab):
        honest.open(f"lab/tree/{LESSON}")
        honest.front(LESSON)
        checks = honest.page.locator(".hb-checks")
        expect(checks).to_have_count(4)
        # Cells out of sight are not laid out, so their text is asked for as it stands.
        said = checks.locator("li").all_text_contents()

        assert [one for one in said if f'"""{one.removeprefix("hidden: ")}"""' not in grader] == []
        assert {one.startswith("hidden: ") for one in said} == {True, False}


# --- Everywhere ------------------------------------------------------------------------------------------------------


def test_everything_is_said_in_german(desk: Desk, answers: Answers) -> None:
    """With German as the Lab's language the panel, the status bar, the portfolio and the commands speak German."""
    answers.artifacts = [artifact("a", "Geheime Nachrichten", "2026-03-04T10:00:00+00:00")]
    with desk.lab.setting("@jupyterlab/translation-extension:plugin", {"locale": "de_DE"}):
        desk.open()
        panel = desk.lessons()
        panel.locator(".hb-lesson-button").first.click()
        expect(panel.get_by_role("button", name=re.compile("^Beginnen")).first).to_be_visible()
        expect(panel).to_contain_text("nicht begonnen · 15 min")
        expect(panel).to_contain_text(f"0 von {len(answers.lessons)} bestanden")
        expect(desk.page.locator(".hb-status").first).to_have_text(f"Lektionen 0/{len(answers.lessons)}")
        desk.command("hornbook:open-portfolio")
        expect(desk.page.locator(".hb-page")).to_contain_text("4. März 2026 · 11 von 12 Punkten")
        expect(desk.page.locator(".hb-page")).to_contain_text("Selbst geprüft")
        desk.picture("german")

        assert desk.page.evaluate("() => window.jupyterapp.commands.label('hornbook:next-lesson')") == "Nächste Lektion"


def test_notebook_7_has_the_panel_and_no_complaints(desk: Desk, answers: Answers) -> None:
    """In Notebook 7, which has no status bar and no launcher of ours, a notebook opens without an error, and the panel is there."""
    said: list[str] = []
    desk.page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    answers.start("secret_messages")
    desk.page.goto(f"{desk.lab.url}notebooks/my-work/secret_messages.ipynb?token={desk.lab.token}")
    desk.page.wait_for_selector(".jp-Notebook-cell")
    desk.page.wait_for_function("() => window.jupyterapp?.commands.hasCommand('hornbook:show-lessons')")
    desk.page.wait_for_function(RESTORED)
    desk.command("hornbook:show-lessons")
    expect(desk.page.locator(".hb-panel .hb-lesson[aria-current=true]")).to_contain_text("Secret messages")
    desk.picture("notebook-7")

    assert [one for one in said if "hornbook" in one or "hb-" in one] == []
    # Notebook 7.6 says this by itself, with our extension switched off, too.
    desk.complaints[:] = [one for one in desk.complaints if "reading 'schema'" not in one or "labextensions/hornbook" in one]


@pytest.mark.parametrize("theme", THEMES)
def test_axe_finds_nothing(desk: Desk, answers: Answers, theme: str) -> None:
    """In each theme the panel, unfolded, and the portfolio are accessible, on a wide page and on a phone's."""
    answers.problems = ["feedback/a.toml: is empty."]
    answers.artifacts = [artifact("a", "Secret messages", "2026-03-04T10:00:00+00:00")]
    answers.find("tidy_expenses")["progress"] |= {"status": "passed", "reviewAt": "2020-01-01T00:00:00+00:00"}
    answers.find("life_on_a_grid")["progress"] |= {"status": "started", "done": 1}
    answers.related = [{"course": "hornbook", "slug": "tidy_expenses", "title": "Tidy expenses", "reason": "Both need loops."}]
    desk.open()
    desk.command("hornbook:open-portfolio")
    panel = desk.lessons()
    panel.get_by_text("Filters").click()
    panel.locator(".hb-problems summary").click()
    panel.locator(".hb-lesson-button").nth(1).click()
    expect(panel).to_contain_text("Both need loops.")
    desk.theme(theme)
    for width in (1280, 390):
        desk.page.set_viewport_size({"width": width, "height": 1400})
        desk.picture(f"{theme.split(maxsplit=1)[1].lower().replace(' ', '-')}-{width}")

        assert desk.axe() == []
    assert panel.evaluate("panel => panel.scrollWidth <= panel.clientWidth")


def test_the_panel_fits_where_it_is_narrow(desk: Desk) -> None:
    """250 pixels are enough for every part of it."""
    desk.open()
    panel = desk.lessons()
    panel.get_by_text("Filters").click()
    panel.locator(".hb-lesson-button").first.click()
    expect(panel.get_by_role("button", name=re.compile("^Start")).last).to_be_visible()
    panel.evaluate("panel => { panel.style.width = '250px'; }")

    assert panel.evaluate("panel => [...panel.querySelectorAll('*')].filter((one) => one.scrollWidth > 250).length") == 0
