"""What crosses the wire arrives unchanged, what may not cross is refused, and no bytes do harm."""

import binascii
import collections
import datetime as dt
import enum
import functools
import io
import json
import math
import subprocess
import sys
import textwrap
import time
import tracemalloc
import types
import typing
import zoneinfo
from decimal import Decimal, localcontext
from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_np
from hypothesis.extra import pandas as st_pd

from hornbook import errors, wire
from hornbook.wire import FORMAT, Limits, Opaque, WireError, decode, encode

SOURCE = Path(wire.__file__)
PRIME = 2**61 - 1  # The hash of an int is its remainder by this number.
BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")
AT_SEA = dt.timezone(dt.timedelta(minutes=-90), "at sea")
UNHURRIED = settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


def identical(one: object, other: object) -> bool:
    """Return whether two values are the same in type, dtype, sign of zero, NaN, order and labels, all the way down."""
    if type(one) is not type(other):
        return False
    if isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)):
        return len(one) == len(other) and all(map(identical, one, other))
    if isinstance(one, (set, frozenset)) and isinstance(other, (set, frozenset)):
        return len(one) == len(other) and all(any(identical(item, twin) for twin in other) for item in one)
    simpler = anatomy(one)
    return bool(one is other or one == other) if simpler is one else identical(simpler, anatomy(other))


@functools.singledispatch
def anatomy(value: typing.Any) -> object:
    """Return what *value* is made of, or *value* itself if `==` sees all of it."""
    return value


anatomy.register(float, float.hex)
anatomy.register(complex, lambda value: (value.real, value.imag))
anatomy.register(dict, lambda value: list(value.items()))
anatomy.register(Decimal, str)
anatomy.register(dt.time, lambda value: (repr(value), value.tzinfo))
anatomy.register(dt.datetime, lambda value: (repr(value), value.tzinfo))
anatomy.register(dt.timezone, repr)
anatomy.register(zoneinfo.ZoneInfo, lambda value: value.key)
anatomy.register(np.generic, lambda value: (value.dtype.char, value.dtype.str, value.tobytes()))
anatomy.register(pd.Timestamp, lambda value: (value.asm8, value.tzinfo))
anatomy.register(pd.Timedelta, lambda value: value.asm8)
anatomy.register(pd.Interval, lambda value: (value.left, value.right, value.closed))
anatomy.register(pd.Categorical, lambda value: (value.codes, value.categories, value.ordered))
anatomy.register(pd.arrays.IntervalArray, lambda value: (value.left, value.right, value.closed))
anatomy.register(pd.api.extensions.ExtensionArray, lambda value: (value.dtype, list(value)))
anatomy.register(pd.Index, lambda value: (value.array, value.name, getattr(value, "freq", None)))
anatomy.register(pd.RangeIndex, lambda value: (value.start, value.stop, value.step, value.name))
anatomy.register(pd.MultiIndex, lambda value: (list(value.levels), list(value.codes), list(value.names)))
anatomy.register(pd.Series, lambda value: (value.array, value.index, value.name))
anatomy.register(pd.DataFrame, lambda value: (value.columns, value.index, [value.iloc[:, n].array for n in range(value.shape[1])]))


@anatomy.register
def _(value: np.ndarray) -> object:
    in_fortran_order = value.flags.f_contiguous and not value.flags.c_contiguous
    items = value.ravel().tolist() if value.dtype == object else value.tobytes()
    return value.dtype.char, value.dtype.str, value.shape, in_fortran_order, items


def crossed(value: object) -> typing.Any:
    """Return *value* as it arrives."""
    return decode(encode(value))


# --- What crosses


FRAME = pd.DataFrame(
    {
        "int": [1, 2, 3],
        "text": ["a", None, "ü"],
        "object": pd.Series(["a", None, (1, [2.0])], dtype=object),
        "objects that are text": pd.Series(["a", "b", "c"], dtype=object),
        "category": pd.Categorical(["lo", "hi", None], categories=["lo", "mid", "hi"], ordered=True),
        "nullable": pd.array([1, None, 3], dtype="Int16"),
        "when": pd.to_datetime(["2020-01-01", "NaT", "2021-02-03"]),
        "where and when": pd.date_range("2020-03-29", periods=3, freq="h", tz="Europe/Berlin"),
        "took": pd.to_timedelta([1, None, 2], unit="s"),
    },
    index=pd.MultiIndex.from_tuples([("a", 1), ("a", 2), ("b", 1)], names=["letter", None]),
)

VALUES = {
    "None": None,
    "True": True,
    "False": False,
    "zero": 0,
    "the largest plain int": 2**63 - 1,
    "an int beyond 63 bits": 2**63,
    "a negative int beyond 63 bits": -(2**63),
    "an int of five thousand digits": 10**5000,
    "a negative int of a hundred thousand digits": -(10**100_000),
    "negative zero": -0.0,
    "the smallest float": 5e-324,
    "the largest float": 1.7976931348623157e308,
    "a list whose sum is infinite": [1e308, 1e308],
    "NaN": math.nan,
    "infinity": math.inf,
    "negative infinity": -math.inf,
    "infinities among floats": [1.5, math.inf, -math.inf],
    "a complex of negative zero and NaN": complex(-0.0, math.nan),
    "text": "“naïve” \0 \n \\ 😀",
    "a lone surrogate": "\ud800",
    "a pair of lone surrogates": "\ud83d\ude00",
    "surrogates among texts": ["a", "\udcff", "😀"],
    "bytes": bytes(range(256)),
    "an empty list": [],
    "bools are not ints": [True, 1, False, 0, 1.0],
    "a tuple": (1, ("a",), ()),
    "a dict in its order": {"b": 1, "a": [2], 3: None, (4, 5): {6: 7}, None: -0.0, frozenset({8}): 9},
    "two NaNs in a set": {math.nan, float("nan"), 1},
    "a frozenset": frozenset({1, "a", None}),
    "a list that looks like a tag": ["tuple", [1]],
    "a dict that looks like a tag": {"tuple": [1]},
    "a range of many": range(10, -(10**30), -7),
    "Ellipsis": ...,
    "NotImplemented": NotImplemented,
    "a date": dt.date(1, 1, 1),
    "a time": dt.time(23, 59, 59, 999999, tzinfo=dt.UTC, fold=1),
    "a datetime": dt.datetime(2020, 2, 29, 1, 2, 3, 4),  # noqa: DTZ001
    "a datetime that happens twice": dt.datetime(2020, 10, 25, 2, 30, tzinfo=BERLIN, fold=1),
    "a datetime with a named offset": dt.datetime(2020, 1, 1, tzinfo=AT_SEA),
    "a time zone to the microsecond": dt.timezone(dt.timedelta(microseconds=1)),
    "a time zone by its place": BERLIN,
    "a timedelta": dt.timedelta(-1, 2, 3),
    "a Decimal with its zeros": Decimal("-0.00"),
    "a huge Decimal": Decimal("1E+999999999"),
    "a signalling NaN": Decimal("-sNaN123"),
    "a Fraction": Fraction(-(10**40), 3),
    "a numpy float": np.float64(-0.0),
    "a numpy bool": np.bool_(True),  # noqa: FBT003
    "a numpy long long": np.longlong(-1),
    "a numpy half": np.float16(0.1),
    "a numpy complex": np.complex64(1 - 2j),
    "a numpy moment": np.datetime64("2020-01-01T00:00", ("s", 25)),
    "no numpy moment": np.datetime64("NaT"),
    "a numpy span": np.timedelta64(5, "ps"),
    "a numpy text that ends in NUL": np.str_("ü\0"),
    "numpy bytes that end in NUL": np.bytes_(b"a\0"),
    "a zero-dimensional array": np.array(5),
    "an empty array": np.empty((3, 0, 2), dtype="<f4"),
    "an array in Fortran order": np.asfortranarray(np.arange(6).reshape(2, 3)),
    "an array with gaps": np.arange(20).reshape(4, 5)[::2, ::-2],
    "a read-only array": np.broadcast_to(np.arange(3), (2, 3)),
    "a big-endian array": np.arange(3, dtype=">i4"),
    "an array of long longs": np.arange(3, dtype=np.longlong),
    "an array of text": np.array([["a", "😀"], ["", "\ud800"]]),
    "a big-endian array of text": np.array(["a", "üb"], dtype=">U3"),
    "an array of bytes": np.array([b"a", b"b\0c"]),
    "an array of moments": np.array(["2020-01-01", "NaT"], dtype="M8[ns]"),
    "an array of objects": np.array([1, [2, {3: (4,)}], None, "a", math.nan], dtype=object),
    "an array of arrays": np.array([np.arange(2), np.array(5), None], dtype=object),
    "a matrix of objects in Fortran order": np.asfortranarray(np.array([[1, "a", None], [2, "b", ...]], dtype=object)),
    "pandas.NaT": pd.NaT,
    "pandas.NA": pd.NA,
    "a Timestamp": pd.Timestamp("2020-01-01 00:00:00.000000001"),
    "a Timestamp that happens twice": pd.Timestamp("2020-10-25 01:30", tz="UTC").tz_convert("Europe/Berlin"),
    "a Timedelta": pd.Timedelta("-1D"),
    "an Interval": pd.Interval(pd.Timestamp("2020"), pd.Timestamp("2021"), closed="left"),
    "an Interval of floats": pd.Interval(0.0, np.float64(1.5), closed="neither"),
    "a nullable array": pd.array([1.5, None], dtype="Float32"),
    "an array of truth": pd.array([True, None], dtype="boolean"),
    "an array of strings": pd.array(["a", None], dtype="string"),
    "a new array of strings": pd.array(["a", None], dtype="str"),
    "an array of datetimes": pd.date_range("2020", periods=2, tz="UTC").array,
    "an array of naive datetimes": pd.date_range("2020", periods=2).array,
    "an array of timedeltas": pd.timedelta_range("1D", periods=2).array,
    "an array of intervals": pd.arrays.IntervalArray.from_breaks([0.0, 1.0, 2.0], closed="both"),
    "what pandas.cut returns": pd.cut(np.array([1, 7, 5]), 3),
    "an Index with a tuple for a name": pd.Index([3, 1, 1], name=("a", 1)),
    "an Index of tuples": pd.Index([(1, 2), (3, 4)], tupleize_cols=False),
    "an Index of objects that are text": pd.Index(["a", "b"], dtype=object),
    "an Index of mixed objects": pd.Index(["a", 1, None], dtype=object),
    "a RangeIndex": pd.RangeIndex(10, 0, -3, name="n"),
    "a DatetimeIndex with a frequency": pd.date_range("2020", periods=3, freq="2W-TUE", tz=BERLIN),
    "a DatetimeIndex of month ends": pd.date_range("2020", periods=1, freq="ME"),
    "a TimedeltaIndex with a frequency": pd.timedelta_range("1D", periods=3, freq="6h"),
    "a CategoricalIndex": pd.CategoricalIndex(["b", "a"], categories=["a", "b", "c"]),
    "an IntervalIndex": pd.interval_range(pd.Timestamp("2020"), periods=2),
    "a MultiIndex with unused levels": FRAME.index[:2],
    "a MultiIndex with gaps": pd.MultiIndex.from_arrays([[1, None], ["a", "b"], pd.to_datetime(["2020", "NaT"])]),
    "a Series": pd.Series([1, 2], index=["a", "a"], name="n"),
    "a big-endian Series": pd.Series(np.arange(3, dtype=">f8")),
    "an empty Series": pd.Series([], dtype=object),
    "a frame of everything": FRAME,
    "a frame turned on its side": pd.DataFrame({"a": [1, 2], "b": [3, 4]}).T,
    "a frame with a column twice": pd.DataFrame([[1, "a"], [2, None]], columns=["n", "n"], index=[0, 0]),
    "a frame with columns in levels": pd.DataFrame([[1, 2.5]], columns=pd.MultiIndex.from_tuples([("a", "x"), ("a", "y")])),
    "a frame without columns": pd.DataFrame(index=pd.RangeIndex(3)),
    "a frame without rows": pd.DataFrame({"a": pd.Series([], dtype="str"), "b": pd.Series([], dtype="category")}),
    "what describe returns": pd.DataFrame({"a": [1.5, 2.5]}).describe(),
    "what groupby returns": pd.DataFrame({"k": ["a", "b", "a"], "v": [1, 2, 3]}).groupby("k").agg(["sum", "mean"]),
}


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES.keys())
def test_a_value_of_the_closed_set_crosses_unchanged(value: object) -> None:
    """Type, dtype, byte order, labels, missing values, the sign of zero and NaN all arrive as they were sent."""
    arrived = crossed(value)

    assert identical(value, arrived)


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES.keys())
def test_a_value_crosses_inside_others(value: object) -> None:
    """Whatever crosses on its own also crosses in a list, a tuple and a dict."""
    arrived = crossed([{"key": (value,)}, value])

    assert identical([{"key": (value,)}, value], arrived)


