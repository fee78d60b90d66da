"""Replaces itself, in the middle of a question, by another program that goes on answering over the same socket."""

ANSWER = '''
import os, sys

CODE = """
import json, os, stat, struct
for turn in range(2):
    for fd in range(3, 100):
        try:
            if stat.S_ISSOCK(os.fstat(fd).st_mode):
                text = json.dumps([1, {"tuple": ["value", 15, ""]}]).encode()
                os.write(fd, struct.pack("!I", len(text)) + text)
        except OSError:
            pass
"""

def total(xs):
    for fd in range(3, 100):
        try:
            os.set_inheritable(fd, True)
        except OSError:
            pass
    os.execv(sys.executable, [sys.executable, "-c", CODE])
'''
