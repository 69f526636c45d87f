"""Workbooks and Parquet files read to the same items as the same table in CSV."""

import io
import zipfile
from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.unit.importers.table_files import HEADER, items, labs, parquet, workbook
from twin.errors import TwinError, UnreadableInput
from twin.importers.table.opening import is_table

TITLES = HEADER.split(",")
ROW = ("007", "0012", "2160-0", "Creatinine", "72.50", "umol/L", datetime(2020, 1, 2, 8, 30), "S1")
TEXT = labs("007,0012,2160-0,Creatinine,72.50,umol/L,2020-01-02 08:30,S1")


def columns(*rows: tuple[object, ...]) -> dict[str, list[object]]:
    return {title: [row[place] for row in rows] for place, title in enumerate(TITLES)}


def test_a_workbook_and_a_parquet_file_read_as_the_csv_does() -> None:
    [expected] = items(TEXT)
    for given in (workbook({"labs": [TITLES, ROW]}), parquet(columns(ROW))):
        assert is_table(given[:65_536], "labs")
        [found] = items(given)
        assert (found.key, found.fingerprint, found.facts[0].value) == (expected.key, expected.fingerprint, "72.50")
        [again] = items(found.body)
        assert (again.key, again.fingerprint) == (found.key, found.fingerprint)


def test_numbers_of_a_workbook_are_text_without_a_false_point() -> None:
    [item] = items(workbook({"a": [TITLES, (7, 12, "2160-0", "", 72.5, None, date(2020, 1, 2), True)]}))
    fact = item.facts[0]
    assert (item.key, fact.value, fact.unit) == ("labs/7", "72.5", None)
    assert fact.observed_at == datetime(2020, 1, 2, tzinfo=UTC)


def test_sheets_are_named_and_one_that_fits_nothing_is_told() -> None:
    found = items(workbook({"May": [TITLES, ROW], "Legend": [("a", "b"), (1, 2)], "June": [TITLES, ROW[:7]]}))
    assert [(each.where, bool(each.facts), each.not_used) for each in found] == [
        ("May row 2", True, None),
        ("Legend row 1", False, "no table of the mapping fits this sheet"),
        ("Legend row 2", False, "no table of the mapping fits this sheet"),
        ("June row 2", True, None),
    ]


def test_merged_cells_belong_to_every_row_they_span() -> None:
    rows = [TITLES, ROW, ("8", None, *ROW[2:]), ("9", "0013", *ROW[2:])]
    found = items(workbook({"labs": rows}, merged=["B2:B3"]))
    assert [each.subject.keys[0] for each in found if each.subject] == [
        "patient/urn:mrn|0012", "patient/urn:mrn|0012", "patient/urn:mrn|0013",
    ]  # fmt: skip


def test_a_formula_that_was_never_calculated_is_refused() -> None:
    found = items(workbook({"labs": [TITLES, (*ROW[:4], "=35*2", *ROW[5:]), ROW]}))
    assert [each.reject.reason if each.reject else "fact" for each in found] == ["formula", "fact"]


def test_types_of_a_parquet_file_are_read_as_they_are_written() -> None:
    given = parquet(
        {
            "id": [1.0, 2.0, None],
            "mrn": [12, 12, 12],
            "code": pa.array(["a", "b", "a"]).dictionary_encode(),
            "name": [True, None, False],
            "value": pa.array([Decimal("72.50"), Decimal("0.10"), None]),
            "unit": pa.array([0.1, 2.0, None], pa.float32()),
            "at": pa.array([datetime(2020, 1, 2, 8, 30)] * 3, pa.timestamp("ns")),
            "sample": [date(2020, 1, 2)] * 3,
        },
        group=2,
    )
    found = items(given)
    assert [(each.key.split("|")[0], each.facts[0].value, each.facts[0].unit) for each in found] == [
        ("labs/1", "72.50", "0.1"), ("labs/2", "0.10", "2"), ("labs/urn:mrn", None, None),
    ]  # fmt: skip
    assert [each.facts[0].coding.display for each in found] == ["true", "", "false"]


@pytest.mark.parametrize("given", [workbook({"labs": [TITLES, ROW]}), parquet(columns(ROW))], ids=["xlsx", "parquet"])
def test_mangled_bytes_never_crash(given: bytes) -> None:
    for position in range(0, len(given), max(1, len(given) // 150)):
        for change in (b"", b"\x00", b"\xff"):
            mangled = given[:position] + change + given[position + 1 :]
            try:
                items(mangled)
            except TwinError:
                continue


def test_a_workbook_that_unpacks_without_bounds_is_refused() -> None:
    book, out = workbook({"labs": [TITLES, ROW]}), io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book)) as given, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for each in given.namelist():
            archive.writestr(each, given.read(each))
        archive.writestr("xl/sharedStrings.xml", b" " * (257 * 2**20))
    with pytest.raises(UnreadableInput, match="export it as CSV"):
        items(out.getvalue())


def test_a_parquet_file_with_a_damaged_row_group_gives_the_others() -> None:
    given = bytearray(parquet(columns(*((str(number), *ROW[1:]) for number in range(60))), group=20))
    damaged = pq.ParquetFile(io.BytesIO(bytes(given))).metadata.row_group(1).column(0)
    start = damaged.dictionary_page_offset or damaged.data_page_offset
    given[start : start + damaged.total_compressed_size] = b"\xff" * damaged.total_compressed_size
    found = items(bytes(given))
    assert [each.where for each in found if each.reject] == ["row 22"]
    assert [each.where for each in found if each.facts] == [f"row {n}" for n in (*range(2, 22), *range(42, 62))]
