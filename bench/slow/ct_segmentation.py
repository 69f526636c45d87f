"""How far do our organs agree with the automatic labels of the real scans, and how long do they take?

python bench/slow/ct_segmentation.py [DATA]     default: ../shared/data, beside the checkout

Dice against TotalSegmentator's labels (not a reader's); where a scan has none, the volumes that are found, and why
the rest is absent. Processor seconds of one run each, on one thread.
"""

import sys
import time
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from imaging.absent import Absent
from imaging.labels import Labels
from imaging.nifti import read_nifti
from imaging.segment.given import given
from imaging.segment.own import OWN
from imaging.study import read_path
from imaging.volume import Volume

ORGANS = (
    "lungs", "airways", "bone", "vertebrae", "liver", "spleen", "aorta", "heart", "kidney_right", "kidney_left",
)  # fmt: skip
LEVELS = ("T10", "T11", "T12", "L1", "L2", "L3")


def main(data: Path) -> None:
    ct = data / "ct"
    lidc, organs = ct / "chest_ge_lidc0001", ct / "organs_totalseg"
    _labelled(
        "LIDC-IDRI-0001",
        read_path(lidc)[0],
        lidc / "totalsegmentator_labels.nii.gz",
        lidc / "totalsegmentator_labels.csv",
    )
    _labelled("native abdomen, 3 mm", read_nifti(organs / "example_ct_sm.nii.gz"), organs / "example_seg.nii.gz", None)
    siemens = read_path(organs / "dicom_siemens_j2k")[0]
    _labelled("Siemens abdomen, JPEG 2000", siemens, organs / "example_seg_dicom.nii.gz", None)
    aorta = ct / "aorta_totalseg"
    _labelled("dissected aorta, cropped", read_nifti(aorta / "ct_cropped.nii.gz"), aorta / "aorta.nii.gz", None)
    _found("Siemens chest, 8 mm", read_path(ct / "chest_siemens_lungdx_a0002")[0])
    _found("lung1, 5 mm", _nrrd(ct / "chest_nrrd_lung1" / "lung1_image.nrrd"))
    _found("QRM phantom", read_path(ct / "calcium_qrm_canon")[0])


def _labelled(name: str, volume: Volume, path: Path, table: Path | None) -> None:
    ours, reference = _found(name, volume), given(volume, path, table)
    for organ in ORGANS:
        theirs, found = reference.mask(organ), ours.mask(organ)
        if not isinstance(theirs, Absent) and not isinstance(found, Absent):
            dice = 2 * np.count_nonzero(theirs & found) / (np.count_nonzero(theirs) + np.count_nonzero(found))
            print(f"    Dice {organ:12} {dice:.3f}")
    for level in LEVELS:
        theirs, found = reference.mask(f"vertebrae_{level}"), ours.mask(f"vertebrae_{level}")
        if isinstance(found, Absent):
            print(f"    {level}: {found.reason}")
        elif not isinstance(theirs, Absent):
            share = np.count_nonzero(found & theirs) / np.count_nonzero(found)
            print(f"    {level}: {share:.0%} of what marks it lies in it")


def _found(name: str, volume: Volume) -> Labels:
    start = time.process_time()
    labels = OWN.segment(volume)
    print(f"{name}: {'x'.join(map(str, volume.hu.shape))}, {time.process_time() - start:.1f} s of processor")
    ml = float(np.prod(volume.spacing_mm)) / 1000
    for organ in ORGANS:
        found = labels.mask(organ)
        print(
            f"    {organ:10}", found.reason if isinstance(found, Absent) else f"{np.count_nonzero(found) * ml:.0f} ml"
        )
    return labels


def _nrrd(path: Path) -> Volume:
    image = sitk.ReadImage(str(path))
    affine = np.eye(4)
    affine[:3, :3] = np.array(image.GetDirection()).reshape(3, 3) * np.array(image.GetSpacing())
    affine[:3, 3] = image.GetOrigin()
    return Volume(hu=np.clip(sitk.GetArrayFromImage(image), -1024, 3071).astype(np.int16), affine_lps=affine)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parents[3] / "shared" / "data")
