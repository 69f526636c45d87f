"""What becomes of each row of a table that the mapping describes?"""

from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from zoneinfo import ZoneInfo

from twin.importers.base import Context, Item, PatientDraft, Reject
from twin.importers.content import Content
from twin.importers.table import received
from twin.importers.table.facts import FactReader, NotAFact, Times, deaths_of, reader
from twin.importers.table.fit import Fit
from twin.importers.table.grid import Row
from twin.importers.table.layout import Cells, Layout, Pick, layout_of
from twin.importers.table.lookup import Joins, joins_of
from twin.importers.table.naming import Naming, naming_of
from twin.importers.table.person import Ids, Person, person_of
from twin.importers.table.spec import TableSpec
from twin.importers.table.survey import Standing, is_among, state, survey
from twin.record.fact import FactDraft

_MET = 100_000  # patients of one file that are remembered; one who is met again later is told again, and is a duplicate
SHARED = "twin.shared-name"  # a column of ours in what is kept of a row whose name another result of its file has too
_EARLIER = "an earlier version of a result that stands in this file too"


def rows_of(fitted: Fit, spec: TableSpec, content: Content, context: Context) -> Iterator[Item]:
    """Yield the items of a described table.

    Raises:
        UnreadableInput: a column that the mapping names isn't there.
    """
    table = _opened(fitted, spec, content, context)
    table = replace(table, standing=table.surveyed())
    for row in fitted.grid.rows():
        if row.number == fitted.header_row:
            continue
        where = fitted.grid.where(row.number)
        if row.number < fitted.header_row:
            yield table.not_used(row.cells, where, "stands above the header")
        elif row.fault is not None:
            yield table.reject(row.cells, where, *row.fault)
        else:
            yield from table.items(row, where)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Table:
    """A table that is being read: what reads its rows, and which patients were met in it."""

    fitted: Fit
    spec: TableSpec
    layout: Layout
    titles: str
    joins: Joins
    person: Person
    facts: FactReader | None
    died: Callable[[Cells, str, str], tuple[FactDraft, ...]]
    naming: Naming
    passes: tuple[tuple[Pick, frozenset[str], str], ...]
    standing: Standing = field(default_factory=dict)
    met: OrderedDict[str, PatientDraft] = field(default_factory=OrderedDict)

    def surveyed(self) -> Standing:
        """Look once at all rows for names that stand more than once; rows with a number of their own have none."""
        if self.facts is None or not self.naming.is_made_up:
            return {}
        return survey((name for name, _, _ in self._named()), self._versions)

    def items(self, row: Row, where: str) -> Iterator[Item]:
        """Yield the items of one sound row."""
        cells = self._whole(row.cells)
        if cells is None:
            wanted, given = len(self.fitted.header), len(row.cells)
            yield self.reject(row.cells, where, "bad_row", f"{given} cells, the header has {wanted}")
            return
        reason = self._why_passed(cells)
        if reason is not None:
            yield self.not_used(cells, where, reason)
            return
        ids = self.person.ids(cells)
        try:
            if self.spec.kind == "patient":
                yield self._patient(cells, ids, self.person.draft(cells), where)
                return
            if ids.key and self.spec.patient.is_introduced:
                yield from self._introduced(cells, ids, where)
            yield from self._facts(cells, ids, where)
        except NotAFact as error:
            yield self.reject(cells, where, error.reason, self._told(error), key=self._key(cells, ids))

    def not_used(self, cells: Sequence[str], where: str, reason: str) -> Item:
        """Return a row that states nothing for us."""
        fingerprint = received.fingerprint_of_text(*cells)
        name = self.fitted.name
        return Item(key=f"{name}#{fingerprint}", fingerprint=fingerprint, kind=name, where=where, not_used=reason)

    def reject(self, cells: Sequence[str], where: str, reason: str, detail: str, key: str = "") -> Item:
        """Return a row that can't become facts, by the name it would have as one where that is known."""
        fingerprint = received.fingerprint_of_text(*cells)
        return Item(
            key=key or f"{self.fitted.name}#{fingerprint}",
            fingerprint=fingerprint,
            kind=self.fitted.name,
            where=where,
            reject=Reject(where=where, reason=reason, detail=detail),
            body=self._body(cells),
        )

    def _key(self, cells: Cells, ids: Ids) -> str:
        """Return the name of a row that can't become facts, as far as it has one."""
        if self.facts is None:
            return ids.key
        try:
            return self.naming.name(cells, ids, self.facts.times(cells))
        except NotAFact:
            return self.naming.name(cells, ids, None)

    def _standing(self, cells: Cells, name: str, times: Times) -> str:
        """Return whether a row's name is its own, an earlier version's, or shared with another result."""
        if SHARED in self.layout.places and cells[self.layout.places[SHARED]]:
            return "shared"
        return state(self.standing, name, self.naming.rank(cells, times)) if self.standing else "own"

    def _versions(self, hashes: frozenset[int]) -> Iterator[tuple[str, str, float]]:
        """Yield name, content and rank of the rows with these hashes of names."""
        for name, cells, times in self._named():
            if is_among(name, hashes):
                yield name, self.naming.content(cells), self.naming.rank(cells, times)

    def _named(self) -> Iterator[tuple[str, Cells, Times]]:
        """Yield each sound row with its name and times."""
        assert self.facts is not None
        for row in self.fitted.grid.rows():
            cells = self._whole(row.cells) if row.number > self.fitted.header_row and row.fault is None else None
            if cells is None or self._why_passed(cells) is not None:
                continue
            try:
                times = self.facts.times(cells)
            except NotAFact:
                continue
            yield self.naming.name(cells, self.person.ids(cells), times), cells, times

    def _facts(self, cells: Cells, ids: Ids, where: str) -> Iterator[Item]:
        assert self.facts is not None
        times = self.facts.times(cells)
        name = self.naming.name(cells, ids, times)
        standing = self._standing(cells, name, times)
        if standing == "earlier":
            yield self.not_used(cells, where, _EARLIER)
        elif self.facts.wide:
            yield from self._wide(cells, ids, times, name, where, is_shared=standing == "shared")
        else:
            draft = self.facts.fact(cells, times, where, name)
            coded = self.facts.codings(cells).text
            yield self._fact(cells, ids, times, draft, coded, is_shared=standing == "shared")

    def _wide(self, cells: Cells, ids: Ids, times: Times, name: str, where: str, *, is_shared: bool) -> Iterator[Item]:
        """Yield one item for each cell that holds a result: each can be corrected on its own."""
        assert self.facts is not None
        found = False
        for cell in self.facts.wide:
            draft = self.facts.cell(cells, cell, times, f"{where}, column {cell.column}", f"{name}|{cell.column}")
            if draft is not None:
                found = True
                others = {each.place for each in self.facts.wide} - {cell.place}
                alone = ["" if place in others else text for place, text in enumerate(cells)]
                yield self._fact(alone, ids, times, draft, str(cell.coding), is_shared=is_shared)
        if not found:
            yield self.not_used(cells, where, "no result in this row")

    def _fact(self, cells: Cells, ids: Ids, times: Times, draft: FactDraft, coded: str, *, is_shared: bool) -> Item:
        fingerprint = received.fingerprint_of_fact(draft, ids.text, coded, times)
        key = draft.resource
        if is_shared:
            key = f"{key}#{fingerprint[:16]}"
            draft = replace(draft, resource=key)
        return Item(
            key=key,
            fingerprint=fingerprint,
            kind=self.fitted.name,
            where=draft.where,
            subject=ids.subject,
            facts=(draft,),
            version_at=times.version_at,
            body=self._body(cells, is_shared=is_shared),
        )

    def _introduced(self, cells: Cells, ids: Ids, where: str) -> Iterator[Item]:
        """Yield the patient of a row who is met for the first time, or of whom it says more than those before."""
        draft = self.person.draft(cells)
        name = ids.key
        known = self.met.get(name)
        if known is draft:
            return
        if known is not None:
            draft = _together(known, draft)
            if draft == known:
                return
        self.met[name] = draft
        if len(self.met) > _MET:
            self.met.popitem(last=False)
        yield self._patient(cells, ids, draft, where)

    def _patient(self, cells: Cells, ids: Ids, draft: PatientDraft, where: str) -> Item:
        keys = ids.subject.keys
        if not keys:
            raise NotAFact("no_patient_id", "the row names no number of the patient")
        deaths = self.died(cells, where, keys[0])
        died = deaths[0].observed_at if deaths else None
        return Item(
            key=keys[0],
            fingerprint=received.fingerprint_of_patient(draft, ids.text, died),
            kind="patient",
            where=where,
            aliases=keys[1:],
            patient=draft,
            facts=deaths,
            body=self._body(cells),
        )

    def _whole(self, cells: list[str]) -> list[str] | None:
        """Return a row as wide as the header, with what it looks up; None where it is not as wide."""
        width, given = len(self.fitted.header), len(cells)
        if given != width:
            if given > width and not any(cells[width:]):
                cells = cells[:width]
            elif given < width and self.fitted.grid.is_ragged:
                cells = [*cells, *[""] * (width - given)]
            else:
                return None
        return self.joins.extended(cells)

    def _why_passed(self, cells: Cells) -> str | None:
        for pick, words, reason in self.passes:
            if pick(cells) in words:
                return reason
        return None if any(cells) else "an empty row"

    def _told(self, error: NotAFact) -> str:
        missing = ", ".join(self.joins.absent)
        return f"{error.detail}; not beside this file: {missing}" if missing else error.detail

    def _body(self, cells: Sequence[str], *, is_shared: bool = False) -> str:
        """Return header and row; a shared name is marked, for alone the row can't know of the other result."""
        if is_shared and SHARED not in self.layout.places:
            return f"{self.titles},{SHARED}\n{received.line(cells)},1"
        return f"{self.titles}\n{received.line(cells)}"


