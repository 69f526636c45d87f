"""Is lung denser than it should be, hazy or wholly?

It misleads as its two parts do: shallow breath, motion, and lung that is wholly dense and not drawn as lung.
"""

from collections.abc import Sequence

from imaging.absent import Absent
from imaging.examine import Examined
from imaging.findings.base import of_spots
from imaging.signs import lung
from imaging.signs.spots import Spot


def _hazy_or_dense(examined: Examined) -> Sequence[Spot] | Absent:
    hazy, dense = lung.glass(examined.scene), lung.dense(examined.scene)
    if isinstance(hazy, Absent) or isinstance(dense, Absent):
        return hazy if isinstance(hazy, Absent) else dense
    return (*hazy, *dense)


FINDER = of_spots(
    key="opacity",
    looks_for="hazy or dense parts of the lungs",
    method="ground-glass or dense parts of the lungs",
    sign=_hazy_or_dense,
    narrower=("groundglass", "consolidation"),
)
