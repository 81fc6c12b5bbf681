"""TOML and JSON into dataclasses: every fault at once, each with its path."""

import json
import math
from dataclasses import dataclass
from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engrave.base.config import (
    OneOf,
    Source,
    build,
    from_jsonable,
    json_bytes,
    json_pieces,
    numeric_keys,
    parse_json,
    parse_toml,
    sources_of,
    to_jsonable,
)
from engrave.base.errors import InputError, raise_faults

SCHEMA = "pin-engrave/thing/2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """One pass."""

    pulse_energy_j: float
    repeats: int

    def __post_init__(self) -> None:
        raise_faults(["repeats: must be positive"] if self.repeats <= 0 else [])


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """Some passes, and figures that depend on each other."""

    name: str
    passes: tuple[Pass, ...]
    angles_rad: tuple[float, ...]
    pitch_um: float
    kerf_um: float
    factor: float
    contour: bool
    taper_um: float | None = None

    def __post_init__(self) -> None:
        faults = []
        if self.pitch_um > self.kerf_um:
            faults.append(f"pitch: {self.pitch_um:g} um is more than the kerf")
        if self.factor < 0:
            faults.append("factor: must not be negative")
        raise_faults(faults)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What holds the process."""

    process: Process


GOOD = """
[process]
name = "p"
angles = ["0deg", "0.5rad"]
pitch = "4um"
kerf = "0.012mm"
factor = 2
contour = true
[[process.passes]]
pulse_energy = "0.35uJ"
repeats = 1
[[process.passes]]
pulse_energy = "350nJ"
repeats = 2
"""
VALUE = Job(
    process=Process(
        name="p",
        passes=(Pass(pulse_energy_j=3.5e-7, repeats=1), Pass(pulse_energy_j=3.5e-7, repeats=2)),
        angles_rad=(0.0, 0.5),
        pitch_um=4.0,
        kerf_um=12.0,
        factor=2.0,
        contour=True,
    )
)


def job(text: str) -> Job:
    return build(Job, parse_toml(text, origin="job.toml"), origin="job.toml")


def faults_of(text: str) -> tuple[str, ...]:
    with pytest.raises(InputError) as caught:
        job(text)
    return caught.value.faults


def test_a_good_file_becomes_the_value() -> None:
    assert job(GOOD) == VALUE
    assert job(GOOD.replace("contour = true", 'contour = true\ntaper = "1mm"')).process.taper_um == 1000.0


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ('"350nJ"', '"0.7"', "process.passes[1].pulse_energy: '0.7' has no unit; write '0.7uJ'"),
        ('"350nJ"', "0.7", "process.passes[1].pulse_energy: 0.7 has no unit; write '0.7uJ'"),
        ('"350nJ"', "nan", "process.passes[1].pulse_energy: nan is no energy; write it as text, such as '1uJ'"),
        ('"350nJ"', '"350um"', "process.passes[1].pulse_energy: '350um': 'um' is no unit of energy"),
        ('"0.5rad"', "0.5", "process.angles[1]: 0.5 has no unit; write '0.5deg'"),
        ('["0deg", "0.5rad"]', '"15deg"', "process.angles: must be a list, not '15deg'"),
        ("factor = 2", "factor = nan", "process.factor: nan is not a finite number"),
        ("factor = 2", "factor = inf", "process.factor: inf is not a finite number"),
        ("factor = 2", 'factor = "2"', "process.factor: must be a number, not '2'"),
        ("factor = 2", "factor = -1", "process.factor: must not be negative"),
        ("repeats = 2", "repeats = 2.5", "process.passes[1].repeats: "),
        ("repeats = 2", "repeats = 0", "process.passes[1].repeats: must be positive"),
        ("contour = true", 'contour = "yes"', "process.contour: must be true or false, not 'yes'"),
        ('name = "p"', "name = 5", "process.name: must be text, not 5"),
        ('name = "p"', "", "process.name: missing"),
        ('pitch = "4um"', "", "process.pitch: missing"),
        ('pitch = "4um"', 'pitch = ["4um"]', "process.pitch: must be a number, not "),
        (
            'pitch = "4um"',
            'pitch = "4um"\npich = 1',
            "process.pich: unknown key; known here: angles, contour, factor, ",
        ),
        ('pitch = "4um"', 'pitch_um = "4um"', "process.pitch_um: unknown key"),
        ('pitch = "4um"', 'pitch = "13um"', "process.pitch: 13 um is more than the kerf"),
    ],
)
def test_a_fault_is_told_with_its_path(old: str, new: str, fault: str) -> None:
    assert any(found.startswith(f"job.toml: {fault}") for found in faults_of(GOOD.replace(old, new)))