zones = st.one_of(
    st.none(),
    st.sampled_from(sorted(zoneinfo.available_timezones())).map(zoneinfo.ZoneInfo),
    st.builds(dt.timezone, st.timedeltas(dt.timedelta(hours=-23), dt.timedelta(hours=23))),
)
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.complex_numbers(),
    st.text(st.characters(exclude_categories=())),
    st.binary(),
    st.dates(),
    st.times(timezones=zones),
    st.datetimes(timezones=zones, allow_imaginary=True),
    st.timedeltas(),
    st.decimals(),
    st.fractions(),
    st.builds(range, st.integers(), st.integers(), st.integers(1)),
    st.just(...),
)
numpy_dtypes = st.one_of(
    st_np.scalar_dtypes(), st_np.unicode_string_dtypes(max_len=5), st_np.byte_string_dtypes(max_len=5), st.just(np.dtype("q"))
).filter(lambda dtype: dtype.kind not in "fc" or dtype.itemsize <= (8 if dtype.kind == "f" else 16))
arrays = st_np.arrays(numpy_dtypes, st_np.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4))
hashable = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.binary(), st.dates(), st.fractions()),
    lambda inner: st.one_of(st.tuples(inner, inner), st.frozensets(inner, max_size=3)),
    max_leaves=4,
)
nested = st.recursive(
    st.one_of(scalars, arrays),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=4).map(tuple),
        st.dictionaries(hashable, inner, max_size=4),
        st.sets(hashable, max_size=4),
    ),
    max_leaves=12,
)


@UNHURRIED
@given(nested)
def test_nested_data_crosses_unchanged(value: object) -> None:
    """Any nesting of data arrives as it was sent."""
    arrived = crossed(value)

    assert identical(value, arrived)


@UNHURRIED
@given(st.data())
def test_a_view_of_an_array_crosses_unchanged(data: st.DataObject) -> None:
    """Transposed, reversed and sliced arrays arrive with their items, shape and dtype."""
    array = data.draw(st_np.arrays(numpy_dtypes, st_np.array_shapes(max_dims=3, max_side=4)))
    view = data.draw(st.sampled_from([array.T, array[::-1], array[..., ::2], np.asfortranarray(array), array.astype(object)]))
    arrived = crossed(view)

    assert identical(view, arrived)


@UNHURRIED
@given(st_np.arrays(numpy_dtypes, 1).map(lambda array: array[0]))
def test_a_numpy_scalar_crosses_unchanged(scalar: object) -> None:
    """A numpy scalar arrives as a scalar of its own type."""
    arrived = crossed(scalar)

    assert identical(scalar, arrived)


texts = st.text(max_size=4)
labels = st.one_of(texts, st.integers(-5, 5), st.none(), st.tuples(st.integers(0, 3), texts))


@st.composite
def categoricals(draw: st.DrawFn, length: int) -> typing.Any:
    """Return a Categorical of *length*, with categories that it may not use."""
    kind = draw(st.sampled_from([texts, st.integers(-99, 99), st.tuples(texts, texts)]))
    categories = draw(st.lists(kind, unique=True, max_size=4))
    codes = draw(st.lists(st.integers(-1, len(categories) - 1), min_size=length, max_size=length))
    index = pd.Index(categories, dtype=draw(st.sampled_from([object, None])), tupleize_cols=False)
    return pd.Categorical.from_codes(codes, index, ordered=draw(st.booleans()))


def located(moments: list[dt.datetime | None], unit: str, zone: dt.tzinfo) -> pd.DatetimeIndex:
    """Return *moments* in *unit*, as they are called in *zone*."""
    return pd.DatetimeIndex(np.array(moments, dtype=f"M8[{unit}]")).tz_localize("UTC").tz_convert(zone)


