"""`hornbook.config`: a course's settings are all right or refused in one sentence."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, datetime, time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hornbook.cohorts import Cohort
from hornbook.config import Limits, Settings, nearest
from hornbook.errors import CourseError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def pyproject(tmp_path: Path) -> Path:
    """Return where the settings of a course called "My Course 1" would be."""
    (tmp_path / "My Course 1").mkdir()
    return tmp_path / "My Course 1" / "pyproject.toml"


@pytest.mark.parametrize("text", [None, "", "[project]\nname = 'x'", "tool = 3", "[tool]\nruff = 1", "[tool.hornbook]"])
def test_without_settings_there_are_defaults(pyproject: Path, text: str | None) -> None:
    """A course needs no file, table or key; its name is then its folder's."""
    if text is not None:
        pyproject.write_text(text, "utf-8")
    settings = Settings.read(pyproject)

    assert settings == Settings(name="my-course-1", title="my-course-1")
    assert asdict(settings.limits) == {
        "cell_seconds": 10,
        "check_seconds": 10,
        "total_seconds": 120,
        "memory_mb": 1024,
        "processes": 64,
        "output_kb": 1024,
        "file_mb": 64,
        "disk_mb": 128,
        "wire_kb": 1024,
    }
    assert (settings.language, settings.require_level, settings.preload) == ("en", 0, ())


@pytest.mark.parametrize("folder", ["123", "äöü", "---"])
def test_folder_whose_name_could_be_none_is_a_course(tmp_path: Path, folder: str) -> None:
    """Where a folder's name has no letters to make a name of, the course is called "course"."""
    assert Settings.read(tmp_path / folder / "pyproject.toml").name == "course"


def test_settings_are_read(pyproject: Path) -> None:
    """Every key is taken as it is written; numbers of seconds may be whole or not."""
    pyproject.write_text(
        """
        [tool.hornbook]
        name = "stats"
        title = "Statistics, gently"
        language = "pt-BR"
        [tool.hornbook.limits]
        cell_seconds = 2.5
        check_seconds = 3
        memory_mb = 2048
        [tool.hornbook.sandbox]
        require_level = 3
        preload = ["numpy", "matplotlib.pyplot"]
        [tool.hornbook.doctor]
        mutation_score = 90
        misconceptions = 5
        """,
        "utf-8",
    )

    assert Settings.read(pyproject) == Settings(
        "stats",
        "Statistics, gently",
        "pt-BR",
        Limits(cell_seconds=2.5, check_seconds=3.0, memory_mb=2048),
        3,
        ("numpy", "matplotlib.pyplot"),
        90.0,
        5,
    )


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[tool", "is not TOML: "),
        ("a = " + "[" * 2000, "is not TOML: "),
        ("[tool.hornbook]\nnmae = 'x'", '[tool.hornbook] has no key "nmae"; did you mean "name".'),
        (
            "[tool.hornbook]\nzzz = 1",
            '[tool.hornbook] has no key "zzz"; it has cohort, doctor, language, limits, name, release, sandbox, title.',
        ),
        ("[tool.hornbook.limits]\ncell_second = 1", 'has no key "cell_second"; did you mean "cell_seconds".'),
        ("[tool.hornbook.sandbox]\nrequire-level = 1", '[tool.hornbook.sandbox] has no key "require-level"; did you mean "require_level".'),
        ("[tool]\nhornbook = 1", "tool.hornbook must be a table, not 1. Write it as [tool.hornbook]."),
        ("[tool.hornbook]\nlimits = []", "tool.hornbook.limits must be a table, not []."),
        ("[tool.hornbook]\nname = 'Stats'", '[tool.hornbook] name is "Stats"; it must be lower-case letters, digits'),
        ("[tool.hornbook]\nname = '../x'", 'name is "../x"; it must be'),
        ("[tool.hornbook]\nname = 3", "name is 3; it must be"),
        ("[tool.hornbook]\ntitle = ''", 'title is ""; it must be one line of text.'),
        ('[tool.hornbook]\ntitle = "a\\u001b\\nb"', 'title is "a\\x1b\\nb"; it must be one line of text.'),
        ("[tool.hornbook]\nlanguage = 'English'", 'language is "English"; it must be a language tag such as "en" or "pt-BR".'),
        ("[tool.hornbook.limits]\nmemory_mb = 1.5", "memory_mb is 1.5; it must be a whole number from 128 to 1048576."),
        ("[tool.hornbook.limits]\nmemory_mb = 127", "memory_mb is 127; it must be"),
        ("[tool.hornbook.limits]\nprocesses = true", "processes is True; it must be a whole number from 1 to 4096."),
        ("[tool.hornbook.limits]\nprocesses = 0", "processes is 0; it must be"),
        ("[tool.hornbook.limits]\ncell_seconds = nan", "cell_seconds is nan; it must be a number from 0.1 to 3600."),
        ("[tool.hornbook.limits]\ncell_seconds = inf", "cell_seconds is inf; it must be"),
        ("[tool.hornbook.limits]\ncell_seconds = '10'", 'cell_seconds is "10"; it must be'),
        ("[tool.hornbook.limits]\ncheck_seconds = 121", "check_seconds (121) is more than total_seconds (120). Raise total_seconds."),
        ("[tool.hornbook.limits]\ntotal_seconds = 5", "cell_seconds (10) is more than total_seconds (5). Raise total_seconds."),
        ("[tool.hornbook.sandbox]\nrequire_level = 5", "require_level is 5; it must be a whole number from 0 to 4."),
        ("[tool.hornbook.doctor]\nmutation_score = 101", "mutation_score is 101; it must be a number from 0 to 100."),
        ("[tool.hornbook.doctor]\nmisconceptions = 1.5", "misconceptions is 1.5; it must be a whole number from 0 to 100."),
        ("[tool.hornbook.doctor]\nmutants = 1", '[tool.hornbook.doctor] has no key "mutants"'),
        (
            "[tool.hornbook.sandbox]\npreload = 'numpy'",
            'preload is "numpy"; it must be a list of module names such as ["numpy", "pandas"].',
        ),
        ("[tool.hornbook.release]\ngraders = 1", "[tool.hornbook.release] graders is 1; it must be true or false."),
        ("[tool.hornbook.sandbox]\npreload = ['numpy; import os']", "it must be a list of module names"),
        (f"[tool.hornbook]\nname = '{'a' * 99}'", f'name is "{"a" * 56}...; it must be'),
    ],
)
def test_what_is_not_allowed_is_named(pyproject: Path, text: str, sentence: str) -> None:
    """A mistake in the settings is one sentence with the file, the key, what is there and what is allowed."""
    pyproject.write_text(text, "utf-8")

    with pytest.raises(CourseError) as caught:
        Settings.read(pyproject)

    assert str(caught.value).startswith(f"{pyproject}: ")
    assert sentence in str(caught.value)
    assert str(caught.value).isprintable()
    assert caught.value.exit_code == 3


