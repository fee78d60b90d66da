"""Leaves symbolic links to files that only the trusted side can read."""

ANSWER = """
import os

for name, target in (("answer.txt", "/etc/hostname"), ("plot.png", "/etc/passwd"), ("folder", "/"), ("course", "@COURSE@")):
    try:
        os.symlink(target, name)
    except OSError:
        pass

def total(xs):
    return -1
"""
