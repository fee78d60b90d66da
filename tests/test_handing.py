"""`hornbook hand-out`, and `hornbook grade` on what was handed out."""

from __future__ import annotations

import contextlib
import csv
import html
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import papermill
import pytest
from test_following import drawing
from typer.testing import CliRunner

from hornbook.cli import app
from hornbook.draws import INJECTED
from hornbook.handing import MAX_ROSTER
from hornbook.model import Parameters
from hornbook.record.store import Record
from hornbook.variants import Seed

if TYPE_CHECKING:
    from typer.testing import Result

    from hornbook.course import Course


@pytest.fixture
def course(tmp_path: Path) -> Course:
    """Return a course whose one lesson draws parameters."""
    return drawing(tmp_path / "course")


def hornbook(course: Course, *words: object) -> Result:
    """Return how the command ended, with a seed beside the course."""
    options = ["--course", str(course.root), "--seed-file", str(course.root.parent / "seed")]
    return CliRunner().invoke(app, [*map(str, words), *options])


def answer(path: Path) -> None:
    """Write a right answer into the notebook at *path*."""
    notebook = json.loads(path.read_bytes())
    for cell in notebook["cells"]:
        cell["source"] = {"one": "one = n * 10 + len(word)", "two": "two = 2"}.get(cell["id"], cell["source"])
    path.write_text(json.dumps(notebook), "utf-8")


def test_a_list_of_learners_is_handed_out_to_and_graded_by_their_folders(course: Course, tmp_path: Path) -> None:
    """Each gets values of their own, the grade draws them again, and a second hand-out leaves what was worked on, and says so."""
    roster, out = tmp_path / "roster.csv", tmp_path / "out"
    roster.write_text("\ufeffname,Learner\nAda,ada\nZoë,zoë\n\n", "utf-8")
    handed = hornbook(course, "hand-out", "steps", "--learners", roster, "--into", out)
    assert handed.exit_code == 0, handed.output

    paths = [out / learner / "steps.ipynb" for learner in ("ada", "zoë")]
    for path in paths:
        answer(path)
    verdicts = json.loads(hornbook(course, "grade", out, "--json", "--seed", 7).stdout)
    seed = Seed.open(course, tmp_path / "seed")

    assert [verdict["passed"] for verdict in verdicts] == [True, True]
    assert [verdict["parameters"] for verdict in verdicts] == [
        {"values": seed.variant(course.lesson("steps"), learner), "of": "learner"} for learner in ("ada", "zoë")
    ]

    before = [path.read_bytes() for path in paths]
    again = hornbook(course, "hand-out", "steps", "--learners", roster, "--learner", "new", "--into", out)

    assert again.exit_code == 2
    assert again.stderr.count("It was left as it is.") == 2
    assert [path.read_bytes() for path in paths] == before
    assert (out / "new" / "steps.ipynb").is_file()


def test_a_single_notebook_is_graded_with_the_values_of_whoever_is_named(course: Course, tmp_path: Path) -> None:
    """Without a name the lesson's own values hold; both are told."""
    hornbook(course, "hand-out", "steps", "--learner", "ada", "--into", tmp_path / "out")
    path = tmp_path / "out" / "ada" / "steps.ipynb"
    answer(path)
    own = Seed.open(course, tmp_path / "seed").variant(course.lesson("steps"), "ada")
    named, nobodys = hornbook(course, "grade", path, "--learner", "ada"), hornbook(course, "grade", path)

    assert f"With your values: n = {own['n']}, word = {own['word']!r}." in named.stdout
    assert "With the lesson's own values: n = 1, word = 'x'." in nobodys.stdout


