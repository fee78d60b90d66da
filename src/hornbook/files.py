"""Files that are written for somebody who may have one there already: whole, and never instead of what is theirs."""

from __future__ import annotations

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
