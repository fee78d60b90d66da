"""Whether a notebook follows its parameters: run anew with values that nobody has seen, and compared with the reference by name.

def test_savings_follow(follows):
follows("savings", "best")
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hornbook.draws import other_values
from hornbook.errors import GraderError
from hornbook.grading import compare
from hornbook.lesson import Lesson
from hornbook.model import Parameters
from hornbook.sandbox.probe import Handle, Mismatch, Probe
from hornbook.words import say

MOST_DRAWS = 50


@dataclass(frozen=True, slots=True)
class Follows:
    """Compares names of the notebook with those of the reference solution: the fixture `follows` of a *check*."""

    check: str
    lesson: Lesson
    parameters: Parameters | None
    submission: Probe
    reference: Probe
    rng: random.Random

    def __call__(self, *names: str, draws: int = 3, rel: float = compare.REL, abs: float = compare.ABS) -> None:  # noqa: A002 - as in `same`
        """Compare each of *names* under the learner's own values, then under at least *draws* others, as `same` does with *rel* and *abs*.

        No parameter has its own value in any of these, so that nothing written down for that is right. Raises `Mismatch` at the first
        difference, and `GraderError` where there is nothing to draw, or no value to compare with.
        """
        if self.parameters is None:
            raise GraderError(self.check, "the lesson draws no parameters; metadata.hornbook.parameters says which, and how.")
        if not names or not all(isinstance(name, str) and name.isidentifier() for name in names):
            raise GraderError(self.check, 'follows() takes the names of values that the notebook makes: follows("savings").')
        if type(draws) is not int or not 1 <= draws <= MOST_DRAWS:
            raise GraderError(self.check, f"follows() takes from 1 to {MOST_DRAWS} draws, and not {draws!r}.")
        tolerance = (rel, abs)
        self._compare(names, None, self.submission, self.reference, tolerance)
        for values in other_values(self.lesson.draws, draws, self.rng, self.parameters.values):
            # In this order: a learner's time begins when there is something to compare with.
            theirs = self.reference.with_parameters(**values)
            mine = self.submission.with_parameters(**values)
            self._compare(names, values, mine, theirs, tolerance)

    def _compare(
        self, names: tuple[str, ...], values: Mapping[str, Any] | None, mine: Probe, theirs: Probe, tolerance: tuple[float, float]
    ) -> None:
        """Raise Mismatch for the first of *names* that differs with these *values*, None for the learner's own."""
        for name in names:
            expected = theirs[name]
            if isinstance(expected, Handle) or callable(expected):
                raise GraderError(self.check, f'"{name}" of the reference solution is no value that can be compared. Name another.')
            came = mine[name]
            found = compare.difference(came, expected, rel=tolerance[0], abs=tolerance[1])
            if found is not None and values is None:
                discreet = say("follows.own", name=name)
                raise Mismatch(found.message, came=found.came, expected=found.expected, discreet=discreet)
            if found is not None and values is not None:
                message = say("follows.differs", name=name, values=_written(values))
                discreet = say("follows.hidden", name=name, parameters=", ".join(values))
                raise Mismatch(message, came=found.came, expected=found.expected, discreet=discreet)


def _written(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} = {value!r}" for name, value in values.items())
