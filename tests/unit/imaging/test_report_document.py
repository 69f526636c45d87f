"""What is read out of the content tree of a report: highdicom's, and trees that break their template."""

import io
from pathlib import Path

import pytest
from pydicom import Dataset
from pydicom.uid import ImplicitVRLittleEndian

from imaging.report import MeasurementGroup, Report, read_report
from tests.unit.imaging.report_files import (
    MILLIMETRE,
    NODULE_UID,
    SERIES_UID,
    STUDY_UID,
    code,
    document,
    group,
    measurement_report,
    node,
    number,
)

NODULE = code("27925004", "SCT", "Nodule")
FINDING = code("121071", "DCM", "Finding")
CT = "1.2.840.10008.5.1.4.1.1.2"


def reading(content: bytes) -> Report:
    return read_report(io.BytesIO(content))


def only_group(content: bytes) -> MeasurementGroup:
    (found,) = reading(content).groups
    return found


def values(found: MeasurementGroup) -> list[tuple[str, str | None, str | None]]:
    return [(m.concept.meaning, m.value.text, m.value.unit.value if m.value.unit else None) for m in found.measurements]


def test_the_groups_of_a_measurement_report_are_read() -> None:
    planar, volumetric = reading(measurement_report()).groups
    assert (planar.tracking_uid, planar.tracking_id, planar.template) == (NODULE_UID, "nodule 1", "1410")
    assert planar.finding is not None
    assert planar.finding.key == ("SCT", "27925004")
    assert values(planar) == [("Diameter", "10.5", "mm"), ("Diameter", "8.0", "mm")]
    assert values(volumetric) == [("Volume", "1502.25", "mL"), ("Fat share", "4.0", "%")]
    assert planar.algorithm == "finder 2"


def test_a_site_has_its_side() -> None:
    planar = reading(measurement_report()).groups[0]
    (site,) = planar.sites
    assert (site.place.meaning, site.laterality and site.laterality.meaning) == ("Lung", "Right")


def test_derivation_and_judgements_stand_with_their_measurement() -> None:
    longest, shortest = reading(measurement_report()).groups[0].measurements
    assert [each.code.meaning for each in longest.judgements if each.code] == ["Abnormal"]
    assert shortest.derivation is not None
    assert shortest.derivation.meaning == "Minimum"


def test_qualitative_evaluations_are_read() -> None:
    (found,) = reading(measurement_report()).groups[0].evaluations
    assert (found.concept.meaning, found.code and found.code.meaning) == ("Level of Significance", "Not significant")


def test_the_segment_that_was_measured_and_its_series_are_told() -> None:
    volumetric = reading(measurement_report()).groups[1]
    assert [(each.sop_uid, each.segments) for each in volumetric.images] == [(f"{SERIES_UID}.99", (1,))]
    assert volumetric.series_uids == (SERIES_UID,)


def test_attestation_times_and_observers_are_told() -> None:
    report = reading(measurement_report(TimezoneOffsetFromUTC="+0800"))
    assert (report.is_complete, report.is_verified, report.is_preliminary) == (True, True, False)
    assert report.origin.study_at == "20250304101112+0800"
    assert report.origin.content_at == "20250304150000+0800"
    assert report.verified_at == "20250304160000+0800"
    assert [(each.is_device, each.model) for each in report.observers] == [(False, ""), (True, "Model X")]


def test_the_study_of_every_referenced_object_is_known() -> None:
    assert set(reading(measurement_report()).study_of.values()) == {STUDY_UID}


@pytest.mark.parametrize("text", ["4.50", "-119.07385253906", "1e3", "+0.5", "007"])
def test_a_number_keeps_its_digits(text: str) -> None:
    (found,) = only_group(document(group(number(text, MILLIMETRE)))).measurements
    assert (found.value.text, found.value.is_number) == (text, True)


def test_what_is_no_number_stays_text() -> None:
    (found,) = only_group(_with_raw_value(b"<5")).measurements
    assert (found.value.text, found.value.is_number) == ("<5", False)


