"""`hornbook.publish.issuer`: a course signs what it has graded itself, takes it back, and stays one issuer with many keys."""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from hornbook.cli import app
from hornbook.errors import HornbookError
from hornbook.model import Assurance, SandboxReport
from hornbook.publish import Issuer, Keyring, Work, verify
from hornbook.publish import issuer as module
from hornbook.publish.lookup import fetch
from hornbook.publish.sealing import seal
from hornbook.publish.status import StatusEntry

if TYPE_CHECKING:
    from conftest import Course101, Passed


def credential(folder: Path) -> dict[str, Any]:
    """Return the credential of the artifact in *folder*."""
    content: dict[str, Any] = json.loads((folder / "credential.json").read_bytes())
    return content


def test_what_a_course_has_graded_is_signed_in_its_name(course101: Course101, tmp_path: Path) -> None:
    """Issuer and subject are two; the words say that the course has checked it, and by whom."""
    artifact = course101.issuer.issue(course101.work, into=tmp_path / "issued")
    found = verify(artifact.folder)

    assert found.assurance is artifact.assurance is Assurance.COURSE_CHECKED
    assert found.credential.issuer == course101.issuer.id
    assert re.fullmatch(r"did:web:127\.0\.0\.1%3A\d+:101", course101.issuer.id)
    assert found.credential.subject == course101.work.subject
    assert "in a sandbox of its own" in credential(artifact.folder)["evidence"][0]["narrative"]
    assert "course-checked by Statistics 101" in (artifact.folder / "report.html").read_text("utf-8")
    transcript = (artifact.folder / "transcript.md").read_text("utf-8")
    assert "- Issued by: Statistics 101" in transcript
    assert "- Learner, as the course calls them: Ada" in transcript
    assert any("nothing was looked up" in sentence for sentence in found.limits)
    assert any("list was not looked up" in sentence for sentence in found.limits)


def test_its_issuer_is_asked_and_stands_by_it(course101: Course101, tmp_path: Path) -> None:
    """The key is listed and the list has no bit set: both held, and nothing else was asked."""
    artifact = course101.issuer.issue(course101.work, into=tmp_path / "issued")
    found = verify(artifact.folder, fetch=fetch)

    assert any("lists this key as its own today" in sentence for sentence in found.held)
    assert any("has not revoked it" in sentence for sentence in found.held)
    assert course101.web.asked == ["/101/did.json", "/101/status/1.json"]


def test_what_was_taken_back_does_not_hold(course101: Course101, tmp_path: Path) -> None:
    """Once the list is on the web, whoever asks is told; whoever does not ask is told that nobody did. Twice is once."""
    artifact = course101.issuer.issue(course101.work, into=tmp_path / "issued")
    name = credential(artifact.folder)["id"]
    course101.issuer.revoke(name, "handed in by somebody else")
    course101.issuer.revoke(name, "and once more")
    course101.show()

    with pytest.raises(HornbookError, match="has revoked this credential"):
        verify(artifact.folder, fetch=fetch)
    assert any("list was not looked up" in sentence for sentence in verify(artifact.folder).limits)
    assert [(one.credential, one.reason) for one in course101.issuer.issued()] == [(name, "handed in by somebody else")]
    for path in course101.issuer.public.rglob("*.json"):
        assert b"somebody else" not in path.read_bytes()


def test_a_list_that_is_gone_is_not_a_list_in_which_nothing_stands(course101: Course101, tmp_path: Path) -> None:
    """Without its list, or with one from somewhere else, it is told that this cannot be told."""
    artifact = course101.issuer.issue(course101.work, into=tmp_path / "issued")
    path = course101.web.folder / "101/status/1.json"
    for content in (None, b"{}", path.read_bytes().replace(b'"u', b'"uA')):
        path.unlink()
        if content:
            path.write_bytes(content)
        found = verify(artifact.folder, fetch=fetch)
        path.touch()

        assert any("Whether it was revoked:" in sentence for sentence in found.limits)
        assert not any("not revoked" in sentence for sentence in found.held)


def test_a_key_that_the_issuer_does_not_list_is_none_of_theirs(course101: Course101, tmp_path: Path) -> None:
    """Somebody who writes another's address into a credential is found out by asking there; a server that is gone tells nothing."""
    artifact = course101.issuer.issue(course101.work, into=tmp_path / "issued")
    stranger = Issuer.create(tmp_path / "stranger", "Statistics 101", address=course101.issuer.address)
    path = course101.web.folder / "101/did.json"
    path.write_bytes((stranger.public / "did.json").read_bytes())
    with pytest.raises(HornbookError, match="does not list the key"):
        verify(artifact.folder, fetch=fetch)
    path.unlink()

    assert any("still lists this key" in sentence for sentence in verify(artifact.folder, fetch=fetch).limits)


