"""The full path: JupyterLite, with the lessons as its files and our checks in its kernel, and nothing that comes from elsewhere.

    lab = lab_of(course, listed, released, stock, assets, language, engine)
    site |= lab.files
    site |= lab.service_worker(site)     which keeps on a device what the Lab needs of the whole site

JupyterLite and its kernel are taken as they come on PyPI. Ours are the settings by which they find everything on the site itself, the
files, a wheel of our own modules for the kernel, and a bar above each page, which leads back.
"""

from __future__ import annotations

import base64
import hashlib
import html
import io
import json
import re
import tarfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from hornbook import __version__
from hornbook.course import Course
from hornbook.errors import HornbookError, printable
from hornbook.grading.preparation import files_beside
from hornbook.offline.packages import Lock, Stock, Wheel, wheel_of
from hornbook.offline.pages import Assets, Listed, asset
from hornbook.publish.artifact import zipped
from hornbook.release import packing
from hornbook.words import say

FOLDER: Final = "lab/"
APPS: Final = ("lab", "notebooks", "tree", "edit")
"""The applications of JupyterLite that lead to each other; the others are left out."""

POLICY: Final = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "font-src 'self' data:; connect-src 'self'; worker-src 'self'; frame-src 'self' blob: data:; object-src 'none'; base-uri 'none'; "
    "form-action 'none'"
)
"""What a page of JupyterLite's may load: its own site. It compiles and styles as it goes, and shows what cells draw."""

SETTINGS: Final = {
    "@jupyterlab/docmanager-extension:plugin": {"autosaveInterval": 10},
    "@jupyterlab/notebook-extension:tracker": {"windowingMode": "none"},
}
"""What is set otherwise than JupyterLab does: a phone may end a page at any moment, so work is saved every ten seconds; and a lesson is
short enough to be there as a whole, also for whoever searches it."""

_EXTENSION: Final = "@jupyterlite/pyodide-kernel-extension"
_PLUGIN: Final = f"{_EXTENSION}:kernel"
_OF_EXTENSION: Final = re.compile(rf"[^/]+\.data/data/share/jupyter/labextensions/{re.escape(_EXTENSION)}/(.+)")
_BROUGHT: Final = re.compile(r"static/pypi/((?:ipykernel|piplite|pyodide_kernel)-.+\.whl)")
"""The wheels that the kernel brings along and needs. Others are for widgets, which are not there."""

_UNUSED: Final = re.compile(
    r".*\.(?:map|eot)|build/fa-.*\.(?:svg|ttf)|rspack\.config.*|manifest\.webmanifest|(?:.*/)?package\.json|(?:repl|consoles|build/repl|build/consoles)/.*"
)
"""What no browser asks for: applications that nothing leads to, the sources' maps, fonts in forms for browsers that could not run this."""

_ALWAYS: Final = "2020-01-01T00:00:00Z"
"""When each file was made, as far as Jupyter's file browser is told: the same course gives the same bytes."""


@dataclass(frozen=True, slots=True)
class Lab:
    """A JupyterLite of a *version* as files of a site: what comes from PyPI, and what is made here; *worker* is its service worker."""

    version: str
    theirs: Mapping[str, bytes]
    ours: Mapping[str, bytes]
    worker: bytes

    @property
    def files(self) -> dict[str, bytes]:
        """All files but the service worker, by their places in the site."""
        return {**self.theirs, **self.ours}

    def service_worker(self, site: Mapping[str, bytes]) -> dict[str, bytes]:
        """Return the service worker by its place: it keeps each file of the *site* that a Lab needs, and does what theirs does."""
        kept = {
            name: data for name, data in sorted(site.items()) if name.startswith((FOLDER, "runtime/", "packages/", "engine/", "course/"))
        }
        files = {name: hashlib.sha256(data).hexdigest() for name, data in kept.items()}
        version = hashlib.sha256(json.dumps(files).encode()).hexdigest()[:16]
        told = json.dumps({"version": version, "files": files, "sizes": {name: len(data) for name, data in kept.items()}})
        return {f"{FOLDER}service-worker.js": b"\n".join([f"const SITE = {told};".encode(), asset("lab-sw.js"), self.worker])}


