"""Raises SystemExit when it is called."""

ANSWER = """
def total(xs):
    raise SystemExit(0)
"""
