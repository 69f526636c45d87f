"""Which voxel belongs to which organ, whoever drew it: our own segmenter, another tool, a reader.

Organs are named as TotalSegmentator v2 names its classes (`liver`, `lung_upper_lobe_left`, `vertebrae_L1`), so that
its files and ours are read alike; ours beside them are `body` (every labelled voxel), `lungs`, `airways`, `bone` and
`heart`. A name may stand for several numbers: `lungs` for its lobes, `bone` for every vertebra and rib.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from imaging.absent import Absent
from imaging.errors import NotAVolume


@dataclass(frozen=True, kw_only=True)
class Labels:
    """One organ number a voxel, on the grid of the volume it belongs to.

    `voxels` is uint8 or uint16 (Z, Y, X), 0 where nothing is labelled; `numbers` names what the other numbers mean
    (several numbers: the organ's parts); `absent` says of an organ that was looked for why it is not there; `method`
    is who drew it, in words that stand beside a measurement; `levels` how the vertebrae were counted, where they were;
    `doubts` how far an organ's drawing is known to lie off, as a share of its volume (1 sd) and in words.
    """

    voxels: NDArray[np.uint8] | NDArray[np.uint16]
    numbers: Mapping[str, tuple[int, ...]]
    absent: Mapping[str, str] = field(default_factory=dict)
    method: str
    levels: str = ""
    doubts: Mapping[str, tuple[float, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.voxels.ndim != 3 or self.voxels.dtype not in (np.uint8, np.uint16):
            raise NotAVolume(f"labels are uint8 or uint16 (Z, Y, X), not {self.voxels.dtype} {self.voxels.shape}")

    def mask(self, organ: str) -> NDArray[np.bool_] | Absent:
        """Return True (Z, Y, X) where the organ is; Absent with the reason when it is not labelled at all."""
        if organ == "body":
            inside = self.voxels > 0
            return inside if inside.any() else Absent(reason="nothing is labelled")
        if organ not in self.numbers:
            return Absent(reason=self.absent.get(organ, f"{organ.replace('_', ' ')} is not labelled"))
        inside = self._any_of(self.numbers[organ])
        return inside if inside.any() else Absent(reason=self.absent.get(organ, f"no {organ.replace('_', ' ')} here"))

    def _any_of(self, numbers: tuple[int, ...]) -> NDArray[np.bool_]:
        most = int(np.iinfo(self.voxels.dtype).max)
        wanted = [one for one in numbers if 0 <= one <= most]
        if len(wanted) <= 2:  # several times as fast as looking every voxel up
            inside = np.zeros(self.voxels.shape, bool)
            for one in wanted:
                inside |= self.voxels == one
            return inside
        chosen = np.zeros(most + 1, bool)
        chosen[wanted] = True
        return chosen[self.voxels]
