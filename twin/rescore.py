"""What a patient's twin says now, stored, and what that does to the patient's recalls.

Read everything, decide in pure functions, write everything. Each write is conditional on what was read, so a job that
was killed anywhere is simply done again.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine

from alerts import judge as judging
from alerts.joining import latest_of, withdrawn
from alerts.policy import Policy
from alerts.ports import RecallStore
from alerts.recall import Recall, Result, closes, reopens
from alerts.steps import close_by_result, reopen, stop
from alerts.trigger import Trigger
from twin import carry, watch
from twin import snapshot as snapshots
from twin.forecast.genomics import PolygenicReference
from twin.forecast.motion import dynamics_version
from twin.models import serving
from twin.models.predicting import PREDICT
from twin.models.shelf import Shelf
from twin.organs.guideline import RULES_VERSION
from twin.record.timeline import Timeline
from twin.record.units import MAPPING_VERSION
from twin.settings import Settings
from twin.store import forecasts, links, models, predictions, records, states


@dataclass(frozen=True, kw_only=True, slots=True)
class Rescored:
    """How many recalls of one patient were opened, updated, closed or stopped."""

    opened: int = 0
    updated: int = 0
    closed: int = 0


def rescore(
    engine: Engine,
    recalls: RecallStore,
    settings: Settings,
    patient_id: str,
    *,
    now: datetime,
    shelf: Shelf | None = None,
) -> Rescored:
    """Compute a twin as of `now`, store it with what the models in use say, and judge the patient's recalls by it.

    Args:
        shelf: the models that this process has loaded; a new one where none is handed in.

    Records that were merged into this one count as its own. One that is itself merged into another is not computed:
    the other one is, which is marked stale.
    """
    policy = policy_of(settings)
    with engine.connect() as connection:
        stood = forecasts.standing_of(connection, patient_id)
        bearing = links.bearing_of(connection, patient_id, stood.computed_at)
        if bearing.into is not None:
            return _hand_on(engine, patient_id, now)
        last_fact = states.last_fact(connection, bearing.members)  # before the facts: what comes in between is news
        timeline = records.read_timeline(connection, patient_id, now)
        live = recalls.live(patient_id)
        corrected = _corrected(connection, live)
        spoilt = _spoilt(connection, recalls.latest(bearing.members).values())
        parted = _parted(connection, live, bearing)
        version = model_version(connection)
        in_use = (shelf or Shelf()).in_use(connection)
    taken = snapshots.build(timeline, now=now, settings=forecast_settings(settings))
    decided = watch.decide(taken, policy)
    results = (*results_of(timeline), *spoilt)
    _withdraw(recalls, parted, decided.triggers, now)
    found = recalls.latest(bearing.members)
    result = _judge(recalls, found, bearing.members, timeline, results, decided.triggers, corrected, policy, now, None)
    body = snapshots.to_json(taken)
    organs = {organ["key"]: organ for organ in body.pop("organs")}
    served = serving.serve(in_use, PREDICT, timeline, now)
    for each in serving.shown(served):
        if each.model.registered.organ in organs:
            organs[each.model.registered.organ].setdefault("risks", []).append(serving.as_shown(each))
    computed = forecasts.Computed(
        patient_id=patient_id,
        revision=stood.revision,
        as_of=now,
        look_at=carry.look_at(timeline, taken.followed, timedelta(days=settings.refresh_days)),
        model_version=version,
        body=body,
        organs=organs,
        quiet=[_held_back(key, why, organs) for key, why in decided.quiet],
    )
    with engine.begin() as connection:
        forecasts.save(connection, computed, now)
        states.save(connection, _states(computed, carry.keep(taken, decided), last_fact))
        predictions.save(connection, serving.to_keep(served, patient_id))
    return result


def _states(computed: forecasts.Computed, kept: Mapping[str, carry.Kept], last_fact: int) -> list[states.OrganState]:
    return [
        states.OrganState(
            patient_id=computed.patient_id,
            organ=organ,
            as_of=computed.as_of,
            model_version=computed.model_version,
            last_fact=last_fact,
            signals=each.signals,
            keys=list(each.keys),
            lines=each.lines.tobytes(),
        )
        for organ, each in kept.items()
    ]


def judge(
    connection: Connection,
    recalls: RecallStore,
    timeline: Timeline,
    triggers: Sequence[Trigger],
    policy: Policy,
    *,
    now: datetime,
    about: Collection[str],
) -> Rescored:
    """Judge the recalls on some lines by what was worked out of them; a record that was never merged."""
    patient_id = timeline.patient.id
    found = recalls.latest((patient_id,))
    if not found and not triggers:
        return Rescored()
    corrected = _corrected(connection, _live(found, patient_id))
    spoilt = _spoilt(connection, found.values())
    results = (*results_of(timeline), *spoilt)
    return _judge(recalls, found, (patient_id,), timeline, results, triggers, corrected, policy, now, about)


def view(engine: Engine, settings: Settings, patient_id: str, as_of: datetime, *, now: datetime) -> None:
    """Compute and store the twin as it was known at `as_of`; recalls are not touched."""
    with engine.connect() as connection:
        timeline = records.read_timeline(connection, patient_id, as_of)
    body = snapshots.to_json(snapshots.build(timeline, now=now, settings=forecast_settings(settings)))
    with engine.begin() as connection:
        forecasts.save_view(connection, patient_id, as_of, body, now)


def model_version(connection: Connection) -> str:
    """Return the versions of everything that makes a twin; a twin of other versions is computed again."""
    return version_with(models.in_use_version(connection))


def version_with(fitted: str) -> str:
    """Return the same, with the word for the models in use."""
    fitted = fitted or "none"
    return f"mapping {MAPPING_VERSION}, dynamics {dynamics_version()}, rules {RULES_VERSION}, fitted {fitted}"


def policy_of(settings: Settings) -> Policy:
    """Return the site's choices about recalls."""
    return Policy(recall_level=settings.recall_level, horizon_months=settings.recall_horizon_months)


