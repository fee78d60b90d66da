"""Indexes: where the nearest vectors are. They hold nothing that the store does not hold, and can be lost at any time.

    Exact       numpy over all vectors: right by definition, and the fastest up to some ten thousand documents
    Chroma      a directory beside the catalog, or a Chroma server; ids, what can be filtered by, and vectors, never a text

A Chroma directory has one owner, the process that holds its lock; nobody else opens it. Beside it stands how far it is. Whatever is not
known to be whole is made again in a new directory: what another model, release or catalog has made, what was being written when its
owner ended, and what has held a document that was erased.
"""

from __future__ import annotations

import contextlib
import fcntl
import functools
import json
import os
import secrets
import shutil
import sqlite3
import threading
import weakref
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from hornbook.errors import HornbookError, printable
from hornbook.heavy import imported

if TYPE_CHECKING:
    from numpy import float32, int64
    from numpy.typing import NDArray
    from sqlalchemy import Connection

    from hornbook.catalog.passages import Document
    from hornbook.catalog.store import State, Store, Where

Ranked = list[tuple[int, float]]
"""Numbers of documents with their similarity (cosine), the nearest first."""

AT_ONCE: Final = 2_000
"""How many vectors an owner writes or reads back while somebody waits: about a second."""
BATCH: Final = 2_000
"""How many vectors Chroma is given at a time; it takes 5461 at most."""
NEVER_SYNCED: Final = 1_000_000
"""Below this number of writes Chroma keeps vectors in SQLite only. What it writes beyond, it may not be able to read after a kill."""
SERVER_SECONDS: Final = 10.0
"""How long a server is waited for."""
GROWTH: Final = 4
"""After how many writes for each document a directory is made again: what was replaced stays in it."""


# --- Exact -----------------------------------------------------------------------------------------------------------


@dataclass(eq=False)
class Exact:
    """All vectors of one space in memory, as they were at `generation`."""

    space: str
    dimensions: int
    generation: int = -1
    _held: tuple[Any, Any] | None = None
    _renewing: threading.Lock = field(default_factory=threading.Lock)

    def nearest(
        self, store: Store, connection: Connection, state: State, vector: NDArray[float32], limit: int, among: NDArray[int64] | None
    ) -> Ranked:
        """Return the *limit* documents nearest to *vector*, of those *among* which it is looked, or of all."""
        import numpy as np  # noqa: PLC0415 - heavy

        idents, matrix = self.renewed(store, connection, state)
        if among is not None:
            places = np.searchsorted(idents, among)
            places = places[places < len(idents)]
            places = places[np.isin(idents[places], among)]
            few = len(places) * 4 < len(idents)
            scores = matrix[places] @ vector if few else (matrix @ vector)[places]
            idents = idents[places]
        else:
            scores = matrix @ vector
        if not len(scores):
            return []
        best = np.argpartition(-scores, min(limit, len(scores)) - 1)[:limit]
        order = best[np.lexsort((idents[best], -scores[best]))]
        return [(int(idents[place]), float(scores[place])) for place in order]

    def renewed(self, store: Store, connection: Connection, state: State) -> tuple[NDArray[int64], NDArray[float32]]:
        """Return all numbers, ascending, and their vectors, as *connection* sees them."""
        import numpy as np  # noqa: PLC0415 - heavy

        with self._renewing:
            if self._held is not None and self.generation == state.generation:
                return self._held
            behind = self._held is not None and state.erased <= self.generation < state.generation
            parts = list(store.vectors(connection, self.space, after=self.generation if behind else -1))
            fitting = [(some, rows) for some, rows in parts if rows.shape[1] == self.dimensions]
            idents = np.concatenate([some for some, _ in fitting]) if fitting else np.empty(0, np.int64)
            matrix = np.concatenate([rows for _, rows in fitting]) if fitting else np.empty((0, self.dimensions), np.float32)
            if behind and self._held is not None:
                kept = ~np.isin(self._held[0], idents)
                idents, matrix = np.concatenate([self._held[0][kept], idents]), np.concatenate([self._held[1][kept], matrix])
                order = np.argsort(idents)
                idents, matrix = idents[order], matrix[order]
            self._held, self.generation = (idents, matrix), state.generation
            return idents, matrix


# --- Chroma ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an index is: what made it, the `folder` it is in, and the `generation` that it holds, if `whole`."""

    space: str
    chroma: str
    identity: str
    folder: str
    built: int = -1
    generation: int = -1
    written: int = 0
    whole: bool = False


