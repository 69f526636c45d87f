"""A model file comes into the instance, checked; and is checked again whenever somebody asks."""

from datetime import datetime
from hashlib import sha256

from sqlalchemy import Connection

from twin.errors import UnreadableInput
from twin.forecast.card.html import part
from twin.forecast.card.reference import is_reference
from twin.forecast.gate import BadCriteria, read
from twin.forecast.model_file import DamagedModel, ModelFile, from_bytes, to_bytes
from twin.store import models
from twin.store.models import NewModel, Registered


class BadCard(UnreadableInput):
    """The model's card is missing what an instance needs of it."""


def take(connection: Connection, data: bytes, *, actor: str, now: datetime) -> Registered:
    """Check a model file and keep it, `stored`; the same file again changes nothing.

    Raises:
        NotAModelFile, DamagedModel, TooLarge, UnsupportedVersion: as `model_file.from_bytes` says.
        BadCard: it has no card, or one that can't be shown or judged by.
        CannotServe: another file has its version.
    """
    return models.add(connection, _new(from_bytes(data), data, None), actor=actor, now=now)


def keep(connection: Connection, made: ModelFile, source: Registered, *, actor: str, now: datetime) -> Registered:
    """Keep a model that was made of another one here."""
    return models.add(connection, _new(made, to_bytes(made), source.id), actor=actor, now=now)


def verified(connection: Connection, found: Registered) -> ModelFile:
    """Return the model as it is kept, every byte checked.

    Raises:
        DamagedModel: it is not what was taken in.
    """
    data = models.content(connection, found.id)
    if sha256(data).hexdigest() != found.sha256:
        raise DamagedModel("the file kept here is not the one that was taken in")
    made = from_bytes(data)
    if made.version != found.version or made.card != found.card:
        raise DamagedModel("the card or version kept beside the file is not its own")
    return made


def _new(made: ModelFile, data: bytes, source_id: int | None) -> NewModel:
    card = made.card
    slot, organ = card.get("slot"), card.get("organ")
    if not isinstance(slot, str) or not slot or not isinstance(organ, str):
        raise BadCard("the card names no slot: the one question that the model answers")
    try:
        if card.get("serves"):
            read(card["serves"])
        if not all(is_reference(each) for each in (*card["inputs"], *card["risks"])):
            raise BadCard("the card does not say how inputs and risks were spread")
        shown = part(card, made.version)
    except BadCriteria as error:
        raise BadCard(f"the population on the card: {error}") from error
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise BadCard(f"the card can't be shown: {type(error).__name__}") from error
    return NewModel(
        sha256=sha256(data).hexdigest(),
        kind=made.kind,
        version=made.version,
        slot=slot,
        organ=organ,
        card=card,
        card_html=shown,
        content=data,
        recalibrated_from=source_id,
    )
