"""`hornbook.sandbox`: a confined process tree, what it costs a learner to break it, and what is left of it afterwards."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from hornbook.errors import SandboxError
from hornbook.lesson import ProgramCell
from hornbook.sandbox import KernelProcess, Sandbox, Snapshot, open_sandbox, warden
from hornbook.sandbox.execute import Executor, Job
from hornbook.sandbox.forkserver import ForkServers, sources
from hornbook.sandbox.line import Gone, Line
from hornbook.sandbox.policy import SOCKETS, Mode, Policy
from hornbook.sandbox.probe import CheckEnded, LearnerError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import Bench

    from hornbook.sandbox.execute import Finished


@pytest.fixture(scope="module")
def state(executor: Executor) -> Finished:
    """Give one state that many checks ask: whatever one of them does, the next one finds it as it was."""
    return executor.run(Job((ProgramCell("numbers = [1, 2, 3]\nanswer = 42", "e1", 0, last_of_exercise=True),), executor.policy.limits))


# --- states -----------------------------------------------------------------------------------------------------------


def test_each_check_sees_the_state_after_its_exercise(bench: Bench) -> None:
    """A name has for each exercise the value that it had when that exercise's cell had run."""
    finished = bench.run("x = 1\ny = [1]", "x = 2\ny.append(2)", "x = 3\ndel y")
    seen = []
    for exercise in finished.snapshots:
        with bench.ask(finished, exercise) as submission:
            seen.append((submission.x, submission.evaluate("globals().get('y')")))

    assert seen == [(1, [1]), (2, [1, 2]), (3, None)]


@pytest.mark.parametrize(
    ("deed", "question", "expected"),
    [
        ("numbers.append(4)", "numbers", [1, 2, 3]),
        ("fresh = 1", "'fresh' in globals()", False),
        ("del numbers", "numbers", [1, 2, 3]),
        ("print('a trace')", "None", None),
        ("import builtins; builtins.len = lambda thing: 42", "len(numbers)", 3),
        ("import os; os.environ['TRACE'] = '1'", "__import__('os').environ.get('TRACE')", None),
        ("import os; os.chdir('/usr')", "__import__('os').getcwd() == '/usr'", False),
        ("import decimal; decimal.getcontext().prec = 3", "__import__('decimal').getcontext().prec", 28),
    ],
)
def test_nothing_leaks_from_check_to_check(bench: Bench, state: Finished, deed: str, question: str, expected: object) -> None:
    """Whatever one check changes in the learner's process is as before for the next."""
    with bench.ask(state) as submission:
        submission.run(deed)
    with bench.ask(state) as submission:
        answer = submission.evaluate(question)
        printed = submission.stdout

    assert (answer, printed) == (expected, "")


# --- what one check can cost ------------------------------------------------------------------------------------------

CULPRITS: dict[str, tuple[str, str]] = {
    "a hang": ("while True: pass", "timed out"),
    "a hang that ignores signals": ("import signal, time\nfor n in (2, 15): signal.signal(n, signal.SIG_IGN)\ntime.sleep(99)", "timed out"),
    "a segmentation fault": ("import ctypes; ctypes.string_at(0)", "failed"),
    "os._exit": ("import os; os._exit(0)", "failed"),
    "sys.exit": ("import sys; sys.exit('bye')", "SystemExit"),
    "SIGKILL": ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "out of memory"),
    "SIGABRT": ("import os; os.abort()", "failed"),
    "a recursion without end": ("def f(): f()\nf()", "RecursionError"),
    "a recursion through C": (
        "import sys\nsys.setrecursionlimit(10**7)\nclass A:\n  def __getattr__(self, n): return getattr(self, n + '_')\nA().x", "failed"
    ),
    "a memory bomb": ("list(bytearray(1 << 20) for _ in range(4096))", "MemoryError"),
    "memory behind a descriptor": ("import os; os.memfd_create('m')", "PermissionError"),
    "a fork bomb": (
        "import os, time\nfor _ in range(300):\n  if os.fork() == 0: time.sleep(60); os._exit(0)",
        "BlockingIOError|failed|out of memory|timed out|None",
    ),
    "a thread bomb": (
        "import threading, time\nfor _ in range(300): threading.Thread(target=time.sleep, args=(60,), daemon=True).start()",
        "RuntimeError|None",
    ),
    "a file bomb": ("with open('big', 'wb') as f:\n  for _ in range(300): f.write(bytes(1 << 20))", "OSError"),
    "a flood": ("for _ in range(2000): print('flood' * 1000)", "None"),
    "a daemon": ("import os, time\nif os.fork() == 0:\n  os.setsid()\n  if os.fork() == 0: time.sleep(60)\n  os._exit(0)", "None"),
    "closing every descriptor": ("import os; os.closerange(0, 512)", "failed|out of memory"),
    "killing the process group": ("import os, signal; os.killpg(0, signal.SIGTERM)", "failed"),
}  # fmt: skip


