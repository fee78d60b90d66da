"""`hornbook.sandbox.linux` and `calls`: each lock by itself, and the fork, on a real process of its own."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING

import pytest

from hornbook.sandbox import linux
from hornbook.sandbox.policy import seccomp_program

if TYPE_CHECKING:
    from pathlib import Path


def inside(source: str, *arguments: str) -> list[str]:
    """Return the lines that *source* prints in a new process; `tell(...)` prints what calling gives or how it was refused."""
    tell = """
        import ctypes, errno, os, resource, socket, sys
        from hornbook.sandbox import calls, linux, memory
        libc = ctypes.CDLL(None, use_errno=True)

        def tell(call, *arguments):
            try:
                print(call(*arguments), flush=True)
            except OSError as error:
                print(errno.errorcode[error.errno], flush=True)

        def syscall(*arguments):
            result = libc.syscall(*arguments)
            if result < 0:
                raise OSError(ctypes.get_errno(), "")
            return result
    """
    program = textwrap.dedent(tell) + textwrap.dedent(source)
    run = subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=False, timeout=30)  # noqa: S603 - ours

    return [*run.stdout.splitlines(), *([] if run.returncode == 0 else [f"exit {run.returncode}: {run.stderr[-300:]}"])]


LIMITS = "{'as': 200 << 20, 'nproc': 50, 'fsize': 1000, 'cpu': 20, 'nofile': 60}"


def test_limits_hold_and_cannot_be_raised() -> None:
    """Memory, files, descriptors and processor time are limited, hard and soft alike."""
    lines = inside(f"""
        linux.limit({LIMITS})
        tell(resource.getrlimit, resource.RLIMIT_CPU)
        tell(resource.getrlimit, resource.RLIMIT_CORE)
        tell(resource.getrlimit, resource.RLIMIT_NPROC)
        try:
            bytearray(400 << 20)
        except MemoryError:
            print("no memory")
        tell(os.write, os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT), bytes(5000))
        tell(lambda: [os.open("/dev/null", 0) for _ in range(80)])
        try:
            resource.setrlimit(resource.RLIMIT_CPU, (30, 30))
            print("raised" if os.geteuid() != 0 else "refused")
        except ValueError:
            print("refused")
    """, "/dev/shm/hb-limit-test")  # fmt: skip # noqa: S108 - removed below
    os.remove("/dev/shm/hb-limit-test")  # noqa: PTH107, S108

    assert lines == ["(20, 20)", "(0, 0)", "(50, 50)", "no memory", "1000", "EMFILE", "refused"]


def test_a_limit_that_is_lower_already_stays() -> None:
    """Limits are only ever lowered."""
    lines = inside(f"""
        resource.setrlimit(resource.RLIMIT_CPU, (5, 5))
        linux.limit({LIMITS})
        tell(resource.getrlimit, resource.RLIMIT_CPU)
        linux.limit_cpu(1)
        print(resource.getrlimit(resource.RLIMIT_CPU)[1] <= 3)
    """)

    assert lines == ["(5, 5)", "True"]


def test_the_fence_lets_through_what_was_named(tmp_path: Path) -> None:
    """Named folders can be read, or written, or hold sockets; named files can be read; everything else cannot be opened."""
    for name in ("read", "write", "sockets", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(name)
    lines = inside("""
        base = sys.argv[1]
        abstract = socket.socket(socket.AF_UNIX)
        abstract.bind("\\0" + base)
        abstract.listen()
        paths = {"read": [base + "/read", base + "/other/file", base + "/missing"], "write": [base + "/write"], "devices": ["/dev/null"],
                 "sockets": [base + "/sockets"]}
        linux.prctl(linux.PR_SET_NO_NEW_PRIVS, 1)
        linux.fence(paths)
        tell(lambda: open(base + "/read/file").read())
        tell(lambda: open(base + "/other/file").read())
        tell(os.listdir, base + "/other")
        tell(os.open, base + "/read/file", os.O_WRONLY)
        tell(os.truncate, base + "/read/file", 0)
        tell(os.mkdir, base + "/read/folder")
        tell(lambda: open(base + "/write/new", "w").write("ok"))
        tell(os.rename, base + "/write/new", base + "/write/newer")
        tell(os.rename, base + "/write/newer", base + "/read/newer")
        tell(os.symlink, "/etc", base + "/read/link")
        tell(os.open, base + "/sockets/file", os.O_RDONLY)
        tell(os.open, base + "/sockets/new", os.O_WRONLY | os.O_CREAT)
        tell(os.mkfifo, base + "/sockets/fifo")
        tell(os.symlink, "/etc", base + "/sockets/link")
        tell(socket.socket(socket.AF_UNIX).bind, base + "/sockets/socket")
        tell(lambda: open("/dev/null", "w").write("ok"))
        tell(os.listdir, "/")
        tell(os.kill, os.getppid(), 0)
        tell(socket.socket(socket.AF_UNIX).connect, "\\0" + base)
    """, str(tmp_path))  # fmt: skip

    assert lines == [
        "read", "other", "EACCES", "EACCES", "EACCES", "EACCES",
        "2", "None", "EACCES", "EACCES",
        "EACCES", "EACCES", "EACCES", "EACCES", "None",
        "2", "EACCES", "EPERM", "EPERM",
    ]  # fmt: skip


def test_the_fence_keeps_others_abstract_sockets_out(tmp_path: Path) -> None:
    """A socket without a file that somebody else has bound cannot be connected to."""
    lines = inside("""
        name = "\\0" + sys.argv[1]
        reader, writer = os.pipe()
        if os.fork() == 0:
            listener = socket.socket(socket.AF_UNIX)
            listener.bind(name)
            listener.listen()
            os.write(writer, b"x")
            listener.accept()
            os._exit(0)
        os.read(reader, 1)
        linux.prctl(linux.PR_SET_NO_NEW_PRIVS, 1)
        inner = os.fork()
        if inner == 0:
            linux.fence({"read": [], "write": [], "devices": [], "sockets": []})
            tell(socket.socket(socket.AF_UNIX).connect, name)
            os._exit(0)
        os.waitpid(inner, 0)
        tell(socket.socket(socket.AF_UNIX).connect, name)
    """, str(tmp_path))  # fmt: skip

    assert lines == ["EPERM", "None"]


def test_the_filter_forbids_what_no_lesson_needs() -> None:
    """Name by name: other families of sockets, connecting, datagrams, tracing, mounting, new namespaces, memory without an owner."""
    lines = inside("""
        import base64
        linux.prctl(linux.PR_SET_NO_NEW_PRIVS, 1)
        linux.filter_calls(base64.b64decode(sys.argv[1]))
        tell(socket.socket, socket.AF_INET)
        tell(socket.socket, socket.AF_NETLINK, socket.SOCK_RAW)
        tell(socket.socket, socket.AF_UNIX, socket.SOCK_DGRAM)
        tell(socket.socketpair, socket.AF_UNIX, socket.SOCK_DGRAM)
        tell(lambda: len(socket.socketpair()))
        tell(socket.socket(socket.AF_UNIX).connect, "/nowhere")
        tell(libc.ptrace, 0, 0, 0, 0)
        tell(os.unshare if hasattr(os, "unshare") else lambda flags: syscall(272, flags), 0x10000000)
        tell(os.memfd_create, "x")
        tell(syscall, 435, 0, 0)
        tell(resource.prlimit, os.getppid(), resource.RLIMIT_CPU)
        tell(resource.prlimit, 0, resource.RLIMIT_CORE)
        tell(os.setpriority, os.PRIO_USER, 0, 0)
        tell(os.setpriority, os.PRIO_PROCESS, os.getppid(), 0)
        tell(os.nice, 0)
        tell(os.chmod, "/", 0o700)
        child = os.fork()
        if child == 0:
            os._exit(7)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    """, base64.b64encode(seccomp_program(strict=True)).decode())  # fmt: skip

    assert lines[:7] == ["EAFNOSUPPORT", "EPERM", "EPERM", "EPERM", "2", "EPERM", "-1"]
    assert lines[7:11] == ["EPERM", "EPERM", "ENOSYS", "EPERM"]
    assert lines[12:] == ["EPERM", "EPERM", "0", "None", "7"]


def filtered(source: str, *arguments: str, truncation: bool = True) -> list[str]:
    """Return the lines that *source* prints under the strict filter."""
    lock = """
        import base64
        linux.prctl(linux.PR_SET_NO_NEW_PRIVS, 1)
        linux.filter_calls(base64.b64decode(sys.argv[1]))
    """
    program = base64.b64encode(seccomp_program(strict=True, truncation=truncation)).decode()
    return inside(textwrap.dedent(lock) + textwrap.dedent(source), program, *arguments)


@pytest.mark.parametrize(("name", "number"), [("fchmodat2", 452), ("setxattrat", 463), ("file_setattr", 469), ("to come", 900)])
def test_calls_that_are_newer_than_the_filter_do_not_exist(name: str, number: int) -> None:
    """What was invented after the lists of the filter were made cannot be a way around them."""
    del name

    assert filtered(f"tell(syscall, {number}, -100, b'/tmp', 0, 0, 0, 0)") == ["ENOSYS"]


def test_no_file_can_be_made_that_lends_its_owners_rights(tmp_path: Path) -> None:
    """Neither opening nor changing makes a setuid or setgid file; other modes are as they were asked for."""
    lines = filtered("""
        os.umask(0)
        os.chdir(sys.argv[2])
        tell(os.open, "a", os.O_CREAT | os.O_WRONLY, 0o4755)
        tell(os.open, "b", os.O_CREAT | os.O_WRONLY, 0o2755)
        tell(os.open, ".", os.O_TMPFILE | os.O_WRONLY, 0o4755)
        tell(os.mknod, "c", 0o104755)
        tell(syscall, 437, -100, b"d", 0, 0)
        plain = os.open("e", os.O_CREAT | os.O_WRONLY, 0o754)
        tell(os.fchmod, plain, 0o4755)
        tell(os.fchmod, plain, 0o755)
        tell(os.chmod, "e", 0o4755)
        tell(lambda: (sorted(os.listdir()), oct(os.stat("e").st_mode)))
    """, str(tmp_path))  # fmt: skip

    assert lines == ["EPERM", "EPERM", "EPERM", "EPERM", "ENOSYS", "EPERM", "None", "None", "(['e'], '0o100755')"]


@pytest.mark.parametrize("truncation", [True, False])
def test_a_filter_can_keep_files_from_being_emptied_by_name(tmp_path: Path, truncation: bool) -> None:
    """Where Landlock is too old to watch over it, no name suffices to empty a file; what is open for writing can still be cut."""
    for name in ("cut", "read", "neither", "write"):
        (tmp_path / name).write_text("text", encoding="ascii")
    lines = filtered("""
        os.chdir(sys.argv[2])
        tell(os.truncate, "cut", 0)
        tell(lambda: os.close(os.open("read", os.O_RDONLY | os.O_TRUNC)))
        tell(lambda: os.close(os.open("neither", os.O_ACCMODE | os.O_TRUNC)))
        tell(lambda: os.truncate(os.open("write", os.O_WRONLY), 2))
        tell(lambda: open("write", "w").close())
    """, str(tmp_path), truncation=truncation)  # fmt: skip
    sizes = [(tmp_path / name).stat().st_size for name in ("cut", "read", "neither", "write")]

    assert (lines, sizes) == (["None"] * 5, [0] * 4) if truncation else (["EPERM"] * 3 + ["None"] * 2, [4, 4, 4, 0])


def test_no_capability_is_left() -> None:
    """Not even root keeps a capability."""
    lines = inside("""
        linux.drop_capabilities()
        print(*(line for line in open("/proc/self/status") if line.startswith(("CapEff", "CapPrm"))), sep="")
    """)

    assert [line.split()[1] for line in lines if line] == ["0" * 16] * 2


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root: only root can become somebody else")
def test_root_becomes_somebody_else_for_good() -> None:
    """A process that was root has another user, no groups, and no way back; it may still read about itself."""
    lines = inside("""
        linux.become(1_900_000_001)
        print(os.getresuid() == os.getresgid() == (1_900_000_001,) * 3, os.getgroups())
        tell(os.setuid, 0)
        tell(os.setgroups, [0])
        tell(lambda: len(os.listdir("/proc/self/fd")) > 0)
    """)

    assert lines == ["True []", "EPERM", "EPERM", "True"]


@pytest.mark.parametrize("program", [b"", b"\xff" * 8, b"\0" * 24], ids=["empty", "garbage", "no return"])
def test_a_lock_that_the_kernel_refuses_is_an_error(program: bytes) -> None:
    """A filter that is none is never taken for one: the process learns that it is not confined."""
    lines = inside("""
        linux.prctl(linux.PR_SET_NO_NEW_PRIVS, 1)
        tell(linux.filter_calls, bytes.fromhex(sys.argv[1]))
    """, program.hex())  # fmt: skip

    assert lines == ["EINVAL"]


def test_a_fork_is_what_its_parent_was() -> None:
    """Nothing that was registered for forks is called, `random` goes on where it was, and the child can fork, thread and end for itself."""
    lines = inside("""
        import random, threading
        os.register_at_fork(before=lambda: print("before"), after_in_parent=lambda: print("parent"), after_in_child=lambda: print("child"))
        random.seed(4)
        drawn = random.Random(4).random()
        pid = calls.fork()
        if pid == 0:
            thread = threading.Thread(target=print, args=(random.random() == drawn, os.getppid() != 1))
            thread.start()
            thread.join()
            inner = calls.fork()
            if inner == 0:
                os._exit(4)
            print(os.waitstatus_to_exitcode(os.waitpid(inner, 0)[1]), flush=True)
            os._exit(5)
        print(os.waitpid(pid, 0) == (pid, 5 << 8))
    """)

    assert lines == ["True True", "4", "True"]


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root: the kernel counts the processes of one that nobody else is")
def test_a_fork_for_which_there_is_no_room_is_an_error() -> None:
    """Where no further process may be had, the call says so, as Python's own does."""
    lines = inside("""
        linux.become(1_900_000_002)
        resource.setrlimit(resource.RLIMIT_NPROC, (1, 1))
        tell(calls.fork)
        tell(os.fork)
    """)

    assert lines == ["EAGAIN", "EAGAIN"]


