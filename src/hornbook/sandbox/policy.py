"""What a learner's code may do: as data, before anything is enforced.

A `Policy` is made on the trusted side. `confinement` turns it into the plain dictionary that `sandbox.linux` enforces
inside the new process, and `bubblewrap` into the command line that gives that process its own root.

Sources: seccomp(2), landlock(7), setrlimit(2), bwrap(1).
"""

from __future__ import annotations

import base64
import contextlib
import errno
import functools
import math
import os
import secrets
import shutil
import stat
import struct
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from hornbook.config import Limits
from hornbook.errors import SandboxError

Mode = Literal["namespaces", "bubblewrap", "landlock", "unfenced", "unfiltered", "seccomp", "limits"]
"""The ways to build a sandbox, the strongest first. "unfenced" is an own root without Landlock, "unfiltered" Landlock without seccomp."""

OWN_ROOT: frozenset[Mode] = frozenset({"namespaces", "bubblewrap", "unfenced"})
FENCED: frozenset[Mode] = frozenset({"namespaces", "bubblewrap", "landlock", "unfiltered"})
FILTERED: frozenset[Mode] = frozenset({"namespaces", "bubblewrap", "landlock", "unfenced", "seccomp"})

LONGEST_BASE = 40
HOME = "/home/learner"
"""The learner's home and working directory inside a sandbox with an own root: a tmpfs of limited size."""

TO_COME = 500
"""How many threads this user may start elsewhere while a sandbox has their user id; the warden bounds the sandbox itself."""

SOCKETS = "/run/hornbook"
"""Where, inside a sandbox with an own root, the kernel binds its sockets."""

SYSTEM_PATHS = (
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/etc/alternatives",
    "/etc/fonts",
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/localtime",
    "/etc/mime.types",
    "/etc/matplotlibrc",
    "/var/cache/fontconfig",
)

# System calls that no lesson needs and that widen what a process can reach: other processes' memory, kernel keys, new
# namespaces and mounts, file handles that bypass paths, and large kernel interfaces with a history of escapes; and those
# that make memory which no process is charged with (memfd) or which outlives all of them (System V's).
FORBIDDEN_CALLS = (
    "acct", "add_key", "adjtimex", "bpf", "chroot", "clock_adjtime", "clock_settime", "delete_module", "fanotify_init",
    "finit_module", "fsconfig", "fsmount", "fsopen", "fspick", "init_module", "io_uring_enter", "io_uring_register",
    "io_uring_setup", "ioperm", "iopl", "kcmp", "kexec_file_load", "kexec_load", "keyctl", "lookup_dcookie", "memfd_create",
    "memfd_secret", "migrate_pages", "mount",
    "mount_setattr", "move_mount", "move_pages", "msgctl", "msgget", "msgrcv", "msgsnd",
    "name_to_handle_at", "nfsservctl", "open_by_handle_at", "open_tree", "perf_event_open",
    "personality", "pidfd_getfd", "pivot_root", "process_madvise", "process_vm_readv", "process_vm_writev", "ptrace",
    "quotactl", "quotactl_fd", "reboot", "request_key", "semctl", "semget", "semop", "semtimedop", "setdomainname",
    "sethostname", "setns", "settimeofday", "shmat", "shmctl", "shmdt", "shmget", "swapoff",
    "swapon", "syslog", "umount2", "unshare", "userfaultfd", "vhangup", "vmsplice",
)  # fmt: skip
# A kernel only binds: with connect() gone no socket file of the machine can be reached where Landlock has no say on them.
FORBIDDEN_SOCKET_CALLS = ("connect",)
# Landlock does not govern these on files that it lets nobody open. They answer "done" without effect, because an error
# would stop `shutil.copy`, and with it IPython's start.
INERT_CALLS = (
    "chmod",
    "fchmodat",
    "chown",
    "lchown",
    "fchownat",
    "utime",
    "utimes",
    "futimesat",
    "utimensat",
    "setxattr",
    "lsetxattr",
    "removexattr",
    "lremovexattr",
)
NEWEST_CALL = 451
"""Calls with a higher number did not exist when the lists above were made; whoever falls back where they are missing does so."""
ONE_NUMBERING = frozenset({"x86_64", "aarch64", "riscv64", "ppc64le", "s390x"})
"""Machines on which new calls have the same numbers (all but a few have, since Linux 5.1)."""

