"""`hornbook.sandbox.endless`: a loop that never ends is told at once, and one that ends is never taken for such a loop."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING

import pytest

from hornbook import wire
from hornbook.config import Limits
from hornbook.lesson import ProgramCell
from hornbook.model import Status
from hornbook.sandbox.canary import strongest
from hornbook.sandbox.endless import Lookout
from hornbook.sandbox.execute import Executor, Finished, Job
from hornbook.sandbox.policy import Policy
from hornbook.sandbox.probe import CheckEnded, Conversation, NeverEnds, Probe
from hornbook.words import say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ENDLESS = """
# nothing is done
def f():
    while True:
        pass

# on one line
def f(n=1):
    while n: m = n

# nothing, on one line
def f():
    while True: pass

# what is asked never changes
def f(n=5):
    total = 0
    while n > 0:
        total += n
    return total

# what is asked never changes, and is printed
def f(n=5):
    while n > 0:
        print(n)

# the place in a list never changes
def f(xs=(3, 1)):
    i, best = 0, xs[0]
    while i < len(xs):
        if xs[i] > best:
            best = xs[i]
    return best

# halves of a list that get no smaller
def f(xs=[1, 2, 3, 4]):
    low, high = 0, len(xs)
    while low < high:
        middle = (low + high) // 2
        if xs[middle] < 9:
            low = middle
        else:
            high = middle
    return low

# numbers that come round
def f(n=7):
    while n != 1:
        n = n * 5 % 12
    return n

# a list that comes round
def f(xs=[3, 1, 2]):
    changed = True
    while changed:
        changed = False
        for i in range(len(xs) - 1):
            if xs[i] != xs[i + 1]:
                xs[i], xs[i + 1] = xs[i + 1], xs[i]
                changed = True

# what is added is taken away
def f(xs=[]):
    while not xs:
        xs.append(1)
        xs.pop()

# a method whose value is not used
def f(text='abc'):
    while 'b' in text:
        text.replace('b', 'c')
    return text

# a root that is never met
import math
def f(x=2.0):
    y = x
    while abs(y * y - x) > 0:
        y = (y + x / y) / math.floor(2)
    return y

# an inner loop that ends
def f():
    i = 0
    while i < 3:
        j = 0
        while j < 10:
            j += 1

# after some work
def f():
    for n in range(30_000_000):
        pass
    while n:
        n = abs(n)

# the place in a list, and a sum
def f(xs=(3.5, 1)):
    i, total = 0, 0
    while i < len(xs):
        total += xs[i]
    return total

# a text that is put together
def f(n=14):
    text = ""
    while n > 0:
        text += str(n % 2)
    return text

# a list that is filled
def f(n=14, digits=[]):
    while n > 0:
        digits.append(n % 10)
        n //= 1
    return digits

# two sums at once
def f(n=3):
    a, b = 0, 1
    while n > 0:
        a, b = b, a + b
        if n > 100:
            return a

# the wrong way
def f(n=5):
    total = 0
    while n > 0:
        total += n
        n = n + 1

# past the number
def f(n=5):
    while n != 0:
        n -= 2

# away from a bound
def f(i=0, n=5):
    while i < n:
        i -= 1

# a name of the function around
def around(n):
    def f():
        nonlocal n
        while n > 0:
            pass
    return f
f = around(5)

# a global name
n = 5
def f():
    global m
    while n > 0:
        m = n

# decorated
def same(g):
    return g
@same
def f():
    while True:
        pass

# in a function that is called
def g(n):
    while n:
        n = abs(n)
def f():
    for n in (0, 0, 1):
        g(n)

# in a coroutine
async def f(n=1):
    while n:
        n = -n

# called by a builtin
def g(n):
    while n:
        n = -n
    return n
def f():
    return sorted([3, 1], key=g)
"""

ENDS = """
# at last
def f():
    i = 0
    while i < 9_000_000:
        i += 1
    return 14

# on the way
def f():
    i = 0
    while True:
        i += 1
        if i == 9_000_000:
            return 14

# down to the number
def f(n=9_000_000):
    while n != 0:
        n -= 2
    return 14

