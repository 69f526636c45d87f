"""The formulas of images, asked as the published equations are. They live in `imaging`; the bands in `twin.organs`."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from imaging.calcium import lesion_score
from imaging.measure.growth import GROWS_FROM, doubling_days
from imaging.measure.liver_spleen import PDFF_AT_0_HU, PDFF_PER_HU, fat_percent
from twin.organs.rule_tables.doubling_time import band
from twin.scores.base import POSITIVE, Array, Given, Input, Output, Range, Refusal, Score, Where
from twin.scores.inputs import NOT_NEGATIVE

_DAYS = Input(key="days", unit="d", possible=POSITIVE)


def agatston_lesion(area_mm2: Array, peak_hu: Array) -> Array:
    """Return the score of one lesion in a slice of 3 mm: area in mm2 times 1-4 by its brightest voxel in HU."""
    return lesion_score(area_mm2, peak_hu)


def vdt_diameter(d1: Array, d2: Array, days: Array) -> Array:
    """Return the volume doubling time in days from two diameters, as of a sphere."""
    return doubling_days(3 * np.log(d2 / d1), days)


def vdt_volume(v1: Array, v2: Array, days: Array) -> Array:
    """Return the volume doubling time in days from two volumes."""
    return doubling_days(np.log(v2 / v1), days)


def ct_pdff(liver_hu: Array) -> Array:
    """Return the fat fraction (percent) that an unenhanced liver's HU may stand for. Not verified."""
    return fat_percent(liver_hu)


def _diameter_did_not_grow(d1: Array, d2: Array, **_: object) -> NDArray[np.bool_]:
    return np.asarray((d2 / d1) ** 3 < GROWS_FROM)


def _volume_did_not_grow(v1: Array, v2: Array, **_: object) -> NDArray[np.bool_]:
    return np.asarray(v2 / v1 < GROWS_FROM)


def _band(outputs: Mapping[str, float], given: Given) -> str:
    return band(outputs["vdt_days"])


def _size(key: str, unit: str, signal: str) -> Input:
    return Input(key=key, unit=unit, signal=signal, possible=POSITIVE)


IMAGE_FORMULAS: tuple[Score, ...] = (
    Score(
        key="agatston_lesion",
        inputs=(
            Input(key="area_mm2", unit="mm2", possible=NOT_NEGATIVE),
            Input(key="peak_hu", unit="[hnsf'U]"),
        ),
        formula=agatston_lesion,
        outputs=(Output(key="score"),),
        source="Agatston AS; JACC 1990;15:827",
        reviewed="2026-11",
        verification="verified",
    ),
    Score(
        key="vdt_diameter",
        inputs=(_size("d1", "mm", "nodule_mean_diameter"), _size("d2", "mm", "nodule_mean_diameter"), _DAYS),
        formula=vdt_diameter,
        outputs=(Output(key="vdt_days", unit="d"),),
        category=_band,
        refusals=(Refusal(input="d2", reason="no_growth", when=_diameter_did_not_grow),),
        source="Schwartz M; Cancer 1961;14:1272; growth from 25 % and bands: BTS 2015",
        reviewed="2026-11",
        verification="verified",
    ),
    Score(
        key="vdt_volume",
        inputs=(_size("v1", "mm3", "nodule_volume"), _size("v2", "mm3", "nodule_volume"), _DAYS),
        formula=vdt_volume,
        outputs=(Output(key="vdt_days", unit="d"),),
        category=_band,
        refusals=(Refusal(input="v2", reason="no_growth", when=_volume_did_not_grow),),
        source="Schwartz M; Cancer 1961;14:1272; growth from 25 % and bands: BTS 2015",
        reviewed="2026-11",
        verification="verified",
    ),
    Score(
        key="ct_pdff",
        inputs=(
            Input(
                key="liver_hu",
                unit="[hnsf'U]",
                signal="liver_hu",
                find=(Where(kind="signal", key="liver_hu"),),
                # where the line leaves 0 to 100 %
                validated=Range(low=(PDFF_AT_0_HU - 100) / PDFF_PER_HU, high=PDFF_AT_0_HU / PDFF_PER_HU),
            ),
        ),
        formula=ct_pdff,
        outputs=(Output(key="pdff_pct", unit="%"),),
        source="Pickhardt 2018, Graffy 2019; line recalled",
        reviewed="2026-11",
        verification="unverified",
    ),
)
