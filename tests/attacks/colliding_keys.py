"""Answers with a dictionary all of whose keys have the same hash."""

ANSWER = """
class Same(int):
    def __hash__(self):
        return 1

def total(xs):
    return {Same(number): number for number in range(3000)}
"""
