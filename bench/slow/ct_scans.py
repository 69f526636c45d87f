"""The real chest scans that the CT score is fitted and tested on, and nodules for planting into them.

Not a bench of its own: `ct_score_fit.py` and `ct_reach.py` use it. The data lie in `../shared/data/ct`.
"""

import csv
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from scipy import ndimage

sys.path.insert(0, str(Path(__file__).parents[2]))

from imaging.dicom import find_series
from imaging.planted import blend
from imaging.series import read_volume
from imaging.volume import Volume, oriented

CT = Path(__file__).parents[3] / "shared" / "data" / "ct"
LABELLED = ("lidc_0001", "lungdx_a0002", "lung1")  # scans with a known lesion


@dataclass(frozen=True, kw_only=True)
class Scan:
    """A scan and the boxes (N, 2, 3) of its known lesions, LPS mm; `patient` groups what is left out together."""

    name: str
    patient: str
    volume: Volume
    lesions: np.ndarray


@dataclass(frozen=True, kw_only=True)
class Crop:
    """An annotated nodule of LIDC-IDRI (CC BY 3.0): HU and outline (Z, Y, X), spacing x, y, z."""

    patient: str
    diameter_mm: float
    hu: np.ndarray
    outline: np.ndarray
    spacing_mm: tuple[float, float, float]


def labelled(name: str) -> Scan:
    """Return one of the scans with a known lesion."""
    return {"lidc_0001": _lidc, "lungdx_a0002": _lungdx, "lung1": _lung1}[name]()


def unlabelled() -> Scan:
    """Return the chest part of TotalSegmentator's aorta example; no lesion is known in it, none is excluded."""
    return Scan(name="aorta", patient="aorta", volume=_read(CT / "aorta_totalseg" / "ct_cropped.nii.gz"), lesions=NONE)


def thicker(scan: Scan, by: int) -> Scan:
    """Return the scan with `by` slices averaged to one, as if it had been reconstructed thicker."""
    hu = scan.volume.hu
    many = hu.shape[0] // by
    mean = hu[: many * by].reshape(many, by, *hu.shape[1:]).mean(axis=1, dtype=np.float32)
    affine = scan.volume.affine_lps.copy()
    affine[:3, 3] += affine[:3, 2] * (by - 1) / 2
    affine[:3, 2] *= by
    volume = Volume(hu=np.rint(mean).astype(np.int16), affine_lps=affine)
    return replace(scan, name=f"{scan.name} / {by}", volume=volume)


def crops() -> Iterator[Crop]:
    """Yield the annotated nodules in the order of their table."""
    folder = CT / "nodules_lidc_voi"
    with (folder / "nodules.csv").open() as stream:
        for row in csv.DictReader(stream):
            image = sitk.ReadImage(str(folder / "image" / row["file"]))
            outline = sitk.GetArrayFromImage(sitk.ReadImage(str(folder / "mask" / row["file"]))) > 0
            x, y, z = image.GetSpacing()
            hu = sitk.GetArrayFromImage(image).astype(np.float32)
            diameter = float(row["diameter_mm"])
            yield Crop(patient=row["patient_id"], diameter_mm=diameter, hu=hu, outline=outline, spacing_mm=(x, y, z))


def transplant(volume: Volume, crop: Crop, centre_lps_mm: tuple[float, float, float]) -> Volume:
    """Return the volume with an annotated nodule's voxels blended in along its outline, centred at a place."""
    middle = np.array(ndimage.center_of_mass(crop.outline))
    soft = np.clip(ndimage.gaussian_filter(np.pad(crop.outline.astype(float), 4), (0.4, 0.8, 0.8)) * 1.4, 0, 1)
    hu = np.pad(crop.hu, 4, mode="edge")
    centre = volume.to_voxel(np.array(centre_lps_mm))[::-1]
    spacing, source = np.array(volume.spacing_mm[::-1]), np.array(crop.spacing_mm[::-1])
    half = np.array(soft.shape) * source / 2 / spacing + 1
    low = np.maximum(np.floor(centre - half), 0).astype(int)
    high = np.minimum(np.ceil(centre + half) + 1, volume.hu.shape).astype(int)
    where = np.stack(np.meshgrid(*[np.arange(a, b) for a, b in zip(low, high, strict=True)], indexing="ij"))
    slabs = (-0.33, 0.0, 0.33) if spacing[0] > 1.5 * source[0] else (0.0,)
    share, inside = 0.0, 0.0
    for slab in slabs:
        shift = np.array([slab, 0, 0]).reshape(3, 1, 1, 1)
        at = (where + shift - centre.reshape(3, 1, 1, 1)) * (spacing / source).reshape(3, 1, 1, 1)
        at += (middle + 4).reshape(3, 1, 1, 1)
        part = ndimage.map_coordinates(soft, at, order=1)
        share = share + part / len(slabs)
        inside = inside + part * ndimage.map_coordinates(hu, at, order=1, mode="nearest") / len(slabs)
    result = volume.hu.copy()
    box = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
    blend(result, box, share, inside / np.maximum(share, 1e-6))
    return replace(volume, hu=result)


NONE = np.zeros((0, 2, 3))


def _lidc() -> Scan:
    folder = CT / "chest_ge_lidc0001"
    volume = read_volume(find_series(folder)[0])
    readers = json.loads((folder / "lidc_reader_annotations.json").read_text())["readers"]
    z_of = {round(float(volume.to_lps(np.array([0.0, 0, k]))[2]), 1): k for k in range(volume.hu.shape[0])}
    outline = [
        (x, y, z_of[round(contour["z_mm"], 1)])
        for reader in readers
        for contour in reader["contours"]
        for x, y in contour["points_x_col_y_row"]
    ]
    return Scan(name="lidc_0001", patient="LIDC-IDRI-0001", volume=volume, lesions=_box(volume, outline))


def _lungdx() -> Scan:
    folder = CT / "chest_siemens_lungdx_a0002"
    volume = read_volume(find_series(folder)[0])
    with (folder / "tumour_boxes.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    corners = [
        (float(row[x]), float(row[y]), (float(row["z_mm"]) - volume.affine_lps[2, 3]) / volume.spacing_mm[2])
        for row in rows
        for x, y in (("x_min", "y_min"), ("x_max", "y_max"))
    ]
    return Scan(name="lungdx_a0002", patient="lungdx_a0002", volume=volume, lesions=_box(volume, corners))


def _lung1() -> Scan:
    folder = CT / "chest_nrrd_lung1"
    volume, label = _read(folder / "lung1_image.nrrd"), _read(folder / "lung1_label.nrrd")
    return Scan(name="lung1", patient="lung1", volume=volume, lesions=_box(volume, np.argwhere(label.hu > 0)[:, ::-1]))


def _box(volume: Volume, voxels_xyz: object) -> np.ndarray:
    points = volume.to_lps(np.asarray(voxels_xyz, float))
    return np.array([[points.min(axis=0), points.max(axis=0)]])


def _read(path: Path) -> Volume:
    image = sitk.ReadImage(str(path))
    affine = np.eye(4)
    affine[:3, :3] = np.array(image.GetDirection()).reshape(3, 3) * np.array(image.GetSpacing())
    affine[:3, 3] = image.GetOrigin()
    hu = np.clip(sitk.GetArrayFromImage(image), -1024, 3071).astype(np.int16)
    hu, affine, _ = oriented(hu, affine, None)
    return Volume(hu=hu, affine_lps=affine)
