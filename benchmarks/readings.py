"""Readings for the proof: worn, foreign, noisy and overlaid marks, many at once, in ways the decoder knows nothing of.

The decoder takes every cell and every character as read by itself, with errors as probable as the reader says. Here
they are not. Damage lies where it lies on the primer and takes what is there, ring and characters together: arcs with
soft edges, a fade from one side as of a tilted strike, blotches that wipe out or add metal. Sound cells are misread in
both directions with rates of each reading's own, after noise that is alike in neighbouring cells; in some readings a
stretch of the ring is counted off by one sector. Characters are taken for those that look like them, shapes for
themselves turned or for a twin. The reader's own figures, how often it thinks to be wrong, have nothing to do with how
often it is; of the loss it notices a part; and now and then it is certain of something without reason.

A scene is what is there to be seen; ``seen`` looks at it.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from engrave.code.alphabet import ALPHABET
from engrave.code.channel import cell_log_likelihoods
from engrave.code.evidence import SoftReading, soft_reading
from engrave.code.field import PRODUCT
from engrave.code.profiles import Profile
from engrave.code.reedsolomon import DIMENSION, encode
from engrave.code.ring import LOST
from engrave.code.written import bits_of, written_of

Generator = np.random.Generator
Symbols = NDArray[np.uint8]
Bits = NDArray[np.bool_]
Numbers = NDArray[np.float64]
Codes = NDArray[np.int64]

VALUES = 32
# Pairs that worn characters are confused in: I/1, O/0, 8/B and G/6 cannot be, for no mark carries the first of them.
LOOK_ALIKES = (
    "0Q 0D 1T 1L 1J 2Z 3B 4A 49 5S 6C 7T B6 BR CQ DQ EF EB HN HK HM JU KX LE MN MW NW PF PR QC RK S3 UV UW VY WM XY Z7"
)
CERTAIN = 8.0
# Everything farther out is on the ring.
RING_FROM = 0.7


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scene:
    """What n marks show: ``teeth`` (n, tracks, sectors); ``symbols`` (n, places) of characters, then shapes.

    ``second`` (n, places) is what is seen there too, or the same. ``codes`` (n, marks) are the permuted ids of the
    marks of ours that are there, 0 to 2. ``wear`` (n,) scales all damage, 0 for none.
    """

    teeth: Bits
    symbols: Symbols
    second: Symbols
    codes: Codes
    wear: Numbers


def worn(profile: Profile, generator: Generator, count: int) -> Scene:
    """One mark of ours in each."""
    codewords = _random_words(generator, count)
    teeth, symbols = _shown(written_of(codewords, profile), profile)
    wear = generator.uniform(0.2, 1.3, count)
    return Scene(teeth=teeth, symbols=symbols, second=symbols, codes=_codes(codewords)[:, None], wear=wear)


def foreign(profile: Profile, generator: Generator, count: int) -> Scene:
    """Marks of other makers with our geometry, a fifth of each kind, half of them without any damage.

    Ring or shapes under another mask, the characters those of a mark of ours; another code, our symbols multiplied by
    factors of its own; our symbols in another order; random symbols; patterns that repeat. What is left out: our code
    and mask under another permutation, for its marks are marks of ours, of other pins.
    """
    words = _random_words(generator, count)[:, : profile.carried]
    masked = written_of(words, profile)
    masked[:, profile.characters :] ^= generator.integers(0, VALUES, masked[:, profile.characters :].shape, np.uint8)
    factors = generator.integers(1, VALUES, words.shape)
    noise = generator.integers(0, VALUES, words.shape, dtype=np.uint8)
    periods = generator.integers(1, 6, count)[:, None]
    repeated = np.take_along_axis(noise, np.arange(profile.carried) % periods, axis=1)
    others = (PRODUCT[words, factors], generator.permuted(words, axis=1))
    kinds = np.stack([masked, *(written_of(other, profile) for other in others), noise, repeated])
    teeth, symbols = _shown(kinds[generator.integers(0, len(kinds), count), np.arange(count)], profile)
    codes = np.zeros((count, 0), dtype=np.int64)
    return Scene(teeth=teeth, symbols=symbols, second=symbols, codes=codes, wear=_half(generator, count, most=1.0))


def overlaid(profile: Profile, generator: Generator, count: int) -> Scene:
    """Two marks of ours on each other, half of them without any damage.

    A tooth is where either has one. Of two characters or shapes the one, the other, or both are seen, each as often.
    """
    words = [_random_words(generator, count) for _ in range(2)]
    (teeth, first), (more, second) = (_shown(written_of(each, profile), profile) for each in words)
    fate = generator.integers(0, 3, first.shape)
    return Scene(
        teeth=teeth | more,
        symbols=np.where(fate == 1, second, first),
        second=np.where(fate == 0, first, second),
        codes=np.stack([_codes(each) for each in words], axis=1),
        wear=_half(generator, count, most=0.6),
    )


def noise(profile: Profile, generator: Generator, count: int) -> tuple[Codes, list[SoftReading]]:
    """No mark at all: likelihoods of any strength, strong in patches; of half of the cells only the sign is left."""
    strength = generator.uniform(0, 8, (count, 1, 1))
    patches = generator.random((count, profile.characters + profile.shapes, 1))
    whole = generator.normal(0, strength, (count, profile.characters + profile.shapes, VALUES)) * patches
    cells = generator.normal(0, strength, (count, profile.tracks, profile.sectors))
    cells = np.where(_happens(0.5, (count, 1, 1), generator), cells, strength * np.sign(cells))
    return np.zeros((count, 0), dtype=np.int64), _readings(profile, whole, cells)


def seen(scene: Scene, profile: Profile, generator: Generator) -> tuple[Codes, list[SoftReading]]:
    """A reader's likelihoods for each scene, and the permuted ids of the marks that are there, (n, marks)."""
    visible, dirt = _visible(_places(profile), scene.wear, generator)
    watchful = generator.random((len(visible), 1))
    noticed = visible + generator.normal(0, 0.1, visible.shape) * scene.wear[:, None] < 0.6 * watchful
    count = profile.characters + profile.shapes
    whole = _symbols_read(scene, visible[:, :count], noticed[:, :count], profile, generator)
    shape = scene.teeth.shape
    left, dirty, unseen = visible[:, count:].reshape(shape), dirt[:, count:].reshape(shape), noticed[:, count:]
    cells = _cells_read(scene, left, dirty, unseen.reshape(shape), generator)
    return scene.codes, _readings(profile, whole, cells)


