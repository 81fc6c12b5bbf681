"""``decode`` as a production system calls it: whatever is typed is answered, or refused with every fault, and soon."""

from time import process_time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from engrave import api
from engrave.api.codes import decoding_to_json
from engrave.base.errors import InputError
from engrave.code.combined import decode_typed
from engrave.code.ranges import RangeTable
from engrave.code.typed import typed_reading

TEXTS = st.one_of(st.text(max_size=40), st.text("[]:?.0123456789NHBEe8/ acdh", max_size=60))
CHARACTERS = st.lists(
    st.sampled_from(["?", "N", "h", "8", "[NH]", "[N:.7 H:.3]", "[0123456]", "[Q:.001]"]), min_size=7, max_size=9
).map("".join)
RINGS = st.one_of(st.just(""), TEXTS, st.text("01?", min_size=48, max_size=48).map(lambda track: f"{track}/"))
SLOWEST_S = 2.0


@pytest.fixture(scope="module")
def job() -> api.Job:
    return api.load_job(None)


@settings(deadline=None, max_examples=120)
@given(
    characters=st.one_of(TEXTS, CHARACTERS),
    ring=RINGS,
    shapes=st.one_of(st.just(""), TEXTS, st.just("c? " * 12)),
    profile=st.sampled_from(["A", "A", "D", "S", "G", "", "a"]),
    any_rotation=st.booleans(),
)
@example(characters="[0123456]" * 8, ring="", shapes="c? " * 12, profile="G", any_rotation=True)
@example(characters="?" * 8, ring="0" * 48 + "/" + "0" * 48, shapes="", profile="A", any_rotation=True)
@example(characters="?" * 8, ring="1" * 48 + "/" + "1" * 48, shapes="", profile="A", any_rotation=True)
def test_any_text_is_answered_or_refused(
    characters: str, ring: str, shapes: str, profile: str, *, any_rotation: bool, job: api.Job
) -> None:
    began_s = process_time()
    try:
        document = api.decode(characters, ring=ring, shapes=shapes, profile=profile, any_rotation=any_rotation, job=job)
    except InputError as error:
        text = "\n".join(error.faults)
    else:
        text = ""
        assert document["profile"] == profile
        assert not (document["identified"] and document["contradictory"])
    assert all(line.startswith(("characters", "ring", "shapes", "profile")) for line in text.splitlines())
    assert process_time() - began_s < SLOWEST_S


def test_long_texts_are_refused_soon(job: api.Job) -> None:
    began_s = process_time()
    for text in ("[" * 100_000, "[N:" * 30_000, "[" + "N:.1 " * 30_000 + "]", "?" * 100_000):
        with pytest.raises(InputError):
            api.decode(text, ring=text, shapes=text, job=job)
    assert process_time() - began_s < 5 * SLOWEST_S


def test_other_ways_to_ask_give_the_same_document(job: api.Job) -> None:
    table = RangeTable(job.ranges)
    by_hand = decoding_to_json(decode_typed(typed_reading("499B N[MH]?L")), table)
    assert by_hand == api.decode("499B N[HM]?L", job=job) == api.decode("499bn[m h]?l", ring="/", job=None)
