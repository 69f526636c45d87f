"""Aortic diameters beside those of TotalSegmentator's report, given its mask (`aorta_totalseg`, Apache-2.0).

The report's `diameter` in cm stands at ten levels; start and end of each line (RAS mm) say where it was measured.
"""

import json
from pathlib import Path

import numpy as np
import pytest

from imaging.absent import Absent
from imaging.measure.aorta import diameter_at
from imaging.segment.given import read_label_image
from imaging.study import read_path

WITHIN_MM = 2.0


@pytest.mark.shared_data
def test_every_level_of_the_report_is_met_within_2_mm(shared_data: Path) -> None:
    folder = shared_data / "ct" / "aorta_totalseg"
    volume, _ = read_path(folder / "ct_cropped.nii.gz")
    mask = read_label_image(folder / "aorta.nii.gz")[0] > 0
    landmarks = json.loads((folder / "aorta_report.json").read_text())["landmarks"].values()
    off = {}
    for told in (each for each in landmarks if each["diameter"] is not None):
        middle = (np.array(told["start"]) + np.array(told["end"])) / 2 * [-1, -1, 1]
        ours = diameter_at(mask, volume, middle)
        assert not isinstance(ours, Absent)
        off[told["name"]] = ours.largest_mm - 10 * told["diameter"]
    assert len(off) == 10
    assert {name: mm for name, mm in off.items() if abs(mm) > WITHIN_MM} == {}
