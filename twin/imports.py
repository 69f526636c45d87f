"""One import of anything a person points at: text formats go to `intake`, images to `scan`, one report for all."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Engine

from twin import intake, scan, uploads
from twin.errors import TwinError, UnknownKey
from twin.importers import IMPORTERS
from twin.importers.base import Importer, Reject
from twin.importers.container import Input, inputs
from twin.importers.report import Fate, Report
from twin.settings import Settings
from twin.store import ledger, people


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """One input is done: its name and what became of it."""

    name: str
    report: Report


def import_path(
    engine: Engine, settings: Settings, path: Path, *, source: str, actor: str, clock: Callable[[], datetime],
    patient: str | None = None, format_key: str | None = None,
) -> Iterator[Progress]:  # fmt: skip
    """Import every input of a file, folder or archive, and yield each one's report as it is done.

    Raises:
        UnreadableInput: nothing there.
        UnknownPatient: `patient` is nobody known here.
        UnknownKey: `format_key` is no format.
    """
    importer = _named(format_key)
    if patient is not None:
        with engine.connect() as connection:
            patient = people.find_patient(connection, patient)
    for each in inputs(path):
        yield Progress(
            name=each.name, report=_import(engine, settings, each, source, actor, patient, importer, clock())
        )


def combined(reports: list[Report]) -> Report:
    """Return the sum of several reports."""
    return Report(
        import_id=reports[-1].import_id if reports else None,
        facts=sum(report.facts for report in reports),
        patients=tuple(sorted({patient for report in reports for patient in report.patients})),
        fates=tuple(fate for report in reports for fate in report.fates),
        rejects=tuple(reject for report in reports for reject in report.rejects),
    )


def import_upload(engine: Engine, settings: Settings, import_id: int, clock: Callable[[], datetime]) -> None:
    """Import an uploaded file and close its row with the report. Killed anywhere, it is simply done again."""
    with engine.connect() as connection:
        run = ledger.get_run(connection, import_id)
    if run is None or run.status != uploads.WAITING:
        return
    upload = run.report["upload"]
    path = Path(upload["path"])
    try:
        done = [
            progress.report
            for progress in import_path(
                engine, settings, path, source=run.source, actor=run.requested_by, clock=clock,
                patient=upload["patient"],
            )
        ]  # fmt: skip
        report, status = _named_as_sent(combined(done).to_json(), str(path), run.file_name), "done"
    except TwinError as error:
        report, status = {"rejects": [{"where": run.file_name, "reason": str(error)}], "rejected": 1}, "failed"
    with engine.begin() as connection:
        ledger.finish_run(connection, import_id, status=status, format_key=None, report=report, now=clock())
    path.unlink(missing_ok=True)


def _named_as_sent(report: dict[str, Any], path: str, name: str) -> dict[str, Any]:
    """Return the report with the sender's file name where our own path stood."""
    rejects = [reject | {"where": reject["where"].replace(path, name)} for reject in report["rejects"]]
    return report | {"rejects": rejects}


def _import(
    engine: Engine, settings: Settings, each: Input, source: str, actor: str, patient: str | None,
    importer: Importer | None, now: datetime,
) -> Report:  # fmt: skip
    if each.images is not None:
        zone = ZoneInfo(settings.time_zone)
        return scan.receive(
            engine, settings.home_path, zone, each.images, name=each.name, actor=actor, patient=patient, now=now
        )
    if each.refused is not None or each.content is None:
        return _unreadable(each.name, each.refused or "empty")
    try:
        report = intake.take(
            engine, each.content, name=each.name, source=source, actor=actor, now=now, importer=importer
        )
    except TwinError as error:
        return _unreadable(each.name, str(error))
    named = tuple(replace(reject, where=f"{each.name}: {reject.where}") for reject in report.rejects)
    return replace(report, rejects=named)


def _unreadable(name: str, reason: str) -> Report:
    reject = Reject(where=name, reason="unreadable", detail=reason)
    fate = Fate(where=name, kind="file", resource=name, outcome="rejected", reason=reason)
    return Report(import_id=None, facts=0, patients=(), fates=(fate,), rejects=(reject,))


def _named(format_key: str | None) -> Importer | None:
    if format_key is None:
        return None
    found = next((importer for importer in IMPORTERS if importer.key == format_key), None)
    if found is None:
        raise UnknownKey(f"no format {format_key!r}; known: {', '.join(importer.key for importer in IMPORTERS)}")
    return found
