"""Sleeps, which costs no processor time, and ignores the interrupt."""

ANSWER = """
import signal, time
signal.signal(signal.SIGINT, signal.SIG_IGN)

def total(xs):
    while True:
        time.sleep(3600)
"""
