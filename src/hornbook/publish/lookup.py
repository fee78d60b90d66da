"""Asks the web, where somebody wants that: a status list, the keys of a did:web, an artifact behind a link.

Nothing here is called unless a caller hands `fetch` on. What comes back is bytes that nobody has looked at yet.
"""

from __future__ import annotations

import ipaddress
import json
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping
from typing import IO, Any, Final

from hornbook.errors import HornbookError, printable

Fetch = Callable[[str], bytes]
"""Returns what is at an address, or raises `HornbookError` with the reason why not."""

MAX_BYTES: Final = 64 << 20
SECONDS: Final = 10.0


def fetch(url: str) -> bytes:
    """Return what is at *url*, at most 64 MiB that come within ten seconds: over https, or from this machine itself over http."""
    _check(url)
    request = urllib.request.Request(url, headers={"User-Agent": "hornbook", "Accept": "*/*"})  # noqa: S310 - _check has seen it
    deadline = time.monotonic() + SECONDS
    data = bytearray()
    try:
        with urllib.request.build_opener(_Onward).open(request, timeout=SECONDS) as answer:
            while (part := answer.read1(1 << 16)) and len(data) <= MAX_BYTES:
                data += part
                # The timeout is for each wait; a server that sends a byte now and then would be waited for for ever.
                if time.monotonic() > deadline:
                    raise TimeoutError("it took too long")
    except urllib.error.HTTPError as error:
        raise HornbookError(f"{printable(url[:200])}: the server says {error.code} {printable(str(error.reason)[:60])}.") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise HornbookError(f"{printable(url[:200])}: cannot be reached ({printable(str(reason)[:100])}).") from error
    if len(data) > MAX_BYTES:
        raise HornbookError(f"{printable(url[:200])}: is too big to be looked at.")
    return bytes(data)


class _Onward(urllib.request.HTTPRedirectHandler):
    """Goes where a server sends us, but never out of https."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        """Return the request for *newurl*; raise `HornbookError` where that is no address for us."""
        _check(newurl)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _check(url: str) -> None:
    try:
        parts = urllib.parse.urlsplit(url)
        host = parts.hostname or ""
    except ValueError as error:
        raise HornbookError(f"{printable(url[:200])}: is no address.") from error
    if not host or not (parts.scheme == "https" or (parts.scheme == "http" and _is_here(host))):
        raise HornbookError(f"{printable(url[:200])}: only https:// is asked, or a server on this machine.")


def _is_here(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


# --- did:web ---------------------------------------------------------------------------------------------------------


def did_of(address: str) -> str:
    """Return the did:web that belongs to the web address *address* of a folder."""
    parts = urllib.parse.urlsplit(address)
    host = urllib.parse.quote(parts.netloc, safe="")
    return ":".join(["did", "web", host, *(part for part in parts.path.split("/") if part)])


def did_address(did: str) -> str:
    """Return the address of the document of *did*, a did:web (did:web Method Specification, 3.2); raise `HornbookError` if it is none."""
    method, _, rest = did.partition("did:web:")
    host, *path = rest.split(":")
    host = urllib.parse.unquote(host)
    if method or not host or any(part in {"", ".", ".."} or "/" in part for part in path):
        raise HornbookError(f"{printable(did[:200])}: is no did:web.")
    scheme = "http" if _is_here(urllib.parse.urlsplit(f"//{host}").hostname or "") else "https"
    return f"{scheme}://{host}/{'/'.join(path)}/did.json" if path else f"{scheme}://{host}/.well-known/did.json"


def lists_key(did: str, method: str, data: bytes) -> bool:
    """Whether the document in *data* says that *method* is a key with which *did* makes statements."""
    try:
        document = json.loads(data)
        keys = {entry["id"]: entry for entry in document["verificationMethod"]}
        stating = {entry if isinstance(entry, str) else entry["id"] for entry in document["assertionMethod"]}
        known: Mapping[str, Any] = keys[method]
        return (
            document["id"] == did
            and method in stating
            and known["controller"] == did
            # The fragment is the key, with which the proofs were checked.
            and known["publicKeyMultibase"] == method.partition("#")[2]
        )
    except (ValueError, KeyError, TypeError, RecursionError):
        return False
