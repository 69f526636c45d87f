"""What a genotype does to the signals that it moves: PCSK9 on LDL stands for levels, APOL1 on creatinine for slopes."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from tests.unit.forecast.test_genomics import variant
from tests.unit.forecast.timelines import NOW, ago, fact, history_of, table, timeline
from twin.forecast import plain
from twin.forecast.following import Course, courses, entries_of, observations
from twin.forecast.genes import Condition, Gene, _condition, _gene, genes, variants_of
from twin.forecast.group import Group, group_of
from twin.forecast.kernels import LEVEL, RAMP
from twin.forecast.motion import motion, motions
from twin.forecast.moved_by import MovedBy, moved_by
from twin.forecast.result import State
from twin.record.fact import Fact
from twin.record.genome.panel import panel
from twin.record.timeline import Timeline

LDL, CREATININE = motion("ldl_c"), motion("creatinine")
EVERY_GENE = [gene for found in genes().values() for gene in found]
ONE = pytest.mark.parametrize("gene", EVERY_GENE, ids=lambda each: f"{each.cause}-{each.effect.signal}")
BY_KEY = {(gene.cause, gene.effect.signal): gene for gene in EVERY_GENE}
R46L = BY_KEY["PCSK9 R46L", "ldl_c"].effect
APOL1 = BY_KEY["APOL1 G1/G2, ×2", "creatinine"].effect
READ_ONCE = table("months_ago 24\nldl_c 3.4")
READ = table("months_ago 24 18 12\nldl_c 3.4 3.5 3.3\ntotal_cholesterol 5.6 5.7 5.4")
KIDNEY = table("months_ago 24 18 12\ncreatinine 80 82 81")
CARRIER = variant(70, "rs11591147", "heterozygous")
TWO_RISK = (variant(71, "rs73885319", "heterozygous"), variant(72, "rs71785313", "heterozygous"))


def where(*facts: Fact, key: str = "ldl_c", **more: object) -> State:
    """Where a signal stands at `NOW`."""
    found = courses(timeline(facts, **more))[key].followed  # type: ignore[arg-type]
    assert found is not None
    return found.state


def digits(known: Timeline) -> Mapping[str, Course]:
    return {
        key: (each.states, each.weights, each.followed and each.followed.state) for key, each in courses(known).items()
    }


def causes(key: str, *facts: Fact, **more: object) -> list[str]:
    return [each.cause for each in named(key, *facts, **more) if each.cause != "age"]


def named(key: str, *facts: Fact, **more: object) -> tuple[MovedBy, ...]:
    known = timeline(facts, **more)  # type: ignore[arg-type]
    found = courses(known)[key].followed
    assert found is not None
    return moved_by(found, known)


def plainly(group: Group, key: str, known: Timeline) -> np.ndarray:
    """What the oracle makes of the same entries, after the last of one signal."""
    seen = {each.key: observations(known, each) for each in group.motions}
    entries = entries_of(known, group, seen)
    columns = (
        [(item.at - NOW).total_seconds() / (365.25 * 86_400) for item in entries],
        *([getattr(item, name) for item in entries] for name in ("kind", "place", "value", "variance", "least")),
    )
    first = group.motions[0]
    rows, _ = plain.run(
        *(np.array(each) for each in columns), group.start("female"), group.drift, group.wander, group.relaxation,
        first.gate, first.step_years,
    )  # fmt: skip
    return rows[max(n for n, item in enumerate(entries) if group.keys[item.place] == key)]


# Levels


def test_level_moves_what_one_reading_says_by_the_exact_amount() -> None:
    """By hand: the prior's mean is moved and its variance grows, then the reading is weighed against it."""
    (seen,) = observations(timeline(READ_ONCE), LDL)
    for facts, mean, variance in (
        (READ_ONCE, LDL.centre, LDL.spread**2),
        ((*READ_ONCE, CARRIER), LDL.centre + R46L.value, LDL.spread**2 + R46L.sd**2),
    ):
        (state,) = courses(timeline(facts))["ldl_c"].states
        gain = variance / (variance + seen[1].noise)
        assert state.level == pytest.approx(mean + gain * (seen[1].value - mean), abs=1e-12)
        assert state.level_var == pytest.approx(variance * (1 - gain), abs=1e-12)


