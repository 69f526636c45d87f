"""What the web process writes down: enough to find a fault, and nothing of a patient."""

import io
import json
import logging
import time
from collections.abc import Iterator
from datetime import datetime

import pytest
from sqlalchemy import Engine, select, text

from tests.builders import bundle, lab, patient
from tests.web_serving import PASSWORD, Site, serving
from twin.logs import log_to
from twin.settings import Settings
from twin.store import tables

SECRETS = ("Prüfung", "Frieda", "pr%C3%BC", "1960-05-04", "7.7777", "urn:mrn", "MRN-4711", PASSWORD, "twin_")


@pytest.fixture
def lines(engine: Engine) -> Iterator[io.StringIO]:
    """Everything that any logger of the process writes while the test runs."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    stop = log_to(handler)
    everything = logging.StreamHandler(written)
    logging.getLogger().addHandler(everything)
    yield written
    logging.getLogger().removeHandler(everything)
    stop()


@pytest.fixture
def site(lines: io.StringIO, engine: Engine, settings: Settings, now: datetime) -> Iterator[Site]:
    with serving(engine, settings, now) as running:
        yield running


def entries(lines: io.StringIO) -> list[dict[str, object]]:
    found = []
    for line in lines.getvalue().splitlines(keepends=True):
        if line.startswith("{") and line.endswith("\n"):  # the last one may still be being written
            found.append(json.loads(line))
    return found


def requests_told(lines: io.StringIO, at_least: int = 1) -> list[dict[str, object]]:
    """The lines of requests, once there are as many: a line is written after the client has its answer."""
    deadline = time.monotonic() + 20
    while True:
        told = [each for each in entries(lines) if each.get("event") == "request"]
        if len(told) >= at_least or time.monotonic() > deadline:
            return told
        time.sleep(0.02)


def person_with_result() -> bytes:
    return bundle(patient(mrn="MRN-4711"), lab("o", "2160-0", 7.7777, "mg/dL", "2020-01-02"))


def test_good_and_bad_requests_leave_no_name_and_no_value_in_the_log(site: Site, lines: io.StringIO) -> None:
    program = site.program("integrator", "fhir.write", "import.write")
    fhir = {"Content-Type": "application/fhir+json"}
    assert program.post("/fhir", content=person_with_result(), headers=fhir).status_code == 200
    with site.engine.connect() as connection:
        frieda = connection.execute(select(tables.patient.c.id)).scalar_one()
    bad = [
        person_with_result()[:-9],
        bundle(patient(), lab("o", "2160-0", 7.7777, "kg", "1960-05-03")),
        bundle(patient(mrn="MRN-4711"), lab("o", "2160-0", "7.7777", "mg/dL", "2020-01-02", subject="Patient/Frieda")),
        bundle({"resourceType": "Frieda"}, kind="batch"),
    ]
    for content in bad:
        program.post("/fhir", content=content, headers=fhir)
    program.post("/api/v1/imports", params={"filename": "Prüfung_Frieda.zip", "patient": "MRN-4711"}, content=b"Frieda")
    person = site.person("clinician")
    for path in (f"/api/v1/patients/{frieda}/snapshot", "/api/v1/patients/Frieda/snapshot", "/Prüfung/Frieda",
                 "/api/v1/patients?query=prü", "/patients?query=prü", "/?q=Frieda", "/api/v1/recalls?owner=Frieda",
                 f"/patients/{frieda}", "/patients/Frieda"):  # fmt: skip
        person.get(path, headers={"Referer": "http://x/?q=Frieda", "User-Agent": "Frieda"})
    person.post("/api/v1/tokens", json={"Frieda": "7.7777"})
    anybody = site.anybody()
    csrf = anybody.get("/sign-in").cookies["twin_csrf"]
    for password in ("Frieda", PASSWORD):
        form = {"csrf_token": csrf, "username": "clinician", "password": password}
        anybody.post("/sign-in", data=form)
    assert len(requests_told(lines, at_least=18)) >= 18
    assert [secret for secret in SECRETS if secret in lines.getvalue()] == []


def test_a_line_says_what_route_was_taken_by_whom_how_it_ended_and_how_long(site: Site, lines: io.StringIO) -> None:
    answered = site.person("clinician").get("/api/v1/me?secret=Frieda")
    (line,) = requests_told(lines)
    assert line["request_id"] == answered.headers["x-request-id"]
    assert (line["method"], line["route"], line["status"]) == ("GET", "/api/v1/me", 200)
    assert (line["actor"], line["level"]) == ("user:clinician", "INFO")
    assert isinstance(line["ms"], float) and line["ms"] > 0
    assert str(line["message"]).startswith("GET /api/v1/me 200 ")


def test_searches_and_reads_by_fhir_leave_no_name_and_no_number_in_the_log(site: Site, lines: io.StringIO) -> None:
    program = site.program("integrator", "fhir.write", "fhir.read")
    program.post("/fhir", content=person_with_result(), headers={"Content-Type": "application/fhir+json"})
    asked = {"name": "Prüfung", "birthdate": "1960-05-04", "identifier": "urn:mrn|MRN-4711"}
    for method, path in (("GET", "/fhir/Patient"), ("GET", "/fhir/Patient/Frieda"), ("GET", "/fhir/Prüfung/7.7777")):
        program.request(method, path, params=asked)
    assert program.post("/fhir/Patient/_search", data=asked).json()["entry"]
    program.put("/fhir/Patient/Frieda", content=person_with_result(), params={"identifier": "urn:mrn|MRN-4711"})
    routes = {line["route"] for line in requests_told(lines, at_least=8)}
    assert [secret for secret in SECRETS if secret in lines.getvalue()] == []
    assert {"/fhir/{kind}", "/fhir/{kind}/_search", "/fhir/{kind}/{logical_id}"} <= routes


def test_a_fault_of_ours_is_told_by_type_and_place_and_answered_without_either(site: Site, lines: io.StringIO) -> None:
    program = site.program("integrator", "fhir.write")
    with site.engine.begin() as connection:
        connection.execute(text("alter table patient rename column name to gone"))
    try:
        answered = program.post(
            "/fhir", content=person_with_result(), headers={"Content-Type": "application/fhir+json"}
        )
        page = site.person("clinician").get("/patients")
    finally:
        with site.engine.begin() as connection:
            connection.execute(text("alter table patient rename column gone to name"))
    assert (answered.status_code, page.status_code) == (500, 500)
    assert answered.json()["resourceType"] == "OperationOutcome"
    assert answered.headers["x-request-id"] in answered.text and page.headers["x-request-id"] in page.text
    assert "default-src 'self'" in page.headers["content-security-policy"]
    for private in ("UndefinedColumn", "sqlalchemy", "patient.name", "Traceback", "Frieda"):
        assert private not in answered.text and private not in page.text
    told = [each for each in entries(lines) if each.get("event") == "unforeseen error"]
    assert {each["error"] for each in told} == {"ProgrammingError"}
    assert any("twin/taking.py" in place for place in told[0]["passed"])  # type: ignore[attr-defined]
    assert [secret for secret in SECRETS if secret in lines.getvalue()] == []