def test_a_learner_is_not_graded_without_the_seed(course: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A new seed would draw what nobody was handed out."""
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "empty"))
    ended = CliRunner().invoke(app, ["grade", str(course.lesson("steps").path), "--learner", "ada", "--course", str(course.root)])

    assert ended.exit_code == 2
    assert "There is no seed of the variants of course here" in ended.stderr


def test_what_lies_beside_a_lesson_is_handed_out_with_it(course: Course, tmp_path: Path) -> None:
    """Its cells read a table by its name; one that the learner has changed stays, and that is said."""
    (course.root / "lessons" / "bees.csv").write_text("a,b\n", "utf-8")
    first = hornbook(course, "hand-out", "steps", "--learner", "ada", "--into", tmp_path / "out")
    table = tmp_path / "out" / "ada" / "bees.csv"
    assert (first.exit_code, table.read_text("utf-8")) == (0, "a,b\n")
    table.write_text("mine\n", "utf-8")
    second = hornbook(course, "hand-out", "steps", "--learner", "ada", "--into", tmp_path / "out")

    assert second.exit_code == 2
    assert "bees.csv: is there already, and says something else. It was left as it is." in second.stderr
    assert table.read_text("utf-8") == "mine\n"


def test_a_lesson_without_parameters_is_handed_out_alike(tmp_path: Path) -> None:
    """It is the same for all, and that is said."""
    course = drawing(tmp_path / "course", drawn={})
    ended = hornbook(course, "hand-out", "steps", "--learner", "ada", "--into", tmp_path / "out")

    assert "All got the same" in ended.stdout
    assert (tmp_path / "out" / "ada" / "steps.ipynb").read_bytes() == course.lesson("steps").path.read_bytes()


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"\xff\xfe\x00", "is no CSV in UTF-8"),
        (b"name,learner\nAda\n", "row 2 names no learner"),
        (b"../ada\n", "is no id of a learner"),
        (b"", "For whom?"),
        (b"x" * (MAX_ROSTER + 1), "has more than 4 MB"),
        (b'"' + b"x" * 200_000 + b'"\n', "is no CSV in UTF-8"),
        (None, "cannot be read"),
    ],
)
def test_a_list_that_cannot_be_read_hands_out_nothing(course: Course, tmp_path: Path, content: bytes | None, problem: str) -> None:
    """One sentence says what is the matter with it."""
    roster = tmp_path / "roster.csv"
    if content is not None:
        roster.write_bytes(content)
    ended = hornbook(course, "hand-out", "steps", "--learners", roster, "--into", tmp_path / "out")

    assert ended.exit_code == 2
    assert problem in ended.stderr
    assert not (tmp_path / "out").exists()


def test_what_was_handed_out_is_graded_again_with_the_values_that_it_had(course: Course, tmp_path: Path) -> None:
    """No seed is needed for it: the verdict has the values. A lesson that has other parameters now is refused for it, and nothing falls."""
    hornbook(course, "hand-out", "steps", "--learner", "ada", "--into", tmp_path / "out")
    path, record = tmp_path / "out" / "ada" / "steps.ipynb", tmp_path / "record.sqlite"
    answer(path)
    first = hornbook(course, "grade", tmp_path / "out", "--record", record, "--seed", 7, "--json")
    verdict = json.loads(first.stdout)[0]
    grader = course.grader("steps")
    grader.write_text(f"{grader.read_text('utf-8')}\n# Another version.\n", "utf-8")
    words = ["regrade", "--course", str(course.root), "--record", str(record), "--json"]
    again = CliRunner().invoke(app, words)
    with contextlib.closing(Record.open(record)) as opened:
        (kept,) = [kept for _, _, kept in opened.verdicts()]

    assert (first.exit_code, again.exit_code) == (0, 0), again.output
    assert verdict["passed"]
    assert verdict["parameters"]["of"] == "learner"
    assert json.loads(again.stdout)["changes"][0]["kind"] == "same"
    assert (kept.passed, kept.parameters) == (True, Parameters(verdict["parameters"]["values"], "learner"))

    grader.write_text(f"{grader.read_text('utf-8')}\n# And another one.\n", "utf-8")
    notebook = json.loads(course.lesson("steps").path.read_bytes())
    notebook["metadata"]["hornbook"]["parameters"].pop("word")
    course.lesson("steps").path.write_text(json.dumps(notebook), "utf-8")
    refused = CliRunner().invoke(app, words)

    assert refused.exit_code == 2
    assert "was graded with values of their own for parameters that the lesson no longer has so" in refused.output


# --- Wherever a learner is known -------------------------------------------------------------------------------------


def handed(course: Course, *learners: str) -> list[Path]:
    """Return the notebooks that these learners were handed and have answered, in their folders in handed-out/."""
    out = course.root.parent / "handed-out"
    for learner in learners:
        ended = hornbook(course, "hand-out", "steps", "--learner", learner, "--into", out)
        assert ended.exit_code == 0, ended.output
        answer(out / learner / "steps.ipynb")
    return [out / learner / "steps.ipynb" for learner in learners]


def own(course: Course, learner: str) -> dict[str, Any]:
    """Return the parameters of a verdict on that learner's variant."""
    seed = Seed.open(course, course.root.parent / "seed")
    return {"values": seed.variant(course.lesson("steps"), learner), "of": "learner"}


@pytest.mark.parametrize("given", ["nb/submitted", "nb/submitted/ada", "nb"])
def test_nbgraders_folders_say_whose_a_notebook_is_from_any_of_them(course: Course, tmp_path: Path, given: str) -> None:
    """The assignment's folder is nobody, wherever one begins; the record calls the learner by the same name."""
    (path,) = handed(course, "ada.lovelace")
    for learner, assignment in (("ada", "week 1"), ("ada.lovelace", "week 1")):
        place = tmp_path / "nb" / "submitted" / learner / assignment / "steps.ipynb"
        place.parent.mkdir(parents=True)
        place.write_bytes(path.read_bytes())
    ended = hornbook(course, "grade", tmp_path / given, "--record", tmp_path / "record.sqlite", "--json")
    verdicts = json.loads(ended.stdout)
    with contextlib.closing(Record.open(tmp_path / "record.sqlite")) as opened:
        recorded = [one.learner for one in opened.learners()]
    expected = ["ada"] if given.endswith("ada") else ["ada", "ada.lovelace"]

    assert [verdict["parameters"] for verdict in verdicts] == [own(course, learner) for learner in expected]
    assert recorded == expected


def test_with_a_gradebook_a_notebook_that_is_named_is_its_students(course: Course, tmp_path: Path) -> None:
    """The points go to whose folder it lies in, and so do values and record."""
    (path,) = handed(course, "ada")
    place = tmp_path / "submitted" / "ada" / "week 1" / "steps.ipynb"
    place.parent.mkdir(parents=True)
    place.write_bytes(path.read_bytes())
    words = ["grade", place, "--record", tmp_path / "record.sqlite", "--gradebook", tmp_path / "gradebook.db", "--json"]
    ended = hornbook(course, *words)
    with contextlib.closing(Record.open(tmp_path / "record.sqlite")) as opened:
        (one,) = opened.learners()

    assert ended.exit_code == 0, ended.output
    assert json.loads(ended.stdout)["parameters"] == own(course, "ada")
    assert one.learner == "ada"


def test_a_folder_of_the_learners_own_making_makes_them_nobody_else(course: Course, tmp_path: Path) -> None:
    """Who hands in submitted/ada/week/steps.ipynb in a folder of Eve's is Eve."""
    (path,) = handed(course, "eve")
    place = tmp_path / "in" / "eve" / "submitted" / "ada" / "week" / "steps.ipynb"
    place.parent.mkdir(parents=True)
    place.write_bytes(path.read_bytes())
    (verdict,) = json.loads(hornbook(course, "grade", tmp_path / "in", "--json").stdout)

    assert verdict["parameters"] == own(course, "eve")


def test_whoever_is_named_is_recorded_so(course: Course, tmp_path: Path) -> None:
    """A single notebook is not its file's name's, where somebody has said whose it is."""
    (path,) = handed(course, "ada")
    ended = hornbook(course, "grade", path, "--learner", "ada", "--record", tmp_path / "record.sqlite")
    with contextlib.closing(Record.open(tmp_path / "record.sqlite")) as opened:
        (one,) = opened.learners()

    assert ended.exit_code == 0, ended.output
    assert (one.learner, one.passed) == ("ada", True)


def test_values_are_drawn_in_one_place_and_graded_with_in_another(course: Course, tmp_path: Path) -> None:
    """A table has what its learners get, and nothing to draw more from; whoever is not in it is refused, and the others are graded."""
    handed(course, "ada", "ben")
    table = tmp_path / "variants.json"
    drawn = hornbook(course, "variants", "--learner", "ada")
    table.write_text(drawn.stdout, "utf-8")
    words = ["grade", str(tmp_path / "handed-out"), "--course", str(course.root), "--variants", str(table), "--json"]
    ended = CliRunner().invoke(app, words)
    ada, ben = json.loads(ended.stdout)

    assert drawn.stdout.count("\n") == 1
    assert Seed.open(course, tmp_path / "seed").secret.hex() not in drawn.stdout
    assert (ada["passed"], ada["parameters"]) == (True, own(course, "ada"))
    assert "has no values for ben. `hornbook variants` draws them." in ben["error"]
    assert ended.exit_code == 2


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda _: b"{", "is nothing that `hornbook variants` has written"),
        (lambda _: b"[" * 100_000, "is nothing that `hornbook variants` has written"),
        (lambda said: json.dumps({**said, "format": 2}).encode(), "is nothing that `hornbook variants` has written"),
        (lambda said: json.dumps({**said, "learners": {"ada": 3}}).encode(), "is nothing that `hornbook variants` has written"),
        (lambda said: json.dumps({**said, "course": "other"}).encode(), 'has values for the course "other", and this is "course"'),
        (lambda said: json.dumps({**said, "learners": {"ada": {}}}).encode(), 'what it has for ada is not what "steps" draws'),
        (
            lambda said: json.dumps({**said, "learners": {"ada": {"steps": {"n": 0, "word": "yy"}}}}).encode(),
            'what it has for ada is not what "steps" draws',
        ),
    ],
)
def test_a_table_that_does_not_fit_is_refused(course: Course, tmp_path: Path, change: Any, problem: str) -> None:
    """Damage, another course's, an older lesson's, and values that nobody could have drawn."""
    (path,) = handed(course, "ada")
    said = json.loads(hornbook(course, "variants", "--learner", "ada").stdout)
    (tmp_path / "variants.json").write_bytes(change(said))
    ended = hornbook(course, "grade", path, "--learner", "ada", "--variants", tmp_path / "variants.json")

    assert ended.exit_code == 2
    assert problem in ended.stderr


