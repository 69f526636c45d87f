"""`twin model`: take in fitted models, put them to use, have them back, watch and recalibrate them."""

import getpass
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from twin.cli.say import REJECTS, as_json, could_not
from twin.errors import TwinError, UnreadableInput
from twin.settings import settings

if TYPE_CHECKING:
    import pandas as pd
    from sqlalchemy import Connection

    from twin.models.local import Judgeable

app = typer.Typer(help="Fitted models: their files, cards and use.", no_args_is_help=True)

Rows = TypeVar("Rows")
Version = Annotated[str, typer.Argument(help="The version that `list` prints.")]
Named = Annotated[str, typer.Argument(help="A version that `list` prints, or a model file.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Table = Annotated[Path | None, typer.Option(exists=True, dir_okay=False)]


@app.callback()
def root() -> None:
    """Fitted models: their files, cards and use."""


@app.command("import")
def import_(
    path: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A model file.")],
) -> None:
    """Check a model file and keep it; nothing uses it until it is activated."""
    from twin.forecast import model_file
    from twin.models import files

    with _instance() as connection:
        found = files.take(connection, model_file.to_bytes(model_file.load(path)), actor=_actor(), now=_now())
    typer.echo(f"{found.version} is {found.state}; it answers {found.slot}")


@app.command()
def verify(named: Named) -> None:
    """Check every byte of a model file, or of a model kept here; exit code 2 where it is damaged."""
    with could_not():
        if Path(named).is_file():
            from twin.forecast import model_file

            version = model_file.load(Path(named)).version
        else:
            from twin.models import files
            from twin.store import models

            with _instance() as connection:
                version = files.verified(connection, models.find(connection, named)).version
    typer.echo(f"{version} is whole")


@app.command("list")
def list_(json_out: AsJson = False) -> None:
    """List the models of this instance by slot, the newest first."""
    from twin.store import models

    with _instance() as connection:
        found, drift = models.listed(connection), models.latest_drift(connection)
    if json_out:
        as_json(
            [
                {
                    "version": each.version, "slot": each.slot, "kind": each.kind, "organ": each.organ,
                    "state": each.state, "title": each.card["title"], "sha256": each.sha256,
                    "added_by": each.added_by, "added_at": each.added_at,
                    "drift": drift[each.id].detail["verdict"] if each.id in drift else None,
                }
                for each in found
            ]
        )  # fmt: skip
        return
    for each in found:
        seen = f"  drift: {drift[each.id].detail['verdict']}" if each.id in drift else ""
        typer.echo(f"{each.version:28} {each.state:8} {each.slot:28} {each.card['title']}{seen}")
    if not found:
        typer.echo("no model is installed")


@app.command()
def card(
    named: Named,
    html: Annotated[Path | None, typer.Option(help="Write it as one HTML file.", dir_okay=False)] = None,
    json_out: AsJson = False,
) -> None:
    """Print the card of a model: what it is for, on whom it was made, how well it does, and where not."""
    from twin.forecast.card.html import page
    from twin.forecast.card.markdown import markdown

    with could_not():
        found, version = _card(named)
        shown = _readable(lambda: page(found, version) if html else markdown(found, version))
    if html:
        html.write_text(shown, encoding="utf-8")
    elif json_out:
        as_json(found)
    else:
        typer.echo(shown)


@app.command()
def activate(version: Version) -> None:
    """Let a model predict; the one that answered its slot before is retired."""
    from twin.models import files
    from twin.store import models

    with _instance() as connection:
        files.verified(connection, models.find(connection, version))
        found = models.activate(connection, version, actor=_actor(), now=_now())
    typer.echo(f"{found.version} is active for {found.slot}")


@app.command()
def shadow(version: Version) -> None:
    """Let a model predict unseen: its numbers are kept and judged, and shown to nobody."""
    from twin.models import files
    from twin.store import models

    with _instance() as connection:
        files.verified(connection, models.find(connection, version))
        found = models.shadow(connection, version, actor=_actor(), now=_now())
    typer.echo(f"{found.version} predicts in the shadow for {found.slot}")


@app.command()
def retire(version: Version) -> None:
    """Let a model predict no more."""
    from twin.store import models

    with _instance() as connection:
        found = models.retire(connection, version, actor=_actor(), now=_now())
    typer.echo(f"{found.version} is {found.state}")


@app.command()
def rollback(
    slot: Annotated[str, typer.Argument(help="The slot that `list` prints: what the model answers.")],
) -> None:
    """Make the model active again that was before the one that is."""
    from twin.store import models

    with _instance() as connection:
        found = models.roll_back(connection, slot, actor=_actor(), now=_now())
    typer.echo(f"{found.version} is active again for {found.slot}")


@app.command()
def recalibrate(
    version: Version,
    predictions: Table = None,
    outcomes: Table = None,
    store_only: Annotated[
        bool, typer.Option("--store-only", help="Don't put it to use, even if it is better.")
    ] = False,
    json_out: AsJson = False,
) -> None:
    """Recalibrate a model on local outcomes; the new version takes its place where it is active and the new is better.

    Without --predictions (patient_id, landmark_time, horizon, risk) and --outcomes (patient_id, time, status: 0
    censored, 1 event, 2 competing event) it takes what the instance has kept of this version and its patients.
    """
    from twin.forecast.calibrate import CannotRecalibrate
    from twin.forecast.evaluate.rows import NotJudgeable
    from twin.models import recalibrating

    with _instance() as connection:
        try:
            done = recalibrating.recalibrate_here(
                connection, version, actor=_actor(), now=_now(), may_activate=not store_only,
                data=_data(predictions, outcomes),
            )  # fmt: skip
        except (CannotRecalibrate, NotJudgeable) as error:
            raise TwinError(f"the local data do not bear a recalibration: {error}") from error
    told = done.made.card["recalibration"]
    if json_out:
        as_json({"version": done.made.version, "state": done.made.state, "left_out": done.left_out, **told})
        return
    for line in told["lines"]:
        typer.echo(
            f"within {line['horizon']:g} years: intercept {line['intercept']:+.3f}, slope {line['slope']:.3f}, "
            f"{line['events']} events"
        )
    for measure in ("brier", "ici", "observed_expected"):
        typer.echo(f"{measure}: {_said(told['before'][measure])} before, {_said(told['after'][measure])} after")
    typer.echo(f"{done.made.version} is {done.made.state}")


@app.command()
def drift(version: Version, json_out: AsJson = False) -> None:
    """Compare inputs, risks and calibration of late with a model's card; exit code 1 where it has drifted."""
    from twin import compose
    from twin.models import watching
    from twin.store import models

    with _instance() as connection:
        chosen = models.find(connection, version)
        found = watching.look(connection, chosen, tuple(compose.channels(settings())), now=_now())
    if json_out:
        as_json(watching.as_json(found))
    else:
        for each in (*found.inputs, *found.risks):
            typer.echo(f"{each.verdict:8} {each.key}: PSI {each.psi:.3f}, KS {each.ks:.3f}, {each.count} predictions")
        for one in found.calibration:
            ratio = one.observed_expected
            said = f"{ratio.value:.2f} ({ratio.low:.2f} to {ratio.high:.2f})" if ratio else "not to be had"
            typer.echo(f"{one.verdict:8} observed / expected within {one.horizon:g} years: {said}, {one.events} events")
        typer.echo(found.verdict)
    if found.verdict == "drifted":
        raise typer.Exit(REJECTS)


@contextmanager
def _instance() -> "Iterator[Connection]":
    from twin import compose

    with could_not():
        engine = compose.instance(settings()).engine
        try:
            with engine.begin() as connection:
                yield connection
        finally:
            engine.dispose()


def _card(named: str) -> tuple[dict[str, Any], str]:
    if Path(named).is_file():
        from twin.forecast import model_file

        file = model_file.load(Path(named))
        return file.card, file.version
    from twin.store import models

    with _instance() as connection:
        found = models.find(connection, named)
    return dict(found.card), found.version


def _readable(show: Any) -> str:  # Any: a function without arguments that returns the text
    try:
        return str(show())
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise UnreadableInput(f"the card can't be shown: {type(error).__name__}") from error


def _data(predictions: Path | None, outcomes: Path | None) -> "Judgeable | None":
    if predictions is None and outcomes is None:
        return None
    if predictions is None or outcomes is None:
        raise TwinError("--predictions and --outcomes go together")
    from twin.forecast.evaluate.rows import outcomes_of, predictions_of
    from twin.models.local import Judgeable

    return Judgeable(
        predictions=_from_table(predictions, predictions_of), outcomes=_from_table(outcomes, outcomes_of), left_out=0
    )


def _from_table(path: Path, rows_of: "Callable[[pd.DataFrame], Rows]") -> Rows:
    """What a table holds; its errors name the file and never quote a cell, which is a patient's."""
    import pandas as pd

    from twin.forecast.evaluate.rows import NotJudgeable

    try:
        table = pd.read_csv(path)
    except ValueError:
        raise TwinError(f"{path.name} can't be read as a CSV table") from None
    try:
        return rows_of(table)
    except KeyError as error:
        raise TwinError(f"{path.name} has no column {error}") from error
    except NotJudgeable as error:
        raise TwinError(f"{path.name} can't be judged: {error}") from error
    except ValueError:
        raise TwinError(f"{path.name} can't be judged: a column of numbers holds what is no number") from None


def _said(figure: dict[str, float | None]) -> str:
    return "not to be had" if figure["value"] is None else f"{figure['value']:.4f}"


def _actor() -> str:
    return f"cli:{getpass.getuser()}"


def _now() -> datetime:
    return datetime.now(UTC)
