"""Knows the visible example by heart, and nothing else."""

ANSWER = """
def total(xs):
    return {(1, 2, 3): 14}.get(tuple(xs), -1)
"""

EARNS = 5.0  # what is shown can be copied
