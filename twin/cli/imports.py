"""`twin import`: files, folders and archives of any known format."""

import getpass
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from twin.cli.say import COULD_NOT, REJECTS, as_json, could_not
from twin.importers.base import DEFAULT_SOURCE
from twin.settings import settings


def import_paths(
    paths: Annotated[list[Path], typer.Argument(help="Files, folders or archives: FHIR R4 bundles, CT series.")],
    source: Annotated[str, typer.Option(help="The sending system; items are named within it.")] = DEFAULT_SOURCE,
    format_key: Annotated[str | None, typer.Option("--format", help="Don't guess the format of text files.")] = None,
    patient: Annotated[str | None, typer.Option(help="Whose CT series these are: patient id or identifier.")] = None,
    json_out: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Import what is not known yet; the same file again writes no fact. Exit code 1: done, with rejects."""
    from twin import compose
    from twin import imports as imports_
    from twin.errors import TwinError

    with could_not():
        running = compose.instance(settings())
    reports = []
    failed = []
    with typer.progressbar(length=len(paths), label="importing", file=sys.stderr, hidden=json_out) as bar:
        for path in paths:
            try:
                for progress in imports_.import_path(
                    running.engine,
                    running.settings,
                    path,
                    source=source,
                    actor=f"cli:{getpass.getuser()}",
                    clock=lambda: datetime.now(UTC),
                    patient=patient,
                    format_key=format_key,
                ):
                    reports.append(progress.report)
            except TwinError as error:
                failed.append(f"{path}: {error}")
            bar.update(1)
    report = imports_.combined(reports)
    if json_out:
        as_json(report.to_json() | {"failed": failed})
    else:
        _tell(report.to_json(), failed)
    if failed or (report.fates and all(fate.kind == "file" for fate in report.fates)):
        raise typer.Exit(COULD_NOT)  # nothing that could be read at all
    if report.rejected:
        raise typer.Exit(REJECTS)


def _tell(report: dict[str, object], failed: list[str]) -> None:
    for name in ("read", "imported", "duplicates", "superseded", "rejected", "not_used", "facts", "patients"):
        typer.echo(f"{name.replace('_', ' '):12} {report[name]:>9}")
    by_type = report["by_type"]
    assert isinstance(by_type, dict)
    for kind, counts in by_type.items():
        typer.echo(f"  {kind:24} " + ", ".join(f"{count} {outcome}" for outcome, count in counts.items()))
    for note in report["notes"]:  # type: ignore[attr-defined]
        typer.echo(f"note: {note['where']}: {note['reason']}")
    rejects = report["rejects"]
    assert isinstance(rejects, list)
    for reject in rejects[:20]:
        typer.echo(f"rejected: {reject['where']}: {reject['reason']}", err=True)
    if len(rejects) > 20:
        typer.echo(f"... and {len(rejects) - 20} more (--json lists all)", err=True)
    for line in failed:
        typer.echo(f"twin: {line}", err=True)
