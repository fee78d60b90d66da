"""Keeps what it is asked in files, shared memory and a process of its own, and tells it in later checks, by every way to tell."""

ANSWER = """
import ctypes, mmap, os, sys

page = mmap.mmap(-1, 1 << 16)
reader, writer = os.pipe()
if ctypes.CDLL(None).fork() == 0:  # none of the hooks that close our own sockets runs
    os.setsid()
    while data := os.read(reader, 4096):
        for place in ("told.txt", "/tmp/told.txt", "/dev/shm/told.txt"):
            try:
                open(place, "ab").write(data)
            except OSError:
                pass
    os._exit(0)

def total(xs):
    text = f"asked {xs}" if len(xs) == 3 else f"LEAKED {xs}"
    os.write(writer, text.encode())
    page.seek(0)
    page.write(text.encode())
    print(page[:2000])
    if os.path.exists("told.txt"):
        text += open("told.txt").read()
    if "LEAKED" in text:
        print(text, file=sys.stderr)
        raise type(text[:100], (ValueError,), {})(text)
    return -1
"""
