"""Words: how a text becomes terms that can be looked up, what is said by an error message, and which word was meant by a misspelt one.

terms("readCsv() of missing values")        ["read", "csv", "miss", "valu"]
error_in("KeyError: 'price'")               what it is about, in words that lessons use
near("dictionri", known)                    the term that was meant
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

MAX_TERMS: Final = 8_000
"""How many terms of one text are looked at: a book has fewer than a log that somebody has pasted."""
MAX_QUERY: Final = 20_000
"""How many characters of a query are looked at, its last ones: that is where a traceback says what it is about."""

_WORD = re.compile(r"[^\W_]+")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_UNSEGMENTED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\u0e00-\u0e7f]+")
_LONGEST = 40

COMMON: Final = frozenset(
    """
    a about after all also am an and any are as at be been before being but by can could did do does doing done each for from get gets
    getting give given had has have having he her here him his how i if in into is it its itself just let like lot make many may me might
    more most must my myself need no nor not now of off on once one only or other our out over own same she should so some something such
    than that the their them then there these they thing things this those through to too try trying under until up us use used using
    very want wants was way we were what when where which while who whom why will with without won would you your der die das den dem ein
    eine einen einer eines und oder ist sind war wie ich man mit von zu im auf nicht wird kann
    """.split()  # noqa: SIM905 - a list of them would be three times as long
)
"""Words that say nothing about what is looked for."""


def words(text: str) -> Iterator[str]:
    """Yield the words of *text*, folded: without case, accents, and the seams of identifiers; two by two where a script has no spaces."""
    if not text.isascii():
        plain = "".join(char for char in unicodedata.normalize("NFKD", text) if not unicodedata.combining(char))
        text = unicodedata.normalize("NFKC", plain)
    for found in _WORD.finditer(text):
        for piece in _CAMEL.split(found[0]) if found[0].isascii() else (found[0],):
            if _UNSEGMENTED.fullmatch(piece) and len(piece) > 1:
                yield from (piece[place : place + 2] for place in range(len(piece) - 1))
            elif piece:
                yield piece.casefold()[:_LONGEST]


def terms(text: str) -> list[str]:
    """Return the terms of *text* in their order: the stems of its words, and of an identifier the whole, too."""
    found: list[str] = []
    for word in words(text):
        found.append(stem(word))
        if len(found) >= MAX_TERMS:
            break
    # An exception's or a class's name is looked for as a whole, too.
    found += [name.casefold()[:_LONGEST] for name in re.findall(r"\b(?:[A-Z][a-z0-9]+){2,}\b", text)[: MAX_TERMS - len(found)]]
    return found


def telling(text: str) -> list[str]:
    """Return the different terms of *text* that tell what it is about, in their order; all of them where none does."""
    found = [term for term in terms(text) if term not in _common() and (len(term) > 1 or not term.isascii())]
    return list(dict.fromkeys(found or terms(text)))


@functools.cache
def _common() -> frozenset[str]:
    return frozenset(map(stem, COMMON))


@functools.lru_cache(maxsize=200_000)
def stem(word: str) -> str:
    """Return the stem of *word*: what it has in common with its other forms. Porter 2 for English; it does other languages no harm."""
    return str(_stemmer().stemWord(word)) if word.isascii() and len(word) > 2 else word  # noqa: PLR2004 - "is" has no other form


@functools.cache
def _stemmer() -> Any:
    from snowballstemmer.english_stemmer import EnglishStemmer  # noqa: PLC0415 - the package imports every language

    return EnglishStemmer()


# --- Misspelt words --------------------------------------------------------------------------------------------------


def near(word: str, known: Iterable[tuple[str, int]]) -> str | None:
    """Return the one of *known*, terms with how often each occurs, that *word* is one slip away from: the most frequent such."""
    fitting = [(count, term) for term, count in known if abs(len(term) - len(word)) <= 1 and one_slip(word, term)]
    return max(fitting)[1] if fitting else None


def one_slip(one: str, other: str) -> bool:
    """Whether *one* becomes *other* by a letter that is left out, put in, exchanged, or swapped with its neighbour."""
    if len(one) > len(other):
        one, other = other, one
    start = 0
    while start < len(one) and one[start] == other[start]:
        start += 1
    if len(one) < len(other):
        return one[start:] == other[start + 1 :]
    swapped = one[start + 1 : start + 2] + one[start : start + 1] + one[start + 2 :]
    return one[start + 1 :] == other[start + 1 :] or swapped == other[start:]


# --- Error messages --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ErrorMessage:
    """What an error message or a traceback is about: the exception's `name`, its `message` without values, and words that lessons use."""

    name: str
    message: str
    topics: str


_LAST_LINE = re.compile(
    r"^(?:[\w.]+\.)?([A-Z]\w*(?:Error|Exception|Warning|Interrupt|Iteration|Exit|NotFound))\b(?::[ \t]*([^\n]*))?", re.MULTILINE
)
_VALUE = re.compile(r"'[^'\n]*'|\"[^\"\n]*\"|\b\d[\d.,]*\b|0x[0-9a-f]+", re.IGNORECASE)

