"""What an author asks for, in a process of its own: the proofs of a lesson, and a check made of an example.

    python -P -m hornbook.server.author doctor COURSE SLUG
    python -P -m hornbook.server.author example COURSE SLUG EXERCISE EXPRESSION

Each line on the standard output is one JSON value: `{"label": ...}` on the way, and at the end `{"result": ...}` or `{"refused": ...}`.
The server has threads, so it forks nothing itself; and whoever cancels ends this process with all of its children.
"""

from __future__ import annotations

import ast
import builtins
import contextlib
import io
import json
import math
import sys
import time
import tokenize
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hornbook.course import Course
from hornbook.errors import HornbookError, printable
from hornbook.lesson import ProgramCell, fill, program, read_solution

if TYPE_CHECKING:
    from hornbook.doctor import Diagnosis
    from hornbook.lesson import Lesson

MOST_EXAMPLE = 2_000
"""How many characters an example, and the literal of what it gives, may have."""

SECONDS = 10.0
RESULT = "hornbook_example"
SCALARS = (type(None), bool, int, str, bytes)


class NoExample(HornbookError):  # noqa: N818 - an answer, not an accident
    """No check can be made of this example; the sentence says why."""


def doctored(diagnosis: Diagnosis) -> dict[str, Any]:
    """Return what a client sees of *diagnosis*: each proof with what stands against it, and the mistakes that no check notices."""
    proofs = [
        {"name": proof.what, "holds": proof.held, "problem": " ".join(map(str, proof.problems)) or ("" if proof.tried else proof.detail)}
        for proof in diagnosis.all_proofs
    ]
    found = [lesson.mutation for lesson in diagnosis.lessons if lesson.mutation is not None]
    survivors = []
    for survivor in (one for mutation in found for one in mutation.survivors):
        lines = survivor.diff.splitlines()
        was = next((line[1:].strip() for line in lines if line.startswith("-") and not line.startswith("---")), "")
        becomes = next((line[1:].strip() for line in lines if line.startswith("+") and not line.startswith("+++")), "")
        survivors.append({"exercise": survivor.exercise, "line": was, "becomes": becomes})
    return {"proofs": proofs, "survivors": survivors, "score": found[0].score if found else None}


def check_for(course: Course, lesson: Lesson, exercise: str, example: str) -> dict[str, str]:
    """Return the text of a check that asks what *example* gives with the reference solution, and the grader that it belongs in.

    Raises NoExample where *example* is no expression, raises, or gives what no literal says exactly.
    """
    expression = parsed(example)
    value = literal(evaluated(course, lesson, exercise, expression))
    said = ast.unparse(expression)
    grader = course.grader(lesson.slug)
    taken = {node.name for node in ast.walk(ast.parse(grader.read_bytes())) if isinstance(node, ast.FunctionDef)}
    stem = f"test_{exercise.replace('-', '_')}_example"
    name = next(name for number in range(1, len(taken) + 2) if (name := stem if number == 1 else f"{stem}_{number}") not in taken)
    asking = _Asking(expression)
    left = asking.visit(expression.body)
    if not asking.asked:
        raise NoExample("This asks for nothing of the exercise's, so every answer would pass.")
    how = ast.Is() if value in {"None", "True", "False"} else ast.Eq()
    compared = ast.unparse(ast.Compare(left, [how], [ast.parse(value, mode="eval").body]))
    sentence = _in_docstring(f"{said} gives {value}")
    text = (
        f'@pytest.mark.exercise("{exercise}", points=1)\n'
        f"def {name}(submission):\n"
        f'    """{sentence}"""\n'
        f"    assert {_double_quoted(compared)}\n"
    )
    return {"check": text, "file": grader.relative_to(course.root).as_posix()}