# forwards and back
def f(n=3_000_000):
    while n > 0:
        n += 1
        n -= 2
    return 14

# a bound that catches up
def f(n=1, m=0):
    while n > m:
        n += 1
        m += 2 * (n > 3_000_000)
    return 14

# a loop in a loop
def f():
    i = 0
    while i < 3000:
        j = 0
        while j < 1000:
            j += 1
        i += 1
    return 14

# where a list ends
def f(xs=[0] * 3_000_000):
    i = -1
    try:
        while i < 5:
            xs[i]
            i -= 1
    except IndexError:
        return 14

# by an error
def f(xs=[0] * 3_000_000):
    i = 0
    try:
        while True:
            xs[i]
            i += 1
    except IndexError:
        return 14

# a list that grows
def f(xs=[]):
    while True:
        xs.append(1)
        if len(xs) > 4_000_000:
            return 14

# a list that another name has
def f(xs=[0]):
    ys = [xs]
    while ys[0][0] < 3_000_000:
        zs = ys[0]
        zs[0] += 1
    return 14

# an inner loop that is come back to
def f(xs=iter(range(6_000_000))):
    while next(xs, None) is not None:
        n = 5
        while n:
            m = n
            n = m - 1
    return 14

# a loop without an end that is never come to
def f():
    for n in range(20_000_000):
        if n >= 0:
            if n < 0:
                while True: pass
    return 14

# a list that another name has, and that is filled
def f(xs=[]):
    ys = xs
    while len(ys) < 4_000_000:
        xs.append(1)
    return 14

# a whole number that becomes too large for a float
def f(a=1, total=0, half=0.5):
    try:
        while True:
            for step in range(3_000):
                pass
            total += half
            a *= 3
            total = a
    except OverflowError:
        for n in range(20_000_000):
            pass
        return 14

# an iterator
def f(xs=iter(range(4_000_000))):
    while True:
        if next(xs, None) is None:
            return 14

# a generator
def g():
    while True:
        yield 0
def f(n=0):
    for zero in g():
        n += 1
        if n > 3_000_000:
            return 14

# the time
import time
def f():
    begun = time.process_time()
    while time.process_time() - begun < 0.5:
        pass
    return 14

# chance
import random
def f():
    while random.random() > 1e-6:
        pass
    return 14

# a function of math as the learner has it
import math
rounds = 0
def floor(n):
    global rounds
    rounds += 1
    return n if rounds < 2_000_000 else 0
def f(n=1):
    math.floor, floors = floor, math.floor
    try:
        while math.floor(n):
            pass
        return 14
    finally:
        math.floor = floors

# an object that has counted
class Long:
    rounds = 0
    def __gt__(self, other):
        self.rounds += 1
        return self.rounds < 2_000_000
def f(n=Long()):
    while n > 0:
        pass
    return 14

# a number that has counted
class Long(int):
    rounds = 0
    def __bool__(self):
        Long.rounds += 1
        return self.rounds < 2_000_000
def f(n=Long(1)):
    while n:
        pass
    return 14

# a number in a list that has counted
class Long(int):
    rounds = 0
    def __eq__(self, other):
        Long.rounds += 1
        return self.rounds > 2_000_000
def f(ns=[Long(1)]):
    while 14 not in ns:
        pass
    return 14

# what printing does
import sys
class Out:
    rounds = 0
    def write(self, text):
        Out.rounds += 1
        done[0] = Out.rounds > 3_000_000
done = [False]
def f():
    sys.stdout = Out()
    while not done[0]:
        print(1)
    return 14

# another thread
import threading, time
done = []
def f():
    threading.Thread(target=lambda: (time.sleep(1), done.append(1))).start()
    while not done:
        pass
    return 14

# an alarm
import signal
done = []
def f():
    signal.signal(signal.SIGALRM, lambda *_: done.append(1))
    signal.setitimer(signal.ITIMER_REAL, 1)
    while not done:
        pass
    return 14

# a signal
import os, signal, time
done = []
def f():
    signal.signal(signal.SIGUSR1, lambda *_: done.append(1))
    if os.fork() == 0:
        time.sleep(1)
        os.kill(os.getppid(), signal.SIGUSR1)
        os._exit(0)
    while not done:
        pass
    return 14

