"""The typed channel between a trusted grader and a learner's process.

`encode` turns a value of a closed set of exact types into bytes, `decode` turns such bytes back into exactly those types. Whatever is not
in the set crosses as an `Opaque`: a number under which the learner's side keeps the object, and the printable name of its type.

Three rules make it safe to decode what a hostile process sent:

- A type is recognised by ``type(value) is T`` and by nothing that a class can override, and a message names tags of the table below, never
  a class, a module or a path. There is nothing to instantiate but what the table lists.
- Size, number of values and depth are measured on the text, before anything is built from it.
- Whatever goes wrong, on either side, is a `WireError`.

The source of this module is also what runs in the learner's process, where nothing else of ours can be imported. So it stands on the
standard library alone, and touches numpy and pandas only when a value or a tag needs them.

The format, number 1
--------------------
A message is the ASCII text of the JSON array ``[1, value]``: the number of the format, then the value. A value that JSON cannot tell from
another stands in an object with one member, whose name is its tag. Everything in an array is itself a value.

========================= ===================================================================================
Python                    JSON
========================= ===================================================================================
None, bool                ``null``, ``true``, ``false``
int                       a number without point or exponent if it is smaller than 2**63 in size, else
                          ``{"int": "0x8000000000000000"}``
float                     the shortest number that reads back as the same; a number too large for a float reads
                          as infinite. Else ``{"float": "nan"}``, ``"inf"`` or ``"-inf"``
str                       a string; one that holds surrogates ``{"str": base64 of UTF-8 with "surrogatepass"}``
list                      ``[item, …]``
tuple, set, frozenset     ``{"tuple": [item, …]}``, and so on
dict                      ``{"dict": [key, value, key, value, …]}``, in order
complex                   ``{"complex": [real, imag]}``
bytes                     ``{"bytes": base64}``
range                     ``{"range": [start, stop, step]}``
Ellipsis, NotImplemented  ``{"constant": its name}``
date                      ``{"date": [year, month, day]}``
time                      ``{"time": [hour, minute, second, microsecond, zone, fold]}``: zone is a timezone, a ZoneInfo or null
datetime                  ``{"datetime": [year, month, day, hour, minute, second, microsecond, zone, fold]}``
timedelta                 ``{"timedelta": [days, seconds, microseconds]}``
timezone                  ``{"timezone": [offset, name]}``: a timedelta, and a string or null
ZoneInfo                  ``{"zoneinfo": key}``, a key that the reader's own machine lists
Decimal                   ``{"decimal": text}``
Fraction                  ``{"fraction": [numerator, denominator]}`` in lowest terms
an object                 ``{"opaque": [number, type_name, kind]}``
numpy scalar              ``{"np.scalar": [dtype, base64]}``
numpy.str_, numpy.bytes_  ``{"np.str": string}``, ``{"np.bytes": base64}``
numpy.ndarray             ``{"np.array": [dtype, order, shape, data]}``: ``order`` is ``"C"`` or ``"F"``, data is
                          base64 in that order, or for dtype ``"|O"`` the list of items in that order
pandas.NaT, pandas.NA     ``{"pd.missing": "NaT"}``, ``{"pd.missing": "NA"}``
pandas.Timestamp          ``{"pd.Timestamp": [datetime64 in UTC, zone]}``
pandas.Timedelta          ``{"pd.Timedelta": [timedelta64]}``
pandas.Interval           ``{"pd.Interval": [left, right, closed]}``
masked array              ``{"pd.masked": [values, mask]}``: of ``Int64``, ``Float32``, ``boolean`` and their like
string array              ``{"pd.strings": [storage, missing, items]}``: missing is ``"nan"`` or ``"NA"``; items are
                          strings, and null where one is missing
pandas.Categorical        ``{"pd.Categorical": [codes, categories, ordered]}``
array of datetimes        ``{"pd.datetimes": [datetime64 in UTC, zone]}``
array of timedeltas       ``{"pd.timedeltas": [timedelta64]}``
array of intervals        ``{"pd.intervals": [left, right, closed]}``
pandas.Index, and its kin ``{"pd.Index": [array, name, frequency]}``; the kin follows from the array's dtype
pandas.RangeIndex         ``{"pd.RangeIndex": [start, stop, step, name]}``
pandas.MultiIndex         ``{"pd.MultiIndex": [levels, codes, names]}``
pandas.Series             ``{"pd.Series": [array, index, name]}``
pandas.DataFrame          ``{"pd.DataFrame": [columns, index, arrays]}``: one array per column
========================= ===================================================================================

A numpy dtype is written as ``dtype.str`` writes it, in its byte order; where C has two integers of one size (``long`` and ``long long``),
the second is written by its letter, ``"<q"``. Not kept: whether an array is read-only or a view, ``attrs``, ``flags``, a frequency
that pandas cannot read back from its name, and the sign and payload of a Python NaN. Opaque objects may stand in lists, tuples, sets
and dicts; anything else that holds one is opaque as a whole.
"""

# ruff: noqa: PLC0415 - numpy, pandas and zoneinfo are imported by the functions that need them.
# No `from __future__ import annotations`: where this text runs as a module that is not in `sys.modules`, `dataclass` could not look up
# annotations that are strings.

import binascii
import builtins
import functools
import itertools
import json
import math
import operator
import re
import sys
import types
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal
from fractions import Fraction
from time import thread_time
from typing import Any, Literal, NoReturn

try:
    from hornbook.errors import WireError
except ImportError:  # In the learner's process there is no hornbook.

    class WireError(Exception):  # type: ignore[no-redef]
        """The bytes are not one well-formed wire message, or a value cannot cross the wire."""


__all__ = ["FORMAT", "Limits", "Opaque", "WireError", "decode", "encode"]

# The functions below look names up here and not in the `builtins` module, so a learner who replaces `len` or `type` there does not
# disturb them. This keeps honest mistakes from looking like ours; it is no wall, and nothing rests on it.
globals()["__builtins__"] = dict(vars(builtins))

