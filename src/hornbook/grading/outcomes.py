"""Turns how a pytest check ended into an Outcome: the one place where points are given.

Points are given for exactly one thing: the check's own code, in this trusted process, ran to its end without an exception.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest

from hornbook.errors import GraderError, HornbookError, WireError, printable
from hornbook.feedback import MISSING, Bank, type_name
from hornbook.grading import compare
from hornbook.grading.drawing import text_or_kind
from hornbook.grading.reading import Reading
from hornbook.model import Outcome, Status
from hornbook.sandbox.probe import Call, CheckEnded, Conversation, LearnerError, Mismatch, NeverEnds
from hornbook.words import say, written

MESSAGE_CHARS = 600
REMEMBERED = 16
SHORT = 60
"""Up to how many characters an answer is shown whole where only one of its items is not the expected one."""


@dataclass(frozen=True, slots=True)
class Check:
    """What the grader says about one check; one that *compares* asks the reference solution."""

    name: str
    exercise: str
    title: str
    points: float
    hidden: bool
    seconds: float
    needs: tuple[str, ...] = ()
    claimed: bool = False
    compares: bool = False
    passed: str = ""
    failed: str = ""


class Interview(Conversation):
    """A conversation that remembers its last calls, so that a comparison can be traced to the call that it is about.

    What is asked for a `repr` does not count: pytest asks every object in a failed assert for one.
    """

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self.calls: deque[Call] = deque(maxlen=REMEMBERED)

    def ask(self, *question: object, asked: str | None = None) -> Any:
        """Return the answer to *question*, and remember it."""
        before = self.last
        try:
            return super().ask(*question, asked=asked)
        finally:
            if self.last is not None and self.last is not before and not (question[0] == "text" and question[-1] == "repr"):
                self.calls.append(self.last)


@dataclass(slots=True)
class Trace:
    """What was noticed while one check ran: its conversation, and the last comparison that pytest had to explain.

    *examples* says that it was asked with one example after the other, of which the learner sees only the last. *score* is what the check
    itself gives, of the points that it is worth, where it gives a part.
    """

    conversation: Interview | None = None
    compared: tuple[str, object, object] | None = None
    read: bool = False
    told: Call | None = None
    examples: bool = False
    score: float | None = None

    def call(self) -> Call | None:
        """Return the call that the outcome is about: the one whose answer was compared, else the last one."""
        if self.conversation is None or not self.conversation.calls:
            return None
        return self.told or self.conversation.calls[-1]

    def side(self, value: object) -> Call | None:
        """Return the last call whose answer is this very *value*."""
        calls = reversed(self.conversation.calls) if self.conversation else ()
        return next((call for call in calls if call.value is value), None)


@dataclass(frozen=True, slots=True)
class Finding:
    """How a check ended, before hints: *actual* is the value that came, for misconceptions that name it.

    *kind* is that of the difference, if one told it. *told* says that it has been told as well as can be, as by the author of the
    check in words of their own.
    """

    outcome: Outcome
    actual: object = MISSING
    told: bool = False
    kind: str = ""


def outcome(
    check: Check, error: BaseException | None, trace: Trace, *, source: str, bank: Bank, seconds: float, others: Sequence[str] = ()
) -> Outcome:
    """Return the Outcome of *check*, which ended with *error* or, with None, passed.

    *source* is the learner's source of the exercise, *others* those of the notebook's other cells.
    """
    blank = Outcome(
        check.name,
        check.exercise,
        check.title,
        Status.PASSED,
        check.points,
        0.0,
        hidden=check.hidden,
        seconds=round(seconds, 4),
        claimed=check.claimed,
    )
    error = _ended(check, error, trace)
    if error is None and trace.score is not None and trace.score < check.points:
        part = replace(blank, status=Status.FAILED, earned=trace.score, message=_part(trace.score, check.points))
        return _hide(part) if check.hidden else replace(part, asked=_asked(trace), printed=_printed(check, trace))
    if error is None:
        passed = replace(blank, earned=check.points, message=_text(check.passed), printed=_printed(check, trace))
        return replace(passed, message="", seconds=0.0) if check.hidden else passed
    finding = _judged(blank, error, trace)
    result = finding.outcome
    if not check.hidden and not finding.told:
        asked = [call.asked for call in trace.conversation.calls] if trace.conversation else []
        read = _read(finding, error, trace, Reading.of(source, others, asked))
        result = replace(result, message=_text(read)) if read else result
    if check.failed and result.status is Status.FAILED:
        # What the author says comes first; what was found follows it.
        result = replace(result, message=_text(f"{check.failed.rstrip()} {result.message}"))
    if result.status in {Status.FAILED, Status.TIMED_OUT, Status.OUT_OF_MEMORY, Status.FORBIDDEN, Status.NOT_ATTEMPTED}:
        result = replace(result, hints=bank.hints(result, source, actual=finding.actual))
    if check.hidden:
        return _hide(result, error.discreet if isinstance(error, Mismatch) else None)
    return replace(result, printed=_printed(check, trace, last=trace.examples))


def _ended(check: Check, error: BaseException | None, trace: Trace) -> BaseException | None:
    """Return how *check* ended: not well where its conversation did not, though a bare `except:` may have swallowed that."""
    if error is None and trace.conversation is not None and trace.conversation.ended is not None:
        return trace.conversation.ended
    if error is None and trace.score is not None and trace.score > check.points:
        return GraderError(check.name, f"gives {trace.score:g} points and is worth {check.points:g}.")
    return error


def _part(score: float, points: float) -> str:
    return say("outcome.part", earned=written(f"{round(score, 2):g}"), possible=written(f"{points:g}"))


def _judged(blank: Outcome, error: BaseException, trace: Trace) -> Finding:  # noqa: PLR0911 - one return for each way to end
    match error:
        case CheckEnded():
            lines = (_text(error.line),) if isinstance(error, NeverEnds) else ()
            return Finding(replace(blank, status=error.status, message=_text(error.message), asked=_asked(trace), traceback=lines))
        case LearnerError():
            return Finding(_raised(blank, error, trace))
        case Mismatch():
            failed = replace(
                blank,
                status=Status.FAILED,
                message=_text(error.message),
                came=_some(error.came),
                expected=_some(error.expected),
                raised=_some(error.raised),
            )
            return Finding(replace(failed, asked=_asked(trace)), _actual(trace))
        case pytest.skip.Exception():
            return Finding(replace(blank, status=Status.SKIPPED, message=_text(str(error.msg or say("outcome.skipped")))))
        case AssertionError() | pytest.fail.Exception() if _answered(trace):
            return _compared(blank, error, trace)
        case _ if type(error).__module__.startswith("hypothesis") and type(error).__name__ in {"Flaky", "FlakyFailure", "FlakyReplay"}:
            return Finding(replace(blank, status=Status.FAILED, message=say("outcome.flaky")), told=True)
        case Exception() if _answered(trace) and (not isinstance(error, HornbookError) or isinstance(error.__cause__, WireError)):
            # The grader works with the reference solution (doctor proves it), so it is what came that it cannot work with,
            # or cannot hand back: a value that just fits on the way here is too large for the way there.
            return _unusable(blank, error, trace)
        case _:
            message = say("outcome.broken", error=_named(error))
            return Finding(replace(blank, status=Status.BROKEN, message=_text(message)))


def _read(finding: Finding, error: BaseException, trace: Trace, reading: Reading) -> str | None:
    """Return the mistake that the learner's source shows, where that says more than the value or the exception that came."""
    result, actual = finding.outcome, finding.actual
    if isinstance(error, LearnerError):
        return reading.of_an_exception(error.type_name, error.message) if result.status is Status.FAILED else None
    if result.status is Status.TIMED_OUT:
        return reading.of_an_endless_run()
    if result.status is not Status.FAILED or isinstance(error, CheckEnded):
        return None
    if actual is None:
        return None if _printed_by_call(trace) else reading.of_nothing((result.asked or "").partition("(")[0])
    # A value of another type tells the mistake as it is; only the surest of what the source shows tells it better.
    return reading.of_a_failure(surest=finding.kind in {"none", "type", "uncalled", "opaque", "wrapped"})


