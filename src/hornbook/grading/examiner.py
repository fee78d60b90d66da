"""A trusted process that grades for others, in forks of itself: what is slow was imported and collected once.

    Examiner              the handle, in the process that wants verdicts
      examiner.seat(slug) a Seat: one client's conversation, with a process of its own
        seat.ask(...)     a Verdict

    examiner process      has imported pytest, hypothesis and nbclient; forks one panel for each lesson
      panel               has collected that lesson's grader; forks one process for each seat
        seat              asks the checks about one submission after the other, until its client hangs up

So a grader's own state never goes from one seat to the next, a grader that hangs or crashes costs one answer, and any number
of seats work at a time. All of it is single-threaded, whatever threads the client has. Everything on these lines comes from
trusted processes; what a learner handed in travels as data.
"""

from __future__ import annotations

import contextlib
import gc
import os
import secrets
import select
import signal
import socket
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, Self, cast

from hornbook.course import Course
from hornbook.errors import CourseError, FeedbackError, GraderError, HornbookError, LessonError, SandboxError, SubmissionError
from hornbook.grading import preparation
from hornbook.grading.live import Shown, packed
from hornbook.heavy import imported
from hornbook.model import Assurance, Verdict
from hornbook.sandbox import c_library, memory
from hornbook.sandbox.forkserver import ForkServer, ForkServers
from hornbook.sandbox.line import Gone, Line
from hornbook.wire import Limits, WireError
from hornbook.words import read_all

if TYPE_CHECKING:
    from hornbook.grading.sitting import Sitting
    from hornbook.lesson import Submission
    from hornbook.sandbox.canary import Strength

LIMITS = Limits(bytes=256 << 20)
START_SECONDS = 60.0
PR_SET_PDEATHSIG = 1
PATIENCE = 60.0
"""How much longer than its own limits allow a grading may take, before its grader is said to hang."""
FORKING = 5.0
"""For how long a process is waited for where the machine has room for none."""

BOOT = "import sys; from hornbook.grading.examiner import main; main(int(sys.argv[1]))"
FILE_ERRORS = {kind.__name__: kind for kind in (SubmissionError, CourseError, LessonError, GraderError, FeedbackError)}
OTHER_ERRORS = {kind.__name__: kind for kind in (HornbookError, SandboxError)}


