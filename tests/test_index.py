"""`hornbook.catalog.index`: the index says what the database says, whoever writes, dies or damages it."""

from __future__ import annotations

import dataclasses
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from hornbook.catalog import Catalog, Where, index
from hornbook.catalog.index import Chroma
from hornbook.errors import HornbookError

if TYPE_CHECKING:
    from types import ModuleType

SOURCES = Path(index.__file__).parent
PROGRAM = Path(__file__).with_name("indexing.py")
TRIALS = int(os.environ.get("HORNBOOK_KILLS", "24"))
"""How many processes are killed in the middle of their work: `HORNBOOK_KILLS=1000 pytest tests/test_index.py -k kill`."""


def opened(path: Path, indexing: ModuleType, **options: Any) -> Catalog:
    """Return the catalog at *path* with an embedder that costs nothing."""
    return Catalog.open(path, **({"embedder": indexing.Hashed()} | options))


def running(path: Path, *words: str) -> subprocess.Popen[str]:
    """Return a process that does what *words* say to the catalog at *path*."""
    command = [sys.executable, str(PROGRAM), str(path), *words]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own


def filled(path: Path, indexing: ModuleType, number: int = 60) -> dict[str, list[str]]:
    """Make a catalog of *number* documents at *path*, with its index, and return what is found in it."""
    with opened(path, indexing) as catalog:
        catalog.add(*(indexing.document(one) for one in range(number)))

        assert catalog._chroma is not None
        assert catalog._chroma.opened
        return answers(catalog)


def answers(catalog: Catalog) -> dict[str, list[str]]:
    """Return what *catalog* finds by meaning alone, and with a filter."""
    texts = ("number7 version0x0", "Lesson 12 skill 2", "unknown")
    plain = {text: [hit.key for hit in catalog.find(text)] for text in texts}
    return plain | {f"{text} filtered": [hit.key for hit in catalog.find(text, Where(skills=("skill 3",)))] for text in texts}


def test_chroma_and_numpy_answer_alike(tmp_path: Path, indexing: ModuleType) -> None:
    """With the index and without it the same is found in the same order."""
    by_chroma = filled(tmp_path / "c.sqlite", indexing)
    with opened(tmp_path / "c.sqlite", indexing, index="exact") as catalog:
        exactly = answers(catalog)

        assert catalog._chroma is None
    assert by_chroma == exactly
    assert any(by_chroma.values())


def test_what_is_replaced_and_removed_is_so_in_the_index(tmp_path: Path, indexing: ModuleType) -> None:
    """After each step everything in it is as in the database."""
    with opened(tmp_path / "c.sqlite", indexing) as catalog:
        for step in range(3):
            catalog.add(*(indexing.document(number, step) for number in range(5)))
            catalog.remove(indexing.document(step).key)
            report = catalog.check()

            assert report.problems == ()
            assert (report.documents, report.indexed) == (4, 4)


# --- Whatever happens to it ------------------------------------------------------------------------------------------


def the_directory(root: Path) -> Path:
    """Return the one directory of the index below *root*."""
    (folder,) = root.glob("chroma-*")
    return folder


def change_progress(root: Path, **changes: Any) -> None:
    """Change what is noted of the index below *root*."""
    noted = json.loads((root / "progress.json").read_bytes())
    (root / "progress.json").write_text(json.dumps(noted | changes), "utf-8")


def overwrite(path: Path, start: float, data: bytes) -> None:
    """Write *data* into the file at *path*, from that part of it on."""
    with path.open("r+b") as file:
        file.seek(int(path.stat().st_size * start))
        file.write(data)


