"""The locks that a new process puts on itself before it runs a learner's code.

Sent as text into the new process, like `agent`: it needs the standard library and landlockpy, nothing of ours. `confine`
can only ever take away; each part that the machine lacks raises, so that a sandbox is never weaker than it says.

Sources: prctl(2), setrlimit(2), landlock(7), seccomp(2).
"""

from __future__ import annotations

import base64
import ctypes
import errno
import os
import resource
import signal
from typing import Any

# At the top, since it must be found before the process sees only what the sandbox shows.
import landlockpy

from hornbook.sandbox.calls import libc
from hornbook.sandbox.namespaces import drop_capabilities

PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_SET_NAME = 15
PR_SET_SECCOMP = 22
PR_SET_CHILD_SUBREAPER = 36
PR_SET_NO_NEW_PRIVS = 38
SECCOMP_MODE_FILTER = 2


class _SockFprog(ctypes.Structure):
    """`struct sock_fprog` of linux/filter.h: a filter's length in instructions of 8 bytes, and where it lies."""

    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def confine(locks: dict[str, Any]) -> None:
    """Give up for ever everything that *locks* (made by `policy.confinement`) does not leave.

    Raises OSError, or landlockpy's LandlockError, when the kernel refuses a lock.
    """
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    if locks["uid"] is not None:
        become(locks["uid"])
    drop_capabilities()
    limit(locks["limits"])
    if locks["landlock"] is not None:
        fence(locks["landlock"])
    if locks["seccomp"] is not None:
        filter_calls(base64.b64decode(locks["seccomp"]))


def prctl(option: int, value: int, pointer: Any = None) -> None:
    """Set one of this process's properties (prctl(2)); raise OSError if that fails."""
    if libc.prctl(option, ctypes.c_ulong(value), pointer, 0, 0) != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"prctl({option}, {value}): {os.strerror(code)}")


def call_ourselves(name: str) -> None:
    """Be listed under *name*, at most 15 bytes, by ps and top."""
    libc.prctl(PR_SET_NAME, name.encode(), 0, 0, 0)


def become(uid: int) -> None:
    """Become user and group *uid* without any other group, so that root's rights and exemptions are gone."""
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    # The kernel marks a process that changed its user as not dumpable; then even its own /proc/self belongs to root.
    prctl(PR_SET_DUMPABLE, 1)


def limit(limits: dict[str, int]) -> None:
    """Set resource limits. Memory is counted from what the interpreter itself has mapped already, in bytes."""
    limit_memory(limits["as"] + SPARE_MEMORY)
    _at_most(resource.RLIMIT_NPROC, limits["nproc"])
    _at_most(resource.RLIMIT_FSIZE, limits["fsize"])
    _at_most(resource.RLIMIT_NOFILE, limits["nofile"])
    set_aside(True)
    _at_most(resource.RLIMIT_CPU, limits["cpu"])
    _at_most(resource.RLIMIT_CORE, 0)
    _at_most(resource.RLIMIT_MEMLOCK, 0)
    _at_most(resource.RLIMIT_MSGQUEUE, 0)


SPARE_FILES = 32
SPARE_MEMORY = 32 << 20


def set_aside(spare: bool) -> None:
    """Set some open files and some memory aside, which the learner's code does not get, or let us use them.

    A cell that has taken all that it could must still be told so, and its state be kept, which takes a little of both.
    """
    for which, amount in ((resource.RLIMIT_NOFILE, SPARE_FILES), (resource.RLIMIT_AS, SPARE_MEMORY)):
        _, hard = resource.getrlimit(which)
        if hard != resource.RLIM_INFINITY:
            resource.setrlimit(which, (max(hard - amount * spare, 0), hard))


def limit_cpu(seconds: int) -> None:
    """Let this process use at most *seconds* more of processor time; the kernel kills it then."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    _at_most(resource.RLIMIT_CPU, int(used.ru_utime + used.ru_stime) + seconds + 1)


def has_half_its_time() -> bool:
    """Return whether this process has used less than half of the processor time that it may use."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    most, _ = resource.getrlimit(resource.RLIMIT_CPU)
    return most == resource.RLIM_INFINITY or (used.ru_utime + used.ru_stime) * 2 < most


def limit_memory(size: int) -> None:
    """Let this process map at most *size* bytes more than it has mapped already."""
    mapped = int(_read("/proc/self/statm").split()[0]) * resource.getpagesize()
    _at_most(resource.RLIMIT_AS, mapped + size)


def end_with(parent: int) -> None:
    """Have the kernel end this process when *parent*, which has forked it, ends."""
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(0)


def _at_most(which: int, value: int) -> None:
    """Lower a limit; one that is lower already stays."""
    _, hard = resource.getrlimit(which)
    bound = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(which, (bound, bound))


def fence(paths: dict[str, list[str]], *, rehearse: bool = False) -> None:
    """Enforce a Landlock ruleset in which only *paths* can be reached, with every right this kernel knows handled.

    A fork server *rehearses* it for its forks: what is slow the first time is done, and nothing is enforced.
    """
    fs = landlockpy.AccessFS
    read = fs.READ_FILE | fs.READ_DIR | fs.EXECUTE
    everything = landlockpy.fs_for_abi(landlockpy.abi_version()) & ~(fs.MAKE_CHAR | fs.MAKE_BLOCK | fs.IOCTL_DEV)
    rights = {
        "read": read,
        "write": everything,
        "devices": fs.READ_FILE | fs.WRITE_FILE | fs.IOCTL_DEV,
        "sockets": fs.MAKE_SOCK | fs.REMOVE_FILE,
    }
    on_files = read | fs.WRITE_FILE | fs.TRUNCATE | fs.IOCTL_DEV
    scopes = landlockpy.Scope.ABSTRACT_UNIX_SOCKET | landlockpy.Scope.SIGNAL
    if landlockpy.abi_version() < 1:
        raise OSError(errno.ENOSYS, "this kernel has no Landlock, or this environment keeps it from us")
    with landlockpy.Ruleset(scoped=scopes) as rules:
        for kind, granted in rights.items():
            for path in paths[kind]:
                if os.path.isdir(path):
                    rules.allow_path(path, granted)
                elif os.path.exists(path):
                    # A rule on a file may only name rights that a file can have.
                    rules.allow_path(path, granted & on_files & ~fs.READ_DIR)
        if not rehearse:
            rules.restrict()


def fence_signals() -> None:
    """Let this process, and all that come from it, signal nobody above: not the supervisor that it was forked from.

    Where Landlock does not know signals (before Linux 6.12) nothing is done; the level says so.
    """
    scope = landlockpy.Scope.SIGNAL
    if scope & landlockpy.scope_for_abi(landlockpy.abi_version()):
        with landlockpy.Ruleset(handled_fs=landlockpy.AccessFS.NONE, handled_net=landlockpy.AccessNet.NONE, scoped=scope) as rules:
            rules.restrict()


def filter_calls(program: bytes) -> None:
    """Install the seccomp filter *program*, in BPF, on this process and all that come from it."""
    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(_SockFprog(len(program) // 8, program)))


def _read(path: str) -> str:
    with open(path, encoding="ascii") as file:
        return file.read()