TRUNCATION_WATCHED = 3
"""The version of Landlock that first governs emptying a file; before, whoever can name a file can empty it."""

CAP_CHOWN, CAP_SETGID, CAP_SETUID, CAP_SYS_ADMIN = 0, 6, 7, 21

NAMESPACE_FLAGS = 0x7E020000 | 0x00000080  # CLONE_NEW{NS,CGROUP,UTS,IPC,USER,PID,NET} and CLONE_NEWTIME


@dataclass(frozen=True, slots=True)
class Policy:
    """How a sandbox is to be built: the strongest *mode* this machine holds, the *limits*, and what stays unseen.

    `kernel` says that real ipykernels will be wanted, and not shells alone; `pictures`, that a shell is to draw figures, which
    takes longer than most lessons' own work and which no check looks at: they are asked about as data.
    `hidden` are folders that must not be readable even if they lie in a readable one: courses installed beside Python.
    """

    mode: Mode = "namespaces"
    limits: Limits = field(default_factory=Limits)
    hidden: tuple[Path, ...] = ()
    preload: tuple[str, ...] = ()
    kernel: bool = False
    pictures: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """The folder on the trusted side that belongs to one sandbox: its sockets and, without an own root, its scratch."""

    root: Path

    @classmethod
    def make(cls) -> Place:
        """Create it: mode 0700, with a short path (a socket's path has at most 107 bytes)."""
        base = tempfile.gettempdir()
        root = Path(tempfile.mkdtemp(prefix="hb-", dir=base if len(base) < LONGEST_BASE else "/tmp"))  # noqa: S108 - mkdtemp makes it 0700
        place = cls(root)
        place.sockets.mkdir(mode=0o700)
        place.mountpoint.mkdir(mode=0o700)
        place.scratch.mkdir(mode=0o700)
        return place

    @property
    def sockets(self) -> Path:
        """Where the kernel binds its sockets; nothing else can be made there."""
        return self.root / "s"

    @property
    def mountpoint(self) -> Path:
        """Where the own root is put together. Nothing is ever mounted there for us: it happens in another namespace."""
        return self.root / "r"

    @property
    def scratch(self) -> Path:
        """The learner's home where there is no own root."""
        return self.root / "w"

    def remove(self) -> None:
        """Remove it with everything in it: nothing is opened by a name, no link followed, no depth is too great."""
        with contextlib.suppress(OSError):
            # With an own root nothing was ever written there.
            for folder in (self.sockets, self.mountpoint, self.scratch, self.root):
                folder.rmdir()
            return
        try:
            shutil.rmtree(self.root)
        except FileNotFoundError:
            return
        except (OSError, RecursionError):
            _remove_hard(self.root)


def _remove_hard(folder: Path) -> None:
    """Finish what `rmtree` gave up on: folders that may not be read, and trees deeper than Python's recursion limit."""
    import subprocess  # noqa: PLC0415 - only here

    for command in (["/bin/chmod", "-R", "u+rwx"], ["/bin/rm", "-rf", "--one-file-system"]):
        subprocess.run([*command, "--", str(folder)], check=False, capture_output=True)  # noqa: S603 - our own folder


def readable_paths(hidden: tuple[Path, ...] = ()) -> tuple[Path, ...]:
    """Return what a learner's code may read: the system's libraries and this Python, without *hidden*.

    Both `sys.prefix` and `sys.base_prefix` are needed: a virtual environment imports the standard library from the latter.
    A readable folder that contains a hidden one is replaced by its other children. One that lies in a hidden folder stays:
    a course often has its virtual environment inside it.
    """
    return _readable_paths(hidden, (sys.base_prefix, sys.prefix, *library_paths()))