def _random_words(generator: Generator, count: int) -> Symbols:
    return encode(generator.integers(0, VALUES, (count, DIMENSION), dtype=np.uint8))


def _codes(codewords: Symbols) -> Codes:
    """The permuted ids, which name the marks."""
    codes: Codes = codewords[:, :DIMENSION].astype(np.int64) @ (VALUES ** np.arange(DIMENSION)[::-1])
    return codes


def _happens(probability: float | Numbers, shape: int | tuple[int, ...], generator: Generator) -> Bits:
    return np.asarray(generator.random(shape) < probability)


def _half(generator: Generator, count: int, *, most: float) -> Numbers:
    """Wear for half of the scenes."""
    return np.where(_happens(0.5, count, generator), 0.0, generator.uniform(0, most, count))


def _shown(written: Symbols, profile: Profile) -> tuple[Bits, Symbols]:
    """Teeth (n, tracks, sectors), and what characters and shapes show, (n, places)."""
    on_ring = slice(profile.characters, profile.carried - profile.shapes)
    whole = np.delete(written, on_ring, axis=1)
    if not profile.tracks:
        return np.zeros((len(written), 0, 0), dtype=np.bool_), whole
    data = bits_of(written[:, on_ring]).reshape(len(written), profile.tracks, -1)
    marks = np.broadcast_to(np.array(profile.mark_cells, dtype=np.bool_), (*data.shape[:2], len(profile.mark_cells[0])))
    return np.concatenate([marks, data], axis=2), whole


