"""`twin import`: files, folders and archives of any known format."""

import getpass
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from twin.cli.say import COULD_NOT, REJECTS, as_json, could_not
from twin.importers.base import DEFAULT_SOURCE
from twin.settings import settings

if TYPE_CHECKING:
    from twin.imports import Progress as Reached
    from twin.imports import Told

_SHOWN = 20  # rejects and reasons printed; --json lists all
_SUMS = ("read", "imported", "duplicates", "superseded", "rejected", "not_used", "facts", "patients")


def import_paths(
    paths: Annotated[
        list[Path],
        typer.Argument(
            help="Files, folders or archives: FHIR, HL7 v2, C-CDA, tables, VCF, DICOM; formats are guessed."
        ),
    ],
    source: Annotated[str, typer.Option(help="The sending system; items are named within it.")] = DEFAULT_SOURCE,
    format_key: Annotated[str | None, typer.Option("--format", help="Don't guess the format of text files.")] = None,
    patient: Annotated[
        str | None, typer.Option(help="Whose it is, where the file names nobody: patient id or identifier.")
    ] = None,
    mapping: Annotated[
        str | None, typer.Option(help="For tables: a mapping.toml, or the name of a ready mapping (docs/tables.md).")
    ] = None,
    sample: Annotated[str | None, typer.Option(help="Of a VCF of several people: the one that is meant.")] = None,
    time_zone: Annotated[
        str | None, typer.Option(help="IANA zone of times without an offset; default: the site's.")
    ] = None,
    shifted_dates: Annotated[
        bool, typer.Option("--shifted-dates", help="De-identified data: dates may lie in the future.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="For tables: show the first rows as they would be read; write nothing.")
    ] = False,
    json_out: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Import what is not known yet; the same file again writes no fact. Exit code 1: done, with rejects.

    An import that was interrupted goes on where it stopped when the same command is given again.
    """
    from twin.uploads import Told

    told = Told(
        patient=patient, format_key=format_key, mapping=_mapping(mapping), sample=sample, time_zone=time_zone,
        is_shifted=shifted_dates,
    )  # fmt: skip
    if dry_run:
        _preview(paths, told, json_out)
        return
    _import(paths, source, told, json_out)


def _import(paths: list[Path], source: str, told: "Told", json_out: bool) -> None:
    from twin import compose
    from twin import imports as imports_
    from twin.errors import TwinError
    from twin.importers.report import Tally

    with could_not():
        running = compose.instance(settings())
    whole = Tally()
    failed: list[str] = []
    with _bar(hidden=json_out) as bar:
        for path in paths:
            task = bar.add_task(path.name, total=None, items="")

            def show(reached: "Reached", task: Any = task) -> None:
                bar.update(
                    task, description=reached.name[-40:], completed=reached.bytes_done, total=reached.bytes_total,
                    items=f"{reached.report.read:,} items",
                )  # fmt: skip

            try:
                report = imports_.import_path(
                    running.engine, running.settings, path, source=source, actor=f"cli:{getpass.getuser()}",
                    clock=lambda: datetime.now(UTC), told=told, on_progress=show,
                )  # fmt: skip
                whole.add(report)
                bar.update(task, description=path.name, completed=1, total=1, items=f"{report.read:,} items")
            except TwinError as error:
                failed.append(f"{path}: {error}")
    report = whole.report(None)
    if json_out:
        as_json(report.to_json() | {"failed": failed})
    else:
        _tell(report.to_json(), failed)
    if failed or report.is_unreadable:
        raise typer.Exit(COULD_NOT)  # nothing that could be read at all
    if report.rejected:
        raise typer.Exit(REJECTS)


def _preview(paths: list[Path], told: "Told", json_out: bool) -> None:
    from twin import imports as imports_
    from twin.errors import TwinError

    shown = []
    failed = False
    for path in paths:
        try:
            for name, found in imports_.preview(settings(), path, told, datetime.now(UTC)):
                shown.append({"file": name} | found.to_json())
                if not json_out:
                    typer.echo(f"{name}\n{found.render()}\n")
        except TwinError as error:
            failed = True
            typer.echo(f"twin: {path}: {error}", err=True)
    if not shown and not failed:
        typer.echo("twin: no table there; --dry-run shows how tables would be read", err=True)
    if json_out:
        as_json(shown)
    if failed or not shown:
        raise typer.Exit(COULD_NOT)


def _mapping(given: str | None) -> str | None:
    """The text of a mapping file, or a ready mapping's name as it is."""
    if given is not None and Path(given).is_file():
        return Path(given).read_text(encoding="utf-8")
    return given


def _bar(*, hidden: bool) -> Progress:
    """A line for each path on standard error; nothing where no person looks."""
    console = Console(stderr=True)
    return Progress(
        TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} % {task.fields[items]}"),
        TimeElapsedColumn(), console=console, disable=hidden or not sys.stderr.isatty(),
    )  # fmt: skip


def _tell(report: dict[str, Any], failed: list[str]) -> None:
    for name in _SUMS:
        typer.echo(f"{name.replace('_', ' '):12} {report[name]:>9,}")
    for kind, counts in report["by_type"].items():
        typer.echo(f"  {kind:24} " + ", ".join(f"{count:,} {outcome}" for outcome, count in counts.items()))
    for note in report["notes"]:
        typer.echo(f"note: {note['reason']} ({note['count']:,}; {note['places'][0]})")
    for reason in report["not_used_reasons"][:_SHOWN]:
        typer.echo(f"not used: {reason['reason']} ({reason['count']:,}; {reason['places'][0]})")
    recalls = report.get("recalls_on_corrected_values", ())
    if recalls:
        typer.echo(f"{len(recalls)} open recalls rested on values that were corrected; the worker judges them again")
    rejects = report["rejects"]
    for reject in rejects[:_SHOWN]:
        typer.echo(f"rejected: {reject['where']}: {reject['reason']}", err=True)
    left = report["rejected"] - len(rejects[:_SHOWN])
    if left > 0:
        typer.echo(f"... and {left:,} more (--json lists them; `twin quarantine list` keeps all)", err=True)
    for line in failed:
        typer.echo(f"twin: {line}", err=True)
