"""One score of one patient: what it says today and said before, on which inputs, and its fan ahead."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np

from twin.forecast.change import Reading, Verdict, judge, odd, told, verdict_of_course
from twin.forecast.change_limit import Limit
from twin.forecast.futures import MONTH, MONTHS
from twin.forecast.moved_by import MovedBy
from twin.forecast.result import QUANTILES
from twin.forecast.score_course import ScoreCourse, noise
from twin.forecast.signal_panel import FAN_MONTHS, TREND_AT_LEAST, TREND_WITHIN, Trend
from twin.organs.base import OrganScore, Text
from twin.organs.change_words import because
from twin.record.fact import Absent
from twin.record.timeline import Timeline
from twin.scores.gather import Found, Site

DEFINED_AT_LEAST = 0.8
"""House value: a fan is drawn where the score is defined on at least this share of the futures."""

NOISE_DATES = 3
"""House value: the noise of a score's inputs changes as slowly as they do; each date costs a whole evaluation."""
NOISE_DATES_OF_STEPS = 6
"""House value: a score in whole points jumps only near a step, so more dates are looked at."""
_ROUNDING = 1 / 12  # variance of rounding to a whole number
_OF_INPUTS = Limit(key="", form="stated")


@dataclass(frozen=True, kw_only=True, slots=True)
class UsedInput:
    """One input of the answer shown: a fact's value, a calculated one, or an assumption."""

    key: str
    value: float | str | None
    unit: str
    fact_id: int | None
    observed_at: datetime | None
    assumed: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class ScorePoint:
    """The score on one day of the past; `change` is the verdict against the patient's own level, `judged` why."""

    at: datetime
    value: float
    change: Verdict | None
    judged: Mapping[str, object] | None


@dataclass(frozen=True, kw_only=True, slots=True)
class ScorePanel:
    """What the panel of a score shows. `value` is None where `absent` says why, and `detail` which input decided it.

    `verdict` says of the newest value whether it is a real change, and why.
    """

    key: str
    output: str
    label: Text
    unit: str
    at: datetime | None
    value: float | None
    category: str | None
    caution: bool
    absent: str | None
    detail: str
    warnings: tuple[str, ...]
    inputs: tuple[UsedInput, ...]
    history: tuple[ScorePoint, ...]
    forecast: tuple[Mapping[str, date | float], ...]
    moved_by: tuple[MovedBy, ...]
    trend: Trend | None
    verdict: Text | None
    source: str
    verification: str


def score_panel(declared: OrganScore, course: ScoreCourse, timeline: Timeline, site: Site) -> ScorePanel:
    """Return the panel of one output of a score at `as_of`."""
    score, answer = course.score, course.answer
    past = [(at, outputs[declared.output]) for at, outputs in course.past if declared.output in outputs]
    noises = _noises(course, declared.output, past, timeline, site)
    points = _points(past, noises)
    unit = next(output.unit for output in score.outputs if output.key == declared.output)
    confounded = tuple(text for concept, text in score.confounders.items() if concept in answer.cautions)
    return ScorePanel(
        key=declared.key,
        output=declared.output,
        label=declared.label,
        unit=unit,
        at=course.at,
        value=answer.outputs.get(declared.output),
        category=answer.category if declared.output == score.outputs[0].key else None,
        caution=answer.caution,
        absent=answer.absent,
        detail=answer.detail,
        warnings=(*score.warnings, *confounded),
        inputs=_inputs(course.found),
        history=points,
        forecast=_fan(course, declared.output, timeline.as_of),
        moved_by=course.moved_by,
        trend=_trend(points, noises),
        verdict=_verdict(points, unit),
        source=score.source,
        verification=score.verification,
    )


def _inputs(found: tuple[Found, ...], prefix: str = "") -> tuple[UsedInput, ...]:
    """The inputs, flat; those of a nested score follow it as `egfr.scr`."""
    flat: list[UsedInput] = []
    for item in found:
        if item.value is None and not item.is_assumed:
            continue
        flat.append(
            UsedInput(
                key=prefix + item.item.key,
                value=item.item.default if item.is_assumed else item.value,
                unit=item.unit or item.item.unit,
                fact_id=None if item.fact is None else item.fact.id,
                observed_at=item.newest if item.fact is None else item.fact.observed_at,
                assumed=item.is_assumed,
            )
        )
        flat.extend(_inputs(item.parts, f"{prefix}{item.item.key}."))
    return tuple(flat)


