"""Events of XML, and the documents that are refused: cut off, with a document type, too deep, too many."""

import tracemalloc

import pytest

from toolpaths.readers.safe_xml import End, Event, Start, Text, XmlRefusedError, events


def read(data: bytes, *, most_depth: int = 8, most_elements: int = 100) -> list[Event]:
    return list(events(data, most_depth=most_depth, most_elements=most_elements))


def test_events_stand_in_order_and_blanks_are_dropped() -> None:
    data = b'<?xml version="1.0"?>\n<a n="1">\n  <ns:b>x &lt;<!-- no --> y</ns:b>\n</a>\n'
    assert read(data) == [
        Start("a", {"n": "1"}, 2),
        Start("ns:b", {}, 3),
        Text("x < y"),
        End("ns:b"),
        End("a"),
    ]


def test_text_is_whole_however_long() -> None:
    long = b"0123456789" * 300_000
    assert read(b"<a>" + long + b"</a>")[1] == Text(long.decode())


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "iso-8859-1"])
def test_encodings(encoding: str) -> None:
    data = f'<?xml version="1.0" encoding="{encoding}"?><a t="\u00b5"/>'.encode(encoding)
    assert read(data)[0] == Start("a", {"t": "\u00b5"}, 1)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "not well-formed"),
        (b"<a><b></a>", "not well-formed"),
        (b"<a>", "not well-formed"),
        (b"<a/><b/>", "not well-formed"),
        (b"<a>&unknown;</a>", "not well-formed"),
        (b"<a>\xff</a>", "not well-formed"),
        (b'<?xml version="1.0" encoding="none-such"?><a/>', "encoding"),
        (b'<?xml version="1.0" encoding="idna"?><a/>', "encoding"),
        (b"<!DOCTYPE a><a/>", "document type"),
        (b'<!DOCTYPE a SYSTEM "file:///etc/hostname"><a/>', "document type"),
        (b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/hostname">]><a>&b;</a>', "document type"),
    ],
)
def test_refused(data: bytes, says: str) -> None:
    with pytest.raises(XmlRefusedError, match=says):
        read(data)


def test_entities_that_grow_are_never_expanded() -> None:
    """The bomb of a billion laughs: ten entities, each ten of the one before it."""
    entities = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 11))
    data = f'<!DOCTYPE a [<!ENTITY l0 "lol">{entities}]><a>&l10;</a>'.encode()
    tracemalloc.start()
    try:
        with pytest.raises(XmlRefusedError, match="document type"):
            read(data)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(("depth", "is_read"), [(8, True), (9, False)])
def test_depth(depth: int, *, is_read: bool) -> None:
    data = b"<a>" * depth + b"</a>" * depth
    if is_read:
        assert len(read(data)) == 2 * depth
    else:
        with pytest.raises(XmlRefusedError, match="more than 8 elements in each other") as refused:
            read(data)
        assert refused.value.line == 1


@pytest.mark.parametrize(("count", "is_read"), [(99, True), (100, False)])
def test_count_with_the_root(count: int, *, is_read: bool) -> None:
    data = b"<a>" + b"\n<b/>" * count + b"</a>"
    if is_read:
        assert len(read(data)) == 2 * (count + 1)
    else:
        with pytest.raises(XmlRefusedError, match="more than 100 elements") as refused:
            read(data)
        assert refused.value.line == 101


def test_deep_nesting_ends_at_once() -> None:
    """A million elements in each other are given up within the first chunk, long before the stack could run out."""
    with pytest.raises(XmlRefusedError, match="in each other"):
        read(b"<a>" * 1_000_000)
