"""Writes documents.jsonl from the packages that sources.toml pins: `python benchmarks/search/make_documents.py FOLDER`.

The packages are fetched into FOLDER by pip and by apt (Debian 12), each checked against its sha256; what lies there already is not fetched
again. A document is what a search engine indexes of a lesson: title, headings, the first paragraphs, the first code, and the skills and
the level that its source states. A line of a source that describes a page in a sentence (a module's synopsis) is left out of its document
and becomes a query instead: see make_queries.py.
"""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field, replace
from hashlib import file_digest
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
TEXT, CODE, HEADINGS = 1500, 600, 12
"""How much of a page is shipped: characters of prose, characters of code, how many headings."""
SHORTEST = 150
"""A section with less prose than this is no lesson: characters."""


@dataclass(frozen=True, slots=True)
class Document:
    """One lesson as a search engine meets it; *source* names the package and the file (and the section) it was taken from."""

    id: str
    source: str
    title: str
    headings: tuple[str, ...] = ()
    text: str = ""
    code: str = ""
    skills: tuple[str, ...] = ()
    level: str | None = None


@dataclass(slots=True)
class Section:
    """A heading of a page with what stands under it, up to the next heading."""

    title: str
    depth: int
    prose: list[str] = field(default_factory=list)
    code: list[str] = field(default_factory=list)


def main(folder: Path) -> None:
    """Fetch what is missing, and write the documents and the one-sentence descriptions that were left out of them."""
    plan = tomllib.loads((HERE / "sources.toml").read_text("utf-8"))
    documents: list[Document] = []
    for source in plan["source"]:
        root = fetch(source, folder)
        for rule in source["take"]:
            documents += taken(source["name"], root, rule)
    documents += our_lessons()
    with (HERE / "documents.jsonl").open("w", encoding="utf-8") as file:
        for document in documents:
            row = {name: value for name, value in asdict(document).items() if value}
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
    synopses = dict(synopses_of(documents, plan, folder))
    (HERE / "synopses.json").write_text(json.dumps(synopses, ensure_ascii=False, indent=1) + "\n", "utf-8")


def fetch(source: dict[str, Any], folder: Path) -> Path:
    """Return the folder in which a package of the plan lies unpacked, fetched if it was not yet there.

    pip keeps what it has unpacked (`--no-clean`) although it then fails to build it, which nobody asks it to: the hash has been checked by
    then.
    """
    name, version, digest = source["name"], source["version"], source["sha256"]
    place = folder / f"{name}-{version}"
    if place.is_dir():
        return place.joinpath(source.get("below", ""))
    folder.mkdir(parents=True, exist_ok=True)
    if source["from"] == "debian":
        subprocess.run(["apt-get", "download", f"{name}={version}"], cwd=folder, check=True)  # noqa: S603, S607 - pinned in sources.toml
        archive = checked(next(folder.glob(f"{name}_*.deb")), digest)
        subprocess.run(["dpkg-deb", "-x", archive, place], check=True)  # noqa: S603, S607 - checked above
        return place.joinpath(source.get("below", ""))
    requirement = folder / f"{name}.txt"
    requirement.write_text(f"{name}=={version} --hash=sha256:{digest}\n", "utf-8")
    building = folder / f"{name}.tmp"
    building.mkdir(exist_ok=True)
    options = ["--quiet", "--no-clean", "--no-build-isolation", "--no-deps", "--no-binary=:all:", "--require-hashes"]
    command = [sys.executable, "-m", "pip", "download", *options, "--dest", str(building), "--requirement", str(requirement)]
    subprocess.run(command, env=os.environ | {"TMPDIR": str(building)}, check=False, stderr=subprocess.DEVNULL)  # noqa: S603 - the same
    unpacked(building, requirement).rename(place)
    return place.joinpath(source.get("below", ""))


def checked(archive: Path, digest: str) -> Path:
    """Return *archive*. Ends the script if its sha256 is another than *digest*."""
    with archive.open("rb") as file:
        found = file_digest(file, "sha256").hexdigest()
    if found != digest:
        raise SystemExit(f"{archive}: its sha256 is {found}, and sources.toml expects {digest}. Take the version that sources.toml names.")
    return archive


