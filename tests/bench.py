"""What grading costs, here and now: medians and ratios from one run, every path in turn (`make bench`).

The same five checks on the same two lessons of ten cells, `plain` (standard library) and `data` (numpy, pandas, a figure), are
put to

    nbclient            executes the notebook in a stock kernel; judges nothing
    nbgrader            autogrades the same assertions as test cells, as a command and as a batch of ten
    otter               the same assertions, in process, with otter-grader's own `grade_notebook`
    hornbook, cold      a new sandbox for the submission
    hornbook, warm      a sandbox forked from a fork server
    hornbook, batch     `grade_all`, as many side by side as there are processors
    hornbook grade      the command, from start to exit

Then: the first reply of a kernel, checks of a notebook that is being worked on, a check in a browser (`lab`), a portfolio's
site and its search (`portfolio`; both need Chromium), finding one of a hundred thousand passages (`search`, which takes minutes),
`hornbook grade` over a thousand submissions with hostile ones among them, kept, recorded and reported (`batch`, minutes as well),
the same submissions on this machine's processors and on a Dask cluster of as many workers (`scale`),
and with `--thousand` a thousand submissions.
Machines differ and are noisy: trust ratios. `--rounds N` sets how often each is measured (5). Every process may keep compiled
Python, as an installed one does.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import ctypes
import importlib
import importlib.util
import json
import multiprocessing
import os
import platform
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import psutil
from jupyter_client.manager import AsyncKernelManager, start_new_kernel
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from hornbook.catalog import Catalog, Document, MiniLM, Passage, Where
from hornbook.config import Limits
from hornbook.course import Course
from hornbook.grading import grade
from hornbook.grading.batch import grade_all
from hornbook.grading.examiner import Examiner
from hornbook.grading.journal import entries
from hornbook.lesson import fill
from hornbook.sandbox.forkserver import ForkServers
from hornbook.sandbox.provisioner import sandbox_kernel_spec

BATCH = 10
OURS = 20
"""How many submissions a measured batch of ours has: the examiner's start is a part of it, and many a course has more."""


@dataclass(frozen=True, slots=True)
class Material:
    """One lesson as source: imports, the exercise as given, the answer, and five checks as expressions over `total`."""

    name: str
    setup: str
    stub: str
    answer: str
    checks: tuple[str, ...]
    expression: str


PLAIN = Material(
    "plain",
    "import collections, json, math",
    "def total(xs):\n    ...",
    "def total(xs):\n    return sum(x * x for x in xs if x > 0)",
    ("[1, 2, 3]", "[-1, 4]", "[]", "[2]", "[7, -7, 2]"),
    "sum(x * x for x in {0} if x > 0)",
)
DATA = Material(
    "data",
    "import numpy as np\nimport pandas as pd\nimport matplotlib.pyplot as plt",
    "def total(xs):\n    ...",
    "def total(xs):\n    column = pd.Series(xs, dtype=float)\n    return float((column[column > 0] ** 2).sum())",
    ("[1, 2, 3]", "[-1, 4]", "[]", "[2]", "[7, -7, 2]"),
    "float(sum(x * x for x in {0} if x > 0))",
)
SHOW = {
    "plain": ("print(total([1, 2, 3]))", "print([total([n]) for n in range(20)])"),
    "data": (
        "frame = pd.DataFrame({'group': list('aabb'), 'value': [1.0, 2.0, 3.0, 4.0]})\nframe.groupby('group').describe()",
        "plt.plot(np.linspace(0, 1, 50))\nplt.title('A figure')\nplt.show()",
    ),
}


def cells(material: Material, answer: str) -> list[str]:
    """Return the code cells of the lesson, ten in all, with *answer* as its exercise."""
    filler = [f"step_{number} = [n * {number} for n in range(100)]" for number in range(6)]
    return [material.setup, *filler, answer, *SHOW[material.name]]


def write_course(root: Path, material: Material) -> Path:
    """Write the lesson as a hornbook course; return a finished submission to it."""
    for folder in ("lessons", "graders", "feedback"):
        (root / folder).mkdir(parents=True)

    def notebook(answer: str) -> Any:
        book = new_notebook(cells=[new_markdown_cell("# A lesson")])
        for source in cells(material, answer):
            cell = new_code_cell(source)
            if source == answer:
                cell.metadata["hornbook"] = {"exercise": "total"}
                cell.metadata["nbgrader"] = nbgrader_mark("total", solution=True)
            book.cells.append(cell)
        book.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
        book.metadata["language_info"] = {"name": "python"}
        book.metadata["hornbook"] = {
            "format": 1, "slug": material.name, "title": "A lesson", "version": "1.0.0", "summary": "For measuring.",
            "objectives": ["measure"], "skills": [{"name": "measuring"}], "level": "beginner", "minutes": 5, "requires": [],
            "authors": ["hornbook maintainers"], "licence": "CC0-1.0",
        }  # fmt: skip
        return book

    nbformat.write(notebook(material.stub), root / "lessons" / f"{material.name}.ipynb")
    checks = "\n\n".join(
        f'@pytest.mark.exercise("total")\ndef test_{number}(submission):\n    """Check {number}"""\n'
        f"    assert submission.total({argument}) == {material.expression.format(argument)}\n"
        for number, argument in enumerate(material.checks)
    )
    (root / "graders" / f"test_{material.name}.py").write_text(f"import pytest\n\n\n{checks}", encoding="utf-8")
    (root / "graders" / f"{material.name}.solution.py").write_text(f"# %% total\n{material.answer}\n", encoding="utf-8")
    (root / "feedback" / f"{material.name}.toml").write_text('[exercise.total]\nhints = ["Begin."]\n', encoding="utf-8")
    work = root / "work"
    work.mkdir()
    nbformat.write(notebook(material.answer), work / f"{material.name}.ipynb")
    return work / f"{material.name}.ipynb"


def nbgrader_mark(grade_id: str, *, solution: bool = False, points: int | None = None) -> dict[str, Any]:
    """Return a cell's nbgrader metadata, schema version 3."""
    graded = points is not None
    mark = {"schema_version": 3, "grade_id": grade_id, "grade": graded, "locked": not solution, "solution": solution, "task": False}
    return {**mark, "points": points} if graded else mark


