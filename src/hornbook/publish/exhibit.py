"""A learner's notebook as it may be shown to strangers: what is kept of the file, and HTML of nothing but allowed parts.

Nothing in the file is trusted. Metadata, widget state and injected parameters are left out; of an output only pictures, text and
tables are kept. All HTML passes an allow-list, and whatever is shown stands in a frame in which no script can run.
"""

from __future__ import annotations

import base64
import binascii
import html
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from hornbook.draws import INJECTED
from hornbook.errors import HornbookError, printable
from hornbook.heavy import imported
from hornbook.lesson import MAX_BYTES, Lesson

PICTURES: Final = {"image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8\xff", "image/gif": b"GIF8", "image/webp": b"RIFF"}
"""The pictures that are shown, and what each begins with."""
SVG: Final = "image/svg+xml"
LEFT_OUT: Final = "# An answer stood here. It was left out, so that the next learners may find their own."
MAX_PICTURE: Final = 4 << 20  # characters of one picture in base64
MAX_TEXT: Final = 20_000  # characters of one output's text
MAX_CELLS: Final = 1_000

TAGS: Final = frozenset(
    [
        "a",
        "abbr",
        "b",
        "blockquote",
        "br",
        "caption",
        "code",
        "col",
        "colgroup",
        "dd",
        "del",
        "details",
        "div",
        "dl",
        "dt",
        "em",
        "figcaption",
        "figure",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "hr",
        "i",
        "img",
        "ins",
        "kbd",
        "li",
        "mark",
        "ol",
        "p",
        "pre",
        "q",
        "s",
        "samp",
        "small",
        "span",
        "strong",
        "sub",
        "summary",
        "sup",
        "table",
        "tbody",
        "td",
        "tfoot",
        "th",
        "thead",
        "tr",
        "ul",
        "var",
        "math",
        "semantics",
        "annotation",
        "mrow",
        "mi",
        "mn",
        "mo",
        "ms",
        "mtext",
        "mspace",
        "msup",
        "msub",
        "msubsup",
        "mfrac",
        "msqrt",
        "mroot",
        "mover",
        "munder",
        "munderover",
        "mtable",
        "mtr",
        "mtd",
        "mpadded",
        "mphantom",
        "mstyle",
    ]
)
"""What may stand in a notebook's HTML. MathML is made here; no element of it can load or run anything."""
_EVERYWHERE: Final = {"title", "class", "lang", "dir"}
ATTRIBUTES: Final = {
    "*": _EVERYWHERE,
    "a": {"href"},
    "img": {"src", "alt", "width", "height"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
    "ol": {"start"},
    "math": {"display"},
    "mo": {"stretchy", "form"},
    "mtable": {"columnalign"},
}

_DATA_PICTURE: Final = re.compile(r"data:(image/(?:png|jpeg|gif|webp));base64,([A-Za-z0-9+/=\s]+)")
_ANSI: Final = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")
_EMAIL: Final = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}")
_HOME: Final = re.compile(r"(?:/home/|/Users/|[A-Za-z]:\\+Users\\+)[^\s\"'<>:\\/]+")


