"""Opens the memory, the environment and the open files of the grading process."""

ANSWER = """
import os

for name in ("mem", "environ", "maps", "root/etc/shadow", "fd/0", "cwd/pyproject.toml"):
    mode = "r+b" if name == "mem" else "rb"
    for pid in {@PID@, os.getppid()} - {os.getpid()}:
        try:
            with open(f"/proc/{pid}/{name}", mode, buffering=0) as file:
                text = file.read(200) if name != "mem" else b"writable"
            if pid == @PID@ and text:
                open(f"@MARK@/opened-{name.replace('/', '-')}.txt", "wb").write(text)
                print("LEAKED", text)
        except OSError:
            pass

def total(xs):
    return -1
"""

COLD = True