FORMAT = 1

_INT64 = 2**63  # Integers up to here are plain JSON numbers, as other readers of JSON take them.
_SLOW_BITS = 2048  # Comparing larger integers with a Decimal takes quadratic time; they are let into keys only with care.
_FRACTION_BITS = 1 << 16  # A Fraction is reduced in quadratic time: 3 ms at this size, and at most 32 of them fit into 1 MiB.
_DISTINCT_NUMBERS = 1 << 14  # pandas hashes numbers in a way that a sender can foresee: all colliding, that many take 0.1 s ...
_DISTINCT_OBJECTS = 1 << 8  # ... and that many long tuples half a second. The hash of a str cannot be foreseen.
_NAME_LENGTH = 200


@dataclass(frozen=True, slots=True)
class Limits:
    """The most that one message may hold: bytes, levels of nesting, and single values (JSON's, not those inside an array)."""

    bytes: int = 1 << 20
    depth: int = 100
    items: int = 200_000


@dataclass(frozen=True, slots=True)
class Opaque:
    """An object that stays in the learner's process, under a *number*.

    *type_name* is at most 200 printable characters: for a class the name of the class, for anything else the name of its type. It is a
    claim, for display only. *kind* ``"callable"`` is an object that can be called but is no function.
    """

    number: int
    type_name: str
    kind: Literal["object", "callable", "function", "class", "module"]


_DEFAULT = Limits()


def encode(value: object, register: Callable[[object], int] | None = None, *, limits: Limits = _DEFAULT) -> bytes:
    """Return *value* as one message.

    *register* takes in an object that is not data and returns the number it can be asked for by; without it, such an object is a
    `WireError`, as is a value beyond *limits*, which are met before much is built. No code of the value's own classes is run.
    """
    writer = _Writer(limits, register)
    try:
        message = _to_json([FORMAT, writer.node(value, 0)]).encode("ascii")
        _measure(message, limits)
    except _RefusedError as refused:
        raise WireError(f"{refused.place('value')} {refused.reason}.") from None
    except Exception as error:
        # In the learner's process any module can have been tampered with, so any exception can appear here.
        raise WireError(f"The value cannot be written as a wire message: {_named(type(error))}.") from error
    return message


def decode(data: bytes, *, limits: Limits = _DEFAULT, resolve: Callable[[Opaque], object] | None = None) -> object:
    """Return the value that the message *data* holds; whatever *data* is, raise nothing but `WireError`.

    An opaque object comes as `Opaque`, or as what *resolve* makes of it. Memory stays within a small multiple (about 50) of
    ``limits.bytes``, and so does the processor's time: keys chosen so that their hashes collide are refused after a third of a second.
    """
    try:
        _measure(data, limits)
        return _Reader(limits, resolve, len(data)).read(data)
    except _RefusedError as refused:
        raise WireError(f"The message is refused: it {refused.reason}.") from None
    except Exception as error:
        # Constructors of numpy and pandas raise nearly everything when they are given nonsense; here nonsense is to be expected.
        raise WireError(f"These bytes are not a wire message of format {FORMAT}: {_named(type(error))}.") from error


