"""The island road, from the sea upwards: the closed road first, and a limit for each vehicle."""


# %% is_dry
def is_dry(depth):
    return min(depth, 0) != 0


# %% sign
def sign(depth):
    if depth >= 40:
        return "closed"
    if depth >= 15:
        return "tractors"
    if depth >= 0:
        return "slow"
    return "open"


# %% may_cross
def may_cross(vehicle, depth, hour):
    if vehicle == "bike":
        limit = 0
    elif vehicle == "car":
        limit = 15
    else:
        limit = 40
    return 6 <= hour <= 21 and depth < limit
