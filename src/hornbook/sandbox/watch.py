"""What the cells of a shell leave behind: the figures that the last one has drawn, and its own lines of its error. Sent as text.

It looks on through IPython's events, in a sandbox's shell as in a learner's own kernel, and changes nothing that a cell sees.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

from hornbook.sandbox.figures import open_figures
from hornbook.sandbox.tracebacks import own_lines


class Watch:
    """Looks on while *shell* runs cells. Without *pictures* a figure that is displayed is kept, but not drawn."""

    def __init__(self, shell: Any, *, pictures: bool = True) -> None:
        self.shell = shell
        self.pictures = pictures
        self.figures: list[Any] = []
        self.error_lines: list[str] = []
        self.format = shell.display_formatter.format

    def begin_watching(self) -> None:
        """Look on from the next cell on."""
        for event, callback in self.callbacks():
            self.shell.events.register(event, callback)
        # `plt.show()`, which a cell may call itself, shows its figures and then forgets them, as matplotlib's own callback does.
        self.shell.display_formatter.format = self.format_and_keep

    def end_watching(self) -> None:
        """Look on no longer."""
        for event, callback in self.callbacks():
            with contextlib.suppress(ValueError):
                self.shell.events.unregister(event, callback)
        self.shell.display_formatter.format = self.format

    def callbacks(self) -> tuple[tuple[str, Callable[..., None]], ...]:
        """Return what is called at which event. matplotlib's callback, which forgets a cell's figures, is registered later."""
        return (("pre_execute", self.forget_figures), ("post_run_cell", self.keep_error), ("post_execute", self.keep_figures))

    def forget_figures(self) -> None:
        """Begin a new cell."""
        self.figures = []

    def keep_figures(self) -> None:
        """Remember the figures that this cell has drawn."""
        self.figures += [figure for figure in open_figures() if not any(figure is kept for kept in self.figures)]

    def format_and_keep(self, thing: Any, *arguments: Any, **keywords: Any) -> Any:
        """Do what IPython does for what is displayed, and remember it if it is an open figure."""
        if any(thing is figure for figure in open_figures()):
            self.keep_figures()
            if not self.pictures:
                return {"text/plain": repr(thing)}, {}
        return self.format(thing, *arguments, **keywords)

    def keep_error(self, result: Any) -> None:
        """Remember the learner's own lines of the error with which a cell ended."""
        error = result.error_before_exec or result.error_in_exec
        self.error_lines = own_lines(error) if error is not None else []
