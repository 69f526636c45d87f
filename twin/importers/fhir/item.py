"""What becomes of one FHIR resource: an item with its facts or patient, or the reason why there are none."""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from twin.importers.base import Item, Subject
from twin.importers.fhir import imaging
from twin.importers.fhir import patient as people
from twin.importers.fhir.envelope import Envelope, Other
from twin.importers.fhir.facts import NotAFact, NotUsed, Place
from twin.importers.fhir.group import times_of
from twin.importers.fhir.keepable import why_not
from twin.importers.fhir.medicine import medicine_of
from twin.importers.fhir.models import DiagnosticReportModel, MedicationModel, ObservationModel, PatientModel, Reference
from twin.importers.fhir.models import Resource as ResourceModel
from twin.importers.fhir.naming import Entry, Named, name, refused
from twin.importers.fhir.observation import is_dated
from twin.importers.fhir.readers import READERS, why_unused
from twin.importers.fhir.reference import PATIENT, subject_of, told_subject
from twin.importers.fhir.scan import canonical
from twin.importers.fhir.version import TAKEN, TYPES, foreign_declaration, foreign_element, foreign_type

_ID = re.compile(r"^[A-Za-z0-9\-.]{1,64}\Z")
_URL = re.compile(r"^\S+\Z")


def items_of(entry: Entry, envelope: Envelope) -> list[Item]:
    """Return the resource's item; before it what it says that makes no fact, and a patient who stands only in it."""
    wrong = _unsound(entry)
    if wrong is not None:
        return [refused(entry, envelope, *wrong)]
    try:
        named = name(entry, envelope)
        unkeepable = why_not(entry.resource, entry.text, (named.key, *named.aliases, *named.tokens))
    except RecursionError:
        return [refused(entry, envelope, "invalid", "nested too deeply")]
    if unkeepable is not None:
        return [refused(entry, envelope, "invalid", unkeepable)]
    if named.kind != PATIENT and named.kind not in READERS:
        return [named.item(subject=told_subject(entry.resource), not_used=why_unused(named.kind))]
    try:
        return _patient(named) if named.kind == PATIENT else _facts(named)
    except ValidationError as error:
        return [named.refused("invalid", _why(error))]
    except NotUsed as why:
        return [named.item(subject=told_subject(entry.resource), not_used=str(why))]
    except NotAFact as error:
        return [named.refused("no_date_or_code", str(error))]
    except ValueError as error:
        return [named.refused("invalid", str(error))]


def _unsound(entry: Entry) -> tuple[str, str] | None:
    """Return reason and detail where a resource is not one of R4 that can be named."""
    if entry.fault is not None:
        return "invalid", entry.fault
    resource = entry.resource
    kind = resource["resourceType"]
    foreign = foreign_type(kind) or foreign_declaration(resource) or foreign_element(kind, resource)
    if foreign is not None:
        return "unsupported_version", f"{foreign}; {TAKEN}"
    if kind not in TYPES:
        return "invalid", "resourceType is none of FHIR R4"
    own_id = resource.get("id")
    if own_id is not None and not (isinstance(own_id, str) and _ID.match(own_id)):
        return "invalid", "id: not a FHIR id"
    url = entry.full_url
    if url is not None and not (isinstance(url, str) and _URL.match(url)):
        return "invalid", "fullUrl: not a uri"
    return None


def _patient(named: Named) -> list[Item]:
    model = PatientModel.model_validate(named.entry.resource)
    draft = people.patient_of(model)
    version_at = _version_at(model)
    item = named.item(patient=draft, facts=people.deaths(model, _place(named, model)), version_at=version_at)
    own = Subject(keys=(named.key, *named.aliases), identifiers=draft.identifiers)
    notes = [named.beside(part, why, not_used=why) for part, why in people.notes(model)]
    merges = people.merges(model, own)
    return [*notes, item, *(named.beside(part, repr(each), merge=each, version_at=version_at) for part, each in merges)]


