"""`hornbook.words`: every sentence that a learner can meet, in each of our languages, and nowhere but there."""

from __future__ import annotations

import ast
import asyncio
import json
import re
import string
import subprocess
import sys
import threading
import timeit
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from babel.messages.pofile import read_po
from typer.testing import CliRunner

import hornbook
from hornbook import Course, Verdict, check, grade, words
from hornbook.cli import app
from hornbook.errors import GraderError, LessonError, SubmissionError
from hornbook.feedback import Bank
from hornbook.grading import compare
from hornbook.grading.batch import grade_all
from hornbook.grading.compare import difference, explain_exception
from hornbook.grading.examiner import Examiner
from hornbook.lesson import SubmissionFile, fill, read_lesson, read_solution
from hornbook.sandbox.execute import _in_own_loop
from hornbook.show import MARKS, headline, plain, points
from hornbook.words import compile_all, languages, nearest, read_all, say, speaking, written

if TYPE_CHECKING:
    from collections.abc import Iterator

    from babel.messages.catalog import Catalog
    from conftest import StepsCourse

SOURCE = Path(hornbook.__file__).parent


def read(language: str) -> Catalog:
    """Return a language's file as Babel reads it."""
    with (words.FOLDER / f"{language}.po").open("rb") as file:
        return read_po(file, abort_invalid=True)


def entries(language: str) -> dict[str, tuple[str, ...]]:
    """Return the sentences of a language by id, each with all its plural forms."""
    found = {}
    for entry in read(language):
        key, said = (entry.id, entry.string) if isinstance(entry.id, str) else (entry.id[0], entry.string)
        if key:
            found[key] = (said or "",) if isinstance(said, str | None) else tuple(said)
    return found


def blanks(sentence: str) -> set[str]:
    """Return the names of the blanks in a sentence; each is a plain name, without a format or a way into the value."""
    found = set()
    for _, name, form, conversion in string.Formatter().parse(sentence):
        if name is not None:
            assert re.fullmatch(r"[a-z_]+", name), sentence
            assert (form, conversion) == ("", None), sentence
            found.add(name)
    return found


CATALOGUES = {language: entries(language) for language in languages()}
ENGLISH = CATALOGUES["en"]


# --- The catalogues --------------------------------------------------------------------------------------------------


def test_there_is_english_and_one_more_language() -> None:
    """A language is a file beside the English one."""
    assert {"de", "en"} <= set(languages())


@pytest.mark.parametrize("language", languages())
def test_every_language_is_complete(language: str) -> None:
    """Ids and blanks are those of English, nothing is empty, no plural form is missing; only a form for one may lack its number."""
    catalogue, plurals = CATALOGUES[language], read(language).num_plurals
    own = {key: [blanks(form) for form in forms] for key, forms in catalogue.items()}
    wanted = {key: [blanks(form) for form in forms] for key, forms in ENGLISH.items()}

    assert catalogue.keys() ^ ENGLISH.keys() == set()
    assert [key for key, forms in catalogue.items() if not all(forms)] == []
    assert [key for key, forms in catalogue.items() if len(forms) != (1 if len(ENGLISH[key]) == 1 else plurals)] == []
    assert [key for key in own if own[key][-1] != wanted[key][-1] or not all(form in wanted[key] for form in own[key])] == []


@pytest.mark.parametrize("language", languages())
def test_every_sentence_is_kind(language: str) -> None:
    """No sentence shouts or calls anything wrong; none holds what a terminal would obey."""
    said = [form for forms in CATALOGUES[language].values() for form in forms]

    assert [form for form in said if "!" in form or not form.isprintable()] == []
    assert [form for form in said if re.search(r"\b(wrong|falsch|incorrect|inkorrekt|fehlerhaft)", form.lower())] == []


@pytest.mark.parametrize("language", languages())
def test_every_status_is_told_by_a_word_of_its_own(language: str) -> None:
    """Two statuses never look the same without their colour."""
    with speaking(language):
        told = [mark.word for mark in MARKS.values()]

    assert len(set(told)) == len(told)


# --- What the code says ----------------------------------------------------------------------------------------------

