"""`hornbook.lesson`: the lesson format, what is executed, and reference solutions. Submitted files: test_submission_files.py."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import nbformat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hornbook.errors import GraderError, LessonError
from hornbook.lesson import (
    AddedCell,
    Cell,
    Lesson,
    ProgramCell,
    Skill,
    Submission,
    fill,
    parse_lesson,
    program,
    read_lesson,
    read_solution,
    read_submission,
    write_lesson,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MEAN = 'def mean(xs):\n    """The mean."""\n    ...\n'


@pytest.fixture
def lesson(tmp_path: Path) -> Lesson:
    """Return a small lesson with everything that the format knows, written to a file."""
    lesson = Lesson(
        path=tmp_path / "means.ipynb",
        slug="means",
        title="Two means",
        version="1.2.0",
        summary="Sum, then divide; and multiply, then take the root.",
        objectives=("Say what a mean is", "Program two of them ≠ guess"),
        level="beginner",
        minutes=10,
        authors=("hornbook maintainers",),
        licence="CC-BY-4.0",
        skills=(Skill("Python", "https://data.europa.eu/esco/skill/ccd0a1d9"), Skill("arithmetic")),
        requires=("sums",),
        cells=(
            Cell("markdown", "# Two means\n\n![horn](attachment:horn.png)", id="intro", attachments={"horn.png": {"image/png": "aGk="}}),
            Cell("code", "seed = 1", tags=("parameters",), id="params"),
            Cell("code", MEAN, exercise="mean", id="mean"),
            Cell("raw", "between", id="raw", metadata={"format": "text/plain"}),
            Cell("code", "import math\nnumbers = [1, 2, 4]", id="setup"),
            Cell("code", "product = ...", exercise="geometric", id="geo-1"),
            Cell("code", "def geometric(xs): ...", exercise="geometric", id="geo-2"),
        ),
    )
    write_lesson(lesson)
    return read_lesson(lesson.path)


def notebook_of(lesson: Lesson) -> dict[str, Any]:
    """Return the JSON in the lesson's file."""
    content: dict[str, Any] = json.loads(lesson.path.read_bytes())
    return content


# --- reading and writing ---------------------------------------------------------------------------------------------


def test_write_then_read_is_the_identity(lesson: Lesson, tmp_path: Path) -> None:
    """A lesson that is read, written and read again is the same lesson, in the same bytes."""
    before = lesson.path.read_bytes()

    write_lesson(lesson)
    again = read_lesson(lesson.path)

    assert again == lesson
    assert lesson.path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [lesson.path]


def test_file_is_what_jupyter_itself_would_write(lesson: Lesson) -> None:
    """The file is one that nbformat accepts, and writing it with nbformat changes no byte, so that saving in Jupyter makes no diff."""
    text = lesson.path.read_text("utf-8")
    notebook = nbformat.reads(text, as_version=4)  # type: ignore[no-untyped-call]
    nbformat.validate(notebook)

    assert nbformat.writes(notebook) + "\n" == text  # type: ignore[no-untyped-call]


def test_nbgrader_accepts_the_file(lesson: Lesson) -> None:
    """The metadata of the exercises is nbgrader's, schema 3, with a grade_id of its own for each cell."""
    validator = importlib.import_module("nbgrader.nbgraderformat.v3").MetadataValidatorV3()
    notebook = nbformat.read(lesson.path, as_version=4)  # type: ignore[no-untyped-call]
    validator.validate_nb(notebook)

    assert [cell.metadata.nbgrader.grade_id for cell in notebook.cells if "nbgrader" in cell.metadata] == [
        "mean",
        "geometric",
        "geometric-2",
    ]


def test_to_notebook_fills_in_sources(lesson: Lesson) -> None:
    """A notebook with answers is valid, has them in the exercises' cells, and everything else as shipped."""
    notebook = lesson.to_notebook({"mean": "answer", "geometric": ("one", "two")})
    nbformat.validate(nbformat.from_dict(notebook))  # type: ignore[no-untyped-call]

    assert [cell["source"] for cell in notebook["cells"]][1:] == [
        "seed = 1",
        "answer",
        "between",
        "import math\nnumbers = [1, 2, 4]",
        "one",
        "two",
    ]


