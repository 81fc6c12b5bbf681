"""The page of a case file, read by the standard library's HTML parser."""

import copy
import re
from html.parser import HTMLParser
from typing import Any

import pytest

from engrave.report.case import STATEMENT, case_html

HOSTILE = "<img src=x onerror=alert(1)>\"'</td><script>alert(2)</script><!--"
HASH = "0123456789abcdef" * 4
Document = dict[str, Any]

CARRIERS = [
    {"name": "characters", "first": 0, "last": 7},
    {"name": "inner track", "first": 8, "last": 16},
    {"name": "outer track", "first": 17, "last": 25},
]


def _candidate(identifier: int, characters: str, *, identified: bool) -> Document:
    return {
        "id": identifier,
        "characters": characters,
        "posterior": 0.999999 if identified else 0.0,
        "identified": identified,
        "check_bits": 10,
        "evidence_bits": 38.1,
        "used": [*range(8), 9],
        "overruled": [12, 20],
        "distance": 0 if identified else 24,
        "orientation": {"turn": 5, "mirrored": True, "negative": False},
    }


def _event(number: int, *, intact: bool = True) -> Document:
    time = f"2026-11-22T08:00:{number:02}Z"
    return {"seq": number, "hash": HASH, "actor": HOSTILE, "time": time, "tool": "pin-engrave 0.1.0", "intact": intact}


def _answer(*candidates: Document) -> Document:
    return {
        "event": _event(12),
        "identified": True,
        "candidates": list(candidates),
        "runner_up": None,
        "none_of_these": 0.000001,
        "not_ours": 0.000001,
        "search_bits": 7.6,
        "registry_bits": 21.8,
        "marks_on_record": 300,
        "head": {"seq": 11, "hash": HASH},
        "found": {"how": "algebra", "fitting": 1, "symbols": [0, 1, 2], "misread": 1, "unlooked": 0.01},
        "repeated": True,
    }


def _reading(number: int, reader: str, answer: Document | None, *, independent: bool = True) -> Document:
    typed = {"characters": f"0H?K {HOSTILE}", "ring": "", "shapes": "", "profile": "A", "any_rotation": True}
    return {
        "reading": number,
        "reader": reader,
        "independent": independent,
        "event": _event(number),
        "typed": typed,
        "answer": answer,
    }


def _pin(identifier: int, characters: str) -> Document:
    return {
        "id": identifier,
        "characters": characters,
        "serial": "AB-1",
        "maker": HOSTILE,
        "model": "P9",
        "state": "void",
        "issue": 0,
        "replaces": None,
        "replaced_by": {"id": 9, "characters": "ZZZZ9999"},
        "engraved_profile": "A",
        "lot": HOSTILE,
        "steps": [{"state": "allocated", "time": "2026-01-01T00:00:00Z", "event": 3}],
    }


@pytest.fixture
def document() -> Document:
    """A case in which everything that can hold any text is hostile."""
    answer = _answer(_candidate(7, "0HNKB4M3", identified=True), _candidate(8, "ZZZZ0000", identified=False))
    side = {"reading": 1, "reader": HOSTILE, "independent": True, "identified": 7, "best": 7}
    difference = {"place": "character 3", "one": "N", "other": "?", "contradiction": False}
    return {
        "schema": "pin-engrave/case/1",
        "tool": "pin-engrave 0.1.0",
        "case": HOSTILE,
        "registry": {"identity": HASH, "head": {"seq": 14, "hash": HASH}, "marks": 300},
        "profiles": [{"name": "A", "carriers": CARRIERS}],
        "readings": [_reading(1, HOSTILE, answer), _reading(2, "bert", None)],
        "comparisons": [
            {
                "one": side,
                "other": {**side, "reading": 2, "reader": "bert"},
                "compared": ["characters"],
                "differences": [difference, {**difference, "one": "<b>", "contradiction": True}],
                "same_pin": False,
                "same_best": False,
            }
        ],
        "pins": [_pin(7, "0HNKB4M3")],
        "method": [{"term": "Limits", "statement": "A statement & its <limits>."}],
    }