SPEAKING = (
    "lesson",
    "show",
    "live",
    "notebook",
    "grading/compare",
    "grading/outcomes",
    "grading/sitting",
    "sandbox/execute",
    "sandbox/probe",
)
"""The modules that have something to say to a learner, and nothing else but what an author reads when it is raised."""

AUTHORS = {
    "LessonError", "GraderError", "SandboxError", "WireError", "ValueError", "AttributeError",
    # Functions that word such an error, or raise it with what they are given.
    "_lesson_cell", "refuse", "self.refuse", "self.text", "self.texts",
}  # fmt: skip
NOT_SAID = {
    "is not", "not in",  # operators, as pytest writes them
    "Did you mean:",  # in a message of Python's
    "invalid syntax",  # what Python says, compared and never shown
    "no difference",  # in pytest's report, for authors
    "text or object",  # an element type, compared and never shown
    "timed out", "unknown exercise",  # words of the verdict's schema
}  # fmt: skip
TABLES = {"_LIMITS_MET", "_NEWCOMERS_MEET", "_EXCEPTIONS", "_NOT_ORDERED", "_NO_METHOD"}
"""Patterns that Python's own messages are searched for."""


def tree(module: str) -> ast.Module:
    """Return the syntax tree of one of our modules."""
    return ast.parse((SOURCE / f"{module}.py").read_text("utf-8"))


def texts(node: ast.AST) -> list[str]:
    """Return the texts in a piece of code, without docstrings."""
    documentation = {id(child.value) for child in ast.walk(node) if isinstance(child, ast.Expr)}
    constants = [child for child in ast.walk(node) if isinstance(child, ast.Constant) and id(child) not in documentation]
    return [constant.value for constant in constants if isinstance(constant.value, str)]


class Unsaid(ast.NodeTransformer):
    """Takes out of a module what no learner reads: what is raised for authors, and the patterns of messages."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        """Take out a function that words what an author's error says."""
        return ast.Pass() if node.name in AUTHORS else self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        """Take out what an author's error is made of, and what `%config` says of a setting, as `--help` does of an option."""
        node.keywords = [keyword for keyword in node.keywords if keyword.arg != "help"]
        return ast.Constant(0) if ast.unparse(node.func) in AUTHORS else self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        """Take out annotations, and the tables of patterns."""
        if ast.unparse(node.target) in TABLES or node.value is None:
            return ast.Pass()
        return self.generic_visit(ast.Assign([node.target], node.value))


@pytest.mark.parametrize("module", SPEAKING)
def test_no_sentence_stands_in_the_code(module: str) -> None:
    """Two words in a row, in a module that speaks to learners, are a sentence that would stay English."""
    said = [text for text in texts(Unsaid().visit(tree(module))) if re.search(r"[^\W\d_]{2,}[,;.:]? [^\W\d_]{2,}", text)]

    assert [text for text in said if text not in NOT_SAID] == []


def test_the_code_and_the_catalogues_have_the_same_ids() -> None:
    """No id is said that no catalogue has, and no sentence is translated for nothing."""
    groups = {key.partition(".")[0] for key in ENGLISH}
    ids = re.compile(rf"({'|'.join(groups)})(\.[a-z0-9-]+)+")
    modules = [path.relative_to(SOURCE).with_suffix("").as_posix() for path in SOURCE.rglob("*.py")]
    files = {path.name for path in SOURCE.rglob("*.*")}
    # An artifact's files are named for what they hold, and nobody says them.
    files |= {"card.png", "notebook.html", "notebook.ipynb"}
    said = {text for module in modules for text in texts(tree(module)) if ids.fullmatch(text)} - files
    short = {key for key in ENGLISH if key.startswith("compare.")}

    assert said - ENGLISH.keys() == set()
    assert ENGLISH.keys() - said - short == set()