def columns(length: int) -> st.SearchStrategy[typing.Any]:
    """Return a strategy for what pandas can hold as a column of *length*."""

    def many(items: st.SearchStrategy[typing.Any]) -> st.SearchStrategy[typing.Any]:
        return st.lists(items, min_size=length, max_size=length)

    moments = many(st.none() | st.datetimes(dt.datetime(1700, 1, 1), dt.datetime(2200, 1, 1)))  # noqa: DTZ001 - hypothesis wants it so
    objects = st.one_of(st.none(), texts, st.floats(), st.integers(), st.just(pd.NaT), st.tuples(texts, st.booleans()))
    return st.one_of(
        st.builds(pd.array, many(st.none() | texts), dtype=st.sampled_from(["str", "string"])),
        st.builds(pd.array, many(st.none() | st.integers(0, 100)), dtype=st.sampled_from(["Int8", "UInt64", "Float64"])),
        st.builds(pd.array, many(st.none() | st.booleans()), dtype=st.just("boolean")),
        st.builds(located, moments, st.sampled_from(["s", "ms", "us", "ns"]), st.sampled_from([dt.UTC, BERLIN, AT_SEA])),
        st.builds(np.array, moments, dtype=st.just("M8[us]")),
        many(st.integers(-9, 9)).map(lambda lows: pd.IntervalIndex.from_tuples([(low, low + 1.5) for low in lows], closed="left")),
        st.builds(pd.Series, many(objects), dtype=st.just(object)),
        st_np.arrays(st_np.integer_dtypes() | st_np.floating_dtypes(sizes=[32, 64]) | st_np.boolean_dtypes(), length),
        categoricals(length),
    )


@st.composite
def indexes(draw: st.DrawFn, length: int) -> typing.Any:
    """Return an index of *length*."""
    name = draw(labels)
    if draw(st.booleans()):
        return pd.RangeIndex(length, name=name)
    if draw(st.booleans()):
        frequency = draw(st.sampled_from(["D", "2h", "ME", "B", "W-WED", "QS-FEB", "YE", "min"]))
        return pd.date_range("2020-01-01", periods=length, freq=frequency, tz=draw(st.sampled_from([None, BERLIN])), name=name)
    if draw(st.booleans()):
        kinds = st.sampled_from([texts, texts | st.none(), st.integers(-9, 9), st.floats(), st.dates(), st.datetimes()])
        levels = [draw(st.lists(draw(kinds), min_size=length, max_size=length)) for _ in range(2)]
        return pd.MultiIndex.from_arrays(levels, names=[name, draw(labels)])
    column = draw(columns(length))
    return pd.Index(column, dtype=column.dtype, name=name, tupleize_cols=False)


@st.composite
def frames(draw: st.DrawFn) -> pd.DataFrame:
    """Return a frame of any columns under any index."""
    length = draw(st.integers(0, 4))
    index = draw(indexes(length))
    series = [draw(columns(length)) for _ in range(draw(st.integers(0, 4)))]
    frame = pd.DataFrame({number: pd.Series(array, dtype=array.dtype).array for number, array in enumerate(series)}, index=index)
    frame.columns = draw(indexes(len(series)))
    return frame


@UNHURRIED
@given(frames())
def test_a_frame_crosses_unchanged(frame: pd.DataFrame) -> None:
    """A frame arrives with the dtype of every column, its two indexes and their names and frequencies."""
    arrived = crossed(frame)

    assert identical(frame, arrived)


@UNHURRIED
@given(frames())
def test_the_columns_and_index_of_a_frame_cross_on_their_own(frame: pd.DataFrame) -> None:
    """A Series, its array and an Index are values of their own."""
    parts: list[typing.Any] = [frame.index, frame.columns, *(frame.iloc[:, number] for number in range(frame.shape[1]))]
    parts += [part.array for part in parts if not isinstance(part, pd.MultiIndex) and not isinstance(part.dtype, np.dtype)]
    arrived = crossed(parts)

    assert identical(parts, arrived)


@UNHURRIED
@given(
    st_pd.data_frames([st_pd.column("a", dtype=float), st_pd.column("b", elements=texts, dtype=object), st_pd.column("c", dtype="M8[ns]")])
)
def test_a_frame_drawn_by_hypothesis_crosses_unchanged(frame: pd.DataFrame) -> None:
    """Frames of another maker arrive as well."""
    arrived = crossed(frame)

    assert identical(frame, arrived)


def test_two_equal_dtypes_stay_two() -> None:
    """An array of C's `long long` does not turn into one of its `long`, although numpy calls the two equal."""
    letters = {char: crossed(np.zeros(1, dtype=char)).dtype.char for char in "bhilqBHILQ"}

    assert letters == {char: char for char in letters}


def test_an_array_can_be_written_to() -> None:
    """An array is the receiver's own, whatever it was on the other side."""
    arrived = crossed([np.broadcast_to(np.arange(3), (2, 3)), np.arange(0), np.array("a")])

    assert all(array.flags.writeable and array.flags.aligned for array in arrived)


def test_a_decimal_is_written_the_same_in_any_context() -> None:
    """A learner's decimal context has no say in what is written."""
    with localcontext() as context:
        context.capitals = 0
        context.prec = 2
        message = encode([Decimal("1.23456E+50"), Decimal("Infinity")])

    assert identical(decode(message), [Decimal("1.23456E+50"), Decimal("Infinity")])


def test_a_frequency_that_has_no_plain_name_is_left_out() -> None:
    """A calendar with holidays cannot be told by its name, so the dates cross without it."""
    dates = pd.date_range("2020-01-01", periods=3, freq=pd.offsets.CustomBusinessDay(holidays=["2020-01-02"]))
    arrived = crossed(dates)

    assert identical(arrived, pd.DatetimeIndex(dates.to_numpy()))


def test_attributes_of_a_frame_stay_behind() -> None:
    """What hangs on a frame in `attrs` does not cross, whatever it is."""
    frame = pd.DataFrame({"a": [1]})
    frame.attrs["secret"] = object()

    assert crossed(frame).attrs == {}


def test_the_items_of_a_string_array_are_plain_strings() -> None:
    """Where pandas kept numpy's texts in an array of strings, they arrive as Python's."""
    array = pd.Series([np.str_("a"), None], dtype="str").array
    arrived = crossed(array)

    assert identical(list(arrived), ["a", math.nan])


# --- The format is published


def test_the_format_is_json_with_its_number() -> None:
    """A message is one JSON text that begins with the number of the format."""
    message = encode({"a": (1, -0.0, math.inf)})

    assert message == b'[1,{"dict":["a",{"tuple":[1,-0.0,{"float":"inf"}]}]}]'


@pytest.mark.parametrize("tag", wire._FORMS)
def test_every_tag_is_described(tag: str) -> None:
    """The table of the format names every tag that a message can use."""
    described = (wire.__doc__ or "").replace("tuple, set, frozenset", '{"set": {"frozenset": ')

    assert f'{{"{tag}": ' in described


def test_the_parts_of_a_tag_may_be_spaced() -> None:
    """Another writer of JSON may put blanks where JSON allows them."""
    arrived = decode(b'\n[ 1 ,\t{ "tuple" : [ 1 , "a" ] } ]\n')

    assert identical(arrived, (1, "a"))


def test_a_number_too_large_for_a_float_is_infinite() -> None:
    """JSON allows numbers that no float can hold; they read as infinite, at no cost."""
    assert decode(b"[1,1e999999]") == math.inf


# --- What is not data


class Register(list[object]):
    """What an agent keeps of the objects it gave numbers to."""

    def __call__(self, value: object) -> int:
        """Keep *value* and return its number."""
        self.append(value)
        return len(self) - 1


class Hostile(Exception):  # noqa: N818
    """What the classes below raise; nobody may see it."""


def hostile(*_args: object, **_kwargs: object) -> typing.NoReturn:
    """Stand for any method that must not be called."""
    raise Hostile


class Meta(type):
    """A metaclass that calls its classes int and raises at every question."""

    def __hash__(cls) -> int:
        return hash(int)

    def __eq__(cls, other: object) -> bool:
        return True

    __instancecheck__ = __subclasscheck__ = hostile
    __name__ = property(hostile)
    __mro__ = property(hostile)


class Lies:
    """An object that claims to be an int and equal to everything."""

    __class__ = int  # type: ignore[assignment]
    __eq__ = lambda _self, _other: True  # noqa: E731
    __hash__ = lambda _self: 1  # noqa: E731


def sprung(base: type, make: typing.Callable[[type], object], meta: type = type) -> object:
    """Return what *make* makes of a subclass of *base*, all of whose methods raise from then on."""
    kind = meta("Trap", (base,), {})
    value = make(kind)
    methods = "__eq__ __hash__ __repr__ __str__ __reduce__ __reduce_ex__ __iter__ __len__ __getattribute__ __bool__ __index__ __int__"
    for name in [*methods.split(), "items", "encode", "tobytes", "isoformat", "tolist"]:
        type.__setattr__(kind, name, hostile)
    return value


class Colour(enum.IntEnum):
    """A number with a name."""

    RED = 1


Point = collections.namedtuple("Point", "x y")  # noqa: PYI024
structured = np.zeros(2, dtype=[("a", "i4"), ("b", "O")])
false_name = type("Plain", (), {})
false_name.__name__ = type("S", (str,), {})("int")


