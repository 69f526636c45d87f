"""Stored pixel values to Hounsfield units: one slice at a time, by its own rescale tags.

Source: DICOM PS3.3 C.11.1 (rescale), C.7.5.1.1.2 (padding), C.8.2.1 (CT image).
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from imaging.errors import BadHeader, LossyPixels, NotAVolume, UndecodablePixels
from imaging.header import Header, number, text

JPEG_BASELINE = "1.2.840.10008.1.2.4.50"  # 8 bits: cannot hold HU
JPEG_EXTENDED = "1.2.840.10008.1.2.4.51"  # 12 bits: the decoders at hand are wrong by thousands of HU
LOSSY = ("1.2.840.10008.1.2.4.81", "1.2.840.10008.1.2.4.91")  # JPEG-LS near-lossless, JPEG 2000: off by a few HU
_FULL_SCALE = {"HU", "HU_MOD", "US", ""}  # US = unspecified; MGML, Z_EFF ... are not attenuation (C.11.1.1.2)


def refuse_unfit(header: Header, transfer_syntax_uid: str) -> None:
    """Raise by name what cannot become Hounsfield units, before anything is decoded."""
    if transfer_syntax_uid in (JPEG_BASELINE, JPEG_EXTENDED):
        raise LossyPixels("JPEG with loss (8 or 12 bit) does not keep Hounsfield units; send it uncompressed")
    if (number(header, "SamplesPerPixel") or 1) != 1 or text(header, "PhotometricInterpretation") == "RGB":
        raise NotAVolume("a colour picture is not a CT slice")
    if text(header, "PhotometricInterpretation") not in (None, "MONOCHROME2"):
        raise BadHeader("the grey scale is not MONOCHROME2")
    if (text(header, "RescaleType") or "").upper() not in _FULL_SCALE or "ModalityLUTSequence" in header:
        raise BadHeader("the pixel values are not in Hounsfield units (rescale type)")


def is_lossy(header: Header, transfer_syntax_uid: str) -> bool:
    """Say whether the pixels went through a compression with loss at any time."""
    return transfer_syntax_uid in LOSSY or text(header, "LossyImageCompression") == "01"


def hounsfield(stored: NDArray[Any], header: Header) -> NDArray[np.int16]:
    """Return HU as int16 (Y, X), clipped to its range, from stored values (Y, X) of any integer type.

    Raises: BadHeader without an intercept (its absence leaves HU unknown by 1,024), or with a slope of 0.
    """
    slope, intercept = _rescale(header)
    if slope == 1 and intercept.is_integer():
        hu = stored.astype(np.int32)
        hu += int(intercept)
    else:
        hu = np.rint(stored * slope + intercept)
    return np.clip(hu, -32768, 32767).astype(np.int16)


def declared_padding(header: Header) -> tuple[int, int] | None:
    """Return the lowest and highest HU that are declared padding, or None.

    The value is compared as stored: some scanners write it unsigned beside signed pixels (63536 for -2000).
    """
    value = number(header, "PixelPaddingValue")
    if value is None:
        return None
    limit = number(header, "PixelPaddingRangeLimit")
    signed = number(header, "PixelRepresentation") == 1
    slope, intercept = _rescale(header)
    hu = []
    for end in (value, value if limit is None else limit):
        stored = int(end) & 0xFFFF
        stored = stored - 0x10000 if signed and stored >= 0x8000 else stored
        hu.append(round(stored * slope + intercept))
    low, high = min(hu), max(hu)
    return max(low, -32768), max(high, -32768)


def decoded(dataset: Any) -> NDArray[Any]:  # Any: a pydicom data set, which only dicom.py may name
    """Return the stored values (Y, X) of one image.

    Raises: UndecodablePixels when there are none, or of another shape than the header says.
    """
    if "PixelData" not in dataset:
        raise UndecodablePixels("there is no pixel data")
    return checked(dataset.pixel_array)


def checked(pixels: NDArray[Any]) -> NDArray[Any]:
    """Return the decoded values when they are one slice (Y, X) of whole numbers.

    Raises: UndecodablePixels, naming what they are instead.
    """
    if pixels.ndim != 2 or pixels.dtype.kind not in "iu":
        raise UndecodablePixels(f"the pixels are {pixels.dtype} {pixels.shape}, not one slice of whole numbers")
    return pixels


def _rescale(header: Header) -> tuple[float, float]:
    slope, intercept = number(header, "RescaleSlope"), number(header, "RescaleIntercept")
    if intercept is None or not abs(intercept) < 1e6:
        raise BadHeader("the rescale intercept (0028,1052) is missing: Hounsfield units are unknown")
    slope = 1.0 if slope is None else slope
    if not 0 < abs(slope) < 1e4:
        raise BadHeader("the rescale slope (0028,1053) is impossible")
    return slope, intercept
