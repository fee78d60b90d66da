"""`hornbook.sandbox.execute`: a submission runs to its end, whatever one of its cells does."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import tracemalloc
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from hornbook import wire
from hornbook.config import Limits
from hornbook.errors import SandboxError
from hornbook.lesson import ProgramCell
from hornbook.sandbox import Snapshot, pipe
from hornbook.sandbox.canary import strongest
from hornbook.sandbox.execute import Executor, Finished, Job
from hornbook.sandbox.line import LENGTH, Gone, Line
from hornbook.sandbox.policy import Policy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import Bench


@pytest.fixture
def bench(bench: Bench) -> Bench:
    """Give a bench with a sandbox of its own: what another test's code has left running would fill it up."""
    bench.executor.fresh_sandbox()
    return bench


def stops(finished: Finished) -> list[str | None]:
    """Return for each cell how it was stopped."""
    return [run.stopped for run in finished.cells]


def test_cells_run_in_order_and_show_what_they_show(bench: Bench) -> None:
    """Output, displayed values and errors of each cell are told, with the learner's own lines."""
    finished = bench.run("x = 1\nprint('one')\nx + 1", "def half(n):\n    return n / 0\nhalf(x)", "print(x)\ny = 'after'", "y")
    shown = finished.shown

    assert [shown[exercise].output for exercise in shown] == ["one\n2\n", "", "1\n", "'after'\n"]
    assert [run.error for run in finished.cells] == [None, "ZeroDivisionError: division by zero", None, None]
    assert finished.cells[1].traceback == ("line 3: half(x)", "line 2, in half: return n / 0")
    assert stops(finished) == [None] * 4


def test_an_error_does_not_stop_the_rest(bench: Bench) -> None:
    """A cell that raises, or is not Python at all, is one cell; the state after it is kept too."""
    finished = bench.run("before = 1\nraise ValueError('no')", "def (", "after = before + 1", "import sys; sys.exit('bye')", "last = 5")
    with bench.ask(finished, "e5") as submission:
        answer = (submission.after, submission.last)

    assert (list(finished.snapshots), answer) == (["e1", "e2", "e3", "e4", "e5"], (2, 5))
    assert [(run.error or "").split(":")[0] for run in finished.cells] == ["ValueError", "SyntaxError", "", "SystemExit", ""]


def test_no_time_is_spent_on_drawing_an_error(bench: Bench) -> None:
    """What IPython would draw of the frames of an error nobody reads: what was raised, and the learner's own lines, are what is kept."""
    watched = (
        "import stack_data\ndrawn = []\nstack_data.FrameInfo.stack_data = classmethod(lambda *args, **options: drawn.append(1) or iter(()))"
    )
    finished = bench.run(watched, "def half(n):\n    return n / 0\nhalf(1)", "times = len(drawn)")
    with bench.ask(finished, "e3") as submission:
        times = submission.times

    assert (times, finished.cells[1].error) == (0, "ZeroDivisionError: division by zero")


def test_a_state_is_kept_after_the_last_cell_of_an_exercise(bench: Bench) -> None:
    """An exercise of two cells has one state, after the second; cells of no exercise have none, and are run."""
    cells = (
        ProgramCell("x = 1", None, 0),
        ProgramCell("x += 1", "two", 1),
        ProgramCell("x *= 10\nprint('b')", "two", 2, last_of_exercise=True),
        ProgramCell("   \n", "blank", 3, last_of_exercise=True),
    )
    finished = bench.executor.run(Job(cells, bench.limits))
    bench.kept.append(finished)
    with bench.ask(finished, "two") as submission:
        x = submission.x
        cell = submission.cell("two")

    assert (list(finished.snapshots), x) == (["two", "blank"], 20)
    assert (cell.source, cell.output, cell.error) == ("x += 1\nx *= 10\nprint('b')", "b\n", None)


@pytest.mark.parametrize("mode", ["namespaces"], indirect=True, scope="session")
def test_what_a_cell_wants_done_in_its_forks_is_not_done_in_ours(bench: Bench) -> None:
    """The states after its cells are forks that it knows nothing of; in those that it makes itself all is as in Python."""
    finished = bench.run(
        "import os\nends = lambda: os._exit(7)\nos.register_at_fork(after_in_child=ends)\nx = 1",
        "pid = os.fork()\nended = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])",
    )
    with bench.ask(finished, "e2") as submission:
        answers = (submission.x, submission.ended)

    assert (answers, stops(finished)) == ((1, 7), [None, None])


