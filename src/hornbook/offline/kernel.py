"""`%load_ext hornbook` in a kernel of JupyterLite's: an exercise is checked as soon as its cell has run, by a Python beside this one.

    %check                    check the exercise of this cell, or all; `%check mean` the exercise mean
    %hint                     show the next hint; `%hint mean` the same for the exercise mean
    %config Hornbook          what can be set, and how

There is no fork and no other process here, but a browser has workers. So what checks is what checks on a lesson's page: the whole notebook,
from top to bottom, in a Python of its own, which is ended where it hangs. This kernel is never asked, and its variables stay as they are.
"""

from __future__ import annotations

import asyncio
import functools
import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from IPython.core.magic import Magics, line_magic, magics_class
from IPython.display import display
from traitlets import Bool, Unicode
from traitlets.config import Configurable

from hornbook.card import Card
from hornbook.course import Course
from hornbook.errors import HornbookError
from hornbook.lesson import Lesson, SubmissionFile
from hornbook.words import nearest, say, speaking

HOME = Path("/hornbook")

CHANNEL = "hornbook"
"""Where a kernel asks the pages for the notebook that it runs, as `lab.js` knows it."""

PATIENCE = 3.0
"""How long a page may take to answer, in seconds."""


class Hornbook(Configurable):
    """What a learner can set: `%config Hornbook.check_on_run = False`."""

    check_on_run = Bool(default_value=True, help="Check an exercise as soon as its cell has run; without it, %check does.").tag(config=True)
    language = Unicode("", help='The language of the answers, such as "de"; that of the site where it is empty.').tag(config=True)
    lesson = Unicode("", help="The slug of the lesson; found from the notebook where it is empty.").tag(config=True)


