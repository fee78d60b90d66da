"""The signed statement that a learner achieved a lesson: Open Badges 3.0 on W3C Verifiable Credentials 2.0.

    document = sign(achieved(...), key, created)      two proofs of one key: eddsa-rdfc-2022, then eddsa-jcs-2022
    Credential.verified(data, now)                    the credential in *data*, or `HornbookError` with the reason

Why two: wallets and validators accept the first, and the second protects every byte and is checked by some lines of JavaScript in
the page (VC Data Integrity 1.0, EdDSA Cryptosuites 1.0). JSON-LD is read in safe mode: what a context does not define would be
dropped before it is signed, so it is refused. Contexts come from this package, never from the network.
"""

from __future__ import annotations

import functools
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from hornbook.errors import HornbookError, printable
from hornbook.publish.keys import Key, base58, from_base58, public_of, signed_by

V2 = "https://www.w3.org/ns/credentials/v2"
OPEN_BADGES = "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"
EXTENSIONS = "https://purl.imsglobal.org/spec/ob/v3p0/extensions.json"
LEARNER_RECORD = "https://purl.imsglobal.org/spec/clr/v2p0/context-2.0.1.json"
CONTEXTS: Mapping[str, str] = {
    V2: "credentials-v2.json",
    "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.1.json": "ob-v3p0-context-3.0.1.json",
    "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.2.json": "ob-v3p0-context-3.0.2.json",
    OPEN_BADGES: "ob-v3p0-context-3.0.3.json",
    EXTENSIONS: "ob-v3p0-extensions.json",
    LEARNER_RECORD: "clr-v2p0-context-2.0.1.json",
}
"""The contexts that are here, by address; any other is refused."""

RDFC, JCS = "eddsa-rdfc-2022", "eddsa-jcs-2022"
SUITES = (RDFC, JCS)
MAX_BYTES = 4 << 20
"""How many bytes a credential may have."""
_SCHEMAS = "https://purl.imsglobal.org/spec"
SCHEMAS: Mapping[str, str] = {
    "OpenBadgeCredential": f"{_SCHEMAS}/ob/v3p0/schema/json/ob_v3p0_achievementcredential_schema.json",
    "EndorsementCredential": f"{_SCHEMAS}/ob/v3p0/schema/json/ob_v3p0_endorsementcredential_schema.json",
    "ClrCredential": f"{_SCHEMAS}/clr/v2p0/schema/json/clr_v2p0_clrcredential_schema.json",
}
"""Where the standard's own JSON Schema of each kind of credential is."""

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:\S+|_:\S+")


@dataclass(frozen=True, slots=True)
class Credential:
    """A credential whose proofs hold. `document` is its JSON; `suites` are the proofs that were checked."""

    document: Mapping[str, Any] = field(hash=False)
    suites: tuple[str, ...]

    @classmethod
    def verified(cls, data: bytes, now: datetime) -> Self:
        """Return the credential in *data* if every proof of it holds at *now*; raise `HornbookError` with the reason if not."""
        document = _read(data)
        suites = tuple(_check_proof(document, proof) for proof in _proofs(document))
        credential = cls(document, suites)
        _check_dates(document, now)
        _check_status(document)
        return credential

    @property
    def id(self) -> str:
        """The credential's own name, a URI."""
        return _text(self.document.get("id"))

    @property
    def name(self) -> str:
        """What was achieved."""
        return _text(self.document.get("name")) or _text(self._achievement.get("name"))

    @property
    def issuer(self) -> str:
        """Who signed, a URI."""
        return issuer_of(self.document)

    @property
    def issuer_name(self) -> str:
        """What whoever signed calls themselves; nothing proves it."""
        issuer = self.document.get("issuer")
        return _text(issuer.get("name")) if isinstance(issuer, dict) else ""

    @property
    def subject(self) -> str:
        """Who or what it speaks of, a URI."""
        subject = self.document.get("credentialSubject")
        return _text(subject.get("id")) if isinstance(subject, dict) else ""

    @property
    def issued(self) -> datetime:
        """From when on it holds."""
        return _moment(self.document.get("validFrom")) or datetime.fromtimestamp(0, UTC)

    @property
    def methods(self) -> tuple[str, ...]:
        """The keys of its proofs, as its issuer's document would list them."""
        return tuple(_text(proof.get("verificationMethod")) for proof in _proofs(self.document))

    @property
    def skills(self) -> tuple[str, ...]:
        """The skills that the lesson teaches."""
        tags = self._achievement.get("tag")
        return tuple(_text(tag) for tag in tags) if isinstance(tags, list) else ()

    @property
    def manifest_digest(self) -> str | None:
        """The digest (Subresource Integrity) of the manifest that it vouches for, if it vouches for one."""
        resources = self.document.get("relatedResource")
        first = resources[0] if isinstance(resources, list) and resources else resources
        return _text(first.get("digestSRI")) or None if isinstance(first, dict) else None

    @property
    def _achievement(self) -> Mapping[str, Any]:
        subject = self.document.get("credentialSubject")
        achievement = subject.get("achievement") if isinstance(subject, dict) else None
        return achievement if isinstance(achievement, dict) else {}