def test_compare_says_what_the_catalogues_have() -> None:
    """compare.py leaves out what its ids begin with, and often a kind of difference is the id of its sentence.

    An id that it works out is tried by test_compare.py: `say` refuses what no catalogue has.
    """
    module = tree("grading/compare")
    calls = [node for node in ast.walk(module) if isinstance(node, ast.Call)]
    named = {
        f"compare.{text}"
        for call in calls
        if ast.unparse(call.func) in {"_say", "_say_text"}
        for text in texts(next((keyword.value for keyword in call.keywords if keyword.arg == "words"), call.args[0]))
        if not re.search("^-|-$", text)
    }
    counted = {f"compare.count.{text}" for call in calls if ast.unparse(call.func) == "_count" for text in texts(call.args[1])}
    explained = {f"compare.exception.{words}" for _, _, words in compare._EXCEPTIONS}
    written_out = set(texts(module))
    begun = tuple(text for text in written_out if text.endswith("-"))
    unused = {
        key
        for key in ENGLISH
        if key.startswith("compare.")
        and key not in written_out | explained
        and (name := re.sub(r"^compare\.(count\.|noun\.)?", "", key)) not in written_out
        and not name.startswith(begun)
    }

    assert (named | counted | explained) - {"compare.count.item-", "compare.is", "compare.is not"} - ENGLISH.keys() == set()
    assert unused == set()


def test_a_pattern_fills_the_blanks_of_its_sentence() -> None:
    """What the sentence on an exception leaves open is a group of its pattern, and a sentence with a number has its plural."""
    rows = [(key, re.compile(pattern).groupindex.keys()) for _, pattern, key in compare._EXCEPTIONS]

    for key, groups in rows:
        forms = ENGLISH[f"compare.exception.{key}"]
        assert set().union(*map(blanks, forms)) <= {*groups, "message", "name"}, key
        assert (len(forms) > 1) == ("n" in groups), key


# --- Saying it -------------------------------------------------------------------------------------------------------


def test_an_unknown_id_is_refused() -> None:
    """A sentence that nobody has written is our mistake, not a learner's riddle."""
    with pytest.raises(KeyError, match="nothing-like-it"):
        say("compare.nothing-like-it")


@pytest.mark.parametrize(
    ("tag", "language"),
    [("de", "de"), ("de-AT", "de"), ("DE_ch", "de"), ("en-GB", "en"), ("pt-BR", "en"), ("", "en"), ("../../etc/passwd", "en"), ("d", "en")],
)
def test_the_nearest_language_is_spoken(tag: str, language: str) -> None:
    """A region has the words of its language; a language that we do not speak is English; a tag is never a path."""
    assert nearest(tag) == language

    with speaking(tag):
        assert say("status.passed") == {"de": "bestanden", "en": "passed"}[language]


def test_a_language_holds_for_its_block_and_its_thread() -> None:
    """Two learners at a time do not change each other's language, and after a block it is as before."""
    heard = []
    with speaking("de"):
        with speaking("en"):
            heard.append(say("status.passed"))
        with speaking(None):
            heard.append(say("status.passed"))
        other = threading.Thread(target=lambda: heard.append(say("status.passed")))
        other.start()
        other.join()
    heard.append(say("status.passed"))

    assert heard == ["passed", "bestanden", "passed", "passed"]


def test_a_count_chooses_the_form_and_the_marks() -> None:
    """One is not many, and thousands and decimals are written as the language writes them."""
    told = []
    for language in ("en", "de"):
        with speaking(language):
            told += [say("repair.also-run", 1), say("repair.also-run", 12345), points(0.5, 2.5), points(1, 1), written("1,234.5")]

    assert told == [
        "Also run: 1 cell that you added.",
        "Also run: 12,345 cells that you added.",
        "0.5 of 2.5 points",
        "1 of 1 point",
        "1,234.5",
        "Auch ausgeführt: 1 Zelle, die du hinzugefügt hast.",
        "Auch ausgeführt: 12.345 Zellen, die du hinzugefügt hast.",
        "0,5 von 2,5 Punkten",
        "1 von 1 Punkt",
        "1.234,5",
    ]


HOSTILE = [
    ("<script>alert(1)</script>", "<script>alert(1)</script>"),
    ("\x1b[31mred", r"\x1b[31mred"),
    ("\u202egnp.exe", r"\u202egnp.exe"),
    ("{0.__class__}", "{0.__class__}"),
    ("{expected}", "{expected}"),
    ("%s %(came)s", "%s %(came)s"),
    ("two\nlines", r"two\nlines"),
    ("\udcff", r"\udcff"),
    ("[bold]x[/]", "[bold]x[/]"),
]


