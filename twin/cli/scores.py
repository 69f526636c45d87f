"""`twin score`: published equations, guideline tables and image formulas, from a file of lines."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer


def score(
    jsonl: Annotated[
        Path | None, typer.Option("--jsonl", help='One {"score", "inputs", "units"} a line; - for standard input.')
    ] = None,
    list_all: Annotated[bool, typer.Option("--list", help="What can be asked, with units, ranges and status.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The list as JSON.")] = False,
) -> None:
    """Answer each line with {"score", "outputs", "unit", "category", "caution", "absent", ...}, in order."""
    if list_all == (jsonl is not None):
        typer.echo("twin: give --jsonl FILE or --list", err=True)
        raise typer.Exit(2)
    if jsonl is None:
        _list(as_json)
    elif str(jsonl) != "-" and not jsonl.is_file():
        typer.echo(f"twin: no such file: {jsonl}", err=True)
        raise typer.Exit(2)
    else:
        _answer(jsonl)


def _list(as_json: bool) -> None:
    from twin.answering import everything
    from twin.answering.catalogue import entry, sentence

    if as_json:
        typer.echo(json.dumps([entry(asked) for asked in everything()], ensure_ascii=False, indent=1))
    else:
        for asked in everything():
            typer.echo(sentence(asked))


def _answer(jsonl: Path) -> None:
    from twin.answering.lines import answer_lines

    for answer in answer_lines(_lines(jsonl)):
        typer.echo(json.dumps(answer))  # ASCII: a name may hold half a character


def _lines(jsonl: Path) -> Iterator[str]:
    """The lines as text; bytes that are no UTF-8 spoil their own line only."""
    if str(jsonl) == "-":
        yield from (line.decode("utf-8-sig", errors="replace") for line in sys.stdin.buffer)
    else:
        with jsonl.open("rb") as file:
            yield from (line.decode("utf-8-sig", errors="replace") for line in file)
