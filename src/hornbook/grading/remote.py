"""The far end of a cluster: what a worker does with a question that came as bytes, and answers as bytes.

    answer(question)              one message of `wire` each way; nothing that is pickled is ours
      ("verdict", who, json)      a verdict, for the other side to doubt
      ("refused", who, ...)       why there is none
      ("needs", who)              the lesson and its grader are not here yet: ask again with the material
      ("differs", who, runtime)   another Python, package or hornbook than was asked for
      ("failed", who, why)        this worker could not, another one may

The material lies in a private folder that nobody else may enter. It is removed with the worker, even where that one is killed.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import select
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from hornbook import wire
from hornbook.course import Course
from hornbook.errors import CourseError, GraderError, HornbookError, printable
from hornbook.grading.examiner import LIMITS, PATIENCE, START_SECONDS, Examiner, _decode, _encode, _refusal, _unpacked
from hornbook.grading.material import judges_of
from hornbook.grading.preparation import files_beside
from hornbook.model import Assurance

if TYPE_CHECKING:
    from hornbook.config import Settings
    from hornbook.lesson import Lesson

MATERIALS = 8
"""Of how many lessons at most a worker keeps graders warm."""

KEY_MARKS = (b"PRIVATE KEY-----", b"PRIVATE KEY BLOCK", b'"publicKey": "z')
"""What is in a file that holds a private key: PEM, OpenSSH's and PGP's, and those of `publish.keys`."""

REAPER = "import shutil, sys; sys.stdin.read(); shutil.rmtree(sys.argv[1], ignore_errors=True)"
"""Outlives the process that started it by as long as it takes to remove that one's folder."""


def material_of(course: Course, lesson: Lesson) -> bytes:
    """Return what grades a submission to *lesson* somewhere else: the lesson, its grader and hints, what they share, and the settings.

    Its solution goes along where a check asks the reference: without it there would be no answer.

    Raises CourseError where that would take a private key along.
    """
    paths = dict.fromkeys((lesson.path, *course.judges(lesson.slug), *judges_of(course, lesson.slug), *files_beside(lesson.path.parent)))
    files: dict[str, bytes] = {}
    for path in paths:
        content = path.read_bytes()
        if any(mark in content for mark in KEY_MARKS):
            raise CourseError(path, "holds a private key, and keys do not leave this machine. Move it out of the course's folders.")
        files[path.relative_to(course.root).as_posix()] = content
    return wire.encode((_encode(course.settings), files), limits=LIMITS)


def this_runtime() -> str:
    """Return what this machine grades with, as it is compared: Python, the installed packages, hornbook."""
    from hornbook.grading.preparation import runtime  # noqa: PLC0415 - brings the sandbox along

    return json.dumps(asdict(runtime()), sort_keys=True)


def answer(question: bytes, material: bytes = b"") -> bytes:
    """Return the answer to *question*, with the *material* if it was asked for. This is what a cluster runs, by this function's name."""
    who = _address()
    try:
        digest, slug, runtime, patience, submission, how = _read(question)
        if runtime != _ours():
            return _message("differs", who, _ours())
        with _outpost().post(digest, material) as post:
            if post is None:
                return _message("needs", who)
            return _message(*_graded(post, who, slug, patience, submission, how))
    except HornbookError as error:
        kind, *rest = _refusal(error)[1:]
        return _message("refused", who, kind, *rest)
    except Exception as error:  # noqa: BLE001 - one that Dask cannot pickle would never arrive, and be waited for for ever
        return _message("failed", who, f"{type(error).__name__}: {printable(str(error))[:300]}")