@pytest.mark.parametrize(("claim", "shown"), HOSTILE)
@pytest.mark.parametrize("language", languages())
def test_what_a_learner_wrote_is_only_ever_a_word(language: str, claim: str, shown: str) -> None:
    """A value or name fills its blank as text: no template, no style, nothing that a terminal or a reader's eye would obey."""
    with speaking(language):
        assert say("compare.value", came=claim, expected="4").startswith(f"{shown} ")
        assert shown in say("repair.unknown", 1, exercises=claim)


def test_a_sentence_costs_next_to_nothing() -> None:
    """A sentence is looked up in some microseconds; a language was read once."""
    read_all()

    assert min(timeit.repeat(lambda: say("compare.value", came="3", expected="4"), number=1000, repeat=5)) < 0.1


def test_differences_are_told_in_good_german() -> None:
    """Nouns and plurals are of the language, and a sentence begins with a capital."""
    with speaking("de"):
        told = [
            difference([1, 2], {1: 2}),
            difference([1, 2, 3], [1, 2, 3, 4, 5]),
            difference([], [1]),
            difference("Haus", "Maus"),
            difference({"a": 1}, {"a": 1, "b": 2, "c": 3}),
        ]
        explained = explain_exception("TypeError", "f() missing 2 required positional arguments: 'a' and 'b'")

    assert [found.message for found in told if found] == [
        "Eine Liste kam ([1, 2]), erwartet war ein Dictionary: {1: 2}.",
        "3 Elemente stimmen, aber danach fehlen 2 Elemente, und zwar ab 4.",
        "Eine Liste ohne ein einziges Element kam, erwartet war [1].",
        "'Haus' kam, erwartet war 'Maus' (erster Unterschied: Zeichen 1).",
        "2 Schlüssel fehlen, als erster 'b'.",
    ]
    assert explained == "`f` wurde ohne seine Argumente 'a' und 'b' aufgerufen. Vergleiche den Aufruf mit der Zeile, die mit `def` beginnt."


# --- Compiled catalogues ---------------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give a folder of catalogues of our own: English, and two sentences in a language that lacks the others."""
    (tmp_path / "en.po").write_bytes((words.FOLDER / "en.po").read_bytes())
    (tmp_path / "fy.po").write_text(HEADER + 'msgid "status.passed"\nmsgstr "slagge"\n', "utf-8")
    monkeypatch.setattr(words, "FOLDER", tmp_path)
    forget()
    yield tmp_path
    monkeypatch.undo()
    forget()


HEADER = """msgid ""
msgstr ""
"Language: fy\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\\n"

"""


def forget() -> None:
    """Forget what was read."""
    words._catalogue.cache_clear()
    languages.cache_clear()


def test_a_language_is_a_file_and_english_fills_its_gaps(folder: Path) -> None:
    """A new language needs no line of code; what it does not say yet is said in English."""
    assert languages() == ("en", "fy")

    with speaking("fy-NL"):
        assert [say("status.passed"), say("status.failed"), say("show.all-pass", 2)] == ["slagge", "not yet", "All 2 checks pass."]
    assert sorted(path.name for path in folder.iterdir()) == ["en.po", "fy.po"]


@pytest.mark.parametrize("spoiled", [b"", b"no catalogue", b"\xde\x12\x04\x95" + b"\xff" * 40])
def test_a_compiled_catalogue_is_used_only_if_it_is_of_this_text(folder: Path, spoiled: bytes) -> None:
    """What is compiled says the same as its source; one that is older or broken is passed over."""
    compile_all()
    forget()
    with speaking("fy"):
        before = say("status.passed")
    (folder / "fy.po").write_text(HEADER + 'msgid "status.passed"\nmsgstr "trochkommen"\n', "utf-8")
    (folder / "en.mo").write_bytes(spoiled)
    forget()

    with speaking("fy"):
        assert [before, say("status.passed"), say("status.failed")] == ["slagge", "trochkommen", "not yet"]


# --- From the course to the learner ----------------------------------------------------------------------------------

GRADER = """
import pytest

@pytest.mark.exercise("one")
def test_one(submission):
    '''Eins ist eins'''
    assert submission.one == 1

@pytest.mark.exercise("two")
def test_two(submission):
    '''Zwei ist zwei'''
    assert submission.two == 2

@pytest.mark.exercise("two", hidden=True)
def test_hidden(submission):
    '''Zwei ist gerade'''
    assert submission.two % 2 == 0
"""


