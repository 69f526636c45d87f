"""Volume files for tests of reading: small grids whose values tell their place, written by nibabel and SimpleITK."""

from pathlib import Path

import nibabel
import numpy as np
import SimpleITK

RAS_TO_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])
STANDARD_RAS = np.array([[-0.7, 0, 0, 90.0], [0, -0.7, 0, 80.0], [0, 0, 2.5, -40.0], [0, 0, 0, 1.0]])


def values(*shape_xyz: int) -> np.ndarray:
    """Return HU (X, Y, Z) that differ from voxel to voxel, from -900 up."""
    return (np.arange(np.prod(shape_xyz)).reshape(shape_xyz) * 7 % 1900 - 900).astype(np.int16)


def save_nifti(
    path: Path, data: np.ndarray, affine_ras: np.ndarray = STANDARD_RAS, *, version: int = 1, **header: object
) -> Path:
    """Write data (X, Y, Z) with nibabel; `header` sets fields by name after everything else."""
    kind = nibabel.Nifti1Image if version == 1 else nibabel.Nifti2Image
    image = kind(data, affine_ras)
    for field, value in header.items():
        image.header[field] = value
    image.to_filename(path)
    return path


def save_nrrd(path: Path, data: np.ndarray, *, packed: bool = True) -> Path:
    """Write data (X, Y, Z) with SimpleITK at 0.7 x 0.8 x 2.5 mm, x to the left, y to the back, z to the head."""
    image = SimpleITK.GetImageFromArray(np.ascontiguousarray(data.transpose(2, 1, 0)))
    image.SetSpacing((0.7, 0.8, 2.5))
    image.SetOrigin((-90.0, -80.0, -40.0))
    SimpleITK.WriteImage(image, str(path), useCompression=packed)
    return path