def parsed(example: str) -> ast.Expression:
    """Return *example* as an expression that stands by itself; raise NoExample where it is none."""
    if len(example) > MOST_EXAMPLE:
        raise NoExample(f"An example has at most {MOST_EXAMPLE} characters.")
    try:
        tree = ast.parse(example.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise NoExample(f"This is not one Python expression: {getattr(error, 'msg', None) or error}.") from error
    if any(isinstance(node, ast.Await | ast.Yield | ast.YieldFrom | ast.NamedExpr) for node in ast.walk(tree)):
        raise NoExample("An example asks for a value; it does not await, yield or assign.")
    return tree


def evaluated(course: Course, lesson: Lesson, exercise: str, expression: ast.Expression) -> object:
    """Return what *expression* gives after *exercise* in a sandbox in which the reference solution was run."""
    from hornbook import wire  # noqa: PLC0415 - with the sandbox
    from hornbook.grading.preparation import files_for, policy_for  # noqa: PLC0415
    from hornbook.sandbox.canary import strongest  # noqa: PLC0415
    from hornbook.sandbox.execute import Executor, Job  # noqa: PLC0415
    from hornbook.sandbox.probe import CheckEnded, Conversation, LearnerError, Probe  # noqa: PLC0415

    cells = program(lesson, fill(lesson, read_solution(course.solution(lesson.slug))))
    last = max(place for place, cell in enumerate(cells) if cell.exercise == exercise)
    asked = ProgramCell(f"{RESULT} = ({ast.unparse(expression)})", RESULT, cells[last].index, last_of_exercise=True)
    limits = course.settings.limits
    with Executor(policy_for(course, lesson, strongest().mode), files=files_for(lesson)) as executor:
        finished = executor.run(Job((*cells[: last + 1], asked), limits))
        told = finished.shown[RESULT]
        if told.error is not None:
            raise NoExample(f"With the reference solution this raises {printable(told.error)}.")
        child = finished.snapshots[RESULT].check(int(SECONDS)) if RESULT in finished.snapshots else None
        if child is None:
            raise NoExample("With the reference solution this does not come to an end within the course's limits.")
        try:
            line = Conversation(
                child.line,
                limits=wire.Limits(bytes=limits.wire_kb * 1024),
                deadline=time.monotonic() + SECONDS,
                how_it_ended=child.end,
            )
            return getattr(Probe(line, finished.shown, lambda _: Probe(line, finished.shown, _no_other)), RESULT)
        except (CheckEnded, LearnerError) as error:
            raise NoExample(f"What this gives cannot be read: {printable(str(error))}") from error
        finally:
            child.end()


def _no_other(_: dict[str, Any]) -> Any:
    raise NoExample("An example is asked of one run.")


def literal(value: object) -> str:
    """Return the literal that says *value* exactly, with the exact types in it; raise NoExample where there is none."""
    if not _has_literal(value):
        kind = type(value).__name__
        raise NoExample(f"What this gives ({kind}) has no exact literal. Ask for a part of it that is a number, a text or a list of them.")
    text = repr(value)
    if len(text) > MOST_EXAMPLE:
        raise NoExample("What this gives is too long to stand in a check. Ask for a part of it, or for its length.")
    return text


def _has_literal(value: object) -> bool:
    if type(value) is float:
        return math.isfinite(value)
    if type(value) is list or type(value) is tuple or type(value) is set:
        # The empty set is written as a call, not as a literal.
        return (bool(value) or type(value) is not set) and all(map(_has_literal, value))
    if type(value) is dict:
        return all(_has_literal(key) and _has_literal(one) for key, one in value.items())
    return type(value) in SCALARS


def _double_quoted(text: str) -> str:
    """Return an expression with the quotes of this house, where that needs no escape."""
    pieces = []
    end = 0
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.STRING and token.string.startswith("'") and not set('"\\') & set(token.string):
            start, stop = token.start[1], token.end[1]
            pieces += [text[end:start], f'"{token.string[1:-1]}"']
            end = stop
    return "".join([*pieces, text[end:]])


def _in_docstring(text: str) -> str:
    text = text.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    return f'{text[:-1]}\\"' if text.endswith('"') else text


class _Asking(ast.NodeTransformer):
    """Has an expression ask the submission for whatever it does not define itself and Python does not have."""

    def __init__(self, expression: ast.Expression) -> None:
        nodes = list(ast.walk(expression))
        self.own = {node.id for node in nodes if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)}
        self.own |= {node.arg for node in nodes if isinstance(node, ast.arg)}
        self.asked = False

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if node.id in self.own or hasattr(builtins, node.id):
            return node
        self.asked = True
        return ast.Attribute(ast.Name("submission", ast.Load()), node.id, ast.Load())


def main(arguments: list[str]) -> None:
    """Do what *arguments* say."""
    said = sys.stdout

    def tell(**what: object) -> None:
        print(json.dumps(what), file=said, flush=True)

    # Whatever a grader or a solution prints is not ours to say.
    with contextlib.redirect_stdout(sys.stderr):
        try:
            match arguments:
                case ["doctor", folder, slug]:
                    from hornbook.doctor import diagnose  # noqa: PLC0415 - heavy

                    found = diagnose(Course.open(Path(folder)), [slug], mutants=True, tell=lambda label: tell(label=label))
                    tell(result=doctored(found))
                case ["example", folder, slug, exercise, example]:
                    course = Course.open(Path(folder))
                    tell(result=check_for(course, course.lesson(slug), exercise, example))
                case _:
                    tell(refused="Nobody has said what to do.", kind="HornbookError")
        except HornbookError as error:
            tell(refused=str(error), kind=type(error).__name__)


if __name__ == "__main__":
    main(sys.argv[1:])
