"""Tables (CSV, TSV, Excel, Parquet) to items, one a row, by a mapping that says what their columns mean."""

from collections.abc import Iterator

from twin.errors import TwinError
from twin.importers.base import Context, Importer, Item
from twin.importers.content import Content
from twin.importers.table.fit import Fit, fit, mappings_for, misfit
from twin.importers.table.grid import Grid
from twin.importers.table.opening import grids_of, is_table
from twin.importers.table.reading import items_of, unused
from twin.importers.table.spec import TableSpec

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


def fits_of(content: Content, mapping: str | None) -> list[tuple[Grid, Fit | None]]:
    """Return the tables of a file, each with the part of a mapping that it is.

    Raises:
        UnreadableInput: as `read_items`.
    """
    mappings = mappings_for(mapping)
    grids = grids_of(content, mappings[0] if mapping is not None else None)
    fitted = [(grid, fit(grid, content.base_name, mappings)) for grid in grids]
    if not any(found for _, found in fitted):
        raise misfit(grids, mappings)
    return fitted


def declares_shifted(content: Content, context: Context) -> bool:
    """True where the mapping that reads this file says that its source shifts its dates (`[dates] shifted = true`)."""
    try:
        return any(found.mapping.dates.shifted for _, found in fits_of(content, context.mapping) if found)
    except TwinError:
        return False  # reading it says what is wrong


def order(content: Content) -> int:
    """Return 0 for a table that introduces patients, 1 for the others, as far as the ready mappings know it."""
    try:
        fitted = fits_of(content, None)
    except TwinError:
        return 1
    return 0 if any(_introduces(found) for _, found in fitted if found) else 1


def _introduces(fitted: Fit) -> bool:
    return isinstance(fitted.spec, TableSpec) and fitted.spec.patient.is_introduced


IMPORTER = Importer(
    key="table",
    title="Table (CSV, TSV, Excel, Parquet) with a mapping",
    recognises=is_table,
    read=read_items,
    order=order,
)
