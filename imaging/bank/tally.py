"""What do some voxels measure, told from how often each HU occurs among them? HU are whole numbers: nothing is lost."""

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from imaging.blocks_describe import HIGHEST_HU, LOWEST_HU

HU = np.arange(LOWEST_HU, HIGHEST_HU + 1, dtype=np.float64)


class Tally:
    """`counts` (HU,) from -1024 to 1500; at least one voxel, but for `count` and the shares of `up_to`."""

    def __init__(self, counts: NDArray[np.int64]) -> None:
        self.counts = counts
        self.up_to = np.cumsum(counts)
        self.count = int(self.up_to[-1])

    @cached_property
    def mean(self) -> float:
        """Mean HU."""
        return float(self.counts @ HU) / self.count

    @cached_property
    def sd(self) -> float:
        """Standard deviation in HU, of these voxels (not of a sample)."""
        return float(np.sqrt(self.counts @ np.square(HU - self.mean) / self.count))

    def moment(self, power: int) -> float:
        """Mean of ((HU - mean) / (sd + 1)) to a power: the 1 HU keeps an even lump's finite."""
        return float(self.counts @ _power(HU - self.mean, power)) / self.count / (self.sd + 1) ** power

    def mean_of(self, weights: NDArray[np.float64]) -> float:
        """Mean of what each HU is worth (HU,)."""
        return float(self.counts @ weights) / self.count

    def share_above(self, hu: float) -> float:
        """Share of the voxels above this, which is a whole number."""
        return 1 - float(self.up_to[int(hu) - LOWEST_HU]) / self.count

    def share_between(self, low: float, high: float) -> float:
        """Share of the voxels above `low` and below `high`, whole numbers."""
        return float(self.up_to[int(high) - 1 - LOWEST_HU] - self.up_to[int(low) - LOWEST_HU]) / self.count

    def percentiles(self, wanted: Sequence[float]) -> list[float]:
        """HU below which these percents lie, with NumPy's straight line between two neighbours."""
        at = np.array(wanted) / 100 * (self.count - 1)
        below = np.floor(at)
        low, high = (HU[np.searchsorted(self.up_to, one, "right")] for one in (below, np.ceil(at)))
        return [float(hu) for hu in low + (at - below) * (high - low)]


def _power(value: NDArray[np.float64], power: int) -> NDArray[np.float64]:
    """By products: NumPy's own power takes a logarithm of each."""
    squared = value * value
    return squared * value if power == 3 else squared * squared