SWALLOW = """
import signal
signal.signal(signal.SIGINT, signal.SIG_IGN)
while True:
    try:
        while True:
            pass
    except BaseException:
        pass
"""
CATCH = """
while True:
    try:
        while True:
            pass
    except BaseException:
        pass
"""
CULPRITS = {
    "loops for ever": ("while True: pass", "timed out"),
    "swallows KeyboardInterrupt": (CATCH, "timed out"),
    "ignores SIGINT": (SWALLOW, "timed out"),
    "holds the interpreter": ("import ctypes; ctypes.PyDLL(None).usleep(30_000_000)", "timed out"),
    "waits for input": ("input('name? ')", None),
    "os._exit": ("import os; os._exit(0)", "died"),
    "SIGKILL": ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "died"),
    "segmentation fault": ("import ctypes; ctypes.string_at(0)", "died"),
    "ends later": ("import threading, os; threading.Timer(0.05, os._exit, (3,)).start(); import time; time.sleep(0.3)", "died"),
    "kills its parent": ("import os; os.kill(os.getppid(), 9)", "died|None"),
    "kills all it can": ("import os; os.kill(-1, 9)", "died"),
    "kills what is kept": (
        "import os\nfor pid in range(os.getpid() + 1, os.getpid() + 9):\n  try: os.kill(pid, 9)\n  except OSError: 0",
        "died",
    ),
    "asks IPython to exit": ("get_ipython().ask_exit()", "died|None"),
    "memory": ("keep = [bytearray(1 << 20) for _ in range(4096)]", "None|timed out"),
    "prints for ever": ("while True: print('x' * 10_000)", "timed out|died|None"),
    "closes everything": ("import os; os.closerange(0, 512)", "died|timed out"),
    "ends the loop": ("import asyncio; asyncio.get_event_loop().stop()", "died|timed out|None"),
    "forks": ("import os, time\nfor _ in range(100):\n    if os.fork() == 0: time.sleep(60); os._exit(0)", "died|timed out|None"),
    "forked child goes on": ("import os; os.fork()", "died|timed out|None"),
}


# What depends on how processes are fenced is tried in both kinds of sandbox, the rest in one.
FENCED = {"ignores SIGINT", "SIGKILL", "kills its parent", "kills all it can", "forks"}


@pytest.mark.parametrize(
    ("mode", "culprit"),
    [("namespaces", name) for name in CULPRITS] + [("landlock", name) for name in CULPRITS if name in FENCED],
    indirect=["mode"],
    scope="session",
)
def test_a_culprit_costs_its_own_cell_only(bench: Bench, culprit: str) -> None:
    """The cells before and after a cell that runs amok are run, with their states, and without what it left half done."""
    source, expected = CULPRITS[culprit]
    started = time.monotonic()
    finished = bench.run("one = 1", source, "three = one + 2", "four = three + 1", seconds={"e2": 0.3})
    seconds = time.monotonic() - started
    answers = []
    for exercise in ("e1", "e3", "e4"):
        with bench.ask(finished, exercise) as submission:
            answers.append(submission.evaluate("[globals().get(name) for name in ('one', 'three', 'four')]"))

    assert answers == [[1, None, None], [1, 3, None], [1, 3, 4]]
    assert str(stops(finished)[1]) in str(expected).split("|")
    assert [stops(finished)[number] for number in (0, 2, 3)] == [None, None, None]
    assert seconds < 0.3 + 2 + _slack()


def _slack() -> float:
    """Return seconds to add to a promise about time where other work keeps this machine busy."""
    return 2.0 * max(0.0, os.getloadavg()[0] / (os.cpu_count() or 1) - 0.5)


def test_a_culprit_is_not_run_again(bench: Bench) -> None:
    """When the cells are run again without a culprit, each other cell shows what it showed the first time, once."""
    finished = bench.run("print('one')", "import os; os._exit(1)", "print('three')", "import os; os.abort()", "print('five')")

    assert [finished.shown[exercise].output for exercise in finished.shown] == ["one\n", "", "three\n", "", "five\n"]
    assert stops(finished) == [None, "died", None, "died", None]


