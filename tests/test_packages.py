"""What a site is made of: pinned, fetched, verified, and found by what can be imported of it."""

from __future__ import annotations

import hashlib
import io
import tarfile
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from hornbook.errors import HornbookError
from hornbook.offline import packages
from hornbook.offline.packages import RUNTIME, Lock, Pinned, Stock, Unavailable, fetch, normal

TAG = "cp314-cp314-pyemscripten_2026_0_wasm32"


def wheel(folder: Path, name: str, *requires: str, tag: str = "py3-none-any", members: tuple[str, ...] = ()) -> Path:
    """Write a wheel, and return where."""
    path = folder / f"{name}-1.0-{tag}.whl"
    told = "".join(f"Requires-Dist: {one}\n" for one in requires)
    with zipfile.ZipFile(path, "w") as archive:
        for member in members or (f"{name}/__init__.py",):
            archive.writestr(member, "")
        archive.writestr(f"{name}-1.0.dist-info/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n{told}")
    return path


def pinned(path: Path, *, always: bool = False) -> Pinned:
    """Return a pin of what lies there."""
    return Pinned(path.name.split("-")[0], path.name, hashlib.sha256(path.read_bytes()).hexdigest(), always=always)


@pytest.fixture
def lock(tmp_path: Path) -> Lock:
    """Give the lock of a folder with a runtime and one wheel that every site needs."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name in RUNTIME:
            entry = tarfile.TarInfo(f"package/{name}")
            entry.size = len(name)
            archive.addfile(entry, io.BytesIO(name.encode()))
    (tmp_path / "pyodide-1.tgz").write_bytes(packed.getvalue())
    return Lock("3.14", TAG, "1", pinned(tmp_path / "pyodide-1.tgz", always=True), (pinned(wheel(tmp_path, "base"), always=True),))


def test_the_lock_is_whole() -> None:
    """Each package of the lock has a digest, fits its Python, and pytest is in every site."""
    lock = Lock.read()

    assert all(len(one.sha256) == 64 for one in lock.all)
    assert all(lock.fits(one.file) for one in lock.wheels)
    assert "pytest" in {one.name for one in lock.wheels if one.always}


def test_a_lab_is_more_of_the_same() -> None:
    """With a Lab the lock has all that it has without one, and what JupyterLite and its kernel consist of, none of it twice."""
    plain, lab = Lock.read(), Lock.read(lab=True)

    assert set(plain.all) < set(lab.all)
    assert all(one.lab for one in set(lab.all) - set(plain.all))
    assert [one.name for one in lab.apps] == ["jupyterlite-core", "jupyterlite-pyodide-kernel"]
    assert "ipython" in {one.name for one in lab.wheels}
    assert len({one.name for one in lab.all}) == len(lab.all)
    assert all(len(one.sha256) == 64 for one in lab.all)


def test_parts_of_a_lab_are_nothing_without_one(lock: Lock, tmp_path: Path) -> None:
    """Where there is no Lab, what it would be made of is not there, even if it lies in the folder."""
    kernel = next(one for one in Lock.read(lab=True).wheels if one.name == "comm")
    wheel(tmp_path, "comm").rename(tmp_path / kernel.file)
    stock = Stock.of(lock, tmp_path)
    with_lab = replace(lock, wheels=(*lock.wheels, replace(pinned(tmp_path / kernel.file), name="comm", lab=True)))

    assert set(stock.wheels) == {"base"}
    assert stock.for_kernel() == ()
    assert [one.name for one in Stock.of(with_lab, tmp_path).for_kernel()] == ["comm"]


@pytest.mark.parametrize(
    ("name", "fits"),
    [
        ("a-1.0-py3-none-any.whl", True),
        ("a-1.0-py2.py3-none-any.whl", True),
        (f"a-1.0-{TAG}.whl", True),
        ("a-1.0-cp314-abi3-pyemscripten_2026_0_wasm32.whl", True),
        ("a-1.0-cp313-cp313-pyemscripten_2025_0_wasm32.whl", False),
        ("a-1.0-cp314-cp314-manylinux_2_28_x86_64.whl", False),
        ("a-1.0-py2-none-any.whl", False),
        ("a.whl", False),
    ],
)
def test_only_wheels_for_this_python_fit(name: str, fits: bool) -> None:
    """A wheel is pure, or compiled for the Python of the pages."""
    assert Lock.read().fits(name) is fits


def test_a_stock_has_what_a_lesson_imports_and_what_that_requires(lock: Lock, tmp_path: Path) -> None:
    """Wheels are found by what can be imported of them; requirements for other machines and extras do not count."""
    wheel(
        tmp_path,
        "Big_Sums",
        "base",
        "sums.core>=1",
        'other; sys_platform == "win32"',
        'more; extra == "all"',
        members=("sums/a.so", "x.py"),
    )
    wheel(tmp_path, "sums_core", tag=TAG)
    wheel(tmp_path, "broken", "not-there")
    wheel(tmp_path, "elsewhere", tag="cp314-cp314-manylinux_2_28_x86_64")
    stock = Stock.of(lock, tmp_path)

    assert [one.name for one in stock.needed([])] == ["base"]
    assert [one.name for one in stock.needed(["sums"])] == ["base", "big-sums", "sums-core"]
    assert stock.runtime["pyodide.mjs"] == b"pyodide.mjs"
    with pytest.raises(Unavailable) as missing:
        stock.needed(["broken"])
    assert missing.value.name == "not-there"
    with pytest.raises(Unavailable):
        stock.needed(["elsewhere"])


def test_a_stock_that_is_not_right_says_what_to_do(lock: Lock, tmp_path: Path) -> None:
    """A missing file, another file, a wheel that is none, a runtime that lacks a part: each in one sentence, with the file."""
    with pytest.raises(HornbookError, match=r"there is no such file\. `hornbook offline fetch"):
        Stock.of(replace(lock, wheels=(Pinned("gone", "gone-1.0-py3-none-any.whl", "0"),)), tmp_path)
    with pytest.raises(HornbookError, match="another digest"):
        Stock.of(replace(lock, runtime=replace(lock.runtime, sha256="0")), tmp_path)
    (tmp_path / "bad-1.0-py3-none-any.whl").write_bytes(b"no zip")
    with pytest.raises(HornbookError, match=r"bad-1\.0.*is no wheel that can be read"):
        Stock.of(lock, tmp_path)


def test_what_is_there_is_not_fetched_again(lock: Lock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where all is there and right, neither npm nor pip is asked."""
    monkeypatch.setattr(packages, "_run", lambda *_: pytest.fail("it was fetched"))

    assert [path.name for path in fetch(lock, tmp_path)] == ["pyodide-1.tgz", "base-1.0-py3-none-any.whl"]


def test_what_cannot_be_fetched_says_why(lock: Lock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without npm, where it fails, and where something else comes, that is said, and the folder has nothing new that passes."""
    other = replace(lock, runtime=replace(lock.runtime, sha256="0"))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    with pytest.raises(HornbookError, match="npm is not here"):
        fetch(other, tmp_path)
    npm = tmp_path / "npm"
    npm.write_text("#!/bin/sh\necho 'no such package' >&2\nexit 1\n", "utf-8")
    npm.chmod(0o755)
    with pytest.raises(HornbookError, match=r"`npm pack pyodide.*` failed: no such package"):
        fetch(other, tmp_path)
    npm.write_text("#!/bin/sh\nexit 0\n", "utf-8")
    with pytest.raises(HornbookError, match="what came is not what this hornbook knows"):
        fetch(other, tmp_path)


def test_names_are_compared_as_pip_compares_them() -> None:
    """Case, dots, dashes and underscores do not tell packages apart."""
    assert normal("Big._-Sums") == "big-sums"
