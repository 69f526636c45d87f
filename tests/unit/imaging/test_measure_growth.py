"""The same nodule in two scans: planted in phantoms, the later one laid elsewhere and stretched by a known map."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from imaging.absent import Absent
from imaging.measure.growth import Growth, changes, compared, grown
from imaging.measure.nodule import Nodule
from imaging.phantom import Lesion, draw_phantom
from imaging.register import Registration, register
from imaging.volume import Volume
from tests.unit.imaging.conftest import SMALL
from tests.unit.imaging.drawn import volume_of

PLACE = SMALL.lesions[0].centre_lps_mm
SHIFT = np.array([14.0, -9.0, 22.0])  # mm: the patient lies elsewhere on the table
STRETCH = 1.04  # from head to feet: a deeper breath


def chest(diameter_mm: float | None, seed: int = 1) -> Volume:
    lesions = () if diameter_mm is None else (Lesion(centre_lps_mm=PLACE, diameter_mm=diameter_mm),)
    return draw_phantom(replace(SMALL, lesions=lesions, seed=seed))


def moved(volume: Volume) -> Volume:
    """The scan stretched along z and laid elsewhere."""
    z = np.arange(volume.hu.shape[0]) / STRETCH + (1 - 1 / STRETCH) * (volume.hu.shape[0] - 1) / 2
    grid = np.meshgrid(z, *(np.arange(n) for n in volume.hu.shape[1:]), indexing="ij")
    hu = ndimage.map_coordinates(volume.hu.astype(np.float32), grid, order=1, mode="nearest")
    affine = volume.affine_lps.copy()
    affine[:3, 3] += SHIFT
    return replace(volume, hu=np.rint(hu).astype(np.int16), affine_lps=affine)


def where_now(point: tuple[float, float, float]) -> tuple[float, float, float]:
    x, y, z = (np.array(point) * [1, 1, STRETCH] + SHIFT).tolist()  # the phantom's middle is the origin
    return x, y, z


@pytest.fixture(scope="module")
def registered() -> Registration:
    found = register(moved(chest(16.0)), chest(12.0, seed=2))
    assert isinstance(found, Registration)
    return found


@pytest.mark.parametrize("point", [PLACE, (80.0, 20.0, -30.0), (-70.0, -20.0, 10.0), (90.0, 30.0, 40.0)])
def test_a_point_of_the_lung_is_found_again_within_5_mm(
    registered: Registration, point: tuple[float, float, float]
) -> None:
    apart = np.linalg.norm(np.subtract(registered.to_prior(where_now(point)), point))
    assert apart < 5.0  # the phantom's voxels are 2.8 x 2.8 x 4 mm


def test_a_planted_nodule_that_grew_is_found_again_with_its_doubling_time(registered: Registration) -> None:
    found = grown(moved(chest(16.0)), chest(12.0, seed=2), where_now(PLACE), 180)
    assert isinstance(found, Growth)
    stretched = STRETCH * (16 / 12) ** 3
    planted_days = 180 * np.log(2) / np.log(stretched)
    low, high = found.doubling_interval_days or (np.inf, -np.inf)
    assert found.change == "changed" and found.change_percent > 0
    assert low < planted_days < (high or np.inf)
    assert found.likeness == registered.likeness  # the same two scans, laid on each other again: to the last digit


def test_a_nodule_that_was_not_there_is_said_to_be_new_or_too_small() -> None:
    found = grown(moved(chest(16.0)), chest(None, seed=2), where_now(PLACE), 180)
    assert isinstance(found, Absent) and "no nodule at this place in the earlier scan" in found.reason


def test_a_place_without_a_nodule_is_absent() -> None:
    found = grown(chest(None), chest(None, seed=2), PLACE, 180)
    assert isinstance(found, Absent) and found.reason.startswith("in the current scan")


def test_a_scan_without_lungs_cannot_be_laid_on_another() -> None:
    soft = volume_of(np.full((20, 40, 40), 40, np.int16), (5.0, 5.0, 5.0))
    found = register(chest(16.0), soft)
    assert isinstance(found, Absent) and "earlier scan" in found.reason


def nodule(mm3: float, sd: float, kind: str = "solid") -> Nodule:
    return Nodule(
        volume_mm3=mm3, volume_sd=sd, long_mm=8, short_mm=8, longest_mm=8, attenuation_hu=0, solid_share=1, kind=kind,
        plane="transverse", centre_lps_mm=(0, 0, 0), is_cut=False, is_small=False,
    )  # fmt: skip


def test_twice_the_volume_in_100_days_doubles_in_100_days() -> None:
    found = compared(nodule(400, 0.1), nodule(200, 0.1), 100, 1.0)
    assert found.doubling_days == pytest.approx(100) and found.change_percent == pytest.approx(100)


def test_the_interval_of_the_doubling_time_has_the_error_of_both_volumes() -> None:
    found = compared(nodule(400, 40), nodule(200, 20), 100, 1.0)
    half = 1.96 * np.sqrt(0.02)
    assert found.doubling_interval_days == pytest.approx(
        (100 * np.log(2) / (np.log(2) + half), 100 * np.log(2) / (np.log(2) - half))
    )


def test_a_change_within_the_error_has_no_doubling_time() -> None:
    found = compared(nodule(220, 22), nodule(200, 20), 100, 1.0)
    assert found.doubling_days is None and found.doubling_interval_days is None
    assert found.change == "can't tell"  # the error, 32 %, would hide a change that matters
    assert compared(nodule(202, 2), nodule(200, 2), 100, 1.0).change == "no real change"


def test_a_nodule_that_shrank_has_changed_without_a_doubling_time() -> None:
    found = compared(nodule(100, 2), nodule(200, 2), 100, 1.0)
    assert found.change == "changed" and found.doubling_days is None and found.change_percent == pytest.approx(-50)


def test_another_scanner_kernel_or_slice_thickness_is_named() -> None:
    one = chest(16.0)
    other = replace(one, provenance=replace(one.provenance, model="Other", kernel="B70f", slice_thickness_mm=8.0))
    told = " ".join(changes(one, other))
    assert "scanner" in told and "kernel changed from B70f" in told and "slices changed from 8 to 4 mm" in told
    assert changes(one, one) == ()


def test_a_type_that_changed_is_named() -> None:
    assert "part_solid to solid" in compared(nodule(200, 2), nodule(200, 2, "part_solid"), 100, 1.0).cautions[0]


def test_an_interval_of_no_day_is_refused() -> None:
    assert isinstance(grown(chest(None), chest(None), PLACE, 0), Absent)
