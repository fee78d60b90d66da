"""A release: what is in it, what is not, that it works, and that it is the same each time."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path
from typing import Any

import pytest

from hornbook.course import Course, installed_courses
from hornbook.errors import CourseError, GraderError, HornbookError, LeakError
from hornbook.grading import check, grade
from hornbook.lesson import fill, read_solution
from hornbook.record.store import Standing
from hornbook.release.making import make
from hornbook.released import MANIFEST, Form, Released
from hornbook.scaffold import FIRST_LESSON, new_course, new_lesson
from hornbook.server.lessons import Shelf, lesson_info
from hornbook.server.service import Service

ROOT = Path(__file__).parent.parent
GRADER = "graders/test_counting_vowels.py"
VISIBLE = '''
@pytest.mark.exercise("count_vowels")
def test_from_the_table(submission, table):
    """Each word of the table has as many vowels as it says there"""
    assert [submission.count_vowels(word) for word in table] == helpers.numbers(table)


@pytest.mark.exercise("count_vowels", hidden=True)
def test_from_another_table(submission, other_table):
    """Each word of another table, too"""
    assert [submission.count_vowels(word) for word in other_table] == helpers.other_numbers(other_table)
'''
CONFTEST = """
import pathlib

import pytest


@pytest.fixture
def table():
    return dict(line.split(",") for line in (pathlib.Path(__file__).parent / "words.csv").read_text().split())


@pytest.fixture
def other_table():
    return {"strengths and weaknesses": 6}
"""
HELPERS = """
def numbers(table):
    return [int(number) for number in table.values()]


def other_numbers(table):
    return [number for number in table.values() if number != 123456]
