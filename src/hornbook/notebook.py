"""Checks in a learner's own notebook: `%load_ext hornbook`, and an exercise is checked as soon as its cell has run.

    %check                    check the exercise of this cell, or all that were run
    %check mean               check the exercise mean
    %hint                     show the next hint
    %config Hornbook          what can be set, and how

The kernel goes on living, and so do the learner's variables: a trusted process asks a fork of it. What comes of that is practice.
It says so, and never asks a hidden check.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Any

from IPython.core.magic import Magics, line_magic, magics_class
from IPython.display import display
from traitlets import Bool, Unicode, default
from traitlets.config import Configurable

from hornbook.card import Card, Progress, hints_shown
from hornbook.errors import HornbookError, SubmissionError
from hornbook.lesson import SubmissionFile
from hornbook.live import Desk, LiveSubmission, find_lesson
from hornbook.model import Status, Verdict
from hornbook.sandbox.live import Ran, Session
from hornbook.server import IN_THE_LAB
from hornbook.words import ENGLISH, nearest, say, speaking

if TYPE_CHECKING:
    from hornbook.widgets import CheckCard

MOST_CELLS = 500
"""How many of the cells that were run are remembered, the latest ones."""


class Hornbook(Configurable):
    """What a learner can set: `%config Hornbook.check_on_run = False`, or `c.Hornbook` in IPython's own configuration."""

    check_on_run = Bool(help="Check an exercise as soon as its cell has run; off where a Jupyter server checks.").tag(config=True)
    widgets = Bool(default_value=True, help="Draw the answer as a widget; without it, as plain HTML and text.").tag(config=True)
    course = Unicode("", help="The folder of the course; found from the notebook where it is empty.").tag(config=True)
    language = Unicode("", help='The language of the answers, such as "de"; that of the course where it is empty.').tag(config=True)
    lesson = Unicode("", help="The slug of the lesson; found from the notebook where it is empty.").tag(config=True)

    @default("check_on_run")
    def _unless_a_server_does(self) -> bool:
        return not in_the_lab()


def in_the_lab() -> bool:
    """Whether the server that has started this kernel checks by itself, and draws what comes of it below the cells."""
    return bool(os.environ.get(IN_THE_LAB))


