"""`hornbook.server`: a real Jupyter server on this machine, spoken to as the Lab speaks to it, and as somebody would who means harm."""

from __future__ import annotations

import contextlib
import http.client
import io
import json
import os
import re
import secrets
import socket
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

import coverage
import psutil
import pytest

from hornbook.record.store import OWNER, Record

if TYPE_CHECKING:
    from conftest import StepsCourse

ROOT = Path(__file__).parent.parent
SECONDS = 60.0

GRADER = '''\
import pytest


@pytest.mark.exercise("one", points=2)
def test_one(submission):
    """One is one"""
    assert submission.one == 1


@pytest.mark.exercise("two", points=1)
def test_two(submission):
    """Two is two"""
    assert submission.two == 2


@pytest.mark.exercise("two", points=1, hidden=True)
def test_two_hidden(submission):
    """Two is twice one"""
    assert submission.two == 2 * submission.one
'''
HINTS = '[exercise.one]\nhints = ["Begin with nothing.", "Count to one."]\n[exercise.two]\nhints = ["Twice."]\n'
SOLUTION = "# %% one\none = 1\n# %% two\ntwo = 2\n"


@dataclass(frozen=True)
class Answer:
    """What the server has answered."""

    status: int
    headers: Any
    body: bytes

    @property
    def json(self) -> Any:
        """The body, which is JSON."""
        assert self.headers["Content-Type"] == "application/json"
        return json.loads(self.body)


@dataclass(frozen=True)
class Server:
    """A running Jupyter server and the folder that it serves."""

    process: subprocess.Popen[bytes]
    url: str
    token: str
    root: Path

    def ask(self, method: str, path: str, body: object = None, *, headers: dict[str, str] | None = None) -> Answer:
        """Return the answer to one request, by default of whoever this server belongs to."""
        at = urlsplit(self.url)
        connection = http.client.HTTPConnection(str(at.hostname), at.port, timeout=SECONDS)
        sent = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        try:
            connection.request(
                method,
                f"{at.path}hornbook/api/{path}",
                sent,
                {"Authorization": f"token {self.token}"} if headers is None else headers,
            )
            answer = connection.getresponse()
            return Answer(answer.status, answer.headers, answer.read())
        finally:
            connection.close()

    def ended(self, job: dict[str, Any]) -> dict[str, Any]:
        """Return *job* when it is over, as its stream tells."""
        last = self.ask("GET", f"jobs/{job['id']}/events").body.decode().strip().split("\n\n")[-1]
        found: dict[str, Any] = json.loads(last.partition("data: ")[2])
        return found


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, steps_course: StepsCourse) -> Iterator[Server]:
    """Give a server on a free port, with a home of its own and a course in its folder."""
    home = tmp_path_factory.mktemp("home")
    root = home / "served"
    (root / "course").mkdir(parents=True)
    steps_course(root / "course", GRADER)
    # Long enough for a stream to have nothing to say for a while.
    (root / "course" / "pyproject.toml").write_text(
        '[tool.hornbook]\nname = "course"\n[tool.hornbook.limits]\ncheck_seconds = 30\n', "utf-8"
    )
    (root / "course" / "graders" / "steps.solution.py").write_text(SOLUTION, "utf-8")
    (root / "course" / "feedback" / "steps.toml").write_text(HINTS, "utf-8")
    (home / "outside").mkdir()
    places = {name: str(home / name.lower()) for name in ("IPYTHONDIR", "JUPYTER_RUNTIME_DIR", "JUPYTER_DATA_DIR", "JUPYTER_CONFIG_DIR")}
    token = secrets.token_hex(16)
    command = [sys.executable, *_measured(), "-m", "jupyter_server", "--no-browser", "--allow-root", "--ip=127.0.0.1", "--port=0"]
    command += [f"--IdentityProvider.token={token}", f"--ServerApp.root_dir={root}"]
    environment = {**os.environ, **places, "HOME": str(home)}
    with (home / "log").open("wb") as log, subprocess.Popen(command, env=environment, cwd=root, stdout=log, stderr=log) as process:  # noqa: S603 - our own server
        try:
            note = home / "jupyter_runtime_dir" / f"jpserver-{process.pid}.json"
            yield Server(process, _address(note), token, root)
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()


