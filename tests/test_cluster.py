"""`hornbook.grading.cluster` and `remote`: verdicts from other machines, with real schedulers and workers on loopback."""

from __future__ import annotations

import contextlib
import gc
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest
from test_batch import KINDS as ATTACKS
from test_keeping import command, found_in, timeless

from hornbook import Course
from hornbook.errors import CourseError, HornbookError
from hornbook.grading import remote
from hornbook.grading.batch import Graded, grade_all
from hornbook.grading.cluster import GIVEN_UP, grade_on
from hornbook.grading.journal import entries
from hornbook.publish import Keyring

if TYPE_CHECKING:
    from conftest import StepsCourse

GRADER = """
import os
import pytest
import psutil

@pytest.mark.exercise("one")
def test_one(submission):
    '''One is one'''
    if submission.one == 666:  # as if what it is asked for ended the worker
        for process in psutil.Process().parents():
            if any("dask_worker" in word for word in process.cmdline()):
                process.kill()
                break
    if submission.one == 667:  # as if it hung whoever asks for it
        for process in psutil.Process().parents():
            if any("dask_worker" in word for word in process.cmdline()):
                process.suspend()
                break
    assert submission.one == 1

@pytest.mark.exercise("two", hidden=True)
def test_two(submission, rng):
    '''Two doubles'''
    n = rng.randint(1, 10**9)
    assert submission.two(n) == 2 * n
"""
CONSENT = "[tool.hornbook.cluster]\ngraders = true\n"
LIMITS = "[tool.hornbook]\nname = 'c'\n[tool.hornbook.limits]\ncheck_seconds = 4\ncell_seconds = 8\nmemory_mb = 256\n"


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory, steps_course: StepsCourse) -> Course:
    """Give a course that lets its graders go, with a key in its folder."""
    root = tmp_path_factory.mktemp("course")
    (root / "pyproject.toml").write_text(LIMITS + CONSENT, "utf-8")
    Keyring.open(root / "keys")
    return steps_course(root, GRADER)


@dataclass(slots=True)
class Programs:
    """Schedulers and workers, as somebody would start them on other machines; all end with the test."""

    folder: Path
    environment: dict[str, str] = field(default_factory=lambda: dict(os.environ))
    started: list[subprocess.Popen[str]] = field(default_factory=list)
    readers: list[threading.Thread] = field(default_factory=list)

    def start(self, kind: str, until: str, *words: str, **environment: str) -> tuple[subprocess.Popen[str], str]:
        """Start a `dask_scheduler` or `dask_worker`; return it and the line that says *until*, when it has come."""
        asked = [sys.executable, "-m", f"distributed.cli.{kind}", *words]
        program = subprocess.Popen(  # noqa: S603 - our own
            asked, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd=self.folder, env={**self.environment, **environment}
        )
        self.started.append(program)
        assert program.stderr is not None
        line = next((line for line in program.stderr if until in line), "")
        self.readers.append(threading.Thread(target=program.stderr.read, daemon=True))
        self.readers[-1].start()
        assert line, f"{kind} did not start"
        return program, line

    def scheduler(self, port: int = 0, host: str = "tcp://127.0.0.1", *words: str) -> tuple[subprocess.Popen[str], str]:
        """Start a scheduler; return it and its address."""
        asked = ("--host", host, "--port", str(port), "--no-dashboard", "--no-show", *words)
        program, line = self.start("dask_scheduler", "Scheduler at:", *asked)
        return program, line.split()[-1]

    def worker(self, address: str, *words: str, **environment: str) -> subprocess.Popen[str]:
        """Start a worker with one thread; return it when it is registered."""
        asked = (address, "--nthreads", "1", "--no-nanny", "--no-dashboard", "--host", "127.0.0.1", *words)
        return self.start("dask_worker", "Registered to", *asked, **environment)[0]

    def close(self) -> None:
        """End all of them."""
        for program in self.started:
            program.kill()
            program.wait()
        for program, reader in zip(self.started, self.readers, strict=True):
            reader.join()
            assert program.stderr is not None
            program.stderr.close()


@pytest.fixture
def programs(tmp_path: Path) -> Iterator[Programs]:
    """Give what starts schedulers and workers, in a folder of their own."""
    (tmp_path / "far").mkdir()
    with contextlib.closing(Programs(tmp_path / "far")) as given:
        yield given


