"""`hornbook.catalog`, its search: what is asked in a learner's words finds the lesson, and says why."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from hornbook import Course
from hornbook.catalog import Catalog, Document, Passage, Where, artifact_document, ranked
from hornbook.catalog import catalog as whole
from hornbook.catalog.passages import MAX_TEXT, notebook_passages, plain, shown
from hornbook.catalog.search import blended, fused
from hornbook.catalog.terms import error_in, near, one_slip, stem, telling, terms
from hornbook.errors import HornbookError
from hornbook.publish import Artifact
from hornbook.words import speaking

if TYPE_CHECKING:
    from types import ModuleType

    from conftest import Passed

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Catalog]:
    """Give a catalog of our own lessons, with the real model."""
    with Catalog.open(tmp_path_factory.mktemp("catalog") / "catalog.sqlite", index="exact") as catalog:
        catalog.keep(Course.open(ROOT))
        yield catalog


# --- Finding ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "slug"),
    [
        ("how do I fill missing values", "bike_count"),
        ("smooth a noisy signal", "steady_pulse"),
        ("decode a hidden text", "secret_messages"),
        ("bar chart that does not mislead", "honest_chart"),
        ("game of life", "life_on_a_grid"),
        ("read prices from lines of text", "tidy_expenses"),
    ],
)
def test_a_question_finds_its_lesson(catalog: Catalog, text: str, slug: str) -> None:
    """What a learner asks in words of their own comes first."""
    assert catalog.find(text)[0].slug == slug


@pytest.mark.parametrize(
    ("text", "slug"), [("moving avarage", "steady_pulse"), ("mising vaules", "bike_count"), ("exeptions", "tidy_expenses")]
)
def test_a_slip_of_the_pen_is_forgiven(catalog: Catalog, text: str, slug: str) -> None:
    """A letter too many, too few, another one or two exchanged: it is found all the same, and the right word is shown."""
    (hit, *_) = catalog.find(text)

    assert hit.slug == slug
    assert hit.matched


TRACEBACK = """
Traceback (most recent call last):
  File "/home/ada/work.py", line 3, in <module>
    total = prices["price"]
            ~~~~~~^^^^^^^^^
KeyError: 'price'
"""


@pytest.mark.parametrize("text", ["KeyError: 'price'", TRACEBACK, f"why does this happen?\n{TRACEBACK}\nplease help"])
def test_an_error_message_finds_the_lesson_that_teaches_it(catalog: Catalog, text: str) -> None:
    """A key that is missing is about dictionaries, however much of the traceback is pasted."""
    (hit, *_) = catalog.find(text)

    assert "dictionaries" in hit.skills
    assert hit.reasons[0] == "It is about what KeyError tells."
    assert "dictionary" in hit.matched


def test_a_hit_leads_to_the_passage(catalog: Catalog) -> None:
    """It names the cell, shows what stands there, and which of its words were asked for."""
    (hit, *_) = catalog.find("np.roll the rows", Where(course="hornbook"))
    cell = json.loads((ROOT / "lessons/numpy/life_on_a_grid.ipynb").read_bytes())["cells"][hit.cell - 1]

    assert hit.slug == "life_on_a_grid"
    assert "roll" in hit.matched
    assert "roll" in hit.passage
    assert "roll" in "".join(cell["source"])
    assert hit.passage.split()[0].strip("…") in "".join(cell["source"])


def test_every_hit_has_a_reason(catalog: Catalog) -> None:
    """Words, skills or meaning: nothing is found without one, and it is said in the learner's language."""
    for text in ("dictionary", "what to do on a rainy day", "ValueError: could not convert string to float: 'x'"):
        assert all(hit.reasons for hit in catalog.find(text))
    with speaking("de"):
        assert catalog.find("dictionary")[0].reasons[0].startswith("Hier geht es um: ")


def test_a_hit_is_plain_data(catalog: Catalog) -> None:
    """It can be sent as JSON, and has all that a row of results shows."""
    data = json.loads(json.dumps(catalog.find("moving average of a pulse")[0].plain()))

    assert data["key"] == "lesson:hornbook/steady_pulse"
    assert (data["title"], data["level"], data["minutes"]) == ("A steady pulse", "intermediate", 12)
    assert data["place"].endswith("steady_pulse.ipynb")
    assert 0 < data["score"] <= 1


@pytest.mark.parametrize(
    "text",
    ["qwrtzpfgh", "\0", "\ud800", '" OR words:* NEAR(', "; DROP TABLE document; --", "!?", "🙂", "%", "'", "x" * 100_000, "und " * 9_000],
)
def test_a_strange_query_is_no_danger(catalog: Catalog, text: str) -> None:
    """Whatever is asked is answered, if only with nothing."""
    assert len(catalog.find(text)) <= 10


