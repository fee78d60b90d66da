"""`hornbook.grading.outcomes`: every way a check can end, and what the learner reads then. Real sandboxes; one grading each."""

from __future__ import annotations

import json
import re
import secrets
import textwrap
from typing import TYPE_CHECKING

import pytest

from hornbook import Course, grade
from hornbook.lesson import Cell, Lesson, fill, write_lesson
from hornbook.model import Status

if TYPE_CHECKING:
    from pathlib import Path

    from hornbook.model import Outcome, Verdict

HEAD = """
import pytest
from hypothesis import assume, given, strategies as st
from hornbook.grading.compare import same

exercise = pytest.mark.exercise("work")
hidden = pytest.mark.exercise("work", hidden=True)
"""


def ask(root: Path, answer: str, checks: str, bank: str = "") -> Verdict:
    """Return the verdict of *checks* on *answer* to the one exercise, `work`, of a course made in *root*."""
    for folder in ("lessons", "graders", "feedback"):
        (root / folder).mkdir()
    lesson = Lesson(
        path=root / "lessons" / "works.ipynb",
        slug="works",
        title="Works",
        version="1.0.0",
        summary="Work.",
        objectives=("Work",),
        level="beginner",
        minutes=5,
        authors=("hornbook maintainers",),
        licence="CC-BY-4.0",
        cells=(Cell("code", "def work():\n    ...\n", exercise="work", id="work"),),
    )
    write_lesson(lesson)
    (root / "graders" / "test_works.py").write_text(HEAD + textwrap.dedent(checks), "utf-8")
    (root / "feedback" / "works.toml").write_text(textwrap.dedent(bank) or '[exercise.work]\nhints = ["Look at the loop."]\n', "utf-8")
    course = Course.open(root)
    return grade(fill(course.lesson("works"), {"work": textwrap.dedent(answer)}), course, seed=1)


def by_name(verdict: Verdict) -> dict[str, Outcome]:
    """Return the outcomes by the names of their checks, without `test_`."""
    return {outcome.check.removeprefix("test_"): outcome for outcome in verdict.outcomes}


# --- What the learner reads -------------------------------------------------------------------------------------------

ANSWER = """
class Box:
    def __init__(self, size):
        self.size = size
    def __repr__(self):
        return f"Box({self.size})"

class Tired(ValueError):
    pass

def echo(value, **words):
    return value

def many():
    return [9, 8, 7] * 20

def nothing(value):
    print("the answer is", value)

def silent(value):
    return None

def empty(xs):
    return sum(xs) / len(xs)

def tired():
    raise Tired("no more today")

def greedy():
    raise MemoryError

def curious():
    raise PermissionError("not allowed")

def leave():
    import os
    os._exit(0)

def fickle(value, calls=[]):
    calls.append(value)
    return 1.0 if len(calls) == 1 else 0.0

def steps():
    yield from [1, 2]
"""

