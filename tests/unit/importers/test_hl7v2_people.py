"""Who a message is about: identifiers, deaths, merges, two patients."""

from datetime import UTC, date, datetime

import pytest

from tests.unit.importers.hl7v2_messages import MSH, OBR, PID, adt, fates, items, obx
from twin.importers.base import Context, Item, PatientDraft
from twin.record.timeline import Identifier


def patient(pid: str, *, header: str = MSH) -> PatientDraft:
    found = items(header, pid)[1]
    assert found.patient is not None, found
    return found.patient


def test_a_patient_is_described_with_name_sex_and_birth() -> None:
    found = patient("PID|1||100^^^LAB^MR||Mu&&&ster^Erika^Maria^^^^A~Muster^Erika^Maria^^^^L||19600504|f")
    assert (found.name, found.sex, found.birth_date) == ("Muster, Erika Maria", "female", date(1960, 5, 4))


@pytest.mark.parametrize(
    ("said", "sex"),
    [("M", "male"), ("F", "female"), ("O", "unknown"), ("U", "unknown"), ("", "unknown"), ("A", "unknown")],
)
def test_a_sex_that_is_neither_is_unknown(said: str, sex: str) -> None:
    assert patient(f"PID|1||1||||19600504|{said}").sex == sex


def test_a_birth_date_does_not_move_with_a_zone() -> None:
    assert patient("PID|1||1||||196005040030+0800").birth_date == date(1960, 5, 4)


def test_a_birth_date_that_is_none_is_refused_and_the_patient_taken() -> None:
    found = items(MSH, "PID|1||1||Muster||Aug 15, 1942")
    assert fates(found)["MSH[1].PID[1]"] == "patient"
    assert fates(found)["MSH[1].PID[1].PID-7"] == "invalid"
    assert "1942" not in str(found[2].reject)


@pytest.mark.parametrize(
    ("said", "identifier"),
    [
        ("1^^^&1.2.840.5&ISO^MR", Identifier(system="urn:oid:1.2.840.5", value="1", kind="MR")),
        ("1^^^HOSP&1.2.840.5&ISO^MR", Identifier(system="urn:oid:1.2.840.5", value="1", kind="MR")),
        ("1^^^&http://a.b/c&URI^MR", Identifier(system="http://a.b/c", value="1", kind="MR")),
        (
            "1^^^&6BA7B810-9DAD-11D1-80B4-00C04FD430C8&UUID",
            Identifier(system="urn:uuid:6ba7b810-9dad-11d1-80b4-00c04fd430c8", value="1"),
        ),
        ("1^^^HOSP^PI", Identifier(system="urn:patient-twin:local:HOSP", value="1", kind="PI")),
        ("1^^^St Mary|X".replace("|", "\\F\\"), Identifier(system="urn:patient-twin:local:St_Mary_X", value="1")),
        ("1", Identifier(system="urn:patient-twin:local:LAB", value="1")),
        ("1^^^^SS", Identifier(system="urn:patient-twin:local:LAB:SS", value="1", kind="SS")),
    ],
)
def test_an_identifier_has_the_system_of_who_gave_it_out(said: str, identifier: Identifier) -> None:
    assert patient(f"PID|1||{said}||Muster").identifiers == (identifier,)


def test_all_identifiers_are_kept_but_those_of_a_visit_or_account() -> None:
    found = patient("PID|1||9^^^A^AN~1^^^A^SS~2^^^A^MR~3^^^A^VN")
    assert [each.value for each in found.identifiers] == ["1", "2"]
    assert items(MSH, "PID|1||9^^^A^AN~1^^^A^SS~2^^^A^MR")[1].key == "patient/urn:patient-twin:local:A|2"


def test_old_versions_name_the_patient_in_pid_2() -> None:
    assert [each.value for each in patient("PID|1|55||66|Muster").identifiers] == ["55"]


def test_the_results_of_a_patient_name_it_by_key_and_identifiers() -> None:
    found = items(MSH, PID, OBR, obx("5"))
    subject = found[-1].subject
    assert subject is not None
    assert subject.keys == (found[1].key,)
    assert [each.value for each in subject.identifiers] == ["100"]


def test_a_patient_without_an_identifier_is_one_of_this_message_alone() -> None:
    first, same, other = (
        items(MSH.replace("|7|", f"|{number}|"), "PID|1||||Muster^Erika||19600504")[1] for number in (7, 7, 8)
    )
    assert first.patient is not None
    assert first.patient.identifiers == ()
    assert first.key == same.key != other.key


def test_a_pid_that_names_nobody_is_refused_and_its_results_name_nobody() -> None:
    found = items(MSH, "PID|1", OBR, obx("5"))
    assert fates(found)["MSH[1].PID[1]"] == "no_identifier"
    assert found[-1].subject is not None
    assert found[-1].subject.keys == ()


