"""What a polygenic scoring file says: which alleles count how much, and in which build they stand.

The PGS Catalog's format 1.0 and 2.0 (Lambert 2021, doi:10.1038/s41588-021-00783-5), harmonised (HmPOS) or not, and the
flat form of its tools. What the sum of one score could not mean - haplotypes, HLA alleles, interactions, weights by
dosage, several scores in one file - is refused by name: a score with parts left out is another score.
"""

import hashlib
import io
from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import BinaryIO

from twin.errors import TooLarge, UnreadableInput, UnsupportedVersion
from twin.record.genome.builds import BUILDS, Build, chromosome, named_in, place_key
from twin.record.genome.packed import DAMAGE, unpacked
from twin.record.genome.site import is_bases

ADDITIVE, DOMINANT, RECESSIVE = 0, 1, 2
NOWHERE = -1
CATALOG = "https://www.pgscatalog.org/score"

_MAX_ROWS = 20_000_000  # the largest scores of the catalogue hold about 7 million
_MAX_LINE = 1_000_000  # bytes; a row has some hundred
_MAX_ALLELE = 10_000  # characters
_TRUE = frozenset({"true", "1", "yes", "t"})
_REFUSED_FLAGS = ("is_haplotype", "is_diplotype", "is_interaction")
_FLAGS = (("is_dominant", DOMINANT), ("is_recessive", RECESSIVE))
_MODES = {"additive": ADDITIVE, "dominant": DOMINANT, "recessive": RECESSIVE, "": ADDITIVE}


@dataclass(frozen=True, kw_only=True, slots=True)
class ScoringFile:
    """A polygenic score, one row a variant, held in compact arrays of the same length.

    `places` is `place_key` of a row's position in `build`, or NOWHERE; `rs_numbers` its rs number, or NOWHERE. `pair`
    points into `pairs`, the (effect allele, other alleles) that occur; other alleles may be none.
    """

    id: str
    system: str
    name: str
    trait: str
    citation: str
    build: Build | None
    sha256: str
    header: Mapping[str, str]
    places: "array[int]"
    rs_numbers: "array[int]"
    weights: "array[float]"
    modes: "array[int]"
    pair: "array[int]"
    pairs: tuple[tuple[str, tuple[str, ...]], ...]

    @property
    def variants(self) -> int:
        """How many variants the score is made of."""
        return len(self.weights)


def parse(opener: BinaryIO, sha256: str, build: str | None = None) -> ScoringFile:
    """Return the score in a file, plain or gzipped, read line by line; the file is closed.

    Args:
        build: The build of the positions where the file itself names none ("GRCh37" or "GRCh38").

    Raises:
        UnreadableInput: no such columns, a weight that is no number, a damaged file; the line is named.
        UnsupportedVersion: a score that is not a weighted sum over single variants.
    """
    lines = _lines(opener)
    header, titles, number = _head(lines)
    columns = _Columns(titles)
    reader = _Reader(columns=columns, build=_build(header, columns, build))
    for row in lines:
        number += 1
        if row.strip():
            reader.take(row.split("\t"), number)
    if not len(reader.weights):
        raise UnreadableInput("a scoring file without variants")
    if max(reader.places) == max(reader.rs_numbers) == NOWHERE:
        raise UnreadableInput("no variant has a place in GRCh37 or GRCh38, nor an rs number")
    named = next((header[key] for key in ("pgs_id", "omicspred_id") if header.get(key)), "") or reader.accession
    is_catalog = named.startswith("PGS") and named[3:].isdigit()
    return ScoringFile(
        id=named[:100] or f"local-{sha256[:12]}",
        system=CATALOG if is_catalog else "urn:patient-twin:local:score",
        name=header.get("pgs_name", "")[:200],
        trait=(header.get("trait_reported") or header.get("trait_mapped") or "")[:200],
        citation=header.get("citation", "")[:500],
        build=reader.build,
        sha256=sha256,
        header=header,
        places=reader.places,
        rs_numbers=reader.rs_numbers,
        weights=reader.weights,
        modes=reader.modes,
        pair=reader.pair,
        pairs=tuple(reader.pairs),
    )


def of_bytes(content: bytes, build: str | None = None) -> ScoringFile:
    """Return the score in bytes that are in memory (a stored scoring file)."""
    return parse(io.BytesIO(content), hashlib.sha256(content).hexdigest(), build)


class _Columns:
    """Where each column stands, and whether this is a table that one score can be read from."""

    def __init__(self, titles: list[str]) -> None:
        at = {title.strip().lower(): index for index, title in enumerate(titles)}
        if "effect_allele" not in at:
            raise UnreadableInput("no column effect_allele")
        if "effect_weight" not in at:
            if any(title.startswith("dosage_") for title in at):
                raise UnsupportedVersion("weights by dosage (dosage_0_weight ...): not an additive score")
            raise UnsupportedVersion("several scores in one file, or no effect_weight: send one score a file")
        self.effect, self.weight = at["effect_allele"], at["effect_weight"]
        self.is_harmonised = "hm_chr" in at and "hm_pos" in at
        self.chromosome = at.get("hm_chr" if self.is_harmonised else "chr_name")
        self.position = at.get("hm_pos" if self.is_harmonised else "chr_position")
        self.rsids = [at[title] for title in ("hm_rsid", "rsid") if title in at]
        self.others = [at[title] for title in ("other_allele", "hm_inferotherallele") if title in at]
        self.refused = [(title, at[title]) for title in _REFUSED_FLAGS if title in at]
        self.flags = [(at[title], mode) for title, mode in _FLAGS if title in at]
        self.effect_type = at.get("effect_type")
        self.accession = at.get("accession")