CHECKS = """
@exercise
def test_passes(submission):
    "An echo is what was called"
    assert submission.echo(3) == 3

@exercise
def test_equal(submission):
    assert submission.echo(3) == 4

@exercise
def test_expected_first(submission):
    assert 4 == submission.echo(3)

@exercise
def test_too_low(submission):
    numbers = [5, 7]
    assert min(numbers) <= submission.echo(2) <= max(numbers)

@exercise
def test_too_high(submission):
    numbers = [5, 7]
    assert min(numbers) <= submission.echo(9) <= max(numbers)

@exercise
def test_an_earlier_answer(submission):
    first = submission.echo(0)
    second = submission.echo(1)
    assert first == 1

@exercise
def test_inside_an_answer(submission):
    assert len(submission.echo([1, 2])) == 3

@exercise
def test_an_item(submission):
    assert submission.echo([3, 4]) == [3, 5]

@exercise
def test_an_item_first(submission):
    assert [3, 5] == submission.echo([3, 4])

@exercise
def test_an_item_of_many(submission):
    assert submission.many() == [9, 8, 7] * 6 + [9, 8, 1] + [9, 8, 7] * 13

@exercise
def test_a_taken_item(submission):
    assert submission.echo([3, 4])[1] == 5

@exercise
def test_authors_words(submission):
    assert submission.echo(3) == 4, "An echo of three should be four here."

@exercise
def test_fail(submission):
    if submission.echo(3) != 4:
        pytest.fail("Three is not four.")

@exercise
def test_plain(submission):
    assert not submission.echo(True)

@exercise
def test_same(submission):
    assert same(submission.echo([1, 2, 3]), [1, 5, 3])

@exercise
def test_same_before(submission):
    if not same(submission.echo(1), 2):
        assert submission.echo(3) == 4

@exercise
def test_same_in_all(submission):
    assert all(same(submission.echo(number), 1) for number in (1, 2))

@exercise
def test_keyword(submission):
    assert submission.echo([1] * 100, word="yes") is None

@exercise
def test_attribute(submission):
    assert submission.Box(3).size == 4

@exercise
def test_repr(submission):
    assert repr(submission.Box(3)) == "Box(4)"

@exercise
def test_handle(submission):
    assert submission.Box(3) == 3

@exercise
def test_raises(submission):
    assert submission.empty([]) == 0

@exercise
def test_raises_own(submission):
    assert submission.tired() is None

@exercise
def test_out_of_memory(submission):
    submission.greedy()

@exercise
def test_forbidden(submission):
    submission.curious()

@exercise
def test_ended(submission):
    submission.leave()

@exercise
def test_mismatch(submission):
    with submission.raises(ValueError):
        submission.echo(3)

@exercise
def test_unusable_none(submission):
    assert submission.silent(3) + 1 == 4

@exercise
def test_unusable_printed(submission):
    assert submission.nothing(3) + 1 == 4

@exercise
def test_nothing_printed(submission):
    assert submission.nothing(3) == 3

@exercise
def test_unusable_type(submission):
    assert submission.Box(3).size["price"] == 3

@exercise
def test_unusable_handle(submission):
    assert {1: 2}[submission.Box(3)] == 3

@exercise
def test_unusable_after_error(submission):
    try:
        submission.tired()
    except ValueError:
        raise TypeError("the grader gives up") from None

@exercise
def test_skipped(submission):
    pytest.skip("Only on Sundays.")

@exercise
def test_broken(submission):
    raise KeyError("a bug of the grader's")

@exercise
def test_broken_assert(submission):
    assert 1 == 2

@exercise
def test_broken_fixture(submision):
    pass

@exercise
def test_source(submission):
    assert "while" in submission.cell("work").source

@exercise
def test_source_unusable(submission):
    submission.cell("work").tree.body[999]

@exercise
def test_no_such_cell(submission):
    submission.cell("elsewhere")

@exercise
@given(st.integers(), st.integers(0, 5))
def test_shrunk(submission, number, other):
    assert submission.echo(number) < 17

@exercise
@given(st.integers())
def test_flaky(submission, number):
    assert submission.fickle(number) < 0.5

@exercise
@given(st.integers())
def test_unsatisfied(submission, number):
    assume(submission.echo(number) != number)

@exercise
@given(st.integers(-99, 99))
def test_raises_shrunk(submission, number):
    submission.empty([1] * max(0, 3 - number))

class TestFirst:
    @exercise
    def test_twin(self, submission):
        assert submission.echo(1) == 1

class TestSecond:
    @exercise
    def test_twin(self, submission):
        assert submission.echo(1) == 2

@exercise
@pytest.mark.parametrize("number", [1, 2])
def test_several(submission, number):
    assert submission.echo(number) == 1
"""

BANK = """
[exercise.work]
hints = ["Look at the loop."]
success = "You return what came."

[[misconception]]
name = "echoes-three"
check = "test_equal"
when = { actual = "3" }
program = "def echo(value): return value"
hints = ["Three came back as it was."]
"""


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcome]:
    """Return the outcomes of all checks above on the answer above."""
    return by_name(ask(tmp_path_factory.mktemp("course"), ANSWER, CHECKS, BANK))


