"""What the segments beside OBX state: visits, diagnoses, allergies, procedures, medicines, documents."""

from datetime import UTC, datetime

import pytest

from tests.unit.importers.hl7v2_messages import MSH, OBR, PID, adt, fates, items, obx
from twin.importers.base import Item

VXU = MSH.replace("ORU^R01^ORU_R01", "VXU^V04")
RDE = MSH.replace("ORU^R01^ORU_R01", "RDE^O11")
MDM = MSH.replace("ORU^R01^ORU_R01", "MDM^T02")


def last(*lines: str) -> Item:
    return items(*lines)[-1]


def day(year: int, month: int = 1, of: int = 1, hour: int = 0) -> datetime:
    return datetime(year, month, of, hour, tzinfo=UTC)


def pv1(admitted: str = "", left: str = "", number: str = "V1") -> str:
    fields = [""] * 46
    fields[0], fields[2], fields[19], fields[44], fields[45] = "PV1", "I", number, admitted, left
    return "|".join(fields).rstrip("|")


def test_a_visit_is_an_encounter_that_a_discharge_closes() -> None:
    begun = last(adt("A01"), PID, pv1("20200101"))
    ended = last(adt("A03"), PID, pv1("20200101", "20200103"))
    assert begun.key == ended.key
    assert (begun.facts[0].status, ended.facts[0].status) == ("in-progress", "finished")
    assert (ended.facts[0].observed_at, ended.facts[0].ended_at) == (day(2020), day(2020, 1, 3))


def test_a_cancelled_admission_was_entered_in_error() -> None:
    assert last(adt("A11"), PID, pv1("20200101")).facts[0].status == "entered-in-error"


def test_a_visit_without_a_time_or_outside_of_registration_is_named() -> None:
    assert "PV1-44" in (last(adt("A01"), PID, pv1()).not_used or "")
    assert "ADT" in (last(MSH, PID, pv1("20200101")).not_used or "")


@pytest.mark.parametrize(
    ("dg1", "code", "system", "status"),
    [
        ("DG1|1||I10^Hypertension^I10||20200101|F", "I10", "http://hl7.org/fhir/sid/icd-10", "active"),
        ("DG1|1|I9|401.9^Hypertension||20200101", "401.9", "http://hl7.org/fhir/sid/icd-9-cm", "active"),
        ("DG1|1|I10|I10^Hypertension^I10C||20200101|A", "I10", "http://hl7.org/fhir/sid/icd-10-cm", "provisional"),
        ("DG1|1||I10^Hypertension^I10||20200101|W", "I10", "http://hl7.org/fhir/sid/icd-10", "provisional"),
        ("DG1|1|||High blood pressure|20200101|F", "", "", "active"),
    ],
)
def test_a_diagnosis_is_a_condition_that_is_final_or_not(dg1: str, code: str, system: str, status: str) -> None:
    (fact,) = last(adt("A08"), PID, dg1).facts
    assert (fact.kind, fact.coding.code, fact.coding.system, fact.status) == ("condition", code, system, status)
    assert fact.observed_at == day(2020)


def test_a_diagnosis_without_a_date_has_that_of_the_admission_or_is_refused() -> None:
    dg1 = "DG1|1||I10^Hypertension^I10"
    assert last(adt("A01"), PID, pv1("20200101"), dg1).facts[0].observed_at == day(2020)
    assert fates(items(adt("A01"), PID, dg1))["MSH[1].DG1[1]"] == "no_date_or_code"


def test_the_reason_of_an_order_is_no_diagnosis() -> None:
    oml = MSH.replace("ORU^R01^ORU_R01", "OML^O21")
    assert "reason for an order" in (last(oml, PID, "DG1|1||I10^x^I10||20200101|F").not_used or "")


def test_a_problem_keeps_its_name_through_its_changes() -> None:
    header = MSH.replace("ORU^R01^ORU_R01", "PPR^PC2")
    open_ = last(header, PID, "PRB|AD|20200105|I10^Hypertension^I10|77|||20200101")
    closed = last(header, PID, "PRB|UP|20200205|I10^Hypertension^I10|77|||20200101||20200201")
    deleted = last(header, PID, "PRB|DE|20200305|I10^Hypertension^I10|77|||20200101")
    assert open_.key == closed.key == deleted.key
    assert [item.facts[0].status for item in (open_, closed, deleted)] == ["active", "completed", "entered-in-error"]
    assert closed.facts[0].ended_at == day(2020, 2, 1)


def test_an_allergy_without_a_date_is_noted_when_told_and_told_again_is_the_same() -> None:
    first = last(adt("A08"), PID, "AL1|1|DA|7980^Penicillin^RXNORM|SV|Rash")
    again = last(adt("A08", at="20210101"), PID, "AL1|2|DA|7980^Penicillin^RXNORM|SV|Rash")
    assert (first.facts[0].kind, first.facts[0].observed_at) == ("allergy", datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC))
    assert (first.key, first.fingerprint) == (again.key, again.fingerprint)