@pytest.mark.parametrize(
    ("hang", "told"), [("while True: pass", "NeverEnds: line 2: while"), ("__import__('time').sleep(60)", "KeyboardInterrupt")]
)
def test_what_is_left_of_a_timed_out_cell_is_not_carried_on(bench: Bench, hang: str, told: str) -> None:
    """After a cell that was interrupted in time, or was seen never to end, the same kernel goes on: its state is kept."""
    finished = bench.run("big = list(range(10))", f"big.append(10)\n{hang}", "big.append(11)", seconds={"e2": 0.3})
    with bench.ask(finished, "e3") as submission:
        big = submission.big

    assert (stops(finished), big[10:]) == ([None, "timed out", None], [10, 11])
    # A whole kernel has threads, which may step in, so there all is waited for.
    assert (finished.cells[1].error or "").startswith("KeyboardInterrupt" if bench.executor.policy.kernel else told)


CAUGHT = "try:\n    while True: x = 1\nexcept {}:\n    x = 14"


@pytest.mark.parametrize("mode", ["landlock", "namespaces"], indirect=True, scope="session")
@pytest.mark.parametrize(("caught", "error"), [("Exception", "NeverEnds"), ("BaseException", "None")])
def test_what_a_cell_catches_does_not_make_it_end(bench: Bench, caught: str, error: str) -> None:
    """A loop that never ends is no error that a cell can handle; who catches everything has not come to an end either."""
    finished = bench.run(CAUGHT.format(caught), "y = 2")

    assert stops(finished) == ["timed out", None]
    assert str(finished.cells[0].error).startswith(error)


OWN_TIMER = """
import signal
hits = []
signal.signal(signal.SIGVTALRM, lambda *_: hits.append(1))
signal.setitimer(signal.ITIMER_VIRTUAL, 0.2, 0.2)
while len(hits) < 3: pass
"""


def test_a_timer_of_a_cell_is_its_own(bench: Bench) -> None:
    """A cell may measure processor time itself, with the signal that a kernel's looks for loops use."""
    finished = bench.run(OWN_TIMER, "while len(hits) < 6: pass", "signal.setitimer(signal.ITIMER_VIRTUAL, 0)\nlate = len(hits)")
    with bench.ask(finished, "e3") as submission:
        late = submission.late

    assert (stops(finished), late >= 6) == ([None] * 3, True)


def test_all_time_together_is_limited(bench: Bench) -> None:
    """When the time for everything is over the remaining cells are said not to have been reached, at once."""
    started = time.monotonic()
    finished = bench.run(*["import time; time.sleep(0.3)"] * 5, limits=replace(bench.limits, total_seconds=0.5))

    assert time.monotonic() - started < 0.5 + 2 + _slack()
    assert stops(finished)[-3:] == ["timed out"] * 3
    assert "e5" not in finished.snapshots


def test_nine_cells_that_end_python(bench: Bench) -> None:
    """However many cells end Python, the run comes to an end and the first states are there."""
    finished = bench.run("one = 1", *["import os; os._exit(1)"] * 9, "last = 1")

    assert stops(finished)[:3] == [None, "died", "died"]
    assert "e1" in finished.snapshots


def test_output_is_bounded(bench: Bench) -> None:
    """A cell that prints megabytes is kept to its limit, with a sentence that says so; its state is as good as any."""
    finished = bench.run("for _ in range(2000): print('x' * 1000)\nx = 1", "print('quiet')")
    output = finished.shown["e1"].output

    assert (len(output) < 200_000, "more than 64 kB were printed" in output) == (True, True)
    assert (list(finished.snapshots), finished.shown["e2"].output) == (["e1", "e2"], "quiet\n")


def test_an_error_message_is_bounded_and_harmless(bench: Bench) -> None:
    """An error's text is cut, and nothing in it can steer a terminal."""
    finished = bench.run("raise ValueError('\\x1b[2J' + 'long' * 10_000)")
    error = finished.cells[0].error or ""

    assert (len(error) < 1000, error.startswith("ValueError: \\x1b[2J")) == (True, True)


