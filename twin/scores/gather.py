"""Where a score's inputs stand in a patient's record at a moment, and what the score then says."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from twin.record.fact import Fact
from twin.record.holding import holding, weekly
from twin.record.signal import signal
from twin.record.timeline import Timeline
from twin.scores import score as score_by_key
from twin.scores.answer import Answer, calculate
from twin.scores.base import Input, Score, Where

TOGETHER = timedelta(days=365)
"""House value: the measurements of one answer lie within this time, else the older one is stale."""

Site = Mapping[str, bool | str]
"""Settings of this site that scores ask for (`north_america`, `north`, `score2_region`); what is not set is missing."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """One input as the record has it: `value` in `unit` (or a code), from `fact` or calculated; None where not known.

    `oldest`, `newest` are the times of the measurements it rests on; None where it is none.
    """

    item: Input
    where: Where | None
    value: float | str | None
    unit: str = ""
    fact: Fact | None = None
    oldest: datetime | None = None
    newest: datetime | None = None
    parts: tuple["Found", ...] = ()

    @property
    def is_assumed(self) -> bool:
        """True where the score's default stands in."""
        return self.value is None and self.item.default is not None


def usable(timeline: Timeline, key: str, until: datetime | None = None) -> tuple[Fact, ...]:
    """The facts of a numeric signal that may be computed on at `until` (default: `as_of`), oldest first."""
    last = min(until or timeline.as_of, timeline.as_of)
    return tuple(fact for fact in timeline.series(key) if fact.derived.value is not None and fact.observed_at <= last)


def newest(timeline: Timeline, key: str, until: datetime) -> Fact | None:
    """The newest of `usable`, without looking at the rest."""
    last = min(until, timeline.as_of)
    return next(
        (
            fact
            for fact in reversed(timeline.about(key))
            if fact.observed_at <= last and fact.is_used and fact.derived.value is not None
        ),
        None,
    )


def needed(score: Score, timeline: Timeline, at: datetime) -> str | None:
    """Return what the record lacks at `at` of what a score is only for, None where it has it or nothing is asked."""
    if not score.needs or any(_is_there(where, timeline, at) for where in score.needs):
        return None
    return score.needs[0].key


def _is_there(where: Where, timeline: Timeline, at: datetime) -> bool:
    """Whether the record has what a score is only for: a concept, or one of the codes of a coded signal."""
    if where.kind == "concept":
        return holding(timeline, where.key, at) is not None
    coded = [fact for fact in timeline.series(where.key) if fact.observed_at <= at]
    return bool(coded) and coded[-1].derived.code in where.output.split("|")


def is_too_young(score: Score, timeline: Timeline, at: datetime) -> bool:
    """Return True where the patient is known to be younger at `at` than the score is for; an unknown age is not."""
    age = timeline.age(at)
    return score.min_age is not None and isinstance(age, float) and age < score.min_age


def measured(score: Score) -> tuple[str, ...]:
    """The keys of every numeric signal a score may rest on, nested scores included."""
    keys: dict[str, None] = {}
    for item in score.inputs:
        for where in item.find:
            if where.kind == "signal":
                keys[where.key] = None
            elif where.kind == "score":
                keys |= dict.fromkeys(measured(score_by_key(where.key)))
    return tuple(keys)


def inputs_of(score: Score) -> frozenset[str]:
    """The keys of every signal, coded one and concept a score may look at, nested scores included."""
    found = {*score.excludes, *score.confounders, *(where.key for where in score.needs)}
    for item in score.inputs:
        for where in item.find:
            if where.kind == "score":
                found |= inputs_of(score_by_key(where.key))
            elif where.kind == "concepts":
                found |= {concept for _, concept in where.among}
            elif where.kind in ("signal", "code", "concept", "weekly"):
                found.add(where.key)
    return frozenset(found)


def gather(score: Score, timeline: Timeline, at: datetime, site: Site) -> tuple[Found, ...]:
    """Return every input of `score` as the record has it at `at`."""
    return tuple(_find(item, timeline, at, site) for item in score.inputs)


