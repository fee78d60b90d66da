"""Ask the neighbours with loops, sorting and norms."""


# %% distances
def distances(points, point):
    return np.array([np.linalg.norm(row - point) for row in points])


# %% standardise
def standardise(points):
    result = points.copy()
    for number in range(points.shape[1]):
        column = points[:, number]
        result[:, number] = (column - np.mean(column)) / np.sqrt(np.mean((column - np.mean(column)) ** 2))
    return result


# %% classify
def classify(points, labels, point, k):
    pairs = sorted(zip(distances(points, point), labels), key=lambda pair: pair[0])
    names = [str(name) for _, name in pairs[:k]]
    best = names[0]
    for name in names:
        if names.count(name) > names.count(best):
            best = name
    return best


# %% share_right
def share_right(points, labels, k):
    answers = []
    for place, point in enumerate(points):
        keep = np.arange(len(points)) != place
        answers.append(classify(points[keep], labels[keep], point, k) == labels[place])
    return float(np.mean(answers))
