"""Answers with an instance of a class that every isinstance() finds, and that turns into any number."""

ANSWER = """
class Chameleon(type):
    def __instancecheck__(cls, thing):
        return True
    def __subclasscheck__(cls, other):
        return True
    def __eq__(cls, other):
        return True
    __hash__ = type.__hash__

class Number(metaclass=Chameleon):
    def __eq__(self, other):
        return True
    def __float__(self):
        return 14.0
    def __index__(self):
        return 14
    def __getattr__(self, name):
        return lambda *arguments, **words: self
    __hash__ = object.__hash__

def total(xs):
    return Number()
"""
