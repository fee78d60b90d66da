"""Reads otter's notebooks: the source of `otter assign`, and what it or an instructor hands out, with the tests that belong to it.

    read(path, beside, name) -> Notebook        its cells by role, in order, each case of its tests as a cell of its own

`beside` is what lies with the notebook: its test files as texts, the seed of its autograder. Nothing of either is run.

Source: https://otter-grader.readthedocs.io/en/latest/otter_assign/notebook_format.html and .../test_files/index.html
"""

from __future__ import annotations

import ast
import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, Literal

from hornbook.errors import printable
from hornbook.exchange.cells import Code, python
from hornbook.exchange.material import Cell, Note, Notebook, load
from hornbook.exchange.otter_tests import Case, NotOtters, Question, of_cell, of_function, of_source, of_spec, resolved

PROMPT: Final = "..."
ANSWER_TAGS: Final = frozenset({"otter_answer_cell", "otter_assign_solution_cell"})
TYPE_HERE: Final = "_Type your answer here, replacing this text._"

_SKIPPED: Final = ("# SOLUTION NO PROMPT", "# BEGIN PROMPT", "# END PROMPT", "# SEED")
_ASSIGNED: Final = re.compile(r"(\s*(?:[\w.]+(?=[^\w.])(?:\[['\"]?.*['\"]?\])*(?:,\s*)?)+\s*=).* ?# ?SOLUTION")
_LINE: Final = re.compile(r"(\s*).* ?# ?SOLUTION")
_BEGIN: Final = re.compile(r"(\s*)# BEGIN SOLUTION( NO PROMPT)?")
_MARK: Final = re.compile(r"\s*# ?(?:SOLUTION(?: NO PROMPT)?|SEED)\s*$")
_BOUNDARY: Final = re.compile(r"#\s+(begin|end)\s+(question|prompt|solution|tests)\b", re.IGNORECASE)
_CONFIG: Final = re.compile(r"#\s+assignment\s+config\b", re.IGNORECASE)
_V0: Final = re.compile(r"\s*(?:```\s*)?(?:BEGIN|END) (?:ASSIGNMENT|QUESTION|PROMPT|SOLUTION|TESTS)\b")
_IGNORED: Final = re.compile(r"(##\s*ignore\s*##|#\s*ignore\b)", re.IGNORECASE)
_OWN_TEXTS: Final = re.compile(
    r"\s*(?:## Submission\s+Make sure you have run all cells|(?:---\s+)?To double-check your work, the cell below will rerun)"
)


@dataclass(frozen=True, slots=True)
class Beside:
    """What lies with a notebook: its test files by name of question, the autograder's seed, and the variable that the seed goes into."""

    tests: Mapping[str, str] = field(default_factory=dict)
    seed: int | None = None
    variable: str = ""


@dataclass(frozen=True, slots=True)
class _Raw:
    """A cell of the file."""

    number: int
    kind: Literal["code", "markdown", "raw"]
    source: str
    raw: Mapping[str, Any]

    @property
    def tags(self) -> frozenset[str]:
        """Its tags, and "otter_ignore" where otter's metadata says so."""
        metadata = self.raw.get("metadata") or {}
        said = metadata.get("otter")
        ignored = {"otter_ignore"} if isinstance(said, dict) and said.get("ignore") is True else set()
        tags = metadata.get("tags")
        return frozenset({*ignored, *(tag for tag in tags if isinstance(tag, str))} if isinstance(tags, list) else ignored)


def read(path: Path, beside: Beside, name: str) -> Notebook:
    """Return the notebook at *path*, called *name* in notes, and its tests; raise HornbookError where it is none of Python's."""
    raw_cells, metadata = load(path, name, "otter")
    said = metadata.pop("otter", None)
    raws = [_Raw(number, _kind(raw), str(raw.get("source", "")), raw) for number, raw in enumerate(raw_cells, 1)]
    raws = [one for raw in raws for one in _unfenced(raw)]
    if any(one.kind == "raw" and (_CONFIG.match(one.source) or _BOUNDARY.match(one.source)) for one in raws):
        reading: _Reading = _Source(name, beside)
        reading.take(raws)
    else:
        reading = _HandedOut(name, beside, said.get("tests") if isinstance(said, dict) else None)
        reading.take(raws)
    cells = reading.seeded()
    return Notebook(path, tuple(cells), metadata, tuple(reading.notes), "otter")


