"""The part of a twin that some signals move: what is worked out at once when a new value arrives.

The same functions as the whole (`twin.snapshot`), on fewer lines, so the digits are the same. A line that is far from
its recall level gets its outlook only; one that is reached gets all that a recall shows.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from alerts.policy import Policy
from twin import carry, watch
from twin.forecast.crossing import outlook
from twin.forecast.crossing_panel import ALREADY_FROM, Crossing, crossing, is_past, line_status, line_values
from twin.forecast.futures import Followed, Futures
from twin.forecast.genomics import Genomics
from twin.forecast.motion import motions
from twin.forecast.score_course import ScoreCourse, score_course
from twin.forecast.score_panel import score_panel
from twin.forecast.signal_panel import observations, signal_panel
from twin.organs import ORGANS
from twin.organs.applies import looked_at, why_not
from twin.organs.base import Organ, Threshold
from twin.record.codes.concepts import with_broader
from twin.record.fact import Absent
from twin.record.timeline import Timeline
from twin.scores import score
from twin.scores.gather import inputs_of
from twin.snapshot import ForecastSettings, OrganPanel, PatientHead, head, versions


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """The lines that were worked out again, by organ and key, as rows of `carry.LINE`; None for one that fell away.

    `decided` is about these lines only.
    """

    lines: Mapping[str, Mapping[str, tuple[object, ...] | None]]
    decided: watch.Decided

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
    futures = Futures(start=timeline.as_of, age=age if isinstance(age, float) else None, followed=followed)
    courses: dict[str, ScoreCourse] = {}
    rows: dict[str, dict[str, tuple[object, ...] | None]] = {}
    reached: dict[str, list[Threshold]] = {}
    for organ, line in lines_on(touched):
        if line.on == "score" and line.of not in courses:
            courses[line.of] = score_course(score(line.of), timeline, futures, settings.site)
        row, is_reached = _row(line, courses.get(line.of), timeline, futures, settings, policy)
        rows.setdefault(organ.key, {})[line.key] = row
        if is_reached:
            reached.setdefault(organ.key, []).append(line)
    organs = tuple(
        _panel(organ, reached[organ.key], courses, timeline, futures, settings)
        for organ in ORGANS
        if organ.key in reached
    )
    looked = {"recall_level": settings.recall_level, "horizon_months": settings.horizon_months}
    taken = _Taken(patient=head(timeline), as_of=timeline.as_of, versions=versions(), settings=looked, organs=organs)
    decided = watch.decide(taken, policy)
    codes = carry.codes(decided)
    return Part(
        lines={
            organ: {
                key: None if row is None else (*row[:-1], codes.get(f"{organ}/{key}", carry.NONE))
                for key, row in lines.items()
            }
            for organ, lines in rows.items()
        },
        decided=decided,
    )


def _row(
    line: Threshold,
    course: ScoreCourse | None,
    timeline: Timeline,
    futures: Futures,
    settings: ForecastSettings,
    policy: Policy,
) -> tuple[tuple[object, ...] | None, bool]:
    """A row without its decision, None where the line has no outlook; and whether it is reached."""
    newest = _newest(line, course, timeline)
    if newest is None or why_not(line, timeline, settings.site) is not None:
        return None, False
    values = line_values(line, course, futures)
    if isinstance(values, Absent):
        return None, False
    seen = outlook(line, values, settings.horizon_months)
    at, value = newest
    row = carry.line(
        seen,
        is_past=is_past(line, value),
        status=line_status(line, None, settings.enabled_rules),
        evidence_at=at,
        answered_at=_answered_at(line, timeline),
        as_of=timeline.as_of,
    )
    is_already = is_past(line, value) and float(seen.here[0]) >= ALREADY_FROM
    return row, is_already or float(seen.within[0]) >= policy.recall_level


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
    courses: Mapping[str, ScoreCourse],
    timeline: Timeline,
    futures: Futures,
    settings: ForecastSettings,
) -> OrganPanel:
    """The panel of an organ with these lines, and what they and their answers are on."""
    asked = {key for line in lines for key in ({line.of} if line.on == "signal" else set()) | set(line.closes_with)}
    declared = {item.key: item for each in ORGANS for item in each.signals}
    signals = {key: signal_panel(declared[key], timeline, futures) for key in sorted(asked & declared.keys())}
    wanted = {(line.of, line.output) for line in lines if line.on == "score"}
    scores = {
        (item.key, item.output): score_panel(item, courses[item.key], timeline, settings.site)
        for item in organ.scores
        if (item.key, item.output) in wanted
    }

    def stands(line: Threshold) -> Crossing:
        on_score = line.on == "score"
        return crossing(
            line,
            scores[line.of, line.output] if on_score else signals[line.of],
            courses[line.of] if on_score else None,
            timeline,
            futures,
            enabled=settings.enabled_rules,
            recall_level=settings.recall_level,
            horizon_months=settings.horizon_months,
            site=settings.site,
        )

    return OrganPanel(
        key=organ.key,
        name=organ.name,
        starts_with=organ.starts_with,
        signals=tuple(signals.values()),
        scores=tuple(scores.values()),
        crossings=tuple(stands(line) for line in lines),
        history=(),
        genomics=Genomics(),
        links=(),
    )


@cache
def _shown() -> frozenset[str]:
    return frozenset(item.key for organ in ORGANS for item in organ.signals)
