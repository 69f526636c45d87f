"""The picture a reader sees: right way round, outlined, of the asked size."""

import io

import numpy as np
from PIL import Image

from imaging.regions import Region
from imaging.render import GROUND, OUTLINE, SIZE_PX, SOFT_TISSUE_WINDOW, THUMBNAIL_PX, key_slice, thumbnail
from imaging.volume import Volume


def region(x: float, y: float, z: float, half: float = 6.0) -> Region:
    low, high = (x - half, y - half, z - half), (x + half, y + half, z + half)
    return Region(rank=1, score=0.5, centre_lps_mm=(x, y, z), box_lps_mm=(low, high), features={})


def volume(padding: np.ndarray | None = None) -> Volume:
    """Lung everywhere, a bright spot at the patient's left (x = 40) and front (y = -40) on slice 3."""
    hu = np.full((8, 64, 64), -900, np.int16)
    affine = np.diag([2.0, 2.0, 5.0, 1.0])
    affine[:3, 3] = (-63.0, -63.0, 0.0)
    hu[3, 10:14, 50:54] = 100
    return Volume(hu=hu, affine_lps=affine, padding=padding)


def picture(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)


def test_the_left_of_the_patient_is_on_the_right_and_the_front_is_up() -> None:
    shown = picture(key_slice(volume(), region(40, -40, 15)))
    assert shown.shape == (SIZE_PX, SIZE_PX, 3)
    spot = shown[80:112, 400:432].mean()
    assert spot > 180 and shown[400:432, 80:112].mean() < 100


def test_the_slice_through_the_centre_is_shown() -> None:
    assert picture(key_slice(volume(), region(40, -40, 25)))[80:112, 400:432].mean() < 100


def test_the_outline_encloses_the_region() -> None:
    rows, columns = np.nonzero((picture(key_slice(volume(), region(40, -40, 15))) == OUTLINE).all(axis=2))
    left, right, top, bottom = columns.min(), columns.max(), rows.min(), rows.max()
    # x = 40 +- 8 mm (box and margin); -64 mm is the left edge and a mm is 4 px
    assert (left, right) == (384, 448) and (top, bottom) == (64, 128)


def test_a_region_at_the_edge_stays_in_the_picture() -> None:
    shown = picture(key_slice(volume(), region(62, 62, 15, half=20)))
    assert (shown == OUTLINE).all(axis=2).any()


def test_padding_is_the_ground_of_the_page() -> None:
    padding = np.zeros((8, 64, 64), bool)
    padding[:, :20] = True
    shown = picture(key_slice(volume(padding), region(0, 40, 15)))
    assert (shown[60, 100] == GROUND).all()


def test_a_narrow_window_darkens_lung() -> None:
    shown = picture(key_slice(volume(), region(0, 40, 15), window=SOFT_TISSUE_WINDOW))
    assert shown[200, 200].max() == 0


def test_pixels_that_are_not_square_are_shown_in_proportion() -> None:
    flat = volume()
    wide = flat.affine_lps.copy()
    wide[0, 0] = 4.0
    shown = picture(key_slice(Volume(hu=flat.hu, affine_lps=wide), region(0, 0, 15)))
    assert shown.shape[:2] == (SIZE_PX // 2, SIZE_PX)


def test_the_thumbnail_is_small_and_centred_on_the_region() -> None:
    shown = picture(thumbnail(volume(), region(40, -40, 15)))
    assert shown.shape == (THUMBNAIL_PX, THUMBNAIL_PX, 3)
    middle = THUMBNAIL_PX // 2
    assert shown[middle - 4 : middle + 4, middle - 4 : middle + 4].mean() > 180


def test_the_same_region_gives_the_same_bytes() -> None:
    assert key_slice(volume(), region(40, -40, 15)) == key_slice(volume(), region(40, -40, 15))
