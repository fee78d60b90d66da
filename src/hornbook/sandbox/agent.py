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

import contextlib
import gc
import importlib
import os
import signal
import socket
import sys
from typing import Any, NoReturn

from hornbook import wire
from hornbook.sandbox import linux
from hornbook.sandbox.answers import Answers, own_lines
from hornbook.sandbox.figures import open_figures
from hornbook.sandbox.line import Gone, Line

# --- supervisor -------------------------------------------------------------------------------------------------------


def main(order: dict[str, Any]) -> NoReturn:
    """Confine this process, preload what the lesson imports, then fork kernels on request until the socket closes."""
    line = Line(socket.socket(fileno=order["fd"]))
    home = order["locks"]["home"]
    try:
        linux.confine(order["locks"])
        settle(home, order["files"])
        preload(order["preload"])
        line.send(("up", os.getpid()))
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


def supervise(line: Line) -> NoReturn:
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
                # What the learner's code forked goes with it; the snapshots have groups of their own.
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(pid, signal.SIGKILL)
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
                    with contextlib.suppress(ProcessLookupError, PermissionError):
                        (os.killpg if number == signal.SIGKILL else os.kill)(pid, number)
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


def _kernel_app(connection: dict[str, Any]) -> Any:
    from ipykernel.iostream import IOPubThread  # noqa: PLC0415 - present in the kernel only
    from ipykernel.kernelapp import IPKernelApp  # noqa: PLC0415
    from IPython.core.history import HistoryManager  # noqa: PLC0415

    class Pipeless(IOPubThread):
        """libzmq aborts the process when it may not open a TCP socket for the output of forks: do without."""

        def __init__(self, socket: Any, pipe: bool = False, **kwargs: Any) -> None:  # noqa: ARG002
            super().__init__(socket, pipe=False, **kwargs)

    class App(IPKernelApp):
        """An ipykernel that is told its sockets, reads no configuration and writes no connection file."""

        def init_connection_file(self) -> None:
            """There is none."""

        def write_connection_file(self, **kwargs: object) -> None:
            """There is none."""

        def init_poller(self) -> None:
            """Our lifeline, not a parent's process id, says when to end."""

        def load_config_file(self, *args: object, **kwargs: object) -> None:
            """Read none: a file that an earlier cell wrote must not configure this kernel."""

    vars(importlib.import_module("ipykernel.kernelapp"))["IOPubThread"] = Pipeless
    HistoryManager.enabled = False  # type: ignore[assignment] # a trait
    app = App(transport="ipc", ip=connection["ip"], quiet=True, **{name: connection[name] for name in connection if name.endswith("_port")})
    app.session.key = connection["key"].encode("ascii")
    app.session.signature_scheme = connection["signature_scheme"]
    app.initialize([])
    return app


class Agent:
    """Lives in the kernel's process, on its main thread, between cells."""

    def __init__(self, shell: Any, line: Line) -> None:
        self.shell = shell
        self.line = line
        self.figures: list[Any] = []
        self.error_lines: list[str] = []
        # A cell that forks must not have two processes answer for its state.
        os.register_at_fork(after_in_child=line.socket.close)
        shell.events.register("pre_execute", self.figures.clear)
        shell.events.register("post_run_cell", self.keep_error)
        # Registered before matplotlib's own callback, which shows a cell's figures and then forgets them.
        shell.events.register("post_execute", self.keep_figures)
        # And `plt.show()`, which a cell may call itself, shows them in the same way and forgets them, too.
        self.format = shell.display_formatter.format
        shell.display_formatter.format = self.format_and_keep

    def keep_figures(self) -> None:
        """Remember the figures that this cell has drawn."""
        self.figures += [figure for figure in open_figures() if not any(figure is kept for kept in self.figures)]

    def format_and_keep(self, thing: Any, *arguments: Any, **keywords: Any) -> Any:
        """Do what IPython does for what is displayed, and remember it if it is an open figure."""
        if any(thing is figure for figure in open_figures()):
            self.keep_figures()
        return self.format(thing, *arguments, **keywords)

    def keep_error(self, result: Any) -> None:
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
                pid = fork_or_none()
                if pid is None:
                    os.close(fds[0])
                    self.line.send(("failed",))
                    return
                if pid == 0:
                    self.line.socket.close()
                    become_snapshot(Line(socket.socket(fileno=fds[0])), self.shell, self.figures)
                # Here and there: whoever comes first, the kernel's end must not take the snapshot along.
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.setpgid(pid, pid)
                os.close(fds[0])
                self.line.send(("snapshot", self.error_lines))


def fork_or_none() -> int | None:
    """Fork; return None where the learner's code has used up the processes or the memory that a fork needs."""
    try:
        return os.fork()
    except OSError:
        return None


# --- snapshot ---------------------------------------------------------------------------------------------------------


def become_snapshot(line: Line, shell: Any, figures: list[Any]) -> NoReturn:
    """Stand still; for each check fork a child, and end it when told to."""
    # Objects of the kernel must not be collected here: closing zmq's sockets in a fork would wait for threads that are gone.
    gc.freeze()
    os.setpgid(0, 0)
    sys.settrace(None)
    sys.setprofile(None)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD, signal.SIGALRM, signal.SIGUSR1, signal.SIGUSR2):
        signal.signal(number, signal.SIG_DFL)
    children: set[int] = set()
    try:
        while True:
            message, fds = line.receive_fds()
            match message:
                case ("check", int() as cpu_seconds):
                    pid = fork_or_none()
                    if pid is None:
                        os.close(fds[0])
                        line.send(("failed",))
                        continue
                    if pid == 0:
                        line.socket.close()
                        os.setpgid(0, 0)
                        linux.limit_cpu(cpu_seconds)
                        Answers(Line(socket.socket(fileno=fds[0])), shell, figures).serve()
                    os.close(fds[0])
                    children.add(pid)
                    line.send(("check", pid))
                case ("end", int() as pid) if pid in children:
                    children.discard(pid)
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
                    with contextlib.suppress(ProcessLookupError, PermissionError):
                        os.killpg(pid, signal.SIGKILL)
                    _, status = os.waitpid(pid, 0)
                    line.send(("ended", pid, os.waitstatus_to_exitcode(status)))
                case ("end", int() as pid):
                    line.send(("ended", pid, None))
    except BaseException:  # noqa: BLE001 - a snapshot has nobody to tell
        os._exit(1)
