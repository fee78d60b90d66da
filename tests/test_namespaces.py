"""Tests of hornbook.sandbox.namespaces: what an own root has in it, seen from inside a real sandbox."""

from __future__ import annotations

import textwrap
import time

import pytest

from hornbook.errors import SandboxError
from hornbook.sandbox import open_sandbox
from hornbook.sandbox.canary import measure
from hornbook.sandbox.execute import Executor
from hornbook.sandbox.policy import Policy

pytestmark = pytest.mark.usefixtures("own_root")


@pytest.fixture(scope="module")
def own_root() -> None:
    """Skip where this machine allows no own root at all."""
    try:
        level = measure(("namespaces",)).report.level
    except SandboxError as error:
        pytest.skip(f"needs user namespaces: {error}")
    if level < 4:
        pytest.skip(f"needs user namespaces: the own root reaches level {level} only")


@pytest.fixture(scope="module")
def bench_policy() -> Policy:
    """Give the policy of these tests."""
    return Policy(mode="namespaces")


def ask(policy: Policy, expression: str) -> object:
    """Return the value of *expression* in a sandbox of *policy*."""
    from hornbook.config import Limits  # noqa: PLC0415
    from hornbook.lesson import ProgramCell  # noqa: PLC0415
    from hornbook.sandbox.execute import Job  # noqa: PLC0415

    with Executor(policy) as executor:
        finished = executor.run(Job((ProgramCell("import os", "e", 0, last_of_exercise=True),), Limits()))
        child = finished.snapshots["e"].check(5)
        assert child is not None
        child.line.send(("evaluate", expression))
        answer = child.line.receive()
        child.end()
    assert isinstance(answer, tuple)
    assert answer[0] == "value", answer
    return answer[1]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        pytest.param("os.getpid() < 50", True, id="its process ids begin anew"),
        pytest.param("os.uname().nodename", "hornbook", id="it has a host name of its own"),
        pytest.param("sorted(name for name in os.listdir('/proc') if name.isdigit())[0]", "1", id="/proc shows its own processes"),
        pytest.param("os.path.exists('/etc/passwd')", False, id="there is no list of users"),
        pytest.param("os.path.exists('/var/tmp')", False, id="what is not given is not there"),
        pytest.param("os.statvfs('/usr').f_flag & os.ST_RDONLY", 1, id="what is given is read-only"),
        pytest.param("os.statvfs('/').f_flag & os.ST_RDONLY", 1, id="the root is read-only"),
        pytest.param("os.statvfs(os.getcwd()).f_blocks * os.statvfs(os.getcwd()).f_frsize", 128 << 20, id="the home has a size"),
        pytest.param("open('/proc/self/status').read().split('CapEff:')[1].split()[0]", "0" * 16, id="no capability is left"),
        pytest.param("[open(f'/proc/1/status').read().split('CapEff:')[1].split()[0]]", ["0" * 16], id="nor is one left to its init"),
        pytest.param("open('/proc/net/dev').read().count(':')", 1, id="its network is a loopback that is down"),
    ],
)
def test_an_own_root_holds_only_what_it_was_given(bench_policy: Policy, expression: str, expected: object) -> None:
    """An own root holds only what it was given, and nobody in it can change that."""
    assert ask(bench_policy, expression) == expected


def test_the_first_process_of_an_own_root_cannot_be_killed_from_inside_and_reaps_orphans(bench_policy: Policy) -> None:
    """In process ids of its own nobody takes the first process away, and no orphan stays a zombie."""
    orphan = """
        import os, signal
        os.kill(1, signal.SIGKILL)
        reader, writer = os.pipe()
        if os.fork() == 0:
            if os.fork() == 0:
                os.write(writer, b"%d" % os.getpid())
            os._exit(0)
        os.wait()
        raise LookupError(int(os.read(reader, 20)))
    """
    with open_sandbox(bench_policy) as sandbox:
        ((_, told),) = sandbox.canary([("orphan", textwrap.dedent(orphan))])
        look = f"import os; raise LookupError(os.path.exists('/proc/{told.partition(': ')[2]}'))"
        until = time.monotonic() + 10
        while (seen := sandbox.canary([("look", look)])) == [("look", "LookupError: True")] and time.monotonic() < until:
            pass

    assert seen == [("look", "LookupError: False")]
