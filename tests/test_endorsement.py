"""`hornbook.publish.endorsement`: what somebody else says is theirs, is about this very work, and is shown only if the learner wants it."""

from __future__ import annotations

import base64
import json
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from hornbook.cli import app
from hornbook.errors import HornbookError
from hornbook.publish import Artifact, Draft, Issuer, Signer, accept, decline, endorse, endorsements, verify
from hornbook.publish import artifact as module
from hornbook.publish.artifact import read_files
from hornbook.publish.credential import sign
from hornbook.publish.keys import Key
from hornbook.publish.lookup import fetch
from hornbook.publish.verifying import files_of

if TYPE_CHECKING:
    from conftest import Course101, Passed

KEY = Key(bytes([7] * 32))
GRACE = Signer(KEY, KEY.did, "Grace")
SAID = "Clear names, and the «edge cases» are thought of. 好"


@dataclass(frozen=True, slots=True)
class Shown:
    """An artifact, and what Grace says of it."""

    artifact: Artifact
    said: bytes
    now: datetime

    def changed(self, change: Callable[[dict[str, Any]], object], key: Key = KEY) -> bytes:
        """Return the endorsement with a change that was signed along."""
        document = json.loads(self.said)
        change(document)
        return json.dumps(sign(document, key, self.now)).encode()


@pytest.fixture
def shown(passed: Passed, tmp_path: Path) -> Shown:
    """Give somebody's work, endorsed."""
    artifact = passed.publish(tmp_path / "portfolio", now=passed.verdict.started)
    now = datetime.now(UTC).replace(microsecond=0)
    return Shown(artifact, endorse(read_files(artifact.folder), SAID, GRACE, now=now), now)


def test_what_was_said_stands_beside_the_work(shown: Shown) -> None:
    """In its folder, its zip and its page, after which all of them hold as before."""
    made = accept(shown.said, shown.artifact.folder)
    found = verify(shown.artifact.folder)

    assert (made.by, made.name, made.comment, made.issued) == (KEY.did, "Grace", SAID, shown.now)
    assert found.endorsements == endorsements(shown.artifact.folder, shown.now) == (made,)
    assert "The page is the one that these files make." in found.held
    assert verify(shown.artifact.zip) == found
    assert verify(shown.artifact.page).endorsements == (made,)
    assert any("names are their own words" in sentence for sentence in found.limits)


def test_accepting_twice_is_accepting_once(shown: Shown) -> None:
    """And two of them stand in the order in which they were said."""
    accept(shown.said, shown.artifact.folder)
    accept(shown.said, shown.artifact.folder)
    other, earlier = Key(bytes([8] * 32)), shown.now - timedelta(seconds=5)
    accept(endorse(read_files(shown.artifact.folder), "Good.", Signer(other, other.did, "Alan"), now=earlier), shown.artifact.folder)

    assert [one.name for one in endorsements(shown.artifact.folder, datetime.now(UTC))] == ["Alan", "Grace"]


@pytest.mark.parametrize("comment", ["", "  ", "x" * 1001])
def test_an_endorsement_says_something(shown: Shown, comment: str) -> None:
    """Neither nothing nor a book."""
    with pytest.raises(HornbookError, match="says something"):
        endorse(read_files(shown.artifact.folder), comment, GRACE)


def test_nobody_endorses_themselves(shown: Shown, passed: Passed) -> None:
    """Neither when it is made nor, made by hand, when it is read."""
    own = passed.keys.newest
    with pytest.raises(HornbookError, match="own work"):
        endorse(read_files(shown.artifact.folder), SAID, Signer(own, own.did, "Ada"))
    with pytest.raises(HornbookError, match="made by whoever made the work"):
        accept(shown.changed(lambda document: document["issuer"].update(id=own.did), own), shown.artifact.folder)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda document: document.update(type=["VerifiableCredential"]), "not an endorsement"),
        (lambda document: document.update(credentialSubject=[]), "not an endorsement"),
        (lambda document: document["credentialSubject"].update(endorsementComment="x" * 2000), "not an endorsement"),
        (
            lambda document: document["credentialSubject"].update(id="urn:uuid:00000000-0000-0000-0000-000000000000"),
            "another piece of work",
        ),
        (lambda document: document["relatedResource"][0].update(digestSRI="sha256-AAAA"), "another piece of work"),
        (lambda document: document.update(validFrom="2099-01-01T00:00:00Z"), "yet to come"),
        (lambda document: document.update(id="urn:uuid:../../../etc/passwd"), "no name that it could be kept under"),
    ],
)
def test_what_is_no_endorsement_of_it_is_refused(shown: Shown, change: Callable[[dict[str, Any]], object], reason: str) -> None:
    """Signed or not: of another work or kind, too long, of another time, or with a name that leads out of the folder."""
    before = read_files(shown.artifact.folder)
    with pytest.raises(HornbookError, match=reason):
        accept(shown.changed(change), shown.artifact.folder)

    assert read_files(shown.artifact.folder) == before


