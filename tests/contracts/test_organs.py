"""What every organ owes: known signals and scores, lines with a rule and a source, and texts in both languages."""

import ast
from pathlib import Path

import pytest

import twin.organs
from twin.forecast.motion import motions
from twin.organs import ORGANS, Organ
from twin.organs.base import Population, Threshold
from twin.organs.guideline import rules
from twin.record.signal import signal
from twin.scores import score
from twin.scores.gather import measured

EVERY_ORGAN = pytest.mark.parametrize("organ", ORGANS, ids=lambda organ: organ.key)
THRESHOLDS = [threshold for organ in ORGANS for threshold in organ.thresholds]
EVERY_THRESHOLD = pytest.mark.parametrize("threshold", THRESHOLDS, ids=lambda threshold: threshold.key)


@EVERY_ORGAN
def test_signals_are_known_and_can_be_followed(organ: Organ) -> None:
    for item in organ.signals:
        assert signal(item.key).unit
        assert item.key in motions()


@EVERY_ORGAN
def test_scores_have_the_outputs_that_are_shown(organ: Organ) -> None:
    for item in organ.scores:
        assert item.output in {output.key for output in score(item.key).outputs}


@EVERY_ORGAN
def test_measurements_of_its_scores_can_be_followed(organ: Organ) -> None:
    assert {key for item in organ.scores for key in measured(score(item.key))} <= set(motions())


@EVERY_ORGAN
def test_texts_are_there_in_both_languages(organ: Organ) -> None:
    texts = [organ.name, *(item.label for item in (*organ.signals, *organ.scores))]
    for threshold in organ.thresholds:
        texts += [threshold.label, threshold.action, threshold.examination]
    assert all(text.en and text.zh_CN for text in texts)


@EVERY_ORGAN
def test_keys_are_unique(organ: Organ) -> None:
    for keys in (
        [item.key for item in organ.signals],
        [(item.key, item.output) for item in organ.scores],
        [item.key for item in organ.thresholds],
    ):
        assert len(keys) == len(set(keys))


@EVERY_ORGAN
def test_line_is_on_something_the_organ_shows(organ: Organ) -> None:
    signals = {(item.key, "") for item in organ.signals}
    scores = {(item.key, item.output) for item in organ.scores}
    for threshold in organ.thresholds:
        assert (threshold.of, threshold.output) in (scores if threshold.on == "score" else signals)


@EVERY_THRESHOLD
def test_line_stands_in_the_trigger_of_its_rule(threshold: Threshold) -> None:
    """The value is the guideline's, not ours: FIB-4 > 2.67 is `fib4>2.67` in `rules.csv`."""
    assert rules()[threshold.rule.rule_id] is threshold.rule
    assert threshold.key in threshold.rule.trigger.replace(" ", "")
    assert threshold.key.endswith(f"{threshold.comparison}{threshold.value:g}")


@EVERY_THRESHOLD
def test_line_on_a_signal_is_in_its_canonical_unit(threshold: Threshold) -> None:
    if threshold.on == "signal":
        assert threshold.unit == signal(threshold.of).unit


@EVERY_THRESHOLD
def test_recall_can_be_closed_by_something(threshold: Threshold) -> None:
    assert threshold.closes_with


@EVERY_THRESHOLD
def test_people_a_rule_needs_or_excludes_have_names(threshold: Threshold) -> None:
    assert isinstance(threshold.population, Population)
    for need in (*threshold.population.all_of, *threshold.population.any_of, *threshold.population.none_of):
        assert need.label.en and need.label.zh_CN
        assert bool(need.concept) != bool(need.signal)


@pytest.mark.parametrize("organ", ORGANS, ids=lambda organ: organ.key)
def test_organ_file_holds_no_formula(organ: Organ) -> None:
    source = (Path(twin.organs.__file__).parent / f"{organ.key}.py").read_text("utf-8")
    nodes = list(ast.walk(ast.parse(source)))
    assert not [node for node in nodes if isinstance(node, ast.FunctionDef | ast.Lambda | ast.BinOp)]
