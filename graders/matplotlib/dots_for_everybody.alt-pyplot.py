"""Dots for everybody with numpy's dot product, pyplot's current axes, and a comparison of all with all."""


# %% lightness
def lightness(color):
    weights = (2126, 7152, 722)
    return sum(weight * part for weight, part in zip(weights, to_rgb(color))) / 10000


# %% draw_kinds
def draw_kinds(table, styles):
    plt.figure(figsize=(6, 4))
    known = table.dropna(subset=["bill_length_mm", "bill_depth_mm"])
    for kind in styles:
        symbol, paint = styles[kind]
        plt.plot("bill_length_mm", "bill_depth_mm", symbol, data=known.query("species == @kind"), c=paint, alpha=0.5, label=kind)
    plt.legend(title="species", loc="lower left")
    plt.xlabel("bill length in mm")
    plt.ylabel("bill depth in mm")


# %% well_chosen
def well_chosen(styles):
    chosen = list(styles.values())
    for place, (marker, color) in enumerate(chosen):
        if lightness(color) > 0.8:
            return False
        for other, paint in chosen[:place]:
            if marker == other or abs(lightness(color) - lightness(paint)) < 0.2:
                return False
    return True