def _graded(post: _Post, who: str, slug: str, patience: float, submission: Any, how: dict[str, Any]) -> tuple[object, ...]:
    """Return what comes of *submission*, and of a grader that hangs that it does."""
    course = post.examiner.course
    try:
        with post.examiner.seat(slug) as seat:
            seat.send(_unpacked(submission), **{**how, "assurance": Assurance(how["assurance"])})
            poll = select.poll()
            poll.register(seat, select.POLLIN)
            if not poll.poll(patience * 1000):
                raise GraderError(course.grader(slug), "did not come to an end, or does not even begin.")
            return "verdict", who, seat.receive().to_json()
    except HornbookError as error:
        tag, kind, *rest = _refusal(error)
        # The other side has the same file at another place.
        return tag, who, kind, *(one.removeprefix(f"{course.root}/") for one in rest)


def _read(question: bytes) -> tuple[str, str, str, float, Any, dict[str, Any]]:
    match wire.decode(question, limits=LIMITS):
        case (str() as digest, str() as slug, str() as runtime, float() as patience, tuple() as submission, dict() as how):
            return digest, slug, runtime, patience, submission, how
    raise HornbookError("A cluster's task is no question of this hornbook's. Install the same release on both sides.")


def patience_with(settings: Settings) -> float:
    """Return how many seconds may pass before a grader is said to hang."""
    return START_SECONDS + 2 * PATIENCE + 4 * settings.limits.total_seconds


def _message(*parts: object) -> bytes:
    return wire.encode(parts, limits=LIMITS)


def _address() -> str:
    from distributed import get_worker  # noqa: PLC0415 - the extra, and heavy

    try:
        return str(get_worker().address)
    except ValueError:
        return "here"


@functools.cache
def _ours() -> str:
    return this_runtime()


@dataclass(slots=True)
class _Post:
    """The examiner for one material, in its folder, and how many are being asked there."""

    examiner: Examiner
    asked: int = 0


@dataclass(slots=True)
class _Outpost:
    """What a worker keeps from one question to the next. Safe to share between its threads."""

    folder: Path
    reaper: subprocess.Popen[bytes]
    posts: dict[str, _Post] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def open(cls) -> _Outpost:
        """Return an empty one, whose folder is removed when this process has ended, however it does."""
        folder = Path(tempfile.mkdtemp(prefix="hornbook-worker-"))
        reaper = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-I", "-S", "-c", REAPER, str(folder)], stdin=subprocess.PIPE, start_new_session=True
        )
        return cls(folder, reaper)

    @contextlib.contextmanager
    def post(self, digest: str, material: bytes) -> Iterator[_Post | None]:
        """Give what grades with the material of that *digest*, or None where it is not here and did not come along."""
        with self.lock:
            post = self.posts.pop(digest, None)
            if post is None and material:
                self._make_room()
                post = _Post(self._unpacked(digest, material))
            if post is not None:
                # At the end: what was used last goes last.
                self.posts[digest] = post
                post.asked += 1
        try:
            yield post
        finally:
            if post is not None:
                with self.lock:
                    post.asked -= 1

    def _make_room(self) -> None:
        idle = [digest for digest, post in self.posts.items() if not post.asked]
        for digest in idle[: max(0, len(self.posts) - MATERIALS + 1)]:
            examiner = self.posts.pop(digest).examiner
            examiner.close()
            shutil.rmtree(examiner.course.root, ignore_errors=True)

    def _unpacked(self, digest: str, material: bytes) -> Examiner:
        """Return an examiner for the course in *material*, which lies in a folder of its own by then."""
        match wire.decode(material, limits=LIMITS):
            case (bytes() as settings, dict() as files) if hashlib.sha256(material).hexdigest() == digest:
                from hornbook.config import Settings as Kind  # noqa: PLC0415 - only here

                root = self.folder / digest
                for name, content in files.items():
                    _write(root, name, content)
                return Examiner(Course(root, _decode(settings, Kind)))
        raise HornbookError("A lesson's material came to a worker with another digest than was said.")


def _write(root: Path, name: str, content: bytes) -> None:
    place = PurePosixPath(name)
    if place.is_absolute() or ".." in place.parts or place.parts[0] not in {"lessons", "graders", "feedback"}:
        raise HornbookError(f"{printable(name)}: is no place in a course.")
    path = root / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


@functools.cache
def _outpost() -> _Outpost:
    return _Outpost.open()
