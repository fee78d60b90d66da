"""`hornbook.sandbox.provisioner`: sandboxed kernels under jupyter_client's own machinery, as JupyterLab would use them."""

from __future__ import annotations

import asyncio
import functools
import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning.factory import KernelProvisionerFactory

from hornbook.errors import SandboxError
from hornbook.sandbox import open_sandbox, provisioner
from hornbook.sandbox.policy import Policy
from hornbook.sandbox.provisioner import PROVISIONER, SandboxKernelManager, SandboxProvisioner, sandbox_kernel_spec
from hornbook.sandbox.standby import Standby

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator

    from hornbook.sandbox.policy import Mode


@pytest.fixture(autouse=True)
def pools(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Standby]]:
    """Give the pools of kernels that a test has used; they end with the test instead of with the process."""
    used: list[Standby] = []

    @functools.cache
    def standby_of(policy: Policy, ready: int, most: int) -> Standby:
        used.append(Standby(policy, ready, most))
        return used[-1]

    monkeypatch.setattr(provisioner, "standby_of", standby_of)
    yield used
    for standby in used:
        standby.close()


def manager_of(folder: Path, **config: object) -> AsyncKernelManager:
    """Return jupyter_client's manager of a kernelspec on disk that names the provisioner."""
    spec = {
        "argv": ["hornbook-sandbox"],
        "display_name": "Sandboxed",
        "language": "python",
        "interrupt_mode": "signal",
        "metadata": {"kernel_provisioner": {"provisioner_name": PROVISIONER, "config": config}},
    }
    (folder / "sandboxed").mkdir()
    (folder / "sandboxed" / "kernel.json").write_text(json.dumps(spec))
    specs = KernelSpecManager(kernel_dirs=[str(folder)], ensure_native_kernel=False)
    return AsyncKernelManager(kernel_name="sandboxed", kernel_spec_manager=specs, connection_file=str(folder / "connection.json"))


async def value_of(client: Any, expression: str, seconds: float = 20) -> str:
    """Return what the kernel says that *expression* is."""
    quietly = {"timeout": seconds, "output_hook": lambda _message: None}
    reply = await client._async_execute_interactive("", user_expressions={"it": expression}, **quietly)
    it = reply["content"]["user_expressions"]["it"]
    return str(it["data"]["text/plain"] if it["status"] == "ok" else it["ename"])


def run(main: Coroutine[Any, Any, None]) -> None:
    """Run *main* in a loop of its own, for at most a minute."""
    asyncio.run(asyncio.wait_for(main, 60))


def test_a_kernel_lives_and_dies_under_jupyter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pools: list[Standby]) -> None:
    """Started by a kernelspec, the kernel executes, is interrupted, restarted and shut down; its own sandbox ends with it."""
    places = Path(tempfile.mkdtemp(prefix="ht-", dir="/tmp"))
    monkeypatch.setattr(tempfile, "tempdir", str(places))
    before = psutil.Process().children(recursive=True)
    seen: dict[str, object] = {}

    async def main() -> None:
        manager = manager_of(tmp_path, limits={"memory_mb": 512})
        await manager.start_kernel()
        client = manager.client()
        client.start_channels()
        await client.wait_for_ready(timeout=30)
        seen["provisioner"] = type(manager.provisioner).__name__
        seen["value"] = await value_of(client, "6 * 7")
        seen["home"] = await value_of(client, "__import__('os').access('/etc/passwd', 4) and open('/etc/passwd')")
        client.execute("x = 1\nprint('begun', flush=True)\nwhile True: pass", stop_on_error=False)
        message: dict[str, Any] = {}
        while message.get("content", {}).get("text") != "begun\n":
            message = await client.get_iopub_msg(timeout=10)
        await manager.interrupt_kernel()
        seen["reply"] = (await client.get_shell_msg(timeout=10))["content"]["ename"]
        seen["interrupted"] = await value_of(client, "'x' in globals()")
        await manager.restart_kernel(now=True)
        await client.wait_for_ready(timeout=30)
        seen["restarted"] = await value_of(client, "'x' in globals()")
        seen["alive"] = await manager.is_alive()
        client.stop_channels()
        await manager.shutdown_kernel(now=True)
        seen["dead"] = await manager.is_alive()

    run(main())
    for standby in pools:
        standby.close()
    left = [one for one in psutil.Process().children(recursive=True) if one not in before]
    files = list(places.iterdir())
    places.rmdir()

    assert seen.pop("home") in {"False", "PermissionError", "FileNotFoundError"}
    assert (seen.pop("provisioner"), seen.pop("alive"), seen.pop("dead")) == ("SandboxProvisioner", True, False)
    assert seen == {"value": "42", "reply": "KeyboardInterrupt", "interrupted": "True", "restarted": "False"}
    assert (left, files) == ([], [])


