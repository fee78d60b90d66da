"""`hornbook.sandbox.warden`: the process that ends a sandbox, with everything in it, whoever is left to ask for it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest

import hornbook.sandbox
from hornbook.sandbox import warden

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PROGRAM = Path(hornbook.sandbox.__file__).with_name("warden.py")


@dataclass(frozen=True, slots=True)
class Ward:
    """A warden, our end of its lifeline, and the pipe on which what it guards has said "ready"."""

    process: subprocess.Popen[bytes]
    lifeline: socket.socket
    processes: list[psutil.Process]

    def verdict(self) -> str:
        """Return what the warden says in the end."""
        self.lifeline.settimeout(15)
        answer = self.lifeline.recv(1000)
        return str(json.loads(answer)["status"]) if answer else ""


@pytest.fixture
def guard() -> Iterator[Callable[..., Ward]]:
    """Give a function that has a Python program guarded, and returns when the program has closed its standard output."""
    wards: list[Ward] = []

    def start(source: str, **order: Any) -> Ward:
        ours, theirs = socket.socketpair()
        reader, writer = os.pipe()
        process = subprocess.Popen(  # noqa: S603 - ours
            [sys.executable, "-I", "-S", str(PROGRAM), str(theirs.fileno())], pass_fds=(theirs.fileno(), writer), stdin=subprocess.PIPE
        )
        theirs.close()
        program = "import os, sys, time\n" + source.replace("READY", f"os.write({writer}, b'x')")
        command = [sys.executable, "-I", "-c", program]
        bounds = {"seconds": 60, "memory": 1 << 40, "processes": 1000, "folder": "/nonexistent"}
        whole = {"command": command, "fds": [writer], "env": {}, **bounds, **order}
        assert process.stdin is not None
        with process.stdin:
            process.stdin.write(json.dumps(whole).encode())
        os.close(writer)
        os.read(reader, 1)
        os.close(reader)
        with contextlib.suppress(psutil.NoSuchProcess):
            processes = psutil.Process(process.pid).children(recursive=True)
            wards.append(Ward(process, ours, processes))
            return wards[-1]
        wards.append(Ward(process, ours, []))
        return wards[-1]

    yield start
    for ward in wards:
        ward.lifeline.close()
        ward.process.wait(timeout=10)


DAEMONS = """
for _ in range(3):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            time.sleep(60)
        os._exit(0)
for _ in range(3):
    os.wait()
READY
time.sleep(60)
"""


@pytest.mark.parametrize("how", ["close", "shutdown"])
def test_the_end_of_the_lifeline_ends_all(guard: Callable[..., Ward], how: str) -> None:
    """When our end closes, the program and the daemons that it has detached are killed, and the warden goes."""
    ward = guard(DAEMONS)
    if how == "close":
        ward.lifeline.close()
    else:
        ward.lifeline.shutdown(socket.SHUT_WR)
    _, left = psutil.wait_procs(ward.processes, timeout=10)

    assert (len(ward.processes), left, ward.process.wait(timeout=10)) == (4, [], 0)


def test_the_end_of_the_program_ends_its_daemons(guard: Callable[..., Ward]) -> None:
    """When the program ends by itself its daemons end with it, and its exit code is told."""
    ward = guard(DAEMONS.replace("time.sleep(60)\n", "time.sleep(60)\n", 1).rsplit("time.sleep(60)", 1)[0] + "os._exit(7)")
    said = ward.verdict()
    _, left = psutil.wait_procs(ward.processes, timeout=10)

    assert (said, left) == ("exited 7", [])


def test_a_program_that_was_killed_is_told(guard: Callable[..., Ward]) -> None:
    """A signal that ended the program is its exit code below zero."""
    assert guard("READY; os.kill(os.getpid(), 9)").verdict() == "exited -9"


def test_all_time_is_limited(guard: Callable[..., Ward]) -> None:
    """After its seconds a program is ended, whatever it does about signals."""
    ward = guard("import signal\nfor n in (1, 2, 15): signal.signal(n, signal.SIG_IGN)\nREADY\ntime.sleep(60)", seconds=0.3)
    said = ward.verdict()
    _, left = psutil.wait_procs(ward.processes, timeout=10)

    assert (said, left) == ("wall clock", [])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_does_not_end_the_warden(guard: Callable[..., Ward], number: int) -> None:
    """Ctrl-C in a terminal reaches the warden too; it stays until its lifeline ends."""
    ward = guard("READY\ntime.sleep(60)")
    ward.process.send_signal(number)
    with pytest.raises(subprocess.TimeoutExpired):
        ward.process.wait(timeout=0.2)

    assert all(process.is_running() for process in ward.processes)


BOMBS = """
children = []
for _ in range(6):
    pid = os.fork()
    if pid == 0:
        hold = bytearray(SIZE)
        hold[::4096] = b'x' * len(hold[::4096])
        time.sleep(60)
    children.append(pid)
