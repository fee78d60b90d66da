"""Answers the running request and reports idle by itself, then takes its time."""

ANSWER = """
import time

def forge():
    kernel = get_ipython().kernel
    parent, ident = kernel.get_parent(), list(kernel._parent_ident["shell"])
    try:
        stream = kernel.shell_channel_thread.manager.get_subshell_to_shell_channel_socket(None)
    except Exception:
        stream = kernel.shell_stream
    kernel.session.send(kernel.iopub_socket, "status", {"execution_state": "idle"}, parent=parent, ident=kernel._topic("status"))
    reply = {"status": "ok", "execution_count": 1, "user_expressions": {}, "payload": []}
    kernel.session.send(stream, "execute_reply", reply, parent=parent, ident=ident)
    time.sleep(0.5)

forge()

def total(xs):
    forge()
    return -1
"""
KERNEL = True
