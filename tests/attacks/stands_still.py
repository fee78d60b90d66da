"""Stops its whole group of processes, so that no interrupt is heard, in the cell and when it is called."""

ANSWER = """
import os, signal

def total(xs):
    if os.fork() == 0:
        os.kill(os.getppid(), signal.SIGSTOP)
    os.killpg(0, signal.SIGSTOP)
    return -1

if os.fork() == 0:
    os.killpg(0, signal.SIGSTOP)
os.killpg(0, signal.SIGSTOP)
"""
