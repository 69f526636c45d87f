"""How what a source sends becomes facts, once: in one transaction for a request, in checkpoints for a file.

A file is taken in batches; each batch's facts, its ledger rows and how far the import has come are one transaction. An
import that was killed at any point goes on behind its last checkpoint; one that somebody cancels ends at the next.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeVar

import psycopg.errors
from sqlalchemy import Connection, Engine, Row
from sqlalchemy.exc import OperationalError

from twin.ahead import Ahead
from twin.errors import TwinError, UnreadableInput
from twin.importers import recognise
from twin.importers.base import Context, Importer, Item
from twin.importers.content import Content
from twin.importers.report import Report, Tally, from_json
from twin.record.local import LocalMapping
from twin.record.quality import mapping_version
from twin.store import ledger, mappings, session
from twin.taking import Job, Taking, batches

Done = TypeVar("Done")
PATIENT_IDS = "patient_ids"
"""Where the row of an import keeps whose it was: for its own going on, and for the report of a second time."""
_KEPT_IDS = 10_000
_ATTEMPTS = 4  # of a batch that met another import in a deadlock


class TransactionRefused(TwinError):
    """The bundle was to be taken whole or not at all, and some of its entries can't be taken."""

    def __init__(self, report: Report) -> None:
        super().__init__(f"{len(report.faults)} of {report.read} entries can't be taken; nothing was written")
        self.report = report


class Cancelled(TwinError):
    """Somebody cancelled this import; what was taken before stays."""


class AlreadyRunning(TwinError):
    """This import is being taken by another process."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What a sender asks for: whose system it is, who asks, and what they said of the source."""

    source: str
    actor: str
    context: Context
    parent_id: int | None = None

    def options(self) -> dict[str, object]:
        """What changes how a file reads: the same bytes with other options are another import."""
        told = self.context
        said = {
            "zone": str(told.zone), "shifted": told.is_shifted, "mapping": told.mapping, "sample": told.sample,
            "patient": told.patient, "knowledge": sorted(str(each.id) for each in told.knowledge),
        }  # fmt: skip
        return {key: value for key, value in said.items() if value}


def take_bundle(engine: Engine, content: bytes, *, source: str, actor: str, atomic: bool, now: datetime) -> Report:
    """Take a body that a client sent, in one transaction; the report tells of each item.

    Raises:
        UnreadableInput, UnsupportedVersion: no format reads it.
        TransactionRefused: `atomic`, and an entry can't be taken; nothing was written.
    """
    asked = Asked(source=source, actor=actor, context=Context(now=now))
    return take_request(engine, Content.of(content), asked, atomic=atomic)


def take_request(
    engine: Engine, content: Content, asked: Asked, *, atomic: bool = False, importer: Importer | None = None
) -> Report:
    """Take the body of one request whole: see `take_bundle`."""
    chosen = importer or _format_of(content)
    return in_transaction(
        engine, lambda connection: take_in(connection, content, asked, atomic=atomic, importer=chosen)
    )


