"""Which blocks deserve a second look? The places where the block score is highest around, of every size.

A place is a block whose score no neighbouring block of its size exceeds. Their number is bounded for each size, so
that a lung full of vessels costs no more time than an empty one; which ones follows from scores and places alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imaging.blocks import NAMES, Blocks, Cells
from imaging.blocks_peaks import peaks


@dataclass(frozen=True, kw_only=True)
class Candidates:
    """Peaks of the block score, best first within each size.

    `centre` (N, 3) in voxels x, y, z; `size` (N,) index of the block size; `score` (N,); `features` (N, 4); `low`,
    `high` (N, 3): the block's first voxel and the one after its last.
    """

    centre: NDArray[np.float64]
    size: NDArray[np.int64]
    score: NDArray[np.float32]
    features: NDArray[np.float32]
    low: NDArray[np.int64]
    high: NDArray[np.int64]


def candidates(cells: Cells, scored: Sequence[tuple[Blocks, NDArray[np.float32]]], most: Sequence[int]) -> Candidates:
    """Return at most `most[k]` peaks of the k-th block size."""
    parts = [peaks(score)[:number] for (_, score), number in zip(scored, most, strict=True)]
    size = np.repeat(np.arange(len(parts)), [len(one) for one in parts])
    side, stride = (np.array([getattr(blocks, name) for blocks, _ in scored])[size] for name in ("side", "stride"))
    low = np.concatenate([at[:, ::-1] for at in parts]) * stride + np.array(cells.first)
    picked = [(blocks, score, tuple(at.T)) for (blocks, score), at in zip(scored, parts, strict=True)]
    shape = np.array(cells.shape_vox)
    return Candidates(
        centre=(low + side / 2) * shape - 0.5,
        size=size,
        score=np.concatenate([score[at] for _, score, at in picked]),
        features=np.concatenate(
            [np.stack([getattr(blocks, name)[at] for name in NAMES], axis=1) for blocks, _, at in picked]
        ),
        low=low * shape,
        high=(low + side) * shape,
    )
