"""`hornbook launch`: each lesson has a link by which Binder opens it."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from typer.testing import CliRunner

from hornbook import Course
from hornbook.cli import app
from hornbook.errors import HornbookError
from hornbook.launching import link
from hornbook.scaffold import new_course, new_lesson


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Course:
    """Give a course of two lessons, and stand in it."""
    new_course(tmp_path)
    new_lesson(Course.open(tmp_path), "loops/pocket_money", title="Pocket [money] | *more*")
    monkeypatch.chdir(tmp_path)
    return Course.open(tmp_path)


def run(*words: str, code: int = 0) -> str:
    """Return what the command says; it ends with *code*."""
    result = CliRunner().invoke(app, ["launch", *words])
    assert result.exit_code == code, result.output
    return result.output


@pytest.mark.parametrize(
    ("repository", "place"),
    [
        ("gh/ada/loops", "gh/ada/loops/HEAD"),
        ("https://github.com/ada/loops", "gh/ada/loops/HEAD"),
        ("https://github.com/ada/loops.git", "gh/ada/loops/HEAD"),
        ("https://github.com/ada/lo.ops/", "gh/ada/lo.ops/HEAD"),
        ("gl/ada/loops", "gl/ada%2Floops/HEAD"),
        ("https://gitlab.com/school/maths/loops.git", "gl/school%2Fmaths%2Floops/HEAD"),
        ("https://git.example.org/ada/loops", "git/https%3A%2F%2Fgit.example.org%2Fada%2Floops/HEAD"),
    ],
)
def test_a_repository_may_be_anywhere(course: Course, repository: str, place: str) -> None:
    """By its short name or its link, on GitHub, GitLab or elsewhere."""
    url = urlsplit(link(course, course.lesson("pocket_money"), repository))

    assert (url.scheme, url.netloc, url.path) == ("https", "mybinder.org", f"/v2/{place}")
    assert parse_qs(url.query) == {"urlpath": ["lab/tree/lessons/loops/pocket_money.ipynb"]}


@pytest.mark.parametrize(
    "repository", ["", "loops", "gh/ada", "gh/../..", "file:///etc", "javascript:alert(1)", "gh/ada/loops?x=1", "ftp://x/y"]
)
def test_what_is_no_repository_is_refused(course: Course, repository: str) -> None:
    """It is said what to write."""
    with pytest.raises(HornbookError, match="Write gh/OWNER/NAME, or a link"):
        link(course, course.lesson("pocket_money"), repository)


def test_another_hub_and_another_branch(course: Course) -> None:
    """An organisation may have a Binder of its own, and a course a branch for its learners."""
    url = link(course, course.lesson("pocket_money"), "gh/ada/loops", ref="autumn/2026", hub="https://hub.example.org/binder/")

    assert url.startswith("https://hub.example.org/binder/v2/gh/ada/loops/autumn%2F2026?urlpath=")
    with pytest.raises(HornbookError, match="names a branch, a tag or a commit"):
        link(course, course.lesson("pocket_money"), "gh/ada/loops", ref=" ")
    with pytest.raises(HornbookError, match="no address of a Binder"):
        link(course, course.lesson("pocket_money"), "gh/ada/loops", hub="hub.example.org")


@pytest.mark.usefixtures("course")
def test_links_are_printed() -> None:
    """One a line, as data, or as a table in which a title stays text."""
    plain, data, table = run("gh/ada/loops"), json.loads(run("gh/ada/loops", "--json")), run("gh/ada/loops", "--markdown")

    assert plain.splitlines()[0].startswith("counting_vowels  https://mybinder.org/v2/gh/ada/loops/HEAD?urlpath=lab%2Ftree%2Flessons%2F")
    assert [one["slug"] for one in data] == ["counting_vowels", "pocket_money"]
    assert table.splitlines()[3].startswith(
        r"| Pocket \[money\] \| \*more\* | 5 | [![Open it on Binder](https://mybinder.org/badge_logo.svg)](https"
    )
    assert run("loops", code=2).startswith("loops: is no repository")
