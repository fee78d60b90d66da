"""What `hornbook sandbox` and `hornbook grade` say where something that walls are made of is really taken away."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import textwrap
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from hornbook.course import Course
from hornbook.lesson import read_solution
from hornbook.sandbox.canary import CALLS, FILES, LIMITS, NEEDS, NOT_UP, OWN_ROOT, REACH, strongest
from hornbook.scaffold import FIRST_LESSON, new_course

if TYPE_CHECKING:
    from collections.abc import Iterator

LAUNCHER = Path(__file__).with_name("elsewhere.py")

SMALL_LETTERS_ONLY = "def count_vowels(word):\n    return sum(letter in 'aeiou' for letter in word)\n"
SIGNAL = "signal another process"
KERNELS_OWN = {
    "mount a file system",
    "open an io_uring",
    "load a program into the kernel",
    "catch page faults",
    "watch the processor's events",
}
"""What many a kernel refuses to users of its own accord, filter or not. That the filter refuses it is seen where it is all there is."""

NO_OWN_ROOT = {*OWN_ROOT} - {"list the root folder"}
"""What Landlock alone cannot hide: names, and that others are there."""


@dataclass(frozen=True)
class Environment:
    """What is taken away, the level and the name that are left, which facts do not hold, and what is said of each mode that is missing."""

    steps: str
    level: int
    name: str
    open: frozenset[str] | set[str]
    not_up: dict[str, str] = field(default_factory=dict)


NO_NAMESPACES = {"namespaces": "this environment lets us make no namespaces (clone: Operation not permitted)", "bubblewrap": "namespace"}
NO_LANDLOCK = "this kernel has no Landlock, or this environment keeps it from us"
NO_PROC = "the kernel allows no own /proc where a part of this one is covered"
NO_FILTER = "this environment lets us filter no system calls (prctl(22, 2): Invalid argument)"

FENCE = "Landlock, seccomp, limits"
ROOT_AND_FENCE = "own namespaces and root, Landlock, seccomp, limits"

ENVIRONMENTS = {
    "nothing is missing": Environment("", 4, ROOT_AND_FENCE, set()),
    "for an unprivileged user, too": Environment("own_mounts somebody", 4, ROOT_AND_FENCE, set()),
    "root of a rootless container": Environment("own_mounts somebody rootless", 4, ROOT_AND_FENCE, set()),
    "a container's root without rights": Environment("no_capabilities no_namespaces", 3, FENCE, NO_OWN_ROOT, NO_NAMESPACES),
    "a container's user": Environment("own_mounts somebody no_capabilities no_namespaces", 3, FENCE, NO_OWN_ROOT, NO_NAMESPACES),
    "root without rights": Environment(
        "no_capabilities", 3, FENCE, NO_OWN_ROOT,
        {"namespaces": "be nobody in a user namespace (/proc/self/uid_map: ", "bubblewrap": "uid map"}
    ),
    "no user namespaces are left": Environment(
        "own_mounts somebody rootless namespaces_used_up", 3, FENCE, NO_OWN_ROOT,
        {"namespaces": "no further namespaces may be made here; look at `sysctl user.max_user_namespaces`", "bubblewrap": "namespace"},
    ),
    "/proc is masked": Environment(
        "own_mounts masked_proc somebody", 3, FENCE, NO_OWN_ROOT,
        {"namespaces": NO_PROC, "bubblewrap": NO_PROC},
    ),
    "/proc shows one's own only": Environment(
        "own_mounts hidden_proc somebody no_namespaces", 3, FENCE, NO_OWN_ROOT - {"see another process"}, NO_NAMESPACES
    ),
    "the kernel knows no Landlock": Environment(
        "no_landlock", 3, "own namespaces and root, seccomp, limits", {"list the root folder"},
        {"namespaces": NO_LANDLOCK, "bubblewrap": NO_LANDLOCK, "landlock": NO_LANDLOCK},
    ),
    "neither Landlock nor namespaces": Environment(
        "own_mounts somebody landlock_off no_namespaces", 1, "seccomp, limits",
        {*FILES, SIGNAL, *OWN_ROOT},
        {**NO_NAMESPACES, "landlock": NO_LANDLOCK, "unfenced": NO_NAMESPACES["namespaces"], "unfiltered": NO_LANDLOCK},
    ),
    "an old Landlock": Environment("landlock_2", 4, ROOT_AND_FENCE, set()),
    "an old Landlock alone": Environment(
        "own_mounts somebody landlock_2 no_namespaces", 2, FENCE + "; in part only", {SIGNAL, *NO_OWN_ROOT},
        {**NO_NAMESPACES, "unfenced": NO_NAMESPACES["namespaces"]},
    ),
    "the first Landlock alone": Environment(
        "own_mounts somebody landlock_1 no_namespaces", 2, FENCE + "; in part only", {SIGNAL, *NO_OWN_ROOT},
        {**NO_NAMESPACES, "unfenced": NO_NAMESPACES["namespaces"]},
    ),
    "no filter can be had": Environment(
        "own_mounts somebody no_seccomp", 2, "Landlock, limits",
        {*REACH, *CALLS, *NO_OWN_ROOT} - {SIGNAL, "connect to a socket without a file"},
        dict.fromkeys(("namespaces", "bubblewrap", "landlock", "unfenced"), NO_FILTER),
    ),
    "limits are all there is": Environment(
        "own_mounts somebody no_landlock no_namespaces no_seccomp", 0, "limits only: not a sandbox",
        {*NEEDS[4]} - {*LIMITS, "make a user namespace"},
        {
            **NO_NAMESPACES, "landlock": NO_LANDLOCK, "unfenced": NO_NAMESPACES["namespaces"], "unfiltered": NO_LANDLOCK,
            "seccomp": NO_FILTER,
        },
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Elsewhere:
    """An environment to run hornbook in, with a folder of its own that holds a course and two submissions."""

    steps: tuple[str, ...]
    folder: Path

    def run(self, *words: str | Path, program: tuple[str, ...] = ("-m", "hornbook")) -> subprocess.CompletedProcess[str]:
        """Run hornbook there. It has a minute: nothing may hang."""
        command = [sys.executable, str(LAUNCHER), *self.steps, "--", sys.executable, *program, *map(str, words)]
        environment = {**os.environ, "HOME": str(self.folder), "XDG_CACHE_HOME": str(self.folder / "cache")}
        return subprocess.run(command, env=environment, cwd=self.folder, capture_output=True, text=True, check=False, timeout=60)  # noqa: S603 - ours

    def report(self, *words: str) -> Any:
        """Return what `hornbook sandbox` says there, as JSON."""
        ended = self.run("sandbox", "--json", *words)

        assert (ended.returncode, ended.stderr) == (0, "")
        return json.loads(ended.stdout)

    def kept(self) -> set[str]:
        """Return the names of what was measured and kept."""
        return {path.name for path in (self.folder / "cache" / "hornbook").glob("canary-*")}


@pytest.fixture
def folder() -> Iterator[Path]:
    """Give a folder that any user may enter and write to; a user who has no rights cannot enter pytest's own."""
    with tempfile.TemporaryDirectory(prefix="hb-levels-", dir="/var/tmp") as name:
        folder = Path(name)
        folder.chmod(0o777)
        yield folder


