"""Whom is a row about, and what does it say of that person?"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from twin.importers.base import PatientDraft, Subject
from twin.importers.table.layout import Cells, Layout, Pick, remembered
from twin.importers.table.moments import day_of
from twin.importers.table.spec import Mapping, PatientSpec, Words
from twin.record.timeline import Identifier, Sex


@dataclass(frozen=True, kw_only=True, slots=True)
class Ids:
    """The numbers of a patient in a row, and by which names the patient may be found."""

    subject: Subject
    text: str
    """All of them, for a fingerprint."""

    @property
    def key(self) -> str:
        """The first, as the name of the patient within the source; nothing where the row has none."""
        return self.subject.keys[0] if self.subject.keys else ""


NOBODY = Ids(subject=Subject(), text="")

_SEXES: dict[str, Sex] = {"male": "male", "female": "female"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """What reads the patient's columns of a row."""

    ids: Callable[[Cells], Ids]
    draft: Callable[[Cells], PatientDraft]


def person_of(spec: PatientSpec, layout: Layout, mapping: Mapping) -> Person:
    """Return what reads who a row is about."""
    picks = tuple((each.system or each.name, layout.pick(each.column), bool(each.system)) for each in spec.ids)
    places = tuple(place for each in spec.ids for place in layout.places_of(each.column))

    def ids(cells: Cells) -> Ids:
        found = [(space, number, shared) for space, pick, shared in picks if (number := pick(cells))]
        keys = tuple(f"patient/{space}|{number}" for space, number, _ in found)
        shared = tuple(Identifier(system=space, value=number) for space, number, is_shared in found if is_shared)
        return Ids(subject=Subject(keys=keys, identifiers=shared), text="\x1e".join(keys)) if keys else NOBODY

    name, sex = layout.pick(spec.name), words(spec.sex, layout)
    birth = _birth(spec, layout, mapping)

    def draft(cells: Cells) -> PatientDraft:
        return PatientDraft(
            name=name(cells),
            sex=_SEXES.get(sex(cells), "unknown"),
            birth_date=birth(cells),
            identifiers=ids(cells).subject.identifiers,
        )

    told = (
        spec.name,
        spec.birth_date,
        *((each,) for each in spec.birth_parts or ()),
        spec.sex.column if spec.sex else (),
    )
    all_places = (*places, *(place for choice in told for place in layout.places_of(choice)))
    return Person(ids=remembered(places, ids), draft=remembered(all_places, draft))


def words(spec: Words | None, layout: Layout) -> Pick:
    """Return what reads a column of words as ours: by the map, else the default, else as it stands."""
    if spec is None:
        return lambda cells: ""
    pick = layout.pick(spec.column)
    known = {word.strip().casefold(): ours for word, ours in spec.map.items()}
    default = spec.default

    def read(cells: Cells) -> str:
        stated = pick(cells)
        return known.get(stated.casefold(), stated if default is None else default)

    return read


def _birth(spec: PatientSpec, layout: Layout, mapping: Mapping) -> Callable[[Cells], date | None]:
    """Return what reads the day of birth; a year alone is none, nor is one before `birth_not_before`."""
    whole = layout.pick(spec.birth_date)
    parts = tuple(layout.pick((each,)) for each in spec.birth_parts or ())
    formats, first = mapping.dates.formats, spec.birth_not_before

    def birth(cells: Cells) -> date | None:
        stated = whole(cells)
        found = day_of(stated, formats) if stated else None
        if found is None and parts:
            found = _day([part(cells) for part in parts])
        return found if found is None or first is None or found >= first else None

    return birth


def _day(parts: list[str]) -> date | None:
    try:
        year, month, day = (int(part) for part in parts)
        return date(year, month, day)
    except ValueError:
        return None
