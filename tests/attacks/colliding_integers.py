"""Answers with tens of thousands of whole numbers, honest in type, whose hashes are all the same."""

ANSWER = """
def total(xs):
    return {number * (2**61 - 1): 0 for number in range(1, 40_000)} if len(xs) % 2 else {number << 61: 0 for number in range(40_000)}
"""