def write_nbgrader(root: Path, material: Material, answers: Mapping[str, str]) -> None:
    """Write the same material as an nbgrader course, release it, and hand in each student's answer.

    A cell has as long as one has with us, a third of what nbgrader gives it.
    """
    book = new_notebook()
    for source in cells(material, f"### BEGIN SOLUTION\n{material.answer}\n### END SOLUTION"):
        cell = new_code_cell(source)
        if "BEGIN SOLUTION" in source:
            cell.metadata["nbgrader"] = nbgrader_mark("total", solution=True)
        book.cells.append(cell)
    for number, argument in enumerate(material.checks):
        cell = new_code_cell(f"assert total({argument}) == {material.expression.format(argument)}")
        cell.metadata["nbgrader"] = nbgrader_mark(f"check-{number}", points=1)
        book.cells.append(cell)
    book.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    source_folder = root / "source" / "ps"
    source_folder.mkdir(parents=True)
    nbformat.write(book, source_folder / "work.ipynb")
    settings = ("c = get_config()", "c.CourseDirectory.course_id = 'bench'", f"c.Execute.timeout = {Limits().cell_seconds:.0f}")
    (root / "nbgrader_config.py").write_text("\n".join(settings), encoding="utf-8")
    nbgrader(root, "generate_assignment", "ps", "--force")
    for student, answer in answers.items():
        folder = root / "submitted" / student / "ps"
        folder.mkdir(parents=True)
        released = nbformat.read(root / "release" / "ps" / "work.ipynb", as_version=4)
        for cell in released.cells:
            if cell.metadata.get("nbgrader", {}).get("grade_id") == "total":
                cell.source = answer
        nbformat.write(released, folder / "work.ipynb")


def nbgrader(root: Path, *arguments: str, check: bool = True) -> None:
    """Run nbgrader with this environment's programs first on PATH: it starts alembic by name."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    command = [sys.executable, "-m", "nbgrader", *arguments]
    subprocess.run(command, cwd=root, env={**os.environ, "PATH": path}, check=check, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603


def write_otter(root: Path, material: Material, answers: Mapping[str, str]) -> list[Path]:
    """Write the same assertions as an otter test, and a notebook with each student's answer; return the notebooks."""
    (root / "tests").mkdir(parents=True)
    code = [f">>> assert total({argument}) == {material.expression.format(argument)}\n" for argument in material.checks]
    suite = {"cases": [{"code": line, "hidden": False, "locked": False} for line in code], "scored": True, "type": "doctest"}
    test = {"name": "total", "points": len(code), "suites": [{**suite, "setup": "", "teardown": ""}]}
    (root / "tests" / "total.py").write_text(f"OK_FORMAT = True\ntest = {test!r}\n", "utf-8")
    written = []
    for student, answer in answers.items():
        book = new_notebook(cells=[new_code_cell(source) for source in cells(material, answer)])
        book.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
        written.append(root / f"{student}.ipynb")
        nbformat.write(book, written[-1])
    return written


def otter(work: Path) -> bool:
    """Have otter-grader grade *work* in this process; return whether it passes."""
    from otter.execute import grade_notebook  # noqa: PLC0415 - measured, not used

    with contextlib.redirect_stdout(None), contextlib.redirect_stderr(None):
        tests = [str(work.parent / "tests" / "total.py")]
        results = grade_notebook(str(work), tests_glob=tests, test_dir=str(work.parent / "tests"), cwd=str(work.parent))
    return bool(results.total == results.possible)


