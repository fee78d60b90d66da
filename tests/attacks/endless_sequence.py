"""Answers with a sequence that claims a huge length and never ends."""

ANSWER = """
class Endless:
    def __iter__(self):
        while True:
            yield 1
    def __len__(self):
        return 10**18
    def __getitem__(self, place):
        return 1

def total(xs):
    return Endless()
"""