_ABOUT: Final = {
    "ArithmeticError": "arithmetic numbers calculation",
    "AssertionError": "assert testing a condition that does not hold",
    "AttributeError": "attribute method of an object, class, type",
    "BlockingIOError": "files input output",
    "ConnectionError": "network connection request",
    "EOFError": "input reading end of file",
    "FileExistsError": "files paths writing folders",
    "FileNotFoundError": "files paths opening reading folders",
    "FloatingPointError": "floating point numbers",
    "ImportError": "import modules packages",
    "IndentationError": "indentation blocks syntax",
    "IndexError": "list index out of range, indexing, slices, sequences, loops",
    "IsADirectoryError": "files folders paths",
    "JSONDecodeError": "JSON parsing text",
    "KeyError": "dictionaries, the keys of a dictionary",
    "KeyboardInterrupt": "endless loop while",
    "LinAlgError": "linear algebra matrix arrays",
    "LookupError": "lookup dictionary list index",
    "MemoryError": "memory generators large data",
    "MergeError": "merge join data frames tables",
    "ModuleNotFoundError": "import modules packages install",
    "NameError": "variables names scope defined spelling",
    "NotADirectoryError": "files folders paths",
    "NotImplementedError": "classes inheritance methods abstract",
    "OSError": "files paths operating system",
    "OverflowError": "large numbers arithmetic",
    "PermissionError": "files permissions paths",
    "RecursionError": "recursion base case functions calling themselves",
    "RuntimeError": "exceptions errors",
    "SettingWithCopyWarning": "pandas data frame selecting assigning loc copy",
    "StopIteration": "iterators generators next",
    "SyntaxError": "syntax brackets colon quotes",
    "TabError": "indentation tabs spaces",
    "TimeoutError": "waiting time network",
    "TypeError": "types conversion arguments functions",
    "UnboundLocalError": "local variables scope functions global",
    "UnicodeDecodeError": "encoding unicode bytes text files",
    "UnicodeEncodeError": "encoding unicode bytes text files",
    "ValueError": "values conversion parsing exceptions",
    "ZeroDivisionError": "division by zero arithmetic exceptions",
}
"""What a learner who meets this exception wants to read about. Python's own, and some of the libraries that lessons use."""

_SAYS: Final = (
    (r"could not convert string to float|invalid literal for int", "convert text to a number, parsing, int float str"),
    (r"can only concatenate|unsupported operand|must be str, not", "types, convert a number to text, str, f-string, concatenation"),
    (r"not subscriptable", "indexing, types, lists, None as result, return"),
    (r"not callable", "calling functions, parentheses, names"),
    (r"not iterable", "loops, iteration, types"),
    (r"unhashable type", "dictionary keys, sets, tuples, hashable, mutable lists"),
    (r"positional argument|keyword argument|missing \d+ required", "function arguments parameters, self, methods, calling"),
    (r"'NoneType'|\bNone\b", "None, functions that return nothing, return"),
    (r"does not support item assignment", "immutable strings tuples"),
    (r"(?:list|tuple|string) index out of range", "list index, range, len, loops"),
    (r"broadcast|shapes? .*(?:mismatch|not aligned|not compatible)|operands could not", "numpy arrays shape broadcasting"),
    (r"truth value of (?:an array|a Series|a DataFrame)", "boolean mask, comparing arrays, filter rows, any all"),
    (r"not in index|not found in axis|None of \[|\bpandas\b", "pandas data frames, columns, index"),
    (r"\bnumpy\b", "NumPy arrays"),
    (r"unpack", "tuple unpacking, several values"),
    (r"maximum recursion", "recursion base case"),
    (r"dictionary changed size|changed size during iteration", "changing a dictionary in a loop, copy"),
    (r"was never closed|EOL while|unterminated|expected ':'|invalid syntax", "syntax brackets quotes colon"),
    (r"codec can't|utf-?8", "encoding unicode text files"),
    (r"time data .* does not match|unconverted data|strptime", "dates times parsing datetime"),
)
"""What a message, or the files that a traceback names, is about that the exception's name does not tell."""


def error_in(text: str) -> ErrorMessage | None:
    """Return what the error message in *text*, such as a traceback's last line, is about; None if there is none.

    Of several the last counts: it is the one that was shown to the learner.
    """
    found = list(_LAST_LINE.finditer(text[-MAX_QUERY:]))
    if not found:
        return None
    name, message = found[-1][1], found[-1][2] or ""
    through = " ".join(re.findall(r"\b(?:pandas|numpy)\b(?=[/\\])", text))
    topics = [_ABOUT.get(name, "")] + [about for pattern, about in _SAYS if re.search(pattern, f"{message} {through}")]
    return ErrorMessage(name, " ".join(_VALUE.sub(" ", message).split()), "; ".join(topic for topic in topics if topic))