def test_a_passed_check_earns_its_points(found: dict[str, Outcome]) -> None:
    """Full points, the sentence of its docstring as title, and no word of success while other checks of the exercise fail."""
    outcome = found["passes"]

    assert (outcome.status, outcome.earned, outcome.title) == (Status.PASSED, 1.0, "An echo is what was called")
    assert (outcome.message, outcome.hints) == ("", ())


@pytest.mark.parametrize(
    ("check", "asked", "came", "expected"),
    [
        ("equal", "echo(3)", "3", "4"),
        ("expected_first", "echo(3)", "3", "4"),
        ("too_low", "echo(2)", "2", "5"),
        ("too_high", "echo(9)", "9", "7"),
        ("an_earlier_answer", "echo(0)", "0", "1"),
        ("an_item", "echo([3, 4])", "[3, 4]", "[3, 5]"),
        ("an_item_first", "echo([3, 4])", "[3, 4]", "[3, 5]"),
        ("an_item_of_many", "many()[20]", "7", "1"),
        ("a_taken_item", "echo([3, 4])", "4", "5"),
        ("inside_an_answer", "echo([1, 2])", "2", "3"),
        ("authors_words", "echo(3)", "3", "4"),
        ("same", "echo([1, 2, 3])", "2", "5"),
        ("same_before", "echo(3)", "3", "4"),
        ("same_in_all", "echo(2)", "2", "1"),
        ("attribute", "Box.size", "3", "4"),
        ("repr", "Box(3)", "'Box(3)'", "'Box(4)'"),
        ("TestSecond::test_twin", "echo(1)", "1", "2"),
        ("several[2]", "echo(2)", "2", "1"),
    ],
)
def test_what_was_asked_came_and_was_expected(found: dict[str, Outcome], check: str, asked: str, came: str, expected: str) -> None:
    """Whichever side of the comparison the author wrote first, and whatever was asked before or after it."""
    outcome = found[check]

    assert (outcome.status, outcome.asked, outcome.came, outcome.expected) == (Status.FAILED, asked, came, expected)


@pytest.mark.parametrize(
    ("check", "words"),
    [
        ("authors_words", "An echo of three should be four here."),
        ("fail", "Three is not four."),
        ("plain", "The answer is not what this check asks for."),
    ],
)
def test_the_authors_words_come_first(found: dict[str, Outcome], check: str, words: str) -> None:
    """What the author wrote after the comma is the message; where there is nothing to say, a general sentence is."""
    assert (found[check].status, found[check].message) == (Status.FAILED, words)


def test_checks_of_the_same_name_are_told_apart(found: dict[str, Outcome]) -> None:
    """Two classes may have a check of one name, and a parametrised check is one check for each value."""
    names = {"TestFirst::test_twin", "TestSecond::test_twin", "several[1]", "several[2]"}

    assert {name: found[name].passed for name in names} == {name: "1" in name or "First" in name for name in names}


def test_a_long_argument_is_cut(found: dict[str, Outcome]) -> None:
    """What was asked is shown with its keywords, in one line of bounded length."""
    asked = found["keyword"].asked or ""

    assert asked.startswith("echo([1, 1,")
    assert asked.endswith("word='yes')")
    assert len(asked) < 150


def test_an_object_is_not_data(found: dict[str, Outcome]) -> None:
    """An object of the learner's class equals nothing, whatever it holds."""
    assert found["handle"].status is Status.FAILED


def test_an_error_of_the_learners_code_is_shown_with_its_own_lines(found: dict[str, Outcome]) -> None:
    """What was asked, the error as it came, its type, and the learner's own line only."""
    outcome = found["raises"]

    assert (outcome.status, outcome.asked, outcome.came) == (Status.FAILED, "empty([])", "ZeroDivisionError: division by zero")
    assert (outcome.raised, outcome.expected) == ("ZeroDivisionError", None)
    assert [line.partition(", ")[2] for line in outcome.traceback] == ["in empty: return sum(xs) / len(xs)"]


