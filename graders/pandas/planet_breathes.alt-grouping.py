"""The planet breathes with groups, slices shifted by hand, one month of the calendar at a time, and yearly means."""


# %% monthly
def monthly(air):
    known = air.dropna()
    first_days = known.index.to_period("M").to_timestamp()
    means = known.groupby(first_days).mean()
    return means.asfreq("MS").interpolate()


# %% trend
def trend(months):
    return sum(months.shift(step) for step in range(-5, 7)) / 12


# %% season
def season(months):
    difference = (months - trend(months)).dropna()
    return pd.Series({month: difference[difference.index.month == month].mean() for month in range(1, 13)})


# %% rise
def rise(months, first, last):
    by_year = months.groupby(months.index.year).mean()
    return (by_year[last] - by_year[first]) / (last - first)