def lab_of(
    course: Course,
    listed: Sequence[Listed],
    released: Mapping[str, bytes],
    stock: Stock,
    assets: Assets,
    language: str,
    engine: Mapping[str, bytes],
) -> Lab:
    """Return a JupyterLite for a site: its lessons, *listed*, the *released* files of the course, and the *engine*'s modules.

    Its sentences are in the language that is spoken now. Raises `HornbookError` where a package is not what it is known as.
    """
    theirs = _app(stock.apps["jupyterlite-core"])
    extension = _extension(stock.apps["jupyterlite-pyodide-kernel"])
    brought = tuple(_brought(extension, stock.apps["jupyterlite-pyodide-kernel"]))
    own = _own_wheel({**engine, "hornbook/offline/site.json": _json(_for_kernel(listed, assets, language))})
    kernel = (*stock.for_kernel(), *brought, own)
    worker, settings = theirs.pop("service-worker.js"), json.loads(theirs.pop("jupyter-lite.json"))
    ours = dict(_contents(course, listed, released))
    for app in APPS:
        ours[f"{app}/index.html"] = _with_bar(theirs.pop(f"{app}/index.html").decode(), course, listed, language)
    theirs |= {f"extensions/{_EXTENSION}/{name}": data for name, data in extension.items() if not _UNUSED.fullmatch(name)}
    theirs |= {f"pypi/{wheel.file}": wheel.data for wheel in kernel if wheel is not own}
    ours |= {
        f"pypi/{own.file}": own.data,
        "pyodide-lock.json": _lock(stock, kernel, assets),
        "jupyter-lite.json": _json(_settings(settings, course, extension, assets, kernel)),
        "api/translations/all.json": _json({"data": {}, "message": ""}),
        "build/schemas/all_federated.json": _json([]),
        "hornbook.js": asset("lab.js"),
        "hornbook.css": asset("lab.css"),
        "asking.js": asset("asking.js"),
        "worker.js": asset("worker.js"),
    }
    return Lab(str(settings["jupyter-config-data"]["appVersion"]), _below(theirs), _below(ours), worker)


def place_of(slug: str) -> str:
    """Return where a lesson's notebook opens in a page of its own, from the site's root: the way that fits a phone, too."""
    return f"{FOLDER}notebooks/index.html?path={slug}/{slug}.ipynb"


def _below(files: Mapping[str, bytes]) -> dict[str, bytes]:
    return {f"{FOLDER}{name}": data for name, data in files.items()}


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True).encode()


# --- What others have made -----------------------------------------------------------------------------------------------------


def _app(path: Path) -> dict[str, bytes]:
    """Return the files of JupyterLite that a browser may ask for, out of the package at *path*."""
    with zipfile.ZipFile(path) as package:
        packed = next((name for name in package.namelist() if re.fullmatch(r"jupyterlite_core/jupyterlite-app-.+\.tgz", name)), None)
        if packed is None:
            raise HornbookError(f"{printable(path)}: has no JupyterLite in it.")
        with tarfile.open(fileobj=io.BytesIO(package.read(packed))) as archive:
            named = {member.name.removeprefix("package/"): member for member in archive if member.isfile()}
            return {name: _read(archive, member) for name, member in named.items() if not _UNUSED.fullmatch(name)}


