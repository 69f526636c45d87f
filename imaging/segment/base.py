"""What every segmenter owes: labels for a volume, and for each organ it looks for and does not find, the reason."""

from typing import Protocol

from imaging.labels import Labels
from imaging.volume import Volume


class Segmenter(Protocol):
    """A way to draw organs."""

    @property
    def organs(self) -> tuple[str, ...]:
        """The organs it looks for, by the names of `imaging.labels`."""

    def segment(self, volume: Volume) -> Labels:
        """Return the labels on the volume's grid; an organ it can't find stands in `absent` with the reason."""
