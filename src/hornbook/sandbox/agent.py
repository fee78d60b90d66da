"""What runs inside a sandbox. Sent there as text; the learner's code can read and change all of it, and gains nothing.

Three roles, each a fork of the one before, each with a socket of its own that the trusted side made and handed over:

    supervisor   confined and preloaded, single-threaded; forks kernels and says when they end
    kernel       a shell or an ipykernel in which the notebook runs; after an exercise it forks a snapshot
    snapshot     the learner's state as it stood then, frozen; forks one child per check, or a shell that goes on from there;
                 after the last cell the shell itself
    check child  answers questions about that state: get, call, attribute, item, figures …

A message is one `wire` value behind its length in four bytes; a file descriptor may travel with it. Whatever is said here
is a claim. The trusted side (`probe`) believes none of it: it compares values.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import random
import select
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

from hornbook import wire
from hornbook.sandbox import footprint, linux, namespaces
from hornbook.sandbox import shell as shells
from hornbook.sandbox.answers import Answers
from hornbook.sandbox.calls import fork
from hornbook.sandbox.line import Gone, Line
from hornbook.sandbox.preload import KERNEL, preload
from hornbook.sandbox.watch import Watch

# --- supervisor -------------------------------------------------------------------------------------------------------


def main(order: dict[str, Any], *, entered: bool = False) -> NoReturn:
    """Build the sandbox around this process as *order* says, then fork kernels on request until the socket closes.

    One that has *entered* is the first process of the namespaces that the sandbox is to have.
    """
    line = Line(socket.socket(fileno=order["fd"]))

    def inside() -> NoReturn:
        try:
            if entered:
                namespaces.build(order["root"])
            linux.confine(order["locks"])
            settle(order["locks"]["home"], order["env"], order["files"])
            preload([*(KERNEL if order["kernel"] else ()), *order["preload"]])
            forget_ourselves()
            linux.call_ourselves("hb-supervisor")
            line.send(("up", os.getpid()))
            Supervisor(line, fenced=order["locks"]["landlock"] is not None, own_user=order["locks"]["uid"] is not None).serve()
        except Gone:
            os._exit(0)
        except BaseException as error:  # noqa: BLE001 - whatever stopped the start is told to the trusted side, then we end
            give_up(line, error)

    if order["root"] is None or entered:
        inside()
    namespaces.enter(order["root"], inside, lambda error: give_up(line, error))


def give_up(line: Line, error: BaseException) -> NoReturn:
    """Say why the sandbox cannot be built, and end."""
    with contextlib.suppress(OSError, wire.WireError):
        line.send(("failed", f"{type(error).__name__}: {error}"))
    os._exit(1)


def settle(home: str, environment: dict[str, str], files: dict[str, str]) -> None:
    """Make the learner's home: its folders, the text *files* that the lesson brings, and *environment* alone."""
    os.chdir(home)
    os.environ.clear()
    os.environ.update(environment)
    for folder in (".tmp", ".ipython", ".matplotlib"):
        os.makedirs(os.path.join(home, folder), exist_ok=True)
    for name, text in files.items():
        path = os.path.join(home, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)


