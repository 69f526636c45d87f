"""Which tables stand in a file, and which items do they hold?"""

from collections.abc import Iterator

from twin.importers.base import Context, Item
from twin.importers.content import Content
from twin.importers.table.fit import Fit, fit, mappings_for, misfit
from twin.importers.table.grid import Grid
from twin.importers.table.opening import grids_of
from twin.importers.table.received import fingerprint_of_text
from twin.importers.table.rows import rows_of
from twin.importers.table.spec import IgnoredSpec, LookupSpec, Mapping, TableSpec


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


def items_of(fitted: Fit, content: Content, context: Context) -> Iterator[Item]:
    """Yield the items of one table in the order of its rows; a patient who stands in a row comes before its fact.

    Raises:
        UnreadableInput: a column that the mapping names isn't there.
    """
    spec = fitted.spec
    if isinstance(spec, TableSpec):
        yield from rows_of(fitted, spec, content, context)
    elif isinstance(spec, LookupSpec):
        yield from unused(fitted.grid, fitted.name, _lookers(fitted.mapping, fitted.name), after=fitted.header_row)
    elif isinstance(spec, IgnoredSpec):
        yield from unused(fitted.grid, fitted.name, spec.reason, after=fitted.header_row)


def unused(grid: Grid, name: str, reason: str, *, after: int = 0) -> Iterator[Item]:
    """Yield every row below the header as not used."""
    for row in grid.rows():
        if row.number != after:
            fingerprint = fingerprint_of_text(*row.cells)
            yield Item(
                key=f"{name}#{fingerprint}", fingerprint=fingerprint, kind=name, where=grid.where(row.number),
                not_used=reason,
            )  # fmt: skip


def _lookers(mapping: Mapping, lookup: str) -> str:
    by = [name for name, table in mapping.tables.items() if any(join.lookup == lookup for join in table.joins.values())]
    return f"looked up by {', '.join(by)}" if by else "a lookup table"
