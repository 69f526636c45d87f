"""What a DICOM report or segmentation of another system becomes in the record."""

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from pydicom.sr.codedict import codes

from tests.unit.imaging.report_files import (
    MILLIMETRE,
    NODULE_UID,
    STUDY_UID,
    code,
    document,
    group,
    measurement_report,
    node,
    number,
    segmentation,
)
from twin.errors import UnreadableInput
from twin.importers.base import Context, Item
from twin.importers.content import Content
from twin.importers.dicom_report import IMPORTER
from twin.importers.dicom_report.text import AS_TEXT
from twin.record.codes import OWN_FINDING
from twin.record.fact import Coding, FactDraft

CONTEXT = Context(now=datetime(2026, 11, 22, tzinfo=UTC))
SCT = "http://snomed.info/sct"
CHEST_CAD = "1.2.840.10008.5.1.4.1.1.88.65"


def items(content: bytes, context: Context = CONTEXT) -> list[Item]:
    return list(IMPORTER.read(Content.of(content), context))


def facts(content: bytes, context: Context = CONTEXT) -> list[FactDraft]:
    return [fact for item in items(content, context) for fact in item.facts]


def the_item(content: bytes) -> Item:
    (found,) = [each for each in items(content) if each.kind in ("measurement group", "segment")]
    return found


def one_number(value: str | None = "4.5", **more: object) -> bytes:
    return document(group(number(value, MILLIMETRE)), **more)


def test_the_patient_comes_first_with_number_name_birth_and_sex() -> None:
    first = items(measurement_report(IssuerOfPatientID="CLINIC"))[0]
    assert first.patient is not None
    assert (first.patient.name, first.patient.sex, str(first.patient.birth_date)) == (
        "Prüfung, Frieda", "female", "1960-05-04",
    )  # fmt: skip
    (identifier,) = first.patient.identifiers
    assert (identifier.system, identifier.value) == ("urn:patient-twin:local:CLINIC", "T-1")


def test_every_group_is_an_item_about_that_patient() -> None:
    patient, *groups = items(measurement_report())
    assert [each.kind for each in groups] == ["measurement group"] * 2
    assert {each.subject.keys for each in groups if each.subject} == {patient.aliases}


def test_numbers_keep_digits_unit_and_code() -> None:
    found = {(f.coding.system, f.coding.code, f.value, f.unit) for f in facts(measurement_report()) if f.unit}
    assert found == {
        (OWN_FINDING, "nodule", "10.5", "mm"),
        (SCT, "81827009", "10.5", "mm"),
        (SCT, "81827009", "8.0", "mm"),
        (SCT, "118565006", "1502.25", "mL"),
        ("urn:patient-twin:local:99VENDOR", "1", "4.0", "%"),
    }


def test_an_extreme_is_a_finding_and_never_the_measurement_itself() -> None:
    kinds = {f.coding.display: f.kind for f in facts(measurement_report()) if f.coding.code == "81827009"}
    assert kinds == {"Diameter": "observation", "Diameter (Minimum)": "finding"}


def test_finding_site_side_and_judgements_are_facts_of_the_group() -> None:
    nodule = items(measurement_report())[1]
    coded = {(f.coding.display, f.value) for f in nodule.facts if f.value_kind == "code"}
    assert nodule.facts[0].coding == Coding(system=OWN_FINDING, code="nodule", display="Nodule, right lung")
    assert nodule.facts[0].other_codings == (Coding(system=SCT, code="27925004", display="Nodule"),)
    assert coded == {
        ("Finding Site", "Lung"),
        ("Laterality", "Right"),
        ("Normality", "Abnormal"),
        ("Level of Significance", "Not significant"),
    }


def test_it_was_true_when_the_study_was_made_and_known_when_the_report_was_verified() -> None:
    shanghai = Context(now=CONTEXT.now, zone=ZoneInfo("Asia/Shanghai"))
    fact = facts(measurement_report(), shanghai)[0]
    assert fact.observed_at == datetime(2025, 3, 4, 2, 11, 12, tzinfo=UTC)
    assert (fact.known_at, fact.known_basis) == (datetime(2025, 3, 4, 8, 0, tzinfo=UTC), "issued")


