"""Which statements of other systems become findings of ours, and which are left as they were."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from twin.importers.finding import DCM, named, sized
from twin.record.codes import LOINC, OWN_FINDING, SNOMED
from twin.record.fact import Coding, FactDraft

AT = datetime(2026, 1, 2, tzinfo=UTC)
EFFUSION = Coding(system=SNOMED, code="60046008", display="Pleural effusion")
NODULE = Coding(system=SNOMED, code="27925004", display="Nodule")
LUNG = Coding(system=SNOMED, code="39607008", display="Lung")
THYROID = Coding(system=SNOMED, code="69748006", display="Thyroid")


def stated(coding: Coding, **value: Any) -> FactDraft:
    return FactDraft(
        kind="finding",
        coding=coding,
        observed_at=AT,
        known_at=AT,
        known_basis="issued",
        where="1",
        resource="r",
        **value,
    )


def coded(answer: Coding) -> dict[str, Any]:
    return {"value_kind": "code", "value": answer.display, "value_coding": answer}


def told(draft: FactDraft | None) -> tuple[str, str | None] | None:
    return None if draft is None else (draft.coding.code, draft.value)


def test_a_named_finding_keeps_its_codes_beside_our_key() -> None:
    found = named(stated(EFFUSION), is_asserted=True)
    assert found is not None
    assert (found.coding.system, found.coding.code, found.other_codings) == (
        OWN_FINDING,
        "pleural_effusion",
        (EFFUSION,),
    )


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (Coding(system=SNOMED, code="52101004", display="Present"), "present"),
        (Coding(system=DCM, code="121054", display="Absent"), "absent"),
        (Coding(system=LOINC, code="LA32-8", display="No"), "absent"),
        (Coding(system=SNOMED, code="373121007", display="Not evaluated"), "not_evaluated"),
        (Coding(system=SNOMED, code="373068000", display="Undetermined"), "undetermined"),
        (Coding(system="urn:maker", code="7", display="Not present"), "absent"),
    ],
)
def test_an_answer_says_whether_the_finding_is_there(answer: Coding, verdict: str) -> None:
    found = named(stated(EFFUSION, **coded(answer)))
    assert told(found) == ("pleural_effusion", verdict)
    assert found is not None and found.value_coding == answer


@pytest.mark.parametrize(
    "value",
    [
        coded(Coding(system=SNOMED, code="255604002", display="Mild")),
        {"value_kind": "text", "value": "no change of the effusion on the left"},
        {"value_kind": "number", "value": "3", "unit": "%"},
        {"value_kind": "number", "value": "0", "unit": "mL"},
        {"value_kind": "number", "value": "20", "unit": "mL", "comparator": "<"},
        {},
    ],
    ids=["another answer", "a sentence", "no size", "nothing", "less than", "no answer"],
)
def test_an_answer_to_something_else_names_nothing(value: dict[str, Any]) -> None:
    assert named(stated(EFFUSION, **value)) is None


@pytest.mark.parametrize(
    "words", ["No pleural effusion", "Pleural effusion absent", "without pleural effusion", "无胸腔积液"]
)
@pytest.mark.parametrize("coding", [EFFUSION, Coding(system="", code="")], ids=["coded", "words only"])
def test_words_that_deny_never_become_present(words: str, coding: Coding) -> None:
    assert named(stated(replace(coding, display=words)), is_asserted=True) is None
    text = Coding(system="", code="", display=words)
    assert named(replace(stated(EFFUSION), other_codings=(text,)), is_asserted=True) is None


@pytest.mark.parametrize(
    "words", ["small pleural effusion", "pleural effusions or thickening", "effusion", "history of pleural effusion"]
)
def test_other_words_than_the_exact_name_name_nothing(words: str) -> None:
    assert named(stated(Coding(system="", code="", display=words)), is_asserted=True) is None


def test_spelling_of_an_exact_name_may_differ_in_case_and_hyphens() -> None:
    found = named(stated(Coding(system="", code="", display="Ground-Glass  opacity")), is_asserted=True)
    assert told(found) == ("groundglass", "present")


def test_a_bare_name_means_a_finding_only_at_its_own_place() -> None:
    given = [named(stated(NODULE), sites=sites, is_asserted=True) for sites in ((), (LUNG,), (THYROID,))]
    assert [told(each) for each in given] == [None, ("nodule", "present"), None]


def test_a_finding_said_to_be_in_another_part_of_the_body_names_nothing() -> None:
    brain = Coding(system=SNOMED, code="12738006", display="Brain")
    aneurysm = Coding(system=SNOMED, code="85659009", display="Aneurysm")
    assert named(stated(aneurysm), sites=(brain,), is_asserted=True) is None
    assert told(named(stated(EFFUSION), sites=(LUNG,), is_asserted=True)) == ("pleural_effusion", "present")


def test_codes_of_two_findings_name_none() -> None:
    pneumothorax = Coding(system=SNOMED, code="36118008", display="Pneumothorax")
    assert named(replace(stated(EFFUSION), other_codings=(pneumothorax,)), is_asserted=True) is None


def test_the_answer_to_what_was_found_is_the_finding() -> None:
    finding = Coding(system=DCM, code="121071", display="Finding")
    assert told(named(stated(finding, **coded(EFFUSION)))) == ("pleural_effusion", "present")


def test_the_answer_to_another_question_is_no_finding() -> None:
    reason = Coding(system=DCM, code="121109", display="Indications for procedure")
    assert named(stated(reason, **coded(EFFUSION))) is None


def test_side_and_place_stand_in_the_words() -> None:
    left = Coding(system=SNOMED, code="7771000", display="Left")
    found = named(stated(NODULE), sites=(LUNG,), side=left, is_asserted=True)
    assert found is not None and found.coding.display == "Nodule, left lung"


def test_a_size_measured_beside_it_is_the_value_of_a_present_finding() -> None:
    found = named(stated(NODULE), sites=(LUNG,), is_asserted=True)
    assert found is not None
    diameter = replace(
        stated(Coding(system=SNOMED, code="81827009", display="Diameter")),
        kind="observation", value_kind="number", value="8.5", unit="mm", sd=0.5,
    )  # fmt: skip
    made = sized(found, [diameter])
    assert (made.value_kind, made.value, made.unit, made.sd) == ("number", "8.5", "mm", 0.5)
    gone = replace(found, value="absent")
    assert sized(gone, [diameter]) == gone
