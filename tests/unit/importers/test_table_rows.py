"""A row becomes a fact, a reject or not used; its name tells a correction from another result."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from tests.unit.importers.table_files import LABS, NAMELESS, NOW, items, labs
from twin.importers.base import Context, Item
from twin.importers.content import Content
from twin.importers.table import read_items
from twin.record.fact import Coding
from twin.record.timeline import Identifier

ROW = "7,1,2160-0,Creatinine,72.50,umol/L,2020-01-02 08:30,S1"
INLINE = LABS.replace('system = "urn:mrn" }]', 'system = "urn:mrn" }]\npatient.name = "name of"\npatient.sex = "sex"')


def one(found: list[Item]) -> Item:
    assert len(found) == 1
    return found[0]


def test_a_row_is_a_fact_digit_for_digit() -> None:
    item = one(items(labs(ROW)))
    fact = item.facts[0]
    assert (item.key, item.where, item.kind) == ("labs/7", "row 2", "labs")
    assert item.subject is not None
    assert item.subject.keys == ("patient/urn:mrn|1",)
    assert item.subject.identifiers == (Identifier(system="urn:mrn", value="1"),)
    assert fact.coding == Coding(system="http://loinc.org", code="2160-0", display="Creatinine")
    assert (fact.value_kind, fact.value, fact.unit, fact.status) == ("number", "72.50", "umol/L", "final")
    assert fact.observed_at == datetime(2020, 1, 2, 8, 30, tzinfo=UTC)
    assert (fact.known_at, fact.known_basis) == (fact.observed_at, "observed")


def test_leading_zeros_and_the_text_na_stay() -> None:
    item = one(items(labs("007,0012,2160-0,,NA,,2020-01-02,")))
    assert item.key == "labs/007"
    assert item.subject is not None
    assert item.subject.keys == ("patient/urn:mrn|0012",)
    assert (item.facts[0].value_kind, item.facts[0].value) == ("text", "NA")


def test_an_empty_result_is_a_fact_without_a_value() -> None:
    fact = one(items(labs("7,1,2160-0,Creatinine,,umol/L,2020-01-02,"))).facts[0]
    assert (fact.value_kind, fact.value, fact.unit) == ("none", None, None)


def test_clock_times_are_those_of_the_zone_and_days_have_none() -> None:
    later = "8,1,2160-0,,1,,2020-01-03,"
    clock, day = items(labs(ROW, later), zone=ZoneInfo("Asia/Shanghai"))
    assert clock.facts[0].observed_at == datetime(2020, 1, 2, 0, 30, tzinfo=UTC)
    assert day.facts[0].observed_at == datetime(2020, 1, 3, tzinfo=UTC)


def test_the_mapping_s_zone_comes_before_the_context_s() -> None:
    item = one(items(labs(ROW), f'time_zone = "Asia/Shanghai"\n{LABS}'))
    assert item.facts[0].observed_at == datetime(2020, 1, 2, 0, 30, tzinfo=UTC)


def test_the_report_time_is_when_it_was_known_and_never_before_it_was_true() -> None:
    mapping = LABS + 'known = "sample"\n'
    told, early = items(labs(ROW.replace("S1", "2020-01-03 09:00"), ROW.replace("S1", "2020-01-01")), mapping)
    assert (told.facts[0].known_at, told.facts[0].known_basis) == (datetime(2020, 1, 3, 9, tzinfo=UTC), "issued")
    assert early.facts[0].known_at == early.facts[0].observed_at


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("7,1,,,1,,2020-01-02,", "no_code"),
        ("7,1,2160-0,,1,,,", "no_date"),
        ("7,1,2160-0,,1,,02/03/2020,", "bad_date"),
        ("7,1,2160-0,,1,,2020-02-30,", "bad_date"),
        ("7,1,2160-0,,1", "bad_row"),
        ("7,1,2160-0,,1,,2020-01-02,,more", "bad_row"),
    ],
)
def test_a_row_that_can_t_be_a_fact_is_a_reject_and_the_rest_goes_on(row: str, reason: str) -> None:
    bad, good = items(labs(row, ROW))
    assert bad.reject is not None
    assert (bad.reject.reason, bad.reject.where) == (reason, "row 2")
    assert good.facts
    again = items(bad.body)
    assert [each.reject and each.reject.reason for each in again] == [reason]


def test_a_refused_row_has_the_name_it_would_have_as_a_fact() -> None:
    number, made_up = (one(items(labs(ROW.replace("2160-0", "")), each)) for each in (LABS, NAMELESS))
    assert number.key == "labs/7"
    assert made_up.key.startswith("labs/urn:mrn|1|2020-01-02")
    assert one(items(labs(ROW.replace("2020-01-02 08:30", "soon")))).key == "labs/7"


def test_cells_beyond_the_header_that_are_empty_do_no_harm() -> None:
    assert one(items(labs(ROW + ",,"))).facts


def test_an_empty_row_is_told() -> None:
    assert [each.not_used for each in items(labs(",,,,,,,", ROW))] == ["an empty row", None]


def test_every_item_reads_again_from_what_is_kept_of_it() -> None:
    text = labs(ROW, '8,2,718-7,"Hb, total",<5,g/L,2020-01-02,"S ""2"""')
    for item in items(text):
        again = one(items(item.body, name="request"))
        assert (again.key, again.fingerprint) == (item.key, item.fingerprint)


