"""What else is known of the patient: diseases, medicines, allergies, family, smoking, events, CT findings."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from twin.record.codes import OWN_FINDING
from twin.record.fact import Fact, FactKind
from twin.record.timeline import Timeline

EVENT_KINDS: tuple[FactKind, ...] = (
    "condition",
    "procedure",
    "medication",
    "encounter",
    "imaging_study",
    "report",
    "death",
)
_SHOWN_QUALITIES = ("ok", "no_signal")  # anything else (entered in error, refuted ...) is not a statement to show


@dataclass(frozen=True, kw_only=True, slots=True)
class Item:
    """Something that holds or held, repeated mentions joined: from the first to the last end, None while it lasts."""

    key: str
    display: str
    since: datetime
    until: datetime | None
    fact_id: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Smoking:
    """The newest smoking status on record."""

    status: str
    since: datetime
    fact_id: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Background:
    """What stands in the head of the page."""

    conditions: tuple[Item, ...]
    medications: tuple[Item, ...]
    allergies: tuple[Item, ...]
    family_history: tuple[Item, ...]
    smoking: Smoking | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """One mark on the line of events."""

    at: datetime
    kind: str
    display: str
    fact_id: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """A CT finding as its fact holds it: one statement, whoever made it, beside the others of the same key.

    `key` is our own, empty where none of ours means it; `detail` its size, or present, absent, not evaluated.
    """

    fact_id: int
    at: datetime
    key: str
    display: str
    detail: str | None
    said_by: str
    is_ours: bool = False
    """Our own code says so, and nobody has confirmed it."""


def background(timeline: Timeline) -> Background:
    """Return what is known besides measurements at `as_of`."""
    smoked = [fact for fact in timeline.series("smoking_status") if fact.derived.code and _is_past(fact, timeline)]
    return Background(
        conditions=_items(timeline, "condition"),
        medications=_items(timeline, "medication"),
        allergies=_items(timeline, "allergy"),
        family_history=_items(timeline, "family_history"),
        smoking=_smoking(smoked),
    )


def events(timeline: Timeline) -> tuple[Event, ...]:
    """Return the dated events, oldest first; a medicine or disease mentioned again is no second event."""
    found, seen = [], set()
    for fact in _shown(timeline, EVENT_KINDS):
        once = (fact.kind, _display(fact)) if fact.kind in ("condition", "medication") else fact.id
        if once not in seen:
            seen.add(once)
            found.append(Event(at=fact.observed_at, kind=fact.kind, display=_display(fact), fact_id=fact.id))
    return tuple(found)


def findings(timeline: Timeline) -> tuple[Finding, ...]:
    """Return the CT findings, oldest first; what two sources say of one key are two of them."""
    return tuple(_finding(fact) for fact in _shown(timeline, ("finding",)))


def _finding(fact: Fact) -> Finding:
    is_own = fact.coding.system == OWN_FINDING
    return Finding(
        fact_id=fact.id,
        at=fact.observed_at,
        key=fact.coding.code if is_own else "",
        display=_display(fact),
        detail=fact.value if is_own and fact.value_kind == "code" else _detail(fact),
        said_by=fact.device or fact.source.resource,
        is_ours=fact.source.resource.startswith("study/"),  # `twin.scan` states what it found of a series
    )


def _items(timeline: Timeline, kind: FactKind) -> tuple[Item, ...]:
    grouped: dict[str, list[Fact]] = {}
    for fact in _shown(timeline, (kind,)):
        grouped.setdefault(_display(fact), []).append(fact)
    items = [_joined(display, facts) for display, facts in grouped.items()]
    return tuple(sorted(items, key=lambda item: (item.since, item.fact_id)))


def _joined(display: str, facts: list[Fact]) -> Item:
    ends = [fact.ended_at for fact in facts]
    newest = facts[-1]
    return Item(
        key=newest.derived.signal or newest.coding.code,
        display=display,
        since=facts[0].observed_at,
        until=None if None in ends else max(end for end in ends if end is not None),
        fact_id=newest.id,
    )


def _shown(timeline: Timeline, kinds: Iterable[FactKind]) -> list[Fact]:
    wanted = set(kinds)
    return [
        fact
        for fact in timeline.facts
        if fact.kind in wanted and fact.derived.quality in _SHOWN_QUALITIES and _is_past(fact, timeline)
    ]


def _smoking(facts: list[Fact]) -> Smoking | None:
    if not facts:
        return None
    newest = facts[-1]
    same = newest.observed_at
    for fact in reversed(facts):
        if fact.derived.code != newest.derived.code:
            break
        same = fact.observed_at
    return Smoking(status=str(newest.derived.code), since=same, fact_id=newest.id)


def _display(fact: Fact) -> str:
    return fact.coding.display or fact.coding.code


def _detail(fact: Fact) -> str | None:
    if fact.value_coding is not None:
        return fact.value_coding.display or fact.value_coding.code
    return fact.value if fact.unit is None else f"{fact.value} {fact.unit}"


def _is_past(fact: Fact, timeline: Timeline) -> bool:
    return fact.observed_at <= timeline.as_of