def test_an_error_class_of_the_learners_keeps_its_name(found: dict[str, Outcome]) -> None:
    """The name is the one that the learner gave to it."""
    assert (found["raises_own"].raised, found["raises_own"].came) == ("Tired", "Tired: no more today")


@pytest.mark.parametrize(
    ("check", "status"),
    [
        ("out_of_memory", Status.OUT_OF_MEMORY),
        ("forbidden", Status.FORBIDDEN),
        ("ended", Status.FAILED),
        ("mismatch", Status.FAILED),
        ("unusable_none", Status.FAILED),
        ("unusable_type", Status.FAILED),
        ("unusable_handle", Status.FAILED),
        ("unusable_after_error", Status.FAILED),
        ("unsatisfied", Status.FAILED),
        ("flaky", Status.FAILED),
        ("source", Status.FAILED),
        ("source_unusable", Status.FAILED),
    ],
)
def test_what_the_learners_code_cannot_do_costs_the_points(found: dict[str, Outcome], check: str, status: Status) -> None:
    """However it fails, it earns nothing, says so in a sentence, and is helped on."""
    outcome = found[check]

    assert (outcome.status, outcome.earned) == (status, 0.0)
    assert outcome.message.endswith(".")
    assert [hint.text for hint in outcome.hints] == ["Look at the loop."]


def test_no_error_where_one_was_expected(found: dict[str, Outcome]) -> None:
    """A Mismatch keeps its own words and both sides."""
    outcome = found["mismatch"]

    assert (outcome.asked, outcome.came, outcome.expected) == ("echo(3)", "3", "ValueError")


@pytest.mark.parametrize("check", ["unusable_printed", "nothing_printed"])
def test_printing_is_not_returning(found: dict[str, Outcome], check: str) -> None:
    """Where nothing came but something was printed, the sentence says the difference and shows what was printed."""
    outcome = found[check]

    assert "print" in outcome.message
    assert "the answer is 3" in outcome.message
    assert (outcome.came, outcome.printed) == ("None", "the answer is 3\n")


def test_what_cannot_be_used_is_named_by_its_type(found: dict[str, Outcome]) -> None:
    """Where the grader cannot go on with a value, the learner reads what kind of value it was."""
    assert ["of type int" in found["unusable_type"].message, "of type Box" in found["unusable_handle"].message] == [True, True]


def test_a_skipped_check_says_why(found: dict[str, Outcome]) -> None:
    """What the author skips is skipped, with the author's words."""
    assert (found["skipped"].status, found["skipped"].message) == (Status.SKIPPED, "Only on Sundays.")


@pytest.mark.parametrize("check", ["broken", "broken_assert", "broken_fixture", "no_such_cell"])
def test_the_graders_own_fault_is_broken(found: dict[str, Outcome], check: str) -> None:
    """Where the grader fails before the learner's code has answered anything, the learner is told so, and gets no hint."""
    outcome = found[check]

    assert (outcome.status, outcome.hints) == (Status.BROKEN, ())
    assert outcome.message.startswith("This check could not be asked, through no fault of yours")


def test_hypothesis_shows_the_smallest_example_only(found: dict[str, Outcome]) -> None:
    """Of all the examples that failed the learner sees one, the simplest."""
    assert (found["shrunk"].asked, found["shrunk"].came, found["shrunk"].expected) == ("echo(17)", "17", "17")
    assert (found["raises_shrunk"].asked, found["raises_shrunk"].raised) == ("empty([])", "ZeroDivisionError")


def test_an_answer_that_changes_is_said_to(found: dict[str, Outcome]) -> None:
    """What hypothesis calls flaky is told in the learner's words."""
    assert "different answers to the same question" in found["flaky"].message


