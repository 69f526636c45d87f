"""DICOM reports and segmentations for tests, as highdicom writes them, and odd ones by hand."""

import io
from collections.abc import Iterable
from typing import Any

import highdicom as hd
import numpy as np
from highdicom.sr import (
    AlgorithmIdentification,
    DeviceObserverIdentifyingAttributes,
    FindingSite,
    ImageRegion3D,
    Measurement,
    MeasurementProperties,
    MeasurementReport,
    ObservationContext,
    ObserverContext,
    PersonObserverIdentifyingAttributes,
    PlanarROIMeasurementsAndQualitativeEvaluations,
    QualitativeEvaluation,
    TrackingIdentifier,
    VolumetricROIMeasurementsAndQualitativeEvaluations,
)
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.filewriter import dcmwrite
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

ROWS, COLUMNS = 10, 7  # 70 pixels: frames of a binary segmentation do not end at whole bytes
SPACING_MM = (2.5, 0.5, 0.8)  # slices, rows, columns
STUDY_UID = "1.2.826.0.1.3680043.8.498.1"
SERIES_UID = "1.2.826.0.1.3680043.8.498.2"
FRAME_UID = "1.2.826.0.1.3680043.8.498.3"
NODULE_UID = "1.2.826.0.1.3680043.8.498.4"
REPORT_UID = "1.2.826.0.1.3680043.8.498.5"
SEGMENTATION = "1.2.840.10008.5.1.4.1.1.66.4"
COMPREHENSIVE = "1.2.840.10008.5.1.4.1.1.88.33"


def ct_slices(count: int = 4) -> list[Dataset]:
    """CT slices of nobody, from the feet to the head."""
    slices = []
    for index in range(count):
        one = Dataset()
        one.file_meta = FileMetaDataset()
        one.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        one.SOPClassUID, one.SOPInstanceUID = CTImageStorage, f"{SERIES_UID}.{index + 1}"
        one.StudyInstanceUID, one.SeriesInstanceUID, one.FrameOfReferenceUID = STUDY_UID, SERIES_UID, FRAME_UID
        one.StudyDate, one.StudyTime, one.StudyID, one.AccessionNumber = "20250304", "101112", "", ""
        one.PatientID, one.PatientName, one.PatientBirthDate, one.PatientSex = "T-1", "Prüfung^Frieda", "19600504", "F"
        one.SpecificCharacterSet = "ISO_IR 192"
        one.ReferringPhysicianName, one.Modality = "", "CT"
        one.Rows, one.Columns = ROWS, COLUMNS
        one.ImagePositionPatient = [-10.0, -20.0, 30.0 + SPACING_MM[0] * index]
        one.ImageOrientationPatient, one.PixelSpacing = [1, 0, 0, 0, 1, 0], list(SPACING_MM[1:])
        one.SliceThickness = SPACING_MM[0]
        one.BitsAllocated = one.BitsStored = 16
        one.HighBit, one.PixelRepresentation, one.SamplesPerPixel = 15, 1, 1
        one.PhotometricInterpretation, one.PixelData = "MONOCHROME2", bytes(2 * ROWS * COLUMNS)
        slices.append(one)
    return slices


