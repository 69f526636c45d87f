"""Every predictor stands on the card in a unit of its own, on the scale it is held on."""

import pytest

from twin.cohort import spec as specs
from twin.cohort.units import unit_of
from twin.forecast.card.held import Held
from twin.forecast.history import NUMBER_SUMMARIES, PACE_SUMMARIES, STATE_SUMMARIES

SPEC = specs.of(
    {
        "key": "k",
        "title": "t",
        "endpoint": {"name": "death", "horizons": [1.0]},
        "biomarkers": {
            "plt": {"scale": "log", "unit": "10*9/L"},
            "alb": {"scale": "linear", "unit": "g/dL"},
            "spo2": {"scale": "logit", "low": 50.0, "high": 100.0, "unit": "%"},
        },
        "states": {"ascites": {}},
        "baseline": {"age": {"grows": True}, "male": {"from": "male"}, "dose": {}},
        "diagnoses": {"names": ["diabetes"]},
    }
)
LINEAR, LOG, LOG1P = Held(), Held(kind="log"), Held(kind="log1p")


@pytest.mark.parametrize(
    ("predictor", "unit", "held"),
    [
        ("plt: newest", "10*9/L", LOG),
        ("plt: level", "10*9/L", LOG),
        ("plt: slope", "ratio a year", LOG),
        ("plt: step", "ratio", LOG),
        ("plt: spread", "log (SD)", LOG),
        ("plt: count", "readings", LOG1P),
        ("plt: since", "years", LOG1P),
        ("alb: mean", "g/dL", LINEAR),
        ("alb: drift", "g/dL a year", LINEAR),
        ("alb: step", "g/dL", LINEAR),
        ("alb: doubt", "g/dL (SD)", LOG),
        ("spo2: lowest", "%", Held(kind="logit", low=50.0, high=100.0)),
        ("spo2: slope", "log odds a year", LINEAR),
        ("spo2: step", "log odds", LINEAR),
        ("spo2: spread", "log odds (SD)", LOG),
        ("ascites: mean", "1", LINEAR),
        ("ascites: noted", "years", LOG1P),
        ("diabetes", "1", LINEAR),
        ("diabetes: for", "years", LOG1P),
        ("diagnoses", "1", LINEAR),
        ("age", "years", LINEAR),
        ("male", "1", LINEAR),
        ("dose", "", LINEAR),
        ("years since time zero", "years", LINEAR),
        ("seen: visits_last_year", "visits", LOG1P),
        ("seen: since_visit", "years", LOG1P),
        ("seen: known_for", "years", LINEAR),
    ],
)
def test_a_predictor_has_its_unit_and_scale(predictor: str, unit: str, held: Held) -> None:
    found, way = unit_of(SPEC, predictor)
    assert (found, way.kind) == (unit, held.kind)
    assert held.kind != "logit" or way == held


def test_no_summary_of_a_biomarker_with_a_unit_is_without_one() -> None:
    for column in ("plt", "alb", "spo2"):
        assert all(unit_of(SPEC, f"{column}: {what}")[0] for what in (*NUMBER_SUMMARIES, "level", "drift", "doubt"))
    assert all(unit_of(SPEC, f"ascites: {what}")[0] for what in STATE_SUMMARIES)
    assert all(unit_of(SPEC, f"seen: {what}")[0] for what in PACE_SUMMARIES)
