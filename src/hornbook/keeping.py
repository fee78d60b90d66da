"""What becomes of the results of a run: kept so that nothing is lost, recorded, reported.

with Keeping.open(jsonl=path, record=where, reports=paths, github=True) as keeping:
    done = keeping.begin(run)          which files an earlier run has done
    keeping.again(digest)              what it has found
    keeping.keep(entry)                on the disk and in the record when it returns
    keeping.report(entries, ...)       at the end
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from hornbook.errors import SubmissionError, printable

if TYPE_CHECKING:
    from hornbook.grading.journal import Entry, Journal
    from hornbook.model import Verdict
    from hornbook.record.store import Record
    from hornbook.reports import Report
    from hornbook.terminal import Run


@dataclass(slots=True)
class Keeping:
    """Where results go, besides the terminal. By default nowhere."""

    journal: Journal | None = None
    record: Record | None = None
    reports: tuple[Report, ...] = ()
    github: bool = False
    course: str = ""
    questions: Mapping[str, str] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    paths: Mapping[str, Path] = field(default_factory=dict)

    @classmethod
    @contextlib.contextmanager
    def open(
        cls, *, jsonl: Path | None = None, record: str | None = None, reports: Sequence[Path] = (), github: bool = False
    ) -> Iterator[Keeping]:
        """Give what keeps results so; whatever stands in its way is said before anything is graded, as a HornbookError."""
        with contextlib.ExitStack() as stack:
            keeping = cls(github=github)
            if reports:
                from hornbook.reports import Report  # noqa: PLC0415 - only here

                keeping.reports = tuple(Report.at(path) for path in reports)
            if jsonl is not None:
                from hornbook.grading.journal import Journal  # noqa: PLC0415 - brings grading along

                keeping.journal = stack.enter_context(Journal.open(jsonl))
            if record is not None:
                from hornbook.record.store import Record, place_of  # noqa: PLC0415 - slow to import

                keeping.record = stack.enter_context(contextlib.closing(Record.open(place_of(record))))
            yield keeping

    @property
    def reported(self) -> bool:
        """Whether the results are wanted once more, at the end."""
        return bool(self.reports) or self.github

    def begin(self, run: Run) -> dict[int, tuple[str, str]]:
        """Note what *run* asks, and return which of its files, by their places, were asked the same before: their names and digests."""
        if self.journal is None and self.record is None:
            return {}
        from hornbook.grading.journal import questions  # noqa: PLC0415 - brings grading along
        from hornbook.grading.material import version_of  # noqa: PLC0415
        from hornbook.lesson import digest_of  # noqa: PLC0415
        from hornbook.sandbox.canary import strongest  # noqa: PLC0415

        self.course = run.course.name
        # Before anything is asked: what is edited meanwhile counts as changed.
        options: dict[str, object] = {
            "seed": run.seed,
            "language": run.language,
            "visible_only": run.visible_only,
            "assurance": run.assurance,
        }
        if run.drawing.told:
            options["variants"] = run.drawing.told
        found = questions(run.course, level=strongest().report.level, **options)
        self.questions = {slug: digest for slug, digest in found.items() if run.lesson is None or slug == run.lesson.slug}
        if self.record is not None:
            self.versions = {slug: version_of(run.course, run.course.lesson(slug)) for slug in self.questions}
            self.paths = {printable(name): path for path, name in run.files}
        done: dict[int, tuple[str, str]] = {}
        for place, (path, name) in enumerate(run.files):
            if self.journal is not None and self.journal.knows(printable(name)):
                with contextlib.suppress(SubmissionError):
                    digest = digest_of(path)
                    if self.journal.has(printable(name), digest, self.questions):
                        done[place] = printable(name), digest
        return done

    def again(self, found: tuple[str, str]) -> Entry:
        """Return what an earlier run has found, see `begin`; it is in the record now, if it was not."""
        assert self.journal is not None  # noqa: S101 - for mypy: without it nothing was found
        entry = self.journal.entry(*found)
        self._remember(entry)
        return entry

    def keep(self, entry: Entry) -> Entry:
        """Return *entry*, which is on the disk and in the record by then; raise HornbookError where that was not possible."""
        # In this order: what is in the record is never graded anew, so that there are no two verdicts on one submission.
        if self.journal is not None:
            self.journal.append(entry)
        self._remember(entry)
        return entry

    def _remember(self, entry: Entry) -> None:
        if self.record is not None and entry.verdict is not None:
            lesson, submission = entry.verdict.lesson, entry.verdict.submission
            work = f"{entry.learner}\0{self.course}\0{lesson.slug}\0{submission.digest}\0{entry.question}"
            self.record.grade(
                entry.learner,
                self.course,
                entry.verdict,
                work=hashlib.sha256(work.encode()).hexdigest(),
                bound=self.versions.get(lesson.slug),
                source=self._source(entry.name, submission.digest),
            )

    def _source(self, name: str, digest: str) -> bytes | None:
        """Return what is read of the notebook *name*, unless its file is another one by now than the one with that *digest*."""
        from hornbook.lesson import SubmissionFile  # noqa: PLC0415 - brings grading along

        with contextlib.suppress(SubmissionError, KeyError):
            file = SubmissionFile.open(self.paths[name])
            return file.to_json() if file.digest == digest else None
        return None

    @contextlib.contextmanager
    def telling(self, tell: Callable[[str], None]) -> Iterator[None]:
        """Have nothing that is printed in this block be read as a command of the pipeline that it is printed in; *tell* speaks to that."""
        if not self.github:
            yield
            return
        from hornbook.reports.github import commands_stopped  # noqa: PLC0415 - only here

        with commands_stopped(tell):
            yield

    def report(self, entries: Iterable[Entry], title: str, paths: Mapping[str, Path], tell: Callable[[str], None]) -> None:
        """Write every report over *entries*, of files by their names at *paths*; *tell* prints what a pipeline shows beside them."""
        for report in self.reports:
            report.write(entries, title)
        if self.github:
            from hornbook.reports.github import annotate, summarise  # noqa: PLC0415 - only here

            summarise(entries, title)
            for words in annotate(entries, paths):
                tell(words)


@contextlib.contextmanager
def noting(where: str, run: Run, hints: int) -> Iterator[Callable[[Path, Verdict], None]]:
    """Give what remembers in the record *where* how the exercises of *run* stand, and up to *hints* hints for each check as shown.

    To a program all hints are given, so all are noted.
    """
    from hornbook.grading.journal import learner_of  # noqa: PLC0415 - brings grading along
    from hornbook.record.store import Record, place_of  # noqa: PLC0415 - slow to import

    names = dict(run.files)
    with contextlib.closing(Record.open(place_of(where))) as record:

        def remember(path: Path, verdict: Verdict) -> None:
            learner = learner_of(names[path])
            record.practise(learner, run.course.name, verdict)
            given = {outcome.check: len(outcome.hints) for outcome in verdict.outcomes if not outcome.passed and outcome.hints}
            shown = given if run.as_json else {check: min(number, hints) for check, number in given.items()}
            record.hinted(learner, run.course.name, verdict.lesson.slug, shown)

        yield remember
