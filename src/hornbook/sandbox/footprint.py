"""What a process has that a fork of it does not have for itself: whether its state can be gone back to. Sent as text.

A fork has its own memory. It shares the files on the disk, the place in each open file, and mapped shared memory, and it has
neither the threads nor the children of the process. So a state can be gone back to if there is nothing of the latter kinds,
and as long as the files are as they were.

Source: fork(2), proc(5).
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys

MOST_FILES = 2000
"""A home with more files than this is not compared: it is taken as changed."""


def descriptors() -> set[tuple[int, str]] | None:
    """Return the open descriptors of this process with what is behind each, or None where it may not look at itself."""
    try:
        return set().union(*(named(int(name)) for name in os.listdir("/proc/self/fd")))
    except OSError:
        return None


def named(fd: int) -> set[tuple[int, str]]:
    """Return *fd* with what is behind it, or nothing if it is closed, as the one is by which the others were listed."""
    with contextlib.suppress(OSError):
        return {(fd, os.readlink(f"/proc/self/fd/{fd}"))}
    return set()


def shared_mappings() -> int:
    """Return how many mappings this process can write to that a fork of it would share."""
    with open("/proc/self/maps", "rb") as file:
        return sum(permissions[1:2] == b"w" and permissions[3:] == b"s" for _, permissions, _ in (line.split(b" ", 2) for line in file))


def threads() -> int:
    """Return how many threads this process has besides its first; only Python's own where it may not look at itself."""
    try:
        return len(os.listdir("/proc/self/task")) - 1
    except OSError:
        return len(sys._current_frames()) - 1  # noqa: SLF001 - the only count that includes threads not made by `threading`


def children() -> set[int]:
    """Return the process ids of this process's children, ended ones included."""
    with open("/proc/thread-self/children", encoding="ascii") as file:
        return {int(word) for word in file.read().split()}


def is_alone(own: set[tuple[int, str]] | None, snapshots: set[int]) -> bool:
    """Return whether a fork of this process would be all that it is.

    *own* is what was open before any cell was run, and *snapshots* are children that the cells know nothing of. Where a process
    may not look at itself, as without an own root, it cannot be known.
    """
    opened = descriptors()
    if own is None or opened is None:
        return False
    timers = [signal.getitimer(which)[0] for which in (signal.ITIMER_REAL, signal.ITIMER_VIRTUAL, signal.ITIMER_PROF)]
    return not (any(timers) or threads() or children() - snapshots or opened - own or shared_mappings())


def files(places: tuple[str, ...]) -> list[str] | None:
    """Return what lies in *places*, in words that differ when anything was changed; None if that is too much to say.

    What is mounted in them, such as the libraries of an environment below /tmp, is not the learner's to write.
    """
    found: list[str] = []
    todo = list(places)
    devices = set()
    while todo:
        folder = todo.pop()
        try:
            if folder in places:
                devices.add(os.stat(folder).st_dev)
            with os.scandir(folder) as entries:
                for entry in entries:
                    status = entry.stat(follow_symlinks=False)
                    if status.st_dev not in devices:
                        continue
                    times = f"{status.st_mtime_ns} {status.st_ctime_ns}"
                    found.append(f"{entry.path} {status.st_ino} {status.st_mode} {status.st_size} {times}")
                    if entry.is_dir(follow_symlinks=False):
                        todo.append(entry.path)
        except OSError as error:
            found.append(f"{folder} {error.errno}")
        if len(found) > MOST_FILES:
            return None
    return sorted(found)
