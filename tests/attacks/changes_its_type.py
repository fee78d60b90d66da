"""Answers with an object that is of another class each time it is looked at."""

ANSWER = """
import itertools

class Chameleon:
    kinds = itertools.cycle([int, str, list, bool, object, dict])
    values = itertools.cycle([14, 16, 0, 4, 53])
    __class__ = property(lambda self: next(self.kinds))
    def __getattribute__(self, name):
        return next(object.__getattribute__(self, "values")) if name != "__class__" else next(object.__getattribute__(self, "kinds"))
    def __eq__(self, other): return other
    def __hash__(self): return next(Chameleon.values)
    def __getattr__(self, name): return self
    def __call__(self, *arguments): return self
    def __len__(self): return next(Chameleon.values)
    def __iter__(self): return itertools.repeat(self)
    def __int__(self): return next(Chameleon.values)
    __index__ = __trunc__ = __int__

def total(xs):
    return Chameleon()
"""
