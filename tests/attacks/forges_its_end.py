"""Lets its state claim that its checks ended in ways that no process ends, with numbers that no text can hold."""

ANSWER = """
import gc, os

def forge():
    # Runs in every fork: in the state too, before our own code goes on there.
    for thing in gc.get_objects():
        if type(thing).__name__ == "Line" and thing.socket.fileno() >= 0:
            for message in (("check", 10**4000), ("ended", True, -(10**4000)), ("ended", 1, "x"), ("snapshot", [10**4000, {"a": 1}])):
                try:
                    thing.send(message)
                except Exception:
                    pass

os.register_at_fork(after_in_child=forge)

def total(xs):
    os._exit(0)
"""
