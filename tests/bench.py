"""What grading costs, here and now: medians and ratios from one run, every path in turn (`make bench`).

The same five checks on the same two lessons, `plain` (standard library) and `data` (numpy, pandas, matplotlib), are put to

    nbclient            executes the notebook in a stock kernel; judges nothing
    nbgrader            autogrades the same assertions as test cells, as a command and as a batch of ten
    hornbook, cold      a new sandbox for the submission
    hornbook, warm      a sandbox forked from a fork server
    hornbook grade      the command, from start to exit

Machines differ and are noisy: trust ratios. `--rounds N` sets how often each is measured (5).
"""

from __future__ import annotations

import argparse
import contextlib
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from hornbook.course import Course
from hornbook.grading import grade
from hornbook.sandbox.forkserver import ForkServers

BATCH = 10


@dataclass(frozen=True, slots=True)
class Material:
    """One lesson as source: imports, the exercise as given, the answer, and five checks as expressions over `total`."""

    name: str
    setup: str
    stub: str
    answer: str
    checks: tuple[str, ...]
    expression: str


PLAIN = Material(
    "plain",
    "import collections, json, math",
    "def total(xs):\n    ...",
    "def total(xs):\n    return sum(x * x for x in xs if x > 0)",
    ("[1, 2, 3]", "[-1, 4]", "[]", "[2]", "[7, -7, 2]"),
    "sum(x * x for x in {0} if x > 0)",
)
DATA = Material(
    "data",
    "import numpy as np\nimport pandas as pd\nimport matplotlib.pyplot as plt",
    "def total(xs):\n    ...",
    "def total(xs):\n    column = pd.Series(xs, dtype=float)\n    return float((column[column > 0] ** 2).sum())",
    ("[1, 2, 3]", "[-1, 4]", "[]", "[2]", "[7, -7, 2]"),
    "float(sum(x * x for x in {0} if x > 0))",
)
SHOW = {
    "plain": ("print(total([1, 2, 3]))", "print([total([n]) for n in range(20)])"),
    "data": (
        "frame = pd.DataFrame({'group': list('aabb'), 'value': [1.0, 2.0, 3.0, 4.0]})\nframe.groupby('group').describe()",
        "plt.plot(np.linspace(0, 1, 50))\nplt.title('A figure')\nplt.show()",
    ),
}


def cells(material: Material, answer: str) -> list[str]:
    """Return the code cells of the lesson, ten in all, with *answer* as its exercise."""
    filler = [f"step_{number} = [n * {number} for n in range(100)]" for number in range(6)]
    return [material.setup, *filler, answer, *SHOW[material.name]]


def write_course(root: Path, material: Material) -> Path:
    """Write the lesson as a hornbook course; return a finished submission to it."""
    for folder in ("lessons", "graders", "feedback"):
        (root / folder).mkdir(parents=True)

    def notebook(answer: str) -> Any:
        book = new_notebook(cells=[new_markdown_cell("# A lesson")])
        for source in cells(material, answer):
            cell = new_code_cell(source)
            if source == answer:
                cell.metadata["hornbook"] = {"exercise": "total"}
                cell.metadata["nbgrader"] = nbgrader_mark("total", solution=True)
            book.cells.append(cell)
        book.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
        book.metadata["language_info"] = {"name": "python"}
        book.metadata["hornbook"] = {
            "format": 1, "slug": material.name, "title": "A lesson", "version": "1.0.0", "summary": "For measuring.",
            "objectives": ["measure"], "skills": [{"name": "measuring"}], "level": "beginner", "minutes": 5, "requires": [],
            "authors": ["hornbook maintainers"], "licence": "CC0-1.0",
        }  # fmt: skip
        return book

    nbformat.write(notebook(material.stub), root / "lessons" / f"{material.name}.ipynb")
    checks = "\n\n".join(
        f'@pytest.mark.exercise("total")\ndef test_{number}(submission):\n    """Check {number}"""\n'
        f"    assert submission.total({argument}) == {material.expression.format(argument)}\n"
        for number, argument in enumerate(material.checks)
    )
    (root / "graders" / f"test_{material.name}.py").write_text(f"import pytest\n\n\n{checks}", encoding="utf-8")
    (root / "graders" / f"{material.name}.solution.py").write_text(f"# %% total\n{material.answer}\n", encoding="utf-8")
    (root / "feedback" / f"{material.name}.toml").write_text('[exercise.total]\nhints = ["Begin."]\n', encoding="utf-8")
    work = root / "work"
    work.mkdir()
    nbformat.write(notebook(material.answer), work / f"{material.name}.ipynb")
    return work / f"{material.name}.ipynb"


def nbgrader_mark(grade_id: str, *, solution: bool = False, points: int | None = None) -> dict[str, Any]:
    """Return a cell's nbgrader metadata, schema version 3."""
    graded = points is not None
    mark = {"schema_version": 3, "grade_id": grade_id, "grade": graded, "locked": not solution, "solution": solution, "task": False}
    return {**mark, "points": points} if graded else mark