def _read(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    file = archive.extractfile(member)
    return b"" if file is None else file.read()


def _extension(path: Path) -> dict[str, bytes]:
    """Return the files of the kernel's JupyterLab extension, out of the package at *path*."""
    with zipfile.ZipFile(path) as package:
        found = {match[1]: package.read(name) for name in package.namelist() if (match := _OF_EXTENSION.fullmatch(name))}
    if "package.json" not in found:
        raise HornbookError(f"{printable(path)}: has no kernel for JupyterLite in it.")
    return found


def _brought(extension: Mapping[str, bytes], path: Path) -> Iterator[Wheel]:
    for name, data in sorted(extension.items()):
        if match := _BROUGHT.fullmatch(name):
            yield wheel_of(data, path.with_name(match[1]), Lock.read(lab=True))


# --- What is made of it --------------------------------------------------------------------------------------------------------


def _settings(
    settings: dict[str, Any], course: Course, extension: Mapping[str, bytes], assets: Assets, kernel: Iterable[Wheel]
) -> dict[str, Any]:
    """Return JupyterLite's own *settings*, with all that it loads on this site, and with nobody else to ask."""
    told = settings["jupyter-config-data"]
    build = json.loads(extension["package.json"])["jupyterlab"]["_build"]
    told |= {
        "appName": course.settings.title,
        # lab.js tells a kernel from it how its notebook stands.
        "exposeAppInBrowser": "true",
        "contentsAllJsonFile": "all.json",
        "federated_extensions": [{"name": _EXTENSION, **build}],
        "litePluginSettings": {
            _PLUGIN: {
                "pyodideUrl": f"./../{assets.runtime}pyodide.mjs",
                "disablePyPIFallback": True,
                "loadPyodideOptions": {"lockFileURL": "./pyodide-lock.json", "packages": [wheel.name for wheel in kernel]},
            }
        },
        "settingsOverrides": SETTINGS,
    }
    return settings


def _lock(stock: Stock, kernel: Sequence[Wheel], assets: Assets) -> bytes:
    """Return what Pyodide knows packages by: those of the kernel, and those that a lesson may import, each on this site."""
    told = json.loads(stock.runtime["pyodide-lock.json"])
    places = {wheel.name: (wheel, f"pypi/{wheel.file}") for wheel in kernel}
    for place in assets.wheels:
        wheel = next(one for one in stock.wheels.values() if place.endswith(f"/{one.file}"))
        places.setdefault(wheel.name, (wheel, f"../{place}"))
    told["packages"] = {
        name: {
            "name": name,
            "version": wheel.version,
            "file_name": place,
            "sha256": hashlib.sha256(wheel.data).hexdigest(),
            "imports": sorted(wheel.imports),
            "depends": [one for one in wheel.requires if one in places],
            "install_dir": "site",
            "package_type": "package",
            "unvendored_tests": False,
        }
        for name, (wheel, place) in sorted(places.items())
    }
    return _json(told)


def _for_kernel(listed: Iterable[Listed], assets: Assets, language: str) -> dict[str, Any]:
    """Return what `kernel.py` has to know: where things are, from the Lab's root, and what does not run here."""
    return {
        "asking": "asking.js",
        "worker": "worker.js",
        "runtime": f"../{assets.runtime}",
        "engine": f"../{assets.engine}",
        "course": f"../{assets.course}",
        "wheels": [f"../{wheel}" for wheel in assets.wheels],
        "language": language,
        "needs": {one.lesson.slug: list(one.needs) for one in listed if one.needs},
    }


def _own_wheel(members: Mapping[str, bytes]) -> Wheel:
    """Return our own modules as a wheel (https://packaging.python.org/en/latest/specifications/binary-distribution-format/)."""
    info = f"hornbook-{__version__}.dist-info"
    files = {
        **members,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: hornbook\nVersion: {__version__}\n".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: hornbook\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    digests = {name: base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode() for name, data in files.items()}
    rows = [f"{name},sha256={digests[name]},{len(data)}\n" for name, data in sorted(files.items())]
    files[f"{info}/RECORD"] = f"{''.join(rows)}{info}/RECORD,,\n".encode()
    data = zipped("", files, packing.moment(None))
    return Wheel(f"hornbook-{__version__}-py3-none-any.whl", data, "hornbook", __version__, frozenset({"hornbook"}), ())


# --- The lessons as files ------------------------------------------------------------------------------------------------------


def _contents(course: Course, listed: Iterable[Listed], released: Mapping[str, bytes]) -> Iterator[tuple[str, bytes]]:
    """Yield the files that a learner finds, a folder for each lesson, and the listings by which JupyterLite finds them."""
    folders: dict[str, dict[str, bytes]] = {}
    for one in listed:
        slug, folder = one.lesson.slug, one.lesson.path.parent
        files = {f"{slug}.ipynb": json.dumps(_notebook(one), ensure_ascii=False, indent=1).encode()}
        for path in files_beside(folder) if not one.needs else ():
            files[path.relative_to(folder).as_posix()] = released[path.relative_to(course.root).as_posix()]
        folders[slug] = files
    yield "api/contents/all.json", _json(_model("", "directory", [_model(slug, "directory") for slug in sorted(folders)]))
    for slug, files in folders.items():
        for name, data in files.items():
            yield f"files/{slug}/{name}", data
        inside = {f"{slug}/{parent}" if str(parent) != "." else slug for name in files for parent in Path(name).parents}
        for place in inside:
            below = {
                f"{slug}/{name}".removeprefix(f"{place}/"): data for name, data in files.items() if f"{slug}/{name}".startswith(f"{place}/")
            }
            entries = [
                _model(f"{place}/{name}", "notebook" if name.endswith(".ipynb") else "file", size=len(data))
                for name, data in below.items()
                if "/" not in name
            ]
            entries += [_model(f"{place}/{name}", "directory") for name in {name.split("/")[0] for name in below if "/" in name}]
            yield f"api/contents/{place}/all.json", _json(_model(place, "directory", sorted(entries, key=lambda entry: str(entry["path"]))))


def _model(path: str, kind: str, content: list[dict[str, Any]] | None = None, size: int | None = None) -> dict[str, Any]:
    """Return a file or folder as Jupyter's contents API tells of it."""
    return {
        "name": path.rsplit("/", 1)[-1],
        "path": path,
        "type": kind,
        "content": content,
        "format": "json" if content is not None else None,
        "mimetype": None,
        "created": _ALWAYS,
        "last_modified": _ALWAYS,
        "size": size,
        "writable": True,
    }


def _notebook(one: Listed) -> dict[str, Any]:
    """Return the lesson as learners get it; where it does not run here, its first cell says so."""
    notebook = one.lesson.to_notebook()
    if one.needs:
        said = f"**{say('offline.lab-needs', names=', '.join(one.needs))}**"
        notebook["cells"].insert(0, {"cell_type": "markdown", "id": "hornbook-needs", "metadata": {}, "source": said})
    return notebook


def _with_bar(page: str, course: Course, listed: Iterable[Listed], language: str) -> bytes:
    """Return a *page* of JupyterLite's that begins with a bar, and lets our script go first."""
    words = {
        "kept": say("offline.lab-kept"),
        "unkept": say("offline.lab-unkept"),
        "getting": say("offline.lab-getting", percent="{percent}"),
    }
    pages = [one.lesson.slug for one in listed if not one.needs]
    bar = (
        f'<nav id="hornbook-bar" lang="{html.escape(language)}" aria-label="{html.escape(course.settings.title)}" '
        f'data-pages="{html.escape(json.dumps(pages))}" data-words="{html.escape(json.dumps(words))}">'
        f'<a href="../../index.html">{html.escape(say("offline.all-lessons"))}</a>'
        f'<a id="hornbook-page" hidden>{html.escape(say("offline.lab-page"))}</a>'
        f'<span id="hornbook-standing" role="status"></span></nav>'
    )
    head = f'<meta http-equiv="Content-Security-Policy" content="{html.escape(POLICY)}"><link rel="stylesheet" href="../hornbook.css">'
    for pattern, made in (
        ('<meta charset="utf-8">', lambda found: found + head),
        ("<title>[^<]*</title>", lambda _: f"<title>{html.escape(course.settings.title)}</title>"),
        ("<body[^>]*>", lambda found: found + bar),
        # A phone that makes an icon of it makes one of the lessons.
        (r'href="../manifest\.webmanifest"', lambda _: 'href="../../manifest.webmanifest"'),
        (r"await import\(", lambda found: f"await import('../hornbook.js'); {found}"),
    ):
        places = re.findall(pattern, page)
        if len(places) != 1:
            raise HornbookError(f"A page of JupyterLite's is not as this hornbook knows it: {pattern} is in it {len(places)} times.")
        page = page.replace(places[0], made(places[0]))
    return page.encode()
