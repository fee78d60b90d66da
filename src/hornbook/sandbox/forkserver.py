"""The trusted side's handle on a fork server: one per set of preloaded modules, shared by any number of sandboxes.

Starting Python and importing pandas and matplotlib costs a second; forking a process that has done it costs milliseconds.
A fork server that dies is started again by its next use. It is reached through a socket pair only, so that there is
nothing a learner's process could connect to.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any, Self

from hornbook.errors import SandboxError, WireError, printable
from hornbook.sandbox.line import Gone, Line
from hornbook.sandbox.policy import environment, library_paths

START_SECONDS = 60.0
ANSWER_SECONDS = 10.0

# What is sent inside, in the order in which it is executed there.
MODULES = (
    "errors",
    "wire",
    "sandbox.line",
    "sandbox.calls",
    "sandbox.memory",
    "sandbox.namespaces",
    "sandbox.linux",
    "sandbox.figures",
    "sandbox.footprint",
    "sandbox.tracebacks",
    "sandbox.loops",
    "sandbox.endless",
    "sandbox.answers",
    "sandbox.watch",
    "sandbox.preload",
    "sandbox.shell",
    "sandbox.agent",
    "sandbox.warden",
    "sandbox.zygote",
)

BOOT = """
import builtins, json, sys, types
with open(int(sys.argv[1])) as file:
    order = json.load(file)
sys.path += [entry for entry in order.pop("path") if entry not in sys.path]
for name in ("hornbook", "hornbook.sandbox"):
    sys.modules[name] = types.ModuleType(name)
    sys.modules[name].__path__ = []
for name, source in order.pop("modules").items():
    module = sys.modules["hornbook." + name] = types.ModuleType("hornbook." + name)
    parent, _, child = ("hornbook." + name).rpartition(".")
    setattr(sys.modules[parent], child, module)
    # A copy: what a learner's code puts in the place of `len` must not break the answers about it.
    vars(module)["__builtins__"] = dict(vars(builtins))
    exec(compile(source, "<hornbook." + name + ">", "exec"), module.__dict__)
sys.modules["hornbook.sandbox." + order.pop("role")].main(order)
"""


@dataclass(slots=True)
class ForkServer:
    """Forks warm sandboxes. A context manager; it starts when it is first used. Safe to share between threads."""

    preload: tuple[str, ...] = ()
    kernel: bool = False
    left_out: list[str] = field(default_factory=list)
    _process: subprocess.Popen[bytes] | None = None
    _line: Line | None = None
    _starting: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def begin(self) -> None:
        """Start it, if it is not there, without waiting for it: whoever needs it first does that."""
        with self._lock:
            if self._line is None:
                self._start()

    def fork(self, order: dict[str, Any], bounds: dict[str, Any], lifeline: int, agents_end: int) -> None:
        """Have a warden and a supervisor forked for one sandbox; the descriptors are theirs from then on.

        Raises SandboxError if no fork server can be had.
        """
        self._request(("sandbox", order, bounds), lifeline, agents_end)

    def _request(self, message: object, *fds: int) -> None:
        """Have *message* done; once more by a new fork server, where the one there was has ended."""
        with self._lock:
            for attempt in (1, 2):
                self._wait()
                try:
                    self._ask(message, *fds)
                except (Gone, TimeoutError, OSError, WireError) as error:
                    self._end()
                    if attempt == 2:  # noqa: PLR2004 - the second
                        raise SandboxError(f"The fork server does not answer: {type(error).__name__} {error}.") from error
                else:
                    return

    def branch(self) -> ForkServer:
        """Return another handle on the same fork server, with a line of its own: for a process that is forked from this one.

        Two processes must not speak over one line. Raises SandboxError if no fork server can be had.
        """
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                self._request(("line",), theirs.fileno())
            except SandboxError:
                ours.close()
                raise
        return ForkServer(self.preload, self.kernel, self.left_out, _line=Line(ours))

    def close(self) -> None:
        """End the fork server, or this branch of it. Sandboxes that came from it live on until they are closed themselves."""
        with self._lock:
            self._end()

    def _ask(self, message: object, *fds: int) -> None:
        if self._line is None:
            raise Gone
        deadline = time.monotonic() + ANSWER_SECONDS
        self._line.send(message, *fds, deadline=deadline)
        self._line.receive(deadline=deadline)

    def _start(self) -> None:
        ours, theirs = socket.socketpair()
        self._line = Line(ours)
        self._starting = True
        with theirs:
            names = [name for name in self.preload if name not in self.left_out]
            order = {"fd": theirs.fileno(), "preload": names, "kernel": self.kernel}
            try:
                self._process = start_python("zygote", order, (theirs.fileno(),), environment(zygote_home()))
            except OSError:
                # There was no room for a process; whoever needs it next tries anew.
                self._end()
                raise

    def _wait(self) -> None:
        """Return when it is there; start it once more without a module that starts threads, which would not survive a fork."""
        while self._line is None or self._starting:
            if self._line is None:
                self._start()
                continue
            try:
                answer = self._line.receive(deadline=time.monotonic() + START_SECONDS)
            except (Gone, TimeoutError, OSError, WireError) as error:
                self._end()
                raise SandboxError(f"The fork server did not start: {type(error).__name__} {error}.") from error
            self._starting = False
            match answer:
                case ("warm", None):
                    pass
                case ("warm", str() as culprit) if culprit in self.preload and culprit not in self.left_out:
                    self.left_out.append(culprit)
                    self._end()
                case _:
                    self._end()
                    raise SandboxError(f"The fork server did not start: {printable(repr(answer))}.")

    def _end(self) -> None:
        self._starting = False
        if self._line is not None:
            self._line.close()
            self._line = None
        if self._process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(1.0)
            self._process.kill()
            self._process.wait()
            self._process = None


class ForkServers:
    """One fork server for each set of preloaded modules, started when first asked for. A context manager."""

    def __init__(self) -> None:
        self._servers: dict[tuple[tuple[str, ...], bool], ForkServer] = {}
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End all of them."""
        for server in self._servers.values():
            server.close()

    def preloaded(self, modules: tuple[str, ...], *, kernel: bool = False) -> ForkServer:
        """Return the fork server that has imported *modules*, and with *kernel* what an ipykernel is made of."""
        with self._lock:
            return self._servers.setdefault((modules, kernel), ForkServer(modules, kernel))

    def branch(self) -> ForkServers:
        """Return the same fork servers by lines of their own, for a process that is about to be forked from this one."""
        branches = ForkServers()
        with self._lock:
            for key, server in self._servers.items():
                # One that cannot be had now is started by the branch, if it is still wanted then.
                with contextlib.suppress(SandboxError):
                    branches._servers[key] = server.branch()
        return branches


