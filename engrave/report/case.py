"""The case file as a page: sober, offline, made for A4. It says what the JSON object ``pin-engrave/case/1`` says.

Every text is escaped as it is put in; the page holds no script and asks for nothing beyond itself.
"""

from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from typing import Any

from engrave.report.markup import Markup, element, empty, joined, row, table

STATEMENT = (
    "What follows was read by people and weighed by a computer. A candidate is a suggestion and no finding; the "
    "method, what it takes for granted and its limits stand at the end."
)

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_ROW_LENGTH = 4
Document = Mapping[str, Any]


def case_html(document: Document) -> bytes:
    """The page of a case document, UTF-8; the same document gives the same bytes."""
    title = f"Case file: {document['case']}"
    head = element(
        "head",
        None,
        empty("meta", {"charset": "utf-8"}),
        empty("meta", {"http-equiv": "Content-Security-Policy", "content": _POLICY}),
        empty("meta", {"name": "viewport", "content": "width=device-width, initial-scale=1"}),
        element("title", None, title),
        Markup(f"<style>\n{_style()}</style>"),
    )
    parts = (
        element("h1", None, title),
        element("p", {"class": "statement"}, STATEMENT),
        _summary(document),
        element("h2", None, "Comparison of independent readings"),
        *_comparisons(document),
        element("h2", None, "Readings"),
        *(_reading(entry, document) for entry in document["readings"]),
        element("h2", None, "Candidates on record"),
        _pins(document["pins"]),
        element("h2", None, "Method"),
        _facts([(entry["term"], entry["statement"]) for entry in document["method"]]),
        element("h2", None, "How to verify this file"),
        _verifying(document),
        _signatures(),
    )
    page = element(
        "html", {"lang": "en"}, Markup("\n"), head, Markup("\n"), element("body", None, joined(parts)), Markup("\n")
    )
    return f"<!DOCTYPE html>\n{page.text}\n".encode()


def _style() -> str:
    return files("engrave.report").joinpath("case.css").read_text(encoding="utf-8")


def _summary(document: Document) -> Markup:
    entries = document["readings"]
    readers = list(dict.fromkeys(entry["reader"] for entry in entries))
    facts: list[tuple[str, str | Markup]] = [
        ("Readings", f"{len(entries)}, by {len(readers)} reader{'s' if len(readers) > 1 else ''}"),
        ("Registry", _hash(document["registry"]["identity"])),
        ("Marks on record", f"{document['registry']['marks']}"),
        ("Log ends with", _at(document["registry"]["head"])),
        ("Written by", document["tool"]),
    ]
    rows = [
        row(
            _cell(f"{entry['reading']}"),
            _cell(_named(entry["reader"])),
            _cell(element("span", {"class": "time"}, entry["event"]["time"])),
            _cell("yes" if entry["independent"] else "no"),
            _cell(element("span", {"class": "result"}, *_result(entry["answer"]))),
        )
        for entry in entries
    ]
    return joined(
        (_facts(facts), table(("Reading", "Reader", "Time (UTC)", "Independent", "Result"), rows, caption="Results"))
    )


def _result(answer: Document | None) -> Iterable[str | Markup]:
    if answer is None:
        return ("no answer on record",)
    for candidate in answer["candidates"]:
        if candidate["identified"]:
            return ("identified: ", _characters(candidate["characters"]), f" id {candidate['id']}")
    count = len(answer["candidates"])
    if not count:
        return ("not identified; no candidate on record",)
    return (f"not identified; {count} candidate{'s' if count > 1 else ''}",)


def _comparisons(document: Document) -> Iterable[Markup]:
    if not document["comparisons"]:
        yield element("p", None, "There are no two independent readings of one examination to compare.")
    for comparison in document["comparisons"]:
        one, other = comparison["one"], comparison["other"]
        heading = element(
            "h3", None, f"Reading {one['reading']}, ", _named(one["reader"]),
            f", beside reading {other['reading']}, ", _named(other["reader"]),
        )  # fmt: skip
        facts: list[tuple[str, str | Markup]] = [
            ("Outcome", element("span", {"class": "result"}, _outcome(comparison))),
            ("Compared", ", ".join(comparison["compared"])),
        ]
        rows = [
            row(
                _cell(difference["place"]),
                _cell(element("span", {"class": "characters"}, difference["one"])),
                _cell(element("span", {"class": "characters"}, difference["other"])),
                _cell("both cannot be right" if difference["contradiction"] else "both may be right"),
            )
            for difference in comparison["differences"]
        ]
        columns = ("Place", f"Reading {one['reading']}", f"Reading {other['reading']}", "Difference")
        shown = (
            table(columns, rows, caption="Where the two entries differ")
            if rows
            else element("p", None, "No difference.")
        )
        yield joined((heading, _facts(facts), shown))


