"""What this machine's sandbox really holds, found out by trying.

A canary is a process, confined exactly like a learner's, that tries what must not be possible. Its facts, not the absence
of an error while setting things up, decide the level that stands in every Verdict. They are kept for as long as the
machine is not restarted, our policy not changed, and we are asked from the same surroundings.

    4  an own root: files, processes and network of the machine do not exist in there; Landlock and a filter besides
    3  files, network, signals and dangerous system calls are fenced
    2  files are fenced
    1  dangerous system calls are filtered
    0  limits only: not a sandbox
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import os
import platform
import re
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, get_args

from hornbook.errors import SandboxError
from hornbook.model import Fact, SandboxReport
from hornbook.sandbox import Sandbox
from hornbook.sandbox.forkserver import MODULES, sources
from hornbook.sandbox.policy import Mode, Policy, landlock_version

FILES = (
    "read a file of the user",
    "list the user's home",
    "write outside the scratch",
    "empty a file of the user",
    "read the machine's shared memory",
    "read another process's environment",
    "read another process's memory",
)
REACH = (
    "open a network socket",
    "connect to a socket of the machine",
    "connect to a socket without a file",
    "send a datagram to the machine",
    "signal another process",
    "change another process's limits",
    "change a file's mode or dates",
)
CALLS = (
    "trace a process",
    "make a user namespace",
    "mount a file system",
    "use the kernel's keyring",
    "open an io_uring",
    "load a program into the kernel",
    "catch page faults",
    "watch the processor's events",
    "make a file that lends its owner's rights",
)
LIMITS = (
    "write more into a file than the limit",
    "open more files than the limit",
    "start more processes than the limit",
    "take more memory than the limit",
)
OWN_ROOT = (
    "see another process",
    "see the machine's shared memory",
    "find a file of the user by name",
    "share the machine's network",
    "list the root folder",
)
NEEDS: dict[int, tuple[str, ...]] = {
    4: (*FILES, *REACH, *CALLS, *LIMITS, *OWN_ROOT),
    3: (*FILES, *REACH, *CALLS, *LIMITS),
    2: (*FILES, *LIMITS),
    1: (*CALLS, *LIMITS),
}
NOT_A_SANDBOX = "limits only: not a sandbox"
NAMES: dict[Mode, str] = {
    "namespaces": "own namespaces and root, Landlock, seccomp, limits",
    "bubblewrap": "own namespaces and root, Landlock, seccomp, limits",
    "landlock": "Landlock, seccomp, limits",
    "unfenced": "own namespaces and root, seccomp, limits",
    "unfiltered": "Landlock, limits",
    "seccomp": "seccomp, limits",
    "limits": NOT_A_SANDBOX,
}
NOT_UP = "start with "
"""How the name of a fact begins that says which mode did not come up; its detail says why."""

ELSEWHERE = {"darwin": "macOS", "win32": "Windows", "cygwin": "Windows"}


@dataclass(frozen=True, slots=True)
class Strength:
    """The strongest mode that works here, and what it was seen to hold."""

    mode: Mode
    report: SandboxReport


def strongest(*, fresh: bool = False) -> Strength:
    """Return the strongest sandbox of this machine, measured once per boot; *fresh* measures again.

    Raises SandboxError, with the reasons and a way out, where learners' code cannot be run at all.
    """
    need_linux()
    return _measured() if not fresh else _measure_and_keep()


def report(*, fresh: bool = False) -> SandboxReport:
    """Return what can be said of this machine's sandbox, also where there is none: that is level 0, and no error."""
    try:
        return strongest(fresh=fresh).report
    except SandboxError as error:
        return SandboxReport(0, f"nothing: not a sandbox. {error}")


def need_linux() -> None:
    """Raise SandboxError, in plain words and with a way out, on any other system than Linux."""
    if sys.platform != "linux":
        system = ELSEWHERE.get(sys.platform, sys.platform)
        raise SandboxError(
            f"hornbook confines learners' code with what only Linux has, so on {system} it runs none: what {system} could give is "
            f"a self-check at most, and no grade. Use {'WSL 2, ' if system == 'Windows' else 'a Linux machine, '}Binder or CI."
        )


