"""The planet breathes: reference solution."""


# %% monthly
def monthly(air):
    """Return the mean of each month of *air*, with empty months on a straight line between their neighbours."""
    return air.resample("MS").mean().interpolate()


# %% trend
def trend(months):
    """Return the mean over 12 months around each month."""
    return months.rolling(12, center=True).mean()


# %% season
def season(months):
    """Return by how much each month of the calendar, 1 to 12, differs from the trend on the mean."""
    difference = months - trend(months)
    return difference.groupby(difference.index.month).mean()


# %% rise
def rise(months, first, last):
    """Return the change per year from the mean of the year *first* to the mean of the year *last*."""
    return (months.loc[str(last)].mean() - months.loc[str(first)].mean()) / (last - first)