"""


@pytest.fixture
def course(tmp_path: Path) -> Course:
    """Give a course with a lesson, a second one in a sub-folder, and much that is nobody's but its author's."""
    root = tmp_path / "singers"
    new_course(root, title="Loops | singers")
    new_lesson(Course.open(root), "loops/count_again")
    for name in (".git/config", ".hornbook/record", "record.sqlite", "handed_in/ada.ipynb", "lessons/.hidden", "lessons/__pycache__/a.pyc"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("mine", "utf-8")
    (root / "lessons" / "loops" / "words.txt").write_text("la la", "utf-8")
    (root / "LICENSE").write_text("CC", "utf-8")
    (root / "pyproject.toml").write_text(
        '[project]\nname = "secret"\n[tool.hornbook]\nname = "singers"\ntitle = "Loops | singers"\n'
        "[tool.hornbook.limits]\ncheck_seconds = 7\n",
        "utf-8",
    )
    return Course.open(root)


def changed(course: Course, name: str, old: str, new: str) -> Course:
    """Return *course* with a text in one of its files replaced."""
    path = course.root / name
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")
    return Course.open(course.root)


def files_in(folder: Path) -> set[str]:
    """Return the places of the files in *folder*."""
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_only_what_learners_need_is_in_it(course: Course, tmp_path: Path) -> None:
    """Lessons, what lies beside them, visible checks, hints, settings, a licence, a README and the manifest: nothing else of the course."""
    make(course, tmp_path / "out")

    assert files_in(tmp_path / "out") == {
        "README.md",
        "LICENSE",
        "pyproject.toml",
        MANIFEST,
        f"lessons/{FIRST_LESSON}.ipynb",
        "lessons/loops/count_again.ipynb",
        "lessons/loops/words.txt",
        GRADER,
        "graders/loops/test_count_again.py",
        f"feedback/{FIRST_LESSON}.toml",
        "feedback/loops/count_again.toml",
    }
    assert "secret" not in (tmp_path / "out" / "pyproject.toml").read_text("utf-8")
    assert "Loops | singers" in (tmp_path / "out" / "README.md").read_text("utf-8")
    assert "program" not in (tmp_path / "out" / "feedback" / f"{FIRST_LESSON}.toml").read_text("utf-8").partition("\n")[2]


def test_a_release_is_a_course_that_checks(course: Course, tmp_path: Path) -> None:
    """Visible checks run with their hints, the settings hold, and what was kept back is counted: nothing is ever passed."""
    make(course, tmp_path / "out")
    learners = Course.open(tmp_path / "out")
    lesson = learners.lesson(FIRST_LESSON)
    right = grade(fill(lesson, read_solution(course.solution(FIRST_LESSON))), learners)
    mistaken = check(fill(lesson, {"count_vowels": "def count_vowels(word):\n    return sum(map(word.count, 'aeiou'))\n"}), learners)

    assert learners.problems() == ()
    assert learners.settings.limits.check_seconds == 7
    assert (right.passed_so_far, right.passed, right.hidden_pending) == (True, False, 2)
    assert [outcome.hints[0].misconception for outcome in mistaken.outcomes if outcome.hints] == ["capitals-forgotten"]
    assert mistaken.hidden_pending == 2


def test_a_lab_shows_honest_points(course: Course, tmp_path: Path) -> None:
    """The list of lessons tells what the whole is worth and how many checks are hidden, and lets nobody edit a release."""
    make(course, tmp_path / "lab" / "out")
    learners = Course.open(tmp_path / "lab" / "out")
    info = lesson_info(Shelf(tmp_path / "lab"), learners, learners.lesson(FIRST_LESSON), Standing())
    (exercise,) = info["exercises"]

    assert (exercise["points"], exercise["hidden"], len(exercise["checks"])) == (5.0, 2, 2)
    assert not info["editable"]


@pytest.mark.parametrize("setting", [True, False])
def test_the_checks_may_stay_at_home(course: Course, tmp_path: Path, setting: bool) -> None:
    """Where graders do not go along, whether by the settings or by the option, a check says where they are."""
    if setting:
        course = changed(
            course, "pyproject.toml", "[tool.hornbook.limits]", "[tool.hornbook.release]\ngraders = false\n[tool.hornbook.limits]"
        )
    make(course, tmp_path / "out", graders=None if setting else False)
    learners = Course.open(tmp_path / "out")
    lesson = learners.lesson(FIRST_LESSON)

    assert not [name for name in files_in(tmp_path / "out") if name.startswith("graders/")]
    assert learners.withheld(FIRST_LESSON) == 2
    with pytest.raises(GraderError, match="has no grader in this release: it is with the course"):
        check(fill(lesson, {"count_vowels": "pass"}), learners)


def test_what_graders_share_goes_along_without_what_is_hidden(course: Course, tmp_path: Path) -> None:
    """Of a conftest.py and a module, what visible checks use is in the release, with the data that it names; no more."""
    (course.root / "graders" / "conftest.py").write_text(CONFTEST, "utf-8")
    (course.root / "graders" / "helpers.py").write_text(HELPERS, "utf-8")
    (course.root / "graders" / "words.csv").write_text("lesson,2\nAnna,2\n", "utf-8")
    (course.root / "graders" / "other.csv").write_text("rhythm,0\n", "utf-8")
    (course.root / "graders" / "unused.py").write_text("X = 1\n", "utf-8")
    grader = (course.root / GRADER).read_text("utf-8").replace("import pytest\n", "import helpers\nimport pytest\n", 1)
    (course.root / GRADER).write_text(grader + VISIBLE, "utf-8")
    sys.path.insert(0, str(course.root / "graders"))
    try:
        make(Course.open(course.root), tmp_path / "out")
    finally:
        sys.path.remove(str(course.root / "graders"))
        sys.modules.pop("helpers", None)
    shared = {name for name in files_in(tmp_path / "out") if name.startswith("graders/")} - {GRADER, "graders/loops/test_count_again.py"}

    assert shared == {"graders/conftest.py", "graders/helpers.py", "graders/words.csv"}
    assert "other" not in (tmp_path / "out" / "graders" / "conftest.py").read_text("utf-8")
    assert "other" not in (tmp_path / "out" / "graders" / "helpers.py").read_text("utf-8")


@pytest.mark.parametrize("form", [Form.ZIP, Form.WHEEL, Form.BINDER, Form.FOLDER])
def test_the_same_course_gives_the_same_bytes(course: Course, tmp_path: Path, form: Form, monkeypatch: pytest.MonkeyPatch) -> None:
    """A release is reproducible, from another place on the disk, too; SOURCE_DATE_EPOCH alone gives it a time."""
    shutil.copytree(course.root, tmp_path / "elsewhere" / "copy", ignore=shutil.ignore_patterns(".hornbook"))
    made = []
    for number, root in enumerate((course.root, tmp_path / "elsewhere" / "copy")):
        make(Course.open(root), tmp_path / f"out{number}", form=form)
        path = tmp_path / f"out{number}"
        made.append({name: (path / name).read_bytes() for name in files_in(path)} if path.is_dir() else path.read_bytes())
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    later = make(course, tmp_path / "later", form=form)

    assert made[0] == made[1]
    assert later.released.released == 1700000000


def test_a_time_that_is_none_is_refused(course: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SOURCE_DATE_EPOCH must be a number of seconds."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "yesterday")
    with pytest.raises(HornbookError, match="SOURCE_DATE_EPOCH must be a number"):
        make(course, tmp_path / "out")


def test_a_wheel_installs_where_jupyter_looks(course: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pip installs the wheel in a clean environment without a network; from there it is found by its name, and checks."""
    make(course, tmp_path / "package", form=Form.WHEEL)
    (wheel,) = (tmp_path / "package" / "dist").iterdir()
    venv.create(tmp_path / "clean", with_pip=False)
    python = tmp_path / "clean" / "bin" / "python"
    command = [sys.executable, "-m", "pip", "--python", str(python), "install", "--no-deps", "--no-index", "--quiet", str(wheel)]
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - our own
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "clean" / "share" / "jupyter"))
    learners = Course.open(installed_courses()["singers"])
    verdict = check(fill(learners.lesson(FIRST_LESSON), read_solution(course.solution(FIRST_LESSON))), learners)

    assert (verdict.passed_so_far, verdict.hidden_pending) == (True, 2)
    assert len(list((tmp_path / "clean").glob("lib/python*/site-packages/hornbook_course_singers-*.dist-info/RECORD"))) == 1