def hand_in(course: Course, folder: Path, answers: list[tuple[str, str]]) -> list[Path]:
    """Write a notebook of each of the *answers*; return them."""
    folder.mkdir()
    paths = [folder / f"l{number:02}.ipynb" for number in range(len(answers))]
    for path, (one, two) in zip(paths, answers, strict=True):
        path.write_text(json.dumps(course.lesson("steps").to_notebook({"one": one, "two": two})), "utf-8")
    return paths


RIGHT = ("one = 1", "def two(n): return n + n")


def said(results: list[Graded]) -> dict[int, Any]:
    """Return what came of each, by place, without times; each has come once."""
    places = [one.place for one in results]
    assert len(places) == len(set(places))
    return {one.place: timeless(one.verdict) if one.verdict else str(one.error) for one in results}


pytestmark = pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
"""A client of Dask leaves connections to be collected, now and then."""


@pytest.fixture(autouse=True)
def _collected_here() -> Iterator[None]:
    """Have what a client has left collected before another module's tests, which hold that nothing is left."""
    yield
    gc.collect()


class Cable:
    """A connection to a scheduler that can be cut, and that remembers what has gone through it."""

    def __init__(self, address: str) -> None:
        host, _, port = address.removeprefix("tcp://").rpartition(":")
        self.target = (host, int(port))
        self.server = socket.create_server(("127.0.0.1", 0))
        self.address = f"tcp://127.0.0.1:{self.server.getsockname()[1]}"
        self.pairs: list[tuple[socket.socket, socket.socket]] = []
        self.sent = bytearray()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self.server.accept()
                try:
                    pair = (near, socket.create_connection(self.target))
                except OSError:
                    near.close()
                    continue
                self.pairs.append(pair)
                threading.Thread(target=self._pump, args=pair, daemon=True).start()

    def _pump(self, near: socket.socket, far: socket.socket) -> None:
        with near, far, contextlib.suppress(OSError, ValueError):
            while True:
                for one in select.select([near, far], [], [])[0]:
                    if not (data := one.recv(1 << 16)):
                        return
                    if one is near:
                        self.sent += data
                    (far if one is near else near).sendall(data)

    def cut(self) -> None:
        """Cut all that goes through it at this moment; what comes later goes through."""
        pairs, self.pairs = self.pairs, []
        for sides in pairs:
            for side in sides:
                with contextlib.suppress(OSError):
                    side.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Cut it for good."""
        self.server.close()
        self.cut()


# --- The same verdicts -------------------------------------------------------------------------------------------------


def test_three_workers_one_of_them_killed_find_what_one_machine_finds(course: Course, tmp_path: Path, programs: Programs) -> None:
    """Whatever learners attack, each submission is answered once, and as here; one worker is ended with SIGKILL, one asked to leave."""
    paths = hand_in(course, tmp_path / "in", [(one, two) for one, two, _ in ATTACKS.values()] * 2)
    _, address = programs.scheduler()
    workers = [programs.worker(address) for _ in range(3)]
    results = []
    for graded in grade_on(address, paths, course, seed=3):
        results.append(graded)
        if len(results) == 2:
            workers[0].kill()
        if len(results) == 5:
            workers[1].terminate()
    here = said(list(grade_all(paths, course, seed=3)))

    assert said(results) == here
    assert [[outcome["status"] for outcome in here[place]["outcomes"]] for place in range(len(ATTACKS))] == [
        statuses for _, _, statuses in ATTACKS.values()
    ]


def test_a_lost_connection_loses_and_doubles_nothing(course: Course, tmp_path: Path, programs: Programs) -> None:
    """The network between us and the scheduler is cut, and what was not answered is asked again."""
    paths = hand_in(course, tmp_path / "in", [RIGHT] * 8)
    _, address = programs.scheduler()
    programs.worker(address)
    told: list[str] = []
    results = []
    with contextlib.closing(Cable(address)) as cable:
        for graded in grade_on(cable.address, paths, course, seed=3, workers=3, tell=told.append):
            results.append(graded)
            if len(results) == 2:
                cable.cut()

    assert [str(one.error) for one in results if one.error is not None] == []
    assert [one.verdict is not None and one.verdict.passed for one in results] == [True] * 8
    assert set(said(results)) == set(range(8))
    assert told[0] == f"{cable.address} does not answer; trying again for 60 seconds."


def test_what_ends_its_worker_is_given_up_and_stops_nobody(course: Course, tmp_path: Path, programs: Programs) -> None:
    """As often as the scheduler lets it, and once more alone; then it is refused in a sentence, and the others have their verdicts."""
    paths = hand_in(course, tmp_path / "in", [RIGHT, ("one = 666", "two = 2"), RIGHT, RIGHT])
    programs.environment["DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES"] = "0"
    _, address = programs.scheduler()
    for _ in range(3):
        programs.worker(address)
    found = said(list(grade_on(address, paths, course, seed=3)))

    assert found[1] == f"{paths[1]}: {GIVEN_UP}"
    assert [found[place]["passed"] for place in (0, 2, 3)] == [True] * 3


@pytest.mark.parametrize("moment", ["at once", "when the workers are gone"])
def test_a_scheduler_that_is_killed_and_started_anew_loses_and_doubles_nothing(
    course: Course, tmp_path: Path, programs: Programs, moment: str
) -> None:
    """At the same address, with other workers, whether or not the first ones have noticed."""
    paths = hand_in(course, tmp_path / "in", [RIGHT] * 10)
    scheduler, address = programs.scheduler()
    port = int(address.rpartition(":")[2])
    first = [programs.worker(address) for _ in range(2)]
    results = []
    for graded in grade_on(address, paths, course, seed=3):
        results.append(graded)
        if len(results) == 3:
            scheduler.kill()
            scheduler.wait()
            if moment == "when the workers are gone":
                for worker in first:
                    worker.wait()
            programs.scheduler(port)
            programs.worker(address)

    assert [str(one.error) for one in results if one.error is not None] == []
    assert set(said(results)) == set(range(10))


def test_a_scheduler_that_stays_away_ends_the_run_in_a_sentence(course: Course, tmp_path: Path, programs: Programs) -> None:
    """With exit code 3; what is done is kept, and the same command goes on to one line for each."""
    paths = hand_in(course, tmp_path / "in", [RIGHT] * 8)
    jsonl = tmp_path / "results.jsonl"
    scheduler, address = programs.scheduler()
    programs.worker(address)
    port = int(address.rpartition(":")[2])
    words = (tmp_path / "in", "--cluster", address, "--jsonl", jsonl, "--seed", "3", "--quiet", "--jobs", "2")
    program = "from hornbook.grading.cluster import grade_on\ngrade_on.__kwdefaults__['wait'] = 3\nfrom hornbook.cli import main\nmain()"
    asked = [sys.executable, "-c", program, "grade", *map(str, words), "--course", str(course.root)]
    with subprocess.Popen(asked, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own
        assert process.stdout is not None
        next(process.stdout)
        scheduler.kill()
        scheduler.wait()
        _, sentence = process.communicate()
    first = len(list(entries(jsonl)))
    programs.scheduler(port)
    programs.worker(address)
    with command(course, *words) as again:
        again.communicate()

    assert (process.returncode, again.returncode) == (3, 0)
    assert f"{address}: cannot be reached. See that a scheduler runs there, and run the same command again to go on." in sentence
    assert 0 < first < len(paths)
    assert jsonl.read_bytes().count(b"\n") == len(paths)
    assert len(found_in(jsonl)) == len(paths)


def graded_when_another_comes(address: str, paths: list[Path], course: Course, programs: Programs) -> tuple[list[str], Any]:
    """Return what somebody who waits was told, whereupon another worker came each time, and what was found of each submission."""
    told: list[str] = []

    def tell(words: str) -> None:
        told.append(words)
        programs.worker(address)

    return told, said(list(grade_on(address, paths, course, seed=3, tell=tell)))


def test_a_worker_that_is_gone_before_it_has_its_lesson_is_not_waited_for(course: Course, tmp_path: Path, programs: Programs) -> None:
    """Its task was meant for it alone; when another worker comes, that one is asked."""
    paths = hand_in(course, tmp_path / "in", [RIGHT] * 2)
    (tmp_path / "frail.py").write_text(
        "import os\nfrom hornbook.grading import remote\ntrue = getattr(remote.answer, 'true', remote.answer)\n"
        "def answer(question, material=b''):\n    if material:\n        os._exit(1)\n    return true(question)\n"
        "answer.true = true\nremote.answer = answer\n",
        "utf-8",
    )
    _, address = programs.scheduler()
    programs.worker(address, "--preload", str(tmp_path / "frail.py"))
    told, found = graded_when_another_comes(address, paths, course, programs)

    assert told == [f"{address} has no worker that fits; waiting 60 seconds for one."]
    assert [found[place]["passed"] for place in (0, 1)] == [True] * 2


def test_an_answer_that_goes_with_its_worker_is_asked_for_again(
    course: Course, tmp_path: Path, programs: Programs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was there, and cannot be fetched; who waits is told that nobody is left to ask, and not that the scheduler is silent."""
    monkeypatch.setattr("hornbook.grading.cluster.FETCH", 1.0)
    paths = hand_in(course, tmp_path / "in", [RIGHT])
    (tmp_path / "frail.py").write_text(
        "import os\ndef dask_setup(worker):\n    async def gone(**_):\n        os._exit(1)\n    worker.handlers['get_data'] = gone\n",
        "utf-8",
    )
    _, address = programs.scheduler()
    programs.worker(address, "--preload", str(tmp_path / "frail.py"))
    told, found = graded_when_another_comes(address, paths, course, programs)

    assert (told, found[0]["passed"]) == ([f"{address} has no worker that fits; waiting 60 seconds for one."], True)


