"""The kernels of `blocks_shape` once more in plain NumPy: what the tests hold the fast ones against."""

import numpy as np
from numpy.typing import NDArray

from imaging.blocks_shape import (
    BEYOND,
    FAR_MM,
    FLAT,
    LEAST_MIDDLE,
    MEANS_AT,
    QUANTILES,
    SHELLS_MM,
    SPREADS_AT,
    UPRIGHT,
    radii_at,
)

Floats = NDArray[np.float64]


def distinct_numpy(centre_mm: Floats, score: NDArray[np.float32], apart_mm: float) -> NDArray[np.int64]:
    """Return what `blocks_shape.distinct` returns."""
    chosen: list[int] = []
    for one in np.argsort(-score, kind="stable"):
        if all(((centre_mm[other] - centre_mm[one]) ** 2).sum() >= apart_mm**2 for other in chosen):
            chosen.append(int(one))
    return np.array(chosen, np.int64)


def shapes_numpy(
    tissue: NDArray[np.float32],
    inside: NDArray[np.bool_],
    length: Floats,
    is_cut: NDArray[np.bool_],
    around: Floats,
    rays: Floats,
    radii_mm: Floats,
) -> Floats:
    """Return what `blocks_shape.shapes` returns."""
    half = len(rays) // 2
    radius = np.median(length, axis=1)
    across = length[:, :half] + length[:, half:]
    held = np.minimum(length, 3 * radius[:, None])
    spread = np.maximum(np.linalg.eigvalsh(np.einsum("nd,di,dj->nij", held**2, rays, rays)), 0)
    upright = np.abs(rays[:, 2])
    along_z, in_plane = held[:, upright > UPRIGHT].mean(axis=1), held[:, upright < FLAT].mean(axis=1)
    many = inside.sum(axis=1)
    value = np.where(inside, tissue.astype(float), 0)
    mean = value.sum(axis=1) / np.maximum(many, 1)
    sd = np.sqrt(np.maximum((value**2).sum(axis=1) / np.maximum(many, 1) - mean**2, 0))
    at = radii_at(radii_mm)
    shells, out = at[: len(SHELLS_MM)], at[len(SHELLS_MM) :]
    means = np.stack([_at_radius(mean, radii_mm, share * radius) for share in MEANS_AT], axis=1)
    sds = np.stack([_at_radius(sd, radii_mm, share * radius) for share in SPREADS_AT], axis=1)
    return np.concatenate(
        [
            np.log1p(np.quantile(length, QUANTILES, axis=1).T),
            np.log1p(np.quantile(across, QUANTILES, axis=1).T),
            (length > 2 * radius[:, None]).mean(axis=1, keepdims=True),
            (length > FAR_MM).mean(axis=1, keepdims=True),
            (across > 3 * radius[:, None]).mean(axis=1, keepdims=True),
            np.log(spread[:, 1:] + 1e-3) - np.log(spread[:, :1] + 1e-3),
            np.log((along_z + 0.5) / (in_plane + 0.5))[:, None],
            mean[:, shells],
            sd[:, shells[1:]],
            means,
            sds,
            means[:, BEYOND:] / np.maximum(mean[:, :1], LEAST_MIDDLE),
            (1 - inside.mean(axis=1))[:, out],
            is_cut.mean(axis=1, keepdims=True),
            around[:, None],
        ],
        axis=1,
    )


def _at_radius(profile: Floats, radii_mm: Floats, radius: Floats) -> Floats:
    """Return each row of `profile` (N, R) at its own radius (N,) mm."""
    after = np.clip(np.searchsorted(radii_mm, radius), 1, len(radii_mm) - 1)
    low, high = radii_mm[after - 1], radii_mm[after]
    share = np.clip((radius - low) / (high - low), 0, 1)
    row = np.arange(len(profile))
    return np.asarray(profile[row, after - 1] * (1 - share) + profile[row, after] * share, float)
