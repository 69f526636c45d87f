"""How the FHIR routes stand in the OpenAPI document, with an example of what is sent and what comes back."""

from typing import Any

from twin.web.api.fhir.registry import PARAMS, Interaction
from twin.web.errors import FHIR_JSON

PATIENT = {
    "resourceType": "Patient", "id": "p1", "identifier": [{"system": "urn:oid:1.2.3", "value": "4711"}],
    "name": [{"family": "Example", "given": ["Eva"]}], "gender": "female", "birthDate": "1960-05-04",
}  # fmt: skip
OBSERVATION = {
    "resourceType": "Observation", "id": "o1", "status": "final", "subject": {"reference": "Patient/p1"},
    "code": {"coding": [{"system": "http://loinc.org", "code": "2160-0"}]}, "effectiveDateTime": "2026-11-20",
    "valueQuantity": {"value": 1.10, "unit": "mg/dL", "system": "http://unitsofmeasure.org", "code": "mg/dL"},
}  # fmt: skip
BUNDLE = {
    "resourceType": "Bundle", "type": "transaction",
    "entry": [
        {"resource": PATIENT, "request": {"method": "PUT", "url": "Patient/p1"}},
        {"resource": OBSERVATION, "request": {"method": "PUT", "url": "Observation/o1"}},
    ],
}  # fmt: skip
MATCH = {
    "resourceType": "Parameters",
    "parameter": [
        {"name": "resource", "resource": {name: PATIENT[name] for name in ("resourceType", "name", "birthDate")}},
        {"name": "count", "valueInteger": 3},
    ],
}  # fmt: skip
SEARCHSET = {
    "resourceType": "Bundle", "type": "searchset",
    "link": [{"relation": "self", "url": "https://twin.example.org/fhir/Observation?patient=p1"}],
    "entry": [{"fullUrl": "https://twin.example.org/fhir/Observation/o1", "resource": OBSERVATION,
               "search": {"mode": "match"}}],
}  # fmt: skip
RESPONSES = {
    "resourceType": "Bundle", "type": "transaction-response",
    "entry": [{"response": {"status": "201 Created", "etag": 'W/"7"', "lastModified": "2026-11-22T09:00:00.000+00:00",
                            "location": "https://twin.example.org/fhir/Patient/p1/_history/7"}}],
}  # fmt: skip
SUMMARY = {
    "resourceType": "Parameters",
    "parameter": [{"name": "status", "valueCode": "done"}, {"name": "read", "valueInteger": 12}],
}  # fmt: skip
_OUTCOME = {
    "resourceType": "OperationOutcome",
    "issue": [{"severity": "error", "code": "processing", "details": {"text": "unknown_patient: ..."},
               "expression": ["Bundle.entry[1]"]}],
}  # fmt: skip
_SENT: dict[str, object] = {"transaction": BUNDLE, "create": OBSERVATION, "update": OBSERVATION, "match": MATCH}
_BACK: dict[str, object] = {
    "transaction": RESPONSES, "search-type": SEARCHSET, "history-instance": SEARCHSET | {"type": "history"},
    "match": SEARCHSET, "everything": SEARCHSET, "read": OBSERVATION, "vread": OBSERVATION, "import-status": SUMMARY,
}  # fmt: skip


def described(asked: Interaction) -> dict[str, Any]:
    """Return what the OpenAPI document says of a request beside its address."""
    extra: dict[str, Any] = {}
    if asked.code in _SENT:
        extra["requestBody"] = {"required": True, "content": {FHIR_JSON: {"example": _SENT[asked.code]}}}
    if asked.code == "import":
        line = '{"resourceType":"Patient","id":"p1"}\n'
        extra["requestBody"] = {"required": True, "content": {"application/fhir+ndjson": {"example": line}}}
    if asked.code == "search-type" and asked.method == "POST":
        form = {"schema": {"type": "object"}, "example": {"patient": "p1", "code": "http://loinc.org|2160-0"}}
        extra["requestBody"] = {"required": True, "content": {"application/x-www-form-urlencoded": form}}
    if asked.code == "search-type" and asked.method == "GET":
        names = dict.fromkeys((*(each.name for each in PARAMS), "_count", "_sort", "_summary", "_total"))
        extra["parameters"] = [_parameter(name) for name in names]
    responses: dict[int | str, dict[str, Any]] = {
        "default": {"description": "why not", "content": {FHIR_JSON: {"example": _OUTCOME}}}
    }
    if asked.code in _BACK:
        responses[200] = {"content": {FHIR_JSON: {"example": _BACK[asked.code]}}}
    return {"summary": asked.says, "responses": responses, "openapi_extra": extra}


def _parameter(name: str) -> dict[str, Any]:
    says = next((f"{each.says} ({each.type})" for each in PARAMS if each.name == name), "")
    return {"name": name, "in": "query", "required": False, "description": says, "schema": {"type": "string"}}
