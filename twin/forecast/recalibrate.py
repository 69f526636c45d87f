"""A model recalibrated on local data: a file of its own, with what it came from and how it did on its card."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from twin.forecast import calibrate
from twin.forecast.calibrate import Recalibration
from twin.forecast.card.figures import cell_figures, figure_json, named_figures
from twin.forecast.card.held import of_input
from twin.forecast.card.reference import reference
from twin.forecast.card.tripod import DECLARED, checklist
from twin.forecast.evaluate.figure import Figure
from twin.forecast.evaluate.measures import Evaluation, evaluate
from twin.forecast.evaluate.paired import brier_change
from twin.forecast.evaluate.rows import Array, Outcomes, Predictions
from twin.forecast.model_file import ModelFile, versioned


@dataclass(frozen=True, kw_only=True, slots=True)
class Recalibrated:
    """The new model, and how its risks did before and after on patients the lines were not fitted on."""

    model: ModelFile
    lines: Recalibration
    before: Evaluation
    after: Evaluation
    change: Figure

    @property
    def is_better(self) -> bool:
        """Whether the Brier score fell beyond chance: what a site asks of a version before it serves."""
        return self.change.high < 0


def recalibrate(
    model: ModelFile,
    predictions: Predictions,
    outcomes: Outcomes,
    inputs: Mapping[str, Array],
    *,
    made_on: date,
    repeats: int = 200,
) -> Recalibrated:
    """Return the model with lines fitted on what it said here and what became of it.

    Args:
        predictions: as this version said them, an earlier recalibration included.
        inputs: by key, values (N,) of recent predictions here; the new reference of drift. Keys not told keep the old.

    Raises:
        CannotRecalibrate: too few events, or as `calibrate.fit` says.
        NotJudgeable: predictions and outcomes don't fit together.
    """
    lines = calibrate.fit(predictions, outcomes)
    held_out = calibrate.out_of_fold(predictions, outcomes)
    before = evaluate(predictions, outcomes, by_landmark=False, repeats=repeats)
    after = evaluate(held_out, outcomes, by_landmark=False, repeats=repeats)
    change = brier_change(predictions, held_out, outcomes, repeats=repeats)
    both = calibrate.chained(calibrate.from_arrays(model.arrays), lines)
    now = calibrate.apply(lines, predictions.risk, predictions.horizon)
    card = model.card | {
        "recalibration": {
            "made_on": made_on.isoformat(),
            "from": model.version,
            "patients": after.patients,
            "events": int(lines.events.max()),
            "lines": [
                {"horizon": float(horizon), "intercept": float(a), "slope": float(b), "events": int(events)}
                for horizon, a, b, events in zip(
                    lines.horizons, lines.intercept, lines.slope, lines.events, strict=True
                )
            ],
            "before": named_figures(before.mean),
            "after": named_figures(after.mean),
            "change": figure_json(change),
            "by_horizon": [cell_figures(cell) for cell in after.cells],
        },
        "inputs": [
            {**each, **reference(inputs[each["key"]], of_input(each))} if each["key"] in inputs else each
            for each in model.card["inputs"]
        ],
        "risks": [
            {"horizon": float(horizon), **reference(now[predictions.horizon == horizon])}
            for horizon in np.unique(predictions.horizon)
        ],
    }
    made = versioned(
        kind=model.kind,
        spec=model.spec,
        card=card | {"tripod": checklist(card, _declared(card))},
        arrays={**model.arrays, **calibrate.to_arrays(both)},
        made_on=made_on,
    )
    return Recalibrated(model=made, lines=lines, before=before, after=after, change=change)


def _declared(card: Mapping[str, Any]) -> dict[str, str]:
    """What its makers declared on the checklist, to be declared again."""
    rows = ((row["item"], row.get("answer", "")) for row in card["tripod"])
    return {item: answer.removeprefix(DECLARED) for item, answer in rows if answer.startswith(DECLARED)}
