"""`hornbook.publish.transcripts`: many credentials of one learner in one, each of which still holds by itself."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from hornbook.cli import app
from hornbook.errors import HornbookError
from hornbook.publish import Signer, accept, endorse, transcript, transcripts, verify
from hornbook.publish.artifact import read_files
from hornbook.publish.credential import sign
from hornbook.publish.keys import Key
from hornbook.publish.lookup import fetch

if TYPE_CHECKING:
    from conftest import Course101, Passed


@pytest.fixture
def credentials(passed: Passed, course101: Course101, tmp_path: Path) -> list[bytes]:
    """Give a credential that the learner has issued, and one of the course's, for the same learner."""
    own = passed.publish(tmp_path / "own", now=passed.verdict.started)
    theirs = course101.issuer.issue(course101.work, into=tmp_path / "issued")
    return [(artifact.folder / "credential.json").read_bytes() for artifact in (theirs, own)]


def own(passed: Passed) -> Signer:
    """Return the learner as a signer."""
    return Signer(passed.keys.newest, passed.keys.newest.did, "Ada")


def written(data: bytes, tmp_path: Path) -> Path:
    """Return where *data* was written to."""
    path = tmp_path / "transcript.json"
    path.write_bytes(data)
    return path


def test_a_transcript_holds_with_all_that_is_in_it(passed: Passed, credentials: list[bytes], tmp_path: Path) -> None:
    """Oldest first, each as it was signed; the same ones at the same time are the same bytes."""
    now = datetime.now(UTC).replace(microsecond=0)
    data = transcript(credentials, own(passed), title="What I can do", now=now)
    found = verify(written(data, tmp_path))

    assert found.credential.name == "What I can do"
    assert [dict(one.document) for one in found.contained] == [json.loads(one) for one in reversed(credentials)]
    assert any("All 2 credentials in it hold by themselves" in sentence for sentence in found.held)
    assert transcript(reversed(credentials), own(passed), title="What I can do", now=now) == data


def test_what_was_taken_back_takes_the_transcript_along(
    passed: Passed, credentials: list[bytes], course101: Course101, tmp_path: Path
) -> None:
    """Whoever asks is told, whichever of them it is."""
    path = written(transcript(credentials, own(passed)), tmp_path)
    assert verify(path, fetch=fetch)
    course101.issuer.revoke(json.loads(credentials[0])["id"], "")
    course101.show()

    with pytest.raises(HornbookError, match="has revoked this credential"):
        verify(path, fetch=fetch)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda subject: subject.update(verifiableCredential=[]), "has no credentials"),
        (lambda subject: subject.pop("verifiableCredential"), "has no credentials"),
        (lambda subject: subject["verifiableCredential"][0].update(name="Other"), "signature"),
        (lambda subject: subject["verifiableCredential"][0].pop("proof"), "no proof"),
        (lambda subject: subject.update(id="urn:uuid:somebody-else"), "another learner"),
    ],
)
def test_what_does_not_belong_in_it_is_found(
    passed: Passed, credentials: list[bytes], tmp_path: Path, change: Callable[[dict[str, Any]], object], reason: str
) -> None:
    """Signed anew by whoever put it together: what is inside must still hold, and be that learner's."""
    document = json.loads(transcript(credentials, own(passed)))
    change(document["credentialSubject"])
    path = written(json.dumps(sign(document, passed.keys.newest, datetime.now(UTC))).encode(), tmp_path)

    with pytest.raises(HornbookError, match=reason):
        verify(path)


def test_a_transcript_is_that_of_one_learner(passed: Passed, credentials: list[bytes], course101: Course101, tmp_path: Path) -> None:
    """Neither of two, nor of nothing, nor with the same thing twice."""
    other = course101.issuer.issue(replace(course101.work, subject="urn:uuid:other"), into=tmp_path / "other")
    for chosen, reason in (
        ([*credentials, (other.folder / "credential.json").read_bytes()], "those of 2 learners"),
        ([credentials[0], credentials[0]], "given twice"),
        ([], "at least one"),
        ([b"{}"], "not a verifiable credential"),
    ):
        with pytest.raises(HornbookError, match=reason):
            transcript(chosen, own(passed))


