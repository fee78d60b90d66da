"""Runs a submission's cells top to bottom under nbclient and keeps the state after each exercise.

A cell that hangs or ends the kernel costs itself only: it is interrupted; if that does not help the kernel is ended, the
cells before it are run again in a fresh fork without it, and the rest goes on. What the cells print and raise is kept for
display (`CellRun`), bounded, and is never evidence of anything.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import functools
import importlib
import signal
import time
from collections.abc import AsyncIterator, Coroutine, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Protocol, Self, TypeVar

from hornbook.config import Limits
from hornbook.errors import SandboxError, printable
from hornbook.heavy import imported
from hornbook.lesson import ProgramCell
from hornbook.model import CellRun
from hornbook.sandbox import CheckProcess, KernelProcess, Sandbox, Snapshot, open_sandbox
from hornbook.sandbox.forkserver import ForkServers
from hornbook.sandbox.line import Line
from hornbook.sandbox.pipe import PipeClient
from hornbook.sandbox.policy import Policy
from hornbook.sandbox.probe import Cell
from hornbook.words import say

T = TypeVar("T")

INTERRUPT_GRACE = 0.5
MAX_RESTARTS = 8
MAX_MESSAGE = 16 << 20
MAX_WAITING = 32
MAX_ERRORS = 8
ERROR_CHARS = 500

ENDED_BY_A_LIMIT = {
    -signal.SIGKILL: ("MemoryError", "cell.ended"),
    -signal.SIGXCPU: ("TimeoutError", "cell.processor"),
}
"""What a kernel's end by a signal, which only the kernel of the machine and our warden send, says about its last cell: error and words."""


class State(Protocol):
    """A learner's state after an exercise, which each check gets for itself."""

    def check(self, cpu_seconds: int) -> CheckProcess | None:
        """Return a process in this state that answers questions, limited in processor time, or None if none can be had."""

    def close(self) -> None:
        """Let it end."""


@dataclass(slots=True)
class Finished:
    """A submission that has run: what its cells showed, and a frozen state after each exercise that was reached."""

    cells: tuple[CellRun, ...]
    shown: Mapping[str, Cell]
    snapshots: Mapping[str, State]


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be run: cells, for which exercises a state is kept, and how long an exercise's cell may take."""

    cells: tuple[ProgramCell, ...]
    limits: Limits
    cell_seconds: Mapping[str, float] = field(default_factory=dict)

    def seconds(self, cell: ProgramCell) -> float:
        """Return how long *cell* may run."""
        return self.cell_seconds.get(cell.exercise or "", float(self.limits.cell_seconds))


@dataclass(frozen=True, slots=True)
class _Point:
    """A place in a notebook from which it can be gone on with: the cells before it, what they showed, and their states."""

    cells: tuple[ProgramCell, ...]
    snapshot: Snapshot
    runs: Mapping[int, CellRun]
    outputs: Mapping[int, str]
    states: Mapping[str, State]


