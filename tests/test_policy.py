"""`hornbook.sandbox.policy`: what a sandbox lets be seen, as data, before anything is enforced."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from hornbook.config import Limits
from hornbook.errors import SandboxError
from hornbook.sandbox.policy import (
    FORBIDDEN_CALLS,
    SYSTEM_PATHS,
    TO_COME,
    Mode,
    Place,
    Policy,
    bubblewrap,
    confinement,
    environment,
    readable_paths,
    sandbox_uid,
    seccomp_program,
    threads_of_this_user,
)

needs_bubblewrap = pytest.mark.skipif(shutil.which("bwrap") is None, reason="needs bubblewrap: apt install bubblewrap")


@pytest.fixture
def prefix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a Python environment with a course in it, that counts as this one."""
    prefix = tmp_path / "course" / ".venv"
    for folder in ("bin", "lib/site-packages", "share/jupyter/kernels", "share/jupyter/hornbook/courses/one/graders", "share/man"):
        (prefix / folder).mkdir(parents=True)
    monkeypatch.setattr(sys, "prefix", str(prefix))
    return prefix


def seen_of(prefix: Path, hidden: tuple[Path, ...] = ()) -> set[str]:
    """Return what is readable in *prefix*, relative to it."""
    return {str(path.relative_to(prefix)) for path in readable_paths(hidden) if path.is_relative_to(prefix)}


# --- what can be read -------------------------------------------------------------------------------------------------


def test_python_and_the_system_can_be_read() -> None:
    """This Python with its standard library, and the system's libraries, are readable; the user's home is not."""
    paths = readable_paths()

    assert Path("/usr") in paths
    assert any(Path(os.__file__).is_relative_to(path) for path in paths)
    assert not any(Path.home().is_relative_to(path) for path in paths)
    assert all(path.is_relative_to(sys.prefix) or path.is_relative_to(sys.base_prefix) or str(path) in SYSTEM_PATHS for path in paths)


def test_installed_courses_are_cut_out(prefix: Path) -> None:
    """Courses that are installed beside Python are not readable; what lies around them is."""
    assert seen_of(prefix) == {"bin", "lib", "share/jupyter/kernels", "share/man"}


def test_hidden_folders_are_cut_out(prefix: Path) -> None:
    """A hidden folder in a readable one is left out, however deep, and the rest of it stays."""
    hidden = (prefix / "lib" / "site-packages", prefix / "bin")

    assert seen_of(prefix, hidden) == {"share/jupyter/kernels", "share/man"}


def test_python_inside_a_hidden_course_stays(prefix: Path) -> None:
    """A course with its virtual environment inside it is hidden; the environment is not."""
    seen = readable_paths((prefix.parent,))

    assert (prefix / "bin" in seen, prefix.parent in seen) == (True, False)


def test_links_are_judged_by_where_they_lead(prefix: Path, tmp_path: Path) -> None:
    """A link in a readable folder is left out if it leads to what is hidden, and a hidden folder may be named by a link."""
    secret, open_folder = prefix / "lib" / "secret", tmp_path / "open"
    secret.mkdir()
    open_folder.mkdir()
    (prefix / "lib" / "innocent").symlink_to(secret)
    (prefix / "lib" / "elsewhere").symlink_to(open_folder)
    (tmp_path / "alias").symlink_to(secret)

    assert seen_of(prefix, (tmp_path / "alias",)) >= {"lib/site-packages", "lib/elsewhere"}
    assert not {"lib/secret", "lib/innocent", "lib"} & seen_of(prefix, (tmp_path / "alias",))


def test_a_readable_folder_that_is_hidden_itself_is_gone(prefix: Path) -> None:
    """Hiding the whole environment leaves nothing of it."""
    assert seen_of(prefix, (prefix,)) == set()


# --- environment ------------------------------------------------------------------------------------------------------


