"""The lamb and the tyger: words from a file, words in common, and words by how common they are."""

import re
from collections import Counter

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

WORDS = st.lists(st.sampled_from(["tea", "egg", "jam", "rye", "fig", "ale"]), max_size=12)
TEXTS = st.text("aBé' \n.,;:!?&", max_size=30)


def written(submission, name, text):
    """Put a file called *name* with *text* beside the learner's notebook, and return its name."""
    submission.run(f"with open({name!r}, 'w', encoding='utf-8') as page:\n    page.write({text!r})\n")
    return name


@pytest.mark.exercise("read_words")
def test_a_line_of_the_lamb(submission):
    """The line "Gave thee life & bid thee feed." has six words, in small letters"""
    name = written(submission, "page.txt", "Gave thee life & bid thee feed.\n")
    assert submission.read_words(name) == ["gave", "thee", "life", "bid", "thee", "feed"]


@pytest.mark.exercise("read_words")
def test_both_poems(submission):
    """The Tyger begins with "tyger", "tyger", "burning", and The Lamb ends with "god", "bless" and "thee", all small"""
    assert submission.read_words("tyger.txt")[:3] == ["tyger", "tyger", "burning"]
    assert submission.read_words("lamb.txt")[-3:] == ["god", "bless", "thee"]


@pytest.mark.exercise("read_words", hidden=True)
@settings(max_examples=40)
@given(TEXTS)
@example("O'er, 'the &sea!?\n\n Été;")
def test_any_file(submission, text):
    """Of any file, every word comes in its order, and marks inside a word stay"""
    marks = re.escape(".,;:!?&")
    expected = [re.sub(rf"^[{marks}]+|[{marks}]+$", "", piece) for piece in re.findall(r"[^ \n]+", text.lower())]
    assert submission.read_words(written(submission, "scroll.txt", text)) == [word for word in expected if word != ""]


@pytest.mark.exercise("shared_words")
def test_bread_and_soup(submission):
    """Of soup, tea, soup, bread and bread, rice, soup, both have bread and soup"""
    assert submission.shared_words(["soup", "tea", "soup", "bread"], ["bread", "rice", "soup"]) == ["bread", "soup"]


@pytest.mark.exercise("shared_words", hidden=True)
@settings(max_examples=40)
@given(one=WORDS, other=WORDS)
@example(one=["ale", "tea", "tea", "egg"], other=["tea", "ale", "jam"])
def test_any_two_lists(submission, one, other):
    """Of any two lists, each word in both comes once and in alphabetical order"""
    expected = [word for word in ("ale", "egg", "fig", "jam", "rye", "tea") if one.count(word) * other.count(word) > 0]
    assert submission.shared_words(one, other) == expected


@pytest.mark.exercise("ranking")
def test_two_commonest(submission):
    """Of jam, tea, egg, tea, the two commonest are tea with 2 and egg with 1"""
    assert submission.ranking(["jam", "tea", "egg", "tea"], 2) == [("tea", 2), ("egg", 1)]


@pytest.mark.exercise("ranking")
def test_more_than_there_are(submission):
    """Of two different words, the five commonest are those two"""
    assert submission.ranking(["fig", "ale", "fig"], 5) == [("fig", 2), ("ale", 1)]


@pytest.mark.exercise("ranking", hidden=True)
@settings(max_examples=40)
@given(words=WORDS, number=st.integers(0, 7))
@example(words=["tea", "egg", "tea", "egg", "jam"], number=3)
def test_any_ranking(submission, words, number):
    """In any ranking the counts fall, equal ones follow the alphabet, and it is as long as asked for"""
    rows = sorted(Counter(sorted(words)).items())
    expected = [row for count in range(len(words), 0, -1) for row in rows if row[1] == count]
    assert submission.ranking(words, number) == expected[:number]
