"""A line by hand: reference solution."""


# %% residuals
def residuals(x, y, slope, intercept):
    """Return by how much each of *y* lies above the line."""
    return y - (slope * x + intercept)


# %% error
def error(x, y, slope, intercept):
    """Return the mean squared error of the line."""
    return (residuals(x, y, slope, intercept) ** 2).mean()


# %% best_line
def best_line(x, y):
    """Return slope and intercept of the line with the smallest mean squared error."""
    across = x - x.mean()
    slope = (across * (y - y.mean())).sum() / (across**2).sum()
    return slope, y.mean() - slope * x.mean()


# %% descend
def descend(x, y, steps, rate):
    """Return slope and intercept after so many *steps* of gradient descent from 0 and 0."""
    slope = intercept = 0.0
    for _ in range(steps):
        off = residuals(x, y, slope, intercept)
        slope += rate * 2 * (off * x).mean()
        intercept += rate * 2 * off.mean()
    return slope, intercept
