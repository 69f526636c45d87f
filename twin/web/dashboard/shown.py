"""What must change between a stored snapshot and the page? Risks are stored as fractions and read as percent."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from twin.errors import UnknownKey
from twin.organs import ORGANS, organ

Body = Mapping[str, Any]  # JSON of a stored snapshot; its form is the contract of `twin snapshot`
RISKS = frozenset(
    {"prevent", "kfre4", "score2", "score2_op", "framingham2008", "galad"}
)  # scores whose outputs are probabilities as fractions (formulas.md section 0)
_NUMBERS = ("value", "value_from", "value_to", "median", "q025", "q10", "q25", "q75", "q90", "q975")


def shown_organ(body: Body) -> Body:
    """Return an organ of a snapshot with its risks, and the thresholds on them, in percent."""
    scores = [_score(score) for score in body["scores"]]
    return {**body, "scores": scores, "crossings": [_crossing(crossing) for crossing in body["crossings"]]}


def is_fraction(key: str, unit: str | None) -> bool:
    """Return whether a score's output is a probability between 0 and 1."""
    return key in RISKS and unit == "1"


def text_of(text: Any, language: str) -> str:  # a Text's JSON in both languages, or its English words alone
    """Return a text of the snapshot in the reader's language; English where it has no other."""
    if isinstance(text, Mapping):
        return str(text.get(language) or text.get("en") or "")
    return _declared(language).get(str(text), str(text))


@cache
def score_label(organ_key: str, key: str, output: str, language: str) -> str | None:
    """Return what the organ calls an output of a score, None where it says nothing."""
    try:
        label = organ(organ_key).labels().get((key, output))
    except UnknownKey:
        return None
    return None if label is None else label.as_dict()[language]


@cache
def _declared(language: str) -> Mapping[str, str]:
    """Return the words that organs declare, from English to `language`."""
    needs = [
        need.label
        for one in ORGANS for line in one.thresholds
        for need in (*line.population.all_of, *line.population.any_of, *line.population.none_of)
    ]  # fmt: skip
    lines = [text for one in ORGANS for line in one.thresholds for text in (line.label, line.action, line.examination)]
    starts = [one.starts_with for one in ORGANS]
    return {text.en: text.as_dict()[language] for text in (*needs, *lines, *starts)}


def _score(score: Body) -> Body:
    if not is_fraction(score["key"], score["unit"]):
        return score
    rows: dict[str, Any] = {"forecast": [_percent(row) for row in score["forecast"]]}
    rows["history"] = [{**_percent(row), "judged": _judged(row.get("judged"))} for row in score["history"]]
    trend = _percent(score["trend"]) if score.get("trend") else None
    return {**_percent(score), **rows, "trend": trend, "unit": "%"}


def _crossing(crossing: Body) -> Body:
    on = crossing["on"]
    if on["kind"] == "score" and is_fraction(on["key"], crossing["unit"]):
        return {**_percent(crossing), "unit": "%"}
    return crossing


def _judged(judged: Body | None) -> Body | None:
    return None if judged is None else _percent(judged, ("level", "low", "high"))


def _percent(row: Body, names: tuple[str, ...] = _NUMBERS) -> Body:
    return {**row, **{name: row[name] * 100 for name in names if isinstance(row.get(name), int | float)}}