@functools.cache
def _readable_paths(hidden: tuple[Path, ...], python: tuple[str, ...]) -> tuple[Path, ...]:
    """Look once: every sandbox of a process asks, and what is installed later into a readable folder is seen all the same."""
    unseen = {path.resolve() for path in hidden}
    for prefix in python[:2]:
        unseen.add(Path(prefix, "share", "jupyter", "hornbook").resolve())
    paths: list[Path] = []
    for path in (*map(Path, SYSTEM_PATHS), *map(Path, python)):
        if path.exists() and not any(above in path.parents for above in paths):
            paths.extend(_without(path, unseen))
    return tuple(dict.fromkeys(paths))


def library_paths() -> list[str]:
    """Return the folders of installed packages that this process imports from.

    Not all lie below a prefix: `pip install --user` and .pth files bring others, which an isolated Python would not look into.
    """
    packages = ("/site-packages", "/dist-packages")
    return [entry for entry in sys.path if entry.rstrip("/").endswith(packages) and Path(entry).is_dir()]


def _without(path: Path, unseen: set[Path]) -> list[Path]:
    resolved = path.resolve()
    if resolved in unseen:
        return []
    if not any(resolved in hidden.parents for hidden in unseen):
        return [path]
    return [kept for child in sorted(path.iterdir()) for kept in _without(child, unseen)]


def environment(home: str) -> dict[str, str]:
    """Return the whole environment of a sandboxed process. Nothing of ours is inherited: no tokens, no paths."""
    threads = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL", "NUMEXPR", "VECLIB_MAXIMUM")}
    return {
        "PATH": f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin",
        "HOME": home,
        "TMPDIR": f"{home}/.tmp",
        "IPYTHONDIR": f"{home}/.ipython",
        "MPLCONFIGDIR": f"{home}/.matplotlib",
        "JUPYTER_CONFIG_DIR": f"{home}/.jupyter",
        "JUPYTER_NO_CONFIG": "1",
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "LANG": "C.UTF-8",
        "PYTHONIOENCODING": "utf-8",
        "PYTHONDONTWRITEBYTECODE": "1",
        "TZ": "UTC",
        # The kernel's ten threads would each reserve 64 MB of the address space that is limited.
        "MALLOC_ARENA_MAX": "1",
        # A thread of the linear algebra library would not survive a fork.
        **threads,
    }


def writable_places(policy: Policy, place: Place) -> tuple[str, ...]:
    """Return the folders, as the sandboxed side sees them, in which a learner's code can leave files; its home first."""
    if policy.mode in OWN_ROOT:
        return (HOME, "/tmp", "/dev/shm")  # noqa: S108 - the namespace's own, limited in size
    return (str(place.scratch),)


def confinement(policy: Policy, place: Place) -> dict[str, Any]:
    """Return what the new process enforces on itself before it runs a learner's code, as JSON-able data."""
    own_root = policy.mode in OWN_ROOT
    landlock, seccomp = policy.mode in FENCED, policy.mode in FILTERED
    home = HOME if own_root else str(place.scratch)
    uid = sandbox_uid(own_root=own_root)
    megabyte = 1 << 20
    return {
        "home": home,
        "uid": uid,
        "landlock": {
            # Without an own root, /dev has the machine's shared memory in it, and /proc its other processes.
            "read": [*map(str, readable_paths(policy.hidden)), *(["/proc", "/dev"] if own_root else ["/proc/self"])],
            "write": list(writable_places(policy, place)),
            "devices": ["/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty", "/dev/ptmx", "/dev/pts"],
            "sockets": [SOCKETS if own_root else str(place.sockets)],
        }
        if landlock
        else None,
        "seccomp": base64.b64encode(
            seccomp_program(strict=not own_root, truncation=own_root or landlock_version() >= TRUNCATION_WATCHED)
        ).decode("ascii")
        if seccomp
        else None,
        "limits": {
            "as": policy.limits.memory_mb * megabyte,
            "nproc": policy.limits.processes + (0 if own_root or uid is not None else threads_of_this_user() + TO_COME),
            "fsize": policy.limits.file_mb * megabyte,
            "cpu": math.ceil(policy.limits.total_seconds),
            "nofile": 512,
        },
    }


