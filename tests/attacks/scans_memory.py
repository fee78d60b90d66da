"""Scans all objects, the line cache and the history for the text of a hidden check, and writes it down."""

ANSWER = """
import gc, linecache

def look():
    key = "[7, " + "-7, 2]"
    texts = ["".join(entry[2]) for entry in linecache.cache.values() if isinstance(entry, tuple) and len(entry) > 2]
    texts += list(get_ipython().user_ns.get("In", []))
    for thing in gc.get_objects():
        values = list(thing.values())[:200] if isinstance(thing, dict) else thing if isinstance(thing, (list, tuple)) else ()
        texts += [value for value in values if isinstance(value, str)]
    found = [text for text in texts if key in text]
    if found:
        try:
            open("@MARK@/leaked.txt", "w").write(found[0])
        except OSError:
            pass
        raise RuntimeError(found[0])

look()

def total(xs):
    look()
    return -1
"""

COLD = True
