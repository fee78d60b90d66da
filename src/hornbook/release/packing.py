"""The forms of a release, and how it comes to its place: whole or not at all, the same bytes from the same course.

A folder, the same as a zip, a package that pip installs where Jupyter looks for courses, a repository that Binder opens.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import os
import re
import secrets
import shutil
import zipfile
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from hornbook.errors import HornbookError, printable
from hornbook.publish.artifact import zipped
from hornbook.released import MANIFEST, Form, Released

EPOCH: Final = 315532800
"""1980, the first moment that a zip can tell."""

PYTHON: Final = ">=3.11"
"""Which Python a package wants: hornbook's own."""

_REQUIREMENT = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)\s*(\[[^\]]*\])?\s*([^#@/\\]*?)\s*(#.*)?")


def form_of(path: Path) -> Form:
    """Return the form that the suffix of *path* asks for."""
    return {".zip": Form.ZIP, ".whl": Form.WHEEL}.get(path.suffix, Form.FOLDER)


def moment(released: int | None) -> datetime:
    """Return the time that members of an archive bear: *released*, or always the same."""
    return datetime.fromtimestamp(max(released or EPOCH, EPOCH), UTC)


# --- A package -------------------------------------------------------------------------------------------------------


class Package:
    """A course as a package that holds data only, and the project that it can be built from.

    `version` is the release's: by default one that its content decides.
    """

    def __init__(self, released: Released, files: Mapping[str, bytes], version: str | None, requirements: Iterable[str]) -> None:
        self.released = released
        self.files = files
        self.name = f"hornbook-course-{re.sub(r'[-_]+', '-', released.course).strip('-')}"
        digest = hashlib.sha256(json.dumps(released.files, sort_keys=True).encode()).hexdigest()
        self.version = version or f"1.0.0+g{digest[:12]}"
        self.place = f"share/jupyter/hornbook/courses/{released.course}"
        self.requirements = (f"hornbook>={released.hornbook}", *requirements)

    @property
    def filename(self) -> str:
        """The name that a wheel must have (https://packaging.python.org/en/latest/specifications/binary-distribution-format/)."""
        return f"{self._stem}-py3-none-any.whl"

    @property
    def _stem(self) -> str:
        return f"{self.name.replace('-', '_')}-{self.version}"

    def wheel(self) -> bytes:
        """Return the wheel: the course among the data, and what pip wants to know."""
        info = f"{self._stem}.dist-info"
        members = {f"{self._stem}.data/data/{self.place}/{name}": data for name, data in self.files.items()}
        members[f"{info}/METADATA"] = self._metadata().encode()
        members[f"{info}/WHEEL"] = b"Wheel-Version: 1.0\nGenerator: hornbook\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        rows = [f"{_csv(name)},sha256={_hash(data)},{len(data)}" for name, data in sorted(members.items())]
        members[f"{info}/RECORD"] = "\n".join([*rows, f"{info}/RECORD,,", ""]).encode()
        return zipped("", members, moment(self.released.released))

    def project(self) -> dict[str, bytes]:
        """Return the files from which any builder of packages makes the same wheel, and the wheel."""
        settings = [
            "# `python -m build` makes the wheel again. There is no code in it: Jupyter finds the course by its place.",
            "[build-system]",
            'requires = ["hatchling>=1.27"]',
            'build-backend = "hatchling.build"',
            "",
            "[project]",
            f"name = {quoted(self.name)}",
            f"version = {quoted(self.version)}",
            f"description = {quoted(self.released.title)}",
            'readme = "README.md"',
            f"requires-python = {quoted(PYTHON)}",
            f"dependencies = [{', '.join(map(quoted, self.requirements))}]",
            "",
            "[tool.hatch.build]",
            "ignore-vcs = true",
            "",
            "[tool.hatch.build.targets.wheel]",
            'include = ["/no-code"]  # the wheel holds data only',
            "",
            "[tool.hatch.build.targets.wheel.shared-data]",
            f"course = {quoted(self.place)}",
            "",
        ]
        course = {f"course/{name}": data for name, data in self.files.items()}
        return {
            **course,
            "pyproject.toml": "\n".join(settings).encode(),
            "README.md": self.files["README.md"],
            f"dist/{self.filename}": self.wheel(),
        }

    def _metadata(self) -> str:
        lines = [
            "Metadata-Version: 2.1",
            f"Name: {self.name}",
            f"Version: {self.version}",
            f"Summary: {' '.join(self.released.title.split())}",
            f"Requires-Python: {PYTHON}",
            *(f"Requires-Dist: {one}" for one in self.requirements),
            "Description-Content-Type: text/markdown",
            "",
            self.files["README.md"].decode(),
        ]
        return "\n".join(lines)


def _hash(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


def _csv(name: str) -> str:
    return '"' + name.replace('"', '""') + '"' if re.search('[,"\n]', name) else name


def quoted(text: str) -> str:
    """Return *text* as TOML writes it."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def requirements(text: str) -> list[str]:
    """Return what the requirements *text* of a course asks for by name, hornbook left out; options, links and files are not for others."""
    found = (_REQUIREMENT.fullmatch(line.strip()) for line in text.splitlines())
    return [f"{one[1]}{one[2] or ''}{one[3]}" for one in found if one and one[1].lower().replace("_", "-") != "hornbook"]


# --- Its place -------------------------------------------------------------------------------------------------------


def check_place(path: Path, course: str, *, replace: bool) -> None:
    """Raise `HornbookError` unless a release of *course* may be written to *path*: nothing is there, or a former one that may go."""
    if not os.path.lexists(path) or (path.is_dir() and not path.is_symlink() and not any(path.iterdir())):
        return
    where = printable(path)
    former = None if path.is_symlink() else former_release(path)
    if former is None:
        raise HornbookError(f"{where}: is there already, and is no release. Choose another place.")
    if former.course != course:
        raise HornbookError(f"{where}: is a release of another course, {printable(former.course)}. Choose another place.")
    if not replace:
        raise HornbookError(f"{where}: is a release already. `--replace` puts the new one in its place.")
    if path.is_dir():
        for one in sorted(path.rglob("*")):
            name = one.relative_to(path).as_posix()
            ours = name == MANIFEST or former.files.get(name) == _digest(one)
            if not (ours or (one.is_dir() and not one.is_symlink())):
                raise HornbookError(
                    f"{where}: holds {printable(name)}, which no release has put there so. Move it away, or choose another place."
                )


def former_release(path: Path) -> Released | None:
    """Return what the release at *path*, a folder or an archive, says of itself; None if it is none."""
    try:
        if path.is_dir():
            return Released.read(path / MANIFEST)
        with zipfile.ZipFile(path) as archive:
            name = next(name for name in archive.namelist() if name.rpartition("/")[2] == MANIFEST)
            return Released.from_json(archive.read(name))
    except (HornbookError, OSError, ValueError, StopIteration, zipfile.BadZipFile, RuntimeError, RecursionError):
        return None


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() and not path.is_symlink() else ""


def write(path: Path, content: bytes | Mapping[str, bytes], *, replace: bool) -> None:
    """Write *content*, a file or the files of a folder, to *path*: whoever looks sees all of it or nothing, whenever we are ended.

    What is there is replaced only with *replace*. Raises `HornbookError` where it cannot be written.
    """
    unfinished = path.with_name(f".unfinished-{os.getpid()}-{secrets.token_hex(4)}")
    former = path.with_name(f".{path.name}.former")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        clear(path.parent)
        _restore(former, path)
        if isinstance(content, bytes):
            _flushed(unfinished, content)
            if replace:
                unfinished.replace(path)
            else:
                # Unlike a renamed file, a link never takes another's place.
                os.link(unfinished, path)
        else:
            for name, data in content.items():
                (unfinished / name).parent.mkdir(parents=True, exist_ok=True)
                _flushed(unfinished / name, data)
            for folder in (unfinished, *(one for one in unfinished.rglob("*") if one.is_dir())):
                synchronise(folder)
            if replace and path.is_dir():
                path.rename(former)
            unfinished.rename(path)
        synchronise(path.parent)
    except OSError as error:
        raise HornbookError(f"{printable(path)}: cannot be written ({error.strerror}). Nothing was.") from error
    finally:
        with contextlib.suppress(OSError):
            _restore(former, path)
        with contextlib.suppress(OSError):
            unfinished.unlink()
        shutil.rmtree(unfinished, ignore_errors=True)


def _restore(former: Path, path: Path) -> None:
    """Put the *former* release back where nothing has taken its place at *path*; where something has, nobody needs it any more."""
    if former.is_dir() and not os.path.lexists(path):
        former.rename(path)
    shutil.rmtree(former, ignore_errors=True)


def clear(folder: Path) -> None:
    """Remove from *folder* what processes have left that ended in the middle of their work."""
    for rest in folder.glob(".unfinished-*"):
        pid = rest.name.split("-")[1].partition(".")[0]
        if pid.isdigit() and not Path("/proc", pid).exists() and Path("/proc/self").exists():
            if rest.is_dir() and not rest.is_symlink():
                shutil.rmtree(rest, ignore_errors=True)
            else:
                rest.unlink(missing_ok=True)


def synchronise(folder: Path) -> None:
    """Have the names in *folder* on the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _flushed(path: Path, data: bytes) -> None:
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