class _Page(HTMLParser):
    """Tags and text of a page."""

    def __init__(self, data: bytes) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str | None]] = []
        self.texts: list[str] = []
        self.comments: list[str] = []
        self.feed(data.decode())
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.texts))


def test_text_is_shown_as_text(document: Document) -> None:
    page = _Page(case_html(document))
    allowed = {
        "html", "head", "meta", "title", "style", "body", "h1", "h2", "h3", "p", "dl", "dt", "dd", "span", "div", "bdi",
        "b", "table", "caption", "thead", "tbody", "tr", "th", "td",
    }  # fmt: skip
    assert set(page.tags) <= allowed
    assert page.comments == []
    assert {name for _, name, _ in page.attributes} <= {
        "lang", "charset", "http-equiv", "content", "name", "class", "scope",
    }  # fmt: skip
    # Case, reader in four places, actor, maker and lot.
    assert page.texts.count(HOSTILE) >= 6
    assert "A statement & its <limits>." in page.texts


def test_it_asks_for_nothing_and_prints_on_a4(document: Document) -> None:
    data = case_html(document)
    page = _Page(data)
    policy = next(value for tag, _, value in page.attributes if tag == "meta" and value and "default-src" in value)
    assert policy == "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
    # Before anything of the page is read.
    assert data.index(b"Content-Security-Policy") < data.index(b"<title>") < data.index(b"<style>")
    assert b"@page { size: A4 portrait" in data
    assert not re.search(rb"https?://|url\(|@import|<script|src=|href=", data.replace(b"src=x onerror", b""))


def test_what_an_examiner_must_see_is_there(document: Document) -> None:
    text = _Page(case_html(document)).text
    for wanted in (
        STATEMENT,
        "identified: 0HNK B4M3 id 7",
        "no answer on record",
        "They identify different marks.",
        "both cannot be right",
        "both may be right",
        "replaced by ZZZZ 9999, id 9",
        "by algebra from characters 1, 2, 3, of which 1 may be misread; 1 on record fits them all",
        "all characters; inner track 2",
        "inner track 5; outer track 4",
        "mirrored, turned by 5",
        "below 0.000001",
        "event 14, " + HASH,
        "typed from any start",
        "First reader: name, date, signature",
    ):
        assert wanted in text, wanted
    assert not re.search(r"certif|complian|guarant|court", text, re.IGNORECASE)


def test_a_record_that_does_not_agree_is_told(document: Document) -> None:
    assert "DO NOT AGREE" not in _Page(case_html(document)).text
    altered = copy.deepcopy(document)
    altered["readings"][0]["event"]["intact"] = False
    altered["readings"][0]["answer"]["repeated"] = False
    text = _Page(case_html(altered)).text
    assert "DO NOT AGREE" in text
    assert "NOT THE SAME" in text


def test_every_outcome_has_its_words(document: Document) -> None:
    comparison = document["comparisons"][0]
    for same_pin, same_best, words in (
        (True, True, "Both identify the same mark."),
        (None, True, "Not both identify a mark; their first candidates are the same."),
        (None, False, "Not both identify a mark; their first candidates are not the same."),
        (None, None, "Not both identify a mark; not both have a candidate."),
    ):
        comparison.update(same_pin=same_pin, same_best=same_best)
        assert words in _Page(case_html(document)).text
    document.update(comparisons=[], pins=[])
    document["readings"][0]["answer"]["candidates"] = []
    text = _Page(case_html(document)).text
    assert "no two independent readings" in text
    assert "No mark on record is a candidate of any reading." in text
    assert "not identified; no candidate on record" in text


def test_the_same_document_gives_the_same_bytes(document: Document) -> None:
    assert case_html(document) == case_html(copy.deepcopy(document))
