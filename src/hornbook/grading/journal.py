"""What a batch has done so far, one line of JSON for each result: on the disk before it counts as done, and taken up again.

    with Journal.open(path) as journal:
        if journal.has(name, digest, questions):    an earlier run has asked the very same
            entry = journal.entry(name, digest)
        journal.append(entry)                       on the disk when it returns

A line is appended whole and synchronised, so that whatever ends us, at most the last line is torn; that one is cut off when the file is
opened again, and its notebook graded again. A lock keeps a second run out, and ends with whoever holds it.
"""

from __future__ import annotations

import contextlib
import fcntl
import functools
import hashlib
import os
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import IO, TYPE_CHECKING, Any, Literal, Self

from hornbook.errors import CourseError, HornbookError, printable
from hornbook.model import Verdict

if TYPE_CHECKING:
    from hornbook.course import Course
    from hornbook.lesson import Lesson

LINE_BYTES = 256 << 20
"""No line is longer; a file with a longer one is none of ours."""

BEGINNING = b'{"format":1,"name":'
NAME_LENGTH = 200
"""How long a learner's name is at most, in characters: as long as the record has room for."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why there is no verdict: the sentence, what kind of error it is, and its exit code."""

    error: str
    kind: str
    exit_code: int

    @classmethod
    def of(cls, error: HornbookError) -> Refusal:
        """Return what *error* says."""
        return cls(str(error), type(error).__name__, error.exit_code)


@dataclass(frozen=True, slots=True)
class Entry:
    """What came of one notebook: a verdict, or what kept it from being had.

    `name` is that of its file below the folder that was given, `learner` whose it is, and `question` the digest of all that it was
    asked with: lesson, grader, feedback, settings, environment and options.
    """

    name: str
    learner: str
    question: str = ""
    verdict: Verdict | None = None
    refusal: Refusal | None = None
    format: Literal[1] = field(default=1)

    @property
    def exit_code(self) -> int:
        """What a command ends with that has this to tell: 0 passed, 1 not yet, 2 refused, 3 held up through no fault of the learner's."""
        if self.verdict is None:
            return self.refusal.exit_code if self.refusal else HornbookError.exit_code
        return 3 if self.verdict.broken else 0 if self.verdict.passed_so_far else 1

    @property
    def word(self) -> str:
        """The same in a word; what passes all checks, and has answers for a person, is "to read"."""
        if self.exit_code == 0 and self.verdict is not None and self.verdict.manual:
            return "to read"
        return {0: "passed", 1: "not yet", 2: "refused"}.get(self.exit_code, "held up")

    def to_json(self) -> bytes:
        """Return the entry as one line of JSON, its end included."""
        import msgspec  # noqa: PLC0415 - kept out of `import hornbook`

        parts = {"format": self.format, "name": self.name, "learner": self.learner, "question": self.question}
        parts |= {} if self.verdict is None else {"verdict": self.verdict}
        parts |= {} if self.refusal is None else {"refusal": self.refusal}
        return msgspec.json.encode(parts) + b"\n"

    @classmethod
    def from_json(cls, line: bytes) -> Entry:
        """Return the entry in *line*; raise HornbookError if it is none."""
        import msgspec  # noqa: PLC0415 - kept out of `import hornbook`

        try:
            return msgspec.json.decode(line, type=cls)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise HornbookError(f"This is not a result of format 1: {error}.") from error


