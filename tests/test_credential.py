"""`hornbook.publish.credential`: signed as W3C's test vectors say, and refused when anything at all was changed."""

from __future__ import annotations

import copy
import functools
import hashlib
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from hornbook.errors import HornbookError
from hornbook.publish import credential as module
from hornbook.publish.credential import CONTEXTS, JCS, RDFC, Credential, canonical_json, canonical_rdf, sign, to_be_signed
from hornbook.publish.keys import Key, base58, from_base58

if TYPE_CHECKING:
    from conftest import Passed

EXAMPLES = "https://www.w3.org/ns/credentials/examples/v2"
W3C_KEY = Key(from_base58("z3u2en7t5LR2WtQH5PfFqMqwVHBeXouLzo6haApm8XHqvjxq"[1:])[2:])
W3C_PUBLIC = "z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2"
W3C_DOCUMENT = {
    "@context": ["https://www.w3.org/ns/credentials/v2", EXAMPLES],
    "id": "urn:uuid:58172aac-d8ba-11ed-83dd-0b3aef56cc33",
    "type": ["VerifiableCredential", "AlumniCredential"],
    "name": "Alumni Credential",
    "description": "A minimum viable example of an Alumni Credential.",
    "issuer": "https://vc.example/issuers/5678",
    "validFrom": "2023-01-01T00:00:00Z",
    "credentialSubject": {"id": "did:example:abcdefgh", "alumniOf": "The School of Examples"},
}
W3C_OPTIONS = {
    "type": "DataIntegrityProof",
    "created": "2023-02-24T23:36:38Z",
    "verificationMethod": f"did:key:{W3C_PUBLIC}#{W3C_PUBLIC}",
    "proofPurpose": "assertionMethod",
}


@pytest.fixture
def _examples(monkeypatch: pytest.MonkeyPatch) -> None:
    """Know the context of W3C's examples, which is for examples only."""
    vocabulary = {"@context": {"@vocab": "https://www.w3.org/ns/credentials/examples#"}}
    ours = module._context
    monkeypatch.setattr(module, "CONTEXTS", {**CONTEXTS, EXAMPLES: ""})
    monkeypatch.setattr(module, "_context", lambda url: vocabulary if url == EXAMPLES else ours(url))


@pytest.mark.usefixtures("_examples")
@pytest.mark.parametrize(
    ("options", "value"),
    [
        pytest.param(
            {"cryptosuite": RDFC},
            "z2YwC8z3ap7yx1nZYCg4L3j3ApHsF8kgPdSb5xoS1VR7vPG3F561B52hYnQF9iseabecm3ijx4K1FBTQsCZahKZme",
            id="eddsa-rdfc-2022",
        ),
        pytest.param(
            {"cryptosuite": JCS, "@context": W3C_DOCUMENT["@context"]},
            "z2HnFSSPPBzR36zdDgK8PbEHeXbR56YF24jwMpt3R1eHXQzJDMWS93FCzpvJpwTWd3GAVFuUfjoJdcnTMuVor51aX",
            id="eddsa-jcs-2022",
        ),
    ],
)
def test_w3c_vectors(options: dict[str, Any], value: str) -> None:
    """The examples of Data Integrity EdDSA Cryptosuites 1.0 (appendix B) come out byte for byte."""
    assert W3C_KEY.multikey == W3C_PUBLIC
    assert "z" + base58(W3C_KEY.sign(to_be_signed(W3C_DOCUMENT, W3C_OPTIONS | options))) == value


@pytest.mark.usefixtures("_examples")
def test_w3c_digests() -> None:
    """So do the digests that are signed there: of the proof's options, then of the document."""
    signed = to_be_signed(W3C_DOCUMENT, W3C_OPTIONS | {"cryptosuite": RDFC})

    assert signed[:32].hex() == "bea7b7acfbad0126b135104024a5f1733e705108f42d59668b05c0c50004c6b0"
    assert signed[32:].hex() == "517744132ae165a5349155bef0bb0cf2258fff99dfe1dbd914b938d775a36017"


def test_canonical_json_is_that_of_the_rfc() -> None:
    """Names in the order of their UTF-16 code units, numbers as ECMAScript writes them (RFC 8785, 3.2.2 and 3.2.3)."""
    assert canonical_json({"\ufb33": 1, "\U0001f600": 2, "a": [1e21, 4.50, 2e-3, "\u20ac$\n"]}) == (
        '{"a":[1e+21,4.5,0.002,"\u20ac$\\n"],"\U0001f600":2,"\ufb33":1}'.encode()
    )
    with pytest.raises(HornbookError, match=r"cannot say in one way"):
        canonical_json({"a": 2**60})


