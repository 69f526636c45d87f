"""What an OBX states: values, units, times, status, and the name by which a correction finds it."""

import base64
import binascii
from datetime import UTC, datetime

import pytest

from tests.unit.importers.hl7v2_messages import MSH, OBR, PID, SHANGHAI, fact, fates, items, obx, result
from twin.importers.base import Item
from twin.record.fact import Coding

LOINC = "http://loinc.org"


@pytest.mark.parametrize(
    ("kind", "said", "read"),
    [
        ("NM", "88", ("number", "88", None)),
        ("NM", "72.50", ("number", "72.50", None)),
        ("NM", "-.5", ("number", "-.5", None)),
        ("NM", "<0.10", ("number", "0.10", "<")),
        ("NM", ">= 90", ("number", "90", ">=")),
        ("NM", "HEMOLYSED", ("text", "HEMOLYSED", None)),
        ("NM", "1,234", ("text", "1,234", None)),
        ("NM", "\uff15", ("text", "\uff15", None)),
        ("NM", "", ("none", None, None)),
        ("NM", '""', ("none", None, None)),
        ("SN", "<^5", ("number", "5", "<")),
        ("SN", "^5", ("number", "5", None)),
        ("SN", "=^5", ("number", "5", None)),
        ("SN", "<>^5", ("text", "<>5", None)),
        ("SN", "^1^:^128", ("text", "1:128", None)),
        ("SN", ">^1^:^128", ("text", ">1:128", None)),
        ("SN", "^1^-^2", ("text", "1-2", None)),
        ("SN", "^2^+", ("text", "2+", None)),
        ("ST", "5.8", ("number", "5.8", None)),
        ("ST", "<5", ("number", "5", "<")),
        ("ST", "0042", ("text", "0042", None)),
        ("ST", "Negative", ("text", "Negative", None)),
        ("", "Negative", ("text", "Negative", None)),
        ("TX", "seen \\T\\ signed", ("text", "seen & signed", None)),
        ("TX", "5", ("text", "5", None)),
        ("FT", "one\\.br\\two", ("text", "one\ntwo", None)),
        ("TX", "one~two", ("text", "one\ntwo", None)),
        ("TX", "a^b & c", ("text", "a^b & c", None)),
        ("DT", "20200101", ("text", "20200101", None)),
        ("TM", "223100", ("text", "223100", None)),
        ("NR", "1^10", ("text", "1-10", None)),
        ("DR", "2020^2021", ("text", "2020/2021", None)),
        ("IS", "Y", ("code", "Y", None)),
        ("CWE", "^free text", ("text", "free text", None)),
        ("RP", "https://a/b^^IM^DCM", ("text", "https://a/b^^IM^DCM", None)),
        ("XPN", "Muster^Erika", ("text", "Muster^Erika", None)),
    ],
)
def test_a_value_is_read_by_its_type(kind: str, said: str, read: tuple[str, str | None, str | None]) -> None:
    found = fact(obx(said, kind))
    assert (found.value_kind, found.value, found.comparator) == read


def test_a_coded_value_keeps_the_coding_that_others_know() -> None:
    found = fact(obx("P^Positive^L^10828004^Positive (qualifier value)^SCT", "CWE"))
    assert (found.value_kind, found.value) == ("code", "10828004")
    assert found.value_coding == Coding(
        system="http://snomed.info/sct", code="10828004", display="Positive (qualifier value)"
    )


def test_each_repetition_of_a_value_is_a_fact_with_its_part() -> None:
    (item,) = result(obx("27~25"))
    assert [(found.value, found.part) for found in item.facts] == [("27", "value[0]"), ("25", "value[1]")]


