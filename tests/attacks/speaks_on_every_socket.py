"""Writes answers, frames and noise to every descriptor that it finds open."""

ANSWER = """
import json, os, struct

def shout():
    answer = json.dumps({"tuple": ["value", 14, ""]}).encode()
    for piece in (struct.pack("!I", len(answer)) + answer, b"\\xff" * 64, b"\\0" * 4096):
        for fd in range(3, 64):
            try:
                os.set_blocking(fd, False)
                os.write(fd, piece)
            except OSError:
                pass

def total(xs):
    shout()
    return -1
"""

KERNEL = True