def test_a_pid_that_names_nobody_is_left_to_the_patient_that_a_person_named() -> None:
    context = Context(now=datetime(2026, 1, 1, tzinfo=UTC), patient="p1")
    found = items(MSH, "PID|1", OBR, obx("5"), context=context)
    assert "named for the whole source" in (found[1].not_used or "")
    assert found[-1].key != items(MSH, "PID|1", OBR, obx("5"), context=Context(now=context.now, patient="p2"))[-1].key


# ---------------------------------------------------------------------------------------------------------- death


def deaths(pid: str, header: str = MSH) -> list[Item]:
    return [item for item in items(header, pid) if item.key.startswith("death/")]


def test_a_death_is_an_item_of_its_own() -> None:
    (item,) = deaths(f"{PID}{'|' * 21}20191231|Y")
    (fact,) = item.facts
    assert (fact.kind, fact.observed_at) == ("death", datetime(2019, 12, 31, tzinfo=UTC))
    assert item.subject is not None


def test_a_death_without_a_date_stands_at_the_time_of_the_message() -> None:
    (item,) = deaths(f"{PID}{'|' * 22}Y")
    assert item.facts[0].observed_at == datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC)


def test_a_laboratory_that_says_not_dead_says_nothing() -> None:
    assert deaths(f"{PID}{'|' * 22}N") == []


def test_the_registration_office_takes_a_death_back() -> None:
    (dead,) = deaths(f"{PID}{'|' * 22}Y", adt("A08"))
    (alive,) = deaths(f"{PID}{'|' * 22}N", adt("A08"))
    assert alive.key == dead.key
    assert alive.fingerprint != dead.fingerprint
    assert alive.facts[0].kind == "observation"


# ---------------------------------------------------------------------------------------------------------- merge


@pytest.mark.parametrize("event", ["A40", "A34", "A18"])
def test_a_merge_names_both_patients(event: str) -> None:
    found = items(adt(event), PID, "MRG|200^^^LAB^MR")[-1]
    assert found.merge is not None
    assert [each.value for each in found.merge.into.identifiers] == ["100"]
    assert [each.value for each in found.merge.retired.identifiers] == ["200"]
    assert found.merge.retired.keys == ("patient/urn:patient-twin:local:LAB|200",)


def test_several_merges_of_a_message_are_several_items() -> None:
    found = items(adt("A40"), PID, "MRG|200^^^LAB^MR", PID.replace("100", "300"), "MRG|400^^^LAB^MR")
    assert [fates([item])[item.where] for item in found if item.kind == "MRG"] == ["merge", "merge"]


def test_a_merge_of_a_patient_with_itself_is_refused() -> None:
    assert fates(items(adt("A40"), PID, "MRG|100^^^LAB^MR"))["MSH[1].MRG[1]"] == "invalid"


def test_a_merge_of_nobody_is_refused() -> None:
    assert fates(items(adt("A40"), PID, "MRG|"))["MSH[1].MRG[1]"] == "no_identifier"


@pytest.mark.parametrize("event", ["A41", "A45", "A47"])
def test_other_merges_are_named(event: str) -> None:
    assert event in (items(adt(event), PID, "MRG|200^^^LAB^MR")[-1].not_used or "")


def test_a_deletion_is_left_to_a_person() -> None:
    assert "A29" in (items(adt("A29"), PID)[-1].not_used or "")


# --------------------------------------------------------------------------------------------------- two patients

OTHER = PID.replace("100", "200")


def test_two_patients_of_a_result_message_have_their_own_results() -> None:
    found = [item for item in items(MSH, PID, OBR, obx("5"), OTHER, OBR, obx("6")) if item.kind == "OBX"]
    assert [item.subject.identifiers[0].value for item in found if item.subject] == ["100", "200"]
    assert [item.facts[0].value for item in found] == ["5", "6"]


def test_two_persons_of_one_group_are_refused_with_their_results() -> None:
    found = fates(items(MSH, PID, OTHER, OBR, obx("5")))
    assert found["MSH[1].PID[2]"] == "two_patients"
    assert found["MSH[1].OBX[1]"] == "two_patients"


def test_a_second_person_in_a_message_about_one_is_refused_with_what_follows() -> None:
    found = fates(items(adt("A08"), PID, "DG1|1||I10^Hypertension^I10||20200101|F", OTHER, obx("5", at="20200101")))
    assert found["MSH[1].DG1[1]"] == "1 facts"
    assert found["MSH[1].PID[2]"] == "two_patients"
    assert found["MSH[1].OBX[1]"] == "two_patients"


def test_the_same_person_twice_is_no_fault() -> None:
    assert fates(items(MSH, PID, PID.replace("Erika", "Eva"), OBR, obx("5")))["MSH[1].OBX[1]"] == "1 facts"
