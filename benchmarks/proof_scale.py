"""A night's batch: how memory, processors and pins a second stand as the pins come by the thousand.

Three runs. One makes real pins on two workers, each checked under three conditions; memory is held against what it was
after a tenth of them, the processors against the clock. One has ten thousand rows of which all but some are there
already, with files that are links to one real pin's: what the run itself takes for so many rows, the report and the
manifest included, is held against the same with a tenth of the rows. One makes machine files and pictures alone,
without a check. Beside them one pin of the example is timed stage by stage, and an FFT of 1024 x 1024.
Usage: python benchmarks/proof_scale.py SCALE
"""

import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import lru_cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from scipy import fft

# Last, so that an installed pin-engrave is proved rather than the checkout.
sys.path.append(str(Path(__file__).resolve().parent.parent))

from benchmarks.pins import stages
from benchmarks.watched import Sample, Watched, begun, watched
from engrave import api
from engrave.base.config import json_bytes
from engrave.base.files import TEMPORARY_PREFIX, write_folder_atomic
from engrave.batch.folder import RUN
from engrave.batch.machine_files import machine_files
from engrave.batch.pin import Workshop, plan_pin, workshop_for
from engrave.code.mark import Mark, mark_to_json
from engrave.report import layout_svg, pin_svg

PINS = 10_000
_WORKERS = 2
_ROWS_TO_MAKE = 4
_PROFILED = 6
_EVERY_S = 0.5
_PER_TEMPLATE = 9_999
_MOST_MORE = 0.10
# Workers fill their caches with their first pins, and a peak is seen only where it lasts: of fewer, a growth of memory
# says nothing.
_LEAST_PINS_TO_JUDGE, _LEAST_ROWS_TO_JUDGE = 100, 1000
_LEAST_BUSY = 0.9
_CHECKED_A_SECOND, _UNCHECKED_A_SECOND = 2.0, 10.0
_FFT_SIZE, _FFT_RUNS = 1024, 20
_FIRST, _SECOND = 0.1, 0.9


def prove_scale(scale: float) -> dict[str, Any]:
    """Memory, processors and rates; ``scale`` 1 is ten thousand pins, and ten thousand rows at any scale above 0.01."""
    pins = max(6, round(PINS * scale))
    rows = PINS - 1 if scale > 0.01 else 50  # noqa: PLR2004 - a try in passing
    fft_s = fft_seconds()
    with tempfile.TemporaryDirectory() as name:
        made = _made(Path(name), pins)
        linked = _linked(Path(name), rows)
    return {
        "fft": {"size": _FFT_SIZE, "runs": _FFT_RUNS, "seconds": round(fft_s, 5), "holds": True},
        "made": {**made, "ffts_a_pin": round(_WORKERS / made["pins_a_second"] / fft_s), **_asked(made)},
        "rows": linked,
        "unchecked": _unchecked(pins, fft_s),
        "one pin": {**stages(pins=_PROFILED if scale > 0.01 else 1), "holds": True},  # noqa: PLR2004 - as above
    }


def _asked(made: dict[str, Any]) -> dict[str, Any]:
    return {
        "asked": {
            "memory_more_at_most": _MOST_MORE,
            "processors_busy_at_least": _LEAST_BUSY,
            "pins_a_second_at_least": _CHECKED_A_SECOND,
        },
        "is_as_fast_as_asked": made["pins_a_second"] >= _CHECKED_A_SECOND,
    }


def fft_seconds() -> float:
    """The median of some transforms of a complex array, in one thread."""
    values = np.random.default_rng(0).normal(size=(_FFT_SIZE, _FFT_SIZE)).astype(complex)
    seconds = []
    for _ in range(_FFT_RUNS):
        begin = time.perf_counter()
        fft.fft2(values, workers=1)
        seconds.append(time.perf_counter() - begin)
    return statistics.median(seconds)