@pytest.mark.parametrize(
    ("said", "unit"),
    [
        ("mg/dL", "mg/dL"),
        ("mg/dL^milligram per decilitre^UCUM", "mg/dL"),
        ("MGDL^mg per dl^L^mg/dL^^UCUM", "mg/dL"),
        ("1^ML^METRIC", "ML"),
        ("10\\S\\9/L", "10^9/L"),
        ("10^9/L", "10^9/L"),
        ("x10^9/L", "x10^9/L"),
        ("^per cent", "per cent"),
        ("mm(hg)^^ISO+", "mm(hg)"),
        ("", None),
        ('""', None),
    ],
)
def test_a_unit_is_kept_as_received(said: str, unit: str | None) -> None:
    assert fact(obx("5", unit=said)).unit == unit


@pytest.mark.parametrize(
    ("said", "system"),
    [
        ("2160-0^Creatinine^LN", LOINC),
        ("271649006^BP^SCT", "http://snomed.info/sct"),
        ("CREA^Creatinine^L", "urn:patient-twin:local:LAB"),
        ("CREA^Creatinine", "urn:patient-twin:local:LAB"),
        ("CREA^Creatinine^99LIS", "urn:patient-twin:local:99LIS"),
        ("CREA^Creatinine^1.2.840.1", "urn:oid:1.2.840.1"),
        ("A^B^HL70080", "http://terminology.hl7.org/CodeSystem/v2-0080"),
        ("CREA^Creatinine^^^^^^^^^^^^1.2.840.2", "urn:oid:1.2.840.2"),
    ],
)
def test_a_code_has_the_system_its_sender_names(said: str, system: str) -> None:
    assert fact(obx("5", code=said)).coding.system == system


def test_a_code_that_others_know_comes_before_the_laboratorys_own() -> None:
    found = fact(obx("5", code="CREA^Krea^L^2160-0^Creatinine^LN"))
    assert found.coding == Coding(system=LOINC, code="2160-0", display="Creatinine")
    assert found.other_codings == (Coding(system="urn:patient-twin:local:LAB", code="CREA", display="Krea"),)


@pytest.mark.parametrize(
    ("status", "read"),
    [
        ("F", "final"), ("C", "corrected"), ("P", "preliminary"), ("R", "preliminary"), ("S", "preliminary"),
        ("I", "registered"), ("X", "cancelled"), ("D", "entered-in-error"), ("W", "entered-in-error"),
        ("U", "final"), ("A", "amended"), ("?", "unknown"), ("", "unknown"),
    ],
)  # fmt: skip
def test_a_status_is_that_of_obx_11(status: str, read: str) -> None:
    assert fact(obx("5", status=status)).status == read


def test_where_obx_11_is_empty_the_report_has_the_status() -> None:
    found = items(MSH, PID, OBR + "|" * 18 + "F", obx("5", status=""))[-1]
    assert found.facts[0].status == "final"


def test_an_order_detail_is_not_a_result() -> None:
    assert result(obx("5", status="O"))[0].not_used


def test_a_status_without_its_value_is_refused_for_it_would_empty_the_result() -> None:
    (item,) = result(obx("", status="U"))
    assert item.reject is not None
    assert item.reject.reason == "status_only"


# -------------------------------------------------------------------------------------------------------- times


def timed(*lines: str, **more: object) -> tuple[datetime, datetime, str]:
    found = items(*lines, **more)[-1].facts[0]  # type: ignore[arg-type]
    return found.observed_at, found.known_at, found.known_basis


def at(day: int, hour: int = 0, minute: int = 0, second: int = 0) -> datetime:
    return datetime(2020, 1, day, hour, minute, second, tzinfo=UTC)


def test_a_result_is_known_when_it_was_reported() -> None:
    order = f"{OBR}|||||||||||||||20200101093000"
    assert timed(MSH, PID, order, obx("5")) == (at(1, 8), at(1, 9, 30), "issued")


def test_without_a_report_time_a_result_is_known_by_its_message() -> None:
    assert timed(MSH, PID, OBR, obx("5")) == (at(1, 8), at(2, 3, 4, 5), "message")


