"""How a record of an earlier format becomes one of the next: the statements of SQL, in SQLite and in PostgreSQL alike.

They run in the transaction that has read the format, so that whoever opens an old record at the same time finds it old or new. A tool for
migrations would want a configuration, a table of its own and branches; a record lies on a learner's machine, has one history, and is opened
at each start of a command. What stands here was released, and is never changed.
"""

from __future__ import annotations

from typing import Final

STEPS: Final[tuple[tuple[str, ...], ...]] = (
    # 2: what a course grades twice is remembered once.
    ("ALTER TABLE verdict ADD COLUMN work VARCHAR(64)", "CREATE UNIQUE INDEX verdict_work ON verdict (work)"),
    # 3: a verdict is bound to a version of its lesson, says why it was found again, and what was handed in can be graded again.
    (
        "ALTER TABLE verdict ADD COLUMN bound VARCHAR(64)",
        "ALTER TABLE verdict ADD COLUMN why VARCHAR(200)",
        """
        CREATE TABLE submission (learner VARCHAR(200) NOT NULL, digest VARCHAR(64) NOT NULL, name VARCHAR(200) NOT NULL,
                                 source TEXT NOT NULL, PRIMARY KEY (learner, digest))
        """,
    ),
    # 4: which hints were shown, and when each was first seen.
    (
        """
        CREATE TABLE hint (learner VARCHAR(200) NOT NULL, course VARCHAR(200) NOT NULL, lesson VARCHAR(200) NOT NULL,
                           check_name VARCHAR(200) NOT NULL, level INTEGER NOT NULL, at TIMESTAMP NOT NULL,
                           PRIMARY KEY (learner, course, lesson, check_name, level))
        """,
    ),
)
"""The step from format 1, the one from 2, and so on."""
