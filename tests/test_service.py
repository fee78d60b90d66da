"""`hornbook.server.service` without HTTP: what is confined to the server's folder, and what its connections are told."""

from __future__ import annotations

import asyncio
import json
import socket
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from test_following import drawing
from tornado.httpserver import HTTPServer

from hornbook.draws import INJECTED
from hornbook.server import _start_jupyter_server_extension
from hornbook.server.service import Example, Refused, SentCell, SentNotebook, Service
from hornbook.variants import Seed, hand_out

if TYPE_CHECKING:
    from conftest import StepsCourse


@pytest.fixture
def service(tmp_path: Path, steps_course: StepsCourse) -> Service:
    """Give a service over a folder with a course in it."""
    (tmp_path / "root" / "course").mkdir(parents=True)
    (tmp_path / "outside").mkdir()
    steps_course(tmp_path / "root" / "course", "")
    return Service(tmp_path / "root", record_path=tmp_path / "record.sqlite")


def test_a_folder_of_copies_that_leads_out_is_not_written_into(service: Service) -> None:
    """A link in the server's folder is no way to write elsewhere."""
    outside = service.root.parent / "outside"
    (service.root / "my-work").symlink_to(outside)

    with pytest.raises(Refused, match="leads out of this server's folder") as refused:
        service.start("ada", *service.lesson("course", "steps"))
    asyncio.run(service.close())

    assert refused.value.status == 403
    assert list(outside.iterdir()) == []


def test_a_portfolio_that_leads_out_is_not_read(service: Service) -> None:
    """What lies elsewhere is not served."""
    (service.root / "portfolio").symlink_to(service.root.parent / "outside")

    with pytest.raises(Refused, match="outside of this server's folder"):
        service.artifacts()


def test_a_copy_is_made_once(service: Service) -> None:
    """What the learner has written is never written over."""
    lesson = service.lesson("course", "steps")
    path = service.root / service.start("ada", *lesson)["path"]
    path.write_text("mine", "utf-8")
    service.start("ada", *lesson)
    asyncio.run(service.close())

    assert path.read_text("utf-8") == "mine"


def test_an_installed_course_is_not_for_editing(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever learns from it is neither told its reference solution nor given its graders' trial."""
    monkeypatch.setattr("hornbook.server.lessons.installed_courses", lambda: {"course": service.root / "course"})

    with pytest.raises(Refused, match="to be learned from, not to be edited") as refused:
        service._editable("course", "steps")
    assert refused.value.status == 403


def test_an_example_that_takes_too_long_is_refused_in_a_sentence(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is no mistake of ours, and nobody waits for it for ever."""
    monkeypatch.setattr("hornbook.server.service.EXAMPLE_SECONDS", 0.01)

    with pytest.raises(Refused, match="could be made within 0 seconds"):
        asyncio.run(service.example("ada", Example("course", "steps", "one", "one + 1")))


def test_what_a_kernel_says_is_sent_at_once() -> None:
    """A connection that the server accepts does not wait for more to send (TCP_NODELAY)."""

    async def accepted() -> int:
        server = HTTPServer(lambda _: None)
        listening = socket.create_server(("127.0.0.1", 0))
        server.add_socket(listening.dup())
        await _start_jupyter_server_extension(SimpleNamespace(http_server=server))
        server.stop()
        with listening, socket.create_connection(listening.getsockname()):
            connection, _ = listening.accept()
            with connection:
                return connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)

    assert asyncio.run(accepted()) == 1


@pytest.mark.parametrize("told", ["by its tag", "by its id", "by what it says"])
def test_a_notebook_with_values_of_its_own_is_checked_and_handed_in_with_them(tmp_path: Path, told: str) -> None:
    """A browser says which cell is papermill's; what comes of a hand-in says that these are the notebook's values."""
    (root := tmp_path / "root").mkdir()
    course = drawing(root / "course")
    lesson = course.lesson("steps")
    values = Seed.open(course, tmp_path / "seed").variant(lesson, "ada")
    path = root / "my-work" / "ada" / "steps.ipynb"
    hand_out(lesson, "ada", Seed.open(course, tmp_path / "seed"), root / "my-work")
    path.write_text(path.read_text("utf-8").replace("one = ...", "one = n * 10 + len(word)").replace("two = ...", "two = 2"), "utf-8")
    cells = [
        SentCell(
            cell["id"] if told == "by its id" or cell["id"] != INJECTED else "another",
            cell["cell_type"],
            "".join(cell["source"]),
            injected=told == "by its tag" and cell["id"] == INJECTED,
        )
        for cell in json.loads(path.read_bytes())["cells"]
    ]
    service = Service(root, record_path=tmp_path / "record.sqlite")

    async def asked() -> list[dict[str, Any]]:
        notebook = SentNotebook("my-work/ada/steps.ipynb", cells, "one")
        jobs = [await service.check("ada", notebook, "en"), await service.grade("ada", notebook.path, "en")]
        async with asyncio.timeout(300):
            ends = [[state async for state in job.changes()][-1] for job in jobs]
        await service.close()
        return ends

    checked, graded = (end["result"] for end in asyncio.run(asked()))

    assert checked["verdict"]["parameters"] == graded["verdict"]["parameters"] == {"values": values, "of": "notebook"}
    assert [outcome["status"] for outcome in checked["verdict"]["outcomes"]] == ["passed"]
    assert graded["verdict"]["passed"]
    assert graded["verdict"]["repairs"] == []
    published = root / "portfolio" / graded["artifact"]["id"] / "notebook.ipynb"
    assert "# Parameters" not in published.read_text("utf-8")
