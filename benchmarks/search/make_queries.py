"""Writes queries.jsonl and qrels.txt: `python benchmarks/search/make_queries.py`.

What is asked comes from written.toml (questions), errors.toml (programs that fail, run here), synopses.json (sentences of the sources that
stand in no document) and, for the typos, from a seeded generator. What is relevant comes from the patterns of topics.toml and from nothing
else. No ranking is run here, nor may one be looked at to change any of these files.
"""

from __future__ import annotations

import json
import random
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
SEED = 20
TYPOS = 60
"""How many of the natural questions are asked again with typing errors: every other one, at most so many."""
NOISE = 0.45
"""How many of the words longer than three letters are mistyped."""


@dataclass(frozen=True, slots=True)
class Query:
    """What somebody types, of which *kind* it is, where it comes from, and the documents that answer it."""

    id: str
    kind: str
    origin: str
    text: str
    relevant: tuple[str, ...]
    topics: tuple[str, ...] = ()


def main() -> None:
    """Write all queries, and the labels a second time in the form that TREC's tools read."""
    documents = [json.loads(line) for line in (HERE / "documents.jsonl").read_text("utf-8").splitlines()]
    about = relevant_documents(documents, tomllib.loads((HERE / "topics.toml").read_text("utf-8")))
    written = list(questions(about))
    queries = [*written, *errors(about), *mistyped(written), *blurbs()]
    (HERE / "queries.jsonl").write_text("".join(json.dumps(asdict(query), ensure_ascii=False) + "\n" for query in queries), "utf-8")
    qrels = (f"{query.id} 0 {document} 1\n" for query in queries for document in query.relevant)
    (HERE / "qrels.txt").write_text("".join(qrels), "utf-8")


def relevant_documents(documents: Iterable[dict[str, Any]], topics: dict[str, str]) -> dict[str, list[str]]:
    """Return the ids of the documents of each topic, by what their source says they are about."""
    subjects = {one["id"]: f"{one['id']} | {one['title']} | {', '.join(one.get('skills', ()))}" for one in documents}
    return {topic: [key for key, subject in subjects.items() if re.search(f"(?i){pattern}", subject)] for topic, pattern in topics.items()}


def labels(about: dict[str, list[str]], topics: Iterable[str]) -> tuple[str, ...]:
    """Return the documents of any of these topics."""
    return tuple(dict.fromkeys(document for topic in topics for document in about[topic]))


def questions(about: dict[str, list[str]]) -> Iterator[Query]:
    """Yield the questions that were written for this evaluation."""
    for kind, asked in tomllib.loads((HERE / "written.toml").read_text("utf-8")).items():
        for number, one in enumerate(asked, 1):
            topics = one["topics"]
            yield Query(f"{kind}-{number:03}", kind, "written for this evaluation", one["text"], labels(about, topics), tuple(topics))


def errors(about: dict[str, list[str]]) -> Iterator[Query]:
    """Yield what Python says of each program that fails: its last line, and all of it."""
    for number, one in enumerate(tomllib.loads((HERE / "errors.toml").read_text("utf-8"))["snippet"], 1):
        said = complaint(one["code"])
        relevant, topics = labels(about, one["topics"]), tuple(one["topics"])
        last = [line for line in said.splitlines() if not line.startswith(" ")][-1]
        if not one.get("whole"):
            yield Query(f"error-{number:03}", "error", f"errors.toml, program {number}", last, relevant, topics)
        yield Query(f"traceback-{number:03}", "traceback", f"errors.toml, program {number}", said, relevant, topics)


def complaint(code: str) -> str:
    """Return the traceback of a program that fails, as a notebook's learner meets it: without the lines of installed packages."""
    ran = subprocess.run([sys.executable, "-I", "-c", RUN, code], capture_output=True, text=True, check=False)  # noqa: S603 - our own programs
    if ran.returncode != 1:
        raise SystemExit(f"errors.toml: this program does not fail as it should (exit {ran.returncode}):\n{code}")
    return re.sub(r" \(/[^)]*\)", "", ran.stderr).strip()  # where this machine keeps its modules


RUN = """
import linecache, sys, traceback
code = sys.argv[1]
linecache.cache["lesson.py"] = (len(code), None, code.splitlines(keepends=True), "lesson.py")
try:
    exec(compile(code, "lesson.py", "exec"), {"__name__": "__main__"})
except BaseException as error:
    kept = traceback.TracebackException.from_exception(error, compact=True)
    kept.__context__ = kept.__cause__ = None
    kept.stack[:] = [frame for frame in kept.stack if frame.filename == "lesson.py"][-4:]
    sys.exit("".join(kept.format()))
"""


def mistyped(written: Iterable[Query]) -> Iterator[Query]:
    """Yield every other natural question as somebody in a hurry types it: a letter lost, doubled, swapped with the next or wrong."""
    dice = random.Random(SEED)  # noqa: S311 - typing errors, not secrets
    natural = [query for query in written if query.kind == "natural"]
    for query in natural[::2][:TYPOS]:
        words = [mistype(word, dice) if len(word) > 3 and dice.random() < NOISE else word for word in query.text.split()]  # noqa: PLR2004
        text = " ".join(words)
        if text != query.text:
            yield Query(f"typo-{query.id[-3:]}", "typo", f"{query.id}, seeded noise", text, query.relevant, query.topics)


def mistype(word: str, dice: random.Random) -> str:
    """Return a word with one typing error after its first letter."""
    at = dice.randrange(1, len(word) - 1)
    slips = (
        word[:at] + word[at + 1 :],
        word[:at] + word[at] + word[at:],
        word[:at] + word[at + 1] + word[at] + word[at + 2 :],
        word[:at] + dice.choice("abcdefghijklmnopqrstuvwxyz") + word[at + 1 :],
    )
    return dice.choice(slips)


def blurbs() -> Iterator[Query]:
    """Yield the sentences that describe a page in its source and stand in no document; each is the question for its page."""
    for number, (document, sentence) in enumerate(json.loads((HERE / "synopses.json").read_text("utf-8")).items(), 1):
        yield Query(f"blurb-{number:03}", "blurb", "the synopsis in the source of the page", sentence, (document,))


if __name__ == "__main__":
    main()
