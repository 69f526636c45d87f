"""`twin ct`: the imaging chain on files; no database needed."""

import typer

from twin.cli.ct import match, measure, read, screen

app = typer.Typer(help="Read, screen, match and measure CT from files; no database needed.", no_args_is_help=True)


@app.callback()
def root() -> None:
    """Read, screen, match and measure CT from files; no database needed."""


app.command(name="read")(read.read)
app.command(name="screen")(screen.screen)
app.command(name="match")(match.match)
app.command(name="measure")(measure.measure)
