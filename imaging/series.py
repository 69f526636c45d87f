"""One series of DICOM images to one standard volume, or a reason why not.

Ordered by position (never by file name or instance number), rescaled slice by slice, padding masked, the axes turned
to left, back, head. The result does not depend on the order or the names of the files.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from imaging import dicom, geometry, header
from imaging.archive import LIMITS, Limits
from imaging.dicom import DicomFile, SeriesFiles
from imaging.errors import (
    BadHeader,
    IncompleteSeries,
    MixedSeries,
    NotAVolume,
    TooLarge,
    UndecodablePixels,
)
from imaging.padding import PaddingFinder
from imaging.volume import AIR_HU, Volume, oriented


def read_volume(series: SeriesFiles, limits: Limits = LIMITS) -> Volume:
    """Return the standard volume: HU, LPS affine, padding mask, provenance with warnings.

    Raises: a SeriesError or PixelError that says what is wrong with the series.
    """
    notes = [f"{name} is not readable and was left out" for name in sorted(series.unread)]
    if not series.series_uid:
        notes.append("the images name no series; they were taken as one")
    files = _images(series, notes, limits)
    files, mm = _in_order(files)
    named = len(files)
    files, mm, hu, padding = _read(files, mm, notes, limits)
    has_lost = bool(series.unread) or len(files) < named
    kept = _distinct(hu, mm)
    if len(kept) < len(hu):
        notes.append(f"{len(hu) - len(kept)} slice(s) came twice and were used once")
        files, hu, padding = [files[i] for i in kept], hu[kept], None if padding is None else padding[kept]
    stack = _stack(files, has_lost=has_lost)
    if stack.sample_at is not None:
        hu = geometry.resampled(hu, stack.sample_at)
        if padding is not None:  # a voxel made of any padding is padding
            padding = geometry.resampled(padding.astype(np.int16) * 1000, stack.sample_at) > 0
    if padding is not None:
        hu[padding] = AIR_HU
    hu, affine, padding = oriented(hu, stack.affine_lps, padding)
    said = header.provenance([one.header for one in files], dicom.transfer_syntax(files[0].header))
    described = replace(said, warnings=(*notes, *stack.warnings))
    return Volume(hu=hu, affine_lps=affine, padding=padding, provenance=described)


def _images(series: SeriesFiles, notes: list[str], limits: Limits) -> list[DicomFile]:
    """Return the files that belong into the volume, each instance once."""
    if len({header.text(one.header, "PatientID") for one in series.files}) > 1:
        raise MixedSeries("the series holds images of more than one patient")
    by_instance: dict[str, DicomFile] = {}
    for number, one in enumerate(series.files):
        by_instance.setdefault(header.text(one.header, "SOPInstanceUID") or f"without uid {number}", one)
    if len(by_instance) < len(series.files):
        notes.append(f"{len(series.files) - len(by_instance)} file(s) are copies of others and were left out")
    files = [one for one in by_instance.values() if not header.is_localiser(one.header)]
    if not files:
        raise NotAVolume("the series holds only localisers or report pages, no slices")
    if len(files) < len(by_instance):
        notes.append(f"{len(by_instance) - len(files)} localiser or report image(s) were left out")
    if len(files) == 1 and (header.number(files[0].header, "NumberOfFrames") or 1) <= 1:
        raise NotAVolume("a single slice is not a volume")
    _refuse_unequal(files, limits)
    return files


def _refuse_unequal(files: list[DicomFile], limits: Limits) -> None:
    sizes = {(header.number(one.header, "Rows"), header.number(one.header, "Columns")) for one in files}
    spacings = {tuple(header.numbers(one.header, "PixelSpacing", 2)) for one in files}
    if len(sizes) > 1 or len(spacings) > 1:
        raise MixedSeries("the images of the series differ in size or pixel spacing")
    if min(spacings.pop()) <= 0:
        raise BadHeader("the pixel spacing (0028,0030) is not positive")
    rows, columns = (int(side or 0) for side in sizes.pop())
    if rows < 1 or columns < 1:
        raise UndecodablePixels("there is no pixel data")
    if rows * columns > limits.pixels_per_slice or rows * columns * len(files) > limits.voxels:
        raise TooLarge(f"{len(files)} images of {rows} x {columns} are more than is read at once")


def _in_order(files: list[DicomFile]) -> tuple[list[DicomFile], NDArray[np.float64]]:
    """Return the files sorted along the normal (then by UID, so that any file order gives one result), and mm."""
    positions = np.array([header.numbers(one.header, "ImagePositionPatient", 3) for one in files])
    orientations = np.array([header.numbers(one.header, "ImageOrientationPatient", 6) for one in files])
    mm = geometry.distances(positions, orientations)
    uids = np.array([header.text(one.header, "SOPInstanceUID") or "" for one in files])
    order = np.lexsort((uids, mm))
    return [files[i] for i in order], mm[order]


def _read(
    files: list[DicomFile], mm: NDArray[np.float64], notes: list[str], limits: Limits
) -> tuple[list[DicomFile], NDArray[np.float64], NDArray[np.int16], NDArray[np.bool_] | None]:
    """Return what could be decoded: files, mm, HU (Z, Y, X) and padding, with a note for each image that could not."""
    shape = int(files[0].header.Rows), int(files[0].header.Columns)
    hu = np.empty((len(files), *shape), np.int16)
    finder, padding = PaddingFinder(), None
    good: list[int] = []
    lossy, failure = 0, None
    for number, file in enumerate(files):
        try:
            hu[number], declared, was_lossy = dicom.read_slice(file, limits)
        except UndecodablePixels as error:
            failure = failure or error
            notes.append(f"{file.source.name} is not readable and was left out")
            continue
        good.append(number)
        lossy += was_lossy
        found = finder.find(hu[number], declared)
        if found is not None:
            padding = np.zeros(hu.shape, bool) if padding is None else padding
            padding[number] = found
    if failure is not None and len(good) < 2:
        raise failure
    if lossy:
        notes.append(f"{lossy} slice(s) were compressed with loss: values may be off by some HU")
    if len(good) < len(files):
        files, mm, hu = [files[i] for i in good], mm[good], hu[good]
        padding = None if padding is None else padding[good]
    return files, mm, hu, padding


def _distinct(hu: NDArray[np.int16], mm: NDArray[np.float64]) -> list[int]:
    """Return the slices to keep when some came twice.

    Raises: NotAVolume when different pictures lie at one place (phases of a perfusion or of the heart).
    """
    kept = [0]
    doubled = set(geometry.same_place(mm))
    for number in range(1, len(hu)):
        if number not in doubled:
            kept.append(number)
        elif not np.array_equal(hu[number], hu[kept[-1]]):
            raise NotAVolume("several different images lie at one place (phases?); this is not one volume")
    return kept


def _stack(files: list[DicomFile], *, has_lost: bool) -> geometry.Stack:
    positions = np.array([header.numbers(one.header, "ImagePositionPatient", 3) for one in files])
    orientation = np.array(header.numbers(files[0].header, "ImageOrientationPatient", 6))
    rows_mm, columns_mm = header.numbers(files[0].header, "PixelSpacing", 2)
    stack = geometry.stack(positions, orientation, (rows_mm, columns_mm))
    if has_lost and stack.sample_at is not None:
        raise IncompleteSeries("a file could not be read and the slices left are unevenly spaced")
    return stack
