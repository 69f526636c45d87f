"""What a search asks of resources, and the SQL that answers it from whose they are and what facts were made of them."""

import re
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal

from sqlalchemy import ARRAY, Text, and_, cast, false, func, literal, literal_column, not_, or_, select, true, tuple_
from sqlalchemy.dialects.postgresql import UUID
from sqlalchemy.sql.elements import ColumnElement

from twin.store import tables as t
from twin.store.patients import begins

Prefix = Literal["eq", "ne", "gt", "ge", "lt", "le", "sa", "eb", "ap"]
NameField = Literal["name", "family", "given"]
_IDS = ARRAY(UUID(as_uuid=False))
_value: ColumnElement[str] = literal_column("substr(item_token.token, strpos(item_token.token, '|') + 1)", Text)
"""An identifier's value without its system, spelled as the index spells it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class When:
    """A date that was asked for: `low` is its first instant, `high` the first after it."""

    prefix: Prefix
    low: datetime
    high: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Token:
    """A code or identifier that was asked for. `system` None means any, "" means none; so does `code` None."""

    system: str | None
    code: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Query:
    """What is looked for. In each list of lists the inner one holds alternatives, and all the outer ones must hold."""

    kinds: tuple[str, ...] = ()
    source: str | None = None
    ids: tuple[tuple[str, ...], ...] = ()
    people: tuple[frozenset[str], ...] = ()
    identifiers: tuple[tuple[Token, ...], ...] = ()
    codes: tuple[tuple[Token, ...], ...] = ()
    dates: tuple[tuple[When, ...], ...] = ()
    updated: tuple[tuple[When, ...], ...] = ()
    names: tuple[tuple[NameField, tuple[str, ...]], ...] = ()
    births: tuple[tuple[When, ...], ...] = ()
    sexes: tuple[tuple[str, ...], ...] = ()
    dated_within: tuple[datetime | None, datetime | None] | None = None
    """Resources whose facts lie between these, and those that have none."""
    newest_first: bool | None = None
    """None: in the order in which they came."""
    after: tuple[datetime, int] | None = field(default=None)
    """The last one of the page before: when it was recorded, and its number."""


def conditions(query: Query, *, paged: bool = True) -> list[ColumnElement[bool]]:
    """Return what must hold of a row of the ledger; kinds, ids and source are asked by the caller."""
    i, f, p = t.import_item.c, t.fact.c, t.patient.c
    found: list[ColumnElement[bool]] = []
    for people in query.people:
        found.append(i.patient_id == func.any(cast(sorted(people), _IDS)))
    for tokens in query.identifiers:
        bearers = select(t.item_token.c.item_id).where(or_(*(_bears(each) for each in tokens)))
        found.append(i.id.in_(bearers))
    for codes in query.codes:
        own = [_is_panel(each) for each in codes if each.code and each.system != ""]
        found.append(or_(_has_fact(or_(*(_coded(each) for each in codes))), *own))
    for dates in query.dates:
        ends = func.coalesce(f.ended_at, f.observed_at)
        found.append(_has_fact(or_(*(_at(each, f.observed_at, ends) for each in dates))))
    for updated in query.updated:
        found.append(or_(*(_at(each, i.recorded_at, i.recorded_at) for each in updated)))
    about_people = [
        *(or_(*(_is_named(which, each) for each in names)) for which, names in query.names),
        *(or_(*(_born(each) for each in births)) for births in query.births),
        *(p.sex.in_(sexes) for sexes in query.sexes),
    ]
    if about_people:
        found.append(i.patient_id.in_(select(p.id).where(*about_people)))
    if query.dated_within is not None:
        found.append(_within(*query.dated_within))
    if paged and query.after is not None:
        found.append(_beyond(query.newest_first, *query.after))
    return found


def _beyond(newest_first: bool | None, at: datetime, number: int) -> ColumnElement[bool]:
    i = t.import_item.c
    if newest_first is None:
        return i.id > number
    here = tuple_(i.recorded_at, i.id)
    last = tuple_(literal(at), literal(number))
    return here < last if newest_first else here > last


def _has_fact(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    return select(t.fact.c.id).where(t.fact.c.item_id == t.import_item.c.id, condition).exists()


def _within(start: datetime | None, end: datetime | None) -> ColumnElement[bool]:
    f = t.fact.c
    bounds = [*([func.coalesce(f.ended_at, f.observed_at) >= start] if start else []),
              *([f.observed_at < end] if end else [])]  # fmt: skip
    any_fact = select(f.id).where(f.item_id == t.import_item.c.id).exists()
    return or_(not_(any_fact), _has_fact(and_(true(), *bounds)))


def _bears(token: Token) -> ColumnElement[bool]:
    column = t.item_token.c.token
    if token.code is None:
        return false()
    if token.system is None:
        return _value == token.code[:1_000]
    return column == f"{token.system}|{token.code}"[:1_000]


def _coded(token: Token) -> ColumnElement[bool]:
    f = t.fact.c
    stated: dict[str, str] = {}
    own: list[Any] = []
    if token.system is not None:
        own.append(f.code_system == token.system)
        stated["system"] = token.system
    if token.code is not None:
        own.append(f.code == token.code)
        stated["code"] = token.code
    return or_(and_(true(), *own), f.other_codings.contains([stated]))


def _is_panel(token: Token) -> ColumnElement[bool]:
    """A panel has no value and so no fact of its own: its code stands in the text of a resource that has components."""
    f, i = t.fact.c, t.import_item.c
    looks = [rf'(?=[^{{}}]*"code"\s*:\s*"{re.escape(token.code or "")}")']
    if token.system is not None:
        looks.append(rf'(?=[^{{}}]*"system"\s*:\s*"{re.escape(token.system)}")')
    concept = r'"code"\s*:\s*\{\s*(?:"text"\s*:\s*"[^"]*"\s*,\s*)?"coding"\s*:\s*\[[^\]]*\{'
    parts = select(f.id).where(f.item_id == i.id, f.part.like("component%")).exists()
    return and_(i.kind == "Observation", parts, i.resource.regexp_match(concept + "".join(looks)))


def _at(when: When, start: Any, end: Any) -> ColumnElement[bool]:
    """R4 search.html#prefix: `[start, end]` of the resource against `[low, high)` of what was asked."""
    low, high = when.low, when.high
    inside = and_(start >= low, end < high)
    above, below = end >= high, start < low
    match when.prefix:
        case "eq":
            return inside
        case "ne":
            return not_(inside)
        case "gt":
            return above
        case "lt":
            return below
        case "ge":
            return or_(above, inside)
        case "le":
            return or_(below, inside)
        case "sa":
            return start >= high
        case "eb":
            return end < low
        case "ap":
            return and_(start < high, end >= low)


def _born(when: When) -> ColumnElement[bool]:
    day = t.patient.c.birth_date
    low, high = _day(when.low), _day(when.high)
    return _at(When(prefix=when.prefix, low=low, high=high), day, day)  # type: ignore[arg-type]  # days, alike in order


def _day(moment: datetime) -> date:
    return moment.date()


def _is_named(which: NameField, asked: str) -> ColumnElement[bool]:
    """A word of the name begins so; of `Family, Given` the part that is meant, of other spellings any."""
    name = func.lower(t.patient.c.name)
    start = begins(asked.lower().strip())
    first, rest = func.split_part(name, ",", 1), func.split_part(name, ",", 2)
    is_ordered = name.like("%,%")
    anywhere = _word(name, start)
    if which == "name":
        return anywhere
    part = first if which == "family" else rest
    return or_(and_(is_ordered, _word(part, start)), and_(not_(is_ordered), anywhere))


def _word(column: Any, start: str) -> ColumnElement[bool]:
    spaced = func.concat(" ", func.translate(column, ",^-", "   "))
    return or_(column.like(start), spaced.like(f"% {start}")).self_group()
