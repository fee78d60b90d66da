"""What the engine's tests share: a real sandbox of each kind, and the words to run cells in it and to ask afterwards."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import http.server
import importlib.util
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Protocol

import pytest
import typer.main
import typer.testing

from hornbook import Course, Verdict, grade, wire
from hornbook.config import Limits
from hornbook.errors import SandboxError
from hornbook.lesson import Cell, Lesson, ProgramCell, Skill, read_solution, write_lesson
from hornbook.model import Assurance, SandboxReport
from hornbook.publish import Artifact, Issuer, Keyring, Signer, Work, page, publish, sealing
from hornbook.publish.credential import sign
from hornbook.sandbox.canary import measure, modes_level
from hornbook.sandbox.execute import Executor, Finished, Job
from hornbook.sandbox.forkserver import ForkServers
from hornbook.sandbox.policy import Mode, Policy, landlock_version
from hornbook.sandbox.probe import Conversation, Probe
from hornbook.scaffold import new_course

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

SMALL = Limits(cell_seconds=3, check_seconds=1, total_seconds=30, memory_mb=256, processes=64, output_kb=64, file_mb=16, disk_mb=32)
"""Limits that are reached soon."""

SIGNALS_WATCHED = 6
"""The version of Landlock with which level 3 needs nothing but Landlock and a filter."""


# typer's runner builds all fifty commands each time that it runs one.
typer.testing._get_command = functools.cache(typer.main.get_command)  # type: ignore[attr-defined]

LONGEST = (
    "test_attacks", "test_docs", "test_cluster", "test_offline", "test_lab", "test_pytest_plugin", "test_lab_panel", "test_browser",
    "test_portfolio", "test_page", "test_wheel", "test_server", "test_execute", "test_import_nbgrader", "test_index",
)  # fmt: skip
"""The files that take longest, the longest first."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest: where files are run side by side, nobody waits for one of them at the end."""
    order = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: order.get(item.path.stem, len(LONGEST)))


