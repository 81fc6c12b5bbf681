"""Gauge repeatability and reproducibility by analysis of variance: who and what makes measurements differ.

A balanced study: every operator measures every part as often. The model is y = mu + part + operator + part x operator
+ error, all random (AIAG, Measurement Systems Analysis, 4th ed. 2010, chapter III B, ANOVA method). Components of
variance are those sums of mean squares whose expectations they are; negative ones are told as 0.

Intervals, 95 %: of a component, by modified large samples (F. A. Graybill and C.-M. Wang, J. Am. Stat. Assoc. 75 (1980)
869, for sums; N. Ting et al., J. Stat. Comput. Simul. 35 (1990) 135, where mean squares are taken from one another; as
in R. K. Burdick, C. M. Borror and D. C. Montgomery, Design and Analysis of Gauge R&R Studies, 2005). Of %GRR and the
number of distinct categories, generalised intervals (S. Weerahandi, J. Am. Stat. Assoc. 88 (1993) 899; M. Hamada and
S. Weerahandi, J. Qual. Technol. 32 (2000) 241).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from engrave.base.errors import raise_faults

FloatArray = NDArray[np.float64]

POOLING_P = 0.25
"""Part x operator is kept where chance alone would show as much in less than this share of studies, and is counted to
the error elsewhere. High, as the AIAG manual advises, so that an interaction is not lost to a small study."""
CATEGORIES = 1.41
"""ndc = 1.41 PV / GRR, cut to a whole number (AIAG)."""
_TAIL = 0.025
# The limits of a generalised interval are quantiles of so many draws: they vary by less than a hundredth of themselves.
_DRAWS = 100_000
_SEED = 20_260_722

PART, OPERATOR, CROSSED, ERROR = "part", "operator", "part x operator", "repeatability"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A line of the analysis of variance; ``f`` and ``p`` are None where there is nothing to hold it against."""

    name: str
    sum_of_squares: float
    degrees_of_freedom: int
    mean_square: float
    f: float | None
    p: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """A component of variance: standard deviation with its interval, and its shares of the total."""

    name: str
    variance: float
    low: float
    high: float
    contribution: float
    study_share: float

    @property
    def sigma(self) -> tuple[float, float, float]:
        """The standard deviation, and the ends of its interval."""
        low, value, high = np.sqrt([self.low, self.variance, self.high]).tolist()
        return value, low, high


@dataclass(frozen=True, slots=True, kw_only=True)
class Gauge:
    """What a study tells: the table of variance (``pooled``: without the interaction), components, %GRR and ndc.

    ``grr_share`` is the standard deviation of the gauge over that of all measurements; the intervals of both are pairs.
    """

    parts: int
    operators: int
    repeats: int
    mean: float
    sources: tuple[Source, ...]
    pooled: bool
    components: tuple[Component, ...]
    grr_share: float
    grr_share_within: tuple[float, float]
    categories: float
    categories_within: tuple[float, float]

    @property
    def distinct(self) -> int:
        """Number of distinct categories, a whole number."""
        return int(self.categories)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Squares:
    """Mean squares and degrees of freedom by name."""

    mean: dict[str, float]
    freedom: dict[str, int]


def gauge_study(values: FloatArray) -> Gauge:
    """The study of (parts, operators, repeats) measured values.

    Raises InputError with every fault: fewer than two parts, operators or repeats; values that do not vary at all.
    """
    parts, operators, repeats = values.shape
    _require(values)
    full = _squares(values)
    sources, pooled = _sources(full)
    squares = _pool(full) if pooled else full
    weights = _weights(parts, operators, repeats, pooled=pooled)
    components = _components(weights, squares)
    total = sum(component.variance for component in components if component.name in _ELEMENTS)
    ratio = _variance(components, PART) / _variance(components, "gauge")
    low, high = _ratio_within(weights, squares)
    return Gauge(
        parts=parts,
        operators=operators,
        repeats=repeats,
        mean=float(values.mean()),
        sources=sources,
        pooled=pooled,
        components=tuple(_shared(component, total) for component in components),
        grr_share=_share(ratio),
        grr_share_within=(_share(high), _share(low)),
        categories=CATEGORIES * ratio**0.5,
        categories_within=(CATEGORIES * low**0.5, CATEGORIES * high**0.5),
    )


def _require(values: FloatArray) -> None:
    """Raise InputError where no analysis can be made."""
    faults = [
        f"{count} {name}: a study needs two at least"
        for name, count in zip(("parts", "operators", "repeats"), values.shape, strict=True)
        if count < 2  # noqa: PLR2004 - no variance from one
    ]
    if not faults and np.ptp(values, axis=2).max() == 0:
        faults.append("no value ever differs when it is repeated: the gauge's step is too coarse to tell its spread")
    raise_faults(faults)


