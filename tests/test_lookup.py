"""`hornbook.publish.lookup`: what may be asked, what comes back, and whose key a did:web says that it is."""

from __future__ import annotations

import contextlib
import http.server
import json
import threading
from typing import TYPE_CHECKING, Any

import pytest

from hornbook.errors import HornbookError
from hornbook.publish import lookup
from hornbook.publish.keys import Key
from hornbook.publish.lookup import did_address, did_of, fetch, lists_key

if TYPE_CHECKING:
    from conftest import Web


@pytest.mark.parametrize(
    ("address", "did", "document"),
    [
        ("https://example.org", "did:web:example.org", "https://example.org/.well-known/did.json"),
        ("https://example.org/", "did:web:example.org", "https://example.org/.well-known/did.json"),
        ("https://example.org/courses/101", "did:web:example.org:courses:101", "https://example.org/courses/101/did.json"),
        ("https://example.org:8443/a", "did:web:example.org%3A8443:a", "https://example.org:8443/a/did.json"),
        ("http://localhost:8000/a", "did:web:localhost%3A8000:a", "http://localhost:8000/a/did.json"),
        ("http://127.0.0.1:8000", "did:web:127.0.0.1%3A8000", "http://127.0.0.1:8000/.well-known/did.json"),
    ],
)
def test_an_address_has_its_identifier(address: str, did: str, document: str) -> None:
    """As the did:web Method Specification maps one to the other (section 3.2)."""
    assert did_of(address) == did
    assert did_address(did) == document


@pytest.mark.parametrize("did", ["did:key:z6Mk", "did:web:", "did:web:example.org:..", "did:web:example.org::a", "did:web:a:b/c", "web"])
def test_what_is_no_did_web_is_refused(did: str) -> None:
    """No identifier leads out of its folder."""
    with pytest.raises(HornbookError, match=r"is no did:web"):
        did_address(did)


@pytest.mark.parametrize(
    "url", ["http://example.org/x", "file:///etc/passwd", "ftp://example.org", "https://", "data:,x", "http://10.0.0.1/", "http://[::1"]
)
def test_only_https_and_this_machine_are_asked(url: str) -> None:
    """Nothing is read from a disk, and nothing goes over a network that others can read."""
    with pytest.raises(HornbookError, match=r"only https|no address"):
        fetch(url)


def test_what_is_there_comes_back(web: Web) -> None:
    """A file is its bytes; one that is not there is told with the server's own words."""
    (web.folder / "x").write_bytes(b"content")

    assert fetch(f"{web.address}/x") == b"content"
    with pytest.raises(HornbookError, match="404"):
        fetch(f"{web.address}/y")


def test_a_server_that_is_not_there_is_told() -> None:
    """With the address, and without a stack of Python."""
    with pytest.raises(HornbookError, match=r"^http://127.0.0.1:1/x: cannot be reached"):
        fetch("http://127.0.0.1:1/x")


def test_what_is_too_big_is_not_kept(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server cannot fill our memory."""
    monkeypatch.setattr(lookup, "MAX_BYTES", 10)
    (web.folder / "x").write_bytes(b"content" * 100)

    with pytest.raises(HornbookError, match="too big"):
        fetch(f"{web.address}/x")


def test_a_server_that_never_ends_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also one that sends a byte again and again."""
    monkeypatch.setattr(lookup, "SECONDS", 0.5)
    left = threading.Event()

    class Dripping(http.server.BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's interface
            """Say nothing."""

        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            with contextlib.suppress(OSError):
                while not left.wait(0.05):
                    self.wfile.write(b"x")
                    self.wfile.flush()

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Dripping) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with pytest.raises(HornbookError, match="it took too long"):
            fetch(f"http://127.0.0.1:{server.server_port}/")
        left.set()
        server.shutdown()


@pytest.mark.parametrize("where", ["http://example.org/", "file:///etc/passwd"])
def test_a_server_cannot_send_us_elsewhere(where: str) -> None:
    """Where it leads out of https, nobody follows."""

    class Elsewhere(http.server.BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's interface
            """Say nothing."""

        def do_GET(self) -> None:
            self.send_response(302)
            self.send_header("Location", where)
            self.end_headers()

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with pytest.raises(HornbookError):
            fetch(f"http://127.0.0.1:{server.server_port}/")
        server.shutdown()


KEY = Key(bytes(32))
DID = "did:web:example.org"
METHOD = f"{DID}#{KEY.multikey}"
ENTRY = {"id": METHOD, "type": "Multikey", "controller": DID, "publicKeyMultibase": KEY.multikey}
DOCUMENT = {"id": DID, "verificationMethod": [ENTRY], "assertionMethod": [METHOD]}


@pytest.mark.parametrize(
    ("document", "lists"),
    [
        (DOCUMENT, True),
        (DOCUMENT | {"assertionMethod": [ENTRY]}, True),
        (DOCUMENT | {"id": "did:web:example.com"}, False),
        (DOCUMENT | {"assertionMethod": []}, False),
        (DOCUMENT | {"verificationMethod": []}, False),
        (DOCUMENT | {"verificationMethod": [ENTRY | {"controller": "did:web:example.com"}]}, False),
        (DOCUMENT | {"verificationMethod": [ENTRY | {"publicKeyMultibase": Key(bytes([1] * 32)).multikey}]}, False),
        ({}, False),
        ([], False),
        (None, False),
    ],
)
def test_a_key_is_theirs_if_they_list_it_for_statements(document: object, lists: bool) -> None:
    """Under its own name, as their own, with the very key that the proof was checked with."""
    assert lists_key(DID, METHOD, json.dumps(document).encode()) is lists


def test_what_is_no_document_lists_nothing() -> None:
    """Such as the page of a server that has none."""
    assert not lists_key(DID, METHOD, b"<!doctype html>")
