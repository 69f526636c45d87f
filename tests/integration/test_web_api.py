"""The JSON API through the real server: uploads, patients, tokens, scopes, monitoring."""

import os
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine, insert, select, text

from tests.builders import bundle, lab, patient
from tests.web_serving import Site, serving
from twin import rescore
from twin.settings import Settings
from twin.store import forecasts, tables
from twin.web.schemas import EXAMPLE_PATIENT

FHIR = {"Content-Type": "application/fhir+json"}


@pytest.fixture
def site(engine: Engine, settings: Settings, now: datetime) -> Iterator[Site]:
    with serving(engine, settings.model_copy(update={"max_upload_mb": 3}), now) as running:
        yield running


@pytest.fixture
def frieda(site: Site) -> str:
    """The id of a patient who came in by FHIR."""
    content = bundle(patient(), lab("o", "2160-0", 1.5, "mg/dL", "2020-01-02"))
    assert site.program("integrator", "fhir.write").post("/fhir", content=content, headers=FHIR).status_code == 200
    with site.engine.connect() as connection:
        return str(connection.execute(select(tables.patient.c.id)).scalar_one())


def problem(answered: httpx.Response, status: int) -> dict[str, Any]:
    """The body of an answer that is a problem of this status (RFC 9457)."""
    assert answered.status_code == status, answered.text
    assert answered.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answered.json()
    assert {"type", "title", "status", "detail", "request_id"} <= body.keys()
    assert body["request_id"] == answered.headers["x-request-id"]
    return body


def incoming(site: Site) -> list[Path]:
    folder = site.settings.home_path / "incoming"
    return list(folder.iterdir()) if folder.is_dir() else []


def test_an_uploaded_file_waits_whole_for_the_worker(site: Site) -> None:
    client = site.program("integrator", "import.write")
    content = os.urandom(2_500_000)
    answered = client.post("/api/v1/imports", params={"filename": "ct.zip"}, content=content)
    assert answered.status_code == 202
    told = answered.json()
    assert told["bytes"] == len(content)
    report = client.get(told["href"]).json()
    assert (report["file_name"], report["source"]) == ("ct.zip", "default")
    assert "path" not in str(report)
    assert [path.read_bytes() for path in incoming(site)] == [content]
    assert [row["resource"] for row in site.audit(action="import.upload")] == [f"import/{told['id']}"]


def test_an_upload_for_a_patient_names_them_by_id_or_number(site: Site, frieda: str) -> None:
    client = site.person("reader")
    for name in (frieda, "1"):
        assert client.post("/api/v1/imports", params={"patient": name}, content=b"x").status_code == 202
    assert {row["patient_id"] for row in site.audit(action="import.upload")} == {frieda}


@pytest.mark.parametrize("name", ["nobody", EXAMPLE_PATIENT, "' or 1=1 --"])
def test_an_upload_for_nobody_known_is_refused_and_leaves_nothing(site: Site, frieda: str, name: str) -> None:
    client = site.program("integrator", "import.write")
    problem(client.post("/api/v1/imports", params={"patient": name}, content=b"x"), 404)
    assert incoming(site) == []


@pytest.mark.parametrize("params", [{"source": "a b"}, {"source": ""}, {"filename": ""}, {"filename": "x" * 256},
                                    {"patient": "a\x00b"}, {"source": "x" * 101}])  # fmt: skip
def test_an_odd_parameter_is_refused_without_repeating_it(site: Site, params: dict[str, str]) -> None:
    client = site.program("integrator", "import.write")
    body = problem(client.post("/api/v1/imports", params=params, content=b"x"), 422)
    assert [each["at"] for each in body["errors"]] == [f"query.{name}" for name in params]
    assert incoming(site) == []


def test_a_file_name_cannot_lead_out_of_its_folder(site: Site) -> None:
    client = site.program("integrator", "import.write")
    answered = client.post("/api/v1/imports", params={"filename": "../../etc/passwd\n"}, content=b"x")
    assert client.get(answered.json()["href"]).json()["file_name"] == ".._.._etc_passwd_"
    assert [path.parent for path in incoming(site)] == [site.settings.home_path / "incoming"]


def test_an_empty_upload_is_refused(site: Site) -> None:
    problem(site.program("integrator", "import.write").post("/api/v1/imports"), 400)
    assert incoming(site) == []


def test_an_upload_that_says_it_is_too_large_is_refused_before_it_is_read(site: Site) -> None:
    client = site.program("integrator", "import.write")
    problem(client.post("/api/v1/imports", content=b"x" * 3_000_001), 413)
    assert incoming(site) == []


