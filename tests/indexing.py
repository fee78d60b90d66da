"""What tests of the catalog run beside themselves, and an embedder that costs nothing: `python tests/indexing.py CATALOG ...`.

churn SEED    adds, replaces and removes documents for ever, and says each time what was acknowledged
hold          owns the index, says so, and answers each line of its input with what is found
find TEXT     says what is found, by the real model
"""

from __future__ import annotations

import hashlib
import os
import random
import signal
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from hornbook.catalog import Catalog, Document, Passage
from hornbook.heavy import imported


class Hashed:
    """An embedder whose vectors are random, the same for the same words: texts that share words are a little alike."""

    dimensions = 256

    def __init__(self, name: str = "hashed") -> None:
        self.name = name

    def embed(self, texts: Sequence[str]) -> Any:
        """Return one row for each of *texts*."""
        rows = np.zeros((len(texts), self.dimensions), np.float32)
        for place, text in enumerate(texts):
            for word in {self.name, *text.lower().split()}:
                seed = int.from_bytes(hashlib.sha256(word.encode()).digest()[:8])
                rows[place] += np.random.default_rng(seed).standard_normal(self.dimensions)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def document(number: int, version: int = 0) -> Document:
    """Return a document that is told from all others, and from its own other versions, by one word each."""
    text = f"number{number} version{number}x{version}"
    return Document(f"lesson:course/n{number}", f"Lesson {number}", skills=(f"skill {number % 5}",), passages=(Passage(text),))


def churning(seed: int) -> Iterator[tuple[str, int, int]]:
    """Yield for ever what is done to which document: it is "put" in a version, or "gone"."""
    chance, there = random.Random(seed), dict[int, int]()  # noqa: S311 - the same for the same seed
    for version in range(1_000_000):
        number = chance.randrange(40)
        if number in there and chance.random() < 0.3:
            del there[number]
            yield "gone", number, 0
        else:
            there[number] = version
            yield "put", number, version


def churn(catalog: Catalog, seed: int) -> None:
    """Do all that to *catalog*, and say after each step that it was acknowledged, before it what is begun."""
    for what, number, version in churning(seed):
        print("begun", what, number, version, flush=True)
        if what == "gone":
            catalog.remove(document(number).key)
        else:
            catalog.add(document(number, version))
        print("done", what, number, version, flush=True)


def breed() -> None:
    """Fork, for each line of the input, a process that does all that to a catalog of its own: to start Python takes longer than to die."""
    imported("chromadb")  # no client of it may be there when it forks
    import sqlalchemy  # noqa: F401, PLC0415

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        path, seed, fifo = line.split()
        child = os.fork()
        if child == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            os.dup2(os.open(fifo, os.O_WRONLY), 1)
            with Catalog.open(Path(path), embedder=Hashed()) as catalog:
                churn(catalog, int(seed))
        print(child, flush=True)


def main() -> None:
    """Do what the command line asks for."""
    path, word, *rest = sys.argv[1:]
    if word == "breed":
        breed()
        return
    if word == "find":
        with Catalog.open(Path(path)) as catalog:
            print(*(hit.key for hit in catalog.find(rest[0])))
            print(catalog.check().indexed)
        return
    with Catalog.open(Path(path), embedder=Hashed()) as catalog:
        if word == "churn":
            churn(catalog, int(rest[0]))
        print("owned" if catalog.warm() else "not owned", flush=True)
        for line in sys.stdin:
            print(*(hit.key for hit in catalog.find(line)), flush=True)


if __name__ == "__main__":
    main()