def test_a_misconception_is_told_by_the_value_that_came(found: dict[str, Outcome]) -> None:
    """The value that was compared decides, not what pytest asked afterwards to explain the assert."""
    assert [(hint.text, hint.misconception) for hint in found["equal"].hints] == [
        ("Three came back as it was.", "echoes-three"),
        ("Look at the loop.", None),
    ]


@pytest.mark.parametrize("text", ["\x1b[31m", "\u202e", "\x00", "\ud800".encode("utf-8", "surrogatepass").decode("latin-1")])
def test_no_text_of_the_learners_is_obeyed(tmp_path: Path, text: str) -> None:
    """Names, messages and printed text with terminal escapes and invisible characters arrive as escapes, in one line."""
    answer = f"""
    text = {text!r} + "\\nsecond line" * 300
    def work():
        print(text)
        raise type(text.replace("\\x00", ""), (Exception,), {{}})(text)
    """
    verdict = ask(tmp_path, answer, "@exercise\ndef test_work(submission):\n    submission.work()\n")
    outcome = verdict.outcomes[0]
    shown = [
        outcome.message,
        outcome.asked or "",
        outcome.came or "",
        outcome.raised or "",
        *outcome.traceback,
        *outcome.printed.split("\n"),
    ]

    assert all(line.isprintable() and len(line) <= 2000 for line in shown)


# --- Nobody escapes -----------------------------------------------------------------------------------------------------

ESCAPES = {
    "SystemExit": "raise SystemExit(0)",
    "KeyboardInterrupt": "raise KeyboardInterrupt",
    "GeneratorExit": "raise GeneratorExit",
    "StopIteration": "raise StopIteration(14)",
    "BaseException": "raise BaseException('out')",
    "ExceptionGroup": "raise ExceptionGroup('all', [ValueError()])",
    "BaseExceptionGroup": "raise BaseExceptionGroup('all', [SystemExit()])",
    "a class named Skipped": "raise type('Skipped', (Exception,), {'__module__': '_pytest.outcomes'})('skipped')",
    "a class named SkipTest": "raise type('SkipTest', (Exception,), {'__module__': 'unittest.case'})('skipped')",
    "unittest.SkipTest": "import unittest; raise unittest.SkipTest('skipped')",
    "a class named XFailed": "raise type('XFailed', (Exception,), {})('xfail')",
    "a class named GraderError": "raise type('GraderError', (Exception,), {'__module__': 'hornbook.errors'})('broken')",
    "a class named UnsatisfiedAssumption": "raise type('UnsatisfiedAssumption', (BaseException,), {'__module__': 'hypothesis.errors'})()",
    "AssertionError": "raise AssertionError('assert 14 == 14')",
    "an error that cannot be shown": "raise type('E', (Exception,), {'__str__': lambda self: 1 / 0})()",
    "a lying exception": "raise type('E', (Exception,), {'__class__': property(lambda self: SystemExit)})()",
    "a generator": "yield 14",
    "itself": "return work",
    "NotImplemented": "return NotImplemented",
    "Ellipsis": "return ...",
    "an object": "return object()",
    "a class": "return type('V', (int,), {'__eq__': lambda self, other: True, '__hash__': int.__hash__})",
    "an int that equals all": "return type('V', (int,), {'__eq__': lambda self, other: True, '__hash__': int.__hash__})(3)",
    "a value too large to go back": "return 'x' * ((1 << 20) - 60)",
    "a value nested as deep as can be": "a = []\n    for _ in range(96): a = [a]\n    return a if value == 1 else 15",
    "an int too long to be shown": "return 10 ** 10_000",
    "NaN": "return float('nan')",
}

ESCAPE_CHECKS = """
@exercise
def test_plain_N(submission):
    assert submission.wayN(1) == 14

@exercise
def test_through_N(submission):
    assert submission.wayN(submission.wayN(1)) == 14

@exercise
@given(st.just(1))
def test_property_N(submission, number):
    assert submission.wayN(number) == 14
"""


