"""How sure are we? A column from a file, samples from a sample, their means, and the middle of these.

What chance gives is held within five standard deviations: a right answer is outside of that less than once in a million.
"""

from collections import Counter
from itertools import product

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

ROWS = st.lists(
    st.tuples(st.sampled_from(["Adelie", "Gentoo"]), st.sampled_from(["male", "female", "NA"]), st.none() | st.integers(2000, 6000)),
    max_size=8,
)
RESULTS = st.lists(st.integers(-30, 30), min_size=1, max_size=11)


def written(submission, name, rows):
    """Put a table called *name* beside the learner's notebook, its columns in another order than in the lesson's."""
    lines = ["sex,body_mass_g,island,species", *(f"{sex},{'NA' if mass is None else mass},Dream,{species}" for species, sex, mass in rows)]
    text = "\n".join([*lines, ""])
    submission.run(f"with open({name!r}, 'w', encoding='utf-8') as table:\n    table.write({text!r})\n")
    return name


def over_seeds(submission, call, first, seeds):
    """Return what *call* gives for so many seeds from *first* on; it calls the generator `rng`."""
    submission.run(
        f"import random\ncame = []\nfor seed in range({first}, {first + seeds}):\n    rng = random.Random(seed)\n    came.append({call})"
    )
    return submission.came


@pytest.mark.exercise("masses")
def test_female_chinstraps(submission):
    """There are 34 female chinstraps with a mass; the first weighs 3500 grams"""
    came = submission.masses("palmer_penguins.csv", "Chinstrap", "female")
    assert len(came) == 34
    assert came[0] == 3500


@pytest.mark.exercise("masses")
def test_without_a_mass(submission):
    """Of two male gentoos, one without a mass, the mass of the other is given"""
    name = written(submission, "two.csv", [("Gentoo", "male", None), ("Gentoo", "male", 5100), ("Gentoo", "female", 4700)])
    assert submission.masses(name, "Gentoo", "male") == [5100]


@pytest.mark.exercise("masses", hidden=True)
@settings(max_examples=25)
@given(rows=ROWS, species=st.sampled_from(["Adelie", "Gentoo"]), sex=st.sampled_from(["male", "female"]))
@example(rows=[("Adelie", "male", 3000), ("Gentoo", "male", 4000), ("Adelie", "female", 3500)], species="Adelie", sex="male")
def test_any_table(submission, rows, species, sex):
    """Of any table, the masses of that species and sex come in order"""
    expected = [row[2] for row in rows if row[:2] == (species, sex) and row[2]]
    assert submission.masses(written(submission, "some.csv", rows), species, sex) == expected


@pytest.mark.exercise("resample")
def test_as_many_from_the_same(submission):
    """A new sample of four values has four values, all from the list, and the list stays as it is"""
    submission.run("import random\nmine = [3, 5, 8, 9]\ncame = resample(random.Random(1), mine)")
    assert len(submission.came) == 4
    assert set(submission.came) <= {3, 5, 8, 9}
    assert submission.mine == [3, 5, 8, 9]


@pytest.mark.exercise("resample")
def test_drawn_ones_are_put_back(submission):
    """In 40 new samples of four values, some have a value twice"""
    came = over_seeds(submission, "resample(rng, [3, 5, 8, 9])", 0, 40)
    assert any(len(set(sample)) < 4 for sample in came), "Every sample had each of the four values once."


@pytest.mark.exercise("resample", hidden=True)
def test_any_sample(submission, rng):
    """Every sample that can be drawn is as likely as the others, and the same seed draws the same"""
    values = rng.sample(range(100), 3)
    first = rng.randrange(10**6)
    came = over_seeds(submission, f"resample(rng, {values!r})", first, 1350)
    counted = Counter(tuple(sample) for sample in came)
    assert set(counted) == set(product(values, repeat=3))
    assert all(abs(number - 50) < 5 * (1350 * 1 / 27 * 26 / 27) ** 0.5 for number in counted.values())
    assert over_seeds(submission, f"resample(rng, {values!r})", first, 1350) == came


@pytest.mark.exercise("bootstrap_means")
@pytest.mark.needs("resample")
def test_means_of_two(submission):
    """The values 2 and 5 give means of 2, 3.5 and 5, one for each of 60 rounds"""
    submission.run("import random\ncame = bootstrap_means(random.Random(2), [2, 5], 60)")
    assert len(submission.came) == 60
    assert set(submission.came) == {2, 3.5, 5}


@pytest.mark.exercise("bootstrap_means", hidden=True)
@pytest.mark.needs("resample")
def test_shares_of_means(submission, rng):
    """Means come as often as the samples that have them"""
    values = [rng.randrange(1, 30) for _ in range(4)]
    exact = Counter(sum(sample) / 4 for sample in product(values, repeat=4))
    submission.run(f"import random\ncame = bootstrap_means(random.Random({rng.randrange(10**6)}), {values!r}, 2000)")
    counted = Counter(submission.came)
    assert counted.total() == 2000
    assert set(counted) <= set(exact)
    for mean, ways in exact.items():
        share = ways / 256
        assert abs(counted[mean] / 2000 - share) < 5 * (share * (1 - share) / 2000) ** 0.5 + 1e-9


@pytest.mark.exercise("interval")
def test_one_left_out_at_either_end(submission):
    """Of 4, 9, 1, 7, 6 without the smallest and the largest, the ends are 4 and 7"""
    assert submission.interval([4, 9, 1, 7, 6], 1) == (4, 7)


@pytest.mark.exercise("interval")
def test_nothing_left_out(submission):
    """With nothing left out, the ends of 5, 2, 8 are 2 and 8"""
    assert submission.interval([5, 2, 8], 0) == (2, 8)


@pytest.mark.exercise("interval", hidden=True)
@settings(max_examples=40)
@given(results=RESULTS, part=st.integers(0, 5))
def test_any_interval(submission, results, part):
    """Of any results, the ends of what is left are right"""
    cut = min(part, (len(results) - 1) // 2)
    left = list(results)
    for _ in range(cut):
        left.remove(min(left))
        left.remove(max(left))
    assert submission.interval(results, cut) == (min(left), max(left))


@pytest.mark.exercise("interval", hidden=True)
def test_results_stay_as_they_are(submission):
    """The list of results is the same afterwards"""
    submission.run("mine = [12, 10, 11]\nends = interval(mine, 1)")
    assert submission.ends == (11, 11)
    assert submission.mine == [12, 10, 11]
