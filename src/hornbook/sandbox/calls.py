"""Calls of the C library that Python lacks, or makes dear. Sent as text; standard library only.

What can be made is made here, before the first fork: `ctypes` makes a class for a library and a function object for each name, and in
a new fork that costs more than most of the calls do.

Source: fork(2), clone(2), and what `os.fork` adds to it: https://docs.python.org/3/c-api/sys.html#c.PyOS_AfterFork_Child
"""

from __future__ import annotations

import ctypes
import os
import platform
import signal

# It has no function in the C library that does what fork does.
_CLONE = {"x86_64": 56, "aarch64": 220}.get(platform.machine(), -1)

libc = ctypes.CDLL(None, use_errno=True)
for _name in ("capset", "mount", "prctl", "sethostname", "syscall", "umount2"):
    getattr(libc, _name)

# With the interpreter's lock held, as it is in the child from its first moment.
_locked = ctypes.PyDLL(None, use_errno=True)
_fork, _syscall = _locked.fork, _locked.syscall
_NONE = ctypes.c_long(0)


def fork() -> int:
    """Fork this process, which has one thread and keeps no lock; return as `os.fork` does, or raise OSError.

    `os.fork` makes Python's locks and those of its modules anew, as another thread could hold them, seeds `random`, and calls what was
    registered with `os.register_at_fork`: in a warm interpreter that writes to two hundred pages, each of which is copied. None of it
    is done here.
    """
    return _forked(int(_fork()), "fork")


def clone(namespaces: int) -> int:
    """Fork as `fork` does, the child into new *namespaces*, given by their flags. In one for process ids it is the first process."""
    return _forked(int(_syscall(_CLONE, ctypes.c_ulong(namespaces | signal.SIGCHLD), _NONE, _NONE, _NONE, _NONE)), "clone")


def _forked(pid: int, how: str) -> int:
    if pid < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{how}: {os.strerror(code)}")
    return pid
