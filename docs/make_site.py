"""Builds the site of these pages: `python docs/make_site.py build/docs`, which `make docs` does.

The pages of docs/index.md, and whatever Markdown they lead to, are gathered beside the reference that is written here from the code itself.
Sphinx makes a folder of HTML of that, which is read without a network: nothing in it is loaded from elsewhere.
"""  # noqa: INP001 - a script

from __future__ import annotations

import inspect
import posixpath
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
INDEX = "docs/index.md"
BELOW = "Reference"
"""Which heading of the index the pages stand below that are written here."""
OURS = "objects.inv"
"""A file that Sphinx puts into each site, by which one is known that may be replaced."""
TAKEN = {"search.md": "finding.md"}
"""Names that Sphinx has for pages of its own, and what ours are called instead."""
TABLE = "| | |\n|---|---|\n"


# --- Written from the code -------------------------------------------------------------------------------------------


def _plain(text: str) -> str:
    """Return *text* so that Markdown takes nothing in it for its own, but what stands between backticks, or is a *name* of a docstring."""
    named = re.sub(r"(?<![\w*`])\*(\w+)\*(?![\w*`])", r"`\1`", " ".join(text.split()))
    parts = re.split(r"(`[^`]*`)", named)
    return "".join(part if part.startswith("`") else re.sub(r"([\\<>*_\[\]|])", r"\\\1", part) for part in parts)


def _row(name: str, said: str) -> str:
    # Within code, too, a bar would end the cell.
    cells = (re.sub(r"(?<!\\)\|", r"\\|", cell) for cell in (f"`{name}`", _plain(said)))
    return f"| {' | '.join(cells)} |\n"


def _section(heading: str, told: str, rows: list[str]) -> str:
    return f"## {heading}\n\n{told}\n\n" + (TABLE + "".join(rows) + "\n" if rows else "")


def commands() -> str:
    """Return the page of all commands, with their options as `--help` tells them."""
    import typer.main  # noqa: PLC0415 - only to build

    from hornbook.cli import app  # noqa: PLC0415 - the same
    from hornbook.terminal import EXIT_CODES  # noqa: PLC0415 - the same

    group: Any = typer.main.get_command(app)
    page = f"# Commands\n\nWhat `hornbook --help` says of each command. {_plain(EXIT_CODES)}\n\n"
    todo: list[tuple[Any, Any]] = [(group, group.context_class(group, info_name="hornbook", **group.context_settings))]
    while todo:
        command, context = todo.pop(0)
        usage = " ".join(command.collect_usage_pieces(context))
        rows = [_row(*record) for option in command.get_params(context) if (record := option.get_help_record(context))]
        page += _section(f"`{context.command_path}`", f"{_plain(command.help or '')}\n\n`{context.command_path} {usage}`", rows)
        inner = getattr(command, "commands", {})
        todo[:0] = [(sub, sub.context_class(sub, info_name=name, parent=context)) for name, sub in inner.items()]
    return page


def _told(thing: Any) -> str:
    """Return what the docstring of *thing* says, paragraph by paragraph; what is indented in it is code."""
    paragraphs = re.split(r"\n\s*\n", inspect.getdoc(thing) or "")
    return "\n\n".join(paragraph if paragraph.startswith("    ") else _plain(paragraph) for paragraph in paragraphs)


def _members(kind: type) -> Iterator[str]:
    """Yield a row for each public field, property and method that *kind* itself has, in its own order."""
    for name in {**dict.fromkeys(inspect.get_annotations(kind)), **dict.fromkeys(vars(kind))}:
        member = inspect.getattr_static(kind, name, None)
        if name.startswith("_"):
            continue
        if isinstance(member, property) or not inspect.isroutine(member):
            said = inspect.getdoc(member) if isinstance(member, property) else f"`{inspect.get_annotations(kind)[name]}`"
            yield _row(f".{name}", said or "")
        else:
            yield _row(f".{name}{_signature(member)}", inspect.getdoc(member) or "")


class _Bare(str):
    """An annotation that is shown without quotation marks."""

    __slots__ = ()
    __repr__ = str.__str__


def _bare(annotation: Any) -> Any:
    """Return *annotation* so that it is shown bare; where there is none, none."""
    return _Bare(annotation) if isinstance(annotation, str) else annotation


def _signature(function: Callable[..., object]) -> str:
    """Return the parameters of *function*, without `self`, as its source has them."""
    signature = inspect.signature(function)
    parameters = [one.replace(annotation=_bare(one.annotation)) for one in signature.parameters.values() if one.name != "self"]
    return str(signature.replace(parameters=parameters, return_annotation=_bare(signature.return_annotation)))


