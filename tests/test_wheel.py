"""What is given away: a wheel that brings its JupyterLab side along, built from a clean checkout on a machine without node."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SECONDS = 300.0
"""How long a build may take: it fetches node and a few hundred packages by name."""
LAB = "share/jupyter/labextensions/hornbook"


def run(*command: str | Path, cwd: Path, environment: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run *command* in *cwd*, and return what it said."""
    everything = {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1", **(environment or {})}
    return subprocess.run(  # noqa: S603 - our own commands
        [str(part) for part in command], cwd=cwd, env=everything, check=False, capture_output=True, text=True, timeout=SECONDS
    )


def built(*command: str | Path, cwd: Path, into: Path, environment: Mapping[str, str]) -> Path:
    """Run *command*, which builds one file *into* a folder, and return that file."""
    done = run(*command, cwd=cwd, environment=environment)

    assert done.returncode == 0, done.stdout + done.stderr
    (made,) = into.iterdir()
    return made


@pytest.fixture(scope="module")
def without_node(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Give the environment of a machine that has neither node nor npm."""
    folder = tmp_path_factory.mktemp("bin")
    for place in os.environ["PATH"].split(os.pathsep):
        # This environment's own programs are among what a stranger's machine does not have.
        if not Path(place).is_dir() or Path(place).resolve() == Path(sys.executable).parent.resolve():
            continue
        for program in Path(place).iterdir():
            link = folder / program.name
            if not re.fullmatch(r"(node|npm|npx|yarn|jlpm|corepack)(js)?", program.name) and not link.is_symlink():
                link.symlink_to(program)

    assert shutil.which("node", path=str(folder)) is None
    assert shutil.which("npm", path=str(folder)) is None
    return {"PATH": str(folder)}


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder with the files that git knows, or would be told of, and nothing that was built."""
    folder = tmp_path_factory.mktemp("checkout")
    listed = run("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", cwd=ROOT).stdout.split("\0")
    for name in listed:
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)

    assert not (folder / "src" / "hornbook" / "labextension").exists()
    return folder


@pytest.fixture(scope="module")
def sdist(checkout: Path, without_node: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the sdist, built in an environment of its own, into which node comes from PyPI."""
    into = tmp_path_factory.mktemp("sdist")
    return built(sys.executable, "-m", "build", "--sdist", "--outdir", into, cwd=checkout, into=into, environment=without_node)


@pytest.fixture(scope="module")
def wheel(sdist: Path, without_node: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the wheel that the sdist makes with nothing but Python at hand: whatever would have to be built fails."""
    into, folder = tmp_path_factory.mktemp("wheel"), tmp_path_factory.mktemp("unpacked")
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    (source,) = folder.iterdir()
    command = (sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", into)
    return built(*command, cwd=source, into=into, environment=without_node)


@pytest.fixture(scope="module")
def unpacked(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the folder into which the wheel is unpacked as pip would."""
    folder = tmp_path_factory.mktemp("installed")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)  # noqa: S202 - of our own making
    (data,) = folder.glob("*.data")
    shutil.move(data / "data", folder / "prefix")
    return folder


def test_the_wheel_brings_what_jupyterlab_loads(unpacked: Path) -> None:
    """In the wheel are the built extension, who made it, its settings, and the word to the server that we are there."""
    lab = unpacked / "prefix" / LAB
    package = json.loads((lab / "package.json").read_text("utf-8"))

    assert (lab / package["jupyterlab"]["_build"]["load"]).is_file()
    assert len(list((lab / "static").glob("remoteEntry.*.js"))) == 1
    assert json.loads((lab / "install.json").read_text("utf-8"))["packageName"] == "hornbook"
    assert "instructor" in json.loads((lab / "schemas" / "hornbook" / "plugin.json").read_text("utf-8"))["properties"]
    config = json.loads((unpacked / "prefix" / "etc/jupyter/jupyter_server_config.d/hornbook.json").read_text("utf-8"))
    assert config == {"ServerApp": {"jpserver_extensions": {"hornbook": True}}}


def test_the_wheel_brings_its_languages(unpacked: Path) -> None:
    """In the wheel are the compiled sentences of the Python side, and the words of the JupyterLab side."""
    locale = unpacked / "hornbook" / "locale"

    assert {path.stem for path in locale.glob("*.mo")} == {path.stem for path in locale.glob("*.po")}
    for source in (ROOT / "src/hornbook/locale").glob("*/LC_MESSAGES/hornbook.json"):
        assert (locale / source.relative_to(ROOT / "src/hornbook/locale")).read_bytes() == source.read_bytes()
    assert 'jupyterlab.locale"]\nhornbook = "hornbook"' in (ROOT / "pyproject.toml").read_text("utf-8")


def test_the_wheel_brings_the_tokenizer_with_its_licence(unpacked: Path) -> None:
    """What is given away under another licence than ours has it beside it."""
    folder = Path("hornbook", "catalog", "minilm")
    brought = {path.name: path.read_bytes() for path in (unpacked / folder).iterdir()}

    assert brought == {path.name: path.read_bytes() for path in (ROOT / "src" / folder).iterdir()}
    assert {"tokenizer.json", "LICENSE", "NOTICE"} <= brought.keys()


def test_the_wheel_tells_nothing_of_the_machine(unpacked: Path, checkout: Path) -> None:
    """No file in the wheel names the folder in which it was built, a home, or a place that this machine fetches from."""
    places = [os.fsencode(place) for place in (checkout, ROOT, Path.home()) if len(place.parts) > 1]
    told = [(path.name, place) for path in unpacked.rglob("*") if path.is_file() for place in places if place in path.read_bytes()]

    assert told == []


def test_nothing_is_built_twice_in_the_wheel(unpacked: Path) -> None:
    """What JupyterLab loads is in the wheel once, where Jupyter looks for it, and no source or package of node's is."""
    names = [path.relative_to(unpacked).as_posix() for path in unpacked.rglob("*")]

    assert not [name for name in names if "node_modules" in name or name.endswith((".ts", ".tsx")) or "hornbook/labextension/" in name]


def test_jupyter_says_that_both_extensions_are_well(unpacked: Path, tmp_path: Path) -> None:
    """Jupyter finds the Lab's extension and the server's where the wheel puts them, enabled and OK."""
    prefix = unpacked / "prefix"
    environment = {
        "PYTHONPATH": str(unpacked),
        "JUPYTER_PATH": str(prefix / "share" / "jupyter"),
        "JUPYTER_CONFIG_PATH": str(prefix / "etc" / "jupyter"),
        "JUPYTER_CONFIG_DIR": str(tmp_path),
        "NO_COLOR": "1",
    }
    lab = run(sys.executable, "-m", "jupyter", "labextension", "list", cwd=tmp_path, environment=environment)
    server = run(sys.executable, "-m", "jupyter", "server", "extension", "list", cwd=tmp_path, environment=environment)
    plain = [re.sub(r"\x1b\[[0-9;]*m", "", done.stdout + done.stderr) for done in (lab, server)]

    below = plain[0].partition(str(prefix / "share" / "jupyter" / "labextensions"))[2]
    assert re.search(r"hornbook v\S+ enabled OK \(python, hornbook\)", below), plain[0]
    assert re.search(r"^\s+hornbook \S+ OK$", plain[1], re.MULTILINE), plain[1]


def test_a_wheel_without_its_lab_is_refused(checkout: Path, tmp_path: Path, without_node: dict[str, str]) -> None:
    """Where the build of the JupyterLab side is skipped and nothing was built before, there is no wheel to give away."""
    folder = tmp_path / "checkout"
    shutil.copytree(checkout, folder, ignore=shutil.ignore_patterns("node_modules", "labextension", "lib", "dist"))
    environment = {**without_node, "SKIP_JUPYTER_BUILDER": "1"}
    command = (sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", tmp_path / "dist")
    done = run(*command, cwd=folder, environment=environment)

    assert done.returncode != 0
    assert "This wheel would have no JupyterLab side" in done.stdout + done.stderr
    assert not list((tmp_path / "dist").glob("*.whl"))


def test_python_alone_can_be_worked_on_without_it(checkout: Path, tmp_path: Path, without_node: dict[str, str]) -> None:
    """Where the build is skipped, an editable installation still works, so that work on the Python side needs no node."""
    folder = tmp_path / "checkout"
    shutil.copytree(checkout, folder, ignore=shutil.ignore_patterns("node_modules", "labextension", "lib", "dist"))
    environment = {**without_node, "SKIP_JUPYTER_BUILDER": "1"}
    command = (sys.executable, "-m", "pip", "install", "--no-deps", "--no-build-isolation", "--target", tmp_path / "into", "-e", ".")
    done = run(*command, cwd=folder, environment=environment)

    assert done.returncode == 0, done.stdout + done.stderr


def test_who_has_linked_the_lab_can_install_again(checkout: Path, tmp_path: Path, without_node: dict[str, str]) -> None:
    """What a link to the built Lab leaves behind does not stand in the way of the next installation, as after a change of a dependency."""
    folder = tmp_path / "checkout"
    shutil.copytree(checkout, folder, ignore=shutil.ignore_patterns("node_modules", "labextension", "lib", "dist"))
    for name in ("package.json", "install.json", "static/style.js"):
        (path := folder / "src/hornbook/labextension" / name).parent.mkdir(parents=True, exist_ok=True)
        path.write_text("{}", "utf-8")
    environment = {**without_node, "SKIP_JUPYTER_BUILDER": "1"}
    command = (sys.executable, "-m", "pip", "install", "--no-deps", "--no-build-isolation", "--target", tmp_path / "into", "-e", ".")
    done = run(*command, cwd=folder, environment=environment)

    assert done.returncode == 0, done.stdout + done.stderr


def test_the_lock_names_no_place_to_fetch_from() -> None:
    """The lock of node's packages has a digest for each, and no address: whoever builds uses the registry of their own."""
    text = (ROOT / "jlab_extension" / "package-lock.json").read_text("utf-8")
    packages = json.loads(text)["packages"]

    assert '"resolved"' not in text
    assert set(re.findall(r'"(\w+)": "(?:git\+)?https?://', text)) <= {"url"}, "an address is where to fund a package, nothing else"
    assert [name for name, about in packages.items() if name and "integrity" not in about] == []