def _kind(raw: Mapping[str, Any]) -> Literal["code", "markdown", "raw"]:
    kind = raw["cell_type"]
    return "code" if kind == "code" else "markdown" if kind == "markdown" else "raw"


def _unfenced(raw: _Raw) -> Iterator[_Raw]:
    """Yield *raw*, or, where it is Markdown with blocks fenced as ```otter, these as raw cells and what stands around them."""
    if raw.kind != "markdown" or "```otter" not in raw.source:
        yield raw
        return
    for part in re.split(r"(^```otter\n.*?^```[ ]*$\n?)", raw.source, flags=re.MULTILINE | re.DOTALL):
        fenced = re.fullmatch(r"```otter\n(.*?)^```[ ]*\n?", part, flags=re.MULTILINE | re.DOTALL)
        if fenced is not None:
            yield _Raw(raw.number, "raw", fenced[1].strip("\n"), {})
        elif part.strip():
            yield _Raw(raw.number, "markdown", part.strip("\n"), {"metadata": raw.raw.get("metadata") or {}})


# --- Solutions -------------------------------------------------------------------------------------------------------


def blanked(source: str) -> str:
    """Return *source* as otter gives it to learners: prompts for solutions."""
    kept: list[str] = []
    inside = False
    for line in source.split("\n"):
        end = line.rstrip()
        if end.endswith(_SKIPPED) or (inside and not end.endswith("# END SOLUTION")):
            continue
        if end.endswith("# END SOLUTION"):
            inside = False
            continue
        begin = _BEGIN.match(line)
        if begin:
            inside = True
            kept += [] if begin[2] else [begin[1] + PROMPT]
            continue
        if found := _ASSIGNED.match(line):
            kept.append(f"{found[1]} {PROMPT}")
        elif found := _LINE.match(line):
            kept.append(found[1] + PROMPT)
        else:
            kept.append(line)
    return "\n".join(kept).strip("\n")


def solved(source: str) -> str:
    """Return *source* as the instructor's answer: without markers, and without what is only a prompt for learners."""
    kept: list[str] = []
    prompt = False
    for line in source.split("\n"):
        end = line.rstrip()
        if end.endswith(("# BEGIN PROMPT", "# END PROMPT")):
            prompt = end.endswith("# BEGIN PROMPT")
        elif not prompt and not _BEGIN.match(line) and not end.endswith("# END SOLUTION"):
            kept.append(_MARK.sub("", line))
    return "\n".join(kept).strip("\n")


def _without_ignored(source: str) -> str:
    """Return *source* without the lines that otter's author keeps from everybody."""
    kept: list[str] = []
    inside = False
    for line in source.split("\n"):
        end = line.rstrip()
        if end.endswith("# END IGNORE"):
            inside = False
        elif re.match(r"\s*#\s*BEGIN\s*IGNORE", line, re.IGNORECASE):
            inside = True
        elif not inside and not end.endswith("# IGNORE"):
            kept.append(line)
    return "\n".join(kept)


def stub(source: str) -> str:
    """Return what learners get where a notebook came with its answers: names and heads of functions, and a prompt for the rest."""
    try:
        tree = ast.parse(python(source)[0])
    except SyntaxError:
        return PROMPT
    kept: list[str] = []
    for node in tree.body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            kept.append(ast.unparse(node))
        elif isinstance(node, ast.FunctionDef):
            documented = node.body[:1] if ast.get_docstring(node) is not None else []
            node.body = [*documented, ast.Expr(ast.Constant(...))]
            kept.append(ast.unparse(node))
        elif isinstance(node, ast.Assign):
            node.value = ast.Constant(...)
            kept.append(ast.unparse(node))
        elif isinstance(node, ast.ClassDef):
            kept.append(f"class {node.name}:\n    {PROMPT}")
    return "\n".join(kept) or PROMPT


def _unfinished(source: str) -> bool:
    """Whether *source* has a blank for a learner to fill."""
    try:
        tree = ast.parse(python(source)[0])
    except SyntaxError:
        return PROMPT in source
    return any(isinstance(node, ast.Constant) and node.value is ... for node in ast.walk(tree)) or "YOUR CODE HERE" in source


