"""`twin demo`: see it run, without touching anything."""

from typing import Annotated

import typer


def demo(
    port: Annotated[int, typer.Option(help="Port of the dashboard; the next free one where it is taken.")] = 8000,
    once: Annotated[bool, typer.Option("--once", help="Print a JSON summary when all is done, and end.")] = False,
    patients: Annotated[int, typer.Option(min=2, max=5000, help="How many simulated patients.")] = 50,
) -> None:
    """Start an embedded instance, fill it with simulated patients over ten years and two phantom CTs, and serve it."""
    from twin.cli import throwaway

    throwaway.run(port, once=once, patients=patients)
