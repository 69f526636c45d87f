"""Which facts does a row of a table state?"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import NamedTuple

from twin.importers.table import moments, values
from twin.importers.table.layout import Cells, Layout, Pick, code_choices, remembered, time_choices
from twin.importers.table.person import words
from twin.importers.table.spec import AnalyteSpec, CodeSpec, Mapping, PatientSpec, TableSpec, TimeSpec
from twin.importers.table.values import NOTHING, ReadValue
from twin.record.fact import Coding, FactDraft, FactKind, KnownBasis
from twin.record.moment import Moment

_NO_CODE = Coding(system="", code="")
_STATUS: dict[FactKind, str] = {
    "condition": "active", "medication": "active", "allergy": "active", "procedure": "completed",
    "encounter": "finished",
}  # fmt: skip
_COMPARATORS = frozenset({"<", "<=", ">", ">="})
_UNCODED = frozenset({"death", "encounter"})  # kinds that say enough without a code


class NotAFact(Exception):
    """The row states nothing that can be dated or coded."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason, self.detail = reason, detail


class Times(NamedTuple):
    """When a row was true, ended and could be known, and when its version was made."""

    observed: Moment
    ended: datetime | None
    known_at: datetime
    known_basis: KnownBasis
    version_at: datetime | None
    text: str
    """All of them, for a fingerprint."""


class Coded(NamedTuple):
    """The codings of a row, and their text for a fingerprint."""

    codings: tuple[Coding, ...]
    text: str


class Cell(NamedTuple):
    """One cell of a wide table that holds a result."""

    column: str
    place: int
    coding: Coding
    unit: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class FactReader:
    """What reads the facts of a row."""

    kind: FactKind
    times: Callable[[Cells], Times]
    codings: Callable[[Cells], Coded]
    status: Pick
    value: Callable[[Cells], tuple[values.Reading, Coding | None]]
    unit: Pick
    read: ReadValue
    wide: tuple[Cell, ...]

    def fact(self, cells: Cells, times: Times, where: str, key: str) -> FactDraft:
        """Return the fact of a row of a long table.

        Raises:
            NotAFact: it has no code.
        """
        codings = self.codings(cells).codings
        if not codings:
            if self.kind not in _UNCODED:
                raise NotAFact("no_code", "no code or name in the row")
            codings = (_NO_CODE,)
        reading, answer = self.value(cells)
        return FactDraft(
            kind=self.kind,
            coding=codings[0],
            other_codings=codings[1:],
            value_kind="code" if answer is not None else reading.kind,
            value=reading.value,
            value_coding=answer,
            comparator=reading.comparator,
            unit=(self.unit(cells) or None) if reading.kind == "number" else None,
            observed_at=times.observed.start,
            ended_at=times.ended,
            known_at=times.known_at,
            known_basis=times.known_basis,
            where=where,
            resource=key,
            status=self.status(cells) or self._usual_status(times),
        )

    def cell(self, cells: Cells, cell: Cell, times: Times, where: str, key: str) -> FactDraft | None:
        """Return the fact of one cell of a wide table, None where it holds nothing."""
        reading = self.read(cells[cell.place])
        if reading is NOTHING:
            return None
        return FactDraft(
            kind="observation",
            coding=cell.coding,
            value_kind=reading.kind,
            value=reading.value,
            comparator=reading.comparator,
            unit=cell.unit if reading.kind == "number" else None,
            observed_at=times.observed.start,
            known_at=times.known_at,
            known_basis=times.known_basis,
            where=where,
            resource=key,
            status=self.status(cells) or "final",
        )

    def _usual_status(self, times: Times) -> str:
        if self.kind in ("condition", "medication") and times.ended is not None:
            return "completed"
        return _STATUS.get(self.kind, "final")


def reader(spec: TableSpec, kind: FactKind, layout: Layout, mapping: Mapping, zone: tzinfo) -> FactReader:
    """Return what reads the facts of a table's rows."""
    read = values.reader(mapping.values)
    codes = tuple((_coding(each, layout, mapping), each.fallback) for each in spec.codes)
    places = tuple(
        place for each in spec.codes for choice in code_choices(each) for place in layout.places_of(choice)
    )  # fmt: skip

    def codings(cells: Cells) -> Coded:
        found: dict[Coding, None] = {}
        for code, is_fallback in codes:
            if not (is_fallback and found):
                found.update(dict.fromkeys(code(cells)))
        return Coded(tuple(found), "\x1e".join(f"{each.system}|{each.code}|{each.display}" for each in found))

    constant = spec.value.constant_unit
    return FactReader(
        kind=kind,
        times=_times(spec, layout, mapping, zone),
        codings=remembered(places, codings),
        status=words(spec.status, layout),
        value=_value(spec, layout, mapping, read),
        unit=layout.pick(spec.value.unit) if constant is None else lambda cells: constant,
        read=read,
        wide=tuple(_cell(name, each, layout) for name, each in spec.columns.items() if layout.places_of((name,))),
    )