# --- Signing ---------------------------------------------------------------------------------------------------------


def sign(document: Mapping[str, Any], key: Key, created: datetime) -> dict[str, Any]:
    """Return *document* with both proofs by *key*; raise `HornbookError` where a verifier elsewhere would read another document."""
    unsigned = {name: value for name, value in document.items() if name != "proof"}
    _refuse_controls(unsigned)
    # A did:key is the key itself; any other identifier has lists of keys, and this one among them.
    controller = key.did if issuer_of(unsigned).startswith("did:key:") else issuer_of(unsigned)
    common = {
        "type": "DataIntegrityProof",
        "created": timestamp(created),
        "verificationMethod": f"{controller}#{key.multikey}",
        "proofPurpose": "assertionMethod",
    }
    # 1EdTech's validator takes the first proof whatever its suite is, so the one that it knows comes first.
    rdfc = {**common, "cryptosuite": RDFC}
    jcs = {**common, "cryptosuite": JCS, "@context": unsigned["@context"]}
    proofs = [{**options, "proofValue": "z" + base58(key.sign(to_be_signed(unsigned, options)))} for options in (rdfc, jcs)]
    return {**unsigned, "proof": proofs}


def to_be_signed(document: Mapping[str, Any], options: Mapping[str, Any]) -> bytes:
    """Return what a proof with *options* signs of *document*: the digest of the options, then that of the document."""
    if options["cryptosuite"] == JCS:
        first, second = canonical_json(options), canonical_json(document)
    else:
        first, second = canonical_rdf({**options, "@context": document["@context"]}), canonical_rdf(document)
    return hashlib.sha256(first).digest() + hashlib.sha256(second).digest()


def canonical_json(value: Any) -> bytes:
    """Return the JSON Canonicalization Scheme (RFC 8785) of *value*."""
    import rfc8785  # noqa: PLC0415 - heavy

    try:
        return rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, UnicodeEncodeError) as error:
        raise HornbookError(f"The credential holds what JSON cannot say in one way: {error}.") from error


def canonical_rdf(document: Mapping[str, Any]) -> bytes:
    """Return the canonical N-Quads (RDFC-1.0) of *document*, read in safe mode; raise `HornbookError` where something would be lost."""
    from pyld import jsonld  # noqa: PLC0415 - heavy

    _known_contexts(document)
    dropped: list[str] = []
    # Without this the library would make a full IRI of a relative one, at an address of its own choice.
    options = {"documentLoader": _bundled, "base": None}
    try:
        expanded = jsonld.expand(dict(document), options, on_property_dropped=lambda name: dropped.append(str(name)))
        lost = [*dropped, *_relative(expanded)]
        if lost:
            raise HornbookError(
                f"The credential says {printable(lost[0][:80])!r}, which its contexts do not define, so no signature covers it."
            )
        quads: str = jsonld.normalize(expanded, {**options, "algorithm": "URDNA2015", "format": "application/n-quads"})
    except jsonld.JsonLdError as error:
        raise HornbookError(
            f"The credential is not JSON-LD that can be read here: {printable(str(error.code or error.type)[:200])}."
        ) from error
    return quads.encode()


def timestamp(moment: datetime) -> str:
    """Return *moment* as credentials write it: UTC, to the second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


# --- Verifying -------------------------------------------------------------------------------------------------------


def _read(data: bytes) -> dict[str, Any]:
    if len(data) > MAX_BYTES:
        raise HornbookError("The credential is too big to be one.")
    try:
        document = json.loads(data, object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise HornbookError("The credential is not JSON.") from error
    if not isinstance(document, dict) or "VerifiableCredential" not in _list(document.get("type")):
        raise HornbookError("This is not a verifiable credential.")
    contexts = document.get("@context")
    if not isinstance(contexts, list) or contexts[:1] != [V2]:
        raise HornbookError("The credential is not of the W3C data model 2.0.")
    _refuse_controls(document)
    return document


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return the object of *pairs*; of a name that stands twice, two readers would take two values."""
    made = dict(pairs)
    if len(made) < len(pairs):
        raise ValueError("a name stands twice")
    return made


