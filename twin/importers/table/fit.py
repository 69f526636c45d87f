"""Which table of which mapping is this, by its header and its file's name?"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from collections.abc import Mapping as Map
from dataclasses import dataclass
from itertools import islice

from twin.errors import UnreadableInput
from twin.importers.content import Content
from twin.importers.table.grid import Grid, Row
from twin.importers.table.mapping import load, nearest, ready
from twin.importers.table.spec import Fitted, IgnoredSpec, LookupSpec, Mapping, TableSpec

_ENDINGS = re.compile(r"(\.(csv|tsv|txt|psv|tab|xlsx|xlsm|parquet|pq|gz|zip))+$")
ABOVE = 10  # title lines that may stand above a header
_SHOWN = 30  # column names that an error lists


_Score = tuple[bool, int, int]


@dataclass(frozen=True, kw_only=True, slots=True)
class Fit:
    """A grid, the part of a mapping that it is, and where its header stands."""

    grid: Grid
    mapping: Mapping
    name: str
    spec: Fitted
    titles: tuple[str, ...]
    """The header as it stands."""
    header: tuple[str, ...]
    """The header as names are compared (`plain`)."""
    header_row: int


def plain(name: str) -> str:
    """Return a name of a column or file as names are compared: case, width and spare blanks don't count."""
    return " ".join(unicodedata.normalize("NFKC", name).strip('\ufeff \t\r\n"').casefold().split())


def stem(base_name: str) -> str:
    """Return a file's name without folder and endings: `labevents` for `LABEVENTS.csv.gz`."""
    return _ENDINGS.sub("", plain(base_name))


def mappings_for(given: str | None) -> tuple[Mapping, ...]:
    """Return the mapping that a context names, or all ready ones.

    Raises:
        UnreadableInput: it is not understood.
    """
    return (load(given),) if given is not None else tuple(ready().values())


def fit(grid: Grid, file_name: str, mappings: Sequence[Mapping]) -> Fit | None:
    """Return the table that fits a grid best: by its name and header before its header alone; None where none does.

    Raises:
        UnreadableInput: two tables fit equally well.
    """
    own = frozenset({stem(grid.name), stem(file_name)} - {""})
    for row in islice(grid.rows(), ABOVE):
        header = tuple(plain(cell) for cell in row.cells)
        found = _candidates(mappings, frozenset(header), own) if row.fault is None else []
        if found:
            best, mapping, name, spec = found[0]
            rivals = [each for each in found[1:] if each[0] == best and isinstance(each[3], TableSpec)]
            if rivals and isinstance(spec, TableSpec):
                names = ", ".join((name, *(rival[2] for rival in rivals)))
                raise UnreadableInput(f"several tables have these columns ({names}): name the file like the one it is")
            return Fit(
                grid=grid, mapping=mapping, name=name, spec=spec, titles=tuple(row.cells), header=header,
                header_row=row.number,
            )  # fmt: skip
    return None


def misfit(grids: Sequence[Grid], mappings: Sequence[Mapping]) -> UnreadableInput:
    """Return the error that tells which columns are there and what was looked for."""
    columns = _columns_of(grids)
    shown = ", ".join(repr(each[:40]) for each in columns[:_SHOWN]) or "none"
    more = f" and {len(columns) - _SHOWN} more" if len(columns) > _SHOWN else ""
    if len(mappings) == 1:
        wanted = _missing(mappings[0], [plain(each) for each in columns])
        return UnreadableInput(f"no table of the mapping fits these columns: {shown}{more}{wanted}")
    return UnreadableInput(
        f"no ready mapping ({', '.join(ready())}) fits these columns: {shown}{more}; name one, or a mapping.toml of"
        " your own, with the import (docs/tables.md)"
    )


def sibling(content: Content, lookup: LookupSpec, name: str) -> Content | None:
    """Return the file beside this one that holds a lookup table, by its name without endings."""
    wanted = _stems(name, lookup)
    for base_name, found in content.beside().items():
        if stem(base_name) in wanted or stem(found.base_name) in wanted:
            return found
    return None