def grader() -> str:
    """Return the page of what a grader has at hand: markers, fixtures, what can be asked, what compares."""
    from hornbook.grading import pytest_plugin, same  # noqa: PLC0415 - only to build
    from hornbook.grading.compare import difference  # noqa: PLC0415 - the same
    from hornbook.grading.following import Follows  # noqa: PLC0415 - the same
    from hornbook.sandbox import figures, probe  # noqa: PLC0415 - the same

    page = (
        "# Markers, fixtures and matchers\n\nWhat a grader has at hand, as its code says it. [Write a lesson](authoring.md#the-grader) "
        "shows each of them at work.\n\n"
    )
    page += _section("Markers", "`@pytest.mark.…` of a check.", [_row(*marker.split(": ", 1)) for marker in pytest_plugin.MARKERS])
    fixtures = [
        _row(name, inspect.getdoc(fixture) or "")
        for name, fixture in vars(pytest_plugin).items()
        if type(fixture).__name__ == "FixtureFunctionDefinition"
    ]
    page += _section("Fixtures", "Named as parameters of a check.", fixtures)
    page += _section("What compares", f"`same{_signature(same)}`\n\n{_told(same)}\n\n{_told(difference)}", [])
    page += _section("What follows its parameters", f"`follows{_signature(Follows.__call__)}`\n\n{_told(Follows.__call__)}", [])
    for heading, kind in (
        ("The submission", probe.Probe),
        ("A cell of it", probe.Cell),
        ("What was raised", probe.Raised),
        ("A figure", figures.Figure),
        ("Its axes", figures.Axes),
        ("A line", figures.PlottedLine),
        ("A bar", figures.Bar),
        ("Points", figures.Scatter),
    ):
        page += _section(heading, _told(kind), list(_members(kind)))
    return page


def _kind(schema: dict[str, Any]) -> str:
    """Return in a few words what a schema of the description asks for."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema:
        return " or ".join(_kind(one) for one in schema["anyOf"])
    if "enum" in schema:
        return ", ".join(f"`{one}`" for one in schema["enum"])
    if schema.get("type") == "array":
        return f"a list of {_kind(schema['items'])}"
    if schema.get("properties"):
        return "{" + ", ".join(f"{name}: {_kind(one)}" for name, one in schema["properties"].items()) + "}"
    words = {
        "string": "text",
        "boolean": "true or false",
        "integer": "a whole number",
        "number": "a number",
        "null": "null",
        "object": "an object",
    }
    return words.get(str(schema.get("type")), "anything")


def rest() -> str:
    """Return the page of the server's addresses, out of their description in OpenAPI."""
    from hornbook.server.openapi import PATHS, REFUSALS, description  # noqa: PLC0415 - only to build

    page = (
        "# Addresses of the server\n\nWhat `GET /hornbook/api/openapi.json` describes in OpenAPI 3.1. [The Jupyter server](server.md) "
        "tells who may ask, and what for.\n\n"
    )
    for path, operations in PATHS.items():
        for method, operation in operations.items():
            rows = [_row(one["name"], f"in the {one['in']}: {_kind(one['schema'])}") for one in operation.get("parameters", ())]
            if "requestBody" in operation:
                rows.append(_row("body", _kind(operation["requestBody"]["content"]["application/json"]["schema"])))
            status, answer = next(iter(operation["responses"].items()))
            media, content = next(iter(answer["content"].items()))
            rows.append(_row(status, _kind(content["schema"]) if media == "application/json" else media))
            page += _section(f"`{method.upper()} {path}`", _plain(operation["summary"]) + ".", rows)
    page += _section("Refusals", "Any of them may answer so, with a Refusal.", [_row(str(code), said) for code, said in REFUSALS.items()])
    page += "## What is sent\n\n"
    for name, schema in description("/")["components"]["schemas"].items():
        wanted = schema.get("required", ())
        rows = [
            _row(
                field,
                _kind(one) + ("" if field in wanted else "; may be left out") + (f". {one['description']}" if "description" in one else ""),
            )
            for field, one in schema.get("properties", {}).items()
        ]
        page += f"#{_section(name, '' if rows else f'{_kind(schema)}.', rows)}"
    return page


WRITTEN: dict[str, Callable[[], str]] = {"commands.md": commands, "grader-reference.md": grader, "rest.md": rest}
"""The pages that are written here, by the names that they get."""


# --- Gathered --------------------------------------------------------------------------------------------------------


def place(page: str) -> str:
    """Return where *page*, a path from the root of the repository, is in the site's own source."""
    name = page.removeprefix("docs/") if page.startswith("docs/") else page.lower().replace("/", "-")
    return TAKEN.get(name, name)


def navigation() -> dict[str, list[str]]:
    """Return the pages that docs/index.md lists, by heading, as paths from the root of the repository."""
    listed: dict[str, list[str]] = {}
    for section in re.split(r"^## ", (ROOT / INDEX).read_text("utf-8"), flags=re.MULTILINE)[1:]:
        heading = section.partition("\n")[0]
        targets = re.findall(r"^- \[[^\]]*\]\(([^)#\s]+)\)", section, re.MULTILINE)
        listed[heading] = [posixpath.normpath(posixpath.join("docs", target)) for target in targets]
    return listed


