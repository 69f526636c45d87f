"""`twin cohort`: fit, ask and replay a model of a research cohort."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from twin.cli.say import as_json, could_not, writable

app = typer.Typer(help="Models of research cohorts: fit, predict, replay.", no_args_is_help=True)

_SPEC = typer.Option("--spec", help="What the columns mean: a cohort.toml (docs/cohorts).")
_IDS = typer.Option("--ids", help="A CSV with patient_id: only these patients.")
_DATA = typer.Option("--data", help="A folder with patients.csv, visits.csv and, for a fit, outcomes.csv.")
_TASKS = typer.Option("--tasks", help="A folder with any of tasks_risk.csv, tasks_forecast.csv, tasks_threshold.csv.")
_MODEL = typer.Option("--model", help="The model file.")
_JSON = typer.Option("--json", help="Print JSON.")


@app.command("fit")
def fit(
    spec: Annotated[Path, _SPEC],
    data: Annotated[Path, _DATA],
    model: Annotated[Path, typer.Option("--model", help="The model file to write.")],
    ids: Annotated[Path | None, _IDS] = None,
    json_out: Annotated[bool, _JSON] = False,
) -> None:
    """Fit trajectories and risks of a cohort; the model's card is in the file (twin model card)."""
    from datetime import UTC, datetime

    from twin.cohort import fitted, fitting, tables
    from twin.cohort import spec as specs

    with could_not():
        made_on = datetime.now(UTC).date()
        chosen = None if ids is None else tables.listed(ids)
        writable(model)
        made = fitting.fit(specs.read(spec), data, chosen, made_on, tell=lambda text: typer.echo(text, err=True))
        version = fitted.save(made.fitted, made.card, model, made_on)
    if json_out:
        as_json({"model": str(model), "version": version, **made.summary})
        return
    typer.echo(f"{model}: version {version}, {made.summary['patients']} patients, {made.summary['events']} events")
    told = dict(made.summary["left_out"])
    told |= {f"{column}: too few readings to follow its course": "" for column in made.summary["not_followed"]}
    if made.summary["without_outcome"]:
        told["patients without an outcome"] = made.summary["without_outcome"]
    _left_out(told)


@app.command("dynamics")
def dynamics(
    spec: Annotated[Path, _SPEC],
    data: Annotated[Path, _DATA],
    out: Annotated[Path, typer.Option("--out", help="The file to write; TWIN_DYNAMICS names it to the twin.")],
    ids: Annotated[Path | None, _IDS] = None,
    json_out: Annotated[bool, _JSON] = False,
) -> None:
    """Fit how the signals of a cohort move, for the pages' own forecasts instead of house values."""
    from datetime import UTC, datetime

    from twin.cohort import moving, tables
    from twin.cohort import spec as specs

    with could_not():
        chosen = None if ids is None else tables.listed(ids)
        made_on = datetime.now(UTC).date()
        writable(out)
        found = moving.fit(specs.read(spec), data, chosen, made_on, tell=lambda text: typer.echo(text, err=True))
        moving.save(found, out)
    told = {"file": str(out), "version": found.version, "patients": found.patients, "readings": found.readings}
    if json_out:
        as_json({**told, "signals": list(found.signals), "left_out": found.left_out})
        return
    typer.echo(
        f"{out}: {found.version}, {found.patients} patients, {found.readings} readings: {', '.join(found.signals)}"
    )
    _left_out(found.left_out)


@app.command("predict")
def predict(
    model: Annotated[Path, _MODEL],
    data: Annotated[Path, _DATA],
    tasks: Annotated[Path, _TASKS],
    out: Annotated[Path, typer.Option("--out", help="The folder to write the answers into: risk.csv, ...")],
    json_out: Annotated[bool, _JSON] = False,
) -> None:
    """Answer every row of the task files from what lies at or before its time."""
    from twin.cohort import fitted, predicting

    with could_not():
        found, version = fitted.load(model)
        written, left_out = predicting.predict(found, data, tasks, out)
    _say(json_out, version, written, left_out)


@app.command("replay")
def replay(
    model: Annotated[Path, _MODEL],
    data: Annotated[Path, _DATA],
    out: Annotated[Path, typer.Option("--out", help="The CSV to write: patient_id, time, score.")],
    json_out: Annotated[bool, _JSON] = False,
) -> None:
    """Score every visit by what an alert at it would add, from what was known at it (docs/cohorts)."""
    from twin.cohort import fitted, predicting

    with could_not():
        found, version = fitted.load(model)
        written, left_out = predicting.replay(found, data, out)
    _say(json_out, version, written, left_out)


@app.command("export")
def export(
    spec: Annotated[Path, typer.Option("--spec", help="A cohort.toml whose columns name signals of the record.")],
    out: Annotated[Path, typer.Option("--out", help="The folder to write the tables into.")],
    json_out: Annotated[bool, _JSON] = False,
) -> None:
    """Write this instance's record as the tables of a cohort, to fit a model on local patients (patient data!)."""
    from datetime import UTC, datetime

    from twin import compose
    from twin.cohort import exporting
    from twin.cohort import spec as specs
    from twin.settings import settings
    from twin.store import audit, patients, records

    with could_not():
        asked = specs.read(spec)
        running, now = compose.instance(settings()), datetime.now(UTC)
        with running.engine.begin() as connection:
            audit.append(connection, at=now, actor="cli", action="read", resource="cohort export")
            timelines = (records.read_timeline(connection, each, now) for each in patients.everybody(connection))
            found = exporting.export(asked, timelines, out)
    if json_out:
        as_json(found)
        return
    typer.echo(f"{out}: {found['patients']} patients, {found['events']} events, {found['readings']} readings")
    _left_out(found["left_out"])


def _say(json_out: bool, version: str, written: dict[str, int], left_out: dict[str, int]) -> None:
    if json_out:
        as_json({"version": version, "rows": written, "left_out": left_out})
        return
    typer.echo(f"model {version}: " + ", ".join(f"{count} rows of {name}" for name, count in written.items()))
    _left_out(left_out)


def _left_out(found: Mapping[str, object]) -> None:
    for what, how in found.items():
        typer.echo(f"left out: {what}" + (f": {how}" if how != "" else ""))
