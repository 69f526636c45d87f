"""Is the worker alive? Due dates are only watched while it is, so every page says so."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from fastapi import APIRouter, Request, Response

from twin.store import desk
from twin.web.dashboard.access import SignedIn
from twin.web.dashboard.render import render
from twin.web.deps import EngineDep, Now

router = APIRouter()

QUIET = timedelta(minutes=2)  # workers beat every 10 s; after two minutes nobody watches the due dates


@dataclass(frozen=True, kw_only=True)
class Clock:
    """When a worker was last alive, and whether that is recent enough."""

    last: datetime | None
    is_alive: bool


def clock_of(last: datetime | None, now: datetime) -> Clock:
    """Return what to say of the last heartbeat."""
    return Clock(last=last, is_alive=last is not None and now - last < QUIET)


@router.get("/clock", name="clock")
def show(request: Request, user: SignedIn, engine: EngineDep, now: Now) -> Response:
    """Return one line for the foot of a page."""
    with engine.connect() as connection:
        clock = clock_of(desk.last_heartbeat(connection), now)
    return render(request, "_clock.html", clock=clock)
