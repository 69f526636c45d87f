"""Each finding of the catalogue comes in from FHIR, DICOM SR and DICOM SEG under its own key, and stands with ours."""

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from pydicom import Dataset
from pydicom.sr.coding import Code
from sqlalchemy import Engine, select

from imaging.catalogue import DCM, OWN, RADLEX, SNOMED, Entry, entries
from imaging.findings.base import Finding
from tests.builders import bundle, patient
from tests.unit.imaging.report_files import code, document, group, node, segmentation
from twin import intake
from twin.forecast.background import Finding as Shown
from twin.forecast.background import findings
from twin.importers.base import Context
from twin.importers.content import Content
from twin.importers.fhir.imaging import UNREAD
from twin.importers.finding import NO_KEY
from twin.importers.report import Report
from twin.intake import Asked
from twin.scan import found, stating
from twin.store import records, studies
from twin.store.studies import NewSeries
from twin.store.tables import patient as patients

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
ROWS = entries()
ABSENT, NOT_EVALUATED = "272519000", "373121007"  # SNOMED CT, DICOM PS3.16 CID 240
each_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.key)
WHO = {"reference": "Patient/p1"}


def coded(row: Entry) -> tuple[str, str, str, str]:
    """What another system sends: a code of SNOMED CT, DICOM or RadLex where there is one, else its own with our name.

    System, designator, code, meaning. A code is sent with words of the sender's, a name with a code of the sender's.
    """
    words = f"as the sender calls it, {len(row.key)}"
    if row.snomed:
        return SNOMED[0], "SCT", row.snomed, words
    if row.dcm:
        return DCM[0], "DCM", row.dcm, words
    if row.radlex:
        return RADLEX[1], "RADLEX", row.radlex, words
    if row.key in row.bare_names and not row.names:
        return OWN, "99PTWIN", row.key, words
    return "urn:sender", "99SENDER", "1", (row.names or (row.key.replace("_", " "),))[0].upper()


def take(engine: Engine, content: bytes, name: str) -> Report:
    return intake.take(
        engine, Content.of(content, name), Asked(source=name, actor="test", context=Context(now=NOW))
    )  # fmt: skip


def read_back(engine: Engine) -> dict[str, list[Shown]]:
    """The findings of the one patient there is, as the page shows them, by key."""
    with engine.connect() as connection:
        (who,) = connection.execute(select(patients.c.id)).scalars()
        shown = findings(records.read_timeline(connection, str(who), NOW))
    told: dict[str, list[Shown]] = {}
    for each in shown:
        told.setdefault(each.key, []).append(each)
    return told


