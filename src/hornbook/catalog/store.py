"""The truth: documents, their passages, skills and vectors in SQL, from which every index can be made again.

    document       one row each; `revision` is the generation that it was last written in
    name           its skills, authors and required lessons, in their order
    passage        its cells, with their terms
    vector         what it means, in the space of one model and recipe
    words          its terms, to be ranked: FTS5 on SQLite, a tsvector on PostgreSQL
    word           each term with the number of documents that have it
    state          `generation` counts the writes, `erased` is the last one that has taken something away

SQLAlchemy speaks to the database: SQLite in a file of its own by default, PostgreSQL by its URL.
"""

from __future__ import annotations

import functools
import secrets
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from hornbook.catalog.passages import Document, Passage, storable
from hornbook.catalog.terms import terms
from hornbook.database import connected
from hornbook.errors import HornbookError, printable

if TYPE_CHECKING:
    from numpy import float32, int64
    from numpy.typing import NDArray
    from sqlalchemy import ColumnElement, Connection, Engine, Table

FORMAT: Final = 1
MANY: Final = 500
"""How many keys are asked for at once: databases limit the values of one statement."""
WEIGHTS: Final = {"title": 10.0, "skills": 5.0, "headings": 5.0, "prose": 1.0, "code": 0.5}
"""What a word is worth, by where it stands (bm25's column weights)."""
ROLES: Final = {"skills": "skill", "authors": "author", "requires": "requires"}
"""What the names of a document are called in the table of names."""

_Item = TypeVar("_Item")
Vectors = tuple["NDArray[int64]", "NDArray[float32]"]


@dataclass(frozen=True, slots=True)
class Where:
    """What is looked for among: every field that is given must hold.

    `skills` must all be taught, one of `levels` fits, `minutes` is the most that there is time for; `since` and `until` are about what
    has a date, and bounds are included.
    """

    kind: str | None = None
    course: str | None = None
    skills: tuple[str, ...] = ()
    levels: tuple[str, ...] = ()
    minutes: int | None = None
    author: str | None = None
    language: str | None = None
    assurance: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Where:
        """Return what *given*, plain data, asks for. Raises `HornbookError` for what no document could be asked."""
        from hornbook.config import nearest  # noqa: PLC0415 - only here

        for name in given:
            if name not in cls.__dataclass_fields__:
                raise HornbookError(f'Nothing is found by "{printable(name)}"; {nearest(name, tuple(cls.__dataclass_fields__))}.')
        values = {name: value for name, value in given.items() if value not in (None, "", [], ())}
        for name, value in values.items():
            values[name] = _wanted(name, value)
        return cls(**values)


def _wanted(name: str, value: Any) -> Any:
    """Return the *value* of one field of a `Where`."""
    if name in {"skills", "levels"}:
        value = (value,) if isinstance(value, str) else tuple(value) if isinstance(value, list | tuple) else None
        if value is not None and all(isinstance(one, str) for one in value):
            return tuple(map(storable, value))
        raise HornbookError(f'"{name}" must be a list of texts.')
    if name == "minutes":
        if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 1 << 31:
            return value
        raise HornbookError('"minutes" must be a whole number, at least 1.')
    if name in {"since", "until"}:
        try:
            moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
        except (TypeError, ValueError) as error:
            raise HornbookError(f'"{name}" must be a date such as "2026-11-28".') from error
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    if isinstance(value, str):
        return storable(value)
    raise HornbookError(f'"{name}" must be a text.')


@dataclass(frozen=True, slots=True)
class Known:
    """What tells whether a document must be written again."""

    digest: str
    stamp: str
    place: str


@dataclass(frozen=True, slots=True)
class State:
    """How far the catalog is: the `generation` of its last write, that of the last one that `erased`, and its own `identity`."""

    generation: int
    erased: int
    identity: str