def test_values_are_of_learners_and_of_a_seed(course: Course, tmp_path: Path) -> None:
    """For nobody there are none, and without a seed nothing was handed out: none is made for it."""
    nobody = hornbook(course, "variants")
    seedless = CliRunner().invoke(
        app, ["variants", "--learner", "ada", "--course", str(course.root)], env={"JUPYTER_DATA_DIR": str(tmp_path)}
    )

    assert (nobody.exit_code, seedless.exit_code) == (2, 2)
    assert "For whom?" in nobody.stderr
    assert "so nothing was handed out" in seedless.stderr
    assert not list(tmp_path.rglob("*.seed"))


# --- From a hand-out to an artifact ----------------------------------------------------------------------------------


@pytest.fixture
def at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the folder of somebody with keys of their own, and of no seed."""
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(path: Path) -> None:
    """Run the notebook at *path*, and save what comes of it, as a learner does."""
    papermill.execute_notebook(str(path), str(path), engine_name="hornbook", progress_bar=False)


def said_by(notebook: Path) -> list[str]:
    """Return what the cells of *notebook* have printed."""
    cells = json.loads(notebook.read_bytes())["cells"]
    return ["".join(output["text"]) for cell in cells for output in cell.get("outputs", []) if output["output_type"] == "stream"]


def test_from_a_hand_out_to_an_artifact_and_a_credential_of_the_course(course: Course, at_home: Path) -> None:
    """Handed out, solved, run, published, verified, run again from the artifact, and issued: the values stay the learner's."""
    (path,) = handed(course, "ada")
    notebook = json.loads(path.read_bytes())
    next(cell for cell in notebook["cells"] if cell["id"] == "one")["source"] += "\nprint(one)"
    path.write_text(json.dumps(notebook), "utf-8")
    run(path)
    values = own(course, "ada")["values"]
    printed = [f"{values['n'] * 10 + len(values['word'])}\n"]
    assert said_by(path) == printed

    # The learner has the course and no seed, and publishes what was handed out.
    told = CliRunner().invoke(app, ["publish", str(path), "--course", str(course.root), "--json"])
    assert told.exit_code == 0, told.output
    folder = Path(json.loads(told.stdout)["folder"])
    verdict = json.loads((folder / "verdict.json").read_bytes())
    shown = (folder / "notebook.ipynb").read_text("utf-8")

    assert (verdict["assurance"], verdict["parameters"]) == ("self-checked", {"values": values, "of": "notebook"})
    assert "injected" not in shown
    assert "# Parameters" not in shown
    assert said_by(folder / "notebook.ipynb") == printed
    assert f"With n = {values['n']}, word = {values['word']!r}: the values that the notebook itself names." in html.unescape(
        (folder / "report.html").read_text("utf-8")
    )
    assert CliRunner().invoke(app, ["verify", str(folder)]).exit_code == 0

    # Run again with the verdict's values the artifact's notebook says the same.
    again = at_home / "again.ipynb"
    papermill.execute_notebook(
        str(folder / "notebook.ipynb"), str(again), verdict["parameters"]["values"], engine_name="hornbook", progress_bar=False
    )
    assert said_by(again) == printed

    # The course draws them itself, and does not ask the artifact.
    issuer = at_home / "issuer"
    CliRunner().invoke(app, ["issuer", "new", str(issuer), "--name", "The course"])
    issued = hornbook(course, "issue", folder, "--issuer", issuer, "--variant-of", "ada", "--json")
    assert issued.exit_code == 0, issued.output
    made = Path(json.loads(issued.stdout)["folder"])
    by_course = json.loads((made / "verdict.json").read_bytes())

    assert (by_course["assurance"], by_course["parameters"]) == ("course-checked", own(course, "ada"))
    assert CliRunner().invoke(app, ["verify", str(made)]).exit_code == 0

    # What was signed names these values and no others.
    other = (made / "verdict.json").read_text("utf-8").replace(str(values["n"]), str(values["n"] + 1))
    (made / "verdict.json").write_text(other, "utf-8")
    assert CliRunner().invoke(app, ["verify", str(made)]).exit_code != 0


