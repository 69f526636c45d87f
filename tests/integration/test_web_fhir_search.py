"""Search: what is found by patient, code, date, identifier and name; what is refused; how pages follow one another."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import pytest
from sqlalchemy import Engine, text

from tests.builders import LOINC, bundle, lab, patient
from tests.fhir_calls import Caller, caller, checked, ids, told
from tests.web_serving import Site, serving
from twin import merge
from twin.settings import Settings
from twin.store import resource_people, resources
from twin.store.resource_search import Query

CREATININE, SODIUM = "2160-0", "2951-2"


@pytest.fixture
def site(engine: Engine, settings: Settings, now: datetime) -> Iterator[Site]:
    with serving(engine, settings, now) as running:
        yield running


@pytest.fixture
def program(site: Site) -> Caller:
    program = caller(site)
    other = patient("p2", mrn="2", birth="1971-01-31", gender="male") | {
        "name": [{"family": "Examplé", "given": ["Ján", "Otto"]}]
    }
    pressure = lab("pressure", "85354-9", 1, None, "2022-05-05")
    del pressure["valueQuantity"]
    pressure["component"] = [
        {"code": {"coding": [{"system": LOINC, "code": code}]}, "valueQuantity": {"value": value, "unit": "mm[Hg]"}}
        for code, value in (("8480-6", 120), ("8462-4", 80))
    ]
    sodium = lab(
        "na", SODIUM, 140, "mmol/L", "2021-03-04T10:00:00Z", identifier=[{"system": "urn:lab", "value": "A|1"}]
    )
    sodium["code"]["coding"].append({"system": "urn:local", "code": "NA"})
    hypertension = {
        "resourceType": "Condition", "id": "d", "subject": {"reference": "Patient/p1"}, "onsetDateTime": "2019-06",
        "code": {"coding": [{"system": "urn:icd", "code": "I10"}]},
    }  # fmt: skip
    first, second = (
        lab("c1", CREATININE, 1, "mg/dL", "2020-01-02"),
        lab("c2", CREATININE, 1.1, "mg/dL", "2021-01-02", subject="Patient/p2"),
    )
    program.post("", bundle(patient(), other, first, second, sodium, pressure, hypertension))
    return program


FOUND: list[tuple[str, dict[str, str], list[str]]] = [
    ("Observation", {"patient": "p1"}, ["c1", "na", "pressure"]),
    ("Observation", {"patient": "Patient/p2"}, ["c2"]),
    ("Observation", {"subject": "http://other.example/fhir/Patient/p2,p1"}, ["c1", "c2", "na", "pressure"]),
    ("Observation", {"subject": "Group/p1"}, []),
    ("Observation", {"patient": "nobody"}, []),
    ("Observation", {"patient.identifier": "urn:mrn|2"}, ["c2"]),
    ("Observation", {"patient.identifier": "2"}, ["c2"]),
    ("Observation", {"code": f"{LOINC}|{CREATININE}"}, ["c1", "c2"]),
    ("Observation", {"code": f"{CREATININE},{SODIUM}"}, ["c1", "c2", "na"]),
    ("Observation", {"code": "urn:local|NA"}, ["na"]),
    ("Observation", {"code": "urn:local|"}, ["na"]),
    ("Observation", {"code": "urn:other|NA"}, []),
    ("Observation", {"code": "|NA"}, []),
    ("Observation", {"code": "8480-6"}, ["pressure"]),
    ("Observation", {"code": "85354-9"}, ["pressure"]),
    ("Observation", {"code": f"{LOINC}|85354-9"}, ["pressure"]),
    ("Observation", {"code": "urn:other|85354-9"}, []),
    ("Observation", {"code": "85354.9"}, []),
    ("Observation", {"code": "(((["}, []),
    ("Observation", {"identifier": r"urn:lab|A\|1"}, ["na"]),
    ("Observation", {"identifier": r"A\|1"}, ["na"]),
    ("Observation", {"identifier": "urn:lab|B"}, []),
    ("Observation", {"date": "2021"}, ["c2", "na"]),
    ("Observation", {"date": "2021-03"}, ["na"]),
    ("Observation", {"date": "ge2021-01-02", "code": CREATININE}, ["c2"]),
    ("Observation", {"date": "gt2021-01-02"}, ["na", "pressure"]),
    ("Observation", {"date": "lt2021-01-02"}, ["c1"]),
    ("Observation", {"date": "le2021-01-02"}, ["c1", "c2"]),
    ("Observation", {"date": "ne2021"}, ["c1", "pressure"]),
    ("Observation", {"date": "sa2021"}, ["pressure"]),
    ("Observation", {"date": "eb2021"}, ["c1"]),
    ("Observation", {"date": "ap2021-03"}, ["c2", "na"]),
    ("Observation", {"date": "2021-03-04T12:00:00+02:00"}, ["na"]),
    ("Observation", {"date": "2021-03-04T10:00Z"}, ["na"]),
    ("Observation", {"_id": "c1,na,zz"}, ["c1", "na"]),
    ("Observation", {"_lastUpdated": "2026-11-22"}, ["c1", "c2", "na", "pressure"]),
    ("Observation", {"_lastUpdated": "lt2026-11-22"}, []),
    ("Observation", {"_source": "default"}, ["c1", "c2", "na", "pressure"]),
    ("Observation", {"_source": "elsewhere"}, []),
    ("Condition", {"onset-date": "2019", "patient": "p1"}, ["d"]),
    ("Condition", {"code": "urn:icd|I10"}, ["d"]),
    ("Patient", {"name": "frie"}, ["p1"]),
    ("Patient", {"family": "PRÜF"}, ["p1"]),
    ("Patient", {"family": "frieda"}, []),
    ("Patient", {"given": "otto,frieda"}, ["p1", "p2"]),
    ("Patient", {"given": "rieda"}, []),
    ("Patient", {"name": "%"}, []),
    ("Patient", {"birthdate": "1960-05-04"}, ["p1"]),
    ("Patient", {"birthdate": "gt1960"}, ["p2"]),
    ("Patient", {"gender": "male"}, ["p2"]),
    ("Patient", {"gender": "other"}, []),
    ("Patient", {"identifier": "urn:mrn|1"}, ["p1"]),
    ("Medication", {}, []),
]  # fmt: skip


def test_what_is_asked_for_is_found_and_nothing_else(program: Caller) -> None:
    for kind, asked, wanted in FOUND:
        assert ids(program.get(f"/{kind}", **asked)) == wanted, (kind, asked)


def test_parameters_in_a_form_find_the_same(site: Site, program: Caller) -> None:
    for kind, asked, wanted in FOUND:
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        answered = program.client.post(f"/fhir/{kind}/_search", content=urlencode(asked), headers=form)
        assert ids(checked(answered)) == wanted, (kind, asked)


REFUSED = [
    {"subject:missing": "true"}, {"nonsense": "1"}, {"code:text": "x"}, {"date": "yesterday"}, {"date": "2021-02-30"},
    {"date": "2021-13"}, {"identifier": "urn:lab|"}, {"_sort": "date"}, {"_summary": "text"}, {"_total": "all"},
    {"_count": "-1"}, {"_count": "many"}, {"_cursor": "nonsense"}, {"_cursor": "WyIiLCAieCIsICIxIl0"},
    {"code": "a\x00b"}, {"_include": "*"}, {"_elements": "id"}, {"_source": "a b"}, {"name": "x"},
]  # fmt: skip


def test_what_is_not_known_or_not_well_formed_is_refused_by_name(program: Caller) -> None:
    for asked in REFUSED:
        assert program.get("/Observation", **asked).status_code == 400, asked
    assert "nonsense" in told(program.get("/Observation", nonsense="1"))
    assert program.get("/Observation?_count=1&_count=2").status_code == 400
    assert program.get("/Observation?" + "&".join(f"code={n}" for n in range(101))).status_code == 400


def test_a_lenient_caller_is_told_what_was_ignored(program: Caller) -> None:
    lenient = {"Prefer": "handling=lenient"}
    answered = program.get("/Observation", headers=lenient, nonsense="1", patient="p2")
    assert ids(answered) == ["c2"]
    (outcome,) = [each for each in answered.json()["entry"] if each["search"]["mode"] == "outcome"]
    assert "nonsense" in outcome["resource"]["issue"][0]["details"]["text"]
    assert "nonsense" not in answered.json()["link"][0]["url"]


def pages(site: Site, program: Caller, **asked: Any) -> list[list[str]]:
    found = [program.get("/Observation", **asked)]
    while following := [each["url"] for each in found[-1].json()["link"] if each["relation"] == "next"]:
        path = following[0].removeprefix(site.settings.public_url)
        found.append(checked(program.client.get(path)))
    return [ids(each) for each in found]


def test_pages_follow_one_another_and_miss_and_repeat_nothing(site: Site, program: Caller) -> None:
    assert pages(site, program, _count=1) == [["c1"], ["c2"], ["na"], ["pressure"]]
    assert pages(site, program, _count=3, patient="p1") == [["c1", "na", "pressure"]]
    site.clock.forward(days=1)
    program.put("/Observation/c1", lab("c1", CREATININE, 2, "mg/dL", "2020-01-02"))
    newest = pages(site, program, _count=2, _sort="-_lastUpdated")
    assert newest == [["c1", "pressure"], ["na", "c2"]]
    assert pages(site, program, _count=3, _sort="_lastUpdated") == [["c2", "na", "pressure"], ["c1"]]


def test_a_count_can_be_had_without_the_resources(program: Caller) -> None:
    for asked in ({"_summary": "count"}, {"_count": 0}):
        answered = program.get("/Observation", patient="p1", **asked).json()
        assert (answered["total"], "entry" in answered) == (3, False)
    answered = program.get("/Observation", patient="p1", _total="accurate", _count=1)
    assert (answered.json()["total"], ids(answered)) == (3, ["c1"])


def test_only_the_version_that_stands_is_found(site: Site, program: Caller) -> None:
    program.put("/Observation/c1", lab("c1", SODIUM, 141, "mmol/L", "2020-01-02"))
    assert ids(program.get("/Observation", patient="p1", code=CREATININE)) == []
    assert ids(program.get("/Observation", patient="p1", code=SODIUM)) == ["na", "c1"]


def test_merged_records_are_searched_as_one_until_they_are_parted(site: Site, program: Caller, now: datetime) -> None:
    by_name = {}
    for name in ("p1", "p2"):
        (by_name[name],) = {row["patient_id"] for row in shown(site, program, name)}
    merge.merge(site.engine, by_name["p2"], by_name["p1"], reason="one person", actor="t", now=now)
    for name in ("p1", "p2", by_name["p1"]):
        assert ids(program.get("/Observation", patient=name)) == ["c1", "c2", "na", "pressure"]
    merge.unmerge(site.engine, by_name["p2"], reason="two people", actor="t", now=now)
    assert ids(program.get("/Observation", patient="p2")) == ["c2"]


def shown(site: Site, program: Caller, name: str) -> list[dict[str, Any]]:
    before = len(site.audit(action="fhir.read"))
    program.get(f"/Patient/{name}")
    return site.audit(action="fhir.read")[before:]


def test_resources_are_told_in_valid_bundles(program: Caller) -> None:
    from fhir.resources.R4B.bundle import Bundle

    for path in ("/Observation?patient=p1&_total=accurate", "/Patient/p1/_history", "/Patient/p1/$everything"):
        Bundle.model_validate(program.get(path).json())


def test_a_page_of_large_resources_ends_early_and_goes_on(
    site: Site, program: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resources, "MOST_BYTES", 600)
    found = pages(site, program)
    assert [each for page in found for each in page] == ["c1", "c2", "na", "pressure"] and len(found) > 1


def test_a_patients_resources_are_found_through_an_index(site: Site, program: Caller) -> None:
    with site.engine.begin() as connection:
        connection.execute(text(
            "insert into import_item (source, item_key, fingerprint, import_id, kind, resource)"
            " select 'bulk', 'Observation/' || n, n::text, 1, 'Observation', '{}' from generate_series(1, 20000) n"
        ))  # fmt: skip
        connection.execute(text("analyze import_item"))
        (patient_id,) = resource_people.people_named(connection, ["p1"], None)
        plan = explained(connection, Query(kinds=("Observation",), people=(frozenset({patient_id}),)))
        by_id = explained(connection, Query(kinds=("Observation",), ids=(("c1",),)))
    assert "ix_import_item_search" in plan and "Seq Scan" not in plan
    assert "Index" in by_id and "Seq Scan on import_item" not in by_id


def explained(connection: Any, query: Query) -> str:
    """The plan of a search, as the server makes it for the very statement that is sent."""
    statements: list[tuple[str, Any]] = []

    def note(conn: Any, cursor: Any, statement: str, parameters: Any, *rest: Any) -> None:
        statements.append((statement, parameters))

    from sqlalchemy import event

    event.listen(connection, "before_cursor_execute", note)
    resources.search(connection, query, count=50)
    event.remove(connection, "before_cursor_execute", note)
    statement, parameters = next(each for each in statements if "octet_length" in each[0])
    with connection.connection.driver_connection.cursor() as cursor:
        cursor.execute(f"explain {statement}", parameters)
        return "\n".join(row[0] for row in cursor.fetchall())


def test_a_search_that_takes_too_long_is_ended(engine: Engine) -> None:
    with pytest.raises(resources.TooCostly), engine.begin() as connection, resources.bounded(connection, 1):
        connection.execute(text("select pg_sleep(30)"))