def learner_of(name: str) -> str:
    """Return whose the notebook *name* is, a path below the folder that was given: its first folder's, or else its own without the suffix.

    >>> learner_of("ada/week 1/loops.ipynb"), learner_of("ben.ipynb")
    ('ada', 'ben')
    """
    parts = PurePath(name).parts
    # A zip that was packed on a Mac has its accents apart from their letters; that makes nobody somebody else.
    whole = unicodedata.normalize("NFC", printable(parts[0] if len(parts) > 1 else PurePath(name).stem))
    if len(whole) <= NAME_LENGTH:
        return whole
    return f"{whole[: NAME_LENGTH - 17]}…{hashlib.sha256(whole.encode()).hexdigest()[:16]}"


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a line stands, and what must be known of it without keeping all of it."""

    start: int
    size: int
    question: str
    slug: str


@dataclass(slots=True)
class Journal:
    """The file of results at `path`. A context manager; `open` takes the lock. Holds no verdict in memory."""

    path: Path
    file: IO[bytes]
    places: dict[tuple[str, str], _Place] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)
    end: int = 0

    @classmethod
    def open(cls, path: Path) -> Journal:
        """Return the journal at *path*, which is made where there is none, a torn last line cut off.

        Raises HornbookError where it cannot be written, another run is writing it, or it is no such file.
        """
        if os.path.lexists(path) and not os.path.isfile(path):  # noqa: PTH113 - unlike pathlib's, it never raises
            raise HornbookError(f"{printable(path)}: is no plain file. Choose another file for --jsonl.")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            file = path.open("a+b", buffering=0)
            _synchronise_folder(path.parent)
        except OSError as error:
            raise HornbookError(f"{printable(path)}: cannot be written ({error.strerror}). Choose another file for --jsonl.") from error
        journal = cls(path, file)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            with path.open("rb") as lines:
                for start, line in _whole_lines(lines, path):
                    journal._note(start, line)
            file.truncate(journal.end)
        except BlockingIOError as error:
            file.close()
            raise HornbookError(
                f"{printable(path)}: another run is writing its results there. Wait for its end, or choose another file for --jsonl."
            ) from error
        except BaseException:
            file.close()
            raise
        return journal

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()

    def __len__(self) -> int:
        """Return how many verdicts are in it."""
        return len(self.places)

    def knows(self, name: str) -> bool:
        """Return whether there is a verdict on any notebook *name*."""
        return name in self.names

    def has(self, name: str, digest: str, questions: Mapping[str, str]) -> bool:
        """Return whether the notebook *name* with that SHA-256 has a verdict, and would by *questions* be asked the same again."""
        place = self.places.get((name, digest))
        return place is not None and questions.get(place.slug) == place.question

    def entry(self, name: str, digest: str) -> Entry:
        """Return what was found for the notebook *name* with that SHA-256; raise KeyError where nothing was."""
        place = self.places[name, digest]
        return Entry.from_json(os.pread(self.file.fileno(), place.size, place.start))

    def append(self, entry: Entry) -> None:
        """Write *entry*; when this returns, it is on the disk. Raises HornbookError where there is no room, and leaves nothing torn."""
        line = entry.to_json()
        try:
            _write_whole(self.file, line)
            os.fsync(self.file.fileno())
        except OSError as error:
            with contextlib.suppress(OSError):
                self.file.truncate(self.end)
            raise HornbookError(
                f"{printable(self.path)}: cannot be written ({error.strerror}). The {len(self)} verdicts in it stay: "
                "make room, and run the same command again to go on."
            ) from error
        self._note(self.end, line)

    def _note(self, start: int, line: bytes) -> None:
        head = _head(line)
        if head.verdict is not None:
            # A refusal costs nothing to find again, and what was in its way may be gone by then.
            place = _Place(start, len(line), head.question, head.verdict.lesson.slug)
            self.places[head.name, head.verdict.submission.digest] = place
            self.names.add(head.name)
        self.end = start + len(line)


def entries(path: Path) -> Iterator[Entry]:
    """Yield the results in the file at *path*, of each notebook the last one, by name; a torn last line is left out.

    Raises HornbookError where it cannot be read, or is no such file.
    """
    try:
        with path.open("rb") as file:
            lines: dict[str, tuple[int, int]] = {}
            for start, line in _whole_lines(file, path):
                lines[_head(line).name] = start, len(line)
            for _, (start, size) in sorted(lines.items()):
                yield Entry.from_json(os.pread(file.fileno(), size, start))
    except OSError as error:
        raise HornbookError(f"{printable(path)}: cannot be read ({error.strerror}).") from error


def _whole_lines(file: IO[bytes], path: Path) -> Iterator[tuple[int, bytes]]:
    """Yield where each line begins, and the line, but not a last one that is torn; raise HornbookError for a file that is not ours."""
    start = 0
    for number, line in enumerate(iter(lambda: file.readline(LINE_BYTES), b""), 1):
        try:
            _head(line if line.endswith(b"\n") else b"torn")
        except HornbookError as error:
            # What was being written when the machine lost its power may be nothing but zeros.
            ours = line.startswith(BEGINNING) or BEGINNING.startswith(line) or not line.strip(b"\0\n")
            if ours and not file.read(1):
                return
            raise HornbookError(
                f"{printable(path)}: line {number} is no result of hornbook's, so the file was left alone. Choose another one."
            ) from error
        yield start, line
        start += len(line)


def _write_whole(file: IO[bytes], data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[file.write(view) :]


def _synchronise_folder(folder: Path) -> None:
    """Have the name of a new file on the disk, too."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@functools.cache
def _heads() -> Any:
    """Return what decodes the parts of a line that are wanted when a file is opened; the others cost no memory."""
    import msgspec  # noqa: PLC0415 - kept out of `import hornbook`

    lesson = msgspec.defstruct("_Lesson", [("slug", str)])
    submission = msgspec.defstruct("_Submission", [("digest", str)])
    verdict = msgspec.defstruct("_Verdict", [("lesson", lesson), ("submission", submission)])
    head = msgspec.defstruct("_Head", [("format", Literal[1]), ("name", str), ("question", str), ("verdict", verdict | None, None)])
    return msgspec.json.Decoder(head)


def _head(line: bytes) -> Any:
    """Return the format, name, question and the digests of *line*; raise HornbookError if it is no entry."""
    import msgspec  # noqa: PLC0415 - kept out of `import hornbook`

    try:
        return _heads().decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise HornbookError(f"This is not a result of format 1: {error}.") from error


def questions(course: Course, **options: object) -> dict[str, str]:
    """Return for each lesson of *course*, by slug, the SHA-256 of all that a submission is asked with: files, environment, *options*.

    A lesson that cannot be asked about has none.
    """
    found: dict[str, str] = {}
    for lesson in course.lessons:
        with contextlib.suppress(CourseError):
            found[lesson.slug] = _question(course, lesson, options)
    return found


def _question(course: Course, lesson: Lesson, options: Mapping[str, object]) -> str:
    import msgspec  # noqa: PLC0415 - kept out of `import hornbook`

    from hornbook.grading.material import digests, version_of  # noqa: PLC0415 - brings the sandbox along
    from hornbook.grading.preparation import runtime  # noqa: PLC0415 - the same

    parts = {
        "version": version_of(course, lesson),
        # What is said is a part of a verdict, too.
        "said": (digests(course, course.judges(lesson.slug)), course.settings.language),
        "runtime": runtime(),
        "options": options,
    }
    return hashlib.sha256(msgspec.json.encode(parts, order="sorted")).hexdigest()
