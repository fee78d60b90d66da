"""What nbgrader itself says: a notebook of nbgrader's made, released, submitted and autograded by nbgrader, for tests to compare with.

Run as a program, it grades: `python nbgrading.py ROOT` for a course at ROOT prints the automatic score of each cell as JSON.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ASSIGNMENT, NOTEBOOK = "ps", "work"
Scores = dict[str, dict[str, float | None]]
PYTHON = {"display_name": "Python 3", "language": "python", "name": "python3"}


def text(source: str, **more: Any) -> dict[str, Any]:
    """Return a Markdown cell."""
    return {"cell_type": "markdown", "metadata": more, "source": source}


def code(source: str, **more: Any) -> dict[str, Any]:
    """Return a code cell that nbgrader does nothing with."""
    return {"cell_type": "code", "metadata": more, "source": source, "outputs": [], "execution_count": None}


def _marked(source: str, **said: Any) -> dict[str, Any]:
    nbgrader = {"schema_version": 3, "grade": False, "solution": False, "locked": False, "task": False, **said}
    return code(source, nbgrader=nbgrader)


def answer(grade_id: str, source: str, before: str = "") -> dict[str, Any]:
    """Return an autograded answer whose solution is *source*, with *before* above it."""
    indent = source[: len(source) - len(source.lstrip())]
    marked = f"{before}{indent}### BEGIN SOLUTION\n{source}\n{indent}### END SOLUTION"
    return _marked(marked, grade_id=grade_id, solution=True)


def asserts(grade_id: str, source: str, points: object = 1, hidden: str = "") -> dict[str, Any]:
    """Return autograder tests, with *hidden* tests at the end."""
    whole = f"{source}\n### BEGIN HIDDEN TESTS\n{hidden}\n### END HIDDEN TESTS" if hidden else source
    return _marked(whole, grade_id=grade_id, grade=True, locked=True, points=points)


def given(grade_id: str, source: str) -> dict[str, Any]:
    """Return a read-only code cell."""
    return _marked(source, grade_id=grade_id, locked=True)


def essay(grade_id: str, source: str, points: float) -> dict[str, Any]:
    """Return a manually graded answer in words."""
    cell = _marked(source, grade_id=grade_id, grade=True, solution=True, points=points)
    return {key: value for key, value in cell.items() if key not in {"outputs", "execution_count"}} | {"cell_type": "markdown"}


def program(grade_id: str, source: str, points: float) -> dict[str, Any]:
    """Return a manually graded answer in code."""
    return _marked(source, grade_id=grade_id, grade=True, solution=True, points=points)


def notebook(*cells: dict[str, Any], kernel: Mapping[str, str] = PYTHON) -> dict[str, Any]:
    """Return a notebook of *cells*, each with an id."""
    numbered = [{"id": f"c{number}", **cell} for number, cell in enumerate(cells, 1)]
    return {"cells": numbered, "metadata": {"kernelspec": dict(kernel)}, "nbformat": 4, "nbformat_minor": 5}


def write_course(root: Path, made: Mapping[str, Any]) -> Path:
    """Write *made* as the one notebook of a course of nbgrader's at *root* and return its path."""
    path = root / "source" / ASSIGNMENT / f"{NOTEBOOK}.ipynb"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(made), "utf-8")
    (root / "nbgrader_config.py").write_text('c = get_config()\nc.CourseDirectory.course_id = "course"\n', "utf-8")
    return path


def submitted(made: Mapping[str, Any], answers: Mapping[str, str]) -> dict[str, Any]:
    """Return *made*, a notebook as learners get it, with *answers* in its cells by nbgrader's id."""
    copy: dict[str, Any] = json.loads(json.dumps(made))
    for cell in copy["cells"]:
        grade_id = cell["metadata"].get("nbgrader", {}).get("grade_id")
        if grade_id in answers:
            cell["source"] = answers[grade_id]
    return copy


def scores(root: Path, submissions: Mapping[str, Mapping[str, str]], assignment: str = ASSIGNMENT, notebook: str = NOTEBOOK) -> Scores:
    """Return the automatic score that nbgrader gives each graded cell, for each of *submissions* (answers by nbgrader's id).

    nbgrader starts the program `alembic`, so the folder of this Python is put first on the PATH.
    """
    ended = run(root, sys.executable, __file__, str(root), json.dumps(submissions), assignment, notebook)

    assert ended.returncode == 0, ended.stderr[-3000:]
    found: Scores = json.loads(ended.stdout.splitlines()[-1])
    return found


def run(root: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run *command* in *root* as somebody would who has nbgrader installed."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("COV_", "PYTEST_"))}
    environment = {**inherited, "PATH": path, "JUPYTER_DATA_DIR": str(root / ".jupyter")}
    return subprocess.run(command, env=environment, cwd=root, text=True, capture_output=True, timeout=300, check=False)  # noqa: S603


def _main(root: Path, submissions: Mapping[str, Mapping[str, str]], assignment: str, notebook: str) -> None:
    from hornbook.heavy import imported  # noqa: PLC0415 - only this program needs nbgrader itself, and it is heavy

    imported("nbgrader.api")
    from nbgrader.api import Gradebook  # noqa: PLC0415
    from nbgrader.apps import NbGraderAPI  # noqa: PLC0415
    from nbgrader.coursedir import CourseDirectory  # noqa: PLC0415
    from traitlets.config import Config  # noqa: PLC0415

    config = Config()
    config.CourseDirectory.root = str(root)
    config.CourseDirectory.course_id = "course"
    config.ExecutePreprocessor.timeout = 20
    api = NbGraderAPI(coursedir=CourseDirectory(config=config), config=config)
    _demand(api.generate_assignment(assignment))
    released = json.loads((root / "release" / assignment / f"{notebook}.ipynb").read_text("utf-8"))
    found: Scores = {}
    for student, answers in submissions.items():
        path = root / "submitted" / student / assignment / f"{notebook}.ipynb"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(submitted(released, answers)), "utf-8")
        _demand(api.autograde(assignment, student))
        with Gradebook(f"sqlite:///{root}/gradebook.db", "course") as book:
            grades: Sequence[Any] = book.find_submission_notebook(notebook, assignment, student).grades
            found[student] = {grade.cell.name: grade.auto_score for grade in grades}
    sys.stdout.write(json.dumps(found) + "\n")


def _demand(result: Mapping[str, Any]) -> None:
    if not result["success"]:
        sys.exit(f"{result['error']}\n{result['log']}")


if __name__ == "__main__":
    _main(Path(sys.argv[1]), json.loads(sys.argv[2]), *sys.argv[3:])
