"""Simulated patients as FHIR R4 bundles: valid, digit for digit, and taken by the importer without a reject."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from fhir.resources.R4B.bundle import Bundle

from twin.importers.base import Context
from twin.importers.content import Content
from twin.importers.fhir import IMPORTER
from twin.record.fact import Absent
from twin.record.quality import derive
from twin.synth import SyntheticPatient, bundle, cohort, correction, encode, follow_up, timeline_values
from twin.synth.course import COURSES

UNTIL = date(2026, 5, 20)
NOW = datetime(2026, 11, 22, tzinfo=UTC)
PATIENTS = cohort(50, seed=1, until=UNTIL)
ONE_A_COURSE = [next(each for each in PATIENTS if each.course == course.key) for course in COURSES]
CORRECTED = next(each for each in PATIENTS if each.correction)


def resources(sent: dict[str, object]) -> list[dict[str, Any]]:
    return [entry["resource"] for entry in json.loads(encode(sent), parse_float=Decimal)["entry"]]


@pytest.mark.parametrize("patient", ONE_A_COURSE, ids=lambda patient: patient.course)
def test_a_history_is_a_valid_r4_bundle(patient: SyntheticPatient) -> None:
    assert Bundle.model_validate_json(encode(bundle(patient))).type == "transaction"


def test_a_correction_and_a_follow_up_are_valid_r4_bundles() -> None:
    corrected = correction(CORRECTED)
    assert corrected is not None
    for sent in (corrected, follow_up(CORRECTED, UNTIL + timedelta(days=30))):
        Bundle.model_validate_json(encode(sent))


def test_the_same_seed_gives_the_same_bytes() -> None:
    again = cohort(3, seed=1, until=UNTIL)[2]
    assert encode(bundle(again)) == encode(bundle(PATIENTS[2]))


def test_every_reference_resolves_inside_the_bundle() -> None:
    sent = json.loads(encode(bundle(PATIENTS[0])))
    full_urls = {entry["fullUrl"] for entry in sent["entry"]}

    def references(node: Any) -> set[str]:
        if isinstance(node, list):
            return set().union(*map(references, node))
        if isinstance(node, dict):
            own = {node["reference"]} if "reference" in node else set()
            return own.union(*map(references, node.values()))
        return set()

    assert references(sent) <= full_urls
    assert len(full_urls) == len(sent["entry"])


def test_a_decimal_keeps_its_digits() -> None:
    assert encode({"value": Decimal("5.10"), "text": "5.10"}) == b'{"value":5.10,"text":"5.10"}'


def test_what_is_not_json_is_refused() -> None:
    with pytest.raises(TypeError, match="cannot write date"):
        encode({"value": UNTIL})


def test_blood_pressure_is_one_observation_with_two_components() -> None:
    pressures = [each for each in resources(bundle(PATIENTS[0])) if "component" in each]
    codes = [part["code"]["coding"][0]["code"] for part in pressures[0]["component"]]
    assert codes == ["8480-6", "8462-4"]
    assert len(pressures) == len(timeline_values(PATIENTS[0], "sbp"))


def test_every_kind_of_resource_of_an_export_occurs() -> None:
    kinds = {each["resourceType"] for patient in PATIENTS for each in resources(bundle(patient))}
    assert kinds == {
        "Patient", "Organization", "Encounter", "Observation", "DiagnosticReport", "Condition", "MedicationRequest",
        "MedicationStatement", "FamilyMemberHistory", "AllergyIntolerance", "Immunization", "Claim",
    }  # fmt: skip


def test_a_corrected_result_has_the_id_of_the_wrong_one_and_comes_later() -> None:
    corrected = correction(CORRECTED)
    assert corrected is not None
    right = next(each for each in resources(corrected) if each["resourceType"] == "Observation")
    wrong = next(each for each in resources(bundle(CORRECTED)) if each["id"] == right["id"])
    assert (wrong["status"], right["status"]) == ("final", "corrected")
    assert wrong["valueQuantity"]["value"] > right["valueQuantity"]["value"]
    assert wrong["issued"] < right["issued"]


def test_a_patient_without_a_fault_needs_no_correction() -> None:
    assert correction(next(each for each in PATIENTS if each.correction is None)) is None


@pytest.mark.parametrize("patient", ONE_A_COURSE, ids=lambda patient: patient.course)
def test_the_importer_rejects_nothing_and_reads_every_unit(patient: SyntheticPatient) -> None:
    items = list(IMPORTER.read(Content.of(encode(bundle(patient))), Context(now=NOW)))
    assert [item.reject for item in items if item.reject] == []
    assert {item.kind for item in items if item.not_used} == {"Organization", "Immunization", "Claim"}
    derived = [derive(fact) for item in items for fact in item.facts]
    assert [each for each in derived if isinstance(each, Absent)] == []
    assert {each.quality for each in derived if not isinstance(each, Absent)} <= {
        "ok", "no_signal", "comparator", "ambiguous_unit",
    }  # fmt: skip


def test_the_importer_reads_the_values_that_were_printed() -> None:
    patient = next(each for each in PATIENTS if each.is_conventional and each.correction is None)
    drafts = [
        fact for item in IMPORTER.read(Content.of(encode(bundle(patient))), Context(now=NOW)) for fact in item.facts
    ]
    read = sorted((fact.observed_at, found.value) for fact in drafts if (found := derive(fact)).signal == "creatinine")
    assert read == [(at, pytest.approx(value)) for at, value, _ in timeline_values(patient, "creatinine")]


def test_a_follow_up_of_the_liver_brings_elastography_and_bloods() -> None:
    patient = next(each for each in PATIENTS if each.course == "fibrosis_fast")
    sent = resources(follow_up(patient, UNTIL + timedelta(days=30)))
    codes = {each["code"]["coding"][0]["code"] for each in sent if each["resourceType"] == "Observation"}
    assert {"77615-3", "1742-6", "1920-8", "85354-9"} <= codes
    stiffness = next(each for each in sent if "77615-3" in json.dumps(each.get("code", {})))
    assert 7 < stiffness["valueQuantity"]["value"] < 14