def keyless_zone() -> zoneinfo.ZoneInfo:
    """Return a time zone that was read from a file, and so has no key."""
    block = (
        b"TZif2"
        + bytes(39)
        + b"TZif2"
        + bytes(15)
        + b"".join(n.to_bytes(4, "big") for n in (0, 0, 0, 0, 1, 4))
        + bytes(6)
        + b"UTC\0\nUTC0\n"
    )
    return zoneinfo.ZoneInfo.from_file(io.BytesIO(block))


# Made in the test and not before, so that only the wire can meet them.
OBJECTS: dict[str, tuple[typing.Callable[[], object], str, str]] = {
    "an object": (object, "object", "object"),
    "an object that lies": (Lies, "Lies", "object"),
    "a subclass of int": (lambda: sprung(int, lambda kind: kind(5)), "Trap", "object"),
    "a subclass of float": (lambda: sprung(float, lambda kind: kind(5)), "Trap", "object"),
    "a subclass of str": (lambda: sprung(str, lambda kind: kind("a")), "Trap", "object"),
    "a subclass of bytes": (lambda: sprung(bytes, lambda kind: kind(b"a")), "Trap", "object"),
    "a subclass of list": (lambda: sprung(list, lambda kind: kind([1])), "Trap", "object"),
    "a subclass of tuple": (lambda: sprung(tuple, lambda kind: kind([1])), "Trap", "object"),
    "a subclass of dict": (lambda: sprung(dict, lambda kind: kind(a=1)), "Trap", "object"),
    "a subclass of set": (lambda: sprung(set, lambda kind: kind([1])), "Trap", "object"),
    "a subclass of datetime": (lambda: sprung(dt.datetime, lambda kind: kind(2020, 1, 1)), "Trap", "object"),
    "a subclass of Decimal": (lambda: sprung(Decimal, lambda kind: kind("1")), "Trap", "object"),
    "a subclass of ndarray": (lambda: sprung(np.ndarray, np.zeros(3).view), "Trap", "object"),
    "a subclass of numpy.float64": (lambda: sprung(np.float64, lambda kind: kind(1)), "Trap", "object"),
    "a subclass of DataFrame": (lambda: sprung(pd.DataFrame, lambda kind: kind({"a": [1]})), "Trap", "object"),
    "an instance of a hostile metaclass": (lambda: sprung(object, lambda kind: kind(), Meta), "Trap", "object"),
    "a class of a hostile metaclass": (lambda: sprung(object, lambda kind: kind, Meta), "Trap", "class"),
    "a member of an IntEnum": (lambda: Colour.RED, "Colour", "object"),
    "a named tuple": (lambda: Point(1, 2), "Point", "object"),
    "a Counter": (lambda: collections.Counter("aab"), "Counter", "object"),
    "a masked array": (lambda: np.ma.array([1, 2], mask=[True, False]), "MaskedArray", "object"),
    "a matrix": (lambda: np.zeros((2, 2)).view(np.matrix), "matrix", "object"),
    "a structured array": (lambda: structured, "ndarray", "object"),
    "a structured scalar": (lambda: structured[0], "void", "object"),
    "an array of long doubles": (lambda: np.zeros(2, dtype=np.longdouble), "ndarray", "object"),
    "a long double": (lambda: np.longdouble(1), "longdouble", "object"),
    "an array of objects that are not data": (lambda: np.array([1, object()], dtype=object), "ndarray", "object"),
    "a Series of objects that are not data": (lambda: pd.Series([1, object()]), "Series", "object"),
    "a Series of subclasses of str": (lambda: pd.Series([type("S", (str,), {})("a")]), "Series", "object"),
    "a Series with a name that is not data": (lambda: pd.Series([1], name=Point(1, 2)), "Series", "object"),
    "a frame with a column that is not data": (lambda: pd.DataFrame({"a": [1], "b": [object()]}), "DataFrame", "object"),
    "a Series of periods": (lambda: pd.Series(pd.period_range("2020", periods=2, freq="M")), "Series", "object"),
    "a sparse array": (lambda: pd.arrays.SparseArray([0, 1]), "SparseArray", "object"),
    "a datetime in a zone of one's own": (lambda: dt.datetime(2020, 1, 1, tzinfo=type("Zone", (dt.tzinfo,), {})()), "datetime", "object"),
    "a zone without a key": (keyless_zone, "ZoneInfo", "object"),
    "a class": (lambda: Lies, "Lies", "class"),
    "a built-in class": (lambda: int, "int", "class"),
    "a function": (lambda: hostile, "function", "function"),
    "a built-in function": (lambda: len, "builtin_function_or_method", "function"),
    "a method": (lambda: Register().__call__, "method", "function"),
    "a partial function": (lambda: functools.partial(hostile), "partial", "function"),
    "a function that remembers": (lambda: functools.cache(hostile), "_lru_cache_wrapper", "function"),
    "an object that can be called": (lambda: np.sin, "ufunc", "callable"),
    "a module": (lambda: math, "module", "module"),
    "an iterator": (lambda: iter(lambda: 1, 1), "callable_iterator", "object"),
    "a weird name": (type("\u202e\x1b[31m\n", (), {}), r"\u202e\x1b[31m\n", "object"),
    "a long name": (type("\n" * 1000, (), {}), r"\n" * 100, "object"),
    "a name that is no plain str": (false_name, "?", "object"),
}


@pytest.mark.parametrize(("make", "name", "kind"), OBJECTS.values(), ids=OBJECTS.keys())
def test_what_is_not_data_crosses_as_an_opaque_object(make: typing.Callable[[], object], name: str, kind: str) -> None:
    """Whatever an object pretends to be, it arrives as a number, a printable name and a kind, and none of its code is run."""
    value = make()
    register = Register()
    arrived = decode(encode([1, {"key": (value,)}], register))
    kept = [thing is value for thing in register]

    assert arrived == [1, {"key": (Opaque(0, name, kind),)}]  # type: ignore[arg-type]
    assert kept == [True]


@pytest.mark.parametrize("make", [case[0] for case in OBJECTS.values()], ids=OBJECTS.keys())
def test_what_is_not_data_is_refused_where_nobody_registers(make: typing.Callable[[], object]) -> None:
    """Without a register, what is not data raises a `WireError` and nothing else."""
    with pytest.raises(WireError, match=r"not data and cannot cross"):
        encode([make()])


@pytest.mark.parametrize(
    ("value", "place"),
    [
        (object(), "value is"),
        ([0, (1, object())], r"value\[1\]\[1\] is"),
        ({"a": {1: object()}}, r"value\['a'\]\[1\] is"),
        ({"a" * 99: object()}, rf"value\['{'a' * 39}\] is"),
        ({"a": 1, object(): 1}, r"value\.keys\(\)\[1\] is"),
        ({(): object()}, r"value\.values\(\)\[0\] is"),
        (pd.Series([1, object()], name="n"), r"value\.array\.flat\[1\] is"),
        (pd.DataFrame({"a": [1], "b": [object()]}), r"value\.arrays\[1\]\.flat\[0\] is"),
    ],
)
def test_a_refusal_names_the_place(value: object, place: str) -> None:
    """The error says where in the value the object stands, and what type it has."""
    with pytest.raises(WireError, match=rf'^{place} a "object", which is not data and cannot cross; send what it holds instead\.$'):
        encode(value)


def test_an_opaque_object_goes_back_as_what_it_was() -> None:
    """The learner's side finds its own object again under the number it gave."""
    register = Register()
    opaque = decode(encode([hostile], register))
    returned = decode(encode(opaque), resolve=lambda opaque: register[opaque.number])

    assert returned == [hostile]


def test_an_opaque_object_of_an_unknown_number_is_a_wire_error() -> None:
    """A number that nobody gave out is refused, not looked up elsewhere."""
    with pytest.raises(WireError, match="IndexError"):
        decode(encode(Opaque(7, "Stack", "object")), resolve=lambda opaque: Register()[opaque.number])


@pytest.mark.parametrize(
    "value",
    [pytest.param(np.array([[]], dtype=object), id="array"), pytest.param(pd.DataFrame({"a": [[1]]}), id="frame")],
)
def test_a_recursive_value_is_refused(value: typing.Any) -> None:
    """A value that holds itself is refused as too deep, through whatever it holds itself."""
    loop: list[object] = [value]
    loop.append({"again": (loop,)})

    with pytest.raises(WireError, match=r"is nested deeper than 100 levels; perhaps it holds itself\.$"):
        encode(loop, Register())


def test_a_function_that_raises_while_registering_is_a_wire_error() -> None:
    """Nothing but `WireError` leaves `encode`, even if the agent's own register fails."""
    with pytest.raises(WireError, match="cannot be written as a wire message: Hostile") as caught:
        encode(object(), hostile)

    assert isinstance(caught.value.__cause__, Hostile)


def module(**content: object) -> types.ModuleType:
    """Return a module called numpy that holds *content*."""
    made = types.ModuleType("numpy")
    vars(made).update(content)
    return made


