"""A recalibrated model is a model file of its own that says what it came from and how it did here."""

from dataclasses import replace
from datetime import date
from functools import cache

import numpy as np
import pytest

from tests.unit.forecast.test_card import DESCRIBED, run
from twin.forecast import calibrate
from twin.forecast.calibrate import CannotRecalibrate
from twin.forecast.card.build import build
from twin.forecast.card.markdown import markdown
from twin.forecast.drift import compare
from twin.forecast.evaluate.calibration import logit
from twin.forecast.evaluate.paired import brier_change
from twin.forecast.evaluate.rows import NotJudgeable, Outcomes, Predictions
from twin.forecast.model_file import ModelFile, from_bytes, to_bytes, versioned
from twin.forecast.recalibrate import Recalibrated, recalibrate

DAY = date(2026, 11, 23)


@cache
def model() -> ModelFile:
    card = build(DESCRIBED, run(people=800), repeats=30)
    return versioned(kind="hazards", spec={}, card=card, arrays={"weights": np.ones(2)}, made_on=DAY)


def said_here(people: int = 1_500, seed: int = 31) -> tuple[Predictions, Outcomes]:
    """What the model said here: half of what should have been said, on the odds."""
    made = run(people=people, seed=seed)
    said = made.predictions
    low = 1 / (1 + np.exp(-(logit(said.risk) - np.log(2))))
    return replace(said, risk=low), made.outcomes


@cache
def recalibrated() -> Recalibrated:
    return recalibrate(model(), *said_here(), {"alt": np.full(200, 40.0)}, made_on=DAY, repeats=30)


def test_the_new_model_is_another_version_and_loads_again() -> None:
    new = recalibrated().model
    assert new.version != model().version
    again = from_bytes(to_bytes(new))
    assert calibrate.from_arrays(again.arrays).intercept.tolist() == recalibrated().lines.intercept.tolist()
    assert again.arrays["weights"].tolist() == [1.0, 1.0]


def test_its_card_says_what_it_came_from_and_how_it_did() -> None:
    found = recalibrated()
    told = found.model.card["recalibration"]
    assert told["from"] == model().version
    assert told["before"]["observed_expected"]["value"] > 1.3
    assert told["after"]["observed_expected"]["value"] == pytest.approx(1, abs=0.05)
    assert found.is_better
    assert found.change.low < found.change.value < found.change.high < 0
    assert told["change"]["high"] == found.change.high
    shown = markdown(found.model.card, found.model.version)
    assert "Recalibrated on local data" in shown
    assert "The Brier score changed by -0.0" in shown
    answers = {row["item"]: row for row in found.model.card["tripod"]}
    assert "answer" in answers["24"]
    assert answers["18a"]["answer"] == "Declared: nobody paid"
    assert "not_reported" in {row["item"]: row for row in model().card["tripod"]}["24"]


def test_recalibrated_risks_have_not_drifted_against_their_new_card() -> None:
    later, outcomes = said_here(seed=32)
    before = compare(model().card, {}, later, later, outcomes, repeats=40)
    assert {each.verdict for each in before.calibration} == {"drifted"}
    lines = calibrate.from_arrays(recalibrated().model.arrays)
    moved = replace(later, risk=calibrate.apply(lines, later.risk, later.horizon))
    after = compare(recalibrated().model.card, {}, moved, moved, outcomes, repeats=40)
    assert "drifted" not in {each.verdict for each in (*after.calibration, *after.risks)}


def test_a_second_recalibration_builds_on_the_first() -> None:
    later, outcomes = said_here(seed=33)
    first = calibrate.from_arrays(recalibrated().model.arrays)
    moved = replace(later, risk=calibrate.apply(first, later.risk, later.horizon))
    again = recalibrate(recalibrated().model, moved, outcomes, {}, made_on=DAY, repeats=5)
    both = calibrate.from_arrays(again.model.arrays)
    np.testing.assert_allclose(
        calibrate.apply(both, later.risk, later.horizon),
        calibrate.apply(again.lines, moved.risk, moved.horizon),
        rtol=1e-9,
    )


def test_too_few_events_make_no_new_model() -> None:
    with pytest.raises(CannotRecalibrate):
        recalibrate(model(), *said_here(people=60), {}, made_on=DAY, repeats=5)


def test_lines_fitted_to_chance_are_not_called_better() -> None:
    """What the model said was right; the lines follow the sample, and the Brier score may fall a little with it."""
    changes = []
    for seed in range(8):
        made = run(people=500, seed=seed)
        found = recalibrate(model(), made.predictions, made.outcomes, {}, made_on=DAY, repeats=100)
        changes.append((found.change.value, found.is_better))
    assert not any(better for _, better in changes)
    assert max(abs(value) for value, _ in changes) < 0.01


def test_change_of_the_same_risks_is_none_and_of_other_rows_is_refused() -> None:
    said, outcomes = said_here(people=400)
    same = brier_change(said, said, outcomes, repeats=20)
    assert (same.value, same.low, same.high) == (0, 0, 0)
    with pytest.raises(NotJudgeable, match="not of the same rows"):
        brier_change(said, replace(said, horizon=said.horizon + 1), outcomes)
