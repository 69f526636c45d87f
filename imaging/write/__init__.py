"""What was measured and drawn here, as DICOM for the PACS: a structured report (TID 1500) and a segmentation."""

from imaging.write.report import report
from imaging.write.segmentation import segmentation
from imaging.write.source import Source, source_of

__all__ = ["Source", "report", "segmentation", "source_of"]