def unpacked(building: Path, requirement: Path) -> Path:
    """Return the folder into which pip has unpacked a package. Ends the script if there is none."""
    found = next(building.glob("pip-download-*/*/PKG-INFO"), None)
    if found is None:
        raise SystemExit(
            f"pip did not fetch what {requirement} asks for; `pip download --no-deps --no-binary=:all: -r {requirement}` says why."
        )
    return found.parent


def taken(name: str, root: Path, rule: dict[str, Any]) -> Iterator[Document]:
    """Yield the documents that one rule of the plan takes from a package: whole pages, or their sections down to a depth."""
    paths = sorted({path for pattern in rule["files"] for path in root.glob(pattern)})
    for path in paths:
        where = path.relative_to(root).as_posix()
        page = where.removeprefix(rule.get("strip", ""))
        page = re.sub(r"(\.rst)?\.(txt|rst|py|ipynb)$", "", page)
        found = page_of(path)
        if found is None or rule.get("only_level", found[1].level) != found[1].level:
            continue
        sections, stated = found
        for slug, parts in divided(sections, rule.get("depth", 0)):
            identity = f"{rule['id']}/{page}" + (f"#{slug}" if slug else "")
            if any(re.search(pattern, identity) for pattern in rule.get("not", ())):
                continue
            one = replace(stated, id=identity, source=f"{name}: {where}")
            document = bounded(one, parts)
            if parts[0] is not sections[0]:  # a section is read under the title of its page
                document = replace(document, headings=(sections[0].title, *document.headings))
            if len(document.text) >= rule.get("shortest", SHORTEST):
                yield document


def page_of(path: Path) -> tuple[list[Section], Document] | None:
    """Return the sections of a page and what its source states about it, or None for a file that is no page."""
    nothing = Document("", "", "")
    if path.suffix == ".py":
        return gallery_page(path.read_text("utf-8"))
    text = path.read_text("utf-8")
    sections = notebook_page(json.loads(text)) if path.suffix == ".ipynb" else rst_sections(text)
    return (sections, nothing) if sections else None


def divided(sections: list[Section], depth: int) -> Iterator[tuple[str, list[Section]]]:
    """Yield the lessons of a page: the page itself at depth 0, else every section down to *depth*, deeper ones as a part of theirs."""
    if depth == 0:
        yield "", sections
        return
    current: list[Section] = []
    for section in sections:
        if section.depth <= depth and current:
            yield slug_of(current[0].title), current
            current = []
        current.append(section)
    if current:
        yield slug_of(current[0].title), current


def bounded(document: Document, sections: list[Section]) -> Document:
    """Return the document of these sections, as much of them as is shipped."""
    text = " ".join(paragraph for section in sections for paragraph in section.prose)
    code = "\n".join(block for section in sections for block in section.code)
    headings = tuple(section.title for section in sections[1 : HEADINGS + 1])
    return replace(document, title=sections[0].title, headings=headings, text=cut(text, TEXT), code=cut(code, CODE))


def cut(text: str, most: int) -> str:
    """Return the beginning of a text, whole words of it."""
    return text if len(text) <= most else text[:most].rpartition(" ")[0]


def slug_of(title: str) -> str:
    """Return a title as a part of an id."""
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:60]


def rst_sections(text: str) -> list[Section]:
    """Return the sections of a page in reStructuredText; prose and code only, without directives, comments, tables and markup."""
    lines = ["", *text.expandtabs(8).splitlines(), "", ""]
    page = Page()
    for over, line, under in zip(lines, lines[1:], lines[2:], strict=False):
        if is_heading(line, under):
            page.begin(line, under[0] + ("^" if is_rule(over) else ""))
        elif not is_rule(line):
            page.read(line)
    for section in page.sections:
        section.prose = [one for one in section.prose if re.search(r"\w", one) and not one.startswith("Source code:")]
    return page.sections