def test_it_runs_inside_an_event_loop(bench: Bench) -> None:
    """Where a loop is running already (a notebook, a server) a job runs all the same."""

    async def main() -> Finished:
        return bench.run("x = 6 * 7")  # its own loop, in a thread of its own

    finished = asyncio.run(main())

    assert list(finished.snapshots) == ["e1"]


SPEAK = """
kernel = get_ipython().kernel
session, parent, out = kernel.session, kernel.get_parent(), kernel.iopub_socket
shell = kernel.shell_channel_thread.manager.get_subshell_to_shell_channel_socket(None)
whom = list(kernel._parent_ident["shell"])
"""
FORGED = {
    "a result": """
session.send(out, "execute_result", {"data": {"text/plain": "5"}, "metadata": {}, "execution_count": 1}, parent=parent)
""",
    "idle and a reply": """
session.send(out, "status", {"execution_state": "idle"}, parent=parent)
session.send(shell, "execute_reply", {"status": "ok", "execution_count": 1, "payload": []}, parent=parent, ident=whom)
import time
time.sleep(0.3)
""",
    "a wrapped session": """
original = session.send
def send(stream, message, content=None, *a, **kw):
    kind = message if isinstance(message, str) else message.get("msg_type")
    return None if kind in ("error", "execute_reply", "status") else original(stream, message, content, *a, **kw)
session.send = send
""",
    "a thousand replies": """
for n in range(1000):
    reply = {"status": "ok", "payload": [{"source": "set_next_input", "text": "x"}]}
    session.send(shell, "execute_reply", reply, parent=parent, ident=whom)
""",
    "no message at all": """
for n in range(50):
    out.send_multipart([b"", b"<IDS|MSG>", b"signature", b"{", b"[", b"", b"\\xff"])
""",
    "a lone frame": """
for n in range(50):
    out.send_multipart([b"garbage"])
""",
    "an output of another shape": """
kinds = ("stream", "execute_result", "display_data", "error", "update_display_data", "clear_output", "status", "comm_open")
for content in ([], {}, "text", {"data": 5}, {"name": 1, "text": None}, {"ename": 1}):
    for kind in kinds:
        session.send(out, kind, content, parent=parent)
""",
    "an error of another": """
session.send(out, "error", {"ename": "E", "evalue": "\\x1b]0;x\\x07", "traceback": []}, parent=parent)
""",
    "an input request": """
session.send(kernel.stdin_socket, "input_request", {"prompt": "password", "password": True}, parent=parent)
""",
}


@pytest.mark.parametrize(("mode", "forgery"), [("bubblewrap", name) for name in FORGED], indirect=["mode"], scope="session")
def test_forged_messages_cost_their_own_cell_at_most(bench: Bench, forgery: str) -> None:
    """Whatever a cell sends in its kernel's name, the other cells are run, their states kept, and nothing hangs or crashes."""
    started = time.monotonic()
    finished = bench.run("one = 1", SPEAK + FORGED[forgery], "three = one + 2", "four = three + 1")
    seconds = time.monotonic() - started
    with bench.ask(finished, "e4") as submission:
        answer = (submission.one, submission.three, submission.four)

    assert (answer, stops(finished)[0], seconds < 6 + _slack()) == ((1, 3, 4), None, True)


def test_a_check_that_brings_the_sandbox_down_does_not_stop_the_next_run(bench: Bench) -> None:
    """After a check has killed everything that it could, the next run has a sandbox again."""
    finished = bench.run("pass")
    child = finished.snapshots["e1"].check(1)
    assert child is not None
    child.line.send(("run", "import os\nfor pid in (os.getppid(), -1): os.kill(pid, 9)"))
    with contextlib.suppress(Gone):
        child.line.receive(deadline=time.monotonic() + 5)
    child.end()
    again = bench.run("x = 1")
    with bench.ask(again) as submission:
        x = submission.x

    assert x == 1


def test_what_one_run_leaves_ends_with_its_states(bench: Bench) -> None:
    """After a run no kernel is left, only the states that were kept."""
    before = set(psutil.Process().children(recursive=True))
    finished = bench.run("x = 1", "y = 2")
    left = [process for process in psutil.Process().children(recursive=True) if process not in before]
    until = time.monotonic() + 5
    while len(left) > len(finished.snapshots) and time.monotonic() < until:
        _, left = psutil.wait_procs(left, timeout=0.3)

    assert len(left) <= len(finished.snapshots) == 2