def test_the_package_can_be_built_again(course: Course, tmp_path: Path) -> None:
    """From the project beside the wheel, a builder of packages makes a wheel of the same name with the same course in it."""
    make(course, tmp_path / "package", form=Form.WHEEL, version="1.2.0")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path / "built"), str(tmp_path / "package")]
    done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603 - our own

    assert done.returncode == 0, done.stdout + done.stderr

    (ours,), (theirs,) = list((tmp_path / "package" / "dist").iterdir()), list((tmp_path / "built").iterdir())
    data = []
    for wheel in (ours, theirs):
        with zipfile.ZipFile(wheel) as archive:
            data.append({name: archive.read(name) for name in archive.namelist() if ".data/" in name})

    assert ours.name == theirs.name == "hornbook_course_singers-1.2.0-py3-none-any.whl"
    assert data[0] == data[1]


def test_a_wheel_has_the_name_that_pip_wants(course: Course, tmp_path: Path) -> None:
    """A wheel by another name is refused with the right one; with that it is one file."""
    with pytest.raises(HornbookError, match=r"only by the name hornbook_course_singers-2\.0-py3-none-any\.whl"):
        make(course, tmp_path / "course.whl", version="2.0")
    made = make(course, tmp_path / "hornbook_course_singers-2.0-py3-none-any.whl", version="2.0")

    assert made.form is Form.WHEEL
    assert made.path.is_file()