class Executor:
    """Runs jobs in one sandbox, or in a new one where a learner's code has brought the last one down.

    A context manager: the states that `run` keeps live until it is left. Raises SandboxError if no sandbox can be had;
    what the learner's code does is never an exception.
    """

    def __init__(self, policy: Policy, *, files: dict[str, str] | None = None, warm: ForkServers | None = None) -> None:
        self.policy = policy
        self.warm = warm
        self.files = files
        self._stack = contextlib.ExitStack()
        self._beginning: Future[Sandbox] | None = None
        self._sandbox: Sandbox | None = None
        self.used = False
        self._states: list[State] = []
        self._points: list[_Point] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End all states, and the sandbox with what is left in it."""
        self._let_go()
        if self._beginning is not None:
            # One that is still starting is ended when it has; why one did not start nobody needs to know any more.
            self._beginning.exception()
        self._stack.close()

    def run(self, job: Job, *, resume: bool = False) -> Finished:
        """Return *job* run to its end; where it is to *resume*, from the first cell that is not as in the last such job.

        What comes is what a run from top to bottom gives: where anything stands in the way of that (threads, open files,
        changed files), such a run is made. It ends the states of the last such job. For practice only: whether anything
        stands in the way, the learner's own process says.
        """
        return _in_own_loop(_Run(job, self, resume=resume).to_its_end())

    def sandbox(self, *, instead_of: Sandbox | None = None) -> Sandbox:
        """Return the sandbox of the moment, or a new one instead of one that has fallen."""
        if self._sandbox is None or self._sandbox is instead_of:
            if instead_of is not None:
                self._let_go()
                instead_of.close()
            beginning, self._beginning = self._beginning, None
            self._sandbox = self._opened() if beginning is None else beginning.result()
            self.used = False
        return self._sandbox

    def begin(self) -> None:
        """Have the sandbox started while this thread does something else; the first run waits for it, and hears how it went."""
        pool = ThreadPoolExecutor(1, "hornbook-sandbox")
        self._beginning = pool.submit(self._opened)
        pool.shutdown(wait=False)

    def _opened(self) -> Sandbox:
        server = self.warm.preloaded(self.policy.preload, kernel=self.policy.kernel) if self.warm else None
        return self._stack.enter_context(open_sandbox(self.policy, files=self.files, server=server))

    def fresh_sandbox(self) -> Sandbox:
        """Return a sandbox in which nothing has been run yet."""
        return self.sandbox(instead_of=self._sandbox if self.used else None)

    def keep(self, state: State) -> None:
        """Let *state* live until this executor is left, or its sandbox given up."""
        self._states.append(state)

    def point(self, point: _Point) -> None:
        """Remember a place to go on from."""
        self._points.append(point)

    def go_on(self, job: Job) -> tuple[_Point, KernelProcess, Line] | None:
        """Return the last place that *job* can go on from, with a shell that does so; what lies behind it is given up."""
        while self._points and self._sandbox is not None:
            point = self._points[-1]
            if point.cells == job.cells[: len(point.cells)]:
                going_on = point.snapshot.resume(self._sandbox)
                if going_on is None:
                    return None
                kept = {id(state) for one in self._points for state in (one.snapshot, *one.states.values())}
                for state in self._states:
                    if id(state) not in kept:
                        state.close()
                self._states = [state for state in self._states if id(state) in kept]
                return point, *going_on
            self._points.pop()
        return None

    def _let_go(self) -> None:
        """End all states."""
        self._points.clear()
        for state in self._states:
            state.close()
        self._states.clear()


def _in_own_loop(work: Coroutine[Any, Any, T]) -> T:
    """Run it in an event loop of its own, in a thread of its own where this one has a loop already (Jupyter)."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    with ThreadPoolExecutor(1) as pool:
        # In a copy of this thread's context: that is where the learner's language is.
        return pool.submit(contextvars.copy_context().run, asyncio.run, work).result()


