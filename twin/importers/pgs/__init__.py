"""Polygenic scoring files of the PGS Catalog: reference files that genomes are read against, not patients' data.

One item a file. It is checked whole: a score that can't be read as it was meant is refused, never applied in part.
"""

import re
from collections.abc import Iterator

from twin.importers.base import Context, Importer, Item
from twin.importers.content import Content
from twin.record.genome.builds import named_in
from twin.record.genome.packed import first_bytes
from twin.record.genome.scoring import parse

KIND = "ScoringFile"
_CATALOG = b"###PGS CATALOG SCORING FILE"
_HEADER = re.compile(rb"^#(?:pgs_id|pgs_name|omicspred_id|format_version|genome_build)=", re.MULTILINE)
_TITLES = re.compile(rb"^(?!#)[^\n]*\beffect_allele\b", re.MULTILINE)


def read_items(content: Content, context: Context) -> Iterator[Item]:
    """Yield the one item of a scoring file.

    Raises:
        UnreadableInput: not one, or damaged; the line is named.
        UnsupportedVersion: a score that is not a weighted sum over single variants.
    """
    build = named_in(context.mapping) if context.mapping and len(context.mapping) <= 20 else None
    with content.open() as file:
        score = parse(file, content.sha256, build)
    place = score.build or "rs numbers only"
    yield Item(
        key=f"score/{score.id}/{score.build or 'rs'}",
        fingerprint=score.sha256,
        kind=KIND,
        where="whole file",
        not_used=f"a reference file: polygenic score {score.id}, {score.variants} variants, {place}",
    )


def _recognises(head: bytes, name: str) -> bool:
    head = first_bytes(head).removeprefix(b"\xef\xbb\xbf")
    if head.startswith(_CATALOG):
        return True
    first = head.split(b"\n", 1)[0]
    if first.startswith(b"#"):
        return bool(_HEADER.search(head) and _TITLES.search(head))
    return b"\t" in first and b"effect_allele" in first.rstrip(b"\r").split(b"\t")


IMPORTER = Importer(
    key="pgs",
    title="PGS Catalog scoring file",
    recognises=_recognises,
    read=read_items,
    order=lambda content: -1,  # before the genomes that it scores
)
