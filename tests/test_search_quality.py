"""Search finds what learners ask for at least as well as it did: hornbook's own ranking on the queries of benchmarks/search."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent.parent / "benchmarks" / "search"
SLACK = 0.02
"""How much worse the ranking may become in all, nDCG@10."""
BETTER = 1.15
"""How many times as good both rankings together must be as the words alone."""


def _script(name: str) -> Any:
    """Return a script of benchmarks/search as a module."""
    spec = importlib.util.spec_from_file_location(name, HERE / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def ndcg() -> Iterator[dict[str, float]]:
    """Yield the mean nDCG@10 of each of our systems over all queries: one catalog, filled once."""
    evaluate, engine = _script("evaluate"), _script("engine").Engine()
    documents, queries = evaluate.load_documents(), evaluate.load_queries()
    ranked = {"words": engine.words, "meaning": engine.meaning, "both": engine.both}
    yield {name: evaluate.mean_ndcg(evaluate.measure(system, documents, queries), queries) for name, system in ranked.items()}
    engine.close()


def test_it_finds_as_well_as_it_did(ndcg: dict[str, float]) -> None:
    """nDCG@10 is not lower than benchmarks/search/figures.json has it; `evaluate.py --write` keeps better figures."""
    kept = json.loads((HERE / "figures.json").read_text("utf-8"))["ndcg@10"]

    assert ndcg["both"] >= kept["both"] - SLACK


def test_both_find_more_than_either(ndcg: dict[str, float]) -> None:
    """Words and meaning together beat meaning alone, and words alone by 15 %."""
    assert ndcg["both"] > ndcg["meaning"]
    assert ndcg["both"] >= BETTER * ndcg["words"]