class _RefusedError(Exception):
    """Why a value or message is refused: the rest of a sentence that begins with its place."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.steps: list[str] = []

    def place(self, root: str) -> str:
        """Return the place in *root* as Python would write it, from the root down."""
        return root + "".join(reversed(self.steps))


class _NotDataError(_RefusedError):
    """The value, or something in it, is not data; all of it may still cross as an opaque object."""


def _refuse(reason: str) -> NoReturn:
    raise _RefusedError(reason)


# naming a place ---------------------------------------------------------------------------------------------------------------------------

_Step = Callable[[list[Any], int], str]


def _at(_values: list[Any], position: int) -> str:
    return f"[{position}]"


def _entry(flat: list[Any], position: int) -> str:
    key = flat[position - position % 2]
    if position % 2 == 0:
        return f".keys()[{position // 2}]"
    return f"[{key!r:.40}]" if type(key) in (int, str) else f".values()[{position // 2}]"


# measuring the text -----------------------------------------------------------------------------------------------------------------------

_STRINGS = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\Z)', re.DOTALL)  # Possessive, and closed by the end: linear on any input.
_NOT_ARRAYS = bytes(set(range(256)) - set(b"[]"))
_NOT_OBJECTS = bytes(set(range(256)) - set(b"{}"))
_STEP = tuple(1 if code in b"[{" else -1 for code in range(256))


def _measure(message: bytes, limits: Limits) -> None:
    """Refuse *message* if it exceeds *limits*, by looking at its bytes only."""
    if len(message) > limits.bytes:
        _refuse_size(limits)
    # Brackets inside strings count here, so this only overestimates; most messages are through.
    if _count(message) <= limits.items + 2 and message.count(b"[") <= limits.depth and message.count(b"{") <= limits.depth:
        return
    message = _STRINGS.sub(b"", message)
    if _count(message) > limits.items + 2:  # Two for the array around the value.
        _refuse_count(limits)
    for others in (_NOT_ARRAYS, _NOT_OBJECTS):
        # Objects alternate with arrays in what `encode` writes, so both are as deep as the value, but for the array around it.
        brackets = message.translate(None, others)
        if max(itertools.accumulate(map(_STEP.__getitem__, brackets)), default=0) > limits.depth + 1:
            _refuse_depth(limits)


def _count(text: bytes) -> int:
    return text.count(b",") + text.count(b"[") + text.count(b"{")


def _refuse_size(limits: Limits) -> NoReturn:
    _refuse(f"takes more than {limits.bytes} bytes on the wire; make it smaller, or ask for less at once")


def _refuse_count(limits: Limits) -> NoReturn:
    _refuse(f"holds more than {limits.items} values; make it smaller, or ask for less at once")


def _refuse_depth(limits: Limits) -> NoReturn:
    _refuse(f"is nested deeper than {limits.depth} levels; perhaps it holds itself")


# writing ----------------------------------------------------------------------------------------------------------------------------------

_to_json = json.JSONEncoder(ensure_ascii=True, check_circular=False, allow_nan=False, separators=(",", ":")).encode
_INT, _FLOAT, _STR = id(int), id(float), id(str)
_PLAIN = frozenset({_INT, _FLOAT, _STR, id(bool), id(type(None))})


class _Writer:
    """Turns one value into the tree that JSON writes; keeps count, so that it stops before much is built."""

    __slots__ = ("count", "limits", "register", "room", "within_data")

    def __init__(self, limits: Limits, register: Callable[[object], int] | None) -> None:
        self.limits = limits
        self.register = register
        self.room = limits.bytes
        self.count = limits.items
        self.within_data = 0

    def node(self, value: Any, level: int) -> object:
        """Return what stands for *value* below *level* arrays."""
        kind = type(value)
        if kind is list:
            return self.sequence(value, level, _at)
        if id(kind) in _PLAIN:
            return value if self.is_plain([value]) else self.awkward(value)
        form = _form_of(kind)
        if form is None:
            return self.handle(value)
        if form.size(value) > self.room:
            _refuse_size(self.limits)
        if form.holds_objects:
            return {form.tag: self.sequence(form.parts(value), level, form.step)}
        self.within_data += 1
        try:
            packed = form.parts(value)
            return {form.tag: self.sequence(packed, level, form.step) if type(packed) is list else self.node(packed, level)}
        except _NotDataError:
            if self.within_data > 1 or self.register is None:
                raise
        finally:
            self.within_data -= 1
        return self.handle(value)

    def sequence(self, values: list[Any], level: int, step: _Step) -> list[object]:
        """Return what stands for *values*, in an array below *level* others; *step* names a place in it."""
        if level >= self.limits.depth:
            _refuse_depth(self.limits)
        self.count -= len(values)
        self.room -= 2 * len(values)
        if self.count < 0:
            _refuse_count(self.limits)
        if self.room < 0:
            _refuse_size(self.limits)
        if self.is_plain(values):
            return values
        nodes = []
        for position, value in enumerate(values):
            try:
                nodes.append(self.node(value, level + 1))
            except _RefusedError as refused:
                refused.steps.append(step(values, position))
                raise
        return nodes

    def is_plain(self, values: list[Any]) -> bool:
        """Return whether *values* are all the same in JSON as in Python."""
        # By identity: looking up a type itself would run `__hash__` and `__eq__` of its metaclass.
        kinds = set(map(id, map(type, values)))
        if not kinds <= _PLAIN:
            return False
        if _INT in kinds:
            numbers = values if len(kinds) == 1 else [value for value in values if type(value) is int]
            if max(numbers) >= _INT64 or min(numbers) <= -_INT64:
                return False
        if _FLOAT in kinds:
            numbers = values if len(kinds) == 1 else [value for value in values if type(value) is float]
            if not math.isfinite(sum(numbers)):  # The sum may be infinite of itself; then each number is looked at alone.
                return False
        if _STR in kinds:
            texts = values if len(kinds) == 1 else [value for value in values if type(value) is str]
            length = sum(map(len, texts))
            if length > self.room:
                _refuse_size(self.limits)
            if not _is_text("".join(texts)):
                return False
            self.room -= length
        return True

    def awkward(self, value: Any) -> object:
        """Return what stands for *value*, an int, float or str that JSON cannot write as one."""
        if type(value) is float:
            return {"float": repr(value)}
        if type(value) is str:
            return {"str": _to_base64(value.encode("utf-8", "surrogatepass"))}
        if value.bit_length() // 4 > self.room:
            _refuse_size(self.limits)
        return {"int": hex(value)}

    def handle(self, value: object) -> object:
        """Return what stands for *value*, which is not data."""
        if self.register is None or self.within_data:
            raise _NotDataError(f'is a "{_named(type(value))}", which is not data and cannot cross; send what it holds instead')
        kind = _kind_of(value)
        name = _named(value if kind == "class" else type(value))
        self.room -= len(name)
        return {"opaque": [self.register(value), name, kind]}


def _is_text(text: str) -> bool:
    """Return whether *text* holds no surrogates, which JSON readers pair or refuse."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


_static_name: Callable[[object], str] = type.__dict__["__name__"].__get__  # No metaclass can answer in its place.


def _named(kind: object) -> str:
    """Return the name of the class *kind* as at most 200 printable characters."""
    name = _static_name(kind)
    if type(name) is not str:  # A class can be given a name of a class of its own.
        return "?"
    shown = (char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in name[:_NAME_LENGTH])
    return "".join(shown)[:_NAME_LENGTH]


_FUNCTIONS = (
    types.FunctionType,
    types.MethodType,
    types.BuiltinFunctionType,
    types.MethodWrapperType,
    types.MethodDescriptorType,
    types.WrapperDescriptorType,
    types.ClassMethodDescriptorType,
    functools.partial,
    type(functools.lru_cache(len)),
)


def _kind_of(value: object) -> str:
    # `isinstance` would believe `__class__`; `issubclass` against `type` itself, and `callable`, look at the real class only.
    kind = type(value)
    if issubclass(kind, type):
        return "class"
    if kind is types.ModuleType:
        return "module"
    if any(kind is function for function in _FUNCTIONS):
        return "function"
    return "callable" if callable(value) else "object"


# reading ----------------------------------------------------------------------------------------------------------------------------------

_FEW = 16  # So many keys are taken in between two looks at the clock.
_LONG_NUMBER = b"0" * 641
_ALL_DIGITS_ZERO = bytes.maketrans(b"123456789", b"000000000")


