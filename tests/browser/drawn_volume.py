"""A drawn chest as the worker keeps decoded volumes: what the CT view is tried on."""

import gzip
import hashlib
import struct
from pathlib import Path

import numpy as np
from sqlalchemy import Connection, insert, select

from twin.scan import volumes
from twin.store import tables

SPACING_MM = (2.0, 2.0, 4.0)
SHAPE = (110, 90, 40)  # x, y, z
FIRST_LPS_MM = (-109.0, -89.0, 84.0)  # centre of the first voxel
SPOTS_LPS_MM = ((-61.2, -12.4, 188.0), (54.0, 31.5, 121.0))  # where the simulated patients' regions are
AIR, BODY, LUNG, SPOT = -1000, 40, -850, 60  # HU


def keep_volume(connection: Connection, home: Path, study_id: int) -> Path:
    """Put the drawn volume where the web process looks for that of a study; return its file."""
    sha256 = hashlib.sha256(str(study_id).encode()).hexdigest()
    row = {
        "study_id": study_id, "sop_instance_uid": f"1.2.3.{study_id}", "sop_class_uid": "1.2.840.10008.5.1.4.1.1.2",
        "transfer_syntax_uid": "1.2.840.10008.1.2.1", "sha256": sha256, "content_sha256": sha256, "size": 1,
    }  # fmt: skip
    connection.execute(insert(tables.dicom_instance).values(row))
    folder = volumes.folder_of(home, [sha256])  # where the worker keeps it: the web process must look there too
    folder.mkdir(parents=True)
    target = folder / "volume.nii.gz"
    target.write_bytes(gzip.compress(nifti(drawn()), 1))
    return target


def keep_labels(volume: Path) -> Path:
    """Put labels beside a kept volume: 1 the body, 2 and 3 the lungs, as our segmenter numbers them."""
    hu = drawn()
    left = np.arange(SHAPE[0]) * SPACING_MM[0] + FIRST_LPS_MM[0] > 0
    labels = np.where(hu == BODY, 1, np.where(hu == AIR, 0, np.where(left, 3, 2)))
    target = volume.with_name("labels.nii.gz")
    target.write_bytes(gzip.compress(nifti(labels), 1))
    return target


def first_study(connection: Connection) -> int:
    """Return the id of the first simulated CT."""
    return connection.execute(select(tables.study.c.id).order_by(tables.study.c.id).limit(1)).scalar_one()


def drawn() -> np.ndarray:
    """Return HU, shape (Z, Y, X): a body with two lungs and a spot of 8 mm radius at each place."""
    z, y, x = np.meshgrid(*(np.arange(SHAPE[axis]) for axis in (2, 1, 0)), indexing="ij")
    mm = [first + step * at for first, step, at in zip(FIRST_LPS_MM, SPACING_MM, (x, y, z), strict=True)]
    hu = np.full(x.shape, AIR, np.int16)
    hu[(mm[0] / 105) ** 2 + (mm[1] / 85) ** 2 < 1] = BODY
    for side in (-1, 1):
        hu[((mm[0] - side * 52) / 38) ** 2 + (mm[1] / 62) ** 2 < 1] = LUNG
    for spot in SPOTS_LPS_MM:
        hu[sum((along - at) ** 2 for along, at in zip(mm, spot, strict=True)) < 64] = SPOT
    return hu


def nifti(hu: np.ndarray) -> bytes:
    """Return NIfTI-1 with an affine in RAS, as the worker writes it (nifti.nimh.nih.gov/nifti-1)."""
    header = bytearray(352)
    struct.pack_into("<i", header, 0, 348)
    struct.pack_into("<8h", header, 40, 3, *SHAPE, 1, 1, 1, 1)
    struct.pack_into("<2h", header, 70, 4, 16)  # int16
    struct.pack_into("<8f", header, 76, 1, *SPACING_MM, 0, 0, 0, 0)
    struct.pack_into("<3f", header, 108, 352, 1, 0)
    struct.pack_into("<2h", header, 252, 0, 1)  # sform: scanner
    for axis, sign in enumerate((-1, -1, 1)):  # LPS to RAS
        row = [0.0, 0.0, 0.0, sign * FIRST_LPS_MM[axis]]
        row[axis] = sign * SPACING_MM[axis]
        struct.pack_into("<4f", header, 280 + 16 * axis, *row)
    header[344:348] = b"n+1\0"
    return bytes(header) + hu.astype("<i2").tobytes()
