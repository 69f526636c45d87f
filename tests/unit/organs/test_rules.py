"""The tables of the guidelines, cell by cell: which rule is for whom, and never two for one finding."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from tests.unit.forecast.timelines import NOW, ago, fact, history_of, timeline
from twin.organs import organ
from twin.organs.applies import why_not
from twin.organs.rules.aorta import SVS
from twin.organs.rules.nodule import SCREENING
from twin.record.fact import Fact
from twin.record.timeline import Timeline
from twin.scores import evaluate, score
from twin.scores.gather import Site

CREATININE = {"G1": 60.0, "G2": 80.0, "G3a": 105.0, "G3b": 145.0, "G4": 240.0, "G5": 500.0}  # umol/L, a woman of 64
ALBUMIN = {"A1": 10.0, "A2": 100.0, "A3": 500.0}


def acting(organ_key: str, known: Timeline, prefix: tuple[str, ...], site: Site | None = None) -> set[str]:
    """Return the rules whose line the newest value has passed, and that are for this patient."""
    found = set()
    for line in organ(organ_key).thresholds:
        if line.rule.rule_id.startswith(prefix) and why_not(line, known, site or {}) is None:
            value = _newest(line.on, line.of, line.output, known)
            if value is not None and bool(line.is_past(np.array([value]))[0]):
                found.add(line.rule.rule_id)
    return found


def _newest(on: str, key: str, output: str, known: Timeline) -> float | None:
    if on == "signal":
        latest = known.latest(key)
        return latest.derived.value if isinstance(latest, Fact) else None
    assert key == "ckdepi"
    scr = known.latest("creatinine")
    assert isinstance(scr, Fact) and scr.derived.value is not None
    given = {"age": 64.7, "sex": 0.0, "scr": scr.derived.value / 88.4, "scys": None}
    return float(evaluate(score("ckdepi"), given)[output][0])


@pytest.mark.parametrize("g", CREATININE)
@pytest.mark.parametrize("a", ALBUMIN)
def test_one_cell_of_the_kdigo_grid_acts(g: str, a: str) -> None:
    values = [fact(1, "creatinine", ago(1), CREATININE[g]), fact(2, "urine_acr", ago(1), ALBUMIN[a])]
    known = timeline([*values, *history_of("ckd")])
    expected = set() if (g, a) in {("G1", "A1"), ("G2", "A1")} else {f"KD-{g}-{a}"}
    assert acting("kidney", known, ("KD-G1-", "KD-G2-", "KD-G3a-", "KD-G3b-", "KD-G4-", "KD-G5-")) == expected


@pytest.mark.parametrize(("acr", "rules"), [(10.0, set()), (100.0, {"KD-G2-A2"}), (500.0, {"KD-G2-A3"})])
def test_one_cell_of_the_kdigo_grid_acts_where_no_egfr_is_known(acr: float, rules: set[str]) -> None:
    known = timeline([fact(1, "urine_acr", ago(1), acr), *history_of("ckd")])
    assert acting("kidney", known, ("KD-G1-", "KD-G2-")) == rules


@pytest.mark.parametrize("concept", ["dialysis", "kidney_transplant"])
def test_no_cell_acts_where_the_kidney_is_replaced(concept: str) -> None:
    values = [fact(1, "creatinine", ago(1), 500.0), fact(2, "urine_acr", ago(1), 500.0)]
    assert acting("kidney", timeline([*values, *history_of("ckd", concept)]), ("KD-", "KFRE")) == set()


@pytest.mark.parametrize(
    ("sex", "diameter", "rule"),
    [
        ("male", 24, None), ("male", 25, "AAA-ESC-25"), ("male", 29.9, "AAA-ESC-25"), ("male", 30, "AAA-ESC-30"),
        ("male", 40, "AAA-ESC-40M"), ("male", 49.9, "AAA-ESC-40M"), ("male", 50, "AAA-ESC-50M"),
        ("male", 55, "AAA-ESC-TXM"), ("female", 40, "AAA-ESC-40F"), ("female", 45, "AAA-ESC-45F"),
        ("female", 50, "AAA-ESC-TXF"), ("female", 55, "AAA-ESC-TXF"),
    ],
)  # fmt: skip
def test_one_band_of_the_abdominal_aorta_acts(sex: str, diameter: float, rule: str | None) -> None:
    known = timeline([fact(1, "aorta_abdominal_diameter", ago(1), diameter)], sex=sex)
    assert acting("vascular", known, ("AAA-",)) == ({rule} if rule else set())


@pytest.mark.parametrize(
    ("diameter", "rule"), [(26, "AAA-SVS-25"), (35, "AAA-SVS-30"), (45, "AAA-SVS-40"), (52, "AAA-SVS-50")]
)
def test_site_that_follows_svs_never_hears_of_esc(diameter: float, rule: str) -> None:
    known = timeline([fact(1, "aorta_abdominal_diameter", ago(1), diameter)], sex="male")
    assert acting("vascular", known, ("AAA-",), {SVS: True}) == {rule}


@pytest.mark.parametrize(
    ("diameter", "rule"),
    [(39, None), (40, "TAA-FIRST"), (45, "TAA-45"), (50, "TAA-50"), (55, "TAA-55")],
)
@pytest.mark.parametrize("segment", ["aorta_root_diameter", "aorta_ascending_diameter"])
def test_one_band_of_the_thoracic_aorta_acts(segment: str, diameter: float, rule: str | None) -> None:
    known = timeline([fact(1, segment, ago(1), diameter)])
    assert acting("vascular", known, ("TAA-",)) == ({rule} if rule else set())
    heritable = timeline([fact(1, segment, ago(1), diameter), *history_of("heritable_aortic_disease")])
    assert acting("vascular", heritable, ("TAA-",)) == set()


def nodule(kind: str, number: str, diameter: float, smoking: str | None = None, *others: Fact) -> Timeline:
    coded = [fact(1, "nodule_type", ago(1), code=kind), fact(2, "nodule_count", ago(1), code=number)]
    smoked = [] if smoking is None else [fact(3, "smoking_status", ago(1), code=smoking)]
    return timeline([*coded, *smoked, fact(4, "nodule_mean_diameter", ago(1), diameter), *others])


@pytest.mark.parametrize(
    ("kind", "number", "diameter", "smoking", "rule"),
    [
        ("solid", "single", 5.4, "current", None),  # whole mm: 5
        ("solid", "single", 5.5, "never", "FL17-03"),  # 6
        ("solid", "single", 7.0, None, "FL17-03"),
        ("solid", "single", 8.4, "former", "FL17-04"),  # 8
        ("solid", "single", 8.5, "former", "FL17-05"),  # 9
        ("solid", "multiple", 6.0, "never", "FL17-08"),
        ("solid", "multiple", 12.0, "current", "FL17-09"),
        ("ground_glass", "single", 5.0, "never", None),
        ("ground_glass", "single", 6.0, "never", "FL17-11"),
        ("part_solid", "single", 7.0, "never", "FL17-13"),
        ("subsolid", "multiple", 7.0, "current", "FL17-15"),
    ],
)
def test_one_row_of_fleischner_acts(
    kind: str, number: str, diameter: float, smoking: str | None, rule: str | None
) -> None:
    found = acting("lung", nodule(kind, number, diameter, smoking), ("FL17-",))
    assert found == ({rule} if rule else set())


def test_fleischner_is_not_for_screening_cancer_or_the_young() -> None:
    known = nodule("solid", "single", 9.0)
    assert acting("lung", known, ("FL17-",), {SCREENING: True}) == set()
    assert acting("lung", nodule("solid", "single", 9.0, None, *history_of("lung_cancer")), ("FL17-",)) == set()
    young = replace(known.patient, birth_date=(NOW - timedelta(days=30 * 365.25)).date())
    assert acting("lung", replace(known, patient=young), ("FL17-",)) == set()


@pytest.mark.parametrize("key", ["liver", "vascular", "lung", "pancreas", "kidney"])
def test_no_rule_is_for_the_dead_and_each_says_so(key: str) -> None:
    dead = timeline([fact(1, "death", ago(1), kind="death", signal=None), *history_of("ckd", "cirrhosis", "ascvd")])
    reasons = {why.en for line in organ(key).thresholds if (why := why_not(line, dead)) is not None}
    assert reasons == {"The patient has died."}
    assert organ(key).thresholds


def test_children_are_told_apart_by_name() -> None:
    child = timeline(history_of("ckd"), born=(NOW - timedelta(days=9 * 365.25)).date())
    kidney = {line.key: why_not(line, child) for line in organ("kidney").thresholds}
    assert all(why is not None for why in kidney.values())
    assert {why.en for why in kidney.values() if why} == {"Younger than 18 years."}


def test_pregnancy_stops_what_it_upsets() -> None:
    pregnant = timeline([fact(1, "pregnancy", ago(3), kind="condition"), *history_of("diabetes", "ascvd")])
    for key, lines in {
        "vascular": ("ldl_c>=1.4", "sbp>=140"), "pancreas": ("hba1c>goal",), "kidney": ("urine_acr>=30", "egfr<60"),
    }.items():  # fmt: skip
        for line in organ(key).thresholds:
            if line.key in lines:
                why = why_not(line, pregnant)
                assert why is not None and why.en == "Excluded by: pregnancy."