@pytest.fixture(scope="module", params=ENVIRONMENTS)
def expected(request: pytest.FixtureRequest) -> Environment:
    """Give each of the environments; where this machine cannot make them nothing is to be learned."""
    return possible(ENVIRONMENTS[request.param])


def possible(environment: Environment) -> Environment:
    """Return *environment* if it can be made here; skip the test if not. A machine with all walls and root can make them all."""
    level = strongest().report.level
    if level < 4:
        assert os.environ.get("CI") != "true" or os.geteuid() != 0, f"root may make namespaces, but has level {level} only"
        pytest.skip(f"this machine has level {level} only: what is taken away in the tests is missing already")
    if "own_mounts" in environment.steps and os.geteuid() != 0:
        pytest.skip("needs root: mounts and another user")
    if "bubblewrap" in environment.not_up and shutil.which("bwrap") is None:
        pytest.skip("needs bubblewrap, of which it is told why it fails: apt install bubblewrap")
    return environment


@pytest.fixture(scope="module")
def elsewhere(expected: Environment) -> Iterator[Elsewhere]:
    """Give the environment with a course in it, and a right and a mistaken submission."""
    with tempfile.TemporaryDirectory(prefix="hb-levels-", dir="/var/tmp") as name:
        folder = Path(name)
        course = new_and_opened(folder / "course")
        lesson = course.lesson(FIRST_LESSON)
        (folder / "work").mkdir()
        for who, answers in (("ada", read_solution(course.solution(FIRST_LESSON))), ("bob", {"count_vowels": (SMALL_LETTERS_ONLY,)})):
            (folder / "work" / f"{who}.ipynb").write_text(json.dumps(lesson.to_notebook(answers)), encoding="utf-8")
        for path in (folder, *folder.rglob("*")):
            path.chmod(0o777 if path.is_dir() else 0o644)
        yield Elsewhere(tuple(expected.steps.split()), folder)


