"""`hornbook.catalog`, its database: what was acknowledged is there, once, for everybody, and what was erased is nowhere."""

from __future__ import annotations

import dataclasses
import os
import sqlite3
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import hornbook
from hornbook import Course
from hornbook.catalog import Catalog, Document, Passage, Where
from hornbook.catalog.store import FORMAT
from hornbook.errors import HornbookError
from hornbook.scaffold import new_course, new_lesson

if TYPE_CHECKING:
    from types import ModuleType


@pytest.fixture(params=["sqlite", "postgresql"])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    """Give a place for a catalog: a file, and an empty database of a real PostgreSQL."""
    if request.param == "sqlite":
        return tmp_path / "catalog.sqlite"
    url: str = request.getfixturevalue("empty_postgresql")
    return url


def opened(where: Path | str, indexing: ModuleType, **options: object) -> Catalog:
    """Return the catalog at *where*, without Chroma and with an embedder that costs nothing."""
    parts: dict[str, object] = {"embedder": indexing.Hashed(), "index": "exact"} | options
    return Catalog.open(where, **parts)  # type: ignore[arg-type]


def test_what_was_added_is_found_again_as_it_was(where: Path | str, indexing: ModuleType) -> None:
    """Every field of a document comes back, in another process's catalog as well."""
    document = Document(
        "lesson:c/x", "Title", kind="lesson", course="c", slug="x", summary="Sum", skills=("One", "Two"), level="advanced", minutes=9,
        passages=(Passage("a\nb", "code", 3), Passage("# c", "prose", 4)), requires=("y", "z"), authors=("Ada", "Bob"), language="de",
        assurance="self-checked", version="1.0.0", place="/x", stamp="s",
    )  # fmt: skip
    with opened(where, indexing) as catalog:
        catalog.add(document)
    with opened(where, indexing) as catalog, catalog.store.reading() as connection:
        (found,) = catalog.store.documents(connection, [1], passages=True).values()

    assert found == document


def test_publishing_again_replaces(where: Path | str, indexing: ModuleType) -> None:
    """There is one document, with what it says now; what it said before is found no longer."""
    with opened(where, indexing) as catalog:
        written = [catalog.add(indexing.document(1, version)) for version in (0, 0, 1)]

        assert written == [1, 0, 1]
        assert [hit.key for hit in catalog.find("version1x1")] == [indexing.document(1).key]
        assert [hit.matched for hit in catalog.find("version0x0")] == [()] or not catalog.find("version0x0")
        assert catalog.check().documents == 1


def test_a_document_that_moved_is_not_written_again(where: Path | str, indexing: ModuleType) -> None:
    """Only where it lies is noted."""
    one = indexing.document(1)
    with opened(where, indexing) as catalog:
        catalog.add(one)
        again = catalog.add(dataclasses.replace(one, place="/elsewhere"))

        assert again == 0
        assert catalog.find("number1")[0].place == "/elsewhere"


def test_removing_removes_everywhere(where: Path | str, indexing: ModuleType) -> None:
    """Not by words, not by meaning, not by filter; what is not there can be removed, too."""
    with opened(where, indexing) as catalog:
        catalog.add(*(indexing.document(number) for number in range(5)))
        removed = catalog.remove(indexing.document(3).key, "lesson:course/none"), catalog.remove(indexing.document(3).key)

        assert removed == (1, 0)
        assert indexing.document(3).key not in {hit.key for text in ("number3", "lesson", "") for hit in catalog.find(text)}
        assert catalog.check() == dataclasses.replace(catalog.check(), documents=4, problems=())
        with catalog.store.reading() as connection:
            assert catalog.store.frequencies(connection, ["number3", "number4"]) == {"number4": 1}


def test_both_databases_find_the_same(postgresql: str, tmp_path: Path, indexing: ModuleType) -> None:
    """A course that moves to PostgreSQL finds what it found."""
    found = []
    for place in (tmp_path / "catalog.sqlite", postgresql):
        with opened(place, indexing) as catalog:
            catalog.remove(*catalog.store.keys(Where()))
            catalog.add(*(indexing.document(number) for number in range(9)))
            found.append([catalog.find(text, limit=1)[0].key for text in ("number4", "nubmer5", "skill 2 number7")])

    assert found[0] == found[1]