def _squares(values: FloatArray) -> _Squares:
    parts, operators, repeats = values.shape
    cells, middle = values.mean(axis=2), values.mean()
    by_part, by_operator = cells.mean(axis=1), cells.mean(axis=0)
    crossed = cells - by_part[:, np.newaxis] - by_operator + middle
    sums = {
        PART: operators * repeats * np.sum((by_part - middle) ** 2),
        OPERATOR: parts * repeats * np.sum((by_operator - middle) ** 2),
        CROSSED: repeats * np.sum(crossed**2),
        ERROR: np.sum((values - cells[:, :, np.newaxis]) ** 2),
    }
    freedom = {
        PART: parts - 1,
        OPERATOR: operators - 1,
        CROSSED: (parts - 1) * (operators - 1),
        ERROR: parts * operators * (repeats - 1),
    }
    return _Squares(mean={name: float(sums[name]) / freedom[name] for name in sums}, freedom=freedom)


def _pool(squares: _Squares) -> _Squares:
    """Without the interaction: its squares are counted to the error."""
    freedom = squares.freedom[CROSSED] + squares.freedom[ERROR]
    total = sum(squares.mean[name] * squares.freedom[name] for name in (CROSSED, ERROR))
    return _Squares(
        mean={PART: squares.mean[PART], OPERATOR: squares.mean[OPERATOR], ERROR: total / freedom},
        freedom={PART: squares.freedom[PART], OPERATOR: squares.freedom[OPERATOR], ERROR: freedom},
    )


def _sources(full: _Squares) -> tuple[tuple[Source, ...], bool]:
    """The table, and whether the interaction was pooled: the last line is then the pooled error."""
    crossed = _source(CROSSED, full, against=ERROR)
    pooled = crossed.p is not None and crossed.p >= POOLING_P
    squares = _pool(full) if pooled else full
    against = ERROR if pooled else CROSSED
    return (
        _source(PART, squares, against=against),
        _source(OPERATOR, squares, against=against),
        crossed,
        _source(ERROR, squares, against=None),
    ), pooled


def _source(name: str, squares: _Squares, *, against: str | None) -> Source:
    from scipy.stats import f

    mean, freedom = squares.mean[name], squares.freedom[name]
    ratio = None if against is None or squares.mean[against] == 0 else mean / squares.mean[against]
    return Source(
        name=name,
        sum_of_squares=mean * freedom,
        degrees_of_freedom=freedom,
        mean_square=mean,
        f=ratio,
        p=None if ratio is None or against is None else float(f.sf(ratio, freedom, squares.freedom[against])),
    )


# The components that add up to the total.
_ELEMENTS = (ERROR, "operators", "interaction", PART)


def _weights(parts: int, operators: int, repeats: int, *, pooled: bool) -> dict[str, dict[str, float]]:
    """Every component as a sum of mean squares with these weights, from their expectations."""
    of_part, of_operator = 1 / (operators * repeats), 1 / (parts * repeats)
    if pooled:
        between = {OPERATOR: of_operator, ERROR: -of_operator}
        return {
            ERROR: {ERROR: 1.0},
            "operators": between,
            "reproducibility": between,
            "gauge": {OPERATOR: of_operator, ERROR: 1 - of_operator},
            PART: {PART: of_part, ERROR: -of_part},
            "total": {PART: of_part, OPERATOR: of_operator, ERROR: 1 - of_part - of_operator},
        }
    once = 1 / repeats
    return {
        ERROR: {ERROR: 1.0},
        "operators": {OPERATOR: of_operator, CROSSED: -of_operator},
        "interaction": {CROSSED: once, ERROR: -once},
        "reproducibility": {OPERATOR: of_operator, CROSSED: once - of_operator, ERROR: -once},
        "gauge": {OPERATOR: of_operator, CROSSED: once - of_operator, ERROR: 1 - once},
        PART: {PART: of_part, CROSSED: -of_part},
        "total": {PART: of_part, OPERATOR: of_operator, CROSSED: once - of_part - of_operator, ERROR: 1 - once},
    }


