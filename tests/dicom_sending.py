"""Small drawn CT series, and the ways in which other systems send them."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
from pydicom import dcmread

from imaging.phantom import Phantom, write_phantom

BOUNDARY = "between-two-images"
MULTIPART = {"Content-Type": f'multipart/related; type="application/dicom"; boundary={BOUNDARY}'}
MADE = datetime(2026, 1, 15, 9, 30)


def tiny(patient_id: str = "1", seed: int = 1, slices: int = 3) -> Phantom:
    """A series too small to be screened, quick to send."""
    return Phantom(columns=32, slices=slices, pixel_mm=12.0, slice_mm=45.0, patient_id=patient_id, study_at=MADE,
                   seed=seed)  # fmt: skip


def draw(folder: Path, phantom: Phantom) -> list[Path]:
    """Write the series and return its files."""
    return list(write_phantom(folder, phantom))


def changed(path: Path, to: Path, **tags: Any) -> Path:
    """Return a copy of an image with other attributes."""
    dataset = dcmread(path)
    for keyword, value in tags.items():
        setattr(dataset, keyword, value)
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.save_as(to, enforce_file_format=True)
    return to


def body(contents: Iterable[bytes]) -> bytes:
    """The multipart body of a STOW-RS request."""
    parts = (f"--{BOUNDARY}\r\nContent-Type: application/dicom\r\n\r\n".encode() + each + b"\r\n" for each in contents)
    return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()


def stow(client: httpx.Client, paths: Sequence[Path], study_uid: str | None = None) -> httpx.Response:
    """Send images by STOW-RS."""
    address = "/dicom-web/studies" + (f"/{study_uid}" if study_uid else "")
    return client.post(address, content=body(path.read_bytes() for path in paths), headers=MULTIPART)


def values(told: dict[str, Any], tag: str) -> list[Any]:
    """The values of an attribute in DICOM JSON."""
    found: list[Any] = told.get(tag, {}).get("Value", [])
    return found