@dataclass(eq=False)
class Chroma:
    """An index in Chroma: a directory below `root` of which this process is the owner, or the server at `address`.

    Make it with `owned` or `served`. A process that was forked from its owner must not use it, and is told so by `usable`.
    """

    root: Path
    space: str
    lock: int
    address: str = ""
    progress: Progress | None = None
    _client: Any = None
    _collection: Any = None
    _pid: int = field(default_factory=os.getpid)

    @classmethod
    def owned(cls, root: Path, space: str) -> Chroma | None:
        """Return the index below *root*, now owned by this process; None where another one owns it, or nothing can be written."""
        lock = _locked(root)
        if lock is None:
            return None
        index = cls(root, space, lock)
        # A fork would keep the lock for as long as it lives.
        os.register_at_fork(after_in_child=functools.partial(_let_go, weakref.ref(index)))
        return index

    @classmethod
    def served(cls, root: Path, space: str, address: str) -> Chroma:
        """Return the index of the Chroma server at *address*; raise `HornbookError` if that is no address of one."""
        with contextlib.suppress(ValueError):
            parts = urlsplit(address)
            if parts.scheme in {"http", "https"} and parts.hostname and parts.port is not None:
                return cls(root, space, -1, address)
        raise HornbookError(f"{printable(address)}: is not the address of a Chroma server, such as http://127.0.0.1:8000.")

    @property
    def usable(self) -> bool:
        """Whether this is the process that has opened it: Chroma hangs in a fork."""
        return os.getpid() == self._pid

    @property
    def opened(self) -> bool:
        """Whether it can be asked at once."""
        return self._collection is not None and self.usable

    def close(self) -> None:
        """Let go of it, so that another process can own it."""
        if not self.usable:
            return
        self._leave()
        if self.lock >= 0:
            os.close(self.lock)
            self.lock = -1

    def holds(self, state: State) -> bool:
        """Whether it is open, and as far as the catalog is."""
        return self.opened and self.progress is not None and self.progress.whole and self.progress.generation == state.generation

    def follow(self, store: Store, *, patiently: bool = False) -> bool:
        """Bring it as far as the catalog is, and return whether it is; without patience only where that takes about a second.

        Raises `HornbookError` where Chroma fails: whoever asks goes on without it.
        """
        with self._failing(), self._alone() as alone, store.reading() as connection:
            state = store.state(connection)
            if self.holds(state):
                return True
            if not alone:
                return False
            number = store.count(connection)
            if not self._open(store, connection, state, number, patiently=patiently):
                return False
            assert self.progress is not None  # noqa: S101 - _open has seen to it
            if self.progress.generation < state.generation:
                self._write(store, connection, state, after=self.progress.generation)
            if self._collection.count() != store.indexable(connection, self.space):
                self._new(store, connection, state)
            return True

    def rebuild(self, store: Store) -> None:
        """Make it again from the catalog, whatever is there. Raises `HornbookError` where somebody else is writing to it."""
        with self._failing(), self._alone() as alone, store.reading() as connection:
            if not alone:
                raise HornbookError(f"{printable(self.address)}: another process is writing the index. Try again in a moment.")
            self._new(store, connection, store.state(connection))

    def nearest(self, vector: NDArray[float32], limit: int, where: Where) -> Ranked:
        """Return the *limit* documents nearest to *vector* for which *where* holds."""
        with self._failing():
            found = self._collection.query(query_embeddings=[vector], n_results=limit, where=filters(where), include=["distances"])
            pairs = zip(found["ids"][0], found["distances"][0], strict=True)
            return sorted(((int(ident), 1.0 - float(distance)) for ident, distance in pairs), key=lambda pair: (-pair[1], pair[0]))

    def contents(self) -> Iterator[tuple[int, dict[str, Any], NDArray[float32]]]:
        """Yield all that it holds: each number with what can be filtered by, and its vector."""
        with self._failing():
            start = 0
            while True:
                got = self._collection.get(limit=BATCH, offset=start, include=["metadatas", "embeddings"])
                for ident, metadata, vector in zip(got["ids"], got["metadatas"], got["embeddings"], strict=True):
                    yield int(ident), dict(metadata), vector
                start += BATCH
                if len(got["ids"]) < BATCH:
                    return

    # --- how it is made ---

    def _open(self, store: Store, connection: Connection, state: State, number: int, *, patiently: bool) -> bool:
        """Open what is there if it is known to be whole, or make it anew; return whether that was done."""
        progress = self.progress if self.opened and not self.address else self._read()
        if progress is not None and progress.whole and _made_alike(progress, self._fresh(state)):
            # What was erased in a directory stays in it, so the directory must be younger than the last that was erased.
            in_time = state.erased <= progress.built and progress.generation <= state.generation
            if in_time and progress.written <= GROWTH * max(number, AT_ONCE):
                same = self.progress is not None and self.progress.folder == progress.folder
                if self.opened and same:
                    self.progress = progress
                    return True
                if number > AT_ONCE and not patiently:
                    return False
                if self._opened(progress):
                    return True
        if number > AT_ONCE and not patiently:
            self._forget()
            return False
        self._new(store, connection, state)
        return True

    def _opened(self, progress: Progress) -> bool:
        """Open the collection that *progress* tells of; return whether it is there, and readable."""
        try:
            if not self.address:
                folder = self.root / progress.folder
                if not _readable(folder / "chroma.sqlite3"):
                    return False
                # All vectors are in SQLite. What Chroma keeps beside it is read without a check, and may end the process.
                for rest in folder.iterdir():
                    if rest.is_dir():
                        shutil.rmtree(rest)
            self._connect(progress)
            self._collection = self._client.get_collection(progress.folder, embedding_function=None)
            self.progress = progress
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException:  # noqa: BLE001 - Chroma's panics are no Exception, and whatever they say, it is made again
            self._leave()
            return False
        return True

    def _new(self, store: Store, connection: Connection, state: State) -> None:
        """Make it anew, in a directory of its own, of all that *connection* sees."""
        old = self.progress or self._read()
        self._forget()
        progress = self._fresh(state)
        if self.address:
            self._connect(progress)
            if old is not None:
                with contextlib.suppress(Exception):
                    self._client.delete_collection(old.folder)
        else:
            (self.root / progress.folder).mkdir(mode=0o700)
            self._connect(progress)
        self._collection = self._client.create_collection(
            progress.folder,
            embedding_function=None,
            configuration={"hnsw": {"space": "cosine", "sync_threshold": NEVER_SYNCED, "ef_search": 200}},
        )
        self.progress = progress
        self._write(store, connection, state, after=-1)

    def _write(self, store: Store, connection: Connection, state: State, *, after: int) -> None:
        """Write what was written to the catalog after the generation *after*. Between the two notes it is not whole."""
        assert self.progress is not None  # noqa: S101 - it is open
        self._note(replace(self.progress, whole=False))
        written = 0
        for idents, matrix in store.vectors(connection, self.space, after=after):
            for start in range(0, len(idents), BATCH):
                some = [int(ident) for ident in idents[start : start + BATCH]]
                known = store.documents(connection, some)
                self._collection.upsert(
                    ids=[str(ident) for ident in some],
                    embeddings=matrix[start : start + BATCH],
                    metadatas=[metadata(known[ident]) for ident in some],
                )
                written += len(some)
        built = state.generation if after < 0 else self.progress.built
        self._note(replace(self.progress, whole=True, built=built, generation=state.generation, written=self.progress.written + written))

    def _fresh(self, state: State) -> Progress:
        from importlib.metadata import version  # noqa: PLC0415 - only here

        return Progress(self.space, version("chromadb"), state.identity, f"chroma-{secrets.token_hex(8)}")

    def _connect(self, progress: Progress) -> None:
        chromadb = imported("chromadb")
        if self._client is not None:
            return
        settings = chromadb.config.Settings(anonymized_telemetry=False)
        if self.address:
            parts = urlsplit(self.address)
            self._client = chromadb.HttpClient(parts.hostname or "", parts.port or 0, ssl=parts.scheme == "https", settings=settings)
            for session in self._sessions:
                session.timeout = SERVER_SECONDS
        else:
            self._client = chromadb.PersistentClient(str(self.root / progress.folder), settings=settings)

    @property
    def _sessions(self) -> list[Any]:
        """The connections to a server, if Chroma still keeps them there: they wait for ever, and are not closed with their client."""
        clients = (self._client, getattr(self._client, "_admin_client", None)) if self.address else ()
        sessions = [getattr(getattr(client, "_server", None), "_session", None) for client in clients]
        return [session for session in sessions if session is not None]

    def _leave(self) -> None:
        """Close what is open."""
        for one in (*self._sessions, self._client):
            if one is not None:
                with contextlib.suppress(Exception):
                    one.close()
        self._client = self._collection = None

    def _forget(self) -> None:
        """Throw away what is there. A directory that cannot be removed is no hindrance: a new one has a new name."""
        self._leave()
        self.progress = None
        if not self.address:
            with contextlib.suppress(OSError):
                self._noted.unlink(missing_ok=True)
            for folder in self.root.glob("chroma-*"):
                shutil.rmtree(folder, ignore_errors=True)

    @contextlib.contextmanager
    def _alone(self) -> Iterator[bool]:
        """Tell whether nobody else writes in this block: an owner is alone anyway, a server has many guests."""
        lock = self.lock if self.lock >= 0 else _locked(self.root)
        try:
            yield lock is not None
        finally:
            if lock is not None and lock != self.lock:
                os.close(lock)

    # --- how far it is ---

    @property
    def _noted(self) -> Path:
        return self.root / ("server.json" if self.address else "progress.json")

    def _read(self) -> Progress | None:
        with contextlib.suppress(OSError, ValueError, TypeError):
            return Progress(**json.loads(self._noted.read_bytes()))
        return None

    def _note(self, progress: Progress) -> None:
        unfinished = self._noted.with_suffix(".tmp")
        with unfinished.open("wb") as file:
            file.write(json.dumps(asdict(progress)).encode())
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(self._noted)
        self.progress = progress

    @contextlib.contextmanager
    def _failing(self) -> Iterator[None]:
        """Say in one sentence what Chroma says in many; what has failed is not used again."""
        try:
            yield
        except (HornbookError, KeyboardInterrupt, SystemExit, GeneratorExit):
            raise
        except BaseException as error:
            self._leave()
            raise HornbookError(
                f"{printable(self.address or self.root)}: the index cannot be used: {printable(str(error))[:300]}."
            ) from error