def _components(weights: Mapping[str, Mapping[str, float]], squares: _Squares) -> list[Component]:
    """Every component, negative ones as 0; those that are sums of others as their sums."""
    plain = {
        name: max(0.0, sum(k * squares.mean[part] for part, k in terms.items())) for name, terms in weights.items()
    }
    plain["reproducibility"] = plain["operators"] + plain.get("interaction", 0.0)
    plain["gauge"] = plain["reproducibility"] + plain[ERROR]
    plain["total"] = plain["gauge"] + plain[PART]
    limits = {name: modified_large_sample(terms, squares.mean, squares.freedom) for name, terms in weights.items()}
    return [
        Component(
            name=name, variance=plain[name], low=limits[name][0], high=limits[name][1], contribution=0, study_share=0
        )
        for name in weights
    ]


def _shared(component: Component, total: float) -> Component:
    share = component.variance / total
    return replace(component, contribution=share, study_share=share**0.5)


def _variance(components: list[Component], name: str) -> float:
    return next(component.variance for component in components if component.name == name)


def modified_large_sample(
    weights: Mapping[str, float], mean: Mapping[str, float], freedom: Mapping[str, int]
) -> tuple[float, float]:
    """95 % interval of a sum of expected mean squares with these weights; ends below 0 are told as 0.

    Where a mean square stands alone the interval is exact. Sources: see the module.
    """
    from scipy.stats import chi2

    names = [name for name, weight in weights.items() if weight != 0]
    k = np.array([weights[name] for name in names])
    square = np.array([mean[name] for name in names])
    df = np.array([float(freedom[name]) for name in names])
    part = np.abs(k) * square
    lower = 1 - df / chi2.ppf(1 - _TAIL, df)
    upper = df / chi2.ppf(_TAIL, df) - 1
    plus = k > 0
    # The lower end is where the added terms are least and those taken off greatest; the upper end the other way round.
    down = np.sum((np.where(plus, lower, upper) * part) ** 2) + _crossed(part, df, plus, lower, upper, tail=1 - _TAIL)
    up = np.sum((np.where(plus, upper, lower) * part) ** 2) + _crossed(part, df, plus, upper, lower, tail=_TAIL)
    middle = float(np.sum(k * square))
    low = max(0.0, middle - float(np.sqrt(max(down, 0.0))))
    return low, max(low, middle + float(np.sqrt(max(up, 0.0))))


def _crossed(
    part: FloatArray, df: FloatArray, plus: NDArray[np.bool_], own: FloatArray, other: FloatArray, *, tail: float
) -> float:
    """The mixed terms: each added mean square with each that is taken off, and the latter's or former's own pairs."""
    from scipy.stats import f

    total = 0.0
    added, taken = np.flatnonzero(plus), np.flatnonzero(~plus)
    for q in added:
        for r in taken:
            ratio = float(f.ppf(tail, df[q], df[r]))
            mixed = ((1 - ratio) ** 2 - own[q] ** 2 * ratio**2 - other[r] ** 2) / ratio
            total += mixed * part[q] * part[r]
    pairs = added if tail > 0.5 else taken  # noqa: PLR2004 - which end
    if len(taken) and len(pairs) > 1:
        lower = own if tail > 0.5 else other  # noqa: PLR2004 - which end
        for index, q in enumerate(pairs):
            for u in pairs[index + 1 :]:
                total += _paired(df[q], df[u], lower[q], lower[u]) / (len(pairs) - 1) * part[q] * part[u]
    return total


def _paired(one: float, other: float, lower_one: float, lower_other: float) -> float:
    """Ting's term for two mean squares with the same sign."""
    from scipy.stats import chi2

    both = one + other
    joint = (1 - both / float(chi2.ppf(1 - _TAIL, both))) * both
    return joint * joint / (one * other) - lower_one * lower_one * one / other - lower_other * lower_other * other / one


def _share(ratio: float) -> float:
    """%GRR from the ratio of the variances of part and gauge: sqrt(1 / (1 + ratio))."""
    return sqrt(1 / (1 + ratio))


def _ratio_within(weights: Mapping[str, Mapping[str, float]], squares: _Squares) -> tuple[float, float]:
    """Generalised interval of the part's variance over the gauge's: quantiles over what the mean squares may expect."""
    rng = np.random.default_rng(_SEED)
    expected = {
        name: squares.freedom[name] * mean / rng.chisquare(squares.freedom[name], _DRAWS)
        for name, mean in squares.mean.items()
    }
    elements = {
        name: np.maximum(0.0, sum(k * expected[part] for part, k in weights[name].items()))
        for name in _ELEMENTS
        if name in weights
    }
    part = elements.pop(PART)
    low, high = np.quantile(part / sum(elements.values()), [_TAIL, 1 - _TAIL]).tolist()
    return low, high
