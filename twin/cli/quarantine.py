"""`twin quarantine`: what could not be used, as received - list it, look at it, try it again, set it aside."""

import getpass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from twin.cli.say import COULD_NOT, REJECTS, as_json, could_not
from twin.settings import settings

if TYPE_CHECKING:
    from twin.store.quarantine import Filters

app = typer.Typer(help="What could not be used, as received.", no_args_is_help=True)

Reason = Annotated[str | None, typer.Option(help="Only rejects with this reason, such as bad_unit.")]
Source = Annotated[str | None, typer.Option(help="Only rejects of this sending system.")]
Import = Annotated[int | None, typer.Option("--import", help="Only rejects of this import and its files.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command("list")
def listed(reason: Reason = None, source: Source = None, import_id: Import = None, json_out: AsJson = False) -> None:
    """List what waits: sums by source, format and reason; with a filter every item with its place."""
    from twin import compose
    from twin.store import quarantine as stored

    with could_not():
        running = compose.instance(settings())
    with running.engine.connect() as connection:
        if reason is None and source is None and import_id is None:
            rows = [row._asdict() for row in stored.sums(connection)]
        else:
            rows = [row._asdict() for row in stored.page(connection, _filters(reason, source, import_id), size=10_000)]
    if json_out:
        as_json(rows)
        return
    for row in rows:
        told = f"{row['reason']}: {row['detail']}" if row["detail"] else row["reason"]
        if "count" in row:
            typer.echo(
                f"{row['count']:>8,}  {row['source']}  {row['format'] or '-'}  {row['kind']}  {told} (#{row['first']})"
            )
        else:
            typer.echo(f"{row['id']:>8}  {row['source']}  {row['place']}  {told}")
    if not rows:
        typer.echo("nothing waits")


@app.command()
def show(reject_id: Annotated[int, typer.Argument(help="The number that `list` prints.")]) -> None:
    """Print one item as it was received."""
    from twin import compose
    from twin.store import audit
    from twin.store import quarantine as stored

    with could_not():
        running = compose.instance(settings())
    with running.engine.begin() as connection:
        row = stored.get(connection, reject_id)
        if row is not None:
            audit.append(
                connection, at=datetime.now(UTC), actor=_me(), action="quarantine.read", patient_id=row.patient_id,
                resource=f"reject/{reject_id}",
            )  # fmt: skip
    if row is None:
        typer.echo("twin: no such reject", err=True)
        raise typer.Exit(COULD_NOT)
    typer.echo(row.body or "")


@app.command()
def replay(
    ids: Annotated[list[int] | None, typer.Argument(help="Numbers that `list` prints; none: all that wait.")] = None,
    reason: Reason = None,
    source: Source = None,
    import_id: Import = None,
    patient: Annotated[str | None, typer.Option(help="Whose they are: a person's decision (id or identifier).")] = None,
    json_out: AsJson = False,
) -> None:
    """Read rejects as they would be read today, after a mapping was mended. Exit code 1: some still can't be used."""
    from twin import compose, quarantine
    from twin.store import people
    from twin.store import quarantine as stored

    with could_not():
        running = compose.instance(settings())
        with running.engine.connect() as connection:
            chosen = ids or stored.ids(connection, _filters(reason, source, import_id))
            whose = people.find_patient(connection, patient) if patient else None
        done = quarantine.replay(
            running.engine, running.settings, chosen, actor=_me(), now=datetime.now(UTC), patient=whose
        )
    if json_out:
        as_json({"tried": done.tried, "settled": len(done.settled)} | done.report.to_json())
    else:
        typer.echo(f"{done.tried:,} tried, {len(done.settled):,} left the quarantine with {done.report.facts:,} facts")
    if len(done.settled) < done.tried:
        raise typer.Exit(REJECTS)


@app.command()
def dismiss(
    ids: Annotated[list[int], typer.Argument(help="Numbers that `list` prints.")],
    reason: Annotated[str, typer.Option(help="Why they will never be used.")],
) -> None:
    """Set rejects aside for good; what was received is kept."""
    from twin import compose
    from twin.store import audit
    from twin.store import quarantine as stored

    with could_not():
        running = compose.instance(settings())
    now = datetime.now(UTC)
    with running.engine.begin() as connection:
        count = stored.dismiss(connection, ids, actor=_me(), note=reason, now=now)
        audit.append(
            connection,
            at=now,
            actor=_me(),
            action="quarantine.dismiss",
            resource="quarantine",
            detail={"rejects": count},
        )
    typer.echo(f"{count:,} set aside")


def _filters(reason: str | None, source: str | None, import_id: int | None) -> "Filters":
    from twin.store.quarantine import Filters

    return Filters(reason=reason, source=source, import_id=import_id)


def _me() -> str:
    return f"cli:{getpass.getuser()}"