class Extension:
    """What `%load_ext hornbook` puts into *shell*; *site* says where everything is, from the address *root* on."""

    def __init__(self, shell: Any, site: dict[str, Any], root: str) -> None:
        self.shell = shell
        self.kernel = shell.kernel
        self.site = site
        self.root = root
        self.settings = Hornbook(parent=shell)
        self.standing: SubmissionFile | None = None
        self.asked: list[str | None] = []
        self.answers: dict[str | None, dict[str, Any]] = {}
        self.hints: dict[str, int] = {}
        self.done: list[str] = []
        self.last: str | None = None
        self.course: Course | None = None
        self.python: Any = None
        self.beginning: asyncio.Task[Any] | None = None

    # What the learner does.

    def load(self) -> None:
        """Put everything in place, say what does not run here, and let Python begin meanwhile."""
        self.shell.configurables.append(self.settings)
        self.shell.register_magics(Checks(self.shell, self))
        # The kernel's own `run` is a coroutine that the page waits for: what it shows before it ends stands below the cell.
        self.kernel.run = functools.partial(self.run, self.kernel.run)
        if needs := self.site["needs"].get(self.folder()):
            self.say(say("offline.lab-needs", names=", ".join(needs)))
            return
        self.beginning = asyncio.ensure_future(self.begin())

    def unload(self) -> None:
        """Take everything out of the shell, and end the Python that checks."""
        del self.kernel.run
        self.shell.configurables[:] = [one for one in self.shell.configurables if one is not self.settings]
        for name in ("check", "hint"):
            self.shell.magics_manager.magics["line"].pop(name, None)
        if self.python is not None:
            self.python.stop()

    async def run(self, run: Any, code: str) -> Any:
        """Run *code* as the kernel does by *run*, then do what there is to do after a cell."""
        parent = self.kernel._parent_header  # noqa: SLF001 - the kernel has no other word for it
        self.asked.clear()
        result = await run(code)
        # The cell may have begun the extension anew, or ended it.
        for one in _loaded:
            await one.after(code, parent)
        return result

    async def after(self, code: str, parent: Any) -> None:
        """Answer what *code*, whose message *parent* was, has asked for, or check the exercise that it is."""
        cell = parent["metadata"].get("cellId")
        if isinstance(cell, str):
            self.standing = await self.notebook(cell, code) or self.standing
        with speaking(self.language()):
            try:
                for exercise in self.wanted(cell):
                    await self.check(exercise, parent)
            except HornbookError as error:
                self.say(str(error))

    def wanted(self, cell: object) -> list[str | None]:
        """Return the exercises to check now, None for all: what was asked for, or that of *cell* if something is written in it."""
        if not self.asked and not (self.settings.check_on_run and isinstance(cell, str)):
            return []
        try:
            lesson = self.lesson()
        except HornbookError:
            # Not every notebook is a lesson; who asks for a check is told why.
            if not self.asked:
                return []
            raise
        file = self.file(lesson)
        answered = file.submission(lesson)
        of_cell = [exercise for exercise, places in answered.cells.items() if any(file.cells[place].id == cell for place in places)]
        if not self.asked:
            return [exercise for exercise in of_cell if answered.attempted(lesson, exercise)]
        wanted: dict[str | None, None] = {}
        for exercise in self.asked:
            if exercise is None:
                names: list[str | None] = [*of_cell] if of_cell else [None]
                wanted |= dict.fromkeys(names)
            elif exercise in lesson.exercises:
                wanted[exercise] = None
            else:
                self.say(say("notebook.no-exercise", exercise=exercise, exercises=", ".join(lesson.exercises)))
        return list(wanted)

    async def check(self, exercise: str | None, parent: Any) -> None:
        """Show what the visible checks of *exercise*, or all, have to say, below the cell whose message *parent* is."""
        self.last = exercise
        lesson, language = self.lesson(), self.language()
        title = exercise or lesson.title
        shown = display(drawn(Card.saying(title, say("offline.checking"), language=language)), raw=True, display_id=True)
        question = {
            "slug": lesson.slug,
            "notebook": self.file(lesson).to_json().decode(),
            "exercise": exercise,
            "language": language,
            "done": self.done,
            "drawn": True,
        }
        try:
            answer = await self.answer(question)
        except Exception as error:  # noqa: BLE001 - whatever a browser may say when a Python cannot begin
            card = Card.saying(title, say("offline.cannot-begin", problem=error), language=language)
            answer = {"card": card.to_json(), "drawn": drawn(card), "done": self.done}
        # Meanwhile the page may have asked for something else, such as completions.
        self.kernel._parent_header = parent  # noqa: SLF001 - the same
        self.done, self.answers[exercise] = answer["done"], answer["card"]
        shown.update(answer["drawn"], raw=True)

    def hint(self, exercise: str | None) -> None:
        """Show the next hint for *exercise*, by default for what was checked last."""
        card = self.answers.get(exercise or self.last)
        if card is None:
            self.say(say("notebook.no-hint-yet"))
            return
        rows = [row for part in card["sections"] for row in (*part["rows"], *(row for fold in part["folds"] for row in fold["rows"]))]
        for row in rows:
            number = max(row["open"], self.hints.get(row["id"], 0))
            if number < len(row["hints"]):
                self.hints[row["id"]] = number + 1
                self.say(say("notebook.hint", number=number + 1, total=len(row["hints"]), hint=row["hints"][number]))
                return
        self.say(say("notebook.no-more-hints"))

    # How it is found out.

    def language(self) -> str:
        """Return the language that is spoken here: the learner's choice, or the site's."""
        return nearest(str(self.settings.language) or str(self.site["language"]))

    def folder(self) -> str:
        """Return the name of the folder that the notebook lies in, which is that of its lesson."""
        return Path.cwd().name

    def lesson(self) -> Lesson:
        """Return the lesson that this notebook is; raise HornbookError where none can be told, or where it does not run here."""
        if self.course is None:
            packed = HOME / "course.zip"
            HOME.mkdir(exist_ok=True)
            packed.write_bytes(fetched(self.root + self.site["course"]))
            with ZipFile(packed) as archive:
                archive.extractall(HOME / "course")
            self.course = Course.open(HOME / "course")
        wanted = str(self.settings.lesson) or self.folder()
        if needs := self.site["needs"].get(wanted):
            raise HornbookError(say("offline.lab-needs", names=", ".join(needs)))
        if wanted in self.course.slugs or self.settings.lesson:
            return self.course.lesson(wanted)
        return (self.standing or SubmissionFile(Path(f"{wanted}.ipynb"), "", ())).match(self.course.lessons)

    def file(self, lesson: Lesson) -> SubmissionFile:
        """Return the notebook as it stood when a cell was run last."""
        if self.standing is None:
            return SubmissionFile.parse(json.dumps(lesson.to_notebook()).encode(), Path(f"{lesson.slug}.ipynb"))
        return replace(self.standing, path=Path(f"{lesson.slug}.ipynb"))

    async def notebook(self, cell: str, code: str) -> SubmissionFile | None:
        """Return the notebook of *cell*, where *code* was run, as its page has it now; None where no page answers, or with what is none."""
        import js  # noqa: PLC0415 - only a browser has it
        from pyodide.ffi import create_proxy, to_js  # noqa: PLC0415

        heard: asyncio.Future[str] = asyncio.get_running_loop().create_future()

        def listen(event: Any) -> None:
            if not heard.done() and getattr(event.data, "cell", None) == cell and hasattr(event.data, "notebook"):
                heard.set_result(str(event.data.notebook))

        channel, listener = js.BroadcastChannel.new(CHANNEL), create_proxy(listen)
        channel.onmessage = listener
        try:
            channel.postMessage(to_js({"asked": cell}, dict_converter=js.Object.fromEntries))
            file = SubmissionFile.parse((await asyncio.wait_for(heard, PATIENCE)).encode(), Path("notebook.ipynb"))
        except (TimeoutError, HornbookError):
            return None
        finally:
            channel.close()
            listener.destroy()
        return replace(file, cells=tuple(replace(one, source=code) if one.id == cell else one for one in file.cells))

    async def begin(self) -> Any:
        """Return what asks, and the Python that checks, which has begun."""
        import js  # noqa: PLC0415 - only a browser has it
        from pyodide.code import run_js  # noqa: PLC0415
        from pyodide.ffi import to_js  # noqa: PLC0415

        asking = await run_js(f"import({json.dumps(self.root + self.site['asking'])})")
        parts = {name: self.root + self.site[name] for name in ("worker", "runtime", "engine", "course")}
        parts["wheels"] = [self.root + wheel for wheel in self.site["wheels"]]
        self.python = asking.Python.new("check", to_js(parts, dict_converter=js.Object.fromEntries), None, self.language())
        await self.python.begin()
        return asking

    async def answer(self, question: dict[str, Any]) -> dict[str, Any]:
        """Return the answer to *question*, asked of the Python that checks."""
        import js  # noqa: PLC0415 - only a browser has it
        from pyodide.ffi import create_proxy  # noqa: PLC0415

        if self.beginning is None or (self.beginning.done() and self.beginning.exception() is not None):
            self.beginning = asyncio.ensure_future(self.begin())
        asking = await self.beginning
        asked = create_proxy(lambda: js.JSON.parse(json.dumps(question)))
        heard = create_proxy(lambda _told: None)
        try:
            found = await asking.ask(self.python, asked, heard)
            answer: dict[str, Any] = json.loads(js.JSON.stringify(found))
            return answer
        finally:
            asked.destroy()
            heard.destroy()

    def say(self, sentence: str) -> None:
        """Show one sentence."""
        display(drawn(Card.saying("hornbook", sentence, language=self.language())), raw=True)