# --- Filters ---------------------------------------------------------------------------------------------------------

SHELF = tuple(
    Document(
        f"lesson:{course}/n{number}",
        f"Lesson {number}",
        course=course,
        slug=f"n{number}",
        passages=(Passage(f"loops and word{number}"),),
        skills=("Loops", f"Skill {number % 3}"),
        level=("beginner", "intermediate", "advanced")[number % 3],
        minutes=5 + number if number % 7 else None,
        authors=(f"Author {number % 4}",),
        language="de" if number % 5 == 0 else "en",
        assurance="self-checked" if number % 2 else "",
        kind="artifact" if number % 2 else "lesson",
        created=datetime(2026, 1, 1 + number, 12, tzinfo=UTC) if number % 2 else None,
    )
    for number, course in enumerate(["one", "two"] * 10)
)
FILTERS: tuple[dict[str, Any], ...] = (
    {"kind": "artifact"},
    {"course": "two"},
    {"skills": ["loops", "SKILL 1"]},
    {"levels": ["beginner", "advanced"]},
    {"minutes": 12},
    {"author": "author 2"},
    {"language": "de"},
    {"assurance": "self-checked"},
    {"since": "2026-01-08"},
    {"until": datetime(2026, 1, 8, 12, tzinfo=UTC)},
    {"skills": "Skill 0", "levels": "beginner", "minutes": 20, "language": "en"},
    {"skills": ["nobody's"]},
)


def expected(given: dict[str, Any]) -> set[str]:
    """Return the keys of SHELF for which *given* holds, by reading it as a person would."""
    where = Where.of(given)

    def holds(one: Document) -> bool:
        plain = all(getattr(where, name) in (None, getattr(one, name)) for name in ("kind", "course", "language", "assurance"))
        skills = {skill.casefold() for skill in where.skills} <= {skill.casefold() for skill in one.skills}
        level = not where.levels or one.level in where.levels
        minutes = where.minutes is None or (one.minutes is not None and one.minutes <= where.minutes)
        author = where.author is None or where.author.casefold() in {name.casefold() for name in one.authors}
        since = where.since is None or (one.created is not None and one.created >= where.since)
        until = where.until is None or (one.created is not None and one.created <= where.until)
        return plain and skills and level and minutes and author and since and until

    return {one.key for one in SHELF if holds(one)}


@pytest.mark.parametrize("given", FILTERS, ids=",".join)
@pytest.mark.parametrize("index", ["auto", "exact"])
def test_filters_hold_for_words_and_for_meaning(tmp_path: Path, indexing: ModuleType, index: str, given: dict[str, Any]) -> None:
    """Chroma and the database filter alike: what is found is all that the filter holds for, and nothing else."""
    with Catalog.open(tmp_path / "catalog.sqlite", embedder=indexing.Hashed(), index=index) as catalog:
        catalog.add(*SHELF)
        by_words = catalog.find("loops", Where.of(given), limit=50)
        by_meaning = catalog.find("lesson nothing else", Where.of(given), limit=50)
        listed = catalog.find("", Where.of(given), limit=50)

        assert catalog._chroma is None if index == "exact" else catalog._chroma and catalog._chroma.opened
        assert not catalog.trouble

    assert {hit.key for hit in by_words} == expected(given)
    assert {hit.key for hit in by_meaning} <= expected(given)
    assert {hit.key for hit in listed} == expected(given)


@pytest.mark.parametrize("looked_at", [1, 5, 12, 1_000])
def test_however_few_fit_a_filter_the_nearest_of_them_are_found(
    tmp_path: Path, indexing: ModuleType, monkeypatch: pytest.MonkeyPatch, looked_at: int
) -> None:
    """Whether the filter is asked of the nearest or of all makes no difference to what is found."""
    monkeypatch.setattr(whole, "LOOKED_AT", looked_at)
    where = Where(skills=("Skill 1",))
    with Catalog.open(tmp_path / "catalog.sqlite", embedder=indexing.Hashed(), index="exact") as catalog:
        catalog.add(*SHELF)
        with catalog.store.reading() as connection:
            every = [ident for ident, _ in catalog._nearest(connection, "loops and word4", 100, Where())]
            fits = set(map(int, catalog.store.idents(connection, where)))
            found = [ident for ident, _ in catalog._nearest(connection, "loops and word4", 3, where)]

        assert len(found) == 3
        assert found == [ident for ident in every if ident in fits][:3]


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"skill": "x"}, 'Nothing is found by "skill"; did you mean "skills"'),
        ({"skills": 3}, '"skills" must be a list of texts'),
        ({"levels": [1]}, '"levels" must be a list of texts'),
        ({"minutes": "5"}, '"minutes" must be a whole number'),
        ({"minutes": True}, '"minutes" must be a whole number'),
        ({"since": "soon"}, '"since" must be a date'),
        ({"until": 5}, '"until" must be a date'),
        ({"author": ["x"]}, '"author" must be a text'),
    ],
)
def test_a_filter_that_makes_no_sense_is_refused(given: dict[str, Any], sentence: str) -> None:
    """It is named with what it should be."""
    with pytest.raises(HornbookError, match=sentence):
        Where.of(given)


