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

from rich.console import Console, Group
from rich.constrain import Constrain
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from hornbook.errors import printable
from hornbook.model import Assurance, Status

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
    """How a status is written: a symbol, a word, and a style that adds nothing to the two."""

    symbol: str
    word: str
    style: str


MARKS = {
    Status.PASSED: Mark("✓", "passed", "green"),
    Status.FAILED: Mark("✗", "not yet", "yellow"),
    Status.NOT_ATTEMPTED: Mark("·", "not attempted", "dim"),
    Status.SKIPPED: Mark("-", "skipped", "dim"),
    Status.TIMED_OUT: Mark("⏱", "timed out", "yellow"),
    Status.OUT_OF_MEMORY: Mark("▲", "out of memory", "yellow"),
    Status.FORBIDDEN: Mark("⊘", "forbidden", "yellow"),
    Status.BROKEN: Mark("?", "broken", "magenta"),
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

LEVELS = {
    4: "nothing of this machine in reach",
    3: "files, network and other programs out of reach",
    2: "files out of reach, but other programs or the network not",
    1: "dangerous system calls stopped, files within reach",
    0: "limits only, no walls: run nothing here that you do not trust",
}
"""What each level of the sandbox means, in plain words."""

ASSURANCES = {
    Assurance.SELF_CHECKED: "self-checked: graded where it was run, the course has not confirmed it",
    Assurance.COURSE_CHECKED: "course-checked: graded again by the course itself",
}

_LEFT = 17
"""How wide the left column is: the indent, a symbol, a space and the longest word."""


def render(verdict: Verdict, *, hints: int = 1, verbose: bool = False) -> RenderableType:
    """Return *verdict* drawn for rich, at most `WIDTH` columns wide, with up to *hints* hints for a check that has not passed.

    *verbose* adds what instructors want: the hidden checks one by one, times, tracebacks, seed and digests.
    """
    parts: list[RenderableType] = [_header(verdict), Rule(style="dim"), _standing(verdict, verbose=verbose)]
    for exercise, outcomes in _by_exercise(verdict.outcomes).items():
        parts += [Text(), _Exercise(exercise, outcomes, verdict, hints=hints, verbose=verbose).drawn()]
    repairs = tuple(_repairs(verdict))
    if repairs:
        parts += [Text(), Text("In the file", style="bold"), *repairs]
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


def headline(verdict: Verdict) -> str:
    """Return what *verdict* comes to in one sentence. It never says that all is passed while hidden checks are to come."""
    counted = [outcome for outcome in verdict.outcomes if outcome.status not in _UNCOUNTED]
    passed = sum(outcome.passed for outcome in counted)
    sentences = []
    if verdict.hidden_pending:
        later = f"{verdict.hidden_pending} more {'runs' if verdict.hidden_pending == 1 else 'run'} when you hand in"
        sentences.append(f"{passed} of {len(counted)} visible checks pass; {later}.")
    elif verdict.passed_so_far:
        sentences.append(f"All {len(counted)} checks pass." if len(counted) > 1 else "The check passes.")
    else:
        sentences.append(f"{passed} of {count(len(counted), 'check')} {'passes' if len(counted) == 1 else 'pass'}.")
    broken = len(verdict.broken)
    if broken:
        sentences.append(f"{count(broken, 'check')} could not be asked: that is the course's fault, and costs no points.")
    to_do = next((outcome.exercise for outcome in counted if not outcome.passed), None)
    if to_do is not None:
        sentences.append(f"Carry on with {to_do}.")
    return printable(" ".join(sentences))


def points(earned: float, possible: float) -> str:
    """Return points as they are written everywhere: `2.5 of 4 points`."""
    return f"{round(earned, 2):g} of {round(possible, 2):g} {'point' if possible == 1 else 'points'}"


def _header(verdict: Verdict) -> RenderableType:
    line = safe(verdict.lesson.title, "bold")
    line.append("  ")
    line.append_text(safe(verdict.submission.name))
    kind = " visible" if verdict.hidden_pending else ""
    earned = points(verdict.points.earned, verdict.points.possible).replace(" point", f"{kind} point")
    return ends(line, Text(earned, style="bold"))


def _standing(verdict: Verdict, *, verbose: bool) -> RenderableType:
    level = verdict.sandbox.level
    said = [
        ("sandbox", f"level {level} of {max(LEVELS)}: {LEVELS.get(level, verdict.sandbox.name)}"),
        ("assurance", ASSURANCES[verdict.assurance]),
    ]
    if verbose:
        said += [
            ("lesson", f"{verdict.lesson.slug} {verdict.lesson.version}, sha256 {verdict.lesson.digest}"),
            ("submission", f"sha256 {verdict.submission.digest}"),
            ("walls", verdict.sandbox.name),
            ("seed", f"{verdict.seed} (--seed {verdict.seed} draws the same hidden inputs again)"),
            ("took", f"{verdict.seconds:.2f} s"),
        ]
    grid = columns()
    for name, words in said:
        grid.add_row(Text(name, style="dim"), safe(words, "dim"))
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
                title.append(" (hidden)", style="dim")
            if self.verbose:
                title.append(f" {outcome.seconds:.2f} s", style="dim")
            grid.add_row(_mark(outcome.status), title)
            if not untouched:
                label(grid, self._details(outcome, said))
        hidden = [outcome for outcome in self.outcomes if outcome not in visible]
        if hidden:
            worst = min((outcome.status for outcome in hidden), key=_URGENCY.index)
            grid.add_row(_mark(worst), Text(f"hidden: {sum(outcome.passed for outcome in hidden)} of {len(hidden)}"))
            # What a hidden check is about is no secret; what it has asked is.
            asks = [outcome for outcome in hidden if not outcome.passed and not untouched]
            label(grid, (("" if number else "about", safe(outcome.title)) for number, outcome in enumerate(asks)))
        hinted = any(hint.text in said for outcome in visible for hint in outcome.hints)
        for outcome in self.outcomes if untouched else hidden:
            # One next step is enough: what a hidden check has to add waits until the visible ones pass.
            label(grid, self._details(replace(outcome, hints=()) if hinted else outcome, said))
        label(grid, self._ending(said))
        counted = [outcome for outcome in self.outcomes if outcome.status not in _UNCOUNTED]
        earned, possible = sum(outcome.earned for outcome in counted), sum(outcome.points for outcome in counted)
        heading = safe(self.id or "The whole notebook", "bold")
        return Group(ends(heading, Text(points(earned, possible), style="dim")), grid)

    def _details(self, outcome: Outcome, said: set[str]) -> Iterator[tuple[str, Text]]:
        """Yield the labelled lines below the row of *outcome*, leaving out the sentences in *said*."""
        if outcome.passed:
            if self.verbose:
                yield from _printed(outcome)
            return
        for name, value in (("asked", outcome.asked), ("came", outcome.came), ("expected", outcome.expected)):
            if value is not None:
                yield name, safe(value)
        fresh = [hint for hint in outcome.hints[: self.hints] if hint.text not in said]
        # A mistake that is known is named by its hint: what came and what was expected need no third telling before it.
        named = (outcome.came is not None or outcome.hidden) and any(hint.text == outcome.first_sentence for hint in fresh)
        if outcome.message and outcome.message not in said and not named:
            said.add(outcome.message)
            yield "because", safe(outcome.message)
        yield from (("" if number else "in your code", safe(line, "dim")) for number, line in enumerate(self._traceback(outcome)))
        yield from _printed(outcome)
        for number, hint in enumerate(fresh):
            said.add(hint.text)
            text = safe(hint.text, "cyan")
            text.append(f" ({hint.number} of {hint.total})", style="dim")
            yield "then" if number else "next step", text

    def _traceback(self, outcome: Outcome) -> Sequence[str]:
        lines = outcome.traceback
        return lines if self.verbose else lines[-MAX_TRACEBACK_LINES:]

    def _ending(self, said: set[str]) -> Iterator[tuple[str, Text]]:
        """Yield why it worked if all did, else what the cell itself said, where no check has said it."""
        if all(outcome.passed for outcome in self.outcomes):
            for message in dict.fromkeys(outcome.message for outcome in self.outcomes if outcome.message):
                yield "why it works", safe(message, "dim")
            return
        for cell in self.verdict.cells:
            # Of a cell that was stopped the checks have told; its error is only how it was stopped.
            told = cell.stopped is not None or any((cell.error or "") in sentence for sentence in said)
            told = told or any(outcome.raised == (cell.error or "").partition(":")[0] for outcome in self.outcomes)
            if cell.exercise == self.id and cell.error is not None and not told:
                yield "the cell", safe(f"stopped with {cell.error}")


def _repairs(verdict: Verdict) -> Iterator[RenderableType]:
    for repair in verdict.repairs:
        yield Padding(safe(f"- {repair.message}"), (0, 0, 0, 2))


def _printed(outcome: Outcome) -> Iterator[tuple[str, Text]]:
    """Yield what the learner's code printed in this check: the first lines of it, and how many more there are."""
    lines = outcome.printed.rstrip("\n").split("\n") if outcome.printed else []
    for number, line in enumerate(lines[:MAX_PRINTED_LINES]):
        yield "" if number else "printed", safe(line, "dim")
    if len(lines) > MAX_PRINTED_LINES:
        yield "", Text(f"... and {count(len(lines) - MAX_PRINTED_LINES, 'more line')}", style="dim")


def _by_exercise(outcomes: Iterable[Outcome]) -> dict[str | None, list[Outcome]]:
    exercises: dict[str | None, list[Outcome]] = {}
    for outcome in outcomes:
        exercises.setdefault(outcome.exercise, []).append(outcome)
    return exercises


def _mark(status: Status) -> Text:
    mark = MARKS[status]
    return Text(f"  {mark.symbol} {mark.word}", style=mark.style)


def columns() -> Table:
    """Return an empty table of two columns: labels as wide as the longest word of a check, and what they label."""
    grid = Table.grid(padding=(0, 2, 0, 0), expand=True)
    grid.add_column(width=_LEFT, no_wrap=True)
    grid.add_column(ratio=1, overflow="fold")
    return grid


def label(grid: Table, rows: Iterable[tuple[str, Text]]) -> None:
    """Add *rows*, each a label and what it labels, to *grid*."""
    for name, text in rows:
        grid.add_row(Text(f"    {name}", style="dim"), text)


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


def count(number: int, noun: str) -> str:
    """Return *number* with *noun*, in the plural where it is not one."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
