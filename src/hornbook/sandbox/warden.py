"""The process between us and a sandbox, that sees to it that nothing outlives it.

It starts the sandbox's first process, is the reaper of every process that the learner's code detaches, counts their
memory and number twice in 100 ms, and kills all of them when its lifeline closes: when we say so, and also when we
are killed ourselves. It runs nothing of the learner's and reads nothing the learner writes but numbers in /proc.

Sent as text into the fork server, and run as a program where there is none; standard library only.
Source: prctl(2) PR_SET_CHILD_SUBREAPER, proc(5).
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

PR_SET_DUMPABLE = 4
PR_SET_CHILD_SUBREAPER = 36
TICK = 0.05
MOST_FILES = 4096
"""How many files all processes of a sandbox may have open together."""

LAST_WORDS = 1.0
"""How long a sandbox's first process may take to end what is in there."""

PAGE = os.sysconf("SC_PAGE_SIZE")

libc = ctypes.CDLL(None)


def main() -> None:
    """Be a warden as a program: the JSON on standard input says what to start."""
    lifeline = int(sys.argv[1])
    order = json.load(sys.stdin)

    def start() -> int:
        child = subprocess.Popen(order["command"], pass_fds=order["fds"], stdin=subprocess.DEVNULL, env=order["env"], cwd="/")  # noqa: S603
        for fd in order["fds"]:
            os.close(fd)
        return child.pid

    guard(start, lifeline, order)


def guard(start: Callable[[], int], lifeline: int, bounds: dict[str, Any]) -> None:
    """Watch over the process that *start* starts, and over all that come from it, until none is left.

    *bounds* are the seconds, bytes of memory and number of processes that they may have together.
    """
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    child = start()
    status = watch(child, lifeline, bounds)
    if not status.startswith("exited"):
        let_end(child)
    end_all()
    try:
        os.write(lifeline, json.dumps({"status": status}).encode() + b"\n")
    except OSError:
        # Nobody is left to clean up: the trusted side was killed.
        os.execv("/bin/rm", ["rm", "-rf", "--one-file-system", "--", bounds["folder"]])  # noqa: S606 - our own folder


def watch(child: int, lifeline: int, bounds: dict[str, Any]) -> str:
    """Return why the sandbox came to its end: "exited N", "lifeline" or "wall clock"."""
    deadline = time.monotonic() + bounds["seconds"]
    poll = select.poll()
    poll.register(lifeline, select.POLLIN | select.POLLHUP | select.POLLRDHUP)
    while True:
        ready = poll.poll(TICK * 1000)
        for pid, status in reap():
            if pid == child:
                return f"exited {os.waitstatus_to_exitcode(status)}"
        if ready:
            return "lifeline"
        if time.monotonic() > deadline:
            return "wall clock"
        restrain(bounds["memory"], bounds["processes"])


def reap() -> list[tuple[int, int]]:
    """Return (pid, wait status) of all children that have ended."""
    ended = []
    with contextlib.suppress(ChildProcessError):
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                break
            ended.append((pid, status))
    return ended


def restrain(memory: int, processes: int) -> None:
    """End the largest process while all together hold more than *memory* bytes, and the newest that are over *processes*.

    A thread counts as a process, as it does for the kernel: which counts none of root's. What lies in sockets counts for nobody's
    memory, up to 400 kB in each: whoever has most files open is ended while there are too many.
    """
    pids = descendants(os.getpid())
    # Numbers grow: the newest are what a bomb has made, the oldest the states that other checks still need.
    room = processes
    for pid in sorted(pids):
        threads = _threads(pid)
        if threads > room:
            _kill(pid)
        else:
            room -= threads
    open_files = {pid: _open_files(pid) for pid in pids}
    while sum(open_files.values()) > MOST_FILES:
        greediest = max(open_files, key=lambda pid: open_files[pid])
        _kill(greediest)
        del open_files[greediest]
    resident = {pid: _resident(pid) for pid in pids}
    if sum(resident.values()) <= memory:
        return
    # Pages shared after a fork are counted once only in the dearer proportional sum.
    held = {pid: _proportional(pid) or size for pid, size in resident.items()}
    if sum(held.values()) > memory:
        _kill(max(held, key=lambda pid: held[pid]))


def descendants(root: int) -> list[int]:
    """Return the process ids of all that come from *root*."""
    found: list[int] = []
    todo = [root]
    while todo:
        pid = todo.pop()
        with contextlib.suppress(OSError):
            for task in os.listdir(f"/proc/{pid}/task"):
                with open(f"/proc/{pid}/task/{task}/children", encoding="ascii") as file:
                    children = [int(word) for word in file.read().split()]
                found += children
                todo += children
    return found


def _threads(pid: int) -> int:
    with contextlib.suppress(OSError):
        return os.stat(f"/proc/{pid}/task").st_nlink - 2
    return 0


def _resident(pid: int) -> int:
    """Return how many bytes of memory *pid* holds, shared or not."""
    with contextlib.suppress(OSError), open(f"/proc/{pid}/statm", "rb", buffering=0) as file:
        return int(file.read().split()[1]) * PAGE
    return 0


def _open_files(pid: int) -> int:
    """Return how many files *pid* has open; before Linux 6.2 it is not told without looking at each, and 0."""
    with contextlib.suppress(OSError):
        return os.stat(f"/proc/{pid}/fd").st_size
    return 0


def _proportional(pid: int) -> int:
    with contextlib.suppress(OSError), open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
        for line in file:
            if line.startswith("Pss:"):
                return int(line.split()[1]) << 10
    return 0


def _kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def let_end(child: int) -> None:
    """Ask the sandbox's first process, *child*, to end, and give it a moment: from inside it ends all others in one step.

    From here they can only be ended one by one, and one that keeps becoming another is gone before its number is read.
    """
    with contextlib.suppress(OSError):
        pidfd = os.pidfd_open(child)
        try:
            os.kill(child, signal.SIGTERM)
            select.select([pidfd], [], [], LAST_WORDS)
        finally:
            os.close(pidfd)


def end_all() -> None:
    """Kill and reap until nothing is left; who detached itself has become our child by then."""
    while True:
        for pid in descendants(os.getpid()):
            _kill(pid)
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return
        reap()


if __name__ == "__main__":
    main()
