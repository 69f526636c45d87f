"""POST /fhir through the real server: what is written, what is answered, and every kind of bad input."""

import json
import secrets
import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import date, datetime
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine, text

from tests.builders import bundle, lab, patient
from tests.web_serving import Site, serving
from twin import synth
from twin.settings import Settings

FHIR = {"Content-Type": "application/fhir+json"}


@pytest.fixture
def site(engine: Engine, settings: Settings, now: datetime) -> Iterator[Site]:
    with serving(engine, settings.model_copy(update={"max_body_mb": 2}), now) as running:
        yield running


def post(site: Site, content: bytes, **headers: str) -> httpx.Response:
    return site.program("integrator", "fhir.write").post("/fhir", content=content, headers={**FHIR, **headers})


def issues(answered: httpx.Response) -> list[dict[str, Any]]:
    """The issues of an answer that is an OperationOutcome, each checked to have what FHIR asks for."""
    body = answered.json()
    assert answered.headers["content-type"].startswith("application/fhir+json")
    assert body["resourceType"] == "OperationOutcome" and body["issue"]
    assert all({"severity", "code", "details"} <= issue.keys() for issue in body["issue"])
    return list(body["issue"])


def written(site: Site) -> tuple[int, ...]:
    return tuple(site.count(table) for table in ("patient", "fact", "import_run", "import_item", "import_reject"))


def test_a_transaction_is_written_and_answered_entry_by_entry_in_its_order(site: Site) -> None:
    claim = {"resourceType": "Claim", "id": "c"}
    content = bundle(claim, lab("o", "2160-0", 1.5, "mg/dL", "2020-01-02"), patient())
    answered = post(site, content)
    body = answered.json()
    assert (answered.status_code, body["type"]) == (200, "transaction-response")
    statuses = [entry["response"]["status"] for entry in body["entry"]]
    assert statuses == ["200 OK", "201 Created", "201 Created"]
    assert body["entry"][0]["response"]["outcome"]["issue"][0]["code"] == "not-supported"
    assert (site.count("patient"), site.count("fact")) == (1, 1)


def test_the_same_transaction_again_writes_nothing_and_says_so(site: Site) -> None:
    content = bundle(patient(), lab("o", "2160-0", 1.5, "mg/dL", "2020-01-02"))
    post(site, content)
    before = site.count("fact")
    again = post(site, content)
    assert [entry["response"]["status"] for entry in again.json()["entry"]] == ["200 OK", "200 OK"]
    assert site.count("fact") == before


def test_every_patient_written_leaves_an_audit_row_of_the_token(site: Site) -> None:
    post(site, bundle(patient()))
    (row,) = site.audit(action="import")
    assert row["patient_id"] is not None and str(row["actor"]).startswith("token:")


def test_the_answer_is_valid_fhir(site: Site) -> None:
    from fhir.resources.R4B.bundle import Bundle
    from fhir.resources.R4B.capabilitystatement import CapabilityStatement
    from fhir.resources.R4B.operationoutcome import OperationOutcome

    Bundle.model_validate(post(site, bundle(patient(), lab("o", "2160-0", 1, "kg", "2020"))).json())
    OperationOutcome.model_validate(post(site, b"{}").json())
    CapabilityStatement.model_validate(site.anybody().get("/fhir/metadata").json())


def r(kind: str) -> dict[str, Any]:
    return {"resourceType": kind, "id": "x", "subject": {"reference": "Patient/p1"}}


UNREADABLE = {
    "nothing": (b"", 400, "not JSON"),
    "not JSON": (b"<Bundle/>", 400, "not JSON"),
    "half a JSON": (bundle(patient())[:-5], 400, "not JSON"),
    "not UTF-8": (b'{"resourceType": "Bundle\xff"}', 400, "not JSON"),
    "not a number": (b'{"resourceType": "Bundle", "total": NaN}', 400, "not JSON"),
    "a million brackets": (b"[" * 1_000_000, 400, "not JSON"),
    "nested a hundred thousand times": (b'{"resourceType":' + b"[" * 100_000 + b"]" * 100_000 + b"}", 400, ""),
    "a number of a million digits": (b'{"resourceType":"Bundle","total":' + b"1" * 1_000_000 + b"}", 400, ""),
    "a list": (b"[]", 400, "no resourceType"),
    "a word": (b'"Bundle"', 400, "no resourceType"),
    "a resource alone": (json.dumps(patient()).encode(), 400, "not a Bundle"),
    "a collection": (bundle(patient(), kind="collection"), 400, "transaction or batch"),
    "no type": (b'{"resourceType": "Bundle", "entry": []}', 400, "transaction or batch"),
    "a type that is a list": (b'{"resourceType": "Bundle", "type": []}', 400, "transaction or batch"),
    "entries that are no list": (b'{"resourceType": "Bundle", "type": "batch", "entry": 5}', 400, "not a list"),
    "another FHIR version": (bundle({"resourceType": "MedicationOrder", "id": "x"}), 422, "DSTU2"),
    "a later FHIR version": (bundle({"resourceType": "MedicationUsage", "id": "x"}), 422, "R5"),
}


