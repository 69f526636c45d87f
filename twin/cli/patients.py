"""`twin patient`: which records are one person - find candidates, merge, part again, list what waits for a decision."""

import getpass
from dataclasses import asdict
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from twin.cli.say import as_json, could_not
from twin.errors import TwinError
from twin.settings import settings

if TYPE_CHECKING:
    from twin.importers.base import PatientDraft

app = typer.Typer(help="Which records are one person.", no_args_is_help=True)

Named = Annotated[str, typer.Argument(help="Patient id or identifier.")]
Reason = Annotated[str, typer.Option(help="Why; kept with the link and in the audit.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command()
def merge(
    retired: Annotated[str, typer.Argument(help="Id or identifier of the record that is read as the other from now.")],
    into: Annotated[str, typer.Argument(help="Id or identifier of the record that remains.")],
    reason: Reason,
) -> None:
    """Read one record as part of another: facts, twin and recalls are joint. `unmerge` undoes it."""
    from twin import compose
    from twin import merge as merging
    from twin.store import people

    with could_not():
        running = compose.instance(settings())
        with running.engine.begin() as connection:
            ids = [people.find_patient(connection, each) for each in (retired, into)]
            merging.merge_in(connection, *ids, reason=reason, actor=_actor(), now=running.clock.now())
    typer.echo(f"{ids[0]} is read as {ids[1]}")


@app.command()
def unmerge(retired: Named, reason: Reason) -> None:
    """Undo a merge: both records stand for themselves again."""
    from twin import compose
    from twin import merge as merging
    from twin.store import people

    with could_not():
        running = compose.instance(settings())
        with running.engine.begin() as connection:
            patient_id = people.find_patient(connection, retired)
            merging.unmerge_in(connection, patient_id, reason=reason, actor=_actor(), now=running.clock.now())
    typer.echo(f"{patient_id} stands for itself again")


@app.command()
def match(
    name: Annotated[str, typer.Option(help="As written: 'Family, Given', 'Given Family' or in Chinese characters.")],
    birth_date: Annotated[str | None, typer.Option(help="ISO 8601 (1960-05-04).")] = None,
    sex: Annotated[str, typer.Option(help="male, female or unknown")] = "unknown",
    json_out: AsJson = False,
) -> None:
    """Print the records that may be this person, with score, grade and what speaks for and against."""
    from twin import compose
    from twin.store import audit, matching

    with could_not():
        draft = _draft(name, birth_date, sex)
        running = compose.instance(settings())
        with running.engine.begin() as connection:
            found = matching.candidates(connection, draft)
            for each in found:
                audit.append(
                    connection, at=datetime.now(UTC), actor=_actor(), action="patient.match",
                    patient_id=each.patient_id, resource="patient match",
                )  # fmt: skip
    if json_out:
        as_json([{"patient_id": each.patient_id, **asdict(each.match)} for each in found])
        return
    for each in found:
        told = ", ".join(f"{part.field} {part.level}" for part in each.match.evidence)
        typer.echo(f"{each.patient_id}  {each.match.score:.3f}  {each.match.grade:<8}  {told}")
    if not found:
        typer.echo("nobody resembles this")


@app.command()
def reviews(
    json_out: AsJson = False,
    most: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many.")] = 100,
) -> None:
    """List the pairs of records that wait for a decision, the most likely first."""
    from twin import compose
    from twin.store import matching

    with could_not():
        running = compose.instance(settings())
    with running.engine.connect() as connection:
        found = matching.reviews(connection, size=most)
    if json_out:
        as_json([asdict(each) for each in found])
        return
    for each in found:
        typer.echo(f"{each.id:>6}  {each.score:.3f}  {each.grade:<8}  {each.patient_id}  {each.candidate_id}")
    if not found:
        typer.echo("no pair waits")


def _draft(name: str, birth_date: str | None, sex: str) -> "PatientDraft":
    from twin.importers.base import PatientDraft

    if sex not in ("male", "female", "unknown"):
        raise TwinError("--sex is male, female or unknown")
    try:
        born = date.fromisoformat(birth_date) if birth_date else None
    except ValueError:
        raise TwinError("--birth-date is not a date (1960-05-04)") from None
    return PatientDraft(name=name, sex=sex, birth_date=born, identifiers=())  # type: ignore[arg-type]  # checked above


def _actor() -> str:
    return f"cli:{getpass.getuser()}"