# --- Both kinds ------------------------------------------------------------------------------------------------------


class _Reading(ABC):
    """One notebook on its way in: the cells that it makes, in order, and what there is to tell."""

    def __init__(self, name: str, beside: Beside) -> None:
        self.name = name
        self.beside = beside
        self.seed = beside.seed
        self.variable = beside.variable
        self.student: int | None = None
        self.cells: list[Cell] = []
        self.notes: list[Note] = []

    @abstractmethod
    def take(self, raws: Sequence[_Raw]) -> None:
        """Read all of the notebook's cells."""

    def note(self, kind: Literal["repaired", "changed", "left out", "for a person"], cell: int, what: str) -> None:
        self.notes.append(Note(kind, self.name, cell, what))

    def add(self, raw: _Raw, role: Any, shown: str, source: str | None = None, **more: Any) -> int:
        """Add a cell and return its number."""
        metadata = {key: value for key, value in dict(raw.raw.get("metadata") or {}).items() if key not in _NOT_KEPT}
        tags = sorted(tag for tag in raw.tags if not tag.startswith("otter_"))
        metadata = {**metadata, **({"tags": tags} if tags else {}), **more.pop("metadata", {})}
        cell_id = raw.raw.get("id")
        made = Cell(
            number=len(self.cells) + 1,
            role=role,
            kind=raw.kind,
            shown=shown,
            source=shown if source is None else source,
            id=cell_id if isinstance(cell_id, str) else None,
            metadata=metadata,
            attachments=dict(raw.raw.get("attachments") or {}),
            place=raw.number,
            **more,
        )
        self.cells.append(made)
        return made.number

    def manual(self, raw: _Raw, question: str, points: float, shown: str, source: str, *, more: bool) -> int:
        """Add an answer that a person reads; nbgrader's metadata says so, too, where it is no code."""
        grade_id = question if raw.kind == "code" or not more else f"{question}-{len(self.cells) + 1}"
        points = 0.0 if more else points
        said = {"schema_version": 3, "grade": True, "solution": True, "locked": False, "task": False}
        nbgrader = {"nbgrader": {**said, "grade_id": re.sub(r"[^\w-]", "-", grade_id, flags=re.ASCII), "points": points}}
        return self.add(
            raw,
            "manual",
            shown,
            source,
            grade_id=grade_id,
            points=points,
            more=more,
            solved=shown != source,
            metadata=nbgrader if raw.kind == "markdown" else {},
        )

    def tests(self, question: Question, after: int, place: int) -> None:
        """Add the cases of *question*, which are asked after the answer *after*; *place* is the cell of the file that asks them."""
        name = printable(question.name)
        for remark in question.remarks:
            self.note("changed", place, f"the tests of {name}: {remark}.")
        try:
            worth = resolved(question.points, question.cases)
        except NotOtters as error:
            self.note("left out", place, f"the points of {name} cannot be told: {error}")
            worth = tuple(float(case.points) if isinstance(case.points, int | float) else 0.0 for case in question.cases)
        raw = _Raw(place, "code", "", {})
        if question.helpers.strip():
            self.add(raw, "helpers", "", question.helpers, kept=False)
        together = question.all_or_nothing and len(question.cases) > 1
        for number, (case, points) in enumerate(zip(question.cases, worth, strict=True), 1):
            if together and case.hidden:
                continue
            title = f"{name}, hidden case {number}" if case.hidden else case.title or f"{name}, case {number}"
            self.case(raw, f"{question.name}_{number}", replace(case, title=title), 0.0 if together else points, after)
        if together:
            every = _together(question.cases)
            self.case(raw, f"{question.name}_all", replace(every, title=f"All cases of {name} hold"), sum(worth), after)

    def case(self, raw: _Raw, grade_id: str, case: Case, points: float, after: int) -> None:
        """Add one case."""
        hidden = case.hidden and self.variable and self.seed is not None and self.student is not None
        source = case.source
        if hidden and re.search(rf"\b{re.escape(self.variable)}\b", source):
            source = f"{self.variable} = {self.seed}\n{source}"
        self.add(
            raw,
            "tests",
            "" if case.hidden else source,
            source,
            kept=False,
            grade_id=grade_id,
            points=points,
            hidden=case.hidden,
            after=after,
            title=case.title,
            passed=case.passed,
            failed=case.failed,
            in_kernel=case.in_kernel,
            parameters={self.variable: self.seed} if hidden else {},
        )

    def seeded(self) -> list[Cell]:
        """Return the cells, numbered anew, with the autograder's seed set where otter sets it: before each cell that draws."""
        if self.seed is None or self.variable:
            return self.cells
        draws = any(re.search(r"\brandom\b", cell.source) for cell in self.cells)
        if not draws:
            return self.cells
        numpy = any(re.search(r"\b(?:numpy|np)\b", cell.source) for cell in self.cells)
        seeds = "\n".join(f'__import__("{module}").seed({self.seed})' for module in ("random", *(["numpy.random"] if numpy else [])))
        seeds = seeds.replace('__import__("numpy.random")', '__import__("numpy").random')
        made: list[Cell] = []
        numbers: dict[int, int] = {}
        for cell in self.cells:
            one = cell
            if cell.kind == "code" and cell.role in {"answer", "manual"}:
                made.append(Cell(len(made) + 1, "given", "code", seeds, seeds, place=cell.cell))
            elif cell.kind == "code" and cell.role == "given" and "random" in cell.source and not cell.source.lstrip().startswith("%%"):
                one = replace(cell, source=f"{seeds}\n{cell.source}", shown=f"{seeds}\n{cell.shown}")
            numbers[cell.number] = len(made) + 1
            made.append(replace(one, number=len(made) + 1))
        self.note(
            "changed", 0, f"the autograder's seed, {self.seed}, is set before each answer and each cell that draws, for learners, too."
        )
        return [replace(cell, after=numbers[cell.after]) if cell.after else cell for cell in made]

    def parameter(self, raw: _Raw, source: str) -> bool:
        """Add a given cell that sets the seed's variable: with the learners' seed in a cell `parameters`. Return whether it was one."""
        if not self.variable or any(cell.tag == "parameters" for cell in self.cells):
            return False
        lines = source.split("\n")
        found = next((number for number, line in enumerate(lines) if re.match(rf"{re.escape(self.variable)}\s*=\s*\d+\s*$", line)), None)
        if found is None:
            return False
        self.student = self.student if self.student is not None else int(lines[found].partition("=")[2])
        self.add(replace(raw, raw={}), "text", f"{self.variable} = {self.student}", tag="parameters")
        rest = "\n".join([*lines[:found], *lines[found + 1 :]]).strip("\n")
        if rest.strip():
            self.add(raw, "given", rest)
        return True