class _Reader:
    """Builds the value of one message, from the inside out."""

    __slots__ = ("has_decimal", "has_huge_int", "limits", "resolve", "seconds")

    def __init__(self, limits: Limits, resolve: Callable[[Opaque], object] | None, size: int) -> None:
        self.limits = limits
        self.resolve = resolve
        self.has_decimal = False
        self.has_huge_int = False
        # What building sets and dicts may cost. Honest keys need less than a tenth of it.
        self.seconds = 0.15 + 0.15 * size / (1 << 20)

    def read(self, data: bytes) -> object:
        """Return the value of the message *data*."""
        # Reading decimal digits takes quadratic time, and the interpreter's own limit on it may have been lifted by a grader.
        parse_int = _short_int if _LONG_NUMBER in data.translate(_ALL_DIGITS_ZERO) else None
        decoder = json.JSONDecoder(object_hook=self.build, parse_constant=_no_constant, parse_int=parse_int)
        envelope = decoder.decode(data.decode("ascii"))
        if type(envelope) is not list or len(envelope) != 2 or type(envelope[0]) is not int or envelope[0] != FORMAT:  # noqa: PLR2004 - a pair
            _refuse(f"does not begin with the number of the format, {FORMAT}")
        return envelope[1]

    def build(self, node: dict[str, Any]) -> object:
        """Return the value of the tagged *node*, whose parts are built already."""
        if len(node) != 1:
            _refuse(f"holds an object with {len(node)} members instead of one")
        ((tag, parts),) = node.items()
        form = _FORMS.get(tag)
        if form is None:
            _refuse("uses a tag that format 1 does not know")
        return form.unpack(parts, self)

    def fill(self, container: Any, keys: list[object], entries: list[Any]) -> None:
        """Put *entries*, whose *keys* a sender chose, into the empty set or dict *container*."""
        if self.has_decimal and self.has_huge_int and any(type(key) is not str for key in keys):
            _refuse("has keys beside both a Decimal and a huge integer, which take too long to compare")
        if len(entries) <= _FEW:
            container.update(entries)
        else:
            # Neither the hashes of numbers and tuples nor the way in which Python probes its tables is a secret: 45,000 keys can be made to
            # cost a thousand million comparisons, and no count of equal hashes sees every way to do it. The processor's clock does.
            for start in range(0, len(entries), _FEW):
                before = thread_time()
                container.update(entries[start : start + _FEW])
                self.seconds -= thread_time() - before
                if self.seconds < 0:
                    _refuse("has keys that were chosen so that their hashes collide")
        if len(container) != len(entries):
            _refuse("repeats a key")


def _no_constant(name: str) -> NoReturn:
    _refuse(f"holds {name}, which is not JSON")


def _short_int(digits: str) -> int:
    if len(digits) >= len(_LONG_NUMBER):
        _refuse("holds an integer of more than 640 decimal digits; write it in hexadecimal")
    return int(digits)


def _parts(parts: Any, *kinds: type) -> list[Any]:
    """Return *parts* if they are a list of exactly these types, of which `object` stands for any."""
    if (
        type(parts) is not list
        or len(parts) != len(kinds)
        or any(kind is not object and type(part) is not kind for part, kind in zip(parts, kinds, strict=True))
    ):
        _refuse("has a tag whose parts are not of the types that format 1 gives them")
    return parts


def _require(condition: object, what: str) -> None:
    if not condition:
        _refuse(f"has {what}")


# a form -----------------------------------------------------------------------------------------------------------------------------------

_Pack = Callable[[Any], Any]
_Unpack = Callable[[Any, _Reader], object]


def _no_size(_value: object) -> int:
    return 0


@dataclass(frozen=True, slots=True)
class _Form:
    """How the values of some types are written under a tag.

    *kinds* are the types, or their names in the module *home*. *fields* names the parts, if there are any. *pack* turns a value into its
    parts or its text; without it, the parts are the attributes that *fields* names. *unpack* takes parts or text, already built, and may
    raise anything when they do not fit. *size* is a lower bound on the bytes that the value will take, known before anything is built.
    """

    tag: str
    kinds: tuple[type, ...] | str
    unpack: _Unpack
    pack: _Pack | None = None
    fields: str = ""
    size: Callable[[Any], int] = _no_size
    home: str | None = None
    holds_objects: bool = False

    def parts(self, value: Any) -> Any:
        """Return the simpler value that stands for *value*."""
        if self.pack is not None:
            return self.pack(value)
        return [getattr(value, field) for field in self.fields.split()]

    def step(self, parts: list[Any], position: int) -> str:
        """Return how to come from a value to the part at *position*."""
        if self.fields:
            return f".{self.fields.split()[position]}"
        return (_entry if self.tag == "dict" else _at)(parts, position)


def _form_of(kind: type) -> _Form | None:
    """Return the form of the values whose type is exactly *kind*, or None."""
    found = _kinds_of(None, None).get(id(kind))
    for home in () if found else ("numpy", "pandas", "zoneinfo"):
        module = sys.modules.get(home)
        # What is not imported has no values. A file of the learner's that is called numpy.py is a module too, without numpy's types.
        if type(module) is types.ModuleType:
            found = found or _kinds_of(home, module).get(id(kind))
    return found[1] if found else None


@functools.cache
def _kinds_of(home: str | None, module: types.ModuleType | None) -> dict[int, tuple[type, _Form]]:
    """Return the forms of *home* by the identity of their types, which are kept alive so that no other type can take it over."""
    found = {}
    for form in _FORMS.values():
        if form.home == home:
            kinds = [_attribute(module, name) for name in form.kinds.split()] if isinstance(form.kinds, str) else form.kinds
            found.update({id(kind): (kind, form) for kind in kinds if kind is not None})
    return found


def _attribute(module: object, name: str) -> Any:
    """Return what *module* calls *name*, dots and all, or None."""
    return functools.reduce(lambda found, part: getattr(found, part, None), name.split("."), module)


def _tag(value: object) -> str | None:
    """Return the tag under which *value* is written, if any."""
    form = _form_of(type(value))
    return None if form is None else form.tag


def _made(kind: Callable[..., object], *kinds: type) -> _Unpack:
    """Return what makes a *kind* from parts of exactly *kinds*."""
    return lambda parts, _reader: kind(*_parts(parts, *kinds))


# forms of the standard library ------------------------------------------------------------------------------------------------------------