class _Reader:
    def __init__(self, *, columns: _Columns, build: Build | None) -> None:
        self.columns, self.build = columns, build
        self.places, self.rs_numbers = array("q"), array("q")
        self.weights, self.modes, self.pair = array("d"), array("B"), array("I")
        self.pairs: dict[tuple[str, tuple[str, ...]], int] = {}
        self.accession = ""

    def take(self, fields: list[str], line: int) -> None:
        columns = self.columns
        if len(self.weights) >= _MAX_ROWS:
            raise TooLarge(f"more than {_MAX_ROWS} variants in one score")
        for flag, index in columns.refused:
            if _cell(fields, index).lower() in _TRUE:
                raise UnsupportedVersion(f"a score with {flag} rows (line {line}): not a sum over single variants")
        effect = _cell(fields, columns.effect).upper()
        if not effect or len(effect) > _MAX_ALLELE:
            raise UnreadableInput(f"effect_allele is empty or too long (line {line})")
        is_sequence = not effect.strip("ACGT")  # HLA alleles and "P" for present are not: they stay unmatched
        accession = _cell(fields, columns.accession)
        if accession and self.accession and accession != self.accession:
            raise UnsupportedVersion("several scores in one file: send one score a file")
        self.accession = accession or self.accession
        pair = (effect, _others(fields, columns.others, effect))
        self.weights.append(_weight(_cell(fields, columns.weight), line))
        self.modes.append(_mode(columns, fields, line))
        self.pair.append(self.pairs.setdefault(pair, len(self.pairs)))
        self.places.append(_place(columns, fields) if self.build and is_sequence else NOWHERE)
        self.rs_numbers.append(_rs_number(columns, fields) if is_sequence else NOWHERE)


def _cell(fields: list[str], index: int | None) -> str:
    return fields[index].strip() if index is not None and index < len(fields) else ""


def _others(fields: list[str], columns: list[int], effect: str) -> tuple[str, ...]:
    """Return the other alleles: as stated, else as the catalogue inferred them ("A/C"); none where neither says."""
    stated = next((text for index in columns if (text := _cell(fields, index).upper())), "")
    return tuple(allele for allele in stated.split("/") if is_bases(allele) and allele != effect)


def _weight(text: str, line: int) -> float:
    try:
        weight = float(text)
    except ValueError:
        weight = float("nan")
    if not isfinite(weight):
        raise UnreadableInput(f"effect_weight is no number (line {line})")
    return weight


def _mode(columns: _Columns, fields: list[str], line: int) -> int:
    for index, flagged in columns.flags:
        if _cell(fields, index).lower() in _TRUE:
            return flagged
    mode = _MODES.get(_cell(fields, columns.effect_type).lower())
    if mode is None:
        raise UnsupportedVersion(f"an effect that is neither additive, dominant nor recessive (line {line})")
    return mode


def _place(columns: _Columns, fields: list[str]) -> int:
    called = chromosome(_cell(fields, columns.chromosome))
    position = _cell(fields, columns.position)
    if called is None or not position.isascii() or not position.isdecimal() or len(position) > 10:
        return NOWHERE
    return place_key(called, int(position))


def _rs_number(columns: _Columns, fields: list[str]) -> int:
    for index in columns.rsids:
        number = rs_number(_cell(fields, index))
        if number != NOWHERE:
            return number
    return NOWHERE


def rs_number(name: str) -> int:
    """Return the number of an rs name, NOWHERE for any other name."""
    digits = name[2:]
    is_one = name[:2] in ("rs", "RS") and digits.isascii() and digits.isdecimal() and len(digits) <= 11
    return int(digits) if is_one else NOWHERE


def _build(header: Mapping[str, str], columns: _Columns, given: str | None) -> Build | None:
    if columns.position is None or columns.chromosome is None:
        return None
    stated = header.get("hmpos_build", "") if columns.is_harmonised else header.get("genome_build", "")
    named = named_in(stated) or (given if not stated or stated == "NR" else None)
    return next((build for build in BUILDS if build == named), None)


def _head(lines: Iterator[str]) -> tuple[dict[str, str], list[str], int]:
    header: dict[str, str] = {}
    for number, line in enumerate(lines, start=1):
        if not line.startswith("#"):
            return header, line.split("\t"), number
        name, _, value = line.lstrip("#").partition("=")
        if value and len(header) < 200:
            header[name.strip().lower()] = value.strip()
    raise UnreadableInput("a scoring file without a table")


def _lines(file: BinaryIO) -> Iterator[str]:
    reader = unpacked(file)
    try:
        while line := reader.readline(_MAX_LINE):
            if len(line) == _MAX_LINE:
                raise UnreadableInput("a line longer than any row of a scoring file")
            yield line.decode("utf-8", "replace").rstrip("\r\n").removeprefix("\ufeff")
    except DAMAGE:
        raise UnreadableInput("the compressed file is damaged or cut short") from None
    finally:
        file.close()
