"""Which facts a genome states: the allelic state of the panel's variants, APOE, and the sums of polygenic scores."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from twin.importers.vcf.calls import Call, Evidence
from twin.importers.vcf.header import Header
from twin.record.fact import Coding, FactDraft, KnownBasis
from twin.record.genome.builds import Build
from twin.record.genome.tally import Tally

DBSNP = "http://www.ncbi.nlm.nih.gov/snp"
GENE = "http://www.genenames.org"  # HGNC, by approved symbol
LOINC = "http://loinc.org"
APOE = Coding(system=LOINC, code="42315-2", display="APOE allele 2+3+4")
_APOE_ANSWERS = "urn:patient-twin:local:apoe"
_ANSWERS = MappingProxyType(
    {  # LOINC answers of 53034-5, allelic state, and of 69548-6, variant assessment
        "heterozygous": Coding(system=LOINC, code="LA6706-1", display="Heterozygous"),
        "homozygous": Coding(system=LOINC, code="LA6705-3", display="Homozygous"),
        "hemizygous": Coding(system=LOINC, code="LA6707-9", display="Hemizygous"),
        "absent": Coding(system=LOINC, code="LA9634-2", display="Absent"),
    }
)


@dataclass(frozen=True, kw_only=True, slots=True)
class When:
    """When a genome was reported. It is true from birth on, but nobody knew it before."""

    at: datetime
    basis: KnownBasis

    @staticmethod
    def of(header: Header, now: datetime) -> "When":
        """Return the file's own date, else the time of the import."""
        if header.made_at is None:
            return When(at=now, basis="received")
        return When(at=header.made_at, basis="message")


def variant(call: Call, zygosity: str, build: Build, when: When, resource: str) -> FactDraft:
    """Return the fact of one called panel variant; its part is the genotype as received, with its phase set."""
    chosen = call.evidence[0]
    return FactDraft(
        kind="observation",
        coding=Coding(system=DBSNP, code=call.variant.rsid, display=call.variant.label(build)),
        other_codings=(Coding(system=GENE, code=call.variant.gene, display=call.variant.gene),),
        value_kind="code",
        value=zygosity,
        value_coding=_ANSWERS[zygosity],
        observed_at=when.at,
        known_at=when.at,
        known_basis=when.basis,
        where=f"line {chosen.line}",
        resource=resource,
        part=genotype(chosen),
        status=status(call.evidence),
    )


def apoe(pair: str, calls: Sequence[Call], when: When, resource: str) -> FactDraft:
    """Return the fact of an APOE genotype that two variants make."""
    evidence = tuple(call.evidence[0] for call in calls)
    return FactDraft(
        kind="observation",
        coding=APOE,
        other_codings=(Coding(system=GENE, code="APOE", display="APOE"),),
        value_kind="code",
        value=pair,
        value_coding=Coding(system=_APOE_ANSWERS, code=pair, display=f"APOE {pair}"),
        observed_at=when.at,
        known_at=when.at,
        known_basis=when.basis,
        where=places(evidence),
        resource=resource,
        part=", ".join(f"{call.variant.rsid} {genotype(call.evidence[0])}" for call in calls),
        status=status(evidence),
    )


def score(tally: Tally, total: float, build: Build, when: When, resource: str) -> FactDraft:
    """Return the fact of a polygenic score's raw sum; its part tells what it rests on."""
    one = tally.score
    return FactDraft(
        kind="observation",
        coding=Coding(system=one.system, code=one.id, display=f"Polygenic score {one.id} {one.trait}: raw sum".strip()),
        value_kind="number",
        value=repr(total),
        unit="1",
        observed_at=when.at,
        known_at=when.at,
        known_basis=when.basis,
        where="whole file",
        resource=resource,
        part=f"{build}; {tally.counts()}",
    )


def genotype(evidence: Evidence) -> str:
    """Return the genotype as received, with its phase set where it has one."""
    phase_set = evidence.site.phase_set
    return evidence.site.genotype if phase_set is None else f"{evidence.site.genotype};PS={phase_set}"


def status(evidence: tuple[Evidence, ...]) -> str:
    """Return "final", or "preliminary" where the caller's own filter was not passed: kept, shown, used by no model."""
    return "final" if all(each.site.is_final for each in evidence) else "preliminary"


def places(evidence: tuple[Evidence, ...]) -> str:
    """Return the lines that a call rests on."""
    lines = sorted({each.line for each in evidence})
    return f"line {lines[0]}" if len(lines) == 1 else f"lines {', '.join(map(str, lines))}"
