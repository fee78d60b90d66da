"""Kernels that are ready before anybody asks: each alone in a sandbox of its own, forked warm, used once.

    Standby(policy)        keeps some kernels ready, and no more than so many at all
      standby.take()       a ReadyKernel, at once if one stands by
        ready.close()      ends it with its sandbox, and makes room for another

A fork server that dies is started again by the next kernel; a kernel that died while it stood by is never handed out.
"""

from __future__ import annotations

import contextlib
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self

from hornbook.errors import SandboxError
from hornbook.sandbox import KernelProcess, Sandbox
from hornbook.sandbox.forkserver import ForkServer
from hornbook.sandbox.policy import Policy

PORTS = ("shell_port", "iopub_port", "stdin_port", "hb_port", "control_port")
FRESH_SECONDS = 900.0
"""How long a kernel may stand by: its sandbox's own time runs meanwhile."""
PATIENCE = 30.0


@dataclass(slots=True)
class ReadyKernel:
    """A kernel that has bound its sockets, and the connection info (as jupyter_client has it) by which to reach it."""

    sandbox: Sandbox
    kernel: KernelProcess
    connection: dict[str, Any]
    made: float
    give_back: Callable[[], None] = lambda: None

    def close(self) -> None:
        """End the kernel and its sandbox with everything that is left in it; safe to call twice."""
        self.kernel.end()
        self.sandbox.close()
        give_back, self.give_back = self.give_back, lambda: None
        give_back()


@dataclass(slots=True)
class Standby:
    """Keeps *ready* kernels of one *policy* standing by, and lets *most* live at a time, those included.

    A context manager. Nothing is started before the first `take`. Safe to share between threads.
    """

    policy: Policy
    ready: int = 1
    most: int = 32
    server: ForkServer | None = None
    _waiting: deque[ReadyKernel] = field(default_factory=deque)
    _living: int = 0
    _closed: bool = False
    _refill: threading.Thread | None = None
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def take(self, seconds: float = PATIENCE) -> ReadyKernel:
        """Return a kernel that nobody has used: one that stands by, or else one that is forked now.

        Where *most* live already, wait for one to be closed. Raises SandboxError after *seconds*, and where none can be had.
        """
        deadline = time.monotonic() + seconds
        while (ready := self._next(deadline)) is not None:
            if ready.kernel.exit_code() is None and time.monotonic() - ready.made < FRESH_SECONDS:
                break
            ready.close()
        ready = ready or self._made()
        self._keep_up()
        return ready

    def close(self) -> None:
        """End the kernels that stand by, and their fork server. Those that were taken live on until they are closed."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        if self._refill is not None:
            self._refill.join()
        while self._waiting:
            self._waiting.popleft().close()
        if self.server is not None:
            self.server.close()

    def _next(self, deadline: float) -> ReadyKernel | None:
        """Return one that stands by, or None when there is room for a new one, which then is counted already."""
        with self._changed:
            while True:
                if self._closed:
                    raise SandboxError("No more kernels are given out here.")
                if self._waiting:
                    return self._waiting.popleft()
                if self._living < self.most:
                    self._living += 1
                    return None
                if not self._changed.wait(deadline - time.monotonic()) and time.monotonic() >= deadline:
                    raise SandboxError(f"{self.most} kernels are running, and no more may; shut one down, or raise `most`.")

    def _made(self) -> ReadyKernel:
        """Return a new kernel, which has been counted."""
        if self.server is None:
            self.server = ForkServer(self.policy.preload, self.policy.kernel)
        sandbox = Sandbox(self.policy, server=self.server)
        try:
            place = sandbox.start()
            connection: dict[str, Any] = {
                "transport": "ipc",
                "ip": str(place.sockets / secrets.token_hex(4)),
                "key": secrets.token_hex(32),
                "signature_scheme": "hmac-sha256",
                **{port: number for number, port in enumerate(PORTS, start=1)},
            }
            return ReadyKernel(sandbox, sandbox.kernel(connection), connection, time.monotonic(), self._gone)
        except BaseException:
            sandbox.close()
            self._gone()
            raise

    def _gone(self) -> None:
        with self._changed:
            self._living -= 1
            self._changed.notify_all()

    def _keep_up(self) -> None:
        """Have somebody see to it that as many stand by as there should."""
        with self._changed:
            if self._refill is None or not self._refill.is_alive():
                self._refill = threading.Thread(target=self._fill, name="hornbook-standby", daemon=True)
                self._refill.start()

    def _fill(self) -> None:
        """Make kernels until enough stand by; one that cannot be had now is tried again by the next `take`."""
        with contextlib.suppress(SandboxError):
            while True:
                with self._changed:
                    if self._closed or len(self._waiting) >= self.ready or self._living >= self.most:
                        return
                    self._living += 1
                ready = self._made()
                with self._changed:
                    self._waiting.append(ready)
                    self._changed.notify_all()