def new_and_opened(folder: Path) -> Course:
    """Return the course with one lesson that is made in *folder*."""
    new_course(folder)
    return Course.open(folder)


ALL_IN_ONE = """
import json, subprocess, sys
ended = [subprocess.run([sys.executable, "-m", "hornbook", *words], capture_output=True, text=True) for words in json.loads(sys.argv[1])]
print(json.dumps([[one.returncode, one.stdout, one.stderr] for one in ended]))
"""


@dataclass(frozen=True)
class Told:
    """What was said in an environment: exit code, stdout and stderr of each command, and the report that the first has printed."""

    report: Any
    shown: tuple[int, str]
    refused: tuple[int, str, str]
    graded: tuple[int, str, str]


@pytest.fixture(scope="module")
def told(expected: Environment, elsewhere: Elsewhere) -> Told:
    """Give what is said there; one after the other in one environment, so that it is measured once."""
    course, work = (str(elsewhere.folder / name) for name in ("course", "work"))
    level, more = str(expected.level), str(expected.level + 1)
    commands = (
        ("sandbox", "--fresh", "--json", "--require-level", level if expected.level == 4 else more),
        ("grade", str(Path(work, "ada.ipynb")), "--course", course, "--require-level", more),
        ("grade", work, "--course", course, "--json", "--require-level", level),
    )
    (code, out, err), refused, graded = json.loads(elsewhere.run(json.dumps(commands), program=("-c", ALL_IN_ONE)).stdout)
    return Told(json.loads(out), (code, err), tuple(refused), tuple(graded))


def test_the_report_is_true(expected: Environment, told: Told) -> None:
    """The level, its name, and each line are those of what is really left."""
    tried = [fact for fact in told.report["facts"] if not fact["name"].startswith(NOT_UP)]

    assert (told.report["level"], told.report["name"]) == (expected.level, expected.name)
    assert {fact["name"] for fact in tried if not fact["held"]} - KERNELS_OWN == expected.open - KERNELS_OWN
    assert {fact["name"] for fact in tried} == set(NEEDS[4])
    assert all(fact["detail"] not in {"", "done"} for fact in tried if fact["held"])


def test_each_mode_that_is_missing_is_named_with_its_reason(expected: Environment, told: Told) -> None:
    """What did not come up says in words what is in the way."""
    reasons = {fact["name"].removeprefix(NOT_UP): fact["detail"] for fact in told.report["facts"] if fact["name"].startswith(NOT_UP)}

    assert {mode: words for mode, words in expected.not_up.items() if words not in reasons.get(mode, "")} == {}
    assert reasons.keys() == expected.not_up.keys()


def test_more_than_there_is_is_refused(expected: Environment, told: Told) -> None:
    """Both commands end with 3 and one sentence where more is required than there is, and nothing is graded; there is no level 5."""
    wanted = expected.level + 1
    sentence = (
        f"This machine's sandbox reaches level {expected.level} ({expected.name}), and level {wanted} is required. "
        "`hornbook sandbox` shows what is missing; nothing was graded.\n"
    )

    assert told.shown == ((0, "") if wanted == 5 else (3, f"Level {wanted} is required.\n"))
    assert told.refused[:2] == (2 if wanted == 5 else 3, "")
    assert wanted == 5 or told.refused[2] == sentence


def test_what_there_is_is_enough_to_grade(expected: Environment, told: Told) -> None:
    """At the level that is left the right answer passes, the mistaken one does not, and each verdict says the level."""
    code, out, err = told.graded
    right, mistaken = json.loads(out)

    assert (code, err) == (1, "")
    assert {outcome["status"] for outcome in right["outcomes"]} == {"passed"}
    assert [outcome["status"] for outcome in mistaken["outcomes"]] == ["passed", "failed", "passed", "failed"]
    assert {(verdict["sandbox"]["level"], verdict["sandbox"]["name"]) for verdict in (right, mistaken)} == {(expected.level, expected.name)}


