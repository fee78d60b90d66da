"""Pancakes for eleven: reference solution."""

# %% portions
flour_each = flour / people
flour_for_eleven = flour_each * 11


# %% scale
def scale(amount, people, guests):
    """Return the amount for *guests*, from the amount for *people*."""
    return amount / people * guests


# %% kitchen
def kitchen(amount):
    """Return the multiple of 5 that is nearest to *amount*."""
    return round(amount / 5) * 5


# %% card_line
def card_line(amount, unit, item):
    """Return a line of the recipe card, such as 460 g flour."""
    return f"{amount} {unit} {item}"
