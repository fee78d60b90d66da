"""The documentation is run: its commands, programs, graders and settings work, its links lead somewhere, nothing is left out."""

from __future__ import annotations

import ast
import dataclasses
import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args, get_type_hints

import jsonschema
import pytest
import typer.main

from hornbook.cli import app
from hornbook.config import Limits, Settings
from hornbook.grading.mutants import OPERATORS
from hornbook.grading.pytest_plugin import MARKERS
from hornbook.lesson import Lesson, parse_lesson, read_solution, write_lesson
from hornbook.model import Assurance, Repair, Status, Verdict, verdict_schema
from hornbook.notebook import Hornbook
from hornbook.publish.artifact import BESIDE, SEALED
from hornbook.publish.portfolio import MADE
from hornbook.sandbox.canary import NEEDS
from hornbook.sandbox.figures import Axes, Bar, Figure, PlottedLine, Scatter
from hornbook.sandbox.policy import Mode
from hornbook.sandbox.probe import Cell as ProbeCell
from hornbook.sandbox.probe import Probe, Raised

ROOT = Path(__file__).parent.parent
DOCS = (
    "index",
    "tutorial-learner",
    "tutorial-instructor",
    "tutorial-ci",
    "tutorial-portfolio",
    "formats",
    "threats",
    "assurance",
    "privacy",
    "authoring",
    "binder",
    "nbgrader",
    "otter",
    "pytest",
    "notebook",
    "lab",
    "grading",
    "sandbox",
    "architecture",
    "verdict",
    "performance",
    "mutation",
    "portfolio",
    "search",
    "batches",
    "calendar",
    "scale",
    "ci",
    "releasing",
    "offline",
)
PAGES = ("README.md", *(f"docs/{name}.md" for name in DOCS), "tests/README.md")
TO_COME: set[str] = set()
FOLDERS = ("lessons", "graders", "feedback", "binder", "jlab_extension")
OTHERS = ("CONTRIBUTING.md", "CHANGELOG.md", *(f"{folder}/README.md" for folder in FOLDERS))


@dataclass(frozen=True)
class Block:
    """A fenced block of a page: its language, what stands behind that in the fence, its text, and its first line's number."""

    page: str
    line: int
    language: str
    word: str
    text: str


def text_of(page: str) -> str:
    """Return the text of *page*, a path from the root of the repository."""
    return (ROOT / page).read_text(encoding="utf-8")


def blocks(page: str) -> Iterator[Block]:
    """Yield the fenced blocks of *page*, in order."""
    text = text_of(page)
    for found in re.finditer(r"^```(\w+)(?: ([^\n]+))?\n(.*?)^```$", text, re.DOTALL | re.MULTILINE):
        yield Block(page, text.count("\n", 0, found.start()) + 1, found[1], found[2] or "", found[3])


def named(name: str, page: str) -> bool:
    """Whether *page* has *name* as a whole word in code: between backticks, or in a block."""
    code = "\n".join(re.findall(r"```.*?```|`[^`\n]+`", text_of(page), re.DOTALL))
    return re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", code) is not None


# --- Running ---------------------------------------------------------------------------------------------------------


