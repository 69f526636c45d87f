"""Small tables for tests, made here: say only what the test is about."""

import io
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, tzinfo

import pyarrow as pa
import pyarrow.parquet as pq
from openpyxl import Workbook

from twin.importers.base import Context, Item
from twin.importers.content import Content
from twin.importers.table import read_items

NOW = datetime(2026, 11, 22, tzinfo=UTC)
LABS = """
[tables.labs]
kind = "observation"
row = "id"
patient.ids = [{ column = "mrn", system = "urn:mrn" }]
codes = [{ code = "code", system = "http://loinc.org", display = "name" }]
value = { column = "value", unit = "unit" }
observed = "at"
"""
"""A mapping of a long table with a number in every row."""
NAMELESS = LABS.replace('row = "id"\n', 'specimen = "sample"\n')
"""The same without a number: rows are named by patient, code, time and sample."""
HEADER = "id,mrn,code,name,value,unit,at,sample"


def labs(*rows: str) -> str:
    """A table of that mapping."""
    return "\n".join((HEADER, *rows)) + "\n"


def items(
    text: str | bytes | Content,
    mapping: str | None = LABS,
    *,
    name: str = "labs.csv",
    beside: Mapping[str, str] | None = None,
    zone: tzinfo = UTC,
) -> list[Item]:
    """What a table reads to."""
    if isinstance(text, Content):
        content = text
    else:
        content = content_of(text, name, beside or {})
    return list(read_items(content, Context(now=NOW, zone=zone, mapping=mapping)))


def content_of(text: str | bytes, name: str, beside: Mapping[str, str]) -> Content:
    """A file with the files that lie beside it."""
    siblings = {other: Content.of(each.encode(), other) for other, each in beside.items()}
    given = text.encode() if isinstance(text, str) else text
    return Content(name=name, size=len(given), opener=lambda: io.BytesIO(given), beside=lambda: siblings)


def workbook(sheets: Mapping[str, Sequence[Sequence[object]]], merged: Sequence[str] = ()) -> bytes:
    """An Excel workbook of these sheets; `merged` ranges are of the first."""
    book = Workbook()
    assert book.active is not None
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
    for each in merged:
        book.worksheets[0].merge_cells(each)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def parquet(columns: Mapping[str, Sequence[object] | pa.Array], group: int = 1_000) -> bytes:
    """A Parquet file of these columns."""
    out = io.BytesIO()
    pq.write_table(pa.table(dict(columns)), out, row_group_size=group)
    return out.getvalue()