class _Run:
    """One job on its way: which cells are done, which are left out from now on, and the kernel of the moment."""

    def __init__(self, job: Job, executor: Executor, *, resume: bool = False) -> None:
        self.job = job
        self.executor = executor
        self.resume = resume
        self.deadline = 0.0
        self.runs: dict[int, CellRun] = {}
        self.outputs: dict[int, str] = {}
        self.snapshots: dict[str, State] = {}
        self.left_out: set[int] = set()

    async def to_its_end(self) -> Finished:
        """Run all cells, starting over without a cell that ended its kernel."""
        self.deadline = time.monotonic() + self.job.limits.total_seconds
        if not (self.resume and await self._gone_on()):
            await self._from_the_top()
        return Finished(tuple(self.runs[number] for number in sorted(self.runs)), self._shown(), self.snapshots)

    async def _gone_on(self) -> bool:
        """Run the cells from the first changed one on; return False, with nothing noted, if the end was not reached that way."""
        begun = self.executor.go_on(self.job)
        if begun is None:
            return False
        point, process, line = begun
        self.runs, self.outputs, self.snapshots = dict(point.runs), dict(point.outputs), dict(point.states)
        sandbox = self.executor.sandbox()
        with contextlib.suppress(_Fallen, SandboxError):
            async with _on_shell(sandbox, process, line, self.job.limits) as kernel:
                if await self._cells(kernel, len(point.cells)):
                    return True
        self.runs, self.outputs, self.snapshots, self.left_out = {}, {}, {}, set()
        return False

    async def _from_the_top(self) -> None:
        sandbox = self.executor.fresh_sandbox() if self.resume else self.executor.sandbox()
        for _ in range(MAX_RESTARTS):
            try:
                if await self._pass(sandbox):
                    break
            except (_Fallen, SandboxError) as error:
                # What an earlier cell or check left running may keep a new kernel from starting, as often as it likes. Only where
                # nothing of the learner's has run yet is it the machine's fault.
                if isinstance(error, SandboxError) and not self.executor.used:
                    raise
                # The states of all exercises have fallen with it: they are made again in another one.
                self.snapshots.clear()
                sandbox = self.executor.sandbox(instead_of=sandbox)

    async def _pass(self, sandbox: Sandbox) -> bool:
        """Run what is not left out in a new kernel; return whether the end was reached."""
        opened = _kernel if self.executor.policy.kernel else _shell
        async with opened(sandbox, self.job.limits) as kernel:
            return await self._cells(kernel, 0)

    async def _cells(self, kernel: _Kernel, first: int) -> bool:
        """Run the cells from number *first* on; return whether the end was reached, or else *kernel* is to be had no more."""
        for number, cell in enumerate(self.job.cells[first:], start=first):
            if number in self.left_out:
                continue
            if not cell.source.strip():
                self.runs.setdefault(number, CellRun(cell.exercise, cell.index))
            elif not await self._run_cell(number, cell, kernel):
                continue
            # Whatever a learner's cell did to its kernel, and to the states before it, must not be put down to the next one.
            learners = cell.exercise is not None or cell.added
            sound = await self._keep_state(number, cell, kernel) and kernel.is_sound(ask=learners)
            if self._states_stand(ask=learners) and sound:
                continue
            self.left_out.add(number)
            self._note_stop(number, kernel.process.exit_code())
            if not kernel.end():
                raise _Fallen
            return False
        return True

    async def _run_cell(self, number: int, cell: ProgramCell, kernel: _Kernel) -> bool:
        """Run one cell and note what it showed the first time; return False if there was no time left for it."""
        left = self.deadline - time.monotonic()
        if left <= 0:
            self.runs.setdefault(number, CellRun(cell.exercise, cell.index, stopped="timed out"))
            return False
        self.executor.used = True
        started = time.monotonic()
        shown = await kernel.run(cell.source, number, min(self.job.seconds(cell), left))
        if number not in self.runs:
            self.runs[number] = CellRun(cell.exercise, cell.index, shown.error, (), shown.stopped, round(time.monotonic() - started, 4))
            self.outputs[number] = shown.text
        if shown.stopped is not None:
            # Once is enough: should a later cell make us start over, this one has had its time.
            self.left_out.add(number)
        return True

    def _note_stop(self, number: int, code: int | None) -> None:
        """Note that a cell took its kernel along, unless it is known already how; the kernel's exit *code* tells of limits."""
        run = self.runs[number]
        if run.stopped is None:
            limit = ENDED_BY_A_LIMIT.get(code or 0)
            self.runs[number] = replace(run, stopped="died", error=run.error or (f"{limit[0]}: {say(limit[1])}" if limit else None))

    async def _keep_state(self, number: int, cell: ProgramCell, kernel: _Kernel) -> bool:
        """Keep the state after an exercise, and before what a learner may edit; return False if the kernel is lost."""
        if kernel.lost:
            return False
        to_check = cell.exercise is not None and cell.last_of_exercise and cell.exercise not in self.snapshots
        # After a cell that was stopped nothing is as in a run from top to bottom.
        to_return = self.resume and not self.left_out and (to_check or self._is_edited(number + 1))
        if not (to_check or to_return):
            return True
        last = not self.resume and self.left_out.issuperset(range(number + 1, len(self.job.cells)))
        snapshot = kernel.snapshot(resumable=to_return, last=last and not self.executor.policy.kernel)
        if snapshot is None:
            return False
        self.executor.keep(snapshot)
        if to_check and cell.exercise is not None:
            if self.runs[number].error:
                self.runs[number] = replace(self.runs[number], traceback=snapshot.lines)
            self.snapshots[cell.exercise] = self._state(number, snapshot)
        if snapshot.resumable:
            cells = self.job.cells[: number + 1]
            self.executor.point(_Point(cells, snapshot, dict(self.runs), dict(self.outputs), dict(self.snapshots)))
        return True

    def _states_stand(self, *, ask: bool) -> bool:
        """Return whether all states that were kept are still there; one that is not will be made again when we start over."""
        fallen = [exercise for exercise, state in self.snapshots.items() if isinstance(state, Snapshot) and not state.stands(ask=ask)]
        for exercise in fallen:
            del self.snapshots[exercise]
        return not fallen

    def _is_edited(self, number: int) -> bool:
        """Return whether the learner may change the cell with this number."""
        return number < len(self.job.cells) and (self.job.cells[number].added or self.job.cells[number].exercise is not None)

    def _state(self, number: int, snapshot: Snapshot) -> State:
        """Return *snapshot*, or what makes the state anew for each check where threads would be missing in a fork of it."""
        if not snapshot.threads or self.executor.policy.kernel:
            return snapshot
        self.runs[number] = replace(self.runs[number], threads=snapshot.threads)
        snapshot.close()
        return _Remade(self.executor, replace(self.job, cells=self.job.cells[: number + 1]), frozenset(self.left_out))

    def _shown(self) -> dict[str, Cell]:
        """Return each exercise's cells as one: its source, what it printed, how it failed."""
        shown: dict[str, Cell] = {}
        for number, cell in enumerate(self.job.cells):
            if cell.exercise is not None:
                before = shown.get(cell.exercise, Cell("", "", None))
                run = self.runs.get(number)
                shown[cell.exercise] = Cell(
                    f"{before.source}\n{cell.source}".lstrip("\n"),
                    before.output + self.outputs.get(number, ""),
                    before.error or (run.error if run else None),
                )
        return shown


