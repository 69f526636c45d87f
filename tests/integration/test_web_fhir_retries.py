"""`Idempotency-Key`: work is done once for a key, and its answer told again to the same caller only."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine, text

from tests.builders import bundle, lab, patient
from tests.fhir_calls import Caller, caller, told
from tests.web_serving import Site, serving
from twin.settings import Settings
from twin.store import idempotency


@pytest.fixture
def site(engine: Engine, settings: Settings, now: datetime) -> Iterator[Site]:
    with serving(engine, settings, now) as running:
        yield running


@pytest.fixture
def program(site: Site) -> Caller:
    return caller(site)


def runs(site: Site) -> int:
    return site.count("import_run")


WAYS: dict[str, tuple[str, str, Any]] = {
    "a bundle": ("POST", "", bundle(patient(), lab("o", "2160-0", 1, "mg/dL", "2020-01-02"))),
    "a create": ("POST", "/Patient", patient()),
    "an update": ("PUT", "/Patient/p1", patient()),
}


@pytest.mark.parametrize("way", WAYS)
def test_the_same_request_with_the_same_key_is_done_once(site: Site, program: Caller, way: str) -> None:
    method, path, content = WAYS[way]
    first, again = (program.send(method, path, content, Idempotency_Key='"k-1"') for _ in range(2))
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert again.headers["idempotent-replayed"] == "true" and "idempotent-replayed" not in first.headers
    for name in ("etag", "location", "content-type", "last-modified", "x-import-id"):
        assert again.headers.get(name) == first.headers.get(name)
    assert runs(site) == 1


def test_a_file_sent_again_with_its_key_is_one_import_and_one_file(site: Site, program: Caller) -> None:
    for path, headers in (("/api/v1/imports", {}), ("/fhir/$import", {"Prefer": "respond-async"})):
        before, key = runs(site), {"Idempotency-Key": path, **headers}
        first, again = (program.client.post(path, content=b'{"resourceType":"Patient"}', headers=key) for _ in "12")
        assert (first.status_code, first.content) == (again.status_code, again.content)
        assert first.status_code == 202 and runs(site) == before + 1
    assert len(list((site.settings.home_path / "incoming").glob("*"))) == 2


def test_a_key_stands_for_one_request(site: Site, program: Caller) -> None:
    program.put("/Patient/p1", patient(), Idempotency_Key="k")
    other = program.put("/Patient/p1", patient(birth="1961-05-04"), Idempotency_Key="k")
    assert other.status_code == 422 and "another request" in told(other)
    assert program.put("/Patient/p1?_source=x", patient(), Idempotency_Key="k").status_code == 422
    assert program.put("/Patient/p1", patient(), Idempotency_Key="k", Prefer="return=minimal").status_code == 422
    assert runs(site) == 1


def test_a_key_is_its_callers_own(site: Site, program: Caller) -> None:
    program.put("/Patient/p1", patient(), Idempotency_Key="k")
    assert caller(site).put("/Patient/p1", patient(), Idempotency_Key="k").status_code == 200
    reader = caller(site, "fhir.read")
    assert reader.put("/Patient/p1", patient(), Idempotency_Key="k").status_code == 403
    headers = {"Idempotency-Key": "k", "Content-Type": "application/fhir+json"}
    assert site.anybody().put("/fhir/Patient/p1", content=b"{}", headers=headers).status_code == 401


def test_a_request_that_is_still_worked_on_is_not_done_beside_it(site: Site, program: Caller, now: datetime) -> None:
    program.put("/Patient/p1", patient(), Idempotency_Key="k")
    with site.engine.begin() as connection:  # as it stands while the first is at work
        connection.execute(text("update idempotent_request set status = null, body = null, headers = null"))
    assert program.put("/Patient/p1", patient(), Idempotency_Key="k").status_code == 409
    site.clock.forward(seconds=61)  # nobody works as long: its process died
    assert program.put("/Patient/p1", patient(), Idempotency_Key="k").status_code == 200
    assert site.count("import_item") == 1


def test_an_error_is_not_kept_and_a_refusal_of_the_content_is(site: Site, program: Caller) -> None:
    lonely = lab("o", "2160-0", 1, "mg/dL", "2020-01-02")
    refused = program.put("/Observation/o", lonely, Idempotency_Key="k")
    program.put("/Patient/p1", patient())
    again = program.put("/Observation/o", lonely, Idempotency_Key="k")
    assert (refused.status_code, again.status_code, again.content) == (422, 422, refused.content)
    assert program.put("/Observation/o", lonely, Idempotency_Key="new").status_code == 201
    stale = program.put("/Observation/o", lonely, Idempotency_Key="k2", If_Match='W/"999"')
    assert (stale.status_code, site.count("idempotent_request")) == (412, 2)


def test_answers_are_kept_for_a_day(site: Site, program: Caller) -> None:
    program.put("/Patient/p1", patient(), Idempotency_Key="k")
    site.clock.forward(hours=23)
    assert "idempotent-replayed" in program.put("/Patient/p1", patient(), Idempotency_Key="k").headers
    site.clock.forward(hours=2)
    assert "idempotent-replayed" not in program.put("/Patient/p1", patient(), Idempotency_Key="k").headers
    site.clock.forward(days=2)
    program.put("/Patient/p1", patient(), Idempotency_Key="other")
    assert site.count("idempotent_request") == 1


@pytest.mark.parametrize("key", ["", '""', "a b", "x" * 256, '"', "a\\b", "ä".encode("latin-1").decode("latin-1")])
def test_a_key_that_is_none_is_refused(site: Site, program: Caller, key: str) -> None:
    sent = httpx.Headers({"Idempotency-Key": key}, encoding="latin-1")
    headers = {**sent, "Content-Type": "application/fhir+json"}
    encoded = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    answered = program.client.put("/fhir/Patient/p1", json=patient(), headers=encoded)
    assert answered.status_code == 400 and runs(site) == 0


def test_a_claim_that_was_taken_over_keeps_the_later_answer(engine: Engine, now: datetime) -> None:
    kept = idempotency.Kept(status=200, headers={}, body=b"late")
    with engine.begin() as connection:
        assert idempotency.claim(connection, "a", "k", "h", now) == "claimed"
        later = now + timedelta(seconds=61)
        assert idempotency.claim(connection, "a", "k", "h", later) == "claimed"
        idempotency.keep(connection, "a", "k", now, kept)
        idempotency.give_back(connection, "a", "k", now)
        assert idempotency.claim(connection, "a", "k", "h", later) == "running"
