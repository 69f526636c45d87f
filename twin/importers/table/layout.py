"""Where in a row do the columns stand that a mapping names, the looked-up ones included?"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import TypeVar

from twin.errors import UnreadableInput
from twin.importers.table.fit import Fit, is_joined, needed, plain
from twin.importers.table.mapping import nearest
from twin.importers.table.spec import CodeSpec, TableSpec, TimeSpec

Cells = Sequence[str]
Pick = Callable[[Cells], str]
T = TypeVar("T")
_REMEMBERED = 65_536  # different values of one group of columns that are kept read


@dataclass(frozen=True, kw_only=True, slots=True)
class Layout:
    """The header of a table with the columns that are looked up for it, and where each stands."""

    header: tuple[str, ...]
    places: dict[str, int]

    def pick(self, choice: Sequence[str]) -> Pick:
        """Return what takes the first of these columns that is not empty from a row."""
        places = self.places_of(choice)
        if not places:
            return lambda cells: ""
        if len(places) == 1:
            only = places[0]
            return lambda cells: cells[only].strip()
        return lambda cells: next((text for place in places if (text := cells[place].strip())), "")

    def places_of(self, choice: Sequence[str]) -> tuple[int, ...]:
        """Return where those of these columns stand that are there."""
        return tuple(self.places[plain(each)] for each in choice if plain(each) in self.places)


def layout_of(fit: Fit, spec: TableSpec, joined: Sequence[str]) -> Layout:
    """Return where the columns of a table stand; `joined` are the looked-up ones that follow its own.

    Raises:
        UnreadableInput: a column that the mapping names isn't there, or is there twice.
    """
    header = (*fit.header, *joined)
    names = [name for choice in choices(spec) for name in map(plain, choice)]
    twice = sorted({name for name in names if header.count(name) > 1})
    if twice:
        raise UnreadableInput(f"table {fit.name!r}: two columns are called {twice[0]!r}")
    layout = Layout(header=header, places={name: place for place, name in enumerate(header) if name})
    required = list(choices(spec)) if fit.mapping.missing_columns == "refuse" else needed(spec)
    for choice in required:
        if choice and not layout.places_of(choice) and not any(is_joined(each, spec.joins) for each in choice):
            near = nearest(plain(choice[0]), fit.header)
            raise UnreadableInput(f"table {fit.name!r}: no column {'/'.join(choice)!r}{near}")
    return layout


def choices(spec: TableSpec) -> Iterator[tuple[str, ...]]:
    """Yield every choice of columns that a table's mapping names."""
    who = spec.patient
    yield from (each.column for each in who.ids)
    yield from (who.name, who.birth_date)
    yield from ((each,) for each in who.birth_parts or ())
    yield from ((each,) for each in (*spec.row, *spec.specimen, *spec.columns))
    yield from ((each.column,) for each in spec.not_used)
    yield from ((each,) for join in spec.joins.values() for each in join.by)
    for code in (*spec.codes, *((spec.value.answer,) if spec.value.answer else ())):
        yield from code_choices(code)
    yield from (spec.value.column, spec.value.unit, spec.status.column)
    yield from (each.column for each in (who.sex, spec.value.comparator) if each is not None)
    for time in (spec.observed, spec.ended, spec.known, spec.version, who.died):
        yield from time_choices(time)


def code_choices(code: CodeSpec) -> Iterator[tuple[str, ...]]:
    """Yield the choices of columns that one coding is made of."""
    yield code.code
    yield code.display
    yield code.system_from


def time_choices(time: TimeSpec | None) -> Iterator[tuple[str, ...]]:
    """Yield the choices of columns that a time is made of."""
    if time is not None:
        yield from (time.column, time.clock, time.offset_minutes)


def remembered(places: Sequence[int], function: Callable[[Cells], T]) -> Callable[[Cells], T]:
    """Return `function`, asked only once for the same cells at these places: codes and times repeat."""
    if not places:
        return function
    take = itemgetter(*places)
    known: dict[object, T] = {}

    def call(cells: Cells) -> T:
        key = take(cells)
        found = known.get(key)
        if found is None:
            if len(known) >= _REMEMBERED:
                known.clear()
            found = known[key] = function(cells)
        return found

    return call
