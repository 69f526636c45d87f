"""What a VCF file says of itself: version, people, build and day (VCF 4.1 to 4.5, section 1.2 to 1.5)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from twin.errors import TooLarge, UnreadableInput, UnsupportedVersion
from twin.importers.base import Context
from twin.record.genome.builds import named_in, of_contig, settle

VERSIONS = frozenset({"VCFv4.1", "VCFv4.2", "VCFv4.3", "VCFv4.4", "VCFv4.5"})
_FIXED = ["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO"]
_MAX_HEADER = 64 * 2**20  # bytes; the largest real ones (every GATK command line, every decoy contig) have some million
_CONTIG_ID = re.compile(r"[<,]ID=([^,>]+)")
_LENGTH = re.compile(r"[<,]length=(\d{1,12})\b")
_ASSEMBLY = re.compile(r"[<,]assembly=([^,>]+)")
_REFERENCE = re.compile(r"^##(?:reference|assembly|source_GENOME_REFERENCE)=(.*)", re.IGNORECASE)
_DAY = re.compile(r"^(\d{4})-?(\d{2})-?(\d{2})(?:T(\d{2}:\d{2}:\d{2}(?:\.\d{1,6})?)(Z|[+-]\d{2}:?\d{2})?)?")


@dataclass(frozen=True, kw_only=True, slots=True)
class Header:
    """What the lines before the first record say, with respect to the one person who is read.

    `build` is GRCh37, GRCh38, the name of another one, "several" where the file contradicts itself, None where it
    says nothing. `column` is the person's, None in a file without people.
    """

    version: str
    build: str | None
    made_at: datetime | None
    sample: str | None
    column: int | None
    columns: int

    @property
    def kept(self) -> list[str]:
        """The lines that a single record of this file needs to be read again by itself."""
        lines = [f"##fileformat={self.version}"]
        if self.made_at is not None:
            lines.append(f"##fileDate={self.made_at.isoformat()}")
        if self.build is not None:
            lines.append(f"##reference={self.build}")
        return [*lines, "\t".join([*_FIXED, *(["FORMAT", self.sample] if self.sample else [])])]


def read_header(lines: Iterator[tuple[int, bytes | None]], context: Context) -> Header:
    """Return the header, having taken its lines, the one with #CHROM included.

    Raises:
        UnreadableInput: no header, or no one person is meant.
        UnsupportedVersion: not VCF 4.1 to 4.5.
    """
    version, evidence, made_at, size = "", list[str](), None, 0
    for number, line in lines:
        if line is None:
            raise UnreadableInput(f"line {number}: a header line too long to read")
        size += len(line)
        if size > _MAX_HEADER:
            raise TooLarge("the header is longer than any VCF header")
        text = line.decode("utf-8", "replace").removeprefix("\ufeff")
        if number == 1:
            version = _version(text)
        elif text.startswith("##"):
            evidence += _builds(text)
            made_at = made_at or _day(text, context.zone)
        elif text.startswith("#"):
            sample, column, columns = _person(text.split("\t"), context.sample)
            build = settle(evidence) or _named(context.mapping)
            return Header(version=version, build=build, made_at=made_at, sample=sample, column=column, columns=columns)
        elif text:
            break
    raise UnreadableInput("no header line (#CHROM POS ID ...) before the first record")


def _version(text: str) -> str:
    stated = text.partition("=")[2].strip()
    if not text.startswith("##fileformat=") or not stated.startswith("VCF"):
        raise UnreadableInput("the first line is not ##fileformat=VCFv4.x")
    if stated not in VERSIONS:
        shown = stated[:20] if stated.isprintable() else "unnamed"
        raise UnsupportedVersion(f"{shown}; this instance takes VCF 4.1 to 4.5")
    return stated


def _builds(text: str) -> list[str]:
    reference = _REFERENCE.match(text)
    if reference is not None:
        named = named_in(reference[1])
        return [named] if named else []
    if not text.startswith("##contig="):
        return []
    name, length, assembly = _CONTIG_ID.search(text), _LENGTH.search(text), _ASSEMBLY.search(text)
    found = [
        of_contig(name[1], int(length[1]) if length else None) if name else None,
        named_in(assembly[1]) if assembly else None,
    ]
    return [build for build in found if build]


def _named(text: str | None) -> str | None:
    return named_in(text) if text and len(text) <= 20 else None


def _day(text: str, zone: tzinfo) -> datetime | None:
    """Return when the file was made, None where it does not say so in numbers."""
    if not text.lower().startswith("##filedate="):
        return None
    match = _DAY.match(text.partition("=")[2].strip())
    if match is None:
        return None
    year, month, day, clock, offset = match.groups()
    try:
        if clock is None:
            return datetime(int(year), int(month), int(day), tzinfo=UTC)
        moment = datetime.fromisoformat(f"{year}-{month}-{day}T{clock}{offset or ''}")
        return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _person(titles: list[str], wanted: str | None) -> tuple[str | None, int | None, int]:
    if titles[:8] != _FIXED or (len(titles) > 8 and titles[8] != "FORMAT"):
        raise UnreadableInput(
            "the header line is not #CHROM POS ID REF ALT QUAL FILTER INFO [FORMAT ...], tab-separated"
        )
    people = titles[9:]
    if wanted is None:
        if len(people) > 1:
            raise UnreadableInput(
                f"{len(people)} people in this file: name the one who is meant (twin import --sample NAME)"
            )
        wanted = people[0] if people else None
    elif people.count(wanted) != 1:
        raise UnreadableInput(f"not exactly one of the {len(people)} people in this file has the name that was given")
    if wanted is None:
        return None, None, len(titles)
    if not wanted or len(wanted) > 200 or not wanted.isprintable():
        raise UnreadableInput(
            "the person's name in the header can't be kept: empty, unprintable or over 200 characters"
        )
    return wanted, titles.index(wanted, 9), len(titles)
