"""Three kinds of penguin: reference solution."""


# %% gaps
def gaps(table):
    """Return how many values are missing in each column of *table* that has gaps."""
    missing = table.isna().sum()
    return missing[missing > 0]


# %% heavy
def heavy(table, grams):
    """Return species, island and mass of the penguins of *grams* or more, the heaviest first."""
    chosen = table[table["body_mass_g"] >= grams]
    return chosen.sort_values("body_mass_g", ascending=False)[["species", "island", "body_mass_g"]]


# %% typical
def typical(table, column):
    """Return the median of *column* for each species."""
    return table.groupby("species")[column].median()


# %% heavier
def heavier(table, one, other):
    """Return by how many grams the median of the species *one* lies above that of *other*."""
    medians = typical(table, "body_mass_g")
    return medians[one] - medians[other]
