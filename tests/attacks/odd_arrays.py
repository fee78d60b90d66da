"""Answers with arrays of structures, objects and nothing, views that overlap, frames with luggage, and an array of all answers."""

ANSWER = """
import numpy as np
import pandas as pd

class Frame(pd.DataFrame):
    def __eq__(self, other):
        return True

    def __bool__(self):
        return True

luggage = pd.DataFrame({"a": [14]})
luggage.attrs["x"] = Frame()
VALUES = [
    np.array([14, 16, 0, 4, 53]), np.zeros(3, dtype=[("a", "O"), ("b", "i8")]), np.array([Frame], dtype=object), np.zeros((0, 10**9)),
    np.lib.stride_tricks.as_strided(np.zeros(1), shape=(10**6, 10**6), strides=(0, 0)), np.array(True), np.void(b"14"), luggage, Frame(),
    pd.Series([14], dtype="category"), pd.NA, np.ma.masked, np.datetime64("NaT"), np.array([], dtype="U0"),
]

def total(xs):
    return VALUES[(len(xs) * 3 + sum(xs)) % len(VALUES)]
"""
