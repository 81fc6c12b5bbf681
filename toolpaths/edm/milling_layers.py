"""The layers of one rod: which of its paths still find something to cut, and what they take off."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import ceil

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon

from toolpaths.edm.compensation import alternates
from toolpaths.edm.milling_events import Run
from toolpaths.edm.milling_recipe import Milling, Rod
from toolpaths.edm.milling_stock import Passes, Samples, Sweep
from toolpaths.edm.milling_tracks import Track, contours, filling, reachable, ring_paths, track_of
from toolpaths.surface import Surface

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

# A pass that goes no lower than this below what is cut already is left out.
_LEAST_CUT_UM = 0.05
# So is a piece that takes less than this share of half a full cut: no more than a sample's worth.
_LEAST_SHARE = 0.01
# Idle pieces that are run through rather than lifted over: lifting the rod and going down again takes about as long.
_MOST_IDLE = 8
_ACROSS_RAD = np.pi / 2
# A ring that runs along the taper's end, drawn with other sides, is not to be cut into pieces by it.
_DRAWN_UM = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What is milled, and with what."""

    land: MultiPolygon
    field: Polygon
    taper_to: Polygon | None
    surface: Surface
    relief_um: float
    milling: Milling

    def region(self, rod: Rod) -> MultiPolygon:
        """Where the middle of a rod may go, without the taper."""
        return reachable(land=self.land, field=self.field, reach_um=self.milling.reach_um(rod))

    def samples(self, rod: Rod) -> Samples:
        """Samples wherever a rod may cut, and as far about it as a piece of its path may reach."""
        reach_um = self.milling.reach_um(rod)
        outline = self.field if self.taper_to is None else self.taper_to
        return Samples.over(np.array(outline.bounds), reach_um=reach_um, margin_um=3 * reach_um)

    def face_um(self, samples: Samples) -> FloatArray:
        """Heights of the uncut face, -inf where there is none."""
        heights = self.surface.height_um(samples.x_um, samples.y_um)
        return np.where(np.isnan(heights), -np.inf, heights)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A track that is run in every layer down to a depth."""

    track: Track
    deepest_um: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """The tracks of one rod: the contour and the filling, the filling once more across it, and rings of the taper.

    ``rings`` : the ring of the first layer first, the outermost; each may be run down to its own layer's depth.
    ``every`` : of the rings inside a layer's own, each so-manieth is run.
    """

    rod: Rod
    depths_um: FloatArray
    core: Part | None
    across: Part | None
    rings: tuple[Part | None, ...]
    every: int

    @classmethod
    def of(cls, ground: Ground, rod: Rod) -> "Work":
        """Lay the tracks of a rod."""
        region = ground.region(rod)
        depths_um = layer_depths_um(ground.relief_um, rod=rod)
        rings, every = _rings(ground, rod, depths_um)
        core = contours(region) + filling(region, stepover_um=rod.stepover_um, angle_rad=0.0)
        across = filling(region, stepover_um=rod.stepover_um, angle_rad=_ACROSS_RAD)
        return cls(
            rod=rod,
            depths_um=depths_um,
            core=_part(ground, rod, core, ground.relief_um),
            across=_part(ground, rod, across, ground.relief_um),
            rings=rings,
            every=every,
        )

    def parts(self, layer: int, *, backwards: bool) -> list[Part]:
        """What is run in a layer, counted from 0, in order.

        The last layer is filled in two directions: on a slope the upper edge of a flat end leaves steps between
        neighbouring lines wherever they run along it, and those across take them off.
        """
        chosen = [self.core, *self.rings[layer :: self.every][::-1]]
        if backwards:
            chosen.reverse()
        if layer == len(self.depths_um) - 1:
            chosen.append(self.across)
        return [part for part in chosen if part is not None]

    def all(self) -> list[Part]:
        """Every part once."""
        return [part for part in (self.core, *self.rings, self.across) if part is not None]


def layer_depths_um(relief_um: float, *, rod: Rod) -> FloatArray:
    """Depth below the face of each layer's floor, (n,) float, um; the last one is thinner where it must be."""
    count = max(1, ceil(relief_um / rod.layer_um - 1e-9))
    depths_um: FloatArray = np.minimum(rod.layer_um * np.arange(1, count + 1), relief_um)
    return depths_um


def _part(ground: Ground, rod: Rod, paths: list[FloatArray], deepest_um: float) -> Part | None:
    track = track_of(paths, surface=ground.surface, milling=ground.milling, rod=rod)
    return None if track is None else Part(track=track, deepest_um=deepest_um)


def _rings(ground: Ground, rod: Rod, depths_um: FloatArray) -> tuple[tuple[Part | None, ...], int]:
    """A ring for each layer, where the field's outline has grown to: the whole taper at the face, none at the relief.

    Their distance is what the outline grows by in a layer, so a layer does not need every one of those inside it.
    """
    if ground.taper_to is None:
        return (), 1
    reach_um = ground.milling.reach_um(rod)
    width_um = shapely.hausdorff_distance(ground.taper_to.exterior, ground.field.exterior)
    within = shapely.buffer(ground.taper_to, _DRAWN_UM - reach_um)
    keep_out = shapely.buffer(ground.land, reach_um)
    beyond_um = width_um * (1 - depths_um[:-1] / ground.relief_um) - reach_um
    rings = tuple(
        _part(
            ground,
            rod,
            ring_paths(field=ground.field, beyond_um=float(out_um), within=within, keep_out=keep_out),
            float(depth_um),
        )
        for out_um, depth_um in zip(beyond_um, depths_um[:-1], strict=True)
    )
    apart_um = width_um * rod.layer_um / ground.relief_um
    return rings, max(1, int(rod.stepover_um / apart_um))


