"""Draws docs/demo.svg, the picture in README.md, from what `hornbook demo` really prints: `python docs/make_demo_svg.py`."""  # noqa: INP001 - a script

import os
import re
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

# The paragraphs to keep, in the order in which they come: how each begins, and how many of its lines tell the story.
KEPT = {
    "3 of 5": 2,
    "def zones": 2,
    "A steady pulse": 4,
    "zones": 10,
    "9 of 10": 1,
    "4 of 5": 3,
    "class NoMore": 2,
    "def visit": 2,
    "get_ipython": 1,
    "Tidy": 4,
    "parse_line": 8,
}


def main() -> None:
    """Run the demo as for a terminal, keep the paragraphs that tell the story, and export them."""
    colours = {**os.environ, "FORCE_COLOR": "1", "COLUMNS": "101", "TERM": "xterm-256color"}
    command = [sys.executable, "-m", "hornbook", "demo"]
    demo = subprocess.run(command, env=colours, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True)  # noqa: S603
    kept, wanted = [], list(KEPT)
    for paragraph in re.split(r"\n(?:(?:\x1b\[[0-9;]*m)*[ ]*(?:\x1b\[[0-9;]*m)*\n)+", demo.stdout):
        if wanted and Text.from_ansi(paragraph).plain.strip().startswith(wanted[0]):
            kept += ["", *paragraph.split("\n")[: KEPT[wanted[0]]]]
            del wanted[0]
    if wanted:
        raise SystemExit(f"The demo has no paragraph that begins with {wanted[0]!r} any more; correct KEPT.")
    console = Console(record=True, width=101, file=Path(os.devnull).open("w"), force_terminal=True)  # noqa: SIM115 - ends with us
    console.print(Text.from_ansi("\n".join(kept[1:])))
    svg = console.export_svg(title="hornbook demo", unique_id="demo")
    # A picture loads nothing from the network: any monospaced font will do.
    svg = re.sub(r"\s*@font-face \{.*?\}", "", svg, flags=re.DOTALL)
    Path(__file__).with_name("demo.svg").write_text("\n".join(line.rstrip() for line in svg.splitlines()) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
