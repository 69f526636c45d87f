"""VCF 4.1 to 4.5 of one person: the variants of our panel, APOE, and installed polygenic scores; the rest is counted.

One item a record that is not used, one a panel variant, one a score, one that lists the panel's variants without a
call. Items of the panel come at the end: a variant may stand in several records. `docs/genomics.md` explains.
"""

from collections.abc import Iterator

from twin.errors import UnsupportedVersion
from twin.importers.base import Context, Importer, Item
from twin.importers.content import Content
from twin.record.genome.packed import first_bytes

_BCF = (b"BCF\x02", b"BCF\x04")


def read_items(content: Content, context: Context) -> Iterator[Item]:
    """Yield the items of a VCF file; memory stays the same whatever its length.

    Raises:
        UnreadableInput: no VCF, or no one person is meant.
        UnsupportedVersion: VCF 3 or 4.0, or BCF.
    """
    if first_bytes(content.head).startswith(_BCF):
        raise UnsupportedVersion("BCF; this instance takes VCF 4.1 to 4.5")
    from twin.importers.vcf import reading  # numpy, which no process loads that reads no genome

    yield from reading.read(content, context)


def _recognises(head: bytes, name: str) -> bool:
    first = first_bytes(head).removeprefix(b"\xef\xbb\xbf")
    return first.startswith((b"##fileformat=VCF", *_BCF))


IMPORTER = Importer(
    key="vcf",
    title="VCF 4.1 to 4.5, one person",
    recognises=_recognises,
    read=read_items,
)