_NOT_KEPT: Final = frozenset({"otter", "hornbook", "tags", "deletable", "editable", "collapsed", "scrolled", "nbgrader"})


def _together(cases: Sequence[Case]) -> Case:
    """Return one case that holds where all of *cases* do, each with names of its own."""
    codes = [Code.of(case.source) for case in cases]
    bound = {name for code in codes for name in code.binds}
    apart = any(bound & code.loads for code in codes)
    if apart:
        lines = [f"def case_{number}():\n{_inside(code)}" for number, code in enumerate(codes, 1)]
        lines += [f"case_{number}()" for number in range(1, len(codes) + 1)]
    else:
        lines = [code.source for code in codes]
    in_kernel = "\n".join(case.in_kernel or case.source for case in cases) if any(case.in_kernel for case in cases) else ""
    return Case("\n".join(lines), in_kernel, hidden=any(case.hidden for case in cases))


def _inside(code: Code) -> str:
    source = ast.unparse(code.tree) if '"""' in code.source or "'''" in code.source else code.source
    return "\n".join(f"    {line}" if line.strip() else line for line in source.split("\n"))


# --- The source of otter assign --------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Block:
    """A question as its block is read: its configuration, the cells of its answers, and its cases."""

    number: int
    config: dict[str, Any]
    prompts: list[_Raw] = field(default_factory=list)
    solutions: list[_Raw] = field(default_factory=list)
    cases: list[Case] = field(default_factory=list)
    last: int = 0

    @property
    def name(self) -> str:
        """What the question is called."""
        return str(self.config.get("name", f"question-{self.number}"))