def test_a_new_key_signs_and_what_the_old_one_signed_holds(course101: Course101, tmp_path: Path) -> None:
    """Both are listed; with the old one taken out of the list by hand, what it signed does not hold any more."""
    before = course101.issuer.issue(course101.work, into=tmp_path / "before")
    rotated = course101.issuer.rotate()
    after = rotated.issue(course101.work, into=tmp_path / "after")
    course101.show()

    assert rotated.keys.newest != course101.issuer.keys.newest
    for artifact in (before, after):
        assert any("lists this key" in sentence for sentence in verify(artifact.folder, fetch=fetch).held)
    path = course101.web.folder / "101/did.json"
    document = json.loads(path.read_bytes())
    old = course101.issuer.keys.newest.multikey
    document["assertionMethod"] = [method for method in document["assertionMethod"] if not method.endswith(old)]
    path.write_text(json.dumps(document), "utf-8")
    assert verify(after.folder, fetch=fetch)
    with pytest.raises(HornbookError, match="does not list the key"):
        verify(before.folder, fetch=fetch)


def test_the_same_work_is_issued_once(course101: Course101, tmp_path: Path) -> None:
    """Also where the artifact is gone: it takes the same place in the list, and is taken back with it."""
    first = course101.issuer.issue(course101.work, into=tmp_path / "one")
    second = course101.issuer.issue(course101.work, into=tmp_path / "two")

    assert credential(first.folder)["credentialStatus"] == credential(second.folder)["credentialStatus"]
    assert len(course101.issuer.issued()) == 1


def test_a_place_says_nothing_about_when(course101: Course101, tmp_path: Path) -> None:
    """Places are drawn, from the whole list, and nobody gets another's."""
    places = []
    for number in range(8):
        artifact = course101.issuer.issue(replace(course101.work, subject=f"urn:uuid:{number}"), into=tmp_path / "issued")
        entry = StatusEntry.of(credential(artifact.folder))
        assert entry
        places.append(entry.position)

    assert len(set(places)) == len(places)
    assert sorted(places) != places or max(places) > len(places)


