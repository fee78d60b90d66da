"""Draws a Verdict for a terminal: what was asked, what came, what was expected, and one next step.

    render(verdict)      something that rich can print
    plain(verdict)       the same as text, without colour, for a pipe, a file or a test
    as_text(drawn)       anything else that is drawn, as such text
    headline(verdict)    what it comes to, in one sentence

Nothing is told by colour alone, and no text of a verdict is ever read as markup: lessons, learners and files wrote it.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.console import Console, Group
from rich.constrain import Constrain
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from hornbook.errors import printable
from hornbook.model import Assurance, Status
from hornbook.words import say, written

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from rich.console import RenderableType

    from hornbook.model import Outcome, Verdict

WIDTH = 100
"""How wide a verdict gets at most, in columns; further apart, labels and values would lose each other."""

MAX_PRINTED_LINES = 8
MAX_TRACEBACK_LINES = 6


@dataclass(frozen=True, slots=True)
class Mark:
    """How a status is written: a symbol, the id of its word, and a style that adds nothing to the two."""

    symbol: str
    words: str
    style: str

    @property
    def word(self) -> str:
        """The word beside the symbol."""
        return say(self.words)


MARKS = {
    Status.PASSED: Mark("✓", "status.passed", "green"),
    Status.FAILED: Mark("✗", "status.failed", "yellow"),
    Status.NOT_ATTEMPTED: Mark("·", "status.not-attempted", "dim"),
    Status.SKIPPED: Mark("-", "status.skipped", "dim"),
    Status.TIMED_OUT: Mark("⏱", "status.timed-out", "yellow"),
    Status.OUT_OF_MEMORY: Mark("▲", "status.out-of-memory", "yellow"),
    Status.FORBIDDEN: Mark("⊘", "status.forbidden", "yellow"),
    Status.BROKEN: Mark("?", "status.broken", "magenta"),
}

# A row that stands for several checks shows the status that asks for most attention.
_URGENCY = (
    Status.BROKEN,
    Status.TIMED_OUT,
    Status.OUT_OF_MEMORY,
    Status.FORBIDDEN,
    Status.FAILED,
    Status.NOT_ATTEMPTED,
    Status.SKIPPED,
    Status.PASSED,
)

_UNCOUNTED = {Status.BROKEN, Status.SKIPPED}

LEVELS = {4: "show.level.4", 3: "show.level.3", 2: "show.level.2", 1: "show.level.1", 0: "show.level.0"}
"""The sentence for each level of the sandbox: what it means, in plain words."""

ASSURANCES = {
    Assurance.SELF_CHECKED: "show.assurance.self-checked",
    Assurance.COURSE_CHECKED: "show.assurance.course-checked",
}

LABELS = (
    "show.label.asked",
    "show.label.came",
    "show.label.expected",
    "show.label.because",
    "show.label.in-your-code",
    "show.label.printed",
    "show.label.next-step",
    "show.label.then",
    "show.label.why-it-works",
    "show.label.the-cell",
)
"""What the lines below a check begin with."""

VALUES = {"learner": "show.values-learner", "lesson": "show.values-lesson", "notebook": "show.values-notebook"}
"""What is said of the values that the lesson's parameters had, by whose they are."""

_INDENT = 4
"""How wide what stands before a word in the left column is: the indent, a symbol and a space."""


def render(verdict: Verdict, *, hints: int = 1, verbose: bool = False) -> RenderableType:
    """Return *verdict* drawn for rich, at most `WIDTH` columns wide, with up to *hints* hints for a check that has not passed.

    *verbose* adds what instructors want: the hidden checks one by one, times, tracebacks, seed and digests.
    """
    parts: list[RenderableType] = [_header(verdict), Rule(style="dim"), _standing(verdict, verbose=verbose)]
    for exercise, outcomes in _by_exercise(verdict.outcomes).items():
        parts += [Text(), _Exercise(exercise, outcomes, verdict, hints=hints, verbose=verbose).drawn()]
    if verdict.manual:
        parts += [Text(), *_manual(verdict)]
    if verdict.parameters is not None:
        values = ", ".join(f"{name} = {value!r}" for name, value in verdict.parameters.values.items())
        parts += [Text(), safe(say(VALUES[verdict.parameters.of], values=values))]
    repairs = tuple(_repairs(verdict))
    if repairs:
        parts += [Text(), Text(say("show.repairs"), style="bold"), *repairs]
    parts += [Text(), safe(headline(verdict), "bold")]
    return Constrain(Group(*parts), WIDTH)


