"""Leaves as many sleeping processes behind as it can, then ends its own."""

ANSWER = """
import os, time

for _ in range(150):
    try:
        if os.fork() == 0:
            os.setsid()
            time.sleep(60)
            os._exit(0)
    except OSError:
        break
os._exit(0)
"""
