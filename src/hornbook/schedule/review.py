"""Spaced review: when a lesson that was passed is worth doing once more.

A lesson is a card of FSRS, the Free Spaced Repetition Scheduler (version 6, with its published weights), and a day on which it was handed
in is one review of it. The card is made anew from what the record remembers each time, so nothing of it can get lost or differ between
two of a learner's devices.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fsrs import Scheduler

    from hornbook.record.store import Day

RETENTION = 0.9
"""How likely a lesson is to be remembered still when it is repeated: what FSRS recommends."""
LONGEST = timedelta(days=365)
MANY_TRIES = 2
"""From so many hand-ins that fell short on a day on, passing was hard."""


def review_at(days: Sequence[Day]) -> datetime | None:
    """Return from when a lesson with that history is worth repeating; None where it was not passed yet.

    *days* are the days on which it was handed in, in their order. What came before the first pass was learning, and counts as the
    first day's tries. After it, a day without a pass is one on which it was forgotten.
    """
    from fsrs import Card, Rating  # noqa: PLC0415 - only whoever has passed something needs it

    card, tries = None, 0
    for day in days:
        tries += day.missed
        if not day.passed and card is None:
            continue
        rating = Rating.Again if not day.passed else Rating.Hard if tries >= MANY_TRIES else Rating.Good
        # The number of a card is nobody's, and without one FSRS waits for the clock to find one.
        card, _ = _scheduler().review_card(card or Card(card_id=0), rating, day.at)
        tries = 0
    return None if card is None else card.due


@functools.cache
def _scheduler() -> Scheduler:
    """Return the scheduler: of days and not of minutes, and the same for the same history."""
    from fsrs import Scheduler  # noqa: PLC0415 - only whoever has passed something needs it

    return Scheduler(
        desired_retention=RETENTION, learning_steps=(), relearning_steps=(), maximum_interval=LONGEST.days, enable_fuzzing=False
    )
