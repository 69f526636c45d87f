"""Samples of tissue for the bank: normal kinds that go in, and foreign kinds that only measure "unlike anything known".

From the labelled scan of LIDC-IDRI-0001 and other public scans in ../shared/data/ct. The labels are automatic.
"""

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy import ndimage

from imaging.bank.lump import numbers_at
from imaging.dicom import find_series
from imaging.series import read_volume
from imaging.volume import Volume

PATIENT = "LIDC-IDRI-0001"
NODULE_LPS_MM = (56.2, 86.3, -115.9)  # its annotated nodule, 23 to 32 mm: nothing is sampled within NODULE_FREE_MM
NODULE_FREE_MM = 30.0
A_KIND = 30
NORMAL = {
    "liver": ("liver",),
    "muscle": ("autochthon_left", "autochthon_right"),
    "aorta": ("aorta",),
    "heart": ("heart",),
    "pulmonary_vein": ("pulmonary_vein",),
    "rib": tuple(f"rib_{side}_{n}" for side in ("left", "right") for n in range(2, 9)),
    "oesophagus": ("esophagus",),
}
FOREIGN = {
    "spleen": ("spleen",),
    "kidney": ("kidney_left", "kidney_right"),
    "stomach": ("stomach",),
    "colon": ("colon",),
    "vertebra": ("vertebrae_T8", "vertebrae_T9", "vertebrae_T10", "vertebrae_T11", "vertebrae_T12", "vertebrae_L1"),
    "shoulder_bone": ("scapula_left", "scapula_right", "clavicula_left", "clavicula_right"),
    "vein_full_of_contrast": ("superior_vena_cava", "brachiocephalic_vein_right"),
}


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One place: its kind and numbers (F,)."""

    kind: str
    numbers: NDArray[np.float32]


def normal(ct: Path) -> list[Sample]:
    """Return the bank's normal tissue: A_KIND places of each kind, lung vessels, airway and chest wall among them."""
    volume, labels, ids = _labelled(ct)
    kinds = {kind: np.isin(labels, [ids[name] for name in names]) for kind, names in NORMAL.items()}
    lung = np.isin(labels, [number for name, number in ids.items() if name.startswith("lung_")])
    spacing = volume.spacing_mm[::-1]
    off_lung = ndimage.distance_transform_edt(~lung, sampling=spacing)
    in_lung = ndimage.distance_transform_edt(lung, sampling=spacing)
    airway = labels == ids["trachea"]
    off_airway = ndimage.distance_transform_edt(~airway, sampling=spacing)
    kinds |= {
        "lung_vessel": (in_lung > 5) & (volume.hu > -300),
        "vessel_near_pleura": (in_lung > 0) & (in_lung < 5) & (volume.hu > -300),
        "chest_wall": (off_lung > 0) & (off_lung < 4) & (volume.hu > -50) & (volume.hu < 120),
        "airway_wall": (off_airway > 0) & (off_airway < 2.5) & (volume.hu > -300),
        "aerated_lung": in_lung > 8,
    }
    return [one for kind in sorted(kinds) for one in _samples(volume, kinds[kind], kind)]


def foreign(ct: Path) -> list[Sample]:
    """Return tissue of kinds and scans that the bank has never seen."""
    volume, labels, ids = _labelled(ct)
    found = [
        one
        for kind, names in FOREIGN.items()
        for one in _samples(volume, np.isin(labels, [ids[name] for name in names]), kind)
    ]
    abdomen = _volume(ct / "organs_totalseg" / "example_ct_sm.nii.gz")
    drawn = sitk.GetArrayFromImage(_lps(ct / "organs_totalseg" / "example_seg.nii.gz"))
    found += _samples(abdomen, drawn > 0, "native_abdomen_3_mm")
    trunk = _volume(ct / "aorta_totalseg" / "ct_cropped.nii.gz")
    found += _samples(trunk, trunk.hu > -200, "another_trunk_1.5_mm")
    phantom = read_volume(find_series(ct / "calcium_qrm_canon" / "dicom.tar.xz")[0])
    found += _samples(phantom, phantom.hu > 130, "calcium_phantom")
    return found


def _samples(volume: Volume, where: NDArray[np.bool_], kind: str) -> list[Sample]:
    """Return A_KIND places of a mask, drawn with a fixed seed, with balls of 3 to 10 mm where no edge is found."""
    draw = np.random.default_rng(sum(map(ord, kind)))
    places = np.argwhere(where)
    points = volume.to_lps(places[draw.permutation(len(places))[: 20 * A_KIND]][:, ::-1].astype(float))
    away = np.linalg.norm(points - np.array(NODULE_LPS_MM), axis=1) > NODULE_FREE_MM
    chosen = points[away][:A_KIND]
    radii = draw.uniform(3, 10, len(chosen))
    return [
        Sample(kind=kind, numbers=numbers_at(volume, (float(p[0]), float(p[1]), float(p[2])), float(r)))
        for p, r in zip(chosen, radii, strict=True)
    ]


def _labelled(ct: Path) -> tuple[Volume, NDArray[np.uint8], dict[str, int]]:
    folder = ct / "chest_ge_lidc0001"
    volume = read_volume(find_series(folder / "dicom.tar.xz")[0])
    with (folder / "totalsegmentator_labels.csv").open(encoding="utf-8") as table:
        ids = {row["structure"]: int(row["id"]) for row in csv.DictReader(table)}
    return volume, sitk.GetArrayFromImage(_lps(folder / "totalsegmentator_labels.nii.gz")), ids


def _lps(path: Path) -> sitk.Image:
    return sitk.DICOMOrient(sitk.ReadImage(str(path)), "LPS")


def _volume(path: Path) -> Volume:
    image = _lps(path)
    affine = np.eye(4)
    affine[:3, :3] = np.array(image.GetDirection()).reshape(3, 3) * image.GetSpacing()
    affine[:3, 3] = image.GetOrigin()
    hu = np.clip(np.rint(sitk.GetArrayFromImage(image)), -1024, 3071).astype(np.int16)
    return Volume(hu=hu, affine_lps=affine)
