"""Asks the kernel to shut itself down after the cell."""

ANSWER = """
shell = get_ipython()
shell.ask_exit()
shell.kernel.shell.exit_now = True

def total(xs):
    return -1
"""
KERNEL = True
