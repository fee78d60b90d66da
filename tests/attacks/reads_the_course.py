"""Looks for the course's folders, its grader and its solutions wherever they could lie."""

ANSWER = """
import os

def read(path):
    try:
        with open(path) as file:
            return file.read()
    except OSError:
        return ""

text = read("@COURSE@/graders/test_totals.py") + read("@COURSE@/graders/totals.solution.py")
for folder in ("@COURSE@", "@COURSE@/graders", "@COURSE@/.."):
    try:
        text += "".join(os.listdir(folder))
    except OSError:
        pass
if text:
    print("LEAKED", text)
    exec(text.partition("# %% total")[2])
else:
    def total(xs):
        return -1
"""