@pytest.fixture(scope="session", autouse=True)
def _nobodys_pipeline() -> Iterator[None]:
    """Forget what a pipeline has set for its own steps, or somebody for their own record: it must not decide what tests see."""
    before = {name: os.environ.pop(name) for name in ("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "HORNBOOK_RECORD") if name in os.environ}
    yield
    os.environ.update(before)


@pytest.fixture(scope="session", params=["namespaces", "bubblewrap", "landlock"])
def mode(request: pytest.FixtureRequest) -> Mode:
    """Give each of the kinds of sandbox that confine; a kind that this machine lacks is skipped, with the reason."""
    return working(request.param)


def working(wanted: Mode) -> Mode:
    """Return *wanted* if a sandbox of it holds what it should here; skip the test, with the reason, if not."""
    if wanted == "bubblewrap" and shutil.which("bwrap") is None:
        pytest.skip("needs bubblewrap: apt install bubblewrap")
    try:
        level = measure((wanted,)).report.level
    except SandboxError as error:
        reason = str(error)
    else:
        reason = f"mode {wanted!r} reaches level {level} only"
        if level >= modes_level(wanted):
            return wanted
    can_be_had = wanted == "namespaces" or (wanted == "landlock" and landlock_version() >= SIGNALS_WATCHED)
    if can_be_had and os.environ.get("CI") == "true" and os.geteuid() == 0:
        pytest.fail(f"root of a machine like this one can have it, but level {modes_level(wanted)} does not come up: {reason}")
    pytest.skip(reason)


@dataclass(slots=True)
class Bench:
    """An executor, and what tests do on it. The states that a test keeps end with the test."""

    executor: Executor
    limits: Limits
    kept: list[Finished] = field(default_factory=list)

    def run(self, *sources: str, limits: Limits | None = None, seconds: dict[str, float] | None = None) -> Finished:
        """Run cells that are the exercises e1, e2 and so on."""
        cells = tuple(ProgramCell(source, f"e{number}", number, last_of_exercise=True) for number, source in enumerate(sources, start=1))
        finished = self.executor.run(Job(cells, limits or self.limits, seconds or {}))
        self.kept.append(finished)
        return finished

    @contextlib.contextmanager
    def ask(self, finished: Finished, exercise: str = "e1", seconds: float = 5.0) -> Iterator[Probe]:
        """Give what a check of *exercise* would get as its `submission`."""
        child = finished.snapshots[exercise].check(int(seconds) + 1)
        assert child is not None, f"there is no state after {exercise}"
        deadline = time.monotonic() + seconds
        try:
            yield Probe(
                Conversation(child.line, limits=wire.Limits(), deadline=deadline, how_it_ended=child.end), finished.shown, _not_here
            )
        finally:
            child.end()

    def close(self) -> None:
        """End all states that were kept."""
        for finished in self.kept:
            for snapshot in finished.snapshots.values():
                snapshot.close()


def _not_here(parameters: dict[str, Any]) -> Probe:
    raise NotImplementedError(f"no other run with {parameters}")


HOW = {"namespaces": "warm", "bubblewrap": "kernel", "landlock": "cold"}
"""What runs in each kind of sandbox: a shell forked warm, a real ipykernel, a shell that starts cold. Every way in is taken once."""


@pytest.fixture(scope="module")
def executor(mode: Mode) -> Iterator[Executor]:
    """Give an executor of *mode* with small limits; one for all tests of a module."""
    policy = Policy(mode=mode, limits=SMALL, kernel=HOW[mode] == "kernel")
    with ForkServers() as servers, Executor(policy, warm=servers if HOW[mode] == "warm" else None) as executor:
        yield executor


@pytest.fixture
def bench(executor: Executor) -> Iterator[Bench]:
    """Give a bench on the module's executor."""
    bench = Bench(executor, SMALL)
    yield bench
    bench.close()


THINGS = (
    "bicycle counts", "tide tables", "bird songs", "bus delays", "recipes", "letters", "heartbeats", "snowfall", "street lamps", "novels",
    "tree rings", "phone bills", "chess games", "grain prices", "sunspots", "earthquakes", "train tickets", "maps", "votes", "rivers",
    "honey bees", "glaciers", "crossword puzzles", "postcards", "wind turbines",
)  # fmt: skip
WAYS = (
    ("counting", "counting", "count"), ("sorting", "algorithms", "put in order"), ("drawing", "plotting", "draw"),
    ("repairing", "data cleaning", "find the gaps in"), ("comparing", "hypothesis tests", "compare"),
    ("predicting", "regression", "predict"), ("grouping", "group by", "group"), ("smoothing", "time series", "smooth"),
    ("simulating", "simulation", "invent"), ("searching", "regular expressions", "search"), ("joining", "joins", "join"),
    ("testing", "pytest", "ask questions about"), ("reading", "parsing", "read"), ("writing", "files", "write down"),
    ("measuring", "units", "measure"), ("guessing", "Bayes", "guess"), ("reshaping", "arrays", "turn around"),
    ("timing", "profiling", "time"), ("packing", "dictionaries", "pack"), ("encoding", "Unicode", "spell"),
)  # fmt: skip


@dataclass(frozen=True)
class Passed:
    """A notebook that has passed, as a learner's Jupyter would have saved it, and what its publishing takes."""

    notebook: bytes
    verdict: Verdict
    lesson: Lesson
    keys: Keyring
    now: datetime
    course: Path

    def publish(self, into: Path, **other: Any) -> Artifact:
        """Publish it, or it with *other* parts."""
        parts: dict[str, Any] = {
            "notebook": self.notebook,
            "verdict": self.verdict,
            "lesson": self.lesson,
            "keys": self.keys,
            "now": self.now,
        } | other
        return publish(into=into, **parts)

    def sealed(self, into: Path, files: dict[str, bytes], **other: Any) -> Path:
        """Seal *files*, which were made for another of its kind, for *other* parts; quicker than publishing by what drawing takes."""
        key = self.keys.newest
        parts = {"lesson": self.lesson, "now": self.now, "signer": Signer(key, key.did, "A learner"), "subject": key.did, **other}
        lesson, now, signer = parts["lesson"], parts["now"], parts["signer"]
        manifest = sealing._manifest(files)
        digest = hashlib.sha256(manifest + repr((lesson, now)).encode() + signer.key.public).hexdigest()
        work = Work(self.notebook, self.verdict, replace(lesson, slug=self.lesson.slug), parts["subject"])
        statement = sealing._statement(work, signer, manifest, now, digest)
        credential = json.dumps(sign(statement, signer.key, now), ensure_ascii=False, indent=1).encode() + b"\n"
        whole = files | {"manifest.json": manifest, "credential.json": credential}
        folder = into / f"{lesson.slug}-{digest[:8]}"
        folder.mkdir(parents=True)
        for name, data in {**whole, "index.html": page.index(whole)}.items():
            (folder / name).write_bytes(data)
        return folder

    def many(self, into: Path, count: int) -> Path:
        """Fill *into* with *count* artifacts of as many lessons, several a week; return it."""
        key = self.keys.newest
        files = sealing.sealed_files(Work(self.notebook, self.verdict, self.lesson, key.did), Signer(key, key.did, "A learner"))
        for number in range(count):
            thing, way = THINGS[number % len(THINGS)], WAYS[number // len(THINGS) % len(WAYS)]
            skills = (Skill(thing), Skill(way[1]), Skill(("Python", "statistics", "charts")[number % 3]))
            title, summary = f"{way[0]} {thing}", f"Lesson {number}: {way[2]} {thing}, step by step, with a figure at the end of it."
            lesson = replace(self.lesson, slug=f"lesson_{number}", title=title.capitalize(), summary=summary, skills=skills)
            self.sealed(into, files, lesson=lesson, now=self.verdict.started - timedelta(hours=37 * number))
        return into

    def with_cells(self, *cells: dict[str, Any]) -> Passed:
        """Return the same with these *cells* at its end: as if it had been graded with them."""
        content = json.loads(self.notebook)
        content["cells"] += [{"id": f"more-{number}", "metadata": {}, **cell} for number, cell in enumerate(cells)]
        notebook = json.dumps(content).encode()
        submission = replace(self.verdict.submission, digest=hashlib.sha256(notebook).hexdigest())
        return replace(self, notebook=notebook, verdict=replace(self.verdict, submission=submission))


@pytest.fixture(scope="session")
def passed(tmp_path_factory: pytest.TempPathFactory) -> Passed:
    """Give a passed notebook of a real lesson, really graded, and a new key."""
    root = tmp_path_factory.mktemp("passed")
    new_course(root / "course")
    course = Course.open(root / "course")
    lesson = course.lesson("counting_vowels")
    content = lesson.to_notebook(read_solution(root / "course/graders/counting_vowels.solution.py"))
    code = next(cell for cell in content["cells"] if cell["metadata"].get("hornbook"))
    code["execution_count"] = 1
    code["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "2 vowels\n"}]
    path = root / "ada.lovelace.ipynb"
    path.write_text(json.dumps(content), "utf-8")
    verdict = grade(path, course)

    assert verdict.passed

    keys = Keyring.open(root / "keys")
    return Passed(path.read_bytes(), verdict, lesson, keys, verdict.started + timedelta(minutes=1), root / "course")


@dataclass(frozen=True, slots=True)
class Web:
    """A folder that a server on this machine shows at `address`; `asked` are the paths that it was asked for."""

    folder: Path
    address: str
    asked: list[str]


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Web]:
    """Give a web server on a port of its own, which lets every page read what it has."""
    folder = tmp_path / "web"
    folder.mkdir()
    asked: list[str] = []

    class Open(http.server.SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's interface
            """Say nothing."""

        def end_headers(self) -> None:
            asked.append(self.path)
            self.send_header("Access-Control-Allow-Origin", "*")
            super().end_headers()

    handler = functools.partial(Open, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield Web(folder, f"http://127.0.0.1:{server.server_port}", asked)
        server.shutdown()


@dataclass(frozen=True, slots=True)
class Course101:
    """A course that issues: its `issuer`, whose public folder is on the `web`, and somebody's `work` that it has graded again."""

    issuer: Issuer
    web: Web
    work: Work

    def show(self) -> None:
        """Put on the web what belongs there."""
        shutil.copytree(self.issuer.public, self.web.folder / "101", dirs_exist_ok=True)


@pytest.fixture
def course101(passed: Passed, web: Web, tmp_path: Path) -> Course101:
    """Give a course that can issue, with its lists on the web."""
    issuer = Issuer.create(tmp_path / "issuer", "Statistics 101", address=f"{web.address}/101")
    verdict = replace(passed.verdict, assurance=Assurance.COURSE_CHECKED, sandbox=SandboxReport(3, "Landlock and namespaces"))
    made = Course101(issuer, web, Work(passed.notebook, verdict, passed.lesson, passed.keys.newest.did, "Ada"))
    made.show()
    return made


POSTGRES = Path("/usr/lib/postgresql")


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """Give the address of a real PostgreSQL of our own: on a socket in a folder, as somebody without rights."""
    from sqlalchemy import create_engine  # noqa: PLC0415 - not for most tests
    from sqlalchemy.exc import OperationalError  # noqa: PLC0415

    programs = sorted(POSTGRES.glob("*/bin/initdb"))
    if not programs:
        if os.environ.get("CI") == "true":
            pytest.fail("needs PostgreSQL: apt install postgresql")
        pytest.skip("needs PostgreSQL: apt install postgresql")
    binaries = programs[-1].parent
    # Not below pytest's own folder: that is its owner's alone again whenever another session begins, and a socket's path must be short.
    folder = Path(tempfile.mkdtemp(prefix="hb-pg-", dir="/tmp"))
    folder.chmod(0o755)
    data = folder / "data"
    data.mkdir()
    somebody: dict[str, Any] = {}
    if os.geteuid() == 0:
        somebody = {"user": 65534, "group": 65534, "extra_groups": []}
        os.chown(data, 65534, 65534)
        os.chown(folder, 65534, 65534)
    made = subprocess.run(  # noqa: S603 - our own
        [binaries / "initdb", "-D", data, "-U", "hornbook", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"],
        check=False, capture_output=True, text=True, cwd=folder,  **somebody,
    )  # fmt: skip

    assert made.returncode == 0, made.stderr
    server = subprocess.Popen(  # noqa: S603 - our own
        [binaries / "postgres", "-D", data, "-k", folder, "-h", "", "-F"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder,  **somebody,
    )  # fmt: skip
    url = f"postgresql+psycopg://hornbook@/postgres?host={folder}"
    engine = create_engine(url)
    deadline = time.monotonic() + 60
    while True:
        try:
            with engine.connect():
                break
        except OperationalError:
            assert server.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.1)
    engine.dispose()
    yield url
    server.terminate()
    server.wait(60)
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def indexing() -> ModuleType:
    """Give `tests/indexing.py`: documents, an embedder that costs nothing, and what runs in a process of its own."""
    spec = importlib.util.spec_from_file_location("indexing", Path(__file__).with_name("indexing.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class StepsCourse(Protocol):
    """Makes a course of one small lesson in a folder, with this grader."""

    def __call__(self, root: Path, grader: str) -> Course:
        """Return the course."""


@pytest.fixture(scope="session")
def steps_course() -> StepsCourse:
    """Give what makes a course with one lesson, `steps`, of two exercises, `one` and `two`."""
    return _steps_course


def _steps_course(root: Path, grader: str) -> Course:
    """Return a course with one lesson, `steps`, of two exercises."""
    for folder in ("lessons", "graders", "feedback"):
        (root / folder).mkdir()
    (root / "graders" / "test_steps.py").write_text(grader, "utf-8")
    write_lesson(
        Lesson(
            path=root / "lessons" / "steps.ipynb",
            slug="steps",
            title="Steps",
            version="1.0.0",
            summary="One step after the other.",
            objectives=("Walk",),
            level="beginner",
            minutes=5,
            authors=("hornbook maintainers",),
            licence="CC-BY-4.0",
            cells=(
                Cell("code", "import os, time\nstamp = time.time_ns()", id="start"),
                Cell("code", "one = ...\n", exercise="one", id="one"),
                Cell("code", "between = stamp", id="between"),
                Cell("code", "two = ...\n", exercise="two", id="two"),
            ),
        )
    )
    return Course.open(root)


# --- A big site's search ----------------------------------------------------------------------------------------------

SEARCHES = """() => {
    const query = document.getElementById("query");
    const asked = ["counting bicycle counts", "hypothesis tests", "glasiers", "step by step", "regular expresions", "a"];
    const typed = asked.flatMap(words => [...words].map((_, at) => words.slice(0, at + 1)));
    const turn = () => typed.map(words => {
        query.value = words;
        const started = performance.now();
        query.dispatchEvent(new Event("input"));
        document.body.getBoundingClientRect();
        return performance.now() - started;
    });
    return [1, 2, 3, 4, 5].map(turn);
}"""
"""Types some queries letter by letter, five times over, and gives the milliseconds from each letter to the new layout."""


@pytest.fixture(scope="session")
def searches() -> str:
    """Give the script that measures a site's search in its page."""
    return SEARCHES


# --- What must never run ---------------------------------------------------------------------------------------------

RUN = "window.top.ran=(window.top.ran||0)+1"
HTML_PAYLOADS = (
    f"<script>{RUN}</script>",
    f"<img src=x onerror='{RUN}'>",
    f"<svg onload='{RUN}'></svg>",
    f"<svg><script>{RUN}</script></svg>",
    f"<body onload='{RUN}'>",
    f"<iframe srcdoc='<script>{RUN}</script>'></iframe>",
    f"<iframe src='javascript:{RUN}'></iframe>",
    f"<object data='data:text/html,<script>{RUN}</script>'></object>",
    f"<embed src='data:image/svg+xml,<svg onload={RUN}>'>",
    f"<a href='javascript:{RUN}' class=press>press</a>",
    f"<a href='jAvA&#09;script:{RUN}' class=press>press</a>",
    f"<a href='data:text/html,<script>{RUN}</script>' class=press>press</a>",
    f"<details open ontoggle='{RUN}'><summary>x</summary></details>",
    f"<input autofocus onfocus='{RUN}'>",
    f"<video><source onerror='{RUN}'></video>",
    f"<form action='javascript:{RUN}'><button class=press>press</button></form>",
    f"<math href='javascript:{RUN}'><mi class=press>press</mi></math>",
    f"<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror={RUN}&gt;'>",
    f"<noscript><p title='</noscript><img src=x onerror={RUN}>'></noscript>",
    f"<template><script>{RUN}</script></template>",
    "<meta http-equiv='refresh' content='0;url=https://evil.example/'>",
    "<base href='https://evil.example/'>",
    "<link rel=stylesheet href='https://evil.example/x.css'>",
    "<style>@import 'https://evil.example/x.css'; body{display:none}</style>",
    "<img src='https://evil.example/x.png' srcset='https://evil.example/y.png 2x'>",
    "<div style='background:url(https://evil.example/x.png);position:fixed;inset:0'>over</div>",
    f"</script></textarea></title></iframe><script>{RUN}</script>",
    f"<p id=data>x</p><p id=seal>x</p><script type=application/json id=data>{RUN}</script>",
    f"{{{{script}}}}{{{{data}}}}<!--<script>{RUN}//",
)


@pytest.fixture(scope="session")
def html_payloads() -> tuple[str, ...]:
    """Give pieces of HTML that would add to `window.ran`, or load something, if a page took them for its own."""
    return HTML_PAYLOADS


# --- A Lab and a browser ------------------------------------------------------------------------------------------------

REPOSITORY = Path(__file__).parent.parent
LAB_SECONDS = 40.0
"""How long a Lab, or a condition in a page, is waited for; a busy machine takes its time, and what never comes must not hang."""


@dataclass(frozen=True, slots=True)
class Lab:
    """A running server: where it is, its token, its process, the folder that it serves, and where its settings are."""

    url: str
    token: str
    process: subprocess.Popen[bytes]
    folder: Path
    settings: Path

    @contextlib.contextmanager
    def setting(self, plugin: str, value: dict[str, Any]) -> Iterator[None]:
        """Have the setting *value* of *plugin* for as long as the block."""
        path = self.settings / f"{plugin.replace(':', '/')}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(value), "utf-8")
        try:
            yield
        finally:
            path.unlink()


@contextlib.contextmanager
def running_lab(home: Path) -> Iterator[Lab]:
    """Give a JupyterLab that is at *home* there, on a free port of this machine, with the repository's lessons in its folder."""
    folder, settings = home / "course", home / "config" / "lab" / "user-settings"
    for name in ("lessons", "graders", "feedback"):
        shutil.copytree(REPOSITORY / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "pyproject.toml").write_text('[tool.hornbook]\nname = "hornbook"\ntitle = "The hornbook course"\n', "utf-8")
    quiet = settings / "@jupyterlab" / "apputils-extension" / "notification.jupyterlab-settings"
    quiet.parent.mkdir(parents=True)
    quiet.write_text('{"fetchNews": "false", "checkForUpdates": false}', "utf-8")
    places = {name: str(home / name.lower()) for name in ("HOME", "IPYTHONDIR", "JUPYTER_RUNTIME_DIR", "JUPYTER_DATA_DIR")}
    environment = {**os.environ, **places, "JUPYTER_CONFIG_DIR": str(home / "config"), "JUPYTERLAB_SETTINGS_DIR": str(settings)}
    token = secrets.token_hex(16)
    (home / "home").mkdir()
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1", "--port=0"]
    command += [f"--IdentityProvider.token={token}", f"--ServerApp.root_dir={folder}", "--LabApp.expose_app_in_browser=True"]
    # The other front end on the same server.
    command += ["--ServerApp.jpserver_extensions=notebook=True", "--JupyterNotebookApp.expose_app_in_browser=True"]
    with (home / "log").open("wb") as log:
        server = subprocess.Popen(command, env=environment, cwd=folder, stdout=log, stderr=log)  # noqa: S603 - our own server
        try:
            yield Lab(_address(server, home), token, server, folder, settings)
        finally:
            server.terminate()
            try:
                server.wait(LAB_SECONDS)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


def _address(server: subprocess.Popen[bytes], home: Path) -> str:
    """Return where *server* listens, as soon as it does."""
    note = home / "jupyter_runtime_dir" / f"jpserver-{server.pid}.json"
    deadline = time.monotonic() + LAB_SECONDS
    while time.monotonic() < deadline:
        if note.exists() and (text := note.read_text("utf-8")).strip().endswith("}"):
            told = json.loads(text)
            # It is written before somebody listens.
            with contextlib.suppress(ConnectionRefusedError), socket.create_connection((told["hostname"], told["port"])):
                return str(told["url"])
        assert server.poll() is None, (home / "log").read_text("utf-8")
        time.sleep(0.05)
    raise AssertionError((home / "log").read_text("utf-8"))


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Give a JupyterLab for the tests of one file."""
    with running_lab(tmp_path_factory.mktemp("lab")) as lab:
        yield lab


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Give Debian's Chromium. It must be there where CI says so; elsewhere a test that needs it is skipped."""
    from playwright.sync_api import expect, sync_playwright  # noqa: PLC0415 - not for most tests

    chromium = shutil.which("chromium")
    if chromium is None:
        if os.environ.get("CI") == "true":
            pytest.fail("the browser tests need Chromium: apt install chromium")
        pytest.skip("needs Chromium: apt install chromium")
    expect.set_options(timeout=LAB_SECONDS * 1000)
    with sync_playwright() as playwright:
        options = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--force-prefers-reduced-motion"]
        browser = playwright.chromium.launch(executable_path=chromium, args=options)
        yield browser
        browser.close()


@pytest.fixture
def empty_postgresql(postgresql: str) -> str:
    """Give the address of an empty database of it."""
    from sqlalchemy import create_engine  # noqa: PLC0415 - not for most tests

    engine = create_engine(postgresql)
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP SCHEMA public CASCADE")
        connection.exec_driver_sql("CREATE SCHEMA public")
    engine.dispose()
    return postgresql
