"""How would the first rows of this table be read? A dry run that writes nothing."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from typing import Any

from twin.importers.base import Context, Item
from twin.importers.content import Content
from twin.importers.table.fit import Fit, plain
from twin.importers.table.grid import Grid
from twin.importers.table.layout import choices
from twin.importers.table.reading import fits_of, items_of
from twin.importers.table.spec import TableSpec
from twin.record.fact import Absent, FactDraft
from twin.record.quality import derive

ROWS = 20
_HEADINGS = ("where", "patient", "what", "value", "observed", "known", "means", "outcome")
_WIDEST = 36  # characters of one column of the plain rendering


@dataclass(frozen=True, kw_only=True, slots=True)
class PreviewLine:
    """One item as it would be read: what it says, and what that means for us, or why it can't be used."""

    where: str
    outcome: str
    """`fact`, `patient`, `rejected` or `not_used`."""
    reason: str = ""
    patient: str = ""
    system: str = ""
    code: str = ""
    display: str = ""
    comparator: str = ""
    value: str = ""
    unit: str = ""
    observed_at: datetime | None = None
    known_at: datetime | None = None
    known_basis: str = ""
    status: str = ""
    signal: str = ""
    canonical: float | None = None
    quality: str = ""

    def to_json(self) -> dict[str, Any]:
        """The form of the interface; times by ISO 8601."""
        return {
            name: value.isoformat() if isinstance(value, datetime) else value
            for name in self.__slots__
            for value in (getattr(self, name),)
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class TablePreview:
    """The first rows of one table of a file; `unmapped` are the columns that nothing is read from."""

    name: str
    mapping: str
    table: str
    shifted: bool
    unmapped: tuple[str, ...]
    lines: tuple[PreviewLine, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Preview:
    """What an import of this file would read from its first rows."""

    file: str
    tables: tuple[TablePreview, ...]

    def to_json(self) -> dict[str, Any]:
        """The form of `twin import --dry-run --json`."""
        return {
            "file": self.file,
            "tables": [
                {
                    "name": each.name,
                    "mapping": each.mapping,
                    "table": each.table,
                    "shifted_dates": each.shifted,
                    "unmapped_columns": list(each.unmapped),
                    "rows": [line.to_json() for line in each.lines],
                }
                for each in self.tables
            ],
        }

    def render(self) -> str:
        """A plain table for a terminal."""
        return "\n\n".join(_rendered(each) for each in self.tables)


def preview(content: Content, context: Context, rows: int = ROWS) -> Preview:
    """Return how the first `rows` rows of each table in a file would be read.

    Raises:
        UnreadableInput: the file is damaged, or the mapping doesn't fit.
    """
    tables = tuple(
        _previewed(fitted, content, context, rows)
        for _, fitted in fits_of(content, context.mapping)
        if fitted is not None
    )
    return Preview(file=content.base_name, tables=tables)


def _previewed(fitted: Fit, content: Content, context: Context, rows: int) -> TablePreview:
    first = fitted.header_row + rows
    grid = fitted.grid
    short = replace(fitted, grid=replace(grid, rows=lambda: (row for row in islice(grid.rows(), first))))
    return TablePreview(
        name=_name(grid, content),
        mapping=fitted.mapping.title,
        table=fitted.name,
        shifted=fitted.mapping.dates.shifted,
        unmapped=_unmapped(fitted),
        lines=tuple(line for item in items_of(short, content, context) for line in _lines(item)),
    )


def _name(grid: Grid, content: Content) -> str:
    return grid.name or content.base_name


def _unmapped(fitted: Fit) -> tuple[str, ...]:
    if not isinstance(fitted.spec, TableSpec):
        return ()
    named = {plain(each) for choice in choices(fitted.spec) for each in choice}
    pairs = zip(fitted.titles, fitted.header, strict=True)
    return tuple(title.strip() for title, name in pairs if name and name not in named)


def _lines(item: Item) -> Iterator[PreviewLine]:
    if item.reject is not None:
        reason = f"{item.reject.reason}: {item.reject.detail}" if item.reject.detail else item.reject.reason
        yield PreviewLine(where=item.where, outcome="rejected", reason=reason)
    elif item.not_used is not None:
        yield PreviewLine(where=item.where, outcome="not_used", reason=item.not_used)
    if item.patient is not None:
        yield PreviewLine(where=item.where, outcome="patient", patient=item.key.removeprefix("patient/"))
    for draft in item.facts:
        yield _fact(item, draft)


def _fact(item: Item, draft: FactDraft) -> PreviewLine:
    keys = item.subject.keys if item.subject else (item.key,)
    line = PreviewLine(
        where=item.where,
        outcome="fact",
        patient=keys[0].removeprefix("patient/") if keys else "",
        system=draft.coding.system,
        code=draft.coding.code,
        display=draft.coding.display,
        comparator=draft.comparator or "",
        value=(draft.value_coding.display if draft.value_coding else None) or draft.value or "",
        unit=draft.unit or "",
        observed_at=draft.observed_at,
        known_at=draft.known_at,
        known_basis=draft.known_basis,
        status=draft.status,
    )
    meant = derive(draft)
    if isinstance(meant, Absent):
        return replace(line, outcome="rejected", reason=f"{meant.reason}: {meant.detail}", quality=meant.reason)
    return replace(line, signal=meant.signal or "", canonical=meant.value, quality=meant.quality)


def _rendered(table: TablePreview) -> str:
    rows = [_HEADINGS, *(_cells(line) for line in table.lines)]
    widths = [min(_WIDEST, max(_width(row[place]) for row in rows)) for place in range(len(_HEADINGS))]
    text = [f"{table.name}: read as {table.table!r} of {table.mapping or 'your mapping'}"]
    text += ["  ".join(_padded(cell, width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    if table.unmapped:
        text.append(f"columns not read: {', '.join(table.unmapped)}")
    return "\n".join(text)


def _cells(line: PreviewLine) -> tuple[str, ...]:
    known = f"{_time(line.known_at)} ({line.known_basis})" if line.known_at else ""
    means = " ".join(str(each) for each in (line.signal, line.canonical, line.quality) if each not in ("", None))
    value = f"{line.comparator}{line.value} {line.unit}".strip()
    what = f"{line.code} {line.display}".strip() if line.display != line.code else line.code
    outcome = f"{line.outcome}: {line.reason}" if line.reason else line.outcome
    return line.where, line.patient, what, value, _time(line.observed_at), known, means, outcome


def _time(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M}" if moment else ""


def _width(text: str) -> int:
    return sum(2 if char > "\u2e7f" else 1 for char in text)  # East Asian characters take two places


def _padded(text: str, width: int) -> str:
    while _width(text) > width:
        text = text[:-2] + "…"
    return text + " " * (width - _width(text))