def test_settings_that_are_no_file(pyproject: Path) -> None:
    """A folder in the place of the settings is refused, with its name."""
    pyproject.mkdir()

    with pytest.raises(CourseError, match=r"pyproject\.toml: cannot be read \(Is a directory\)"):
        Settings.read(pyproject)


def test_settings_that_are_not_utf_8(pyproject: Path) -> None:
    """TOML is UTF-8; anything else is refused."""
    pyproject.write_bytes(b"[tool.hornbook]\ntitle = 'caf\xe9'")

    with pytest.raises(CourseError, match="is not TOML"):
        Settings.read(pyproject)


def test_nearest_lists_everything_if_nothing_is_near() -> None:
    """A key that resembles none gets the whole list, in order."""
    assert nearest("title", ["name", "tilte"]) == 'did you mean "tilte"'
    assert nearest("q", {"b", "a"}) == "it has a, b"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=3,
)
KEYS = [
    "name",
    "title",
    "language",
    "limits",
    "sandbox",
    "require_level",
    "preload",
    "doctor",
    "mutation_score",
    "memory_mb",
    "cell_seconds",
    "other",
]


@settings(deadline=None)  # the machine may be busy
@given(st.dictionaries(st.sampled_from(KEYS), JSON | st.dictionaries(st.sampled_from(KEYS), JSON)))
def test_any_table_is_settings_or_a_course_error(tmp_path_factory: pytest.TempPathFactory, table: dict[str, object]) -> None:
    """Whatever the table holds, the answer is settings within their ranges or a `CourseError` in one printable sentence."""
    path = tmp_path_factory.getbasetemp() / "pyproject.toml"
    sentence = ""
    try:
        settings = Settings.of(table, path)
    except CourseError as error:
        settings, sentence = Settings(), str(error)

    assert sentence.isprintable()
    assert 128 <= settings.limits.memory_mb <= 1 << 20
    assert 0 <= settings.require_level <= 4


COHORT = """
[[tool.hornbook.cohort]]
name = "autumn"
starts = 2026-09-07
timezone = "Europe/Berlin"
"""


def test_cohort_needs_little(pyproject: Path) -> None:
    """A name, a beginning and a time zone; the rest is a lesson a week, until the end of the day, of the whole course."""
    pyproject.write_text(COHORT, "utf-8")

    assert Settings.read(pyproject).cohorts == (Cohort("autumn", "autumn", date(2026, 9, 7), "Europe/Berlin"),)