def test_there_is_an_end_to_it(passed: Passed, credentials: list[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading one takes time for each that is in it."""
    monkeypatch.setattr(transcripts, "MOST", 1)
    with pytest.raises(HornbookError, match="at most 1"):
        transcript(credentials, own(passed))


def test_a_course_can_sign_it(credentials: list[bytes], course101: Course101, tmp_path: Path) -> None:
    """Then its key is asked for, too."""
    found = verify(written(transcript(credentials, course101.issuer.signer), tmp_path), fetch=fetch)

    assert any("lists this key" in sentence for sentence in found.held)


def test_it_is_put_together_from_the_command_line(passed: Passed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From a portfolio's folder, and told by `hornbook verify`."""
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    passed.publish(tmp_path / "portfolio", now=passed.verdict.started)
    runner = CliRunner()
    told = runner.invoke(app, ["transcript", "portfolio", "--title", "What I can do"])
    assert told.exit_code == 0, told.stderr
    told = runner.invoke(app, ["verify", "transcript.json"])

    assert "It holds: What I can do" in told.stdout
    assert "contains       Counting vowels" in told.stdout


GRACE = Key(bytes([7] * 32))


@pytest.fixture
def praised(passed: Passed, tmp_path: Path) -> tuple[bytes, bytes]:
    """Give a credential, and what Grace says of it."""
    folder = passed.publish(tmp_path / "own", now=passed.verdict.started).folder
    said = endorse(read_files(folder), "Clear <b>names</b>. 好", Signer(GRACE, GRACE.did, "Grace"))
    accept(said, folder)
    return (folder / "credential.json").read_bytes(), said


def test_what_others_say_stands_in_it(passed: Passed, praised: tuple[bytes, bytes], tmp_path: Path) -> None:
    """With its own proofs, about the credential in it, and told by `hornbook verify` beneath that one."""
    path = written(transcript([praised[0]], own(passed), endorsed=[praised[1]]), tmp_path)
    found = verify(path)

    assert [(one.name, one.comment, one.about) for one in found.endorsements] == [
        ("Grace", "Clear <b>names</b>. 好", json.loads(praised[0])["id"])
    ]
    assert any("1 endorsement is about one of these credentials." in sentence for sentence in found.held)
    told = CliRunner().invoke(app, ["verify", str(path)]).stdout
    assert told.index("contains       Counting vowels") < told.index("“Clear <b>names</b>. 好” Grace")


def test_the_command_puts_it_in(passed: Passed, praised: tuple[bytes, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ARG001 - it lies in own
    """From the folder in which the owner has accepted it."""
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    told = CliRunner().invoke(app, ["transcript", "own"])

    assert "Put together 1 credential and 1 endorsement in transcript.json" in told.stdout
    assert verify(Path("transcript.json")).endorsements[0].by == GRACE.did


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda said: said[0]["credentialSubject"].update(endorsementComment="The best."), "signature"),
        (lambda said: said[0].pop("proof"), "no proof"),
        (lambda said: said[0]["credentialSubject"].update(id="urn:uuid:other"), "something that is not in it"),
        (lambda said: said.append(7), "something that is not in it"),
        (lambda said: said.append(said[0]), "two endorsements of one work"),
        (lambda said: said.extend(said * 400), "at most 400"),
    ],
)
def test_praise_that_does_not_belong_in_it_is_found(
    passed: Passed, praised: tuple[bytes, bytes], tmp_path: Path, change: Callable[[list[Any]], object], reason: str
) -> None:
    """Whoever puts a transcript together signs it, and can still make nobody say what they have not said."""
    document = json.loads(transcript([praised[0]], own(passed), endorsed=[praised[1]]))
    change(document["endorsement"])
    if reason != "something that is not in it":
        path = written(json.dumps(sign(document, passed.keys.newest, datetime.now(UTC))).encode(), tmp_path)
        with pytest.raises(HornbookError, match=reason):
            verify(path)
    with pytest.raises(HornbookError, match=reason):
        transcript([praised[0]], own(passed), endorsed=[json.dumps(one).encode() for one in document["endorsement"]])


def test_praise_of_another_credential_with_the_same_id_is_found(passed: Passed, praised: tuple[bytes, bytes]) -> None:
    """A learner chooses the id of what they sign; the digest says which one was meant."""
    other = json.loads(praised[0])
    other["name"] = "Proving Fermat"
    forged = transcripts.written(sign(other, passed.keys.newest, datetime.now(UTC)))
    with pytest.raises(HornbookError, match="another piece of work"):
        transcript([forged], own(passed), endorsed=[praised[1]])


def test_the_keys_alone_say_who(credentials: list[bytes]) -> None:
    """A stranger who puts somebody's credentials together is shown as who they are."""
    key = Key(bytes([9] * 32))

    assert json.loads(transcript(credentials, Signer(key, key.did, "x")))["issuer"]["id"] == key.did
