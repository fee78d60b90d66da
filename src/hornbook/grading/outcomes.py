"""Turns how a pytest check ended into an Outcome: the one place where points are given.

Points are given for exactly one thing: the check's own code, in this trusted process, ran to its end without an exception.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from hornbook.errors import HornbookError, printable
from hornbook.feedback import MISSING, Bank
from hornbook.grading import compare
from hornbook.model import Outcome, Status
from hornbook.sandbox.probe import CheckEnded, Conversation, LearnerError, Mismatch

MESSAGE_CHARS = 600
SWAPPED = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "==": "==", "!=": "!="}


@dataclass(frozen=True, slots=True)
class Check:
    """What the grader says about one check."""

    name: str
    exercise: str
    title: str
    points: float
    hidden: bool
    seconds: float
    needs: tuple[str, ...] = ()


@dataclass(slots=True)
class Trace:
    """What was noticed while one check ran: its conversation, and the last comparison that pytest had to explain."""

    conversation: Conversation | None = None
    compared: tuple[str, object, object] | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """How a check ended, before hints: *actual* is the value that came, for misconceptions that name it."""

    outcome: Outcome
    actual: object = MISSING


def outcome(check: Check, error: BaseException | None, trace: Trace, *, source: str, bank: Bank, seconds: float) -> Outcome:
    """Return the Outcome of *check*, which ended with *error* or, with None, passed."""
    blank = Outcome(
        check.name, check.exercise, check.title, Status.PASSED, check.points, 0.0, hidden=check.hidden, seconds=round(seconds, 4)
    )
    if error is None:
        return replace(blank, earned=check.points, message=bank.success(check.exercise) or "", printed=_printed(check, trace))
    finding = _judged(blank, error, trace)
    result = finding.outcome
    if result.status in {Status.FAILED, Status.TIMED_OUT, Status.OUT_OF_MEMORY, Status.FORBIDDEN, Status.NOT_ATTEMPTED}:
        result = replace(result, hints=bank.hints(result, source, actual=finding.actual))
    return _hide(result) if check.hidden else replace(result, printed=_printed(check, trace))


def _judged(blank: Outcome, error: BaseException, trace: Trace) -> Finding:  # noqa: PLR0911 - one return for each way to end
    match error:
        case CheckEnded():
            return Finding(replace(blank, status=error.status, message=_text(error.message), asked=_asked(trace)))
        case LearnerError():
            return Finding(_raised(blank, error, trace))
        case Mismatch():
            failed = replace(
                blank, status=Status.FAILED, message=_text(error.message), came=_some(error.came), expected=_some(error.expected)
            )
            return Finding(replace(failed, asked=_asked(trace)), _actual(trace))
        case pytest.skip.Exception():
            return Finding(replace(blank, status=Status.SKIPPED, message=_text(str(error.msg or "This check does not apply here."))))
        case AssertionError() | pytest.fail.Exception() if _answered(trace):
            return _compared(blank, error, trace)
        case _ if type(error).__module__.startswith("hypothesis") and type(error).__name__ in {"Flaky", "FlakyFailure", "FlakyReplay"}:
            message = "Your code gave different answers to the same question; it should depend on its arguments only."
            return Finding(replace(blank, status=Status.FAILED, message=message))
        case Exception() if _answered(trace) and not isinstance(error, HornbookError):
            # The grader works with the reference solution (doctor proves it), so it is what came that it cannot work with.
            return _unusable(blank, error, trace)
        case _:
            message = f"This check could not be asked, through no fault of yours ({type(error).__name__}: {error})."
            return Finding(replace(blank, status=Status.BROKEN, message=_text(message)))


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
    difference = None
    actual = _actual(trace)
    if comparison is not None and comparison.difference is not None:
        difference = comparison.difference
    elif trace.compared is not None:
        operator, left, right = trace.compared
        if right is actual and left is not actual:
            operator, left, right = SWAPPED.get(operator, operator), right, left
        difference = compare.explain(operator, left, right)
    authors = _authors_words(error)
    failed = replace(blank, status=Status.FAILED, asked=_asked(trace))
    if difference is None:
        came = None if actual is MISSING else compare.show(actual)
        return Finding(replace(failed, message=_text(authors or "The answer is not what this check asks for."), came=came), actual)
    printed = trace.conversation.printed if trace.conversation else ""
    message = authors or difference.message
    if actual is None and printed and not authors:
        message = compare.nothing_returned(printed)
    return Finding(replace(failed, message=_text(message), came=_some(difference.came), expected=_some(difference.expected)), actual)


def _authors_words(error: BaseException) -> str:
    """Return what the author wrote after the comma of an assert, or ''. pytest puts it before its own lines."""
    words = str(error).split("\nassert ", 1)[0]
    return "" if words.startswith("assert ") or "\n" in words.strip("\n") else words.strip()


def _unusable(blank: Outcome, error: Exception, trace: Trace) -> Finding:
    actual = _actual(trace)
    kind = "nothing" if actual is None else f"a value of type {type(actual).__name__}"
    message = f"This check cannot work with what your code gave back: {kind}."
    if actual is None and trace.conversation is not None:
        message = compare.nothing_returned(trace.conversation.printed)
    expected = f"something that can be used here ({type(error).__name__}: {error})"
    came = None if actual is MISSING else compare.show(actual)
    return Finding(
        replace(blank, status=Status.FAILED, message=_text(message), asked=_asked(trace), came=came, expected=_some(expected)), actual
    )


def _hide(result: Outcome) -> Outcome:
    """Take out of a hidden check's outcome everything that could give away its inputs or what it expects."""
    message = {
        Status.FAILED: "A hidden check of this exercise does not pass yet: try values that the examples do not show.",
        Status.FORBIDDEN: "In a hidden check your code tried something that the sandbox does not allow.",
    }.get(result.status, result.message)
    return replace(result, message=message, asked=None, came=None, expected=None, traceback=(), printed="")


def _answered(trace: Trace) -> bool:
    return trace.conversation is not None and trace.conversation.answered


def _actual(trace: Trace) -> object:
    last = trace.conversation.last if trace.conversation else None
    return MISSING if last is None or isinstance(last.value, LearnerError) else last.value


def _asked(trace: Trace) -> str | None:
    last = trace.conversation.last if trace.conversation else None
    return None if last is None else _text(last.asked)


def _printed(check: Check, trace: Trace) -> str:
    if check.hidden or trace.conversation is None:
        return ""
    return "\n".join(printable(line) for line in trace.conversation.printed[:2000].split("\n"))


def _some(text: str | None) -> str | None:
    return None if text is None else _text(text)


def _text(text: str) -> str:
    """Return *text* safe to show: one line, bounded, with nothing that a terminal or a reader's eye would obey."""
    shown = printable(text.replace("\n", " "))
    return shown if len(shown) <= MESSAGE_CHARS else shown[: MESSAGE_CHARS - 1] + "…"
