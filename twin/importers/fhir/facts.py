"""What every fact of a FHIR resource is made of: its codings, where it stood, and when it could be known."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from twin.importers.fhir.models import CodeableConcept, Period, Resource
from twin.record.fact import Coding, FactDraft, FactKind, KnownBasis
from twin.record.moment import Moment

NO_CODE = Coding(system="", code="")


class NotAFact(Exception):
    """The resource is sound but states nothing that can be dated or coded; the reason follows."""


class NotUsed(Exception):
    """The resource is sound and complete, and states nothing that the record has a kind for; the reason follows."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where a resource stood, and what stood around it."""

    where: str
    resource: str
    """Its name in the source: `Observation/123`."""
    received: Moment
    """Now: when what has no other date came in."""
    sent: Moment | None = None
    """When the message, document or export that holds it was made, where that is stated."""
    is_message: bool = False
    """What holds it is a message or document, so its time is when the resource could be known."""
    medicine: CodeableConcept | None = None
    """What the Medication is that it refers to."""
    group: tuple[Moment | None, Moment | None] | None = None
    """The times of a result that has none itself: of its report or panel, when that was true and when issued."""
    contained: tuple[Mapping[str, Any], ...] = ()  # Any: resources not looked at yet


def codings_of(concept: CodeableConcept | None) -> tuple[Coding, tuple[Coding, ...]]:
    """Return the first coding and the others; the text stands in for a missing display or code."""
    if concept is None:
        return NO_CODE, ()
    text = concept.text or ""
    found = tuple(
        Coding(system=each.system or "", code=each.code or "", display=each.display or text) for each in concept.coding
    )
    return (found[0], found[1:]) if found else (Coding(system="", code="", display=text), ())


def told(model: Resource, place: Place) -> Moment | None:
    """Return when the source stated what has no date of its own: the version's time, but not after the message's."""
    version = model.meta.lastUpdated if model.meta else None
    if version is None or place.sent is None:
        return version or place.sent
    return min(version, place.sent, key=lambda each: each.end)


def standing(model: Resource, place: Place) -> Moment:
    """Return from when an undated entry of a list (a problem, an allergy) is known to stand: told, else received."""
    return told(model, place) or place.received


def start_of(period: Period | None) -> Moment | None:
    return period.start if period else None


def end_of(period: Period | None) -> Moment | None:
    return period.end if period else None


def first_code(concept: CodeableConcept | None) -> str | None:
    return concept.coding[0].code if concept and concept.coding else None


def fact(
    model: Resource,
    place: Place,
    kind: FactKind,
    coding: Coding,
    observed: Moment,
    issued: Moment | None,
    *,
    others: tuple[Coding, ...] = (),
    ended: Moment | None = None,
    status: str = "final",
    part: str = "",
    device: str | None = None,
    value: Mapping[str, Any] | None = None,  # the value fields of FactDraft, as `value_of` makes them
) -> FactDraft:
    """Return one fact of a resource; `issued` is when its source released it, where it says so."""
    known_at, basis = _known(model, place, observed, issued)
    return FactDraft(
        kind=kind,
        coding=coding,
        other_codings=others,
        observed_at=observed.start,
        ended_at=ended.start if ended else None,
        known_at=known_at,
        known_basis=basis,
        where=place.where,
        resource=place.resource,
        part=part,
        device=device,
        status=status,
        **(value or {}),
    )


def _known(model: Resource, place: Place, observed: Moment, issued: Moment | None) -> tuple[datetime, KnownBasis]:
    """When issued, else the version's or message's time, else the observed one, assumed; never before the fact."""
    if issued is not None:
        return max(issued.end, observed.start), "issued"
    if model.meta is not None and model.meta.lastUpdated is not None:
        return max(model.meta.lastUpdated.end, observed.start), "message"
    if place.sent is not None and place.is_message:
        return max(place.sent.end, observed.start), "message"
    return observed.end, "received" if observed is place.received else "observed"