@pytest.fixture
def course(tmp_path: Path, steps_course: StepsCourse) -> Course:
    """Give a course whose language is German."""
    root = tmp_path / "course"
    root.mkdir()
    (root / "pyproject.toml").write_text('[tool.hornbook]\nlanguage = "de"\n', "utf-8")
    made = steps_course(root, GRADER)
    (root / "feedback" / "steps.toml").write_text(
        """
        [[misconception]]
        name = "divided-by-nothing"
        check = "test_two"
        when = { raises = "ZeroDivisionError", message = "by zero" }
        program = "two = 1 / 0"
        hints = ["Der Teiler ist null."]
        """,
        "utf-8",
    )
    return Course.open(made.root)


def handed_in(course: Course, one: str, two: str) -> Path:
    """Return the path of a notebook with these answers, one of whose cells a learner has added."""
    notebook = course.lesson("steps").to_notebook({"one": one, "two": two})
    notebook["cells"].append({"cell_type": "code", "id": "mine", "source": "3", "metadata": {}, "outputs": [], "execution_count": None})
    path = course.root.parent / "work.ipynb"
    path.write_text(json.dumps(notebook), "utf-8")
    return path


@pytest.mark.parametrize(("claim", "shown"), HOSTILE[:-2])
def test_a_german_course_answers_in_german(course: Course, claim: str, shown: str) -> None:
    """Verdict and drawing are German from the first to the last sentence, whatever the learner's value says."""
    verdict = grade(handed_in(course, f"one = {claim!r}", "two = 3"), course)
    one, two, hidden = verdict.outcomes

    assert one.message.startswith("Der Text '")
    assert one.message.endswith("kam, erwartet war die Zahl 1. `int(...)` oder `float(...)` macht aus einem Text eine Zahl.")
    assert shown.replace("\\", "\\\\") in one.message or shown in one.message
    assert two.message == "3 kam, erwartet war 2: Das ist um eins zu groß."
    assert hidden.message == "Ein verdeckter Test dieser Aufgabe ist noch nicht bestanden: Probiere Werte, die die Beispiele nicht zeigen."
    assert [repair.message for repair in verdict.repairs] == ["Auch ausgeführt: 1 Zelle, die du hinzugefügt hast."]
    drawn = plain_in("de", verdict)
    for german in (
        "✗ noch nicht",
        "gekommen",
        "erwartet",
        "Grund",
        "In der Datei",
        "0 von 3 Punkten",
        "selbst geprüft",
        "Mach weiter mit one.",
    ):
        assert german in drawn
    for obeyed in ("\x1b", "\u202e"):
        assert obeyed not in drawn + verdict.to_json().decode()


def plain_in(language: str, verdict: Verdict) -> str:
    """Return *verdict* drawn in a language."""
    with speaking(language):
        return plain(verdict)


def test_a_learner_may_choose_another_language(course: Course) -> None:
    """The course's language is only what is spoken where nobody has asked for another; statuses stay what the schema says."""
    path = handed_in(course, "one = 2", "two = 2")
    spoken = [check(path, course), check(path, course, language="en"), grade(path, course, language="en-GB")]
    batch = [next(grade_all([path], course, language=language)).verdict for language in (None, "en")]

    assert [verdict.outcomes[0].message for verdict in [*spoken, *batch] if verdict] == [
        "2 kam, erwartet war 1: Das ist um eins zu groß.",
        *["2 came, 1 was expected: it is one too large."] * 2,
        "2 kam, erwartet war 1: Das ist um eins zu groß.",
        "2 came, 1 was expected: it is one too large.",
    ]
    assert [verdict.repairs[0].message for verdict in batch if verdict] == [
        "Auch ausgeführt: 1 Zelle, die du hinzugefügt hast.",
        "Also run: 1 cell that you added.",
    ]
    assert {verdict.outcomes[0].status for verdict in spoken} == {"failed"}
    assert headline(spoken[0]) == "1 of 2 visible checks pass; 1 more runs when you hand in. Carry on with one."


