"""Counting bikes with conversions after reading, one counter at a time, groupby and map."""


# %% read_counts
def read_counts(text):
    counts = pd.read_csv(io.StringIO(text))
    counts["date"] = pd.to_datetime(counts["date"])
    counts["bikes"] = pd.to_numeric(counts["bikes"], errors="coerce")
    return counts


# %% fill_gaps
def fill_gaps(counts):
    filled = counts.copy()
    for counter in filled["counter"].unique():
        here = filled["counter"] == counter
        missing = here & filled["bikes"].isna()
        filled.loc[missing, "bikes"] = filled.loc[here, "bikes"].median()
    return filled


# %% weekday_table
def weekday_table(counts):
    weekday = counts["date"].dt.day_name().rename("weekday")
    return counts.groupby([weekday, "counter"])["bikes"].mean().unstack().loc[WEEK]


# %% rain_effect
def rain_effect(counts, weather):
    rain = counts["date"].map(weather.set_index("date")["rain"])
    kind = rain.dropna().ge(1).map({True: "wet", False: "dry"})
    return counts["bikes"].groupby(kind).mean().to_dict()