@pytest.mark.parametrize("culprit", CULPRITS)
def test_a_culprit_costs_its_own_check_only(bench: Bench, state: Finished, culprit: str) -> None:
    """A check in which the learner's code runs amok ends as what it is, and the next one is answered."""
    source, expected = CULPRITS[culprit]
    # What is to run out of time does so soon; what is to end otherwise may take what a busy machine takes for it.
    with bench.ask(state, seconds=0.7 if "timed out" in expected else 20) as submission:
        try:
            submission.run(source)
            came = "None"
        except LearnerError as error:
            came = error.type_name
        except CheckEnded as ended:
            came = str(ended.status)
    with bench.ask(state) as submission:
        answer = submission.answer

    assert (came in expected.split("|"), answer) == (True, 42), came


def test_all_files_together_are_limited_where_there_is_an_own_root(bench: Bench, mode: Mode) -> None:
    """With an own root the disk is a memory of limited size: many files below the limit of one do not get by it."""
    if mode != "namespaces":
        pytest.skip("needs an own root: without one only each file is limited")
    finished = bench.run("import os")
    with bench.ask(finished) as submission:
        with submission.raises(OSError, match="No space left"):
            submission.run("for n in range(40):\n  with open(f'f{n}', 'wb') as f: f.write(bytes(8 << 20))")
        submission.run("for n in range(40):\n  if os.path.exists(f'f{n}'): os.remove(f'f{n}')")
        left = submission.evaluate("[name for name in os.listdir() if name.startswith('f')]")

    assert left == []


def test_a_flood_is_kept_in_bounds(bench: Bench) -> None:
    """What a check's code prints is cut; its value still arrives."""
    finished = bench.run("def loud():\n    for _ in range(400_000): print('\\U0001f4a3é', end='')\n    return 42")
    with bench.ask(finished) as submission:
        answer = submission.loud()
        printed = submission.stdout

    assert (answer, 1000 < len(printed) <= 100_000) == (42, True)


def test_processor_time_is_limited_by_the_kernel_too(bench: Bench) -> None:
    """A check's child that nobody waits for any more is ended by its own processor limit."""
    finished = bench.run("pass")
    child = finished.snapshots["e1"].check(0)
    assert child is not None
    child.line.send(("run", "while True: pass"))
    with pytest.raises(Gone):
        child.line.receive(deadline=time.monotonic() + 20)

    assert child.end() in {-signal.SIGXCPU, -signal.SIGKILL}