def test_to_notebook_shares_nothing_with_the_lesson(lesson: Lesson) -> None:
    """Whoever changes the notebook does not change the frozen lesson that it came from."""
    notebook = lesson.to_notebook()
    notebook["cells"][0]["attachments"]["horn.png"]["image/png"] = "changed"
    notebook["metadata"]["kernelspec"]["name"] = "changed"

    assert lesson.to_notebook()["cells"][0]["attachments"]["horn.png"]["image/png"] == "aGk="
    assert read_lesson(lesson.path) == lesson


def test_unfinished_lesson_gets_ids_and_a_kernel(lesson: Lesson) -> None:
    """Cells made without an id and a lesson made without notebook metadata are written with what the format asks for."""
    bare = replace(lesson, cells=tuple(replace(cell, id=None) for cell in lesson.cells), added_cells=False)
    write_lesson(bare)
    read = read_lesson(lesson.path)

    assert [cell.id for cell in read.cells] == [f"cell-{number}" for number in range(7)]
    assert read.metadata["kernelspec"]["name"] == "python3"
    assert not read.added_cells


def test_exercises(lesson: Lesson) -> None:
    """Exercises come in the lesson's order with their positions and sources; the parameters cell is found by its tag."""
    assert list(lesson.exercises) == ["mean", "geometric"]
    assert lesson.exercise("geometric").cells == (5, 6)
    assert lesson.exercise("geometric").sources == ("product = ...", "def geometric(xs): ...")
    assert lesson.parameters == 1
    assert replace(lesson, cells=lesson.cells[2:]).parameters is None


def test_unknown_exercise_names_those_there_are(lesson: Lesson) -> None:
    """Asking for an exercise that the lesson lacks is an error that lists the ones it has."""
    with pytest.raises(LessonError, match=r'means\.ipynb: has no exercise "median"; it has mean, geometric\.'):
        lesson.exercise("median")


def test_optional_keys_have_defaults(lesson: Lesson) -> None:
    """A lesson without skills, requirements and a word on added cells is a lesson."""
    notebook = notebook_of(lesson)
    for key in ("skills", "requires"):
        del notebook["metadata"]["hornbook"][key]
    read = parse_lesson(json.dumps(notebook).encode(), lesson.path)

    assert (read.skills, read.requires, read.added_cells) == ((), (), True)


# --- breaches of the format ------------------------------------------------------------------------------------------


def meta(**changes: object) -> Callable[[dict[str, Any]], None]:
    """Return a change of metadata.hornbook; the value `...` deletes the key."""

    def change(notebook: dict[str, Any]) -> None:
        for key, value in changes.items():
            if value is ...:
                del notebook["metadata"]["hornbook"][key]
            else:
                notebook["metadata"]["hornbook"][key] = value

    return change


def cell(number: int, **changes: object) -> Callable[[dict[str, Any]], None]:
    """Return a change of the cell at position *number*; the value `...` deletes the key."""

    def change(notebook: dict[str, Any]) -> None:
        for key, value in changes.items():
            if value is ...:
                del notebook["cells"][number][key]
            else:
                notebook["cells"][number][key] = value

    return change