def _measured() -> list[str]:
    """Return what has the server's process measured as this one is, if this one is; `make test` adds up what both have run."""
    if coverage.Coverage.current() is None:
        return []
    return ["-m", "coverage", "run", "--parallel-mode", f"--rcfile={ROOT / 'pyproject.toml'}", f"--data-file={ROOT / '.coverage'}"]


def _address(note: Path) -> str:
    """Return where the server listens, as soon as its *note* says so and somebody is there."""
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        if note.exists() and (text := note.read_text("utf-8")).strip().endswith("}"):
            told = json.loads(text)
            with contextlib.suppress(ConnectionRefusedError), socket.create_connection((told["hostname"], told["port"])):
                return str(told["url"])
        time.sleep(0.05)
    raise AssertionError((note.parent.parent / "log").read_text("utf-8")[-2000:])


def cells(**answers: str) -> list[dict[str, Any]]:
    """Return a learner's cells with these answers."""
    return [
        {"id": "start", "kind": "code", "source": "import os, time\nstamp = time.time_ns()", "exercise": None},
        *({"id": name, "kind": "code", "source": source, "exercise": name} for name, source in answers.items()),
    ]


def begun(server: Server) -> str:
    """Return the path of the learner's copy, which is made if it is not there."""
    return str(server.ask("POST", "lessons/course/steps/work", {}).json["path"])


def saved(server: Server, **answers: str) -> str:
    """Return the path of the learner's copy, with these answers saved in it."""
    path = begun(server)
    notebook = json.loads((server.root / path).read_text("utf-8"))
    for cell in notebook["cells"]:
        if cell["id"] in answers:
            cell["source"] = answers[cell["id"]]
    (server.root / path).write_text(json.dumps(notebook), "utf-8")
    return path


def test_nobody_is_served_without_signing_in(server: Server) -> None:
    """Whoever has neither token nor cookie learns nothing."""
    answer = server.ask("GET", "lessons", headers={})

    assert answer.status == 403


def test_a_cookie_alone_changes_nothing(server: Server) -> None:
    """Another site can have a browser send its cookies, but not read the one that must be said again."""
    signed_in = http.client.HTTPConnection(str(urlsplit(server.url).hostname), urlsplit(server.url).port, timeout=SECONDS)
    signed_in.request("GET", f"/api/status?token={server.token}")
    answer = signed_in.getresponse()
    cookies = "; ".join(value.partition(";")[0] for name, value in answer.getheaders() if name.lower() == "set-cookie")
    answer.read()
    signed_in.close()

    assert server.ask("GET", "health", headers={"Cookie": cookies}).status == 200
    assert server.ask("POST", "grades", {"path": "x.ipynb"}, headers={"Cookie": cookies}).status == 403


def test_what_lies_beside_a_lesson_comes_along_with_its_copy(server: Server) -> None:
    """A lesson's cells find its table where the learner works, and a file that is there already stays as it is."""
    beside = server.root / "course" / "lessons" / "tables"
    beside.mkdir()
    (beside / "heights.csv").write_text("Ada,170\n", "utf-8")
    (beside.parent / "names.txt").write_text("Ada", "utf-8")
    copy = server.root / begun(server)
    assert (copy.parent / "tables" / "heights.csv").read_text("utf-8") == "Ada,170\n"
    (copy.parent / "names.txt").write_text("mine", "utf-8")
    begun(server)

    assert (copy.parent / "names.txt").read_text("utf-8") == "mine"
    (beside / "heights.csv").unlink()
    beside.rmdir()
    (beside.parent / "names.txt").unlink()


@pytest.mark.parametrize("route", ["notebooks", "checks", "grades", "doctor", "examples"])
@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'{"path": 3}', b"\xff\xfe", b"[" * 100_000])
def test_a_malformed_body_is_refused_in_a_sentence(server: Server, route: str, body: bytes) -> None:
    """What is no such thing is a 400, never a traceback."""
    answer = server.ask("POST", route, body)

    assert answer.status == 400
    assert answer.json["code"] == "malformed"
    assert answer.json["message"].endswith(".")


