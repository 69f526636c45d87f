"""What else is an organ read with: its history on record, and what of other organs acts on it in this patient?"""

from dataclasses import dataclass
from datetime import datetime

from twin.organs.base import Organ, OrganHistory, Text
from twin.organs.links import Link, links_to
from twin.record.holding import holding, since
from twin.record.timeline import Timeline
from twin.scores.gather import newest


@dataclass(frozen=True, kw_only=True, slots=True)
class HistoryItem:
    """One line of an organ's history; `code` is what a coded signal says, "" for a concept."""

    key: str
    label: Text
    code: str
    at: datetime
    fact_id: int


@dataclass(frozen=True, kw_only=True, slots=True)
class ActiveLink:
    """A link whose source is on record: the newest value, or the fact by which the condition holds."""

    source: str
    of: str
    kind: str
    through: str
    label: Text
    citation: str
    status: str
    at: datetime
    fact_id: int


def organ_history(organ: Organ, timeline: Timeline) -> tuple[HistoryItem, ...]:
    """Return what of the organ's history holds at `as_of`, in the organ's order."""
    found = (_item(declared, timeline) for declared in organ.history)
    return tuple(item for item in found if item is not None)


def active_links(organ: str, timeline: Timeline) -> tuple[ActiveLink, ...]:
    """Return the links to an organ whose source the record has, in the order of the table."""
    found = (_active(link, timeline) for link in links_to(organ))
    return tuple(link for link in found if link is not None)


def _item(declared: OrganHistory, timeline: Timeline) -> HistoryItem | None:
    if declared.kind == "concept":
        fact, code = holding(timeline, declared.key, timeline.as_of), ""
        first = None if fact is None else since(timeline, declared.key)
    else:
        said = [each for each in timeline.series(declared.key) if each.observed_at <= timeline.as_of]
        fact = said[-1] if said else None
        code = "" if fact is None else fact.derived.code or ""
        first = None if fact is None else fact.observed_at
    if fact is None or first is None:
        return None
    return HistoryItem(key=declared.key, label=declared.label, code=code, at=first, fact_id=fact.id)


def _active(link: Link, timeline: Timeline) -> ActiveLink | None:
    held = holding(timeline, link.of, timeline.as_of) if link.kind == "evidence" else None
    fact = held if link.kind == "evidence" else newest(timeline, link.of, timeline.as_of)
    if fact is None:
        return None
    return ActiveLink(
        source=link.source,
        of=link.of,
        kind=link.kind,
        through=link.through,
        label=link.label,
        citation=link.citation,
        status=link.status,
        at=fact.observed_at,
        fact_id=fact.id,
    )