def test_the_same_row_in_another_export_is_the_same_item() -> None:
    other = "extra,at,mrn,id,code,name,unit,value,sample\nx,2020-01-02T08:30,1,7,2160-0,Creatinine,umol/L,72.50,S1\n"
    first, second = one(items(labs(ROW))), one(items(other))
    assert (first.key, first.fingerprint) == (second.key, second.fingerprint)


def test_a_corrected_value_has_the_same_key_and_other_content() -> None:
    for mapping in (LABS, NAMELESS):
        first, second = (one(items(labs(row), mapping)) for row in (ROW, ROW.replace("72.50", "75.20")))
        assert first.key == second.key
        assert first.fingerprint != second.fingerprint


def test_a_changed_mapping_makes_a_row_another_version() -> None:
    constant = LABS.replace('unit = "unit"', 'constant_unit = "mg/dL"')
    assert one(items(labs(ROW))).fingerprint != one(items(labs(ROW), constant)).fingerprint


def test_a_row_that_stands_twice_is_one_item() -> None:
    first, second = items(labs(ROW, ROW), NAMELESS)
    assert (first.key, first.fingerprint) == (second.key, second.fingerprint)


def test_two_results_of_one_name_are_both_kept_whatever_their_order() -> None:
    other = ROW.replace("72.50", "75.20")
    there, back = items(labs(ROW, other, ROW), NAMELESS), items(labs(other, ROW), NAMELESS)
    assert len({each.key for each in there}) == 2
    assert {each.key for each in there} == {each.key for each in back}
    assert one(items(labs(ROW), NAMELESS)).key not in {each.key for each in there}
    for item in there:
        again = one(items(item.body, NAMELESS))
        assert (again.key, again.fingerprint, again.body) == (item.key, item.fingerprint, item.body)


def test_another_sample_is_another_result() -> None:
    first, second = items(labs(ROW, ROW.replace("S1", "S2").replace("72.50", "75.20")), NAMELESS)
    assert first.key != second.key
    assert "#" not in first.key + second.key


def test_of_versions_in_one_file_the_last_state_stands_whatever_their_order() -> None:
    mapping = NAMELESS.replace('specimen = "sample"\n', "") + 'status = "sample"\n'
    rows = (ROW.replace("S1", "preliminary"), ROW.replace("S1", "corrected").replace("72.50", "75.20"))
    for order in (rows, rows[::-1]):
        found = items(labs(*order), mapping)
        assert [each.facts[0].value for each in found if each.facts] == ["75.20"]
        assert [each.not_used for each in found if not each.facts] == [
            "an earlier version of a result that stands in this file too"
        ]


def test_a_version_column_orders_rows_of_one_number() -> None:
    mapping = LABS + 'version = "sample"\n'
    rows = (ROW.replace("S1", "2020-01-05"), ROW.replace("S1", "2020-01-04").replace("72.50", "75.20"))
    found = items(labs(*rows), mapping)
    assert [(each.facts[0].value, each.version_at) for each in found if each.facts] == [
        ("72.50", datetime(2020, 1, 5, tzinfo=UTC))
    ]


