"""How what a source sends becomes facts: read, resolve who it is about, enter in the ledger, write, report.

One file is one transaction: all of it is written, or none. An item that can't be used is a reject with its place and
reason, kept as received; the rest of the file goes on, but where the sender asked for all or nothing (`atomic`).
"""

import hashlib
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from sqlalchemy import Connection, Engine

from twin.errors import TwinError, UnreadableInput
from twin.importers import recognise
from twin.importers.base import Context, Importer, Item, Outcome, Reject, Subject
from twin.importers.content import Content
from twin.importers.report import Fate, Report
from twin.record.fact import Absent, Derived, FactDraft
from twin.record.identity import decide, own_name
from twin.record.quality import derive
from twin.store import audit, ledger, people, records

_BATCH = 2_000  # items entered in the ledger together


class TransactionRefused(TwinError):
    """The bundle was to be taken whole or not at all, and some of its entries can't be taken."""

    def __init__(self, report: Report) -> None:
        super().__init__(f"{len(report.faults)} of {report.read} entries can't be taken; nothing was written")
        self.report = report


def take_bundle(engine: Engine, content: bytes, *, source: str, actor: str, atomic: bool, now: datetime) -> Report:
    """Take a body that a client sent.

    Raises:
        UnreadableInput, UnsupportedVersion: no format reads it.
        TransactionRefused: `atomic`, and an entry can't be taken; nothing was written.
    """
    return take(engine, content, name="request", source=source, actor=actor, atomic=atomic, now=now)


def take(
    engine: Engine, content: bytes, *, name: str, source: str, actor: str, now: datetime, atomic: bool = False,
    importer: Importer | None = None,
) -> Report:  # fmt: skip
    """Take the content of one file into the record, in one transaction, and return what became of each item."""
    given = Content.of(content, name)
    importer = importer or recognise(given)
    if importer is None:
        raise UnreadableInput("no import format recognises this content")
    with engine.begin() as connection:
        import_id = ledger.start_run(
            connection, source=source, name=name, file_hash=hashlib.sha256(content).hexdigest(), actor=actor, now=now
        )
        taking = _Taking(connection=connection, import_id=import_id, source=source, now=now)
        for batch in _batches(importer.read(given, Context(now=now))):
            taking.batch(batch)
        report = taking.report()
        if atomic and report.faults:
            raise TransactionRefused(replace(report, import_id=None))
        records.mark_stale(connection, taking.touched, now)
        ledger.finish_run(
            connection, import_id, status="done", format_key=importer.key, report=report.to_json(), now=now
        )
        for patient_id in sorted(taking.seen | taking.touched):
            detail = {"written": patient_id in taking.touched}
            audit.append(
                connection, at=now, actor=actor, action="import", patient_id=patient_id,
                resource=f"import/{import_id}", detail=detail,
            )  # fmt: skip
    return report