@pytest.mark.parametrize(
    "make",
    [module, lambda: module(ndarray=Lies, float64=5), lambda: sprung(object, lambda kind: kind()), lambda: None],
    ids=["an empty file", "a file with a class of that name", "a hostile object", "nothing"],
)
def test_a_file_called_numpy_is_not_numpy(monkeypatch: pytest.MonkeyPatch, make: typing.Callable[[], object]) -> None:
    """Where something of the learner's is imported as numpy, everything else still crosses."""
    monkeypatch.setitem(sys.modules, "numpy", make())
    arrived = [decode(encode(value, Register())) for value in ([1, (2,)], hostile)]

    assert arrived == [[1, (2,)], Opaque(0, "function", "function")]


# --- Limits


def deep(levels: int, inner: object = 1) -> object:
    """Return *inner* below so many lists and tuples in turn."""
    for level in range(levels):
        inner = [inner] if level % 2 else (inner,)
    return inner


@pytest.mark.parametrize(
    ("fits", "exceeds", "limits", "reason"),
    [
        ("a" * 94, "a" * 95, Limits(bytes=100), "takes more than 100 bytes"),
        ([0] * 47, [0] * 51, Limits(bytes=100), "takes more than 100 bytes"),
        (bytes(45), bytes(48), Limits(bytes=77), "takes more than 77 bytes"),
        (16**80 - 1, 16**81, Limits(bytes=96), "takes more than 96 bytes"),
        ([0] * 50, [0] * 51, Limits(items=50), "holds more than 50 values"),
        ([[], []], [[], [], []], Limits(items=4), "holds more than 4 values"),
        (dict.fromkeys(range(20)), dict.fromkeys(range(21)), Limits(items=41), "holds more than 41 values"),
        (deep(100), deep(101), Limits(), "is nested deeper than 100 levels"),
        (deep(3, {"a": 1}), deep(3, {"a": [1]}), Limits(depth=4), "is nested deeper than 4 levels"),
        (["[[[[{{{{,,,,"] * 4, ["[[[[{{{{,,,,"] * 5, Limits(depth=1, items=4), "holds more than 4 values"),
        (['\\"[' * 3, "{{"], [['\\"[' * 3], "{{"], Limits(depth=1), "is nested deeper than 1 levels"),
    ],
)
def test_both_sides_hold_the_same_limits(fits: object, exceeds: object, limits: Limits, reason: str) -> None:
    """What may be written may be read, and what may not be written may not be read."""
    assert identical(decode(encode(fits, limits=limits), limits=limits), fits)
    with pytest.raises(WireError, match=rf"value.* {reason}"):
        encode(exceeds, limits=limits)
    with pytest.raises(WireError, match=f"The message is refused: it {reason}"):
        decode(encode(exceeds, limits=Limits(depth=200)), limits=limits)


def doubling() -> object:
    """Return a small object that would be written as 2**60 numbers."""
    value: object = 1
    for _ in range(60):
        value = [value, value]
    return value


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda: "x" * (50 << 20), id="text"),
        pytest.param(lambda: ["x" * (1 << 19)] * 1000, id="texts"),
        pytest.param(lambda: "\ud800" * (20 << 20), id="surrogates"),
        pytest.param(lambda: bytes(50 << 20), id="bytes"),
        pytest.param(lambda: 1 << (1 << 28), id="int"),
        pytest.param(lambda: [0] * (10 << 20), id="list"),
        pytest.param(lambda: (0,) * (10 << 20), id="tuple"),
        pytest.param(lambda: [[0] * 1000] * 1000, id="lists"),
        pytest.param(doubling, id="doubling"),
        pytest.param(lambda: np.broadcast_to(np.float64(1), (1 << 20, 1 << 20)), id="array without memory"),
        pytest.param(lambda: np.broadcast_to(np.array(None, dtype=object), (1 << 14, 1 << 14)), id="array of objects"),
        pytest.param(lambda: pd.Series(np.zeros(10 << 20)), id="series"),
        pytest.param(lambda: pd.DataFrame(np.zeros((1 << 10, 1 << 10))), id="frame"),
        pytest.param(lambda: pd.Series(["a"]).repeat(2 << 20), id="strings"),
        pytest.param(lambda: pd.array([1]).repeat(5 << 20), id="masked"),
    ],
)
def test_writing_stops_early(make: typing.Callable[[], object]) -> None:
    """A value far beyond the limits is refused before a fraction of it is built."""
    value = make()
    tracemalloc.start()
    try:
        with pytest.raises(WireError, match=r"takes more than 1048576 bytes|holds more than 200000 values"):
            encode(value, Register())
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 16 << 20


def test_a_fraction_that_takes_long_to_reduce_is_refused() -> None:
    """Numerator and denominator are bounded, because the reader has to reduce them."""
    with pytest.raises(WireError, match=r"^value\[0\] is a Fraction whose numerator or denominator has more than 65536 bits"):
        encode([Fraction(1 << 65537, 3)])


# --- Hostile messages


def tagged(tag: str, parts: object) -> bytes:
    """Return the message of one tag."""
    return json.dumps([FORMAT, {tag: parts}]).encode()


def b64(raw: bytes) -> str:
    """Return *raw* as base64."""
    return binascii.b2a_base64(raw, newline=False).decode()


def array(dtype: object, shape: object, data: object = "", order: object = "C") -> dict[str, object]:
    """Return the node of an array."""
    return {"np.array": [dtype, order, shape, data]}


EIGHT = b64(bytes(8))
RANGE = {"pd.RangeIndex": [0, 1, 1, None]}
INT8 = array("|i1", [1], "AA==")
MOMENT = array("<M8[us]", [1], EIGHT)
DAYS = array("<M8[D]", [1], EIGHT)