DAMAGES: dict[str, Callable[[Path], object]] = {
    "deleted": shutil.rmtree,
    "its directory gone": lambda root: the_directory(root).rename(root / "aside"),
    "its database gone": lambda root: (the_directory(root) / "chroma.sqlite3").unlink(),
    "its database cut off": lambda root: os.truncate(the_directory(root) / "chroma.sqlite3", 50_000),
    "its database empty": lambda root: os.truncate(the_directory(root) / "chroma.sqlite3", 0),
    "its database overwritten": lambda root: overwrite(the_directory(root) / "chroma.sqlite3", 0.0, b"nonsense" * 4_000),
    "pages of its database overwritten": lambda root: overwrite(the_directory(root) / "chroma.sqlite3", 0.5, b"nonsense" * 4_000),
    "half-written": lambda root: change_progress(root, whole=False),
    "of another model": lambda root: change_progress(root, space="other/card-1"),
    "of another release": lambda root: change_progress(root, chroma="0.1"),
    "of another catalog": lambda root: change_progress(root, identity="another"),
    "ahead": lambda root: change_progress(root, generation=10_000),
    "with an unknown note": lambda root: change_progress(root, later=1),
    "with a garbled note": lambda root: (root / "progress.json").write_bytes(b"{"),
    "with files that Chroma would read": lambda root: [
        path.write_bytes(b"\xff" * 5_000) for path in the_directory(root).glob("*/*") if path.is_file()
    ],
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_index_is_noticed_and_made_again(tmp_path: Path, indexing: ModuleType, damage: str) -> None:
    """Whatever was done to it, nothing is lost, and what is found is what was found before."""
    before = filled(tmp_path / "c.sqlite", indexing)
    DAMAGES[damage](tmp_path / "c.index")
    with opened(tmp_path / "c.sqlite", indexing) as catalog:
        report = catalog.check()

        assert (report.documents, report.indexed, report.problems) == (60, 60, ())
        assert answers(catalog) == before
        assert catalog._chroma is not None
        assert catalog._chroma.opened


def test_entries_that_were_changed_in_the_index_are_found_by_a_check(tmp_path: Path, indexing: ModuleType) -> None:
    """Everything is compared: a vector, what can be filtered by, and what no document has; then it is rebuilt."""
    filled(tmp_path / "c.sqlite", indexing)
    with opened(tmp_path / "c.sqlite", indexing) as catalog:
        catalog.warm()
        assert catalog._chroma is not None
        collection = catalog._chroma._collection
        vector = indexing.Hashed().embed(["something else"])
        for change in ({"embeddings": vector}, {"metadatas": [{"kind": "nothing"}]}):
            collection.update(ids=["7"], **change)
            problems = catalog.check().problems
            repaired = catalog.rebuild()

            assert problems == (f"The index has another entry for {indexing.document(6).key}.",)
            assert repaired.problems == ()
            collection = catalog._chroma._collection


def test_an_index_that_is_behind_catches_up(tmp_path: Path, indexing: ModuleType) -> None:
    """What was written while nobody owned the index is in it as soon as somebody does."""
    filled(tmp_path / "c.sqlite", indexing)
    folder = the_directory(tmp_path / "c.index")
    with opened(tmp_path / "c.sqlite", indexing, index="exact") as catalog:
        catalog.add(indexing.document(3, 1), indexing.document(99))
    with opened(tmp_path / "c.sqlite", indexing) as catalog:
        report = catalog.check()

        assert (report.documents, report.indexed, report.problems) == (61, 61, ())
        assert the_directory(tmp_path / "c.index") == folder
        assert catalog.find("version1x1")[0].key == indexing.document(3).key


def test_what_was_erased_elsewhere_makes_the_directory_anew(tmp_path: Path, indexing: ModuleType) -> None:
    """Chroma forgets nothing that it has deleted; so its directory goes."""
    filled(tmp_path / "c.sqlite", indexing)
    folder = the_directory(tmp_path / "c.index")
    with opened(tmp_path / "c.sqlite", indexing, index="exact") as catalog:
        catalog.remove(indexing.document(3).key)
    with opened(tmp_path / "c.sqlite", indexing) as catalog:
        assert catalog.check().indexed == 59
    assert the_directory(tmp_path / "c.index") != folder


def test_a_big_index_keeps_nobody_waiting(tmp_path: Path, indexing: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """What takes longer than a moment is made when it is asked for; until then answers come from the database, the same."""
    before = filled(tmp_path / "c.sqlite", indexing)
    monkeypatch.setattr(index, "AT_ONCE", 10)
    with opened(tmp_path / "c.sqlite", indexing) as catalog:
        catalog.remove(indexing.document(59).key)
        meanwhile = answers(catalog)
        assert catalog._chroma is not None
        assert not catalog._chroma.opened
        warm = catalog.warm()

        assert warm
        assert catalog._chroma.opened
        assert answers(catalog) == meanwhile
        assert meanwhile["unknown"] != [] or before["unknown"] == []


def test_an_index_that_has_grown_is_made_anew(tmp_path: Path, indexing: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was replaced stays in a directory, so it does not grow for ever."""
    filled(tmp_path / "c.sqlite", indexing, 3)
    folder = the_directory(tmp_path / "c.index")
    monkeypatch.setattr(index, "GROWTH", 2)
    monkeypatch.setattr(index, "AT_ONCE", 3)
    with opened(tmp_path / "c.sqlite", indexing) as catalog:
        for version in range(1, 6):
            catalog.add(indexing.document(1, version))

        assert catalog.check().indexed == 3
    assert the_directory(tmp_path / "c.index") != folder


# --- Several processes -----------------------------------------------------------------------------------------------


def test_an_index_has_one_owner(tmp_path: Path, indexing: ModuleType) -> None:
    """A second process is answered exactly, sees at once what the first has written, and owns the index when the first has ended."""
    expected = filled(tmp_path / "c.sqlite", indexing)
    with running(tmp_path / "c.sqlite", "hold") as first, opened(tmp_path / "c.sqlite", indexing) as second:
        assert first.stdout is not None
        assert first.stdin is not None
        assert first.stdout.readline() == "owned\n"
        owned = second.warm()
        answered = answers(second)
        second.add(indexing.document(100))
        first.stdin.write("number100\n")
        first.stdin.flush()
        found = first.stdout.readline().split()[0]
        first.stdin.close()
        first.wait(30)

        assert (owned, answered) == (False, expected)
        assert "Another process owns the index" in second.trouble
        assert found == indexing.document(100).key
        assert second.warm()
        assert second.check().indexed == 61


def test_two_catalogs_of_one_process_do_not_share_an_index(tmp_path: Path, indexing: ModuleType) -> None:
    """The lock is the catalog's, not only the process's."""
    filled(tmp_path / "c.sqlite", indexing)
    with opened(tmp_path / "c.sqlite", indexing) as one, opened(tmp_path / "c.sqlite", indexing) as two:
        assert (one.warm(), two.warm()) == (True, False)


def test_a_fork_leaves_the_index_to_its_owner(tmp_path: Path, indexing: ModuleType) -> None:
    """It is answered exactly instead of hanging in Chroma, and keeps no lock when the owner lets go."""
    expected = filled(tmp_path / "c.sqlite", indexing)
    catalog = opened(tmp_path / "c.sqlite", indexing)
    catalog.warm()
    told, tell = os.pipe()
    hold, release = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(release)
        catalog.store.engine.dispose(close=False)
        same = answers(catalog) == expected and not catalog.warm()
        os.write(tell, b"same" if same else b"other")
        os.read(hold, 1)
        os._exit(0)
    os.close(tell)
    os.close(hold)
    said = os.read(told, 10)
    catalog.close()
    with opened(tmp_path / "c.sqlite", indexing) as another:
        warm = another.warm()
    os.close(release)
    os.close(told)
    os.waitpid(child, 0)

    assert said == b"same"
    assert warm


def test_a_folder_that_cannot_be_written_to_is_no_hindrance(tmp_path: Path, indexing: ModuleType) -> None:
    """As on a read-only disk: everything is found, without the index."""
    (tmp_path / "c.index").write_bytes(b"a file where the folder should be")
    with opened(tmp_path / "c.sqlite", indexing) as catalog:
        catalog.add(indexing.document(1))

        assert catalog.find("number1")[0].key == indexing.document(1).key
        assert catalog.check().indexed is None
        assert catalog.trouble


def test_a_failing_index_is_no_hindrance(tmp_path: Path, indexing: ModuleType) -> None:
    """What is found does not change when Chroma refuses; why it was not asked is kept."""
    expected = filled(tmp_path / "c.sqlite", indexing)
    with opened(tmp_path / "c.sqlite", indexing) as catalog:
        catalog.warm()
        assert catalog._chroma is not None
        catalog._chroma._client.delete_collection(catalog._chroma.progress.folder)  # type: ignore[union-attr]
        answered = answers(catalog)

        assert answered == expected
        assert "the index cannot be used" in catalog.trouble
        assert catalog.check().problems == ()


def expected_after(lines: list[str]) -> tuple[dict[int, int], tuple[str, int, int] | None]:
    """Return which documents there are in which version after *lines*, and what was begun and not acknowledged."""
    there: dict[int, int] = {}
    begun: tuple[str, int, int] | None = None
    for line in lines:
        word, what, number, version = line.split()
        step = what, int(number), int(version)
        begun = step if word == "begun" else None
        if word == "done" and what == "gone":
            del there[step[1]]
        elif word == "done":
            there[step[1]] = step[2]
    return there, begun


@pytest.fixture(scope="module")
def nursery() -> Iterator[subprocess.Popen[str]]:
    """Give a process whose forks write to catalogs until they are killed."""
    with running(Path("-"), "breed") as process:
        yield process
        assert process.stdin is not None
        process.stdin.close()


@pytest.mark.parametrize("trial", range(TRIALS))
def test_a_kill_loses_nothing_that_was_acknowledged(
    tmp_path: Path, indexing: ModuleType, nursery: subprocess.Popen[str], trial: int
) -> None:
    """Killed while it adds, replaces and removes: all that was acknowledged is there, and the index opens and holds just that."""
    chance = random.Random(trial)  # noqa: S311 - the same for the same trial
    os.mkfifo(tmp_path / "said")
    assert nursery.stdin is not None
    assert nursery.stdout is not None
    nursery.stdin.write(f"{tmp_path / 'c.sqlite'} {trial} {tmp_path / 'said'}\n")
    nursery.stdin.flush()
    child = int(nursery.stdout.readline())
    with (tmp_path / "said").open("r", encoding="ascii") as said:
        # From the very beginning on, when the index is made, to the middle of its use; within a step wherever it happens to be.
        lines = [said.readline() for _ in range(chance.randrange(1, 60))]
        deadline = time.perf_counter() + chance.random() * 0.05
        while time.perf_counter() < deadline:
            pass
        os.kill(child, signal.SIGKILL)
        lines += [line for line in said if line.endswith("\n")]
    there, begun = expected_after(lines)
    with opened(tmp_path / "c.sqlite", indexing) as catalog:
        report = catalog.check()
        known = catalog.store.known([indexing.document(number).key for number in range(40)])
        found = {key: one.digest for key, one in known.items()}
        wanted = {indexing.document(number).key: indexing.document(number, version).digest for number, version in there.items()}
        if begun is not None and found != wanted:
            what, number, version = begun
            wanted.pop(indexing.document(number).key, None)
            if what == "put":
                wanted[indexing.document(number).key] = indexing.document(number, version).digest

        assert report.problems == ()
        assert found == wanted
        assert report.documents == report.indexed == len(wanted)


# --- A server of Chroma's --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Give the address of a real Chroma server."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder = tmp_path_factory.mktemp("chroma")
    program = Path(sys.executable).with_name("chroma")
    process = subprocess.Popen(  # noqa: S603 - our own
        [program, "run", "--path", folder, "--host", "127.0.0.1", "--port", str(port)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder,
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while True:
        with socket.socket() as asked:
            if asked.connect_ex(("127.0.0.1", port)) == 0:
                break
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.1)
    yield f"http://127.0.0.1:{port}"
    process.terminate()
    process.wait(30)


def test_a_server_holds_what_the_directory_would(tmp_path: Path, indexing: ModuleType, server: str) -> None:
    """With one setting; two processes use it at the same time, and what is erased is gone there."""
    expected = filled(tmp_path / "c.sqlite", indexing)
    with (
        opened(tmp_path / "c.sqlite", indexing, index=server, folder=tmp_path / "one") as one,
        opened(tmp_path / "c.sqlite", indexing, index=server, folder=tmp_path / "one") as two,
    ):
        assert (one.warm(), two.warm()) == (True, True)
        assert answers(one) == answers(two) == expected
        two.add(indexing.document(100))
        one.remove(indexing.document(5).key)
        for catalog in (two, one):
            report = catalog.check()

            assert (report.documents, report.indexed, report.problems) == (60, 60, ())
            assert not catalog.trouble


def test_a_server_that_is_written_to_is_not_rebuilt(tmp_path: Path, indexing: ModuleType, server: str) -> None:
    """Whoever wants to is told to wait for the other."""
    with opened(tmp_path / "c.sqlite", indexing, index=server, folder=tmp_path / "one") as catalog:
        catalog.add(indexing.document(1))
        other = Chroma.owned(tmp_path / "one", catalog.space)
        assert other is not None
        with pytest.raises(HornbookError, match="another process is writing the index"):
            catalog.rebuild()
        other.close()


def test_a_server_that_is_not_there_is_no_hindrance(tmp_path: Path, indexing: ModuleType) -> None:
    """Everything is found, and why the index was not used is kept."""
    with opened(tmp_path / "c.sqlite", indexing, index="http://127.0.0.1:9") as catalog:
        catalog.add(indexing.document(1))

        assert catalog.find("number1")[0].key == indexing.document(1).key
        assert "the index cannot be used" in catalog.trouble


@pytest.mark.parametrize("address", ["http://", "http://host", "ftp://host:3", "http://host:99999", "http://:80"])
def test_what_is_no_address_of_a_server_is_refused(tmp_path: Path, indexing: ModuleType, address: str) -> None:
    """With an example of one."""
    with pytest.raises(HornbookError, match="is not the address of a Chroma server"):
        opened(tmp_path / "c.sqlite", indexing, index=address)


# --- Without a network -----------------------------------------------------------------------------------------------


def test_everything_works_without_a_network(tmp_path: Path, indexing: ModuleType) -> None:
    """In a network of its own, in which there is nothing: the real model, the real Chroma, written and read."""
    alone = ["unshare", "--user", "--map-root-user", "--net"]
    if subprocess.run([*alone, "true"], check=False, capture_output=True).returncode:  # noqa: S603 - our own
        alone = ["unshare", "--net"]
        if subprocess.run([*alone, "true"], check=False, capture_output=True).returncode:  # noqa: S603 - our own
            pytest.skip("needs namespaces: no network of its own can be made here")
    with Catalog.open(tmp_path / "c.sqlite", index="exact") as catalog:
        catalog.add(*(indexing.document(number) for number in range(3)))
    environment = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")} | {"HOME": str(tmp_path)}
    ended = subprocess.run(  # noqa: S603 - our own
        [*alone, sys.executable, PROGRAM, tmp_path / "c.sqlite", "find", "number2 version0x0"],
        check=False, capture_output=True, text=True, env=environment, timeout=60,
    )  # fmt: skip

    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.split()[0] == indexing.document(2).key
    assert ended.stdout.split()[-1] == "3"
    assert not (tmp_path / ".cache").exists()


def test_chromas_own_model_is_never_meant() -> None:
    """Every collection is made and opened without an embedding function: the default one would be downloaded."""
    for path in SOURCES.glob("*.py"):
        text = path.read_text("utf-8")
        for call in re.findall(r"\b(?:create_collection|get_collection|get_or_create_collection)\((?:[^()]|\([^()]*\))*\)", text):
            assert "embedding_function=None" in call
        assert "DefaultEmbeddingFunction" not in text
        assert text.count("Settings(") == text.count("Settings(anonymized_telemetry=False)")


def test_exact_answers_need_no_chroma(tmp_path: Path) -> None:
    """What only asks, as a command does, does not import it."""
    program = (
        "import sys; from pathlib import Path; from hornbook.catalog import Catalog\n"
        "with Catalog.open(Path(sys.argv[1])) as catalog: catalog.find('x')\n"
        "sys.exit('chromadb' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program, tmp_path / "c.sqlite"], check=False).returncode == 0  # noqa: S603 - our own


def test_a_report_is_plain(tmp_path: Path, indexing: ModuleType) -> None:
    """It can be sent as JSON."""
    with opened(tmp_path / "c.sqlite", indexing) as catalog:
        assert json.loads(json.dumps(dataclasses.asdict(catalog.check()))) == {
            "documents": 0,
            "indexed": 0,
            "space": "hashed/card-1",
            "problems": [],
        }