@functools.cache
def _measured() -> Strength:
    kept = _kept_path()
    try:
        # The file decides how strong we say that we are, so it must be ours and nobody else's to write.
        with os.fdopen(os.open(kept or os.devnull, os.O_RDONLY | os.O_NOFOLLOW), encoding="utf-8") as file:
            status = os.fstat(file.fileno())
            if status.st_uid == os.geteuid() and not status.st_mode & 0o022:
                return _from_json(json.load(file))
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        pass
    return _measure_and_keep()


def _measure_and_keep() -> Strength:
    strength = measure()
    path = _kept_path()
    if path is None:
        return strength
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False, encoding="utf-8") as file:
            json.dump(asdict(strength), file)
        Path(file.name).replace(path)
    except OSError:
        # Nowhere to keep it: the next process measures again.
        return strength
    return strength


def _kept_path() -> Path | None:
    """Return where the facts are kept, named by boot, Python, our own code and our surroundings; None where no boot is told.

    A home is often shared by the machine and its containers, and what holds in one of them need not hold in another.
    """
    boot = _text("/proc/sys/kernel/random/boot_id")
    if not boot:
        return None
    what = [boot, sys.prefix, os.environ.get("PATH", ""), *_surroundings()]
    folder = Path(__file__).parent
    code = [*sources().values(), *((folder / name).read_text(encoding="utf-8") for name in ("policy.py", "canary.py", "warden.py"))]
    digest = hashlib.sha256("\0".join([*what, *MODULES, *code]).encode()).hexdigest()[:24]
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "hornbook", f"canary-{digest}.json")


SETTINGS = (
    "/proc/sys/user/max_user_namespaces",
    "/proc/sys/kernel/unprivileged_userns_clone",
    "/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
    "/proc/self/attr/current",
    "/proc/self/uid_map",
)


def _surroundings() -> list[str]:
    """Return what decides, besides the machine, which walls can be had: who we are, what we are in, and what we may still do."""
    status = re.findall(r"^(?:Uid|Gid|Groups|Cap\w+|NoNewPrivs|Seccomp\w*):.*$", _text("/proc/self/status"), re.MULTILINE)
    spaces = []
    for kind in ("user", "mnt", "pid", "net", "ipc", "cgroup"):
        with contextlib.suppress(OSError):
            spaces.append(str(Path("/proc/self/ns", kind).readlink()))
    filtered = any(re.fullmatch(r"Seccomp:\s+[12]", line) for line in status)
    return [*status, *spaces, *map(_text, SETTINGS), str(landlock_version()), _what_the_filter_leaves() if filtered else ""]


def _what_the_filter_leaves() -> str:
    """Return how the calls that walls are made of are answered here: a filter that somebody put on us does not show what it forbids.

    They are tried in a process of their own, which ends at once: 20 ms, spent only where there is such a filter.
    """
    calls = (
        "('prctl', 38, 1, 0, 0, 0), ('prctl', 22, 2, None, 0, 0), ('syscall', 444, None, 0, 1), ('syscall', 445, -1, 1, None, 0), "
        "('syscall', 446, -1, 0), ('unshare', 0x10000000), ('unshare', 0x6C020000), ('mount', b'none', b'/', None, 0x44000, None)"
    )
    source = (
        "import ctypes\nlibc = ctypes.CDLL(None, use_errno=True)\n"
        f"for name, *arguments in ({calls}): print(getattr(libc, name)(*arguments), ctypes.get_errno())"
    )
    ended = subprocess.run([sys.executable, "-I", "-S", "-c", source], capture_output=True, text=True, check=False)  # noqa: S603 - ours
    return ended.stdout


