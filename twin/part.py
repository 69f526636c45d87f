"""The part of a twin that some signals move: what is worked out at once when a new value arrives.

The same functions as the whole (`twin.snapshot`), on fewer lines, so the digits are the same. A line that is far from
its recall level gets its outlook only; one that is reached gets all that a recall shows.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache

import numpy as np
from numpy.typing import NDArray

from alerts.policy import Policy
from alerts.trigger import Trigger
from twin import carry, watch
from twin.forecast import following
from twin.forecast.crossing import CARRIED_MONTHS, outlook
from twin.forecast.crossing_panel import is_past, line_status, line_values
from twin.forecast.following import observations
from twin.forecast.futures import MONTHS, Followed, Futures
from twin.forecast.genomics import Genomics
from twin.forecast.motion import motions
from twin.forecast.score_course import ScoreCourse, score_course
from twin.forecast.score_panel import score_panel
from twin.forecast.signal_panel import signal_panel
from twin.organs import ORGANS
from twin.organs.applies import looked_at, why_not
from twin.organs.base import Organ, Threshold
from twin.record.codes.concepts import with_broader
from twin.record.fact import Absent
from twin.record.timeline import Timeline
from twin.scores import score
from twin.scores.gather import inputs_of
from twin.snapshot import ForecastSettings, OrganPanel, PatientHead, head, lines_of, versions


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """The lines that were worked out again, by organ and key, (1,) of `carry.LINE` each; None for one that fell away.

    `triggers`: of those that are raised.
    """

    lines: Mapping[str, Mapping[str, NDArray[np.void] | None]]
    triggers: tuple[Trigger, ...]

    def keys(self) -> frozenset[str]:
        """The lines as recalls name them, `organ/line`."""
        return frozenset(f"{organ}/{key}" for organ, lines in self.lines.items() for key in lines)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Taken:
    patient: PatientHead
    as_of: datetime
    versions: Mapping[str, str]
    settings: Mapping[str, float]
    organs: tuple[OrganPanel, ...]


def lines_on(touched: Iterable[str]) -> tuple[tuple[Organ, Threshold], ...]:
    """Return the lines that rest on any of these signals, their rule's population and answers included."""
    moved = {key for each in touched for key in with_broader(each)}
    return tuple(
        (organ, each) for organ in ORGANS for each in organ.thresholds if moved & rests_on(organ.key, each.key)
    )


@cache
def rests_on(organ: str, key: str) -> frozenset[str]:
    """Return every signal, coded one and concept that a line may look at."""
    line = carry.threshold(organ, key)
    own = inputs_of(score(line.of)) if line.on == "score" else {line.of}
    return frozenset({*own, *line.closes_with, *looked_at(line.population)})


def work_out(
    timeline: Timeline,
    followed: Mapping[str, Followed],
    touched: Iterable[str],
    settings: ForecastSettings,
    policy: Policy,
) -> Part:
    """Return what the lines on `touched` come to at `as_of`.

    Args:
        timeline: whole in all that `rests_on` of these lines names. followed: the signals that they may follow.
    """
    age = timeline.age()
    far = Futures(start=timeline.as_of, age=age if isinstance(age, float) else None, followed=followed)
    near = replace(far, months=min(settings.horizon_months + CARRIED_MONTHS, MONTHS), _levels={})
    courses: dict[str, ScoreCourse] = {}
    rows: dict[str, dict[str, NDArray[np.void] | None]] = {}
    raised: dict[str, list[Threshold]] = {}
    for organ, line in lines_on(touched):
        row = None
        if why_not(line, timeline, settings.site) is None:
            if line.on == "score" and line.of not in courses:
                courses[line.of] = score_course(score(line.of), timeline, near, settings.site)
            row = _row(line, courses.get(line.of), timeline, near, settings)
        if row is not None:
            row["decision"] = carry.decisions(row, timeline.as_of.timestamp(), policy.recall_level)
            if row["decision"][0] == carry.RAISED:
                raised.setdefault(organ.key, []).append(line)
        rows.setdefault(organ.key, {})[line.key] = row
    organs = tuple(_panel(organ, raised[organ.key], timeline, far, settings) for organ in ORGANS if organ.key in raised)
    looked = {"recall_level": settings.recall_level, "horizon_months": settings.horizon_months}
    taken = _Taken(patient=head(timeline), as_of=timeline.as_of, versions=versions(), settings=looked, organs=organs)
    return Part(lines=rows, triggers=watch.decide(taken, policy).triggers)


def _row(
    line: Threshold, course: ScoreCourse | None, timeline: Timeline, futures: Futures, settings: ForecastSettings
) -> NDArray[np.void] | None:
    """One row (1,) without its decision, None where the line has no outlook."""
    newest = _newest(line, course, timeline)
    values = line_values(line, course, futures)
    if newest is None or isinstance(values, Absent):
        return None
    at, value = newest
    row = np.zeros(1, carry.LINE)
    row[0] = carry.line(
        outlook(line, values, settings.horizon_months),
        is_past=is_past(line, value),
        status=line_status(line, None, settings.enabled_rules),
        evidence_at=at,
        answered_at=_answered_at(line, timeline),
        as_of=timeline.as_of,
    )
    return row


def _newest(line: Threshold, course: ScoreCourse | None, timeline: Timeline) -> tuple[datetime, float] | None:
    """The newest value that the line is on, and when it was."""
    if course is None:
        seen = observations(timeline, motions()[line.of])
        value = seen[-1][0].derived.value if seen else None
        return None if value is None else (seen[-1][0].observed_at, value)
    return course.newest(line.output)


def _answered_at(line: Threshold, timeline: Timeline) -> datetime | None:
    answers = watch.answering(line.on, line.of, line.closes_with) & _shown()
    seen = (observations(timeline, motions()[key]) for key in answers)
    return max((each[-1][0].observed_at for each in seen if each), default=None)


def _panel(
    organ: Organ,
    lines: list[Threshold],
    timeline: Timeline,
    futures: Futures,
    settings: ForecastSettings,
) -> OrganPanel:
    """The panel of an organ with these lines, and what they and their answers are on."""
    asked = {key for line in lines for key in ({line.of} if line.on == "signal" else set()) | set(line.closes_with)}
    declared = {item.key: item for each in ORGANS for item in each.signals}
    shown = sorted(asked & declared.keys())
    known_of = following.courses(timeline, shown)
    signals = {key: signal_panel(declared[key], timeline, known_of.get(key, following.NO_COURSE)) for key in shown}
    wanted = {(line.of, line.output) for line in lines if line.on == "score"}
    courses = {key: score_course(score(key), timeline, futures, settings.site) for key, _ in sorted(wanted)}
    scores = {
        (item.key, item.output): score_panel(item, courses[item.key], timeline, settings.site)
        for item in organ.scores
        if (item.key, item.output) in wanted
    }

    return OrganPanel(
        key=organ.key,
        name=organ.name,
        starts_with=organ.starts_with,
        signals=tuple(signals.values()),
        scores=tuple(scores.values()),
        crossings=lines_of(lines, signals, scores, courses, timeline, futures, settings),
        history=(),
        genomics=Genomics(),
        links=(),
    )


@cache
def _shown() -> frozenset[str]:
    return frozenset(item.key for organ in ORGANS for item in organ.signals)