def test_what_a_scheduler_has_lost_is_asked_again(course: Course, tmp_path: Path, programs: Programs) -> None:
    """One that forgets tasks, and tells nobody, has them asked again."""
    paths = hand_in(course, tmp_path / "in", [RIGHT] * 3)
    (tmp_path / "forgetful.py").write_text(
        "def dask_setup(scheduler):\n    true, dropped = scheduler.stream_handlers['update-graph'], []\n"
        "    async def drop(*given, **named):\n        if not dropped:\n            dropped.append(1)\n            return\n"
        "        await true(*given, **named)\n    scheduler.stream_handlers['update-graph'] = drop\n",
        "utf-8",
    )
    _, address = programs.scheduler(0, "tcp://127.0.0.1", "--preload", str(tmp_path / "forgetful.py"))
    programs.worker(address)
    found = said(list(grade_on(address, paths, course, seed=3)))

    assert [found[place]["passed"] for place in range(3)] == [True] * 3


def test_a_worker_that_does_not_answer_any_more_is_waited_for_only_so_long(course: Course, tmp_path: Path, programs: Programs) -> None:
    """It is alive to the scheduler, and stopped; what it had is graded by the other, and it is asked nothing more."""
    paths = hand_in(course, tmp_path / "in", [RIGHT] * 8)
    _, address = programs.scheduler()
    workers = [programs.worker(address) for _ in range(2)]
    told: list[str] = []
    results = []
    for graded in grade_on(address, paths, course, seed=3, patience=8, tell=told.append):
        results.append(graded)
        if len(results) == 1:
            workers[0].send_signal(signal.SIGSTOP)

    assert [str(one.error) for one in results if one.error is not None] == []
    assert set(said(results)) == set(range(8))
    assert [line.partition(": ")[2] for line in told] == ["has not answered for 8 seconds, and gets nothing more."]