class _Source(_Reading):
    """Reads the source notebook of an assignment."""

    def __init__(self, name: str, beside: Beside) -> None:
        super().__init__(name, beside)
        self.ok_format = True
        self.everywhere = False
        self.question: _Block | None = None
        self.inner = ""

    def take(self, raws: Sequence[_Raw]) -> None:
        """Read the cells of the source notebook."""
        for raw in raws:
            if _IGNORED.match(raw.source):
                continue
            if raw.kind == "raw" and _CONFIG.match(raw.source):
                self.configure(raw)
            elif raw.kind == "raw" and (found := _BOUNDARY.match(raw.source)):
                self.boundary(raw, found[1].lower() == "begin", found[2].lower())
            else:
                self.cell(replace(raw, source=_without_ignored(raw.source)))
        if self.question is not None:
            self.note("repaired", self.question.number, f"END QUESTION is missing; {self.question.name} is taken to end here.")
            self.close()

    def configure(self, raw: _Raw) -> None:
        """Take in the configuration of the assignment."""
        config = self.yaml(raw)
        tests = config.get("tests")
        if isinstance(tests, dict):
            self.ok_format = tests.get("ok_format", True) is not False
        self.everywhere = config.get("strip_solutions_from_all_cells") is True
        seed = config.get("seed")
        generate = config.get("generate")
        if isinstance(seed, dict):
            self.seed, self.student = _seed(seed.get("autograder_value")), _seed(seed.get("student_value"))
            self.variable = _name(seed.get("variable"))
        elif _seed(seed) is not None:
            self.seed = _seed(seed)
        elif isinstance(generate, dict):
            self.seed, self.variable = _seed(generate.get("seed")), _name(generate.get("seed_variable"))
        if config.get("plugins") or (isinstance(generate, dict) and generate.get("plugins")):
            self.note("changed", raw.number, "its plugins of otter's are left out: nothing of them is run here.")
        if config.get("config_file"):
            self.note("left out", raw.number, "the rest of its configuration is in a file, which is not read. Copy it into this cell.")

    def yaml(self, raw: _Raw) -> dict[str, Any]:
        """Return the configuration in *raw*, or {} and a note where there is none that can be read."""
        import yaml  # noqa: PLC0415 - only for notebooks of otter's

        try:
            config = yaml.safe_load(raw.source)
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            line = f"line {mark.line + 1}" if mark else "it"
            self.note("left out", raw.number, f"its configuration is no YAML ({line}), so what it says is not done. Correct it.")
            return {}
        if config is not None and not isinstance(config, dict):
            self.note("left out", raw.number, "its configuration is no list of `name: value`, so what it says is not done. Correct it.")
        return config if isinstance(config, dict) else {}

    def boundary(self, raw: _Raw, begin: bool, what: str) -> None:
        """Begin or end a block."""
        if what == "question":
            if self.question is not None:
                if begin:
                    self.note("repaired", raw.number, f"END QUESTION of {self.question.name} is missing; it is taken to end here.")
                self.close()
            elif not begin:
                self.note("repaired", raw.number, "an END QUESTION too many was left out.")
            if begin:
                config = self.yaml(raw)
                if "name" not in config:
                    self.note("repaired", raw.number, f'its question has no name; it is "question-{raw.number}" here.')
                self.question = _Block(raw.number, config)
            self.inner = ""
        elif self.question is None:
            self.note("repaired", raw.number, f"a block {what.upper()} outside of a question was left out.")
        else:
            self.inner = what if begin else ""

    def cell(self, raw: _Raw) -> None:
        """Take in a cell that is no boundary."""
        block = self.question
        if block is not None and block.solutions and self.inner not in {"prompt", "solution"}:
            self.answers(block)
        if raw.kind == "markdown" and _V0.match(raw.source):
            what = "it is written in the format of otter v0. Let otter 1 to 4 assign the notebook, and import what it makes."
            self.note("left out", raw.number, what)
        elif block is None or not self.inner:
            self.outside(raw)
        elif self.inner == "tests":
            self.test(raw, block)
        else:
            (block.prompts if self.inner == "prompt" else block.solutions).append(raw)

    def outside(self, raw: _Raw) -> None:
        """Add a cell that no learner writes."""
        if raw.kind != "code":
            self.add(raw, "text", raw.source)
            return
        shown = blanked(raw.source) if self.everywhere else raw.source
        if "otter_ignore" in raw.tags:
            self.add(raw, "text", shown, tag="show")
        elif not self.parameter(raw, shown):
            self.add(raw, "given", shown, solved(raw.source) if self.everywhere else None)

    def answers(self, block: _Block) -> None:
        """Add the cells of the answers of *block* that have been read: a prompt stands for the solution that leaves nothing of itself."""
        prompts, solutions = block.prompts, block.solutions
        block.prompts, block.solutions = [], []
        pairs: list[tuple[_Raw, str, str]] = []
        left = list(prompts)
        for one in solutions:
            shown = blanked(one.source) if one.kind == "code" else ""
            full = solved(one.source) if one.kind == "code" else one.source
            same = next((prompt for prompt in left if prompt.kind == one.kind), None)
            if same is not None and not shown.strip():
                left.remove(same)
                pairs.append((same, same.source, full))
            elif one.kind == "code":
                pairs.append((one, shown, full))
            elif block.config.get("manual") is True and not prompts:
                pairs.append((replace(one, raw={}), TYPE_HERE, full))
        pairs += [(prompt, prompt.source, prompt.source) for prompt in left]
        pairs.sort(key=lambda pair: pair[0].number)
        points = block.config.get("points")
        worth = float(points) if isinstance(points, int | float) else float(sum(points)) if isinstance(points, list) else 0.0
        manual = block.config.get("manual") is True
        for raw, shown, full in pairs:
            if manual:
                block.last = self.manual(raw, block.name, worth, shown, full, more=bool(block.last))
            elif raw.kind == "code":
                block.last = self.add(raw, "answer", shown, full, grade_id=block.name, solved=shown != full)
            else:
                self.add(raw, "text", shown)

    def test(self, raw: _Raw, block: _Block) -> None:
        """Take in a test cell."""
        if raw.kind != "code":
            self.note("left out", raw.number, "it stands among tests and is no code.")
            return
        lines = raw.source.split("\n")
        config: dict[str, Any] = {"hidden": bool(re.match(r"\s*#.*\bhidden\b", lines[0], re.IGNORECASE))}
        start = 1 if config["hidden"] else 0
        if re.match(r'(?:.\s*=\s*)?"""?\s*#\s*BEGIN\s*TEST\s*CONFIG', lines[0], re.IGNORECASE):
            end = next((number for number, line in enumerate(lines) if re.match(r'"""?\s*#\s*END\s*TEST\s*CONFIG', line, re.IGNORECASE)), 0)
            config |= self.yaml(replace(raw, source="\n".join(lines[1:end])))
            start = end + 1
        source = "\n".join(lines[start:])
        try:
            case = of_cell(source, _output(raw)) if self.ok_format else of_function(source)
        except SyntaxError as error:
            self.note("left out", raw.number, f"it is not Python (line {error.lineno}: {error.msg}), so it became no case.")
            return
        except NotOtters as error:
            self.note("left out", raw.number, str(error))
            return
        messages = (("passed", config.get("success_message")), ("failed", config.get("failure_message")))
        said: dict[str, Any] = {name: " ".join(text.split()) for name, text in messages if isinstance(text, str)}
        block.cases.append(replace(case, hidden=config["hidden"] is True, points=config.get("points"), **said))

    def close(self) -> None:
        """End the question."""
        block = self.question
        self.question, self.inner = None, ""
        if block is None:
            return
        self.answers(block)
        if block.cases:
            points = block.config.get("points")
            question = Question(block.name, tuple(block.cases), points, block.config.get("all_or_nothing") is True)
            self.tests(question, block.last, block.number)


