"""Which facts clinical resources state, when they were true and with which status; and what is taken back."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.builders import bundle, encode, patient
from tests.unit.importers.fhir_reading import NOW, facts, one, read, result
from twin.errors import UnreadableInput, UnsupportedVersion
from twin.importers.fhir import parse, primitive
from twin.importers.fhir.scan import Number

WHO = {"reference": "Patient/p1"}
KINDS: dict[str, dict[str, Any]] = {
    "Procedure": {"status": "completed", "subject": WHO, "code": {"text": "x"}},
    "Encounter": {"status": "finished", "subject": WHO, "type": [{"text": "x"}]},
    "DiagnosticReport": {"status": "final", "subject": WHO, "code": {"text": "x"}},
    "ImagingStudy": {"status": "available", "subject": WHO, "modality": [{"code": "CT"}]},
    "Condition": {"subject": WHO, "code": {"text": "x"}, "clinicalStatus": {"coding": [{"code": "active"}]}},
    "AllergyIntolerance": {"patient": WHO, "code": {"text": "x"}},
    "MedicationStatement": {"status": "active", "subject": WHO, "medicationCodeableConcept": {"text": "x"}},
    "FamilyMemberHistory": {
        "status": "completed", "patient": WHO, "relationship": {"text": "mother"},
        "condition": [{"code": {"text": "x"}}],
    },
}  # fmt: skip


def of(kind: str, **more: Any) -> dict[str, Any]:
    return {"resourceType": kind, "id": "r", **KINDS[kind], **more}


PERIOD = {"start": "2020-01-02", "end": "2020-01-03"}


@pytest.mark.parametrize(
    ("kind", "when", "expected"),
    [
        ("Procedure", {"performedDateTime": "2020-01-02"}, "procedure 2020-01-02 None completed"),
        ("Procedure", {"performedPeriod": PERIOD}, "procedure 2020-01-02 2020-01-03 completed"),
        ("Encounter", {"period": PERIOD}, "encounter 2020-01-02 2020-01-03 finished"),
        ("DiagnosticReport", {"effectivePeriod": {"start": "2020-01-02"}}, "report 2020-01-02 None final"),
        ("DiagnosticReport", {"issued": "2020-01-02T00:00:00Z"}, "report 2020-01-02 None final"),
        ("ImagingStudy", {"started": "2020-01-02"}, "imaging_study 2020-01-02 None available"),
        ("Condition", {"onsetPeriod": {"start": "2020-01-02"}}, "condition 2020-01-02 None active"),
        ("AllergyIntolerance", {"onsetPeriod": {"start": "2020-01-02"}}, "allergy 2020-01-02 None active"),
        ("AllergyIntolerance", {"recordedDate": "2020-01-02"}, "allergy 2020-01-02 None active"),
        ("MedicationStatement", {"effectivePeriod": PERIOD}, "medication 2020-01-02 2020-01-03 active"),
        ("MedicationStatement", {"dateAsserted": "2020-01-02"}, "medication 2020-01-02 None active"),
        ("FamilyMemberHistory", {"date": "2020-01-02"}, "family_history 2020-01-02 None completed"),
    ],
)  # fmt: skip
def test_a_fact_has_its_kind_its_times_and_its_status(kind: str, when: dict[str, Any], expected: str) -> None:
    (fact,) = facts(of(kind, **when))
    ended = fact.ended_at.date() if fact.ended_at else None
    assert f"{fact.kind} {fact.observed_at.date()} {ended} {fact.status}" == expected


@pytest.mark.parametrize("kind", ["Condition", "AllergyIntolerance", "MedicationStatement", "FamilyMemberHistory"])
def test_an_undated_entry_of_a_list_stands_from_when_it_was_told_or_received(kind: str) -> None:
    (fact,) = facts(of(kind))
    assert (fact.observed_at, fact.known_basis) == (NOW, "received")
    (fact,) = facts(of(kind, meta={"lastUpdated": "2021-01-02T00:00:00Z"}))
    assert (fact.observed_at, fact.known_basis) == (datetime(2021, 1, 2, tzinfo=UTC), "message")
    sent = {"resourceType": "Bundle", "type": "transaction", "timestamp": "2020-01-02T00:00:00Z"}
    later = of(kind, meta={"lastUpdated": "2021-01-02T00:00:00Z"})
    (item,) = read(encode(sent | {"entry": [{"resource": later}]}))
    assert item.facts[0].observed_at == datetime(2020, 1, 2, tzinfo=UTC)


@pytest.mark.parametrize("kind", ["Procedure", "Encounter", "DiagnosticReport", "ImagingStudy"])
def test_an_event_without_a_time_is_refused(kind: str) -> None:
    item = one(of(kind))
    assert item.reject is not None and item.reject.reason == "no_date_or_code"


@pytest.mark.parametrize("kind", ["Procedure", "Encounter", "DiagnosticReport"])
def test_an_event_taken_back_reaches_the_record(kind: str) -> None:
    (fact,) = facts(of(kind, status="entered-in-error", meta={"lastUpdated": "2021-01-02T00:00:00Z"}))
    assert (fact.status, fact.observed_at.year) == ("entered-in-error", 2021)


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({"abatementDateTime": "2021"}, "completed"),
        ({"abatementPeriod": {"end": "2021"}}, "completed"),
        ({}, "resolved"),
    ],
)
def test_a_resolved_condition_is_completed_only_where_it_says_when(more: dict[str, Any], status: str) -> None:
    resolved = of("Condition", clinicalStatus={"coding": [{"code": "resolved"}]}, recordedDate="2020", **more)
    assert facts(resolved)[0].status == status


def test_an_allergy_that_was_refuted_is_not_active() -> None:
    assert facts(of("AllergyIntolerance", verificationStatus={"coding": [{"code": "refuted"}]}))[0].status == "refuted"


def test_a_study_is_shown_by_its_procedure_its_description_or_its_modality() -> None:
    study = of("ImagingStudy", started="2020")
    described = study | {"description": "chest"}
    coded = study | {"procedureCode": [{"coding": [{"system": "urn:x", "code": "1", "display": "CT chest"}]}]}
    assert [facts(each)[0].coding.display for each in (study, described, coded)] == ["CT", "chest", "CT chest"]


def test_a_relative_is_the_value_of_a_family_history() -> None:
    (fact,) = facts(of("FamilyMemberHistory"))
    assert (fact.coding.display, fact.value, fact.part) == ("x", "mother", "condition[0]")


def test_a_name_is_the_official_one_also_where_parts_are_only_extensions() -> None:
    old = {"use": "old", "family": "Alt"}
    official = {"use": "official", "family": "Neu", "given": ["A", None, "B"]}
    person = one(patient() | {"name": [old, official], "identifier": None}).patient
    assert person is not None and (person.name, person.identifiers) == ("Neu, A B", ())
    nobody = one({"resourceType": "Patient"}).patient
    assert nobody is not None and nobody.name == ""
    gone = one(patient(deceasedDateTime="2021-03"))
    assert [(fact.kind, fact.observed_at.month) for fact in gone.facts] == [("death", 3)]
    assert [fact.ended_at.day for fact in gone.facts if fact.ended_at] == [31]  # it may have been any day of March
    assert [fact.ended_at for fact in one(patient(deceasedDateTime="2021-03-09")).facts] == [None]


def test_a_group_that_breaks_a_rule_gives_no_time() -> None:
    inner = result(id="i")
    del inner["effectiveDateTime"]
    for panel in (
        result(id="p", hasMember=[7, {"reference": "Observation/i"}], effectiveDateTime="yesterday"),
        {"resourceType": "DiagnosticReport", "id": "d", "issued": "2020", "result": [{"reference": "Observation/i"}]},
    ):
        assert [item.reject.reason for item in read(bundle(inner, panel)) if item.reject] == ["invalid", "invalid"]
    panel = result(id="p", hasMember=[{"reference": "Observation/i"}])
    assert read(bundle(inner, panel))[0].facts[0].observed_at.year == 2020


def test_a_medication_that_breaks_a_rule_is_as_one_that_is_not_here() -> None:
    order = of("MedicationStatement", medicationReference={"reference": "Medication/m"})
    del order["medicationCodeableConcept"]
    items = read(bundle(order, {"resourceType": "Medication", "id": "m", "code": {"text": ""}}))
    assert [item.kind for item in items if item.not_used] == ["MedicationStatement.medicationReference", "Medication"]


@pytest.mark.parametrize("second", ["59", "60"])
def test_a_leap_second_is_read_as_the_last_of_its_minute(second: str) -> None:
    assert primitive.read_moment(f"2016-12-31T23:59:{second}Z").start.second == 59


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+14:00", "2020-02-30", "2020-01-01T10:00:00", "2020-1-1"])
def test_a_time_that_cannot_be_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        primitive.read_moment(text)


def test_parse_gives_digits_and_refuses_what_is_not_r4() -> None:
    parsed = parse(encode(result(valueQuantity={"value": 1.5})))["valueQuantity"]["value"]
    assert isinstance(parsed, Number) and parsed.text == "1.5"
    assert parse(bundle(patient()))["entry"][0]["resource"]["id"] == "p1"
    with pytest.raises(UnsupportedVersion, match="DSTU2"):
        parse(bundle({"resourceType": "MedicationOrder"}))
    for broken in (b"[]", b'{"resourceType":7}', b'{"resourceType":"Claim","x":NaN}'):
        with pytest.raises(UnreadableInput):
            parse(broken)
