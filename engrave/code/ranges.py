"""The table of ranges: which serials of which maker and model have which ids."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate

from engrave.base.errors import InputError
from engrave.code.permutation import ID_COUNT
from engrave.code.serials import normalise_name, normalise_serial
from engrave.code.templates import Template, first_common, parse_template

_MOST_LISTED = 6
_END_NAMES = ("first", "last")


class OutsideRangesError(InputError):
    """Correct the serial, maker or model, or add a range that holds it."""

    slug = "outside-ranges"


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """One block of serials of a maker's model, ``first`` to ``last`` of a template, whose ids begin at ``base``.

    An end that is None is the template's own, so that a range without either holds every serial of its template.
    """

    maker: str
    model: str
    template: str
    first: str | None = None
    last: str | None = None
    base: int

    def with_ends(self) -> "Range":
        """The same range with both ends written out. Raises InputError where the template is none."""
        if self.first is not None and self.last is not None:
            return self
        ends = dict(_ends(self, parse_template(self.template)))
        return replace(self, first=ends["first"], last=ends["last"])

    def normalised(self) -> "Range":
        """The same range with names and serials as they are compared and kept."""
        ends = {name: text.strip().upper() for name in _END_NAMES if (text := getattr(self, name)) is not None}
        return replace(self, maker=self.maker.strip(), model=self.model.strip(), **ends)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Block:
    """A range that has been checked: names and serials normalised, ids counted."""

    place: str
    maker: str
    model: str
    template: Template
    first: str
    last: str
    base: int
    offset: int = field(init=False)
    end: int = field(init=False)
    """One past the last id."""

    def __post_init__(self) -> None:
        """Count once what every look-up needs."""
        offset = self.base - self.template.index(self.first)
        object.__setattr__(self, "offset", offset)
        object.__setattr__(self, "end", offset + self.template.index(self.last) + 1)

    def holds(self, serial: str) -> bool:
        return self.first <= serial <= self.last and self.template.matches(serial)


@dataclass(frozen=True, slots=True, kw_only=True)
class _SerialBlocks:
    """The blocks of one maker, model and length of serial, by their first serial.

    ``lasts_so_far`` holds the greatest last serial up to each block: a search to the left may stop there.
    """

    blocks: tuple[_Block, ...]
    firsts: tuple[str, ...]
    lasts_so_far: tuple[str, ...]

    def find(self, serial: str) -> _Block | None:
        position = bisect_right(self.firsts, serial) - 1
        while position >= 0 and self.lasts_so_far[position] >= serial:
            if self.blocks[position].holds(serial):
                return self.blocks[position]
            position -= 1
        return None


@dataclass(frozen=True, slots=True)
class RangeTable:
    """Ranges, checked against one another. Raises InputError with every fault in any of them."""

    ranges: Sequence[Range]
    _by_base: tuple[_Block, ...] = field(init=False, repr=False, compare=False)
    _by_serial: dict[tuple[str, str, int], _SerialBlocks] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Check everything and build what look-ups need."""
        faults: list[str] = []
        blocks = [block for index, entry in enumerate(self.ranges) if (block := _checked(index, entry, faults))]
        by_base = tuple(sorted(blocks, key=lambda block: block.base))
        faults.extend(_id_overlaps(by_base))
        by_serial = _grouped(blocks)
        for group in by_serial.values():
            faults.extend(_serial_overlaps(group.blocks))
        if faults:
            raise InputError(faults)
        object.__setattr__(self, "ranges", tuple(self.ranges))
        object.__setattr__(self, "_by_base", by_base)
        object.__setattr__(self, "_by_serial", by_serial)

    def identify(self, maker: str, model: str, serial: str) -> int:
        """The id of a serial. Raises InputError for malformed text, OutsideRangesError where none fits."""
        maker, model, serial = normalised_pin(maker, model, serial)
        group = self._by_serial.get((maker, model, len(serial)))
        block = group.find(serial) if group else None
        if block is None:
            raise OutsideRangesError(self._why_outside(maker, model, serial))
        return block.offset + block.template.index(serial)

    def locate(self, identifier: int) -> tuple[str, str, str] | None:
        """Maker, model and serial of an id, or None where no range holds it."""
        position = bisect_right(self._by_base, identifier, key=lambda block: block.base) - 1
        if position < 0 or identifier >= self._by_base[position].end:
            return None
        block = self._by_base[position]
        return block.maker, block.model, block.template.serial(identifier - block.offset)

    def _why_outside(self, maker: str, model: str, serial: str) -> str:
        what = f"serial {serial!r} of ({maker}, {model}) is in no range"
        own = [block for block in self._by_base if (block.maker, block.model) == (maker, model)]
        if own:
            texts = [f"{block.first} to {block.last}" for block in own]
            return f"{what}; the ranges of this maker and model are {_listed(texts)}"
        pairs = sorted({(block.maker, block.model) for block in self._by_base})
        of_maker = [pair for pair in pairs if pair[0] == maker]
        texts = [f"({known}, {its_model})" for known, its_model in of_maker or pairs]
        return f"{what}; there are ranges for {_listed(texts) if texts else 'nobody'}"


