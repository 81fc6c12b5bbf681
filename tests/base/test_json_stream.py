"""JSON read piece by piece, against the standard library's reader that takes it whole."""

import io
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engrave.base.errors import InputError
from engrave.base.json_stream import JsonStream

_TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
_NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
_VALUES = st.recursive(
    st.none() | st.booleans() | _NUMBERS | _TEXTS,
    lambda inner: st.lists(inner) | st.dictionaries(_TEXTS, inner),
    max_leaves=6,
)
# A number by itself is no value that is taken: in a stream its end could not be told.
_ELEMENTS = _VALUES.filter(lambda value: isinstance(value, bool) or not isinstance(value, (int, float)))


class Trickle(io.BytesIO):
    """Gives three bytes at most at a time, so that every character and escape is cut somewhere."""

    def read(self, size: int | None = -1, /) -> bytes:
        """Three bytes, or what is left."""
        return super().read(3 if size is None or size < 0 else min(3, size))


def stream(text: str | bytes) -> JsonStream:
    return JsonStream(file=Trickle(text.encode() if isinstance(text, str) else text), origin="x.json")


def read(text: str | bytes, *, lists: bool) -> dict[str, Any]:
    source = stream(text)
    return {name: list(source.elements()) if lists else source.value() for name in source.members()}


@pytest.mark.slow
@settings(deadline=None, max_examples=80)
@given(st.dictionaries(_TEXTS, st.lists(_ELEMENTS)), st.sampled_from([None, 1]), st.booleans())
def test_it_reads_what_was_written(document: dict[str, Any], indent: int | None, ascii_only: bool) -> None:  # noqa: FBT001 - drawn
    text = json.dumps(document, indent=indent, ensure_ascii=ascii_only)
    assert read(text, lists=True) == read(text, lists=False) == document
    assert read(b"\xef\xbb\xbf" + text.encode(), lists=True) == document


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "line 1: not JSON: expected '{', the file ends; it was cut off"),
        ("[]", "line 1: not JSON: expected '{', found '['"),
        ('{"a": []', "line 1: not JSON: expected ',' or '}', the file ends; it was cut off"),
        ('{"a": [true,', "line 1: not JSON: a value is missing"),
        ('{"a": [true,]}', "line 1: not JSON: ']' begins no value here"),
        ('{\n"a":\n[1]}', "line 3: not JSON: '1' begins no value here"),
        ('{"a": [[NaN]]}', "line 1: not JSON: NaN is not a finite number"),
        ('{"a": [{}]} x', "line 1: something follows the end of the document"),
        ('{["a"]: []}', "line 1: the name of a member must be text"),
        (b'{"a": ["\xff"]}', "from line 1 on: is not UTF-8"),
        ('{"a": [' + "[" * 5000 + "]" * 5000 + "]}", "line 1: not JSON: nested too deeply"),
    ],
)
def test_what_is_no_such_document_is_told_with_its_line(text: str | bytes, told: str) -> None:
    with pytest.raises(InputError) as caught:
        read(text, lists=True)
    (fault,) = caught.value.faults
    assert fault.startswith(f"x.json: {told}")


def test_a_value_too_large_is_refused_before_its_end_is_looked_for() -> None:
    endless = b'{"a": "' + b"x" * (3 << 20)
    source = JsonStream(file=(file := io.BytesIO(endless)), origin="x.json")
    with pytest.raises(InputError, match="not JSON"):
        {name: source.value() for name in source.members()}
    assert file.tell() < 2 << 20
