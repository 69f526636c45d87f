"""`twin ct match`: which annotated cases do these lumps look like?"""

import csv
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from twin.cli.say import COULD_NOT, REJECTS, as_json

if TYPE_CHECKING:
    from imaging.bank import Told

NEIGHBOURS = 5
COLUMNS = (
    "case", "p_suspicious", "p_solid", "p_calcified", "unknown", *(f"neighbour_{n}" for n in range(1, NEIGHBOURS + 1)),
)  # fmt: skip


def match(
    cases: Annotated[Path, typer.Option("--cases", help="A folder with image/, mask/ (NIfTI) and nodules.csv.")],
    out: Annotated[Path, typer.Option("--out", help="The CSV to write.")],
    json_out: Annotated[bool, typer.Option("--json", help="Print JSON: matched, refused with reasons, bank.")] = False,
) -> None:
    """Compare lumps with the bank of annotated cases; a patient of the bank is answered without that patient.

    Of nodules.csv only the file and the centre are read. Probabilities are of readers' opinions, not of pathology.
    """
    from imaging.bank import match_folder, shipped_bank
    from imaging.errors import ImagingError, refusal

    try:
        bank = shipped_bank()
        told = list(match_folder(cases, bank))
        with out.open("w", encoding="utf-8", newline="") as table:
            writer = csv.writer(table, lineterminator="\n")
            writer.writerow(COLUMNS)
            writer.writerows(_row(one) for one in told if one.answer)
    except ImagingError as error:
        if json_out:
            as_json(refusal(error))
        typer.echo(f"twin: {error}", err=True)
        raise typer.Exit(COULD_NOT) from None
    except OSError as error:
        typer.echo(f"twin: the result cannot be written: {error.strerror}", err=True)
        raise typer.Exit(COULD_NOT) from None
    refused = [{"case": one.case, "reason": str(one.refused)} for one in told if one.refused]
    if json_out:
        as_json({"matched": len(told) - len(refused), "refused": refused, "bank": bank.version})
    else:
        typer.echo(
            f"{len(told) - len(refused)} matched, {len(refused)} refused; bank {bank.version}, readers' opinions"
        )
        for one in refused:
            typer.echo(f"twin: {one['case']}: {one['reason']}", err=True)
    if refused:
        raise typer.Exit(REJECTS)


def _row(one: "Told") -> list[str]:
    """Six decimals: the same on every machine, more than any reader's opinion bears."""
    assert one.answer is not None
    chances = (one.answer.p_suspicious, one.answer.p_solid, one.answer.p_calcified)
    names = [match.case for match in one.answer.neighbours]
    names += [""] * (NEIGHBOURS - len(names))
    return [one.case, *(f"{chance:.6f}" for chance in chances), str(one.answer.unknown).lower(), *names]
