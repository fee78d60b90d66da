"""`hornbook.publish.verify`: what holds, what does not and why, and what nobody can tell."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from hornbook.cli import app
from hornbook.errors import HornbookError
from hornbook.publish import Artifact, Keyring, artifacts, verify
from hornbook.publish.artifact import SEALED, zipped
from hornbook.publish.credential import sign
from hornbook.publish.page import sri
from hornbook.publish.pictures import baked
from hornbook.publish.verifying import files_of

if TYPE_CHECKING:
    from conftest import Passed


DATA = b'<!doctype html><script type="application/json" id="data">%s</script>'


@pytest.fixture(scope="module")
def published(passed: Passed, tmp_path_factory: pytest.TempPathFactory) -> Artifact:
    """Give an artifact that was issued in the past."""
    return passed.publish(tmp_path_factory.mktemp("verify"), now=passed.verdict.started)


@pytest.fixture
def folder(published: Artifact, tmp_path: Path) -> Path:
    """Give a copy of its folder, to be tampered with."""
    return Path(shutil.copytree(published.folder, tmp_path / published.id))


@pytest.mark.parametrize("what", ["", "credential.json", "badge.png", "badge.svg"])
def test_what_is_whole_holds(published: Artifact, what: str) -> None:
    """A folder, a credential and both badges hold, and say what they do not prove."""
    found = verify(published.folder / what)

    assert found.credential.name == "Counting vowels"
    assert any("eddsa-rdfc-2022" in sentence for sentence in found.held)
    assert any("Who typed the code" in sentence for sentence in found.limits)
    assert any("files" in sentence for sentence in (found.held if not what else found.limits))


def test_a_zip_holds_like_its_folder(published: Artifact) -> None:
    """It is read without being unpacked anywhere."""
    assert verify(published.zip) == verify(published.folder)
    assert "The page is the one that these files make." in verify(published.zip).held


@pytest.mark.parametrize("name", SEALED)
def test_a_changed_or_missing_file_is_named(folder: Path, name: str) -> None:
    """One byte more in any sealed file, or the file gone: refused, with its name."""
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(content + b" ")

    with pytest.raises(HornbookError, match=f"{name} was changed"):
        verify(folder)
    (folder / name).unlink()
    with pytest.raises(HornbookError, match=f"{name} is missing"):
        verify(folder)


def add_a_file(folder: Path) -> None:
    """Put a file among the sealed ones that nobody signed."""
    (folder / "extra.html").write_text("x")


def swap_the_badge(folder: Path) -> None:
    """Bake another credential into the badge."""
    (folder / "badge.png").write_bytes(baked((folder / "badge.png").read_bytes(), b"{}"))


def change_the_manifest(folder: Path) -> None:
    """List a changed file with its new digest."""
    notebook = folder / "notebook.html"
    notebook.write_bytes(b"changed")
    manifest = json.loads((folder / "manifest.json").read_bytes())
    next(entry for entry in manifest["files"] if entry["path"] == "notebook.html")["digestSRI"] = sri(b"changed")
    (folder / "manifest.json").write_text(json.dumps(manifest))


def raise_the_score(folder: Path) -> None:
    """Give more points in the credential."""
    path = folder / "credential.json"
    path.write_text(path.read_text("utf-8").replace('"value": "', '"value": "9'), "utf-8")


def drop_a_proof(folder: Path) -> None:
    """Leave only the proof that every validator knows."""
    document = json.loads((folder / "credential.json").read_bytes())
    (folder / "credential.json").write_text(json.dumps(document | {"proof": document["proof"][:1]}))


@pytest.mark.parametrize(
    ("tamper", "reason"),
    [
        (add_a_file, "none that was signed"),
        (swap_the_badge, "another credential"),
        (change_the_manifest, "manifest.json, is not the one"),
        (raise_the_score, "does not fit"),
        (drop_a_proof, "two proofs"),
        (lambda folder: (folder / "manifest.json").unlink(), "no manifest.json"),
        (lambda folder: (folder / "credential.json").unlink(), "no credential.json"),
    ],
)
def test_tampering_is_told(folder: Path, tamper: Callable[[Path], None], reason: str) -> None:
    """Whatever was done to the folder, verify refuses and says what it was."""
    tamper(folder)

    with pytest.raises(HornbookError, match=reason):
        verify(folder)


def test_a_manifest_that_leaves_files_out_is_refused(passed: Passed, folder: Path) -> None:
    """Also the holder of the key cannot sign fewer files than an artifact has."""
    manifest = json.loads((folder / "manifest.json").read_bytes())
    manifest["files"] = manifest["files"][1:]
    data = json.dumps(manifest).encode()
    document = json.loads((folder / "credential.json").read_bytes())
    document["relatedResource"][0]["digestSRI"] = sri(data)
    signed = json.dumps(sign(document, passed.keys.newest, passed.verdict.started)).encode()
    (folder / "manifest.json").write_bytes(data)
    (folder / "credential.json").write_bytes(signed)

    with pytest.raises(HornbookError, match=r"another format"):
        verify(folder)


def test_a_page_of_another_make_is_not_vouched_for(folder: Path) -> None:
    """The page is not sealed, because it holds the seal: that it was changed is told as a limit."""
    (folder / "index.html").write_text("<p>Anything")

    assert any("index.html" in limit for limit in verify(folder).limits)


def test_a_link_among_the_files_is_not_followed(folder: Path) -> None:
    """A file that leads out of the folder is not read."""
    (folder / "notebook.ipynb").unlink()
    (folder / "notebook.ipynb").symlink_to("/etc/hostname")

    with pytest.raises(HornbookError, match=r"cannot be read"):
        verify(folder)


@pytest.mark.parametrize("names", [{"../escape": b""}, {"a/b": b""}])
def test_a_zip_of_another_shape_is_refused(passed: Passed, tmp_path: Path, names: dict[str, bytes]) -> None:
    """No path in a zip is ever more than a name."""
    (tmp_path / "one.zip").write_bytes(zipped("counting_vowels-01234567", names, passed.now))
    (tmp_path / "two.zip").write_bytes(b"PK\x03\x04broken")

    with pytest.raises(HornbookError, match=r"not that of an artifact"):
        verify(tmp_path / "one.zip")
    with pytest.raises(HornbookError, match=r"broken"):
        verify(tmp_path / "two.zip")


def test_what_is_no_artifact_is_said(published: Artifact, tmp_path: Path) -> None:
    """A folder of something else, of artifacts, or a file that is neither zip nor page; a page that carries none; a broken one."""
    with pytest.raises(HornbookError, match=r"is not the folder of an artifact"):
        verify(tmp_path)
    with pytest.raises(HornbookError, match=r"is not the folder of an artifact"):
        verify(published.folder.parent)
    with pytest.raises(HornbookError, match=r"is no artifact"):
        files_of(published.folder / "credential.json")
    for content, reason in (
        (b"<!doctype html>", "carries no artifact"),
        (DATA % b"{", "cannot be read"),
        (DATA % b'{"a": 5}', "cannot be read"),
    ):
        (tmp_path / "page.html").write_bytes(content)
        with pytest.raises(HornbookError, match=reason):
            verify(tmp_path / "page.html")
    with pytest.raises(HornbookError, match=r"nothing is fetched without being asked"):
        verify("https://example.org/portfolio")


def test_the_command_says_what_holds(published: Artifact, folder: Path) -> None:
    """It ends with 0 where all holds, as JSON where that is asked for, and with 2 and the reason where not."""
    whole = CliRunner().invoke(app, ["verify", str(published.folder)])

    assert whole.exit_code == 0
    assert "It holds: Counting vowels" in whole.stdout
    assert "cannot tell" in whole.stdout

    document = json.loads(CliRunner().invoke(app, ["verify", "--json", str(published.folder / "badge.png")]).stdout)

    assert document["name"] == "Counting vowels"

    raise_the_score(folder)
    refused = CliRunner().invoke(app, ["verify", str(folder)])

    assert refused.exit_code == 2
    assert "does not fit" in refused.stderr


def test_the_command_publishes_what_has_passed(passed: Passed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A finished notebook is graded, published and holds; an unfinished one ends with 1, and nothing is written."""
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "jupyter"))
    (tmp_path / "done.ipynb").write_bytes(passed.notebook)
    (tmp_path / "begun.ipynb").write_text(json.dumps(passed.lesson.to_notebook()), "utf-8")
    course = str(passed.lesson.path.parent.parent)
    done = CliRunner().invoke(app, ["publish", str(tmp_path / "done.ipynb"), "--course", course, "--into", str(tmp_path / "p"), "--json"])

    assert done.exit_code == 0, done.output
    artifact = Artifact.open(Path(json.loads(done.stdout)["folder"]))
    assert verify(artifact.folder).credential.issuer == Keyring.open(tmp_path / "jupyter/hornbook/keys").newest.did

    begun = CliRunner().invoke(app, ["publish", str(tmp_path / "begun.ipynb"), "--course", course, "--into", str(tmp_path / "q")])

    assert begun.exit_code == 1
    assert "Nothing was published" in begun.stderr
    assert not (tmp_path / "q").exists()


