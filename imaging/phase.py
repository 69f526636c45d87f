"""Was contrast given? Judged from the blood itself; the tag is heard, but the pixels win.

Blood without contrast has 30 to 60 HU and follows the haematocrit; in an enhanced phase the aorta is above 100 HU (both
as textbooks have it, unverified here). Between the two nothing is claimed. Without a labelled vessel only the tag is
heard: bright bone can't be told from bright blood by brightness and shape alone (tried on the QRM phantom: it failed).
It misleads after contrast given earlier that day (kidneys still bright) and in very early or very late phases.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from imaging.absent import Absent
from imaging.labels import Labels
from imaging.volume import Volume

Contrast = Literal["none", "enhanced", "unknown"]

ENHANCED_HU = 100  # reason: blood of a haematocrit of 60 % stays below 80 HU; portal-venous aorta is 120 to 180 HU
NATIVE_HU = 80  # reason: see above; between 80 and 100 HU partial volume or a late phase can't be told apart
POOLS = ("aorta", "heart", "inferior_vena_cava", "spleen")  # the first that is there is used; a spleen without is 45-55
CORE_MM = 3.0  # walls, fat and calcium at the rim stay out
LEAST_ML = 0.5  # of the core: below it noise and partial volume decide
_NEGATIVE = {"", "NONE", "NO", "N", "WITHOUT", "NATIVE", "W/O", "WO", "0", "UNENHANCED", "NON-CONTRAST"}


@dataclass(frozen=True, kw_only=True)
class Phase:
    """What was found: `contrast`, in words by what (`reason`), and `disagreement` when tag and pixels differ."""

    contrast: Contrast
    reason: str
    disagreement: str | None = None


def phase(volume: Volume, labels: Labels) -> Phase:
    """Return the contrast phase of a volume as far as pixels and the tag ContrastBolusAgent (0018,0010) tell."""
    agent = volume.provenance.contrast_agent
    said = None if agent is None else agent.strip().upper() not in _NEGATIVE
    seen = _by_labels(volume, labels)
    if seen is None:
        if said is None:
            return Phase(contrast="unknown", reason="no vessel is labelled and the tag is missing")
        return Phase(contrast="enhanced" if said else "none", reason="by the tag only; no vessel is labelled")
    disagreement = None
    if said is not None and said != (seen.contrast == "enhanced") and seen.contrast != "unknown":
        tag = "names contrast" if said else "says there is none"
        disagreement = f"the tag {tag}, the pixels say {seen.contrast} ({seen.reason}); the pixels are believed"
    return Phase(contrast=seen.contrast, reason=seen.reason, disagreement=disagreement)


def _by_labels(volume: Volume, labels: Labels) -> Phase | None:
    for organ in POOLS:
        mask = labels.mask(organ)
        if isinstance(mask, Absent):
            continue
        core_hu = _core_hu(volume, mask)
        if core_hu is None:
            continue
        reason = f"{organ.replace('_', ' ')} {core_hu:.0f} HU"
        if core_hu >= ENHANCED_HU:
            return Phase(contrast="enhanced", reason=reason)
        if core_hu <= NATIVE_HU:
            return Phase(contrast="none", reason=reason)
        return Phase(contrast="unknown", reason=reason)
    return None


def _core_hu(volume: Volume, mask: NDArray[np.bool_]) -> float | None:
    """Return the median HU (a calcified wall does not move it) of the mask without its outer 3 mm."""
    box = ndimage.find_objects(mask.astype(np.uint8))[0]
    inside = np.pad(mask[box], 1)
    depth = ndimage.distance_transform_edt(inside, sampling=volume.spacing_mm[::-1])[1:-1, 1:-1, 1:-1]
    core = depth > CORE_MM
    if core.sum() * float(np.prod(volume.spacing_mm)) / 1000 < LEAST_ML:
        return None
    return float(np.median(volume.hu[box][core]))
