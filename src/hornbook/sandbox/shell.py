"""A notebook's shell without a kernel around it: IPython that speaks over a line. Sent as text.

It has what executing a notebook needs (outputs, displays, errors, figures, coroutines, magics) and none of what makes a
kernel slow to start: no ZeroMQ, no threads, no event loop. What it publishes has the names and contents of the Jupyter
messaging protocol, so nbclient takes it for a kernel.

Source: https://jupyter-client.readthedocs.io/en/stable/messaging.html
"""

from __future__ import annotations

import contextlib
import functools
import io
import os
import select
import signal
import sys
from typing import Any, NoReturn, cast

from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.history import HistoryManager
from IPython.core.interactiveshell import InteractiveShell

from hornbook import wire
from hornbook.sandbox.endless import Lookout
from hornbook.sandbox.line import Gone, Line

FLUSH_AT = 8192
LIMITS = wire.Limits(bytes=16 << 20)


class Published:
    """Sends what a cell shows to whoever listens on the line, at most *room* bytes a cell."""

    def __init__(self) -> None:
        self.line: Line | None = None

    def send(self, kind: str, content: dict[str, Any]) -> None:
        """Publish one message; one that is no data or too large says so instead."""
        if self.line is None:
            return
        try:
            self.line.send(("iopub", kind, content), limits=LIMITS)
        except wire.WireError as error:
            self.line.send(("iopub", "stream", {"name": "stderr", "text": f"(an output cannot be shown: {error})\n"}), limits=LIMITS)

    def hang_up(self) -> None:
        """Leave the line to another process."""
        if self.line is not None:
            self.line.close()


class Stream(io.TextIOBase):
    """Standard output or error of a cell."""

    def __init__(self, name: str, published: Published) -> None:
        self.name = name
        self.published = published
        self.pieces: list[str] = []
        self.size = 0

    def writable(self) -> bool:
        """Say that it can be written to."""
        return True

    def write(self, text: str) -> int:
        """Keep *text* until there is enough to send."""
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        self.pieces.append(text)
        self.size += len(text)
        if self.size >= FLUSH_AT:
            self.flush()
        return len(text)

    def flush(self) -> None:
        """Send what was kept."""
        text, self.pieces, self.size = "".join(self.pieces), [], 0
        for start in range(0, len(text), FLUSH_AT * 8):
            self.published.send("stream", {"name": self.name, "text": text[start : start + FLUSH_AT * 8]})

    def isatty(self) -> bool:
        """Say that nobody types here."""
        return False


class Publisher(DisplayPublisher):
    """Publishes what `display` shows."""

    published: Published

    def publish(
        self,
        data: Any,
        metadata: Any = None,
        source: Any = None,  # noqa: ARG002 - IPython's interface
        *,
        transient: Any = None,
        update: Any = False,
        **kwargs: Any,  # noqa: ARG002 - the same
    ) -> None:
        """Send one display, or the update of an earlier one."""
        flush()
        content = {"data": plain(data), "metadata": plain(metadata or {}), "transient": plain(transient or {})}
        self.published.send("update_display_data" if update else "display_data", content)

    def clear_output(self, wait: bool = False) -> None:
        """Ask for an empty output area."""
        flush()
        self.published.send("clear_output", {"wait": bool(wait)})


class Hook(DisplayHook):
    """Publishes the value of a cell's last expression."""

    published: Published

    def write_output_prompt(self) -> None:
        """Write none: the notebook has its own."""

    def write_format_data(self, format_dict: Any, md_dict: Any = None) -> None:
        """Send the value."""
        flush()
        content = {"data": plain(format_dict), "metadata": plain(md_dict or {}), "execution_count": self.prompt_count}
        self.published.send("execute_result", content)

    def finish_displayhook(self) -> None:
        """End without the line break that a terminal needs."""
        sys.stdout.flush()


class Shell(InteractiveShell):
    """An InteractiveShell that publishes instead of printing."""

    published: Published

    def init_displayhook(self) -> None:
        """Have the hook in place, which the base class would wrap."""
        super().init_displayhook()
        vars(self.displayhook)["published"] = self.published

    def init_display_pub(self) -> None:
        """Have the publisher in place."""
        super().init_display_pub()
        vars(self.display_pub)["published"] = self.published

    def init_readline(self) -> None:
        """Nobody types here."""

    def _showtraceback(self, etype: Any, evalue: Any, stb: list[str]) -> None:
        flush()
        try:
            message = str(evalue)
        except Exception:  # noqa: BLE001 - a __str__ of the learner's
            message = ""
        self.published.send("error", {"ename": str(getattr(etype, "__name__", etype)), "evalue": message, "traceback": list(map(str, stb))})

    def enable_gui(self, gui: Any = None) -> None:
        """There is no window to show."""

    def ask_exit(self) -> None:
        """`exit` in a notebook ends it."""
        raise SystemExit


