"""Are the true lesions of the labelled chest scans among the first regions?

LIDC-IDRI-0001: one nodule outlined by four radiologists (CC BY 3.0). Lung-PET-CT-Dx A0002: a biopsy-proven
adenocarcinoma with a radiologist's boxes (CC BY 4.0). Both were looked at when the score's constants were chosen, so
this holds the reach; it does not measure it.
"""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from imaging.regions import Region
from imaging.study import read_path, screen

pytestmark = pytest.mark.shared_data
Box = tuple[np.ndarray, np.ndarray]


def rank_of(regions: tuple[Region, ...], lesion: Box) -> int | None:
    """Return the rank of the first region whose centre lies inside the lesion's box."""
    low, high = lesion
    return next(
        (one.rank for one in regions if np.all(low <= one.centre_lps_mm) and np.all(one.centre_lps_mm <= high)), None
    )


def test_the_nodule_of_lidc_0001_is_the_first_region(shared_data: Path) -> None:
    folder = shared_data / "ct" / "chest_ge_lidc0001"
    volume, _ = read_path(folder)
    readers = json.loads((folder / "lidc_reader_annotations.json").read_text())["readers"]
    z_of = {round(float(volume.to_lps(np.array([0.0, 0, k]))[2]), 1): k for k in range(volume.hu.shape[0])}
    outline = [
        (x, y, z_of[round(contour["z_mm"], 1)])
        for reader in readers
        for contour in reader["contours"]
        for x, y in contour["points_x_col_y_row"]
    ]
    points = volume.to_lps(np.array(outline, float))
    regions = screen(volume).regions
    assert rank_of(regions, (points.min(axis=0), points.max(axis=0))) == 1
    size = np.subtract(*regions[0].box_lps_mm[::-1])
    assert np.all(size > 20) and np.all(size < 35)  # readers: 23 to 32 mm


def test_the_tumour_of_lungdx_a0002_is_among_the_first_regions(shared_data: Path) -> None:
    folder = shared_data / "ct" / "chest_siemens_lungdx_a0002"
    volume, _ = read_path(folder)
    with (folder / "tumour_boxes.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    corners = [
        (float(row[x]), float(row[y]), (float(row["z_mm"]) - volume.affine_lps[2, 3]) / volume.spacing_mm[2])
        for row in rows
        for x, y in (("x_min", "y_min"), ("x_max", "y_max"))
    ]
    points = volume.to_lps(np.array(corners))
    rank = rank_of(screen(volume).regions, (points.min(axis=0), points.max(axis=0)))
    assert rank is not None and rank <= 3
