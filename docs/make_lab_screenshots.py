"""Takes docs/lab.png, the picture of JupyterLab in README.md, from a running Lab: `python docs/make_lab_screenshots.py`."""  # noqa: INP001 - a script

import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).parent.parent
LESSON = "Secret messages"
ANSWER = '''def shift_letter(letter, places):
    """Return *letter* moved *places* along the alphabet."""
    return chr(ord(letter) + places)'''
"""A usual first try: it forgets that after z comes a."""
SECONDS = 60


def main() -> None:
    """Open a Lab on a copy of this course, try a lesson as a learner would, and keep what is seen."""
    with tempfile.TemporaryDirectory() as place:
        home = Path(place)
        server = start(home)
        try:
            url = address(server, home)
            with sync_playwright() as playwright:
                options = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
                browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=options)
                page = browser.new_page(viewport={"width": 1280, "height": 820}, device_scale_factor=1.5, reduced_motion="reduce")
                page.set_default_timeout(SECONDS * 1000)
                page.goto(url)
                try_a_lesson(page)
                page.screenshot(path=ROOT / "docs" / "lab.png")
                browser.close()
        finally:
            server.terminate()
            server.wait(SECONDS)


def start(home: Path) -> subprocess.Popen[bytes]:
    """Start a Lab with nobody's settings, before a copy of this course."""
    course = home / "course"
    for name in ("lessons", "graders", "feedback"):
        shutil.copytree(ROOT / name, course / name, ignore=shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints"))
    (course / "pyproject.toml").write_text('[tool.hornbook]\nname = "hornbook"\ntitle = "The hornbook course"\n', "utf-8")
    settings = home / "settings"
    quiet = settings / "@jupyterlab" / "apputils-extension" / "notification.jupyterlab-settings"
    quiet.parent.mkdir(parents=True)
    quiet.write_text('{"fetchNews": "false", "checkForUpdates": false}', "utf-8")
    places = {name: str(home / name) for name in ("HOME", "IPYTHONDIR", "JUPYTER_RUNTIME_DIR", "JUPYTER_DATA_DIR", "JUPYTER_CONFIG_DIR")}
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1", "--port=0"]
    command += [f"--IdentityProvider.token={secrets.token_hex(16)}", f"--ServerApp.root_dir={course}"]
    command += ["--LabApp.expose_app_in_browser=True"]
    environment = {**os.environ, **places, "JUPYTERLAB_SETTINGS_DIR": str(settings)}
    with (home / "log").open("wb") as log:
        return subprocess.Popen(command, env=environment, cwd=course, stdout=log, stderr=log)  # noqa: S603 - our own server


def address(server: subprocess.Popen[bytes], home: Path) -> str:
    """Return where *server* can be opened, as soon as it says so."""
    note = home / "JUPYTER_RUNTIME_DIR" / f"jpserver-{server.pid}.json"
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        if note.exists() and (text := note.read_text("utf-8")).strip().endswith("}"):
            told = json.loads(text)
            return f"{told['url']}lab?reset&token={told['token']}"
        if server.poll() is not None:
            break
        time.sleep(0.05)
    raise SystemExit((home / "log").read_text("utf-8"))


def try_a_lesson(page: Page) -> None:
    """Start the lesson from the panel, answer its first exercise not quite right, have it checked, and bring it into view."""
    page.wait_for_function("() => window.jupyterapp")
    page.evaluate("() => window.jupyterapp.restored.then(() => undefined)")
    page.evaluate("() => window.jupyterapp.commands.execute('hornbook:show-lessons').then(() => undefined)")
    row = page.locator(".hb-lesson").filter(has_text=LESSON)
    row.locator(".hb-lesson-button").click()
    row.get_by_role("button", name=f"Start: {LESSON}").click()
    page.locator(".hb-lesson[aria-current=true]").wait_for()
    row.locator(".hb-lesson-button").click()
    page.evaluate(
        """async (answer) => {
            const { sessionContext, content } = window.jupyterapp.shell.currentWidget;
            await sessionContext.ready;
            await sessionContext.session.kernel.info;
            content.activeCellIndex = content.widgets.findIndex((cell) => cell.model.metadata.hornbook);
            content.activeCell.model.sharedModel.setSource(answer);
            await window.jupyterapp.commands.execute('hornbook:check');
        }""",
        ANSWER,
    )
    # What is said below the cell brings itself into view.
    page.locator(".jp-Notebook .hb-step").first.wait_for()


if __name__ == "__main__":
    main()
