"""Every eleven years: reference solution."""


# %% mean_of
def mean_of(values):
    """Return the mean of the list *values*."""
    total = 0
    for value in values:
        total += value
    return total / len(values)


# %% top_year
def top_year(years, values):
    """Return the year in which the value is highest."""
    best = years[0]
    highest = values[0]
    for year, value in zip(years, values):
        if value > highest:
            best = year
            highest = value
    return best


# %% peaks
def peaks(years, values):
    """Return the years whose value is the largest among three years before and three after."""
    found = []
    for place, value in enumerate(values):
        window = values[place - 3 : place + 4]
        if len(window) == 7 and value == max(window):
            found.append(years[place])
    return found


# %% gaps
def gaps(numbers):
    """Return the differences between each number and the one before it."""
    return [numbers[place] - numbers[place - 1] for place in range(1, len(numbers))]
