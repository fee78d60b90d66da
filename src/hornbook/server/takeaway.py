"""A learner's work as one file, to take along from a place that keeps nothing."""

from __future__ import annotations

import os
import stat
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

from hornbook.errors import HornbookError

FLEETING = ("HORNBOOK_FLEETING", "BINDER_LAUNCH_HOST")
"""Variables of the environment, any of which says that nothing that is made here stays: ours, and that which BinderHub sets."""
MOST_BYTES = 256 << 20
_AT_ONCE = 1 << 20


def fleeting() -> bool:
    """Return whether what is made here is gone when the place is closed."""
    return any(os.environ.get(name) for name in FLEETING)


def pack(root: Path, folders: Sequence[str], into: IO[bytes]) -> None:
    """Write a zip of what is in the *folders* of *root* to *into*; links, hidden files and what cannot be read are left out.

    Raises HornbookError where it is too much, and OSError where there is no room for it.
    """
    left = MOST_BYTES
    with zipfile.ZipFile(into, "w", zipfile.ZIP_DEFLATED) as packed:
        for path in _files([root / folder for folder in folders]):
            try:
                file = os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb")
            except OSError:
                # It is gone since it was listed, or nobody may read it; the rest is wanted all the same.
                continue
            with file:
                if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                    continue
                with packed.open(path.relative_to(root).as_posix(), "w", force_zip64=True) as member:
                    while part := file.read(_AT_ONCE):
                        left -= len(part)
                        if left < 0:
                            raise HornbookError(
                                f"Your work is more than {MOST_BYTES >> 20} MiB. Download it in parts, from the file browser."
                            )
                        member.write(part)


def _files(folders: Sequence[Path]) -> Iterator[Path]:
    """Give the plain files in *folders*, in order; neither a link is followed nor what is hidden looked into."""
    for folder in folders:
        if folder.is_symlink():
            continue
        for within, below, names in os.walk(folder):
            below[:] = sorted(name for name in below if not name.startswith("."))
            for name in sorted(names):
                path = Path(within) / name
                if not name.startswith(".") and not path.is_symlink() and path.is_file():
                    yield path