def _text(path: str) -> str:
    """Return what stands in a file of /proc, or nothing where it is kept from us."""
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _from_json(kept: dict[str, Any]) -> Strength:
    report = kept["report"]
    if not isinstance(report, dict) or kept["mode"] not in get_args(Mode) or type(report["level"]) is not int:
        raise TypeError("not what we kept")
    facts = tuple(Fact(**fact) for fact in report["facts"])
    return Strength(kept["mode"], SandboxReport(report["level"], report["name"], facts))


def measure(modes: tuple[Mode, ...] = get_args(Mode)) -> Strength:
    """Return the first of *modes* that comes up, with the level that its facts prove.

    Raises SandboxError, with each mode's reason, if none comes up at all.
    """
    if not _text("/proc/self/stat"):
        raise SandboxError(
            "There is no /proc here, without which no process that a learner's code starts can be found and ended; mount it."
        )
    not_up: list[Fact] = []
    best: Strength | None = None
    for mode in modes:
        try:
            facts = try_out(mode)
        except (SandboxError, OSError) as error:
            not_up.append(Fact(NOT_UP + mode, held=False, detail=in_words(str(error))))
            continue
        level = proven_level(facts)
        if best is None or level > best.report.level:
            best = Strength(mode, SandboxReport(level, name_of(mode, level), facts))
        if level >= modes_level(mode):
            break
    if best is None:
        reasons = " ".join(f"{fact.name.removeprefix(NOT_UP)}: {fact.detail}." for fact in not_up)
        raise SandboxError(f"No sandbox can be had here. {reasons}")
    return Strength(best.mode, SandboxReport(best.report.level, best.report.name, (*best.report.facts, *not_up)))


def modes_level(mode: Mode) -> int:
    """Return the level that *mode* reaches where everything works."""
    return {"namespaces": 4, "bubblewrap": 4, "landlock": 3, "unfenced": 3, "unfiltered": 2, "seccomp": 1, "limits": 0}[mode]


def name_of(mode: Mode, level: int) -> str:
    """Return what a sandbox of *mode* is made of, and whether all of that held when it was tried."""
    if level == 0:
        return NOT_A_SANDBOX
    return NAMES[mode] if level >= modes_level(mode) else f"{NAMES[mode]}; in part only"


REASONS = {
    r"clone: (Operation not permitted|Permission denied)": "this environment lets us make no namespaces",
    r"clone: No space left": "no further namespaces may be made here; look at `sysctl user.max_user_namespaces`",
    r"mount proc on": "the kernel allows no own /proc where a part of this one is covered, as in a container",
    r"(mount|mount_setattr|pivot_root|umount2)\b.*: ": "this environment lets us mount nothing, not even in a namespace of our own",
    r"/(uid_map|gid_map|setgroups): ": "this environment lets us be nobody in a user namespace",
    r"prctl\(22": "this environment lets us filter no system calls",
}
"""What the kernel says when a wall cannot be had, and what that means. Each keeps the kernel's own words behind it."""


def in_words(error: str) -> str:
    """Return why a mode did not come up, as somebody would say it who has to do something about it."""
    said = re.sub(r"^The sandbox (could not be built|has fallen): (\w+: )?(\[Errno \d+\] )?|\.+$", "", error).split(". See <")[0]
    words = next((words for pattern, words in REASONS.items() if re.search(pattern, said)), None)
    return f"{words} ({said})" if words is not None and not said.startswith("bwrap") else said


def proven_level(facts: tuple[Fact, ...]) -> int:
    """Return the highest level all of whose facts held."""
    held = {fact.name for fact in facts if fact.held}
    return max((level for level, needed in NEEDS.items() if held.issuperset(needed)), default=0)


def try_out(mode: Mode) -> tuple[Fact, ...]:
    """Return what a sandbox of *mode* prevented. Everything that the trials reach for is made here, and is ours."""
    policy = Policy(mode=mode)
    sandbox = Sandbox(policy)
    with _baits() as baits:
        try:
            sandbox.start()
            answers = sandbox.canary(list(trials(baits, policy).items()))
        finally:
            sandbox.close()
        return tuple(_fact(name, answer, baits) for name, answer in answers)


