"""What runs inside a sandbox. Sent there as text; the learner's code can read and change all of it, and gains nothing.

Three roles, each a fork of the one before, each with a socket of its own that the trusted side made and handed over:

    supervisor   confined and preloaded, single-threaded; forks kernels and says when they end
    kernel       an ipykernel in which the notebook runs; after an exercise it forks a snapshot
    snapshot     the learner's state as it stood then, frozen; forks one child per check
    check child  answers questions about that state: get, call, attribute, item, figures …

A message is one `wire` value behind its length in four bytes; a file descriptor may travel with it. Whatever is said here
is a claim. The trusted side (`probe`) believes none of it: it compares values.
"""

from __future__ import annotations

import asyncio
import builtins
import contextlib
import gc
import importlib
import io
import os
import signal
import socket
import sys
import types
from collections.abc import Callable
from typing import Any, NoReturn

from hornbook import wire
from hornbook.sandbox import linux
from hornbook.sandbox.line import Gone, Line

TRACEBACK_LINES = 12
MESSAGE_CHARS = 2000
FIGURE_POINTS = 20_000


# --- supervisor -------------------------------------------------------------------------------------------------------


def main(order: dict[str, Any]) -> NoReturn:
    """Confine this process, preload what the lesson imports, then fork kernels on request until the socket closes."""
    line = Line(socket.socket(fileno=order["fd"]))
    home = order["locks"]["home"]
    try:
        linux.confine(order["locks"])
        settle(home, order["files"])
        preload(order["preload"])
        threads = len(os.listdir("/proc/self/task"))
        line.send(("up", os.getpid(), threads))
        supervise(line)
    except Gone:
        os._exit(0)
    except BaseException as error:  # noqa: BLE001 - whatever stopped the start is told to the trusted side, then we end
        with contextlib.suppress(OSError, wire.WireError):
            line.send(("failed", f"{type(error).__name__}: {error}"))
        os._exit(1)


def settle(home: str, files: dict[str, str]) -> None:
    """Make the learner's home: its folders, and the text *files* that the lesson brings."""
    os.chdir(home)
    os.environ["HOME"] = home
    for folder in (".tmp", ".ipython", ".matplotlib"):
        os.makedirs(os.path.join(home, folder), exist_ok=True)
    for name, text in files.items():
        path = os.path.join(home, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)


def preload(names: list[str]) -> None:
    """Import *names* once for all forks; one that is missing here is left for the notebook to stumble over."""
    # pydevd costs 60 ms and threads, and nothing here is debugged.
    sys.modules["debugpy"] = None  # type: ignore[assignment]
    for name in ("ipykernel.ipkernel", "ipykernel.kernelapp", *names):
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    del sys.modules["debugpy"]
    gc.collect()
    gc.freeze()


def supervise(line: Line) -> None:
    """Fork kernels, signal them, and report their ends."""
    import select  # noqa: PLC0415 - not needed by the other roles

    poll = select.poll()
    poll.register(line.socket, select.POLLIN)
    pidfds: dict[int, int] = {}
    while True:
        for fd, _ in poll.poll():
            if fd in pidfds:
                pid = pidfds.pop(fd)
                poll.unregister(fd)
                os.close(fd)
                _, status = os.waitpid(pid, 0)
                line.send(("ended", pid, os.waitstatus_to_exitcode(status)))
                continue
            message, fds = line.receive_fds()
            match message:
                case ("kernel", dict() as connection):
                    pid = os.fork()
                    if pid == 0:
                        line.socket.close()
                        become_kernel(connection, Line(socket.socket(fileno=fds[0])))
                    os.close(fds[0])
                    pidfd = os.pidfd_open(pid)
                    pidfds[pidfd] = pid
                    poll.register(pidfd, select.POLLIN)
                    line.send(("kernel", pid))
                case ("signal", int() as pid, int() as number) if pid in pidfds.values():
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, number)
                case ("echo",):
                    line.send(("echo",))
                case ("canary", list() as trials):
                    line.send(("canary", run_canary(trials)))