def cleaned(data: bytes, lesson: Lesson) -> dict[str, Any]:
    """Return the notebook in *data* with nothing but cells, their outputs, and what *lesson* says about itself."""
    try:
        notebook = json.loads(data.decode("utf-8-sig")) if len(data) <= MAX_BYTES else None
    except (ValueError, RecursionError) as error:
        raise HornbookError("The notebook cannot be read: it is not JSON. Save it again from Jupyter.") from error
    cells = notebook.get("cells") if isinstance(notebook, dict) else None
    if not isinstance(cells, list):
        raise HornbookError("The notebook has no cells that could be published.")
    about = lesson.to_notebook()["metadata"]["hornbook"]
    kept = [cell for raw in cells[:MAX_CELLS] if isinstance(raw, dict) and not _injected(raw, lesson) and (cell := _cell(raw)) is not None]
    given = None if lesson.parameters is None else lesson.cells[lesson.parameters].source.strip()
    defaults = next((cell for cell in kept if cell["cell_type"] == "code" and cell["source"].strip() == given), None)
    if defaults is not None:
        # Whoever runs it again puts the verdict's values behind this cell, as papermill does.
        defaults["metadata"] = {**defaults["metadata"], "tags": ["parameters"]}
    for number, cell in enumerate(kept):
        # A cell's id may be anything that a learner wrote; its place says as much.
        cell["id"] = f"cell-{number}"
    metadata = {
        "hornbook": about,
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    return {"cells": kept, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def redacted(notebook: Mapping[str, Any], lesson: Lesson) -> dict[str, Any]:
    """Return a `cleaned` notebook without the learner's code: in the place of a cell that is not *lesson*'s own stands `LEFT_OUT`.

    Of what such a cell has shown only pictures stay, because text may be the code once more. What the learner wrote as prose stays.
    """
    given = {cell.source for cell in lesson.cells if cell.exercise is None}
    return {**notebook, "cells": [cell if _is_prose(cell) or cell["source"] in given else _left_out(cell) for cell in notebook["cells"]]}


def _is_prose(cell: Mapping[str, Any]) -> bool:
    return cell["cell_type"] == "markdown" and "exercise" not in cell["metadata"].get("hornbook", {})


def _left_out(cell: Mapping[str, Any]) -> dict[str, Any]:
    shown = [
        {**output, "data": pictures}
        for output in cell.get("outputs", [])
        if (pictures := {kind: output["data"][kind] for kind in PICTURES if kind in output.get("data", {})})
    ]
    return {**cell, "source": LEFT_OUT} | ({"outputs": shown} if "outputs" in cell else {})


def _injected(raw: Mapping[str, Any], lesson: Lesson) -> bool:
    """Whether a cell is papermill's, with somebody's values for the parameters: by its tag, its id, or what it says."""
    said, kind = raw.get("metadata"), raw.get("cell_type")
    tags = said.get("tags") if isinstance(said, dict) else None
    tagged = (isinstance(tags, list) and INJECTED in tags) or raw.get("id") == INJECTED
    return tagged or (isinstance(kind, str) and lesson.reads_as_injected(kind, _text(raw.get("source"))))


def _cell(raw: Mapping[str, Any]) -> dict[str, Any] | None:
    kind = raw.get("cell_type")
    said = raw.get("metadata")
    if kind not in {"code", "markdown"}:
        return None
    mark = said.get("hornbook") if isinstance(said, dict) else None
    exercise = mark.get("exercise") if isinstance(mark, dict) else None
    metadata = (
        {"hornbook": {"exercise": exercise}} if isinstance(exercise, str) and re.fullmatch(r"[a-z][a-z0-9_-]{0,79}", exercise) else {}
    )
    cell: dict[str, Any] = {"cell_type": kind, "metadata": metadata, "source": _text(raw.get("source"))}
    if kind == "markdown":
        pictures = dict(_attachments(raw.get("attachments")))
        return {**cell, "attachments": pictures} if pictures else cell
    outputs = raw.get("outputs")
    count = raw.get("execution_count")
    return {
        **cell,
        "execution_count": count if isinstance(count, int) and not isinstance(count, bool) else None,
        "outputs": [shown for output in (outputs if isinstance(outputs, list) else []) if (shown := _output(output)) is not None],
    }


def _output(raw: object) -> dict[str, Any] | None:
    if not isinstance(raw, dict):
        return None
    match raw.get("output_type"):
        case "stream":
            name = "stderr" if raw.get("name") == "stderr" else "stdout"
            return {"output_type": "stream", "name": name, "text": _cut(_text(raw.get("text")))}
        case "error":
            said = {name: _cut(_text(raw.get(name))) for name in ("ename", "evalue")}
            trace = raw.get("traceback")
            lines = [_cut(_text(line)) for line in trace[:100]] if isinstance(trace, list) else []
            return {"output_type": "error", **said, "traceback": lines}
        case "display_data" | "execute_result" as kind:
            data = _bundle(raw.get("data"))
            if not data:
                return None
            return {"output_type": kind, "metadata": {}, "data": data} | ({"execution_count": None} if kind == "execute_result" else {})
    return None


def _bundle(raw: object) -> dict[str, str]:
    """Return what is kept of a display: pictures, a table or other HTML, Markdown, LaTeX and text."""
    if not isinstance(raw, dict):
        return {}
    kept = {kind: picture for kind in PICTURES if (picture := _picture(kind, raw.get(kind)))}
    if SVG in raw and len(drawn := _text(raw[SVG])) <= MAX_PICTURE:
        kept[SVG] = drawn
    texts = ("text/html", "text/markdown", "text/latex", "text/plain")
    return kept | {
        kind: text if kind == "text/html" else _cut(text) for kind in texts if (text := _text(raw.get(kind))) and len(text) < MAX_PICTURE
    }


def _picture(kind: str, raw: object) -> str | None:
    """Return the picture in base64 if it begins as a picture of its *kind* does."""
    text = "".join(_text(raw).split())
    if not text or len(text) > MAX_PICTURE:
        return None
    try:
        data = base64.b64decode(text, validate=True)
    except binascii.Error:
        return None
    return text if data.startswith(PICTURES[kind]) else None


def _attachments(raw: object) -> Iterator[tuple[str, dict[str, str]]]:
    for name, bundle in raw.items() if isinstance(raw, dict) else ():
        pictures = {kind: picture for kind in PICTURES if isinstance(bundle, dict) and (picture := _picture(kind, bundle.get(kind)))}
        if isinstance(name, str) and len(name) < 200 and pictures:  # noqa: PLR2004 - a file's name
            yield name, pictures


def _text(raw: object) -> str:
    text = "".join(line for line in raw if isinstance(line, str)) if isinstance(raw, list) else raw if isinstance(raw, str) else ""
    return text.encode("utf-8", "replace").decode()


def _cut(text: str) -> str:
    return text if len(text) <= MAX_TEXT else f"{text[:MAX_TEXT]}\n[...]"


def private_traces(notebook: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the email addresses and home folders that *notebook* would show to everybody, each once."""
    text = json.dumps(notebook, ensure_ascii=False)
    return tuple(dict.fromkeys(printable(found) for pattern in (_EMAIL, _HOME) for found in pattern.findall(text)))


# --- HTML ------------------------------------------------------------------------------------------------------------


def as_html(notebook: Mapping[str, Any]) -> str:
    """Return the cells of a `cleaned` notebook as HTML that is safe to stand in a page."""
    return "\n".join(_drawn(cell) for cell in notebook["cells"])


def safe(fragment: str, attachments: Mapping[str, Mapping[str, str]] | None = None) -> str:
    """Return *fragment* with nothing left in it that could run, load, style or lead somewhere by itself."""
    import nh3  # noqa: PLC0415 - heavy

    def kept(tag: str, attribute: str, value: str) -> str | None:
        if tag == "img" and attribute == "src":
            return _source(value, attachments or {})
        if attribute == "href":
            return value if re.fullmatch(r"https?://\S{1,2000}", value) else None
        if attribute in {"width", "height", "colspan", "rowspan", "start"}:
            return value if re.fullmatch(r"\d{1,4}", value) else None
        if attribute == "class":
            return value if re.fullmatch(r"(?:dataframe|hl|k|s|c|n|o|m|f|d|e)(?: (?:dataframe|k|s|c|n|o|m|f|d|e))*", value) else None
        return value

    kept_html: str = nh3.clean(
        fragment,
        tags=set(TAGS),
        clean_content_tags={"script", "style", "iframe", "object", "embed", "noscript", "template", "svg", "title", "textarea", "xmp"},
        attributes=ATTRIBUTES,
        attribute_filter=kept,
        url_schemes={"http", "https", "data", "attachment"},
        link_rel="noopener noreferrer nofollow",
    )
    return kept_html


def markdown(source: str, attachments: object = None) -> str:
    """Return Markdown *source* as HTML that is safe to stand in a page, with the pictures that its *attachments* hold."""
    return safe(_markdown(source), dict(_attachments(attachments)))


def _source(value: str, attachments: Mapping[str, Mapping[str, str]]) -> str | None:
    if value.startswith("attachment:"):
        bundle = attachments.get(value.removeprefix("attachment:"), {})
        return next((f"data:{kind};base64,{picture}" for kind, picture in bundle.items()), None)
    found = _DATA_PICTURE.fullmatch(value)
    picture = _picture(found[1], found[2]) if found else None
    return f"data:{found[1]};base64,{picture}" if found and picture else None


def _drawn(cell: Mapping[str, Any]) -> str:
    if cell["cell_type"] == "markdown":
        return f'<section class="text">{markdown(cell["source"], cell.get("attachments"))}</section>'
    exercise = cell["metadata"].get("hornbook", {}).get("exercise")
    label = f'<p class="mark">An answer: <code>{html.escape(exercise)}</code></p>' if exercise else ""
    outputs = "".join(f'<div class="output">{shown}</div>' for output in cell["outputs"] if (shown := _shown(output)))
    kind = "answer" if exercise else "code"
    return f'<section class="{kind}">{label}<pre class="source" tabindex="0">{_highlighted(cell["source"])}</pre>{outputs}</section>'


def _shown(output: Mapping[str, Any]) -> str:
    if output["output_type"] == "stream":
        return _plain(output["text"])
    if output["output_type"] == "error":
        return _plain("\n".join(output["traceback"]) or f"{output['ename']}: {output['evalue']}")
    data = output["data"]
    for kind in (*PICTURES, SVG):
        if kind in data:
            # As a picture, an SVG can neither run a script nor load anything.
            picture = base64.b64encode(data[kind].encode()).decode() if kind == SVG else data[kind]
            return f'<img alt="Picture that the notebook shows" src="data:{kind};base64,{picture}">'
    for kind, made in (("text/html", safe), ("text/markdown", markdown), ("text/latex", markdown), ("text/plain", _plain)):
        drawn = made(data[kind]) if kind in data else ""
        if _says_something(drawn):
            return f'<div class="scroll" tabindex="0">{drawn}</div>' if kind == "text/html" else drawn
    return ""


def _says_something(fragment: str) -> bool:
    return bool(re.sub(r"<(?!img\b)[^>]*>|\s", "", fragment))


def _plain(text: str) -> str:
    visible = "".join(char if char.isprintable() or char in "\n\t" else "\ufffd" for char in _ANSI.sub("", text).replace("\r\n", "\n"))
    return f'<pre tabindex="0">{html.escape(visible)}</pre>' if visible.strip() else ""


def _markdown(source: str) -> str:
    mistune = imported("nbconvert.filters.markdown_mistune")

    class Renderer(mistune.IPythonRenderer):  # type: ignore[misc,name-defined]
        """Markdown without a way to the disk, and formulas as MathML instead of a script that draws them."""

        def image(self, text: str, url: str, title: str | None = None) -> str:  # noqa: ARG002 - the library's interface
            return f'<img alt="{html.escape(text)}" src="{html.escape(url)}">'

        def block_code(self, code: str, info: str | None = None) -> str:  # noqa: ARG002 - the library's interface
            return f"<pre><code>{html.escape(code)}</code></pre>"

        def block_math(self, body: str) -> str:
            return _mathml(body, display=True)

        def multiline_math(self, text: str) -> str:
            return _mathml(text, display=True)

        def inline_math(self, body: str) -> str:
            return _mathml(body, display=False)

        def latex_environment(self, name: str, body: str) -> str:
            return _mathml(f"\\begin{{{name}}}{body}\\end{{{name}}}", display=True)

    try:
        rendered: str = mistune.MarkdownWithMath(renderer=Renderer(escape=False, exclude_anchor_links=True)).render(source)
    except Exception:  # noqa: BLE001 - a library's trouble with a learner's text must not keep the learner from publishing it
        return _plain(source)
    return rendered


def _mathml(latex: str, *, display: bool) -> str:
    from latex2mathml.converter import convert  # noqa: PLC0415 - heavy

    try:
        made: str = convert(latex, display="block" if display else "inline")
    except Exception:  # noqa: BLE001 - the converter raises whatever comes; the formula is then shown as it was written
        return f"<code>{html.escape(latex)}</code>"
    return made


_TOKENS: Final = (
    ("Comment", "c"),
    ("Keyword", "k"),
    ("String", "s"),
    ("Number", "m"),
    ("Function", "f"),
    ("Decorator", "d"),
    ("Operator", "o"),
)


def _highlighted(source: str) -> str:
    """Return Python *source* as HTML in which comments, keywords, texts and numbers are marked."""
    from pygments.lexers import PythonLexer  # noqa: PLC0415 - heavy

    pieces = []
    for token, text in PythonLexer(stripnl=False, ensurenl=False).get_tokens(source[: 10 * MAX_TEXT]):
        word = next((mark for name, mark in _TOKENS if name in tuple(token)), None)
        escaped = html.escape(text)
        pieces.append(f'<span class="{word}">{escaped}</span>' if word and text.strip() else escaped)
    return "".join(pieces)