def _seed(thing: object) -> int | None:
    return thing if isinstance(thing, int) and not isinstance(thing, bool) else None


def _name(thing: object) -> str:
    return thing if isinstance(thing, str) and thing.isidentifier() else ""


def _output(raw: _Raw) -> str:
    """Return what a test cell showed when its author ran it, as otter puts it together."""
    parts = []
    for output in raw.raw.get("outputs") or []:
        text = output.get("text", "")
        parts.append(text if isinstance(text, str) else "".join(text))
        data = (output.get("data") or {}).get("text/plain", "")
        parts.append(data if isinstance(data, str) else "".join(data))
    return "".join(parts)


# --- What is handed out ----------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Entry:
    """A code cell that stays: what it has besides calls of otter's, and the questions that are asked after it."""

    raw: _Raw
    source: str
    checks: list[str]


class _HandedOut(_Reading):
    """Reads a notebook as learners get it, or as an autograder has it: with cells that check."""

    def __init__(self, name: str, beside: Beside, tests: object) -> None:
        super().__init__(name, beside)
        self.questions = self.all_tests(tests)
        self.asked: set[str] = set()
        self.graders = {"grader"}
        self.last = 0

    def all_tests(self, tests: object) -> dict[str, Question]:
        """Return the tests in the notebook's metadata, or else those of the files beside it."""
        found: dict[str, Question] = {}
        given: Mapping[str, object] = tests if isinstance(tests, dict) and tests else self.beside.tests
        for key, test in given.items():
            try:
                question = of_source(test) if isinstance(test, str) else of_spec(test)
            except NotOtters as error:
                self.note("left out", 0, f'the tests of "{printable(key)}" are left out: {error}')
                continue
            found[str(key)] = replace(question, name=question.name or str(key))
        return found

    def take(self, raws: Sequence[_Raw]) -> None:
        """Read the cells, one stretch up to a check after another."""
        tagged = any(raw.tags & ANSWER_TAGS for raw in raws)
        stretch: list[_Entry | _Raw] = []
        for raw in raws:
            if raw.kind != "code":
                if not _OWN_TEXTS.match(raw.source):
                    stretch.append(replace(raw, source=re.sub(r"<!-- (?:BEGIN|END) QUESTION -->\n*", "", raw.source)))
                continue
            source, checks = self.without_otter(raw)
            checks += _names((raw.raw.get("metadata") or {}).get("otter"))
            if source.strip() or not raw.source.strip():
                stretch.append(_Entry(raw, source, checks))
            if checks:
                self.stretch(stretch, checks, raw.number, tagged=tagged)
                stretch = []
        self.stretch(stretch, [], 0, tagged=tagged)
        for name in [name for name in self.questions if name not in self.asked]:
            self.note("changed", 0, f"no cell checks {printable(name)}, so it is asked after the answers whose names it uses.")
            self.tests(self.questions[name], 0, 0)

    def without_otter(self, raw: _Raw) -> tuple[str, list[str]]:
        """Return the source of *raw* without what calls otter, and the questions that it checks."""
        checks: list[str] = []
        try:
            tree = ast.parse(python(raw.source)[0])
        except SyntaxError:
            return raw.source, checks
        gone: list[ast.stmt] = []
        for node in tree.body:
            if isinstance(node, ast.Import | ast.ImportFrom) and _of_otter(node):
                gone.append(node)
                if _of_ok(node):
                    self.note("changed", raw.number, "it uses okpy, which came before otter; it is read as otter's.")
            elif isinstance(node, ast.Assign) and _is_notebook(node.value):
                self.graders |= {one.id for one in node.targets if isinstance(one, ast.Name)}
                gone.append(node)
            elif (called := _called(node, self.graders)) is not None:
                gone.append(node)
                if called.func.attr in {"check", "grade"} and called.args and isinstance(called.args[0], ast.Constant):  # type: ignore[attr-defined]
                    checks.append(str(called.args[0].value))
        if not gone:
            return raw.source, checks
        lines = raw.source.split("\n")
        taken = {number for node in gone for number in range(node.lineno, (node.end_lineno or node.lineno) + 1)}
        kept = "\n".join(line for number, line in enumerate(lines, 1) if number not in taken).strip("\n")
        only_comments = all(not line.strip() or line.lstrip().startswith(("#", "%pip", "!pip")) for line in kept.split("\n"))
        return "" if only_comments else kept, checks

    def stretch(self, entries: Sequence[_Entry | _Raw], checks: Sequence[str], place: int, *, tagged: bool) -> None:
        """Add the cells of a stretch that *checks* end, and their tests."""
        code = [one for one in entries if isinstance(one, _Entry)]
        answers = [one for one in code if one.raw.tags & ANSWER_TAGS] if tagged else self.guessed(code, checks)
        for entry in entries:
            raw = entry if isinstance(entry, _Raw) else entry.raw
            if isinstance(entry, _Entry) and not any(entry is one for one in answers):
                self.given(entry)
            elif isinstance(entry, _Entry) and checks:
                self.last = self.answer(entry, checks[0])
            elif raw.tags & ANSWER_TAGS and not checks:
                self.by_hand(raw, entry.source)
            elif entry.source.strip():
                self.add(raw, "text", entry.source)
        for check in checks:
            if check in self.asked:
                continue
            self.asked.add(check)
            if check in self.questions:
                self.tests(self.questions[check], self.last, place)
            else:
                self.note("left out", place, f'it checks "{printable(check)}", and there are no tests of it.')

    def given(self, entry: _Entry) -> None:
        """Add a cell that no learner writes; one that otter ignores is there to be looked at."""
        if "otter_ignore" in entry.raw.tags:
            self.add(entry.raw, "text", entry.source, tag="show")
        elif not self.parameter(entry.raw, entry.source):
            self.add(entry.raw, "given", entry.source)

    def guessed(self, code: Sequence[_Entry], checks: Sequence[str]) -> list[_Entry]:
        """Return which cells are a learner's, where no tag says so: those with blanks, or that bind what the tests ask for, or the last."""
        if not checks:
            return []
        blank = [one for one in code if _unfinished(one.source)]
        if blank:
            return blank
        cases = [case for check in checks if check in self.questions for case in self.questions[check].cases]
        wanted = {name for case in cases for name in _loads(case.source)}
        binding = [one for one in code if _binds(one.source) & wanted]
        return binding or list(code[-1:])

    def answer(self, entry: _Entry, question: str) -> int:
        """Add an answer: blank as it is, or blanked where it came with its solution."""
        shown, full = blanked(entry.source), solved(entry.source)
        if shown == full and not _unfinished(full):
            shown = stub(full)
            self.note("changed", entry.raw.number, "it came with its answer, which is the reference solution now; learners get a blank.")
        return self.add(entry.raw, "answer", shown, full, grade_id=question, solved=shown != full)

    def by_hand(self, raw: _Raw, source: str) -> None:
        """Add an answer that nothing checks: a person reads it."""
        shown, full = (blanked(source), solved(source)) if raw.kind == "code" else (source, source)
        self.manual(raw, f"answer-{raw.number}", 0.0, shown, full, more=False)
        self.note("for a person", raw.number, "what it is worth is not in the notebook. Write it into the lesson, or import the source.")


