"""Answers with an object that would write a file in whoever unpickles it."""

ANSWER = """
class Payload:
    def __reduce__(self):
        return (open, ("@MARK@/unpickled.txt", "w"))
    def __reduce_ex__(self, protocol):
        return self.__reduce__()

def total(xs):
    return Payload()
"""