def in_transaction(engine: Engine, work: Callable[[Connection], Done]) -> Done:
    """Do work in one transaction; one that met another in a deadlock was undone, and is done again."""
    for attempt in range(_ATTEMPTS):
        try:
            with engine.begin() as connection:
                return work(connection)
        except OperationalError as error:
            if attempt + 1 == _ATTEMPTS or not isinstance(error.orig, psycopg.errors.DeadlockDetected):
                raise
    raise AssertionError("the last attempt returns or raises")


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A file that is about to be taken: what is known of it, and its items, which are being read already."""

    content: Content
    asked: Asked
    importer: Importer
    local: LocalMapping
    version: str
    before: Row[Any] | None
    """An import of the same bytes, read the same way, that left nothing open: nothing needs to be read."""
    reading: Ahead[list[Item]] | None

    def close(self) -> None:
        """End the reading, where nobody takes the file after all."""
        if self.reading is not None:
            self.reading.close()


def open_file(engine: Engine, content: Content, asked: Asked, *, importer: Importer | None = None) -> Opened:
    """Look a file up in the ledger, and begin to read it where it is not known whole.

    Raises:
        UnreadableInput: no format recognises it.
    """
    chosen = importer or _format_of(content)
    with engine.connect() as connection:
        local = mappings.load(connection)
        version = mapping_version(local)
        before = ledger.taken_whole(connection, asked.source, content.sha256, version, asked.options())
    reading = None if before is not None else _read(chosen, content, asked.context)
    return Opened(
        content=content, asked=asked, importer=chosen, local=local, version=version, before=before, reading=reading
    )


def take(
    engine: Engine, content: Content, asked: Asked, *, importer: Importer | None = None,
    on_progress: Callable[[Report, int], None] = lambda report, bytes_done: None,
) -> Report:  # fmt: skip
    """Take one file in batches and return what became of everything in it; see `take_opened`."""
    return take_opened(engine, open_file(engine, content, asked, importer=importer), on_progress=on_progress)


def take_opened(
    engine: Engine, opened: Opened, *,
    on_progress: Callable[[Report, int], None] = lambda report, bytes_done: None,
) -> Report:  # fmt: skip
    """Take one file in batches and return what became of everything in it; `on_progress` hears of every checkpoint.

    Raises:
        UnreadableInput, UnsupportedVersion: the format can't read it.
        Cancelled: somebody asked for that.
        AlreadyRunning: another process takes this very import.
    """
    try:
        return _take(engine, opened, on_progress)
    finally:
        opened.close()


def _take(engine: Engine, opened: Opened, on_progress: Callable[[Report, int], None]) -> Report:
    if opened.before is not None:
        return _all_known(engine, opened, opened.before)
    import_id, is_new = _run_of(engine, opened)
    with session.held_lock(engine, f"import/{import_id}") as won:
        if not won:
            raise AlreadyRunning
        run = _Run(engine=engine, opened=opened, import_id=import_id)
        for attempt in range(_ATTEMPTS):
            try:
                return run.take(is_first=attempt == 0, is_new=is_new and attempt == 0, on_progress=on_progress)
            except OperationalError as error:  # the transaction was undone: go on behind the last checkpoint
                if attempt + 1 == _ATTEMPTS or not isinstance(error.orig, psycopg.errors.DeadlockDetected):
                    raise
    raise AssertionError("the last attempt returns or raises")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Run:
    """One file being taken by this process."""

    engine: Engine
    opened: Opened
    import_id: int

    def take(self, *, is_first: bool, is_new: bool, on_progress: Callable[[Report, int], None]) -> Report:
        taking, done = self._begin(is_new)
        reading = self.opened.reading if is_first else None
        passed = 0
        try:
            with reading or _read(self.opened.importer, self.opened.content, self.opened.asked.context) as ready:
                for batch in ready:
                    known = max(0, min(done - passed, len(batch)))
                    passed += len(batch)
                    if known:  # an earlier run has taken it; the patients it named are met again
                        self._remember(taking, batch[:known])
                    if known < len(batch):
                        self._batch(taking, batch[known:], passed)
                        on_progress(taking.tally.report(self.import_id), self._position())
            return self._end(taking, "done")
        except Cancelled:
            self._end(taking, "cancelled")
            raise
        except TwinError:
            self._end(taking, "failed")
            raise

    def _begin(self, is_new: bool) -> tuple[Taking, int]:
        tally = Tally()
        done = 0
        if not is_new:
            with self.engine.connect() as connection:
                row = ledger.get_run(connection, self.import_id)
            assert row is not None
            tally.add(from_json(self.import_id, row.report, row.report.get(PATIENT_IDS, ())))
            done = row.items_done
        job = Job(
            import_id=self.import_id, source=self.opened.asked.source, actor=self.opened.asked.actor,
            context=self.opened.asked.context, local=self.opened.local, format_key=self.opened.importer.key,
        )  # fmt: skip
        return Taking.of(job, tally), done

    def _remember(self, taking: Taking, batch: list[Item]) -> None:
        with self.engine.connect() as connection:
            taking.remember(connection, batch)

    def _batch(self, taking: Taking, batch: list[Item], done: int) -> None:
        with self.engine.begin() as connection:
            if ledger.is_cancelled(connection, self.import_id):
                raise Cancelled
            taking.batch(connection, batch)
            ledger.checkpoint(
                connection, self.import_id, items_done=done, bytes_done=self._position(),
                report=self._told(taking),
            )  # fmt: skip

    def _end(self, taking: Taking, status: str) -> Report:
        report = taking.tally.report(self.import_id)
        with self.engine.begin() as connection:
            ledger.finish_run(
                connection, self.import_id, status=status, format_key=self.opened.importer.key,
                report=self._told(taking), now=self.opened.asked.context.now,
            )  # fmt: skip
        return report

    def _told(self, taking: Taking) -> dict[str, object]:
        told = taking.tally.report(self.import_id).to_json()
        return told | {PATIENT_IDS: sorted(taking.tally.patients)[:_KEPT_IDS]}

    def _position(self) -> int:
        return self.opened.content.position()


def take_in(
    connection: Connection, content: Content, asked: Asked, *, atomic: bool = False, importer: Importer | None = None
) -> Report:
    """Take content in the caller's transaction; the report tells of each item. Raises as `take_bundle` does."""
    importer = importer or _format_of(content)
    local = mappings.load(connection)
    import_id = ledger.start_run(
        connection, source=asked.source, name=content.name, file_hash=content.sha256, actor=asked.actor,
        now=asked.context.now, bytes_total=content.size, mapping_version=mapping_version(local),
        options=asked.options(), parent_id=asked.parent_id,
    )  # fmt: skip
    job = Job(
        import_id=import_id, source=asked.source, actor=asked.actor, context=asked.context, local=local,
        format_key=importer.key,
    )  # fmt: skip
    taking = Taking.of(job, Tally(keeps_fates=True))
    for batch in batches(importer.read(content, asked.context)):
        taking.batch(connection, batch)
    report = taking.tally.report(import_id)
    if atomic and report.faults:
        raise TransactionRefused(replace(report, import_id=None))
    ledger.finish_run(
        connection, import_id, status="done", format_key=importer.key, report=report.to_json(), now=asked.context.now
    )
    return report