MALFORMED: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "JSONDecodeError"),
    "no UTF-8": (b'[1,"\xff"]', "UnicodeDecodeError"),
    "not ASCII": ('[1,"ü"]'.encode(), "UnicodeDecodeError"),
    "a byte-order mark": (b"\xef\xbb\xbf[1,1]", "UnicodeDecodeError"),
    "UTF-16": ("[1,1]".encode("utf-16"), "UnicodeDecodeError"),
    "cut short": (b"[1,[1,2", "JSONDecodeError"),
    "something behind": (b"[1,1]1", "JSONDecodeError"),
    "no array": (b"1", "does not begin with the number of the format"),
    "no format": (b"[]", "does not begin with the number of the format"),
    "two values": (b"[1,1,1]", "does not begin with the number of the format"),
    "another format": (b"[2,1]", "does not begin with the number of the format, 1"),
    "a bool for a format": (b"[true,1]", "does not begin with the number of the format"),
    "a float for a format": (b"[1.0,1]", "does not begin with the number of the format"),
    "NaN": (b"[1,NaN]", "holds NaN, which is not JSON"),
    "Infinity": (b"[1,-Infinity]", "holds -Infinity, which is not JSON"),
    "an integer of 5000 digits": (b"[1," + b"9" * 5000 + b"]", "more than 640 decimal digits"),
    "no tag": (b"[1,{}]", "an object with 0 members"),
    "two tags": (b'[1,{"set":[],"tuple":[]}]', "an object with 2 members"),
    "an unknown tag": (tagged("pickle", "gASVBAAAAAAAAABLAS4="), "a tag that format 1 does not know"),
    "int: not hexadecimal": (tagged("int", "10"), "not hexadecimal"),
    "int: with blanks": (tagged("int", " 0x10"), "not hexadecimal"),
    "int: with underscores": (tagged("int", "0x1_0"), "not hexadecimal"),
    "int: not text": (tagged("int", 16), "parts are not of the types"),
    "float: a word": (tagged("float", "infinity"), "none of nan, inf and -inf"),
    "float: a number": (tagged("float", 1.5), "none of nan, inf and -inf"),
    "str: not UTF-8": (tagged("str", "/w=="), "UnicodeDecodeError"),
    "bytes: not base64": (tagged("bytes", "a"), "Error"),
    "bytes: with a newline": (tagged("bytes", "YQ==\n"), "Error"),
    "bytes: a number": (tagged("bytes", 1), "parts are not of the types"),
    "tuple: text": (tagged("tuple", "ab"), "a tuple that is not written as an array"),
    "set: of lists": (tagged("set", [[]]), "TypeError"),
    "set: text": (tagged("set", "ab"), "a set that is not written as an array"),
    "set: repeated": (tagged("set", [1, True]), "repeats a key"),
    "frozenset: repeated": (tagged("frozenset", [0, -0.0]), "repeats a key"),
    "dict: odd": (tagged("dict", [1]), "not written as an array of pairs"),
    "dict: repeated": (tagged("dict", ["a", 1, "a", 2]), "repeats a key"),
    "dict: key of a list": (tagged("dict", [[], 1]), "TypeError"),
    "dict: key that cannot be hashed": (tagged("dict", [{"decimal": "sNaN"}, 1]), "TypeError"),
    "complex: of ints": (tagged("complex", [1, 2]), "parts are not of the types"),
    "range: of bools": (tagged("range", [False, True, True]), "parts are not of the types"),
    "range: step of zero": (tagged("range", [0, 1, 0]), "ValueError"),
    "constant: a name": (tagged("constant", "__import__"), "a constant that format 1 does not know"),
    "constant: a list": (tagged("constant", []), "a constant that format 1 does not know"),
    "date: 30 February": (tagged("date", [2020, 2, 30]), "ValueError"),
    "date: huge": (tagged("date", [10**600, 2, 30]), "OverflowError"),
    "time: a bool": (tagged("time", [True, 0, 0, 0, None, 0]), "parts are not of the types"),
    "time: fold of two": (tagged("time", [1, 0, 0, 0, None, 2]), "ValueError"),
    "datetime: year zero": (tagged("datetime", [0, 1, 1, 0, 0, 0, 0, None, 0]), "ValueError"),
    "datetime: a zone that is text": (tagged("datetime", [1, 1, 1, 0, 0, 0, 0, "UTC", 0]), "a time zone that is none"),
    "datetime: a zone that is opaque": (
        tagged("datetime", [1, 1, 1, 0, 0, 0, 0, {"opaque": [0, "Zone", "object"]}, 0]),
        "a time zone that is none",
    ),
    "timedelta: too long": (tagged("timedelta", [10**10, 0, 0]), "OverflowError"),
    "timezone: a day": (tagged("timezone", [{"timedelta": [1, 0, 0]}, None]), "ValueError"),
    "timezone: a number": (tagged("timezone", [3600, None]), "parts are not of the types"),
    "timezone: a number for a name": (tagged("timezone", [{"timedelta": [0, 0, 0]}, 1]), "parts are not of the types"),
    "zoneinfo: a path": (tagged("zoneinfo", "../../etc/passwd"), "a time zone that this machine does not know"),
    "zoneinfo: an absolute path": (tagged("zoneinfo", "/etc/localtime"), "a time zone that this machine does not know"),
    "zoneinfo: a folder": (tagged("zoneinfo", "Europe"), "a time zone that this machine does not know"),
    "zoneinfo: a list": (tagged("zoneinfo", []), "a time zone that this machine does not know"),
    "decimal: with blanks": (tagged("decimal", " 1"), "not written as Python writes it"),
    "decimal: with other digits": (tagged("decimal", "\u0661"), "not written as Python writes it"),
    "decimal: no number": (tagged("decimal", "one"), "InvalidOperation"),
    "decimal: exponent too large": (tagged("decimal", "1E+99999999999999999999"), "InvalidOperation"),
    "fraction: by zero": (tagged("fraction", [1, 0]), "ZeroDivisionError"),
    "fraction: not reduced": (tagged("fraction", [2, 4]), "not in lowest terms"),
    "fraction: negative below": (tagged("fraction", [1, -2]), "not in lowest terms"),
    "fraction: of floats": (tagged("fraction", [1.0, 2.0]), "parts are not of the types"),
    "fraction: too long": (tagged("fraction", [{"int": hex(1 << 65536)}, 3]), "too long to reduce"),
    "opaque: negative": (tagged("opaque", [-1, "a", "object"]), "whose number is none"),
    "opaque: a bool": (tagged("opaque", [True, "a", "object"]), "parts are not of the types"),
    "opaque: a long name": (tagged("opaque", [1, "a" * 201, "object"]), "whose name cannot be printed"),
    "opaque: an escape": (tagged("opaque", [1, "\x1b[31m", "object"]), "whose name cannot be printed"),
    "opaque: another kind": (tagged("opaque", [1, "a", "code"]), "of a kind that format 1 does not know"),
    "np.scalar: wrong length": (tagged("np.scalar", ["<f8", "AAAA"]), "ValueError"),
    "np.scalar: two": (tagged("np.scalar", ["<f8", EIGHT + EIGHT]), "Error"),
    "np.scalar: text": (tagged("np.scalar", ["<U1", "AAAAAA=="]), "a numpy scalar of a type that is written otherwise"),
    "np.scalar: an object": (tagged("np.scalar", ["|O", EIGHT]), "a numpy scalar of a type that is written otherwise"),
    "np.scalar: a truth of two": (tagged("np.scalar", ["|b1", "Ag=="]), "a truth value that is neither"),
    "np.str: a number": (tagged("np.str", 1), "parts are not of the types"),
    "np.bytes: no base64": (tagged("np.bytes", "?"), "Error"),
    "np.array: void": (tagged(*array("|V8", [1], EIGHT).popitem()), "a dtype that format 1 does not know"),
    "np.array: structured": (tagged(*array("i4,i4", [1], EIGHT).popitem()), "a dtype that format 1 does not know"),
    "np.array: a list for a dtype": (tagged("np.array", [["a", "i4"], "C", [1], EIGHT]), "parts are not of the types"),
    "np.array: long double": (tagged(*array("<f16", [1], EIGHT * 2).popitem()), "a dtype that format 1 does not know"),
    "np.array: huge text": (tagged(*array("<U1000000000", [0]).popitem()), "a dtype that format 1 does not know"),
    "np.array: large text": (tagged(*array("<U9999999", [0]).popitem()), "a dtype larger than a message"),
    "np.array: a step of zero": (tagged(*array("<M8[0s]", [1], EIGHT).popitem()), "a dtype that format 1 does not know"),
    "np.array: bytes for objects": (tagged(*array("|O", [1], EIGHT).popitem()), "objects that are not written as an array"),
    "np.array: objects of another number": (tagged(*array("|O", [2], [1]).popitem()), "ValueError"),
    "np.array: items for numbers": (tagged(*array("<i8", [1], [1]).popitem()), "parts are not of the types"),
    "np.array: a claimed shape": (tagged(*array("<i8", [10**12], EIGHT).popitem()), "an array larger than a message"),
    "np.array: a shape that overflows": (tagged(*array("<i8", [2**32, 2**32], "").popitem()), "an array larger than a message"),
    "np.array: a long empty axis": (tagged(*array("|i1", [0, 10**9]).popitem()), "an array larger than a message"),
    "np.array: a negative axis": (tagged(*array("<i8", [-1], EIGHT).popitem()), "an array larger than a message"),
    "np.array: a bool for an axis": (tagged(*array("<i8", [True], EIGHT).popitem()), "parts are not of the types"),
    "np.array: too many axes": (tagged(*array("|i1", [1] * 99, "AA==").popitem()), "ValueError"),
    "np.array: another order": (tagged(*array("<i8", [1], EIGHT, "K").popitem()), "an order that is neither C nor F"),
    "np.array: a truth of two": (tagged(*array("|b1", [2], "AQI=").popitem()), "a truth value that is neither"),
    "np.array: beyond Unicode": (tagged(*array("<U1", [1], b64(b"\0\0\x11\0")).popitem()), "a character beyond Unicode"),
    "pd.missing: another": (tagged("pd.missing", "nan"), "a missing value that format 1 does not know"),
    "pd.Timestamp: NaT": (tagged("pd.Timestamp", [{"np.scalar": ["<M8[us]", b64(b"\0" * 7 + b"\x80")]}, None]), "pandas would change"),
    "pd.Timestamp: in days": (tagged("pd.Timestamp", [{"np.scalar": ["<M8[D]", EIGHT]}, None]), "pandas would change"),
    "pd.Timestamp: a number": (tagged("pd.Timestamp", [1, None]), "parts are not of the types"),
    "pd.Timedelta: in years": (tagged("pd.Timedelta", [{"np.scalar": ["<m8[Y]", EIGHT]}]), "Error|pandas would change"),
    "pd.Timedelta: in hours": (tagged("pd.Timedelta", [{"np.scalar": ["<m8[h]", EIGHT]}]), "pandas would change"),
    "pd.Interval: reversed": (tagged("pd.Interval", [2, 1, "left"]), "ValueError"),
    "pd.Interval: of texts": (tagged("pd.Interval", ["a", "b", "left"]), "ValueError"),
    "pd.masked: of text": (tagged("pd.masked", [array("<U1", [1], "AAAAAA=="), array("|b1", [1], "AA==")]), "TypeError"),
    "pd.masked: half": (tagged("pd.masked", [array("<f2", [1], "AAA="), array("|b1", [1], "AA==")]), "Error"),
    "pd.masked: mask of another length": (tagged("pd.masked", [INT8, array("|b1", [0])]), "whose length is not that"),
    "pd.masked: mask of numbers": (tagged("pd.masked", [INT8, INT8]), "TypeError"),
    "pd.strings: a number": (tagged("pd.strings", ["python", "NA", [1]]), "an array of strings with an item that is none"),
    "pd.strings: another missing": (tagged("pd.strings", ["python", "NaN", []]), "a missing string that format 1 does not know"),
    "pd.strings: another storage": (tagged("pd.strings", ["disk", "NA", []]), "ValueError"),
    "pd.Categorical: code beyond": (tagged("pd.Categorical", [array("|i1", [1], "AQ=="), RANGE, False]), "ValueError"),
    "pd.Categorical: code below": (tagged("pd.Categorical", [array("|i1", [1], "/g=="), RANGE, False]), "ValueError"),
    "pd.Categorical: codes of floats": (
        tagged("pd.Categorical", [array("<f8", [1], b64(np.float64(0.5).tobytes())), RANGE, False]),
        "ValueError",
    ),
    "pd.Categorical: no categories": (tagged("pd.Categorical", [INT8, [1], False]), "an index that is none"),
    "pd.Categorical: many categories": (
        tagged("pd.Categorical", [INT8, {"pd.RangeIndex": [0, 16385, 1, None]}, False]),
        "more than 16384 categories",
    ),
    "pd.Categorical: many objects": (
        tagged("pd.Categorical", [INT8, {"pd.Index": [array("|O", [257], [*range(257)]), None, None]}, False]),
        "more than 256 categories",
    ),
    "pd.datetimes: in days": (tagged("pd.datetimes", [DAYS, None]), "pandas would change"),
    "pd.datetimes: a matrix": (tagged("pd.datetimes", [array("<M8[us]", [1, 1], EIGHT), None]), "a column that is no array"),
    "pd.datetimes: a zone that is text": (tagged("pd.datetimes", [MOMENT, "UTC"]), "a time zone that is none"),
    "pd.timedeltas: of numbers": (tagged("pd.timedeltas", [INT8]), "Error|pandas would change"),
    "pd.timedeltas: in days": (tagged("pd.timedeltas", [array("<m8[D]", [1], EIGHT)]), "pandas would change"),
    "pd.intervals: reversed": (
        tagged("pd.intervals", [{"pd.RangeIndex": [1, 2, 1, None]}, RANGE, "left"]),
        "ValueError",
    ),
    "pd.intervals: of two kinds": (
        tagged("pd.intervals", [RANGE, {"pd.Index": [array("<f8", [1], b64(np.float64(1).tobytes())), None, None]}, "left"]),
        "intervals that pandas would change",
    ),
    "pd.intervals: closed elsewhere": (tagged("pd.intervals", [RANGE, RANGE, "up"]), "ValueError"),
    "pd.Index: of a scalar": (tagged("pd.Index", [array("<i8", [], EIGHT), None, None]), "a column that is no array"),
    "pd.Index: in days": (tagged("pd.Index", [DAYS, None, None]), "TypeError|pandas would change"),
    "pd.Index: of fixed text": (tagged("pd.Index", [array("<U1", [1], "AAAAAA=="), None, None]), "pandas would change"),
    "pd.Index: a list for a name": (tagged("pd.Index", [INT8, [], None]), "TypeError"),
    "pd.Index: a frequency of numbers": (tagged("pd.Index", [INT8, None, "D"]), "a frequency of what is no time"),
    "pd.Index: another frequency": (tagged("pd.Index", [MOMENT, None, "WOM-1MON"]), "ValueError"),
    "pd.Index: no frequency": (tagged("pd.Index", [MOMENT, None, "D" * 99]), "a frequency that is none"),
    "pd.RangeIndex: long": (tagged("pd.RangeIndex", [0, 10**18, 1, None]), "a RangeIndex longer than a message"),
    "pd.RangeIndex: longer": (tagged("pd.RangeIndex", [0, 10**30, 1, None]), "OverflowError"),
    "pd.RangeIndex: step of zero": (tagged("pd.RangeIndex", [0, 1, 0, None]), "ValueError"),
    "pd.MultiIndex: empty": (tagged("pd.MultiIndex", [[], [], []]), "ValueError"),
    "pd.MultiIndex: code beyond": (tagged("pd.MultiIndex", [[RANGE], [array("|i1", [1], "AQ==")], [None]]), "ValueError"),
    "pd.MultiIndex: codes of two lengths": (
        tagged("pd.MultiIndex", [[RANGE, RANGE], [INT8, array("|i1", [0])], [None, None]]),
        "ValueError",
    ),
    "pd.MultiIndex: a level twice": (tagged("pd.MultiIndex", [[{"pd.MultiIndex": [[RANGE], [INT8], [None]]}], [INT8], [None]]), "Error"),
    "pd.MultiIndex: names of another number": (tagged("pd.MultiIndex", [[RANGE], [INT8], []]), "ValueError"),
    "pd.Series: of a scalar, along a long index": (
        tagged("pd.Series", [array("<i8", [], EIGHT), {"pd.RangeIndex": [0, 10**6, 1, None]}, None]),
        "a column that is no array",
    ),
    "pd.Series: of one item, along a long index": (
        tagged("pd.Series", [INT8, {"pd.RangeIndex": [0, 10**6, 1, None]}, None]),
        "whose length is not that of its index",
    ),
    "pd.Series: in days": (tagged("pd.Series", [DAYS, RANGE, None]), "TypeError|pandas would change"),
    "pd.Series: of fixed text": (tagged("pd.Series", [array("<U1", [1], "AAAAAA=="), RANGE, None]), "pandas would change"),
    "pd.Series: without an index": (tagged("pd.Series", [INT8, None, None]), "an index that is none"),
    "pd.DataFrame: an opaque column": (
        tagged("pd.DataFrame", [RANGE, RANGE, [{"opaque": [0, "a", "object"]}]]),
        "a column that is no array",
    ),
    "pd.DataFrame: a text along a long index": (
        tagged("pd.DataFrame", [RANGE, {"pd.RangeIndex": [0, 10**6, 1, None]}, ["a"]]),
        "a column that is no array",
    ),
    "pd.DataFrame: too few names": (tagged("pd.DataFrame", [{"pd.RangeIndex": [0, 0, 1, None]}, RANGE, [INT8]]), "ValueError"),
    "pd.DataFrame: in days": (tagged("pd.DataFrame", [RANGE, RANGE, [DAYS]]), "pandas would change"),
}