def run_in(folder: Path, command: str) -> subprocess.CompletedProcess[str]:
    """Run *command* in a shell that finds this environment's programs first, as somebody would who has installed hornbook."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    # What stands in our own environment for our own tests must not decide what a reader sees.
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("COV_", "PYTEST_", "FORCE_COLOR", "COLUMNS", "GITHUB_", "HORNBOOK_"))
    }
    environment = {**inherited, "PATH": path, "JUPYTER_PATH": str(folder / "share/jupyter"), "TERM": "dumb"}
    # A reader's keys are made where Jupyter keeps data, and whoever runs these tests has keys of their own there.
    environment["JUPYTER_DATA_DIR"] = str(folder / ".jupyter-data")
    return subprocess.run(  # noqa: S603 - our own documentation
        ["/bin/bash", "-c", command], cwd=folder, env=environment, text=True, capture_output=True, timeout=120, check=False
    )


def shown_in(output: str, shown: str) -> bool:
    """Whether *output* has the lines of *shown*, in which a line `...` stands for any lines and `...` within one for any text."""
    came = "".join(f"{' '.join(line.split())}\n" for line in output.splitlines() if line.strip())
    wanted = [re.escape(" ".join(line.split())) for line in shown.splitlines() if line.strip()]
    dots = re.escape("...")
    pattern = "".join(r"(?:[^\n]*\n)*?" if line == dots else line.replace(dots, r"[^\n]*") + r"\n" for line in wanted)
    return re.fullmatch(pattern, came) is not None


def run_console(block: Block, folder: Path) -> Path:
    """Run the `$` commands of *block* in *folder* and return where they end; all but the last must succeed, and give what is shown."""
    commands = re.findall(r"^\$ ([^\n]+)\n((?:(?!\$ )[^\n]*\n)*)", block.text, re.MULTILINE)
    for number, (command, shown) in enumerate(commands, 1):
        place = f"{block.page}:{block.line}: {command}"
        if command.startswith("cd "):
            folder /= command.removeprefix("cd ")
            continue
        ended = run_in(folder, command)
        expected = int(block.word.removeprefix("exit=") or 0) if number == len(commands) else 0

        assert ended.returncode == expected, f"{place}\n{ended.stdout}{ended.stderr}"
        assert not shown.strip() or shown_in(ended.stdout, shown), f"{place}\n{ended.stdout}"
    return folder


@pytest.mark.parametrize("page", PAGES)
def test_every_command_and_program_of_a_page_runs(page: str, tmp_path: Path) -> None:
    """A page's files, commands and programs, one after the other in an empty folder, give what the page shows."""
    folder = tmp_path
    written: set[str] = set()
    for block in blocks(page):
        if block.language == "console":
            folder = run_console(block, folder)
        elif block.language == "python" and block.word == "run":
            (folder / "program.py").write_text(block.text, encoding="utf-8")
            ended = run_in(folder, "python program.py")

            assert ended.returncode == 0, f"{page}:{block.line}\n{ended.stdout}{ended.stderr}"
        elif "/" in block.word:
            path = folder / block.word
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("a" if block.word in written else "w", encoding="utf-8") as file:
                file.write(f"{block.text}\n\n")
            written.add(block.word)
            if path.name.endswith(".solution.py"):
                write_lesson(lesson_shown(page, path, folder))


def lesson_shown(page: str, solution: Path, course: Path) -> Lesson:
    """Return the lesson with the metadata that *page* shows: its two own cells, and a stub for each exercise of *solution*."""
    shown = {block.word: block.text for block in blocks(page)}
    marks = {exercise: json.loads(shown["cell"].replace('"mean"', json.dumps(exercise))) for exercise in read_solution(solution)}
    own: dict[str, dict[str, Any]] = {"import matplotlib.pyplot as plt": {}, "rate = 0.02": {"tags": ["parameters"]}}
    sources = [*own.items(), *(("...  # your lines go here", mark) for mark in marks.values())]
    cells = [
        {"cell_type": "code", "id": f"c{number}", "metadata": mark, "source": source, "outputs": [], "execution_count": None}
        for number, (source, mark) in enumerate(sources)
    ]
    notebook = {"cells": cells, "metadata": json.loads(shown["metadata"]), "nbformat": 4, "nbformat_minor": 5}
    path = course / "lessons" / solution.relative_to(course / "graders").with_name(solution.name.replace(".solution.py", ".ipynb"))
    return parse_lesson(json.dumps(notebook).encode(), path)


@pytest.mark.parametrize("page", PAGES)
def test_every_block_of_data_is_well_formed(page: str) -> None:
    """Python, JSON and TOML in a page can be read as such."""
    for block in blocks(page):
        match block.language:
            case "python":
                compile(block.text, f"{page}:{block.line}", "exec", ast.PyCF_ONLY_AST)
            case "json":
                json.loads(block.text)
            case "toml":
                tomllib.loads(block.text)


# --- Links -----------------------------------------------------------------------------------------------------------


def anchors(page: Path) -> set[str]:
    """Return the anchors of the headings of *page*, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", [*PAGES, *OTHERS])
def test_every_relative_link_leads_somewhere(page: str) -> None:
    """What a page links to is in the repository, and so is the heading behind a #."""
    prose = re.sub(r"^```.*?^```$", "", text_of(page), flags=re.DOTALL | re.MULTILINE)
    for target in re.findall(r"\]\(([^)\s]+)\)", prose):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (ROOT / page).parent / path if path else ROOT / page

        assert file.exists(), f"{page}: {target}"
        assert not anchor or anchor in anchors(file), f"{page}: {target}"


@pytest.mark.parametrize("page", [*PAGES, *OTHERS])
def test_every_file_and_make_target_that_is_named_exists(page: str) -> None:
    """A path of the repository that stands in a page's text is there, and so is a target of make."""
    targets = re.findall(r"^([a-z]+):", text_of("Makefile"), re.MULTILINE)
    built = text_of(".gitignore").split()
    for word in re.findall(r"`([^`\n]+)`", text_of(page)):
        if re.fullmatch(r"(src|docs|tests|binder)/[\w./-]+", word):
            assert (ROOT / word).exists() or word in built or word in TO_COME, f"{page}: {word}"
        if made := re.fullmatch(r"make (\w+)", word):
            assert made[1] in targets, f"{page}: {word}"


