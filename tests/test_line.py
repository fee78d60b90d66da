"""`hornbook.sandbox.line`: a socket that carries wire values, and what a hostile other side can do to it."""

from __future__ import annotations

import os
import socket
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hornbook.errors import WireError
from hornbook.sandbox.line import LENGTH, Gone, Line
from hornbook.wire import Limits, Opaque

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def pair() -> Iterator[tuple[Line, Line]]:
    """Give our end and theirs."""
    ours, theirs = map(Line, socket.socketpair())
    yield ours, theirs
    ours.close()
    theirs.close()


def soon(seconds: float = 0.2) -> float:
    """Return a deadline."""
    return time.monotonic() + seconds


def test_a_message_arrives_as_it_was_sent(pair: tuple[Line, Line]) -> None:
    """What is sent on one end is received on the other, message by message, in order."""
    ours, theirs = pair
    theirs.send(("value", [1, 2.5, None]))
    theirs.send("next")

    assert [ours.receive(deadline=soon()), ours.receive(deadline=soon())] == [("value", [1, 2.5, None]), "next"]


def test_objects_travel_as_their_numbers(pair: tuple[Line, Line]) -> None:
    """What is not data crosses as the number that its side gives it, and is looked up by that number on the other."""
    ours, theirs = pair
    theirs.send([object()], register=lambda _thing: 7)

    assert ours.receive(deadline=soon(), resolve=lambda opaque: ("found", opaque.number)) == [("found", 7)]


def test_an_object_without_a_number_is_refused(pair: tuple[Line, Line]) -> None:
    """A value that is not data cannot be sent where nobody numbers objects."""
    with pytest.raises(WireError):
        pair[0].send(object())


def test_a_closed_line_says_so(pair: tuple[Line, Line]) -> None:
    """The end of the other side is an ending, not an error."""
    ours, theirs = pair
    theirs.close()

    with pytest.raises(Gone):
        ours.receive(deadline=soon())


def test_half_a_message_and_an_end(pair: tuple[Line, Line]) -> None:
    """A side that ends in the middle of a message has ended."""
    ours, theirs = pair
    theirs.socket.sendall(LENGTH.pack(100) + b"[1,")
    theirs.close()

    with pytest.raises(Gone):
        ours.receive(deadline=soon())


def test_silence_ends_at_the_deadline(pair: tuple[Line, Line]) -> None:
    """Whoever says nothing is waited for until the deadline and no longer."""
    started = time.monotonic()

    with pytest.raises(TimeoutError):
        pair[0].receive(deadline=soon(0.1))
    assert 0.09 < time.monotonic() - started < 1


@pytest.mark.parametrize("announced", [b"", LENGTH.pack(1 << 19)], ids=["length", "body"])
def test_a_drip_of_single_bytes_does_not_stretch_the_deadline(pair: tuple[Line, Line], announced: bytes) -> None:
    """A byte now and then, in the length or after it, keeps nobody waiting beyond the deadline."""
    ours, theirs = pair
    over = threading.Event()
    theirs.socket.sendall(announced)

    def drip() -> None:
        while not over.wait(0.15):
            theirs.socket.send(b"\0")

    dripping = threading.Thread(target=drip)
    dripping.start()
    started = time.monotonic()
    try:
        with pytest.raises(TimeoutError):
            ours.receive(deadline=soon(0.4))
    finally:
        over.set()
        dripping.join()

    assert time.monotonic() - started < 0.55


def test_a_huge_announced_length_is_refused_unread(pair: tuple[Line, Line]) -> None:
    """Four gigabytes that are only announced are neither waited for nor made room for."""
    ours, theirs = pair
    theirs.socket.sendall(b"\xff\xff\xff\xff")

    with pytest.raises(WireError, match="4,294,967,295 bytes"):
        ours.receive(deadline=soon())


def test_a_message_over_the_limits_of_this_side_is_refused(pair: tuple[Line, Line]) -> None:
    """How much is read is decided by the side that reads."""
    ours, theirs = pair
    theirs.send("x" * 1000)

    with pytest.raises(WireError, match="at most 100 are read"):
        ours.receive(deadline=soon(), limits=Limits(bytes=100))


@pytest.mark.parametrize("body", [b"", b"\0" * 20, b"null", b"[2,1]", b'[1,{"os.system":["id"]}]', b"\x80\x04.", b"[1," + b"[" * 5000])
def test_garbage_is_a_wire_error(pair: tuple[Line, Line], body: bytes) -> None:
    """Bytes that are no message are refused as such and as nothing else."""
    ours, theirs = pair
    theirs.socket.sendall(LENGTH.pack(len(body)) + body)

    with pytest.raises(WireError):
        ours.receive(deadline=soon())


def test_a_full_line_ends_at_the_deadline(pair: tuple[Line, Line]) -> None:
    """A side that never reads cannot keep the sending side beyond its deadline."""
    ours, _ = pair
    deadline = soon(0.3)
    started = time.monotonic()

    with pytest.raises(TimeoutError):
        ours.send("x" * 1_000_000, deadline=deadline)
    assert time.monotonic() - started < 1


def test_sending_to_nobody_is_a_broken_pipe(pair: tuple[Line, Line]) -> None:
    """A side that has gone shows when something is sent to it."""
    ours, theirs = pair
    theirs.close()

    with pytest.raises(BrokenPipeError):
        ours.send("anybody?", deadline=soon())


def test_descriptors_travel_inwards(pair: tuple[Line, Line], tmp_path: Path) -> None:
    """The sandboxed side receives the descriptors that come with a message."""
    ours, theirs = pair
    path = tmp_path / "file"
    path.write_text("through the wall")
    with path.open() as file:
        ours.send(("here",), file.fileno(), deadline=soon())
    message, (fd,) = theirs.receive_fds()
    with os.fdopen(fd) as received:
        text = received.read()

    assert (message, text) == (("here",), "through the wall")


def test_receive_fds_tells_the_end(pair: tuple[Line, Line]) -> None:
    """The sandboxed side sees the end too."""
    ours, theirs = pair
    ours.close()

    with pytest.raises(Gone):
        theirs.receive_fds()


def test_descriptors_from_the_learner_are_not_received(pair: tuple[Line, Line]) -> None:
    """A descriptor that the other side attaches to its answer is dropped by the kernel: our table of files stays as it was."""
    ours, theirs = pair
    before = len(list(Path("/proc/self/fd").iterdir()))
    with Path("/dev/null").open() as file:
        socket.send_fds(theirs.socket, [LENGTH.pack(5)], [file.fileno()] * 100)
    theirs.socket.sendall(b"[1,1]")
    answer = ours.receive(deadline=soon())

    assert (answer, len(list(Path("/proc/self/fd").iterdir()))) == (1, before)


def test_an_opaque_answer_without_a_resolver_stays_a_number(pair: tuple[Line, Line]) -> None:
    """Without a table of objects an object is its number and the name of its type."""
    ours, theirs = pair
    theirs.send(int, register=lambda _thing: 3)

    assert ours.receive(deadline=soon()) == Opaque(3, "int", "class")