def measurement_report(**more: Any) -> bytes:
    """A verified TID 1500 report: a planar group with a diameter, a volumetric one with volumes and judgements."""
    outlined = ct_slices(1)[0]
    outlined.SOPClassUID, outlined.SOPInstanceUID = SEGMENTATION, f"{SERIES_UID}.99"
    outlined.SeriesInstanceUID = f"{SERIES_UID}.9"
    lung = FindingSite(anatomic_location=codes.SCT.Lung, laterality=codes.SCT.Right)
    planar = PlanarROIMeasurementsAndQualitativeEvaluations(
        tracking_identifier=TrackingIdentifier(uid=NODULE_UID, identifier="nodule 1"),
        referenced_region=ImageRegion3D(
            graphic_type=hd.sr.GraphicTypeValues3D.POLYGON,
            graphic_data=np.array([[0, 0, 30.0], [5, 0, 30], [5, 5, 30], [0, 0, 30]]),
            frame_of_reference_uid=FRAME_UID,
        ),
        finding_type=codes.SCT.Nodule,
        finding_sites=[lung],
        measurements=[
            Measurement(
                name=codes.SCT.Diameter,
                value=10.5,
                unit=codes.UCUM.Millimeter,
                properties=MeasurementProperties(
                    normality=codes.SCT.Abnormal,
                    upper_measurement_uncertainty=0.5,
                    lower_measurement_uncertainty=0.25,
                ),
            ),
            Measurement(name=codes.SCT.Diameter, value=8.0, unit=codes.UCUM.Millimeter, derivation=codes.SCT.Minimum),
        ],
        qualitative_evaluations=[
            QualitativeEvaluation(name=codes.DCM.LevelOfSignificance, value=codes.SCT.NotSignificant)
        ],
        algorithm_id=AlgorithmIdentification(name="finder", version="2"),
    )
    volumetric = VolumetricROIMeasurementsAndQualitativeEvaluations(
        tracking_identifier=TrackingIdentifier(uid=generate_uid(entropy_srcs=["liver"]), identifier="liver"),
        referenced_segment=hd.sr.ReferencedSegment(
            sop_class_uid=SEGMENTATION,
            sop_instance_uid=f"{SERIES_UID}.99",
            segment_number=1,
            source_series=hd.sr.SourceSeriesForSegmentation(SERIES_UID),
        ),
        finding_type=codes.SCT.Liver,
        measurements=[
            Measurement(name=Code("118565006", "SCT", "Volume"), value=1502.25, unit=Code("mL", "UCUM", "milliliter")),
            Measurement(name=Code("1", "99VENDOR", "Fat share"), value=4.0, unit=codes.UCUM.Percent),
        ],
    )
    context = ObservationContext(
        observer_person_context=ObserverContext(
            observer_type=codes.DCM.Person,
            observer_identifying_attributes=PersonObserverIdentifyingAttributes(name="Reader^Rita"),
        ),
        observer_device_context=ObserverContext(
            observer_type=codes.DCM.Device,
            observer_identifying_attributes=DeviceObserverIdentifyingAttributes(
                uid=f"{REPORT_UID}.7", name="station", manufacturer_name="Maker", model_name="Model X"
            ),
        ),
    )
    content = MeasurementReport(
        observation_context=context,
        procedure_reported=codes.LN.CTUnspecifiedBodyRegion,
        imaging_measurements=[planar, volumetric],
        title=codes.DCM.ImagingMeasurementReport,
    )
    document = hd.sr.Comprehensive3DSR(
        evidence=[*ct_slices(), outlined],
        content=content[0],
        series_instance_uid=f"{REPORT_UID}.1",
        series_number=1,
        sop_instance_uid=REPORT_UID,
        instance_number=1,
        manufacturer="Maker",
        is_complete=True,
        is_final=True,
        is_verified=True,
        verifying_observer_name="Reader^Rita",
        verifying_organization="Clinic",
        record_evidence=False,
    )
    document.ContentDate, document.ContentTime = "20250304", "150000"
    document.VerifyingObserverSequence[0].VerificationDateTime = "20250304160000"
    document.ManufacturerModelName, document.SoftwareVersions = "Model X", "1.4"
    for keyword, value in more.items():
        setattr(document, keyword, value)
    return saved(document)


