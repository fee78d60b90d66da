"""`hornbook.publish.endorsement`: what somebody else says is theirs, is about this very work, and is shown only if the learner wants it."""

from __future__ import annotations

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
from hornbook.publish import Artifact, Signer, accept, endorse, endorsements, verify
from hornbook.publish import artifact as module
from hornbook.publish.artifact import read_files
from hornbook.publish.credential import sign
from hornbook.publish.keys import Key
from hornbook.publish.verifying import files_of

if TYPE_CHECKING:
    from conftest import Passed

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
