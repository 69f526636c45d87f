"""A drawn chest CT with lesions at known places, as a volume or as a real DICOM series in a folder.

For the demo and the tests. What is found in it was planted, and is to be called so wherever it is shown.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import numpy as np
from scipy import ndimage

from imaging.anatomy import Grid, add_spheres, draw
from imaging.dicom import write_slice
from imaging.volume import Provenance, Volume

INTERCEPT_HU = -1024  # what most scanners store: HU + 1024
POINT_SPREAD_MM = 0.9  # sigma in the slice, of a standard kernel
TEXTURE_HU, TEXTURE_MM = 12.0, 4.0  # coarse unevenness of aerated lung


@dataclass(frozen=True, kw_only=True)
class Lesion:
    """A planted sphere; 40 HU is a solid nodule, -600 HU ground-glass. The origin is the middle of the volume."""

    centre_lps_mm: tuple[float, float, float]
    diameter_mm: float
    hu: float = 40.0


NODULE = Lesion(centre_lps_mm=(-84.0, 36.0, 42.0), diameter_mm=14.0)


@dataclass(frozen=True, kw_only=True)
class Phantom:
    """What to draw, and what the series is to say of itself. The same phantom is the same files, byte for byte."""

    lesions: tuple[Lesion, ...] = (NODULE,)
    columns: int = 256
    slices: int = 80
    pixel_mm: float = 1.4
    slice_mm: float = 3.0
    noise_hu: float = 18.0
    seed: int = 1
    patient_id: str = "PHANTOM-1"
    patient_name: str = "Phantom^Chest"
    patient_birth_date: date | None = None
    patient_sex: str | None = None
    study_at: datetime = datetime(2026, 1, 15, 9, 30)
    manufacturer: str = "Phantom Works"
    model: str = "Drawn 1"
    kernel: str = "STANDARD"
    description: str = "Chest phantom"

    @property
    def study_uid(self) -> str:
        """The study's UID, the same for the same patient and time."""
        return _uid("study", self.patient_id, self.study_at.isoformat(), str(self.seed))

    @property
    def series_uid(self) -> str:
        """The series' UID."""
        return _uid("series", self.study_uid)


def draw_phantom(phantom: Phantom) -> Volume:
    """Return the phantom as a volume; its lesions lie where `phantom.lesions` says, within half a voxel."""
    rng = np.random.default_rng(phantom.seed)
    grid = _grid(phantom)
    hu = draw(grid, rng)
    add_spheres(hu, grid, [(one.centre_lps_mm, one.diameter_mm, one.hu) for one in phantom.lesions])
    sigma = POINT_SPREAD_MM / phantom.pixel_mm
    hu = ndimage.gaussian_filter(hu, (0, sigma, sigma))
    hu += _texture(hu.shape, phantom, rng)
    hu += phantom.noise_hu * rng.standard_normal(hu.shape, np.float32)
    return Volume(
        hu=np.clip(np.rint(hu), INTERCEPT_HU, 3071).astype(np.int16),
        affine_lps=_affine(phantom),
        provenance=Provenance(
            patient_id=phantom.patient_id,
            patient_name=phantom.patient_name,
            patient_birth_date=phantom.patient_birth_date,
            patient_sex=phantom.patient_sex,
            study_uid=phantom.study_uid,
            series_uid=phantom.series_uid,
            study_at=phantom.study_at,
            manufacturer=phantom.manufacturer,
            model=phantom.model,
            kernel=phantom.kernel,
            slice_thickness_mm=phantom.slice_mm,
            description=phantom.description,
            files=phantom.slices,
        ),
    )


