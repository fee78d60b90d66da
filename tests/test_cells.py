"""A page's cells: what they show and how they fail is what a kernel shows."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from hornbook.errors import WireError
from hornbook.offline.cells import Asked, Shell
from hornbook.offline.desk import Desk, _literal
from hornbook.sandbox.line import Gone
from hornbook.sandbox.probe import CheckEnded, Conversation, Handle, LearnerError, Probe
from hornbook.wire import Limits


class Page:
    """A shell, and what it has shown."""

    def __init__(self, room: int = 1 << 20) -> None:
        self.outputs: list[dict[str, Any]] = []
        self.shell = Shell(self.outputs.append, room=room)

    def shown(self, source: str) -> list[dict[str, Any]]:
        """Return what a cell shows."""
        self.outputs.clear()
        self.shell.run(source)
        return list(self.outputs)


@pytest.fixture
def page() -> Page:
    """Give a page in which nothing has run."""
    return Page()


def test_a_cell_shows_what_it_prints_and_its_value(page: Page) -> None:
    """What is printed comes first, then the value of the last line; None, and a line that ends in a semicolon, show nothing."""
    shown = page.shown("print('a', 'b')\nx = 2\nx + 1")

    assert shown[0] == {"output_type": "stream", "name": "stdout", "text": "a b\n"}
    assert (shown[1]["output_type"], shown[1]["data"], shown[1]["execution_count"]) == ("execute_result", {"text/plain": "3"}, 1)
    assert page.shown("None") == []
    assert page.shown("x;") == []
    assert page.shown("display(x)")[0]["output_type"] == "display_data"
    assert page.shown("_")[0]["data"] == {"text/plain": "3"}


def test_names_stay_and_main_is_the_notebook(page: Page) -> None:
    """One cell's names are the next one's; classes know their module, as dataclasses need, and afterwards all is as it was."""
    before = sys.modules["__main__"], sys.stdout, sys.stdin
    page.shown("from dataclasses import dataclass\n@dataclass\nclass P:\n    x: 'int' = 3")

    assert page.shown("P()")[0]["data"]["text/plain"] == "P(x=3)"
    assert page.shown("__name__")[0]["data"]["text/plain"] == "'__main__'"
    assert (sys.modules["__main__"], sys.stdout, sys.stdin) == before


def test_an_error_is_told_with_the_learners_own_lines(page: Page) -> None:
    """The lines of a traceback are the cell's, also in a function of an earlier cell; a line that is no Python is shown."""
    page.shown("def mean(numbers):\n    return sum(numbers) / len(numbers)")
    ran = page.shell.run("print('so far')\nmean([])")
    error = page.outputs[-1]

    assert (ran.text, ran.error) == ("so far\n", "ZeroDivisionError: division by zero")
    assert ran.lines == ("line 2: mean([])", "line 2, in mean: return sum(numbers) / len(numbers)")
    assert error["traceback"][-1] == "ZeroDivisionError: division by zero"
    assert "    x = = 1" in "\n".join(page.shown("x = = 1")[-1]["traceback"])


@pytest.mark.parametrize("source", ["raise SystemExit", "raise KeyboardInterrupt", "class E(BaseException):\n    __str__ = None\nraise E"])
def test_whatever_is_raised_stays_in_its_cell(page: Page, source: str) -> None:
    """A cell can end with anything, even what ends a program; the next one runs."""
    assert page.shown(source)[-1]["output_type"] == "error"
    assert page.shown("1")[0]["data"]["text/plain"] == "1"


def test_what_prints_without_end_is_cut(page: Page) -> None:
    """More than there is room for is left out, which is said once, in the cell's text as well."""
    small = Page(room=4096)
    ran = small.shell.run("for number in range(10_000):\n    print('x' * 80)")

    assert sum(len(output["text"]) for output in small.outputs) < 20_000
    assert ran.text.count("4 kB were printed") == 1
    assert "4 kB" not in page.shell.run("print('x' * 80)").text


