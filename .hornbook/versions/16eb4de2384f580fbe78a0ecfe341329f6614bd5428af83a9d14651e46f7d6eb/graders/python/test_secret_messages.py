"""Secret messages: move letters, count them, and guess the key."""

from string import ascii_letters, ascii_lowercase, ascii_uppercase

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

PLACES = st.integers(-80, 80)
MESSAGES = st.text(ascii_letters + " 07,.!@[`{éÉßñ", max_size=40)
TALLIES = st.dictionaries(st.sampled_from(ascii_lowercase), st.integers(1, 20))


def moved(text, places):
    """Return *text* in Caesar's cipher, by looking every letter up in a turned alphabet."""
    turn = places % 26
    turned = [alphabet[turn:] + alphabet[:turn] for alphabet in (ascii_lowercase, ascii_uppercase)]
    return text.translate(str.maketrans(ascii_lowercase + ascii_uppercase, "".join(turned)))


@pytest.mark.exercise("shift_letter")
def test_y_moves_round_to_b(submission):
    """Three places after y comes b"""
    assert submission.shift_letter("y", 3) == "b"


@pytest.mark.exercise("shift_letter")
def test_capital_stays_capital(submission):
    """Three places after the capital A comes the capital D"""
    assert submission.shift_letter("A", 3) == "D"


@pytest.mark.exercise("shift_letter", hidden=True)
def test_only_a_to_z_move(submission):
    """Letters move and everything else stays"""
    assert [submission.shift_letter(character, 5) for character in "mé8Q@[`{ß"] == list("ré8V@[`{ß")


@pytest.mark.exercise("shift_letter", hidden=True)
@settings(max_examples=40)
@given(letter=st.sampled_from(ascii_letters), places=PLACES)
def test_any_letter_any_distance(submission, letter, places):
    """Every letter goes where it should, forwards and backwards, however far"""
    assert submission.shift_letter(letter, places) == moved(letter, places)


@pytest.mark.exercise("encrypt")
def test_a_whole_sentence(submission):
    """The message "Run, Zoe!" moved by 3 is "Uxq, Crh!" in cipher"""
    assert submission.encrypt("Run, Zoe!", 3) == "Uxq, Crh!"


@pytest.mark.exercise("encrypt", hidden=True)
@settings(max_examples=30)
@given(message=MESSAGES, places=PLACES)
def test_any_message(submission, message, places):
    """Any message is moved character by character, the empty one too"""
    assert submission.encrypt(message, places) == moved(message, places)


@pytest.mark.exercise("letter_counts")
def test_capitals_and_small_letters_together(submission):
    """In "Otto, go!" there are three o, two t and one g"""
    assert submission.letter_counts("Otto, go!") == {"o": 3, "t": 2, "g": 1}


@pytest.mark.exercise("letter_counts", hidden=True)
@settings(max_examples=30)
@given(MESSAGES)
def test_any_text_is_counted(submission, text):
    """Every letter from a to z that occurs is counted, and nothing else is"""
    small = text.lower()
    assert submission.letter_counts(text) == {letter: small.count(letter) for letter in ascii_lowercase if letter in small}


@pytest.mark.exercise("guess_places")
def test_h_was_moved_by_three(submission):
    """If h is the commonest letter, e was moved by 3"""
    assert submission.guess_places({"h": 5, "w": 4, "d": 2}) == 3


@pytest.mark.exercise("guess_places", hidden=True)
@settings(max_examples=40)
@given(commonest=st.sampled_from(ascii_lowercase), others=TALLIES)
def test_any_commonest_letter(submission, commonest, others):
    """Whichever letter is the commonest, the distance from e is from 0 to 25 and right"""
    counts = dict(sorted({**others, commonest: 21}.items()))
    assert submission.guess_places(counts) == (ascii_lowercase.index(commonest) - ascii_lowercase.index("e")) % 26
