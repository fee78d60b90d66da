"""Practice without a network: a static site in whose pages Python itself runs, with a lesson's visible checks, words and hints.

Nothing is trusted there and nothing is signed: page, checks and learner's code are in one browser, and it is the learner's. What was
done leaves it as a notebook, which is graded like any other.
"""

from __future__ import annotations

import re
from typing import Final

IGNORED: Final = re.compile(r"%(load_ext|reload_ext|check|hint|matplotlib|config)\b")
"""Commands of a notebook that have nothing to do in a page: checks are asked for by a button, and figures are shown anyway."""