def test_commands_are_left_alone_or_refused(page: Page) -> None:
    """What loads the checks does nothing, also inside a block; what a kernel would do is refused in a sentence."""
    assert page.shown("%load_ext hornbook\nif True:\n    %matplotlib inline\n1")[0]["data"]["text/plain"] == "1"
    assert "`%timeit 1`" in page.shown("%timeit 1")[-1]["evalue"]
    assert "`!ls`" in page.shown("x = 1\n!ls")[-1]["evalue"]
    assert page.shown("5 %2")[0]["data"]["text/plain"] == "1"


def test_await_ends_where_nothing_is_waited_for(page: Page) -> None:
    """A coroutine that comes to its end does; one that waits says that it cannot."""
    page.shown("async def two():\n    return 2")

    assert page.shown("await two()")[0]["data"]["text/plain"] == "2"
    assert page.shown("import asyncio\nawait asyncio.sleep(0)")[-1]["ename"] == "RuntimeError"


def test_pictures_are_shown(page: Page) -> None:
    """A value that draws itself, and a figure of matplotlib, stand there as pictures; a check finds the figure, and no later cell does."""
    drawn = page.shown("class P:\n    def _repr_png_(self):\n        return b'png'\nP()")
    figure = page.shown("import matplotlib\nmatplotlib.use('agg')\nimport matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.title('t');")

    assert drawn[0]["data"]["image/png"] == "cG5n"
    assert [sorted(output["data"]) for output in figure] == [["image/png", "text/plain"]]
    assert probe(page).figure().axes[0].title == "t"
    assert page.shown("1")[0]["data"] == {"text/plain": "1"}
    assert page.shell.figures == []


def probe(page: Page, seconds: float = 60.0) -> Probe:
    """Return what a check asks the page's names through."""
    import time  # noqa: PLC0415 - only here

    line: Any = Asked(page.shell).line
    conversation = Conversation(line, limits=Limits(bytes=1 << 20), deadline=time.monotonic() + seconds, how_it_ended=lambda: None)
    return Probe(conversation, {}, lambda _values: probe(page))


def test_a_check_asks_as_it_asks_a_sandbox(page: Page) -> None:
    """Data comes as data, anything else as a handle; errors come as what they are, prints and lines to read stay with the check."""
    page.shown("class Cup:\n    size = 3\n    def fill(self, more):\n        print('filled')\n        return self.size + more\ncup = Cup()")
    page.shown("def name():\n    return input('? ')")
    asked = probe(page)

    assert type(asked.cup) is Handle
    assert asked.cup.fill(2) == 5
    assert asked.stdout == "filled\n"
    asked.stdin(["Ada", "Bo"])
    assert (asked.name(), asked.name()) == ("Ada", "Bo")
    with pytest.raises(EOFError):
        asked.name()
    with pytest.raises(LearnerError, match="'nothing' is not defined"):
        asked["nothing"]
    with asked.raises(TypeError):
        asked.cup.fill("x")
    assert page.outputs == []


def test_a_value_is_bounded_as_elsewhere(page: Page) -> None:
    """A value too large for the wire fails its check, and a check that takes too long is out of time."""
    page.shown("huge = 'x' * (2 << 20)")
    with pytest.raises(LearnerError, match="bytes"):
        probe(page).huge  # noqa: B018 - asking is what is tried
    with pytest.raises(CheckEnded):
        probe(page, seconds=-1.0)["huge"]


def test_a_line_without_an_answer_is_gone() -> None:
    """Who receives before anything was sent finds nobody there."""
    line: Any = Asked(Page().shell).line
    with pytest.raises(Gone):
        line.receive()
    with pytest.raises(WireError):
        line.send(object())


@pytest.mark.parametrize("value", [1, -2.5, float("inf"), "é'\n", None, True, [1, [2]], (1,), (), {"a": (1, 2)}, {}])
def test_parameters_are_written_as_python(value: object) -> None:
    """What stands in for papermill writes plain data so that Python reads the same."""
    assert eval(_literal(value)) == value  # noqa: S307 - our own text
    assert str(eval(_literal(float("nan")))) == "nan"  # noqa: S307 - the same
    assert Desk is not None
