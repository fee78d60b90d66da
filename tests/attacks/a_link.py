"""Is a symbolic link to a neighbour's file, which is right."""

ANSWER = """
def total(values):
    # all my own work
    amount = 0
    for value in values:
        if value > 0:
            amount = amount + value**2
    return amount
"""

LINK = True
REFUSED = r"link"
