"""One place of a genome as it was called in one person, and how two spellings of a variant are told to be the same."""

from collections.abc import Callable
from dataclasses import dataclass

_COMPLEMENT = str.maketrans("ACGT", "TGCA")
UNNAMED = frozenset({"<NON_REF>", "<*>", "<X>"})
"""ALT alleles of a reference block: "any other allele" (VCF 4.5 section 5.5; `<X>` is an older bcftools)."""


@dataclass(frozen=True, slots=True)
class Site:
    """A called place: 1-based `position`, alleles as upper-case text, the person's alleles by index (None: missing).

    `end` is the last position it speaks of. `phase_set` is None where the source names none.
    """

    chromosome: str
    position: int
    end: int
    ref: str
    alts: tuple[str, ...]
    called: tuple[int | None, ...]
    is_phased: bool
    is_final: bool
    genotype: str
    phase_set: str | None = None
    names: str = "."

    @property
    def is_reference(self) -> bool:
        """True where it states that nothing but the reference was found here."""
        return all(alt in UNNAMED for alt in self.alts) and bool(self.called) and not any(self.called) and (
            None not in self.called
        )  # fmt: skip

    def allele(self, index: int) -> str:
        """Return the text of an allele by its index."""
        return self.ref if index == 0 else self.alts[index - 1]


def complement(bases: str) -> str:
    """Return the bases of the other strand, in their own direction (reversed)."""
    return bases.translate(_COMPLEMENT)[::-1]


def is_bases(text: str) -> bool:
    """True where a text is bases only: no symbol, no breakend, no `*`."""
    return bool(text) and not text.strip("ACGTN")


def is_ambiguous(one: str, other: str) -> bool:
    """True where the strand can't be told from the alleles: A/T and C/G, and longer ones that read the same."""
    return complement(one) == other


def minimal(
    position: int, ref: str, alt: str, base_at: Callable[[int], str | None] = lambda position: None
) -> tuple[int, str, str]:
    """Return a variant trimmed and moved as far left as the known reference bases allow.

    Args:
        base_at: The reference base at a position of the same chromosome, None where it is not known.

    Source: Tan 2015, doi:10.1093/bioinformatics/btv112 (unified representation of genetic variants).

    Example:
        >>> minimal(100, "CAG", "CG")
        (100, 'CA', 'C')
        >>> bases = dict(enumerate("TAC", start=10))
        >>> minimal(11, "A", "AA", bases.get)
        (10, 'T', 'TA')
    """
    while True:
        if len(ref) > 1 and len(alt) > 1 and ref[-1] == alt[-1]:
            ref, alt = ref[:-1], alt[:-1]
            continue
        before = base_at(position - 1) if ref[-1] == alt[-1] and len(ref) != len(alt) else None
        if before is None:
            break
        position, ref, alt = position - 1, before + ref[:-1], before + alt[:-1]
    while len(ref) > 1 and len(alt) > 1 and ref[0] == alt[0]:
        position, ref, alt = position + 1, ref[1:], alt[1:]
    return position, ref, alt