def test_what_stops_every_worker_is_not_graded_and_stops_nobody(course: Course, tmp_path: Path, programs: Programs) -> None:
    """Three workers in turn do not answer about it: one sentence, and the others have their verdicts."""
    paths = hand_in(course, tmp_path / "in", [("one = 667", "two = 2"), RIGHT, RIGHT])
    _, address = programs.scheduler()
    for _ in range(4):
        programs.worker(address)
    found = said(list(grade_on(address, paths, course, seed=3, patience=6)))

    assert found[0] == f"3 workers of {address} have not answered, each for 6 seconds."
    assert [found[place]["passed"] for place in (1, 2)] == [True] * 2


@pytest.mark.parametrize("signals", [(signal.SIGKILL, signal.SIGKILL), (signal.SIGSTOP,)])
def test_a_worker_of_this_machine_is_replaced(course: Course, tmp_path: Path, signals: tuple[signal.Signals, ...]) -> None:
    """The only one is killed twice, or is stopped: others come in its place, and nothing is lost."""
    paths = hand_in(course, tmp_path / "in", [RIGHT] * 6)
    ended: list[int] = []
    results = []
    for graded in grade_on("local:1", paths, course, seed=3, patience=10):
        results.append(graded)
        if len(ended) < len(signals) and len(results) > len(ended):
            (worker,) = (one for one in psutil.Process().children() if "spawn_main" in " ".join(one.cmdline()) and one.pid not in ended)
            worker.send_signal(signals[len(ended)])
            ended.append(worker.pid)

    assert len(ended) == len(signals)
    assert [str(one.error) for one in results if one.error is not None] == []
    assert set(said(results)) == set(range(6))


