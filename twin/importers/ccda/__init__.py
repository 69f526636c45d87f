"""C-CDA R1.1 and R2.1, CCD 1.0 (HL7 CDA R2): a document, or a piece of one, to items, one a clinical statement."""

from collections.abc import Iterator

from twin.importers.base import Context, Importer, Item
from twin.importers.ccda.beginning import is_cda
from twin.importers.content import Content


def read_items(content: Content, context: Context) -> Iterator[Item]:
    """Yield the patient, then one item a statement, section by section.

    Raises:
        UnreadableInput: not well-formed XML, with a document type, in a strange encoding, or too large.
    """
    from twin.importers.ccda import reading  # lxml, which no process loads that reads no XML

    yield from reading.items(content, context)


IMPORTER = Importer(
    key="ccda",
    title="C-CDA / CDA R2 document (XML)",
    recognises=lambda head, name: is_cda(head),
    read=read_items,
)
