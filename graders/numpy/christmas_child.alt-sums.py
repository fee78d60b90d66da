"""The Christmas child by sums, columns one by one, and a search in plain Python."""


# %% fahrenheit
def fahrenheit(celsius):
    return 212 - (100 - np.array(celsius)) * 9 / 5


# %% usual_year
def usual_year(sea):
    return np.array([sum(month) / len(sea) for month in sea.T])


# %% anomaly
def anomaly(sea):
    usual = np.add.reduce(sea) / sea.shape[0]
    return np.array([year - usual for year in sea])


# %% warmest_year
def warmest_year(years, sea):
    # What is usual is the same for all years, so the sum of a row decides.
    return max(zip(sea.sum(axis=1), years))[1]
