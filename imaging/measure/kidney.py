"""How large is each kidney, and how dense?

Volume is of the labelled voxels, attenuation the median of what lies well inside. It misleads where the label holds the
kidney's hollow or a cyst; with contrast the attenuation tells the phase.
"""

import numpy as np

from imaging.absent import Absent
from imaging.attenuation import attenuation
from imaging.gate import Fitness, Use
from imaging.labels import Labels
from imaging.measure.base import Measure, Measurement
from imaging.measure.liver_spleen import HU, ML, SCANNER_SD_HU, volume_of
from imaging.measure.told import by, measured, refused, unfit
from imaging.volume import Volume

KEYS = ("kidney_volume_ml", "kidney_attenuation_hu")
SIDES = ("right", "left")
DEPTH_MM = 5.0  # the cortex is 5 to 10 mm thick; partial volume with fat is left out
SOURCE = "count, and median of the inside: own"
PHASE = "with contrast the value tells the phase, not the kidney"


def measure(volume: Volume, labels: Labels, fitness: Fitness) -> tuple[Measurement, ...]:
    """Return volume and attenuation of the right, then of the left kidney, each a value or a refusal."""
    return tuple(
        one
        for side in SIDES
        for one in (_volume(volume, labels, fitness, side), _density(volume, labels, fitness, side))
    )


def _volume(volume: Volume, labels: Labels, fitness: Fitness, side: str) -> Measurement:
    organ = f"kidney_{side}"
    found = volume_of(volume, labels, fitness, organ)
    if found.value is None or found.sd is None:
        return refused(KEYS[0], ML, found.method, SOURCE, found.refused or "", side)
    share, caution = labels.doubts.get(organ, (0.0, None))
    sd = float(np.hypot(found.sd, share * found.value))
    said = "; ".join(one for one in (found.caution, caution) if one) or None
    return measured(KEYS[0], ML, found.method, SOURCE, found.value, sd, digits=0, level=side, caution=said)


def _density(volume: Volume, labels: Labels, fitness: Fitness, side: str) -> Measurement:
    method = by(f"median more than {DEPTH_MM:g} mm inside", labels)
    mask = labels.mask(f"kidney_{side}")
    reason = unfit(fitness, Use.ORGAN_VOLUME) or (mask.reason if isinstance(mask, Absent) else None)
    if reason is not None or isinstance(mask, Absent):
        return refused(KEYS[1], HU, method, SOURCE, reason or "", side)
    inside = attenuation(mask, volume, DEPTH_MM)
    if isinstance(inside, Absent):
        return refused(KEYS[1], HU, method, SOURCE, f"kidney: {inside.reason}", side)
    caution = None if fitness.contrast == "none" else PHASE
    sd = float(np.hypot(inside.error_hu, SCANNER_SD_HU))
    return measured(KEYS[1], HU, method, SOURCE, inside.median_hu, sd, level=side, caution=caution)


MEASURE = Measure(keys=KEYS, measure=measure, source=SOURCE, reviewed="2026-11")
