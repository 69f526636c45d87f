"""How near are our aortic diameters to those of another tool, level by level, given the same mask?

.venv/bin/python bench/slow/ct_aorta.py      # needs the real data beside the checkout
"""

import json
import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from imaging.absent import Absent  # noqa: E402
from imaging.gate import judge  # noqa: E402
from imaging.labels import Labels  # noqa: E402
from imaging.measure.aorta import MEASURE, diameter_at  # noqa: E402
from imaging.segment.given import read_label_image  # noqa: E402
from imaging.study import read_path  # noqa: E402

FOLDER = ROOT.parent / "shared" / "data" / "ct" / "aorta_totalseg"
ORGANS = ("vertebrae_T12", "brachiocephalic_trunk", "celiac_trunk", "aorta")
OWN_LEVELS = {  # what the report calls them: what we call them
    "annulus": "annulus",
    "sinuses of valsalva": "sinuses of Valsalva",
    "sinotub. junc.": "sinotubular junction",
    "mid asc. aorta": "mid ascending",
    "distal asc. aorta": "distal ascending",
    "mid aortic arch": "mid arch",
    "proximal desc. aorta": "proximal descending",
    "mid desc. aorta": "mid descending",
    "desc. aorta (T12)": "T12",
    "abd. aorta (celiac artery)": "coeliac trunk",
}


def main() -> None:
    """Print a row a level: the report, ours at the report's place, ours at our own place, in mm."""
    volume, _ = read_path(FOLDER / "ct_cropped.nii.gz")
    voxels = np.zeros(volume.hu.shape, np.uint8)
    for number, organ in enumerate(ORGANS, start=1):
        voxels[read_label_image(FOLDER / f"{organ}.nii.gz")[0] > 0] = number
    numbers = {organ: (number,) for number, organ in enumerate(ORGANS, start=1)}
    labels = Labels(voxels=voxels, numbers=numbers, method="TotalSegmentator")
    own = {one.level: one for one in MEASURE.measure(volume, labels, judge(volume, labels))}
    landmarks = json.loads((FOLDER / "aorta_report.json").read_text())["landmarks"].values()
    print("| level | report | at its place | at our place | sd |\n| --- | ---: | ---: | ---: | ---: |")
    for told in landmarks:
        if told["diameter"] is None:
            continue
        middle = (np.array(told["start"]) + np.array(told["end"])) / 2 * [-1, -1, 1]  # the report is in RAS
        there = diameter_at(voxels == 4, volume, middle)
        here = own[OWN_LEVELS[told["name"]]]
        at_its = "-" if isinstance(there, Absent) else f"{there.largest_mm:.1f}"
        at_our = f"{here.value:.1f}" if here.value is not None else f"refused: {here.refused}"
        print(f"| {told['name']} | {10 * told['diameter']:.0f} | {at_its} | {at_our} | {here.sd or 0:.1f} |")


if __name__ == "__main__":
    main()
