"""A patient as this system knows one, as a FHIR Patient: for people whose source sent no FHIR."""

from typing import Any

from twin.errors import UnknownPatient
from twin.record.identity import SOURCE_SYSTEM
from twin.settings import Settings
from twin.store import links, people
from twin.store.session import Connection


def patient_view(connection: Connection, settings: Settings, patient_id: str) -> dict[str, Any] | None:
    """Return the Patient of one of our own ids, None where there is nobody; merges are told as links."""
    try:
        known = people.get_patient(connection, patient_id)
    except UnknownPatient:
        return None
    told: dict[str, Any] = {"resourceType": "Patient", "id": known.id}
    identifiers = [each for each in known.identifiers if not each.system.startswith(SOURCE_SYSTEM)]
    if identifiers:
        told["identifier"] = [
            ({"system": each.system} if each.system else {}) | {"value": each.value} for each in identifiers
        ]
    if known.name:
        told["name"] = [{"text": known.name}]
    told["gender"] = known.sex
    if known.birth_date is not None:
        told["birthDate"] = known.birth_date.isoformat()
    into = links.living(connection, patient_id)
    merged = [("replaced-by", into.into_id)] if into is not None else []
    merged += [("replaces", each) for each in links.linked_into(connection, patient_id)]
    if merged:
        told["link"] = [{"other": {"reference": f"Patient/{other}"}, "type": kind} for kind, other in merged]
    return told