def write_nbgrader(root: Path, material: Material, students: int) -> None:
    """Write the same material as an nbgrader course with *students* submissions, and release it."""
    book = new_notebook()
    for source in cells(material, f"### BEGIN SOLUTION\n{material.answer}\n### END SOLUTION"):
        cell = new_code_cell(source)
        if "BEGIN SOLUTION" in source:
            cell.metadata["nbgrader"] = nbgrader_mark("total", solution=True)
        book.cells.append(cell)
    for number, argument in enumerate(material.checks):
        cell = new_code_cell(f"assert total({argument}) == {material.expression.format(argument)}")
        cell.metadata["nbgrader"] = nbgrader_mark(f"check-{number}", points=1)
        book.cells.append(cell)
    book.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    source_folder = root / "source" / "ps"
    source_folder.mkdir(parents=True)
    nbformat.write(book, source_folder / "work.ipynb")
    (root / "nbgrader_config.py").write_text("c = get_config()\nc.CourseDirectory.course_id = 'bench'\n", encoding="utf-8")
    nbgrader(root, "generate_assignment", "ps", "--force")
    for number in range(students):
        folder = root / "submitted" / f"s{number}" / "ps"
        folder.mkdir(parents=True)
        released = nbformat.read(root / "release" / "ps" / "work.ipynb", as_version=4)
        for cell in released.cells:
            if cell.metadata.get("nbgrader", {}).get("grade_id") == "total":
                cell.source = material.answer
        nbformat.write(released, folder / "work.ipynb")


def nbgrader(root: Path, *arguments: str) -> None:
    """Run nbgrader with this environment's programs first on PATH: it starts alembic by name."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    command = [sys.executable, "-m", "nbgrader", *arguments]
    subprocess.run(command, cwd=root, env={**os.environ, "PATH": path}, check=True, capture_output=True)  # noqa: S603


def measure(paths: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Return the median seconds of each path; all take turns, so that a change of the machine's speed hits all alike."""
    taken: dict[str, list[float]] = {name: [] for name in paths}
    for path in paths.values():
        path()
    for _ in range(rounds):
        for name, path in paths.items():
            started = time.perf_counter()
            path()
            taken[name].append(time.perf_counter() - started)
    return {name: statistics.median(times) for name, times in taken.items()}


def bench(material: Material, rounds: int, root: Path, warm: ForkServers) -> None:
    """Measure and print one lesson."""
    work = write_course(root / "hornbook", material)
    course = Course.open(root / "hornbook")
    write_nbgrader(root / "nbgrader", material, BATCH)

    def stock() -> None:
        from nbclient import NotebookClient  # noqa: PLC0415 - measured, not used

        NotebookClient(nbformat.read(work, as_version=4), timeout=60).execute()

    def graded(servers: ForkServers | None) -> None:
        verdict = grade(work, course, warm=servers)
        if not verdict.passed:
            raise SystemExit(f"{material.name}: the measured submission does not pass: {verdict.outcomes}")

    def command() -> None:
        asked = [sys.executable, "-m", "hornbook", "grade", str(work), "--course", str(course.root), "--json"]
        subprocess.run(asked, check=True, capture_output=True)  # noqa: S603

    medians = measure(
        {
            "nbclient, stock kernel, no checks": stock,
            "nbgrader autograde, one, the command": lambda: nbgrader(root / "nbgrader", "autograde", "ps", "--student=s0", "--force"),
            f"nbgrader autograde, batch of {BATCH}, each": lambda: nbgrader(root / "nbgrader", "autograde", "ps", "--force"),
            "hornbook grade, one, the command": command,
            "hornbook, cold sandbox": lambda: graded(None),
            "hornbook, warm sandbox": lambda: graded(warm),
        },
        rounds,
    )
    batch = f"nbgrader autograde, batch of {BATCH}, each"
    medians[batch] /= BATCH
    print(f"\n{material.name}: five checks, median of {rounds}")
    for name, seconds in medians.items():
        print(f"  {name:44} {seconds * 1000:8.0f} ms")
    pairs = [
        ("command against command", "nbgrader autograde, one, the command", "hornbook grade, one, the command"),
        ("batch against warm", batch, "hornbook, warm sandbox"),
        ("cold against warm", "hornbook, cold sandbox", "hornbook, warm sandbox"),
    ]
    for label, slow, fast in pairs:
        print(f"  {label:44} {medians[slow] / medians[fast]:8.1f} times")


def main() -> None:
    """Measure both lessons."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    print(f"Python {platform.python_version()}, {platform.system()} {platform.release()}, {os.cpu_count()} processors")
    with ForkServers() as warm, contextlib.ExitStack() as stack:
        for material in (PLAIN, DATA):
            root = Path(tempfile.mkdtemp(prefix="hornbook-bench-"))
            stack.callback(shutil.rmtree, root, ignore_errors=True)
            bench(material, rounds, root, warm)


if __name__ == "__main__":
    main()