def measure(paths: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Return the median seconds of each path; all take turns, so that a change of the machine's speed hits all alike."""
    taken: dict[str, list[float]] = {name: [] for name in paths}
    for path in paths.values():
        path()
    for _ in range(rounds):
        for name, path in paths.items():
            started = time.perf_counter()
            path()
            taken[name].append(time.perf_counter() - started)
    return {name: statistics.median(times) for name, times in taken.items()}


def tell(title: str, medians: dict[str, float], pairs: Iterable[tuple[str, str, str, float]]) -> None:
    """Print medians, and the ratio of each pair beside the one that is to be reached."""
    print(f"\n{title}", flush=True)
    for name, seconds in medians.items():
        print(f"  {name:52} {seconds * 1000:8.0f} ms")
    for label, slow, fast, bar in pairs:
        print(f"  {label:52} {medians[slow] / medians[fast]:8.1f} times{f' (to reach: {bar:g})' if bar else ''}", flush=True)


def bench(material: Material, rounds: int, root: Path, warm: ForkServers) -> None:
    """Measure and print one lesson."""
    work = write_course(root / "hornbook", material)
    course = Course.open(root / "hornbook")
    write_nbgrader(root / "nbgrader", material, {f"s{number}": material.answer for number in range(BATCH)})
    (otters,) = write_otter(root / "otter", material, {"work": material.answer})

    def stock() -> None:
        from nbclient import NotebookClient  # noqa: PLC0415 - measured, not used

        NotebookClient(nbformat.read(work, as_version=4), timeout=60).execute()

    def graded(servers: ForkServers | None) -> None:
        verdict = grade(work, course, warm=servers)
        if not verdict.passed:
            raise SystemExit(f"{material.name}: the measured submission does not pass: {verdict.outcomes}")

    def otter_passes() -> None:
        if not otter(otters):
            raise SystemExit(f"{material.name}: the measured submission does not pass with otter")

    def batch() -> None:
        if not all(one.verdict is not None and one.verdict.passed for one in grade_all([work] * OURS, course)):
            raise SystemExit(f"{material.name}: a submission of the batch does not pass")

    def command() -> None:
        asked = [sys.executable, "-m", "hornbook", "grade", str(work), "--course", str(course.root), "--json"]
        subprocess.run(asked, check=True, capture_output=True)  # noqa: S603

    theirs, ours = f"nbgrader autograde, batch of {BATCH}, each", f"hornbook, batch of {OURS}, each"
    medians = measure(
        {
            "nbclient, stock kernel, no checks": stock,
            "nbgrader autograde, one, the command": lambda: nbgrader(root / "nbgrader", "autograde", "ps", "--student=s0", "--force"),
            theirs: lambda: nbgrader(root / "nbgrader", "autograde", "ps", "--force"),
            "otter, in process, one": otter_passes,
            "hornbook grade, one, the command": command,
            "hornbook, cold sandbox": lambda: graded(None),
            "hornbook, warm sandbox": lambda: graded(warm),
            ours: batch,
        },
        rounds,
    )
    medians[theirs] /= BATCH
    medians[ours] /= OURS
    plain = material is PLAIN
    tell(
        f"{material.name}: five checks, median of {rounds}",
        medians,
        [
            ("command against command", "nbgrader autograde, one, the command", "hornbook grade, one, the command", 4),
            ("batch against batch", theirs, ours, 20 if plain else 10),
            ("otter against our batch", "otter, in process, one", ours, 25 if plain else 12),
            ("cold against warm", "hornbook, cold sandbox", "hornbook, warm sandbox", 0),
        ],
    )


# --- kernels ----------------------------------------------------------------------------------------------------------

IMPORTS = ("numpy", "pandas", "matplotlib.pyplot")


def kernel_manager(standby: int | None) -> AsyncKernelManager:
    """Return a manager of a stock kernel, or with a number of kernels *standby* of one of ours."""
    manager = AsyncKernelManager(kernel_name="python3")
    if standby is not None:
        spec = sandbox_kernel_spec()
        spec.metadata["kernel_provisioner"]["config"] = {"preload": list(IMPORTS), "standby": standby}
        manager._kernel_spec = spec
    return manager


async def private_memory() -> int:
    """Return the bytes that a warm kernel shares with nobody, its supervisors included, after it has run `data`."""
    manager = kernel_manager(0)
    await manager.start_kernel()
    client = manager.client()
    client.start_channels(stdin=False, hb=False)
    for source in cells(DATA, DATA.answer):
        asked = client.execute(source)
        while (await client.get_shell_msg(timeout=60))["parent_header"].get("msg_id") != asked:
            pass
    ours = [one for one in psutil.Process().children(recursive=True) if one.name() in {"hb-warden", "hb-root", "hb-supervisor"}]
    held = sum(one.memory_full_info().uss for one in ours)
    client.stop_channels()
    await manager.shutdown_kernel(now=True)
    return held


async def first_reply(*, standby: int | None) -> float:
    """Return the seconds from asking for a kernel to its first reply, with numpy, pandas and matplotlib imported.

    A stock kernel, or with a number of kernels *standby* one of ours. It is waited for as jupyter_client says, or where that is
    not needed, since ours is launched only once it has bound its sockets, not at all.
    """
    started = time.perf_counter()
    manager = kernel_manager(standby)
    await manager.start_kernel()
    client = manager.client()
    client.start_channels(stdin=False, hb=standby is None)
    if standby is None:
        await client.wait_for_ready(timeout=60)
    asked = client.execute(f"import {', '.join(IMPORTS)}")
    while (await client.get_shell_msg(timeout=60))["parent_header"].get("msg_id") != asked:
        pass
    taken = time.perf_counter() - started
    client.stop_channels()
    await manager.shutdown_kernel(now=True)
    return taken


def bench_kernels(rounds: int) -> None:
    """Measure and print how long a kernel's first reply takes, and what a warm kernel holds for itself."""
    kinds: dict[str, int | None] = {"a stock kernel": None, "hornbook, forked warm": 0, "hornbook, standing by": 1}

    async def replies() -> dict[str, list[float]]:
        taken: dict[str, list[float]] = {kind: [] for kind in kinds}
        for turn in range(rounds + 1):
            for kind, standby in kinds.items():
                seconds = await first_reply(standby=standby)
                # One that stands by was made before anybody asked.
                await asyncio.sleep(0.5)
                if turn:
                    taken[kind].append(seconds)
        return taken

    medians = {kind: statistics.median(times) for kind, times in asyncio.run(replies()).items()}
    tell(
        f"first reply of a kernel with numpy, pandas and matplotlib imported, median of {rounds}",
        medians,
        [
            ("stock against warm", "a stock kernel", "hornbook, forked warm", 12),
            ("stock against standing by", "a stock kernel", "hornbook, standing by", 30),
        ],
    )
    held = asyncio.run(private_memory()) / (1 << 20)
    print(f"  private memory of a warm kernel after `data`       {held:10.0f} MiB (to reach: 50 MB)")


# --- a notebook that is being worked on -------------------------------------------------------------------------------

PROPERTY = """
import pytest
from hypothesis import given, settings, strategies as st

@pytest.mark.exercise("total")
@settings(max_examples=100)
@given(st.lists(st.integers(-99, 99)))
def test_any(submission, xs):
    \"\"\"Any list\"\"\"
    assert submission.total(xs) == sum(x * x for x in xs if x > 0)
"""


def bench_live(root: Path, rounds: int) -> None:
    """Measure and print a check of one exercise, from the request to the verdict, while its cell is edited again and again."""
    write_course(root / "five", PLAIN)
    write_course(root / "any", PLAIN)
    (root / "any" / "graders" / "test_plain.py").write_text(PROPERTY, "utf-8")
    labels = {"five": "five checks of one exercise, request to verdict", "any": "100 examples of hypothesis"}
    medians = {label: live_check(Course.open(root / name), rounds) for name, label in labels.items()}
    tell("a notebook that is being worked on (to reach: 60 ms, and 250 ms)", medians, [])
    in_kernel = notebook_check(Course.open(root / "five"), rounds)
    labels = {"alone": "an exercise's cell in a kernel, run to idle", "checked": "the same, run to the widget's update: five checks"}
    tell("checks in the notebook itself (to reach: 100 ms)", {label: in_kernel[name] for name, label in labels.items()}, [])


def notebook_check(course: Course, rounds: int) -> dict[str, float]:
    """Return the median seconds from running an exercise's cell in a real kernel to its reply, alone and with a check.

    A check is over with the widget's update message on the wire; every other run has a mistake, so that there is one.
    """
    path = course.root / "work.ipynb"
    path.write_text(json.dumps(course.lesson("plain").to_notebook()), "utf-8")
    manager, client = start_new_kernel(
        kernel_name="python3", cwd=str(course.root), env={**os.environ, "JPY_SESSION_NAME": str(path)}, stderr=subprocess.DEVNULL
    )
    cell = next(one.id for one in course.lesson("plain").cells if one.exercise == "total")

    def until(wanted: Callable[[str, dict[str, Any]], bool], source: str) -> float:
        content = {"code": source, "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": False}
        message = client.session.msg("execute_request", content, metadata={"cellId": cell})
        taken = None
        started = time.perf_counter()
        client.shell_channel.send(message)
        while True:
            answer = client.get_iopub_msg(timeout=60)
            if answer["parent_header"].get("msg_id") != message["header"]["msg_id"]:
                continue
            kind, content = answer["msg_type"], answer["content"]
            if taken is None and wanted(kind, content):
                taken = time.perf_counter() - started
            if kind == "status" and content["execution_state"] == "idle":
                if taken is None:
                    raise SystemExit("the measured cell was not checked")
                return taken

    def idle(kind: str, content: dict[str, Any]) -> bool:
        return kind == "status" and content["execution_state"] == "idle"

    def updated(kind: str, content: dict[str, Any]) -> bool:
        return kind.startswith("comm") and "card" in content["data"].get("state", {})

    try:
        alone = [until(idle, f"{PLAIN.answer}  # {turn}") for turn in range(4 * rounds)]
        until(idle, "%load_ext hornbook")
        checked = []
        for turn in range(4 * rounds + 2):
            answer = PLAIN.answer if turn % 2 else PLAIN.answer.replace("> 0", "> 1")
            checked.append(until(updated, answer))
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    return {"alone": statistics.median(alone), "checked": statistics.median(checked[2:])}


def live_check(course: Course, rounds: int) -> float:
    """Return the median seconds of a check of the lesson's exercise after each of several edits."""
    taken = []
    with Examiner(course) as examiner, examiner.seat("plain") as seat:
        for turn in range(4 * rounds + 1):
            submission = fill(course.lesson("plain"), {"total": f"{PLAIN.answer}  # {turn}"})
            started = time.perf_counter()
            verdict = seat.ask(submission, practice=True, exercise="total")
            taken.append(time.perf_counter() - started)
            if not verdict.passed_so_far:
                raise SystemExit(f"the measured answer does not pass: {verdict.outcomes}")
    return statistics.median(taken[1:])


# --- a thousand -------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def watching(held: list[int]) -> Iterator[None]:
    """Note in *held*, every three seconds, the bytes that this process and all that come from it hold together, shared ones once."""
    over = threading.Event()

    def watch() -> None:
        # The kernel walks all pages of all processes for this, and what is measured waits for it.
        while not over.wait(3):
            total = 0
            for process in (psutil.Process(), *psutil.Process().children(recursive=True)):
                with contextlib.suppress(psutil.Error, OSError):
                    total += process.memory_full_info().pss
            held.append(total)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()


def bench_thousand(root: Path) -> None:
    """Measure and print a thousand submissions of `plain`, each verdict written down."""
    work = write_course(root / "thousand", PLAIN)
    course = Course.open(root / "thousand")
    held: list[int] = []
    with watching(held), (root / "verdicts.jsonl").open("wb") as file:
        started = time.perf_counter()
        for one in grade_all([work] * 1000, course):
            if one.verdict is None or not one.verdict.passed:
                raise SystemExit("thousand: a submission does not pass")
            file.write(one.verdict.to_json() + b"\n")
            file.flush()
        seconds = time.perf_counter() - started
    written = len({json.loads(line)["started"] for line in (root / "verdicts.jsonl").read_text("utf-8").splitlines()})
    print(f"\na thousand submissions of `plain`, {written} verdicts written (to reach: 60 s, 2 GiB)")
    print(f"  {'in all':52} {seconds:8.1f} s")
    print(f"  {'memory of all processes together, at most':52} {max(held) >> 20:8} MiB", flush=True)


HOSTILE = {
    "never ends": ("def total(xs):\n    while True:\n        pass", "timed out"),
    "eats memory": ("def total(xs):\n    return bytearray(1 << 40)", "out of memory"),
    "ends Python": ("import os\nos._exit(0)", "failed"),
    "leaves a daemon": (
        "import os, time\nif os.fork() == 0:\n    os.setsid()\n    time.sleep(600)\ndef total(xs):\n    return -1",
        "failed",
    ),
    "lies": ("class Lie(int):\n    __eq__ = lambda *_: True\n    __hash__ = None\ndef total(xs):\n    return Lie(0)", "failed"),
}


SAMPLE = 100
"""How many of a batch's submissions nbgrader, otter and our command are given beside it: of each kind of hostile ones there is one."""


HORNBOOK = "hornbook grade, kept and recorded"
NBGRADER = "nbgrader autograde, a batch"
OTTER = "otter, one after the other in process"
PR_SET_CHILD_SUBREAPER = 36


def bench_batch(root: Path, submissions: int, kills: int) -> None:
    """Measure and print `hornbook grade` over that many submissions of `plain`, one in twenty hostile: kept, recorded, reported.

    Beside it nbgrader, otter and our command grade the first of the same submissions. With *kills* all is graded once more, is killed
    that often, and must come to the same.
    """
    handed_in = answers(submissions)
    hand_in(root, {learner: answer for learner, (answer, _) in handed_in.items()})
    expected = {learner: comes_to for learner, (_, comes_to) in handed_in.items()}
    command = [sys.executable, "-m", "hornbook", "grade", "in", "--quiet", "--course", ".", "--seed", "7", "--jsonl", "results.jsonl"]
    command += ["--record", "record.sqlite"]
    reports = ["--report", "results.xml", "--report", "results.csv", "--report", "results.html"]
    held: list[int] = []
    seconds: list[float] = []
    timelines: list[list[float]] = [[], []]
    for timeline in timelines:
        started = time.perf_counter()
        with watching(held), timing(root / "results.jsonl", timeline):
            ended = subprocess.run([*command, *reports], cwd=root, check=False, capture_output=True, text=True)  # noqa: S603 - our own program
        seconds.append(time.perf_counter() - started)
        if ended.returncode != 1:
            raise SystemExit(f"batch: {ended.stderr}")
    wrong = 0
    for entry in entries(root / "results.jsonl"):
        statuses = {str(outcome.status) for outcome in entry.verdict.outcomes} if entry.verdict else set()
        wrong += expected.pop(entry.learner) not in statuses or ("passed" in statuses and len(statuses) > 1 and entry.learner.endswith("7"))
    each = seconds[0] / submissions
    print(f"\n`hornbook grade` over {submissions} submissions of `plain`, one in twenty hostile: kept, recorded, reported thrice")
    print(f"  {'in all':52} {seconds[0]:8.1f} s")
    print(f"  {'submissions a second':52} {1 / each:8.2f}")
    print(f"  {'the same again, all of them done':52} {seconds[1]:8.1f} s")
    print(f"  {'memory of all processes together, at most':52} {max(held) >> 20:8} MiB")
    print(f"  {'the file of results':52} {(root / 'results.jsonl').stat().st_size >> 20:8} MiB")
    print(f"  {'verdicts that are missing, or not as they should be':52} {wrong + len(expected):8}", flush=True)
    if kills:
        print_kills(root, command, kills, [*timelines[0], seconds[0]])
    sample = {learner: answer for learner, (answer, _) in list(handed_in.items())[:SAMPLE]}
    print(f"\nthe first {len(sample)} of the same submissions, each tool's command or call over all of them, its start included")
    print(f"  {'':40} {'a second':>10} {'ours against it':>17} {'the batch above':>17}")
    rates = sampled(root, sample)
    bars = {NBGRADER: 20, OTTER: 25}
    for name, rate in rates.items():
        reach = f"   (to reach: {bars[name]})" if name in bars else ""
        print(f"  {name:40} {rate:10.2f} {rates[HORNBOOK] / rate:11.1f} times {1 / each / rate:11.1f} times{reach}", flush=True)


@contextlib.contextmanager
def timing(file: Path, timeline: list[float]) -> Iterator[None]:
    """Note in *timeline*, line by line, how many seconds after the beginning of this block it was in *file*."""
    over, started = threading.Event(), time.perf_counter()
    read = file.stat().st_size if file.exists() else 0

    def watch() -> None:
        # Only what is new is read: to watch must not cost what is measured.
        nonlocal read
        while not over.wait(0.02):
            if file.exists() and file.stat().st_size > read:
                with file.open("rb") as opened:
                    opened.seek(read)
                    new = opened.read()
                read += len(new)
                timeline.extend([time.perf_counter() - started] * new.count(b"\n"))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()


def lines_of(file: Path) -> int:
    """Return how many whole lines *file* has, none if it is not there."""
    return file.read_bytes().count(b"\n") if file.exists() else 0


def sampled(root: Path, sample: Mapping[str, str]) -> dict[str, float]:
    """Return how many submissions of *sample*, answers by learner, each tool grades in a second, its start included."""
    write_nbgrader(root / "nbgrader", PLAIN, sample)
    hand_in(root / "sample", sample)

    def ours() -> None:
        kept = ("--jsonl", "sample.jsonl", "--record", "sample.sqlite")
        command = [sys.executable, "-m", "hornbook", "grade", "in", "--quiet", "--course", ".", *kept]
        subprocess.run(command, cwd=root / "sample", check=False, capture_output=True)  # noqa: S603 - our own
        if len(list(entries(root / "sample" / "sample.jsonl"))) != len(sample):
            raise SystemExit("sample: a submission was not graded")

    paths: dict[str, Callable[[], object]] = {
        HORNBOOK: ours,
        # One that cannot be graded makes it end with an error, when it has graded the others.
        NBGRADER: lambda: nbgrader(root / "nbgrader", "autograde", "ps", "--force", check=False),
    }
    if importlib.util.find_spec("otter") is not None:
        notebooks = write_otter(root / "otter", PLAIN, sample)

        def otter_all() -> None:
            for notebook in notebooks:
                otter_for(notebook, Limits().cell_seconds)

        paths[OTTER] = otter_all
    found: dict[str, float] = {}
    for name, path in paths.items():
        with ending_what_is_left():
            started = time.perf_counter()
            path()
            found[name] = len(sample) / (time.perf_counter() - started)
    return found


def otter_for(work: Path, seconds: float) -> None:
    """Have otter grade *work* in a fork of this process, which is ended after *seconds*.

    So `otter grade --timeout` ends a submission's container; without that otter waits for ever for one that never ends.
    """

    def quietly() -> None:
        null = os.open(os.devnull, os.O_WRONLY)
        for fd in (1, 2):
            os.dup2(null, fd)
        otter(work)

    importlib.import_module("otter.execute")
    process = multiprocessing.get_context("fork").Process(target=quietly)
    process.start()
    process.join(seconds)
    process.kill()
    process.join()


@contextlib.contextmanager
def ending_what_is_left() -> Iterator[None]:
    """End the processes that were left behind within this block, which without a sandbox nobody else does."""
    prctl = ctypes.CDLL(None).prctl
    before = set(psutil.Process().children(recursive=True))
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    try:
        yield
    finally:
        prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)
        left = [process for process in psutil.Process().children(recursive=True) if process not in before]
        for process in left:
            with contextlib.suppress(psutil.Error):
                process.kill()
        psutil.wait_procs(left)