def test_a_full_list_is_followed_by_another(course101: Course101, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both are on the web, and each is asked for what stands in it."""
    monkeypatch.setattr(module, "FULL", 1)
    made = [course101.issuer.issue(replace(course101.work, subject=f"urn:uuid:{number}"), into=tmp_path / "issued") for number in range(2)]
    course101.issuer.revoke(credential(made[1].folder)["id"], "")
    course101.show()

    assert verify(made[0].folder, fetch=fetch)
    with pytest.raises(HornbookError, match="has revoked"):
        verify(made[1].folder, fetch=fetch)
    assert "/101/status/2.json" in course101.web.asked


def test_many_at_once_get_places_of_their_own(course101: Course101, tmp_path: Path) -> None:
    """Several graders of one course issue at the same time."""
    with ThreadPoolExecutor(4) as pool:
        works = [replace(course101.work, subject=f"urn:uuid:{number}") for number in range(8)]
        list(pool.map(lambda work: course101.issuer.issue(work, into=tmp_path / "issued"), works))

    assert len({one.credential for one in course101.issuer.issued()}) == len(works)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda work, _: replace(work, verdict=replace(work.verdict, assurance=Assurance.SELF_CHECKED)), "what it has graded itself"),
        (lambda work, _: replace(work, verdict=replace(work.verdict, sandbox=SandboxReport(2, "weak"))), "sandbox of level 2"),
        (lambda work, issuer: replace(work, subject=issuer.id), "cannot issue to itself"),
        (lambda work, issuer: replace(work, subject=issuer.keys.newest.did), "cannot issue to itself"),
    ],
)
def test_what_a_course_does_not_sign(course101: Course101, tmp_path: Path, change: Any, reason: str) -> None:
    """What it has not graded, what was graded in a weak sandbox, and its own work."""
    with pytest.raises(HornbookError, match=reason):
        course101.issuer.issue(change(course101.work, course101.issuer), into=tmp_path / "issued")
    assert not (tmp_path / "issued").exists()


def test_a_learners_own_word_is_never_more(passed: Passed, tmp_path: Path) -> None:
    """A verdict that says course-checked, signed by the learner whom it is about, does not hold."""
    issuer = Issuer.create(tmp_path / "issuer", "Statistics 101")
    verdict = replace(passed.verdict, assurance=Assurance.COURSE_CHECKED, sandbox=SandboxReport(3, "x"))
    own = replace(issuer, id=issuer.keys.newest.did, keys=passed.keys)
    work = Work(passed.notebook, verdict, passed.lesson, "urn:uuid:other")
    forged = seal(replace(work, subject=passed.keys.newest.did), replace(own.signer, id=passed.keys.newest.did), into=tmp_path)

    with pytest.raises(HornbookError, match="signed by the learner alone"):
        verify(forged.folder)


def test_an_issuer_without_an_address_is_its_key(course101: Course101, tmp_path: Path) -> None:
    """It can issue, and says that it can neither take back nor be looked up."""
    issuer = Issuer.create(tmp_path / "keyed", "Statistics 101")
    artifact = issuer.issue(course101.work, into=tmp_path / "issued")
    found = verify(artifact.folder, fetch=fetch)

    assert issuer.id == issuer.keys.newest.did
    assert any("Who the key belongs to" in sentence for sentence in found.limits)
    assert "credentialStatus" not in credential(artifact.folder)
    assert course101.web.asked == []
    with pytest.raises(HornbookError, match="nobody could see what it takes back"):
        issuer.revoke(found.credential.id, "")
    with pytest.raises(HornbookError, match="would be another issuer"):
        issuer.rotate()


def test_secrets_stay_where_they_are(tmp_path: Path, course101: Course101) -> None:
    """Keys and the ledger are their owner's alone, a passphrase closes the key, and nothing of either is in what is shown."""
    issuer = Issuer.create(tmp_path / "closed", "Statistics 101", address="https://example.org", passphrase="geheim")
    issuer.issue(course101.work, into=tmp_path / "issued")

    assert stat.S_IMODE(issuer.folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((issuer.folder / "issued.sqlite").stat().st_mode) == 0o600
    assert (issuer.public / ".well-known/did.json").is_file()
    with pytest.raises(HornbookError, match="needs its passphrase"):
        Issuer.open(issuer.folder)
    assert Keyring.is_closed(issuer.folder / "keys")
    assert not Keyring.is_closed(course101.issuer.folder / "keys")
    seed = issuer.keys.newest.seed
    for path in (*issuer.public.rglob("*.json"), *(tmp_path / "issued").rglob("*.*")):
        if path.is_file():
            assert seed not in path.read_bytes()
            assert seed.hex().encode() not in path.read_bytes()


@pytest.mark.parametrize(
    ("name", "address", "reason"),
    [
        ("", None, "has a name"),
        ("a\nb", None, "has a name"),
        ("x", "example.org", "no address of a web page"),
        ("x", "ftp://a", "no address"),
    ],
)
def test_what_is_no_issuer_is_said(tmp_path: Path, name: str, address: str | None, reason: str) -> None:
    """Before anything is written."""
    with pytest.raises(HornbookError, match=reason):
        Issuer.create(tmp_path / "issuer", name, address=address)
    assert not (tmp_path / "issuer").exists()


def test_a_folder_that_is_none_is_said(tmp_path: Path, course101: Course101) -> None:
    """With the way out; and an issuer is never made over another."""
    with pytest.raises(HornbookError, match="`hornbook issuer new` makes one"):
        Issuer.open(tmp_path / "nothing")
    with pytest.raises(HornbookError, match="there is an issuer already"):
        Issuer.create(course101.issuer.folder, "Another")
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(HornbookError, match="cannot be made"):
        Issuer.create(tmp_path / "file", "Another")
    path = course101.issuer.folder / "issuer.json"
    for content, reason in ((b"{", "is not an issuer"), (b'{"format":2,"id":"a","name":"b","address":null}', "later hornbook")):
        path.write_bytes(content)
        with pytest.raises(HornbookError, match=reason):
            Issuer.open(course101.issuer.folder)


def test_what_was_not_issued_cannot_be_taken_back(course101: Course101) -> None:
    """A name that nobody has issued is told, and no list is written."""
    with pytest.raises(HornbookError, match="has issued no such credential"):
        course101.issuer.revoke("urn:uuid:0", "")


def test_a_broken_ledger_is_said(course101: Course101) -> None:
    """And never taken for an empty one."""
    (course101.issuer.folder / "issued.sqlite").write_bytes(b"not a database" * 100)
    with pytest.raises(HornbookError, match="cannot be noted"):
        course101.issuer.issued()


def test_a_public_folder_that_cannot_be_written_is_said(course101: Course101) -> None:
    """What was taken back is noted all the same, and shown by the next one that can be written."""
    status = course101.issuer.public / "status"
    (status / "1.json").unlink()
    status.rmdir()
    status.write_bytes(b"")
    with pytest.raises(HornbookError, match="cannot be written"):
        course101.issuer.renew()


KILLED = """
import os, signal, sys
from pathlib import Path
from hornbook.publish import issuer as module
replace = module._replace
def killed(path, data):
    if path.parent.name == "status":
        os.kill(os.getpid(), signal.SIGKILL)
    replace(path, data)
module._replace = killed
module.Issuer.open(Path(sys.argv[1])).revoke(sys.argv[2], "")
"""


def test_what_was_noted_is_shown_by_the_next(course101: Course101, tmp_path: Path) -> None:
    """Killed between noting and writing the list: the next renewal has it, and no list ever had half of it."""
    artifact = course101.issuer.issue(course101.work, into=tmp_path / "issued")
    name = credential(artifact.folder)["id"]
    ended = subprocess.run(  # noqa: S603 - ourselves
        [sys.executable, "-c", KILLED, str(course101.issuer.folder), name], timeout=60, check=False
    )
    assert ended.returncode == -signal.SIGKILL
    course101.show()
    assert verify(artifact.folder, fetch=fetch)
    course101.issuer.renew()
    course101.show()

    with pytest.raises(HornbookError, match="has revoked"):
        verify(artifact.folder, fetch=fetch)


def test_a_list_is_signed_anew(course101: Course101, tmp_path: Path) -> None:
    """After a quarter of a year nobody believes it; signed anew it says the same for another."""
    artifact = course101.issuer.issue(course101.work, into=tmp_path / "issued")
    later = datetime.now(UTC) + timedelta(days=100)

    assert any("expired" in sentence for sentence in verify(artifact.folder, now=later, fetch=fetch).limits)
    course101.issuer.renew(now=later)
    course101.show()
    assert any("has not revoked" in sentence for sentence in verify(artifact.folder, now=later, fetch=fetch).held)


def test_somebody_who_writes_for_long_is_told(course101: Course101, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for ever for a ledger that another process holds."""
    monkeypatch.setattr(module, "_BUSY_SECONDS", 0.05)
    holder = sqlite3.connect(course101.issuer.folder / "issued.sqlite", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(HornbookError, match="locked"):
        course101.issuer.issued()
    holder.close()


# --- The commands ----------------------------------------------------------------------------------------------------


@pytest.fixture
def at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    """Give what runs commands, for somebody with keys of their own, in an empty folder."""
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    return CliRunner()


def test_a_course_issues_from_the_command_line(at_home: CliRunner, course101: Course101, passed: Passed, tmp_path: Path) -> None:
    """A learner's own artifact becomes the course's, graded again in a real sandbox; taken back, asking tells."""
    own = passed.publish(tmp_path / "portfolio", now=passed.verdict.started)
    arguments = [
        "issue",
        str(own.zip),
        "--issuer",
        str(course101.issuer.folder),
        "--course",
        str(passed.course),
        "--learner",
        "Ada",
        "--json",
    ]
    told = at_home.invoke(app, arguments)

    assert told.exit_code == 0, told.stderr
    made = json.loads(told.stdout)
    assert made["assurance"] == "course-checked"
    found = verify(Path(made["folder"]), fetch=fetch)
    assert found.credential.subject == passed.keys.newest.did
    verdict = json.loads((Path(made["folder"]) / "verdict.json").read_bytes())
    assert verdict["sandbox"]["level"] >= module.LEAST_LEVEL
    told = at_home.invoke(app, ["issuer", "show", "--issuer", str(course101.issuer.folder)])
    assert "counting_vowels" in told.stdout
    assert "holds" in told.stdout
    seen = at_home.invoke(app, ["find", "vowels", "--assurance", "course-checked", "--json"])
    assert [(hit["slug"], hit["authors"]) for hit in json.loads(seen.stdout)] == [
        ("counting_vowels", [course101.issuer.id, passed.keys.newest.did])
    ]
    told = at_home.invoke(app, ["revoke", made["folder"], "--issuer", str(course101.issuer.folder)])
    assert told.exit_code == 0, told.stderr
    assert json.loads(at_home.invoke(app, ["find", "vowels", "--assurance", "course-checked", "--json"]).stdout) == []
    course101.show()
    told = at_home.invoke(app, ["verify", "--online", made["folder"]])
    assert told.exit_code == 2
    assert "has revoked this credential" in told.stderr
    shown = json.loads(at_home.invoke(app, ["issuer", "show", "--issuer", str(course101.issuer.folder), "--json"]).stdout)
    assert shown["issued"][0]["revoked"]


def test_what_is_revoked_by_its_id_is_found_no_more(at_home: CliRunner, course101: Course101, passed: Passed, tmp_path: Path) -> None:
    """Without the artifact at hand; while the learner has another credential for it that holds, that one is still found."""
    path = tmp_path / "work.ipynb"
    common = ["--issuer", str(course101.issuer.folder), "--course", str(passed.course), "--to", passed.keys.newest.did]
    made = []
    for notebook in (passed.notebook, passed.with_cells({"cell_type": "markdown", "source": "Again"}).notebook):
        path.write_bytes(notebook)
        told = at_home.invoke(app, ["issue", str(path), *common, "--json"])
        assert told.exit_code == 0, told.stderr
        made.append(credential(Path(json.loads(told.stdout)["folder"]))["id"])

    def found() -> list[str]:
        return [hit["slug"] for hit in json.loads(at_home.invoke(app, ["find", "--kind", "artifact", "vowels", "--json"]).stdout)]

    assert made[0] != made[1]
    for name, left in zip(made, (["counting_vowels"], []), strict=True):
        told = at_home.invoke(app, ["revoke", name, "--issuer", str(course101.issuer.folder)])
        assert told.exit_code == 0, told.stderr
        assert found() == left


def test_whose_it_is_must_be_known(at_home: CliRunner, course101: Course101, passed: Passed, tmp_path: Path) -> None:
    """A notebook says nothing about that; and what has not passed is not issued, and leaves nothing behind."""
    path = tmp_path / "work.ipynb"
    path.write_bytes(passed.notebook)
    common = ["--issuer", str(course101.issuer.folder), "--course", str(passed.course)]
    told = at_home.invoke(app, ["issue", str(path), *common])
    assert told.exit_code == 2
    assert "Say whose it is with --to" in told.stderr
    told = at_home.invoke(app, ["issue", str(path), "--to", "Ada Lovelace", *common])
    assert told.exit_code == 2
    assert "Ada Lovelace: is no identifier of a learner" in told.stderr
    path.write_text(json.dumps(passed.lesson.to_notebook()), "utf-8")
    told = at_home.invoke(app, ["issue", str(path), "--to", "did:key:z6Mk", *common])

    assert told.exit_code == 1
    assert "Nothing was published" in told.stderr
    assert not (tmp_path / "issued").exists()


def test_a_passphrase_is_in_nobodys_environment(at_home: CliRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is taken out before anything of a learner's could run."""
    monkeypatch.setenv("HORNBOOK_PASSPHRASE", "geheim")
    told = at_home.invoke(app, ["issuer", "new", "issuer", "--name", "Statistics 101", "--address", "https://example.org/101"])
    assert told.exit_code == 0, told.stderr
    assert "HORNBOOK_PASSPHRASE" not in os.environ
    told = at_home.invoke(app, ["issuer", "renew", "--issuer", "issuer"])
    assert told.exit_code == 2
    assert "HORNBOOK_PASSPHRASE" in told.stderr
    monkeypatch.setenv("HORNBOOK_PASSPHRASE", "geheim")
    told = at_home.invoke(app, ["issuer", "rotate", "--issuer", "issuer"])

    assert told.exit_code == 0, told.stderr
    assert "HORNBOOK_PASSPHRASE" not in os.environ
    assert len(json.loads((tmp_path / "issuer/public/did.json").read_bytes())["assertionMethod"]) == 2


def test_own_keys_are_shown(at_home: CliRunner, tmp_path: Path) -> None:
    """The first time one is made; a new one signs from then on."""
    first = json.loads(at_home.invoke(app, ["keys", "--json"]).stdout)["keys"]
    told = at_home.invoke(app, ["keys", "--rotate"]).stdout.splitlines()

    assert told[0] == f"{first[0]}  (signs no more)"
    assert told[1].startswith("did:key:z6Mk")
    assert Keyring.open(tmp_path / "data/hornbook/keys").newest.did == told[1]
