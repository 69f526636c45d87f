"""What does the reader see? A key slice as a picture: the region outlined, with scale, sides and place.

Axial, seen from the feet as radiologists do: the patient's right on the left, the front on top. Grey values follow a
window (DICOM PS3.3 C.11.2.1.2, without the half-step).
"""

import io
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from imaging.regions import Region
from imaging.volume import Volume

LUNG_WINDOW = (-600.0, 1500.0)  # centre and width in HU, the usual lung window
SOFT_TISSUE_WINDOW = (40.0, 400.0)
SIZE_PX = 512
THUMBNAIL_PX = 160
GROUND = (10, 12, 14)  # near black, the page's ground for CT
INK = (214, 222, 228)
OUTLINE = (255, 176, 32)  # amber: told from grey by everyone, also with red-green blindness
BAR_MM = 50.0
MARGIN_MM = 2.0  # between a lesion and its outline


def key_slice(
    volume: Volume, region: Region, window: tuple[float, float] = LUNG_WINDOW, size_px: int = SIZE_PX
) -> bytes:
    """Return a PNG, about `size_px` square, of the axial slice through the region's centre.

    The volume must be oriented as `read_volume` leaves it. Slice position is in LPS mm (z towards the head).
    """
    z = _slice_at(volume, region.centre_lps_mm)
    picture, scale = _picture(volume, z, window, size_px)
    draw = ImageDraw.Draw(picture)
    _outline(draw, volume, region.box_lps_mm, scale, picture.size)
    _legend(draw, volume, z, window, scale, picture.size)
    return _png(picture)


def thumbnail(volume: Volume, region: Region, window: tuple[float, float] = LUNG_WINDOW) -> bytes:
    """Return a small PNG cut out around the region, 60 mm or three times its size wide, with its outline only."""
    z = _slice_at(volume, region.centre_lps_mm)
    low, high = np.array(region.box_lps_mm)
    half_mm = max(30.0, 1.5 * float((high - low)[:2].max()))
    dx, dy, _ = volume.spacing_mm
    x, y, _ = volume.to_voxel(np.array(region.centre_lps_mm))
    half_x, half_y = half_mm / dx, half_mm / dy
    grey = _windowed(_crop(volume.hu[z], x, y, half_x, half_y), window)
    picture = Image.fromarray(grey).convert("RGB").resize((THUMBNAIL_PX, THUMBNAIL_PX), Image.Resampling.BICUBIC)
    scale = THUMBNAIL_PX / (2 * half_mm)
    centre = volume.to_lps(np.array([round(x), round(y), z], float))
    corners = (np.array([low, high])[:, :2] - centre[:2] + half_mm) * scale
    ImageDraw.Draw(picture).rectangle([*corners[0].tolist(), *corners[1].tolist()], outline=OUTLINE, width=1)
    return _png(picture)


def _slice_at(volume: Volume, point_lps_mm: Sequence[float]) -> int:
    z = round(float(volume.to_voxel(np.array(point_lps_mm))[2]))
    return min(max(z, 0), volume.hu.shape[0] - 1)


def _windowed(hu: NDArray[np.int16], window: tuple[float, float]) -> NDArray[np.uint8]:
    centre, width = window
    grey = (hu.astype(np.float32) - (centre - width / 2)) / width
    return (np.clip(grey, 0, 1) * 255).astype(np.uint8)


def _crop(hu: NDArray[np.int16], x: float, y: float, half_x: float, half_y: float) -> NDArray[np.int16]:
    """Return the square around (x, y), air where it leaves the slice."""
    left, right = round(half_x), round(half_y)
    padded = np.pad(hu, ((right, right), (left, left)), constant_values=-1024)
    return padded[round(y) : round(y) + 2 * right + 1, round(x) : round(x) + 2 * left + 1]


def _picture(
    volume: Volume, z: int, window: tuple[float, float], size_px: int
) -> tuple[Image.Image, tuple[float, float]]:
    """Return the slice as a picture and its pixels per voxel along x and y; mm are equal along both."""
    dx, dy, _ = volume.spacing_mm
    height, width = volume.hu.shape[1:]
    per_mm = size_px / max(width * dx, height * dy)
    target = max(1, round(width * dx * per_mm)), max(1, round(height * dy * per_mm))
    grey = _windowed(volume.hu[z], window)
    picture = Image.fromarray(grey).convert("RGB").resize(target, Image.Resampling.BICUBIC)
    if volume.padding is not None:
        hidden = Image.fromarray(volume.padding[z].astype(np.uint8) * 255).resize(target, Image.Resampling.NEAREST)
        picture.paste(GROUND, (0, 0), hidden)
    return picture, (target[0] / width, target[1] / height)


def _outline(
    draw: ImageDraw.ImageDraw,
    volume: Volume,
    box_lps_mm: tuple[Sequence[float], Sequence[float]],
    scale: tuple[float, float],
    size: tuple[int, int],
) -> None:
    low, high = np.array(box_lps_mm) + np.array([[-MARGIN_MM], [MARGIN_MM]])
    voxels = volume.to_voxel(np.array([low, high])) + 0.5  # voxel 0 spans pixels 0 to scale
    xs, ys = np.sort(voxels[:, 0]) * scale[0], np.sort(voxels[:, 1]) * scale[1]
    frame = [max(float(xs[0]), 0), max(float(ys[0]), 0), min(float(xs[1]), size[0] - 1), min(float(ys[1]), size[1] - 1)]
    draw.rectangle(frame, outline=OUTLINE, width=2)


def _legend(
    draw: ImageDraw.ImageDraw,
    volume: Volume,
    z: int,
    window: tuple[float, float],
    scale: tuple[float, float],
    size: tuple[int, int],
) -> None:
    width, height = size
    font = ImageFont.load_default(size=max(10, round(height / 36)))
    edge = max(4, round(height / 64))
    for text, at, anchor in (
        ("R", (edge, height / 2), "lm"),
        ("L", (width - edge, height / 2), "rm"),
        ("A", (width / 2, edge), "ma"),
        ("P", (width / 2, height - edge), "md"),
    ):
        _write(draw, text, at, anchor, font)
    place = float(volume.to_lps(np.array([0.0, 0.0, z]))[2])
    number = f"slice {z + 1}/{volume.hu.shape[0]}   z {place:.1f} mm"
    _write(draw, number, (edge, edge), "la", font)
    _write(draw, f"W {window[1]:.0f}  L {window[0]:.0f}", (width - edge, edge), "ra", font)
    length = BAR_MM / volume.spacing_mm[0] * scale[0]
    y = height - 2 * edge
    right = width - edge
    draw.line([right - length, y, right, y], fill=INK, width=2)
    for x in (right - length, right):
        draw.line([x, y - edge / 2, x, y + edge / 2], fill=INK, width=2)
    _write(draw, f"{BAR_MM:.0f} mm", (right, y - edge), "rd", font)


def _write(
    draw: ImageDraw.ImageDraw,
    text: str,
    at: tuple[float, float],
    anchor: str,
    font: ImageFont.FreeTypeFont | ImageFont.ImageFont,
) -> None:
    draw.text(at, text, fill=INK, font=font, anchor=anchor, stroke_width=2, stroke_fill=GROUND)


def _png(picture: Image.Image) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, "PNG")
    return stream.getvalue()
