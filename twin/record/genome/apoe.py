"""Which APOE genotype two variants make, where they say it without a guess.

e2 = rs429358 T + rs7412 T, e3 = T + C, e4 = C + C, e1 = C + T on one chromosome. Heterozygous at both is e2/e4 or,
very rarely, e1/e3: only phase tells. Source: Bennet 2007, doi:10.1001/jama.298.11.1300.
"""

from dataclasses import dataclass

from twin.record.fact import Absent

FIRST, SECOND = "rs429358", "rs7412"
_ALLELES = {("T", "T"): "e2", ("T", "C"): "e3", ("C", "C"): "e4", ("C", "T"): "e1"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Bases:
    """The bases of one person at one of the two places ("" where unknown), and whether their order tells phase."""

    each: tuple[str, ...]
    is_phased: bool = False
    phase_set: str | None = None


def diplotype(first: Bases | None, second: Bases | None) -> str | Absent:
    """Return the pair of alleles, such as "e3/e4", from rs429358 and rs7412, or why it can't be told."""
    if first is None or second is None:
        return Absent(reason="missing_input", detail="rs429358 and rs7412 are not both called")
    if any(len(place.each) != 2 or set(place.each) - {"T", "C"} for place in (first, second)):
        return Absent(reason="missing_input", detail="not two known alleles at each of rs429358 and rs7412")
    if all(len(set(place.each)) == 2 for place in (first, second)) and not _are_in_phase(first, second):
        return Absent(reason="unphased", detail="e2/e4 or e1/e3: the phase of rs429358 and rs7412 is not told")
    return "/".join(sorted(_ALLELES[pair] for pair in zip(first.each, second.each, strict=True)))


def _are_in_phase(first: Bases, second: Bases) -> bool:
    return first.is_phased and second.is_phased and first.phase_set == second.phase_set