def _to_base64(raw: bytes) -> str:
    return binascii.b2a_base64(raw, newline=False).decode("ascii")


def _from_base64(text: Any) -> bytes:
    _parts([text], str)
    return binascii.a2b_base64(text, strict_mode=True)


def _unpack_int(text: Any, reader: _Reader) -> int:
    _parts([text], str)
    number = int(text, 16)
    _require(hex(number) == text, "an integer that is not hexadecimal as Python writes it")
    reader.has_huge_int = reader.has_huge_int or number.bit_length() > _SLOW_BITS
    return number


def _unpack_float(text: Any, _reader: _Reader) -> float:
    _require(text in ("nan", "inf", "-inf"), "a float that is none of nan, inf and -inf")
    return float(text)


def _unpack_str(text: Any, _reader: _Reader) -> str:
    return _from_base64(text).decode("utf-8", "surrogatepass")


def _unpack_bytes(text: Any, _reader: _Reader) -> bytes:
    return _from_base64(text)


def _unpack_tuple(items: Any, _reader: _Reader) -> tuple[object, ...]:
    _require(type(items) is list, "a tuple that is not written as an array")
    return tuple(items)


def _unpack_set(items: Any, reader: _Reader) -> set[object]:
    _require(type(items) is list, "a set that is not written as an array")
    built: set[object] = set()
    reader.fill(built, items, items)
    return built


def _unpack_frozenset(items: Any, reader: _Reader) -> frozenset[object]:
    return frozenset(_unpack_set(items, reader))


def _pack_dict(value: dict[object, object]) -> list[object]:
    return list(itertools.chain.from_iterable(value.items()))


def _unpack_dict(flat: Any, reader: _Reader) -> dict[object, object]:
    _require(type(flat) is list and len(flat) % 2 == 0, "a dict that is not written as an array of pairs")
    built: dict[object, object] = {}
    keys = flat[::2]
    reader.fill(built, keys, list(zip(keys, flat[1::2], strict=True)))
    return built


def _unpack_constant(name: Any, _reader: _Reader) -> object:
    _require(name in ("Ellipsis", "NotImplemented"), "a constant that format 1 does not know")
    return ... if name == "Ellipsis" else NotImplemented


def _unpack_time(parts: Any, _reader: _Reader) -> time:
    hour, minute, second, microsecond, zone, fold = _parts(parts, int, int, int, int, object, int)
    return time(hour, minute, second, microsecond, _zone(zone), fold=fold)


def _unpack_datetime(parts: Any, _reader: _Reader) -> datetime:
    year, month, day, hour, minute, second, microsecond, zone, fold = _parts(parts, *[int] * 7, object, int)
    return datetime(year, month, day, hour, minute, second, microsecond, _zone(zone), fold=fold)


def _zone(value: Any) -> tzinfo | None:
    """Return *value* if it is None or a time zone of the closed set."""
    _require(value is None or _tag(value) in ("timezone", "zoneinfo"), "a time zone that is none")
    zone: tzinfo | None = value
    return zone


def _pack_timezone(value: Any) -> list[object]:
    offset, *name = value.__getinitargs__()
    return [offset, name[0] if name else None]


def _unpack_timezone(parts: Any, _reader: _Reader) -> timezone:
    offset, name = _parts(parts, timedelta, object)
    return timezone(offset) if name is None else timezone(*_parts(parts, timedelta, str))


def _pack_zoneinfo(value: Any) -> str:
    key: str = value.key
    if key not in _zone_keys():
        raise _NotDataError("is a time zone without a common name, which is not data and cannot cross; send datetimes in UTC instead")
    return key


def _unpack_zoneinfo(key: Any, _reader: _Reader) -> tzinfo:
    from zoneinfo import ZoneInfo

    # A key is nearly a path, so it is looked up in the machine's own list before anything is opened.
    _require(type(key) is str and key in _zone_keys(), "a time zone that this machine does not know")
    return ZoneInfo(key)


@functools.cache
def _zone_keys() -> frozenset[str]:
    from zoneinfo import available_timezones

    return frozenset(available_timezones())


def _pack_decimal(value: Decimal) -> str:
    return str(value).replace("e", "E")  # A context can ask for "e".


def _unpack_decimal(text: Any, reader: _Reader) -> Decimal:
    _parts([text], str)
    number = Decimal(text)
    _require(_pack_decimal(number) == text, "a Decimal that is not written as Python writes it")
    reader.has_decimal = True
    return number


def _pack_fraction(value: Fraction) -> list[object]:
    parts: list[object] = [value.numerator, value.denominator]
    if any(type(part) is int and part.bit_length() > _FRACTION_BITS for part in parts):
        _refuse(f"is a Fraction whose numerator or denominator has more than {_FRACTION_BITS} bits; send a float or a rounded Fraction")
    return parts


def _unpack_fraction(parts: Any, _reader: _Reader) -> Fraction:
    numerator, denominator = _parts(parts, int, int)
    _require(max(numerator.bit_length(), denominator.bit_length()) <= _FRACTION_BITS, "a Fraction that is too long to reduce")
    fraction = Fraction(numerator, denominator)
    _require((fraction.numerator, fraction.denominator) == (numerator, denominator), "a Fraction that is not in lowest terms")
    return fraction


_OPAQUE_KINDS = ("object", "callable", "function", "class", "module")


def _unpack_opaque(parts: Any, reader: _Reader) -> object:
    number, name, kind = _parts(parts, int, str, str)
    _require(0 <= number < _INT64, "an opaque object whose number is none")
    _require(len(name) <= _NAME_LENGTH and name.isprintable(), "an opaque object whose name cannot be printed")
    _require(kind in _OPAQUE_KINDS, "an opaque object of a kind that format 1 does not know")
    opaque = Opaque(number, name, kind)
    return opaque if reader.resolve is None else reader.resolve(opaque)


# forms of numpy ---------------------------------------------------------------------------------------------------------------------------

