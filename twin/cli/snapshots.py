"""`twin snapshot`: the whole twin of one patient as of a date."""

from datetime import UTC, date, datetime, time
from typing import Annotated

import typer

from twin.cli.say import as_json, could_not
from twin.errors import NoSuchMoment, TwinError
from twin.settings import settings


def snapshot(
    patient: Annotated[str, typer.Argument(help="Patient id or identifier.")],
    as_of: Annotated[
        str | None, typer.Option("--as-of", help="A date or time (ISO 8601): the twin as it was known then.")
    ] = None,
    json_out: Annotated[bool, typer.Option("--json", help="Print JSON (the only form there is).")] = True,
) -> None:
    """Print the whole twin of one patient; nothing known after the date changes a digit of it.

    A date in the future, or before the patient was born, is refused.
    """
    from twin import compose, rescore
    from twin import snapshot as snapshots
    from twin.store import audit, people, records

    with could_not():
        now = datetime.now(UTC)
        moment = _moment(as_of, now)
        running = compose.instance(settings())
        try:
            with running.engine.begin() as connection:
                patient_id = people.find_patient(connection, patient)
                timeline = records.read_timeline(connection, patient_id, moment)
                audit.append(connection, at=now, actor="cli", action="read", patient_id=patient_id, resource="snapshot")
        finally:
            running.engine.dispose()
        _check_born(timeline.patient.birth_date, moment)
        taken = snapshots.build(timeline, now=now, settings=rescore.forecast_settings(running.settings))
        as_json(snapshots.to_json(taken))


def _moment(text: str | None, now: datetime) -> datetime:
    if text is None:
        return now
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        raise TwinError(f"--as-of: {text!r} is not a date (2026-03-03) or time (2026-03-03T12:00:00Z)") from None
    if len(text) == len("2026-03-03"):
        read = datetime.combine(read.date(), time.max)  # the whole of that day was known
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def _check_born(born: date | None, moment: datetime) -> None:
    if born is not None and moment.date() < born:
        raise NoSuchMoment("--as-of lies before the patient was born")
