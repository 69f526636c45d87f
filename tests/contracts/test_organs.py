"""What every organ owes: known signals and scores, lines with a rule and a source, and texts in both languages."""

import ast
import csv
import re
from pathlib import Path

import pytest

import twin.organs
from twin.forecast.motion import motions
from twin.organs import ORGANS, Organ
from twin.organs.base import Population, Threshold
from twin.organs.guideline import rules
from twin.organs.links import LINKS
from twin.record.codes.concepts import known_concepts
from twin.record.genome.panel import panel
from twin.record.signal import signal, signals
from twin.scores import score
from twin.scores.gather import measured

EVERY_ORGAN = pytest.mark.parametrize("organ", ORGANS, ids=lambda organ: organ.key)
BY_WORDS = {"hba1c>goal"}  # the goal is the patient's; 7 % is the default that the rule's note names
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
    """The value is the guideline's, not ours: FIB-4 > 2.67 is `fib4>2.67` in `rules.csv`.

    The rows of the thoracic aorta say `diameter` for either segment.
    """
    assert rules()[threshold.rule.rule_id] is threshold.rule
    line = threshold.key.partition("/")[0]
    told = (threshold.rule.population + threshold.rule.trigger).replace(" ", "")
    assert line in told or re.sub("^aorta_(root|ascending)_", "", line) in told
    if line not in BY_WORDS and not line.startswith("kdigo_g="):
        assert line.endswith(f"{threshold.comparison}{threshold.value:g}")


@EVERY_ORGAN
def test_history_and_genomics_are_known(organ: Organ) -> None:
    for item in organ.history:
        assert item.key in (known_concepts() if item.kind == "concept" else signals())
        assert item.label.en and item.label.zh_CN
    for each in organ.genomics:
        assert set(each.variants) <= set(panel())
        assert each.source and each.ancestry.en and each.ancestry.zh_CN
        assert bool(each.score) == bool(each.per_sd)
        assert all(one.low < one.ratio < one.high and one.source for one in each.per_sd)


def test_every_rule_has_its_line_or_the_reason_why_it_has_none() -> None:
    declared = {threshold.rule.rule_id for threshold in THRESHOLDS}
    with (Path(twin.organs.__file__).parent / "rules" / "no_line.csv").open(encoding="utf-8") as file:
        without = {row["rule_id"]: row["why"] for row in csv.DictReader(file)}
    assert not declared & set(without)
    assert declared | set(without) == set(rules())
    assert all(without.values())


def test_links_are_between_organs_that_have_what_is_linked() -> None:
    known = {organ.key: organ for organ in ORGANS}
    for link in LINKS:
        source = known[link.source]
        has = {item.key for item in (*source.signals, *source.scores, *source.history)}
        assert link.of in has
        assert link.target in known and link.target != link.source
        assert link.citation and link.label.en and link.label.zh_CN


def test_every_signal_of_another_organ_that_a_score_asks_for_has_its_link() -> None:
    """Cystatin C feeds another output of the eGFR than the one that scores ask for."""
    home = {item.key: organ.key for organ in reversed(ORGANS) for item in organ.signals if item.key != "cystatin_c"}
    for organ in ORGANS:
        own = {item.key for item in organ.signals}
        for item in organ.scores:
            for key in measured(score(item.key)):
                if key not in own and key in home:
                    assert any(link.target == organ.key and link.of == key for link in LINKS), (organ.key, key)


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
        assert [bool(need.concept), bool(need.signal), bool(need.score)].count(True) == 1
        if need.score:
            assert need.output in {output.key for output in score(need.score).outputs}


@pytest.mark.parametrize("organ", ORGANS, ids=lambda organ: organ.key)
def test_organ_file_holds_no_formula(organ: Organ) -> None:
    source = (Path(twin.organs.__file__).parent / f"{organ.key}.py").read_text("utf-8")
    nodes = list(ast.walk(ast.parse(source)))
    assert not [node for node in nodes if isinstance(node, ast.FunctionDef | ast.Lambda | ast.BinOp)]
