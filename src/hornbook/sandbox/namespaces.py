"""An own root for a forked process, by system calls: what bubblewrap does for a new program.

Sent as text. bubblewrap executes a program, so everything that the program has imported would be
lost; after a fork of a warm interpreter there is no library that does this, so it is done here, in one process with one
thread, in three steps: new namespaces, a new root made of what may be seen, and no capabilities. The process in there is the first
of its process ids, so that with it all others end.

Sources: clone(2), namespaces(7), pid_namespaces(7), mount(2), mount_setattr(2), pivot_root(2), capset(2), user_namespaces(7).
"""

from __future__ import annotations

import ctypes
import os
import platform
import signal
from collections.abc import Callable
from typing import Any, NoReturn

from hornbook.sandbox.calls import clone, libc

CLONE_NEWNS = 0x00020000
CLONE_NEWCGROUP = 0x02000000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000

MS_NOSUID = 0x2
MS_NODEV = 0x4
MS_NOEXEC = 0x8
MS_BIND = 0x1000
MS_REC = 0x4000
MS_PRIVATE = 0x40000
MNT_DETACH = 2
AT_FDCWD = -100
AT_RECURSIVE = 0x8000
MOUNT_ATTR_RDONLY = 0x1
MOUNT_ATTR_NOSUID = 0x2
MOUNT_ATTR_NODEV = 0x4

CAPABILITY_VERSION_3 = 0x20080522

# pivot_root has no function in libc; mount_setattr has one in newer ones only.
PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}.get(platform.machine(), -1)
MOUNT_SETATTR = 442

BYTES_PER_FILE = 8192
FEWEST_FILES = 4096

DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
LINKS = {"fd": "/proc/self/fd", "stdin": "/proc/self/fd/0", "stdout": "/proc/self/fd/1", "stderr": "/proc/self/fd/2", "ptmx": "pts/ptmx"}


class _MountAttr(ctypes.Structure):
    """`struct mount_attr` of linux/mount.h."""

    _fields_ = tuple((name, ctypes.c_uint64) for name in ("attr_set", "attr_clr", "propagation", "userns_fd"))


# What `capset` takes, made before any fork, since making it makes classes.
_OURSELVES = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
_NOTHING = (ctypes.c_uint32 * 6)()


def enter(plan: dict[str, Any], then: Callable[[], NoReturn], failed: Callable[[BaseException], NoReturn]) -> NoReturn:
    """Fork a process that builds the own root that *plan* (made by `policy.own_root`) describes and runs *then* in it; end as it ends.

    This process stays outside and waits, so that whoever started it sees the end. Where the kernel refuses a step nothing
    runs inside, and *failed* is told.
    """
    try:
        first = fork_first(plan)
        if first == 0:
            build(plan)
    except OSError as error:
        failed(error)
    if first == 0:
        then()
    _, status = os.waitpid(first, 0)
    os._exit(max(os.waitstatus_to_exitcode(status), 0))


def fork_first(plan: dict[str, Any]) -> int:
    """Fork into new namespaces for *plan*; return as `os.fork` does. The child, the first process in there, has to `build` first."""
    flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP
    # Who has no rights needs a user namespace for it.
    first = clone(flags | CLONE_NEWUSER if plan["user"] else flags)
    if first == 0:
        # The kernel lets the first process ignore whatever it has no handler for.
        signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    return first


