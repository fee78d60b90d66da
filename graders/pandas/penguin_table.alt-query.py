"""Three kinds of penguin with counts, a query, a pivot table, and one kind at a time."""


# %% gaps
def gaps(table):
    known = table.count()
    return pd.Series({name: len(table) - known[name] for name in table.columns if known[name] < len(table)}, dtype=int)


# %% heavy
def heavy(table, grams):
    ordered = table.loc[:, ["species", "island", "body_mass_g"]].nlargest(len(table), "body_mass_g")
    return ordered.query("body_mass_g >= @grams").reset_index(drop=True)


# %% typical
def typical(table, column):
    return table.pivot_table(index="species", values=column, aggfunc="median")[column]


# %% heavier
def heavier(table, one, other):
    first, second = (table.loc[table["species"] == kind, "body_mass_g"].dropna().sort_values() for kind in (one, other))
    return float(first.quantile(0.5) - second.quantile(0.5))