def normalised_pin(maker: str, model: str, serial: str) -> tuple[str, str, str]:
    """Maker, model and serial as they are compared and kept. Raises InputError with every fault of all three."""
    faults: list[str] = []
    values: list[str] = []
    for text, kind in ((maker, "maker"), (model, "model"), (serial, "serial")):
        try:
            values.append(normalise_serial(text) if kind == "serial" else normalise_name(text, kind=kind))
        except InputError as error:
            faults.extend(error.faults)
    if faults:
        raise InputError(faults)
    return values[0], values[1], values[2]


def ids_of(entry: Range) -> tuple[int, int]:
    """The first and the last id of a range. Raises InputError where it is none."""
    faults: list[str] = []
    block = _checked(0, entry, faults)
    if block is None:
        raise InputError(faults)
    return block.base, block.end - 1


def _listed(texts: Sequence[str]) -> str:
    more = len(texts) - _MOST_LISTED
    return ", ".join(texts[:_MOST_LISTED]) + (f" and {more} more" if more > 0 else "")


def _checked(index: int, entry: Range, faults: list[str]) -> _Block | None:
    """The range as a block, or None with its faults appended."""
    place = f"ranges[{index}] ({entry.maker.strip()}, {entry.model.strip()})"
    found: list[str] = []
    for kind, name in (("maker", entry.maker), ("model", entry.model)):
        try:
            normalise_name(name, kind=kind)
        except InputError as error:
            found.extend(error.faults)
    template: Template | None = None
    try:
        template = parse_template(entry.template)
    except InputError as error:
        found.extend(error.faults)
    ends = [_checked_end(name, text, entry.template, template, found) for name, text in _ends(entry, template)]
    first, last = ends if len(ends) == len(_END_NAMES) else (None, None)
    if template is not None and first is not None and last is not None:
        found.extend(_count_faults(entry, template, first=first, last=last))
    faults.extend(f"{place}: {fault}" for fault in found)
    if found or template is None or first is None or last is None:
        return None
    return _Block(
        place=place,
        maker=entry.maker.strip(),
        model=entry.model.strip(),
        template=template,
        first=first,
        last=last,
        base=entry.base,
    )


def _ends(entry: Range, template: Template | None) -> list[tuple[str, str]]:
    """Name and text of each end; without a template, only of those that the range gives itself."""
    own = (template.first, template.last) if template is not None else (None, None)
    given = (entry.first, entry.last)
    texts = [end if end is not None else default for end, default in zip(given, own, strict=True)]
    return [(name, text) for name, text in zip(_END_NAMES, texts, strict=True) if text is not None]


def _checked_end(name: str, text: str, written: str, template: Template | None, found: list[str]) -> str | None:
    try:
        serial = normalise_serial(text)
    except InputError as error:
        found.extend(f"{name}: {fault}" for fault in error.faults)
        return None
    if template is not None and not template.matches(serial):
        found.append(f"{name} {serial!r} does not match the template {written!r}; correct one of them")
        return None
    return serial


def _count_faults(entry: Range, template: Template, *, first: str, last: str) -> Iterator[str]:
    """Faults in how many serials there are and where their ids lie."""
    if first > last:
        yield f"first {first!r} comes after last {last!r}; swap them"
        return
    count = template.index(last) - template.index(first) + 1
    if entry.base < 0:
        yield f"base {entry.base} is negative; ids begin at 0"
    elif entry.base + count > ID_COUNT:
        whole = count == template.capacity
        narrower = "narrow the range" + (": give its first and its last serial" if whole else "")
        yield (
            f"base {entry.base} and {count} serials end past the last id, {ID_COUNT - 1}; "
            f"{narrower if count > ID_COUNT else f'choose a base of {ID_COUNT - count} at most'}"
        )


def _further(one: _Block, other: _Block) -> _Block:
    return other if other.end > one.end else one


def _id_overlaps(by_base: Sequence[_Block]) -> Iterator[str]:
    """For each block the id overlap with the one before it that reaches furthest."""
    furthest = accumulate(by_base, _further)
    for earlier, block in zip(furthest, by_base[1:], strict=False):
        if block.base < earlier.end:
            yield (
                f"{block.place}: ids {block.base} to {block.end - 1} overlap those of {earlier.place}, "
                f"{earlier.base} to {earlier.end - 1}; choose a base of its own"
            )


def _grouped(blocks: Sequence[_Block]) -> dict[tuple[str, str, int], _SerialBlocks]:
    groups: dict[tuple[str, str, int], list[_Block]] = {}
    for block in sorted(blocks, key=lambda block: block.first):
        groups.setdefault((block.maker, block.model, len(block.first)), []).append(block)
    return {
        key: _SerialBlocks(
            blocks=tuple(group),
            firsts=tuple(block.first for block in group),
            lasts_so_far=tuple(accumulate((block.last for block in group), max)),
        )
        for key, group in groups.items()
    }


def _serial_overlaps(by_first: Sequence[_Block]) -> Iterator[str]:
    """For each block one earlier block that shares a serial with it, if any; all are of one maker and model."""
    open_blocks: list[_Block] = []
    for block in by_first:
        open_blocks = [earlier for earlier in open_blocks if earlier.last >= block.first]
        for earlier in open_blocks:
            last = min(earlier.last, block.last)
            shared = first_common(earlier.template, block.template, first=block.first, last=last)
            if shared is not None:
                yield f"{block.place}: serial {shared!r} is also in {earlier.place}; part the two ranges"
                break
        open_blocks.append(block)