def test_cohort_is_read(pyproject: Path) -> None:
    """Every key is taken as it is written."""
    pyproject.write_text(
        COHORT
        + """
        title = "Autumn evenings"
        every_days = 3
        due_at = 20:00:00
        breaks = [[2026-12-21, 2027-01-03], [2027-04-01, 2027-04-01]]
        lessons = ["loops", "means"]
        alarm_hours = 0
        link = "https://hub.example.org/{path}?{slug}"
        [tool.hornbook.cohort.due]
        loops = 2026-09-20
        means = 2026-09-30T12:00:00
        """,
        "utf-8",
    )
    (cohort,) = Settings.read(pyproject).cohorts

    assert (cohort.title, cohort.every_days, cohort.due_at, cohort.lessons) == ("Autumn evenings", 3, time(20), ("loops", "means"))
    assert cohort.breaks == ((date(2026, 12, 21), date(2027, 1, 3)), (date(2027, 4, 1), date(2027, 4, 1)))
    assert dict(cohort.due) == {"loops": datetime(2026, 9, 20, 20), "means": datetime(2026, 9, 30, 12)}  # noqa: DTZ001 - as it is written
    assert (cohort.alarm_hours, cohort.link) == (0, "https://hub.example.org/{path}?{slug}")


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        ("name", None, "[tool.hornbook.cohort] has no name; it must be a name such as"),
        ("name", '"Autumn 2026"', '[tool.hornbook.cohort] name is "Autumn 2026"; it must be lower-case letters'),
        ("starts", None, "[tool.hornbook.cohort] has no starts; it must be a date such as 2026-09-07"),
        (
            "starts",
            '"2026-09-07"',
            '[tool.hornbook.cohort] starts is "2026-09-07"; it must be a date such as 2026-09-07, without quotation',
        ),
        ("starts", "2026-09-07T10:00:00", "[tool.hornbook.cohort] starts is 2026-09-07T10:00:00; it must be a date"),
        ("timezone", None, "[tool.hornbook.cohort] has no timezone; it must be a time zone such as"),
        ("timezone", '"Europe/Nowhere"', '[tool.hornbook.cohort] timezone is "Europe/Nowhere", which is no time zone'),
        ("timezone", '"../../etc/passwd"', '[tool.hornbook.cohort] timezone is "../../etc/passwd"; it must be'),
        ("timezone", '"/etc/passwd"', '[tool.hornbook.cohort] timezone is "/etc/passwd", which is no time zone'),
        ("timezone", '"Europe"', '[tool.hornbook.cohort] timezone is "Europe", which is no time zone'),
        ("every_days", "0", "[tool.hornbook.cohort] every_days is 0; it must be a whole number from 1 to 366"),
        ("due_at", '"20:00"', '[tool.hornbook.cohort] due_at is "20:00"; it must be a time of day such as 20:00:00'),
        ("breaks", "[2026-12-21, 2027-01-03]", "[tool.hornbook.cohort] breaks has 2026-12-21; it must be first and last days"),
        ("breaks", "[[2027-01-03, 2026-12-21]]", "it must be first and last days such as [[2026-12-21, 2027-01-03]]"),
        ("breaks", "3", "[tool.hornbook.cohort] breaks has 3; it must be first and last days"),
        ("lessons", '"loops"', '[tool.hornbook.cohort] lessons is "loops"; it must be a list of lessons'),
        ("lessons", '["../x"]', "it must be a list of lessons"),
        ("due", "3", "tool.hornbook.cohort.due must be a table, not 3"),
        ("due", '{loops = "tomorrow"}', '[tool.hornbook.cohort.due] "loops" is "tomorrow"; it must be a day such as 2026-10-20'),
        ("due", "{loops = 20:00:00}", '[tool.hornbook.cohort.due] "loops" is 20:00:00; it must be a day'),
        ("alarm_hours", "-1", "[tool.hornbook.cohort] alarm_hours is -1; it must be a whole number from 0 to 672"),
        ("link", '"javascript:alert(1)"', "[tool.hornbook.cohort] link is"),
        ("link", '"https://hub.example.org/{lesson}"', "only {slug} and {path} are filled in"),
        ("link", '"https://hub.example.org/{slug.__class__}"', "only {slug} and {path} are filled in"),
        ("link", '"https://hub.example.org/{slug"', "only {slug} and {path} are filled in"),
        ("strats", "3", 'has no key "strats"; did you mean "starts"'),
    ],
)
def test_cohort_that_cannot_be_is_refused(pyproject: Path, key: str, value: str | None, sentence: str) -> None:
    """One sentence names the key, what stands there, and what may."""
    lines = [line for line in COHORT.splitlines() if not line.startswith(f"{key} =")]
    pyproject.write_text("\n".join([*lines, *([] if value is None else [f"{key} = {value}"])]), "utf-8")

    with pytest.raises(CourseError) as refused:
        Settings.read(pyproject)
    assert sentence in str(refused.value)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (COHORT + COHORT, '[tool.hornbook.cohort] name is "autumn" twice'),
        ("[tool.hornbook.cohort]\nname = 'autumn'", "Write each as [[tool.hornbook.cohort]]"),
        ("[tool.hornbook]\ncohort = [3]", "tool.hornbook.cohort must be a table, not 3"),
    ],
)
def test_cohorts_are_told_apart(pyproject: Path, text: str, sentence: str) -> None:
    """There may be many, each a table with a name of its own."""
    pyproject.write_text(text, "utf-8")

    with pytest.raises(CourseError) as refused:
        Settings.read(pyproject)
    assert sentence in str(refused.value)