def print_kills(root: Path, command: Sequence[str], kills: int, timeline: Sequence[float]) -> None:
    """Have *command* killed that often, and print what came of it: moments, and how much is otherwise than it was undisturbed.

    The moments are drawn evenly over the whole of the undisturbed run, from its start to its end: *timeline* says when each of its
    results was kept, and then when it ended. Each falls as long after the same number of results as it did there.
    """
    again = [word.replace("results.jsonl", "killed.jsonl").replace("record.sqlite", "killed.sqlite") for word in command]
    moments = sorted(np.random.default_rng(9).uniform(0, timeline[-1], kills))
    hit = []
    for moment in moments:
        done = sum(kept <= moment for kept in timeline[:-1])
        since = moment - (timeline[done - 1] if done else 0.0)
        with subprocess.Popen(again, cwd=root, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True) as process:  # noqa: S603 - our own
            while lines_of(root / "killed.jsonl") < done and process.poll() is None:
                time.sleep(0.01)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(since)
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                hit.append(lines_of(root / "killed.jsonl") / (len(timeline) - 1))
    ended = subprocess.run(again, cwd=root, check=False, capture_output=True, text=True)  # noqa: S603 - our own program
    if ended.returncode != 1:
        raise SystemExit(f"batch: {ended.stderr}")
    undisturbed, found = remembered(root / "record.sqlite"), remembered(root / "killed.sqlite")
    other = [learner for learner in undisturbed.keys() | found.keys() if undisturbed.get(learner) != found.get(learner)]
    lines = lines_of(root / "killed.jsonl")
    print(f"  {f'of {kills} kills, those that found it at work':52} {len(hit):8}")
    print(f"  {'how much was done at each':52} {' '.join(f'{share:.0%}' for share in hit)}")
    print(f"  {'lines of results, of as many submissions':52} {lines:8} of {len(timeline) - 1}")
    print(f"  {'learners of whom the record holds something else':52} {len(other):8} of {len(undisturbed)}", flush=True)
    if other or lines != len(timeline) - 1 or not undisturbed:
        raise SystemExit(f"batch: killed, it comes to something else, as for {sorted(other)[:3]}")


