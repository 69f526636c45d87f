"""How the command line tells what happened: JSON for programs, words for people, errors with exit code 2."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import typer

from imaging.errors import ImagingError
from twin.errors import TwinError

REJECTS = 1
COULD_NOT = 2


class NotWritable(TwinError):
    """A result can't be put where it was asked for."""


def as_json(value: object) -> None:
    """Print one JSON document."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))


def writable(path: Path) -> None:
    """Make the folder of a file that is to be written, before the long work.

    Raises:
        NotWritable: it can't be made, or nothing can be written there.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise NotWritable(f"{path.parent}: {error.strerror}") from error
    if path.is_dir() or not os.access(path.parent, os.W_OK):
        raise NotWritable(f"{path} can't be written: " + ("a folder" if path.is_dir() else "no permission"))


@contextmanager
def could_not() -> Iterator[None]:
    """Turn what the block can't do into one line on stderr and exit code 2."""
    try:
        yield
    except (TwinError, ImagingError) as error:
        typer.echo(f"twin: {error}", err=True)
        raise typer.Exit(COULD_NOT) from None
