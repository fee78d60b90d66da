"""Removes its own name, its modules and its shell while it is asked."""

ANSWER = """
import sys

def total(xs):
    for name in list(sys.modules):
        if name != "sys":
            del sys.modules[name]
    get_ipython().user_ns.clear()
    globals().clear()
    return -1
"""
