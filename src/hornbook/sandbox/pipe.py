"""What nbclient takes for a kernel's manager and client, over a line and without ZeroMQ.

Only the calls that executing a notebook makes are here. What comes over the line is a claim; a message that is not one of
ours ends the connection, and with it the cell.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import secrets
from typing import Any

from hornbook import wire
from hornbook.errors import WireError
from hornbook.sandbox.line import LENGTH, Line

LIMITS = wire.Limits(bytes=16 << 20)
QUEUED = 8
LARGE = 1 << 20


class Channel:
    """One of a client's channels: messages in the order in which they came.

    A cell that prints faster than its output is taken in has to wait, before it fills this process's memory.
    """

    def __init__(self) -> None:
        self.messages: asyncio.Queue[dict[str, Any]] = asyncio.Queue(QUEUED)

    async def put(self, message: dict[str, Any], size: int) -> None:
        """Add *message*, which came in *size* bytes; return when there is room for another one."""
        await self.messages.put(message)
        if size > LARGE:
            await self.messages.join()

    async def get_msg(self, timeout: float | None = None) -> dict[str, Any]:  # noqa: ASYNC109 - nbclient's interface
        """Return the next message; raise queue.Empty if none comes within *timeout* seconds."""
        try:
            # What is there needs no timer.
            message = await asyncio.wait_for(self.messages.get(), timeout) if self.messages.empty() else self.messages.get_nowait()
        except TimeoutError:
            raise queue.Empty from None
        self.messages.task_done()
        return message


class PipeClient:
    """Sends cells over *line*, and sorts what comes back into the channels that nbclient reads.

    `endless` says that the last cell has ended because it was in a loop that never ends.
    """

    def __init__(self, line: Line) -> None:
        self.line = line
        self.shell_channel = Channel()
        self.iopub_channel = Channel()
        self.allow_stdin = False
        self.open = True
        self.endless = False
        self._request = ""
        self._reading: asyncio.Task[None] | None = None

    def start_channels(self) -> None:
        """Begin to read."""
        self.line.socket.setblocking(False)  # noqa: FBT003 - socket's interface
        self._reading = asyncio.ensure_future(self._read())

    def stop_channels(self) -> None:
        """Stop reading, and close the line."""
        if self._reading is not None:
            self._reading.cancel()
        self.line.close()

    async def execute(self, code: str, store_history: bool = True, stop_on_error: bool = True) -> str:  # noqa: ARG002
        """Send a cell; return the id that the messages about it will name."""
        self.endless = False
        self._request = secrets.token_hex(8)
        data = wire.encode(("execute", code), limits=LIMITS)
        await asyncio.get_running_loop().sock_sendall(self.line.socket, LENGTH.pack(len(data)) + data)
        return self._request

    async def is_alive(self) -> bool:
        """Return whether the other side still has the line open."""
        return self.open

    async def _read(self) -> None:
        with contextlib.suppress(OSError, WireError, EOFError):
            while True:
                (length,) = LENGTH.unpack(await self._exactly(LENGTH.size))
                if length > LIMITS.bytes:
                    break
                match wire.decode(await self._exactly(length), limits=LIMITS):
                    case ("iopub", str() as kind, dict() as content):
                        await self.iopub_channel.put(self._message(kind, content), length)
                    case ("reply", str() as status, int() as count):
                        self.endless = status == "endless"
                        reply = self._message("execute_reply", {"status": status, "execution_count": count})
                        await self.shell_channel.put(reply, length)
                        await self.iopub_channel.put(self._message("status", {"execution_state": "idle"}), 0)
                    case _:
                        break
        self.open = False

    def _message(self, kind: str, content: dict[str, Any]) -> dict[str, Any]:
        return {
            "header": {"msg_type": kind},
            "msg_type": kind,
            "parent_header": {"msg_id": self._request},
            "metadata": {},
            "content": content,
        }

    async def _exactly(self, size: int) -> bytes:
        data = bytearray()
        while len(data) < size:
            piece = await asyncio.get_running_loop().sock_recv(self.line.socket, min(size - len(data), 1 << 20))
            if not piece:
                raise EOFError
            data += piece
        return bytes(data)