def test_the_command_goes_on_where_it_was_interrupted(course: Course, tmp_path: Path) -> None:
    """Ctrl-C ends it with 130; the same command again comes to what a run here comes to, one line for each notebook."""
    # The last ones take a while, so that there is something to interrupt however late this process gets its turn.
    slow = ("import time\ntime.sleep(2)\none = 1", RIGHT[1])
    paths = hand_in(course, tmp_path / "in", [RIGHT] * 4 + [slow] * 4)
    jsonl = tmp_path / "results.jsonl"
    words = (tmp_path / "in", "--cluster", "local:2", "--jsonl", jsonl, "--seed", "3", "--quiet", "--jobs", "2")
    with command(course, *words) as process:
        assert process.stdout is not None
        next(process.stdout)
        process.send_signal(signal.SIGINT)
        process.communicate()
    first = len(list(entries(jsonl)))
    with command(course, *words) as again:
        again.communicate()
    with command(course, tmp_path / "in", "--jsonl", tmp_path / "here.jsonl", "--seed", "3", "--quiet") as here:
        here.communicate()

    assert (process.returncode, again.returncode, here.returncode) == (130, 0, 0)
    assert 0 < first < 8
    assert jsonl.read_bytes().count(b"\n") == len(paths)
    assert found_in(jsonl) == found_in(tmp_path / "here.jsonl")


def test_a_cluster_may_speak_tls(course: Course, tmp_path: Path, programs: Programs) -> None:
    """With the certificates that Dask's own configuration names."""
    from distributed import Security  # noqa: PLC0415 - heavy

    paths = hand_in(course, tmp_path / "in", [RIGHT])
    made: Any = Security.temporary()  # type: ignore[no-untyped-call]
    for name, content in (("ca", made.tls_ca_file), ("cert", made.tls_client_cert), ("key", made.tls_client_key)):
        (tmp_path / name).write_text(content, "ascii")
    tls = {"DASK_DISTRIBUTED__COMM__TLS__CA_FILE": str(tmp_path / "ca")}
    for role in ("SCHEDULER", "WORKER", "CLIENT"):
        tls |= {f"DASK_DISTRIBUTED__COMM__TLS__{role}__{part.upper()}": str(tmp_path / part) for part in ("cert", "key")}
    programs.environment |= tls
    _, address = programs.scheduler(0, "tls://127.0.0.1", "--protocol", "tls")
    programs.worker(address, "--protocol", "tls")
    words = ["grade", str(paths[0]), "--course", str(course.root), "--cluster", address, "--quiet"]
    asked = [sys.executable, "-m", "hornbook", *words]
    ended = subprocess.run(asked, env=programs.environment, capture_output=True, text=True, check=False)  # noqa: S603 - our own

    assert address.startswith("tls://")
    assert (ended.returncode, ended.stdout) == (0, "l00.ipynb: steps, 2 of 2 points, passed\n"), ended.stderr


# --- What does not count -----------------------------------------------------------------------------------------------

LIES = {
    "submission": "verdict['submission']['digest'] = '0' * 64",
    "lesson": "verdict['lesson']['grader'] = '0' * 64",
    "environment": "verdict['runtime']['hornbook'] = '99'",
    "sandbox": "verdict['sandbox']['level'] = 0 if verdict['sandbox']['level'] else 4",
    "seed": "verdict['seed'] += 1",
    "assurance": "verdict['assurance'] = 'course-checked'",
    "parameters": "verdict['parameters'] = {'values': {'n': 1}, 'of': 'learner'}",
    "points": "verdict['points']['earned'] += 1",
}
LIAR = """
import json
from hornbook import wire
from hornbook.grading import remote

true = getattr(remote.answer, "true", remote.answer)  # Dask loads this file twice

def answer(question, material=b""):
    said = wire.decode(true(question, material), limits=remote.LIMITS)
    if said[0] != "verdict":
        return wire.encode(said, limits=remote.LIMITS)
    verdict = json.loads(said[2])
    {lie}
    return wire.encode((*said[:2], json.dumps(verdict).encode()), limits=remote.LIMITS)

answer.true = true
remote.answer = answer
"""


