"""One whole impression by the clock of the processor: contact, filling, closing, spring-back, a height map out.

Usage: OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 python benchmarks/impression.py

The tip of the example job with the mark of AAA0001, cut in simulation and sampled anew, under the nominal strike; the
median of nine runs after one that fills caches. Beside it stands a forward and an inverse transform of as many samples,
which says what the machine can do.
"""

import sys
from pathlib import Path
from time import process_time

import numpy as np
from scipy.fft import irfft2, rfft2
from scipy.ndimage import zoom

# Last, so that an installed pin-engrave is measured rather than the checkout.
sys.path.append(str(Path(__file__).resolve().parent.parent))

from benchmarks.impressions import cut_pin, example_setup
from engrave.code.mark import make_mark
from engrave.strike import CONDITIONS, strike
from toolpaths.surface import HeightMap

SIZES = (512, 1024)
RUNS = 9
LIMITS_MS = {512: 40.0, 1024: 150.0}


def sampled(tip: HeightMap, size: int) -> HeightMap:
    """The tip on so many samples a side, linear between its own."""
    z_um = zoom(np.nan_to_num(tip.z_um, nan=-1000.0), size / tip.z_um.shape[0], order=1)
    # What was beyond the tip's edge, or was mixed with it, is no surface.
    z_um[z_um < np.nanmin(tip.z_um)] = np.nan
    pixel_um = tip.pixel_um * tip.z_um.shape[0] / size
    half_um = pixel_um * (size - 1) / 2.0
    return HeightMap(z_um=z_um, pixel_um=pixel_um, x0_um=-half_um, y0_um=-half_um, frame="pin")


def main() -> None:
    """Measure and print."""
    setup = example_setup()
    mark = make_mark(serial="AAA0001", maker="Acme", model="P9", ranges=setup.ranges)
    tip = cut_pin(setup, mark)
    condition, primer = CONDITIONS.load("nominal").value, setup.job.primer.value
    for size in SIZES:
        pin = sampled(tip, size)
        noise = np.random.default_rng(0).standard_normal((size, size), dtype=np.float32)
        impressions, transforms = [], []
        for _ in range(RUNS + 1):
            begin = process_time()
            strike(pin, form=setup.tip, primer=primer, condition=condition)
            middle = process_time()
            irfft2(rfft2(noise), s=noise.shape)
            impressions.append(1e3 * (middle - begin))
            transforms.append(1e3 * (process_time() - middle))
        ours, pair = (float(np.median(times[1:])) for times in (impressions, transforms))
        print(f"{size} x {size}: {ours:.0f} ms (limit {LIMITS_MS[size]:.0f}), {ours / pair:.1f} pairs of transforms")


if __name__ == "__main__":
    main()
