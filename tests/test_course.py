"""`hornbook.course`: three folders, paired by slug and sub-folder, and what is said when they do not pair."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hornbook.course import Course, Problem, installed_courses
from hornbook.errors import CourseError, FeedbackError, GraderError, LessonError
from hornbook.lesson import Cell, Lesson, write_lesson

if TYPE_CHECKING:
    from collections.abc import Callable


def add_lesson(root: Path, slug: str, within: str = "", requires: tuple[str, ...] = ()) -> None:
    """Put a complete lesson into the course at *root*."""
    for folder in ("lessons", "graders", "feedback"):
        (root / folder / within).mkdir(parents=True, exist_ok=True)
    write_lesson(
        Lesson(
            path=root / "lessons" / within / f"{slug}.ipynb",
            slug=slug,
            title=slug,
            version="1.0.0",
            summary="One exercise.",
            objectives=("Do it",),
            level="beginner",
            minutes=5,
            authors=("hornbook maintainers",),
            licence="CC-BY-4.0",
            requires=requires,
            cells=(Cell("code", "...", exercise="one", id="one"),),
        )
    )
    (root / "graders" / within / f"test_{slug}.py").write_text("", "utf-8")
    (root / "graders" / within / f"{slug}.solution.py").write_text("# %% one\nx = 1\n", "utf-8")
    (root / "feedback" / within / f"{slug}.toml").write_text("", "utf-8")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a course with two lessons, one of them in a sub-folder, and the other files that a course has."""
    root = tmp_path / "course"
    add_lesson(root, "loops")
    add_lesson(root, "means", "numpy", requires=("loops",))
    (root / "graders" / "numpy" / "means.alt-loop.py").write_text("", "utf-8")
    (root / "graders" / "numpy" / "means.alt-numpy.py").write_text("", "utf-8")
    for other in ("lessons/README.md", "lessons/numpy/data.csv", "graders/conftest.py", "graders/helpers.py", "feedback/README.md"):
        (root / other).write_text("", "utf-8")
    (root / "lessons" / ".ipynb_checkpoints").mkdir()
    (root / "lessons" / ".ipynb_checkpoints" / "loops-checkpoint.ipynb").write_text("{}", "utf-8")
    (root / "graders" / "__pycache__").mkdir()
    (root / "graders" / "__pycache__" / "test_gone.py").write_text("", "utf-8")
    (root / "lessons" / ".hidden.ipynb").write_text("{}", "utf-8")
    return root


def found(root: Path) -> list[str]:
    """Return the problems of the course at *root* as sentences."""
    return [str(problem) for problem in Course.open(root).problems()]


# --- a course that is all right --------------------------------------------------------------------------------------


def test_course_pairs_its_folders(root: Path) -> None:
    """Each lesson's grader, solution, feedback and alternatives are found by slug and sub-folder."""
    course = Course.open(root)

    assert course.name == "course"
    assert course.slugs == ("loops", "means")
    assert [lesson.slug for lesson in course.lessons] == ["loops", "means"]
    assert course.lesson("means").path == root / "lessons" / "numpy" / "means.ipynb"
    assert course.grader("means") == root / "graders" / "numpy" / "test_means.py"
    assert course.solution("means") == root / "graders" / "numpy" / "means.solution.py"
    assert course.feedback("loops") == root / "feedback" / "loops.toml"
    assert course.alternatives("means") == {
        "loop": root / "graders" / "numpy" / "means.alt-loop.py",
        "numpy": root / "graders" / "numpy" / "means.alt-numpy.py",
    }
    assert course.alternatives("loops") == {}
    assert course.problems() == ()


def test_one_lesson_is_read_without_the_others(root: Path) -> None:
    """Asking for one lesson opens no other notebook, and asking again opens none at all."""
    (root / "lessons" / "loops.ipynb").unlink()
    os.mkfifo(root / "lessons" / "loops.ipynb")
    course = Course.open(root)

    assert course.lesson("means") is course.lesson("means")


def test_settings_are_the_courses(root: Path) -> None:
    """The course's own pyproject.toml names it; a mistake there is an error when it is opened."""
    (root / "pyproject.toml").write_text("[tool.hornbook]\nname = 'stats'\n", "utf-8")
    assert Course.open(root).name == "stats"

    (root / "pyproject.toml").write_text("[tool.hornbook]\nnmae = 'stats'\n", "utf-8")
    with pytest.raises(CourseError, match="nmae"):
        Course.open(root)


