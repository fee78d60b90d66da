"""Runs a program in an environment from which something is really taken away: `python tests/elsewhere.py STEP ... -- COMMAND`.

Nothing is pretended to hornbook. The kernel itself refuses, by the means by which containers, old kernels and
careful administrators have it refuse. The steps are taken in the order in which they are named.

Sources: seccomp(2), seccomp_unotify(2), user_namespaces(7), mount_namespaces(7), proc(5), capabilities(7), landlock(7).
"""

from __future__ import annotations

import ctypes
import errno
import os
import signal
import socket
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

import pyseccomp as sc

NEWNS, NEWUSER = 0x00020000, 0x10000000
MS_RDONLY, MS_REMOUNT, MS_BIND, MS_MOVE, MS_REC, MS_PRIVATE = 1, 32, 4096, 8192, 16384, 1 << 18
PR_SET_NO_NEW_PRIVS, PR_CAPBSET_DROP = 38, 24
SOMEBODY = 12345
"""A user who has nothing on this machine."""

LANDLOCK_CALLS = (444, 445, 446)
VERSION_QUESTION = 1
"""The flag with which landlock_create_ruleset tells its version and makes nothing."""
FS_RIGHTS_OF = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1}
"""Which rights over files each early version of Landlock knows."""

_libc = ctypes.CDLL(None, use_errno=True)


def _call(name: str, *arguments: object) -> None:
    if getattr(_libc, name)(*arguments) != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{name}: {os.strerror(code)}")


def _mount(source: str, target: str, kind: str, flags: int, data: str = "") -> None:
    _call("mount", source.encode(), target.encode(), kind.encode(), ctypes.c_ulong(flags), data.encode())


# --- files and /proc ---------------------------------------------------------------------------------------------------


def own_mounts() -> None:
    """Let what is mounted from here on be seen by this process and its children only. For root."""
    _call("unshare", NEWNS)
    _mount("none", "/", "", MS_REC | MS_PRIVATE)


def masked_proc() -> None:
    """Cover parts of /proc, as container engines do: then the kernel refuses a user namespace a /proc of its own."""
    _mount("tmpfs", "/proc/acpi" if Path("/proc/acpi").is_dir() else "/proc/fs", "tmpfs", MS_RDONLY)
    _mount("/proc/sys", "/proc/sys", "", MS_BIND)
    _mount("none", "/proc/sys", "", MS_REMOUNT | MS_BIND | MS_RDONLY)
    for name in ("kcore", "keys", "timer_list"):
        if Path("/proc", name).exists():
            _mount("/dev/null", f"/proc/{name}", "", MS_BIND)


def no_proc() -> None:
    """Have an empty folder where /proc is."""
    _mount("tmpfs", "/proc", "tmpfs", MS_RDONLY)


def no_boot_id() -> None:
    """Have a /proc that does not tell one start of the machine from the next: some containers cover /proc/sys."""
    _mount("tmpfs", "/proc/sys", "tmpfs", MS_RDONLY)


def hidden_proc() -> None:
    """Have a /proc that shows each user their own processes only."""
    _mount("proc", "/proc", "proc", 0, "hidepid=2")


def no_shared_memory() -> None:
    """Have no /dev/shm."""
    _call("umount2", b"/dev/shm", 2)
    Path("/dev/shm").chmod(0o700)  # noqa: S108 - the folder below


# --- who we are --------------------------------------------------------------------------------------------------------


def somebody() -> None:
    """Become a user without rights, who can reach this Python and these tests wherever they lie."""
    for path in (sys.base_prefix, sys.prefix, str(Path(__file__).parents[1])):
        _open_the_way_to(Path(path).resolve())
    os.setgroups([])
    os.setresgid(SOMEBODY, SOMEBODY, SOMEBODY)
    os.setresuid(SOMEBODY, SOMEBODY, SOMEBODY)
    _call("prctl", 4, ctypes.c_ulong(1), 0, 0, 0)  # a process that changed its user may not even look at itself


