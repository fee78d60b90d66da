"""A steady pulse: reference solution."""


# %% repair
def repair(pulse):
    """Return *pulse* with its impossible readings replaced by the median of the others."""
    possible = (pulse >= 30) & (pulse <= 220)
    return np.where(possible, pulse, np.median(pulse[possible]))


# %% moving_average
def moving_average(pulse, width):
    """Return the mean of each window of *width* neighbouring readings."""
    return np.convolve(pulse, np.ones(width), mode="valid") / width


# %% zones
def zones(pulse, limits):
    """Return for each reading how many of the *limits* it has reached."""
    return np.digitize(pulse, limits)


# %% peak
peak = moving_average(repair(pulse), 30).max()