def fhir() -> bytes:
    """Of each finding three results (there, not there, not looked for), a report's conclusion and a diagnosis."""
    made: list[dict[str, Any]] = [patient()]
    conclusions = []
    for row in ROWS:
        system, _, value, words = coded(row)
        concept = {"coding": [{"system": system, "code": value, "display": words}]}
        answers: dict[str, dict[str, Any]] = {
            "there": {"valueBoolean": True},
            "gone": {"valueCodeableConcept": {"coding": [{"system": SNOMED[0], "code": ABSENT, "display": "Absent"}]}},
            "missed": {"dataAbsentReason": {"coding": [{"code": "not-performed"}]}},
        }
        shared = {"status": "final", "subject": WHO, "effectiveDateTime": "2026-01-02T10:00:00Z", "code": concept}
        category = "http://terminology.hl7.org/CodeSystem/observation-category"
        for name, answer in answers.items():
            made.append({
                "resourceType": "Observation", "id": f"{name}-{len(made)}", **shared, **answer,
                "category": [{"coding": [{"system": category, "code": "imaging"}]}],
                "performer": [{"display": name}],
            })  # fmt: skip
        made.append({
            "resourceType": "Condition", "id": f"c-{len(made)}", "subject": WHO, "code": concept,
            "onsetDateTime": "2026-01-02", "asserter": {"display": "diagnosed"},
            "evidence": [{"detail": [{"reference": "ImagingStudy/s1"}]}],
        })  # fmt: skip
        conclusions.append(concept)
    made.append({
        "resourceType": "DiagnosticReport", "id": "r", "status": "final", "subject": WHO, "code": {"text": "CT chest"},
        "effectiveDateTime": "2026-01-02", "conclusionCode": conclusions,
        "category": [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0074", "code": "CT"}]}],
        "resultsInterpreter": [{"display": "concluded"}],
    })  # fmt: skip
    return bundle(*made, kind="collection")


def report() -> bytes:
    """Of each finding a group that has it, and one that judges it absent and then not evaluated."""
    groups: list[Dataset] = []
    for number, row in enumerate(ROWS):
        _, scheme, value, words = coded(row)
        concept = code(value, scheme, words)
        finding = node("CODE", code("121071", "DCM", "Finding"), ConceptCodeSequence=concept)
        judged = [
            node("CODE", concept, ConceptCodeSequence=code(answer, "SCT", word))
            for answer, word in ((ABSENT, "Absent"), (NOT_EVALUATED, "Not evaluated"))
        ]
        groups += [group(finding, tracking=f"1.2.{number}.1"), group(*judged, tracking=f"1.2.{number}.2")]
    return document(*groups)


def outlined() -> bytes:
    """Of each finding a segment; the last has no voxel."""
    planes = np.zeros((2, 10, 7, len(ROWS)), bool)
    planes[0, 2, 3, :-1] = True
    named = []
    for number, row in enumerate(ROWS, start=1):
        _, scheme, value, words = coded(row)
        named.append((number, f"segment {number}", Code(value, scheme, words)))
    abnormal = Code("49755003", "SCT", "Morphologically abnormal structure")
    return segmentation(planes, segments=named, category=abnormal, omit_empty_frames=False)


@pytest.fixture(scope="module")
def imported(database: Engine) -> dict[str, dict[str, list[Shown]]]:
    """What the patient's page shows after each of the three files, each read into an empty database."""
    return {}


@pytest.fixture
def shown(request: pytest.FixtureRequest, imported: dict[str, dict[str, list[Shown]]]) -> dict[str, list[Shown]]:
    format_key, content, name = request.param
    if format_key not in imported:
        engine: Engine = request.getfixturevalue("engine")
        told = take(engine, content(), name)
        assert told.rejected == 0, told.rejects[:3]
        imported[format_key] = read_back(engine)
    return imported[format_key]


@each_row
@pytest.mark.parametrize("shown", [("fhir", fhir, "a.json")], indirect=True, ids=["fhir"])
def test_a_finding_comes_in_from_fhir(row: Entry, shown: dict[str, list[Shown]]) -> None:
    told = sorted((each.said_by, each.detail) for each in shown[row.key])
    assert told == [
        ("concluded", "present"), ("diagnosed", "present"), ("gone", "absent"), ("missed", "not_evaluated"),
        ("there", "present"),
    ]  # fmt: skip


@each_row
@pytest.mark.parametrize("shown", [("sr", report, "a.dcm")], indirect=True, ids=["sr"])
def test_a_finding_comes_in_from_a_structured_report(row: Entry, shown: dict[str, list[Shown]]) -> None:
    assert sorted(str(each.detail) for each in shown[row.key]) == ["absent", "not_evaluated", "present"]


@each_row
@pytest.mark.parametrize("shown", [("seg", outlined, "a.dcm")], indirect=True, ids=["seg"])
def test_a_finding_comes_in_from_a_segmentation(row: Entry, shown: dict[str, list[Shown]]) -> None:
    (told,) = shown[row.key]
    assert told.detail == ("undetermined" if row == ROWS[-1] else "0.001 mL")


def effusion(answer: str, **more: Any) -> bytes:
    """A patient with one result on a pleural effusion."""
    category = "http://terminology.hl7.org/CodeSystem/observation-category"
    concept = {"coding": [{"system": SNOMED[0], "code": "60046008"}]} | more.pop("code", {})
    result = {
        "resourceType": "Observation", "id": "effusion", "status": "final", "subject": WHO, "code": concept,
        "effectiveDateTime": "2026-01-02T10:00:00Z",
        "category": [{"coding": [{"system": category, "code": "imaging"}]}],
        "performer": [{"display": "Reader"}], "valueString": answer,
    }  # fmt: skip
    return bundle(patient(), result | more, kind="collection")


def test_what_another_system_says_stands_beside_what_our_own_code_found(engine: Engine) -> None:
    report = take(engine, effusion("absent"), "other")
    assert report.import_id is not None
    (who,) = report.patients
    seen = Finding(
        key="pleural_effusion", rank=1, score=31.5, unit="mL", centre_lps_mm=(0, 0, 0), method="own",
        box_lps_mm=((0, 0, 0), (1, 1, 1)),
    )  # fmt: skip
    series = NewSeries(
        series_uid="1.2.3",
        study_uid="1.2",
        modality="CT",
        acquired_at=NOW,
        described={"manufacturer": "Scanner"},
        tags={},
    )
    with engine.begin() as connection:
        study, _ = studies.open_series(connection, series, patient_id=who, import_id=report.import_id, now=NOW)
        drafts = found.drafts(study, [seen], NOW)
        stating.state(connection, study, stating.MEASURES, "1", drafts, who, report.import_id, NOW)
    shown = {each.said_by: each.detail for each in read_back(engine)["pleural_effusion"]}
    assert shown == {"Reader": "absent", "Scanner": "31.500 mL"}
    take(engine, effusion("present"), "other")
    shown = {each.said_by: each.detail for each in read_back(engine)["pleural_effusion"]}
    assert shown == {"Reader": "present", "Scanner": "31.500 mL"}, "a correction supersedes its own statement only"


def test_a_result_taken_back_takes_its_finding_back(engine: Engine) -> None:
    take(engine, effusion("present"), "other")
    take(engine, effusion("present", status="entered-in-error"), "other")
    assert "pleural_effusion" not in read_back(engine)


SNOWMAN = {"coding": [{"system": "urn:sender", "code": "7", "display": "Snowman"}]}


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"code": SNOWMAN, "valueBoolean": True}, NO_KEY),
        ({"valueString": "tiny, as before"}, UNREAD),
        ({"code": {"text": "No pleural effusion"}, "valueBoolean": True}, NO_KEY),
    ],
    ids=["no name of ours", "an answer in free words", "words that deny"],
)  # fmt: skip
def test_a_finding_without_key_stays_as_it_was_and_is_counted(
    engine: Engine, more: dict[str, Any], reason: str
) -> None:  # fmt: skip
    content = effusion("", **({"valueString": None} | more))
    report = take(engine, content, "other")
    assert report.facts == 1
    assert [(each.reason, each.count) for each in report.said if each.outcome == "not_used"] == [(reason, 1)]
    assert read_back(engine) == {}