def test_a_polite_shutdown_is_enough(tmp_path: Path, pools: list[Standby]) -> None:
    """A shutdown that asks first ends the kernel and its sandbox too."""
    before = psutil.Process().children(recursive=True)

    async def main() -> None:
        manager = manager_of(tmp_path)
        await manager.start_kernel()
        await manager.shutdown_kernel()

    run(main())
    for standby in pools:
        standby.close()

    assert [one for one in psutil.Process().children(recursive=True) if one not in before] == []


def test_a_given_sandbox_outlives_its_kernels(mode: Mode) -> None:
    """A manager with a sandbox forks its kernels from that one, leaves it running, and writes no connection file."""
    codes: list[object] = []

    async def main() -> None:
        with open_sandbox(Policy(mode=mode)) as sandbox:
            for _ in range(2):
                manager = SandboxKernelManager(sandbox=sandbox)
                await manager.start_kernel()
                codes.append(manager.connection_file != "" and Path(manager.connection_file).exists())  # noqa: ASYNC240 - a look
                await manager.shutdown_kernel(now=True)
            codes.append(sandbox.alive())

    run(main())

    assert codes == [False, False, True]


def test_a_sandbox_that_does_not_come_up_is_told(tmp_path: Path, pools: list[Standby]) -> None:
    """Limits that no sandbox can be made of are an error, and nothing is left running."""
    before = psutil.Process().children(recursive=True)

    async def main() -> None:
        manager = manager_of(tmp_path, limits={"processes": 1})
        with pytest.raises(SandboxError):
            await manager.start_kernel()

    run(main())
    for standby in pools:
        standby.close()

    assert [one for one in psutil.Process().children(recursive=True) if one not in before] == []


def test_a_provisioner_by_itself_has_nothing() -> None:
    """Before a launch there is no process, an end, or a kernel; steps out of order are refused in words."""
    seen: list[object] = []

    async def main() -> None:
        alone = SandboxProvisioner(kernel_id="k", kernel_spec=sandbox_kernel_spec())
        seen.extend([alone.has_process, alone.kernel, await alone.poll()])
        await alone.send_signal(2)
        await alone.kill()
        await alone.cleanup()
        with pytest.raises(RuntimeError, match="pre_launch comes before launch_kernel"):
            await alone.launch_kernel([])

    run(main())

    assert seen == [False, None, 0]


def test_a_launch_needs_a_manager_and_an_open_sandbox(mode: Mode) -> None:
    """A manager whose sandbox has been closed is told so."""

    async def main() -> None:
        with open_sandbox(Policy(mode=mode)) as sandbox:
            manager = SandboxKernelManager(sandbox=sandbox)
        with pytest.raises(RuntimeError, match="needs a kernel manager and an open sandbox"):
            await manager.start_kernel()
        assert manager.kernel is None

    run(main())


def test_the_entry_point_is_installed() -> None:
    """jupyter_client finds the provisioner by the name that kernelspecs use."""
    assert KernelProvisionerFactory.instance().is_provisioner_available(sandbox_kernel_spec())