def _printed_by_call(trace: Trace) -> str:
    """Return what the learner's code printed in the call that the outcome is about, or else in the whole check."""
    call = trace.call()
    every = trace.conversation.printed if trace.conversation else ""
    return every if call is None else call.printed or every


def _raised(blank: Outcome, error: LearnerError, trace: Trace) -> Outcome:
    status = Status.FAILED
    if isinstance(error, MemoryError):
        status = Status.OUT_OF_MEMORY
    elif isinstance(error, PermissionError):
        status = Status.FORBIDDEN
    return replace(
        blank,
        status=status,
        message=_text(compare.explain_exception(error.type_name, error.message)),
        asked=_asked(trace),
        came=_some(f"{error.type_name}: {error.message}" if error.message else error.type_name),
        raised=_text(error.type_name),
        traceback=tuple(_text(line) for line in error.traceback),
    )


def _compared(blank: Outcome, error: BaseException, trace: Trace) -> Finding:
    """Explain a failed assert by the comparison that it made, or by the author's own words after the comma."""
    comparison = compare.take_last()
    difference = drawn = None
    if trace.compared is not None and (comparison is None or comparison.token not in str(error)):
        operator, left, right = trace.compared
        trace.told = trace.side(left) or trace.side(right)
        if trace.told is not None and trace.told.value is not left:
            operator, left, right = compare.MIRRORED[operator], right, left
        difference = compare.explain(operator, left, right)
        drawn = text_or_kind(trace.conversation.drawn if trace.conversation else (), operator, left, right)
    elif comparison is not None:
        difference = comparison.difference
    actual = _actual(trace)
    authors = _authors_words(error)
    failed = replace(blank, status=Status.FAILED, asked=_asked(trace))
    if difference is None:
        came = None if actual is MISSING else compare.show(actual)
        words = authors or say("outcome.not-it")
        return Finding(replace(failed, message=_text(words), came=came), actual, told=bool(authors))
    printed = _printed_by_call(trace)
    message = authors or drawn or difference.message
    if actual is None and printed and not authors:
        message = compare.nothing_returned(printed)
    asked, came, expected = _whole(failed.asked, trace, difference)
    finding = replace(failed, asked=asked, message=_text(message), came=_some(came), expected=_some(expected))
    return Finding(finding, actual, told=bool(authors), kind=difference.kind)