BREACHES: list[tuple[Callable[[dict[str, Any]], object], str]] = [
    (lambda notebook: notebook.pop("cells"), "not a notebook of nbformat 4.5"),
    (lambda notebook: notebook.update(cells={}), "not a notebook of nbformat 4.5"),
    (lambda notebook: notebook.update(metadata=[]), "not a notebook of nbformat 4.5"),
    (lambda notebook: notebook.update(nbformat=3), "is not of nbformat 4.5. Upgrade it"),
    (lambda notebook: notebook.update(nbformat_minor=4), "is not of nbformat 4.5. Upgrade it"),
    (lambda notebook: notebook["metadata"].pop("hornbook"), "has no metadata.hornbook"),
    (lambda notebook: notebook["metadata"].pop("kernelspec"), 'must name the kernel "python3"'),
    (lambda notebook: notebook["metadata"].update(kernelspec={"name": "bash"}), 'must name the kernel "python3"'),
    (meta(objektives=[]), 'no key "objektives"; did you mean "objectives"'),
    (meta(zzz=1), 'no key "zzz"; it has added_cells, authors'),
    (meta(format=...), "format is missing; it must be 1"),
    (meta(format=2), "format is 2; it must be 1"),
    (meta(slug="Means"), 'slug is "Means"; it must be snake_case'),
    (meta(slug="other"), 'slug is "other"; it must be the file\'s name, "means"'),
    (meta(slug="means\n"), 'slug is "means\\n"; it must be snake_case'),
    (meta(title=""), 'title is ""; it must be text'),
    (meta(title="t" * 99 + "\n", version=1), "version is 1; it must be three numbers"),
    (meta(version="1.0"), 'version is "1.0"'),
    (meta(summary=" \n "), "summary is"),
    (meta(objectives=[]), "objectives is []; it must be a list of at least 1 texts"),
    (meta(objectives="one"), "objectives is"),
    (meta(objectives=[""]), "objectives is"),
    (meta(skills=["Python"]), "skills is"),
    (meta(skills="Python"), "skills is"),
    (meta(skills=[{"name": " "}]), "skills is"),
    (meta(skills=[{"name": "Python", "uri": "javascript:alert(1)"}]), "skills is"),
    (meta(skills=[{"name": "Python", "url": "https://example.org"}]), "skills is"),
    (meta(level="easy"), 'level is "easy"; it must be beginner or intermediate or advanced'),
    (meta(minutes=0), "minutes is 0; it must be a whole number from 1 to 120"),
    (meta(minutes=True), "minutes is true"),
    (meta(minutes=7.5), "minutes is 7.5"),
    (meta(requires=["means"]), "requires is"),
    (meta(requires=["a", "a"]), "requires is"),
    (meta(requires=["../a"]), "requires is"),
    (meta(authors=[]), "authors is"),
    (meta(authors="Ada"), "authors is"),
    (meta(authors=[" "]), "authors is"),
    (meta(authors=[{"name": "Ada", "share": 0}]), "authors is"),
    (meta(authors=[{"name": "Ada", "share": True}]), "authors is"),
    (meta(authors=[{"name": "Ada", "share": "half"}]), "authors is"),
    (meta(authors=[{"name": "Ada", "shares": 1}]), "authors is"),
    (meta(authors=["Ada", {"share": 1}]), "the share a number above 0"),
    (meta(parameters=[]), "metadata.hornbook.parameters must be an object"),
    (meta(licence=...), "licence is missing"),
    (meta(added_cells="yes"), 'added_cells is "yes"; it must be true or false'),
    (lambda notebook: notebook["cells"].append("print(1)"), "cell 8 is not a code, markdown or raw cell"),
    (cell(0, cell_type=[]), "cell 1 is not a code, markdown or raw cell"),
    (cell(0, metadata=None), "cell 1 is not a code, markdown or raw cell with metadata"),
    (cell(0, source=[1]), "cell 1 has a source that is not text"),
    (cell(0, source=...), "cell 1 has a source that is not text"),
    (cell(0, id=...), "cell 1 has no valid id"),
    (cell(0, id="a b"), "cell 1 has no valid id"),
    (cell(0, attachments=[]), "cell 1 has attachments"),
    (cell(1, outputs=[{}]), "cell 2 has been run"),
    (cell(1, execution_count=0), "cell 2 has been run"),
    (cell(1, metadata={"tags": "parameters"}), "cell 2 has tags"),
    (cell(2, metadata={"hornbook": {"exercise": "Mean"}}), "cell 3 has metadata.hornbook that is not"),
    (cell(2, metadata={"hornbook": {"exercise": "mean", "points": 2}}), "cell 3 has metadata.hornbook that is not"),
    (cell(2, metadata={"hornbook": {"exercise": "mean", "manual": -1}}), "cell 3 has metadata.hornbook.manual that is no number of points"),
    (cell(2, metadata={"hornbook": {"exercise": "mean", "manual": True}}), "cell 3 has metadata.hornbook.manual that is no number"),
    (cell(2, metadata={"hornbook": "mean"}), "cell 3 has metadata.hornbook that is not"),
    (cell(0, metadata={"hornbook": {"exercise": "mean"}}), 'cell 1 is the exercise "mean" but no code cell'),
    (
        cell(2, metadata={"hornbook": {"exercise": "mean"}}),
        'cell 3 is the exercise "mean", so its metadata.nbgrader must be {"schema_version": 3',
    ),
    (cell(4, id="mean"), 'two cells with the id "mean"'),
    (cell(4, metadata={"tags": ["parameters"]}), 'may tag one cell "parameters"'),
    (lambda notebook: notebook["cells"][2]["metadata"].update(tags=["parameters"]), 'may tag one cell "parameters"'),
    (lambda notebook: notebook.update(cells=notebook["cells"][:1]), "has no exercise"),
]