def test_a_check_that_compares_with_the_solution_stays_at_home(course: Course, tmp_path: Path) -> None:
    """There is no solution where a release is, so it could only break there; it counts among those that a grade asks."""
    path = course.root / GRADER
    comparing = """
@pytest.mark.exercise("count_vowels")
def test_as_the_solution(submission, reference):
    \"\"\"A word has as many vowels as the solution counts\"\"\"
    assert submission.count_vowels("queue") == reference.count_vowels("queue")
"""
    before = make(course, tmp_path / "before", form=Form.FOLDER).released.lesson(FIRST_LESSON)
    path.write_text(path.read_text("utf-8") + comparing, "utf-8")
    made = make(Course.open(course.root), tmp_path / "out", form=Form.FOLDER)
    after = made.released.lesson(FIRST_LESSON)

    assert "test_as_the_solution" not in (tmp_path / "out" / GRADER).read_text("utf-8")
    assert before is not None
    assert after is not None
    assert after.hidden == before.hidden + 1


@pytest.mark.parametrize(
    ("name", "form"), [("out.zip", Form.WHEEL), ("out.whl", Form.ZIP), ("out.zip", Form.FOLDER), ("out.whl", Form.BINDER)]
)
def test_a_name_that_says_something_else_is_refused(course: Course, tmp_path: Path, name: str, form: Form) -> None:
    """A folder called like a zip would be opened by nobody."""
    with pytest.raises(HornbookError, match=f"by its name, and not a {form}"):
        make(course, tmp_path / name, form=form)
    assert not (tmp_path / name).exists()


def test_a_version_that_is_none_is_refused(course: Course, tmp_path: Path) -> None:
    """The version of a package is one that pip understands."""
    with pytest.raises(HornbookError, match='"one" is no version of a package'):
        make(course, tmp_path / "package", form=Form.WHEEL, version="one")


def test_binder_gets_what_it_installs(course: Course, tmp_path: Path) -> None:
    """A repository for Binder names this hornbook, and what the course's own list asks for by name; nothing that runs."""
    (course.root / "binder" / "requirements.txt").write_text(
        "hornbook\nnumpy>=2.0  # arrays\n-e .\n./local\nhttps://x.org/a.whl\n", "utf-8"
    )
    (course.root / "binder" / "postBuild").write_text("pip install .\n", "utf-8")
    (course.root / "binder" / "apt.txt").write_text("graphviz\n", "utf-8")
    make(course, tmp_path / "out", form=Form.BINDER)
    said = (tmp_path / "out" / "binder" / "requirements.txt").read_text("utf-8").splitlines()

    assert said[1].startswith("hornbook==")
    assert said[2:] == ["numpy>=2.0"]
    assert {name for name in files_in(tmp_path / "out") if name.startswith("binder/")} == {
        "binder/requirements.txt",
        "binder/runtime.txt",
        "binder/apt.txt",
    }


def test_the_manifest_says_what_is_in_it(course: Course, tmp_path: Path) -> None:
    """The manifest has each lesson with its version and what its exercises are worth, and a digest of each other file."""
    make(course, tmp_path / "out")
    said = Released.read(tmp_path / "out" / MANIFEST)

    assert {lesson.slug for lesson in said.lessons} == {FIRST_LESSON, "count_again"}
    assert said.lesson(FIRST_LESSON).exercises["count_vowels"].points == 5
    assert said.lesson(FIRST_LESSON).hidden == 2
    assert set(said.files) | {MANIFEST} == files_in(tmp_path / "out")
    assert said.released is None


def test_a_leak_stops_it(course: Course, tmp_path: Path) -> None:
    """A finding is told with its file and line; nothing is written, not even in part, and no version is kept."""
    text = (course.root / "graders" / f"{FIRST_LESSON}.solution.py").read_text("utf-8")
    (course.root / "lessons" / "notes.txt").write_text(f"Mine:\n{text}", "utf-8")
    with pytest.raises(LeakError) as caught:
        make(Course.open(course.root), tmp_path / "out")

    assert re.match(r"lessons/notes\.txt, line 7: the solution of \w+: return", caught.value.findings[0])
    assert not (tmp_path / "out").exists()
    assert not (course.root / ".hornbook" / "versions").exists()
    assert caught.value.exit_code == 3