def _proofs(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    proofs = _list(document.get("proof"))
    if not proofs or not all(isinstance(proof, dict) for proof in proofs):
        raise HornbookError("The credential has no proof.")
    return proofs


def _check_proof(document: Mapping[str, Any], proof: Mapping[str, Any]) -> str:
    """Return the suite of *proof* if it holds for *document*."""
    suite = proof.get("cryptosuite")
    if proof.get("type") != "DataIntegrityProof" or suite not in SUITES:
        raise HornbookError(
            f"The credential has a proof of a kind that cannot be checked here: {printable(_text(suite or proof.get('type'))[:60])}."
        )
    if proof.get("proofPurpose") != "assertionMethod":
        raise HornbookError("A proof was made for another purpose than a statement.")
    method = _text(proof.get("verificationMethod"))
    controller, _, fragment = method.partition("#")
    if controller != issuer_of(document):
        raise HornbookError("A proof was made with a key that is not the issuer's.")
    if controller.startswith("did:key:") and controller != f"did:key:{fragment}":
        raise HornbookError("A proof names another key than its issuer's identifier.")
    if "@context" in proof and proof["@context"] != document["@context"]:
        raise HornbookError("A proof was made under other contexts than the credential's.")
    value = _text(proof.get("proofValue"))
    try:
        public = public_of(fragment)
        signature = from_base58(value[1:])
    except ValueError as error:
        raise HornbookError(f"A proof cannot be read: {error}.") from error
    options = {name: part for name, part in proof.items() if name != "proofValue"}
    unsigned = {name: part for name, part in document.items() if name != "proof"}
    if not value.startswith("z") or not signed_by(public, signature, to_be_signed(unsigned, options)):
        raise HornbookError(
            f"The signature ({suite}) does not fit the credential: it was changed after it was signed, or signed by somebody else."
        )
    return str(suite)


def _check_dates(document: Mapping[str, Any], now: datetime) -> None:
    for name, expired in (("validFrom", False), ("validUntil", True)):
        if name not in document:
            continue
        moment = _moment(document[name])
        if moment is None:
            raise HornbookError(f"The credential's {name} is no time.")
        if expired and now > moment:
            raise HornbookError(f"The credential expired on {timestamp(moment)}.")
        if not expired and now < moment:
            raise HornbookError(f"The credential holds from {timestamp(moment)} on, which is yet to come.")


def _check_status(document: Mapping[str, Any]) -> None:
    """Nothing is looked up here: `hornbook.publish.verify` does, where it may."""
    status = document.get("credentialStatus")
    if status is not None and not all(isinstance(entry, dict) for entry in _list(status)):
        raise HornbookError("The credential's status cannot be read.")


def issuer_of(document: Mapping[str, Any]) -> str:
    """Return who says that they have made *document*, a URI."""
    issuer = document.get("issuer")
    return _text(issuer.get("id") if isinstance(issuer, dict) else issuer)


def _moment(value: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(_text(value))
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


# --- JSON-LD without surprises ---------------------------------------------------------------------------------------


def _refuse_controls(value: object) -> None:
    """Raise `HornbookError` for a character that canonical N-Quads of different libraries write in different ways."""
    for text in _texts(value):
        if _CONTROL.search(text):
            raise HornbookError(f"A credential cannot hold the control character in {printable(text[:60])!r}.")


def _texts(value: object) -> Iterator[str]:
    todo = [value]
    while todo:
        item = todo.pop()
        if isinstance(item, str):
            yield item
        elif isinstance(item, dict):
            todo += [*item.keys(), *item.values()]
        elif isinstance(item, list | tuple):
            todo += item


def _known_contexts(document: Mapping[str, Any]) -> None:
    """Raise `HornbookError` for a context that is not here, or that the document brings along to change the meaning of words."""
    for context in _list(document.get("@context")):
        if not isinstance(context, str) or context not in CONTEXTS:
            raise HornbookError(f"The credential is written in a context that is not known here: {printable(str(context)[:100])}.")


def _relative(expanded: object) -> Iterator[str]:
    """Yield the names in *expanded* that are no full IRI: RDF has no place for them, so they would silently be left out."""
    todo = [expanded]
    while todo:
        item = todo.pop()
        if isinstance(item, list):
            todo += item
        elif isinstance(item, dict):
            for name in ("@id", "@type"):
                yield from (entry for entry in _list(item.get(name)) if isinstance(entry, str) and not _ABSOLUTE.fullmatch(entry))
            todo += item.values()


def _bundled(url: str, _options: Mapping[str, Any]) -> dict[str, Any]:
    return {"contextUrl": None, "documentUrl": url, "document": _context(url), "contentType": "application/ld+json"}


@functools.cache
def _context(url: str) -> Any:
    return json.loads((Path(__file__).with_name("contexts") / CONTEXTS[url]).read_bytes())
