"""Runs what learners write: a confined process tree, with its strength measured and its end certain.

    open_sandbox(policy)            a Sandbox: warden → own root → supervisor (confined, preloaded)
      sandbox.kernel(connection)    a KernelProcess: an ipykernel forked from the supervisor
        kernel.snapshot()           a Snapshot: the learner's state at this moment
          snapshot.check(seconds)   a Line to one child that answers one check's questions
          snapshot.resume()         a KernelProcess that goes on from there

Everything that comes back over these sockets is a claim (`wire`); what this side knows for certain is only what it
measured itself: times, ends, and the canary's facts.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from hornbook.errors import SandboxError, WireError, printable
from hornbook.sandbox.forkserver import ForkServer, start_warden
from hornbook.sandbox.line import Gone, Line
from hornbook.sandbox.policy import OWN_ROOT, SOCKETS, Place, Policy, bubblewrap, confinement, environment, own_root, writable_places

START_SECONDS = 60.0
"""How long a sandbox may take to come up: importing pandas and matplotlib on a busy machine included."""

ANSWER_SECONDS = 10.0
"""How long our own code inside may take for a fork."""

STATE_SECONDS = 5.0
"""How long a learner's state may take for a fork of it, or to end one."""

SIGNALS = 65
"""No exit code is further below zero: it is the number of a signal."""

BACKSTOP_SECONDS = 3600.0

END_SECONDS = 30.0
"""How long a warden may take to kill and reap everything."""

ECHO_SECONDS = 2.0
"""How long the supervisor may take to show that it lives."""


PR_SET_DUMPABLE = 4


@functools.cache
def c_library() -> ctypes.CDLL:
    """Return the C library. It is made once: making it makes a class, which in a new fork costs more than a call does."""
    return ctypes.CDLL(None)


def seal_off() -> None:
    """Let no process of the same user read this one's memory, environment and open files, or trace it, from now on.

    Every wall of a sandbox holds by itself from level 2 up; this is for the levels below, and for the day on which one does not.
    The price: no core dumps of this process, and no debugger that is attached to it. Source: prctl(2), proc(5).
    """
    if sys.platform == "linux":
        c_library().prctl(PR_SET_DUMPABLE, ctypes.c_ulong(0), 0, 0, 0)


@contextlib.contextmanager
def open_sandbox(policy: Policy, *, files: dict[str, str] | None = None, server: ForkServer | None = None) -> Iterator[Sandbox]:
    """Give a running sandbox, and end it with everything in it. *files* are texts to lie in the learner's home.

    With a fork *server* it is forked warm, in milliseconds; without one, or where only bubblewrap can build it, it starts cold.
    Raises SandboxError, with the reason, if it does not come up as *policy* wants it.
    """
    sandbox = Sandbox(policy, files or {}, server)
    try:
        sandbox.start()
        yield sandbox
    finally:
        sandbox.close()


