"""Are these values Hounsfield units? Asked of the pixels, because a tag that lies gives numbers that look sound.

On the scale of Hounsfield air reads -1000 and water 0 (Hounsfield 1973, doi:10.1259/0007-1285-46-552-1016), and a body
is mostly soft tissue. What no body can read is refused by `doubt`; where the picture holds nothing to check the scale
by, it returns the doubt as a warning, on which `gate` calls every measurement of Hounsfield units unfit. Nothing is
corrected: what the right scale would be is a guess.

How it misleads: a scale that is off by some tens of HU passes where no air lies around the body.
"""

import numpy as np
from numpy.typing import NDArray

from imaging.errors import NotAVolume

UNCHECKED = "the HU scale could not be checked"  # how every doubt begins; the gate knows it by this
LEAST_SPAN_HU = 50  # noise and two tissues span more; intensities scaled to 0 ... 1 or -1 ... 1 do not
_SAMPLED = 1 << 19  # voxels that are looked at of a large volume: shares to 0.1 % need far fewer
_LEAST_VOXELS = 1000  # 1 ml at 1 mm: shares of fewer say nothing
_SATURATED_HU = 32767  # where int16 ends; the densest metal ends at 30,710 on extended scales
_SATURATED_SHARE = 1e-4  # reason: one broken pixel in a slice is no scale
_VACUUM_HU = -1300  # nothing is lighter than vacuum (-1000); 300 HU are six sd of the noise of a low-dose scan
_VACUUM_SHARE = 0.05  # reason: dark streaks beside metal take less of a series
_AIR_HU = (-1150, -700)  # air with its noise, and aerated lung
_LEAST_AIR = 1e-3  # of the voxels; bowel gas alone gives more
_TISSUE_HU = (-200, 300)  # fat to enhanced vessels and spongy bone
_FILLED_HU, _FILLED_SHARE = -700, 0.05  # denser than lung; a picture of air with a table has less
_BODY_SHARE = 0.25  # of the picture: a body fills more
_LEAST_TISSUE = 0.2  # of what is filled; 0.7 and more in every real series at hand, less in ground glass cut out
_DENSE_HU, _DENSE_SHARE = 700, 0.05  # cortical bone; 4 % of a head, under 1 % of a chest
_MOST_DENSE = 0.15  # of a picture without air, as one cut out around a joint
_LIGHTEST_HU = -60  # where neither fat (-100) nor air is seen
_WRAPPED_HU, _BESIDE_HU = -1500, 300  # dense bone that ran over the end of 12 bits lies among bone and soft tissue
_BITS_12 = 4096
_LEAST_WRAPPED = 20  # voxels; reason: a few broken pixels are no pattern
_EVEN_HU = 90  # from the 5th to the 95th percentile of air with its noise; lung and its vessels spread further
_AIR_READS_HU, _AIR_SLACK_HU = -1000, 60  # scanners hold air within 10 HU; a cut at -1024 and noise move its middle


def doubt(hu: NDArray[np.int16], padding: NDArray[np.bool_] | None) -> str | None:
    """Return why the scale of a volume (Z, Y, X) can't be relied on, None where its pixels speak for it.

    Args: padding: True where `hu` says nothing; the values there are not looked at.
    Raises: NotAVolume when the values are no Hounsfield units, with what they read.
    """
    step = max(1, round((hu.size / _SAMPLED) ** 0.5))  # in the plane only: each slice has its own rescale tags
    seen = _shown(hu[:, ::step, ::step], None if padding is None else padding[:, ::step, ::step])
    if not seen.size:
        return None  # nothing was reconstructed: no number will be told
    low, high = int(seen.min()), int(seen.max())
    if high - low < LEAST_SPAN_HU:
        return f"{UNCHECKED}: the values span only {low} to {high}"
    if seen.size < _LEAST_VOXELS:
        return f"{UNCHECKED}: {seen.size} voxels are no picture of a body"
    if low >= 0:
        raise _no_hu("nothing reads below 0, so neither air nor fat is seen")
    _refuse_impossible(seen)
    _refuse_wrapped(hu, padding, low, high)
    if _share(seen, _AIR_HU[0], _AIR_HU[1]) < _LEAST_AIR:
        return f"{UNCHECKED}: no air is in the picture"
    if _share(seen, _FILLED_HU + 1, high) < _FILLED_SHARE:
        return f"{UNCHECKED}: hardly anything but air is in the picture"
    if _share(seen, *_TISSUE_HU) < _LEAST_TISSUE * _share(seen, _FILLED_HU + 1, high):
        return f"{UNCHECKED}: hardly anything reads as soft tissue ({_TISSUE_HU[0]} to {_TISSUE_HU[1]})"
    return _doubted_air(hu, padding)