def test_what_was_erased_is_in_no_file(tmp_path: Path, indexing: ModuleType) -> None:
    """Neither its words nor its vector, in the database, its log, or the index."""
    secret = Document("artifact:a", "A", kind="artifact", passages=(Passage("unforgettable xylophone"),))
    with opened(tmp_path / "c" / "catalog.sqlite", indexing, index="auto") as catalog:
        catalog.add(*(indexing.document(number) for number in range(30)), secret)
        (vector,) = indexing.Hashed().embed([secret.card])
        before = everything_below(tmp_path / "c")
        catalog.remove(secret.key)
        after = everything_below(tmp_path / "c")

        assert catalog.check().problems == ()
    for traces in (b"xylophon", b"unforgett", vector.tobytes()):
        assert traces in before
        assert traces not in after


def everything_below(folder: Path) -> bytes:
    """Return the content of all files below *folder*."""
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


# --- A course's lessons ----------------------------------------------------------------------------------------------


def test_a_course_is_kept_as_it_is(tmp_path: Path, indexing: ModuleType) -> None:
    """New lessons come in, changed ones anew, those that are gone go, and unchanged ones cost nothing."""
    new_course(tmp_path / "course")
    new_lesson(Course.open(tmp_path / "course"), "second")
    with opened(tmp_path / "catalog.sqlite", indexing) as catalog:
        first = catalog.keep(Course.open(tmp_path / "course"))
        again = catalog.keep(Course.open(tmp_path / "course"))
        path = tmp_path / "course/lessons/second.ipynb"
        path.write_text(path.read_text("utf-8").replace('"minutes": 5', '"minutes": 11'), "utf-8")
        changed = catalog.keep(Course.open(tmp_path / "course"))
        os.utime(path, (1, 1))
        touched = catalog.keep(Course.open(tmp_path / "course"))
        minutes = [hit.minutes for hit in catalog.find("", Where(minutes=11)) if hit.slug == "second"]
        path.unlink()
        catalog.keep(Course.open(tmp_path / "course"))

        assert (first, again, changed, touched) == (2, 0, 1, 0)
        assert minutes == [11]
        assert [hit.slug for hit in catalog.find("")] == ["counting_vowels"]


def test_a_broken_lesson_keeps_no_other_from_being_found(tmp_path: Path, indexing: ModuleType) -> None:
    """It is left out; `hornbook doctor` says what is the matter with it."""
    new_course(tmp_path / "course")
    (tmp_path / "course/lessons/broken.ipynb").write_text("{", "utf-8")
    with opened(tmp_path / "catalog.sqlite", indexing) as catalog:
        assert catalog.keep(Course.open(tmp_path / "course")) == 1


def test_another_copy_of_a_course_does_not_empty_it(tmp_path: Path, indexing: ModuleType) -> None:
    """Of two courses of one name in two folders, one that lacks a lesson does not take it from the other."""
    for name in ("one", "two"):
        new_course(tmp_path / name / "course")
    new_lesson(Course.open(tmp_path / "one/course"), "second")
    with opened(tmp_path / "catalog.sqlite", indexing) as catalog:
        catalog.keep(Course.open(tmp_path / "one/course"))
        catalog.keep(Course.open(tmp_path / "two/course"))

        assert {hit.slug for hit in catalog.find("")} == {"counting_vowels", "second"}