def test_an_offset_in_the_file_overrules_the_zone_of_the_source() -> None:
    fact = facts(measurement_report(TimezoneOffsetFromUTC="-0500"))[0]
    assert fact.observed_at == datetime(2025, 3, 4, 15, 11, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("completion", "verification", "status"),
    [
        ("COMPLETE", "VERIFIED", "final"),
        ("PARTIAL", "VERIFIED", "preliminary"),
        ("COMPLETE", "UNVERIFIED", "preliminary"),
    ],
)
def test_only_a_complete_and_verified_report_is_final(completion: str, verification: str, status: str) -> None:
    content = one_number(CompletionFlag=completion, VerificationFlag=verification)
    assert {fact.status for fact in facts(content)} == {status}


def test_the_device_is_manufacturer_model_software_and_algorithm() -> None:
    assert facts(measurement_report())[0].device == "Maker Model X 1.4 finder 2"


def test_the_wider_half_of_a_stated_uncertainty_is_the_sd() -> None:
    half = [
        number(text, MILLIMETRE, code(name, "SCT", "range of measurement uncertainty"))
        for name, text in (("371886008", "0.5"), ("371885007", "0.25"))
    ]
    assert facts(document(group(number("10", MILLIMETRE, children=half))))[0].sd == 0.5


def test_a_correction_has_the_same_key_and_another_fingerprint() -> None:
    first, corrected = (the_item(one_number(value)) for value in ("4.5", "4.6"))
    assert first.key == corrected.key == f"sr/{STUDY_UID}/{NODULE_UID}///126000"
    assert first.fingerprint != corrected.fingerprint


def test_a_correction_of_a_group_without_tracking_uid_has_the_same_key() -> None:
    first, corrected = (
        the_item(document(node("CONTAINER", code("125007", "DCM", "Measurement Group"), children=[number(text, None)])))
        for text in ("4.5", "4.6")
    )
    assert first.key == corrected.key


def test_the_same_group_in_a_report_written_again_is_the_same_item() -> None:
    later = one_number(ContentTime="173000", SOPInstanceUID="1.2.3.9")
    assert the_item(later).fingerprint == the_item(one_number()).fingerprint
    assert the_item(later).version_at == datetime(2025, 3, 4, 17, 30, tzinfo=UTC)


def test_two_groups_of_one_tracking_uid_stay_two() -> None:
    content = document(group(number("1", MILLIMETRE)), group(number("2", MILLIMETRE)))
    assert len({item.key for item in items(content)}) == 3  # the patient and two groups


@pytest.mark.parametrize(
    ("qualified", "value", "kind"), [(None, None, "none"), ("99", "99", "text")], ids=["absent", "beside a number"]
)
def test_a_value_out_of_range_is_no_number(qualified: str | None, value: str | None, kind: str) -> None:
    reason = code("114009", "DCM", "Value out of range")
    fact = facts(document(group(number(qualified, MILLIMETRE, NumericValueQualifierCodeSequence=reason))))[0]
    assert (fact.value_kind, fact.value) == (kind, value)
    assert fact.value_coding is not None
    assert fact.value_coding.code == "114009"


def test_a_value_without_unit_has_none_and_no_units_is_one() -> None:
    bare, ratio = number("4", None), number("5", code("1", "UCUM", "no units"))
    assert [(f.value, f.unit) for f in facts(document(group(bare, ratio)))] == [("4", None), ("5", "1")]


def test_without_a_study_date_a_group_is_refused_and_kept() -> None:
    item = the_item(one_number(StudyDate="", StudyTime=""))
    assert item.reject is not None
    assert item.reject.reason == "no_date_or_code"
    assert item.body.startswith(AS_TEXT)


def test_a_refused_file_reads_again_from_what_was_kept() -> None:
    content = one_number(StudyDate="")
    kept = the_item(content).body.encode()
    assert IMPORTER.recognises(kept[: 64 * 1024], "reject")
    again = [each.fingerprint for each in items(kept)]
    assert again == [each.fingerprint for each in items(content)]