@pytest.mark.parametrize("part", LIES)
def test_a_worker_is_not_believed(course: Course, tmp_path: Path, programs: Programs, part: str) -> None:
    """A verdict that is not on what was asked, or does not add up, is an error of its worker."""
    paths = hand_in(course, tmp_path / "in", [("one = 1", "two = ...\n")])
    (tmp_path / "liar.py").write_text(LIAR.replace("{lie}", LIES[part]), "utf-8")
    _, address = programs.scheduler()
    programs.worker(address, "--preload", str(tmp_path / "liar.py"))
    (found,) = said(list(grade_on(address, paths, course, seed=3))).values()

    assert f"answered with a verdict of another {part} than was asked about." in found


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("b'nonsense'", "answered something that is no answer."),
        ("{'passed': True}", "answered something that is no answer."),
        ("wire.encode(('verdict', 'me', b'{}'))", "This is not a verdict of format 1"),
        ("1 / 0", "could not answer: ZeroDivisionError"),
    ],
)
def test_nonsense_is_an_error_of_its_worker(course: Course, tmp_path: Path, programs: Programs, answer: str, words: str) -> None:
    """Whatever comes back, there is no verdict, and one sentence says why."""
    paths = hand_in(course, tmp_path / "in", [RIGHT])
    (tmp_path / "odd.py").write_text(
        f"from hornbook import wire\nfrom hornbook.grading import remote\ndef answer(*_):\n    return {answer}\nremote.answer = answer\n",
        "utf-8",
    )
    _, address = programs.scheduler()
    programs.worker(address, "--preload", str(tmp_path / "odd.py"))
    (found,) = said(list(grade_on(address, paths, course))).values()

    assert words in found


SPRINGS = """
import os, pickle
from hornbook.grading import remote

TRAP = {trap!r}

def spring():
    return exec, ("import os, pathlib; pathlib.Path(" + repr(TRAP) + ", str(os.getpid())).touch()",)

class Evil:
    def __reduce__(self):
        return spring()

class EvilType(type):
    pass

__import__("copyreg").pickle(EvilType, lambda _: spring())

class OfEvilType(metaclass=EvilType):
    pass

def warn():
    from distributed import get_worker
    message = pickle.dumps(Evil())
    get_worker().log_event("warn", {{"message": message, "category": message}})
    return b""

def of_evil_type():
    from distributed.protocol.serialize import dask_deserialize, dask_serialize
    dask_serialize.register(OfEvilType)(lambda _: ({{}}, [b"x"]))
    return OfEvilType()

def fail():
    raise RuntimeError(Evil())

remote.answer = lambda question, material=b"": {answer}
"""


@pytest.mark.parametrize("answer", ["Evil()", "fail()", "warn()", "of_evil_type()", "{'in a list': [Evil()]}"])
def test_a_pickle_is_not_opened(course: Course, tmp_path: Path, programs: Programs, answer: str) -> None:
    """Whatever way a worker sends what would run something where it is opened: it is an error of that worker, and nothing is run here."""
    paths, trap = hand_in(course, tmp_path / "in", [RIGHT]), tmp_path / "sprung"
    trap.mkdir()
    (tmp_path / "evil.py").write_text(SPRINGS.format(trap=str(trap), answer=answer), "utf-8")
    _, address = programs.scheduler()
    programs.worker(address, "--preload", str(tmp_path / "evil.py"))
    (found,) = said(list(grade_on(address, paths, course, wait=10))).values()

    assert "could not answer" in found or "answered something that is no answer" in found
    assert str(os.getpid()) not in {path.name for path in trap.iterdir()}


