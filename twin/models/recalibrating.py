"""A model is recalibrated on what became of this site's own patients, and serves from then on where that is better."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from twin.forecast.recalibrate import Recalibrated, recalibrate
from twin.models import files
from twin.models.local import Judgeable, judgeable, recent
from twin.store import models
from twin.store.models import Registered

WITHIN = timedelta(days=5 * 365.25)  # predictions that came due in five years: older ones are of another medicine


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """The model that was made, what was found, and how many predictions said nothing."""

    made: Registered
    found: Recalibrated
    left_out: int


def recalibrate_here(
    connection: Connection,
    version: str,
    *,
    actor: str,
    now: datetime,
    may_activate: bool = True,
    data: Judgeable | None = None,
) -> Outcome:
    """Recalibrate a model on local outcomes and keep it as a version of its own.

    It takes the place of the one it was made of where that is active, `may_activate` says so, and its Brier score is
    better beyond chance (the 95 % interval of the difference) on patients the lines were not fitted on. Else it is
    stored, and a person decides.

    Args:
        data: predictions of this version with their outcomes; without them those that the instance has kept.

    Raises:
        UnknownModel, DamagedModel: there is no such model, or its file is damaged.
        CannotRecalibrate, NotJudgeable: the local data do not bear it.
    """
    source = models.find(connection, version)
    file = files.verified(connection, source)
    judged = data or judgeable(connection, source, within=WITHIN, now=now)
    lately = recent(connection, source, now=now)
    inputs = {key: values for key, values in lately.inputs.items() if len(values)}
    found = recalibrate(file, judged.predictions, judged.outcomes, inputs, made_on=now.date())
    made = files.keep(connection, found.model, source, actor=actor, now=now)
    if may_activate and source.state == "active" and found.is_better:
        made = models.activate(connection, made.version, actor=actor, now=now)
    return Outcome(made=made, found=found, left_out=judged.left_out)
