"""Which fitted models are there, which of each slot is active, and who decided so?

    stored -> active | shadow      active -> retired      shadow -> active | retired      retired -> active | shadow

Of one slot one model is active; what was active before it is retired and can be had back (`roll_back`). Each change is
one transaction with its event and its audit row.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Literal

from sqlalchemy import Connection, Row, Select, func, insert, select, update

from twin.errors import TwinError
from twin.store import audit
from twin.store.tables import model, model_event

State = Literal["stored", "active", "shadow", "retired"]
STATES: tuple[State, ...] = ("stored", "active", "shadow", "retired")
Action = Literal["imported", "recalibrated", "activated", "shadowed", "retired", "rolled_back", "drift"]

_LIST = tuple(column for column in model.c if column.name not in ("content", "card_html"))


class UnknownModel(TwinError):
    """There is no model of this version."""


class CannotServe(TwinError):
    """The model can't be put into this state."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Registered:
    """A model of this instance, without its content."""

    id: int
    sha256: str
    kind: str
    version: str
    slot: str
    organ: str
    state: State
    card: Mapping[str, Any]
    recalibrated_from: int | None
    added_by: str
    added_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class NewModel:
    """A verified model file, ready to be kept; `card_html` is its card for the pages."""

    sha256: str
    kind: str
    version: str
    slot: str
    organ: str
    card: Mapping[str, Any]
    card_html: str
    content: bytes
    recalibrated_from: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelEvent:
    """Something done to a model, or found out about it."""

    action: Action
    actor: str
    at: datetime
    detail: Mapping[str, Any]


def add(connection: Connection, new: NewModel, *, actor: str, now: datetime) -> Registered:
    """Keep a model in state `stored`; the same file again changes nothing.

    Raises:
        CannotServe: another file has this version, as no two honest ones have.
    """
    _lock(connection)
    same = _first(connection, _listed().where(model.c.sha256 == new.sha256))
    if same is not None:
        return same
    if _first(connection, _listed().where(model.c.version == new.version)) is not None:
        raise CannotServe("another file of this version is there already")
    values = {name: getattr(new, name) for name in NewModel.__dataclass_fields__}
    model_id = connection.execute(
        insert(model).values(**values, state="stored", added_by=actor, added_at=now).returning(model.c.id)
    ).scalar_one()
    action: Action = "imported" if new.recalibrated_from is None else "recalibrated"
    _note(connection, model_id, action, actor, now, {"sha256": new.sha256, "from": new.recalibrated_from})
    return find(connection, new.version)


def listed(connection: Connection) -> tuple[Registered, ...]:
    """Return every model, by slot, the newest first."""
    rows = connection.execute(_listed().order_by(model.c.slot, model.c.added_at.desc(), model.c.id.desc()))
    return tuple(_registered(row) for row in rows)


def in_use(connection: Connection) -> tuple[Registered, ...]:
    """Return the models that predict now, active and shadow, by slot, the active one first."""
    return tuple(_registered(row) for row in connection.execute(_in_use()))


@cache
def _in_use() -> Select[Any]:  # Any: the columns of `_listed`
    is_used = model.c.state.in_(("active", "shadow"))
    return _listed().where(is_used).order_by(model.c.slot, model.c.state, model.c.id)


def in_use_version(connection: Connection) -> str:
    """Return a word that changes whenever other models are in use: a twin made under another one is stale."""
    return version_of(in_use(connection))


def version_of(registered: Iterable[Registered]) -> str:
    """Return that word for these models, "" for none."""
    used = [f"{each.version}/{each.state}" for each in registered]
    return hashlib.sha256("\n".join(used).encode()).hexdigest()[:12] if used else ""


def find(connection: Connection, version: str) -> Registered:
    """Return one model.

    Raises:
        UnknownModel: none has this version.
    """
    found = _first(connection, _listed().where(model.c.version == version))
    if found is None:
        raise UnknownModel(f"no model of version {version[:80]!r}")
    return found


def content(connection: Connection, model_id: int) -> bytes:
    """Return the file of a model."""
    return bytes(connection.execute(select(model.c.content).where(model.c.id == model_id)).scalar_one())


def card_html(connection: Connection, version: str) -> str:
    """Return the card of a model as HTML.

    Raises:
        UnknownModel: none has this version.
    """
    found = connection.execute(select(model.c.card_html).where(model.c.version == version)).scalar_one_or_none()
    if found is None:
        raise UnknownModel
    return str(found)


def activate(connection: Connection, version: str, *, actor: str, now: datetime) -> Registered:
    """Make a model the active one of its slot; the one that was is retired.

    Raises:
        UnknownModel: none has this version.
        CannotServe: its card names no population, so it would serve nobody.
    """
    _lock(connection)
    chosen = find(connection, version)
    if chosen.state == "active":
        return chosen
    if not chosen.card.get("serves"):
        raise CannotServe("its card names no population: it would serve nobody")
    before = _active(connection, chosen.slot)
    if before is not None:
        _set(connection, before.id, "retired")
        _note(connection, before.id, "retired", actor, now, {"for": version})
    _set(connection, chosen.id, "active")
    _note(connection, chosen.id, "activated", actor, now, {"before": before.version if before else None})
    return find(connection, version)


