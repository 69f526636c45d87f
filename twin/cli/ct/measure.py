"""`twin ct measure`: what can be measured in this CT, and what not, and why?"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from twin.cli.ct.wording import SERIES_HELP, beware, number, rounded, unit_name
from twin.cli.say import COULD_NOT, as_json

if TYPE_CHECKING:
    from imaging.measure.base import Measurement


def measure(
    path: Annotated[Path, typer.Argument(help="A folder, file or archive with one CT series; NIfTI or NRRD.")],
    labels: Annotated[
        Path | None, typer.Option("--labels", help="Organs drawn elsewhere: NIfTI or DICOM SEG on the scan's place.")
    ] = None,
    label_map: Annotated[
        Path | None, typer.Option("--label-map", help="CSV with the columns id, structure: what the numbers mean.")
    ] = None,
    series: Annotated[str | None, typer.Option(help=SERIES_HELP)] = None,
    json_out: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Measure organs, vessels and lungs, each with its uncertainty, or say why it can't be measured.

    What to beware of in the series is told on standard error where JSON is printed.
    """
    from imaging.errors import ImagingError, refusal
    from imaging.examine import examine
    from imaging.segment.given import given
    from imaging.study import read_path

    try:
        volume, _ = read_path(path, series)
        drawn = given(volume, labels, label_map) if labels else None
        found = examine(volume, drawn).measurements
    except ImagingError as error:
        if json_out:
            as_json(refusal(error))
        typer.echo(f"twin: {error}", err=True)
        raise typer.Exit(COULD_NOT) from None
    beware(volume.provenance.warnings, err=json_out)
    if json_out:
        as_json([_json(one) for one in found])
        return
    for one in found:
        typer.echo(_line(one))


def _json(one: "Measurement") -> dict[str, object]:
    told = one.to_json()
    if one.value is not None:
        told["value"] = rounded(one.value, one.sd)
        told["sd"] = None if one.sd is None else rounded(one.sd, one.sd)
    return told


def _line(one: "Measurement") -> str:
    name = f"{one.key} ({one.level})" if one.level else one.key
    told = f"{number(one.value, one.sd)} {unit_name(one.unit)}" if one.value is not None else f"- {one.refused}"
    return f"{name:45} {told}".rstrip() + (f"  ({one.caution})" if one.caution else "")