def test_words_that_were_changed_are_refused(shown: Shown) -> None:
    """And an artifact in which such words lie does not hold."""
    changed = shown.said.replace(b"Clear", b"Great")
    with pytest.raises(HornbookError, match="signature"):
        accept(changed, shown.artifact.folder)
    folder = shown.artifact.folder / "endorsements"
    folder.mkdir()
    (folder / f"{json.loads(shown.said)['id'].removeprefix('urn:uuid:')}.json").write_bytes(changed)

    with pytest.raises(HornbookError, match=r"The endorsement endorsements/.* does not hold: The signature"):
        verify(shown.artifact.folder)
    assert endorsements(shown.artifact.folder, shown.now) == ()


def test_a_file_of_another_name_among_them_is_refused(shown: Shown) -> None:
    """Only endorsements lie there."""
    folder = shown.artifact.folder / "endorsements"
    folder.mkdir()
    (folder / "notes.txt").write_bytes(b"x")

    with pytest.raises(HornbookError, match=r"endorsements/notes.txt is none that was signed"):
        verify(shown.artifact.folder)


def test_work_that_was_changed_gets_no_praise(shown: Shown) -> None:
    """Its page and its zip would be made anew of what does not hold."""
    before = shown.artifact.zip.read_bytes()
    (shown.artifact.folder / "report.html").write_bytes(b"x")
    with pytest.raises(HornbookError, match=r"report.html was changed"):
        accept(shown.said, shown.artifact.folder)

    assert shown.artifact.zip.read_bytes() == before