@dataclass(slots=True)
class Page:
    """A page in reStructuredText that is read line by line; *styles* are the marks under its headings, the highest first."""

    sections: list[Section] = field(default_factory=list)
    styles: list[str] = field(default_factory=list)
    block: list[str] = field(default_factory=list)
    skipping: bool = False
    literal: bool = False

    def begin(self, title: str, style: str) -> None:
        """Begin a section."""
        if style not in self.styles:
            self.styles.append(style)
        self.sections.append(Section(plain(title.strip()), self.styles.index(style)))
        self.block, self.skipping, self.literal = [], False, False

    def read(self, line: str) -> None:
        """Read a line that is no heading and no rule."""
        if line.strip() and not line.startswith(" "):
            self.skipping = self.literal = False
        if line.startswith(".. "):
            self.literal = bool(re.match(r"\.\. (code-block|code|ipython|doctest|testcode|sourcecode|plot)::", line))
            self.skipping = not self.literal
        elif line.strip() and not self.skipping:
            self.block.append(line)
        elif not line.strip():
            self.close()

    def close(self) -> None:
        """Put the lines up to an empty one where they belong: to the prose or to the code of the section."""
        block, self.block = self.block, []
        if not block or not self.sections:
            return
        if block[0].lstrip().startswith(">>>") or (self.literal and all(line.startswith(" ") for line in block)):
            self.sections[-1].code += [code_line(line) for line in block if not line.strip().startswith(":")]
        elif not is_table(block):
            paragraph = " ".join(line.strip() for line in block)
            self.literal = paragraph.endswith("::")
            self.sections[-1].prose.append(plain(re.sub(r"\s*::$", ":", paragraph)))


def is_rule(line: str) -> bool:
    """Return whether a line is one punctuation mark, over and over."""
    return bool(re.fullmatch(r"([=\-~^*#\"'+`.])\1{2,}\s*", line))


def is_heading(line: str, under: str) -> bool:
    """Return whether a line is underlined."""
    return bool(line.strip()) and not is_rule(line) and is_rule(under) and len(under.rstrip()) >= len(line.rstrip()) - 2


def is_table(block: list[str]) -> bool:
    """Return whether these lines are a table, a field list or a substitution: nothing that is read as prose."""
    return any(re.match(r"\s*(\+-|\||=+ =+|-{4})", line) for line in block) or block[0].lstrip().startswith(("{{", ":orphan", ".. "))


def code_line(line: str) -> str:
    """Return a line of code without a prompt."""
    return re.sub(r"^\s*(>>>|\.\.\.) ?", "", line) if re.match(r"\s*(>>>|\.\.\.)", line) else line.strip()


def plain(text: str) -> str:
    """Return text without the marks of reStructuredText."""
    text = re.sub(r"^[*-] |^#\. ", "", text.replace(":pep:`", "PEP :pep:`"))
    text = re.sub(r":[a-zA-Z:+]+:`!?([^`<]*?)\s*(<[^`]*>)?`", lambda found: found[1].rpartition("~")[2], text)
    text = re.sub(r"`([^`<]*?)\s*<[^`]*>`_{0,2}", r"\1", text)
    text = re.sub(r"`{1,2}~?([^`]*)`{1,2}_{0,2}", r"\1", text)
    text = re.sub(r"\*{1,2}(\S[^*]*?)\*{1,2}", r"\1", text)
    text = re.sub(r"\[#?[\w-]*\]_", "", text)
    return re.sub(r"\s+", " ", text.replace("\\ ", "").replace("\\", "")).strip()


