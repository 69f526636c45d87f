"""Which flagged blocks belong together, and where is each lump?

The best block is taken, with it the flagged blocks of any size that overlap it, then the best of what is left. Ties
are broken by place, so the same volume always gives the same regions in the same order.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from imaging.blocks import NAMES, Blocks, Cells
from imaging.volume import Volume

FLAG_SCORE = 0.10  # reasoned: the labelled lesions looked at score 0.24 to 0.43, single vessels mostly below this
MOST_REGIONS = 8  # what a reader will look at; the rest of the flagged blocks are counted, not shown
MOST_CANDIDATES = 5_000  # per block size, by score; bounds the time on a lung full of disease
SAME_PLACE = 0.9  # of the larger block's side: centres nearer than this along every axis are one place
MEMBER_SHARE = 0.5  # of the best block's score: members above it widen the box, weaker ones only vanish into it


@dataclass(frozen=True, kw_only=True)
class Match:
    """An annotated case that looks alike; `ratings` are readers' opinions, 1 to 5 (calcification to 6), not pathology."""

    case: str
    label: str
    similarity: float
    ratings: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Region:
    """A place to look at. `box_lps_mm` holds its lowest and highest corner; `features` are those of its best block.

    `matches` is empty and `known` is None (not judged) until there is a bank of annotated cases to compare with.
    """

    rank: int
    score: float
    centre_lps_mm: tuple[float, float, float]
    box_lps_mm: tuple[tuple[float, float, float], tuple[float, float, float]]
    features: dict[str, float]
    matches: tuple[Match, ...] = ()
    known: bool | None = None


@dataclass(frozen=True, kw_only=True)
class _Candidates:
    """Flagged blocks of all sizes, best first: scores (N,), corners in voxels (N, 3) x, y, z, features (N, 4)."""

    score: NDArray[np.float32]
    low: NDArray[np.int64]
    high: NDArray[np.int64]
    features: NDArray[np.float32]


def regions(
    volume: Volume, cells: Cells, scored: Sequence[tuple[Blocks, NDArray[np.float32]]], most: int = MOST_REGIONS
) -> tuple[Region, ...]:
    """Return at most `most` regions, the highest score first."""
    found = _candidates(cells, scored)
    side = (found.high - found.low).astype(float)
    centre = (found.high + found.low) / 2
    left = np.ones(len(found.score), bool)
    result: list[Region] = []
    while left.any() and len(result) < most:
        best = int(np.argmax(left))
        near = left & (np.abs(centre - centre[best]) <= SAME_PLACE * np.maximum(side, side[best])).all(axis=1)
        members = near & (found.score >= MEMBER_SHARE * found.score[best])
        result.append(_region(volume, found, len(result) + 1, best, members))
        left &= ~near
    return tuple(result)


def flagged(scored: Sequence[tuple[Blocks, NDArray[np.float32]]]) -> int:
    """Return how many blocks of all sizes reach the flag score."""
    return int(sum((score >= FLAG_SCORE).sum() for _, score in scored))


def _candidates(cells: Cells, scored: Sequence[tuple[Blocks, NDArray[np.float32]]]) -> _Candidates:
    scores, lows, highs, features = [], [], [], []
    for blocks, score in scored:
        at = np.flatnonzero(score >= FLAG_SCORE)
        at = at[np.argsort(-score.ravel()[at], kind="stable")][:MOST_CANDIDATES]
        zyx = np.stack(np.unravel_index(at, score.shape), axis=1)
        low = (zyx[:, ::-1] + np.array(cells.first)) * np.array(cells.shape_vox)
        scores.append(score.ravel()[at])
        lows.append(low)
        highs.append(low + np.array(blocks.side) * np.array(cells.shape_vox))
        features.append(np.stack([getattr(blocks, name).ravel()[at] for name in NAMES], axis=1))
    order = np.argsort(-np.concatenate(scores), kind="stable")  # equal scores: smaller blocks first, then by place
    return _Candidates(
        score=np.concatenate(scores)[order],
        low=np.concatenate(lows)[order],
        high=np.concatenate(highs)[order],
        features=np.concatenate(features)[order],
    )


def _region(volume: Volume, found: _Candidates, rank: int, best: int, members: NDArray[np.bool_]) -> Region:
    shape_xyz = np.array(volume.hu.shape[::-1])
    low = np.maximum(found.low[members].min(axis=0), 0)
    high = np.minimum(found.high[members].max(axis=0), shape_xyz)
    # The box runs along the faces of its voxels, half a voxel out from their centres.
    corners = volume.to_lps(np.array([low - 0.5, high - 0.5]))
    (x0, y0, z0), (x1, y1, z1) = corners.min(axis=0).tolist(), corners.max(axis=0).tolist()
    box = ((round(x0, 2), round(y0, 2), round(z0, 2)), (round(x1, 2), round(y1, 2), round(z1, 2)))
    x, y, z = volume.to_lps((found.low[best] + np.minimum(found.high[best], shape_xyz) - 1) / 2).tolist()
    return Region(
        rank=rank,
        score=round(float(found.score[best]), 4),
        centre_lps_mm=(round(x, 2), round(y, 2), round(z, 2)),
        box_lps_mm=box,
        features={name: round(float(value), 4) for name, value in zip(NAMES, found.features[best], strict=True)},
    )
