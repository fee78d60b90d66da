"""A course's settings: the table `[tool.hornbook]` of its `pyproject.toml`, read once, checked whole.

Nothing here is ever read from a submission or a lesson: limits are the course's to set.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, fields
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any, TypeVar

from hornbook.cohorts import END_OF_DAY, Cohort
from hornbook.errors import CourseError, printable

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,63}")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_MODULE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", re.ASCII)
_STRONGEST = 4
_PERCENT = 100
_SCORE = 95.0
_MISTAKES = 3
_SLUG = re.compile(r"[a-z][a-z0-9_]*")
_LINK = re.compile(r"https?://[^\s<>\"]+")
_DAYS = (1, 366)
_HOURS = (0, 24 * 28)
_Kind = TypeVar("_Kind")


@dataclass(frozen=True, slots=True)
class Limits:
    """What one submission may use: seconds of wall clock, and sizes in binary units (1 kB is 1024 bytes).

    `cell_seconds` is for one cell; an exercise's cell has as long as the longest of its checks. `check_seconds` is for one check,
    unless its own marker says otherwise; `total_seconds` for all cells of one run. `memory_mb` is what one process may map beyond
    what Python itself has mapped; all together may hold twice as much. `processes` is the number of processes and threads,
    `output_kb` what one cell may print, `file_mb` the size of one file, `disk_mb` that of each of the three places to write to
    (home, /tmp, /dev/shm; unlimited where there is no own root), `wire_kb` the size of one value that crosses.
    """

    cell_seconds: float = field(default=10.0, metadata={"range": (0.1, 3600)})
    check_seconds: float = field(default=10.0, metadata={"range": (0.1, 3600)})
    total_seconds: float = field(default=120.0, metadata={"range": (1, 86400)})
    memory_mb: int = field(default=1024, metadata={"range": (128, 1 << 20)})
    processes: int = field(default=64, metadata={"range": (1, 4096)})
    output_kb: int = field(default=1024, metadata={"range": (1, 1 << 20)})
    file_mb: int = field(default=64, metadata={"range": (1, 1 << 20)})
    disk_mb: int = field(default=128, metadata={"range": (1, 1 << 20)})
    wire_kb: int = field(default=1024, metadata={"range": (1, 1 << 16)})


@dataclass(frozen=True, slots=True)
class Settings:
    """What a course says about itself.

    `name` is its name on disk and in links, `title` the one for people, `language` the BCP 47 tag of the language its sentences
    are in. A grade is refused where the sandbox is weaker than `require_level` (0 to 4). `preload` names the modules
    that the sandbox imports before a submission arrives. `mutation_score` is what percentage of a solution's mutants the checks of a
    lesson must notice, and `misconceptions` how many known mistakes a lesson must have, for `hornbook doctor --mutants`. `cohorts` are
    those who take it together. `graders` says whether a release brings the visible checks along.
    """

    name: str = "course"
    title: str = "course"
    language: str = "en"
    limits: Limits = field(default_factory=Limits)
    require_level: int = 0
    preload: tuple[str, ...] = ()
    mutation_score: float = _SCORE
    misconceptions: int = _MISTAKES
    cohorts: tuple[Cohort, ...] = ()
    graders: bool = True

    @classmethod
    def read(cls, path: Path) -> Settings:
        """Return the settings in the `pyproject.toml` at *path*; a missing file, table or key gives the defaults.

        The default name is that of the folder. Raises `CourseError` with the file, the key and what is allowed.
        """
        import tomllib  # noqa: PLC0415 - kept out of `import hornbook`

        try:
            content = tomllib.loads(path.read_text("utf-8"))
        except FileNotFoundError:
            content = {}
        except OSError as error:
            raise CourseError(path, f"cannot be read ({error.strerror}). Make it a file that you may read.") from error
        except (ValueError, RecursionError) as error:
            raise CourseError(path, f"is not TOML: {error}. Correct it there.") from error
        tool = content.get("tool", {})
        return cls.of(tool.get("hornbook", {}) if isinstance(tool, dict) else {}, path)

    @classmethod
    def of(cls, table: object, path: Path) -> Settings:
        """Return the settings that *table*, the content of `[tool.hornbook]` in *path*, holds."""
        top = _Table(path, "tool.hornbook", table, {"name", "title", "language", "limits", "sandbox", "doctor", "cohort", "release"})
        doctor = _Table(path, "tool.hornbook.doctor", top.raw.get("doctor", {}), {"mutation_score", "misconceptions"})
        sandbox = _Table(path, "tool.hornbook.sandbox", top.raw.get("sandbox", {}), {"require_level", "preload"})
        release = _Table(path, "tool.hornbook.release", top.raw.get("release", {}), {"graders"})
        name = top.text("name", _NAME, "lower-case letters, digits, - and _, at most 64, a letter first", _default_name(path))
        return cls(
            name=name,
            title=top.text("title", re.compile(r"\S.*"), "one line of text", name),
            language=top.text("language", _LANGUAGE, 'a language tag such as "en" or "pt-BR"', "en"),
            limits=_limits(_Table(path, "tool.hornbook.limits", top.raw.get("limits", {}), {limit.name for limit in fields(Limits)})),
            require_level=int(sandbox.number("require_level", 0, (0, _STRONGEST))),
            preload=sandbox.names("preload", _MODULE, 'a list of module names such as ["numpy", "pandas"]'),
            mutation_score=doctor.number("mutation_score", _SCORE, (0, _PERCENT)),
            misconceptions=int(doctor.number("misconceptions", _MISTAKES, (0, _PERCENT))),
            cohorts=_cohorts(top.raw.get("cohort", []), path),
            graders=release.flag("graders", default=True),
        )


class _Table:
    """One table of the settings, and the sentences for what is not allowed in it."""

    def __init__(self, path: Path, name: str, raw: object, known: Collection[str]) -> None:
        self.path = path
        self.name = name
        if not isinstance(raw, dict):
            raise CourseError(path, f"{name} must be a table, not {_shown(raw)}. Write it as [{name}].")
        self.raw: dict[str, Any] = raw
        for key in raw:
            if key not in known:
                raise CourseError(path, f"[{name}] has no key {_shown(key)}; {nearest(key, known)}.")

    def text(self, key: str, pattern: re.Pattern[str], allowed: str, default: str) -> str:
        value = self.raw.get(key, default)
        if not isinstance(value, str) or not pattern.fullmatch(value):
            raise self._refusal(key, value, allowed)
        return value

    def number(self, key: str, default: float, between: tuple[float, float]) -> float:
        """Return the number at *key*: a whole one where *default* is one."""
        value = self.raw.get(key, default)
        kind = int if isinstance(default, int) else (int, float)
        least, most = between
        # A bool is an int to Python, though never to whoever writes `processes = true`; a nan fails both comparisons.
        if isinstance(value, bool) or not isinstance(value, kind) or not least <= value <= most:
            raise self._refusal(key, value, f"a {'whole ' if kind is int else ''}number from {least} to {most}")
        return value if kind is int else float(value)

    def flag(self, key: str, *, default: bool) -> bool:
        value = self.raw.get(key, default)
        if not isinstance(value, bool):
            raise self._refusal(key, value, "true or false")
        return value

    def names(self, key: str, pattern: re.Pattern[str], allowed: str) -> tuple[str, ...]:
        value = self.raw.get(key, [])
        if not isinstance(value, list) or not all(isinstance(name, str) and pattern.fullmatch(name) for name in value):
            raise self._refusal(key, value, allowed)
        return tuple(value)

    def exactly(self, key: str, kind: type[_Kind], allowed: str, default: _Kind | None = None) -> _Kind:
        """Return what stands at *key*, of *kind* and no subclass: to Python a datetime is a date, though never to TOML."""
        value = self.raw.get(key, default)
        if type(value) is not kind:
            raise self.refusal(key, allowed) if key not in self.raw else self._refusal(key, value, allowed)
        return value

    def refusal(self, key: str, allowed: str) -> CourseError:
        """Return the error for a *key* that is not there."""
        return CourseError(self.path, f"[{self.name}] has no {key}; it must be {allowed}.")

    def _refusal(self, key: str, value: object, allowed: str) -> CourseError:
        return CourseError(self.path, f"[{self.name}] {key} is {_shown(value)}; it must be {allowed}.")


def _limits(table: _Table) -> Limits:
    """Return the limits that *table* holds; none may be longer than all together."""
    default = Limits()
    values: dict[str, Any] = {
        limit.name: table.number(limit.name, getattr(default, limit.name), limit.metadata["range"]) for limit in fields(Limits)
    }
    limits = Limits(**values)
    for name in ("cell_seconds", "check_seconds"):
        if getattr(limits, name) > limits.total_seconds:
            both = f"{name} ({getattr(limits, name):g}) is more than total_seconds ({limits.total_seconds:g})"
            raise CourseError(table.path, f"[{table.name}] {both}. Raise total_seconds.")
    return limits


def _cohorts(raw: object, path: Path) -> tuple[Cohort, ...]:
    """Return the cohorts that *raw*, the tables `[[tool.hornbook.cohort]]`, holds; no two have one name."""
    if not isinstance(raw, list):
        raise CourseError(path, f"tool.hornbook.cohort must be tables, not {_shown(raw)}. Write each as [[tool.hornbook.cohort]].")
    found: dict[str, Cohort] = {}
    for table in raw:
        cohort = _cohort(_Table(path, "tool.hornbook.cohort", table, {part.name for part in fields(Cohort)}))
        if cohort.name in found:
            raise CourseError(path, f'[tool.hornbook.cohort] name is "{cohort.name}" twice; a calendar needs to tell them apart.')
        found[cohort.name] = cohort
    return tuple(found.values())


def _cohort(table: _Table) -> Cohort:
    for key in ("name", "timezone"):
        if key not in table.raw:
            raise table.refusal(key, 'a name such as "autumn-2026"' if key == "name" else 'a time zone such as "Europe/Berlin"')
    name = table.text("name", _NAME, "lower-case letters, digits, - and _, at most 64, a letter first", "")
    link = table.text("link", _LINK, 'a link such as "https://hub.example.org/lab/tree/{path}"', "") if "link" in table.raw else ""
    if re.search(r"[{}]", re.sub(r"\{(slug|path)\}", "", link)):
        raise CourseError(table.path, f"[{table.name}] link is {_shown(link)}; only {{slug}} and {{path}} are filled in.")
    due_at = table.exactly("due_at", time, "a time of day such as 20:00:00, without quotation marks", END_OF_DAY)
    return Cohort(
        name=name,
        title=table.text("title", re.compile(r"\S.*"), "one line of text", name),
        starts=table.exactly("starts", date, "a date such as 2026-09-07, without quotation marks"),
        timezone=_zone(table),
        every_days=int(table.number("every_days", 7, _DAYS)),
        due_at=due_at,
        breaks=_breaks(table),
        lessons=table.names("lessons", _SLUG, 'a list of lessons such as ["bike_count", "honest_chart"]'),
        due=_due(table, due_at),
        alarm_hours=int(table.number("alarm_hours", 24, _HOURS)),
        link=link,
    )


def _zone(table: _Table) -> str:
    from zoneinfo import ZoneInfo  # noqa: PLC0415 - only a course with a cohort needs it

    zone = table.text("timezone", re.compile(r"[A-Za-z0-9_+/-]+"), 'a time zone such as "Europe/Berlin"', "UTC")
    try:
        ZoneInfo(zone)
    except (ValueError, OSError, LookupError) as error:
        known = f'[{table.name}] timezone is "{zone}", which is no time zone; write one such as "Europe/Berlin" or "America/Lima".'
        raise CourseError(table.path, known) from error
    return zone


def _breaks(table: _Table) -> tuple[tuple[date, date], ...]:
    value = table.raw.get("breaks", [])
    pairs = value if isinstance(value, list) else [value]
    for pair in pairs:
        if not (isinstance(pair, list) and [type(day) for day in pair] == [date, date] and pair[0] <= pair[1]):
            allowed = "first and last days such as [[2026-12-21, 2027-01-03]]"
            raise CourseError(table.path, f"[{table.name}] breaks has {_shown(pair)}; it must be {allowed}.")
    return tuple((first, last) for first, last in pairs)


def _due(table: _Table, due_at: time) -> dict[str, datetime]:
    """Return when single lessons are due; a day without a time is over at *due_at*."""
    value = table.raw.get("due", {})
    within = _Table(table.path, f"{table.name}.due", value, value if isinstance(value, dict) else ())
    for slug, when in within.raw.items():
        if not isinstance(when, date):
            allowed = "a day such as 2026-10-20 or a time such as 2026-10-20T18:00:00, without quotation marks"
            raise CourseError(table.path, f"[{within.name}] {_shown(slug)} is {_shown(when)}; it must be {allowed}.")
    return {slug: when if isinstance(when, datetime) else datetime.combine(when, due_at) for slug, when in within.raw.items()}


def _default_name(path: Path) -> str:
    """Return a valid course name made from the folder of *path*."""
    name = re.sub(r"[^a-z0-9_-]+", "-", path.absolute().parent.name.lower()).strip("-_")[:64]
    return name if _NAME.fullmatch(name) else "course"


def nearest(key: str, known: Collection[str]) -> str:
    """Return the way out for an unknown *key* as half a sentence: the nearest of the *known*, or all of them."""
    from difflib import get_close_matches  # noqa: PLC0415 - only an error needs it

    close = get_close_matches(key, sorted(known), n=1)
    return f'did you mean "{close[0]}"' if close else f"it has {', '.join(sorted(known))}"


def _shown(value: object) -> str:
    """Return *value* as it may stand in a sentence: short, and as TOML writes a text."""
    shown = f'"{printable(value)}"' if isinstance(value, str) else value.isoformat() if isinstance(value, date | time) else repr(value)
    return shown if len(shown) <= 60 else f"{shown[:57]}..."  # noqa: PLR2004 - a length that is easy to read