def test_a_patient_in_the_rows_is_told_once_before_the_first_fact() -> None:
    text = "id,mrn,code,name,value,unit,at,sample,name of,sex\n" + "".join(
        f"{n},{mrn},2160-0,,1,,2020-01-02,,{name},{sex}\n"
        for n, mrn, name, sex in ((1, 5, "Ann", ""), (2, 5, "Ann", ""), (3, 6, "Bo", "male"), (4, 5, "Ann", "female"))
    )
    found = items(text, INLINE)
    assert [each.kind for each in found] == ["patient", "labs", "labs", "patient", "labs", "patient", "labs"]
    told = [each.patient for each in found if each.patient]
    assert [(each.name, each.sex) for each in told] == [("Ann", "unknown"), ("Bo", "male"), ("Ann", "female")]


def test_one_number_for_two_people_is_refused() -> None:
    text = "id,mrn,code,name,value,unit,at,sample,name of,sex\n" + "".join(
        f"{n},5,2160-0,,1,,2020-01-02,,Ann,{sex}\n" for n, sex in ((1, "female"), (2, "male"), (3, "female"))
    )
    found = items(text, INLINE)
    assert [each.reject.reason if each.reject else each.kind for each in found] == [
        "patient", "labs", "two_patients", "labs",
    ]  # fmt: skip


def test_a_patient_without_the_birth_day_has_no_birth_date() -> None:
    mapping = """
    [tables.person]
    kind = "patient"
    [tables.person.patient]
    ids = [{ column = "id" }]
    birth_parts = ["y", "m", "d"]
    died = "dead"
    """
    found = items("id,y,m,d,dead\n1,1960,5,4,\n2,1960,,,2021-02-03\n,1960,1,1,\n", mapping, name="person.csv")
    assert [each.patient.birth_date for each in found if each.patient] == [date(1960, 5, 4), None]
    assert [fact.kind for fact in found[1].facts] == ["death"]
    assert found[2].reject is not None
    assert found[2].reject.reason == "no_patient_id"


def test_a_wide_table_gives_an_item_for_each_cell_with_a_result() -> None:
    mapping = """
    [tables.wide]
    kind = "observation"
    patient.ids = [{ column = "mrn" }]
    observed = "at"
    [tables.wide.columns.ALT]
    code = "1742-6"
    unit = "U/L"
    [tables.wide.columns.CREA]
    code = "2160-0"
    unit = "mg/dL"
    """
    found = items("mrn,at,ALT,CREA,note\n1,2020-01-02,45.0,,x\n1,2020-01-03,>900,1.1,\n1,2020-01-04,,,\n", mapping)
    assert [(each.where, each.facts[0].value, each.facts[0].unit) for each in found if each.facts] == [
        ("row 2, column ALT", "45.0", "U/L"),
        ("row 3, column ALT", "900", "U/L"),
        ("row 3, column CREA", "1.1", "mg/dL"),
    ]
    assert found[1].facts[0].comparator == ">"
    assert found[3].not_used == "no result in this row"
    for item in found[:3]:
        assert [(each.key, each.fingerprint) for each in items(item.body, mapping)] == [(item.key, item.fingerprint)]


def test_rows_may_be_declared_not_used() -> None:
    mapping = LABS + 'not_used = [{ column = "sample", values = ["QC"], reason = "a control sample" }]\n'
    assert [each.not_used for each in items(labs(ROW.replace("S1", "QC"), ROW), mapping)] == ["a control sample", None]


def test_what_names_nobody_is_named_after_the_patient_that_was_said() -> None:
    mapping = LABS.replace('patient.ids = [{ column = "mrn", system = "urn:mrn" }]\n', "").replace('row = "id"\n', "")
    content = Content.of(labs(ROW).encode(), "labs.csv")

    def key(patient: str) -> str:
        return one(list(read_items(content, Context(now=NOW, mapping=mapping, patient=patient)))).key

    assert key("a") != key("b")
