"""`hornbook.publish.artifact`: what is sealed, what is left out, and that it is written whole or not at all."""

from __future__ import annotations

import importlib
import io
import json
import os
import re
import signal
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

import hornbook
from hornbook.errors import HornbookError
from hornbook.model import Assurance, Outcome, Status, Verdict
from hornbook.publish import Artifact, Keyring, artifacts, publish
from hornbook.publish.artifact import SEALED
from hornbook.publish.exhibit import as_html, cleaned, safe
from hornbook.publish.pictures import baked, extracted

if TYPE_CHECKING:
    from conftest import Passed

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVQIW2NgUPr/HwADaAIhG61j/AAAAABJRU5ErkJggg=="


def contents(folder: Path) -> dict[str, bytes]:
    """Return the files in *folder* by name."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_passed_notebook_becomes_a_folder_and_a_zip(passed: Passed, tmp_path: Path) -> None:
    """The folder has all files, the zip has the same, and the artifact says what it is."""
    artifact = passed.publish(tmp_path / "portfolio")
    files = contents(artifact.folder)

    assert re.fullmatch(r"counting_vowels-[0-9a-f]{8}", artifact.id)
    assert set(files) == {*SEALED, "manifest.json", "credential.json", "badge.png", "badge.svg", "index.html"}
    with zipfile.ZipFile(artifact.zip) as archive:
        assert {name.removeprefix(f"{artifact.id}/"): archive.read(name) for name in archive.namelist()} == files
        moments = {entry.date_time[:5] for entry in archive.infolist()}
        assert moments == {artifact.created.timetuple()[:5]}
    assert artifact == Artifact.open(artifact.folder)
    assert artifact.page == artifact.folder / "index.html"
    assert (artifact.slug, artifact.title) == ("counting_vowels", "Counting vowels")
    assert (artifact.points, artifact.assurance) == (passed.verdict.points, Assurance.SELF_CHECKED)
    assert artifact.created == passed.now.replace(microsecond=0)
    assert [path.name for path in (tmp_path / "portfolio").iterdir() if path.name.startswith(".")] == []


def test_the_same_input_gives_the_same_bytes(passed: Passed, tmp_path: Path) -> None:
    """Notebook, verdict, time and key decide every byte of every file, and of the zip."""
    one, two = passed.publish(tmp_path / "one"), passed.publish(tmp_path / "two")

    assert contents(one.folder) == contents(two.folder)
    assert one.zip.read_bytes() == two.zip.read_bytes()


def test_what_was_published_is_left_as_it_is(passed: Passed, tmp_path: Path) -> None:
    """The same verdict published later is the artifact that there is already; another key makes another one."""
    one = passed.publish(tmp_path)
    before = one.page.stat()
    again = passed.publish(tmp_path, now=passed.now + timedelta(days=1))
    other = passed.publish(tmp_path, keys=Keyring.open(tmp_path / "keys"), now=passed.now + timedelta(days=2))

    assert again == one
    assert one.page.stat() == before
    assert other.id != one.id
    assert artifacts(tmp_path) == (other, one)


def test_a_broken_artifact_is_left_out_and_made_again(passed: Passed, tmp_path: Path) -> None:
    """What cannot be read is no artifact; published again, it is whole again."""
    artifact = passed.publish(tmp_path)
    artifact.page.unlink()
    (tmp_path / "counting_vowels-00000000").mkdir()

    assert artifacts(tmp_path) == ()
    assert passed.publish(tmp_path) == artifact
    artifact.zip.unlink()
    assert passed.publish(tmp_path).zip.is_file()
    assert artifacts(tmp_path / "nowhere") == ()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda verdict: {"verdict": replace(verdict, passed=False)}, "passed all checks"),
        (lambda verdict: {"verdict": replace(verdict, passed=False, hidden_pending=2)}, "hidden checks are still to come"),
        (lambda verdict: {"verdict": replace(verdict, assurance=Assurance.COURSE_CHECKED)}, "by its course"),
        (lambda _: {"notebook": b"{}"}, "has changed since it was graded"),
        (lambda verdict: {"verdict": replace(verdict, lesson=replace(verdict.lesson, digest="0" * 64))}, "lesson has changed"),
        (lambda verdict: {"now": verdict.started - timedelta(days=1)}, "before it was graded"),
    ],
)
def test_what_may_not_be_published_is_refused(
    passed: Passed, tmp_path: Path, change: Callable[[Verdict], dict[str, Any]], reason: str
) -> None:
    """Not passed, of another course, of another file, lesson or time: one sentence, and nothing is written."""
    with pytest.raises(HornbookError, match=reason):
        passed.publish(tmp_path, **change(passed.verdict))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"not json", b"[]", b"{}", b'{"cells": 7}'])
def test_what_is_no_notebook_is_refused(passed: Passed, content: bytes) -> None:
    """A file without cells has nothing to show."""
    with pytest.raises(HornbookError, match=r"notebook"):
        cleaned(content, passed.lesson)


def test_a_folder_that_cannot_be_written_to_is_said(passed: Passed, tmp_path: Path) -> None:
    """The sentence names the folder."""
    (tmp_path / "file").write_text("")

    with pytest.raises(HornbookError, match=r"file.*cannot be written there"):
        passed.publish(tmp_path / "file")


KILLED = """
import os, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from hornbook.publish import artifact
kill_at = int(sys.argv[2])
flushed = artifact._flushed
count = 0
def slow(path, data):
    global count
    count += 1
    if count == kill_at:
        path.write_bytes(data[: len(data) // 2])
        os.kill(os.getpid(), signal.SIGKILL)
    flushed(path, data)
artifact._flushed = slow
files = {f"file{number}": b"content" * 100 for number in range(3)}
artifact.write(Path(sys.argv[1]), files, datetime(2026, 1, 1, tzinfo=UTC))
"""


@pytest.mark.parametrize("kill_at", [1, 3, 4])
def test_a_killed_process_leaves_nothing_half(passed: Passed, tmp_path: Path, kill_at: int) -> None:
    """Killed in the middle of a file or of the zip, no folder stands there; the next one to publish clears what was left."""
    ended = subprocess.run(  # noqa: S603 - ourselves
        [sys.executable, "-c", KILLED, str(tmp_path / "counting_vowels-00000000"), str(kill_at)], timeout=60, check=False
    )

    assert ended.returncode == -signal.SIGKILL
    assert all(path.name.startswith(".unfinished-") for path in tmp_path.iterdir())
    artifact = passed.publish(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {artifact.id, artifact.zip.name}


def test_a_full_disk_leaves_the_old_state(passed: Passed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the disk has no room for is said, and taken away again."""
    artifact = passed.publish(tmp_path)
    before = contents(artifact.folder)

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(HornbookError, match=r"No space left"):
        passed.publish(tmp_path, learner="Ada")

    assert {path.name for path in tmp_path.iterdir()} == {artifact.id, artifact.zip.name}
    assert contents(artifact.folder) == before


# --- What never gets in ----------------------------------------------------------------------------------------------


def test_nothing_of_hidden_checks_machine_or_key_gets_in(passed: Passed, tmp_path: Path) -> None:
    """Neither a hidden check's sentence, its values and its seed, nor a file's name, a path, a printed text or a key."""
    secret = Outcome(
        "test_SECRETNAME", "count_vowels", "SECRETTITLE", Status.PASSED, 1.0, 1.0, hidden=True, message="SECRETMESSAGE",
        asked="SECRETASKED", came="SECRETCAME", expected="SECRETEXPECTED", printed="SECRETPRINTED", traceback=("SECRETLINE",),
    )  # fmt: skip
    verdict = replace(
        passed.verdict,
        outcomes=(*passed.verdict.outcomes, secret),
        submission=replace(passed.verdict.submission, name="SECRETFILE.ipynb"),
        seed=987654321,
    )
    artifact = passed.publish(tmp_path, verdict=verdict)
    hidden = [outcome.title for outcome in passed.verdict.outcomes if outcome.hidden]
    seed = passed.keys.newest.seed

    assert hidden
    with zipfile.ZipFile(artifact.zip) as archive:
        packed = {name: archive.read(name) for name in archive.namelist()}
    for name, data in {**contents(artifact.folder), **packed}.items():
        assert b"SECRET" not in data, name
        assert b"987654321" not in data, name
        assert not any(title.encode() in data for title in hidden), name
        assert str(Path.home()).encode() + b"/" not in data, name
        assert str(tmp_path).encode() not in data, name
        assert seed not in data, name
        assert seed.hex().encode() not in data, name


def test_a_published_verdict_is_one(passed: Passed, tmp_path: Path) -> None:
    """What is published reads back as a verdict of format 1, with the same points."""
    verdict = Verdict.from_json((passed.publish(tmp_path).folder / "verdict.json").read_bytes())

    assert verdict.points == passed.verdict.points
    assert len(verdict.outcomes) == len(passed.verdict.outcomes)
    assert {outcome.title for outcome in verdict.outcomes if outcome.hidden} == {"A hidden check"}


def test_metadata_widgets_and_injected_parameters_are_left_out(passed: Passed) -> None:
    """Of a file only cells and their pictures, tables and texts are kept."""
    content = json.loads(passed.notebook)
    content["metadata"]["widgets"] = {"state": "MARK1"}
    content["metadata"]["authors"] = [{"name": "MARK2"}]
    content["cells"] += [
        {"cell_type": "code", "metadata": {"tags": ["injected-parameters"]}, "source": "MARK3", "outputs": []},
        {"cell_type": "raw", "metadata": {}, "source": "MARK4"},
        {"cell_type": "code", "metadata": {"x": "MARK5"}, "id": "MARK6", "source": "", "outputs": [
            {"output_type": "display_data", "data": {"application/vnd.jupyter.widget-view+json": {"x": "MARK7"}}},
            {"output_type": "display_data", "data": {"application/javascript": "MARK8"}},
            {"output_type": "display_data", "data": {"image/png": "bm90IGEgcGljdHVyZQ=="}},
            {"output_type": "MARK9"}, "MARK10",
        ]},
    ]  # fmt: skip
    kept = cleaned(json.dumps(content).encode(), passed.lesson)

    assert "MARK" not in json.dumps(kept)
    assert kept["cells"][-1]["outputs"] == []


@pytest.mark.parametrize("trace", ["ada.lovelace@school.example", "/home/ada", "/Users/ada", r"C:\Users\ada"])
def test_email_addresses_and_home_folders_are_warned_about(passed: Passed, tmp_path: Path, trace: str) -> None:
    """They are not taken out, since they may be part of the work, but said."""
    output = {"output_type": "stream", "name": "stdout", "text": f"read {trace}/data.csv"}
    notebook = passed.with_cells({"cell_type": "code", "source": "", "execution_count": 1, "outputs": [output]})

    assert passed.publish(tmp_path / "without").warnings == ()
    assert any(trace.replace("\\", "") in warning.replace("\\", "") for warning in notebook.publish(tmp_path / "with").warnings)


# --- What is shown ---------------------------------------------------------------------------------------------------


def test_tables_formulas_pictures_and_errors_are_shown(passed: Passed) -> None:
    """What a notebook is read for survives the cleaning."""
    row = '<tr><td colspan="2">1</td></tr>'
    table = f'<style scoped>.x{{}}</style><table class="dataframe"><thead><tr><th></th><th>a</th></tr></thead>{row}</table>'
    outputs = [
        {"output_type": "execute_result", "data": {"text/html": table, "text/plain": "PLAIN"}},
        {"output_type": "display_data", "data": {"image/png": PNG}},
        {"output_type": "display_data", "data": {"image/svg+xml": "<svg xmlns='http://www.w3.org/2000/svg'/>"}},
        {"output_type": "display_data", "data": {"text/latex": "$x^2$"}},
        {"output_type": "error", "ename": "E", "evalue": "v", "traceback": ["\x1b[31mline\x1b[0m"]},
    ]
    shown = as_html(cleaned(passed.with_cells(
        {"cell_type": "code", "source": "for x in 'a': # <b>", "execution_count": 1, "outputs": outputs},
        {"cell_type": "markdown", "source": "## Head\n\n$\\frac{1}{2}$ and ![dot](attachment:a.png)\n\n| a | b |\n|---|---|\n| 1 | 2 |",
         "attachments": {"a.png": {"image/png": PNG}}},
    ).notebook, passed.lesson))  # fmt: skip

    assert '<table class="dataframe">' in shown
    assert "PLAIN" not in shown
    assert ".x{}" not in shown
    assert shown.count(f"data:image/png;base64,{PNG}") == 2
    assert "data:image/svg+xml;base64," in shown
    assert "<mfrac>" in shown
    assert "<msup>" in shown
    assert ">Head</h2>" in shown
    assert "<td>1</td>" in shown
    assert "line</pre>" in shown
    assert '<span class="k">for</span>' in shown
    assert "&lt;b&gt;" in shown


@pytest.mark.parametrize(
    "fragment",
    [
        "<script>x()</script>",
        "<img src=x onerror=x()>",
        "<a href='javascript:x()'>a</a>",
        "<a href='data:text/html,x'>a</a>",
        "<iframe srcdoc='<p>'></iframe>",
        "<svg onload=x()><script>x()</script></svg>",
        "<form action=/x><input></form>",
        "<style>*{display:none}</style>",
        "<p style='position:fixed'>a</p>",
        "<img src='https://evil.example/x.png'>",
        "<img src='data:text/html;base64,eA=='>",
        "<img src='data:image/png;base64,eA=='>",
        "<meta http-equiv=refresh content='0;url=//evil.example'>",
        "<base href='//evil.example'>",
        "<p id=data>a</p>",
        "<p class=seal>a</p>",
        "<math><mtext><script>x()</script></mtext></math>",
        "<math href='javascript:x()'><mi>x</mi></math>",
        "<math><annotation-xml encoding='text/html'><img src=x onerror=x()></annotation-xml></math>",
    ],
)
def test_nothing_that_acts_is_let_through(fragment: str) -> None:
    """Scripts, handlers, addresses that act, frames, forms, styles, ids and pictures from elsewhere are taken out."""
    cleaned_html = safe(fragment)

    assert not re.search(
        r"script|onerror|onload|x\(\)|srcdoc|iframe|form|style|evil|text/html|meta|base |id=|seal|src=.data:image/png;base64,eA",
        cleaned_html,
    )


# --- Pictures --------------------------------------------------------------------------------------------------------


def test_the_badge_holds_the_credential(passed: Passed, tmp_path: Path) -> None:
    """Pillow finds it as PNG's text, our own reader in both pictures; the card has the size that links want."""
    artifact = passed.publish(tmp_path)
    credential = (artifact.folder / "credential.json").read_bytes()

    with Image.open(artifact.folder / "badge.png") as badge:
        badge.load()
        assert badge.info["openbadgecredential"] == credential.decode()
    assert extracted((artifact.folder / "badge.png").read_bytes()) == credential
    assert extracted((artifact.folder / "badge.svg").read_bytes()) == credential
    with Image.open(io.BytesIO((artifact.folder / "card.png").read_bytes())) as card:
        assert card.size == (1200, 630)


def test_baking_again_replaces(passed: Passed, tmp_path: Path) -> None:
    """A badge never holds two credentials."""
    png = (passed.publish(tmp_path).folder / "badge.png").read_bytes()

    assert extracted(baked(png, b"{}")) == b"{}"
    with pytest.raises(HornbookError, match=r"no credential"):
        extracted(b"<svg></svg>")
    with pytest.raises(HornbookError, match=r"broken"):
        extracted(png[:-3])
    with pytest.raises(HornbookError, match=r"more than one"):
        extracted(b"<svg>" + 2 * b"<openbadges:credential><![CDATA[{}]]></openbadges:credential>" + b"</svg>")


# --- Metadata --------------------------------------------------------------------------------------------------------


def test_the_crate_names_every_file_with_its_digest(passed: Passed, tmp_path: Path) -> None:
    """The RO-Crate has an entity for each file it lists, and each is there."""
    folder = passed.publish(tmp_path).folder
    graph = {entity["@id"]: entity for entity in json.loads((folder / "ro-crate-metadata.json").read_bytes())["@graph"]}

    assert {part["@id"] for part in graph["./"]["hasPart"]} == {*SEALED} - {"ro-crate-metadata.json"}
    for part in graph["./"]["hasPart"]:
        assert graph[part["@id"]]["contentSize"] == str((folder / part["@id"]).stat().st_size)


def test_a_name_is_shown_as_a_claim(passed: Passed, tmp_path: Path) -> None:
    """A learner's name is on the page, as what they call themselves, and not in the credential."""
    folder = passed.publish(tmp_path, learner="Ada <b>").folder

    assert "Ada &lt;b&gt;</strong>, as they call themselves" in (folder / "report.html").read_text("utf-8")
    assert b"Ada" not in (folder / "credential.json").read_bytes()


def test_publishing_is_a_public_name() -> None:
    """`hornbook.publish` may be the function or the package that it lives in: both publish."""
    package = importlib.import_module("hornbook.publish")

    assert hornbook.publish in {publish, package}
    assert callable(package)
    with pytest.raises(TypeError):
        package()


def test_two_artifacts_never_share_a_folder(passed: Passed, tmp_path: Path) -> None:
    """Should the eight digits be those of another artifact, more digits tell them apart."""
    one = passed.publish(tmp_path / "one")
    (tmp_path / "two").mkdir()
    (tmp_path / "two" / one.id).mkdir()
    (tmp_path / "two" / one.id / "manifest.json").write_bytes(b"of another")
    two = passed.publish(tmp_path / "two")

    assert re.fullmatch(r"counting_vowels-[0-9a-f]{32}", two.id)
    assert (tmp_path / "two" / one.id / "manifest.json").read_bytes() == b"of another"
