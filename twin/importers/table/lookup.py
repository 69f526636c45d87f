"""What does a sibling table say of the codes and visits that this table names by number?"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from twin.errors import TooLarge, UnreadableInput
from twin.importers.content import Content
from twin.importers.table.fit import ABOVE, Fit, plain, sibling
from twin.importers.table.grid import Row
from twin.importers.table.layout import Cells, choices
from twin.importers.table.mapping import nearest
from twin.importers.table.opening import grids_of
from twin.importers.table.spec import Mapping, TableSpec

_MAX_KEYS = 5_000_000  # different numbers that one table may look up; they are held in memory
Found = dict[tuple[str, ...], tuple[str, ...]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Joins:
    """What to append to a row: for each join the places of its key, what was found, and what stands for not found."""

    names: tuple[str, ...]
    steps: tuple[tuple[tuple[int, ...], Found, tuple[str, ...]], ...]
    absent: tuple[str, ...]
    """Lookup tables that are not beside the file."""

    def extended(self, cells: list[str]) -> list[str]:
        """Return a row with its looked-up columns."""
        if not self.steps:
            return cells
        row = list(cells)
        for places, found, nothing in self.steps:
            row.extend(found.get(tuple([cells[place].strip() for place in places]), nothing))
        return row


def joins_of(fitted: Fit, spec: TableSpec, content: Content) -> Joins:
    """Return what a table looks up, read from the files beside it: only what its rows name is kept.

    A row that carries looked-up columns already (`join.column`, as a refused row is kept) looks nothing up.

    Raises:
        UnreadableInput: a lookup table lacks a column that the mapping names.
    """
    header = {name: place for place, name in enumerate(fitted.header)}
    wanted = _wanted(spec, header)
    asked: dict[str, list[str]] = {}
    for name, columns in wanted.items():
        known = asked.setdefault(spec.joins[name].lookup, [])
        known.extend(each for each in columns if each not in known)
    places = {
        name: tuple(header[plain(each)] for each in spec.joins[name].by)
        for name in wanted
        if all(plain(each) in header for each in spec.joins[name].by)
    }
    keys = _keys(fitted, {name: (spec.joins[name].lookup, where) for name, where in places.items()})
    found: dict[str, Found | None] = {
        lookup: _read(fitted.mapping, lookup, columns, keys.get(lookup, set()), content)
        for lookup, columns in asked.items()
    }
    names: list[str] = []
    steps = []
    for name in places:
        lookup = spec.joins[name].lookup
        columns = asked[lookup]
        names.extend(plain(f"{name}.{each}") for each in columns)
        steps.append((places[name], found[lookup] or {}, ("",) * len(columns)))
    absent = tuple(lookup for lookup, rows in found.items() if rows is None)
    return Joins(names=tuple(names), steps=tuple(steps), absent=absent)


def _wanted(spec: TableSpec, header: dict[str, int]) -> dict[str, list[str]]:
    """Return, for each join that a row needs, the columns of the lookup table that the mapping names."""
    wanted: dict[str, list[str]] = {}
    for choice in choices(spec):
        for each in choice:
            join, _, column = each.partition(".")
            if column and join in spec.joins and plain(each) not in header:
                known = wanted.setdefault(join, [])
                if plain(column) not in known:
                    known.append(plain(column))
    return wanted


def _keys(fitted: Fit, joins: dict[str, tuple[str, tuple[int, ...]]]) -> dict[str, set[tuple[str, ...]]]:
    """Return the keys that the rows name, of each lookup table: it may have millions of rows, few are needed."""
    keys: dict[str, set[tuple[str, ...]]] = {lookup: set() for lookup, _ in joins.values()}
    steps = [(keys[lookup], places, max(places)) for lookup, places in joins.values()]
    if not steps:
        return keys
    for row in fitted.grid.rows():
        for known, places, last in steps:
            if last < len(row.cells):
                known.add(tuple(row.cells[place].strip() for place in places))
    if any(len(each) > _MAX_KEYS for each in keys.values()):
        raise TooLarge(f"the table looks up more than {_MAX_KEYS:,} different numbers; import it in parts")
    return keys


def _read(
    mapping: Mapping, name: str, columns: Sequence[str], keys: set[tuple[str, ...]], content: Content
) -> Found | None:
    """Return the rows of a lookup table that are asked for, the first where a key stands twice; None: no such file."""
    spec = mapping.lookups[name]
    file = sibling(content, spec, name)
    if file is None:
        return None
    found: Found = {}
    for grid in grids_of(file, mapping):
        rows = grid.rows()
        header = _header(rows, [plain(each) for each in (*spec.key, *spec.header)])
        if header is None:
            continue
        take_key = _taking([header.index(plain(each)) for each in spec.key])
        take = _taking([_place(mapping, name, header, each) for each in columns])
        for row in rows:
            key = take_key(row.cells)
            if key in keys and key not in found and row.fault is None:
                found[key] = take(row.cells)
    return found


def _header(rows: Iterator[Row], wanted: Sequence[str]) -> list[str] | None:
    for row in islice(rows, ABOVE):
        header = [plain(cell) for cell in row.cells]
        if set(wanted) <= set(header):
            return header
    return None


def _place(mapping: Mapping, name: str, header: list[str], column: str) -> int | None:
    if column in header:
        return header.index(column)
    if mapping.missing_columns == "refuse":
        raise UnreadableInput(f"lookup {name!r}: no column {column!r}{nearest(column, header)}")
    return None


def _taking(places: Sequence[int | None]) -> Callable[[Cells], tuple[str, ...]]:
    def take(cells: Cells) -> tuple[str, ...]:
        return tuple(cells[place].strip() if place is not None and place < len(cells) else "" for place in places)

    return take
