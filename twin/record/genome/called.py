"""What was called of the panel's variants in one patient, and how many copies of an effect allele that is for sure."""

from collections.abc import Mapping

from twin.record.fact import Fact
from twin.record.genome.panel import PanelVariant, panel
from twin.record.timeline import Timeline

DBSNP = "http://www.ncbi.nlm.nih.gov/snp"
_FINAL = frozenset({"final", "amended", "corrected"})  # of an observation: HL7 FHIR R4, observation-status
_ALT_COPIES = {"absent": 0, "heterozygous": 1, "homozygous": 2}


def called(timeline: Timeline) -> Mapping[str, Fact]:
    """Return one fact a variant by its rs number: the newest, a final one before any other."""
    found = timeline.coded_in(DBSNP)
    return {fact.coding.code: fact for fact in sorted(found, key=lambda each: (is_final(each), each.known_at, each.id))}


def copies(variant: PanelVariant, fact: Fact) -> int | None:
    """Return how many effect alleles a fact states, None where that can't be counted.

    The facts state the ALT allele; the effect may be told of the other one.
    """
    alt = _ALT_COPIES.get(fact.value or "")
    if alt is None:
        return None
    return alt if variant.effect_allele == variant.alt else 2 - alt


def sure_copies(timeline: Timeline, rsid: str) -> tuple[int, Fact] | None:
    """Return the effect alleles that every final call of a variant agrees on, with the newest of these calls.

    None where there is no final call, where one of them can't be counted, or where two contradict each other.
    """
    calls = [fact for fact in timeline.coded_in(DBSNP) if fact.coding.code == rsid and is_final(fact)]
    counts = {copies(panel()[rsid], fact) for fact in calls}
    if len(counts) != 1:
        return None
    (count,) = counts
    return None if count is None else (count, max(calls, key=lambda each: (each.known_at, each.id)))


def is_final(fact: Fact) -> bool:
    """Return whether a laboratory stands by a call, corrected or not."""
    return fact.status in _FINAL