@pytest.fixture
def own_tmp(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give a folder with a short path in which all sandboxes of this test have their places."""
    folder = Path(tempfile.mkdtemp(prefix="ht-", dir="/tmp"))
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def test_twenty_gradings_leave_nothing_behind(own_tmp: Path) -> None:
    """Twenty submissions in a row, some of them hostile, leave no process, socket, file or descriptor."""
    mode = strongest().mode
    daemon = "import os, time\nif os.fork() == 0:\n  os.setsid()\n  if os.fork() == 0: time.sleep(600)\n  os._exit(0)"
    sources = ["x = 1", "while True: pass", "import os; os._exit(1)", daemon, "open('file', 'w').write('x'); import os; os.mkdir('d')"]

    def grade_one(source: str) -> None:
        with Executor(Policy(mode=mode)) as executor:
            job = Job(
                (ProgramCell(source, "one", 0, last_of_exercise=True), ProgramCell("y = 2", "two", 1, last_of_exercise=True)), Limits()
            )
            finished = executor.run(replace(job, cell_seconds={"one": 0.1}))
            child = finished.snapshots["two"].check(1)
            assert child is not None
            child.end()

    grade_one("warm = 1")
    me = psutil.Process()
    before = (me.num_fds(), me.num_threads(), len(me.children(recursive=True)), len(me.net_connections("unix")))
    for number in range(20):
        grade_one(sources[number % len(sources)])
    after = (me.num_fds(), me.num_threads(), len(me.children(recursive=True)), len(me.net_connections("unix")))

    assert (after, list(own_tmp.iterdir())) == (before, [])


FILLS_UP_WHEN_TOLD = """
import os, time
if os.fork() == 0:
    os.setsid()
    while not os.path.exists("go"):
        time.sleep(0.001)
    os.remove("go")
    while True:
        try:
            if os.fork() == 0:
                time.sleep(60)
        except OSError:
            pass
"""
TELLS_AND_ENDS = """
import os, time
open("go", "w").close()
time.sleep(0.3)
os._exit(0)
"""


@pytest.mark.parametrize("mode", ["namespaces"], indirect=True, scope="session")
def test_a_learner_cannot_make_it_the_machines_fault(bench: Bench) -> None:
    """However often something that was left running keeps the next shell from starting, the submission is graded to its end."""
    finished = bench.run(FILLS_UP_WHEN_TOLD, *[TELLS_AND_ENDS] * 6, limits=replace(bench.limits, cell_seconds=5))

    assert 4 <= stops(finished).count("died") <= 7


FLOODS = {
    "error": "{'ename': 'E', 'evalue': LONG, 'traceback': [LONG]}",
    "display_data": "{'data': {'text/plain': LONG}, 'metadata': {}, 'transient': {}}",
    "update_display_data": "{'data': {'text/plain': LONG}, 'metadata': {}, 'transient': {'display_id': str(number)}}",
    "comm_open": "{'comm_id': str(number), 'target_name': 'jupyter.widget', 'data': {'state': {"
    "'_model_module': '@jupyter-widgets/output', '_model_name': 'OutputModel', 'outputs': [], 'long': LONG}}}",
}


@pytest.mark.parametrize("mode", ["namespaces"], indirect=True, scope="session")
@pytest.mark.parametrize("flood", FLOODS)
def test_no_flood_of_messages_fills_the_trusted_process(bench: Bench, flood: str) -> None:
    """Whatever kind of message a cell sends again and again, it is not kept, and the cell's end is still seen."""
    source = f"""
LONG = "x" * (7 << 20)
published = get_ipython().display_pub.published
for number in range(40):
    published.send("display_data", {{"data": {{"text/plain": "a"}}, "metadata": {{}}, "transient": {{"display_id": str(number)}}}})
for number in range(20):
    published.send({flood!r}, {FLOODS[flood]})
1 / 0
"""
    tracemalloc.start()
    try:
        finished = bench.run(source, limits=replace(bench.limits, cell_seconds=20))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert (finished.cells[0].stopped, finished.shown["e1"].output[:4]) == (None, "a\na\n")
    assert finished.cells[0].error == "ZeroDivisionError: division by zero"
    assert peak < 150 << 20


def test_a_large_message_is_taken_before_the_next_is_read() -> None:
    """Of large messages one waits at a time, however late nbclient comes for them; of small ones a few more."""
    large = wire.encode(("iopub", "error", {"evalue": "x" * (2 << 20)}), limits=pipe.LIMITS)
    small = wire.encode(("iopub", "stream", {"text": "x"}))

    async def waiting(data: bytes) -> int:
        """Return how many of several messages wait when nothing moves any more, and see each of them come through."""
        ours, theirs = socket.socketpair()
        theirs.setblocking(False)  # noqa: FBT003 - socket's interface
        client = pipe.PipeClient(Line(ours))
        client.start_channels()
        loop = asyncio.get_running_loop()
        sending = asyncio.ensure_future(loop.sock_sendall(theirs, (LENGTH.pack(len(data)) + data) * 20))
        # Whatever is sent and read here is done in turns of this loop.
        for _ in range(5000):
            await asyncio.sleep(0)
        found = client.iopub_channel.messages.qsize()
        for _ in range(20):
            await client.iopub_channel.get_msg()
        await sending
        client.stop_channels()
        theirs.close()
        return found

    assert [asyncio.run(waiting(data)) for data in (large, small)] == [1, pipe.QUEUED]


def test_no_sandbox_is_an_error_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no sandbox can be had, that is an exception: nothing is run in a weaker one."""
    monkeypatch.setenv("PATH", "")
    job = Job((ProgramCell("x = 1", "one", 0, last_of_exercise=True),), Limits())

    with Executor(Policy(mode="bubblewrap")) as executor, pytest.raises(SandboxError, match="apt install bubblewrap"):
        executor.run(job)


def test_nbclient_comes_without_its_grammars() -> None:
    """Whatever imports nbformat first does so without the checker of IRIs, which compiles grammars for more than a second."""
    program = "import sys; from hornbook.config import Limits; from hornbook.sandbox.execute import _make_client"
    program += "; _make_client(None, Limits()); print('nbclient' in sys.modules, 'lark' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)  # noqa: S603

    assert done.stdout == "True False\n"


# --- a shell that becomes its own state -------------------------------------------------------------------------------


def kept(bench: Bench, *sources: str) -> Snapshot:
    """Return the state after the last of *sources*, each an exercise of its own."""
    state = list(bench.run(*sources).snapshots.values())[-1]
    assert isinstance(state, Snapshot)
    return state


def test_after_the_last_cell_the_shell_is_the_state(bench: Bench) -> None:
    """Only the last state is the process that has run the cells; each check gets a fork of it as of any other.

    A kernel is never its own state, nor a shell that may not see whether it has children.
    """
    finished = bench.run("x = [1]", "x.append(2)")
    frozen = [isinstance(state, Snapshot) and state.frozen for state in finished.snapshots.values()]
    holds = []
    for exercise in ("e1", "e2", "e2"):
        with bench.ask(finished, exercise) as submission:
            submission.run("x.append(3)")
            holds.append(submission.x)

    assert frozen == [False, bench.executor.policy.mode == "namespaces"]
    assert holds == [[1, 3], [1, 2, 3], [1, 2, 3]]


@pytest.mark.parametrize(
    "left",
    [
        "import subprocess\nkept = subprocess.Popen(['sleep', '60'])",
        "import os, time\nif os.fork() == 0: time.sleep(60)",
        "import signal\nsignal.alarm(60)",
        "kept = open('kept', 'w')",
    ],
    ids=["a program", "a fork", "a timer", "an open file"],
)
def test_a_shell_with_more_than_a_fork_has_is_not_the_state(bench: Bench, left: str) -> None:
    """What a cell has left running, ticking or locked ends with its shell, so the state is a fork that has no part in it."""
    assert not kept(bench, "x = 1", left).frozen


def test_a_shell_that_has_used_up_its_time_is_not_the_state(bench: Bench) -> None:
    """A state lives as long as it is asked, which takes time: a shell that has used half of its own makes a fork, which has all of it."""
    used = "import resource\nresource.setrlimit(resource.RLIMIT_CPU, (1, resource.getrlimit(resource.RLIMIT_CPU)[1]))\n"
    used += "import time\nwhile time.process_time() < 0.6: pass"

    assert not kept(bench, "x = 1", used).frozen
