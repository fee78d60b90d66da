"""Brings metadata nested a hundred thousand deep."""

ANSWER = """
def total(xs):
    return -1
"""

REFUSED = r"deep|nested|JSON"


def rewrite(text: str) -> str:
    """Nest it."""
    return text.replace('"metadata": {', '"metadata": {"deep": ' + "[" * 100_000 + "]" * 100_000 + ", ", 1)
