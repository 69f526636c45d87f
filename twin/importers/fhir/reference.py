"""Whom a FHIR reference means: a literal one (also versioned or absolute), a conditional one, or a logical one.

Source: hl7.org/fhir/R4/references.html; conditional references: hl7.org/fhir/R4/http.html#trules.
"""

from typing import Any
from urllib.parse import parse_qs

from pydantic import ValidationError

from twin.importers.base import Subject
from twin.importers.fhir.models import Reference
from twin.record.timeline import Identifier

PATIENT = "Patient"


def subject_of(reference: Reference | None) -> tuple[Subject, str]:
    """Return the names by which the referenced resource may be found, and its type ("" where none is told)."""
    if reference is None:
        return Subject(), ""
    keys: tuple[str, ...] = ()
    identifiers: tuple[Identifier, ...] = ()
    if reference.identifier is not None and reference.identifier.value:
        stated = reference.identifier
        identifiers = (Identifier(system=stated.system or "", value=stated.value or ""),)
    name = reference.reference or ""
    kind = (reference.type or "").rpartition("/")[2]
    if "?" in name:
        kind, _, query = name.rpartition("?")
        identifiers = (*identifiers, *searched(query))
        kind = kind.rpartition("/")[2]
    elif name.startswith("urn:"):
        keys = (name,)
    elif name and not name.startswith("#"):
        current = name.partition("/_history/")[0]
        segments = current.split("/")
        kind = segments[-2] if len(segments) > 1 else kind
        tail = "/".join(segments[-2:])
        keys = (current,) if tail == current else (current, tail)
    return Subject(keys=keys, identifiers=identifiers), kind


def searched(query: str) -> tuple[Identifier, ...]:
    """Return the identifiers a conditional request searches by; a list of alternatives (`a,b`) decides nothing."""
    found = []
    for token in parse_qs(query).get("identifier", ()):
        system, _, value = token.rpartition("|")
        if value and "," not in token:
            found.append(Identifier(system=system, value=value))
    return tuple(found)


def told_subject(resource: dict[str, Any]) -> Subject | None:
    """Return whom a resource that makes no fact is about, where it says so in a way that can be read."""
    told = resource.get("subject", resource.get("patient"))
    try:
        subject, kind = subject_of(Reference.model_validate(told))
    except ValidationError:
        return None
    return subject if kind in (PATIENT, "") else None


def key_of(name: str) -> str:
    """Return `Type/id` of a reference, without server and version; a urn as it is."""
    if name.startswith("urn:"):
        return name
    return "/".join(name.partition("/_history/")[0].split("/")[-2:])
