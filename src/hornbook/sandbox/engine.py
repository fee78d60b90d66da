"""The engine `hornbook` of papermill: a notebook executed in the sandbox, with papermill's own progress, parameters, logs and errors.

    papermill --engine hornbook in.ipynb out.ipynb -p seed 7
    papermill.execute_notebook("in.ipynb", "out.ipynb", engine_name="hornbook", limits={"memory_mb": 4096})

What the notebook may use is what its course says in `[tool.hornbook.limits]`; without a course a cell may take as long as it likes, as
papermill has it, all of it a day, and everything else is as by default. The sandbox has a folder of its own: the text files of the
working folder (papermill's `--cwd`) are copied into it, and what the notebook writes is gone with it. What it shows is bounded, and is
what papermill writes into its output.

Source: https://papermill.readthedocs.io/en/latest/extending-entry-points.html
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, Final

import zmq.asyncio
from jupyter_core.utils import run_sync
from nbclient.exceptions import DeadKernelError
from nbformat import NotebookNode
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import Engine
from papermill.log import logger

from hornbook.config import Limits
from hornbook.course import Course
from hornbook.errors import SandboxError, printable
from hornbook.sandbox import Sandbox, open_sandbox
from hornbook.sandbox.canary import strongest
from hornbook.sandbox.execute import ENDED_BY_A_LIMIT, MAX_MESSAGE
from hornbook.sandbox.policy import Policy
from hornbook.sandbox.provisioner import PROVISIONER, SandboxKernelManager
from hornbook.words import say

UNHURRIED: Final = Limits(cell_seconds=3600, total_seconds=86400)
"""What a notebook of no course may use. Its `cell_seconds` stand for no end of a cell, as papermill has it."""
MOST_FILES: Final = 64
MOST_TEXT: Final = 8 << 20
"""How many files of the working folder are copied, and how many bytes of them together."""


class SandboxEngine(Engine):  # type: ignore[misc]
    """Executes notebooks in the strongest sandbox that this machine has."""

    @classmethod
    def execute_managed_notebook(
        cls,
        nb_man: Any,
        kernel_name: str | None,  # noqa: ARG003 - there is one kernel in there
        *,
        log_output: bool = False,
        stdout_file: Any = None,
        stderr_file: Any = None,
        start_timeout: float = 60,
        execution_timeout: float | None = None,
        limits: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> None:
        """Execute the notebook of *nb_man*, whose cells it fills; *limits* differ from its course's, by the names of `Limits`.

        Raises `SandboxError` where no sandbox can be had, or the language is not Python, `CourseError` where its course cannot be read,
        and nbclient's `DeadKernelError` where the notebook has ended its kernel, or a limit has.
        """
        _check_language(nb_man.nb)
        bounds = _limits_for(options.get("input_path"), limits)
        policy = Policy(mode=strongest().mode, limits=bounds, kernel=True)
        with open_sandbox(policy, files=_files_of(Path.cwd())) as sandbox, _manager(sandbox) as manager:
            client = _Client(
                nb_man,
                km=manager,
                kernel_name=PROVISIONER,
                timeout=execution_timeout
                or options.get("timeout")
                or (None if bounds.cell_seconds == UNHURRIED.cell_seconds else bounds.cell_seconds),
                startup_timeout=start_timeout,
                log=logger,
                log_output=log_output,
                stdout_file=stdout_file,
                stderr_file=stderr_file,
                raise_on_iopub_timeout=False,
                # A graceful end would run the notebook's code once more.
                shutdown_kernel="immediate",
                room=bounds.output_kb * 1024,
            )
            try:
                client.execute(cleanup_kc=True)
            except DeadKernelError as error:
                limit = ENDED_BY_A_LIMIT.get(client.exit_code or 0)
                raise DeadKernelError(f"{limit[0]}: {say(limit[1])}" if limit else str(error)) from error


class _Client(PapermillNotebookClient):  # type: ignore[misc]
    """papermill's client, with a bound on what it keeps of a cell: one that prints for ever must not fill this side's memory."""

    def __init__(self, nb_man: Any, *, room: int, **options: Any) -> None:
        super().__init__(nb_man, **options)
        self.room = room
        self.kept = 0
        self.exit_code: int | None = None

    async def async_execute_cell(self, cell: Any, cell_index: int, **options: Any) -> Any:
        """Execute a cell, and say below it if it has shown too much."""
        self.kept = 0
        try:
            return await super().async_execute_cell(cell, cell_index, **options)
        finally:
            kernel = self.km.kernel
            self.exit_code = kernel.exit_code() if kernel is not None else self.exit_code
            if self.kept > self.room:
                words = f"\n… {say('cell.too-much', size=self.room // 1024)}\n"
                cell.outputs.append(NotebookNode(output_type="stream", name="stderr", text=words))  # type: ignore[no-untyped-call]

    # nbclient has made its blocking one of its own coroutine.
    execute_cell = run_sync(async_execute_cell)

    def process_message(self, msg: dict[str, Any], cell: Any, cell_index: int) -> Any:
        """Take in a message while there is room for what it brings; how a cell ends is always heard."""
        if msg["msg_type"] not in {"status", "error", "execute_input"}:
            self.kept += len(repr(msg["content"]))
            if self.kept > self.room:
                return None
        return super().process_message(msg, cell, cell_index)


@contextlib.contextmanager
def _manager(sandbox: Sandbox) -> Iterator[SandboxKernelManager]:
    """Give a manager of kernels in *sandbox*, of which no message is read that could fill this process's memory."""
    context = zmq.asyncio.Context()
    context.setsockopt(zmq.MAXMSGSIZE, MAX_MESSAGE)
    manager = SandboxKernelManager(sandbox=sandbox, context=context)
    try:
        yield manager
    finally:
        # One that has ended by itself is nobody else's to clear away.
        if manager.kernel is not None:
            manager.kernel.end()
        context.destroy(linger=0)


