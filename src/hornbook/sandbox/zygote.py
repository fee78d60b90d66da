"""The fork server's own process: preloaded, warmed, single-threaded, and forked once for each sandbox.

Sent as text. It holds nothing that a learner may not see: no tests, no keys, no other learner's data, only imported
libraries. It never makes a thread, a ZeroMQ context or an event loop, since none of these survives a fork.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
from typing import Any, NoReturn

from hornbook import wire
from hornbook.sandbox import agent, linux, warden
from hornbook.sandbox.line import Gone, Line
from hornbook.sandbox.preload import KERNEL, preload, warm
from hornbook.sandbox.shell import prebuilt


def main(order: dict[str, Any]) -> NoReturn:
    """Import and warm what *order* names, then fork a sandbox for each request until the socket closes."""
    line = Line(socket.socket(fileno=order["fd"]))
    # Whoever ends is reaped by the kernel; a child sets this back, since a warden must learn how its own children end.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        culprit = preload([*(KERNEL if order["kernel"] else ()), *order["preload"]])
        if culprit is None:
            prebuilt()
            warm()
        line.send(("warm", culprit))
        while True:
            serve(line)
    except Gone:
        os._exit(0)
    except BaseException as error:  # noqa: BLE001 - told to the trusted side, then we end
        with contextlib.suppress(OSError, wire.WireError):
            line.send(("failed", f"{type(error).__name__}: {error}"))
        os._exit(1)


def serve(line: Line) -> None:
    """Fork a warden, and from it a supervisor, for the next request."""
    message, fds = line.receive_fds()
    match message:
        case ("sandbox", dict() as order, dict() as bounds):
            lifeline, agents_end = fds
            pid = os.fork()
            if pid == 0:
                line.close()
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                os.setsid()
                try:
                    warden.guard(lambda: fork_supervisor(order, lifeline, agents_end), lifeline, bounds)
                finally:
                    os._exit(0)
            os.close(lifeline)
            os.close(agents_end)
            line.send(("sandbox", pid))


def fork_supervisor(order: dict[str, Any], lifeline: int, agents_end: int) -> int:
    """Return the process id of the sandbox's first process; the warden keeps only the lifeline."""
    pid = os.fork()
    if pid == 0:
        os.close(lifeline)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        # The warden gave this up. Without it only root may write who we are in a new user namespace.
        linux.prctl(linux.PR_SET_DUMPABLE, 1)
        agent.main({**order, "fd": agents_end})
    os.close(agents_end)
    return pid
