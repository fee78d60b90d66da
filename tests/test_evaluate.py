"""The evaluation of search, benchmarks/search: its measures, and that its labels follow from its rules and from nothing else."""

from __future__ import annotations

import importlib.util
import json
import re
import sys
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent.parent / "benchmarks" / "search"


def _script(name: str) -> Any:
    """Return a script of benchmarks/search as a module."""
    spec = importlib.util.spec_from_file_location(name, HERE / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


evaluate = _script("evaluate")
make_documents = _script("make_documents")
make_queries = _script("make_queries")
DOCUMENTS = evaluate.load_documents()
QUERIES = [json.loads(line) for line in (HERE / "queries.jsonl").read_text("utf-8").splitlines()]


@pytest.mark.parametrize(
    ("ranking", "relevant", "ndcg", "recall", "reciprocal"),
    [
        (["a", "b"], {"a", "b"}, 1.0, 1.0, 1.0),
        (["x", "a"], {"a"}, 0.6309, 1.0, 0.5),
        (["a", "x", "b"], {"a", "b"}, 0.9197, 1.0, 1.0),
        (["x", "y"], {"a"}, 0.0, 0.0, 0.0),
        ([], {"a"}, 0.0, 0.0, 0.0),
        (["x"] * 10 + ["a"], {"a"}, 0.0, 0.0, 0.0),
        (["x"] * 6 + ["a"], {"a", "b"}, 0.2044, 0.0, 1 / 7),
    ],
)
def test_a_ranking_is_scored_as_by_hand(ranking: list[str], relevant: set[str], ndcg: float, recall: float, reciprocal: float) -> None:
    """nDCG@10, recall@5 and the reciprocal rank are those of the formulas, worked out by hand."""
    score = evaluate.Score.of(ranking, relevant)

    assert (score.ndcg, score.recall, score.reciprocal) == pytest.approx((ndcg, recall, reciprocal), abs=1e-4)


def test_a_document_counts_once() -> None:
    """A system that names the best document ten times has named one."""
    query = evaluate.Query("natural-001", "natural", "?", frozenset({"a", "b"}))
    measured = evaluate.measure(lambda _documents: lambda _text: ["a"] * 10, [], [query])

    assert measured["natural-001"].recall == 0.5


def test_the_interval_of_a_difference_holds_it() -> None:
    """A system that is better on every query is better by an interval above nothing."""
    queries = [evaluate.Query(f"natural-{n:03}", "natural", "?", frozenset({"a"})) for n in range(20)]
    good, bad = ({query.id: evaluate.Score.of([*["x"] * worse, "a"], {"a"}) for query in queries} for worse in (0, 3))
    gap, low, high = evaluate.difference(good, bad, queries)

    assert 0 < low <= gap <= high


def test_there_is_enough_to_search_and_to_ask() -> None:
    """At least 300 documents and 150 queries: questions, error messages, typing errors, two more languages."""
    kinds = Counter(query["kind"] for query in QUERIES)

    assert len({document["id"] for document in DOCUMENTS}) == len(DOCUMENTS) >= 300
    assert len({query["id"] for query in QUERIES}) == len(QUERIES) >= 150
    assert kinds["natural"] >= 80
    assert kinds["error"] >= 35
    assert kinds["typo"] >= 40
    assert kinds["german"] + kinds["french"] >= 25


def test_every_label_follows_from_the_rules() -> None:
    """The documents that answer a query are those whose subject its topics' patterns match, in queries.jsonl and in qrels.txt."""
    about = make_queries.relevant_documents(DOCUMENTS, tomllib.loads((HERE / "topics.toml").read_text("utf-8")))
    listed = [f"{query['id']} 0 {document} 1" for query in QUERIES for document in query["relevant"]]

    assert all(query["relevant"] == list(make_queries.labels(about, query["topics"])) for query in QUERIES if query["kind"] != "blurb")
    assert all(1 <= len(query["relevant"]) <= 13 for query in QUERIES)
    assert (HERE / "qrels.txt").read_text("utf-8").splitlines() == listed


def test_the_rules_never_see_a_text() -> None:
    """A document without text and code is as relevant as with them."""
    topics = tomllib.loads((HERE / "topics.toml").read_text("utf-8"))
    bare = [{key: value for key, value in document.items() if key in {"id", "title", "skills"}} for document in DOCUMENTS]

    assert make_queries.relevant_documents(bare, topics) == make_queries.relevant_documents(DOCUMENTS, topics)


def test_a_description_that_is_asked_for_stands_in_no_document() -> None:
    """The sentence of a `blurb` is not in the document that answers it."""
    texts = {document["id"]: f"{document['title']} {document.get('text', '')}".lower() for document in DOCUMENTS}

    assert not [query for query in QUERIES if query["kind"] == "blurb" and query["text"].lower().rstrip(".") in texts[query["relevant"][0]]]


def test_typing_errors_are_the_same_every_time() -> None:
    """The mistyped questions are made anew from the same seed."""
    natural = [make_queries.Query(**query) for query in QUERIES if query["kind"] == "natural"]
    made = [(query.id, query.text) for query in make_queries.mistyped(natural)]

    assert made == [(query["id"], query["text"]) for query in QUERIES if query["kind"] == "typo"]


def test_a_program_that_does_not_fail_is_no_question() -> None:
    """A program of errors.toml that runs through is named, and nothing is written."""
    with pytest.raises(SystemExit, match=r"does not fail as it should \(exit 0\):\nx = 1"):
        make_queries.complaint("x = 1")


def test_a_complaint_names_no_place_of_this_machine() -> None:
    """A traceback shows the learner's lines, and not where Python is installed."""
    said = make_queries.complaint("from math import squareroot")

    assert said.endswith("ImportError: cannot import name 'squareroot' from 'math'")
    assert 'File "lesson.py", line 1' in said


def test_every_source_has_its_licence() -> None:
    """Every package that documents were taken from stands in NOTICE.md, with a licence that is there."""
    notice = (HERE / "NOTICE.md").read_text("utf-8")
    shelves = {document["id"].partition("/")[0] for document in DOCUMENTS}
    licences = re.findall(r"\]\(([^)]+)\)", notice)

    assert not [shelf for shelf in shelves if f"| `{shelf}/` |" not in notice]
    assert all((HERE / licence).is_file() for licence in licences)
    assert (HERE / "documents.jsonl").stat().st_size < 1_500_000


def test_a_query_and_its_echo_are_of_one_half() -> None:
    """What is tuned on a question has not seen its mistyped form in the other half, nor a message its traceback."""
    halves: dict[str, set[bool]] = {}
    for query in evaluate.load_queries():
        kind, _, number = query.id.partition("-")
        group = {"typo": "natural", "traceback": "error"}.get(kind, kind)
        halves.setdefault(f"{group}-{number}", set()).add(query.held_out)

    assert all(len(held_out) == 1 for held_out in halves.values())
    assert 0.4 < sum(True in half for half in halves.values()) / len(halves) < 0.6


PAGE = """\
.. _label:

*****
Loops
*****

Go through a :class:`list`, see :ref:`more <x>`::

   for one in many:
       print(one)

.. note::
   Not read.

Ranges
======

*Count* with ``range()``:

>>> list(range(2))
[0, 1]
"""


def test_a_page_is_read_without_its_markup() -> None:
    """Titles, prose and code of reStructuredText are told apart, and notes and labels are left out."""
    first, second = make_documents.rst_sections(PAGE)

    assert (first.title, first.depth, first.prose) == ("Loops", 0, ["Go through a list, see more:"])
    assert first.code == ["for one in many:", "print(one)"]
    assert (second.title, second.depth, second.prose) == ("Ranges", 1, ["Count with range():"])
    assert second.code == ["list(range(2))", "[0, 1]"]


def test_an_example_of_a_gallery_states_its_skills() -> None:
    """The tags at the end of an example become skills and level, and its comments are read as prose."""
    tags = "# %%\n# .. tags::\n#\n#    plot-type: bar\n#    level: beginner\n"
    example = '"""\n====\nBars\n====\n\nDraw.\n"""\nx = 1\n# %%\n# More.\ny = 2\n' + tags
    (section,), stated = make_documents.gallery_page(example)

    assert (section.title, section.prose, section.code) == ("Bars", ["Draw.", "More."], ["x = 1", "y = 2"])
    assert (stated.skills, stated.level) == (("bar",), "beginner")


@pytest.mark.parametrize("text", ["x = 1", "def", '"""No title."""'])
def test_a_file_without_a_page_is_none(text: str) -> None:
    """A program without a docstring, without a title, or that is none gives no document."""
    assert make_documents.gallery_page(text) is None


def test_another_archive_is_refused(tmp_path: Path) -> None:
    """An archive whose digest is not the pinned one is named, and nothing is taken from it."""
    archive = tmp_path / "package.deb"
    archive.write_bytes(b"other")

    with pytest.raises(SystemExit, match=r"package\.deb: its sha256 is d9298a10d1b"):
        make_documents.checked(archive, "0" * 64)


def test_a_package_that_was_not_fetched_is_named(tmp_path: Path) -> None:
    """Where pip brought nothing, the command that says why is shown."""
    with pytest.raises(SystemExit, match=r"pip did not fetch .*numpy\.txt"):
        make_documents.unpacked(tmp_path, tmp_path / "numpy.txt")