@dataclass(frozen=True)
class Store:
    """The database of a catalog. Safe to share between threads, and its file between processes."""

    engine: Engine
    name: str
    path: Path | None

    @classmethod
    def open(cls, where: Path | str) -> Store:
        """Return the store in the file at, or behind the database URL *where*; it is made where there is none.

        Raises HornbookError where it cannot be read or is of a later format.
        """
        # What was erased is overwritten.
        engine, name = connected(where, "catalog", ("secure_delete=ON", "cache_size=-65536"))
        if engine.dialect.name not in {"sqlite", "postgresql"}:
            raise HornbookError(f"{name}: a catalog is kept in SQLite or PostgreSQL, and this is {engine.dialect.name}.")
        store = cls(engine, name, where if isinstance(where, Path) else None)
        store._make()
        return store

    def close(self) -> None:
        """Let go of the database."""
        self.engine.dispose()

    @property
    def on_sqlite(self) -> bool:
        """Whether this is SQLite, with FTS5; otherwise it is PostgreSQL."""
        return self.engine.dialect.name == "sqlite"

    @property
    def tables(self) -> Mapping[str, Table]:
        """The tables, by name, for whoever asks more of them than this class does."""
        return _tables()

    # --- writing ---

    def put(self, documents: Sequence[Document], vectors: NDArray[float32], space: str) -> None:
        """Write *documents*, each instead of the one of the same key, with their *vectors* in *space*: all of them or none."""
        from sqlalchemy import delete, select, update  # noqa: PLC0415 - slow to import

        table = _tables()["document"]
        with self.writing() as connection:
            generation = self._next(connection)
            counts: Counter[str] = Counter()
            for number, document in enumerate(documents):
                row = _row(document) | {"revision": generation}
                ident = connection.execute(select(table.c.id).where(table.c.key == document.key)).scalar()
                if ident is None:
                    ident = connection.execute(table.insert().values(row)).inserted_primary_key[0]  # type: ignore[index]
                else:
                    self._take_out(connection, [ident])
                    for name in ("name", "passage", "vector"):
                        connection.execute(delete(_tables()[name]).where(_tables()[name].c.document == ident))
                    connection.execute(update(table).where(table.c.id == ident).values(row))
                counts.update(self._put_parts(connection, ident, document))
                connection.execute(_tables()["vector"].insert().values(document=ident, space=space, data=vectors[number].tobytes()))
            self._count(connection, counts)

    def _put_parts(self, connection: Connection, ident: int, document: Document) -> set[str]:
        """Write what belongs to the document *ident*, and return its terms."""
        names = {role: getattr(document, field) for field, role in ROLES.items()}
        rows = [
            {"document": ident, "role": role, "position": position, "name": name, "folded": name.casefold()}
            for role, values in names.items()
            for position, name in enumerate(values)
        ]
        if rows:
            connection.execute(_tables()["name"].insert(), rows)
        found = [
            {
                "document": ident,
                "position": position,
                "cell": one.cell,
                "kind": one.kind,
                "text": one.text,
                "terms": " ".join(terms(one.text)),
            }
            for position, one in enumerate(document.passages)
        ]
        if found:
            connection.execute(_tables()["passage"].insert(), found)
        return self._put_in(connection, ident, document)

    def drop(self, keys: Sequence[str]) -> int:
        """Erase the documents with *keys*, so that nothing of them stays in the file; return how many there were."""
        from sqlalchemy import delete, select  # noqa: PLC0415 - slow to import

        table = _tables()["document"]
        with self.writing() as connection:
            idents = [
                ident for some in _parts(keys) for ident in connection.execute(select(table.c.id).where(table.c.key.in_(some))).scalars()
            ]
            if not idents:
                return 0
            generation = self._next(connection)
            self._set(connection, "erased", generation)
            self._take_out(connection, idents)
            for some in _parts(idents):
                for name in ("name", "passage", "vector"):
                    connection.execute(delete(_tables()[name]).where(_tables()[name].c.document.in_(some)))
                connection.execute(delete(table).where(table.c.id.in_(some)))
            if self.on_sqlite:
                # FTS5 marks what is deleted, and only forgets it when its pieces are put together.
                connection.exec_driver_sql("INSERT INTO words(words) VALUES ('optimize')")
        if self.on_sqlite:
            with self.engine.connect() as connection:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        return len(idents)

    def moved(self, key: str, place: str, stamp: str) -> None:
        """Note where the unchanged document *key* lies now."""
        table = _tables()["document"]
        with self.writing() as connection:
            connection.execute(table.update().where(table.c.key == key).values(place=place, stamp=stamp))

    def put_vectors(self, idents: Sequence[int], vectors: NDArray[float32], space: str) -> None:
        """Write what documents mean in *space*, instead of what they mean in others."""
        from sqlalchemy import delete, select, update  # noqa: PLC0415 - slow to import

        table, document = _tables()["vector"], _tables()["document"]
        with self.writing() as connection:
            generation = self._next(connection)
            there = set(connection.execute(select(document.c.id).where(document.c.id.in_(idents))).scalars())
            connection.execute(delete(table).where(table.c.document.in_(idents)))
            connection.execute(update(document).where(document.c.id.in_(idents)).values(revision=generation))
            rows = [
                {"document": ident, "space": space, "data": vector.tobytes()}
                for ident, vector in zip(idents, vectors, strict=True)
                if ident in there
            ]
            if rows:
                connection.execute(table.insert(), rows)

    def renew_words(self) -> None:
        """Make everything anew that makes documents found by their words."""
        from sqlalchemy import select, text  # noqa: PLC0415 - slow to import

        table = _tables()["document"]
        with self.writing() as connection:
            if self.on_sqlite:
                connection.exec_driver_sql("DROP TABLE IF EXISTS words")
                self._make_words(connection)
            else:
                connection.execute(text("DELETE FROM words"))
            connection.execute(text("DELETE FROM word"))
            counts: Counter[str] = Counter()
            for some in _parts(list(connection.execute(select(table.c.id).order_by(table.c.id)).scalars())):
                for ident, document in self.documents(connection, some, passages=True).items():
                    counts.update(self._put_in(connection, ident, document))
            self._count(connection, counts)

    # --- reading ---

    def known(self, keys: Sequence[str]) -> dict[str, Known]:
        """Return what is known of those of *keys* that there are."""
        from sqlalchemy import select  # noqa: PLC0415 - slow to import

        table = _tables()["document"]
        columns = select(table.c.key, table.c.digest, table.c.stamp, table.c.place)
        with self.reading() as connection:
            rows = [row for some in _parts(keys) for row in connection.execute(columns.where(table.c.key.in_(some)))]
        return {key: Known(*rest) for key, *rest in rows}

    def keys(self, where: Where) -> list[str]:
        """Return the keys of all documents that *where* holds for."""
        from sqlalchemy import select  # noqa: PLC0415 - slow to import

        table = _tables()["document"]
        with self.reading() as connection:
            return list(connection.execute(select(table.c.key).where(*clauses(where)).order_by(table.c.key)).scalars())

    def keys_at(self, place: str) -> list[str]:
        """Return the keys of the documents that lie at *place*."""
        from sqlalchemy import select  # noqa: PLC0415 - slow to import

        table = _tables()["document"]
        with self.reading() as connection:
            return list(connection.execute(select(table.c.key).where(table.c.place == place)).scalars())

    def state(self, connection: Connection) -> State:
        """Return how far the catalog is."""
        from sqlalchemy import select  # noqa: PLC0415 - slow to import

        table = _tables()["state"]
        found = {row.name: row.value for row in connection.execute(select(table.c.name, table.c.value))}
        return State(int(found["generation"]), int(found["erased"]), found["identity"])

    def count(self, connection: Connection) -> int:
        """Return how many documents there are."""
        from sqlalchemy import func, select  # noqa: PLC0415 - slow to import

        return int(connection.execute(select(func.count()).select_from(_tables()["document"])).scalar() or 0)

    def indexable(self, connection: Connection, space: str) -> int:
        """Return how many documents have a vector in *space*."""
        from sqlalchemy import func, select  # noqa: PLC0415 - slow to import

        table = _tables()["vector"]
        return int(connection.execute(select(func.count()).select_from(table).where(table.c.space == space)).scalar() or 0)

    def idents(self, connection: Connection, where: Where) -> NDArray[int64]:
        """Return the numbers of the documents that *where* holds for, in ascending order."""
        import numpy as np  # noqa: PLC0415 - heavy
        from sqlalchemy import select  # noqa: PLC0415 - slow to import

        table = _tables()["document"]
        chosen = connection.execute(select(table.c.id).where(*clauses(where, of_all=True)).order_by(table.c.id))
        return np.fromiter((row[0] for row in chosen.cursor.fetchall()), np.int64)

    def fitting(self, connection: Connection, where: Where, idents: Sequence[int]) -> set[int]:
        """Return those of *idents* that *where* holds for."""
        from sqlalchemy import select  # noqa: PLC0415 - slow to import

        table = _tables()["document"]
        chosen = select(table.c.id).where(*clauses(where))
        return {ident for some in _parts(idents) for ident in connection.execute(chosen.where(table.c.id.in_(some))).scalars()}

    def vector(self, connection: Connection, ident: int, space: str) -> NDArray[float32] | None:
        """Return the vector of one document in *space*; None if it has none there."""
        import numpy as np  # noqa: PLC0415 - heavy
        from sqlalchemy import select  # noqa: PLC0415 - slow to import

        table = _tables()["vector"]
        data = connection.execute(select(table.c.data).where(table.c.document == ident, table.c.space == space)).scalar()
        return None if data is None else np.frombuffer(data, np.float32)

    def vectors(self, connection: Connection, space: str, *, after: int = -1) -> Iterator[Vectors]:
        """Yield the numbers and vectors of the documents that were written after the generation *after*, some thousands at a time."""
        import numpy as np  # noqa: PLC0415 - heavy
        from sqlalchemy import select  # noqa: PLC0415 - slow to import

        document, vector = _tables()["document"], _tables()["vector"]
        columns = select(vector.c.document, vector.c.data).where(vector.c.space == space)
        if after >= 0:
            columns = columns.join(document, document.c.id == vector.c.document).where(document.c.revision > after)
        last = -1
        while True:
            rows = connection.execute(columns.where(vector.c.document > last).order_by(vector.c.document).limit(4096)).all()
            if not rows:
                return
            last = rows[-1][0]
            yield (
                np.array([row[0] for row in rows], np.int64),
                np.frombuffer(b"".join(row[1] for row in rows), np.float32).reshape(len(rows), -1),
            )

    def without_vector(self, connection: Connection, space: str, limit: int = -1) -> list[int]:
        """Return the numbers of documents that have no vector in *space*, as after a change of the model; at most *limit*."""
        from sqlalchemy import select  # noqa: PLC0415 - slow to import

        document, vector = _tables()["document"], _tables()["vector"]
        here = select(vector.c.document).where(vector.c.space == space)
        chosen = select(document.c.id).where(document.c.id.not_in(here)).order_by(document.c.id)
        return list(connection.execute(chosen.limit(limit) if limit >= 0 else chosen).scalars())

    def documents(self, connection: Connection, idents: Sequence[int], *, passages: bool = False) -> dict[int, Document]:
        """Return the documents with these numbers, without their passages unless those are asked for."""
        from sqlalchemy import select  # noqa: PLC0415 - slow to import

        document, name, passage = _tables()["document"], _tables()["name"], _tables()["passage"]
        found: dict[int, Document] = {}
        for some in _parts(idents):
            names: dict[tuple[int, str], list[str]] = {}
            order = name.c.document, name.c.role, name.c.position
            for ident, role, value in connection.execute(
                select(name.c.document, name.c.role, name.c.name).where(name.c.document.in_(some)).order_by(*order)
            ):
                names.setdefault((ident, role), []).append(value)
            cells: dict[int, list[Passage]] = {}
            if passages:
                columns = select(passage.c.document, passage.c.text, passage.c.kind, passage.c.cell).where(passage.c.document.in_(some))
                for ident, *rest in connection.execute(columns.order_by(passage.c.document, passage.c.position)):
                    cells.setdefault(ident, []).append(Passage(*rest))
            for row in connection.execute(select(document).where(document.c.id.in_(some))).mappings():
                lists = {field: tuple(names.get((row["id"], role), ())) for field, role in ROLES.items()}
                found[row["id"]] = _document(dict(row), **lists, passages=tuple(cells.get(row["id"], ())))
        return found

    def passages(self, connection: Connection, idents: Sequence[int]) -> dict[int, list[tuple[Passage, frozenset[str]]]]:
        """Return the passages of the documents with these numbers, each with its terms."""
        from sqlalchemy import select  # noqa: PLC0415 - slow to import

        table = _tables()["passage"]
        columns = select(table.c.document, table.c.terms, table.c.text, table.c.kind, table.c.cell)
        found: dict[int, list[tuple[Passage, frozenset[str]]]] = {}
        for ident, stems, *rest in connection.execute(
            columns.where(table.c.document.in_(idents)).order_by(table.c.document, table.c.position)
        ):
            found.setdefault(ident, []).append((Passage(*rest), frozenset(stems.split())))
        return found

    # --- words ---

    def frequencies(self, connection: Connection, stems: Iterable[str]) -> dict[str, int]:
        """Return how many documents have each of *stems*; those that none has are left out."""
        from sqlalchemy import select  # noqa: PLC0415 - slow to import

        table = _tables()["word"]
        rows = connection.execute(select(table.c.term, table.c.documents).where(table.c.term.in_(sorted(stems)), table.c.documents > 0))
        return {row.term: row.documents for row in rows}

    def neighbours(self, connection: Connection, stem: str) -> list[tuple[str, int]]:
        """Return the terms with the first letter of *stem* and about its length, with the number of documents that have them."""
        from sqlalchemy import select  # noqa: PLC0415 - slow to import

        table = _tables()["word"]
        near = (table.c.initial == stem[0]) & table.c.size.between(len(stem) - 1, len(stem) + 1) & (table.c.documents > 0)
        return [(row.term, row.documents) for row in connection.execute(select(table.c.term, table.c.documents).where(near))]

    def ranked(self, connection: Connection, stems: Sequence[str], where: Where, limit: int) -> list[int]:
        """Return the numbers of the documents that have any of *stems* and that *where* holds for, the best first."""
        from sqlalchemy import column, select, table, text  # noqa: PLC0415 - slow to import

        if not stems:
            return []
        document = _tables()["document"]
        narrow = clauses(where)
        if self.on_sqlite:
            words = table("words", column("rowid"))
            chosen = select(words.c.rowid).where(text("words MATCH :query")).order_by(text("words.rank")).limit(limit)
            if narrow:
                chosen = chosen.join_from(words, document, document.c.id == words.c.rowid).where(*narrow)
            return list(connection.execute(chosen, {"query": " OR ".join(f'"{stem}"' for stem in stems)}).scalars())
        words = table("words", column("document"), column("terms"))
        order = text("ts_rank('{0.05, 0.1, 0.5, 1.0}', words.terms, to_tsquery('simple', :query), 1) DESC, words.document")
        chosen = select(words.c.document).where(text("words.terms @@ to_tsquery('simple', :query)")).order_by(order).limit(limit)
        if narrow:
            chosen = chosen.join_from(words, document, document.c.id == words.c.document).where(*narrow)
        return list(connection.execute(chosen, {"query": " | ".join(f"'{stem}'" for stem in stems)}).scalars())

    def _put_in(self, connection: Connection, ident: int, document: Document) -> set[str]:
        """Let the document *ident* be found by its terms, and return them."""
        from sqlalchemy import text  # noqa: PLC0415 - slow to import

        fields = {
            "title": terms(document.title),
            "skills": terms("\n".join(document.skills)),
            "headings": terms("\n".join(document.headings)),
            "prose": terms(f"{document.summary}\n{document.prose}"),
            "code": terms(document.code),
        }
        texts = {name: " ".join(stems) for name, stems in fields.items()}
        if self.on_sqlite:
            insert = (
                "INSERT INTO words(rowid, title, skills, headings, prose, code) VALUES (:id, :title, :skills, :headings, :prose, :code)"
            )
        else:
            parts = (("A", "title"), ("B", "skills"), ("B", "headings"), ("C", "prose"), ("D", "code"))
            made = " || ".join(f"setweight(to_tsvector('simple', :{name}), '{weight}')" for weight, name in parts)
            insert = f"INSERT INTO words(document, terms) VALUES (:id, {made})"  # noqa: S608 - our own names
        connection.execute(text(insert), {"id": ident, **texts})
        return {stem for stems in fields.values() for stem in stems}

    def _take_out(self, connection: Connection, idents: Sequence[int]) -> None:
        """Let the documents *idents* no longer be found by their terms."""
        from sqlalchemy import bindparam, text  # noqa: PLC0415 - slow to import

        which, column = ("rowid", "title || ' ' || skills || ' ' || headings || ' ' || prose || ' ' || code")
        if not self.on_sqlite:
            which, column = "document", "array_to_string(tsvector_to_array(terms), ' ')"
        counts: Counter[str] = Counter()
        for some in _parts(idents):
            ask = text(f"SELECT {column} FROM words WHERE {which} IN :ids").bindparams(bindparam("ids", expanding=True))  # noqa: S608
            for (stems,) in connection.execute(ask, {"ids": some}):
                counts.subtract(set(stems.split()))
            forget = text(f"DELETE FROM words WHERE {which} IN :ids").bindparams(bindparam("ids", expanding=True))  # noqa: S608
            connection.execute(forget, {"ids": some})
        self._count(connection, counts)

    def _count(self, connection: Connection, counts: Counter[str]) -> None:
        """Add *counts* to the number of documents that each term has; a term that none has any more is forgotten."""
        from sqlalchemy import text  # noqa: PLC0415 - slow to import

        if not counts:
            return
        insert = (
            "INSERT INTO word(term, initial, size, documents) VALUES (:term, :initial, :size, :documents) "
            "ON CONFLICT (term) DO UPDATE SET documents = word.documents + excluded.documents"
        )
        rows = [{"term": term, "initial": term[0], "size": len(term), "documents": number} for term, number in sorted(counts.items())]
        connection.execute(text(insert), rows)
        if min(counts.values()) < 0:
            connection.execute(text("DELETE FROM word WHERE documents <= 0"))

    # --- the database ---

    def problems(self, connection: Connection, space: str, dimensions: int) -> list[str]:
        """Return what is not as it should be in the database itself, each in one sentence."""
        found: list[str] = []
        if self.on_sqlite:
            said = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar()
            if said != "ok":
                found.append(
                    f"The database is damaged: {printable(str(said))}. Delete it; lessons are indexed again when they are looked for."
                )
                return found
        missing = len(self.without_vector(connection, space))
        if missing:
            found.append(f"{missing} documents were embedded by another model than {space}.")
        for idents, matrix in self.vectors(connection, space):
            if matrix.shape[1] != dimensions or not bool(((matrix**2).sum(axis=1) - 1 < 1e-3).all()):  # noqa: PLR2004 - rounding
                found.append(f"Vectors of documents from number {idents[0]} on are not of this model.")
        words = connection.exec_driver_sql("SELECT count(*) FROM words").scalar()
        if words != self.count(connection):
            found.append(f"{words} documents can be found by their words, and there are {self.count(connection)}.")
        return found

    def _make(self) -> None:
        """Make the tables that are not there; refuse a catalog of a later format."""
        from sqlalchemy import select  # noqa: PLC0415 - slow to import

        form = _tables()["format"]
        with self.writing() as connection:
            if not self.on_sqlite:
                # Of two that make the same table at once, PostgreSQL refuses one, whatever IF NOT EXISTS says.
                connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7239846120)")
            form.metadata.create_all(connection)
            self._make_words(connection)
            number = connection.execute(select(form.c.number)).scalar()
            if number is None:
                connection.execute(form.insert().values(number=FORMAT))
                state = {"generation": "0", "erased": "0", "identity": secrets.token_hex(8)}
                connection.execute(_tables()["state"].insert(), [{"name": name, "value": value} for name, value in state.items()])
            elif number > FORMAT:
                raise HornbookError(
                    f"{self.name}: this catalog has format {number}, which a later hornbook has made; this one knows {FORMAT}."
                )

    def _make_words(self, connection: Connection) -> None:
        """Make the table of words, if it is not there."""
        if self.on_sqlite:
            form = ", ".join([*WEIGHTS, 'tokenize = "unicode61 remove_diacritics 0"'])
            weights = ", ".join(map(str, WEIGHTS.values()))
            connection.exec_driver_sql(f"CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5({form})")
            connection.exec_driver_sql(f"INSERT INTO words(words, rank) VALUES ('rank', 'bm25({weights})')")  # noqa: S608 - our own
        else:
            connection.exec_driver_sql("CREATE TABLE IF NOT EXISTS words (document integer PRIMARY KEY, terms tsvector NOT NULL)")
            connection.exec_driver_sql("CREATE INDEX IF NOT EXISTS words_terms ON words USING gin (terms)")

    def _next(self, connection: Connection) -> int:
        """Return the generation of this write; on PostgreSQL this is where a second writer waits."""
        from sqlalchemy import select  # noqa: PLC0415 - slow to import

        table = _tables()["state"]
        row = select(table.c.value).where(table.c.name == "generation").with_for_update()
        generation = int(connection.execute(row).scalar_one()) + 1
        self._set(connection, "generation", generation)
        return generation

    def _set(self, connection: Connection, name: str, value: int) -> None:
        table = _tables()["state"]
        connection.execute(table.update().where(table.c.name == name).values(value=str(value)))

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Give a transaction that is written when the block ends, whole or not at all."""
        with self._said(), self.engine.begin() as connection:
            if self.on_sqlite:
                # Who reads first and writes later is refused at once if somebody wrote between (https://sqlite.org/lang_transaction.html).
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection that sees one and the same state throughout, whoever writes meanwhile."""
        with self._said(), self.engine.connect() as connection:
            if self.on_sqlite:
                connection.exec_driver_sql("BEGIN")
            else:
                connection.execution_options(isolation_level="REPEATABLE READ")
            yield connection

    @contextmanager
    def _said(self) -> Iterator[None]:
        """Say in one sentence what a database says in many."""
        from sqlalchemy.exc import DBAPIError  # noqa: PLC0415 - slow to import

        try:
            yield
        except DBAPIError as error:
            raise HornbookError(f"{self.name}: the catalog cannot be used: {printable(str(error.orig).strip())}.") from error