def _fact(name: str, answer: str, baits: Baits) -> Fact:
    """Return whether something was prevented: by what became of the bait where that can be seen, by the answer where not."""
    if name in baits.harmed:
        harmed = baits.harmed[name]()
        return Fact(
            name, held=not harmed, detail="done" if harmed else "answered, but without effect" if answer == "done" else _said(answer)
        )
    return Fact(name, held=answer != "done", detail=_said(answer))


def _said(answer: str) -> str:
    """Return how something was refused, without the words that only a programmer needs."""
    return re.sub(r"^\w+: (\[Errno \d+\] )?(?=.)", "", answer)


@dataclass(frozen=True, slots=True)
class Baits:
    """What the trials reach for: files, sockets, and a process with something in its memory, as any other of this user is.

    `harmed` says, by name of a trial, whether it had an effect.
    """

    folder: Path
    shared: Path
    abstract: str
    process: int
    memory: int
    harmed: dict[str, Callable[[], bool]]


BAIT = b"bait"

# This process itself is no bait: it has sealed itself off, which the user's other processes have not.
PROCESS = f"""
import ctypes, sys
memory = ctypes.create_string_buffer({BAIT!r})
print(ctypes.addressof(memory), flush=True)
sys.stdin.read()
"""


@contextlib.contextmanager
def _baits() -> Iterator[Baits]:
    """Lay baits, such as any user's files and sockets may be, where anybody else would be let in; remove them afterwards."""
    # /tmp and /dev/shm are hidden by own ones of the sandbox, so of two places the one that is not is taken.
    lasting = "/var/tmp"  # noqa: S108 - what is made there gets a name that nobody can guess
    place = lasting if os.access(lasting, os.W_OK) else tempfile.gettempdir()
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hb-canary-", dir=place)))
        shared = Path("/dev/shm", folder.name)  # noqa: S108 - the same
        abstract = f"\0{folder.name}"
        kept = {name: folder / name for name in ("bait", "emptied", "changed")}
        for path in kept.values():
            path.write_bytes(BAIT)
            path.chmod(0o666)
        with contextlib.suppress(OSError):
            stack.callback(shared.unlink, missing_ok=True)
            shared.write_bytes(BAIT)
            shared.chmod(0o666)
        stream, unnamed, datagrams = (
            stack.enter_context(socket.socket(socket.AF_UNIX, kind)) for kind in (socket.SOCK_STREAM, socket.SOCK_STREAM, socket.SOCK_DGRAM)
        )
        for listener, address in ((stream, str(folder / "stream")), (unnamed, abstract)):
            listener.bind(address)
            listener.listen()
        datagrams.bind(str(folder / "datagrams"))
        datagrams.settimeout(0)
        for name in ("stream", "datagrams"):
            (folder / name).chmod(0o666)
        folder.chmod(0o755)
        before = kept["changed"].stat()
        process, memory = stack.enter_context(_bait_process())
        yield Baits(
            folder,
            shared,
            abstract,
            process,
            memory,
            {
                "write outside the scratch": (folder / "made").exists,
                "empty a file of the user": lambda: kept["emptied"].read_bytes() != BAIT,
                "change a file's mode or dates": lambda: _looks(kept["changed"].stat()) != _looks(before),
                "send a datagram to the machine": lambda: _has_news(datagrams),
            },
        )


@contextlib.contextmanager
def _bait_process() -> Iterator[tuple[int, int]]:
    """Start a process that does nothing; give its number and an address in its memory, and end it."""
    command = [sys.executable, "-I", "-S", "-c", PROCESS]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:  # noqa: S603 - our own program
        if process.stdin is None or process.stdout is None:
            raise SandboxError("The sandbox cannot be tried out: a process has no pipes.")
        with process.stdin:
            yield process.pid, int(process.stdout.readline())


def _looks(status: os.stat_result) -> tuple[int, int, int]:
    return status.st_mode, status.st_mtime_ns, status.st_uid