def test_a_table_that_is_none() -> None:
    assert faults_of("process = 5") == ("job.toml: process: must be a table, not 5",)
    assert faults_of("") == ("job.toml: process: missing",)


def test_all_faults_come_at_once_and_each_once() -> None:
    text = (
        GOOD.replace('"4um"', "4").replace("factor = 2", 'factor = "x"\nodd = 1').replace("repeats = 1", "repeats = 0")
    )
    text = text.replace("contour = true", "").replace('"350nJ"', '"350"')
    assert sorted(faults_of(text)) == [
        "job.toml: process.contour: missing",
        "job.toml: process.factor: must be a number, not 'x'",
        "job.toml: process.odd: unknown key; known here: angles, contour, factor, kerf, name, passes, pitch, taper",
        "job.toml: process.passes[0].repeats: must be positive",
        "job.toml: process.passes[1].pulse_energy: '350' has no unit; write '350uJ'",
        "job.toml: process.pitch: 4 has no unit; write '4um'",
    ]


def test_a_faulty_number_brings_no_false_fault_about_others() -> None:
    # A kerf that cannot be read must not be compared with the pitch.
    assert faults_of(GOOD.replace('"0.012mm"', '"12"')) == ("job.toml: process.kerf: '12' has no unit; write '12um'",)


def test_both_faults_that_a_dataclass_raises_are_told_apart() -> None:
    found = faults_of(GOOD.replace('"4um"', '"13um"').replace("factor = 2", "factor = -2"))
    assert found == (
        "job.toml: process.pitch: 13 um is more than the kerf",
        "job.toml: process.factor: must not be negative",
    )


def test_text_that_is_not_toml_is_told_with_its_line() -> None:
    with pytest.raises(InputError, match=r"job\.toml: not TOML: .*line 2"):
        job("a = 1\nb = = 2\n")


# --- JSON -------------------------------------------------------------------------------------------------------------


def test_json_keeps_full_names_and_plain_numbers() -> None:
    document = json.loads(json_bytes(VALUE))
    assert document["process"]["pitch_um"] == 4.0
    assert document["process"]["passes"][1] == {"pulse_energy_j": 3.5e-7, "repeats": 2}
    assert from_jsonable(Job, document, origin="x") == VALUE


@given(
    values=st.tuples(*[st.floats(min_value=0, max_value=1e12) for _ in range(3)]),
    name=st.text(min_size=1, max_size=12),
)
def test_json_round_trip(values: tuple[float, float, float], name: str) -> None:
    low, high, angle = sorted(values)
    value = Process(
        name=name, passes=(), angles_rad=(angle,), pitch_um=low, kerf_um=high, factor=angle, contour=False, taper_um=low
    )
    text = json_bytes({"schema": SCHEMA, **to_jsonable(value)}).decode()
    document = parse_json(text, origin="x", schema=SCHEMA)
    del document["schema"]
    assert from_jsonable(Process, document, origin="x") == value


def test_json_faults_come_at_once_under_full_names() -> None:
    document: dict[str, Any] = json.loads(json_bytes(VALUE))
    del document["process"]["kerf_um"]
    document["process"]["pitch_um"] = "4um"
    document["process"]["odd"] = 1
    with pytest.raises(InputError) as caught:
        from_jsonable(Job, document, origin="job.json")
    assert sorted(caught.value.faults) == [
        "job.json: process.kerf_um: missing",
        "job.json: process.odd: unknown key",
        "job.json: process.pitch_um: must be a number, not '4um'",
    ]


