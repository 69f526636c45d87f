import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.unit.forecast.timelines import FALLING_PLATELETS, NOW, ago, fact, history_of, table, timeline
from twin.errors import ConfigurationError, NoSuchMoment
from twin.forecast.dynamics import at_time, follow, observation, reading
from twin.forecast.group import alone
from twin.forecast.motion import motion
from twin.snapshot import ForecastSettings, build, to_json

FATTY = timeline((*table(FALLING_PLATELETS), *history_of("fatty_liver")))


def test_snapshot_is_plain_json_and_the_same_each_time() -> None:
    once = json.dumps(to_json(build(FATTY, now=NOW)))
    assert json.dumps(to_json(build(FATTY, now=NOW + timedelta(days=9)))) == once
    assert "NaN" not in once


def test_shape_holds_what_the_pages_are_made_of() -> None:
    body = to_json(build(FATTY, now=NOW))
    assert set(body) == {
        "patient", "as_of", "versions", "settings", "background", "organs", "events", "findings"
    }  # fmt: skip
    assert body["patient"] == {
        "id": "p1",
        "name": "Frieda Prüfung",
        "sex": "female",
        "birth_date": "1962-03-01",
        "age": 64,
        "died_at": None,
    }
    assert body["as_of"] == NOW.isoformat()
    assert set(body["versions"]) == {"mapping", "dynamics", "rules"}
    assert body["settings"] == {"recall_level": 0.2, "horizon_months": 12}
    liver, *others = body["organs"]
    assert [liver["key"], *(each["key"] for each in others)] == ["liver", "vascular", "lung", "pancreas", "kidney"]
    assert set(liver) == {
        "key", "name", "starts_with", "signals", "scores", "crossings", "history", "genomics", "links"
    }  # fmt: skip
    platelets = liver["signals"][0]
    assert set(platelets) >= {"key", "unit", "scale", "reference", "points", "state", "fitted", "forecast", "missing"}
    assert set(platelets["points"][0]) == {
        "fact_id", "observed_at", "known_at", "value", "received", "used", "reason", "change", "judged", "weight"
    }  # fmt: skip
    assert set(platelets["points"][1]["judged"]) == {
        "because", "level", "count", "since", "until", "low", "high"
    }  # fmt: skip
    assert set(platelets["verdict"]) == {"en", "zh_CN"}
    assert set(liver["scores"][0]["history"][0]) == {"at", "value", "change", "judged"}
    assert set(platelets["state"]) == {"at", "level", "slope_per_year", "low80", "high80"}
    assert set(platelets["forecast"][0]) == {"at", "median", "q025", "q10", "q25", "q75", "q90", "q975"}
    score = liver["scores"][0]
    assert set(score) >= {
        "key", "output", "unit", "value", "category", "caution", "absent", "warnings", "inputs", "history", "forecast",
        "source", "verification",
    }  # fmt: skip
    crossing = liver["crossings"][0]
    assert set(crossing) >= {
        "key", "on", "comparison", "value", "unit", "label", "rule", "status", "why", "already_past", "past_since",
        "probabilities", "crossing", "reaches_level_on", "drivers",
    }  # fmt: skip
    assert crossing["rule"]["rule_id"] == "FIB4-VHI"
    assert liver["signals"][3]["state"] == {"absent": "missing_input", "detail": ""}


def test_snapshot_of_the_future_is_refused() -> None:
    with pytest.raises(NoSuchMoment, match="future"):
        build(replace(FATTY, as_of=NOW + timedelta(days=2)), now=NOW)


def test_nobody_has_an_age_before_birth() -> None:
    body = to_json(build(replace(FATTY, as_of=datetime(1900, 1, 1, tzinfo=UTC)), now=NOW))
    assert body["patient"]["age"] is None


def test_a_score_without_a_value_says_why() -> None:
    scores = [score for organ in to_json(build(FATTY, now=NOW))["organs"] for score in organ["scores"]]
    kidney = timeline((*FATTY.facts, *table("months_ago 1\ncreatinine 80", start=700)))
    scores += [score for organ in to_json(build(kidney, now=NOW))["organs"] for score in organ["scores"]]
    assert [score["output"] for score in scores if (score["value"] is None) != bool(score["absent"])] == []
    cystatin = next(score for score in reversed(scores) if score["output"] == "crcys_2021")
    assert (cystatin["absent"], cystatin["detail"]) == ("missing_input", "scys")


@pytest.mark.parametrize(
    "changes", [{"recall_level": 0.0}, {"recall_level": 1.0}, {"horizon_months": 0}, {"horizon_months": 37}]
)
def test_settings_that_make_no_sense_are_refused(changes: dict) -> None:
    with pytest.raises(ConfigurationError):
        ForecastSettings(**changes)


def test_empty_record_makes_a_snapshot_that_says_what_is_missing() -> None:
    body = to_json(build(timeline(born=None, sex="unknown"), now=NOW))
    assert body["patient"]["age"] is None
    assert all(signal["missing"] for organ in body["organs"] for signal in organ["signals"])
    assert all(score["absent"] for organ in body["organs"] for score in organ["scores"])


def test_dead_patient_has_no_forecast_anywhere() -> None:
    died = timeline((*FATTY.facts, fact(950, "death", ago(0.5), kind="death", signal=None, quality="no_signal")))
    body = to_json(build(died, now=NOW))
    assert body["patient"]["died_at"] == ago(0.5).isoformat()
    for organ in body["organs"]:
        assert all(signal["forecast"] == [] for signal in organ["signals"])
        assert all(score["forecast"] == [] for score in organ["scores"])
        assert all(crossing["status"] == "not_applicable" for crossing in organ["crossings"])


def test_state_in_a_snapshot_is_that_of_the_filter() -> None:
    body = to_json(build(FATTY, now=NOW))
    moves = motion("platelets")
    seen = [observation(moves, item.observed_at, item.derived.value) for item in FATTY.about("platelets")]
    state = at_time(alone(moves), follow(alone(moves), [reading(item) for item in seen]).last, NOW).of(0)
    assert body["organs"][0]["signals"][0]["state"]["level"] == pytest.approx(moves.canonical(state.level), rel=1e-5)


def test_site_settings_reach_the_scores() -> None:
    rows = "months_ago 1\nsbp 130\ntotal_cholesterol 5\nhdl_c 1.3\nwaist 85"
    known = timeline((*table(rows), fact(800, "smoking_status", ago(9), code="never")))
    settings = ForecastSettings(site={"north": True, "urban": False})
    without, given = build(known, now=NOW), build(known, now=NOW, settings=settings)
    chosen = [next(score for score in item.organs[1].scores if score.key == "china_par") for item in (without, given)]
    assert (chosen[0].absent, chosen[0].detail) == ("missing_input", "north")
    assert chosen[1].value is not None
    assert len(chosen[1].history) == 1