@pytest.fixture(scope="module")
def escaped(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcome]:
    """Return the outcomes of the checks above for each way out above, all in one notebook."""
    answer = "\n".join(f"def way{number}(value):\n    work = way{number}\n    {body}\n" for number, body in enumerate(ESCAPES.values()))
    checks = "\n".join(re.sub(r"(?<=_|y)N\b", str(number), ESCAPE_CHECKS) for number in range(len(ESCAPES)))
    return by_name(ask(tmp_path_factory.mktemp("course"), answer, checks))


@pytest.mark.parametrize("number", range(len(ESCAPES)), ids=list(ESCAPES))
def test_nobody_gets_out_of_a_check(escaped: dict[str, Outcome], number: int) -> None:
    """Whatever a learner's code raises or returns, a check that it does not satisfy is failed: never broken, skipped or passed."""
    ends = {name: escaped[f"{name}_{number}"].status for name in ("plain", "through", "property")}

    assert ends == dict.fromkeys(("plain", "through", "property"), Status.FAILED)


def test_a_stop_of_the_learners_ends_nothing_here(tmp_path: Path) -> None:
    """A StopIteration from the learner's code must not end a loop of the grader's as if all its questions had been answered."""
    checks = "@exercise\ndef test_work(submission):\n    assert all(map(submission.work, [1, 2]))\n"
    verdict = ask(tmp_path, "def work(value): raise StopIteration", checks)

    assert verdict.outcomes[0].status is Status.FAILED


# --- Hidden checks give nothing away -------------------------------------------------------------------------------------

LEAKS = {
    "returns it": "return value",
    "prints it": "print(value)",
    "raises it": "raise ValueError(value)",
    "raises a class of that name": "raise type('E' + value, (Exception,), {})()",
    "raises a memory error": "raise MemoryError(value)",
    "raises a permission error": "raise PermissionError(value)",
    "raises a missing name": "raise NameError(f\"name '{value}' is not defined\", name=value)",
    "returns an object of that name": "return type('E' + value, (), {'__repr__': lambda self: value})()",
    "warns": "import warnings; warnings.warn(value)",
    "displays it": "from IPython.display import display; display(value)",
    "runs a function of that name": "exec(f'def {value}(): raise ValueError\\n{value}()')",
    "changes the notebook": "global secret; secret = value; get_ipython().user_ns['In'].append(value)",
    "writes it to a file": "open('seen.txt', 'w').write(value)",
    "exits with it": "raise SystemExit(value)",
    "answers all of it": "return {value: [value, EXPECTED]}",
}

HIDDEN_CHECKS = """
import secrets

@hidden
def test_plain(submission):
    assert submission.work("SECRET") == "EXPECTED"

@hidden
@pytest.mark.parametrize(("text", "expected"), [("SECRET", "EXPECTED")])
def test_parametrised(submission, text, expected):
    assert submission.work(text) == expected

@hidden
def test_words(submission):
    assert submission.work("SECRET") == "EXPECTED", "SECRET should be EXPECTED"

@hidden
def test_same(submission):
    assert same(submission.work("SECRET"), ["EXPECTED"])

@hidden
@given(st.sampled_from(["SECRET", "SECRET" + "x"]))
def test_property(submission, text):
    assert submission.work(text) == "EXPECTED"

@hidden
def test_raises(submission):
    with submission.raises(KeyError, match="EXPECTED"):
        submission.work("SECRET")

@hidden
def test_unusable(submission):
    assert submission.work("SECRET") + {"EXPECTED": 1}["SECRET"]

@hidden
def test_broken(submission):
    raise ValueError("SECRET is not EXPECTED")

@hidden
def test_skipped(submission):
    pytest.skip(submission.evaluate("'SECRET'") + "EXPECTED")

@hidden
def test_seen(submission):
    assert submission.evaluate("globals().get('secret')") == "EXPECTED"

@exercise
def test_visible(submission):
    assert submission.evaluate("open('seen.txt').read()") == 1
"""


def _lines(body: str) -> str:
    return f"def work(value):\n    {body}\n"


