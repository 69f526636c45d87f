"""`twin score`: published equations from a file of lines."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer


def score(
    jsonl: Annotated[
        Path, typer.Option("--jsonl", help='One {"score", "inputs", "units"} a line; - for standard input.')
    ],
) -> None:
    """Answer each line with {"score", "outputs", "unit", "category", "caution", "absent"}, in order."""
    from twin.scores.lines import answer_line

    if str(jsonl) != "-" and not jsonl.is_file():
        typer.echo(f"twin: no such file: {jsonl}", err=True)
        raise typer.Exit(2)
    lines = sys.stdin if str(jsonl) == "-" else jsonl.open(encoding="utf-8")
    with lines:
        for line in lines:
            if line.strip():
                typer.echo(json.dumps(answer_line(_parse(line)), ensure_ascii=False))


def _parse(line: str) -> dict[str, object]:
    try:
        parsed = json.loads(line)
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}