def _whole(asked: str | None, trace: Trace, difference: compare.Difference) -> tuple[str | None, str, str]:
    """Return what was asked, what came and what was expected, for a *difference* that may lie inside an answer.

    "f(3) gave 5" would not be true of an answer [1, 5]: short values are shown whole, and of long ones the item is asked for.
    """
    place = difference.place or ""
    if asked is None or trace.told is None or trace.compared is None or not place.startswith("["):
        return asked, difference.came, difference.expected
    _, left, right = trace.compared
    sides = (left, right) if trace.told.value is left else (right, left)
    came, expected = map(compare.show, sides)
    if max(len(came), len(expected)) <= SHORT:
        return asked, came, expected
    return _text(f"{asked}{place}"), difference.came, difference.expected


def _authors_words(error: BaseException) -> str:
    """Return what the author wrote after the comma of an assert, or ''. pytest puts it before its own lines."""
    words = str(error).split("\nassert ", 1)[0]
    return "" if words.startswith("assert ") or "\n" in words.strip("\n") else words.strip()


def _unusable(blank: Outcome, error: Exception, trace: Trace) -> Finding:
    actual = _actual(trace)
    message = say("outcome.unusable-code") if actual is MISSING else say("outcome.unusable-value", type=type_name(actual))
    if actual is None and trace.conversation is not None:
        message = compare.nothing_returned(_printed_by_call(trace))
    expected = say("outcome.usable")
    if told := compare.not_ordered(actual, error):
        message, expected = (message if actual is None else told[0]), told[1]
    came = None if actual is MISSING else compare.show(actual)
    return Finding(
        replace(blank, status=Status.FAILED, message=_text(message), asked=_asked(trace), came=came, expected=_some(expected)), actual
    )


def _named(error: BaseException) -> str:
    """Return *error* as Python shows it, on one line."""
    return f"{type(error).__name__}: {error}".replace("\n", " ")


def _hide(result: Outcome, discreet: str | None = None) -> Outcome:
    """Take out of a hidden check's outcome what could give away its inputs or what it expects; say *discreet* where it failed."""
    words = {
        Status.FAILED: "outcome.hidden-failed",
        Status.FORBIDDEN: "outcome.hidden-forbidden",
        Status.OUT_OF_MEMORY: "outcome.hidden-memory",
        Status.SKIPPED: "outcome.skipped",
        Status.BROKEN: "outcome.hidden-broken",
    }.get(result.status)
    message = say(words) if words else result.message
    if discreet is not None and result.status is Status.FAILED:
        message = _text(discreet)
    # The learner's code names its own exceptions and decides how long it takes: both could carry what it was asked.
    return replace(result, message=message, asked=None, came=None, expected=None, raised=None, traceback=(), printed="", seconds=0.0)


def _answered(trace: Trace) -> bool:
    return trace.read or (trace.conversation is not None and trace.conversation.answered)


def _actual(trace: Trace) -> object:
    call = trace.call()
    return MISSING if call is None or isinstance(call.value, LearnerError | CheckEnded) else call.value


def _asked(trace: Trace) -> str | None:
    call = trace.call()
    return None if call is None else _text(call.asked)


def _printed(check: Check, trace: Trace, *, last: bool = False) -> str:
    """Return what the learner's code printed in a visible check; with *last*, only in the call that its outcome is about."""
    if check.hidden or trace.conversation is None:
        return ""
    printed = _printed_by_call(trace) if last else trace.conversation.printed
    return "\n".join(printable(line) for line in printed[:2000].split("\n"))


def _some(text: str | None) -> str | None:
    return None if text is None else _text(text)


def _text(text: str) -> str:
    """Return *text* safe to show: one line, bounded, with nothing that a terminal or a reader's eye would obey."""
    shown = printable(text.replace("\n", " "))
    return shown if len(shown) <= MESSAGE_CHARS else shown[: MESSAGE_CHARS - 1] + "…"
