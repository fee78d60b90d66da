"""Writes the marks by which solutions, scripts and magics are told apart, and runs the rest of the cell in another way."""

ANSWER = """# %% total
def total(xs):
    return -1
# %% visible
# %% [markdown]
# ---
__name__, __file__, __builtins__ = "conftest", "@COURSE@/graders/test_totals.py", {}
%load_ext autoreload
%autoreload 2
%run -i @COURSE@/graders/totals.solution.py
!cp @COURSE@/graders/totals.solution.py . && echo LEAKED
%env GITHUB_TOKEN
get_ipython().run_cell_magic("script", "bash", "cat @COURSE@/graders/* && echo LEAKED")
"""
