"""How a batch of items becomes facts: whose they are, whether they can be true, what the ledger says, what is written.

Everything here happens in the caller's transaction. An item that can't be used is a reject with its place and reason,
kept as received; the rest goes on.
"""

import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from sqlalchemy import Connection

from twin import merge
from twin.importers.base import Context, Item, PatientDraft, Reject
from twin.importers.report import Tally
from twin.record.fact import Absent, Derived, FactDraft
from twin.record.identity import is_somebody_else, own_name
from twin.record.local import LocalMapping
from twin.record.matching import Demographics
from twin.record.quality import derive
from twin.store import audit, ledger, links, matching, people, quarantine, records
from twin.whose import Names

BATCH = 2_000  # items entered in the ledger together
BATCH_CHARACTERS = 16_000_000  # of their texts; some batches are held at a time, and a document may be megabytes
_LONGEST_IDENTIFIER = 1_000  # characters; an index can't hold an endless one
_TOLERATED = timedelta(days=1)  # clocks and time zones differ; a result from next week is wrong
_MEASURED = frozenset({"observation", "report", "imaging_study", "finding", "death"})  # not what is planned

_ANOTHERS = "this id stands for another patient here; name the sending system (source) if it is another one"

_Ready = tuple[Item, str | None, tuple[tuple[FactDraft, Derived], ...]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """What a whole import is told: where it comes from, who asked for it, how its codes and units are read."""

    import_id: int
    source: str
    actor: str
    context: Context
    local: LocalMapping
    format_key: str


@dataclass(kw_only=True, slots=True)
class Taking:
    """The state of one source being taken: names met so far, and what became of each item."""

    job: Job
    tally: Tally
    names: Names
    told: dict[str, bool] = field(default_factory=dict)
    """Patients the audit knows of in this import, and whether it knows that something was written."""

    @staticmethod
    def of(job: Job, tally: Tally) -> "Taking":
        """Return a taking that has met nobody yet."""
        return Taking(job=job, tally=tally, names=Names(source=job.source, given=job.context.patient))

    def batch(self, connection: Connection, items: list[Item]) -> None:
        """Take items of which no two with one key differ; their facts, their ledger rows and the audit are written."""
        self.names.look_up(connection, items)
        batch = _Batch(connection=connection, taking=self, now=self.job.context.now)
        seen: set[str] = set()
        ready: list[_Ready] = []
        for item in items:
            if item.key in seen:
                self.note(item, "duplicate")
            elif item.unless and batch.is_there(item):
                self.note(item, "duplicate", "a resource with this identifier is there")
                if item.patient is not None and isinstance(meant := self.names.decide(item), str):
                    self.names.alias(item, meant)  # the rest of the bundle may call the patient by this entry
            elif item.reject is not None:
                batch.refuse(item, item.reject)
            elif item.not_used is not None and item.resource is None:
                self.note(item, "not_used", item.not_used)
            elif item.not_used is not None:
                ready.append((item, self.names.whose(item), ()))
                seen.add(item.key)
            else:
                settled = batch.settle(item)
                if isinstance(settled, Reject):
                    batch.refuse(item, settled)
                else:
                    ready.append((item, *settled))
                    seen.add(item.key)
        batch.write(batch.without_foreign_ids(ready))
        batch.finish()

    def remember(self, connection: Connection, items: Iterable[Item]) -> None:
        """Learn again the names of patients that an earlier run of this import has written."""
        known = [item for item in items if item.patient is not None]
        self.names.look_up(connection, known)
        for item in known:
            meant = self.names.decide(item)
            if isinstance(meant, str):
                self.names.name(item, meant)

    def note(self, item: Item, outcome: str, reason: str = "") -> None:
        """Count what became of an item."""
        self.tally.note(where=item.where, kind=item.kind, resource=item.key, outcome=outcome, reason=reason)  # type: ignore[arg-type]


@dataclass(kw_only=True, slots=True)
class _Batch:
    """One batch being written."""

    connection: Connection
    taking: Taking
    now: datetime
    seen: set[str] = field(default_factory=set)
    touched: set[str] = field(default_factory=set)
    refused: list[Item] = field(default_factory=list)
    whose: dict[str, str] = field(default_factory=dict)
    newcomers: dict[str, PatientDraft] = field(default_factory=dict)
    is_locked: bool = False

    def is_there(self, item: Item) -> bool:
        """True where a kept resource bears an identifier of a conditional create; nobody else makes one meanwhile."""
        tokens = [f"{item.kind}|{token}" for token in sorted(item.unless)]
        ledger.lock_tokens(self.connection, tokens)
        return bool(ledger.bearers(self.connection, item.kind, item.unless))

    def refuse(self, item: Item, reject: Reject) -> None:
        self.refused.append(replace(item, reject=reject))
        self.taking.tally.reject(reject, kind=item.kind, resource=item.key)

    def settle(self, item: Item) -> tuple[str, tuple[tuple[FactDraft, Derived], ...]] | Reject:
        """Return whose item it is and its derived facts, or why it is refused."""
        if item.merge is not None:
            return self._merge(item)
        if item.patient is not None:
            wrong = _too_long(item) or self._check_times(item, item.patient.birth_date)
            derived = wrong or self._derive(item)
            if isinstance(derived, Reject):
                return derived  # before anybody is made of it
            whose = self._identify(item)
            return whose if isinstance(whose, Reject) else (whose, derived)
        whose = self.taking.names.subject(item)
        if isinstance(whose, Reject):
            return whose
        self.whose[item.key] = whose
        derived = self._check_times(item, self.taking.names.births.get(whose)) or self._derive(item)
        return derived if isinstance(derived, Reject) else (whose, derived)

    def _derive(self, item: Item) -> tuple[tuple[FactDraft, Derived], ...] | Reject:
        derived = []
        for draft in item.facts:
            made = derive(draft, source=self.taking.job.source, local=self.taking.job.local)
            if isinstance(made, Absent):
                place = f"{item.where}.{draft.part}" if draft.part else item.where
                return Reject(where=place, reason=made.reason, detail=made.detail)
            derived.append((draft, made))
        return tuple(derived)

    def _check_times(self, item: Item, born: date | None) -> Reject | None:
        wrong = self._impossible(item, born)
        return Reject(where=item.where, reason="impossible_date", detail=wrong) if wrong is not None else None

    def _impossible(self, item: Item, born: date | None) -> str | None:
        latest = None if self.taking.job.context.is_shifted else self.now + _TOLERATED
        if item.patient is not None and born is not None and latest is not None and born > latest.date():
            return "born in the future"
        for draft in item.facts:
            if latest is not None and draft.observed_at > latest:
                return "in the future"
            if born is not None and draft.observed_at.date() < born:
                return "before birth"
            if draft.ended_at is not None and draft.ended_at < draft.observed_at:
                return "ends before it begins"
            is_measured = draft.kind in _MEASURED and item.sent_at is not None
            if is_measured and item.sent_at is not None and draft.observed_at > item.sent_at + _TOLERATED:
                return "after the source's own time"
        return None

    def _identify(self, item: Item) -> str | Reject:
        """Return the patient an item describes, a new one where nobody is meant."""
        taking = self.taking
        assert item.patient is not None
        meant = taking.names.decide(item)
        if meant is None:
            if not self.is_locked:  # only who would make somebody new waits for others who would
                people.lock_identities(self.connection)
                self.is_locked = True
            taking.names.identified.update(people.find_identifiers(self.connection, taking.names.identifiers(item)))
            meant = taking.names.decide(item)
        if isinstance(meant, Absent):
            return Reject(where=item.where, reason=meant.reason, detail=meant.detail)
        if meant is None:
            own = own_name(taking.job.source, item.key)
            if item.resource is not None and (own.system, own.value) in taking.names.identified:
                return Reject(where=item.where, reason="id_of_another", detail=_ANOTHERS)
            named = taking.job.context.patient
            if named is not None and not item.patient.identifiers:
                return named
            meant = str(uuid.uuid4())
            draft = replace(item.patient, identifiers=taking.names.identifiers(item))
            people.add_patient(self.connection, meant, draft, self.now)
            self.newcomers[meant] = item.patient
        elif self._is_somebody_else(item, meant):
            names = (f"{each.system}|{each.value}" for each in item.patient.identifiers)
            taking.names.disputed.update((item.key, *item.aliases, *names))
            detail = "the identifier belongs to a record of another name and birth date"
            return Reject(where=item.where, reason="conflicting_demographics", detail=detail)
        taking.names.name(item, meant)
        return meant

    def _is_somebody_else(self, item: Item, patient_id: str) -> bool:
        """A person who named the patient has decided; else name and birth date must not both differ."""
        known = self.taking.names.known_as.get(patient_id)
        draft = item.patient
        if known is None or draft is None or self.taking.job.context.patient == patient_id:
            return False
        described = Demographics(name=draft.name, sex=draft.sex, birth_date=draft.birth_date)
        return is_somebody_else(described, known)

    def _merge(self, item: Item) -> tuple[str, tuple[tuple[FactDraft, Derived], ...]] | Reject:
        """Return the surviving patient; the link itself is written once the ledger says that it is new."""
        assert item.merge is not None
        into = self.taking.names.resolve(item.merge.into, item.where)
        if isinstance(into, Reject):
            return into
        retired = self.taking.names.resolve(item.merge.retired, item.where)
        if isinstance(retired, Reject) and retired.reason != "unknown_patient":
            return retired
        self.whose[item.key] = into
        return into, ()

    def without_foreign_ids(self, ready: list[_Ready]) -> list[_Ready]:
        """Refuse FHIR resources whose id stands for another patient's: one name must not mean two people's results."""
        named = [
            (ledger.bounded_key(item.key), patient_id)
            for item, patient_id, _ in ready
            if item.resource is not None and item.patient is None and patient_id is not None
        ]
        taken = ledger.held_by_others(self.connection, self.taking.job.source, named)
        if not taken:
            return ready
        kept = []
        for item, patient_id, derived in ready:
            if item.resource is None or item.patient is not None or ledger.bounded_key(item.key) not in taken:
                kept.append((item, patient_id, derived))
            else:
                self.refuse(item, Reject(where=item.where, reason="id_of_another", detail=_ANOTHERS))
        return kept

    def write(self, ready: list[_Ready]) -> None:
        """Enter what is ready in the ledger and write the facts of what is new."""
        taking, job = self.taking, self.taking.job
        entered = self._enter([item for item, _, _ in ready], [patient_id for _, patient_id, _ in ready])
        earlier = [old for row in entered if row is not None for old in (*row.supersedes, *row.outdated_by)]
        known = ledger.latest_known(self.connection, earlier) if earlier else {}
        if earlier:
            taking.tally.recalls.update(ledger.recalls_on(self.connection, earlier))
        new: list[records.NewFact] = []
        outdated: list[tuple[int, datetime]] = []
        for (item, patient_id, derived), row in zip(ready, entered, strict=True):
            if item.not_used is not None:
                taking.note(item, "not_used", item.not_used)
                if row is not None:
                    ledger.supersede(self.connection, row.supersedes, self.now)
                continue
            assert patient_id is not None
            self.seen.add(patient_id)
            if row is None:
                taking.note(item, "duplicate")
                continue
            drafts = self._correct(row.supersedes, derived, known) if row.supersedes else derived
            new.extend(
                records.NewFact(patient_id=patient_id, item_id=row.item_id, draft=draft, derived=made)
                for draft, made in drafts
            )
            if row.outdated_by:
                outdated.append((row.item_id, max(known.get(each, self.now) for each in row.outdated_by)))
                taking.note(item, "imported", "an earlier version than the one that stands: kept as history")
                self.touched.add(patient_id)
                continue
            if item.patient is not None:
                people.describe_patient(self.connection, patient_id, item.patient, self.now)
            self.touched.add(patient_id)
            if item.merge is not None:
                self._link(item, patient_id)
            else:
                taking.note(item, "superseded" if row.supersedes else "imported")
        taking.tally.facts += records.add_facts(self.connection, new, import_id=job.import_id, now=self.now)
        for item_id, at in outdated:
            ledger.supersede(self.connection, [item_id], at)
        if ready and quarantine.has_waiting(self.connection, job.source):
            written = [item for item, _, _ in ready]
            quarantine.settle_rejects(
                self.connection, written, source=job.source, import_id=job.import_id, actor=job.actor, now=self.now
            )

    def finish(self) -> None:
        """Write what waits in quarantine, whose twins are stale, and what the audit must know."""
        taking, job = self.taking, self.taking.job
        quarantine.add_rejects(
            self.connection, job.import_id, self.refused, source=job.source, format_key=job.format_key,
            patient_ids=self.whose, now=self.now,
        )  # fmt: skip
        if self.newcomers:
            matching.note_all(self.connection, self.newcomers, self.now)
        if self.touched:
            survivors = links.survivor_of(self.connection, self.touched)
            records.mark_stale(self.connection, self.touched | set(survivors.values()), self.now)
        taking.tally.patients.update(self.seen)
        news = {
            patient_id: {"written": patient_id in self.touched}
            for patient_id in self.seen | self.touched
            if taking.told.get(patient_id, False) < (patient_id in self.touched) or patient_id not in taking.told
        }
        taking.told.update({patient_id: detail["written"] for patient_id, detail in news.items()})
        audit.append_many(
            self.connection, news, at=self.now, actor=job.actor, action="import", resource=f"import/{job.import_id}"
        )

    def _link(self, item: Item, into: str) -> None:
        assert item.merge is not None
        taking = self.taking
        retired = taking.names.resolve(item.merge.retired, item.where)
        if isinstance(retired, Reject):  # nobody of that name was ever here: from now on it means the survivor
            people.add_identifiers(self.connection, into, item.merge.retired.identifiers)
            taking.names.identified.update({(each.system, each.value): into for each in item.merge.retired.identifiers})
            taking.note(item, "imported", "the retired number was not known here; it now means the remaining record")
            return
        if retired == into:
            taking.note(item, "imported", "both numbers are one patient here already")
            return
        try:
            reason = f"message {item.kind}"
            merge.merge_in(self.connection, retired, into, reason=reason, actor=taking.job.actor, now=self.now)
        except links.CannotLink as error:
            taking.note(item, "imported", f"not linked: {error}")
            return
        self.seen.add(retired)
        self.touched.add(retired)
        taking.note(item, "imported")

    def _enter(self, items: list[Item], patient_ids: list[str | None]) -> list[ledger.Ledgered | None]:
        """Enter items in the ledger.

        One whose content was there and has been superseded since is an old version sent again, unless the source says
        that it is newer than what superseded it: then a result was corrected back, and that is a version of its own.
        """

        def enter(chosen: list[Item], whose: list[str | None]) -> list[ledger.Ledgered | None]:
            job = self.taking.job
            return ledger.enter(
                self.connection, chosen, source=job.source, import_id=job.import_id, patient_ids=whose, now=self.now
            )

        entered = enter(items, patient_ids)
        met = [index for index, row in enumerate(entered) if row is None]
        current = ledger.superseded_by(self.connection, self.taking.job.source, [items[index] for index in met])
        back = [index for index in met if _is_newer(items[index], current.get(ledger.bounded_key(items[index].key)))]
        again = enter([_as_version(items[index]) for index in back], [patient_ids[index] for index in back])
        for index, row in zip(back, again, strict=True):
            entered[index] = row
        return entered

    def _correct(
        self, old: tuple[int, ...], derived: tuple[tuple[FactDraft, Derived], ...], known: dict[int, datetime]
    ) -> tuple[tuple[FactDraft, Derived], ...]:
        """Supersede the earlier version from when the correction was known; without a later time of its own, now."""
        before = max((known[item_id] for item_id in old if item_id in known), default=None)
        at = min((draft.known_at for draft, _ in derived), default=self.now)
        if before is not None and at <= before:
            at = self.now
            derived = tuple((replace(draft, known_at=at, known_basis="received"), made) for draft, made in derived)
        ledger.supersede(self.connection, old, at)
        return derived


def batches(items: Iterator[Item]) -> Iterator[list[Item]]:
    """Split into batches in which no key has two contents, so that a later version meets the earlier in the ledger.

    A batch holds no more than BATCH items, and ends where their texts pass BATCH_CHARACTERS.
    """
    batch: list[Item] = []
    prints: dict[str, str] = {}
    characters = 0
    for item in items:
        is_full = len(batch) >= BATCH or characters > BATCH_CHARACTERS
        if is_full or prints.get(item.key, item.fingerprint) != item.fingerprint:
            yield batch
            batch, prints, characters = [], {}, 0
        batch.append(item)
        characters += len(item.body) + len(item.resource or "")
        prints[item.key] = item.fingerprint
    if batch:
        yield batch


def _too_long(item: Item) -> Reject | None:
    assert item.patient is not None
    if any(len(each.system) + len(each.value) > _LONGEST_IDENTIFIER for each in item.patient.identifiers):
        return Reject(where=item.where, reason="invalid", detail=f"an identifier over {_LONGEST_IDENTIFIER} characters")
    return None


def _is_newer(item: Item, current: datetime | None) -> bool:
    return current is not None and item.version_at is not None and item.version_at > current


def _as_version(item: Item) -> Item:
    assert item.version_at is not None
    return replace(item, fingerprint=f"{item.fingerprint}@{item.version_at.isoformat()}")
