"""The one standard volume: Hounsfield units, where they are in the patient, and where they came from.

LPS: x grows to the patient's left, y to the back (posterior), z to the head (superior), in mm (DICOM PS3.3 C.7.6.2.1).
"""

from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
from numpy.typing import NDArray

from imaging.errors import NotAVolume

AIR_HU = -1024  # what padding reads as; the lowest value a 12-bit CT can store, below real air (-1000)


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """What DICOM says about a series; `None` where it says nothing. Identity is kept apart from `described`."""

    patient_id: str | None = None
    patient_name: str | None = None
    patient_birth_date: date | None = None
    patient_sex: str | None = None
    study_uid: str | None = None
    series_uid: str | None = None
    study_at: datetime | None = None
    series_at: datetime | None = None
    accession_number: str | None = None
    modality: str = "CT"
    manufacturer: str | None = None
    model: str | None = None
    kernel: str | None = None
    kvp: float | None = None
    slice_thickness_mm: float | None = None
    contrast_agent: str | None = None
    description: str | None = None
    body_part: str | None = None
    frame_of_reference_uid: str | None = None
    transfer_syntax_uid: str | None = None
    files: int = 0
    sop_uids: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    def described(self) -> dict[str, object]:
        """Return the scanner and the protocol as JSON values, without anything that identifies the patient."""
        return {
            "study_uid": self.study_uid,
            "series_uid": self.series_uid,
            "study_at": self.study_at.isoformat() if self.study_at else None,
            "modality": self.modality,
            "manufacturer": self.manufacturer,
            "model": self.model,
            "kernel": self.kernel,
            "kvp": self.kvp,
            "slice_thickness_mm": self.slice_thickness_mm,
            "contrast_agent": self.contrast_agent,
            "description": self.description,
            "files": self.files,
            "warnings": list(self.warnings),
        }


@dataclass(frozen=True, kw_only=True)
class Volume:
    """A CT in Hounsfield units.

    `hu` is int16 (Z, Y, X); `affine_lps` (4, 4) maps a voxel (x, y, z, 1) to LPS mm; `padding` is True where the
    scanner reconstructed nothing (`hu` is -1024 there), or `None` when there is none. From `read_volume` the axes
    run to the patient's left, back and head, whatever way the patient lay.
    """

    hu: NDArray[np.int16]
    affine_lps: NDArray[np.float64]
    padding: NDArray[np.bool_] | None = None
    provenance: Provenance = Provenance()

    def __post_init__(self) -> None:
        if self.hu.ndim != 3 or self.hu.dtype != np.int16:
            raise NotAVolume(f"a volume is int16 (Z, Y, X), not {self.hu.dtype} {self.hu.shape}")
        if self.affine_lps.shape != (4, 4):
            raise NotAVolume(f"an affine is (4, 4), not {self.affine_lps.shape}")
        if self.padding is not None and self.padding.shape != self.hu.shape:
            raise NotAVolume(f"padding {self.padding.shape} does not fit the volume {self.hu.shape}")

    @property
    def spacing_mm(self) -> tuple[float, float, float]:
        """Distance between neighbouring voxels along x, y, z in mm."""
        x, y, z = np.linalg.norm(self.affine_lps[:3, :3], axis=0)
        return float(x), float(y), float(z)

    def to_lps(self, voxels_xyz: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return LPS mm (..., 3) of voxel coordinates (..., 3) given as x, y, z."""
        return np.asarray(voxels_xyz, float) @ self.affine_lps[:3, :3].T + self.affine_lps[:3, 3]

    def to_voxel(self, points_lps_mm: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return fractional voxel coordinates (..., 3) as x, y, z of points (..., 3) in LPS mm."""
        inverse = np.linalg.inv(self.affine_lps)
        return np.asarray(points_lps_mm, float) @ inverse[:3, :3].T + inverse[:3, 3]


def oriented(
    hu: NDArray[np.int16], affine_lps: NDArray[np.float64], padding: NDArray[np.bool_] | None
) -> tuple[NDArray[np.int16], NDArray[np.float64], NDArray[np.bool_] | None]:
    """Return the same voxels with x running to the left, y to the back, z to the head (nearest axes, no resampling)."""
    directions = affine_lps[:3, :3] / np.linalg.norm(affine_lps[:3, :3], axis=0)
    from_axis = _nearest_axes(directions)
    flips = [directions[world, from_axis[world]] < 0 for world in range(3)]
    change = np.zeros((4, 4))
    change[3, 3] = 1
    shape_xyz = hu.shape[::-1]
    for world, voxel in enumerate(from_axis):
        change[voxel, world] = -1 if flips[world] else 1
        change[voxel, 3] = shape_xyz[voxel] - 1 if flips[world] else 0

    axes = [2 - from_axis[world] for world in (2, 1, 0)]
    steps = tuple(slice(None, None, -1 if flips[world] else 1) for world in (2, 1, 0))
    turned_padding = None if padding is None else np.ascontiguousarray(padding.transpose(axes)[steps])
    return np.ascontiguousarray(hu.transpose(axes)[steps]), affine_lps @ change, turned_padding


def _nearest_axes(directions: NDArray[np.float64]) -> list[int]:
    """Return for each world axis the voxel axis that runs most along it (a permutation)."""
    left = {0, 1, 2}
    chosen = []
    for world in range(3):
        best = max(sorted(left), key=lambda voxel: abs(directions[world, voxel]))
        left.remove(best)
        chosen.append(best)
    return chosen
