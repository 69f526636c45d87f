"""A drawn trunk for the segmentation tests: organs as ellipsoids and tubes in fat, with the mask of each."""

import numpy as np
from numpy.typing import NDArray

from imaging.volume import Volume

SPACING_MM = np.array([3.0, 3.0, 4.0])  # x, y, z
SIZE = np.array([124, 90, 84])
Mask = NDArray[np.bool_]


def drawn_trunk(*, contrast: bool = False, liver: bool = True) -> tuple[Volume, dict[str, Mask]]:
    """Return a chest with the upper abdomen and its organs' masks; the origin is the middle, noise 12 HU."""
    x, y, z = (axis.astype(float) for axis in np.meshgrid(*_axes(), indexing="ij", sparse=True))
    x, y, z = (np.transpose(axis, (2, 1, 0)) for axis in (x, y, z))

    def ball(at: tuple[float, float, float], half: tuple[float, float, float]) -> Mask:
        return ((x - at[0]) / half[0]) ** 2 + ((y - at[1]) / half[1]) ** 2 + ((z - at[2]) / half[2]) ** 2 < 1

    def tube(at: tuple[float, float], radius: float, low: float = -999, high: float = 999) -> Mask:
        return ((x - at[0]) ** 2 + (y - at[1]) ** 2 < radius**2) & (z >= low) & (z <= high)

    blood, liver_hu, spleen_hu = (300.0, 100.0, 130.0) if contrast else (42.0, 58.0, 48.0)
    shape = tuple(SIZE[::-1])
    hu = np.full(shape, -1000.0)
    section = (x / 165) ** 2 + (y / 115) ** 2 + 0 * z
    hu[section < 1] = -100
    hu[(section < 0.92) & (section > 0.78)] = 50
    organs = {
        "lung_right": ball((-78, 5, 55), (55, 78, 105)),
        "lung_left": ball((78, 5, 55), (55, 78, 105)),
        "heart": ball((8, -32, 12), (46, 38, 42)),
        "liver": ball((-60, 0, -65), (78, 80, 68)) if liver else np.zeros(shape, bool),
        "spleen": ball((95, 35, -60), (32, 42, 45)),
        "airways": tube((0, -5), 9, 70, 160),
        "aorta": tube((18, 38), 12, -160, 55),
        "vertebrae": tube((0, 75), 20) | ((np.abs(x) < 5) & (np.abs(y - 100) < 10) & (z > -999)),
    }
    soft = organs["liver"] | organs["spleen"] | organs["heart"]
    for side in ("lung_right", "lung_left"):
        organs[side] &= ~soft & ~organs["aorta"] & ~tube((0, 75), 26)
        hu[organs[side]] = -850
    organs["heart"] &= ~organs["liver"]
    organs["liver"] &= ~tube((0, 75), 26) & ~tube((18, 38), 16)
    for name, value in (("heart", blood), ("liver", liver_hu), ("spleen", spleen_hu), ("airways", -990)):
        hu[organs[name]] = value
    hu[tube((18, 38), 16, -160, 55) & ~organs["aorta"] & (hu > -500)] = -100
    hu[organs["aorta"]] = blood
    hu[organs["vertebrae"]] = 180
    hu[organs["vertebrae"] & ~tube((0, 75), 17)] = 500
    hu += np.random.default_rng(4).normal(0, 12, shape)
    affine = np.diag([*SPACING_MM, 1.0])
    affine[:3, 3] = -(SIZE - 1) / 2 * SPACING_MM
    return Volume(hu=np.rint(hu).astype(np.int16), affine_lps=affine), organs


def dice(one: Mask, other: Mask) -> float:
    """Return the share of agreement of two masks: 1 when they are the same."""
    return 2 * float((one & other).sum()) / float(one.sum() + other.sum())


def _axes() -> list[NDArray[np.float64]]:
    return [(np.arange(count) - (count - 1) / 2) * mm for count, mm in zip(SIZE, SPACING_MM, strict=True)]