def _facts(named: Named) -> list[Item]:
    model_type, read = READERS[named.kind]
    model = model_type.model_validate(named.entry.resource)
    stated: Reference | None = model.patient if named.kind in _OF_A_PATIENT else model.subject  # type: ignore[attr-defined]
    subject, about = subject_of(stated)
    if about != PATIENT and about in TYPES:
        return [named.item(not_used=f"about a {about}, not a patient")]
    contained = _contained(named.entry.resource)
    beside: list[Item] = []
    if contained and stated is not None and (stated.reference or "").startswith("#"):
        beside, subject = _contained_patient(named, stated, subject, contained)
    if _speaks_of_another(stated, contained):
        return [named.refused("two_patients", "it contains a result about another subject")]
    place, other_entry = _place(named, model, contained), None
    if isinstance(model, MedicationModel) and model.medicationReference is not None:
        medicine, other_entry = medicine_of(model.medicationReference, contained, named.envelope)
        place = replace(place, medicine=medicine)
        if medicine is None:
            why = "the Medication it refers to is not here, or has no code"
            beside.append(named.beside("medicationReference", why, not_used=why))
    elif isinstance(model, ObservationModel) and not is_dated(model) and (group := _group(named)) is not None:
        other_entry = group.entry_text
        place = replace(place, group=times_of(group))
    body = named.body(other_entry) if other_entry is not None else None
    drafts = read(model, place)
    seen = imaging.findings_of(named.entry.resource, drafts)
    beside += [named.beside(part, why, not_used=why) for part, why in seen.unnamed]
    drafts = (*drafts, *seen.facts)
    return [*beside, named.item(subject=subject, facts=drafts, version_at=_version_at(model), body=body)]


def _group(named: Named) -> Other | None:
    return next((found for each in named.aliases if (found := named.envelope.group(each)) is not None), None)


_OF_A_PATIENT = frozenset({"AllergyIntolerance", "FamilyMemberHistory"})
"""Types that name whom they are about `patient`; the others say `subject`."""


def _place(named: Named, model: ResourceModel, contained: tuple[Mapping[str, Any], ...] = ()) -> Place:
    envelope = named.envelope
    return Place(
        where=named.entry.where,
        resource=f"{named.kind}/{model.id or ''}",
        sent=envelope.sent,
        is_message=envelope.is_message,
        received=envelope.received,
        contained=contained,
    )


def _contained(resource: dict[str, Any]) -> tuple[Mapping[str, Any], ...]:  # Any: JSON
    stated = resource.get("contained")
    return tuple(each for each in stated if isinstance(each, dict)) if isinstance(stated, list) else ()


def _speaks_of_another(stated: Reference | None, contained: tuple[Mapping[str, Any], ...]) -> bool:
    """A contained result is its parent's, so it must be about the same patient, if it says."""
    for each in contained:
        subject = each.get("subject") if each.get("resourceType") == "Observation" else None
        about = subject.get("reference") if isinstance(subject, dict) else None
        if about is not None and stated is not None and about != stated.reference:
            return True
    return False


def _contained_patient(
    named: Named, stated: Reference, subject: Subject, contained: tuple[Mapping[str, Any], ...]
) -> tuple[list[Item], Subject]:
    """Return the contained patient, known by the first identifier; without one nobody can tell who it is."""
    for index, each in enumerate(contained):
        if each.get("id") == (stated.reference or "")[1:] and each.get("resourceType") == PATIENT:
            draft = people.patient_of(PatientModel.model_validate(each))
            if not draft.identifiers:
                break
            first = draft.identifiers[0]
            key = f"{PATIENT}?identifier={first.system}|{first.value}"
            content = canonical({member: value for member, value in each.items() if member != "id"})
            item = replace(named.beside(f"contained[{index}]", content, patient=draft), key=key, kind=PATIENT)
            return [item], Subject(keys=(key,), identifiers=(*subject.identifiers, *draft.identifiers))
    return [], subject


def _version_at(model: ResourceModel) -> datetime | None:
    if model.meta is not None and model.meta.lastUpdated is not None:
        return model.meta.lastUpdated.end
    if isinstance(model, ObservationModel | DiagnosticReportModel) and model.issued is not None:
        return model.issued.end
    return None


def _why(error: ValidationError) -> str:
    """The first fault: its path and what is wrong, without the value."""
    first = error.errors(include_input=False, include_context=False, include_url=False)[0]
    return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"
