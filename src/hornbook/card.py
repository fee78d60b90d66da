"""What a check's answer looks like in a notebook, as plain data: the card, and its twins for hosts without widgets.

    Card.of(verdict, exercise="mean", progress=Progress(2, 5))     one exercise; without it, the whole lesson
    Card.saying("Check", "There is no exercise in this cell.")     a card with one sentence
    card.to_json()                                                 what `widgets.CheckCard` draws
    card.html(), card.text()                                       the same without a script, and as plain text

Whatever a lesson, a learner or a file wrote is made printable and bounded here; nothing on a card is ever read as markup, but for
`code` between backticks, which only changes the typeface.
"""

from __future__ import annotations

import html
import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final

from hornbook.errors import printable
from hornbook.model import Outcome, Status, Verdict
from hornbook.words import say


def words() -> dict[str, str]:
    """Return the fixed words of a card by name; a card carries them, so that what draws it has no words of its own."""
    blanks = {"number": "{number}", "total": "{total}"}
    return {
        "asked": say("show.label.asked"),
        "came": say("show.label.came"),
        "expected": say("show.label.expected"),
        "because": say("show.label.because"),
        "in-your-code": say("show.label.in-your-code"),
        "printed": say("show.label.printed"),
        "then": say("show.label.next-step"),
        "reason": say("show.label.why-it-works"),
        "next-step": say("card.next-step"),
        "hint-number": say("card.hint-number", **blanks),
        "hints-shown": say("card.hints-shown", **blanks),
        "first-hint": say("card.first-hint"),
        "next-hint": say("card.next-hint"),
        "last-hint": say("card.last-hint"),
        "why": say("card.why"),
    }


MAX_VALUE: Final = 400  # characters of asked, came and expected: more is never compared by eye
BEFORE: Final = 80  # characters that stay before the first difference, where that is too far on to be seen
MAX_PROSE: Final = 2_000  # characters of a title, a message or a hint
MAX_PRINTED_LINES: Final = 8
MAX_TRACEBACK_LINES: Final = 12
MAX_LINE: Final = 300  # characters of a line that was printed or stands in a traceback
MAX_CHECKS: Final = 100
MAX_OPEN: Final = 8  # checks that do not pass and stand on a card unfolded
MAX_PASSED: Final = 5  # the same of those that pass
MAX_NOTES: Final = 5
WIDTH: Final = 100  # columns of the plain text

_NUMERIC: Final = re.compile(r"[\d.+-]")

# Persian and many Indian scripts are misspelt without them, and emoji fall apart. In values they stay visible, for there they matter.
_JOINERS: Final = "\u200c\u200d"