def _with_raw_value(text: bytes) -> bytes:
    """A document whose one value is not a decimal string, as some systems write it."""
    return document(group(number("77", MILLIMETRE))).replace(b"DS\x02\x0077", b"DS\x02\x00" + text)


def test_implicit_encoding_reads_the_same() -> None:
    content = group(number("4.5", MILLIMETRE))
    assert reading(document(content, syntax=ImplicitVRLittleEndian)).groups == reading(document(content)).groups


def test_a_measurement_without_unit_has_none() -> None:
    assert values(only_group(document(group(number("4.5", None))))) == [("Diameter", "4.5", None)]


def test_no_units_is_a_unit() -> None:
    ratio = number("0.7", code("1", "UCUM", "no units"), code("1", "99X", "Ratio"))
    assert values(only_group(document(group(ratio)))) == [("Ratio", "0.7", "1")]


def test_a_qualifier_says_why_a_value_is_missing() -> None:
    lost = number(None, None, NumericValueQualifierCodeSequence=code("114009", "DCM", "Value out of range"))
    (found,) = only_group(document(group(lost))).measurements
    assert found.value.text is None
    assert found.value.qualifier is not None
    assert found.value.qualifier.meaning == "Value out of range"


def test_a_measurement_without_measured_value_sequence_has_no_value() -> None:
    bare = number("1", MILLIMETRE)
    del bare.MeasuredValueSequence
    assert values(only_group(document(group(bare)))) == [("Diameter", None, None)]


def test_a_stated_uncertainty_is_read_in_the_unit_of_the_value_only() -> None:
    def sized(unit: list[Dataset]) -> Dataset:
        upper = number("0.5", unit, code("371886008", "SCT", "+, range of upper measurement uncertainty"))
        upper.RelationshipType = "HAS PROPERTIES"
        return number("10", MILLIMETRE, children=[upper])

    (in_mm,) = only_group(document(group(sized(MILLIMETRE)))).measurements
    (in_percent,) = only_group(document(group(sized(code("%", "UCUM", "percent"))))).measurements
    assert in_mm.uncertainty == (None, "0.5")
    assert in_percent.uncertainty == (None, None)


def test_a_standard_deviation_is_never_taken_for_measurement_uncertainty() -> None:
    spread = number("3", MILLIMETRE, code("386136009", "SCT", "Standard Deviation"))
    spread.RelationshipType = "HAS PROPERTIES"
    report = reading(document(group(number("10", MILLIMETRE, children=[spread]))))
    assert report.groups[0].measurements[0].uncertainty == (None, None)
    assert [each.reason for each in report.passed_over] == [
        "reference ranges, statistics and other properties of a measurement are not used"
    ]


def test_old_snomed_codes_are_understood() -> None:
    site = node("CODE", code("G-C0E3", "SRT", "Finding Site"), "HAS CONCEPT MOD", ConceptCodeSequence=NODULE)
    assert [each.place.meaning for each in only_group(document(group(site))).sites] == ["Nodule"]


def test_containers_within_a_group_are_part_of_it() -> None:
    inner = node("CONTAINER", code("1", "99X", "Box"), children=[number("3", MILLIMETRE)])
    assert values(only_group(document(group(inner)))) == [("Diameter", "3", "mm")]


def test_groups_within_groups_stand_alone() -> None:
    outer = group(number("1", MILLIMETRE), group(number("2", MILLIMETRE), tracking="1.2.3"))
    assert [values(each) for each in reading(document(outer)).groups] == [
        [("Diameter", "1", "mm")],
        [("Diameter", "2", "mm")],
    ]


def test_numbers_outside_any_group_are_kept_by_their_container() -> None:
    section = node("CONTAINER", code("126011", "DCM", "Derived Imaging Measurements"), children=[number("7", None)])
    found = only_group(document(section))
    assert (found.title and found.title.value, values(found)) == ("126011", [("Diameter", "7", None)])


def test_narrative_is_passed_over_and_counted() -> None:
    text = node("TEXT", code("121071", "DCM", "Finding"), TextValue="all well")
    (passed,) = reading(document(text)).passed_over
    assert (passed.count, passed.reason) == (1, "narrative text outside a measurement group is not used")


