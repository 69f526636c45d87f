"""Which rows stand in an Excel workbook (.xlsx)? Read sheet by sheet, row by row, every cell as text."""

import re
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import closing
from datetime import date, datetime, time
from itertools import islice, repeat
from typing import Any, BinaryIO
from xml.etree.ElementTree import ParseError

from openpyxl import load_workbook
from openpyxl.utils import range_boundaries
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.workbook.workbook import Workbook

from twin.errors import TooLarge, UnreadableInput
from twin.importers.content import Content
from twin.importers.table.grid import Grid, Row

MAX_ROWS = 1_048_576  # rows of an Excel sheet
MAX_STRINGS_BYTES = 256 * 2**20  # the table of shared strings is held in memory
MAX_UNPACKED_BYTES = 4 * 2**30
_MAX_MERGED = 100_000  # merged ranges of one sheet that are filled
_BATCH = 1_000
_PIECE = 2**20
_FORMULA = re.compile(rb"<f[ >/]")
_MERGED = re.compile(rb'<mergeCell ref="([A-Z]{1,3}\d{1,7}:[A-Z]{1,3}\d{1,7})"')
_DAMAGE = (  # what openpyxl lets through for files that are not what they say
    KeyError, ValueError, TypeError, IndexError, AttributeError, OverflowError, OSError, EOFError, RuntimeError,
    NotImplementedError, ParseError, zipfile.BadZipFile, zlib.error, InvalidFileException,
)  # fmt: skip


_Ranges = dict[int, list[tuple[int, int]]]
"""First row of a merged range to its (column from 0, last row)."""
_Open = dict[int, tuple[int, str]]
"""Column to the last row and the text of the range that is being filled."""


def grids_of(content: Content) -> tuple[Grid, ...]:
    """Return the sheets of a workbook that hold cells, in their order.

    Merged cells are filled downwards: a patient's name that stands once beside many results belongs to each of them.
    A formula counts as the value that was last calculated.

    Raises:
        UnreadableInput: damaged, protected, or unpacking to more than the bounds.
    """
    with content.open() as file, closing(_opened(file, data_only=True)) as book:
        names = tuple(sheet.title for sheet in book.worksheets)
    return tuple(Grid(name=name, rows=lambda name=name: _rows(content, name), is_ragged=True) for name in names)  # type: ignore[misc]


def _opened(file: BinaryIO, *, data_only: bool) -> Workbook:
    try:
        with zipfile.ZipFile(file) as archive:
            sizes = {each.filename: each.file_size for each in archive.infolist()}
        if sizes.get("xl/sharedStrings.xml", 0) > MAX_STRINGS_BYTES or sum(sizes.values()) > MAX_UNPACKED_BYTES:
            raise TooLarge("a workbook that unpacks to more than this instance accepts; export it as CSV")
        file.seek(0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of styles and extensions that a table does not need
            return load_workbook(file, read_only=True, data_only=data_only, keep_links=False)
    except _DAMAGE as error:
        raise UnreadableInput(f"a damaged or protected workbook ({type(error).__name__})") from None


def _rows(content: Content, name: str) -> Iterator[Row]:
    with content.open() as file, content.open() as again, closing(_opened(file, data_only=True)) as book:
        sheet = book[name]
        try:
            has_formulas, merged = _marks(content, sheet._worksheet_path)  # the only way to a read-only sheet's part
        except _DAMAGE:
            has_formulas, merged = False, {}
        open_ranges: _Open = {}
        formulas: Iterator[Any] = repeat(())  # Any: a cell holds any type
        if has_formulas:
            written = _opened(again, data_only=False)[name]
            written.reset_dimensions()
            formulas = written.iter_rows(values_only=True)
        sheet.reset_dimensions()  # writers lie about them
        number = 0
        try:
            for number, values, formula in _batched(sheet.iter_rows(values_only=True), formulas):
                if number > MAX_ROWS:
                    return
                cells = [_text(value) for value in values]
                if any(cells):
                    _fill(cells, number, merged, open_ranges)
                    yield Row(number, cells, _fault(values, formula))
        except _DAMAGE as error:
            yield Row(number + 1, [], ("damaged", f"the sheet can't be read from here on ({type(error).__name__})"))


def _batched(rows: Iterator[Any], formulas: Iterator[Any]) -> Iterator[tuple[int, Any, Any]]:  # Any: as in `_rows`
    """Yield numbered rows, read some at a time so that warnings about single cells can be put aside."""
    numbered = ((number, row, formula) for number, (row, formula) in enumerate(zip(rows, formulas, strict=False), 1))
    while True:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            batch = list(islice(numbered, _BATCH))
        if not batch:
            return
        yield from batch


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)
    if isinstance(value, datetime):
        return value.replace(microsecond=0).isoformat(sep=" ")
    if isinstance(value, (date, time)):
        return value.isoformat()
    return str(value)


def _fault(values: tuple[object, ...], formulas: tuple[object, ...]) -> tuple[str, str] | None:
    """Tell of a formula without a calculated value: what it would say isn't known."""
    for value, formula in zip(values, formulas, strict=False):
        if value is None and isinstance(formula, str) and formula.startswith("="):
            return "formula", "a formula that was never calculated; open and save the workbook once"
    return None


def _fill(cells: list[str], number: int, merged: _Ranges, open_ranges: _Open) -> None:
    """Write what stands in the first cell of a merged range into the cells below it."""
    for column, (last, text) in list(open_ranges.items()):
        if number > last:
            del open_ranges[column]
        else:
            cells.extend([""] * (column + 1 - len(cells)))
            cells[column] = cells[column] or text
    for column, last in merged.get(number, ()):
        if column < len(cells):
            open_ranges[column] = (last, cells[column])


def _marks(content: Content, part: str) -> tuple[bool, _Ranges]:
    """Return whether a sheet holds formulas, and its merged ranges of more than one row."""
    merged: _Ranges = {}
    has_formulas, tail, found = False, b"", 0
    with content.open() as file, zipfile.ZipFile(file) as archive, archive.open(part.lstrip("/")) as sheet:
        while piece := sheet.read(_PIECE):
            text = tail + piece
            has_formulas = has_formulas or _FORMULA.search(text) is not None
            last = 0
            for match in _MERGED.finditer(text):
                last = match.end()
                column, first, _, final = range_boundaries(match[1].decode())
                found += 1
                if final > first and found <= _MAX_MERGED:
                    merged.setdefault(first, []).append((column - 1, final))
            tail = text[max(last, len(text) - 64) :]
    return has_formulas, merged