def _open_the_way_to(path: Path) -> None:
    """Cover the first folder above *path* that others may not enter with one that they may, and in which *path* is all there is."""
    closed = next((folder for folder in reversed(path.parents) if not folder.stat().st_mode & 0o001), None)
    if closed is None:
        return
    aside = tempfile.mkdtemp(prefix="hb-elsewhere-", dir="/dev/shm")
    _mount(str(path), aside, "", MS_BIND | MS_REC)
    _mount("tmpfs", str(closed), "tmpfs", 0, "mode=0755")
    path.mkdir(mode=0o755, parents=True)
    _mount(aside, str(path), "", MS_MOVE)
    Path(aside).rmdir()


def no_capabilities() -> None:
    """Keep no capability, and let none come back; a container without privileges begins like this, be it root's or not."""
    for number in range(64):
        _libc.prctl(PR_CAPBSET_DROP, ctypes.c_ulong(number), 0, 0, 0)
    _call("capset", (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)())
    _call("prctl", PR_SET_NO_NEW_PRIVS, ctypes.c_ulong(1), 0, 0, 0)


def rootless() -> None:
    """Be root of a user namespace that has no other user in it: a container that was started by an unprivileged user."""
    uid, gid = os.geteuid(), os.getegid()
    _call("unshare", NEWUSER)
    Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
    Path("/proc/self/uid_map").write_text(f"0 {uid} 1", encoding="ascii")
    Path("/proc/self/gid_map").write_text(f"0 {gid} 1", encoding="ascii")


def namespaces_used_up() -> None:
    """Let nobody in this user namespace make another one: user.max_user_namespaces = 0."""
    Path("/proc/sys/user/max_user_namespaces").write_text("0", encoding="ascii")


# --- system calls ------------------------------------------------------------------------------------------------------


def _answer(code: int, *names: str | int) -> Callable[[], None]:
    """Return a step after which the calls *names* fail with *code*."""

    def step() -> None:
        program = sc.SyscallFilter(sc.ALLOW)
        for name in names:
            program.add_rule(sc.ERRNO(code), name)
        program.load()

    return step


def no_namespaces() -> None:
    """Refuse new namespaces and mounts, as the seccomp profile of containers does."""
    program = sc.SyscallFilter(sc.ALLOW)
    for name in ("unshare", "setns", "mount", "umount2", "pivot_root", "fsopen", "fsmount", "open_tree", "move_mount", "mount_setattr"):
        program.add_rule(sc.ERRNO(errno.EPERM), name)
    for bit in (17, 25, 26, 27, 28, 29, 30):
        program.add_rule(sc.ERRNO(errno.EPERM), "clone", sc.Arg(0, sc.MASKED_EQ, 1 << bit, 1 << bit))
    program.add_rule(sc.ERRNO(errno.ENOSYS), "clone3")
    program.load()


def no_seccomp() -> None:
    """Let nobody install a filter of their own after this one."""
    program = sc.SyscallFilter(sc.ALLOW)
    program.add_rule(sc.ERRNO(errno.EINVAL), "prctl", sc.Arg(0, sc.EQ, 22))  # PR_SET_SECCOMP
    program.add_rule(sc.ERRNO(errno.ENOSYS), "seccomp")
    program.load()


def old_landlock(version: int) -> Callable[[], None]:
    """Return a step after which Landlock is that of an older kernel: it says so, and refuses what it would not have known.

    A filter can only refuse, so the call that asks for the version is answered by another process, which stays behind and
    outlives all who could ask. The rules themselves are the kernel's own: it enforces what it was asked to, and no more.
    """

    def step() -> None:
        ours, theirs = socket.socketpair()
        program_pid = os.fork()
        if program_pid != 0:
            theirs.close()
            _serve_landlock(ours, program_pid, version)
        ours.close()
        program = sc.SyscallFilter(sc.ALLOW)
        program.add_rule(sc.NOTIFY, LANDLOCK_CALLS[0])
        program.load()
        listener = _notify_fd(program)
        socket.send_fds(theirs, [b"x"], [listener])
        os.close(listener)
        theirs.close()

    return step


