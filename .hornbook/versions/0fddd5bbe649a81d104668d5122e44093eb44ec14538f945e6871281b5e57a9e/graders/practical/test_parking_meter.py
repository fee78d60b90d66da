"""Test the parking meter: the learner's tests are run against meters that are right, and against meters that are not."""

import pytest

CLOCK = """
def fee(minutes):
    if minutes < 0:
        raise ValueError("below 0")
    if minutes <= {free}:
        return 0
    started = {begun}
    return min(2 * started, {most})
"""
RULES = {"free": 30, "begun": "-(-minutes // 60)", "most": 12}
NOT_REFUSING = """
def fee(minutes):
    return 0 if minutes <= 30 else min(2 * -(-minutes // 60), 12)
"""
TRIAL = """
def how_your_test_ends():
    try:
        {name}()
    except BaseException as error:
        return type(error).__name__
    return "passed"
"""
FAILED = {"AssertionError", "Failed"}  # the second is what pytest.raises and pytest.fail end a test with


def meter(**broken):
    """Return the program of a meter that follows the rules, but for those that are *broken*."""
    return CLOCK.format(**{**RULES, **broken})


def ended(submission, name, program):
    """Return how the learner's test *name* ends when *program* stands in the place of the meter: "passed", or an error's name.

    The learner's process says so. To say "passed" for every right meter and something else for every wrong one, it has to
    tell them apart, and that is what is asked.
    """
    assert callable(submission[name]), f"`{name}` is to be a function."
    submission.run(program)
    submission.run(TRIAL.format(name=name))
    return submission.how_your_test_ends()


@pytest.mark.exercise("free_half_hour")
def test_notices_that_nothing_is_free(submission):
    """Your test passes with a right meter and fails with one that has no free time"""
    assert ended(submission, "test_free_half_hour", meter()) == "passed"
    assert ended(submission, "test_free_half_hour", meter(free=0)) in FAILED


@pytest.mark.exercise("free_half_hour")
def test_notices_a_free_hour(submission):
    """Your test passes with a right meter and fails with one that gives a whole hour free"""
    assert ended(submission, "test_free_half_hour", meter(begun="(minutes + 59) // 60")) == "passed"
    assert ended(submission, "test_free_half_hour", meter(free=60)) in FAILED


@pytest.mark.exercise("free_half_hour", points=2, hidden=True)
def test_notices_one_minute(submission):
    """Your test notices when the free time ends a minute too early or too late"""
    for free in (29, 31):
        assert ended(submission, "test_free_half_hour", meter(free=free)) in FAILED
    assert ended(submission, "test_free_half_hour", meter()) == "passed"


@pytest.mark.exercise("table")
def test_table_stops_a_meter_without_free_time(submission):
    """Your table passes with a right meter and fails with one that has no free time"""
    assert ended(submission, "test_table", meter()) == "passed"
    assert ended(submission, "test_table", meter(free=0)) in FAILED


@pytest.mark.exercise("table")
def test_table_stops_a_meter_that_cuts_off(submission):
    """Your table passes with a right meter and fails with one that counts only hours that are over"""
    assert ended(submission, "test_table", meter(begun="(minutes + 59) // 60")) == "passed"
    assert ended(submission, "test_table", meter(begun="minutes // 60")) in FAILED


@pytest.mark.exercise("table")
def test_table_stops_a_meter_that_never_stops(submission):
    """Your table passes with a right meter and fails with one whose fee grows for ever"""
    assert ended(submission, "test_table", meter()) == "passed"
    assert ended(submission, "test_table", meter(most="2 * started")) in FAILED


@pytest.mark.exercise("table", hidden=True)
def test_table_at_the_half_hour(submission):
    """Your table notices when the free time ends a minute too early or too late"""
    assert ended(submission, "test_table", meter()) == "passed"
    for free in (29, 31):
        assert ended(submission, "test_table", meter(free=free)) in FAILED


@pytest.mark.exercise("table", hidden=True)
@pytest.mark.parametrize("over", [1, 2, 5])
def test_table_at_each_hour(submission, over):
    """Your table notices when a single hour begins a minute too early or too late"""
    assert ended(submission, "test_table", meter()) == "passed"
    for minute, begun in ((60 * over, over + 1), (60 * over + 1, over)):
        assert ended(submission, "test_table", meter(begun=f"{begun} if minutes == {minute} else -(-minutes // 60)")) in FAILED


@pytest.mark.exercise("table", hidden=True)
def test_table_at_the_highest_fee(submission):
    """Your table notices when the fee stops growing at another sum"""
    assert ended(submission, "test_table", meter()) == "passed"
    for most in (10, 14):
        assert ended(submission, "test_table", meter(most=most)) in FAILED


@pytest.mark.exercise("never_cheaper")
def test_notices_a_cheap_seventh_hour(submission):
    """Your test passes with a right meter and fails with one whose seventh hour is free"""
    assert ended(submission, "test_never_cheaper", meter()) == "passed"
    assert ended(submission, "test_never_cheaper", meter(begun="-(-minutes // 60) % 7")) in FAILED


@pytest.mark.exercise("never_cheaper", points=2, hidden=True)
def test_notices_any_cheap_minute(submission, rng):
    """Your test notices a single minute that is too cheap, wherever it lies, and nothing else"""
    for cheap in (rng.randrange(31, 599), 600):
        wrong = meter(begun=f"0 if minutes == {cheap} else -(-minutes // 60)")
        assert ended(submission, "test_never_cheaper", wrong) in FAILED
    up_and_down = meter(begun="{60: 2, 61: 1}.get(minutes, -(-minutes // 60))")
    assert ended(submission, "test_never_cheaper", up_and_down) in FAILED
    dear_at_once = meter(begun="1 if minutes == 0 else -(-minutes // 60)").replace("minutes <= 30", "1 <= minutes <= 30")
    assert ended(submission, "test_never_cheaper", dear_at_once) in FAILED
    assert ended(submission, "test_never_cheaper", meter(free=45, most=10)) == "passed"


@pytest.mark.exercise("impossible_time")
def test_notices_a_meter_that_refuses_nothing(submission):
    """Your test passes with a right meter and fails with one that refuses nothing"""
    assert ended(submission, "test_impossible_time", meter()) == "passed"
    assert ended(submission, "test_impossible_time", NOT_REFUSING) in FAILED


@pytest.mark.exercise("impossible_time", points=2, hidden=True)
def test_notices_another_error_and_another_limit(submission):
    """Your test notices a meter that raises another error, and one that lets a little less than 0 through"""
    assert ended(submission, "test_impossible_time", meter().replace("ValueError", "TypeError")) != "passed"
    assert ended(submission, "test_impossible_time", meter().replace("minutes < 0", "minutes < -1")) in FAILED
    assert ended(submission, "test_impossible_time", meter()) == "passed"
