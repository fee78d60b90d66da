"""`binder/`: Binder opens this course, builds what is heavy once, and does it all as an ordinary user who has nothing installed."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import socket
import stat
import subprocess
import sys
import sysconfig
import tempfile
import threading
import time
import tomllib
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent
BINDER = ROOT / "binder"
SECONDS = 300.0
NOBODY = 65534
TWO_GIB = 2 << 30


def pins(text: str) -> dict[str, set[str]]:
    """Return the versions of each package in a file of requirements; one for each kind of machine where they differ."""
    found: dict[str, set[str]] = {}
    for name, version in re.findall(r"^([a-z0-9][a-z0-9._-]*)(?:\[[^\]]*\])?==([^\s;\\]+)", text, re.MULTILINE):
        found.setdefault(name, set()).add(version)
    return found


@pytest.fixture(scope="module")
def dockerfile(checkout: Path) -> str:
    """Give what repo2docker would build."""
    done = subprocess.run(  # noqa: S603 - the generator that Binder uses
        [sys.executable, "-m", "repo2docker", "--no-build", "--debug", str(checkout)],
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )

    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def checkout() -> Iterator[Path]:
    """Give a clone as Binder has it: what git knows, and the JupyterLab side, which `tests/test_wheel.py` builds anew.

    It does not lie among the other tests' folders, which nobody but their owner may enter.
    """
    base = Path(tempfile.mkdtemp(prefix="hb-binder-"))
    base.chmod(0o755)
    folder = base / "course"
    folder.mkdir()
    git = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(git, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")  # noqa: S603 - ours
    built = ROOT / "src/hornbook/labextension"
    for path in [ROOT / name for name in listed if name] + [path for path in built.rglob("*") if path.is_file()]:
        if path.is_file():
            there = folder / path.relative_to(ROOT)
            there.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, there)
    yield folder
    shutil.rmtree(base, ignore_errors=True)


def test_what_is_heavy_is_built_before_the_course_is_copied(dockerfile: str) -> None:
    """The requirements are a layer of their own, so that a lesson that has changed does not fetch anything again."""
    install, copied, built = (
        dockerfile.index(words)
        for words in ("pip install --no-cache-dir -r", "COPY --chown=0:0 src/ ${REPO_DIR}/", "RUN ./binder/postBuild")
    )

    assert install < copied < built


def test_the_python_is_one_that_hornbook_runs_on(dockerfile: str) -> None:
    """Without being told, Binder takes an older one."""
    oldest = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["requires-python"]
    chosen = re.search(r"environment-2epy-2d3-2e(\d+)", dockerfile)

    assert oldest == ">=3.11"
    assert chosen is not None
    assert int(chosen[1]) >= 11


def test_what_runs_before_the_server_is_there(dockerfile: str) -> None:
    """Both scripts can be run, and the start script runs what it is given."""
    assert "binder/start" in dockerfile
    for name in ("postBuild", "start"):
        assert stat.S_IMODE((BINDER / name).stat().st_mode) & 0o111 == 0o111


def test_requirements_are_in_step() -> None:
    """Each version is that of constraints.txt, and everything that pyproject.toml asks for is there; `make lock` writes it."""
    text = (BINDER / "requirements.txt").read_text("utf-8")
    ours, known = pins(text), pins((ROOT / "constraints.txt").read_text("utf-8"))
    asked = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["dependencies"]
    names = {re.match(r"[\w.-]+", one)[0].lower().replace("_", "-") for one in asked}  # type: ignore[index] # each begins so

    assert names <= set(ours)
    assert {name: versions - known.get(name, set()) for name, versions in ours.items() if not versions <= known.get(name, set())} == {}
    # A line that leads to a file of the repository would have Binder build the layer anew with each commit.
    assert not re.search(r"^\s*(-|\.|file:)", text, re.MULTILINE)


@pytest.fixture(scope="module")
def place(checkout: Path) -> dict[str, str]:
    """Give the environment of an ordinary user for whom what requirements.txt brings is there already."""
    environment, home = checkout.parent / "env", checkout.parent / "home"
    python, brought = anybodys_python(), Path(sysconfig.get_path("purelib"))
    if not all(folder.stat().st_mode & 0o001 for folder in brought.parents):
        pytest.skip(f"nobody but its owner may enter a folder above {brought}")
    subprocess.run([python, "-m", "venv", "--without-pip", str(environment)], check=True, timeout=SECONDS)  # noqa: S603 - ours
    packages = environment / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"
    # The editable install of hornbook itself is not found by this: only what lies in that folder is.
    (packages / "requirements.pth").write_text(f"{brought}\n", "utf-8")
    home.mkdir()
    for folder in (checkout, environment, home):
        for path in [folder, *folder.rglob("*")]:
            if os.geteuid() == 0 and not path.is_symlink():
                os.chown(path, NOBODY, NOBODY)
    index = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
    return {"PATH": f"{environment / 'bin'}:/usr/local/bin:/usr/bin:/bin", "HOME": str(home), "LANG": "C.UTF-8", **index}


def anybodys_python() -> str:
    """Return a Python of our version that anybody may run: root's own often lies in root's home."""
    for folder in ("/usr/bin", "/usr/local/bin", sys.base_prefix + "/bin"):
        python = f"{folder}/python{sys.version_info.major}.{sys.version_info.minor}"
        if Path(python).exists() and all(above.stat().st_mode & 0o001 for above in Path(python).resolve().parents):
            return python
    pytest.skip(f"needs a Python {sys.version_info.major}.{sys.version_info.minor} that anybody may run")


def as_user(command: list[str], checkout: Path, environment: dict[str, str]) -> subprocess.Popen[str]:
    """Start *command* in the clone as somebody who is not root."""
    if os.geteuid() == 0:
        command = [
            "setpriv",
            f"--reuid={NOBODY}",
            f"--regid={NOBODY}",
            "--clear-groups",
            "--bounding-set=-all",
            "--inh-caps=-all",
            *command,
        ]
    return subprocess.Popen(  # noqa: S603 - ours
        command, cwd=checkout, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def test_the_course_opens(checkout: Path, place: dict[str, str]) -> None:
    """PostBuild ends well; the server that start runs has the lessons, says that nothing stays, grades, and keeps below 2 GiB."""
    build = as_user(["./binder/postBuild"], checkout, place)
    said, _ = build.communicate(timeout=SECONDS)
    assert build.returncode == 0, said
    assert (Path(place["PATH"].split(":")[0]) / "hornbook").exists()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    words = ["--no-browser", f"--port={port}", "--ServerApp.port_retries=0", "--IdentityProvider.token=binder", "--ServerApp.ip=127.0.0.1"]
    server = as_user(["./binder/start", "python", "-m", "jupyterlab", *words], checkout, place)
    try:
        reading = _wait_for(server, port)
        health, lessons = (_asked(f"http://127.0.0.1:{port}/hornbook/api/{what}") for what in ("health", "lessons"))
        check = as_user(["hornbook", "check", "lessons/python/secret_messages.ipynb", "--json"], checkout, place)
        most = 0
        while check.poll() is None:
            most = max(most, sum(map(_memory, [server.pid, check.pid])))
            time.sleep(0.05)
        verdict = json.loads(check.communicate()[0])

        assert health["fleeting"] is True
        assert {"secret_messages", "tidy_expenses"} <= {lesson["slug"] for lesson in lessons["lessons"]}
        assert verdict["assurance"] == "self-checked"
        assert verdict["sandbox"]["level"] == health["sandbox"]["level"]
        assert 0 < most < TWO_GIB
    finally:
        for process in [*psutil.Process(server.pid).children(recursive=True), psutil.Process(server.pid)]:
            process.kill()
        server.wait()
    reading.join()
    assert server.stdout is not None
    server.stdout.close()


def _wait_for(server: subprocess.Popen[str], port: int) -> threading.Thread:
    """Return as soon as *server* listens, which is a moment after it says so, with what reads on, so that it never waits for a reader."""
    said: list[str] = []
    reading = threading.Thread(target=lambda: said.extend(server.stdout or ()), daemon=True)
    reading.start()
    until = time.monotonic() + SECONDS
    while time.monotonic() < until and server.poll() is None:
        with contextlib.suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port), timeout=60):
            return reading
        time.sleep(0.05)
    raise AssertionError("".join(said))


def _asked(url: str) -> dict[str, Any]:
    with urllib.request.urlopen(f"{url}?token=binder", timeout=60) as answer:  # noqa: S310 - our own server
        found: dict[str, Any] = json.loads(answer.read())
    return found


def _memory(pid: int) -> int:
    """Return the bytes that a process and its children take, each page once."""
    total = 0
    for process in [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]:
        try:
            total += process.memory_full_info().pss
        except psutil.Error:
            continue
    return total