def clauses(where: Where, *, of_all: bool = False) -> list[ColumnElement[bool]]:
    """Return what *where* asks of a row of the table of documents: in the form that is fast for a few of them, or the one for *of_all*."""
    from sqlalchemy import exists, select  # noqa: PLC0415 - slow to import

    document, name = _tables()["document"], _tables()["name"]

    def has(role: str, value: str) -> ColumnElement[bool]:
        named = (name.c.role == role) & (name.c.folded == value.casefold())
        if of_all:
            return document.c.id.in_(select(name.c.document).where(named))
        return exists().where(named & (name.c.document == document.c.id))

    found = [
        document.c[one] == getattr(where, one) for one in ("kind", "course", "language", "assurance") if getattr(where, one) is not None
    ]
    found += [has("skill", skill) for skill in where.skills]
    if where.levels:
        found.append(document.c.level.in_(where.levels))
    if where.minutes is not None:
        found.append(document.c.minutes <= where.minutes)
    if where.author is not None:
        found.append(has("author", where.author))
    if where.since is not None:
        found.append(document.c.created >= int(where.since.timestamp()))
    if where.until is not None:
        found.append(document.c.created <= int(where.until.timestamp()))
    return found


def default_path() -> Path:
    """Return where a learner's own catalog is: among Jupyter's data, beside the record."""
    from jupyter_core.paths import jupyter_data_dir  # noqa: PLC0415 - kept out of `import hornbook`

    return Path(jupyter_data_dir()) / "hornbook" / "catalog.sqlite"


