"""Pipelines that grade what learners hand in: a workflow for GitHub, a template for GitLab, and the command that writes them.

Both take lessons and graders from the branch that the work goes into, run the work nowhere but in a sandbox, in a job without secrets, and
sign what came of it in another. Source: https://docs.github.com/actions/security-for-github-actions, https://docs.gitlab.com/ci/yaml.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Annotated, Final

import typer

from hornbook.errors import HornbookError, printable
from hornbook.files import write_beside
from hornbook.terminal import EXIT_CODES, telling_errors

PIPELINES: Final[Mapping[str, str]] = {"github": ".github/workflows/grade.yml", "gitlab": ".gitlab-ci.yml"}
"""The hosts for which there is one, and where its file belongs."""

app = typer.Typer()


@app.command(epilog=EXIT_CODES)
def ci(
    context: typer.Context,
    host: Annotated[str, typer.Argument(metavar="github|gitlab", help="Where the course's repository is.", show_default=False)],
    *,
    into: Annotated[
        Path | None, typer.Option("--into", metavar="DIR", help="Write it into this repository instead of printing it.")
    ] = None,
) -> None:
    """Print the pipeline that grades what a pull request changes: with the course's own graders, without secrets, signed apart."""
    with telling_errors(context):
        if into is None:
            typer.echo(pipeline(host), nl=False)
        else:
            typer.echo(f"made  {printable(write_pipeline(host, into))}")


def pipeline(host: str) -> str:
    """Return the file that has *host*, one of `PIPELINES`, grade with this release of hornbook; raise `HornbookError` for another host."""
    from hornbook import __version__  # noqa: PLC0415 - the package is still being imported when this module is

    if host not in PIPELINES:
        raise HornbookError(f"{printable(host[:40])}: there is no pipeline for it. There is one for {' and '.join(PIPELINES)}.")
    folder = resources.files("hornbook.pipelines")
    text = folder.joinpath(f"{host}.yml").read_text("utf-8")
    for blank, name in (("DRAWING\n", "draw.sh"), ("SCRIPT\n", "grade.sh")):
        text = text.replace(blank, textwrap.indent(folder.joinpath(name).read_text("utf-8"), " " * (10 if host == "github" else 6)))
    return text.replace("HORNBOOK_VERSION", __version__)


def write_pipeline(host: str, into: Path) -> Path:
    """Write that file into the repository *into* and return where; one that differs is never replaced."""
    return write_beside(into / PIPELINES[host], pipeline(host), f"Add what `hornbook ci {host}` prints.")