def _refuse_impossible(seen: NDArray[np.int16]) -> None:
    saturated = float((seen == _SATURATED_HU).mean())
    if saturated > _SATURATED_SHARE:
        raise _no_hu(f"{saturated:.1%} lie beyond {_SATURATED_HU}")
    deep = seen[seen < _VACUUM_HU]
    # One constant may be padding that does not reach the corners; two values and more are a picture.
    lighter = (deep.size - int(np.unique(deep, return_counts=True)[1].max(initial=0))) / seen.size
    if lighter > _VACUUM_SHARE:
        raise _no_hu(f"{lighter:.0%} read below {_VACUUM_HU}, lighter than nothing at all")
    dense, filled = _share(seen, _DENSE_HU + 1, 32767), _share(seen, _FILLED_HU + 1, 32767)
    without_air = _share(seen, *_AIR_HU) < _LEAST_AIR
    if without_air and (dense > _MOST_DENSE or (dense > _DENSE_SHARE and np.percentile(seen, 0.1) > _LIGHTEST_HU)):
        raise _no_hu(f"{dense:.0%} read as dense bone, and nothing as air")
    tissue = _share(seen, *_TISSUE_HU)
    if filled > _BODY_SHARE and tissue < dense:
        raise _no_hu(
            f"{tissue:.0%} read as soft tissue ({_TISSUE_HU[0]} to {_TISSUE_HU[1]}), {dense:.0%} as dense bone"
        )


def _refuse_wrapped(hu: NDArray[np.int16], padding: NDArray[np.bool_] | None, low: int, high: int) -> None:
    """Refuse values that ran over the end of 12 bits: bone that reads far below air, right beside bone."""
    if low >= _WRAPPED_HU and int(hu.min()) >= _WRAPPED_HU:
        return
    wrapped = beside = 0
    lowest, highest = low, high
    for number, values in enumerate(hu):
        deep = values < _WRAPPED_HU
        if padding is not None:
            deep &= ~padding[number]
        if not deep.any():
            continue
        near = values > _BESIDE_HU
        touching = np.zeros_like(deep)
        touching[:, 1:] |= near[:, :-1]
        touching[:, :-1] |= near[:, 1:]
        wrapped += int(deep.sum())
        beside += int((deep & touching).sum())
        lowest, highest = min(lowest, int(values[deep].min())), max(highest, int(values.max()))
    if wrapped >= _LEAST_WRAPPED and beside > 0.1 * wrapped and highest - lowest < _BITS_12:
        raise _no_hu(f"{wrapped} voxels amid bone read below {_WRAPPED_HU}: the tag whether pixels have a sign may lie")


def _doubted_air(hu: NDArray[np.int16], padding: NDArray[np.bool_] | None) -> str | None:
    """Doubt a scale on which the even air around the body does not read -1000; the front edge lies in it."""
    edge = _shown(hu[:, :2], None if padding is None else padding[:, :2])
    if edge.size < _LEAST_WRAPPED:
        return None
    first, middle, last = np.percentile(edge, (5, 50, 95))
    is_even = last - first < _EVEN_HU and _AIR_HU[0] <= middle <= _AIR_HU[1]  # lung is not even, air is
    if not is_even or abs(middle - _AIR_READS_HU) <= _AIR_SLACK_HU:
        return None
    return f"{UNCHECKED}: the air around the body reads {middle:.0f} instead of {_AIR_READS_HU}"


def _shown(hu: NDArray[np.int16], padding: NDArray[np.bool_] | None) -> NDArray[np.int16]:
    return hu.ravel() if padding is None else hu[~padding]


def _share(values: NDArray[np.int16], low: int, high: int) -> float:
    return float(((values >= low) & (values <= high)).mean())


def _no_hu(seen: str) -> NotAVolume:
    return NotAVolume(f"the values are not Hounsfield units: {seen} (a rescale tag that lies, labels or raw values)")