@pytest.mark.parametrize(("message", "reason"), MALFORMED.values(), ids=MALFORMED.keys())
def test_a_malformed_message_is_refused(message: bytes, reason: str) -> None:
    """What the format does not allow raises a `WireError` that says why."""
    with pytest.raises(WireError, match=reason):
        decode(message)


def test_what_is_not_bytes_is_refused() -> None:
    """Even a caller's mistake is a `WireError`."""
    with pytest.raises(WireError, match="TypeError"):
        decode("[1,1]")  # type: ignore[arg-type]


BIG = 10**6
NESTED = {
    "arrays": b"[" * BIG,
    "arrays, closed": b"[" * (BIG // 2) + b"]" * (BIG // 2),
    "objects": b'{"a":' * (BIG // 5),
    "tuples": b'{"tuple":[' * (BIG // 10),
    "few enough to count": b"[1," + b"[" * 150_000 + b"]" * 150_000 + b"]",
    "behind an open string": b"[" * 150 + b'"' + b'\\"' * (BIG // 2),
    "behind backslashes": b"[" * 150 + b'"' + b"\\" * BIG,
    "after closing": b"]" * 1000 + b"[" * 150_000,
}


@pytest.mark.parametrize("message", NESTED.values(), ids=NESTED.keys())
def test_deep_nesting_is_seen_before_it_is_read(message: bytes) -> None:
    """Hundreds of thousands of levels cost neither the C stack nor much time."""
    with pytest.raises(WireError, match=r"nested deeper than 100 levels|holds more than 200000 values|JSONDecodeError"):
        decode(message)


def test_long_numbers_are_refused_where_the_interpreter_would_read_them() -> None:
    """A grader that lifts Python's limit on digits does not open the reader to a million of them."""
    before = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(0)
    try:
        with pytest.raises(WireError, match="more than 640 decimal digits"):
            decode(b"[1," + b"9" * BIG + b"]")
        arrived = decode(b'[1,["' + b"9" * 5000 + b'",' + b"9" * 640 + b"]]")
    finally:
        sys.set_int_max_str_digits(before)

    assert arrived == ["9" * 5000, 10**640 - 1]


COLLIDING = {
    "ints in a set": b'[1,{"set":[%s]}]' % b",".join(b"%d" % (n * PRIME) for n in range(40_000)),
    "ints in a dict": b'[1,{"dict":[%s]}]' % b",".join(b"%d,0" % (n * PRIME) for n in range(40_000)),
    "ints beyond 63 bits": b'[1,{"frozenset":[%s]}]' % b",".join(b'{"int":"%#x"}' % (n * PRIME) for n in range(5, 30_000)),
    "Decimals": b'[1,{"set":[%s]}]' % b",".join(b'{"decimal":"%d"}' % (n * PRIME) for n in range(25_000)),
    "tuples of tuples": b'[1,{"set":[%s]}]' % b",".join(b'{"tuple":[{"tuple":[%s0]},%d]}' % (b"0," * 20, n * PRIME) for n in range(7500)),
}


@pytest.mark.parametrize("message", COLLIDING.values(), ids=COLLIDING.keys())
def test_keys_that_collide_cost_less_than_a_second(message: bytes) -> None:
    """Tens of thousands of keys of one hash are refused in time."""
    begun = time.process_time()
    with pytest.raises(WireError, match="chosen so that their hashes collide"):
        decode(message)
    spent = time.process_time() - begun

    assert spent < 1


def test_a_huge_integer_is_not_compared_with_a_decimal() -> None:
    """A key that would take 20 seconds to compare with another is refused."""
    huge = (1 << 3_500_000) // PRIME * PRIME + 5
    with pytest.raises(WireError, match="keys beside both a Decimal and a huge integer"):
        decode(b'[1,{"set":[{"int":"%#x"},{"decimal":"5"}]}]' % huge)


def test_a_huge_integer_and_a_decimal_may_stand_under_names() -> None:
    """Values are not compared, and the hash of a name cannot be foreseen."""
    value = {"factorial": math.factorial(1000), "price": Decimal("1.50")}

    assert identical(crossed(value), value)


def test_many_honest_keys_cross() -> None:
    """The primes below a million are no attack."""
    sieve = {n for n in range(3, 10**6, 13)}  # noqa: C416
    arrived = crossed(sieve)

    assert arrived == sieve


ROOMY = {
    "lists": b"[1,[%s]]" % b",".join([b"[]"] * 90_000),
    "sets": b"[1,[%s]]" % b",".join([b'{"set":[]}'] * 60_000),
    "dicts": b"[1,[%s]]" % b",".join([b'{"dict":[0,0]}'] * 40_000),
    "range indexes": b"[1,[%s]]" % b",".join([b'{"pd.RangeIndex":[0,0,1,null]}'] * 30_000),
    "frames": b"[1,[%s]]" % b",".join([b'{"pd.DataFrame":[{"pd.RangeIndex":[0,0,1,0]},{"pd.RangeIndex":[0,0,1,0]},[]]}'] * 2000),
    "arrays": b"[1,[%s]]" % b",".join([b'{"np.array":["|i1","C",[0],""]}'] * 20_000),
    "a boolean for every byte": tagged("np.array", ["|b1", "C", [700_000], b64(bytes(700_000))]),
    "a long Decimal": tagged("decimal", "9" * 10**6),
}


@pytest.mark.parametrize("message", ROOMY.values(), ids=ROOMY.keys())
def test_memory_stays_within_a_small_multiple_of_the_message(message: bytes) -> None:
    """No message makes the reader take more than fifty times its own limit."""
    decode(tagged("pd.missing", "NA"))  # Importing pandas is not what is measured.
    tracemalloc.start()
    try:
        decode(message)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 50 * Limits().bytes


@settings(deadline=None, max_examples=300)
@given(st.binary())
def test_no_bytes_raise_anything_but_a_wire_error(data: bytes) -> None:
    """Random bytes are refused, with our own error only."""
    with pytest.raises(WireError):
        decode(data)


SEEDS = [encode(value) for value in VALUES.values() if len(encode(value)) < 5000]


@settings(deadline=None, max_examples=500)
@given(st.data())
def test_no_changed_message_raises_anything_but_a_wire_error(data: st.DataObject) -> None:
    """Valid messages with bytes changed, put in and taken out are read or refused; what is read can be sent again."""
    message = bytearray(data.draw(st.sampled_from(SEEDS)))
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(message)))
        length = data.draw(st.integers(0, 3))
        message[start : start + length] = data.draw(
            st.one_of(st.sampled_from([b"0", b"-", b"1e9", b"[]", b'"', b"null", b"9999"]), st.binary(max_size=3))
        )
    try:
        value = decode(bytes(message))
    except WireError:
        return

    encode(value)


tags = st.sampled_from(list(wire._FORMS))
leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(
        ["<i8", "|O", "|b1", "<U1", "<M8[us]", "C", "F", "left", "AAAAAAAAAAA=", "AA==", "", "python", "NA", "nan", "D", "object"]
    ),
    st.text(max_size=3),
)
wholes = st.sampled_from([*(json.loads(seed)[1] for seed in SEEDS if len(seed) < 300), RANGE, INT8, MOMENT, array("|O", [1], [None])])
trees = st.recursive(
    leaves | wholes,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(tags, st.lists(inner, max_size=4) | inner, min_size=1, max_size=1),
    max_leaves=15,
)


@settings(deadline=None, max_examples=500)
@given(trees)
def test_no_tree_of_known_tags_raises_anything_but_a_wire_error(tree: object) -> None:
    """Tags around parts that do not fit are refused; what is read can be sent again and arrives the same."""
    try:
        value = decode(json.dumps([FORMAT, tree]).encode())
    except WireError:
        return

    assert identical(crossed(value), value)


@settings(deadline=None, max_examples=300)
@given(tags, st.data())
def test_a_tag_with_one_part_changed_raises_nothing_but_a_wire_error(tag: str, data: st.DataObject) -> None:
    """One part of a valid tag put to something else is refused or read."""
    samples = [json.loads(seed)[1] for seed in SEEDS]
    fitting = [sample[tag] for sample in samples if isinstance(sample, dict) and tag in sample] or [[]]
    parts = data.draw(st.sampled_from(fitting))
    if isinstance(parts, list) and parts:
        parts = list(parts)
        parts[data.draw(st.integers(0, len(parts) - 1))] = data.draw(trees)
    try:
        value = decode(tagged(tag, parts))
    except WireError:
        return

    assert identical(crossed(value), value)


# --- In the learner's process


def run(program: str, *arguments: str) -> str:
    """Return what *program* prints in a new interpreter that cannot import hornbook."""
    command = [sys.executable, "-I", "-c", textwrap.dedent(program), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout  # noqa: S603


LOAD = """
    import sys, types
    sys.modules["hornbook"] = None
    wire = types.ModuleType("wire")
    exec(compile(open(sys.argv[1]).read(), "wire", "exec"), vars(wire))
"""


def test_the_source_runs_where_hornbook_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """The text of the module is all that the learner's side needs, and it need not even be registered as a module."""
    monkeypatch.setitem(sys.modules, "hornbook.errors", None)
    alone: typing.Any = types.ModuleType("wire")
    exec(compile(SOURCE.read_text("utf-8"), SOURCE, "exec"), vars(alone))  # noqa: S102 - this is how the agent gets it
    message = alone.encode([1, {"f": hostile}], Register())
    with pytest.raises(alone.WireError):
        alone.decode(b"")

    assert not issubclass(alone.WireError, WireError)
    assert decode(message) == [1, {"f": Opaque(0, "function", "function")}]


def test_nothing_heavy_is_imported_for_plain_data() -> None:
    """The heavy packages numpy and pandas are imported when a tag needs them, and not before."""
    printed = run(
        LOAD
        + """
    import datetime
    wire.decode(wire.encode([1, {"a": datetime.datetime(2020, 1, 1)}, (print,)], lambda value: 0))
    print(*(name for name in ("numpy", "pandas", "msgspec") if name in sys.modules))
    wire.decode(b'[1,{"np.str":"a"}]')
    print(*(name for name in ("numpy", "pandas") if name in sys.modules))
    """,
        str(SOURCE),
    )

    assert printed.splitlines() == ["", "numpy"]


def test_replaced_builtins_do_not_disturb() -> None:
    """A learner who replaces built-in functions afterwards, and those of `json`, gets the same bytes."""
    printed = run(
        LOAD
        + """
    import builtins, json, os
    write = os.write
    def broken(*_): raise SystemExit
    for name in "type id set map sum max min repr hex len any issubclass getattr dict int hasattr zip enumerate frozenset".split():
        setattr(builtins, name, broken)
    json.dumps = json.loads = broken
    write(1, wire.encode([1, ("a", 2.5), {"b": 1 << 70}]))
    """,
        str(SOURCE),
    )

    assert decode(printed.encode()) == [1, ("a", 2.5), {"b": 1 << 70}]


def test_the_error_is_one_of_ours() -> None:
    """On the trusted side a `WireError` is a `HornbookError`."""
    assert wire.WireError is errors.WireError
