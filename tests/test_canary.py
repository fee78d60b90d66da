"""`hornbook.sandbox.canary`: what a sandbox holds is measured by trying, and remembered where nobody else can write."""

from __future__ import annotations

import json
import os
import stat
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import pytest

from hornbook.errors import SandboxError
from hornbook.model import Fact
from hornbook.sandbox import canary
from hornbook.sandbox.canary import (
    CALLS,
    FILES,
    LIMITS,
    NAMES,
    NEEDS,
    OWN_ROOT,
    in_words,
    measure,
    modes_level,
    name_of,
    proven_level,
    strongest,
    try_out,
)
from hornbook.sandbox.policy import Mode

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give the path of a cache of our own, that nothing was measured for yet in this process."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    canary._measured.cache_clear()
    path = canary._kept_path()
    assert path is not None, "this machine does not tell one start from the next"
    yield path
    canary._measured.cache_clear()


def held(facts: tuple[Fact, ...]) -> set[str]:
    """Return the names of what was prevented."""
    return {fact.name for fact in facts if fact.held}


# --- facts ------------------------------------------------------------------------------------------------------------


def test_each_kind_of_sandbox_holds_what_its_level_needs(mode: Mode) -> None:
    """Both confining modes prevent all that their level stands for, each refusal with its words."""
    facts = try_out(mode)

    assert held(facts) >= set(NEEDS[modes_level(mode)])
    assert proven_level(facts) == modes_level(mode)
    assert all(fact.detail not in {"", "done"} for fact in facts if fact.held)


def test_without_a_fence_only_calls_are_filtered() -> None:
    """A filter alone prevents dangerous calls, but files, processes and signals are open, and that is said."""
    facts = try_out("seccomp")

    assert held(facts) >= {*CALLS, *LIMITS}
    assert not held(facts) & {"read a file of the user", "list the user's home", "see another process", "signal another process"}
    assert (proven_level(facts), [fact.detail for fact in facts if not fact.held]) == (1, ["done"] * (len(facts) - len(held(facts))))


def test_limits_alone_are_no_sandbox() -> None:
    """With limits only nothing else is prevented, and the level is 0."""
    strength = measure(("limits",))

    assert (strength.mode, strength.report.level, strength.report.name) == ("limits", 0, "limits only: not a sandbox")
    assert not held(strength.report.facts) & {*FILES[:5], *OWN_ROOT}
    assert held(strength.report.facts) >= set(LIMITS)


