"""Whose work was lost with stack and unstack, merge, and the first row of each sorted group."""


# %% to_long
def to_long(wide):
    stacked = wide.set_index("month").stack()
    return stacked.rename_axis(["month", "industry"]).rename("jobs").reset_index()


# %% add_percent
def add_percent(table, start):
    base = table.loc[table["month"] == start, ["industry", "jobs"]].rename(columns={"jobs": "base"})
    both = table.merge(base, on="industry", how="left")
    both["percent"] = 100 * both["jobs"] / both["base"]
    return both.drop(columns="base")


# %% worst_months
def worst_months(table):
    ordered = table.sort_values("percent")
    return ordered.drop_duplicates("industry")[["industry", "month", "percent"]].reset_index(drop=True)


# %% to_wide
def to_wide(table):
    return table.set_index(["month", "industry"])["percent"].unstack()