@dataclass(frozen=True, slots=True)
class Progress:
    """How many exercises of a lesson are done, *of* how many, and which one comes next, if any is left."""

    done: int
    of: int
    next: str | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One check on a card.

    `differs` is where `came` and `expected` differ: in each the part between two places, counted in code points. `open` is how
    many of the hints are shown before anybody has asked for one.
    """

    id: str
    status: str
    symbol: str
    word: str
    title: str
    message: str = ""
    asked: str | None = None
    came: str | None = None
    expected: str | None = None
    differs: tuple[tuple[int, int], tuple[int, int]] | None = None
    traceback: tuple[str, ...] = ()
    printed: tuple[str, ...] = ()
    hints: tuple[str, ...] = ()
    open: int = 0

    @property
    def has_details(self) -> bool:
        """Whether there is more to say than the title."""
        values = (self.asked, self.came, self.expected)
        return bool(self.message or self.traceback or self.printed or self.hints or any(value is not None for value in values))


@dataclass(frozen=True, slots=True)
class Fold:
    """Rows that are folded away behind a label, because there are many."""

    label: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """The checks of one exercise, those that want attention first. On a card of one exercise it has no name."""

    name: str
    points: str
    rows: tuple[Row, ...]
    folds: tuple[Fold, ...] = ()
    more: str = ""
    why: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Note:
    """Something else worth saying: a label, and a sentence."""

    label: str
    text: str


@dataclass(frozen=True, slots=True)
class Ring:
    """The progress of the lesson as it is shown: the two numbers, how they are written, and what they are called."""

    done: int
    of: int
    label: str
    name: str


@dataclass(frozen=True, slots=True)
class Card:
    """What is shown for one verdict. `state` is `passed`, `open`, `broken` or `note`; `focus` is the id of the row to look at first."""

    title: str
    headline: str
    state: str = "note"
    over: str = ""
    points: str = ""
    sections: tuple[Section, ...] = ()
    focus: str = ""
    next: str = ""
    notes: tuple[Note, ...] = ()
    progress: Ring | None = None
    assurance: str = ""
    language: str = "en"
    words: Mapping[str, str] = field(default_factory=words)
    format: int = 1

    @classmethod
    def of(cls, verdict: Verdict, *, exercise: str | None = None, progress: Progress | None = None, language: str = "en") -> Card:
        """Return what *verdict* says about *exercise*, or about the whole lesson where that is None.

        *progress* is the lesson's, for the ring and for what comes next. What is left to say of hidden checks is only how many
        there are and how many pass.
        """
        return _Maker(verdict, exercise, progress, language).card()

    @classmethod
    def saying(cls, title: str, sentence: str, *, language: str = "en") -> Card:
        """Return a card that has no checks, only *sentence* under *title*: there is no exercise here, or nobody to check it."""
        return cls(title=_prose(title), headline=_prose(sentence), language=language)

    def rows(self) -> Iterator[Row]:
        """Yield the rows of all sections, in order, folded ones too."""
        for section in self.sections:
            yield from section.rows
            for fold in section.folds:
                yield from fold.rows

    def to_json(self) -> dict[str, Any]:
        """Return the card as plain JSON values."""
        return {name: _plain(value) for name, value in asdict(replace(self, words=dict(self.words))).items()}

    def text(self, shown: Mapping[str, int] | None = None) -> str:
        """Return the card as plain text, with as many hints as *shown* says for each check, and no escape sequences."""
        return "\n".join(_Page(self, shown or {}).lines()) + "\n"

    def html(self, shown: Mapping[str, int] | None = None) -> str:
        """Return the card as HTML that needs no script and no style sheet, with hints that open one after the other.

        JupyterLab lets little through from a notebook that it does not trust: no variables, no `currentColor`, no `flex`, no SVG.
        What stands here is what passes, and all colours but half-transparent greys are the page's own.
        """
        return "".join(_Markup(self, shown or {}).parts())


def hints_shown(row: Row, shown: Mapping[str, int]) -> int:
    """Return how many hints of *row* are to be seen: those that are open anyway, or as many as were asked for."""
    return min(len(row.hints), max(row.open, shown.get(row.id, 0)))


def shown_for(row: Row, verdict: Verdict) -> str:
    """Return the check of *verdict* that *row* tells of: of hidden ones, which share a row, that whose hints it has."""
    kind, _, exercise = row.id.partition(":")
    if kind != "hidden":
        return row.id
    hidden = [outcome for outcome in verdict.outcomes if outcome.hidden and exercise in {"", outcome.exercise or ""}]
    return next((outcome.check for outcome in hidden if not outcome.passed), row.id)


def checking(title: str, done: int | None = None, of: int | None = None) -> dict[str, Any]:
    """Return what a card shows while *title* is checked: a label, with a count where one is known."""
    counted = done is not None and of is not None
    label = say("card.checking-count", done=done, of=of) if counted else say("card.checking")
    numbers = {"done": done, "of": of} if counted else {"done": None, "of": None}
    return {"title": _prose(title), "label": label, "ended": say("card.not-finished"), **numbers}


@dataclass(slots=True)
class _Maker:
    """Makes the card of one verdict; *said* is what the card says already, since each sentence stands on it once."""

    verdict: Verdict
    exercise: str | None
    progress: Progress | None
    language: str
    said: set[str] = field(default_factory=set)
    focus: str = ""

    def card(self) -> Card:
        """Return the card."""
        from hornbook.show import ASSURANCES, headline  # noqa: PLC0415 - brings rich along

        outcomes = [outcome for outcome in self.verdict.outcomes if self.exercise is None or outcome.exercise == self.exercise]
        one = self.exercise is not None
        of = 1 if self.progress is None else self.progress.of
        # On the card of one exercise the exercise's name is no news.
        told = [replace(outcome, exercise=None) if one else outcome for outcome in outcomes]
        part = replace(self.verdict, outcomes=tuple(told))
        counted = [outcome for outcome in outcomes if _counts(outcome)]
        nothing = not counted and not part.broken
        lesson = _prose(self.verdict.lesson.title)
        sections = tuple(self._sections(outcomes))
        return Card(
            title=_prose(self.exercise or "") or lesson,
            over=lesson if one else "",
            headline=say("card.nothing-asked") if nothing else headline(part, one_of_more=one and of > 1),
            state="note" if nothing else "passed" if part.passed_so_far else "open" if counted else "broken",
            points=self._points(counted),
            sections=sections,
            focus=self.focus,
            next=self._next(passed=part.passed_so_far),
            notes=tuple(self._notes())[:MAX_NOTES],
            progress=_ring(self.progress),
            assurance=say(ASSURANCES[self.verdict.assurance]),
            language=self.language,
        )

    def _points(self, counted: Sequence[Outcome]) -> str:
        """Return what is earned of what is possible; while hidden checks are to come, that is not the whole."""
        from hornbook.show import points  # noqa: PLC0415 - brings rich along

        earned, possible = sum(outcome.earned for outcome in counted), sum(outcome.points for outcome in counted)
        if not possible:
            return ""
        return points(earned, possible).replace(" point", " visible point" if self.verdict.hidden_pending else " point")

    def _sections(self, outcomes: Sequence[Outcome]) -> Iterator[Section]:
        left = MAX_CHECKS
        for exercise in dict.fromkeys(outcome.exercise for outcome in outcomes):
            mine = [outcome for outcome in outcomes if outcome.exercise == exercise]
            rows = list(self._rows(mine))
            counted = [outcome for outcome in mine if _counts(outcome)]
            name = "" if self.exercise is not None else _prose(exercise or say("show.whole-notebook"))
            beyond = max(0, len(rows) - left)
            shown, folds = _folded(rows[:left])
            yield Section(
                name,
                self._points(counted) if name else "",
                shown,
                folds,
                more=say("card.more-checks", beyond) if beyond else "",
                why=tuple(self._why(mine)),
            )
            left = max(0, left - len(rows))

    def _rows(self, outcomes: Sequence[Outcome]) -> Iterator[Row]:
        """Yield a row for each visible check, those that do not pass first, then one for all hidden ones."""
        from hornbook.show import MARKS  # noqa: PLC0415 - brings rich along

        visible = [outcome for outcome in outcomes if not outcome.hidden]
        for outcome in sorted(visible, key=lambda outcome: outcome.passed):
            mark = MARKS[outcome.status]
            title = _prose(outcome.title) + (say("show.claimed") if outcome.claimed else "")
            row = Row(outcome.check, outcome.status.value, mark.symbol, mark.word, title)
            yield row if outcome.passed else self._with_details(row, outcome)
        hidden = [outcome for outcome in outcomes if outcome.hidden]
        if hidden:
            worst = next((outcome for outcome in hidden if not outcome.passed), hidden[0])
            mark = MARKS[worst.status]
            title = say("card.hidden", passed=sum(outcome.passed for outcome in hidden), total=len(hidden))
            row = Row(f"hidden:{worst.exercise or ''}", worst.status.value, mark.symbol, mark.word, title)
            # What a hidden check was asked, and what came, is its own business.
            bare = replace(worst, asked=None, came=None, expected=None, traceback=(), printed="")
            yield row if worst.passed else self._with_details(row, bare)

    def _with_details(self, row: Row, outcome: Outcome) -> Row:
        """Return *row* with what there is to say about *outcome*, leaving out what the card says already."""
        hints = tuple(hint for hint in (_prose(hint.text) for hint in outcome.hints) if hint not in self.said)
        came, expected = _values(outcome.came, outcome.expected)
        first = not self.focus and outcome.status not in {Status.BROKEN, Status.SKIPPED}
        if first:
            self.focus = row.id
        # A mistake that is known is named by its hint: what came and what was expected need no third telling before it.
        named = first and (came is not None or outcome.hidden) and hints[:1] == (_prose(outcome.first_sentence),)
        message = "" if named or outcome.message in self.said else _prose(outcome.message)
        self.said.update((outcome.message, *hints))
        return replace(
            row,
            message=message,
            asked=_value(outcome.asked),
            came=came,
            expected=expected,
            differs=None if came is None or expected is None else _difference(came, expected),
            traceback=tuple(_last(outcome.traceback)),
            printed=tuple(_first(outcome.printed)),
            hints=hints,
            # One next step is enough: the others wait until somebody asks.
            open=int(first and bool(hints)),
        )

    def _why(self, outcomes: Sequence[Outcome]) -> Iterator[str]:
        """Yield why it worked, if all did."""
        if outcomes and all(outcome.passed for outcome in outcomes):
            yield from dict.fromkeys(_prose(outcome.message) for outcome in outcomes if outcome.message)

    def _notes(self) -> Iterator[Note]:
        """Yield what the exercise's own cell said where no check has said it, and what was put right in the file."""
        for cell in self.verdict.cells:
            # Of a cell that was stopped the checks have told; its error is only how it was stopped.
            told = cell.error is None or cell.stopped is not None or any(cell.error in sentence for sentence in self.said)
            kind = (cell.error or "").partition(":")[0]
            told = told or any(outcome.raised == kind for outcome in self.verdict.outcomes if outcome.exercise == cell.exercise)
            if not told and (self.exercise is None or cell.exercise == self.exercise):
                yield Note(say("show.label.the-cell"), say("card.stopped-with", error=_prose(cell.error or "")))
        for repair in self.verdict.repairs:
            if self.exercise is None or repair.exercise in {None, self.exercise}:
                yield Note(say("card.in-the-file"), _prose(repair.message))

    def _next(self, *, passed: bool) -> str:
        if not passed or self.progress is None or self.exercise is None:
            return ""
        if self.progress.next is not None:
            return say("show.carry-on", exercise=_prose(self.progress.next))
        finished = 0 < self.progress.of <= self.progress.done and not self.verdict.hidden_pending
        return say("card.all-exercises") if finished else ""