def plain(verdict: Verdict, *, hints: int = 1, verbose: bool = False, width: int = WIDTH) -> str:
    """Return what `render` draws as plain text of *width* columns."""
    return as_text(render(verdict, hints=hints, verbose=verbose), width=width)


def as_text(drawn: RenderableType, *, width: int = WIDTH) -> str:
    """Return *drawn* as plain text of *width* columns, without escape sequences and without spaces at the ends of lines."""
    page = io.StringIO()
    # Colours are decided here alone: FORCE_COLOR would otherwise have a say.
    console = Console(file=page, width=width, color_system=None, force_terminal=False, legacy_windows=False, highlight=False)
    console.print(drawn)
    return "".join(line.rstrip() + "\n" for line in page.getvalue().splitlines())


def headline(verdict: Verdict, *, one_of_more: bool = False) -> str:
    """Return what *verdict* comes to in one sentence. It never says that all is passed while hidden checks are to come.

    Those are counted for the whole lesson, and the sentence says so where its outcomes are those of *one_of_more* exercises.
    """
    counted = [outcome for outcome in verdict.outcomes if outcome.status not in _UNCOUNTED]
    passed = sum(outcome.passed for outcome in counted)
    sentences = []
    if verdict.hidden_pending:
        visible = say("show.visible-passed", len(counted), passed=passed)
        sentences.append(say("show.pending-lesson" if one_of_more else "show.pending", verdict.hidden_pending, visible=visible))
    elif verdict.passed_so_far:
        sentences.append(say("show.all-pass", len(counted)))
    elif counted or not verdict.broken:
        sentences.append(say("show.some-pass", len(counted), passed=passed))
    broken = len(verdict.broken)
    if broken:
        sentences.append(say("show.broken", broken))
    to_do = next((outcome.exercise for outcome in counted if not outcome.passed), None)
    if to_do is not None:
        sentences.append(say("show.carry-on", exercise=to_do))
    return " ".join(sentences)


def points(earned: float, possible: float, *, visible: bool = False) -> str:
    """Return points as they are written everywhere: `2.5 of 4 points`; those of the *visible* checks alone are called so."""
    both = {name: written(f"{round(value, 2):g}") for name, value in (("earned", earned), ("possible", possible))}
    # A part of a point takes the plural form.
    form = int(possible) if possible == int(possible) else 2
    return say("show.visible-points" if visible else "show.points", form, **both)


def _header(verdict: Verdict) -> RenderableType:
    line = safe(verdict.lesson.title, "bold")
    line.append("  ")
    line.append_text(safe(verdict.submission.name))
    earned = points(verdict.points.earned, verdict.points.possible, visible=verdict.hidden_pending > 0)
    return ends(line, Text(earned, style="bold"))


def _standing(verdict: Verdict, *, verbose: bool) -> RenderableType:
    level = verdict.sandbox.level
    meaning = say(LEVELS[level]) if level in LEVELS else verdict.sandbox.name
    said = [
        ("show.label.sandbox", say("show.level", level=level, most=max(LEVELS), meaning=meaning)),
        ("show.label.assurance", say(ASSURANCES[verdict.assurance])),
    ]
    if verbose:
        said += [
            ("show.label.lesson", f"{verdict.lesson.slug} {verdict.lesson.version}, sha256 {verdict.lesson.digest}"),
            ("show.label.submission", f"sha256 {verdict.submission.digest}"),
            ("show.label.walls", verdict.sandbox.name),
            ("show.label.seed", say("show.seed", seed=verdict.seed)),
            ("show.label.took", written(f"{verdict.seconds:.2f}") + " s"),
        ]
    grid = columns()
    for name, words in said:
        grid.add_row(Text(say(name), style="dim"), safe(words, "dim"))
    return grid


