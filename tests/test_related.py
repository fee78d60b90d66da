"""`hornbook.catalog.steps`: what to do next can be begun now, is a small step, differs from the others, and has its reason."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from hornbook.catalog import Catalog, Document, Hit, Passage, Where, lesson_key
from hornbook.errors import HornbookError

if TYPE_CHECKING:
    from types import ModuleType


def lesson(slug: str, about: str = "", *, course: str = "c", level: str = "beginner", **other: Any) -> Document:
    """Return a lesson that is *about* some words."""
    title = slug.replace("_", " ").capitalize()
    passages = (Passage(about or slug),)
    return Document(lesson_key(course, slug), title, course=course, slug=slug, level=level, passages=passages, **other)


LESSONS = (
    lesson("loops", skills=("Loops",)),
    lesson("lists", skills=("Loops", "Lists"), requires=("loops",)),
    lesson("mean", "loops and sums", skills=("Statistics",), requires=("loops",), level="intermediate"),
    lesson("regression", skills=("Loops", "Statistics"), level="advanced"),
    lesson("sorting", skills=("Loops",), requires=("lists",)),
    lesson("while", "loops loops loops", skills=("Loops",)),
    lesson("poetry", "verse and rhyme, metre and stanza: sonnet, ode, ballad, haiku, limerick", skills=("Verse",)),
    *(lesson(f"turtle_{number}", "draw with loops", course="turtle", skills=("Loops",)) for number in range(5)),
    Document("artifact:a", "Loops of mine", kind="artifact", course="c", slug="loops", skills=("Loops",)),
)


@pytest.fixture
def catalog(tmp_path: Path, indexing: ModuleType) -> Iterator[Catalog]:
    """Give a catalog of a few lessons of two courses."""
    with Catalog.open(tmp_path / "catalog.sqlite", embedder=indexing.Hashed(), index="exact") as catalog:
        catalog.add(*LESSONS)
        yield catalog


def slugs(hits: tuple[Hit, ...]) -> list[str]:
    """Return the slugs of *hits*."""
    return [hit.slug for hit in hits]


def test_what_builds_on_it_and_trains_the_same_comes_first(catalog: Catalog) -> None:
    """A lesson that requires this one is the next; both reasons are told."""
    first, *_ = catalog.related("lesson:c/loops")

    assert first.slug == "lists"
    assert first.reasons == ("It builds on Loops.", "It trains Loops, too.")


def test_what_cannot_be_begun_yet_is_left_out(catalog: Catalog) -> None:
    """A lesson comes when all that it requires is passed, and not before."""
    assert "sorting" not in slugs(catalog.related("lesson:c/loops", limit=20))
    assert "sorting" in slugs(catalog.related("lesson:c/loops", passed={"lists"}, limit=20))


class Unwilling:
    """An embedder that nobody may ask."""

    name, dimensions = "hashed", 256

    def embed(self, texts: Sequence[str]) -> Any:
        """Refuse."""
        raise AssertionError(texts)


def test_what_is_known_is_related_without_a_model(catalog: Catalog) -> None:
    """The vector that a lesson has is enough: a server that tells what comes next need not load what makes vectors."""
    before = catalog.related("lesson:c/loops"), catalog.alike("lesson:c/loops")
    catalog.embedder = Unwilling()

    assert (catalog.related("lesson:c/loops"), catalog.alike("lesson:c/loops")) == before


def test_what_is_alike_is_of_other_lessons_and_has_its_reason(catalog: Catalog) -> None:
    """Shared skills count beside meaning; of one lesson the nearest is enough, and the lesson itself is not like itself."""
    twice = [
        Document(
            f"artifact:{name}", "Lists of mine", kind="artifact", course="c", slug="lists", skills=("Loops",), passages=(Passage("lists"),)
        )
        for name in "xy"
    ]
    catalog.add(*twice)
    found = catalog.alike("artifact:a", Where(kind="artifact"))

    assert [(hit.key, hit.reasons) for hit in found] == [("artifact:x", ("It trains Loops, too.",))]
    assert "artifact:a" not in [hit.key for hit in catalog.alike("lesson:c/loops")]
    with pytest.raises(HornbookError, match="nothing: is not in the catalog"):
        catalog.alike("nothing")


def test_what_is_passed_is_left_out(catalog: Catalog) -> None:
    """By its slug in the same course, by its key in another; a slug says nothing of another course."""
    found = catalog.related("lesson:c/loops", passed={"lists", "while", "lesson:turtle/turtle_0", "turtle_1"}, limit=20)

    assert not {"loops", "lists", "while", "turtle_0"} & set(slugs(found))
    assert "turtle_1" in slugs(found)


def test_a_step_goes_up_one_level_at_most(catalog: Catalog) -> None:
    """From beginner to intermediate, which is said; never to advanced."""
    found = {hit.slug: hit.reasons for hit in catalog.related("lesson:c/loops", limit=20)}

    assert "regression" not in found
    assert found["mean"] == ("It builds on Loops.", "It is one level up.")
    assert "regression" in slugs(catalog.related("lesson:c/mean", passed={"loops"}, limit=20))


def test_one_course_does_not_crowd_out_the_others(catalog: Catalog) -> None:
    """Of another course there are two, as long as there is something else."""
    found = slugs(catalog.related("lesson:c/loops", limit=5))

    assert len(found) == 5
    assert sum(slug.startswith("turtle") for slug in found) == 2
    assert len(slugs(catalog.related("lesson:c/loops", limit=20))) == len({*slugs(catalog.related("lesson:c/loops", limit=20))}) == 8


def test_every_step_has_its_reason_and_is_a_lesson(catalog: Catalog) -> None:
    """Nothing is recommended for nothing, and what others have made is no step."""
    found = catalog.related("lesson:c/loops", limit=20)

    assert all(hit.reasons for hit in found)
    assert {hit.kind for hit in found} == {"lesson"}
    assert "poetry" not in slugs(found)


def test_what_does_not_work_yet_is_mended_first(catalog: Catalog) -> None:
    """A lesson that teaches what an error message is about, or what a check has asked for, comes before the next step."""
    catalog.add(lesson("keys", "the keys of dictionaries", skills=("Dictionaries",)))
    by_error = catalog.related("lesson:c/loops", trouble="KeyError: 'price'")
    by_words = catalog.related("lesson:c/loops", trouble="the verse")

    assert (by_error[0].slug, by_error[0].reasons[0]) == ("keys", "It is about what KeyError tells.")
    assert (by_words[0].slug, by_words[0].reasons[0]) == ("poetry", "It teaches what did not work yet.")
    assert "lists" in slugs(by_error)


def test_a_document_of_ones_own_has_next_steps(catalog: Catalog) -> None:
    """A notebook that is in no catalog is compared by what it says."""
    own = Document("mine", "My notebook", passages=(Passage("draw with loops"),), skills=("Verse",))
    found = catalog.related(own, limit=20)

    assert "poetry" in slugs(found)
    assert "turtle_0" in slugs(found)


def test_a_key_that_no_document_has_is_named(catalog: Catalog) -> None:
    """With a way to see which there are."""
    with pytest.raises(HornbookError, match=r"lesson:c/none: is not in the catalog\. `hornbook find` shows what there is\."):
        catalog.related("lesson:c/none")
