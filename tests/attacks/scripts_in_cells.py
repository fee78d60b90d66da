"""Puts scripts into outputs, markdown, links and the title, for whoever opens the result in a browser."""

from __future__ import annotations

from typing import Any

ANSWER = """
from IPython.display import HTML, Javascript, display

display(HTML("<img src=x onerror='window.HACKED=4'><script>window.HACKED=5</script>"))
display(Javascript("window.HACKED=6"))
display({"image/svg+xml": "<svg xmlns='http://www.w3.org/2000/svg' onload='window.HACKED=7'></svg>"}, raw=True)

def total(xs):
    return -1
"""


def tamper(notebook: dict[str, Any]) -> None:
    """Add a markdown cell and a title that are scripts."""
    text = "<script>window.HACKED=1</script>[click](javascript:window.HACKED=2)<iframe srcdoc='<script>1</script>'></iframe>"
    notebook["cells"].append({"cell_type": "markdown", "id": "script", "metadata": {}, "source": text})
    notebook["metadata"]["title"] = "</title><script>window.HACKED=3</script>"