def _has_news(datagrams: socket.socket) -> bool:
    try:
        return bool(datagrams.recv(100))
    except BlockingIOError:
        return False


SYSTEM_CALLS = {
    "ptrace": (101, 117), "unshare": (272, 97), "mount": (165, 40), "keyctl": (250, 219), "io_uring_setup": (425, 425), "bpf": (321, 280),
    "userfaultfd": (323, 282), "perf_event_open": (298, 241), "fchmodat2": (452, 452), "setxattrat": (463, 463),
}  # fmt: skip
"""The numbers of calls that Python has no function for: those of x86-64, and those of all younger machines."""
MACHINES = {"x86_64": 0, "aarch64": 1, "riscv64": 1}


def trials(baits: Baits, policy: Policy) -> dict[str, str]:
    """Return name → source of each forbidden act; a trial that ends without an error has succeeded.

    Inside an own namespace the bait's process id may be somebody else's, so a trial that names it looks first where it is.
    """
    them = baits.process
    bait, emptied, changed, made, stream, datagrams = (
        str(baits.folder / name) for name in ("bait", "emptied", "changed", "made", "stream", "datagrams")
    )
    outside = _unless_own("pid", "process ids that mean nothing outside")
    limits = policy.limits
    return {
        "read a file of the user": f"open({bait!r}).read()",
        "list the user's home": _list_home(),
        "write outside the scratch": f"open({made!r}, 'w').close()",
        "empty a file of the user": "import os\n"
        + _any_of(
            f"os.truncate({emptied!r}, 0)",
            *(f"os.open({emptied!r}, os.O_TRUNC | {mode})" for mode in ("os.O_RDONLY", "os.O_WRONLY", "os.O_ACCMODE")),
        ),
        "read the machine's shared memory": f"open({str(baits.shared)!r}).read()",
        "read another process's environment": outside + f"open('/proc/{them}/environ', 'rb').read(1)",
        "read another process's memory": outside
        + f"with open('/proc/{them}/mem', 'rb', buffering=0) as file:\n    file.seek({baits.memory})\n    file.read(4)",
        "open a network socket": "import socket\nsocket.socket(socket.AF_INET)",
        "connect to a socket of the machine": f"import socket\nsocket.socket(socket.AF_UNIX).connect({stream!r})",
        "connect to a socket without a file": f"import socket\nsocket.socket(socket.AF_UNIX).connect({baits.abstract!r})",
        "send a datagram to the machine": f"import socket\nsocket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(b'x', {datagrams!r})",
        "signal another process": outside + f"os.kill({them}, 0)",
        "change another process's limits": outside + f"import resource\nresource.prlimit({them}, resource.RLIMIT_CORE)",
        "change a file's mode or dates": "import os\n"
        + _any_of(
            f"os.chmod({changed!r}, 0o600)",
            f"os.utime({changed!r}, (1, 1))",
            f"call({_number('fchmodat2')}, -100, {changed.encode()!r}, 0o600, 0)",
            before=_CALL,
        ),
        "trace a process": _call("ptrace", "0, 0, 0, 0"),
        "make a user namespace": _call("unshare", "0x10000000"),
        "mount a file system": _call("mount", "b'none', b'/', None, 0x44000, None"),
        "use the kernel's keyring": _call("keyctl", "0, -3, 1, 0, 0"),
        "open an io_uring": _call("io_uring_setup", "1, ctypes.create_string_buffer(120)"),
        # An array of one number; only the sizes need to be right for the kernel to make it.
        "load a program into the kernel": _call("bpf", "0, (ctypes.c_uint32 * 12)(2, 4, 4, 1), 48"),
        # The kind that any user may have: faults in user mode only.
        "catch page faults": _call("userfaultfd", "1"),
        # The clock of this very process, without the kernel's part.
        "watch the processor's events": _call("perf_event_open", "(ctypes.c_uint32 * 32)(1, 128, *[0] * 8, 0x60), 0, -1, -1, 0"),
        "make a file that lends its owner's rights": _LENDS,
        "write more into a file than the limit": f"with open('large', 'wb') as file:\n    file.truncate({(limits.file_mb << 20) + 1})",
        "open more files than the limit": "import os\nfor _ in range(4096): os.dup(0)",
        "start more processes than the limit": _BOMB,
        "take more memory than the limit": _MORE_MEMORY,
        "see another process": outside + f"os.stat('/proc/{them}')",
        "see the machine's shared memory": f"import os\nos.stat({str(baits.shared)!r})",
        "find a file of the user by name": f"import os\nos.stat({bait!r})",
        "share the machine's network": _unless_own("net", "a network that ends at its own edge"),
        "list the root folder": "import os\nos.listdir('/')",
    }


