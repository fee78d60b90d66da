"""`hornbook.sandbox.standby`: kernels that are ready before anybody asks, each used once, and no more than there may be."""

from __future__ import annotations

import os
import signal
import threading
from typing import Any

import psutil
import pytest
from jupyter_client.blocking.client import BlockingKernelClient

from hornbook.config import Limits
from hornbook.errors import SandboxError
from hornbook.sandbox.canary import strongest
from hornbook.sandbox.policy import Policy
from hornbook.sandbox.standby import FRESH_SECONDS, ReadyKernel, Standby

POLICY = Policy(mode=strongest().mode, limits=Limits(memory_mb=512), kernel=True)


def value(ready: ReadyKernel, expression: str) -> str:
    """Return what the kernel says that *expression* is."""
    client = BlockingKernelClient()
    info: Any = {**ready.connection, "key": ready.connection["key"].encode()}
    client.load_connection_info(info)
    client.start_channels(stdin=False, hb=False)
    try:
        reply = client.execute_interactive("", user_expressions={"it": expression}, timeout=20, output_hook=lambda _message: None)
    finally:
        client.stop_channels()
    it = reply["content"]["user_expressions"]["it"]
    return str(it["data"]["text/plain"] if it["status"] == "ok" else it["ename"])


def standing_by(standby: Standby, number: int) -> None:
    """Wait until *number* kernels stand by."""
    with standby._changed:
        assert standby._changed.wait_for(lambda: len(standby._waiting) == number, 60)


def test_a_kernel_stands_by_and_is_handed_out_once() -> None:
    """Each taker gets a kernel of their own, which was there before, and in which nobody has been."""
    with Standby(POLICY) as standby:
        first = standby.take()
        standing_by(standby, 1)
        waiting = standby._waiting[0]
        second = standby.take()
        values = [value(first, "globals().setdefault('mark', 1)"), value(second, "'mark' in globals()")]
        first.close()
        second.close()

    assert second is waiting
    assert values == ["1", "False"]


def test_preloaded_modules_are_there() -> None:
    """What the policy preloads has been imported when a kernel starts."""
    with Standby(Policy(mode=POLICY.mode, kernel=True, preload=("fractions",)), ready=0) as standby:
        ready = standby.take()
        there = value(ready, "'fractions' in __import__('sys').modules")
        ready.close()

    assert there == "True"


def test_no_more_kernels_live_than_may() -> None:
    """Where as many live as may, a taker waits for one to be closed, and is told if none is."""
    with Standby(POLICY, ready=1, most=2) as standby:
        taken = [standby.take(), standby.take()]
        with pytest.raises(SandboxError, match="2 kernels are running, and no more may"):
            standby.take(seconds=0.05)
        later: list[ReadyKernel] = []
        taker = threading.Thread(target=lambda: later.append(standby.take()))
        taker.start()
        taken[0].close()
        taker.join(30)
        lives = standby._living
        for ready in (*taken, *later):
            ready.close()

    assert (len(later), lives) == (1, 2)


def test_a_kernel_that_died_while_it_stood_by_is_not_handed_out() -> None:
    """A kernel that has ended, or has stood by for too long, is replaced."""
    with Standby(POLICY, ready=1) as standby:
        standby.take().close()
        standing_by(standby, 1)
        dead = standby._waiting[0]
        dead.kernel.signal(signal.SIGKILL)
        assert dead.kernel.exit_code(wait=10) is not None
        alive = standby.take()
        standing_by(standby, 1)
        old = standby._waiting[0]
        old.made -= FRESH_SECONDS
        fresh = standby.take()
        values = [value(alive, "6 * 7"), value(fresh, "6 * 7")]
        alive.close()
        fresh.close()

    assert values == ["42", "42"]
    assert fresh is not old


def test_a_killed_fork_server_is_started_again() -> None:
    """The fork server may be killed at any time: kernels that came from it live on, and the next take starts another."""
    with Standby(POLICY, ready=0) as standby:
        before = standby.take()
        assert standby.server is not None
        assert standby.server._process is not None
        os.kill(standby.server._process.pid, signal.SIGKILL)
        standby.server._process.wait()
        after = standby.take()
        values = [value(before, "1"), value(after, "2")]
        before.close()
        after.close()

    assert values == ["1", "2"]


def test_a_thousand_kernels_leave_nothing_behind() -> None:
    """A thousand kernels, one after the other, leave no process, descriptor, socket or folder behind, and nothing grows.

    In continuous integration a hundred stand for them; HORNBOOK_KERNELS says how many.
    """
    count = int(os.environ.get("HORNBOOK_KERNELS", "100"))
    me = psutil.Process()
    with Standby(POLICY, ready=0) as standby:
        standby.take().close()
        assert standby.server is not None
        assert standby.server._process is not None
        server = psutil.Process(standby.server._process.pid)

        def footprint() -> tuple[int, ...]:
            return me.num_fds(), len(me.children(recursive=True)), server.num_fds(), server.num_threads(), len(me.net_connections("unix"))

        before, rss = footprint(), server.memory_info().rss
        for _ in range(count):
            standby.take().close()

        assert footprint() == before
        assert server.memory_info().rss < rss + (4 << 20)


def test_a_closed_standby_gives_none() -> None:
    """After its end it says so; kernels that were taken before live on."""
    standby = Standby(POLICY, ready=0)
    ready = standby.take()
    standby.close()
    with pytest.raises(SandboxError, match="No more kernels"):
        standby.take()
    alive = value(ready, "1")
    ready.close()
    ready.close()

    assert (alive, standby._living) == ("1", 0)


def test_one_that_cannot_be_made_makes_room() -> None:
    """A kernel that does not come up is an error, is not counted, and leaves nothing running."""
    before = psutil.Process().children(recursive=True)
    with Standby(Policy(mode=POLICY.mode, limits=Limits(processes=1), kernel=True), ready=0, most=1) as standby:
        for _ in range(2):
            with pytest.raises(SandboxError, match=r"did not start|has fallen|could not be built"):
                standby.take(seconds=1)
    _, alive = psutil.wait_procs([one for one in psutil.Process().children(recursive=True) if one not in before], timeout=5)

    assert alive == []