@pytest.mark.parametrize(("breach", "sentence"), BREACHES)
def test_breach_of_the_format_is_named(lesson: Lesson, breach: Callable[[dict[str, Any]], object], sentence: str) -> None:
    """Every breach is one sentence with the file, the place and a way out."""
    notebook = notebook_of(lesson)
    breach(notebook)
    lesson.path.write_text(json.dumps(notebook), "utf-8")

    with pytest.raises(LessonError) as caught:
        read_lesson(lesson.path)

    assert sentence in str(caught.value)
    assert str(caught.value).startswith(f"{lesson.path}: ")
    assert str(caught.value).endswith((".", "}."))


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "is empty"),
        (b"{", "is not JSON (line 1: "),
        (b"[]", "not a notebook of nbformat 4.5"),
        (b"\xef\xbb\xbf{}", "begins with a byte-order mark"),
        (b'"caf\xe9"', "is not UTF-8 text"),
        (b'"\\uD800"', "is not UTF-8 text"),
        (b"[NaN]", "NaN is not JSON"),
        (b"[" + b"1" * 5000 + b"]", "is not JSON that can be read"),
        (b"[" * 200_000, "is nested deeper than 200 levels"),
        (b"[" + b"[]," * 500_001 + b"1]", "has more than 500,000 lists and objects"),
    ],
)
def test_file_that_is_no_json_is_refused(tmp_path: Path, data: bytes, sentence: str) -> None:
    """What is not plain UTF-8 JSON of a notebook's size and depth is refused before anything else is looked at."""
    path = tmp_path / "means.ipynb"
    path.write_bytes(data)

    with pytest.raises(LessonError) as caught:
        read_lesson(path)

    assert sentence in str(caught.value)


def test_escaped_surrogate_pair_is_text(lesson: Lesson) -> None:
    r"""An emoji that JSON writes as `\ud83c\udf7a` is fine; only half of it would not be."""
    lesson.path.write_text(json.dumps(notebook_of(lesson) | {}, ensure_ascii=True).replace("Two means", "\\ud83c\\udf7a"), "utf-8")

    assert read_lesson(lesson.path).title == "\N{BEER MUG}"


def test_grade_ids_must_not_collide(lesson: Lesson) -> None:
    """An exercise called `geometric-2` would share nbgrader's id with the second cell of `geometric`."""
    cells = (*lesson.cells, Cell("code", "x", exercise="geometric-2", id="more"))

    with pytest.raises(LessonError, match="as nbgrader would call its cell"):
        write_lesson(replace(lesson, cells=cells))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"minutes": 0}, "minutes is 0"),
        ({"title": "\ud800"}, "cannot be written as JSON"),
        ({"metadata": {"kernelspec": {"name": "python3"}, "more": {1j}}}, "cannot be written as JSON"),
        ({"metadata": {"kernelspec": {"name": "python3"}, "more": float("nan")}}, "cannot be written as JSON"),
    ],
)
def test_write_refuses_what_could_not_be_read_again(lesson: Lesson, change: dict[str, Any], sentence: str) -> None:
    """Writing something that is not a lesson is an error, and the file keeps what it had."""
    before = lesson.path.read_bytes()

    with pytest.raises(LessonError, match=sentence):
        write_lesson(replace(lesson, **change))

    assert lesson.path.read_bytes() == before


