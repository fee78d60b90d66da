"""Kills the process that forked it."""

ANSWER = """
import os, signal
os.kill(os.getppid(), signal.SIGKILL)

def total(xs):
    return -1
"""

COLD = True