class Supervisor:
    """Forks kernels and shells on request, signals them, and reports their ends; ends with everything in its sandbox.

    *fenced* says that Landlock is in force here, *own_user* that nobody else on this machine has our user id. As the first process of
    a sandbox with process ids of its own it also reaps whatever becomes an orphan there.
    """

    def __init__(self, line: Line, *, fenced: bool, own_user: bool) -> None:
        self.line = line
        self.fenced = fenced
        self.own_user = own_user
        self.poll = select.poll()
        self.poll.register(line.socket, select.POLLIN)
        self.pidfds: dict[int, int] = {}
        self.woken: tuple[int, int] | None = None

    def serve(self) -> NoReturn:
        """Do so until the other side closes or the warden says that it is over."""
        signal.signal(signal.SIGTERM, lambda *_: self.sweep())
        if os.getpid() == 1:
            self.hear_of_orphans()
        try:
            while True:
                self.turn()
        finally:
            self.sweep()

    def turn(self) -> None:
        """Wait for something to happen, and see to it."""
        for fd, _ in self.poll.poll():
            if self.woken is not None and fd == self.woken[0]:
                os.read(fd, 4096)
                self.reap()
                # What else was heard may be of one that has been reaped: it is asked for anew.
                return
            if fd in self.pidfds:
                self.bury(fd)
            else:
                self.answer(*self.line.receive_fds())

    def hear_of_orphans(self) -> None:
        """Have the end of any child wake us."""
        reader, writer = self.woken = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        self.poll.register(reader, select.POLLIN)

    def reap(self) -> None:
        """Let go of all that have ended, and report those whose end is watched for."""
        with contextlib.suppress(ChildProcessError):
            while (ended := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)) is not None:
                watched = next((pidfd for pidfd, pid in self.pidfds.items() if pid == ended.si_pid), None)
                if watched is None:
                    os.waitpid(ended.si_pid, 0)
                else:
                    self.bury(watched)

    def sweep(self) -> NoReturn:
        """Kill all that can be signalled from here, then end: a process that keeps becoming another is never found by its number.

        The kernel does it in one step, so nothing gets away by forking. It must not reach beyond the sandbox: it is done only where
        a wall is known, and where that wall is seen to keep us from the warden and from the machine's first process. With the first
        process of a sandbox the kernel ends all others.
        """
        if os.getpid() != 1 and (self.fenced or self.own_user) and all(out_of_reach(pid) for pid in (1, os.getppid())):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(-1, signal.SIGKILL)
        os._exit(0)

    def bury(self, pidfd: int) -> None:
        """Report the end of a process that we forked."""
        pid = self.pidfds.pop(pidfd)
        self.poll.unregister(pidfd)
        os.close(pidfd)
        # What the learner's code forked goes with it; the snapshots have groups of their own.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)
        try:
            code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        except ChildProcessError:
            # One that we adopted: how it ended, only the one who reaped it knows.
            code = -signal.SIGKILL
        self.line.send(("ended", pid, code))

    def answer(self, message: object, fds: list[int]) -> None:
        """Do what the trusted side asks for."""
        match message:
            case ("kernel", dict() as connection):
                self.fork("kernel", fds, lambda agents: become_kernel(connection, agents))
            case ("shell", bool() as pictures):
                self.fork("shell", fds, lambda agents, cells: become_shell(agents, cells, pictures=pictures))
            case ("adopt", int() as pid):
                self.adopt(pid)
            case ("signal", int() as pid, int() as number) if pid in self.pidfds.values():
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    (os.killpg if number == signal.SIGKILL else os.kill)(pid, number)
            case ("echo",):
                self.line.send(("echo",))
            case ("canary", list() as trials):
                self.line.send(("canary", run_canary(trials)))

    def fork(self, word: str, fds: list[int], become: Callable[..., NoReturn]) -> None:
        """Fork a process that becomes something with the lines behind *fds*, and watch for its end."""
        pid = os.fork()
        if pid == 0:
            self.line.close()
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            if self.woken is not None:
                signal.set_wakeup_fd(-1)
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                for fd in self.woken:
                    os.close(fd)
            if self.fenced:
                linux.fence_signals()
            become(*(Line(socket.socket(fileno=fd)) for fd in fds))
        for fd in fds:
            os.close(fd)
        self.watch(pid)
        self.line.send((word, pid))

    def adopt(self, pid: int) -> None:
        """Watch for the end of a shell that came from a snapshot, as if we had forked it."""
        try:
            self.watch(pid)
        except OSError:
            self.line.send(("ended", pid, -signal.SIGKILL))

    def watch(self, pid: int) -> None:
        """Have the end of *pid* wake us."""
        pidfd = os.pidfd_open(pid)
        self.pidfds[pidfd] = pid
        self.poll.register(pidfd, select.POLLIN)


