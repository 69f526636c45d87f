"""Which reference genome a file speaks of, and which chromosome a name means.

Lengths and accession versions are those of the assemblies themselves (GCA_000001405.1 and GCA_000001405.15; the
RefSeq accessions of GRCh38 are each one version above those of GRCh37).
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from types import MappingProxyType
from typing import Literal, get_args

Build = Literal["GRCh37", "GRCh38"]
BUILDS: tuple[Build, ...] = get_args(Build)

CHROMOSOMES = (*(str(number) for number in range(1, 23)), "X", "Y", "MT")
CODES = MappingProxyType({name: code for code, name in enumerate(CHROMOSOMES, start=1)})
"""A small number for each chromosome, to make one key of chromosome and position."""

_LENGTHS_37 = (
    249250621, 243199373, 198022430, 191154276, 180915260, 171115067, 159138663, 146364022, 141213431, 135534747,
    135006516, 133851895, 115169878, 107349540, 102531392, 90354753, 81195210, 78077248, 59128983, 63025520,
    48129895, 51304566, 155270560, 59373566,
)  # fmt: skip
_LENGTHS_38 = (
    248956422, 242193529, 198295559, 190214555, 181538259, 170805979, 159345973, 145138636, 138394717, 133797422,
    135086622, 133275309, 114364328, 107043718, 101991189, 90338345, 83257441, 80373285, 58617616, 64444167,
    46709983, 50818468, 156040895, 57227415,
)  # fmt: skip
_BY_LENGTH: MappingProxyType[tuple[str, int], Build] = MappingProxyType(
    {
        **{(name, length): "GRCh37" for name, length in zip(CHROMOSOMES, _LENGTHS_37, strict=False)},
        **{(name, length): "GRCh38" for name, length in zip(CHROMOSOMES, _LENGTHS_38, strict=False)},
    }
)
_REFSEQ_37 = (10, 11, 11, 11, 9, 11, 13, 10, 11, 10, 9, 11, 10, 8, 9, 9, 10, 9, 9, 10, 8, 10, 10, 9)
_ACCESSION = re.compile(r"^NC_0000(\d\d)\.(\d+)$")
_ASSEMBLY = re.compile(r"GC([AF])_000001405\.(\d+)")
_WORDS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"grch38|hg38|hg20|\bb38\b|build[ _]?38|hs38", re.IGNORECASE), "GRCh38"),
    (re.compile(r"grch37|hg19|\bb37\b|build[ _]?37|hs37|g1k_v37", re.IGNORECASE), "GRCh37"),
    (re.compile(r"ncbi36|grch36|hg18|\bb36\b|build[ _]?36", re.IGNORECASE), "NCBI36"),
    (re.compile(r"chm13|t2t|\bhs1\b", re.IGNORECASE), "T2T-CHM13"),
)
_OTHER_NAMES = MappingProxyType({"M": "MT", "23": "X", "24": "Y", "26": "MT", "CHRM": "MT"})  # 23 to 26: PLINK's codes


@lru_cache(maxsize=4096)
def chromosome(name: str) -> str | None:
    """Return the chromosome a name means ("chr1", "1", "chrM", "NC_000019.10"), None for any other contig."""
    short = name[3:] if name[:3] in ("chr", "Chr", "CHR") else name
    if short in CODES:
        return short
    short = short.upper()
    if short in CODES:
        return short
    match = _ACCESSION.match(name)
    if match is not None and 1 <= int(match[1]) <= len(_REFSEQ_37):
        return CHROMOSOMES[int(match[1]) - 1]
    return _OTHER_NAMES.get(short)


def named_in(text: str) -> str | None:
    """Return the build that a text names ("hg19", "GRCh38.p14", an assembly accession), None where it names none."""
    match = _ASSEMBLY.search(text)
    if match is not None:
        kind, version = match[1], int(match[2])
        return "GRCh38" if version >= (15 if kind == "A" else 26) else "GRCh37"
    return next((build for pattern, build in _WORDS if pattern.search(text)), None)


def of_contig(name: str, length: int | None) -> str | None:
    """Return the build that has a contig of this name and length, or whose accession this is; None where unknown."""
    match = _ACCESSION.match(name)
    if match is not None and 1 <= int(match[1]) <= len(_REFSEQ_37):
        return {0: "GRCh37", 1: "GRCh38"}.get(int(match[2]) - _REFSEQ_37[int(match[1]) - 1])
    called = chromosome(name)
    return _BY_LENGTH.get((called, length)) if called is not None and length is not None else None


def settle(evidence: Iterable[str]) -> str | None:
    """Return the one build all evidence agrees on, "several" where it does not, None where there is none."""
    found = set(evidence)
    return None if not found else found.pop() if len(found) == 1 else "several"


def place_key(called: str, position: int) -> int:
    """Return one number for a chromosome and a position."""
    return CODES[called] << 40 | position
