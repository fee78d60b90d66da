"""Sends signals to its parent, to everybody, and to the grader by its number."""

ANSWER = """
import os, signal

def strike():
    for pid in (@PID@, -1):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1):
            try:
                os.kill(pid, number)
            except OSError:
                pass

strike()

def total(xs):
    strike()
    return -1
"""