def _run_of(engine: Engine, opened: Opened) -> tuple[int, bool]:
    """Return the row of this import, and whether it is new: one that did not end goes on."""
    content, asked = opened.content, opened.asked
    with engine.begin() as connection:
        begun = ledger.unfinished(connection, asked.source, content.sha256, asked.options())
        if begun is not None:
            return int(begun.id), False
        import_id = ledger.start_run(
            connection, source=asked.source, name=content.name, file_hash=content.sha256, actor=asked.actor,
            now=asked.context.now, parent_id=asked.parent_id, options=asked.options(), bytes_total=content.size,
            mapping_version=opened.version,
        )  # fmt: skip
    return import_id, True


def _read(importer: Importer, content: Content, context: Context) -> Ahead[list[Item]]:
    return Ahead(lambda: batches(importer.read(content, context)))


def _all_known(engine: Engine, opened: Opened, before: Row[Any]) -> Report:
    """Note that a file came again that was taken whole, and report each of its items as known."""
    content, asked = opened.content, opened.asked
    told = from_json(None, before.report)
    tally = Tally(patients=set(before.report.get(PATIENT_IDS, ())))
    for (kind, outcome), count in told.counts.items():
        again = outcome if outcome == "not_used" else "duplicate"
        tally.counts[kind, again] = tally.counts.get((kind, again), 0) + count
    if before.source != asked.source:
        reason = f"the same file came from the source {before.source} before: nothing of it is new"
        tally.said["file", "duplicate", reason] = (1, [content.name])
    for each in told.said:
        if each.outcome == "not_used":
            tally.said[each.kind, each.outcome, each.reason] = (each.count, list(each.places))
    with engine.begin() as connection:
        import_id = ledger.start_run(
            connection, source=asked.source, name=content.name, file_hash=content.sha256, actor=asked.actor,
            now=asked.context.now, parent_id=asked.parent_id, bytes_total=content.size,
            options={"same_as": before.id},
        )  # fmt: skip
        report = tally.report(import_id)
        ledger.finish_run(
            connection, import_id, status="done", format_key=opened.importer.key, report=report.to_json(),
            now=asked.context.now,
        )  # fmt: skip
    return report


def _format_of(content: Content) -> Importer:
    importer = recognise(content)
    if importer is None:
        raise UnreadableInput("no import format recognises this content")
    return importer
