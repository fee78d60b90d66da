"""The invariant under attack: each file in `attacks/` is a learner's way to points that are not earned, or to this machine.

An attack is put around a wrong answer to one exercise, `total`: the sum of the squares of the positive numbers. It must
earn what that answer earns and nothing else, end in time, learn nothing hidden, and leave nothing behind: at level 4 and
at level 3, in a shell and, where it is after a kernel, in a kernel, each forked warm or started cold.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import os
import re
import runpy
import secrets
import sqlite3
import subprocess
import tempfile
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from hornbook import Course, grade
from hornbook.errors import SandboxError, SubmissionError
from hornbook.grading.preparation import policy_for
from hornbook.lesson import Cell, Lesson, fill, write_lesson
from hornbook.model import Status, Verdict
from hornbook.sandbox import open_sandbox
from hornbook.sandbox.canary import Strength, measure, modes_level
from hornbook.sandbox.forkserver import ForkServers
from hornbook.sandbox.policy import Policy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hornbook.lesson import Submission
    from hornbook.sandbox.policy import Mode

ROOT = Path(__file__).parents[1]
TOTAL_SECONDS = 25
GRADER = '''
"""Total: the sum of the squares of the positive numbers."""
import pytest

@pytest.mark.exercise("total", points=5)
@pytest.mark.timeout(2)
def test_visible(submission):
    """The total of 1, 2 and 3 is 14"""
    assert submission.total([1, 2, 3]) == 14

@pytest.mark.exercise("total", hidden=True)
@pytest.mark.timeout(1)
@pytest.mark.parametrize(("xs", "expected"), [([-1, 4], 16), ([], 0), ([2], 4), ([7, -7, 2], 53), ([SECRET, -SECRET], SECRET**2)])
def test_hidden(submission, xs, expected):
    """Negative numbers do not count, and an int comes back"""
    came = submission.total(xs)
    assert came == expected
    assert type(came) is int

# What authors also write: an operator that a learner's class can define. They are worth nothing, and must not pass.
@pytest.mark.exercise("total", points=0, hidden=True)
@pytest.mark.timeout(1)
@pytest.mark.parametrize("holds", [
    lambda came, expected: expected <= came <= expected and expected in ([came] if type(came) is int else came),
    lambda came, expected: abs(came - expected) < 1e-9 and abs(expected - came) < 1e-9,
    lambda came, expected: came % (2 * expected) == expected and not (came - expected),
])
def test_loose(submission, holds):
    """The total of 3 and a large number is right, one way or another"""
    assert holds(submission.total([3, SECRET]), 9 + SECRET**2)
'''
SOLUTION = "# %% total\ndef total(xs):\n    return sum(x * x for x in xs if x > 0)\n"
HONEST = "def total(xs):\n    return sum(xs)\n"
"""A mistaken answer without any attack: nothing but the sum of nothing is right."""


@dataclass(frozen=True)
class Attack:
    """One file of the corpus: an answer, what is done to the submitted file, and what the answer honestly earns."""

    name: str
    answer: str
    earns: float = 0.0
    kernel: bool = False
    cold: bool = False
    again: bool = False
    link: bool = False
    refused: str | None = None
    beside: dict[str, str] = field(default_factory=dict)
    tamper: Callable[[dict[str, Any]], None] | None = None
    rewrite: Callable[[str], str] | None = None

    @classmethod
    def read(cls, path: Path) -> Attack:
        """Return the attack in the file at *path*."""
        words = runpy.run_path(str(path))
        given = {name.lower(): words[name] for name in ("EARNS", "KERNEL", "COLD", "AGAIN", "LINK", "REFUSED", "BESIDE") if name in words}
        return cls(path.stem, words["ANSWER"], tamper=words.get("tamper"), rewrite=words.get("rewrite"), **given)


ATTACKS = [Attack.read(path) for path in sorted((Path(__file__).parent / "attacks").glob("*.py"))]


@dataclass(frozen=True)
class Target:
    """A course, a folder that only the trusted side may write to, and the secrets that must not be told."""

    course: Course
    mark: Path
    secret: int
    token: str

    @classmethod
    def make(cls, folder: Path) -> Target:
        """Make it in *folder*, with a grader that asks for a number drawn now."""
        root, mark, secret = folder / "course", folder / "mark", secrets.randbelow(10**12) + 10**12
        for part in ("lessons", "graders", "feedback"):
            (root / part).mkdir(parents=True)
        mark.mkdir()
        cells = (
            Cell("markdown", "# Totals", id="intro"),
            Cell("code", "def total(xs):\n    ...\n", exercise="total", id="total"),
            Cell("code", "print('the end')", id="end"),
        )
        write_lesson(
            Lesson(
                path=root / "lessons" / "totals.ipynb",
                slug="totals",
                title="Totals",
                version="1.0.0",
                summary="Squares of what is positive, added up.",
                objectives=("Add squares",),
                level="beginner",
                minutes=5,
                authors=("hornbook maintainers",),
                licence="CC-BY-4.0",
                cells=cells,
            )
        )
        (root / "pyproject.toml").write_text(
            f"[tool.hornbook.limits]\ntotal_seconds = {TOTAL_SECONDS}\nmemory_mb = 512\ndisk_mb = 64\nfile_mb = 32\n", "utf-8"
        )
        (root / "graders" / "test_totals.py").write_text(GRADER.replace("SECRET", str(secret)), "utf-8")
        (root / "graders" / "totals.solution.py").write_text(SOLUTION, "utf-8")
        with contextlib.closing(sqlite3.connect(root / "gradebook.db")) as book, book:
            book.execute("create table grade (score integer)")
            book.execute("insert into grade values (0)")
        return cls(Course.open(root), mark, secret, secrets.token_hex(8))

    def aimed(self, text: str) -> str:
        """Return *text* with the places that the attack is after."""
        places = {"@MARK@": self.mark, "@COURSE@": self.course.root, "@TOKEN@": self.token, "@PID@": os.getpid()}
        return functools.reduce(lambda sofar, word: sofar.replace(word, str(places[word])), places, text)

    def hand_in(self, attack: Attack, folder: Path) -> Path:
        """Return the path of the file that the attacker hands in."""
        folder.mkdir()
        path = folder / "totals.ipynb"
        notebook = self.course.lesson("totals").to_notebook({"total": attack.answer})
        if attack.tamper is not None:
            attack.tamper(notebook)
        text = self.aimed(json.dumps(notebook, ensure_ascii=False))
        path.write_text(attack.rewrite(text) if attack.rewrite else text, "utf-8")
        for name, content in attack.beside.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(self.aimed(content), "utf-8")
        if attack.link:
            path.rename(folder / "neighbour.ipynb")
            path.symlink_to(folder / "neighbour.ipynb")
        return path

    def fingerprint(self) -> dict[str, str]:
        """Return what lies in the course and in the forbidden folder, with a digest of each file."""
        files = [path for root in (self.course.root, self.mark) for path in sorted(root.rglob("*")) if path.is_file()]
        return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files if "__pycache__" not in path.parts}

    def processes(self) -> list[str]:
        """Return the command lines of our own children, and of whoever carries the attack's token."""
        found = []
        for child in psutil.Process().children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):  # it has just ended, as it should
                if child.status() != psutil.STATUS_ZOMBIE:
                    found.append(" ".join(child.cmdline()))
        return found + [str(process.pid) for process in psutil.process_iter(["cmdline"]) if self.token in (process.info["cmdline"] or [])]


