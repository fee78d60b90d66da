"""Tidy expenses with a regular expression, exact decimals, and a ledger from which the kitty is worked out."""

# %% parse_line
import re
from decimal import Decimal

LINE = re.compile(r"\s*([^,]+?)\s*,\s*([^,]+?)\s*,\s*(\d+(?:\.\d+)?)\s*")


def parse_line(line):
    found = LINE.fullmatch(line)
    if found is None:
        raise ValueError("not a receipt line: " + line)
    item, category, price = found.groups()
    return item, category, int(Decimal(price) * 100)


# %% totals
from collections import defaultdict


def totals(items):
    sums = defaultdict(int)
    for item in items:
        sums[item[1]] += item[2]
    return dict(sums)


# %% kitty
class Kitty:
    def __init__(self, names):
        self.names = list(names)
        self.ledger = []

    @property
    def paid(self):
        return {name: sum(cents for payer, cents in self.ledger if payer == name) for name in self.names}

    def pay(self, name, cents):
        if name not in self.names:
            raise ValueError(f"Who is {name}?")
        self.ledger.append((name, cents))

    def balance(self, name):
        paid = self.paid
        return paid[name] - sum(paid.values()) / len(paid)


# %% read_slips
def read_slips():
    lines = []
    while True:
        line = input()
        if not line:
            break
        lines.append(line)
    items = []
    for line in lines:
        try:
            items.append(parse_line(line))
        except ValueError as error:
            print("Left out:", error)
    return items