def _unless_own(kind: str, words: str) -> str:
    """Return source that is refused where the canary has a *kind* namespace (namespaces(7)) other than ours: it has *words*."""
    ours = str(Path(f"/proc/self/ns/{kind}").readlink())
    return f"import os\nif os.readlink('/proc/self/ns/{kind}') != {ours!r}: raise LookupError({'it has ' + words!r})\n"


def _list_home() -> str:
    """Return source that lists the user's home; an own root may have an empty folder of that name, on the way to Python."""
    with contextlib.suppress(OSError, RuntimeError):
        home = str(Path.home())
        status = Path(home).stat()
        same = f"if (status.st_dev, status.st_ino) != ({status.st_dev}, {status.st_ino}): raise LookupError('what has its name is not it')"
        return f"import os\nstatus = os.stat({home!r})\n{same}\nos.listdir({home!r})"
    return "raise LookupError('there is none')"


def _any_of(*acts: str, before: str = "") -> str:
    """Return source that tries each of *acts*, and is refused if all are."""
    tried = [f"try:\n    {act}\nexcept OSError as error: refused.append(error)" for act in acts]
    return "\n".join([before, "refused = []", *tried, f"if len(refused) == {len(acts)}: raise refused[0]"])


def _number(name: str) -> int:
    """Return a system call's number; on a machine whose numbers we do not know, one that no kernel has."""
    machine = MACHINES.get(platform.machine())
    return SYSTEM_CALLS[name][machine] if machine is not None else -1


_CALL = """import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
def call(*arguments):
    if libc.syscall(*arguments) < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
"""


def _call(name: str, arguments: str) -> str:
    """Return source that makes a system call and raises OSError if it is refused. What cannot be tried has not been held."""
    number = _number(name)
    return f"{_CALL}call({number}, {arguments})\n" if number >= 0 else ""


_LENDS = """import contextlib, os, stat
with contextlib.suppress(OSError):
    os.close(os.open("lends", os.O_CREAT | os.O_WRONLY, 0o4755))
open("lends", "a").close()
for change in (lambda: os.chmod("lends", 0o4755), lambda: os.fchmod(os.open("lends", os.O_RDONLY), 0o4755)):
    with contextlib.suppress(OSError):
        change()
if not os.stat("lends").st_mode & stat.S_ISUID: raise PermissionError("what was made lends nothing")
if os.statvfs("lends").f_flag & os.ST_NOSUID: raise PermissionError("what was made lends nothing on its file system")
"""

_MORE_MEMORY = """import mmap, resource
limit = resource.getrlimit(resource.RLIMIT_AS)[0]
if limit != resource.RLIM_INFINITY: mmap.mmap(-1, limit)
"""

# Threads count as processes, and start faster. Where the kernel does not count (for root), the warden does, and looks
# every 50 ms; its verdict is waited for.
_BOMB = """import resource, threading, time
limit = resource.getrlimit(resource.RLIMIT_NPROC)[0]
threading.stack_size(32768)
if limit != resource.RLIM_INFINITY:
    for _ in range(limit * 2 + 64): threading.Thread(target=threading.Event().wait, daemon=True).start()
    time.sleep(0.5)
"""
