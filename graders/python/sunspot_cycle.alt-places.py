"""Every eleven years, by places rather than by values: sum, index, range, and comprehensions."""


# %% mean_of
def mean_of(values):
    return sum(values) / len(values)


# %% top_year
def top_year(years, values):
    return years[values.index(max(values))]


# %% peaks
def peaks(years, values):
    return [years[i] for i in range(3, len(values) - 3) if all(values[i] >= values[i + step] for step in (-3, -2, -1, 1, 2, 3))]


# %% gaps
from itertools import pairwise


def gaps(numbers):
    return [there - here for here, there in pairwise(numbers)]
