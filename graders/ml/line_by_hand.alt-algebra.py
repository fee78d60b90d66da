"""A line by hand with matrices: polyval, polyfit, and the gradient of both numbers at once."""


# %% residuals
def residuals(x, y, slope, intercept):
    return y - np.polyval([slope, intercept], x)


# %% error
def error(x, y, slope, intercept):
    off = slope * x + intercept - y
    return off @ off / len(off)


# %% best_line
def best_line(x, y):
    return tuple(np.polyfit(x, y, 1))


# %% descend
def descend(x, y, steps, rate):
    columns = np.column_stack([x, np.ones(len(x))])
    numbers = np.zeros(2)
    for _ in range(steps):
        numbers = numbers - rate * 2 / len(x) * columns.T @ (columns @ numbers - y)
    return numbers[0], numbers[1]
