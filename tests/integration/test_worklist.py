"""The worklist's read model: what is listed, in which order, and what stands behind each row."""

from datetime import date, timedelta

import pytest
from sqlalchemy import Connection, Engine, select, update

from tests.browser import simulated
from twin.store import tables, worklist
from twin.store.worklist import Filters

TODAY = simulated.NOW.date()


@pytest.fixture
def connection(engine: Engine):  # type: ignore[no-untyped-def]
    with engine.begin() as connection:
        simulated.seed(connection)
    with engine.begin() as connection:
        yield connection


def set_recall(connection: Connection, recall_id: str, **values: object) -> None:
    connection.execute(update(tables.recall).where(tables.recall.c.id == recall_id).values(**values))


def test_rows_come_by_due_date_and_never_twice_over_pages(connection: Connection) -> None:
    seen: list[worklist.Line] = []
    after: tuple[date, str] | None = None
    while page := worklist.page(connection, Filters(), TODAY, after=after, size=3):
        seen += page
        after = (page[-1].due_at, page[-1].id)
    assert [row.due_at for row in seen] == sorted(row.due_at for row in seen)
    assert len({row.id for row in seen}) == len(seen) == 8


@pytest.mark.parametrize(
    ("days", "standing"),
    [(31, "upcoming"), (30, "due"), (0, "due"), (-14, "due"), (-15, "overdue")],
)
def test_standing_follows_from_the_dates(connection: Connection, days: int, standing: str) -> None:
    row = worklist.page(connection, Filters(), TODAY, size=1)[0]
    due = TODAY + timedelta(days=days)
    set_recall(
        connection, row.id, due_from=due - timedelta(days=30), due_at=due, overdue_at=due + timedelta(days=15)
    )  # fmt: skip
    found = worklist.line(connection, row.id, TODAY)
    assert found is not None and found.standing == standing


def test_a_snoozed_recall_is_listed_only_when_asked_for_and_wakes_on_its_day(connection: Connection) -> None:
    (asleep,) = worklist.page(connection, Filters(standing="snoozed"), TODAY)
    assert asleep.id not in {row.id for row in worklist.page(connection, Filters(), TODAY)}
    assert asleep.snoozed_until is not None
    awake = worklist.line(connection, asleep.id, asleep.snoozed_until)
    assert awake is not None and awake.standing != "snoozed"


def test_the_counts_are_those_of_the_filters(connection: Connection) -> None:
    counts = worklist.counts(connection, TODAY)
    for standing in ("week", "quarter", "overdue", "snoozed"):
        assert len(worklist.page(connection, Filters(standing=standing), TODAY)) == getattr(counts, standing)
    assert counts.open == len(worklist.page(connection, Filters(), TODAY)) + counts.snoozed


def test_filters_narrow_by_organ_and_owner(connection: Connection) -> None:
    rows = worklist.page(connection, Filters(), TODAY)
    set_recall(connection, rows[0].id, owner="dr.lin")
    assert {row.organ for row in worklist.page(connection, Filters(organ="vascular"), TODAY)} == {"vascular"}
    assert [row.id for row in worklist.page(connection, Filters(owner="dr.lin"), TODAY)] == [rows[0].id]
    assert len(worklist.page(connection, Filters(unowned=True), TODAY)) == len(rows) - 1


def test_a_course_holds_what_the_recall_is_about(connection: Connection) -> None:
    rows = worklist.page(connection, Filters(), TODAY)
    courses = worklist.courses(connection, rows)
    assert set(courses) == {row.id for row in rows}
    fib4 = next(courses[row.id] for row in rows if row.key == "liver/fib4>2.67")
    assert fib4.threshold == 2.67
    assert len(fib4.history) == 22 and len(fib4.forecast) == 37


def test_a_recall_without_a_forecast_is_listed_without_a_course(connection: Connection) -> None:
    row = worklist.page(connection, Filters(), TODAY)[0]
    connection.execute(tables.forecast.delete().where(tables.forecast.c.patient_id == row.patient_id))
    assert row.id not in worklist.courses(connection, [row])


def test_a_closed_recall_is_no_line(connection: Connection) -> None:
    closed = connection.execute(select(tables.recall.c.id).where(tables.recall.c.state == "closed")).scalars().first()
    assert closed is not None and worklist.line(connection, closed, TODAY) is None
    assert worklist.line(connection, "not an id", TODAY) is None