def test_a_course_that_issues_without_a_learner_is_told(course: Course, at_home: Path) -> None:
    """The lesson's own values hold then, which nobody should find out from the credential alone."""
    (path,) = handed(course, "ada")
    CliRunner().invoke(app, ["issuer", "new", str(at_home / "issuer"), "--name", "The course"])
    words = ["issue", path, "--issuer", at_home / "issuer", "--to", "did:key:z6Mk"]
    nobodys, another = hornbook(course, *words), hornbook(course, *words, "--variant-of", "ben", "--into", "other")

    assert (nobodys.exit_code, another.exit_code) == (0, 0), nobodys.output + another.output
    assert "Say whose variant it is with --variant-of ID, to have theirs." in nobodys.stderr
    assert "The values in this notebook are not those that you were given; yours were used." in another.stderr


@pytest.mark.usefixtures("at_home")
def test_values_that_nobody_can_have_drawn_are_not_published(course: Course) -> None:
    """A notebook is believed as far as its lesson goes: an easier value that was written into it is not taken."""
    (path,) = handed(course, "ada")
    notebook = json.loads(path.read_bytes())
    next(cell for cell in notebook["cells"] if cell["id"] == INJECTED)["source"] = '# Parameters\nn = 0\nword = ""\n'
    path.write_text(json.dumps(notebook), "utf-8")
    told = CliRunner().invoke(app, ["publish", str(path), "--course", str(course.root), "--json"])
    assert told.exit_code == 0, told.output
    verdict = json.loads((Path(json.loads(told.stdout)["folder"]) / "verdict.json").read_bytes())

    assert verdict["parameters"] == {"values": {"n": 1, "word": "x"}, "of": "lesson"}
    assert "are none that this lesson draws" in told.stderr