def _counts(outcome: Outcome) -> bool:
    return outcome.status not in {Status.BROKEN, Status.SKIPPED}


def _folded(rows: Sequence[Row]) -> tuple[tuple[Row, ...], tuple[Fold, ...]]:
    """Return the rows that are to be seen, and those that are folded away where there are more than can be taken in."""
    passed = [row for row in rows if row.status == Status.PASSED and not row.has_details]
    others = [row for row in rows if row not in passed]
    seen, folds = others[:MAX_OPEN], []
    if others[MAX_OPEN:]:
        folds.append(Fold(say("card.more-checks", len(others) - MAX_OPEN), tuple(others[MAX_OPEN:])))
    if len(passed) > MAX_PASSED:
        folds.append(Fold(say("card.checks-passed", len(passed)), tuple(passed)))
    else:
        seen += passed
    return tuple(seen), tuple(folds)


def _difference(came: str, expected: str) -> tuple[tuple[int, int], tuple[int, int]] | None:
    """Return where the two differ, each number whole; None where nothing else is left of one of them."""
    start = _alike(came, expected)
    end = _alike(came[start:][::-1], expected[start:][::-1])
    # 123 and 193 differ as numbers, not in their middle.
    while start and _NUMERIC.match(came[start - 1]):
        start -= 1
    while end and _NUMERIC.match(came[len(came) - end]):
        end -= 1
    places = (start, len(came) - end), (start, len(expected) - end)
    whole = any(place == (0, len(text)) for place, text in zip(places, (came, expected), strict=True))
    return None if whole or came == expected else places