@dataclass(kw_only=True, slots=True)
class _Taking:
    """The state of one file being taken: names met so far, and what became of each item."""

    connection: Connection
    import_id: int
    source: str
    now: datetime
    named: dict[str, frozenset[str]] = field(default_factory=dict)
    births: dict[str, date | None] = field(default_factory=dict)
    touched: set[str] = field(default_factory=set)
    seen: set[str] = field(default_factory=set)
    facts: int = 0
    fates: list[Fate] = field(default_factory=list)
    rejects: list[Item] = field(default_factory=list)

    def batch(self, items: list[Item]) -> None:
        self._look_up(items)
        ready: list[tuple[Item, str, tuple[tuple[FactDraft, Derived], ...]]] = []
        for item in items:
            if item.not_used is not None:
                self._note(item, "not_used", item.not_used)
            elif item.reject is not None:
                self._reject(item, item.reject)
            else:
                settled = self._settle(item)
                if isinstance(settled, Reject):
                    self._reject(item, settled)
                else:
                    ready.append((item, *settled))
        self._write(ready)

    def report(self) -> Report:
        return Report(
            import_id=self.import_id,
            facts=self.facts,
            patients=tuple(sorted(self.seen)),
            fates=tuple(self.fates),
            rejects=tuple(item.reject for item in self.rejects if item.reject is not None),
        )

    def _look_up(self, items: list[Item]) -> None:
        keys = {key for item in items if item.subject for key in item.subject.keys} - self.named.keys()
        self.named.update(ledger.patients_by_keys(self.connection, self.source, keys))
        identifiers = [each for item in items if item.subject for each in item.subject.identifiers]
        for (system, value), patient_id in people.find_identifiers(self.connection, identifiers).items():
            self.named[f"{system}|{value}"] = frozenset({patient_id})
        unknown = {patient_id for ids in self.named.values() for patient_id in ids} - self.births.keys()
        self.births.update(people.birth_dates(self.connection, unknown))

    def _settle(self, item: Item) -> tuple[str, tuple[tuple[FactDraft, Derived], ...]] | Reject:
        """Return whose item it is and its derived facts, or why it is refused."""
        derived = []
        for draft in item.facts:
            made = derive(draft)
            if isinstance(made, Absent):
                place = f"{item.where}.{draft.part}" if draft.part else item.where
                return Reject(where=place, reason=made.reason, detail=made.detail)
            derived.append((draft, made))
        patient_id = self._identify(item) if item.patient is not None else self._subject(item)
        if isinstance(patient_id, Reject):
            return patient_id
        born = self.births.get(patient_id)
        if born is not None and any(draft.observed_at.date() < born for draft in item.facts):
            return Reject(where=item.where, reason="impossible_date", detail="before birth")
        return patient_id, tuple(derived)

    def _identify(self, item: Item) -> str | Reject:
        assert item.patient is not None
        own = own_name(self.source, item.key)
        draft = replace(item.patient, identifiers=(*item.patient.identifiers, own))
        people.lock_identities(self.connection)
        known = people.find_identifiers(self.connection, draft.identifiers)
        meant = decide(item.patient.identifiers, own, known)
        if isinstance(meant, Absent):
            return Reject(where=item.where, reason=meant.reason, detail=meant.detail)
        if meant is None:
            meant = str(uuid.uuid4())
            people.add_patient(self.connection, meant, draft, self.now)
        own_names = (f"{each.system}|{each.value}" for each in item.patient.identifiers)
        for alias in (item.key, *item.aliases, *own_names):
            self.named[alias] = frozenset({meant})
        self.births[meant] = draft.birth_date
        return meant

    def _subject(self, item: Item) -> str | Reject:
        subject = item.subject or Subject()
        names = (*subject.keys, *(f"{each.system}|{each.value}" for each in subject.identifiers))
        if not names:
            return Reject(where=item.where, reason="unknown_patient", detail="names no patient")
        for name in names:
            found = self.named.get(name, frozenset())
            if len(found) == 1:
                return next(iter(found))
            if found:
                return Reject(
                    where=item.where, reason="ambiguous_patient", detail="the reference means several patients"
                )
        return Reject(where=item.where, reason="unknown_patient", detail="the reference means no patient known here")

    def _write(self, ready: list[tuple[Item, str, tuple[tuple[FactDraft, Derived], ...]]]) -> None:
        entered = self._enter([item for item, _, _ in ready], [patient_id for _, patient_id, _ in ready])
        earlier = [old for row in entered if row is not None for old in row.supersedes]
        known = ledger.latest_known(self.connection, earlier) if earlier else {}
        new: list[records.NewFact] = []
        for (item, patient_id, derived), row in zip(ready, entered, strict=True):
            self.seen.add(patient_id)
            if row is None:
                self._note(item, "duplicate")
                continue
            drafts = derived
            if row.supersedes:
                drafts = self._correct(row.supersedes, derived, known)
            new.extend(
                records.NewFact(patient_id=patient_id, item_id=row.item_id, draft=draft, derived=made)
                for draft, made in drafts
            )
            if item.patient is not None:
                people.describe_patient(self.connection, patient_id, item.patient, self.now)
            self.touched.add(patient_id)
            self._note(item, "superseded" if row.supersedes else "imported")
        self.facts += records.add_facts(self.connection, new, import_id=self.import_id, now=self.now)

    def _enter(self, items: list[Item], patient_ids: list[str]) -> list[ledger.Ledgered | None]:
        """Enter items in the ledger.

        One whose content was there and has been superseded since is an old version sent again, unless the source says
        that it is newer than what superseded it: then a result was corrected back, and that is a version of its own.
        """

        def enter(chosen: list[Item], whose: list[str]) -> list[ledger.Ledgered | None]:
            return ledger.enter(
                self.connection, chosen, source=self.source, import_id=self.import_id, patient_ids=whose, now=self.now
            )

        entered = enter(items, patient_ids)
        met = [index for index, row in enumerate(entered) if row is None]
        current = ledger.superseded_by(self.connection, self.source, [items[index] for index in met])
        back = [index for index in met if _is_newer(items[index], current.get(items[index].key))]
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

    def _note(self, item: Item, outcome: Outcome, reason: str = "") -> None:
        self.fates.append(Fate(where=item.where, kind=item.kind, resource=item.key, outcome=outcome, reason=reason))

    def _reject(self, item: Item, reject: Reject) -> None:
        refused = replace(item, reject=reject)
        self.rejects.append(refused)
        ledger.add_rejects(self.connection, self.import_id, [refused])
        self._note(item, "rejected", reject.to_json()["reason"])


def _is_newer(item: Item, current: datetime | None) -> bool:
    return current is not None and item.version_at is not None and item.version_at > current


def _as_version(item: Item) -> Item:
    assert item.version_at is not None
    return replace(item, fingerprint=f"{item.fingerprint}@{item.version_at.isoformat()}")


def _batches(items: Iterator[Item]) -> Iterator[list[Item]]:
    """Split into batches in which no key stands twice, so that a later version meets the earlier one in the ledger."""
    batch: list[Item] = []
    keys: set[str] = set()
    for item in items:
        if len(batch) >= _BATCH or item.key in keys:
            yield batch
            batch, keys = [], set()
        batch.append(item)
        keys.add(item.key)
    if batch:
        yield batch
