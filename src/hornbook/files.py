"""Files that are written for somebody who may have one there already: whole, and never instead of what is theirs."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from hornbook.errors import HornbookError, printable


def write_beside(path: Path, text: str, otherwise: str) -> Path:
    """Write *text* to *path*, with the folders above it, and return the path; a file that says just so is left as it is.

    Raises `HornbookError` for one that says something else, with what to do *otherwise*, and where nothing can be written.
    """
    data = text.encode()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as file:
            file.write(data)
    except FileExistsError as error:
        if not path.parent.is_dir():
            raise HornbookError(f"{printable(path)}: cannot be written (its folder is a file).") from error
        if not (path.is_file() and path.read_bytes() == data):
            raise HornbookError(f"{printable(path)}: is there already, and says something else. {otherwise}") from error
    except OSError as error:
        raise HornbookError(f"{printable(path)}: cannot be written ({error.strerror}).") from error
    return path


def write_secret(path: Path, text: str) -> None:
    """Write *text* to *path*, for nobody but its owner to read; where there is a file already, that one stays.

    It is there whole or not at all, and never in the place of another, whoever writes at the same time. Raises OSError.
    """
    unfinished = path.with_name(f".{path.stem}-{secrets.token_hex(8)}")
    handle = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        path.hardlink_to(unfinished)
    except FileExistsError:
        return
    finally:
        unfinished.unlink(missing_ok=True)