def landlock_version() -> int:
    """Return the version of Landlock that this process may use, or 0 where it is missing or kept from us."""
    import landlockpy  # noqa: PLC0415 - Linux only

    try:
        return int(landlockpy.abi_version())
    except OSError:
        return 0


@functools.cache
def seccomp_program(*, strict: bool, truncation: bool = True) -> bytes:
    """Return the system-call filter as BPF; *strict* where there is no own root; with *truncation* files may be emptied by name.

    It is built here because importing libseccomp's binding starts processes, which the sandboxed side must not need.
    """
    import pyseccomp as sc  # noqa: PLC0415 - Linux only, and slow to import

    filter_ = sc.SyscallFilter(sc.ALLOW)
    deny = sc.ERRNO(errno.EPERM)
    rules: list[tuple[int, str, tuple[Any, ...]]] = [(deny, name, ()) for name in (*FORBIDDEN_CALLS, *FORBIDDEN_SOCKET_CALLS)]
    rules += [(sc.ERRNO(errno.EAFNOSUPPORT), "socket", (sc.Arg(0, sc.NE, 1),))]  # only AF_UNIX
    rules += [(deny, "socketpair", (sc.Arg(0, sc.NE, 1),))]
    # A datagram needs no connect() to reach a socket of the machine; SOCK_RAW is another name for it here.
    rules += [(deny, name, (sc.Arg(1, sc.MASKED_EQ, 0xF, kind),)) for name in ("socket", "socketpair") for kind in (2, 3)]
    for flag in (1 << bit for bit in range(32) if NAMESPACE_FLAGS >> bit & 1 and bit != 7):  # noqa: PLR2004 - CLONE_NEWTIME is clone3's
        rules.append((deny, "clone", (sc.Arg(0, sc.MASKED_EQ, flag, flag),)))
    rules.append((sc.ERRNO(errno.ENOSYS), "clone3", ()))  # its flags lie in memory, where a filter cannot look: glibc falls back
    rules.append((deny, "ioctl", (sc.Arg(1, sc.MASKED_EQ, 0xFFFFFFFF, 0x5412),)))  # TIOCSTI types into a terminal
    if strict:
        rules += [(sc.ERRNO(0), name, ()) for name in INERT_CALLS]
        rules += _no_setuid_files(sc, deny)
        # Its arguments lie in memory, like those of clone3.
        rules.append((sc.ERRNO(errno.ENOSYS), "openat2", ()))
        # Where other processes of this user can be named, their limits and priorities must be out of reach.
        rules.append((deny, "prlimit64", (sc.Arg(0, sc.NE, 0),)))
        # libzmq sets the scheduling of its own threads, which have numbers like anybody's, and aborts if it may not.
        for name in ("sched_setaffinity", "sched_setattr", "sched_setparam", "sched_setscheduler"):
            rules.append((sc.ERRNO(0), name, (sc.Arg(0, sc.NE, 0),)))
        for name, one_process in (("setpriority", 0), ("ioprio_set", 1)):
            rules += [(deny, name, (sc.Arg(0, sc.NE, one_process),)), (deny, name, (sc.Arg(1, sc.NE, 0),))]
    if not truncation:
        # O_TRUNC takes effect without a right to write (O_RDONLY), or even without one to read (access mode 3).
        for name, place in (("open", 1), ("openat", 2)):
            for mode in (os.O_RDONLY, os.O_ACCMODE):
                rules.append((deny, name, (sc.Arg(place, sc.MASKED_EQ, os.O_TRUNC | os.O_ACCMODE, os.O_TRUNC | mode),)))
        rules.append((deny, "truncate", ()))
    for action, name, arguments in rules:
        # What this machine's architecture does not know cannot be called; what libseccomp does not know is newer than NEWEST_CALL.
        if sc.resolve_syscall(sc.system_arch(), name) != -1:
            filter_.add_rule(action, name, *arguments)
    with tempfile.TemporaryFile() as file:
        filter_.export_bpf(file)
        file.seek(0)
        return _nothing_newer() + file.read()