def test_hornbook_finds_and_relates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The two public names use the catalog that the environment names."""
    monkeypatch.setenv("HORNBOOK_CATALOG", str(tmp_path / "catalog.sqlite"))
    monkeypatch.setenv("HORNBOOK_INDEX", "exact")
    course = Course.open(Path(__file__).parent.parent)

    assert hornbook.find("game of life", course=course)[0].slug == "life_on_a_grid"
    assert "tidy_expenses" in {hit.slug for hit in hornbook.related("secret_messages", course)[:3]}
    assert (tmp_path / "catalog.sqlite").stat().st_size > 0


# --- Several at once, and whatever goes amiss ------------------------------------------------------------------------


def test_two_processes_write_at_once(where: Path | str, indexing: ModuleType) -> None:
    """Nobody's documents are lost, and none is there twice."""
    refused: list[BaseException] = []

    def write(first: int) -> None:
        try:
            with opened(where, indexing) as catalog:
                for number in range(first, first + 20):
                    catalog.add(indexing.document(number), indexing.document(100))
        except HornbookError as error:
            refused.append(error)

    threads = [threading.Thread(target=write, args=(first,)) for first in (0, 20, 40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    with opened(where, indexing) as catalog:
        assert refused == []
        assert catalog.check() == dataclasses.replace(catalog.check(), documents=61, problems=())


def test_a_reader_sees_what_another_process_has_written(tmp_path: Path, indexing: ModuleType) -> None:
    """What was added, replaced and removed elsewhere is found so at the next question."""
    with opened(tmp_path / "c.sqlite", indexing) as reader, opened(tmp_path / "c.sqlite", indexing) as writer:
        for version in (0, 1):
            writer.add(indexing.document(1, version), indexing.document(2))
            assert indexing.document(1).key in {hit.key for hit in reader.find(f"version{version}x{version} Lesson 1")}
        writer.remove(indexing.document(1).key)

        assert {hit.key for hit in reader.find("Lesson number")} == {indexing.document(2).key}


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    """In one sentence, and it is left as it is."""
    (tmp_path / "catalog.sqlite").write_bytes(b"not a database, " * 100)
    with pytest.raises(HornbookError, match=r"catalog\.sqlite: the catalog cannot be used: file is not a database"):
        Catalog.open(tmp_path / "catalog.sqlite")

    assert (tmp_path / "catalog.sqlite").read_bytes().startswith(b"not a database")


def test_a_damaged_database_is_noticed(tmp_path: Path, indexing: ModuleType) -> None:
    """`check` says so instead of answering from it."""
    path = tmp_path / "catalog.sqlite"
    with opened(path, indexing) as catalog:
        catalog.add(*(indexing.document(number) for number in range(50)))
        catalog.store.close()
        data = bytearray(path.read_bytes())
        data[20_000:28_000] = b"\0" * 8_000
        path.write_bytes(data)
        try:
            problems = catalog.check().problems
        except HornbookError as error:
            problems = (str(error),)

    assert problems


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    """A file where the folder should be."""
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(HornbookError, match="the catalog cannot be kept there"):
        Catalog.open(tmp_path / "file" / "catalog.sqlite")


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("mysql://x", "is no database that can be spoken to"),
        ("://", "is no database that can be spoken to"),
        ("oracle+nothing://x", "is no database that can be spoken to"),
        ("mysql+pymysql://ada:secret@db/x", "is no database that can be spoken to"),
        ("postgresql+psycopg://x@/y?host=/nowhere", "the catalog cannot be used"),
    ],
)
def test_an_address_that_leads_nowhere_is_named(url: str, sentence: str) -> None:
    """Without the password that may be in it."""
    with pytest.raises(HornbookError, match=sentence) as caught:
        Catalog.open(url)

    assert "secret" not in str(caught.value)


