"""Kidneys are found as ovals in fat beside the spine, with and without contrast; what has no fat around is refused."""

import numpy as np
import pytest

from imaging.segment.coarse import Coarse
from imaging.segment.kidneys import LEAKS, NOT_SEEN, kidneys
from imaging.segment.solid import smoothed
from tests.unit.imaging.segment_drawing import Mask, dice

MM = 3.0
SHAPE = (44, 80, 110)
CANAL_MM = (170.0, 165.0)  # y, x


def drawn(kidney_hu: float, muscle_hu: float = 55.0, *, bowel: bool = False) -> tuple[Coarse, dict[str, Mask]]:
    """Two ovals in fat with psoas and back muscles; `bowel`: a mass like the right kidney that touches its front."""
    z, y, x = (
        np.arange(n).reshape(one) * MM for n, one in zip(SHAPE, ((-1, 1, 1), (1, -1, 1), (1, 1, -1)), strict=True)
    )
    aside, behind = x - CANAL_MM[1], y - CANAL_MM[0]
    hu = np.full(SHAPE, -100.0)
    hu[np.broadcast_to(behind > 15, SHAPE)] = muscle_hu
    organs = {}
    for name, sign in (("kidney_right", -1), ("kidney_left", 1)):
        hu[np.broadcast_to(np.hypot(aside - sign * 24, behind + 10) < 10, SHAPE)] = muscle_hu
        out = sign * aside
        organs[name] = ((out - 66) / 26) ** 2 + ((behind + 22) / 22) ** 2 + ((z - 66) / 50) ** 2 < 1
        hu[organs[name]] = kidney_hu
    if bowel:
        hu[np.broadcast_to((np.abs(aside + 66) < 26) & (behind < -30) & (behind > -110), SHAPE)] = kidney_hu
    hu += np.random.default_rng(2).normal(0, 12, SHAPE)
    return Coarse(hu=hu.astype(np.float32), spacing_mm=(MM, MM, MM), step=(1, 1, 1), shape=SHAPE), organs


def found(grid: Coarse, *, is_enhanced: bool) -> dict[str, Mask | str]:
    middle = np.tile(np.array(CANAL_MM), (SHAPE[0], 1))
    free = np.ones(SHAPE, bool)
    return kidneys(grid, free=free, smooth=smoothed(grid), middle=middle, is_enhanced=is_enhanced)


@pytest.mark.parametrize(("hu", "is_enhanced"), [(20.0, False), (180.0, True)], ids=("native", "contrast"))
def test_both_kidneys_are_found(hu: float, is_enhanced: bool) -> None:
    grid, organs = drawn(hu)
    for name, mask in found(grid, is_enhanced=is_enhanced).items():
        assert not isinstance(mask, str), (name, mask)
        assert dice(mask, organs[name]) > 0.9, name


def test_a_kidney_that_bowel_lies_on_is_refused_and_the_other_is_not() -> None:
    told = found(drawn(20.0, bowel=True)[0], is_enhanced=False)
    assert str(told["kidney_right"]) == LEAKS
    assert not isinstance(told["kidney_left"], str)


def test_fat_alone_holds_no_kidney() -> None:
    grid, _ = drawn(-100.0)
    assert set(found(grid, is_enhanced=False).values()) == {NOT_SEEN}
