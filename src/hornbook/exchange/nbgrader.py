"""Reads nbgrader's notebooks: what each cell is for, in any version of its metadata, and what stands between its markers.

    read(path, settings) -> Notebook        its cells by role, everything that was upgraded, repaired or left out said in words
    settings_of(folder) -> Settings         the markers of the course's nbgrader_config.py

Source: https://nbgrader.readthedocs.io/en/stable/contributor_guide/metadata.html and .../user_guide/creating_and_grading_assignments.html
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Literal

from hornbook.errors import HornbookError, printable
from hornbook.exchange.material import Cell, Note, Notebook, Role, load

SCHEMA: Final = 3
"""The version of nbgrader's metadata that we write."""

_GRADE_ID = re.compile(r"[A-Za-z0-9_-]+")
_AUTOTEST = re.compile(r"^\s*#+\s*(?:HASHED\s+)?AUTOTEST\b", re.MULTILINE)
_KEYS = ("schema_version", "grade", "grade_id", "locked", "solution", "task", "points")


@dataclass(frozen=True, slots=True)
class Settings:
    """The markers of one course, as its nbgrader_config.py may change them."""

    solution: tuple[str, str] = ("BEGIN SOLUTION", "END SOLUTION")
    hidden: tuple[str, str] = ("BEGIN HIDDEN TESTS", "END HIDDEN TESTS")
    scheme: tuple[str, str] = ("BEGIN MARK SCHEME", "END MARK SCHEME")
    # What nbgrader itself leaves for learners (ClearSolutions.code_stub); nothing of ours is unfinished.
    code_stub: str = "# YOUR CODE HERE\nraise NotImplementedError()"
    text_stub: str = "YOUR ANSWER HERE"


_OPTIONS: Final = {
    "ClearSolutions.begin_solution_delimeter": ("solution", 0),
    "ClearSolutions.end_solution_delimeter": ("solution", 1),
    "ClearHiddenTests.begin_test_delimeter": ("hidden", 0),
    "ClearHiddenTests.end_test_delimeter": ("hidden", 1),
    "ClearMarkScheme.begin_mark_scheme_delimeter": ("scheme", 0),
    "ClearMarkScheme.end_mark_scheme_delimeter": ("scheme", 1),
}
"""nbgrader's options (it spells them so), and which marker each is."""


def settings_of(folder: Path) -> tuple[Settings, tuple[str, ...]]:
    """Return the markers that the nbgrader_config.py in *folder* or above it sets, and the options of them that we cannot read.

    The file is a program. It is not run: only `c.ClearSolutions.begin_solution_delimeter = "..."` and its like are read.
    """
    found = next((place / "nbgrader_config.py" for place in (folder, *folder.parents) if (place / "nbgrader_config.py").is_file()), None)
    settings, unread = Settings(), []
    try:
        tree = ast.parse(found.read_text("utf-8")) if found else ast.Module([], [])
    except (SyntaxError, ValueError, OSError):
        return settings, (f"{printable(found or '')} is not Python: nbgrader's own markers are assumed",)
    for node in tree.body:
        if not isinstance(node, ast.Assign):
            continue
        option = ast.unparse(node.targets[0]).removeprefix("c.")
        try:
            value = ast.literal_eval(node.value)
        except ValueError:
            value = None
        if option in _OPTIONS and isinstance(value, str) and value:
            name, place = _OPTIONS[option]
            pair = list(getattr(settings, name))
            pair[place] = value
            changed: Any = {name: tuple(pair)}
            settings = replace(settings, **changed)
        elif option == "ClearSolutions.code_stub" and isinstance(value, dict | str):
            stub = value if isinstance(value, str) else value.get("python", settings.code_stub)
            settings = replace(settings, code_stub=str(stub))
        elif option == "ClearSolutions.text_stub" and isinstance(value, str):
            settings = replace(settings, text_stub=value)
        elif option in _OPTIONS or option.startswith("ClearSolutions."):
            unread.append(f"{option} in {printable(found.name if found else '')} is not a plain value: nbgrader's own is assumed")
    return settings, tuple(unread)


def read(path: Path, settings: Settings, name: str) -> Notebook:
    """Return the notebook at *path*, which is called *name* in notes; raise HornbookError where it is none of Python's.

    Where its `### AUTOTEST` lines wait to be filled in, they are taken as nbgrader has filled them in for the release.
    """
    raw_cells, metadata = load(path, name, "nbgrader")
    to_fill = any(_AUTOTEST.search(str(raw.get("source", ""))) for raw in raw_cells)
    reading = _Reading(name, settings, _released(path) if to_fill else {})
    cells = tuple(reading.cell(number, raw) for number, raw in enumerate(raw_cells, 1))
    return Notebook(path, cells, metadata, (*reading.versions(), *reading.notes))