def test_an_upload_of_a_gigabyte_is_cut_off_at_the_bound_and_leaves_nothing(site: Site) -> None:
    sent = 0

    def gigabyte() -> Iterator[bytes]:
        nonlocal sent
        for _ in range(1000):
            sent += 1_000_000
            yield b"x" * 1_000_000

    client = site.program("integrator", "import.write")
    with suppress(httpx.WriteError):  # the server may hang up while we are still sending
        problem(client.post("/api/v1/imports", content=gigabyte()), 413)
    assert sent < 100_000_000
    assert incoming(site) == []
    assert site.count("import_run") == 0


def test_an_upload_that_breaks_off_leaves_nothing(site: Site) -> None:
    def broken() -> Iterator[bytes]:
        yield b"x" * 1_500_000
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        site.program("integrator", "import.write").post("/api/v1/imports", content=broken())
    for _ in range(100):
        if not incoming(site):
            break
        site.anybody().get("/healthz")
    assert incoming(site) == []
    assert site.count("import_run") == 0


def test_a_form_of_the_pages_has_a_small_bound(site: Site) -> None:
    answered = site.anybody().post("/sign-in", data={"username": "x" * 1_100_000})
    assert answered.status_code == 413
    assert answered.headers["content-type"].startswith("text/html")


def test_an_import_that_is_not_there_is_a_404(site: Site) -> None:
    client = site.program("integrator", "import.write")
    problem(client.get("/api/v1/imports/999"), 404)
    for number in ("0", "-1", "99999999999999999999", "abc"):
        problem(client.get(f"/api/v1/imports/{number}"), 422)


def test_patients_are_found_by_the_beginning_of_name_or_number_and_the_audit_says_whom(site: Site, frieda: str) -> None:
    client = site.person("clinician")
    for query in ("prü", "PRÜF", "1", ""):
        found = client.get("/api/v1/patients", params={"query": query}).json()["patients"]
        assert [each["id"] for each in found] == [frieda], query
    for query in ("%", "_", "\\", "nobody", "rüf"):
        assert client.get("/api/v1/patients", params={"query": query}).json() == {"patients": [], "next": None}
    assert {row["patient_id"] for row in site.audit(action="patient.find")} == {frieda}


def test_patients_come_page_by_page_each_once(site: Site) -> None:
    rows = [{"id": f"00000000-0000-4000-8000-{n:012d}", "name": f"Name {n % 4}", "sex": "female"} for n in range(11)]
    with site.engine.begin() as connection:
        connection.execute(insert(tables.patient), rows)
    client, seen, after = site.person("clinician"), [], None
    while True:
        page = client.get("/api/v1/patients", params={"size": 4} | ({"after": after} if after else {})).json()
        seen += [(each["name"], each["id"]) for each in page["patients"]]
        after = page["next"]
        if after is None:
            break
    assert len(seen) == 11 and seen == sorted(seen)


@pytest.mark.parametrize("after", ["x", "!!", "bnVsbA", "WyJhIl0", "WyJhIiwgIlx1MDAwMCJd", "a" * 2000])
def test_a_cursor_that_is_not_ours_is_refused(site: Site, after: str) -> None:
    client = site.person("clinician")
    for path in ("/api/v1/patients", "/api/v1/recalls"):
        assert client.get(path, params={"after": after}).status_code in (400, 422)


def test_a_snapshot_of_a_past_day_is_computed_by_the_worker(site: Site, frieda: str) -> None:
    asked, day = site.person("clinician"), {"as_of": "2024-02-01"}
    address = f"/api/v1/patients/{frieda}/snapshot"
    waiting = asked.get(address, params=day)
    assert (waiting.status_code, waiting.headers["retry-after"]) == (202, "2")
    with site.engine.connect() as connection:
        (pending,) = forecasts.pending_views(connection, 10)
    rescore.view(site.engine, site.settings, *pending, now=site.clock.at)
    known = asked.get(address, params=day).json()
    assert known["snapshot"]["as_of"].startswith("2024-02-01")
    assert [organ["key"] for organ in known["organs"]] == ["liver", "vascular", "lung", "pancreas", "kidney"]
    problem(asked.get(address, params={"as_of": "2199-01-01"}), 400)
    problem(asked.get(address, params={"as_of": "1960-05-03"}), 400)
    assert asked.get(address, params={"as_of": "1960-05-04"}).status_code == 202
    problem(asked.get(address, params={"as_of": "foo"}), 422)