def test_what_is_published_can_be_found(passed: Passed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the index as well, once however often it is published; not if it is to be unlisted; and no trouble there undoes it."""
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "jupyter"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "done.ipynb").write_bytes(passed.notebook)
    words = ["publish", "done.ipynb", "--course", str(passed.lesson.path.parent.parent), "--into", "p"]

    def found() -> list[str]:
        return [
            hit["place"]
            for hit in json.loads(CliRunner().invoke(app, ["find", passed.lesson.title, "--kind", "artifact", "--json"]).stdout)
        ]

    unlisted = CliRunner().invoke(app, [*words, "--unlisted"])
    before = found()
    for _ in range(2):
        CliRunner().invoke(app, words)
    pages = {str(artifact.page) for artifact in artifacts(tmp_path / "p")}
    after = found()
    check = json.loads(CliRunner().invoke(app, ["index", "check", "--json"]).stdout)
    monkeypatch.setenv("HORNBOOK_CATALOG", str(tmp_path / "done.ipynb"))
    troubled = CliRunner().invoke(app, words)

    assert unlisted.exit_code == 0, unlisted.output
    assert before == []
    assert len(after) == 1
    assert set(after) <= pages
    assert (check["documents"], check["indexed"]) == (1, 1)
    assert troubled.exit_code == 0
    assert "Published  Counting vowels" in troubled.stdout
    assert "It is not found by `hornbook find` yet" in troubled.stderr