def remembered(record: Path) -> dict[str, list[Any]]:
    """Return what a record holds of each learner, without times and in no order."""
    from hornbook.record.store import Record  # noqa: PLC0415 - only here

    found: dict[str, list[Any]] = {}
    with contextlib.closing(Record.open(record)) as opened:
        for row in map(json.loads, opened.export()):
            if "table" not in row:
                continue
            row.pop("at", None)
            if row["table"] == "verdict":
                row["verdict"] = verdict = json.loads(row["verdict"])
                for part in (verdict, *verdict["outcomes"], *verdict["cells"]):
                    part.pop("seconds")
                verdict.pop("started")
            found.setdefault(row["learner"], []).append(row)
    return {learner: sorted(rows, key=json.dumps) for learner, rows in found.items()}


def answers(submissions: int) -> dict[str, tuple[str, str]]:
    """Return as many answers to `plain`, one in twenty of them hostile, by learner, each with what a check of it must come to."""
    found = {}
    for number in range(submissions):
        kind = list(HOSTILE)[number // 20 % len(HOSTILE)] if number % 20 == 7 else "mistaken" if number % 5 == 1 else "right"
        known = {"right": (PLAIN.answer, "passed"), "mistaken": (PLAIN.answer.replace("> 0", ">= 2"), "failed"), **HOSTILE}
        answer, comes_to = known[kind]
        name = f"learner-{number:06}"
        found[name] = (f"{answer}\n# {name}", comes_to)
    return found


def hand_in(root: Path, handed_in: Mapping[str, str]) -> None:
    """Write a course with a submission of `plain` for each learner's answer."""
    finished = json.loads(write_course(root, PLAIN).read_text("utf-8"))
    for learner, answer in handed_in.items():
        for cell in finished["cells"]:
            if "hornbook" in cell["metadata"]:
                cell["source"] = answer
        (root / "in" / learner).mkdir(parents=True)
        (root / "in" / learner / "plain.ipynb").write_text(json.dumps(finished), "utf-8")


SCALED = 60
"""How many submissions of each path `bench_scale` times, when all is warm."""


def bench_scale(root: Path, rounds: int) -> None:
    """Measure and print what a submission costs on our own pool and on a cluster of two workers here, in pairs; starts are told apart."""
    from hornbook.grading.cluster import grade_on  # noqa: PLC0415 - only here

    work = write_course(root, PLAIN)
    course = Course.open(root)
    waiting = 2 * 2

    def each(graded: Iterable[Any]) -> tuple[float, float]:
        """Return the seconds to the first verdict, and for each that came when those who had waited for it were through."""
        started = time.perf_counter()
        came = []
        for one in graded:
            came.append(time.perf_counter())
            if one.verdict is None or not one.verdict.passed:
                raise SystemExit(f"scale: a submission does not pass: {one.error}")
        return came[0] - started, (came[-1] - came[waiting]) / (len(came) - 1 - waiting)

    paths: dict[str, Callable[[], Iterable[Any]]] = {
        "two at a time here": lambda: grade_all([work] * SCALED, course, workers=2),
        "local:2": lambda: grade_on("local:2", [work] * SCALED, course),
    }
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in paths}
    for _ in range(rounds):
        for name, path in paths.items():
            taken[name].append(each(path()))
    first = {f"{name}, to the first verdict": statistics.median(one for one, _ in times) for name, times in taken.items()}
    medians = {f"{name}, each": statistics.median(one for _, one in times) for name, times in taken.items()}
    here, there = medians.values()
    tell(f"a batch of `plain`, median of {rounds} pairs of {SCALED}", {**first, **medians}, [])
    over = statistics.median(far - near for (_, near), (_, far) in zip(*taken.values(), strict=True))
    cores = min(2, len(os.sched_getaffinity(0)))
    print(f"  {'what the cluster adds to each, of a core':52} {over * cores * 1000:8.0f} ms")
    print(f"  {'submissions a second and core, here':52} {1 / here / cores:8.2f}")
    print(f"  {'submissions a second and core, on the cluster':52} {1 / there / cores:8.2f}")
    print(f"  {'core hours for 100,000, on the cluster':52} {100_000 * there * cores / 3600:8.1f}", flush=True)


