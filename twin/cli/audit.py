"""`twin audit`: has anyone touched the list of who looked at whom?"""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from twin.cli.say import REJECTS, as_json, could_not
from twin.errors import TwinError
from twin.settings import settings

if TYPE_CHECKING:
    from twin.store.audit import Head

app = typer.Typer(help="The audit chain.", no_args_is_help=True)


@app.callback()
def root() -> None:
    """The audit chain."""


@app.command()
def verify(
    json_out: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    head: Annotated[
        str | None, typer.Option(help="POSITION:HASH noted earlier: shows that the chain's end was not cut off.")
    ] = None,
) -> None:
    """Walk the whole hash chain; exit code 1 where it is broken. Events not sealed yet are counted."""
    from twin import compose
    from twin.store import audit

    with could_not():
        running = compose.instance(settings())
        with running.engine.connect() as connection:
            found = audit.verify(connection, anchor=_head(head))
    if json_out:
        as_json(asdict(found))
    else:
        broken = found.first_break
        typer.echo(f"{found.events} events, {found.sealed} sealed, {found.unsealed_tail} not sealed yet")
        if found.head:
            typer.echo(f"head {found.head.position}:{found.head.hash}")
        place = f"BROKEN at seal {broken.position}: event {broken.event_id} {broken.reason}" if broken else ""
        typer.echo(place or "the chain holds")
    if found.first_break:
        raise typer.Exit(REJECTS)


def _head(noted: str | None) -> "Head | None":
    from twin.store.audit import Head

    if noted is None:
        return None
    position, _, digest = noted.partition(":")
    if not position.isdigit() or not digest:
        raise TwinError("--head is POSITION:HASH, as `twin audit verify` printed it")
    return Head(position=int(position), hash=digest)
