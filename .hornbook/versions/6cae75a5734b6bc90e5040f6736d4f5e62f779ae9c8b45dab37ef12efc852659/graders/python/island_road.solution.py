"""The island road: reference solution."""


# %% is_dry
def is_dry(depth):
    """Return whether the water lies below the road."""
    return depth < 0


# %% sign
def sign(depth):
    """Return the word on the sign: open, slow, tractors or closed."""
    if depth < 0:
        word = "open"
    elif depth < 15:
        word = "slow"
    elif depth < 40:
        word = "tractors"
    else:
        word = "closed"
    return word


# %% may_cross
def may_cross(vehicle, depth, hour):
    """Return whether *vehicle* may cross at this depth and hour."""
    if hour < 6 or hour >= 22:
        return False
    word = sign(depth)
    if word == "open":
        return True
    if word == "slow":
        return vehicle != "bike"
    return word == "tractors" and vehicle == "tractor"
