"""What did another system measure or outline? DICOM structured reports and segmentations, read tolerantly.

Reports: Basic Text, Enhanced, Comprehensive, Comprehensive 3D and Extensible SR (DICOM PS3.3 A.35), with measurement
groups by PS3.16 TID 1500. Segmentations: binary, fractional and label maps (PS3.3 A.51). Files of many vendors break
their template somewhere, so the tree is read as it stands, not validated; what is not read is named with its reason.
"""

from imaging.report.code import Code
from imaging.report.document import Observer, Report, read_report
from imaging.report.groups import Evaluation, Measurement, MeasurementGroup, PassedOver, Site
from imaging.report.origin import Origin, Person
from imaging.report.segmentation import Segment, Segmentation, read_segmentation
from imaging.report.tree import ImageReference, Number
from imaging.sop_class import READ_REPORTS, READ_SEGMENTATIONS, is_read, is_report, kind_name, sop_class_uid

__all__ = [
    "READ_REPORTS",
    "READ_SEGMENTATIONS",
    "Code",
    "Evaluation",
    "ImageReference",
    "Measurement",
    "MeasurementGroup",
    "Number",
    "Observer",
    "Origin",
    "PassedOver",
    "Person",
    "Report",
    "Segment",
    "Segmentation",
    "Site",
    "is_read",
    "is_report",
    "kind_name",
    "read_report",
    "read_segmentation",
    "sop_class_uid",
]
