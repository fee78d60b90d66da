"""How well search finds what learners ask for: `python benchmarks/search/evaluate.py`, with `--write` to keep the figures.

A system is a function that is given the documents and returns a function from a query to the ids of documents, the best first. Another is
measured by adding it to `systems`, or from anywhere else:

    from evaluate import load_documents, load_queries, measure
    scores = measure(my_system, load_documents(), load_queries())

The measures, with binary relevance: nDCG@10 as in Järvelin and Kekäläinen, "Cumulated gain-based evaluation of IR techniques", ACM TOIS
20(4), 2002, with the logarithm to the base 2 of rank + 1; recall@5, the share of the relevant documents among the first five; and the
reciprocal of the rank of the first relevant document (its mean is MRR), 0 if it is not among the first ten. The interval of a difference is
a paired bootstrap over queries.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import re
import sqlite3
import statistics
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
FIGURES = HERE / "figures.json"
DEPTH = 10
EARLY = 5
ROUNDS = 2000

Document = Mapping[str, Any]
Ranker = Callable[[str], Sequence[str]]
System = Callable[[Sequence[Document]], Ranker]


@dataclass(frozen=True, slots=True)
class Query:
    """What somebody types, and the documents that answer it."""

    id: str
    kind: str
    text: str
    relevant: frozenset[str]

    @property
    def held_out(self) -> bool:
        """Whether it is of the half that nothing is tuned on; a question's mistyped form and a message's traceback go with it."""
        return int(self.id.rpartition("-")[2]) // 2 % 2 == 1


@dataclass(frozen=True, slots=True)
class Score:
    """How good the ranking of one query is."""

    ndcg: float
    recall: float
    reciprocal: float

    @classmethod
    def of(cls, ranking: Sequence[str], relevant: Collection[str]) -> Score:
        """Return the score of a *ranking*, in which no document stands twice."""
        hits = [rank for rank, one in enumerate(ranking[:DEPTH], 1) if one in relevant]
        ideal = sum(gain(rank) for rank in range(1, min(DEPTH, len(relevant)) + 1))
        early = sum(rank <= EARLY for rank in hits)
        return cls(sum(map(gain, hits)) / ideal, early / len(relevant), 1 / hits[0] if hits else 0.0)


Scores = Mapping[str, Score]
"""The scores of one system, by the id of the query."""


def gain(rank: int) -> float:
    """Return what a relevant document at this rank is worth."""
    return 1 / math.log2(rank + 1)


def load_documents() -> list[Document]:
    """Return the documents that are searched."""
    return [json.loads(line) for line in (HERE / "documents.jsonl").read_text("utf-8").splitlines()]


def load_queries() -> list[Query]:
    """Return the queries with their labels."""
    rows = map(json.loads, (HERE / "queries.jsonl").read_text("utf-8").splitlines())
    return [Query(row["id"], row["kind"], row["text"], frozenset(row["relevant"])) for row in rows]


def measure(system: System, documents: Sequence[Document], queries: Iterable[Query]) -> dict[str, Score]:
    """Return how well a system ranks the documents for each query."""
    rank = system(documents)
    return {query.id: Score.of(list(dict.fromkeys(rank(query.text))), query.relevant) for query in queries}


def mean_ndcg(scores: Scores, queries: Iterable[Query]) -> float:
    """Return the mean nDCG@10 of these queries."""
    return statistics.fmean(scores[query.id].ndcg for query in queries)


def difference(one: Scores, other: Scores, queries: Iterable[Query]) -> tuple[float, float, float]:
    """Return how much higher the mean nDCG@10 of *one* is than that of *other*, and the interval that holds 95 % of the bootstrap's."""
    gaps = [one[query.id].ndcg - other[query.id].ndcg for query in queries]
    dice = random.Random(1)  # noqa: S311 - a bootstrap, which is to be the same every time
    means = sorted(statistics.fmean(dice.choices(gaps, k=len(gaps))) for _ in range(ROUNDS))
    return statistics.fmean(gaps), means[round(0.025 * ROUNDS)], means[round(0.975 * ROUNDS) - 1]


