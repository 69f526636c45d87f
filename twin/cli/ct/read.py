"""`twin ct read`: what does this CT become as one standard volume, or why not?"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from twin.cli.ct.wording import SERIES_HELP, beware
from twin.cli.say import COULD_NOT, as_json

if TYPE_CHECKING:
    from imaging.dicom import SeriesFiles


def read(
    path: Annotated[Path, typer.Argument(help="A folder, DICOMDIR, archive or file: DICOM, NIfTI or NRRD.")],
    nifti: Annotated[Path | None, typer.Option(help="Write the volume here (.nii or .nii.gz): RAS, int16.")] = None,
    series: Annotated[str | None, typer.Option(help=SERIES_HELP)] = None,
    json_out: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Read one CT series into Hounsfield units and say its size, place, range of values and what to beware of."""
    from imaging.dicom import find_series
    from imaging.errors import ImagingError
    from imaging.nifti import write_nifti
    from imaging.read_out import read_out, refused
    from imaging.source import is_one_file, read_one_of, read_path

    if nifti is not None and not nifti.name.endswith((".nii", ".nii.gz")):
        raise typer.BadParameter("the name must end in .nii or .nii.gz", param_hint="--nifti")
    try:
        if is_one_file(path):
            volume, _ = read_path(path, series)
        else:
            found = find_series(path)
            if len(found) > 1 and not json_out:
                _list(found)
            volume = read_one_of(found, series)
        if nifti is not None:
            write_nifti(volume, nifti)
    except (ImagingError, OSError) as error:
        if json_out:
            as_json(refused(_reason(error)))
        typer.echo(f"twin: {_reason(error)}", err=True)
        raise typer.Exit(COULD_NOT) from None
    told = read_out(volume)
    if json_out:
        as_json(told)
    else:
        _say(told, nifti)


def _reason(error: Exception) -> str:
    """An error of the file system names the path; only what went wrong is told."""
    return error.strerror or type(error).__name__ if isinstance(error, OSError) else str(error)


def _list(found: tuple["SeriesFiles", ...]) -> None:
    typer.echo(f"{len(found)} CT series here:")
    for one in found:
        typer.echo(f"  {len(one.files):5} files  {one.series_uid or 'without UID'}  {one.description or ''}".rstrip())


def _say(told: dict[str, Any], nifti: Path | None) -> None:
    size = " x ".join(str(voxels) for voxels in told["shape"])
    spacing = " x ".join(f"{mm:.3f}" for mm in told["spacing_mm"])
    corner = [row[3] for row in told["affine_lps"]]
    typer.echo(f"{size} voxels of {spacing} mm (left, posterior, superior)")
    typer.echo("first voxel at L{:+.1f} P{:+.1f} S{:+.1f} mm".format(*corner))
    if told["hu_mean"] is not None:
        typer.echo(f"{told['hu_min']} to {told['hu_max']} HU, mean {told['hu_mean']:.1f}, padding left out")
    beware(told["warnings"])
    if nifti is not None:
        typer.echo(f"written to {nifti}")