class _Reading:
    """One notebook on its way in: the ids it has seen, what it has to tell."""

    def __init__(self, name: str, settings: Settings, released: Mapping[str, str]) -> None:
        self.name = name
        self.settings = settings
        self.released = released
        self.notes: list[Note] = []
        self.seen: set[str] = set()
        self.upgraded: dict[object, int] = {}

    def note(self, kind: Literal["repaired", "changed", "left out"], cell: int, what: str) -> None:
        self.notes.append(Note(kind, self.name, cell, what))

    def versions(self) -> list[Note]:
        """Return what was upgraded, once for each version that there was."""
        return [
            Note("upgraded", self.name, 0, f"{cells} of its cells had nbgrader's metadata of schema version {version}, now {SCHEMA}.")
            for version, cells in self.upgraded.items()
        ]

    def cell(self, number: int, raw: Mapping[str, Any]) -> Cell:
        """Return the cell that *raw* is."""
        metadata = dict(raw.get("metadata") or {})
        kind: Any = raw["cell_type"] if raw["cell_type"] in {"code", "markdown", "raw"} else "raw"
        source = str(raw.get("source", ""))
        said = metadata.pop("nbgrader", None)
        meant = self.meant(number, said) if isinstance(said, dict) else {}
        role = self.role(number, kind, meant)
        if role in {"text", "given"} and not meant.get("locked"):
            meant = {}
        if role == "tests" and _AUTOTEST.search(source):
            source = self.filled(number, source, str(meant.get("grade_id", "")))
        shown, full, scheme = self.parts(number, role, kind, source)
        if meant:
            metadata["nbgrader"] = meant
        metadata = {
            key: value for key, value in metadata.items() if key not in {"hornbook", "deletable", "editable", "collapsed", "scrolled"}
        }
        return Cell(
            number=number,
            role=role,
            kind=kind,
            shown=shown,
            source=full,
            grade_id=str(meant.get("grade_id", "")),
            points=float(meant.get("points", 0.0)),
            to_fill=role == "tests" and _AUTOTEST.search(source) is not None,
            hidden=role == "tests" and shown != source and self.settings.hidden[0] in source,
            scheme=scheme,
            solved=role in {"answer", "manual"} and shown != full,
            id=raw.get("id") if isinstance(raw.get("id"), str) else None,
            metadata=metadata,
            attachments=dict(raw.get("attachments") or {}),
        )

    def meant(self, number: int, said: Mapping[str, Any]) -> dict[str, Any]:
        """Return nbgrader's metadata *said* in the present schema, what was wrong with it put right."""
        version = said.get("schema_version", 0)
        if version != SCHEMA:
            self.upgraded[version] = self.upgraded.get(version, 0) + 1
        meant: dict[str, Any] = {key: said.get(key) is True for key in ("grade", "solution", "locked", "task")}
        if not any(meant.values()):
            return {}
        meant |= {"schema_version": SCHEMA, "grade_id": self.grade_id(number, said.get("grade_id"))}
        if meant["grade"] or meant["task"]:
            meant["points"] = self.points(number, said.get("points"))
        return {key: meant[key] for key in _KEYS if key in meant}

    def grade_id(self, number: int, said: object) -> str:
        """Return an id that no other cell has."""
        wanted = said if isinstance(said, str) else ""
        made = wanted if _GRADE_ID.fullmatch(wanted) else re.sub("[^A-Za-z0-9_-]+", "-", wanted).strip("-") or f"cell-{number}"
        if made != wanted:
            self.note("repaired", number, f'its grade_id "{printable(wanted)}" cannot be one; it is "{made}" now.')
        found, times = made, 1
        while found in self.seen:
            times += 1
            found = f"{made}-{times}"
        if found != made:
            self.note("repaired", number, f'its grade_id "{made}" is another cell\'s, too: a copied cell keeps it. It is "{found}" now.')
        self.seen.add(found)
        return found

    def points(self, number: int, said: object) -> float:
        """Return the points of a cell, a number from 0 up."""
        try:
            points = float(said) if isinstance(said, int | float | str) and not isinstance(said, bool) else 0.0
        except ValueError:
            points = 0.0
        if not 0 <= points <= 1_000_000:  # noqa: PLR2004 - more than any course; NaN is refused with the rest
            points = 0.0
        if isinstance(said, bool) or said is None or str(said).strip() not in {f"{points:g}", str(points), str(int(points))}:
            self.note("repaired", number, f"its points are {printable(repr(said))}, which is no number from 0 up; {points:g} is taken.")
        return points

    def role(self, number: int, kind: str, meant: Mapping[str, Any]) -> Role:
        """Return what the cell is for."""
        if meant.get("task"):
            if kind == "markdown":
                return "task"
            self.note("left out", number, "it is a manual task, and no Markdown cell. nbgrader refuses it, too; it is shown only.")
        elif meant.get("grade") and meant.get("solution"):
            return "manual"
        elif meant.get("grade"):
            if kind == "code":
                return "tests"
            self.note("left out", number, "it is graded, but no code and no answer. nbgrader refuses it, too; it is shown only.")
        elif meant.get("solution"):
            if kind == "code":
                return "answer"
            self.note("left out", number, "it is an answer in words that nothing grades. nbgrader refuses it, too; it is shown only.")
        return "given" if kind == "code" else "text"

    def parts(self, number: int, role: Role, kind: str, source: str) -> tuple[str, str, str]:
        """Return *source* as learners get it, as it is without markers, and what its mark scheme says."""
        settings = self.settings
        shown, full, scheme = source, source, ""
        if role == "tests":
            shown, _ = self.cut(number, source, settings.hidden, None)
            if _AUTOTEST.search(source):
                what = "its `### AUTOTEST` lines are filled in by `nbgrader generate_assignment`, so it became no check."
                self.note("left out", number, f"{what} Make the release, and import again: release/ beside source/ has them.")
        elif role in {"answer", "manual"}:
            stub = settings.code_stub if kind == "code" else settings.text_stub
            shown, _ = self.cut(number, source, settings.solution, stub)
            full = self.unmarked(source, settings.solution)
            if shown == source and role == "answer" and _is_stub(source, stub):
                full = source
            elif shown == source:
                shown = source if _is_stub(source, stub) else stub
        if role in {"manual", "task"}:
            shown, _ = self.cut(number, shown, settings.scheme, None)
            _, scheme = self.cut(number, source, settings.scheme, None)
            full, _ = self.cut(number, full, settings.scheme, None)
        return shown, full, scheme

    def filled(self, number: int, source: str, grade_id: str) -> str:
        """Return *source*, a test cell, as it is in the release, and with its hidden tests; as it is where the release has another."""
        shown, hidden = self.cut(number, source, self.settings.hidden, None)
        released = self.released.get(grade_id)
        if released is None or _AUTOTEST.search(released):
            return source
        lines = [line for line in shown.split("\n") if line.strip() and not _AUTOTEST.match(line)]
        rest = iter(released.split("\n"))
        if not all(any(line.rstrip() == one.rstrip() for one in rest) for line in lines):
            self.note("changed", number, "it is not what release/ was made of, so the `### AUTOTEST` lines there are not taken.")
            return source
        self.note("changed", number, "its `### AUTOTEST` lines are the asserts that nbgrader has filled in for release/.")
        begin, end = self.settings.hidden
        return f"{released}\n### {begin}\n{hidden}\n### {end}" if hidden.strip() else released

    def cut(self, number: int, source: str, markers: tuple[str, str], stub: str | None) -> tuple[str, str]:
        """Return *source* with *stub*, or nothing, instead of what stands between *markers*, and what stood there."""
        kept: list[str] = []
        taken: list[str] = []
        inside = False
        for line in source.split("\n"):
            if markers[0] in line and not inside:
                inside = True
                indent = line[: len(line) - len(line.lstrip())]
                kept += [indent + part for part in stub.split("\n")] if stub is not None else []
            elif markers[1] in line and inside:
                inside = False
            elif markers[0] in line or markers[1] in line:
                self.note("repaired", number, f"a marker {markers[0] if inside else markers[1]} too many was left out.")
            else:
                (taken if inside else kept).append(line)
        if inside:
            self.note("repaired", number, f"{markers[1]} is missing; the rest of the cell is taken to lie before it.")
        return "\n".join(kept), "\n".join(taken)

    def unmarked(self, source: str, markers: tuple[str, str]) -> str:
        """Return *source* without the lines that are markers."""
        return "\n".join(line for line in source.split("\n") if markers[0] not in line and markers[1] not in line)


def _released(path: Path) -> dict[str, str]:
    """Return the sources of the test cells in the release that was made of the notebook at *path*, by nbgrader's ids; {} without one."""
    folder = path.absolute().parent
    release = folder.parent.parent / "release" / folder.name / path.name
    if folder.parent.name != "source" or not release.is_file():
        return {}
    try:
        cells, _ = load(release, release.name, "nbgrader")
    except HornbookError:
        return {}
    found: dict[str, str] = {}
    for cell in cells:
        said = (cell.get("metadata") or {}).get("nbgrader")
        if isinstance(said, dict) and said.get("grade") is True and isinstance(said.get("grade_id"), str):
            found[said["grade_id"]] = str(cell.get("source", ""))
    return found


def _is_stub(source: str, stub: str) -> bool:
    """Whether *source* is an answer as learners get it."""
    lines = {line.strip() for line in source.split("\n")}
    return {line.strip() for line in stub.split("\n")} <= lines
