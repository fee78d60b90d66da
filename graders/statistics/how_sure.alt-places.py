"""How sure are we? With lines split by hand, places drawn at random, and the standard library's mean."""

# %% masses
from pathlib import Path


def masses(path, species, sex):
    lines = Path(path).read_text(encoding="utf-8").splitlines()
    names = lines[0].split(",")
    found = []
    for line in lines[1:]:
        row = dict(zip(names, line.split(",")))
        if (row["species"], row["sex"]) == (species, sex) and row["body_mass_g"].isdigit():
            found.append(int(row["body_mass_g"]))
    return found


# %% resample
def resample(rng, values):
    return rng.choices(values, k=len(values))


# %% bootstrap_means
import statistics


def bootstrap_means(rng, values, rounds):
    means = []
    for _ in range(rounds):
        sample = resample(rng, values)
        means.append(statistics.fmean(sample))
    return means


# %% interval
def interval(results, cut):
    left = sorted(results)[cut : len(results) - cut]
    return min(left), max(left)
