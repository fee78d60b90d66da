"""Tests of hornbook.sandbox.forkserver: warm sandboxes, each apart from the next, and no trace when they end."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from hornbook.config import Limits
from hornbook.errors import SandboxError
from hornbook.lesson import ProgramCell
from hornbook.sandbox import open_sandbox
from hornbook.sandbox.execute import Executor, Finished, Job
from hornbook.sandbox.forkserver import ForkServer, ForkServers
from hornbook.sandbox.policy import Mode, Policy

LIMITS = Limits(cell_seconds=2, total_seconds=20, memory_mb=512)


@pytest.fixture(scope="module")
def servers() -> Iterator[ForkServers]:
    """Give fork servers to share."""
    with ForkServers() as servers:
        yield servers


def run(executor: Executor, *sources: str) -> Finished:
    """Run cells that are the exercises e1, e2 and so on."""
    cells = tuple(ProgramCell(source, f"e{number}", number, last_of_exercise=True) for number, source in enumerate(sources, start=1))
    return executor.run(Job(cells, LIMITS))


def value(finished: Finished, exercise: str, expression: str) -> object:
    """Return the value of *expression* in the state after *exercise*."""
    child = finished.snapshots[exercise].check(5)
    assert child is not None
    child.line.send(("evaluate", expression))
    answer = child.line.receive(deadline=time.monotonic() + 10)
    child.end()
    assert isinstance(answer, tuple)
    return answer[1]


def test_a_warm_sandbox_runs_cells_and_keeps_states(mode: Mode, servers: ForkServers) -> None:
    """A warm sandbox runs cells and keeps the state after each exercise, in every mode."""
    with Executor(Policy(mode=mode, limits=LIMITS), warm=servers) as executor:
        finished = run(executor, "x = 1", "x += 1\nprint('two')")

        assert value(finished, "e1", "x") == 1
        assert value(finished, "e2", "x") == 2
        assert finished.shown["e2"].output == "two\n"


def test_what_is_preloaded_is_there_already(servers: ForkServers) -> None:
    """A preloaded module costs a cell nothing, and is the same module that the notebook imports."""
    with Executor(Policy(limits=LIMITS, preload=("numpy",)), warm=servers) as executor:
        finished = run(executor, "import sys\nready = 'numpy' in sys.modules\nimport numpy")

        assert value(finished, "e1", "ready") is True


def test_siblings_do_not_see_each_other(mode: Mode, servers: ForkServers) -> None:
    """What one sandbox does to its memory, its files and its modules, no other one sees."""
    policy = Policy(mode=mode, limits=LIMITS)
    with Executor(policy, warm=servers) as first, Executor(policy, warm=servers) as second:
        run(first, "import builtins, math\nbuiltins.leak = math.leak = 1\nopen('leak.txt', 'w').write('1')")
        finished = run(
            second, "import builtins, math, os\nseen = [hasattr(builtins, 'leak'), hasattr(math, 'leak'), os.path.exists('leak.txt')]"
        )

        assert value(finished, "e1", "seen") == [False, False, False]


def test_siblings_draw_different_random_numbers(servers: ForkServers) -> None:
    """A fork shares no random state: two learners who draw do not draw the same."""
    policy = Policy(limits=LIMITS, preload=("numpy",))
    drawn = []
    for _ in range(2):
        with Executor(policy, warm=servers) as executor:
            drawn.append(value(run(executor, "import random, numpy\nd = [random.random(), float(numpy.random.rand())]"), "e1", "d"))

    first, second = drawn
    assert isinstance(first, list)
    assert isinstance(second, list)
    assert not set(first) & set(second)


def test_a_fork_server_that_is_killed_is_started_again() -> None:
    """A fork server that was killed is started again by its next use; a sandbox that came from it lives on."""
    with ForkServer() as server, open_sandbox(Policy(limits=LIMITS), server=server) as before:
        assert server._process is not None
        os.kill(server._process.pid, signal.SIGKILL)
        server._process.wait()
        with open_sandbox(Policy(limits=LIMITS), server=server) as after:
            assert after.alive()

        assert before.alive()


def test_one_that_was_begun_is_waited_for_by_whoever_needs_it() -> None:
    """It starts once, however often it is begun, and is there for the first one that wants something of it."""
    with ForkServer() as server:
        server.begin()
        begun = server._process
        server.begin()
        server.branch().close()
        assert begun is not None
        assert (server._process is begun, begun.poll()) == (True, None)
    assert begun.poll() is not None


def test_one_that_could_not_be_begun_is_started_by_whoever_needs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there was no room for a process, that is over by the time somebody wants one."""

    def full(*_: object) -> None:
        raise BlockingIOError

    with ForkServer() as server:
        with monkeypatch.context() as patched:
            patched.setattr("hornbook.sandbox.forkserver.start_python", full)
            with pytest.raises(BlockingIOError):
                server.begin()
        server.branch().close()
        assert server._process is not None


def test_a_module_that_starts_a_thread_is_found_out(tmp_path: Path) -> None:
    """A module that starts a thread is named, so that the fork server begins again without it: no thread survives a fork."""
    module = "import threading\nthreading.Thread(target=threading.Event().wait, daemon=True).start()\n"
    (tmp_path / "threaded.py").write_text(module, encoding="utf-8")
    program = "import sys; sys.path.append(sys.argv[1]); from hornbook.sandbox.preload import preload; print(preload(['json', 'threaded']))"
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=True, capture_output=True, text=True)  # noqa: S603

    assert done.stdout == "threaded\n"


def test_a_fork_server_that_cannot_start_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fork server that cannot start is an error of the machine, with a reason."""
    monkeypatch.setattr("hornbook.sandbox.forkserver.BOOT", "raise SystemExit(3)")

    with ForkServer() as server, pytest.raises(SandboxError, match="fork server did not start"), open_sandbox(Policy(), server=server):
        pass


def test_many_at_once_share_one_fork_server(servers: ForkServers) -> None:
    """Threads that fork at the same time each get a sandbox of their own."""
    results: list[object] = []

    def work(number: int) -> None:
        with Executor(Policy(limits=LIMITS), warm=servers) as executor:
            results.append(value(run(executor, f"x = {number}"), "e1", "x"))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(map(str, results)) == ["0", "1", "2", "3", "4", "5"]


def test_thirty_warm_sandboxes_leave_nothing_behind(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Thirty warm sandboxes leave no process, descriptor or folder behind, and the fork server ends with its block."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    me = psutil.Process()
    with ForkServer() as server:
        with open_sandbox(Policy(limits=LIMITS), server=server):
            pass
        before = me.num_fds()
        for _ in range(30):
            with open_sandbox(Policy(limits=LIMITS), server=server):
                pass
        after = me.num_fds()
        assert server._process is not None
        zygote = psutil.Process(server._process.pid)

        assert zygote.children(recursive=True) == []
        assert zygote.num_threads() == 1

    assert after == before
    assert list(tmp_path.iterdir()) == []
    with contextlib.suppress(psutil.NoSuchProcess):
        assert not zygote.is_running()