def test_write_leaves_nothing_behind_when_it_fails(lesson: Lesson, tmp_path: Path) -> None:
    """A lesson that cannot be put in its place leaves no half-written file beside it."""
    (tmp_path / "folder" / "means.ipynb").mkdir(parents=True)

    with pytest.raises(LessonError, match="cannot be written"):
        write_lesson(lesson, tmp_path / "folder" / "means.ipynb")

    assert [path.name for path in (tmp_path / "folder").iterdir()] == ["means.ipynb"]


def test_write_into_a_missing_folder_is_refused(lesson: Lesson, tmp_path: Path) -> None:
    """A folder that is not there is an error with the file's name, not a traceback."""
    with pytest.raises(LessonError, match=r"cannot be written \(No such file or directory\)"):
        write_lesson(lesson, tmp_path / "nowhere" / "means.ipynb")


# --- what is executed ------------------------------------------------------------------------------------------------


def test_a_person_can_grade_an_exercise(lesson: Lesson) -> None:
    """Points that a person gives stand in the mark and in nbgrader's metadata, and are known of its other manual cells, too."""
    essay = {"schema_version": 3, "grade": True, "solution": True, "locked": False, "task": False, "grade_id": "essay", "points": 4}
    task = {"schema_version": 3, "grade": False, "solution": False, "locked": True, "task": True, "grade_id": "task", "points": 2.5}
    cells = (
        Cell("code", "...", exercise="plot", id="plot", manual=3),
        Cell("markdown", "Why?", id="essay", metadata={"nbgrader": essay}),
        Cell("markdown", "Discuss.", id="task", metadata={"nbgrader": task}),
        Cell("markdown", "No.", id="odd", metadata={"nbgrader": {**essay, "grade_id": "odd", "points": "many"}}),
    )
    write_lesson(replace(lesson, cells=cells, path=lesson.path))
    read = read_lesson(lesson.path)

    assert read.manual == {"plot": 3, "essay": 4, "task": 2.5}
    assert read.to_notebook()["cells"][0]["metadata"] == {
        "hornbook": {"exercise": "plot", "manual": 3},
        "nbgrader": {**essay, "grade_id": "plot", "points": 3},
    }


def test_a_notebook_that_nbgrader_handed_out_needs_no_repair(lesson: Lesson, tmp_path: Path) -> None:
    """An exercise that has nbgrader's mark and none of ours is known by it, and nothing is reported."""
    notebook = lesson.to_notebook()
    for one in notebook["cells"]:
        one["metadata"].pop("hornbook", None)
    path = tmp_path / "handed_out.ipynb"
    path.write_text(json.dumps(notebook), "utf-8")

    assert read_submission(path, lesson).repairs == ()


def test_program_is_the_lessons_code_with_the_learners_answers(lesson: Lesson) -> None:
    """Exercises come from the submission, all other code from the lesson, Markdown not at all, added cells where they stood."""
    submission = replace(
        fill(lesson, {"mean": "MEAN", "geometric": ("ONE", "TWO")}),
        added=(AddedCell(-1, "first"), AddedCell(3, "a"), AddedCell(3, "b"), AddedCell(6, "last")),
    )

    assert program(lesson, submission) == (
        ProgramCell("first", None, -1, added=True),
        ProgramCell("seed = 1", None, 1, parameters=True),
        ProgramCell("MEAN", "mean", 2, last_of_exercise=True),
        ProgramCell("a", None, 3, added=True),
        ProgramCell("b", None, 3, added=True),
        ProgramCell("import math\nnumbers = [1, 2, 4]", None, 4),
        ProgramCell("ONE", "geometric", 5),
        ProgramCell("TWO", "geometric", 6, last_of_exercise=True),
        ProgramCell("last", None, 6, added=True),
    )


def test_fill_leaves_other_exercises_as_shipped(lesson: Lesson) -> None:
    """A program for one exercise says nothing about the others; a plain text goes into the first of several cells."""
    filled = fill(lesson, {"geometric": "def geometric(xs): return 1"}, "wrong\x1b[31m")

    assert filled.sources == {"mean": (MEAN,), "geometric": ("def geometric(xs): return 1", "")}
    assert filled.name == "wrong\\x1b[31m"
    assert filled.digest != fill(lesson, {}).digest


