"""What does this lump look like, in numbers: size, form, density, edge and what lies around it?

Only the slices that hold the lump and 10 mm around it within them are looked at, so that a crop and a whole scan give
the same numbers and how wide a crop was cut tells nothing. HU are clipped to -1024 ... 1500.

It misleads on thick slices (form along z is guessed from few slices) and follows whoever drew the mask.
"""

import numpy as np
from numpy.typing import NDArray

from imaging.bank.tally import HU, Tally
from imaging.blocks_describe import HIGHEST_HU, LOWEST_HU, section, steepness, surface, tallied
from imaging.blocks_outline import box_of, calmed, depths

Spacing = tuple[float, float, float]  # mm along z, y, x
Numbers = dict[str, float]

AROUND_MM = 10.0  # beyond the farthest shell
SHELLS_MM = ((0.0, 2.0), (2.0, 5.0), (5.0, 9.0))  # edge and partial volume; close by; the surroundings
DENSE_HU = (130, 200, 300, 400)  # calcium from 130 (Agatston 1990); 200 is the usual mark for calcified nodules
GLASS_HU = (-750, -300)  # as in imaging.outline
TISSUE_HU = -400  # half-way between lung and soft tissue, as in imaging.blocks
LUNG_HU, LUNG_SD_HU = -850.0, 60.0  # stand in where there is no lung around to be measured
CALM_MM = 0.6  # sigma: calms noise, keeps the edge
AERATED_HU = -700  # darker is aerated lung for certain
_FEW = 5  # voxels: fewer give no standard deviation worth the name
_ALL_LUNG = Tally(np.where(LUNG_HU == HU, _FEW, 0))


def describe(hu: NDArray[np.int16], mask: NDArray[np.bool_], spacing_zyx: Spacing) -> NDArray[np.float32]:
    """Return the numbers of `NAMES` (F,) for one lump.

    Args: hu (Z, Y, X); mask (Z, Y, X) True inside, at least one voxel; spacing_zyx in mm.
    """
    found = numbers_of(hu, mask, spacing_zyx)
    return np.array([found[name] for name in NAMES], np.float32)


def numbers_of(hu: NDArray[np.int16], mask: NDArray[np.bool_], spacing_zyx: Spacing) -> Numbers:
    """Return the same numbers by name."""
    box, own = _boxes(mask, spacing_zyx)
    values, mask = np.ascontiguousarray(hu[box]), np.ascontiguousarray(mask[box])
    calm = calmed(np.clip(values, LOWEST_HU, HIGHEST_HU), CALM_MM, spacing_zyx)
    tight = np.ascontiguousarray(mask[own])
    depth = _depths_within(tight, spacing_zyx)
    inner = np.zeros(mask.shape, np.float32)
    inner[own] = depth
    outer = depths(~mask, spacing_zyx, SHELLS_MM[-1][1] + 1)
    layers = [Tally(row) for row in tallied(values, inner, outer, SHELLS_MM, AERATED_HU)]
    return (
        _form(tight, depth, spacing_zyx)
        | _largest_slice(tight, spacing_zyx)
        | _density(layers[0], float(calm[own][tight].max()), float(np.prod(spacing_zyx)))
        | _layers(
            layers[1], layers[2] if layers[2].count else layers[0], float(calm[own][depth > depth.max() / 2].max())
        )
        | _around(layers[3:6], layers[6])
        | _edge(*steepness(calm, inner, outer, spacing_zyx, 1.5 * spacing_zyx[2]))
    )


def _depths_within(tight: NDArray[np.bool_], spacing_zyx: Spacing) -> NDArray[np.float32]:
    """Return mm (Z, Y, X) into a mask that fills its box, beyond whose border is outside."""
    wide = np.zeros([n + 2 for n in tight.shape], bool)
    wide[1:-1, 1:-1, 1:-1] = tight
    return depths(wide, spacing_zyx)[1:-1, 1:-1, 1:-1]


def _boxes(
    mask: NDArray[np.bool_], spacing_zyx: Spacing
) -> tuple[tuple[slice, slice, slice], tuple[slice, slice, slice]]:
    """Return what is looked at, as a box of the crop, and where the lump ends, as a box of that box."""
    tight = box_of(mask)
    wide = [0, *(int(np.ceil(AROUND_MM / mm)) for mm in spacing_zyx[1:])]
    z, y, x = (slice(max(one.start - w, 0), one.stop + w) for one, w in zip(tight, wide, strict=True))
    own = (slice(one.start - by.start, one.stop - by.start) for one, by in zip(tight, (z, y, x), strict=True))
    a, b, c = own
    return (z, y, x), (a, b, c)