def metadata(document: Document) -> dict[str, Any]:
    """Return what *document* can be filtered by. Names are folded, moments are seconds since 1970; what is missing is left out."""
    found: dict[str, Any] = {name: getattr(document, name) for name in ("kind", "course", "language", "assurance", "level")}
    found["minutes"] = document.minutes
    found["created"] = None if document.created is None else int(document.created.timestamp())
    found["skills"] = [skill.casefold() for skill in document.skills]
    found["authors"] = [author.casefold() for author in document.authors]
    return {name: value for name, value in found.items() if value not in (None, [])}


def filters(where: Where) -> dict[str, Any] | None:
    """Return what *where* asks in Chroma's words; None if it asks nothing."""
    found: list[dict[str, Any]] = [
        {name: {"$eq": getattr(where, name)}} for name in ("kind", "course", "language", "assurance") if getattr(where, name) is not None
    ]
    found += [{"skills": {"$contains": skill.casefold()}} for skill in where.skills]
    if where.levels:
        found.append({"level": {"$in": list(where.levels)}})
    if where.minutes is not None:
        found.append({"minutes": {"$lte": where.minutes}})
    if where.author is not None:
        found.append({"authors": {"$contains": where.author.casefold()}})
    if where.since is not None:
        found.append({"created": {"$gte": int(where.since.timestamp())}})
    if where.until is not None:
        found.append({"created": {"$lte": int(where.until.timestamp())}})
    if len(found) > 1:
        return {"$and": found}
    return found[0] if found else None


def _made_alike(one: Progress, other: Progress) -> bool:
    """Whether both are of one model, release of Chroma and catalog."""
    return (one.space, one.chroma, one.identity) == (other.space, other.chroma, other.identity)


def _locked(root: Path) -> int | None:
    """Return the lock of the index below *root*, an open file; None where another process has it, or nothing can be written."""
    try:
        root.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = os.open(root / "lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    except OSError:
        return None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        return None
    return lock


def _let_go(index: weakref.ref[Chroma]) -> None:
    """Close the lock in a process that was forked from its owner, who keeps it."""
    mine = index()
    if mine is not None and mine.lock >= 0:
        os.close(mine.lock)
        mine.lock = -1


def _readable(path: Path) -> bool:
    """Whether the SQLite database at *path* is there, and whole as far as SQLite can tell."""
    try:
        with contextlib.closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            return bool(connection.execute("PRAGMA quick_check(1)").fetchone() == ("ok",))
    except sqlite3.Error:
        return False
