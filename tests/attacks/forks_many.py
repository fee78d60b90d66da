"""Starts as many processes as it can (150 at most, for 3 seconds)."""

ANSWER = """
import os, time

def total(xs):
    for _ in range(150):
        try:
            if os.fork() == 0:
                time.sleep(3)
                os._exit(0)
        except OSError:
            break
    return -1
"""
