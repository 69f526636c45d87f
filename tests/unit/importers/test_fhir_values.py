"""What a FHIR value becomes: digits, units and words as received, and no number that the source did not state."""

from typing import Any

import pytest

from tests.unit.importers.fhir_reading import facts, one, raw, read, result

TITER = {"numerator": {"value": 1}, "denominator": {"value": 64}}
REASON = "http://terminology.hl7.org/CodeSystem/data-absent-reason"


@pytest.mark.parametrize("digits", ["72.50", "0.00000001", "1E-8", "-0", "1.0e2", "1e400", "0"])
def test_a_number_keeps_the_digits_it_was_written_in(digits: str) -> None:
    (item,) = read(raw(digits).encode())
    (fact,) = item.facts
    assert (fact.value_kind, fact.value) == ("number", digits)


def quantity(value: int, unit: str, **more: str) -> dict[str, Any]:
    return {"value": value, "unit": unit, **more}


WAVE = {"origin": {"value": 0}, "period": 10, "dimensions": 1, "data": "1 2 3"}
DOSE = {"numerator": quantity(3, "mg"), "denominator": quantity(2, "mL")}


@pytest.mark.parametrize(
    ("value", "kind", "text", "unit", "comparator"),
    [
        ({"valueQuantity": quantity(5, "mg/dL", comparator="<")}, "number", "5", "mg/dL", "<"),
        ({"valueQuantity": quantity(5, "words", code="x", system="urn:local")}, "number", "5", "words", None),
        ({"valueQuantity": quantity(5, "grams", code="g")}, "number", "5", "g", None),
        ({"valueQuantity": {"unit": "mg/dL"}}, "none", None, None, None),
        ({"valueString": "<5"}, "text", "<5", None, None),
        ({"valueString": ">=1:80"}, "text", ">=1:80", None, None),
        ({"valueString": "1+"}, "text", "1+", None, None),
        ({"valueInteger": 4}, "number", "4", None, None),
        ({"valueBoolean": False}, "code", "false", None, None),
        ({"valueTime": "10:00:00"}, "text", "10:00:00", None, None),
        ({"valueDateTime": "2020-05"}, "text", "2020-05", None, None),
        ({"valueRatio": TITER}, "text", "1:64", None, None),
        ({"valueRatio": DOSE}, "text", "3 mg:2 mL", None, None),
        ({"valueRatio": {"numerator": quantity(3, "mg")}}, "text", "3 mg:?", None, None),
        ({"valueRatio": {}}, "none", None, None, None),
        ({"valueRange": {"low": quantity(2, "g"), "high": quantity(4, "g")}}, "text", "2 - 4 g", None, None),
        ({"valueRange": {"low": quantity(2, "g"), "high": quantity(4, "kg")}}, "text", "2 g - 4 kg", None, None),
        ({"valueRange": {"low": quantity(2, "g")}}, "text", ">=2 g", None, None),
        ({"valueRange": {"high": quantity(4, "g")}}, "text", "<=4 g", None, None),
        ({"valueRange": {}}, "none", None, None, None),
        ({"valuePeriod": {"start": "2020-01-01", "end": "2020-02"}}, "text", "2020-01-01/2020-02", None, None),
        ({"valuePeriod": {}}, "none", None, None, None),
        ({"valueSampledData": WAVE}, "text", "3 samples every 10 ms", None, None),
        ({"valueCodeableConcept": {"text": "cloudy"}}, "text", "cloudy", None, None),
        ({"valueCodeableConcept": {}}, "none", None, None, None),
        ({"valueString": None}, "none", None, None, None),
        ({}, "none", None, None, None),
    ],
)
def test_a_value_is_kept_as_received(
    value: dict[str, Any], kind: str, text: str | None, unit: str | None, comparator: str | None
) -> None:
    (fact,) = facts(result(**value))
    assert (fact.value_kind, fact.value, fact.unit, fact.comparator) == (kind, text, unit, comparator)