deadline = time.monotonic() + 10
ended = 0
while ended < WANTED and time.monotonic() < deadline:
    ended += os.waitpid(-1, os.WNOHANG)[0] != 0
    time.sleep(0.01)
READY
os._exit(ended)
"""


def test_memory_is_counted_for_all_processes_together(guard: Callable[..., Ward]) -> None:
    """Six processes that hold 60 MB each are over 200 MB together: as many as it takes are killed, the rest and the program live."""
    ward = guard(BOMBS.replace("SIZE", "60_000_000").replace("WANTED", "3"), memory=200_000_000)

    assert ward.verdict() in {"exited 3", "exited 4"}


OPENS = """
for _ in range(12):
    if os.fork() == 0:
        keep = [os.open("/dev/null", 0) for _ in range(500)]
        time.sleep(1)
        os._exit(0)
codes = [os.wait()[1] for _ in range(12)]
READY
os._exit(sum(code != 0 for code in codes))
"""


def test_open_files_are_counted_for_all_processes_together(guard: Callable[..., Ward]) -> None:
    """Twelve processes with 500 open files each have over 4,096 together: as many as it takes are killed, the rest live."""
    ward = guard(OPENS)

    assert ward.verdict() in {"exited 4", "exited 5"}


def test_memory_below_the_limit_is_left_alone(guard: Callable[..., Ward]) -> None:
    """Nobody is killed who keeps to the limit; what a fork shares with its parent is counted once."""
    source = "hold = bytearray(b'x' * 60_000_000)\nfor _ in range(4):\n    if os.fork() == 0: time.sleep(0.5); os._exit(0)\n"
    ward = guard(source + "codes = [os.wait()[1] for _ in range(4)]\nREADY\nos._exit(sum(code != 0 for code in codes))", memory=200_000_000)

    assert ward.verdict() == "exited 0"


def test_the_newest_of_too_many_processes_are_killed(guard: Callable[..., Ward]) -> None:
    """Where there are too many processes, the ones that came last go, and the program itself stays."""
    source = BOMBS.replace("range(6)", "range(30)").replace("SIZE", "1").replace("WANTED", "21")
    ward = guard(source, processes=10)

    assert ward.verdict() == "exited 21"


THREADS = """
import os, signal, sys, threading
few = os.fork()
if few == 0:
    for _ in range(3): threading.Thread(target=signal.pause, daemon=True).start()
    signal.pause()
many = os.fork()
if many == 0:
    for _ in range(30): threading.Thread(target=signal.pause, daemon=True).start()
    signal.pause()
killed, status = os.wait()
os.kill(few, 0)
sys.exit(21 if killed == many and os.WTERMSIG(status) == signal.SIGKILL else 22)
"""


def test_threads_count_as_processes(guard: Callable[..., Ward]) -> None:
    """A process with too many threads is killed, as one with too many children would be; one with a few lives."""
    assert guard(THREADS, processes=12).verdict() == "exited 21"


def test_it_runs_nothing_but_the_standard_library() -> None:
    """The warden starts without site-packages, so that it is small and starts at once."""
    imported = subprocess.run(  # noqa: S603 - ours
        [sys.executable, "-I", "-S", "-c", f"import runpy, sys; runpy.run_path({str(PROGRAM)!r}); print(*sorted(sys.modules))"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()

    assert not [name for name in imported if name.split(".")[0] not in {*sys.stdlib_module_names, "__main__"} and not name.startswith("_")]


def test_descendants_are_found_over_all_generations() -> None:
    """Children of children are descendants; a process that is gone has none."""
    child = "if os.fork() == 0: time.sleep(60)\n    os.write(1, b'x')\n    time.sleep(60)"
    source = f"import os, time\nif os.fork() == 0:\n    {child}\ntime.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", source], stdout=subprocess.PIPE) as parent:  # noqa: S603 - ours
        assert parent.stdout is not None
        parent.stdout.read(1)
        found = warden.descendants(parent.pid)
        for pid in [*found, parent.pid]:
            os.kill(pid, signal.SIGKILL)

    assert (len(found), warden.descendants(parent.pid)) == (2, [])
