"""An honest chart: reference solution."""


# %% lie_factor
def lie_factor(first, last, base):
    """Return how many times too large the growth from *first* to *last* looks on *base*."""
    shown = (last - first) / (first - base)
    true = (last - first) / first
    return shown / true


# %% draw_visits
def draw_visits(months, visits):
    """Draw the visits of each month as bars that stand on zero."""
    _, ax = plt.subplots()
    ax.bar(months, visits)
    ax.set_title("Visits to the town library")
    ax.set_ylabel("visits per month")


# %% draw_lines
def draw_lines(hours, cities):
    """Draw the temperatures of each city over the hours of a day, in one pair of axes."""
    _, ax = plt.subplots()
    for name, temperatures in cities.items():
        ax.plot(hours, temperatures, label=name)
    ax.set_xlabel("hour")
    ax.set_ylabel("temperature in °C")
    ax.legend()


# %% draw_panels
def draw_panels(hours, cities):
    """Draw each city in a panel of its own, all on one scale."""
    _, rows = plt.subplots(1, len(cities), sharey=True, squeeze=False)
    for ax, (name, temperatures) in zip(rows.flat, cities.items()):
        ax.plot(hours, temperatures)
        ax.set_title(name)