# --- Documents -------------------------------------------------------------------------------------------------------


def test_an_artifact_is_found_by_what_its_learner_wrote(tmp_path: Path, passed: Passed) -> None:
    """Its page is where it lies, its skills and its assurance can be filtered by, and no name of a person is in it."""
    artifact = passed.publish(tmp_path / "portfolio", learner="Grace Hopper")
    document = artifact_document(artifact, passed.lesson, course="hornbook", author="did:key:z6Mk")

    assert document.key == f"artifact:hornbook/{passed.lesson.slug}@did:key:z6Mk"
    assert (document.kind, document.assurance, document.place) == ("artifact", "self-checked", str(artifact.page))
    assert any(passage.kind == "code" and passage.cell for passage in document.passages)
    assert "Grace" not in str(document)
    with Catalog.open(tmp_path / "catalog.sqlite", index="exact") as catalog:
        catalog.add(document)
        (hit,) = catalog.find(passed.lesson.title, Where(kind="artifact", assurance="self-checked", skills=document.skills[:1]))

        assert hit.created == artifact.created


def test_an_artifact_is_there_once_and_can_be_withdrawn(tmp_path: Path, passed: Passed) -> None:
    """What is published anew takes the place of what was, and what is revoked is found no longer."""
    later = passed.with_cells({"cell_type": "markdown", "source": "Now with a xylophone"})
    first, second = passed.publish(tmp_path / "portfolio"), later.publish(tmp_path / "portfolio")
    with Catalog.open(tmp_path / "catalog.sqlite", index="exact") as catalog:
        for artifact in (first, second):
            catalog.add(artifact_document(artifact, passed.lesson, course="hornbook", author="did:key:z6Mk"))
        (hit,) = catalog.find("xylophone", Where(kind="artifact"))
        withdrawn = catalog.withdraw(first.page), catalog.withdraw(second.page)

        assert first.page != second.page
        assert hit.place == str(second.page)
        assert withdrawn == (0, 1)
        assert catalog.find("") == ()


def test_what_one_learner_was_issued_can_be_withdrawn_without_the_artifact(tmp_path: Path, passed: Passed) -> None:
    """Lesson, issuer and learner are enough; what others have, or have issued, stays."""
    artifact = passed.publish(tmp_path / "portfolio")
    with Catalog.open(tmp_path / "catalog.sqlite", index="exact") as catalog:
        for author, learner in (("did:web:a", "did:key:one"), ("did:web:a", "did:key:two"), ("did:web:b", "did:key:one")):
            catalog.add(artifact_document(artifact, passed.lesson, course="hornbook", author=author, learner=learner))

        assert catalog.withdraw_issued("another", "did:web:a", "did:key:one") == 0
        assert catalog.withdraw_issued(passed.lesson.slug, "did:web:a", "did:key:one") == 1
        assert {hit.authors for hit in catalog.find("")} == {("did:web:a", "did:key:two"), ("did:web:b", "did:key:one")}


def test_an_artifact_has_neighbours_if_it_is_known(tmp_path: Path, passed: Passed) -> None:
    """Others of the catalog, by their folders; of one that was never entered nothing is known."""
    mine, stranger = (
        passed.publish(tmp_path / "portfolio"),
        passed.with_cells({"cell_type": "markdown", "source": "x"}).publish(tmp_path / "p"),
    )
    other = dataclasses.replace(passed.lesson, slug="another")
    with Catalog.open(tmp_path / "catalog.sqlite", index="exact") as catalog:
        document = artifact_document(mine, passed.lesson, course="hornbook", author="a")
        beside = dataclasses.replace(document, key="artifact:b", slug=other.slug, place=str(tmp_path / "portfolio" / "b" / "index.html"))
        catalog.add(document, beside)

        assert catalog.neighbours(mine) == [tmp_path / "portfolio" / "b"]
        assert catalog.neighbours(stranger) is None


