"""Publishes the result that a grader may be looking for, with the kernel's own key."""

ANSWER = """
def total(xs):
    kernel = get_ipython().kernel
    content = {"data": {"text/plain": "14"}, "metadata": {}, "execution_count": 1}
    kernel.session.send(kernel.iopub_socket, "execute_result", content, parent=kernel.get_parent())
    return -1

total([])
"""
KERNEL = True
