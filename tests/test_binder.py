"""`binder/`: Binder opens this course, builds what is heavy once, and does it all as an ordinary user who has nothing installed."""

from __future__ import annotations

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
    """Give the environment of an ordinary user for whom postBuild has run, with what requirements.txt brings there already."""
    environment, home = checkout.parent / "env", checkout.parent / "home"
    subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True, timeout=SECONDS)  # noqa: S603 - ours
    packages = Path(sysconfig.get_path("purelib", vars={"base": str(environment), "platbase": str(environment)}))
    # The editable install of hornbook itself is not found by this: only what lies in that folder is.
    (packages / "requirements.pth").write_text(sysconfig.get_path("purelib") + "\n", "utf-8")
    home.mkdir()
    for folder in (checkout, environment, home):
        for path in [folder, *folder.rglob("*")]:
            if os.geteuid() == 0 and not path.is_symlink():
                os.chown(path, NOBODY, NOBODY)
    programs = f"{environment / 'bin'}:{Path(sys.executable).parent}:{os.environ['PATH']}"
    return {
        "PATH": programs,
        "HOME": str(home),
        "LANG": "C.UTF-8",
        **{name: os.environ[name] for name in os.environ if name.startswith(("PIP_", "UV_"))},
    }


def as_user(command: list[str], checkout: Path, environment: dict[str, str]) -> subprocess.Popen[str]:
    """Start *command* in the clone as somebody who is not root; what root's own Python is made of may be read all the same."""
    if os.geteuid() == 0:
        may_read = ["--inh-caps=-all,+dac_read_search", "--ambient-caps=+dac_read_search", "--bounding-set=-all,+dac_read_search"]
        command = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", *may_read, *command]
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
    server = as_user(["./binder/start", "jupyter", "lab", *words], checkout, place)
    try:
        _wait_for(server)
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


def _wait_for(server: subprocess.Popen[str]) -> None:
    """Return as soon as *server* says where it listens, and read on from then, so that it never waits for somebody to read."""
    said: list[str] = []
    assert server.stdout is not None
    for line in server.stdout:
        said.append(line)
        if "is running at" in line:
            threading.Thread(target=server.stdout.read, daemon=True).start()
            return
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
