"""Hooks profiling, monitoring, the collector and dying objects, to change what is answered while it is on its way."""

ANSWER = """
import gc, sys, threading, weakref

class Thing:
    pass

def change(*arguments):
    frame = sys._getframe()
    while frame:
        for name in ("answer", "value", "message", "result", "number"):
            if name in frame.f_locals:
                frame.f_locals[name] = 14
        frame = frame.f_back

sys.setprofile(change)
threading.setprofile(change)
gc.callbacks.append(change)
gc.set_threshold(1)
if hasattr(sys, "monitoring"):
    sys.monitoring.use_tool_id(3, "watch")
    for event in (sys.monitoring.events.PY_RETURN, sys.monitoring.events.LINE, sys.monitoring.events.CALL):
        sys.monitoring.register_callback(3, event, change)
    sys.monitoring.set_events(3, sys.monitoring.events.PY_RETURN | sys.monitoring.events.CALL)
sys.addaudithook(lambda *event: change() if event[0] == "os.fork" else None)

def total(xs):
    weakref.finalize(Thing(), change)
    sys.setprofile(change)
    return -1
"""
