"""`twin pgs`: the polygenic scoring files that genomes are read against."""

import getpass
from datetime import UTC, datetime
from typing import Annotated

import typer

from twin.cli.say import COULD_NOT, as_json, could_not
from twin.settings import settings

app = typer.Typer(help="Polygenic scoring files (install one with `twin import`).", no_args_is_help=True)


@app.command("list")
def listed(json_out: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """List the scoring files of this instance."""
    from twin import compose
    from twin.store import scoring

    with could_not():
        running = compose.instance(settings())
    with running.engine.connect() as connection:
        rows = [row._asdict() for row in scoring.installed(connection)]
    if json_out:
        as_json(rows)
        return
    for row in rows:
        typer.echo(f"{row['id']:32} {row['header']['variants']:>9,} variants  {row['header']['trait']}")
    if not rows:
        typer.echo("no scoring file is installed")


@app.command()
def remove(key: Annotated[str, typer.Argument(help="The id that `list` prints.")]) -> None:
    """Stop applying a scoring file; sums that it made stay facts."""
    from twin import compose
    from twin.store import audit, scoring

    with could_not():
        running = compose.instance(settings())
    with running.engine.begin() as connection:
        is_gone = scoring.remove(connection, key)
        if is_gone:
            audit.append(
                connection, at=datetime.now(UTC), actor=f"cli:{getpass.getuser()}", action="scoring.remove",
                resource=f"score/{key}",
            )  # fmt: skip
    if not is_gone:
        typer.echo("twin: no such scoring file", err=True)
        raise typer.Exit(COULD_NOT)
