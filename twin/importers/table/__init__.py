"""Tables (CSV, TSV, Excel, Parquet) to items, one a row, by a mapping that says what their columns mean."""

from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO

from twin.errors import TwinError
from twin.importers.base import Context, Importer, Item
from twin.importers.content import Content
from twin.importers.table.fit import Fit
from twin.importers.table.grid import PARQUET_MAGIC, ZIP_MAGIC
from twin.importers.table.opening import is_table
from twin.importers.table.preview import Preview, preview
from twin.importers.table.reading import fits_of, items_of, unused
from twin.importers.table.spec import TableSpec

__all__ = ["IMPORTER", "Preview", "declares_shifted", "order", "preview", "read_items"]

_NO_SHEET = "no table of the mapping fits this sheet"


def read_items(content: Content, context: Context) -> Iterator[Item]:
    """Yield the items of every table in a file by the mapping that the context names, or the ready one that fits.

    Raises:
        UnreadableInput: damaged, the mapping isn't understood, or it fits no table of the file.
    """
    for grid, fitted in fits_of(content, context.mapping):
        if fitted is None:
            yield from unused(grid, grid.name, _NO_SHEET)
        else:
            yield from items_of(fitted, content, context)


def declares_shifted(content: Content, context: Context) -> bool:
    """True where the mapping that reads this file says that its source shifts its dates (`[dates] shifted = true`)."""
    try:
        return any(found.mapping.dates.shifted for _, found in fits_of(_beginning(content), context.mapping) if found)
    except TwinError:
        return False  # reading it says what is wrong


def order(content: Content) -> int:
    """Return 0 for a table that introduces patients, 1 for the others, as far as the ready mappings know it."""
    try:
        fitted = fits_of(_beginning(content), None)
    except TwinError:
        return 1
    return 0 if any(_introduces(found) for _, found in fitted if found) else 1


def _beginning(content: Content) -> Content:
    """Return enough of a file to tell its table: the first bytes of a text, which may have gigabytes."""
    if content.head.startswith((PARQUET_MAGIC, ZIP_MAGIC)):
        return content
    return replace(content, size=len(content.head), opener=lambda: BytesIO(content.head))


def _introduces(fitted: Fit) -> bool:
    return isinstance(fitted.spec, TableSpec) and fitted.spec.patient.is_introduced


IMPORTER = Importer(
    key="table",
    title="Table (CSV, TSV, Excel, Parquet) with a mapping",
    recognises=is_table,
    read=read_items,
    order=order,
)
