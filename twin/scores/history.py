"""A score through a patient's past, at every day on which one of its measurements was taken, all days at once."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from twin.record.holding import Spell, spells, weekly
from twin.record.signal import signal
from twin.record.timeline import Timeline
from twin.scores import score as score_by_key
from twin.scores.base import Input, Score, Where, evaluate
from twin.scores.gather import TOGETHER, Site, is_too_young, measured, needed, usable

Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Column:
    """An input at every moment: value in the input's unit, and the times in seconds of what it rests on; NaN = none."""

    values: Array | str
    oldest: Array
    newest: Array


def history(score: Score, timeline: Timeline, site: Site) -> tuple[tuple[datetime, Mapping[str, float]], ...]:
    """Return (when, outputs) for every day with a measurement of the score, oldest first.

    Days on which it can't be calculated, by the rules of `answer_at`, are left out.
    """
    by_day = {
        fact.observed_at.date(): fact.observed_at
        for fact in sorted(
            (fact for key in measured(score) for fact in usable(timeline, key)), key=lambda fact: fact.observed_at
        )
    }
    moments = tuple(by_day.values())
    if not moments:
        return ()
    outputs, _, _ = _evaluate(score, timeline, moments, site)
    return tuple(
        (moment, {key: float(values[i]) for key, values in outputs.items() if np.isfinite(values[i])})
        for i, moment in enumerate(moments)
        if any(np.isfinite(values[i]) for values in outputs.values())
    )


def _evaluate(
    score: Score, timeline: Timeline, moments: tuple[datetime, ...], site: Site
) -> tuple[dict[str, Array], Array, Array]:
    columns = {item.key: _column(item, timeline, moments, site) for item in score.inputs}
    changing = [columns[item.key] for item in score.inputs if not item.lasting]
    with np.errstate(invalid="ignore"):
        oldest = np.fmin.reduce([column.oldest for column in changing])
        newest = np.fmax.reduce([column.newest for column in changing])
        usable_here = ~(newest - oldest > TOGETHER.total_seconds())
    for item in score.inputs:
        values = columns[item.key].values
        if not item.optional and not isinstance(values, str):
            usable_here &= np.isfinite(values)
    for concept in score.excludes:
        usable_here &= ~_during(spells(timeline, concept), moments)
    usable_here &= np.array([needed(score, timeline, moment) is None for moment in moments])
    usable_here &= ~np.array([is_too_young(score, timeline, moment) for moment in moments])
    given = {
        item.key: None if item.optional and _is_empty(columns[item.key].values) else columns[item.key].values
        for item in score.inputs
    }
    outputs = evaluate(score, given)
    return {key: np.where(usable_here, values, np.nan) for key, values in outputs.items()}, oldest, newest


def _column(item: Input, timeline: Timeline, moments: tuple[datetime, ...], site: Site) -> _Column:
    """The first place of `item.find` that has a value, moment by moment; else the default."""
    count = len(moments)
    values, oldest, newest = np.full(count, np.nan), np.full(count, np.nan), np.full(count, np.nan)
    for where in item.find:
        found = _look(item, where, timeline, moments, site)
        missing = np.isnan(values)
        values = np.where(missing, found.values, values)
        oldest, newest = np.where(missing, found.oldest, oldest), np.where(missing, found.newest, newest)
    if item.default is not None:
        standing = item.choices.get(item.default, item.default)
        if isinstance(standing, str):
            return _Column(values=standing, oldest=oldest, newest=newest)
        values = np.where(np.isnan(values), standing, values)
    with np.errstate(invalid="ignore"):
        impossible = (item.kind == "number") & ~item.possible.holds(values)
    return _Column(values=np.where(impossible, np.nan, values), oldest=oldest, newest=newest)


