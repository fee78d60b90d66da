"""The same birthday with fractions of a year, sets of birthdays, and a comparison of all with all."""


# %% birthdays
def birthdays(rng, classes, people):
    return np.floor(365 * rng.random((classes, people))).astype(int)


# %% pairs
def pairs(table):
    return np.array([len(row) - len(set(row.tolist())) for row in table])


# %% chance
def chance(rng, classes, people):
    lucky = np.count_nonzero(pairs(birthdays(rng, classes, people)))
    return lucky / classes


# %% shares
def shares(counts):
    outcomes = np.arange(counts.max() + 1)
    return (counts[:, np.newaxis] == outcomes).mean(axis=0)
