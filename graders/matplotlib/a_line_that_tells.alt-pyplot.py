"""A line that tells with pyplot's current axes, labels set afterwards, and a dot that is a scatter."""


# %% draw_year
def draw_year(days, celsius):
    plt.figure(figsize=(8, 3))
    plt.plot(days, celsius, color="firebrick")
    plt.xlim(days.min(), days.max())
    plt.gca().xaxis.set_major_formatter(mdates.DateFormatter("%b"))
    plt.title("A long summer", loc="left")
    plt.ylabel("highest of the day in °C")


# %% draw_calm
def draw_calm(days, celsius):
    plt.figure()
    restless, calm = plt.plot(days, np.column_stack([celsius, over_a_week(celsius)]))
    restless.set(color="#ccd5ee", label="each day")
    calm.set(color="#102050", linewidth=4, label="mean over a week")
    plt.legend(loc="upper left")


# %% mark_hottest
def mark_hottest(days, celsius):
    plt.figure()
    plt.plot(days, celsius, color="gray")
    degrees, day = max(zip(celsius, days), key=lambda pair: pair[0])
    plt.scatter([day], [degrees], color="black")
    plt.text(day, degrees + 1, f"{round(degrees)} °C", ha="center")
