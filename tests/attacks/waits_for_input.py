"""Waits for somebody to type."""

ANSWER = """
def total(xs):
    return int(input("answer? "))
"""