def drawn(card: Card) -> dict[str, str]:
    """Return *card* as an output shows it."""
    return {"text/plain": card.text(), "text/html": card.html()}


def fetched(address: str) -> bytes:
    """Return what is at *address*, which belongs to the site; it is waited for."""
    from js import XMLHttpRequest  # noqa: PLC0415 - only a browser has it

    request = XMLHttpRequest.new()
    request.open("GET", address, False)  # noqa: FBT003 - a browser's own call: not later, but now
    request.responseType = "arraybuffer"
    request.send()
    data: bytes = request.response.to_bytes()
    return data


@magics_class
class Checks(Magics):
    """`%check` and `%hint`."""

    def __init__(self, shell: Any, extension: Extension) -> None:
        super().__init__(shell)
        self.extension = extension

    @line_magic
    def check(self, line: str) -> None:
        """Check an exercise once this cell has run: `%check mean`; without a name that of this cell, or else all."""
        self.extension.asked.append(line.strip() or None)

    @line_magic
    def hint(self, line: str) -> None:
        """Show the next hint: `%hint mean`; without a name for what was checked last."""
        with speaking(self.extension.language()):
            self.extension.hint(line.strip() or None)


_loaded: list[Extension] = []
"""The extension, if it is loaded: there is one shell in a kernel."""


def load(shell: Any) -> None:
    """Put the extension into *shell*, anew if it is there already."""
    import js  # noqa: PLC0415 - only a browser has it

    unload()
    site = json.loads(Path(__file__).with_name("site.json").read_text("utf-8"))
    root = str(js.location.href).split("/extensions/")[0] + "/"
    extension = Extension(shell, site, root)
    _loaded.append(extension)
    with speaking(extension.language()):
        extension.load()


def unload(_shell: Any = None) -> None:
    """Take the extension out of the shell, if it is there."""
    while _loaded:
        _loaded.pop().unload()