def test_a_portfolio_is_the_same_by_whichever_link_one_comes(tmp_path: Path, passed: Passed) -> None:
    """What was entered through a link is known, and withdrawn, without it, and the other way round."""
    (tmp_path / "link").symlink_to(tmp_path / "real")
    artifact = passed.publish(tmp_path / "real")
    by_link = Artifact.open(tmp_path / "link" / artifact.id)
    with Catalog.open(tmp_path / "catalog.sqlite", index="exact") as catalog:
        for entered, asked in ((artifact, by_link), (by_link, artifact)):
            catalog.add(artifact_document(entered, passed.lesson, course="hornbook", author="a"))

            assert catalog.neighbours(asked) == []
            assert catalog.withdraw(asked.page) == 1


# --- What teaches it -------------------------------------------------------------------------------------------------

TEACHERS = (
    Document("lesson:c/dictionaries", "Dictionaries", course="c", slug="dictionaries", passages=(Passage("keys and values"),)),
    Document("lesson:c/traps", "Traps", course="c", slug="traps", passages=(Passage("d['x'] gives a KeyError"),)),
    Document("lesson:c/prices", "Prices", course="c", slug="prices", passages=(Passage("the price of a dictionary in a shop"),)),
    Document("artifact:x", "Dictionaries", kind="artifact", passages=(Passage("KeyError"),)),
)


def test_what_teaches_an_error_message_is_a_lesson_about_it(tmp_path: Path) -> None:
    """Its title or a skill is what the exception is about, or it names the exception; one that only has such a word in it does not."""
    with Catalog.open(tmp_path / "catalog.sqlite", index="exact") as catalog:
        catalog.add(*TEACHERS)
        found = catalog.teaching("KeyError: 'price'")

        assert {hit.slug for hit in found} == {"dictionaries", "traps"}
        assert {hit.slug for hit in catalog.teaching("KeyError: 'price'", limit=1)} < {"dictionaries", "traps"}
        assert catalog.teaching("KeyError: 'price'", Where(course="another")) == ()
        assert catalog.teaching("my price is not there") == ()


def test_plain_records_can_be_ranked(tmp_path: Path) -> None:
    """Documents of a benchmark, as JSON has them, are ranked by their ids."""
    records: list[dict[str, Any]] = [
        {"id": "a", "title": "Cooking rice", "headings": ["Water"], "text": "Boil it.", "skills": ["cooking"]},
        {
            "id": "b",
            "title": "Reading a CSV",
            "text": "# Tables\nread_csv makes a table.",
            "code": "pd.read_csv(path)",
            "level": "beginner",
        },
    ]

    assert next(iter(ranked(records, ["load a table from a file"], tmp_path / "c.sqlite"))) == ("load a table from a file", ["b"])


@pytest.mark.parametrize(
    "record", [{}, {"id": "a"}, {"id": "a", "title": 3}, {"id": "a", "title": "x", "skills": "y"}, {"id": 1, "title": "x"}]
)
def test_a_record_that_lacks_something_is_refused(record: dict[str, Any]) -> None:
    """It is shown, with what a document needs."""
    with pytest.raises(HornbookError, match="is no document"):
        Document.of(record)


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"cells": [3]}', b"\xff", b"[" * 100_000])
def test_a_file_that_is_no_notebook_is_refused(tmp_path: Path, content: bytes) -> None:
    """In one sentence with its name; and one that is not there as well."""
    (tmp_path / "n.ipynb").write_bytes(content)
    with pytest.raises(HornbookError, match="is not a notebook"):
        notebook_passages(tmp_path / "n.ipynb")

    with pytest.raises(HornbookError, match="cannot be read"):
        notebook_passages(tmp_path / "none.ipynb")


def test_a_huge_document_is_cut_to_size(tmp_path: Path, indexing: ModuleType) -> None:
    """It is found by its beginning, with whatever no database can hold taken out of it."""
    huge = Document.of(
        {"id": "huge", "title": "A\0B \ud800 beginning", "text": "\n".join(f"# part {n}\n{'word ' * 3_000}" for n in range(100))}
    )
    with Catalog.open(tmp_path / "catalog.sqlite", embedder=indexing.Hashed(), index="exact") as catalog:
        catalog.add(huge)

        assert [hit.key for hit in catalog.find("beginning")] == ["huge"]
    assert sum(len(passage.text) for passage in huge.passages) <= MAX_TEXT