def _ring(progress: Progress | None) -> Ring | None:
    if progress is None or progress.of <= 0:
        return None
    done = min(max(progress.done, 0), progress.of)
    numbers = {"done": done, "of": progress.of}
    return Ring(done, progress.of, say("card.progress", progress.of, **numbers), say("card.progress-name", **numbers))


def _prose(text: str) -> str:
    """Return *text* as a person may read it: bounded, its line breaks kept, nothing in it that misleads."""
    lines = _cut(text, MAX_PROSE).split("\n")
    return "\n".join("".join(char if char in _JOINERS else printable(char) for char in line) for line in lines)


def _cut(text: str, most: int) -> str:
    """Return the first *most* characters of *text*, and how many more there are."""
    return text if len(text) <= most else f"{text[:most]} {say('card.more-characters', len(text) - most)}"


def _value(text: str | None, start: int = 0) -> str | None:
    """Return *text*, which shows a value, from *start* on: bounded, with every character visible that would not be."""
    if text is None:
        return None
    cut = _cut(text[start:], MAX_VALUE)
    return ("… " if start else "") + "\n".join(printable(line) for line in cut.split("\n"))


def _values(came: str | None, expected: str | None) -> tuple[str | None, str | None]:
    """Return both as `_value` does, beginning where the first difference can be seen in both."""
    start = 0
    if came is not None and expected is not None and max(len(came), len(expected)) > MAX_VALUE:
        same = _alike(came, expected)
        start = same - BEFORE if same > MAX_VALUE - BEFORE else 0
    return _value(came, start), _value(expected, start)