def _no_setuid_files(sc: Any, deny: Any) -> list[tuple[int, str, tuple[Any, ...]]]:
    """Return rules under which no file can be made that runs with its owner's rights, by any call that takes a mode."""
    rules: list[tuple[int, str, tuple[Any, ...]]] = []
    for bit in (stat.S_ISUID, stat.S_ISGID):
        for name, place in (("fchmod", 1), ("creat", 1), ("mknod", 1), ("mknodat", 2)):
            rules.append((deny, name, (sc.Arg(place, sc.MASKED_EQ, bit, bit),)))
        for name, place in (("open", 1), ("openat", 2)):
            # Without one of these flags the mode is whatever happened to lie in the register.
            made = [sc.Arg(place, sc.MASKED_EQ, flag, flag) for flag in (os.O_CREAT, os.O_TMPFILE & ~os.O_DIRECTORY)]
            rules += [(deny, name, (flags, sc.Arg(place + 1, sc.MASKED_EQ, bit, bit))) for flags in made]
    return rules


def _nothing_newer() -> bytes:
    """Return the filter's first instructions: calls that are newer than the filter do not exist (ENOSYS).

    libseccomp compares numbers only for equality, and an old one does not know new names: `setxattrat` came long after
    `setxattr` was filtered. Source: linux/filter.h, linux/seccomp.h; each instruction is code, two jumps and a constant.
    """
    if os.uname().machine not in ONE_NUMBERING:
        return b""
    load_number = struct.pack("=HBBI", 0x20, 0, 0, 0)
    jump_if_greater = struct.pack("=HBBI", 0x25, 0, 1, NEWEST_CALL)
    refuse = struct.pack("=HBBI", 0x06, 0, 0, 0x00050000 | errno.ENOSYS)
    return load_number + jump_if_greater + refuse


def sandbox_uid(*, own_root: bool) -> int | None:
    """Return the user to become, or None to stay who we are.

    Only root can change, and root must: the kernel counts no processes against root. Every sandbox gets a user id of its
    own, so that siblings are counted apart. Without an own root the interpreter must be reachable for that user. Root of a
    container often has neither the capabilities nor the numbers to become anybody else.
    """
    if os.geteuid() != 0 or not _may_become_another(own_root=own_root):
        return None
    if not (own_root or _reachable_by_others(Path(sys.executable).resolve(), Path(sys.prefix))):
        return None
    return FIRST_UID + secrets.randbelow(SPARE_UIDS)


FIRST_UID, SPARE_UIDS = 1_900_000_000, 60_000_000


def _may_become_another(*, own_root: bool) -> bool:
    needed = (CAP_CHOWN, CAP_SETGID, CAP_SETUID, *((CAP_SYS_ADMIN,) if own_root else ()))
    held = int(next(line.split()[1] for line in _lines("/proc/self/status") if line.startswith("CapEff:")), 16)
    # Each line: first number inside, first outside, how many; outside of all user namespaces all there are.
    mapped = [[int(word) for word in line.split()] for name in ("uid_map", "gid_map") for line in _lines(f"/proc/self/{name}")]
    everybody = sum(inside <= FIRST_UID and inside + count >= FIRST_UID + SPARE_UIDS for inside, _, count in mapped) > 1
    return everybody and all(held >> number & 1 for number in needed)