@pytest.mark.parametrize("body", LEAKS.values(), ids=list(LEAKS))
def test_a_hidden_check_gives_nothing_away(tmp_path: Path, body: str) -> None:
    """No input, expectation, printed text, message or name from a hidden check stands anywhere in the verdict."""
    secret, expected = f"in{secrets.token_hex(6)}", f"out{secrets.token_hex(6)}"
    checks = HIDDEN_CHECKS.replace("SECRET", secret).replace("EXPECTED", expected)
    bank = """
    [exercise.work]
    hints = ["Look at the loop."]
    [[misconception]]
    name = "returns-its-input"
    check = "test_plain"
    when = { actual_type = "str" }
    program = "def work(value): return value"
    hints = ["It came back as it was."]
    """
    verdict = ask(tmp_path, _lines(body), checks, bank)
    said = verdict.to_json().decode()

    assert (secret in said, expected in said) == (False, False)
    assert {outcome.seconds for outcome in verdict.outcomes if outcome.hidden} == {0.0}
    assert [outcome.status for outcome in verdict.outcomes if outcome.passed] == []
    assert json.loads(said)["points"]["earned"] == 0.0


# --- What the source tells -----------------------------------------------------------------------------------------------

READ = """
@exercise
def test_first(submission):
    assert submission.first([1, 2]) == 3

@exercise
def test_constant(submission):
    assert submission.constant(1) == 5

@exercise
def test_itself(submission):
    assert submission.itself(1) == 5

@exercise
def test_none(submission):
    assert submission.none(1) == 5

@exercise
def test_told(submission):
    assert submission.constant(1) == 5, "Five is meant."

@hidden
def test_hidden(submission):
    assert submission.constant(1) == 5

@exercise
@given(st.integers(1, 9))
def test_examples(submission, number):
    assert submission.shown(number) > 0

@exercise
@given(st.integers(1, 9))
def test_ordered(submission, number):
    assert 0 <= submission.worded(number)

@exercise
def test_returned_error(submission):
    with submission.raises(ValueError):
        submission.error(1)
"""

WRITTEN = """
def first(numbers):
    total = 0
    for number in numbers:
        total += number
        return total

def constant(number):
    return 4

def itself(number):
    return print

def none(number):
    number + 4

def shown(number):
    print("seen", number)

def worded(number):
    return str(number)

def error(number):
    return ValueError(number)
"""


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcome]:
    """Return the outcomes for functions whose source shows what is the matter."""
    return by_name(ask(tmp_path_factory.mktemp("read"), WRITTEN, READ))


@pytest.mark.parametrize(
    ("check", "words"),
    [
        ("first", "The `return` in line 6 stands inside the loop"),
        ("constant", "`constant` never uses what it is given as `number`"),
        ("itself", "The function itself came, not its result"),
        ("none", "`none` has no line with `return`"),
        ("told", "Five is meant."),
        ("hidden", "A hidden check of this exercise does not pass yet"),
        ("ordered", "A text came ('1'), which cannot be compared with a whole number."),
        ("returned_error", "an error is raised: `raise ValueError(...)`"),
    ],
)
def test_the_source_is_read_where_it_tells_more(read: dict[str, Outcome], check: str, words: str) -> None:
    """The author's words come first, then what the source surely shows, then what the value tells; a hidden check tells nothing."""
    assert words in read[check].message


def test_no_words_of_pythons_own_stand_beside_what_came(read: dict[str, Outcome]) -> None:
    """What could not be compared was expected to be something that can."""
    assert (read["ordered"].came, read["ordered"].expected) == ("'1'", "something that can be compared with a whole number")


def test_of_many_examples_only_the_last_print_is_shown(read: dict[str, Outcome]) -> None:
    """What the examples before have printed is no part of the one that is shown."""
    assert read["examples"].asked == "shown(1)"
    assert read["examples"].printed == "seen 1\n"
    assert read["examples"].message.startswith("Nothing was returned, but 'seen 1' was printed.")