@pytest.mark.parametrize(
    ("key", "facts"), [("ldl_c", (*READ, CARRIER)), ("creatinine", (*KIDNEY, *TWO_RISK)), ("ldl_c", READ)]
)
def test_genes_give_the_digits_of_the_plain_filter(key: str, facts: tuple[Fact, ...]) -> None:
    known, group = timeline(facts), group_of(key)
    last = courses(known)[key].states[-1]
    own = plainly(group, key, known)
    np.testing.assert_allclose((last.level, last.slope, last.level_var, last.trend), own[[0, 1, 2, 5]], atol=1e-10)


def test_readings_soon_outweigh_a_gene() -> None:
    off = [abs(where(*facts, CARRIER).level - where(*facts).level) for facts in (READ_ONCE, READ)]
    assert abs(R46L.value) / 5 > off[0] > off[1] > 0


def test_level_acts_in_a_child_too() -> None:
    young = date(2014, 3, 1)
    assert where(*READ_ONCE, CARRIER, born=young) != where(*READ_ONCE, born=young)


@pytest.mark.parametrize(
    "calls",
    [
        (variant(70, "rs11591147", "absent"),),
        (variant(70, "rs11591147", "present"),),
        (variant(70, "rs11591147", "hemizygous"),),
        (variant(70, "rs11591147", "heterozygous", status="preliminary"),),
        (variant(70, "rs11591147", "heterozygous", status="entered-in-error"),),
        (CARRIER, variant(71, "rs11591147", "absent")),
        (CARRIER, variant(71, "rs11591147", "no call")),
        (variant(70, "rs7412", "heterozygous"),),  # e2 needs rs429358 too
        (variant(70, "rs7412", "heterozygous"), variant(71, "rs429358", "heterozygous")),  # e2/e4 or e1/e3
        (variant(70, "rs738409", "homozygous"),),  # no published effect on a signal
        (variant(70, "rs3798220", "heterozygous"),),  # moves Lp(a), which was never read
    ],
)
def test_what_is_no_sure_call_of_a_genotype_with_an_effect_changes_no_digit(calls: tuple[Fact, ...]) -> None:
    assert digits(timeline((*READ, *calls))) == digits(timeline(READ))
    assert causes("ldl_c", *READ, *calls) == []


def test_two_final_calls_that_agree_and_one_that_is_not_final_are_one() -> None:
    again = variant(71, "rs11591147", "heterozygous")
    unsure = variant(72, "rs11591147", "absent", status="preliminary")
    assert where(*READ, CARRIER, again, unsure) == where(*READ, CARRIER)


def test_gene_known_after_the_readings_gives_the_digits_of_one_known_before() -> None:
    """Whenever it was called: somebody has it from birth."""
    before = fact(
        70, "rs11591147", ago(300), coding=CARRIER.coding, value="heterozygous", value_kind="code", signal=None
    )  # type: ignore[arg-type]
    after = fact(70, "rs11591147", ago(1), coding=CARRIER.coding, value="heterozygous", value_kind="code", signal=None)  # type: ignore[arg-type]
    assert digits(timeline((*READ, before))) == digits(timeline((*READ, after)))


def test_signal_that_moves_with_others_is_moved_before_its_own_first_reading() -> None:
    """A reading of total cholesterol years before says the same of LDL as at the same time."""
    early = table("months_ago 60\ntotal_cholesterol 5.2")
    late = fact(60, "ldl_c", ago(2), 2.9)
    moved = where(*early, late, CARRIER).level - where(*early, late).level
    assert R46L.value / 2 < moved < 0