@dataclass(frozen=True, slots=True)
class _Exercise:
    """One exercise's part of a drawn verdict."""

    id: str | None
    outcomes: Sequence[Outcome]
    verdict: Verdict
    hints: int
    verbose: bool

    def drawn(self) -> RenderableType:
        """Return the heading, then a row for each check with what there is to say about it, each sentence once."""
        grid = columns()
        said: set[str] = set()
        # What there is to say about an untouched exercise holds for all of its checks, so it stands below them.
        untouched = all(outcome.status is Status.NOT_ATTEMPTED for outcome in self.outcomes)
        visible = [outcome for outcome in self.outcomes if self.verbose or not outcome.hidden]
        for outcome in visible:
            title = safe(outcome.title)
            if outcome.hidden:
                title.append(say("show.hidden"), style="dim")
            if outcome.claimed:
                title.append(say("show.claimed"), style="dim")
            if self.verbose:
                title.append(written(f" {outcome.seconds:.2f} s"), style="dim")
            grid.add_row(_mark(outcome.status), title)
            if not untouched:
                label(grid, self._details(outcome, said))
        hidden = [outcome for outcome in self.outcomes if outcome not in visible]
        if hidden:
            worst = min((outcome.status for outcome in hidden), key=_URGENCY.index)
            grid.add_row(_mark(worst), Text(say("show.hidden-passed", passed=sum(outcome.passed for outcome in hidden), all=len(hidden))))
            # What a hidden check is about is no secret; what it has asked is.
            asks = [outcome for outcome in hidden if not outcome.passed and not untouched]
            label(grid, (("" if place else "show.label.about", safe(outcome.title)) for place, outcome in enumerate(asks)))
        hinted = any(hint.text in said for outcome in visible for hint in outcome.hints)
        for outcome in self.outcomes if untouched else hidden:
            # One next step is enough: what a hidden check has to add waits until the visible ones pass.
            label(grid, self._details(replace(outcome, hints=()) if hinted else outcome, said))
        label(grid, self._ending(said))
        counted = [outcome for outcome in self.outcomes if outcome.status not in _UNCOUNTED]
        earned, possible = sum(outcome.earned for outcome in counted), sum(outcome.points for outcome in counted)
        heading = safe(self.id or say("show.whole-notebook"), "bold")
        return Group(ends(heading, Text(points(earned, possible), style="dim")), grid)

    def _details(self, outcome: Outcome, said: set[str]) -> Iterator[tuple[str, Text]]:
        """Yield the labelled lines below the row of *outcome*, leaving out the sentences in *said*."""
        if outcome.passed:
            if self.verbose:
                yield from _printed(outcome)
            return
        for name, value in (
            ("show.label.asked", outcome.asked),
            ("show.label.came", outcome.came),
            ("show.label.expected", outcome.expected),
        ):
            if value is not None:
                yield name, safe(value)
        fresh = [hint for hint in outcome.hints[: self.hints] if hint.text not in said]
        # A mistake that is known is named by its hint: what came and what was expected need no third telling before it.
        named = (outcome.came is not None or outcome.hidden) and any(hint.text == outcome.first_sentence for hint in fresh)
        if outcome.message and outcome.message not in said and not named:
            said.add(outcome.message)
            yield "show.label.because", safe(outcome.message)
        yield from (("" if place else "show.label.in-your-code", safe(line, "dim")) for place, line in enumerate(self._traceback(outcome)))
        yield from _printed(outcome)
        for place, hint in enumerate(fresh):
            said.add(hint.text)
            text = safe(hint.text, "cyan")
            text.append(say("show.hint-number", number=hint.number, total=hint.total), style="dim")
            yield "show.label.then" if place else "show.label.next-step", text

    def _traceback(self, outcome: Outcome) -> Sequence[str]:
        lines = outcome.traceback
        return lines if self.verbose else lines[-MAX_TRACEBACK_LINES:]

    def _ending(self, said: set[str]) -> Iterator[tuple[str, Text]]:
        """Yield why it worked if all did, else what the cell itself said, where no check has said it."""
        if all(outcome.passed for outcome in self.outcomes):
            for message in dict.fromkeys(outcome.message for outcome in self.outcomes if outcome.message):
                yield "show.label.why-it-works", safe(message, "dim")
            return
        for cell in self.verdict.cells:
            # Of a cell that was stopped the checks have told; its error is only how it was stopped.
            told = cell.stopped is not None or any((cell.error or "") in sentence for sentence in said)
            told = told or any(outcome.raised == (cell.error or "").partition(":")[0] for outcome in self.outcomes)
            if cell.exercise == self.id and cell.error is not None and not told:
                yield "show.label.the-cell", safe(say("show.cell-stopped", error=cell.error))


