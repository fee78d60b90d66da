"""Prints 64 MiB in its cell, and more when it is called."""

ANSWER = """
print("x" * (64 << 20))

def total(xs):
    print("y" * (64 << 20))
    return -1
"""
