"""A frame of an image as a picture, as it lies in its file: windowed, and nothing drawn on it.

Source: PS3.3 C.11.1 (modality LUT), C.11.2.1.2 (linear window), PS3.18 10.4.1.1.3 (rendered media types).
"""

import io
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydicom import Dataset, dcmread
from pydicom.pixels.utils import pixel_array

from imaging import header
from imaging.archive import LIMITS
from imaging.errors import BadHeader, TooLarge, UndecodablePixels
from imaging.receive.instance import DAMAGE, refuse_bomb

_LARGEST_SIDE = 4096  # pixels of a picture that is asked for


@dataclass(frozen=True, kw_only=True, slots=True)
class Look:
    """How a frame (counted from 1) is to be shown; the window is centre and width in HU, else the file's own."""

    frame: int = 1
    kind: str = "PNG"
    window: tuple[float, float] | None = None
    viewport: tuple[int, int] | None = None
    quality: int = 90


def rendered(path: Path, look: Look) -> bytes:
    """Return a frame as PNG or JPEG.

    Raises: UndecodablePixels, BadHeader (no such frame, no pixels), TooLarge.
    """
    refuse_bomb(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # oddities of fields we do not use
            found = dcmread(path, force=True)
            if (header.number(found, "Rows") or 0) * (header.number(found, "Columns") or 0) > LIMITS.pixels_per_slice:
                raise TooLarge("the image is larger than a slice can be")
            if not 1 <= look.frame <= (header.number(found, "NumberOfFrames") or 1):
                raise BadHeader("the image has no frame of this number")
            pixels = pixel_array(found, index=look.frame - 1)
            picture = Image.fromarray(_grey(pixels, found, look) if pixels.ndim == 2 else pixels.astype(np.uint8))
    except DAMAGE as error:
        raise UndecodablePixels(f"the pixels cannot be decoded ({type(error).__name__})") from None
    if look.viewport is not None:
        width, height = (min(side, _LARGEST_SIDE) for side in look.viewport)
        scale = min(width / picture.width, height / picture.height)
        size = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
        picture = picture.resize(size, Image.Resampling.BICUBIC)
    stream = io.BytesIO()
    picture.save(stream, look.kind, **({"quality": look.quality} if look.kind == "JPEG" else {}))
    return stream.getvalue()


def _grey(pixels: NDArray[Any], found: Dataset, look: Look) -> NDArray[np.uint8]:
    groups = _groups(found, look.frame)
    slope = _first(groups, "PixelValueTransformationSequence", "RescaleSlope") or 1.0
    values = pixels.astype(np.float32) * slope
    values += _first(groups, "PixelValueTransformationSequence", "RescaleIntercept") or 0.0
    centre = _first(groups, "FrameVOILUTSequence", "WindowCenter")
    width = _first(groups, "FrameVOILUTSequence", "WindowWidth")
    if look.window is not None:
        centre, width = look.window
    if centre is None or width is None or width < 1:  # the file names none: all there is
        low, high = float(values.min()), float(values.max())
        centre, width = (low + high) / 2 + 0.5, max(high - low, 1.0) + 1
    grey = (values - (centre - 0.5)) / max(width - 1, 1.0) + 0.5
    if header.text(found, "PhotometricInterpretation") == "MONOCHROME1":
        grey = 1 - grey
    shown: NDArray[np.uint8] = (np.clip(grey, 0, 1) * 255).astype(np.uint8)
    return shown


def _groups(found: Dataset, frame: int) -> list[Dataset]:
    """The data sets that may say something of a frame, its own before what is shared (PS3.3 C.7.6.16)."""
    own = found.get("PerFrameFunctionalGroupsSequence") or []
    shared = found.get("SharedFunctionalGroupsSequence") or []
    return [*own[frame - 1 : frame], *shared[:1], found]


def _first(groups: list[Dataset], sequence: str, keyword: str) -> float | None:
    for group in groups:
        within = group.get(sequence) or [group]
        value = within[0].get(keyword)
        if value is not None:
            several = isinstance(value, (list, tuple)) or (hasattr(value, "__iter__") and not isinstance(value, str))
            return float(value[0] if several else value)
    return None
