"""Tidy expenses: reference solution."""


# %% parse_line
def parse_line(line):
    """Return the item, the category and the price in cents of one receipt line."""
    try:
        item, category, price = line.split(",")
        cents = round(float(price) * 100)
    except ValueError as error:
        raise ValueError(f"Cannot read this line: {line!r}") from error
    return item.strip(), category.strip(), cents


# %% totals
def totals(items):
    """Return the sum in cents for each category in *items*."""
    sums = {}
    for _, category, cents in items:
        sums[category] = sums.get(category, 0) + cents
    return sums


# %% kitty
class Kitty:
    """Who has paid how much, in cents."""

    def __init__(self, names):
        """Begin with 0 for everybody in *names*."""
        self.paid = dict.fromkeys(names, 0)

    def pay(self, name, cents):
        """Add a payment."""
        if name not in self.paid:
            raise ValueError(f"{name} does not belong to this kitty")
        self.paid[name] += cents

    def balance(self, name):
        """Return what *name* has paid, less an equal share of everything."""
        return self.paid[name] - sum(self.paid.values()) / len(self.paid)


# %% read_slips
def read_slips():
    """Ask for receipt lines until an empty one; return what they say."""
    items = []
    while line := input("Receipt line (nothing to stop): "):
        try:
            items.append(parse_line(line))
        except ValueError as error:
            print(error)
    return items
