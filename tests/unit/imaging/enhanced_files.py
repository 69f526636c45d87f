"""Enhanced CT files for tests: the slices of a drawn series put into one file, as PS3.3 A.38 describes it."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import EnhancedCTImageStorage, ExplicitVRLittleEndian

_PER_SERIES = ("PatientID", "PatientName", "StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID", "Modality",
               "StudyDate", "StudyTime", "Manufacturer", "Rows", "Columns", "SamplesPerPixel", "BitsAllocated",
               "PhotometricInterpretation", "BitsStored", "HighBit", "PixelRepresentation")  # fmt: skip


def group(**sequences: Dataset) -> Dataset:
    """Return a functional group item: each macro a sequence of one item."""
    item = Dataset()
    for keyword, content in sequences.items():
        setattr(item, keyword, [content])
    return item


def item(**values: object) -> Dataset:
    """Return a data set of these values by keyword."""
    made = Dataset()
    for keyword, value in values.items():
        setattr(made, keyword, value)
    return made


def enhanced(slices: Sequence[Path], uid: str = "2.25.77") -> Dataset:
    """Return one enhanced CT of single-slice files, in the order given; each frame keeps its own rescale."""
    read = [pydicom.dcmread(path) for path in slices]
    made = Dataset()
    for keyword in _PER_SERIES:
        setattr(made, keyword, read[0][keyword].value)
    made.SOPClassUID, made.SOPInstanceUID, made.NumberOfFrames = EnhancedCTImageStorage, uid, len(read)
    made.ImageType = ["ORIGINAL", "PRIMARY", "VOLUME", "NONE"]
    made.LossyImageCompression = "00"
    made.SharedFunctionalGroupsSequence = [
        group(
            PlaneOrientationSequence=item(ImageOrientationPatient=read[0].ImageOrientationPatient),
            PixelMeasuresSequence=item(PixelSpacing=read[0].PixelSpacing, SliceThickness=read[0].SliceThickness),
            CTReconstructionSequence=item(ConvolutionKernel="STANDARD"),
            CTXRayDetailsSequence=item(KVP=120),
            CTImageFrameTypeSequence=item(FrameType=["ORIGINAL", "PRIMARY", "VOLUME", "NONE"]),
        )
    ]
    made.PerFrameFunctionalGroupsSequence = [
        group(
            PlanePositionSequence=item(ImagePositionPatient=one.ImagePositionPatient),
            PixelValueTransformationSequence=item(
                RescaleIntercept=one.RescaleIntercept, RescaleSlope=one.RescaleSlope, RescaleType="HU"
            ),
        )
        for one in read
    ]
    made.PixelData = b"".join(np.ascontiguousarray(one.pixel_array, "<i2").tobytes() for one in read)
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return made


def save(made: Dataset, path: Path) -> Path:
    """Write the file and return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    made.save_as(path, enforce_file_format=True)
    return path