def _lines(path: str) -> list[str]:
    return Path(path).read_text(encoding="utf-8", errors="replace").splitlines()


def threads_of_this_user() -> int:
    """Return how many threads we have on this machine: the kernel counts them against a sandbox that has our user id."""
    import psutil  # noqa: PLC0415 - only where there are no user namespaces

    us = os.getuid()
    everybody = psutil.process_iter(["uids", "num_threads"])
    return sum(one.info["num_threads"] or 0 for one in everybody if one.info["uids"] is not None and one.info["uids"].real == us)


def _reachable_by_others(*paths: Path) -> bool:
    return all(folder.stat().st_mode & 0o001 for path in paths for folder in path.parents)


def own_root(policy: Policy, place: Place) -> dict[str, Any] | None:
    """Return what `namespaces.build` makes the sandbox's root of, or None where *mode* does not ask for it."""
    if policy.mode not in OWN_ROOT or policy.mode == "bubblewrap":
        return None
    read, links = _files_and_links(readable_paths(policy.hidden))
    return {
        # Who can become somebody else needs no user namespace to make the others.
        "user": None if sandbox_uid(own_root=True) is not None else [os.geteuid(), os.getegid()],
        "mountpoint": str(place.mountpoint),
        "read": read,
        "links": links,
        "scratch": [HOME, "/tmp"],  # noqa: S108 - its own; so is /dev/shm
        "size": policy.limits.disk_mb << 20,
        "write": {str(place.sockets): SOCKETS},
    }


@functools.cache
def _files_and_links(paths: tuple[Path, ...]) -> tuple[list[str], dict[str, str]]:
    """Return those of *paths* that are no links, and where the others lead; looked at once, as they are found once."""
    links = {str(path): str(path.readlink()) for path in paths if path.is_symlink()}
    return [str(path) for path in paths if str(path) not in links], links


def bubblewrap(policy: Policy, place: Place) -> list[str]:
    """Return the bwrap command that gives the command after it an own root, or [] where *mode* asks for none.

    Own mount, pid, network, ipc and uts namespaces; an own user namespace unless we are root with all rights, who needs none
    to build the others and hands over to an unprivileged user instead (`sandbox.linux`).
    """
    if policy.mode != "bubblewrap":
        return []
    program = shutil.which("bwrap")
    if program is None:
        raise SandboxError("bubblewrap is not installed; `apt install bubblewrap` (or your system's package of that name) brings it.")
    root = sandbox_uid(own_root=True) is not None
    size = str(policy.limits.disk_mb << 20)
    command = [
        program, "--die-with-parent",
        "--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try",
        "--hostname", "hornbook", "--cap-drop", "ALL",
        *(["--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"] if root else ["--unshare-user"]),
        "--proc", "/proc", "--dev", "/dev",
    ]  # fmt: skip
    # Places to write to come first: what may be read can lie in one of them, like a virtual environment under /tmp.
    scratch = ("/tmp", "/dev/shm", HOME)  # noqa: S108 - its own
    for folder in scratch:
        command += ["--size", size, "--perms", "1777", "--tmpfs", folder]
    paths = readable_paths(policy.hidden)
    # bwrap would make the folders above what it binds for root alone.
    for above in sorted({parent for path in paths for parent in path.parents if parent != Path("/")}):
        if str(above) not in scratch and not any(above == path or path in above.parents for path in paths):
            command += ["--perms", "0755", "--dir", str(above)]
    for path in paths:
        if path.is_symlink():
            command += ["--symlink", str(path.readlink()), str(path)]
        else:
            command += ["--ro-bind", str(path), str(path)]
    return [
        *command,
        "--perms", "0755", "--dir", "/run", "--bind", str(place.sockets), SOCKETS,
        "--chdir", HOME,
    ]  # fmt: skip