def out_of_reach(pid: int) -> bool:
    """Return whether we may not signal *pid*; one that does not exist proves nothing."""
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except ProcessLookupError:
        return False
    return False


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
        shells.be_quiet_about_checks(app.kernel.shell)
        agent = Agent(app.kernel.shell, line)
        from tornado.ioloop import IOLoop  # noqa: PLC0415 - the kernel's own loop

        def listen(*_: object) -> None:
            agent.listen()

        IOLoop.current().add_handler(line.socket.fileno(), listen, IOLoop.READ)
        seed_numpy()
        line.send(("ready", os.getpid()))
        app.start()
        status = 0
    except BaseException as error:  # noqa: BLE001 - a kernel that cannot start says why, once
        with contextlib.suppress(OSError, wire.WireError):
            line.send(("failed", f"{type(error).__name__}: {error}"))
    finally:
        os._exit(status)


def become_shell(agents: Line, cells: Line, *, pictures: bool) -> NoReturn:
    """Be a shell that runs the cells that come over *cells*, with an agent that listens on *agents*."""
    try:
        os.setpgid(0, 0)
        linux.call_ourselves("hb-shell")
        _silence()
        shell = shells.prebuilt()
        shells.become(shell, cells)
        agent = Agent(shell, agents, pictures=pictures)
        agent.open_at_start = footprint.descriptors()
        seed_numpy()
        agents.send(("ready", os.getpid()))
        shells.serve(shell, cells, agent)
    except BaseException as error:  # noqa: BLE001 - a shell that cannot start says why, once
        with contextlib.suppress(OSError, wire.WireError):
            agents.send(("failed", f"{type(error).__name__}: {error}"))
    finally:
        os._exit(1)


def forget_ourselves() -> None:
    """Leave no module of ours for the learner's code to import; from here on we can import none either.

    A fork server does so for all its forks: to look at each module's name takes a fork longer than to run a cell.
    """
    if "hornbook" in sys.modules:
        for name in [name for name in sys.modules if name == "hornbook" or name.startswith("hornbook.")]:
            del sys.modules[name]


def seed_numpy() -> None:
    """Share none of numpy's random state with a sibling."""
    numpys = sys.modules.get("numpy.random")
    if numpys is not None:
        numpys.seed()


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

        def parse_command_line(self, argv: object = None) -> None:
            """There is none either."""

        def init_code(self) -> None:
            """No file that lies in the home is run before the first cell."""

        def load_config_file(self, *args: object, **kwargs: object) -> None:
            """Read none: a file that an earlier cell wrote must not configure this kernel."""

    vars(importlib.import_module("ipykernel.kernelapp"))["IOPubThread"] = Pipeless
    HistoryManager.enabled = False  # type: ignore[assignment] # a trait
    app = App(transport="ipc", ip=connection["ip"], quiet=True, **{name: connection[name] for name in connection if name.endswith("_port")})
    app.session.key = connection["key"].encode("ascii")
    app.session.signature_scheme = connection["signature_scheme"]
    app.initialize([])
    return app


