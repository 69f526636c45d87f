"""The landmark hazard model against closed forms, a simulated truth and a slow oracle."""

import dataclasses

import numpy as np
import pytest

from twin.forecast.hazards.choose import Chosen, TooFewEvents, choose, cuts_for
from twin.forecast.hazards.design import matrix, owners, terms
from twin.forecast.hazards.model import BeyondHorizon, Cause, HazardModel, log_hazards, pulls, risk
from twin.forecast.hazards.newton import Penalty, Seen, fit, growth
from twin.forecast.hazards.rows import Looks, Rows
from twin.forecast.hazards.stored import from_arrays, to_arrays
from twin.forecast.hazards.weighing import weights


def _drawn(count: int = 3000, seed: int = 0) -> tuple[dict[str, np.ndarray], np.ndarray, np.ndarray]:
    """x with a log-linear effect of 0.8 on an event rate of 0.1 a year, a competing rate of 0.05, seen for 4 years."""
    rng = np.random.default_rng(seed)
    x, noise = rng.normal(size=count), rng.normal(size=count)
    event, other = rng.exponential(1 / (0.1 * np.exp(0.8 * x))), rng.exponential(1 / 0.05, count)
    time = np.minimum(np.minimum(event, other), 4.0)
    status = np.where(time == 4.0, 0, np.where(event < other, 1, 2))
    return {"x": x, "noise": noise}, time, status


def _rows(seed: int = 0, count: int = 3000) -> Rows:
    predictors, time, status = _drawn(count, seed)
    patient = np.arange(count)
    everybody = np.ones(count, dtype=bool)
    return Rows(predictors=predictors, patient=patient, fold=patient % 5, time=time, status=status, judges=everybody)


def test_a_known_hazard_is_found_again() -> None:
    predictors, time, status = _drawn(20_000)
    cuts = cuts_for([1.0, 3.0])
    chosen = terms(predictors)
    made = fit(
        matrix(chosen, predictors),
        Seen.of(time, status == 1, cuts),
        cuts,
        Penalty(strength=1, bends=1e4, fading=1e4),
    )
    intervals = len(cuts) - 1
    slope = made[intervals] / chosen[0].sd
    assert slope == pytest.approx(0.8, abs=0.05)
    assert abs(made[intervals + 1]) < 0.05  # noise has no effect
    assert np.exp(made[:intervals]) == pytest.approx(0.1, rel=0.2)  # some 1,200 events an interval


def test_the_gradient_is_nought_at_the_answer() -> None:
    predictors, time, status = _drawn()
    cuts = cuts_for([2.0])
    chosen, seen = terms(predictors), Seen.of(time, status == 1, cuts)
    laid = matrix(chosen, predictors)
    held = Penalty(strength=30.0)
    best = fit(laid, seen, cuts, held)
    elsewhere = fit(laid, seen, cuts, held, start=best + 0.3)
    assert elsewhere == pytest.approx(best, abs=1e-4)  # convex: one answer, whatever the start


def test_risk_is_the_cumulative_incidence_of_constant_hazards() -> None:
    cuts = np.array([0.0, 1.0, 2.0])
    event, other = np.log([0.3, 0.3]), np.log([0.2, 0.2])
    model = HazardModel(
        terms=(), cuts=cuts, growth=growth(cuts), event=Cause(theta=event, covariance=np.eye(2) * 0.01),
        competing=Cause(theta=other, covariance=np.eye(2) * 0.01),
    )  # fmt: skip
    found = risk(model, {"any": np.zeros(3)}, [0.5, 2.0])
    for column, years in enumerate((0.5, 2.0)):
        truth = 0.3 / 0.5 * (1 - np.exp(-0.5 * years))
        assert found.value[:, column] == pytest.approx(truth, rel=1e-12)
    assert (found.low < found.value).all() and (found.value < found.high).all()
    later = risk(model, {"any": np.zeros(1)}, [2.0], safe_for=np.array([1.5]))
    assert later.value[0, 0] == pytest.approx(0.6 * (1 - np.exp(-0.5 * 0.5)), rel=1e-12)
    safe = risk(model, {"any": np.zeros(1)}, [1.0], safe_for=np.array([1.5]))  # it can't come so soon
    assert safe.low[0, 0] == safe.value[0, 0] == safe.high[0, 0] == 0