def test_a_coded_answer_is_the_one_everybody_knows() -> None:
    local = {"system": "urn:local", "code": "7"}
    snomed = {"system": "http://snomed.info/sct", "code": "260373001", "display": "Detected"}
    (fact,) = facts(result(valueCodeableConcept={"coding": [local, snomed]}))
    assert (fact.value_kind, fact.value) == ("code", "260373001")
    assert fact.value_coding is not None and fact.value_coding.display == "Detected"


def test_an_absent_value_is_none_with_its_reason() -> None:
    (fact,) = facts(result(dataAbsentReason={"coding": [{"system": REASON, "code": "unknown"}]}))
    assert (fact.value_kind, fact.value) == ("none", None)
    assert fact.value_coding is not None and fact.value_coding.code == "unknown"


def test_components_are_facts_of_the_same_item_and_a_panel_without_a_value_is_none() -> None:
    part = {"code": {"coding": [{"system": "http://loinc.org", "code": "8480-6"}]}, "valueQuantity": {"value": 120}}
    absent = {"code": {"text": "diastolic"}, "dataAbsentReason": {"coding": [{"system": REASON, "code": "error"}]}}
    found = facts(result(component=[part, absent]))
    assert [(fact.part, fact.value_kind, fact.value) for fact in found] == [
        ("component[0]", "number", "120"),
        ("component[1]", "none", None),
    ]


@pytest.mark.parametrize(
    "broken",
    [
        {"valueQuantity": {"value": 1}, "valueString": "1"},
        {"valueQuantity": {"value": "1"}},
        {"valueInteger": 1.0},
        {"valueInteger": "1"},
        {"valueBoolean": "true"},
        {"valueTime": "12:05"},
        {"valueString": ""},
        {"valueDateTime": "2020-05-04T10:00:00"},
        {"valuePeriod": {"start": "yesterday"}},
        {"status": "final "},
    ],
)
def test_a_value_that_breaks_the_rule_of_its_type_is_refused_with_its_path(broken: dict[str, Any]) -> None:
    item = one(result(**broken))
    assert item.reject is not None and item.reject.reason == "invalid"
    assert item.facts == () and item.resource is None and item.body


@pytest.mark.parametrize(
    ("effective", "start"),
    [
        ({"effectivePeriod": {"start": "2020-01-02", "end": "2020-01-03"}}, "2020-01-02"),
        ({"effectivePeriod": {"end": "2020-01-03"}}, "2020-01-03"),
        ({"effectiveInstant": "2020-01-04T00:00:00Z"}, "2020-01-04"),
        ({"effectiveTiming": {"event": ["2020-01-06", "2020-01-05"]}}, "2020-01-05"),
        ({"effectiveTiming": {"repeat": {"boundsPeriod": {"start": "2020-01-07"}}}}, "2020-01-07"),
        ({"issued": "2020-01-08T00:00:00Z"}, "2020-01-08"),
    ],
)
def test_every_way_to_say_when_is_read(effective: dict[str, Any], start: str) -> None:
    resource = result(**effective)
    del resource["effectiveDateTime"]
    (fact,) = facts(resource)
    assert fact.observed_at.date().isoformat() == start


def test_a_result_without_any_time_is_refused() -> None:
    resource = result(effectiveTiming={"code": {"text": "daily"}})
    del resource["effectiveDateTime"]
    item = one(resource)
    assert item.reject is not None and item.reject.reason == "no_date_or_code"


@pytest.mark.parametrize("status", ["entered-in-error", "cancelled", "amended", "corrected", "preliminary"])
def test_the_status_of_a_result_is_kept(status: str) -> None:
    (fact,) = facts(result(status=status, valueString="x"))
    assert fact.status == status


def test_a_result_taken_back_reaches_the_record_by_when_it_was_taken_back() -> None:
    resource = result(status="entered-in-error", meta={"lastUpdated": "2021-01-01T00:00:00Z"})
    del resource["effectiveDateTime"]
    (fact,) = facts(resource)
    assert (fact.status, fact.observed_at.year) == ("entered-in-error", 2021)
