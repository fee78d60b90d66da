"""Which lines are the learner's own, and how they are told: "line 2, in mean: return total / 0". Sent as text."""

from __future__ import annotations

import linecache
import types

TRACEBACK_LINES = 12
LINE_CHARS = 300


def own_lines(error: BaseException) -> list[str]:
    """Return the learner's own lines of a traceback, the innermost last."""
    lines = []
    step = error.__traceback__
    seen = 0
    while step is not None and seen < 100_000:  # noqa: PLR2004 - deeper than any recursion limit
        seen += 1
        if is_own(step.tb_frame.f_code):
            lines.append(own_line(step.tb_frame.f_code, step.tb_lineno))
            del lines[:-TRACEBACK_LINES]
        step = step.tb_next
    return lines


def own_line(code: types.CodeType, number: int) -> str:
    """Return the line with this *number*, with the function that it stands in."""
    where = "" if code.co_name == "<module>" else f", in {code.co_name}"
    source = linecache.getline(code.co_filename, number).strip()
    return f"line {number}{where}: {source}"[:LINE_CHARS]


def is_own(code: types.CodeType) -> bool:
    """Return whether *code* stands in a cell of a notebook."""
    return "ipykernel_" in code.co_filename or code.co_filename.startswith("<ipython-input")
