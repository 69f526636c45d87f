"""Reading back: a resource comes back to the byte as it was sent, each of its versions too, and nobody else's."""

from collections.abc import Iterator
from datetime import datetime

import pytest
from sqlalchemy import Engine

from tests.builders import bundle, lab, patient
from tests.fhir_calls import Caller, caller, checked, told
from tests.web_serving import Site, serving
from twin.settings import Settings

ODD = (
    b'{ "resourceType" : "Observation",\n\t"id":"o-1", "status":"final" ,"valueQuantity":{"value":1.50e0,'
    b'"unit":"mg\\/dL","system":"http://unitsofmeasure.org","code":"mg/dL"},"effectiveDateTime":"2020-01-02",'
    b'"code":{"coding":[{"system":"http://loinc.org","code":"2160-0","display":"Kr\xc3\xa9atinin \\u00e9"}]},'
    b'"subject":{"reference":"Patient/p1"},"extension":[{"url":"urn:x","valueDecimal":0.10000}]}'
)


@pytest.fixture
def site(engine: Engine, settings: Settings, now: datetime) -> Iterator[Site]:
    with serving(engine, settings, now) as running:
        yield running


@pytest.fixture
def program(site: Site) -> Caller:
    return caller(site)


def test_a_resource_is_read_back_to_the_byte_by_whichever_way_it_came(site: Site, program: Caller) -> None:
    program.put("/Patient/p1", patient())
    assert program.post("/Observation", ODD).status_code == 201
    answered = program.get("/Observation/o-1")
    assert answered.content == ODD
    head, tail = b'{"resourceType":"Bundle","type":"batch","entry":[{"resource":', b"}]}"
    program.post("", head + ODD.replace(b"o-1", b"o-2") + tail)
    assert program.get("/Observation/o-2").content == ODD.replace(b"o-1", b"o-2")
    assert ODD in program.get("/Observation", patient="p1").content


def test_a_version_has_a_tag_a_time_and_an_address(site: Site, program: Caller) -> None:
    sent = program.put("/Patient/p1", patient())
    read = program.get("/Patient/p1")
    assert read.headers["etag"] == sent.headers["etag"]
    assert read.headers["last-modified"] == "Sun, 22 Nov 2026 09:00:00 GMT"
    assert program.client.get(sent.headers["location"].replace(site.settings.public_url, "")).content == read.content
    unchanged = program.get("/Patient/p1", headers={"If-None-Match": read.headers["etag"]})
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    since = {"If-Modified-Since": read.headers["last-modified"]}
    assert program.get("/Patient/p1", headers=since).status_code == 304
    assert program.get("/Patient/p1", headers={"If-None-Match": 'W/"999"'}).status_code == 200


def test_every_version_is_kept_and_listed_the_newest_first(site: Site, program: Caller) -> None:
    program.put("/Patient/p1", patient())
    values = (1.0, 1.5, 2.0)
    tags = []
    for value in values:
        sent = program.put("/Observation/o", lab("o", "2160-0", value, "mg/dL", "2020-01-02"))
        tags.append(sent.headers["etag"].strip('W/"'))
        site.clock.forward(hours=1)
    for tag, value in zip(tags, values, strict=True):
        assert program.get(f"/Observation/o/_history/{tag}").json()["valueQuantity"]["value"] == value
    assert program.get("/Observation/o").json()["valueQuantity"]["value"] == 2.0
    listed = program.get("/Observation/o/_history").json()
    assert [each["resource"]["valueQuantity"]["value"] for each in listed["entry"]] == [2.0, 1.5, 1.0]
    assert [each["request"]["method"] for each in listed["entry"]] == ["PUT", "PUT", "POST"]
    page = program.get("/Observation/o/_history", _count=2).json()
    (following,) = [link["url"] for link in page["link"] if link["relation"] == "next"]
    rest = checked(program.client.get(following.replace(site.settings.public_url, ""))).json()
    assert [each["resource"]["valueQuantity"]["value"] for each in rest["entry"]] == [1.0]


def test_what_was_entered_in_error_is_still_read(program: Caller) -> None:
    program.put("/Patient/p1", patient())
    right = lab("o", "2160-0", 1, "mg/dL", "2020-01-02")
    program.put("/Observation/o", right)
    program.put("/Observation/o", right | {"status": "entered-in-error"})
    assert program.get("/Observation/o").json()["status"] == "entered-in-error"