def test_an_event_that_is_sure_has_an_interval_that_ends_at_one() -> None:
    cuts = np.array([0.0, 1.0])
    model = HazardModel(
        terms=(),
        cuts=cuts,
        growth=growth(cuts),
        event=Cause(theta=np.array([8.0]), covariance=np.eye(1)),
        competing=None,
    )
    found = risk(model, {"any": np.zeros(1)}, [1.0])
    assert 0 < found.low[0, 0] <= found.value[0, 0] <= found.high[0, 0] <= 1


def test_the_chosen_model_foretells_patients_left_out() -> None:
    rows = _rows()
    chosen = choose(rows, [1.0, 3.0])
    new, time, status = _drawn(4000, seed=5)
    told = risk(chosen.model, new, [3.0]).value[:, 0]
    came = (time <= 3) & (status == 1)
    assert told.mean() == pytest.approx(came.mean(), rel=0.1)
    ranks = np.argsort(np.argsort(told))
    auc = (ranks[came].mean() - (came.sum() - 1) / 2) / (~came).sum()
    assert auc > 0.70
    assert chosen.out_of_fold.shape == (3000, 2)
    for tried in chosen.tried.values():
        best = min(tried, key=lambda each: each.loss)
        counting = {each.weight for each in tried if each.weight > 0}
        assert sum(each.weight for each in tried) == pytest.approx(1.0)
        assert best.weight > 0 and len(counting) == 1  # all that count count alike


def test_what_repeats_others_is_held_apart_unless_that_costs() -> None:
    rows = _rows()
    rng = np.random.default_rng(1)
    copies = {f"copy {n}": rows.predictors["x"] + rng.normal(size=3000) for n in range(5)}
    repeated = dataclasses.replace(rows, predictors=dict(rows.predictors) | copies)
    held = choose(repeated, [3.0], Looks(summed=frozenset(repeated.predictors), apart=frozenset(copies)))
    assert all(each.is_apart for each in held.tried["event"] if each.weight > 0)
    added = pulls(held.model, repeated.predictors)
    assert all(np.abs(added[key]).mean() < 0.05 * np.abs(added["x"]).mean() for key in copies)

    only = Looks(summed=frozenset(rows.predictors), apart=frozenset({"x"}))  # nothing else tells anything
    needed = choose(rows, [3.0], only)
    assert not any(each.is_apart for each in needed.tried["event"] if each.weight > 0)


@pytest.mark.parametrize(("worse", "counts"), [(0.9, [True, True]), (1.1, [True, False])])
def test_penalties_within_one_standard_error_of_the_best_count_alike(worse: float, counts: list[bool]) -> None:
    losses = _losses(worse)
    assert (weights(losses, np.array([False, False])) == np.array(counts) / sum(counts)).all()


@pytest.mark.parametrize(("worse", "counts"), [(0.9, [False, True]), (1.1, [True, False])])
def test_what_repeats_is_let_go_for_more_than_one_standard_error(worse: float, counts: list[bool]) -> None:
    losses = _losses(worse)  # the second holds some predictors apart
    assert (weights(losses, np.array([False, True])) == np.array(counts)).all()


def _losses(worse: float, patients: int = 100) -> np.ndarray:
    """(2, P): the second's sum is `worse` standard errors of the difference above the first's."""
    swing = np.where(np.arange(patients) % 2, 1.0, -1.0)  # mean 0, SD 1: the sum has an error of sqrt(P)
    return np.stack((np.ones(patients), 1.0 + swing + worse * np.sqrt(patients) / patients))


