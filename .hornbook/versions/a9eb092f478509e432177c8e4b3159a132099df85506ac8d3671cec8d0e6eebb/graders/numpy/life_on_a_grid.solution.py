"""Life on a grid: reference solution."""


# %% neighbours
def neighbours(world):
    """Return for each square of *world* how many of the eight around it are alive."""
    ways = [(down, right) for down in (-1, 0, 1) for right in (-1, 0, 1) if (down, right) != (0, 0)]
    return sum(np.roll(world, way, axis=(0, 1)) for way in ways)


# %% step
def step(world):
    """Return the generation that follows *world*."""
    count = neighbours(world)
    return ((count == 3) | ((world == 1) & (count == 2))).astype(int)


# %% film
def film(world, generations):
    """Return *world* and the *generations* that follow it, as a list of arrays."""
    pictures = [world]
    for _ in range(generations):
        pictures.append(step(pictures[-1]))
    return pictures
