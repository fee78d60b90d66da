"""`hornbook.grading.similar`: the same detour is noticed whatever it is called, and the same right answer is not."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hornbook.cli import app
from hornbook.course import Course
from hornbook.grading.similar import LEAST, alike
from hornbook.scaffold import new_course

GIVEN = {"": ["import math\n", 'def totals(items):\n    """Return the sum for each category."""\n    ...\n']}
SOLVED = """def totals(items):
    found = {}
    for _, category, cents in items:
        found[category] = found.get(category, 0) + cents
    return found
"""
SOLUTION = {"totals": [SOLVED]}
DETOUR = """def totals(items):
    groups = []
    for thing in items:
        if thing[1] not in groups:
            groups.append(thing[1])
    answer = dict()
    for group in groups:
        partial = 0
        for thing in items:
            if thing[1] == group and thing[2] >= 0:
                partial = partial + thing[2]
            elif thing[1] == group:
                partial = partial - abs(thing[2])
        answer[group] = partial
    while len(answer) > len(groups):
        answer.popitem()
    return answer
"""
COPIED = '''# My own work!
def totals(stuff: list) -> dict:
    """I did it like this."""

    kinds = []
    for x in stuff:
        if x[1] not in kinds:
            kinds.append(x[1])   # a new one
    result = dict()
    for kind in kinds:
        s = 0
        for x in stuff:
            if x[1] == kind and x[2] >= 0:
                s = s + x[2]
            elif x[1] == kind:
                s = s - abs(x[2])
        result[kind] = s
    while len(result) > len(kinds):
        result.popitem()
    return result
'''
ANOTHER = """def totals(items):
    names = sorted({category for _, category, _ in items})
    sums = [sum(cents for _, category, cents in items if category == name) for name in names]
    return {name: number for name, number in zip(names, sums)}
"""


def work(source: str) -> dict[str, list[str]]:
    """Return a work with one exercise."""
    return {"totals": [source]}


def test_other_names_and_comments_hide_nothing() -> None:
    """A copy whose names, layout, comments and annotations are others is the copy."""
    (pair,) = alike({"ada": work(DETOUR), "ben": work(COPIED), "eve": work(ANOTHER)}, [GIVEN, SOLUTION])

    assert (pair.one, pair.other, pair.share, pair.exercises) == ("ada", "ben", 1.0, ("totals",))
    assert pair.common >= LEAST


def test_a_part_is_noticed() -> None:
    """What was taken over into more code of one's own has a share of the smaller work."""
    more = DETOUR + "\n".join(f"extra_{number} = [{number} ** power for power in range({number}, 40)]" for number in range(20))
    (pair,) = alike({"ada": work(DETOUR), "ben": work(more)}, [GIVEN])
    half = DETOUR.partition("    answer = dict()")[0] + ANOTHER.partition("\n")[2]

    assert pair.share > 0.8
    assert alike({"ada": work(DETOUR), "ben": work(half)}, [GIVEN], least=0.9) == []


def test_what_everybody_may_have_says_nothing() -> None:
    """The known answer, and what the lesson gives, however it is written down."""
    assert alike({"ada": work(SOLVED), "ben": work(SOLVED.replace("found", "sums"))}, [GIVEN, SOLUTION]) == []
    assert alike({"ada": dict(GIVEN), "ben": dict(GIVEN)}, [GIVEN]) == []


def test_what_many_have_is_how_it_is_done() -> None:
    """A way that a tenth of a batch goes is nobody's own."""
    many = {f"learner {number}": work(DETOUR) for number in range(20)}

    assert alike(many, [GIVEN]) == []
    assert len(alike({name: many[name] for name in list(many)[:2]}, [GIVEN])) == 1


