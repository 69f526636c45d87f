"""What one line of a VCF file says of the person who is read (VCF 4.5 section 1.6)."""

import re
from functools import lru_cache

from twin.importers.vcf.header import Header
from twin.record.genome.builds import chromosome
from twin.record.genome.site import UNNAMED, Site

_CONTIG = re.compile(r"^[!-~]{1,200}$")
_REF = re.compile(r"^[ACGTNRYSWKMBDHVacgtnryswkmbdhv]+$")  # IUPAC codes are allowed in REF (section 1.6.1.4)
_ALLELE = re.compile(
    r"^(?:[ACGTNRYSWKMBDHVacgtnryswkmbdhv]+|\*|<[^\s,<>]+>|\.[ACGTNacgtn]+|[ACGTNacgtn]+\.|[ACGTNacgtn]*[\[\]]"
    r"[^\s,\[\]]+[\[\]][ACGTNacgtn]*)$"
)
_GENOTYPE = re.compile(r"^[/|]?(?:\.|\d{1,4})(?:[/|](?:\.|\d{1,4}))*$")
_END = re.compile(r"(?:^|;)END=(\d{1,10})(?:;|$)")
_HEAD_COLUMNS = 9
_PASSED = frozenset({"PASS", ".", ""})
_PLAIN = frozenset("ACGT.")


class Malformed(Exception):
    """The line is no record; the message says what is wrong with it, without its content."""


class Line:
    """One record's line: its fixed columns are split at once, the genotypes only where they are asked for."""

    __slots__ = ("alt", "contig", "fields", "header", "name", "position", "ref", "rest")

    def __init__(self, raw: bytes, header: Header) -> None:
        """Check what every record owes.

        Raises:
            Malformed: columns, CHROM, POS, REF or ALT are not as the standard has them.
        """
        text = raw.decode("latin-1")  # every byte is a character: what matters here is ASCII, the rest is left alone
        if text.count("\t") + 1 != header.columns:
            raise Malformed("not as many columns as the header line has")
        self.fields = text.split("\t", _HEAD_COLUMNS)
        self.contig, place, self.name, self.ref, self.alt = self.fields[:5]
        if not _CONTIG.match(self.contig):
            raise Malformed("CHROM is empty or not printable")
        if not place.isascii() or not place.isdecimal() or len(place) > 10:
            raise Malformed("POS is no number")
        if not _REF.match(self.ref):
            raise Malformed("REF is not a sequence of bases")
        if self.alt not in _PLAIN and not all(map(_ALLELE.match, self.alt.split(","))):
            raise Malformed("ALT is not a list of alleles")
        self.position = int(place)
        self.header = header

    @property
    def end(self) -> int:
        """The last position the record speaks of: of a block INFO END, from VCF 4.5 on FORMAT LEN; else of REF."""
        own = self.position + len(self.ref) - 1
        if self.alt != "." and "<" not in self.alt:
            return own
        match = _END.search(self.fields[7])
        stated = int(match[1]) if match is not None else own
        if self.header.column is not None and "LEN" in self.fields[8] and self.alt.upper() in UNNAMED:
            length = self._said().get("LEN", "")
            if length.isascii() and length.isdecimal() and len(length) <= 10:
                stated = self.position + int(length) - 1
        return max(own, stated)

    def check_genotype(self) -> None:
        """Raise Malformed where the person's genotype is none; done for every record, so that none is passed over."""
        if self.header.column is not None and self.fields[8].startswith("GT"):
            _alleles(self._sample().partition(":")[0])

    def site(self) -> Site | None:
        """Return the place as called in this person, None where the contig is no chromosome or there is no genotype.

        Raises:
            Malformed: a genotype that is none, or of alleles that are not listed.
        """
        called_on = chromosome(self.contig)
        said = self._said()
        if called_on is None or "GT" not in said:
            return None
        genotype = said["GT"]
        called, is_phased = _alleles(genotype)
        alts = () if self.alt == "." else tuple(self.alt.upper().split(","))
        if any(index is not None and index > len(alts) for index in called):
            raise Malformed("GT names an allele that is not listed")
        phase_set = said.get("PS")
        return Site(
            chromosome=called_on,
            position=self.position,
            end=self.end,
            ref=self.ref.upper(),
            alts=alts,
            called=called,
            is_phased=is_phased,
            is_final=self.fields[6] in _PASSED and said.get("FT", "PASS") in _PASSED,
            genotype=genotype,
            phase_set=phase_set if phase_set not in (None, "", ".") else None,
            names=self.name,
        )

    def is_supported(self) -> bool:
        """Return whether a statement of reference rests on any read at all: not where depth or quality is 0."""
        said = self._said()
        return all(said.get(key) != "0" for key in ("GQ", "RGQ", "DP", "MIN_DP"))

    def as_one_person(self) -> str:
        """Return the line with this person's column only."""
        return "\t".join([*self.fields[:_HEAD_COLUMNS], self._sample()])

    def _sample(self) -> str:
        assert self.header.column is not None
        ahead = self.header.column - _HEAD_COLUMNS
        return self.fields[_HEAD_COLUMNS].split("\t", ahead + 1)[ahead]

    def _said(self) -> dict[str, str]:
        if self.header.column is None:
            return {}
        return dict(zip(self.fields[8].split(":"), self._sample().split(":"), strict=False))


@lru_cache(maxsize=4096)
def _alleles(genotype: str) -> tuple[tuple[int | None, ...], bool]:
    """Return the alleles of a GT by index (None: missing), and whether all of them are phased."""
    if not _GENOTYPE.match(genotype):
        raise Malformed("GT is no genotype")
    bare = genotype.lstrip("/|")
    called = tuple(None if index == "." else int(index) for index in re.split(r"[/|]", bare))
    is_phased = "/" not in genotype and ("|" in genotype)
    return called, is_phased