@dataclass(slots=True)
class Examiner:
    """Gives seats before the graders of *course*. A context manager; its process starts with the first seat.

    `strength` is the sandbox to use, by default the strongest of this machine. One that is `live` is there for states that live on in
    a learner's kernel, and keeps no sandbox warm. Safe to share between threads.
    """

    course: Course
    strength: Strength | None = None
    live: bool = False
    _process: subprocess.Popen[bytes] | None = None
    _line: Line | None = None
    _asked: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self) -> None:
        """Start its process, if it is not there, without waiting for it."""
        with self._lock:
            self._started()

    def seat(self, slug: str) -> Seat:
        """Return a seat before the grader of the lesson *slug*; raise SandboxError if no process can be had for it."""
        try:
            ours, theirs = socket.socketpair()
        except OSError as error:
            raise SandboxError(f"The examiner cannot be spoken to: {error}.") from error
        failure: OSError | None = None
        with theirs, self._lock:
            for _ in (1, 2):
                try:
                    line = self._started()
                    line.send(("seat", slug), theirs.fileno(), deadline=time.monotonic() + START_SECONDS)
                    self._asked = True
                except OSError as error:
                    # It has been killed, perhaps: another one takes its place, if there is room for a process.
                    self._end()
                    failure = error
                else:
                    return Seat(Line(ours), self.course, slug)
        ours.close()
        raise SandboxError(f"The examiner does not start: {failure}.") from failure

    def close(self) -> None:
        """End its process, and with it all seats."""
        with self._lock:
            self._end()

    def drop(self) -> None:
        """Let go of its process in a fork of the one that has started it."""
        if self._line is not None:
            self._line.close()
        self._line = self._process = None

    def _started(self) -> Line:
        """Return the line to its process, which is started if it is not there."""
        if self._line is not None and self._process is not None and self._process.poll() is None:
            return self._line
        self._end()
        ours, theirs = socket.socketpair()
        self._line = Line(ours)
        with theirs:
            # -P: a file that was handed in beside the notebooks must not be imported for a library of that name.
            self._process = subprocess.Popen(  # noqa: S603 - our own program
                [sys.executable, "-P", "-c", BOOT, str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
            )
        self._line.send(("course", str(self.course.root), _encode(self.course.settings), _encode(self.strength), self.live))
        return self._line

    def _end(self) -> None:
        if self._line is not None:
            self._line.close()
            self._line = None
        if self._process is not None:
            # One that nobody has asked for anything has nothing to end, and may be importing still.
            if self._asked:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._process.wait(2.0)
            self._process.kill()
            self._process.wait()
            self._process = None


@dataclass(frozen=True, slots=True)
class Seat:
    """One client's conversation with a process that asks a lesson's checks. A context manager; `close` ends the process."""

    line: Line
    course: Course
    slug: str

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def fileno(self) -> int:
        """Return the descriptor that becomes readable when there is an answer to `receive`."""
        return self.line.socket.fileno()

    def ask(self, submission: Submission, **how: Any) -> Verdict:
        """Return the verdict on *submission*: `send`, then `receive`."""
        self.send(submission, **how)
        return self.receive()

    def send(  # noqa: PLR0913 - all but one by name
        self,
        submission: Submission,
        *,
        visible_only: bool = False,
        exercise: str | None = None,
        practice: bool = False,
        seed: int | None = None,
        assurance: Assurance = Assurance.SELF_CHECKED,
        live: tuple[socket.socket, Mapping[str, Shown]] | None = None,
        language: str | None = None,
        progress: bool = False,
        believing: bool = False,
    ) -> None:
        """Have *submission* asked about, all of it or one *exercise*, in the *language* of this client, by default the course's.

        In *practice*, which never asks a hidden check, a submission is run from the first cell in which it differs from the last
        one that was sent here. With a *live* state, the socket of a fork of a learner's kernel with what its exercises have shown,
        that is asked, and nothing is run; no hidden check is asked there, either. With *progress*, `receive_next` tells of each check
        that was asked. *believing* takes the notebook's word for its parameters, see `grade`.
        """
        question = {
            "visible_only": visible_only or practice or live is not None,
            "exercise": exercise,
            "practice": practice,
            "seed": seed,
            "assurance": str(assurance),
            "live": None if live is None else packed(live[1]),
            "language": language,
            "progress": progress,
            "believing": believing,
        }
        fds = [] if live is None else [live[0].fileno()]
        with contextlib.suppress(OSError):  # `receive` says so
            self.line.send(("ask", _packed(submission), question), *fds, limits=LIMITS, deadline=time.monotonic() + START_SECONDS)

    def receive(self) -> Verdict:
        """Return the verdict on what was sent last; raise what kept it from being had."""
        while not isinstance(answer := self.receive_next(), Verdict):
            pass
        return answer

    def receive_next(self) -> Verdict | tuple[int, int]:
        """Return the verdict, or before it how many checks were asked, and of how many; raise what kept it from being had."""
        try:
            answer = self.line.receive(limits=LIMITS)
        except (Gone, OSError, WireError):
            answer = None
        match answer:
            case ("verdict", bytes() as verdict):
                return Verdict.from_json(verdict)
            case ("asked", int() as asked, int() as checks):
                return asked, checks
            case ("refused", str() as kind, str() as path, str() as problem) if kind in FILE_ERRORS:
                raise FILE_ERRORS[kind](path, problem)
            case ("refused", str() as kind, str() as problem):
                raise OTHER_ERRORS.get(kind, HornbookError)(problem)
        raise GraderError(self.course.grader(self.slug), "did not come to an end, or ended the process that it runs in.")

    def close(self) -> None:
        """Hang up: whatever is still being asked is ended, with its sandbox."""
        self.line.close()


def _packed(submission: Submission) -> tuple[object, ...]:
    """Return *submission* as data of the wire."""
    added = [(cell.after, cell.source) for cell in submission.added]
    repairs = [(repair.kind, repair.message, repair.exercise) for repair in submission.repairs]
    values = [None if values is None else dict(values) for values in (submission.claimed, submission.variant)]
    return submission.name, submission.digest, submission.slug, dict(submission.sources), added, repairs, *values


def _unpacked(packed: tuple[Any, ...]) -> Submission:
    """Return the submission that `_packed` made *packed* of."""
    from hornbook.lesson import AddedCell, Submission  # noqa: PLC0415 - only here
    from hornbook.model import Repair  # noqa: PLC0415

    name, digest, slug, sources, added, repairs, claimed, variant = packed
    cells, repaired = tuple(AddedCell(*cell) for cell in added), tuple(Repair(*repair) for repair in repairs)
    return Submission(name, digest, slug, sources, cells, repaired, claimed=claimed, variant=variant)


def _encode(value: object) -> bytes:
    import msgspec  # noqa: PLC0415 - kept out of `import hornbook`

    return msgspec.json.encode(value)


def _decode(data: bytes, kind: Any) -> Any:
    import msgspec  # noqa: PLC0415 - kept out of `import hornbook`

    return msgspec.json.decode(data, type=kind)


def _refusal(error: HornbookError) -> tuple[str, ...]:
    """Return *error* as it crosses to the client."""
    if type(error).__name__ in FILE_ERRORS:
        return "refused", type(error).__name__, str(getattr(error, "path", "")), str(getattr(error, "problem", error))
    return "refused", type(error).__name__, str(error)


# --- the examiner's process -------------------------------------------------------------------------------------------


def main(fd: int) -> NoReturn:
    """Be an examiner for whoever is at the other end of *fd*, until they hang up."""
    from hornbook.config import Settings  # noqa: PLC0415 - only in this process
    from hornbook.sandbox.canary import Strength, strongest  # noqa: PLC0415

    line = Line(socket.socket(fileno=fd))
    # An author hears of them from pytest and from doctor; whoever has a stack of work graded does not want them.
    warnings.simplefilter("ignore")
    try:
        match line.receive():
            case ("course", str() as root, bytes() as settings, bytes() as given, bool() as live):
                course = Course(Path(root), _decode(settings, Settings))
                strength = _decode(given, Strength | None)
                office = Office(course, strength if live else strength or strongest())
            case _:
                os._exit(2)
        early: list[tuple[object, list[int]]] = []
        for name in ("hypothesis", "hornbook.grading.pytest_plugin", "hornbook.grading.sitting", "hornbook.sandbox.pipe", "nbclient"):
            if not early and select.select([line.socket], [], [], 0)[0]:
                # It is known for which lesson a sandbox will be wanted: what that is forked from starts while we import.
                early.append(line.receive_fds())
                office.expect(early[0][0])
            imported(name)
        read_all()
        gc.collect()
        gc.freeze()
        memory.gather()
        branches = Branches(line, office.seat)
        for message, fds in early:
            office.seat(branches, message, fds)
        branches.serve()
        os._exit(0)
    except (Gone, ConnectionError, KeyboardInterrupt):
        os._exit(0)


class Branches:
    """Forks a process for each request on a line, watches over them, and ends them all when the line is closed.

    *answer* is given each request with its descriptors, and returns whether it has forked and we are the fork.
    """

    def __init__(self, line: Line, answer: Callable[[Branches, object, list[int]], bool]) -> None:
        self.line = line
        self.answer = answer
        self.poll = select.poll()
        self.poll.register(line.socket, select.POLLIN)
        self.pidfds: dict[int, int] = {}
        self.clients: dict[int, int] = {}

    def serve(self) -> None:
        """Do so; return in a fork. Raises `Gone` when the other side closes."""
        try:
            while True:
                for fd, _ in self.poll.poll():
                    if fd in self.pidfds:
                        self.bury(fd)
                    elif fd in self.clients:
                        # Nobody waits for the answer any more. The sandbox that was opened for it ends with its lifeline.
                        signal.pidfd_send_signal(self.clients[fd], signal.SIGKILL)
                        self.poll.unregister(fd)
                    elif fd == self.line.socket.fileno() and self.answer(self, *self.line.receive_fds()):
                        return
        finally:
            for pidfd in list(self.pidfds):
                signal.pidfd_send_signal(pidfd, signal.SIGKILL)
                self.bury(pidfd)

    def fork(self, client: int | None = None) -> bool:
        """Fork; return whether we are the new process, which has none of our descriptors. It ends when *client* hangs up."""
        us = os.getpid()
        pid = fork_with_patience(FORKING)
        if pid == 0:
            end_with(us)
            self.line.close()
            for fd in (*self.pidfds, *self.clients):
                os.close(fd)
            self.pidfds.clear()
            self.clients.clear()
            return True
        pidfd = os.pidfd_open(pid)
        self.pidfds[pidfd] = pid
        self.poll.register(pidfd, select.POLLIN)
        if client is not None:
            self.clients[client] = pidfd
            self.poll.register(client, select.POLLRDHUP)
        return False

    def bury(self, pidfd: int) -> None:
        """Forget a process that has ended, and its client."""
        os.waitpid(self.pidfds.pop(pidfd), 0)
        self.poll.unregister(pidfd)
        for client in [fd for fd, process in self.clients.items() if process == pidfd]:
            del self.clients[client]
            with contextlib.suppress(KeyError):
                self.poll.unregister(client)
            os.close(client)
        os.close(pidfd)


def fork_with_patience(seconds: float) -> int:
    """Fork; while the machine has room for no further process, try for *seconds*: a neighbour's fork bomb soon ends."""
    until = time.monotonic() + seconds
    while True:
        try:
            return os.fork()
        except BlockingIOError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)


