"""Whose work was lost: reference solution."""


# %% to_long
def to_long(wide):
    """Return one row for each month and industry: month, industry, jobs."""
    return wide.melt(id_vars="month", var_name="industry", value_name="jobs")


# %% add_percent
def add_percent(table, start):
    """Return *table* with a column percent: jobs, as a percentage of the same industry's jobs in the month *start*."""
    base = table[table["month"] == start].set_index("industry")["jobs"]
    return table.assign(percent=100 * table["jobs"] / table["industry"].map(base))


# %% worst_months
def worst_months(table):
    """Return for each industry its month with the smallest percent, the deepest fall first."""
    lowest = table.groupby("industry")["percent"].idxmin()
    return table.loc[lowest, ["industry", "month", "percent"]].sort_values("percent")


# %% to_wide
def to_wide(table):
    """Return the percentages: a row for each month, a column for each industry."""
    return table.pivot(index="month", columns="industry", values="percent")