@dataclass(slots=True)
class Sandbox:
    """A confined process tree. `start` it, fork kernels from it, `close` it."""

    policy: Policy
    files: dict[str, str] = field(default_factory=dict)
    server: ForkServer | None = None
    place: Place | None = None
    _warden: subprocess.Popen[bytes] | None = None
    _lifeline: socket.socket | None = None
    _line: Line | None = None
    _ended: dict[int, int] = field(default_factory=dict)

    def start(self) -> Place:
        """Start the warden and, under it, the supervisor; return the sandbox's folder when it is confined and preloaded."""
        seal_off()
        self.place = place = Place.make()
        try:
            locks = confinement(self.policy, place)
            order: dict[str, Any] = {
                "locks": locks,
                "root": own_root(self.policy, place),
                "env": environment(locks["home"]),
                "files": self.files,
                "kernel": self.policy.kernel,
            }
            before = bubblewrap(self.policy, place)
        except (ImportError, RuntimeError, AttributeError) as error:
            raise SandboxError(f"This machine lacks what a sandbox of mode {self.policy.mode!r} is made of: {error}.") from error
        if locks["uid"] is not None:
            for folder in (place.root, place.sockets, place.scratch):
                os.chown(folder, locks["uid"], locks["uid"])
        limits = self.policy.limits
        bounds = {
            # A backstop only: this side watches the clock, and the warden whether this side lives.
            "seconds": limits.total_seconds + BACKSTOP_SECONDS,
            "folder": str(place.root),
            "memory": limits.memory_mb * 2 << 20,
            "processes": limits.processes * 2 + 32,
        }
        ours, theirs = socket.socketpair()
        self._line = Line(ours)
        self._lifeline, wardens_end = socket.socketpair()
        with theirs, wardens_end:
            if self.server is not None and not before:
                self.server.fork({**order, "preload": []}, bounds, wardens_end.fileno(), theirs.fileno())
            else:
                order |= {"fd": theirs.fileno(), "preload": list(self.policy.preload)}
                self._warden = start_warden(order, bounds, wardens_end.fileno(), theirs.fileno(), before)
        self._expect("up", START_SECONDS)
        return place

    def kernel(self, connection: dict[str, Any]) -> KernelProcess:
        """Fork an ipykernel that binds the ipc sockets of *connection*; return when it has bound them."""
        inner = {**connection, "ip": self._inner_path(connection["ip"])}
        ours, theirs = socket.socketpair()
        line = Line(ours)
        with theirs:
            return self._started(("kernel", inner), line, theirs.fileno())

    def shell(self) -> tuple[KernelProcess, Line]:
        """Fork a shell without a kernel around it; return it with the line over which it takes cells."""
        (ours, theirs), (our_cells, their_cells) = socket.socketpair(), socket.socketpair()
        cells = Line(our_cells)
        with theirs, their_cells:
            try:
                return self._started(("shell", self.policy.pictures), Line(ours), theirs.fileno(), their_cells.fileno()), cells
            except SandboxError:
                cells.close()
                raise

    def _started(self, request: tuple[object, ...], line: Line, *fds: int) -> KernelProcess:
        """Have a process forked; return it once it says, over its agent's *line*, that it is ready."""
        try:
            self._send(request, *fds)
            pid = self._expect(str(request[0]), ANSWER_SECONDS)[1]
        except SandboxError:
            line.close()
            raise
        return self._ready(line, pid)

    def _ready(self, line: Line, pid: object = None) -> KernelProcess:
        """Return the process behind *line* once it says that it is ready; its *pid* is its own claim where it is not known."""
        try:
            answer = line.receive(deadline=time.monotonic() + START_SECONDS)
        except (Gone, TimeoutError, WireError, OSError) as error:
            line.close()
            raise SandboxError(f"The kernel did not start in the sandbox: {type(error).__name__} {error}.") from error
        match answer:
            case ("ready", int() as claimed) if pid is None or type(pid) is int:
                return KernelProcess(self, pid if isinstance(pid, int) else claimed, line)
        line.close()
        raise SandboxError(f"The kernel did not start in the sandbox: {answer!r}.")

    def adopt(self, line: Line) -> KernelProcess:
        """Return the shell behind *line*, which came from a snapshot, once it is ready and its end is watched for."""
        kernel = self._ready(line)
        try:
            self._send(("adopt", kernel.pid))
        except SandboxError:
            line.close()
            raise
        return kernel

    def _inner_path(self, path: str) -> str:
        """Return where *path*, in the folder of the sockets, lies for the sandboxed side."""
        if self.place is None:
            raise SandboxError("The sandbox is closed.")
        return path.replace(str(self.place.sockets), SOCKETS, 1) if self.policy.mode in OWN_ROOT else path

    def signal(self, pid: int, number: int) -> None:
        """Send signal *number* to the kernel with this *pid* (of the sandbox's own numbering)."""
        self._send(("signal", pid, int(number)))

    def exit_code(self, pid: int, *, wait: float = 0.0) -> int | None:
        """Return how the kernel *pid* ended (negative: by which signal), or None while it runs."""
        deadline = time.monotonic() + wait
        while pid not in self._ended:
            if not wait and self._line is not None and not self._has_news():
                # The shortest wait for nothing takes a millisecond, and this is asked after every cell.
                return None
            try:
                self._take(self._receive(deadline))
            except TimeoutError:
                return None
            except SandboxError:
                return self._ended.setdefault(pid, -9)
        return self._ended[pid]

    def _has_news(self) -> bool:
        """Return whether the supervisor has told something, its end included, that was not taken in yet."""
        poll = select.poll()
        poll.register(self.news_fd(), select.POLLIN)
        return bool(poll.poll(0))

    def news_fd(self) -> int:
        """Return the descriptor that becomes readable when the supervisor has something to tell."""
        if self._line is None:
            raise SandboxError("The sandbox is closed.")
        return self._line.socket.fileno()

    def alive(self) -> bool:
        """Return whether the supervisor still answers."""
        try:
            self._send(("echo",))
            self._expect("echo", ECHO_SECONDS)
        except SandboxError:
            return False
        return True

    def canary(self, trials: list[tuple[str, str]]) -> list[tuple[str, str]]:
        """Return, for each (name, source) of *trials*, its name and "done" or how it was refused."""
        self._send(("canary", trials))
        return [(str(name), str(answer)) for name, answer in self._expect("canary", START_SECONDS)[1]]

    def close(self) -> None:
        """End every process of the sandbox and remove its folder. Safe to call twice."""
        if self._line is not None:
            self._line.close()
            self._line = None
        if self._lifeline is not None:
            with contextlib.suppress(OSError):
                self._lifeline.shutdown(socket.SHUT_WR)
                # The warden closes its end when the last process is gone.
                self._lifeline.settimeout(END_SECONDS)
                while self._lifeline.recv(1 << 12):
                    pass
            self._lifeline.close()
            self._lifeline = None
        if self._warden is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._warden.wait(END_SECONDS)
            # One that cannot be done with what it watches over must not keep us: below level 3 there are ways to outrun it.
            self._warden.kill()
            self._warden.wait()
            if self._warden.stderr is not None:
                self._warden.stderr.close()
            self._warden = None
        if self.place is not None:
            self.place.remove()
            self.place = None

    def _send(self, message: object, *fds: int) -> None:
        if self._line is None:
            raise SandboxError("The sandbox is closed.")
        try:
            self._line.send(message, *fds, deadline=time.monotonic() + ANSWER_SECONDS)
        except OSError as error:
            raise self._fallen() from error

    def _receive(self, deadline: float) -> Any:
        if self._line is None:
            raise SandboxError("The sandbox is closed.")
        try:
            return self._line.receive(deadline=deadline)
        except (Gone, WireError, ConnectionError) as error:
            raise self._fallen() from error

    def _expect(self, word: str, seconds: float) -> tuple[Any, ...]:
        """Return the next message that begins with *word*, noting ends of kernels on the way."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                message = self._receive(deadline)
            except TimeoutError as error:
                raise SandboxError(f"The sandbox did not answer within {seconds:.0f} s (waiting for {word!r}).") from error
            if isinstance(message, tuple) and message[:1] == (word,):
                return message
            if isinstance(message, tuple) and message[:1] == ("failed",):
                raise SandboxError(f"The sandbox could not be built: {printable(' '.join(map(str, message[1:])))}.")
            self._take(message)

    def _take(self, message: object) -> None:
        match message:
            case ("ended", int() as pid, int() as code):
                self._ended[pid] = code

    def _fallen(self) -> SandboxError:
        """Return the error that says why the supervisor is gone, with what it or bubblewrap wrote last."""
        reason = "its first process has ended"
        if self._warden is not None and self._warden.stderr is not None:
            if self._lifeline is not None:
                with contextlib.suppress(OSError):
                    self._lifeline.shutdown(socket.SHUT_WR)
            tail = self._warden.stderr.read(4000).decode("utf-8", "replace").strip().splitlines()
            reason = tail[-1] if tail else reason
        return SandboxError(f"The sandbox has fallen: {reason}.")


@dataclass(frozen=True, slots=True)
class KernelProcess:
    """An ipykernel in a sandbox, and the line to the agent on its main thread."""

    sandbox: Sandbox
    pid: int
    line: Line

    def snapshot(self, seconds: float = ANSWER_SECONDS, *, resumable: bool = False, last: bool = False) -> Snapshot | None:
        """Return the learner's state as it stands now, or None if the kernel does not answer in *seconds*.

        One that is *resumable* can be gone on from while the files that a learner can write are as they are now. Where it is the *last*
        thing that is wanted of a shell, the state may be that very process (`Snapshot.frozen`): it takes no more cells, and lives on.
        """
        ours, theirs = socket.socketpair()
        line = Line(ours)
        place = self.sandbox.place
        places = list(writable_places(self.sandbox.policy, place)) if resumable and place is not None else []
        try:
            with theirs:
                self.line.send(("freeze",) if last else ("snapshot", places), theirs.fileno(), deadline=time.monotonic() + seconds)
            answer = self.line.receive(deadline=time.monotonic() + seconds)
        except (Gone, TimeoutError, WireError, OSError):
            answer = None
        match answer:
            case ("snapshot", list() as lines, int() as threads, bool() as alone):
                return Snapshot(line, _own_lines(lines), threads, alone)
            case ("frozen", list() as lines) if last:
                self.line.close()
                return Snapshot(line, _own_lines(lines), frozen=True)
        line.close()
        return None

    def answer(self, cpu_seconds: int, seconds: float = ANSWER_SECONDS) -> CheckProcess | None:
        """Return this very process as the one that answers a check's questions; it is used up by that."""
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                self.line.send(("answer", cpu_seconds), theirs.fileno(), deadline=time.monotonic() + seconds)
            answer = self.line.receive(deadline=time.monotonic() + seconds)
        except (Gone, TimeoutError, WireError, OSError):
            answer = None
        if answer == ("answering",):
            return CheckProcess(Line(ours), self._ended)
        ours.close()
        return None

    def _ended(self) -> int | None:
        """End it; return how it ended if it had ended by itself."""
        code = self.exit_code(wait=0.05)
        self.end()
        return code

    def exit_code(self, *, wait: float = 0.0) -> int | None:
        """Return how it ended (negative: by which signal), or None while it runs."""
        return self.sandbox.exit_code(self.pid, wait=wait)

    def signal(self, number: int) -> None:
        """Send it signal *number*."""
        self.sandbox.signal(self.pid, number)

    def end(self) -> None:
        """Kill it with all that it started. The snapshots that were taken of it live on."""
        with contextlib.suppress(SandboxError):
            self.signal(signal.SIGKILL)
        self.line.close()