def segmentation(
    planes: NDArray[Any], kind: str = "BINARY", segments: Iterable[tuple[int, str, Code]] = (), **more: Any
) -> bytes:
    """A segmentation of `ct_slices`, from planes (slices, Y, X) or (slices, Y, X, segments) or shares below 1."""
    category = more.pop("category", codes.SCT.Organ)
    described = [
        hd.seg.SegmentDescription(
            segment_number=number,
            segment_label=label,
            segmented_property_category=category,
            segmented_property_type=code,
            algorithm_type=hd.seg.SegmentAlgorithmTypeValues.MANUAL,
            tracking_uid=f"{REPORT_UID}.{number}00",
            tracking_id=label,
        )
        for number, label, code in segments or [(1, "liver", codes.SCT.Liver)]
    ]
    fractional = more.pop("fractional_type", None)
    extra = {"fractional_type": fractional} if fractional else {}
    document = hd.seg.Segmentation(
        source_images=ct_slices(len(planes)),
        pixel_array=planes,
        segmentation_type=kind,
        segment_descriptions=described,
        series_instance_uid=f"{REPORT_UID}.2",
        series_number=2,
        sop_instance_uid=f"{REPORT_UID}.3",
        instance_number=1,
        manufacturer="Maker",
        manufacturer_model_name="Model X",
        software_versions="1.4",
        device_serial_number="0",
        **extra,
        **{key: more.pop(key) for key in ("transfer_syntax_uid", "omit_empty_frames") if key in more},
    )
    document.ContentDate, document.ContentTime = "20250305", "080000"
    for keyword, value in more.items():
        setattr(document, keyword, value)
    return saved(document)


def code(value: str, scheme: str, meaning: str) -> list[Dataset]:
    """A code sequence."""
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return [item]


def node(kind: str, name: list[Dataset] | None, relation: str = "CONTAINS", **more: Any) -> Dataset:
    """A content item, `children` its content."""
    item = Dataset()
    item.RelationshipType, item.ValueType = relation, kind
    if name is not None:
        item.ConceptNameCodeSequence = name
    children = more.pop("children", None)
    for keyword, value in more.items():
        setattr(item, keyword, value)
    if children:
        item.ContentSequence = children
    return item


def number(value: str | None, unit: list[Dataset] | None, name: list[Dataset] | None = None, **more: Any) -> Dataset:
    """A NUM item; without `value` it has an empty MeasuredValueSequence."""
    measured = Dataset()
    if value is not None:
        measured.NumericValue = value
    if unit is not None:
        measured.MeasurementUnitsCodeSequence = unit
    name = name or code("81827009", "SCT", "Diameter")
    return node("NUM", name, MeasuredValueSequence=[measured] if value is not None or unit is not None else [], **more)


MILLIMETRE = code("mm", "UCUM", "millimeter")
GROUP = code("125007", "DCM", "Measurement Group")


def group(*children: Dataset, tracking: str = NODULE_UID, **more: Any) -> Dataset:
    """A measurement group with a tracking UID."""
    named = node("UIDREF", code("112040", "DCM", "Tracking Unique Identifier"), "HAS OBS CONTEXT", UID=tracking)
    return node("CONTAINER", GROUP, children=[named, *children], **more)


def document(*content: Dataset, syntax: str = ExplicitVRLittleEndian, **more: Any) -> bytes:
    """A small Comprehensive SR by hand, with no template named."""
    report = Dataset()
    report.SOPClassUID, report.SOPInstanceUID = COMPREHENSIVE, REPORT_UID
    report.StudyInstanceUID, report.SeriesInstanceUID, report.Modality = STUDY_UID, f"{REPORT_UID}.1", "SR"
    report.PatientID, report.PatientName, report.PatientBirthDate, report.PatientSex = "T-1", "Test^Tim", "", "M"
    report.StudyDate, report.StudyTime = "20250304", "101112"
    report.ContentDate, report.ContentTime = "20250304", "150000"
    report.CompletionFlag, report.VerificationFlag = "COMPLETE", "VERIFIED"
    report.ValueType, report.ConceptNameCodeSequence = "CONTAINER", code("126000", "DCM", "Measurement Report")
    if content:
        report.ContentSequence = list(content)
    for keyword, value in more.items():
        setattr(report, keyword, value)
    return saved(report, syntax)


def saved(dataset: Dataset, syntax: str | None = None) -> bytes:
    """The bytes of a DICOM file; `syntax` is the UID of how it is encoded, where the data set does not say."""
    if not hasattr(dataset, "file_meta"):
        dataset.file_meta = FileMetaDataset()
    if syntax is not None:
        dataset.file_meta.TransferSyntaxUID = syntax
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    target = io.BytesIO()
    dcmwrite(target, dataset, enforce_file_format=True)
    return target.getvalue()