@functools.cache
def prebuilt() -> Shell:
    """Return a shell that publishes nowhere yet, made before a fork so that no fork pays for it."""
    HistoryManager.enabled = False  # type: ignore[assignment] # a trait
    published = Published()
    Shell.published = published
    shell = Shell(displayhook_class=Hook, display_pub_class=Publisher)
    shell.autoawait = True
    # Of an error what was raised is shown, and where by `own_lines`: to draw all of it would take longer than most cells.
    shell.InteractiveTB.set_mode("Minimal")
    be_quiet_about_checks(shell)
    # The first cell costs ten times what the others do. This one leaves no trace: not in the history, not among the names.
    shell.run_cell("pass", store_history=False, silent=True)
    if shell.display_formatter is not None:
        shell.display_formatter.format("shown")
    return shell


def be_quiet_about_checks(shell: Any) -> None:
    """Let the lines by which a learner asks for checks in a live notebook do nothing: here everything is asked anyway."""

    def nothing(_line: str) -> None:
        """Do nothing in a notebook that is being graded."""

    for name in ("check", "hint"):
        shell.register_magic_function(nothing, magic_name=name)
    shell.extension_manager.loaded.add("hornbook")


def become(shell: Shell, line: Line) -> None:
    """Make *shell* the one that `get_ipython()` finds, and let it publish on *line*."""
    for kind in type(shell).__mro__:
        if issubclass(kind, InteractiveShell):
            # What `instance()` does, for a shell that was made before.
            kind._instance = shell  # type: ignore[assignment] # noqa: SLF001
    shell.published.line = line
    sys.stdout = Stream("stdout", shell.published)
    sys.stderr = Stream("stderr", shell.published)
    sys.stdin = io.StringIO()


def flush() -> None:
    """Send what standard output and error have kept, so that outputs keep their order."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):
            stream.flush()


class NeverEnds(KeyboardInterrupt):
    """Raised in a cell that is in a loop which never ends, as if someone who saw that had interrupted it."""


def give_up(line: str) -> NoReturn:
    """End the cell that is in such a loop, in this *line*."""
    raise NeverEnds(line)


def serve(shell: Shell, cells: Line, agent: Any) -> NoReturn:
    """Run cells as they come over *cells*, and listen to *agent*'s line between them, until either closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    lookout = Lookout(give_up)
    try:
        while True:
            # A fork that goes on from a snapshot comes back to this very place: a cell finds the same stack below it as ever.
            cells = _until_gone_on(shell, cells, agent, lookout)
            shell.published.line = cells
    except Gone:
        os._exit(0)


def _until_gone_on(shell: Shell, cells: Line, agent: Any, lookout: Lookout) -> Line:
    """Serve one pair of lines; return the new line for cells in a fork that goes on from a snapshot."""
    poll = select.poll()
    poll.register(cells.socket, select.POLLIN)
    poll.register(agent.line.socket, select.POLLIN)
    listening = agent.line.socket.fileno()
    while True:
        for fd, _ in poll.poll():
            if fd != listening:
                run(shell, cells, cells.receive(limits=LIMITS), lookout)
            elif (gone_on := agent.listen()) is not None:
                return cast("Line", gone_on)


def run(shell: Shell, cells: Line, message: object, lookout: Lookout) -> None:
    """Run one cell; reply with how it ended, "ok", "error" or "endless", and how many have run."""
    match message:
        case ("execute", str() as source):
            status = "error"
            signal.signal(signal.SIGINT, signal.default_int_handler)
            try:
                with lookout:
                    status = "ok" if shell.run_cell(source, store_history=True).success else "error"
            except KeyboardInterrupt:
                shell.published.send("error", {"ename": "KeyboardInterrupt", "evalue": "", "traceback": []})
            finally:
                signal.signal(signal.SIGINT, signal.SIG_IGN)
            flush()
            cells.send(("reply", "endless" if lookout.seen else status, shell.execution_count - 1), limits=LIMITS)


def plain(data: Any) -> dict[str, Any]:
    """Return a bundle of MIME data as JSON would have it: text as it is, bytes in base64, anything else as text."""
    import base64  # noqa: PLC0415 - for pictures only

    bundle: dict[str, Any] = {}
    for key, value in dict(data).items():
        if isinstance(value, bytes):
            bundle[str(key)] = base64.b64encode(value).decode("ascii")
        elif type(value) in (str, int, float, bool, type(None)):
            bundle[str(key)] = value
        elif isinstance(value, dict):
            bundle[str(key)] = plain(value)
        else:
            bundle[str(key)] = str(value)
    return bundle
