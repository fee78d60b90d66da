"""`hornbook.notebook`: an exercise is checked where the learner works, in a real kernel, by a process that asks a fork of it."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest
from jupyter_client.manager import start_new_kernel

from hornbook.server import IN_THE_LAB

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import StepsCourse

    from hornbook import Course

GRADER = """
import pytest

@pytest.mark.exercise("one")
def test_one(submission):
    '''One is one'''
    assert submission.one == 1

@pytest.mark.exercise("one")
def test_output(submission):
    '''What the cell has shown is known'''
    if "printed" in submission.cell("one").source:
        assert submission.cell("one").output == "printed\\n'shown'\\n"

@pytest.mark.exercise("one")
def test_asking(submission):
    '''What is typed is doubled'''
    if "asking" in submission.cell("one").source:
        submission.stdin(["3"])
        assert submission.asking() == "33"

@pytest.mark.exercise("two")
def test_two(submission):
    '''Two doubles three'''
    assert submission.two(3) == 6

@pytest.mark.exercise("two")
def test_two_of_text(submission):
    '''Two doubles a text'''
    assert submission.two("ab") == "abab"

@pytest.mark.exercise("two", hidden=True)
def test_two_hidden(submission, rng):
    '''Two doubles any number'''
    n = rng.randint(1, 99)
    assert submission.two(n) == 2 * n
"""
HINTS = """
[exercise.two]
hints = ["Add it to itself.", "Write `n + n`."]
success = "Adding a thing to itself doubles numbers and texts alike."
"""
ANSWER_SECONDS = 60.0
RIGHT = "def two(n): return n + n"


@dataclass(slots=True)
class Ran:
    """What one cell has shown: texts, pages, errors, and the messages of widgets."""

    printed: str = ""
    shown: list[dict[str, Any]] = field(default_factory=list)
    updated: list[dict[str, Any]] = field(default_factory=list)
    error: str = ""
    widgets: list[dict[str, Any]] = field(default_factory=list)

    @property
    def text(self) -> str:
        """What it looks like in plain text."""
        return "\n".join(data.get("text/plain", "") for data in [*self.shown, *self.updated])


@dataclass(slots=True)
class Kernel:
    """A real ipykernel, and a client that speaks to it as JupyterLab does."""

    manager: Any
    client: Any

    @property
    def process(self) -> psutil.Process:
        """Return its process."""
        return psutil.Process(self.manager.provisioner.pid)

    def send(self, source: str, cell: str | None = None) -> str:
        """Have *source* run as the cell with the id *cell*."""
        content = {
            "code": source,
            "silent": False,
            "store_history": True,
            "user_expressions": {},
            "allow_stdin": False,
            "stop_on_error": True,
        }
        message = self.client.session.msg("execute_request", content, metadata={} if cell is None else {"cellId": cell})
        self.client.shell_channel.send(message)
        return str(message["header"]["msg_id"])

    def run(self, source: str, cell: str | None = None) -> Ran:
        """Run *source* as the cell with the id *cell*, to its end."""
        return self.until_idle(self.send(source, cell))

    def until_idle(self, request: str, until: str | None = None) -> Ran:
        """Return what the *request* has shown by its end, or by the first message of the kind *until*."""
        ran = Ran()
        while True:
            message = self.client.get_iopub_msg(timeout=ANSWER_SECONDS)
            if message["parent_header"].get("msg_id") != request:
                continue
            kind, content = message["msg_type"], message["content"]
            if kind == "stream":
                ran.printed += content["text"]
            elif kind in {"display_data", "execute_result"}:
                ran.shown.append(content["data"])
            elif kind == "update_display_data":
                ran.updated.append(content["data"])
            elif kind == "error":
                ran.error = f"{content['ename']}: {content['evalue']}"
            elif kind.startswith("comm"):
                ran.widgets.append(content)
            if kind == until or (kind == "status" and content["execution_state"] == "idle"):
                return ran


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory, steps_course: StepsCourse) -> Course:
    """Give the course that the notebook belongs to."""
    root = tmp_path_factory.mktemp("course")
    (root / "pyproject.toml").write_text("[tool.hornbook.limits]\ncheck_seconds = 1\nmemory_mb = 256\n", "utf-8")
    course = steps_course(root, GRADER)
    (root / "feedback" / "steps.toml").write_text(HINTS, "utf-8")
    return course


def started(course: Course, folder: Path, *, load: bool = True, in_the_lab: bool = False) -> Kernel:
    """Return a kernel for a learner's copy of the lesson in *folder*."""
    notebook = folder / "steps.ipynb"
    notebook.write_text(json.dumps(course.lesson("steps").to_notebook()), "utf-8")
    environment = {**os.environ, "JPY_SESSION_NAME": str(notebook), "IPYTHONDIR": str(folder / "ipython")}
    environment.pop(IN_THE_LAB, None)
    if in_the_lab:
        environment[IN_THE_LAB] = "1"
    manager, client = start_new_kernel(kernel_name="python3", env=environment, cwd=str(course.root))
    kernel = Kernel(manager, client)
    if load:
        assert kernel.run("%load_ext hornbook") == Ran()
    return kernel