def _fan(course: ScoreCourse, output: str, start: datetime) -> tuple[Mapping[str, date | float], ...]:
    """The quantiles over the futures, up to the month from which the score is undefined on too many of them."""
    if isinstance(course.paths, Absent):
        return ()
    paths = np.atleast_2d(course.paths[output])
    months = np.array(FAN_MONTHS)
    values = np.broadcast_to(paths, (len(paths), MONTHS + 1))[:, months]
    defined = np.isfinite(values)
    is_thin = defined.mean(axis=0) < DEFINED_AT_LEAST
    drawn = int(np.argmax(is_thin)) if is_thin.any() else len(months)
    if drawn == 0:
        return ()
    shares = list(QUANTILES.values())
    part = values[:, :drawn]
    fan = np.quantile(part, shares, axis=0) if defined.all() else np.nanquantile(part, shares, axis=0)
    return tuple(
        {"at": (start + month * MONTH).date(), **dict(zip(QUANTILES, column, strict=True))}
        for month, column in zip(FAN_MONTHS, fan.T.tolist(), strict=False)
    )


def _noises(
    course: ScoreCourse, output: str, past: list[tuple[datetime, float]], timeline: Timeline, site: Site
) -> list[float]:
    """The SD that the noise of the inputs gives each value of the past; 0 where it can't be had.

    Worked out on a few days, and in between by time: as a share of the value where all are above zero.
    """
    if len(past) < 2:
        return [0.0] * len(past)
    whole = next(item.whole for item in course.score.outputs if item.key == output)
    dates = min(NOISE_DATES_OF_STEPS if whole else NOISE_DATES, len(past))
    days = sorted({round(place) for place in np.linspace(0, len(past) - 1, dates)})
    found = np.array([noise(course.score, timeline, past[day][0], site).get(output, 0.0) for day in days])
    values = np.array([value for _, value in past])
    is_share = bool((values > 0).all())
    times = np.array([at.timestamp() for at, _ in past])
    between = np.interp(times, times[days], found / values[days] if is_share else found)
    return list(np.sqrt((between * values if is_share else between) ** 2 + (_ROUNDING if whole else 0.0)).tolist())


def _points(past: list[tuple[datetime, float]], noises: list[float]) -> tuple[ScorePoint, ...]:
    readings = [Reading(at=at, value=value, sd=sd or None) for (at, value), sd in zip(past, noises, strict=True)]
    judged = judge(readings, _OF_INPUTS)
    return tuple(
        ScorePoint(
            at=at, value=value, change=None if one is None else one.verdict, judged=None if one is None else told(one)
        )
        for (at, value), one in zip(past, judged, strict=True)
    )


def _verdict(points: tuple[ScorePoint, ...], unit: str) -> Text | None:
    """The sentence for the newest value; a risk reads in percent."""
    judged = points[-1].judged if points else None
    return None if judged is None else because(judged, "" if unit == "1" else unit)


def _trend(points: tuple[ScorePoint, ...], noises: list[float]) -> Trend | None:
    """From the first to the last value of some years without those that stand alone: one wild input makes no trend."""
    recent = [
        (point, sd)
        for point, sd, is_odd in zip(points, noises, odd([each.change for each in points]), strict=True)
        if points[-1].at - point.at <= TREND_WITHIN and not is_odd
    ]
    if not recent or recent[-1][0].at - recent[0][0].at < TREND_AT_LEAST:
        return None
    (first, sd_first), (last, sd_last) = recent[0], recent[-1]
    return Trend(
        at_from=first.at,
        at_to=last.at,
        value_from=first.value,
        value_to=last.value,
        verdict=verdict_of_course([point.value for point, _ in recent], sd_first, sd_last),
    )
