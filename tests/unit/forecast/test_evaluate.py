"""The measures against plain loops on small data, and against the cohorts' own scoring script."""

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest

from twin.forecast.evaluate.benefit import net_benefit, net_benefit_of_all
from twin.forecast.evaluate.calibration import recalibration
from twin.forecast.evaluate.cells import Cell, cells, known
from twin.forecast.evaluate.discrimination import auc
from twin.forecast.evaluate.measures import MEASURES, evaluate
from twin.forecast.evaluate.rows import NotJudgeable, Outcomes, Predictions, outcomes_of, predictions_of
from twin.forecast.evaluate.share import effective, share, wilson


def simulated(seed: int = 3, people: int = 400) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Patients with a constant hazard of event and of competing event, censored at random; risks a little too high."""
    random = np.random.default_rng(seed)
    hazard = np.exp(random.normal(-2.6, 0.9, people))
    event, competing = random.exponential(1 / hazard), random.exponential(30.0, people)
    censored = random.uniform(1.0, 12.0, people)
    time = np.round(np.minimum.reduce([event, competing, censored]) + 1e-3, 3)
    status = np.where(event <= np.minimum(competing, censored), 1, np.where(competing <= censored, 2, 0))
    outcomes = pd.DataFrame({"patient_id": np.arange(people) * 3 + 7, "time": time, "status": status})
    rows = []
    for landmark in (0.0, 1.0, 2.5):
        for horizon in (2.0, 5.0):
            alive = time > landmark
            risk = np.clip(1 - np.exp(-1.3 * horizon * hazard), 0, 0.999)
            rows.append(
                pd.DataFrame(
                    {
                        "patient_id": outcomes.patient_id[alive],
                        "landmark_time": landmark,
                        "horizon": horizon,
                        "risk": np.round(risk[alive], 2),  # ties
                    }
                )
            )
    return pd.concat(rows, ignore_index=True), outcomes


def one_cell(seed: int = 3) -> Cell:
    predictions, outcomes = simulated(seed)
    return next(cells(predictions_of(predictions), outcomes_of(outcomes)))


def test_weights_are_those_counted_by_hand() -> None:
    # Five patients: an event at 1, censored at 2, a competing event at 3, a death and a censoring beyond the horizon 4.
    left, status = np.array([1.0, 2.0, 3.0, 5.0, 6.0]), np.array([1, 0, 2, 1, 0])
    event, weight = known(left, status, 4.0)
    assert event.tolist() == [1, 0, 0, 0, 0]
    # One of four under observation at 2 is censored: those known later stand for 4/3.
    np.testing.assert_allclose(weight, [1, 0, 4 / 3, 4 / 3, 4 / 3], rtol=1e-12)


def test_who_has_an_event_and_a_censoring_on_one_day_was_under_observation() -> None:
    left, status = np.array([1.0, 1.0, 2.0, 3.0]), np.array([0, 1, 1, 1])
    np.testing.assert_allclose(known(left, status, 2.5)[1], [0, 1, 4 / 3, 4 / 3], rtol=1e-12)


def test_auc_is_the_share_of_weighted_pairs_in_order() -> None:
    cell = one_cell()
    won = total = 0.0
    for case in np.flatnonzero(cell.event == 1):
        for control in np.flatnonzero(cell.event == 0):
            pair = cell.weight[case] * cell.weight[control]
            total += pair
            won += pair * (np.sign(cell.risk[case] - cell.risk[control]) + 1) / 2
    assert auc(cell)(cell.weight[None])[0] == pytest.approx(won / total, abs=1e-12)


def test_net_benefit_is_counted_by_hand() -> None:
    cell = Cell(
        landmark=0.0,
        horizon=1.0,
        patient=np.arange(5),
        event=np.array([1.0, 1.0, 0.0, 0.0, 0.0]),
        weight=np.ones(5),
        risk=np.array([0.6, 0.1, 0.3, 0.2, 0.05]),
    )
    weights = cell.weight[None]
    assert net_benefit(cell, weights, 0.2)[0] == pytest.approx(1 / 5 - 2 / 5 * 0.25)
    assert net_benefit_of_all(cell, weights, 0.2)[0] == pytest.approx(2 / 5 - 3 / 5 * 0.25)


def test_slope_and_intercept_are_where_the_likelihood_is_flat() -> None:
    random = np.random.default_rng(11)
    x = random.normal(-1, 1.2, 3_000)
    event = (random.random(3_000) < 1 / (1 + np.exp(-(0.4 + 0.7 * x)))).astype(float)
    weight = random.uniform(0.5, 2.0, (2, 3_000))
    a, b = recalibration(x, event, weight, is_slope_free=True)
    for row in range(2):
        wrong = weight[row] * (event - 1 / (1 + np.exp(-(a[row] + b[row] * x))))
        np.testing.assert_allclose([wrong.sum(), wrong @ x], 0, atol=1e-8)
    np.testing.assert_allclose(a, 0.4, atol=0.15)
    np.testing.assert_allclose(b, 0.7, atol=0.15)
    shift, one = recalibration(x, event, weight, is_slope_free=False)
    assert (one == 1).all()
    np.testing.assert_allclose((weight * (event - 1 / (1 + np.exp(-(shift[:, None] + x))))).sum(axis=1), 0, atol=1e-8)


def test_neighbours_taken_together_move_the_line_by_next_to_nothing() -> None:
    random = np.random.default_rng(12)
    x = random.normal(-1, 1.2, 30_000)
    event = (random.random(30_000) < 1 / (1 + np.exp(-(0.4 + 0.7 * x)))).astype(float)
    a, b = recalibration(x, event, np.ones((1, 30_000)), is_slope_free=True)
    wrong = event - 1 / (1 + np.exp(-(a[0] + b[0] * x)))
    curvature = event.mean() * (1 - event.mean()) * 30_000
    assert abs(wrong.sum()) / curvature < 1e-4  # the Newton step that the exact answer is away
    assert abs(wrong @ x) / curvature < 1e-4


def test_separated_data_have_no_slope() -> None:
    x = np.array([-2.0, -1.0, 1.0, 2.0])
    assert np.isnan(recalibration(x, (x > 0).astype(float), np.ones((1, 4)), is_slope_free=True)[1]).all()


def test_true_risks_are_calibrated_and_halved_ones_are_not() -> None:
    random = np.random.default_rng(1)
    people = 6_000
    risk = random.uniform(0.02, 0.7, people)
    time = np.where(random.random(people) < risk, random.uniform(0.01, 1, people), 2.0)
    outcomes = Outcomes(patient=np.arange(people), time=time, status=(time <= 1).astype(np.int64))

    def judged(said: np.ndarray) -> dict[str, float]:
        rows = Predictions(patient=np.arange(people), landmark=np.zeros(people), horizon=np.ones(people), risk=said)
        figures = evaluate(rows, outcomes, repeats=2).mean
        return {name: one.value for name, one in figures.items()}

    right, halved = judged(risk), judged(risk / 2)
    assert right["ici"] < 0.02
    assert right["slope"] == pytest.approx(1, abs=0.08)
    assert right["intercept"] == pytest.approx(0, abs=0.08)
    assert right["observed_expected"] == pytest.approx(1, abs=0.05)
    assert halved["ici"] == pytest.approx(0.18, abs=0.03)
    assert halved["observed_expected"] == pytest.approx(2, abs=0.1)
    assert halved["auc"] == right["auc"]


def test_intervals_hold_the_value_and_cover_the_truth() -> None:
    """The mean AUC of many simulated cohorts lies within the 95 % intervals of most of them."""
    found = [evaluate(*judgeable(seed), repeats=50).mean["auc"] for seed in range(20)]
    truth = np.mean([one.value for one in found])
    assert all(one.low <= one.value <= one.high for one in found)
    assert 16 <= sum(one.low <= truth <= one.high for one in found) <= 20


def test_the_interval_of_the_calibration_error_holds_the_value_though_resampling_bends_the_curve() -> None:
    for seed in range(6):
        found = evaluate(*judgeable(seed), repeats=50)
        for one in (found.mean["ici"], *(cell.figures["ici"] for cell in found.cells)):
            assert 0 <= one.low <= one.value <= one.high


def judgeable(seed: int) -> tuple[Predictions, Outcomes]:
    predictions, outcomes = simulated(seed, people=250)
    return predictions_of(predictions), outcomes_of(outcomes)


def test_rows_in_another_order_are_judged_the_same() -> None:
    predictions, outcomes = simulated()
    turned = predictions.sample(frac=1, random_state=4)
    straight = evaluate(predictions_of(predictions), outcomes_of(outcomes), repeats=20)
    shuffled = evaluate(predictions_of(turned), outcomes_of(outcomes[::-1]), repeats=20)
    for name in MEASURES:
        one, other = straight.mean[name], shuffled.mean[name]
        np.testing.assert_allclose([one.value, one.low, one.high], [other.value, other.low, other.high], rtol=1e-9)


def test_the_points_hold_everybody_and_rise() -> None:
    for cell in evaluate(*judgeable(8), repeats=5).cells:
        assert sum(point.count for point in cell.points) == cell.count
        assert np.all(np.diff([point.expected for point in cell.points]) > 0)
        assert all(point.observed.low <= point.observed.value <= point.observed.high for point in cell.points)


def _cell_of(event: list[float], patient: list[int], weight: list[float]) -> Cell:
    return Cell(
        landmark=0.0,
        horizon=1.0,
        patient=np.array(patient),
        event=np.array(event),
        weight=np.array(weight),
        risk=np.full(len(event), 0.1),
    )


def test_a_group_without_an_event_is_not_sure_to_have_none() -> None:
    cell = _cell_of([0.0] * 50, list(range(50)), [1.0] * 50)
    found = share(cell, np.arange(50), np.zeros(21))
    assert (found.value, found.low) == (0, 0)
    assert found.high == pytest.approx(1.959964**2 / (50 + 1.959964**2))
    everybody = share(_cell_of([1.0] * 50, list(range(50)), [1.0] * 50), np.arange(50), np.ones(21))
    assert (everybody.low, everybody.high) == (pytest.approx(1 - found.high), 1)


def test_rows_of_one_patient_make_no_more_patients() -> None:
    ten = _cell_of([0.0] * 10, list(range(10)), [1.0] * 10)
    repeated = _cell_of([0.0] * 50, [each % 10 for each in range(50)], [1.0] * 50)
    unequal = _cell_of([0.0] * 10, list(range(10)), [1.0] * 9 + [9.0])
    assert effective(ten, np.arange(10)) == effective(repeated, np.arange(50)) == pytest.approx(10)
    assert effective(unequal, np.arange(10)) == pytest.approx(18**2 / 90)


def test_a_group_with_events_enough_keeps_its_bootstrap() -> None:
    drawn = np.append(0.5, np.linspace(0.3, 0.7, 200))
    cell = _cell_of([0.0, 1.0] * 5, list(range(10)), [1.0] * 10)
    found = share(cell, np.arange(10), drawn)
    assert (found.low, found.high) == (pytest.approx(0.31), pytest.approx(0.69))
    few = share(cell, np.arange(9), drawn)  # four with the event
    assert (few.low, few.high) == wilson(0.5, 9)


def test_an_interval_of_wilson_is_that_of_the_textbook() -> None:
    assert wilson(1 / 10, 10) == (pytest.approx(0.0179, abs=1e-4), pytest.approx(0.4042, abs=1e-4))
    for people in (1.0, 3.7, 1000.0):
        for part in (0.0, 0.01, 0.5, 1.0):
            low, high = wilson(part, people)
            assert 0 <= low <= part <= high <= 1 and low < high


def test_no_point_of_a_plot_has_an_interval_of_no_width() -> None:
    predictions, outcomes = simulated(people=300)
    found = evaluate(predictions_of(predictions), outcomes_of(outcomes), repeats=30)
    points = [point for cell in found.cells for point in cell.points]
    assert any(point.observed.value == 0 for point in points)
    assert all(point.observed.low < point.observed.high for point in points)


def test_a_cell_with_too_few_is_told_and_left_out() -> None:
    predictions, outcomes = simulated()
    late = predictions[predictions.landmark_time == 2.5].head(8).assign(landmark_time=0.5)
    judged = evaluate(predictions_of(pd.concat([predictions, late])), outcomes_of(outcomes), repeats=2)
    assert [(one.landmark, one.count) for one in judged.too_few] == [(0.5, 8)]
    assert len(judged.cells) == 6


@pytest.mark.parametrize(
    "change",
    [
        {"risk": 1.1},
        {"risk": float("nan")},
        {"landmark_time": float("inf")},
        {"horizon": 0.0},
        {"patient_id": 1},
        {"landmark_time": 100.0},
    ],
    ids=["above one", "no number", "never", "no horizon", "nobody", "after the end"],
)
def test_predictions_that_can_not_be_judged_are_refused(change: dict[str, float]) -> None:
    predictions, outcomes = simulated()
    predictions.loc[3, list(change)] = list(change.values())
    with pytest.raises(NotJudgeable):
        evaluate(predictions_of(predictions), outcomes_of(outcomes), repeats=2)


def test_a_row_that_is_there_twice_is_refused() -> None:
    predictions, outcomes = simulated()
    with pytest.raises(NotJudgeable, match="twice"):
        evaluate(predictions_of(pd.concat([predictions, predictions[:1]])), outcomes_of(outcomes), repeats=2)


def test_a_patient_with_two_outcomes_is_refused() -> None:
    _, outcomes = simulated()
    with pytest.raises(NotJudgeable, match="two outcomes"):
        outcomes_of(pd.concat([outcomes, outcomes[:1]]))


def test_no_events_are_not_judged() -> None:
    predictions, outcomes = simulated()
    with pytest.raises(NotJudgeable, match="nowhere"):
        evaluate(predictions_of(predictions), outcomes_of(outcomes.assign(status=0)), repeats=2)


@pytest.fixture(scope="module")
def script() -> Iterator[ModuleType]:
    path = Path(__file__).parents[4] / "shared" / "tools" / "score_cohort.py"
    spec = importlib.util.spec_from_file_location("score_cohort", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module


@pytest.mark.shared_data
@pytest.mark.parametrize(("cohort", "by_landmark"), [("nafld_death", True), ("aneur", False)])
def test_figures_and_intervals_are_those_of_the_scoring_script(
    script: ModuleType, cohort: str, by_landmark: bool
) -> None:
    predictions, outcomes = simulated(people=600)
    truth = outcomes.assign(endpoint=script.P[cohort]["endpoint"])
    expected = script.score_risk(cohort, truth, predictions, boot=60, seed=0)
    judged = evaluate(predictions_of(predictions), outcomes_of(outcomes), by_landmark=by_landmark, repeats=60, seed=0)
    assert judged.patients == expected["patients"]
    named = {"auc": "auc", "brier": "brier", "bss": "scaled_brier", "ici": "ici", "oe": "observed_expected"}
    for theirs, ours in named.items():
        assert judged.mean[ours].value == pytest.approx(expected["mean"][theirs], abs=1e-9)
        for cell, reference in zip(judged.cells, expected["cells"], strict=True):
            assert cell.figures[ours].value == pytest.approx(reference[theirs], abs=1e-9)
    for theirs in ("auc", "brier", "bss"):
        figure = judged.mean[named[theirs]]
        assert [figure.low, figure.high] == pytest.approx(expected["ci95"][theirs], abs=1e-9)