# --- What goes wrong, and what a class is told ----------------------------------------------------------------------------


def test_copies_are_not_handed_out_among_the_lessons(course: Course) -> None:
    """They would be lessons of the same name, and the course could not be opened any more."""
    ended = hornbook(course, "hand-out", "steps", "--learner", "ada", "--into", course.root / "lessons" / "handed")

    assert ended.exit_code == 2
    assert "lies among the lessons" in ended.stderr
    assert sorted(path.name for path in (course.root / "lessons").iterdir()) == ["steps.ipynb"]


def test_a_whole_class_is_not_graded_as_one_learners(course: Course, tmp_path: Path) -> None:
    """Who names a learner and gives everybody's folders is told, before the record has everybody's work as that learner's."""
    handed(course, "ada", "ben")
    ended = hornbook(course, "grade", tmp_path / "handed-out", "--learner", "ada", "--record", tmp_path / "record.sqlite")

    assert ended.exit_code == 2
    assert "ben/steps.ipynb lies in another learner's folder" in ended.stderr
    assert not (tmp_path / "record.sqlite").exists()


def test_a_class_with_values_of_their_own_is_one_class_with_one_lesson(course: Course, tmp_path: Path) -> None:
    """Other values make no other lesson, no other mistake, and no likeness: in the report, in tables, and where works are compared."""
    paths = handed(course, "ada", "ben", "cyd", "dora")
    for path in paths[2:]:
        path.write_text(path.read_text("utf-8").replace("one = n * 10 + len(word)", "one = 7"), "utf-8")
    out, record, table = tmp_path / "handed-out", tmp_path / "record.sqlite", tmp_path / "scores.csv"
    hornbook(course, "grade", out, "--record", record, "--report", table, "--quiet")
    words = ["report", "--record", str(record), "--course", str(course.root), "--least", "1", "--json"]
    (lesson,) = json.loads(CliRunner().invoke(app, words).stdout)["lessons"]
    (first,) = [check for check in lesson["checks"] if check["name"] == "test_one"]
    with table.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    alike = CliRunner().invoke(app, ["similar", str(out), "--course", str(course.root), "--json"])

    assert (lesson["learners"], lesson["passed"]) == (4, 2)
    assert first["mistakes"] == [{"words": "… came, … was expected: it is … too small.", "learners": 2}]
    assert [(row["learner"], row["passed"]) for row in rows] == [("ada", "yes"), ("ben", "yes"), ("cyd", "no"), ("dora", "no")]
    assert len({row["version"] for row in rows}) == 1
    assert json.loads(alike.stdout) == []