def test_a_body_of_fifty_megabytes_is_refused(server: Server) -> None:
    """It is told how much is read."""
    answer = server.ask("POST", "checks", b'"' + b"a" * (50 << 20) + b'"')

    assert answer.status == 413
    assert answer.json == {"code": "too-large", "message": "This is larger than 8 MB, the most that is read."}


@pytest.mark.parametrize(
    "path", ["../outside/x.ipynb", "my-work/../../outside/x.ipynb", "/../../etc/passwd", "x\0.ipynb", "link/x.ipynb", "link.ipynb"]
)
def test_a_path_that_leads_out_is_refused(server: Server, path: str) -> None:
    """Dots, zero bytes and links are no way out of the server's folder."""
    outside = server.root.parent / "outside"
    (outside / "x.ipynb").write_text("{}", "utf-8")
    for name, target in (("link", outside), ("link.ipynb", outside / "x.ipynb")):
        if not (server.root / name).is_symlink():
            (server.root / name).symlink_to(target)
    answer = server.ask("POST", "grades", {"path": path})

    assert answer.status == 403
    assert answer.json["code"] == "outside"


@pytest.mark.parametrize(
    "route", ["lessons/course/none/related", "lessons/none/steps/related", "jobs/none", "artifacts/steps-00000000/page"]
)
def test_what_is_not_there_is_said_so(server: Server, route: str) -> None:
    """A 404 has a code and a sentence."""
    answer = server.ask("GET", route)

    assert answer.status == 404
    assert set(answer.json) == {"code", "message"}


@pytest.mark.parametrize("name", ["..", "%2e%2e", "../../work", "steps-0000000g", "a" * 5000])
def test_an_artifact_is_named_never_a_path(server: Server, name: str) -> None:
    """What could not be the name of one is not looked for."""
    assert server.ask("GET", f"artifacts/{quote(name, safe='%')}/zip").status in {404, 414}


def test_a_lesson_is_checked_then_handed_in_and_published(server: Server) -> None:
    """The whole way: a mistake, an answer, a grade, and an artifact whose page is of no origin."""
    path = saved(server, one="one = 1", two="two = 2")
    mistaken = server.ended(
        server.ask("POST", "checks", {"path": path, "cells": cells(one="one = 3", two="two = 2"), "exercise": "one"}).json
    )
    right = server.ended(server.ask("POST", "checks", {"path": path, "cells": cells(one="one = 1", two="two = 2"), "exercise": "one"}).json)
    graded = server.ended(server.ask("POST", "grades", {"path": path}).json)
    artifact = graded["result"]["artifact"]

    assert mistaken["result"]["lesson"]["progress"]["exercises"] == {"one": False}
    assert right["result"]["lesson"]["progress"]["exercises"] == {"one": True}
    assert graded["result"]["verdict"]["passed"]
    assert graded["result"]["note"] is None
    assert server.ask("GET", "artifacts").json == [artifact]
    page = server.ask("GET", f"artifacts/{artifact['id']}/page")
    assert "sandbox allow-scripts" in page.headers["Content-Security-Policy"]
    assert "allow-same-origin" not in page.headers["Content-Security-Policy"]
    assert b"<html" in page.body[:200]
    with zipfile.ZipFile(io.BytesIO(server.ask("GET", f"artifacts/{artifact['id']}/zip").body)) as packed:
        assert f"{artifact['id']}/manifest.json" in packed.namelist()


def test_hints_that_were_shown_are_recorded(server: Server) -> None:
    """The first one when its card is answered, others when the browser says so; what was on no card is no hint."""
    path = saved(server, one="one = 1", two="two = 2")
    data = server.root.parent / "jupyter_data_dir" / "hornbook" / "record.sqlite"

    def seen() -> set[tuple[str, int]]:
        with contextlib.closing(Record.open(data)) as record:
            return {(check, level) for _, course, lesson, check, level in record.hints() if (course, lesson) == ("course", "steps")}

    with contextlib.closing(Record.open(data)) as record:
        record.forget(OWNER)
    unasked = server.ask("POST", "hints", {"path": path, "check": "test_nothing", "shown": 1})
    server.ended(server.ask("POST", "checks", {"path": path, "cells": cells(one="one = 3", two="two = 2"), "exercise": "one"}).json)
    at_once = seen()
    answers = [server.ask("POST", "hints", {"path": path, "check": "test_one", "shown": shown}) for shown in (2, 3, 0, -1)]

    assert at_once == {("test_one", 1)}
    assert [answer.status for answer in (unasked, *answers)] == [404, 200, 404, 404, 404]
    assert (answers[0].json, unasked.json["code"]) == ({"check": "test_one", "shown": 2}, "no-hint")
    assert seen() == {("test_one", 1), ("test_one", 2)}


