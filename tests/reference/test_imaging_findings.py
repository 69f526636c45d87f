"""What the finders say of a real chest with contrast (LIDC-IDRI-0001), with the organs as published for it.

What it shows is not known but for the nodule that four readers outlined. That the others are not there is our own
reading of the pictures, no truth: the rows of the catalogue say so.
"""

import json
from pathlib import Path

import numpy as np
import pytest

from imaging.absent import Absent
from imaging.catalogue import entries
from imaging.examine import Examined
from imaging.findings import FINDINGS
from imaging.gate import judge
from imaging.segment.given import given
from imaging.source import read_path
from imaging.study import screen

pytestmark = pytest.mark.shared_data
NONE_HERE = "without it shows none"
BY_KEY = {finder.key: finder for finder in FINDINGS}
CLAIMED = tuple(row.by for row in entries() if NONE_HERE in row.rests_on)


@pytest.fixture(scope="module")
def scan(shared_data: Path) -> Examined:
    folder = shared_data / "ct" / "chest_ge_lidc0001"
    volume, _ = read_path(folder / "dicom.tar.xz")
    labels = given(volume, folder / "totalsegmentator_labels.nii.gz", folder / "totalsegmentator_labels.csv")
    return Examined(
        volume=volume, screening=screen(volume), labels=labels, fitness=judge(volume, labels), measurements=()
    )  # fmt: skip


@pytest.mark.parametrize("key", CLAIMED)
def test_a_finder_finds_nothing_where_the_catalogue_says_so(key: str, scan: Examined) -> None:
    assert BY_KEY[key].find(scan) == ()


@pytest.mark.parametrize("key", ["nodule", "nodulegr1cm"])
def test_the_nodule_that_readers_outlined_is_among_the_nodules(key: str, scan: Examined, shared_data: Path) -> None:
    told = (shared_data / "ct" / "chest_ge_lidc0001" / "lidc_reader_annotations.json").read_text()
    contours = [contour for reader in json.loads(told)["readers"] for contour in reader["contours"]]
    heights = [contour["z_mm"] for contour in contours]
    flat = np.array([[*point, 0.0] for contour in contours for point in contour["points_x_col_y_row"]])
    places = scan.volume.to_lps(flat)[:, :2]
    low, high = (*places.min(axis=0), min(heights)), (*places.max(axis=0), max(heights))
    found = BY_KEY[key].find(scan)
    assert not isinstance(found, Absent)
    assert any(
        np.all(low <= np.array(one.centre_lps_mm)) and np.all(one.centre_lps_mm <= np.array(high)) for one in found
    )


@pytest.mark.parametrize("key", ["medical_material", "cholelithiasis"])
def test_a_finder_refuses_where_contrast_or_a_missing_organ_forbids(key: str, scan: Examined) -> None:
    found = BY_KEY[key].find(scan)
    assert isinstance(found, Absent) and found.reason