_DTYPE = re.compile(
    r"""\|O | \|b1 | \|[iu]1 | [<>](?:[iu][248] | [ilqILQ] | f[248] | c8 | c16)   # objects, numbers
      | [<>]U[1-9]\d{0,6} | \|S[1-9]\d{0,6}                                        # text and bytes of fixed width
      | [<>][mM]8 (?: \[ (?:[1-9]\d{0,8})? (?:Y|M|W|D|h|m|s|ms|us|ns|ps|fs|as) \] )?   # moments, spans; numpy divides by the step
    """,
    re.VERBOSE | re.ASCII,
)
_LAST_CODE_POINT = 0x10FFFF


def _dtype_text(dtype: Any) -> str:
    """Return how the numpy *dtype* is written; refuse one that holds no data."""
    import numpy as np

    text: str = dtype.str
    if not _DTYPE.fullmatch(text):
        raise _NotDataError(f'is of the dtype "{text}", which is not data and cannot cross; send what it holds instead')
    twin = dtype.kind in "iu" and np.dtype(text).char != dtype.char
    return f"{text[0]}{dtype.char}" if twin else text


def _dtype(text: Any, reader: _Reader) -> Any:
    """Return the numpy dtype that is written as *text*."""
    import numpy as np

    _require(type(text) is str and _DTYPE.fullmatch(text), "a dtype that format 1 does not know")
    dtype = np.dtype(text)
    _require(dtype.itemsize <= reader.limits.bytes, "a dtype larger than a message")
    return dtype


def _items(raw: bytes, dtype: Any) -> Any:
    """Return *raw* as a flat, writable array of *dtype*, each of whose items is one that *dtype* can have."""
    import numpy as np

    array = np.frombuffer(raw, dtype).copy()
    if dtype.kind == "b":
        _require(not raw.translate(None, b"\0\1"), "a truth value that is neither true nor false")
    if dtype.kind == "U":
        _require((array.view(f"{dtype.str[0]}u4") <= _LAST_CODE_POINT).all(), "a character beyond Unicode")
    return array


def _pack_scalar(value: Any) -> list[object]:
    return [_dtype_text(value.dtype), _to_base64(value.tobytes())]


def _unpack_scalar(parts: Any, reader: _Reader) -> object:
    text, data = _parts(parts, str, str)
    dtype = _dtype(text, reader)
    _require(dtype.kind in "biufcmM", "a numpy scalar of a type that is written otherwise")
    (scalar,) = _items(_from_base64(data), dtype)
    built: object = scalar
    return built


def _unpack_np_str(text: Any, _reader: _Reader) -> object:
    import numpy as np

    return np.str_(*_parts([text], str))


def _unpack_np_bytes(text: Any, _reader: _Reader) -> object:
    import numpy as np

    return np.bytes_(_from_base64(text))


def _array_size(value: Any) -> int:
    return 2 * int(value.size) if value.dtype.kind == "O" else int(value.nbytes) * 4 // 3


def _pack_array(value: Any) -> list[object]:
    text = _dtype_text(value.dtype)
    order = "F" if value.flags.f_contiguous and not value.flags.c_contiguous else "C"
    data = value.flatten(order).tolist() if text == "|O" else _to_base64(value.tobytes(order))
    return [text, order, list(value.shape), data]


def _unpack_array(parts: Any, reader: _Reader) -> object:
    import numpy as np

    text, order, shape, data = _parts(parts, str, str, list, object)
    dtype = _dtype(text, reader)
    _require(order in ("C", "F"), "an array in an order that is neither C nor F")
    _parts(shape, *[int] * len(shape))
    # An empty array may have an axis of any length, and whoever sums along the other axis would pay for it; so empty axes count as one.
    room = math.prod(max(length, 1) for length in shape) * dtype.itemsize
    _require(min(shape, default=0) >= 0 and room <= reader.limits.bytes, "an array larger than a message")
    if text != "|O":
        return _items(_from_base64(data), dtype).reshape(shape, order=order)
    _require(type(data) is list, "an array of objects that are not written as an array")
    flat = np.empty(len(data), object)
    for position, item in enumerate(data):  # All at once, numpy would take nested lists for axes.
        flat[position] = item
    return flat.reshape(shape, order=order)


# forms of pandas --------------------------------------------------------------------------------------------------------------------------

_ARRAYS = ("np.array", "pd.masked", "pd.strings", "pd.Categorical", "pd.datetimes", "pd.timedeltas", "pd.intervals")
_FREQUENCY = re.compile(r"-?\d{0,6}[A-Za-z]{1,4}(?:-[A-Z0-9]{2,4})?", re.ASCII)


def _array(value: Any, length: int | None = None) -> Any:
    """Return *value* if it is an array that can be a column, of *length* if that is given; pandas would stretch anything less."""
    _require(_tag(value) in _ARRAYS and value.ndim == 1, "a column that is no array")
    _require(length is None or len(value) == length, "a column whose length is not that of its index")
    return value


def _index(value: Any) -> Any:
    """Return *value* if it is an index."""
    _require(_tag(value) in ("pd.Index", "pd.RangeIndex", "pd.MultiIndex"), "an index that is none")
    return value


def _distinct(index: Any) -> Any:
    """Return *index* if pandas can see in reasonable time that its labels are distinct, whatever they are."""
    dtype = _index(index).dtype
    if dtype.kind == "O" and all(type(label) is str for label in index.array):
        return index
    most = _DISTINCT_NUMBERS if dtype.kind in "biufcmM" else _DISTINCT_OBJECTS
    _require(len(index) <= most, f"more than {most} categories or labels of a level")
    return index


def _values(labelled: Any) -> Any:
    """Return the values of a Series or Index: a numpy array if their dtype is numpy's, else an array of pandas."""
    import numpy as np

    return labelled.to_numpy() if isinstance(labelled.dtype, np.dtype) else labelled.array


def _pack_missing(value: object) -> str:
    return str(value).strip("<>")


def _unpack_missing(name: Any, _reader: _Reader) -> object:
    import pandas as pd

    _require(name in ("NaT", "NA"), "a missing value that format 1 does not know")
    return pd.NaT if name == "NaT" else pd.NA