@dataclass(frozen=True, slots=True)
class _Sweeps:
    """What tracks pass over, either way, reckoned when it is first asked for."""

    ground: Ground
    rod: Rod
    samples: Samples
    begin_um: FloatArray
    passes: dict[int, Passes] = field(default_factory=dict)
    made: dict[tuple[int, bool], Sweep] = field(default_factory=dict)

    def of(self, part: Part, *, backwards: bool) -> Sweep:
        """What a part's track passes over when it is run so."""
        key = id(part)
        if key not in self.passes:
            self.passes[key] = Passes.of(
                part.track,
                reach_um=self.ground.milling.reach_um(self.rod),
                samples=self.samples,
                deepest_um=self.begin_um + part.deepest_um - _LEAST_CUT_UM,
            )
        if (key, backwards) not in self.made:
            self.made[key, backwards] = self.passes[key].sweep(backwards=backwards)
        return self.made[key, backwards]

    def alone(self, part: Part, floor_um: FloatArray, *, depth_um: float, backwards: bool) -> FloatArray:
        """What each piece of a part's track takes off a floor at a depth if no other does, (count,) um3."""
        self.of(part, backwards=backwards)
        return self.passes[id(part)].alone(floor_um, depth_um=depth_um, backwards=backwards)


def left_by(coarser: list[Work], *, ground: Ground, samples: Samples) -> FloatArray:
    """The floor that rods leave when all their layers are cut, (samples,) float, um."""
    floor_um = ground.face_um(samples)
    for work in coarser:
        for part in work.all():
            passes = Passes.of(
                part.track,
                reach_um=ground.milling.reach_um(work.rod),
                samples=samples,
                deepest_um=floor_um + part.deepest_um,
            )
            _, floor_um = passes.sweep(backwards=False).cut(floor_um, depth_um=part.deepest_um)
    return floor_um


def runs(work: Work, *, ground: Ground, samples: Samples, floor_um: FloatArray) -> Iterator[tuple[int, Run]]:
    """Each layer that finds something to cut, by its number counted from 1, on a floor that is there before.

    A piece that cuts only what others have cut is left out, but for the last layer: what it alone would have cut
    between the samples, nothing would cut later.
    """
    sweeps = _Sweeps(ground, work.rod, samples, floor_um)
    for layer, depth_um in enumerate(work.depths_um.tolist()):
        backwards = alternates(ground.milling.compensation) and layer % 2 == 1
        last = layer == len(work.depths_um) - 1
        found = []
        for part in work.parts(layer, backwards=backwards):
            before_um = floor_um
            volume_um3, floor_um = sweeps.of(part, backwards=backwards).cut(before_um, depth_um=depth_um)
            wanted_um3 = volume_um3
            if last:
                wanted_um3 = sweeps.alone(part, before_um, depth_um=depth_um, backwards=backwards)
            track = part.track.reversed() if backwards else part.track
            cuts = _cutting(track, wanted_um3, ground=ground, rod=work.rod)
            found.append(_run(track, cuts, volume_um3, depth_um=depth_um, ground=ground))
        run = _joined([run for run in found if len(run.volume_um3)])
        if run is not None:
            yield layer + 1, run


def _cutting(track: Track, volume_um3: FloatArray, *, ground: Ground, rod: Rod) -> BoolArray:
    """The pieces of a track that take off enough to be run."""
    length_um = np.hypot(*(track.xy_um - track.xy_um[track.before]).T)
    reach_um = ground.milling.reach_um(rod)
    cuts: BoolArray = volume_um3 > _LEAST_SHARE * rod.layer_um * reach_um * np.maximum(length_um, 1.0)
    return cuts


def _run(track: Track, cuts: BoolArray, volume_um3: FloatArray, *, depth_um: float, ground: Ground) -> Run:
    """The pieces of a track that cut, and one more to either side of each; the others are left out."""
    kept = np.flatnonzero(_widened(cuts, track.begins))
    entered = np.zeros(track.count, dtype=bool)
    entered[kept] = True
    fresh = ~track.begins[kept] & ~entered[kept - 1]
    index = np.repeat(kept, 1 + fresh)
    extra = np.diff(index, append=-1) == 0
    index = index - extra
    return Run(
        xy_um=track.xy_um[index],
        face_um=track.z_um[index],
        end_um=track.z_um[index] - depth_um + ground.milling.gap_front_um,
        begins=track.begins[index] | extra,
        volume_um3=np.where(extra, 0.0, volume_um3[index]),
    )


def _widened(chosen: BoolArray, begins: BoolArray) -> BoolArray:
    """Those chosen, their neighbours on the same path, and what lies between where the rod would hardly lift."""
    after = np.roll(chosen, 1) & ~begins
    before = np.roll(chosen & ~begins, -1)
    wide = chosen | after | before
    kept, path = np.flatnonzero(wide), np.cumsum(begins)
    near = (np.diff(kept) <= _MOST_IDLE) & (path[kept[:-1]] == path[kept[1:]])
    bridge = np.zeros(len(wide), dtype=np.int64)
    bridge[kept[:-1][near]] += 1
    bridge[kept[1:][near]] -= 1
    return wide | (np.cumsum(bridge) > 0)


def _joined(found: list[Run]) -> Run | None:
    if not found:
        return None
    return Run(
        xy_um=np.concatenate([run.xy_um for run in found]),
        face_um=np.concatenate([run.face_um for run in found]),
        end_um=np.concatenate([run.end_um for run in found]),
        begins=np.concatenate([run.begins for run in found]),
        volume_um3=np.concatenate([run.volume_um3 for run in found]),
    )