@cache
def _places(profile: Profile) -> Numbers:
    """(places, 2) where characters, shapes and cells are, x to the right and y up; the ring's outer track at 1."""
    x, y = np.meshgrid([-0.45, -0.15, 0.15, 0.45], [0.15, -0.15])
    found = [np.stack([x.ravel(), y.ravel()], axis=1)]
    radii = {0: [0.9], 1: [0.9], 2: [0.8, 1.0]}[profile.tracks]
    for radius in radii:
        angles = 2 * np.pi * np.arange(profile.turns) / profile.turns
        found.append(radius * np.stack([np.sin(angles), np.cos(angles)], axis=1))
    return np.concatenate(found)


def _visible(places: Numbers, wear: Numbers, generator: Generator) -> tuple[Numbers, Numbers]:
    """How much is left of every place, 0 to 1, and how much dirt lies there: (n, places) each."""
    count = len(wear)
    x, y = places.T
    scale = wear[:, None, None]

    def somewhere(least: float, most: float, blots: int) -> Numbers:
        return generator.uniform(least, most, (count, blots, 1))

    def blots(number: int, radius: float) -> Numbers:
        apart = np.hypot(x - somewhere(-1.1, 1.1, number), y - somewhere(-1.1, 1.1, number))
        edge = somewhere(0.02, 0.15, number)
        return somewhere(0, 1, number) * _logistic((somewhere(-0.1, radius, number) * scale - apart) / edge)

    away = np.arctan2(x, y) - somewhere(-np.pi, np.pi, 2)
    apart = np.abs((away + np.pi) % (2 * np.pi) - np.pi)
    arcs = _logistic((somewhere(-0.3, 1.2, 2) * scale - apart) / somewhere(0.02, 0.3, 2)) * (np.hypot(x, y) > RING_FROM)
    tilt = generator.uniform(-np.pi, np.pi, (count, 1))
    across = x * np.sin(tilt) + y * np.cos(tilt)
    fade = _logistic((across - generator.uniform(0, 2, (count, 1)) * wear[:, None] + 1.2) / 0.15)
    left = np.where(_happens(0.5, (count, 1), generator) & (wear[:, None] > 0), fade, 1.0)
    present = (1 - blots(3, 0.5)) * (1 - arcs[:, [0, 1, 1]] * [[[1], [1], [0]]])
    worn_away = np.where(scale > 0, present, 1.0).prod(axis=1)
    return left * worn_away, np.where(scale > 0, blots(2, 0.25), 0.0).max(axis=1)


def _logistic(values: Numbers) -> Numbers:
    found: Numbers = 0.5 + 0.5 * np.tanh(values / 2)
    return found


def _cells_read(scene: Scene, visible: Numbers, dirt: Numbers, lost: Bits, generator: Generator) -> Numbers:
    """(n, tracks, sectors) log-likelihood ratios, as a reader believes them."""
    shape, wear = scene.teeth.shape, scene.wear[:, None, None]

    def each(least: float, most: float) -> Numbers:
        return generator.uniform(least, most, (shape[0], 1, 1))

    rough = generator.normal(0, 1, (2, *shape))
    near = 0.8 * rough[0] + 0.6 * (rough[1] + np.roll(rough[1], 1, axis=2)) / np.sqrt(2)
    level = scene.teeth * visible + dirt - 0.5 + wear * (near * np.exp(each(-2.5, -1.0)) + 0.1 * each(-1, 1))
    misread = _happens(wear * np.where(level > 0, each(0, 0.25), each(0, 0.25)) ** 2, shape, generator)
    level = _slipped(np.where(misread, -level, level), scene.wear, generator)
    hard = np.where(lost, LOST, level > 0).astype(np.int8)
    false, missed = (np.exp(generator.uniform(np.log(0.002), np.log(most), shape[0])) for most in (0.15, 0.3))
    channel = np.array([cell_log_likelihoods(*row) for row in zip(hard, false.tolist(), missed.tolist(), strict=True)])
    graded = np.where(lost, 0.0, np.clip(level / np.exp(each(-2.0, -0.8)) ** 2, -10, 10))
    ratios = np.where(_happens(0.5, (shape[0], 1, 1), generator), channel.reshape(shape), graded)
    ratios = ratios * np.where(_happens(0.5, (shape[0], 1, 1), generator), np.exp(generator.normal(0, 0.7, shape)), 1.0)
    certain = _happens(each(0, 0.05), shape, generator) & ~lost
    return np.where(certain, np.where(level > 0, CERTAIN, -CERTAIN), ratios)