@pytest.mark.parametrize(
    ("sources", "sentence"),
    [
        ({"median": "x"}, 'has no exercise "median"'),
        ({"mean": ("a", "b")}, 'exercise "mean" has 1 cell, not 2'),
        ({"geometric": ("a",)}, 'exercise "geometric" has 2 cells, not 1'),
    ],
)
def test_fill_refuses_what_does_not_fit(lesson: Lesson, sources: dict[str, Any], sentence: str) -> None:
    """A source for an exercise that is not there, or for more or fewer cells than it has, is the author's mistake."""
    with pytest.raises(LessonError, match=sentence):
        fill(lesson, sources)


@pytest.mark.parametrize(
    ("source", "attempted"),
    [
        (MEAN, False),
        ("", False),
        ("\n  \n", False),
        ("# I do not know yet\n", False),
        (MEAN.replace("\n", "\r\n"), False),
        (MEAN + "\n\n# TODO\n", False),
        ('def mean(xs):  # here\n\n    """The mean."""\n\n    ...', False),
        (MEAN.replace("'", '"').replace("...", "(...)"), False),
        (MEAN.replace("...", "return 1"), True),
        (MEAN.replace("...", "return (1"), True),
        ("def mean(xs): ...", True),
        ("%timeit 1\n" + MEAN, True),
        ("x = 1\0", True),
        ("\ud800", True),
        ("-" * 60_000 + "1", True),
        ("(" * 60_000, True),
        ("x = a" + ".b" * 1500, True),
        (MEAN + "#" * 70_000, False),
        (MEAN + "x = 1\n" * 20_000, True),
    ],
)
def test_attempted_is_what_python_would_notice(lesson: Lesson, source: str, attempted: bool) -> None:
    """An exercise is attempted once its code differs from what was shipped; comments, blank lines and layout are no code."""
    submission = Submission("work.ipynb", "", "means", {"mean": (source,), "geometric": ("product = ...", "")})

    assert submission.attempted(lesson, "mean") is attempted
    assert not submission.attempted(lesson, "geometric")


def test_attempted_copes_with_shipped_magics(lesson: Lesson) -> None:
    """A shipped cell with IPython's magics, help and shell lines is compared as the Python that it stands for."""
    shipped = "%matplotlib inline\nx = (1\n     + 2)\nlen?\n!ls"
    lesson = replace(lesson, cells=(Cell("code", shipped, exercise="plot", id="plot"),))

    def attempted(source: str) -> bool:
        return Submission("", "", "means", {"plot": (source,)}).attempted(lesson, "plot")

    assert not attempted(shipped.replace("(1\n     + 2)", "1 + 2  # three"))
    assert attempted(shipped.replace("2", "3"))


def test_attempted_warns_nobody(lesson: Lesson) -> None:
    r"""An invalid escape such as "\d" is no warning in the grader's terminal, and no reason not to look (here, warnings are errors)."""
    lesson = replace(lesson, cells=(Cell("code", 'x = "\\d"', exercise="escape", id="escape"),))

    assert not fill(lesson, {"escape": 'x  =  "\\d"  # layout'}).attempted(lesson, "escape")


def test_attempted_parses_no_novel(lesson: Lesson) -> None:
    """Beyond 64 KiB texts are compared as texts: a syntax tree would take the trusted process a hundred times that."""
    lesson = replace(lesson, cells=(Cell("code", "x = 1\n" * 20_000, exercise="long", id="long"),))

    assert fill(lesson, {"long": "x  =  1\n" * 20_000}).attempted(lesson, "long")
    assert not fill(lesson, {"long": "# so long\n" + "x = 1\n" * 20_000}).attempted(lesson, "long")


@settings(deadline=None)  # the machine may be busy
@given(st.text(), st.text())
def test_attempted_never_raises(shipped: str, source: str) -> None:
    """Whatever two texts are compared, the answer is yes or no."""
    lesson = Lesson(
        *(None, "s", "", "", "", (), "", 1, (), ""),  # type: ignore[arg-type]
        cells=(Cell("code", shipped, exercise="e"),),
    )

    assert fill(lesson, {"e": source}).attempted(lesson, "e") in {True, False}
    assert not fill(lesson, {}).attempted(lesson, "e")