def test_there_is_an_end_to_it(shown: Shown, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page that nobody can load any more would be no praise."""
    monkeypatch.setattr(module, "MAX_ENDORSEMENTS", 1)
    accept(shown.said, shown.artifact.folder)
    accept(shown.said, shown.artifact.folder)
    with pytest.raises(HornbookError, match="at most 1 endorsements"):
        accept(endorse(read_files(shown.artifact.folder), "Good.", GRACE), shown.artifact.folder)


def test_an_interruption_leaves_what_holds(shown: Shown, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever file was written last, the artifact holds, and accepting again completes it."""
    flushed = module._flushed
    for last in range(1, 4):
        folder = Path(shutil.copytree(shown.artifact.folder, shown.artifact.folder.parent.parent / f"try-{last}" / shown.artifact.id))
        shutil.copy(shown.artifact.zip, folder.with_name(shown.artifact.zip.name))
        count = 0

        def until(path: Path, data: bytes, last: int = last) -> None:
            nonlocal count
            count += 1
            if count == last:
                raise KeyboardInterrupt
            flushed(path, data)

        monkeypatch.setattr(module, "_flushed", until)
        with pytest.raises(KeyboardInterrupt):
            accept(shown.said, folder)
        monkeypatch.setattr(module, "_flushed", flushed)
        assert verify(folder).credential.id == verify(folder.with_name(f"{folder.name}.zip")).credential.id
        accept(shown.said, folder)
        assert verify(folder) == verify(folder.with_name(f"{folder.name}.zip"))
        assert len(verify(folder).endorsements) == 1


def test_a_place_that_cannot_be_written_is_said(shown: Shown) -> None:
    """A file where the folder of endorsements belongs."""
    (shown.artifact.folder / "endorsements").write_bytes(b"")
    with pytest.raises(HornbookError, match="cannot be written"):
        accept(shown.said, shown.artifact.folder)


def test_it_goes_from_hand_to_hand(shown: Shown, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One endorses a page or a zip at home and sends a file; the other accepts it. Nothing is written over."""
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "graces"))
    monkeypatch.chdir(tmp_path)
    runner = CliRunner()
    told = runner.invoke(app, ["endorse", str(shown.artifact.page), "--because", "Clear names", "--name", "Grace"])
    assert told.exit_code == 0, told.stderr
    assert "send endorsement.json" in told.stdout
    again = runner.invoke(app, ["endorse", str(shown.artifact.zip), "--because", "Clear names"])
    assert again.exit_code == 2
    assert "File exists" in again.stderr
    told = runner.invoke(app, ["accept", "endorsement.json", str(shown.artifact.folder)])
    assert told.exit_code == 0, told.stderr
    assert "Grace, as they call themselves" in told.stdout
    told = runner.invoke(app, ["verify", str(shown.artifact.zip)])

    assert "“Clear names” Grace" in told.stdout
    with zipfile.ZipFile(shown.artifact.zip) as archive:
        assert [name for name in archive.namelist() if "/endorsements/" in name]
    assert set(files_of(shown.artifact.zip)) == set(files_of(shown.artifact.folder))


# --- Who may say what, how often, and until when ---------------------------------------------------------------------


def test_nobody_says_it_twice(shown: Shown) -> None:
    """Whoever has endorsed a work has done so; the owner takes the first away to have the other one instead."""
    first = accept(shown.said, shown.artifact.folder)
    again = endorse(read_files(shown.artifact.folder), "Even better on a second look.", GRACE)
    with pytest.raises(HornbookError, match="have endorsed this work already"):
        accept(again, shown.artifact.folder)
    decline(first.id, shown.artifact.folder)
    accept(again, shown.artifact.folder)

    assert [one.comment for one in verify(shown.artifact.zip).endorsements] == ["Even better on a second look."]


def test_of_two_by_one_key_the_last_word_counts(shown: Shown) -> None:
    """An artifact in which both lie, as a hand or an earlier version may have put them there, shows one."""
    accept(shown.said, shown.artifact.folder)
    later = endorse(read_files(shown.artifact.folder), "Later.", GRACE, now=shown.now + timedelta(seconds=1))
    name = json.loads(later)["id"].removeprefix("urn:uuid:")
    (shown.artifact.folder / "endorsements" / f"{name}.json").write_bytes(later)

    assert [one.comment for one in endorsements(shown.artifact.folder, shown.now + timedelta(seconds=9))] == ["Later."]


def test_an_id_that_is_taken_pushes_nobody_out(shown: Shown) -> None:
    """Whoever signs chooses the id, that of somebody else's praise as well."""
    accept(shown.said, shown.artifact.folder)
    mallory = Key(bytes([9] * 32))
    with pytest.raises(HornbookError, match="of this id stands there already"):
        accept(shown.changed(lambda document: document["issuer"].update(id=mallory.did), mallory), shown.artifact.folder)

    assert [one.name for one in endorsements(shown.artifact.folder, shown.now)] == ["Grace"]


def test_what_has_expired_is_refused_and_does_not_pull_the_work_down(shown: Shown) -> None:
    """Praise that was meant for a while is no longer shown after it; the work holds as before."""
    soon = (shown.now + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    said = shown.changed(lambda document: document.update(validUntil=soon))
    accept(said, shown.artifact.folder)
    after = shown.now + timedelta(days=2)

    assert len(verify(shown.artifact.folder).endorsements) == 1
    assert verify(shown.artifact.folder, now=after).endorsements == ()
    with pytest.raises(HornbookError, match="expired"):
        accept(said, shown.artifact.folder, now=after)


def test_a_name_has_an_end(shown: Shown) -> None:
    """Neither made nor taken with one that fills a page."""
    with pytest.raises(HornbookError, match="at most 200 characters"):
        endorse(read_files(shown.artifact.folder), SAID, Signer(KEY, KEY.did, "G" * 201))
    with pytest.raises(HornbookError, match="longer name"):
        accept(shown.changed(lambda document: document["issuer"].update(name="G" * 201)), shown.artifact.folder)


def test_what_was_accepted_can_be_declined(shown: Shown) -> None:
    """Folder, page and zip are byte for byte what they were before; and what is not there cannot be."""
    before, packed = read_files(shown.artifact.folder), shown.artifact.zip.read_bytes()
    made = accept(shown.said, shown.artifact.folder)
    decline(made.id, shown.artifact.folder)

    assert read_files(shown.artifact.folder) == before
    assert shown.artifact.zip.read_bytes() == packed
    assert not (shown.artifact.folder / "endorsements").exists()
    for which in (made.id, "urn:uuid:../../verdict"):
        with pytest.raises(HornbookError, match=r"has no endorsement of the id|no name that it could be kept under"):
            decline(which, shown.artifact.folder)


def test_declining_that_was_interrupted_is_completed(shown: Shown, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever file was written last, the artifact holds, and declining again takes the rest away."""
    flushed = module._flushed
    made = accept(shown.said, shown.artifact.folder)
    for last in range(1, 3):
        folder = Path(shutil.copytree(shown.artifact.folder, shown.artifact.folder.parent.parent / f"try-{last}" / shown.artifact.id))
        shutil.copy(shown.artifact.zip, folder.with_name(shown.artifact.zip.name))
        count = 0

        def until(path: Path, data: bytes, last: int = last) -> None:
            nonlocal count
            count += 1
            if count == last:
                raise KeyboardInterrupt
            flushed(path, data)

        monkeypatch.setattr(module, "_flushed", until)
        with pytest.raises(KeyboardInterrupt):
            decline(made.id, folder)
        monkeypatch.setattr(module, "_flushed", flushed)
        assert len(verify(folder).endorsements) == 1
        decline(made.id, folder)
        assert verify(folder) == verify(folder.with_name(f"{folder.name}.zip"))
        assert verify(folder).endorsements == ()


def test_whose_key_it_is_is_said_plainly(shown: Shown, course101: Course101, tmp_path: Path) -> None:
    """One that was named, one that a course lists when it is asked, and one that only claims to be the course's."""
    runner, folder = CliRunner(), shown.artifact.folder
    path = tmp_path / "said.json"

    def told(said: bytes, *options: str) -> str:
        path.write_bytes(said)
        result = runner.invoke(app, ["accept", str(path), str(folder), *options])
        assert result.exit_code == 0, result.stderr
        decline(json.loads(said)["id"], folder)
        return result.stdout

    course = course101.issuer.endorse(read_files(folder), "Our best.")
    course101.show()
    assert "It is the key that you have named." in told(shown.said, "--by", KEY.did)
    assert "nobody can tell from the file" in told(shown.said)
    assert "It lists this key as its own today." in told(course, "--online")
    assert "was not asked, or not answered: --online asks." in told(course)
    claimed = shown.changed(lambda document: document["issuer"].update(id=course101.issuer.id))
    assert "was not asked" in told(claimed)
    path.write_bytes(claimed)
    refused = runner.invoke(app, ["accept", str(path), str(folder), "--online"])
    assert refused.exit_code == 2
    assert "does not list the key" in refused.stderr


def test_the_key_of_the_issuer_is_recognised(course101: Course101, tmp_path: Path) -> None:
    """A course that praises what it has issued; whoever only takes its name is not taken for it."""
    issued = course101.issuer.issue(course101.work, into=tmp_path / "issued")
    runner, path = CliRunner(), tmp_path / "said.json"
    path.write_bytes(endorse(read_files(issued.folder), "Yes.", Signer(KEY, course101.issuer.id, "Statistics 101")))
    told = runner.invoke(app, ["accept", str(path), str(issued.folder)])
    assert "was not asked" in told.stdout
    assert runner.invoke(app, ["decline", str(path), str(issued.folder)]).exit_code == 0
    path.write_bytes(course101.issuer.endorse(read_files(issued.folder), "Yes."))
    told = runner.invoke(app, ["accept", str(path), str(issued.folder)])

    assert "It is the key with which the work was issued." in told.stdout


def test_words_that_do_not_hold_can_be_declined(shown: Shown) -> None:
    """They are what one wants to be rid of most."""
    made = accept(shown.said, shown.artifact.folder)
    forged = shown.artifact.folder / "endorsements" / f"{made.id.removeprefix('urn:uuid:')}.json"
    forged.write_bytes(shown.said.replace(b"Clear", b"Great"))
    decline(made.id, shown.artifact.folder)

    assert verify(shown.artifact.folder).endorsements == verify(shown.artifact.zip).endorsements == ()


def test_a_course_takes_its_word_back(course101: Course101, shown: Shown, tmp_path: Path) -> None:
    """As a credential: whoever asks no longer counts it, the work holds all the same, and it cannot be accepted any more."""
    said = course101.issuer.endorse(read_files(shown.artifact.folder), "Our best.")
    made = accept(said, shown.artifact.folder)
    course101.show()

    assert [one.comment for one in verify(shown.artifact.folder, fetch=fetch).endorsements] == ["Our best."]
    course101.issuer.revoke(made.id, "a slip")
    course101.show()
    found = verify(shown.artifact.folder, fetch=fetch)
    assert found.endorsements == ()
    assert any("Statistics 101 has endorsed it, which is not counted" in sentence for sentence in found.limits)
    path = tmp_path / "said.json"
    path.write_bytes(said)
    told = CliRunner().invoke(app, ["accept", str(path), str(shown.artifact.folder), "--online"])
    assert told.exit_code == 2
    assert "has revoked" in told.stderr


def test_a_course_without_an_address_endorses(shown: Shown, tmp_path: Path) -> None:
    """It can take nothing back, as with all that it signs."""
    said = Issuer.create(tmp_path / "nowhere", "Evening class").endorse(read_files(shown.artifact.folder), "Well done.")

    assert "credentialStatus" not in json.loads(said)
    assert accept(said, shown.artifact.folder).name == "Evening class"


# --- Drafts ----------------------------------------------------------------------------------------------------------


def drafted(about: bytes, /, **changed: object) -> bytes:
    """Return what an artifact's page saves."""
    parts = {"format": "urn:hornbook:schema:endorsement-draft:1", "comment": "From the page.", "name": "Grace"}
    return json.dumps(parts | {"credential": base64.b64encode(about).decode()} | changed).encode()


def test_a_draft_is_signed_where_the_key_is(shown: Shown, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the page has saved becomes an endorsement of that very work; words of the command line go before the draft's."""
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "graces"))
    monkeypatch.chdir(tmp_path)
    Path("draft.json").write_bytes(drafted((shown.artifact.folder / "credential.json").read_bytes()))
    told = CliRunner().invoke(app, ["endorse", "draft.json"])
    assert told.exit_code == 0, told.stderr
    assert "From the page." in told.stdout
    assert "its credential was looked at here" in told.stdout
    told = CliRunner().invoke(app, ["accept", "endorsement.json", str(shown.artifact.folder), "--by", KEY.did])
    assert told.exit_code == 2
    assert f"and not by {KEY.did}" in told.stderr
    told = CliRunner().invoke(app, ["accept", "endorsement.json", str(shown.artifact.folder)])
    assert told.exit_code == 0, told.stderr
    assert "nobody can tell from the file" in told.stdout
    (made,) = verify(shown.artifact.folder).endorsements
    assert (made.name, made.comment) == ("Grace", "From the page.")
    told = CliRunner().invoke(app, ["decline", "endorsement.json", str(shown.artifact.folder)])
    assert told.exit_code == 0, told.stderr
    assert verify(shown.artifact.folder).endorsements == ()
    told = CliRunner().invoke(app, ["endorse", "draft.json", "--because", "In other words.", "--into", "other.json", "--name", "G."])
    assert told.exit_code == 0, told.stderr
    assert json.loads(Path("other.json").read_bytes())["credentialSubject"]["endorsementComment"] == "In other words."


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"format": "urn:hornbook:schema:endorsement-draft:2"}, "another format"),
        ({"comment": ["x"]}, "another format"),
        ({"name": None}, "another format"),
        ({"credential": "%%%"}, "no draft"),
        ({"credential": 7}, "no draft"),
        ({"credential": base64.b64encode(b"{}").decode()}, "not a verifiable credential"),
    ],
)
def test_a_draft_that_is_none_is_refused(shown: Shown, change: dict[str, object], reason: str) -> None:
    """In a sentence, and without signing anything."""
    credential = (shown.artifact.folder / "credential.json").read_bytes()
    with pytest.raises(HornbookError, match=reason):
        Draft.read(drafted(credential, **change), shown.now)


def test_a_draft_of_another_kind_of_statement_is_refused(shown: Shown) -> None:
    """Neither words of praise nor what was changed since it was signed can be endorsed."""
    credential = (shown.artifact.folder / "credential.json").read_bytes()
    for data, reason in (
        (drafted(shown.said), "no credential of a lesson"),
        (drafted(credential.replace(b"Counting", b"Counted!", 1)), "signature"),
        (b"[" * 100_000, "no draft"),
        (b"{}", "no draft"),
        (drafted(credential, padding="x" * (9 << 20)), "no draft"),
    ):
        with pytest.raises(HornbookError, match=reason):
            Draft.read(data, shown.now)


def test_an_endorsement_needs_words(shown: Shown, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An artifact brings none along."""
    monkeypatch.chdir(tmp_path)
    told = CliRunner().invoke(app, ["endorse", str(shown.artifact.folder)])

    assert told.exit_code == 2
    assert "--because TEXT" in told.stderr
    told = CliRunner().invoke(app, ["decline", str(shown.artifact.page), str(shown.artifact.folder)])
    assert told.exit_code == 2
    assert "is no endorsement" in told.stderr
