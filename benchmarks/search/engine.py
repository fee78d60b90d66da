"""hornbook's own search as systems of the evaluation: by words alone, by meaning alone, and both, as `hornbook find` answers.

All three understand a query alike: slips of the pen are mended, and an error message is translated by the glossary of
hornbook.catalog.terms. What they differ in is the ranking alone.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hornbook.catalog import Catalog, Document, Where
from hornbook.catalog.index import Exact
from hornbook.catalog.search import DEPTH, understood

if TYPE_CHECKING:
    from evaluate import Document as Row
    from evaluate import Ranker
    from sqlalchemy import Connection

LIMIT = 10


class Engine:
    """A catalog of its own, in a folder that goes with it; the documents are put in once for all three systems."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="hornbook-search-", ignore_cleanup_errors=True)
        self._catalog = Catalog.open(Path(self._folder.name, "catalog.db"), index="exact")
        self._exact = Exact(self._catalog.space, self._catalog.embedder.dimensions)

    def words(self, documents: Sequence[Row]) -> Ranker:
        """Rank by the words of a document alone."""
        self._hold(documents)
        store = self._catalog.store

        def rank(text: str) -> list[str]:
            with store.reading() as connection:
                query = understood(store, connection, text)
                return self._keys(connection, store.ranked(connection, sorted(query.stems), Where(), DEPTH))

        return rank

    def meaning(self, documents: Sequence[Row]) -> Ranker:
        """Rank by the vectors alone."""
        self._hold(documents)
        store = self._catalog.store

        def rank(text: str) -> list[str]:
            with store.reading() as connection:
                vector = self._catalog.embedder.embed([understood(store, connection, text).meaning])[0]
                nearest = self._exact.nearest(store, connection, store.state(connection), vector, DEPTH, None)
                return self._keys(connection, [ident for ident, _ in nearest])

        return rank

    def both(self, documents: Sequence[Row]) -> Ranker:
        """Rank as learners are answered."""
        self._hold(documents)
        return lambda text: [hit.key for hit in self._catalog.find(text, limit=LIMIT)]

    def close(self) -> None:
        """Let go of the catalog and its folder."""
        self._catalog.close()
        self._folder.cleanup()

    def _hold(self, documents: Sequence[Row]) -> None:
        self._catalog.add(*map(Document.of, documents))

    def _keys(self, connection: Connection, idents: Sequence[int]) -> list[str]:
        found = self._catalog.store.documents(connection, list(idents[:LIMIT]))
        return [found[ident].key for ident in idents[:LIMIT]]
