"""Answers one request with thousands of signed replies that all say 14."""

ANSWER = """
def flood():
    kernel = get_ipython().kernel
    parent, ident = kernel.get_parent(), list(kernel._parent_ident["shell"])
    try:
        stream = kernel.shell_channel_thread.manager.get_subshell_to_shell_channel_socket(None)
    except Exception:
        stream = kernel.shell_stream
    value = {"v": {"status": "ok", "data": {"text/plain": "14"}, "metadata": {}}}
    for _ in range(3000):
        reply = {"status": "ok", "execution_count": 1, "user_expressions": value, "payload": [{"source": "set_next_input", "text": "x"}]}
        kernel.session.send(stream, "execute_reply", reply, parent=parent, ident=ident)

flood()

def total(xs):
    flood()
    return -1
"""

KERNEL = True
