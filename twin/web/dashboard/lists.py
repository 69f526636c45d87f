"""The pages that list: patients, messages, rules, and how the instance is."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse

from twin.organs import ORGANS
from twin.organs.guideline import RULES_VERSION, rules
from twin.store import audit, desk, worklist
from twin.store.worklist import is_uuid
from twin.web.dashboard import models
from twin.web.dashboard.access import Administers, SeesPatients, SignedIn, places
from twin.web.dashboard.clock import clock_of
from twin.web.dashboard.render import render
from twin.web.deps import CsrfChecked, EngineDep, Now, SettingsDep, record_access

router = APIRouter()


@router.get("/patients", name="patients")
def patients(
    request: Request, user: SeesPatients, engine: EngineDep, now: Now,
    q: Annotated[str, Query(max_length=200, pattern=r"^[^\x00]*$")] = "",
) -> Response:  # fmt: skip
    """Return patients by name or number; every one shown leaves a row in the audit."""
    with engine.begin() as connection:
        found = desk.find_patients(connection, q)
        for row in found:
            record_access(connection, user, "patient.find", row.id, "GET /patients", now=now)
    return render(request, "patients.html", user=user, places=places(user), found=found, asked=q,
                  today=now.date(), most=desk.MOST)  # fmt: skip


@router.get("/held-back", name="held_back")
def held_back(request: Request, user: SeesPatients, engine: EngineDep, now: Now) -> Response:
    """Return the patients of whom something would be asked, and the reason why it is not."""
    with engine.begin() as connection:
        found = worklist.held_back(connection)
        for row in found:
            record_access(connection, user, "held_back.list", row.patient_id, "GET /held-back", now=now)
    return render(request, "held_back.html", user=user, places=places(user), found=found, today=now.date(),
                  most=worklist.MOST_HELD)  # fmt: skip


@router.get("/rules", name="rules")
def show_rules(request: Request, user: SignedIn, engine: EngineDep, settings: SettingsDep) -> Response:
    """Return the thresholds that open recalls, then every guideline rule, each with its own record."""
    with engine.connect() as connection:
        records = desk.rule_records(connection)
    return render(request, "rules.html", user=user, places=places(user), organs=ORGANS, rules=rules(),
                  version=RULES_VERSION, records=records, settings=settings)  # fmt: skip


@router.get("/inbox", name="inbox")
def inbox(request: Request, user: SignedIn, engine: EngineDep) -> Response:
    """Return the messages for this person and this person's role."""
    with engine.connect() as connection:
        found = desk.inbox(connection, (user.username, user.role))
    return render(request, "inbox.html", user=user, places=places(user), found=found)


@router.post("/inbox/{message_id}/read", name="read_message", dependencies=[CsrfChecked])
def read_message(message_id: str, user: SignedIn, engine: EngineDep, now: Now) -> Response:
    """Note that a message was read, and go back to the list."""
    if is_uuid(message_id):
        with engine.begin() as connection:
            desk.mark_read(connection, message_id, (user.username, user.role), now)
    return RedirectResponse("/inbox", 303)


@router.get("/admin", name="admin")
def admin(request: Request, user: Administers, engine: EngineDep, now: Now, verify: bool = False) -> Response:
    """Return accounts and tokens, how far the audit is sealed, which models predict, what did not arrive."""
    with engine.begin() as connection:
        verdict = audit.verify(connection) if verify else None
        if verify:
            record_access(connection, user, "audit.verify", None, "audit", now=now)
        shown = {
            "users": desk.users(connection), "tokens": desk.tokens(connection), "seals": desk.seal_state(connection),
            "models": models.rows(connection), "states": models.STATE, "verdicts": models.DRIFT,
            "undelivered": desk.undelivered(connection), "clock": clock_of(desk.last_heartbeat(connection), now),
        }  # fmt: skip
    return render(request, "admin.html", user=user, places=places(user), verdict=verdict, **shown)
