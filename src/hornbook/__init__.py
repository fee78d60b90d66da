"""Auto-graded micro-lessons for Jupyter: executed in a sandbox, judged by pytest in a trusted process.

    from hornbook import Course, grade
    verdict = grade(Path("work.ipynb"), Course.find(Path("graders")))

Names are imported when they are first used, so that `import hornbook` costs next to nothing.
"""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hornbook.catalog import find as find
    from hornbook.catalog import related as related
    from hornbook.course import Course as Course
    from hornbook.errors import HornbookError as HornbookError
    from hornbook.grading import check as check
    from hornbook.grading import grade as grade
    from hornbook.lesson import Lesson as Lesson
    from hornbook.lesson import Submission as Submission
    from hornbook.model import Hint as Hint
    from hornbook.model import Outcome as Outcome
    from hornbook.model import Verdict as Verdict
    from hornbook.publish import Artifact as Artifact
    from hornbook.publish import Credential as Credential
    from hornbook.publish import publish as publish
    from hornbook.publish import verify as verify

__version__ = "0.1.0"

_HOMES = {
    "Artifact": "publish",
    "Course": "course",
    "Credential": "publish",
    "Hint": "model",
    "HornbookError": "errors",
    "Lesson": "lesson",
    "Outcome": "model",
    "Submission": "lesson",
    "Verdict": "model",
    "check": "grading",
    "find": "catalog",
    "grade": "grading",
    "publish": "publish",
    "related": "catalog",
    "verify": "publish",
}

__all__ = [
    "Artifact",
    "Course",
    "Credential",
    "Hint",
    "HornbookError",
    "Lesson",
    "Outcome",
    "Submission",
    "Verdict",
    "check",
    "find",
    "grade",
    "publish",
    "related",
    "verify",
]


def __getattr__(name: str) -> Any:
    """Import *name* from the module it lives in (PEP 562)."""
    try:
        home = _HOMES[name]
    except KeyError:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from None
    value = getattr(importlib.import_module(f"hornbook.{home}"), name)
    # Without this, importing the package `hornbook.grading` would leave the module under the function's name.
    globals()[name] = value
    return value


def load_ipython_extension(shell: Any) -> None:
    """Give *shell* checks that are asked where the learner works: `%load_ext hornbook`."""
    if sys.platform == "emscripten":
        from hornbook.offline import kernel  # noqa: PLC0415 - kept out of `import hornbook`

        kernel.load(shell)
        return
    if sys.platform != "linux":
        from hornbook.words import say  # noqa: PLC0415 - kept out of `import hornbook`

        print(say("notebook.needs-linux"))  # noqa: T201 - there is nothing else to show it with
        return
    from hornbook import notebook  # noqa: PLC0415 - kept out of `import hornbook`

    notebook.load(shell)


def unload_ipython_extension(shell: Any) -> None:
    """Take from *shell* what `load_ipython_extension` has given it."""
    for name in ("hornbook.notebook", "hornbook.offline.kernel"):
        if name in sys.modules:
            sys.modules[name].unload(shell)


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    """Tell Jupyter where the built JupyterLab side is, for whoever works on it."""
    return [{"src": "labextension", "dest": "hornbook"}]


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    """Tell Jupyter's server which module is its extension; it is imported there only."""
    return [{"module": "hornbook.server"}]


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
