"""Test the parking meter without pytest's help: long rows of fees, and an error that is caught by hand."""


# %% free_half_hour
def test_free_half_hour():
    for minutes in range(31):
        assert not fee(minutes)
    assert fee(31) > 0


# %% table
def test_table():
    hours = [2, 4, 6, 8, 10, 12, 12]
    assert [fee(minutes) for minutes in (0, 29, 30)] == [0, 0, 0]
    assert [fee(60 * hour + 31) for hour in range(7)] == hours
    assert [fee(60 * hour + 60) for hour in range(7)] == hours
    assert [fee(60 * hour + 61) for hour in range(6)] == hours[1:]


# %% never_cheaper
def test_never_cheaper():
    fees = [fee(minutes) for minutes in range(602)]
    assert fees == sorted(fees)


# %% impossible_time
def test_impossible_time():
    try:
        fee(-1)
    except ValueError:
        return
    pytest.fail("a time below 0 was let through")
