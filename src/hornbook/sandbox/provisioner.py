"""A jupyter_client kernel provisioner whose kernels live in a sandbox.

Registered as `hornbook-sandbox` in the entry-point group `jupyter_client.kernel_provisioners`. A kernelspec asks for it with
`{"metadata": {"kernel_provisioner": {"provisioner_name": "hornbook-sandbox"}}}`; `execute` uses it under nbclient. Kernels
speak over ipc sockets only: there is no network in there to bind a port on.

Source: https://jupyter-client.readthedocs.io/en/stable/provisioning.html
"""

from __future__ import annotations

import asyncio
import atexit
import functools
import secrets
import signal
from typing import Any

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning.provisioner_base import KernelProvisionerBase
from traitlets import Any as AnyTrait
from traitlets import Dict, Int, List, Unicode, default

from hornbook.config import Limits
from hornbook.sandbox import KernelProcess, Sandbox
from hornbook.sandbox.canary import strongest
from hornbook.sandbox.policy import Policy
from hornbook.sandbox.standby import PORTS, ReadyKernel, Standby

PROVISIONER = "hornbook-sandbox"
POLL_SECONDS = 0.02


class SandboxProvisioner(KernelProvisionerBase):
    """Launches a kernel in a sandbox: in the manager's, if it has one (`SandboxKernelManager`), else one that stands by."""

    limits = Dict(help="Limits that differ from the defaults, by the names of [tool.hornbook.limits].").tag(config=True)
    preload = List(Unicode(), help="Modules that a kernel has imported when it starts.").tag(config=True)
    standby = Int(1, min=0, help="How many kernels stand by.").tag(config=True)
    most = Int(32, min=1, help="How many kernels may live at a time, those included that stand by.").tag(config=True)

    _sandbox: Sandbox | None = None
    _ready: ReadyKernel | None = None
    _fresh = False
    _kernel: KernelProcess | None = None

    @property
    def has_process(self) -> bool:
        """Whether a kernel has been launched and not cleaned up."""
        return self._kernel is not None

    @property
    def kernel(self) -> KernelProcess | None:
        """The launched kernel, with the line to its agent."""
        return self._kernel

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        """Have a sandbox, and give the manager ipc sockets in the one folder that both sides see."""
        manager = self.parent
        if self._sandbox is None:
            self._sandbox = getattr(manager, "sandbox", None)
        if self._sandbox is None:
            self._ready = await asyncio.to_thread(self._one_that_stands_by)
            self._sandbox, self._fresh = self._ready.sandbox, True
        if manager is None or self._sandbox.place is None:
            raise RuntimeError("a sandboxed kernel needs a kernel manager and an open sandbox")
        manager.transport = "ipc"
        if self._ready is not None and self._fresh:
            manager.ip = self._ready.connection["ip"]
            manager.session.key = self._ready.connection["key"].encode("ascii")
        elif not manager.ip.startswith(f"{self._sandbox.place.sockets}/"):
            manager.ip = str(self._sandbox.place.sockets / secrets.token_hex(4))
        # After a restart they are the same again: the clients stay connected to them.
        for number, name in enumerate(PORTS, start=1):
            setattr(manager, name, number)
        return await super().pre_launch(cmd=list(self.kernel_spec.argv), **kwargs)

    def _one_that_stands_by(self) -> ReadyKernel:
        policy = Policy(mode=strongest().mode, limits=Limits(**self.limits), preload=tuple(self.preload), kernel=True)
        return standby_of(policy, self.standby, self.most).take()

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:  # noqa: ARG002
        """Hand out the kernel that stood by, or fork one; return its connection info, with its sockets bound."""
        manager, sandbox = self.parent, self._sandbox
        if manager is None or sandbox is None:
            raise RuntimeError("pre_launch comes before launch_kernel")
        self.connection_info = manager.get_connection_info()
        if self._ready is not None and self._fresh:
            self._kernel, self._fresh = self._ready.kernel, False
        else:
            inner = {**self.connection_info, "key": manager.session.key.decode("ascii")}
            self._kernel = await asyncio.to_thread(sandbox.kernel, inner)
        return self.connection_info

    async def poll(self) -> int | None:
        """Return None while the kernel runs, else its exit code."""
        return 0 if self._kernel is None else self._kernel.exit_code()

    async def wait(self) -> int | None:
        """Return the kernel's exit code once it has ended."""
        # The news comes over a socket that `poll` reads too, so nobody else can wait for it.
        while (code := await self.poll()) is None:  # noqa: ASYNC110
            await asyncio.sleep(POLL_SECONDS)
        if self._kernel is not None:
            self._kernel.end()
        self._kernel = None
        return code

    async def send_signal(self, signum: int) -> None:
        """Send the kernel a signal."""
        if self._kernel is not None:
            self._kernel.signal(signum)

    async def kill(self, restart: bool = False) -> None:  # noqa: ARG002 - jupyter_client's interface
        """End the kernel at once."""
        await self.send_signal(signal.SIGKILL)

    async def terminate(self, restart: bool = False) -> None:
        """End the kernel at once: a graceful end would run the learner's code once more."""
        await self.kill(restart)

    async def cleanup(self, restart: bool = False) -> None:
        """End the sandbox with all that is left in it, if it is ours and no restart follows."""
        if self._ready is not None and not restart:
            await asyncio.to_thread(self._ready.close)
            self._ready = self._sandbox = None


@functools.cache
def standby_of(policy: Policy, ready: int, most: int) -> Standby:
    """Return what keeps this process's kernels of *policy* standing by; it ends with the process."""
    standby = Standby(policy, ready, most)
    atexit.register(standby.close)
    return standby


def sandbox_kernel_spec() -> KernelSpec:
    """Return the kernelspec, made in memory, that asks for this provisioner."""
    return KernelSpec(
        argv=["hornbook-sandbox"],
        display_name="Python 3 (hornbook sandbox)",
        language="python",
        interrupt_mode="signal",
        metadata={"kernel_provisioner": {"provisioner_name": PROVISIONER, "config": {}}},
    )


class SandboxKernelManager(AsyncKernelManager):
    """A kernel manager whose kernel comes from *sandbox*, without a kernelspec on disk or a connection file."""

    sandbox = AnyTrait(help="The open Sandbox to fork from.")

    @default("kernel_name")
    def _kernel_name(self) -> str:
        return PROVISIONER

    def write_connection_file(self, **_kwargs: Any) -> None:
        """Write none: it would hold the key, and nobody else is to reach this kernel."""

    @property
    def kernel_spec(self) -> KernelSpec:
        """The spec in memory, whatever is or is not installed."""
        if self._kernel_spec is None:
            self._kernel_spec = sandbox_kernel_spec()
        return self._kernel_spec

    @property
    def kernel(self) -> KernelProcess | None:
        """The launched kernel, with the line to its agent."""
        provisioner = self.provisioner
        return provisioner.kernel if isinstance(provisioner, SandboxProvisioner) else None