def _slipped(level: Numbers, wear: Numbers, generator: Generator) -> Numbers:
    """In one worn reading of twenty a stretch of the ring is counted off by one sector."""
    count, _, sectors = level.shape
    if not sectors:
        return level
    first, length = generator.integers(0, sectors, (count, 1)), generator.integers(0, sectors // 3 + 1, (count, 1))
    there = (np.arange(sectors) - first) % sectors < length
    off = _happens(0.05, count, generator) & (wear > 0)
    return np.where((there & off[:, None])[:, None], np.roll(level, 1, axis=2), level)


def _symbols_read(scene: Scene, visible: Numbers, lost: Bits, profile: Profile, generator: Generator) -> Numbers:
    """(n, places, 32) log-likelihoods of characters and shapes, as a reader believes them."""
    shape, wear = visible.shape, scene.wear[:, None]

    def each(least: float, most: float) -> Numbers:
        return generator.uniform(least, most, (shape[0], 1))

    alike = _look_alikes(profile)[np.arange(shape[1])[None], scene.symbols]
    twin = (generator.random(alike.shape) * (alike + 1e-3)).argmax(axis=2).astype(np.uint8)
    mistaken = _happens(0.7 * (1 - visible) + wear * each(0, 0.3) ** 2, shape, generator)
    anything = generator.integers(0, VALUES, shape, dtype=np.uint8)
    wrong = np.where(_happens(0.75, shape, generator), twin, anything)
    first = np.where(mistaken, wrong, scene.symbols)
    doubtful = _happens(0.05 * wear + 0.4 * (1 - visible), shape, generator)
    # Who doubts takes the right one and one that looks like it, or two that are wrong.
    rival = np.where(mistaken & _happens(0.5, shape, generator), scene.symbols, twin)
    both = np.stack([first, np.where(doubtful, rival, np.where(scene.second == scene.symbols, first, scene.second))])
    chosen = (both[..., None] == np.arange(VALUES)).any(axis=0)
    p_wrong = np.exp(each(np.log(0.001), np.log(0.2)))
    p_wrong = np.where(_happens(each(0, 0.05), shape, generator), 1e-6, p_wrong)[..., None]
    choices = chosen.sum(axis=2, keepdims=True)
    scores = np.where(chosen, np.log((1 - p_wrong) / choices), np.log(p_wrong / (VALUES - choices)))
    graded = scores + generator.normal(0, 0.7, scores.shape) + alike * generator.uniform(0, 3, scores.shape)
    believed = np.where(_happens(0.5, (shape[0], 1, 1), generator), scores, graded)
    return np.where(lost[..., None], 0.0, believed)


@cache
def _look_alikes(profile: Profile) -> Bits:
    """(places, 32, 32) which others a value is taken for. Shapes: turned, or the next shape of a pair."""
    letters = np.zeros((VALUES, VALUES), dtype=np.bool_)
    for one, other in ([ALPHABET.index(letter) for letter in pair] for pair in LOOK_ALIKES.split()):
        letters[one, other] = letters[other, one] = True
    values = np.arange(VALUES)
    shapes = np.isin(values[:, None] ^ values, (1, 2, 3, 4))
    return np.stack([letters] * profile.characters + [shapes] * profile.shapes)


def _readings(profile: Profile, whole: Numbers, cells: Numbers) -> list[SoftReading]:
    return [
        soft_reading(
            profile, characters=symbols[: profile.characters], shapes=symbols[profile.characters :], cells=ring
        )
        for symbols, ring in zip(whole, cells, strict=True)
    ]
