"""Announces an answer of four gigabytes, sends half a message, and then nothing."""

ANSWER = """
import gc, struct, time

def total(xs):
    for thing in gc.get_objects():
        if type(thing).__name__ == "Answers":
            thing.line.socket.sendall(struct.pack("!I", 0xFFFFFFFF) + b"[1," if xs else struct.pack("!I", 100) + b"[1,")
    time.sleep(60)
"""
