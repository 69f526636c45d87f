"""Everything that is told of one CT: what screening saw, the organs, what the series is fit for, the numbers.

The chain after reading: screen, label the organs (handed in, or by our own segmenter), judge the series, measure.
Findings rest on what comes out. Nothing here knows a patient record or a database.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from imaging.absent import Absent
from imaging.gate import Fitness, judge
from imaging.labels import Labels
from imaging.measure import MEASURES
from imaging.measure.base import Measurement
from imaging.segment.own import OWN
from imaging.signs.nodule import Lump, lumps
from imaging.signs.scene import Scene, scene
from imaging.study import Screening, screen
from imaging.volume import Volume


@dataclass(frozen=True, kw_only=True)
class Examined:
    """One CT, examined. `measurements` are in display order, refusals with their reasons among them."""

    volume: Volume
    screening: Screening
    labels: Labels
    fitness: Fitness
    measurements: tuple[Measurement, ...]

    @cached_property
    def scene(self) -> Scene:
        """The scan on a coarse grid with its large parts told apart; made when first asked for."""
        return scene(self.volume, self.labels)

    @cached_property
    def lumps(self) -> tuple[Lump, ...] | Absent:
        """The outlined lumps in the flagged regions; drawn when first asked for, several findings rest on them."""
        return lumps(self.volume, self.screening)

    def measured(self, key: str) -> tuple[Measurement, ...]:
        """Return the measurements of a key: values and refusals."""
        return tuple(one for one in self.measurements if one.key == key)


def go_on(stage: str) -> None:
    """Enter every stage."""


def examine(
    volume: Volume,
    labels: Labels | None = None,
    screening: Screening | None = None,
    *,
    entering: Callable[[str], None] = go_on,
) -> Examined:
    """Return what can be told of a volume.

    Args: labels: handed in with the scan, else our own segmenter draws them; screening: where it was done already;
    entering: hears of each stage before it begins (some seconds at most); what it raises ends the examination there.
    """
    if screening is None:
        entering("screening")
        screening = screen(volume)
    drawn = OWN.segment(volume, entering) if labels is None else labels
    entering("fitness")
    fitness = judge(volume, drawn)
    numbers: list[Measurement] = []
    for each in MEASURES:
        entering(f"measuring {each.keys[0]}")
        numbers.extend(each.measure(volume, drawn, fitness))
    return Examined(
        volume=volume, screening=screening, labels=drawn, fitness=fitness, measurements=tuple(numbers)
    )  # fmt: skip