def _outcome(comparison: Document) -> str:
    if comparison["same_pin"] is not None:
        return "Both identify the same mark." if comparison["same_pin"] else "They identify different marks."
    best = {
        True: "their first candidates are the same",
        False: "their first candidates are not the same",
        None: "not both have a candidate",
    }
    return f"Not both identify a mark; {best[comparison['same_best']]}."


def _reading(entry: Document, document: Document) -> Markup:
    typed, event = entry["typed"], entry["event"]
    texts = [("Characters", typed["characters"]), ("Ring", typed["ring"]), ("Shapes", typed["shapes"])]
    facts: list[tuple[str, str | Markup]] = [
        ("Recorded", f"{event['time']}, {event['tool']}"),
        ("At the keyboard", _named(event["actor"])),
        ("Event", _at(event)),
        ("Hash and row", _intact(event)),
        *((name, _typed(text)) for name, text in texts),
        ("Profile", typed["profile"]),
        ("Ring or shapes", "typed from any start" if typed["any_rotation"] else "typed from the mark's own start"),
    ]
    parts = [element("h3", None, f"Reading {entry['reading']}, ", _named(entry["reader"])), _facts(facts)]
    if entry["answer"] is None:
        parts.append(element("p", {"class": "none"}, "No answer to this reading is on record."))
    else:
        parts.append(_answer(entry, _carriers(document, typed["profile"]), document["pins"]))
    return joined(parts)


def _carriers(document: Document, profile: str) -> Sequence[Document]:
    """What carries which positions of the code word in a profile."""
    found: Sequence[Document] = next(entry["carriers"] for entry in document["profiles"] if entry["name"] == profile)
    return found


def _typed(text: str) -> Markup:
    if not text.strip():
        return element("span", {"class": "none"}, "nothing typed")
    return element("span", {"class": "typed"}, text)


def _intact(event: Document) -> str:
    return "computed again: unchanged" if event["intact"] else "DO NOT AGREE with what is on record"


def _answer(entry: Document, carriers: Sequence[Document], pins: Sequence[Document]) -> Markup:
    answer = entry["answer"]
    known = {pin["id"]: pin for pin in pins}
    rows = [_candidate(candidate, known.get(candidate["id"])) for candidate in answer["candidates"]]
    columns = ("Characters", "Pin", "Posterior", "Check bits", "Symbols apart", "Verdict")
    facts: list[tuple[str, str | Markup]] = [
        ("Answered", f"{answer['event']['time']}, {answer['event']['tool']}"),
        ("Event", _at(answer["event"])),
        ("Hash", _intact(answer["event"])),
        ("Looked up in", f"{answer['marks_on_record']} marks on record after event {answer['head']['seq']}"),
        ("Found", _found(answer["found"], carriers, blind=entry["typed"]["any_rotation"])),
        ("None of these", _share(answer["none_of_these"])),
        ("No mark of this code", _share(answer["not_ours"])),
        ("Registry's own bits", f"{answer['registry_bits']:g}, told apart from check bits"),
        *_first(answer, carriers),
        ("Repeated", "the same" if answer["repeated"] else "NOT THE SAME with this version of the tool"),
    ]
    shown = (
        table(columns, rows, caption="Candidates, the best first")
        if rows
        else element("p", {"class": "result"}, "No mark on record is a candidate.")
    )
    return joined((shown, _facts(facts)))


def _candidate(candidate: Document, pin: Document | None) -> Markup:
    named = element("span", {"class": "none"}, "not on record") if pin is None else _pin_name(pin)
    return row(
        _cell(_characters(candidate["characters"]), " ", element("div", None, f"id {candidate['id']}")),
        _cell(named),
        _cell(_share(candidate["posterior"]), number=True),
        _cell(f"{candidate['check_bits']}", number=True),
        _cell(f"{candidate['distance']}", number=True),
        _cell(element("b", None, "identified") if candidate["identified"] else "candidate"),
    )


def _first(answer: Document, carriers: Sequence[Document]) -> Iterable[tuple[str, str | Markup]]:
    """Of the first candidate: what it rests on, what it overrules, how the mark lies."""
    for best in answer["candidates"][:1]:
        yield "First candidate uses", _places(best["used"], carriers) or "nothing"
        yield "and overrules", _places(best["overruled"], carriers) or "nothing"
        way = best["orientation"]
        lies = [word for word in ("mirrored", "negative") if way[word]]
        lies += [f"turned by {way['turn']}"] if way["turn"] else []
        yield "It lies", ", ".join(lies) or "as typed"


