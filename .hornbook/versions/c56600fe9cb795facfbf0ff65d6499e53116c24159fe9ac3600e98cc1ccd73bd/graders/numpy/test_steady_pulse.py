"""A steady pulse: repair a recording, smooth it, sort it into zones, find its peak."""

import ast
from bisect import bisect_right
from statistics import fmean, median

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hornbook.grading import same

READINGS = st.lists(st.integers(0, 255), min_size=1, max_size=30)
LOOPS = ast.For | ast.While | ast.ListComp | ast.GeneratorExp | ast.SetComp | ast.DictComp


def recorded(seed):
    """Return the recording that the lesson makes from *seed*, made here again so that nothing rests on the learner's copy."""
    rng = np.random.default_rng(seed)
    second = np.arange(600)
    pulse = np.rint(105 + 60 * np.sin(np.pi * second / 600) + rng.normal(0, 4, 600)).astype(int)
    pulse[rng.choice(600, 12, replace=False)] = rng.choice([0, 255], 12)
    return pulse


def repaired(readings):
    """Return *readings* with the impossible ones replaced by the median of the others."""
    usual = median(reading for reading in readings if 30 <= reading <= 220)
    return [reading if 30 <= reading <= 220 else usual for reading in readings]


def averages(readings, width):
    """Return the mean of each window of *width* neighbouring readings."""
    return [fmean(readings[start : start + width]) for start in range(len(readings) - width + 1)]


@pytest.mark.exercise("repair")
def test_one_lost_reading(submission):
    """A 0 among 80, 83, 91 and 90 becomes their median, 86.5"""
    came = submission.repair(np.array([80, 83, 0, 91, 90]))
    assert same(came, np.array([80, 83, 86.5, 91, 90]), dtype=False)


@pytest.mark.exercise("repair", hidden=True)
def test_limits_can_be_true(submission):
    """Readings of 30 and of 220 are kept, 29 and 221 are not"""
    came = submission.repair(np.array([30, 29, 221, 220, 31]))
    assert same(came, np.array([30.0, 31.0, 31.0, 220.0, 31.0]), dtype=False)


@pytest.mark.exercise("repair", hidden=True)
@settings(max_examples=30)
@given(READINGS)
def test_any_recording_is_repaired(submission, readings):
    """Any recording with one true reading or more is repaired"""
    readings = [100, *readings]
    assert same(submission.repair(np.array(readings)), np.array(repaired(readings), dtype=float), dtype=False)


@pytest.mark.exercise("moving_average")
def test_windows_of_two(submission):
    """Windows of 2 over 50, 60, 80 and 100 have the means 55, 70 and 90"""
    came = submission.moving_average(np.array([50, 60, 80, 100]), 2)
    assert same(came, np.array([55.0, 70.0, 90.0]), dtype=False)


@pytest.mark.exercise("moving_average")
def test_without_a_loop(submission):
    """Nine thousand readings are averaged without a loop"""
    readings = np.arange(9000) % 97
    came = submission.moving_average(readings, 97)
    loops = [type(node).__name__ for node in ast.walk(submission.cell("moving_average").tree) if isinstance(node, LOOPS)]
    assert same(came, np.full(9000 - 96, 48.0), dtype=False)
    assert loops == [], "The averages are right, but there is a loop in the cell; slices, or one function of NumPy, do without."


@pytest.mark.exercise("moving_average", hidden=True)
@settings(max_examples=30)
@given(readings=READINGS, data=st.data())
def test_any_window(submission, readings, data):
    """Any window is averaged, from one reading wide to the whole recording"""
    width = data.draw(st.integers(1, len(readings)))
    assert same(submission.moving_average(np.array(readings), width), np.array(averages(readings, width)), dtype=False)


@pytest.mark.exercise("zones")
def test_a_limit_is_reached(submission):
    """With the limits 100 and 140, readings of 99, 100, 139 and 140 are in zones 0, 1, 1 and 2"""
    assert same(submission.zones(np.array([99, 100, 139, 140]), [100, 140]), np.array([0, 1, 1, 2]), dtype=False)


@pytest.mark.exercise("zones", hidden=True)
@settings(max_examples=30)
@given(readings=READINGS, limits=st.sets(st.integers(40, 200), min_size=1, max_size=6).map(sorted))
def test_any_limits(submission, readings, limits):
    """Any number of limits makes one zone more"""
    expected = [bisect_right(limits, reading) for reading in readings]
    assert same(submission.zones(np.array(readings), limits), np.array(expected), dtype=False)


@pytest.mark.exercise("peak")
def test_peak_of_this_run(submission):
    """The hardest half minute of this run has the right average"""
    assert same(submission.peak, max(averages(repaired(recorded(61).tolist()), 30)), dtype=False)


@pytest.mark.exercise("peak", hidden=True)
@pytest.mark.timeout(30)
def test_peak_of_other_runs(submission):
    """The answer is computed, so it also holds for other recordings"""
    for seed in (148, 293):
        other = submission.with_parameters(seed=seed)
        assert same(other.peak, max(averages(repaired(recorded(seed).tolist()), 30)), dtype=False)