def test_a_scheduler_has_nothing_run_here(course: Course, tmp_path: Path, programs: Programs) -> None:
    """Whoever has taken one over, as any worker of it can, finds a client that reads its pickles and obeys none."""
    paths, trap = hand_in(course, tmp_path / "in", [RIGHT]), tmp_path / "sprung"
    trap.mkdir()
    (tmp_path / "evil.py").write_text(
        SPRINGS.format(trap=str(trap), answer="b''") + "from distributed.protocol.serialize import ToPickle\n"
        "def dask_setup(scheduler):\n    scheduler.handlers['ncores'] = lambda: {'x': ToPickle(Evil())}\n",
        "utf-8",
    )
    _, address = programs.scheduler(0, "tcp://127.0.0.1", "--preload", str(tmp_path / "evil.py"))
    with pytest.raises(HornbookError, match=r"cannot be reached|has had no worker"):
        list(grade_on(address, paths, course, wait=2))

    assert list(trap.iterdir()) == []


def test_a_failure_that_cannot_be_pickled_arrives_nevertheless(course: Course, tmp_path: Path, programs: Programs) -> None:
    """What goes wrong on a worker is told in our own bytes, so that nobody waits for what Dask cannot send."""
    paths = hand_in(course, tmp_path / "in", [RIGHT])
    (tmp_path / "odd.py").write_text(
        "import threading\nfrom hornbook.grading import remote\nclass Odd(Exception):\n    lock = threading.Lock()\n"
        "    def __reduce__(self):\n        raise RecursionError\ndef ours():\n    raise Odd('odd')\nremote._ours = ours\n",
        "utf-8",
    )
    _, address = programs.scheduler()
    programs.worker(address, "--preload", str(tmp_path / "odd.py"))
    (found,) = said(list(grade_on(address, paths, course))).values()

    assert found.endswith(": could not answer: Odd: odd")


def test_a_worker_with_other_packages_is_refused(course: Course, tmp_path: Path, programs: Programs) -> None:
    """In a sentence; another one does the work, and without one the run ends after its patience."""
    paths = hand_in(course, tmp_path / "in", [RIGHT] * 3)
    (tmp_path / "old.py").write_text(
        "import json\nfrom hornbook.grading import remote\ntheirs = json.loads(remote.this_runtime()) | {'hornbook': '0.0.1'}\n"
        "remote._ours = lambda: json.dumps(theirs, sort_keys=True)\n",
        "utf-8",
    )
    _, address = programs.scheduler()
    programs.worker(address, "--preload", str(tmp_path / "old.py"))
    told: list[str] = []
    with pytest.raises(HornbookError, match=r"has had no worker for 3 seconds that fits: it has Python .*, hornbook 0\.0\.1 and"):
        list(grade_on(address, paths, course, wait=3, tell=told.append))
    programs.worker(address)
    found = said(list(grade_on(address, paths, course, seed=3)))

    assert "was refused: it has Python" in told[0]
    assert [one["passed"] for one in found.values()] == [True] * 3


# --- What stops a run --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "words"), [(True, "has had no worker for 1 seconds. Start some with `dask worker tcp://"), (False, "cannot be reached.")]
)
def test_a_cluster_that_is_not_there_is_not_waited_for_for_ever(
    course: Course, tmp_path: Path, programs: Programs, start: bool, words: str
) -> None:
    """It has no worker, or there is no scheduler: one sentence after the patience."""
    paths = hand_in(course, tmp_path / "in", [RIGHT])
    scheduler, address = programs.scheduler()
    if not start:
        scheduler.kill()
        scheduler.wait()
    told: list[str] = []
    with pytest.raises(HornbookError) as raised:
        list(grade_on(address, paths, course, wait=1, tell=told.append))

    assert words in str(raised.value)
    assert told == ([f"{address} has no worker that fits; waiting 1 seconds for one."] if start else [])


@pytest.mark.parametrize("address", ["", "local:0", "local:x", "http://127.0.0.1:1", "127.0.0.1:8786", "tcp://a b:1", "tcp://x:1/y\n"])
def test_what_is_no_address_is_refused(course: Course, address: str) -> None:
    """In one sentence that names the three kinds."""
    with pytest.raises(HornbookError, match=r"is no cluster\. Write tcp://HOST:PORT or tls://HOST:PORT .* local:N"):
        next(grade_on(address, [], course))


