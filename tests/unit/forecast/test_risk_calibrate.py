import numpy as np
import pytest

from twin.forecast import calibrate
from twin.forecast.calibrate import CannotRecalibrate, Recalibration
from twin.forecast.evaluate.calibration import logit
from twin.forecast.evaluate.measures import evaluate
from twin.forecast.evaluate.rows import Outcomes, Predictions


def wrong_by(intercept: float, slope: float, people: int = 4_000, seed: int = 2) -> tuple[Predictions, Outcomes]:
    """Patients whose true risks in two years are those said, moved on the logit; half are censored late."""
    random = np.random.default_rng(seed)
    said = random.uniform(0.02, 0.8, people)
    true = 1 / (1 + np.exp(-(intercept + slope * logit(said))))
    event = random.random(people) < true
    time = np.where(event, random.uniform(0.01, 2.0, people), random.uniform(1.5, 4.0, people))
    patient = np.arange(people)
    outcomes = Outcomes(patient=patient, time=time, status=event.astype(np.int64))
    return Predictions(patient=patient, landmark=np.zeros(people), horizon=np.full(people, 2.0), risk=said), outcomes


def lines() -> Recalibration:
    return Recalibration(
        horizons=np.array([2.0, 5.0]),
        intercept=np.array([-0.4, 0.2]),
        slope=np.array([0.8, 1.3]),
        events=np.array([120, 300]),
    )


def test_the_line_by_which_risks_are_wrong_is_found() -> None:
    predictions, outcomes = wrong_by(-0.6, 0.7)
    found = calibrate.fit(predictions, outcomes)
    # early events are all seen, late censorings are not: the weights put that right
    assert found.intercept[0] == pytest.approx(-0.6, abs=0.12)
    assert found.slope[0] == pytest.approx(0.7, abs=0.1)
    assert found.events[0] > 500


def test_recalibrated_risks_come_true_in_patients_the_line_was_not_fitted_on() -> None:
    predictions, outcomes = wrong_by(-0.9, 0.6)
    before = evaluate(predictions, outcomes, repeats=2).mean
    after = evaluate(calibrate.out_of_fold(predictions, outcomes), outcomes, repeats=2).mean
    assert before["ici"].value > 0.08
    assert after["ici"].value < 0.025
    assert after["slope"].value == pytest.approx(1, abs=0.08)


@pytest.mark.parametrize(("intercept", "slope", "helps"), [(0.0, 1.0, False), (-0.6, 1.0, True), (0.0, 0.6, True)])
def test_lines_help_where_risks_do_not_come_true(intercept: float, slope: float, helps: bool) -> None:
    told, outcomes = wrong_by(intercept, slope)
    assert calibrate.helps(told, calibrate.out_of_fold(told, outcomes), outcomes) is helps


def test_risks_that_are_as_they_were_are_not_helped() -> None:
    told, outcomes = wrong_by(-0.6, 1.0, people=300)
    assert not calibrate.helps(told, told, outcomes)


def test_with_few_events_only_the_intercept_moves() -> None:
    predictions, outcomes = wrong_by(-0.6, 0.7, people=150)
    found = calibrate.fit(predictions, outcomes)
    assert calibrate.EVENTS_FOR_INTERCEPT <= found.events[0] < calibrate.EVENTS_FOR_SLOPE
    assert found.slope[0] == 1
    assert found.intercept[0] < 0


@pytest.mark.parametrize("people", [30, 0])
def test_fewer_than_twenty_events_are_refused(people: int) -> None:
    predictions, outcomes = wrong_by(-0.6, 0.7, people=people)
    with pytest.raises(CannotRecalibrate):
        calibrate.fit(predictions, outcomes)


def test_many_rows_of_a_few_patients_do_not_count_as_many_events() -> None:
    predictions, outcomes = wrong_by(0.0, 1.0, people=40)
    landmarks = np.arange(20) * 1e-5  # years: twenty landmarks on one morning
    rows = Predictions(
        patient=np.tile(predictions.patient, 20),
        landmark=np.repeat(landmarks, 40),
        horizon=np.tile(predictions.horizon, 20),
        risk=np.tile(predictions.risk, 20),
    )
    with pytest.raises(CannotRecalibrate, match="patients with the event"):
        calibrate.fit(rows, outcomes)


def test_a_model_that_ranks_backwards_is_refused() -> None:
    with pytest.raises(CannotRecalibrate, match="ranks wrongly"):
        calibrate.fit(*wrong_by(0.0, -0.7))


def test_without_a_line_nothing_changes() -> None:
    risk = np.array([0.0, 0.3, 1.0])
    assert calibrate.apply(calibrate.NONE, risk, np.ones(3)).tolist() == risk.tolist()
    assert calibrate.from_arrays({"weights": np.ones(3)}) is calibrate.NONE


def test_the_order_of_patients_is_kept() -> None:
    risk = np.sort(np.random.default_rng(1).random(1_000))
    for horizon in (1.0, 2.0, 3.3, 5.0, 9.0):
        assert np.all(np.diff(calibrate.apply(lines(), risk, np.full(1_000, horizon))) > 0)


def test_a_patient_gets_the_same_digits_alone_in_a_batch_and_in_any_order() -> None:
    random = np.random.default_rng(7)
    risk, horizon = random.random(257), random.uniform(0.5, 7, 257)
    batch = calibrate.apply(lines(), risk, horizon)
    alone = [calibrate.apply(lines(), risk[[row]], horizon[[row]])[0] for row in range(257)]
    turned = calibrate.apply(lines(), risk[::-1], horizon[::-1])[::-1]
    assert batch.tolist() == alone == turned.tolist()


def test_a_later_horizon_never_has_a_lower_risk() -> None:
    crossing = Recalibration(
        horizons=np.array([2.0, 5.0]),
        intercept=np.array([1.0, -1.0]),
        slope=np.array([1.0, 1.0]),
        events=np.array([100, 100]),
    )
    risk = np.sort(np.random.default_rng(3).random((50, 2)), axis=1)
    moved = calibrate.apply_to_curves(crossing, risk, np.array([2.0, 5.0]))
    assert (np.diff(moved, axis=1) >= 0).all()


def test_two_lines_one_after_the_other_are_one() -> None:
    then = Recalibration(
        horizons=np.array([2.0, 5.0]),
        intercept=np.array([0.3, -0.1]),
        slope=np.array([1.1, 0.9]),
        events=np.array([30, 40]),
    )
    risk, horizon = np.array([0.01, 0.4, 0.9]), np.array([2.0, 5.0, 2.0])
    twice = calibrate.apply(then, calibrate.apply(lines(), risk, horizon), horizon)
    once = calibrate.apply(calibrate.chained(lines(), then), risk, horizon)
    np.testing.assert_allclose(once, twice, rtol=1e-12)
    assert calibrate.chained(calibrate.NONE, then) is then


def test_lines_come_back_from_the_arrays_of_a_model_file() -> None:
    again = calibrate.from_arrays({"weights": np.ones(2), **calibrate.to_arrays(lines())})
    for name in ("horizons", "intercept", "slope", "events"):
        np.testing.assert_array_equal(getattr(again, name), getattr(lines(), name))