@pytest.mark.parametrize(
    "source",
    ["", "def totals(items): return 1", "not python (", "x = " + "[" * 3000 + "]" * 3000, "\0", "x = '\ud800'", "x = 1\n" * 30_000],
)
def test_whatever_is_handed_in_is_compared_or_not(source: str) -> None:
    """What is short, broken, deep or long is like nothing, and stops nothing."""
    found = alike({"ada": work(DETOUR), "ben": work(COPIED), "x": work(source), "y": work(source)}, [GIVEN])

    assert ("ada", "ben") in [(pair.one, pair.other) for pair in found]
    assert all({pair.one, pair.other} <= {"ada", "ben"} for pair in found)


def test_programs_of_chance_are_not_alike() -> None:
    """Of two hundred works that draw their steps by chance no two are told of; the order of the works changes nothing."""
    chance = random.Random(1)  # noqa: S311 - the same each time
    steps = [
        "x = x + {0}",
        "x = x * {0}",
        "if x > {0}:\n        x = -x",
        "for i in range({0}):\n        x = x - i",
        "x = [x, {0}][x % 2]",
        "x = max(x, {0})",
        "x = abs(x) ** {0}",
    ]
    works = {}
    for number in range(200):
        body = "\n    ".join(chance.choice(steps).format(chance.randrange(100)) for _ in range(12))
        works[f"w{number}"] = work(f"def totals(x):\n    {body}\n    return x\n")
    found = alike(works)

    assert found == []
    assert alike(dict(reversed(works.items()))) == found


def test_the_command_names_pairs_for_a_person(tmp_path: Path) -> None:
    """Which, how much, where; and that alike is not copied. A notebook that cannot be read is said, and the others are compared."""
    new_course(tmp_path / "course")
    lesson = Course.open(tmp_path / "course").lesson("counting_vowels")
    for name, source in {"ada": DETOUR, "ben": COPIED, "eve": ANOTHER}.items():
        (tmp_path / "in" / name).mkdir(parents=True)
        (tmp_path / "in" / name / "work.ipynb").write_text(
            json.dumps(lesson.to_notebook({"count_vowels": source.replace("totals", "count_vowels")})), "utf-8"
        )
    runner = CliRunner()
    command = ["similar", str(tmp_path / "in"), "--course", str(tmp_path / "course")]
    told = runner.invoke(app, command)
    as_data = json.loads(runner.invoke(app, [*command, "--json"]).stdout)
    (tmp_path / "in" / "zed.ipynb").write_text("{", "utf-8")
    refused = runner.invoke(app, [*command, "--least", "100"])

    assert told.exit_code == 0, told.stderr
    assert re.search(r"^100 %  ada/work.ipynb  ben/work.ipynb\n +counting_vowels: count_vowels; \d+ places$", told.stdout, re.MULTILINE)
    assert "Alike is not copied" in told.stdout
    assert [(pair["one"], pair["other"], pair["lesson"], pair["share"]) for pair in as_data] == [
        ("ada/work.ipynb", "ben/work.ipynb", "counting_vowels", 1.0)
    ]
    assert refused.exit_code == 2
    assert "zed.ipynb: is not JSON" in refused.stderr
    assert "ada/work.ipynb" in refused.stdout


def test_where_nothing_is_alike_that_is_said(tmp_path: Path) -> None:
    """With how many were compared."""
    new_course(tmp_path / "course")
    told = CliRunner().invoke(app, ["similar", str(tmp_path / "course" / "lessons"), "--course", str(tmp_path / "course")])

    assert (told.exit_code, told.stdout) == (0, "There is only one notebook.\n")


def test_where_no_two_are_alike_that_is_said(tmp_path: Path) -> None:
    """With how many were compared."""
    new_course(tmp_path / "course")
    lessons = tmp_path / "course" / "lessons"
    (tmp_path / "other.ipynb").write_bytes((lessons / "counting_vowels.ipynb").read_bytes())
    told = CliRunner().invoke(app, ["similar", str(lessons), str(tmp_path / "other.ipynb"), "--course", str(tmp_path / "course")])

    assert (told.exit_code, told.stdout) == (0, "No two of 2 notebooks are more alike than chance makes them.\n")