def _parts(items: Sequence[_Item]) -> Iterator[Sequence[_Item]]:
    return (items[start : start + MANY] for start in range(0, len(items), MANY))


def _row(document: Document) -> dict[str, Any]:
    plain = ("key", "kind", "course", "slug", "title", "summary", "level", "minutes", "language", "assurance", "version", "place", "stamp")
    row = {name: getattr(document, name) for name in plain}
    created = None if document.created is None else int(document.created.timestamp())
    return row | {"created": created, "digest": document.digest}


def _document(row: Mapping[str, Any], **lists: Any) -> Document:
    taken = {name: value for name, value in row.items() if name not in {"id", "created", "digest", "revision"}}
    created = None if row["created"] is None else datetime.fromtimestamp(row["created"], UTC)
    return Document(**taken, created=created, **lists)


@functools.cache
def _tables() -> Mapping[str, Table]:
    """Return the tables. `created` is in seconds since 1970, UTC."""
    from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, LargeBinary, MetaData, String, Text  # noqa: PLC0415
    from sqlalchemy import Table as SqlTable  # noqa: PLC0415

    metadata = MetaData()
    SqlTable("format", metadata, Column("number", Integer, primary_key=True, autoincrement=False))
    SqlTable("state", metadata, Column("name", String(40), primary_key=True), Column("value", Text, nullable=False))
    document = SqlTable(
        "document",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("key", String(300), nullable=False, unique=True),
        *(Column(name, String(300), nullable=False) for name in ("kind", "course", "slug", "level", "language", "assurance", "version")),
        *(Column(name, Text, nullable=False) for name in ("title", "summary", "place", "stamp")),
        Column("minutes", Integer),
        Column("created", BigInteger),
        Column("digest", String(64), nullable=False),
        Column("revision", Integer, nullable=False),
        # A number is never given away twice: an index that is behind must not take a new document for an old one.
        sqlite_autoincrement=True,
    )
    Index("document_revision", document.c.revision)
    Index("document_course", document.c.course, document.c.slug)
    name = SqlTable(
        "name",
        metadata,
        Column("document", ForeignKey("document.id"), primary_key=True),
        Column("role", String(10), primary_key=True),
        Column("position", Integer, primary_key=True, autoincrement=False),
        Column("name", Text, nullable=False),
        Column("folded", Text, nullable=False),
    )
    Index("name_of", name.c.role, name.c.folded, name.c.document)
    SqlTable(
        "passage",
        metadata,
        Column("document", ForeignKey("document.id"), primary_key=True),
        Column("position", Integer, primary_key=True, autoincrement=False),
        Column("cell", Integer, nullable=False),
        Column("kind", String(10), nullable=False),
        Column("text", Text, nullable=False),
        Column("terms", Text, nullable=False),
    )
    SqlTable(
        "vector",
        metadata,
        Column("document", ForeignKey("document.id"), primary_key=True),
        Column("space", String(200), primary_key=True),
        Column("data", LargeBinary, nullable=False),
    )
    word = SqlTable(
        "word",
        metadata,
        Column("term", String(80), primary_key=True),
        Column("initial", String(4), nullable=False),
        Column("size", Integer, nullable=False),
        Column("documents", Integer, nullable=False),
    )
    Index("word_near", word.c.initial, word.c.size)
    return metadata.tables
