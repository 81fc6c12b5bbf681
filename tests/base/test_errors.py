"""Errors carry all their faults, across processes too, and know their exit code."""

import pickle

import pytest

from engrave.base.errors import (
    Collecting,
    EngraveError,
    Exit,
    InputError,
    OccupiedError,
    UnfinishedError,
    UnknownNameError,
    raise_faults,
)


@pytest.mark.parametrize(
    ("kind", "also", "code"),
    [
        (InputError, ValueError, 2),
        (UnknownNameError, LookupError, 2),
        (OccupiedError, ValueError, 2),
        (UnfinishedError, OSError, 1),
        (EngraveError, Exception, 1),
    ],
)
def test_an_error_is_what_it_is_also_after_pickling(kind: type[EngraveError], also: type[Exception], code: int) -> None:
    error = pickle.loads(pickle.dumps(kind(["one", "two"])))  # noqa: S301 - our own bytes
    assert type(error) is kind
    assert isinstance(error, also)
    assert error.faults == ("one", "two")
    assert str(error) == "one\ntwo"
    assert kind.exit_code == code
    assert kind("one").faults == ("one",)


def test_exit_codes_are_the_documented_ones() -> None:
    assert {code.name: int(code) for code in Exit} == {
        "DONE": 0,
        "UNFINISHED": 1,
        "WRONG_INPUT": 2,
        "NO": 3,
        "INTERRUPTED": 130,
    }


def test_faults_are_raised_only_where_there_are_any() -> None:
    raise_faults([])
    with pytest.raises(InputError) as caught:
        raise_faults(["a", "b"])
    assert caught.value.faults == ("a", "b")


def test_collecting_keeps_our_faults_and_lets_other_errors_through() -> None:
    faults = ["first"]
    with Collecting(faults, prefix="f: "):
        raise InputError(["a", "b"])
    with Collecting(faults):
        raise UnknownNameError("c")
    assert faults == ["first", "f: a", "f: b", "c"]
    with pytest.raises(KeyError), Collecting(faults):
        raise KeyError("bug")
