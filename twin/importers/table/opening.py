"""Which tables stand in this file, by its first bytes?"""

from twin.errors import UnreadableInput
from twin.importers.content import Content
from twin.importers.table import delimited
from twin.importers.table.grid import PARQUET_MAGIC, ZIP_MAGIC, Grid
from twin.importers.table.spec import Mapping


def grids_of(content: Content, mapping: Mapping | None) -> tuple[Grid, ...]:
    """Return the tables of a file: one, or the sheets of a workbook.

    Raises:
        UnreadableInput: damaged, or no table.
    """
    if content.head.startswith(PARQUET_MAGIC):
        from twin.importers.table import parquet  # 170 MB of library that only this format needs

        return (parquet.grid_of(content),)
    if content.head.startswith(ZIP_MAGIC):
        from twin.importers.table import sheets  # as above: no process that reads no workbook loads it

        return sheets.grids_of(content)
    if not content.head.strip():
        raise UnreadableInput("the file is empty")
    return (delimited.grid_of(content, mapping.encoding if mapping else None, mapping.delimiter if mapping else None),)


def is_table(head: bytes, name: str) -> bool:
    """True where the first bytes are a Parquet file, a workbook or plainly a delimited text."""
    if head.startswith(PARQUET_MAGIC):
        return True
    if head.startswith(ZIP_MAGIC):
        return b"xl/" in head or name.endswith((".xlsx", ".xlsm"))
    return delimited.is_table(head, name)
