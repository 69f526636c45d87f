"""What would this scan look like with a nodule more? Nodules planted at known places, for learning and for tests.

A planted nodule is a lump with an uneven outline, mixed into the scan with the blur of the scan itself: an edge soft
over about a millimetre in the slice, and the mean over its thickness along z. What it covers stays visible where it is
brighter (a vessel through ground-glass). It is no real lesion: every figure made with it must say "planted".
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from imaging.lung_mask import LungMask
from imaging.volume import Volume

Setting = Literal["free", "pleura", "vessel"]
SETTINGS: tuple[Setting, ...] = ("free", "pleura", "vessel")
EDGE_MM = 0.45  # logistic width: 10 to 90 % within 2 mm, as a standard kernel draws a sharp edge
NOISE_HU = 20.0  # inside the nodule, of a standard chest CT
WAVES, UNEVENNESS = 4, 0.07  # of the outline: 4 waves of 7 % of the radius; round to lobulated
SLABS = 5  # sub-slices averaged for the thickness of a slice
AERATED_HU = -700  # below: lung without vessels
TISSUE_HU = -400  # above: vessels, half way to soft tissue


@dataclass(frozen=True, kw_only=True)
class Nodule:
    """One to plant. About 30 HU is solid, -600 HU ground-glass. `seed` draws its outline and its noise."""

    centre_lps_mm: tuple[float, float, float]
    diameter_mm: float
    hu: float
    seed: int = 0


def plant(volume: Volume, nodules: Sequence[Nodule]) -> Volume:
    """Return a copy of the volume with the nodules in it; the same nodules give the same voxels."""
    hu = volume.hu.copy()
    for nodule in nodules:
        rng = np.random.default_rng(nodule.seed)
        box, offsets = _around(volume, nodule)
        share = _share(offsets, nodule.diameter_mm / 2, volume.spacing_mm[2], rng)
        inside = nodule.hu + NOISE_HU * rng.standard_normal(share.shape)
        blend(hu, box, share, inside)
    return replace(volume, hu=hu)


def blend(
    hu: NDArray[np.int16], box: tuple[slice, ...], share: NDArray[np.float64], inside: NDArray[np.float64]
) -> None:
    """Mix `inside` HU into `hu[box]` by `share`, 0 to 1; what was brighter stays."""
    there = hu[box].astype(float)
    mixed = there + share * (inside - there)
    mixed = np.where((there > inside) & (there > AERATED_HU), there, mixed)
    hu[box] = np.clip(np.rint(mixed), -1024, 3071).astype(np.int16)


@dataclass(frozen=True, kw_only=True)
class Ground:
    """Where in a scan something may be planted, on the lung mask's grid: distances in mm (MZ, MY, MX) from within the
    lung to its wall and from anywhere to the nearest vessel, and where lung is aerated."""

    step: tuple[int, int, int]
    to_wall_mm: NDArray[np.float32]
    to_vessel_mm: NDArray[np.float32]
    is_aerated: NDArray[np.bool_]


def ground(volume: Volume, lung: LungMask) -> Ground:
    """Return the ground of a scan; takes a second or two, once a scan."""
    x, y, z = lung.step
    spacing = tuple(one * mm for one, mm in zip((z, y, x), volume.spacing_mm[::-1], strict=True))
    hu = volume.hu[::z, ::y, ::x]
    to_wall = ndimage.distance_transform_edt(lung.mask, sampling=spacing)
    to_vessel = ndimage.distance_transform_edt(~(lung.mask & (hu > TISSUE_HU)), sampling=spacing)
    return Ground(
        step=lung.step,
        to_wall_mm=to_wall.astype(np.float32),
        to_vessel_mm=to_vessel.astype(np.float32),
        is_aerated=lung.mask & (hu < AERATED_HU),
    )


def place(
    volume: Volume,
    here: Ground,
    setting: Setting,
    radius_mm: float,
    rng: np.random.Generator,
    avoid: NDArray[np.float64],
) -> tuple[float, float, float] | None:
    """Return a centre in lung for a nodule: free, touching the pleura, or touching a vessel; None if there is none.

    Args: avoid: boxes (N, 2, 3) in LPS mm that it must not come near (15 mm), such as true lesions.
    """
    if setting == "pleura":
        fits = (here.to_wall_mm > 0.3 * radius_mm) & (here.to_wall_mm < max(0.9 * radius_mm, 3.0))
    else:
        fits = (here.to_wall_mm > radius_mm + 3) & (here.to_vessel_mm > 0.3 * radius_mm)
        near = here.to_vessel_mm < radius_mm + 1
        fits &= near if setting == "vessel" else here.to_vessel_mm > radius_mm + 2
    at = np.flatnonzero(fits & here.is_aerated)
    for one in rng.choice(at, min(200, len(at)), replace=False):
        zyx = np.array(np.unravel_index(one, here.is_aerated.shape))
        centre = volume.to_lps(zyx[::-1] * np.array(here.step, float))
        if all(np.any((centre < low - 15) | (centre > high + 15)) for low, high in avoid):
            return (float(centre[0]), float(centre[1]), float(centre[2]))
    return None


def _around(volume: Volume, nodule: Nodule) -> tuple[tuple[slice, ...], list[NDArray[np.float64]]]:
    """Return the box of voxels about a nodule, and their offsets in mm from its centre along z, y, x."""
    centre = volume.to_voxel(np.array(nodule.centre_lps_mm))[::-1]
    reach = nodule.diameter_mm * (0.5 + WAVES * UNEVENNESS / 2) + 3 * EDGE_MM
    box, offsets = [], []
    for axis, (middle, mm) in enumerate(zip(centre, volume.spacing_mm[::-1], strict=True)):
        low = max(0, int(np.floor(middle - reach / mm - 0.5)))
        high = min(volume.hu.shape[axis], int(np.ceil(middle + reach / mm + 0.5)) + 1)
        box.append(slice(low, high))
        shape = [1, 1, 1]
        shape[axis] = -1
        offsets.append(((np.arange(low, high) - middle) * mm).reshape(shape))
    return tuple(box), offsets


def _share(
    offsets: list[NDArray[np.float64]], radius_mm: float, thickness_mm: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Return how much of each voxel the nodule fills, 0 to 1."""
    z, y, x = offsets
    ways = rng.standard_normal((WAVES, 3))
    ways /= np.linalg.norm(ways, axis=1, keepdims=True)
    phases = rng.uniform(0, 2 * np.pi, WAVES)
    stretch = np.exp(rng.normal(0, 0.1, 3))  # ovals of up to about 1 to 1.3
    stretch /= stretch.prod() ** (1 / 3)
    total = np.zeros(np.broadcast_shapes(z.shape, y.shape, x.shape))
    for slab in (np.arange(SLABS) + 0.5) / SLABS - 0.5:
        point = [(z + slab * thickness_mm) / stretch[0], y / stretch[1], x / stretch[2]]
        distance = np.sqrt(point[0] ** 2 + point[1] ** 2 + point[2] ** 2) + 1e-6
        outline = sum(
            np.cos(2.5 * (point[0] * way[0] + point[1] * way[1] + point[2] * way[2]) / distance + phase)
            for way, phase in zip(ways, phases, strict=True)
        )
        edge = radius_mm * (1 + UNEVENNESS * outline) - distance
        total += 1 / (1 + np.exp(-np.clip(edge / EDGE_MM, -30, 30)))
    return total / SLABS