def _own_lines(lines: list[object]) -> tuple[str, ...]:
    return tuple(text[:300] for text in lines[:20] if type(text) is str)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A frozen fork of a learner's state, from which each check gets a child of its own.

    `lines` are the learner's own lines of the error with which the last cell ended, if it did. `threads` is how many threads the
    state had, none of which a fork has; `resumable` says whether the notebook can go on from here. Where one state is that of many
    exercises, `exercise` is the one whose figures a check is shown. One that is `frozen` is no fork, but what has run the cells.
    """

    line: Line
    lines: tuple[str, ...] = ()
    threads: int = 0
    resumable: bool = False
    exercise: str = ""
    frozen: bool = False

    def check(self, cpu_seconds: int, seconds: float = STATE_SECONDS) -> CheckProcess | None:
        """Return a new child that answers questions, limited in processor time, or None if none can be had.

        A state that has once been silent, or has answered anything else, is not asked again: it belongs to the learner's code, which
        could let every check wait.
        """
        ours, theirs = socket.socketpair()
        line = Line(ours)
        with theirs:
            answer = self._ask(("check", cpu_seconds, self.exercise), theirs.fileno(), seconds=seconds)
        match answer:
            case ("check", int() as pid):
                return CheckProcess(line, functools.partial(self._end, pid))
            case ("failed",):
                pass
            case _:
                self.close()
        line.close()
        return None

    def stands(self, *, ask: bool = False) -> bool:
        """Return whether it is there, and silent as it has to be until it is asked.

        One that has been killed may take a moment to be gone: only who is asked, and answers, is there for certain.
        """
        poll = select.poll()
        poll.register(self.line.socket, select.POLLIN | select.POLLHUP)
        # No child has the number 0, so there is nothing to end.
        return not poll.poll(0) and (not ask or self._ask(("end", 0), seconds=STATE_SECONDS) == ("ended", 0, None))

    def resume(self, sandbox: Sandbox, seconds: float = ANSWER_SECONDS) -> tuple[KernelProcess, Line] | None:
        """Return a shell that goes on from here, and the line over which it takes cells; None if it would not be as it was."""
        (ours, theirs), (our_cells, their_cells) = socket.socketpair(), socket.socketpair()
        line, cells = Line(ours), Line(our_cells)
        with theirs, their_cells:
            answer = self._ask(("resume",), theirs.fileno(), their_cells.fileno(), seconds=seconds)
        if answer == ("resumed",):
            with contextlib.suppress(SandboxError):
                return sandbox.adopt(line), cells
        line.close()
        cells.close()
        return None

    def _end(self, pid: int, seconds: float = STATE_SECONDS) -> int | None:
        """End the child *pid*; return how it ended if it had ended by itself."""
        match self._ask(("end", pid), seconds=seconds):
            case ("ended", int() as ended, int() as code) if ended == pid and -SIGNALS < code < SIGNALS * 4:
                return code
            case ("ended", int() as ended, None) if ended == pid:
                return None
        self.close()
        return None

    def _ask(self, message: object, *fds: int, seconds: float) -> object:
        try:
            self.line.send(message, *fds, deadline=time.monotonic() + seconds)
            return self.line.receive(deadline=time.monotonic() + seconds)
        except (Gone, TimeoutError, WireError, OSError):
            return None

    def close(self) -> None:
        """Let it end."""
        self.line.close()


@dataclass(frozen=True, slots=True)
class CheckProcess:
    """One child for one check. `how_it_ended` ends it, and tells how it ended if it had by itself (negative: by which signal)."""

    line: Line
    how_it_ended: Callable[[], int | None]

    def end(self) -> int | None:
        """End it; return how it ended if it had ended by itself (negative: by which signal)."""
        self.line.close()
        return self.how_it_ended()
