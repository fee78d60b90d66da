"""Answers with an object that says it equals whatever it is compared with."""

ANSWER = """
class Agreeable:
    def __eq__(self, other):
        return True
    def __ne__(self, other):
        return False
    __hash__ = object.__hash__

def total(xs):
    return Agreeable()
"""
