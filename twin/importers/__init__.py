"""Every import format, in the order in which content is tried."""

from twin.importers import fhir
from twin.importers.base import Importer

IMPORTERS: tuple[Importer, ...] = (fhir.IMPORTER,)


def recognise(head: bytes) -> Importer | None:
    """Return the format of a file by its first bytes, None where no format knows it."""
    return next((importer for importer in IMPORTERS if importer.recognises(head)), None)
