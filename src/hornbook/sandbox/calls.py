"""Calls of the C library that Python lacks, or makes dear. Sent as text; standard library only.

What can be made is made here, before the first fork: `ctypes` makes a class for a library and a function object for each name, and in
a new fork that costs more than most of the calls do.

Source: fork(2), and what `os.fork` adds to it: https://docs.python.org/3/c-api/sys.html#c.PyOS_AfterFork_Child
"""

from __future__ import annotations

import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)
for _name in ("capset", "mount", "prctl", "sethostname", "syscall", "umount2", "unshare"):
    getattr(libc, _name)

# With the interpreter's lock held, as it is in the child from its first moment.
_fork = ctypes.PyDLL(None, use_errno=True).fork


def fork() -> int:
    """Fork this process, which has one thread and keeps no lock; return as `os.fork` does, or raise OSError.

    `os.fork` makes Python's locks and those of its modules anew, as another thread could hold them, seeds `random`, and calls what was
    registered with `os.register_at_fork`: in a warm interpreter that writes to two hundred pages, each of which is copied. None of it
    is done here.
    """
    pid = int(_fork())
    if pid < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"fork: {os.strerror(code)}")
    return pid
