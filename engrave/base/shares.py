"""How far a share that was counted can be believed."""

from math import sqrt

WILSON_Z = 1.959964
"""Of a normal distribution 95 % lie within this many standard deviations."""


def wilson(successes: int, trials: int) -> tuple[float, float]:
    """The 95 % interval of E. B. Wilson, J. Am. Stat. Assoc. 22 (1927) 209, for a share of at least one trial."""
    share, z2 = successes / trials, WILSON_Z**2
    middle = (share + z2 / (2 * trials)) / (1 + z2 / trials)
    reach = WILSON_Z / (1 + z2 / trials) * sqrt(share * (1 - share) / trials + z2 / (4 * trials**2))
    return max(0.0, middle - reach), min(1.0, middle + reach)