def test_nothing_of_our_environment_is_inherited(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment inside is made anew: no token, no path of ours, and a home of its own."""
    monkeypatch.setenv("JPY_API_TOKEN", "hush")
    monkeypatch.setenv("PYTHONPATH", "/course/graders")
    inside = environment("/home/learner")

    assert ("hush" in inside.values(), "PYTHONPATH" in inside) == (False, False)
    assert (inside["HOME"], inside["JUPYTER_NO_CONFIG"], inside["OPENBLAS_NUM_THREADS"]) == ("/home/learner", "1", "1")


# --- what is enforced -------------------------------------------------------------------------------------------------


@pytest.fixture
def place() -> Place:
    """Give a place that nothing was made in."""
    return Place(Path("/tmp/hb-nowhere"))  # noqa: S108 - never made


LOCKS = [("namespaces", True, True), ("bubblewrap", True, True), ("landlock", True, True), ("unfenced", False, True),
         ("unfiltered", True, False), ("seccomp", False, True), ("limits", False, False)]  # fmt: skip


@pytest.mark.parametrize(("mode", "landlock", "seccomp"), LOCKS)
def test_each_mode_has_its_locks(place: Place, mode: Mode, landlock: bool, seccomp: bool) -> None:
    """A mode's name says what is enforced; limits always are."""
    locks = confinement(Policy(mode=mode, limits=Limits(memory_mb=300, file_mb=5, total_seconds=7.5)), place)

    assert (locks["landlock"] is not None, locks["seccomp"] is not None) == (landlock, seccomp)
    assert (locks["limits"]["as"], locks["limits"]["fsize"], locks["limits"]["cpu"]) == (300 << 20, 5 << 20, 8)


def test_without_an_own_root_little_can_be_written(place: Place) -> None:
    """The scratch is all that can be written, and neither /dev, /proc, /tmp nor the sockets can be read as folders."""
    locks = confinement(Policy(mode="landlock"), place)["landlock"]

    assert locks["write"] == [str(place.scratch)]
    assert not {"/dev", "/proc", "/tmp", "/", str(place.root), str(place.sockets)} & {*locks["read"], *locks["write"]}  # noqa: S108 - names


def test_processes_are_counted_apart_or_from_what_there_is(place: Place) -> None:
    """Where the sandbox has our user id, the limit on processes lies above those that we have already."""
    apart = confinement(Policy(mode="namespaces", limits=Limits(processes=40)), place)["limits"]["nproc"]
    locks = confinement(Policy(mode="landlock", limits=Limits(processes=40)), place)
    least = 40 if locks["uid"] is not None else 40 + TO_COME

    assert apart == 40
    assert least <= locks["limits"]["nproc"] < least + (1 if locks["uid"] is not None else 2 * threads_of_this_user() + 100)


def test_our_own_threads_are_counted() -> None:
    """This process is one of the user's."""
    assert threads_of_this_user() >= 1


def test_root_becomes_nobody_else() -> None:
    """Only root changes its user; then every sandbox has a number of its own, that belongs to nobody."""
    uids = {sandbox_uid(own_root=True) for _ in range(5)}

    assert uids == {None} if os.geteuid() != 0 else (len(uids) == 5 and all(uid is not None and uid > 1_000_000 for uid in uids))


@pytest.mark.parametrize("strict", [False, True])
def test_the_filter_is_the_same_every_time(strict: bool) -> None:
    """The filter's bytes depend on nothing but this code: another process, with other hashes, makes the same."""
    source = f"import sys; from hornbook.sandbox.policy import *; sys.stdout.buffer.write(seccomp_program(strict={strict}))"
    environment = {**os.environ, "PYTHONHASHSEED": "7"}
    other = subprocess.run([sys.executable, "-c", source], env=environment, capture_output=True, check=True).stdout  # noqa: S603 - ours

    assert other == seccomp_program(strict=strict) == seccomp_program.__wrapped__(strict=strict)
    assert (len(other) % 8, len(other) > 8 * len(FORBIDDEN_CALLS) // 2) == (0, True)


def test_the_strict_filter_is_another_one() -> None:
    """Without an own root more is filtered."""
    assert len(seccomp_program(strict=True)) > len(seccomp_program(strict=False))


# --- bubblewrap -------------------------------------------------------------------------------------------------------


def bound(command: list[str]) -> set[Path]:
    """Return the paths of the machine that *command* shows inside."""
    return {Path(command[number + 1]) for number, word in enumerate(command) if word in {"--ro-bind", "--bind", "--dev-bind"}}


@needs_bubblewrap
def test_nothing_of_the_users_home_is_bound(place: Place) -> None:
    """Of the machine only Python, the system's libraries and the folder of the sockets are seen."""
    paths = bound(bubblewrap(Policy(mode="bubblewrap", hidden=(Path(__file__).parents[1],)), place)) - {place.sockets}
    pythons = [Path(sys.prefix), Path(sys.base_prefix)]

    assert not [path for path in paths if Path.home().is_relative_to(path)]
    assert not [path for path in paths if path.is_relative_to(Path.home()) and not any(path.is_relative_to(python) for python in pythons)]
    assert not [path for path in paths if Path(__file__).is_relative_to(path)]
    assert not [path for path in paths if place.scratch.is_relative_to(path)]


@needs_bubblewrap
def test_nothing_is_bound_writable_but_the_sockets(place: Place) -> None:
    """Only the folder of the sockets can be written through; all namespaces are new; no capability stays."""
    command = bubblewrap(Policy(mode="bubblewrap", limits=Limits(disk_mb=3)), place)
    writable = [command[number + 1] for number, word in enumerate(command) if word in {"--bind", "--dev-bind"}]

    assert writable == [str(place.sockets)]
    assert {"--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--die-with-parent"} <= set(command)
    assert (command[command.index("--cap-drop") + 1], command.count(str(3 << 20)) == command.count("--tmpfs")) == ("ALL", True)


@needs_bubblewrap
def test_links_stay_links(place: Place) -> None:
    """A link such as /bin is made anew inside, not followed into a second copy."""
    links = [path for path in map(Path, SYSTEM_PATHS) if path.is_symlink()]
    command = bubblewrap(Policy(mode="bubblewrap"), place)

    assert {str(path) for path in links} <= {command[number + 2] for number, word in enumerate(command) if word == "--symlink"}


@pytest.mark.parametrize("mode", ["namespaces", "landlock", "seccomp", "limits"])
def test_other_modes_need_no_bubblewrap(place: Place, mode: Mode) -> None:
    """Where the mode asks for none, nothing is put before the command."""
    assert bubblewrap(Policy(mode=mode), place) == []


def test_bubblewrap_that_is_missing_is_named(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where bubblewrap is not installed the error says how to get it."""
    monkeypatch.setenv("PATH", "")

    with pytest.raises(SandboxError, match="apt install bubblewrap"):
        bubblewrap(Policy(mode="bubblewrap"), place)


# --- places -----------------------------------------------------------------------------------------------------------


def test_a_place_is_ours_alone_and_has_a_short_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A place can be entered by nobody else, and a socket's path in it is short enough, even if the temporary folder's is not."""
    long = tmp_path / ("long" * 20)
    long.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(long))
    place = Place.make()
    modes = [path.stat().st_mode & 0o777 for path in (place.root, place.sockets, place.scratch)]
    place.remove()

    assert (modes, len(os.fsencode(place.sockets)) < 90, place.root.exists()) == ([0o700] * 3, True, False)


def test_removing_follows_no_link(tmp_path: Path) -> None:
    """What a link in the scratch points to stays where it is."""
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "file").write_text("precious")
    place = Place.make()
    (place.scratch / "link").symlink_to(kept)
    place.remove()

    assert ((kept / "file").read_text(), place.root.exists()) == ("precious", False)


def test_removing_has_no_depth_limit() -> None:
    """A tree of three thousand folders, and folders that may not be read, are removed too."""
    place = Place.make()
    fd = os.open(place.scratch, os.O_RDONLY)
    for _ in range(3000):
        os.mkdir("deep", dir_fd=fd)
        inner = os.open("deep", os.O_RDONLY, dir_fd=fd)
        os.close(fd)
        fd = inner
    os.close(fd)
    unreadable = place.scratch / "unreadable"
    unreadable.mkdir()
    (unreadable / "file").touch()
    unreadable.chmod(0o300)
    place.remove()

    assert not place.root.exists()


def test_removing_twice_is_no_error() -> None:
    """A place that is gone is gone."""
    place = Place.make()
    place.remove()
    place.remove()

    assert not place.root.exists()
