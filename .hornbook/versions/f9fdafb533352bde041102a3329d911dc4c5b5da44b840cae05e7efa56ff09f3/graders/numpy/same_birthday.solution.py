"""The same birthday: reference solution."""


# %% birthdays
def birthdays(rng, classes, people):
    """Return a table of birthdays, drawn from *rng*: a row for each class, a column for each person."""
    return rng.integers(0, 365, size=(classes, people))


# %% pairs
def pairs(table):
    """Return for each row of *table* how many numbers are the same as the one before, once the row is sorted."""
    return (np.diff(np.sort(table, axis=1), axis=1) == 0).sum(axis=1)


# %% chance
def chance(rng, classes, people):
    """Return the share of classes in which at least two people share a birthday."""
    return (pairs(birthdays(rng, classes, people)) > 0).mean()


# %% shares
def shares(counts):
    """Return the share of 0, 1, 2 ... among *counts*."""
    return np.bincount(counts) / len(counts)
