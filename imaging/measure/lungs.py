"""How large are the lungs, and how much of them is as thin as emphysema?

Volume; LAA-950, the share of lung voxels below -950 HU (Gevenois 1995, doi:10.1164/ajrccm.152.2.7633722); Perc15, the
HU below which 15 % of them lie (Dirksen 1999, AJRCCM 160:1468). The airways are left out.
All three follow the breath: a litre less air looks like less emphysema. CT does not tell how deep the breath was, so
two scans are compared only with their volumes side by side. Noise (low dose) and sharp kernels raise LAA-950.
"""

import numpy as np
from numpy.typing import NDArray

from imaging.absent import Absent
from imaging.gate import Fitness, Use
from imaging.labels import Labels
from imaging.measure.base import Measure, Measurement
from imaging.volume import Volume

KEYS = ("lung_volume_ml", "laa950_percent", "perc15_hu")
UNITS = {"lung_volume_ml": "mL", "laa950_percent": "%", "perc15_hu": "[hnsf'U]"}
LOBES = (
    "lung_upper_lobe_left",
    "lung_lower_lobe_left",
    "lung_upper_lobe_right",
    "lung_middle_lobe_right",
    "lung_lower_lobe_right",
)
AIRWAYS = ("airways", "trachea")
THIN_HU = -950  # Gevenois 1995, see above
PERCENTILE = 15  # Dirksen 1999, see above
LAA950_SD = 1.3  # percentage points: 3.7 / (1.96 x sqrt 2), QIBA CT lung density profile (recalled, unverified)
PERC15_SD_HU = 6.5  # 18 / (1.96 x sqrt 2), the same profile without adjustment to volume (recalled, unverified)
BORDER_SD_VOXEL = 0.29  # 1 / sqrt 12: a border drawn on whole voxels lies anywhere within half a voxel of the true one
BREATH = "depends on how deep the breath was, which CT does not tell"
SOURCE = "Gevenois 1995, doi:10.1164/ajrccm.152.2.7633722; Dirksen 1999, AJRCCM 160:1468"


def measure(volume: Volume, labels: Labels, fitness: Fitness) -> tuple[Measurement, ...]:
    """Return lung volume, LAA-950 and Perc15; refusals where the series or the labels don't allow them."""
    method = f"voxels of the lungs without airways; labels: {labels.method}"
    lungs = lung_mask(labels)
    values: dict[str, tuple[float, float]] = {}
    if not isinstance(lungs, Absent):
        hu = volume.hu[lungs]
        values = {
            "lung_volume_ml": _volume_ml(lungs, volume.spacing_mm),
            "laa950_percent": (100 * float(np.count_nonzero(hu < THIN_HU)) / hu.size, LAA950_SD),
            "perc15_hu": (float(np.percentile(hu, PERCENTILE)), PERC15_SD_HU),
        }
    told = []
    for key in KEYS:
        use = Use.LUNG_VOLUME if key == "lung_volume_ml" else Use.LUNG_DENSITY
        refused = fitness.unfit.get(use) or (lungs.reason if isinstance(lungs, Absent) else None)
        value, sd = (None, None) if refused else values[key]
        caution = "; ".join(filter(None, (fitness.cautions.get(use), BREATH)))
        told.append(
            Measurement(
                key=key, unit=UNITS[key], method=method, source=SOURCE, value=value, sd=sd, refused=refused,
                caution=None if refused else caution,
            )
        )  # fmt: skip
    return tuple(told)


def lung_mask(labels: Labels) -> NDArray[np.bool_] | Absent:
    """Return True (Z, Y, X) in both lungs, without airways where those are labelled."""
    lungs = labels.mask("lungs")
    if isinstance(lungs, Absent):
        lobes = [mask for mask in map(labels.mask, LOBES) if not isinstance(mask, Absent)]
        if not lobes:
            return lungs
        lungs = np.logical_or.reduce(lobes)
    for name in AIRWAYS:
        airway = labels.mask(name)
        if not isinstance(airway, Absent):
            lungs = lungs & ~airway
    return lungs if lungs.any() else Absent(reason="nothing but airways is labelled as lung")


def _volume_ml(lungs: NDArray[np.bool_], spacing_mm: tuple[float, float, float]) -> tuple[float, float]:
    """Return mL and its sd: the border moved by 0.29 voxel across its widest direction, all to one side."""
    dx, dy, dz = spacing_mm
    voxel = dx * dy * dz / 1000
    faces = [np.count_nonzero(lungs[1:] != lungs[:-1]) * voxel]
    faces += [np.count_nonzero(lungs[:, 1:] != lungs[:, :-1]) * voxel]
    faces += [np.count_nonzero(lungs[:, :, 1:] != lungs[:, :, :-1]) * voxel]
    return float(np.count_nonzero(lungs)) * voxel, BORDER_SD_VOXEL * float(max(faces))


MEASURE = Measure(keys=KEYS, measure=measure, source=SOURCE, reviewed="2026-11")