def test_gathered_memory_is_what_it_was_and_is_copied_by_a_fork() -> None:
    """What lies in large pages has its values, and a fork writes to its own; a kernel that gathers at all has gathered some."""
    lines = inside("""
        import mmap
        held = [bytes([n % 251]) * 4000 for n in range(10_000)]
        digest = hash(tuple(held))
        memory.gather()
        large = [int(line.split()[1]) for line in open("/proc/self/smaps_rollup") if line.startswith("AnonHugePages")]
        pid = calls.fork()
        if pid == 0:
            held[5000] = bytes(4000)
            os._exit(hash(tuple(held)) == digest)
        print(os.waitpid(pid, 0)[1], hash(tuple(held)) == digest)
        region = mmap.mmap(-1, 4 * memory.LARGE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        region.write(bytes(len(region)))
        tell(region.madvise, memory.MADV_COLLAPSE)
        print(sum(large) > 0)
    """)

    # The kernel itself is asked whether it gathers: one before 6.1 has no such call, others are built or told not to have large pages.
    unchanged, gathers, gathered = lines
    assert unchanged == "0 True"
    assert gathered == "True" or gathers != "None"


def test_a_property_that_does_not_exist_is_an_error() -> None:
    """prctl(2) that fails says which option it was."""
    with pytest.raises(OSError, match=r"prctl\(9999, 1\)"):
        linux.prctl(9999, 1)
