"""Adds an audit hook, which nobody can take away again, that refuses forks, imports, code and sockets from now on."""

ANSWER = """
import sys

def total(xs):
    return -1

def refuse(event, arguments):
    if event.split(".")[0] in {"os", "import", "compile", "exec", "socket", "signal", "open"}:
        raise MemoryError("no")

sys.addaudithook(refuse)
"""
