"""Where the inserts and rods of the QRM phantom lie in the Canon scan, found by eye once; what they hold is known.

`inserts.csv` beside the scan gives each insert's mass. The two rods of the calibration part are water-equivalent and
200 mg HA/ml as the phantom's maker describes it (Ulzheimer and Kalender 2003, doi:10.1007/s00330-002-1746-y).
"""

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from imaging import calcium
from imaging.volume import Volume

PLACES = {  # column, row
    "Large_HD": (180, 220), "Medium_HD": (206, 221), "Small_HD": (231, 221),
    "Large_MD": (292, 151), "Medium_MD": (281, 174), "Small_MD": (270, 196),
    "Large_LD": (299, 282), "Medium_LD": (285, 261), "Small_LD": (272, 240),
}  # fmt: skip
INSERT_SLICES = slice(20, 25)
INSERT_RADIUS_MM = 5.0
ROD_MG_PER_ML = 200.0
ROD, WATER = (258, 218), (238, 185)  # column, row
ROD_SLICES = slice(32, 34)


@dataclass(frozen=True, kw_only=True)
class Insert:
    """One insert: what it holds, and what was scored."""

    name: str
    known_mg: float
    agatston: float
    volume_mm3: float
    mass_mg: float
    mass_sd: float

    @property
    def off_percent(self) -> float:
        return 100 * (self.mass_mg / self.known_mg - 1)


def disc(volume: Volume, place: tuple[int, int], radius_mm: float) -> np.ndarray:
    """True (Y, X) around a place in the slice."""
    y, x = np.ogrid[: volume.hu.shape[1], : volume.hu.shape[2]]
    return np.hypot((x - place[0]) * volume.spacing_mm[0], (y - place[1]) * volume.spacing_mm[1]) < radius_mm


def calibration(volume: Volume) -> calcium.Calibration:
    rod_hu, water_hu = (
        float(volume.hu[ROD_SLICES][:, disc(volume, place, radius)].mean())
        for place, radius in ((ROD, 6.5), (WATER, 5.0))  # mm: well inside both
    )
    return calcium.from_rods(ROD_MG_PER_ML, rod_hu, water_hu)


def scored(
    volume: Volume, folder: Path, known: calcium.Calibration | None = None, rim_mm: float = calcium.RIM_MM
) -> tuple[Insert, ...]:
    """Return every insert as scored; calibrated by the rods unless another calibration is given."""
    known = known or calibration(volume)
    with (folder / "inserts.csv").open() as stream:
        masses = {row["insert"]: float(row["mass_mg"]) for row in csv.DictReader(stream)}
    told = []
    for name, place in PLACES.items():
        region = np.zeros(volume.hu.shape, bool)
        region[INSERT_SLICES] = disc(volume, place, INSERT_RADIUS_MM)
        slabs = calcium.slabs(volume.hu, region, volume.spacing_mm, volume.provenance.slice_thickness_mm)
        assert isinstance(slabs, calcium.Slabs)
        mass, sd = calcium.mass_mg(slabs, known, rim_mm)
        told.append(
            Insert(
                name=name,
                known_mg=masses[name],
                agatston=calcium.agatston(slabs),
                volume_mm3=calcium.volume_mm3(slabs),
                mass_mg=mass,
                mass_sd=sd,
            )
        )
    return tuple(told)
