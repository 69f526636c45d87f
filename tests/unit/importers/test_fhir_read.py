"""Which items a FHIR file becomes: one a resource with its own text, whoever it is about, whatever holds it."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.builders import bundle, encode, lab, patient
from tests.unit.importers.fhir_reading import NOW, facts, folder, one, read, result
from twin.errors import UnreadableInput, UnsupportedVersion
from twin.importers.fhir import IMPORTER
from twin.importers.fhir.document import BUNDLE_TYPES
from twin.record.timeline import Identifier

AT = "2020-05-04T10:00:00Z"
MEDICATION = {"resourceType": "Medication", "id": "m", "code": {"text": "atorvastatin"}}
ORDER = {
    "resourceType": "MedicationRequest", "id": "r", "status": "active", "intent": "order", "authoredOn": "2020",
    "subject": {"reference": "Patient/p1"}, "medicationReference": {"reference": "Medication/m"},
}  # fmt: skip
CONTAINED = {"resourceType": "Patient", "id": "p", "identifier": [{"system": "urn:mrn", "value": "7"}]}


def document(composition: dict[str, Any], *resources: dict[str, Any], **more: Any) -> bytes:
    entries = [
        {"resource": {"resourceType": "Composition", **composition}},
        *({"resource": each} for each in resources),
    ]
    return encode({"resourceType": "Bundle", "type": "document", "entry": entries, **more})


@pytest.mark.parametrize("kind", sorted(BUNDLE_TYPES))
def test_every_type_of_bundle_that_holds_a_record_is_read(kind: str) -> None:
    items = read(bundle(lab("o", "2160-0", 1, "mg/dL", AT), patient(), kind=kind))
    assert [item.key for item in items] == ["Patient/p1", "Observation/o"]


@pytest.mark.parametrize("kind", ["history", "message", "transaction-response", "batch-response", None])
def test_other_bundles_are_refused_by_name(kind: Any) -> None:
    with pytest.raises(UnreadableInput, match=str(kind or "unnamed")):
        read(bundle(patient(), kind=kind))


def test_a_file_may_be_one_resource() -> None:
    (item,) = read(encode(patient()))
    assert (item.key, item.where, item.patient is not None) == ("Patient/p1", "Patient", True)


def test_the_text_of_a_resource_is_the_slice_of_its_source() -> None:
    written = '{ "resourceType":"Claim",\n\t"id" : "c", "total":{"value": 1.50e0} , "x":"\\u00e4 ä" }'
    source = (
        '\ufeff {"type":"batch", "entry":[ {"resource": '
        + written
        + ' , "fullUrl":"urn:a"} ],"resourceType":"Bundle"} '
    )
    (item,) = read(source.encode())
    assert item.resource == written
    assert item.not_used == "Claim is not used by the twin"


def test_the_body_of_every_item_reads_to_that_item_again() -> None:
    given = document({"date": "2021-02-03"}, MEDICATION, ORDER, patient(), lab("o", "2160-0", 1, "mg/dL", AT))
    for item in read(given):
        again = next(each for each in read(item.body.encode()) if each.key == item.key)
        assert (again.fingerprint, again.aliases, again.sent_at) == (item.fingerprint, item.aliases, item.sent_at)
        assert [(fact.value, fact.coding, fact.known_at, fact.known_basis) for fact in again.facts] == [
            (fact.value, fact.coding, fact.known_at, fact.known_basis) for fact in item.facts
        ]


def test_the_body_of_what_is_named_by_others_holds_them() -> None:
    person = {"resource": {"resourceType": "Patient", "name": [{"family": "X"}]}, "fullUrl": "urn:uuid:p"}
    visit = {
        "resource": {"resourceType": "Encounter", "status": "finished", "subject": {"reference": "urn:uuid:p"}},
        "fullUrl": "urn:uuid:v",
    }
    nameless = result(subject={"reference": "urn:uuid:p"}, encounter={"reference": "urn:uuid:v"}, valueString="")
    del nameless["id"]
    entries = [person, visit, {"resource": nameless, "fullUrl": "urn:uuid:o"}]
    for item in read(encode({"resourceType": "Bundle", "type": "transaction", "entry": entries})):
        again = next(each for each in read(item.body.encode()) if each.key == item.key)
        assert (again.fingerprint, again.reject is None) == (item.fingerprint, item.reject is None)


def test_a_fingerprint_speaks_of_content_and_not_of_its_layout() -> None:
    one_way = '{"resourceType":"Claim","id":"c","a":1.0,"b":"x","meta":{"versionId":"1"}}'
    other_way = '{ "b": "x", "a": 1.0, "id": "c", "text": {"div": "c"}, "resourceType": "Claim" }'
    other = other_way.replace("1.0", "1.00")
    first, second, third = (read(each.encode())[0].fingerprint for each in (one_way, other_way, other))
    assert first == second != third


def test_business_identifiers_are_the_tokens_of_a_kept_resource() -> None:
    item = one(result(identifier=[{"system": "urn:lab", "value": "A1"}, {"value": "B"}, {"system": "urn:none"}]))
    assert item.tokens == ("urn:lab|A1", "|B")
    assert one({"resourceType": "Composition", "identifier": {"system": "s", "value": "v"}}).tokens == ("s|v",)


def test_what_has_no_id_is_known_by_identifier_code_and_time() -> None:
    first, second = result(identifier=[{"system": "urn:lab", "value": "A1"}]), result()
    del first["id"], second["id"]
    assert one(first).key == f"Observation?identifier=urn:lab|A1&{AT}&2160-0"
    assert one(second).key.startswith("Observation#")
    nobody = patient()
    del nobody["id"]
    assert one(nobody).key == "Patient?identifier=urn:mrn|1"


@pytest.mark.parametrize(
    ("reference", "keys", "identifiers"),
    [
        ({"reference": "Patient/p1"}, ("Patient/p1",), ()),
        ({"reference": "Patient/p1/_history/3"}, ("Patient/p1",), ()),
        ({"reference": "http://a/fhir/Patient/p1"}, ("http://a/fhir/Patient/p1", "Patient/p1"), ()),
        ({"reference": "urn:uuid:1"}, ("urn:uuid:1",), ()),
        ({"reference": "Patient?identifier=urn:mrn|1"}, (), ("urn:mrn|1",)),
        ({"reference": "Patient?active=true&identifier=urn%3Amrn%7C1"}, (), ("urn:mrn|1",)),
        ({"reference": "Patient?identifier=a|1,a|2"}, (), ()),
        ({"identifier": {"system": "urn:mrn", "value": "1"}, "type": "Patient"}, (), ("urn:mrn|1",)),
    ],
)
def test_a_reference_names_the_patient(reference: dict[str, Any], keys: Any, identifiers: Any) -> None:
    subject = one(result(subject=reference)).subject
    assert subject is not None
    assert (subject.keys, tuple(f"{each.system}|{each.value}" for each in subject.identifiers)) == (keys, identifiers)


@pytest.mark.parametrize(
    "subject", [{"reference": "Group/g"}, {"reference": "http://a/Device/d"}, {"type": "Location"}]
)
def test_a_result_about_no_patient_is_not_used(subject: dict[str, str]) -> None:
    item = one(result(subject=subject))
    assert item.not_used is not None and "not a patient" in item.not_used and item.resource


def test_a_contained_patient_is_a_patient_by_identifier() -> None:
    items = read(encode(result(contained=[CONTAINED], subject={"reference": "#p"})))
    assert [item.key for item in items] == ["Patient?identifier=urn:mrn|7", "Observation/o"]
    subject = items[1].subject
    assert subject is not None
    assert (subject.keys, subject.identifiers) == ((items[0].key,), (Identifier(system="urn:mrn", value="7"),))


def test_a_contained_patient_without_identifier_names_nobody() -> None:
    (item,) = read(encode(result(contained=[{"resourceType": "Patient", "id": "p"}], subject={"reference": "#p"})))
    assert item.subject is not None and not item.subject.keys and not item.subject.identifiers


def test_contained_results_are_parts_of_their_report_with_its_times() -> None:
    inner = result(id="i", valueString="x")
    del inner["effectiveDateTime"]
    report = {
        "resourceType": "DiagnosticReport", "id": "d", "status": "final", "code": {"text": "panel"},
        "subject": {"reference": "Patient/p1"}, "conclusion": "fine", "issued": AT,
        "contained": [inner], "result": [{"reference": "#i"}],
    }  # fmt: skip
    found = facts(report)
    assert [(fact.kind, fact.part, fact.value, fact.resource) for fact in found] == [
        ("report", "", "fine", "DiagnosticReport/d"),
        ("observation", "#i", "x", "DiagnosticReport/d"),
    ]
    assert {(fact.known_basis, fact.observed_at.year) for fact in found} == {("issued", 2020)}
    inner["subject"] = {"reference": "Patient/p2"}
    item = one(report)
    assert item.reject is not None and item.reject.reason == "two_patients"


def test_an_undated_result_has_the_time_of_its_panel_or_report() -> None:
    inner, panel = result(id="i"), result(id="p", hasMember=[{"reference": "Observation/i"}])
    del inner["effectiveDateTime"], panel["effectiveDateTime"]
    report = {
        "resourceType": "DiagnosticReport", "id": "d", "status": "final", "code": {"text": "panel"},
        "subject": {"reference": "Patient/p1"}, "effectiveDateTime": AT, "result": [{"reference": "Observation/p"}],
    }  # fmt: skip
    items = read(bundle(inner, panel, report))
    assert {fact.observed_at.isoformat() for item in items for fact in item.facts} == {"2020-05-04T10:00:00+00:00"}
    again = next(each for each in read(items[0].body.encode()) if each.key == items[0].key)
    assert again.facts[0].observed_at == items[0].facts[0].observed_at
    circle = result(id="i", hasMember=[{"reference": "Observation/i"}])
    del circle["effectiveDateTime"]
    assert read(bundle(circle))[0].reject is not None


@pytest.mark.parametrize(
    ("medication", "words"),
    [
        (MEDICATION, "atorvastatin"),
        (
            {"resourceType": "Medication", "id": "m", "ingredient": [{"itemCodeableConcept": {"text": "statin"}}]},
            "statin",
        ),
    ],
)
def test_the_code_of_a_medication_reaches_the_order(medication: dict[str, Any], words: str) -> None:
    (fact,) = next(item for item in read(bundle(ORDER, medication)) if item.kind == "MedicationRequest").facts
    assert fact.coding.display == words
    contained = ORDER | {"contained": [medication], "medicationReference": {"reference": "#m"}}
    assert facts(contained)[0].coding.display == words


@pytest.mark.parametrize(
    "medication", [{"resourceType": "Medication", "id": "m"}, {"resourceType": "Medication", "id": "x"}]
)
def test_a_medication_that_is_not_here_keeps_its_reference_and_is_told(medication: dict[str, Any]) -> None:
    items = {item.kind: item for item in read(bundle(ORDER, medication))}
    assert items["MedicationRequest"].facts[0].coding.display == "Medication/m"
    assert items["MedicationRequest.medicationReference"].not_used is not None


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({}, "active"),
        ({"doNotPerform": True}, "do-not-perform"),
        ({"intent": "proposal"}, "proposal"),
        ({"status": "stopped"}, "ended-unknown"),
    ],
)
def test_only_what_is_taken_is_active(more: dict[str, Any], status: str) -> None:
    assert facts(ORDER | {"medicationCodeableConcept": {"text": "x"}} | more)[0].status == status


@pytest.mark.parametrize("certainty", ["differential", "provisional", "unconfirmed", "refuted", "entered-in-error"])
def test_a_diagnosis_that_is_not_sure_is_not_active(certainty: str) -> None:
    condition = {
        "resourceType": "Condition", "id": "c", "code": {"text": "x"}, "subject": {"reference": "Patient/p1"},
        "clinicalStatus": {"coding": [{"code": "active"}]}, "verificationStatus": {"coding": [{"code": certainty}]},
    }  # fmt: skip
    (fact,) = facts(condition)
    assert fact.status == ("refuted" if certainty in ("refuted", "entered-in-error") else certainty)
    assert (fact.observed_at, fact.known_basis) == (NOW, "received")


def test_a_document_says_when_it_was_made() -> None:
    given = lab("o", "2160-0", 1, "mg/dL", "2020-05-04")
    dated = read(document({"date": "2021-02-03"}, given))[-1]
    assert dated.sent_at == datetime(2021, 2, 4, 12, tzinfo=UTC)
    assert (dated.facts[0].known_at, dated.facts[0].known_basis) == (datetime(2021, 2, 3, tzinfo=UTC), "message")
    stamped = read(document({"date": "2021-02-03"}, given, timestamp="2021-02-05T00:00:00Z"))[-1]
    assert stamped.sent_at == datetime(2021, 2, 5, tzinfo=UTC)


def test_the_time_of_a_search_is_not_when_its_results_could_be_known() -> None:
    given = {"resourceType": "Bundle", "type": "searchset", "timestamp": "2025-01-01T00:00:00Z"}
    item = read(encode(given | {"entry": [{"resource": lab("o", "2160-0", 1, "mg/dL", "2020-05-04")}]}))[0]
    assert item.sent_at == datetime(2025, 1, 1, tzinfo=UTC)
    assert (item.facts[0].known_at.year, item.facts[0].known_basis) == (2020, "observed")


def test_a_time_stamp_that_is_none_is_a_reject_and_the_rest_goes_on() -> None:
    given = {"resourceType": "Bundle", "type": "batch", "timestamp": "yesterday", "entry": [{"resource": patient()}]}
    stamp, person = read(encode(given))
    assert stamp.reject is not None and stamp.reject.where == "Bundle"
    assert person.patient is not None and person.sent_at is None


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ({"request": {"method": "DELETE", "url": "Observation/1"}}, "not_taken"),
        ({"request": {"method": "GET", "url": "Patient"}}, "not_taken"),
        ({}, "invalid"),
        ("text", "invalid"),
        ({"resource": {"id": "x"}}, "invalid"),
        ({"resource": {"resourceType": "Nonsense"}}, "invalid"),
        ({"resource": {"resourceType": "Claim", "id": "with space"}}, "invalid"),
        ({"resource": {"resourceType": "Claim", "id": 7}}, "invalid"),
        ({"resource": {"resourceType": "Claim"}, "fullUrl": "no uri"}, "invalid"),
        ({"resource": {"resourceType": "Claim"}, "fullUrl": 7}, "invalid"),
        ({"resource": {"resourceType": "Claim", "identifier": [{"value": "x" * 2000}]}}, "invalid"),
        ({"resource": {"resourceType": "Claim", "id": "\x00"}}, "invalid"),
        ({"resource": {"resourceType": "Patient", "name": [{"family": "\ud800"}]}}, "invalid"),
    ],
)  # fmt: skip
def test_an_entry_that_cannot_be_taken_is_a_reject_at_its_place(entry: Any, reason: str) -> None:
    content = json.dumps(
        {"resourceType": "Bundle", "type": "batch", "entry": [entry, {"resource": patient()}]}
    ).encode()
    items = {item.where: item for item in read(content)}
    reject = items["Bundle.entry[0]"].reject
    assert reject is not None and reject.reason == reason
    assert items["Bundle.entry[1]"].patient is not None


@pytest.mark.parametrize(
    ("query", "unless"),
    [("identifier=urn:mrn|1", ("urn:mrn|1",)), ("identifier=urn:mrn%7C1&active=true", ("urn:mrn|1",)), ("name=x", ())],
)
def test_a_conditional_create_names_what_must_not_be_there(query: str, unless: tuple[str, ...]) -> None:
    request = {"method": "POST", "url": "Patient", "ifNoneExist": query}
    entries = [{"resource": each, "request": request} for each in (patient(), result())]
    items = read(encode({"resourceType": "Bundle", "type": "transaction", "entry": entries}))
    assert [item.unless for item in items] == [unless, unless]


def test_a_patient_dead_without_a_date_or_no_longer_used_is_told() -> None:
    *told, person = read(encode(patient(deceasedBoolean=True, active=False)))
    assert [item.kind for item in told] == ["Patient.deceasedBoolean", "Patient.active"]
    assert all(item.not_used for item in told)
    assert person.patient is not None and person.facts == ()


@pytest.mark.parametrize(("kind", "into", "retired"), [("replaced-by", "b", "a"), ("replaces", "a", "b")])
def test_a_link_that_replaces_is_a_merge_and_comes_after_the_patients(kind: str, into: str, retired: str) -> None:
    linked = patient("a", link=[{"other": {"reference": "Patient/b"}, "type": kind}])
    items = read(bundle(linked, patient("b", mrn="2")))
    merge = items[2].merge
    assert merge is not None
    assert (merge.into.keys[0], merge.retired.keys[0]) == (f"Patient/{into}", f"Patient/{retired}")


@pytest.mark.parametrize(
    "link", [{"other": {"reference": "Patient/b"}, "type": "seealso"}, {"other": {"display": "b"}, "type": "replaces"}]
)
def test_other_links_merge_nobody(link: dict[str, Any]) -> None:
    assert [item.merge for item in read(encode(patient(link=[link])))] == [None]


def test_a_relative_without_a_condition_is_not_used() -> None:
    item = one({"resourceType": "FamilyMemberHistory", "status": "completed", "patient": {"reference": "Patient/p1"}})
    assert item.not_used == "a relative, without a condition"


def test_patients_come_before_bundles_and_those_before_the_rest() -> None:
    files = folder({"a": encode(result()), "b": bundle(patient()), "c": encode(patient()), "d": b"{}"})
    assert [IMPORTER.order(files[name]) for name in "abcd"] == [2, 1, 0, 2]


@pytest.mark.parametrize(
    "content",
    [
        b'<?xml version="1.0"?>\n<Bundle xmlns="http://hl7.org/fhir"><type value="batch"/></Bundle>',
        b'\xef\xbb\xbf<!-- a --><Patient xmlns="http://hl7.org/fhir"/>',
    ],
)
def test_fhir_in_xml_is_refused_by_name(content: bytes) -> None:
    assert IMPORTER.recognises(content, "x.xml")
    with pytest.raises(UnreadableInput, match="FHIR XML; this instance takes JSON"):
        read(content)


def test_other_xml_is_not_fhir() -> None:
    assert not IMPORTER.recognises(b'<ClinicalDocument xmlns="urn:hl7-org:v3"/>', "x.xml")


R5, STU3, DSTU2 = "FHIR R5", "STU3", "DSTU2"


@pytest.mark.parametrize(
    ("resource", "version"),
    [
        ({"resourceType": "CapabilityStatement", "fhirVersion": "5.0.0"}, R5),
        ({"resourceType": "CapabilityStatement", "fhirVersion": "3.0.2"}, STU3),
        ({"resourceType": "Conformance", "fhirVersion": "1.0.2"}, DSTU2),
        ({"resourceType": "ImagingSelection"}, R5),
        ({"resourceType": "ProcedureRequest"}, STU3),
        (patient(meta={"profile": ["http://hl7.org/fhir/5.0/StructureDefinition/Patient"]}), R5),
        (patient(meta={"profile": ["http://hl7.org/fhir/StructureDefinition/Patient|3.0.1"]}), STU3),
    ],
)
def test_a_file_that_says_it_is_of_another_version_is_refused_by_name(resource: dict[str, Any], version: str) -> None:
    with pytest.raises(UnsupportedVersion, match=version):
        read(encode(resource))


@pytest.mark.parametrize(
    ("resource", "version"),
    [
        ({"resourceType": "MedicationRequest", "medication": {"concept": {"text": "x"}}}, R5),
        ({"resourceType": "Encounter", "class": [{"coding": []}]}, R5),
        ({"resourceType": "Encounter", "class": "inpatient"}, DSTU2),
        ({"resourceType": "Procedure", "occurrenceDateTime": "2020"}, R5),
        ({"resourceType": "Observation", "comments": "x"}, DSTU2),
        ({"resourceType": "Observation", "comment": "x"}, STU3),
        ({"resourceType": "MedicationStatement", "wasNotTaken": True}, DSTU2),
        ({"resourceType": "Condition", "clinicalStatus": "active"}, "DSTU2 or STU3"),
        ({"resourceType": "Observation", "meta": {"profile": ["http://hl7.org/fhir/5.0/StructureDefinition/Age"]}}, R5),
    ],
)  # fmt: skip
def test_an_entry_that_shows_another_version_is_refused_by_name(resource: dict[str, Any], version: str) -> None:
    person, refused = read(bundle(resource, patient()))
    assert person.patient is not None
    assert refused.reject is not None
    assert refused.reject.reason == "unsupported_version" and version in refused.reject.detail


@pytest.mark.parametrize(
    "profile",
    [
        "http://hl7.org/fhir/us/core/StructureDefinition/us-core-patient|5.0.1",
        "http://hl7.org/fhir/StructureDefinition/Patient|4.0.1",
    ],
)
def test_the_version_of_a_guide_is_not_the_version_of_fhir(profile: str) -> None:
    assert one(patient(meta={"profile": [profile]})).patient is not None