def _alike(one: Sequence[str], other: Sequence[str]) -> int:
    """Return with how many characters both begin."""
    shorter = min(len(one), len(other))
    return next((place for place in range(shorter) if one[place] != other[place]), shorter)


def _first(printed: str) -> Iterator[str]:
    """Yield the first lines of what was *printed*, and how many more there are."""
    lines = printed.rstrip("\n").split("\n") if printed.strip() else []
    yield from (printable(_cut(line, MAX_LINE)) for line in lines[:MAX_PRINTED_LINES])
    if len(lines) > MAX_PRINTED_LINES:
        yield say("card.more-lines", len(lines) - MAX_PRINTED_LINES)


def _last(traceback: Sequence[str]) -> Iterator[str]:
    """Yield the last lines of *traceback*, which tell most, and before them how many there are above."""
    if len(traceback) > MAX_TRACEBACK_LINES:
        yield say("card.lines-above", len(traceback) - MAX_TRACEBACK_LINES)
    yield from (printable(_cut(line, MAX_LINE)) for line in traceback[-MAX_TRACEBACK_LINES:])


def _plain(value: Any) -> Any:
    """Return *value* with lists for tuples, as it comes back from JSON."""
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    return [_plain(part) for part in value] if isinstance(value, tuple | list) else value


# --------------------------------------------------------------------------------------------------------------------
# Twins
# --------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Page:
    """A card as lines of plain text."""

    card: Card
    shown: Mapping[str, int]

    def lines(self) -> Iterator[str]:
        """Yield the lines."""
        card = self.card
        yield " · ".join(part for part in (card.over, card.title, card.points, card.progress.name if card.progress else "") if part)
        yield from _filled(card.headline)
        for section in card.sections:
            yield ""
            if section.name:
                yield " · ".join(part for part in (section.name, section.points) if part)
            for row in (*section.rows, *(row for fold in section.folds for row in fold.rows)):
                yield from _wrapped(row.title, f"  {row.symbol} {row.word}")
                yield from self._details(row)
            if section.more:
                yield f"    {section.more}"
            for why in section.why:
                yield from _wrapped(why, f"    {card.words['reason']}")
        for note in card.notes:
            yield from _wrapped(note.text, f"    {note.label}")
        if card.next:
            yield ""
            yield from _filled(card.next)

    def _details(self, row: Row) -> Iterator[str]:
        words = self.card.words
        for name in ("asked", "came", "expected"):
            value = getattr(row, name)
            if value is not None:
                yield from _wrapped(value, f"    {words[name]}")
        if row.message:
            yield from _wrapped(row.message, f"    {words['because']}")
        for lines, name in ((row.traceback, "in-your-code"), (row.printed, "printed")):
            for number, line in enumerate(lines):
                yield from _wrapped(line, "" if number else f"    {words[name]}")
        for number, hint in enumerate(row.hints[: hints_shown(row, self.shown)], start=1):
            label = words["hint-number"].format(number=number, total=len(row.hints))
            yield from _wrapped(f"{hint} ({label})", f"    {words['then']}" if number == 1 else "")