def test_only_the_two_databases_are_spoken_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another one that SQLAlchemy knows is refused by name."""
    monkeypatch.setitem(sys.modules, "MySQLdb", sqlite3)
    with pytest.raises(HornbookError, match="kept in SQLite or PostgreSQL, and this is mysql"):
        Catalog.open("mysql://x/y")


def test_a_later_format_is_refused(tmp_path: Path, indexing: ModuleType) -> None:
    """A catalog that a later hornbook has made is not written to."""
    opened(tmp_path / "catalog.sqlite", indexing).close()
    with sqlite3.connect(tmp_path / "catalog.sqlite") as connection:
        connection.execute("UPDATE format SET number = ?", (FORMAT + 1,))
    connection.close()
    with pytest.raises(HornbookError, match=f"has format {FORMAT + 1}, which a later hornbook has made"):
        Catalog.open(tmp_path / "catalog.sqlite")


def test_an_index_that_there_is_none_of_is_refused(tmp_path: Path) -> None:
    """The setting is named, with what it may be."""
    with pytest.raises(HornbookError, match='"quick" is no index: it is "auto", "exact" or a Chroma server'):
        Catalog.open(tmp_path / "catalog.sqlite", index="quick")


def test_a_full_disk_is_named_and_nothing_is_half_written(tmp_path: Path, indexing: ModuleType) -> None:
    """What was there is found as before; what did not fit is not there at all."""
    with opened(tmp_path / "catalog.sqlite", indexing) as catalog:
        catalog.add(indexing.document(1))
        with catalog.store.engine.connect() as connection:
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
            connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")
        big = Document("big", "Big", passages=tuple(Passage(f"word{number} " * 500) for number in range(50)))
        with pytest.raises(HornbookError, match="the catalog cannot be used: database or disk is full"):
            catalog.add(indexing.document(2), big)

        assert [hit.key for hit in catalog.find("")] == [indexing.document(1).key]
        assert catalog.check().problems == ()


@pytest.mark.parametrize("vectors", [[[1.0, 0.0]], [[float("nan")] * 256], [[2.0] + [0.0] * 255], [[0.0] * 256], []])
def test_an_embedder_that_gives_something_else_is_refused(tmp_path: Path, indexing: ModuleType, vectors: list[list[float]]) -> None:
    """By name, before anything is written: a number that is none would make every answer nonsense."""

    class Odd(indexing.Hashed):  # type: ignore[name-defined,misc]
        def embed(self, texts: object) -> object:
            del texts
            return vectors

    with opened(tmp_path / "catalog.sqlite", indexing, embedder=Odd("odd")) as catalog:
        with pytest.raises(HornbookError, match='The embedder "odd" must give one vector of length 1 and 256 numbers a text'):
            catalog.add(indexing.document(1))

        assert catalog.find("") == ()


def test_names_that_are_no_text_are_no_hindrance(tmp_path: Path, indexing: ModuleType) -> None:
    """A folder whose name is not UTF-8, and a filter that nobody could have typed."""
    odd = tmp_path / os.fsdecode(b"caf\xe9")
    new_course(odd / "course")
    with opened(tmp_path / "catalog.sqlite", indexing) as catalog:
        written = [catalog.keep(Course.open(odd / "course")) for _ in range(2)]

        assert written == [1, 0]
        assert catalog.find("", Where.of({"kind": "\ud800", "skills": ["\0"]})) == ()
        with pytest.raises(HornbookError, match="is not in the catalog"):
            catalog.related("\ud800")


def test_words_that_were_lost_are_made_again(where: Path | str, indexing: ModuleType) -> None:
    """What is not truth is noticed where it is missing, and comes back from what is."""
    with opened(where, indexing) as catalog:
        catalog.add(*(indexing.document(number) for number in range(5)))
        with catalog.store.writing() as connection:
            connection.exec_driver_sql("DELETE FROM words")
            connection.exec_driver_sql("DELETE FROM word")
        lost = catalog.check().problems
        report = catalog.rebuild()

        assert len(lost) == 1
        assert lost[0].startswith("0 documents can be found by their words")
        assert report.problems == ()
        assert catalog.find("number3")[0].key == indexing.document(3).key


def test_a_catalog_of_another_model_is_noticed_and_repaired(where: Path | str, indexing: ModuleType) -> None:
    """Vectors of two models are never compared: some are made again at once, all of them when asked."""
    with opened(where, indexing, embedder=indexing.Hashed("old")) as catalog:
        catalog.add(*(indexing.document(number) for number in range(70)))
    with opened(where, indexing, embedder=indexing.Hashed("new")) as catalog:
        noticed = catalog.check().problems
        answered = catalog.find("number3")[0].key
        left = catalog.check().problems
        repaired = catalog.rebuild()

        assert noticed == ("70 documents were embedded by another model than new/card-1.",)
        assert answered == indexing.document(3).key
        assert left == ("6 documents were embedded by another model than new/card-1.",)
        assert repaired.problems == ()