@pytest.mark.parametrize("what", UNREADABLE)
def test_what_cannot_be_read_is_refused_by_name_and_writes_nothing(site: Site, what: str) -> None:
    content, status, said = UNREADABLE[what]
    answered = post(site, content)
    assert answered.status_code == status, answered.text
    assert said in issues(answered)[0]["details"]["text"]
    assert written(site) == (0, 0, 0, 0, 0)


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("application/fhir+json; fhirVersion=4.0", 200),
        ("application/fhir+json; charset=utf-8", 200),
        ("application/json", 200),
        ("application/fhir+json; fhirVersion=5.0", 415),
        ("application/fhir+json; fhirVersion=1.0", 415),
        ("application/fhir+xml", 415),
        ("text/plain", 415),
        ("", 415),
        ("application/fhir+json; fhirVersion*=utf-8''%ff", 415),
    ],
)
def test_the_media_type_says_which_fhir_it_is(site: Site, content_type: str, status: int) -> None:
    answered = post(site, bundle(patient()), **{"Content-Type": content_type})
    assert answered.status_code == status
    if status == 415:
        assert issues(answered)[0]["code"] == "not-supported"
        assert written(site) == (0, 0, 0, 0, 0)


def test_a_compressed_body_is_refused(site: Site) -> None:
    assert post(site, bundle(patient()), **{"Content-Encoding": "gzip"}).status_code == 415


FAULTS = {
    "an unknown patient": (lab("o", "2160-0", 1, "mg/dL", "2020-01-01", subject="Patient/nobody"), "unknown_patient"),
    "an impossible date": (lab("o", "2160-0", 1, "mg/dL", "2031-01-01"), "impossible_date"),
    "a day that does not exist": (lab("o", "2160-0", 1, "mg/dL", "2020-02-30"), "invalid"),
    "no code": (r("Observation"), "invalid"),
    "a value that is a text": (lab("o", "2160-0", "1", "mg/dL", "2020-01-01"), "invalid"),
    "a subject that is a number": ({**lab("o", "2160-0", 1, "mg/dL", "2020-01-01"), "subject": 7}, "invalid"),
}


@pytest.mark.parametrize("what", FAULTS)
def test_a_fault_undoes_the_whole_transaction_with_place_and_reason(site: Site, what: str) -> None:
    resource, reason = FAULTS[what]
    answered = post(site, bundle(patient(), lab("ok", "2160-0", 1, "mg/dL", "2020-01-01"), resource))
    assert answered.status_code == 422
    (issue,) = issues(answered)
    assert issue["expression"][0].startswith("Bundle.entry[2]")
    assert issue["details"]["text"].startswith(reason)
    assert written(site) == (0, 0, 0, 0, 0)
    assert [row["outcome"] for row in site.audit(action="import")] == ["failed"]


@pytest.mark.parametrize("what", FAULTS)
def test_a_fault_in_a_batch_refuses_its_entry_alone(site: Site, what: str) -> None:
    resource, reason = FAULTS[what]
    answered = post(site, bundle(patient(), resource, lab("ok", "2160-0", 1, "mg/dL", "2020-01-01"), kind="batch"))
    assert (answered.status_code, answered.json()["type"]) == (200, "batch-response")
    responses = [entry["response"] for entry in answered.json()["entry"]]
    assert [each["status"][:3] for each in responses] == ["201", "422", "201"]
    (issue,) = responses[1]["outcome"]["issue"]
    assert issue["expression"][0].startswith("Bundle.entry[1]") and issue["details"]["text"].startswith(reason)
    assert (site.count("fact"), site.count("import_reject")) == (1, 1)


@pytest.mark.parametrize(
    ("resource", "reason"),
    [
        (lab("o", "2160-0", 1, "kg", "2020-01-01"), "bad_unit"),
        (lab("o", "2823-3", 400, "mmol/L", "2020-01-01"), "implausible"),
    ],
)
def test_a_value_not_believed_is_kept_apart_and_told(site: Site, resource: dict[str, Any], reason: str) -> None:
    answered = post(site, bundle(patient(), resource))
    assert answered.status_code == 200
    response = answered.json()["entry"][1]["response"]
    (issue,) = response["outcome"]["issue"]
    assert response["status"] == "202 Accepted"
    assert issue["severity"] == "warning" and issue["details"]["text"].startswith(reason)
    assert (site.count("fact"), site.count("import_reject")) == (0, 1)


