"""Three kinds of penguin: gaps, heavy birds first, medians by species, and two species compared."""

import csv
from pathlib import Path
from statistics import median

import pandas as pd
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from hornbook.grading import same

# Tables are slow to compare and hidden inputs are never shown: the first failing table will do, no need to shrink it.
QUICK = settings(max_examples=20, phases=[Phase.generate], report_multiple_bugs=False)
KINDS = ("Adelie", "Chinstrap", "Gentoo")
NOTES = Path(__file__).parents[2] / "lessons" / "pandas" / "penguins.csv"
COLUMNS = ["species", "island", "flipper_length_mm", "body_mass_g"]


def frame(rows):
    """Return (species, island, flipper, mass) rows as the data frame that the lesson works with."""
    species, islands, flippers, masses = zip(*rows, strict=True)
    values = {"flipper_length_mm": pd.Series(flippers, dtype=float), "body_mass_g": pd.Series(masses, dtype=float)}
    return pd.DataFrame({"species": list(species), "island": list(islands), **values})[COLUMNS]


@st.composite
def flocks(draw):
    """Draw rows of birds in any order: each kind has at least one that was measured, and no two have the same mass."""
    masses = draw(st.lists(st.integers(2700, 6300), min_size=4, max_size=15, unique=True))
    islands, flippers = st.sampled_from(["Biscoe", "Dream"]), st.integers(170, 230)
    rows = [(KINDS[place % 3], draw(islands), draw(flippers), mass) for place, mass in enumerate(masses)]
    blank = draw(st.sets(st.integers(3, len(rows) - 1)))
    rows = [(*row[:2], None, None) if place in blank else row for place, row in enumerate(rows)]
    return draw(st.permutations(rows))


FLOCK = [
    ("Gentoo", "Biscoe", 215, 5000),
    ("Adelie", "Dream", 190, 3700),
    ("Adelie", "Biscoe", None, None),
    ("Gentoo", "Biscoe", 220, 5600),
    ("Adelie", "Dream", 184, 3400),
    ("Adelie", "Biscoe", 195, 4300),
    ("Chinstrap", "Dream", 193, 3800),
]


@pytest.mark.exercise("gaps")
def test_two_columns_have_gaps(submission):
    """In a table of a, b and c with one value missing in a and two in c, the gaps are a 1 and c 2"""
    table = pd.DataFrame({"a": [1.0, None, 3.0], "b": ["x", "y", "z"], "c": [None, None, 0.5]})
    assert same(submission.gaps(table), pd.Series({"a": 1, "c": 2}), dtype=False)


@pytest.mark.exercise("gaps", hidden=True)
@QUICK
@given(st.dictionaries(st.sampled_from("abcdefg"), st.lists(st.sampled_from([None, 0.0, 2.5]), min_size=4, max_size=4), min_size=2))
def test_any_gaps_are_counted(submission, columns):
    """Any gaps are counted, and a zero is no gap"""
    table = pd.DataFrame({name: pd.Series(values, dtype=float) for name, values in columns.items()})
    expected = {name: values.count(None) for name, values in columns.items() if None in values}
    assert same(submission.gaps(table), pd.Series(expected, dtype=int), dtype=False, order=False)


@pytest.mark.exercise("heavy")
def test_three_birds_are_heavy(submission):
    """Of seven birds three weigh at least 4300 g; the heaviest comes first, and one of exactly 4300 g is among them"""
    expected = pd.DataFrame(
        {"species": ["Gentoo", "Gentoo", "Adelie"], "island": ["Biscoe"] * 3, "body_mass_g": [5600.0, 5000.0, 4300.0]},
    )
    assert same(submission.heavy(frame(FLOCK), 4300), expected, dtype=False, index=False)


@pytest.mark.exercise("heavy", hidden=True)
@QUICK
@given(rows=flocks(), data=st.data())
def test_any_flock_is_sorted(submission, rows, data):
    """Whatever the limit, the birds from there up come in order, and one that was not weighed never does"""
    grams = data.draw(st.sampled_from([mass for *_, mass in rows if mass is not None]))
    chosen = sorted((row for row in rows if row[3] is not None and row[3] >= grams), key=lambda row: -row[3])
    expected = frame(chosen)[["species", "island", "body_mass_g"]]
    assert same(submission.heavy(frame(rows), grams), expected, dtype=False, index=False)


@pytest.mark.exercise("typical")
def test_the_one_in_the_middle(submission):
    """Of three Adélies of 3400, 3700 and 4300 g, the typical one has 3700 g"""
    came = submission.typical(frame(FLOCK), "body_mass_g")
    assert same(came, pd.Series([3700.0, 3800.0, 5300.0], index=pd.Index(KINDS, name="species"), name="body_mass_g"), dtype=False)


@pytest.mark.exercise("typical", hidden=True)
@QUICK
@given(rows=flocks(), column=st.sampled_from(["body_mass_g", "flipper_length_mm"]))
def test_any_column_has_medians(submission, rows, column):
    """Any flock and any column gives the median of those that were measured, kind by kind"""
    place = COLUMNS.index(column)
    known = {kind: [row[place] for row in rows if row[0] == kind and row[place] is not None] for kind in KINDS}
    expected = pd.Series([float(median(known[kind])) for kind in KINDS], index=pd.Index(KINDS, name="species"), name=column)
    assert same(submission.typical(frame(rows), column), expected, dtype=False)


@pytest.mark.exercise("heavier")
def test_gentoo_and_adelie(submission):
    """In the researchers' notes a typical gentoo is 1300 g heavier than a typical Adélie"""
    with NOTES.open(encoding="utf-8") as file:
        birds = [bird for bird in csv.DictReader(line for line in file if not line.startswith("#")) if bird["body_mass_g"] != "NA"]
    rows = [(bird["species"], bird["island"], float(bird["flipper_length_mm"]), float(bird["body_mass_g"])) for bird in birds]
    assert same(submission.heavier(frame(rows), "Gentoo", "Adelie"), 1300, dtype=False)


@pytest.mark.exercise("heavier", hidden=True)
@QUICK
@given(rows=flocks(), kinds=st.permutations(KINDS))
def test_any_two_kinds(submission, rows, kinds):
    """Any two species are compared, by those of their birds that were weighed"""
    one, other, _ = kinds
    first, second = (median(row[3] for row in rows if row[0] == kind and row[3] is not None) for kind in (one, other))
    assert same(submission.heavier(frame(rows), one, other), first - second, dtype=False)