def _form(mask: NDArray[np.bool_], inner: NDArray[np.float32], spacing_zyx: Spacing) -> Numbers:
    """Size and shape in space of a mask that fills its box; lengths and volumes as logarithms of mm, mm2, mm3."""
    voxel = float(np.prod(spacing_zyx))
    count = int(np.count_nonzero(mask))
    volume = count * voxel
    spread, faces, (surface_mean, surface_sd, farthest) = surface(mask, spacing_zyx)
    spread = spread + np.diag(np.square(spacing_zyx)) / 12  # a voxel's own spread
    long, middle, short = np.sqrt(np.linalg.eigvalsh(spread))[::-1]
    area = float((faces * voxel / spacing_zyx).sum())
    radius = float(inner.max())
    opened = depths(inner <= radius / 2, spacing_zyx, radius) <= radius / 2
    return {
        "log_volume": np.log(volume),
        "log_inner_radius": np.log(radius),
        "mean_depth": float(inner.sum()) / count / volume ** (1 / 3),
        "log_long_axis": np.log(2 * np.sqrt(5) * long),
        "log_middle_axis": np.log(2 * np.sqrt(5) * middle),
        "log_short_axis": np.log(2 * np.sqrt(5) * short),
        "elongation": middle / long,
        "flatness": short / long,
        "sphericity": np.pi ** (1 / 3) * (6 * volume) ** (2 / 3) / area,
        "radial_variation": surface_sd / surface_mean if surface_mean > 0 else 0.0,
        "reach": farthest / (3 * volume / 4 / np.pi) ** (1 / 3),
        "share_opened": float(np.count_nonzero(opened & mask)) / count,
        "log_slice_mm": float(np.log(spacing_zyx[0])),
    }


def _largest_slice(mask: NDArray[np.bool_], spacing_zyx: Spacing) -> Numbers:
    pixel = spacing_zyx[1:]
    count, spread, edge, hull = section(mask[int(mask.sum((1, 2)).argmax())], pixel)
    area = count * pixel[0] * pixel[1]
    short, long = np.sqrt(np.linalg.eigvalsh(spread + np.eye(2) * pixel[0] ** 2 / 12))
    return {
        "log_slice_axis": np.log(4 * long),
        "slice_ratio": short / long,
        "slice_roundness": 4 * np.pi * area / (edge * np.pi / 4) ** 2,  # pi/4: a circle's staircase is 4/pi longer
        "slice_solidity": area / hull,
    }


def _density(inside: Tally, calm_max: float, voxel: float) -> Numbers:
    low, high = GLASS_HU
    told = dict(zip((f"hu_p{p}" for p in _PERCENTILES), inside.percentiles(_PERCENTILES), strict=True))
    told |= {f"root_above_{hu}": float(np.sqrt(inside.share_above(hu))) for hu in DENSE_HU}
    return told | {
        "hu_mean": inside.mean,
        "hu_sd": inside.sd,
        "hu_skew": inside.moment(3),
        "hu_tails": min(inside.moment(4), 10.0),
        "hu_calm_max": calm_max,
        "log_calcium_mm3": float(np.log1p(inside.share_above(200) * inside.count * voxel)),
        "log_solid_mm3": float(np.log1p(inside.share_above(high) * inside.count * voxel)),
        "share_glass": inside.share_between(low, high),
        "share_solid": inside.share_above(high),
        "share_air": 1 - inside.share_above(low - 1),  # -1: whole numbers
        "log_mass": float(np.log(inside.count * voxel * inside.mean_of(_MASS))),
    }


_PERCENTILES = (2, 10, 25, 50, 75, 90, 98)
_MASS = np.maximum((HU + 1000) / 1000, 0.01)  # mg/mm3 of what absorbs like water; air still weighs a little


def _layers(core: Tally, rim: Tally, core_calm_max: float) -> Numbers:
    """The core is what lies deeper than half the inner radius, the rim is the rest."""
    low, middle, high = core.percentiles((10, 50, 90))
    return {
        "core_p10": low,
        "core_p50": middle,
        "core_p90": high,
        "core_sd": core.sd,
        "core_share_solid": core.share_above(GLASS_HU[1]),
        "core_calm_max": core_calm_max,
        "rim_mean": rim.mean,
        "rim_sd": rim.sd,
    }


def _around(shells: list[Tally], lung: Tally) -> Numbers:
    told: Numbers = {}
    for (_, high), found in zip(SHELLS_MM, shells, strict=True):
        shell = found if found.count >= _FEW else _ALL_LUNG
        p10, p90 = shell.percentiles((10, 90))
        told |= {
            f"around_{high:.0f}_mean": shell.mean,
            f"around_{high:.0f}_sd": shell.sd,
            f"around_{high:.0f}_p10": p10,
            f"around_{high:.0f}_p90": p90,
            f"around_{high:.0f}_tissue": shell.share_above(TISSUE_HU),
            f"around_{high:.0f}_glass": shell.share_between(GLASS_HU[0], TISSUE_HU),
        }
    enough = lung.count > 4 * _FEW
    return told | {"lung_mean": lung.mean if enough else LUNG_HU, "lung_sd": lung.sd if enough else LUNG_SD_HU}


def _edge(edge: NDArray[np.float64], core_slope: float) -> Numbers:
    """How steep the edge is, HU/mm within the slices."""
    return {
        "edge_mean": float(edge.mean()) if len(edge) else 0.0,
        "edge_sd": float(edge.std()) if len(edge) else 0.0,
        "edge_p10": float(np.percentile(edge, 10)) if len(edge) else 0.0,
        "core_slope": core_slope,
    }


def _names() -> tuple[str, ...]:
    ball = np.zeros((3, 5, 5), bool)
    ball[1, 1:4, 1:4] = True
    return tuple(numbers_of(np.where(ball, 0, -850).astype(np.int16), ball, (1.0, 1.0, 1.0)))


NAMES = _names()