def test_without_any_other_time_a_result_is_known_when_it_was_true() -> None:
    assert timed(MSH.replace("20200102030405", ""), PID, OBR, obx("5")) == (at(1, 8), at(1, 8), "observed")


def test_a_result_is_never_known_before_it_was_true() -> None:
    assert timed(MSH, PID, OBR, obx("5", at="20200105"))[1] == at(5)


def test_obx_14_comes_before_the_orders_time_and_the_specimens() -> None:
    spm = "SPM|1|||SER|||||||||||||20200101070000^20200101070500"
    order = OBR.replace("20200101080000", "")
    assert timed(MSH, PID, OBR, obx("5", at="20200101060000"))[0] == at(1, 6)
    found = [item for item in items(MSH, PID, order, obx("5"), spm) if item.facts]
    assert found[0].facts[0].observed_at == at(1, 7)


def test_a_time_without_an_offset_is_read_in_the_zone_of_its_source() -> None:
    assert timed(MSH, PID, OBR, obx("5"), context=SHANGHAI)[:2] == (
        at(1, 0),
        datetime(2020, 1, 1, 19, 4, 5, tzinfo=UTC),
    )


def test_the_offset_of_the_message_holds_for_its_times_without_one() -> None:
    header = MSH.replace("20200102030405", "20200102030405-0500")
    assert timed(header, PID, OBR, obx("5"), context=SHANGHAI)[0] == at(1, 13)
    assert timed(header, PID, OBR, obx("5", at="20200101080000+0200"), context=SHANGHAI)[0] == at(1, 6)


def test_noughts_are_no_time() -> None:
    assert timed(MSH, PID, OBR, obx("5", at="00000000"))[0] == at(1, 8)


@pytest.mark.parametrize("said", ["20201340", "yesterday", "20200101080000+9900", "9" * 40])
def test_a_time_that_is_none_is_refused(said: str) -> None:
    (item,) = result(obx("5", at=said))
    assert item.reject is not None
    assert (item.reject.reason, said in item.reject.detail) == ("invalid", False)


def test_a_result_that_no_time_is_known_of_is_refused() -> None:
    assert fates(items(MSH, PID, OBR.replace("20200101080000", ""), obx("5")))["MSH[1].OBX[1]"] == "no_date_or_code"


def test_a_result_of_nothing_is_refused() -> None:
    assert fates(items(MSH, PID, OBR, obx("5", code="")))["MSH[1].OBX[1]"] == "no_date_or_code"


# --------------------------------------------------------------------------------------------------------- keys


def only(*lines: str) -> Item:
    (item,) = (each for each in items(*lines) if each.kind == "OBX")
    return item


def test_a_corrected_result_has_the_same_key_and_other_content() -> None:
    first = only(MSH, PID, OBR, obx("88"))
    second = only(MSH.replace("|7|", "|8|").replace("0405", "0900"), PID, OBR, obx("98", status="C", number="4"))
    assert second.key == first.key
    assert second.fingerprint != first.fingerprint


def test_a_message_that_is_sent_again_has_the_same_items() -> None:
    first = only(MSH, PID, OBR, obx("88"))
    again = only(MSH.replace("|7|", "|8|").replace("0405", "0900"), PID, OBR, obx("88", number="4"))
    assert (again.key, again.fingerprint) == (first.key, first.fingerprint)


@pytest.mark.parametrize(
    "other",
    [
        (MSH, PID, OBR.replace("F9", "F10"), obx("88")),
        (MSH, PID, OBR, obx("88", code="3094-0^Urea^LN")),
        (MSH, PID, OBR, obx("88", sub="2")),
        (MSH, PID, OBR, obx("88", at="20200101090000")),
        (MSH, PID.replace("100", "101"), OBR, obx("88")),
    ],
    ids=["order", "code", "sub-id", "time", "patient"],
)
def test_another_result_has_another_key(other: tuple[str, ...]) -> None:
    assert only(*other).key != only(MSH, PID, OBR, obx("88")).key


