"""What shape do the rays of a place tell of? Some 60 numbers of each place, and which places are one and the same.

Users of numba, like `blocks`: each place by itself, in a fixed order. `blocks_shape_numpy` holds the plain twins.
"""

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

QUANTILES = (0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0)
SHELLS_MM = (0.0, 2.0, 4.0, 6.0, 8.0, 12.0, 16.0, 24.0)  # where tissue is told at fixed distances
OUT_MM = (2.0, 4.0, 8.0, 12.0, 16.0, 24.0)  # where it is told how much is not lung
MEANS_AT = (0.5, 0.8, 1.2, 1.6, 2.0, 3.0)  # of the radius: tissue in and about what lies there
SPREADS_AT = (0.5, 1.0, 1.5, 2.0, 3.0)
BEYOND = 2  # of MEANS_AT: from here outside, told over the middle's as well
FAR_MM = 23.0  # a ray as long as this is in a vessel, a wall or a mass
UPRIGHT, FLAT = 0.7, 0.4  # of a ray's z: along the patient, in the slice
LEAST_MIDDLE = 0.06  # of solid; half of what ends a ray
NUMBERS = 2 * 7 + 3 + 2 + 1 + 8 + 7 + 6 + 5 + 4 + 1 + 6 + 1


def shapes(
    tissue: NDArray[np.float32],
    inside: NDArray[np.bool_],
    length: NDArray[np.float64],
    is_cut: NDArray[np.bool_],
    around: NDArray[np.float64],
    rays: NDArray[np.float64],
    radii_mm: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return the numbers (N, NUMBERS) of places, of what `blocks_rays.seen` says of them and the lung `around` (N,)."""
    parts = tissue, inside.view(np.uint8), length, is_cut.view(np.uint8), around
    return np.asarray(_shapes(*parts, rays, radii_mm, radii_at(radii_mm)), float)


def radii_at(radii_mm: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return which radii are those of SHELLS_MM and then of OUT_MM."""
    return np.array([int(np.flatnonzero(radii_mm == one)[0]) for one in (*SHELLS_MM, *OUT_MM)])


def distinct(centre_mm: NDArray[np.float64], score: NDArray[np.float32], apart_mm: float) -> NDArray[np.int64]:
    """Return the places (M,) that no better one lies closer to than `apart_mm`, best first, equal ones in order."""
    order = np.argsort(-score, kind="stable")
    return np.asarray(order[_distinct(centre_mm[order], apart_mm * apart_mm)], np.int64)


@njit(cache=True)
def _distinct(at, apart):  # type: ignore[no-untyped-def]
    kept, many = np.empty(at.shape[0], np.int64), 0
    for one in range(at.shape[0]):
        is_new = True
        for k in range(many):
            other = kept[k]
            x, y, z = at[one, 0] - at[other, 0], at[one, 1] - at[other, 1], at[one, 2] - at[other, 2]
            if x * x + y * y + z * z < apart:
                is_new = False
                break
        if is_new:
            kept[many] = one
            many += 1
    return kept[:many]


@njit(parallel=True, cache=True)
def _shapes(tissue, inside, length, is_cut, around, rays, radii, at_radii):  # type: ignore[no-untyped-def]
    many, of_rays = length.shape
    out = np.empty((many, NUMBERS))
    for one in prange(many):
        radius = np.median(length[one])
        across = length[one, : of_rays // 2] + length[one, of_rays // 2 :]
        at = _add_quantiles(length[one], out[one], 0)
        at = _add_quantiles(across, out[one], at)
        out[one, at] = (length[one] > 2 * radius).sum() / of_rays
        out[one, at + 1] = (length[one] > FAR_MM).sum() / of_rays
        out[one, at + 2] = (across > 3 * radius).sum() / across.shape[0]
        at = _add_spread(np.minimum(length[one], 3 * radius), rays, out[one], at + 3)
        at = _add_profile(tissue[one], inside[one], radius, radii, at_radii, out[one], at)
        out[one, at] = is_cut[one].sum() / of_rays
        out[one, at + 1] = around[one]
    return out


@njit(cache=True)
def _add_quantiles(values, out, at):  # type: ignore[no-untyped-def]
    ordered = np.sort(values)
    for share in QUANTILES:
        place = share * (ordered.shape[0] - 1)
        low = min(int(place), ordered.shape[0] - 2)
        out[at] = np.log1p(ordered[low] + (place - low) * (ordered[low + 1] - ordered[low]))
        at += 1
    return at


@njit(cache=True)
def _add_spread(held, rays, out, at):  # type: ignore[no-untyped-def]
    """How far the ends reach along their three main axes, and along the patient beside in the slice."""
    matrix = np.zeros((3, 3))
    upright, flat, of_upright, of_flat = 0.0, 0.0, 0, 0
    for ray in range(rays.shape[0]):
        for i in range(3):
            for j in range(3):
                matrix[i, j] += held[ray] * held[ray] * rays[ray, i] * rays[ray, j]
        if abs(rays[ray, 2]) > UPRIGHT:
            upright, of_upright = upright + held[ray], of_upright + 1
        if abs(rays[ray, 2]) < FLAT:
            flat, of_flat = flat + held[ray], of_flat + 1
    least, middle, most = _eigenvalues(matrix)
    out[at] = np.log(middle + 1e-3) - np.log(least + 1e-3)
    out[at + 1] = np.log(most + 1e-3) - np.log(least + 1e-3)
    out[at + 2] = np.log((upright / of_upright + 0.5) / (flat / of_flat + 0.5))
    return at + 3


@njit(cache=True)
def _eigenvalues(a):  # type: ignore[no-untyped-def]
    """Return the eigenvalues of a symmetric 3 x 3 matrix, smallest first. Source: Smith 1961,
    doi:10.1145/355578.366316."""
    middle = (a[0, 0] + a[1, 1] + a[2, 2]) / 3
    off = a[0, 1] ** 2 + a[0, 2] ** 2 + a[1, 2] ** 2
    scale = np.sqrt(((a[0, 0] - middle) ** 2 + (a[1, 1] - middle) ** 2 + (a[2, 2] - middle) ** 2 + 2 * off) / 6)
    if scale == 0:
        return middle, middle, middle
    b = (a - middle * np.eye(3)) / scale
    half = (
        b[0, 0] * (b[1, 1] * b[2, 2] - b[1, 2] * b[2, 1])
        - b[0, 1] * (b[1, 0] * b[2, 2] - b[1, 2] * b[2, 0])
        + b[0, 2] * (b[1, 0] * b[2, 1] - b[1, 1] * b[2, 0])
    ) / 2
    angle = np.arccos(min(max(half, -1.0), 1.0)) / 3
    most = middle + 2 * scale * np.cos(angle)
    least = middle + 2 * scale * np.cos(angle + 2 * np.pi / 3)
    return max(least, 0.0), 3 * middle - most - least, most


@njit(cache=True)
def _add_profile(tissue, inside, radius, radii, at_radii, out, at):  # type: ignore[no-untyped-def]
    """Tissue within the mask at fixed distances, at shares of the radius; then how much is out of the mask."""
    many = radii.shape[0]
    n, total, squares = np.zeros(many), np.zeros(many), np.zeros(many)
    for ray in range(tissue.shape[0]):
        for step in range(many):
            value = np.float64(tissue[ray, step]) * inside[ray, step]
            n[step] += inside[ray, step]
            total[step] += value
            squares[step] += value * value
    mean = total / np.maximum(n, 1)
    sd = np.sqrt(np.maximum(squares / np.maximum(n, 1) - mean * mean, 0.0))
    share_out = 1 - n / tissue.shape[0]
    shells = len(SHELLS_MM)
    for one in range(shells):
        out[at + one] = mean[at_radii[one]]
        if one:
            out[at + shells - 1 + one] = sd[at_radii[one]]
    at += 2 * shells - 1
    for share in MEANS_AT:
        out[at] = _at_radius(mean, radii, share * radius)
        at += 1
    for share in SPREADS_AT:
        out[at] = _at_radius(sd, radii, share * radius)
        at += 1
    for share in MEANS_AT[BEYOND:]:
        out[at] = _at_radius(mean, radii, share * radius) / max(mean[0], LEAST_MIDDLE)
        at += 1
    for one in range(shells, at_radii.shape[0]):
        out[at] = share_out[at_radii[one]]
        at += 1
    return at


@njit(cache=True)
def _at_radius(profile, radii, mm):  # type: ignore[no-untyped-def]
    after = min(max(np.searchsorted(radii, mm), 1), radii.shape[0] - 1)
    share = min(max((mm - radii[after - 1]) / (radii[after] - radii[after - 1]), 0.0), 1.0)
    return profile[after - 1] * (1 - share) + profile[after] * share
