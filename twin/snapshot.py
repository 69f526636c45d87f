"""The whole twin of one patient as known at a moment: what is known, where it is heading, and which lines it nears."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import date, datetime, timedelta
from functools import cache
from types import MappingProxyType
from typing import Any

from twin.errors import ConfigurationError, NoSuchMoment
from twin.forecast.background import Background, Event, Finding, background, events, findings
from twin.forecast.crossing_panel import Crossing, crossing
from twin.forecast.following import NO_COURSE, Course, courses, followed
from twin.forecast.futures import MONTHS, Followed, Futures
from twin.forecast.genomics import Genomics, References, genomics
from twin.forecast.motion import dynamics_version
from twin.forecast.organ_context import ActiveLink, HistoryItem, active_links, organ_history
from twin.forecast.result import UNSHOWN
from twin.forecast.score_course import ScoreCourse, score_course
from twin.forecast.score_panel import ScorePanel, score_panel
from twin.forecast.signal_panel import SignalPanel, signal_panel
from twin.organs import ORGANS
from twin.organs.base import Organ, OrganScore, Text, Threshold
from twin.organs.guideline import RULES_VERSION
from twin.record.fact import Absent
from twin.record.timeline import Timeline, known
from twin.record.units import MAPPING_VERSION
from twin.scores import score
from twin.scores.gather import Site

SIGNIFICANT_DIGITS = 6
_DIGITS = f"%.{SIGNIFICANT_DIGITS}g"
_AS_IS = frozenset({str, int, bool, type(None)})
_CLOCKS_DIFFER_BY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class ForecastSettings:
    """What a site chooses: when a recall opens, which unverified rules are on, and what scores ask of the place.

    `recall_level` is the probability of crossing within `horizon_months` from which a recall opens.

    Raises:
        ConfigurationError: a level outside 0..1, or a horizon beyond the forecast.
    """

    recall_level: float = 0.20
    horizon_months: int = 12
    enabled_rules: frozenset[str] = frozenset()
    site: Site = field(default_factory=lambda: MappingProxyType({}))
    polygenic: References = field(default_factory=lambda: MappingProxyType({}))

    def __post_init__(self) -> None:
        if not 0 < self.recall_level < 1:
            raise ConfigurationError(f"recall_level {self.recall_level} is outside 0..1")
        if not 1 <= self.horizon_months <= MONTHS:
            raise ConfigurationError(f"horizon_months {self.horizon_months} is outside the forecast, 1..{MONTHS}")


@dataclass(frozen=True, kw_only=True, slots=True)
class PatientHead:
    """Who it is. `age` in completed years, of the dead at death; None where it is not known, or before birth."""

    id: str
    name: str
    sex: str
    birth_date: date | None
    age: int | None
    died_at: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class OrganPanel:
    """One organ: its signals, scores and thresholds in display order.

    `history` is what is on record that it is read with, `links` what of other organs acts on it here.
    """

    key: str
    name: Text
    starts_with: Text
    signals: tuple[SignalPanel, ...]
    scores: tuple[ScorePanel, ...]
    crossings: tuple[Crossing, ...]
    history: tuple[HistoryItem, ...]
    genomics: Genomics
    links: tuple[ActiveLink, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Snapshot:
    """The twin at `as_of`. Nothing known later, and no clock, is in it."""

    patient: PatientHead
    as_of: datetime
    versions: Mapping[str, str]
    settings: Mapping[str, float]
    background: Background
    organs: tuple[OrganPanel, ...]
    events: tuple[Event, ...]
    findings: tuple[Finding, ...]
    followed: Mapping[str, Followed] = field(metadata=UNSHOWN)


def build(timeline: Timeline, *, now: datetime, settings: ForecastSettings | None = None) -> Snapshot:
    """Return the snapshot of a patient at the timeline's `as_of`.

    Args:
        now: the clock; only to refuse a snapshot of the future. It changes no digit.

    Raises:
        NoSuchMoment: `as_of` lies in the future.
    """
    if timeline.as_of > now + _CLOCKS_DIFFER_BY:
        raise NoSuchMoment("as_of lies in the future")
    chosen = settings or ForecastSettings()
    visible = replace(timeline, facts=known(timeline.facts, timeline.as_of))
    age = visible.age()
    years = age if isinstance(age, float) else None
    known_of = courses(visible)
    futures = Futures(start=visible.as_of, age=years, followed=followed(known_of))
    return Snapshot(
        patient=head(visible),
        as_of=visible.as_of,
        versions=versions(),
        settings={"recall_level": chosen.recall_level, "horizon_months": chosen.horizon_months},
        background=background(visible),
        organs=tuple(_organ(organ, visible, known_of, futures, chosen) for organ in ORGANS),
        events=events(visible),
        findings=findings(visible),
        followed=futures.followed,
    )


def head(timeline: Timeline) -> PatientHead:
    """Return who the timeline is about."""
    patient, age = timeline.patient, timeline.age()
    return PatientHead(
        id=patient.id,
        name=patient.name,
        sex=patient.sex,
        birth_date=patient.birth_date,
        age=int(age) if isinstance(age, float) else None,
        died_at=timeline.died_at,
    )


def versions() -> Mapping[str, str]:
    """Return the versions of everything that makes a snapshot."""
    return {"mapping": MAPPING_VERSION, "dynamics": dynamics_version(), "rules": RULES_VERSION}


def to_json(snapshot: Snapshot) -> dict[str, Any]:
    """Return the snapshot as plain JSON: the same facts give the same bytes."""
    plain: dict[str, Any] = _plain(snapshot)
    return plain


def _organ(
    organ: Organ, timeline: Timeline, known_of: Mapping[str, Course], futures: Futures, settings: ForecastSettings
) -> OrganPanel:
    signals = {item.key: signal_panel(item, timeline, known_of.get(item.key, NO_COURSE)) for item in organ.signals}
    courses = {
        key: score_course(score(key), timeline, futures, settings.site)
        for key in dict.fromkeys(item.key for item in organ.scores)
    }
    scores = {
        (item.key, item.output): _score(item, courses[item.key], timeline, settings.site) for item in organ.scores
    }

    def has_values(threshold: Threshold) -> bool:
        """A line on what was never measured says nothing of this patient, and would be most of the snapshot."""
        if threshold.on == "score":
            return bool(scores[threshold.of, threshold.output].history)
        return bool(signals[threshold.of].points)

    return OrganPanel(
        key=organ.key,
        name=organ.name,
        starts_with=organ.starts_with,
        signals=tuple(signals.values()),
        scores=tuple(scores.values()),
        crossings=lines_of(filter(has_values, organ.thresholds), signals, scores, courses, timeline, futures, settings),
        history=organ_history(organ, timeline),
        genomics=genomics(organ, timeline, settings.site, settings.polygenic),
        links=active_links(organ.key, timeline),
    )


def lines_of(
    thresholds: Iterable[Threshold],
    signals: Mapping[str, SignalPanel],
    scores: Mapping[tuple[str, str], ScorePanel],
    courses_of: Mapping[str, ScoreCourse],
    timeline: Timeline,
    futures: Futures,
    settings: ForecastSettings,
) -> tuple[Crossing, ...]:
    """Return how lines stand for this patient; all that they are on is among the panels."""
    return tuple(
        crossing(
            each,
            scores[each.of, each.output] if each.on == "score" else signals[each.of],
            courses_of[each.of] if each.on == "score" else None,
            timeline,
            futures,
            enabled=settings.enabled_rules,
            recall_level=settings.recall_level,
            horizon_months=settings.horizon_months,
            site=settings.site,
        )
        for each in thresholds
    )


def _score(declared: OrganScore, course: ScoreCourse, timeline: Timeline, site: Site) -> ScorePanel:
    panel, lacks = score_panel(declared, course, timeline, site), course.lacks(declared.output)
    return panel if lacks is None else replace(panel, absent=lacks.reason, detail=lacks.detail)


def _plain(value: Any) -> Any:
    """Dataclasses become objects, dates ISO texts, floats `SIGNIFICANT_DIGITS` digits, `Absent` its reason."""
    kind = type(value)
    if kind in _AS_IS:  # a twin has ten thousands of values: the commonest kinds first
        return value
    if isinstance(value, float):
        return float(_DIGITS % value)
    if kind is tuple or kind is list:
        return [float(_DIGITS % item) if type(item) is float else _plain(item) for item in value]
    if isinstance(value, str | int):
        return value
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, Absent):
        return {"absent": value.reason, "detail": value.detail}
    return {name: _plain(getattr(value, name)) for name in _names(kind)}  # type: ignore[arg-type]  # a class is hashable


@cache
def _names(kind: Any) -> tuple[str, ...]:  # Any: a dataclass, for which there is no type
    return tuple(item.name for item in fields(kind) if item.metadata.get("is_shown", True))