# --- no /proc ---------------------------------------------------------------------------------------------------------


def test_without_proc_nothing_is_run_and_that_is_said(folder: Path) -> None:
    """Where /proc is missing nobody could find and end what learners' code starts: level 0, and grading refuses in one sentence."""
    possible(Environment("own_mounts", 0, "", set()))
    elsewhere = Elsewhere(("own_mounts", "no_proc"), folder)
    new_course(folder / "course")
    told = elsewhere.report()
    shown = elsewhere.run("sandbox", "--require-level", "1")
    graded = elsewhere.run("grade", folder / "course" / "lessons" / f"{FIRST_LESSON}.ipynb", "--course", folder / "course")

    assert (told["level"], told["facts"], told["name"].startswith("nothing: not a sandbox. There is no /proc here")) == (0, [], True)
    assert (shown.returncode, shown.stdout.splitlines()[0]) == (3, "Sandbox level 0 of 4: not a sandbox")
    assert (graded.returncode, graded.stdout, graded.stderr.count("\n")) == (3, "", 1)
    assert graded.stderr.startswith("There is no /proc here")


# --- what is kept -----------------------------------------------------------------------------------------------------


CONTAINERS = {
    "no_namespaces": 3,
    "no_landlock": 3,
    "landlock_2 no_namespaces": 2,
    "no_capabilities": 3,
    "own_mounts somebody no_namespaces": 3,
    "own_mounts masked_proc somebody": 3,
}
"""What may be missing in another environment of the same boot, Python and home, and the level that is left there."""


@pytest.mark.parametrize("steps", CONTAINERS)
def test_what_was_measured_elsewhere_is_not_believed_here(folder: Path, steps: str) -> None:
    """A home that a machine shares with a container must not lend the one's level to the other, nor the other's to a third."""
    possible(Environment(steps, 0, "", set()))
    machine, container, third = (Elsewhere(tuple(words.split()), folder) for words in ("", steps, "no_landlock no_namespaces"))

    assert machine.report()["level"] == 4
    (folder / "cache" / "hornbook").chmod(0o777)

    assert [one.report()["level"] for one in (container, third, container, machine)] == [CONTAINERS[steps], 1, CONTAINERS[steps], 4]


def test_what_was_measured_here_is_believed(folder: Path) -> None:
    """Nothing is measured twice in one environment."""
    possible(Environment("", 0, "", set()))
    container = Elsewhere(("no_namespaces",), folder)
    first, kept = container.report(), container.kept()

    assert (container.report(), container.kept(), len(kept)) == (first, kept, 1)


def test_two_filters_of_one_kind_are_told_apart(folder: Path) -> None:
    """A process does not see what its filter forbids, only that there is one: what it forbids is found out by trying."""
    possible(Environment("", 0, "", set()))
    names = [Elsewhere((steps,), folder).report()["name"] for steps in ("no_landlock", "no_namespaces", "no_seccomp")]

    assert names == ["own namespaces and root, seccomp, limits", FENCE, "Landlock, limits"]


def test_without_a_boot_nothing_is_kept(folder: Path) -> None:
    """Where a container does not tell one start of the machine from the next, each process measures anew."""
    possible(Environment("own_mounts", 0, "", set()))
    elsewhere = Elsewhere(("own_mounts", "no_boot_id"), folder)

    assert (elsewhere.report()["level"], elsewhere.kept()) == (4, set())


# --- the trials themselves --------------------------------------------------------------------------------------------


ALL_TRIALS = """
    import os, resource
    from hornbook.sandbox import canary
    from hornbook.sandbox.policy import Policy
    # The kernel counts none of root's processes, and here is no warden that would.
    resource.setrlimit(resource.RLIMIT_NPROC, (20, 20))
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    with canary._baits() as baits:
        for name, source in canary.trials(baits, Policy()).items():
            pid = os.fork()
            if pid == 0:
                try:
                    exec(source, {})
                except BaseException as error:
                    print(f"{name}: {error!r}", flush=True)
                os._exit(0)
            os.waitpid(pid, 0)
            if name in baits.harmed and not baits.harmed[name]():
                print(f"{name}: without effect", flush=True)
"""


