"""Read it from the bottom: reference solution."""


# %% what_happened
def what_happened(report):
    """Return the type of the error at the end of *report*, and its details."""
    kind, _, details = report.splitlines()[-1].partition(": ")
    return kind, details


# %% lend
def lend(loans, name):
    """Count one more book for *name* in the dictionary *loans*, and return the new number."""
    loans[name] = loans.get(name, 0) + 1
    return loans[name]


# %% label
def label(title, year):
    """Return what stands on the back of a book: title, comma, year."""
    return f"{title}, {year}"


# %% changes
def changes(visitors):
    """Return the change of the number of visitors from each day to the next."""
    return [visitors[day + 1] - visitors[day] for day in range(len(visitors) - 1)]