def _look(item: Input, where: Where, timeline: Timeline, moments: tuple[datetime, ...], site: Site) -> _Column:
    """One place of an input at every moment; the last case is a setting of the site."""
    nothing = np.full(len(moments), np.nan)
    match where.kind:
        case "signal":
            return _measured(item, where, timeline, moments)
        case "score":
            outputs, oldest, newest = _evaluate(score_by_key(where.key), timeline, moments, site)
            return _Column(values=outputs[where.output], oldest=oldest, newest=newest)
        case "code":
            facts = timeline.series(where.key)
            index = np.searchsorted([fact.observed_at.timestamp() for fact in facts], _seconds(moments), side="right")
            codes = np.array([np.nan, *(_meaning(item, where, fact.derived.code or "") for fact in facts)])
            return _Column(values=codes[index], oldest=nothing, newest=nothing)
        case "age":
            ages = [timeline.age(moment) for moment in moments]
            years = np.array([age if isinstance(age, float) else np.nan for age in ages])
            return _Column(values=years, oldest=nothing, newest=nothing)
        case "sex":
            sex = timeline.patient.sex
            meaning = np.nan if sex == "unknown" else item.choices.get(sex, float(sex == "male"))
            return _Column(values=np.full(len(moments), meaning), oldest=nothing, newest=nothing)
        case "concept":
            here = _during(spells(timeline, where.key), moments).astype(float)
            return _Column(values=here, oldest=nothing, newest=nothing)
        case "weekly":
            here = _during(weekly(timeline, where.key), moments).astype(float)
            return _Column(values=here, oldest=nothing, newest=nothing)
        case "concepts":
            return _Column(values=_any_of(item, where, timeline, moments), oldest=nothing, newest=nothing)
        case _:
            chosen = site.get(where.key)
            meaning = item.choices.get(chosen, chosen) if chosen is not None else np.nan
            return _Column(values=np.full(len(moments), float(meaning)), oldest=nothing, newest=nothing)


def _meaning(item: Input, where: Where, code: str) -> float:
    """What a code means to the formula; NaN where it means nothing to it."""
    if where.output:
        return float(code in where.output.split("|"))
    meaning = item.choices.get(code, np.nan)
    return meaning if isinstance(meaning, float) else np.nan


def _any_of(item: Input, where: Where, timeline: Timeline, moments: tuple[datetime, ...]) -> Array:
    """1 where any of the concepts is there, or the sum of what the codes mean whose concept is there."""
    there = {code: np.zeros(len(moments), dtype=bool) for code, _ in where.among}
    for code, concept in where.among:
        there[code] |= _during(spells(timeline, concept), moments)
    if item.kind == "codes":
        return np.sum([float(item.choices[code]) * flags for code, flags in there.items()], axis=0)
    return np.logical_or.reduce(list(there.values())).astype(float)


def _measured(item: Input, where: Where, timeline: Timeline, moments: tuple[datetime, ...]) -> _Column:
    facts = usable(timeline, where.key)
    times = np.array([np.nan, *(fact.observed_at.timestamp() for fact in facts)])
    canonical = np.array([np.nan, *(fact.derived.value or 0.0 for fact in facts)])
    index = np.searchsorted(times[1:], _seconds(moments), side="right")
    linear = signal(where.key).conversions[item.unit]
    values = (canonical[index] - linear.offset) / linear.factor
    return _Column(values=values, oldest=times[index], newest=times[index])


def _during(held: tuple[Spell, ...], moments: tuple[datetime, ...]) -> NDArray[np.bool_]:
    starts = np.array([each.start.timestamp() for each in held])
    ends = np.array([np.inf if each.end is None else each.end.timestamp() for each in held])
    at = _seconds(moments)[:, np.newaxis]
    return np.asarray(((starts <= at) & (ends > at)).any(axis=1))


def _seconds(moments: tuple[datetime, ...]) -> Array:
    return np.array([moment.timestamp() for moment in moments])


def _is_empty(values: Array | str) -> bool:
    return not isinstance(values, str) and bool(np.isnan(values).all())
