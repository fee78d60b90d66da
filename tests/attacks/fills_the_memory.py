"""Takes memory until there is none."""

ANSWER = """
held = []

def total(xs):
    while True:
        held.append(bytearray(64 << 20))
"""