def _unpack_timestamp(parts: Any, _reader: _Reader) -> object:
    import numpy as np
    import pandas as pd

    moment, zone = _parts(parts, np.datetime64, object)
    stamp = pd.Timestamp(moment)
    _require(_tag(stamp) == "pd.Timestamp" and stamp.asm8.dtype == moment.dtype, "a Timestamp that pandas would change")
    return stamp if _zone(zone) is None else stamp.tz_localize("UTC").tz_convert(zone)


def _unpack_pd_timedelta(parts: Any, _reader: _Reader) -> object:
    import numpy as np
    import pandas as pd

    (span,) = _parts(parts, np.timedelta64)
    built = pd.Timedelta(span)
    _require(_tag(built) == "pd.Timedelta" and built.asm8.dtype == span.dtype, "a Timedelta that pandas would change")
    return built


def _unpack_interval(parts: Any, _reader: _Reader) -> object:
    import pandas as pd

    return pd.Interval(*_parts(parts, object, object, str))


def _pack_masked(value: Any) -> list[object]:
    return [value.to_numpy(dtype=value.dtype.numpy_dtype, na_value=0), value.isna()]


def _unpack_masked(parts: Any, _reader: _Reader) -> object:
    import numpy as np
    import pandas as pd

    values, mask = _parts(parts, np.ndarray, np.ndarray)
    _array(mask, len(_array(values)))
    kinds: dict[str, Any] = {"b": pd.arrays.BooleanArray, "f": pd.arrays.FloatingArray}
    return kinds.get(values.dtype.kind, pd.arrays.IntegerArray)(values, mask)


def _pack_strings(value: Any) -> list[object]:
    import numpy as np
    import pandas as pd

    items = value.to_numpy(dtype=object, na_value=None).tolist()
    if np.str_ in map(type, items):  # pandas lets them in among the others.
        items = [str.__str__(item) if type(item) is np.str_ else item for item in items]
    return [value.dtype.storage, "NA" if value.dtype.na_value is pd.NA else "nan", items]


def _unpack_strings(parts: Any, _reader: _Reader) -> object:
    import pandas as pd

    storage, missing, items = _parts(parts, str, str, list)
    _require(missing in ("NA", "nan"), "a missing string that format 1 does not know")
    _require(all(item is None or type(item) is str for item in items), "an array of strings with an item that is none")
    return pd.array(items, dtype=pd.StringDtype(storage, na_value=pd.NA if missing == "NA" else math.nan))


def _unpack_categorical(parts: Any, _reader: _Reader) -> object:
    import pandas as pd

    codes, categories, ordered = _parts(parts, object, object, bool)
    return pd.Categorical.from_codes(_array(codes), categories=_distinct(categories), ordered=ordered)


def _pack_datetimes(value: Any) -> list[object]:
    return [value.to_numpy(dtype=f"M8[{value.unit}]"), value.tz]


def _unpack_datetimes(parts: Any, _reader: _Reader) -> object:
    import pandas as pd

    moments, zone = _parts(parts, object, object)
    index = pd.DatetimeIndex(_array(moments))
    _require(index.dtype == moments.dtype, "an array of datetimes that pandas would change")
    return (index if _zone(zone) is None else index.tz_localize("UTC").tz_convert(zone)).array


def _pack_timedeltas(value: Any) -> list[object]:
    return [value.to_numpy()]


def _unpack_timedeltas(parts: Any, _reader: _Reader) -> object:
    import pandas as pd

    (spans,) = _parts(parts, object)
    index = pd.TimedeltaIndex(_array(spans))
    _require(index.dtype == spans.dtype, "an array of timedeltas that pandas would change")
    return index.array


def _unpack_intervals(parts: Any, _reader: _Reader) -> object:
    import pandas as pd

    left, right, closed = _parts(parts, object, object, str)
    array = pd.arrays.IntervalArray.from_arrays(_index(left), _index(right), closed=closed)
    _require(array.left.dtype == left.dtype and array.right.dtype == right.dtype, "intervals that pandas would change")
    return array


def _pack_index(value: Any) -> list[object]:
    frequency = getattr(value, "freq", None)
    return [_values(value), value.name, None if frequency is None else _frequency_text(frequency)]


def _frequency_text(frequency: Any) -> str | None:
    """Return the name of *frequency* if pandas can read it back, else None."""
    from pandas.tseries.frequencies import to_offset

    text: str = frequency.freqstr
    return text if _FREQUENCY.fullmatch(text) and to_offset(text) == frequency else None


def _unpack_index(parts: Any, _reader: _Reader) -> object:
    import pandas as pd

    array, name, frequency = _parts(parts, object, object, object)
    index: Any = pd.Index(_array(array), dtype=array.dtype, name=name)
    _require(_tag(index) == "pd.Index" and index.dtype == array.dtype, "an index that pandas would change")
    if frequency is not None:
        _require(hasattr(index, "freq"), "a frequency of what is no time")  # Other indexes take it for an attribute of the caller's.
        _require(type(frequency) is str and _FREQUENCY.fullmatch(frequency), "a frequency that is none")
        index.freq = frequency
    return index


def _unpack_range_index(parts: Any, reader: _Reader) -> object:
    import pandas as pd

    start, stop, step, name = _parts(parts, int, int, int, object)
    _require(len(range(start, stop, step)) <= reader.limits.bytes, "a RangeIndex longer than a message")
    return pd.RangeIndex(start, stop, step, name=name)


def _pack_multi_index(value: Any) -> list[object]:
    return [list(value.levels), list(value.codes), list(value.names)]


def _unpack_multi_index(parts: Any, _reader: _Reader) -> object:
    import pandas as pd

    levels, codes, names = _parts(parts, list, list, list)
    return pd.MultiIndex([_distinct(level) for level in levels], [_array(code) for code in codes], names=names)


def _pack_series(value: Any) -> list[object]:
    return [_values(value), value.index, value.name]


