"""What a genome says of an organ, with it and without it; facts as the VCF importer writes them."""

from math import exp, log

import pytest

from tests.unit.forecast.timelines import ago, fact, table, timeline
from twin.forecast.genomics import Genomics, PolygenicReference, genomics
from twin.organs import organ
from twin.record.fact import Coding, Fact
from twin.record.genome.called import DBSNP
from twin.record.timeline import Timeline

METAGRS = "PGS000018"
BRITISH = PolygenicReference(mean=0.2, sd=0.1, ancestry="European (UK)", source="made up for this test")
HEALTHY = """
months_ago          1
total_cholesterol   5.2
hdl_c               1.3
sbp                 128
creatinine          75
bmi                 26
"""


def variant(number: int, rsid: str, zygosity: str, **changes: object) -> Fact:
    coding = Coding(system=DBSNP, code=rsid, display=rsid)
    return fact(number, rsid, ago(10), coding=coding, value=zygosity, value_kind="code", signal=None, **changes)  # type: ignore[arg-type]


def polygenic(total: float) -> Fact:
    coding = Coding(system="https://www.pgscatalog.org/score", code=METAGRS, display="raw sum")
    return fact(
        99, METAGRS, ago(10), coding=coding, value=repr(total), value_kind="number", signal=None,
        part="GRCh38; 1700 of 1745 variants matched by place",
    )  # fmt: skip


def of(key: str, known: Timeline, **references: PolygenicReference) -> Genomics:
    return genomics(organ(key), known, {}, references)


def healthy(*facts: Fact) -> Timeline:
    smokes = fact(50, "smoking_status", ago(2), code="never")
    return timeline([*table(HEALTHY), smokes, *facts])


def test_nothing_is_said_where_nothing_is_known() -> None:
    for key in ("liver", "vascular", "lung", "pancreas", "kidney"):
        assert of(key, timeline()) == Genomics()


def test_risk_alleles_of_the_liver_are_counted_whichever_allele_the_record_states() -> None:
    """rs72613567 is stated by its protecting insertion: absent means two copies of the risk allele."""
    calls = [
        variant(1, "rs738409", "homozygous"),
        variant(2, "rs58542926", "heterozygous"),
        variant(3, "rs72613567", "absent"),
    ]
    known = of("liver", timeline(calls))
    (effect,) = known.effects
    assert (effect.amount, effect.coverage, effect.with_it, effect.without, effect.difference) == (5, "3/3", 12, 1, 11)
    assert {one.rsid: one.copies for one in known.genotypes} == {"rs738409": 2, "rs58542926": 1, "rs72613567": 2}
    assert effect.fact_ids == (1, 2, 3)
    assert "doi:10.1002/hep.31238" in effect.source and "European" in effect.ancestry.en


@pytest.mark.parametrize("last", [None, variant(3, "rs72613567", "absent", status="preliminary")])
def test_count_is_not_given_where_a_variant_was_not_called_for_sure(last: Fact | None) -> None:
    calls = [variant(1, "rs738409", "homozygous"), variant(2, "rs58542926", "absent"), *([last] if last else [])]
    (effect,) = of("liver", timeline(calls)).effects
    assert (effect.with_it, effect.coverage, effect.absent) == (None, "2/3", "missing_input: HSD17B13")


def test_polygenic_score_changes_the_clinical_risk_on_the_hazard_scale() -> None:
    """z = 2 and ln 1.71 per SD, by hand: H' = H exp(2 b - b^2 / 2)."""
    (effect,) = of("vascular", healthy(polygenic(0.4)), **{METAGRS: BRITISH}).effects
    assert effect.amount == pytest.approx(2.0)
    assert effect.without is not None and effect.with_it is not None
    b = log(1.71)
    assert effect.with_it == pytest.approx(1 - exp(log(1 - effect.without) * exp(2 * b - b * b / 2)), rel=1e-3)
    assert effect.difference == pytest.approx(effect.with_it - effect.without)
    assert "European (UK)" in effect.basis.en
    assert effect.coverage.startswith("GRCh38; 1700 of 1745")


@pytest.mark.parametrize(
    ("ancestry", "ratio", "low", "high", "status"),
    [
        ("European (UK)", 1.71, 1.68, 1.73, "read"),
        ("欧洲血统（英国）", 1.71, 1.68, 1.73, "read"),
        ("Han Chinese", 1.46, 1.37, 1.56, "unverified"),
    ],
)
def test_effect_and_its_interval_are_those_of_the_stated_ancestry(
    ancestry: str, ratio: float, low: float, high: float, status: str
) -> None:
    known = PolygenicReference(mean=0.2, sd=0.1, ancestry=ancestry, source="made up for this test")
    (effect,) = of("vascular", healthy(polygenic(0.4)), **{METAGRS: known}).effects
    assert effect.without is not None

    def by_hand(each: float) -> float:
        return 1 - exp(log(1 - effect.without) * exp(2 * log(each) - log(each) ** 2 / 2))  # type: ignore[operator]

    expected = [by_hand(each) for each in (ratio, low, high)]
    assert [effect.with_it, effect.low, effect.high] == pytest.approx(expected, rel=1e-9)
    assert effect.status == status


@pytest.mark.parametrize("ancestry", ["South Asian", "Non-European", "European and Chinese", "East Asian", ""])
def test_ancestry_without_a_published_effect_has_no_number(ancestry: str) -> None:
    known = PolygenicReference(mean=0.2, sd=0.1, ancestry=ancestry, source="made up for this test")
    (effect,) = of("vascular", healthy(polygenic(0.4)), **{METAGRS: known}).effects
    assert effect.without is not None
    assert (effect.with_it, effect.low, effect.high, effect.absent) == (None, None, None, "no_effect")


def test_without_a_reference_of_the_ancestry_there_is_the_clinical_risk_alone() -> None:
    (effect,) = of("vascular", healthy(polygenic(0.4))).effects
    assert effect.without is not None
    assert (effect.with_it, effect.difference, effect.absent) == (None, None, "no_reference")


def test_without_a_clinical_risk_there_is_no_number_at_all() -> None:
    (effect,) = of("vascular", timeline([polygenic(0.4)]), **{METAGRS: BRITISH}).effects
    assert (effect.without, effect.with_it) == (None, None)
    assert effect.absent is not None and effect.absent.startswith("missing_input")


def test_score_far_out_counts_as_three_standard_deviations() -> None:
    far, three = (of("vascular", healthy(polygenic(x)), **{METAGRS: BRITISH}).effects[0] for x in (2.2, 0.5))
    assert far.with_it == pytest.approx(three.with_it)


def test_genome_is_never_said_to_be_certain() -> None:
    known = of("liver", timeline([variant(1, "rs738409", "heterozygous")]))
    assert known.caveat is not None and "decides nothing" in known.caveat.en and "ancestry" in known.caveat.en


def test_unverified_effects_are_marked() -> None:
    (one,) = of("kidney", timeline([variant(1, "rs73885319", "heterozygous")])).genotypes
    assert (one.gene, one.copies, one.status) == ("APOL1", 1, "unverified")