def test_json_bytes_are_utf8_and_end_with_a_newline() -> None:
    assert json_bytes({"b": "µ", "a": (1, 2.5)}) == '{\n  "b": "µ",\n  "a": [\n    1,\n    2.5\n  ]\n}\n'.encode()
    with pytest.raises(ValueError, match="not JSON compliant"):
        json_bytes({"a": math.nan})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "not JSON"),
        ("[" * 200_000, "not JSON"),
        ('{"schema": "pin-engrave/thing/2", "a": NaN}', "NaN is not a finite number"),
        ('{"schema": "pin-engrave/thing/2", "a": -Infinity}', "-Infinity is not a finite number"),
        ('{"schema": "pin-engrave/thing/2", "a": 1e999}', "1e999 is not a finite number"),
        ("[]", "has no 'schema'; expected 'pin-engrave/thing/2'"),
        ("{}", "has no 'schema'"),
        (
            '{"schema": "pin-engrave/thing/3"}',
            "is newer than 'pin-engrave/thing/2', the newest this version reads; update",
        ),
        ('{"schema": "pin-engrave/thing/10"}', "is newer than"),
        ('{"schema": "pin-engrave/mark/3"}', "is another kind; expected 'pin-engrave/thing/2'"),
        ('{"schema": "pin-engrave/thing/x"}', "is another kind"),
        ('{"schema": 5}', "is another kind"),
    ],
)
def test_what_is_not_such_a_document_is_refused(text: str, words: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_json(text, origin="thing.json", schema=SCHEMA)
    assert str(caught.value).startswith("thing.json: ")
    assert words in str(caught.value)


# --- sources ----------------------------------------------------------------------------------------------------------


def test_sources_are_texts_or_tables() -> None:
    table = {"pitch": "measured", "a.b": {"text": "guessed", "prior": True}}
    assert sources_of(table, origin="x") == {
        "pitch": Source(text="measured"),
        "a.b": Source(text="guessed", prior=True),
    }


def test_faulty_sources_are_all_told() -> None:
    with pytest.raises(InputError) as caught:
        sources_of({"a": 5, "b": {"prior": True}, "c": " ", "d": {"text": "x", "by": "me"}}, origin="f.toml")
    assert caught.value.faults == (
        "f.toml: sources.a: text: must be text, not 5",
        "f.toml: sources.b: text: missing",
        "f.toml: sources.c: text: is empty; say where the number comes from",
        "f.toml: sources.d: by: unknown key; known here: prior, text",
    )
    with pytest.raises(InputError, match="sources: must be a table"):
        sources_of([], origin="f.toml")


def test_the_numbers_of_a_table() -> None:
    table = parse_toml(GOOD.replace("contour = true", 'contour = true\nodd = 3\ntaper = "1mm"'), origin="x")
    assert numeric_keys(Job, table) == {
        "process.passes.pulse_energy",
        "process.passes.repeats",
        "process.angles",
        "process.pitch",
        "process.kerf",
        "process.factor",
        "process.taper",
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """Two figures that differ in their unit alone."""

    hop_s: float
    hop_um_s: float
    hop_um: float | None = None
    rest_s: float = 0.0


def test_fields_that_differ_in_their_unit_alone_have_its_dimension_in_their_keys() -> None:
    hop = build(Hop, {"hop_time": "10us", "hop_speed": "2mm/s", "rest": "1ms"}, origin="hop.toml")
    assert (hop.hop_s, hop.hop_um_s, hop.rest_s) == (1e-5, 2000.0, 1e-3)
    assert numeric_keys(Hop, {"hop_time": "10us", "hop_speed": "2mm/s", "rest": "1ms"}) == {
        "hop_time",
        "hop_speed",
        "rest",
    }
    with pytest.raises(InputError, match="hop: unknown key; known here: hop_length, hop_speed, hop_time, rest"):
        build(Hop, {"hop": "10us", "hop_time": "1us", "hop_speed": "2mm/s"}, origin="hop.toml")


# --- one of several classes -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Square:
    """A shape."""

    side_um: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Circle:
    """Another."""

    radius_um: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """One of the two."""

    shape: Annotated[Square | Circle, OneOf(told_by=(("radius_um", Circle),), else_=Square)]
    count: int


def test_a_document_is_of_the_class_whose_field_it_has() -> None:
    for shape in (Square(side_um=2.0), Circle(radius_um=1.0)):
        drawn = Drawn(shape=shape, count=3)
        assert from_jsonable(Drawn, to_jsonable(drawn), origin="x") == drawn


@pytest.mark.parametrize(
    ("shape", "faults"),
    [
        ({"radius_um": "wide"}, ("x: shape.radius_um: must be a number, not 'wide'",)),
        ({"radius_um": 1.0, "side_um": 1.0}, ("x: shape.side_um: unknown key",)),
        ({}, ("x: shape.side_um: missing",)),
        (7, ("x: shape: must be a table, not 7",)),
    ],
)
def test_faults_are_told_of_the_class_that_is_meant_and_of_no_other(shape: object, faults: tuple[str, ...]) -> None:
    with pytest.raises(InputError) as caught:
        from_jsonable(Drawn, {"shape": shape, "count": 1}, origin="x")
    assert caught.value.faults == faults


@given(
    items=st.lists(st.dictionaries(st.text(), st.text() | st.integers() | st.lists(st.text()))),
    text=st.sampled_from(["", '"pins": []', '\n  "pins": [', "é\\"]),
    after=st.booleans(),
)
def test_a_document_written_piece_by_piece_is_the_one_written_whole(
    items: list[object], text: str, *, after: bool
) -> None:
    last = {"last": text} if after else {}
    whole = json_bytes({"first": text, "pins": items, **last})
    assert b"".join(json_pieces({"first": text, "pins": [], **last}, "pins", iter(items))) == whole
