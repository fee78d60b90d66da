"""Secret messages by the standard library: alphabets as text, translation tables, Counter."""

# %% shift_letter
from string import ascii_lowercase, ascii_uppercase


def shift_letter(letter, places):
    for alphabet in (ascii_lowercase, ascii_uppercase):
        if letter in alphabet:
            return alphabet[(alphabet.index(letter) + places) % len(alphabet)]
    return letter


# %% encrypt
def encrypt(message, places):
    table = {ord(letter): shift_letter(letter, places) for letter in ascii_lowercase + ascii_uppercase}
    return message.translate(table)


# %% letter_counts
from collections import Counter


def letter_counts(text):
    return dict(Counter(letter for letter in text.lower() if letter in ascii_lowercase))


# %% guess_places
def guess_places(counts):
    ranking = sorted(counts.items(), key=lambda pair: pair[1])
    commonest, _ = ranking[-1]
    return (ascii_lowercase.index(commonest) - 4) % 26
