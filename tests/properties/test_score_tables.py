"""A population's scores against the same people one by one: every formula, whole and broken inputs, any row order."""

import random
from collections.abc import Callable

import numpy as np
import pytest

from twin.answering import everything
from twin.record.signal import signal
from twin.scores import Score, answer_table, calculate
from twin.scores.base import Input

SEED = 20_261_123
PEOPLE = 61  # odd, so that no number of lanes of a processor divides it
EVERY_FORMULA = pytest.mark.parametrize("score", everything(), ids=lambda score: score.key)


@EVERY_FORMULA
def test_a_table_gives_everybody_what_they_get_alone(score: Score) -> None:
    people = _people(score, random.Random(SEED))
    _agree(score, people)


@EVERY_FORMULA
def test_broken_and_missing_inputs_are_refused_in_a_table_as_alone(score: Score) -> None:
    draw = random.Random(SEED + 1)
    people = _people(score, draw)
    for person in people:
        for item in draw.sample(score.inputs, k=min(2, len(score.inputs))):
            person[item.key] = draw.choice([None, -1, 0, 1e9, "40", "no such code", True, 2.5, float("inf")])
    _agree(score, people)


@EVERY_FORMULA
def test_row_order_changes_no_digit(score: Score) -> None:
    people = _people(score, random.Random(SEED + 2))
    order = list(range(PEOPLE))
    random.Random(SEED + 3).shuffle(order)
    straight = answer_table(score, _columns(score, people))
    shuffled = answer_table(score, _columns(score, [people[number] for number in order]))
    for key, values in straight.outputs.items():
        np.testing.assert_array_equal(values[order], shuffled.outputs[key])
    assert list(straight.absent[order]) == list(shuffled.absent)


def _agree(score: Score, people: list[dict[str, object]]) -> None:
    together = answer_table(score, _columns(score, people))
    for number, person in enumerate(people):
        alone = calculate(score, person)
        assert together.absent[number] == alone.absent, person
        assert bool(together.caution[number]) is alone.caution, person
        in_table = {key: values[number] for key, values in together.outputs.items() if np.isfinite(values[number])}
        assert in_table == dict(alone.outputs), person


def _columns(score: Score, people: list[dict[str, object]]) -> dict[str, object]:
    return {item.key: [person[item.key] for person in people] for item in score.inputs}


def _people(score: Score, draw: random.Random) -> list[dict[str, object]]:
    return [{item.key: _value(item, draw) for item in score.inputs} for _ in range(PEOPLE)]


def _value(item: Input, draw: random.Random) -> object:
    if item.optional and draw.random() < 0.3:
        return None
    kinds: dict[str, Callable[[], object]] = {
        "yes_no": lambda: draw.choice([0, 1, True, False]),
        "choice": lambda: draw.choice(list(item.choices)),
        "codes": lambda: draw.sample(list(item.choices), k=draw.randrange(5)),
        "number": lambda: _number(item, draw),
    }
    return kinds[item.kind]()


def _number(item: Input, draw: random.Random) -> float:
    """Mostly where the score is defined, a tenth a little outside."""
    low, high = _ends(item)
    margin = 0.05 * (high - low)
    value = draw.uniform(low - margin, high + margin)
    return float(round(value)) if item.whole or draw.random() < 0.5 else value


def _ends(item: Input) -> tuple[float, float]:
    lows = [each.low for each in (item.possible, item.population, item.validated) if each.low is not None]
    highs = [each.high for each in (item.possible, item.population, item.validated) if each.high is not None]
    if item.signal is not None:
        reference = signal(item.signal).reference["male"]
        linear = signal(item.signal).conversions[item.unit]
        lows += [(end - linear.offset) / linear.factor for end in reference[:1] if end is not None]
        highs += [3 * (end - linear.offset) / linear.factor for end in reference[1:] if end is not None]
    low, high = max(lows, default=0.0), min(highs, default=100.0)
    return (low, high) if low < high else (low, low + 50)
