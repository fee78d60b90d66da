"""Is JSON at its edge: keys that come twice, numbers that are none, lone surrogates, and ids that no one can count to."""

ANSWER = """
def total(xs):
    return -1
"""


def rewrite(text: str) -> str:
    """Put them all in, the second of two sources being a right answer to another question."""
    head, _, tail = text.partition('"metadata"')
    odd = '"metadata": {"x": NaN, "y": 1e999, "z": -Infinity, "n": 9223372036854775808, "s": "\\ud800", "s": "twice"}, "metadata"'
    return f"{head}{odd}{tail}".replace(
        '"execution_count": null', '"execution_count": 1e400, "execution_count": -0, "outputs": 14, "outputs": []'
    )
