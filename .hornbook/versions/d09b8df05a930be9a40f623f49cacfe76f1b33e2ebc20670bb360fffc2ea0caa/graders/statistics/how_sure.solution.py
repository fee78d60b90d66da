"""How sure are we? Reference solution."""

# %% masses
from pathlib import Path


def masses(path, species, sex):
    """Return the body masses in grams of the penguins of this species and sex."""
    lines = Path(path).read_text(encoding="utf-8").splitlines()
    rows = [row for row in csv.DictReader(lines) if row["species"] == species and row["sex"] == sex]
    return [int(row["body_mass_g"]) for row in rows if row["body_mass_g"] != "NA"]


# %% resample
def resample(rng, values):
    """Return as many values as there are, each drawn from *values* and put back."""
    return [rng.choice(values) for _ in values]


# %% bootstrap_means
def bootstrap_means(rng, values, rounds):
    """Return the mean of a new sample from *values* for each round."""
    return [sum(resample(rng, values)) / len(values) for _ in range(rounds)]


# %% interval
def interval(results, cut):
    """Return the smallest and the largest of *results* without *cut* of them at either end."""
    ordered = sorted(results)
    return ordered[cut], ordered[-1 - cut]
