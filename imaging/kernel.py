"""Does the reconstruction kernel keep Hounsfield units as they are (smooth) or sharpen edges and noise?

The name of a kernel is the vendor's own. The families below are the vendors' naming as it is commonly described; they
were not compared with the vendors' manuals here (unverified), so an unknown name is `None` and never guessed.
"""

import re
from typing import Literal

Sharpness = Literal["smooth", "sharp"]

_GE_SMOOTH = {"SOFT", "STANDARD", "STND", "CHST", "DETAIL"}
_GE_SHARP = {"BONE", "BONEPLUS", "BONE PLUS", "LUNG", "EDGE", "ULTRA", "HD BONE", "HD LUNG"}
_SIEMENS = re.compile(r"^(?:B|BR|BV|BF|BL|I|J|HR|H|D|T|U)\s?(\d{2})")  # B30f, Br40d, I26f, Bl57
_SIEMENS_SHARP_FROM = 50  # B50 medium sharp, B60 sharp, B70 to B80 very sharp; Bl57 and above are lung kernels
_CANON = re.compile(r"^FC\s?(\d{2})")
_CANON_SHARP_FROM = 30  # FC01 to FC29 body and head soft tissue; FC30 bone, FC50 lung, FC80 high resolution
_PHILIPS_SMOOTH = {"A", "B", "SA", "SB", "XA", "XB", "EA", "EB", "CA", "CB", "UA", "UB"}
_PHILIPS_SHARP = {"C", "D", "E", "L", "YA", "YB", "YC", "YD", "YE", "EC", "UC"}


def sharpness(manufacturer: str | None, kernel: str | None) -> Sharpness | None:
    """Return how the kernel treats edges; None when the vendor or its kernel is not known here.

    Example:
        >>> sharpness("SIEMENS", "B70f"), sharpness("GE MEDICAL SYSTEMS", "STANDARD"), sharpness("?", "X")
        ('sharp', 'smooth', None)
    """
    vendor, name = (manufacturer or "").upper(), (kernel or "").strip().upper()
    if "GE" in vendor.split() or vendor.startswith("GE "):
        return _of_sets(name, _GE_SMOOTH, _GE_SHARP)
    if "SIEMENS" in vendor:
        return _of_number(_SIEMENS, name, _SIEMENS_SHARP_FROM)
    if "TOSHIBA" in vendor or "CANON" in vendor:
        return _of_number(_CANON, name, _CANON_SHARP_FROM)
    if "PHILIPS" in vendor:
        return _of_sets(name, _PHILIPS_SMOOTH, _PHILIPS_SHARP)
    return None


def _of_sets(name: str, smooth: set[str], sharp: set[str]) -> Sharpness | None:
    return "smooth" if name in smooth else "sharp" if name in sharp else None


def _of_number(pattern: re.Pattern[str], name: str, sharp_from: int) -> Sharpness | None:
    found = pattern.match(name)
    if found is None:
        return None
    return "sharp" if int(found[1]) >= sharp_from else "smooth"