def shadow(connection: Connection, version: str, *, actor: str, now: datetime) -> Registered:
    """Let a model predict unseen: its numbers are kept and compared, and shown to nobody.

    Raises:
        UnknownModel: none has this version.
        CannotServe: it is active.
    """
    return _step(connection, version, "shadow", ("stored", "retired"), "shadowed", actor=actor, now=now)


def retire(connection: Connection, version: str, *, actor: str, now: datetime) -> Registered:
    """Let a model predict no more.

    Raises:
        UnknownModel: none has this version.
        CannotServe: it does not predict.
    """
    return _step(connection, version, "retired", ("active", "shadow"), "retired", actor=actor, now=now)


def roll_back(connection: Connection, slot: str, *, actor: str, now: datetime) -> Registered:
    """Make the model active again that was before the one that is.

    Raises:
        UnknownModel: nothing is active in this slot, or nothing was before it.
    """
    _lock(connection)
    current = _active(connection, slot)
    if current is None:
        raise UnknownModel(f"no model is active for {slot[:80]!r}")
    activations = (model_event.c.model_id == current.id, model_event.c.action == "activated")
    newest = select(model_event.c.detail).where(*activations).order_by(model_event.c.id.desc()).limit(1)
    before = (connection.execute(newest).scalar_one_or_none() or {}).get("before")
    if before is None:
        raise UnknownModel("no model was active before this one; `twin model retire` ends it")
    _set(connection, current.id, "retired")
    _note(connection, current.id, "retired", actor, now, {"for": before})
    earlier = find(connection, before)
    _set(connection, earlier.id, "active")
    _note(connection, earlier.id, "rolled_back", actor, now, {"from": current.version})
    return find(connection, before)


def note_drift(connection: Connection, model_id: int, found: Mapping[str, Any], *, now: datetime) -> None:
    """Write down what a drift check found."""
    _note(connection, model_id, "drift", "worker", now, found)


def events(connection: Connection, model_id: int) -> tuple[ModelEvent, ...]:
    """Return what was done to a model, the newest first."""
    rows = connection.execute(
        select(model_event).where(model_event.c.model_id == model_id).order_by(model_event.c.id.desc())
    )
    return tuple(ModelEvent(action=row.action, actor=row.actor, at=row.at, detail=row.detail) for row in rows)


def latest_drift(connection: Connection) -> dict[int, ModelEvent]:
    """Return the newest drift check of each model that had one, by the model's id."""
    checks = select(func.max(model_event.c.id)).where(model_event.c.action == "drift").group_by(model_event.c.model_id)
    rows = connection.execute(select(model_event).where(model_event.c.id.in_(checks)))
    return {row.model_id: ModelEvent(action=row.action, actor=row.actor, at=row.at, detail=row.detail) for row in rows}


def _step(
    connection: Connection, version: str, state: State, allowed: tuple[State, ...], action: Action, *, actor: str,
    now: datetime,
) -> Registered:  # fmt: skip
    _lock(connection)
    chosen = find(connection, version)
    if chosen.state == state:
        return chosen
    if chosen.state not in allowed:
        raise CannotServe(f"a model that is {chosen.state} can't be made {state}")
    _set(connection, chosen.id, state)
    _note(connection, chosen.id, action, actor, now, {"was": chosen.state})
    return find(connection, version)


def _active(connection: Connection, slot: str) -> Registered | None:
    return _first(connection, _listed().where(model.c.slot == slot, model.c.state == "active"))


def _set(connection: Connection, model_id: int, state: State) -> None:
    connection.execute(update(model).where(model.c.id == model_id).values(state=state))


def _note(
    connection: Connection, model_id: int, action: Action, actor: str, now: datetime, detail: Mapping[str, Any]
) -> None:
    row = {"model_id": model_id, "action": action, "actor": actor, "at": now, "detail": dict(detail)}
    connection.execute(insert(model_event).values(row))
    short = {"verdict": detail["verdict"]} if action == "drift" else detail
    audit.append(connection, at=now, actor=actor, action=f"model.{action}", resource=f"model/{model_id}", detail=short)


def _lock(connection: Connection) -> None:
    """One change at a time: what is active follows from more than one row."""
    connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended("models", 0))))


def _listed() -> Select[Any]:  # Any: a select of many columns
    return select(*_LIST)


def _first(connection: Connection, asked: Select[Any]) -> Registered | None:
    row = connection.execute(asked).one_or_none()
    return None if row is None else _registered(row)


def _registered(row: Row[Any]) -> Registered:
    return Registered(**row._asdict())
