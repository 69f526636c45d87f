"""What every score owes: known inputs, a findable value for each, one set of digits, and a source."""

import inspect

import numpy as np
import pytest

from twin.record.signal import signal
from twin.scores import SCORES, Score, calculate, evaluate
from twin.scores.base import Input

EVERY_SCORE = pytest.mark.parametrize("score", SCORES, ids=lambda score: score.key)


@EVERY_SCORE
def test_formula_takes_exactly_the_declared_inputs(score: Score) -> None:
    assert set(inspect.signature(score.formula).parameters) == {item.key for item in score.inputs}


@EVERY_SCORE
def test_score_names_its_source_and_review(score: Score) -> None:
    assert score.source
    assert score.reviewed


@EVERY_SCORE
def test_units_of_measured_inputs_belong_to_their_signal(score: Score) -> None:
    for item in score.inputs:
        if item.signal is not None:
            assert item.unit in signal(item.signal).conversions


@EVERY_SCORE
def test_a_missing_required_input_makes_the_answer_absent(score: Score) -> None:
    answer = calculate(score, {})
    assert answer.absent == "missing_input"


@EVERY_SCORE
def test_a_population_gets_the_digits_of_its_members_one_by_one(score: Score) -> None:
    rng = np.random.default_rng(20_261_122)
    people = {item.key: _sample(item, rng) for item in score.inputs}
    together = evaluate(score, people)
    for number in range(50):
        one = {key: value[number] if isinstance(value, np.ndarray) else value for key, value in people.items()}
        alone = evaluate(score, one)
        for key, values in together.items():
            np.testing.assert_array_equal(alone[key][0], values[number])


def _sample(item: Input, rng: np.random.Generator) -> object:
    if item.kind == "yes_no":
        return rng.integers(0, 2, 50).astype(float)
    if item.kind == "choice":
        meanings = list(item.choices.values())
        return rng.choice(meanings, 50) if isinstance(meanings[0], float) else meanings[0]
    low = max(item.population.low or 0.0, item.possible.low or 0.0) or 1.0
    high = min(item.population.high or 150.0, item.possible.high or 150.0)
    return rng.uniform(low, high, 50)
