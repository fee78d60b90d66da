"""The lamb and the tyger: reference solution."""

# %% read_words
from pathlib import Path


def read_words(path):
    """Return the words of the file called *path*, in small letters and without marks."""
    words = [piece.strip(MARKS) for piece in Path(path).read_text(encoding="utf-8").lower().split()]
    return [word for word in words if word]


# %% shared_words
def shared_words(one, other):
    """Return the words that are in both lists, each once, in alphabetical order."""
    return sorted(set(one) & set(other))


# %% ranking
def ranking(words, number):
    """Return the *number* commonest words with their counts, commonest first, then by the alphabet."""
    counts = {}
    for word in words:
        counts[word] = counts.get(word, 0) + 1

    def commonest_first(word):
        return (-counts[word], word)

    return [(word, counts[word]) for word in sorted(counts, key=commonest_first)[:number]]
