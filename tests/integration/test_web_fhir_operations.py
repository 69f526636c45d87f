"""`$match`, `$everything` and `$import` through the real server, the last with the worker's own work."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from sqlalchemy import Engine

from tests.builders import bundle, encode, lab, patient
from tests.fhir_calls import Caller, caller, checked, ids, told
from tests.web_serving import Site, serving
from twin import imports, merge, uploads
from twin.settings import Settings

MATCH_GRADE = "http://hl7.org/fhir/StructureDefinition/match-grade"
ASYNC = {"Prefer": "respond-async"}


@pytest.fixture
def site(engine: Engine, settings: Settings, now: datetime) -> Iterator[Site]:
    with serving(engine, settings, now) as running:
        yield running


@pytest.fixture
def program(site: Site) -> Caller:
    program = caller(site)
    program.post("", bundle(patient(), lab("o1", "2160-0", 1, "mg/dL", "2020-01-02"),
                            lab("o2", "2160-0", 1.2, "mg/dL", "2022-01-02"),
                            {"resourceType": "Claim", "id": "c", "patient": {"reference": "Patient/p1"}}))  # fmt: skip
    return program


def asked(resource: object, **more: Any) -> dict[str, Any]:
    values = {"count": "valueInteger", "onlyCertainMatches": "valueBoolean"}
    extra = [{"name": name, values[name]: value} for name, value in more.items()]
    return {"resourceType": "Parameters", "parameter": [{"name": "resource", "resource": resource}, *extra]}


def grades(answered: Any) -> list[tuple[str, str]]:
    assert answered.status_code == 200, answered.text
    return [
        (each["resource"]["id"], each["search"]["extension"][0]["valueCode"])
        for each in answered.json().get("entry", ())
    ]


def test_who_bears_the_identifier_is_certain_and_who_is_alike_is_graded(site: Site, program: Caller) -> None:
    from fhir.resources.R4B.bundle import Bundle

    by_number = {"resourceType": "Patient", "identifier": [{"system": "urn:mrn", "value": "1"}]}
    answered = program.post("/Patient/$match", asked(by_number))
    assert grades(answered) == [("p1", "certain")]
    assert answered.json()["entry"][0]["search"]["extension"][0]["url"] == MATCH_GRADE
    Bundle.model_validate(answered.json())
    alike = patient("x", mrn="other", birth="1960-05-14")
    ((name, grade),) = grades(program.post("/Patient/$match", asked(alike)))
    assert (name, grade) in (("p1", "probable"), ("p1", "possible"))
    score = program.post("/Patient/$match", asked(alike)).json()["entry"][0]["search"]["score"]
    assert 0 < score < 1
    assert grades(program.post("/Patient/$match", asked(alike, onlyCertainMatches=True))) == []
    assert grades(program.post("/Patient/$match", asked(by_number, count=1))) == [("p1", "certain")]
    assert grades(program.post("/Patient/$match", by_number)) == [("p1", "certain")]
    assert [row["patient_id"] is not None for row in site.audit(action="fhir.match")].count(True) >= 5
    assert site.count("patient") == 1


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"resourceType": "Parameters"}, 400),
        ({"resourceType": "Parameters", "parameter": [{"name": "resource"}, 7]}, 400),
        ({"resourceType": "Observation"}, 400),
        (asked({"resourceType": "Patient"}), 422),
        (asked({"resourceType": "Patient", "birthDate": "yesterday"}), 422),
        (asked({"resourceType": "Patient", "name": [{"family": "a\x00b"}]}), 422),
        (asked(patient(), count=0), 400),
        (asked(patient(), count=-1), 400),
        (asked(patient(), count="many"), 400),
        (b"[]", 400),
    ],
)
def test_a_match_for_nobody_in_particular_is_refused(program: Caller, body: Any, status: int) -> None:
    assert program.post("/Patient/$match", body).status_code == status


def test_everything_of_a_patient_is_told_and_may_be_narrowed(program: Caller) -> None:
    def found(**narrowed: Any) -> set[str]:
        return set(ids(program.get("/Patient/p1/$everything", **narrowed)))

    assert found() == {"p1", "o1", "o2", "c"}
    assert found(_type="Observation") == {"o1", "o2"}
    assert found(_type="Observation,Patient", start="2021-01-01") == {"p1", "o2"}
    assert found(end="2021") == {"p1", "o1", "c"}
    assert found(_since="2026-11-22") == {"p1", "o1", "o2", "c"}
    assert found(_since="2026-11-23") == set()
    assert program.get("/Patient/nobody/$everything").status_code == 404
    for odd in ({"_type": "Nothing"}, {"start": "gt2020"}, {"start": "x"}, {"nonsense": "1"}, {"_cursor": "x"}):
        assert program.get("/Patient/p1/$everything", **odd).status_code == 400, odd


def test_everything_goes_on_over_pages(site: Site, program: Caller) -> None:
    page = program.get("/Patient/p1/$everything", _count=3)
    (following,) = [each["url"] for each in page.json()["link"] if each["relation"] == "next"]
    rest = checked(program.client.get(following.removeprefix(site.settings.public_url)))
    assert len(ids(page)) == 3 and {*ids(page), *ids(rest)} == {"p1", "o1", "o2", "c"}


def test_everything_of_one_person_holds_what_was_merged_into_that_record(
    site: Site, program: Caller, now: datetime
) -> None:
    program.post("", bundle(patient("p2", mrn="2"), lab("x", "2160-0", 1, "mg/dL", "2020-01-02", subject="Patient/p2")))
    first, second = (
        program.get(f"/Patient/{name}") and site.audit(action="fhir.read")[-1]["patient_id"] for name in ("p1", "p2")
    )
    merge.merge(site.engine, str(second), str(first), reason="one person", actor="t", now=now)
    assert {"p1", "p2", "x", "o1"} <= set(ids(program.get("/Patient/p1/$everything")))


def test_everything_of_a_patient_known_from_elsewhere_says_who_it_is(site: Site, program: Caller) -> None:
    message = b"MSH|^~\\&|L|H|T||20261122080000||ADT^A04|1|P|2.5.1\rPID|||77^^^H^MR||Roe^Jo||19500102|F\rPV1||O\r"
    program.client.post("/api/v1/hl7v2", content=message)
    own_id = site.audit(action="import")[-1]["patient_id"]
    assert ids(program.get(f"/Patient/{own_id}/$everything")) == [own_id]


def work(site: Site) -> None:
    """Do what the worker does with what waits."""
    for import_id in uploads.pending(site.engine):
        imports.import_upload(site.engine, site.settings, import_id, site.clock)


LINES = b"\n".join(encode(each) for each in (patient(), lab("n", "2160-0", 3, "mg/dL", "2020-01-02"))) + b"\n"
NDJSON = {"Content-Type": "application/fhir+ndjson"}


def test_a_file_is_imported_by_the_worker_and_watched_at_its_address(site: Site, program: Caller) -> None:
    started = program.send("POST", "/$import", LINES, **NDJSON, **ASYNC)
    assert started.status_code == 202, started.text
    address = started.headers["content-location"].removeprefix(f"{site.settings.public_url}/fhir")
    waiting = program.get(address)
    assert (waiting.status_code, waiting.headers["x-progress"]) == (202, "waiting for the worker")
    work(site)
    done = {each["name"]: each for each in program.get(address).json()["parameter"]}
    assert done["status"]["valueCode"] == "done"
    assert (done["read"]["valueInteger"], done["facts"]["valueInteger"]) == (2, 1)
    assert program.get("/Observation/n").json()["valueQuantity"]["value"] == 3
    assert program.client.delete(f"/fhir{address}").status_code == 409
    assert program.get("/$import/999").status_code == 404


def test_an_import_that_waits_can_be_cancelled(site: Site, program: Caller) -> None:
    started = program.send("POST", "/$import", LINES, **NDJSON, **ASYNC)
    address = started.headers["content-location"].removeprefix(site.settings.public_url)
    assert checked(program.client.delete(address)).status_code == 202
    work(site)
    assert checked(program.client.get(address)).json()["parameter"][0]["valueCode"] == "cancelled"
    assert program.get("/Observation/n").status_code == 404


def test_what_is_refused_in_an_import_is_told_with_its_place(site: Site, program: Caller) -> None:
    started = program.send("POST", "/$import", LINES + b'{"resourceType":"Observation"}\n', **NDJSON, **ASYNC)
    work(site)
    address = started.headers["content-location"].removeprefix(site.settings.public_url)
    done = {each["name"]: each for each in program.client.get(address).json()["parameter"]}
    (issue,) = done["rejects"]["resource"]["issue"]
    assert "line 3" in issue["expression"][0] and done["rejected"]["valueInteger"] == 1


def test_an_import_that_is_not_asked_for_later_is_refused_and_leaves_nothing(site: Site, program: Caller) -> None:
    assert program.send("POST", "/$import", LINES, **NDJSON).status_code == 400
    assert program.send("POST", "/$import", b"", **NDJSON, **ASYNC).status_code == 400
    assert not list((site.settings.home_path / "incoming").glob("*"))


def to_fetch(*urls: str) -> dict[str, Any]:
    inputs = [
        {"name": "input", "part": [{"name": "type", "valueCode": "Patient"}, {"name": "url", "valueUri": url}]}
        for url in urls
    ]
    return {"resourceType": "Parameters", "parameter": inputs}


def test_nothing_is_fetched_from_a_host_that_the_site_does_not_allow(site: Site, program: Caller) -> None:
    for url in ("https://files.example.org/a.ndjson", "http://127.0.0.1:1/a", "file:///etc/passwd", "https://[", "x",
                "https://user:word@files.example.org/a", "https://files.example.org/a b"):  # fmt: skip
        refused = program.post("/$import", to_fetch(url), **ASYNC)
        assert refused.status_code == 422, url
    assert "TWIN_IMPORT_HOSTS" in told(program.post("/$import", to_fetch("https://x.example/a"), **ASYNC))
    assert program.post("/$import", {"resourceType": "Parameters"}, **ASYNC).status_code == 400
    assert (site.count("import_run"), list((site.settings.home_path / "incoming").glob("*"))) == (1, [])


@contextmanager
def host(answers: dict[str, tuple[int, dict[str, str], bytes]]) -> Iterator[str]:
    """A file server on a free port."""

    class Files(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, headers, body = answers.get(self.path, (404, {}, b""))
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Files) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_files_of_an_allowed_host_are_fetched_by_the_worker(engine: Engine, settings: Settings, now: datetime) -> None:
    people, results = LINES.splitlines(keepends=True)
    files = {
        "/people": (200, {}, people), "/moved": (302, {"Location": "/results"}, b""), "/results": (200, {}, results),
        "/away": (302, {"Location": "http://localhost:1/x"}, b""), "/large": (200, {}, b" " * 1_500_000),
    }  # fmt: skip
    with host(files) as name:
        allowing = settings.model_copy(update={"import_hosts": (name,), "max_upload_mb": 1})
        with serving(engine, allowing, now) as site:
            program = caller(site)

            def outcome(*paths: str) -> dict[str, Any]:
                started = program.post("/$import", to_fetch(*(f"http://{name}{path}" for path in paths)), **ASYNC)
                assert started.status_code == 202, started.text
                work(site)
                address = started.headers["content-location"].removeprefix(f"{site.settings.public_url}/fhir")
                return {each["name"]: each for each in program.get(address).json()["parameter"]}

            done = outcome("/people", "/moved")
            assert (done["status"]["valueCode"], done["facts"]["valueInteger"]) == ("done", 1)
            for path in ("/away", "/large", "/none"):
                failed = outcome(path)
                assert failed["status"]["valueCode"] == "failed" and failed["rejects"]["resource"]["issue"]
            assert not list((site.settings.home_path / "incoming").glob("*"))
