"""`twin pacs`: a patient's earlier CTs from the PACS that TWIN_PACS_URL names."""

import getpass
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from twin.cli.say import REJECTS, as_json, could_not
from twin.settings import settings

if TYPE_CHECKING:
    from twin.compose import Instance

app = typer.Typer(help="A patient's earlier CTs from the PACS (DICOMweb).", no_args_is_help=True)

Patient = Annotated[str, typer.Argument(help="Patient id or identifier.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command()
def echo() -> None:
    """See whether the PACS answers."""
    from twin import pacs

    with could_not():
        pacs.echo(settings())
    typer.echo("the PACS answers")


@app.command()
def query(patient: Patient, json_out: Json = False) -> None:
    """List the CT studies that the PACS holds of a patient."""
    from twin import pacs

    with could_not():
        running, patient_id = _known(patient)
        found = pacs.query(running.engine, running.settings, patient_id)
    if json_out:
        as_json([asdict(each) for each in found])
        return
    for each in found:
        typer.echo(f"{each.date or '-':8}  {each.images or '?':>6}  {each.study_uid}  {each.description or ''}")


@app.command()
def retrieve(
    patient: Patient,
    study: Annotated[str | None, typer.Option(help="Only the study of this UID; else all that are not here.")] = None,
    json_out: Json = False,
) -> None:
    """Retrieve a patient's CT studies; the worker screens them. Exit code 1: done, and some images were refused."""
    from twin import pacs

    actor = f"cli:{getpass.getuser()}"
    with could_not():
        running, patient_id = _known(patient)
        told = {"actor": actor, "clock": lambda: datetime.now(UTC)}
        if study is not None:
            done = [pacs.retrieve(running.engine, running.settings, patient_id, study, **told)]  # type: ignore[arg-type]
        else:
            done = pacs.retrieve_priors(running.engine, running.settings, patient_id, **told)  # type: ignore[arg-type]
    if json_out:
        as_json([asdict(each) for each in done])
    for each in () if json_out else done:
        typer.echo(f"{each.study_uid}: {each.kept} kept, {each.refused} refused")
    if any(each.refused for each in done):
        raise typer.Exit(REJECTS)


def _known(patient: str) -> "tuple[Instance, str]":
    from twin import compose
    from twin.store import people

    running = compose.instance(settings())
    with running.engine.connect() as connection:
        return running, people.find_patient(connection, patient)
