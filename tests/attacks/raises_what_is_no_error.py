"""Raises groups, errors that cannot be shown, errors that raise when they are looked at, and classes that name themselves oddly."""

ANSWER = """
class Meta(type):
    __name__ = property(lambda cls: 1 / 0)
    __mro__ = property(lambda cls: [cls] * 10**6)

class Odd(Exception, metaclass=Meta):
    __module__ = "builtins"
    def __str__(self):
        raise SystemExit(self)
    __traceback__ = property(lambda self: 1 / 0)
    __class__ = property(lambda self: KeyboardInterrupt)

turn = 0

def total(xs):
    kinds = [lambda: Odd(), lambda: BaseExceptionGroup("g", [GeneratorExit()]), lambda: KeyboardInterrupt(), lambda: StopIteration(14)]
    kinds += [lambda: type("x" * 10**6, (OSError,), {})("\\ud800" * 10**6), lambda: type("BROKEN\\x1b[2J\\n", (MemoryError,), {})()]
    raise kinds[(len(xs) + sum(xs)) % len(kinds)]()
"""
