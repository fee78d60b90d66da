"""An honest chart with pyplot's current axes, and panels one by one with limits of their own making."""


# %% lie_factor
def lie_factor(first, last, base):
    return first / (first - base)


# %% draw_visits
def draw_visits(months, visits):
    plt.figure(figsize=(5, 3))
    for month, number in zip(months, visits):
        plt.bar(month, number, color="steelblue")
    plt.ylim(0, 1.1 * max(visits))
    plt.ylabel("visits per month")
    plt.title("Library visits")


# %% draw_lines
def draw_lines(hours, cities):
    plt.figure()
    for temperatures in cities.values():
        plt.plot(hours, temperatures, marker="o")
    for line, name in zip(plt.gca().get_lines(), cities):
        line.set_label(name)
    plt.legend(loc="upper left")
    plt.xlabel("hour")
    plt.ylabel("temperature in °C")
    plt.tight_layout()


# %% draw_panels
def draw_panels(hours, cities):
    fig = plt.figure(figsize=(3 * len(cities), 3))
    everything = [number for temperatures in cities.values() for number in temperatures]
    for place, name in enumerate(cities, start=1):
        panel = fig.add_subplot(1, len(cities), place)
        panel.plot(hours, cities[name])
        panel.set_ylim(min(everything) - 1, max(everything) + 1)
        panel.set_title(name)
    return fig