def test_an_allergy_that_is_taken_back_was_entered_in_error() -> None:
    told, taken_back = (last(adt("A60"), PID, f"IAM|1|DA|7980^P^RXNORM|||{action}|X1||||20190101") for action in "AD")
    assert told.key == taken_back.key
    assert taken_back.facts[0].status == "entered-in-error"


def test_a_procedure_is_dated() -> None:
    (fact,) = last(adt("A08"), PID, "PR1|1||76164006^Biopsy of colon^SCT||20200101").facts
    assert (fact.kind, fact.coding.code, fact.observed_at) == ("procedure", "76164006", day(2020))


def test_a_vaccine_that_was_given_is_a_medicine() -> None:
    (fact,) = last(VXU, PID, "ORC|RE||F1", "RXA|0|1|20200101|20200101|141^Influenza^CVX|0.5|mL").facts
    assert (fact.kind, fact.coding.system, fact.status) == ("medication", "http://hl7.org/fhir/sid/cvx", "completed")


def test_a_vaccine_that_was_refused_is_no_fact() -> None:
    rxa = "RXA|0|1|20200101|20200101|141^Influenza^CVX|0||||||||||||||RE"
    assert last(VXU, PID, "ORC|RE||F1", rxa).not_used


def test_a_prescription_is_read_from_the_pharmacys_order_with_its_times() -> None:
    found = items(
        RDE, PID, "ORC|NW|P1|F1||||||20200101", "RXO|83367^Atorvastatin^RXNORM|1", "RXR|PO",
        "RXE||83367^Atorvastatin^RXNORM|1", "TQ1|1||QD||||20200102|20200201",
    )  # fmt: skip
    told = fates(found)
    assert (told["MSH[1].RXO[1]"], told["MSH[1].RXE[1]"]) == ("RXO: read with RXE[1]", "1 facts")
    fact = next(item.facts[0] for item in found if item.facts)
    assert (fact.observed_at, fact.ended_at, fact.status) == (day(2020, 1, 2), day(2020, 2, 1), "active")


def test_a_prescription_that_is_stopped_has_the_same_key() -> None:
    begun, stopped = (
        last(RDE, PID, f"ORC|{control}|P1|F1||||||20200101", "RXE||83367^Atorvastatin^RXNORM|1")
        for control in ("NW", "DC")
    )
    assert begun.key == stopped.key
    assert stopped.facts[0].status == "stopped"


@pytest.mark.parametrize(
    "line", ["NK1|1|x", "GT1|1", "IN1|1", "NTE|1||x", "PD1|x", "PV2||x", "TQ1|1", "ZXY|1", "QQQ|1"]
)
def test_what_is_not_used_is_named(line: str) -> None:
    name = line[:3]
    assert (last(adt("A08"), PID, line).not_used or "").startswith(f"{name}: ")


# ------------------------------------------------------------------------------------------------------ documents


def txa(number: str = "D1", parent: str = "", status: str = "AU", available: str = "") -> str:
    return f"TXA|1|DS^Discharge summary|TX|20200101080000||||||||{number}|{parent}||||{status}||{available}"


def test_a_document_is_a_report_with_the_words_of_its_obx() -> None:
    words = [
        obx("Admitted.", "TX", code="18842-5^Summary^LN"),
        obx("Well.", "FT", code="18842-5^Summary^LN", number="2"),
    ]
    found = items(MDM, PID, txa(), *words)
    fact = next(item.facts[0] for item in found if item.facts)
    assert (fact.kind, fact.value, fact.status) == ("report", "Admitted.\nWell.", "final")
    assert (fact.coding.code, fact.observed_at) == ("DS", day(2020, 1, 1, 8))
    assert fates(found)["MSH[1].OBX[2]"] == "OBX: read with TXA[1]"


def test_a_measurement_in_a_document_is_a_fact_of_its_own() -> None:
    found = items(MDM, PID, OBR, txa(), obx("Well.", "TX"), obx("88"))
    assert fates(found)["MSH[1].OBX[2]"] == "1 facts"
    assert next(item for item in found if item.kind == "TXA").facts[0].coding.code == "24323-8"


def test_a_document_that_takes_anothers_place_has_its_name() -> None:
    first = next(item for item in items(MDM, PID, txa(), obx("a", "TX")) if item.facts)
    second = next(item for item in items(MDM.replace("T02", "T10"), PID, txa("D2", "D1"), obx("b", "TX")) if item.facts)
    added = next(item for item in items(MDM.replace("T02", "T06"), PID, txa("D3", "D1"), obx("c", "TX")) if item.facts)
    assert first.key == second.key != added.key


def test_a_document_that_is_cancelled_was_entered_in_error() -> None:
    found = next(item for item in items(MDM.replace("T02", "T11"), PID, txa()) if item.facts)
    assert found.facts[0].status == "entered-in-error"


def test_a_notice_without_words_is_named() -> None:
    assert "did not come with it" in (last(MDM.replace("T02", "T01"), PID, txa()).not_used or "")


def test_a_document_that_is_no_text_is_named_by_its_kind() -> None:
    found = fates(items(MDM, PID, txa(), obx("LAB^AP^PDF^Base64^JVBERi0=", "ED")))
    assert found["MSH[1].OBX[1]"] == "OBX: a document (AP/PDF); only texts are read"
