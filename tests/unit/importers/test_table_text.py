"""What is a table, in which encoding and with which delimiter; and what becomes of damaged lines."""

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.importers.table_files import HEADER, LABS, items, labs
from twin.errors import TwinError, UnreadableInput
from twin.importers.content import Content
from twin.importers.table.delimited import MAX_LINE
from twin.importers.table.encoding import of_content
from twin.importers.table.opening import is_table

ROW = "7,1,2160-0,肌酐,72.50,μmol/L,2020-01-02,血清"
CHINESE = labs(*(ROW.replace("7,", f"{n},", 1) for n in range(9)))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_an_encoding_is_found_by_itself(encoding: str) -> None:
    found = items(CHINESE.encode(encoding))
    assert len(found) == 9
    assert found[0].facts[0].coding.display == "肌酐"
    assert found[0].facts[0].unit == "μmol/L"


def test_a_declared_encoding_is_taken() -> None:
    text = labs(ROW.replace("肌酐", "Größe").replace("血清", "").replace("μ", "µ"))
    assert items(text.encode("cp1252"), f'encoding = "cp1252"\n{LABS}')[0].facts[0].coding.display == "Größe"


def test_an_unknown_encoding_is_refused_with_the_byte_where_it_ends() -> None:
    text = labs(*(ROW.replace("肌酐", "クレアチニン").replace("μ", "u").replace("血清", "") for _ in range(9)))
    mangled = text.encode("shift_jis") + b"\xff\xff"
    with pytest.raises(UnreadableInput, match=rf"not UTF-8 \(wrong at byte {len(HEADER) + 1 + len('7,1,2160-0,')}\)"):
        items(mangled)


def test_western_text_is_not_taken_for_chinese() -> None:
    assert of_content(Content.of("naïve,café\nélan,über\n".encode("latin-1")), None) == "utf-8"


def test_a_damaged_byte_costs_one_row() -> None:
    mangled = CHINESE.encode().replace("3,1,2160-0,肌酐".encode(), b"3,1,2160-0,\xff\xff")
    found = items(mangled)
    assert [each.reject.reason for each in found if each.reject] == ["bad_encoding"]
    assert sum(bool(each.facts) for each in found) == 8


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_delimiter_and_any_line_end_are_found(delimiter: str, end: str) -> None:
    found = items(CHINESE.replace(",", delimiter).replace("\n", end))
    assert sum(bool(each.facts) for each in found) == 9


def test_title_lines_above_the_header_are_told() -> None:
    found = items("City hospital,,,,,,,\n\n" + CHINESE)
    assert [each.not_used for each in found][:2] == ["stands above the header", None]


def test_a_quoted_field_may_hold_delimiters_quotes_and_line_ends() -> None:
    found = items(labs('7,1,2160-0,"a ""b"",\nc",1,,2020-01-02,', ROW))
    assert [each.facts[0].coding.display for each in found] == ['a "b",\nc', "肌酐"]


def test_a_quote_that_is_never_closed_costs_one_row() -> None:
    rows = (ROW.replace("7,", f"{n},", 1) for n in range(400))
    found = items(labs(ROW, '8,1,2160-0,"open,1,,2020-01-02,', *rows))
    assert [each.reject.reason for each in found if each.reject] == ["bad_row"]
    assert sum(bool(each.facts) for each in found) == 401


def test_a_field_beyond_the_csv_module_s_limit_is_read() -> None:
    long = "x" * 200_000
    assert items(labs(f'7,1,2160-0,"{long}",1,,2020-01-02,', ROW))[1].facts


def test_a_line_without_end_costs_one_row_and_no_memory() -> None:
    mangled = labs(ROW).encode() + b"8," + b"y" * (20 * MAX_LINE) + b"\n" + ROW.encode()
    tracemalloc.start()
    found = items(mangled)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [each.reject.reason if each.reject else "fact" for each in found] == ["fact", "too_long", "fact"]
    assert len(found[1].body) < 2_000
    assert peak < 12 * MAX_LINE


@pytest.mark.parametrize(
    ("head", "name", "expected"),
    [
        (b"mrn,code,value\n1,2,3\n", "x", True),
        (b"a;b\n1;2\n", "x", True),
        (b"person_id,cohort\n", "cohort.csv", True),
        ("检验结果导出\n姓名,结果\n王,1\n".encode("gb18030"), "x.csv", True),
        (b"PAR1....", "x", True),
        (b"PK\x03\x04....xl/workbook.xml", "x", True),
        (b"PK\x03\x04....word/document.xml", "x.docx", False),
        (b"MSH|^~\\&|A|B\rPID|1||2\r", "x.csv", False),
        (b'{"a": 1, "b": 2}\n', "x", False),
        (b"<a>1,2</a>\n<b>1,2</b>\n", "x", False),
        (b"##fileformat=VCFv4.2\n#CHROM\tPOS\n1\t2\n", "x", False),
        (b"Dear colleague,\nwe saw him today\nand he is well\n", "letter.txt", False),
        (b"1,2,3\n4,5,6\n", "x.csv", False),
        (b"\x00\x01\x02\x03\x04\x05\x06\x07\x08", "x.csv", False),
        (b"", "x.csv", False),
    ],
)
def test_a_table_is_known_by_its_first_bytes(head: bytes, name: str, expected: bool) -> None:
    assert is_table(head, name) is expected


@given(
    st.lists(
        st.sampled_from(["1", "2020-01-02", "x", '"', ",", "\n", "\r", "\x00", "\ufeff", "\ufffd", "肌", "=", "<5"])
    )
)
def test_no_text_below_a_header_crashes(parts: list[str]) -> None:
    for mapping in (LABS, LABS.replace('row = "id"\n', "")):
        for item in items(HEADER + "\n" + "".join(parts), mapping):
            assert item.facts or item.reject or item.not_used


def test_zero_bytes_below_a_plain_header_are_no_utf_16() -> None:
    """Every second byte of the rest being zero does not make the header two bytes a character."""
    assert [each for each in items(HEADER + "\n\x001\x001\x00", LABS)]


@given(st.binary(max_size=200))
def test_no_bytes_crash(given: bytes) -> None:
    for head in (b"", b"\xff\xfe", b"PAR1", b"PK\x03\x04", HEADER.encode() + b"\n"):
        is_table(head + given, "x.csv")
        try:
            items(head + given)
        except TwinError:
            continue
