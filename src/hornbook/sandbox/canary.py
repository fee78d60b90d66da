"""What this machine's sandbox really holds, found out by trying.

A canary is a process, confined exactly like a learner's, that tries what must not be possible. Its facts, not the absence
of an error while setting things up, decide the level that stands in every Verdict. They are kept for as long as the
machine is not restarted and our policy not changed.

    4  an own root: files, processes and network of the machine do not exist in there; system calls are filtered
    3  no own root, but files, network, signals and dangerous system calls are fenced
    2  files are fenced
    1  dangerous system calls are filtered
    0  limits only: not a sandbox
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import platform
import socket
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, get_args

from hornbook.errors import SandboxError
from hornbook.model import Fact, SandboxReport
from hornbook.sandbox import Sandbox
from hornbook.sandbox.forkserver import MODULES, sources
from hornbook.sandbox.policy import Mode, Policy

FILES = ("read a file of the user", "list the user's home", "write outside the scratch", "read another process's environment")
REACH = ("open a network socket", "connect to a socket of the machine", "signal another process")
CALLS = ("trace a process", "make a user namespace", "use the kernel's keyring", "open an io_uring")
OWN_ROOT = ("see another process", "see the machine's shared memory", "find a file of the user by name")
NEEDS: dict[int, tuple[str, ...]] = {4: (*FILES, *REACH, *CALLS, *OWN_ROOT), 3: (*FILES, *REACH, *CALLS), 2: FILES, 1: CALLS}
NAMES = {
    4: "own namespaces and root, Landlock, seccomp, limits",
    3: "Landlock, seccomp, limits",
    2: "Landlock, limits",
    1: "seccomp, limits",
    0: "limits only: not a sandbox",
}


@dataclass(frozen=True, slots=True)
class Strength:
    """The strongest mode that works here, and what it was seen to hold."""

    mode: Mode
    report: SandboxReport


def strongest(*, fresh: bool = False) -> Strength:
    """Return the strongest sandbox of this machine, measured once per boot; *fresh* measures again."""
    return _measured() if not fresh else _measure_and_keep()


@functools.cache
def _measured() -> Strength:
    kept = _kept_path()
    try:
        # The file decides how strong we say that we are, so it must be ours and nobody else's to write.
        with os.fdopen(os.open(kept, os.O_RDONLY | os.O_NOFOLLOW), encoding="utf-8") as file:
            status = os.fstat(file.fileno())
            if status.st_uid == os.geteuid() and not status.st_mode & 0o022:
                return _from_json(json.load(file))
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        pass
    return _measure_and_keep()


def _measure_and_keep() -> Strength:
    strength = measure()
    path = _kept_path()
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False, encoding="utf-8") as file:
            json.dump(asdict(strength), file)
        Path(file.name).replace(path)
    except OSError:
        # Nowhere to keep it: the next process measures again.
        return strength
    return strength


def _kept_path() -> Path:
    """Return where the facts are kept: named by boot, user, Python and our own code."""
    boot = Path("/proc/sys/kernel/random/boot_id")
    what = [boot.read_text(encoding="ascii") if boot.exists() else "", sys.prefix, os.environ.get("PATH", ""), str(os.geteuid())]
    folder = Path(__file__).parent
    code = [*sources().values(), *((folder / name).read_text(encoding="utf-8") for name in ("policy.py", "canary.py", "warden.py"))]
    digest = hashlib.sha256("\0".join([*what, *MODULES, *code]).encode()).hexdigest()[:24]
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "hornbook", f"canary-{digest}.json")


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
    reasons = []
    best: Strength | None = None
    for mode in modes:
        try:
            facts = try_out(mode)
        except SandboxError as error:
            reasons.append(f"{mode}: {error}")
            continue
        level = proven_level(facts)
        strength = Strength(
            mode, SandboxReport(level, NAMES[level], (*facts, *(Fact(f"start with {reason}", held=False) for reason in reasons)))
        )
        if best is None or level > best.report.level:
            best = strength
        if level >= modes_level(mode):
            break
    if best is None:
        raise SandboxError("No sandbox can be had here. " + " ".join(reasons))
    return best


def modes_level(mode: Mode) -> int:
    """Return the level that *mode* reaches where everything works."""
    return {"namespaces": 4, "bubblewrap": 4, "landlock": 3, "seccomp": 1, "limits": 0}[mode]


def proven_level(facts: tuple[Fact, ...]) -> int:
    """Return the highest level all of whose facts held."""
    held = {fact.name for fact in facts if fact.held}
    return max((level for level, needed in NEEDS.items() if held.issuperset(needed)), default=0)


def try_out(mode: Mode) -> tuple[Fact, ...]:
    """Return what a sandbox of *mode* prevented. Everything that the trials reach for is made here, and is ours."""
    sandbox = Sandbox(Policy(mode=mode))
    with tempfile.TemporaryDirectory(prefix="hb-canary-", dir="/var/tmp") as folder:
        bait = Path(folder, "bait")
        bait.write_text("bait", encoding="ascii")
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(Path(folder, "socket")))
            listener.listen()
            try:
                sandbox.start()
                answers = sandbox.canary([(name, source) for name, source in trials(folder).items()])
            finally:
                sandbox.close()
    return tuple(Fact(name, held=answer != "done", detail=answer) for name, answer in answers)


# ptrace, unshare, keyctl and io_uring_setup, by machine.
SYSTEM_CALLS = {"x86_64": (101, 272, 250, 425), "aarch64": (117, 97, 219, 425)}


def trials(folder: str) -> dict[str, str]:
    """Return name → source of each forbidden act; a trial that ends without an error has succeeded.

    Inside an own namespace our process id may be somebody else's, so a trial that names it looks first where it is.
    """
    us = os.getpid()
    ptrace, unshare, keyctl, io_uring_setup = SYSTEM_CALLS.get(platform.machine(), SYSTEM_CALLS["x86_64"])
    return {
        FILES[0]: f"open({folder + '/bait'!r}).read()",
        FILES[1]: f"import os\nos.listdir({str(Path.home())!r})",
        FILES[2]: f"open({folder + '/made'!r}, 'w').close()",
        FILES[3]: _unless_own("pid") + f"open('/proc/{us}/environ', 'rb').read(1)",
        REACH[0]: "import socket\nsocket.socket(socket.AF_INET)",
        REACH[1]: f"import socket\nsocket.socket(socket.AF_UNIX).connect({folder + '/socket'!r})",
        REACH[2]: _unless_own("pid") + f"os.kill({us}, 0)",
        CALLS[0]: _call(f"{ptrace}, 0, 0, 0, 0"),
        CALLS[1]: _call(f"{unshare}, 0x10000000"),
        CALLS[2]: _call(f"{keyctl}, 0, -3, 1, 0, 0"),
        CALLS[3]: _call(f"{io_uring_setup}, 1, ctypes.create_string_buffer(120)"),
        OWN_ROOT[0]: _unless_own("pid") + f"os.stat('/proc/{us}')",
        OWN_ROOT[1]: _unless_own("mnt") + "os.stat('/dev/shm')",
        OWN_ROOT[2]: f"import os\nos.stat({folder + '/bait'!r})",
    }


def _unless_own(kind: str) -> str:
    """Return source that is refused where the canary has a *kind* namespace (namespaces(7)) other than ours."""
    ours = str(Path(f"/proc/self/ns/{kind}").readlink())
    return f"import os\nif os.readlink('/proc/self/ns/{kind}') != {ours!r}: raise ProcessLookupError('an own namespace')\n"


def _call(arguments: str) -> str:
    """Return source that makes a system call and raises OSError if it is refused."""
    return (
        f"import ctypes, os\nlibc = ctypes.CDLL(None, use_errno=True)\nif libc.syscall({arguments}) < 0:\n"
        "    code = ctypes.get_errno()\n    raise OSError(code, os.strerror(code))\n"
    )