def test_a_hidden_checks_hint_is_recorded_as_its_own(server: Server) -> None:
    """Hidden checks share a row of the card; the record says which one's hint that was."""
    path = saved(server, one="one = 1", two="two = 2")
    (server.root / "course" / "graders" / "test_steps.py").write_text(GRADER.replace("2 * submission.one", "3 * submission.one"), "utf-8")
    graded = server.ended(server.ask("POST", "grades", {"path": path}).json)
    (server.root / "course" / "graders" / "test_steps.py").write_text(GRADER, "utf-8")
    with contextlib.closing(Record.open(server.root.parent / "jupyter_data_dir" / "hornbook" / "record.sqlite")) as record:
        seen = {check for _, _, _, check, _ in record.hints("course")}

    assert graded["state"] == "done", graded
    assert "test_two_hidden" in seen


def test_all_work_can_be_taken_along(server: Server) -> None:
    """The learner's copies come as one file, which a browser keeps and does not show."""
    server.ask("POST", "lessons/course/steps/work")
    answer = server.ask("GET", "takeaway")

    assert answer.headers["Content-Type"] == "application/zip"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="my-work.zip"'
    with zipfile.ZipFile(io.BytesIO(answer.body)) as packed:
        assert "my-work/course/steps.ipynb" in packed.namelist()
    assert server.ask("GET", "health").json["fleeting"] is False


def test_what_was_passed_is_found_until_it_is_removed(server: Server) -> None:
    """Lessons at once; an artifact when it was handed in, unless the learner keeps it out; and no path of the machine is told."""
    path = saved(server, one="one = 1 # of bees", two="two = 2")
    (lesson,) = server.ask("GET", "find?text=steps&kind=lesson&1764300000000").json
    hidden = server.ended(server.ask("POST", "grades", {"path": path, "listed": False}).json)["result"]["artifact"]
    assert hidden["id"] not in [hit["artifact"] for hit in server.ask("GET", "find?text=bees&kind=artifact").json]
    saved(server, one="one = 1 # of wasps")
    artifact = server.ended(server.ask("POST", "grades", {"path": path}).json)["result"]["artifact"]
    found = server.ask("GET", "find?text=wasps&kind=artifact&assurance=self-checked")
    (hit,) = found.json

    assert (lesson["slug"], lesson["here"], lesson["artifact"]) == ("steps", True, None)
    assert (hit["artifact"], hit["here"], hit["cell"] > 0) == (artifact["id"], False, True)
    assert "wasps" in hit["matched"]
    assert str(server.root).encode() not in found.body
    assert server.ask("DELETE", f"artifacts/{artifact['id']}").json == {"id": artifact["id"]}
    assert server.ask("GET", "find?text=wasps&kind=artifact").json == []
    assert artifact["id"] not in [one["id"] for one in server.ask("GET", "artifacts").json]
    assert server.ask("DELETE", f"artifacts/{artifact['id']}").status == 404


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("minutes=soon", '"minutes" must be a whole number'),
        ("limit=-1", '"limit" must be a whole number'),
        ("colour=red", 'Nothing is found by "colour"'),
        ("since=tomorrow", '"since" must be a date'),
    ],
)
def test_a_search_that_makes_no_sense_is_refused(server: Server, query: str, sentence: str) -> None:
    """With what it should be."""
    answer = server.ask("GET", f"find?text=x&{query}")

    assert answer.status == 422
    assert sentence in answer.json["message"]


def test_no_lesson_teaches_what_no_lesson_is_about(server: Server) -> None:
    """An answer, and an empty one: for an error that nothing here is about, and for a text that is none."""
    for trouble in ("KeyError: 'price'", "it does not work", "\0" * 9_000):
        answer = server.ask("GET", f"lessons/course/steps/teaching?trouble={quote(trouble)}")
        assert (answer.status, answer.json) == (200, [])


