"""Rows kept on disk: the same as a list's, however often and however interleaved they are read."""

import json
import tempfile
from io import BytesIO
from itertools import zip_longest
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engrave.base.errors import UnfinishedError
from engrave.base.rows import Rows, rows_file

ROWS = st.lists(st.dictionaries(st.text(), st.text() | st.integers() | st.booleans() | st.lists(st.text())))


@given(ROWS)
def test_rows_come_back_as_often_as_one_likes_and_side_by_side(given_rows: list[dict[str, Any]]) -> None:
    with rows_file() as file:
        rows = Rows(file, iter(given_rows))
        assert list(rows) == given_rows
        assert list(zip_longest(rows, rows)) == [(row, row) for row in given_rows]


def test_many_rows_lie_on_disk() -> None:
    with rows_file() as file:
        rows = Rows(file, ({"n": number, "text": "x" * 1_000} for number in range(3_000)))
        assert not isinstance(getattr(file, "_file", None), BytesIO)
        assert [row["n"] for row in rows] == list(range(3_000))


class _Full(BytesIO):
    def write(self, _data: object, /) -> int:
        """Find no room."""
        raise OSError(28, "No space left on device")


def test_a_full_disk_is_said() -> None:
    with pytest.raises(UnfinishedError, match="the disk is full"):
        Rows(_Full(), [json.loads('{"a": 1}')])


def test_few_rows_need_no_place_for_temporary_files_and_many_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a container whose file system is read-only but for the batch's folder."""

    def nowhere() -> str:
        raise FileNotFoundError(2, "No usable temporary directory found in ['/tmp']")

    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(tempfile, "_get_default_tempdir", nowhere)
    with rows_file() as file:
        assert list(Rows(file, [1, 2])) == [1, 2]
    with rows_file() as file, pytest.raises(UnfinishedError, match=r"^TMPDIR: cannot write: no usable temporary"):
        Rows(file, ("x" * 1_000 for _ in range(3_000)))
