"""`twin backfill`: many studies at once, done by the workers."""

import getpass
import time
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from twin.cli.say import REJECTS, as_json, could_not
from twin.settings import settings

_LOOK_S = 1.0


def backfill(
    path: Annotated[Path, typer.Argument(help="A folder whose folders and archives are studies.")],
    wait: Annotated[bool, typer.Option(help="Stay and tell how far it has come.")] = True,
    json_out: Annotated[bool, typer.Option("--json", help="Print the end as JSON.")] = False,
) -> None:
    """Let the workers import and screen everything under a path. Given again, it joins what is under way.

    Exit code 1: done, and some could not be imported.
    """
    from twin import backfill as backfills
    from twin import compose

    with could_not():
        running = compose.instance(settings())
        imports = backfills.enter(running.engine, path, actor=f"cli:{getpass.getuser()}", now=datetime.now(UTC))
    said = ""
    while True:
        reached = backfills.reached(running.engine, imports)
        line = (
            f"{reached.imported + reached.failed} of {reached.imports} imported, "
            f"{reached.series - reached.waiting} of {reached.series} series screened"
        )
        if line != said:
            typer.echo(line, err=True)
            said = line
        if reached.is_done or not wait:
            break
        time.sleep(_LOOK_S)
    if json_out:
        as_json(asdict(reached))
    if reached.failed:
        raise typer.Exit(REJECTS)
