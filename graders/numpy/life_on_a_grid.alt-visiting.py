"""Life on a grid the slow way: visit every square."""


# %% neighbours
def neighbours(world):
    rows, columns = world.shape
    counts = np.zeros((rows, columns), dtype=int)
    for row in range(rows):
        for column in range(columns):
            for down in (-1, 0, 1):
                for right in (-1, 0, 1):
                    counts[row, column] += world[(row + down) % rows, (column + right) % columns]
    return counts - world


# %% step
def step(world):
    counts = neighbours(world)
    following = world.copy()
    following[counts < 2] = 0
    following[counts == 3] = 1
    following[counts > 3] = 0
    return following


# %% film
def film(world, generations):
    pictures = []
    while generations >= 0:
        pictures.append(world)
        world = step(world)
        generations -= 1
    return pictures