@pytest.fixture(scope="module")
def document(passed: Passed, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Give a signed credential as it is in an artifact."""
    made: dict[str, Any] = json.loads((passed.publish(tmp_path_factory.mktemp("credential")).folder / "credential.json").read_bytes())
    return made


def verified(document: dict[str, Any], now: datetime | None = None) -> Credential:
    """Return the credential, if it holds."""
    return Credential.verified(json.dumps(document).encode(), now or datetime.now(UTC) + timedelta(minutes=5))


def test_a_credential_holds_and_says_what_it_is(document: dict[str, Any], passed: Passed) -> None:
    """Both proofs hold, the one that every validator knows first; issuer and subject are the key, nobody's name."""
    found = verified(document)

    assert found.suites == (RDFC, JCS)
    assert found.name == passed.lesson.title
    assert found.issuer == passed.keys.newest.did == document["credentialSubject"]["id"]
    assert found.issued == passed.now.replace(microsecond=0)
    assert found.skills == tuple(skill.name for skill in passed.lesson.skills)
    assert "self-checked" in document["evidence"][0]["narrative"]
    assert "nor who typed the code" in document["evidence"][0]["narrative"]


def test_what_the_badge_standard_asks_for_is_there(document: dict[str, Any]) -> None:
    """The parts that Open Badges 3.0 requires, in the shape of its schema: a list of proofs, its two contexts first."""
    assert document["@context"][:2] == [
        "https://www.w3.org/ns/credentials/v2",
        "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json",
    ]
    assert {"VerifiableCredential", "OpenBadgeCredential"} == set(document["type"])
    assert isinstance(document["proof"], list)
    assert document["id"].startswith("urn:uuid:")
    achievement = document["credentialSubject"]["achievement"]
    assert {"id", "type", "name", "description", "criteria"} <= achievement.keys()
    assert all(isinstance(result["value"], str) for result in document["credentialSubject"]["result"])


def leaves(value: object, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the place of each text in *value*."""
    if isinstance(value, dict | list):
        for name, part in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(part, (*place, name))
    else:
        yield place


def test_every_text_is_signed(document: dict[str, Any]) -> None:
    """Whichever text of a credential is changed, by one character, it does not hold any more."""
    places = list(leaves(document))

    assert len(places) > 40
    for place in places:
        changed = copy.deepcopy(document)
        part = functools.reduce(lambda value, name: value[name], place[:-1], changed)
        part[place[-1]] = part[place[-1]] + "x"
        with pytest.raises(HornbookError):
            verified(changed)


def drop(document: dict[str, Any], *place: Any) -> None:
    """Take a part out of *document*."""
    del functools.reduce(lambda value, name: value[name], place[:-1], document)[place[-1]]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda one: one.update(undefined="x"), "undefined"),
        (lambda one: one["credentialSubject"].update(undefined="x"), "undefined"),
        (lambda one: one.update(awardedDate="2026-01-01T00:00:00Z"), "does not fit"),
        (lambda one: drop(one, "proof"), "no proof"),
        (lambda one: one.update(proof=[]), "no proof"),
        (lambda one: one.update(proof="x"), "no proof"),
        (lambda one: drop(one, "evidence"), "does not fit"),
        (lambda one: drop(one, "relatedResource"), "does not fit"),
        (lambda one: one["proof"][0].update(cryptosuite="eddsa-2022"), "cannot be checked"),
        (lambda one: one["proof"][0].update(type="Ed25519Signature2020"), "cannot be checked"),
        (lambda one: one["proof"][1].update(proofPurpose="authentication"), "another purpose"),
        (lambda one: one["proof"][0].update(proofValue=one["proof"][1]["proofValue"]), "does not fit"),
        (lambda one: one["proof"][0].update(proofValue="z0"), "cannot be read"),
        (lambda one: one["proof"][0].update(proofValue=7), "does not fit|cannot be read"),
        (lambda one: one["proof"][1].update({"@context": ["https://www.w3.org/ns/credentials/v2"]}), "other contexts"),
        (lambda one: one["proof"][0].update(created="2020-01-01T00:00:00Z"), "does not fit"),
        (lambda one: one["proof"][0].update(verificationMethod=f"did:key:{W3C_PUBLIC}#{W3C_PUBLIC}"), "not the issuer's"),
        (lambda one: one["issuer"].update(id=f"did:key:{W3C_PUBLIC}"), "not the issuer's"),
        (lambda one: one["proof"][0].update(verificationMethod=f"{one['issuer']['id']}#{W3C_PUBLIC}"), "another key"),
        (lambda one: one.update(validUntil="2001-01-01T00:00:00Z"), "does not fit"),
        (lambda one: one["@context"].append("https://evil.example/context"), "not known here"),
        (lambda one: one["@context"].append({"name": "https://evil.example/name"}), "not known here"),
        (lambda one: one.update({"@context": "https://www.w3.org/2018/credentials/v1"}), "data model 2"),
        (lambda one: one.update(type=["OpenBadgeCredential"]), "not a verifiable credential"),
        (lambda one: one.update(name="\x1b[31mred"), "control character"),
        (lambda one: one["credentialSubject"]["result"].append(one["credentialSubject"]["result"][0] | {"value": "99"}), "does not fit"),
    ],
)
def test_a_credential_that_was_changed_is_refused(document: dict[str, Any], change: Callable[[dict[str, Any]], None], reason: str) -> None:
    """A member more, a member less, another proof, key, purpose, context or issuer: each is refused, and said."""
    changed = copy.deepcopy(document)
    change(changed)

    with pytest.raises(HornbookError, match=reason):
        verified(changed)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "not JSON"),
        (b"\xff", "not JSON"),
        (b"[" * 5000, "not JSON"),
        (b"[]", "not a verifiable"),
        (b'{"type":"VerifiableCredential","type":"VerifiableCredential"}', "not JSON"),
        (b" " * (5 << 20), "too big"),
    ],
)
def test_what_is_no_credential_is_said(data: bytes, reason: str) -> None:
    """Bytes that are no credential, also those that two readers would read in two ways, are one clear sentence."""
    with pytest.raises(HornbookError, match=reason):
        Credential.verified(data, datetime.now(UTC))


def test_a_credential_holds_in_its_time(document: dict[str, Any], passed: Passed) -> None:
    """Not before it was issued, and not after it has expired."""
    until = passed.now + timedelta(days=1)
    unsigned = {name: value for name, value in document.items() if name != "proof"}
    expiring = sign(unsigned | {"validUntil": module.timestamp(until)}, passed.keys.newest, passed.now)

    assert verified(expiring, until - timedelta(minutes=1)).suites == (RDFC, JCS)
    with pytest.raises(HornbookError, match=r"expired"):
        verified(expiring, until + timedelta(minutes=1))
    with pytest.raises(HornbookError, match=r"yet to come"):
        verified(document, passed.now - timedelta(days=1))
    with pytest.raises(HornbookError, match=r"is no time"):
        verified(sign(unsigned | {"validFrom": "2026-01-01"}, passed.keys.newest, passed.now))


def test_another_issuers_credential_with_one_proof_holds(document: dict[str, Any], passed: Passed) -> None:
    """Others sign once, some with a did:web; the order of proofs does not matter to a reader."""
    alone = {**document, "proof": document["proof"][0]}
    turned = {**document, "proof": document["proof"][::-1]}

    assert verified(alone).suites == (RDFC,)
    assert verified(turned).suites == (JCS, RDFC)

    key = passed.keys.newest
    unsigned = {name: value for name, value in document.items() if name != "proof"} | {
        "issuer": {"id": "did:web:school.example", "type": ["Profile"]}
    }
    options = W3C_OPTIONS | {"cryptosuite": RDFC, "verificationMethod": f"did:web:school.example#{key.multikey}"}
    signed = {**unsigned, "proof": [{**options, "proofValue": "z" + base58(key.sign(to_be_signed(unsigned, options)))}]}

    assert verified(signed).issuer == "did:web:school.example"


@pytest.mark.parametrize("control", ["\x00", "\x01", "\x08", "\x0b", "\x0c", "\x1b", "\x1f", "\x7f"])
def test_what_libraries_write_in_different_ways_is_not_signed(document: dict[str, Any], passed: Passed, control: str) -> None:
    """A control character would make a credential that holds here and nowhere else."""
    with pytest.raises(HornbookError, match=r"control character"):
        sign({**document, "name": f"a{control}b"}, passed.keys.newest, passed.now)


@pytest.mark.parametrize("text", ["\u4e16\u754c", "\U0001f600", "a\tb\nc", "\u2028", '"\\', "</script>", "\u202eabc", "e\u0301"])
def test_every_other_text_can_be_signed(document: dict[str, Any], passed: Passed, text: str) -> None:
    """Scripts, emoji, tabs, quotes and markup are texts like any other."""
    assert verified(sign({**document, "name": text}, passed.keys.newest, passed.now)).name == text


def test_nothing_is_lost_before_it_is_signed(document: dict[str, Any], passed: Passed) -> None:
    """What no context defines, and an id that is no full IRI, would not be covered: neither is signed."""
    for change in ({"undefined": "x"}, {"id": "relative"}, {"type": [*document["type"], "Undefined"]}):
        with pytest.raises(HornbookError, match=r"no signature covers it"):
            sign({**document, **change}, passed.keys.newest, passed.now)


def test_contexts_are_those_that_were_published() -> None:
    """The context of W3C has the digest that the Recommendation names; a file beside them names each one's rights."""
    folder = Path(module.__file__).with_name("contexts")

    assert hashlib.sha256((folder / "credentials-v2.json").read_bytes()).hexdigest() == (
        "59955ced6697d61e03f2b2556febe5308ab16842846f5b586d7f1f7adec92734"
    )
    assert {path.name for path in folder.iterdir()} == {*CONTEXTS.values(), "NOTICE.md"}
    assert canonical_rdf({"@context": list(CONTEXTS)[:1], "type": "VerifiableCredential"})
