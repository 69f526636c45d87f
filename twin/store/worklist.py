"""Which open recalls need somebody, in which order, and what stands behind each one?

Sorted and paged in the database: by due date, then id, continued after the last row seen. Where a recall stands
(upcoming, due, overdue, snoozed) follows from its dates and `today`; it is stored nowhere. Recalls of merged records
are left out: the record that they are read as carries them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Connection, Date, Select, case, cast, column, func, literal, select, text, tuple_, values
from sqlalchemy import Text as SqlText
from sqlalchemy.sql.elements import ColumnElement

from twin.store.links import is_retired
from twin.store.tables import patient, recall, twin

Standing = Literal["upcoming", "due", "overdue", "snoozed"]
PAGE_SIZE = 30  # rows of 36 px that fill a tall screen; more is a longer scroll, not more insight
_HELD = text("jsonb_array_length(quiet) > 0")
MOST_HELD = 500  # patients on the page of what is held back


@dataclass(frozen=True, kw_only=True)
class Filters:
    """What the worklist is narrowed to; None means no narrowing. Snoozed recalls show only when asked for."""

    organ: str | None = None
    standing: Literal["overdue", "week", "quarter", "snoozed"] | None = None
    owner: str | None = None
    unowned: bool = False


@dataclass(frozen=True, kw_only=True)
class Line:
    """One row of the worklist: one open recall, its patient, and where it stands today."""

    id: str
    patient_id: str
    name: str
    sex: str
    birth_date: date | None
    key: str
    rule_id: str
    reason: Mapping[str, str]
    examination: Mapping[str, str]
    probability: float | None
    priority: str
    verification: str
    due_from: date
    due_at: date
    overdue_at: date
    standing: Standing
    snoozed_until: date | None
    snoozed_until_new_data: bool
    owner: str | None
    is_approved: bool
    version: int

    @property
    def organ(self) -> str:
        """The organ in `key` (`liver/fib4>2.67`)."""
        return self.key.partition("/")[0]


@dataclass(frozen=True, kw_only=True)
class Counts:
    """The numbers above the list; snoozed recalls are counted apart and nowhere else.

    `held_back` counts the patients of whom something would be asked but for a named reason.
    """

    open: int
    week: int
    quarter: int
    overdue: int
    snoozed: int
    held_back: int


@dataclass(frozen=True, kw_only=True)
class HeldBack:
    """A patient of whom something would be asked but for a named reason."""

    patient_id: str
    name: str
    sex: str
    birth_date: date | None
    items: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, kw_only=True)
class Course:
    """What a sparkline draws: the history and forecast of the signal or score a recall is about, and its threshold."""

    threshold: float
    comparison: str
    unit: str
    low: float | None
    high: float | None
    history: Sequence[Mapping[str, Any]]  # rows of a stored snapshot
    forecast: Sequence[Mapping[str, Any]]  # rows of a stored snapshot


def counts(connection: Connection, today: date) -> Counts:
    """Return how many open recalls stand where."""
    awake, asleep = _standing(today) != "snoozed", _standing(today) == "snoozed"
    week, quarter = recall.c.due_at <= today + timedelta(days=7), recall.c.due_at <= today + timedelta(days=91)
    asked = select(
        func.count().label("open"),
        func.count().filter(awake, week, recall.c.overdue_at > today).label("week"),
        func.count().filter(awake, quarter, recall.c.overdue_at > today).label("quarter"),
        func.count().filter(awake, recall.c.overdue_at <= today).label("overdue"),
        func.count().filter(asleep).label("snoozed"),
    ).where(recall.c.state == "open", ~is_retired(recall.c.patient_id))
    held = select(func.count()).select_from(twin).where(_HELD, ~is_retired(twin.c.patient_id))
    return Counts(**connection.execute(asked).one()._asdict(), held_back=connection.execute(held).scalar_one())


def held_back(connection: Connection, limit: int = MOST_HELD) -> Sequence[HeldBack]:
    """Return the patients of whom something would be asked but for a named reason, by name."""
    asked = (
        select(patient.c.id, patient.c.name, patient.c.sex, patient.c.birth_date, twin.c.quiet)
        .join(twin, twin.c.patient_id == patient.c.id)
        .where(_HELD, ~is_retired(twin.c.patient_id))
        .order_by(func.lower(patient.c.name), patient.c.id)
        .limit(limit)
    )
    return [
        HeldBack(patient_id=row.id, name=row.name, sex=row.sex, birth_date=row.birth_date, items=row.quiet)
        for row in connection.execute(asked)
    ]


def page(
    connection: Connection,
    filters: Filters,
    today: date,
    *,
    after: tuple[date, str] | None = None,
    size: int = PAGE_SIZE,
) -> Sequence[Line]:
    """Return up to `size` open recalls that follow `after` (due date and id of the last row seen)."""
    asked = _lines(today).where(*_conditions(filters, today)).order_by(recall.c.due_at, recall.c.id).limit(size)
    if after is not None:
        last = (cast(literal(after[0]), Date), cast(literal(after[1]), recall.c.id.type))
        asked = asked.where(tuple_(recall.c.due_at, recall.c.id) > tuple_(*last))
    return [Line(**row._asdict()) for row in connection.execute(asked)]


def line(connection: Connection, recall_id: str, today: date) -> Line | None:
    """Return one open recall as the worklist shows it; None where it is not open any more, or never was."""
    if not is_uuid(recall_id):
        return None
    is_listed = (recall.c.state == "open", ~is_retired(recall.c.patient_id))
    asked = _lines(today).where(recall.c.id == recall_id, *is_listed)
    row = connection.execute(asked).one_or_none()
    return None if row is None else Line(**row._asdict())


def courses(connection: Connection, lines: Sequence[Line]) -> Mapping[str, Course]:
    """Return by recall id what its sparkline draws; a recall that no forecast stands behind is left out."""
    if not lines:
        return {}
    wanted = values(column("id", SqlText), column("patient_id", SqlText), column("organ", SqlText),
                    column("key", SqlText), name="wanted").data(
        [(row.id, row.patient_id, row.organ, row.key.partition("/")[2]) for row in lines])  # fmt: skip
    rows = connection.execute(select(wanted.c.id, text("found.course")).select_from(wanted, _FOUND))
    return {row.id: _course(row.course) for row in rows if row.course["crossing"] is not None}


def is_uuid(value: str) -> bool:
    """Return whether a text from an address can be an id here at all."""
    try:
        UUID(value)
    except ValueError:
        return False
    return True


# The crossing and its series are cut out of the stored organ in the database: the whole body would be 30 times as much.
# `|| '{}'` unpacks the stored body once for both cuts; without it each of them would unpack it again.
_FOUND = text(
    """
    lateral (
      select jsonb_build_object(
        'crossing', crossing - array['rule', 'rests_on', 'trend', 'drivers'],
        'series', jsonb_path_query_first(
            f.body,
            case crossing->'on'->>'kind'
              when 'score' then '$.scores[*] ? (@.key == $key && @.output == $output)'::jsonpath
              else '$.signals[*] ? (@.key == $key)'::jsonpath end,
            crossing->'on') - array['fitted', 'inputs', 'warnings', 'label']
      ) as course
      from (
        select body || '{}'::jsonb as body from forecast
        where patient_id = wanted.patient_id::uuid and organ = wanted.organ
        offset 0
      ) f
      cross join lateral (
        select jsonb_path_query_first(
            f.body, '$.crossings[*] ? (@.key == $key)', jsonb_build_object('key', wanted.key)) as crossing
        offset 0
      ) c
    ) found
    """
)


def _course(row: Mapping[str, Any]) -> Course:
    crossing, series = row["crossing"], row["series"] or {}
    at_year: Mapping[str, Any] = next((p for p in crossing.get("probabilities", []) if p["months"] == 12), {})
    history = series.get("history") or [
        {"at": point["observed_at"], "value": point["value"]} for point in series.get("points", []) if point["used"]
    ]
    return Course(
        threshold=crossing["value"], comparison=crossing["comparison"], unit=crossing["unit"],
        low=at_year.get("low"), high=at_year.get("high"), history=history, forecast=series.get("forecast", []),
    )  # fmt: skip


def _standing(today: date) -> ColumnElement[str]:
    return case(
        (recall.c.snoozed_until > today, "snoozed"),
        (recall.c.overdue_at <= today, "overdue"),
        (recall.c.due_from <= today, "due"),
        else_="upcoming",
    )


def _lines(today: date) -> Select:
    names = (
        "id", "patient_id", "key", "rule_id", "reason", "examination", "probability", "priority", "verification",
        "due_from", "due_at", "overdue_at", "snoozed_until", "snoozed_until_new_data", "owner", "version",
    )  # fmt: skip
    return select(
        *(recall.c[name] for name in names),
        patient.c.name, patient.c.sex, patient.c.birth_date,
        _standing(today).label("standing"), recall.c.approved_at.is_not(None).label("is_approved"),
    ).join_from(recall, patient, recall.c.patient_id == patient.c.id)  # fmt: skip


def _conditions(filters: Filters, today: date) -> list[ColumnElement[bool]]:
    standing = _standing(today)
    found: list[ColumnElement[bool]] = [recall.c.state == "open", ~is_retired(recall.c.patient_id)]
    found.append(standing == "snoozed" if filters.standing == "snoozed" else standing != "snoozed")
    if filters.standing == "overdue":
        found.append(recall.c.overdue_at <= today)
    if filters.standing in ("week", "quarter"):
        days = 7 if filters.standing == "week" else 91
        found += [recall.c.due_at <= today + timedelta(days=days), recall.c.overdue_at > today]
    if filters.organ:
        found.append(func.split_part(recall.c.key, "/", 1) == filters.organ)
    if filters.unowned:
        found.append(recall.c.owner.is_(None))
    elif filters.owner:
        found.append(recall.c.owner == filters.owner)
    return found
