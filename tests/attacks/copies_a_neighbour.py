"""A neighbour's right answer with other names: no test of values can tell, and none claims to."""

ANSWER = """
def total(values):
    # all my own work
    amount = 0
    for value in values:
        if value > 0:
            amount = amount + value**2
    return amount
"""

EARNS = 10.0  # it is right