def test_rows_that_do_not_judge_are_learnt_from_only() -> None:
    rows = _rows(count=2000)
    teaches = np.arange(2000) >= 1500
    turned = dataclasses.replace(
        rows,
        predictors={
            "x": np.where(teaches, -rows.predictors["x"], rows.predictors["x"])
        },  # they fare the other way round
        judges=~teaches,
    )
    chosen, alone = choose(turned, [3.0]), choose(turned.take(~teaches), [3.0])
    assert _pull(chosen) < 0.8 * _pull(alone)  # learnt from
    best = min(chosen.tried["event"], key=lambda each: each.loss)
    assert best.loss == pytest.approx(_loss(chosen, turned, turned.judges), rel=0.02)
    assert best.loss < _loss(chosen, turned, teaches)  # but not judged by


def _pull(chosen: Chosen) -> float:
    at = pulls(chosen.model, {"x": np.array([-1.0, 1.0])})["x"]
    return float(at[1] - at[0])


def _loss(chosen: Chosen, rows: Rows, which: np.ndarray) -> float:
    """The mean negative log likelihood of some rows by the whole model."""
    model, part = chosen.model, rows.take(which)
    seen = Seen.of(part.time, part.status == 1, model.cuts)
    return float(seen.loss(log_hazards(matrix(model.terms, part.predictors), model.event.theta, model.growth)).mean())


def test_where_judging_rows_have_too_few_events_all_judge() -> None:
    rows = _rows(count=2000)
    few = dataclasses.replace(rows, judges=np.arange(2000) < 10)
    assert choose(few, [3.0]).tried == choose(rows, [3.0]).tried


def test_what_competes_too_rarely_to_be_foretold_still_ends_the_wait() -> None:
    rows = _rows(count=150)
    others = np.flatnonzero(rows.status == 2)
    few = dataclasses.replace(rows, status=np.where(np.isin(np.arange(150), others[9:]), 0, rows.status))
    gone = dataclasses.replace(few, status=np.where(few.status == 2, 0, few.status))
    counted, ignored = choose(few, [3.0]), choose(gone, [3.0])
    assert counted.model.competing is not None and ignored.model.competing is None
    assert "competing" not in counted.tried  # nothing was chosen for it
    here = {"x": np.array([-1.0, 0.0, 1.0]), "noise": np.zeros(3)}
    beside, alone = risk(counted.model, here, [3.0]).value[:, 0], risk(ignored.model, here, [3.0]).value[:, 0]
    assert (beside < alone).all() and (beside > 0.9 * alone).all()
    assert (counted.out_of_fold < ignored.out_of_fold).all()
    hazard = np.exp(log_hazards(matrix(counted.model.terms, here), counted.model.competing.theta, counted.model.growth))
    assert hazard.mean(axis=0) @ np.diff(counted.model.cuts) / 3 == pytest.approx(
        9 / few.time.clip(0, 3).sum(), rel=0.15
    )
    assert hazard.max(axis=0) / hazard.min(axis=0) == pytest.approx(1.0, abs=0.05)  # nearly the same for everybody


def test_the_interval_holds_the_true_risk_beside_a_strong_competing_event() -> None:
    truth_x = np.array([-1.0, 0.0, 1.5])
    event, other = 0.1 * np.exp(0.8 * truth_x), 0.3 * np.exp(truth_x)
    truth = event / (event + other) * (1 - np.exp(-3 * (event + other)))
    held = np.zeros(3)
    for seed in range(20):
        rng = np.random.default_rng(seed)
        x = rng.normal(size=600)
        first = rng.exponential(1 / (0.1 * np.exp(0.8 * x)))
        second = rng.exponential(1 / (0.3 * np.exp(x)))
        time = np.minimum(np.minimum(first, second), 4.0)
        status = np.where(time == 4.0, 0, np.where(first < second, 1, 2))
        patient = np.arange(600)
        drawn = Rows(
            predictors={"x": x}, patient=patient, fold=patient % 5, time=time, status=status, judges=patient >= 0
        )
        model = choose(drawn, [3.0]).model
        found = risk(model, {"x": truth_x}, [3.0])
        held += (found.low[:, 0] <= truth) & (truth <= found.high[:, 0])
        assert model.competing is not None
        sure = dataclasses.replace(model.competing, covariance=np.zeros_like(model.competing.covariance))
        narrow = risk(dataclasses.replace(model, competing=sure), {"x": truth_x}, [3.0])
        assert (narrow.high - narrow.low < found.high - found.low).all()
    assert (held >= 16).all(), held  # of 20