@pytest.mark.parametrize(
    ("calls", "told"),
    [
        ({"rs7412": "heterozygous", "rs429358": "absent"}, ["APOE e2/e3"]),
        ({"rs7412": "absent", "rs429358": "heterozygous"}, ["APOE e4"]),
        ({"rs7412": "absent", "rs429358": "homozygous"}, ["APOE e4"]),
        ({"rs7412": "homozygous", "rs429358": "absent"}, []),
        ({"rs7412": "absent", "rs429358": "absent"}, []),
        ({"rs11591147": "homozygous", "rs58542926": "heterozygous"}, ["PCSK9 R46L", "TM6SF2 E167K"]),
    ],
)
def test_genotypes_are_told_apart_by_their_copies(calls: dict[str, str], told: list[str]) -> None:
    facts = [variant(70 + n, rsid, state) for n, (rsid, state) in enumerate(calls.items())]
    assert causes("ldl_c", *READ, *facts) == told


def test_copies_are_of_the_effect_allele_whichever_the_record_states() -> None:
    """rs72613567 is stated by its protecting insertion; the effect allele is the one without it."""
    read = table("months_ago 24\nalt 30")
    assert causes("alt", *read, variant(70, "rs72613567", "homozygous")) == ["HSD17B13 c.704+2dup ×2"]
    assert causes("alt", *read, variant(70, "rs72613567", "absent")) == []


@pytest.mark.parametrize("status", ["amended", "corrected"])
def test_a_corrected_call_counts_and_one_that_it_contradicts_no_more_decides(status: str) -> None:
    corrected = variant(70, "rs11591147", "heterozygous", status=status)
    assert where(*READ_ONCE, corrected) == where(*READ_ONCE, CARRIER)
    absent = variant(71, "rs11591147", "absent", status=status)
    assert where(*READ_ONCE, CARRIER, absent) == where(*READ_ONCE)


def test_nothing_is_expected_of_genes_in_anothers_organ() -> None:
    other = history_of("liver_transplant", months=30, start=950)
    assert where(*READ, CARRIER, *other) == where(*READ, *other)
    over = tuple(replace(each, ended_at=each.observed_at + timedelta(days=7)) for each in other)  # a stay in hospital
    assert where(*READ, CARRIER, *over) == where(*READ, *over)
    kidney = history_of("kidney_transplant", months=1, start=950)
    assert where(*KIDNEY, *TWO_RISK, *kidney, key="creatinine").trend == 0


# Slopes


def test_slope_moves_the_trend_from_the_first_reading_on() -> None:
    beside, without = where(*KIDNEY, *TWO_RISK, key="creatinine"), where(*KIDNEY, key="creatinine")
    assert beside.trend == pytest.approx(without.trend + APOL1.value, abs=1e-15)
    assert beside.slope_var > without.slope_var
    assert (APOL1.kind, APOL1.sd) == (RAMP, 0.0034)


@pytest.mark.parametrize(
    "calls",
    [
        (variant(71, "rs73885319", "homozygous"), variant(72, "rs71785313", "absent")),
        (variant(71, "rs73885319", "absent"), variant(72, "rs71785313", "homozygous")),
        TWO_RISK,
    ],
)
def test_risk_alleles_of_two_variants_count_together(calls: tuple[Fact, ...]) -> None:
    assert causes("creatinine", *KIDNEY, *calls) == ["APOL1 G1/G2, ×2"]


@pytest.mark.parametrize("calls", [TWO_RISK[:1], (variant(71, "rs73885319", "homozygous"),)])
def test_a_sum_with_a_variant_that_was_not_called_is_not_known(calls: tuple[Fact, ...]) -> None:
    assert causes("creatinine", *KIDNEY, *calls) == []


def test_no_slope_in_who_was_a_child_at_the_first_reading() -> None:
    young = date(2014, 3, 1)
    assert where(*KIDNEY, *TWO_RISK, key="creatinine", born=young).trend == 0
    assert causes("creatinine", *KIDNEY, *TWO_RISK, born=young) == []


