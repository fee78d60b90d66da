"""Test the parking meter: reference solution."""


# %% free_half_hour
def test_free_half_hour():
    """The first 30 minutes are free, and the next one is not."""
    assert fee(30) == 0
    assert fee(31) == 2


# %% table
def test_table():
    """The fee is right on both sides of each boundary."""
    for minutes, expected in [(30, 0), (31, 2), (60, 2), (61, 4), (120, 4), (121, 6), (300, 10), (301, 12), (361, 12)]:
        assert fee(minutes) == expected


# %% never_cheaper
def test_never_cheaper():
    """One minute more never costs less, up to ten hours."""
    for minutes in range(600):
        assert fee(minutes) <= fee(minutes + 1)


# %% impossible_time
def test_impossible_time():
    """A time below 0 is refused."""
    with pytest.raises(ValueError):
        fee(-1)