@functools.cache
def strength(mode: Mode) -> Strength:
    """Return what the sandbox of *mode* is seen to hold here; skip where it does not hold what its name says."""
    try:
        found = measure((mode,))
    except SandboxError as error:
        pytest.skip(str(error))
    if found.report.level < modes_level(mode):
        pytest.skip(f"mode {mode!r} reaches level {found.report.level} only")
    return found


@pytest.fixture
def target(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Target]:
    """Give a course to attack; afterwards course, forbidden folder, processes and temporary files must be as before."""
    monkeypatch.setenv("GITHUB_TOKEN", "a secret of the grader's")
    monkeypatch.setenv("GITHUB_OUTPUT", str(tmp_path / "mark" / "github-output"))
    # The sandbox puts its own folder here, under another user's name; and a socket's path must be short.
    folder = Path(tempfile.mkdtemp(prefix="hba-", dir="/tmp"))
    folder.chmod(0o711)
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    target = Target.make(tmp_path)
    before = (target.fingerprint(), target.processes(), len(list(Path("/proc/self/fd").iterdir())))
    yield target
    monkeypatch.undo()
    left = sorted(folder.iterdir())
    # rm(1) has no limit of depth, which Python's own way of removing a tree has.
    subprocess.run(["/bin/rm", "-rf", "--", str(folder)], check=True)  # noqa: S603 - our own folder

    assert (target.fingerprint(), target.processes()) == before[:2]
    assert left == []
    assert len(list(Path("/proc/self/fd").iterdir())) <= before[2]


@dataclass(frozen=True)
class Way:
    """How a submission is run: in which kind of sandbox, forked warm or started cold, in a shell or in a real ipykernel."""

    mode: Mode
    warm: bool = True
    kernel: bool = False

    def __str__(self) -> str:
        return f"level-{modes_level(self.mode)}-{'warm' if self.warm else 'cold'}{'-kernel' * self.kernel}"

    def grade(self, submission: Path | Submission, target: Target, servers: ForkServers) -> Verdict:
        """Return the verdict on *submission*, run in this way."""

        def policy_of(course: Course, lesson: Lesson, mode: Mode) -> Policy:
            return replace(policy_for(course, lesson, mode), kernel=self.kernel)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("hornbook.grading.preparation.policy_for", policy_of)
            return grade(submission, target.course, strength=strength(self.mode), warm=servers if self.warm else None)


LEVELS: tuple[Mode, ...] = ("namespaces", "landlock")


