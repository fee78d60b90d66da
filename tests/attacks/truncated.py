"""Is half of a notebook."""

ANSWER = """
def total(xs):
    return -1
"""

REFUSED = r"is not .*JSON|cut off|ends|truncated|JSON"


def rewrite(text: str) -> str:
    """Keep the first half."""
    return text[: len(text) // 2]
