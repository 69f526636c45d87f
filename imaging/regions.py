"""Which places are shown to a reader, and where does each begin and end?

The best place is taken, with it whatever lies within it, then the best of what is left. Ties are broken by place, so
the same volume always gives the same regions in the same order.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from imaging.blocks import NAMES, Blocks
from imaging.candidates import Candidates
from imaging.lump import Lumps
from imaging.volume import Volume

FLAG_BLOCK = 0.5  # as likely a lump as not, had both been equally frequent when the score was learned
LEAST_SCORE = 0.007  # of a place; the rims of drawn lungs without anything in them reach 0.004
MOST_REGIONS = 8  # what a reader will look at; the rest of the flagged blocks are counted, not shown
LEAST_APART_MM = 5.0  # centres nearer than this, or than the larger one's radius, are one region


@dataclass(frozen=True, kw_only=True)
class Match:
    """An annotated case that looks alike; `ratings` are readers' opinions (1-5, calcification 1-6), not pathology."""

    case: str
    label: str
    similarity: float
    ratings: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Region:
    """A place to look at. `box_lps_mm` holds its lowest and highest corner; `features` are those of its best block.

    `matches` is empty and `known` is None (not judged) where there was no bank of annotated cases to compare with.
    """

    rank: int
    score: float
    centre_lps_mm: tuple[float, float, float]
    box_lps_mm: tuple[tuple[float, float, float], tuple[float, float, float]]
    features: dict[str, float]
    matches: tuple[Match, ...] = ()
    known: bool | None = None


def regions(
    volume: Volume, found: Candidates, seen: Lumps, score: NDArray[np.float64], most: int = MOST_REGIONS
) -> tuple[Region, ...]:
    """Return at most `most` regions of the scored places (N,), the highest score first."""
    centre_mm = seen.centre * np.array(volume.spacing_mm)
    left = score >= LEAST_SCORE
    result: list[Region] = []
    for best in np.argsort(-score, kind="stable"):
        if len(result) == most:
            break
        if not left[best]:
            continue
        result.append(_region(volume, found, seen, score, len(result) + 1, int(best)))
        apart = np.linalg.norm(centre_mm - centre_mm[best], axis=1)
        left &= apart >= np.maximum(np.maximum(seen.radius_mm, seen.radius_mm[best]), LEAST_APART_MM)
    return tuple(result)


def flagged(scored: Sequence[tuple[Blocks, NDArray[np.float32]]]) -> int:
    """Return how many blocks of all sizes reach the flag score."""
    return int(sum((score >= FLAG_BLOCK).sum() for _, score in scored))


def _region(volume: Volume, found: Candidates, seen: Lumps, score: NDArray[np.float64], rank: int, best: int) -> Region:
    spacing, last = np.array(volume.spacing_mm), np.array(volume.hu.shape[::-1]) - 1
    below, above = np.maximum(seen.half_mm[best] / spacing, 0.5)
    middle = seen.centre[best]
    # The box runs along the faces of its voxels, half a voxel out from their centres.
    corners = volume.to_lps(np.array([np.maximum(middle - below, -0.5), np.minimum(middle + above, last + 0.5)]))
    (x0, y0, z0), (x1, y1, z1) = corners.min(axis=0).tolist(), corners.max(axis=0).tolist()
    x, y, z = volume.to_lps(middle).tolist()
    features = found.features[seen.of[best]]
    return Region(
        rank=rank,
        score=round(float(score[best]), 4),
        centre_lps_mm=(round(x, 2), round(y, 2), round(z, 2)),
        box_lps_mm=((round(x0, 2), round(y0, 2), round(z0, 2)), (round(x1, 2), round(y1, 2), round(z1, 2))),
        features={name: round(float(value), 4) for name, value in zip(NAMES, features, strict=True)},
    )