@dataclass(frozen=True, slots=True)
class _Shown:
    """What a cell showed, claims both; `stopped` was measured on this side."""

    text: str = ""
    error: str | None = None
    stopped: Literal["timed out", "died"] | None = None


class _Fallen(Exception):  # noqa: N818 - an ending, not an error
    """A sandbox has ended with all that was in it."""


@contextlib.asynccontextmanager
async def _kernel(sandbox: Sandbox, limits: Limits) -> AsyncIterator[_Kernel]:
    """Give a new kernel of *sandbox* with an nbclient on it."""
    imported("nbclient")
    import zmq.asyncio  # noqa: PLC0415 - comes with nbclient

    provisioner = importlib.import_module("hornbook.sandbox.provisioner")
    context = zmq.asyncio.Context()
    # Of a learner's kernel no message is believed, and none is read that could fill this process's memory.
    context.setsockopt(zmq.MAXMSGSIZE, MAX_MESSAGE)
    context.setsockopt(zmq.RCVHWM, MAX_WAITING)
    manager = provisioner.SandboxKernelManager(sandbox=sandbox, context=context)
    try:
        await manager.start_kernel()
        client = _make_client(manager, limits)
        client.kc = manager.client()
        # Nobody is there to answer `input()`: it fails at once instead of waiting for the cell's time to end. And the supervisor
        # says when a kernel ends, so no heartbeat needs a thread.
        client.kc.start_channels(stdin=False, hb=False)
        kernel = _Kernel(client, manager.kernel, sandbox)
        try:
            await kernel.until_connected()
            yield kernel
        finally:
            kernel.stop_watching()
            client.kc.stop_channels()
            kernel.process.end()
    finally:
        context.destroy(linger=0)


@contextlib.asynccontextmanager
async def _shell(sandbox: Sandbox, limits: Limits) -> AsyncIterator[_Kernel]:
    """Give a new shell of *sandbox* with an nbclient on it: a tenth of a kernel's start, and nothing to poll."""
    async with _on_shell(sandbox, *sandbox.shell(), limits) as kernel:
        yield kernel