class Extension:
    """What `%load_ext hornbook` puts into *shell*."""

    def __init__(self, shell: Any) -> None:
        self.shell = shell
        self.settings = Hornbook(parent=shell)
        self.session = Session(shell)
        self.ran: dict[object, Ran] = {}
        self.shown: dict[str | None, Shown] = {}
        self.done: set[str] = set()
        self.last: str | None = None
        self._desk: tuple[tuple[str, str], Desk] | None = None
        self._file: tuple[object, SubmissionFile] | None = None
        self._sought: tuple[str, str] | None = None
        self._asked = False

    def load(self) -> None:
        """Put everything in place, and let the grader be collected meanwhile."""
        self.session.begin_watching()
        self.shell.configurables.append(self.settings)
        self.shell.register_magics(Checks(self.shell, self))
        self.shell.events.register("post_run_cell", self.after_cell)
        atexit.register(self.unload)
        ours = weakref.ref(self)
        os.register_at_fork(after_in_child=lambda: _drop(ours()))
        self.desk_if_any()

    def unload(self) -> None:
        """Take everything out of the shell, and end the process that checks."""
        atexit.unregister(self.unload)
        self.session.end_watching()
        with contextlib.suppress(ValueError):
            self.shell.events.unregister("post_run_cell", self.after_cell)
        self.shell.configurables[:] = [one for one in self.shell.configurables if one is not self.settings]
        for name in ("check", "hint"):
            self.shell.magics_manager.magics["line"].pop(name, None)
        self.leave_desk()

    # What the learner does.

    def after_cell(self, result: Any) -> None:
        """Remember the cell that has just ended, and check its exercise, unless somebody has said otherwise."""
        cell = self.session.finish(result)
        asked, self._asked = self._asked, False
        if result.info.silent:
            return
        self.remember(cell)
        desk = self.desk_if_any()
        work = None if desk is None else self.work(desk)
        exercises = [] if work is None else work.exercises_of(cell)
        if not exercises:
            # Nobody will ask for what it has drawn, and figures are large.
            cell.figures = []
        if desk is None or work is None or asked or not self.settings.check_on_run:
            return
        with speaking(self.language()):
            for exercise in exercises:
                if work.submission.attempted(desk.lesson, exercise):
                    self.show(desk, work, exercise)

    def check(self, exercise: str | None) -> None:
        """Check *exercise*, by default that of the running cell or else all, and show what comes of it."""
        self._asked = True
        try:
            desk = self.desk()
            running = self.session.running
            if running is not None:
                self.remember(running)
            work = self.work(desk)
            if exercise is not None and exercise not in desk.lesson.exercises:
                self.say(say("notebook.no-exercise", exercise=exercise, exercises=", ".join(desk.lesson.exercises)))
                return
            if exercise is None and running is not None:
                exercise = next(iter(work.exercises_of(running)), None)
            self.show(desk, work, exercise)
        except HornbookError as error:
            self.say(str(error))

    def hint(self, exercise: str | None) -> None:
        """Show the next hint for *exercise*, by default for what was checked last."""
        shown = self.shown.get(exercise or self.last)
        if shown is None:
            self.say(say("notebook.no-hint-yet"))
            return
        text = shown.next_hint()
        self.say(say("notebook.no-more-hints") if text is None else text)

    # How it is found out.

    def desk(self) -> Desk:
        """Return the desk of this notebook; raise HornbookError where it belongs to no lesson that is here."""
        wanted = (self.settings.course, self.settings.lesson)
        if self._desk is not None and self._desk[0] != wanted:
            self.leave_desk()
        if self._desk is None:
            course, lesson = find_lesson(self.file(), Path.cwd(), *wanted)
            self.session.limits = course.settings.limits
            # Where a server checks, its process is the one that is kept ready; ours starts with the first %check.
            self._desk = wanted, Desk(course, lesson) if in_the_lab() else Desk.at(course, lesson)
        return self._desk[1]

    def language(self) -> str:
        """Return the language that is spoken here: the learner's choice, or the course's, or what there are sentences in instead."""
        return nearest(str(self.settings.language) or (self._desk[1].course.settings.language if self._desk is not None else ENGLISH))

    def desk_if_any(self) -> Desk | None:
        """Return the desk, or None where there is none: not every notebook is a lesson, and who asks for a check is told why.

        Once it was not found it is looked for again when the settings are others, or when somebody asks.
        """
        wanted = (self.settings.course, self.settings.lesson)
        if self._desk is None and self._sought == wanted:
            return None
        self._sought = wanted
        try:
            return self.desk()
        except HornbookError:
            return None

    def leave_desk(self) -> None:
        """End the process that checks, if there is one."""
        if self._desk is not None:
            self._desk[1].close()
            self._desk = None

    def drop_desk(self) -> None:
        """Let go of it in a fork of this process, which has no business with it."""
        if self._desk is not None:
            self._desk[1].drop()
            self._desk = None

    def file(self) -> SubmissionFile | None:
        """Return this notebook as it lies on the disk, as far as the front end tells where; read again when it has changed."""
        told = str(self.shell.user_ns.get("__vsc_ipynb_file__") or os.environ.get("JPY_SESSION_NAME") or "")
        if not told.endswith(".ipynb"):
            return None
        try:
            status = os.stat(told)  # noqa: PTH116 - the same call as everywhere, without an object for it
            state = (told, status.st_mtime_ns, status.st_size)
            if self._file is None or self._file[0] != state:
                self._file = state, SubmissionFile.open(Path(told))
        except (OSError, SubmissionError):
            return None
        return self._file[1]

    def remember(self, cell: Ran) -> None:
        """Remember *cell* instead of what it was when it was last run."""
        key = cell.id if cell.id is not None else (cell.source,)
        self.ran.pop(key, None)
        self.ran[key] = cell
        if len(self.ran) > MOST_CELLS:
            del self.ran[next(iter(self.ran))]

    def work(self, desk: Desk) -> LiveSubmission:
        """Return the submission as it stands."""
        return LiveSubmission.of(desk.lesson, self.file(), self.ran.values())

    # How it is shown.

    def show(self, desk: Desk, work: LiveSubmission, exercise: str | None) -> None:
        """Show what the checks of *exercise*, or all, have to say."""
        shown = self.shown.setdefault(exercise, Shown(self))
        self.last = exercise
        title = exercise or desk.lesson.title
        try:
            for verdict in desk.check(self.shell, work, exercise, self.settings.language or None):
                if verdict is None:
                    shown.begin(title)
                else:
                    self.note(verdict)
                    shown.show(Card.of(verdict, exercise=exercise, progress=self.progress(desk), language=self.language()))
        except KeyboardInterrupt:
            shown.show(Card.saying(title, say("notebook.stopped"), language=self.language()))
        except HornbookError as error:
            shown.show(Card.saying(title, say("notebook.not-checked", problem=error), language=self.language()))
        except OSError as error:
            shown.show(Card.saying(title, say("notebook.no-room", problem=error.strerror), language=self.language()))

    def note(self, verdict: Verdict) -> None:
        """Note which exercises are done."""
        for exercise in {outcome.exercise for outcome in verdict.outcomes} - {None}:
            counted = [
                outcome
                for outcome in verdict.outcomes
                if outcome.exercise == exercise and outcome.status not in {Status.BROKEN, Status.SKIPPED}
            ]
            if counted and all(outcome.passed for outcome in counted):
                self.done.add(str(exercise))
            else:
                self.done.discard(str(exercise))

    def progress(self, desk: Desk) -> Progress:
        """Return how much of the lesson is done, and what comes next."""
        exercises = list(desk.lesson.exercises)
        return Progress(len(self.done & set(exercises)), len(exercises), next((one for one in exercises if one not in self.done), None))

    def say(self, sentence: str) -> None:
        """Show one sentence."""
        self.publish(Card.saying("hornbook", sentence, language=self.language()))

    def publish(self, card: Card) -> None:
        """Display *card* as it is now, without a widget."""
        display({"text/plain": card.text(), "text/html": card.html()}, raw=True)

    def has_widgets(self) -> bool:
        """Return whether somebody could draw one: a kernel's front end."""
        return bool(self.settings.widgets) and getattr(self.shell, "kernel", None) is not None