def test_the_interval_of_a_risk_holds_the_true_one() -> None:
    truth_x = np.array([-1.0, 0.0, 1.0])
    rate = 0.1 * np.exp(0.8 * truth_x)
    truth = rate / (rate + 0.05) * (1 - np.exp(-(rate + 0.05) * 3))
    held = 0
    for seed in range(8):
        model = choose(_rows(seed=seed, count=1500), [3.0]).model
        found = risk(model, {"x": truth_x, "noise": np.zeros(3)}, [3.0])
        held += int(((found.low[:, 0] <= truth) & (truth <= found.high[:, 0])).sum())
    assert held >= 18  # of 24; the penalty pulls extremes a little to the mean


def test_a_row_alone_has_the_digits_of_the_batch() -> None:
    rows = _rows(count=800)
    model = choose(rows, [1.0, 2.0]).model
    whole = risk(model, rows.predictors, [1.0, 2.0])
    for row in (0, 17, 799):
        alone = risk(model, {key: values[row : row + 1] for key, values in rows.predictors.items()}, [1.0, 2.0])
        assert (alone.value[0] == whole.value[row]).all() and (alone.high[0] == whole.high[row]).all()


def test_a_model_is_the_same_after_it_was_stored() -> None:
    rows = _rows(count=800)
    rows.predictors["x"][:50] = np.nan  # type: ignore[index]
    model = choose(rows, [1.0, 2.0]).model
    again = from_arrays(*to_arrays(model))
    assert again.terms == model.terms
    assert (risk(again, rows.predictors, [2.0]).value == risk(model, rows.predictors, [2.0]).value).all()


def test_what_a_predictor_adds_is_nought_at_its_mean() -> None:
    rows = _rows(count=800)
    model = choose(rows, [2.0]).model
    added = pulls(model, rows.predictors)
    assert set(added) == {"x", "noise"}
    assert all(
        values == 0 for values in pulls(model, {term.key: np.array([term.mean]) for term in model.terms}).values()
    )
    assert np.abs(added["x"]).mean() > 5 * np.abs(added["noise"]).mean()


def test_missing_values_get_a_step_of_their_own() -> None:
    x = np.where(np.arange(100) % 4 == 0, np.nan, np.linspace(-1, 1, 100))
    chosen = terms({"x": x, "flat": np.ones(100)})
    assert [term.key for term in chosen] == ["x"]
    laid = matrix(chosen, {"x": x})
    assert owners(chosen)[:2] == ("x", "x")
    rare = {f"{count} have it": (np.arange(100) < count).astype(float) for count in (1, 9, 10, 90, 91)}
    assert [term.key for term in terms(rare)] == ["10 have it", "90 have it"]
    assert (laid.steps[:, 0] == np.isnan(x)).all()
    assert (laid.lines[np.isnan(x)] == 0).all()


def test_too_few_events_make_no_model() -> None:
    rows = _rows(count=30)
    with pytest.raises(TooFewEvents, match="10 are needed"):
        choose(rows, [1.0])


def test_a_horizon_past_the_last_interval_is_refused() -> None:
    model = choose(_rows(count=800), [2.0]).model
    with pytest.raises(BeyondHorizon, match="2 years"):
        risk(model, _drawn(10)[0], [3.0])