class Agent(Watch):
    """Lives in the kernel's process, on its main thread, between cells."""

    def __init__(self, shell: Any, line: Line, *, pictures: bool = True) -> None:
        super().__init__(shell, pictures=pictures)
        self.begin_watching()
        self.line = line
        self.open_at_start: set[tuple[int, str]] | None = None
        self.snapshots: set[int] = set()
        # A cell that forks must not have two processes answer for it, or for its state.
        os.register_at_fork(after_in_child=self.hang_up)
        self.show_error = shell.showtraceback
        shell.showtraceback = self.show_error_at_any_rate

    def hang_up(self) -> None:
        """Leave the lines of the moment to another process: ours, and that on which a shell publishes."""
        self.line.close()
        published = getattr(self.shell, "published", None)
        if published is not None:
            published.hang_up()

    def show_error_at_any_rate(self, *arguments: Any, **keywords: Any) -> None:
        """Do what IPython does for an error, with the open files and the memory that it takes."""
        linux.set_aside(False)
        try:
            self.show_error(*arguments, **keywords)
        finally:
            linux.set_aside(True)

    def listen(self) -> Line | None:
        """Fork a snapshot for each request, or become the child that answers.

        In a shell that goes on from such a snapshot this returns, once more, the line over which its cells come.
        """
        linux.set_aside(False)
        try:
            message, fds = self.line.receive_fds()
        except (Gone, OSError, wire.WireError):
            os._exit(0)
        match message:
            case ("snapshot", list() as places):
                cells = self.snapshot(fds[0], tuple(map(str, places)))
                linux.set_aside(True)
                return cells
            case ("freeze",):
                if self.can_stand_still(fds[0]):
                    self.freeze(fds[0])
                self.snapshot(fds[0], ())
                linux.set_aside(True)
            case ("answer", int() as cpu_seconds):
                # What has threads would not be itself after a fork: this very process answers, and is then used up.
                linux.limit_cpu(cpu_seconds)
                linux.set_aside(True)
                self.line.send(("answering",))
                Answers(Line(socket.socket(fileno=fds[0])), self.shell, self.figures).serve()
        return None

    def snapshot(self, fd: int, places: tuple[str, ...]) -> Line | None:
        """Fork a snapshot that listens on *fd*. With *places* it can be gone on from while the files there are as they are now."""
        alone = bool(places) and footprint.is_alone(self.own(fd), self.snapshots)
        files = footprint.files(places) if alone else None
        pid = fork_or_none()
        if pid is None and self.end_children():
            # What a cell has left running took the room that the state of the notebook needs.
            pid = fork_or_none()
        if pid is None:
            os.close(fd)
            self.line.send(("failed",))
            return None
        if pid == 0:
            self.hang_up()

            def unchanged() -> bool:
                return files is not None and files == footprint.files(places)

            self.line, cells = become_snapshot(Line(socket.socket(fileno=fd)), self.shell, {"": self.figures}, unchanged)
            self.open_at_start = footprint.descriptors()
            self.snapshots.clear()
            self.line.send(("ready", os.getpid()))
            return cells
        # Here and there: whoever comes first, the kernel's end must not take the snapshot along.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.setpgid(pid, pid)
        os.close(fd)
        self.snapshots.add(pid)
        self.line.send(("snapshot", self.error_lines, footprint.threads(), files is not None))
        return None

    def can_stand_still(self, fd: int) -> bool:
        """Return whether this process can be its own snapshot, which listens on *fd*: it has no more than a fork has, and time left.

        A fork has no timers of a cell's, which would end it, and none of its locks on files, which would keep a check from them.
        """
        return footprint.is_alone(self.own(fd), self.snapshots) and linux.has_half_its_time()

    def own(self, fd: int) -> set[tuple[int, str]] | None:
        """Return the open descriptors that are not a cell's, or None where it is not known: *fd* has just come."""
        return None if self.open_at_start is None else self.open_at_start | footprint.named(fd)

    def freeze(self, fd: int) -> NoReturn:
        """Be the snapshot that listens on *fd*: when no cell is left to run, none is needed beside it."""
        self.line.send(("frozen", self.error_lines))
        self.hang_up()
        become_snapshot(Line(socket.socket(fileno=fd)), self.shell, {"": self.figures}, lambda: False)
        os._exit(1)

    def end_children(self) -> bool:
        """Kill what the cells have started and not waited for; return whether there was anything. The snapshots stay."""
        with contextlib.suppress(OSError):
            left = footprint.children() - self.snapshots
            for pid in left:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
            return bool(left)
        return False


def fork_or_none() -> int | None:
    """Fork; return None where the learner's code has used up the processes or the memory that a fork needs.

    `random` seeds itself anew in Python's own fork; here a seed of the learner's is a part of the state that is kept.
    """
    try:
        if footprint.threads() == 0:
            return fork()
        state = random.getstate()
        pid = os.fork()
    except OSError:
        return None
    if pid == 0:
        random.setstate(state)
    return pid


# --- snapshot ---------------------------------------------------------------------------------------------------------


HANDLED = (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD, signal.SIGALRM, signal.SIGUSR1, signal.SIGUSR2)


Figures = dict[str, list[Any]]
"""What each exercise has drawn, by its id. In a sandbox each has a snapshot of its own, and no name."""


