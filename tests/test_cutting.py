"""Hidden checks are cut out of a grader with all that only they use; the rest stays as it was written."""

from __future__ import annotations

import pytest

from hornbook.release.cutting import CannotCut, cut, trimmed, uses_of

GRADER = '''\
"""Means: of some numbers, and of none."""

from __future__ import annotations

import re
from statistics import fmean, median

import pytest

from hornbook.grading import same

# Both use these.
SOME = [1, 2,
        6]  # three of them
# Nobody must know that these are asked.
SECRET = [13, 57, 91]


def of(numbers):
    """Return the mean in another way."""
    return fmean(numbers)


def middle(numbers):
    return median(numbers)


@pytest.fixture
def many():
    return SECRET * 2


@pytest.mark.exercise("mean")
def test_some(submission):
    """The mean of some is 3"""
    SECRET = of(SOME)  # the name is another one here
    assert same(submission.mean(SOME), SECRET)


# This one is hidden.
@pytest.mark.exercise("mean", hidden=True)
def test_many(submission, many):
    """The mean of many is theirs"""
    assert submission.mean(many) == middle(many)
    assert re.match("x", "x")


class TestClass:
    """Some checks together."""

    numbers = (4, 5)
    others = (44, 55)

    @pytest.mark.exercise("mean")
    def test_shown(self, submission):
        """Shown"""
        assert submission.mean(self.numbers) == 4.5

    def helped(self):
        return 99.25

    @pytest.mark.exercise("mean", hidden=True)
    def test_not_shown(self, submission):
        """Not shown"""
        assert submission.mean(self.others) == self.helped()
'''

WITHOUT = '''\
"""Means: of some numbers, and of none."""

from __future__ import annotations

from statistics import fmean

import pytest

from hornbook.grading import same

# Both use these.
SOME = [1, 2,
        6]  # three of them


def of(numbers):
    """Return the mean in another way."""
    return fmean(numbers)


@pytest.mark.exercise("mean")
def test_some(submission):
    """The mean of some is 3"""
    SECRET = of(SOME)  # the name is another one here
    assert same(submission.mean(SOME), SECRET)


class TestClass:
    """Some checks together."""

    numbers = (4, 5)

    @pytest.mark.exercise("mean")
    def test_shown(self, submission):
        """Shown"""
        assert submission.mean(self.numbers) == 4.5
'''


def test_what_only_hidden_checks_use_goes_with_them() -> None:
    """Helpers, fixtures, constants, imports and comments of hidden checks go; what is left is as it was, comments and layout included."""
    assert cut(GRADER, {"test_many", "TestClass::test_not_shown"}) == WITHOUT


def test_without_hidden_checks_nothing_changes() -> None:
    """A grader in which everything is used and nothing is hidden comes out as it went in."""
    assert cut(WITHOUT, set()) == WITHOUT


def test_a_grader_of_hidden_checks_alone_leaves_nothing() -> None:
    """Where all checks are hidden, not even a helper or the docstring is left."""
    assert cut('"""Secret."""\nNUMBER = 3\n\ndef test_it(submission):\n    assert submission.x == NUMBER\n', {"test_it"}) == ""


def test_a_class_of_hidden_checks_goes_as_a_whole() -> None:
    """A class all of whose checks are hidden leaves nothing behind."""
    source = "class TestA:\n    def test_b(self, submission):\n        pass\n\n\ndef test_c(submission):\n    pass\n"

    assert cut(source, {"TestA::test_b"}) == "def test_c(submission):\n    pass\n"


def test_a_hidden_value_of_a_parameter_goes_alone() -> None:
    """Of a check that is hidden for some of its values, these values go, and the check stays, in whatever it is written."""
    source = (
        '@pytest.mark.parametrize("é, b", [(1, "ü"),\n    pytest.param(77, 2, marks=[pytest.mark.hidden]), (3, 4)])\n'
        "def test_a(submission, é, b):\n    pass\n"
    )

    assert cut(f"import pytest\n\n{source}", set(), {"test_a"}) == (
        "import pytest\n\n@pytest.mark.parametrize(\"é, b\", [(1, 'ü'), (3, 4)])\ndef test_a(submission, é, b):\n    pass\n"
    )


