"""Which volume does this path mean, whatever kind of file it is?

DICOM in a folder, file, archive or DICOMDIR; NIfTI and NRRD as one file. The kind is told by the bytes, never the name.
"""

from dataclasses import replace
from pathlib import Path
from time import perf_counter

from imaging.archive import LIMITS, Limits
from imaging.dicom import SeriesFiles, find_series
from imaging.errors import MixedSeries, NoImages
from imaging.header import text
from imaging.nifti import is_nifti, read_nifti
from imaging.nrrd import is_nrrd, read_nrrd
from imaging.series import read_volume
from imaging.volume import Volume

_NAMED = 5  # of the series left out: as many as a person reads


def read_path(path: Path, series_uid: str | None = None, limits: Limits = LIMITS) -> tuple[Volume, float]:
    """Return the standard volume under a path and the milliseconds it took.

    Args: series_uid: which DICOM series, where there are several; else the one with most images of the one patient.
    Raises: ImagingError kinds with the reason; MixedSeries when images of several patients lie there.
    """
    start = perf_counter()
    if is_one_file(path):
        if series_uid is not None:
            raise NoImages("the series that was named is not here: this file names no series")
        volume = read_nrrd(path, limits) if is_nrrd(path) else read_nifti(path, limits)
    else:
        volume = read_one_of(find_series(path, limits), series_uid, limits)
    return volume, (perf_counter() - start) * 1000


def is_one_file(path: Path) -> bool:
    """Say whether the path is a file that holds one volume without DICOM: NIfTI or NRRD."""
    return path.is_file() and (is_nrrd(path) or is_nifti(path))


def read_one_of(found: tuple[SeriesFiles, ...], series_uid: str | None = None, limits: Limits = LIMITS) -> Volume:
    """Return the standard volume of the series named, else of the one with most images; others are warned of.

    Raises: NoImages (the one named is not there), MixedSeries (several patients and none named), as `read_volume`.
    """
    volume = read_volume(_chosen(found, series_uid), limits)
    if len(found) == 1:
        return volume
    others = _left_out(found, volume.provenance.series_uid or "", is_named=series_uid is not None)
    return replace(volume, provenance=replace(volume.provenance, warnings=(*volume.provenance.warnings, others)))


def _left_out(found: tuple[SeriesFiles, ...], chosen_uid: str, *, is_named: bool) -> str:
    others = [one for one in found if one.series_uid != chosen_uid]
    named = ", ".join(f"{one.series_uid or 'without UID'} ({len(one.files)} images)" for one in others[:_NAMED])
    more = f" and {len(others) - _NAMED} more" if len(others) > _NAMED else ""
    told = f"{len(others)} other CT series here left out: {named}{more}"
    if is_named:
        return told
    if any(len(one.files) == len(found[0].files) for one in others):
        return f"{told}; several have as many images as the one that was taken: name the series that is meant"
    return f"{told}; the one with most images was taken, another must be named"


def _chosen(found: tuple[SeriesFiles, ...], series_uid: str | None) -> SeriesFiles:
    if series_uid is not None:
        for series in found:
            if series.series_uid == series_uid:
                return series
        raise NoImages("the series that was named is not here")
    if len({text(one.header, "PatientID") for series in found for one in series.files}) > 1:
        raise MixedSeries("images of several patients lie here; name the series that is meant")
    return found[0]
