"""Which risk models are there, which predict, and what does the card of each say?"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from fastapi import APIRouter, Request, Response
from markupsafe import Markup
from sqlalchemy import Connection

from twin.store import models
from twin.store.models import ModelEvent, Registered
from twin.web.dashboard.access import SignedIn, places
from twin.web.dashboard.names import N_
from twin.web.dashboard.render import render
from twin.web.deps import EngineDep
from twin.web.errors import NotFound

router = APIRouter()

STATE: Mapping[str, str] = MappingProxyType(
    {
        "stored": N_("kept, does not predict"),
        "active": N_("predicts"),
        "shadow": N_("predicts unseen"),
        "retired": N_("retired"),
    }
)
DRIFT: Mapping[str, str] = MappingProxyType(
    {
        "steady": N_("as on its card"),
        "watch": N_("to be watched"),
        "drifted": N_("no longer as on its card"),
        "too_few": N_("too few to say"),
    }
)
ACTION: Mapping[str, str] = MappingProxyType(
    {
        "imported": N_("taken in"),
        "recalibrated": N_("made by recalibration"),
        "activated": N_("put to use"),
        "shadowed": N_("put to use unseen"),
        "retired": N_("retired"),
        "rolled_back": N_("put to use again"),
        "drift": N_("compared with its card"),
    }
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """A model as the list shows it; figures None where the card has none."""

    version: str
    title: str
    slot: str
    state: str
    patients: int | None
    events: int | None
    auc: Mapping[str, float | None]
    ici: Mapping[str, float | None]
    drift: str | None
    drift_at: datetime | None
    added_at: datetime


def rows(connection: Connection) -> tuple[Row, ...]:
    """Return every model with the figures of its card and what its last comparison found."""
    latest = models.latest_drift(connection)
    return tuple(_row(each, latest.get(each.id)) for each in models.listed(connection))


@router.get("/models/{version}", name="model")
def model(request: Request, user: SignedIn, version: str, engine: EngineDep) -> Response:
    """Return the card of a model and what was done with it; whoever sees its numbers may read it."""
    with engine.connect() as connection:
        try:
            found = models.find(connection, version)
        except models.UnknownModel:
            raise NotFound("no such model") from None
        card = Markup(models.card_html(connection, version))  # noqa: S704  # ours: every word in it is escaped
        done = models.events(connection, found.id)
    return render(
        request, "model.html", user=user, places=places(user), row=_row(found, None), card=card, done=done,
        states=STATE, actions=ACTION, verdicts=DRIFT,
    )  # fmt: skip


def _row(found: Registered, checked: ModelEvent | None) -> Row:
    card = found.card
    figures = card["validation"]["mean"]
    return Row(
        version=found.version,
        title=str(card["title"]),
        slot=found.slot,
        state=found.state,
        patients=card["population"]["patients"],
        events=card["population"]["events"],
        auc=_figure(figures, "auc"),
        ici=_figure(figures, "ici"),
        drift=checked.detail["verdict"] if checked else None,
        drift_at=checked.at if checked else None,
        added_at=found.added_at,
    )


def _figure(figures: Mapping[str, Any], name: str) -> Mapping[str, float | None]:
    return figures.get(name) or {"value": None, "low": None, "high": None}