# a trace function
import sys
rounds = [0]
def trace(frame, event, argument):
    rounds[0] += 1
    if rounds[0] > 4_000_000:
        raise StopAsyncIteration
    return trace
def g(n=1):
    while n:
        n = abs(n)
def f():
    sys.settrace(trace)
    try:
        g()
    except StopAsyncIteration:
        return 14

# a name that is there at last
def f(i=0):
    try:
        while True:
            i += 1
            if i < 4_000_000:
                continue
            missing
    except NameError:
        return 14

# len as the learner has it
rounds = 0
def len(xs):
    global rounds
    rounds += 1
    return rounds < 2_000_000
def f(xs=()):
    while len(xs):
        pass
    return 14
"""
"""Functions that give 14, each after some looks that were taken at it: every one might be taken for one that never ends."""

UNSEEN = """
# a function that is not known
def f(n=1):
    while n:
        hash(n)

# numbers that are no whole ones
def f(n=1.5):
    while n > 0:
        n += 1.5

# an attribute
class A:
    n = 1
def f():
    while A.n:
        pass
"""


def functions(text: str) -> dict[str, str]:
    """Return the pieces of *text* by the comment that stands above each."""
    return {name: source for name, _, source in (piece.partition("\n") for piece in text.split("\n# ")[1:])}


@pytest.fixture(scope="module")
def finished() -> Iterator[Finished]:
    """Give a notebook with a cell for each of these functions, in this machine's strongest sandbox."""
    sources = functions(ENDLESS) | functions(ENDS) | functions(UNSEEN)
    cells = [ProgramCell(source, name, number, last_of_exercise=True) for number, (name, source) in enumerate(sources.items())]
    with Executor(Policy(mode=strongest().mode)) as executor:
        yield executor.run(Job(tuple(cells), Limits()))


@pytest.fixture
def ask(finished: Finished) -> Iterator[Callable[..., object]]:
    """Give a function that calls a cell's `f` as a check does."""
    children = []

    def call(name: str, seconds: float = 20.0) -> object:
        child = finished.snapshots[name].check(int(seconds) + 1)
        assert child is not None
        children.append(child)
        conversation = Conversation(child.line, limits=wire.Limits(), deadline=time.monotonic() + seconds, how_it_ended=child.end)
        return Probe(conversation, finished.shown, lambda _: None).f()  # type: ignore[arg-type,return-value]

    yield call
    for child in children:
        child.end()


def test_a_timer_that_is_not_ours_is_left_alone() -> None:
    """Where nobody looks out, the signal is somebody else's, and so is the timer."""
    before = signal.getsignal(signal.SIGVTALRM)
    told: list[str] = []
    try:
        lookout = Lookout(told.append)
        signal.setitimer(signal.ITIMER_VIRTUAL, 3600)
        lookout.look(signal.SIGVTALRM, None)
        left, _ = signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    finally:
        signal.signal(signal.SIGVTALRM, before)

    assert left > 3000
    assert told == []


@pytest.mark.parametrize("name", functions(ENDLESS))
def test_a_loop_that_never_ends_is_told(ask: Callable[..., object], name: str) -> None:
    """With its line, long before the time of the check is over."""
    with pytest.raises(NeverEnds) as ended:
        ask(name)

    assert (ended.value.status, ended.value.message) == (Status.TIMED_OUT, say("probe.endless"))
    assert ended.value.line.startswith("line ")
    assert ": while " in ended.value.line


@pytest.mark.parametrize("name", functions(ENDS))
def test_a_loop_that_ends_is_waited_for(ask: Callable[..., object], name: str) -> None:
    """Whatever ends it: its own data, an error, or something that steps in."""
    assert ask(name) == 14


@pytest.mark.parametrize("name", functions(UNSEEN))
def test_where_nothing_can_be_said_the_time_decides(ask: Callable[..., object], name: str) -> None:
    """A loop that cannot be seen through takes as long as it may."""
    with pytest.raises(CheckEnded) as ended:
        ask(name, 0.8)

    assert (type(ended.value), ended.value.message) == (CheckEnded, say("probe.time"))