def test_a_snapshot_is_read_and_noted(site: Site, frieda: str) -> None:
    client = site.person("clinician")
    address = f"/api/v1/patients/{frieda}/snapshot"
    problem(client.get(address), 404)
    with site.engine.begin() as connection:
        connection.execute(text("delete from twin"))
        connection.execute(insert(tables.twin).values(patient_id=frieda, revision=7, body={"scores": []}))
    answered = client.get(address)
    assert (answered.status_code, answered.headers["etag"], answered.json()["revision"]) == (200, '"7"', 7)
    (first, second) = site.audit(action="record.read")
    assert (second["patient_id"], second["actor"], second["outcome"]) == (frieda, "user:clinician", "success")
    assert first["resource"] == "GET /api/v1/patients/{patient_id}/snapshot"


@pytest.mark.parametrize("name", [EXAMPLE_PATIENT, "Wang", "1%00", "..%2f", "0" * 5000])
def test_a_patient_who_is_not_there_is_a_404_and_noted_without_a_name(site: Site, name: str) -> None:
    answered = site.person("clinician").get(f"/api/v1/patients/{name}/snapshot")
    assert answered.status_code == 404
    rows = site.audit(action="record.read")
    assert all(row["outcome"] == "not_found" and "Wang" not in str(row) for row in rows)


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("GET", "/api/v1/patients", "record.read"),
        ("GET", f"/api/v1/patients/{EXAMPLE_PATIENT}/snapshot", "record.read"),
        ("GET", "/api/v1/recalls", "recall.read"),
        ("POST", f"/api/v1/recalls/{EXAMPLE_PATIENT}/actions", "recall.write"),
        ("POST", "/api/v1/imports", "import.write"),
        ("GET", "/api/v1/imports/1", "import.write"),
        ("POST", "/fhir", "fhir.write"),
        ("GET", "/metrics", "admin"),
    ],
)
def test_a_token_without_the_scope_is_refused_and_noted(site: Site, method: str, path: str, scope: str) -> None:
    others = {"clinician": ("record.read", "recall.read", "recall.write"), "integrator": ("fhir.write", "import.write")}
    for role, scopes in others.items():
        client = site.program(role, *(each for each in scopes if each != scope))  # type: ignore[arg-type]
        body = {"action": "approve", "version": 1} if "actions" in path else {}
        answered = client.request(method, path, headers=FHIR if path == "/fhir" else {}, json=body)
        assert answered.status_code == 403
    rows = site.audit(outcome="denied")
    assert [row["detail"] for row in rows] == [{"needs": scope}] * 2


@pytest.mark.parametrize("header", ["Bearer twin_wrong", "Bearer", "Basic YTpi", "twin_x", "Bearer \u00e9"])
def test_a_wrong_token_is_refused_even_beside_a_session(site: Site, header: str) -> None:
    client = site.person("clinician")
    answered = client.get("/api/v1/me", headers={"Authorization": header.encode("latin-1")})
    assert answered.headers["www-authenticate"].startswith("Bearer")
    problem(answered, 401)


def test_a_token_opens_no_page(site: Site) -> None:
    assert site.program("clinician", "record.read").get("/").headers["location"] == "/sign-in"


def test_a_session_needs_its_csrf_token_in_the_api_and_a_program_does_not(site: Site) -> None:
    without, person = site.person("reader", csrf=False), site.person("reader")
    problem(without.post("/api/v1/imports", content=b"x"), 403)
    assert incoming(site) == []
    assert person.post("/api/v1/imports", content=b"x").status_code == 202


def test_tokens_are_made_listed_and_revoked_and_told_once(site: Site) -> None:
    keeper = site.person("integrator")
    made = keeper.post("/api/v1/tokens", json={"name": "LIS", "scopes": ["fhir.write"]})
    assert made.status_code == 201
    token = made.json()
    program = site.anybody(Authorization=f"Bearer {token['token']}")
    assert program.get("/api/v1/me").json()["scopes"] == ["fhir.write"]
    listed = keeper.get("/api/v1/tokens")
    assert token["token"] not in listed.text and listed.json()[0]["name"] == "LIS"
    assert keeper.delete(f"/api/v1/tokens/{token['id']}").status_code == 204
    problem(program.get("/api/v1/me"), 401)
    problem(keeper.delete(f"/api/v1/tokens/{token['id']}"), 404)
    assert [row["action"] for row in site.audit(actor="user:integrator")] == ["token.create", "token.revoke"]


def test_a_token_ends_at_its_time(site: Site) -> None:
    end = (site.clock.at + timedelta(hours=1)).isoformat()
    keeper = site.person("integrator")
    made = keeper.post("/api/v1/tokens", json={"name": "LIS", "scopes": ["fhir.write"], "expires_at": end}).json()
    program = site.anybody(Authorization=f"Bearer {made['token']}")
    assert program.get("/api/v1/me").status_code == 200
    site.clock.forward(hours=1)
    problem(program.get("/api/v1/me"), 401)


