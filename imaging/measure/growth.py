"""Has this nodule grown since the earlier scan, how fast, and is the change more than the error of measuring?

Doubling time t ln 2 / ln(V2 / V1) (Schwartz 1961, Cancer 14:1272; exponential growth). The interval has the error of
both volumes in it; a change within it is no growth and has no doubling time. What it means is judged elsewhere.
It misleads when a part-solid nodule's solid part grows inside an unchanged whole, and when scanner, kernel or slice
thickness changed between the two: that is named, its size is not known.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import exp, log, sqrt
from typing import Literal, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from imaging.absent import Absent
from imaging.measure.nodule import Nodule, compared_at
from imaging.register import Point, Registration, register
from imaging.volume import Volume

Value = TypeVar("Value", float, NDArray[np.float64])
Change = Literal["changed", "no real change", "can't tell"]

CONFIDENCE = 1.96  # standard deviations: 95 %
GROWS_FROM = 1.25  # in volume: 25 % is what follow-up looks for (BTS 2015, doi:10.1136/thoraxjnl-2015-207168)
MATTERS = log(GROWS_FROM)
SEARCH_MM = 12.0  # around the place in the earlier scan: several times the registration's error on warped scans (bench)
TOO_UNLIKE = log(30.0)  # in volume: thirtyfold is another thing than the same nodule, in either direction
LEAST_DAYS = 1


@dataclass(frozen=True, kw_only=True)
class Growth:
    """The same nodule twice.

    `change_percent` of the volume with its 95 % interval; `doubling_days` is None unless it really grew, and the upper
    end of its interval None when it has none. `cautions` names what changed between the scans.
    """

    current: Nodule
    prior: Nodule
    change: Change
    change_percent: float
    change_interval_percent: tuple[float, float]
    doubling_days: float | None
    doubling_interval_days: tuple[float, float | None] | None
    interval_days: int
    likeness: float
    cautions: tuple[str, ...] = ()


def grown(
    current: Volume, prior: Volume, centre_lps_mm: Point, interval_days: int, laid: Registration | Absent | None = None
) -> Growth | Absent:
    """Return how a nodule at a point of the current scan changed since the prior, or why that can't be told.

    Args: laid: the prior as it was laid on the current scan already, where several nodules are asked for.
    """
    if interval_days < LEAST_DAYS:
        return Absent(reason="the earlier scan is not earlier than the current one")
    now = compared_at(current, centre_lps_mm)
    if isinstance(now, Absent):
        return Absent(reason=f"in the current scan: {now.reason}")
    laid = register(current, prior) if laid is None else laid
    if isinstance(laid, Absent):
        return laid
    then = _same(prior, laid, now)
    if isinstance(then, Absent):
        return then
    return compared(now, then, interval_days, laid.likeness, changes(current, prior))


def compared(now: Nodule, then: Nodule, interval_days: int, likeness: float, cautions: tuple[str, ...] = ()) -> Growth:
    """Return the change between two measurements of one nodule."""
    grew = log(now.volume_mm3 / then.volume_mm3)
    error = CONFIDENCE * sqrt((now.volume_sd / now.volume_mm3) ** 2 + (then.volume_sd / then.volume_mm3) ** 2)
    low, high = grew - error, grew + error
    change: Change = "changed" if abs(grew) > error else "no real change" if error < MATTERS else "can't tell"
    doubling = doubling_days(grew, interval_days) if grew > error else None
    limits = None
    if doubling is not None:
        limits = (doubling_days(high, interval_days), doubling_days(low, interval_days) if low > 0 else None)
    if now.is_cut or then.is_cut:
        cautions = (*cautions, "the nodule is not whole in one of the scans")
    if now.kind != then.kind:
        cautions = (*cautions, f"its type changed from {then.kind} to {now.kind}")
    return Growth(
        current=now,
        prior=then,
        change=change,
        change_percent=100 * (exp(grew) - 1),
        change_interval_percent=(100 * (exp(low) - 1), 100 * (exp(high) - 1)),
        doubling_days=doubling,
        doubling_interval_days=limits,
        interval_days=interval_days,
        likeness=likeness,
        cautions=cautions,
    )


def doubling_days(grew: Value, days: Value) -> Value:
    """Return the volume doubling time in days of what grew by a factor of e^`grew` in volume within `days`.

    Three times the growth of the diameter's logarithm is that of a sphere's volume. Negative where it shrank.
    """
    return days * log(2) / grew


def changes(current: Volume, prior: Volume) -> tuple[str, ...]:
    """Return what differs in how the two scans were made, where it can change a volume by itself."""
    one, other = current.provenance, prior.provenance
    told = [
        f"{what} changed from {before or 'unknown'} to {after or 'unknown'}"
        for what, before, after in (
            ("the scanner", other.model or other.manufacturer, one.model or one.manufacturer),
            ("the kernel", other.kernel, one.kernel),
            ("the tube voltage", other.kvp, one.kvp),
            ("contrast", other.contrast_agent, one.contrast_agent),
        )
        if before != after
    ]
    before_mm, after_mm = (max(v.spacing_mm[2], v.provenance.slice_thickness_mm or 0) for v in (prior, current))
    if abs(before_mm - after_mm) > 0.1:  # mm: rounding of tags
        told.append(f"the slices changed from {before_mm:g} to {after_mm:g} mm")
    return tuple(told)


def _same(prior: Volume, laid: Registration, now: Nodule) -> Nodule | Absent:
    """Return the nodule of the earlier scan next to where it must have been."""
    place = laid.to_prior(now.centre_lps_mm)
    best: Nodule | None = None
    for seed in _seeds(prior, place):
        found = compared_at(prior, seed)
        if isinstance(found, Absent) or abs(log(now.volume_mm3 / found.volume_mm3)) > TOO_UNLIKE:
            continue
        if best is None or _apart(found.centre_lps_mm, place) < _apart(best.centre_lps_mm, place):
            best = found
    if best is None or _apart(best.centre_lps_mm, place) > SEARCH_MM:
        return Absent(reason="no nodule at this place in the earlier scan: new, or too small or faint to be drawn then")
    return best


def _seeds(volume: Volume, place: Point) -> Iterator[Point]:
    """Yield the place itself and the brightest spots around it."""
    yield place
    at = volume.to_voxel(np.array(place))[::-1]
    reach = np.ceil(SEARCH_MM / np.array(volume.spacing_mm[::-1])).astype(int)
    low = np.maximum(np.floor(at).astype(int) - reach, 0)
    high = np.minimum(np.ceil(at).astype(int) + reach + 1, volume.hu.shape)
    if (high <= low).any():
        return
    box = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
    smooth = ndimage.gaussian_filter(volume.hu[box].astype(np.float32), [1.0 / mm for mm in volume.spacing_mm[::-1]])
    peaks = (ndimage.maximum_filter(smooth, 5) == smooth) & (smooth > -700)  # brighter than lung with its vessels
    for zyx in sorted(np.argwhere(peaks), key=lambda one: -float(smooth[tuple(one)]))[:6]:
        x, y, z = (float(mm) for mm in volume.to_lps((zyx + low)[::-1].astype(float)))
        yield x, y, z


def _apart(one: Point, other: Point) -> float:
    return float(np.linalg.norm(np.subtract(one, other)))
