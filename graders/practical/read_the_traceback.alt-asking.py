"""Read it from the bottom, by asking first: a colon that may be missing, a key that may be missing, a text made by str."""


# %% what_happened
def what_happened(report):
    last = report.strip().split("\n")[-1]
    if ": " not in last:
        return last, ""
    kind, details = last.split(": ", 1)
    return kind, details


# %% lend
def lend(loans, name):
    if name not in loans:
        loans[name] = 0
    loans[name] += 1
    return loans[name]


# %% label
def label(title, year):
    return title + ", " + str(year)


# %% changes
from itertools import pairwise


def changes(visitors):
    return [after - before for before, after in pairwise(visitors)]
