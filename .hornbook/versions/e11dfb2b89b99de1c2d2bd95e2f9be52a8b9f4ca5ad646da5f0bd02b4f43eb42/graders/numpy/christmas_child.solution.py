"""The Christmas child: reference solution."""


# %% fahrenheit
def fahrenheit(celsius):
    """Return the temperatures *celsius*, an array of any shape, in degrees Fahrenheit."""
    return celsius * 1.8 + 32


# %% usual_year
def usual_year(sea):
    """Return the mean of each month (column) over all years (rows)."""
    return sea.mean(axis=0)


# %% anomaly
def anomaly(sea):
    """Return by how much each month of each year was warmer than usual."""
    return sea - usual_year(sea)


# %% warmest_year
def warmest_year(years, sea):
    """Return the one of the *years* whose mean anomaly is the highest."""
    return years[anomaly(sea).mean(axis=1).argmax()]
