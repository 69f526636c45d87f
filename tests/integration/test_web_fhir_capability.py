"""The CapabilityStatement: whatever it states works, and nothing else answers."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import Engine

from tests.builders import bundle, lab, patient
from tests.fhir_calls import FHIR, Caller, caller, checked
from tests.web_serving import Site, serving
from twin.importers.fhir.version import TYPES
from twin.settings import Settings
from twin.web.api.fhir.registry import OPERATIONS, PARAMS
from twin.web.api.fhir.routes import requests

VALUES = {"token": "x|y", "date": "ge2020", "reference": "Patient/p1", "string": "x", "uri": "default"}
SOUND = {"Patient": patient("t"), "Observation": lab("t", "2160-0", 1, "mg/dL", "2020-01-02")}
WITH_FACTS = {
    "Condition": {"onsetDateTime": "2020"}, "Procedure": {"status": "completed", "performedDateTime": "2020"},
    "MedicationRequest": {"status": "active", "intent": "order", "authoredOn": "2020"},
    "MedicationStatement": {"status": "active", "effectiveDateTime": "2020"},
    "DiagnosticReport": {"status": "final", "effectiveDateTime": "2020"},
    "ImagingStudy": {"status": "available", "started": "2020"},
    "FamilyMemberHistory": {"status": "completed", "date": "2020", "relationship": {"text": "mother"},
                            "condition": [{"code": {"coding": [{"system": "urn:x", "code": "c"}]}}]},
    "AllergyIntolerance": {"recordedDate": "2020"},
    "Encounter": {"status": "finished", "class": {"code": "AMB"}, "period": {"start": "2020"}},
}  # fmt: skip


@pytest.fixture
def site(engine: Engine, settings: Settings, now: datetime) -> Iterator[Site]:
    with serving(engine, settings, now) as running:
        yield running


@pytest.fixture
def program(site: Site) -> Caller:
    program = caller(site)
    program.put("/Patient/p1", patient())
    return program


def stated(site: Site) -> dict[str, Any]:
    answered = checked(site.anybody().get("/fhir/metadata"))
    assert answered.status_code == 200
    (rest,) = answered.json()["rest"]
    assert answered.json()["fhirVersion"] == "4.0.1"
    return dict(rest)


def sound(kind: str) -> dict[str, Any]:
    coded = {"text": "x", "coding": [{"system": "urn:x", "code": "c"}]}
    about = {"subject": {"reference": "Patient/p1"}, "patient": {"reference": "Patient/p1"}}
    if kind in ("AllergyIntolerance", "FamilyMemberHistory"):
        del about["subject"]
    elif kind in WITH_FACTS:
        del about["patient"]
    code = {} if kind in ("MedicationRequest", "MedicationStatement", "FamilyMemberHistory") else {"code": coded}
    medicine = {"medicationCodeableConcept": coded} if kind.startswith("Medication") else {}
    plain = {"resourceType": kind, "id": "t", **about, **code, **medicine, **WITH_FACTS.get(kind, {})}
    return SOUND.get(kind, plain)


def test_every_type_is_written_read_listed_and_searched_as_stated(site: Site, program: Caller) -> None:
    rest = stated(site)
    assert {each["type"] for each in rest["resource"]} == TYPES - {"Bundle"}
    for resource in rest["resource"]:
        kind = resource["type"]
        codes = {each["code"] for each in resource["interaction"]}
        assert codes == {"read", "vread", "update", "create", "history-instance", "search-type"}
        made = program.post(f"/{kind}", sound(kind), If_None_Exist="identifier=urn:none|1")
        assert made.status_code == 201, (kind, made.text)
        tag = made.headers["etag"]
        assert program.put(f"/{kind}/t", sound(kind), If_Match=tag).status_code == 200
        assert program.put(f"/{kind}?identifier=urn:none|1", sound(kind)).status_code == 200
        for path in ("/t", f"/t/_history/{tag[3:-1]}", "/t/_history", "?_id=t", ""):
            answered = program.get(f"/{kind}{path}")
            assert answered.status_code == 200 and b'"t"' in answered.content, (kind, path)
        for param in resource["searchParam"]:
            assert program.get(f"/{kind}", **{param["name"]: VALUES[param["type"]]}).status_code == 200, param["name"]
        for known in {each.name for each in PARAMS} - {each["name"] for each in resource["searchParam"]}:
            assert program.get(f"/{kind}", **{known: "2020"}).status_code == 400, (kind, known)


def test_a_result_is_found_by_every_parameter_that_its_type_is_said_to_have(site: Site, program: Caller) -> None:
    told = {each["type"]: [param["name"] for param in each["searchParam"]] for each in stated(site)["resource"]}
    wanted = {
        "_id": "t", "_lastUpdated": "ge2026", "_source": "default", "identifier": "urn:i|7", "patient": "p1",
        "subject": "p1", "date": "2020", "onset-date": "2020", "authoredon": "2020", "effective": "2020",
        "started": "2020", "code": "c",
    }  # fmt: skip
    for kind in WITH_FACTS:
        program.put(f"/{kind}/t", sound(kind) | {"identifier": [{"system": "urn:i", "value": "7"}]})
        for name in told[kind]:
            found = program.get(f"/{kind}", **{name: wanted[name]}).json()
            assert len(found.get("entry", ())) == 1, (kind, name)


def test_every_operation_stated_is_there(site: Site, program: Caller) -> None:
    rest = stated(site)
    by_kind = {each["type"]: {op["name"] for op in each.get("operation", ())} for each in rest["resource"]}
    assert {kind: names for kind, names in by_kind.items() if names} == {"Patient": {"match", "everything"}}
    assert [each["name"] for each in rest["operation"]] == ["import"]
    body = {"resourceType": "Parameters", "parameter": [{"name": "resource", "resource": patient()}]}
    assert program.post("/Patient/$match", body).status_code == 200
    assert program.get("/Patient/p1/$everything").status_code == 200
    assert program.post("/$import", patient(), Prefer="respond-async").status_code == 202
    assert [each["code"] for each in rest["interaction"]] == ["transaction", "batch"]
    for kind in ("transaction", "batch"):
        assert program.post("", bundle(patient(), kind=kind)).status_code == 200


def test_nothing_else_answers(program: Caller) -> None:
    others = [
        ("DELETE", "/Patient/p1"), ("PATCH", "/Patient/p1"), ("DELETE", "/Patient"), ("GET", ""), ("PUT", ""),
        ("POST", "/Patient/p1"), ("GET", "/_history"), ("GET", "/Patient/_history"), ("GET", "/Patient/$match"),
        ("POST", "/Patient/p1/$everything"), ("GET", "/Observation/o/$everything"), ("POST", "/Observation/$match"),
        ("POST", "/$export"), ("GET", "/$export"), ("GET", "/Patient/$export"), ("POST", "/_search"),
        ("POST", "/Patient/$validate"), ("GET", "/Observation/$lastn"), ("GET", "/Patient/p1/Observation"),
        ("GET", "/Patient/p1/_history/1/2"), ("GET", "/$import"), ("PUT", "/$import/1"),
    ]  # fmt: skip
    for method, path in others:
        answered = checked(program.client.request(method, f"/fhir{path}", headers=FHIR, content=b"{}"))
        assert answered.status_code in (404, 405), (method, path, answered.status_code)


def test_the_openapi_document_shows_every_request_with_an_example(site: Site) -> None:
    said = site.program("integrator", "fhir.read").get("/api/v1/openapi.json").json()["paths"]
    for each in requests():
        told = said[f"/fhir{each.path}"][each.method.lower()]
        assert told["summary"] == each.says
        has_body = each.method in ("POST", "PUT")
        assert has_body == ("requestBody" in told), each.path
        if has_body:
            assert all("example" in content for content in told["requestBody"]["content"].values())
    assert {each.name for each in OPERATIONS} == {"match", "everything", "import"}
    for path in ("/api/v1/imports", "/api/v1/quarantine/replay", "/api/v1/quarantine/{reject_id}/dismiss"):
        (told,) = said[path]["post"]["requestBody"]["content"].values()
        assert "example" in told or "$ref" in told["schema"]
