"""A line that tells: reference solution."""


# %% draw_year
def draw_year(days, celsius):
    """Draw the highest temperature of each day as a line."""
    _, ax = plt.subplots()
    ax.plot(days, celsius)
    ax.set_xlim(days[0], days[-1])
    ax.set_ylabel("highest of the day in °C")
    ax.set_title("In 2015 summer came early")


# %% draw_calm
def draw_calm(days, celsius):
    """Draw the temperature of each day in a pale colour, and its weekly mean in a dark one."""
    _, ax = plt.subplots()
    ax.plot(days, celsius, color="lightgray", label="each day")
    ax.plot(days, over_a_week(celsius), color="darkred", linewidth=2.5, label="mean over a week")
    ax.legend()


# %% mark_hottest
def mark_hottest(days, celsius):
    """Draw the temperatures as a line, and mark and name the hottest day."""
    _, ax = plt.subplots()
    ax.plot(days, celsius)
    top = np.argmax(celsius)
    ax.plot(days[top], celsius[top], marker="o")
    ax.annotate(f"{celsius[top]:.0f} °C", xy=(days[top], celsius[top]))