@contextlib.asynccontextmanager
async def _on_shell(sandbox: Sandbox, process: KernelProcess, line: Line, limits: Limits) -> AsyncIterator[_Kernel]:
    """Give the shell *process* of *sandbox*, which takes cells over *line*, with an nbclient on it."""
    client = _make_client(None, limits)
    client.kc = PipeClient(line)
    client.kc.start_channels()
    kernel = _Kernel(client, process, sandbox)
    try:
        yield kernel
    finally:
        kernel.stop_watching()
        client.kc.stop_channels()
        if not kernel.stays:
            process.end()


@dataclass(frozen=True, slots=True)
class _Remade:
    """A state that a fork would not have, for it has threads: for each check the cells up to it are run again.

    All that takes as long as one run of the notebook may, together.
    """

    executor: Executor
    job: Job
    left_out: frozenset[int]
    spent: list[float] = field(default_factory=list)

    def check(self, cpu_seconds: int) -> CheckProcess | None:
        """Return a process that has just run all the cells, or None if they do not come to that again."""
        started = time.monotonic()
        try:
            return _in_own_loop(self._run(cpu_seconds, started + self.job.limits.total_seconds - sum(self.spent)))
        finally:
            self.spent.append(time.monotonic() - started)

    async def _run(self, cpu_seconds: int, deadline: float) -> CheckProcess | None:
        sandbox = self.executor.sandbox()
        with contextlib.suppress(SandboxError):
            async with _shell(sandbox, self.job.limits) as kernel:
                for number, cell in enumerate(self.job.cells):
                    left = deadline - time.monotonic()
                    if left <= 0:
                        return None
                    if number not in self.left_out and cell.source.strip():
                        await kernel.run(cell.source, number, min(self.job.seconds(cell), left))
                return None if kernel.lost else kernel.answer(cpu_seconds)
        return None

    def close(self) -> None:
        """There is nothing to end."""


