"""The course as an issuer: its key, what it has issued, and what it has taken back.

    issuer = Issuer.create(Path("issuer"), "Statistics 101", address="https://stats.example.org/101", passphrase=...)
    artifact = issuer.issue(work, into=Path("portfolio"))     the caller has graded it again: course-checked
    issuer.revoke(credential_id, "handed in by somebody else")

The folder holds `keys/` and `issued.sqlite`, which are nobody else's business, and `public/`, which belongs on the web at the issuer's
address: `did.json` says which keys are its own (did:web), `status/` what was taken back. An issuer without an address is its key
(did:key), and can take nothing back.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Self

from hornbook.errors import HornbookError, printable
from hornbook.model import Assurance
from hornbook.publish import lookup, page
from hornbook.publish.artifact import Artifact
from hornbook.publish.credential import Credential, sign, timestamp
from hornbook.publish.endorsement import endorse
from hornbook.publish.keys import Keyring
from hornbook.publish.sealing import Signer, Work, seal
from hornbook.publish.status import ENTRIES, StatusEntry, status_list

LEAST_LEVEL: Final = 3
"""How strong the sandbox must be, at least, in which a course grades what it signs."""
FULL: Final = ENTRIES * 3 // 4
"""After how many a new list is begun: a free place is found by drawing."""
_BUSY_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class Issued:
    """One line of what was issued. `revoked` is when it was taken back, and `reason` why."""

    credential: str
    lesson: str
    subject: str
    issued: str
    revoked: str | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Issuer:
    """Who issues: `id` is a DID, `name` is for people, `address` is where `public/` stands on the web, if it does."""

    folder: Path
    id: str
    name: str
    address: str | None
    keys: Keyring

    @classmethod
    def create(cls, folder: Path, name: str, *, address: str | None = None, passphrase: str | None = None) -> Self:
        """Return a new issuer in *folder*; raise `HornbookError` if there is one, or it cannot be written."""
        page.check_address(address)
        path = folder / "issuer.json"
        if not name.strip() or len(name) > 200 or not name.isprintable():  # noqa: PLR2004 - a line
            raise HornbookError("An issuer has a name, in one line of at most 200 characters.")
        if path.exists():
            raise HornbookError(f"{printable(folder)}: there is an issuer already. Choose another folder.")
        try:
            folder.mkdir(parents=True, mode=0o700, exist_ok=True)
        except OSError as error:
            raise HornbookError(f"{printable(folder)}: cannot be made ({error.strerror}).") from error
        keys = Keyring.open(folder / "keys", passphrase=passphrase)
        did = lookup.did_of(address) if address else keys.newest.did
        _replace(path, _json({"format": 1, "id": did, "name": name, "address": address.rstrip("/") if address else None}))
        made = cls.open(folder, passphrase=passphrase)
        made.renew()
        return made

    @classmethod
    def open(cls, folder: Path, *, passphrase: str | None = None) -> Self:
        """Return the issuer in *folder*; raise `HornbookError` if there is none, or its key cannot be used."""
        path = folder / "issuer.json"
        try:
            content = json.loads(path.read_bytes())
            known = content["format"] == 1
            did, name, address = str(content["id"]), str(content["name"]), content["address"]
        except OSError as error:
            raise HornbookError(f"{printable(folder)}: is no issuer. `hornbook issuer new` makes one.") from error
        except (ValueError, KeyError, TypeError) as error:
            raise HornbookError(f"{printable(path)}: is not an issuer of hornbook's.") from error
        if not known:
            raise HornbookError(f"{printable(path)}: was written by a later hornbook.")
        return cls(folder, did, name, address, Keyring.open(folder / "keys", passphrase=passphrase))

    @property
    def signer(self) -> Signer:
        """Who signs: the newest key, in the issuer's name."""
        return Signer(self.keys.newest, self.id, self.name)

    @property
    def public(self) -> Path:
        """The folder that belongs on the web."""
        return self.folder / "public"

    def issue(self, work: Work, *, into: Path, now: datetime | None = None, address: str | None = None) -> Artifact:
        """Return the artifact of *work*, which the course has graded again; see `publish`. The same work is issued once."""
        if work.verdict.assurance is not Assurance.COURSE_CHECKED:
            raise HornbookError("A course issues what it has graded itself. `hornbook issue` does both.")
        if work.verdict.sandbox.level < LEAST_LEVEL:
            raise HornbookError(
                f"It was graded in a sandbox of level {work.verdict.sandbox.level}; what a course signs needs level {LEAST_LEVEL}. "
                "`hornbook sandbox` shows what is missing."
            )
        if work.subject in {self.id, *(key.did for key in self.keys.keys)}:
            raise HornbookError("A course cannot issue to itself: the learner needs a key of their own.")

        def noted(credential: str) -> Mapping[str, Any]:
            return self._place(credential, work.lesson.slug, work.subject, now or datetime.now(UTC)).to_json()

        # Without an address nobody could look anything up.
        return seal(work, self.signer, into=into, now=now, address=address, status=noted if self.address else None)

    def endorse(self, files: Mapping[str, bytes], comment: str, *, now: datetime | None = None) -> bytes:
        """Return the endorsement in which the course says *comment*, which it can take back like a credential; see `endorse`."""
        about = Credential(json.loads(files["credential.json"]), ())

        def noted(name: str) -> Mapping[str, Any]:
            return self._place(name, f"an endorsement of {about.name}"[:200], about.id, now or datetime.now(UTC)).to_json()

        return endorse(files, comment, self.signer, now=now, status=noted if self.address else None)

    def revoke(self, credential: str, reason: str, *, now: datetime | None = None) -> None:
        """Take the *credential* with this id back, and write the list that says so; what was taken back stays so."""
        now = now or datetime.now(UTC)
        if not self.address:
            raise HornbookError("This issuer has no address, so nobody could see what it takes back. `hornbook issuer new` takes one.")
        with self._ledger() as ledger:
            changed = ledger.execute(
                "UPDATE issued SET revoked = coalesce(revoked, ?), reason = coalesce(reason, ?) WHERE credential = ?",
                (timestamp(now), reason, credential),
            )
            if not changed.rowcount:
                raise HornbookError(f"{printable(credential[:200])}: this issuer has issued no such credential.")
        self.renew(now=now)

    def renew(self, *, now: datetime | None = None) -> None:
        """Write what belongs on the web: the keys, and each list, which may be believed for 90 days from *now*."""
        if not self.address:
            return
        now = now or datetime.now(UTC)
        root = "/" not in self.address.partition("://")[2]
        _replace(self.public / (".well-known/did.json" if root else "did.json"), _json(self.keys.did_document(self.id)))
        with self._ledger() as ledger:
            # While we have the ledger nobody else writes a list, so that none with less in it comes after one with more.
            numbers = {number for (number,) in ledger.execute("SELECT DISTINCT list FROM issued")} | {1}
            for number in sorted(numbers):
                gone = [row[0] for row in ledger.execute("SELECT position FROM issued WHERE list = ? AND revoked NOT NULL", (number,))]
                made = status_list(self._list(number), self.id, gone, now)
                _replace(self.public / "status" / f"{number}.json", _json(sign(made, self.keys.newest, now)))

    def rotate(self) -> Issuer:
        """Return the issuer with a new key that signs from now on; the old ones stay listed, because what they signed holds."""
        if not self.address:
            raise HornbookError("An issuer without an address is its key: with another key it would be another issuer.")
        self.keys.rotate()
        made = Issuer.open(self.folder, passphrase=self.keys.passphrase)
        made.renew()
        return made

    def issued(self) -> tuple[Issued, ...]:
        """Return what was issued, in that order."""
        with self._ledger() as ledger:
            rows = ledger.execute("SELECT credential, lesson, subject, issued, revoked, reason FROM issued ORDER BY issued, credential")
            return tuple(Issued(*row) for row in rows)

    def _list(self, number: int) -> str:
        return f"{self.address}/status/{number}.json"

    def _place(self, credential: str, lesson: str, subject: str, now: datetime) -> StatusEntry:
        """Return where *credential* can be taken back: where it was noted already, or a free place that says nothing about when."""
        with self._ledger() as ledger:
            found = ledger.execute("SELECT list, position FROM issued WHERE credential = ?", (credential,)).fetchone()
            if not found:
                number, used = ledger.execute("SELECT list, count(*) FROM issued GROUP BY list ORDER BY list DESC").fetchone() or (1, 0)
                number += used >= FULL
                taken = {row[0] for row in ledger.execute("SELECT position FROM issued WHERE list = ?", (number,))}
                while (position := secrets.randbelow(ENTRIES)) in taken:
                    pass
                row = (credential, number, position, lesson, subject, timestamp(now))
                ledger.execute("INSERT INTO issued (credential, list, position, lesson, subject, issued) VALUES (?, ?, ?, ?, ?, ?)", row)
                found = number, position
        return StatusEntry(self._list(found[0]), found[1])

    @contextlib.contextmanager
    def _ledger(self) -> Iterator[sqlite3.Connection]:
        """Give what was issued, for one change that is made whole or not at all, with nobody else writing meanwhile."""
        path = self.folder / "issued.sqlite"
        try:
            with contextlib.suppress(FileExistsError):
                os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            with contextlib.closing(sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None)) as ledger:
                ledger.execute("PRAGMA synchronous = FULL")
                ledger.execute("BEGIN IMMEDIATE")
                ledger.execute(
                    "CREATE TABLE IF NOT EXISTS issued (credential TEXT PRIMARY KEY, list INTEGER NOT NULL, position INTEGER NOT NULL, "
                    "lesson TEXT NOT NULL, subject TEXT NOT NULL, issued TEXT NOT NULL, revoked TEXT, reason TEXT, UNIQUE (list, position))"
                )
                yield ledger
                ledger.execute("COMMIT")
        except (OSError, sqlite3.Error) as error:
            raise HornbookError(f"{printable(path)}: what was issued cannot be noted there ({error}).") from error


def _json(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=1).encode() + b"\n"


def _replace(path: Path, data: bytes) -> None:
    """Write *data* to *path*, whole or not at all."""
    unfinished = path.with_name(f".{path.name}-{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with unfinished.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except OSError as error:
        raise HornbookError(f"{printable(path)}: cannot be written ({error.strerror}).") from error
    finally:
        with contextlib.suppress(OSError):
            unfinished.unlink(missing_ok=True)