def job_text() -> str:
    """The example's job with three conditions and one format."""
    text = api.example_job_text().replace('["nominal", "weak"]', '["nominal", "weak", "hard"]')
    return text.replace('["ngc", "dxf", "svg"]', '["ngc"]')


def _input(folder: Path, rows: int) -> list[str]:
    folder.mkdir()
    (folder / "job.toml").write_text(job_text())
    lines = "".join(f"{_serial(number)},Acme,P9\n" for number in range(1, rows + 1))
    (folder / "serials.csv").write_text(f"serial,maker,model\n{lines}")
    return ["batch", str(folder / "serials.csv"), "--job", str(folder / "job.toml"), "--quiet"]


def _serial(number: int) -> str:
    """The template AAA9999 has 9,999 numbers to three letters."""
    letter, rest = divmod(number - 1, _PER_TEMPLATE)
    return f"AA{'ABCDEFGHIJ'[letter]}{rest + 1:04d}"


def _count(out: Path) -> int:
    try:
        return sum(not path.name.startswith(TEMPORARY_PREFIX) for path in (out / "pins").iterdir())
    except FileNotFoundError:
        return 0


def _made(folder: Path, pins: int) -> dict[str, Any]:
    """Real pins, all of them."""
    out = folder / "made" / "out"
    arguments = [*_input(folder / "made", pins), "--workers", f"{_WORKERS}", "--out", str(out)]
    run = watched(arguments, done=lambda: _count(out), every_s=_EVERY_S)
    working = [sample for sample in run.samples if 0 < sample.done < pins]
    early, late = _part(working, pins, _FIRST), _part(working, pins, _SECOND)
    first, last = working[0], working[-1]
    clock_s = max(last.at_s - first.at_s, _EVERY_S)
    busy = (last.cpu_s - first.cpu_s) / (_WORKERS * clock_s)
    more = _median_mb(late) / _median_mb(early) - 1
    after = max(sample.all_mb for sample in run.samples) / _median_mb(early) - 1
    return {
        "pins": pins,
        "exit": run.code,
        "seconds": round(run.seconds, 1),
        "pins_a_second": round((last.done - first.done) / clock_s, 3),
        "processors_busy": round(busy, 3),
        "memory_mb_after_a_tenth": round(_median_mb(early), 1),
        "memory_mb_at_the_end": round(_median_mb(late), 1),
        "memory_more": round(more, 4),
        "memory_most_more": round(after, 4),
        "load_average": round(os.getloadavg()[0], 2),
        "memory_is_judged": pins >= _LEAST_PINS_TO_JUDGE,
        "holds": run.code == 0 and (pins < _LEAST_PINS_TO_JUDGE or more <= _MOST_MORE),
    }


def _part(samples: Sequence[Sample], pins: int, share: float) -> list[Sample]:
    """The samples of a tenth of the pins."""
    found = [sample for sample in samples if share * pins <= sample.done <= (share + 0.1) * pins]
    return found or list(samples[-1:] if share > _FIRST else samples[:1])


def _median_mb(samples: Sequence[Sample]) -> float:
    return statistics.median(sample.all_mb for sample in samples)