def gather(into: Path) -> None:
    """Write all pages into the empty folder *into*, with the files that they lead to, and every link led to its new place."""
    listed = navigation()
    inside = [page for pages in listed.values() for page in pages]
    if twice := {page for page in inside if inside.count(page) > 1}:
        raise SystemExit(f"{INDEX}: {', '.join(sorted(twice))} stands there more than once.")
    if missing := {f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md")} - {*inside, INDEX}:
        raise SystemExit(f"{INDEX}: it does not list {', '.join(sorted(missing))}. Add a line below the heading where it belongs.")
    todo, done = [*inside, INDEX], set[str]()
    while todo:
        page = todo.pop()
        if page in done:
            continue
        done.add(page)
        text = (ROOT / page).read_text("utf-8")
        # What stands in a fence is shown, not followed.
        parts = re.split(r"(^```.*?^```$)", text, flags=re.DOTALL | re.MULTILINE)
        for number in range(0, len(parts), 2):
            parts[number] = re.sub(r"(?<=\]\()[^)\s]+(?=\))", partial(_led, page, into, todo), parts[number])
        text = "".join(parts)
        if page not in {INDEX, *inside}:
            text = f"---\norphan: true\n---\n\n{text}"
        (into / place(page)).write_text(text, "utf-8")
    for name, write in WRITTEN.items():
        (into / name).write_text(write(), "utf-8")
    with (into / place(INDEX)).open("a", encoding="utf-8") as file:
        for heading, pages in listed.items():
            names = [*map(place, pages), *(WRITTEN if heading == BELOW else ())]
            file.write(f"\n```{{toctree}}\n:hidden:\n:caption: {heading}\n\n" + "\n".join(names) + "\n```\n")


def _led(page: str, into: Path, todo: list[str], link: re.Match[str]) -> str:
    """Return where a *link* of *page* leads in the site; what it leads to is copied, or is a page *todo*."""
    target = link[0]
    if re.match(r"[a-z]+:|#", target):
        return target
    path, mark, anchor = target.partition("#")
    there = posixpath.normpath(posixpath.join(posixpath.dirname(page), path))
    if (ROOT / there).is_dir():
        there += "/README.md"
    if not (ROOT / there).is_file():
        raise SystemExit(f"{page}: the link to {target} leads nowhere.")
    if there.endswith(".md"):
        todo.append(there)
        return place(there) + mark + anchor
    copy = into / "files" / there
    copy.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(ROOT / there, copy)
    return f"files/{there}"


# --- Built -----------------------------------------------------------------------------------------------------------


def accessible(page: str) -> str:
    """Return the HTML of *page* with what the theme leaves out for those who read with a keyboard, or by ear."""
    # A corner of a table without words is no heading.
    page = re.sub(r'<th class="head">(?:<p></p>)?</th>', "<td></td>", page)
    # What is wider than a phone is moved with the arrow keys.
    page = page.replace("<pre>", '<pre tabindex="0">').replace('<div class="table-wrapper', '<div tabindex="0" class="table-wrapper')
    page = page.replace('<p class="caption" role="heading">', '<p class="caption" role="heading" aria-level="2">')
    page = page.replace('<aside class="sidebar-drawer">', '<aside class="sidebar-drawer" aria-label="Pages">')
    page = re.sub(r'<aside class="toc-drawer([^"]*)">', r'<aside class="toc-drawer\1" aria-label="On this page">', page)
    return page.replace('<div id="search-results">', '<h1>Search</h1>\n<div id="search-results">')


def build(into: Path) -> None:
    """Build the site in the folder *into*. A warning is an error; a former site is replaced when the new one is whole."""
    into = into.absolute()
    if into.exists() and any(into.iterdir()) and not (into / OURS).is_file():
        raise SystemExit(f"{into} has other files in it. Name a folder that is empty, or that this has made.")
    into.parent.mkdir(parents=True, exist_ok=True)
    # Beside its place, so that it is put there in one step.
    with tempfile.TemporaryDirectory(dir=into.parent, prefix=f".{into.name}-") as made:
        source, site = Path(made, "source"), Path(made, "site")
        source.mkdir()
        gather(source)
        options = ["-W", "--keep-going", "-q", "-c", str(Path(__file__).parent), "-d", str(Path(made, "trees"))]
        ended = subprocess.run([sys.executable, "-m", "sphinx", *options, str(source), str(site)], check=False)  # noqa: S603 - our own
        if ended.returncode:
            raise SystemExit(f"The site was not built; {into} is as it was.")
        for page in site.rglob("*.html"):
            page.write_text(accessible(page.read_text("utf-8")), "utf-8")
        if into.exists():
            into.rename(Path(made, "former"))
        site.rename(into)


if __name__ == "__main__":
    build(Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "build/docs"))