def test_a_hidden_value_in_a_class_goes_alone() -> None:
    """In a class, one check may lose a value and another one go as a whole."""
    source = (
        'class TestA:\n    @pytest.mark.parametrize("a", [1, pytest.param(2, marks=pytest.mark.hidden)])\n'
        "    def test_b(self, submission, a):\n        pass\n\n    def test_c(self, submission):\n        pass\n"
    )

    assert cut(source, {"TestA::test_c"}, {"TestA::test_b"}) == (
        'class TestA:\n    @pytest.mark.parametrize("a", [1])\n    def test_b(self, submission, a):\n        pass\n'
    )


@pytest.mark.parametrize(
    ("source", "hidden", "mixed"),
    [
        pytest.param("if True:\n    def test_a(submission):\n        pass\n", {"test_a"}, set(), id="inside an if"),
        pytest.param("for n in VALUES:\n    def test_a(submission):\n        pass\n", set(), {"test_a"}, id="inside a loop"),
        pytest.param(
            '@pytest.mark.parametrize("a", VALUES)\ndef test_a(submission, a):\n    pass\n', set(), {"test_a"}, id="made elsewhere"
        ),
    ],
)
def test_what_no_line_can_be_drawn_around_is_said(source: str, hidden: set[str], mixed: set[str]) -> None:
    """A hidden check, or value, that is not written where it can be cut out is named with its line."""
    with pytest.raises(CannotCut) as caught:
        cut(f"import pytest\n{source}", hidden, mixed)

    assert caught.value.line >= 2
    assert "hidden" in caught.value.problem


def test_what_works_without_a_name_stays_if_it_can() -> None:
    """A setting of a library stays with its import; what is set with a hidden check's helper goes."""
    source = (
        "import locale\nimport matplotlib\n\nimport secret_tables\n\nmatplotlib.use('agg')\n\nTABLE = secret_tables.of(3)\n\n"
        "TABLE.sort()\n\ndef test_a(submission):\n    pass\n\n\ndef test_b(submission):\n    assert TABLE\n"
    )

    assert cut(source, {"test_b"}) == "import matplotlib\n\nmatplotlib.use('agg')\n\ndef test_a(submission):\n    pass\n"


def test_a_fixture_of_all_stays() -> None:
    """A fixture that works without being asked for, one that is named in usefixtures, and a hook of pytest's stay."""
    source = (
        "import pytest\n\n@pytest.fixture(autouse=True)\ndef always():\n    pass\n\n\n@pytest.fixture\ndef named():\n    pass\n\n\n"
        "def pytest_runtest_setup(item):\n    pass\n\n\n@pytest.mark.usefixtures('named')\ndef test_a(submission):\n    pass\n"
    )

    assert cut(source, set()) == source


def test_of_a_shared_module_stays_what_is_wanted() -> None:
    """Of a module that graders share, the wanted names stay with what they need; where all is wanted, all stays."""
    source = "BASE = 2\nOTHER = 3\n\ndef double(n):\n    return n * BASE\n\n\ndef triple(n):\n    return n * OTHER\n"

    assert trimmed(source, {"double"}) == "BASE = 2\n\ndef double(n):\n    return n * BASE\n"
    assert trimmed(source, None) == source


def test_what_a_module_asks_of_others() -> None:
    """Fixtures by their names, names by module, and the texts that may name a file are told; a star is all of a module."""
    uses = uses_of(
        "import helpers\nfrom tables import rows\nfrom words import *\n\n"
        "def test_a(submission, many):\n    assert helpers.of(open('a.csv'))\n"
    )

    assert uses.fixtures == {"submission", "many"}
    assert "a.csv" in uses.texts
    assert uses.modules["helpers"] == frozenset({"of"})
    assert uses.modules["tables"] == frozenset({"rows"})
    assert uses.modules["words"] is None