# --- a learner's Lab --------------------------------------------------------------------------------------------------

PRESS = """() => new Promise(resolve => {
    const footer = document.querySelector('.jp-hb-footer[data-exercise="shift_letter"]');
    const cell = window.jupyterapp.shell.currentWidget.content.activeCell;
    const times = {};
    const end = () => {
        if (times.green === undefined || times.ran === undefined) return;
        const sent = performance.getEntriesByType('resource').filter(one => one.name.includes('/hornbook/api/checks')).pop();
        if (sent === undefined || sent.responseEnd < times.pressed) { requestAnimationFrame(end); return; }
        watch.disconnect();
        cell.model.stateChanged.disconnect(ran);
        const page = sent.startTime - times.pressed + times.green - sent.responseEnd;
        resolve([Math.max(times.green, times.ran) - times.pressed, page, times.ran - times.pressed]);
    };
    const card = footer.querySelector('.hornbook-card');
    let begun = false;
    const watch = new MutationObserver(() => {
        begun = begun || card.classList.contains('hb-is-running');
        if (!begun || times.green !== undefined || !card.classList.contains('hb-is-passed')) return;
        times.green = performance.now();
        end();
    });
    watch.observe(card, { attributes: true });
    const ran = (_, change) => {
        if (change.name !== 'executionCount' || change.newValue === null) return;
        times.ran = performance.now();
        end();
    };
    cell.model.stateChanged.connect(ran);
    performance.clearResourceTimings();
    document.addEventListener('keydown', () => { times.pressed = performance.now() }, { capture: true, once: true });
})"""


