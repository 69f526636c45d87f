"""Which APOE genotype two variants make, where they say it without a guess.

e2 = rs429358 T + rs7412 T, e3 = T + C, e4 = C + C, e1 = C + T on one chromosome. Heterozygous at both is e2/e4 or,
very rarely, e1/e3: only phase tells. Source: Bennet 2007, doi:10.1001/jama.298.11.1300.
"""

from twin.record.fact import Absent
from twin.record.genome.site import Site

FIRST, SECOND = "rs429358", "rs7412"
_ALLELES = {("T", "T"): "e2", ("T", "C"): "e3", ("C", "C"): "e4", ("C", "T"): "e1"}


def diplotype(first: Site | None, second: Site | None) -> str | Absent:
    """Return the pair of alleles, such as "e3/e4", from the sites of rs429358 and rs7412, or why it can't be told."""
    if first is None or second is None:
        return Absent(reason="missing_input", detail="rs429358 and rs7412 are not both called")
    one, other = _letters(first), _letters(second)
    if len(one) != 2 or len(other) != 2 or set(one) - {"T", "C"} or set(other) - {"T", "C"}:
        return Absent(reason="missing_input", detail="not two known alleles at each of rs429358 and rs7412")
    if len(set(one)) == 2 and len(set(other)) == 2 and not _are_in_phase(first, second):
        return Absent(reason="unphased", detail="e2/e4 or e1/e3: the phase of rs429358 and rs7412 is not told")
    return "/".join(sorted(_ALLELES[pair] for pair in zip(one, other, strict=True)))


def _letters(site: Site) -> list[str]:
    return ["" if index is None else site.allele(index) for index in site.called]


def _are_in_phase(first: Site, second: Site) -> bool:
    return first.is_phased and second.is_phased and first.phase_set == second.phase_set
