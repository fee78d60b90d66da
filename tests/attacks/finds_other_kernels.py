"""Looks for connection files and sockets of other kernels, to run code in them."""

ANSWER = """
import glob, os, socket

found = []
for pattern in ("/root/.local/share/jupyter/runtime/*", "/tmp/*.json", "/tmp/hb-*/s/*", "/run/user/*/jupyter/*", "/tmp/**/kernel-*.json"):
    found += glob.glob(pattern, recursive=True)
for path in found:
    try:
        with socket.socket(socket.AF_UNIX) as other:
            other.connect(path)
        open("@MARK@/connected.txt", "w").write(path)
    except OSError:
        pass

def total(xs):
    return -1
"""
