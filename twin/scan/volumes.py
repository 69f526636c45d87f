"""The cache of decoded volumes: lossless, made once a series, the least recently used dropped when it grows too large.

A volume is named by the hashes of its images, so that a series which gained one is decoded again. Nothing here is an
original: all of it can be made again.
"""

import hashlib
import logging
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter

import numpy as np

from imaging import cache
from imaging.errors import DamagedCache, NoImages
from imaging.labels import Labels
from imaging.nifti import write_nifti
from imaging.source import read_path
from imaging.volume import Volume
from twin.scan import files

LOG = logging.getLogger(__name__)
_GB = 1_000_000_000


def folder_of(home: Path, hashes: Sequence[str]) -> Path:
    """Return where the volume of these images (their SHA-256) is kept."""
    name = hashlib.sha256("\n".join(sorted(hashes)).encode()).hexdigest()
    return home / "volumes" / name[:2] / name


def volume_of(home: Path, hashes: Sequence[str], series_uid: str | None) -> tuple[Volume, float]:
    """Return the standard volume of these images and the milliseconds it took; decoded only where it is not kept.

    Raises: ImagingError with the reason why there is none.
    """
    start = perf_counter()
    kept = folder_of(home, hashes)
    try:
        volume = cache.read(kept)
        os.utime(kept)
        return volume, (perf_counter() - start) * 1000
    except NoImages:
        pass
    except DamagedCache as error:
        LOG.warning("a kept volume is decoded again: %s", error)
    with files.laid_out(home, sorted(hashes)) as folder:
        volume, read_ms = read_path(folder, series_uid)
    try:
        cache.write(volume, kept)
    except OSError as error:  # the disk is full: the screening does not depend on it
        LOG.warning("a volume could not be kept (%s)", type(error).__name__)
    return volume, read_ms


def lay_labels(home: Path, hashes: Sequence[str], volume: Volume, labels: Labels) -> None:
    """Put the organs beside the kept volume, where the CT view looks for them; nothing where it is kept no longer."""
    folder = folder_of(home, hashes)
    if not folder.is_dir():
        return
    staged = folder / "arriving-labels.nii.gz"
    write_nifti(Volume(hu=labels.voxels.astype(np.int16), affine_lps=volume.affine_lps), staged)
    staged.replace(folder / "labels.nii.gz")


def prune(home: Path, limit_gb: float) -> int:
    """Drop the volumes that were not used for longest until the rest fits; return how many were dropped."""
    kept = [(each.stat().st_mtime, _size(each), each) for each in (home / "volumes").glob("??/*") if each.is_dir()]
    left, dropped = sum(size for _, size, _ in kept), 0
    for _, size, folder in sorted(kept):
        if left <= limit_gb * _GB:
            break
        shutil.rmtree(folder, ignore_errors=True)
        left -= size
        dropped += 1
    return dropped


def _size(folder: Path) -> int:
    return sum(each.stat().st_size for each in folder.rglob("*") if each.is_file())