# What the panel names


def test_panel_names_the_gene_with_whom_it_was_found_in_and_what_is_foretold_without_it() -> None:
    (one,) = [each for each in named("ldl_c", *READ, CARRIER) if each.cause == "PCSK9 R46L"]
    assert (one.signal, one.since, one.fact_id, one.per, one.form, one.mean) == (
        "ldl_c",
        None,
        70,
        "once",
        "ratio",
        0.88,
    )
    assert (one.is_unread, one.status, one.people) == (False, "verified", "european")
    assert "doi:" in one.source and one.in_a_year is not None
    assert one.in_a_year.median < one.in_a_year.without
    unknown = where(*READ)
    grown = unknown.level + unknown.slope * LDL.relaxation * -np.expm1(-1 / LDL.relaxation) + unknown.trend
    assert one.in_a_year.without == pytest.approx(np.exp(grown), rel=1e-9)


def test_forecast_without_one_gene_keeps_the_other() -> None:
    both = named("ldl_c", *READ, CARRIER, variant(71, "rs58542926", "heterozygous"))
    without = {each.cause: each.in_a_year.without for each in both if each.in_a_year is not None}
    alone = {
        each.cause: each.in_a_year.median
        for call in (CARRIER, variant(71, "rs58542926", "heterozygous"))
        for each in named("ldl_c", *READ, call)
        if each.in_a_year is not None
    }
    assert without["PCSK9 R46L"] == pytest.approx(alone["TM6SF2 E167K"], rel=1e-12)
    assert without["TM6SF2 E167K"] == pytest.approx(alone["PCSK9 R46L"], rel=1e-12)


def test_panel_of_a_linked_signal_names_what_moves_it_alone() -> None:
    hdl = table("months_ago 24\nhdl_c 1.3", start=40)
    assert causes("hdl_c", *READ, *hdl, CARRIER) == []
    assert causes("total_cholesterol", *READ, *hdl, CARRIER) == ["PCSK9 R46L"]


def test_step_that_does_not_act_is_not_named_beside_a_gene() -> None:
    low = table("months_ago 24 18 12\nldl_c 1.9 1.8 1.9")
    assert causes("ldl_c", *low, CARRIER, fact(90, "statin", ago(6), kind="medication")) == ["PCSK9 R46L"]


# The table


@ONE
def test_effects_of_genes_can_be(gene: Gene) -> None:
    effect, moves = gene.effect, motions()[gene.effect.signal]
    assert effect.kind in (LEVEL, RAMP) and effect.sd > 0 and effect.least == -np.inf
    assert 0 < abs(effect.value) < 2 * moves.spread
    assert effect.source and effect.causes == (gene.cause,)
    every = {rsid for condition in gene.conditions for rsid in condition.rsids}
    assert {panel()[rsid].gene for rsid in every} == {gene.cause.split()[0]}


def test_one_genotype_moves_a_signal_once() -> None:
    assert len(BY_KEY) == len(EVERY_GENE)
    assert variants_of(["creatinine", "sodium"]) == {"rs73885319", "rs71785313"}
    assert "rs11591147" in variants_of(["ldl_c"])


def test_condition_is_read_as_it_is_written() -> None:
    assert _condition("rs7412=1", "") == Condition(rsids=("rs7412",), copies=1, is_least=False)
    assert _condition("rs7412+rs429358>=2", "") == Condition(rsids=("rs7412", "rs429358"), copies=2, is_least=True)


@pytest.mark.parametrize("text", ["rs7412", "rs7412=x", "rs0=1", "=1", "rs7412>1"])
def test_condition_that_can_not_be_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no condition"):
        _condition(text, "genes.csv: a row")


def test_people_of_no_name_are_refused() -> None:
    with pytest.raises(ValueError, match="no people"):
        _gene({"cause": "PCSK9 R46L", "signal": "ldl_c", "people": "everybody"})
