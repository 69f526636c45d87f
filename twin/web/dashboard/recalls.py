"""What a person decides about a recall on a page: approve, snooze, take it, say why it is not needed, and undo."""

from dataclasses import dataclass
from datetime import date, datetime
from http import HTTPStatus
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from alerts import steps
from alerts.errors import BadDecision
from alerts.recall import Recall, Step
from twin.store import dossier, worklist
from twin.store.accounts import User
from twin.store.session import Engine
from twin.web.dashboard.access import ActsOnRecalls, may_act
from twin.web.dashboard.render import render
from twin.web.dashboard.whynow import why_now
from twin.web.dashboard.worklist import with_courses
from twin.web.deps import CsrfChecked, EngineDep, Now, Recalls, record_access
from twin.web.errors import Conflict, Forbidden, NotFound

router = APIRouter()

Action = Literal["approve", "assign", "release", "snooze", "unsnooze", "close", "reopen"]
NOTHING_ASKED = {"organ": "", "standing": "", "owner": ""}  # a swapped row does not know the filters of its page
UNDO: dict[str, Action] = {"snooze": "unsnooze", "close": "reopen", "assign": "release"}


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What the form asked for."""

    action: Action
    until: date | None
    until_new_data: bool
    reason: str
    note: str


@router.post("/recalls/{recall_id}", name="act", dependencies=[CsrfChecked])
def act(
    request: Request,
    recall_id: UUID,
    user: ActsOnRecalls,
    recalls: Recalls,
    engine: EngineDep,
    now: Now,
    action: Annotated[Action, Form()],
    version: Annotated[int, Form()],
    place: Annotated[Literal["worklist", "patient"], Form()] = "worklist",
    until: Annotated[str, Form(max_length=10)] = "",
    until_new_data: Annotated[bool, Form()] = False,
    reason: Annotated[str, Form(max_length=40)] = "",
    note: Annotated[str, Form(max_length=500)] = "",
) -> Response:
    """Do it on the recall as it stood at `version`, and return what stands in its place on the page."""
    recall = recalls.get(str(recall_id))
    if recall is None:
        raise NotFound("no such recall")
    if recall.version != version:
        raise Conflict
    if action == "approve" and user.role != "clinician":
        raise Forbidden("only a clinician approves a recall")
    wish = Wish(action=action, until=_day(until), until_new_data=until_new_data, reason=reason, note=note.strip())
    step = _step(recall, wish, by=user.username, now=now)
    with engine.begin() as connection:  # noted before it is done: better a row too many than a change unnoted
        record_access(connection, user, f"recall.{action}", recall.patient_id, f"recall/{recall.id}", now=now)
    if not recalls.apply(step):
        raise Conflict
    if "HX-Request" not in request.headers:
        back = "/" if place == "worklist" else f"/patients/{recall.patient_id}"
        return RedirectResponse(back, HTTPStatus.SEE_OTHER)
    return _fragment(request, engine, user, step.after, wish, place, now)


def _fragment(
    request: Request, engine: Engine, user: User, recall: Recall, wish: Wish, place: str, now: datetime
) -> Response:
    today = now.date()
    told: dict[str, object] = {
        "user": user, "recall": recall, "wish": wish, "undo": UNDO.get(wish.action), "today": today,
        "can_act": may_act(user), "place": place,
    }  # fmt: skip
    is_gone = wish.action in ("snooze", "close")
    with engine.connect() as connection:
        if place == "worklist":
            line = worklist.line(connection, recall.id, today)
            items = with_courses(connection, [line]) if line is not None else []
            head = dossier.head(connection, recall.patient_id)
            told |= {"item": items[0] if items else None, "name": head.name if head else ""}
            told |= {"counts": worklist.counts(connection, today), "asked": NOTHING_ASKED}
            return render(request, "_done_row.html" if is_gone or not items else "_changed_row.html", **told)
        if is_gone:
            return render(request, "_done_block.html", **told)
        stored = dossier.stored_twin(connection, recall.patient_id)
        blocks = why_now(dossier.histories(connection, recall.patient_id), stored.organs if stored else (), today)
        block = next((block for block in blocks if block.history.row.id == recall.id), None)
        return render(request, "_changed_block.html", **told, block=block, patient_id=recall.patient_id)


def _step(recall: Recall, wish: Wish, *, by: str, now: datetime) -> Step:
    """Return the step that was asked for.

    Raises:
        BadDecision, BadTransition: the action lacks what it needs, or the recall's state does not allow it.
    """
    match wish.action:
        case "approve":
            return steps.approve(recall, by=by, now=now)
        case "assign" | "release":
            return steps.assign(recall, by if wish.action == "assign" else None, by=by, now=now)
        case "snooze":
            return steps.snooze(
                recall, by=by, now=now, until=wish.until, until_new_data=wish.until_new_data, note=wish.note
            )
        case "unsnooze":
            return steps.unsnooze(recall, by=by, now=now)
        case "close":
            return steps.close_by_person(recall, wish.reason, by=by, now=now, note=wish.note)
        case "reopen":
            return steps.reopen(recall, "undo", by=by, now=now)


def _day(value: str) -> date | None:
    try:
        return date.fromisoformat(value) if value else None
    except ValueError as error:
        raise BadDecision("the date is not one") from error
