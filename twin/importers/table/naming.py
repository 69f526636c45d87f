"""What is a row called, so that a correction of it has the same name and another result hasn't?"""

from collections.abc import Callable
from dataclasses import dataclass
from operator import itemgetter

from twin.importers.base import Context
from twin.importers.table.facts import Times
from twin.importers.table.fit import is_joined
from twin.importers.table.layout import Cells, Layout, choices
from twin.importers.table.person import Ids, words
from twin.importers.table.spec import TableSpec
from twin.importers.table.survey import RANKS


@dataclass(frozen=True, kw_only=True, slots=True)
class Naming:
    """What names the rows of a table."""

    name: Callable[[Cells, Ids, Times | None], str]
    """Nothing where a row has no number and no time either."""
    content: Callable[[Cells], str]
    """Everything the mapping reads of a row, to tell a repeated row from another result of the same name."""
    rank: Callable[[Cells, Times], float]
    """Which of several versions of a row stands later."""
    is_made_up: bool
    """Rows have no number of their own, or several versions under one."""


def naming_of(table: str, spec: TableSpec, layout: Layout, context: Context) -> Naming:
    """Return what names a table's rows: their own number, else patient, code, time and specimen."""
    own = tuple(layout.pick((each,)) for each in spec.row)
    parts = tuple(layout.pick(each) for each in _code_columns(spec))
    specimen = tuple(layout.pick((each,)) for each in spec.specimen)
    someone = context.patient or ""

    def name(cells: Cells, ids: Ids, times: Times | None) -> str:
        if own:
            numbers = [pick(cells) for pick in own]
            if any(numbers):
                return f"{table}/{'|'.join(numbers)}"
        if times is None:
            return ""
        who = ids.key.removeprefix("patient/") or someone
        what = [text for pick in parts if (text := pick(cells))]
        rest = [text for pick in specimen if (text := pick(cells))]
        return f"{table}/{'|'.join((who, *what, str(times.observed.start), *rest))}"

    places = sorted({place for choice in choices(spec) for place in layout.places_of(choice)})
    take = itemgetter(*places) if len(places) > 1 else lambda cells: (cells[places[0]],)
    status = words(spec.status, layout)
    has_status, has_version = bool(layout.places_of(spec.status.column)), spec.version is not None

    def rank(cells: Cells, times: Times) -> float:
        if has_version:
            return times.version_at.timestamp() if times.version_at else 0.0
        return RANKS.get(status(cells), RANKS["final"]) if has_status else 0.0

    return Naming(
        name=name,
        content=lambda cells: "\x1f".join(take(cells)),
        rank=rank,
        is_made_up=not own or has_version,
    )


def _code_columns(spec: TableSpec) -> list[tuple[str, ...]]:
    """Return the table's own columns that say what a row is about; of a looked-up one those it is found by."""
    found: list[tuple[str, ...]] = []
    for code in spec.codes:
        own = tuple(each for each in code.code if not is_joined(each, spec.joins))
        found.extend([own] if own else [])
        joined = (spec.joins[each.split(".", 1)[0]] for each in code.code if is_joined(each, spec.joins))
        found.extend((column,) for join in joined for column in join.by)
    return list(dict.fromkeys(found))
