"""Dots for everybody: reference solution."""


# %% lightness
def lightness(color):
    """Return how light *color* looks, from 0 (black) to 1 (white)."""
    red, green, blue = to_rgb(color)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


# %% draw_kinds
def draw_kinds(table, styles):
    """Draw the bills of the species in *styles*, each with its own marker and colour."""
    _, ax = plt.subplots()
    for species, (marker, color) in styles.items():
        birds = table[table["species"] == species]
        ax.plot(birds["bill_length_mm"], birds["bill_depth_mm"], marker=marker, linestyle="none", color=color, alpha=0.6, label=species)
    ax.set_xlabel("bill length in mm")
    ax.set_ylabel("bill depth in mm")
    ax.legend()


# %% well_chosen
def well_chosen(styles):
    """Return whether markers differ, and colours differ in lightness and stand out from the paper."""
    markers = {marker for marker, _ in styles.values()}
    light = sorted(lightness(color) for _, color in styles.values())
    apart = all(light[place + 1] - light[place] >= 0.2 for place in range(len(light) - 1))
    return len(markers) == len(styles) and apart and light[-1] <= 0.8
