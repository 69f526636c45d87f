"""How the command line tells what happened: JSON for programs, words for people, errors with exit code 2."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from imaging.errors import ImagingError
from twin.errors import TwinError

REJECTS = 1
COULD_NOT = 2


def as_json(value: object) -> None:
    """Print one JSON document."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))


@contextmanager
def could_not() -> Iterator[None]:
    """Turn what the block can't do into one line on stderr and exit code 2."""
    try:
        yield
    except (TwinError, ImagingError) as error:
        typer.echo(f"twin: {error}", err=True)
        raise typer.Exit(COULD_NOT) from None