def forecast_settings(settings: Settings) -> snapshots.ForecastSettings:
    """Return the site's choices about forecasts."""
    return snapshots.ForecastSettings(
        recall_level=settings.recall_level,
        horizon_months=settings.recall_horizon_months,
        enabled_rules=frozenset(settings.enabled_rules),
        site=_site(settings),
        polygenic={key: _reference(row) for key, row in settings.polygenic.items()},
    )


def _held_back(key: str, why: str, organs: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return what would be asked for, why it is not, and the value it rests on, as the pages show it."""
    organ, _, name = key.partition("/")
    crossing = next(each for each in organs[organ]["crossings"] if each["key"] == name)
    shown = ("label", "examination", "newest", "unit", "evidence_at", "already_past")
    return {"key": key, "why": why, "rule_id": crossing["rule"]["rule_id"]} | {name: crossing[name] for name in shown}


def _reference(row: Mapping[str, float | str]) -> PolygenicReference:
    """Return the mean and spread of a polygenic score that the site has named; the settings hold them whole."""
    return PolygenicReference(
        mean=float(row["mean"]), sd=float(row["sd"]), ancestry=str(row["ancestry"]), source=str(row["source"])
    )


def _site(settings: Settings) -> dict[str, bool | str]:
    """Return what scores ask of the place, as far as the site has answered."""
    answers = {
        "north": settings.site_north,
        "urban": settings.site_urban,
        "north_america": settings.site_north_america,
        "bmi_bands": settings.site_bmi_bands,
        "score2_region": settings.site_score2_region,
        "aaa_svs": settings.site_aaa_svs,
        "lung_screening": settings.site_lung_screening,
    }
    return {name: answer for name, answer in answers.items() if answer is not None}


def results_of(timeline: Timeline) -> tuple[Result, ...]:
    """Return what may close a recall: every measured signal, as the record holds it."""
    return tuple(
        Result(
            ref=f"fact/{fact.id}",
            patient_id=timeline.patient.id,
            key=fact.derived.signal,
            observed_at=fact.observed_at,
            is_final=fact.derived.quality != "not_final",
            is_usable=fact.is_used,
        )
        for fact in timeline.facts
        if fact.derived.signal is not None
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Parted:
    """Open recalls that a merge since undone may have opened: those on another's facts, and those made meanwhile."""

    foreign: tuple[Recall, ...] = ()
    meanwhile: tuple[Recall, ...] = ()


def _parted(connection: Connection, live: Sequence[Recall], bearing: links.Bearing) -> _Parted:
    if bearing.undone_from is None:
        return _Parted()
    cited = {recall.id: watch.facts_cited(recall.evidence) for recall in live}
    others = links.facts_elsewhere(connection, {fact for ids in cited.values() for fact in ids}, bearing.members)
    foreign = tuple(recall for recall in live if others & set(cited[recall.id]))
    made = (recall for recall in live if recall.opened_at > bearing.undone_from and recall not in foreign)
    return _Parted(foreign=foreign, meanwhile=tuple(made))


def _withdraw(recalls: RecallStore, parted: _Parted, triggers: Sequence[Trigger], now: datetime) -> None:
    """Withdraw what the patient's own facts do not ask for; what they ask for is opened again by the judgement."""
    asked = {trigger.key: trigger.evidence for trigger in triggers}
    baseless = [recall for recall in parted.meanwhile if asked.get(recall.key) != recall.evidence]
    for recall in (*parted.foreign, *baseless):
        recalls.apply(withdrawn(recall, now=now))


def _hand_on(engine: Engine, retired_id: str, now: datetime) -> Rescored:
    """Leave a merged record's new facts to the record it is read as."""
    with engine.begin() as connection:
        survivor = links.survivor_of(connection, [retired_id])[retired_id]
        if not forecasts.standing_of(connection, survivor).is_stale:
            records.mark_stale(connection, [survivor], now)
        forecasts.hand_on(connection, retired_id)
    return Rescored()


def _live(found: Mapping[tuple[str, str], Recall], patient_id: str) -> list[Recall]:
    """The live ones of a patient among the latest of each key: of a key with a live one, that is the latest."""
    return [each for (whose, _), each in found.items() if whose == patient_id and each.state == "open"]


def _judge(
    recalls: RecallStore,
    found: Mapping[tuple[str, str], Recall],
    members: Sequence[str],
    timeline: Timeline,
    results: Sequence[Result],
    triggers: Sequence[Trigger],
    corrected: frozenset[str],
    policy: Policy,
    now: datetime,
    about: Collection[str] | None,
) -> Rescored:
    """Judge the recalls of a patient; with `about`, only those of these keys."""
    patient_id = timeline.patient.id
    by_key = {trigger.key: trigger for trigger in triggers}
    opened = updated = closed = 0
    spoilt = [
        ended for ended in found.values() if reopens(ended, results) is not None and not _has_other(ended, results)
    ]
    for ended in spoilt:
        if ended.patient_id == patient_id:
            updated += recalls.apply(reopen(ended, "inadequate_result", by="twin", now=now))
    if updated:
        found = recalls.latest(members)
    for recall in _live(found, patient_id):
        closing = closes(recall, results)
        if timeline.died_at is not None:
            closed += recalls.apply(stop(recall, "died", by="twin", now=now))
        elif closing is not None:
            closed += recalls.apply(close_by_result(recall, closing, now=now))
    if timeline.died_at is not None:
        return Rescored(closed=closed)
    if closed:
        found = recalls.latest(members)
    theirs = {(each.patient_id, each.key) for each in spoilt if each.patient_id != patient_id}  # no answer any more
    latest = latest_of(patient_id, {place: each for place, each in found.items() if place not in theirs})
    if about is not None:
        latest = {key: each for key, each in latest.items() if key in about}
    for key in sorted(by_key.keys() | latest.keys()):
        existing, trigger = latest.get(key), by_key.get(key)
        was_corrected = existing is not None and existing.id in corrected
        decision = judging.judge(existing, trigger, now, corrected=was_corrected, policy=policy)
        if decision.verb == "open" and trigger is not None:
            opened += recalls.open_recall(trigger, now) is not None
        elif decision.step is not None:
            updated += recalls.apply(decision.step)
    return Rescored(opened=opened, updated=updated, closed=closed)


def _has_other(recall: Recall, results: Sequence[Result]) -> bool:
    """True where another result, such as the corrected one, closes what the spoilt result had closed."""
    return closes(replace(recall, state="open"), results) is not None


def _spoilt(connection: Connection, ended: Iterable[Recall]) -> tuple[Result, ...]:
    """Return the results that closed a recall and were superseded since, as no longer usable."""
    closed = {
        int(recall.closing.result.removeprefix("fact/")): recall
        for recall in ended
        if recall.state == "closed" and recall.closing is not None and recall.closing.result
    }
    return tuple(
        Result(
            ref=f"fact/{fact}", patient_id=closed[fact].patient_id, key=closed[fact].closes_with[0],
            observed_at=closed[fact].opened_at, is_final=False, is_usable=False,
        )
        for fact in records.superseded_among(connection, closed)
    )  # fmt: skip


def _corrected(connection: Connection, live: Sequence[Recall]) -> frozenset[str]:
    """Return the ids of recalls that rest on a fact which has been superseded since."""
    cited = {recall.id: watch.facts_cited(recall.evidence) for recall in live}
    superseded = records.superseded_among(connection, {fact for facts in cited.values() for fact in facts})
    return frozenset(recall_id for recall_id, facts in cited.items() if superseded & set(facts))
