"""The worklist: who should come back, why now, by when, how sure, and what next?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from http import HTTPStatus
from typing import Annotated, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse

from twin.organs import ORGANS
from twin.store import desk, worklist
from twin.store.accounts import User
from twin.store.session import Connection
from twin.store.worklist import PAGE_SIZE, Course, Filters, Line
from twin.web.api.cursor import pack, unpack
from twin.web.dashboard.access import PATIENT_ROLES, SignedIn, may_act, places
from twin.web.dashboard.clock import clock_of
from twin.web.dashboard.render import render
from twin.web.dashboard.spark import Spark, spark
from twin.web.deps import EngineDep, Now, SettingsDep, record_access
from twin.web.errors import BadRequest

router = APIRouter()

Standing = Literal["", "overdue", "week", "quarter", "snoozed"]


@dataclass(frozen=True, kw_only=True)
class Item:
    """A row of the page: the recall, what its sparkline draws, and the interval of its probability."""

    line: Line
    spark: Spark | None
    low: float | None
    high: float | None


@router.get("/", name="worklist")
def show(
    request: Request,
    user: SignedIn,
    engine: EngineDep,
    settings: SettingsDep,
    now: Now,
    organ: Annotated[str, Query(max_length=40)] = "",
    standing: Standing = "",
    owner: Literal["", "me", "nobody"] = "",
    after: Annotated[str | None, Query(max_length=400)] = None,
) -> Response:
    """Return a page of open recalls, the earliest due first; who sees no patients is led to their own first page."""
    if user.role not in PATIENT_ROLES:
        return RedirectResponse(places(user)[0].path, HTTPStatus.SEE_OTHER)
    filters = Filters(
        organ=organ or None, standing=standing or None,
        owner=user.username if owner == "me" else None, unowned=owner == "nobody",
    )  # fmt: skip
    today = now.date()
    with engine.begin() as connection:
        lines = worklist.page(connection, filters, today, after=_position(after))
        counts = worklist.counts(connection, today)
        items = with_courses(connection, lines)
        clock = clock_of(desk.last_heartbeat(connection), now)
        note_shown(connection, user, lines, now)
    asked = {"organ": organ, "standing": standing, "owner": owner}
    following = pack(lines[-1].due_at.isoformat(), lines[-1].id) if len(lines) == PAGE_SIZE else None
    return render(
        request, "worklist.html", user=user, places=places(user), items=items, counts=counts, clock=clock, today=today,
        organs=[one.key for one in ORGANS], asked=asked, is_first=after is None, can_act=may_act(user),
        next_page=_address(asked, following) if following else None, first_page=_address(asked, None),
        is_filtered=any(asked.values()), with_standing=lambda wish: _address({**asked, "standing": wish}, None),
        settings=settings,
    )  # fmt: skip


def with_courses(connection: Connection, lines: Sequence[Line]) -> list[Item]:
    """Return the rows with their sparklines, read in one go."""
    courses: Mapping[str, Course] = worklist.courses(connection, lines)
    return [_item(line, courses.get(line.id)) for line in lines]


def note_shown(connection: Connection, user: User, lines: Sequence[Line], now: datetime) -> None:
    """Leave a row in the audit for every patient that was shown."""
    for patient_id in dict.fromkeys(line.patient_id for line in lines):
        record_access(connection, user, "worklist.read", patient_id, "GET /", now=now)


def _item(line: Line, course: Course | None) -> Item:
    if course is None:
        return Item(line=line, spark=None, low=None, high=None)
    return Item(line=line, spark=spark(course), low=course.low, high=course.high)


def _position(after: str | None) -> tuple[date, str] | None:
    if after is None:
        return None
    day, last = unpack(after, 2)
    try:
        if not worklist.is_uuid(last):
            raise ValueError(last)
        return date.fromisoformat(day), last
    except ValueError as error:
        raise BadRequest("`after` is not a cursor of this list") from error


def _address(asked: Mapping[str, str], after: str | None) -> str:
    parts = {key: value for key, value in {**asked, "after": after or ""}.items() if value}
    return f"/?{urlencode(parts)}" if parts else "/"
