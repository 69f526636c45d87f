"""What do the functional groups of an enhanced CT say of each frame? One flat header a frame, as a single slice has.

An enhanced CT keeps all slices in one file; what differs from frame to frame stands in nested sequences, and what is
common to all beside them. A frame's own value goes before the common one, and both before the file's.

Source: DICOM PS3.3 C.7.6.16 (functional groups), C.7.6.16.2.2.4 (concatenations), C.8.15 (enhanced CT), C.7.6.16.2.25
(converted attributes).
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from imaging.errors import BadHeader, IncompleteSeries, NotAVolume
from imaging.header import Header, number, text

ENHANCED = ("1.2.840.10008.5.1.4.1.1.2.1", "1.2.840.10008.5.1.4.1.1.2.2")  # enhanced CT, legacy converted enhanced CT
_PLACES: Mapping[str, tuple[tuple[str, str], ...]] = MappingProxyType(
    {
        "ImagePositionPatient": (("PlanePositionSequence", "ImagePositionPatient"),),
        "ImageOrientationPatient": (("PlaneOrientationSequence", "ImageOrientationPatient"),),
        "PixelSpacing": (("PixelMeasuresSequence", "PixelSpacing"),),
        "SliceThickness": (("PixelMeasuresSequence", "SliceThickness"),),
        "RescaleIntercept": (("PixelValueTransformationSequence", "RescaleIntercept"),),
        "RescaleSlope": (("PixelValueTransformationSequence", "RescaleSlope"),),
        "RescaleType": (("PixelValueTransformationSequence", "RescaleType"),),
        "ImageType": (("CTImageFrameTypeSequence", "FrameType"),),
        "KVP": (("CTXRayDetailsSequence", "KVP"), ("UnassignedSharedConvertedAttributesSequence", "KVP")),
        "GantryDetectorTilt": (("CTAcquisitionDetailsSequence", "GantryDetectorTilt"),),
        "ConvolutionKernel": (
            ("CTReconstructionSequence", "ConvolutionKernel"),
            ("UnassignedSharedConvertedAttributesSequence", "ConvolutionKernel"),
            ("UnassignedPerFrameConvertedAttributesSequence", "ConvolutionKernel"),
        ),
        "ContrastBolusAgent": (("UnassignedSharedConvertedAttributesSequence", "ContrastBolusAgent"),),
    }
)


@dataclass(frozen=True, kw_only=True)
class FrameHeader:
    """The header of one frame: its own values before those of the file it lies in."""

    file: Header
    own: Mapping[str, Any]  # Any: DICOM values are of many types

    def get(self, key: str, default: Any = None, /) -> Any:
        """Return the value of a keyword."""
        return self.own[key] if key in self.own else self.file.get(key, default)

    def __contains__(self, key: str, /) -> bool:
        return key in self.own or key in self.file


def is_multiframe(header: Header) -> bool:
    """Say whether the file keeps its slices as frames (an enhanced CT of one frame does too)."""
    return text(header, "SOPClassUID") in ENHANCED or (number(header, "NumberOfFrames") or 1) > 1


def frame_headers(header: Header) -> list[FrameHeader]:
    """Return one header a frame, in the order of the frames in the file.

    Raises: NotAVolume without functional groups, BadHeader when they are not as many as there are frames.
    """
    groups = header.get("PerFrameFunctionalGroupsSequence")
    if not groups:
        raise NotAVolume("a multi-frame image that does not say where each frame lies is not read")
    frames = number(header, "NumberOfFrames") or 1
    if len(groups) != frames:
        raise BadHeader(f"the header names {frames:.0f} frames, but describes {len(groups)}")
    common = _flat((header.get("SharedFunctionalGroupsSequence") or [{}])[0])
    agents = header.get("ContrastBolusAgentSequence")
    if agents and "ContrastBolusAgent" not in common:
        common["ContrastBolusAgent"] = text(agents[0], "CodeMeaning")
    return [FrameHeader(file=header, own=common | _flat(group)) for group in groups]


def refuse_broken_concatenation(headers: Sequence[Header]) -> None:
    """Raise IncompleteSeries when one of the files that an enhanced CT was split into is not here."""
    parts: dict[str, set[float]] = defaultdict(set)
    totals: dict[str, float] = {}
    for header in headers:
        uid = text(header, "ConcatenationUID")
        if uid is not None:
            parts[uid].add(number(header, "InConcatenationNumber") or 0)
            totals[uid] = number(header, "InConcatenationTotalNumber") or 0
    for uid, found in parts.items():
        total = int(totals[uid] or max(found))  # how many there are need not be told: then those before the last
        if found != set(range(1, total + 1)):
            raise IncompleteSeries(f"{len(found)} of the {total} files of a concatenation are here")


def _flat(group: Any) -> dict[str, Any]:
    """Return what one functional group item says, by the keyword a single slice would use."""
    said = {}
    for keyword, places in _PLACES.items():
        for sequence, attribute in places:
            items = group.get(sequence)
            value = items[0].get(attribute) if items else None
            if value is not None and keyword not in said:
                said[keyword] = value
    return said
