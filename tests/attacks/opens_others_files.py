"""Goes through all processes that it can see: their memory, open files, roots, folders and namespaces."""

ANSWER = """
import ctypes, os

libc = ctypes.CDLL(None, use_errno=True)

def look():
    mine = {str(os.getpid()), "self", "thread-self"}
    try:
        pids = [name for name in os.listdir("/proc") if name.isdigit()]
    except OSError:
        pids = [str(pid) for pid in range(1, 400)] + ["@PID@"]
    for pid in set(pids) - mine:
        for name in ("mem", "environ", "root/@COURSE@", "cwd/pyproject.toml", "ns/mnt", *(f"fd/{number}" for number in range(16))):
            try:
                fd = os.open(f"/proc/{pid}/{name}", os.O_RDWR if name == "mem" else os.O_RDONLY)
            except OSError:
                continue
            if name.startswith("ns/") and libc.setns(fd, 0) == 0:
                print("LEAKED", name)
            if name.startswith("fd/") and b"SECRET" in os.read(fd, 1 << 16):
                print("LEAKED", name)
            if name == "mem" and os.pwrite(fd, b"x", 4096):
                print("LEAKED", name)
            os.close(fd)

look()

def total(xs):
    look()
    return -1
"""