def test_a_digest_changes_with_whatever_can_be_found() -> None:
    """And with nothing else: a file that was moved is the same document."""
    one = Document("k", "Title", passages=(Passage("text", "prose", 1),))
    others = [
        {"title": "T"},
        {"skills": ("x",)},
        {"minutes": 3},
        {"passages": (Passage("text", "code", 1),)},
        {"created": datetime(2026, 1, 1, tzinfo=UTC)},
    ]
    digests = {one.digest, *(dataclasses.replace(one, **other).digest for other in others)}  # type: ignore[arg-type]

    assert len(digests) == 6
    assert dataclasses.replace(one, place="x", stamp="y").digest == one.digest


def test_marks_are_no_text() -> None:
    """What Markdown draws with is not read aloud, and addresses are not words."""
    assert plain("## A **bold** [link](https://x.org) ![](a.png)\n- `code_name`").split() == ["A", "bold", "link", "code_name"]


def test_a_long_passage_is_shown_where_it_matters() -> None:
    """The words that were asked for are in what is shown of it."""
    passage = Passage("filler words " * 200 + "the needle " + "more words " * 200)

    assert "needle" in shown(passage, ["needle"])
    assert len(shown(passage, ["needle"])) < 260


# --- Words -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("readCsv() of missing values", ["read", "csv", "of", "miss", "valu"]),
        ("KeyError", ["key", "error", "keyerror"]),
        ("moving_average", ["move", "averag"]),
        ("Café Übung", ["cafe", "ubung"]),
        ("日本語", ["日本", "本語"]),
        ("", []),
    ],
)
def test_a_text_becomes_terms(text: str, found: list[str]) -> None:
    """Case, accents, endings and the seams of identifiers do not matter."""
    assert terms(text) == found


def test_what_says_nothing_is_left_out_unless_there_is_nothing_else() -> None:
    """Questions are full of small words."""
    assert telling("How do I use a loop?") == ["loop"]
    assert telling("how to do it") == ["how", "to", "do", "it"]


@pytest.mark.parametrize(
    ("one", "other", "near"),
    [
        ("loop", "lop", True),
        ("loop", "loops", True),
        ("loop", "lopo", True),
        ("loop", "leap", False),
        ("form", "from", True),
        ("loop", "loop", True),
    ],
)
def test_one_slip_is_one_letter(one: str, other: str, *, near: bool) -> None:
    """Left out, put in, another, or swapped."""
    assert one_slip(one, other) is one_slip(other, one) is near


def test_the_commonest_neighbour_was_meant() -> None:
    """Of several words that could have been meant the most frequent is taken; none where none is near."""
    assert near(stem("dictonary"), [("dictionari", 5), ("diction", 9)]) == "dictionari"
    assert near("loup", [("loop", 3), ("soup", 9)]) == "soup"
    assert near("xyz", [("loop", 3)]) is None


@pytest.mark.parametrize(
    ("text", "name", "about"),
    [
        ("KeyError: 'price'", "KeyError", "dictionar"),
        ("json.decoder.JSONDecodeError: Expecting value: line 1", "JSONDecodeError", "JSON"),
        ('TypeError: can only concatenate str (not "int") to str', "TypeError", "number to text"),
        ("ValueError: operands could not be broadcast together with shapes (3,) (4,)", "ValueError", "broadcasting"),
        ("KeyError\n\nThe above exception...\n\nRuntimeError: no", "RuntimeError", "exceptions"),
        ('  File "/x/pandas/core/frame.py"\nKeyError: "x"', "KeyError", "pandas"),
    ],
)
def test_an_error_message_is_understood(text: str, name: str, about: str) -> None:
    """The last exception counts, its values are left out, and it stands for what lessons teach."""
    error = error_in(text)

    assert error is not None
    assert error.name == name
    assert about in error.topics
    assert "price" not in error.message


def test_a_question_is_no_error_message() -> None:
    """Talking about errors is not showing one."""
    assert error_in("what is an error?") is None


def test_the_first_of_both_rankings_is_first() -> None:
    """Ranks are fused: what both find is better than what one finds, and the best possible score is 1."""
    assert fused([1, 2], [1, 3])[0] == (1, 1.0)
    assert fused([5, 1], [6, 1])[0][0] == 1


def test_words_add_to_what_is_meant() -> None:
    """Of two that are as near the one that is named is first; words of many carry nobody past what is near, a word of few does."""
    assert blended([2], {1: 0.5, 2: 0.5})[0][0] == 2
    assert [ident for ident, _ in blended([9, 2, 7, 8], {1: 0.8, 2: 0.6, 3: 0.3})] == [1, 2, 9, 7, 8, 3]
    assert blended([9], {1: 0.5, 2: 0.3})[0][0] == 9
    assert [ident for ident, _ in blended([4], {})] == [4]
    assert all(0 <= score <= 1 for _, score in blended([1], {1: 1.0, 2: -0.5}))