def test_each_trial_succeeds_where_nothing_is_in_the_way(folder: Path) -> None:
    """A trial that would fail anywhere proves nothing: root without any wall can do all of it."""
    possible(Environment("own_mounts", 0, "", set()))
    ended = Elsewhere(("own_mounts",), folder).run(textwrap.dedent(ALL_TRIALS), program=("-c",))

    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


# --- other systems ----------------------------------------------------------------------------------------------------


OTHER_SYSTEM = """
    import sys
    # What looks at the platform when it is imported is Python's or somebody else's, and is not what is tried here.
    import asyncio, ctypes, logging.handlers, multiprocessing, msgspec, os, rich.console, rich.live, rich.spinner, shutil, signal, socket
    import subprocess, sysconfig, tempfile, typer, zipfile

    sysconfig.get_config_vars()
    name = sys.argv.pop(1)
    linux_only = ["memfd_create", "pidfd_open", "unshare", "setns", "eventfd", "sched_setaffinity", "O_TMPFILE", "O_PATH", "CLONE_NEWNS"]
    posix_only = ["fork", "geteuid", "getuid", "chown", "setsid", "killpg", "O_NOFOLLOW", "O_NONBLOCK", "setresuid", "getgroups", "uname"]
    for attribute in [*linux_only, *(posix_only if name == "win32" else ())]:
        if hasattr(os, attribute):
            delattr(os, attribute)
    if name == "win32":
        del signal.SIGKILL, signal.SIGHUP, socket.AF_UNIX, socket.send_fds
    for module in ["landlockpy", "pyseccomp", *(["resource", "fcntl", "pwd", "grp", "termios"] if name == "win32" else [])]:
        sys.modules[module] = None
    sys.platform = name

    def ours():
        return {module for module in sys.modules if module.startswith("hornbook.sandbox.")}

    from hornbook.cli import main
    try:
        main()
    finally:
        inside = {"linux", "namespaces", "agent", "answers", "shell", "warden", "zygote"}
        assert not ours() & {f"hornbook.sandbox.{module}" for module in inside}, ours()
"""


@pytest.fixture(params=["darwin", "win32"])
def system(request: pytest.FixtureRequest) -> str:
    """Give each system that is not Linux, by Python's name for it."""
    return str(request.param)


def on(system: str, folder: Path, *words: str | Path) -> subprocess.CompletedProcess[str]:
    """Run hornbook in a Python that lacks all that only Linux has, and believes that it runs on *system*."""
    return Elsewhere((), folder).run(system, *words, program=("-c", textwrap.dedent(OTHER_SYSTEM)))


WAYS_OUT = {"darwin": "Use a Linux machine, Binder or CI.", "win32": "Use WSL 2, Binder or CI."}


def test_other_systems_have_level_0_and_a_way_out(system: str, folder: Path) -> None:
    """`hornbook sandbox` answers in plain words, as JSON too, and is no error unless a level is required."""
    shown, document, required = (
        on(system, folder, "sandbox"),
        on(system, folder, "sandbox", "--json"),
        on(system, folder, "sandbox", "--require-level", "1"),
    )
    words = " ".join(shown.stdout.split())

    assert (shown.returncode, shown.stderr) == (0, "")
    assert words.startswith(
        "Sandbox level 0 of 4: not a sandbox It is made of nothing: not a sandbox. hornbook confines learners' code with"
    )
    assert "a self-check at most, and no grade" in words
    assert words.endswith(WAYS_OUT[system])
    assert (document.returncode, json.loads(document.stdout)["level"]) == (0, 0)
    assert (required.returncode, required.stdout, required.stderr) == (3, shown.stdout, "Level 1 is required.\n")


@pytest.mark.parametrize("command", ["check", "grade", "doctor", "demo"])
def test_other_systems_grade_nothing(system: str, folder: Path, command: str) -> None:
    """Whatever would run a learner's code refuses before it reads anything, in one sentence with a way out."""
    ended = on(system, folder, command, *(["work.ipynb"] if command in {"check", "grade"} else []))

    assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (3, "", 1)
    assert ended.stderr.endswith(WAYS_OUT[system] + "\n")
