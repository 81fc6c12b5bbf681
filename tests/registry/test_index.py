"""The cached index against Python's own sets, and its file against every kind of damage."""

from pathlib import Path
from zlib import crc32

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engrave.base.errors import UnfinishedError
from engrave.registry.index import CodeIndex, built_index, load_index, merged, save_index

REGISTRY = "3f0c9e62"
CODES = st.lists(st.integers(0, 2**30 - 1), max_size=40)
EVENTS = st.integers(0, 2**62)


def saved(path: Path, codes: list[int], last_event: int = 7) -> bytes:
    save_index(built_index([codes], REGISTRY, last_event), path)
    return path.read_bytes()


@settings(deadline=None, max_examples=40)
@given(codes=CODES, last_event=EVENTS)
def test_what_is_saved_is_loaded(codes: list[int], last_event: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("index") / "codes"
    saved(path, codes, last_event)
    loaded = load_index(path, REGISTRY)
    assert loaded is not None
    assert loaded.codes.tolist() == sorted(set(codes))
    assert (loaded.registry, loaded.last_event) == (REGISTRY, last_event)
    assert loaded.codes.dtype == np.uint32
    assert not loaded.codes.flags.writeable


@settings(deadline=None, max_examples=60)
@given(chunks=st.lists(CODES, max_size=4), more=CODES)
def test_merging_is_the_sorted_union(chunks: list[list[int]], more: list[int]) -> None:
    index = built_index(chunks, REGISTRY, 3)
    every = set().union(*chunks)
    assert index.codes.tolist() == sorted(every)
    larger = merged(index, more, 9)
    assert larger.codes.tolist() == sorted(every | set(more))
    assert (larger.registry, larger.last_event) == (REGISTRY, 9)
    assert index.codes.tolist() == sorted(every)


def test_the_file_is_as_documented(tmp_path: Path) -> None:
    data = saved(tmp_path / "codes", [2, 2**30 - 1, 1], last_event=5)
    codes = b"\x01\0\0\0\x02\0\0\0\xff\xff\xff\x3f"
    assert data[64:] == codes
    assert data[:12] == b"pinindex\x01\0\0\0"
    assert data[16:32] == (3).to_bytes(8, "little") + (5).to_bytes(8, "little")
    assert data[32:36] == crc32(codes).to_bytes(4, "little")
    assert data[12:16] == crc32(data[:12] + bytes(4) + data[16:64]).to_bytes(4, "little")


@pytest.mark.parametrize("codes", [[], [17], [3, 1, 2**30 - 1]], ids=len)
def test_every_truncation_is_no_index(codes: list[int], tmp_path: Path) -> None:
    path = tmp_path / "codes"
    data = saved(path, codes)
    for length in range(len(data)):
        path.write_bytes(data[:length])
        assert load_index(path, REGISTRY) is None
    path.write_bytes(data + b"\0")
    assert load_index(path, REGISTRY) is None
    path.write_bytes(data)
    assert load_index(path, REGISTRY) is not None


@pytest.mark.parametrize("codes", [[], [3, 1, 2**30 - 1]], ids=len)
def test_every_damaged_byte_is_no_index(codes: list[int], tmp_path: Path) -> None:
    path = tmp_path / "codes"
    data = saved(path, codes)
    for place in range(len(data)):
        for change in (1, 128, 255):
            damaged = bytearray(data)
            damaged[place] ^= change
            path.write_bytes(damaged)
            assert load_index(path, REGISTRY) is None, place


def test_no_file_and_a_folder_and_another_registry_are_no_index(tmp_path: Path) -> None:
    path = tmp_path / "codes"
    assert load_index(path, REGISTRY) is None
    assert load_index(tmp_path, REGISTRY) is None
    saved(path, [1, 2])
    assert load_index(path, REGISTRY + "x") is None


def test_a_checksum_that_fits_does_not_make_a_list_of_codes(tmp_path: Path) -> None:
    path = tmp_path / "codes"
    data = bytearray(saved(path, [1, 2]))
    data[64:] = b"\x02\0\0\0\x01\0\0\0"
    data[32:36] = crc32(data[64:]).to_bytes(4, "little")
    data[12:16] = crc32(data[:12] + bytes(4) + data[16:64]).to_bytes(4, "little")
    path.write_bytes(data)
    assert load_index(path, REGISTRY) is None


def test_an_index_in_use_outlives_its_replacement(tmp_path: Path) -> None:
    path = tmp_path / "codes"
    saved(path, list(range(5000)))
    loaded = load_index(path, REGISTRY)
    assert loaded is not None
    save_index(merged(loaded, [2**29], 8), path)
    assert loaded.codes.tolist() == list(range(5000))
    again = load_index(path, REGISTRY)
    assert again is not None
    assert again.codes.tolist() == [*range(5000), 2**29]


def test_where_it_cannot_be_written_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(UnfinishedError, match="cannot write"):
        save_index(built_index([[1]], REGISTRY, 0), tmp_path / "missing" / "codes")


@pytest.mark.parametrize("codes", [[-1], [2**30], [[1, 2]], [0.5]], ids=str)
def test_what_is_no_permuted_id_is_refused(codes: list[int]) -> None:
    with pytest.raises(ValueError, match="codes"):
        built_index([codes], REGISTRY, 0)
    with pytest.raises(ValueError, match="codes"):
        merged(built_index([], REGISTRY, 0), codes, 0)


@pytest.mark.parametrize("codes", [[2, 1], [1, 1], [2**30], [[1]]], ids=str)
def test_an_index_is_an_ascending_list(codes: list[int]) -> None:
    with pytest.raises(ValueError, match="codes"):
        CodeIndex(codes=np.array(codes, dtype=np.uint32), registry=REGISTRY, last_event=0)


def test_an_index_does_not_go_back() -> None:
    index = built_index([[1]], REGISTRY, 4)
    assert merged(index, [], 4).last_event == 4
    with pytest.raises(ValueError, match="event 4"):
        merged(index, [2], 3)