def ways(attack: Attack) -> list[Way]:
    """Return the ways in which *attack* is tried: a shell at both levels, and whatever else it is after."""
    tried = [Way(mode) for mode in LEVELS]
    tried += [Way(mode, warm=False, kernel=True) for mode in LEVELS if attack.kernel]
    tried += [Way(mode, warm=False) for mode in LEVELS if attack.cold]
    return tried


TRIED = [pytest.param(attack, way, id=f"{attack.name}-{way}") for attack in ATTACKS for way in ways(attack)]


@pytest.fixture(scope="module")
def servers() -> Iterator[ForkServers]:
    """Give fork servers that all attacks share: what one of them could leave behind there, the next would find."""
    with ForkServers() as servers:
        for kernel in (False, True):
            with open_sandbox(Policy(mode="limits", kernel=kernel), server=servers.preloaded((), kernel=kernel)):
                pass
        yield servers


def hidden(verdict: Verdict) -> list[Status]:
    """Return how the hidden checks that are worth something ended."""
    return [outcome.status for outcome in verdict.outcomes if outcome.hidden and outcome.points]


@pytest.mark.parametrize(("attack", "way"), TRIED)
def test_an_attack_comes_to_nothing(attack: Attack, way: Way, target: Target, servers: ForkServers, tmp_path: Path) -> None:
    """The points of its answer, no more, and nobody is harmed; the next learner, who is honest but mistaken, stays so."""
    strength(way.mode)
    path = target.hand_in(attack, tmp_path / "work")
    started = time.perf_counter()
    if attack.refused is not None:
        with pytest.raises(SubmissionError, match=rf"totals\.ipynb: .*({attack.refused})"):
            way.grade(path, target, servers)
        return
    verdict = way.grade(path, target, servers)
    took = time.perf_counter() - started
    said = verdict.to_json().decode()

    assert (verdict.points.earned, verdict.points.possible) == (attack.earns, 10.0)
    assert verdict.passed is (attack.earns == 10.0)
    assert {outcome.status for outcome in verdict.outcomes} <= ENDINGS
    assert {outcome.passed for outcome in verdict.outcomes if not outcome.points} == {verdict.passed}
    assert [word for word in (str(target.secret), str(target.secret**2), "LEAKED", "a secret of the grader's") if word in said] == []
    assert took < TOTAL_SECONDS
    if attack.again:
        verdict = way.grade(fill(target.course.lesson("totals"), {"total": HONEST}), target, servers)

        assert (verdict.points.earned, hidden(verdict).count(Status.PASSED)) == (1.0, 1)


ENDINGS = {Status.PASSED, Status.FAILED, Status.TIMED_OUT, Status.OUT_OF_MEMORY, Status.FORBIDDEN}
"""How a check of an attack may end: never broken, which would cost it no points."""


SHIPPED = [
    attack
    for attack in ATTACKS
    if attack.name
    in {
        "strips_asserts",
        "traces_every_line",
        "fakes_imports",
        "patches_the_agent",
        "rewrites_replies",
        "swallows_errors",
        "claims_success",
        "leaves_links",
    }
]


@functools.cache
def baseline(exercise: str, answer: str) -> tuple[str, ...]:
    """Return how the checks of the shipped lesson end for the wrong answer alone."""
    course = Course.open(ROOT)
    verdict = grade(fill(course.lesson("tidy_expenses"), {exercise: answer}), course, seed=1)
    return tuple(outcome.status.value for outcome in verdict.outcomes)


@pytest.mark.parametrize("attack", SHIPPED, ids=lambda attack: attack.name)
def test_an_attack_gains_nothing_in_a_shipped_lesson(attack: Attack, target: Target) -> None:
    """Put before a wrong answer to a lesson of ours, it earns what the wrong answer earns; it may hang itself on the way."""
    course = Course.open(ROOT)
    wrong = "\ndef parse_line(line):\n    return line\n"
    answer = target.aimed(attack.answer) + wrong
    verdict = grade(fill(course.lesson("tidy_expenses"), {"parse_line": answer}), course, seed=1)

    ended = zip(verdict.outcomes, baseline("parse_line", wrong), strict=True)
    assert all(outcome.status in {expected, Status.TIMED_OUT} for outcome, expected in ended)
    assert verdict.points.earned == 0.0


EVERY_WAY = [Way(mode, warm, kernel) for mode in LEVELS for warm in (True, False) for kernel in (True, False)]


@pytest.mark.parametrize("way", EVERY_WAY, ids=str)
def test_the_honest_answer_earns_everything(way: Way, target: Target, servers: ForkServers) -> None:
    """The course that is attacked is one that can be passed: else nothing above would mean anything."""
    verdict = way.grade(fill(target.course.lesson("totals"), {"total": SOLUTION}), target, servers)

    assert (verdict.points.earned, verdict.passed) == (10.0, True)


def test_the_corpus_is_whole() -> None:
    """Each attack says in one sentence what it does, and none is named twice."""
    texts = [path.read_text("utf-8") for path in (Path(__file__).parent / "attacks").glob("*.py")]

    assert len(texts) >= 57
    assert all(re.match(r'"""[A-Z][^\n]*\."""\n', text) for text in texts)
