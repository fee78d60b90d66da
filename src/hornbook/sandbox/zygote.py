"""The fork server's own process: preloaded, warmed, single-threaded, and forked once for each sandbox.

Sent as text. It holds nothing that a learner may not see: no tests, no keys, no other learner's data, only imported
libraries. It never makes a thread, a ZeroMQ context or an event loop, since none of these survives a fork.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
from typing import Any, NoReturn

from hornbook import wire
from hornbook.sandbox import agent, linux, memory, namespaces, warden
from hornbook.sandbox.calls import fork
from hornbook.sandbox.line import Gone, Line
from hornbook.sandbox.preload import KERNEL, preload, warm
from hornbook.sandbox.shell import prebuilt


def main(order: dict[str, Any]) -> NoReturn:
    """Import and warm what *order* names, then fork a sandbox for each request until the last socket closes."""
    line = Line(socket.socket(fileno=order["fd"]))
    linux.call_ourselves("hb-forkserver")
    # Whoever ends is reaped by the kernel; a child sets this back, since a warden must learn how its own children end.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        culprit = preload([*(KERNEL if order["kernel"] else ()), *order["preload"]])
        if culprit is None:
            prebuilt()
            with contextlib.suppress(Exception):  # a sandbox that needs it will say so
                linux.fence({kind: ["/usr", "/dev/null"] for kind in ("read", "write", "devices", "sockets")}, rehearse=True)
            warm()
            agent.forget_ourselves()
            memory.gather()
        line.send(("warm", culprit))
        Zygote(line).serve()
    except BaseException as error:  # noqa: BLE001 - told to the trusted side, then we end
        with contextlib.suppress(OSError, wire.WireError):
            line.send(("failed", f"{type(error).__name__}: {error}"))
        os._exit(1)


class Zygote:
    """Takes requests over one line for each process on the trusted side that forks sandboxes from here."""

    def __init__(self, line: Line) -> None:
        self.lines: dict[int, Line] = {}
        self.poll = select.poll()
        self.listen_to(line)

    def listen_to(self, line: Line) -> None:
        """Take requests over *line*, too."""
        self.lines[line.socket.fileno()] = line
        self.poll.register(line.socket, select.POLLIN)

    def serve(self) -> NoReturn:
        """Do what is asked for over any of the lines, until none is left."""
        while self.lines:
            for fd, _ in self.poll.poll():
                try:
                    self.answer(self.lines[fd], *self.lines[fd].receive_fds())
                except (Gone, ConnectionError):
                    self.poll.unregister(fd)
                    self.lines.pop(fd).close()
        os._exit(0)

    def answer(self, line: Line, message: object, fds: list[int]) -> None:
        """Listen to another line, or fork a warden and from it a supervisor."""
        match message:
            case ("line",):
                self.listen_to(Line(socket.socket(fileno=fds[0])))
                line.send(("line",))
            case ("sandbox", dict() as order, dict() as bounds):
                lifeline, agents_end = fds
                pid = fork()
                if pid == 0:
                    for other in self.lines.values():
                        other.close()
                    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                    os.setsid()
                    linux.call_ourselves("hb-warden")
                    try:
                        warden.guard(lambda: fork_supervisor(order, lifeline, agents_end), lifeline, bounds)
                    finally:
                        os._exit(0)
                os.close(lifeline)
                os.close(agents_end)
                line.send(("sandbox", pid))


def fork_supervisor(order: dict[str, Any], lifeline: int, agents_end: int) -> int:
    """Return the process id of the sandbox's first process; the warden keeps only the lifeline."""
    root = order["root"]
    try:
        pid = fork() if root is None else namespaces.fork_first(root)
    except OSError as error:
        agent.give_up(Line(socket.socket(fileno=agents_end)), error)
    if pid == 0:
        linux.call_ourselves("hb-root")
        os.close(lifeline)
        for number in (signal.SIGINT, signal.SIGHUP, *((signal.SIGTERM,) if root is None else ())):
            signal.signal(number, signal.SIG_DFL)
        # The warden gave this up. Without it only root may write who we are in a new user namespace.
        linux.prctl(linux.PR_SET_DUMPABLE, 1)
        agent.main({**order, "fd": agents_end}, entered=root is not None)
    os.close(agents_end)
    return pid