def _check_language(notebook: Any) -> None:
    metadata = notebook.metadata
    language = metadata.get("kernelspec", {}).get("language") or metadata.get("language_info", {}).get("name") or "python"
    if str(language).lower() != "python":
        raise SandboxError(f"This notebook is in {printable(str(language))}; the sandbox runs Python alone.")


def _limits_for(path: Any, given: Mapping[str, Any] | None) -> Limits:
    """Return what the notebook at *path* may use: what is *given*, else what its course says."""
    course = Course.around(Path(path)) if isinstance(path, str | Path) and Path(path).is_file() else None
    limits = UNHURRIED if course is None else course.settings.limits
    known = {one.name for one in fields(Limits)}
    for name in given or {}:
        if name not in known:
            raise SandboxError(f'There is no limit "{printable(str(name))}". There are: {", ".join(sorted(known))}.')
    return replace(limits, **dict(given or {}))


def _files_of(folder: Path) -> dict[str, str]:
    """Return the texts that lie in *folder* itself, by name: no notebooks, nothing hidden, nothing of what a course keeps from learners."""
    course = Course.around(folder)
    if course is not None and not folder.resolve().is_relative_to(course.root.resolve() / "lessons"):
        return {}
    texts: dict[str, str] = {}
    left = MOST_TEXT
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or path.suffix == ".ipynb" or path.is_symlink() or not path.is_file():
            continue
        size = path.stat().st_size
        if size > left or len(texts) >= MOST_FILES:
            logger.warning("hornbook: %s is not taken along into the sandbox: too large, or one too many.", printable(path.name))
            continue
        try:
            texts[path.name] = path.read_text("utf-8")
        except (OSError, UnicodeDecodeError):
            logger.warning("hornbook: %s is not taken along into the sandbox: it is no text in UTF-8.", printable(path.name))
            continue
        left -= size
    return texts
