"""Drift is found where it was made, and not where chance alone was at work."""

from functools import cache
from typing import Any

import numpy as np
import pytest

from tests.unit.forecast.test_card import DESCRIBED, run
from twin.forecast import drift
from twin.forecast.card.build import build
from twin.forecast.card.reference import reference, shares
from twin.forecast.drift import compare, spread
from twin.forecast.evaluate.calibration import logit
from twin.forecast.evaluate.rows import Outcomes, Predictions


@cache
def card() -> dict[str, Any]:
    return build(DESCRIBED, run(people=1_500), repeats=60)


def later(factor: float = 1.0, people: int = 1_200, alt: float = 3.5) -> drift.Drift:
    """The same model on later patients: events `factor` times as frequent on the odds, their ALT of another median."""
    made = run(people=people, seed=77)
    said = made.predictions
    moved = 1 / (1 + np.exp(-(logit(said.risk) - np.log(factor))))
    predictions = Predictions(patient=said.patient, landmark=said.landmark, horizon=said.horizon, risk=moved)
    random = np.random.default_rng(5)
    values = random.lognormal(alt, 0.4, len(said))
    values[: len(values) // 4] = np.nan
    return compare(card(), {"alt": values}, predictions, predictions, made.outcomes, repeats=60)


def test_later_patients_of_the_same_kind_have_not_drifted() -> None:
    found = later()
    assert [each.verdict for each in found.inputs] == ["steady"]
    assert {each.verdict for each in found.risks} == {"steady"}
    assert {each.verdict for each in found.calibration} <= {"steady", "watch"}
    assert found.verdict != "drifted"


def test_an_input_that_moved_is_named() -> None:
    found = later(alt=4.0)
    assert [(each.key, each.verdict) for each in found.inputs] == [("alt", "drifted")]
    assert found.verdict == "drifted"


def test_risks_that_no_longer_come_true_are_found() -> None:
    found = later(factor=2.5)
    assert {each.verdict for each in found.calibration} == {"drifted"}
    assert all(each.observed_expected is not None and each.observed_expected.low > 1 for each in found.calibration)


def test_the_index_is_that_counted_by_hand() -> None:
    values = np.repeat([1.0, 2.0], [300, 700])
    then = reference(np.repeat([1.0, 2.0], [500, 500]))
    assert then["edges"] == [1.0, 2.0]
    found = spread("x", then, values)
    expected = (0.3 - 0.5) * np.log(0.3 / 0.5) + (0.7 - 0.5) * np.log(0.7 / 0.5)
    assert found.psi == pytest.approx(expected, abs=1e-9)
    assert found.ks == pytest.approx(0.2)
    assert found.verdict == "watch"


def test_an_input_that_is_no_longer_sent_has_drifted() -> None:
    then = reference(np.random.default_rng(1).normal(size=1_000))
    values = np.random.default_rng(2).normal(size=1_000)
    values[:500] = np.nan
    found = spread("x", then, values)
    assert found.verdict == "drifted"
    assert (found.missing_then, found.missing_now) == (0.0, 0.5)
    assert found.ks < 0.1  # what is there lies as before


def test_an_input_that_vanished_and_one_that_never_was() -> None:
    then = reference(np.random.default_rng(1).normal(size=1_000))
    assert spread("x", then, np.full(500, np.nan)).verdict == "drifted"
    never = reference(np.full(1_000, np.nan))
    assert spread("x", never, np.full(500, np.nan)).verdict == "steady"


def test_chance_alone_raises_nothing() -> None:
    """Samples of 120 pass the usual bound of 0.1 by chance, so it must not count for them."""
    random = np.random.default_rng(9)
    then = reference(random.normal(size=1_000))
    found = [spread("x", then, random.normal(size=120)) for _ in range(300)]
    assert np.mean([each.psi > drift.PSI_WATCH for each in found]) > 0.05
    assert sum(each.verdict != "steady" for each in found) <= 3


def test_too_few_are_not_compared() -> None:
    made = run(people=30, seed=8)
    found = compare(card(), {"alt": np.ones(50)}, made.predictions, made.predictions, made.outcomes, repeats=5)
    assert found.verdict == "too_few"
    assert all(each.observed_expected is None for each in found.calibration)


@pytest.mark.parametrize("came", [0, 8])
def test_events_that_were_said_and_did_not_come_are_drift(came: int) -> None:
    patient = np.arange(1_000)
    said = Predictions(patient=patient, landmark=np.zeros(1_000), horizon=np.full(1_000, 2.0), risk=np.full(1_000, 0.3))
    became = Outcomes(patient=patient, time=np.full(1_000, 2.5), status=np.zeros(1_000, dtype=np.int64))
    became.time[:came], became.status[:came] = 1.0, 1
    none = said.take(np.zeros(1_000, dtype=bool))
    found = compare(card(), {}, none, said, became, repeats=5)
    first, second = found.calibration
    assert (first.verdict, first.events, first.count, second.verdict) == ("drifted", came, 1_000, "too_few")
    assert first.observed_expected is not None
    exact = {0: (0.0, 3.689), 8: (3.454, 15.763)}[came]  # of the count: Garwood 1936, table; 300 were expected
    assert first.observed_expected.value == pytest.approx(came / 300)
    assert (first.observed_expected.low, first.observed_expected.high) == pytest.approx(
        (exact[0] / 300, exact[1] / 300), abs=1e-5
    )


def test_a_patient_told_often_is_expected_once() -> None:
    months = np.arange(10) / 12
    said = Predictions(
        patient=np.repeat(np.arange(60), 10), landmark=np.tile(months, 60), horizon=np.full(600, 2.0),
        risk=np.full(600, 0.3),
    )  # fmt: skip
    became = Outcomes(patient=np.arange(60), time=np.full(60, 4.0), status=np.zeros(60, dtype=np.int64))
    none = said.take(np.zeros(600, dtype=bool))
    assert {each.verdict for each in compare(card(), {}, none, said, became).calibration} == {"too_few"}


def test_nothing_to_judge_is_no_drift() -> None:
    made = run(people=40, seed=8)
    none = made.predictions.take(np.zeros(len(made.predictions), dtype=bool))
    found = compare(card(), {}, none, none, made.outcomes)
    assert (found.inputs, found.verdict) == ((), "too_few")


def test_every_bin_is_counted() -> None:
    values = np.array([-1.0, 0.0, 0.5, 1.0, 9.0, np.nan])
    assert (shares(values, np.array([0.0, 1.0])) * 6).tolist() == [2, 2, 1, 1]
