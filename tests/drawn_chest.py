"""A drawn chest with every organ labelled, healthy unless told otherwise: what finders and measures are tried on.

Ellipsoids and tubes on a grid of 3 mm with noise. It shows that the code sees what it claims to see, no more.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from imaging.labels import Labels
from imaging.volume import Volume

MM = 3.0
SHAPE = (94, 80, 114)  # z, y, x: 282 x 240 x 342 mm
NOISE_HU = 8.0
Mask = NDArray[np.bool_]


@dataclass
class Drawn:
    """HU (float) and organ numbers on the grid; `x, y, z` in mm around the middle (left, back, head)."""

    hu: NDArray[np.float64]
    organs: NDArray[np.uint8]
    numbers: dict[str, tuple[int, ...]] = field(default_factory=dict)

    @property
    def x(self) -> NDArray[np.float64]:
        return ((np.arange(SHAPE[2]) - (SHAPE[2] - 1) / 2) * MM)[None, None, :]

    @property
    def y(self) -> NDArray[np.float64]:
        return ((np.arange(SHAPE[1]) - (SHAPE[1] - 1) / 2) * MM)[None, :, None]

    @property
    def z(self) -> NDArray[np.float64]:
        return ((np.arange(SHAPE[0]) - (SHAPE[0] - 1) / 2) * MM)[:, None, None]

    def ball(self, x: float, y: float, z: float, *half: float) -> Mask:
        """An ellipsoid around a place; one half width for a ball, else along x, y, z."""
        a, b, c = half * 3 if len(half) == 1 else half
        return np.asarray(((self.x - x) / a) ** 2 + ((self.y - y) / b) ** 2 + ((self.z - z) / c) ** 2 <= 1)

    def tube(self, x: float, y: float, radius: float, low: float = -1e3, high: float = 1e3) -> Mask:
        """A tube along z."""
        inside = ((self.x - x) ** 2 + (self.y - y) ** 2 <= radius**2) & (self.z >= low) & (self.z <= high)
        return np.asarray(np.broadcast_to(inside, SHAPE))

    def box(self, x: tuple[float, float], y: tuple[float, float], z: tuple[float, float]) -> Mask:
        """A block between places."""
        inside = (self.x >= x[0]) & (self.x <= x[1]) & (self.y >= y[0]) & (self.y <= y[1])
        return np.asarray(np.broadcast_to(inside & (self.z >= z[0]) & (self.z <= z[1]), SHAPE))

    def put(self, mask: Mask, hu: float, organ: str = "") -> None:
        """Fill a place with HU, and label it where an organ is named."""
        self.hu[mask] = hu
        if organ:
            number = self.numbers.setdefault(organ, (len(self.numbers) + 1,))[0]
            self.organs[mask] = number

    def unlabel(self, mask: Mask) -> None:
        """Take a place out of every label."""
        self.organs[mask] = 0

    def lungs(self) -> Mask:
        """Where the lungs were drawn."""
        return self.organs == self.numbers["lungs"][0]


def healthy(
    *, lung: float = -860.0, heart_half: float = 52.0, aorta: float = 12.0, liver: float = 60.0, marrow: float = 200.0
) -> Drawn:
    """Return the chest; radii and half widths in mm, the rest in HU."""
    one = Drawn(hu=np.full(SHAPE, -1000.0), organs=np.zeros(SHAPE, np.uint8))
    tall = 1e4
    one.put(one.ball(0, 0, 0, 160, 108, tall), -100.0)
    one.put(one.ball(0, 0, 0, 150, 98, tall), 50.0)
    one.put(one.ball(0, 0, 0, 141, 91, tall) & ~one.ball(0, 0, 0, 135, 85, tall), 600.0)
    one.put(one.ball(0, 0, 0, 132, 82, tall), -90.0)
    for side in (-1, 1):
        one.put(one.ball(side * 72, 0, 20, 56, 76, 100), lung, "lungs")
    one.put(one.ball(8, -30, -15, heart_half, 42, 45), 45.0, "heart")
    one.put(one.ball(-70, -5, -115, 58, 66, 40) & (one.z > -135), liver, "liver")
    one.put(one.ball(85, 30, -105, 26, 32, 25), 48.0, "spleen")
    one.put(one.tube(20, 42, aorta), 45.0, "aorta")
    one.put(one.tube(0, 68, 18), 600.0, "vertebrae_T8")
    one.put(one.tube(0, 68, 16), marrow, "vertebrae_T8")
    one.put(one.tube(0, 68, 19, -130, -105), 500.0, "vertebrae_L1")
    one.put(one.tube(0, 68, 16, -126, -109), marrow, "vertebrae_L1")
    one.put(one.tube(0, 10, 9, low=30), -1000.0, "trachea")
    one.put(one.tube(0, 30, 6), 35.0, "esophagus")
    one.put(one.ball(-55, -40, -105, 13), 12.0, "gallbladder")
    one.put(one.ball(55, 45, -112, 26, 26, 22), 35.0, "kidney_left")
    one.put(one.ball(28, 35, -95, 4, 9, 6), 15.0, "adrenal_gland_left")
    one.put(one.box((-15, 45), (-25, 0), (-125, -105)), 42.0, "pancreas")
    return one


def scanned(one: Drawn, without: tuple[str, ...] = ()) -> tuple[Volume, Labels]:
    """Return the drawing as a scan with labels; `without` organs are not labelled."""
    noise = np.random.default_rng(7).normal(0, NOISE_HU, SHAPE)
    affine = np.diag([MM, MM, MM, 1.0])
    affine[:3, 3] = [-(n - 1) / 2 * MM for n in SHAPE[::-1]]
    hu = np.clip(np.rint(one.hu + noise), -1024, 3071).astype(np.int16)
    numbers = {name: of for name, of in one.numbers.items() if name not in without}
    return Volume(hu=hu, affine_lps=affine), Labels(voxels=one.organs, numbers=numbers, method="drawn")


def _in_lung(one: Drawn, mask: Mask, hu: float) -> None:
    one.put(mask & one.lungs(), hu)


def _plate(one: Drawn) -> None:
    _in_lung(one, one.box((55, 100), (-25, 25), (40, 46)), 20.0)


def _cavity(one: Drawn) -> None:
    _in_lung(one, one.ball(-72, 0, 50, 17), 30.0)
    _in_lung(one, one.ball(-72, 0, 50, 9), -1000.0)


def _effusion(one: Drawn) -> None:
    wet = one.lungs() & (one.y > 35) & (one.x > 0)
    one.unlabel(wet)
    one.put(wet, 8.0)


def _free_gas(one: Drawn) -> None:
    front = (
        one.ball(75, 0, 20, 58, 80, 90)
        & (one.y < -25)
        & one.ball(0, 0, 0, 131, 81, 1e4)
        & ~one.ball(8, -30, -15, 60, 50, 52)
    )
    one.put(front, -1000.0)
    one.unlabel(front)


def _thick_pleura(one: Drawn) -> None:
    layer = one.lungs() & ~one.ball(-64, 0, 20, 52, 72, 100) & (one.x < -90) & (np.abs(one.z - 20) < 40)
    one.unlabel(layer)
    one.put(layer, 45.0)


def _pleural_calcium(one: Drawn) -> None:
    _thick_pleura(one)
    one.put(one.box((-125, -119), (-12, 12), (5, 35)) & (one.hu < 100), 500.0)


def _wet_heart(one: Drawn) -> None:
    shell = one.ball(8, -30, -15, 66, 54, 58) & ~one.ball(8, -30, -15, 52, 42, 45)
    shell &= one.ball(0, 0, 0, 131, 81, 1e4)
    one.unlabel(shell)
    one.put(shell, 8.0)


def _wide_gullet(one: Drawn) -> None:
    one.put(one.tube(0, 30, 12, -40, 60), 35.0, "esophagus")
    one.put(one.tube(0, 30, 9, -40, 60), -1000.0, "esophagus")


def _adrenal(one: Drawn) -> None:
    one.put(one.ball(28, 35, -95, 10), 15.0, "adrenal_gland_left")


def _calcium_spots(one: Drawn) -> None:
    for x, z in ((-60, 40), (-80, 60), (70, 70), (85, 30)):
        one.put(one.ball(x, 10, z, 4), 400.0)


def _several(one: Drawn) -> None:
    for x, z in ((-70, 20), (-75, 75), (75, 80), (70, 30)):
        one.put(one.ball(x, 5, z, 8), 40.0)


def _put(*shape: float, hu: float, place: tuple[float, float, float]) -> Callable[[Drawn], None]:
    return lambda one: one.put(one.ball(*place, *shape), hu)


def _hole(one: Drawn) -> None:
    _in_lung(one, one.ball(-72, 0, 40, 12), -1000.0)


def _haze(one: Drawn) -> None:
    _in_lung(one, one.ball(70, 10, 50, 25), -500.0)


_lump = _put(9, hu=40, place=(-72, 5, 50))

DRAWN: dict[str, Callable[[Drawn], None]] = {
    "flagged_region": _lump,
    "nodule": _lump,
    "nodulegr1cm": _lump,
    "scattered_nod": _several,
    "mass": _put(20, hu=40, place=(-72, 5, 30)),
    "groundglass": _haze,
    "consolidation": lambda one: _in_lung(one, one.ball(70, 10, 50, 20), 20.0),
    "opacity": _haze,
    "plate_like_atelectasis": _plate,
    "lucency": _hole,
    "cyst": _hole,
    "cavitation": _cavity,
    "pleural_effusion": _effusion,
    "pneumothorax": _free_gas,
    "pleural_thickening": _thick_pleura,
    "pleural_calcification": _pleural_calcium,
    "pneumomediastinum": _put(6, hu=-1000, place=(0, -60, 75)),
    "pericardial_effusion": _wet_heart,
    "esophageal_dilatation": _wide_gullet,
    "calcification": _put(4, hu=400, place=(-60, 10, 40)),
    "scattered_calc": _calcium_spots,
    "medical_material": _put(5, hu=3000, place=(0, -50, 60)),
    "liver_mass": _put(12, hu=15, place=(-70, 0, -112)),
    "cholelithiasis": _put(5, hu=300, place=(-55, -40, -105)),
    "renal_mass": _put(9, hu=-5, place=(55, 45, -112)),
    "adrenal_nodule": _adrenal,
    "pancreatic_lesion_suspected": _put(7, hu=0, place=(25, -12, -115)),
    "pancreatic_cyst": _put(7, hu=8, place=(25, -12, -115)),
}