# --- What leaves this machine -------------------------------------------------------------------------------------------


def test_graders_stay_here_unless_the_course_lets_them_go(tmp_path: Path, steps_course: StepsCourse) -> None:
    """Nobody is even connected to; the sentence says what to write, and what that means."""
    own = steps_course(tmp_path, GRADER)
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        pytest.raises(CourseError, match=r"does not let graders leave this machine.*`graders = true` under \[tool\.hornbook\.cluster\]"),
    ):
        next(grade_on(f"tcp://127.0.0.1:{server.getsockname()[1]}", [], own))


def test_a_check_that_asks_the_reference_has_it_there(tmp_path: Path, steps_course: StepsCourse) -> None:
    """The solution goes along where a check compares with it, so the verdict is that of this machine."""
    (tmp_path / "course").mkdir()
    asking = GRADER.replace("def test_two(submission, rng)", "def test_two(submission, rng, reference)").replace(
        "== 2 * n", "== reference.two(n)"
    )
    course = steps_course(tmp_path / "course", asking)
    (course.root / "graders" / "steps.solution.py").write_text("# %% one\none = 1\n# %% two\ndef two(n):\n    return 2 * n\n", "utf-8")
    course = Course.open(course.root)
    paths = hand_in(course, tmp_path / "in", [RIGHT, ("one = 1", "def two(n):\n    return n\n")])
    there, here = list(grade_on("local:1", paths, course, seed=3)), list(grade_all(paths, course, seed=3))

    assert said(there) == said(here)
    assert sorted(one.verdict.passed for one in there if one.verdict is not None) == [False, True]


def test_keys_never_leave(course: Course, tmp_path: Path, programs: Programs) -> None:
    """What goes to the cluster has the grader in it, and neither the course's key nor the path of its folder."""
    paths = hand_in(course, tmp_path / "in", [RIGHT])
    keys = [json.loads(path.read_text("utf-8")) for path in (course.root / "keys").glob("*.json")]
    _, address = programs.scheduler()
    programs.worker(address)
    with contextlib.closing(Cable(address)) as cable:
        found = said(list(grade_on(cable.address, paths, course)))
    material = remote.material_of(course, course.lesson("steps"))
    secrets = [str(value).encode() for key in keys for value in key.values() if isinstance(value, str)]

    assert found[0]["passed"]
    assert secrets
    assert len(cable.sent) > 1000
    for secret in (*secrets, str(course.root).encode(), b".solution.py"):
        assert secret not in bytes(cable.sent)
        assert secret not in material


@pytest.mark.parametrize("own", [True, False])
def test_a_key_among_the_graders_is_no_grader(tmp_path: Path, steps_course: StepsCourse, own: bool) -> None:
    """It is named, and nothing is sent."""
    steps_course(tmp_path, GRADER)
    if own:
        Keyring.open(tmp_path / "keys")
        for key in (tmp_path / "keys").glob("*.json"):
            shutil.copy(key, tmp_path / "graders")
    else:
        (tmp_path / "graders" / "id.pem").write_text("-----BEGIN PRIVATE KEY-----\n", "ascii")
    opened = Course.open(tmp_path)
    with pytest.raises(CourseError, match="holds a private key, and keys do not leave this machine"):
        remote.material_of(opened, opened.lesson("steps"))


def test_a_killed_worker_leaves_no_grader_behind(course: Course, tmp_path: Path, programs: Programs) -> None:
    """What it was sent lies in a folder of its own that nobody else may enter, and that goes even after SIGKILL."""
    paths = hand_in(course, tmp_path / "in", [RIGHT])
    _, address = programs.scheduler()
    (tmp_path / "t").mkdir()
    worker = programs.worker(address, TMPDIR=str(tmp_path / "t"))
    list(grade_on(address, paths, course))
    (folder,) = (tmp_path / "t").glob("hornbook-worker-*")
    mode = folder.stat().st_mode & 0o777
    files = [path.name for path in folder.rglob("test_steps.py")]
    reapers = [one for one in psutil.Process(worker.pid).children() if str(folder) in one.cmdline()]
    worker.kill()
    worker.wait()
    psutil.wait_procs(reapers, timeout=30)

    assert (mode, files, len(reapers)) == (0o700, ["test_steps.py"], 1)
    assert not folder.exists()