def run_canary(trials: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Run each trial, the source of something forbidden, in a fork; return its name and "done" or how it was refused."""
    results = []
    for name, source in trials:
        reader, writer = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(reader)
            answer = "done"
            try:
                exec(compile(source, f"<canary {name}>", "exec"), {"__name__": "canary"})  # noqa: S102 - our own trials
            except BaseException as error:  # noqa: BLE001 - every refusal counts, and is told
                answer = f"{type(error).__name__}: {error}"
            os.write(writer, answer.encode("utf-8", "replace")[:500])
            os._exit(0)
        os.close(writer)
        with os.fdopen(reader, "rb") as file:
            answer = file.read().decode("utf-8", "replace")
        os.waitpid(pid, 0)
        results.append((name, answer or "killed"))
    return results


# --- kernel -----------------------------------------------------------------------------------------------------------


def become_kernel(connection: dict[str, Any], line: Line) -> NoReturn:
    """Be an ipykernel on the ipc sockets of *connection*, with an agent that listens on *line*."""
    status = 1
    try:
        os.setpgid(0, 0)
        _silence()
        app = _kernel_app(connection)
        agent = Agent(app.kernel.shell, line)
        from tornado.ioloop import IOLoop  # noqa: PLC0415 - the kernel's own loop

        IOLoop.current().add_handler(line.socket.fileno(), lambda *_: agent.listen(), IOLoop.READ)
        # The learner's code finds no module of ours to import.
        for name in [name for name in sys.modules if name == "hornbook" or name.startswith("hornbook.")]:
            del sys.modules[name]
        line.send(("ready", os.getpid()))
        app.start()
        status = 0
    except BaseException as error:  # noqa: BLE001 - a kernel that cannot start says why, once
        with contextlib.suppress(OSError, wire.WireError):
            line.send(("failed", f"{type(error).__name__}: {error}"))
    finally:
        os._exit(status)


def _silence() -> None:
    """Send raw standard output and error nowhere: what the learner's code prints travels through the kernel's own sockets."""
    null = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(null, fd)
    os.close(null)


def _kernel_app(connection: dict[str, Any]) -> Any:  # noqa: ANN401 - ipykernel's application
    from ipykernel.iostream import IOPubThread  # noqa: PLC0415 - present in the kernel only
    from ipykernel.kernelapp import IPKernelApp  # noqa: PLC0415
    from IPython.core.history import HistoryManager  # noqa: PLC0415

    class Pipeless(IOPubThread):  # type: ignore[misc]
        """libzmq aborts the process when it may not open a TCP socket for the output of forks: do without."""

        def __init__(self, socket: Any, pipe: bool = False, **kwargs: Any) -> None:  # noqa: ANN401, FBT001, FBT002, ARG002
            super().__init__(socket, pipe=False, **kwargs)

    class App(IPKernelApp):  # type: ignore[misc]
        """An ipykernel that is told its sockets, reads no configuration and writes no connection file."""

        def init_connection_file(self) -> None:
            """There is none."""

        def write_connection_file(self, **kwargs: object) -> None:
            """There is none."""

        def init_poller(self) -> None:
            """Our lifeline, not a parent's process id, says when to end."""

        def load_config_file(self, *args: object, **kwargs: object) -> None:
            """Read none: a file that an earlier cell wrote must not configure this kernel."""

    importlib.import_module("ipykernel.kernelapp").IOPubThread = Pipeless
    HistoryManager.enabled = False
    app = App(transport="ipc", ip=connection["ip"], quiet=True, **{name: connection[name] for name in connection if name.endswith("_port")})
    app.session.key = connection["key"].encode("ascii")
    app.session.signature_scheme = connection["signature_scheme"]
    app.initialize([])
    return app


class Agent:
    """Lives in the kernel's process, on its main thread, between cells."""

    def __init__(self, shell: Any, line: Line) -> None:  # noqa: ANN401 - an InteractiveShell
        self.shell = shell
        self.line = line
        self.figures: list[Any] = []
        self.error_lines: list[str] = []
        shell.events.register("pre_execute", self.figures.clear)
        shell.events.register("post_run_cell", self.keep_error)
        # Registered before matplotlib's own callback, which shows a cell's figures and then forgets them.
        shell.events.register("post_execute", self.keep_figures)

    def keep_figures(self) -> None:
        """Remember the figures that this cell has drawn."""
        self.figures += [figure for figure in open_figures() if not any(figure is kept for kept in self.figures)]

    def keep_error(self, result: Any) -> None:  # noqa: ANN401 - IPython's ExecutionResult
        """Remember the learner's own lines of the error with which a cell ended."""
        error = result.error_before_exec or result.error_in_exec
        self.error_lines = own_lines(error) if error is not None else []

    def listen(self) -> None:
        """Fork a snapshot for each request."""
        try:
            message, fds = self.line.receive_fds()
        except (Gone, OSError, wire.WireError):
            os._exit(0)
        match message:
            case ("snapshot",):
                pid = os.fork()
                if pid == 0:
                    self.line.socket.close()
                    become_snapshot(Line(socket.socket(fileno=fds[0])), self.shell, self.figures)
                os.close(fds[0])
                self.line.send(("snapshot", self.error_lines))


def open_figures() -> list[Any]:
    """Return matplotlib's open figures, the oldest first, if it is imported at all."""
    helpers = sys.modules.get("matplotlib._pylab_helpers")
    if helpers is None:
        return []
    return [manager.canvas.figure for manager in helpers.Gcf.get_all_fig_managers()]


# --- snapshot ---------------------------------------------------------------------------------------------------------


def become_snapshot(line: Line, shell: Any, figures: list[Any]) -> NoReturn:  # noqa: ANN401 - an InteractiveShell
    """Stand still; for each check fork a child, and end it when told to."""
    # Objects of the kernel must not be collected here: closing zmq's sockets in a fork would wait for threads that are gone.
    gc.freeze()
    sys.settrace(None)
    sys.setprofile(None)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD, signal.SIGALRM, signal.SIGUSR1, signal.SIGUSR2):
        signal.signal(number, signal.SIG_DFL)
    try:
        while True:
            message, fds = line.receive_fds()
            match message:
                case ("check", int() as cpu_seconds):
                    pid = os.fork()
                    if pid == 0:
                        line.socket.close()
                        os.setpgid(0, 0)
                        linux.limit_cpu(cpu_seconds)
                        Answers(Line(socket.socket(fileno=fds[0])), shell, figures).serve()
                    os.close(fds[0])
                    line.send(("check", pid))
                case ("end", int() as pid):
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
                    with contextlib.suppress(ProcessLookupError, PermissionError):
                        os.killpg(pid, signal.SIGKILL)
                    _, status = os.waitpid(pid, 0)
                    line.send(("ended", pid, os.waitstatus_to_exitcode(status)))
    except BaseException:  # noqa: BLE001 - a snapshot has nobody to tell
        os._exit(1)


