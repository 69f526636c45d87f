"""What every finder owes: a key, what it looks for, and findings with a place or a reason why it could not look.

Keys are our own (the list of chest CT abnormalities), stable across versions; codes of other systems are mapped in
`imaging/catalogue.py`. A finder measures and names places above a technical limit; it judges nothing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from imaging.absent import Absent
from imaging.examine import Examined
from imaging.measure.pancreas import Odd
from imaging.signs.nodule import Lump
from imaging.signs.spots import Spot

Point = tuple[float, float, float]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing found. `rank` orders the findings of one kind, 1 first; `score` says how much, in `unit` (UCUM).

    `features` are further numbers with their own names.
    """

    key: str
    rank: int
    score: float
    centre_lps_mm: Point
    box_lps_mm: tuple[Point, Point]
    features: dict[str, float] = field(default_factory=dict)
    method: str
    unit: str = "1"


@dataclass(frozen=True, kw_only=True)
class Finder:
    """A way to find one kind of thing. `find` returns an empty tuple when it looked and found nothing."""

    key: str
    looks_for: str
    method: str
    find: Callable[[Examined], tuple[Finding, ...] | Absent]
    source: str
    reviewed: str


def as_findings(key: str, method: str, spots: Sequence[Spot], *, by_ml: bool = True) -> tuple[Finding, ...]:
    """Return spots as findings of a kind, the largest first; `score` is mL, or the diameter of such a sphere in mm."""
    ordered = sorted(spots, key=lambda one: -(one.ml if by_ml else one.sphere_mm))
    return tuple(
        Finding(
            key=key,
            rank=rank,
            score=round(one.ml, 3) if by_ml else round(one.sphere_mm, 1),
            unit="mL" if by_ml else "mm",
            centre_lps_mm=one.centre_lps_mm,
            box_lps_mm=one.box_lps_mm,
            features={"mean_hu": round(one.mean_hu, 1), "sphere_mm": round(one.sphere_mm, 1)},
            method=method,
        )
        for rank, one in enumerate(ordered, start=1)
    )


def from_lumps(key: str, method: str, lumps: Sequence[Lump]) -> tuple[Finding, ...]:
    """Return outlined lumps as findings of a kind, the largest first; `score` is the diameter in mm."""
    return tuple(
        Finding(
            key=key,
            rank=rank,
            score=round(one.sphere_mm, 1),
            unit="mm",
            centre_lps_mm=one.centre_lps_mm,
            box_lps_mm=one.box_lps_mm,
            features={"mean_hu": round(one.mean_hu, 1), "screening_score": round(one.score, 4)},
            method=method,
        )
        for rank, one in enumerate(sorted(lumps, key=lambda one: -one.sphere_mm), start=1)
    )


def from_odd_parts(key: str, method: str, parts: Sequence[Odd]) -> tuple[Finding, ...]:
    """Return parts of a gland as findings, the largest first; `score` is mm: a duct's width, else the sphere's."""
    sized = sorted(((one.width_mm if one.is_duct else one.sphere_mm, one) for one in parts), key=lambda pair: -pair[0])
    return tuple(
        Finding(
            key=key,
            rank=rank,
            score=round(size_mm, 1),
            unit="mm",
            centre_lps_mm=one.centre_lps_mm,
            box_lps_mm=one.box_lps_mm,
            features={"mean_hu": round(one.mean_hu, 1), "length_mm": round(one.length_mm, 1)},
            method=method,
        )
        for rank, (size_mm, one) in enumerate(sized, start=1)
    )
