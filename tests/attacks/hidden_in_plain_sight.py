"""Shows a reviewer another text than the one that runs, with bidirectional and look-alike characters."""

ANSWER = """
def total(xs):
    # \u202e } \u2066 return sum(x * x for x in xs if x > 0) \u2069\u202c
    t\u043etal_ = 0
    return -1
"""