def write_phantom(folder: Path, phantom: Phantom) -> tuple[Path, ...]:
    """Write the phantom as one DICOM file a slice and return their paths, feet first; the folder is made if needed.

    The truth is `phantom.lesions`, in the same LPS mm as the files.
    """
    folder.mkdir(parents=True, exist_ok=True)
    volume = draw_phantom(phantom)
    series = _series_tags(phantom)
    paths = []
    for number, stored in enumerate(volume.hu - np.int16(INTERCEPT_HU), start=1):
        place = volume.to_lps(np.array([0.0, 0.0, number - 1]))
        path = folder / f"{number:04d}.dcm"
        tags = series | {
            "SOPInstanceUID": _uid("image", phantom.series_uid, str(number)),
            "InstanceNumber": number,
            "ImagePositionPatient": [round(float(mm), 6) for mm in place],
            "SliceLocation": round(float(place[2]), 6),
        }
        write_slice(path, tags, stored)
        paths.append(path)
    return tuple(paths)


def _grid(phantom: Phantom) -> Grid:
    affine = _affine(phantom)
    x = (affine[0, 3] + np.arange(phantom.columns) * phantom.pixel_mm).astype(np.float32)
    z = (affine[2, 3] + np.arange(phantom.slices) * phantom.slice_mm).astype(np.float32)
    return z[:, None, None], x[None, :, None], x[None, None, :]


def _affine(phantom: Phantom) -> np.ndarray:
    affine = np.diag([phantom.pixel_mm, phantom.pixel_mm, phantom.slice_mm, 1.0])
    affine[:2, 3] = -(phantom.columns - 1) / 2 * phantom.pixel_mm
    affine[2, 3] = -(phantom.slices - 1) / 2 * phantom.slice_mm
    return affine


def _texture(shape: tuple[int, ...], phantom: Phantom, rng: np.random.Generator) -> np.ndarray:
    """Coarse noise: drawn on a grid of TEXTURE_MM and stretched."""
    steps = (phantom.slice_mm, phantom.pixel_mm, phantom.pixel_mm)
    coarse = tuple(max(2, round(n * mm / TEXTURE_MM)) for n, mm in zip(shape, steps, strict=True))
    noise = TEXTURE_HU * rng.standard_normal(coarse, np.float32)
    places = [np.minimum(np.arange(n) * c // n, c - 1) for n, c in zip(shape, coarse, strict=True)]
    return noise[np.ix_(*places)]


def _series_tags(phantom: Phantom) -> dict[str, object]:
    """Source: DICOM PS3.3 A.3 (CT image), type 1 and 2 attributes, and those the reader uses."""
    at = phantom.study_at
    series_at = at + timedelta(minutes=2)
    return {
        "StudyInstanceUID": phantom.study_uid,
        "SeriesInstanceUID": phantom.series_uid,
        "FrameOfReferenceUID": _uid("frame", phantom.study_uid),
        "Modality": "CT",
        "ImageType": ["ORIGINAL", "PRIMARY", "AXIAL"],
        "PatientID": phantom.patient_id,
        "PatientName": phantom.patient_name,
        "PatientBirthDate": phantom.patient_birth_date.strftime("%Y%m%d") if phantom.patient_birth_date else "",
        "PatientSex": phantom.patient_sex or "",
        "PatientPosition": "HFS",
        "StudyID": "1",
        "AccessionNumber": "",
        "ReferringPhysicianName": "",
        "StudyDate": at.strftime("%Y%m%d"),
        "StudyTime": at.strftime("%H%M%S"),
        "SeriesDate": series_at.strftime("%Y%m%d"),
        "SeriesTime": series_at.strftime("%H%M%S"),
        "SeriesNumber": 1,
        "Manufacturer": phantom.manufacturer,
        "ManufacturerModelName": phantom.model,
        "ConvolutionKernel": phantom.kernel,
        "SeriesDescription": phantom.description,
        "BodyPartExamined": "CHEST",
        "KVP": 120,
        "SliceThickness": phantom.slice_mm,
        "PixelSpacing": [phantom.pixel_mm, phantom.pixel_mm],
        "ImageOrientationPatient": [1, 0, 0, 0, 1, 0],
        "RescaleSlope": 1,
        "RescaleIntercept": INTERCEPT_HU,
        "RescaleType": "HU",
    }


def _uid(*parts: str) -> str:
    """Return a UID from its parts: 2.25 and a 128-bit number (DICOM PS3.5 B.2)."""
    return f"2.25.{int.from_bytes(sha256('/'.join(parts).encode()).digest()[:16], 'big')}"
