"""Lifts the limit of recursion and calls itself until the stack is full."""

ANSWER = """
import sys
sys.setrecursionlimit(10**8)

def total(xs):
    def deeper(depth):
        return deeper(depth + 1) + 1
    return deeper(0)
"""
