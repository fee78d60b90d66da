"""Secret messages: reference solution."""


# %% shift_letter
def shift_letter(letter, places):
    """Return *letter* moved *places* along the alphabet."""
    for first in ("a", "A"):
        place = ord(letter) - ord(first)
        if 0 <= place < 26:
            return chr((place + places) % 26 + ord(first))
    return letter


# %% encrypt
def encrypt(message, places):
    """Return *message* with every letter moved *places* along the alphabet."""
    return "".join(shift_letter(letter, places) for letter in message)


# %% letter_counts
def letter_counts(text):
    """Return how often each of the letters a to z occurs in *text*."""
    counts = {}
    for letter in text.lower():
        if "a" <= letter <= "z":
            counts[letter] = counts.get(letter, 0) + 1
    return counts


# %% guess_places
def guess_places(counts):
    """Return how far e was moved, if the commonest letter in *counts* is e in disguise."""
    commonest = max(counts, key=counts.get)
    return (ord(commonest) - ord("e")) % 26
