"""Forks by a raw system call while it is asked, so that two, four and more processes answer on the same socket."""

ANSWER = """
import ctypes

def total(xs):
    for _ in range(3):
        ctypes.CDLL(None).fork()
    return -1

total([])
"""
