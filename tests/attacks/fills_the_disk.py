"""Writes 300 MiB."""

ANSWER = """
def total(xs):
    with open("big.bin", "wb") as file:
        for _ in range(300):
            file.write(b"0" * (1 << 20))
    return -1
"""
