"""Pancakes for eleven, the other way round: multiply first, cut off with a remainder, join the words."""

# %% portions
flour_for_eleven = 11 * flour / people
flour_each = flour_for_eleven / 11


# %% scale
def scale(amount, people, guests):
    return guests * amount / people


# %% kitchen
def kitchen(amount):
    above = amount + 2.5
    return int(above - above % 5)


# %% card_line
def card_line(amount, unit, item):
    return " ".join([str(amount), unit, item])