class Office:
    """Sends each client that wants a seat to the panel of its lesson. Without a *strength* no sandbox is warmed."""

    def __init__(self, course: Course, strength: Strength | None) -> None:
        self.course = course
        self.strength = strength
        self.warm = ForkServers()
        self.panels: dict[str, Line] = {}

    def seat(self, branches: Branches, message: object, fds: list[int]) -> bool:
        """Hand a client's descriptor to the panel that it asks for."""
        match message:
            case ("seat", str() as slug):
                for _ in (1, 2):
                    if slug not in self.panels:
                        self.open_panel(branches, slug, fds)
                    try:
                        self.panels[slug].send(("seat",), fds[0])
                        break
                    except OSError:
                        # It has been killed; another one takes its place.
                        self.panels.pop(slug).close()
        for fd in fds:
            os.close(fd)
        return False

    def expect(self, message: object) -> None:
        """Begin to start what the lesson of *message* has its sandboxes forked from."""
        match message:
            case ("seat", str() as slug):
                with contextlib.suppress(HornbookError, OSError):  # whoever needs it is told
                    server = self.server(slug)
                    if server is not None:
                        server.begin()

    def server(self, slug: str) -> ForkServer | None:
        """Return the fork server for the lesson *slug*; lessons that import the same share one."""
        if self.strength is None:
            return None
        return self.warm.preloaded(preparation.policy_for(self.course, self.course.lesson(slug), self.strength.mode).preload)

    def open_panel(self, branches: Branches, slug: str, fds: list[int]) -> None:
        """Fork the panel for the lesson *slug*; the client's *fds* come to it in their turn, as everybody's do."""
        ours, theirs = socket.socketpair()
        with contextlib.suppress(HornbookError):  # the panel itself tells its clients
            self.server(slug)
        warm = self.warm.branch()
        if branches.fork():
            ours.close()
            for other in self.panels.values():
                other.close()
            for fd in fds:
                os.close(fd)
            be_panel(Line(theirs), _Panel(self.course, slug, self.strength, warm))
        theirs.close()
        warm.close()
        self.panels[slug] = Line(ours)


