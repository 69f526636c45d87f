"""Which medicine a medicationReference means: a contained one, one in the same bundle, or one in the file beside it."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from twin.importers.fhir.envelope import Envelope, Other
from twin.importers.fhir.models import CodeableConcept, MedicineModel, Reference
from twin.importers.fhir.reference import key_of


def medicine_of(
    reference: Reference, contained: tuple[Mapping[str, Any], ...], envelope: Envelope
) -> tuple[CodeableConcept | None, str | None]:
    """Return what the medicine is, and the text of the entry that says so where that is another one."""
    name = reference.reference or ""
    if name.startswith("#"):
        inner = next((each for each in contained if each.get("id") == name[1:]), None)
        return (_concept(inner), None) if inner is not None else (None, None)
    found: Other | None = (envelope.medicine(name) or envelope.medicine(key_of(name))) if name else None
    return (_concept(found.resource), found.entry_text) if found is not None else (None, None)


def _concept(resource: Mapping[str, Any]) -> CodeableConcept | None:
    """The medicine's code, else the codes of its ingredients."""
    try:
        model = MedicineModel.model_validate(resource)
    except ValidationError:
        return None
    if model.code is not None:
        return model.code
    parts = [each.itemCodeableConcept for each in model.ingredient if each.itemCodeableConcept is not None]
    if not parts:
        return None
    return CodeableConcept(coding=tuple(coding for part in parts for coding in part.coding), text=parts[0].text)
