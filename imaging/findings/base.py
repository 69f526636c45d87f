"""What every finder owes: a key, what it looks for, and findings with a place or a reason why it could not look.

Keys are our own (the list of chest CT abnormalities), stable across versions; codes of other systems are mapped
elsewhere. A finder measures and names places; it judges nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from imaging.absent import Absent
from imaging.study import Screening
from imaging.volume import Volume

Point = tuple[float, float, float]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing found. `rank` orders the findings of one kind, 1 first; `features` are numbers with their own names."""

    key: str
    rank: int
    score: float
    centre_lps_mm: Point
    box_lps_mm: tuple[Point, Point]
    features: dict[str, float] = field(default_factory=dict)
    method: str


@dataclass(frozen=True, kw_only=True)
class Finder:
    """A way to find one kind of thing. `find` returns an empty tuple when it looked and found nothing."""

    key: str
    looks_for: str
    method: str
    find: Callable[[Volume, Screening], tuple[Finding, ...] | Absent]
    source: str
    reviewed: str