def table(measured: Mapping[str, Scores], queries: Sequence[Query]) -> str:
    """Return a table in Markdown: nDCG@10 / recall@5 / MRR of every system, kind by kind and for all queries."""
    lines = [f"| queries | how many | {' | '.join(measured)} |", "|---" * (len(measured) + 2) + "|"]
    kinds = {kind: [query for query in queries if query.kind == kind] for kind in dict.fromkeys(query.kind for query in queries)}
    held_out = [query for query in queries if query.held_out]
    for kind, asked in (kinds | {"all": list(queries), "all, held out": held_out}).items():
        cells = [" / ".join(f"{figure:.3f}" for figure in means(scores, asked)) for scores in measured.values()]
        lines.append(f"| {kind} | {len(asked)} | {' | '.join(cells)} |")
    return "\n".join(lines)


def means(scores: Scores, queries: Iterable[Query]) -> tuple[float, float, float]:
    """Return nDCG@10, recall@5 and MRR of these queries."""
    chosen = [scores[query.id] for query in queries]
    return (
        statistics.fmean(score.ndcg for score in chosen),
        statistics.fmean(score.recall for score in chosen),
        statistics.fmean(score.reciprocal for score in chosen),
    )


def plain_fts5(documents: Sequence[Document]) -> Ranker:
    """Rank with SQLite's own full-text search and nothing else: any word counts, stemmed by Porter, the title ten times as much as code."""
    database = sqlite3.connect(":memory:")
    database.execute("create virtual table page using fts5(id unindexed, title, headings, text, code, skills, tokenize='porter unicode61')")
    for one in documents:
        lists = (" ".join(one.get("headings", ())), one.get("text", ""), one.get("code", ""), " ".join(one.get("skills", ())))
        database.execute("insert into page values (?, ?, ?, ?, ?, ?)", (one["id"], one["title"], *lists))

    def rank(query: str) -> list[str]:
        asked = " OR ".join(f'"{word}"' for word in dict.fromkeys(re.findall(r"\w+", query.lower())))
        found = database.execute("select id from page(?) order by bm25(page, 0, 10, 5, 2, 1, 5) limit ?", (asked, DEPTH))
        return [key for (key,) in found]

    return rank


def systems() -> dict[str, System]:
    """Return what is measured, ours last: SQLite's own search, and hornbook's by words, by meaning and by both."""
    from engine import Engine  # noqa: PLC0415 - whoever measures another system needs no hornbook

    ours = Engine()
    return {"plain FTS5": plain_fts5, "words": ours.words, "meaning": ours.meaning, "both": ours.both}


def main() -> None:
    """Measure every system, say what was measured, and keep it if asked to."""
    parser = argparse.ArgumentParser(description="Measure how well search finds what learners ask for.")
    parser.add_argument("--write", action="store_true", help=f"write the figures to {FIGURES.name}, which CI compares with")
    parser.add_argument(
        "--missed",
        metavar="SYSTEM",
        choices=["plain FTS5", "words", "meaning", "both"],
        help="list what this system finds nothing for among the first ten",
    )
    options = parser.parse_args()
    documents, queries = load_documents(), load_queries()
    measured = {name: measure(system, documents, queries) for name, system in systems().items()}
    print(table(measured, queries))
    *others, last = measured
    for other in others:
        gap, low, high = difference(measured[last], measured[other], queries)
        print(f"\n{last} - {other}: {gap:+.3f} nDCG@10 [{low:+.3f}, {high:+.3f}]")
    if options.missed:
        print(*missed(measured[options.missed], queries), sep="\n")
    if options.write:
        kept = {name: round(mean_ndcg(scores, queries), 4) for name, scores in measured.items()}
        FIGURES.write_text(json.dumps({"ndcg@10": kept}, indent=1) + "\n", "utf-8")


def missed(scores: Scores, queries: Iterable[Query]) -> list[str]:
    """Return the queries that none of the first ten documents answers, a line each."""
    return [f"{query.id}: {query.text.splitlines()[-1]}" for query in queries if not scores[query.id].ndcg]


if __name__ == "__main__":
    main()