def _found(found: Document, carriers: Sequence[Document], *, blind: bool) -> str:
    if found["how"] == "ranking":
        return f"by weighing every mark on record{', in the most promising of the ways it may lie' if blind else ''}"
    misread = f", of which {found['misread']} may be misread" if found["misread"] else ""
    left = f"; all marks not looked at have {_share(found['unlooked'])} at most" if found["unlooked"] else ""
    fits = f"{found['fitting']} on record fit{'s' if found['fitting'] == 1 else ''} them all"
    return f"by algebra from {_places(found['symbols'], carriers)}{misread}; {fits}{left}"


def _places(positions: Sequence[int], carriers: Sequence[Document]) -> str:
    """Positions as people count them, each carrier's from 1: ``characters 1, 2; inner track 3``."""
    parts = []
    for carrier in carriers:
        inside = [place for place in positions if carrier["first"] <= place <= carrier["last"]]
        if len(inside) == carrier["last"] - carrier["first"] + 1:
            parts.append(f"all {carrier['name']}" if carrier["name"].endswith("s") else f"all of the {carrier['name']}")
        elif inside:
            numbers = ", ".join(f"{place - carrier['first'] + 1}" for place in inside)
            parts.append(f"{carrier['name']} {numbers}")
    return "; ".join(parts)


def _pins(pins: Sequence[Document]) -> Markup:
    if not pins:
        return element("p", None, "No mark on record is a candidate of any reading.")
    rows = [
        row(
            _cell(_characters(pin["characters"]), " ", element("div", None, f"id {pin['id']}")),
            _cell(_pin_name(pin)),
            _cell(_named(pin["lot"] or "none told")),
            _cell(_state(pin)),
            _cell(
                joined([element("div", {"class": "time"}, f"{step['time']} {step['state']}") for step in pin["steps"]])
            ),
        )
        for pin in pins
    ]
    caption = "As of the end of the log that is given above; times in UTC"
    return table(("Characters", "Pin", "Lot", "State", "What became of the mark"), rows, caption=caption)


def _pin_name(pin: Document) -> Markup:
    return joined(
        (_named(pin["serial"]), element("span", {"class": "quiet"}, f"({pin['maker']}, {pin['model']})")), " "
    )


def _state(pin: Document) -> Markup:
    parts = [element("div", None, element("b", None, pin["state"]))]
    for key, words in (("replaced_by", "replaced by"), ("replaces", "replaces")):
        if pin[key] is not None:
            parts.append(element("div", None, f"{words} {_spaced(pin[key]['characters'])}, id {pin[key]['id']}"))
    return joined(parts)


def _verifying(document: Document) -> Markup:
    return joined(
        (
            element(
                "p",
                None,
                "The registry's whole log can be computed again with `pin-engrave registry verify`. It must still hold "
                f"event {document['registry']['head']['seq']} with the hash ",
                _hash(document["registry"]["head"]["hash"]),
                "; whoever keeps this file keeps that hash, and finds out if the log was rewritten since.",
            ),
            element("p", None, "The same record and version of the tool give this file again, byte by byte."),
        )
    )


def _signatures() -> Markup:
    lines = ("First reader: name, date, signature", "Second reader: name, date, signature")
    return element("div", {"class": "signatures"}, *(element("div", None, line) for line in lines))


def _at(event: Document) -> Markup:
    return joined((element("span", None, f"event {event['seq']},"), _hash(event["hash"])), " ")


def _hash(text: str) -> Markup:
    return element("span", {"class": "hash"}, text)


def _named(text: str) -> Markup:
    """A name in whatever direction it is written, without an effect on what stands beside it."""
    return element("bdi", None, text)


def _share(value: float) -> str:
    return f"{value:.6f}" if value else "below 0.000001"


def _characters(characters: str) -> Markup:
    return element("span", {"class": "characters"}, _spaced(characters))


def _spaced(characters: str) -> str:
    return " ".join(characters[start : start + _ROW_LENGTH] for start in range(0, len(characters), _ROW_LENGTH))


def _facts(facts: Iterable[tuple[str, str | Markup]]) -> Markup:
    pairs = (joined((element("dt", None, name), element("dd", None, value)), "") for name, value in facts)
    return element("dl", None, joined((Markup(""), *pairs, Markup(""))))


def _cell(*children: str | Markup, number: bool = False) -> Markup:
    return element("td", {"class": "number"} if number else None, *children)
