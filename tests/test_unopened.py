"""`hornbook.grading.unopened`: what Dask reads for a run of ours is never obeyed; what it reads for others is, as ever."""

from __future__ import annotations

import copyreg
import pickle
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from hornbook.grading.unopened import Unopened, doubting

sprung: list[object] = []


def spring(*given: object) -> object:
    """Be what a pickle must not reach."""
    sprung.append(given)
    return None


class Reduced:
    """Springs where it is opened."""

    def __reduce__(self) -> Any:
        return spring, ("reduced",)


class Built:
    """Springs when it is given its state."""

    def __init__(self) -> None:
        self.state = 1

    def __setstate__(self, state: object) -> None:
        spring(state)


class Compared:
    """Springs as a key of a dict, which is asked for its hash."""

    def __hash__(self) -> int:
        spring("hash")
        return 1


NAMED = f"c{__name__}\nspring\n".encode()
ATTACKS: dict[str, Callable[[], bytes]] = {
    "a reduction": lambda: pickle.dumps(Reduced()),
    "a reduction, in the oldest form": lambda: pickle.dumps(Reduced(), 0),
    "one in a list": lambda: pickle.dumps([1, {"a": (Reduced(),)}]),
    "a state": lambda: pickle.dumps(Built()),
    "a key": lambda: pickle.dumps({Compared(): 1}),
    "an old instance": lambda: b"(S'x'\ni" + NAMED[1:] + b".",
    "an object": lambda: b"(" + NAMED + b"S'x'\no.",
    "an extension": lambda: b"\x82\xf0)R.",
    "a call of builtins": lambda: b"cbuiltins\neval\n(S'__import__(\"test_unopened\").spring()'\ntR.",
    "bytes, called": lambda: b"cbuiltins\nbytes.fromhex\n(S'00'\ntR.",
    "an exception of tblib's": lambda: b"ctblib.pickling_support\nunpickle_exception_with_attrs\n(" + NAMED + b"(S'args'\n(S'x'\ntdtR.",
}


@pytest.fixture(autouse=True)
def _extension() -> Iterator[None]:
    """Give `spring` a number, as a program may for names that it pickles often."""
    copyreg.add_extension(__name__, "spring", 0xF0)
    sprung.clear()
    yield
    copyreg.remove_extension(__name__, "spring", 0xF0)


def read(data: bytes) -> object:
    """Return what Dask reads in *data*."""
    import distributed.protocol.pickle  # noqa: PLC0415 - heavy

    found: object = distributed.protocol.pickle.loads(data)  # type: ignore[no-untyped-call]
    return found


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_what_a_pickle_asks_for_is_not_done(attack: Callable[[], bytes]) -> None:
    """It comes to something that does nothing, or to one error."""
    data = attack()
    sprung.clear()
    try:
        doubting(read, data)
    except TypeError as error:
        assert str(error) == "A pickle that was sent here cannot be read."  # noqa: PT017 - either will do

    assert sprung == []


@pytest.mark.parametrize("attack", ["a reduction", "a state", "an extension", "an object"])
def test_others_have_theirs_opened(attack: str) -> None:
    """Also after a run of ours has closed its door, in this thread and in others: so these attacks are ones."""
    doubting(read, pickle.dumps(1))
    data = ATTACKS[attack]()
    sprung.clear()
    read(data)
    thread = threading.Thread(target=read, args=(data,))
    thread.start()
    thread.join()

    assert len(sprung) == 2


def test_data_comes_through() -> None:
    """As it is: an answer may be pickled data, and Dask says so of bytes."""
    data = [1, 2.5, "ä", b"\x00", None, True, {"a": (1, {2})}, bytes]

    assert doubting(read, pickle.dumps(data)) == data


def test_an_exception_keeps_its_name_and_its_words() -> None:
    """By these a worker that died is told apart; an endless word is cut, and what is no word is left out."""
    named = doubting(read, pickle.dumps(KeyError("no such key")))
    deep: Any = "x"
    for _ in range(400):
        deep = [deep]
    odd = [doubting(read, pickle.dumps(ValueError(given))) for given in ("y" * 9999, deep)]

    assert isinstance(named, Unopened)
    assert (type(named).__name__, str(named)) == ("KeyError", "no such key")
    assert [str(one) for one in odd] == ["y" * 300, ""]
