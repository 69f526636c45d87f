"""Which rows stand in a Parquet file? Read by row groups, every value as text."""

from collections.abc import Iterator
from datetime import date, datetime, time
from decimal import Decimal
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from twin.errors import UnreadableInput
from twin.importers.content import Content
from twin.importers.table.grid import Grid, Row

_BATCH = 10_000  # rows in memory together
_MAX_GROUP_BYTES = 2**30  # a row group is unpacked whole; writers make 64 to 512 MB


def grid_of(content: Content) -> Grid:
    """Return a Parquet file as rows, its column names as the first.

    Raises:
        UnreadableInput: damaged, encrypted, or a row group beyond the bound.
    """
    with content.open() as file:
        _opened(file)
    return Grid(name="", rows=lambda: _rows(content))


def text_of(value: object) -> str:
    """Return a typed value as text: nothing for a null, whole numbers without a point, times by ISO 8601."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, (date, time)):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return str(value)


def _opened(file: BinaryIO) -> pq.ParquetFile:
    try:
        found = pq.ParquetFile(file)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise UnreadableInput(f"a damaged or protected Parquet file ({type(error).__name__})") from None
    metadata = found.metadata
    largest = max((metadata.row_group(index).total_byte_size for index in range(metadata.num_row_groups)), default=0)
    if largest > _MAX_GROUP_BYTES:
        raise UnreadableInput(f"a Parquet row group of more than {_MAX_GROUP_BYTES // 2**20} MB; write smaller ones")
    return found


def _rows(content: Content) -> Iterator[Row]:
    with content.open() as file:
        parquet = _opened(file)
        yield Row(1, list(parquet.schema_arrow.names), None)
        above = 1
        for group in range(parquet.num_row_groups):
            number = above
            try:
                for batch in parquet.iter_batches(batch_size=_BATCH, row_groups=[group]):
                    columns = [_texts(column) for column in batch.columns]
                    for cells in zip(*columns, strict=True):
                        number += 1
                        yield Row(number, list(cells), None)
            except (pa.ArrowException, OSError, ValueError, OverflowError) as error:
                detail = f"the rest of a row group can't be read ({type(error).__name__})"
                yield Row(number + 1, [], ("damaged", detail))
            above += parquet.metadata.row_group(group).num_rows


def _texts(column: pa.Array) -> list[str]:
    if pa.types.is_floating(column.type) and column.type.bit_width < 64:
        return [_shortest(text) for text in column.cast(pa.string()).to_pylist()]
    if pa.types.is_timestamp(column.type) and column.type.unit == "ns":
        column = column.cast(pa.timestamp("us", column.type.tz), safe=False)
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    return [text_of(value) for value in column.to_pylist()]


def _shortest(text: str | None) -> str:
    """A single-precision number as it was meant: 0.1, not 0.10000000149."""
    return "" if text is None else text.removesuffix(".0")