def stop(kernel: Kernel) -> None:
    """End *kernel*, without asking."""
    kernel.client.stop_channels()
    kernel.manager.shutdown_kernel(now=True)


@pytest.fixture(scope="module")
def running(course: Course, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    """Give one kernel for the tests that leave it as it was."""
    kernel = started(course, tmp_path_factory.mktemp("work"))
    yield kernel
    stop(kernel)


@pytest.fixture
def kernel(running: Kernel) -> Kernel:
    """Give that kernel, without the variables and settings that an earlier test has left."""
    running.run("%reset -f")
    running.run("%config Hornbook.check_on_run = True")
    running.run("%config Hornbook.widgets = True")
    return running


@pytest.fixture
def fresh(kernel: Kernel) -> Kernel:
    """Give it as if nothing had been run there yet."""
    kernel.run("%reload_ext hornbook")
    return kernel


@pytest.fixture
def own(course: Course, tmp_path: Path) -> Iterator[Kernel]:
    """Give a kernel of its own to a test that ends it."""
    kernel = started(course, tmp_path)
    yield kernel
    stop(kernel)


def test_a_cell_is_checked_as_soon_as_it_has_run(fresh: Kernel) -> None:
    """A mistake is named below the cell, with a hint; its repair passes, and says why it works."""
    mistake = fresh.run("def two(n): return n * n", "two")
    repair = fresh.run(RIGHT, "two")

    assert ("two(3)" in mistake.text, "9" in mistake.text, "6" in mistake.text, "Add it to itself." in mistake.text) == (True,) * 4
    assert "Adding a thing to itself doubles numbers and texts alike." in repair.text


def test_the_answer_is_a_widget_with_twins(fresh: Kernel) -> None:
    """Wherever the notebook is read, the answer is there: as a widget, as HTML, as plain text."""
    ran = fresh.run(RIGHT, "two")

    assert set(ran.shown[-1]) == {"application/vnd.jupyter.widget-view+json", "text/html", "text/plain"}
    assert any("card" in message["data"].get("state", {}) for message in ran.widgets)


def test_it_is_never_said_that_all_passes_while_hidden_checks_are_to_come(kernel: Kernel) -> None:
    """What is said of the hidden checks is how many there are, and nothing of them has been asked."""
    text = kernel.run(RIGHT, "two").text

    assert "2 of 2 visible checks pass; 1 more runs when you hand in the lesson." in text
    assert "All" not in text


def test_the_same_widget_is_shown_again(fresh: Kernel) -> None:
    """The card of an exercise stays the same from run to run, so that hints that were revealed stay revealed."""
    fresh.run("def two(n): return n * n", "two")
    revealed = fresh.run("%hint")
    again = fresh.run("def two(n): return n * n * 1", "two")

    assert "2 of 2: Write `n + n`." in revealed.text
    assert not [message for message in again.widgets if "target_name" in message]
    assert "Write `n + n`." in again.text


def test_the_learners_variables_are_never_changed(kernel: Kernel) -> None:
    """What a check does to the state it does to a fork of it."""
    kernel.run("calls = []\ndef two(n):\n  calls.append(n)\n  return n + n", "two")

    assert "2 of 2" in kernel.run("%check two").text
    assert kernel.run("calls").text == "[]"


def test_cells_with_state_of_their_own_count(kernel: Kernel) -> None:
    """The state is that of the kernel, helpers and redefinitions included, as the learner sees it."""
    kernel.run("factor = 2", "own-cell")
    right = kernel.run("def two(n): return n * factor", "two")
    kernel.run("factor = 3", "own-cell")
    changed = kernel.run("%check two")

    assert ("2 of 2" in right.text, "0 of 2" in changed.text) == (True, True)


def test_nothing_that_a_check_prints_or_shows_stands_in_the_notebook(kernel: Kernel) -> None:
    """Neither print, nor display, nor what another program writes: it belongs to the check, which may show it on the card."""
    noisy = (
        "import os, sys\nfrom IPython.display import display\n"
        "def two(n):\n  print('seen'); display('shown'); os.system('echo leaked'); os.write(1, b'raw'); sys.stderr.write('err')\n"
        "  return n + n"
    )
    ran = kernel.run(noisy, "two")
    later = kernel.run("pass")

    assert (ran.printed, later.printed, len(ran.shown), later.shown) == ("", "", 1, [])


def test_what_a_cell_printed_is_known_to_its_checks(kernel: Kernel) -> None:
    """A grader reads `submission.cell(...).output` as in a clean run, and the learner's notebook shows it all the same."""
    ran = kernel.run("one = 1\nprint('printed')\n'shown'", "one")

    assert (ran.printed, [data["text/plain"] for data in ran.shown][:1]) == ("printed\n", ["'shown'"])
    assert "3 of 3 visible checks pass" in ran.text


@pytest.mark.parametrize(
    ("source", "word"),
    [
        ("def two(n):\n  while True: pass", "timed out"),
        ("import os\ndef two(n): os._exit(0)", "ended Python"),
        ("import os, signal\ndef two(n): os.kill(os.getpid(), signal.SIGSEGV)", "crashed Python"),
        ("def two(n): return [bytearray(1 << 28) for _ in range(64)]", "memory"),
        ("import sys\ndef two(n): sys.exit(3)", "SystemExit"),
        ("import threading\nlock = threading.Lock(); lock.acquire()\ndef two(n): lock.acquire()", "timed out"),
    ],
)
def test_what_ends_a_check_costs_the_check_only(kernel: Kernel, source: str, word: str) -> None:
    """A loop, an exit, a crash, a memory bomb or a lock: the check says so, the kernel lives, and nothing is left of it."""
    kernel.run("kept = 41")
    before = {child.pid for child in kernel.process.children()}
    ran = kernel.run(source, "two")
    after = {child.pid for child in kernel.process.children()}

    assert word in ran.text
    assert kernel.run("kept + 1").text == "42"
    assert after - before == set()


def test_threads_and_figures_of_other_cells_do_not_disturb_it(kernel: Kernel) -> None:
    """A thread that prints all the time and open figures are part of many a session."""
    kernel.run(
        "import threading\nstop = threading.Event()\n"
        "threading.Thread(target=lambda: [print(end='') for _ in iter(stop.is_set, True)]).start()"
    )
    kernel.run("import matplotlib\nmatplotlib.use('agg')\nimport matplotlib.pyplot as plt\nplt.plot([1, 2])")
    ran = [kernel.run(RIGHT, "two").text for _ in range(5)]
    kernel.run("stop.set()")

    assert all("2 of 2" in text for text in ran)


def test_an_error_of_the_cell_itself_is_told(kernel: Kernel) -> None:
    """Where the cell stopped before it made what is asked for, that is the answer."""
    ran = kernel.run("1 / 0\none = 1", "one")

    assert "ZeroDivisionError" in ran.error
    assert "Something is divided by 0" in ran.text
    assert "The cell stopped there." in ran.text


def test_a_claim_is_not_believed(kernel: Kernel) -> None:
    """An object that says it equals everything is no number, in a live kernel as in a sandbox."""
    ran = kernel.run("class One:\n  __eq__ = lambda *_: True\none = One()", "one")

    assert "2 of 3" in ran.text


def test_what_is_typed_comes_from_the_check(kernel: Kernel) -> None:
    """`input()` reads what the check says, and never asks the learner's front end, not even where there is nothing to read."""
    answered = kernel.run("one = 1\ndef asking(): return input('Which? ') * 2", "one")
    asked_twice = kernel.run("one = 1\ndef asking(): return input() + input()", "one")

    assert ("3 of 3" in answered.text, "EOFError" in asked_twice.text) == (True, True)


def test_an_untouched_exercise_is_left_alone(fresh: Kernel, course: Course) -> None:
    """Running a cell as it was given shows nothing; asked by hand, the answer is what to do first."""
    shipped = course.lesson("steps").exercise("two").sources[0]

    assert fresh.run(shipped, "two").shown == []
    assert "still as it was given" in fresh.run("%check two").text
    assert "Run the cell of this exercise first." in fresh.run("%check one").text


def test_a_check_by_hand_is_of_the_cell_it_stands_in(fresh: Kernel) -> None:
    """`%check` at the end of an exercise's cell checks that one, once; in a cell of its own, all."""
    here = fresh.run(f"{RIGHT}\n%check", "two")
    everywhere = fresh.run("%check")

    assert (len(here.shown), "2 of 2" in here.text) == (1, True)
    assert ("Run the cell of this exercise first." in everywhere.text, "Two doubles three" in everywhere.text) == (True, True)


def test_checking_on_run_can_be_switched_off(kernel: Kernel) -> None:
    """`%config Hornbook.check_on_run = False` leaves it to `%check`."""
    kernel.run("%config Hornbook.check_on_run = False")
    silent = kernel.run(RIGHT, "two")
    asked = kernel.run("%check two")

    assert (silent.shown, "2 of 2" in asked.text) == ([], True)


def test_a_learner_may_choose_the_language(kernel: Kernel) -> None:
    """`%config Hornbook.language = "de"`: the card, and what is said besides, are in German from then on."""
    kernel.run("%config Hornbook.language = 'de'")
    card, said = kernel.run("def two(n): return n * n", "two"), kernel.run("%check three")
    kernel.run("%config Hornbook.language = 'tlh'")
    unknown = kernel.run("%check three")
    kernel.run("%config Hornbook.language = ''")

    assert 'lang="en"' in unknown.shown[0]["text/html"]
    assert ("9 kam zurück" in card.text or "erwartet" in card.text, "Diese Lektion hat keine Aufgabe" in said.text) == (True, True)


def test_without_widgets_the_twins_are_shown(kernel: Kernel) -> None:
    """`%config Hornbook.widgets = False` is for front ends that cannot draw them."""
    kernel.run("%config Hornbook.widgets = False")

    assert set(kernel.run(RIGHT, "two").shown[0]) == {"text/html", "text/plain"}


def test_a_cell_is_recognised_without_its_id(kernel: Kernel) -> None:
    """Of front ends that send no ids: what a cell defines tells whose answer it is. A new cell beside it is the learner's own."""
    assert "2 of 2" in kernel.run(RIGHT).text
    assert "0 of 2" in kernel.run("def two(n): return None").text
    assert kernel.run("def two(n): return 2", "a-new-cell").shown == []


def test_what_cannot_be_asked_for_is_said_in_one_sentence(fresh: Kernel) -> None:
    """An exercise that there is not, and a hint before there is an answer."""
    assert 'This lesson has no exercise "three"; it has one, two.' in fresh.run("%check three").text
    assert "There is no hint yet." in fresh.run("%hint").text


def test_hints_come_to_an_end(fresh: Kernel) -> None:
    """The first stands on the card, the second is asked for, and after the last there is a sentence."""
    fresh.run("def two(n): return n * n", "two")
    second, none = fresh.run("%hint two"), fresh.run("%hint two")

    assert ("2 of 2: Write `n + n`." in second.text, "There are no more hints here." in none.text) == (True, True)


def test_a_check_can_be_interrupted(kernel: Kernel) -> None:
    """Ctrl-C while a check hangs: a sentence says so, and the next check is answered as ever."""
    kernel.run(RIGHT, "two")
    request = kernel.send("def two(n):\n  while True: hash(n)", "two")
    kernel.until_idle(request, until="display_data")
    kernel.manager.interrupt_kernel()
    stopped = kernel.until_idle(request)

    assert "You have stopped this check." in stopped.text
    assert "2 of 2" in kernel.run(RIGHT, "two").text


def test_while_a_check_takes_its_time_the_card_says_so(kernel: Kernel) -> None:
    """What takes longer than a blink is announced, and replaced by what came of it."""
    kernel.run(RIGHT, "two")
    ran = kernel.run("import time\ndef two(n): time.sleep(0.4); return n + n", "two")

    assert ("Checking" in ran.shown[0]["text/plain"], "2 of 2" in ran.updated[-1]["text/plain"]) == (True, True)


def test_a_grader_that_breaks_is_no_fault_of_the_learners(own: Kernel) -> None:
    """Its process can be killed at any time: the next check starts another."""
    own.run(RIGHT, "two")
    for child in own.process.children(recursive=True):
        # Those that one of them has forked end with it.
        with contextlib.suppress(psutil.NoSuchProcess):
            child.send_signal(signal.SIGKILL)
    lost = own.run(RIGHT, "two")
    again = own.run(RIGHT, "two")

    assert "through no fault of yours" in re.sub(r"\s+", " ", lost.text)
    assert "2 of 2" in again.text


def test_nothing_outlives_the_kernel(own: Kernel) -> None:
    """Neither the process that checks nor a state that is being asked, though the kernel is killed in the middle of it."""
    own.run(RIGHT, "two")
    request = own.send("def two(n):\n  while True: hash(n)", "two")
    own.until_idle(request, until="display_data")
    family = own.process.children(recursive=True)
    own.process.send_signal(signal.SIGKILL)
    _, alive = psutil.wait_procs(family, timeout=10)

    assert len(family) >= 4  # an examiner, a panel, a seat, and the state
    assert alive == []


def test_a_fork_of_the_learners_has_no_business_with_it(own: Kernel) -> None:
    """A process that a cell leaves behind keeps neither the process that checks alive, nor its line open."""
    own.run("import os, time\npid = os.fork()\nif pid == 0:\n  time.sleep(60); os._exit(0)")
    assert "2 of 2" in own.run(RIGHT, "two").text
    left = int(own.run("pid").text)
    family = [child for child in own.process.children(recursive=True) if child.pid != left]
    own.process.send_signal(signal.SIGKILL)
    _, alive = psutil.wait_procs(family, timeout=10)
    os.kill(left, signal.SIGKILL)

    assert alive == []


def test_it_can_be_taken_out_again(own: Kernel) -> None:
    """`%unload_ext hornbook` leaves a kernel as it was, and its process is gone."""
    own.run(RIGHT, "two")
    own.run("%unload_ext hornbook")
    silent = own.run(RIGHT, "two")

    assert (silent.shown, own.process.children()) == ([], [])
    assert "not found" in own.run("%check").printed + own.run("%check").error
    own.run("%load_ext hornbook")
    assert "2 of 2" in own.run(RIGHT, "two").text


def test_a_notebook_that_is_no_lesson_is_left_alone(tmp_path: Path) -> None:
    """Loading says nothing, running says nothing; whoever asks is told how to name the lesson."""
    environment = {**os.environ, "IPYTHONDIR": str(tmp_path / "ipython"), "JUPYTER_DATA_DIR": str(tmp_path / "data")}
    environment.pop("JPY_SESSION_NAME", None)
    manager, client = start_new_kernel(kernel_name="python3", env=environment, cwd=str(tmp_path))
    kernel = Kernel(manager, client)
    try:
        assert kernel.run("%load_ext hornbook") == Ran()
        assert kernel.run(RIGHT) == Ran()
        asked = re.sub(r"\s+", " ", kernel.run("%check").text)
    finally:
        stop(kernel)

    assert "is in no course, and none is installed" in asked
    assert "%config Hornbook.course" in asked


def test_the_lesson_can_be_named(course: Course, tmp_path: Path) -> None:
    """Where the front end tells nothing, two settings do."""
    environment = {**os.environ, "IPYTHONDIR": str(tmp_path / "ipython")}
    environment.pop("JPY_SESSION_NAME", None)
    manager, client = start_new_kernel(kernel_name="python3", env=environment, cwd=str(tmp_path))
    kernel = Kernel(manager, client)
    try:
        kernel.run("%load_ext hornbook")
        kernel.run(f"%config Hornbook.course = {str(course.root)!r}")
        unnamed = re.sub(r"\s+", " ", kernel.run("%check").text)
        kernel.run("%config Hornbook.lesson = 'steps'")
        ran = kernel.run(RIGHT)
    finally:
        stop(kernel)

    assert "%config Hornbook.lesson" in unnamed
    assert "2 of 2" in ran.text


def test_a_terminal_shows_it_as_text(course: Course, tmp_path: Path) -> None:
    """Plain IPython has no widgets: the same answer stands there in plain text."""
    notebook = tmp_path / "steps.ipynb"
    notebook.write_text(json.dumps(course.lesson("steps").to_notebook()), "utf-8")
    lines = f"%load_ext hornbook\n{RIGHT}\n\n%hint\nexit\n"
    ended = subprocess.run(
        [sys.executable, "-m", "IPython", "--simple-prompt", "--no-banner", "--no-confirm-exit", "--colors=NoColor"],
        input=lines,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        cwd=course.root,
        env={**os.environ, "JPY_SESSION_NAME": str(notebook), "IPYTHONDIR": str(tmp_path / "ipython")},
    )

    assert "2 of 2 visible checks pass; 1 more runs when you hand in the lesson." in ended.stdout
    assert "Traceback" not in ended.stdout + ended.stderr


def test_a_notebook_with_checks_in_it_is_graded_as_any_other(course: Course, tmp_path: Path) -> None:
    """`%load_ext hornbook`, `%check` and `%hint` do nothing where everything is asked anyway."""
    from hornbook import grade  # noqa: PLC0415 - only here

    sources = {"one": "%load_ext hornbook\none = 1\n%check", "two": f"{RIGHT}\n%check two\n%hint"}
    path = tmp_path / "handed_in.ipynb"
    path.write_text(json.dumps(course.lesson("steps").to_notebook(sources)), "utf-8")
    verdict = grade(path, course)

    assert [outcome.message for outcome in verdict.outcomes if not outcome.passed] == []
    assert [cell.error for cell in verdict.cells] == [None] * len(verdict.cells)


def test_where_a_server_checks_nothing_is_checked_or_started_until_somebody_asks(course: Course, tmp_path: Path) -> None:
    """The server draws its answer below the cell: the kernel would say it twice, and keep a process ready for nothing."""
    children = "import psutil; print(len(psutil.Process().children(recursive=True)))"
    kernel = started(course, tmp_path, in_the_lab=True)
    try:
        quiet = kernel.run("one = 1")
        before = kernel.run(children)
        asked = kernel.run("%check one")
        after = kernel.run(children)
    finally:
        stop(kernel)

    assert quiet == Ran()
    assert before.printed == "0\n"
    assert asked.shown
    assert after.printed != "0\n"
