"""How large are the lumps at the places that screening flagged?

Each flagged place is outlined (`imaging.outline`); what can't be outlined, goes on beyond the box, or has little lung
around it is passed over. It misleads as screening
does: a piece of vessel or scar may be outlined too, and what was not flagged is not here.
"""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from imaging.absent import Absent
from imaging.measure.base import Point
from imaging.outline import Outline, outline
from imaging.study import Screening
from imaging.volume import Volume

LUNG_BELOW_HU = -500  # about half way between aerated lung and soft tissue
AROUND_MM = 3.0  # the shell around a lump that is looked at
LEAST_AROUND = 0.55  # of that shell is aerated lung: less is a bulge of heart, wall or diaphragm; costs lumps on a wall
SAME_MM = 3.0  # two outlines whose middles are nearer are one lump


@dataclass(frozen=True, kw_only=True)
class Lump:
    """One outlined lump: diameter of a sphere of its volume, its kind, and where it is."""

    sphere_mm: float
    mean_hu: float
    kind: str
    score: float
    centre_lps_mm: Point
    box_lps_mm: tuple[Point, Point]


def lumps(volume: Volume, screening: Screening) -> tuple[Lump, ...] | Absent:
    """Return the lumps at the flagged places, the largest first; Absent when nothing was screened."""
    if screening.blocks == 0:
        return Absent(reason="; ".join(screening.warnings) or "nothing was screened")
    found: list[Lump] = []
    for region in screening.regions:
        drawn = outline(volume, region.centre_lps_mm)
        if isinstance(drawn, Absent) or drawn.touches_edge or _aerated_around(volume, drawn) < LEAST_AROUND:
            continue
        at = np.argwhere(drawn.mask) + drawn.offset_zyx
        places = volume.to_lps(at[:, ::-1].astype(float))
        middle = places.mean(axis=0)
        if any(np.linalg.norm(middle - one.centre_lps_mm) < SAME_MM for one in found):
            continue
        mm3 = len(at) * float(np.prod(volume.spacing_mm))
        low, high, centre = (one.round(1).tolist() for one in (places.min(axis=0), places.max(axis=0), middle))
        found.append(
            Lump(
                sphere_mm=float((6 * mm3 / np.pi) ** (1 / 3)),
                mean_hu=float(volume.hu[drawn.box][drawn.mask].mean()),
                kind=drawn.kind,
                score=region.score,
                centre_lps_mm=(centre[0], centre[1], centre[2]),
                box_lps_mm=((low[0], low[1], low[2]), (high[0], high[1], high[2])),
            )
        )
    return tuple(sorted(found, key=lambda one: -one.sphere_mm))


def _aerated_around(volume: Volume, drawn: Outline) -> float:
    """Share of the shell around an outline that is aerated lung; the outside of the volume counts as none."""
    margin = [int(np.ceil(AROUND_MM / mm)) + 1 for mm in volume.spacing_mm[::-1]]
    mask = np.pad(drawn.mask, [(m, m) for m in margin])
    away = ndimage.distance_transform_edt(~mask, sampling=volume.spacing_mm[::-1])
    at = np.argwhere((away > min(volume.spacing_mm)) & (away <= AROUND_MM + min(volume.spacing_mm)))
    places = at + drawn.offset_zyx - margin
    inside = ((places >= 0) & (places < volume.hu.shape)).all(axis=1)
    values = volume.hu[tuple(places[inside].T)]
    return float((values < LUNG_BELOW_HU).sum()) / max(1, len(at))
