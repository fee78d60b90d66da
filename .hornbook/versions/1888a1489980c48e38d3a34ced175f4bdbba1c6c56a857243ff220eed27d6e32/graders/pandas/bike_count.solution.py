"""Counting bikes: reference solution."""


# %% read_counts
def read_counts(text):
    """Return the table of counts that *text* holds as CSV."""
    return pd.read_csv(io.StringIO(text), na_values="-", parse_dates=["date"])


# %% fill_gaps
def fill_gaps(counts):
    """Return *counts* with each missing number replaced by its counter's median."""
    usual = counts.groupby("counter")["bikes"].transform("median")
    return counts.assign(bikes=counts["bikes"].fillna(usual))


# %% weekday_table
def weekday_table(counts):
    """Return the mean number of bikes for each weekday (rows) and counter (columns)."""
    dated = counts.assign(weekday=counts["date"].dt.day_name())
    return dated.pivot_table(index="weekday", columns="counter", values="bikes", aggfunc="mean").reindex(WEEK)


# %% rain_effect
def rain_effect(counts, weather):
    """Return the mean number of bikes on dry and on wet days."""
    both = counts.merge(weather, on="date")
    wet = both["rain"] >= 1
    return {"dry": both.loc[~wet, "bikes"].mean(), "wet": both.loc[wet, "bikes"].mean()}
