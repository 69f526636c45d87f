"""What a snapshot demands: which recalls should be open, by when, and which are held back and why.

A line already passed is due within the rule's interval from the result that passed it. A forecast is due when the
chance of having crossed reaches the recall level: early enough that at most one in five (by default) has crossed by
then, and never later than `lead_days` before the median crossing date. Neither comes sooner than the rule's own
interval or `NOTICE_DAYS`, whichever is shorter: a forecast is no emergency.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal, Protocol

from alerts.policy import Policy, due_dates
from alerts.trigger import Priority, Trigger
from twin.forecast.crossing import CrossingDate, Probability
from twin.forecast.crossing_panel import Crossing
from twin.forecast.futures import MONTH
from twin.forecast.sentence import reason
from twin.scores import score
from twin.scores.gather import measured
from twin.snapshot import SIGNIFICANT_DIGITS, OrganPanel, PatientHead

EVIDENCE_FOR = timedelta(days=365.25 * 3)  # house value: no recall rests on results older than that
ANSWERED_FOR = 12 * MONTH  # house value: the examination asked for holds as an answer for a year
NOTICE_DAYS = 30  # house value: time to book where the rule leaves it

QuietReason = Literal["off_unverified", "evidence_too_old", "answered"]


class Taken(Protocol):
    """What is looked at of a snapshot, or of the part of one."""

    @property
    def patient(self) -> PatientHead: ...

    @property
    def as_of(self) -> datetime: ...

    @property
    def versions(self) -> Mapping[str, str]: ...

    @property
    def settings(self) -> Mapping[str, float]: ...

    @property
    def organs(self) -> tuple[OrganPanel, ...]: ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Decided:
    """What to raise, and what would have been raised but for a named reason: pairs of key and `QuietReason`."""

    triggers: tuple[Trigger, ...]
    quiet: tuple[tuple[str, QuietReason], ...]


def decide(snapshot: Taken, policy: Policy) -> Decided:
    """Return what the twin demands at `snapshot.as_of`, which is today."""
    triggers, quiet = [], []
    for organ, crossing, by in _reached(snapshot, policy):
        key = f"{organ.key}/{crossing.key}"
        held_back = _held_back(snapshot, crossing)
        if held_back is not None:
            quiet.append((key, held_back))
        else:
            triggers.append(_trigger(snapshot, key, crossing, by, policy))
    return Decided(triggers=tuple(triggers), quiet=tuple(quiet))


def facts_cited(evidence: Mapping[str, object]) -> tuple[int, ...]:
    """Return the ids of the facts that a trigger of this module rests on, in order, each once."""
    inputs = evidence.get("inputs", ())
    rows = inputs if isinstance(inputs, list | tuple) else ()
    ids = (row.get("fact_id") for row in rows if isinstance(row, Mapping))
    return tuple(dict.fromkeys(number for number in ids if isinstance(number, int)))


def _reached(snapshot: Taken, policy: Policy) -> Iterator[tuple[OrganPanel, Crossing, Probability]]:
    """The thresholds that are past, or reach the recall level within the horizon."""
    for organ in snapshot.organs:
        for crossing in organ.crossings:
            horizon = snapshot.settings["horizon_months"]
            by = next((chance for chance in crossing.probabilities if chance.months == horizon), None)
            if by is not None and (crossing.already_past or by.p >= policy.recall_level):
                yield organ, crossing, by


def _held_back(snapshot: Taken, crossing: Crossing) -> QuietReason | None:
    if crossing.status == "off_unverified":
        return "off_unverified"
    if crossing.evidence_at is None or crossing.evidence_at < snapshot.as_of - EVIDENCE_FOR:
        return "evidence_too_old"
    answered = answered_at(snapshot, crossing)
    return "answered" if answered is not None and answered >= snapshot.as_of - ANSWERED_FOR else None


def answered_at(snapshot: Taken, crossing: Crossing) -> datetime | None:
    """Return when the newest result came in that answers what the line would ask for, if one did."""
    answers = answering(crossing.on["kind"], crossing.on["key"], crossing.closes_with)
    return max(
        (
            point.observed_at
            for organ in snapshot.organs
            for panel in organ.signals
            if panel.key in answers
            for point in panel.points
            if point.used
        ),
        default=None,
    )


def answering(on: str, of: str, closes_with: tuple[str, ...]) -> set[str]:
    """Return the signals whose result answers a line on the signal or score `of`.

    The value that asks for an examination is not its answer.
    """
    return set(closes_with) - (set(measured(score(of))) if on == "score" else {of})


def _trigger(snapshot: Taken, key: str, crossing: Crossing, by: Probability, policy: Policy) -> Trigger:
    today, rule = snapshot.as_of.date(), crossing.rule
    priority: Priority = rule.priority if crossing.already_past else "routine"
    horizon = (snapshot.as_of + by.months * MONTH).date()
    due = _due(crossing, today, policy)
    dates = due_dates(need_by=due + timedelta(days=policy.lead_days), today=today, priority=priority, policy=policy)
    return Trigger(
        patient_id=snapshot.patient.id,
        rule_id=rule.rule_id,
        key=key,
        reason=reason(crossing, by, horizon).as_dict(),
        evidence=_evidence(crossing),
        examination=crossing.examination.as_dict(),
        closes_with=crossing.closes_with,
        due_from=dates.due_from,
        due_at=dates.due_at,
        overdue_at=dates.overdue_at,
        priority=priority,
        source=rule.source,
        edition=rule.edition,
        verification=rule.status,
        probability=None if crossing.already_past else by.p,
        raised_at=snapshot.as_of,
        model_version=f"dynamics {snapshot.versions['dynamics']}, rules {snapshot.versions['rules']}",
    )


def _due(crossing: Crossing, today: date, policy: Policy) -> date:
    interval = timedelta(days=30.4375 * (crossing.rule.interval_max_months or 0))
    soonest = today + min(interval, timedelta(days=NOTICE_DAYS))
    if crossing.already_past:
        assert crossing.evidence_at is not None  # without evidence it was held back
        return max(crossing.evidence_at.date() + interval, soonest)
    due = max(today + interval, crossing.reaches_level_on or today)
    if isinstance(crossing.crossing, CrossingDate):
        due = min(due, crossing.crossing.median - timedelta(days=policy.lead_days))
    return max(due, soonest)


def _evidence(crossing: Crossing) -> dict[str, object]:
    """What changes only when data change: the line, the values it was judged on, their facts and dates."""
    trend = crossing.trend
    return {
        "threshold": crossing.key,
        "on": dict(crossing.on),
        "comparison": crossing.comparison,
        "line": crossing.value,
        "unit": crossing.unit,
        "value": _rounded(crossing.newest),
        "observed_at": _text(crossing.evidence_at),
        "past_since": _text(crossing.past_since),
        "inputs": [
            {
                "key": row["key"],
                "value": _rounded(row["value"]),
                "unit": row["unit"],
                "fact_id": row["fact_id"],
                "observed_at": _text(row["observed_at"]),
                "assumed": row["assumed"],
            }
            for row in crossing.rests_on
        ],
        "trend": None
        if trend is None
        else {
            "from": _rounded(trend.value_from),
            "from_at": _text(trend.at_from),
            "to": _rounded(trend.value_to),
            "to_at": _text(trend.at_to),
            "verdict": trend.verdict,
        },
    }


def _rounded(value: object) -> object:
    return float(f"{value:.{SIGNIFICANT_DIGITS}g}") if isinstance(value, float) else value


def _text(moment: object) -> str | None:
    return moment.isoformat() if isinstance(moment, date | datetime) else None
