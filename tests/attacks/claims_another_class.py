"""Answers with an object whose `__class__` says int and whose `__eq__` says yes."""

ANSWER = """
class Impostor:
    __class__ = property(lambda self: int)
    def __eq__(self, other):
        return True
    def __hash__(self):
        return 14

def total(xs):
    return Impostor()
"""
