"""How many threads linear algebra computes in: one a process, unless somebody has chosen.

The matrices here are small: eight pins of the example took 23 s of processor time with two threads and 17 s with one,
and by the clock no less; beside other work OpenBLAS's threads wait for one another busily, at several times that.
"""

from collections.abc import MutableMapping

# OpenMP, OpenBLAS, MKL, BLIS, Accelerate: each is asked once, when numpy is imported.
THREAD_COUNTS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)


def choose_one_thread(environment: MutableMapping[str, str]) -> tuple[str, ...]:
    """Set every count to 1 and name them; where any is set already somebody has chosen, and none is."""
    ours = () if any(name in environment for name in THREAD_COUNTS) else THREAD_COUNTS
    environment.update(dict.fromkeys(ours, "1"))
    return ours