# --- a panel's process, and a seat's ----------------------------------------------------------------------------------


def be_panel(line: Line, panel: _Panel) -> NoReturn:
    """Collect the grader of *panel*, then fork a seat for each client that comes over *line*, until it is closed."""
    from hornbook.grading import run_checks  # noqa: PLC0415 - brings pytest along

    try:
        try:
            run_checks(panel.course, panel.course.lesson(panel.slug), panel.rounds(line))
        except HornbookError as error:
            panel.refuse(line, error)
    except (Gone, ConnectionError):
        os._exit(0)
    except BaseException:  # noqa: BLE001 - the clients see their lines close
        os._exit(1)
    os._exit(0)


@dataclass(slots=True)
class _Panel:
    """A lesson whose grader is collected, and in a fork of it the one client whose seat it is."""

    course: Course
    slug: str
    strength: Strength | None
    warm: ForkServers
    client: Line | None = None

    def rounds(self, line: Line) -> Iterator[tuple[Sitting, int]]:
        """Fork for each client; in the fork, yield what that client wants to have asked."""
        with contextlib.suppress(HornbookError):  # whoever sits here will be told
            self.rehearse()
        Branches(line, self.seat).serve()
        if self.client is not None:
            yield from self.sittings(self.client)
        os._exit(0)

    def rehearse(self) -> None:
        """Do once what each seat will do: what is imported, compiled or looked up the first time is in every fork then."""
        from hornbook.feedback import Bank  # noqa: PLC0415
        from hornbook.lesson import ProgramCell  # noqa: PLC0415
        from hornbook.sandbox.execute import Executor, Job  # noqa: PLC0415

        if self.strength is not None:
            policy = preparation.policy_for(self.course, self.course.lesson(self.slug), self.strength.mode)
            cells = (ProgramCell("print('shown')\n'a value'", "rehearsal", 0, last_of_exercise=True), ProgramCell("1 / 0", None, 1))
            with Executor(policy, warm=self.warm) as executor:
                child = executor.run(Job(cells, self.course.settings.limits)).snapshots["rehearsal"].check(1)
                if child is not None:
                    child.end()
        preparation.runtime()
        if self.course.has_feedback(self.slug):
            Bank.read(self.course.feedback(self.slug))
        gc.collect()
        gc.freeze()
        # A seat is gone before there is much to collect, and what it makes is looked through again and again.
        gc.set_threshold(20_000)

    def seat(self, branches: Branches, message: object, fds: list[int]) -> bool:
        """Fork a seat for the client behind the descriptor."""
        del message  # there is only one
        warm = self.warm.branch()
        if branches.fork(fds[0]):
            self.warm = warm
            self.client = Line(socket.socket(fileno=fds[0]))
            return True
        warm.close()
        return False

    def sittings(self, client: Line) -> Iterator[tuple[Sitting, int]]:
        """Yield what *client* wants to have asked, and send the verdict when it has been.

        A grader that hangs ends this process by the alarm, which Python code need not be there to hear.
        """
        from hornbook.grading import live  # noqa: PLC0415 - brings the sandbox along
        from hornbook.grading.sitting import Sitting  # noqa: PLC0415 - the same
        from hornbook.sandbox.canary import strongest  # noqa: PLC0415 - the same
        from hornbook.sandbox.execute import Executor  # noqa: PLC0415 - the same

        lesson = self.course.lesson(self.slug)
        kept: Executor | None = None
        while True:
            try:
                message, fds = client.receive_fds(limits=LIMITS)
            except (Gone, ConnectionError):
                break
            _, what, how = cast("tuple[str, Any, dict[str, Any]]", message)
            signal.setitimer(signal.ITIMER_REAL, self.patience())
            try:
                submission = _unpacked(what)
                sitting = Sitting.before(
                    self.course,
                    lesson,
                    submission,
                    visible_only=how["visible_only"],
                    exercise=how["exercise"],
                    strength=self.strength,
                    warm=self.warm,
                    live=live.finished(lesson, submission, how["live"], fds[0]) if fds else None,
                    language=how["language"],
                    tell=(lambda asked, checks: client.send(("asked", asked, checks))) if how["progress"] else None,
                    believing=how["believing"],
                )
                if how["practice"]:
                    mode = (self.strength or strongest()).mode
                    policy = preparation.policy_for(self.course, lesson, mode)
                    kept = kept or Executor(policy, files=preparation.files_for(lesson), warm=self.warm)
                    sitting.practice = kept
                seed = secrets.randbits(32) if how["seed"] is None else how["seed"]
                with contextlib.closing(sitting):
                    yield sitting, seed
                    verdict = sitting.verdict(seed=seed, assurance=Assurance(how["assurance"]))
                answer: tuple[object, ...] = ("verdict", verdict.to_json())
            except HornbookError as error:
                answer = _refusal(error)
            signal.setitimer(signal.ITIMER_REAL, 0)
            client.send(answer, limits=LIMITS)
        if kept is not None:
            kept.close()

    def patience(self) -> float:
        """Return how long one grading may take, in seconds: several runs of the notebook, and each check twice over."""
        limits = self.course.settings.limits
        return PATIENCE + 4 * limits.total_seconds

    def refuse(self, line: Line, error: HornbookError) -> NoReturn:
        """Tell every client why there is nothing to be had."""
        while True:
            _, fds = line.receive_fds()
            with contextlib.suppress(OSError), socket.socket(fileno=fds[0]) as client:
                Line(client).send(_refusal(error))


def end_with(parent: int) -> None:
    """Have the kernel end this process when *parent*, which has forked it, ends (prctl(2) PR_SET_PDEATHSIG)."""
    c_library().prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(0)