def build(plan: dict[str, Any]) -> None:
    """Be who we were, make a root of what may be seen and change into it; nothing of the old one is left."""
    if plan["user"]:
        uid, gid = plan["user"]
        _write("/proc/self/setgroups", "deny")
        _write("/proc/self/uid_map", f"{uid} {uid} 1")
        _write("/proc/self/gid_map", f"{gid} {gid} 1")
    _call("sethostname", b"hornbook", ctypes.c_size_t(8))
    _mount(None, "/", None, MS_REC | MS_PRIVATE)
    root = plan["mountpoint"]
    _mount("tmpfs", root, "tmpfs", MS_NOSUID | MS_NODEV, "size=1m,mode=0755")
    # Places to write to come first: what may be read can lie in one of them, like a virtual environment under /tmp.
    for path in plan["scratch"]:
        os.makedirs(root + path, exist_ok=True)
        _mount("tmpfs", root + path, "tmpfs", MS_NOSUID | MS_NODEV, scratch(plan["size"]))
    for path in plan["read"]:
        _bind(path, root + path)
        _read_only(root + path, recursive=True)
    for path, target in plan["links"].items():
        os.makedirs(os.path.dirname(root + path), exist_ok=True)
        os.symlink(target, root + path)
    os.makedirs(root + "/proc")
    _mount("proc", root + "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)
    _devices(root, plan["size"])
    for source, path in plan["write"].items():
        _bind(source, root + path)
    os.chdir(root)
    if libc.syscall(PIVOT_ROOT, b".", b".") != 0:
        raise _error("pivot_root")
    # The old root is stacked on the new one now; taking it off leaves only ours.
    _call("umount2", b".", MNT_DETACH)
    os.chdir("/")
    _read_only("/", recursive=False)


def _devices(root: str, size: int) -> None:
    dev = root + "/dev"
    os.makedirs(dev)
    _mount("tmpfs", dev, "tmpfs", MS_NOSUID, "size=64k,mode=0755")
    for name in DEVICES:
        _bind(f"/dev/{name}", f"{dev}/{name}")
    for name, target in LINKS.items():
        os.symlink(target, f"{dev}/{name}")
    os.makedirs(f"{dev}/pts")
    _mount("devpts", f"{dev}/pts", "devpts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=620")
    os.makedirs(f"{dev}/shm")
    _mount("tmpfs", f"{dev}/shm", "tmpfs", MS_NOSUID | MS_NODEV, scratch(size))


def scratch(size: int) -> str:
    """Return the options of a tmpfs to write to, *size* bytes large.

    A file without content takes no room in it and a kilobyte of the kernel's memory: their number is limited as well.
    """
    return f"size={size},nr_inodes={max(size // BYTES_PER_FILE, FEWEST_FILES)},mode=1777"


def drop_capabilities() -> None:
    """Give up every capability, for ever: with no_new_privs set, no program can bring one back."""
    _call("capset", _OURSELVES, _NOTHING)


def _bind(source: str, target: str) -> None:
    if os.path.isdir(source):
        os.makedirs(target, exist_ok=True)
    else:
        os.makedirs(os.path.dirname(target), exist_ok=True)
        os.close(os.open(target, os.O_CREAT | os.O_WRONLY, 0o644))
    _mount(source, target, None, MS_BIND | MS_REC)


def _read_only(path: str, *, recursive: bool) -> None:
    attributes = _MountAttr(attr_set=MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV)
    if not recursive:
        attributes.attr_set = MOUNT_ATTR_RDONLY
    flags = AT_RECURSIVE if recursive else 0
    if libc.syscall(MOUNT_SETATTR, AT_FDCWD, os.fsencode(path), flags, ctypes.byref(attributes), ctypes.sizeof(attributes)) != 0:
        raise _error(f"mount_setattr {path}")


def _mount(source: str | None, target: str, kind: str | None, flags: int, data: str | None = None) -> None:
    encoded = [None if text is None else os.fsencode(text) for text in (source, target, kind, data)]
    if libc.mount(encoded[0], encoded[1], encoded[2], ctypes.c_ulong(flags), encoded[3]) != 0:
        raise _error(f"mount {kind or source} on {target}")


def _call(name: str, *arguments: Any) -> None:
    if getattr(libc, name)(*arguments) != 0:
        raise _error(name)


def _error(what: str) -> OSError:
    code = ctypes.get_errno()
    return OSError(code, f"{what}: {os.strerror(code)}")


def _write(path: str, text: str) -> None:
    try:
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
    except OSError as error:
        # The kernel refuses when the text arrives, and names no file then.
        raise OSError(error.errno, f"{path}: {error.strerror}") from error
