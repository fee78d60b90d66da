"""Registers functions for the parent's side of forks that never end."""

ANSWER = """
import os

def loop():
    while True:
        try:
            while True:
                pass
        except BaseException:
            pass

def total(xs):
    return -1

os.register_at_fork(before=loop, after_in_parent=loop)
"""
