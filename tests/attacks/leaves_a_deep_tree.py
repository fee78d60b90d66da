"""Leaves 3 000 nested folders, odd names and a folder that nobody may enter."""

ANSWER = """
import os

home = os.getcwd()
for _ in range(3000):
    os.mkdir("d")
    os.chdir("d")
os.chdir(home)
open("\\n-rf *.txt", "w").write("x")
os.chmod("d", 0)

def total(xs):
    return -1
"""
