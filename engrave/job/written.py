"""A job file with other sizes: the text of its layout, and the rest of the file as it was."""

import re

from engrave.layout import LayoutSettings

_OLD = re.compile(r"\s*\[+\s*(layout|fit)\b")
_TABLE = re.compile(r"\s*\[")


def layout_toml(settings: LayoutSettings) -> str:
    """The ``[layout]`` table of a job file, lengths with their unit."""
    lines = [
        "[layout]",
        f'profile = "{settings.profile}"',
        f'face = "{settings.face}"',
        f'polarity = "{settings.polarity}"',
        f"rows = {list(settings.rows)}",
        *(f'{key} = "{value:g}um"' for key, value in _lengths(settings).items()),
    ]
    if settings.shapes is not None:
        circle = settings.shapes
        lines += ["", "[layout.shapes]", f'height = "{circle.height_um:g}um"', f'radius = "{circle.radius_um:g}um"']
    for track in settings.tracks:
        lines += ["", "[[layout.tracks]]", f'inner = "{track.inner_um:g}um"', f'outer = "{track.outer_um:g}um"']
    return "\n".join(lines) + "\n"


def _lengths(settings: LayoutSettings) -> dict[str, float]:
    lengths = {
        "height": settings.height_um,
        "stroke": settings.stroke_um,
        "column_pitch": settings.column_pitch_um,
        "row_pitch": settings.row_pitch_um,
    }
    return lengths if settings.tooth_um is None else {**lengths, "tooth": settings.tooth_um}


def with_layout(text: str, settings: LayoutSettings) -> str:
    """The text of a job file with this layout in place of its ``[layout]`` or ``[fit]``; comments elsewhere stay."""
    kept: list[str] = []
    old = False
    place: int | None = None
    for line in text.splitlines():
        if _TABLE.match(line):
            old = _OLD.match(line) is not None
            place = len(kept) if old and place is None else place
        if not old:
            kept.append(line)
        elif line.lstrip().startswith("#"):
            # A comment before the next table belongs to that one.
            kept.append(line)
    written = layout_toml(settings).splitlines()
    if place is None:
        return "\n".join([*kept, "", *written]) + "\n"
    return "\n".join([*kept[:place], *written, "", *kept[place:]]) + "\n"