def test_the_trials_leave_nothing_behind(mode: Mode, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the trials reach for is made for them, and is gone afterwards."""
    made: list[Path] = []
    make = tempfile.mkdtemp

    def kept_in_mind(*args: Any, **options: Any) -> str:
        made.append(Path(make(*args, **options)))
        return str(made[-1])

    # Another test may be trying just now: only what this one made is its business.
    monkeypatch.setattr(tempfile, "mkdtemp", kept_in_mind)
    try_out(mode)

    baits = [folder for folder in made if folder.name.startswith("hb-canary-")]
    assert baits
    assert [folder for folder in made if folder.exists() or Path("/dev/shm", folder.name).exists()] == []  # noqa: S108 - where one bait lies


# --- levels -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("level", NEEDS)
@pytest.mark.parametrize("missing", NEEDS[4])
def test_one_fact_that_does_not_hold_costs_the_level(level: int, missing: str) -> None:
    """A level is reached by all of its facts or not at all."""
    facts = tuple(Fact(name, held=name != missing and name in NEEDS[level]) for name in NEEDS[4])

    assert proven_level(facts) < level if missing in NEEDS[level] else proven_level(facts) == level


def test_nothing_held_is_level_0() -> None:
    """No facts, no sandbox; every mode has a level and a name, and one that fell short is not called by it alone."""
    assert (proven_level(()), {modes_level(mode) for mode in get_args(Mode)}, set(NAMES)) == (0, {0, 1, 2, 3, 4}, set(get_args(Mode)))
    assert (name_of("landlock", 3), name_of("landlock", 2)) == ("Landlock, seccomp, limits", "Landlock, seccomp, limits; in part only")
    assert {name_of(mode, 0) for mode in get_args(Mode)} == {"limits only: not a sandbox"}


def test_the_strongest_that_comes_up_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where bubblewrap is missing the next mode is taken, and the report says why."""
    monkeypatch.setenv("PATH", "")
    strength = measure(("bubblewrap", "seccomp"))

    assert (strength.mode, strength.report.level) == ("seccomp", 1)
    assert [fact.name for fact in strength.report.facts if "apt install bubblewrap" in fact.detail] == ["start with bubblewrap"]


def test_no_sandbox_at_all_is_an_error_with_the_reasons(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing comes up, each mode's reason is told."""
    monkeypatch.setenv("PATH", "")

    with pytest.raises(SandboxError, match=r"No sandbox can be had here\. bubblewrap: bubblewrap is not installed"):
        measure(("bubblewrap",))


def test_a_mode_that_is_weaker_than_it_should_be_is_not_the_last_word(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bubblewrap that only pretends to isolate is found out: the level is what was seen to hold."""
    fake = tmp_path / "bwrap"
    fake.write_text('#!/bin/sh\nwhile [ "$1" != "--chdir" ]; do shift; done\nshift 2\nmkdir -p "$HOME"\nexec "$@"\n')
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    try:
        level = measure(("bubblewrap",)).report.level
    except SandboxError:
        level = 0

    assert level < 4


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (
            "The sandbox could not be built: PermissionError: [Errno 1] clone: Operation not permitted.",
            "lets us make no namespaces (clone",
        ),
        (
            "The sandbox could not be built: OSError: [Errno 28] clone: No space left on device.",
            "`sysctl user.max_user_namespaces` (clon",
        ),
        (
            "The sandbox could not be built: PermissionError: [Errno 1] mount proc on /x/proc: Operation not permitted.",
            "covered, as in a con",
        ),
        ("The sandbox could not be built: PermissionError: [Errno 1] mount tmpfs on /x: Permission denied.", "lets us mount nothing"),
        ("The sandbox could not be built: PermissionError: [Errno 1] /proc/self/uid_map: Operation not permitted.", "be nobody in a user"),
        ("The sandbox could not be built: OSError: [Errno 22] prctl(22, 2): Invalid argument.", "lets us filter no system calls (prctl(22"),
        ("The sandbox has fallen: bwrap: No permissions. See <https://example.org>.", "No permissions"),
        ("The sandbox did not answer within 60 s.", "The sandbox did not answer within 60 s"),
    ],
    ids=range(8),
)
def test_what_the_kernel_says_is_told_in_words(said: str, words: str) -> None:
    """Each reason says what it means for whoever has to do something about it, with the kernel's own words behind it."""
    told = in_words(said)

    assert words in told
    assert not any(word in told for word in ("Errno", "PermissionError", "could not be built", "<", ").)"))
    assert not told.endswith(".")


# --- the cache --------------------------------------------------------------------------------------------------------


def test_what_was_measured_is_kept_and_used(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The facts of this boot are written down for this user alone, and read by the next process."""
    first = strongest()
    mode = stat.S_IMODE(kept.stat().st_mode)
    canary._measured.cache_clear()
    monkeypatch.setenv("PATH", os.environ["PATH"])
    monkeypatch.setattr(canary, "measure", lambda: pytest.fail("measured again"))

    assert (strongest(), mode, [path.name for path in kept.parent.iterdir()]) == (first, 0o600, [kept.name])


def pretend(kept: Path, text: str | None = None) -> None:
    """Write a cache that claims level 4 for limits alone, or *text*."""
    claim = {"mode": "limits", "report": {"level": 4, "name": "forged", "facts": []}}
    kept.parent.mkdir(exist_ok=True)
    kept.write_text(json.dumps(claim) if text is None else text)
    kept.chmod(0o600)


def test_the_pretence_itself_would_be_read(kept: Path) -> None:
    """A cache that is ours and nobody else's to write is believed: the next tests show what is not."""
    pretend(kept)

    assert strongest().report.name == "forged"


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666, 0o622], ids=oct)
def test_a_cache_that_others_can_write_is_ignored(kept: Path, mode: int) -> None:
    """Whoever could have written it could have made us say that we are stronger than we are."""
    pretend(kept)
    kept.chmod(mode)

    assert strongest().report.name != "forged"


def test_a_link_is_no_cache(kept: Path, tmp_path: Path) -> None:
    """A link in the place of the cache is not followed, and is replaced."""
    pretend(kept)
    kept.rename(tmp_path / "elsewhere")
    kept.symlink_to(tmp_path / "elsewhere")

    assert (strongest().report.name != "forged", kept.is_symlink()) == (True, False)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root: only root can give a file away")
def test_a_cache_of_somebody_else_is_ignored(kept: Path) -> None:
    """A file that belongs to another user is not ours."""
    pretend(kept)
    os.chown(kept, 12345, 12345)

    assert strongest().report.name != "forged"


CORRUPT = ["", "{", "[]", "null", "3", '{"mode": "limits"}', '{"mode": "own", "report": {"level": 4, "name": "forged", "facts": []}}',
           '{"mode": "limits", "report": []}', '{"mode": "limits", "report": {"level": 4, "name": "forged", "facts": [{"x": 1}]}}',
           '{"mode": "limits", "report": {"level": 4, "name": "forged", "facts": 3}}', "\x00", "[" * 100_000,
           '{"mode": ["limits"], "report": {"level": 4, "name": "forged", "facts": []}}',
           '{"mode": "limits", "report": {"level": "4", "name": "forged", "facts": []}}']  # fmt: skip


@pytest.mark.parametrize("text", CORRUPT, ids=range(len(CORRUPT)))
def test_a_corrupt_cache_is_measured_again(kept: Path, text: str) -> None:
    """Whatever stands in the file instead of the facts, they are measured anew and written over it."""
    pretend(kept, text)
    strength = strongest()

    assert (strength.report.name in NAMES.values(), json.loads(kept.read_text())) == (True, json.loads(json.dumps(asdict(strength))))


def test_fresh_measures_again(kept: Path) -> None:
    """What is asked for fresh is measured whatever is kept, and kept then."""
    pretend(kept)
    strength = strongest(fresh=True)

    assert (strength.report.name != "forged", json.loads(kept.read_text())["mode"]) == (True, strength.mode)


def test_nowhere_to_keep_it_is_no_error(tmp_path: Path, kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the cache cannot be written the measurement counts all the same."""
    del kept
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))

    assert strongest().report.name in NAMES.values()


def test_the_cache_belongs_to_this_boot_and_this_code(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another bubblewrap in the PATH is another machine as far as the cache goes."""
    monkeypatch.setenv("PATH", "/elsewhere", prepend=os.pathsep)

    assert canary._kept_path() != kept