def test_one_seat_speaks_each_clients_language(course: Course) -> None:
    """Forks of one panel serve clients of different languages, and one client that changes its mind."""
    submission = fill(course.lesson("steps"), {"one": "one = 1", "two": "two = '2'"})
    with Examiner(course) as examiner, examiner.seat("steps") as seat:
        told = [seat.ask(submission, language=language, practice=True).outcomes[1].message for language in (None, "en", "de", "fr")]

    assert [message.partition(",")[0] for message in told] == [
        "Der Text '2' kam",
        "The text '2' came",
        "Der Text '2' kam",
        "The text '2' came",
    ]


def test_a_hint_is_found_in_any_language(course: Course) -> None:
    """A misconception's `message` is looked for in the exception's own message, not in what is said about it."""
    path = handed_in(course, "one = 1", "two = 1 / 0\n")
    bank = Bank.read(course.feedback("steps"))
    verdicts = [grade(path, course, language=language) for language in ("de", "en")]

    assert [verdict.outcomes[1].hints for verdict in verdicts] == [verdicts[0].outcomes[1].hints] * 2
    assert bank.misconceptions[0].name == "divided-by-nothing"


def test_an_author_reads_english(course: Course, tmp_path: Path) -> None:
    """What is the matter with a file is said to its learner in their language, and to an author in English."""
    broken = tmp_path / "broken.ipynb"
    broken.write_text("{", "utf-8")
    with speaking("de"):
        with pytest.raises(SubmissionError, match="ist kein JSON"):
            SubmissionFile.open(broken)
        with pytest.raises(LessonError, match="is not JSON"):
            read_lesson(broken)
        with pytest.raises(GraderError, match="is a folder"):
            read_solution(course.root)


def test_the_command_line_speaks_the_learners_language(course: Course) -> None:
    """Several notebooks, the sum of them, and a torn one: all in the course's language, or the one asked for."""
    handed_in(course, "one = 1", "two = 2").rename(course.root.parent / "good.ipynb")
    (course.root.parent / "torn.ipynb").write_text("{", "utf-8")
    notebooks = [str(course.root.parent / name) for name in ("good.ipynb", "torn.ipynb")]
    command = ["grade", *notebooks, "--quiet", "--course", str(course.root)]
    german, english = (CliRunner().invoke(app, [*command, *more]) for more in ([], ["--language", "en"]))

    assert german.stdout == "good.ipynb: steps, 3 von 3 Punkten, bestanden\n2 Notebooks: 1 bestanden, 1 zurückgewiesen.\n"
    assert "torn.ipynb: ist kein JSON (Zeile 1: " in german.stderr
    assert english.stdout == "good.ipynb: steps, 3 of 3 points, passed\n2 notebooks: 1 passed, 1 refused.\n"
    assert "torn.ipynb: is not JSON (line 1: " in english.stderr


def test_a_language_reaches_the_thread_that_runs_cells_in_jupyter() -> None:
    """Where a loop runs already, cells run in a thread of their own; what is said there is in the same language."""

    async def heard() -> str:
        return say("status.passed")

    async def in_jupyter() -> str:
        with speaking("de"):
            return _in_own_loop(heard())

    assert asyncio.run(in_jupyter()) == "bestanden"


def test_pytest_itself_speaks_the_courses_language(course: Course) -> None:
    """A grade by `pytest graders --submission` is that of `hornbook grade`, in its words."""
    target = course.root.parent / "verdict.json"
    options = ["--submission", str(handed_in(course, "one = 1", "two = 3")), "--verdict", str(target)]
    command = [sys.executable, "-m", "pytest", "-pno:cacheprovider", "-pno:schemathesis", "graders", *options]
    subprocess.run(command, cwd=course.root, check=False, capture_output=True)  # noqa: S603 - our own program
    verdict = Verdict.from_json(target.read_bytes())

    assert verdict.outcomes[1].message == "3 kam, erwartet war 2: Das ist um eins zu groß."
    assert verdict.repairs[0].message == "Auch ausgeführt: 1 Zelle, die du hinzugefügt hast."


def test_a_catalogue_gives_the_same_bytes_whenever_it_is_compiled() -> None:
    """What is compiled does not tell when: a site or a wheel that has it in it is the same tomorrow."""
    made = words.compiled((words.FOLDER / "en.po").read_bytes())

    assert b"POT-Creation-Date: 1970-01-01 00:00+0000" in made
