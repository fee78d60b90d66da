"""Answers with a list in a list in a list, 100 000 deep."""

ANSWER = """
def total(xs):
    nest = []
    for _ in range(100_000):
        nest = [nest]
    return nest
"""