# --- Complete --------------------------------------------------------------------------------------------------------


def command_line() -> Iterator[tuple[str, str]]:
    """Yield each command with each of its options."""
    group: Any = typer.main.get_command(app)
    todo = [("hornbook", group)]
    while todo:
        name, command = todo.pop()
        for option in command.params:
            yield from ((name, word) for word in option.opts if word.startswith("--"))
        yield name, name
        todo += [(f"{name} {inner.name}", inner) for inner in getattr(command, "commands", {}).values()]


@pytest.mark.parametrize(("command", "word"), sorted(command_line()))
def test_every_command_and_option_is_documented(command: str, word: str) -> None:
    """A command or option that no page names would be found by nobody."""
    assert any(named(word, page) for page in PAGES), f"{command} {word}"


def test_every_command_in_the_docs_exists() -> None:
    """A command that a page names is one that there is, with options that it has."""
    known = set(command_line())
    commands = {command for command, _ in known}
    for page in (*PAGES, *OTHERS):
        for line in re.findall(r"(?:`|\$ )(hornbook(?: [^`\n]+)?)", text_of(page)):
            words = re.split(r"\s+", re.split(r"[;|>&]", line)[0].strip())
            command = next((" ".join(words[:size]) for size in (3, 2, 1) if " ".join(words[:size]) in commands), "")
            options = {word for word in words if word.startswith("--") and word != "--help"}

            assert command != "hornbook" or len(words) == 1 or options, f"{page}: {line}"
            assert all((command, option) in known for option in options), f"{page}: {line}"


def test_the_settings_page_has_every_setting_with_its_default() -> None:
    """The settings that are shown as defaults are all there are, and are the defaults."""
    block = next(block for block in blocks("docs/grading.md") if block.language == "toml")
    table = tomllib.loads(block.text)["tool"]["hornbook"]
    shown = Settings.of(table, Path("course/pyproject.toml"))

    assert shown == Settings(name="course", title="course")
    assert table.keys() == {"name", "title", "language", "limits", "sandbox", "doctor", "release", "cluster"}
    assert table["limits"].keys() == {field.name for field in dataclasses.fields(Limits)}
    assert table["sandbox"].keys() == {"require_level", "preload"}
    assert table["doctor"].keys() == {"mutation_score", "misconceptions"}
    assert table["release"].keys() == table["cluster"].keys() == {"graders"}
    shown_by_table = {"require_level", "preload", "mutation_score", "misconceptions", "release_graders", "cluster_graders"}
    # Cohorts have a page of their own, docs/calendar.md.
    assert {"name", "title", "language", "limits", "cohorts", *shown_by_table} == {field.name for field in dataclasses.fields(Settings)}


def members(*kinds: type) -> list[str]:
    """Return the public fields, methods and properties of *kinds*."""
    names = {name for kind in kinds for name in [*vars(kind), *getattr(kind, "__annotations__", {})]}
    return sorted(name for name in names if not name.startswith("_"))


def pytest_options() -> list[str]:
    """Return the options that our plugin adds to pytest."""
    return re.findall(r'addoption\("(--[\w-]+)"', text_of("src/hornbook/grading/pytest_plugin.py"))


@pytest.mark.parametrize(
    ("page", "names"),
    [
        pytest.param("docs/authoring.md", [f"submission.{name}" for name in members(Probe)], id="the submission fixture"),
        pytest.param("docs/authoring.md", [f".{name}" for name in members(ProbeCell)], id="its cells"),
        pytest.param("docs/authoring.md", [f"caught.{name}" for name in members(Raised) if name != "error"], id="its errors"),
        pytest.param("docs/authoring.md", members(Figure, Axes, PlottedLine, Bar, Scatter), id="figures"),
        pytest.param("docs/authoring.md", ["raises", "message", "actual", "actual_type", "source"], id="conditions"),
        pytest.param("docs/authoring.md", [operator.name for operator in OPERATORS], id="operators"),
        pytest.param("docs/authoring.md", ["exercise", "operator", "line", "becomes", "reason"], id="markers of equivalent mutants"),
        pytest.param("docs/notebook.md", [*Hornbook.class_own_traits(config=True), "%check", "%hint"], id="the notebook"),
        pytest.param("docs/grading.md", list(Status), id="statuses"),
        pytest.param("docs/grading.md", list(Assurance), id="assurances"),
        pytest.param("docs/grading.md", list(get_args(get_type_hints(Repair)["kind"])), id="repairs"),
        pytest.param("docs/grading.md", pytest_options(), id="options for pytest"),
        pytest.param("docs/portfolio.md", sorted({*SEALED, *BESIDE}), id="an artifact's files"),
        pytest.param("docs/portfolio.md", list(MADE), id="a site's files"),
        pytest.param("docs/sandbox.md", list(get_args(Mode)), id="modes"),
        pytest.param("docs/sandbox.md", sorted({fact for facts in NEEDS.values() for fact in facts}), id="facts"),
    ],
)
def test_everything_there_is_to_know_is_named(page: str, names: list[str]) -> None:
    """What a reader can use or meet has a name on its page."""
    assert names
    assert [name for name in names if not named(str(name), page)] == []


