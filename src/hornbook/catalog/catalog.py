"""The catalog: everything that can be found, in SQL, with an index of what it means.

    catalog = Catalog.open(default_path())
    catalog.keep(course)                               its lessons, as far as they have changed
    catalog.add(artifact_document(artifact, lesson, course="hornbook", author="did:key:z6Mk..."))
    catalog.find("KeyError: 'price'", Where(levels=("beginner",)))
    catalog.related("lesson:hornbook/steady_pulse", passed={"secret_messages", "tidy_expenses"})

What was added is in the database before `add` returns. The index follows: Chroma where this process owns it, and everybody else is
answered exactly, from the database; the answers are the same.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

from hornbook.catalog import search, steps
from hornbook.catalog.embed import Embedder, MiniLM, embedder_named
from hornbook.catalog.index import Chroma, Exact, metadata
from hornbook.catalog.passages import RECIPE, Document, Published, artifact_key, lesson_document, lesson_key, place_of, storable
from hornbook.catalog.search import Hit
from hornbook.catalog.store import Store, Where, default_path
from hornbook.catalog.terms import error_in
from hornbook.errors import CourseError, HornbookError, printable

if TYPE_CHECKING:
    from numpy import float32
    from numpy.typing import NDArray
    from sqlalchemy import Connection

    from hornbook.catalog.index import Ranked
    from hornbook.course import Course

AUTO: Final = "auto"
EXACT: Final = "exact"
TOGETHER: Final = 200
"""How many documents are written in one go: a kill loses at most so many that were not acknowledged yet."""
CHROMA_FILTERS: Final = 20_000
"""Up to how many documents Chroma filters as fast as numpy: at 100,000 it takes ten times as long."""
LOOKED_AT: Final = 1_000
"""How many of the nearest documents are put to a filter before it is asked of all."""
WHILE_WAITING: Final = 64
"""How many documents are embedded again while somebody waits for an answer, after a change of the model."""
MOST_HITS: Final = 100


@dataclass(frozen=True, slots=True)
class Report:
    """How the catalog is: its number of `documents`, how many of them are `indexed`, and the `problems`, one sentence each.

    `indexed` is None where the index is not ours to look at, and `space` says what makes the vectors.
    """

    documents: int
    indexed: int | None
    space: str
    problems: tuple[str, ...]


@dataclass(eq=False)
class Catalog:
    """Everything that can be found. Threads may share it, and processes its database.

    `index` is "auto", "exact" or the address of a Chroma server. `trouble` says why the index was not used, if it was not.
    While it is only `asking`, it takes no index for its own.
    """

    store: Store
    embedder: Embedder
    index: str
    folder: Path
    trouble: str = ""
    asking: bool = False
    _exact: Exact = field(init=False)
    _chroma: Chroma | None = None
    _indexing: threading.RLock = field(default_factory=threading.RLock)
    _pid: int = field(default_factory=os.getpid)
    _looked: int = -1

    def __post_init__(self) -> None:
        self._exact = Exact(self.space, self.embedder.dimensions)

    @classmethod
    def open(
        cls, where: Path | str | None = None, *, embedder: Embedder | None = None, index: str = AUTO, folder: Path | None = None
    ) -> Catalog:
        """Return the catalog in the file at, or behind the database URL *where*, by default the learner's own.

        *index* is "auto" (Chroma in *folder*, by default beside the file, where this process can own it), "exact" (never Chroma), or the
        address of a Chroma server. Raises `HornbookError` where the catalog cannot be read or is of a later format.
        """
        where = default_path() if where is None else where
        if index not in {AUTO, EXACT} and "://" not in index:
            raise HornbookError(
                f'"{printable(index)}" is no index: it is "auto", "exact" or a Chroma server such as http://127.0.0.1:8000.'
            )
        store = Store.open(where)
        beside = where if isinstance(where, Path) else default_path().with_name(f"catalog-{_short(store.name)}")
        catalog = cls(store, embedder or MiniLM(), index, folder or beside.with_suffix(".index"))
        if "://" in index:
            catalog._chroma = Chroma.served(catalog.folder, catalog.space, index)
        return catalog

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ, *, asking: bool = False) -> Catalog:
        """Return the catalog that the settings name: HORNBOOK_CATALOG (a file or URL), HORNBOOK_INDEX and HORNBOOK_EMBEDDER.

        Who is only *asking*, once, is answered exactly: to import Chroma takes longer. Its next owner catches up with what was added;
        whoever stays may become that with `take_over`.
        """
        said = environment.get("HORNBOOK_CATALOG") or None
        where = said if said is None or "://" in said else Path(said)
        index = environment.get("HORNBOOK_INDEX") or AUTO
        embedder = embedder_named(environment.get("HORNBOOK_EMBEDDER"))
        catalog = cls.open(where, embedder=embedder, index=index)
        catalog.asking = asking
        return catalog

    @property
    def space(self) -> str:
        """What made the vectors: the model's name and the recipe of the texts. Vectors of two spaces are never compared."""
        return f"{self.embedder.name}/{RECIPE}"

    def close(self) -> None:
        """Let go of the database and of the index."""
        with self._indexing:
            if self._chroma is not None:
                self._chroma.close()
                self._chroma = None
            self.store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    # --- what is in it ---

    def add(self, *documents: Document) -> int:
        """Add *documents*, each instead of the one of the same key; return how many were new or had changed."""
        known = self.store.known([document.key for document in documents])
        fresh: dict[str, Document] = {}
        for document in documents:
            before = known.get(document.key)
            if before is None or before.digest != document.digest:
                fresh[document.key] = document
            elif (before.place, before.stamp) != (document.place, document.stamp):
                self.store.moved(document.key, document.place, document.stamp)
        todo = list(fresh.values())
        for start in range(0, len(todo), TOGETHER):
            some = todo[start : start + TOGETHER]
            self.store.put(some, self._embedded([document.card for document in some]), self.space)
        if todo:
            self._follow()
        return len(todo)

    def remove(self, *keys: str) -> int:
        """Erase the documents with *keys* everywhere; return how many there were.

        Where another process owns the index, that process makes its directory anew the next time it is asked.
        """
        number = self.store.drop(keys)
        if number:
            self._follow()
        return number

    def withdraw(self, page: Path) -> int:
        """Erase what is known of the artifact with this *page*, as when it is deleted; return how many documents that were."""
        return self.remove(*self.store.keys_at(place_of(page)))

    def withdraw_issued(self, slug: str, author: str, learner: str) -> int:
        """Erase what *author* has issued of the lesson *slug* to *learner*, wherever it lies; return how many documents that were."""
        end = artifact_key("", slug, author, learner).partition(":")[2]
        return self.remove(*(key for key in self.store.keys(Where(kind="artifact", author=author)) if key.endswith(end)))

    def keep(self, course: Course) -> int:
        """Add the lessons of *course* that are new or have changed, and remove those that are gone; return how many were written.

        What has not changed costs a look at its file's date.
        """
        keys = {lesson_key(course.name, slug): slug for slug in course.slugs}
        known = self.store.known(list(keys))
        changed: list[Document] = []
        for key, slug in keys.items():
            with suppress(CourseError, OSError):
                path = course.path(slug)
                stat = path.stat()
                stamp = f"{stat.st_mtime_ns}-{stat.st_size}"
                if key not in known or (known[key].stamp, known[key].place) != (stamp, storable(str(path))):
                    changed.append(lesson_document(course.lesson(slug), course=course.name, language=course.settings.language, stamp=stamp))
        here = [key for key in self.store.keys(Where(kind="lesson", course=course.name)) if key not in keys]
        places = {key: one.place for key, one in self.store.known(here).items()}
        self.remove(*(key for key, place in places.items() if Path(place).is_relative_to(course.root)))
        return self.add(*changed)

    # --- what is asked of it ---

    def find(self, text: str, where: Where | None = None, *, limit: int = 10) -> tuple[Hit, ...]:
        """Return what fits *text* best, at most *limit*: a question, some words, or an error message.

        Without a text it is whatever *where* holds for.
        """
        where = where or Where()
        limit = max(1, min(limit, MOST_HITS))
        with self._reading() as connection:
            if not text.strip():
                return tuple(search.listed(self.store, connection, where, limit))
            query = search.understood(self.store, connection, text)
            return tuple(search.found(self.store, connection, query, where, limit, self._nearest_in(connection)))

    def related(self, what: str | Document, *, passed: Collection[str] = (), trouble: str = "", limit: int = 6) -> tuple[Hit, ...]:
        """Return what to do after the lesson *what*, a key or a document: each step with its reason.

        *passed* are the slugs of lessons that are done (of the same course; of others their keys): they are left out, and what requires
        others comes later. *trouble* is an error message or a failed check's sentence: what teaches that comes first.
        """
        with self._reading() as connection:
            return tuple(
                steps.steps(
                    self.store, connection, what, frozenset(passed), trouble, max(1, min(limit, MOST_HITS)), self._nearest_in(connection)
                )
            )

    def alike(self, key: str, where: Where | None = None, *, limit: int = 6) -> tuple[Hit, ...]:
        """Return what is most like the document *key*, and shares skills with it, among what *where* holds for."""
        with self._reading() as connection:
            most = max(1, min(limit, MOST_HITS))
            return tuple(steps.alike(self.store, connection, key, where or Where(), most, self._nearest_in(connection)))

    def neighbours(self, artifact: Published, *, limit: int = 12) -> list[Path] | None:
        """Return the folders of the artifacts that are most like *artifact*, the nearest first; None if it is not in the catalog itself."""
        keys = self.store.keys_at(place_of(artifact.page))
        if not keys:
            return None
        return [Path(hit.place).parent for hit in self.alike(keys[0], Where(kind="artifact"), limit=limit)]

    def teaching(self, trouble: str, where: Where | None = None, *, limit: int = 3) -> tuple[Hit, ...]:
        """Return the lessons that teach what the error message in *trouble* is about, by their title, their skills, or its name in them.

        A lesson that merely looks like it is none of them, and of a text without an error message there are none.
        """
        error = error_in(trouble)
        if error is None:
            return ()
        hits = self.find(trouble, replace(where or Where(), kind="lesson"), limit=MOST_HITS // 4)
        return tuple(hit for hit in hits if search.teaches(hit, error))[:limit]

    # --- how it is ---

    def check(self) -> Report:
        """Return how the catalog is. Everything that the index holds is compared with what it should hold."""
        with self._indexing:
            chroma = self._own()
            problems: list[str] = []
            indexed: int | None = None
            with self.store.reading() as connection:
                problems += self.store.problems(connection, self.space, self.embedder.dimensions)
                number = self.store.count(connection)
            if chroma is not None and not problems:
                try:
                    if chroma.follow(self.store, patiently=True):
                        indexed, found = self._compared(chroma)
                        problems += found
                except HornbookError as error:
                    problems.append(str(error))
            return Report(number, indexed, self.space, tuple(problems))

    def rebuild(self) -> Report:
        """Make everything again that can be made from the documents: their words, vectors of this model, and the index."""
        with self._indexing:
            self.store.renew_words()
            with self.store.reading() as connection:
                missing = self.store.without_vector(connection, self.space)
            self._embed_again(missing)
            chroma = self._own()
            if chroma is not None:
                chroma.rebuild(self.store)
            return self.check()

    def warm(self) -> bool:
        """Own and open the index, however long that takes; return whether it answers from now on. For a server, in a thread."""
        with self._indexing:
            chroma = self._own()
            return chroma is not None and self._followed(chroma, patiently=True)

    def take_over(self) -> bool:
        """Become the index's owner from now on, if nobody else is, though it was opened only to ask; return as `warm` does."""
        self.asking = False
        return self.warm()

    # --- the parts ---

    def _reading(self) -> Any:
        with suppress(HornbookError):
            self._embed_again(self._outdated())
        return self.store.reading()

    def _outdated(self) -> list[int]:
        """Return the numbers of a few documents that another model has embedded, if any; looked for once after each write."""
        with self.store.reading() as connection:
            generation = self.store.state(connection).generation
            if generation == self._looked:
                return []
            found = self.store.without_vector(connection, self.space, limit=WHILE_WAITING)
        self._looked = -1 if found else generation
        return found

    def _embed_again(self, idents: Sequence[int]) -> None:
        for start in range(0, len(idents), TOGETHER):
            some = idents[start : start + TOGETHER]
            with self.store.reading() as connection:
                documents = self.store.documents(connection, some, passages=True)
            vectors = self._embedded([documents[ident].card for ident in documents])
            self.store.put_vectors(list(documents), vectors, self.space)

    def _embedded(self, texts: Sequence[str]) -> NDArray[float32]:
        """Return the vectors of *texts*; raise `HornbookError` where an embedder that was plugged in gives others than it says."""
        import numpy as np  # noqa: PLC0415 - heavy

        vectors = np.ascontiguousarray(self.embedder.embed(texts), np.float32)
        if vectors.shape != (len(texts), self.embedder.dimensions) or not np.allclose((vectors**2).sum(axis=1), 1, atol=1e-3):
            wanted = f"one vector of length 1 and {self.embedder.dimensions} numbers a text"
            raise HornbookError(f'The embedder "{printable(self.embedder.name)}" must give {wanted}.')
        return vectors

    def _nearest_in(self, connection: Connection) -> Any:
        def nearest(what: str | int, limit: int, where: Where) -> Ranked:
            return self._nearest(connection, what, limit, where)

        return nearest

    def _vector(self, connection: Connection, what: str | int) -> NDArray[float32]:
        """Return the vector of a text, or that of the document with this number, for which no model is needed."""
        if isinstance(what, str):
            asked: NDArray[float32] = self._embedded([what])[0]
            return asked
        kept = self.store.vector(connection, what, self.space)
        if kept is not None:
            return kept
        made: NDArray[float32] = self._embedded([self.store.documents(connection, [what], passages=True)[what].card])[0]
        return made

    def _nearest(self, connection: Connection, what: str | int, limit: int, where: Where) -> Ranked:
        """Return the *limit* documents nearest to *what* for which *where* holds: from Chroma if it is ours and as far, or else exactly."""
        vector = self._vector(connection, what)
        state = self.store.state(connection)
        filtered = where != Where()
        chroma = self._chroma
        if chroma is not None and chroma.opened and not (filtered and self.store.count(connection) > CHROMA_FILTERS):
            with self._indexing:
                if chroma.holds(state) or self._followed(chroma):
                    try:
                        return chroma.nearest(vector, limit, where)
                    except HornbookError as error:
                        self.trouble = str(error)
        if not filtered:
            return self._exact.nearest(self.store, connection, state, vector, limit, None)
        # Most filters leave enough of the nearest: to ask about these is faster than to name all that a filter holds for.
        near = self._exact.nearest(self.store, connection, state, vector, LOOKED_AT, None)
        fits = self.store.fitting(connection, where, [ident for ident, _ in near])
        if len(fits) >= limit or len(near) < LOOKED_AT:
            return [(ident, score) for ident, score in near if ident in fits][:limit]
        return self._exact.nearest(self.store, connection, state, vector, limit, self.store.idents(connection, where))

    def _own(self) -> Chroma | None:
        """Return the index, if this process may write it: the one it has, or else the directory, where no other process owns that."""
        if os.getpid() != self._pid or self.index == EXACT:
            return None
        if self._chroma is None and not self.asking:
            self._chroma = Chroma.owned(self.folder, self.space)
            self.trouble = "" if self._chroma is not None else "Another process owns the index, or nothing can be written there."
        return self._chroma

    def _follow(self) -> None:
        """Let the index follow what was written. It never keeps what was written from being found."""
        with self._indexing:
            chroma = self._own()
            if chroma is not None:
                self._followed(chroma)

    def _followed(self, chroma: Chroma, *, patiently: bool = False) -> bool:
        try:
            return chroma.follow(self.store, patiently=patiently)
        except HornbookError as error:
            self.trouble = str(error)
            return False

    def _compared(self, chroma: Chroma) -> tuple[int, list[str]]:
        """Return how many documents *chroma* holds, and what of them is not as in the database."""
        import numpy as np  # noqa: PLC0415 - heavy

        held = {ident: (data, vector) for ident, data, vector in chroma.contents()}
        problems: list[str] = []
        with self.store.reading() as connection:
            right: set[int] = set()
            for idents, matrix in self.store.vectors(connection, self.space):
                documents = self.store.documents(connection, [int(ident) for ident in idents])
                for ident, vector in zip(map(int, idents), matrix, strict=True):
                    data, other = held.get(ident, ({}, None))
                    wanted = metadata(documents[ident])
                    if other is not None and data == wanted and np.allclose(vector, other, atol=1e-5):
                        right.add(ident)
                    elif len(problems) < 5:  # noqa: PLR2004 - enough to see what it is about
                        problems.append(
                            f"The index has {'another' if other is not None else 'no'} entry for {printable(documents[ident].key)}."
                        )
            extra = len(held.keys() - right)
            if extra and not problems:
                problems.append(f"The index has {extra} entries that no document has.")
        return len(held), problems


def find(text: str, where: Where | None = None, *, limit: int = 10, course: Course | None = None) -> tuple[Hit, ...]:
    """Return what fits *text* best, in the catalog that the environment names, with the lessons of *course* in it as they are now."""
    with Catalog.from_environment(asking=True) as catalog:
        if course is not None:
            catalog.keep(course)
        return catalog.find(text, where, limit=limit)


def related(slug: str, course: Course, *, passed: Collection[str] = (), trouble: str = "", limit: int = 6) -> tuple[Hit, ...]:
    """Return what to do after the lesson *slug* of *course*, from the catalog that the environment names."""
    with Catalog.from_environment(asking=True) as catalog:
        catalog.keep(course)
        return catalog.related(lesson_key(course.name, slug), passed=passed, trouble=trouble, limit=limit)


def ranked(records: Sequence[Mapping[str, Any]], queries: Sequence[str], at: Path, *, limit: int = 10) -> Iterator[tuple[str, list[str]]]:
    """Yield for each of *queries* the ids of the best of *records*, plain data as `Document.of` takes, from a catalog in the file *at*."""
    with Catalog.open(at) as catalog:
        catalog.add(*map(Document.of, records))
        for query in queries:
            yield query, [hit.key for hit in catalog.find(query, limit=limit)]


def _short(name: str) -> str:
    import hashlib  # noqa: PLC0415 - only for a shared catalog

    return hashlib.sha256(name.encode()).hexdigest()[:12]
