"""What does a program learn of a volume that was read: its grid, where it lies, its values, what to beware of."""

from typing import Any

import numpy as np

from imaging.volume import Volume


def read_out(volume: Volume) -> dict[str, Any]:
    """Return the JSON form of `twin ct read --json`; x, y, z in that order, values of all voxels but padding."""
    low, high, mean = _range(volume)
    z, y, x = volume.hu.shape
    return {
        "shape": [x, y, z],
        "spacing_mm": [round(mm, 6) for mm in volume.spacing_mm],
        "affine_lps": [[round(float(one), 9) for one in row] for row in volume.affine_lps],
        "hu_min": low,
        "hu_max": high,
        "hu_mean": mean,
        "warnings": list(volume.provenance.warnings),
        "refused": None,
    }


def refused(reason: str) -> dict[str, Any]:
    """Return the same form for a CT that was not read: everything null but the reason."""
    empty = dict.fromkeys(("shape", "spacing_mm", "affine_lps", "hu_min", "hu_max", "hu_mean"))
    return {**empty, "warnings": [], "refused": reason}


def _range(volume: Volume) -> tuple[int | None, int | None, float | None]:
    """Return lowest, highest and mean HU of the voxels that are no padding, slice by slice; None where all are."""
    lows, highs, total, count = [], [], 0, 0
    for number, values in enumerate(volume.hu):
        seen = values if volume.padding is None else values[~volume.padding[number]]
        if seen.size:
            lows.append(int(seen.min()))
            highs.append(int(seen.max()))
            total += int(seen.sum(dtype=np.int64))
            count += seen.size
    return (min(lows), max(highs), round(total / count, 6)) if count else (None, None, None)
