"""The organs and lesions that were drawn, as a DICOM segmentation that any viewer lays over the images.

Source: DICOM PS3.3 A.51 (segmentation), built with highdicom; one binary segment an organ.
"""

from hashlib import sha256
from io import BytesIO

import highdicom as hd
import numpy as np
from numpy.typing import NDArray
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code

from imaging.absent import Absent
from imaging.labels import Labels
from imaging.volume import Volume
from imaging.write.source import MAKER, MODEL, SCHEME, Source, uid_of

# SNOMED CT codes of pydicom's dictionary of CID 7150 and its kin; every other structure goes by our own name
_TYPES = {
    "liver": codes.SCT.Liver, "spleen": codes.SCT.Spleen, "pancreas": codes.SCT.Pancreas, "aorta": codes.SCT.Aorta,
    "heart": codes.SCT.Heart, "lungs": codes.SCT.Lung, "bone": codes.SCT.Bone, "airways": codes.SCT.Trachea,
}  # fmt: skip


def segmentation(source: Source, volume: Volume, labels: Labels, organs: tuple[str, ...], version: str) -> bytes:
    """Return the file of a segmentation of `organs`, in the order told; those without a voxel are left out.

    Raises: ValueError when none of them has a voxel.
    """
    there, joined = _joined(labels, organs)
    if not there:
        raise ValueError("none of the organs is there: nothing can be written")
    stacked = _stacked(labels, there) if joined is None else joined
    affine = volume.affine_lps.copy()
    affine[:, :3] = affine[:, 2::-1]  # the array runs z, y, x
    drawn = hd.Volume(
        array=stacked,
        affine=affine,
        coordinate_system="PATIENT",
        frame_of_reference_uid=source.frame_of_reference_uid,
        channels={"SegmentNumber": list(range(1, len(there) + 1))} if stacked.ndim == 4 else None,
    )
    content = uid_of("segmentation", source.series_uid, version, sha256(stacked.data).hexdigest(), *there)
    made = hd.seg.Segmentation(
        source_images=list(source.headers),
        pixel_array=drawn,
        segmentation_type=hd.seg.SegmentationTypeValues.BINARY,
        segment_descriptions=[
            _described(number, organ, labels.method, version) for number, organ in enumerate(there, start=1)
        ],
        series_instance_uid=uid_of("series", content),
        series_number=9001,
        sop_instance_uid=content,
        instance_number=1,
        manufacturer=MAKER,
        manufacturer_model_name=MODEL,
        software_versions=version,
        device_serial_number="none",
        content_label="ORGANS",
        content_description=labels.method[:64],
    )
    stream = BytesIO()
    made.save_as(stream)
    return stream.getvalue()


def _joined(labels: Labels, organs: tuple[str, ...]) -> tuple[tuple[str, ...], NDArray[np.uint8] | None]:
    """Return the organs that have a voxel, and each voxel's segment (Z, Y, X); None where segments overlap."""
    there: list[str] = []
    joined = np.zeros(labels.voxels.shape, np.uint8)
    is_apart = True
    for organ in organs:
        mask = labels.mask(organ)
        if not isinstance(mask, Absent):
            there.append(organ)
            is_apart = is_apart and not joined[mask].any()
            joined[mask] = len(there)
    return tuple(there), joined if is_apart else None


def _stacked(labels: Labels, organs: tuple[str, ...]) -> NDArray[np.uint8]:
    """Return a mask a segment (Z, Y, X, N): a byte a voxel and segment, so many segments take much memory."""
    stacked = np.empty((*labels.voxels.shape, len(organs)), np.uint8)
    for number, organ in enumerate(organs):
        stacked[..., number] = labels.mask(organ)
    return stacked


def _described(number: int, organ: str, method: str, version: str) -> hd.seg.SegmentDescription:
    meaning = organ.replace("_", " ")
    return hd.seg.SegmentDescription(
        segment_number=number,
        segment_label=meaning[:64],
        segmented_property_category=codes.SCT.AnatomicalStructure,
        segmented_property_type=_TYPES.get(organ, Code(organ, SCHEME, meaning)),
        algorithm_type=hd.seg.SegmentAlgorithmTypeValues.AUTOMATIC,
        algorithm_identification=hd.AlgorithmIdentificationSequence(
            name=method[:64], version=version, family=codes.DCM.ImageProcessing
        ),
    )