def _linked(folder: Path, rows: int) -> dict[str, Any]:
    """The end of a run of so many rows, and of a tenth of them: the most that the run itself takes."""
    peaks, seconds = {}, {}
    for count in (rows // 10, rows):
        home = folder / f"linked-{count}"
        arguments = [*_input(home, count), "--workers", "1", "--out", str(home / "out")]
        _link_pins(home, count, arguments)
        run = watched(arguments, done=lambda: 0, every_s=0.2)
        peaks[count], seconds[count] = _peak(run), run.seconds
        if run.code:
            return {"exit": run.code, "holds": False}
    few, many = rows // 10, rows
    more = peaks[many] / peaks[few] - 1
    return {
        "rows": [few, many],
        "made_anew": _ROWS_TO_MAKE,
        "seconds": [round(seconds[few], 1), round(seconds[many], 1)],
        "memory_mb": [round(peaks[few], 1), round(peaks[many], 1)],
        "kilobytes_a_row": round((peaks[many] - peaks[few]) * 1024 / (many - few), 2),
        "memory_more": round(more, 4),
        "memory_is_judged": rows >= _LEAST_ROWS_TO_JUDGE,
        "holds": rows < _LEAST_ROWS_TO_JUDGE or more <= _MOST_MORE,
    }


def _peak(run: Watched) -> float:
    return max(sample.own_mb for sample in run.samples)


def _link_pins(home: Path, rows: int, arguments: list[str]) -> None:
    """All pins but some, each with its own ``mark.json`` and the other files of the first, by links."""
    orders = api.plan(home / "serials.csv", home / "job.toml")
    (_, first), *others = orders.good
    api.make(first.serial, maker=first.maker, model=first.model, out=home / "one", job=home / "job.toml")
    real = home / "one" / "pins" / first.characters
    names = [path.name for path in real.iterdir() if path.name != "mark.json"]
    # The folder is bound by the command itself, which is broken off as soon as it has done that.
    _begin(arguments, home / "out")
    for _, mark in others[: rows - _ROWS_TO_MAKE]:
        place = home / "out" / "pins" / mark.characters
        if place.exists():
            continue
        place.mkdir(parents=True)
        for name in names:
            os.link(real / name, place / name)
        (place / "mark.json").write_bytes(json_bytes(mark_to_json(mark)))


def _begin(arguments: list[str], out: Path) -> None:
    process = begun(arguments)
    while process.poll() is None and not (out / RUN).exists():
        time.sleep(0.01)
    process.kill()
    process.wait()


def _unchecked(pins: int, fft_s: float) -> dict[str, Any]:
    """Machine file and pictures alone, by as many workers."""
    with tempfile.TemporaryDirectory() as name:
        job = Path(name) / "job.toml"
        job.write_text(job_text())
        tasks = [(str(job), str(Path(name) / "out"), _serial(number)) for number in range(1, pins + 1)]
        with ProcessPoolExecutor(_WORKERS, mp_context=get_context("forkserver")) as pool:
            list(pool.map(_make_unchecked, tasks[: 4 * _WORKERS]))
            begin = time.perf_counter()
            sizes = list(pool.map(_make_unchecked, tasks, chunksize=4))
            seconds = time.perf_counter() - begin
    rate = pins / seconds
    return {
        "pins": pins,
        "bytes_a_pin": round(statistics.mean(sizes)),
        "seconds": round(seconds, 1),
        "pins_a_second": round(rate, 3),
        "ffts_a_pin": round(_WORKERS / rate / fft_s),
        "asked": {"pins_a_second_at_least": _UNCHECKED_A_SECOND},
        "is_as_fast_as_asked": rate >= _UNCHECKED_A_SECOND,
        "holds": True,
    }


@lru_cache(maxsize=1)
def _workshop(job: str) -> tuple[Workshop, Any]:
    loaded = api.load_job(Path(job))
    return workshop_for(loaded), loaded


def _make_unchecked(task: tuple[str, str, str]) -> int:
    job, out, serial = task
    workshop, loaded = _workshop(job)
    mark = _mark(workshop, serial)
    planned = plan_pin(workshop.setup, mark)
    files = machine_files(planned.toolpath, [], loaded, title=serial, header=())
    files["layout.svg"] = layout_svg(planned.layout, title=serial)
    files["pin.svg"] = pin_svg(planned.engraving, title=serial, boundary=workshop.setup.tip.boundary)
    write_folder_atomic(Path(out) / mark.characters, files)
    return sum(map(len, files.values()))


def _mark(workshop: Workshop, serial: str) -> Mark:
    return api.encode(serial, maker="Acme", model="P9", job=workshop.setup.job)


def main() -> int:
    """The proof alone."""
    results = prove_scale(float(sys.argv[1]))
    print(json.dumps(results, indent=2))
    return 0 if all(result["holds"] for result in results.values()) else 3


if __name__ == "__main__":
    sys.exit(main())