def deaths_of(
    spec: PatientSpec, layout: Layout, mapping: Mapping, zone: tzinfo
) -> Callable[[Cells, str, str], tuple[FactDraft, ...]]:
    """Return what reads, of a row about a person, the death it tells of; its time is also when it was known."""
    died = _time(spec.died, "died", layout, moments.reader(mapping.dates.formats, zone), None)

    def deaths(cells: Cells, where: str, key: str) -> tuple[FactDraft, ...]:
        when = died(cells)
        if when is None:
            return ()
        return (
            FactDraft(
                kind="death", coding=_NO_CODE, observed_at=when.start, ended_at=when.until, known_at=when.end,
                known_basis="observed", where=where, resource=key,
            ),
        )  # fmt: skip

    return deaths


def _cell(name: str, spec: AnalyteSpec, layout: Layout) -> Cell:
    coding = Coding(system=spec.system, code=spec.code, display=spec.display or name)
    return Cell(name, layout.places_of((name,))[0], coding, spec.unit)


def _coding(spec: CodeSpec, layout: Layout, mapping: Mapping) -> Callable[[Cells], tuple[Coding, ...]]:
    """Return what reads one coding of a row, or several that stand in one cell (`split`)."""
    pick = layout.pick(spec.code) if spec.constant is None else lambda cells: spec.constant or ""
    display, stated = layout.pick(spec.display), layout.pick(spec.system_from)
    known = {name.casefold(): system for name, system in mapping.systems.items()}
    rules = tuple((re.compile(each.match), each.system) for each in spec.system_by)
    absent = frozenset(spec.absent)

    def read(cells: Cells) -> tuple[Coding, ...]:
        text = pick(cells)
        parts = text.split(spec.split) if spec.split else (text,)
        named = display(cells)
        return tuple(
            Coding(system=system(code, cells), code=code, display=named)
            for code in (part.strip() for part in parts)
            if code and code not in absent
        )

    def system(code: str, cells: Cells) -> str:
        by_form = next((system for pattern, system in rules if pattern.search(code)), "")
        return by_form or known.get(stated(cells).casefold(), spec.system)

    return read


def _value(
    spec: TableSpec, layout: Layout, mapping: Mapping, read: ReadValue
) -> Callable[[Cells], tuple[values.Reading, Coding | None]]:
    """Return what reads a row's result: the first column with a number, else the coded answer, else the first text."""
    places = layout.places_of(spec.value.column)
    sign = words(spec.value.comparator, layout) if spec.value.comparator else None
    coded = _coding(spec.value.answer, layout, mapping) if spec.value.answer else None
    answer_first = spec.value.answer_first

    def value(cells: Cells) -> tuple[values.Reading, Coding | None]:
        words_found = NOTHING
        for place in places:
            found = read(cells[place])
            if found.kind == "number":
                if sign is not None and found.comparator is None and (stated := sign(cells)) in _COMPARATORS:
                    found = found._replace(comparator=stated)
                return found, None
            if words_found is NOTHING:
                words_found = found
        answers = coded(cells) if coded and (answer_first or words_found is NOTHING) else ()
        if answers:
            return values.Reading("text", answers[0].code), answers[0]
        return words_found, None

    return value


def _times(spec: TableSpec, layout: Layout, mapping: Mapping, zone: tzinfo) -> Callable[[Cells], Times]:
    read = moments.reader(mapping.dates.formats, zone)
    anchor = mapping.dates.offset_from
    if anchor is not None:
        anchor = (anchor if anchor.tzinfo else anchor.replace(tzinfo=zone)).astimezone(UTC)
    stated = {"observed": spec.observed, "ended": spec.ended, "known": spec.known, "version": spec.version}
    observed, ended, known, version = (_time(each, name, layout, read, anchor) for name, each in stated.items())
    basis = spec.known_basis

    def times(cells: Cells) -> Times:
        began = observed(cells)
        if began is None:
            raise NotAFact("no_date", "the row doesn't say when it was true")
        ends, told, made = ended(cells), known(cells), version(cells)
        end, version_at = ends.end if ends else None, made.end if made else None
        known_at = max(told.end, began.start) if told else began.end
        known_basis = basis if told else "observed"
        parts = (began.start, end, known_at, known_basis, version_at)
        text = "|".join(str(each) if each else "" for each in parts)
        return Times(began, end, known_at, known_basis, version_at, text)

    places = tuple(
        place
        for each in (spec.observed, spec.ended, spec.known, spec.version)
        for choice in time_choices(each)
        for place in layout.places_of(choice)
    )
    return remembered(places, times)


def _time(
    spec: TimeSpec | None, name: str, layout: Layout, read: moments.ReadTime, anchor: datetime | None
) -> Callable[[Cells], Moment | None]:
    """Return what reads one time of a row: by its offset where the mapping declares what it counts from."""
    if spec is None:
        return lambda cells: None
    column, clock, offset = (layout.pick(each) for each in (spec.column, spec.clock, spec.offset_minutes))

    def time(cells: Cells) -> Moment | None:
        minutes = offset(cells) if anchor is not None else ""
        day = column(cells)
        try:
            if anchor is not None and minutes:
                exact = anchor + timedelta(minutes=float(minutes))
                return Moment(start=exact, end=exact)
            if not day:
                return None
            hour = clock(cells)
            return read(f"{day} {hour}" if hour else day)
        except (ValueError, OverflowError):
            raise NotAFact("bad_date", f"the time `{name}` is of a form that the mapping doesn't name") from None

    return time
