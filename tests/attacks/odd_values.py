"""Answers with values at the edge of what can cross: signalling NaNs, endless numbers, lone surrogates, zones of its own."""

ANSWER = """
import datetime, decimal, fractions

class Zone(datetime.tzinfo):
    def utcoffset(self, when):
        raise SystemExit(14)

loop = []
loop.append(loop)
VALUES = [
    decimal.Decimal("sNaN"), 10 ** 400_000, fractions.Fraction(10 ** 200_000, 3), "\\ud800" * 1000,
    datetime.datetime(1, 1, 1, tzinfo=Zone()),
    complex("nan+infj"), loop, {float("nan"): 1}, decimal.Decimal("1e999999"), b"\\xff" * (1 << 19), range(10 ** 100), frozenset([()]),
]

def total(xs):
    return VALUES[abs(hash(str(xs))) % len(VALUES)] if len(xs) != 3 else VALUES
"""