_LEFT: Final = 18


def _wrapped(text: str, label: str) -> Iterator[str]:
    """Yield *label* and *text* beside it, in lines that are not too long; without a label beside nothing."""
    indent = " " * _LEFT
    for number, line in enumerate(text.split("\n")):
        first = f"{label:<{_LEFT}}" if label and not number else indent
        if label and len(label) >= _LEFT and not number:
            first = f"{label} "
        filled = textwrap.wrap(line, WIDTH, initial_indent=first, subsequent_indent=indent, drop_whitespace=False) or [first]
        yield from (piece.rstrip() for piece in filled)


def _filled(text: str) -> Iterator[str]:
    for line in text.split("\n"):
        yield from textwrap.wrap(line, WIDTH) or [""]


_CODE: Final = re.compile(r"`([^`\n]+)`")
_GREY: Final = "rgba(128,128,128,0.35)"
_TINT: Final = "rgba(128,128,128,0.12)"
_MARK: Final = "background:rgba(128,128,128,0.3);text-decoration:underline"
_MONO: Final = "font-family:monospace;white-space:pre-wrap;overflow-wrap:break-word"
_DIM: Final = "opacity:0.75"


@dataclass(frozen=True, slots=True)
class _Markup:
    """A card as pieces of HTML. Every piece of text goes through `html.escape`."""

    card: Card
    shown: Mapping[str, int]

    def parts(self) -> Iterator[str]:
        """Yield the pieces."""
        frame = f"border:1px solid {_GREY};border-radius:8px;padding:14px 18px;max-width:760px;line-height:1.5"
        yield f'<div lang="{_text(self.card.language)}" style="{frame}">'
        yield from self._head()
        for section in self.card.sections:
            yield from self._section(section)
        yield from self._foot()
        yield "</div>"

    def _head(self) -> Iterator[str]:
        card = self.card
        over = " · ".join(part for part in (card.over, card.points, card.progress.name if card.progress else "") if part)
        if over:
            yield _block(over, f"font-size:0.9em;{_DIM}")
        yield _block(card.title, "font-size:1.15em;font-weight:600")
        yield _block(card.headline, "margin-top:2px")

    def _section(self, section: Section) -> Iterator[str]:
        if section.name:
            yield _block(" · ".join(part for part in (section.name, section.points) if part), "margin-top:14px;font-weight:600")
        for row in section.rows:
            yield from self._row(row)
        for fold in section.folds:
            yield f'<details style="margin-top:8px"><summary>{_text(fold.label)}</summary><div style="margin-left:16px">'
            for row in fold.rows:
                yield from self._row(row)
            yield "</div></details>"
        if section.more:
            yield _block(section.more, f"margin-top:8px;{_DIM}")
        for why in section.why:
            yield self._box(self.card.words["why"], why)

    def _foot(self) -> Iterator[str]:
        for note in self.card.notes:
            yield _block(f"{note.label}: {note.text}", f"margin-top:10px;font-size:0.9em;{_DIM}")
        if self.card.next:
            yield _block(self.card.next, "margin-top:12px;font-weight:600")
        if self.card.assurance:
            yield _block(self.card.assurance, f"margin-top:12px;font-size:0.85em;{_DIM}")

    def _row(self, row: Row) -> Iterator[str]:
        head = f'<span style="font-weight:600">{_text(row.symbol)} {_text(row.word)}</span> <span dir="auto">{_prosaic(row.title)}</span>'
        if not row.has_details:
            yield f'<div style="margin-top:8px">{head}</div>'
            return
        opened = " open" if row.id == self.card.focus else ""
        yield f'<details{opened} style="margin-top:8px"><summary>{head}</summary><div style="margin:4px 0 12px 16px">'
        if row.message:
            yield _block(row.message, "margin-top:4px")
        words = self.card.words
        if row.asked is not None:
            yield self._values(((words["asked"], row.asked, None),))
        came, expected = row.differs or (None, None)
        pairs = ((words["came"], row.came, came), (words["expected"], row.expected, expected))
        yield self._values(tuple((label, value, place) for label, value, place in pairs if value is not None))
        for lines, name in ((row.traceback, "in-your-code"), (row.printed, "printed")):
            if lines:
                yield self._values(((words[name], "\n".join(lines), None),))
        yield self._hints(row)
        yield "</div></details>"

    @staticmethod
    def _values(pairs: Sequence[tuple[str, str, tuple[int, int] | None]]) -> str:
        """Return labelled values: two stand side by side where there is room, below each other where there is not."""
        width = "width:50%;min-width:16em" if len(pairs) > 1 else "width:100%"
        frame = f"display:inline-block;vertical-align:top;box-sizing:border-box;max-width:100%;{width}"
        boxes = [
            f'<div style="{frame};padding:6px {8 if number < len(pairs) else 0}px 0 0">'
            f'<div style="font-size:0.85em;{_DIM}">{_text(label)}</div>'
            f'<div dir="ltr" style="{_MONO};background:{_TINT};border-radius:4px;padding:4px 8px">{_marked(value, place)}</div></div>'
            for number, (label, value, place) in enumerate(pairs, start=1)
        ]
        return "".join(boxes)

    def _hints(self, row: Row) -> str:
        """Return the hints of *row*: those that are shown, and the others one inside the other, to be opened in turn."""
        words, total, first = self.card.words, len(row.hints), hints_shown(row, self.shown)
        names = [words["hint-number"].format(number=number, total=total) for number in range(1, total + 1)]
        inner = ""
        for number in range(total - 1, first - 1, -1):
            ask = words["next-hint" if number else "first-hint"]
            summary = f"<summary>{_text(ask)}</summary>"
            inner = f'<details style="margin-top:8px">{summary}{self._box(names[number], row.hints[number])}{inner}</details>'
        return "".join(self._box(name, hint) for name, hint in zip(names[:first], row.hints, strict=False)) + inner

    @staticmethod
    def _box(label: str, text: str) -> str:
        return (
            f'<div style="margin-top:10px;border:1px solid {_GREY};border-radius:6px;padding:8px 12px">'
            f'<div style="font-size:0.85em;{_DIM}">{_text(label)}</div><div dir="auto">{_prosaic(text)}</div></div>'
        )


def _text(text: str) -> str:
    return html.escape(text)


def _marked(text: str, place: tuple[int, int] | None) -> str:
    """Return *text* as HTML in which the part that differs is marked."""
    start, end = place or (0, 0)
    if start >= end:
        return _text(text)
    return f'{_text(text[:start])}<span style="{_MARK}">{_text(text[start:end])}</span>{_text(text[end:])}'


def _prosaic(text: str) -> str:
    """Return *text* as HTML in which what stands between backticks is code."""
    pieces = _CODE.split(text)
    marked = (
        f'<code style="background:{_TINT}">{_text(piece)}</code>' if number % 2 else _text(piece) for number, piece in enumerate(pieces)
    )
    return "".join(marked).replace("\n", "<br>")


def _block(text: str, style: str) -> str:
    return f'<div dir="auto" style="{style}">{_prosaic(text)}</div>'
