"""What every formula owes: known inputs, a findable value for each, one set of digits, a source, and named refusals."""

import inspect
from math import inf, nan

import numpy as np
import pytest

from tests.score_examples import EXAMPLES
from twin.answering import everything, formula
from twin.answering.catalogue import entry, sentence
from twin.organs.rule_tables import score_or_table
from twin.record.codes.concepts import known_concepts
from twin.record.signal import signal
from twin.scores import SCORES, Score, calculate, evaluate
from twin.scores.base import Input, Where

EVERY_FORMULA = pytest.mark.parametrize("score", everything(), ids=lambda score: score.key)
INPUTS = [(score, item) for score in everything() for item in score.inputs]
NUMBERS = [(score, item) for score, item in INPUTS if item.kind == "number"]
EVERY_INPUT = pytest.mark.parametrize(("score", "item"), INPUTS, ids=lambda each: each.key)
EVERY_NUMBER = pytest.mark.parametrize(("score", "item"), NUMBERS, ids=lambda each: each.key)
# What may be below zero: scales around a mean, logarithms, HU
MAY_BE_NEGATIVE = {"prs", "mean", "z", "log_hr_per_sd", "peak_hu", "liver_hu"}
WITHOUT_A_TOP = {"cvi_pct", "cva_pct", "area_mm2", "days", "sd", "count"}
SITE_SETTINGS = {"north_america", "north", "urban", "score2_region", "bmi_bands"}


@EVERY_FORMULA
def test_formula_takes_exactly_the_declared_inputs(score: Score) -> None:
    assert set(inspect.signature(score.formula).parameters) == {item.key for item in score.inputs}


@EVERY_FORMULA
def test_source_and_review_are_named(score: Score) -> None:
    assert score.source
    assert score.reviewed


@EVERY_FORMULA
def test_a_whole_person_has_every_output_it_can_have_and_a_category_in_words(score: Score) -> None:
    answer = calculate(score, EXAMPLES[score.key])
    assert answer.absent is None
    assert answer.outputs.keys() <= {output.key for output in score.outputs}
    assert score.outputs[0].key in answer.outputs
    assert answer.category is None or answer.category
    assert answer.named.keys() == {output.key for output in score.outputs if output.names} & answer.outputs.keys()


@EVERY_FORMULA
def test_an_unverified_formula_says_so_where_it_is_listed(score: Score) -> None:
    assert entry(score)["verification"] == score.verification
    assert f"[{score.verification}]" in sentence(score)


@EVERY_FORMULA
def test_it_is_found_by_its_key(score: Score) -> None:
    assert formula(score.key) is score


@EVERY_FORMULA
def test_population_gets_the_digits_of_its_members_one_by_one(score: Score) -> None:
    rng = np.random.default_rng(20_261_122)
    people = {item.key: _sample(item, rng) for item in score.inputs}
    together = evaluate(score, people)
    for number in range(50):
        one = {key: value[number] if isinstance(value, np.ndarray) else value for key, value in people.items()}
        alone = evaluate(score, one)
        for key, values in together.items():
            np.testing.assert_array_equal(alone[key][0], values[number])


@EVERY_NUMBER
def test_units_of_measured_inputs_belong_to_their_signal(score: Score, item: Input) -> None:
    assert item.signal is None or item.unit in signal(item.signal).conversions


@EVERY_INPUT
def test_places_where_an_input_is_found_are_known(score: Score, item: Input) -> None:
    for where in item.find:
        assert _is_known(where, item), where


@EVERY_INPUT
def test_a_missing_input_is_named_where_it_is_required(score: Score, item: Input) -> None:
    person = {key: value for key, value in EXAMPLES[score.key].items() if key != item.key}
    for given in (person, person | {item.key: None}):
        answer = calculate(score, given)
        if not item.optional and item.default is None:
            assert (answer.absent, answer.detail, answer.outputs) == ("missing_input", item.key, {})
        elif item.default is not None:
            assert item.key in answer.assumed


@EVERY_NUMBER
def test_what_no_number_can_be_is_impossible(score: Score, item: Input) -> None:
    for value in (nan, inf, -inf, 10**400):
        answer = calculate(score, EXAMPLES[score.key] | {item.key: value})
        assert (answer.absent, answer.detail) == ("impossible_value", item.key)