# --- reference solutions ---------------------------------------------------------------------------------------------


def test_solution_sections_by_exercise(tmp_path: Path) -> None:
    """Each marker begins the source of one cell; a docstring and comments may stand before the first."""
    path = tmp_path / "means.solution.py"
    path.write_text(
        '"""How."""\n# more\n\n# %% mean\n\ndef mean(xs):\n    # %% no marker\n    return 1\n\n# %% two\na = 1\n#%% two\nb = 2\n', "utf-8"
    )

    assert read_solution(path) == {"mean": ("def mean(xs):\n    # %% no marker\n    return 1",), "two": ("a = 1", "b = 2")}


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"# nothing here\n", "has no solution. Begin each with a line such as `# %% mean`"),
        (b"import math\n# %% mean\nx = 1\n", "line 1: code must stand behind a marker"),
        (b"x = 1\n", "line 1: code must stand behind a marker"),
        (b"# %% mean\n\n# only words\n# %% b\nx = 1\n", 'line 1: the solution of "mean" is empty'),
        (b"# %% mean\nx = 1\n# %% b\n", 'line 3: the solution of "b" is empty'),
        (b"# %% [markdown]\n# words\n", 'line 1: "[markdown]" is not the id of an exercise'),
        (b"# %%\nx = 1\n", 'line 1: "" is not the id of an exercise'),
        (b"# %% mean\nx = (1\n", "line 2: is not Python ('(' was never closed)"),
        (b"# %% mean\nx = '\xe9'\n", "is not UTF-8 text"),
        (b"# %% mean\nx = 1\0\n", "is not Python (source code"),
    ],
)
def test_solution_that_cannot_be_read_names_the_line(tmp_path: Path, data: bytes, sentence: str) -> None:
    """A mistake in a solution file is one sentence with the file, the line and what belongs there."""
    path = tmp_path / "means.solution.py"
    path.write_bytes(data)

    with pytest.raises(GraderError) as caught:
        read_solution(path)

    assert sentence in str(caught.value)
    assert str(caught.value).startswith(str(path))


def test_missing_solution_is_named(tmp_path: Path) -> None:
    """A solution file that is not there is an error of the course, with its name."""
    with pytest.raises(GraderError, match=r"gone\.solution\.py: cannot be opened \(No such file or directory\)"):
        read_solution(tmp_path / "gone.solution.py")


# --- speed -----------------------------------------------------------------------------------------------------------


def test_import_is_light() -> None:
    """Reading lessons needs nothing but the standard library: no nbformat, no numpy, no msgspec."""
    heavy = {"nbformat", "numpy", "msgspec", "jupyter_core", "difflib", "tomllib"}
    code = f"import sys; import hornbook.lesson, hornbook.course; print(sorted({heavy!r} & sys.modules.keys()))"
    # -S: a virtual environment's .pth files import what they like.
    shown = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-S", "-c", f"import sys; sys.path[:] = {sys.path!r}; {code}"], capture_output=True, text=True, check=True
    )

    assert shown.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("authors", "shares"),
    [
        (["Ada", "Grace"], {"Ada": 0.5, "Grace": 0.5}),
        ([{"name": "Ada", "share": 3}, {"name": "Grace", "share": 0.5}, "Zoë"], {"Ada": 3 / 4.5, "Grace": 0.5 / 4.5, "Zoë": 1 / 4.5}),
        ([{"name": "Ada"}], {"Ada": 1.0}),
        (["Ada", "Ada", "Grace"], {"Ada": 2 / 3, "Grace": 1 / 3}),
    ],
    ids=["all the same", "as they say", "alone", "twice"],
)
def test_authors_share_a_lesson_as_it_says(lesson: Lesson, authors: list[Any], shares: dict[str, float]) -> None:
    """Parts need no sum, one is what it is where nothing is said, and what was read is written again."""
    notebook = notebook_of(lesson)
    meta(authors=authors)(notebook)
    lesson.path.write_text(json.dumps(notebook), "utf-8")
    read = read_lesson(lesson.path)
    write_lesson(read)

    assert read.shares == pytest.approx(shares)
    assert read_lesson(lesson.path).shares == read.shares
