"""What previews and thumbnails cost, beside resvg on the same drawings in one run.

Usage: python benchmarks/previews.py [--thumbnails 1000] [--json docs/evidence/previews.json]

Vector views are timed three ways: drawn and written once the job is ready, by ``api.preview`` from files on disk once
everything is imported, and as a command in a process of its own. A thumbnail is the layout drawn 220 pixels wide, or an
impression made that small; resvg draws the layout's own SVG as wide.
"""

import argparse
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import resvg_py

# Last, so that an installed pin-engrave is measured rather than the checkout.
sys.path.append(str(Path(__file__).resolve().parent.parent))

from benchmarks.common import ROOT, child_cpu_s, commit, compared, machine, print_compared, timed, write_json
from engrave import api
from engrave.api.previewed import Previewed
from engrave.batch import drawn_pin, plan_pin, simulated_impression
from engrave.code.mark import Mark, make_mark, mark_with_id
from engrave.code.profiles import PROFILES
from engrave.job import load_job
from engrave.job.setup import Setup, prepare
from engrave.report import impression_png, layout_png, thumbnail_png
from engrave.report.page_html import page_of
from engrave.report.pdf import pdf_of
from engrave.report.png import png_of
from engrave.report.svg import svg_of
from engrave.report.view import layout_view
from toolpaths.writers.gcode import write_gcode

SCHEMA = "pin-engrave/previews/1"
REPEATS = 5
VIEWS = ("layout", "pin", "tip", "toolpath")
WIDTH_PX = 220
_COMMAND = "from engrave.cli import main; main()"
# Of a command the least of so many runs is told.
_COMMANDS = 3


def main() -> None:
    """Measure, print, and write the figures where they are wanted."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--thumbnails", type=int, default=1000)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    setup = prepare(load_job(None))
    mark = make_mark(serial="375-76834", maker="Borealis", model="Compact", ranges=setup.ranges)
    with TemporaryDirectory() as name:
        folder = Path(name) / "pins" / mark.characters
        folder.mkdir(parents=True)
        (folder.parent.parent / "job.json").write_bytes(api.json_bytes(api.job_to_json(setup.job)))
        (folder / "mark.json").write_bytes(api.json_bytes(api.mark_to_json(mark)))
        program = write_gcode(plan_pin(setup, mark).toolpath, setup.job.machine.value, header=())
        (folder / "job.ngc").write_bytes(program)
        views = {view: _view(view, folder, setup, mark) for view in VIEWS}
    for view, figures in views.items():
        print(f"{view}: " + ", ".join(f"{way} {told}" for way, told in figures.items()))
    thumbnails = _thumbnails(options.thumbnails, setup, mark)
    print_compared(f"{options.thumbnails} thumbnails", thumbnails)
    if options.json is not None:
        libraries = ("numpy", "pillow", "shapely", "reportlab", "resvg_py")
        document = {
            "schema": SCHEMA,
            **commit(),
            "machine": machine(libraries),
            "views_cpu_s": views,
            "thumbnails": {"count": options.thumbnails, "ways": thumbnails},
        }
        write_json(options.json, document)


def _view(view: str, folder: Path, setup: Setup, mark: Mark) -> dict[str, float]:
    """Median CPU seconds of each way to one vector view."""
    drawing = Previewed(setup, mark, folder / "job.ngc").view(view)
    ways = {
        "drawn": lambda: Previewed(setup, mark, folder / "job.ngc").view(view),
        "svg": lambda: svg_of(drawing),
        "png": lambda: png_of(drawing, width_px=960),
        "pdf": lambda: pdf_of([drawing], title="t"),
        "html": lambda: page_of({view: drawing}, title="t"),
        "from files": lambda: api.preview(folder, None, view=view, suffix=".svg"),
    }
    told = {way: round(timed(run, repeats=REPEATS)[0].median_s, 4) for way, run in ways.items()}
    command = [sys.executable, "-c", _COMMAND, "preview", str(folder), "--view", view, "-o", str(folder / "x.svg")]
    return told | {"command": round(min(child_cpu_s(command, cwd=ROOT) for _ in range(_COMMANDS)), 4)}


def _thumbnails(count: int, setup: Setup, mark: Mark) -> dict[str, Any]:
    """CPU of so many of each kind, once over different marks."""
    profile = PROFILES[setup.job.layout.profile]
    marks = [
        mark_with_id(identifier=number, serial=f"{number}", maker="m", model="o", profile=profile)
        for number in range(count)
    ]
    layouts = [drawn_pin(setup, each)[0] for each in marks]
    drawings = [svg_of(layout_view(layout, title="", ruled=False)).decode() for layout in layouts]
    picture = impression_png(simulated_impression(setup, mark), title="t")
    ways = {
        "layouts, ours": lambda: [layout_png(layout, title="", width_px=WIDTH_PX) for layout in layouts],
        "impressions made small, ours": lambda: [thumbnail_png(picture) for _ in range(count)],
        "layouts, resvg": lambda: [
            resvg_py.svg_to_bytes(svg_string=text, width=WIDTH_PX, dpi=96.0, skip_system_fonts=True)
            for text in drawings
        ],
    }
    return compared({name: timed(run, repeats=1)[0] for name, run in ways.items()}, ours="layouts, ours")


if __name__ == "__main__":
    main()
