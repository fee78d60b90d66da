"""`hornbook.server.service` without HTTP: what is confined to the server's folder, and what its connections are told."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from tornado.httpserver import HTTPServer

from hornbook.server import _start_jupyter_server_extension
from hornbook.server.service import Example, Refused, Service

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
