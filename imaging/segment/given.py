"""Which labels were handed in with a scan? From NIfTI or NRRD with a map of its numbers, or from DICOM SEG.

A map is a CSV with the columns `id` and `structure` or `name`, or the table of labels that TotalSegmentator writes
into the head of its NIfTI. Without either, only a mask of one number is read, whose file is named as the organ.
"""

import csv
import gzip
import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from imaging.errors import ForeignLabels, NotAReport, TooLarge
from imaging.labels import Labels
from imaging.report.planes import read_outlined
from imaging.segment.grid import onto
from imaging.segment.names import TOTAL_CLASSES, plain_name, with_wholes
from imaging.volume import Volume, oriented

MAX_LABEL = 65_535  # what uint16 holds; no published set of organs comes near
MAX_VOXELS = 2**31  # far above any CT: 8,000 slices of 512 x 512
NIFTI_HEAD_BYTES = 352  # of NIfTI-1, its extension flag included; extensions follow
MAX_TABLE_BYTES = 1_000_000  # the table of 117 organs takes 13,000
_DICOM_MARK = slice(128, 132)  # PS3.10 7.1
_ENTRY = re.compile(r'<Label Key="(\d+)"[^>]*>\s*<!\[CDATA\[([^\]]*)\]\]>')  # of the GIFTI-like table, read as text
_NAME_COLUMNS = ("structure", "name", "label", "organ")


def given(volume: Volume, path: Path, label_map_csv: Path | None = None) -> Labels:
    """Return the labels of a file on the grid of the volume; `lungs`, `bone` ... are joined from their parts.

    Args: label_map_csv: what the numbers mean; needed for NIfTI without names in it, not used for DICOM SEG.
    Raises: ForeignLabels when they do not lie on this scan or a number has no name; NotAReport when the file is
    neither; DamagedReport, BadHeader and the like for a SEG.
    """
    try:
        with path.open("rb") as file:
            is_dicom = file.read(132)[_DICOM_MARK] == b"DICM"
    except OSError:
        raise NotAReport(f"{path.name} cannot be read") from None
    return _from_seg(volume, path) if is_dicom else _from_image(volume, path, label_map_csv)


def read_label_image(path: Path) -> tuple[NDArray[np.uint16], NDArray[np.float64]]:
    """Return the numbers (Z, Y, X) of a NIfTI or NRRD, axes to the left, back and head, and their affine (LPS mm).

    Raises: NotAReport when it is none, or does not hold whole numbers from 0 on; TooLarge.
    """
    reader = sitk.ImageFileReader()
    reader.SetFileName(str(path))
    try:
        reader.ReadImageInformation()
        if reader.GetDimension() != 3 or reader.GetNumberOfComponents() != 1:
            raise NotAReport(f"{path.name} is not one volume of labels")
        if np.prod(reader.GetSize(), dtype=float) > MAX_VOXELS:
            raise TooLarge(f"{path.name} has more voxels than a CT")
        image = reader.Execute()
    except RuntimeError:  # what SimpleITK raises for whatever it cannot read; its text holds the whole path
        raise NotAReport(f"{path.name} is no NIfTI, NRRD or DICOM SEG that can be read") from None
    values = sitk.GetArrayFromImage(image)
    if values.min() < 0 or values.max() > MAX_LABEL or (values.dtype.kind == "f" and np.any(values % 1)):
        raise NotAReport(f"{path.name} does not hold labels: whole numbers from 0 to {MAX_LABEL}")
    affine = np.eye(4)
    affine[:3, :3] = np.array(image.GetDirection()).reshape(3, 3) * np.array(image.GetSpacing())
    affine[:3, 3] = image.GetOrigin()
    turned, affine, _ = oriented(values.astype(np.uint16).view(np.int16), affine, None)
    return turned.view(np.uint16), affine