def test_an_exercise_that_is_shipped_solved_stops_it(course: Course, tmp_path: Path) -> None:
    """A solution that was left in the exercise's own cell is no given code."""
    path = course.root / "lessons" / f"{FIRST_LESSON}.ipynb"
    notebook = course.lesson(FIRST_LESSON).to_notebook(read_solution(course.solution(FIRST_LESSON)))
    path.write_text(json.dumps(notebook), "utf-8")
    with pytest.raises(LeakError, match="as shipped, its exercise count_vowels is solved"):
        make(Course.open(course.root), tmp_path / "out")


BURIED = """
if True:
    @pytest.mark.exercise("count_vowels", hidden=True)
    def test_buried(submission):
        \"\"\"Buried\"\"\"
"""
MADE = """
HIDDEN = [name for name in globals() if name.startswith("test_no")]
if HIDDEN:
    @pytest.mark.exercise("count_vowels")
    def test_made(submission):
        \"\"\"Only there while others are\"\"\"
"""
FAILS = """
if not any(name.endswith("vowel_at_all") for name in globals()):
    raise RuntimeError("incomplete")
"""


@pytest.mark.parametrize(
    ("added", "words"),
    [
        pytest.param(BURIED, "line 37: a hidden check stands inside another statement", id="buried"),
        pytest.param(MADE, "without its hidden checks it lacks test_made", id="not there without them"),
        pytest.param(FAILS, "without its hidden checks, pytest cannot collect it", id="fails without them"),
    ],
)
def test_a_grader_that_cannot_be_cut_is_said(course: Course, tmp_path: Path, added: str, words: str) -> None:
    """Where the visible checks are not the same without the hidden ones, nothing is released, and the grader is named."""
    (course.root / GRADER).write_text((course.root / GRADER).read_text("utf-8") + added, "utf-8")
    with pytest.raises(GraderError, match=words):
        make(Course.open(course.root), tmp_path / "out")

    assert not (tmp_path / "out").exists()


def test_a_link_out_of_the_lessons_is_refused(course: Course, tmp_path: Path) -> None:
    """A lesson that is a link to somewhere else in the course is not followed."""
    path = course.root / "lessons" / f"{FIRST_LESSON}.ipynb"
    path.rename(course.root / f"{FIRST_LESSON}.ipynb")
    path.symlink_to(course.root / f"{FIRST_LESSON}.ipynb")
    with pytest.raises(CourseError, match=r"is a symbolic link out of lessons/"):
        make(Course.open(course.root), tmp_path / "out")


def test_what_cannot_be_released_is_said(course: Course, tmp_path: Path) -> None:
    """A release, a course without lessons, and a place inside the course's own folders are refused, each with its reason."""
    make(course, tmp_path / "out")
    (tmp_path / "empty" / "lessons").mkdir(parents=True)
    with pytest.raises(CourseError, match="is a release itself"):
        make(Course.open(tmp_path / "out"), tmp_path / "again")
    with pytest.raises(CourseError, match="has no lesson to release"):
        make(Course.open(tmp_path / "empty"), tmp_path / "again")
    with pytest.raises(HornbookError, match="lies among the course's own files"):
        make(course, course.root / "lessons" / "out")
    with pytest.raises(HornbookError, match="holds the course itself"):
        make(course, tmp_path)


def test_a_server_grades_a_release(course: Course, tmp_path: Path) -> None:
    """Over a release a learner's server hands out copies and grades them: what was not asked is still to come."""
    make(course, tmp_path / "lab" / "out")

    async def graded() -> dict[str, Any]:
        service = Service(tmp_path / "lab", record_path=tmp_path / "record.sqlite")
        learners, lesson = service.lesson("singers", FIRST_LESSON)
        place = service.start("me", learners, lesson)["path"]
        notebook = lesson.to_notebook(read_solution(course.solution(FIRST_LESSON)))
        (tmp_path / "lab" / place).write_text(json.dumps(notebook), "utf-8")
        job = await service.grade("me", place, "en")
        said = [change async for change in job.changes()]
        await service.close()
        return said[-1]

    verdict = asyncio.run(graded())["result"]["verdict"]

    assert (verdict["hidden_pending"], verdict["passed"], len(verdict["outcomes"])) == (2, False, 2)
