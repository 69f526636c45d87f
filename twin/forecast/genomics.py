"""What does the genome say of an organ, how sure is it, and what does the clinical risk read without it?

Single variants stand as they were called, with effect, size and source of the panel. A count of risk alleles gives
published odds. A polygenic score changes a clinical risk only where the site knows its mean and spread in the patient's
own ancestry group, and an effect was published for that group; the risk without it always stands beside.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite, log
from types import MappingProxyType

from twin.organs.base import Organ, OrganGenomic, PerDeviation, Text
from twin.record.fact import Absent, Fact
from twin.record.genome.called import called, copies, is_final
from twin.record.genome.panel import PanelVariant, panel
from twin.record.timeline import Timeline
from twin.scores import evaluate, score
from twin.scores.gather import Site, answer_at

_GENES = MappingProxyType({"rs738409": "pnpla3", "rs58542926": "tm6sf2", "rs72613567": "hsd17b13"})
"""The inputs of the count of liver risk alleles, by rs number."""
NEVER_CERTAIN = Text(
    "A genome shifts a chance, it decides nothing. Sizes are averages of the people studied, most of them of European "
    "ancestry; the patient's ancestry is not on record.",
    "基因只改变可能性，不能决定结果。效应值是研究人群的平均水平，研究对象多为欧洲血统；患者血统未记录。",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class PolygenicReference:
    """Mean and SD of a score's raw sum in one ancestry group, where the site knows them, and their source."""

    mean: float
    sd: float
    ancestry: str
    source: str


References = Mapping[str, PolygenicReference]


@dataclass(frozen=True, kw_only=True, slots=True)
class Genotype:
    """One variant of the panel as it was called. `copies` of the effect allele; None where that can't be counted."""

    rsid: str
    gene: str
    name: str
    effect_allele: str
    copies: int | None
    called: str
    effect: str
    size: str
    citation: str
    status: str
    is_used: bool
    fact_id: int


