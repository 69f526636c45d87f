"""Vertebrae are counted from the lowest pair of ribs, or not at all: on a drawn spine with discs, canal and ribs."""

import numpy as np
import pytest
from numpy.typing import NDArray

from imaging.segment.coarse import Coarse
from imaging.segment.levels import Levels, drawn, levels

MM = (1.5, 1.5, 2.5)  # x, y, z
SHAPE = (100, 110, 140)
PITCH_MM = 30.0
CANAL_MM = (95.0, 105.0)  # y, x
LOWEST_DISC_MM = 12.0
T12 = 3  # discs below it in the drawing


def spine(
    *, marrow: float = 110.0, disc: float = 85.0, tilt: float = 0.0, has_ribs: tuple[bool, bool] = (True, True)
) -> Coarse:
    """Bodies of 24 mm and discs of 6 mm before a canal, arches behind, ribs from T12 upwards; noise 15 HU."""
    z, y, x = (np.arange(n).reshape(shape) * mm for n, mm, shape in _axes())
    aside, behind = x - CANAL_MM[1], y - (CANAL_MM[0] + tilt * (z - 125.0))
    hu = np.full(SHAPE, 40.0)
    height = np.mod(z - LOWEST_DISC_MM + 3.0, PITCH_MM)
    out = np.sqrt((aside / 20.0) ** 2 + ((behind + 24.0) / 16.0) ** 2)
    is_body = (out < 1) & (height >= 6.0)
    hu[np.broadcast_to(out < 1, SHAPE)] = disc
    hu[is_body] = marrow
    hu[is_body & ((out > 0.9) | (height < 8.5) | (height > PITCH_MM - 2.5))] = 350.0
    ring = np.hypot(aside, behind)
    hu[np.broadcast_to((ring >= 9.0) & (ring < 14.0) & (behind > -6.0), SHAPE)] = 300.0
    hu[np.broadcast_to(ring < 9.0, SHAPE)] = 30.0
    for number in range(T12, 8):
        head = LOWEST_DISC_MM + (number + 0.6) * PITCH_MM
        for sign, is_there in zip((-1, 1), has_ribs, strict=True):
            along = np.clip(sign * aside, 20.0, 78.0)
            off = np.hypot(z - (head - 0.3 * (along - 20.0)), behind - 0.2 * along)
            if is_there:
                hu[(off < 5.0) & (sign * aside > 20.0) & (sign * aside < 78.0)] = 400.0
    hu += np.random.default_rng(1).normal(0, 15, SHAPE)
    return Coarse(hu=hu.astype(np.float32), spacing_mm=MM, step=(1, 1, 1), shape=SHAPE)


def found(grid: Coarse, bottom: int = 0) -> Levels:
    part = Coarse(hu=grid.hu[bottom:], spacing_mm=MM, step=(1, 1, 1), shape=(SHAPE[0] - bottom, *SHAPE[1:]))
    way: NDArray[np.float64] = np.tile(np.array([CANAL_MM[0] - 8.0, CANAL_MM[1] + 6.0]), (len(part.hu), 1))
    return levels(part, np.ones(part.hu.shape, bool), way)


@pytest.mark.parametrize(("marrow", "disc"), [(220.0, 85.0), (75.0, 95.0)], ids=("dense bone", "thin bone"))
def test_each_body_has_its_level_and_its_middle(marrow: float, disc: float) -> None:
    told = found(spine(marrow=marrow, disc=disc))
    assert told.why == ""
    for level, number in (("L2", 1), ("L1", 2), ("T12", T12), ("T11", 4)):
        middle, _, height_mm = told.middles[level]
        assert middle[0] == pytest.approx(LOWEST_DISC_MM + (number + 0.5) * PITCH_MM, abs=3.0), level
        assert height_mm == pytest.approx(PITCH_MM, abs=2.0)
    assert "11 or 13 pairs" in told.told()


def test_a_spine_that_leans_is_counted_along_itself() -> None:
    told = found(spine(tilt=0.3))
    assert told.middles["T12"][0][0] == pytest.approx(LOWEST_DISC_MM + (T12 + 0.5) * PITCH_MM, abs=12.0)
    assert {"L1", "L2", "T12"} <= set(told.middles)


def test_what_marks_a_level_lies_inside_its_body() -> None:
    grid = spine(marrow=120.0)
    inside = grid.hu[drawn(grid, found(grid), "L1")]
    assert len(inside) > 500
    assert inside.mean() == pytest.approx(120.0, abs=5.0)


@pytest.mark.parametrize("has_ribs", [(False, False), (True, False)], ids=("no ribs", "ribs on one side"))
def test_without_a_pair_of_ribs_nothing_is_counted(has_ribs: tuple[bool, bool]) -> None:
    told = found(spine(has_ribs=has_ribs))
    assert not told.middles and "pair of ribs" in told.why


def test_ribs_at_the_end_of_the_scan_may_not_be_the_lowest() -> None:
    told = found(spine(), bottom=30)  # 37 mm of spine below the lowest pair
    assert not told.middles and "below it" in told.why


def test_soft_tissue_without_a_canal_has_no_levels() -> None:
    even = np.full(SHAPE, 60.0, np.float32)
    told = found(Coarse(hu=even, spacing_mm=MM, step=(1, 1, 1), shape=SHAPE))
    assert not told.middles and "canal" in told.why


def _axes() -> list[tuple[int, float, tuple[int, int, int]]]:
    shapes = ((-1, 1, 1), (1, -1, 1), (1, 1, -1))
    return [(n, mm, shape) for n, mm, shape in zip(SHAPE, MM[::-1], shapes, strict=True)]
