"""Replaces the compiler by one that optimises assert statements away."""

ANSWER = """
import builtins
true_compile = builtins.compile

def optimising(source, filename, mode, flags=0, dont_inherit=False, optimize=-1, **words):
    return true_compile(source, filename, mode, flags, dont_inherit, 2, **words)

builtins.compile = optimising
type(get_ipython().compile).__call__ = lambda self, source, name, mode, *more: true_compile(source, name, mode, self.flags, True, 2)

def total(xs):
    return -1
"""
