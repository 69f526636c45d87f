"""Every import format, in the order in which content is tried."""

from twin.importers import ccda, dicom_report, fhir, hl7v2, pgs, table, vcf
from twin.importers.base import Importer
from twin.importers.content import Content

IMPORTERS: tuple[Importer, ...] = (
    fhir.IMPORTER,
    hl7v2.IMPORTER,
    ccda.IMPORTER,
    dicom_report.IMPORTER,
    vcf.IMPORTER,
    pgs.IMPORTER,
    table.IMPORTER,
)


def recognise(content: Content) -> Importer | None:
    """Return the format of a file by its first bytes, None where no format knows it."""
    return next((each for each in IMPORTERS if each.recognises(content.head, content.base_name)), None)