def answer_at(score: Score, timeline: Timeline, at: datetime, site: Site) -> tuple[Answer, tuple[Found, ...]]:
    """Return what `score` says of the record at `at`, and the inputs it rests on."""
    found = gather(score, timeline, at, site)
    excluded = next((concept for concept in score.excludes if holding(timeline, concept, at)), None)
    if excluded is not None:
        return Answer(unit=score.unit, absent="outside_population", detail=excluded), found
    lacking = needed(score, timeline, at)
    if lacking is not None:
        return Answer(unit=score.unit, absent="missing_input", detail=lacking), found
    if is_too_young(score, timeline, at):
        return Answer(unit=score.unit, absent="outside_population", detail="age"), found
    stale = _stale(found)
    if stale is not None:
        return Answer(unit=score.unit, absent="stale_input", detail=stale), found
    answer = calculate(
        score,
        {item.item.key: item.value for item in found},
        {item.item.key: item.unit for item in found if item.unit},
    )
    confounder = next((concept for concept in score.confounders if holding(timeline, concept, at)), None)
    if confounder is not None and answer.absent is None:
        answer = replace(answer, cautions=(*answer.cautions, confounder))
    return answer, found


def _stale(found: tuple[Found, ...]) -> str | None:
    """The key of the oldest measurement, where it lies more than `TOGETHER` before the newest."""
    changing = [item for item in found if item.oldest is not None and not item.item.lasting]
    if not changing:
        return None
    oldest = min(changing, key=lambda item: item.oldest or datetime.max)
    latest = max(item.newest for item in changing if item.newest is not None)
    assert oldest.oldest is not None
    return oldest.item.key if latest - oldest.oldest > TOGETHER else None


def _find(item: Input, timeline: Timeline, at: datetime, site: Site) -> Found:
    for where in item.find:
        found = _look(item, where, timeline, at, site)
        if found is not None and found.value is not None:
            return found
    return Found(item=item, where=None, value=None)


def _look(item: Input, where: Where, timeline: Timeline, at: datetime, site: Site) -> Found | None:
    """One place of an input; the last case is a setting of the site."""
    match where.kind:
        case "signal":
            fact = newest(timeline, where.key, at)
            if fact is None:
                return None
            return Found(
                item=item,
                where=where,
                value=fact.derived.value,
                unit=signal(where.key).unit,
                fact=fact,
                oldest=fact.observed_at,
                newest=fact.observed_at,
            )
        case "code":
            coded = [fact for fact in timeline.series(where.key) if fact.observed_at <= at]
            if not coded:
                return None
            code = coded[-1].derived.code or ""
            value = float(code in where.output.split("|")) if where.output else code
            return Found(item=item, where=where, value=value, fact=coded[-1])
        case "age":
            age = timeline.age(at)
            return Found(item=item, where=where, value=age if isinstance(age, float) else None, unit="a")
        case "sex":
            sex = timeline.patient.sex
            if sex == "unknown":
                return None
            return Found(item=item, where=where, value=sex if item.kind == "choice" else float(sex == "male"))
        case "concept":
            fact = holding(timeline, where.key, at)
            return Found(item=item, where=where, value=float(fact is not None), fact=fact)
        case "weekly":
            spell = next((each for each in reversed(weekly(timeline, where.key)) if each.covers(at)), None)
            return Found(
                item=item, where=where, value=float(spell is not None), fact=None if spell is None else spell.fact
            )
        case "concepts":
            held = [(code, fact) for code, concept in where.among if (fact := holding(timeline, concept, at))]
            codes = " ".join(dict.fromkeys(code for code, _ in held))
            value = codes if item.kind == "codes" else float(bool(held))
            return Found(item=item, where=where, value=value, fact=held[0][1] if held else None)
        case "score":
            return _nested(item, where, timeline, at, site)
        case _:
            chosen = site.get(where.key)
            if chosen is None:
                return None
            return Found(item=item, where=where, value=chosen if isinstance(chosen, str) else float(chosen))


def _nested(item: Input, where: Where, timeline: Timeline, at: datetime, site: Site) -> Found:
    nested = score_by_key(where.key)
    answer, parts = answer_at(nested, timeline, at, site)
    changing = [part for part in parts if part.oldest is not None and not part.item.lasting]
    return Found(
        item=item,
        where=where,
        value=answer.outputs.get(where.output),
        unit=next(output.unit for output in nested.outputs if output.key == where.output) if item.signal else "",
        oldest=min((part.oldest for part in changing if part.oldest), default=None),
        newest=max((part.newest for part in changing if part.newest), default=None),
        parts=parts,
    )
