"""What waits in quarantine, and what becomes of it when it is tried again: after a mapping was mended, a patient came.

A reject keeps a piece of its format that reads to the same item again. Replaying reads it as it would be read today;
what can be taken leaves the quarantine with the import that took it, the rest stays with its present reason.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Engine

from twin.errors import TwinError
from twin.importers import IMPORTERS
from twin.importers.base import Context, Item, Reject
from twin.importers.content import Content
from twin.importers.report import Report, Tally
from twin.settings import Settings
from twin.store import ledger, mappings, scoring
from twin.store import quarantine as stored
from twin.taking import Job, Taking, batches

_TOGETHER = 500  # rejects replayed in one transaction


@dataclass(frozen=True, kw_only=True, slots=True)
class Replayed:
    """What a replay did: the report of what was read, and which rejects (by id) left the quarantine."""

    tried: int
    settled: tuple[stored.Waiting, ...]
    report: Report


def replay(
    engine: Engine, settings: Settings, ids: Sequence[int], *, actor: str, now: datetime, patient: str | None = None
) -> Replayed:
    """Try rejects again, in the order of their ids, each read in its own format and with its source's options.

    `patient` is whose they are, where a person has decided that.
    """
    tally = Tally()
    settled: list[stored.Waiting] = []
    for start in range(0, len(ids), _TOGETHER):
        with engine.begin() as connection:
            rows = stored.waiting(connection, ids[start : start + _TOGETHER])
            for (source, format_key, _), group in groupby(
                rows, key=lambda row: (row.source, row.format, repr(row.told))
            ):
                if format_key is not None:
                    done, report = _group(connection, settings, source, format_key, list(group), actor, now, patient)
                    settled += done
                    tally.add(report)
    return Replayed(tried=len(ids), settled=tuple(settled), report=tally.report(None))


def _group(
    connection: Connection, settings: Settings, source: str, format_key: str, rows: list[stored.Waiting], actor: str,
    now: datetime, patient: str | None,
) -> tuple[list[stored.Waiting], Report]:  # fmt: skip
    """Replay rejects of one source and format as one import."""
    importer = next(each for each in IMPORTERS if each.key == format_key)
    local = mappings.load(connection)
    import_id = ledger.start_run(
        connection, source=source, name="quarantine", file_hash="", actor=actor, now=now,
        options={"replay": len(rows)},
    )  # fmt: skip
    context = _context(settings, rows[0].told, scoring.load(connection), now)
    taken = Tally()
    settled = []
    for row in rows:
        one = Tally()
        job = Job(
            import_id=import_id, source=source, actor=actor, local=local, format_key=format_key,
            context=replace(context, patient=patient or row.patient_id or context.patient),
        )  # fmt: skip
        taking = Taking.of(job, one)
        try:
            items = [item for item in importer.read(Content.of(row.body.encode()), job.context) if _belongs(item, row)]
        except TwinError as error:
            items = [_unread(row, str(error))]
        for batch in batches(iter(items)):
            taking.batch(connection, batch)
        if one.rejects:
            stored.note_reason(connection, row.id, one.rejects[0])
        elif items:
            stored.settle_reject(connection, row.id, import_id=import_id, actor=actor, now=now)
            settled.append(row)
        taken.add(one.report(None))
    ledger.finish_run(
        connection, import_id, status="done", format_key=format_key, report=taken.report(None).to_json(), now=now
    )
    return settled, taken.report(import_id)


def _belongs(item: Item, row: stored.Waiting) -> bool:
    return item.patient is not None or ledger.bounded_key(item.key) == row.item_key


def _unread(row: stored.Waiting, why: str) -> Item:
    reject = Reject(where=row.place, reason="unreadable", detail=why)
    return Item(key=row.item_key, fingerprint=row.fingerprint, kind=row.kind, where=row.place, reject=reject)


def _context(settings: Settings, told: dict[str, Any], knowledge: tuple[Any, ...], now: datetime) -> Context:
    return Context(
        now=now, zone=ZoneInfo(str(told.get("zone", settings.time_zone))), is_shifted=bool(told.get("shifted")),
        mapping=told.get("mapping"), sample=told.get("sample"), patient=told.get("patient"), knowledge=knowledge,
    )  # fmt: skip
