"""`hornbook.server.finder`: what can be found from a learner's server, and that nothing waits for it or breaks with it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hornbook.catalog import Catalog
from hornbook.course import Course
from hornbook.lesson import Cell, Lesson, Skill, write_lesson
from hornbook.publish import Keyring
from hornbook.server.finder import Finder
from hornbook.server.lessons import Shelf
from hornbook.server.service import Refused, Service

if TYPE_CHECKING:
    from conftest import Passed, StepsCourse


def write(course: Course, slug: str, title: str, *, requires: tuple[str, ...] = (), text: str = "", skill: str = "Python") -> None:
    """Write another lesson into *course*."""
    cells = (Cell("markdown", f"# {title}\n\n{text}", id="text"), Cell("code", "one = ...\n", exercise="one", id="one"))
    path = course.root / "lessons" / f"{slug}.ipynb"
    write_lesson(
        Lesson(
            path=path, slug=slug, title=title, version="1.0.0", summary=title, objectives=("Learn it",), level="beginner", minutes=5,
            authors=("hornbook maintainers",), licence="CC-BY-4.0", cells=cells, requires=requires, skills=(Skill(skill),),
        )
    )  # fmt: skip
    (course.root / "graders" / f"test_{slug}.py").write_text("", "utf-8")


@pytest.fixture
def course(tmp_path: Path, steps_course: StepsCourse, monkeypatch: pytest.MonkeyPatch) -> Course:
    """Give a course below a server's root, and a catalog of its own."""
    monkeypatch.setenv("HORNBOOK_CATALOG", str(tmp_path / "catalog.sqlite"))
    (tmp_path / "root" / "course").mkdir(parents=True)
    course = steps_course(tmp_path / "root" / "course", "")
    write(course, "keys", "Dictionaries and their keys", requires=("steps",), skill="dictionaries")
    write(course, "later", "Dictionaries of dictionaries", requires=("keys",), skill="dictionaries")
    return Course.open(course.root)


@pytest.fixture
def service(tmp_path: Path, course: Course) -> Service:
    """Give a service over the folder in which the course lies."""
    return Service(course.root.parent, record_path=tmp_path / "record.sqlite")


def test_a_server_that_starts_opens_no_catalog(service: Service, tmp_path: Path) -> None:
    """Nothing is read, nothing is written, until somebody asks; and its end is no reason to."""
    assert not service.finder.ready
    asyncio.run(service.close())

    assert not (tmp_path / "catalog.sqlite").exists()


def test_what_teaches_an_error_can_be_begun_now(service: Service, course: Course) -> None:
    """What is not its turn yet is left out, and so is the lesson itself."""
    steps, keys = course.lesson("steps"), course.lesson("keys")
    found = service.finder.teaching(course, steps, {"steps"}, "KeyError: 'price'")
    try:
        assert [(one["slug"], one["title"]) for one in found] == [("keys", "Dictionaries and their keys")]
        assert found[0]["reason"] == "It is about what KeyError tells. It teaches dictionaries."
        assert service.finder.teaching(course, steps, set(), "KeyError: 'price'") == []
        assert [one["slug"] for one in service.finder.teaching(course, keys, {"steps", "keys"}, "KeyError: 1")] == ["later"]
        # Who works on it without having passed anything has begun what it builds on, or should.
        assert [one["slug"] for one in service.finder.teaching(course, course.lesson("later"), set(), "KeyError: 1")] == ["keys"]
    finally:
        asyncio.run(service.close())


def test_a_first_answer_makes_this_process_the_owner_of_the_index(course: Course, tmp_path: Path) -> None:
    """The answer itself waits for nothing; when the server has ended, Chroma has what the database has."""
    finder = Finder(Shelf(course.root.parent))
    (first, *_) = finder.find("dictionaries and their keys", {}, 5)
    indexing = finder._indexing
    assert indexing is not None
    indexing.join()
    finder.close()

    assert first["slug"] == "keys"
    with Catalog.open(tmp_path / "catalog.sqlite") as catalog:
        report = catalog.check()
    assert (report.documents, report.indexed, report.problems) == (3, 3, ())


def test_an_artifact_is_this_portfolios_also_behind_a_link(course: Course, tmp_path: Path, passed: Passed) -> None:
    """Where the server's folder was named by a link, its artifacts lead to their pages; those of others do not."""
    (tmp_path / "link").symlink_to(course.root.parent)
    mine, other = (
        passed.publish(course.root.parent / "portfolio"),
        passed.publish(tmp_path / "elsewhere", keys=Keyring.open(tmp_path / "keys")),
    )
    finder = Finder(Shelf(tmp_path / "link"))
    try:
        for artifact in (mine, other):
            finder.enter(artifact, course, passed.lesson)
        found = finder.find(passed.lesson.title, {"kind": "artifact"}, 5)
    finally:
        finder.close()

    assert mine.id != other.id
    assert sorted(str(hit["artifact"]) for hit in found) == sorted([mine.id, "None"])


def test_without_a_catalog_the_course_itself_tells_what_is_related(service: Service, course: Course, tmp_path: Path) -> None:
    """A catalog that cannot be read costs the search, in a sentence, and nothing else."""
    (tmp_path / "catalog.sqlite").write_text("no database", "utf-8")
    try:
        related = service.related("ada", course, course.lesson("steps"))
        with pytest.raises(Refused, match=r"catalog.sqlite") as refused:
            service.find("dictionaries", {}, 5)

        assert [one["slug"] for one in related] == ["keys"]
        assert refused.value.status == 422
        assert service.teaching("ada", course, course.lesson("steps"), "KeyError: 1") == []
    finally:
        asyncio.run(service.close())


def test_a_server_that_ends_answers_no_more(course: Course) -> None:
    """A question that comes too late opens nothing that nobody would close."""
    finder = Finder(Shelf(course.root.parent))
    finder.close()

    with pytest.raises(Exception, match="The server ends"):
        finder.find("x", {}, 5)
