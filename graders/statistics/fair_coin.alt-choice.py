"""Is the coin fair? By choice instead of numbers below a half, and by sorting instead of counting."""


# %% heads
def heads(rng, tosses):
    return rng.choices(["heads", "tails"], k=tosses).count("heads")


# %% p_value
from bisect import bisect_left


def p_value(simulated, observed, expected):
    distances = sorted(abs(result - expected) for result in simulated)
    return 1 - bisect_left(distances, abs(observed - expected)) / len(distances)


# %% flip_signs
def flip_signs(rng, differences):
    signs = rng.choices([1, -1], k=len(differences))
    return [sign * difference for sign, difference in zip(signs, differences)]


# %% chance_sums
def chance_sums(rng, differences, rounds):
    sums = []
    while len(sums) < rounds:
        sums += [sum(flip_signs(rng, differences))]
    return sums
