"""The worklist for programs: which recalls are open, and what a person decides about one."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from alerts import steps
from alerts.errors import BadDecision
from alerts.recall import Recall, Step
from twin.store import worklist
from twin.store.accounts import find_user
from twin.store.session import Engine
from twin.web.api.cursor import pack, unpack
from twin.web.caller import Actor
from twin.web.deps import EngineDep, Now, Recalls, record_access, scope
from twin.web.errors import BadRequest, Conflict, Forbidden, NotFound
from twin.web.schemas import Action, RecallLine, RecallPage, RecallState

router = APIRouter()


@router.get("/recalls")
def listed(
    actor: Annotated[Actor, Depends(scope("recall.read"))],
    engine: EngineDep,
    now: Now,
    organ: Annotated[Literal["liver", "vascular", "lung", "pancreas", "kidney"] | None, Query()] = None,
    standing: Annotated[Literal["overdue", "week", "quarter", "snoozed"] | None, Query()] = None,
    owner: Annotated[str | None, Query(max_length=64, pattern=r"^[^\x00]*$")] = None,
    size: Annotated[int, Query(ge=1, le=200)] = 50,
    after: Annotated[str | None, Query(max_length=1000)] = None,
) -> RecallPage:
    """Open recalls by due date. Each patient shown leaves a row in the audit."""
    filters = worklist.Filters(organ=organ, standing=standing, owner=owner)
    with engine.begin() as connection:
        lines = worklist.page(connection, filters, now.date(), after=_last(after), size=size)
        for line in lines:
            record_access(connection, actor, "recall.list", line.patient_id, "GET /api/v1/recalls", now=now)
    is_last = len(lines) < size
    return RecallPage(
        recalls=[_line(line) for line in lines],
        next=None if is_last else pack(lines[-1].due_at.isoformat(), lines[-1].id),
    )


@router.post("/recalls/{recall_id}/actions")
def act(
    recall_id: UUID,
    asked: Action,
    actor: Annotated[Actor, Depends(scope("recall.write"))],
    recalls: Recalls,
    engine: EngineDep,
    now: Now,
) -> RecallState:
    """Decide about a recall as it stood at `version`; where somebody or a result was faster, nothing is done (409)."""
    recall = recalls.get(str(recall_id))
    if recall is None:
        raise NotFound("no such recall")
    if asked.action == "approve" and actor.user.role != "clinician":
        raise Forbidden("only a clinician approves a recall")
    if recall.version != asked.version:
        raise Conflict(f"the recall is at version {recall.version}")
    if asked.owner is not None:
        _check_owner(engine, asked.owner)
    step = _step(recall, asked, by=actor.user.username, now=now)
    resource = f"recall/{recall.id}"
    with engine.begin() as connection:  # noted before it is done: better a row too many than a change unnoted
        record_access(connection, actor, f"recall.{asked.action}", recall.patient_id, resource, now=now)
    if not recalls.apply(step):
        with engine.begin() as connection:
            record_access(connection, actor, f"recall.{asked.action}", recall.patient_id, resource, "failed", now=now)
        raise Conflict
    return _state(step.after)


def _step(recall: Recall, asked: Action, *, by: str, now: datetime) -> Step:
    """Return the step that was asked for.

    Raises:
        BadDecision, BadTransition: the action lacks what it needs, or the recall's state does not allow it.
    """
    match asked.action:
        case "approve":
            return steps.approve(recall, by=by, now=now)
        case "assign":
            return steps.assign(recall, asked.owner or None, by=by, now=now)
        case "snooze":
            when = {"until": asked.until, "until_new_data": asked.until_new_data}
            return steps.snooze(recall, by=by, now=now, note=asked.note, **when)  # type: ignore[arg-type]
        case "unsnooze":
            return steps.unsnooze(recall, by=by, now=now)
        case "close":
            return steps.close_by_person(recall, asked.reason, by=by, now=now, note=asked.note)
        case "stop":
            return steps.stop(recall, asked.reason, by=by, now=now, note=asked.note)
        case "reopen":
            if asked.reason not in ("inadequate_result", "undo"):
                raise BadDecision("a reopening has the reason 'inadequate_result' or 'undo'")
            return steps.reopen(recall, asked.reason, by=by, now=now)  # type: ignore[arg-type]


def _check_owner(engine: Engine, username: str) -> None:
    with engine.connect() as connection:
        if find_user(connection, username) is None:
            raise BadDecision("the owner is no account here")


def _last(after: str | None) -> tuple[date, str] | None:
    if after is None:
        return None
    due_at, recall_id = unpack(after, 2)
    try:
        return date.fromisoformat(due_at), str(UUID(recall_id))
    except ValueError as error:
        raise BadRequest("`after` is not a cursor of this list") from error


def _line(line: worklist.Line) -> RecallLine:
    return RecallLine(
        id=line.id, patient_id=line.patient_id, key=line.key, rule_id=line.rule_id, reason=dict(line.reason),
        examination=dict(line.examination), probability=line.probability, priority=line.priority,
        verification=line.verification, due_from=line.due_from, due_at=line.due_at, overdue_at=line.overdue_at,
        standing=line.standing, snoozed_until=line.snoozed_until, owner=line.owner, is_approved=line.is_approved,
        version=line.version,
    )  # fmt: skip


def _state(recall: Recall) -> RecallState:
    return RecallState(
        id=recall.id, state=recall.state, version=recall.version, owner=recall.owner,
        is_approved=recall.approved_at is not None, snoozed_until=recall.snoozed_until,
        due_from=recall.due_from, due_at=recall.due_at, overdue_at=recall.overdue_at,
    )  # fmt: skip