@pytest.mark.parametrize(
    "start", [".", "lessons", "lessons/numpy/means.ipynb", "graders/numpy", "feedback/loops.toml", "lessons/not/there"]
)
def test_course_is_found_from_anything_in_it(root: Path, start: str) -> None:
    """Walking up from any file or folder of a course leads to its root."""
    assert Course.find(root / start).root == root


def test_course_is_found_from_a_relative_path(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where one stands is a way to name the course."""
    monkeypatch.chdir(root / "graders")

    assert Course.find(Path()).root == root
    assert Course.open(Path("..")).root == root


def test_no_course_above(tmp_path: Path) -> None:
    """A file that is in no course is told how to make one."""
    with pytest.raises(CourseError, match=r"is not in a course: no folder above it has lessons/\. `hornbook new course` makes one\."):
        Course.find(tmp_path / "work.ipynb")


def test_folder_without_lessons_is_no_course(tmp_path: Path) -> None:
    """A folder without lessons/ is refused, and so is one whose lessons/ are somewhere else."""
    (tmp_path / "other" / "lessons").mkdir(parents=True)
    (tmp_path / "course").mkdir()
    (tmp_path / "course" / "lessons").symlink_to(tmp_path / "other" / "lessons")
    for folder in (tmp_path, tmp_path / "course", tmp_path / "gone"):
        with pytest.raises(CourseError, match="is not a course: it has no folder lessons/"):
            Course.open(folder)


def test_empty_course(tmp_path: Path) -> None:
    """A course without a lesson is a course; asking for one says that there is none."""
    (tmp_path / "lessons").mkdir()
    (tmp_path / "feedback").mkdir()
    (tmp_path / "feedback" / "x.toml").write_text("", "utf-8")
    course = Course.open(tmp_path)

    assert course.lessons == ()
    assert found(tmp_path) == ['feedback/x.toml: belongs to no lesson: there is no "x"; there is none at all.']
    with pytest.raises(CourseError, match=r'has no lesson "loops"; it has none yet\.'):
        course.lesson("loops")


# --- asking for what is not there ------------------------------------------------------------------------------------


@pytest.mark.parametrize("ask", [Course.lesson, Course.grader, Course.solution, Course.feedback, Course.alternatives])
def test_unknown_slug_names_the_nearest(root: Path, ask: Callable[[Course, str], object]) -> None:
    """A slug with a slip of the finger is answered with the one that was meant."""
    with pytest.raises(CourseError, match=r'course: has no lesson "lops"; did you mean "loops"\.'):
        ask(Course.open(root), "lops")


@pytest.mark.parametrize(
    ("ask", "missing", "error", "sentence"),
    [
        (Course.grader, "graders/numpy/test_means.py", GraderError, "has no grader; it belongs at graders/numpy/test_means.py."),
        (
            Course.solution,
            "graders/numpy/means.solution.py",
            GraderError,
            "has no solution; it belongs at graders/numpy/means.solution.py.",
        ),
        (Course.feedback, "feedback/numpy/means.toml", FeedbackError, "has no feedback; it belongs at feedback/numpy/means.toml."),
    ],
)
def test_missing_companion_says_where_it_belongs(
    root: Path, ask: Callable[[Course, str], object], missing: str, error: type[CourseError], sentence: str
) -> None:
    """A lesson without its grader, solution or feedback is a problem, and an error for who asks for that file."""
    (root / missing).unlink()

    with pytest.raises(error) as caught:
        ask(Course.open(root), "means")

    assert str(caught.value) == f"{root}/lessons/numpy/means.ipynb: {sentence}"
    assert found(root) == [f"lessons/numpy/means.ipynb: {sentence}"]


def test_feedback_may_be_asked_about_first(root: Path) -> None:
    """A lesson can be graded without hints, so whoever grades may ask whether there are any; a slug must exist all the same."""
    (root / "feedback" / "loops.toml").unlink()
    course = Course.open(root)

    assert course.has_feedback("means")
    assert not course.has_feedback("loops")
    with pytest.raises(CourseError, match="has no lesson"):
        course.has_feedback("lops")


# --- problems --------------------------------------------------------------------------------------------------------


def test_problem_is_a_sentence_with_its_file() -> None:
    """A problem can be printed whatever its file is called."""
    assert str(Problem(Path("lessons/\x1b[31m.ipynb"), "is odd.")) == "lessons/\\x1b[31m.ipynb: is odd."


def test_broken_lesson_leaves_the_others(root: Path) -> None:
    """One notebook that breaks the format is a problem; the other lessons are read as ever."""
    (root / "lessons" / "loops.ipynb").write_text("{", "utf-8")
    course = Course.open(root)

    assert [lesson.slug for lesson in course.lessons] == ["means"]
    assert course.slugs == ("loops", "means")
    assert [problem.path for problem in course.problems()] == [Path("lessons/loops.ipynb")]
    with pytest.raises(LessonError, match="is not JSON"):
        course.lesson("loops")


def test_cohort_with_a_lesson_that_is_not_there_is_a_problem(root: Path) -> None:
    """Its name is said, and the nearest there is."""
    (root / "pyproject.toml").write_text(
        """
        [[tool.hornbook.cohort]]
        name = "autumn"
        starts = 2026-09-07
        timezone = "UTC"
        lessons = ["means", "lops"]
        due = {"means" = 2026-09-10, "lops" = 2026-09-11}
        """,
        "utf-8",
    )

    assert found(root) == ['pyproject.toml: the cohort "autumn" has the lesson "lops", which is not there; did you mean "loops".']


def test_lessons_stand_in_an_order_in_which_they_can_be_learned(root: Path) -> None:
    """What another one requires comes before it, whatever the files are called; `lessons` keeps the order of the files."""
    path = root / "lessons" / "loops.ipynb"
    notebook = json.loads(path.read_text("utf-8"))
    notebook["metadata"]["hornbook"]["requires"] = ["means"]
    path.write_text(json.dumps(notebook), "utf-8")
    course = Course.open(root)

    assert [lesson.slug for lesson in course.lessons] == ["loops", "means"]
    assert [lesson.slug for lesson in course.in_order] == ["means", "loops"]


def test_files_of_one_name_say_the_same(root: Path) -> None:
    """A learner's copies of all lessons lie in one folder, with what their cells read; READMEs are nobody's data."""
    for folder in ("a", "b", "c"):
        (root / "lessons" / folder).mkdir()
        (root / "lessons" / folder / "README.md").write_text(folder, "utf-8")
        (root / "lessons" / folder / "table.csv").write_text("1", "utf-8")
    assert found(root) == []
    (root / "lessons/b/table.csv").write_text("2", "utf-8")

    assert found(root) == [
        "lessons/b/table.csv: says something else than lessons/a/table.csv, and a learner has both in one folder. Give it another name."
    ]


def test_deadlines_of_all_cohorts_stand_by_lesson(root: Path) -> None:
    """Who asks what is due finds each cohort's date, in the order of the settings, and nothing where no cohort is."""
    assert Course.open(root).deadlines == {}
    (root / "pyproject.toml").write_text(
        """
        [[tool.hornbook.cohort]]
        name = "b"
        starts = 2026-09-07
        timezone = "UTC"
        [[tool.hornbook.cohort]]
        name = "a"
        starts = 2026-10-07
        timezone = "UTC"
        lessons = ["means"]
        """,
        "utf-8",
    )
    found = Course.open(root).deadlines

    assert {slug: [(cohort.name, f"{when:%m-%d}") for cohort, when in due] for slug, due in found.items()} == {
        "loops": [("b", "09-14")],
        "means": [("b", "09-21"), ("a", "10-14")],
    }


@pytest.mark.parametrize(
    ("file", "sentence"),
    [
        ("graders/test_lops.py", 'belongs to no lesson: there is no "lops"; did you mean "loops".'),
        ("graders/numpy/zzz.solution.py", 'belongs to no lesson: there is no "zzz"; it has loops, means.'),
        ("graders/numpy/zzz.alt-x.py", 'belongs to no lesson: there is no "zzz"; it has loops, means.'),
        ("feedback/zzz.toml", 'belongs to no lesson: there is no "zzz"; it has loops, means.'),
        ("graders/pandas/test_means.py", "is not in the same sub-folder as its lesson. Move it to graders/numpy/test_means.py."),
        ("graders/means.alt-x.py", "is not in the same sub-folder as its lesson. Move it to graders/numpy/means.alt-x.py."),
        ("feedback/numpy/loops.toml", "is not in the same sub-folder as its lesson. Move it to feedback/loops.toml."),
    ],
)
def test_orphans_are_problems(root: Path, file: str, sentence: str) -> None:
    """A file without its lesson, or in another sub-folder than its lesson, is named with the way out."""
    (root / file).parent.mkdir(exist_ok=True)
    (root / file).write_text("", "utf-8")

    assert found(root) == [f"{file}: {sentence}"]


def test_grader_in_another_folder_is_not_the_lessons(root: Path) -> None:
    """A grader in the wrong sub-folder is said to be that, once, and is not used."""
    (root / "graders" / "numpy" / "test_means.py").rename(root / "graders" / "test_means.py")

    assert found(root) == ["graders/test_means.py: is not in the same sub-folder as its lesson. Move it to graders/numpy/test_means.py."]
    with pytest.raises(GraderError, match="has no grader"):
        Course.open(root).grader("means")


def test_slug_that_is_there_twice(root: Path) -> None:
    """Two lessons with one slug are a problem; the slug is refused, and the other lessons are read."""
    add_lesson(root, "loops", "numpy")
    course = Course.open(root)

    assert found(root) == ["lessons/numpy/loops.ipynb: has the slug of lessons/loops.ipynb; a slug is unique in its course. Rename one."]
    assert [lesson.slug for lesson in course.lessons] == ["means"]
    with pytest.raises(
        CourseError, match=r'has the lesson "loops" twice, lessons/loops\.ipynb and lessons/numpy/loops\.ipynb\. Rename one\.'
    ):
        course.grader("loops")


def test_unknown_requirement(root: Path) -> None:
    """A lesson that requires one that is not there is a problem, with the nearest name."""
    add_lesson(root, "sums", requires=("mean", "loops"))

    assert found(root) == ['lessons/sums.ipynb: requires the lesson "mean", which is not there; did you mean "means".']


def test_circles_of_requirements(root: Path) -> None:
    """Each circle is reported once, with all its lessons in order; requirements that merely meet are no circle."""
    add_lesson(root, "a", requires=("b", "loops"))
    add_lesson(root, "b", requires=("c",))
    add_lesson(root, "c", requires=("a", "loops"))
    add_lesson(root, "d", requires=("e",))
    add_lesson(root, "e", requires=("d", "loops"))
    sentences = found(root)

    assert [sorted(set(sentence.split(": ")[2].split(". ")[0].split(" requires "))) for sentence in sentences] == [
        ["a", "b", "c"],
        ["d", "e"],
    ]
    assert any(way in sentences[0] for way in ("a requires b requires c", "b requires c requires a", "c requires a requires b"))
    assert sentences == found(root)


# --- links -----------------------------------------------------------------------------------------------------------


def test_links_out_of_the_course_are_not_followed(root: Path, tmp_path: Path) -> None:
    """A link to a file or folder outside is a problem, and what it points to is no part of the course."""
    add_lesson(tmp_path / "elsewhere", "secret")
    elsewhere = tmp_path / "elsewhere" / "lessons"
    (root / "lessons" / "secret.ipynb").symlink_to(elsewhere / "secret.ipynb")
    (root / "lessons" / "more").symlink_to(elsewhere)
    (root / "graders" / "test_secret.py").symlink_to("/etc/passwd")
    course = Course.open(root)

    assert course.slugs == ("loops", "means")
    assert [str(problem).split(",")[0] for problem in course.problems()] == [
        "lessons/more: is a symbolic link out of the course",
        "lessons/secret.ipynb: is a symbolic link out of the course",
        "graders/test_secret.py: is a symbolic link out of the course",
    ]


def test_links_within_the_course(root: Path) -> None:
    """A link to a file of the course is that file; folders are not followed, so that nothing is there twice or for ever."""
    (root / "feedback" / "loops.toml").rename(root / "shared.toml")
    (root / "feedback" / "loops.toml").symlink_to("../shared.toml")
    (root / "lessons" / "round").symlink_to(".")

    assert Course.open(root).feedback("loops") == root / "feedback" / "loops.toml"
    assert found(root) == ["lessons/round: is a symbolic link to a folder, so it is not read. Put the folder itself there."]


def test_whole_folder_that_is_a_link_is_not_read(root: Path, tmp_path: Path) -> None:
    """Not even the graders as a whole may be somewhere else."""
    (root / "graders").rename(tmp_path / "graders")
    (root / "graders").symlink_to(tmp_path / "graders")

    assert "graders: is a symbolic link out of the course" in found(root)[0]
    with pytest.raises(GraderError, match="has no grader"):
        Course.open(root).grader("loops")


def test_link_that_leads_nowhere(root: Path) -> None:
    """A lesson that is a link to itself or to nothing is one unreadable lesson."""
    (root / "lessons" / "loop.ipynb").symlink_to("loop.ipynb")
    (root / "lessons" / "gone.ipynb").symlink_to("nothing.ipynb")
    unreadable = [sentence for sentence in found(root) if "cannot be opened" in sentence]

    assert len(unreadable) == 2
    assert len(Course.open(root).lessons) == 2


def test_settings_are_no_link_out(root: Path, tmp_path: Path) -> None:
    """The settings of a course are its own."""
    (tmp_path / "pyproject.toml").write_text("", "utf-8")
    (root / "pyproject.toml").symlink_to(tmp_path / "pyproject.toml")

    with pytest.raises(CourseError, match=r"pyproject\.toml: is a symbolic link out of the course"):
        Course.open(root)


def test_course_reached_through_a_link_is_itself(root: Path, tmp_path: Path) -> None:
    """Where the course as a whole is reached through a link, as in a development install, nothing in it points outside."""
    (tmp_path / "link").symlink_to(root)

    assert Course.open(tmp_path / "link").root == root
    assert found(tmp_path / "link") == []


# --- names -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["Loops.ipynb", "my loops.ipynb", "new\nline.ipynb", "a.b.ipynb", "1.ipynb"])
def test_lesson_with_another_name_than_a_slug(root: Path, name: str) -> None:
    """A lesson's file is called as its slug; any other name is a problem in printable sentences, and no more."""
    (root / "lessons" / name).write_bytes((root / "lessons" / "loops.ipynb").read_bytes())
    course = Course.open(root)

    assert any("metadata.hornbook.slug" in problem.message for problem in course.problems())
    assert all(str(problem).isprintable() for problem in course.problems())
    assert len(course.lessons) == 2


# --- installed courses -----------------------------------------------------------------------------------------------


def test_installed_courses_are_found_on_jupyters_path(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Courses lie under `hornbook/courses` on Jupyter's data path; the first of a name counts, and what is no course does not."""
    for data in ("first", "second"):
        (tmp_path / data / "hornbook" / "courses").mkdir(parents=True)
    (tmp_path / "first" / "hornbook" / "courses" / "stats").symlink_to(root)
    add_lesson(tmp_path / "second" / "hornbook" / "courses" / "stats", "other")
    add_lesson(tmp_path / "second" / "hornbook" / "courses" / "broken", "other")
    (tmp_path / "second" / "hornbook" / "courses" / "broken" / "pyproject.toml").write_text("[", "utf-8")
    (tmp_path / "second" / "hornbook" / "courses" / "empty").mkdir()
    (tmp_path / "second" / "hornbook" / "courses" / "README.md").write_text("", "utf-8")
    monkeypatch.setenv("JUPYTER_PATH", os.pathsep.join(str(tmp_path / data) for data in ("first", "second", "third")))
    courses = installed_courses()

    assert courses == {
        "stats": tmp_path / "first" / "hornbook" / "courses" / "stats",
        "broken": tmp_path / "second" / "hornbook" / "courses" / "broken",
    }
    assert Course.open(courses["stats"]).slugs == ("loops", "means")


def test_lesson_file_is_not_read_for_its_name_only(root: Path) -> None:
    """Listing a course opens no notebook: a notebook's mistakes come to light when it is asked for."""
    (root / "lessons" / "loops.ipynb").write_text(json.dumps({}), "utf-8")

    assert Course.open(root).slugs == ("loops", "means")
