"""`twin ct measure`: what can be measured in this CT, and what not, and why?"""

from pathlib import Path
from typing import Annotated

import typer

from twin.cli.say import COULD_NOT, as_json


def measure(
    path: Annotated[Path, typer.Argument(help="A folder, file or archive with one CT series; NIfTI or NRRD.")],
    labels: Annotated[
        Path | None, typer.Option("--labels", help="Organs drawn elsewhere: NIfTI or DICOM SEG on the scan's place.")
    ] = None,
    label_map: Annotated[
        Path | None, typer.Option("--label-map", help="CSV with the columns id, structure: what the numbers mean.")
    ] = None,
    json_out: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Measure organs, vessels and lungs, each with its uncertainty, or say why it can't be measured."""
    from imaging.errors import ImagingError, refusal
    from imaging.examine import examine
    from imaging.segment.given import given
    from imaging.study import read_path

    try:
        volume, _ = read_path(path)
        drawn = given(volume, labels, label_map) if labels else None
        found = examine(volume, drawn).measurements
    except ImagingError as error:
        if json_out:
            as_json(refusal(error))
        typer.echo(f"twin: {error}", err=True)
        raise typer.Exit(COULD_NOT) from None
    if json_out:
        as_json([one.to_json() for one in found])
        return
    for one in found:
        name = f"{one.key} ({one.level})" if one.level else one.key
        told = f"{one.value:g} {one.unit}" if one.value is not None else f"- {one.refused}"
        sd = f" ± {one.sd:g}" if one.sd is not None else ""
        typer.echo(f"{name:45} {told}{sd}" + (f"  ({one.caution})" if one.caution else ""))