def bench_lab(home: Path, rounds: int) -> None:
    """Measure and print how long it takes in a browser from the key that checks to the answer below the cell, which is run as well."""
    from conftest import running_lab  # noqa: PLC0415 - only here
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - the same

    from hornbook.lesson import read_solution  # noqa: PLC0415 - the same

    solution = "\n".join(read_solution(next(Path("graders").rglob("secret_messages.solution.py")))["shift_letter"])
    home.mkdir()
    taken: list[list[float]] = []
    with running_lab(home) as lab, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1440, "height": 950})
        page.goto(f"{lab.url}lab?token={lab.token}")
        page.wait_for_function("window.jupyterapp && window.jupyterapp.shell")
        page.evaluate("() => window.jupyterapp.restored.then(() => undefined)")
        copy = lab.folder / "work.ipynb"
        copy.write_bytes(next((lab.folder / "lessons").rglob("secret_messages.ipynb")).read_bytes())
        page.evaluate("() => { window.jupyterapp.commands.execute('docmanager:open', { path: 'work.ipynb' }) }")
        page.wait_for_function("() => window.jupyterapp.shell.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'")
        page.wait_for_selector('.jp-hb-footer[data-exercise="shift_letter"]')
        for turn in range(3 + 4 * rounds):
            page.evaluate(
                """source => { const notebook = window.jupyterapp.shell.currentWidget.content;
                    const is = cell => (cell.model.getMetadata('hornbook') || {}).exercise === 'shift_letter';
                    notebook.activeCellIndex = notebook.widgets.findIndex(is);
                    notebook.activeCell.model.sharedModel.setSource(source);
                    notebook.activate() }""",
                f"{solution}\n# {turn}",
            )
            page.evaluate(f"() => {{ window.answer = ({PRESS})() }}")
            page.keyboard.press("Alt+Shift+Enter")
            times = page.evaluate("() => window.answer")
            if turn >= 3:
                taken.append([seconds / 1000 for seconds in times])
        browser.close()
    total, of_page, ran = (statistics.median(column) for column in zip(*taken, strict=True))
    labels = {
        "from the key to green, the cell run as well": total,
        "of which the page itself": of_page,
        "the cell alone, from the key to its number": ran,
    }
    tell(f"a check in JupyterLab, median of {len(taken)} (to reach: 150 ms, and 30 ms)", labels, [])


# --- a portfolio's site -----------------------------------------------------------------------------------------------


WATCH = """new MutationObserver((_, observer) => {
  if (!document.getElementById("state")?.textContent.startsWith("Intact")) return;
  window.checkedAfter = performance.now();
  observer.disconnect();
}).observe(document, { subtree: true, childList: true, characterData: true });"""
"""Notes in the page how long it took from opening it until it had checked itself."""


def bench_portfolio(home: Path, rounds: int) -> None:
    """Measure and print how long a site of 500 artifacts takes to build, and a search in it from a letter to the new layout."""
    from conftest import SEARCHES, Passed  # noqa: PLC0415 - only here
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - the same

    from hornbook.lesson import read_solution  # noqa: PLC0415 - the same
    from hornbook.publish import Keyring  # noqa: PLC0415 - the same
    from hornbook.publish.portfolio import build  # noqa: PLC0415 - the same
    from hornbook.scaffold import new_course  # noqa: PLC0415 - the same

    new_course(home / "course")
    course = Course.open(home / "course")
    lesson = course.lesson("counting_vowels")
    work = home / "work.ipynb"
    work.write_text(json.dumps(lesson.to_notebook(read_solution(home / "course/graders/counting_vowels.solution.py"))), "utf-8")
    verdict = grade(work, course)
    passed = Passed(work.read_bytes(), verdict, lesson, Keyring.open(home / "keys"), verdict.started, home / "course")
    exported = passed.with_cells(*[{"cell_type": "code", "execution_count": 1, "outputs": [], "source": f"x{n} = {n}"} for n in range(5)])
    published = []
    for number in range(rounds + 1):
        started = time.perf_counter()
        artifact = exported.publish(home / "published", now=verdict.started, learner=f"Turn {number}")
        published.append(time.perf_counter() - started)
    place = passed.many(home / "portfolio", 500)
    built = []
    for number in range(rounds):
        started = time.perf_counter()
        site = build(place, title=f"Turn {number}")
        built.append(time.perf_counter() - started)
        if len(site.listed) != 500:
            raise SystemExit("portfolio: an artifact does not hold")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1440, "height": 950})
        page.goto(site.page.as_uri())
        checked = []
        for _ in range(rounds):
            reader = browser.new_page()
            reader.add_init_script(WATCH)
            reader.goto(artifact.page.as_uri())
            reader.get_by_text("Intact. Self-checked by the learner.").wait_for()
            checked.append(reader.evaluate("window.checkedAfter") / 1000)
            reader.close()
        turns = [turn for _ in range(rounds) for turn in page.evaluate(SEARCHES)]
        browser.close()
    searches = [seconds / 1000 for turn in turns for seconds in turn]
    cells = len(json.loads((artifact.folder / "notebook.ipynb").read_bytes())["cells"])
    exports = {
        "publishing it, signing included, warm": statistics.median(published[1:]),
        "its page in Chromium, from opening to checked": statistics.median(checked),
    }
    tell(f"an artifact of {cells} cells (to reach: 300 ms each)", exports, [])
    labels = {
        "building it, each artifact verified": statistics.median(built),
        "a letter typed into the search, 19 of 20": statistics.quantiles(searches, n=20)[-1],
        "the same, the median": statistics.median(searches),
    }
    tell(f"a site of 500 artifacts, {site.page.stat().st_size >> 10} KiB of page (to reach: 30 s, and 50 ms)", labels, [])


PASSAGES = 100_000
QUERIES = 200
TOPICS = 500


class Sampled:
    """Vectors in clusters, as texts about the same have them; what a query costs in the real model is paid, and its result left."""

    name = "sampled"
    dimensions = 384

    def __init__(self) -> None:
        self.model = MiniLM()
        self.chance = np.random.default_rng(7)
        self.centres = self.chance.standard_normal((TOPICS, self.dimensions), dtype=np.float32)

    def drawn(self, number: int) -> Any:
        """Return *number* vectors around the centres."""
        rows = self.centres[self.chance.integers(TOPICS, size=number)]
        rows = rows + 0.7 * self.chance.standard_normal((number, self.dimensions), dtype=np.float32)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)

    def embed(self, texts: Sequence[str]) -> Any:
        """Return one row for each of *texts*."""
        self.model.embed(texts)
        return self.drawn(len(texts))


def passages(chance: np.random.Generator) -> Iterator[Document]:
    """Yield documents of one passage each, forty words as often as words are."""
    levels = ("beginner", "intermediate", "advanced")
    for number in range(PASSAGES):
        words = [f"word{rank}" for rank in np.minimum(chance.zipf(1.2, 43), 30_000)]
        yield Document(
            f"lesson:bench/n{number}", " ".join(words[:3]), course="bench", slug=f"n{number}", passages=(Passage(" ".join(words[3:])),),
            skills=(f"skill {number % 5}",), level=levels[number % 3], minutes=5 + number % 10,
        )  # fmt: skip


