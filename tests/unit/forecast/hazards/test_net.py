"""The net beside the sum: what it may see, what it adds, how sure it is."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from twin.forecast.hazards import learn, net
from twin.forecast.hazards.choose import Chosen, choose, cuts_for
from twin.forecast.hazards.design import matrix
from twin.forecast.hazards.interval import Told, interval
from twin.forecast.hazards.model import HazardModel, log_hazards, pulls, risk
from twin.forecast.hazards.rows import Looks, Rows
from twin.forecast.hazards.stored import from_arrays, to_arrays
from twin.forecast.hazards.weighing import preferred

BOTH = frozenset({"x", "z"})
LOOKS = Looks(summed=BOTH, nets=(BOTH,))


def crossed(count: int = 900, seed: int = 0) -> Rows:
    """An event whose log hazard is the product of two predictors: no sum of terms can tell it."""
    rng = np.random.default_rng(seed)
    x, z = rng.normal(size=count), rng.normal(size=count)
    event, other = rng.exponential(1 / (0.15 * np.exp(1.2 * x * z))), rng.exponential(1 / 0.05, count)
    time = np.minimum(np.minimum(event, other), 4.0)
    return Rows(
        predictors={"x": np.where(rng.random(count) < 0.05, np.nan, x), "z": z},
        patient=np.arange(count),
        fold=np.arange(count) % 5,
        time=time,
        status=np.where(time == 4.0, 0, np.where(event < other, 1, 2)),
        judges=np.ones(count, dtype=bool),
    )


@pytest.fixture(scope="module")
def chosen() -> Chosen:
    return choose(crossed(), [1.0, 3.0], LOOKS)


def test_it_tells_what_no_sum_of_terms_can(chosen: Chosen) -> None:
    beside = chosen.beside["event"]
    assert beside.net == 0 and beside.losses[0] < beside.losses[1] - 0.005
    alike, apart = {"x": np.array([1.5]), "z": np.array([1.5])}, {"x": np.array([1.5]), "z": np.array([-1.5])}
    assert risk(chosen.model, alike, [3.0]).value[0, 0] > 1.25 * risk(chosen.model, apart, [3.0]).value[0, 0]


def test_the_log_hazard_is_the_mean_of_sum_and_net(chosen: Chosen) -> None:
    model, known = chosen.model, crossed().predictors
    sure = replace(model, competing=None)
    assert model.event.net is not None
    summed = log_hazards(matrix(model.terms, known), model.event.theta, model.growth)
    beside, _ = net.log_hazards(model.event.net, known)
    years = np.clip(np.minimum(model.cuts[1:], 3.0) - model.cuts[:-1], 0, None)
    cumulative = (np.exp((summed + beside) / 2) * years).sum(axis=1)
    assert risk(sure, known, [3.0]).value[:, 0] == pytest.approx(-np.expm1(-cumulative), rel=1e-12)


def test_a_net_for_patients_left_out_never_saw_what_became_of_them() -> None:
    rows, cuts = crossed(), cuts_for([3.0])
    mine = rows.fold == 3
    turned = replace(rows, time=np.where(mine, 0.5, rows.time), status=np.where(mine, 1, rows.status))
    before, after = (learn.left_out(each, BOTH, cuts, 1) for each in (rows, turned))
    assert before is not None and after is not None
    assert (after[mine] == before[mine]).all()
    assert (after[~mine, 0] > before[~mine, 0]).mean() > 0.9  # the nets of the others learn of it


def test_a_fit_is_the_same_again_and_leaves_the_dice_of_others_alone(chosen: Chosen) -> None:
    torch.manual_seed(7)
    before = torch.get_rng_state()
    again = choose(crossed(), [1.0, 3.0], LOOKS)
    assert torch.equal(torch.get_rng_state(), before)
    assert (again.out_of_fold == chosen.out_of_fold).all()
    assert again.model.event.net is not None and chosen.model.event.net is not None
    assert (again.model.event.net.last == chosen.model.event.net.last).all()


def test_a_row_alone_has_the_digits_of_the_batch(chosen: Chosen) -> None:
    known = crossed(400, seed=4).predictors
    whole, added = risk(chosen.model, known, [1.0, 3.0]), pulls(chosen.model, known)
    order = np.random.default_rng(0).permutation(400)
    turned = risk(chosen.model, {key: values[order] for key, values in known.items()}, [1.0, 3.0])
    for name in ("value", "low", "high"):
        assert (getattr(turned, name) == getattr(whole, name)[order]).all()
    for row in (0, 11, 399):
        one = {key: values[row : row + 1] for key, values in known.items()}
        alone = risk(chosen.model, one, [1.0, 3.0])
        assert (alone.value[0] == whole.value[row]).all() and (alone.high[0] == whole.high[row]).all()
        assert all(values[0] == added[key][row] for key, values in pulls(chosen.model, one).items())


def test_what_predictors_add_sums_to_the_way_from_the_average_patient(chosen: Chosen) -> None:
    own, known = _net(chosen.model), crossed(50, seed=2).predictors
    told, _ = net.log_hazards(own, known)
    average, _ = net.log_hazards(own, {term.key: np.array([term.mean]) for term in own.terms})
    added = sum(net.pulls(own, known).values())
    assert added == pytest.approx((told - average).mean(axis=1), abs=1e-9)
    nowhere = net.pulls(own, {term.key: np.array([term.mean]) for term in own.terms})
    assert all(abs(values[0]) < 1e-9 for values in nowhere.values())


def test_a_model_with_a_net_is_the_same_after_it_was_stored(chosen: Chosen) -> None:
    known = crossed(300, seed=5).predictors
    again = from_arrays(*to_arrays(chosen.model))
    assert _net(again).terms == _net(chosen.model).terms
    for name in ("value", "low", "high"):
        assert (getattr(risk(again, known, [2.0]), name) == getattr(risk(chosen.model, known, [2.0]), name)).all()


def test_its_uncertainty_is_the_jackknife_of_its_parts() -> None:
    off = np.array([[[-0.2]], [[-0.1]], [[0.0]], [[0.1]], [[0.2]]])
    laid = matrix((), {"any": np.zeros(1)})
    told = Told(hazard=np.array([[0.3]]), covariance=np.array([[0.04]]), off=off)
    value = np.array([-np.expm1(-0.3)])
    low, high = interval(laid, np.zeros(1), [told], np.ones((1, 1)), value)
    sd = (0.2 + np.sqrt(4 / 5 * 0.1)) / 2  # log cumulative hazard: half of each, their errors going together
    assert high[0] == pytest.approx(-np.expm1(-0.3 * np.exp(1.959963984540054 * sd)), rel=1e-9)
    assert low[0] == pytest.approx(-np.expm1(-0.3 / np.exp(1.959963984540054 * sd)), rel=1e-9)


@pytest.mark.parametrize(("worse", "place"), [(-0.9, 0), (-1.1, 2)])
def test_the_sum_stands_alone_only_where_it_is_better_by_more_than_one_error(worse: float, place: int) -> None:
    swing = np.where(np.arange(100) % 2, 1.0, -1.0)  # mean 0, SD 1: the sum has an error of 10
    lean, full, summed = np.ones(100), np.ones(100), 1.0 + swing + worse * 10 / 100
    assert preferred(np.stack((lean, full, summed))) == place


def test_where_a_fifth_of_the_patients_has_no_row_that_judges_there_is_no_net() -> None:
    rows = crossed(400)
    few = replace(rows, judges=rows.fold != 2)
    assert not learn.can_learn(few)
    made = choose(few, [3.0], LOOKS)
    assert made.model.event.net is None and made.beside["event"].net is None and len(made.beside["event"].losses) == 1


def test_a_net_of_what_never_varies_is_none() -> None:
    rows = replace(crossed(300), predictors={"flat": np.ones(300)})
    cuts = cuts_for([3.0])
    assert learn.whole(rows, frozenset({"flat"}), cuts, 1) is None
    assert learn.left_out(rows, frozenset({"flat"}), cuts, 1) is None


def _net(model: HazardModel) -> net.Net:
    assert model.event.net is not None
    return model.event.net
