"""What every finder owes: a key, what it looks for, and findings with a place or a reason why it could not look.

Keys are our own (the list of chest CT abnormalities), stable across versions; codes of other systems are mapped in
`imaging/catalogue.py`. A finder measures and names places above a technical limit; it judges nothing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import inf

from imaging.absent import Absent
from imaging.examine import Examined
from imaging.gate import Use, slice_mm
from imaging.measure.pancreas import NO_LABEL, Odd
from imaging.signs import pancreas
from imaging.signs.nodule import Lump
from imaging.signs.scene import Scene
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


OWN_METHOD = "own method and limits, docs/imaging.md"
LEAST_SCORE = 0.9  # known lesions of three scans reach it; so do vessels of a scan not learned from (bench/RESULTS.md)
SLICES = 2  # thinner lumps look like a vessel that crosses a slice
REVIEWED = "2026-11"  # all of them together


@dataclass(frozen=True, kw_only=True)
class Finder:
    """A way to find one kind of thing. `find` returns an empty tuple when it looked and found nothing.

    `narrower` are keys that say more of the same places: where they tell each of them, this one adds nothing.
    """

    key: str
    looks_for: str
    method: str
    find: Callable[[Examined], tuple[Finding, ...] | Absent]
    source: str = OWN_METHOD
    reviewed: str = REVIEWED
    narrower: tuple[str, ...] = ()


def of_spots(
    key: str,
    looks_for: str,
    method: str,
    sign: Callable[[Examined], Sequence[Spot] | Absent],
    *,
    by_ml: bool = True,
    narrower: tuple[str, ...] = (),
) -> Finder:
    """Return the finder of what a sign shows, the largest first, in mL or by the diameter of such a sphere in mm."""

    def find(examined: Examined) -> tuple[Finding, ...] | Absent:
        seen = sign(examined)
        return seen if isinstance(seen, Absent) else as_findings(key, method, seen, by_ml=by_ml)

    return Finder(key=key, looks_for=looks_for, method=method, find=find, narrower=narrower)


def of_lumps(
    key: str,
    looks_for: str,
    *,
    over_mm: float = 0.0,
    most_mm: float = inf,
    least_mm: float = 0.0,
    least_count: int = 1,
    narrower: tuple[str, ...] = (),
) -> Finder:
    """Return the finder of lumps of a size in the lungs, where there are so many; each is outlined once for all.

    What scores less stays a flagged region; what is thinner than two slices can't be told from a vessel that crosses.
    """
    method = "flagged places that score 0.9 or more, outlined at half height, as wide as two slices or wider"

    def find(examined: Examined) -> tuple[Finding, ...] | Absent:
        seen = examined.lumps
        if isinstance(seen, Absent):
            return seen
        least = max(least_mm, SLICES * slice_mm(examined.volume))
        fitting = [
            one
            for one in seen
            if one.score >= LEAST_SCORE and over_mm < one.sphere_mm and least <= one.sphere_mm <= most_mm
        ]
        return from_lumps(key, method, fitting) if len(fitting) >= least_count else ()

    return Finder(
        key=key, looks_for=looks_for, method=method, find=find, narrower=narrower,
        source="words: Hansell 2008, doi:10.1148/radiol.2462070712; method: own",
    )  # fmt: skip


def of_odd_parts(key: str, looks_for: str, method: str, is_meant: Callable[[Odd], bool]) -> Finder:
    """Return the finder of parts of the pancreas that differ from the gland."""

    def find(examined: Examined) -> tuple[Finding, ...] | Absent:
        if isinstance(examined.labels.mask("pancreas"), Absent):
            return Absent(reason=NO_LABEL)
        if Use.PANCREAS in examined.fitness.unfit:
            return Absent(reason=examined.fitness.unfit[Use.PANCREAS])
        seen = pancreas.parts(examined.scene)
        if isinstance(seen, Absent):
            return seen
        return from_odd_parts(key, method, [one for one in seen if is_meant(one)])

    return Finder(key=key, looks_for=looks_for, method=method, find=find)


def of_sides(
    examined: Examined, pair: str, sign: Callable[[Scene, str], Sequence[Spot] | Absent]
) -> Sequence[Spot] | Absent:
    """Return what a sign shows of both organs of a pair; Absent where neither could be looked at."""
    sides = [sign(examined.scene, f"{pair}_{side}") for side in ("left", "right")]
    reasons = [side.reason for side in sides if isinstance(side, Absent)]
    if len(reasons) == len(sides):
        return Absent(reason=reasons[0])
    return [one for side in sides if not isinstance(side, Absent) for one in side]


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
