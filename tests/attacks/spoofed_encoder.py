"""Replaces the ways to encode an answer by ones that give quotes, code, floods and half a message."""

ANSWER = """
import json, struct

class Trick(str):
    turn = 0
    def encode(self, *arguments):
        Trick.turn += 1
        return [b"'+__import__('os').system('id')+'", b"zz", b"3136" * 10**6, b"{" * 50, b"[" * 100_000][Trick.turn % 5]

json.dumps = lambda *arguments, **words: Trick("14")
json.JSONEncoder.encode = lambda self, thing: Trick("14")
json.encoder.c_make_encoder = None

def total(xs):
    return -1
"""