ODD_TEXTS = {
    "a NUL": b'"\\u0000"',
    "half a surrogate pair": b'"\\ud800"',
    "a number": b"7",
    "a list": b"[]",
    "an object": b"{}",
    "null": b"null",
    "a huge number": b"1e999999",
    "a very long text": b'"' + b"x" * 300_000 + b'"',
    "a long text that does not compress": json.dumps(secrets.token_hex(5_000)).encode(),
}
PLACES = (
    "id", "status", "effectiveDateTime", "code", "subject", "valueQuantity", "valueString", "device", "issued",
    "family", "identifier", "birthDate", "gender", "system", "unit", "display",
)  # fmt: skip


@pytest.mark.parametrize("odd", ODD_TEXTS)
@pytest.mark.parametrize("kind", ["transaction", "batch"])
def test_no_odd_text_at_any_place_is_a_crash_or_half_a_write(site: Site, odd: str, kind: str) -> None:
    client = site.program("integrator", "fhir.write")
    for place in PLACES:
        person, result = patient(), lab("o", "2160-0", 1, "mg/dL", "2020-01-01")
        if place == "family":
            person["name"][0][place] = "ODD"
        elif place in ("identifier", "birthDate", "gender"):
            person[place] = "ODD"
        elif place in ("system", "display"):
            result["code"]["coding"][0][place] = "ODD"
        elif place == "unit":
            result["valueQuantity"] = {"value": 1, "unit": "ODD"}
        else:
            result[place] = "ODD"
        content = bundle(person, result, kind=kind).replace(b'"ODD"', ODD_TEXTS[odd])
        answered = client.post("/fhir", content=content, headers=FHIR)
        assert answered.status_code in (200, 400, 422), (place, answered.text)
        with site.engine.connect() as connection:
            assert not connection.execute(text("select 1 from import_run where status <> 'done'")).all()


@pytest.mark.parametrize("depth", [50, 200, 300, 400, 450, 460, 470, 480, 485, 490, 495, 500])
def test_no_depth_of_nesting_is_a_crash(site: Site, depth: int) -> None:
    deep = b'[{"extension":' * depth + b'"\\u0000"' + b"}]" * depth
    for kept in (deep, deep.replace(b"\\u0000", b"x")):
        for place in ("extension", "name"):
            content = bundle({**patient(), place: "DEEP"}, kind="batch").replace(b'"DEEP"', kept)
            assert post(site, content).status_code in (200, 400, 422)


def test_a_large_body_is_refused_by_its_length_before_it_is_read(site: Site) -> None:
    answered = post(site, b" " * 2_000_001)
    assert answered.status_code == 413
    assert issues(answered)[0]["code"] == "too-long"


def test_a_large_body_without_a_length_is_refused_at_the_byte_that_is_too_many(site: Site) -> None:
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        for _ in range(1000):
            sent += 1_000_000
            yield b" " * 1_000_000

    client = site.program("integrator", "fhir.write")
    with suppress(httpx.WriteError):  # the server may hang up while we are still sending
        assert client.post("/fhir", content=endless(), headers=FHIR).status_code == 413
    assert sent < 100_000_000
    assert written(site) == (0, 0, 0, 0, 0)


def test_two_senders_of_one_transaction_at_once_write_it_once(site: Site) -> None:
    content = bundle(patient(), lab("o", "2160-0", 1.5, "mg/dL", "2020-01-02"))
    client = site.program("integrator", "fhir.write")
    statuses: list[int] = []

    def send() -> None:
        headers = {**client.headers, **FHIR}
        statuses.append(httpx.post(f"{site.address}/fhir", content=content, headers=headers).status_code)

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200] * 4
    assert (site.count("patient"), site.count("fact")) == (1, 1)


def test_entries_may_call_a_patient_by_the_create_that_found_one(site: Site) -> None:
    """What the demo sends: the patient only if new, and a later result that refers to that entry."""
    simulated = next(each for each in synth.cohort(3, seed=7, until=date(2026, 11, 22)) if each.correction)
    later = synth.correction(simulated)
    assert later is not None
    assert post(site, synth.encode(synth.bundle(simulated))).status_code == 200
    answered = post(site, synth.encode(later))
    assert answered.status_code == 200, answered.text
    assert site.count("patient") == 1