class _Notification(ctypes.Structure):
    """`struct seccomp_notif` of linux/seccomp.h."""

    _fields_ = (
        ("id", ctypes.c_uint64), ("pid", ctypes.c_uint32), ("flags", ctypes.c_uint32), ("nr", ctypes.c_int), ("arch", ctypes.c_uint32),
        ("ip", ctypes.c_uint64), ("args", ctypes.c_uint64 * 6),
    )  # fmt: skip


class _Answer(ctypes.Structure):
    """`struct seccomp_notif_resp`; flag 1 lets the kernel carry the call out."""

    _fields_ = (("id", ctypes.c_uint64), ("val", ctypes.c_int64), ("error", ctypes.c_int32), ("flags", ctypes.c_uint32))


RECEIVE, SEND = 0xC0502100, 0xC0182101
"""SECCOMP_IOCTL_NOTIF_RECV and _SEND."""


def _notify_fd(program: sc.SyscallFilter) -> int:
    library = ctypes.CDLL("libseccomp.so.2")
    library.seccomp_notify_fd.argtypes = (ctypes.c_void_p,)
    return int(library.seccomp_notify_fd(program._filter))


def _serve_landlock(line: socket.socket, program: int, version: int) -> NoReturn:
    """Answer landlock_create_ruleset as version *version* would, until nobody is left to ask; end as the program ended."""
    _, fds, _, _ = socket.recv_fds(line, 1, 1)
    server = os.fork()
    if server == 0:
        note = _Notification()
        while _libc.ioctl(fds[0], ctypes.c_ulong(RECEIVE), ctypes.byref(note)) == 0:
            answer = _as_version(version, note)
            _libc.ioctl(fds[0], ctypes.c_ulong(SEND), ctypes.byref(answer))
            note = _Notification()
        os._exit(0)
    _, status = os.waitpid(program, 0)
    os.kill(server, signal.SIGKILL)
    os._exit(os.waitstatus_to_exitcode(status) % 256)


def _as_version(version: int, note: _Notification) -> _Answer:
    attributes, size, flags = note.args[0], note.args[1], note.args[2]
    if flags == VERSION_QUESTION:
        return _Answer(note.id, version, 0, 0)
    if flags:
        return _Answer(note.id, 0, -errno.EINVAL, 0)
    with open(f"/proc/{note.pid}/mem", "rb", buffering=0) as memory:  # noqa: PTH123 - unbuffered
        memory.seek(attributes)
        words = memory.read(size)
    if any(words[8:]):
        return _Answer(note.id, 0, -errno.E2BIG, 0)
    if int.from_bytes(words[:8], "little") & ~FS_RIGHTS_OF[version]:
        return _Answer(note.id, 0, -errno.EINVAL, 0)
    return _Answer(note.id, 0, 0, 1)


STEPS: dict[str, Callable[[], None]] = {
    step.__name__: step
    for step in (
        own_mounts, masked_proc, no_proc, no_boot_id, hidden_proc, no_shared_memory, somebody, no_capabilities, rootless,
        namespaces_used_up, no_namespaces, no_seccomp,
    )
} | {
    "no_landlock": _answer(errno.ENOSYS, *LANDLOCK_CALLS),
    "landlock_off": _answer(errno.EOPNOTSUPP, *LANDLOCK_CALLS),
    "landlock_1": old_landlock(1),
    "landlock_2": old_landlock(2),
}  # fmt: skip


def main(words: Sequence[str]) -> None:
    """Take the steps, then become the program."""
    cut = words.index("--")
    for name in words[:cut]:
        STEPS[name]()
    os.execv(words[cut + 1], [*words[cut + 1 :]])  # noqa: S606 - what the tests ask for


if __name__ == "__main__":
    main(sys.argv[1:])
