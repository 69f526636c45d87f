"""One series of DICOM images to one standard volume, or a reason why not.

Ordered by position (never by file name or instance number), rescaled slice by slice, padding masked, the axes turned
to left, back, head. The result does not depend on the order or the names of the files.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from imaging import dicom, geometry, header, multiframe, pixels, regrid, scale
from imaging.archive import LIMITS, Limits
from imaging.dicom import DicomFile, SeriesFiles
from imaging.errors import BadHeader, IncompleteSeries, MixedSeries, NotAVolume, TooLarge, UndecodablePixels
from imaging.header import Header
from imaging.padding import PaddingFinder
from imaging.volume import AIR_HU, Volume, oriented

_Read = tuple[int, NDArray[np.int16], tuple[int, int] | None, bool]  # slice number, HU, declared padding, lossy


@dataclass(frozen=True, kw_only=True)
class Slice:
    """One slice of the series: a file of its own, or a frame of one that keeps many."""

    file: DicomFile
    header: Header
    frame: int | None = None


def read_volume(series: SeriesFiles, limits: Limits = LIMITS) -> Volume:
    """Return the standard volume: HU, LPS affine, padding mask, provenance with warnings.

    Raises: a SeriesError or PixelError that says what is wrong with the series.
    """
    notes = _first_notes(series)
    slices, mm = _in_order(_slices(series, notes, limits))
    named = len(slices)
    slices, mm, hu, padding = _read(slices, mm, notes, limits)
    has_lost = bool(series.unread or series.missing) or len(slices) < named
    kept = _distinct(hu, mm)
    if len(kept) < len(hu):
        notes.append(f"{len(hu) - len(kept)} slice(s) came twice and were used once")
        slices, hu, padding = [slices[i] for i in kept], hu[kept], None if padding is None else padding[kept]
    stack = _stack(slices, has_lost=has_lost)
    if padding is not None:
        hu[padding] = AIR_HU
    doubted = scale.doubt(hu, padding)
    hu, padding = regrid.regular(hu, padding, stack)
    hu, affine, padding = oriented(hu, stack.affine_lps, padding)
    files = {id(one.file) for one in slices}
    said = header.provenance([one.header for one in slices], slices[0].file.transfer_syntax_uid, len(files))
    doubts = (*_doubted_tilt(slices, stack), *stack.warnings, *([doubted] if doubted else ()))
    described = replace(said, warnings=(*notes, *doubts))
    return Volume(hu=hu, affine_lps=affine, padding=padding, provenance=described)


def _first_notes(series: SeriesFiles) -> list[str]:
    notes = [f"{name} is not readable and was left out" for name in sorted(series.unread)]
    if series.missing:
        notes.append(f"{len(series.missing)} file(s) that the DICOMDIR names are missing, such as {series.missing[0]}")
    if not series.series_uid:
        notes.append("the images name no series; they were taken as one")
    return notes


def _slices(series: SeriesFiles, notes: list[str], limits: Limits) -> list[Slice]:
    """Return the slices and frames that belong into the volume, each instance once."""
    if len({header.text(one.header, "PatientID") for one in series.files}) > 1:
        raise MixedSeries("the series holds images of more than one patient")
    instances = _instances(series, limits)
    if len(instances) < len(series.files):
        notes.append(f"{len(series.files) - len(instances)} file(s) are copies of others and were left out")
    multiframe.refuse_broken_concatenation([one.header for one in instances])
    every = [one for file in instances for one in _slices_of(file)]
    others = Counter(kind for one in every if (kind := header.not_a_slice(one.header)) is not None)
    slices = [one for one in every if header.not_a_slice(one.header) is None]
    if not slices:
        raise NotAVolume(f"the series holds no slices, only {' and '.join(f'{kind}s' for kind in sorted(others))}")
    if others:
        notes.append(" and ".join(f"{n} {kind}(s)" for kind, n in sorted(others.items())) + " were left out")
    _refuse_unequal(slices, limits)
    if len(slices) == 1:
        failed: list[UndecodablePixels] = []
        next(_decoded(slices, limits, [], failed), None)  # a picture that cannot be decoded is told first
        if failed:
            raise failed[0]
        raise NotAVolume("a single slice is not a volume")
    return slices


def _instances(series: SeriesFiles, limits: Limits) -> list[DicomFile]:
    """Return each instance once, in the order of the files.

    Raises: PixelError or SeriesError for what can't be decoded; BadHeader when files of one UID are no copies of one
    another: which of them is meant would be a guess.
    """
    by_uid: dict[str, list[DicomFile]] = {}
    for number, one in enumerate(series.files):
        by_uid.setdefault(header.text(one.header, "SOPInstanceUID") or f"without uid {number}", []).append(one)
    if len(by_uid) < len(series.files):
        for one in series.files:  # what can't be read at all is told before what can't be told apart
            if header.not_a_slice(one.header) is None:
                pixels.refuse_unfit(one.header, one.transfer_syntax_uid)
    for files in by_uid.values():
        if len(files) > 1 and len({dicom.picture(one, limits) for one in files}) > 1:
            raise BadHeader(
                f"{len(files)} images share one SOP Instance UID (0008,0018) and differ: which is meant is not known"
            )
    return [files[0] for files in by_uid.values()]


def _slices_of(file: DicomFile) -> Iterator[Slice]:
    if header.not_a_slice(file.header) is not None or not multiframe.is_multiframe(file.header):
        yield Slice(file=file, header=file.header)
        return
    for number, said in enumerate(dicom.read_frame_headers(file)):
        yield Slice(file=file, header=said, frame=number)


def _refuse_unequal(slices: list[Slice], limits: Limits) -> None:
    sizes = {(header.number(one.header, "Rows"), header.number(one.header, "Columns")) for one in slices}
    spacings = {tuple(header.numbers(one.header, "PixelSpacing", 2)) for one in slices}
    if len(sizes) > 1 or len(spacings) > 1:
        raise MixedSeries("the images of the series differ in size or pixel spacing")
    if len({header.text(one.header, "FrameOfReferenceUID") for one in slices}) > 1:
        raise MixedSeries("the positions of the images are told in different frames of reference")
    between_rows, between_columns = spacings.pop()
    if min(between_rows, between_columns) <= 0:
        raise BadHeader("the pixel spacing (0028,0030) is not positive")
    rows, columns = (int(side or 0) for side in sizes.pop())
    if rows < 1 or columns < 1:
        raise UndecodablePixels("there is no pixel data")
    if rows * columns > limits.pixels_per_slice or rows * columns * len(slices) > limits.voxels:
        raise TooLarge(f"{len(slices)} images of {rows} x {columns} are more than is read at once")
    geometry.refuse_impossible_grid(rows, columns, (between_rows, between_columns))


def _in_order(slices: list[Slice]) -> tuple[list[Slice], NDArray[np.float64]]:
    """Return the slices sorted along the normal (then by UID, so that any file order gives one result), and mm."""
    positions = np.array([header.numbers(one.header, "ImagePositionPatient", 3) for one in slices])
    orientations = np.array([header.numbers(one.header, "ImageOrientationPatient", 6) for one in slices])
    mm = geometry.distances(positions, orientations)
    uids = np.array([header.text(one.header, "SOPInstanceUID") or "" for one in slices])
    frames = np.array([one.frame or 0 for one in slices])
    order = np.lexsort((frames, uids, mm))
    return [slices[i] for i in order], mm[order]


def _read(
    slices: list[Slice], mm: NDArray[np.float64], notes: list[str], limits: Limits
) -> tuple[list[Slice], NDArray[np.float64], NDArray[np.int16], NDArray[np.bool_] | None]:
    """Return what could be decoded: slices, mm, HU (Z, Y, X) and padding, with a note for each that could not."""
    shape = int(slices[0].header.get("Rows")), int(slices[0].header.get("Columns"))
    hu = np.empty((len(slices), *shape), np.int16)
    finder, padding = PaddingFinder(), None
    good: list[int] = []
    failed: list[UndecodablePixels] = []
    lossy = 0
    for number, values, declared, was_lossy in _decoded(slices, limits, notes, failed):
        hu[number] = values
        good.append(number)
        lossy += was_lossy
        found = finder.find(values, declared)
        if found is not None:
            padding = np.zeros(hu.shape, bool) if padding is None else padding
            padding[number] = found
    if failed and len(good) < 2:
        raise failed[0]
    if lossy:
        notes.append(f"{lossy} slice(s) were compressed with loss: values may be off by some HU")
    if len(good) < len(slices):
        good.sort()
        slices, mm, hu = [slices[i] for i in good], mm[good], hu[good]
        padding = None if padding is None else padding[good]
    return slices, mm, hu, padding


def _decoded(slices: list[Slice], limits: Limits, notes: list[str], failed: list[UndecodablePixels]) -> Iterator[_Read]:
    """Yield each slice by its place in `slices`; a single file that cannot be decoded is noted and passed over."""
    framed: dict[int, dict[int, int]] = {}
    for number, one in enumerate(slices):
        if one.frame is not None:
            framed.setdefault(id(one.file), {})[one.frame] = number
            continue
        try:
            hu, declared, was_lossy = dicom.read_slice(one.file, limits)
        except UndecodablePixels as error:
            failed.append(error)
            notes.append(f"{one.file.source.name} is not readable and was left out")
            continue
        yield number, hu, declared, was_lossy
    for places in framed.values():
        headers = {frame: slices[number].header for frame, number in places.items()}
        asked = {frame: said for frame, said in headers.items() if isinstance(said, multiframe.FrameHeader)}
        file = slices[next(iter(places.values()))].file
        for frame, hu, declared, was_lossy in dicom.read_frames(file, asked, limits):
            yield places[frame], hu, declared, was_lossy


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


def _stack(slices: list[Slice], *, has_lost: bool) -> geometry.Stack:
    positions = np.array([header.numbers(one.header, "ImagePositionPatient", 3) for one in slices])
    orientation = np.array(header.numbers(slices[0].header, "ImageOrientationPatient", 6))
    rows_mm, columns_mm = header.numbers(slices[0].header, "PixelSpacing", 2)
    stack = geometry.stack(positions, orientation, (rows_mm, columns_mm))
    if has_lost and stack.sample_at is not None:
        raise IncompleteSeries("a file could not be read and the slices left are unevenly spaced")
    return stack


def _doubted_tilt(slices: list[Slice], stack: geometry.Stack) -> tuple[str, ...]:
    """Say that a declared tilt is not there: a slice position that was straightened before, or a tag that lies."""
    said = header.number(slices[0].header, "GantryDetectorTilt") or 0.0
    if stack.shift_px is not None or abs(said) <= geometry.TILT_DEG:
        return ()
    return (f"the header says the gantry was tilted by {abs(said):.1f} degrees; the positions say it was not",)
