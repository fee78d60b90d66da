"""Makes the kernel answer every later execution with `ok`, whatever happens."""

ANSWER = """
kernel = get_ipython().kernel

async def fine(*arguments, **words):
    return {"status": "ok", "execution_count": 1, "user_expressions": {}, "payload": []}

type(kernel).do_execute = lambda self, *arguments, **words: fine()

def total(xs):
    return -1
"""
KERNEL = True