def test_what_cannot_be_published_has_passed_all_the_same(server: Server) -> None:
    """Where no artifact can be written, the verdict stands, with a note."""
    path = saved(server, one="one = 1 # again", two="two = 2")
    folder = server.root / "portfolio"
    kept = folder.rename(folder.with_name("kept")) if folder.exists() else None
    folder.write_text("in the way", "utf-8")
    try:
        graded = server.ended(server.ask("POST", "grades", {"path": path}).json)
    finally:
        folder.unlink()
        if kept is not None:
            kept.rename(folder)

    assert graded["result"]["verdict"]["passed"]
    assert graded["result"]["artifact"] is None
    assert "cannot be written" in graded["result"]["note"]


def test_a_loop_is_cancelled_with_all_its_processes_and_the_server_answers_meanwhile(server: Server) -> None:
    """A learner who waits can stop waiting; whoever else asks is answered at once."""
    path = begun(server)
    us = psutil.Process(server.process.pid)
    loop = cells(one="one = 1\nwhile True: hash('spinning')", two="two = 2")
    job = server.ask("POST", "checks", {"path": path, "cells": loop, "exercise": "one"}).json
    before = time.monotonic()
    health = server.ask("GET", "health")
    took = time.monotonic() - before
    cancelled = server.ask("DELETE", f"jobs/{job['id']}")

    assert job["state"] == "running"
    assert health.json["jobs"] == {"running": 1, "waiting": 0}
    assert took < 2.0
    assert cancelled.json["state"] == "cancelled"
    assert _until(lambda: not _spinning(us)), "a process of the cancelled check goes on"


def test_a_stream_in_which_nothing_happens_says_that_it_is_there(server: Server) -> None:
    """A proxy closes what is silent; and when the job is over, so is its stream."""
    loop = cells(one="one = 1\nwhile True: hash('spinning')", two="two = 2")
    job = server.ask("POST", "checks", {"path": begun(server), "cells": loop, "exercise": "one"}).json
    at = urlsplit(server.url)
    stream = http.client.HTTPConnection(str(at.hostname), at.port, timeout=SECONDS)
    stream.request("GET", f"{at.path}hornbook/api/jobs/{job['id']}/events", headers={"Authorization": f"token {server.token}"})
    answer = stream.getresponse()
    lines = iter(answer.readline, b"")
    kept = next(line for line in lines if line.startswith(b":"))
    server.ask("DELETE", f"jobs/{job['id']}")
    rest = list(lines)
    stream.close()

    assert kept == b": still here\n"
    assert b"event: cancelled\n" in rest


def _spinning(server: psutil.Process) -> list[str]:
    """Return the processes below *server* that use the processor."""
    found = []
    for process in server.children(recursive=True):
        try:
            if process.status() == psutil.STATUS_RUNNING and process.cpu_percent(0.1) > 10:
                found.append(process.name())
        except psutil.Error:
            continue
    return found


def _until(holds: Any) -> bool:
    until = time.monotonic() + 20
    while time.monotonic() < until:
        if holds():
            return True
    return False


def test_a_killed_examiner_costs_one_answer(server: Server) -> None:
    """The next check has another."""
    path = begun(server)
    asked = {"path": path, "cells": cells(one="one = 1", two="two = 2"), "exercise": "one"}
    server.ended(server.ask("POST", "checks", asked).json)
    for process in psutil.Process(server.process.pid).children(recursive=True):
        if any("hornbook.grading.examiner" in word for word in process.cmdline()):
            process.kill()
    server.ended(server.ask("POST", "checks", asked).json)
    second = server.ended(server.ask("POST", "checks", asked).json)

    assert second["state"] == "done"


def test_a_grader_that_was_changed_is_the_one_that_asks(server: Server) -> None:
    """An author sees what was written, without starting anything anew."""
    path = begun(server)
    grader = server.root / "course" / "graders" / "test_steps.py"
    asked = {"path": path, "cells": cells(one="one = 7", two="two = 2"), "exercise": "one"}
    before = server.ended(server.ask("POST", "checks", asked).json)
    try:
        grader.write_text(GRADER.replace("submission.one == 1", "submission.one == 7"), "utf-8")
        after = server.ended(server.ask("POST", "checks", asked).json)
    finally:
        grader.write_text(GRADER, "utf-8")

    assert not before["result"]["lesson"]["progress"]["exercises"]["one"]
    assert after["result"]["lesson"]["progress"]["exercises"]["one"]