def gallery_page(text: str) -> tuple[list[Section], Document] | None:
    """Return the sections of an example of a Sphinx gallery: a docstring, and comments after `# %%`; and the tags it states."""
    try:
        story = ast.get_docstring(ast.parse(text))
    except SyntaxError:
        return None
    if not story:
        return None
    rest = text.split('"""', 2)[-1]
    skills: list[str] = []
    level = None
    pages = [story]
    code: list[str] = []
    for cell in re.split(r"^(?:# ?%%|#{20,}).*$", rest, flags=re.MULTILINE):
        comment, body = leading_comment(cell)
        tags = re.search(r"\.\. tags::(.*?)(?=\n\.\. |\Z)", comment, re.DOTALL)
        if tags:
            stated = [tag.strip() for tag in re.split(r"[,\n]", tags[1]) if ":" in tag]
            skills += [tag.partition(":")[2].strip() for tag in stated if not tag.startswith(("level:", "internal:"))]
            level = next((tag.partition(":")[2].strip() for tag in stated if tag.startswith("level:")), level)
            comment = comment[: tags.start()]
        comment = comment.partition(".. admonition:: References")[0]
        pages.append(comment)
        code.append(body)
    sections = rst_sections("\n\n".join(pages))
    if not sections:
        return None
    sections[0].code = [
        line for block in code for line in block.splitlines() if line.strip() and not re.match(r"\s*(#|import |from )", line)
    ]
    return sections, Document("", "", "", skills=tuple(dict.fromkeys(skills)), level=level)


def leading_comment(cell: str) -> tuple[str, str]:
    """Return the comment a cell begins with, without its marks, and the code after it."""
    lines = cell.strip("\n").splitlines()
    count = next((number for number, line in enumerate(lines) if not line.startswith("#")), len(lines))
    return "\n".join(re.sub(r"^# ?", "", line) for line in lines[:count]), "\n".join(lines[count:])


def notebook_page(notebook: dict[str, Any]) -> list[Section]:
    """Return the sections of a notebook, by its Markdown headings."""
    sections: list[Section] = []
    for cell in notebook["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "code" and sections:
            sections[-1].code += [line for line in source.splitlines() if line.strip() and not re.match(r"\s*(#|%|import |from )", line)]
        if cell["cell_type"] != "markdown":
            continue
        for paragraph in re.split(r"\n\s*\n|\n(?=#)|(?<=\n)(?=#)", source):
            heading = re.match(r"(#+)\s*(.+)", paragraph.strip())
            if heading:
                sections.append(Section(plain(heading[2]), len(heading[1]) - 1))
                paragraph = paragraph.strip()[heading.end() :]  # noqa: PLW2901 - what is left of it
            if sections and re.search(r"\w", paragraph):
                sections[-1].prose.append(plain(re.sub(r"\[([^]]*)\]\([^)]*\)|<[^>]+>|\$[^$]*\$", r"\1", paragraph)))
    return sections


def our_lessons() -> Iterator[Document]:
    """Yield the lessons of this repository; their metadata states skills and level."""
    for path in sorted((ROOT / "lessons").rglob("*.ipynb")):
        notebook = json.loads(path.read_text("utf-8"))
        about = notebook["metadata"]["hornbook"]
        where = path.relative_to(ROOT).with_suffix("").as_posix().removeprefix("lessons/")
        skills = tuple(skill["name"] for skill in about.get("skills", ()))
        stated = Document(
            f"hornbook/{where}", f"hornbook: {path.relative_to(ROOT).as_posix()}", "", skills=skills, level=about.get("level")
        )
        yield replace(bounded(stated, notebook_page(notebook)), title=about["title"])


def synopses_of(documents: Iterable[Document], plan: dict[str, Any], folder: Path) -> Iterator[tuple[str, str]]:
    """Yield the documents whose source describes them in one sentence that does not stand in the document, with that sentence."""
    for source in plan["source"]:
        root = fetch(source, folder)
        for document in documents:
            name, _, where = document.source.partition(": ")
            if name != source["name"] or "#" in document.id:
                continue
            stated = re.search(r"^\s+:synopsis:(.+(?:\n {4,}[^:\s].*)*)$", (root / where).read_text("utf-8"), re.MULTILINE)
            sentence = plain(stated[1]) if stated else ""
            indexed = f"{document.title} {document.text}".lower()
            if sentence and sentence.rstrip(".").lower() not in indexed:
                yield document.id, sentence


if __name__ == "__main__":
    main(Path(sys.argv[1]))
