"""Values of CDA, by data type: digit for digit, absence never 0."""

import pytest

from tests.unit.importers.ccda_documents import RESULTS, SNOMED, document, fact, facts, result, section


def read(value: str, text: str = "") -> tuple[str, str | None, str | None, str | None]:
    found = fact(RESULTS, result(value), text=text)
    return found.value_kind, found.comparator, found.value, found.unit


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ('<value xsi:type="PQ" value="72.50" unit="umol/L"/>', ("number", None, "72.50", "umol/L")),
        ('<value xsi:type="PQ" value="0" unit="mg/dL"/>', ("number", None, "0", "mg/dL")),
        ('<value xsi:type="PQ" value="&lt; 5" unit="mg/dL"/>', ("number", "<", "5", "mg/dL")),
        ('<value xsi:type="PQ" value="1+"/>', ("text", None, "1+", None)),
        ('<value xsi:type="PQ" nullFlavor="UNK"/>', ("none", None, None, None)),
        ('<value xsi:type="INT" value="15"/>', ("number", None, "15", None)),
        ('<value xsi:type="REAL" value="1.50"/>', ("number", None, "1.50", None)),
        ('<value xsi:type="BL" value="false"/>', ("code", None, "false", None)),
        ('<value xsi:type="ST">Amber</value>', ("text", None, "Amber", None)),
        ('<value xsi:type="ST"/>', ("none", None, None, None)),
        ('<value xsi:type="TS" value="20200101"/>', ("text", None, "20200101", None)),
        ('<value xsi:type="II" root="1.2" extension="a"/>', ("text", None, "1.2^a", None)),
        ('<value value="7" unit="mg/dL"/>', ("number", None, "7", "mg/dL")),
        ("<value>cloudy</value>", ("text", None, "cloudy", None)),
        ('<value xsi:type="CD" nullFlavor="UNK"/>', ("none", None, None, None)),
        ("", ("none", None, None, None)),
    ],
)
def test_a_value_is_kept_as_received(value: str, expected: tuple[str, ...]) -> None:
    assert read(value) == expected


@pytest.mark.parametrize(
    ("ends", "expected"),
    [
        ('<low value="500" unit="mg/dL" inclusive="false"/><high nullFlavor="PINF"/>', ("number", ">", "500", "mg/dL")),
        ('<low value="500" unit="mg/dL"/>', ("number", ">=", "500", "mg/dL")),
        ('<high value="5" unit="mg/dL"/>', ("number", "<=", "5", "mg/dL")),
        ('<low value="0" unit="mg/dL"/><high value="5" unit="mg/dL"/>', ("number", "<=", "5", "mg/dL")),
        ('<low value="3" unit="mg/dL"/><high value="5" unit="mg/dL"/>', ("text", None, "3-5", "mg/dL")),
        ('<low value="3" unit="mg/dL"/><high value="3" unit="mg/dL"/>', ("number", None, "3", "mg/dL")),
        ('<center value="4" unit="mg/dL"/>', ("number", None, "4", "mg/dL")),
        ('<low nullFlavor="NINF"/><high nullFlavor="PINF"/>', ("none", None, None, None)),
    ],
)
def test_an_interval_closed_on_one_side_is_a_comparator(ends: str, expected: tuple[str, ...]) -> None:
    assert read(f'<value xsi:type="IVL_PQ">{ends}</value>') == expected


def test_a_unit_that_is_not_ucum_comes_from_the_translation() -> None:
    value = (
        '<value xsi:type="PQ" nullFlavor="OTH"><translation value="152" nullFlavor="OTH">'
        "<originalText>THOUS/MCL</originalText></translation></value>"
    )
    assert read(value) == ("number", None, "152", "THOUS/MCL")


def test_a_titer_is_a_text() -> None:
    value = '<value xsi:type="RTO"><numerator xsi:type="INT" value="1"/><denominator value="128"/></value>'
    assert read(value) == ("text", None, "1:128", None)


def test_a_coded_value_has_its_coding() -> None:
    found = fact(
        RESULTS, result(f'<value xsi:type="CD" code="10828004" codeSystem="{SNOMED}" displayName="Positive"/>')
    )
    assert found.value_coding is not None
    assert (found.value, found.value_coding.system, found.value_coding.display) == (
        "10828004",
        "http://snomed.info/sct",
        "Positive",
    )


def test_a_value_of_a_null_flavor_takes_its_translation() -> None:
    value = f'<value xsi:type="CD" nullFlavor="OTH"><translation code="10828004" codeSystem="{SNOMED}"/></value>'
    assert read(value) == ("code", None, "10828004", None)


def test_a_text_elsewhere_is_resolved_in_the_narrative() -> None:
    text = '<paragraph ID="r1">The lungs are  clear.</paragraph>'
    assert read('<value xsi:type="ED"><reference value="#r1"/></value>', text)[2] == "The lungs are clear."


def test_without_a_value_the_interpretation_is_kept_as_a_part() -> None:
    judged = '<interpretationCode code="POS" codeSystem="2.16.840.1.113883.5.83"/>'
    found = facts(document(section(RESULTS, result('<value xsi:type="PQ" nullFlavor="NA"/>', more=judged))))
    assert [(each.part, each.value) for each in found] == [("", None), ("interpretation", "POS")]
