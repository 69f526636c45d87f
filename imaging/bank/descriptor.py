"""What does this lump look like, in numbers: size, form, density, edge and what lies around it?

Only the slices that hold the lump and 10 mm around it within them are looked at, so that a crop and a whole scan give
the same numbers and how wide a crop was cut tells nothing. HU are clipped to -1024 ... 1500.

It misleads on thick slices (form along z is guessed from few slices) and follows whoever drew the mask.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import ConvexHull, QhullError

Spacing = tuple[float, float, float]  # mm along z, y, x
Numbers = dict[str, float]

AROUND_MM = 10.0  # beyond the farthest shell
SHELLS_MM = ((0.0, 2.0), (2.0, 5.0), (5.0, 9.0))  # edge and partial volume; close by; the surroundings
DENSE_HU = (130, 200, 300, 400)  # calcium from 130 (Agatston 1990); 200 is the usual mark for calcified nodules
GLASS_HU = (-750.0, -300.0)  # as in imaging.outline
TISSUE_HU = -400.0  # half-way between lung and soft tissue, as in imaging.blocks
LUNG_HU, LUNG_SD_HU = -850.0, 60.0  # stand in where there is no lung around to be measured
CALM_MM = 0.6  # sigma: calms noise, keeps the edge
_FEW = 5  # voxels: fewer give no standard deviation worth the name


def describe(hu: NDArray[np.int16], mask: NDArray[np.bool_], spacing_zyx: Spacing) -> NDArray[np.float32]:
    """Return the numbers of `NAMES` (F,) for one lump.

    Args: hu (Z, Y, X); mask (Z, Y, X) True inside, at least one voxel; spacing_zyx in mm.
    """
    found = numbers_of(hu, mask, spacing_zyx)
    return np.array([found[name] for name in NAMES], np.float32)


def numbers_of(hu: NDArray[np.int16], mask: NDArray[np.bool_], spacing_zyx: Spacing) -> Numbers:
    """Return the same numbers by name."""
    box = _box(mask, spacing_zyx)
    mask = mask[box]
    values = np.clip(hu[box], -1024, 1500).astype(np.float32)
    calm = ndimage.gaussian_filter(values, [CALM_MM / mm for mm in spacing_zyx])
    inner = ndimage.distance_transform_edt(np.pad(mask, 1), sampling=spacing_zyx)[1:-1, 1:-1, 1:-1]
    outer = ndimage.distance_transform_edt(~mask, sampling=spacing_zyx)
    return (
        _form(mask, inner, spacing_zyx)
        | _largest_slice(mask, spacing_zyx)
        | _density(values, calm, mask, float(np.prod(spacing_zyx)))
        | _layers(values, calm, mask, inner)
        | _around(values, outer)
        | _edge(calm, mask, inner, outer, spacing_zyx)
    )


def _box(mask: NDArray[np.bool_], spacing_zyx: Spacing) -> tuple[slice, slice, slice]:
    spans = [np.flatnonzero(mask.any(axis=tuple(o for o in range(3) if o != axis))) for axis in range(3)]
    wide = [0, *(int(np.ceil(AROUND_MM / mm)) for mm in spacing_zyx[1:])]
    z, y, x = (slice(max(int(s[0]) - w, 0), int(s[-1]) + 1 + w) for s, w in zip(spans, wide, strict=True))
    return z, y, x


def _form(mask: NDArray[np.bool_], inner: NDArray[np.float64], spacing_zyx: Spacing) -> Numbers:
    """Size and shape in space; lengths and volumes as logarithms of mm, mm2, mm3."""
    voxel = float(np.prod(spacing_zyx))
    count = int(mask.sum())
    volume = count * voxel
    points = np.argwhere(mask) * spacing_zyx
    from_centre = points - points.mean(0)
    spread = from_centre.T @ from_centre / count + np.diag(np.square(spacing_zyx)) / 12  # a voxel's own spread
    long, middle, short = np.sqrt(np.linalg.eigvalsh(spread))[::-1]
    faces = np.pad(mask, 1).astype(np.int8)
    area = sum(np.count_nonzero(np.diff(faces, axis=axis)) * voxel / spacing_zyx[axis] for axis in range(3))
    radius = float(inner.max())
    opened = ndimage.distance_transform_edt(inner <= radius / 2, sampling=spacing_zyx) <= radius / 2
    surface = np.linalg.norm(np.argwhere(mask & ~ndimage.binary_erosion(mask)) * spacing_zyx - points.mean(0), axis=1)
    return {
        "log_volume": np.log(volume),
        "log_inner_radius": np.log(radius),
        "mean_depth": float(inner[mask].mean()) / volume ** (1 / 3),
        "log_long_axis": np.log(2 * np.sqrt(5) * long),
        "log_middle_axis": np.log(2 * np.sqrt(5) * middle),
        "log_short_axis": np.log(2 * np.sqrt(5) * short),
        "elongation": middle / long,
        "flatness": short / long,
        "sphericity": np.pi ** (1 / 3) * (6 * volume) ** (2 / 3) / area,
        "radial_variation": float(surface.std() / surface.mean()) if surface.mean() > 0 else 0.0,
        "reach": float(np.linalg.norm(from_centre, axis=1).max()) / (3 * volume / 4 / np.pi) ** (1 / 3),
        "share_opened": float((opened & mask).sum()) / count,
        "log_slice_mm": float(np.log(spacing_zyx[0])),
    }


def _largest_slice(mask: NDArray[np.bool_], spacing_zyx: Spacing) -> Numbers:
    pixel = spacing_zyx[1:]
    chosen = mask[int(mask.sum((1, 2)).argmax())]
    area = float(chosen.sum()) * pixel[0] * pixel[1]
    at = np.argwhere(chosen)
    from_centre = (at - at.mean(0)) * pixel
    spread = from_centre.T @ from_centre / len(at) + np.eye(2) * pixel[0] ** 2 / 12
    short, long = np.sqrt(np.linalg.eigvalsh(spread))
    edges = np.pad(chosen, 1).astype(np.int8)
    outline = np.count_nonzero(np.diff(edges, axis=0)) * pixel[1] + np.count_nonzero(np.diff(edges, axis=1)) * pixel[0]
    corners = (at[:, None] + np.array([[-0.5, -0.5], [-0.5, 0.5], [0.5, -0.5], [0.5, 0.5]])).reshape(-1, 2) * pixel
    try:
        hull = float(ConvexHull(corners).volume)  # of a plane figure Qhull calls the area `volume`
    except QhullError:
        hull = area
    return {
        "log_slice_axis": np.log(4 * long),
        "slice_ratio": short / long,
        "slice_roundness": 4 * np.pi * area / (outline * np.pi / 4) ** 2,  # pi/4: a circle's staircase is 4/pi longer
        "slice_solidity": area / hull,
    }


def _density(values: NDArray[np.float32], calm: NDArray[np.float32], mask: NDArray[np.bool_], voxel: float) -> Numbers:
    inside = values[mask]
    low, high = GLASS_HU
    scaled = (inside - inside.mean()) / (inside.std() + 1)
    told = {f"hu_p{p}": float(hu) for p, hu in zip(_PERCENTILES, np.percentile(inside, _PERCENTILES), strict=True)}
    told |= {f"root_above_{hu}": float(np.sqrt((inside > hu).mean())) for hu in DENSE_HU}
    return told | {
        "hu_mean": float(inside.mean()),
        "hu_sd": float(inside.std()),
        "hu_skew": float((scaled**3).mean()),
        "hu_tails": min(float((scaled**4).mean()), 10.0),
        "hu_calm_max": float(calm[mask].max()),
        "log_calcium_mm3": float(np.log1p((inside > 200).sum() * voxel)),
        "log_solid_mm3": float(np.log1p((inside > high).sum() * voxel)),
        "share_glass": float(((inside > low) & (inside < high)).mean()),
        "share_solid": float((inside > high).mean()),
        "share_air": float((inside < low).mean()),
        "log_mass": float(np.log(len(inside) * voxel * np.maximum((inside + 1000) / 1000, 0.01).mean())),
    }


_PERCENTILES = (2, 10, 25, 50, 75, 90, 98)


def _layers(
    values: NDArray[np.float32], calm: NDArray[np.float32], mask: NDArray[np.bool_], inner: NDArray[np.float64]
) -> Numbers:
    """The core is what lies deeper than half the inner radius, the rim is the rest."""
    core = inner > inner.max() / 2
    rim = mask & ~core
    deep, shallow = values[core], values[rim if rim.any() else mask]
    low, middle, high = np.percentile(deep, (10, 50, 90))
    return {
        "core_p10": float(low),
        "core_p50": float(middle),
        "core_p90": float(high),
        "core_sd": float(deep.std()),
        "core_share_solid": float((deep > GLASS_HU[1]).mean()),
        "core_calm_max": float(calm[core].max()),
        "rim_mean": float(shallow.mean()),
        "rim_sd": float(shallow.std()),
    }


def _around(values: NDArray[np.float32], outer: NDArray[np.float64]) -> Numbers:
    told: Numbers = {}
    for low, high in SHELLS_MM:
        shell = values[(outer > low) & (outer <= high)]
        if len(shell) < _FEW:
            shell = np.full(_FEW, LUNG_HU, np.float32)
        p10, p90 = np.percentile(shell, (10, 90))
        told |= {
            f"around_{high:.0f}_mean": float(shell.mean()),
            f"around_{high:.0f}_sd": float(shell.std()),
            f"around_{high:.0f}_p10": float(p10),
            f"around_{high:.0f}_p90": float(p90),
            f"around_{high:.0f}_tissue": float((shell > TISSUE_HU).mean()),
            f"around_{high:.0f}_glass": float(((shell > GLASS_HU[0]) & (shell < TISSUE_HU)).mean()),
        }
    lung = values[(outer > SHELLS_MM[0][1]) & (values < -700)]  # -700: aerated for certain
    enough = len(lung) > 4 * _FEW
    return told | {
        "lung_mean": float(lung.mean()) if enough else LUNG_HU,
        "lung_sd": float(lung.std()) if enough else LUNG_SD_HU,
    }


def _edge(
    calm: NDArray[np.float32],
    mask: NDArray[np.bool_],
    inner: NDArray[np.float64],
    outer: NDArray[np.float64],
    spacing_zyx: Spacing,
) -> Numbers:
    """How steep the edge is, HU/mm within the slices."""
    along_y, along_x = np.gradient(calm, spacing_zyx[1], spacing_zyx[2], axis=(1, 2))
    slope = np.sqrt(along_y**2 + along_x**2)
    band = 1.5 * spacing_zyx[2]
    edge = slope[(outer <= band) & (inner <= band)]
    return {
        "edge_mean": float(edge.mean()) if len(edge) else 0.0,
        "edge_sd": float(edge.std()) if len(edge) else 0.0,
        "edge_p10": float(np.percentile(edge, 10)) if len(edge) else 0.0,
        "core_slope": float(slope[inner > inner.max() / 2].mean()),
    }


def _names() -> tuple[str, ...]:
    ball = np.zeros((3, 5, 5), bool)
    ball[1, 1:4, 1:4] = True
    return tuple(numbers_of(np.where(ball, 0, -850).astype(np.int16), ball, (1.0, 1.0, 1.0)))


NAMES = _names()