@dataclass(frozen=True, kw_only=True, slots=True)
class GenomicEffect:
    """One genomic effect on the organ: what it rests on, and a number with and without it.

    `amount` is the count of risk alleles or z of the polygenic score. `with_it` and `without` are a risk (unit "1") or
    odds against people with no risk allele (unit "odds"); None where `absent` says why. `coverage`: how much of the
    score, or how many of the variants, was called. `low`..`high`: `with_it` at both ends of the effect's 95 % interval.
    """

    key: str
    label: Text
    amount: float | None
    coverage: str
    unit: str
    with_it: float | None
    without: float | None
    difference: float | None
    low: float | None = None
    high: float | None = None
    absent: str | None
    basis: Text
    source: str
    ancestry: Text
    status: str
    fact_ids: tuple[int, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Genomics:
    """What is known of the genome for one organ; nothing where nothing is known."""

    genotypes: tuple[Genotype, ...] = ()
    effects: tuple[GenomicEffect, ...] = ()
    caveat: Text | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class _Known:
    timeline: Timeline
    site: Site
    references: References
    called: Mapping[str, Fact] = field(default_factory=dict)


def genomics(organ: Organ, timeline: Timeline, site: Site, references: References) -> Genomics:
    """Return what the record holds of the genome for an organ at `as_of`."""
    known = _Known(timeline=timeline, site=site, references=references, called=called(timeline))
    genotypes = tuple(
        _genotype(variant, known.called[rsid])
        for rsid, variant in panel().items()
        if organ.key in variant.organs and rsid in known.called
    )
    effects = tuple(effect for item in organ.genomics for effect in _effect(item, known))
    return Genomics(genotypes=genotypes, effects=effects, caveat=NEVER_CERTAIN if genotypes or effects else None)


def _genotype(variant: PanelVariant, fact: Fact) -> Genotype:
    return Genotype(
        rsid=variant.rsid,
        gene=variant.gene,
        name=variant.name,
        effect_allele=variant.effect_allele,
        copies=copies(variant, fact),
        called=fact.value or "",
        effect=variant.effect,
        size=variant.size,
        citation=variant.citation,
        status=variant.status,
        is_used=fact.status == "final",
        fact_id=fact.id,
    )


def _effect(item: OrganGenomic, known: _Known) -> Iterator[GenomicEffect]:
    if item.estimate:
        yield from _allele_count(item, known)
    if item.score:
        yield from _polygenic(item, known)


def _allele_count(item: OrganGenomic, known: _Known) -> Iterator[GenomicEffect]:
    facts = {rsid: known.called[rsid] for rsid in item.variants if rsid in known.called}
    if not facts:
        return
    counts = {rsid: copies(panel()[rsid], fact) for rsid, fact in facts.items() if is_final(fact)}
    missing = [panel()[rsid].gene for rsid in item.variants if counts.get(rsid) is None]
    outputs = {} if missing else evaluate(score(item.estimate), {_GENES[rsid]: counts[rsid] for rsid in item.variants})
    odds = float(outputs["or_cirrhosis"][0]) if outputs else None
    yield GenomicEffect(
        key=item.key,
        label=item.label,
        amount=float(outputs["count"][0]) if outputs else None,
        coverage=f"{len(item.variants) - len(missing)}/{len(item.variants)}",
        unit="odds",
        with_it=odds,
        without=None if odds is None else 1.0,
        difference=None if odds is None else odds - 1.0,
        absent=f"missing_input: {', '.join(missing)}" if missing else None,
        basis=Text(
            "Odds of cirrhosis against people without a risk allele. No clinical score here gives a probability of "
            "cirrhosis to combine it with.",
            "肝硬化的比值，与无风险等位基因者相比。此处没有给出肝硬化概率的临床评分可与之合并。",
        ),
        source=item.source,
        ancestry=item.ancestry,
        status=item.status,
        fact_ids=tuple(fact.id for fact in facts.values()),
    )


def _polygenic(item: OrganGenomic, known: _Known) -> Iterator[GenomicEffect]:
    sums = [fact for fact in known.timeline.of_kind("observation") if fact.coding.code == item.score]
    if not sums or item.acts_on is None or not item.per_sd:
        return
    fact, reference = sums[-1], known.references.get(item.score)
    z = None if reference is None else _z(fact, reference)
    without = _clinical(item.acts_on, known)
    effect = None if reference is None else _of_ancestry(item.per_sd, reference.ancestry)
    with_it = low = high = None
    if z is not None and effect is not None and isinstance(without, float):
        with_it, *ends = (_combined(without, z, ratio) for ratio in (effect.ratio, effect.low, effect.high))
        low, high = min(with_it, *ends), max(with_it, *ends)
    yield GenomicEffect(
        key=item.key,
        label=item.label,
        amount=z,
        coverage=fact.part,
        unit="1",
        with_it=with_it,
        without=without if isinstance(without, float) else None,
        difference=None if with_it is None or not isinstance(without, float) else with_it - without,
        low=low,
        high=high,
        absent=_why(reference, effect, z, without),
        basis=_basis(reference),
        source=item.source if effect is None else effect.source,
        ancestry=item.ancestry,
        status=item.status if effect is None else effect.status,
        fact_ids=(fact.id,),
    )


def _of_ancestry(effects: Sequence[PerDeviation], stated: str) -> PerDeviation | None:
    """The effect published for the ancestry that a site states; what stands in brackets says more of its people."""
    name = " ".join(stated.replace("（", "(").split("(")[0].casefold().split())
    return next((effect for effect in effects if name in effect.names), None)


def _combined(risk: float, z: float, ratio: float) -> float:
    given = {"risk": risk, "z": z, "log_hr_per_sd": log(ratio)}
    return float(evaluate(score("combine_prs"), given)["risk"][0])


def _z(fact: Fact, reference: PolygenicReference) -> float | None:
    try:
        z = (float(fact.value or "nan") - reference.mean) / reference.sd
    except ValueError:
        return None
    return z if isfinite(z) else None


def _clinical(acts_on: tuple[str, str], known: _Known) -> float | Absent:
    key, output = acts_on
    answer, _ = answer_at(score(key), known.timeline, known.timeline.as_of, known.site)
    if output in answer.outputs:
        return answer.outputs[output]
    return Absent(reason=str(answer.absent or "missing_input"), detail=answer.detail)


def _why(
    reference: PolygenicReference | None, effect: PerDeviation | None, z: float | None, without: float | Absent
) -> str | None:
    if isinstance(without, Absent):
        return f"{without.reason}: {without.detail}" if without.detail else without.reason
    if reference is None:
        return "no_reference"
    if effect is None:
        return "no_effect"
    return "impossible_value" if z is None else None


def _basis(reference: PolygenicReference | None) -> Text:
    if reference is None:
        return Text(
            "10-year coronary disease (PREVENT). The raw sum says nothing by itself: its mean and spread in the "
            "patient's own ancestry group are not known here.",
            "10年冠心病风险（PREVENT）。原始总分本身没有意义：本机构不知道其在患者血统人群中的均值和离散程度。",
        )
    name, where = reference.ancestry, reference.source
    return Text(
        f"10-year coronary disease (PREVENT), as if the patient were of the group {name} ({where}).",
        f"10年冠心病风险（PREVENT），假定患者属于 {name} 人群（{where}）。",
    )