def test_results_that_only_their_number_tells_apart_are_told_apart_by_it() -> None:
    first, second = result(obx("88"), obx("90", number="2"))
    assert first.key != second.key
    assert {item.key for item in result(obx("88"), obx("91", number="2", status="C"))} == {first.key, second.key}


def test_results_that_nothing_tells_apart_are_told_apart_by_their_content() -> None:
    keys = [item.key for item in result(obx("88", number=""), obx("90", number=""), obx("88", number=""))]
    assert keys[0] == keys[2] != keys[1]


def test_a_key_is_short_however_long_its_parts_are() -> None:
    found = only(MSH, PID, OBR.replace("F9", "F" * 190 + "^" + "G" * 190), obx("88", sub="S" * 190))
    assert found.reject is None
    assert len(found.key.encode()) < 1_000


def test_a_code_longer_than_any_real_one_is_refused() -> None:
    assert fates(items(MSH, PID, OBR, obx("5", code="x" * 5_000)))["MSH[1].OBX[1]"] == "invalid"


# -------------------------------------------------------------------------------------------- texts, attachments


def test_lines_of_one_text_are_one_fact() -> None:
    code = "FIND^Findings^L"
    first, second, third = result(
        obx("No mass.", "TX", code=code),
        obx("", "TX", code=code, number="2"),
        obx("Heart normal.", "TX", code=code, number="3"),
    )
    assert [found.value for found in first.facts] == ["No mass.\n\nHeart normal."]
    assert (second.not_used, third.not_used) == ("OBX: read with OBX[1]", "OBX: read with OBX[1]")


def test_lines_with_a_sub_id_of_their_own_are_facts_of_their_own() -> None:
    assert [len(item.facts) for item in result(obx("a", "TX", sub="1"), obx("b", "TX", sub="2"))] == [1, 1]


def test_a_text_without_a_code_is_the_report_that_was_asked_for() -> None:
    found = fact(obx("Normal.", "TX", code=""))
    assert (found.kind, found.coding.code, found.value) == ("report", "24323-8", "Normal.")


def embedded(kind: str, encoding: str, data: str) -> str:
    return obx(f"LAB^{kind}^^{encoding}^{data}", "ED", unit="")


def test_a_text_in_base64_is_read() -> None:
    assert fact(embedded("TEXT", "Base64", base64.b64encode("Befund: ü".encode()).decode())).value == "Befund: ü"


def test_a_text_in_hexadecimal_is_read() -> None:
    assert fact(embedded("TEXT", "Hex", b"abc".hex())).value == "abc"


def test_a_document_that_is_no_text_is_named() -> None:
    (item,) = result(embedded("application^PDF".replace("^", "/"), "Base64", base64.b64encode(b"%PDF-1.4").decode()))
    assert item.not_used == "OBX: a document (application/PDF); only texts are read"


def test_a_damaged_document_is_refused() -> None:
    (item,) = result(embedded("TEXT", "Base64", "a"))
    assert item.reject is not None
    assert item.reject.reason == "invalid"


def uuencoded(content: bytes) -> str:
    lines = [binascii.b2a_uu(content[at : at + 45]).decode().rstrip("\n") for at in range(0, len(content), 45)]
    text = "\n".join(["begin 644 a.txt", *lines, "`", "end"])
    for mark, letter in (("\\", "E"), ("|", "F"), ("^", "S"), ("&", "T"), ("~", "R")):
        text = text.replace(mark, f"\\{letter}\\")
    return text.replace("\n", "\\X0D0A\\")


def test_an_uuencoded_text_is_read() -> None:
    words = b"Impression: no change since the last examination. " * 5
    assert fact(obx(uuencoded(words), "TX", unit="")).value == words.decode()


def test_an_uuencoded_document_is_named() -> None:
    (item,) = result(obx(uuencoded(b"%PDF-1.4\0"), "TX"))
    assert item.not_used == "OBX: a document (uuencoded, 9 bytes); only texts are read"
