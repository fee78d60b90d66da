"""Answers with a text of 200 MB."""

ANSWER = """
def total(xs):
    return "x" * (200 << 20)
"""
