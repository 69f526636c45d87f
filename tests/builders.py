"""Small FHIR resources for tests: say only what the test is about."""

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

LOINC = "http://loinc.org"
UCUM = "http://unitsofmeasure.org"


def patient(key: str = "p1", *, mrn: str | None = "1", birth: str | None = "1960-05-04", **more: Any) -> dict[str, Any]:
    """A Patient whose MRN identifies it."""
    resource: dict[str, Any] = {"resourceType": "Patient", "id": key, "gender": "female", **more}
    resource["name"] = [{"family": "Prüfung", "given": ["Frieda"]}]
    if birth:
        resource["birthDate"] = birth
    if mrn:
        resource["identifier"] = [{"system": "urn:mrn", "value": mrn}]
    return resource


def lab(
    key: str, code: str, value: Any, unit: str | None, at: str, *, subject: str = "Patient/p1", **more: Any
) -> dict[str, Any]:
    """A final laboratory Observation."""
    quantity = {"value": value} | ({"unit": unit, "system": UCUM, "code": unit} if unit else {})
    return {
        "resourceType": "Observation",
        "id": key,
        "status": "final",
        "code": {"coding": [{"system": LOINC, "code": code}]},
        "subject": {"reference": subject},
        "effectiveDateTime": at,
        "valueQuantity": quantity,
        **more,
    }


def bundle(*resources: dict[str, Any], kind: str = "transaction") -> bytes:
    """The bytes of a Bundle with one entry a resource."""
    return encode({"resourceType": "Bundle", "type": kind, "entry": [{"resource": each} for each in resources]})


def encode(resource: object) -> bytes:
    """The bytes of a JSON document."""
    return json.dumps(resource, ensure_ascii=False).encode()


def creatinine_series(values: Iterable[tuple[datetime, float]], *, subject: str = "Patient/p1") -> list[dict[str, Any]]:
    """Creatinine Observations in umol/L."""
    return [
        lab(f"c{number}", "14682-9", value, "umol/L", at.isoformat(), subject=subject)
        for number, (at, value) in enumerate(values)
    ]