def _manual(verdict: Verdict) -> Iterator[RenderableType]:
    """Yield what a person will read, and the most that it is worth."""
    yield Text(say("show.manual"), style="bold")
    for answer in verdict.manual:
        most = say("show.points-at-most", 1 if answer.points == 1 else 2, points=written(f"{answer.points:g}"))
        yield Padding(safe(f"- {answer.exercise}: {most}"), (0, 0, 0, 2))


def _repairs(verdict: Verdict) -> Iterator[RenderableType]:
    for repair in verdict.repairs:
        yield Padding(safe(f"- {repair.message}"), (0, 0, 0, 2))


def _printed(outcome: Outcome) -> Iterator[tuple[str, Text]]:
    """Yield what the learner's code printed in this check: the first lines of it, and how many more there are."""
    lines = outcome.printed.rstrip("\n").split("\n") if outcome.printed else []
    for place, line in enumerate(lines[:MAX_PRINTED_LINES]):
        yield "" if place else "show.label.printed", safe(line, "dim")
    if len(lines) > MAX_PRINTED_LINES:
        yield "", Text(say("show.more-lines", len(lines) - MAX_PRINTED_LINES), style="dim")


def _by_exercise(outcomes: Iterable[Outcome]) -> dict[str | None, list[Outcome]]:
    exercises: dict[str | None, list[Outcome]] = {}
    for outcome in outcomes:
        exercises.setdefault(outcome.exercise, []).append(outcome)
    return exercises


def _mark(status: Status) -> Text:
    mark = MARKS[status]
    return Text(f"  {mark.symbol} {mark.word}", style=mark.style)


def columns() -> Table:
    """Return an empty table of two columns: labels as wide as the longest of a check, and what they label."""
    longest = max(cell_len(say(words)) for words in (*LABELS, *(mark.words for mark in MARKS.values())))
    grid = Table.grid(padding=(0, 2, 0, 0), expand=True)
    grid.add_column(width=_INDENT + longest, no_wrap=True)
    grid.add_column(ratio=1, overflow="fold")
    return grid


def label(grid: Table, rows: Iterable[tuple[str, Text]]) -> None:
    """Add *rows*, each the id of a label, or "", and what it labels, to *grid*."""
    for name, text in rows:
        grid.add_row(Text(f"    {say(name)}" if name else "", style="dim"), text)


def ends(left: Text, right: Text) -> RenderableType:
    """Return *left* and *right* on one line, each at its end of it."""
    line = Table.grid(expand=True, padding=(0, 1, 0, 0))
    line.add_column(ratio=1, overflow="fold")
    line.add_column(justify="right", no_wrap=True)
    line.add_row(left, right)
    return line


def safe(words: str, style: str = "") -> Text:
    """Return *words* as they are: not read as markup, nothing in them that a terminal would obey."""
    return Text(printable(words), style=style)
