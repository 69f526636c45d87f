"""What do our finders say of real scans in which nobody reported anything but the known lesion?

    .venv/bin/python bench/slow/ct_findings.py [SCAN ...]

Organs are drawn by our own segmenter, as in the worker. Each count is of places; "-" is looked and nothing found, "no"
could not look. Nobody read these scans for all that is looked for: a place is a false alarm or an unreported find.
"""

import sys
from time import process_time

from ct_scans import CT, labelled

from imaging.absent import Absent
from imaging.examine import examine
from imaging.findings import FINDINGS
from imaging.phantom import Phantom, draw_phantom
from imaging.source import read_path
from imaging.study import screen
from imaging.volume import Volume

FILES = {
    "abdomen": CT / "organs_totalseg" / "example_ct_sm.nii.gz",
    "siemens_abdomen": CT / "organs_totalseg" / "dicom_siemens_j2k",
}
SCANS = ("lidc_0001", "lungdx_a0002", "lung1", *FILES, "phantom")


def main(names: list[str]) -> None:
    told: dict[str, dict[str, str]] = {}
    for name in names or SCANS:
        volume = _volume(name)
        began = process_time()
        examined = examine(volume, screening=screen(volume))
        measured = process_time() - began
        told[name] = {finder.key: _told(finder.find(examined)) for finder in FINDINGS}
        print(
            f"{name}: {measured:.1f} s of processor time to examine, {process_time() - began - measured:.1f} s to find"
        )
    print(f"\n| finder | {' | '.join(told)} |\n| --- |{' ---: |' * len(told)}")
    for finder in FINDINGS:
        print(f"| {finder.key} | {' | '.join(each[finder.key] for each in told.values())} |")


def _volume(name: str) -> Volume:
    if name == "phantom":
        return draw_phantom(Phantom())
    return read_path(FILES[name])[0] if name in FILES else labelled(name).volume


def _told(answer: object) -> str:
    if isinstance(answer, Absent):
        return "no"
    return str(len(answer)) if answer else "-"  # type: ignore[arg-type]


if __name__ == "__main__":
    main(sys.argv[1:])