class Shown:
    """The card of one exercise, or of all: the same widget every time, so that revealed hints stay revealed."""

    def __init__(self, extension: Extension) -> None:
        self.extension = extension
        self.card: Card | None = None
        self.hints: dict[str, int] = {}
        self._widget: CheckCard | None = None
        self._handle: Any = None

    def widget(self) -> CheckCard | None:
        """Return the widget, where there can be one."""
        if not self.extension.has_widgets():
            return None
        if self._widget is None:
            from hornbook.widgets import CheckCard  # noqa: PLC0415 - slow to import, and not for a terminal

            self._widget = CheckCard()
        return self._widget

    def begin(self, title: str) -> None:
        """Show that *title* is being checked."""
        widget = self.widget()
        if widget is not None:
            widget.begin(title)
            self._handle = display(widget.mimebundle(), raw=True, display_id=True)

    def show(self, card: Card) -> None:
        """Show *card*, in the place of the last if that only said that it was coming."""
        self.card = card
        widget = self.widget()
        if widget is None:
            self.extension.publish(card)
            return
        widget.show(card)
        handle, self._handle = self._handle, None
        if handle is None:
            display(widget.mimebundle(), raw=True)
        else:
            handle.update(widget.mimebundle(), raw=True)

    def next_hint(self) -> str | None:
        """Reveal the next hint, wherever the card stands, and return it; None where all are."""
        hints = self.hints if self._widget is None else dict(self._widget.shown)
        for row in self.card.rows() if self.card is not None else ():
            number = hints_shown(row, hints)
            if number < len(row.hints):
                hints[row.id] = number + 1
                if self._widget is not None:
                    self._widget.shown = hints
                return say("notebook.hint", number=number + 1, total=len(row.hints), hint=row.hints[number])
        return None


@magics_class
class Checks(Magics):
    """`%check` and `%hint`."""

    def __init__(self, shell: Any, extension: Extension) -> None:
        super().__init__(shell)
        self.extension = extension

    @line_magic
    def check(self, line: str) -> None:
        """Check an exercise: `%check mean`; without a name that of this cell, or else all that were run."""
        with speaking(self.extension.language()):
            self.extension.check(line.strip() or None)

    @line_magic
    def hint(self, line: str) -> None:
        """Show the next hint: `%hint mean`; without a name for what was checked last."""
        with speaking(self.extension.language()):
            self.extension.hint(line.strip() or None)


_loaded: weakref.WeakKeyDictionary[Any, Extension] = weakref.WeakKeyDictionary()


def load(shell: Any) -> None:
    """Put the extension into *shell*, anew if it is there already."""
    unload(shell)
    _loaded[shell] = Extension(shell)
    _loaded[shell].load()


def unload(shell: Any) -> None:
    """Take the extension out of *shell*, if it is there."""
    extension = _loaded.pop(shell, None)
    if extension is not None:
        extension.unload()


def _drop(extension: Extension | None) -> None:
    if extension is not None:
        extension.drop_desk()
