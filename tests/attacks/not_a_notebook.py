"""Is JSON, but no notebook."""

ANSWER = """
def total(xs):
    return -1
"""

REFUSED = r"notebook"


def rewrite(text: str) -> str:
    """Say something else of the same format."""
    return "[1, 2, 3]" if text else text