def become_snapshot(
    line: Line, shell: Any, figures: Figures, unchanged: Callable[[], bool], limit: Callable[[int], None] | None = None
) -> tuple[Line, Line]:
    """Stand still; for each check fork a child, held to *limit* seconds of processor time, and end it when told to.

    Returns only in a fork that is to go on from here, if what it shares is *unchanged*: its lines for the agent and for cells.
    """
    # Objects of the kernel must not be collected here: closing zmq's sockets in a fork would wait for threads that are gone.
    gc.freeze()
    os.setpgid(0, 0)
    linux.call_ourselves("hb-snapshot")
    try:
        with at_rest():
            fds = Snapshot(line, shell, figures, unchanged, limit or limit_child).serve()
    except BaseException:  # noqa: BLE001 - a snapshot has nobody to tell
        os._exit(1)
    os.setpgid(0, 0)
    linux.call_ourselves("hb-shell")
    gc.unfreeze()
    agents, cells = (Line(socket.socket(fileno=fd)) for fd in fds)
    return agents, cells


@contextlib.contextmanager
def at_rest() -> Iterator[None]:
    """Keep the learner's tracing and signal handlers from what is done meanwhile."""
    trace, profile, handlers = sys.gettrace(), sys.getprofile(), [signal.getsignal(number) for number in HANDLED]
    sys.settrace(None)
    sys.setprofile(None)
    for number in HANDLED:
        signal.signal(number, signal.SIG_DFL)
    yield
    for number, handler in zip(HANDLED, handlers, strict=True):
        # None is a handler that was not set from Python, and stays what it is.
        signal.signal(number, signal.SIG_DFL if handler is None else handler)
    sys.setprofile(profile)
    sys.settrace(trace)


class Snapshot:
    """A frozen state of a learner's, and the requests that it answers."""

    def __init__(self, line: Line, shell: Any, figures: Figures, unchanged: Callable[[], bool], limit: Callable[[int], None]) -> None:
        self.line = line
        self.shell = shell
        self.figures = figures
        self.unchanged = unchanged
        self.limit = limit
        self.children: set[int] = set()

    def serve(self) -> list[int]:
        """Answer until the line closes; then `Gone` is raised. Returns, in a fork that is to go on, the descriptors for that."""
        while True:
            message, fds = self.line.receive_fds()
            match message:
                case ("check", int() as cpu_seconds, str() as exercise):
                    self.check(cpu_seconds, exercise, fds[0])
                case ("end", int() as pid):
                    self.line.send(("ended", pid, self.end(pid) if pid in self.children else None))
                case ("resume",):
                    if not self.unchanged():
                        self.line.send(("changed",))
                    elif fork_orphan():
                        self.line.close()
                        return fds
                    else:
                        self.line.send(("resumed",))
            for fd in fds:
                os.close(fd)

    def check(self, cpu_seconds: int, exercise: str, fd: int) -> None:
        """Fork a child that answers the questions of a check of *exercise*, limited in processor time."""
        pid = fork_or_none()
        if pid is None:
            self.line.send(("failed",))
        elif pid == 0:
            self.line.close()
            os.setpgid(0, 0)
            linux.call_ourselves("hb-check")
            self.limit(cpu_seconds)
            Answers(Line(socket.socket(fileno=fd)), self.shell, self.figures.get(exercise, [])).serve()
        else:
            self.children.add(pid)
            self.line.send(("check", pid))

    def end(self, pid: int) -> int:
        """End a child and all that it started; return how it had ended, if it had."""
        self.children.discard(pid)
        for kill in (os.kill, os.killpg):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                kill(pid, signal.SIGKILL)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def limit_child(cpu_seconds: int) -> None:
    """Hold a check's process in a sandbox to its limits; the sandbox holds it to all others."""
    linux.limit_cpu(cpu_seconds)
    linux.set_aside(True)


def fork_orphan() -> bool:
    """Fork a process that is nobody's child here; return whether we are it."""
    pid = fork_or_none()
    if pid == 0:
        if fork_or_none() == 0:
            return True
        os._exit(0)
    if pid is not None:
        os.waitpid(pid, 0)
    return False