def test_a_token_begets_no_token_and_a_clinician_makes_none(site: Site) -> None:
    asked = {"name": "x", "scopes": ["fhir.write"]}
    problem(site.program("integrator", "fhir.write").post("/api/v1/tokens", json=asked), 401)
    problem(site.person("clinician").post("/api/v1/tokens", json=asked), 403)


def test_an_administrator_makes_tokens_for_others_within_their_role(site: Site) -> None:
    site.user("clinician")
    admin = site.person("admin")
    asked = {"name": "x", "scopes": ["record.read"], "username": "clinician"}
    assert admin.post("/api/v1/tokens", json=asked).status_code == 201
    problem(admin.post("/api/v1/tokens", json={**asked, "scopes": ["admin"]}), 422)
    problem(admin.post("/api/v1/tokens", json={**asked, "username": "nobody"}), 404)
    problem(site.person("integrator").post("/api/v1/tokens", json=asked), 403)


BODIES = {
    "nothing": b"",
    "not JSON": b"{",
    "a list": b"[]",
    "a foreign field": b'{"name": "x", "scopes": ["fhir.write"], "Wang": 1}',
    "a wrong scope": b'{"name": "x", "scopes": ["Wang"]}',
    "a NUL": b'{"name": "x\\u0000", "scopes": ["fhir.write"]}',
    "half a surrogate pair": b'{"name": "\\ud800", "scopes": ["fhir.write"]}',
    "a time without a zone": b'{"name": "x", "scopes": ["fhir.write"], "expires_at": "2030-01-01T00:00:00"}',
    "the year ten thousand": b'{"name": "x", "scopes": ["fhir.write"], "expires_at": "99999-01-01T00:00:00Z"}',
    "deep": b'{"name":' + b"[" * 50_000 + b"]" * 50_000 + b"}",
}


@pytest.mark.parametrize("what", BODIES)
def test_a_body_that_does_not_fit_is_refused_and_never_repeated(site: Site, what: str) -> None:
    keeper = site.person("integrator")
    answered = keeper.post("/api/v1/tokens", content=BODIES[what], headers={"Content-Type": "application/json"})
    assert answered.status_code in (400, 422)
    assert answered.headers["content-type"] == "application/problem+json"
    assert "Wang" not in answered.text


def test_an_unknown_address_and_a_wrong_method_are_told_in_the_callers_form(site: Site) -> None:
    client = site.person("clinician")
    problem(client.get("/api/v1/nothing"), 404)
    problem(client.delete("/api/v1/me"), 405)
    assert client.get("/fhir/nothing").json()["issue"][0]["code"] == "not-found"
    page = client.get("/nothing/here")
    assert page.status_code == 404 and page.headers["content-type"].startswith("text/html")


def test_the_description_of_the_api_is_for_those_who_are_signed_in(site: Site) -> None:
    problem(site.anybody().get("/api/v1/openapi.json"), 401)
    said = site.program("clinician", "record.read").get("/api/v1/openapi.json").json()
    assert {"/api/v1/imports", "/api/v1/recalls/{recall_id}/actions"} <= said["paths"].keys()
    assert all(path.startswith(("/api/v1/", "/fhir", "/dicom-web")) for path in said["paths"])


def test_monitoring_sees_counts_and_no_patient(site: Site, frieda: str) -> None:
    site.person("clinician").get("/api/v1/patients", params={"query": "Prüf"})
    told = site.program("admin", "admin").get("/metrics")
    assert told.headers["content-type"].startswith("text/plain")
    assert 'twin_requests_total{method="GET",route="/api/v1/patients",status="200"} 1' in told.text
    assert "twin_open_recalls 0" in told.text
    assert "Prüf" not in told.text and frieda not in told.text


def test_probes_say_that_the_instance_can_serve(site: Site) -> None:
    assert site.anybody().get("/healthz").json() == {"status": "ok"}
    assert site.anybody().get("/readyz").json() == {"status": "ok"}


def test_a_database_behind_its_program_is_not_ready(site: Site) -> None:
    with site.engine.begin() as connection:
        head = connection.execute(text("select version_num from alembic_version")).scalar_one()
        connection.execute(text("update alembic_version set version_num = '0001'"))
    try:
        answered = site.anybody().get("/readyz")
        assert answered.status_code == 503 and "twin migrate" in answered.json()["status"]
    finally:
        with site.engine.begin() as connection:
            connection.execute(text("update alembic_version set version_num = :head"), {"head": head})


def test_the_time_of_an_audit_row_is_the_time_of_the_request(site: Site) -> None:
    site.program("admin", "import.write").post("/api/v1/imports", content=b"x")
    (row,) = site.audit(action="import.upload")
    assert row["at"] == site.clock.at.astimezone(UTC)