def test_what_came_without_an_id_is_given_one_and_nothing_else_is_changed(program: Caller) -> None:
    content = b'{"resourceType":"Patient","identifier":[{"system":"urn:mrn","value":"7"}],"birthDate":"1950-02-03"}'
    first = program.post("/Patient", content)
    again = program.post("/Patient", content)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.headers["location"] == again.headers["location"]
    path = first.headers["location"].partition("/fhir")[2].partition("/_history")[0]
    read = program.get(path)
    own_id = path.rpartition("/")[2]
    assert read.content == b'{"id":"' + own_id.encode() + b'",' + content[1:]
    assert program.get("/Patient", _id=own_id).json()["entry"][0]["resource"]["id"] == own_id


def test_a_resource_is_named_within_its_source(program: Caller) -> None:
    program.put("/Patient/p1?_source=north", patient(mrn="1"))
    assert program.get("/Patient/p1").json()["identifier"][0]["value"] == "1"
    program.put("/Patient/p1?_source=south", patient(mrn="2"))
    both = program.get("/Patient/p1")
    assert both.status_code == 300 and "north, south" in told(both)
    assert program.get("/Patient/p1", _source="south").json()["identifier"][0]["value"] == "2"
    assert program.get("/Patient/p1", _source="east").status_code == 404
    urls = [each["fullUrl"] for each in program.get("/Patient", _id="p1").json()["entry"]]
    assert len(set(urls)) == 2


def test_any_type_is_kept_and_read_and_types_that_no_fhir_has_are_not(program: Caller) -> None:
    claim = {"resourceType": "Claim", "id": "c", "patient": {"reference": "Patient/p1"}, "use": "claim"}
    sent = program.post("/Claim", claim)
    assert sent.status_code == 201 and "kept, not used" in told(sent)
    assert program.get("/Claim/c").json() == claim
    for path in ("/Nothing/1", "/Bundle/1", "/Observation/none", "/Observation/a_b", f"/Observation/{'x' * 65}"):
        assert program.get(path).status_code == 404
    for version in ("1", "0", "-1", "x", "9" * 30, "%00"):
        assert program.get(f"/Observation/c/_history/{version}").status_code == 404


def test_a_patient_known_from_elsewhere_is_read_by_our_own_id(site: Site, program: Caller) -> None:
    message = b"MSH|^~\\&|LAB|H|TWIN||20261122080000||ADT^A04|1|P|2.5.1\rPID|||77^^^H^MR||Roe^Jo||19500102|F\rPV1||O\r"
    sent = program.client.post("/api/v1/hl7v2", content=message)
    assert sent.status_code == 200, sent.text
    (own_id,) = {row["patient_id"] for row in site.audit(action="import")}
    read = program.get(f"/Patient/{own_id}").json()
    assert (read["id"], read["birthDate"], read["gender"]) == (own_id, "1950-01-02", "female")
    assert "77" in [each["value"] for each in read["identifier"]]


def test_every_read_leaves_a_row_with_the_patient(site: Site, program: Caller) -> None:
    tag = program.put("/Patient/p1", patient()).headers["etag"].strip('W/"')
    program.get("/Patient/p1")
    program.get(f"/Patient/p1/_history/{tag}")
    program.get("/Patient/p1/_history")
    program.get("/Patient", name="prüfung")
    for action in ("fhir.read", "fhir.vread", "fhir.history", "fhir.search"):
        (row,) = site.audit(action=action)
        assert row["patient_id"] is not None and str(row["actor"]).startswith("token:")


@pytest.mark.parametrize("way", [{"_format": "xml"}, {"_format": "application/fhir+xml"}])
def test_another_format_is_refused_by_name(program: Caller, way: dict[str, str]) -> None:
    program.put("/Patient/p1", patient())
    assert program.get("/Patient/p1", **way).status_code == 406
    assert program.get("/Patient/p1", headers={"Accept": "application/fhir+xml"}).status_code == 406
    for fine in ("json", "application/json", "application/fhir+json"):
        assert program.get("/Patient/p1", _format=fine, headers={"Accept": "text/html"}).status_code == 200
    assert program.get("/Patient/p1", headers={"Accept": "text/html, */*;q=0.8"}).status_code == 200


def test_who_may_only_write_reads_nothing_and_who_may_only_read_writes_nothing(site: Site) -> None:
    writer, reader = caller(site, "fhir.write"), caller(site, "fhir.read")
    assert writer.put("/Patient/p1", patient()).status_code == 201
    for path in ("/Patient/p1", "/Patient", "/Patient/p1/_history", "/Patient/p1/$everything"):
        assert writer.get(path).status_code == 403
        assert reader.get(path).status_code == 200
    assert reader.put("/Patient/p1", patient()).status_code == 403
    assert reader.post("", bundle(patient())).status_code == 403
    assert site.anybody().get("/fhir/Patient/p1").status_code == 401