def _stems(name: str, spec: Fitted) -> frozenset[str]:
    """Return the names that a table's files have: those it declares, else its own."""
    return frozenset(stem(each) for each in spec.files or (name,))


def _candidates(
    mappings: Sequence[Mapping], there: frozenset[str], own: frozenset[str]
) -> list[tuple[_Score, Mapping, str, Fitted]]:
    """Return what fits, the best first."""
    scored = (
        (_score(name, spec, there, own, only=len(mappings) == 1 and len(mapping.tables) == 1), mapping, name, spec)
        for mapping in mappings
        for name, spec in _entries(mapping)
    )
    found = [(score, mapping, name, spec) for score, mapping, name, spec in scored if score is not None]
    return sorted(found, key=lambda each: each[0], reverse=True)


def _entries(mapping: Mapping) -> Iterable[tuple[str, Fitted]]:
    parts: tuple[Map[str, TableSpec] | Map[str, LookupSpec] | Map[str, IgnoredSpec], ...] = (
        mapping.tables, mapping.lookups, mapping.not_used,
    )  # fmt: skip
    for part in parts:
        yield from part.items()


def _score(name: str, spec: Fitted, there: frozenset[str], own: frozenset[str], *, only: bool) -> _Score | None:
    """Return how well a part of a mapping fits (named so, columns of its header, looked-up ones); None: not at all."""
    is_named = bool(own & _stems(name, spec))
    wanted = {plain(each) for each in spec.header}
    joined = sum(is_joined(each, spec.joins) for each in there) if isinstance(spec, TableSpec) else 0
    if wanted:
        return (is_named, len(wanted), joined) if wanted <= there else None
    if is_named and spec.files:
        return True, 0, joined
    if isinstance(spec, TableSpec) and (only or not spec.files):
        choices = [{plain(each) for each in choice} for choice in needed(spec)]
        if choices and all(choice & there for choice in choices):
            return False, len(choices), joined
    return None


def needed(spec: TableSpec) -> list[tuple[str, ...]]:
    """Return the choices of own columns of which one each must be there: patient, code or results, time."""
    ids = tuple(each for one in spec.patient.ids for each in one.column)
    codes = tuple(each for one in spec.codes for each in one.code)
    times = spec.observed.column or spec.observed.offset_minutes
    joined = tuple(spec.joins)
    choices = [ids, codes, times if spec.kind != "patient" else ()]
    if spec.columns:
        choices.append(tuple(spec.columns))
    return [choice for choice in choices if choice and not any(is_joined(each, joined) for each in choice)]


def is_joined(column: str, joins: Iterable[str]) -> bool:
    """True where a name means a column of a looked-up row: `join.column`."""
    return "." in column and column.split(".", 1)[0] in joins


def _columns_of(grids: Sequence[Grid]) -> list[str]:
    for grid in grids:
        rows: Iterable[Row] = islice(grid.rows(), ABOVE)
        for row in rows:
            if sum(bool(cell.strip()) for cell in row.cells) > 1:
                return [cell.strip() for cell in row.cells if cell.strip()]
    return []


def _missing(mapping: Mapping, there: list[str]) -> str:
    """Tell which columns the table that comes nearest misses, each with the nearest name that is there."""
    best: tuple[int, list[str], str] | None = None
    for name, spec in mapping.tables.items():
        choices = [(each,) for each in spec.header] or needed(spec)
        lacking = ["/".join(choice) for choice in choices if not {plain(each) for each in choice} & set(there)]
        if best is None or len(lacking) < best[0]:
            best = len(lacking), lacking, name
    if best is None or not best[1]:
        return ""
    told = (f"{each!r}{nearest(plain(each.split('/')[0]), there)}" for each in best[1][:5])
    return f"; table {best[2]!r} misses {', '.join(told)}"
