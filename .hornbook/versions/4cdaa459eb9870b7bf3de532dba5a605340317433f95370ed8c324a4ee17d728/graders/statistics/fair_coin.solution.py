"""Is the coin fair? Reference solution."""


# %% heads
def heads(rng, tosses):
    """Return the number of heads in *tosses* tosses of a fair coin."""
    number = 0
    for _ in range(tosses):
        if rng.random() < 0.5:
            number += 1
    return number


# %% p_value
def p_value(simulated, observed, expected):
    """Return the share of *simulated* that is at least as far from *expected* as *observed* is."""
    far = 0
    for result in simulated:
        if abs(result - expected) >= abs(observed - expected):
            far += 1
    return far / len(simulated)


# %% flip_signs
def flip_signs(rng, differences):
    """Return *differences*, each with its sign turned or not by a coin of its own."""
    return [-difference if rng.random() < 0.5 else difference for difference in differences]


# %% chance_sums
def chance_sums(rng, differences, rounds):
    """Return the sums of *differences* with their signs flipped by chance, one for each round."""
    return [sum(flip_signs(rng, differences)) for _ in range(rounds)]