def asked_often(work: Callable[[str], object], queries: Sequence[str]) -> tuple[float, float, float]:
    """Return the median and the 95th percentile of *work* on *queries*, in milliseconds, and that percentile of the processor time."""
    work(queries[0])
    wall, used = [], []
    for query in queries:
        begun, busy = time.perf_counter(), time.process_time()
        work(query)
        wall.append(1000 * (time.perf_counter() - begun))
        used.append(1000 * (time.process_time() - busy))
    return statistics.median(wall), statistics.quantiles(wall, n=20)[-1], statistics.quantiles(used, n=20)[-1]


def bench_search(root: Path, rounds: int) -> None:
    """Time the command, and find one of a hundred thousand passages, as the catalog does, and as its parts would alone."""
    bench_command(root, rounds)
    me, sampled, chance = psutil.Process(), Sampled(), np.random.default_rng(11)
    queries = [" ".join(f"word{rank}" for rank in chance.integers(20, 2_000, 3)) for _ in range(QUERIES)]
    where = Where(skills=("skill 3",))

    def told(name: str, work: Callable[[str], object]) -> None:
        median, most, used = asked_often(work, queries)
        print(f"  {name:30}{median:10.1f}{most:10.1f}{used:10.1f}", flush=True)

    def megabytes() -> float:
        return float(me.memory_info().rss) / (1 << 20)

    with Catalog.open(root / "catalog.sqlite", embedder=sampled) as catalog:
        begun, batch = time.perf_counter(), []
        for document in passages(chance):
            batch.append(document)
            if len(batch) == 1_000:
                catalog.store.put(batch, sampled.drawn(len(batch)), catalog.space)
                batch = []
        size = (root / "catalog.sqlite").stat().st_size >> 20
        print(f"\n{PASSAGES:,} passages written to SQL in {time.perf_counter() - begun:.0f} s, {size} MiB", flush=True)
        sampled.embed(["read the model"])
        before, begun = megabytes(), time.perf_counter()
        catalog.find(queries[0])
        print(f"vectors read in {time.perf_counter() - begun:.1f} s, {megabytes() - before:.0f} MiB")
        print(f"\n  {'milliseconds':30}{'median':>10}{'p95':>10}{'p95, CPU':>10}", flush=True)
        told("find, exact, filtered", lambda text: catalog.find(text, where))
        told("find, exact", catalog.find)
        with catalog.store.reading() as connection:
            state, every = catalog.store.state(connection), sampled.drawn(QUERIES)
            of_query = dict(zip(queries, every, strict=True))
            among = catalog.store.idents(connection, where)

            def exact(text: str, kept: Any = None) -> list[int]:
                return [ident for ident, _ in catalog._exact.nearest(catalog.store, connection, state, of_query[text], 10, kept)]

            told("numpy alone, filtered", lambda text: exact(text, among))
            told("FTS5 alone, filtered", lambda text: catalog.store.ranked(connection, text.split(), where, 10))
        before, begun, busy = megabytes(), time.perf_counter(), time.process_time()
        catalog.warm()
        wall, used = time.perf_counter() - begun, time.process_time() - busy
        print(f"Chroma built in {wall:.0f} s ({used:.0f} s of processor time), {megabytes() - before:.0f} MiB", flush=True)
        chroma = catalog._chroma
        if chroma is None or not chroma.opened:
            raise SystemExit(catalog.trouble)
        told("find, Chroma, filtered", lambda text: catalog.find(text, where))
        told("find, Chroma", catalog.find)
        told("Chroma alone, filtered", lambda text: chroma.nearest(of_query[text], 10, where))
        told("Chroma alone", lambda text: chroma.nearest(of_query[text], 10, Where()))
        shared = [len(set(exact(text)) & {ident for ident, _ in chroma.nearest(of_query[text], 10, Where())}) / 10 for text in queries]
        print(f"of the ten nearest Chroma finds {statistics.mean(shared):.4f}")


def bench_command(root: Path, rounds: int) -> None:
    """Time `hornbook find` from its start to its end, with our own lessons in the catalog."""
    environment = {**os.environ, "HORNBOOK_CATALOG": str(root / "command.sqlite")}
    command = [sys.executable, "-m", "hornbook", "find", "KeyError: 'price'", "--course", str(Path(__file__).parent.parent)]

    def run() -> None:
        subprocess.run(command, env=environment, check=True, capture_output=True)  # noqa: S603 - our own

    run()
    tell("hornbook find, the command", measure({"from start to exit": run}, rounds), ())


def main() -> None:
    """Measure all of it, or what was named."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--submissions", type=int, default=1000, help="how many a measured batch has, with hostile ones among them")
    parser.add_argument("--kills", type=int, default=0, help="how often a measured batch is killed, once more, and resumed")
    parser.add_argument("--thousand", action="store_true", help="a thousand submissions, too")
    modes = "plain, data, kernels, live, lab, portfolio, search, batch, scale"
    parser.add_argument("what", nargs="*", default=["plain", "data", "kernels", "live"], help=modes)
    asked = parser.parse_args()
    # The compiled files of our own modules count as little as those of an installed package.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    print(f"Python {platform.python_version()}, {platform.system()} {platform.release()}, {os.cpu_count()} processors")
    with ForkServers() as warm, tempfile.TemporaryDirectory(prefix="hornbook-bench-") as folder:
        for material in (PLAIN, DATA):
            if material.name in asked.what:
                bench(material, asked.rounds, Path(folder, material.name), warm)
        others: dict[str, Callable[[], None]] = {
            "kernels": lambda: bench_kernels(asked.rounds),
            "live": lambda: bench_live(Path(folder, "live"), asked.rounds),
            "lab": lambda: bench_lab(Path(folder, "lab"), asked.rounds),
            "portfolio": lambda: bench_portfolio(Path(folder, "portfolio"), asked.rounds),
            "search": lambda: bench_search(Path(folder), asked.rounds),
            "batch": lambda: bench_batch(Path(folder, "batch"), asked.submissions, asked.kills),
            "scale": lambda: bench_scale(Path(folder, "scale"), asked.rounds),
        }
        for name, measured in others.items():
            if name in asked.what:
                measured()
        if asked.thousand:
            bench_thousand(Path(folder, "thousand"))


if __name__ == "__main__":
    main()
