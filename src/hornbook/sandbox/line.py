"""One end of a socket that carries wire values, on both sides of the sandbox's wall.

A message is one value of `wire` behind its length in four bytes, big-endian. File descriptors travel inwards only: the
trusted side reads with `receive`, which lets the kernel discard any that a learner's process attaches.
"""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Callable

from hornbook import wire

LENGTH = struct.Struct("!I")
PIECE = 1 << 20


class Gone(Exception):  # noqa: N818 - an ending, not an error
    """The other side has closed the socket."""


class Line:
    """Sends and receives wire values over a stream socket, which it owns."""

    def __init__(self, connection: socket.socket) -> None:
        self.socket = connection

    def send(
        self,
        message: object,
        *fds: int,
        deadline: float | None = None,
        limits: wire.Limits | None = None,
        register: Callable[[object], int] | None = None,
    ) -> None:
        """Send *message*, in which values that are not data go as the numbers that *register* gives them, and *fds*.

        Raises WireError if it cannot be encoded within *limits*, TimeoutError if nobody reads it before *deadline*.
        """
        data = wire.encode(message, limits=limits or wire.Limits(), register=register)
        self._wait_until(deadline)
        head = LENGTH.pack(len(data))
        if fds:
            socket.send_fds(self.socket, [head], list(fds))
            self.socket.sendall(data)
        else:
            self.socket.sendall(head + data)

    def receive(
        self,
        *,
        deadline: float | None = None,
        limits: wire.Limits | None = None,
        resolve: Callable[[wire.Opaque], object] | None = None,
    ) -> object:
        """Return the next message.

        Raises `Gone` at the end, TimeoutError after *deadline* (of `time.monotonic`), and WireError for anything that is
        not one well-formed message within *limits*.
        """
        return self._body(self._exactly(LENGTH.size, deadline), deadline, limits, resolve)

    def receive_fds(self, *, limits: wire.Limits | None = None) -> tuple[object, list[int]]:
        """Return the next message and the file descriptors that came with it. Not for a line on which a learner's process speaks."""
        head, fds, _, _ = socket.recv_fds(self.socket, LENGTH.size, 4)
        if not head:
            raise Gone
        head += self._exactly(LENGTH.size - len(head), None)
        return self._body(head, None, limits, None), fds

    def close(self) -> None:
        """Close the socket; the other side sees the end."""
        self.socket.close()

    def _body(
        self,
        head: bytes,
        deadline: float | None,
        limits: wire.Limits | None,
        resolve: Callable[[wire.Opaque], object] | None,
    ) -> object:
        (length,) = LENGTH.unpack(head)
        limits = limits or wire.Limits()
        if length > limits.bytes:
            raise wire.WireError(f"a message of {length:,} bytes; at most {limits.bytes:,} are read")
        return wire.decode(self._exactly(length, deadline), limits=limits, resolve=resolve)

    def _exactly(self, size: int, deadline: float | None) -> bytes:
        data = bytearray()
        while len(data) < size:
            # The time left is set anew for every piece: a drip of single bytes must not stretch the deadline.
            self._wait_until(deadline)
            piece = self.socket.recv(min(size - len(data), PIECE))
            if not piece:
                raise Gone
            data += piece
        return bytes(data)

    def _wait_until(self, deadline: float | None) -> None:
        self.socket.settimeout(None if deadline is None else max(deadline - time.monotonic(), 1e-4))