def test_too_many_jobs_are_refused(server: Server) -> None:
    """One user has eight under way at most."""
    path = begun(server)
    loop = cells(one="one = 1\nwhile True: hash('spinning')", two="two = 2")
    jobs: list[Answer] = []
    try:
        jobs.extend(server.ask("POST", "checks", {"path": path, "cells": loop, "exercise": "one"}) for _ in range(8))
        refused = server.ask("POST", "checks", {"path": path, "cells": loop, "exercise": "one"})
    finally:
        for job in jobs:
            server.ask("DELETE", f"jobs/{job.json['id']}")

    assert refused.status == 429
    assert refused.json["code"] == "too-many"


@pytest.mark.parametrize(
    ("example", "part"),
    [
        ("1 +", "not one Python expression"),
        ("one / 0", "raises ZeroDivisionError"),
        ("os", "no exact literal"),
        ("3 + 4", "asks for nothing"),
    ],
)
def test_an_example_of_which_no_check_can_be_made_is_refused(server: Server, example: str, part: str) -> None:
    """The sentence says why."""
    answer = server.ask("POST", "examples", {"course": "course", "slug": "steps", "exercise": "one", "example": example})

    assert answer.status == 422
    assert part in answer.json["message"]


def test_an_example_becomes_a_check(server: Server) -> None:
    """What the reference solution gives is what the check expects."""
    asked = {"course": "course", "slug": "steps", "exercise": "one", "example": "[one] * 2"}
    answer = server.ask("POST", "examples", asked).json

    assert answer["file"] == "graders/test_steps.py"
    assert "    assert [submission.one] * 2 == [1, 1]\n" in answer["check"]


def test_a_lesson_that_is_proven_can_be_cancelled(server: Server) -> None:
    """Its process ends with all that it has started."""
    job = server.ask("POST", "doctor", {"course": "course", "slug": "steps"}).json
    cancelled = server.ask("DELETE", f"jobs/{job['id']}").json

    assert cancelled["state"] == "cancelled"
    assert _until(lambda: not _authors(server)), "the process goes on"


def _authors(server: Server) -> list[int]:
    found = []
    for process in psutil.Process(server.process.pid).children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):  # it has just ended
            if any("hornbook.server.author" in word for word in process.cmdline()):
                found.append(process.pid)
    return found


def test_a_lesson_is_proven(server: Server) -> None:
    """Each proof is told with what stands against it, and the score of the grader's trial."""
    done = server.ended(server.ask("POST", "doctor", {"course": "course", "slug": "steps"}).json)

    assert done["state"] == "done", done["error"]
    assert {"name", "holds", "problem"} == set(done["result"]["proofs"][0])
    assert done["result"]["score"] is None or 0 <= done["result"]["score"] <= 100


def test_the_description_names_every_address(server: Server) -> None:
    """What is answered is described, and what is described is answered."""
    from hornbook.server.handlers import ROUTES  # noqa: PLC0415 - it brings tornado along

    described = server.ask("GET", "openapi.json").json["paths"]
    as_told = {re.sub(r"\{\w+\}", "{}", path) for path in described}

    assert as_told == {"/" + re.sub(r"\([^)]*\)", "{}", route) for route in ROUTES}


def test_whatever_is_sent_is_answered_as_described(server: Server) -> None:
    """No request of hundreds that fit the description, or nearly, is answered with a 5xx or in another form."""
    command = [str(Path(sys.executable).with_name("schemathesis")), "run", f"{server.url}hornbook/api/openapi.json"]
    command += [f"--url={server.url}hornbook/api", f"--header=Authorization: token {server.token}", "--max-examples=8", "--seed=1"]
    command += ["--phases=examples,fuzzing", "--checks=not_a_server_error,status_code_conformance,response_schema_conformance"]
    told = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, cwd=server.root.parent)  # noqa: S603 - ours

    assert told.returncode == 0, told.stdout[-4000:] + told.stderr[-2000:]