def _unpack_series(parts: Any, _reader: _Reader) -> object:
    import pandas as pd

    array, index, name = _parts(parts, object, object, object)
    series = pd.Series(_array(array, len(_index(index))), index=index, dtype=array.dtype, name=name)
    _require(series.dtype == array.dtype, "a Series that pandas would change")
    return series


def _pack_frame(value: Any) -> list[object]:
    return [value.columns, value.index, [_values(column) for _, column in value.items()]]


def _unpack_frame(parts: Any, _reader: _Reader) -> object:
    import pandas as pd

    columns, index, arrays = _parts(parts, object, object, list)
    length = len(_index(index))
    # Left to itself, pandas turns a column of objects into one of strings where it can.
    data = {
        number: pd.Series(array, index=index, dtype=object) if _array(array, length).dtype == object else array
        for number, array in enumerate(arrays)
    }
    frame = pd.DataFrame(data, index=index)
    frame.columns = _index(columns)
    _require(list(frame.dtypes) == [array.dtype for array in arrays], "a DataFrame that pandas would change")
    return frame


# the closed set ---------------------------------------------------------------------------------------------------------------------------

_INTEGERS = "byte ubyte short ushort intc uintc long ulong longlong ulonglong"
_SCALARS = f"bool_ {_INTEGERS} half single double csingle cdouble datetime64 timedelta64"
_MASKED = "arrays.BooleanArray arrays.IntegerArray arrays.FloatingArray"
_STRING_ARRAYS = "arrays.StringArray arrays.ArrowStringArray"
_INDEXES = "Index DatetimeIndex TimedeltaIndex CategoricalIndex IntervalIndex"

_FORMS = {
    form.tag: form
    for form in (
        _Form("tuple", (tuple,), _unpack_tuple, list, size=len, holds_objects=True),
        _Form("set", (set,), _unpack_set, list, size=len, holds_objects=True),
        _Form("frozenset", (frozenset,), _unpack_frozenset, list, size=len, holds_objects=True),
        _Form("dict", (dict,), _unpack_dict, _pack_dict, size=len, holds_objects=True),
        _Form("int", (), _unpack_int),  # The three are written by `_Writer.awkward`.
        _Form("float", (), _unpack_float),
        _Form("str", (), _unpack_str),
        _Form("complex", (complex,), _made(complex, float, float), fields="real imag"),
        _Form("bytes", (bytes,), _unpack_bytes, _to_base64, size=len),
        _Form("range", (range,), _made(range, int, int, int), fields="start stop step"),
        _Form("constant", (types.EllipsisType, types.NotImplementedType), _unpack_constant, repr),
        _Form("date", (date,), _made(date, int, int, int), fields="year month day"),
        _Form("time", (time,), _unpack_time, fields="hour minute second microsecond tzinfo fold"),
        _Form("datetime", (datetime,), _unpack_datetime, fields="year month day hour minute second microsecond tzinfo fold"),
        _Form("timedelta", (timedelta,), _made(timedelta, int, int, int), fields="days seconds microseconds"),
        _Form("timezone", (timezone,), _unpack_timezone, _pack_timezone, "offset name"),
        _Form("zoneinfo", "ZoneInfo", _unpack_zoneinfo, _pack_zoneinfo, home="zoneinfo"),
        _Form("decimal", (Decimal,), _unpack_decimal, _pack_decimal),
        _Form("fraction", (Fraction,), _unpack_fraction, _pack_fraction, "numerator denominator"),
        _Form("opaque", (Opaque,), _unpack_opaque, fields="number type_name kind"),
        _Form("np.scalar", _SCALARS, _unpack_scalar, _pack_scalar, "dtype data", home="numpy"),
        _Form("np.str", "str_", _unpack_np_str, str.__str__, size=len, home="numpy"),
        _Form("np.bytes", "bytes_", _unpack_np_bytes, _to_base64, size=len, home="numpy"),
        _Form("np.array", "ndarray", _unpack_array, _pack_array, "dtype order shape flat", size=_array_size, home="numpy"),
        _Form("pd.missing", "api.typing.NaTType api.typing.NAType", _unpack_missing, _pack_missing, home="pandas"),
        _Form("pd.Timestamp", "Timestamp", _unpack_timestamp, fields="asm8 tzinfo", home="pandas"),
        _Form("pd.Timedelta", "Timedelta", _unpack_pd_timedelta, fields="asm8", home="pandas"),
        _Form("pd.Interval", "Interval", _unpack_interval, fields="left right closed", home="pandas"),
        _Form("pd.masked", _MASKED, _unpack_masked, _pack_masked, "values mask", size=len, home="pandas"),
        _Form("pd.strings", _STRING_ARRAYS, _unpack_strings, _pack_strings, "storage missing array", size=len, home="pandas"),
        _Form("pd.Categorical", "Categorical", _unpack_categorical, fields="codes categories ordered", size=len, home="pandas"),
        _Form("pd.datetimes", "arrays.DatetimeArray", _unpack_datetimes, _pack_datetimes, "array tz", size=len, home="pandas"),
        _Form("pd.timedeltas", "arrays.TimedeltaArray", _unpack_timedeltas, _pack_timedeltas, "array", size=len, home="pandas"),
        _Form("pd.intervals", "arrays.IntervalArray", _unpack_intervals, fields="left right closed", size=len, home="pandas"),
        _Form("pd.Index", _INDEXES, _unpack_index, _pack_index, "array name freq", size=len, home="pandas"),
        _Form("pd.RangeIndex", "RangeIndex", _unpack_range_index, fields="start stop step name", home="pandas"),
        _Form("pd.MultiIndex", "MultiIndex", _unpack_multi_index, _pack_multi_index, "levels codes names", size=len, home="pandas"),
        _Form("pd.Series", "Series", _unpack_series, _pack_series, "array index name", size=len, home="pandas"),
        _Form("pd.DataFrame", "DataFrame", _unpack_frame, _pack_frame, "columns index arrays", operator.attrgetter("size"), "pandas"),
    )
}