class _Kernel:
    """A kernel, the nbclient that drives it, and the news of its end."""

    def __init__(self, client: Any, process: KernelProcess, sandbox: Sandbox) -> None:
        self.client = client
        self.sandbox = sandbox
        self.process = process
        self.lost = False
        self.stays = False
        self.died = asyncio.get_running_loop().create_future()
        self._watched = sandbox.news_fd()
        asyncio.get_running_loop().add_reader(self._watched, self._news)

    def _news(self) -> None:
        """Note the kernel's end as soon as the supervisor tells it, which is a second before nbclient looks."""
        if self.process.exit_code() is not None:
            self.stop_watching()
            if not self.died.done():
                self.died.set_result(None)

    def stop_watching(self) -> None:
        """Leave the loop alone."""
        if self._watched >= 0:
            asyncio.get_running_loop().remove_reader(self._watched)
            self._watched = -1

    async def until_connected(self) -> None:
        """Return when the kernel publishes to us: jupyter_client's own waiting costs a fixed 200 ms."""
        with contextlib.suppress(Exception):  # a garbled or missing welcome costs outputs at most, which are for display
            while (await self.client.kc.iopub_channel.get_msg(timeout=5))["header"]["msg_type"] != "iopub_welcome":
                pass

    async def run(self, source: str, number: int, seconds: float) -> _Shown:
        """Run one cell for at most *seconds*."""
        node = self.client.node(source, number)
        self.client.nb.cells[:] = [node]
        task = asyncio.ensure_future(self.client.async_execute_cell(node, 0))
        stopped: Literal["timed out", "died"] | None = None
        await asyncio.wait({task, self.died}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        if not task.done() and not self.died.done():
            stopped = "timed out"
            self.process.signal(signal.SIGINT)
            await asyncio.wait({task, self.died}, timeout=INTERRUPT_GRACE, return_when=asyncio.FIRST_COMPLETED)
        self.lost = not task.done() or self.died.done()
        if not task.done():
            task.cancel()
        failure = (await asyncio.gather(task, return_exceptions=True))[0]
        if isinstance(failure, BaseException):
            # Whatever nbclient makes of forged, broken or missing messages is this cell's own loss.
            self.lost = True
        if getattr(self.client.kc, "endless", False):
            # It need not be waited for, and else is as one that was. To say so of itself makes no cell right.
            stopped = "timed out"
        text, error = self.client.what_was_shown(node)
        return _Shown(text, error, stopped or ("died" if self.lost else None))

    def snapshot(self, *, resumable: bool, last: bool) -> Snapshot | None:
        """Return the state of this moment, or None if the kernel is too busy or gone to give it.

        After the *last* cell a shell may become that state itself.
        """
        snapshot = None if self.died.done() else self.process.snapshot(seconds=2.0, resumable=resumable, last=last)
        self.stays = snapshot is not None and snapshot.frozen
        return snapshot

    def answer(self, cpu_seconds: int) -> CheckProcess | None:
        """Return the kernel's process as the one that answers a check; it takes no more cells."""
        child = self.process.answer(cpu_seconds)
        self.stays = child is not None
        return child

    def is_sound(self, *, ask: bool) -> bool:
        """Return whether kernel and sandbox are both still there, as far as is known, or as the sandbox says when we *ask*."""
        alive = not ask or self.sandbox.alive()
        self._news()
        return alive and not self.died.done()

    def end(self) -> bool:
        """End the kernel; return whether its sandbox lives on."""
        self.stop_watching()
        self.process.end()
        return self.sandbox.alive()


def _shortened(message: dict[str, Any]) -> dict[str, Any]:
    """Return *message*; of an error only the part that is shown."""
    if message["msg_type"] != "error":
        return message
    content = {name: str(message["content"].get(name))[:ERROR_CHARS] for name in ("ename", "evalue")}
    return {**message, "content": {**content, "traceback": []}}


@functools.cache
def _client_class(room: int) -> Any:
    """Return the nbclient that keeps at most *room* bytes of what a cell shows; a traitlets class takes a while to make."""
    nbclient = imported("nbclient")
    nodes = importlib.import_module("nbformat.notebooknode")

    class Client(nbclient.NotebookClient):  # type: ignore[misc,name-defined]
        """nbclient, with a bound on what it stores: a cell that prints for ever must not fill the trusted side's memory."""

        kept = 0
        errors = 0

        def node(self, source: str, number: int) -> Any:
            """Return *source* as a code cell."""
            self.kept = self.errors = 0
            return nodes.from_dict(
                {"cell_type": "code", "id": f"c{number}", "metadata": {}, "source": source, "outputs": [], "execution_count": None}
            )

        def process_message(self, msg: dict[str, Any], cell: Any, cell_index: int) -> Any:
            """Take in a message while there is room for what it brings, whatever kind of message it calls itself.

            Widgets are not kept: nobody is there to use them. Of an error only what is shown of it stays.
            """
            kind = msg["msg_type"]
            if kind == "status":
                return super().process_message(msg, cell, cell_index)
            msg = _shortened(msg)
            self.kept += len(repr(msg["content"]))
            self.errors += kind == "error"
            # A cell that has said too much may still end with its error; but not with one after the other.
            room_left = self.kept <= room or (kind == "error" and self.errors <= MAX_ERRORS)
            return super().process_message(msg, cell, cell_index) if room_left and not kind.startswith("comm") else None

        def what_was_shown(self, node: Any) -> tuple[str, str | None]:
            """Return the text that a cell showed, and its error if it ended with one."""
            text: list[str] = []
            error = None
            for output in node.get("outputs", []):
                with contextlib.suppress(AttributeError, TypeError, KeyError):
                    kind = output.get("output_type")
                    if kind == "stream":
                        text.append(str(output.get("text", "")))
                    elif kind in {"execute_result", "display_data"}:
                        text.append(str(output.get("data", {}).get("text/plain", "")) + "\n")
                    elif kind == "error":
                        error = printable(f"{output.get('ename')}: {output.get('evalue')}"[:ERROR_CHARS])
            if self.kept > room:
                text.append(f"\n… {say('cell.too-much', size=room // 1024)}\n")
            return "".join(text), error

    return Client


def _make_client(manager: Any, limits: Limits) -> Any:
    """Return an nbclient for *manager* that keeps at most *limits*.output_kb of what a cell shows."""
    made = _client_class(limits.output_kb * 1024)
    nodes = importlib.import_module("nbformat.notebooknode")
    return made(
        nodes.from_dict({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": []}),
        km=manager,
        allow_errors=True,
        store_widget_state=False,
        record_timing=False,
        raise_on_iopub_timeout=False,
        iopub_timeout=2,
        timeout=None,
    )
