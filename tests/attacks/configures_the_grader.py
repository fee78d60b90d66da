"""Writes configuration, conftest and start-up files that a grader may execute on its next run."""

ANSWER = """
import os

for name in ("conftest.py", "sitecustomize.py", "jupyter_config.py", "ipython_config.py", "nbgrader_config.py", "numpy.py"):
    for folder in (".", os.path.expanduser("~/.jupyter"), "@COURSE@", "@COURSE@/graders", "/tmp", "/var/tmp"):
        try:
            os.makedirs(folder, exist_ok=True)
            open(os.path.join(folder, name), "w").write(f"open('@MARK@/ran-{name}', 'w').write('x')")
        except OSError:
            pass

def total(xs):
    return -1
"""

AGAIN = True
COLD = True