def test_every_marker_has_its_row() -> None:
    """The table of markers has all of them, and no other."""
    cells = re.findall(
        r"^\| (`[^|]+`) \| [^|]+ \|$", text_of("docs/authoring.md").partition("| marker |")[2].partition("\n\n")[0], re.MULTILINE
    )
    shown = {found for cell in cells for found in re.findall(r"`(\w+)", cell)}

    assert shown == {re.split(r"\W", marker)[0] for marker in MARKERS}


def test_every_level_has_its_row_where_levels_are_told() -> None:
    """README and the sandbox's page have a row for each level, 0 to 4."""
    for page in ("README.md", "docs/sandbox.md"):
        assert {int(level) for level in re.findall(r"^\| ([0-4]) \|", text_of(page), re.MULTILINE)} == {0, *NEEDS}


def test_the_map_of_modules_is_the_territory() -> None:
    """The architecture page names every module of the engine, and no other."""
    modules = {path.relative_to(ROOT / "src/hornbook").as_posix() for path in (ROOT / "src/hornbook").rglob("*.py")}
    shown = set(
        re.findall(
            r"`((?:sandbox/|grading/|exchange/|server/|record/|publish/|catalog/|reports/|schedule/|release/|offline/)?\w+\.py)`",
            text_of("docs/architecture.md"),
        )
    )

    assert {name for name in modules if not name.endswith("__init__.py")} - shown == set()
    assert shown - modules == {"conftest.py"}


# --- The verdict -----------------------------------------------------------------------------------------------------


def verdict_example() -> str:
    """Return the verdict that is shown."""
    return next(block.text for block in blocks("docs/verdict.md") if block.language == "json")


def test_the_example_of_a_verdict_is_one() -> None:
    """The verdict that is shown validates against the published schema, and reads back as itself."""
    example = json.loads(verdict_example())
    jsonschema.Draft202012Validator(json.loads(text_of("docs/schemas/verdict-1.json"))).validate(example)

    assert json.loads(Verdict.from_json(verdict_example().encode()).to_json()) == example


def test_every_part_of_a_verdict_is_explained_and_shown() -> None:
    """Each object of the schema has a table with a row for each of its fields, and the example has them all."""
    text = text_of("docs/verdict.md")
    shown = set(re.findall(r'"(\w+)":', verdict_example()))
    for name, part in verdict_schema()["$defs"].items():
        fields = set(part.get("properties", {}))
        if fields:
            section = re.search(rf"^## {name}\b.*?(?=^## |\Z)", text, re.DOTALL | re.MULTILINE)

            assert section, name

            rows = re.findall(r"^\| ((?:`\w+`(?:, )?)+)", section[0], re.MULTILINE)

            assert {word for row in rows for word in re.findall(r"\w+", row)} == fields
            assert fields <= shown, name


# --- The tools above -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("output", "shown", "fits"),
    [
        ("a\nb\nc\n", "a\n...\nc\n", True),
        ("a\nc\n", "a\n...\nc\n", True),
        ("a\nb\n", "a\n", False),
        ("took 3 s\n", "took ... s\n", True),
        ("took\n3 s\n", "took ... s\n", False),
        ("made   x\n", "made x\n", True),
        ("a\nb\n", "...\nb\n", True),
        ("a\nb\n", "a\n...\n", True),
        ("a\nb\n", "b\n...\n", False),
    ],
)
def test_output_is_compared_line_by_line(output: str, shown: str, *, fits: bool) -> None:
    """Dots stand for whatever comes; everything else must come as it is shown."""
    assert shown_in(output, shown) is fits


def test_a_command_that_fails_is_noticed(tmp_path: Path) -> None:
    """A console block whose command ends with another code than it says is a failure of its page."""
    with pytest.raises(AssertionError, match=r"page\.md:7"):
        run_console(Block("page.md", 7, "console", "", "$ false\n"), tmp_path)
