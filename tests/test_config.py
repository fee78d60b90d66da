"""`hornbook.config`: a course's settings are all right or refused in one sentence."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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
        [tool.hornbook.cluster]
        graders = true
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
        cluster_graders=True,
    )


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[tool", "is not TOML: "),
        ("a = " + "[" * 2000, "is not TOML: "),
        ("[tool.hornbook]\nnmae = 'x'", '[tool.hornbook] has no key "nmae"; did you mean "name".'),
        ("[tool.hornbook]\nzzz = 1", '[tool.hornbook] has no key "zzz"; it has cluster, doctor, language, limits, name, sandbox, title.'),
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
        ("[tool.hornbook.cluster]\ngraders = 1", "graders is 1; it must be true or false."),
        ("[tool.hornbook.doctor]\nmutation_score = 101", "mutation_score is 101; it must be a number from 0 to 100."),
        ("[tool.hornbook.doctor]\nmisconceptions = 1.5", "misconceptions is 1.5; it must be a whole number from 0 to 100."),
        ("[tool.hornbook.doctor]\nmutants = 1", '[tool.hornbook.doctor] has no key "mutants"'),
        (
            "[tool.hornbook.sandbox]\npreload = 'numpy'",
            'preload is "numpy"; it must be a list of module names such as ["numpy", "pandas"].',
        ),
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