@EVERY_NUMBER
def test_a_number_past_all_measure_gives_no_infinite_answer(score: Score, item: Input) -> None:
    answer = calculate(score, EXAMPLES[score.key] | {item.key: 1e300})
    assert answer.absent in ("impossible_value", "outside_population") or item.key in MAY_BE_NEGATIVE | WITHOUT_A_TOP
    assert all(np.isfinite(number) for number in answer.outputs.values())


@EVERY_INPUT
def test_what_is_no_value_of_this_kind_is_refused(score: Score, item: Input) -> None:
    wrong = ["40", [40], {}, "no such code"]
    wrong += {"number": ["", True], "codes": [40]}.get(item.kind, [""])  # an empty text is a list of no codes
    for value in wrong:
        answer = calculate(score, EXAMPLES[score.key] | {item.key: value})
        assert (answer.absent, answer.detail, answer.outputs, answer.category) == ("bad_code", item.key, {}, None)


@EVERY_NUMBER
def test_a_unit_of_another_kind_is_refused(score: Score, item: Input) -> None:
    person = {item.key: 1} | EXAMPLES[score.key]
    nothing = [] if item.unit == "1" else [""]  # no unit is the unit of a plain number
    for unit in ["furlong", "mol/[lb_av]", 5, ["mm"], "[degF]", *nothing]:
        answer = calculate(score, person, {item.key: unit})
        assert (answer.absent, answer.detail) == ("bad_unit", item.key)


@EVERY_NUMBER
def test_a_negative_number_is_impossible(score: Score, item: Input) -> None:
    answer = calculate(score, EXAMPLES[score.key] | {item.key: -1})
    if item.key not in MAY_BE_NEGATIVE:
        assert (answer.absent, answer.detail) == ("impossible_value", item.key)


@EVERY_NUMBER
def test_beyond_the_plausible_range_of_its_signal_a_value_is_impossible(score: Score, item: Input) -> None:
    if item.signal is None:
        return
    linear = signal(item.signal).conversions[item.unit]
    for end, step in zip(signal(item.signal).plausible, (-1, 1), strict=True):
        if end is not None:
            beyond = (end + step * (abs(end) * 1e-6 + 1e-6) - linear.offset) / linear.factor
            answer = calculate(score, EXAMPLES[score.key] | {item.key: beyond})
            assert (answer.absent, answer.detail) == ("impossible_value", item.key)


def test_published_equations_and_tables_are_found_in_one_place() -> None:
    for entry_ in everything():
        if entry_.key not in {"agatston_lesion", "vdt_diameter", "vdt_volume", "ct_pdff"}:
            assert score_or_table(entry_.key) is entry_


def test_keys_are_unique() -> None:
    keys = [score.key for score in everything()]
    assert len(keys) == len(set(keys))


def _is_known(where: Where, item: Input) -> bool:
    match where.kind:
        case "signal":
            return item.unit in signal(where.key).conversions and where.key == item.signal
        case "code":
            codes = set(where.output.split("|")) if where.output else set(signal(where.key).codes)
            return bool(codes) and codes <= set(signal(where.key).codes)
        case "concept":
            return where.key in known_concepts()
        case "concepts":
            return {concept for _, concept in where.among} <= known_concepts()
        case "score":
            return where.output in {
                output.key for score in SCORES if score.key == where.key for output in score.outputs
            }
        case "site":
            return where.key in SITE_SETTINGS
        case _:
            return True


def _sample(item: Input, rng: np.random.Generator) -> object:
    if item.kind == "yes_no":
        return rng.integers(0, 2, 50).astype(float)
    if item.kind == "codes":
        return rng.integers(0, 2 ** len(set(item.choices.values())), 50).astype(float)
    if item.kind == "choice":
        meanings = list(item.choices.values())
        return rng.choice(meanings, 50) if isinstance(meanings[0], float) else meanings[0]
    low = max(item.population.low or 0.0, item.possible.low or 0.0) or 1.0
    high = min(item.population.high or 150.0, item.possible.high or 150.0)
    values = rng.uniform(min(low, high), high, 50)
    return np.round(values) if item.whole else values
