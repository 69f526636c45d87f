"""`twin ct screen`: which places of this CT should a reader look at first?"""

from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from twin.cli.ct.wording import SERIES_HELP, beware, place
from twin.cli.say import COULD_NOT, as_json


def screen(
    path: Annotated[Path, typer.Argument(help="A folder, file, .zip or .tar.* with one CT series.")],
    series: Annotated[str | None, typer.Option(help=SERIES_HELP)] = None,
    json_out: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Cut a CT into blocks, score them and list the flagged regions, the highest score first."""
    from imaging.bank import match_regions, shipped_bank
    from imaging.errors import ImagingError, refusal
    from imaging.study import screen_path

    try:
        cases = shipped_bank()
        told: dict[str, Any] = screen_path(path, series, bank=partial(match_regions, bank=cases)).to_json()
    except ImagingError as error:
        if json_out:
            as_json(refusal(error))
        typer.echo(f"twin: {error}", err=True)
        raise typer.Exit(COULD_NOT) from None
    if json_out:
        as_json(told)
    else:
        _say(told)


def _say(told: dict[str, Any]) -> None:
    if told["blocks"]:
        typer.echo(f"{told['flagged']} of {told['blocks']} blocks flagged, {len(told['regions'])} regions")
    else:  # "0 regions" would read as a clean scan
        typer.echo("NOT SCREENED: nothing is known of this scan")
    beware(told["series"]["warnings"])
    for region in told["regions"]:
        typer.echo(f"{region['rank']:3}  score {region['score']:.3f}  at {place(region['centre_lps_mm'])}")
        seen = region["features"]
        typer.echo(
            f"     brightness {seen['brightness']:.0f} HU, variation {seen['variation']:.0f} HU,"
            f" boundary {seen['boundary']:.2f}, similarity {seen['similarity']:.2f}"
        )
        for match in region["matches"][:1]:
            nearest = f"{match['case']}: {match['label']} ({match['similarity']:.0%} alike)"
            typer.echo(f"     {'nearest case' if region['known'] else 'unlike anything known; nearest case'} {nearest}")