def _names(said: object) -> list[str]:
    tests = said.get("tests") if isinstance(said, dict) else None
    return [one for one in tests if isinstance(one, str)] if isinstance(tests, list) else []


def _modules(node: ast.Import | ast.ImportFrom) -> set[str]:
    names = [node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
    return {name.split(".")[0] for name in names}


def _of_otter(node: ast.Import | ast.ImportFrom) -> bool:
    return _modules(node) == {"otter"} or _of_ok(node)


def _of_ok(node: ast.Import | ast.ImportFrom) -> bool:
    return isinstance(node, ast.ImportFrom) and (node.module or "").startswith("client.api")


def _is_notebook(value: ast.expr) -> bool:
    return isinstance(value, ast.Call) and ast.unparse(value.func) in {"otter.Notebook", "Notebook"}


def _called(node: ast.stmt, graders: set[str]) -> ast.Call | None:
    """Return the call of a method of otter's notebook that *node* is, or None."""
    value = node.value if isinstance(node, ast.Expr | ast.Assign) else None
    if not isinstance(value, ast.Call) or not isinstance(value.func, ast.Attribute):
        return None
    root = value.func.value
    return value if isinstance(root, ast.Name) and root.id in graders else None


def _loads(source: str) -> frozenset[str]:
    try:
        return Code.of(source).loads
    except SyntaxError:
        return frozenset()


def _binds(source: str) -> frozenset[str]:
    try:
        return Code.of(python(source)[0]).binds
    except SyntaxError:
        return frozenset()