@pytest.mark.parametrize("kind", ["laboratory", "exam"])
def test_what_was_not_seen_in_images_is_no_finding_of_images(engine: Engine, kind: str) -> None:
    category = [{"coding": [{"code": kind}]}]
    assert take(engine, effusion("present", category=category), "other").facts == 1
    assert read_back(engine) == {}


def test_a_refuted_diagnosis_is_an_absent_finding(engine: Engine) -> None:
    told = {"resourceType": "Condition", "id": "c", "subject": WHO, "onsetDateTime": "2026-01-02",
            "code": {"coding": [{"system": RADLEX[1], "code": "RID5352"}]}}  # fmt: skip
    for certainty, detail in (("refuted", "absent"), ("provisional", "undetermined"), ("confirmed", "present")):
        status = {"verificationStatus": {"coding": [{"code": certainty}]}}
        take(engine, bundle(patient(), told | status, kind="collection"), "other")
        assert [each.detail for each in read_back(engine)["pneumothorax"]] == [detail]


def test_a_section_that_only_asks_states_no_finding(engine: Engine) -> None:
    concept = code("60046008", "SCT", "Pleural effusion")
    asked = node("CODE", code("121071", "DCM", "Finding"), ConceptCodeSequence=concept)
    reasons = node("CONTAINER", code("121109", "DCM", "Indications for Procedure"), children=[asked])
    take(engine, document(reasons), "a.dcm")
    assert "pleural_effusion" not in read_back(engine)