def _together(known: PatientDraft, draft: PatientDraft) -> PatientDraft:
    """Return what two rows say of one person.

    Raises:
        NotAFact: they are of two people: another sex or day of birth under the same number.
    """
    other_sex = "unknown" not in (known.sex, draft.sex) and known.sex != draft.sex
    other_birth = None not in (known.birth_date, draft.birth_date) and known.birth_date != draft.birth_date
    if other_sex or other_birth:
        raise NotAFact("two_patients", "another row gives this number to a person of another sex or day of birth")
    return PatientDraft(
        name=known.name or draft.name,
        sex=known.sex if known.sex != "unknown" else draft.sex,
        birth_date=known.birth_date or draft.birth_date,
        identifiers=tuple(dict.fromkeys((*known.identifiers, *draft.identifiers))),
    )


def _opened(fitted: Fit, spec: TableSpec, content: Content, context: Context) -> _Table:
    joins = joins_of(fitted, spec, content)
    layout = layout_of(fitted, spec, joins.names)
    mapping = fitted.mapping
    zone = ZoneInfo(mapping.time_zone) if mapping.time_zone else context.zone
    facts = reader(spec, spec.kind, layout, mapping, zone) if spec.kind != "patient" else None
    return _Table(
        fitted=fitted,
        spec=spec,
        layout=layout,
        titles=received.line((*fitted.titles, *joins.names)),
        joins=joins,
        person=person_of(spec.patient, layout, mapping),
        facts=facts,
        died=deaths_of(spec.patient, layout, mapping, zone),
        naming=naming_of(fitted.name, spec, layout, context),
        passes=tuple((layout.pick((each.column,)), frozenset(each.values), each.reason) for each in spec.not_used),
    )