def test_an_item_by_reference_stands_for_the_item_it_points_to() -> None:
    pointed = number("9", MILLIMETRE)
    reference = Dataset()
    reference.RelationshipType, reference.ReferencedContentItemIdentifier = "CONTAINS", [1, 1, 1]
    section = node("CONTAINER", code("1", "99X", "Numbers"), children=[pointed])
    found = reading(document(section, group(reference))).groups
    assert [values(each) for each in found] == [[("Diameter", "9", "mm")], [("Diameter", "9", "mm")]]


def test_the_image_library_dates_the_images() -> None:
    def dated(keyword: str, name: str, text: str, meaning: str) -> Dataset:
        return node(keyword, code(name, "DCM", meaning), "HAS ACQ CONTEXT", **{keyword.title(): text})

    referenced = Dataset()
    referenced.ReferencedSOPClassUID, referenced.ReferencedSOPInstanceUID = CT, "1.2.3.4"
    image = node("IMAGE", None, ReferencedSOPSequence=[referenced])
    when = [dated("DATE", "126201", "20240101", "Acquisition Date"), dated("TIME", "126202", "0930", "Acquisition")]
    part = node("CONTAINER", code("126200", "DCM", "Image Library Group"), children=[*when, image])
    library = node("CONTAINER", code("111028", "DCM", "Image Library"), children=[part])
    report = reading(document(library, group(image)))
    assert report.acquired_at == {"1.2.3.4": "202401010930"}
    assert [each.sop_uid for each in report.groups[0].images] == ["1.2.3.4"]


def test_another_subject_is_told_with_the_group() -> None:
    whose = node("TEXT", code("121030", "DCM", "Subject ID"), "HAS OBS CONTEXT", TextValue="T-2")
    kind = node(
        "CODE", code("121024", "DCM", "Subject Class"), "HAS OBS CONTEXT",
        ConceptCodeSequence=code("121026", "DCM", "Fetus"),
    )  # fmt: skip
    found = only_group(document(group(whose, kind, number("1", MILLIMETRE))))
    assert (found.subject.number, found.subject.kind) == ("T-2", "121026")


@pytest.mark.parametrize(
    ("day", "time", "expected"),
    [
        ("20250304", "101112.5", "20250304101112.5"),
        ("20250304", "", "20250304"),
        ("2025.03.04", "10:11", "202503041011"),
        ("20250304", "noon", "20250304"),
        ("", "101112", ""),
        ("March", "101112", ""),
    ],
)
def test_a_study_time_is_as_precise_as_the_header(day: str, time: str, expected: str) -> None:
    content = document(group(number("1", MILLIMETRE)), StudyDate=day, StudyTime=time)
    assert reading(content).origin.study_at == expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [("Test^Tim^Otto", "Test, Tim Otto"), ("Test", "Test"), ("=王^小东", "王, 小东"), ("^^^", ""), ("", "")],
)
def test_a_person_name_is_read_in_the_first_letters_it_has(written: str, expected: str) -> None:
    content = document(group(number("1", MILLIMETRE)), SpecificCharacterSet="ISO_IR 192", PatientName=written)
    assert reading(content).origin.patient.name == expected


@pytest.mark.shared_data
def test_the_reports_of_other_systems_read_whole(shared_data: Path) -> None:
    folder = shared_data / "ct" / "dicom_seg_sr"
    names = ("sr.dcm", "highdicom/sr_document.dcm", "highdicom/sr_document_with_multiple_groups.dcm")
    reports = [reading((folder / name).read_bytes()) for name in names]
    assert [len(each.groups) for each in reports] == [1, 1, 4]
    assert [sum(len(one.measurements) for one in each.groups) for each in reports] == [22, 1, 4]
    assert [sum(len(one.evaluations) for one in each.groups) for each in reports] == [0, 0, 5]
    assert all(
        one.value.is_number and one.value.unit for each in reports for g in each.groups for one in g.measurements
    )
