"""Create, update, and both on a condition: what is written, what is answered, and that nothing is ever doubled."""

import json
import threading
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine

from tests.builders import lab, patient
from tests.fhir_calls import Caller, caller, ids, told
from tests.web_serving import Site, serving
from twin.settings import Settings

CREATININE = "2160-0"


@pytest.fixture
def site(engine: Engine, settings: Settings, now: datetime) -> Iterator[Site]:
    with serving(engine, settings, now) as running:
        yield running


@pytest.fixture
def program(site: Site) -> Caller:
    program = caller(site)
    program.put("/Patient/p1", patient())
    return program


def result(value: float = 1.0, **more: Any) -> dict[str, Any]:
    return lab("o", CREATININE, value, "mg/dL", "2020-01-02", **more)


def value_of(program: Caller, path: str = "/Observation/o") -> float:
    return float(program.get(path).json()["valueQuantity"]["value"])


def at_once(count: int, send: Callable[[], httpx.Response]) -> list[int]:
    statuses: list[int] = []
    threads = [threading.Thread(target=lambda: statuses.append(send().status_code)) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(statuses)


def test_a_resource_is_made_then_known_then_corrected(site: Site, program: Caller) -> None:
    first, again, corrected = (program.put("/Observation/o", result(value)) for value in (1, 1, 2))
    assert [first.status_code, again.status_code, corrected.status_code] == [201, 200, 200]
    assert first.headers["etag"] == again.headers["etag"] != corrected.headers["etag"]
    assert (told(first), told(again)) == ("taken", "already known")
    assert told(corrected) == "corrects what was known"
    assert (value_of(program), site.count("fact")) == (2.0, 2)
    assert [row["patient_id"] is not None for row in site.audit(action="fhir.update")] == [True] * 4


def test_what_is_wanted_back_is_sent_back(program: Caller) -> None:
    content = json.dumps(result()).encode()
    whole = program.post("/Observation", content, Prefer="return=representation")
    assert (whole.status_code, whole.content) == (201, content)
    assert program.post("/Observation", content, Prefer="return=minimal").content == b""
    spoken = program.post("/Observation", content, Prefer="return=OperationOutcome")
    assert spoken.json()["resourceType"] == "OperationOutcome"


def test_who_may_not_read_gets_back_only_what_was_sent(site: Site, program: Caller) -> None:
    writer = caller(site, "fhir.write")
    sent = {"If_None_Exist": "identifier=urn:mrn|1", "Prefer": "return=representation"}
    answered = writer.post("/Patient", patient("p9"), **sent)
    assert (answered.status_code, answered.json()["resourceType"]) == (200, "OperationOutcome")
    assert program.post("/Patient", patient("p9"), **sent).json()["id"] == "p1"


def test_a_conditional_create_makes_one_however_many_send_it(site: Site, program: Caller) -> None:
    content = json.dumps(result(identifier=[{"system": "urn:lab", "value": "A1"}]) | {"id": None}).encode()
    content = content.replace(b'"id": null, ', b"")
    bodies = iter([content.replace(b"1.0", f"1.{n}".encode()) for n in range(6)])  # each sender's has other content

    def send() -> httpx.Response:
        return program.post("/Observation", next(bodies), If_None_Exist="identifier=urn:lab|A1")

    assert at_once(6, send) == [200] * 5 + [201]
    assert site.count("fact") == 1
    assert len(ids(program.get("/Observation", identifier="urn:lab|A1"))) == 1


def test_the_same_create_at_once_makes_one(site: Site, program: Caller) -> None:
    body = result() | {"id": "x"}
    del body["id"]
    assert at_once(6, lambda: program.post("/Observation", body)) == [200] * 5 + [201]
    assert (site.count("fact"), len(ids(program.get("/Observation", patient="p1")))) == (1, 1)


def test_an_update_holds_only_for_the_version_that_was_seen(program: Caller) -> None:
    first = program.put("/Observation/o", result(1)).headers["etag"]
    second = program.put("/Observation/o", result(2), If_Match=first)
    assert second.status_code == 200
    late = program.put("/Observation/o", result(3), If_Match=first)
    assert late.status_code == 412 and second.headers["etag"] in told(late)
    assert value_of(program) == 2.0
    assert program.put("/Observation/new", result() | {"id": "new"}, If_Match='W/"1"').status_code == 412
    assert program.put("/Observation/o", result(4), If_None_Match="*").status_code == 412
    for odd in ("*", "x", 'W/"x"', "", '"'):
        assert program.put("/Observation/o", result(5), If_Match=odd).status_code == 412


def test_of_many_updates_of_one_version_one_wins(program: Caller) -> None:
    tag = program.put("/Observation/o", result(1)).headers["etag"]
    values = iter(range(2, 8))
    assert at_once(6, lambda: program.put("/Observation/o", result(next(values)), If_Match=tag)) == [200] + [412] * 5


def test_an_older_version_sent_again_changes_nothing_unless_its_sender_saw_the_newer(program: Caller) -> None:
    program.put("/Observation/o", result(1))
    newer = program.put("/Observation/o", result(2))
    retried = program.put("/Observation/o", result(1))
    assert (retried.status_code, value_of(program)) == (200, 2.0)
    assert retried.headers["etag"] == newer.headers["etag"] and "If-Match" in told(retried)
    back = program.put("/Observation/o", result(1), If_Match=newer.headers["etag"])
    assert (back.status_code, value_of(program)) == (200, 1.0)
    assert len(program.get("/Observation/o/_history").json()["entry"]) == 3


def test_a_conditional_update_makes_one_then_changes_it(site: Site, program: Caller) -> None:
    identifier = [{"system": "urn:lab", "value": "A1"}]
    path = "/Observation?identifier=urn:lab|A1"
    made = program.put(path, result(1, identifier=identifier))
    changed = program.put(path, result(2, identifier=identifier))
    nameless = result(3, identifier=identifier)
    del nameless["id"]
    again = program.put(path, nameless)
    assert [made.status_code, changed.status_code, again.status_code] == [201, 200, 200]
    assert value_of(program) == 3.0
    assert program.get("/Observation/o").json()["id"] == "o"
    other = program.put(path, result(4, identifier=identifier) | {"id": "other"})
    assert other.status_code == 400


def test_a_condition_that_several_meet_is_refused(program: Caller) -> None:
    identifier = [{"system": "urn:lab", "value": "A1"}]
    for name in ("a", "b"):
        program.put(f"/Observation/{name}", result(1, identifier=identifier) | {"id": name})
    body = result(2, identifier=identifier)
    assert program.put("/Observation?identifier=urn:lab|A1", body).status_code == 412
    assert program.post("/Observation", body, If_None_Exist="identifier=urn:lab|A1").status_code == 412


@pytest.mark.parametrize("condition", ["name=x", "identifier=1", "identifier=urn:x|", "", "identifier=a|b&x=1", "%zz",
                                       "identifier=urn:a|%00", "identifier"])  # fmt: skip
def test_a_condition_that_is_not_an_identifier_is_refused(site: Site, program: Caller, condition: str) -> None:
    before = site.count("import_run")
    assert program.post("/Observation", result(), If_None_Exist=condition).status_code == 400
    assert program.put(f"/Observation?{condition}", result()).status_code == 400
    assert site.count("import_run") == before


REFUSED = {
    "another type": ("/Patient", result(), 400),
    "a bundle": ("/Bundle", {"resourceType": "Bundle", "type": "batch"}, 404),
    "no such type": ("/Nothing", {"resourceType": "Nothing"}, 404),
    "an unknown patient": ("/Observation", result(subject="Patient/nobody"), 422),
    "no code": ("/Observation", {"resourceType": "Observation", "id": "o"}, 422),
    "an id that is none": ("/Observation", result() | {"id": "a b"}, 422),
    "another version of FHIR": ("/Observation", result() | {"valueReference": {}}, 422),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_taken_is_refused_with_its_place_and_writes_nothing(
    site: Site, program: Caller, what: str
) -> None:
    path, resource, status = REFUSED[what]
    before = [site.count(table) for table in ("fact", "import_run", "import_item", "import_reject")]
    answered = program.post(path, resource)
    assert answered.status_code == status, answered.text
    if status == 422:
        assert answered.json()["issue"][0]["expression"][0].startswith("Observation")
    assert [site.count(table) for table in ("fact", "import_run", "import_item", "import_reject")] == before


def test_the_id_in_the_address_is_the_resources(program: Caller) -> None:
    assert program.put("/Observation/other", result()).status_code == 400
    nameless = result()
    del nameless["id"]
    assert program.put("/Observation/o", nameless).status_code == 400


def test_a_value_not_believed_is_kept_apart_and_told(site: Site, program: Caller) -> None:
    answered = program.put("/Observation/o", lab("o", CREATININE, 1, "kg", "2020-01-02"))
    assert answered.status_code == 202
    assert told(answered).startswith("bad_unit") and answered.json()["issue"][0]["severity"] == "warning"
    assert (site.count("fact"), site.count("import_reject")) == (0, 1)
    assert program.get("/Observation/o").status_code == 404


def entries(answered: httpx.Response) -> list[dict[str, Any]]:
    assert answered.status_code == 200, answered.text
    return [each["response"] for each in answered.json()["entry"]]


def asked(method: str, url: str, resource: dict[str, Any] | None = None, **more: str) -> dict[str, Any]:
    entry: dict[str, Any] = {"request": {"method": method, "url": url, **more}}
    return entry | ({"resource": resource} if resource is not None else {})


def bundle_of(kind: str, *listed: dict[str, Any]) -> dict[str, Any]:
    return {"resourceType": "Bundle", "type": kind, "entry": list(listed)}


def test_every_entry_of_a_bundle_says_where_it_is_now(program: Caller) -> None:
    answered = program.post("", bundle_of("transaction", asked("PUT", "Observation/o", result())))
    (response,) = entries(answered)
    read = program.get("/Observation/o")
    assert (response["status"], response["etag"]) == ("201 Created", read.headers["etag"])
    assert response["location"].endswith(f"/Observation/o/_history/{read.headers['etag'][3:-1]}")
    assert datetime.fromisoformat(response["lastModified"]).tzinfo is not None


def test_conditions_hold_in_bundles_too(program: Caller) -> None:
    tag = program.put("/Observation/o", result(1)).headers["etag"]
    identifier = [{"system": "urn:lab", "value": "A1"}]
    new = lab("n", CREATININE, 7, "mg/dL", "2020-02-02", identifier=identifier)
    batch = bundle_of(
        "batch",
        asked("PUT", "Observation/o", result(2), ifMatch=tag),
        asked("PUT", "Observation/o", result(3), ifMatch='W/"999"'),
        asked("POST", "Observation", new, ifNoneExist="identifier=urn:lab|A1"),
        asked("POST", "Patient", patient("p9"), ifNoneExist="identifier=urn:mrn|1"),
        asked("PUT", "Observation?identifier=urn:none|1", result(5) | {"id": "five"}),
    )
    statuses = [each["status"][:3] for each in entries(program.post("", batch))]
    assert statuses == ["200", "412", "201", "200", "201"]
    assert value_of(program) == 2.0
    assert program.get("/Patient/p9").status_code == 404
    again = bundle_of(
        "batch",
        asked("POST", "Observation", new | {"id": "m"}, ifNoneExist="identifier=urn:lab|A1"),
        asked("PUT", "Observation?identifier=urn:lab|A1", new | {"valueQuantity": {"value": 8, "unit": "mg/dL"}}),
    )
    assert [each["status"][:3] for each in entries(program.post("", again))] == ["200", "200"]
    assert value_of(program, "/Observation/n") == 8.0


def test_a_condition_that_does_not_hold_undoes_a_transaction(site: Site, program: Caller) -> None:
    new = lab("n", CREATININE, 7, "mg/dL", "2020-02-02")
    refused = program.post("", bundle_of("transaction", asked("PUT", "Observation/n", new),
                                         asked("PUT", "Observation/o", result(), ifMatch='W/"1"')))  # fmt: skip
    assert refused.status_code == 412
    assert refused.json()["issue"][0]["expression"] == ["Bundle.entry[1].request"]
    assert site.count("fact") == 0


def test_entries_that_read_are_answered_from_what_stands_after_the_writes(program: Caller) -> None:
    for kind in ("batch", "transaction"):
        answered = program.post("", bundle_of(
            kind, asked("GET", "Observation/o"), asked("PUT", "Observation/o", result()),
            asked("GET", "Observation?patient=p1&_total=accurate"),
        ))  # fmt: skip
        read, _, found = answered.json()["entry"]
        assert read["resource"]["id"] == "o" and read["response"]["status"] == "200 OK"
        assert found["resource"]["total"] == 1


def test_an_entry_that_cannot_be_read_is_refused_alone_in_a_batch(site: Site, program: Caller) -> None:
    odd = ("Observation/none", "Observation?nonsense=1", "Nothing", "Patient/p1/$everything", "", "metadata", "a/b/c/d")
    answered = program.post("", bundle_of("batch", *(asked("GET", url) for url in odd)))
    assert [each["status"][:3] for each in entries(answered)] == ["404", "400", "404", "404", "404", "404", "404"]
    whole = program.post("", bundle_of("transaction", asked("GET", "Observation/none")))
    assert whole.status_code == 404
    writer = caller(site, "fhir.write")
    assert entries(writer.post("", bundle_of("batch", asked("GET", "Patient/p1"))))[0]["status"] == "403"


def test_what_a_bundle_may_not_ask_is_refused_by_name(program: Caller) -> None:
    answered = program.post("", bundle_of("batch", asked("DELETE", "Patient/p1"), asked("PATCH", "Patient/p1")))
    assert [each["status"][:3] for each in entries(answered)] == ["422", "422"]
