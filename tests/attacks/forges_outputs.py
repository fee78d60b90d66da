"""Sends outputs of kinds and shapes that no kernel sends, clears and updates what is not there, and says idle all the while."""

ANSWER = """
published = get_ipython().display_pub.published
SHAPES = [
    ("status", {"execution_state": "idle"}), ("status", {}), ("stream", {"name": 1, "text": {"a": 1}}),
    ("error", {}), ("error", {"ename": 10**5000}), ("execute_reply", {"status": "ok"}), ("", {}),
    ("execute_result", {"data": 14, "metadata": [], "execution_count": "x"}), ("comm_msg", {"comm_id": "c", "data": 1}),
    ("update_display_data", {"transient": {"display_id": []}}), ("clear_output", {"wait": "x"}), ("no_such_kind", {}),
    ("display_data", {"data": {"text/plain": "14"}, "metadata": {}, "transient": {"display_id": "d"}}), ("comm_open", {}),
    ("stream", {"name": "stdout", "text": "\\x1b]0;"}), ("input_request", {"prompt": "?"}), ("shutdown_reply", {"restart": True}),
]

def forge():
    for kind, content in SHAPES:
        try:
            published.send(kind, content)
            if hasattr(published, "line"):
                published.line.send(("reply", "ok", 1))
        except Exception:
            pass

def total(xs):
    forge()
    return -1

forge()
"""
