"""Raises what it was asked as the name, the text and the line of an error, with hooks for errors that print it, too."""

ANSWER = """
import sys, traceback, warnings

sys.excepthook = lambda *error: print("LEAKED", error)
sys.unraisablehook = sys.excepthook
get_ipython().set_custom_exc((Exception,), lambda shell, kind, error, trace, tb_offset=None: print("LEAKED", error))

def total(xs):
    if len(xs) == 3:
        return -1
    warnings.warn(f"LEAKED {xs}")
    source = f"raise type('LEAKED{abs(sum(xs))}', (LookupError, ValueError), {{}})('LEAKED {xs}')"
    exec(compile(source, "<ipython-input-1-LEAKED>", "exec"))
"""