def read_label_map(path: Path) -> dict[int, str]:
    """Return the organ of each number of a CSV with a column `id` and one of `structure`, `name`, `label`, `organ`.

    Raises: ForeignLabels when the columns are not there or an id is no number.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error):
        raise ForeignLabels(f"the label map {path.name} cannot be read") from None
    columns = {column.strip().lower(): column for column in (rows[0] if rows else {}) if column}
    name_column = next((columns[name] for name in _NAME_COLUMNS if name in columns), None)
    if "id" not in columns or name_column is None:
        raise ForeignLabels(f"the label map {path.name} needs the columns id and structure (or name)")
    names: dict[int, str] = {}
    for row in rows:
        number, name = (row[columns["id"]] or "").strip(), (row[name_column] or "").strip()
        if not number.isdecimal() or not name:
            raise ForeignLabels(f"the label map {path.name} has a row without a number or a name")
        names[int(number)] = plain_name(name)
    return names


def names_within(path: Path) -> dict[int, str]:
    """Return the names that a NIfTI carries in its header's extension, as TotalSegmentator writes them; else none."""
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            head = file.read(NIFTI_HEAD_BYTES)
            is_extended = head[344:347] in (b"n+1", b"ni1") and head[348:349] == b"\x01"
            table = file.read(MAX_TABLE_BYTES) if is_extended else b""
    except (OSError, EOFError):
        return {}
    ends = table.find(b"</CaretExtension>")
    text = table[: max(ends, 0)].decode("utf-8", "replace")
    return {int(number): plain_name(name) for number, name in _ENTRY.findall(text) if name}


def labelled(
    volume: Volume,
    voxels: NDArray[np.uint16],
    affine_lps: NDArray[np.float64],
    numbers: Mapping[str, tuple[int, ...]],
    method: str,
) -> Labels:
    """Return numbers of any grid as labels of the volume, joined to larger organs.

    Raises: ForeignLabels when they don't lie on this scan.
    """
    placed, is_moved = onto(volume, voxels, affine_lps)
    small = placed.astype(np.uint8) if placed.max() <= np.iinfo(np.uint8).max else placed
    absent = {name: f"{name.replace('_', ' ')} was not outlined in the labels" for name in numbers}
    note = ", nearest voxel on the scan's grid" if is_moved else ""
    return Labels(voxels=small, numbers=with_wholes(numbers), absent=absent, method=method + note)


def _from_image(volume: Volume, path: Path, label_map_csv: Path | None) -> Labels:
    voxels, affine = read_label_image(path)
    found = [int(number) for number in np.flatnonzero(np.bincount(voxels.ravel())) if number]
    names = read_label_map(label_map_csv) if label_map_csv else names_within(path) or _named_by_file(path, found)
    if not names:
        raise ForeignLabels(f"what the numbers in {path.name} mean is not said: give a label map (CSV: id, structure)")
    numbers: dict[str, tuple[int, ...]] = {}
    for number, name in names.items():
        numbers[name] = (*numbers.get(name, ()), number)
    for number in found:  # lost silently otherwise
        if number not in names:
            numbers[f"label_{number}"] = (number,)
    return labelled(volume, voxels, affine, numbers, "labels handed in with the scan")


def _named_by_file(path: Path, found: list[int]) -> dict[int, str]:
    """A mask of one organ is named as the organ, as TotalSegmentator names its files."""
    name = plain_name(path.name.split(".")[0])
    is_organ = name in TOTAL_CLASSES or name in ("lungs", "lung_left", "lung_right", "airways", "bone")
    return {found[0]: name} if len(found) == 1 and is_organ else {}


def _from_seg(volume: Volume, path: Path) -> Labels:
    with path.open("rb") as file:
        outlined = read_outlined(file)
    frame = volume.provenance.frame_of_reference_uid
    if frame and outlined.frame_of_reference_uid and frame != outlined.frame_of_reference_uid:
        raise ForeignLabels("the segmentation has another frame of reference than this scan")
    numbers: dict[str, tuple[int, ...]] = {}
    for number, segments in outlined.members.items():
        for segment in segments:
            name = _organ_of(outlined.names.get(segment, ()), segment)
            numbers[name] = (*numbers.get(name, ()), number)
    voxels, affine, _ = oriented(outlined.voxels.view(np.int16), outlined.affine_lps, None)
    return labelled(volume, voxels.view(np.uint16), affine, numbers, "DICOM segmentation handed in with the scan")


def _organ_of(told: tuple[str, ...], segment: int) -> str:
    """Return the first that is an organ known here, else the first, else the segment's number."""
    names = [plain_name(name) for name in told]
    return next((name for name in names if name in TOTAL_CLASSES), names[0] if names else f"segment_{segment}")