def zygote_home() -> str:
    """Return the home of fork servers: it keeps matplotlib's list of fonts, which takes seconds to make, from run to run."""
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "hornbook", "home")
    with contextlib.suppress(OSError):
        for folder in (home, home / ".matplotlib", home / ".tmp"):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return str(home)


def start_python(role: str, order: dict[str, Any], fds: tuple[int, ...], env: dict[str, str]) -> subprocess.Popen[bytes]:
    """Start a Python that becomes the one of our text modules that is named *role*, with *order*."""
    bundle = os.memfd_create("hornbook", 0)
    try:
        write_bundle(bundle, role, order)
        command = [sys.executable, *BOOT_OPTIONS, "-c", BOOT, str(bundle)]
        return subprocess.Popen(  # noqa: S603 - our own program
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=(*fds, bundle),
            env=env,
            start_new_session=True,
        )
    finally:
        os.close(bundle)


def start_warden(
    order: dict[str, Any], bounds: dict[str, Any], lifeline: int, agents_end: int, before: list[str]
) -> subprocess.Popen[bytes]:
    """Start a warden as a program, and have it start *before* and a Python that becomes the sandbox of *order*."""
    bundle = os.memfd_create("hornbook", 0)
    try:
        write_bundle(bundle, "agent", order)
        message = {
            **bounds,
            "command": [*before, sys.executable, *BOOT_OPTIONS, "-c", BOOT, str(bundle)],
            "fds": [agents_end, bundle],
            "env": order["env"],
        }
        program = str(resources.files("hornbook.sandbox") / "warden.py")
        warden = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-I", "-S", program, str(lifeline)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            pass_fds=(lifeline, agents_end, bundle),
            env=order["env"],
            start_new_session=True,
        )
    finally:
        os.close(bundle)
    if warden.stdin is not None:
        with contextlib.suppress(BrokenPipeError), warden.stdin:
            warden.stdin.write(json.dumps(message).encode())
    return warden


BOOT_OPTIONS = ("-I", "-B", "-X", "utf8")


def write_bundle(bundle: int, role: str, order: dict[str, Any]) -> None:
    """Write *order*, the role it is for, and the text of our modules into the file *bundle*, and rewind it."""
    data = memoryview(json.dumps({**order, "role": role, "path": library_paths(), "modules": sources()}).encode())
    while data:
        data = data[os.write(bundle, data) :]
    os.lseek(bundle, 0, os.SEEK_SET)


def sources() -> dict[str, str]:
    """Return the source of each module that is sent inside."""
    root = resources.files("hornbook")
    return {name: (root / f"{name.replace('.', '/')}.py").read_text(encoding="utf-8") for name in MODULES}