# --- check child ------------------------------------------------------------------------------------------------------


class Printed(io.TextIOBase):
    """Standard output of a check, bounded; `take` returns what has come since the last time."""

    def __init__(self, limit: int) -> None:
        self.room = limit
        self.pieces: list[str] = []

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        kept = text[: self.room]
        self.room -= len(kept)
        if kept:
            self.pieces.append(kept)
        return len(text)

    def take(self) -> str:
        text = "".join(self.pieces)
        self.pieces.clear()
        return text


class Lines(io.TextIOBase):
    """Standard input of a check: the lines that the check gave, then the end."""

    def __init__(self, lines: list[str]) -> None:
        self.lines = lines

    def readable(self) -> bool:
        return True

    def readline(self, _size: int | None = -1, /) -> str:  # type: ignore[override]
        return f"{self.lines.pop(0)}\n" if self.lines else ""


class Answers:
    """The table of live objects of one check, and the answers to questions about them."""

    def __init__(self, line: Line, shell: Any, figures: list[Any]) -> None:  # noqa: ANN401 - an InteractiveShell
        self.line = line
        self.shell = shell
        self.names = shell.user_ns
        self.figures = figures
        self.objects: list[object] = []
        self.numbers: dict[int, int] = {}
        self.limits = wire.Limits()
        self.printed = Printed(1 << 20)

    def serve(self) -> NoReturn:
        """Answer until the other side closes; then end without any clean-up of the learner's."""
        try:
            self.settle()
            while True:
                self.reply(self.line.receive(limits=self.limits, resolve=self.resolve))
        except Gone:
            os._exit(0)
        except BaseException:  # noqa: BLE001 - the trusted side sees the socket close
            os._exit(3)

    def settle(self) -> None:
        """Point printing, showing and asking at this check instead of at the learner's notebook."""
        from IPython.core.displaypub import CapturingDisplayPublisher  # noqa: PLC0415 - present in the kernel only

        sys.stdout = sys.stderr = self.printed
        sys.stdin = Lines([])
        sys.displayhook = lambda _value: None
        self.shell.display_pub = CapturingDisplayPublisher()
        # The fork came out of the kernel's running loop; a coroutine of the learner's needs a fresh one.
        asyncio._set_running_loop(None)  # noqa: SLF001 - the only way to leave a loop without its thread

    def register(self, thing: object) -> int:
        """Return the number of *thing*, which stays the same for the same object."""
        number = self.numbers.get(id(thing))
        if number is None:
            if len(self.objects) >= self.limits.items:
                raise wire.WireError(f"more than {self.limits.items} objects in one check")
            number = self.numbers[id(thing)] = len(self.objects)
            self.objects.append(thing)
        return number

    def resolve(self, opaque: wire.Opaque) -> object:
        """Return the object behind a number that this check has given out."""
        return self.objects[opaque.number]

    def reply(self, message: object) -> None:
        """Answer one question: ("value", value, printed) or ("raised", kinds, message, traceback, printed)."""
        try:
            match message:
                case (str() as question, *arguments) if question in QUESTIONS:
                    answer = QUESTIONS[question](self, *arguments)
                case _:
                    raise wire.WireError("a question that is not known")
            self.line.send(("value", answer, self.printed.take()), limits=self.limits, register=self.register)
        except (Gone, OSError) as error:
            if isinstance(error, Gone) or error.errno in {9, 32, 104}:
                raise
            self.send_raised(error)
        except BaseException as error:  # noqa: BLE001 - the learner's code may raise anything; it is told, not handled
            self.send_raised(error)

    def send_raised(self, error: BaseException) -> None:
        """Tell what the learner's code raised: its builtin kinds, its words, and its own lines."""
        try:
            text = str(error)
        except BaseException:  # noqa: BLE001 - a __str__ of the learner's
            text = ""
        kinds = [kind.__name__ for kind in type(error).__mro__ if kind.__module__ == "builtins"]
        message = ("raised", type(error).__name__, kinds, text[:MESSAGE_CHARS], own_lines(error), self.printed.take())
        self.line.send(message, limits=self.limits)

    # Questions. Each takes decoded values, in which numbers of objects have become the objects themselves.

    def get(self, name: str) -> object:
        if name in self.names:
            return self.names[name]
        if hasattr(builtins, name):
            return getattr(builtins, name)
        raise Missing(f"name '{name}' is not defined")

    def call(self, function: Any, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> object:  # noqa: ANN401
        result = function(*arguments, **keywords)
        return asyncio.run(result) if type(result) is types.CoroutineType else result

    def attribute(self, thing: object, name: str) -> object:
        return getattr(thing, name)

    def set_attribute(self, thing: object, name: str, value: object) -> None:
        setattr(thing, name, value)

    def item(self, thing: Any, key: object) -> object:  # noqa: ANN401
        return thing[key]

    def set_item(self, thing: Any, key: object, value: object) -> None:  # noqa: ANN401
        thing[key] = value

    def delete_item(self, thing: Any, key: object) -> None:  # noqa: ANN401
        del thing[key]

    def length(self, thing: Any) -> int:  # noqa: ANN401
        return len(thing)

    def contains(self, thing: Any, value: object) -> bool:  # noqa: ANN401
        return bool(value in thing)

    def truth(self, thing: object) -> bool:
        return bool(thing)

    def text(self, thing: object, how: str) -> str:
        return repr(thing) if how == "repr" else str(thing)

    def iterator(self, thing: Any) -> object:  # noqa: ANN401
        return Held(iter(thing))

    def following(self, held: Held, count: int) -> list[object]:
        """Return at most *count* further elements; fewer mean the end."""
        return held.some(count)

    def operate(self, operation: str, *operands: object) -> object:
        return getattr(importlib.import_module("operator"), operation)(*operands)

    def equal(self, one: object, other: object) -> bool:
        return bool(one == other)

    def stdin(self, lines: list[str]) -> None:
        sys.stdin = Lines(list(lines))

    def run(self, source: str) -> None:
        exec(compile(source, "<check>", "exec"), self.names)  # noqa: S102 - this is the sandbox

    def evaluate(self, expression: str) -> object:
        return eval(compile(expression, "<check>", "eval"), self.names)  # noqa: S307 - this is the sandbox

    def draw(self) -> list[dict[str, Any]]:
        figures = [*self.figures, *(figure for figure in open_figures() if not any(figure is kept for kept in self.figures))]
        return [describe_figure(figure) for figure in figures[-20:]]

    def draw_one(self, thing: Any) -> dict[str, Any]:  # noqa: ANN401
        """Describe the figure that *thing* is, or belongs to."""
        figure = thing if hasattr(thing, "axes") and hasattr(thing, "savefig") else thing.get_figure()
        return describe_figure(figure)


class Missing(NameError):
    """The learner's notebook has no such name."""


Missing.__name__ = Missing.__qualname__ = "NameError"


class Held:
    """An iterator of the learner's, with nothing of the learner's in its own interface."""

    def __init__(self, iterator: Any) -> None:  # noqa: ANN401
        self.iterator = iterator

    def some(self, count: int) -> list[object]:
        """Return the next *count* elements, or all that are left."""
        elements: list[object] = []
        while len(elements) < count:
            try:
                elements.append(next(self.iterator))
            except StopIteration:
                break
        return elements


QUESTIONS: dict[str, Callable[..., object]] = {
    name: getattr(Answers, name)
    for name in (
        "get", "call", "attribute", "set_attribute", "item", "set_item", "delete_item", "length", "contains", "truth", "text",
        "iterator", "following", "operate", "equal", "stdin", "run", "evaluate", "draw", "draw_one",
    )
}  # fmt: skip


def own_lines(error: BaseException) -> list[str]:
    """Return the learner's own lines of a traceback, the innermost last: "line 2, in mean: return total / 0"."""
    import linecache  # noqa: PLC0415 - only for tracebacks

    lines = []
    step = error.__traceback__
    seen = 0
    while step is not None and seen < 100_000:  # noqa: PLR2004 - deeper than any recursion limit
        seen += 1
        code = step.tb_frame.f_code
        if "ipykernel_" in code.co_filename or code.co_filename.startswith("<ipython-input"):
            where = "" if code.co_name == "<module>" else f", in {code.co_name}"
            source = linecache.getline(code.co_filename, step.tb_lineno).strip()
            lines.append(f"line {step.tb_lineno}{where}: {source}"[:300])
            del lines[: -TRACEBACK_LINES]
        step = step.tb_next
    return lines


# --- figures ----------------------------------------------------------------------------------------------------------


def describe_figure(figure: Any) -> dict[str, Any]:  # noqa: ANN401 - matplotlib's Figure
    """Return a figure as plain data; `probe.Figure` names the keys."""
    title = figure._suptitle  # noqa: SLF001 - matplotlib has no public way to ask before 3.8
    return {
        "suptitle": "" if title is None else str(title.get_text()),
        "axes": [describe_axes(axes) for axes in list(figure.axes)[:50] if axes.get_label() != "<colorbar>"],
    }


def describe_axes(axes: Any) -> dict[str, Any]:  # noqa: ANN401 - matplotlib's Axes
    """Return one set of axes as plain data: labels, limits, lines, bars, scatters, texts."""
    legend = axes.get_legend()
    bars = []
    for container in axes.containers:
        for patch in getattr(container, "patches", ()):
            bars.append(describe_bar(patch, str(container.get_label())))
    return {
        "title": str(axes.get_title()) or str(axes.get_title(loc="left")) or str(axes.get_title(loc="right")),
        "xlabel": str(axes.get_xlabel()),
        "ylabel": str(axes.get_ylabel()),
        "xlim": tuple(map(float, axes.get_xlim())),
        "ylim": tuple(map(float, axes.get_ylim())),
        "xscale": str(axes.get_xscale()),
        "yscale": str(axes.get_yscale()),
        "legend": () if legend is None else tuple(str(text.get_text()) for text in legend.get_texts()),
        "lines": [describe_line(line) for line in list(axes.lines)[:200]],
        "bars": bars[:1000],
        "scatters": [describe_scatter(path) for path in list(axes.collections)[:200] if hasattr(path, "get_offsets") and len(path.get_offsets())],
        "texts": tuple(str(text.get_text()) for text in list(axes.texts)[:200]),
        "images": len(axes.images),
        "patches": len(axes.patches),
        "xticklabels": tuple(str(label.get_text()) for label in list(axes.get_xticklabels())[:200]),
        "yticklabels": tuple(str(label.get_text()) for label in list(axes.get_yticklabels())[:200]),
    }


def describe_line(line: Any) -> dict[str, Any]:  # noqa: ANN401 - Line2D
    return {
        "x": plain_array(line.get_xdata()),
        "y": plain_array(line.get_ydata()),
        "label": str(line.get_label()),
        "color": color_name(line.get_color()),
        "linestyle": str(line.get_linestyle()),
        "marker": str(line.get_marker()),
    }


def describe_bar(patch: Any, label: str) -> dict[str, Any]:  # noqa: ANN401 - Rectangle
    width = float(patch.get_width())
    return {
        "x": float(patch.get_x()) + width / 2,
        "height": float(patch.get_height()),
        "width": width,
        "bottom": float(patch.get_y()),
        "label": label,
        "color": color_name(patch.get_facecolor()),
    }


def describe_scatter(path: Any) -> dict[str, Any]:  # noqa: ANN401 - PathCollection
    offsets = importlib.import_module("numpy").ma.filled(path.get_offsets(), float("nan"))
    return {"x": plain_array(offsets[:, 0]), "y": plain_array(offsets[:, 1]), "label": str(path.get_label())}


def plain_array(values: Any) -> object:  # noqa: ANN401 - array-like
    """Return *values* as a plain ndarray: numbers or dates as they are, anything else as text."""
    numpy = importlib.import_module("numpy")
    array = numpy.array(values)[:FIGURE_POINTS]
    return array if array.dtype.kind in "biufM" else array.astype(str)


def color_name(color: object) -> str:
    """Return a colour as #rrggbb, or as the text it has."""
    try:
        return str(importlib.import_module("matplotlib.colors").to_hex(color))
    except (ValueError, TypeError):
        return str(color)
