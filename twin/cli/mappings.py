"""`twin codes` and `twin remap`: what this site's own codes and units mean, and deriving the record again by it."""

import getpass
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer

from twin.cli.say import COULD_NOT, as_json, could_not
from twin.errors import UnknownKey
from twin.record.local import ANY_SOURCE
from twin.settings import settings

app = typer.Typer(help="What this site's own codes and units mean.", no_args_is_help=True)
_REMAP = "stored facts keep their reading until `twin remap`"


@app.callback()
def root() -> None:
    """What this site's own codes and units mean."""


@app.command()
def unmapped(
    limit: Annotated[int, typer.Option(min=1, help="How many of each to list.")] = 50,
    json_out: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List the most frequent codes that mean nothing to the twin yet, and the units it refused."""
    from twin import compose
    from twin.store import unmapped as store

    with could_not(), compose.instance(settings()).engine.connect() as connection:
        codes = store.unmapped_codes(connection, limit)
        units = store.unread_units(connection, limit)
    if json_out:
        as_json({"codes": [asdict(each) for each in codes], "units": [asdict(each) for each in units]})
        return
    for code in codes:
        typer.echo(
            f"{code.facts:>9}  {code.kind:14} {code.system or '-'} {code.code or '-'}  {code.display}"
            f"{'  in ' + code.unit if code.unit else ''}  ({code.source})"
        )
    for unit in units:
        typer.echo(f"{unit.values:>9}  refused unit   {unit.detail}")


@app.command("map")
def map_(
    system: Annotated[str, typer.Argument(help="Code system, as `twin codes unmapped` shows it; '' for none.")],
    code: Annotated[str, typer.Argument(help="The code.")],
    key: Annotated[str, typer.Argument(help="Signal or concept, such as creatinine or diabetes_type_2.")],
    source: Annotated[str, typer.Option(help="Only from this sending system.")] = ANY_SOURCE,
) -> None:
    """Say which signal or concept a code of this site means."""
    from twin import compose
    from twin.record.codes import is_known_key
    from twin.store import mappings

    with could_not():
        if not is_known_key(key):
            raise UnknownKey(f"no signal or concept {key!r}")
        with compose.instance(settings()).engine.begin() as connection:
            mappings.map_code(
                connection, source=source, system=system, code=code, key=key, actor=_actor(), now=datetime.now(UTC)
            )
    typer.echo(f"{code} means {key}; {_REMAP}")


@app.command()
def unit(
    text: Annotated[str, typer.Argument(help="The unit as the source writes it.")],
    ucum: Annotated[str, typer.Argument(help="The UCUM unit it stands for.")],
) -> None:
    """Say which UCUM unit a unit text of this site stands for."""
    from twin import compose
    from twin.record.units.ucum import measure
    from twin.store import mappings

    with could_not():
        if measure(ucum) is None:
            raise UnknownKey(f"{ucum!r} is not a UCUM unit")
        with compose.instance(settings()).engine.begin() as connection:
            mappings.map_unit(connection, text=text.strip(), ucum=ucum, actor=_actor(), now=datetime.now(UTC))
    typer.echo(f"{text} is read as {ucum}; {_REMAP}")


@app.command("list")
def list_(json_out: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """List what this site has said of its codes and units."""
    from twin import compose
    from twin.store import mappings

    with could_not(), compose.instance(settings()).engine.connect() as connection:
        codes, units = mappings.list_codes(connection), mappings.list_units(connection)
    if json_out:
        as_json({"codes": [asdict(each) for each in codes], "units": [asdict(each) for each in units]})
        return
    for row in codes:
        typer.echo(f"{row.system or '-'} {row.code} means {row.key}  ({row.source or 'any source'}; {row.added_by})")
    for each in units:
        typer.echo(f"{each.text} is read as {each.ucum}  ({each.added_by})")


@app.command()
def unmap(
    code: Annotated[str, typer.Argument(help="A code, or with --unit a unit text.")],
    system: Annotated[str, typer.Option(help="Its code system.")] = "",
    source: Annotated[str, typer.Option(help="Its sending system.")] = ANY_SOURCE,
    is_unit: Annotated[bool, typer.Option("--unit", help="Take back a unit, not a code.")] = False,
) -> None:
    """Take back what this site has said of a code or unit."""
    from twin import compose
    from twin.store import mappings

    now = datetime.now(UTC)
    with could_not(), compose.instance(settings()).engine.begin() as connection:
        if is_unit:
            was_there = mappings.unmap_unit(connection, text=code.strip(), actor=_actor(), now=now)
        else:
            was_there = mappings.unmap_code(
                connection, source=source, system=system, code=code, actor=_actor(), now=now
            )
    if not was_there:
        typer.echo("twin: nothing is said of it", err=True)
        raise typer.Exit(COULD_NOT)
    typer.echo(f"taken back; {_REMAP}")


def remap(
    everything: Annotated[bool, typer.Option("--all", help="Also facts that today's mapping has derived.")] = False,
    json_out: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Derive signals and canonical values again after a mapping change; what was received stays as it came."""
    from twin import compose
    from twin import remap as remap_

    with could_not():
        engine = compose.instance(settings()).engine
        with typer.progressbar(
            length=remap_.waiting(engine, everything=everything), label="remapping", file=sys.stderr, hidden=json_out
        ) as bar:
            report = remap_.remap(engine, now=datetime.now(UTC), everything=everything, on_progress=bar.update)
    if json_out:
        as_json(report.to_json())
        return
    typer.echo(
        f"mapping {report.version}: {report.read} facts read, {report.changes.total()} changed, "
        f"{len(report.patients)} twins to compute again"
    )
    for (signal, reason), count in sorted(report.changes.items()):
        typer.echo(f"{count:>9}  {signal}: {reason}")


def _actor() -> str:
    return f"cli:{getpass.getuser()}"
