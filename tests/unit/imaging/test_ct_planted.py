"""Planted nodules lie where they were meant to, and nothing else changes."""

import numpy as np

from imaging.lung_mask import LungMask, lungs
from imaging.phantom import Phantom, draw_phantom
from imaging.planted import SETTINGS, Nodule, ground, place, plant
from imaging.volume import Volume

NOWHERE = np.zeros((0, 2, 3))


def lungs_of(volume: Volume) -> LungMask:
    lung = lungs(volume)
    assert lung is not None
    return lung


def test_a_planted_nodule_changes_its_place_only_and_is_the_same_each_time(small_phantom: Phantom) -> None:
    volume = draw_phantom(Phantom(**{**vars(small_phantom), "lesions": ()}))
    nodule = Nodule(centre_lps_mm=(-84.0, 36.0, 42.0), diameter_mm=20.0, hu=30.0, seed=3)
    planted = plant(volume, [nodule])
    z, y, x = np.nonzero(planted.hu != volume.hu)
    away = np.linalg.norm(volume.to_lps(np.stack([x, y, z], axis=1).astype(float)) - nodule.centre_lps_mm, axis=1)
    assert away.max() < 20
    at = np.rint(volume.to_voxel(np.array(nodule.centre_lps_mm))).astype(int)
    assert abs(float(planted.hu[at[2], at[1], at[0]]) - 30) < 80
    assert np.array_equal(plant(volume, [nodule]).hu, planted.hu)


def test_places_lie_in_aerated_lung_away_from_what_is_to_be_avoided(small_phantom: Phantom) -> None:
    volume = draw_phantom(small_phantom)
    lung = lungs_of(volume)
    here = ground(volume, lung)
    left_half = np.array([[[0.0, -200.0, -200.0], [200.0, 200.0, 200.0]]])
    for setting in SETTINGS:
        found = place(volume, here, setting, 4.0, np.random.default_rng(1), left_half)
        assert found is not None and found[0] < -15
        x, y, z = np.rint(volume.to_voxel(np.array(found))).astype(int)
        assert volume.hu[z, y, x] < -600


def test_no_place_is_named_where_none_is(small_phantom: Phantom) -> None:
    volume = draw_phantom(small_phantom)
    everywhere = np.array([[[-900.0] * 3, [900.0] * 3]])
    here = ground(volume, lungs_of(volume))
    assert place(volume, here, "free", 4.0, np.random.default_rng(1), everywhere) is None
    assert place(volume, here, "free", 200.0, np.random.default_rng(1), NOWHERE) is None
