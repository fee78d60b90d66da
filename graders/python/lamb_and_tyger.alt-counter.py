"""The lamb and the tyger by the standard library: pathlib, a loop, a Counter, and two sorts in a row."""

# %% read_words
import fileinput


def read_words(path):
    words = []
    with fileinput.input(path, encoding="utf-8") as lines:
        for line in lines:
            for piece in line.split():
                word = piece.strip(MARKS).lower()
                if word != "":
                    words.append(word)
    return words


# %% shared_words
def shared_words(one, other):
    found = []
    for word in sorted(one):
        if word in other and word not in found:
            found.append(word)
    return found


# %% ranking
from collections import Counter


def ranking(words, number):
    by_the_alphabet = Counter(sorted(words))
    return by_the_alphabet.most_common(number)