# --- what the learner's code can see and reach ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def outside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Give things of the machine that a learner's code would like to reach; we made them all."""
    folder = tmp_path_factory.mktemp("course")
    for name in ("graders/test_mean.py", "graders/mean.solution.py", "feedback/mean.toml", "kernel-1.json"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("the answer is 42")
    shared = Path("/dev/shm", f"hb-{os.getpid()}")  # noqa: S108 - a name with our process id
    shared.write_text("shared")
    with socket.socket(socket.AF_UNIX) as stream, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as datagram, socket.socket() as tcp:
        stream.bind(str(folder / "stream"))
        stream.listen()
        datagram.bind(str(folder / "datagram"))
        with socket.socket(socket.AF_UNIX) as abstract, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as abstract_datagram:
            abstract.bind(f"\0hb-{os.getpid()}")
            abstract.listen()
            abstract_datagram.bind(f"\0hbd-{os.getpid()}")
            tcp.bind(("127.0.0.1", 0))
            tcp.listen()
            yield {
                "folder": str(folder),
                "home": str(Path.home()),
                "shm": str(shared),
                "pid": str(os.getpid()),
                "port": str(tcp.getsockname()[1]),
                "source": str(Path(__file__).parents[1] / "graders"),
            }
    shared.unlink()


C = "import ctypes; libc = ctypes.CDLL(None, use_errno=True)"
REACHES = {
    "read a grader": "open('{folder}/graders/test_mean.py')",
    "read a solution": "open('{folder}/graders/mean.solution.py')",
    "read feedback": "open('{folder}/feedback/mean.toml')",
    "read a connection file": "open('{folder}/kernel-1.json')",
    "list a course": "import os; os.listdir('{folder}')",
    "list our graders": "import os; os.listdir('{source}')",
    "write into a course": "open('{folder}/graders/conftest.py', 'w')",
    "remove a grader": "import os; os.remove('{folder}/graders/test_mean.py')",
    "rename a course": "import os; os.rename('{folder}', '{folder}-gone')",
    "link to a grader": "import os; os.link('{folder}/graders/test_mean.py', 'grader'); open('grader')",
    "follow a link to a grader": "import os; os.symlink('{folder}/graders/test_mean.py', 'l')\ntry: open('l')\nfinally: os.remove('l')",
    "list the user's home": "import os; os.listdir('{home}')",
    "write into the user's home": "open('{home}/.hornbook-was-here', 'w')",
    "write beside Python": "import sys; open(sys.prefix + '/lib/hornbook_was_here.pth', 'w')",
    "write into the sockets' folder": "open('{sockets}/file', 'w')",
    "read the machine's shared memory": "open('{shm}')",
    "list all processes' memory": "open('/proc/{pid}/mem', 'rb')",
    "read our environment": "open('/proc/{pid}/environ', 'rb').read()",
    "read our command line": "open('/proc/{pid}/cmdline', 'rb').read()",
    "follow our root": "import os; os.listdir('/proc/{pid}/root')",
    "read users": "open('/etc/passwd')",
    "signal us": "import os; os.kill({pid}, 0)",
    "limit us": "import resource; resource.prlimit({pid}, resource.RLIMIT_NOFILE)",
    "slow us down": "import os; os.setpriority(os.PRIO_PROCESS, {pid}, 19)",
    "open a TCP socket": "import socket; socket.create_connection(('127.0.0.1', {port}))",
    "open a UDP socket": "import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM)",
    "open an IPv6 socket": "import socket; socket.socket(socket.AF_INET6)",
    "open a netlink socket": "import socket; socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)",
    "open a packet socket": "import socket; socket.socket(socket.AF_PACKET, socket.SOCK_RAW)",
    "connect to a socket file": "import socket; socket.socket(socket.AF_UNIX).connect('{folder}/stream')",
    "send to a socket file": "import socket; socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(b'!', '{folder}/datagram')",
    "send through a pair": "import socket; socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)[0].sendto(b'!', '{folder}/datagram')",
    "send by another name": "import socket; socket.socket(socket.AF_UNIX, socket.SOCK_RAW).sendto(b'!', '{folder}/datagram')",
    "connect to an abstract socket": "import socket; socket.socket(socket.AF_UNIX).connect('\\0hb-{pid}')",
    "send to an abstract socket": "import socket; socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(b'!', '\\0hbd-{pid}')",
    "connect to a name": "import socket; socket.create_connection(('localhost', {port}))",
    "leave shared memory behind": f"{C}\nif libc.shmget(0, 4096, 0o1600) < 0: raise OSError(ctypes.get_errno(), '')",
    "leave a message queue behind": f"{C}\nif libc.msgget(0, 0o1600) < 0: raise OSError(ctypes.get_errno(), '')",
    "read a raw disk": "import glob\nfor disk in [*glob.glob('/dev/[svn][dv]*'), '/dev/vda', '/dev/sda', '/dev/nvme0n1']: open(disk, 'rb')",
    "read the kernel's log": "open('/dev/kmsg')",
    "become root": "import os; os.setuid(0) or os.setgroups([0])",
    "make a device": "import os; os.mknod('device', 0o020666, os.makedev(1, 3))",
}  # fmt: skip


@pytest.mark.parametrize("reach", REACHES)
def test_the_machine_is_out_of_reach(bench: Bench, state: Finished, outside: dict[str, str], reach: str) -> None:
    """What lies outside a sandbox can be neither read, written, signalled nor spoken to from inside."""
    place = bench.executor.sandbox().place
    assert place is not None
    sockets = SOCKETS if bench.executor.policy.mode == "namespaces" else place.sockets
    source = REACHES[reach].format(**outside, sockets=sockets)
    with bench.ask(state) as submission, pytest.raises(OSError) as caught:  # noqa: PT011 - refused in many ways
        submission.run(source)

    assert isinstance(caught.value, LearnerError)


@pytest.mark.parametrize("name", ["hornbook", "hornbook.grading", "hornbook.sandbox.probe", "conftest"])
def test_the_engine_cannot_be_imported_inside(bench: Bench, state: Finished, name: str) -> None:
    """The learner's code finds no module of the engine."""
    with bench.ask(state) as submission, pytest.raises((ImportError, OSError)) as caught:
        submission.run(f"import {name}")

    assert isinstance(caught.value, LearnerError)


def test_no_secret_of_ours_is_in_there(mode: Mode, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the environment, nor any process that can be read, nor an open file holds what stands in our environment."""
    monkeypatch.setenv("HORNBOOK_SIGNING_KEY", "hush-4711")
    look = """
        import glob, os
        texts = [repr(dict(os.environ)).encode()]
        for path in [*glob.glob("/proc/[0-9]*/environ"), *glob.glob("/proc/[0-9]*/cmdline"), *glob.glob("/proc/self/fd/*")]:
            try:
                fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
                texts.append(os.read(fd, 1 << 20))
            except OSError as error:
                texts.append(str(error).encode())
        raise LookupError(b"hush-4711" in b"".join(texts), b"IPYTHONDIR" in b"".join(texts))
    """
    with open_sandbox(Policy(mode=mode)) as sandbox:
        answers = sandbox.canary([("look", textwrap.dedent(look))])

    assert answers == [("look", "LookupError: (False, True)")]


SEALED = """
    import os, sys
    from hornbook.sandbox import linux, seal_off
    token = "never told"
    linux.drop_capabilities()
    print(os.getpid(), flush=True)
    sys.stdin.readline()
    seal_off()
    print("sealed", flush=True)
    sys.stdin.readline()
"""
LOOKS = """
    import os, sys
    from hornbook.sandbox import linux
    linux.drop_capabilities()
    place = f"/proc/{sys.argv[1]}/"
    looks = (
        lambda: os.read(os.open(place + "environ", os.O_RDONLY), 1),
        lambda: os.open(place + "mem", os.O_RDWR),
        lambda: os.readlink(place + "fd/0"),
        lambda: os.read(os.open(place + "maps", os.O_RDONLY), 1),
    )
    for look in looks:
        try:
            print("seen" if look() else "empty")
        except OSError as error:
            print(type(error).__name__)
"""


def test_a_grading_process_is_closed_to_its_own_user() -> None:
    """What another process of the same user could read of the grader before, it can read no more once learners' code may run."""
    program = [sys.executable, "-c", textwrap.dedent(SEALED)]
    seen = []
    with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as grader:  # noqa: S603 - our own program
        assert grader.stdin is not None
        assert grader.stdout is not None
        pid = grader.stdout.readline().strip()
        for _ in range(2):
            looked = subprocess.run(  # noqa: S603 - our own program
                [sys.executable, "-c", textwrap.dedent(LOOKS), pid], check=True, capture_output=True, text=True
            )
            seen.append(looked.stdout.split())
            grader.stdin.write("\n")
            grader.stdin.flush()
            grader.stdout.readline()

    assert seen == [["seen"] * 4, ["PermissionError"] * 4]


def test_whoever_opens_a_sandbox_is_sealed_off_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """The process is closed before anything is started in a sandbox, for users of the library as for the command line."""
    libc = ctypes.CDLL(None)
    libc.prctl(4, 1, 0, 0, 0)
    dumpable = []
    monkeypatch.setattr("hornbook.sandbox.start_warden", lambda *_: dumpable.append(libc.prctl(3, 0, 0, 0, 0)))
    monkeypatch.setattr("hornbook.sandbox.START_SECONDS", 0.0)
    with pytest.raises(SandboxError), open_sandbox(Policy(mode="limits")):
        pass

    assert dumpable == [0]


SCAN = """
import re

def find(letters):
    # A pattern of classes of one letter each: what is looked for must not be found because it is looked for.
    pattern = re.compile(b"".join(b"[%c]" % letter for letter in letters))
    found = []
    with open("/proc/self/maps") as maps, open("/proc/self/mem", "rb", 0) as memory:
        for line in maps:
            start, end, rights, name = re.match(r"(\\w+)-(\\w+) (\\S+) \\S+ \\S+ \\S+ *(.*)", line).groups()
            try:
                memory.seek(int(start, 16))
                if pattern.search(memory.read(int(end, 16) - int(start, 16))):
                    found.append(name)
            except (OSError, OverflowError):
                pass
    return found
"""


@pytest.mark.parametrize("warm", [True, False], ids=["warm", "cold"])
def test_no_secret_of_ours_is_in_its_memory(mode: Mode, warm: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of our memory, environment or open files is in the memory of a learner's process, nor of what it is forked from."""
    secret = f"hush-{os.urandom(8).hex()}"
    monkeypatch.setenv("HORNBOOK_SIGNING_KEY", secret)
    mine = "x".join(["mine", str(os.getpid())])
    source = f"{SCAN}\nours = find({[*secret.encode()]!r})\ntheirs = 'mine' + 'x{os.getpid()}'\nfound = find({[*mine.encode()]!r})"
    policy = Policy(mode=mode)
    with ForkServers() as servers, Executor(policy, warm=servers if warm else None) as executor:
        finished = executor.run(Job((ProgramCell(source, "e1", 0, last_of_exercise=True),), policy.limits))
        child = finished.snapshots["e1"].check(5)
        assert child is not None
        child.line.send(("evaluate", "(ours, len(found) > 0)"))
        answer = child.line.receive(deadline=time.monotonic() + 20)
        child.end()

    if mode == "landlock":
        # There it may not even look: /proc is not its own.
        assert (finished.cells[0].error or "").startswith("PermissionError")
        return

    assert (finished.cells[0].error, answer) == (None, ("value", ([], True), ""))


def test_hidden_folders_are_cut_out_of_readable_ones(mode: Mode) -> None:
    """A course that is installed beside Python cannot be listed, though its neighbours can."""
    library = Path(os.__file__).parent
    trials = [(name, f"import os; os.listdir({str(library / name)!r})") for name in ("wsgiref", "email")]
    with open_sandbox(Policy(mode=mode, hidden=(library / "wsgiref",))) as sandbox:
        answers = dict(sandbox.canary(trials))

    assert (answers["email"], answers["wsgiref"].split(":")[0] in {"PermissionError", "FileNotFoundError"}) == ("done", True)


def test_other_instruction_sets_are_no_way_around_the_filter(mode: Mode) -> None:
    """A system call made in the 32-bit way, which the filter's numbers do not fit, ends the process."""
    if os.uname().machine != "x86_64":
        pytest.skip("needs x86-64: its kernel also takes calls of 32-bit programs")
    old_way = """
        import ctypes, mmap
        code = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
        code.write(b"\\xb8\\x14\\x00\\x00\\x00\\xcd\\x80\\xc3")  # mov eax, 20 (getpid); int 0x80; ret
        ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(code)))()
    """
    new_numbers = """
        import ctypes
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.syscall(0x40000000 + 39) < 0:  # getpid of the x32 interface
            raise OSError(ctypes.get_errno(), "")
    """
    with open_sandbox(Policy(mode=mode)) as sandbox:
        answers = dict(sandbox.canary([("int 0x80", textwrap.dedent(old_way)), ("x32", textwrap.dedent(new_numbers))]))

    assert answers["int 0x80"] == "killed"
    assert answers["x32"] in {"killed", "OSError: [Errno 38] "}


@pytest.mark.parametrize(
    "source",
    [
        "import threading; t = threading.Thread(target=print); t.start(); t.join()",
        "import subprocess, sys; assert subprocess.run([sys.executable, '-c', 'print(6 * 7)'], capture_output=True).stdout == b'42\\n'",
        "import tempfile\nwith tempfile.NamedTemporaryFile() as f: f.write(b'x'); f.flush(); assert open(f.name).read() == 'x'",
        "import shutil\nopen('a.txt', 'w').write('1'); shutil.copy2('a.txt', 'b.txt'); assert open('b.txt').read() == '1'",
        "import ctypes; assert ctypes.CFUNCTYPE(ctypes.c_int)(lambda: 42)() == 42",
        "import asyncio; assert asyncio.run(asyncio.sleep(0, 42)) == 42",
        "import numpy as np; assert (np.ones((200, 200)) @ np.ones((200, 200)))[0, 0] == 200",
        "import socket; a, b = socket.socketpair(); a.send(b'x'); assert b.recv(1) == b'x'",
        "import os; os.nice(1); os.sched_getaffinity(0); os.getloadavg() if os.path.exists('/proc/loadavg') else None",
        "import concurrent.futures as c\nwith c.ThreadPoolExecutor(2) as p: assert list(p.map(abs, [-1, 2])) == [1, 2]",
    ],
)  # fmt: skip
def test_what_lessons_do_works(bench: Bench, state: Finished, source: str) -> None:
    """Threads, processes, files, callbacks, loops and linear algebra work as they do outside."""
    with bench.ask(state) as submission:
        submission.run(source)
        answer = submission.answer

    assert answer == 42


def test_files_that_the_lesson_brings_lie_in_the_home(mode: Mode) -> None:
    """Texts given to the sandbox can be read by their names, in folders too."""
    with open_sandbox(Policy(mode=mode), files={"data/bikes.csv": "day,count\n1,42\n"}) as sandbox:
        answers = sandbox.canary([("read", "raise LookupError(open('data/bikes.csv').read())")])

    assert answers == [("read", "LookupError: day,count\n1,42\n")]


# --- its end ----------------------------------------------------------------------------------------------------------


def descendants(pid: int | None = None) -> list[psutil.Process]:
    """Return all processes that come from the one with this number, by default from this one."""
    # As the kernel has them: psutil compares when processes began by a clock that a machine may set right meanwhile.
    found = []
    for below in warden.descendants(pid or os.getpid()):
        with contextlib.suppress(psutil.NoSuchProcess):
            found.append(psutil.Process(below))
    return found


DAEMON = """
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.closerange(0, 512)
        time.sleep(600)
    os._exit(0)
"""


def open_descriptors() -> int:
    """Return how many files this process has open."""
    return len(list(Path("/proc/self/fd").iterdir()))


def connection(sandbox: Sandbox) -> dict[str, object]:
    """Return what a kernel of *sandbox* is to bind."""
    assert sandbox.place is not None
    ports = {f"{name}_port": number for number, name in enumerate(("shell", "iopub", "stdin", "hb", "control"), start=1)}
    return {"ip": str(sandbox.place.sockets / "k"), "key": "0", "signature_scheme": "hmac-sha256", **ports}


def test_close_leaves_nothing(mode: Mode) -> None:
    """After `close` neither a kernel, nor a snapshot, nor a daemon, nor a folder, nor a descriptor is left."""
    descriptors = open_descriptors()
    before = descendants()
    sandbox = Sandbox(Policy(mode=mode))
    sandbox.start()
    place = sandbox.place
    assert place is not None
    kernel = sandbox.kernel(connection(sandbox))
    snapshot = kernel.snapshot()
    assert snapshot is not None
    child = snapshot.check(1)
    assert child is not None
    child.line.send(("run", DAEMON))
    child.line.receive(deadline=None)
    ours = [process for process in descendants() if process not in before]
    for line in (child.line, snapshot.line, kernel.line):
        line.close()
    sandbox.close()
    sandbox.close()
    left = [process for process in ours if process.is_running() and process.status() != psutil.STATUS_ZOMBIE]

    assert len(ours) >= 6
    assert (left, place.root.exists(), open_descriptors()) == ([], False, descriptors)


KILLED = """
    import sys, time
    from hornbook.config import Limits
    from hornbook.lesson import ProgramCell
    from hornbook.sandbox.execute import Executor, Job
    from hornbook.sandbox.policy import Policy
    with Executor(Policy(mode=sys.argv[1])) as executor:
        cells = [ProgramCell(source, f"e{n}", n, True) for n, source in enumerate([sys.argv[2], "x = 1"])]
        finished = executor.run(Job(tuple(cells), Limits()))
        child = finished.snapshots["e1"].check(600)
        child.line.send(("run", "while True: pass"))
        print("ready", flush=True)
        time.sleep(600)
"""


def test_killing_the_trusted_process_leaves_no_process(mode: Mode, tmp_path: Path) -> None:
    """When the trusted process is killed with no chance to clean up, everything that it started ends soon, daemons included."""
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-c", textwrap.dedent(KILLED), mode, DAEMON], stdout=subprocess.PIPE, env=environment, text=True
    ) as trusted:
        assert trusted.stdout is not None
        said = trusted.stdout.readline()
        processes = descendants(trusted.pid)
        trusted.kill()
    _, left = psutil.wait_procs(processes, timeout=10)

    assert (said, left) == ("ready\n", [])
    assert len(processes) >= 5, processes


def test_a_sandbox_that_is_killed_says_so(mode: Mode) -> None:
    """When the first process of a sandbox is gone, that is an error with a reason and not a wait."""
    before = psutil.Process().children(recursive=True)
    with open_sandbox(Policy(mode=mode)) as sandbox:
        (first,) = (new for new in psutil.Process().children(recursive=True) if new not in before and new.name() == "hb-supervisor")
        first.kill()
        with pytest.raises(SandboxError, match="The sandbox has fallen"):
            sandbox.canary([("wait", "import time; time.sleep(60)")])
        alive = sandbox.alive()

    assert not alive


# --- errors -----------------------------------------------------------------------------------------------------------


def test_a_sandbox_that_cannot_be_built_says_why(mode: Mode) -> None:
    """What stopped the first process is told, and nothing is left."""
    with pytest.raises(SandboxError, match="could not be built"), open_sandbox(Policy(mode=mode), files={"\0": "no such name"}):
        pass


def test_bubblewrap_that_refuses_is_quoted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last words of bubblewrap are the reason that is given."""
    bwrap = tmp_path / "bwrap"
    bwrap.write_text("#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2\nexit 1\n")
    bwrap.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)

    with pytest.raises(SandboxError, match="No permissions to create new namespace"), open_sandbox(Policy(mode="bubblewrap")):
        pass


def test_a_kernel_that_does_not_start_says_why(mode: Mode) -> None:
    """A kernel that cannot bind its sockets is an error with its reason, and the sandbox lives on."""
    with open_sandbox(Policy(mode=mode)) as sandbox:
        with pytest.raises(SandboxError, match="The kernel did not start in the sandbox"):
            sandbox.kernel({**connection(sandbox), "ip": "/nowhere/k"})
        alive = sandbox.alive()

    assert alive


def test_a_closed_sandbox_says_so() -> None:
    """A sandbox that is closed, or was never started, answers nothing."""
    sandbox = Sandbox(Policy())
    with pytest.raises(SandboxError, match="closed"):
        sandbox.canary([])
    with pytest.raises(SandboxError, match="closed"):
        sandbox.news_fd()
    with pytest.raises(SandboxError, match="closed"):
        sandbox.kernel({"ip": "x"})

    assert (sandbox.alive(), sandbox.exit_code(1)) == (False, -9)


def test_a_kernels_end_is_told(mode: Mode) -> None:
    """How a kernel ended is known by the signal that ended it; while it runs there is nothing to know."""
    with open_sandbox(Policy(mode=mode)) as sandbox:
        kernel = sandbox.kernel(connection(sandbox))
        running = kernel.exit_code()
        kernel.signal(signal.SIGKILL)
        ended = kernel.exit_code(wait=5)
        nobody = kernel.snapshot(seconds=0.5)
        kernel.line.close()

    assert (running, ended, nobody) == (None, -signal.SIGKILL, None)


def test_nobody_inside_signals_the_supervisor(bench: Bench) -> None:
    """The process that a learner's shell was forked from cannot be signalled by it, nor by what it has forked."""
    finished = bench.run("import os\nabove = os.getppid()\nos.kill(above, 0)")
    with bench.ask(finished) as submission, submission.raises(PermissionError):
        submission.run("os.kill(above, 0)")

    assert (finished.cells[0].error or "").startswith("PermissionError")


def test_the_lines_of_an_error_are_texts_or_nothing() -> None:
    """What a learner's process gives for the lines of its traceback is taken if it is text; a number too long to write is not."""
    ours, theirs = map(Line, socket.socketpair())
    theirs.send(("snapshot", [10**5000, "line 1"], 0, False))
    snapshot = KernelProcess(Sandbox(Policy()), 1, ours).snapshot()
    assert snapshot is not None
    for line in (ours, theirs, snapshot.line):
        line.close()

    assert snapshot.lines == ("line 1",)


def test_a_snapshot_that_is_gone_gives_no_check(bench: Bench) -> None:
    """Asking a state that has been closed, or killed, gives nothing instead of an error."""
    finished = bench.run("pass")
    snapshot = finished.snapshots["e1"]
    assert isinstance(snapshot, Snapshot)
    child = snapshot.check(1)
    assert child is not None
    child.line.send(("run", "import os; os.kill(os.getppid(), 9)"))
    with pytest.raises(Gone):
        snapshot.line.receive(deadline=time.monotonic() + 5)

    assert (child.end(), snapshot.check(1)) == (None, None)


def test_how_a_check_ended_is_told_once(bench: Bench) -> None:
    """Ending a check twice tells its end the first time, and harms neither its state nor the next check."""
    finished = bench.run("x = 1")
    child = finished.snapshots["e1"].check(1)
    assert child is not None
    child.line.send(("run", "import os; os._exit(7)"))
    with pytest.raises(Gone):
        child.line.receive(deadline=time.monotonic() + 5)
    ends = (child.end(), child.end())
    with bench.ask(finished) as submission:
        x = submission.x

    assert (ends, x) == ((7, None), 1)


def test_what_is_sent_inside_is_our_own_source() -> None:
    """The texts that run inside are those of the modules that are installed here."""
    ours = Path(sys.modules["hornbook.wire"].__file__ or "").read_text(encoding="utf-8")

    assert sources()["wire"] == ours