def test_a_group_about_somebody_else_is_refused() -> None:
    whose = node("TEXT", code("121030", "DCM", "Subject ID"), "HAS OBS CONTEXT", TextValue="T-2")
    reject = the_item(document(group(whose, number("1", MILLIMETRE)))).reject
    assert reject is not None
    assert (reject.reason, "T-2" in reject.detail) == ("two_patients", False)


def test_what_was_measured_on_a_fetus_is_not_of_the_patient() -> None:
    fetus = node(
        "CODE", code("121024", "DCM", "Subject Class"), "HAS OBS CONTEXT",
        ConceptCodeSequence=code("121026", "DCM", "Fetus"),
    )  # fmt: skip
    assert the_item(document(group(fetus, number("1", MILLIMETRE)))).not_used is not None


def test_a_report_that_names_nobody_names_nobody() -> None:
    (item,) = items(one_number(PatientID=""))
    assert item.subject is not None
    assert (item.subject.keys, item.subject.identifiers, len(item.facts)) == ((), (), 1)


def test_computer_aided_detection_is_named_as_not_used() -> None:
    (item,) = items(one_number(SOPClassUID=CHEST_CAD))
    assert item.not_used == "Chest CAD SR is not used by the twin"


def test_narrative_is_named_as_not_used() -> None:
    text = node("TEXT", code("121071", "DCM", "Finding"), TextValue="all well")
    assert [each.not_used for each in items(document(text))[1:]] == [
        "narrative text outside a measurement group is not used"
    ]


def test_a_damaged_file_is_refused_whole() -> None:
    with pytest.raises(UnreadableInput, match="cut short"):
        items(one_number()[:-20])


def test_a_segment_is_a_finding_with_its_volume() -> None:
    planes = np.zeros((4, 10, 7), bool)
    planes[1:3, 2:5, 3:6] = True
    item = the_item(segmentation(planes))
    finding = item.facts[0]
    assert (finding.kind, finding.coding.display, finding.part) == ("finding", "Liver", "liver")
    assert (finding.value, finding.unit, finding.status) == ("0.018", "mL", "preliminary")
    assert finding.observed_at == datetime(2025, 3, 4, 10, 11, 12, tzinfo=UTC)
    assert finding.known_at == datetime(2025, 3, 5, 8, 0, tzinfo=UTC)


def test_a_segment_without_voxels_has_no_volume() -> None:
    planes = np.stack([np.ones((4, 10, 7), bool), np.zeros((4, 10, 7), bool)], axis=-1)
    named = [(1, "a", codes.SCT.Nodule), (2, "b", codes.SCT.Lung)]
    assert [f.value_kind for f in facts(segmentation(planes, segments=named)) if f.coding.code == "39607008"] == [
        "none"
    ]


@pytest.mark.shared_data
def test_every_part_of_the_reports_of_other_systems_is_accounted_for(shared_data: Path) -> None:
    folder = shared_data / "ct" / "dicom_seg_sr"
    told = {}
    for path in sorted(folder.rglob("*.dcm")):
        content = Content.of(path.read_bytes(), path.name)
        if not IMPORTER.recognises(content.head, content.base_name):
            continue
        found = list(IMPORTER.read(content, CONTEXT))
        told[path.name] = (
            len(found),
            sum(len(each.facts) for each in found),
            sum(each.reject is not None for each in found),
            sum(each.not_used is not None for each in found),
        )
    assert told == {  # items, facts, rejects, not used
        "ct-3slice-liver-seg.dcm": (2, 2, 0, 0),
        "partial_overlaps-seg.dcm": (7, 10, 0, 1),
        "seg.dcm": (3, 3, 0, 1),
        "sr.dcm": (4, 24, 0, 2),
        "sr_document.dcm": (4, 6, 0, 2),
        "sr_document_with_multiple_groups.dcm": (5, 13, 0, 0),
    }


def test_what_another_site_of_ours_measured_keeps_its_key() -> None:
    stated = number("112.5", MILLIMETRE, name=code("agatston", "99PTWIN", "agatston"))
    found = [each.coding for each in facts(document(group(stated)))]
    assert Coding(system="urn:patient-twin:finding", code="agatston", display="agatston") in found
