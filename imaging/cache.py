"""The volume cache: a standard volume kept without loss, so that a series is decoded once.

A folder a volume: `volume.nii.gz` is what any viewer opens (int16 HU, padding -1024), `padding.gz` the padding mask as
packed bits, `volume.json` what NIfTI cannot hold: the affine in full precision, the provenance, the sums of the others.
It names the patient as the DICOM files do and is to be kept as they are.
"""

import hashlib
import json
import os
import shutil
import tempfile
from dataclasses import fields
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
from isal import igzip

from imaging.errors import DamagedCache, ImagingError, NoImages
from imaging.nifti import write_nifti
from imaging.raster import DAMAGE
from imaging.volume import Provenance, Volume

VERSION = 1  # raise it when what is kept changes its meaning; other versions are decoded anew
VOLUME, PADDING, ABOUT = "volume.nii.gz", "padding.gz", "volume.json"
_NIFTI_HEAD = 352  # bytes before the voxels in what `write_nifti` writes

_UNREADABLE: tuple[type[Exception], ...] = (*DAMAGE, ImagingError, ValueError, KeyError, TypeError)


def write(volume: Volume, folder: Path) -> None:
    """Keep the volume in `folder`, whole or not at all: a reader never sees half of it. What was there is replaced.

    Raises: OSError when the disk is full or not writable; nothing is left behind then.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        _fill(volume, fresh)
        if folder.exists():
            os.rename(folder, fresh / "replaced")
        os.rename(fresh, folder)
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise
    shutil.rmtree(folder / "replaced", ignore_errors=True)


def read(folder: Path) -> Volume:
    """Return the volume that was kept, bit for bit.

    Raises: NoImages when nothing is kept there; DamagedCache when it is damaged or of another version.
    """
    if not (folder / ABOUT).is_file():
        raise NoImages("no volume is kept there")
    try:
        about = _about((folder / ABOUT).read_bytes())
        shape = tuple(about["shape"])
        hu = np.empty(shape, "<i2")
        _unpack(folder, VOLUME, about, hu.data.cast("B"), skip=_NIFTI_HEAD)
        padding = None
        if PADDING in about["sha256"]:
            bits = np.empty((hu.size + 7) // 8, np.uint8)
            _unpack(folder, PADDING, about, bits.data, skip=0)
            padding = np.unpackbits(bits, count=hu.size).view(bool).reshape(shape)
        return Volume(
            hu=hu.astype(np.int16, copy=False),
            affine_lps=np.array(about["affine_lps"], float),
            padding=padding,
            provenance=Provenance(**{name: _value(kept) for name, kept in about["provenance"].items()}),
        )
    except DamagedCache:
        raise
    except _UNREADABLE as error:
        raise DamagedCache("the kept volume is damaged; it must be decoded anew") from error


def _fill(volume: Volume, folder: Path) -> None:
    write_nifti(volume, folder / VOLUME)
    if volume.padding is not None:
        with igzip.open(folder / PADDING, "wb", compresslevel=1) as out:
            out.write(np.packbits(volume.padding).data)
    about: dict[str, Any] = {
        "version": VERSION,
        "shape": list(volume.hu.shape),
        "affine_lps": volume.affine_lps.tolist(),  # JSON holds the shortest digits that give the same double again
        "provenance": {one.name: _kept(getattr(volume.provenance, one.name)) for one in fields(Provenance)},
        "sha256": {path.name: _sum(path.read_bytes()) for path in sorted(folder.iterdir())},
    }
    (folder / ABOUT).write_text(json.dumps({"about": about, "sha256": _sum(_canonical(about))}, ensure_ascii=False))
    for path in folder.iterdir():
        with path.open("rb") as stream:
            os.fsync(stream.fileno())


def _about(data: bytes) -> dict[str, Any]:
    said = json.loads(data)
    about: dict[str, Any] = said["about"]
    if said["sha256"] != _sum(_canonical(about)):
        raise DamagedCache("the kept volume is damaged; it must be decoded anew")
    if about["version"] != VERSION:
        raise DamagedCache(f"the kept volume is of version {about['version']}, not {VERSION}; it must be decoded anew")
    return about


def _unpack(folder: Path, name: str, about: dict[str, Any], into: memoryview, *, skip: int) -> None:
    """Fill `into` from a packed file whose sum is right."""
    path = folder / name
    if _sum(path.read_bytes()) != about["sha256"][name]:
        raise DamagedCache("the kept volume is damaged; it must be decoded anew")
    with igzip.open(path, "rb") as stream:
        stream.read(skip)
        at = 0
        while at < len(into):
            got = stream.readinto(into[at:])
            if not got:
                raise EOFError
            at += got


def _sum(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _canonical(about: dict[str, Any]) -> bytes:
    return json.dumps(about, sort_keys=True).encode()


def _kept(value: object) -> object:
    if isinstance(value, datetime):
        return {"datetime": value.isoformat()}
    if isinstance(value, date):
        return {"date": value.isoformat()}
    return list(value) if isinstance(value, tuple) else value


def _value(kept: object) -> Any:  # Any: fields of the provenance are of many types
    if isinstance(kept, dict):
        ((kind, text),) = kept.items()
        return datetime.fromisoformat(text) if kind == "datetime" else date.fromisoformat(text)
    return tuple(kept) if isinstance(kept, list) else kept
